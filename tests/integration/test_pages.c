/* HTML pages with scripts: what is sent, how it is revalidated, and what happens while scripts come. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "suite.h"
#include "tree.h"

#define PAGE "<!doctype html><html><head><title>t</title></head><body><p>x</p></body></html>"
/* Each mode that the load is tried in: one thread, a pool, a thread for each connection. */
#define N_LOADS 3

static const int loads[N_LOADS] = {2, 5, 7};

static struct tree tree;
static struct fsrv *fs;
static struct test_daemon service;
static struct client client;
static struct reply reply;
static struct fsrv_options options;
static const char *roots[1];
static char logged[512];
static unsigned n_logged;

static void note_log(void *cls, const char *line)
{
	(void)cls;
	snprintf(logged, sizeof(logged), "%s", line);
	n_logged++;
}

static const struct {
	const char *name;
	const char *page;
	size_t length;
	const char *type;
	const char *log;
	bool unchanged;
} encodings[] = {
	{"nothing said", "<p>x", 4, "text/html; charset=utf-8", NULL, false},
	{"meta", "<meta charset=windows-1252><p>\xfc", 31, "text/html; charset=windows-1252", NULL, false},
	{"byte order mark and meta", "\xef\xbb\xbf<meta charset=koi8-r>", 24, "text/html; charset=utf-8",
	 NULL, false},
	{"meta that cannot be true", "<meta charset=UTF-16le><p>x", 27, "text/html; charset=utf-8", NULL,
	 false},
	{"meta that would break the field", "<meta charset=\"a b\"><p>x", 24, "text/html; charset=utf-8",
	 NULL, false},
	{"UTF-16", "\xff\xfe<\0p\0>\0", 8, "text/html", "without scripts", true},
	{"ISO-2022-JP", "<meta charset=iso-2022-jp>", 26, "text/html", "without scripts", true},
	{"pragma", "<meta http-equiv=content-type content='text/html;charset=gbk'>", 62,
	 "text/html; charset=gbk", NULL, false},
};

/* What was written has to grow old before it is kept, so that is waited for once. Tests that need other
 * files, or write to them, have a tree of their own. */
enum { SHARED, MARKED, REWRITTEN, N_TREES };

static struct tree trees[N_TREES];

static const char *encoded_page(int row)
{
	static char name[32];

	snprintf(name, sizeof(name), "/encoding-%d.html", row);
	return name;
}

static void make_trees(void)
{
	for (int i = 0; i < N_TREES; i++) {
		tree_make(&trees[i]);
		tree_write_text(&trees[i], "index.html", PAGE);
		tree_write_text(&trees[i], "sub/index.html", PAGE);
		tree_write_text(&trees[i], "data.json", "{}");
		tree_write_text(&trees[i], "large.html", PAGE " ");
		tree_write_text(&trees[i], "csp.html", "<meta http-equiv=content-security-policy content=x>");
		for (int row = 0; row < LEN(encodings); row++)
			tree_write(&trees[i], encoded_page(row) + 1, encodings[row].page,
				   encodings[row].length);
	}
	tree_write_text(&trees[MARKED], "index.html", "<head><script>old()</script><script>kept()</script>");
	tree_write_text(&trees[MARKED], "other.html", "<head><script>old()</script>");
	tree_age();
}

static void remove_trees(void)
{
	for (int i = 0; i < N_TREES; i++)
		tree_remove(&trees[i]);
}

static void use_tree(int number)
{
	tree = trees[number];
	roots[0] = tree.path;
}

static void set_up(void)
{
	use_tree(SHARED);
	options = (struct fsrv_options){.size = sizeof(options), .roots = roots, .n_roots = 1,
					.log = note_log};
	n_logged = 0;
	fs = NULL;
}

static void serve(int mode)
{
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[mode], fsrv_handle, fs, 0);
	client_open(&client, daemon_connect(&service));
}

static void tear_down(void)
{
	if (fs != NULL) {
		client_close(&client);
		daemon_stop(&service);
		fsrv_free(fs);
	}
}

static void add(enum fsrv_scope scope, enum fsrv_point point, const char *text)
{
	struct fsrv_script script = {.text = text, .length = strlen(text)};

	ck_assert_int_eq(fsrv_inject_add_script(fs, scope, point, &script), FSRV_OK);
}

static void get(const char *target, const char *fields)
{
	client_reply_free(&reply);
	client_ask(&client, "GET", target, fields, &reply);
}

static void expect(const char *target, const char *body)
{
	get(target, "");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply.body, body);
	ck_assert_uint_eq(reply.announced, strlen(body));
}

START_TEST(puts_scripts_where_they_belong)
{
	static const char index[] =
		"<!doctype html><html><head><script>a</script><script>b</script><script>c</script>"
		"<title>t</title><script>d</script></head><body><p>x</p><script>e</script><i></i></body>"
		"</html>";

	serve(2);
	expect("/", PAGE);
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "a");
	add(FSRV_SCOPE_INDEX_PAGE, FSRV_HEAD_START, "b");
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "c");
	add(FSRV_SCOPE_INDEX_PAGE, FSRV_HEAD_END, "d");
	add(FSRV_SCOPE_INDEX_PAGE, FSRV_BODY_END, "e");
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_INDEX_PAGE, FSRV_BODY_END, "<i></i>", 7),
			 FSRV_OK);
	expect("/", index);
	expect("/index.html", index);
	expect("/sub/",
	       "<!doctype html><html><head><script>a</script><script>c</script><title>t</title></head><body>"
			"<p>x</p></body></html>");
	expect("/data.json", "{}");
}
END_TEST

START_TEST(takes_marked_scripts_out)
{
	struct fsrv_marker marker = {"old", 3, 0};

	use_tree(MARKED);
	serve(2);
	ck_assert_int_eq(fsrv_inject_add_strip(fs, FSRV_SCOPE_INDEX_PAGE, &marker), FSRV_OK);
	add(FSRV_SCOPE_INDEX_PAGE, FSRV_HEAD_START, "old(1)");
	expect("/", "<head><script>old(1)</script><script>kept()</script>");
	expect("/other.html", "<head><script>old()</script>");
}
END_TEST

START_TEST(revalidates_what_was_sent)
{
	char tag[128], field[160];

	use_tree(REWRITTEN);
	serve(2);
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "first");
	get("/", "");
	ck_assert_ptr_nonnull(client_field(&reply, "ETag"));
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	ck_assert_int_eq(tag[0], '"');
	snprintf(field, sizeof(field), "If-None-Match: %s\r\n", tag);
	get("/", field);
	ck_assert_int_eq(reply.status, 304);
	ck_assert_uint_eq(reply.announced, strlen(PAGE) + strlen("<script>first</script>"));
	client_reply_free(&reply);
	client_ask(&client, "HEAD", "/", "", &reply);
	ck_assert_uint_eq(reply.announced, strlen(PAGE) + strlen("<script>first</script>"));
	ck_assert_str_eq(client_field(&reply, "ETag"), tag);
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "second");
	get("/", field);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_nonnull(strstr(reply.body, "<script>first</script><script>second</script>"));
	tree_write_text(&tree, "index.html", "<p>other");
	snprintf(field, sizeof(field), "If-None-Match: %s\r\n", client_field(&reply, "ETag"));
	get("/", field);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply.body, "<script>first</script><script>second</script><p>other");
}
END_TEST

/* A script for the index page changes nothing about others. */
START_TEST(leaves_tags_of_other_pages_alone)
{
	char tag[128];

	serve(2);
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "a");
	get("/sub/", "");
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	add(FSRV_SCOPE_INDEX_PAGE, FSRV_HEAD_START, "b");
	get("/sub/", "");
	ck_assert_str_eq(client_field(&reply, "ETag"), tag);
}
END_TEST

START_TEST(sends_ranges_of_the_page)
{
	char field[160];

	serve(2);
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "abc");
	get("/", "Range: bytes=27-37\r\n");
	ck_assert_int_eq(reply.status, 206);
	ck_assert_str_eq(reply.body, "<script>abc");
	ck_assert_str_eq(client_field(&reply, "Content-Range"), "bytes 27-37/98");
	snprintf(field, sizeof(field), "Range: bytes=-7\r\nIf-Range: %s\r\n", client_field(&reply, "ETag"));
	get("/", field);
	ck_assert_str_eq(reply.body, "</html>");
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "d");
	get("/", field);
	ck_assert_int_eq(reply.status, 200);
}
END_TEST

START_TEST(keeps_a_page_while_it_is_the_same)
{
	serve(2);
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "a");
	for (int i = 0; i < 5; i++)
		get("/csp.html", "");
	ck_assert_uint_eq(n_logged, 1);
	ck_assert_ptr_nonnull(strstr(logged, "Content-Security-Policy"));
}
END_TEST

START_TEST(names_the_encoding)
{
	serve(2);
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "a");
	get(encoded_page(_i), "");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(client_field(&reply, "Content-Type"), encodings[_i].type);
	ck_assert_msg((reply.length == encodings[_i].length) == encodings[_i].unchanged, "%s",
		      encodings[_i].name);
	ck_assert_uint_eq(n_logged, encodings[_i].log != NULL);
	if (encodings[_i].log != NULL)
		ck_assert_ptr_nonnull(strstr(logged, encodings[_i].log));
}
END_TEST

START_TEST(refuses_a_page_that_is_too_large)
{
	options.max_page_size = strlen(PAGE);
	serve(2);
	expect("/large.html", PAGE " ");
	add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, "a");
	get("/", "");
	ck_assert_int_eq(reply.status, 200);
	get("/large.html", "");
	ck_assert_int_eq(reply.status, 500);
	ck_assert_ptr_nonnull(strstr(logged, "large.html"));
	ck_assert_ptr_nonnull(strstr(logged, "max_page_size"));
}
END_TEST

START_TEST(refuses_bad_additions)
{
	struct fsrv_marker empty = {"", 0, 0};
	struct fsrv_script script = {.text = "</script>", .length = 9, .mode = FSRV_SCRIPT_STRICT};

	serve(2);
	ck_assert_int_eq(fsrv_inject_add_strip(fs, FSRV_SCOPE_EVERY_PAGE, &empty), FSRV_ERR_INVALID);
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_POINTS, "x", 1),
			 FSRV_ERR_INVALID);
	ck_assert_int_eq(fsrv_inject_add_markup(fs, (enum fsrv_scope)2, FSRV_HEAD_END, "x", 1),
			 FSRV_ERR_INVALID);
	ck_assert_int_eq(fsrv_inject_add_script(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_END, &script),
			 FSRV_ERR_UNSAFE);
	expect("/", PAGE);
}
END_TEST

/* Keeps loading the page until told to stop, and counts what it cannot explain: every page has to hold
 * the scripts 0, 1, 2, ... up to some number, and the length that was announced. */
struct loader {
	pthread_t thread;
	int socket;
	atomic_bool *stop;
	unsigned n_pages;
	unsigned n_wrong;
};

static bool is_explained(const struct reply *page)
{
	const char *at = strstr(page->body, "<head>");
	char next[32];

	if (page->status != 200 || !page->whole || at == NULL)
		return false;
	at += 6;
	for (unsigned i = 0;; i++) {
		int n = snprintf(next, sizeof(next), "<script>%u</script>", i);

		if (strncmp(at, next, (size_t)n) != 0)
			break;
		at += n;
	}
	return strcmp(at, "<title>t</title></head><body><p>x</p></body></html>") == 0;
}

static void *load(void *cls)
{
	struct loader *loader = cls;
	struct client own;
	struct reply page;

	client_open(&own, loader->socket);
	while (!atomic_load(loader->stop)) {
		client_ask(&own, "GET", "/", "", &page);
		loader->n_pages++;
		loader->n_wrong += !is_explained(&page);
		client_reply_free(&page);
	}
	client_close(&own);
	return NULL;
}

START_TEST(takes_scripts_while_pages_load)
{
	struct loader loaders[8];
	atomic_bool stop = false;
	char text[16];

	serve(loads[_i]);
	for (int i = 0; i < LEN(loaders); i++) {
		loaders[i] = (struct loader){.socket = daemon_connect(&service), .stop = &stop};
		ck_assert_int_eq(pthread_create(&loaders[i].thread, NULL, load, &loaders[i]), 0);
	}
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		add(FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, text);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < LEN(loaders); i++) {
		pthread_join(loaders[i].thread, NULL);
		ck_assert_uint_eq(loaders[i].n_wrong, 0);
		ck_assert_uint_gt(loaders[i].n_pages, 0);
	}
	get("/", "");
	ck_assert(is_explained(&reply));
	ck_assert_ptr_nonnull(strstr(reply.body, "<script>9999</script><title>"));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("pages");
	TCase *pages = tcase_create("pages");
	TCase *load_case = tcase_create("load");

	tcase_add_unchecked_fixture(pages, make_trees, remove_trees);
	tcase_add_checked_fixture(pages, set_up, tear_down);
	tcase_set_timeout(pages, 60);
	tcase_add_test(pages, puts_scripts_where_they_belong);
	tcase_add_test(pages, takes_marked_scripts_out);
	tcase_add_test(pages, revalidates_what_was_sent);
	tcase_add_test(pages, leaves_tags_of_other_pages_alone);
	tcase_add_test(pages, sends_ranges_of_the_page);
	tcase_add_test(pages, keeps_a_page_while_it_is_the_same);
	tcase_add_loop_test(pages, names_the_encoding, 0, LEN(encodings));
	tcase_add_test(pages, refuses_a_page_that_is_too_large);
	tcase_add_test(pages, refuses_bad_additions);
	suite_add_tcase(suite, pages);
	tcase_add_unchecked_fixture(load_case, make_trees, remove_trees);
	tcase_add_checked_fixture(load_case, set_up, tear_down);
	tcase_set_timeout(load_case, 240);
	tcase_add_loop_test(load_case, takes_scripts_while_pages_load, 0, N_LOADS);
	suite_add_tcase(suite, load_case);
	return suite;
}
