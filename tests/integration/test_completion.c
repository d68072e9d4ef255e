/* The ends of answers: each is told once, with what was sent; and the counters and limits beside that. */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "fs/beneath.h"
#include "fsrv/fsrv.h"
#include "fsrv/server.h"
#include "suite.h"
#include "tree.h"

#define LARGE	   (UINT64_C(1) << 20)
#define HUGE_SIZE  (UINT64_C(32) << 20) /* more than sockets hold */
#define PAGE	   "<!doctype html><title>t</title><body>x"
#define SCRIPT	   "<script>a</script>"
#define MAX_NOTES  16384
#define PATIENCE_MS 30000
#define MAX_ROUNDS  20

/* How a handler is driven: a daemon of the test's own over a socket pair or TCP, or an fsrv_server. */
enum way_kind { PAIR, TCP, SERVER };

struct way {
	enum way_kind kind;
	int mode; /* in daemon_modes, or enum fsrv_server_mode */
	enum fsrv_body body;
	bool is_told;
	char name[96];
};

static const struct {
	const char *name;
	enum way_kind kind;
	enum fsrv_body body;
	bool is_told;
} shapes[] = {
	{"pair, auto", PAIR, FSRV_BODY_AUTO, false},
	{"TCP, auto, told", TCP, FSRV_BODY_AUTO, true},
	{"TCP, zero copy", TCP, FSRV_BODY_ZERO_COPY, false},
	{"TCP, zero copy, told", TCP, FSRV_BODY_ZERO_COPY, true},
};

static const char *const server_modes[] = {"thread", "epoll", "pool"};
static const char *const body_names[] = {"auto", "zero copy", "reader"};

#define N_OWN	   (N_MODES * LEN(shapes))
#define N_SERVERS  (LEN(server_modes) * LEN(body_names))
#define N_WAYS	   (N_OWN + N_SERVERS)

static struct tree tree;
static struct fsrv *fs;
static struct fsrv_options options;
static const char *roots[1];
static struct way way;
static struct test_daemon service;
static struct fsrv_server *server;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct fsrv_access accesses[MAX_NOTES];
static struct fsrv_completion completions[MAX_NOTES];
static char completed_path[64];
static unsigned n_accesses, n_completions;

/* Calls of libmicrohttpd that go well until one fails, for want of memory; -1: all go well. */
static atomic_int fields_left = -1, responses_left = -1, queueings_left = -1;

static bool is_to_fail(atomic_int *left)
{
	return atomic_load(left) >= 0 && atomic_fetch_sub(left, 1) == 0;
}

/* The function of libmicrohttpd that one of those below stands in for. */
#define CALL_REAL(name, ...)                                                                                 \
	do {                                                                                                 \
		void *symbol = dlsym(RTLD_NEXT, #name);                                                      \
		__typeof__(&name) real;                                                                      \
                                                                                                             \
		memcpy(&real, &symbol, sizeof(real));                                                        \
		return real(__VA_ARGS__);                                                                    \
	} while (false)

enum MHD_Result MHD_add_response_header(struct MHD_Response *response, const char *header,
					const char *content)
{
	if (is_to_fail(&fields_left))
		return MHD_NO;
	CALL_REAL(MHD_add_response_header, response, header, content);
}

struct MHD_Response *MHD_create_response_from_fd_at_offset64(uint64_t size, int fd, uint64_t offset)
{
	if (is_to_fail(&responses_left))
		return NULL;
	CALL_REAL(MHD_create_response_from_fd_at_offset64, size, fd, offset);
}

struct MHD_Response *MHD_create_response_from_callback(uint64_t size, size_t block_size,
						       MHD_ContentReaderCallback crc, void *crc_cls,
						       MHD_ContentReaderFreeCallback crfc)
{
	if (is_to_fail(&responses_left))
		return NULL;
	CALL_REAL(MHD_create_response_from_callback, size, block_size, crc, crc_cls, crfc);
}

/* By its symbol alone, because the buffer is const in the header from libmicrohttpd 1.0 on. */
struct MHD_Response *create_from_buffer(size_t size, void *buffer, MHD_ContentReaderFreeCallback crfc,
					void *crfc_cls)
	__asm__("MHD_create_response_from_buffer_with_free_callback_cls");

struct MHD_Response *create_from_buffer(size_t size, void *buffer, MHD_ContentReaderFreeCallback crfc,
					void *crfc_cls)
{
	if (is_to_fail(&responses_left))
		return NULL;
	CALL_REAL(MHD_create_response_from_buffer_with_free_callback_cls, size, buffer, crfc, crfc_cls);
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status_code,
				   struct MHD_Response *response)
{
	if (is_to_fail(&queueings_left))
		return MHD_NO;
	CALL_REAL(MHD_queue_response, connection, status_code, response);
}

static atomic_uint n_questions; /* to a socket */

int getsockopt(int socket, int level, int name, void *value, socklen_t *size)
{
	atomic_fetch_add(&n_questions, 1);
	CALL_REAL(getsockopt, socket, level, name, value, size);
}

static void note_access(void *cls, const struct fsrv_access *access)
{
	(void)cls;
	pthread_mutex_lock(&mutex);
	if (n_accesses < MAX_NOTES)
		accesses[n_accesses++] = *access;
	pthread_mutex_unlock(&mutex);
}

static void note_completion(void *cls, const struct fsrv_completion *completion)
{
	(void)cls;
	pthread_mutex_lock(&mutex);
	if (n_completions < MAX_NOTES)
		completions[n_completions++] = *completion;
	snprintf(completed_path, sizeof(completed_path), "%s",
		 completion->path != NULL ? completion->path : "(none)");
	pthread_mutex_unlock(&mutex);
}

static unsigned count_completions(void)
{
	unsigned n;

	pthread_mutex_lock(&mutex);
	n = n_completions;
	pthread_mutex_unlock(&mutex);
	return n;
}

static void wait_for_completions(unsigned n)
{
	for (int waited = 0; waited < PATIENCE_MS && count_completions() < n; waited += 2)
		usleep(2000);
	ck_assert_msg(count_completions() == n, "%s: %u completions, not %u", way.name, count_completions(),
		      n);
}

static void choose_way(int number)
{
	int shape = number / N_MODES;

	if (number < N_OWN) {
		way = (struct way){shapes[shape].kind, number % N_MODES, shapes[shape].body,
				   shapes[shape].is_told, ""};
		snprintf(way.name, sizeof(way.name), "%s, %s", daemon_modes[way.mode].name,
			 shapes[shape].name);
		return;
	}
	number -= N_OWN;
	way = (struct way){SERVER, number % LEN(server_modes), (enum fsrv_body)(number / LEN(server_modes)),
			   true, ""};
	snprintf(way.name, sizeof(way.name), "server, %s, %s", server_modes[way.mode], body_names[way.body]);
}

/* One tree for all: nobody writes to it. */
static void make_files(void)
{
	tree_make(&tree);
	tree_write_text(&tree, "small.txt", "small");
	tree_write_text(&tree, "empty", "");
	tree_write_text(&tree, "page.html", PAGE);
	tree_write_text(&tree, "folder/x", "x");
	tree_write_pattern(&tree, "large", LARGE);
	tree_write_text(&tree, "huge", "");
	ck_assert_int_eq(truncate(tree_path(&tree, "huge"), (off_t)HUGE_SIZE), 0);
}

static void remove_files(void)
{
	tree_remove(&tree);
}

static void set_up(void)
{
	roots[0] = tree.path;
	options = (struct fsrv_options){.size = sizeof(options), .roots = roots, .n_roots = 1,
					.access = note_access, .completion = note_completion};
	fs = NULL;
	server = NULL;
	n_accesses = n_completions = 0;
	choose_way(N_OWN);
}

/* Ways that are gone through by one process, since each costs the time of a dozen requests. */
#define WAYS_AT_ONCE 13
#define N_PARTS	     ((N_WAYS + WAYS_AT_ONCE - 1) / WAYS_AT_ONCE)

static void for_some_ways(int part, void (*check)(int number))
{
	for (int number = part * WAYS_AT_ONCE; number < (part + 1) * WAYS_AT_ONCE && number < N_WAYS;
	     number++) {
		set_up();
		choose_way(number);
		check(number);
	}
}

static void serve(void)
{
	struct fsrv_server_options own = {.size = sizeof(own), .mode = (enum fsrv_server_mode)way.mode,
					  .threads = 2};

	options.body = way.body;
	options.flags |= way.kind == TCP && way.is_told ? FSRV_COMPLETION_IS_TOLD : 0;
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	if (way.kind == SERVER)
		ck_assert_int_eq(fsrv_server_start(fs, &own, &server), FSRV_OK);
	else if (way.kind == TCP)
		daemon_start(&service, &daemon_modes[way.mode], fsrv_handle, fs, options.flags);
	else
		daemon_start(&service, &daemon_modes[way.mode], fsrv_handle, fs, 0);
}

static int connect_to_it(void)
{
	if (way.kind == SERVER)
		return client_connect(fsrv_server_port(server));
	return way.kind == TCP ? daemon_connect_tcp(&service) : daemon_connect(&service);
}

static void stop(void)
{
	if (way.kind == SERVER) {
		fsrv_server_stop(server);
	} else {
		daemon_stop(&service);
	}
	fsrv_free(fs);
	fs = NULL;
}

static struct fsrv_stats stats_now(void)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	return stats;
}

/* Each answer was told once when it began and once when it ended, and the numbers pair. */
static void check_pairs(void)
{
	ck_assert_msg(n_accesses == n_completions, "%s: %u answers, %u ends", way.name, n_accesses,
		      n_completions);
	for (unsigned i = 0; i < n_accesses; i++) {
		unsigned found = 0;

		for (unsigned j = 0; j < n_accesses; j++)
			ck_assert_msg(i == j || accesses[i].request != accesses[j].request,
				      "%s: number %llu twice",
				      way.name, (unsigned long long)accesses[i].request);
		for (unsigned j = 0; j < n_completions; j++) {
			if (completions[j].request != accesses[i].request)
				continue;
			found++;
			ck_assert_uint_eq(completions[j].status, accesses[i].status);
			ck_assert_uint_eq(completions[j].offset, accesses[i].offset);
			ck_assert_uint_eq(completions[j].length, accesses[i].length);
		}
		ck_assert_uint_eq(found, 1);
	}
}

static const struct {
	const char *name;
	const char *method, *target, *fields;
	unsigned status;
	uint64_t offset, length;
	const char *path;
} answers[] = {
	{"small file", "GET", "/small.txt", "", 200, 0, 5, "small.txt"},
	{"empty file", "GET", "/empty", "", 200, 0, 0, "empty"},
	{"large file", "GET", "/large", "", 200, 0, LARGE, "large"},
	{"small range", "GET", "/large", "Range: bytes=1000-1999\r\n", 206, 1000, 1000, "large"},
	{"large range", "GET", "/large", "Range: bytes=4097-500000\r\n", 206, 4097, 495904, "large"},
	{"range of a small file", "GET", "/small.txt", "Range: bytes=-2\r\n", 206, 3, 2, "small.txt"},
	{"large file again", "GET", "/large", "", 200, 0, LARGE, "large"},
	{"304", "GET", "/large", "If-None-Match: *\r\n", 304, 0, 0, "large"},
	{"412", "GET", "/large", "If-Match: \"x\"\r\n", 412, 0, 0, "large"},
	{"416", "GET", "/small.txt", "Range: bytes=99-\r\n", 416, 0, 0, "small.txt"},
	{"HEAD of a large file", "HEAD", "/large", "", 200, 0, 0, "large"},
	{"HEAD of a small file", "HEAD", "/small.txt", "", 200, 0, 0, "small.txt"},
	{"404", "GET", "/none", "", 404, 0, 0, "(none)"},
	{"400", "GET", "/a%5Cb", "", 400, 0, 0, "(none)"},
	{"308", "GET", "/folder", "", 308, 0, 0, "(none)"},
	{"204", "OPTIONS", "/small.txt", "", 204, 0, 0, "(none)"},
	{"page with scripts", "GET", "/page.html", "", 200, 0, sizeof(PAGE SCRIPT) - 1, "page.html"},
	{"page with scripts again", "GET", "/page.html", "", 200, 0, sizeof(PAGE SCRIPT) - 1, "page.html"},
	{"range of a page", "GET", "/page.html", "Range: bytes=2-5\r\n", 206, 2, 4, "page.html"},
	{"HEAD of a page", "HEAD", "/page.html", "", 200, 0, 0, "page.html"},
	{"large file at the end", "GET", "/large", "Connection: close\r\n", 200, 0, LARGE, "large"},
	{"small file at the end", "GET", "/small.txt", "Connection: close\r\n", 200, 0, 5, "small.txt"},
	{"405 at the end", "POST", "/small.txt", "Content-Length: 0\r\n", 405, 0, 0, "(none)"},
};

static void ask(struct client *client, int row)
{
	struct reply reply;

	client_ask(client, answers[row].method, answers[row].target, answers[row].fields, &reply);
	ck_assert_msg(reply.status == (int)answers[row].status && reply.whole, "%s, %s: %d", way.name,
		      answers[row].name, reply.status);
	if (answers[row].length > 0)
		ck_assert_uint_eq(reply.length, answers[row].length);
	client_reply_free(&reply);
}

static void check_completion(int row)
{
	const struct fsrv_completion *end = &completions[n_completions - 1];

	ck_assert_msg(end->status == answers[row].status && end->offset == answers[row].offset &&
			      end->length == answers[row].length,
		      "%s, %s: %u, %llu at %llu", way.name, answers[row].name, end->status,
		      (unsigned long long)end->length, (unsigned long long)end->offset);
	ck_assert_msg(end->sent == end->length && end->ending == FSRV_ENDING_COMPLETE,
		      "%s, %s: sent %llu, ending %d",
		      way.name, answers[row].name, (unsigned long long)end->sent, (int)end->ending);
	ck_assert_str_eq(completed_path, answers[row].path);
	ck_assert_uint_gt(end->nanoseconds, 0);
	ck_assert_uint_lt(end->nanoseconds, UINT64_C(60) * 1000000000);
}

/* A body that leaves by sendfile(2) may end before it is known to when nobody tells. */
static bool has_exact_end(int row)
{
	return way.is_told || way.body != FSRV_BODY_ZERO_COPY ||
	       (way.kind == TCP && strstr(answers[row].fields, "close") == NULL);
}

static void check_each_end(int number)
{
	struct client client;

	(void)number;
	serve();
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_BODY_END, SCRIPT,
						strlen(SCRIPT)),
			 FSRV_OK);
	client_open(&client, connect_to_it());
	for (int row = 0; row < LEN(answers); row++) {
		ask(&client, row);
		wait_for_completions((unsigned)row + 1);
		if (answers[row].length <= 65536 || has_exact_end(row))
			check_completion(row);
		if (strstr(answers[row].fields, "close") == NULL)
			continue;
		client_close(&client);
		client_open(&client, connect_to_it());
	}
	client_close(&client);
	check_pairs();
	ck_assert_uint_eq(stats_now().requests, LEN(answers));
	stop();
	ck_assert_uint_eq(count_completions(), LEN(answers));
}

START_TEST(tells_each_end_once)
{
	for_some_ways(_i, check_each_end);
}
END_TEST

/* The socket is asked once before the content and once after it, except for bodies by sendfile(2), and when a
 * connection or a lookup is to be known again. */
static void check_questions(unsigned n_answers)
{
	uint64_t most = 2 * n_answers + 4 * stats_now().cold_lookups + 4;

	if (way.kind == SERVER && way.mode != FSRV_SERVER_THREAD)
		ck_assert_msg(atomic_load(&n_questions) <= most, "%s: %u questions for %u answers", way.name,
			      atomic_load(&n_questions), n_answers);
}

/* The same without waiting for one end before the next request. */
static void check_requests_in_a_row(int number)
{
	struct client client;
	const int rows[] = {0, 2, 4, 2, 7, 2, 3, 12, 2, 0};

	(void)number;
	atomic_store(&n_questions, 0);
	serve();
	client_open(&client, connect_to_it());
	for (int i = 0; i < LEN(rows); i++)
		ask(&client, rows[i]);
	client_close(&client);
	wait_for_completions(LEN(rows));
	check_questions(LEN(rows));
	check_pairs();
	for (int i = 0; i < LEN(rows) - 1; i++)
		ck_assert_msg(completions[i].ending == FSRV_ENDING_COMPLETE &&
			      completions[i].sent == completions[i].length,
			      "%s: ending %d", way.name, completions[i].ending);
	stop();
	ck_assert_uint_eq(count_completions(), LEN(rows));
}

START_TEST(tells_the_ends_of_requests_in_a_row)
{
	for_some_ways(_i, check_requests_in_a_row);
}
END_TEST

/* Asks for the huge file and reads at least so many bytes of its content; returns how many. */
static uint64_t read_some(int socket, uint64_t least)
{
	static const char request[] = "GET /huge HTTP/1.1\r\nHost: localhost\r\n\r\n";
	static char buffer[65536];
	const char *content;
	uint64_t n_read = 0;
	ssize_t n;

	ck_assert_int_eq(send(socket, request, sizeof(request) - 1, 0), sizeof(request) - 1);
	n = recv(socket, buffer, sizeof(buffer), 0);
	content = n > 0 ? memmem(buffer, (size_t)n, "\r\n\r\n", 4) : NULL;
	ck_assert_ptr_nonnull(content);
	n_read = (uint64_t)(buffer + n - (content + 4));
	while (n_read < least) {
		n = recv(socket, buffer, sizeof(buffer), 0);
		ck_assert_int_gt(n, 0);
		n_read += (uint64_t)n;
	}
	return n_read;
}

static bool uses_sendfile(void)
{
	if (way.kind == SERVER)
		return way.mode == FSRV_SERVER_THREAD && way.body != FSRV_BODY_READER;
	return way.body == FSRV_BODY_ZERO_COPY && (daemon_modes[way.mode].flags & MHD_USE_POLL) != 0;
}

static void leave_early(int number)
{
	int socket;
	uint64_t n_read;

	(void)number;
	serve();
	socket = connect_to_it();
	n_read = read_some(socket, 300000);
	close(socket);
	wait_for_completions(1);
	ck_assert_msg(completions[0].ending == FSRV_ENDING_ABORTED, "%s: ending %d", way.name,
		      completions[0].ending);
	ck_assert_msg(completions[0].sent < HUGE_SIZE, "%s: all sent", way.name);
	/* The guard looks four times a second: what was sent after its last look is not known. */
	if (way.is_told || !uses_sendfile())
		ck_assert_msg(completions[0].sent >= n_read, "%s: sent %llu, read %llu", way.name,
			      (unsigned long long)completions[0].sent, (unsigned long long)n_read);
	check_pairs();
	ck_assert_uint_eq(stats_now().live_bodies, 0);
	ck_assert_uint_eq(stats_now().bytes, completions[0].sent);
	stop();
	ck_assert_uint_eq(count_completions(), 1);
}

START_TEST(tells_that_a_client_went_away)
{
	for_some_ways(_i, leave_early);
}
END_TEST

/* The next client gets the same descriptor number before anybody has seen that the first is gone. */
static void use_a_descriptor_again(int number)
{
	struct client client;
	struct reply reply;
	int socket;

	(void)number;
	serve();
	for (unsigned i = 0; i < 2; i++) {
		socket = connect_to_it();
		read_some(socket, 300000);
		close(socket);
		usleep(20000);
		client_open(&client, connect_to_it());
		client_ask(&client, "GET", "/small.txt", "", &reply);
		ck_assert_int_eq(reply.status, 200);
		client_reply_free(&reply);
		client_close(&client);
		wait_for_completions(2 * i + 2);
	}
	for (unsigned i = 0; i < n_completions; i++)
		ck_assert_msg(completions[i].length < HUGE_SIZE ||
			      completions[i].ending == FSRV_ENDING_ABORTED,
			      "%s: ending %d, sent %llu", way.name, completions[i].ending,
			      (unsigned long long)completions[i].sent);
	check_pairs();
	stop();
}

START_TEST(is_not_misled_by_a_descriptor_that_is_used_again)
{
	for_some_ways(_i, use_a_descriptor_again);
}
END_TEST

/* With a thread for each connection and select(2), stopping a daemon whose client does not read takes for
 * ever on a socket pair: that is libmicrohttpd's. */
#define BLOCKING_MODE 6

/* Stopping the daemon is an end as well. */
static void stop_in_the_middle(int number)
{
	int socket;

	(void)number;
	if (way.kind == PAIR && way.mode == BLOCKING_MODE)
		return;
	serve();
	socket = connect_to_it();
	read_some(socket, 100000);
	ck_assert_uint_eq(count_completions(), 0);
	stop();
	ck_assert_uint_eq(count_completions(), 1);
	check_pairs();
	ck_assert_uint_ne(completions[0].ending, FSRV_ENDING_COMPLETE);
	ck_assert_uint_lt(completions[0].sent, HUGE_SIZE);
	close(socket);
}

START_TEST(tells_the_ends_of_what_was_stopped)
{
	for_some_ways(_i, stop_in_the_middle);
}
END_TEST

/* A daemon may leave Date away, and headers come in other lengths. */
static const struct {
	const char *name;
	unsigned flags;
	const char *version, *fields;
} headers[] = {
	{"no Date", MHD_USE_SUPPRESS_DATE_NO_CLOCK, "1.1", "Host: localhost\r\n"},
	{"HTTP/1.0", 0, "1.0", ""},
	{"HTTP/1.0, kept alive", 0, "1.0", "Connection: Keep-Alive\r\n"},
	{"closed", 0, "1.1", "Host: localhost\r\nConnection: close\r\n"},
};

START_TEST(counts_behind_any_header)
{
	static const char *const names[] = {"small.txt", "large"};
	struct daemon_mode mode = daemon_modes[2 + _i % 2];
	struct client client;
	struct reply reply;
	char request[128];

	mode.flags |= headers[_i / 2].flags;
	options.body = FSRV_BODY_READER;
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &mode, fsrv_handle, fs, 0);
	for (unsigned i = 0; i < 2; i++) {
		client_open(&client, daemon_connect_tcp(&service));
		snprintf(request, sizeof(request), "GET /%s HTTP/%s\r\n%s\r\n", names[i],
			 headers[_i / 2].version, headers[_i / 2].fields);
		ck_assert(client_send_text(&client, request));
		client_read(&client, true, &reply);
		ck_assert(reply.whole && reply.length > 0);
		client_reply_free(&reply);
		wait_for_completions(i + 1);
		client_close(&client);
		ck_assert_msg(completions[i].sent == completions[i].length &&
				      completions[i].ending == FSRV_ENDING_COMPLETE,
			      "%s, %s: sent %llu of %llu", headers[_i / 2].name, names[i],
			      (unsigned long long)completions[i].sent,
			      (unsigned long long)completions[i].length);
	}
	daemon_stop(&service);
	fsrv_free(fs);
}
END_TEST

static const struct {
	const char *name;
	atomic_int *left;
	int n_good;
	bool is_answered; /* by 503 */
} failures[] = {
	{"no response", &responses_left, 0, true},
	{"a response without its last field", &fields_left, 1, true},
	{"a response that is not queued", &queueings_left, 0, false},
};

/* Only what was queued is an answer. */
static void expect_failure(struct client *client, const char *target, int row)
{
	struct reply reply;
	char line[32];

	snprintf(line, sizeof(line), "/%s", target);
	atomic_store(failures[row].left, failures[row].n_good);
	client_ask(client, "GET", line, "", &reply);
	ck_assert_msg(atomic_load(failures[row].left) < 0 &&
			      reply.status == (failures[row].is_answered ? 503 : 0),
		      "%s, %s, %s: %d", way.name, target, failures[row].name, reply.status);
	client_reply_free(&reply);
	client_close(client);
	wait_for_completions(failures[row].is_answered);
	ck_assert_msg(n_accesses == failures[row].is_answered, "%s, %s, %s: %u answers", way.name, target,
		      failures[row].name, n_accesses);
	if (failures[row].is_answered)
		ck_assert_uint_eq(accesses[0].status, 503);
	ck_assert_uint_eq(stats_now().requests, failures[row].is_answered);
}

static void fail_an_answer(int number)
{
	static const char *const targets[] = {"large", "small.txt", "none"};
	struct client client;
	struct reply reply;

	for (int i = 0; i < LEN(targets) * LEN(failures); i++) {
		set_up();
		choose_way(number);
		serve();
		client_open(&client, connect_to_it());
		expect_failure(&client, targets[i % LEN(targets)], i / LEN(targets));
		client_open(&client, connect_to_it());
		client_ask(&client, "GET", "/small.txt", "", &reply);
		ck_assert_int_eq(reply.status, 200);
		client_reply_free(&reply);
		client_close(&client);
		wait_for_completions(failures[i / LEN(targets)].is_answered + 1U);
		check_pairs();
		ck_assert_msg(stats_now().live_bodies == 0 && stats_now().open_files == 0 &&
				      stats_now().bytes == 5,
			      "%s, %s, %s: %u bodies, %u files, %u bytes", way.name,
			      targets[i % LEN(targets)], failures[i / LEN(targets)].name,
			      (unsigned)stats_now().live_bodies, (unsigned)stats_now().open_files,
			      (unsigned)stats_now().bytes);
		stop();
		check_pairs();
	}
}

START_TEST(tells_nothing_of_an_answer_that_failed)
{
	for_some_ways(_i, fail_an_answer);
}
END_TEST

static enum MHD_Result say_teapot(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload_data,
				  size_t *upload_data_size, void **con_cls)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, cls, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued = MHD_queue_response(connection, 418, response);

	(void)url;
	(void)method;
	(void)version;
	(void)upload_data;
	(void)upload_data_size;
	(void)con_cls;
	MHD_destroy_response(response);
	return queued;
}

/* What somebody else answers is neither told nor counted. */
START_TEST(leaves_the_fallback_out)
{
	static char nothing[1];
	struct client client;
	struct reply reply;
	struct fsrv_stats stats;

	choose_way(N_OWN + _i);
	options.fallback = say_teapot;
	options.fallback_cls = nothing;
	serve();
	client_open(&client, connect_to_it());
	for (int i = 0; i < 4; i++) {
		client_ask(&client, "GET", i % 2 == 0 ? "/none" : "/small.txt", "", &reply);
		ck_assert_int_eq(reply.status, i % 2 == 0 ? 418 : 200);
		client_reply_free(&reply);
	}
	client_close(&client);
	wait_for_completions(2);
	check_pairs();
	stats = stats_now();
	ck_assert_uint_eq(stats.requests, 2);
	ck_assert_uint_eq(stats.responses[200], 2);
	stop();
}
END_TEST

#define N_CLIENTS  4
#define N_REQUESTS 100

static atomic_bool stop_adding;

static void *ask_often(void *cls)
{
	struct client *client = malloc(sizeof(*client));
	struct reply reply;

	ck_assert_ptr_nonnull(client);
	client_open(client, *(int *)cls);
	for (int i = 0; i < N_REQUESTS; i++) {
		client_ask(client, "GET", i % 2 == 0 ? "/page.html" : "/large",
			   i % 4 == 1 ? "Range: bytes=9-60000\r\n" : "", &reply);
		ck_assert(reply.status < 300 && reply.whole);
		client_reply_free(&reply);
	}
	client_close(client);
	free(client);
	return NULL;
}

static void *add_often(void *cls)
{
	(void)cls;
	while (!atomic_load(&stop_adding)) {
		fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_BODY_END, "<i>", 3);
		usleep(3000);
	}
	return NULL;
}

/* Pages that are made anew all the time suspend connections, where that is possible. */
START_TEST(tells_each_end_once_under_load)
{
	pthread_t threads[N_CLIENTS], adder;
	int sockets[N_CLIENTS];

	choose_way(N_OWN + _i);
	serve();
	atomic_store(&stop_adding, false);
	ck_assert_int_eq(pthread_create(&adder, NULL, add_often, NULL), 0);
	for (int i = 0; i < N_CLIENTS; i++) {
		sockets[i] = connect_to_it();
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, &sockets[i]), 0);
	}
	for (int i = 0; i < N_CLIENTS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&stop_adding, true);
	pthread_join(adder, NULL);
	wait_for_completions(N_CLIENTS * N_REQUESTS);
	check_pairs();
	for (unsigned i = 0; i < n_completions; i++)
		ck_assert_msg(completions[i].ending == FSRV_ENDING_COMPLETE &&
			      completions[i].sent == completions[i].length,
			      "%s: ending %d, sent %llu of %llu", way.name, completions[i].ending,
			      (unsigned long long)completions[i].sent,
			      (unsigned long long)completions[i].length);
	ck_assert_uint_eq(stats_now().requests, N_CLIENTS * N_REQUESTS);
	ck_assert_uint_eq(stats_now().live_bodies, 0);
	stop();
}
END_TEST

static void expect_status(const char *target, const char *fields, int status)
{
	struct client client;
	struct reply reply;

	client_open(&client, connect_to_it());
	client_ask(&client, "GET", target, fields, &reply);
	ck_assert_msg(reply.status == status, "%s, %s: %d", way.name, target, reply.status);
	if (status == 503)
		ck_assert_ptr_nonnull(client_field(&reply, "Retry-After"));
	client_reply_free(&reply);
	client_close(&client);
}

static void wait_for_no_body(void)
{
	for (int waited = 0; waited < PATIENCE_MS && stats_now().live_bodies + stats_now().open_files > 0;
	     waited += 5)
		usleep(5000);
	ck_assert_msg(stats_now().live_bodies == 0, "%s: %llu bodies", way.name,
		      (unsigned long long)stats_now().live_bodies);
	ck_assert_msg(stats_now().open_files == 0, "%s: %llu files", way.name,
		      (unsigned long long)stats_now().open_files);
}

static void count_bodies(int number)
{
	int sockets[3];
	uint64_t n_read = 0;

	(void)number;
	options.completion = NULL;
	serve();
	for (int i = 0; i < LEN(sockets); i++) {
		sockets[i] = connect_to_it();
		n_read += read_some(sockets[i], 1000);
		ck_assert_uint_eq(stats_now().live_bodies, (unsigned)i + 1);
		ck_assert_uint_eq(stats_now().open_files, (unsigned)i + 1);
		ck_assert_uint_eq(stats_now().bytes, 0);
	}
	expect_status("/small.txt", "", 200);
	ck_assert_uint_eq(stats_now().live_bodies, 3);
	for (int i = 0; i < LEN(sockets); i++)
		close(sockets[i]);
	wait_for_no_body();
	if (way.is_told)
		ck_assert_uint_ge(stats_now().bytes, n_read + 5);
	ck_assert_uint_lt(stats_now().bytes, 3 * HUGE_SIZE);
	stop();
}

START_TEST(counts_what_is_on_its_way)
{
	for_some_ways(_i, count_bodies);
}
END_TEST

static const struct {
	const char *name;
	unsigned max_bodies, max_files;
	int small; /* what a small file that is not kept gets meanwhile */
} limits[] = {
	{"bodies", 2, 0, 200},
	{"files", 0, 2, 503},
	{"both", 2, 2, 503},
};

static void reach_the_limit(int number)
{
	int row = number % LEN(limits);
	int sockets[2];
	uint64_t n_refused = limits[row].small == 503 ? 3 : 2;

	options.completion = NULL;
	options.max_bodies = limits[row].max_bodies;
	options.max_files = limits[row].max_files;
	serve();
	for (int i = 0; i < LEN(sockets); i++) {
		sockets[i] = connect_to_it();
		read_some(sockets[i], 1000);
	}
	expect_status("/huge", "", 503);
	expect_status("/large", "Range: bytes=5-100000\r\n", 503);
	expect_status("/small.txt", "", limits[row].small);
	expect_status("/none", "", limits[row].small == 503 ? 503 : 404);
	n_refused += limits[row].small == 503;
	ck_assert_msg(stats_now().refused == n_refused, "%s, %s: %llu refused", way.name, limits[row].name,
		      (unsigned long long)stats_now().refused);
	ck_assert_uint_eq(stats_now().responses[503], n_refused);
	close(sockets[0]);
	for (int waited = 0; waited < PATIENCE_MS && stats_now().live_bodies + stats_now().open_files > 2;
	     waited += 5)
		usleep(5000);
	expect_status("/large", "", 200);
	ck_assert_uint_eq(stats_now().refused, n_refused);
	close(sockets[1]);
	wait_for_no_body();
	stop();
}

START_TEST(refuses_beyond_the_limit)
{
	for_some_ways(_i, reach_the_limit);
}
END_TEST

/* Where no option asks for it. */
static bool way_sends_files(void)
{
	unsigned needed = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;

	return (daemon_modes[way.mode].flags & needed) == needed;
}

/* Asks for everything once, in a way that the end of each body is known after it. */
static void ask_for_all(unsigned n_answers[600], uint64_t *bytes)
{
	struct client client;

	client_open(&client, connect_to_it());
	for (int row = 0; row < LEN(answers); row++) {
		if (strstr(answers[row].name, "end") != NULL || strstr(answers[row].name, "page") != NULL)
			continue;
		ask(&client, row);
		ask(&client, 0);
		n_answers[answers[row].status]++;
		n_answers[200]++;
		*bytes += answers[row].length + 5;
	}
	client_close(&client);
	wait_for_no_body();
}

/* The first round may find names that are not in memory. Later ones do only when the kernel makes a caller
 * wait for another reason: when something is mounted at that moment, for example. Without openat2, as in
 * valgrind, the kernel does not tell which names are in memory, and workers look up those that are not
 * kept. */
static void count_answers(int number)
{
	unsigned expected[600] = {0};
	struct fsrv_stats first, stats;
	uint64_t bytes = 0;
	int rounds = 0;

	(void)number;
	options.completion = NULL;
	/* A pair does not tell what was written, and then the guard, which may be the first to see that a
	 * body has ended, counts nothing. */
	if (way.kind == PAIR && way_sends_files())
		way.kind = TCP;
	serve();
	stats = stats_now();
	do {
		first = stats;
		ask_for_all(expected, &bytes);
		stats = stats_now();
	} while (stats.suspends != first.suspends && ++rounds < MAX_ROUNDS);
	for (int status = 0; status < LEN(expected); status++)
		ck_assert_msg(stats.responses[status] == expected[status], "%s, %d: %llu", way.name, status,
			      (unsigned long long)stats.responses[status]);
	ck_assert_msg(stats.bytes == bytes, "%s: %llu bytes of %llu", way.name,
		      (unsigned long long)stats.bytes, (unsigned long long)bytes);
	if (!SYSTEM_IS_PORTABLE) /* there every read is one of a worker's */
		ck_assert_uint_eq(stats.cold_reads, first.cold_reads);
	if (fsrv__has_openat2()) {
		ck_assert_uint_eq(stats.cold_lookups, first.cold_lookups);
		ck_assert_uint_eq(stats.suspends, first.suspends);
	}
	ck_assert_uint_eq(stats.cut_connections + stats.refused, 0);
	stop();
}

START_TEST(counts_what_was_answered)
{
	for_some_ways(_i, count_answers);
}
END_TEST

START_TEST(writes_as_many_counters_as_there_is_room_for)
{
	struct {
		struct fsrv_stats known;
		uint64_t more[4];
	} longer;
	struct fsrv_stats shorter;

	serve();
	expect_status("/small.txt", "", 200);
	expect_status("/none", "", 404);
	memset(&longer, 0x55, sizeof(longer));
	longer.known.size = sizeof(longer);
	ck_assert_int_eq(fsrv_stats(fs, &longer.known), FSRV_OK);
	ck_assert_uint_eq(longer.known.size, sizeof(longer));
	ck_assert_uint_eq(longer.known.requests, 2);
	for (int i = 0; i < LEN(longer.more); i++)
		ck_assert_uint_eq(longer.more[i], 0);
	memset(&shorter, 0x55, sizeof(shorter));
	shorter.size = offsetof(struct fsrv_stats, responses[405]);
	ck_assert_int_eq(fsrv_stats(fs, &shorter), FSRV_OK);
	ck_assert_uint_eq(shorter.responses[404], 1);
	ck_assert_uint_eq(shorter.responses[405], UINT64_C(0x5555555555555555));
	shorter.size = sizeof(shorter.size);
	shorter.requests = 77;
	ck_assert_int_eq(fsrv_stats(fs, &shorter), FSRV_OK);
	ck_assert_uint_eq(shorter.requests, 77);
	shorter.size = sizeof(shorter.size) - 1;
	ck_assert_int_eq(fsrv_stats(fs, &shorter), FSRV_ERR_INVALID);
	shorter.size = 0;
	ck_assert_int_eq(fsrv_stats(fs, &shorter), FSRV_ERR_INVALID);
	stop();
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_unchecked_fixture(tcase, make_files, remove_files);
	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	return tcase;
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("completion");
	TCase *ends = add_case(suite, "ends");
	TCase *load = add_case(suite, "load");
	TCase *counters = add_case(suite, "counters");

	tcase_add_loop_test(ends, tells_each_end_once, 0, N_PARTS);
	tcase_add_loop_test(ends, tells_the_ends_of_requests_in_a_row, 0, N_PARTS);
	tcase_add_loop_test(ends, tells_that_a_client_went_away, 0, N_PARTS);
	tcase_add_loop_test(ends, is_not_misled_by_a_descriptor_that_is_used_again, 0, N_PARTS);
	tcase_add_loop_test(ends, tells_the_ends_of_what_was_stopped, 0, N_PARTS);
	tcase_add_loop_test(ends, counts_behind_any_header, 0, 2 * LEN(headers));
	tcase_add_loop_test(ends, tells_nothing_of_an_answer_that_failed, 0, N_PARTS);
	tcase_add_loop_test(ends, leaves_the_fallback_out, 0, LEN(server_modes));
	tcase_add_loop_test(load, tells_each_end_once_under_load, 0, LEN(server_modes));
	tcase_add_loop_test(counters, counts_what_is_on_its_way, 0, N_PARTS);
	tcase_add_loop_test(counters, refuses_beyond_the_limit, 0, N_PARTS);
	tcase_add_loop_test(counters, counts_what_was_answered, 0, N_PARTS);
	tcase_add_test(counters, writes_as_many_counters_as_there_is_room_for);
	return suite;
}
