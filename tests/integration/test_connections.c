/* Connections: kept after uploads and oddities, closed where the next request cannot be found. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "suite.h"
#include "tree.h"

static struct tree tree;
static struct fsrv *fs;

static void set_up(void)
{
	const char *roots[] = {tree.path};
	struct fsrv_options options = {
		.size = sizeof(options), .roots = roots, .n_roots = 1, .flags = FSRV_URL_IS_RAW};

	tree_make(&tree);
	tree_write_text(&tree, "hello.txt", "hello");
	tree_write_pattern(&tree, "clip.mp4", 4 << 20);
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
}

static void tear_down(void)
{
	fsrv_free(fs);
	tree_remove(&tree);
}

static void expect_hello(struct client *client)
{
	struct reply reply;

	client_ask(client, "GET", "/hello.txt", "", &reply);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply.body, "hello");
	client_reply_free(&reply);
}

#define GET "GET /hello.txt HTTP/1.1\r\nHost: test\r\n"

/* Answered, and the connection is good for more. */
static const struct {
	const char *name;
	const char *bytes;
	int status;
} kept[] = {
	{"content with GET", GET "Content-Length: 4\r\n\r\nabcd", 200},
	{"content with GET that looks like a request",
	 GET "Content-Length: 30\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n\r\n", 200},
	{"content with a missing file", "GET /none HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nabcd",
	 404},
	{"content with OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nabcd", 204},
	{"empty line before", "\r\n" GET "\r\n", 200},
};

START_TEST(keeps_the_connection)
{
	struct test_daemon daemon;
	struct client client;
	struct reply reply;

	daemon_start(&daemon, &daemon_modes[_i], fsrv_handle, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	for (int i = 0; i < LEN(kept); i++) {
		client_send_text(&client, kept[i].bytes);
		client_read(&client, true, &reply);
		ck_assert_msg(reply.status == kept[i].status, "%s: %d", kept[i].name, reply.status);
		client_reply_free(&reply);
		expect_hello(&client);
	}
	client_close(&client);
	daemon_stop(&daemon);
}
END_TEST

/* Answered once and closed; status 0: whatever libmicrohttpd makes of it, others are served. */
static const struct {
	const char *name;
	const char *bytes;
	int status;
} closed[] = {
	{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
	{"binary", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\xab\r\n\r\n", 0},
	{"control bytes", "\x01\x02\x03 \x04 \x05\r\n\r\n", 0},
	{"POST", "POST /hello.txt HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nabcd", 405},
	{"PUT", "PUT /new HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nabcd", 405},
	{"DELETE", "DELETE /hello.txt HTTP/1.1\r\nHost: test\r\n\r\n", 405},
	{"TRACE", "TRACE /hello.txt HTTP/1.1\r\nHost: test\r\nCookie: a=b\r\n\r\n", 405},
	{"unknown method", "BREW /pot HTTP/1.1\r\nHost: test\r\n\r\n", 405},
	{"method in lower case", "get /hello.txt HTTP/1.1\r\nHost: test\r\n\r\n", 405},
	{"promised content",
	 "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n", 405},
	{"chunked content with GET", GET "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200},
	{"two lengths", GET "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400},
	{"length and chunks", GET "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"unknown coding", GET "Transfer-Encoding: xchunked\r\n\r\n", 400},
	{"coding on top of chunks", GET "Transfer-Encoding: chunked, gzip\r\n\r\n", 400},
	{"length that is no number", GET "Content-Length: x\r\n\r\n", 400},
	{"line without a colon", GET "nonsense\r\n\r\n", 400},
};

START_TEST(closes_the_connection)
{
	struct test_daemon daemon;
	struct client client;
	struct reply reply;

	daemon_start(&daemon, &daemon_modes[_i], fsrv_handle, fs, FSRV_URL_IS_RAW);
	for (int i = 0; i < LEN(closed); i++) {
		client_open(&client, daemon_connect(&daemon));
		client_send_text(&client, closed[i].bytes);
		if (closed[i].status == 0) {
			/* libmicrohttpd 0.9.75 crashes when it is stopped while it answers such a request. It
			 * does not answer each of them. */
			poll(&(struct pollfd){client.socket, POLLIN, 0}, 1, 200);
			client_close(&client);
			continue;
		}
		client_read(&client, true, &reply);
		/* Since 1.0.4 libmicrohttpd answers 501 to codings (RFC 9112, 6.1). */
		if (FSRV_MHD_IS_STRICT && reply.status == 501)
			ck_assert_ptr_nonnull(strstr(closed[i].name, "coding"));
		else
			ck_assert_msg(reply.status == closed[i].status, "%s: %d", closed[i].name,
				      reply.status);
		if (reply.status == 405)
			ck_assert_str_eq(client_field(&reply, "Allow"), "GET, HEAD, OPTIONS");
		client_reply_free(&reply);
		client_read(&client, true, &reply);
		ck_assert_msg(reply.status == 0, "%s: second answer %d", closed[i].name, reply.status);
		client_reply_free(&reply);
		client_close(&client);
	}
	client_open(&client, daemon_connect(&daemon));
	expect_hello(&client);
	client_close(&client);
	daemon_stop(&daemon);
}
END_TEST

/* A field of each length around what libmicrohttpd keeps for a connection. */
static void send_long_request(struct client *client, const char *before, size_t length, const char *after)
{
	char *filler = malloc(length);

	ck_assert_ptr_nonnull(filler);
	memset(filler, '9', length);
	if (client_send_text(client, before) && client_send(client, filler, length))
		client_send_text(client, after);
	free(filler);
}

/* libmicrohttpd 1.0 leaves a connection whose method fills its memory alone until its timeout. */
START_TEST(survives_long_requests)
{
	static const size_t lengths[] = {1000, 8000, 31000, 32000, 32300, 32500, 33000, 65536, 300000};
	static const char *const starts[] = {"GET /",
					     "GET /hello.txt?",
					     GET "X: ",
					     GET "Range: bytes=0-",
					     GET "Range: bytes=",
					     GET "If-None-Match: \"",
					     "X"};
	struct test_daemon daemon;
	struct client client;
	struct reply reply;

	daemon_start(&daemon, &daemon_modes[_i], fsrv_handle, fs, FSRV_URL_IS_RAW | DAEMON_CLOSES_IDLE);
	for (int i = 0; i < LEN(starts) * LEN(lengths); i++) {
		const char *start = starts[i / LEN(lengths)];
		const char *end =
			strstr(start, "HTTP") != NULL ? "\r\n\r\n" : " HTTP/1.1\r\nHost: test\r\n\r\n";

		client_open(&client, daemon_connect(&daemon));
		send_long_request(&client, start, lengths[i % LEN(lengths)], end);
		shutdown(client.socket, SHUT_WR);
		client_read(&client, true, &reply);
		ck_assert_msg(reply.status < 500, "%s... of %zu: %d", start, lengths[i % LEN(lengths)],
			      reply.status);
		client_reply_free(&reply);
		client_close(&client);
	}
	/* The daemon closes a client that a busy machine kept from sending its request in time. */
	for (int i = 0, status = 0; i < 20 && status != 200; i++) {
		client_open(&client, daemon_connect(&daemon));
		client_ask(&client, "GET", "/hello.txt", "", &reply);
		status = reply.status;
		ck_assert(status == 200 || (status == 0 && i < 19));
		client_reply_free(&reply);
		client_close(&client);
	}
	daemon_stop(&daemon);
}
END_TEST

/* A NUL would cut the value for libmicrohttpd, and make a range that nobody sent. */
START_TEST(sees_a_nul_in_a_range)
{
	static const char bytes[] = GET "Range: bytes=0-1\0,4\r\n\r\n";
	struct test_daemon daemon;
	struct client client;
	struct reply reply;

	daemon_start(&daemon, &daemon_modes[_i], fsrv_handle, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	ck_assert(client_send(&client, bytes, sizeof(bytes) - 1));
	client_read(&client, true, &reply);
	ck_assert_int_eq(reply.status, 400);
	client_reply_free(&reply);
	ck_assert(client_sees_end(&client));
	client_close(&client);
	daemon_stop(&daemon);
}
END_TEST

START_TEST(needs_a_host_in_http_1_1_only)
{
	struct test_daemon daemon;
	struct client client;
	struct reply reply;

	daemon_start(&daemon, &daemon_modes[_i], fsrv_handle, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	client_send_text(&client, "GET /hello.txt HTTP/1.1\r\n\r\n");
	client_read(&client, true, &reply);
	ck_assert_int_eq(reply.status, 400);
	client_reply_free(&reply);
	client_close(&client);
	client_open(&client, daemon_connect(&daemon));
	client_send_text(&client, "GET /hello.txt HTTP/1.0\r\n\r\n");
	client_read(&client, true, &reply);
	ck_assert(strstr(reply.head, " 200 ") != NULL);
	client_reply_free(&reply);
	client_close(&client);
	daemon_stop(&daemon);
}
END_TEST

/* Eight clients stop in the middle of a download; a small request does not wait for them. */
START_TEST(serves_beside_stalled_downloads)
{
	struct test_daemon daemon;
	struct client stalled[8], client;

	daemon_start(&daemon, &daemon_modes[_i], fsrv_handle, fs, FSRV_URL_IS_RAW);
	for (int i = 0; i < LEN(stalled); i++) {
		client_open(&stalled[i], daemon_connect(&daemon));
		ck_assert(client_send_text(&stalled[i], "GET /clip.mp4 HTTP/1.1\r\nHost: test\r\n\r\n"));
	}
	client_open(&client, daemon_connect(&daemon));
	for (int i = 0; i < 50; i++)
		expect_hello(&client);
	client_close(&client);
	for (int i = 0; i < LEN(stalled); i++)
		client_close(&stalled[i]);
	daemon_stop(&daemon);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("connections");
	TCase *tcase = tcase_create("modes");

	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, keeps_the_connection, 0, N_MODES);
	tcase_add_loop_test(tcase, closes_the_connection, 0, N_MODES);
	tcase_add_loop_test(tcase, survives_long_requests, 0, N_MODES);
	tcase_add_loop_test(tcase, sees_a_nul_in_a_range, 0, N_MODES);
	tcase_add_loop_test(tcase, needs_a_host_in_http_1_1_only, 0, N_MODES);
	tcase_add_loop_test(tcase, serves_beside_stalled_downloads, 0, N_MODES);
	suite_add_tcase(suite, tcase);
	return suite;
}
