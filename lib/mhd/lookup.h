/* Looking up the file for a path. If the cache has what the request needs, a stat(2) of the path confirms it;
 * otherwise the file is opened. */
#ifndef FSRV__MHD_LOOKUP_H
#define FSRV__MHD_LOOKUP_H

#include "fs/roots.h"
#include "http/accept_encoding.h"
#include "mhd/lookup_result.h"

/* Names that were looked up so recently are still in memory, on local file systems. */
#define FSRV__RECENT_MS 1000
/* An entry of the cache is marked as checked at most so often. */
#define FSRV__MARK_MS 200

/* Which files are followed while they grow. */
enum fsrv__follow {
	FSRV__FOLLOW_NONE,
	FSRV__FOLLOW_BY_RULE, /* those whose path matches a pattern of the option follow */
	FSRV__FOLLOW_CHOSEN   /* the one that the program chose */
};

/* What a request needs of its file. */
struct fsrv__lookup_needs {
	bool facts_may_suffice; /* for HEAD, and when a precondition decides */
	bool media_type;        /* it will be named, whether the file is opened or not */
	bool descriptor;        /* the file is to be open unless its bytes are in memory */
	bool whole;             /* the file has fewer bytes than it claims, so it is read to its end */
	/* Facts of a sidecar, which were just read: the path is its name, and is looked up in its root alone.
	 * NULL: an ordinary name. */
	const struct fsrv__file *sidecar;
	struct fsrv__coding_order codings; /* only with FSRV_PRECOMPRESSED */
	unsigned tries;                    /* bits of enum fsrv__try, for fsrv__search */
	enum fsrv__follow follow;          /* sidecars never are */
};

/* A file that changes all the time is looked up so often, one after the other, before the answer is 503. */
#define FSRV__MAX_LOOKUPS 3

/* Looks up result->path, without regard to codings. The caller has set path and requested_length, and
 * content_coding when it is that of a sidecar. Errors of the machine are logged. What is given is made ready
 * to be sent instead; the result keeps it, whatever the status is.
 *
 * FSRV__LOOKUP_DONE: result->outcome tells what was found; the caller clears the result. With any other
 * status the result holds nothing, and the path may have the name of an index page at its end. was_opened is
 * set when the cache did not suffice.
 *
 * FSRV__LOOKUP_WOULD_WAIT never with FSRV__MAY_WAIT; result->file.is_remote then tells whether it could be
 * a wait for a network or another process. Any thread. */
enum fsrv__lookup_status fsrv__lookup(struct fsrv *fs, const struct fsrv__lookup_needs *needs,
				      enum fsrv__wait_policy wait, struct fsrv__lookup_result *result);

#endif
