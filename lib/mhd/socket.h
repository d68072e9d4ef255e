/* Duplicating the socket of a connection, from any thread.
 *
 * libmicrohttpd closes its sockets without a word, so a descriptor number may mean another socket a moment
 * later. fsrv__system_identify_socket tells sockets apart; their numbers do not. */
#ifndef FSRV__MHD_SOCKET_H
#define FSRV__MHD_SOCKET_H

#include <stdint.h>

/* Duplicates the descriptor, provided that the number still means the socket with that identity: for threads
 * that do not own the socket, which may be closed and its number be given again at any time. The caller
 * closes the duplicate at once, since the connection stays open until then. -1 otherwise. */
int fsrv__socket_duplicate(int socket, uint64_t identity);

#endif
