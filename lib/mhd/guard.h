/* Watches bodies that leave by sendfile(2) for files that become shorter than announced.
 *
 * libmicrohttpd takes "0 bytes sent" for progress: with epoll such a connection hangs for ever, with
 * threads it spins, and no timeout fires. The guard looks at each such file a few times a second and
 * shuts the connection down when the announced bytes are gone, or when the file was rewritten and
 * nothing moves any more, which ends both. */
#ifndef FSRV__GUARD_H
#define FSRV__GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/memory.h"
#include "fs/roots.h"

struct fsrv__guard;

/* Makes a guard that watches nothing yet; its thread starts with the first body. NULL when there is
 * no memory. */
struct fsrv__guard *fsrv__guard_new(const struct fsrv__allocator *allocator);

/* Ends the thread and frees the guard. NULL is allowed. */
void fsrv__guard_free(struct fsrv__guard *guard);

/* Watches the body that starts on a socket: file must keep end bytes. Takes the place of what was
 * watched on that socket. False when it cannot be watched; errno says why. */
bool fsrv__guard_watch(struct fsrv__guard *guard, int socket, const struct fsrv__file *file, uint64_t end);

/* Stops watching what was watched on a socket: its connection has gone on to another request. */
void fsrv__guard_forget(struct fsrv__guard *guard, int socket);

/* How many bodies are watched; those that ended since the last look are still counted. */
unsigned fsrv__guard_count(struct fsrv__guard *guard);

/* The number that the kernel gave a socket (SO_COOKIE, socket(7)): unlike the descriptor's it is
 * never given again. 0 when the descriptor is no socket. */
uint64_t fsrv__socket_cookie(int socket);

#endif
