/* Content-Type of HTML and XML: the encoding that a page names, the same for GET and HEAD, for small pages
 * and large ones, from the cache and from the disk, with scripts and without. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "suite.h"
#include "tree.h"

#define LARGE 200000 /* bytes: more than what is read into memory as a whole */

static const struct {
	const char *start;
	size_t length;
	const char *type;
} pages[] = {
	{"<p>x", 4, "text/html; charset=utf-8"},
	{"<meta charset=iso-8859-1>\xe4", 26, "text/html; charset=iso-8859-1"},
	{"<meta charset=Shift_JIS>\x83\x65", 26, "text/html; charset=Shift_JIS"},
	{"\xef\xbb\xbf<meta charset=koi8-r>", 24, "text/html; charset=utf-8"},
	{"\xff\xfe<\0p\0>\0", 8, "text/html"},
	{"<meta charset=iso-2022-jp>", 26, "text/html"},
};

static struct tree tree;
static struct fsrv *fs;
static struct test_daemon service;
static struct client client;

/* Indexes of daemon_modes: a thread for each connection, epoll and an external loop that suspend. */
static const int modes[] = {7, 3, 13};

static const char *name_of(int row, bool is_large)
{
	static char name[32];

	snprintf(name, sizeof(name), "/%s-%d.html", is_large ? "large" : "small", row);
	return name;
}

static void make_tree(void)
{
	static char bytes[LARGE];

	tree_make(&tree);
	for (int row = 0; row < LEN(pages); row++) {
		memset(bytes, ' ', sizeof(bytes));
		memcpy(bytes, pages[row].start, pages[row].length);
		tree_write(&tree, name_of(row, false) + 1, bytes, pages[row].length);
		tree_write(&tree, name_of(row, true) + 1, bytes, sizeof(bytes));
	}
	tree_write_text(&tree, "a.svg", "<?xml version='1.0' encoding='ISO-8859-1'?><svg/>");
	tree_write_text(&tree, "a.xml", "<a/>");
	tree_write_text(&tree, "a.xhtml", "<a/>");
	tree_write_text(&tree, "a.koi", "<p>x");
	tree_age();
}

static void remove_tree(void)
{
	tree_remove(&tree);
}

static size_t tag(void *cls, int file, const char *path, char *opaque, size_t capacity)
{
	(void)cls, (void)file, (void)path, (void)capacity;
	opaque[0] = 'x';
	return 1;
}

static const struct fsrv_type koi = {"koi", "text/html; charset=koi8-u"};

static void serve(int mode, uint64_t cache_size, fsrv_etag_function function)
{
	const char *root = tree.path;
	struct fsrv_options options = {.size = sizeof(options),
				       .roots = &root,
				       .n_roots = 1,
				       .types = &koi,
				       .n_types = 1,
				       .cache_size = cache_size,
				       .etag_function = function,
				       .wake = daemon_wake,
				       .wake_cls = &service};

	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[mode], fsrv_handle, fs, 0);
	client_open(&client, daemon_connect(&service));
}

static void stop(void)
{
	client_close(&client);
	daemon_stop(&service);
	fsrv_free(fs);
}

static void expect(const char *method, const char *target, const char *fields, int status, const char *type)
{
	struct reply reply;
	const char *found;

	client_ask(&client, method, target, fields, &reply);
	ck_assert_msg(reply.status == status, "%s %s %s: %d", method, target, fields, reply.status);
	found = client_field(&reply, "Content-Type");
	if (status == 304)
		ck_assert_ptr_null(found);
	else
		ck_assert_msg(strcmp(found, type) == 0, "%s %s %s: %s", method, target, fields, found);
	client_reply_free(&reply);
}

/* In every order, so that the first request is of each kind. */
static void expect_everywhere(int first, int row, bool is_large)
{
	static const struct {
		const char *method, *fields;
		int status;
	} requests[] = {
		{"GET", "", 200},
		{"HEAD", "", 200},
		{"GET", "Range: bytes=1-2\r\n", 206},
		{"GET", "If-None-Match: *\r\n", 304},
		{"GET", "If-None-Match: \"other\"\r\n", 200},
	};

	for (int i = 0; i < 2 * LEN(requests); i++) {
		int n = (first + i) % LEN(requests);

		expect(requests[n].method, name_of(row, is_large), requests[n].fields, requests[n].status,
		       pages[row].type);
	}
}

static void add_script(void)
{
	struct fsrv_script script = {.text = "1", .length = 1};

	ck_assert_int_eq(fsrv_inject_add_script(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, &script),
			 FSRV_OK);
}

static const struct {
	uint64_t cache_size;
	fsrv_etag_function function;
} ways[] = {{0, NULL}, {FSRV_NO_CACHE, NULL}, {0, tag}};

START_TEST(names_the_encoding_of_the_page)
{
	const int mode = modes[_i % LEN(modes)], way = _i / LEN(modes);

	for (int first = 0; first < 5; first++) {
		serve(mode, ways[way].cache_size, ways[way].function);
		for (int row = 0; row < LEN(pages); row++) {
			expect_everywhere(first, row, false);
			expect_everywhere(first, row, true);
		}
		add_script();
		for (int row = 0; row < LEN(pages); row++) {
			expect_everywhere(first, row, false);
			expect_everywhere(first, row, true);
		}
		stop();
	}
}
END_TEST

START_TEST(leaves_other_types_alone)
{
	serve(modes[_i % LEN(modes)], 0, NULL);
	if (_i >= LEN(modes))
		add_script();
	expect("GET", "/a.svg", "", 200, "image/svg+xml");
	expect("GET", "/a.xml", "", 200, "text/xml");
	expect("GET", "/a.xhtml", "", 200, "application/xhtml+xml");
	expect("GET", "/a.koi", "", 200, koi.media_type);
	expect("HEAD", "/a.koi", "", 200, koi.media_type);
	stop();
}
END_TEST

/* A large page is opened for its encoding, unless Content-Type is not sent. */
START_TEST(names_the_encoding_of_large_pages_each_time)
{
	struct fsrv_stats before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
	struct reply reply;

	serve(modes[_i], 0, NULL);
	expect("HEAD", name_of(1, true), "", 200, pages[1].type);
	ck_assert_int_eq(fsrv_stats(fs, &before), FSRV_OK);
	expect("HEAD", name_of(1, true), "", 200, pages[1].type);
	expect("GET", name_of(1, true), "If-None-Match: *\r\n", 304, NULL);
	ck_assert_int_eq(fsrv_stats(fs, &after), FSRV_OK);
	ck_assert_uint_eq(after.cache_hits, before.cache_hits + 1);
	ck_assert_uint_eq(after.cache_misses, before.cache_misses + 1);
	client_ask(&client, "GET", name_of(1, true), "", &reply);
	ck_assert_uint_eq(reply.length, LARGE);
	ck_assert_int_eq(memcmp(reply.body, pages[1].start, pages[1].length), 0);
	client_reply_free(&reply);
	stop();
}
END_TEST

static void evict(const char *name)
{
	int fd = open(tree_path(&tree, name), O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	fdatasync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

/* Where files can leave memory, the start of the page is then read by a worker. */
START_TEST(finds_the_encoding_of_what_is_not_in_memory)
{
	bool is_large = _i >= LEN(modes);

	for (int first = 0; first < 5; first++) {
		for (int row = 0; row < LEN(pages); row++)
			evict(name_of(row, is_large) + 1);
		serve(modes[_i % LEN(modes)], 0, NULL);
		for (int row = 0; row < LEN(pages); row++)
			expect_everywhere(first, row, is_large);
		stop();
	}
}
END_TEST

/* The encoding is that of the current file. */
START_TEST(follows_the_file)
{
	serve(modes[_i], 0, NULL);
	tree_write_text(&tree, "changing.html", "<meta charset=gbk>");
	expect("GET", "/changing.html", "", 200, "text/html; charset=gbk");
	expect("HEAD", "/changing.html", "", 200, "text/html; charset=gbk");
	tree_write_text(&tree, "changing.html", "<meta charset=big5>");
	expect("HEAD", "/changing.html", "", 200, "text/html; charset=big5");
	expect("GET", "/changing.html", "", 200, "text/html; charset=big5");
	tree_write_text(&tree, "changing.html", "");
	expect("GET", "/changing.html", "", 200, "text/html; charset=utf-8");
	stop();
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("encodings");
	TCase *tcase = tcase_create("encodings");

	tcase_add_unchecked_fixture(tcase, make_tree, remove_tree);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, names_the_encoding_of_the_page, 0, LEN(modes) * LEN(ways));
	tcase_add_loop_test(tcase, leaves_other_types_alone, 0, 2 * LEN(modes));
	tcase_add_loop_test(tcase, names_the_encoding_of_large_pages_each_time, 0, LEN(modes));
	tcase_add_loop_test(tcase, finds_the_encoding_of_what_is_not_in_memory, 0, 2 * LEN(modes));
	tcase_add_loop_test(tcase, follows_the_file, 0, LEN(modes));
	suite_add_tcase(suite, tcase);
	return suite;
}
