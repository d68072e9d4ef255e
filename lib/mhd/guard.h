/* The guard watches bodies that leave by sendfile(2), for files that become shorter than announced.
 *
 * libmicrohttpd takes "0 bytes sent" for progress: with epoll such a connection hangs for ever, with a thread
 * it spins, and no timeout fires. When a disk fails it hangs with epoll too. The guard looks at each such
 * file a few times a second and shuts the connection down when the announced bytes are gone, when they cannot
 * be read, or when the file was rewritten and nothing is sent any more.
 *
 * The guard owns the transfers of the bodies that it watches, and ends them: on its own thread, or on the
 * thread that calls one of the functions below. No lock is held while a transfer ends. Any number of threads
 * may call these functions. */
#ifndef FSRV__MHD_GUARD_H
#define FSRV__MHD_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/file.h"
#include "fs/memory.h"
#include "mhd/transfer.h"

struct fsrv__guard;

/* A body that begins: length bytes from an offset of an open file that is local. To look at a remote one
 * could hang the guard. */
struct fsrv__guarded_body {
	int socket;
	const struct fsrv__file *file; /* copied */
	uint64_t offset;
	uint64_t length;
	bool may_stall; /* the daemon waits with epoll: after a disk error the connection would hang */
	struct fsrv__transfer *transfer;
};

/* Makes a guard that watches nothing yet; its thread starts with the first body. NULL when there is no
 * memory. */
struct fsrv__guard *fsrv__guard_new(const struct fsrv__allocator *allocator);

/* Ends the thread, and the transfers of all bodies that are still watched, and frees the guard. NULL is
 * allowed. */
void fsrv__guard_free(struct fsrv__guard *guard);

/* Watches a body from now on, in place of what was watched on the same socket before. True: the transfer now
 * belongs to the guard and may end at any time. False: the body cannot be watched, for want of memory or of a
 * thread, or because it may stall and its socket does not tell how much was sent; the transfer stays the
 * caller's. */
bool fsrv__guard_watch(struct fsrv__guard *guard, const struct fsrv__guarded_body *body);

/* Stops watching a body whose response could not be made. True: the transfer belongs to the caller again.
 * False: it has ended meanwhile. */
bool fsrv__guard_unwatch(struct fsrv__guard *guard, int socket);

/* Ends the transfer that is watched on a socket, if there is one: with FSRV_ENDING_COMPLETE all of it was
 * sent. If the number has come to mean another socket, only the bytes of the last sample count. */
void fsrv__guard_end(struct fsrv__guard *guard, int socket, enum fsrv_ending ending);

/* Ends the transfers of all bodies whose files were closed since the guard looked last. Returns at once when
 * another call is at it, on this thread or another. */
void fsrv__guard_sweep(struct fsrv__guard *guard);

/* How many bodies are watched. Those that ended since the guard looked last are still counted. */
unsigned fsrv__guard_count(struct fsrv__guard *guard);

#endif
