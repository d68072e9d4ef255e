#include <inttypes.h>
#include <stdio.h>

#include "http/plan.h"
#include "invariants.h"
#include "suite.h"
#include "texts.h"

#define NOW      INT64_C(1790000000)
#define MODIFIED INT64_C(784111777)
#define DATE     "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE   "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER    "Sun, 06 Nov 1994 08:49:38 GMT"
#define RFC850   "Sunday, 06-Nov-94 08:49:37 GMT"
#define ASCTIME  "Sun Nov  6 08:49:37 1994"

#define NOSNIFF        "X-Content-Type-Options: nosniff\n"
#define TYPE           "Content-Type: text/html; charset=utf-8\n"
#define CODING         "Content-Encoding: gzip\n"
#define RANGES         "Accept-Ranges: bytes\n"
#define TAG            "ETag: \"tag\"\n"
#define WEAK_TAG       "ETag: W/\"tag\"\n"
#define MODIFIED_FIELD "Last-Modified: " DATE "\n"
#define CACHE          "Cache-Control: max-age=60\n"
#define NO_CACHE       "Cache-Control: no-cache\n"
#define GROWING        "Accept-Ranges: none\nCache-Control: no-store\n"
#define PLAIN          NOSNIFF "Content-Type: text/plain; charset=utf-8\n" NO_CACHE
#define VARY           "Vary: Accept-Encoding\n"
#define ALLOW          "Allow: GET, HEAD, OPTIONS\n"

/* YOUNG: the bytes are known, the date may still be that of two versions. VOLATILE: only this reading is. */
enum file {
	USUAL,
	WEAK,
	DATELESS,
	UNCACHED,
	EMPTY,
	LARGE,
	LARGEST,
	FUTURE,
	CODED,
	YOUNG,
	VOLATILE,
	CODED_LARGE,
	MEDIUM,
	VARYING
};

#define LARGE_SIZE  UINT64_C(5368709120)
#define MEDIUM_SIZE 200

struct field {
	const char *name, *value;
};

#define MAX_FIELDS 4

static struct fsrv__representation make_file(enum file kind)
{
	static const uint64_t sizes[VARYING + 1] = {[LARGE] = LARGE_SIZE,
						    [LARGEST] = UINT64_MAX,
						    [CODED_LARGE] = LARGE_SIZE,
						    [MEDIUM] = MEDIUM_SIZE};
	struct fsrv__representation file = {.size = 11, .media_type = "text/html; charset=utf-8"};
	struct fsrv__validators *validators = &file.validators;

	if (kind == EMPTY || sizes[kind] != 0)
		file.size = sizes[kind];
	file.content_coding = kind == CODED || kind == CODED_LARGE || kind == VARYING ? "gzip" : NULL;
	file.varies = kind == VARYING;
	file.cache_control = kind == UNCACHED ? NULL : "max-age=60";
	file.is_volatile = kind == VOLATILE;
	validators->strong = kind != WEAK && kind != VOLATILE;
	validators->has_date = kind != DATELESS && kind != VOLATILE;
	validators->has_strong_date = validators->has_date && kind != WEAK && kind != YOUNG;
	validators->modified = kind == FUTURE ? NOW : MODIFIED;
	fsrv__httpdate_format(validators->modified, validators->last_modified);
	strcpy(validators->etag, !validators->strong ? "W/\"tag\"" : "\"tag\"");
	validators->etag_length = strlen(validators->etag);
	return file;
}

static struct fsrv__request make_request(enum fsrv__method method, const struct field *fields)
{
	struct fsrv__request request = {.method = method};

	fsrv__request_add_field(&request, text_of("Host"), text_of("localhost"));
	for (int i = 0; i < MAX_FIELDS && fields != NULL && fields[i].name != NULL; i++)
		fsrv__request_add_field(&request, text_of(fields[i].name), text_of(fields[i].value));
	return request;
}

static void make_plan(struct fsrv__request *request, bool http_1_1, const struct fsrv__target *target,
		      struct fsrv__plan *plan)
{
	fsrv__request_end(request, http_1_1);
	fsrv__plan_make(request, target, NOW, plan);
}

/* The plan for a file; it points into *file. */
static void plan_file(enum fsrv__method method, const struct field *fields,
		      const struct fsrv__representation *file, struct fsrv__plan *plan)
{
	struct fsrv__request request = make_request(method, fields);
	struct fsrv__target target = {.outcome = FSRV__FOUND_FILE, .file = file};

	memset(plan, 0xa5, sizeof(*plan));
	make_plan(&request, true, &target, plan);
}

static const char *list_headers(const struct fsrv__plan *plan)
{
	static char text[2048];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < plan->n_headers; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s: %s\n", plan->headers[i].name,
					 plan->headers[i].value);
	return text;
}

/* How looking for the target ended, and the answer to GET; HEAD is the same without its content. */
static const struct {
	enum fsrv__outcome outcome;
	unsigned status;
	const char *text;
	const char *headers;
} outcomes[] = {
	{FSRV__FOUND_FILE, 200, NULL, NOSNIFF TYPE RANGES TAG MODIFIED_FIELD CACHE},
	{FSRV__FOUND_DIRECTORY, 308, "Permanent Redirect\n", PLAIN "Location: folder/?q\n"},
	{FSRV__TARGET_MALFORMED, 400, "Bad Request\n", PLAIN},
	{FSRV__TARGET_TOO_LONG, 414, "URI Too Long\n", PLAIN},
	{FSRV__TARGET_MISSING, 404, "Not Found\n", PLAIN},
	{FSRV__TARGET_FORBIDDEN, 403, "Forbidden\n", PLAIN},
	{FSRV__NOT_ACCEPTABLE, 406, "Not Acceptable: no coding of this file is in Accept-Encoding\n",
	 PLAIN VARY},
	{FSRV__OVERLOADED, 503, "Service Unavailable\n", PLAIN "Retry-After: 1\n"},
	{FSRV__BROKEN, 500, "Internal Server Error\n", PLAIN},
};

static void check_outcome(int row, enum fsrv__method method, unsigned status, enum fsrv__content_kind content,
			  const char *text, const char *headers)
{
	struct fsrv__representation file = make_file(USUAL);
	struct fsrv__request request = make_request(method, NULL);
	struct fsrv__target target = {
		.outcome = outcomes[row].outcome, .file = &file, .location = "folder/?q"};
	struct fsrv__plan plan;

	memset(&plan, 0xa5, sizeof(plan));
	make_plan(&request, true, &target, &plan);
	ck_assert_uint_eq(plan.status, status);
	ck_assert_int_eq(plan.content, content);
	ck_assert_uint_eq(plan.length, text != NULL ? strlen(text) : file.size);
	ck_assert_str_eq(list_headers(&plan), headers);
	if (content == FSRV__CONTENT_TEXT)
		ck_assert_str_eq(plan.text, text);
	ck_assert(plan_is_sound(&plan, file.size));
}

/* Unlike the other outcomes this one concerns every method. */
START_TEST(refuses_a_host_whatever_the_method)
{
	static const enum fsrv__method methods[] = {FSRV__GET, FSRV__HEAD, FSRV__OPTIONS, FSRV__OTHER_METHOD};

	for (int i = 0; i < LEN(methods); i++) {
		struct fsrv__request request = make_request(methods[i], NULL);
		struct fsrv__target target = {.outcome = FSRV__HOST_REFUSED};
		struct fsrv__plan plan;

		make_plan(&request, true, &target, &plan);
		ck_assert_uint_eq(plan.status, 403);
		ck_assert_int_eq(plan.content,
				 methods[i] == FSRV__HEAD ? FSRV__CONTENT_NONE : FSRV__CONTENT_TEXT);
		ck_assert_str_eq(plan.text, "Forbidden host or origin\n");
		ck_assert_str_eq(list_headers(&plan), PLAIN);
		fsrv__request_add_field(&request, text_of("Bad Name"), text_of(""));
		make_plan(&request, true, &target, &plan);
		ck_assert_uint_eq(plan.status, 400);
	}
}
END_TEST

START_TEST(answers_every_outcome)
{
	const char *text = outcomes[_i].text, *headers = outcomes[_i].headers;
	unsigned status = outcomes[_i].status;

	check_outcome(_i, FSRV__GET, status, text != NULL ? FSRV__CONTENT_TEXT : FSRV__CONTENT_SLICE, text,
		      headers);
	check_outcome(_i, FSRV__HEAD, status, FSRV__CONTENT_NONE, text, headers);
	check_outcome(_i, FSRV__OPTIONS, 204, FSRV__CONTENT_ABSENT, "", NOSNIFF ALLOW);
	check_outcome(_i, FSRV__OTHER_METHOD, 405, FSRV__CONTENT_TEXT, "Method Not Allowed\n", PLAIN ALLOW);
}
END_TEST

/* A malformed request is refused whatever its method and target are, and it is the last one. */
START_TEST(refuses_a_malformed_request)
{
	static const enum fsrv__method methods[] = {FSRV__GET, FSRV__HEAD, FSRV__OPTIONS, FSRV__OTHER_METHOD};
	static const struct field fields[MAX_FIELDS] = {{"Range", "bytes=0-1"}, {"Bad Name", "x"}};

	for (int i = 0; i < LEN(methods); i++) {
		struct fsrv__representation file = make_file(USUAL);
		struct fsrv__plan plan;

		plan_file(methods[i], fields, &file, &plan);
		ck_assert_uint_eq(plan.status, 400);
		ck_assert_int_eq(plan.content,
				 methods[i] == FSRV__HEAD ? FSRV__CONTENT_NONE : FSRV__CONTENT_TEXT);
		ck_assert_str_eq(list_headers(&plan), PLAIN "Connection: close\n");
	}
}
END_TEST

/* What is being written has no validator, no range and no length; "*" alone still decides. */
static const struct {
	unsigned status;
	const char *headers;
	struct field fields[MAX_FIELDS];
} growing[] = {
	{200, NOSNIFF TYPE GROWING, {{NULL, NULL}}},
	{200, NOSNIFF TYPE GROWING, {{"Range", "bytes=0-1"}}},
	{200, NOSNIFF TYPE GROWING, {{"Range", "bytes=99-"}}},
	{200, NOSNIFF TYPE GROWING, {{"Range", "bytes=0-1"}, {"If-Range", "\"tag\""}}},
	{200, NOSNIFF TYPE GROWING, {{"If-None-Match", "\"tag\", \"\", W/\"\""}}},
	{200, NOSNIFF TYPE GROWING, {{"If-Modified-Since", AFTER}}},
	{200, NOSNIFF TYPE GROWING, {{"If-Unmodified-Since", BEFORE}}},
	{200, NOSNIFF TYPE GROWING, {{"If-Match", "*"}}},
	{412, PLAIN, {{"If-Match", "\"tag\", \"\""}}},
	{304, NOSNIFF "Cache-Control: no-store\n", {{"If-None-Match", "*"}}},
};

START_TEST(promises_nothing_of_a_growing_file)
{
	static const enum fsrv__method methods[] = {FSRV__GET, FSRV__HEAD};
	unsigned status = growing[_i].status;

	for (int i = 0; i < LEN(methods); i++) {
		bool has_content = methods[i] == FSRV__GET && status != 304;
		struct fsrv__representation file = make_file(USUAL);
		struct fsrv__plan plan;

		file.is_growing = true;
		plan_file(methods[i], growing[_i].fields, &file, &plan);
		ck_assert_uint_eq(plan.status, status);
		ck_assert_str_eq(list_headers(&plan), growing[_i].headers);
		ck_assert_int_eq(plan.content != FSRV__CONTENT_NONE, has_content);
		if (status != 412)
			ck_assert(plan.length == FSRV__LENGTH_UNKNOWN && plan.offset == 0);
		if (status == 200 && has_content)
			ck_assert_int_eq(plan.content, FSRV__CONTENT_SLICE);
	}
}
END_TEST

START_TEST(needs_no_host_before_1_1)
{
	struct fsrv__representation file = make_file(USUAL);
	struct fsrv__request request = {.method = FSRV__GET};
	struct fsrv__target target = {.outcome = FSRV__FOUND_FILE, .file = &file};
	struct fsrv__plan plan;

	make_plan(&request, false, &target, &plan);
	ck_assert_uint_eq(plan.status, 200);
	make_plan(&request, true, &target, &plan);
	ck_assert_uint_eq(plan.status, 400);
}
END_TEST

/* RFC 9110, 13.2.2. */
static const struct {
	const char *name;
	enum file file;
	unsigned get, head;
	struct field fields[MAX_FIELDS];
} preconditions[] = {
	{"none", USUAL, 200, 200, {{NULL, NULL}}},
	{"If-Match, the tag", USUAL, 200, 200, {{"If-Match", "\"tag\""}}},
	{"If-Match, in a list", USUAL, 200, 200, {{"If-Match", "\"x,\", \"tag\""}}},
	{"If-Match, in a second line", USUAL, 200, 200, {{"If-Match", "\"x\""}, {"If-Match", "\"tag\""}}},
	{"If-Match, any", USUAL, 200, 200, {{"If-Match", "*"}}},
	{"If-Match, another", USUAL, 412, 412, {{"If-Match", "\"x\""}}},
	{"If-Match, nothing", USUAL, 412, 412, {{"If-Match", ""}}},
	{"If-Match, garbage", USUAL, 412, 412, {{"If-Match", "tag"}}},
	{"If-Match, weak in the request", USUAL, 412, 412, {{"If-Match", "W/\"tag\""}}},
	{"If-Match, weak on both sides", WEAK, 412, 412, {{"If-Match", "W/\"tag\""}}},
	{"If-Match, weak, any", WEAK, 200, 200, {{"If-Match", "*"}}},
	{"If-Unmodified-Since, the date", USUAL, 200, 200, {{"If-Unmodified-Since", DATE}}},
	{"If-Unmodified-Since, later", USUAL, 200, 200, {{"If-Unmodified-Since", AFTER}}},
	{"If-Unmodified-Since, earlier", USUAL, 412, 412, {{"If-Unmodified-Since", BEFORE}}},
	{"If-Unmodified-Since, garbage", USUAL, 200, 200, {{"If-Unmodified-Since", "yesterday"}}},
	{"If-Unmodified-Since, no date to compare", DATELESS, 200, 200, {{"If-Unmodified-Since", BEFORE}}},
	{"If-Unmodified-Since, twice",
	 USUAL,
	 200,
	 200,
	 {{"If-Unmodified-Since", BEFORE}, {"If-Unmodified-Since", BEFORE}}},
	{"If-Match holds, If-Unmodified-Since not",
	 USUAL,
	 200,
	 200,
	 {{"If-Match", "\"tag\""}, {"If-Unmodified-Since", BEFORE}}},
	{"If-Match fails, If-Unmodified-Since not",
	 USUAL,
	 412,
	 412,
	 {{"If-Match", "\"x\""}, {"If-Unmodified-Since", AFTER}}},
	{"If-None-Match, the tag", USUAL, 304, 304, {{"If-None-Match", "\"tag\""}}},
	{"If-None-Match, weak", USUAL, 304, 304, {{"If-None-Match", "W/\"tag\""}}},
	{"If-None-Match, weak on both sides", WEAK, 304, 304, {{"If-None-Match", "W/\"tag\""}}},
	{"If-None-Match, strong for a weak one", WEAK, 304, 304, {{"If-None-Match", "\"tag\""}}},
	{"If-None-Match, in a list", USUAL, 304, 304, {{"If-None-Match", "\"x\",W/\"y\" , \"tag\""}}},
	{"If-None-Match, in a third line",
	 USUAL,
	 304,
	 304,
	 {{"If-None-Match", "\"x\""}, {"If-None-Match", ""}, {"If-None-Match", "\"tag\""}}},
	{"If-None-Match, any", USUAL, 304, 304, {{"If-None-Match", "*"}}},
	{"If-None-Match, another", USUAL, 200, 200, {{"If-None-Match", "\"x\""}}},
	{"If-None-Match, garbage", USUAL, 200, 200, {{"If-None-Match", "tag"}}},
	{"If-None-Match, nothing", USUAL, 200, 200, {{"If-None-Match", ""}}},
	{"If-Modified-Since, the date", USUAL, 304, 304, {{"If-Modified-Since", DATE}}},
	{"If-Modified-Since, rfc850", USUAL, 304, 304, {{"If-Modified-Since", RFC850}}},
	{"If-Modified-Since, asctime", USUAL, 304, 304, {{"If-Modified-Since", ASCTIME}}},
	{"If-Modified-Since, later", USUAL, 304, 304, {{"If-Modified-Since", AFTER}}},
	{"If-Modified-Since, earlier", USUAL, 200, 200, {{"If-Modified-Since", BEFORE}}},
	{"If-Modified-Since, garbage", USUAL, 200, 200, {{"If-Modified-Since", "today"}}},
	{"If-Modified-Since, twice",
	 USUAL,
	 200,
	 200,
	 {{"If-Modified-Since", DATE}, {"If-Modified-Since", DATE}}},
	{"If-Modified-Since, no date to compare", DATELESS, 200, 200, {{"If-Modified-Since", AFTER}}},
	{"If-None-Match fails, If-Modified-Since holds",
	 USUAL,
	 304,
	 304,
	 {{"If-None-Match", "\"tag\""}, {"If-Modified-Since", BEFORE}}},
	{"If-None-Match holds, If-Modified-Since fails",
	 USUAL,
	 200,
	 200,
	 {{"If-None-Match", "\"x\""}, {"If-Modified-Since", AFTER}}},
	{"If-None-Match is garbage, If-Modified-Since fails",
	 USUAL,
	 200,
	 200,
	 {{"If-None-Match", "x"}, {"If-Modified-Since", AFTER}}},
	{"If-Match holds, If-None-Match fails",
	 USUAL,
	 304,
	 304,
	 {{"If-Match", "\"tag\""}, {"If-None-Match", "\"tag\""}}},
	{"If-Match and If-None-Match fail",
	 USUAL,
	 412,
	 412,
	 {{"If-Match", "\"x\""}, {"If-None-Match", "\"tag\""}}},
	{"If-Match fails, If-Modified-Since too",
	 USUAL,
	 412,
	 412,
	 {{"If-Match", "\"x\""}, {"If-Modified-Since", AFTER}}},
	{"If-Unmodified-Since fails, If-None-Match too",
	 USUAL,
	 412,
	 412,
	 {{"If-Unmodified-Since", BEFORE}, {"If-None-Match", "\"tag\""}}},
	{"If-Unmodified-Since holds, If-None-Match fails",
	 USUAL,
	 304,
	 304,
	 {{"If-Unmodified-Since", AFTER}, {"If-None-Match", "\"tag\""}}},
	{"both dates are met", USUAL, 304, 304, {{"If-Unmodified-Since", DATE}, {"If-Modified-Since", DATE}}},
	{"304 beats 206", USUAL, 304, 304, {{"If-None-Match", "\"tag\""}, {"Range", "bytes=0-1"}}},
	{"304 beats 416", USUAL, 304, 304, {{"If-None-Match", "\"tag\""}, {"Range", "bytes=99-"}}},
	{"304 by date beats 206", USUAL, 304, 304, {{"If-Modified-Since", DATE}, {"Range", "bytes=0-1"}}},
	{"304 beats a true If-Range",
	 USUAL,
	 304,
	 304,
	 {{"If-None-Match", "\"tag\""}, {"Range", "bytes=0-1"}, {"If-Range", "\"tag\""}}},
	{"412 beats 206", USUAL, 412, 412, {{"If-Match", "\"x\""}, {"Range", "bytes=0-1"}}},
	{"412 beats 416", USUAL, 412, 412, {{"If-Unmodified-Since", BEFORE}, {"Range", "bytes=99-"}}},
	{"412 beats a false If-Range",
	 USUAL,
	 412,
	 412,
	 {{"If-Match", "\"x\""}, {"Range", "bytes=0-1"}, {"If-Range", "\"x\""}}},
	{"If-Match holds, Range", USUAL, 206, 200, {{"If-Match", "\"tag\""}, {"Range", "bytes=0-1"}}},
	{"If-None-Match holds, Range", USUAL, 206, 200, {{"If-None-Match", "\"x\""}, {"Range", "bytes=0-1"}}},
	{"If-None-Match holds, Range past the end",
	 USUAL,
	 416,
	 200,
	 {{"If-None-Match", "\"x\""}, {"Range", "bytes=11-"}}},
	{"304 of an empty file", EMPTY, 304, 304, {{"If-None-Match", "\"tag\""}}},
	{"a name in upper case", USUAL, 304, 304, {{"IF-NONE-MATCH", "\"tag\""}}},

	{"Range", USUAL, 206, 200, {{"Range", "bytes=0-1"}}},
	{"Range of everything", USUAL, 206, 200, {{"Range", "bytes=0-"}}},
	{"Range past the end", USUAL, 416, 200, {{"Range", "bytes=11-"}}},
	{"Range backwards", USUAL, 416, 200, {{"Range", "bytes=5-2"}}},
	{"Range of no suffix", USUAL, 416, 200, {{"Range", "bytes=-0"}}},
	{"Range malformed", USUAL, 200, 200, {{"Range", "bytes=x"}}},
	{"Range in another unit", USUAL, 200, 200, {{"Range", "lines=0-1"}}},
	{"several ranges", USUAL, 200, 200, {{"Range", "bytes=0-1,3-4"}}},
	{"Range twice", USUAL, 200, 200, {{"Range", "bytes=0-1"}, {"Range", "bytes=0-1"}}},
	{"Range past the end, twice", USUAL, 200, 200, {{"Range", "bytes=99-"}, {"Range", "bytes=99-"}}},
	{"Range of an empty file", EMPTY, 200, 200, {{"Range", "bytes=0-"}}},
	{"suffix of an empty file", EMPTY, 200, 200, {{"Range", "bytes=-1"}}},
	{"If-Range, the tag", USUAL, 206, 200, {{"Range", "bytes=0-1"}, {"If-Range", "\"tag\""}}},
	{"If-Range, the tag and blanks",
	 USUAL,
	 206,
	 200,
	 {{"Range", "bytes=0-1"}, {"If-Range", " \"tag\"\t"}}},
	{"If-Range, another", USUAL, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", "\"x\""}}},
	{"If-Range, another, Range past the end",
	 USUAL,
	 200,
	 200,
	 {{"Range", "bytes=99-"}, {"If-Range", "\"x\""}}},
	{"If-Range, the tag, Range past the end",
	 USUAL,
	 416,
	 200,
	 {{"Range", "bytes=99-"}, {"If-Range", "\"tag\""}}},
	{"If-Range, weak in the request",
	 USUAL,
	 200,
	 200,
	 {{"Range", "bytes=0-1"}, {"If-Range", "W/\"tag\""}}},
	{"If-Range, weak on both sides", WEAK, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", "W/\"tag\""}}},
	{"If-Range, strong for a weak one",
	 WEAK,
	 200,
	 200,
	 {{"Range", "bytes=0-1"}, {"If-Range", "\"tag\""}}},
	{"If-Range, list", USUAL, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", "\"tag\", \"x\""}}},
	{"If-Range, any", USUAL, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", "*"}}},
	{"If-Range, nothing", USUAL, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", ""}}},
	{"If-Range, garbage", USUAL, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", "tag"}}},
	{"If-Range, twice",
	 USUAL,
	 200,
	 200,
	 {{"Range", "bytes=0-1"}, {"If-Range", "\"tag\""}, {"If-Range", "\"tag\""}}},
	{"If-Range, the date", USUAL, 206, 200, {{"Range", "bytes=0-1"}, {"If-Range", DATE}}},
	{"If-Range, the date as rfc850", USUAL, 206, 200, {{"Range", "bytes=0-1"}, {"If-Range", RFC850}}},
	{"If-Range, earlier", USUAL, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", BEFORE}}},
	{"If-Range, later", USUAL, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", AFTER}}},
	{"If-Range, the date of a young file", WEAK, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", DATE}}},
	{"If-Range, no date to compare", DATELESS, 200, 200, {{"Range", "bytes=0-1"}, {"If-Range", DATE}}},
	{"If-Range, the tag of a file without a date",
	 DATELESS,
	 206,
	 200,
	 {{"Range", "bytes=0-1"}, {"If-Range", "\"tag\""}}},
	{"If-Range, a date that is now",
	 FUTURE,
	 200,
	 200,
	 {{"Range", "bytes=0-1"}, {"If-Range", "Mon, 21 Sep 2026 14:13:20 GMT"}}},
	{"If-Range without Range", USUAL, 200, 200, {{"If-Range", "\"tag\""}}},
	{"If-Range, the date of a young file with a strong tag",
	 YOUNG,
	 200,
	 200,
	 {{"Range", "bytes=0-1"}, {"If-Range", DATE}}},
	{"If-Range, the tag of a young file",
	 YOUNG,
	 206,
	 200,
	 {{"Range", "bytes=0-1"}, {"If-Range", "\"tag\""}}},
	{"Range of a volatile file", VOLATILE, 200, 200, {{"Range", "bytes=0-1"}}},
	{"Range past the end of a volatile file", VOLATILE, 200, 200, {{"Range", "bytes=99-"}}},
	{"If-None-Match of a volatile file", VOLATILE, 304, 304, {{"If-None-Match", "W/\"tag\""}}},
	{"a young file and Range alone", WEAK, 206, 200, {{"Range", "bytes=0-1"}}},
};

static void check_precondition(int row, enum fsrv__method method, unsigned status)
{
	struct fsrv__representation file = make_file(preconditions[row].file);
	struct fsrv__plan plan;

	plan_file(method, preconditions[row].fields, &file, &plan);
	ck_assert_msg(plan.status == status, "%s: got %u, not %u", preconditions[row].name, plan.status,
		      status);
	ck_assert_msg(plan_is_sound(&plan, file.size), "%s: not sound", preconditions[row].name);
	if (method == FSRV__HEAD)
		ck_assert_msg(plan.content == FSRV__CONTENT_NONE, "%s: content", preconditions[row].name);
	if (status == 200 || status == 304)
		ck_assert_msg(plan.length == file.size, "%s: length", preconditions[row].name);
}

START_TEST(evaluates_preconditions)
{
	check_precondition(_i, FSRV__GET, preconditions[_i].get);
	check_precondition(_i, FSRV__HEAD, preconditions[_i].head);
}
END_TEST

#define RANGE_FIELD(value)                                                                                   \
	{                                                                                                    \
		{                                                                                            \
			"Range", value                                                                       \
		}                                                                                            \
	}

static const struct {
	const char *name;
	enum file file;
	struct field fields[MAX_FIELDS];
	unsigned status;
	enum fsrv__content_kind content;
	uint64_t offset, length;
	const char *headers;
} answers[] = {
	{"200",
	 USUAL,
	 {{NULL, NULL}},
	 200,
	 FSRV__CONTENT_SLICE,
	 0,
	 11,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD CACHE},
	{"200, weak",
	 WEAK,
	 {{NULL, NULL}},
	 200,
	 FSRV__CONTENT_SLICE,
	 0,
	 11,
	 NOSNIFF TYPE RANGES WEAK_TAG MODIFIED_FIELD CACHE},
	{"200, no date",
	 DATELESS,
	 {{NULL, NULL}},
	 200,
	 FSRV__CONTENT_SLICE,
	 0,
	 11,
	 NOSNIFF TYPE RANGES TAG CACHE},
	{"200, no cache",
	 UNCACHED,
	 {{NULL, NULL}},
	 200,
	 FSRV__CONTENT_SLICE,
	 0,
	 11,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD},
	{"200, empty", EMPTY, RANGE_FIELD("bytes=0-"), 200, FSRV__CONTENT_SLICE, 0, 0,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD CACHE},
	{"200, volatile",
	 VOLATILE,
	 {{NULL, NULL}},
	 200,
	 FSRV__CONTENT_SLICE,
	 0,
	 11,
	 NOSNIFF TYPE "Accept-Ranges: none\n" WEAK_TAG CACHE},
	{"200, as large as can be",
	 LARGEST,
	 {{NULL, NULL}},
	 200,
	 FSRV__CONTENT_SLICE,
	 0,
	 UINT64_MAX,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD CACHE},
	{"200, coded",
	 CODED,
	 {{NULL, NULL}},
	 200,
	 FSRV__CONTENT_SLICE,
	 0,
	 11,
	 NOSNIFF TYPE CODING RANGES TAG MODIFIED_FIELD CACHE},
	{"206, coded", CODED, RANGE_FIELD("bytes=3-7"), 206, FSRV__CONTENT_SLICE, 3, 5,
	 NOSNIFF TYPE CODING RANGES TAG MODIFIED_FIELD CACHE "Content-Range: bytes 3-7/11\n"},
	{"416, coded", CODED, RANGE_FIELD("bytes=11-"), 416, FSRV__CONTENT_TEXT, 0, 0,
	 NOSNIFF "Cache-Control: no-cache\n" RANGES "Content-Range: bytes */11\n"},
	{"200, one of several codings",
	 VARYING,
	 {{NULL, NULL}},
	 200,
	 FSRV__CONTENT_SLICE,
	 0,
	 11,
	 NOSNIFF TYPE CODING RANGES TAG MODIFIED_FIELD CACHE VARY},
	{"206, one of several codings", VARYING, RANGE_FIELD("bytes=3-7"), 206, FSRV__CONTENT_SLICE, 3, 5,
	 NOSNIFF TYPE CODING RANGES TAG MODIFIED_FIELD CACHE VARY "Content-Range: bytes 3-7/11\n"},
	{"416, one of several codings", VARYING, RANGE_FIELD("bytes=11-"), 416, FSRV__CONTENT_TEXT, 0, 0,
	 NOSNIFF "Cache-Control: no-cache\n" RANGES "Content-Range: bytes */11\n" VARY},
	{"304, one of several codings",
	 VARYING,
	 {{"If-None-Match", "\"tag\""}},
	 304,
	 FSRV__CONTENT_NONE,
	 0,
	 11,
	 NOSNIFF TAG MODIFIED_FIELD CACHE VARY},
	{"412, one of several codings",
	 VARYING,
	 {{"If-Match", "\"x\""}},
	 412,
	 FSRV__CONTENT_TEXT,
	 0,
	 20,
	 PLAIN VARY},
	{"206", USUAL, RANGE_FIELD("bytes=3-7"), 206, FSRV__CONTENT_SLICE, 3, 5,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD CACHE "Content-Range: bytes 3-7/11\n"},
	{"206, everything", USUAL, RANGE_FIELD("bytes=0-"), 206, FSRV__CONTENT_SLICE, 0, 11,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD CACHE "Content-Range: bytes 0-10/11\n"},
	{"206, one byte", USUAL, RANGE_FIELD("bytes=-1"), 206, FSRV__CONTENT_SLICE, 10, 1,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD CACHE "Content-Range: bytes 10-10/11\n"},
	{"206, bare", UNCACHED, RANGE_FIELD("bytes=0-0"), 206, FSRV__CONTENT_SLICE, 0, 1,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD "Content-Range: bytes 0-0/11\n"},
	{"206, above 4 GiB", LARGE, RANGE_FIELD("bytes=4294967296-4294967300"), 206, FSRV__CONTENT_SLICE,
	 UINT64_C(4294967296), 5,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD CACHE
	 "Content-Range: bytes 4294967296-4294967300/5368709120\n"},
	{"206, the longest field", LARGEST, RANGE_FIELD("bytes=18446744073709551614-99999999999999999999"),
	 206, FSRV__CONTENT_SLICE, UINT64_MAX - 1, 1,
	 NOSNIFF TYPE RANGES TAG MODIFIED_FIELD CACHE
	 "Content-Range: bytes 18446744073709551614-18446744073709551614/18446744073709551615\n"},
	{"416", USUAL, RANGE_FIELD("bytes=11-"), 416, FSRV__CONTENT_TEXT, 0, 0,
	 NOSNIFF "Cache-Control: no-cache\n" RANGES "Content-Range: bytes */11\n"},
	{"416, as large as can be", LARGEST, RANGE_FIELD("bytes=18446744073709551615-"), 416,
	 FSRV__CONTENT_TEXT, 0, 0,
	 NOSNIFF "Cache-Control: no-cache\n" RANGES "Content-Range: bytes */18446744073709551615\n"},
	{"304",
	 USUAL,
	 {{"If-None-Match", "\"tag\""}},
	 304,
	 FSRV__CONTENT_NONE,
	 0,
	 11,
	 NOSNIFF TAG MODIFIED_FIELD CACHE},
	{"304, weak",
	 WEAK,
	 {{"If-None-Match", "\"tag\""}},
	 304,
	 FSRV__CONTENT_NONE,
	 0,
	 11,
	 NOSNIFF WEAK_TAG MODIFIED_FIELD CACHE},
	{"304, no date",
	 DATELESS,
	 {{"If-None-Match", "\"tag\""}},
	 304,
	 FSRV__CONTENT_NONE,
	 0,
	 11,
	 NOSNIFF TAG CACHE},
	{"304, no cache",
	 UNCACHED,
	 {{"If-None-Match", "\"tag\""}},
	 304,
	 FSRV__CONTENT_NONE,
	 0,
	 11,
	 NOSNIFF TAG MODIFIED_FIELD},
	{"304, as large as can be",
	 LARGEST,
	 {{"If-None-Match", "*"}},
	 304,
	 FSRV__CONTENT_NONE,
	 0,
	 UINT64_MAX,
	 NOSNIFF TAG MODIFIED_FIELD CACHE},
	{"412", USUAL, {{"If-Match", "\"x\""}}, 412, FSRV__CONTENT_TEXT, 0, 20, PLAIN},
};

START_TEST(writes_exactly_these_fields)
{
	struct fsrv__representation file = make_file(answers[_i].file);
	struct fsrv__plan plan;

	plan_file(FSRV__GET, answers[_i].fields, &file, &plan);
	ck_assert_msg(plan.status == answers[_i].status, "%s: got %u", answers[_i].name, plan.status);
	ck_assert_msg(plan.content == answers[_i].content, "%s: content %d", answers[_i].name,
		      (int)plan.content);
	ck_assert_msg(plan.offset == answers[_i].offset, "%s: offset %" PRIu64, answers[_i].name,
		      plan.offset);
	ck_assert_msg(plan.length == answers[_i].length, "%s: length %" PRIu64, answers[_i].name,
		      plan.length);
	ck_assert_msg(strcmp(list_headers(&plan), answers[_i].headers) == 0, "%s: got\n%s", answers[_i].name,
		      list_headers(&plan));
	ck_assert_msg(plan_is_sound(&plan, file.size), "%s: not sound", answers[_i].name);
}
END_TEST

static const struct {
	const char *name;
	enum file file;
	unsigned max_ranges;
	enum fsrv__method method;
	struct field fields[MAX_FIELDS];
	unsigned status;
	unsigned n_parts; /* 0: no multipart */
	uint64_t offset, length;
} several[] = {
	{"two parts", LARGE, 8, FSRV__GET, RANGE_FIELD("bytes=0-1,500-509"), 206, 2, 0, 0},
	{"as many as allowed", LARGE, 2, FSRV__GET, RANGE_FIELD("bytes=0-1,500-509"), 206, 2, 0, 0},
	{"one too many", LARGE, 2, FSRV__GET, RANGE_FIELD("bytes=0-1,500-509,-1"), 200, 0, 0, LARGE_SIZE},
	{"no option", LARGE, 0, FSRV__GET, RANGE_FIELD("bytes=0-1,500-509"), 200, 0, 0, LARGE_SIZE},
	{"one alone allowed", LARGE, 1, FSRV__GET, RANGE_FIELD("bytes=0-1,500-509"), 200, 0, 0, LARGE_SIZE},
	{"no option, beyond the end", USUAL, 0, FSRV__GET, RANGE_FIELD("bytes=1000-1001,2000-"), 200, 0, 0,
	 11},
	{"no option, a comma", USUAL, 1, FSRV__GET, RANGE_FIELD("bytes=0-1,"), 200, 0, 0, 11},
	{"joined to one", LARGE, 8, FSRV__GET, RANGE_FIELD("bytes=0-1,5-6"), 206, 0, 0, 7},
	{"one is left", LARGE, 8, FSRV__GET, RANGE_FIELD("bytes=3-4,9999999999-"), 206, 0, 3, 2},
	{"joined to everything", USUAL, 8, FSRV__GET, RANGE_FIELD("bytes=0-1,5-"), 206, 0, 0, 11},
	{"all beyond the end", USUAL, 8, FSRV__GET, RANGE_FIELD("bytes=1000-1001,2000-"), 416, 0, 0, 0},
	{"malformed", LARGE, 8, FSRV__GET, RANGE_FIELD("bytes=0-1,x"), 200, 0, 0, LARGE_SIZE},
	{"one alone", LARGE, 8, FSRV__GET, RANGE_FIELD("bytes=3-7"), 206, 0, 3, 5},
	{"longer than the file", MEDIUM, 8, FSRV__GET, RANGE_FIELD("bytes=0-0,150-150"), 200, 0, 0,
	 MEDIUM_SIZE},
	{"coded", CODED_LARGE, 8, FSRV__GET, RANGE_FIELD("bytes=0-1,500-509"), 200, 0, 0, LARGE_SIZE},
	{"coded, joined to one", CODED_LARGE, 8, FSRV__GET, RANGE_FIELD("bytes=0-1,5-6"), 206, 0, 0, 7},
	{"volatile", VOLATILE, 8, FSRV__GET, RANGE_FIELD("bytes=0-1,5-6"), 200, 0, 0, 11},
	{"empty", EMPTY, 8, FSRV__GET, RANGE_FIELD("bytes=0-1,500-509"), 200, 0, 0, 0},
	{"HEAD", LARGE, 8, FSRV__HEAD, RANGE_FIELD("bytes=0-1,500-509"), 200, 0, 0, LARGE_SIZE},
	{"HEAD beyond the end", USUAL, 8, FSRV__HEAD, RANGE_FIELD("bytes=1000-1001,2000-"), 200, 0, 0, 11},
	{"two lines",
	 LARGE,
	 8,
	 FSRV__GET,
	 {{"Range", "bytes=0-1"}, {"Range", "bytes=500-509"}},
	 200,
	 0,
	 0,
	 LARGE_SIZE},
	{"If-Range holds",
	 LARGE,
	 8,
	 FSRV__GET,
	 {{"Range", "bytes=0-1,500-509"}, {"If-Range", "\"tag\""}},
	 206,
	 2,
	 0,
	 0},
	{"If-Range does not hold",
	 LARGE,
	 8,
	 FSRV__GET,
	 {{"Range", "bytes=0-1,500-509"}, {"If-Range", "\"x\""}},
	 200,
	 0,
	 0,
	 LARGE_SIZE},
	{"not modified",
	 LARGE,
	 8,
	 FSRV__GET,
	 {{"Range", "bytes=0-1,500-509"}, {"If-None-Match", "\"tag\""}},
	 304,
	 0,
	 0,
	 LARGE_SIZE},
	{"largest", LARGEST, 8, FSRV__GET, RANGE_FIELD("bytes=0-0,-1"), 206, 2, 0, 0},
};

START_TEST(sends_several_ranges)
{
	struct fsrv__representation file = make_file(several[_i].file);
	struct fsrv__plan plan;
	const char *name = several[_i].name;

	file.max_ranges = several[_i].max_ranges;
	plan_file(several[_i].method, several[_i].fields, &file, &plan);
	ck_assert_msg(plan.status == several[_i].status, "%s: got %u", name, plan.status);
	ck_assert_msg((plan.content == FSRV__CONTENT_MULTIPART) == (several[_i].n_parts > 0), "%s", name);
	ck_assert_msg(plan.offset == several[_i].offset, "%s: %" PRIu64, name, plan.offset);
	if (several[_i].n_parts > 0)
		ck_assert_msg(plan.multipart.n_parts == several[_i].n_parts, "%s", name);
	else
		ck_assert_msg(plan.length == several[_i].length, "%s: %" PRIu64, name, plan.length);
	ck_assert_msg(plan_is_sound(&plan, file.size), "%s: not sound", name);
}
END_TEST

/* No Content-Range, which belongs to the parts (RFC 9110, 15.3.7.2). */
START_TEST(describes_a_multipart)
{
	static const struct field range[MAX_FIELDS] = {{"Range", "bytes=0-1,500-509"}};
	struct fsrv__representation file = make_file(LARGE);
	struct fsrv__plan plan;
	char boundary[FSRV__BOUNDARY_SIZE], headers[512];

	file.max_ranges = 2;
	plan_file(FSRV__GET, range, &file, &plan);
	strcpy(boundary, plan.multipart.boundary);
	snprintf(headers, sizeof(headers),
		 NOSNIFF "Content-Type: multipart/byteranges; boundary=%s\n" RANGES TAG MODIFIED_FIELD CACHE,
		 boundary);
	ck_assert_str_eq(list_headers(&plan), headers);
	ck_assert_str_eq(plan.multipart.media_type, file.media_type);
	file.boundary_seed = 1;
	plan_file(FSRV__GET, range, &file, &plan);
	ck_assert_str_ne(plan.multipart.boundary, boundary);
	ck_assert(fsrv__plan_reserves_header(&plan, "content-type"));
	ck_assert(fsrv__plan_reserves_header(&plan, "Content-Encoding"));
	ck_assert(!fsrv__plan_reserves_header(&plan, "Content-Disposition"));
	plan_file(FSRV__GET, NULL, &file, &plan);
	ck_assert(!fsrv__plan_reserves_header(&plan, "Content-Type"));
}
END_TEST

/* What a HEAD announces is what a GET without Range brings. */
START_TEST(heads_like_a_get_without_range)
{
	static const struct field range[MAX_FIELDS] = {{"Range", "bytes=0-1"}};
	struct fsrv__representation file = make_file((enum file)_i);
	struct fsrv__plan get, head;
	char headers[2048];

	plan_file(FSRV__GET, NULL, &file, &get);
	strcpy(headers, list_headers(&get));
	plan_file(FSRV__HEAD, range, &file, &head);
	ck_assert_uint_eq(head.status, get.status);
	ck_assert_uint_eq(head.length, get.length);
	ck_assert_int_eq(head.content, FSRV__CONTENT_NONE);
	ck_assert_str_eq(list_headers(&head), headers);
}
END_TEST

/* RFC 9110, 13.2.1 and 14.2: what would not be a 200 without them knows no preconditions and no ranges. */
START_TEST(sends_a_page_with_404)
{
	static const struct field fields[][MAX_FIELDS] = {
		{{NULL, NULL}},
		{{"If-None-Match", "*"}},
		{{"If-None-Match", "\"tag\""}},
		{{"If-Modified-Since", AFTER}},
		{{"If-Match", "\"other\""}},
		{{"If-Unmodified-Since", BEFORE}},
		{{"Range", "bytes=0-1"}},
		{{"Range", "bytes=99-"}},
		{{"Range", "bytes=0-1"}, {"If-Range", "\"tag\""}},
	};
	static const enum file kinds[] = {USUAL, CODED, EMPTY, VOLATILE, UNCACHED, VARYING};

	for (int i = 0; i < LEN(fields) * LEN(kinds) * 2; i++) {
		enum file kind = kinds[i / 2 % LEN(kinds)];
		enum fsrv__method method = i % 2 == 0 ? FSRV__GET : FSRV__HEAD;
		struct fsrv__representation file = make_file(kind);
		struct fsrv__request request = make_request(method, fields[i / 2 / LEN(kinds)]);
		struct fsrv__target target = {
			.outcome = FSRV__FOUND_FILE, .file = &file, .is_not_found_page = true};
		struct fsrv__plan plan;

		make_plan(&request, true, &target, &plan);
		ck_assert_uint_eq(plan.status, 404);
		ck_assert_int_eq(plan.content,
				 method == FSRV__GET ? FSRV__CONTENT_SLICE : FSRV__CONTENT_NONE);
		ck_assert_uint_eq(plan.offset, 0);
		ck_assert_uint_eq(plan.length, file.size);
		ck_assert_str_eq(list_headers(&plan), kind == VARYING ? NOSNIFF TYPE CODING NO_CACHE VARY
						      : kind == CODED ? NOSNIFF TYPE CODING NO_CACHE
								      : NOSNIFF TYPE NO_CACHE);
		ck_assert(plan_is_sound(&plan, file.size));
	}
}
END_TEST

/* RFC 9110, 12.5.5. */
START_TEST(tells_caches_that_accept_decides)
{
	static const struct field range[MAX_FIELDS] = {{"Range", "bytes=0-1"}};
	static const struct field condition[MAX_FIELDS] = {{"If-None-Match", "*"}};
	static const struct {
		enum fsrv__outcome outcome;
		bool is_not_found_page;
		const struct field *fields;
		unsigned status;
	} rows[] = {
		{FSRV__FOUND_FILE, false, NULL, 200},     {FSRV__FOUND_FILE, false, range, 206},
		{FSRV__FOUND_FILE, true, NULL, 404},      {FSRV__FOUND_FILE, false, condition, 304},
		{FSRV__TARGET_MISSING, false, NULL, 404},
	};

	for (int row = 0; row < LEN(rows); row++) {
		struct fsrv__representation file = make_file(USUAL);
		struct fsrv__request request = make_request(FSRV__GET, rows[row].fields);
		struct fsrv__target target = {.outcome = rows[row].outcome,
					      .file = &file,
					      .is_not_found_page = rows[row].is_not_found_page,
					      .depends_on_accept = true};
		struct fsrv__plan plan;

		make_plan(&request, true, &target, &plan);
		ck_assert_uint_eq(plan.status, rows[row].status);
		ck_assert_ptr_nonnull(strstr(list_headers(&plan), "Vary: Accept\n"));
		target.depends_on_accept = false;
		make_plan(&request, true, &target, &plan);
		ck_assert_ptr_null(strstr(list_headers(&plan), "Vary"));
		file.varies = true;
		target.depends_on_accept = true;
		make_plan(&request, true, &target, &plan);
		ck_assert(plan_is_sound(&plan, file.size));
		if (rows[row].outcome == FSRV__FOUND_FILE)
			ck_assert_ptr_nonnull(strstr(list_headers(&plan), "Vary: Accept-Encoding, Accept\n"));
	}
}
END_TEST

/* More lines than are kept: later tags are not seen, so the answer is as if they were not there. */
START_TEST(forgets_lines_of_long_lists)
{
	static const struct {
		const char *field;
		unsigned last_kept, forgotten;
	} rows[] = {{"If-None-Match", 304, 200}, {"If-Match", 200, 412}};
	struct fsrv__representation file = make_file(USUAL);
	struct fsrv__target target = {.outcome = FSRV__FOUND_FILE, .file = &file};
	struct fsrv__plan plan;

	for (int row = 0; row < LEN(rows); row++) {
		for (unsigned at = FSRV__LIST_LINES - 1; at <= FSRV__LIST_LINES; at++) {
			struct fsrv__request request = make_request(FSRV__GET, NULL);

			for (unsigned line = 0; line <= FSRV__LIST_LINES; line++)
				fsrv__request_add_field(&request, text_of(rows[row].field),
							text_of(line == at ? "\"tag\"" : "\"x\""));
			make_plan(&request, true, &target, &plan);
			ck_assert_uint_eq(plan.status,
					  at < FSRV__LIST_LINES ? rows[row].last_kept : rows[row].forgotten);
		}
	}
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("plan");
	TCase *table = tcase_create("table");
	TCase *edges = tcase_create("edges");

	tcase_add_loop_test(table, answers_every_outcome, 0, LEN(outcomes));
	tcase_add_loop_test(table, evaluates_preconditions, 0, LEN(preconditions));
	tcase_add_loop_test(table, writes_exactly_these_fields, 0, LEN(answers));
	tcase_add_loop_test(table, sends_several_ranges, 0, LEN(several));
	tcase_add_loop_test(table, heads_like_a_get_without_range, USUAL, CODED + 1);
	suite_add_tcase(suite, table);
	tcase_add_test(edges, refuses_a_host_whatever_the_method);
	tcase_add_test(edges, refuses_a_malformed_request);
	tcase_add_test(edges, needs_no_host_before_1_1);
	tcase_add_loop_test(edges, promises_nothing_of_a_growing_file, 0, LEN(growing));
	tcase_add_test(edges, forgets_lines_of_long_lists);
	tcase_add_test(edges, describes_a_multipart);
	tcase_add_test(edges, sends_a_page_with_404);
	tcase_add_test(edges, tells_caches_that_accept_decides);
	suite_add_tcase(suite, edges);
	return suite;
}
