/* Responses that are used again: what they say is what the first answer said, and a hot answer allocates
 * nothing. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "serving.h"
#include "suite.h"
#include "tree.h"

#define N_ROUNDS 4

/* Indexes of daemon_modes: a thread for each connection, epoll and an external loop that suspend. */
static const int modes[] = {7, 3, 13};

static struct tree tree;

/* Allocations of all threads but the one that asks. The sanitizers have their own allocator, and tell. */
static atomic_uint n_allocations;
static _Thread_local bool is_asking;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

static void count_malloc(const volatile void *block, size_t size)
{
	(void)block;
	(void)size;
	if (!is_asking)
		atomic_fetch_add(&n_allocations, 1);
}

static void ignore_free(const volatile void *block)
{
	(void)block;
}

static bool start_to_count(void)
{
	return __sanitizer_install_malloc_and_free_hooks(count_malloc, ignore_free) != 0;
}
#elif defined(__GLIBC__)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
	atomic_fetch_add(&n_allocations, !is_asking);
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	atomic_fetch_add(&n_allocations, !is_asking);
	return __libc_calloc(n, size);
}

void *realloc(void *block, size_t size)
{
	atomic_fetch_add(&n_allocations, !is_asking);
	return __libc_realloc(block, size);
}

static bool start_to_count(void)
{
	return true;
}
#else
static bool start_to_count(void)
{
	return false;
}
#endif

static void start(int mode)
{
	const char *root;

	tree_make(&tree);
	tree_write_text(&tree, "a.txt", "small\n");
	tree_write_text(&tree, "b.html", "<!doctype html><title>page</title>");
	tree_write_pattern(&tree, "large.bin", 200000);
	tree_age();
	root = tree.path;
	serving_set_up(&root, 1);
	serving_start(modes[mode], fsrv_handle, daemon_connect);
}

static void stop(void)
{
	serving_stop();
	tree_remove(&tree);
}

static const struct row {
	const char *method, *target, *fields;
	int status;
} rows[] = {
	{"GET", "/a.txt", "", 200},
	{"HEAD", "/a.txt", "", 200},
	{"GET", "/a.txt", "If-None-Match: *\r\n", 304},
	{"GET", "/a.txt", "Range: bytes=0-\r\n", 206},
	{"GET", "/a.txt", "Range: bytes=1-2\r\n", 206},
	{"GET", "/a.txt", "Range: bytes=99-\r\n", 416},
	{"GET", "/a.txt", "If-Match: \"none\"\r\n", 412},
	{"GET", "/b.html", "", 200},
	{"HEAD", "/b.html", "If-None-Match: *\r\n", 304},
	{"HEAD", "/large.bin", "", 200},
	{"GET", "/large.bin", "If-None-Match: *\r\n", 304},
	{"GET", "/large.bin", "Range: bytes=5-6\r\n", 206},
	{"GET", "/none", "", 404},
	{"HEAD", "/none", "", 404},
	{"GET", "/other", "", 404},
	{"OPTIONS", "/a.txt", "", 204},
};

/* The head without the time. */
static const char *timeless(char *head)
{
	char *date = strstr(head, "Date: ");

	ck_assert_ptr_nonnull(date);
	memset(date, ' ', strlen("Date: Thu, 01 Jan 1970 00:00:00 GMT"));
	return head;
}

START_TEST(says_the_same_each_time)
{
	static char heads[LEN(rows)][1024];

	start(_i);
	for (int round = 0; round < N_ROUNDS; round++) {
		for (int i = 0; i < LEN(rows); i++) {
			ask(rows[i].method, rows[i].target, rows[i].fields, rows[i].status);
			if (round == 0)
				snprintf(heads[i], sizeof(heads[i]), "%.1023s", timeless(reply.head));
			else
				ck_assert_str_eq(timeless(reply.head), heads[i]);
			ck_assert(reply.whole);
			if (strcmp(rows[i].target, "/a.txt") == 0 && rows[i].status == 200)
				ck_assert_str_eq(reply.body, rows[i].method[0] == 'G' ? "small\n" : "");
		}
	}
	stop();
}
END_TEST

/* One request ends its connection, and those before and after it do not. */
START_TEST(ends_only_the_connection_that_is_to_end)
{
	start(_i);
	for (int i = 0; i < 3; i++)
		ask("GET", "/a.txt", "", 200);
	client_send_text(&client,
			 "GET /a.txt HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "0\r\n\r\n");
	client_reply_free(&reply);
	client_read(&client, true, &reply);
	expect("Connection", "close");
	ck_assert(client_sees_end(&client));
	client_close(&client);
	client_open(&client, daemon_connect(&service));
	for (int i = 0; i < 3; i++) {
		ask("GET", "/a.txt", "", 200);
		expect("Connection", NULL);
	}
	stop();
}
END_TEST

START_TEST(forgets_what_was_said_of_another_version)
{
	char tag[80];

	start(_i);
	for (int i = 0; i < 3; i++)
		ask("GET", "/a.txt", "", 200);
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	for (int version = 0; version < 3; version++) {
		char text[] = "version 0";

		text[sizeof(text) - 2] = (char)('0' + version);
		tree_write_text(&tree, "a.txt", text);
		for (int i = 0; i < 3; i++) {
			ask("GET", "/a.txt", "", 200);
			ck_assert_str_eq(reply.body, text);
			ck_assert_str_ne(client_field(&reply, "ETag"), tag);
			ask("HEAD", "/a.txt", "", 200);
			expect("Content-Length", "9");
		}
	}
	stop();
}
END_TEST

/* The most that an answer may allocate when all is in memory. To be raised only on purpose. */
static const struct {
	const char *method, *target, *fields;
	int status;
	unsigned allocations;
} budget[] = {
	{"GET", "/a.txt", "", 200, 0},      {"GET", "/b.html", "", 200, 0},
	{"HEAD", "/a.txt", "", 200, 0},     {"GET", "/a.txt", "If-None-Match: *\r\n", 304, 0},
	{"HEAD", "/large.bin", "", 200, 0}, {"GET", "/large.bin", "If-None-Match: *\r\n", 304, 0},
	{"GET", "/none", "", 404, 0},
};

#define N_REQUESTS 200

/* A small file is read again once a second, and its responses are made anew. */
#define FOR_REREADING 40

static void check_allocations(const char *method, const char *target, const char *fields, int status,
			      unsigned most)
{
	time_t started = time(NULL);
	unsigned before, made;

	for (int i = 0; i < 5; i++)
		ask(method, target, fields, status);
	before = atomic_load(&n_allocations);
	for (int i = 0; i < N_REQUESTS; i++)
		ask(method, target, fields, status);
	made = atomic_load(&n_allocations) - before;
	most = most * N_REQUESTS + FOR_REREADING * (unsigned)(2 + time(NULL) - started);
	ck_assert_msg(made <= most, "%s %s: %u allocations in %d requests", method, target, made, N_REQUESTS);
}

START_TEST(allocates_nothing)
{
	bool counts;

	is_asking = true;
	start(_i);
	counts = start_to_count();
	for (int i = 0; i < LEN(budget) && counts; i++)
		check_allocations(budget[i].method, budget[i].target, budget[i].fields, budget[i].status,
				  budget[i].allocations);
	stop();
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("prepared");
	TCase *tcase = tcase_create("prepared");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, says_the_same_each_time, 0, LEN(modes));
	tcase_add_loop_test(tcase, ends_only_the_connection_that_is_to_end, 0, LEN(modes));
	tcase_add_loop_test(tcase, forgets_what_was_said_of_another_version, 0, LEN(modes));
	tcase_add_loop_test(tcase, allocates_nothing, 0, LEN(modes));
	suite_add_tcase(suite, tcase);
	return suite;
}
