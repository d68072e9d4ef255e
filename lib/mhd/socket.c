#include "mhd/socket.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
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

static bool read_info(int socket, struct tcp_info *info, socklen_t *size)
{
	memset(info, 0, sizeof(*info));
	*size = sizeof(*info);
	return getsockopt(socket, IPPROTO_TCP, TCP_INFO, info, size) == 0;
}

/* The end takes a number of the sequence, so the kernel counts it like a byte. */
static bool count_acknowledged(int socket, uint64_t *bytes)
{
	struct tcp_info info;
	socklen_t size;

	if (!read_info(socket, &info, &size))
		return false;
	*bytes = (uint64_t)info.tcpi_bytes_acked - has_queued_end(info.tcpi_state);
	return true;
}

/* For kernels that do not tell what was sent. Bytes that are acknowledged between the two calls would be
 * counted by neither, and a body that left as a whole would seem to be broken off. So the calls are repeated
 * until none comes between them. */
static bool count_by_two_calls(int socket, uint64_t *written)
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

/* Since Linux 4.19 one call tells it: what was sent for the first time, and what was not sent yet. An end
 * that waits to be sent is one of the latter. */
bool fsrv__socket_count_written(int socket, uint64_t *written)
{
	struct tcp_info info;
	socklen_t size;

	if (!read_info(socket, &info, &size))
		return false;
	if (size < offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof(info.tcpi_bytes_retrans))
		return count_by_two_calls(socket, written);
	*written = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
	if (info.tcpi_notsent_bytes > 0)
		*written += info.tcpi_notsent_bytes - has_queued_end(info.tcpi_state);
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
