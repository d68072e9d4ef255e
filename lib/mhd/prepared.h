/* Responses of libmicrohttpd that were made for one request and serve the next ones that have the same plan.
 *
 * To build a response costs more than all the rest of a small answer: libmicrohttpd copies each header field.
 * A response does not change, and any number of connections may send it at once. So those of a file are kept
 * with its entry in the cache, and those that are a text alone with the handler. A plan is made for each
 * request nevertheless, and a response is used again only if that plan has the same status, content and
 * header fields. */
#ifndef FSRV__MHD_PREPARED_H
#define FSRV__MHD_PREPARED_H

#include <microhttpd.h>

#include "fs/cache.h"
#include "fs/memory.h"
#include "http/plan.h"

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

/* Finds the response for a plan; NULL: there is none. It lives as long as the caller's reference to
 * prepared. */
struct MHD_Response *fsrv__prepared_find(struct fsrv__prepared *prepared, const struct fsrv__plan *plan);

/* Keeps a response that was made for a plan, all of whose bytes are in memory. It belongs to prepared then.
 * False when that has no room, or there is no memory: the response is still the caller's. */
bool fsrv__prepared_keep(struct fsrv__prepared *prepared, const struct fsrv__plan *plan,
			 struct MHD_Response *response);

#endif
