/* fsrv/range.h - the Range header field of HTTP (RFC 9110, section 14), for any program.
 *
 * This header and lib/http/range.c need the C library alone and nothing else of fsrv: they may be
 * copied into another program as they are.
 *
 *	struct fsrv_range range;
 *
 *	switch (fsrv_parse_range_header(value, strlen(value), size, &range)) {
 *	case FSRV_RANGE_IGNORE:        200 with all size bytes
 *	case FSRV_RANGE_PARTIAL:       206 with range.length bytes from range.offset
 *	case FSRV_RANGE_UNSATISFIABLE: 416; Content-Range tells the size
 *	}
 *
 * The caller decides whether the field applies at all: it does so for GET only, and If-Range comes
 * first (RFC 9110, 13.1.5 and 14.2). */
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
	FSRV_RANGE_IGNORE = 0,	     /* no field, or one that a recipient ignores: send everything */
	FSRV_RANGE_PARTIAL = 1,	     /* one range that lies in the representation, at least in part */
	FSRV_RANGE_UNSATISFIABLE = 2 /* a well-formed range that selects no byte */
};

/* A slice of a representation, in bytes. Since 0.1. */
struct fsrv_range {
	uint64_t offset; /* first byte, counted from 0 */
	uint64_t length; /* number of bytes, at least 1 */
};

/* Parses one Range field value against the length of the representation.
 *
 * value   the field value; it need not be terminated; NULL means that there is no such field
 * length  its length in bytes
 * size    length of the whole representation in bytes
 * range   written only for FSRV_RANGE_PARTIAL: offset + length <= size and length >= 1
 *
 * Accepts the three forms first-last, first- and -suffix with the unit "bytes" in any letter case;
 * blanks and tabs around the value, "=" and "-" are skipped. A last position past the end means the
 * last byte, a suffix longer than the representation means all of it. Numbers are decimal digits
 * only and saturate at 2^64-1.
 *
 * FSRV_RANGE_IGNORE       value is NULL, is malformed, has another unit or lists several ranges
 * FSRV_RANGE_UNSATISFIABLE  first >= size, last < first, a suffix of 0, or any range when size is 0
 *
 * Never fails and never allocates. Any thread. Since 0.1. */
FSRV_API enum fsrv_range_verdict fsrv_parse_range_header(const char *value, size_t length, uint64_t size,
							 struct fsrv_range *range);

#ifdef __cplusplus
}
#endif

#endif
