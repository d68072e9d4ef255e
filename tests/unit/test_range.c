#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "fsrv/range.h"
#include "guard_page.h"
#include "suite.h"

#define IGNORE	      FSRV_RANGE_IGNORE
#define PARTIAL	      FSRV_RANGE_PARTIAL
#define UNSATISFIABLE FSRV_RANGE_UNSATISFIABLE
#define MAX	      UINT64_MAX

static const struct {
	const char *name;
	const char *value;
	uint64_t size;
	enum fsrv_range_verdict verdict;
	uint64_t offset, length;
} cases[] = {
	{"closed", "bytes=0-4", 11, PARTIAL, 0, 5},
	{"closed in the middle", "bytes=3-7", 11, PARTIAL, 3, 5},
	{"one byte", "bytes=5-5", 11, PARTIAL, 5, 1},
	{"last byte", "bytes=10-10", 11, PARTIAL, 10, 1},
	{"whole file closed", "bytes=0-10", 11, PARTIAL, 0, 11},
	{"whole file open", "bytes=0-", 11, PARTIAL, 0, 11},
	{"open", "bytes=4-", 11, PARTIAL, 4, 7},
	{"last position one past the end", "bytes=0-11", 11, PARTIAL, 0, 11},
	{"last position far past the end", "bytes=9-99999", 11, PARTIAL, 9, 2},
	{"suffix", "bytes=-3", 11, PARTIAL, 8, 3},
	{"suffix of the whole file", "bytes=-11", 11, PARTIAL, 0, 11},
	{"suffix longer than the file", "bytes=-99", 11, PARTIAL, 0, 11},
	{"leading zeros", "bytes=0000-0004", 11, PARTIAL, 0, 5},

	{"unit in upper case", "BYTES=0-4", 11, PARTIAL, 0, 5},
	{"unit in mixed case", "ByTeS=0-4", 11, PARTIAL, 0, 5},
	{"blanks around the value", " \tbytes=0-4\t ", 11, PARTIAL, 0, 5},
	{"blanks around the equals sign", "bytes = 0-4", 11, PARTIAL, 0, 5},
	{"blanks around the hyphen", "bytes=0 -\t4", 11, PARTIAL, 0, 5},
	{"blank in a suffix", "bytes=- 4", 11, PARTIAL, 7, 4},

	{"first at the size", "bytes=11-", 11, UNSATISFIABLE, 0, 0},
	{"first past the size", "bytes=12-20", 11, UNSATISFIABLE, 0, 0},
	{"last before first", "bytes=5-2", 11, UNSATISFIABLE, 0, 0},
	{"suffix of nothing", "bytes=-0", 11, UNSATISFIABLE, 0, 0},
	{"suffix of nothing in many zeros", "bytes=-000", 11, UNSATISFIABLE, 0, 0},
	{"empty representation, open", "bytes=0-", 0, UNSATISFIABLE, 0, 0},
	{"empty representation, closed", "bytes=0-0", 0, UNSATISFIABLE, 0, 0},
	{"empty representation, suffix", "bytes=-1", 0, UNSATISFIABLE, 0, 0},

	{"2^64-1 as last", "bytes=1-18446744073709551615", 11, PARTIAL, 1, 10},
	{"2^64 as last does not wrap to 0", "bytes=1-18446744073709551616", 11, PARTIAL, 1, 10},
	{"2^64+4 as last does not wrap to 4", "bytes=5-18446744073709551620", 11, PARTIAL, 5, 6},
	{"2^64 as first does not wrap to 0", "bytes=18446744073709551616-", 11, UNSATISFIABLE, 0, 0},
	{"2^64 to 2^64+3", "bytes=18446744073709551616-18446744073709551619", 11, UNSATISFIABLE, 0, 0},
	{"2^64+1 as suffix does not wrap to 1", "bytes=-18446744073709551617", 11, PARTIAL, 0, 11},
	{"forty digits", "bytes=0-9999999999999999999999999999999999999999", 11, PARTIAL, 0, 11},
	{"largest representation, last byte", "bytes=18446744073709551614-", MAX, PARTIAL, MAX - 1, 1},
	{"largest representation, saturated first", "bytes=18446744073709551615-", MAX, UNSATISFIABLE, 0, 0},
	{"largest representation, suffix", "bytes=-1", MAX, PARTIAL, MAX - 1, 1},
	{"largest representation, all", "bytes=0-18446744073709551615", MAX, PARTIAL, 0, MAX},
	{"above 4 GiB", "bytes=4294967296-4294967300", UINT64_C(5368709120), PARTIAL, UINT64_C(4294967296),
	 5},

	{"empty value", "", 11, IGNORE, 0, 0},
	{"only blanks", "  ", 11, IGNORE, 0, 0},
	{"unit cut short", "byte", 11, IGNORE, 0, 0},
	{"unit alone", "bytes", 11, IGNORE, 0, 0},
	{"no range", "bytes=", 11, IGNORE, 0, 0},
	{"only a hyphen", "bytes=-", 11, IGNORE, 0, 0},
	{"number alone", "bytes=5", 11, IGNORE, 0, 0},
	{"other unit", "items=0-4", 11, IGNORE, 0, 0},
	{"longer unit", "bytess=0-4", 11, IGNORE, 0, 0},
	{"no unit", "=0-4", 11, IGNORE, 0, 0},
	{"no equals sign", "bytes 0-4", 11, IGNORE, 0, 0},
	{"colon", "bytes:0-4", 11, IGNORE, 0, 0},
	{"two ranges", "bytes=0-1,3-4", 11, IGNORE, 0, 0},
	{"leading comma", "bytes=,0-4", 11, IGNORE, 0, 0},
	{"trailing comma", "bytes=0-4,", 11, IGNORE, 0, 0},
	{"double hyphen", "bytes=0--4", 11, IGNORE, 0, 0},
	{"negative suffix", "bytes=--4", 11, IGNORE, 0, 0},
	{"three numbers", "bytes=0-4-6", 11, IGNORE, 0, 0},
	{"plus before first", "bytes=+0-4", 11, IGNORE, 0, 0},
	{"plus before last", "bytes=0-+4", 11, IGNORE, 0, 0},
	{"hexadecimal", "bytes=0x0-0x4", 11, IGNORE, 0, 0},
	{"exponent", "bytes=0-1e1", 11, IGNORE, 0, 0},
	{"letters", "bytes=a-b", 11, IGNORE, 0, 0},
	{"letters after", "bytes=0-4x", 11, IGNORE, 0, 0},
	{"blank inside a number", "bytes=1 0-10", 11, IGNORE, 0, 0},
	{"en dash", "bytes=0\xe2\x80\x93" "4", 11, IGNORE, 0, 0},
	{"vertical tab is no blank", "bytes=\v0-4", 11, IGNORE, 0, 0},
};

START_TEST(gives_the_verdict)
{
	size_t length = strlen(cases[_i].value);
	const char *value = guard_page_copy(cases[_i].value, length);
	struct fsrv_range range = {MAX, MAX};
	enum fsrv_range_verdict verdict = fsrv_parse_range_header(value, length, cases[_i].size, &range);
	bool written = range.offset != MAX || range.length != MAX;

	ck_assert_msg(verdict == cases[_i].verdict, "%s: got %d", cases[_i].name, (int)verdict);
	if (verdict == PARTIAL)
		ck_assert_msg(range.offset == cases[_i].offset && range.length == cases[_i].length,
			      "%s: got %" PRIu64 "+%" PRIu64, cases[_i].name, range.offset, range.length);
	else
		ck_assert_msg(!written, "%s: wrote a range", cases[_i].name);
	guard_page_free(value, length);
}
END_TEST

START_TEST(reads_nothing_without_a_field)
{
	struct fsrv_range range = {7, 7};

	ck_assert_int_eq(fsrv_parse_range_header(NULL, 0, 11, &range), IGNORE);
	ck_assert_uint_eq(range.offset, 7);
}
END_TEST

/* Every prefix of a valid value is judged without reading past its end. */
START_TEST(stays_inside_every_prefix)
{
	static const char whole[] = " \tBytes \t= 12 - 345 ";

	for (size_t length = 0; length < sizeof(whole); length++) {
		const char *value = guard_page_copy(whole, length);
		struct fsrv_range range = {0, 0};

		if (fsrv_parse_range_header(value, length, 400, &range) == PARTIAL)
			ck_assert_uint_eq(range.offset, 12);
		guard_page_free(value, length);
	}
}
END_TEST

START_TEST(stops_at_a_nul_byte)
{
	struct fsrv_range range;

	ck_assert_int_eq(fsrv_parse_range_header("bytes=0-4\0", 10, 11, &range), IGNORE);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("range");
	TCase *table = tcase_create("table");
	TCase *edges = tcase_create("edges");

	tcase_add_loop_test(table, gives_the_verdict, 0, LEN(cases));
	suite_add_tcase(suite, table);
	tcase_add_test(edges, reads_nothing_without_a_field);
	tcase_add_test(edges, stays_inside_every_prefix);
	tcase_add_test(edges, stops_at_a_nul_byte);
	suite_add_tcase(suite, edges);
	return suite;
}
