/* Lookups and reads that workers make: results that nobody takes, and stops from all sides. */

/* Where it is set, the C library's headers make pread64 inline, and so it could use no static variable. */
#undef _FORTIFY_SOURCE

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "fsrv/server.h"
#include "suite.h"
#include "tree.h"

#define LARGE      (UINT64_C(4) << 20)
#define LARGE_PAGE 70000 /* no small file: it is handed over open */

static struct tree tree;
static const char *roots[1];
static struct fsrv_options options;
static struct fsrv *fs;
static struct test_daemon service;
static struct client client;
static struct reply reply;
static char large_page[LARGE_PAGE + 1];

static atomic_int seconds_later; /* of the monotonic clock */
static atomic_bool is_cold, takes_over, is_late;
static atomic_uint n_calls, n_accesses, n_completions;

/* In place of the C library's: time that passes in no time, and a disk that is never in memory. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
#ifdef SYS_clock_gettime64 /* time_t has 64 bits where the registers have 32 */
	int result = (int)syscall(SYS_clock_gettime64, clock, now);
#else
	int result = (int)syscall(SYS_clock_gettime, clock, now);
#endif

	if (clock == CLOCK_MONOTONIC)
		now->tv_sec += atomic_load(&seconds_later);
	return result;
}

int mincore(void *start, size_t length, unsigned char *pages)
{
	int result = (int)syscall(SYS_mincore, start, length, pages);

	if (atomic_load(&is_cold))
		memset(pages, 0, (length + 4095) / 4096);
	return result;
}

ssize_t pread64(int fd, void *buffer, size_t length, off64_t offset)
{
	if (atomic_load(&is_cold))
		usleep(10000);
	return syscall(SYS_pread64, fd, buffer, length, offset);
}

static void note_access(void *cls, const struct fsrv_access *access)
{
	(void)cls;
	(void)access;
	atomic_fetch_add(&n_accesses, 1);
}

static void note_completion(void *cls, const struct fsrv_completion *completion)
{
	(void)cls;
	(void)completion;
	atomic_fetch_add(&n_completions, 1);
}

static void set_up(void)
{
	const time_t day = 24 * 60 * 60;
	const struct timespec tomorrow[2] = {{.tv_sec = time(NULL) + day}, {.tv_sec = time(NULL) + day}};

	tree_make(&tree);
	tree_write_text(&tree, "page.html", "<p>first");
	tree_write_text(&tree, "other.html", "<p>other");
	memset(large_page, 'x', LARGE_PAGE);
	tree_write_text(&tree, "large.html", large_page);
	/* A file from the future is not kept in any way. */
	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, "large.html"), tomorrow, 0), 0);
	tree_write_pattern(&tree, "large", LARGE);
	roots[0] = tree.path;
	options = (struct fsrv_options){.size = sizeof(options), .roots = roots, .n_roots = 1, .workers = 1};
	atomic_store(&seconds_later, 0);
	atomic_store(&is_cold, false);
	atomic_store(&takes_over, false);
	atomic_store(&is_late, false);
	atomic_store(&n_accesses, 0);
	atomic_store(&n_completions, 0);
}

static void tear_down(void)
{
	tree_remove(&tree);
}

static enum MHD_Result say_teapot(struct MHD_Connection *connection)
{
	static char nothing[1];
	struct MHD_Response *response = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued = MHD_queue_response(connection, 418, response);

	MHD_destroy_response(response);
	return queued;
}

/* A program that answers itself what fsrv has suspended meanwhile. */
static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	if (atomic_load(&is_late))
		atomic_fetch_add(&seconds_later, 3);
	if (*con_cls == NULL)
		atomic_store(&n_calls, 0);
	if (atomic_fetch_add(&n_calls, 1) == 2 && atomic_load(&takes_over))
		return say_teapot(connection);
	return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

static void expect(const char *target, int status, const char *body)
{
	client_ask(&client, "GET", target, "", &reply);
	ck_assert_msg(reply.status == status, "%s: %d", target, reply.status);
	ck_assert_str_eq(reply.body, body);
	client_reply_free(&reply);
}

static void wait_for_descriptors(unsigned most)
{
	for (int waited = 0; waited < 30000 && open_descriptors() > most; waited += 20)
		usleep(20000);
	ck_assert_uint_le(open_descriptors(), most);
}

static uint64_t count_open_files(void)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	return stats.open_files;
}

/* Serves pages that are not in memory, so that a worker looks them up, and leaves the result of one behind;
 * returns how many descriptors were open before. */
static unsigned leave_a_result(int mode)
{
	unsigned descriptors;

	atomic_store(&is_cold, true);
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[mode], answer, fs, 0);
	client_open(&client, daemon_connect(&service));
	expect("/large.html", 200, large_page);
	for (int waited = 0; waited < 30000 && count_open_files() > 0; waited += 20)
		usleep(20000);
	descriptors = open_descriptors();
	atomic_store(&takes_over, true);
	expect("/large.html", 418, "");
	atomic_store(&takes_over, false);
	ck_assert_uint_eq(open_descriptors(), descriptors + 1);
	ck_assert_uint_eq(count_open_files(), 1);
	return descriptors;
}

static void stop(void)
{
	client_close(&client);
	daemon_stop(&service);
	fsrv_free(fs);
}

static const int modes[] = {3, 11, 12};

START_TEST(serves_no_result_of_an_earlier_request)
{
	unsigned descriptors = leave_a_result(modes[_i]);

	tree_write_text(&tree, "large.html", "<p>second");
	expect("/large.html", 200, "<p>second");
	wait_for_descriptors(descriptors);
	stop();
}
END_TEST

START_TEST(serves_no_result_for_another_path)
{
	unsigned descriptors = leave_a_result(modes[_i]);

	expect("/other.html", 200, "<p>other");
	wait_for_descriptors(descriptors);
	stop();
}
END_TEST

/* Without another request: both ends of the connection lie in this process. */
START_TEST(closes_what_nobody_takes)
{
	unsigned descriptors = leave_a_result(modes[_i]);

	client_close(&client);
	wait_for_descriptors(descriptors - 2);
	daemon_stop(&service);
	fsrv_free(fs);
}
END_TEST

/* A loop that turns so slowly that seconds pass before the handler is called again. */
START_TEST(answers_however_late_the_second_call_comes)
{
	options.cache_size = FSRV_NO_CACHE;
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_BODY_END, "<i>", 3), FSRV_OK);
	daemon_start(&service, &daemon_modes[modes[_i]], answer, fs, 0);
	client_open(&client, daemon_connect(&service));
	atomic_store(&is_late, true);
	for (int i = 0; i < 3; i++)
		expect("/page.html", 200, "<p>first<i>");
	stop();
}
END_TEST

/* A program that serves a page in place of what is missing. */
static enum MHD_Result serve_page(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload_data,
				  size_t *upload_data_size, void **con_cls)
{
	(void)cls;
	(void)url;
	return fsrv_handle(fs, connection, "/page.html", method, version, upload_data, upload_data_size,
			   con_cls);
}

/* Both the missing name and the page may have to be waited for, one after the other, for one request. */
START_TEST(waits_for_a_page_in_place_of_a_missing_name)
{
	options.cache_size = FSRV_NO_CACHE;
	options.fallback = serve_page;
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_BODY_END, "<i>", 3), FSRV_OK);
	daemon_start(&service, &daemon_modes[modes[_i]], fsrv_handle, fs, 0);
	client_open(&client, daemon_connect(&service));
	for (int i = 0; i < 3; i++)
		expect("/missing.html", 200, "<p>first<i>");
	stop();
}
END_TEST

#define N_ASKERS   12
#define N_REQUESTS 200

static void *ask_often(void *cls)
{
	struct client asker;
	struct reply answered;
	uintptr_t n_right = 0;

	(void)cls;
	client_open(&asker, daemon_connect_tcp(&service));
	for (int i = 0; i < N_REQUESTS; i++) {
		client_ask(&asker, "GET", i % 2 == 0 ? "/page.html" : "/other.html", "", &answered);
		n_right += answered.status == 200;
		client_reply_free(&answered);
	}
	client_close(&asker);
	return (void *)n_right;
}

/* Without a cache each page is one lookup by a worker: one that is made again was thrown away. */
START_TEST(makes_no_lookup_in_vain)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};
	pthread_t threads[N_ASKERS];

	options.cache_size = FSRV_NO_CACHE;
	options.workers = 4;
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_BODY_END, "<i>", 3), FSRV_OK);
	daemon_start(&service, &daemon_modes[modes[_i]], fsrv_handle, fs, 0);
	for (int i = 0; i < N_ASKERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
	for (int i = 0; i < N_ASKERS; i++) {
		void *n_right;

		pthread_join(threads[i], &n_right);
		ck_assert_uint_eq((uintptr_t)n_right, N_REQUESTS);
	}
	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	ck_assert_uint_eq(stats.requests, N_ASKERS * N_REQUESTS);
	ck_assert_uint_eq(stats.cold_lookups, N_ASKERS * N_REQUESTS);
	daemon_stop(&service);
	fsrv_free(fs);
}
END_TEST

#define N_CLIENTS 10

static pthread_barrier_t barrier;

static void *stop_server(void *cls)
{
	pthread_barrier_wait(&barrier);
	fsrv_server_stop(cls);
	return NULL;
}

static void *drain(void *cls)
{
	pthread_barrier_wait(&barrier);
	fsrv_drain(cls);
	return NULL;
}

/* Called after each resumption: those of a drain follow each other slowly. */
static void dawdle(void *cls)
{
	(void)cls;
	usleep(2000);
}

static void ask_for_large(struct fsrv_server *server, struct client *asker)
{
	client_open(asker, client_connect(fsrv_server_port(server)));
	ck_assert(client_send_text(asker, "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"));
}

/* Afterwards most of them wait for the disk. */
static void wait_for_accesses(unsigned n)
{
	for (int waited = 0; waited < CLIENT_PATIENCE_MS && atomic_load(&n_accesses) < n; waited++)
		usleep(1000);
	ck_assert_uint_eq(atomic_load(&n_accesses), n);
}

/* libmicrohttpd aborts the process when a daemon stops whose connections are suspended. */
START_TEST(stops_from_all_sides)
{
	static const enum fsrv_server_mode kinds[][2] = {{FSRV_SERVER_EPOLL, FSRV_SERVER_EPOLL},
							 {FSRV_SERVER_EPOLL, FSRV_SERVER_POOL},
							 {FSRV_SERVER_POOL, FSRV_SERVER_POOL}};
	static struct client clients[2][N_CLIENTS];
	struct fsrv_server *servers[2];
	pthread_t threads[3];

	options.wake = dawdle;
	options.access = note_access;
	options.completion = note_completion;
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	atomic_store(&is_cold, true);
	for (int i = 0; i < 2; i++) {
		struct fsrv_server_options own = {
			.size = sizeof(own), .mode = kinds[_i % LEN(kinds)][i], .threads = 2};

		ck_assert_int_eq(fsrv_server_start(fs, &own, &servers[i]), FSRV_OK);
		for (int k = 0; k < N_CLIENTS; k++)
			ask_for_large(servers[i], &clients[i][k]);
	}
	wait_for_accesses(2 * N_CLIENTS);
	pthread_barrier_init(&barrier, NULL, LEN(threads));
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, stop_server, servers[i]), 0);
	ck_assert_int_eq(pthread_create(&threads[2], NULL, drain, fs), 0);
	for (int i = 0; i < LEN(threads); i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	fsrv_free(fs);
	ck_assert_uint_eq(atomic_load(&n_accesses), 2 * N_CLIENTS);
	ck_assert_uint_eq(atomic_load(&n_completions), 2 * N_CLIENTS);
	for (int i = 0; i < 2 * N_CLIENTS; i++)
		client_close(&clients[i % 2][i / 2]);
}
END_TEST

/* A daemon of the program's own: it is stopped after a drain that came second, while the first goes on. */
START_TEST(waits_for_the_drain_that_came_first)
{
	static struct client clients[2 * N_CLIENTS];
	pthread_t thread;

	options.wake = dawdle;
	options.access = note_access;
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	atomic_store(&is_cold, true);
	daemon_start(&service, &daemon_modes[modes[_i]], fsrv_handle, fs, 0);
	for (int i = 0; i < LEN(clients); i++) {
		client_open(&clients[i], daemon_connect_tcp(&service));
		ck_assert(client_send_text(&clients[i], "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"));
	}
	wait_for_accesses(LEN(clients));
	pthread_barrier_init(&barrier, NULL, 2);
	ck_assert_int_eq(pthread_create(&thread, NULL, drain, fs), 0);
	pthread_barrier_wait(&barrier);
	usleep(15000);
	daemon_stop(&service);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
	fsrv_free(fs);
	for (int i = 0; i < LEN(clients); i++)
		client_close(&clients[i]);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("offload");
	TCase *tcase = tcase_create("offload");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, serves_no_result_of_an_earlier_request, 0, LEN(modes));
	tcase_add_loop_test(tcase, serves_no_result_for_another_path, 0, LEN(modes));
	tcase_add_loop_test(tcase, closes_what_nobody_takes, 0, LEN(modes));
	tcase_add_loop_test(tcase, answers_however_late_the_second_call_comes, 0, LEN(modes));
	tcase_add_loop_test(tcase, waits_for_a_page_in_place_of_a_missing_name, 0, LEN(modes));
	tcase_add_loop_test(tcase, makes_no_lookup_in_vain, 0, LEN(modes));
	tcase_add_loop_test(tcase, stops_from_all_sides, 0, 9);
	tcase_add_loop_test(tcase, waits_for_the_drain_that_came_first, 0, LEN(modes));
	suite_add_tcase(suite, tcase);
	return suite;
}
