/* fsrv/range.h - the Range header field of HTTP (RFC 9110, section 14), for any program.
 *
 * This header and lib/http/range.c need only the C library. They can be copied into another program
 * without the rest of fsrv.
 *
 *	struct fsrv_range range;
 *
 *	switch (fsrv_parse_range_header(value, strlen(value), size, &range)) {
 *	case FSRV_RANGE_IGNORE:        200 with all size bytes
 *	case FSRV_RANGE_PARTIAL:       206 with range.length bytes from range.offset
 *	case FSRV_RANGE_UNSATISFIABLE: 416 with the size in Content-Range
 *	}
 *
 * The caller decides whether the field applies to a request. It applies to GET only, and If-Range is
 * evaluated before it (RFC 9110, 13.1.5 and 14.2). */
#ifndef FSRV_RANGE_H
#define FSRV_RANGE_H

#include <stddef.h>
#include <stdint.h>

#ifndef FSRV_API
#if defined(__GNUC__)
#define FSRV_API __attribute__((visibility("default")))
#else
#define FSRV_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What to do with a Range field. Since 0.1. */
enum fsrv_range_verdict {
	FSRV_RANGE_IGNORE = 0,	     /* no field, or a field that is ignored: send the whole representation */
	FSRV_RANGE_PARTIAL = 1,	     /* one range; at least part of it lies in the representation */
	FSRV_RANGE_UNSATISFIABLE = 2 /* a well-formed range that selects no byte */
};

/* A slice of a representation, in bytes. Since 0.1. */
struct fsrv_range {
	uint64_t offset; /* position of the first byte, counted from 0 */
	uint64_t length; /* number of bytes, at least 1 */
};

/* Parses one value of a Range field for a representation of a given length (RFC 9110, 14.1.2 and 14.2).
 *
 * value   the field value; it need not end in a NUL byte; NULL means that the request has no Range field
 * length  length of the value in bytes
 * size    length of the whole representation in bytes
 * range   written for FSRV_RANGE_PARTIAL only: offset + length <= size, and length >= 1
 *
 * The function accepts the forms first-last, first- and -suffix. The unit is "bytes" in any letter case.
 * Spaces and tabs are skipped around the value, around "=" and around "-". A last position beyond the
 * end means the last byte. A suffix longer than the representation means the whole representation.
 * Numbers consist of decimal digits only; a number above 2^64-1 counts as 2^64-1.
 *
 * Returns:
 * FSRV_RANGE_PARTIAL        one range, of which at least one byte exists
 * FSRV_RANGE_IGNORE         value is NULL or malformed, has another unit, or lists several ranges
 * FSRV_RANGE_UNSATISFIABLE  first >= size, last < first, a suffix of 0, or any range when size is 0
 *
 * The function cannot fail and allocates nothing. Any thread may call it. Since 0.1. */
FSRV_API enum fsrv_range_verdict fsrv_parse_range_header(const char *value, size_t length, uint64_t size,
							 struct fsrv_range *range);

#ifdef __cplusplus
}
#endif

#endif
