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
/* The opaque part that a program chose. */
struct fsrv__opaque_tag {
	size_t length; /* 0: it chose none */
	char bytes[FSRV__ETAG_OPAQUE_MAX];
};

/* W/, quotes, the opaque part, a hyphen and 16 digits of addition and salt, a hyphen and a content coding, a
 * terminator. */
#define FSRV__ETAG_SIZE (FSRV__ETAG_OPAQUE_MAX + 27)

/* The facts of a file that change with its content, or tell it from another file. */
struct fsrv__identity {
	uint64_t inode;
	uint64_t size;
	struct fsrv__time modified;
	struct fsrv__time changed; /* status change time, which no program can set */
	uint64_t device;
	uint64_t mount; /* number of the mount, 0 when the kernel does not tell */
};

enum fsrv__etag_source {
	FSRV__ETAG_LOCAL,  /* all of the identity */
	FSRV__ETAG_REPLICA /* size and modification time: the same on every machine with a copy */
};

/* What is known of the bytes that are sent, if they are at hand. */
enum fsrv__bytes_known {
	FSRV__BYTES_UNKNOWN, /* only the identity of the file is known */
	FSRV__BYTES_HASHED,
	FSRV__BYTES_VOLATILE /* hashed, but of a file that does not tell its size, as below /proc: the next
			      * reading may give other bytes, whatever the identity says */
};

/* What an entity tag is made of. */
struct fsrv__tag_source {
	enum fsrv__etag_source source; /* of a tag that is made of the identity */
	uint64_t salt;                 /* mixed into each tag; 0: none */
	struct fsrv__text opaque; /* chosen by the program; fsrv__validators_accept_opaque accepts it. NULL in
				   * at: none */
	uint64_t addition; /* hash of what was put into a page: it follows an opaque part; 0: nothing */
	enum fsrv__bytes_known bytes;
	uint64_t hash; /* of the bytes, by fsrv__hash_content */
	/* Of a representation among others that differ by it: it ends the tag, behind a hyphen (RFC 9110,
	 * 8.8.3.3). NULL: none. */
	const char *coding;
};

struct fsrv__validators {
	char etag[FSRV__ETAG_SIZE]; /* terminated, quotes and W/ included */
	size_t etag_length;
	bool strong;          /* the tag names one content */
	bool has_date;        /* there is a modification date to send */
	bool has_strong_date; /* another write would have left another date (RFC 9110, 8.8.2.2) */
	bool is_lasting;      /* made at any later time, from the same, they would be the same */
	int64_t modified;     /* seconds since 1970, never later than now */
	char last_modified[FSRV__HTTPDATE_SIZE];
};

/* Whether the last change of a file is so long ago that a further one would change its times. A time that the
 * clock has not reached yet tells nothing, so such a file is not settled. */
bool fsrv__identity_is_settled(const struct fsrv__identity *identity, struct fsrv__time now);

/* Whether the last change of a file is less than so many seconds away from now, on either side: the clock of
 * a file server may be ahead. */
bool fsrv__identity_is_growing(const struct fsrv__identity *identity, struct fsrv__time now,
			       unsigned seconds);

/* Makes the validators of a file, or of a page that is made from it.
 *
 * The tag is the opaque part, if the program chose one; else it is the hash of the bytes, if they are known;
 * else it is a hash of the identity. A tag of bytes is always strong, unless they are volatile. Other tags
 * are weak until the file is settled. A tag of the identity is weak too as long as there is no salt and the
 * only time in it that a new version would change is one that tools give to every file. */
void fsrv__validators_make(const struct fsrv__identity *identity, struct fsrv__time now,
			   const struct fsrv__tag_source *source, struct fsrv__validators *validators);

/* Makes the date that of a representation of the file and an addition, for instance of scripts.
 *
 * time  when the addition changed last, in seconds since 1970
 * now   likewise. If the addition changed in this second there is no date: it could change once more */
void fsrv__validators_add_date(struct fsrv__validators *validators, int64_t time, int64_t now);

/* Whether the bytes may stand between the quotes of an entity tag, and are not too many. */
bool fsrv__validators_accept_opaque(struct fsrv__text opaque);

#endif
