/* Whether the locale that the environment names for the tests is as unfriendly as it should be: a Turkish i,
 * letters beyond ASCII in single bytes, and a comma in decimal numbers. */
#include <ctype.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/text.h"
#include "suite.h"

const char *test_lacks(void)
{
	return getenv("FSRV_TEST_LOCALE") == NULL ? "a Turkish locale (localedef, package locales)" : NULL;
}

START_TEST(is_unfriendly)
{
	char number[16];

	ck_assert_str_eq(setlocale(LC_ALL, NULL), getenv("FSRV_TEST_LOCALE"));
	ck_assert_int_ne(tolower('I'), 'i');
	ck_assert_int_ne(isalpha(0xfd), 0);
	snprintf(number, sizeof(number), "%.1f", 1.5);
	ck_assert_str_eq(number, "1,5");
}
END_TEST

START_TEST(changes_no_comparison)
{
	ck_assert(fsrv__names_match("GIF", "gif"));
	ck_assert(fsrv__names_match("iI", "Ii"));
	ck_assert(fsrv__names_match("", ""));
	ck_assert(!fsrv__names_match("gif", "gi"));
	ck_assert(!fsrv__names_match("gi", "gif"));
	ck_assert(!fsrv__names_match("\xdd", "\xfd"));
	ck_assert(!fsrv__names_match("@", "`"));
	ck_assert(fsrv__text_is((struct fsrv__text){"IF-MODIFIED-SINCE", 17}, "if-modified-since"));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("locale");
	TCase *tests = tcase_create("locale");

	tcase_add_test(tests, is_unfriendly);
	tcase_add_test(tests, changes_no_comparison);
	suite_add_tcase(suite, tests);
	return suite;
}
