#include "mhd/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fs/file.h"
#include "fs/system.h"
#include "fsrv/base.h"

/* A connection without a word for so many seconds is probed, so often, and closed without an answer: after
 * two minutes. */
#define KEEP_ALIVE_IDLE     60
#define KEEP_ALIVE_INTERVAL 15
#define KEEP_ALIVE_PROBES   4

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool parse_address(const char *text, unsigned port, union address *address, socklen_t *length)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons((uint16_t)port);
		*length = sizeof(address->v4);
		return true;
	}
	if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons((uint16_t)port);
		*length = sizeof(address->v6);
		return true;
	}
	return false;
}

static int fail(int fd, int result)
{
	fsrv__close_keeping_errno(fd);
	return result;
}

/* Accepted sockets inherit this. A system may refuse it; then peers that vanish are noticed later. */
static void probe_silent_peers(int fd)
{
	const int on = 1;

	fsrv__system_set_probes(fd, KEEP_ALIVE_IDLE, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_PROBES);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

/* The socket is made here and not by libmicrohttpd, which does not tell why it failed. */
static int listen_on(const union address *address, socklen_t length, int *fd)
{
	int on = 1;

	*fd = fsrv__system_make_socket(address->any.sa_family);
	if (*fd < 0)
		return FSRV_ERR_SYSTEM;
	probe_silent_peers(*fd);
	if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(*fd, &address->any, length) == 0 && listen(*fd, SOMAXCONN) == 0)
		return FSRV_OK;
	return fail(*fd, errno == EADDRINUSE ? FSRV_ERR_ADDRESS_IN_USE : FSRV_ERR_SYSTEM);
}

/* A browser cannot open the unspecified address: it gets the loopback address instead. */
static void write_url(struct fsrv__listener *listener, const char *scheme, union address *address)
{
	char host[INET6_ADDRSTRLEN];

	if (address->any.sa_family == AF_INET) {
		if (address->v4.sin_addr.s_addr == htonl(INADDR_ANY))
			address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		listener->port = ntohs(address->v4.sin_port);
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(listener->url, sizeof(listener->url), "%s://%s:%u/", scheme, host, listener->port);
	} else {
		if (IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr))
			address->v6.sin6_addr = in6addr_loopback;
		listener->port = ntohs(address->v6.sin6_port);
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
		snprintf(listener->url, sizeof(listener->url), "%s://[%s]:%u/", scheme, host, listener->port);
	}
}

int fsrv__listener_open(struct fsrv__listener *listener, const char *scheme, const char *address,
			unsigned port)
{
	union address bound;
	socklen_t length;
	int error;

	if (!parse_address(address, port, &bound, &length))
		return FSRV_ERR_INVALID;
	error = listen_on(&bound, length, &listener->fd);
	if (error != FSRV_OK)
		return error;
	listener->identity = fsrv__system_identify_socket(listener->fd);
	if (getsockname(listener->fd, &bound.any, &length) != 0)
		return fail(listener->fd, FSRV_ERR_SYSTEM);
	write_url(listener, scheme, &bound);
	return FSRV_OK;
}

void fsrv__listener_close(const struct fsrv__listener *listener)
{
	if (fsrv__system_identify_socket(listener->fd) == listener->identity)
		close(listener->fd);
}
