/* The value of Content-Range (RFC 9110, 14.4). */
#ifndef FSRV__HTTP_CONTENT_RANGE_H
#define FSRV__HTTP_CONTENT_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include "fsrv/range.h"

/* "bytes 18446744073709551614-18446744073709551614/18446744073709551615" */
#define FSRV__CONTENT_RANGE_SIZE 72

/* Writes "bytes FIRST-LAST/SIZE", terminated; without a range an asterisk stands for the positions. Returns
 * the length.
 *
 * value  has room for FSRV__CONTENT_RANGE_SIZE bytes
 * range  NULL, or a slice of a representation of that size */
size_t fsrv__content_range_write(char *value, const struct fsrv_range *range, uint64_t size);

#endif
