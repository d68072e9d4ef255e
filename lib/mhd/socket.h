/* What the kernel tells about a connected socket.
 *
 * libmicrohttpd closes its sockets without a word, so a descriptor number may mean another socket a moment
 * later. The cookie tells sockets apart; their numbers do not. */
#ifndef FSRV__MHD_SOCKET_H
#define FSRV__MHD_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/* The number that the kernel gave the socket (SO_COOKIE, socket(7)). No other socket ever gets it again. 0
 * when the descriptor is no socket. */
uint64_t fsrv__socket_cookie(int socket);

/* Counts the bytes that were written to a TCP socket since it was connected: those that were sent and those
 * that are still queued (tcp(7), TCP_INFO; SIOCOUTQ before Linux 4.19). False for other sockets. */
bool fsrv__socket_count_written(int socket, uint64_t *written);

/* Duplicates the descriptor, provided that the number still means the socket with that cookie: for threads
 * that do not own the socket, which may be closed and its number be given again at any time. The caller
 * closes the duplicate at once, since the connection stays open until then. -1 otherwise. */
int fsrv__socket_duplicate(int socket, uint64_t cookie);

#endif
