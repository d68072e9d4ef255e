/* The client of bench_cpu.py: repeats the request of standard input, and prints how often it was answered.
 *
 *   repeat PORT CONNECTIONS MILLISECONDS STATUS
 *
 * Each connection asks again when it has the whole answer, whose size is that of the first one. Exit status 1
 * when the first answer has another status, or when a connection ends. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 256

static char request[8192], buffer[1 << 20];
static size_t request_size;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int open_connection(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return fd;
}

static bool ask(int fd)
{
	return write(fd, request, request_size) == (ssize_t)request_size;
}

/* The size of an answer with its header section; -1 when it has another status. Reads all of it. */
static long learn(int fd, const char *status)
{
	const char *end, *field;
	size_t have = 0;
	long size;

	if (!ask(fd))
		return -1;
	do {
		ssize_t n = read(fd, buffer + have, sizeof(buffer) - 1 - have);

		if (n <= 0)
			return -1;
		have += (size_t)n;
		buffer[have] = '\0';
	} while ((end = strstr(buffer, "\r\n\r\n")) == NULL);
	if (strncmp(buffer + strlen("HTTP/1.1 "), status, 3) != 0)
		return -1;
	field = strcasestr(buffer, "\r\nContent-Length:");
	size = end - buffer + 4;
	if (field != NULL && field < end && strcmp(status, "304") != 0)
		size += strtol(field + strlen("\r\nContent-Length:"), NULL, 10);
	for (long left = size - (long)have; left > 0;) {
		ssize_t n = read(fd, buffer, sizeof(buffer));

		if (n <= 0)
			return -1;
		left -= n;
	}
	return size;
}

/* The number of answers; -1 when a connection ended, or had more bytes than an answer. */
static long repeat(const int *sockets, int n, long size, double until)
{
	struct epoll_event events[MAX_CONNECTIONS];
	long left[MAX_CONNECTIONS], answers = 0;
	int watch = epoll_create1(EPOLL_CLOEXEC);

	for (int i = 0; i < n; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};

		left[i] = size;
		if (epoll_ctl(watch, EPOLL_CTL_ADD, sockets[i], &event) != 0 || !ask(sockets[i]))
			return -1;
	}
	while (seconds() < until) {
		int ready = epoll_wait(watch, events, n, 100);

		for (int k = 0; k < ready; k++) {
			unsigned i = events[k].data.u32;
			ssize_t got = read(sockets[i], buffer, sizeof(buffer));

			if (got <= 0 || got > left[i])
				return -1;
			left[i] -= got;
			if (left[i] > 0)
				continue;
			left[i] = size;
			answers++;
			if (!ask(sockets[i]))
				return -1;
		}
	}
	return answers;
}

int main(int argc, char **argv)
{
	int sockets[MAX_CONNECTIONS], n;
	long size, answers;

	n = argc == 5 ? atoi(argv[2]) : 0;
	if (n < 1 || n > MAX_CONNECTIONS) {
		fputs("usage: repeat PORT CONNECTIONS MILLISECONDS STATUS\n", stderr);
		return 2;
	}
	request_size = fread(request, 1, sizeof(request), stdin);
	for (int i = 0; i < n; i++)
		if ((sockets[i] = open_connection((unsigned)atoi(argv[1]))) < 0)
			return 1;
	size = learn(sockets[0], argv[4]);
	answers = size > 0 ? repeat(sockets, n, size, seconds() + atof(argv[3]) / 1e3) : -1;
	if (answers < 0)
		return 1;
	printf("%ld\n", answers);
	return 0;
}
