/* CORS and isolation: the header fields that they add to the plans of all kinds of answers. */
#include <stdio.h>
#include <stdlib.h>

#include "http/cors.h"
#include "http/isolation.h"
#include "suite.h"
#include "texts.h"

#define METHODS "Access-Control-Allow-Methods: GET, HEAD\n"
#define HEADERS                                                                                              \
	"Access-Control-Allow-Headers: Range, If-Range, If-None-Match, If-Match, If-Modified-Since, "        \
	"If-Unmodified-Since\n"
#define AGE "Access-Control-Max-Age: 600\n"
#define EXPOSES                                                                                              \
	"Access-Control-Expose-Headers: Content-Range, Accept-Ranges, Content-Length, ETag, "                \
	"Content-Encoding\n"
#define VARY   "Vary: Origin\n"
#define ANY    "Access-Control-Allow-Origin: *\n"
#define FIRST  "Access-Control-Allow-Origin: http://a.example\n"
#define SECOND "Access-Control-Allow-Origin: null\n"

struct field {
	const char *name, *value;
};

#define MAX_FIELDS 3

#define ORIGIN(value)                                                                                        \
	{                                                                                                    \
		"Origin", value                                                                              \
	}
#define WANTS(value)                                                                                         \
	{                                                                                                    \
		"Access-Control-Request-Method", value                                                       \
	}

static const char *const every[] = {"*"};
static const char *const listed[] = {"http://a.example", "null"};

static const struct {
	const char *name;
	bool is_listed;
	unsigned status;
	struct field fields[MAX_FIELDS];
	const char *headers;
} cases[] = {
	{"*, no origin", false, 200, {{NULL, NULL}}, ANY EXPOSES},
	{"*, an origin", false, 206, {ORIGIN("http://x.example")}, ANY EXPOSES},
	{"*, an error", false, 404, {ORIGIN("http://x.example")}, ANY EXPOSES},
	{"*, 304", false, 304, {ORIGIN("http://x.example")}, ANY EXPOSES},
	{"*, preflight", false, 204, {ORIGIN("http://x.example"), WANTS("GET")}, ANY METHODS HEADERS AGE},
	{"*, preflight for PUT",
	 false,
	 204,
	 {ORIGIN("http://x.example"), WANTS("PUT")},
	 ANY METHODS HEADERS AGE},
	{"*, OPTIONS without a method", false, 204, {ORIGIN("http://x.example")}, ANY EXPOSES},
	{"*, OPTIONS without an origin", false, 204, {WANTS("GET")}, ANY EXPOSES},
	{"*, no preflight: refused method",
	 false,
	 405,
	 {ORIGIN("http://x.example"), WANTS("GET")},
	 ANY EXPOSES},
	{"list, no origin", true, 200, {{NULL, NULL}}, VARY},
	{"list, the first", true, 200, {ORIGIN("http://a.example")}, VARY FIRST EXPOSES},
	{"list, the second", true, 206, {ORIGIN("null")}, VARY SECOND EXPOSES},
	{"list, blanks around", true, 200, {ORIGIN(" http://a.example\t")}, VARY FIRST EXPOSES},
	{"list, name in other case", true, 200, {{"ORIGIN", "http://a.example"}}, VARY FIRST EXPOSES},
	{"list, another", true, 200, {ORIGIN("http://x.example")}, VARY},
	{"list, longer", true, 200, {ORIGIN("http://a.example.org")}, VARY},
	{"list, shorter", true, 200, {ORIGIN("http://a.exampl")}, VARY},
	{"list, other case", true, 200, {ORIGIN("http://A.example")}, VARY},
	{"list, other port", true, 200, {ORIGIN("http://a.example:8080")}, VARY},
	{"list, other scheme", true, 200, {ORIGIN("https://a.example")}, VARY},
	{"list, empty", true, 200, {ORIGIN("")}, VARY},
	{"list, twice", true, 200, {ORIGIN("http://a.example"), ORIGIN("http://a.example")}, VARY},
	{"list, 304", true, 304, {ORIGIN("http://a.example")}, VARY FIRST EXPOSES},
	{"list, an error", true, 503, {ORIGIN("http://a.example")}, VARY FIRST EXPOSES},
	{"list, preflight",
	 true,
	 204,
	 {ORIGIN("http://a.example"), WANTS("HEAD")},
	 VARY FIRST METHODS HEADERS AGE},
	{"list, preflight of another", true, 204, {ORIGIN("http://x.example"), WANTS("GET")}, VARY},
};

static const char *list_headers(const struct fsrv__plan *plan)
{
	static char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < plan->n_headers; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s: %s\n", plan->headers[i].name,
					 plan->headers[i].value);
	return text;
}

START_TEST(adds_what_the_protocol_needs)
{
	struct fsrv__cors cors = {cases[_i].is_listed ? listed : every,
				  cases[_i].is_listed ? (size_t)LEN(listed) : (size_t)LEN(every)};
	struct fsrv__cors_request request = {0};
	struct fsrv__plan plan = {.status = cases[_i].status};

	for (int i = 0; i < MAX_FIELDS && cases[_i].fields[i].name != NULL; i++)
		fsrv__cors_request_add_field(&request, text_of(cases[_i].fields[i].name),
					     text_of(cases[_i].fields[i].value));
	fsrv__cors_request_add_field(&request, text_of("Access-Control-Request-Headers"), text_of("range"));
	fsrv__cors_add_headers(&cors, &request, &plan);
	ck_assert_msg(strcmp(list_headers(&plan), cases[_i].headers) == 0, "%s: %s", cases[_i].name,
		      list_headers(&plan));
}
END_TEST

static const struct {
	const char *origin;
	size_t n;
	const char *word; /* NULL: it is allowed */
} origins[] = {
	{"*", 1, NULL},
	{"*", 2, "alone"},
	{"null", 2, NULL},
	{"http://localhost", 1, NULL},
	{"http://localhost:8080", 1, NULL},
	{"https://a-b.example.org:8443", 1, NULL},
	{"http://127.0.0.1:80801", 1, NULL},
	{"http://[::1]:3000", 1, NULL},
	{"chrome-extension://abcdef", 1, NULL},
	{"tauri://localhost", 1, NULL},
	{"", 1, "scheme://host"},
	{"localhost", 1, "scheme://host"},
	{"localhost:8080", 1, "scheme://host"},
	{"http://", 1, "scheme://host"},
	{"://a", 1, "scheme://host"},
	{"http://a/", 1, "without a path"},
	{"http://a/b", 1, "without a path"},
	{"http://A.example", 1, "lower case"},
	{"HTTP://a.example", 1, "lower case"},
	{"http://*.example", 1, "* for every origin"},
	{"http://u@a.example", 1, "scheme://host"},
	{"http://a, http://b", 1, "scheme://host"},
	{"http://a\r\nX: y", 1, "scheme://host"},
	{" http://a", 1, "scheme://host"},
	{"http://a:80", 1, "default port"},
	{"https://a:443", 1, "default port"},
	{"https://a:80", 1, NULL},
	{"http://a:443", 1, NULL},
	{"http://a:8080", 1, NULL},
};

START_TEST(checks_origins)
{
	const char *reason = fsrv__cors_check_origin(origins[_i].origin, origins[_i].n);

	if (origins[_i].word == NULL)
		ck_assert_msg(reason == NULL, "%s: %s", origins[_i].origin, reason);
	else
		ck_assert_msg(reason != NULL && strstr(reason, origins[_i].word) != NULL, "%s: %s",
			      origins[_i].origin, reason);
}
END_TEST

START_TEST(isolates)
{
	struct fsrv__plan plan = {.status = 200};

	fsrv__isolation_add_headers(false, &plan);
	ck_assert_str_eq(list_headers(&plan), "Cross-Origin-Opener-Policy: same-origin\n"
					      "Cross-Origin-Embedder-Policy: require-corp\n"
					      "Cross-Origin-Resource-Policy: same-origin\n"
					      "Timing-Allow-Origin: *\n");
	plan.n_headers = 0;
	fsrv__isolation_add_headers(true, &plan);
	ck_assert_ptr_nonnull(strstr(list_headers(&plan), "Cross-Origin-Resource-Policy: cross-origin\n"));
}
END_TEST

/* The answer with the most fields of fsrv's own has room for all of them. */
START_TEST(leaves_room_for_the_program)
{
	struct fsrv__cors cors = {listed, LEN(listed)};
	struct fsrv__representation file = {
		.size = 11, .media_type = "text/html", .content_coding = "gzip", .cache_control = "no-cache"};
	struct fsrv__target target = {.outcome = FSRV__FOUND_FILE, .file = &file};
	struct fsrv__request request = {.method = FSRV__GET};
	struct fsrv__cors_request cors_request = {0};
	struct fsrv__plan plan;

	file.validators.has_date = true;
	fsrv__request_add_field(&request, text_of("Host"), text_of("localhost"));
	fsrv__request_add_field(&request, text_of("Range"), text_of("bytes=0-1"));
	fsrv__request_add_field(&request, text_of("Transfer-Encoding"), text_of("chunked"));
	fsrv__cors_request_add_field(&cors_request, text_of("Origin"), text_of("null"));
	fsrv__request_end(&request, true);
	fsrv__plan_make(&request, &target, 0, &plan);
	ck_assert_uint_eq(plan.status, 206);
	fsrv__cors_add_headers(&cors, &cors_request, &plan);
	fsrv__isolation_add_headers(true, &plan);
	ck_assert_ptr_nonnull(strstr(list_headers(&plan), "Connection: close\n"));
	ck_assert_uint_le(plan.n_headers, FSRV__MAX_PLANNED_HEADERS);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("cors");
	TCase *tcase = tcase_create("cors");

	tcase_add_loop_test(tcase, adds_what_the_protocol_needs, 0, LEN(cases));
	tcase_add_loop_test(tcase, checks_origins, 0, LEN(origins));
	tcase_add_test(tcase, isolates);
	tcase_add_test(tcase, leaves_room_for_the_program);
	suite_add_tcase(suite, tcase);
	return suite;
}
