/* The connections of a server: which of them wait for their client, and since when.
 *
 * A connection waits until the header of a request is complete, and for the rest of the content. From then on
 * until the response has ended it is busy, and may stand still for any length of time: media players stop
 * reading. A connection that waits too long is closed, and when all places are taken, the one that waits
 * longest gives way. Without SO_COOKIE (socket(7)) none is closed.
 *
 * libmicrohttpd tells neither since when a connection waits nor whether a slow header makes progress. So the
 * callbacks of a daemon report what happens, each on the connection's thread, and a thread of this module
 * looks at the clock. Nothing allocates after the start, and nothing of the program is called. */
#ifndef FSRV__MHD_CLIENTS_H
#define FSRV__MHD_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fs/memory.h"
#include "mhd/connection.h"

struct fsrv__clients;

struct fsrv__clients_limits {
	unsigned connections;        /* so many places are there */
	unsigned spare;              /* so many more may the daemon accept */
	unsigned request_timeout;    /* seconds; 0: none */
	unsigned keep_alive_timeout; /* seconds; 0: none */
};

/* Starts the thread. The clients belong to the caller, who calls fsrv__clients_free.
 *
 * FSRV_OK, FSRV_ERR_MEMORY, FSRV_ERR_DAEMON (no thread) */
int fsrv__clients_new(const struct fsrv__allocator *allocator, const struct fsrv__clients_limits *limits,
		      struct fsrv__clients **clients);

/* Ends the thread. The daemon does not run any more. NULL is allowed. */
void fsrv__clients_free(struct fsrv__clients *clients);

/* A connection was accepted. Another one may give way to it; with no place left it is closed itself. */
void fsrv__clients_opened(struct fsrv__clients *clients, struct MHD_Connection *connection);

/* The connection is about to be freed. Its socket may be closed already. */
void fsrv__clients_closed(struct fsrv__clients *clients, const struct MHD_Connection *connection);

/* libmicrohttpd is about to call the handler, with so many bytes of content: the connection is busy. True
 * when content may follow, false when the request is complete. */
bool fsrv__clients_called(struct fsrv__clients *clients, const struct MHD_Connection *connection,
			  size_t content);

/* The handler has taken so many bytes, and the connection waits for more content. */
void fsrv__clients_await_content(struct fsrv__clients *clients, const struct MHD_Connection *connection,
				 size_t content);

/* The response has ended: the connection waits for the next request. */
void fsrv__clients_completed(struct fsrv__clients *clients, const struct MHD_Connection *connection);

#endif
