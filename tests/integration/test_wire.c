/* Bytes of a connection: which answers they get, in order, and whether the connection is kept. One request
 * must stay one request, whatever stands in it. The rows are about RFC 9112 and the parser of libmicrohttpd
 * 0.9.75; where a row shows what neither RFC 9112 nor fsrv wants, the comment says why it is so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "suite.h"
#include "texts.h"
#include "tree.h"

#define HOST    "Host: x\r\n"
#define FIELDS  " HTTP/1.1\r\n" HOST
#define GET     "GET /a" FIELDS
#define SECOND  "GET /b" FIELDS "\r\n"
#define CHUNKED GET "Transfer-Encoding: chunked\r\n\r\n"

/* Sent behind each row. Its answer means that the connection was kept. */
#define LAST "GET /last" FIELDS "Connection: close\r\n\r\n"

#define MAX_ANSWERS 3

enum { CLOSED, KEPT };

struct row {
	const char *name;
	struct fsrv__text bytes;
	int statuses[MAX_ANSWERS];
	int is_kept;
};

static const struct row rows[] = {
	{"one request", TEXT(GET "\r\n"), {200}, KEPT},
	{"two requests", TEXT(GET "\r\n" SECOND), {200, 200}, KEPT},

	/* The request line (RFC 9112, 2.2 and 3). */
	{"empty lines before", TEXT("\r\n\r\n" GET "\r\n"), {200}, KEPT},
	{"empty lines with bare LF before", TEXT("\n\n" GET "\r\n"), {200}, KEPT},
	/* libmicrohttpd closes without an answer. */
	{"blank before the method", TEXT(" " GET "\r\n"), {0}, CLOSED},
	{"tabs for blanks", TEXT("GET\t/a\tHTTP/1.1\r\n" HOST "\r\n"), {0}, CLOSED},
	{"tab before the version", TEXT("GET /a\tHTTP/1.1\r\n" HOST "\r\n"), {400}, CLOSED},
	{"tab in the target", TEXT("GET /a\t" FIELDS "\r\n"), {400}, KEPT},
	{"two blanks before the target", TEXT("GET  /a" FIELDS "\r\n"), {400}, CLOSED},
	{"two blanks before the version", TEXT("GET /a " FIELDS "\r\n"), {400}, KEPT},
	{"blank behind the version", TEXT("GET /a HTTP/1.1 \r\n" HOST "\r\n"), {400}, CLOSED},
	{"blank in the target", TEXT("GET /a b" FIELDS "\r\n"), {400}, KEPT},
	/* libmicrohttpd makes blanks of plus signs there, so blanks are allowed. */
	{"blank in the query", TEXT("GET /a?b c" FIELDS "\r\n"), {200}, KEPT},
	{"no target", TEXT("GET HTTP/1.1\r\n" HOST "\r\n"), {400}, CLOSED},
	{"no version", TEXT("GET /a\r\n" HOST "\r\n"), {400}, CLOSED},
	{"method in lower case", TEXT("get /a" FIELDS "\r\n"), {405}, CLOSED},
	{"method that is no token", TEXT("G(T /a" FIELDS "\r\n"), {405}, CLOSED},
	{"HTTP/0.9", TEXT("GET /a HTTP/0.9\r\n" HOST "\r\n"), {505}, CLOSED},
	{"HTTP/1.2", TEXT("GET /a HTTP/1.2\r\n" HOST "\r\n"), {200}, KEPT},
	{"HTTP/1.10", TEXT("GET /a HTTP/1.10\r\n" HOST "\r\n"), {400}, CLOSED},
	{"HTTP/2.0", TEXT("GET /a HTTP/2.0\r\n" HOST "\r\n"), {505}, CLOSED},
	{"version in lower case", TEXT("GET /a http/1.1\r\n" HOST "\r\n"), {400}, CLOSED},
	{"LF in the request line", TEXT("GET /a\n" FIELDS "\r\n"), {400}, CLOSED},
	{"CR in the target", TEXT("GET /a\r" FIELDS "\r\n"), {400}, KEPT},
	{"CR in the query", TEXT("GET /a?b\rc" FIELDS "\r\n"), {400}, CLOSED},
	{"control byte in the query", TEXT("GET /a?b\x01" FIELDS "\r\n"), {400}, CLOSED},
	{"CR behind the version", TEXT("GET /a HTTP/1.1\r\r\n" HOST "\r\n"), {400}, CLOSED},
	{"NUL in the method", TEXT("GET\0X /a" FIELDS "\r\n"), {400}, CLOSED},
	{"NUL in the target", TEXT("GET /a\0b" FIELDS "\r\n"), {400}, CLOSED},
	{"NUL in the target without fields", TEXT("GET /a\0b HTTP/1.0\r\n\r\n"), {400}, CLOSED},
	{"NUL before the query", TEXT("GET /a\0?b" FIELDS "\r\n"), {400}, CLOSED},
	{"NUL in the query", TEXT("GET /a?b\0c" FIELDS "\r\n"), {400}, CLOSED},
	{"NUL in a value of the query", TEXT("GET /a?b=c\0d&e" FIELDS "\r\n"), {400}, CLOSED},
	/* To libmicrohttpd this is "/a?". */
	{"NUL at the end of the target", TEXT("GET /a\0" FIELDS "\r\n"), {200}, KEPT},
	/* libmicrohttpd takes the line for an empty one. */
	{"NUL before the request line", TEXT("\0GET /b HTTP/1.1\r\n" GET "\r\n"), {200}, KEPT},
	{"empty query", TEXT("GET /a?" FIELDS "\r\n"), {200}, KEPT},
	{"query of one name", TEXT("GET /a?b" FIELDS "\r\n"), {200}, KEPT},
	{"query of empty names", TEXT("GET /a?&&=&=b&" FIELDS "\r\n"), {200}, KEPT},
	{"query with all signs", TEXT("GET /a?b=c=d&e&f=&g=+%00?/:@%zz&&h" FIELDS "\r\n"), {200}, KEPT},
	{"absolute-form", TEXT("GET http://x/a?b=c" FIELDS "\r\n"), {200}, KEPT},

	/* Field lines (RFC 9112, 5; RFC 9110, 5.5). */
	{"empty name", TEXT(GET ": v\r\n" SECOND), {400}, CLOSED},
	{"empty name and value", TEXT(GET ":\r\n" SECOND), {400}, CLOSED},
	{"empty name, two colons", TEXT(GET "::\n" SECOND), {400}, CLOSED},
	{"empty name in the first line", TEXT("GET /a HTTP/1.1\r\n: v\r\n" HOST "\r\n"), {400}, CLOSED},
	{"empty name in the last line", TEXT(GET ": v\r\n\r\n"), {400}, CLOSED},
	{"empty name in the last line, by itself", TEXT(GET ":\r\n\r\n"), {400}, CLOSED},
	/* libmicrohttpd leaves the bytes of an empty line behind: four times NUL. */
	{"only a colon, and bare LF", TEXT(GET ":\n" SECOND), {200, 200}, KEPT},
	{"bare LF, then only a colon", TEXT(GET "a: v\n:\r\n" SECOND), {200, 200}, KEPT},
	{"only a NUL, and bare LF", TEXT(GET "\0\n" SECOND), {200, 200}, KEPT},
	{"only a NUL", TEXT(GET "\0\r\n" SECOND), {400}, CLOSED},
	{"NUL before the name", TEXT(GET "\0a: v\r\n" SECOND), {400}, CLOSED},
	{"NUL in the name", TEXT(GET "a\0b: v\r\n\r\n"), {400}, CLOSED},
	{"NUL in the value", TEXT(GET "a: v\0w\r\n\r\n"), {400}, CLOSED},
	{"NUL in a value between others", TEXT(GET "a: v\0w\r\nb: v\r\n\r\n"), {400}, CLOSED},
	{"NUL at the end of the value", TEXT(GET "a: v\0\r\nb: v\r\n\r\n"), {400}, CLOSED},
	{"NUL at the end of the last value", TEXT(GET "a: v\0\r\n\r\n"), {400}, CLOSED},
	/* Looks like CRLF, and drops nothing else. */
	{"NUL and bare LF at the end of the value", TEXT(GET "a: v\0\nb: v\r\n\r\n"), {200}, KEPT},
	{"NUL in Range", TEXT(GET "Range: bytes=0-0\0,2\r\n\r\n"), {400}, CLOSED},
	{"NUL in Content-Length", TEXT(GET "Content-Length: 1\0002\r\n\r\nabcdefghijkl"), {400}, CLOSED},
	{"CR in the value", TEXT(GET "a: v\rb: w\r\n\r\n"), {400}, CLOSED},
	{"CR at the end of the value", TEXT(GET "a: v\r\r\n\r\n"), {400}, CLOSED},
	{"CR in the name", TEXT(GET "a\rb: v\r\n\r\n"), {400}, CLOSED},
	{"only a CR", TEXT(GET "\r\r\n" SECOND), {400}, CLOSED},
	/* RFC 9112, 2.2 allows to take a bare LF for a line end. */
	{"LF in the value", TEXT(GET "a: v\nRange: bytes=0-0\r\n\r\n"), {206}, KEPT},
	{"only bare LF", TEXT("GET /a HTTP/1.1\nHost: x\nRange: bytes=0-0\n\n"), {206}, KEPT},
	{"CRLF, then bare LF", TEXT(GET "Range: bytes=0-0\r\n\n"), {206}, KEPT},
	{"bare LF, then CRLF", TEXT(GET "Range: bytes=0-0\n\r\n"), {206}, KEPT},
	{"folded line", TEXT(GET "a: v\r\n w\r\n\r\n"), {400}, CLOSED},
	{"line folded by a tab", TEXT(GET "a: v\r\n\tw\r\nb: v\r\n\r\n"), {400}, CLOSED},
	{"line folded twice", TEXT(GET "a: v\r\n w\r\n w\r\n\r\n"), {400}, CLOSED},
	{"folded first line", TEXT("GET /a HTTP/1.1\r\na: v\r\n w\r\n" HOST "\r\n"), {400}, CLOSED},
	{"folded line that makes a name", TEXT(GET "Ran: bytes=0-0\r\n ge\r\n\r\n"), {400}, CLOSED},
	{"folded line without a name", TEXT(GET " : v\r\n" SECOND), {400}, CLOSED},
	{"only a blank", TEXT(GET " \r\n" SECOND), {400}, CLOSED},
	{"blank before the first name", TEXT("GET /a HTTP/1.1\r\n a: v\r\n" HOST "\r\n"), {400}, CLOSED},
	{"blank before the colon", TEXT(GET "a : v\r\n\r\n"), {400}, CLOSED},
	{"tab before the colon", TEXT(GET "a\t: v\r\n\r\n"), {400}, CLOSED},
	{"no colon", TEXT(GET "a\r\n\r\n"), {400}, CLOSED},
	{"no blank before the value", TEXT(GET "Range:bytes=0-0\r\n\r\n"), {206}, KEPT},
	{"blanks and tabs around the value", TEXT(GET "Range: \t bytes=0-0\t \r\n\r\n"), {206}, KEPT},
	{"blanks for a value", TEXT(GET "a: \t \r\n\r\n"), {200}, KEPT},
	{"no value", TEXT(GET "a:\r\nb:\r\n\r\n"), {200}, KEPT},
	{"colons in the value", TEXT(GET "a::v:\r\nb: :\r\n\r\n"), {200}, KEPT},
	{"Cookie", TEXT(GET "Cookie: a=b; c=\"d\"\r\nCookie: e\r\n\r\n"), {200}, KEPT},
	{"no Host", TEXT("GET /a HTTP/1.1\r\n\r\n" SECOND), {400}, CLOSED},
	{"two Hosts", TEXT(GET HOST "\r\n" SECOND), {400}, CLOSED},
	{"invalid Host", TEXT("GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n" SECOND), {400}, CLOSED},
	{"name that is no token", TEXT(GET "a(b): v\r\n\r\n" SECOND), {400}, CLOSED},
	{"empty name in a second request", TEXT(GET "\r\n" GET ": v\r\n" SECOND), {200, 400}, CLOSED},
	{"empty name in a request after content",
	 TEXT(GET "Content-Length: 5\r\n\r\nabcde" GET ": v\r\n" SECOND),
	 {200, 400},
	 CLOSED},
	{"empty name in a request with content",
	 TEXT(GET "Content-Length: 5\r\n: v\r\n\r\nabcde" SECOND),
	 {400},
	 CLOSED},

	/* Content-Length (RFC 9110, 8.6; RFC 9112, 6.3). */
	{"length", TEXT(GET "Content-Length: 5\r\n\r\nabcde"), {200}, KEPT},
	{"length with zeros before", TEXT(GET "Content-Length: 0005\r\n\r\nabcde"), {200}, KEPT},
	{"length with blanks before", TEXT(GET "Content-Length: \t 5\r\n\r\nabcde"), {200}, KEPT},
	/* The grammar allows it; libmicrohttpd does not. */
	{"length with a blank behind", TEXT(GET "Content-Length: 5 \r\n\r\nabcde"), {400}, CLOSED},
	{"length with a plus", TEXT(GET "Content-Length: +5\r\n\r\nabcde"), {400}, CLOSED},
	{"length with a minus", TEXT(GET "Content-Length: -5\r\n\r\nabcde"), {400}, CLOSED},
	{"list of lengths", TEXT(GET "Content-Length: 5,5\r\n\r\nabcde"), {400}, CLOSED},
	{"hexadecimal length", TEXT(GET "Content-Length: 0x5\r\n\r\nabcde"), {400}, CLOSED},
	{"empty length", TEXT(GET "Content-Length:\r\n\r\n"), {400}, CLOSED},
	{"length of two words", TEXT(GET "Content-Length: 5 5\r\n\r\nabcde"), {400}, CLOSED},
	{"length beyond 2^64", TEXT(GET "Content-Length: 18446744073709551617\r\n\r\na"), {413}, CLOSED},
	{"two lengths", TEXT(GET "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"), {400}, CLOSED},

	/* Transfer-Encoding (RFC 9112, 6.1). The end of chunks is libmicrohttpd's word alone, so none of them
	 * keeps the connection. */
	{"chunked", TEXT(CHUNKED "3\r\nabc\r\n0\r\n\r\n" SECOND), {200}, CLOSED},
	{"chunked in HTTP/1.0",
	 TEXT("GET /a HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	 {200},
	 CLOSED},
	{"chunked in capitals", TEXT(GET "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"), {200}, CLOSED},
	/* The grammar allows it, but libmicrohttpd would wait for content until the connection ends. */
	{"chunked and a blank", TEXT(GET "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n"), {400}, CLOSED},
	{"chunked, identity",
	 TEXT(GET "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
	 {400},
	 CLOSED},
	{"chunked, chunked", TEXT(GET "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), {400}, CLOSED},
	{"identity", TEXT(GET "Transfer-Encoding: identity\r\n\r\n"), {400}, CLOSED},
	{"empty coding", TEXT(GET "Transfer-Encoding:\r\n\r\n"), {400}, CLOSED},
	{"coding with a parameter",
	 TEXT(GET "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
	 {400},
	 CLOSED},
	{"quoted coding", TEXT(GET "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), {400}, CLOSED},
	{"coding with a vertical tab",
	 TEXT(GET "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"),
	 {400},
	 CLOSED},
	{"two codings",
	 TEXT(GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	 {400},
	 CLOSED},
	{"coding and length",
	 TEXT(GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	 {400},
	 CLOSED},

	/* Chunks (RFC 9112, 7.1). */
	{"chunk extension", TEXT(CHUNKED "3;a=\"b\"\r\nabc\r\n0;c\r\n\r\n" SECOND), {200}, CLOSED},
	/* libmicrohttpd takes the bare LF for a line end, which RFC 9112 does not allow here. */
	{"LF in a chunk extension", TEXT(CHUNKED "3;a\nabc\r\n0\r\n\r\n" SECOND), {200}, CLOSED},
	{"bare LF around a chunk", TEXT(CHUNKED "3\nabc\n0\n\n" SECOND), {200}, CLOSED},
	{"chunk size with zeros before", TEXT(CHUNKED "0003\r\nabc\r\n00\r\n\r\n"), {200}, CLOSED},
	{"chunk size and a blank", TEXT(CHUNKED "3 \r\nabc\r\n0\r\n\r\n"), {400}, CLOSED},
	{"blank before the chunk size", TEXT(CHUNKED " 3\r\nabc\r\n0\r\n\r\n"), {400}, CLOSED},
	{"chunk size with a plus", TEXT(CHUNKED "+3\r\nabc\r\n0\r\n\r\n"), {400}, CLOSED},
	{"chunk size with a minus", TEXT(CHUNKED "-3\r\nabc\r\n0\r\n\r\n"), {400}, CLOSED},
	{"chunk size with 0x", TEXT(CHUNKED "0x3\r\nabc\r\n0\r\n\r\n"), {400}, CLOSED},
	{"chunk size with another letter", TEXT(CHUNKED "3g\r\nabc\r\n0\r\n\r\n"), {400}, CLOSED},
	{"no chunk size", TEXT(CHUNKED "\r\nabc\r\n0\r\n\r\n"), {400}, CLOSED},
	{"extension without a chunk size", TEXT(CHUNKED ";a\r\nabc\r\n0\r\n\r\n"), {400}, CLOSED},
	{"chunk size beyond 2^64", TEXT(CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n"), {413}, CLOSED},
	{"chunk longer than its size", TEXT(CHUNKED "3\r\nabcd\r\n0\r\n\r\n"), {400}, CLOSED},
	{"trailer", TEXT(CHUNKED "0\r\na: v\r\nb: v\r\n\r\n" SECOND), {200}, CLOSED},
	{"trailer without a colon", TEXT(CHUNKED "0\r\na\r\n\r\n"), {400}, CLOSED},
	/* libmicrohttpd ends the trailer there. */
	{"trailer with an empty name", TEXT(CHUNKED "0\r\na: v\r\n: v\r\n" SECOND), {200}, CLOSED},
	{"trailer with a NUL", TEXT(CHUNKED "0\r\n\0\r\n" SECOND), {200}, CLOSED},
};

/* What newer releases make of rows that they read otherwise: they refuse more by themselves. Where they do
 * not agree with each other, alternatives are separated by "|". */
static const struct {
	const char *name;
	const char *outcomes;
} newer[] = {
	{"empty lines before", "closed"},
	{"empty lines with bare LF before", "closed"},
	{"two blanks before the version", "400 closed"},
	{"blank in the target", "400 closed"},
	{"blank in the query", "400 closed"},
	{"CR in the target", "400 closed"},
	{"control byte in the query", "200 kept"},
	{"NUL in the method", "closed"},
	{"NUL in the target", "closed"},
	{"NUL in the target without fields", "closed"},
	{"NUL before the query", "closed"},
	{"NUL in the query", "closed"},
	{"NUL in a value of the query", "closed"},
	{"NUL at the end of the target", "closed"},
	{"NUL before the request line", "closed"},
	{"only a colon, and bare LF", "400 closed"},
	{"bare LF, then only a colon", "400 closed"},
	{"only a NUL, and bare LF", "400 closed"},
	{"NUL and bare LF at the end of the value", "400 closed"},
	{"LF in the value", "400 closed"},
	{"only bare LF", "400 closed"},
	{"CRLF, then bare LF", "400 closed"},
	{"bare LF, then CRLF", "400 closed"},
	{"length with a blank behind", "200 kept"},
	{"length beyond 2^64", "400 closed|413 closed"},
	{"chunked in HTTP/1.0", "400 closed|200 closed"},
	{"chunked and a blank", "200 closed"},
	{"chunked, identity", "501 closed|400 closed"},
	{"chunked, chunked", "501 closed|400 closed"},
	{"identity", "501 closed|400 closed"},
	{"empty coding", "501 closed|400 closed"},
	{"coding with a parameter", "501 closed|400 closed"},
	{"quoted coding", "501 closed|400 closed"},
	{"coding with a vertical tab", "501 closed|400 closed"},
	{"chunk extension", "400 closed|200 closed"},
	{"LF in a chunk extension", "400 closed"},
	{"bare LF around a chunk", "400 closed"},
	{"trailer with an empty name", "400 closed"},
	{"trailer with a NUL", "400 closed"},
};

static struct tree tree;
static struct fsrv *fs;

static void set_up(void)
{
	const char *roots[] = {tree.path};
	struct fsrv_options options = {
		.size = sizeof(options), .roots = roots, .n_roots = 1, .flags = FSRV_URL_IS_RAW};

	tree_make(&tree);
	tree_write_text(&tree, "a", "first");
	tree_write_text(&tree, "b", "second");
	tree_write_text(&tree, "last", "last");
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
}

static void tear_down(void)
{
	fsrv_free(fs);
	tree_remove(&tree);
}

/* The statuses of the answers up to that to LAST, which is told apart by its content. */
static void read_answers(struct client *client, char *out, size_t size)
{
	struct reply reply;
	size_t length = 0;
	bool is_last = false;

	out[0] = '\0';
	do {
		client_read(client, true, &reply);
		is_last = reply.status == 200 && strcmp(reply.body, "last") == 0;
		if (reply.status != 0 && !is_last)
			length += (size_t)snprintf(out + length, size - length, "%d ", reply.status);
		client_reply_free(&reply);
		ck_assert_uint_lt(length, size);
	} while (!is_last && reply.status != 0);
	snprintf(out + length, size - length, "%s", is_last ? "kept" : "closed");
}

static bool is_listed(const char *list, const char *text)
{
	size_t length = strlen(text);

	for (const char *at = list; at != NULL; at = strchr(at, '|')) {
		at += *at == '|';
		if (strncmp(at, text, length) == 0 && (at[length] == '|' || at[length] == '\0'))
			return true;
	}
	return false;
}

static const char *find_newer_outcomes(const char *name)
{
	for (int i = 0; FSRV_MHD_IS_STRICT && i < LEN(newer); i++)
		if (strcmp(newer[i].name, name) == 0)
			return newer[i].outcomes;
	return NULL;
}

static void expect_answers(const struct row *row, struct client *client)
{
	char expected[64] = "", seen[256];
	const char *outcomes;
	size_t length = 0;

	for (int i = 0; i < MAX_ANSWERS && row->statuses[i] != 0; i++)
		length += (size_t)snprintf(expected + length, sizeof(expected) - length, "%d ",
					   row->statuses[i]);
	snprintf(expected + length, sizeof(expected) - length, "%s",
		 row->is_kept == KEPT ? "kept" : "closed");
	read_answers(client, seen, sizeof(seen));
	outcomes = find_newer_outcomes(row->name);
	if (outcomes == NULL)
		outcomes = expected;
	ck_assert_msg(is_listed(outcomes, seen), "%s: %s, not %s", row->name, seen, outcomes);
}

START_TEST(answers_each_row)
{
	struct test_daemon daemon;
	struct client client;

	daemon_start(&daemon, &daemon_modes[2], fsrv_handle, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	client_send(&client, rows[_i].bytes.at, rows[_i].bytes.length);
	client_send_text(&client, LAST);
	expect_answers(&rows[_i], &client);
	client_close(&client);
	daemon_stop(&daemon);
}
END_TEST

/* The server may close before it has got everything. */
static void send_by_bytes(struct client *client, struct fsrv__text bytes)
{
	for (size_t i = 0; i < bytes.length; i++)
		if (!client_send(client, bytes.at + i, 1))
			return;
}

/* Daemons that read at other times, and a client that sends byte by byte. */
START_TEST(answers_all_rows_in_other_ways)
{
	static const int modes[] = {0, 3, 7};
	struct test_daemon daemon;
	struct client client;

	daemon_start(&daemon, &daemon_modes[modes[_i]], fsrv_handle, fs, FSRV_URL_IS_RAW);
	for (int i = 0; i < LEN(rows); i++) {
		client_open(&client, daemon_connect(&daemon));
		if (_i == 0)
			send_by_bytes(&client, rows[i].bytes);
		else
			client_send(&client, rows[i].bytes.at, rows[i].bytes.length);
		client_send_text(&client, LAST);
		expect_answers(&rows[i], &client);
		client_close(&client);
	}
	daemon_stop(&daemon);
}
END_TEST

/* Headers that make libmicrohttpd enlarge its buffer. */
START_TEST(takes_long_headers)
{
	static char bytes[26 * 1024];
	struct row row = {"long header", {bytes, 0}, {200}, KEPT};
	struct test_daemon daemon;
	struct client client;

	daemon_start(&daemon, &daemon_modes[2], fsrv_handle, fs, FSRV_URL_IS_RAW);
	for (size_t i = 100; i < sizeof(bytes) - 2 * 1024; i += 997) {
		row.bytes.length = (size_t)snprintf(bytes, sizeof(bytes), "GET /a?b=c" FIELDS);
		while (row.bytes.length < i)
			row.bytes.length +=
				(size_t)snprintf(bytes + row.bytes.length, sizeof(bytes) - row.bytes.length,
						 "Name-%zu:%*c%*c\r\n", row.bytes.length, (int)(i % 3 + 1),
						 ' ', (int)(i % 900 + 100), 'v');
		row.bytes.length +=
			(size_t)snprintf(bytes + row.bytes.length, sizeof(bytes) - row.bytes.length, "\r\n");
		client_open(&client, daemon_connect(&daemon));
		client_send(&client, bytes, row.bytes.length);
		client_send_text(&client, LAST);
		expect_answers(&row, &client);
		client_close(&client);
	}
	daemon_stop(&daemon);
}
END_TEST

/* Without FSRV_URL_IS_RAW libmicrohttpd decodes the target in its buffer. */
static const struct row decoded_rows[] = {
	{"escapes in the path", TEXT("GET /%61" FIELDS "\r\n"), {200}, KEPT},
	{"escapes in the query", TEXT("GET /%61?%62=%63+d&%00" FIELDS "\r\n"), {200}, KEPT},
	{"empty query", TEXT("GET /%61?" FIELDS "\r\n"), {200}, KEPT},
	{"NUL in the method", TEXT("GET\0X /a" FIELDS "\r\n"), {400}, CLOSED},
	{"empty name", TEXT("GET /%61?%62" FIELDS ": v\r\n" SECOND), {400}, CLOSED},
	/* Its place could be that of an escape. */
	{"NUL in the target", TEXT("GET /a\0b" FIELDS "\r\n"), {200}, KEPT},
};

START_TEST(answers_decoded_targets)
{
	const char *roots[] = {tree.path};
	struct fsrv_options options = {.size = sizeof(options), .roots = roots, .n_roots = 1};
	struct test_daemon daemon;
	struct client client;
	struct fsrv *decoding;

	ck_assert_int_eq(fsrv_new(&options, &decoding), FSRV_OK);
	daemon_start(&daemon, &daemon_modes[2], fsrv_handle, decoding, 0);
	for (int i = 0; i < LEN(decoded_rows); i++) {
		client_open(&client, daemon_connect(&daemon));
		client_send(&client, decoded_rows[i].bytes.at, decoded_rows[i].bytes.length);
		client_send_text(&client, LAST);
		expect_answers(&decoded_rows[i], &client);
		client_close(&client);
	}
	daemon_stop(&daemon);
	fsrv_free(decoding);
}
END_TEST

/* Programs in between, which put texts of their own in place of libmicrohttpd's. Each is in memory of just
 * its size. */
static char *copy(const char *text, size_t size)
{
	char *bytes = malloc(size);

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, text, size);
	return bytes;
}

static enum MHD_Result call_with_copies(void *cls, struct MHD_Connection *connection, const char *url,
					const char *method, const char *version, const char *upload_data,
					size_t *upload_data_size, void **con_cls)
{
	char *own_url = copy(url, strlen(url) + 1), *own_method = copy(method, strlen(method) + 1);
	char *own_version = copy(version, strlen(version) + 1);
	enum MHD_Result result = fsrv_handle(cls, connection, own_url, own_method, own_version, upload_data,
					     upload_data_size, con_cls);

	free(own_version);
	free(own_method);
	free(own_url);
	return result;
}

/* The three texts as they follow each other in a request. */
static enum MHD_Result call_with_one_copy(void *cls, struct MHD_Connection *connection, const char *url,
					  const char *method, const char *version, const char *upload_data,
					  size_t *upload_data_size, void **con_cls)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "%s%c%s%c%s", method, 0, url, 0, version);
	char *line = copy(text, (size_t)length + 1);
	size_t at = strlen(method) + 1;
	enum MHD_Result result = fsrv_handle(cls, connection, line + at, line, line + at + strlen(url) + 1,
					     upload_data, upload_data_size, con_cls);

	free(line);
	return result;
}

/* The records of libmicrohttpd refer to these for as long as the request lives. */
static char *own_name, *own_value;

static enum MHD_Result call_with_fields(void *cls, struct MHD_Connection *connection, const char *url,
					const char *method, const char *version, const char *upload_data,
					size_t *upload_data_size, void **con_cls)
{
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");

	if (*con_cls == NULL) {
		MHD_set_connection_value(connection, MHD_HEADER_KIND, "X-Host", host);
		MHD_set_connection_value(connection, MHD_GET_ARGUMENT_KIND, "x-host", host);
		if (strcmp(url, "/a") == 0)
			MHD_set_connection_value(connection, MHD_HEADER_KIND, own_name, own_value);
	}
	return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

/* Serves fsrv's files below a name, as "/x/a". */
static enum MHD_Result call_with_rest(void *cls, struct MHD_Connection *connection, const char *url,
				      const char *method, const char *version, const char *upload_data,
				      size_t *upload_data_size, void **con_cls)
{
	const char *rest = strncmp(url, "/x/", 3) == 0 ? url + 2 : url;

	return fsrv_handle(cls, connection, rest, method, version, upload_data, upload_data_size, con_cls);
}

/* As a daemon with MHD_OPTION_ALLOW_BIN_ZERO_IN_URI_PATH does for a path with a NUL byte. */
static enum MHD_Result call_without_target(void *cls, struct MHD_Connection *connection, const char *url,
					   const char *method, const char *version, const char *upload_data,
					   size_t *upload_data_size, void **con_cls)
{
	return fsrv_handle(cls, connection, strcmp(url, "/0") == 0 ? NULL : url, method, version, upload_data,
			   upload_data_size, con_cls);
}

static const struct {
	MHD_AccessHandlerCallback handler;
	struct row row;
} programs[] = {
	{call_with_copies, {"copies", TEXT("GET /a?b" FIELDS "\r\n"), {200}, KEPT}},
	{call_with_copies, {"copies, without fields", TEXT("GET /a HTTP/1.0\r\n\r\n"), {200}, CLOSED}},
	{call_with_one_copy, {"one copy", TEXT("GET /a?b" FIELDS "\r\n"), {200}, KEPT}},
	{call_with_one_copy, {"one copy, without fields", TEXT("GET /a HTTP/1.0\r\n\r\n"), {200}, CLOSED}},
	{call_with_fields, {"fields", TEXT("GET /a?b" FIELDS "a: v\r\n\r\n"), {206}, KEPT}},
	{call_with_rest, {"rest", TEXT("GET /x/a?b" FIELDS "\r\n"), {200}, KEPT}},
	{call_without_target, {"no target", TEXT("GET /0" FIELDS "\r\n"), {400}, KEPT}},
	{call_without_target, {"no target, without fields", TEXT("GET /0 HTTP/1.0\r\n\r\n"), {400}, CLOSED}},
	{call_with_rest, {"rest, empty name", TEXT("GET /x/a?b" FIELDS ": v\r\n" SECOND), {400}, CLOSED}},
};

START_TEST(leaves_texts_of_programs_alone)
{
	const struct row *row = &programs[_i].row;
	struct test_daemon daemon;
	struct client client;

	own_name = copy("Range", 6);
	own_value = copy("bytes=0-0", 10);
	daemon_start(&daemon, &daemon_modes[2], programs[_i].handler, fs, FSRV_URL_IS_RAW);
	client_open(&client, daemon_connect(&daemon));
	client_send(&client, row->bytes.at, row->bytes.length);
	client_send_text(&client, LAST);
	expect_answers(row, &client);
	client_close(&client);
	daemon_stop(&daemon);
	free(own_value);
	free(own_name);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("wire");
	TCase *tcase = tcase_create("rows");

	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, answers_each_row, 0, LEN(rows));
	tcase_add_loop_test(tcase, answers_all_rows_in_other_ways, 0, 3);
	tcase_add_test(tcase, takes_long_headers);
	tcase_add_test(tcase, answers_decoded_targets);
	tcase_add_loop_test(tcase, leaves_texts_of_programs_alone, 0, LEN(programs));
	suite_add_tcase(suite, tcase);
	return suite;
}
