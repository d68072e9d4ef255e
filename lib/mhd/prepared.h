/* Responses of libmicrohttpd that were made for one request and serve the next ones that have the same plan.
 *
 * To build a response costs more than all the rest of a small answer: libmicrohttpd copies each header field.
 * A response does not change, and any number of connections may send it at once. So those of a file are kept
 * with its entry in the cache, and those that are a text alone with the handler. A response is used again for
 * a plan with the same status, content and header fields.
 *
 * To make the plan is most of the work that is left. So a response for a file also keeps the case that its
 * plan was made for, where that is a plain one. The same case at a later time has the same plan. */
#ifndef FSRV__MHD_PREPARED_H
#define FSRV__MHD_PREPARED_H

#include <microhttpd.h>

#include "fs/cache.h"
#include "fs/memory.h"
#include "http/plan.h"

/* All that a plan for a file depends on but the state of the file, the options of the handler, and what every
 * plain request has (fsrv__request_is_plain). */
struct fsrv__prepared_case {
	enum fsrv__method method;
	struct fsrv__text if_none_match; /* NULL in at: there is none */
	/* Of the representation: constants, or of the content that is cached. */
	const char *media_type, *content_coding;
	bool varies, is_not_found_page, depends_on_accept;
	struct fsrv__time time; /* when the file had that state */
};

/* What the responses of one file take, about. */
#define FSRV__PREPARED_SIZE 3072

/* Responses for one file in one state, or for texts. Any number of threads may use them. */
struct fsrv__prepared;

/* Makes an empty one with one reference, which is the caller's. NULL when there is no memory. */
struct fsrv__prepared *fsrv__prepared_new(const struct fsrv__allocator *allocator);

/* The same with and without what they have in common with other attachments of cache entries. */
struct fsrv__attachment *fsrv__prepared_attachment(struct fsrv__prepared *prepared);
struct fsrv__prepared *fsrv__prepared_of(struct fsrv__attachment *attachment);

/* Gives a reference back. With the last one the responses are no longer kept, and vanish when they are sent.
 * NULL is allowed. */
void fsrv__prepared_release(struct fsrv__prepared *prepared);

/* Finds the response for a case, and writes its plan without header fields; NULL: there is none. It lives as
 * long as the caller's reference to prepared. */
struct MHD_Response *fsrv__prepared_recall(struct fsrv__prepared *prepared,
					   const struct fsrv__prepared_case *of, struct fsrv__plan *plan);

/* Finds the response for a plan; NULL: there is none. It lives as long. */
struct MHD_Response *fsrv__prepared_find(struct fsrv__prepared *prepared, const struct fsrv__plan *plan);

/* Keeps a response that was made for a plan, all of whose bytes are in memory. It belongs to prepared then.
 * False when that has no room, or there is no memory: the response is still the caller's.
 *
 * of  the case, whose plan is the same at any later time; NULL: it is none, or no such one */
bool fsrv__prepared_keep(struct fsrv__prepared *prepared, const struct fsrv__plan *plan,
			 const struct fsrv__prepared_case *of, struct MHD_Response *response);

#endif
