/* fsrv/server.h - a small HTTP server for programs that have no libmicrohttpd daemon of their own.
 *
 *	struct fsrv_server *server;
 *	int error = fsrv_server_start(fs, NULL, &server);
 *
 *	printf("%s\n", fsrv_server_url(server));        http://127.0.0.1:41873/
 *	...
 *	fsrv_server_stop(server);
 *	fsrv_free(fs);
 *
 * It listens on the loopback interface unless told otherwise, and it is plain HTTP/1.1: no TLS, no
 * authentication. Put a proxy in front of it before strangers may reach it. */
#ifndef FSRV_SERVER_H
#define FSRV_SERVER_H

#include <stdint.h>

#include "fsrv/fsrv.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A running server. Opaque; made by fsrv_server_start. Since 0.1. */
struct fsrv_server;

/* Who runs the requests. In none of the modes a slow disk or client delays others. Since 0.1. */
enum fsrv_server_mode {
	FSRV_SERVER_THREAD = 0, /* one thread for each connection; bodies leave by sendfile(2) */
	FSRV_SERVER_EPOLL = 1,	/* one thread for all: the least memory; workers wait for the disk */
	FSRV_SERVER_POOL = 2	/* several such threads, each for a share of the connections */
};

/* A value of fsrv_server_options.idle_timeout. Since 0.1. */
#define FSRV_NO_TIMEOUT UINT32_MAX

/* Options of fsrv_server_start. Set size to sizeof(struct fsrv_server_options) and the rest to zero:
 * zero and NULL mean the default. Fields are only ever appended. Since 0.1. */
struct fsrv_server_options {
	size_t size; /* sizeof(struct fsrv_server_options) */

	/* Numeric address to listen on, IPv4 or IPv6: "0.0.0.0" or "::" let other machines in.
	 * NULL: "127.0.0.1". */
	const char *address;

	/* Called for every request in place of fsrv_handle, to answer routes of your own first; it then
	 * calls fsrv_handle(fs, ...) for the rest. url keeps its percent-encoding. NULL: fsrv_handle. */
	MHD_AccessHandlerCallback handler;
	void *handler_cls;

	enum fsrv_server_mode mode;
	unsigned port;		   /* 0: any free port */
	unsigned threads;	   /* of FSRV_SERVER_POOL. 0: 4 */
	/* Connections at once; 0: 256. Fewer when the process may not have as many descriptors: each may
	 * need two. Further ones wait; with FSRV_SERVER_THREAD they are closed. */
	unsigned connection_limit;
	/* Seconds without progress until a connection is closed. 0: never with FSRV_SERVER_THREAD, as
	 * players stop reading for as long as they like; else 120, because libmicrohttpd before 1.0 does
	 * not see there that a client has gone in the middle of a request. FSRV_NO_TIMEOUT: never. */
	unsigned idle_timeout;
	unsigned reserved;	   /* 0 */
};

/* Starts to listen and to serve.
 *
 * fs       outlives the server. FSRV_URL_IS_RAW and FSRV_COMPLETION_IS_TOLD are set on it: it is not to
 *          be used at the same time with a daemon that decodes targets.
 * options  NULL: all defaults
 * server   receives the server, which belongs to the caller; untouched when the call fails
 *
 * FSRV_OK
 * FSRV_ERR_INVALID         the address is not numeric, the port is above 65535, an unknown mode
 * FSRV_ERR_UNSUPPORTED     size is larger than this library knows, and the unknown part is not zero
 * FSRV_ERR_ADDRESS_IN_USE
 * FSRV_ERR_SYSTEM          no such address here, a port below 1024 without the right to it; errno
 * FSRV_ERR_DAEMON          libmicrohttpd refused, mostly for want of descriptors or threads
 * FSRV_ERR_MEMORY
 *
 * When it returns FSRV_OK, connections are accepted. Any thread. Since 0.1. */
FSRV_API int fsrv_server_start(struct fsrv *fs, const struct fsrv_server_options *options,
			       struct fsrv_server **server);

/* The port that the server listens on. Any thread. Since 0.1. */
FSRV_API unsigned fsrv_server_port(const struct fsrv_server *server);

/* The address to open in a browser, with a slash at the end; the unspecified address (0.0.0.0, ::)
 * appears as loopback. Owned by the server. Any thread. Since 0.1. */
FSRV_API const char *fsrv_server_url(const struct fsrv_server *server);

/* Closes every connection, finished or not, joins the threads and frees the server. Returns within
 * 100 ms unless a disk holds up a thread. It drains its own connections: other servers of the same fs
 * go on. NULL is allowed. Not from a handler. Since 0.1. */
FSRV_API void fsrv_server_stop(struct fsrv_server *server);

#ifdef __cplusplus
}
#endif

#endif
