/* The validators of a representation (RFC 9110, 8.8): entity tag and modification date. */
#ifndef FSRV__HTTP_VALIDATORS_H
#define FSRV__HTTP_VALIDATORS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/httpdate.h"
#include "http/text.h"
#include "http/time.h"

/* Longest opaque part of an entity tag, without the quotes. */
#define FSRV__ETAG_OPAQUE_MAX 128
/* W/, quotes, the opaque part, a hyphen and 16 digits of what was combined with it, a terminator. */
#define FSRV__ETAG_SIZE (FSRV__ETAG_OPAQUE_MAX + 22)

/* The facts of a file that change with its content. */
struct fsrv__identity {
	uint64_t inode;
	uint64_t size;
	struct fsrv__time modified;
	struct fsrv__time changed; /* status change time, which no program can set */
};

enum fsrv__etag_source {
	FSRV__ETAG_LOCAL,  /* all of the identity */
	FSRV__ETAG_REPLICA /* size and modification time: the same on every machine with a copy */
};

struct fsrv__validators {
	char etag[FSRV__ETAG_SIZE]; /* terminated, quotes and W/ included */
	size_t etag_length;
	bool strong;      /* false while another write could leave the same times behind */
	bool has_date;    /* there is a modification date to send */
	int64_t modified; /* seconds since 1970, never later than now */
	char last_modified[FSRV__HTTPDATE_SIZE];
};

/* Whether the last change of a file is so long ago that a further one would change its times. */
bool fsrv__identity_is_settled(const struct fsrv__identity *identity, struct fsrv__time now);

/* Makes the validators of a file.
 *
 * opaque  the opaque part of the tag, if the program chose one that fsrv__validators_accept_opaque accepts;
 *         with NULL in at a hash of the identity is used */
void fsrv__validators_make(const struct fsrv__identity *identity, struct fsrv__time now,
			   enum fsrv__etag_source source, struct fsrv__text opaque,
			   struct fsrv__validators *validators);

/* Changes the validators of a file to those of a representation that is made from the file and an addition.
 *
 * hash  of the addition
 * time  when the addition changed last, in seconds since 1970
 * now   likewise. If the addition changed in this second there is no date: it could change once more */
void fsrv__validators_combine(struct fsrv__validators *validators, uint64_t hash, int64_t time, int64_t now);

/* Whether the bytes may stand between the quotes of an entity tag, and are not too many. */
bool fsrv__validators_accept_opaque(struct fsrv__text opaque);

#endif
