#include "http/accept.h"
#include "suite.h"
#include "texts.h"

static const struct {
	const char *value;
	bool names_html;
} cases[] = {
	{"", false},
	{",", false},
	{"text/html", true},
	{"TEXT/Html", true},
	{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true},
	{"application/xml, text/html", true},
	{" \ttext/html\t ", true},
	{",, text/html ,", true},
	{"*/*", false},
	{"text/*", false},
	{"application/json", false},
	{"application/xhtml+xml, */*", false},
	{"text/html5", false},
	{"xtext/html", false},
	{"text/htm", false},
	{"text / html", false},
	{"text/html/x", false},
	{"text/html;level=1", true},
	{"text/html;charset=utf-8;q=0.3", true},
	{"text/html ; q=0.001", true},
	{"text/html;Q=1", true},
	{"text/html;q=1.", true},
	{"text/html;q=1.000", true},
	{"text/html;q=0", false},
	{"text/html;q=0.", false},
	{"text/html; q=0.0", false},
	{"text/html ;\tq=0.000", false},
	{"text/html;Q=0", false},
	{"text/html;level=1;q=0", false},
	{"text/html;q=0, */*", false},
	{"text/html;q=0, text/html;level=1", true},
	/* What is no qvalue. */
	{"text/html;q=", false},
	{"text/html;q=2", false},
	{"text/html;q=1.1", false},
	{"text/html;q=.5", false},
	{"text/html;q=0.0001", false},
	{"text/html;q=0,5", false},
	{"text/html;q=-1", false},
	{"text/html;q=a", false},
	{"text/html;q=\"1\"", false},
	/* The first weight counts. */
	{"text/html;q=0;q=1", false},
	{"text/html;q", true},
	{"text/html;;", true},
	/* Quoted strings (RFC 9110, 5.6.4). */
	{"text/html;a=\"x;q=0\"", true},
	{"text/html;a=\"x,y\";q=0", false},
	{"text/plain;a=\"x, text/html\"", false},
	{"text/plain;a=\"\\\", text/html\"", false},
	{"text/plain;a=\"\\\\\", text/html", true},
	{"text/html;a=\"", true},
	{"text/html;a=\"\\", true},
};

START_TEST(reads_each_value)
{
	struct fsrv__text value = guard_text(text_of(cases[_i].value));

	ck_assert_msg(fsrv__accept_names_html(value) == cases[_i].names_html, "%s", cases[_i].value);
	guard_text_free(value);
}
END_TEST

START_TEST(reads_no_value)
{
	ck_assert(!fsrv__accept_names_html((struct fsrv__text){NULL, 0}));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("accept");
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, reads_each_value, 0, LEN(cases));
	tcase_add_test(table, reads_no_value);
	suite_add_tcase(suite, table);
	return suite;
}
