#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "http/ranges.h"
#include "invariants.h"
#include "suite.h"
#include "texts.h"

#define IGNORE        FSRV_RANGE_IGNORE
#define PARTIAL       FSRV_RANGE_PARTIAL
#define UNSATISFIABLE FSRV_RANGE_UNSATISFIABLE
#define SIZE          UINT64_C(1000)

static const struct {
	const char *name;
	const char *value;
	unsigned max;
	enum fsrv_range_verdict verdict;
	const char *ranges; /* offset+length of each */
} cases[] = {
	{"two", "bytes=0-1,500-509", 8, PARTIAL, "0+2 500+10"},
	{"as they were asked for", "bytes=900-,0-0,500-509", 8, PARTIAL, "900+100 0+1 500+10"},
	{"a suffix among them", "bytes=0-0,-1", 8, PARTIAL, "0+1 999+1"},
	{"one alone", "bytes=3-7", 8, PARTIAL, "3+5"},
	{"blanks", "bytes = \t0-1 , 500 - 509\t", 8, PARTIAL, "0+2 500+10"},
	{"unit in another case", "Bytes=0-1,500-509", 8, PARTIAL, "0+2 500+10"},
	{"empty elements", "bytes=,0-1,, ,500-509,", 8, PARTIAL, "0+2 500+10"},
	{"one and a comma", "bytes=0-1,", 8, PARTIAL, "0+2"},

	{"gap of 79 bytes", "bytes=0-9,89-99", 8, PARTIAL, "0+100"},
	{"gap of 80 bytes", "bytes=0-9,90-99", 8, PARTIAL, "0+10 90+10"},
	{"gap of 79 bytes, backwards", "bytes=89-99,0-9", 8, PARTIAL, "0+100"},
	{"gap of 80 bytes, backwards", "bytes=90-99,0-9", 8, PARTIAL, "90+10 0+10"},
	{"adjacent", "bytes=0-9,10-19", 8, PARTIAL, "0+20"},
	{"overlap", "bytes=0-9,5-14", 8, PARTIAL, "0+15"},
	{"the same twice", "bytes=5-14,5-14", 8, PARTIAL, "5+10"},
	{"inside", "bytes=0-99,5-14", 8, PARTIAL, "0+100"},
	{"around", "bytes=5-14,0-99", 8, PARTIAL, "0+100"},
	{"one joins two", "bytes=0-9,500-509,200-209,10-199", 8, PARTIAL, "0+210 500+10"},
	{"in the place of the first", "bytes=800-,500-509,0-9,495-", 8, PARTIAL, "495+505 0+10"},
	{"everything", "bytes=0-9,500-509,900-,0-", 8, PARTIAL, "0+1000"},
	{"everything by a suffix", "bytes=500-509,900-,-1000", 8, PARTIAL, "0+1000"},

	{"as many as are allowed", "bytes=0-9,500-509", 2, PARTIAL, "0+10 500+10"},
	{"more than are allowed", "bytes=0-9,500-509,900-", 2, IGNORE, ""},
	{"more, but joined", "bytes=0-9,500-509,900-,510-899", 2, PARTIAL, "0+10 500+500"},
	{"more, but beyond the end", "bytes=0-9,500-509,1000-,2000-", 2, PARTIAL, "0+10 500+10"},

	{"all beyond the end", "bytes=1000-1001,2000-", 8, UNSATISFIABLE, ""},
	{"one beyond the end", "bytes=1000-1001", 8, UNSATISFIABLE, ""},
	{"suffixes of nothing", "bytes=-0,-0", 8, UNSATISFIABLE, ""},
	{"first is beyond the end", "bytes=1000-,0-4", 8, PARTIAL, "0+5"},
	{"last is beyond the end", "bytes=0-4,1000-", 8, PARTIAL, "0+5"},
	{"one is the wrong way round", "bytes=0-4,9-5", 8, PARTIAL, "0+5"},
	{"all are the wrong way round", "bytes=4-0,9-5", 8, UNSATISFIABLE, ""},
	{"up to the end and beyond", "bytes=0-1,990-18446744073709551616", 8, PARTIAL, "0+2 990+10"},

	{"no element", "bytes=", 8, IGNORE, ""},
	{"only commas", "bytes=, ,", 8, IGNORE, ""},
	{"empty", "", 8, IGNORE, ""},
	{"no equals sign", "bytes 0-1,500-509", 8, IGNORE, ""},
	{"another unit", "items=0-1,500-509", 8, IGNORE, ""},
	{"a longer unit", "bytesbytesbytesbytes=0-1,500-509", 8, IGNORE, ""},
	{"a number alone", "bytes=0-1,500", 8, IGNORE, ""},
	{"a hyphen alone", "bytes=0-1,-", 8, IGNORE, ""},
	{"a bad one first", "bytes=a-b,0-1", 8, IGNORE, ""},
	{"a bad one behind one beyond the end", "bytes=1000-,x", 8, IGNORE, ""},
	{"a semicolon", "bytes=0-1;500-509", 8, IGNORE, ""},
	{"the unit twice", "bytes=0-1,bytes=500-509", 8, IGNORE, ""},
	{"an element of 90 bytes",
	 "bytes=0-1,"
	 "00000000000000000000000000000000000000000000000000000000000000000000000000000000000500-509",
	 8, PARTIAL, "0+2 500+10"},
	{"an element of 91 bytes",
	 "bytes=0-1,"
	 "000000000000000000000000000000000000000000000000000000000000000000000000000000000000500-509",
	 8, IGNORE, ""},
};

static const char *list_of(const struct fsrv__ranges *ranges)
{
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < ranges->n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%" PRIu64 "+%" PRIu64,
					 i > 0 ? " " : "", ranges->list[i].offset, ranges->list[i].length);
	return text;
}

START_TEST(gives_the_ranges)
{
	struct fsrv__text field = guard_text(text_of(cases[_i].value));
	struct fsrv__ranges ranges;
	enum fsrv_range_verdict verdict;

	memset(&ranges, 0xa5, sizeof(ranges));
	verdict = fsrv__ranges_parse(field, SIZE, cases[_i].max, &ranges);
	ck_assert_msg(verdict == cases[_i].verdict, "%s: got %d", cases[_i].name, (int)verdict);
	if (verdict == PARTIAL) {
		ck_assert_msg(strcmp(list_of(&ranges), cases[_i].ranges) == 0, "%s: got %s", cases[_i].name,
			      list_of(&ranges));
		ck_assert(ranges_are_sound(&ranges, SIZE));
	}
	guard_text_free(field);
}
END_TEST

START_TEST(reads_nothing_without_a_field)
{
	struct fsrv__ranges ranges;

	ck_assert_int_eq(fsrv__ranges_parse((struct fsrv__text){NULL, 0}, SIZE, 8, &ranges), IGNORE);
}
END_TEST

/* A field with so many ranges of one byte, a distance apart. */
static enum fsrv_range_verdict parse_many(unsigned n, unsigned distance, unsigned max,
					  struct fsrv__ranges *ranges)
{
	static char field[65536];
	size_t used = (size_t)snprintf(field, sizeof(field), "bytes=");

	for (unsigned i = 0; i < n; i++)
		used += (size_t)snprintf(field + used, sizeof(field) - used, "%s%u-%u", i > 0 ? "," : "",
					 i * distance, i * distance);
	return fsrv__ranges_parse((struct fsrv__text){field, used}, UINT64_C(1) << 30, max, ranges);
}

START_TEST(keeps_only_so_many_apart)
{
	struct fsrv__ranges ranges;

	ck_assert_int_eq(parse_many(FSRV__MAX_RANGES, 100, FSRV__MAX_RANGES, &ranges), PARTIAL);
	ck_assert_uint_eq(ranges.n, FSRV__MAX_RANGES);
	ck_assert(ranges_are_sound(&ranges, UINT64_C(1) << 30));
	ck_assert_int_eq(parse_many(FSRV__MAX_RANGES + 1, 100, FSRV__MAX_RANGES, &ranges), IGNORE);
	ck_assert_int_eq(parse_many(4000, 100, FSRV__MAX_RANGES, &ranges), IGNORE);
}
END_TEST

START_TEST(joins_thousands)
{
	struct fsrv__ranges ranges;

	ck_assert_int_eq(parse_many(4000, 80, 2, &ranges), PARTIAL);
	ck_assert_str_eq(list_of(&ranges), "0+319921");
}
END_TEST

START_TEST(reaches_the_largest_positions)
{
	static const char field[] = "bytes=0-0,18446744073709551614-18446744073709551615,-99";
	struct fsrv__ranges ranges;

	ck_assert_int_eq(fsrv__ranges_parse(text_of(field), UINT64_MAX, 8, &ranges), PARTIAL);
	ck_assert_str_eq(list_of(&ranges), "0+1 18446744073709551516+99");
	ck_assert_int_eq(fsrv__ranges_parse(text_of("bytes=-99,0-"), UINT64_MAX, 8, &ranges), PARTIAL);
	ck_assert_str_eq(list_of(&ranges), "0+18446744073709551615");
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("ranges");
	TCase *table = tcase_create("table");
	TCase *edges = tcase_create("edges");

	tcase_add_loop_test(table, gives_the_ranges, 0, LEN(cases));
	suite_add_tcase(suite, table);
	tcase_add_test(edges, reads_nothing_without_a_field);
	tcase_add_test(edges, keeps_only_so_many_apart);
	tcase_add_test(edges, joins_thousands);
	tcase_add_test(edges, reaches_the_largest_positions);
	suite_add_tcase(suite, edges);
	return suite;
}
