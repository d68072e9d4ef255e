/* The guard watches bodies that leave by sendfile(2), for files that become shorter than announced.
 *
 * libmicrohttpd takes "0 bytes sent" for progress: its thread spins on such a file, and no timeout fires. The
 * guard looks at each such file a few times a second and shuts the connection down when the announced bytes
 * are gone. It also learns that way that libmicrohttpd has closed a file, where nobody tells it.
 *
 * The guard owns the transfers of the bodies that it watches. Any thread may make it settle them, but only
 * the guard's own thread reports them, so the functions below never call the completion hook;
 * fsrv__guard_complete is the one that does. Any number of threads may call these functions. */
#ifndef FSRV__MHD_GUARD_H
#define FSRV__MHD_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/memory.h"
#include "mhd/transfer.h"

struct fsrv__guard;

/* A body that begins. Its file must be local: what a remote one says of its size without being asked is out
 * of date. */
struct fsrv__guarded_body {
	int socket;
	int fd; /* of the file */
	uint64_t device, inode;
	uint64_t end; /* of the body, in the file */
	struct fsrv__transfer *transfer;
};

/* Makes a guard that watches nothing yet; its thread starts with the first body. NULL when there is no
 * memory. */
struct fsrv__guard *fsrv__guard_new(const struct fsrv__allocator *allocator);

/* Has the guard's thread end and report the transfers that are left, waits for it, and frees the guard. NULL
 * is allowed. */
void fsrv__guard_free(struct fsrv__guard *guard);

/* Makes sure that a body on this socket can be watched. False when it cannot, for want of memory or of a
 * thread. There is nothing to give back. */
bool fsrv__guard_reserve(struct fsrv__guard *guard, int socket);

/* Watches a body from now on, in place of what was watched on the same socket before. Cannot fail after a
 * reservation for the socket. The transfer belongs to the guard and may end at any time. Called by the thread
 * that serves the connection. */
void fsrv__guard_watch(struct fsrv__guard *guard, const struct fsrv__guarded_body *body);

/* Settles the transfer that is watched on a socket, if there is one: all of it was sent. Called by the thread
 * that serves the connection. If the number meant another socket before, only the bytes of the last sample
 * count. */
void fsrv__guard_end(struct fsrv__guard *guard, int socket);

/* The same for a request whose end libmicrohttpd tells. Calls the completion hook before it returns.
 *
 * ending  FSRV_ENDING_COMPLETE when all of it was sent, FSRV_ENDING_ABORTED otherwise */
void fsrv__guard_complete(struct fsrv__guard *guard, int socket, enum fsrv_ending ending);

/* Settles the transfers of all bodies that have ended, or must end, since the guard looked last. */
void fsrv__guard_sweep(struct fsrv__guard *guard);

/* How many bodies are watched. Those that ended since the guard looked last are still counted. */
unsigned fsrv__guard_count(struct fsrv__guard *guard);

#endif
