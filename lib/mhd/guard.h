/* Watches bodies that leave by sendfile(2) for files that become shorter than announced.
 *
 * libmicrohttpd takes "0 bytes sent" for progress: with epoll such a connection hangs for ever, with
 * threads it spins, and no timeout fires. A disk that fails makes it hang with epoll, too. The guard
 * looks at each such file a few times a second and shuts the connection down when the announced bytes
 * are gone, when they cannot be read, or when the file was rewritten and nothing moves any more. */
#ifndef FSRV__GUARD_H
#define FSRV__GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/memory.h"
#include "fs/roots.h"
#include "mhd/transfer.h"

struct fsrv__guard;

/* Makes a guard that watches nothing yet; its thread starts with the first body. NULL when there is
 * no memory. */
struct fsrv__guard *fsrv__guard_new(const struct fsrv__allocator *allocator);

/* Ends the thread and what is watched, and frees the guard. NULL is allowed. */
void fsrv__guard_free(struct fsrv__guard *guard);

/* Watches the body that starts on a socket, length bytes from an offset of a file that is local: to look
 * at it must not wait. Takes the place of what was watched on that socket.
 *
 * may_stall  the daemon waits with epoll: a disk that fails would leave the connection hanging
 * transfer   the guard's to end from now on
 *
 * False when it cannot be watched: no thread or memory, or a socket that may stall and does not tell how
 * far it is; the transfer then stays the caller's. */
bool fsrv__guard_watch(struct fsrv__guard *guard, int socket, const struct fsrv__file *file, uint64_t offset,
		       uint64_t length, bool may_stall, struct fsrv__transfer *transfer);

/* Undoes that: no body starts after all. The transfer is the caller's again, unless this is false: then
 * it was ended meanwhile. */
bool fsrv__guard_unwatch(struct fsrv__guard *guard, int socket);

/* Ends what was watched on a socket: FSRV_ENDING_COMPLETE when all of it was sent, else
 * FSRV_ENDING_ABORTED. What was watched on an earlier socket of that number ends by what is known. */
void fsrv__guard_forget(struct fsrv__guard *guard, int socket, enum fsrv_ending ending);

/* Ends at once what has ended since the last look. */
void fsrv__guard_sweep(struct fsrv__guard *guard);

/* How many bodies are watched; those that ended since the last look are still counted. */
unsigned fsrv__guard_count(struct fsrv__guard *guard);

#endif
