/* Listening sockets and the URL that leads to them. */
#ifndef FSRV__MHD_LISTENER_H
#define FSRV__MHD_LISTENER_H

#include <netinet/in.h>
#include <stdint.h>

/* "https://[", the longest address, "]:65535/" and a terminator. */
#define FSRV__URL_SIZE (INET6_ADDRSTRLEN + 32)

struct fsrv__listener {
	int fd;          /* the caller's */
	uint64_t identity; /* tells whether fd still means that socket */
	unsigned port;
	char url[FSRV__URL_SIZE]; /* to open in a browser */
};

/* Listens on a numeric IPv4 or IPv6 address; port 0: any free one. The scheme is that of the URL. The kernel
 * probes silent peers of accepted connections (tcp(7), TCP_KEEPIDLE).
 *
 * FSRV_OK, FSRV_ERR_INVALID (the address is not numeric), FSRV_ERR_ADDRESS_IN_USE, FSRV_ERR_SYSTEM (errno) */
int fsrv__listener_open(struct fsrv__listener *listener, const char *scheme, const char *address,
			unsigned port);

/* Closes the socket, unless libmicrohttpd has: it does so on some of its failures and not on others. */
void fsrv__listener_close(const struct fsrv__listener *listener);

#endif
