/* fsrv/server.h - a small HTTP server for programs that have no libmicrohttpd daemon.
 *
 *	struct fsrv_server *server;
 *	int error = fsrv_server_start(fs, NULL, &server);
 *
 *	printf("%s\n", fsrv_server_url(server));        http://127.0.0.1:41873/
 *	...
 *	fsrv_server_stop(server);
 *	fsrv_free(fs);
 *
 * By default the server listens on the loopback interface, and answers only requests that name a host of
 * it. It speaks HTTP/1.1, with TLS when it is given a certificate, and without authentication. Put a proxy in
 * front of it before untrusted clients can reach it. */
#ifndef FSRV_SERVER_H
#define FSRV_SERVER_H

#include <stdint.h>

#include "fsrv/fsrv.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A running server. Opaque. fsrv_server_start makes it, fsrv_server_stop frees it. Since 0.1. */
struct fsrv_server;

/* The threads that serve requests. In each mode a slow disk or a slow client delays no other client.
 * Since 0.1. */
enum fsrv_server_mode {
	FSRV_SERVER_THREAD = 0, /* one thread per connection; bodies are sent by sendfile(2) */
	FSRV_SERVER_EPOLL = 1,	/* one thread for all: least memory; workers wait for the disk */
	FSRV_SERVER_POOL = 2	/* several such threads, which share the connections */
};

/* A value of the timeouts of fsrv_server_options: no timeout. Since 0.1. */
#define FSRV_NO_TIMEOUT UINT32_MAX

/* A value of fsrv_server_options.connections_per_address: no limit. Since 0.1. */
#define FSRV_NO_LIMIT UINT32_MAX

/* Options of fsrv_server_start. Set size to sizeof(struct fsrv_server_options), set the members that
 * matter, and leave the rest zero: zero and NULL mean the default. Later versions only append members.
 * Since 0.1. */
struct fsrv_server_options {
	size_t size; /* sizeof(struct fsrv_server_options) */

	/* Numeric IPv4 or IPv6 address to listen on. "0.0.0.0" or "::" admit other machines.
	 * NULL: "127.0.0.1". */
	const char *address;

	/* Called in place of fsrv_handle for every request whose hosts are allowed (allowed_hosts), on the
	 * threads of the server. It answers the program's own routes and calls fsrv_handle(fs, ...) for the
	 * rest. url keeps its percent-encoding. NULL: fsrv_handle. */
	MHD_AccessHandlerCallback handler;
	void *handler_cls;

	enum fsrv_server_mode mode;
	unsigned port;		   /* 0: any free port */
	unsigned threads;	   /* number of threads of FSRV_SERVER_POOL; 0: 4 */
	/* Maximum number of connections at one time. 0: 256. The limit is lower when the process may not
	 * open enough descriptors, since a connection may need two of them. When all places are taken,
	 * the connection gives way that has waited longest for a request, its first one or the next; the
	 * last place is made free in advance, and none waits longer than two seconds. When all
	 * connections are busy with a response, further ones wait; with FSRV_SERVER_THREAD they are
	 * closed. */
	unsigned connection_limit;
	/* Seconds without progress, also of a response, after which a connection is closed. 0: no timeout
	 * with FSRV_SERVER_THREAD, because media players stop reading for any length of time; otherwise
	 * 120, because libmicrohttpd before 1.0 does not detect in these modes that a client has gone in
	 * the middle of a request. FSRV_NO_TIMEOUT: no timeout. */
	unsigned idle_timeout;
	/* Seconds from the beginning of a connection to the end of the header of its first request, however
	 * slowly it comes. Content of a request may take as long, and 2 ms more for each byte of it; the
	 * time that the handler takes does not count. 0: 30. FSRV_NO_TIMEOUT: no timeout. */
	unsigned request_timeout;
	/* Seconds from the end of a response to the end of the header of the next request. 0: 75.
	 * FSRV_NO_TIMEOUT: no timeout. */
	unsigned keep_alive_timeout;
	/* Maximum number of connections from one address at one time; further ones are closed. 0: no limit
	 * if address is a loopback address, otherwise half of connection_limit. FSRV_NO_LIMIT: no limit,
	 * for a server behind a proxy. */
	unsigned connections_per_address;
	/* Bytes of memory that each connection has for the header of a request and of its response. Cookies
	 * take twice their size and 56 bytes for each. A longer header is answered with 431. Each
	 * request costs a little more with more memory, since libmicrohttpd clears it. 0: 49152;
	 * not less than 4096. */
	unsigned header_memory;
	unsigned reserved;	   /* 0 */

	/* Hosts that requests may name, in the forms of the option of that name in fsrv/fsrv.h. Every request
	 * is checked, also those that handler would answer, before handler is called. No list: if address is
	 * a loopback address, only hosts of the loopback interface, because a page of any site can make a
	 * browser send requests there, under a name that the site's DNS leads there (DNS rebinding);
	 * otherwise all hosts. A list adds to the hosts of the loopback interface; "*" allows all. */
	const char *const *allowed_hosts;
	size_t n_allowed_hosts;

	/* Both or none: the certificate of the server, followed by those of the authorities between it and
	 * the root if there are any, and its private key without a password. Each is the text of a PEM file
	 * (RFC 7468), terminated. The server then speaks TLS alone, as libmicrohttpd's library for it
	 * (GnuTLS) does by default, and its URL begins with https. Bodies are read in blocks there, whatever
	 * the option body says. NULL: no TLS. */
	const char *tls_certificate;
	const char *tls_key;
};

/* Starts a server.
 *
 * fs       must outlive the server. FSRV_URL_IS_RAW and FSRV_COMPLETION_IS_TOLD are set on it, so a daemon
 *          that decodes targets must not use it at the same time.
 * options  NULL: all defaults; not kept
 * server   receives the server, which the caller stops with fsrv_server_stop; unchanged when the call fails
 *
 * Returns:
 * FSRV_OK                  the server accepts connections
 * FSRV_ERR_INVALID         the address is not numeric, the port is above 65535, the mode is unknown,
 *                          header_memory is from 1 to 4095, an allowed host is NULL or none of the forms,
 *                          there is a certificate without its key or the reverse, the reserved member is
 *                          not 0, or the struct has this size in no version
 * FSRV_ERR_UNSUPPORTED     size is larger than in this library, and the unknown part is not zero; or there is
 *                          a certificate, and this libmicrohttpd was built without TLS
 * FSRV_ERR_ADDRESS_IN_USE  another socket listens on that address and port
 * FSRV_ERR_SYSTEM          socket(2), bind(2) or listen(2) failed, for example because the machine does not
 *                          have the address, or the process has no right to a port below 1024; errno gives
 *                          the reason
 * FSRV_ERR_DAEMON          libmicrohttpd refused, usually because descriptors or threads ran out, or because
 *                          the certificate and the key cannot be read or do not belong together
 * FSRV_ERR_MEMORY          an allocation failed
 *
 * The log function of fs receives the name of an option that was refused. Any thread may call it.
 * Since 0.1. */
FSRV_API int fsrv_server_start(struct fsrv *fs, const struct fsrv_server_options *options,
			       struct fsrv_server **server);

/* Returns the TCP port that the server listens on. Any thread may call it. Since 0.1. */
FSRV_API unsigned fsrv_server_port(const struct fsrv_server *server);

/* Returns the URL to open in a browser, with a slash at the end. For the unspecified address (0.0.0.0 or
 * ::) the URL names the loopback address.
 *
 * The string belongs to the server and is valid until fsrv_server_stop. Any thread may call it.
 * Since 0.1. */
FSRV_API const char *fsrv_server_url(const struct fsrv_server *server);

/* Stops a server: closes every connection, whether its response is complete or not, joins the threads and
 * frees the server.
 *
 * server  NULL is allowed
 *
 * The function returns within 100 ms unless a disk holds up a thread. It drains only the connections of
 * this server; other servers of the same fs continue. Any thread may call it, except those that run a
 * handler of the server. Since 0.1. */
FSRV_API void fsrv_server_stop(struct fsrv_server *server);

#ifdef __cplusplus
}
#endif

#endif
