/* Every status, for GET and HEAD, on kept connections in every threading mode of libmicrohttpd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "suite.h"
#include "tree.h"

#define TEXT  "hello, world\n"
#define PLAIN "Content-Type: text/plain; charset=utf-8"

struct response_case {
	const char *name;
	const char *method;
	const char *target;
	const char *fields; /* whole lines; @ stands for the entity tag of /hello.txt */
	int status;
	const char *body;	   /* NULL: not compared */
	const char *expected[4]; /* lines "Name: value" that are there, or "!Name" that is not */
};

static const struct response_case cases[] = {
	{"file", "GET", "/hello.txt", "", 200, TEXT,
	 {PLAIN, "Accept-Ranges: bytes", "Last-Modified: " TREE_OLD_TEXT, "Cache-Control: no-cache"}},
	{"nosniff", "GET", "/hello.txt", "", 200, TEXT,
	 {"X-Content-Type-Options: nosniff", "!Content-Range"}},
	{"empty file", "GET", "/empty", "", 200, "",
	 {"Content-Length: 0", "Content-Type: application/octet-stream"}},
	{"file with a query", "GET", "/hello.txt?a=/../x", "", 200, TEXT, {NULL}},
	{"file in a folder", "GET", "/sub/inner.css", "", 200, "i{}",
	 {"Content-Type: text/css; charset=utf-8"}},
	{"index of the root", "GET", "/", "", 200, "<p>root", {"Content-Type: text/html; charset=utf-8"}},
	{"index of a folder", "GET", "/sub/", "", 200, "<p>sub", {NULL}},
	{"absolute form", "GET", "http://example.org/hello.txt", "", 200, TEXT, {NULL}},
	{"encoded name", "GET", "/%68ello%2Etxt", "", 200, TEXT, {NULL}},
	{"dot segments", "GET", "/sub/../hello.txt", "", 200, TEXT, {NULL}},
	{"HTTP/1.0 style range", "GET", "/hello.txt", "Range: bytes=0-4\r\n", 206, "hello",
	 {"Content-Range: bytes 0-4/13", "Content-Length: 5", PLAIN, "Last-Modified: " TREE_OLD_TEXT}},
	{"suffix", "GET", "/hello.txt", "Range: bytes=-6\r\n", 206, "world\n",
	 {"Content-Range: bytes 7-12/13"}},
	{"open range", "GET", "/hello.txt", "Range: bytes=0-\r\n", 206, TEXT,
	 {"Content-Range: bytes 0-12/13"}},
	{"blanks behind a range", "GET", "/hello.txt", "Range: bytes=0-4  \t\r\n", 206, "hello", {NULL}},
	{"two ranges", "GET", "/hello.txt", "Range: bytes=0-1,3-4\r\n", 200, TEXT, {"!Content-Range"}},
	{"two Range fields", "GET", "/hello.txt", "Range: bytes=0-1\r\nRange: bytes=3-4\r\n", 200, TEXT,
	 {NULL}},
	{"other unit", "GET", "/hello.txt", "Range: lines=0-1\r\n", 200, TEXT, {NULL}},
	{"range of an empty file", "GET", "/empty", "Range: bytes=0-\r\n", 200, "", {NULL}},
	{"range past the end", "GET", "/hello.txt", "Range: bytes=13-\r\n", 416, "",
	 {"Content-Range: bytes */13", "Content-Length: 0"}},
	{"reversed range", "GET", "/hello.txt", "Range: bytes=5-2\r\n", 416, "",
	 {"Content-Range: bytes */13"}},
	{"tag known", "GET", "/hello.txt", "If-None-Match: @\r\n", 304, NULL,
	 {"Last-Modified: " TREE_OLD_TEXT, "!Content-Type", "Content-Length: 13", "Cache-Control: no-cache"}},
	{"tag in the second of two lines", "GET", "/hello.txt",
	 "If-None-Match: \"a\"\r\nIf-None-Match: @\r\n", 304, NULL, {NULL}},
	{"tag known, with a range", "GET", "/hello.txt", "If-None-Match: @\r\nRange: bytes=0-1\r\n", 304,
	 NULL, {"Content-Length: 13", "!Content-Range"}},
	{"date known", "GET", "/hello.txt", "If-Modified-Since: " TREE_OLD_TEXT "\r\n", 304, NULL, {NULL}},
	{"date too old", "GET", "/hello.txt", "If-Modified-Since: Thu, 04 Mar 2021 05:06:06 GMT\r\n", 200,
	 TEXT, {NULL}},
	{"tag demanded", "GET", "/hello.txt", "If-Match: @\r\n", 200, TEXT, {NULL}},
	{"other tag demanded", "GET", "/hello.txt", "If-Match: \"x\"\r\n", 412, "Precondition Failed\n",
	 {PLAIN}},
	{"unmodified since before", "GET", "/hello.txt",
	 "If-Unmodified-Since: Thu, 04 Mar 2021 05:06:06 GMT\r\n", 412, NULL, {"!ETag"}},
	{"resume with the tag", "GET", "/hello.txt", "If-Range: @\r\nRange: bytes=7-\r\n", 206, "world\n",
	 {NULL}},
	{"resume with another tag", "GET", "/hello.txt", "If-Range: \"x\"\r\nRange: bytes=7-\r\n", 200, TEXT,
	 {NULL}},
	{"resume with the date", "GET", "/hello.txt", "If-Range: " TREE_OLD_TEXT "\r\nRange: bytes=7-\r\n",
	 206, "world\n", {NULL}},
	{"folder without its slash", "GET", "/sub", "", 308, NULL, {"Location: sub/", PLAIN}},
	{"folder with a query", "GET", "/sub?a=b%20c+d&e", "", 308, NULL, {"Location: sub/?a=b%20c+d&e"}},
	{"folder with an odd name", "GET", "/odd:name%23", "", 308, NULL, {"Location: odd%3Aname%23/"}},
	{"folder, conditionally", "GET", "/sub", "If-None-Match: *\r\n", 308, NULL, {NULL}},
	{"missing", "GET", "/missing", "", 404, "Not Found\n",
	 {PLAIN, "!ETag", "!Last-Modified", "Cache-Control: no-cache"}},
	{"missing, with a range", "GET", "/missing", "Range: bytes=0-1\r\n", 404, "Not Found\n",
	 {"!Content-Range"}},
	{"folder without an index", "GET", "/bare/", "", 404, NULL, {NULL}},
	{"file with a slash", "GET", "/hello.txt/", "", 404, NULL, {NULL}},
	{"above the root", "GET", "/../hello.txt", "", 404, NULL, {NULL}},
	{"hidden", "GET", "/.secret", "", 404, NULL, {NULL}},
	{"well-known", "GET", "/.well-known/x", "", 200, "known", {NULL}},
	{"FIFO", "GET", "/fifo", "", 404, NULL, {NULL}},
	{"broken escape", "GET", "/%zz", "", 400, "Bad Request\n", {PLAIN}},
	{"encoded NUL", "GET", "/hello.txt%00", "", 400, NULL, {NULL}},
	{"encoded slash", "GET", "/sub%2Finner.css", "", 400, NULL, {NULL}},
	{"backslash", "GET", "/sub\\inner.css", "", 400, NULL, {NULL}},
	{"no slash", "GET", "hello.txt", "", 400, NULL, {NULL}},
	{"asterisk", "GET", "*", "", 400, NULL, {NULL}},
#if !FSRV_MHD_IS_STRICT /* otherwise libmicrohttpd answers these by itself */
	{"two Host fields", "GET", "/hello.txt", "Host: other\r\n", 400, NULL, {NULL}},
	{"blank before the colon", "GET", "/hello.txt", "X-Field : 1\r\n", 400, NULL, {NULL}},
#endif
	{"OPTIONS", "OPTIONS", "/hello.txt", "", 204, NULL, {"Allow: GET, HEAD, OPTIONS", "!Content-Length"}},
	{"OPTIONS of everything", "OPTIONS", "*", "", 204, NULL, {"Allow: GET, HEAD, OPTIONS"}},
	{"OPTIONS with content", "OPTIONS", "/", "Content-Length: 0\r\n", 204, NULL, {NULL}},
};

static struct tree tree;
static struct fsrv *fs;
static char etag[64];

/* The way of an embedder with routes of its own. */
static enum MHD_Result forward(void *cls, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload_data,
			       size_t *upload_data_size, void **con_cls)
{
	return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

static void learn_etag(void)
{
	struct test_daemon daemon;
	struct client client;
	struct reply reply;

	daemon_start(&daemon, &daemon_modes[0], fsrv_handle, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	client_ask(&client, "GET", "/hello.txt", "", &reply);
	ck_assert_ptr_nonnull(client_field(&reply, "ETag"));
	snprintf(etag, sizeof(etag), "%s", client_field(&reply, "ETag"));
	ck_assert_int_eq(etag[0], '"');
	client_reply_free(&reply);
	client_close(&client);
	daemon_stop(&daemon);
}

static void set_up(void)
{
	const char *roots[] = {tree.path};
	struct fsrv_options options = {
		.size = sizeof(options), .roots = roots, .n_roots = 1, .flags = FSRV_URL_IS_RAW};

	tree_make(&tree);
	tree_write_text(&tree, "hello.txt", TEXT);
	tree_write_text(&tree, "empty", "");
	tree_write_text(&tree, "index.html", "<p>root");
	tree_write_text(&tree, "sub/index.html", "<p>sub");
	tree_write_text(&tree, "sub/inner.css", "i{}");
	tree_write_text(&tree, "odd:name#/x", "x");
	tree_write_text(&tree, "bare/x", "x");
	tree_write_text(&tree, ".secret", "secret");
	tree_write_text(&tree, ".well-known/x", "known");
	ck_assert_int_eq(mkfifo(tree_path(&tree, "fifo"), 0644), 0);
	tree_age();
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	learn_etag();
}

static void tear_down(void)
{
	fsrv_free(fs);
	tree_remove(&tree);
}

static const char *insert_etag(const char *fields)
{
	static char text[512];
	const char *at = strchr(fields, '@');

	if (at == NULL)
		return fields;
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - fields), fields, etag, at + 1);
	return text;
}

static void expect_field(const struct response_case *c, const struct reply *reply, const char *line)
{
	char name[64];
	const char *found;

	if (line[0] == '!') {
		ck_assert_msg(client_field(reply, line + 1) == NULL, "%s: has %s", c->name, line + 1);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, ":"), line);
	found = client_field(reply, name);
	ck_assert_msg(found != NULL && strcmp(found, line + strlen(name) + 2) == 0, "%s: %s is %s", c->name,
		      name, found != NULL ? found : "absent");
}

static void expect_reply(const struct response_case *c, const struct reply *reply)
{
	ck_assert_msg(reply->status == c->status, "%s: status %d", c->name, reply->status);
	ck_assert_msg(reply->whole, "%s: body cut", c->name);
	if (c->body != NULL)
		ck_assert_msg(strcmp(reply->body, c->body) == 0, "%s: body %s", c->name, reply->body);
	for (int i = 0; i < LEN(c->expected) && c->expected[i] != NULL; i++)
		expect_field(c, reply, c->expected[i]);
	expect_field(c, reply, "X-Content-Type-Options: nosniff");
	ck_assert_msg(client_field(reply, "Transfer-Encoding") == NULL, "%s: chunked", c->name);
}

/* Only after an answer that ends the connection; what was sent behind its request gets none. */
static bool reconnect(struct test_daemon *daemon, struct client *client, const struct reply *reply)
{
	const char *connection = client_field(reply, "Connection");

	if (connection == NULL || strcmp(connection, "close") != 0)
		return false;
	ck_assert_uint_eq(client->n_held, 0);
	ck_assert(client_sees_end(client));
	client_close(client);
	client_open(client, daemon_connect(daemon));
	return true;
}

/* Each case on the same connection: an answer with too many or too few bytes spoils the next. */
START_TEST(answers_get)
{
	struct test_daemon daemon;
	struct client client;
	struct reply reply;

	daemon_start(&daemon, &daemon_modes[_i], forward, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	for (int i = 0; i < LEN(cases); i++) {
		client_ask(&client, cases[i].method, cases[i].target, insert_etag(cases[i].fields), &reply);
		expect_reply(&cases[i], &reply);
		reconnect(&daemon, &client, &reply);
		client_reply_free(&reply);
	}
	client_close(&client);
	daemon_stop(&daemon);
}
END_TEST

/* HEAD answers as GET without its range does, with the same fields and no body (RFC 9110, 9.3.2). */
START_TEST(answers_head_like_get)
{
	struct test_daemon daemon;
	struct client client;
	struct reply get, head;

	daemon_start(&daemon, &daemon_modes[_i], fsrv_handle, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	for (int i = 0; i < LEN(cases); i++) {
		const char *fields = strstr(cases[i].fields, "Range: bytes") != NULL ? "" : cases[i].fields;
		char *date;

		if (strcmp(cases[i].method, "GET") != 0)
			continue;
		client_ask(&client, "GET", cases[i].target, insert_etag(fields), &get);
		reconnect(&daemon, &client, &get);
		client_ask(&client, "HEAD", cases[i].target, insert_etag(fields), &head);
		date = strstr(head.head, "Date: ");
		ck_assert_ptr_nonnull(date);
		memcpy(date, strstr(get.head, "Date: "), strcspn(date, "\r"));
		ck_assert_msg(strcmp(get.head, head.head) == 0, "%s: %s", cases[i].name, head.head);
		reconnect(&daemon, &client, &head);
		client_reply_free(&get);
		client_reply_free(&head);
	}
	client_close(&client);
	daemon_stop(&daemon);
}
END_TEST

START_TEST(ignores_a_range_on_head)
{
	struct test_daemon daemon;
	struct client client;
	struct reply reply;

	daemon_start(&daemon, &daemon_modes[_i], fsrv_handle, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	client_ask(&client, "HEAD", "/hello.txt", "Range: bytes=0-4\r\nIf-Range: \"x\"\r\n", &reply);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(reply.announced, 13);
	client_reply_free(&reply);
	client_close(&client);
	daemon_stop(&daemon);
}
END_TEST

static void send_cases(struct client *client, int first)
{
	char request[1024];

	for (int i = first; i < LEN(cases); i++) {
		snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: test\r\n%s\r\n", cases[i].method,
			 cases[i].target, insert_etag(cases[i].fields));
		/* The server may have closed already after one of them. */
		if (!client_send_text(client, request))
			return;
	}
}

/* All requests in one go: the answers come in order and whole. What stands behind a request that ends the
 * connection is sent again on the next one. */
START_TEST(answers_pipelined_requests)
{
	struct test_daemon daemon;
	struct client client;
	struct reply reply;

	daemon_start(&daemon, &daemon_modes[_i], fsrv_handle, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	send_cases(&client, 0);
	for (int i = 0; i < LEN(cases); i++) {
		client_read(&client, true, &reply);
		expect_reply(&cases[i], &reply);
		if (reconnect(&daemon, &client, &reply))
			send_cases(&client, i + 1);
		client_reply_free(&reply);
	}
	client_close(&client);
	daemon_stop(&daemon);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("responses");
	TCase *tcase = tcase_create("modes");

	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, answers_get, 0, N_MODES);
	tcase_add_loop_test(tcase, answers_head_like_get, 0, N_MODES);
	tcase_add_loop_test(tcase, ignores_a_range_on_head, 0, N_MODES);
	tcase_add_loop_test(tcase, answers_pipelined_requests, 0, N_MODES);
	suite_add_tcase(suite, tcase);
	return suite;
}
