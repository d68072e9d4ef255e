/* What libmicrohttpd tells about a connection and its daemon, and how a suspended one is resumed. */
#ifndef FSRV__MHD_CONNECTION_H
#define FSRV__MHD_CONNECTION_H

#include <stdbool.h>

#include "fsrv/fsrv.h"

/* The program's function that wakes an external event loop; NULL when there is none. */
struct fsrv__wake {
	fsrv_wake_function function;
	void *cls;
};

/* The descriptor of the connection's socket; -1 when libmicrohttpd does not tell. */
int fsrv__connection_socket(struct MHD_Connection *connection);

/* The flags of the connection's daemon, bits of enum MHD_FLAG. */
unsigned fsrv__connection_flags(struct MHD_Connection *connection);

/* The owner of the connection's jobs: the struct fsrv_server of its daemon, which drains them before it
 * stops. In a daemon of the program it is whatever the program stored as socket context, or NULL; such jobs
 * are drained by fsrv_drain. The pointer is only compared. */
const void *fsrv__connection_owner(struct MHD_Connection *connection);

/* Whether the connection may be suspended while a worker waits for a disk. */
bool fsrv__connection_may_suspend(struct MHD_Connection *connection, const struct fsrv__wake *wake);

/* Whether an answer may wait for its file to grow: no other connection waits meanwhile. */
bool fsrv__connection_may_follow(struct MHD_Connection *connection, const struct fsrv__wake *wake);

/* Resumes a suspended connection, on any thread. It may be served, and what belongs to it freed, before this
 * returns: the caller touches nothing of it afterwards. */
void fsrv__connection_resume(struct MHD_Connection *connection, const struct fsrv__wake *wake);

#endif
