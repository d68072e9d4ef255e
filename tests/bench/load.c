/* The client of bench_stall.py and bench_memory.py.
 *
 *   load files FOLDER FILES              writes the files 0.bin, 1.bin, ...
 *   load check PORT FILES                fetches the first and the last and compares each byte
 *   load stall PORT FILES CONNECTIONS LEAST MOST
 *                                        streams all files over so many connections and probes /health beside
 *                                        them, on one connection kept alive and on a new one each time
 *   load readers PORT FILES CONNECTIONS RATE
 *                                        reads so many files at once, RATE bytes/s each, until input ends
 *
 * stall takes LEAST seconds or more, for which it starts over, and MOST at most; without connections it takes
 * LEAST and measures an idle server. Probes are due every 5 ms, and a probe's time begins when it was due:
 * one that had to wait for the answer to its predecessor has waited too, and so have those that were never
 * sent or answered. On a server that is too slow for all of them that grows with the length of the run, so
 * the times since the probes were sent are measured as well. Exit status 1 when a request failed or bytes
 * were wrong. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FILE_SIZE     (UINT64_C(32) << 20)
#define BUFFER_SIZE   (256u << 10)
#define PERIOD        INT64_C(5000000)
#define NS_PER_S      INT64_C(1000000000)
#define MAX_STREAMS   1000
#define MAX_PROBES    1000000
#define SAMPLE_STRIDE (16u << 10)
#define NEVER         INT64_MAX

static unsigned port, n_files;
static int64_t begin, least_end;
static _Atomic int64_t stop_at = NEVER, all_files_at = NEVER, worst_first_byte;
static atomic_uint next_file, n_finished, n_failed;
static _Atomic uint64_t n_bytes;
static atomic_bool has_priority = true;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

static bool is_over(void)
{
	return now() >= atomic_load(&stop_at);
}

static void sleep_until(int64_t moment)
{
	struct timespec time = {(time_t)(moment / NS_PER_S), (long)(moment % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

static void fail(const char *what, unsigned file)
{
	atomic_fetch_add(&n_failed, 1);
	fprintf(stderr, "load: %s: %u.bin\n", what, file);
}

/* Bytes. Each word of a file tells its place and the file. */

static uint64_t word_at(unsigned file, uint64_t offset)
{
	return (offset / 8 + ((uint64_t)file << 40)) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_right(const char *bytes, size_t length, unsigned file, uint64_t offset, size_t stride)
{
	uint64_t word;

	for (size_t at = (8 - offset % 8) % 8; at + 8 <= length; at += stride) {
		memcpy(&word, bytes + at, 8);
		if (word != word_at(file, offset + at))
			return false;
	}
	return true;
}

static bool write_file(const char *folder, unsigned file)
{
	static uint64_t block[BUFFER_SIZE / 8];
	char path[4096];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "%s/%u.bin", folder, file);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	good = fd >= 0;
	for (uint64_t at = 0; at < FILE_SIZE && good; at += sizeof(block)) {
		for (size_t i = 0; i < BUFFER_SIZE / 8; i++)
			block[i] = word_at(file, at + i * 8);
		good = write(fd, block, sizeof(block)) == (ssize_t)sizeof(block);
	}
	if (fd >= 0)
		close(fd);
	return good;
}

/* HTTP. Waits on sockets end from time to time, to see whether the run is over. */

static int open_connection(int receive_buffer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_usec = 20000};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (receive_buffer > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool ask(int fd, const char *target)
{
	char request[128];
	int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", target);

	return fd >= 0 && send(fd, request, (size_t)n, MSG_NOSIGNAL) == n;
}

static bool ask_for_file(int fd, unsigned file)
{
	char target[32];

	snprintf(target, sizeof(target), "/%u.bin", file);
	return ask(fd, target);
}

/* -1 when the connection ended, -2 when the run did. */
static ssize_t receive(int fd, char *buffer, size_t size)
{
	ssize_t n;

	do {
		n = recv(fd, buffer, size, 0);
		if (n > 0)
			return n;
		if (is_over())
			return -2;
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	return -1;
}

/* Reads at least the head of a response into a buffer; returns how much came and the head's length. */
static ssize_t read_head(int fd, char *buffer, size_t size, size_t *head)
{
	size_t held = 0;
	const char *end = NULL;

	while (end == NULL && held < size) {
		ssize_t n = receive(fd, buffer + held, size - held);

		if (n < 0)
			return n;
		held += (size_t)n;
		end = memmem(buffer, held, "\r\n\r\n", 4);
	}
	*head = end == NULL ? 0 : (size_t)(end - buffer) + 4;
	return (ssize_t)held;
}

static bool is_whole_file(char *head, size_t length)
{
	const char *field;

	if (length == 0)
		return false;
	head[length - 1] = '\0';
	field = strcasestr(head, "\r\ncontent-length:");
	return strncmp(head, "HTTP/1.1 200 ", 13) == 0 && field != NULL &&
	       strtoull(field + 17, NULL, 10) == FILE_SIZE;
}

static void note_first_byte(int64_t asked)
{
	int64_t waited = now() - asked, worst = atomic_load(&worst_first_byte);

	while (waited > worst && !atomic_compare_exchange_weak(&worst_first_byte, &worst, waited))
		;
}

/* Asks for a file and waits for its first bytes, which may come long after the head; returns how many. */
static ssize_t begin_fetch(int fd, unsigned file, char *buffer, size_t stride)
{
	int64_t asked = now();
	size_t head = 0;
	ssize_t n = ask_for_file(fd, file) ? read_head(fd, buffer, BUFFER_SIZE, &head) : -1;

	if (n >= 0 && !is_whole_file(buffer, head))
		return -1;
	n -= n < 0 ? 0 : (ssize_t)head;
	if (n == 0) {
		head = 0;
		n = receive(fd, buffer, BUFFER_SIZE);
	}
	note_first_byte(asked);
	return n < 0 || is_right(buffer + head, (size_t)n, file, 0, stride) ? n : -1;
}

/* False when the connection is of no more use; says so unless it is because the run is over. */
static bool fetch(int fd, unsigned file, char *buffer, size_t stride)
{
	ssize_t n = begin_fetch(fd, file, buffer, stride);
	uint64_t at = n < 0 ? 0 : (uint64_t)n;

	while (n >= 0 && at < FILE_SIZE) {
		n = receive(fd, buffer, BUFFER_SIZE);
		if (n > 0 && !is_right(buffer, (size_t)n, file, at, stride))
			n = -1;
		at += n > 0 ? (uint64_t)n : 0;
	}
	atomic_fetch_add(&n_bytes, at);
	if (n == -1 || at > FILE_SIZE)
		fail("no or wrong response", file);
	return n >= 0 && at == FILE_SIZE;
}

static void *stream(void *cls)
{
	char *buffer = malloc(BUFFER_SIZE);
	int fd = open_connection(0);

	(void)cls;
	while (!is_over()) {
		unsigned n = atomic_fetch_add(&next_file, 1);

		if (n >= n_files && now() >= least_end)
			break;
		if (!fetch(fd, n % n_files, buffer, SAMPLE_STRIDE))
			break;
		if (n < n_files && atomic_fetch_add(&n_finished, 1) + 1 == n_files)
			atomic_store(&all_files_at, now());
	}
	close(fd);
	free(buffer);
	return NULL;
}

/* Probes. */

struct series {
	bool keeps_alive;
	struct times {
		size_t n;
		int64_t waited[MAX_PROBES];
	} since_due, since_sent;
};

static void note(struct times *times, int64_t waited)
{
	if (times->n < MAX_PROBES)
		times->waited[times->n++] = waited;
}

static ssize_t probe(struct series *series, int *fd)
{
	char answer[4096];
	size_t head = 0;
	ssize_t n;

	if (*fd < 0)
		*fd = open_connection(0);
	n = ask(*fd, "/health") ? read_head(*fd, answer, sizeof(answer), &head) : -1;
	/* The body is three bytes and may come later. */
	while (n >= 0 && head > 0 && (size_t)n < head + 3) {
		ssize_t more = receive(*fd, answer + n, sizeof(answer) - (size_t)n);

		n = more < 0 ? more : n + more;
	}
	if (n >= 0 && (head == 0 || memcmp(answer + head, "ok\n", 3) != 0))
		n = -1;
	if (!series->keeps_alive || n < 0) {
		close(*fd);
		*fd = -1;
	}
	return n;
}

/* Otherwise the streams' threads, on the same core, would be what is measured. */
static void go_before_streams(void)
{
	struct sched_param first = {.sched_priority = 1};

	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &first) != 0)
		atomic_store(&has_priority, false);
}

static void *probe_until_end(void *cls)
{
	struct series *series = cls;
	int64_t due = begin;
	int fd = -1;
	ssize_t n = 0;

	go_before_streams();
	for (; n != -2; due += PERIOD) {
		int64_t sent;

		sleep_until(due);
		if (is_over())
			break;
		sent = now();
		n = probe(series, &fd);
		note(&series->since_sent, now() - sent);
		note(&series->since_due, now() - due);
		if (n == -1) {
			atomic_fetch_add(&n_failed, 1);
			fputs("load: no or wrong response: /health\n", stderr);
		}
	}
	for (; due < atomic_load(&stop_at); due += PERIOD)
		note(&series->since_due, atomic_load(&stop_at) - due);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void print_times(const char *name, struct times *times)
{
	size_t n = times->n;

	if (n == 0)
		times->waited[n++] = 0;
	qsort(times->waited, n, sizeof(times->waited[0]), compare);
	printf("\"%s\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}, ", name,
	       (double)times->waited[(n + 1) / 2 - 1] / 1e6,
	       (double)times->waited[(n * 99 + 99) / 100 - 1] / 1e6, (double)times->waited[n - 1] / 1e6);
}

static void print_stall(struct series *kept, struct series *fresh, int64_t ended)
{
	int64_t all = atomic_load(&all_files_at);

	putchar('{');
	print_times("kept", &kept->since_due);
	print_times("fresh", &fresh->since_due);
	print_times("kept_sent", &kept->since_sent);
	print_times("fresh_sent", &fresh->since_sent);
	printf("\"first_byte\": %.3f, \"total\": %.3f, \"rate\": %.1f, \"priority\": %s}\n",
	       (double)atomic_load(&worst_first_byte) / 1e6,
	       all == NEVER ? -1.0 : (double)(all - begin) / 1e9,
	       (double)atomic_load(&n_bytes) / 1e6 / ((double)(ended - begin) / 1e9),
	       atomic_load(&has_priority) ? "true" : "false");
}

static int stall(unsigned n_streams, int64_t least, int64_t most)
{
	static struct series kept = {.keeps_alive = true}, fresh;
	pthread_t streams[MAX_STREAMS], probers[2];
	int64_t ended;

	begin = now();
	least_end = begin + least * NS_PER_S;
	atomic_store(&stop_at, begin + (n_streams > 0 ? most : least) * NS_PER_S);
	pthread_create(&probers[0], NULL, probe_until_end, &kept);
	pthread_create(&probers[1], NULL, probe_until_end, &fresh);
	for (unsigned i = 0; i < n_streams; i++)
		pthread_create(&streams[i], NULL, stream, NULL);
	for (unsigned i = 0; i < n_streams; i++)
		pthread_join(streams[i], NULL);
	ended = now();
	if (n_streams > 0 && ended < atomic_load(&stop_at))
		atomic_store(&stop_at, ended);
	pthread_join(probers[0], NULL);
	pthread_join(probers[1], NULL);
	print_stall(&kept, &fresh, ended);
	return atomic_load(&n_failed) == 0 ? 0 : 1;
}

static int check(void)
{
	static char buffer[BUFFER_SIZE];
	int fd = open_connection(0);

	if (fetch(fd, 0, buffer, 8))
		fetch(fd, n_files - 1, buffer, 8);
	close(fd);
	return atomic_load(&n_failed) == 0 ? 0 : 1;
}

/* Slow readers. */

static unsigned read_some(const int *sockets, unsigned n, size_t piece, bool *begun)
{
	static char buffer[BUFFER_SIZE];
	unsigned all = 0;

	for (unsigned i = 0; i < n; i++) {
		ssize_t came = recv(sockets[i], buffer, piece, MSG_DONTWAIT);

		if (came == 0 || (came < 0 && errno != EAGAIN))
			fail("connection lost", i % n_files);
		begun[i] |= came > 0;
		all += begun[i];
		atomic_fetch_add(&n_bytes, came > 0 ? (uint64_t)came : 0);
	}
	return all;
}

static int read_slowly(unsigned n, size_t rate)
{
	static int sockets[MAX_STREAMS];
	static bool begun[MAX_STREAMS];
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	bool said = false;

	for (unsigned i = 0; i < n; i++) {
		sockets[i] = open_connection(64 << 10);
		if (!ask_for_file(sockets[i], i % n_files))
			fail("not asked", i % n_files);
	}
	while (atomic_load(&n_failed) == 0 && poll(&input, 1, 100) == 0) {
		if (read_some(sockets, n, rate / 10, begun) == n && !said) {
			said = true;
			puts("reading");
			fflush(stdout);
		}
	}
	printf("%" PRIu64 "\n", atomic_load(&n_bytes));
	return atomic_load(&n_failed) == 0 ? 0 : 1;
}

static int make_files(const char *folder)
{
	for (unsigned i = 0; i < n_files; i++) {
		if (!write_file(folder, i)) {
			fprintf(stderr, "load: %s: %s\n", folder, strerror(errno));
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned number[7] = {0};

	for (int i = 2; i < argc && i < 7; i++)
		number[i] = (unsigned)strtoul(argv[i], NULL, 10);
	port = number[2];
	n_files = number[3];
	if (argc < 4 || n_files == 0 || number[4] > MAX_STREAMS) {
		fputs("usage: load files|check|stall|readers ...\n", stderr);
		return 2;
	}
	if (strcmp(argv[1], "files") == 0)
		return make_files(argv[2]);
	if (strcmp(argv[1], "check") == 0)
		return check();
	if (strcmp(argv[1], "stall") == 0)
		return stall(number[4], number[5], number[6]);
	return read_slowly(number[4], number[5]);
}
