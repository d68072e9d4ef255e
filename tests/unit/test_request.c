#include <stddef.h>
#include <stdio.h>

#include "http/request.h"
#include "suite.h"
#include "texts.h"

static const struct {
	const char *name;
	enum fsrv__method method;
} methods[] = {
	{"GET", FSRV__GET},
	{"HEAD", FSRV__HEAD},
	{"OPTIONS", FSRV__OPTIONS},
	{"get", FSRV__OTHER_METHOD},
	{"Head", FSRV__OTHER_METHOD},
	{"GETS", FSRV__OTHER_METHOD},
	{"GE", FSRV__OTHER_METHOD},
	{"", FSRV__OTHER_METHOD},
	{"POST", FSRV__OTHER_METHOD},
	{"PUT", FSRV__OTHER_METHOD},
	{"DELETE", FSRV__OTHER_METHOD},
	{"TRACE", FSRV__OTHER_METHOD},
	{"CONNECT", FSRV__OTHER_METHOD},
};

START_TEST(knows_methods)
{
	ck_assert_msg(fsrv__method_parse(methods[_i].name) == methods[_i].method, "%s", methods[_i].name);
}
END_TEST

static const struct {
	const char *lower, *mixed;
	size_t offset;
} singles[] = {
	{"host", "HOST", offsetof(struct fsrv__request, host)},
	{"range", "RaNgE", offsetof(struct fsrv__request, range)},
	{"if-range", "If-Range", offsetof(struct fsrv__request, if_range)},
	{"if-modified-since", "IF-Modified-Since", offsetof(struct fsrv__request, if_modified_since)},
	{"if-unmodified-since", "If-Unmodified-SINCE", offsetof(struct fsrv__request, if_unmodified_since)},
	{"content-length", "Content-Length", offsetof(struct fsrv__request, content_length)},
	{"transfer-encoding", "Transfer-Encoding", offsetof(struct fsrv__request, transfer_encoding)},
};

static bool is_malformed(struct fsrv__request *request, bool http_1_1)
{
	fsrv__request_end(request, http_1_1);
	return request->is_malformed;
}

static bool is_last(struct fsrv__request *request, bool http_1_1)
{
	fsrv__request_end(request, http_1_1);
	return request->is_last;
}

static void add(struct fsrv__request *request, const char *name, const char *value)
{
	fsrv__request_add_field(request, text_of(name), text_of(value));
}

START_TEST(gathers_single_fields)
{
	struct fsrv__request request = {.method = FSRV__GET}, untouched = request;
	void *member = (char *)&request + singles[_i].offset;
	struct fsrv__single_field *field = member;

	ck_assert_ptr_null(fsrv__single_field_value(field).at);
	add(&request, singles[_i].mixed, " \ta value\t ");
	ck_assert_uint_eq(fsrv__single_field_value(field).length, strlen("a value"));
	ck_assert_int_eq(memcmp(fsrv__single_field_value(field).at, "a value", strlen("a value")), 0);
	add(&request, singles[_i].lower, "a value");
	ck_assert_ptr_null(fsrv__single_field_value(field).at);
	ck_assert_uint_eq(field->n_lines, 2);
	*field = (struct fsrv__single_field){0};
	ck_assert_uint_eq(request.n_lines, 2);
	request.n_lines = 0;
	ck_assert_msg(memcmp(&request, &untouched, sizeof(request)) == 0, "%s touches other fields",
		      singles[_i].lower);
}
END_TEST

START_TEST(keeps_an_empty_value)
{
	struct fsrv__request request = {.method = FSRV__GET};

	add(&request, "Range", " \t ");
	ck_assert_ptr_nonnull(fsrv__single_field_value(&request.range).at);
	ck_assert_uint_eq(fsrv__single_field_value(&request.range).length, 0);
}
END_TEST

START_TEST(gathers_lists)
{
	struct fsrv__request request = {.method = FSRV__GET};
	char values[FSRV__LIST_LINES + 3][4];

	for (int i = 0; i < LEN(values); i++) {
		snprintf(values[i], sizeof(values[i]), "%d", i);
		add(&request, i % 2 == 0 ? "If-Match" : "if-match", values[i]);
	}
	add(&request, "If-None-Match", "*");
	ck_assert_uint_eq(request.if_match.n_lines, FSRV__LIST_LINES);
	for (unsigned i = 0; i < FSRV__LIST_LINES; i++)
		ck_assert_ptr_eq(request.if_match.lines[i].at, values[i]);
	ck_assert_uint_eq(request.if_none_match.n_lines, 1);
}
END_TEST

START_TEST(passes_over_other_fields)
{
	static const char *const names[] = {"Accept",  "Hos",          "Hostx",  "Rang",
					    "X-Range", "If-None-Matc", "Cookie", "!#$%&'*+-.^_`|~09azAZ"};
	struct fsrv__request request = {.method = FSRV__GET}, untouched = request;

	for (int i = 0; i < LEN(names); i++)
		add(&request, names[i], "x");
	ck_assert_int_eq(memcmp(&request, &untouched, sizeof(request)), 0);
}
END_TEST

/* RFC 9110, 5.6.2. */
START_TEST(judges_every_byte_of_a_name)
{
	static const char token[] =
		"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (int byte = 0; byte < 256; byte++) {
		char bytes[] = {'a', (char)byte};
		struct fsrv__request request = {.method = FSRV__GET};
		struct fsrv__text name = guard_text((struct fsrv__text){bytes, sizeof(bytes)});

		fsrv__request_add_field(&request, name, text_of("x"));
		ck_assert_msg(request.has_bad_name == (byte == 0 || strchr(token, byte) == NULL), "byte %d",
			      byte);
		guard_text_free(name);
	}
}
END_TEST

/* RFC 9110, 5.5. */
START_TEST(judges_every_byte_of_a_value)
{
	for (int byte = 0; byte < 256; byte++) {
		char bytes[] = {'a', (char)byte};
		struct fsrv__request request = {.method = FSRV__GET};
		struct fsrv__text value = guard_text((struct fsrv__text){bytes, sizeof(bytes)});

		fsrv__request_add_field(&request, text_of("x"), value);
		ck_assert_msg(request.has_bad_value == (byte == 0 || byte == '\r' || byte == '\n'), "byte %d",
			      byte);
		ck_assert_int_eq(is_malformed(&request, false), request.has_bad_value);
		guard_text_free(value);
	}
}
END_TEST

/* RFC 3986, 3.2: what may stand in uri-host and port; "%" starts an escape. */
START_TEST(judges_every_byte_of_a_host)
{
	static const char host[] = "!$%&'()*+,-.:;=[]_~"
				   "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (int byte = 0; byte < 256; byte++) {
		char bytes[] = {'a', (char)byte, 'a'};
		struct fsrv__request request = {.method = FSRV__GET};
		struct fsrv__text value = guard_text((struct fsrv__text){bytes, sizeof(bytes)});

		fsrv__request_add_field(&request, text_of("Host"), value);
		ck_assert_msg(is_malformed(&request, true) == (byte == 0 || strchr(host, byte) == NULL),
			      "byte %d", byte);
		guard_text_free(value);
	}
}
END_TEST

#define MAX_FIELDS 3

static const struct {
	const char *name;
	const char *fields[MAX_FIELDS][2];
	bool malformed_1_0, malformed_1_1;
} messages[] = {
	{"nothing", {{NULL, NULL}}, false, true},
	{"Host", {{"Host", "a"}}, false, false},
	{"empty Host", {{"Host", ""}}, false, false},
	{"Host with a port", {{"Host", "127.0.0.1:8080"}}, false, false},
	{"Host that is an address", {{"Host", "[::1]:8080"}}, false, false},
	{"blank in Host", {{"Host", "a b"}}, true, true},
	{"slash in Host", {{"Host", "a/b"}}, true, true},
	{"user in Host", {{"Host", "a@b"}}, true, true},
	{"Host that is no ASCII", {{"Host", "b\xc3\xbc"}}, true, true},
	{"two Hosts", {{"Host", "a"}, {"Host", "b"}}, true, true},
	{"two Hosts that agree", {{"Host", "a"}, {"HOST", "a"}}, true, true},
	{"empty name", {{"Host", "a"}, {"", "x"}}, true, true},
	{"blank in a name", {{"Host", "a"}, {"Range ", "x"}}, true, true},
	{"folded line", {{"Host", "a"}, {" x", "x"}}, true, true},
	{"name that is no token, without Host", {{"a(", "x"}}, true, true},
	{"Content-Length", {{"Host", "a"}, {"Content-Length", "0"}}, false, false},
	{"two lengths", {{"Host", "a"}, {"Content-Length", "1"}, {"Content-Length", "2"}}, true, true},
	{"two lengths that agree",
	 {{"Host", "a"}, {"Content-Length", "1"}, {"Content-Length", "1"}},
	 true,
	 true},
	{"Transfer-Encoding", {{"Host", "a"}, {"Transfer-Encoding", "chunked"}}, false, false},
	{"Transfer-Encoding in capitals", {{"Host", "a"}, {"Transfer-Encoding", "Chunked"}}, false, false},
	{"other coding", {{"Host", "a"}, {"Transfer-Encoding", "gzip"}}, true, true},
	{"two codings", {{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}}, true, true},
	{"length and encoding",
	 {{"Host", "a"}, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}},
	 true,
	 true},
	{"CR in a value", {{"Host", "a"}, {"Range", "x\r"}}, true, true},
	{"two ranges are not malformed",
	 {{"Host", "a"}, {"Range", "bytes=0-"}, {"Range", "bytes=0-"}},
	 false,
	 false},
};

START_TEST(tells_malformed_messages)
{
	struct fsrv__request request = {.method = FSRV__GET};

	for (int i = 0; i < MAX_FIELDS && messages[_i].fields[i][0] != NULL; i++)
		add(&request, messages[_i].fields[i][0], messages[_i].fields[i][1]);
	ck_assert_msg(is_malformed(&request, false) == messages[_i].malformed_1_0, "%s: 1.0",
		      messages[_i].name);
	ck_assert_msg(is_malformed(&request, true) == messages[_i].malformed_1_1, "%s: 1.1",
		      messages[_i].name);
}
END_TEST

/* Whatever else is right about it. */
START_TEST(refuses_what_was_misread)
{
	struct fsrv__request request = {.method = FSRV__GET, .is_misread = true};

	add(&request, "Host", "a");
	ck_assert(is_malformed(&request, true));
	ck_assert(is_last(&request, true));
}
END_TEST

static const struct {
	const char *name, *value;
	bool is_last_1_0, is_last_1_1;
} lasts[] = {
	{"Host", "a", false, false},
	{"Accept", "a", false, true},
	{"Content-Length", "5", false, true},
	{"Transfer-Encoding", "chunked", true, true},
	{"Transfer-Encoding", "gzip", true, true},
	{"Bad Name", "a", true, true},
};

START_TEST(tells_the_last_request)
{
	struct fsrv__request request = {.method = FSRV__GET};

	add(&request, lasts[_i].name, lasts[_i].value);
	ck_assert_msg(is_last(&request, false) == lasts[_i].is_last_1_0, "%s: 1.0", lasts[_i].name);
	ck_assert_msg(is_last(&request, true) == lasts[_i].is_last_1_1, "%s: 1.1", lasts[_i].name);
}
END_TEST

static const struct {
	const char *method;
	const char *fields[6]; /* names and values */
	bool is_plain;
	const char *if_none_match;
} plains[] = {
	{"GET", {NULL}, true, NULL},
	{"HEAD", {"Accept", "*", "User-Agent", "a", "If-Other", "b"}, true, NULL},
	{"GET", {"If-None-Match", ""}, true, ""},
	{"HEAD", {"IF-NONE-MATCH", "W/\"a\", b"}, true, "W/\"a\", b"},
	{"GET", {"If-None-Match", "\"a\"", "If-Modified-Since", "then"}, true, "\"a\""},
	{"GET", {"If-Modified-Since", "then", "If-None-Match", "\"a\""}, true, "\"a\""},
	{"GET", {"If-None-Match", "\"a\"", "If-None-Match", "\"b\""}, false, NULL},
	{"GET", {"If-None-Match", "\"a\"", "Range", "bytes=0-"}, false, NULL},
	{"GET", {"Range", "bytes=0-"}, false, NULL},
	{"GET", {"If-Range", "\"a\""}, false, NULL},
	{"GET", {"If-Match", "*"}, false, NULL},
	{"GET", {"If-Modified-Since", "then"}, false, NULL},
	{"GET", {"If-Unmodified-Since", "then"}, false, NULL},
	{"GET", {"If-None-Match", "\"a\"", "If-Unmodified-Since", "then"}, false, NULL},
	{"GET", {"Content-Length", "0"}, false, NULL},
	{"GET", {"Transfer-Encoding", "chunked"}, false, NULL},
	{"GET", {"Host", "b"}, false, NULL},
	{"GET", {"Bad Name", "a"}, false, NULL},
	{"OPTIONS", {NULL}, false, NULL},
	{"POST", {NULL}, false, NULL},
};

START_TEST(tells_plain_requests)
{
	struct fsrv__request request = {.method = fsrv__method_parse(plains[_i].method)};
	const char *const *fields = plains[_i].fields, *expected = plains[_i].if_none_match;
	struct fsrv__text line;

	add(&request, "Host", "a");
	for (int i = 0; i < LEN(plains[_i].fields) && fields[i] != NULL; i += 2)
		add(&request, fields[i], fields[i + 1]);
	fsrv__request_end(&request, true);
	ck_assert_int_eq(fsrv__request_is_plain(&request, &line), plains[_i].is_plain);
	if (!plains[_i].is_plain)
		return;
	ck_assert_int_eq(line.at == NULL, expected == NULL);
	ck_assert_uint_eq(line.length, expected != NULL ? strlen(expected) : 0);
	ck_assert(line.length == 0 || memcmp(line.at, expected, line.length) == 0);
}
END_TEST

/* A field of the table that is not known here is not plain either. */
START_TEST(finds_no_other_field_plain)
{
	struct fsrv__request request = {.method = FSRV__GET};
	struct fsrv__text line;

	add(&request, singles[_i].lower, "1");
	fsrv__request_end(&request, false);
	ck_assert_int_eq(fsrv__request_is_plain(&request, &line),
			 singles[_i].offset == offsetof(struct fsrv__request, host));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("request");
	TCase *table = tcase_create("table");
	TCase *fields = tcase_create("fields");

	tcase_add_loop_test(table, knows_methods, 0, LEN(methods));
	tcase_add_loop_test(table, tells_malformed_messages, 0, LEN(messages));
	tcase_add_loop_test(table, tells_the_last_request, 0, LEN(lasts));
	tcase_add_loop_test(table, tells_plain_requests, 0, LEN(plains));
	tcase_add_loop_test(table, finds_no_other_field_plain, 0, LEN(singles));
	suite_add_tcase(suite, table);
	tcase_add_loop_test(fields, gathers_single_fields, 0, LEN(singles));
	tcase_add_test(fields, keeps_an_empty_value);
	tcase_add_test(fields, gathers_lists);
	tcase_add_test(fields, passes_over_other_fields);
	tcase_add_test(fields, judges_every_byte_of_a_name);
	tcase_add_test(fields, judges_every_byte_of_a_value);
	tcase_add_test(fields, judges_every_byte_of_a_host);
	tcase_add_test(fields, refuses_what_was_misread);
	suite_add_tcase(suite, fields);
	return suite;
}
