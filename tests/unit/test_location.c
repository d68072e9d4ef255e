#include "http/location.h"
#include "suite.h"
#include "texts.h"

#define RAW     FSRV__PATH_RAW
#define DECODED FSRV__PATH_DECODED

struct argument {
	struct fsrv__text name, value; /* NULL in value.at: no "=" */
};

#define MAX_ARGUMENTS 3
#define NO_ARGUMENTS                                                                                         \
	{                                                                                                    \
		{                                                                                            \
			{NULL, 0},                                                                           \
			{                                                                                    \
				NULL, 0                                                                      \
			}                                                                                    \
		}                                                                                            \
	}

static const struct {
	const char *name;
	const char *folder;
	enum fsrv__path_form form;
	struct argument arguments[MAX_ARGUMENTS];
	const char *want;
} cases[] = {
	{"name", "folder", RAW, NO_ARGUMENTS, "folder/"},
	{"unreserved bytes", "AZaz09-._~", RAW, NO_ARGUMENTS, "AZaz09-._~/"},
	{"colon is no scheme", "javascript:x", RAW, NO_ARGUMENTS, "javascript%3Ax/"},
	{"blank", "a b", RAW, NO_ARGUMENTS, "a%20b/"},
	{"percent", "100%", RAW, NO_ARGUMENTS, "100%25/"},
	{"query and fragment marks", "a?b#c", RAW, NO_ARGUMENTS, "a%3Fb%23c/"},
	{"plus and ampersand", "a+b&c", RAW, NO_ARGUMENTS, "a%2Bb%26c/"},
	{"UTF-8", "\xc3\xa4", RAW, NO_ARGUMENTS, "%C3%A4/"},
	{"no UTF-8", "\xff", RAW, NO_ARGUMENTS, "%FF/"},
	{"quotes and angles", "<\"'>", RAW, NO_ARGUMENTS, "%3C%22%27%3E/"},

	{"argument", "a", RAW, {{TEXT("x"), TEXT("1")}}, "a/?x=1"},
	{"arguments", "a", RAW, {{TEXT("x"), TEXT("1")}, {TEXT("y"), TEXT("2")}}, "a/?x=1&y=2"},
	{"no value", "a", RAW, {{TEXT("x"), {NULL, 0}}}, "a/?x"},
	{"empty value", "a", RAW, {{TEXT("x"), TEXT("")}}, "a/?x="},
	{"empty name", "a", RAW, {{TEXT(""), TEXT("1")}}, "a/?=1"},
	{"no value in between",
	 "a",
	 RAW,
	 {{TEXT("x"), TEXT("")}, {TEXT("y"), {NULL, 0}}, {TEXT("z"), TEXT("1")}},
	 "a/?x=&y&z=1"},
	{"raw: escapes stay", "a", RAW, {{TEXT("%78"), TEXT("%26%3d%C3")}}, "a/?%78=%26%3d%C3"},
	{"raw: blank was a plus", "a", RAW, {{TEXT("x y"), TEXT("1 2")}}, "a/?x+y=1+2"},
	{"raw: more equals signs", "a", RAW, {{TEXT("x"), TEXT("1=2")}}, "a/?x=1=2"},
	{"raw: allowed marks",
	 "a",
	 RAW,
	 {{TEXT("!$'()*,;:@/?"), TEXT("!$'()*,;:@/?=")}},
	 "a/?!$'()*,;:@/?=!$'()*,;:@/?="},
	{"raw: number sign", "a", RAW, {{TEXT("x#"), TEXT("#")}}, "a/?x%23=%23"},
	{"raw: line break",
	 "a",
	 RAW,
	 {{TEXT("x\r\n"), TEXT("\r\nSet-Cookie: a")}},
	 "a/?x%0D%0A=%0D%0ASet-Cookie:+a"},
	{"raw: NUL", "a", RAW, {{TEXT("x\0y"), TEXT("\0")}}, "a/?x%00y=%00"},
	{"raw: bytes",
	 "a",
	 RAW,
	 {{TEXT("\xc3\xa4"), TEXT("\xff\x7f\"<>\\^`{|}")}},
	 "a/?%C3%A4=%FF%7F%22%3C%3E%5C%5E%60%7B%7C%7D"},
	{"decoded: blank", "a", DECODED, {{TEXT("x y"), TEXT("1 2")}}, "a/?x%20y=1%202"},
	{"decoded: percent", "a", DECODED, {{TEXT("%78"), TEXT("100%")}}, "a/?%2578=100%25"},
	{"decoded: separators", "a", DECODED, {{TEXT("x&y=z"), TEXT("&=+")}}, "a/?x%26y%3Dz=%26=%2B"},
	{"decoded: line break", "a", DECODED, {{TEXT("x"), TEXT("\r\n")}}, "a/?x=%0D%0A"},
};

START_TEST(writes)
{
	struct fsrv__location location;

	memset(&location, 0xa5, sizeof(location));
	fsrv__location_start(&location, cases[_i].folder);
	for (int i = 0; i < MAX_ARGUMENTS && cases[_i].arguments[i].name.at != NULL; i++)
		fsrv__location_add_argument(&location, cases[_i].form, cases[_i].arguments[i].name,
					    cases[_i].arguments[i].value);
	ck_assert_msg(strcmp(location.text, cases[_i].want) == 0, "%s: got %s", cases[_i].name,
		      location.text);
	ck_assert_uint_eq(location.length, strlen(location.text));
	ck_assert(!location.too_long);
}
END_TEST

/* Whatever the bytes are, the field holds visible ASCII and starts no authority, scheme or query. */
START_TEST(encodes_every_byte)
{
	for (int byte = 1; byte < 256; byte++) {
		char name[] = {(char)byte, '\0'};
		struct fsrv__location location;

		fsrv__location_start(&location, name);
		fsrv__location_add_argument(&location, RAW, text_of(name), text_of(name));
		fsrv__location_add_argument(&location, DECODED, text_of(name), text_of(name));
		for (size_t i = 0; i < location.length; i++)
			ck_assert_msg(location.text[i] > 0x20 && location.text[i] < 0x7f, "byte %d", byte);
		ck_assert_ptr_null(strchr(location.text, '#'));
		if (byte != '/') /* no name holds one */
			ck_assert_uint_eq(strcspn(location.text, "/:?"),
					  (size_t)(strchr(location.text, '/') - location.text));
	}
}
END_TEST

START_TEST(says_when_it_is_too_long)
{
	static char name[FSRV__LOCATION_SIZE + 10];
	struct fsrv__location location;

	for (size_t length = FSRV__LOCATION_SIZE - 10; length < FSRV__LOCATION_SIZE + 9; length++) {
		memset(name, 'a', length);
		name[length] = '\0';
		fsrv__location_start(&location, name);
		ck_assert_int_eq(location.too_long, length + 1 > FSRV__LOCATION_SIZE - 1);
		ck_assert_uint_eq(strlen(location.text), location.length);
		fsrv__location_add_argument(&location, RAW, text_of("\xff"), text_of("1"));
		ck_assert_int_eq(location.too_long, length + 1 + strlen("?%FF=1") > FSRV__LOCATION_SIZE - 1);
		ck_assert_uint_eq(strlen(location.text), location.length);
	}
	memset(name, ' ', sizeof(name) - 1);
	fsrv__location_start(&location, name);
	ck_assert(location.too_long);
	fsrv__location_start(&location, "a");
	ck_assert(!location.too_long);
}
END_TEST

/* 255 bytes is the longest name of a folder on Linux. */
START_TEST(has_room_for_every_name)
{
	char name[256];
	struct fsrv__location location;

	memset(name, '\xff', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fsrv__location_start(&location, name);
	ck_assert(!location.too_long);
	ck_assert_uint_eq(location.length, 3 * 255 + 1);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("location");
	TCase *table = tcase_create("table");
	TCase *edges = tcase_create("edges");

	tcase_add_loop_test(table, writes, 0, LEN(cases));
	suite_add_tcase(suite, table);
	tcase_add_test(edges, encodes_every_byte);
	tcase_add_test(edges, says_when_it_is_too_long);
	tcase_add_test(edges, has_room_for_every_name);
	suite_add_tcase(suite, edges);
	return suite;
}
