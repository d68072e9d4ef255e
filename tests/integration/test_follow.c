/* Files and sources that grow: all bytes in order, an end that means what it says, and nothing that waits for
 * ever. Nobody's growth is in a hurry: the limit is an hour, except where its end is the subject. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/resource.h"
#include "slow_tree.h"
#include "suite.h"
#include "tree.h"

#define SMALL  1000
#define LARGE  300000
#define MEMORY (1u << 20)
#define HOUR   3600
#define NOTE   "a note"
#define PAGE   "<!doctype html><head></head><p>text"

/* A thread for each connection, by poll and by select; epoll, a pool, an external loop and select that
 * suspend. */
static const int modes[] = {7, 6, 3, 12, 13, 10};
#define N_FOLLOWING LEN(modes)
/* Those that can do neither. */
static const int others[] = {0, 2, 5, 8};

static struct tree tree, local;
static struct slow_tree slow; /* shows tree */
static bool is_slow;
static struct fsrv *fs;
static struct test_daemon service;
static struct client client;
static struct reply reply;
static char body[MEMORY], pattern[MEMORY];
static size_t length;    /* of the body */
static bool is_complete; /* the last chunk came */

static struct fsrv_completion ended;
static struct fsrv_access answered;
static atomic_uint n_ended;
static char logged[256];
static pthread_mutex_t notes = PTHREAD_MUTEX_INITIALIZER; /* of the three: a pool has several threads */

/* The source that the program serves for /source, or what it chooses for /chosen. */
static atomic_size_t source_size;
static atomic_bool source_has_ended, source_fails, waited_on_serving_thread;
static atomic_uint n_reads;
static _Atomic pthread_t serving;
static unsigned source_flags;

/* Allocations; those that succeed until one fails, which is none as long as it is negative. */
static atomic_long live, n_good = -1;

static void *allocate(void *cls, void *memory, size_t size)
{
	(void)cls;
	if (size == 0) {
		atomic_fetch_sub(&live, memory != NULL);
		free(memory);
		return NULL;
	}
	if (atomic_load(&n_good) >= 0 && atomic_fetch_sub(&n_good, 1) == 0)
		return NULL;
	atomic_fetch_add(&live, memory == NULL);
	return realloc(memory, size);
}

static void note_end(void *cls, const struct fsrv_completion *completion)
{
	(void)cls;
	pthread_mutex_lock(&notes);
	ended = *completion;
	pthread_mutex_unlock(&notes);
	atomic_fetch_add(&n_ended, 1);
}

static void note_access(void *cls, const struct fsrv_access *access)
{
	(void)cls;
	pthread_mutex_lock(&notes);
	answered = *access;
	pthread_mutex_unlock(&notes);
}

static void note_line(void *cls, const char *line)
{
	(void)cls;
	pthread_mutex_lock(&notes);
	snprintf(logged, sizeof(logged), "%s", line);
	pthread_mutex_unlock(&notes);
}

static ssize_t read_source(void *cls, void *buffer, size_t size, uint64_t offset)
{
	bool has_ended = atomic_load(&source_has_ended);
	size_t known = atomic_load(&source_size), rest = known > offset ? known - (size_t)offset : 0;

	(void)cls;
	atomic_fetch_add(&n_reads, 1);
	if ((source_flags & FSRV_RESOURCE_MAY_WAIT) != 0 && pthread_equal(pthread_self(), serving))
		atomic_store(&waited_on_serving_thread, true);
	if (rest == 0 && (has_ended || atomic_load(&source_fails))) {
		errno = has_ended ? ENODATA : EIO;
		return -1;
	}
	if (size > rest)
		size = rest;
	memcpy(buffer, pattern + offset, size);
	return (ssize_t)size;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	struct fsrv_resource source = {.size = sizeof(source),
				       .kind = FSRV_RESOURCE_SOURCE,
				       .name = "source.ts",
				       .flags = FSRV_RESOURCE_FOLLOW | source_flags,
				       .read = read_source};
	struct fsrv_resource chosen = {.size = sizeof(chosen),
				       .kind = FSRV_RESOURCE_PATH,
				       .name = "other.bin",
				       .flags = FSRV_RESOURCE_FOLLOW};
	const struct fsrv_resource *resource = NULL;

	(void)cls;
	serving = pthread_self();
	if (strcmp(url, "/source") == 0)
		resource = &source;
	if (strcmp(url, "/chosen") == 0)
		resource = &chosen;
	if (strcmp(url, "/bytes") == 0) {
		resource = &chosen;
		chosen.kind = FSRV_RESOURCE_BYTES;
	}
	if (resource == NULL)
		return fsrv_handle(fs, connection, url, method, version, upload_data, upload_data_size,
				   con_cls);
	return fsrv_serve(fs, resource, connection, url, method, version, upload_data, upload_data_size,
			  con_cls);
}

static void append(const char *name, size_t start, size_t n)
{
	int fd = open(tree_path(&tree, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, pattern + start, n), (ssize_t)n);
	close(fd);
}

static void set_modified(const char *name, time_t seconds)
{
	const struct timespec times[] = {{seconds, 0}, {seconds, 0}};

	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, name), times, 0), 0);
}

static void set_up(void)
{
	tree_make(&tree);
	tree_make(&local);
	tree_write_text(&local, "note.txt", NOTE);
	tree_fill(pattern, sizeof(pattern), 0);
	append("live.ts", 0, SMALL);
	append("other.bin", 0, SMALL);
	atomic_store(&source_size, SMALL);
}

static void serve(int mode, unsigned seconds)
{
	const char *roots[] = {local.path, is_slow ? slow.tree.path : tree.path};
	static const char *const follow[] = {"*.ts", "*.html"};
	struct fsrv_options options = {.size = sizeof(options),
				       .roots = roots,
				       .n_roots = 2,
				       .log = note_line,
				       .wake = daemon_wake,
				       .wake_cls = &service,
				       .access = note_access,
				       .completion = note_end,
				       .max_bodies = 1,
				       .allocate = allocate,
				       .follow = follow,
				       .n_follow = LEN(follow),
				       .follow_seconds = seconds};

	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[mode], answer, fs, 0);
	client_open(&client, daemon_connect_tcp(&service));
}

static void remove_trees(void)
{
	if (is_slow)
		slow_tree_unmount(&slow);
	tree_remove(&tree);
	tree_remove(&local);
}

static void stop_serving(void)
{
	client_reply_free(&reply);
	client_close(&client);
	daemon_stop(&service);
	fsrv_free(fs);
	ck_assert_int_eq(atomic_load(&live), 0);
}

static void stop(void)
{
	stop_serving();
	remove_trees();
}

static struct fsrv_stats read_stats(void)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	return stats;
}

static void wait_for_end(unsigned n)
{
	for (int waited = 0; waited < CLIENT_PATIENCE_MS && atomic_load(&n_ended) < n; waited += 5)
		usleep(5000);
	ck_assert_uint_eq(atomic_load(&n_ended), n);
}

/* Begins a body; what is announced must say that it is followed. */
static void ask(const char *method, const char *target, const char *fields)
{
	char request[512];

	snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", method, target,
		 fields);
	if (reply.body != NULL && client_field(&reply, "Connection") != NULL) {
		client_close(&client);
		client_open(&client, daemon_connect_tcp(&service));
	}
	client_reply_free(&reply);
	client_send_text(&client, request);
	client_read(&client, false, &reply);
	length = 0;
	is_complete = false;
}

static void check_fields(void)
{
	const char *coding = client_field(&reply, "Transfer-Encoding");

	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(reply.announced, UINT64_MAX);
	if (coding != NULL)
		ck_assert_str_eq(coding, "chunked");
	ck_assert_str_eq(client_field(&reply, "Accept-Ranges"), "none");
	ck_assert_str_eq(client_field(&reply, "Cache-Control"), "no-store");
	ck_assert_ptr_null(client_field(&reply, "ETag"));
	ck_assert_ptr_null(client_field(&reply, "Last-Modified"));
	ck_assert_ptr_null(client_field(&reply, "Content-Range"));
}

static void check_end(void)
{
	ck_assert_str_eq(client_field(&reply, "Connection"), "close");
	ck_assert_int_eq(recv(client.socket, body, sizeof(body), 0), 0);
}

/* HEAD has the fields of GET, and no byte behind them. Where libmicrohttpd has no way to say neither a length
 * nor a coding, the connection has to end; otherwise the next request goes by the same one. */
static void check_head(const char *fields)
{
	ask("HEAD", "/live.ts", fields);
	check_fields();
	ck_assert_ptr_null(client_field(&reply, "Transfer-Encoding"));
	ck_assert_ptr_null(client_field(&reply, "Content-Length"));
	ck_assert_uint_eq(client.n_held, 0);
	if (FSRV_MHD_HAS_HEAD_ONLY)
		ck_assert_ptr_null(client_field(&reply, "Connection"));
	else
		check_end();
}

/* Reads until the body has so many bytes; false at its end. */
static bool read_to(size_t wanted)
{
	while (length < wanted) {
		size_t n = client_read_chunk(&client, body + length, sizeof(body) - length);

		is_complete = n == 0;
		if (n == 0 || n == CLIENT_NO_CHUNK)
			return false;
		length += n;
	}
	ck_assert_mem_eq(body, pattern, length);
	return true;
}

/* Serves for an hour, and reads what is there. */
static void begin(int mode)
{
	serve(mode, HOUR);
	ask("GET", "/live.ts", "");
	ck_assert(read_to(SMALL));
}

static void read_what_grows(void)
{
	append("live.ts", SMALL, 1);
	ck_assert(read_to(SMALL + 1));
	append("live.ts", SMALL + 1, LARGE);
	ck_assert(read_to(SMALL + 1 + LARGE));
}

/* Its writer was last heard of at the end of the wait. The time in the future makes up for a slow machine. */
static void read_what_does_not_grow(int mode)
{
	serve(mode, 3);
	set_modified("live.ts", time(NULL) + 2);
	ask("GET", "/live.ts", "");
	check_fields();
	ck_assert(!read_to(SMALL + 1));
	ck_assert(is_complete);
	ck_assert_uint_eq(length, SMALL);
}

/* The body ends too early, in that way. */
static void expect_cut(size_t size, enum fsrv_ending ending)
{
	ck_assert(!read_to(size + 1));
	ck_assert(!is_complete);
	wait_for_end(1);
	ck_assert_int_eq(ended.ending, ending);
	ck_assert_uint_eq(ended.length, size);
}

START_TEST(follows_a_file)
{
	serve(modes[_i], HOUR);
	ask("GET", "/live.ts", "");
	check_fields();
	ck_assert_str_eq(client_field(&reply, "Content-Type"), "video/mp2t");
	ck_assert(answered.length == FSRV_LENGTH_UNKNOWN);
	ck_assert(read_to(SMALL));
	read_what_grows();
	ck_assert_uint_eq(length, SMALL + 1 + LARGE);
	ck_assert_uint_eq(read_stats().live_bodies, 1);
	stop();
}
END_TEST

START_TEST(ends_without_growth)
{
	read_what_does_not_grow(modes[_i]);
	wait_for_end(1);
	ck_assert_int_eq(ended.ending, FSRV_ENDING_COMPLETE);
	ck_assert_uint_eq(ended.length, SMALL);
	ck_assert_uint_eq(ended.sent, SMALL);
	/* The connection goes on, with an ordinary answer for the finished file. */
	set_modified("live.ts", TREE_OLD);
	ask("HEAD", "/live.ts", "");
	ck_assert_uint_eq(reply.announced, SMALL);
	ck_assert_ptr_nonnull(client_field(&reply, "ETag"));
	ck_assert_str_eq(client_field(&reply, "Accept-Ranges"), "bytes");
	stop();
}
END_TEST

START_TEST(has_neither_ranges_nor_validators)
{
	serve(modes[_i], HOUR);
	append("live.ts", SMALL, LARGE);
	check_head("");
	check_head("Range: bytes=5-\r\n");
	ask("GET", "/live.ts", "If-None-Match: *\r\n");
	ck_assert_int_eq(reply.status, 304);
	ck_assert_ptr_null(client_field(&reply, "ETag"));
	ask("HEAD", "/live.ts", "If-Match: \"a\"\r\n");
	ck_assert_int_eq(reply.status, 412);
	ask("GET", "/live.ts",
	    "Range: bytes=5-9\r\nIf-None-Match: \"\", W/\"\"\r\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 "
	    "GMT\r\n");
	check_fields();
	ck_assert(read_to(SMALL + LARGE));
	stop();
}
END_TEST

START_TEST(ends_by_close_for_http_1_0)
{
	char bytes[4096];
	size_t n = 0;
	ssize_t got;

	serve(modes[_i], 3);
	set_modified("live.ts", time(NULL) + 2);
	client_send_text(&client, "GET /live.ts HTTP/1.0\r\n\r\n");
	while ((got = recv(client.socket, bytes + n, sizeof(bytes) - 1 - n, 0)) > 0)
		n += (size_t)got;
	bytes[n] = '\0';
	ck_assert_ptr_nonnull(strstr(bytes, "\r\nConnection: close\r\n"));
	ck_assert_ptr_null(strstr(bytes, "chunked"));
	ck_assert_ptr_null(strstr(bytes, "Content-Length"));
	ck_assert_mem_eq(bytes + n - SMALL, pattern, SMALL);
	ck_assert_mem_eq(bytes + n - SMALL - 4, "\r\n\r\n", 4);
	stop();
}
END_TEST

START_TEST(ends_when_the_file_is_cut)
{
	begin(modes[_i]);
	ck_assert_int_eq(truncate(tree_path(&tree, "live.ts"), SMALL - 1), 0);
	expect_cut(SMALL, FSRV_ENDING_FILE_CHANGED);
	ck_assert_uint_eq(read_stats().cut_connections, 1);
	stop();
}
END_TEST

START_TEST(ends_when_the_client_goes)
{
	begin(modes[_i]);
	client_close(&client);
	wait_for_end(1);
	ck_assert_int_eq(ended.ending, FSRV_ENDING_ABORTED);
	ck_assert_uint_eq(ended.length, SMALL);
	ck_assert_uint_eq(ended.sent, SMALL);
	ck_assert_uint_eq(read_stats().live_bodies, 0);
	/* A worker closes a remote one. */
	for (int waited = 0; waited < CLIENT_PATIENCE_MS && read_stats().open_files > 0; waited += 5)
		usleep(5000);
	ck_assert_uint_eq(read_stats().open_files, 0);
	client_open(&client, daemon_connect_tcp(&service));
	stop();
}
END_TEST

static void *drain_beside(void *cls)
{
	fsrv_drain(cls);
	return NULL;
}

/* Whoever waits, in whatever way, is let go; who comes later does not wait. */
START_TEST(ends_with_a_drain)
{
	bool is_source = _i >= N_FOLLOWING;
	pthread_t thread;

	serve(modes[_i % N_FOLLOWING], HOUR);
	source_flags = FSRV_RESOURCE_MAY_WAIT;
	ask("GET", is_source ? "/source" : "/live.ts", "");
	ck_assert(read_to(SMALL));
	ck_assert_int_eq(pthread_create(&thread, NULL, drain_beside, fs), 0);
	ck_assert(!read_to(SMALL + 1));
	ck_assert(!is_complete);
	pthread_join(thread, NULL);
	wait_for_end(1);
	ck_assert_int_eq(ended.ending, FSRV_ENDING_DRAINED);
	client_close(&client);
	client_open(&client, daemon_connect_tcp(&service));
	ask("GET", "/live.ts", "");
	if (reply.status == 200)
		ck_assert(!read_to(SMALL + 1));
	stop();
}
END_TEST

START_TEST(ends_with_its_daemon)
{
	begin(modes[_i]);
	daemon_stop(&service);
	ck_assert(!read_to(SMALL + 1));
	ck_assert(!is_complete);
	ck_assert_uint_eq(atomic_load(&n_ended), 1);
	client_reply_free(&reply);
	client_close(&client);
	fsrv_free(fs);
	remove_trees();
}
END_TEST

START_TEST(follows_a_source)
{
	source_flags = _i >= N_FOLLOWING ? FSRV_RESOURCE_MAY_WAIT : 0;
	serve(modes[_i % N_FOLLOWING], HOUR);
	atomic_store(&source_size, 0);
	ask("GET", "/source", "");
	check_fields();
	atomic_store(&source_size, SMALL);
	ck_assert(read_to(SMALL));
	atomic_store(&source_size, LARGE);
	ck_assert(read_to(LARGE));
	atomic_store(&source_has_ended, true);
	ck_assert(!read_to(LARGE + 1));
	ck_assert(is_complete);
	wait_for_end(1);
	ck_assert_int_eq(ended.ending, FSRV_ENDING_COMPLETE);
	ck_assert_uint_eq(ended.sent, LARGE);
	if (daemon_suspends(service.mode))
		ck_assert(!atomic_load(&waited_on_serving_thread));
	stop();
}
END_TEST

START_TEST(ends_when_a_source_fails)
{
	serve(modes[_i], HOUR);
	ask("GET", "/source", "");
	ck_assert(read_to(SMALL));
	atomic_store(&source_fails, true);
	expect_cut(SMALL, FSRV_ENDING_READ_ERROR);
	ck_assert_ptr_nonnull(strstr(logged, "source.ts"));
	stop();
}
END_TEST

/* The bytes are in the cache, by a call that does not follow. */
START_TEST(follows_what_is_chosen)
{
	serve(modes[_i], HOUR);
	tree_age();
	for (int i = 0; i < 50 && read_stats().cache_hits == 0; i++)
		ask("HEAD", "/other.bin", "");
	ck_assert_uint_eq(reply.announced, SMALL);
	ck_assert_str_eq(client_field(&reply, "Accept-Ranges"), "bytes");
	ck_assert_uint_ge(read_stats().cache_hits, 1);
	ask("GET", "/chosen", "");
	check_fields();
	ck_assert(read_to(SMALL));
	append("other.bin", SMALL, SMALL);
	ck_assert(read_to(2 * SMALL));
	stop();
}
END_TEST

START_TEST(refuses_bytes)
{
	serve(modes[_i], HOUR);
	ask("HEAD", "/bytes", "");
	ck_assert_int_eq(reply.status, 500);
	ck_assert_ptr_nonnull(strstr(logged, "FSRV_RESOURCE_FOLLOW"));
	stop();
}
END_TEST

START_TEST(counts_as_a_body)
{
	struct client second;

	serve(modes[_i], HOUR);
	append("other.bin", SMALL, LARGE);
	ask("GET", "/live.ts", "");
	ck_assert(read_to(SMALL));
	client_open(&second, daemon_connect_tcp(&service));
	client_reply_free(&reply);
	client_ask(&second, "GET", "/other.bin", "", &reply);
	ck_assert_int_eq(reply.status, 503);
	client_close(&second);
	stop();
}
END_TEST

/* A page is sent whole. */
START_TEST(does_not_follow_pages_with_scripts)
{
	static const char script[] = "<script>void 0</script>";

	tree_write_text(&tree, "page.html", PAGE);
	set_modified("page.html", time(NULL));
	serve(modes[_i], HOUR);
	ask("HEAD", "/page.html", "");
	check_fields();
	ck_assert_int_eq(
		fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_END, script, strlen(script)),
		FSRV_OK);
	ask("HEAD", "/page.html", "");
	ck_assert_uint_gt(reply.announced, strlen(PAGE));
	ck_assert_uint_lt(reply.announced, 1000);
	stop();
}
END_TEST

START_TEST(sends_what_is_there_elsewhere)
{
	serve(others[_i], HOUR);
	client_reply_free(&reply);
	client_ask(&client, "GET", "/live.ts", "", &reply);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(reply.announced, SMALL);
	ck_assert_ptr_nonnull(client_field(&reply, "ETag"));
	stop();
}
END_TEST

START_TEST(survives_memory_that_lacks)
{
	bool is_enough = false;
	int n;

	for (n = 0; !is_enough; n++) {
		serve(modes[_i], HOUR);
		atomic_store(&n_good, n);
		ask("GET", "/live.ts", "");
		is_enough = atomic_exchange(&n_good, -1) >= 0;
		ck_assert(reply.status == 200 || (!is_enough && (reply.status == 503 || reply.status == 0)));
		stop_serving();
	}
	ck_assert_int_ge(n, 3);
	remove_trees();
}
END_TEST

/* The same over a disk that takes its time. */
static void set_up_slow(void)
{
	set_up();
	slow_tree_mount(&slow, &tree);
	is_slow = true;
	slow_tree_tell(&slow, "open-delay 3");
	slow_tree_tell(&slow, "read-delay 20");
}

START_TEST(follows_a_slow_file)
{
	begin(modes[_i]);
	read_what_grows();
	slow_tree_tell(&slow, "truncate live.ts %d", SMALL);
	expect_cut(SMALL + 1 + LARGE, FSRV_ENDING_FILE_CHANGED);
	stop();
}
END_TEST

START_TEST(ends_without_growth_of_a_slow_file)
{
	read_what_does_not_grow(modes[_i]);
	stop();
}
END_TEST

/* Who follows a file on a disk that hangs waits alone, and goes on when the disk does. */
START_TEST(waits_alone_for_a_disk_that_hangs)
{
	struct client second;

	begin(modes[_i]);
	slow_tree_tell(&slow, "hang on");
	for (int i = 0; i < 5; i++) {
		client_open(&second, daemon_connect_tcp(&service));
		client_reply_free(&reply);
		client_ask(&second, "GET", "/note.txt", "", &reply);
		ck_assert_int_eq(reply.status, 200);
		client_close(&second);
		usleep(50000);
	}
	slow_tree_tell(&slow, "hang off");
	append("live.ts", SMALL, SMALL);
	ck_assert(read_to(2 * SMALL));
	stop();
}
END_TEST

static const struct refused {
	const char *pattern;
	unsigned seconds;
	const char *name;
} refused[] = {
	{NULL, 0, "follow"}, {"", 0, "follow"}, {"!a", 0, "follow"}, {"*.ts", 86401, "follow_seconds"}};

START_TEST(refuses_bad_options)
{
	const char *roots[] = {tree.path};
	struct fsrv_options options = {.size = sizeof(options),
				       .roots = roots,
				       .n_roots = 1,
				       .log = note_line,
				       .follow = &refused[_i].pattern,
				       .n_follow = 1,
				       .follow_seconds = refused[_i].seconds};
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "option %s has", refused[_i].name);
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_ERR_INVALID);
	ck_assert_msg(strstr(logged, wanted) != NULL, "%s", logged);
	remove_trees();
}
END_TEST

static void add_slow_tests(Suite *suite)
{
	TCase *tc = tcase_create("slow");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, set_up_slow, NULL);
	tcase_add_loop_test(tc, follows_a_slow_file, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, ends_without_growth_of_a_slow_file, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, ends_when_the_client_goes, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, ends_with_a_drain, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, ends_with_its_daemon, 0, N_FOLLOWING);
	if (slow_tree_may_hang())
		tcase_add_loop_test(tc, waits_alone_for_a_disk_that_hangs, 0, N_FOLLOWING);
	suite_add_tcase(suite, tc);
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("follow");
	TCase *tc = tcase_create("follow");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_loop_test(tc, follows_a_file, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, ends_without_growth, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, has_neither_ranges_nor_validators, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, ends_by_close_for_http_1_0, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, ends_when_the_file_is_cut, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, ends_when_the_client_goes, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, ends_with_a_drain, 0, 2 * N_FOLLOWING);
	tcase_add_loop_test(tc, ends_with_its_daemon, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, follows_a_source, 0, 2 * N_FOLLOWING);
	tcase_add_loop_test(tc, ends_when_a_source_fails, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, follows_what_is_chosen, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, refuses_bytes, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, counts_as_a_body, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, does_not_follow_pages_with_scripts, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, survives_memory_that_lacks, 0, N_FOLLOWING);
	tcase_add_loop_test(tc, sends_what_is_there_elsewhere, 0, LEN(others));
	tcase_add_loop_test(tc, refuses_bad_options, 0, LEN(refused));
	suite_add_tcase(suite, tc);
	if (slow_tree_is_possible())
		add_slow_tests(suite);
	return suite;
}
