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

/* The states of a TCP socket whose own end was queued (RFC 9293, 3.3.2). <netinet/tcp.h> has names for these
 * numbers, but cannot be included together with <linux/tcp.h>. */
enum { FIN_WAIT1 = 4, FIN_WAIT2 = 5, TIME_WAIT = 6, LAST_ACK = 9, CLOSING = 11 };

static bool has_queued_end(unsigned state)
{
	return (state >= FIN_WAIT1 && state <= TIME_WAIT) || state == LAST_ACK || state == CLOSING;
}

/* The end takes a number of the sequence, so the kernel counts it like a byte. */
static bool count_acknowledged(int socket, uint64_t *bytes)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return false;
	*bytes = (uint64_t)info.tcpi_bytes_acked - has_queued_end(info.tcpi_state);
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
