/* Lookups that have to wait for a disk, made by a worker while their connection is suspended.
 *
 * After the resumption libmicrohttpd calls the handler again, from its start, and that run takes what the
 * worker found. libmicrohttpd may also close the connection without a call, or give its address to another
 * one. So a result is found by the connection's address, the identity of its socket and the path. It is kept
 * until it is taken, or until its request is known to be over: at the first call of the next one, when the
 * request has completed, or when the socket is closed. No clock decides. */
#ifndef FSRV__MHD_OFFLOAD_H
#define FSRV__MHD_OFFLOAD_H

#include <stdbool.h>

#include "mhd/lookup.h"

/* Suspends the connection and has a worker search for the path of result. Called on the connection's thread,
 * in the handler. What is given in result then belongs to the lookup. False when nothing was begun, for want
 * of memory or threads, or because too many lookups wait already. */
bool fsrv__offload_begin(struct fsrv *fs, struct MHD_Connection *connection,
			 const struct fsrv__lookup_needs *needs, struct fsrv__lookup_result *result);

/* Moves what a worker found for the connection and the path of result into result. False when there is
 * nothing to take; result is then unchanged. */
bool fsrv__offload_take(struct fsrv *fs, struct MHD_Connection *connection,
			struct fsrv__lookup_result *result);

/* Frees what a worker found for the connection, if nobody has taken it: its request is over. Called on the
 * connection's thread, or when the connection is closed. */
void fsrv__offload_drop(struct fsrv *fs, const struct MHD_Connection *connection);

/* Frees the results of connections whose sockets are closed. cls is the struct fsrv. True when lookups are
 * left that still run or were not taken yet. Any thread. */
bool fsrv__offload_drop_closed(void *cls);

/* Frees all results. No worker runs any more. */
void fsrv__offload_clear(struct fsrv *fs);

#endif
