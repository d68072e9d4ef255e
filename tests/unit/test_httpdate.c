#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "http/httpdate.h"
#include "suite.h"
#include "texts.h"

#define UNTOUCHED INT64_C(-4242424242424242)
#define FIRST     INT64_C(-62167219200) /* 0000-01-01 */
#define LAST      INT64_C(253402300799) /* 9999-12-31 23:59:59 */
#define NOW       INT64_C(1790000000)   /* 2026-09-21 */

static const struct {
	const char *name;
	struct fsrv__text text;
	int64_t seconds; /* UNTOUCHED: no date */
} cases[] = {
	{"preferred form", TEXT("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777},
	{"rfc850", TEXT("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777},
	{"asctime", TEXT("Sun Nov  6 08:49:37 1994"), 784111777},
	{"asctime, day of two digits", TEXT("Wed Nov 16 08:49:37 1994"), 784975777},
	{"blanks around it", TEXT(" \tSun, 06 Nov 1994 08:49:37 GMT\t "), 784111777},
	{"blanks around asctime", TEXT(" Sun Nov  6 08:49:37 1994 "), 784111777},
	{"the epoch", TEXT("Thu, 01 Jan 1970 00:00:00 GMT"), 0},
	{"a second before the epoch", TEXT("Wed, 31 Dec 1969 23:59:59 GMT"), -1},
	{"32 bits", TEXT("Tue, 19 Jan 2038 03:14:07 GMT"), INT32_MAX},
	{"more than 32 bits", TEXT("Tue, 19 Jan 2038 03:14:08 GMT"), INT64_C(2147483648)},
	{"first of all", TEXT("Sat, 01 Jan 0000 00:00:00 GMT"), FIRST},
	{"last of all", TEXT("Fri, 31 Dec 9999 23:59:59 GMT"), LAST},
	{"year 1", TEXT("Mon, 01 Jan 0001 00:00:00 GMT"), INT64_C(-62135596800)},
	{"leap day", TEXT("Thu, 29 Feb 2024 12:00:00 GMT"), 1709208000},
	{"leap day of a year of 400", TEXT("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400},
	{"leap day of the year 0", TEXT("Tue, 29 Feb 0000 00:00:00 GMT"), INT64_C(-62162121600)},
	{"leap second", TEXT("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800},
	{"leap second in asctime", TEXT("Sat Dec 31 23:59:60 2016"), 1483228800},
	{"day of the week that does not fit", TEXT("Mon, 06 Nov 1994 08:49:37 GMT"), 784111777},
	{"asctime, zero in place of the blank", TEXT("Sun Nov 06 08:49:37 1994"), 784111777},

	{"nothing", TEXT(""), UNTOUCHED},
	{"blanks", TEXT("  \t"), UNTOUCHED},
	{"zero", TEXT("0"), UNTOUCHED},
	{"minus one", TEXT("-1"), UNTOUCHED},
	{"seconds", TEXT("784111777"), UNTOUCHED},
	{"ISO 8601", TEXT("1994-11-06T08:49:37Z"), UNTOUCHED},
	{"entity tag", TEXT("\"Sun, 06 Nov 1994 08:49:37 GMT\""), UNTOUCHED},
	{"February 29th of another year", TEXT("Wed, 29 Feb 2023 00:00:00 GMT"), UNTOUCHED},
	{"February 29th of a year of 100", TEXT("Thu, 29 Feb 1900 00:00:00 GMT"), UNTOUCHED},
	{"February 30th", TEXT("Fri, 30 Feb 2024 00:00:00 GMT"), UNTOUCHED},
	{"April 31st", TEXT("Wed, 31 Apr 2024 00:00:00 GMT"), UNTOUCHED},
	{"January 32nd", TEXT("Thu, 32 Jan 2024 00:00:00 GMT"), UNTOUCHED},
	{"day 0", TEXT("Mon, 00 Jan 2024 00:00:00 GMT"), UNTOUCHED},
	{"asctime, day 0", TEXT("Mon Jan  0 00:00:00 2024"), UNTOUCHED},
	{"hour 24", TEXT("Sun, 06 Nov 1994 24:00:00 GMT"), UNTOUCHED},
	{"minute 60", TEXT("Sun, 06 Nov 1994 08:60:00 GMT"), UNTOUCHED},
	{"second 61", TEXT("Sun, 06 Nov 1994 08:49:61 GMT"), UNTOUCHED},
	{"second 99", TEXT("Sun, 06 Nov 1994 08:49:99 GMT"), UNTOUCHED},
	{"day of one digit", TEXT("Sun, 6 Nov 1994 08:49:37 GMT"), UNTOUCHED},
	{"blank for a digit", TEXT("Sun,  6 Nov 1994 08:49:37 GMT"), UNTOUCHED},
	{"hour of one digit", TEXT("Sun, 06 Nov 1994 8:49:37 GMT"), UNTOUCHED},
	{"sign", TEXT("Sun, +6 Nov 1994 08:49:37 GMT"), UNTOUCHED},
	{"year of two digits", TEXT("Sun, 06 Nov 94 08:49:37 GMT"), UNTOUCHED},
	{"year of three digits", TEXT("Sun, 06 Nov 994 08:49:37 GMT"), UNTOUCHED},
	{"year of five digits", TEXT("Sun, 06 Nov 11994 08:49:37 GMT"), UNTOUCHED},
	{"negative year", TEXT("Sun, 06 Nov -994 08:49:37 GMT"), UNTOUCHED},
	{"rfc850, year of four digits", TEXT("Sunday, 06-Nov-1994 08:49:37 GMT"), UNTOUCHED},
	{"rfc850, letter behind it", TEXT("Sunday, 06-Nov-94 08:49:37 GMTx"), UNTOUCHED},
	{"asctime, letter behind it", TEXT("Sun Nov  6 08:49:37 1994x"), UNTOUCHED},
	{"rfc850, short day", TEXT("Sun, 06-Nov-94 08:49:37 GMT"), UNTOUCHED},
	{"rfc850, day out of the month", TEXT("Sunday, 31-Nov-94 08:49:37 GMT"), UNTOUCHED},
	{"preferred form, long day", TEXT("Sunday, 06 Nov 1994 08:49:37 GMT"), UNTOUCHED},
	{"asctime, long day", TEXT("Sunday Nov  6 08:49:37 1994"), UNTOUCHED},
	{"asctime, comma", TEXT("Sun, Nov  6 08:49:37 1994"), UNTOUCHED},
	{"asctime, one blank", TEXT("Sun Nov 6 08:49:37 1994"), UNTOUCHED},
	{"asctime, three blanks", TEXT("Sun Nov   6 08:49:37 1994"), UNTOUCHED},
	{"asctime, two digits behind two blanks", TEXT("Sun Nov  16 08:49:37 1994"), UNTOUCHED},
	{"asctime, zone", TEXT("Sun Nov  6 08:49:37 1994 GMT"), UNTOUCHED},
	{"unknown day", TEXT("Xyz, 06 Nov 1994 08:49:37 GMT"), UNTOUCHED},
	{"unknown month", TEXT("Sun, 06 Nvo 1994 08:49:37 GMT"), UNTOUCHED},
	{"long month", TEXT("Sun, 06 November 1994 08:49:37 GMT"), UNTOUCHED},
	{"month in another language", TEXT("Sun, 06 Okt 1994 08:49:37 GMT"), UNTOUCHED},
	{"day in lower case", TEXT("sun, 06 Nov 1994 08:49:37 GMT"), UNTOUCHED},
	{"month in upper case", TEXT("Sun, 06 NOV 1994 08:49:37 GMT"), UNTOUCHED},
	{"zone in lower case", TEXT("Sun, 06 Nov 1994 08:49:37 gmt"), UNTOUCHED},
	{"other zone", TEXT("Sun, 06 Nov 1994 08:49:37 UTC"), UNTOUCHED},
	{"numeric zone", TEXT("Sun, 06 Nov 1994 08:49:37 +0000"), UNTOUCHED},
	{"no zone", TEXT("Sun, 06 Nov 1994 08:49:37"), UNTOUCHED},
	{"length behind it, as old browsers sent", TEXT("Sun, 06 Nov 1994 08:49:37 GMT; length=5"),
	 UNTOUCHED},
	{"letter behind it", TEXT("Sun, 06 Nov 1994 08:49:37 GMTx"), UNTOUCHED},
	{"NUL behind it", TEXT("Sun, 06 Nov 1994 08:49:37 GMT\0"), UNTOUCHED},
	{"no comma", TEXT("Sun 06 Nov 1994 08:49:37 GMT"), UNTOUCHED},
	{"dots in the time", TEXT("Sun, 06 Nov 1994 08.49.37 GMT"), UNTOUCHED},
	{"no seconds", TEXT("Sun, 06 Nov 1994 08:49 GMT"), UNTOUCHED},
	{"two dates", TEXT("Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"), UNTOUCHED},
};

static int64_t parse(struct fsrv__text text, int64_t now)
{
	struct fsrv__text guarded = guard_text(text);
	int64_t seconds = UNTOUCHED;
	bool parsed = fsrv__httpdate_parse(guarded, now, &seconds);

	ck_assert_int_eq(parsed, seconds != UNTOUCHED);
	guard_text_free(guarded);
	return seconds;
}

START_TEST(reads)
{
	int64_t seconds = parse(cases[_i].text, NOW);

	ck_assert_msg(seconds == cases[_i].seconds, "%s: got %" PRId64, cases[_i].name, seconds);
}
END_TEST

static const char *const wholes[] = {
	"Sun, 06 Nov 1994 08:49:37 GMT",
	"Wednesday, 09-Nov-94 08:49:37 GMT",
	"Sun Nov  6 08:49:37 1994",
	"Wed Nov 16 08:49:37 1994",
};

START_TEST(refuses_every_truncation)
{
	size_t length = strlen(wholes[_i]);

	ck_assert(parse((struct fsrv__text){wholes[_i], length}, NOW) != UNTOUCHED);
	for (size_t cut = 0; cut < length; cut++) {
		ck_assert_int_eq(parse((struct fsrv__text){wholes[_i], cut}, NOW), UNTOUCHED);
		ck_assert_int_eq(parse((struct fsrv__text){wholes[_i] + length - cut, cut}, NOW), UNTOUCHED);
	}
}
END_TEST

/* Any byte that is not the one that belongs there makes it no date, but for digits and names. */
START_TEST(refuses_every_wrong_byte)
{
	char date[64];
	size_t length = strlen(wholes[_i]);

	for (size_t i = 0; i < length; i++) {
		memcpy(date, wholes[_i], length);
		date[i] = '?';
		ck_assert_msg(parse((struct fsrv__text){date, length}, NOW) == UNTOUCHED, "byte %zu of %s", i,
			      wholes[_i]);
	}
}
END_TEST

static int64_t seconds_of(int year, int month, int day)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};

	return timegm(&tm);
}

static const struct {
	int now, two_digits, year;
} expansions[] = {
	{2026, 94, 1994}, {2026, 26, 2026}, {2026, 75, 2075}, {2026, 76, 2076}, {2026, 77, 1977},
	{2026, 0, 2000},  {2026, 99, 1999}, {1995, 94, 1994}, {1995, 0, 2000},  {1995, 45, 2045},
	{1995, 46, 1946}, {2000, 50, 2050}, {2000, 51, 1951}, {1999, 49, 2049}, {1999, 50, 1950},
	{2050, 0, 2100},  {2050, 99, 2099}, {2049, 99, 2099}, {2049, 0, 2000},  {2051, 1, 2101},
	{2051, 2, 2002},  {1970, 20, 2020}, {1970, 21, 1921}, {1960, 5, 2005},
};

/* RFC 9110, 5.6.7: a date that seems more than 50 years ahead lies in the past. */
START_TEST(places_two_digits)
{
	int64_t now = seconds_of(expansions[_i].now, 6, 15);
	char date[64];

	snprintf(date, sizeof(date), "Monday, 15-Jun-%02d 00:00:00 GMT", expansions[_i].two_digits);
	ck_assert_msg(parse(text_of(date), now) == seconds_of(expansions[_i].year, 6, 15),
		      "%02d in %d is not %d", expansions[_i].two_digits, expansions[_i].now,
		      expansions[_i].year);
}
END_TEST

/* It is the second that counts, not the year. */
START_TEST(places_two_digits_by_the_second)
{
	const struct fsrv__text date = text_of("Tuesday, 15-Jun-77 08:30:10 GMT");
	int64_t turn = seconds_of(2027, 6, 15) + 8 * 3600 + 30 * 60 + 10;

	ck_assert_int_eq(parse(date, turn - 1), seconds_of(1977, 6, 15) + turn % 86400);
	ck_assert_int_eq(parse(date, turn), seconds_of(2077, 6, 15) + turn % 86400);
	ck_assert_int_eq(parse(date, seconds_of(2027, 1, 1)), seconds_of(1977, 6, 15) + turn % 86400);
	ck_assert_int_eq(parse(date, seconds_of(2027, 12, 31)), seconds_of(2077, 6, 15) + turn % 86400);
}
END_TEST

/* Every other century has leap years of its own: the leap day counts in the year it is placed in. */
START_TEST(judges_a_leap_day_in_the_placed_year)
{
	const struct fsrv__text date = text_of("Thursday, 29-Feb-00 00:00:00 GMT");

	ck_assert_int_eq(parse(date, seconds_of(2026, 1, 1)), seconds_of(2000, 2, 29));
	ck_assert_int_eq(parse(date, seconds_of(2060, 1, 1)), UNTOUCHED);
}
END_TEST

static void check_round_trip(int64_t seconds)
{
	char out[FSRV__HTTPDATE_SIZE], want[64];
	time_t time = (time_t)seconds;
	struct tm tm;

	gmtime_r(&time, &tm);
	ck_assert(fsrv__httpdate_format(seconds, out));
	ck_assert_uint_eq(strlen(out), FSRV__HTTPDATE_SIZE - 1);
	ck_assert_int_eq(parse(text_of(out), NOW), seconds);
	if (tm.tm_year < -900) /* strftime does not pad years to four digits */
		return;
	strftime_l(want, sizeof(want), "%a, %d %b %Y %H:%M:%S GMT", &tm, newlocale(LC_ALL_MASK, "C", NULL));
	ck_assert_str_eq(out, want);
	strftime_l(want, sizeof(want), "%a %b %e %H:%M:%S %Y", &tm, newlocale(LC_ALL_MASK, "C", NULL));
	ck_assert_int_eq(parse(text_of(want), NOW), seconds);
}

START_TEST(agrees_with_the_c_library_at_boundaries)
{
	for (int year = 0; year <= 9999; year += year == 400 ? 1490 : year == 2110 ? 7790 : 1) {
		int64_t start = seconds_of(year, 1, 1), march = seconds_of(year, 3, 1);

		for (int64_t step = -1; step <= 1; step++) {
			check_round_trip(march + step);
			if (start + step >= FIRST)
				check_round_trip(start + step);
		}
	}
}
END_TEST

START_TEST(agrees_with_the_c_library_anywhere)
{
	uint64_t state = UINT64_C(0x2545f4914f6cdd1d);

	for (int i = 0; i < 3000; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		check_round_trip(FIRST + (int64_t)((state >> 16) % (uint64_t)(LAST - FIRST + 1)));
	}
}
END_TEST

/* Two digits from 49 years back to 49 ahead say the same as four. */
START_TEST(agrees_with_the_c_library_in_rfc850)
{
	for (int year = 2026 - 49; year < 2026 + 50; year++) {
		int64_t seconds = seconds_of(year, 12, 31) + 86399;
		time_t time = (time_t)seconds;
		struct tm tm;
		char day[32], date[64];

		if (time != seconds)
			break; /* time_t has 32 bits */
		gmtime_r(&time, &tm);
		strftime_l(day, sizeof(day), "%A, %d-%b", &tm, newlocale(LC_ALL_MASK, "C", NULL));
		snprintf(date, sizeof(date), "%s-%02d 23:59:59 GMT", day, year % 100);
		ck_assert_int_eq(parse(text_of(date), NOW), time);
	}
}
END_TEST

static const struct {
	int64_t seconds;
	const char *text; /* NULL: none */
} formats[] = {
	{FIRST, "Sat, 01 Jan 0000 00:00:00 GMT"},
	{FIRST + 86400 * 59, "Tue, 29 Feb 0000 00:00:00 GMT"},
	{LAST, "Fri, 31 Dec 9999 23:59:59 GMT"},
	{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
	{-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
	{784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
	{FIRST - 1, NULL},
	{LAST + 1, NULL},
	{INT64_MAX, NULL},
	{INT64_MIN, NULL},
	{INT64_MIN + 86399, NULL},
};

START_TEST(writes)
{
	char out[FSRV__HTTPDATE_SIZE] = "?";
	bool written = fsrv__httpdate_format(formats[_i].seconds, out);

	ck_assert_int_eq(written, formats[_i].text != NULL);
	ck_assert_str_eq(out, written ? formats[_i].text : "?");
}
END_TEST

START_TEST(knows_no_locale_and_no_time_zone)
{
	static const char *const locales[] = {"de_DE.utf8", "fr_FR.utf8", "ja_JP.utf8", "tr_TR.utf8",
					      "C.utf8"};
	char out[FSRV__HTTPDATE_SIZE];

	setenv("TZ", "Asia/Kolkata", 1);
	tzset();
	for (int i = 0; i < LEN(locales); i++) {
		if (setlocale(LC_ALL, locales[i]) == NULL)
			continue;
		ck_assert_int_eq(parse(text_of(wholes[0]), NOW), 784111777);
		ck_assert(fsrv__httpdate_format(784111777, out));
		ck_assert_str_eq(out, wholes[0]);
	}
	setlocale(LC_ALL, "C");
	unsetenv("TZ");
	tzset();
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("httpdate");
	TCase *table = tcase_create("table");
	TCase *library = tcase_create("library");

	tcase_add_loop_test(table, reads, 0, LEN(cases));
	tcase_add_loop_test(table, writes, 0, LEN(formats));
	tcase_add_loop_test(table, refuses_every_truncation, 0, LEN(wholes));
	tcase_add_loop_test(table, refuses_every_wrong_byte, 0, LEN(wholes));
	tcase_add_loop_test(table, places_two_digits, 0, LEN(expansions));
	tcase_add_test(table, places_two_digits_by_the_second);
	tcase_add_test(table, judges_a_leap_day_in_the_placed_year);
	suite_add_tcase(suite, table);
	tcase_set_timeout(library, 60);
	tcase_add_test(library, agrees_with_the_c_library_at_boundaries);
	tcase_add_test(library, agrees_with_the_c_library_anywhere);
	tcase_add_test(library, agrees_with_the_c_library_in_rfc850);
	tcase_add_test(library, knows_no_locale_and_no_time_zone);
	suite_add_tcase(suite, library);
	return suite;
}
