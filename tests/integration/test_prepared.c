/* Responses that are used again: what they say is what the first answer said, and a hot answer allocates
 * nothing. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mhd/prepared.h"
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

#if SANITIZER_ALLOCATES
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

/* By TCP: of a socket of another family libmicrohttpd 1.0 logs that it has no TCP_NODELAY, and the C library
 * allocates the words for that. */
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
	serving_start(modes[mode], fsrv_handle, daemon_connect_tcp);
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

START_TEST(says_the_same_each_time)
{
	static char heads[LEN(rows)][1024];

	start(_i);
	for (int round = 0; round < N_ROUNDS; round++) {
		for (int i = 0; i < LEN(rows); i++) {
			ask(rows[i].method, rows[i].target, rows[i].fields, rows[i].status);
			if (round == 0)
				snprintf(heads[i], sizeof(heads[i]), "%.1023s", client_timeless_head(&reply));
			else
				ck_assert_str_eq(client_timeless_head(&reply), heads[i]);
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

static void wait_for_next_second(void)
{
	time_t now = time(NULL);

	while (time(NULL) == now)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
}

/* While another script may come in the same second, the page has no date. What is read a moment later is not
 * read again at once in the next second. */
START_TEST(dates_a_page_in_the_next_second)
{
	struct fsrv_script script = {.text = "1", .length = 1};

	start(_i);
	wait_for_next_second();
	nanosleep(&(struct timespec){0, 200000000}, NULL);
	ck_assert_int_eq(fsrv_inject_add_script(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_END, &script), FSRV_OK);
	for (int i = 0; i < 4; i++)
		ask("GET", "/b.html", "", 200);
	wait_for_next_second();
	ask("GET", "/b.html", "", 200);
	ck_assert_ptr_nonnull(client_field(&reply, "Last-Modified"));
	stop();
}
END_TEST

/* Requests for the same few files that are to be told apart. TAG and DATE are those of a.txt. */
static const struct {
	const char *method, *target, *fields;
} alike[] = {
	{"GET", "/a.txt", ""},
	{"HEAD", "/a.txt", ""},
	{"GET", "/a.txt", "If-None-Match: TAG\r\n"},
	{"HEAD", "/a.txt", "If-None-Match: TAG\r\n"},
	{"GET", "/a.txt", "If-None-Match: TAG\r\nIf-Modified-Since: DATE\r\n"},
	{"GET", "/a.txt", "If-None-Match: \"other\"\r\nIf-Modified-Since: DATE\r\n"},
	{"GET", "/a.txt", "If-None-Match: \"other\"\r\n"},
	{"GET", "/a.txt", "If-None-Match: \"other\"\r\nIf-None-Match: TAG\r\n"},
	{"GET", "/a.txt", "If-None-Match:\r\n"},
	{"GET", "/a.txt", "If-Modified-Since: DATE\r\n"},
	{"GET", "/a.txt", "If-None-Match: TAG\r\nRange: bytes=0-1\r\n"},
	{"GET", "/a.txt", "If-None-Match: TAG\r\nIf-Match: \"other\"\r\n"},
	{"GET", "/a.txt", "If-None-Match: TAG\r\nIf-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n"},
	{"GET", "/a.txt", "Range: bytes=0-\r\n"},
	{"GET", "/a.txt", "Accept-Encoding: gzip\r\n"},
	{"GET", "/a.txt.gz", ""},
	{"GET", "/a.txt", "Accept-Encoding: gzip\r\nIf-None-Match: TAG\r\n"},
	{"HEAD", "/a.txt.gz", "Accept-Encoding: br\r\n"},
	{"GET", "/b.html", ""},
	{"GET", "/b.html", "If-None-Match: *\r\n"},
	{"GET", "/none", "Accept: text/html\r\n"},
	{"GET", "/none", "Accept: text/html\r\nIf-None-Match: *\r\n"},
	{"GET", "/none", ""},
	{"GET", "/none.html", ""},
	{"GET", "/large.bin", "If-None-Match: *\r\n"},
	{"HEAD", "/large.bin", ""},
};

static void insert(char *text, const char *mark, const char *value)
{
	char *at = strstr(text, mark), rest[200];

	if (at == NULL)
		return;
	snprintf(rest, sizeof(rest), "%s", at + strlen(mark));
	sprintf(at, "%s%s", value, rest);
}

/* Asks one of alike; returns the answer. */
static const char *ask_alike(int i, const char *tag, const char *date)
{
	char fields[300];

	snprintf(fields, sizeof(fields), "%s", alike[i].fields);
	insert(fields, "TAG", tag);
	insert(fields, "DATE", date);
	client_reply_free(&reply);
	client_ask(&client, alike[i].method, alike[i].target, fields, &reply);
	ck_assert(reply.whole);
	return client_timeless_head(&reply);
}

static void start_alike(bool is_spa, uint64_t cache_size)
{
	const char *root = tree.path;

	serving_set_up(&root, 1);
	options.flags |= FSRV_PRECOMPRESSED;
	options.cache_size = cache_size;
	*(is_spa ? &options.spa_page : &options.not_found_page) = "b.html";
	serving_start(modes[0], fsrv_handle, daemon_connect);
}

/* Nothing is kept without a cache. With one, all are asked after one of them that was asked several times. */
START_TEST(tells_apart_what_is_alike)
{
	static char heads[LEN(alike)][1024];
	char tag[80], date[80];

	tree_make(&tree);
	tree_write_text(&tree, "a.txt", "small\n");
	tree_write_text(&tree, "a.txt.gz", "coded\n");
	tree_write_text(&tree, "b.html", "<!doctype html><title>page</title>");
	tree_write_pattern(&tree, "large.bin", 200000);
	tree_age();
	start_alike(_i, FSRV_NO_CACHE);
	ask("GET", "/a.txt", "", 200);
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	snprintf(date, sizeof(date), "%s", client_field(&reply, "Last-Modified"));
	for (int i = 0; i < LEN(alike); i++)
		snprintf(heads[i], sizeof(heads[i]), "%s", ask_alike(i, tag, date));
	serving_stop();
	for (int first = 0; first < LEN(alike); first++) {
		start_alike(_i, 0);
		for (int i = 0; i < 3; i++)
			ck_assert_str_eq(ask_alike(first, tag, date), heads[first]);
		for (int i = 0; i < LEN(alike); i++)
			ck_assert_msg(strcmp(ask_alike(i, tag, date), heads[i]) == 0,
				      "%s %s %s after %s %s %s: %s", alike[i].method, alike[i].target,
				      alike[i].fields, alike[first].method, alike[first].target,
				      alike[first].fields, reply.head);
		serving_stop();
	}
	tree_remove(&tree);
}
END_TEST

/* The file and its state stay the same when a folder gets another index page that is a link to it. */
START_TEST(tells_the_type_of_another_index_page)
{
	static const char *const names[] = {"index.css", "index.txt"};
	const char *root;

	tree_make(&tree);
	tree_write_text(&tree, "page", "text\n");
	tree_link(&tree, "index.css", "page");
	tree_link(&tree, "index.txt", "page");
	tree_age();
	root = tree.path;
	serving_set_up(&root, 1);
	options.index_names = names;
	options.n_index_names = LEN(names);
	serving_start(modes[_i], fsrv_handle, daemon_connect);
	for (int i = 0; i < 4; i++) {
		ask("GET", "/", "", 200);
		expect("Content-Type", "text/css; charset=utf-8");
	}
	ck_assert_int_eq(unlink(tree_path(&tree, "index.css")), 0);
	for (int i = 0; i < 4; i++) {
		ask("GET", "/", "", 200);
		expect("Content-Type", "text/plain; charset=utf-8");
	}
	stop();
}
END_TEST

static const struct fsrv__prepared_case kept_case = {
	.method = FSRV__GET, .if_none_match = {"\"a\"", 3}, .media_type = "text/a", .time = {1000, 500}};

/* What differs from kept_case, and whether its response is found nevertheless. */
static const struct {
	struct fsrv__prepared_case of;
	bool is_found;
} other_cases[] = {
	{{FSRV__GET, {"\"a\"", 3}, NULL, NULL, false, false, false, {1000, 500}}, true},
	{{FSRV__GET, {"\"a\"", 3}, NULL, NULL, false, false, false, {1001, 0}}, true},
	{{FSRV__GET, {"\"a\"", 3}, NULL, NULL, false, false, false, {1000, 499}}, false},
	{{FSRV__GET, {"\"a\"", 3}, NULL, NULL, false, false, false, {999, 999}}, false},
	{{FSRV__HEAD, {"\"a\"", 3}, NULL, NULL, false, false, false, {1000, 500}}, false},
	{{FSRV__GET, {"\"b\"", 3}, NULL, NULL, false, false, false, {1000, 500}}, false},
	{{FSRV__GET, {"\"a\"b", 4}, NULL, NULL, false, false, false, {1000, 500}}, false},
	{{FSRV__GET, {"", 0}, NULL, NULL, false, false, false, {1000, 500}}, false},
	{{FSRV__GET, {NULL, 0}, NULL, NULL, false, false, false, {1000, 500}}, false},
	{{FSRV__GET, {"\"a\"", 3}, "text/b", NULL, false, false, false, {1000, 500}}, false},
	{{FSRV__GET, {"\"a\"", 3}, NULL, "gzip", false, false, false, {1000, 500}}, false},
	{{FSRV__GET, {"\"a\"", 3}, NULL, NULL, true, false, false, {1000, 500}}, false},
	{{FSRV__GET, {"\"a\"", 3}, NULL, NULL, false, true, false, {1000, 500}}, false},
	{{FSRV__GET, {"\"a\"", 3}, NULL, NULL, false, false, true, {1000, 500}}, false},
};

static struct MHD_Response *make_text(const char *text)
{
	return MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
}

START_TEST(recalls_the_same_case)
{
	const struct fsrv__allocator allocator = {fsrv__default_allocate, NULL};
	struct fsrv__prepared *prepared = fsrv__prepared_new(&allocator);
	struct fsrv__plan plan = {.status = 200, .content = FSRV__CONTENT_SLICE, .length = 1}, found;
	struct fsrv__prepared_case of = other_cases[_i].of, kept = kept_case;
	struct MHD_Response *first = make_text("a"), *second = make_text("b");
	char tag[] = "\"a\"";

	if (of.media_type == NULL)
		of.media_type = kept_case.media_type;
	kept.if_none_match.at = tag;
	ck_assert(fsrv__prepared_keep(prepared, &plan, NULL, first));
	ck_assert_ptr_null(fsrv__prepared_recall(prepared, &of, &found));
	plan.status = 304;
	plan.content = FSRV__CONTENT_NONE;
	ck_assert(fsrv__prepared_keep(prepared, &plan, &kept, second));
	memset(tag, 'x', sizeof(tag)); /* The texts of a request end with it. */
	ck_assert_ptr_eq(fsrv__prepared_recall(prepared, &of, &found),
			 other_cases[_i].is_found ? second : NULL);
	if (other_cases[_i].is_found) {
		ck_assert_uint_eq(found.status, 304);
		ck_assert_int_eq(found.content, FSRV__CONTENT_NONE);
		ck_assert_uint_eq(found.length, 1);
		ck_assert_uint_eq(found.n_headers, 0);
	}
	fsrv__prepared_release(prepared);
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
	/* Where the system does not tell which names are in memory, a worker looks up those not kept. */
	{"GET", "/none", "", 404, SYSTEM_IS_PORTABLE ? 1 : 0},
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
	tcase_add_loop_test(tcase, dates_a_page_in_the_next_second, 0, LEN(modes));
	tcase_add_loop_test(tcase, tells_the_type_of_another_index_page, 0, LEN(modes));
	tcase_add_loop_test(tcase, tells_apart_what_is_alike, 0, 2);
	tcase_add_loop_test(tcase, recalls_the_same_case, 0, LEN(other_cases));
	tcase_add_loop_test(tcase, allocates_nothing, 0, LEN(modes));
	suite_add_tcase(suite, tcase);
	return suite;
}
