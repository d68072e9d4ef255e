/* The content of a multipart/byteranges response (RFC 9110, 14.6 and 15.3.7.2): its exact length, and what
 * stands at each position. The bytes of the representation are not here: a piece says which they are.
 *
 * Each part has a head with Content-Type and Content-Range, and a slice of the representation. */
#ifndef FSRV__HTTP_MULTIPART_H
#define FSRV__HTTP_MULTIPART_H

#include "http/content_range.h"
#include "http/ranges.h"
#include "http/text.h"

/* "fsrv-" and 32 hexadecimal digits, a terminator. */
#define FSRV__BOUNDARY_SIZE 38

/* Longest media type that fits into the head of a part. */
#define FSRV__PART_TYPE_MAX 127

/* The longest head. */
#define FSRV__PART_HEAD_SIZE                                                                                 \
	(sizeof("\r\n--\r\nContent-Type: \r\nContent-Range: \r\n\r\n") + FSRV__BOUNDARY_SIZE +               \
	 FSRV__PART_TYPE_MAX + FSRV__CONTENT_RANGE_SIZE)

struct fsrv__part {
	struct fsrv_range slice;
	uint64_t position; /* of the first byte of the slice in the content */
};

/* May be copied. */
struct fsrv__multipart {
	unsigned n_parts;
	uint64_t size;   /* of the whole representation */
	uint64_t length; /* of the content, heads included */
	char boundary[FSRV__BOUNDARY_SIZE];
	char media_type[FSRV__PART_TYPE_MAX + 1];
	char content_type[sizeof("multipart/byteranges; boundary=") + FSRV__BOUNDARY_SIZE]; /* of the whole */
	struct fsrv__part parts[FSRV__MAX_RANGES];
};

/* Lays the content out.
 *
 * ranges      in the order of the parts
 * media_type  of the representation
 * key         the boundary is made of it. The same key gives the same boundary, so it has to differ for each
 *             content, and nobody who writes a file may know it
 *
 * False when the content would be longer than the representation, or the media type has no room in a head;
 * the multipart is then undefined. */
bool fsrv__multipart_make(struct fsrv__multipart *multipart, const struct fsrv__ranges *ranges, uint64_t size,
			  const char *media_type, uint64_t key);

/* What stands at a position of the content. */
struct fsrv__multipart_piece {
	unsigned part;           /* number of the part; n_parts for what follows the last */
	struct fsrv__text text;  /* NULL in at: bytes of the representation. Lies in head */
	struct fsrv_range slice; /* for bytes of the representation: the rest of the part */
	char head[FSRV__PART_HEAD_SIZE];
};

/* Finds the piece that begins at a position, which is smaller than the length. */
void fsrv__multipart_locate(const struct fsrv__multipart *multipart, uint64_t position,
			    struct fsrv__multipart_piece *piece);

#endif
