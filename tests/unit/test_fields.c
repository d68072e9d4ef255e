/* Header fields of a program: which it may set, and what becomes of a plan. */
#include <stdio.h>
#include <stdlib.h>

#include "http/field_rules.h"
#include "http/fields.h"
#include "invariants.h"
#include "suite.h"
#include "texts.h"

#define ALLOWED      FSRV__FIELD_ALLOWED
#define BAD_NAME     FSRV__FIELD_BAD_NAME
#define BAD_VALUE    FSRV__FIELD_BAD_VALUE
#define IS_FRAMING   FSRV__FIELD_IS_FRAMING
#define IS_VALIDATOR FSRV__FIELD_IS_VALIDATOR

static const struct {
	const char *name, *value;
	enum fsrv__field_verdict verdict;
} checks[] = {
	{"X-Own", "1", ALLOWED},
	{"x_!#$%&'*+-.^`|~9", "1", ALLOWED},
	{"X-Own", NULL, ALLOWED},
	{"X-Own", "a b\tc", ALLOWED},
	{"X-Own", "\"quoted: = ; ,\" <>", ALLOWED},
	{"", "1", BAD_NAME},
	{"X Own", "1", BAD_NAME},
	{"X-Own:", "1", BAD_NAME},
	{"X-Own\r\nX", "1", BAD_NAME},
	{"X\xc3\xa9", "1", BAD_NAME},
	{"X\x7f", "1", BAD_NAME},
	{"X Own", NULL, BAD_NAME},
	{"X-Own", "", BAD_VALUE},
	{"X-Own", " a", BAD_VALUE},
	{"X-Own", "a ", BAD_VALUE},
	{"X-Own", "a\t", BAD_VALUE},
	{"X-Own", "a\r\nSet-Cookie: b", BAD_VALUE},
	{"X-Own", "a\nb", BAD_VALUE},
	{"X-Own", "a\x01", BAD_VALUE},
	{"X-Own", "a\x7f", BAD_VALUE},
	{"X-Own", "caf\xc3\xa9", BAD_VALUE},
	{"Content-Length", "1", IS_FRAMING},
	{"content-length", NULL, IS_FRAMING},
	{"CONTENT-RANGE", "bytes 0-1/2", IS_FRAMING},
	{"Content-Range", NULL, IS_FRAMING},
	{"Transfer-Encoding", "chunked", IS_FRAMING},
	{"Transfer-Encoding", NULL, IS_FRAMING},
	{"Connection", "close", IS_FRAMING},
	{"Connection", NULL, IS_FRAMING},
	{"Date", "Thu, 04 Mar 2021 05:06:07 GMT", IS_FRAMING},
	{"Date", NULL, IS_FRAMING},
	{"Keep-Alive", "timeout=1", IS_FRAMING},
	{"Proxy-Connection", "close", IS_FRAMING},
	{"TE", "trailers", IS_FRAMING},
	{"Trailer", "X", IS_FRAMING},
	{"Upgrade", "h2c", IS_FRAMING},
	{"ETag", "\"1\"", IS_VALIDATOR},
	{"etag", NULL, ALLOWED},
	{"Last-Modified", "Thu, 04 Mar 2021 05:06:07 GMT", IS_VALIDATOR},
	{"Last-Modified", NULL, ALLOWED},
	{"Content-Type", "text/plain", ALLOWED},
	{"Cache-Control", NULL, ALLOWED},
	{"Content-Lengthy", "1", ALLOWED},
};

START_TEST(checks_fields)
{
	enum fsrv__field_verdict verdict = fsrv__field_check(checks[_i].name, checks[_i].value);

	ck_assert_msg(verdict == checks[_i].verdict, "%s: %s: %d", checks[_i].name, checks[_i].value,
		      verdict);
	ck_assert((fsrv__field_explain(verdict)[0] == '\0') == (verdict == ALLOWED));
}
END_TEST

/* Statuses in which a rule for the field is applied, and whether a 304 may have the field at all. */
static const struct {
	const char *name;
	bool in_200, in_206, in_304, in_404, may_be_in_304;
} places[] = {
	{"Cache-Control", true, true, true, false, true},
	{"expires", true, true, true, false, true},
	{"Content-Location", true, true, true, false, true},
	{"Content-Type", true, true, false, false, false},
	{"Content-Disposition", true, true, false, false, false},
	{"content-encoding", true, true, false, false, false},
	{"Content-Language", true, true, false, false, false},
	{"Content-Digest", true, true, false, false, false},
	{"Content-Security-Policy", true, true, true, true, true},
	{"Content-Security-Policy-Report-Only", true, true, true, true, true},
	{"Access-Control-Allow-Origin", true, true, true, true, true},
	{"Vary", true, true, true, true, true},
	{"ETag", true, true, true, true, true},
};

START_TEST(knows_their_places)
{
	enum fsrv__field_kind kind = fsrv__field_kind_of(places[_i].name);

	ck_assert_int_eq(fsrv__field_concerns_status(kind, 200), places[_i].in_200);
	ck_assert_int_eq(fsrv__field_concerns_status(kind, 206), places[_i].in_206);
	ck_assert_int_eq(fsrv__field_concerns_status(kind, 304), places[_i].in_304);
	ck_assert_int_eq(fsrv__field_concerns_status(kind, 404), places[_i].in_404);
	ck_assert_int_eq(fsrv__field_fits_status(kind, 304), places[_i].may_be_in_304);
	ck_assert(fsrv__field_fits_status(kind, 200));
	ck_assert(fsrv__field_fits_status(kind, 404));
}
END_TEST

static struct fsrv__plan plan;
static struct fsrv_fields fields;

static void set_up(void)
{
	memset(&plan, 0xa5, sizeof(plan));
	plan.status = 200;
	plan.n_headers = 0;
	fsrv__plan_add_header(&plan, "Content-Type", "text/html");
	fsrv__plan_add_header(&plan, "Cache-Control", "no-cache");
	memset(&fields, 0xa5, sizeof(fields));
	fsrv__fields_begin(&fields, &plan);
}

static const char *list_headers(void)
{
	static char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < plan.n_headers; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s: %s\n", plan.headers[i].name,
					 plan.headers[i].value);
	return text;
}

START_TEST(changes_a_plan)
{
	char value[] = "1";

	ck_assert_int_eq(fsrv_field_set(&fields, "X-One", value), FSRV_OK);
	value[0] = '2';
	ck_assert_int_eq(fsrv_field_set(&fields, "cache-control", "no-store"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_add(&fields, "Link", "<a>"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_add(&fields, "Link", "<b>"), FSRV_OK);
	ck_assert_str_eq(
		list_headers(),
		"Content-Type: text/html\nX-One: 1\ncache-control: no-store\nLink: <a>\nLink: <b>\n");
	ck_assert_int_eq(fsrv_field_set(&fields, "LINK", "<c>"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_remove(&fields, "content-type"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_remove(&fields, "X-None"), FSRV_OK);
	ck_assert_str_eq(list_headers(), "X-One: 1\ncache-control: no-store\nLINK: <c>\n");
	ck_assert_int_eq(fields.refusal, ALLOWED);
}
END_TEST

START_TEST(remembers_the_first_refusal)
{
	static const char long_name[] =
		"a name with blanks that is longer than what is kept of it for the log";

	ck_assert_int_eq(fsrv_field_set(&fields, long_name, "1"), FSRV_ERR_INVALID);
	ck_assert_int_eq(fsrv_field_remove(&fields, "Date"), FSRV_ERR_INVALID);
	ck_assert_int_eq(fsrv_field_add(&fields, "X", ""), FSRV_ERR_INVALID);
	ck_assert_int_eq(fields.refusal, BAD_NAME);
	ck_assert_uint_eq(strlen(fields.refused_name), sizeof(fields.refused_name) - 1);
	ck_assert_int_eq(strncmp(fields.refused_name, long_name, sizeof(fields.refused_name) - 1), 0);
	ck_assert_str_eq(list_headers(), "Content-Type: text/html\nCache-Control: no-cache\n");
}
END_TEST

START_TEST(leaves_content_fields_out_of_a_304)
{
	plan.status = 304;
	ck_assert_int_eq(fsrv_field_set(&fields, "Content-Disposition", "attachment"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_set(&fields, "Cache-Control", "max-age=1"), FSRV_OK);
	ck_assert_str_eq(list_headers(), "Content-Type: text/html\nCache-Control: max-age=1\n");
}
END_TEST

/* The names and values with four bytes for each field fill exactly FSRV_FIELDS_SIZE bytes. */
START_TEST(has_room_for_so_many_bytes)
{
	static char value[FSRV_FIELDS_SIZE];

	memset(value, 'v', sizeof(value) - 1);
	value[FSRV_FIELDS_SIZE - 4] = '\0';
	ck_assert_int_eq(fsrv_field_set(&fields, "X", value), FSRV_ERR_SPACE);
	ck_assert_int_eq(fields.refusal, FSRV__FIELD_HAS_NO_ROOM);
	value[FSRV_FIELDS_SIZE - 5 - 6] = '\0';
	ck_assert_int_eq(fsrv_field_set(&fields, "X", value), FSRV_OK);
	ck_assert_int_eq(fsrv_field_set(&fields, "Y", "12"), FSRV_ERR_SPACE);
	ck_assert_int_eq(fsrv_field_set(&fields, "Y", "1"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_set(&fields, "Z", "1"), FSRV_ERR_SPACE);
	ck_assert_int_eq(fsrv_field_remove(&fields, "Y"), FSRV_OK);
	ck_assert_str_eq(plan.headers[plan.n_headers - 1].value, value);
}
END_TEST

START_TEST(has_room_for_so_many_fields)
{
	for (int i = 0; i < FSRV__MAX_FUNCTION_HEADERS; i++)
		ck_assert_int_eq(fsrv_field_add(&fields, "X", "1"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_add(&fields, "X", "1"), FSRV_ERR_SPACE);
	ck_assert_int_eq(fsrv_field_set(&fields, "X", "1"), FSRV_ERR_SPACE);
	ck_assert_uint_eq(plan.n_headers, 2 + FSRV__MAX_FUNCTION_HEADERS);
}
END_TEST

#define MAX_RULES 4

/* What the rules make of "Content-Type: text/html" and "Cache-Control: no-cache". */
static const struct {
	const char *name, *path;
	unsigned status;
	struct fsrv_field_rule rules[MAX_RULES];
	const char *headers;
} applications[] = {
	{"none", "a.js", 200, {{NULL, NULL, NULL}}, "Content-Type: text/html\nCache-Control: no-cache\n"},
	{"no match",
	 "a.js",
	 200,
	 {{"*.css", "X", "1"}},
	 "Content-Type: text/html\nCache-Control: no-cache\n"},
	{"set",
	 "a.js",
	 200,
	 {{"*.js", "X", "1"}},
	 "Content-Type: text/html\nCache-Control: no-cache\nX: 1\n"},
	{"replace",
	 "a.js",
	 200,
	 {{"*", "cache-control", "no-store"}},
	 "Content-Type: text/html\ncache-control: no-store\n"},
	{"the last one decides",
	 "a/b.js",
	 200,
	 {{"*", "Cache-Control", "max-age=1"},
	  {"*.js", "Cache-Control", "max-age=2"},
	  {"/a/", "Cache-Control", "max-age=3"},
	  {"*.css", "Cache-Control", "max-age=4"}},
	 "Content-Type: text/html\nCache-Control: max-age=3\n"},
	{"add",
	 "a.js",
	 200,
	 {{"*", "Vary", "A"}, {"*", "vary", "B"}},
	 "Content-Type: text/html\nCache-Control: no-cache\nVary: A\nvary: B\n"},
	{"remove",
	 "a.js",
	 200,
	 {{"*.js", "CONTENT-TYPE", NULL}, {"*", "X", NULL}},
	 "Cache-Control: no-cache\n"},
	{"set, then remove",
	 "a.js",
	 200,
	 {{"*", "X", "1"}, {"*.js", "X", NULL}},
	 "Content-Type: text/html\nCache-Control: no-cache\n"},
	{"404 is not made permanent",
	 "a.js",
	 404,
	 {{"*", "Cache-Control", "immutable"}, {"*", "Content-Disposition", "attachment"}, {"*", "X", "1"}},
	 "Content-Type: text/html\nCache-Control: no-cache\nX: 1\n"},
	{"404 keeps its fields",
	 "a.js",
	 404,
	 {{"*", "Cache-Control", NULL}},
	 "Content-Type: text/html\nCache-Control: no-cache\n"},
	{"304",
	 "a.js",
	 304,
	 {{"*", "Cache-Control", "immutable"}, {"*", "Content-Disposition", "attachment"}, {"*", "X", "1"}},
	 "Content-Type: text/html\nCache-Control: immutable\nX: 1\n"},
	{"206",
	 "a.js",
	 206,
	 {{"*", "Cache-Control", "immutable"}, {"*", "Content-Disposition", "attachment"}},
	 "Content-Type: text/html\nCache-Control: immutable\nContent-Disposition: attachment\n"},
	{"no path",
	 "",
	 400,
	 {{"*", "X", "1"}, {"/a", "Y", "1"}},
	 "Content-Type: text/html\nCache-Control: no-cache\nX: 1\n"},
};

/* Checks the rules and applies them to the plan. */
static void apply(const struct fsrv_field_rule *list, size_t n, const char *path)
{
	struct fsrv__field_rule *checked = calloc(n + 1, sizeof(*checked));
	struct fsrv__field_rules rules = {checked, n};
	struct fsrv__rule_fault fault;

	ck_assert(fsrv__field_rules_check(list, n, &fault));
	for (size_t i = 0; i < n; i++)
		checked[i] = (struct fsrv__field_rule){list[i].pattern, list[i].field, list[i].value,
						       fsrv__field_kind_of(list[i].field)};
	fsrv__field_rules_apply(&rules, text_of(path), &plan);
	free(checked);
}

static size_t count_rules(const struct fsrv_field_rule *list)
{
	size_t n = 0;

	while (n < MAX_RULES && list[n].pattern != NULL)
		n++;
	return n;
}

START_TEST(applies_rules)
{
	const struct fsrv_field_rule *list = applications[_i].rules;

	plan.status = applications[_i].status;
	apply(list, count_rules(list), applications[_i].path);
	ck_assert_msg(strcmp(list_headers(), applications[_i].headers) == 0, "%s: %s", applications[_i].name,
		      list_headers());
}
END_TEST

static const struct {
	struct fsrv_field_rule rule;
	const char *word;
} refusals[] = {
	{{"*", "Content-Length", "1"}, "frames the message"},
	{{"*", "Date", NULL}, "frames the message"},
	{{"*", "ETag", "\"1\""}, "etag_function"},
	{{"*", "Bad Name", "1"}, "no token"},
	{{"*", "X", "a\nb"}, "visible ASCII"},
	{{"*", "X", ""}, "visible ASCII"},
	{{"[", "X", "1"}, "without its ]"},
	{{"", "X", "1"}, "empty"},
	{{NULL, "X", "1"}, "no pattern"},
	{{"*", NULL, "1"}, "no field"},
};

START_TEST(refuses_rules)
{
	struct fsrv_field_rule list[] = {{"*", "X-Good", "1"}, refusals[_i].rule};
	struct fsrv__rule_fault fault;

	ck_assert(!fsrv__field_rules_check(list, 2, &fault));
	ck_assert_uint_eq(fault.number, 1);
	ck_assert_msg(strstr(fault.reason, refusals[_i].word) != NULL, "%s", fault.reason);
}
END_TEST

#define N_ALIKE 100

/* However many rules set one field, a response has it once. */
START_TEST(takes_many_rules_for_one_field)
{
	struct fsrv_field_rule list[N_ALIKE + FSRV__MAX_RULE_HEADERS];
	size_t n = N_ALIKE + FSRV__MAX_RULE_HEADERS - 1;
	struct fsrv__rule_fault fault;

	for (int i = 0; i < N_ALIKE; i++)
		list[i] = (struct fsrv_field_rule){"*", i % 2 == 0 ? "X" : "x", "1"};
	for (int i = N_ALIKE; i < LEN(list); i++)
		list[i] = (struct fsrv_field_rule){"*", "Vary", "A"};
	apply(list, n, "a");
	ck_assert_uint_eq(plan.n_headers, 2 + FSRV__MAX_RULE_HEADERS);
	ck_assert(!fsrv__field_rules_check(list, n + 1, &fault));
	ck_assert_uint_eq(fault.number, n);
	ck_assert_ptr_nonnull(strstr(fault.reason, "set less"));
}
END_TEST

/* Of the values of one field the longest counts. */
START_TEST(takes_so_many_bytes_of_rules)
{
	static char half[FSRV_FIELDS_SIZE], quarter[FSRV_FIELDS_SIZE];
	struct fsrv_field_rule list[] = {{"*", "X", quarter}, {"*", "X", half}, {"*", "x", quarter},
					 {"*", "Y", half},    {"*", "Y", NULL}, {"*", "Z", "1"}};
	struct fsrv__rule_fault fault;

	memset(half, 'v', FSRV_FIELDS_SIZE / 2 - 5);
	memset(quarter, 'v', FSRV_FIELDS_SIZE / 4);
	ck_assert(fsrv__field_rules_check(list, 5, &fault));
	ck_assert(!fsrv__field_rules_check(list, 6, &fault));
	ck_assert_uint_eq(fault.number, 5);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("fields");
	TCase *tcase = tcase_create("fields");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_loop_test(tcase, checks_fields, 0, LEN(checks));
	tcase_add_loop_test(tcase, knows_their_places, 0, LEN(places));
	tcase_add_test(tcase, changes_a_plan);
	tcase_add_test(tcase, remembers_the_first_refusal);
	tcase_add_test(tcase, leaves_content_fields_out_of_a_304);
	tcase_add_test(tcase, has_room_for_so_many_bytes);
	tcase_add_test(tcase, has_room_for_so_many_fields);
	tcase_add_loop_test(tcase, applies_rules, 0, LEN(applications));
	tcase_add_loop_test(tcase, refuses_rules, 0, LEN(refusals));
	tcase_add_test(tcase, takes_many_rules_for_one_field);
	tcase_add_test(tcase, takes_so_many_bytes_of_rules);
	suite_add_tcase(suite, tcase);
	return suite;
}
