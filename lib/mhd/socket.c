#include "mhd/socket.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Attempts to find a moment without an acknowledgement between two calls. */
#define MAX_SAMPLES 100

uint64_t fsrv__socket_cookie(int socket)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

static bool count_acknowledged(int socket, uint64_t *bytes)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return false;
	*bytes = (uint64_t)info.tcpi_bytes_acked;
	return true;
}

/* Bytes that are acknowledged between the two calls would be counted by neither, and a body that left as a
 * whole would seem to be broken off. So the calls are repeated until none comes between them. */
bool fsrv__socket_count_written(int socket, uint64_t *written)
{
	uint64_t before, after;
	int queued, n = 0;

	if (!count_acknowledged(socket, &after))
		return false;
	do {
		before = after;
		if (ioctl(socket, SIOCOUTQ, &queued) != 0 || !count_acknowledged(socket, &after))
			return false;
	} while (after != before && ++n < MAX_SAMPLES);
	*written = after + (queued > 0 ? (unsigned)queued : 0);
	return true;
}

/* The cookie of the duplicate counts. That of the number is looked at first because the number may be a file
 * by now, and to close a duplicate of a remote file may wait for a network. */
int fsrv__socket_duplicate(int socket, uint64_t cookie)
{
	int duplicate;

	if (fsrv__socket_cookie(socket) != cookie)
		return -1;
	duplicate = fcntl(socket, F_DUPFD_CLOEXEC, 0);
	if (duplicate >= 0 && fsrv__socket_cookie(duplicate) != cookie) {
		close(duplicate);
		return -1;
	}
	return duplicate;
}
