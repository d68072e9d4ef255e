/* The validators of a representation (RFC 9110, 8.8): entity tag and modification date. */
#ifndef FSRV__VALIDATORS_H
#define FSRV__VALIDATORS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/httpdate.h"
#include "http/text.h"

/* Longest opaque part of an entity tag, without the quotes. */
#define FSRV__ETAG_OPAQUE_MAX 128
/* W/, quotes, the opaque part, a hyphen and 16 digits of what was combined with it, a terminator. */
#define FSRV__ETAG_SIZE (FSRV__ETAG_OPAQUE_MAX + 22)

struct fsrv__time {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};

/* What tells one state of one file from every other. */
struct fsrv__identity {
	uint64_t inode;
	uint64_t size;
	struct fsrv__time modified;
	struct fsrv__time changed; /* the inode, which no program can set back */
};

enum fsrv__etag_source {
	FSRV__ETAG_LOCAL,  /* all of the identity: right on one machine, whatever sets mtime back */
	FSRV__ETAG_REPLICA /* size and mtime only: the same on every machine with a copy */
};

struct fsrv__validators {
	char etag[FSRV__ETAG_SIZE]; /* terminated, quotes and W/ included */
	size_t etag_length;
	bool strong;      /* false while the file is so young that another write could leave no trace */
	bool has_date;    /* a modification date that is worth sending */
	int64_t modified; /* seconds since 1970, never later than now */
	char last_modified[FSRV__HTTPDATE_SIZE];
};

/* Whether a file has rested long enough for its times to tell its versions apart. */
bool fsrv__identity_is_settled(const struct fsrv__identity *identity, struct fsrv__time now);

/* Makes the validators of a file as it is at the time now.
 *
 * opaque  the opaque part of the tag when somebody else chose it (its bytes must be etagc and at
 *         most FSRV__ETAG_OPAQUE_MAX), else NULL in at: then it is a hash of the identity */
void fsrv__validators_make(const struct fsrv__identity *identity, struct fsrv__time now,
			   enum fsrv__etag_source source, struct fsrv__text opaque,
			   struct fsrv__validators *validators);

/* Makes them those of a representation that was made from the file and something else.
 *
 * hash  of the other thing
 * time  when that changed last, in seconds since 1970
 * now   as well; a change this second could be followed by another, so there is no date then */
void fsrv__validators_combine(struct fsrv__validators *validators, uint64_t hash, int64_t time, int64_t now);

static inline bool fsrv__time_equals(struct fsrv__time a, struct fsrv__time b)
{
	return a.seconds == b.seconds && a.nanoseconds == b.nanoseconds;
}

/* True when every byte may stand between the quotes of an entity tag and there are not too many. */
bool fsrv__validators_accept_opaque(struct fsrv__text opaque);

#endif
