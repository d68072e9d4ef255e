#include "http/etag.h"
#include "suite.h"
#include "texts.h"

#include <stdbool.h>

#define STRONG FSRV__ETAG_STRONG
#define WEAK   FSRV__ETAG_WEAK

static const struct {
	const char *name;
	struct fsrv__text text;
	bool valid;
} tags[] = {
	{"strong", TEXT("\"a\""), true},
	{"weak", TEXT("W/\"a\""), true},
	{"empty", TEXT("\"\""), true},
	{"empty and weak", TEXT("W/\"\""), true},
	{"comma", TEXT("\"a,b\""), true},
	{"exclamation mark", TEXT("\"!\""), true},
	{"number sign", TEXT("\"#\""), true},
	{"tilde", TEXT("\"~\""), true},
	{"backslash is a byte like others", TEXT("\"a\\\""), true},
	{"obs-text", TEXT("\"\x80\xff\""), true},
	{"W inside", TEXT("\"W/\""), true},
	{"nothing", TEXT(""), false},
	{"one quote", TEXT("\""), false},
	{"no quotes", TEXT("a"), false},
	{"no end", TEXT("\"a"), false},
	{"no start", TEXT("a\""), false},
	{"bytes behind", TEXT("\"a\"b"), false},
	{"blank behind", TEXT("\"a\" "), false},
	{"blank in front", TEXT(" \"a\""), false},
	{"blank inside", TEXT("\"a b\""), false},
	{"tab inside", TEXT("\"a\tb\""), false},
	{"NUL inside", TEXT("\"a\0b\""), false},
	{"delete inside", TEXT("\"a\x7f\""), false},
	{"quote inside", TEXT("\"a\"b\""), false},
	{"weak in lower case", TEXT("w/\"a\""), false},
	{"weak without a slash", TEXT("W\"a\""), false},
	{"weak with a blank", TEXT("W/ \"a\""), false},
	{"weak twice", TEXT("W/W/\"a\""), false},
	{"weak alone", TEXT("W/"), false},
	{"weak and one quote", TEXT("W/\""), false},
	{"W alone", TEXT("W"), false},
	{"asterisk", TEXT("*"), false},
	{"single quotes", TEXT("'a'"), false},
	{"list", TEXT("\"a\", \"b\""), false},
};

START_TEST(tells_what_a_tag_is)
{
	struct fsrv__text text = guard_text(tags[_i].text);

	ck_assert_msg(fsrv__etag_is_valid(text) == tags[_i].valid, "%s", tags[_i].name);
	guard_text_free(text);
}
END_TEST

START_TEST(judges_every_byte)
{
	for (int byte = 0; byte < 256; byte++) {
		char bytes[] = {'"', (char)byte, '"'};
		bool valid = byte == 0x21 || (byte >= 0x23 && byte <= 0x7e) || byte >= 0x80;

		ck_assert_int_eq(fsrv__etag_is_valid((struct fsrv__text){bytes, sizeof(bytes)}), valid);
	}
}
END_TEST

/* The table of RFC 9110, 8.8.3.2, and what else may differ. */
static const struct {
	const char *name;
	struct fsrv__text a, b;
	bool strong, weak;
} pairs[] = {
	{"both weak, same", TEXT("W/\"1\""), TEXT("W/\"1\""), false, true},
	{"both weak, different", TEXT("W/\"1\""), TEXT("W/\"2\""), false, false},
	{"one weak, same", TEXT("W/\"1\""), TEXT("\"1\""), false, true},
	{"one weak, different", TEXT("W/\"1\""), TEXT("\"2\""), false, false},
	{"both strong, same", TEXT("\"1\""), TEXT("\"1\""), true, true},
	{"both strong, different", TEXT("\"1\""), TEXT("\"2\""), false, false},
	{"letter case", TEXT("\"a\""), TEXT("\"A\""), false, false},
	{"one is longer", TEXT("\"1\""), TEXT("\"11\""), false, false},
	{"both empty", TEXT("\"\""), TEXT("\"\""), true, true},
	{"one empty", TEXT("\"\""), TEXT("\"1\""), false, false},
	{"opaque part like the mark", TEXT("\"W/\""), TEXT("W/\"\""), false, false},
};

START_TEST(compares_both_ways)
{
	struct fsrv__text a = guard_text(pairs[_i].a), b = guard_text(pairs[_i].b);

	ck_assert_msg(fsrv__etag_equals(a, b, STRONG) == pairs[_i].strong, "%s: strong", pairs[_i].name);
	ck_assert_msg(fsrv__etag_equals(b, a, STRONG) == pairs[_i].strong, "%s: strong, swapped",
		      pairs[_i].name);
	ck_assert_msg(fsrv__etag_equals(a, b, WEAK) == pairs[_i].weak, "%s: weak", pairs[_i].name);
	ck_assert_msg(fsrv__etag_equals(b, a, WEAK) == pairs[_i].weak, "%s: weak, swapped", pairs[_i].name);
	guard_text_free(a);
	guard_text_free(b);
}
END_TEST

static const struct {
	const char *name;
	struct fsrv__text list, tag;
	bool strong, weak;
} lists[] = {
	{"asterisk", TEXT("*"), TEXT("\"a\""), true, true},
	{"asterisk against a weak tag", TEXT("*"), TEXT("W/\"a\""), true, true},
	{"asterisk and blanks", TEXT(" *\t"), TEXT("\"a\""), true, true},
	{"the tag", TEXT("\"a\""), TEXT("\"a\""), true, true},
	{"the tag and blanks", TEXT(" \t\"a\" "), TEXT("\"a\""), true, true},
	{"another", TEXT("\"b\""), TEXT("\"a\""), false, false},
	{"first of two", TEXT("\"a\", \"b\""), TEXT("\"a\""), true, true},
	{"last of two", TEXT("\"b\", \"a\""), TEXT("\"a\""), true, true},
	{"last of two without a blank", TEXT("\"b\",\"a\""), TEXT("\"a\""), true, true},
	{"blanks before the comma", TEXT("\"b\" \t, \"a\""), TEXT("\"a\""), true, true},
	{"empty elements", TEXT(",, ,\"b\",\t,,\"a\",,"), TEXT("\"a\""), true, true},
	{"weak in the list", TEXT("W/\"a\""), TEXT("\"a\""), false, true},
	{"weak tag", TEXT("\"a\""), TEXT("W/\"a\""), false, true},
	{"both weak", TEXT("W/\"a\""), TEXT("W/\"a\""), false, true},
	{"weak, then strong", TEXT("W/\"a\", \"a\""), TEXT("\"a\""), true, true},
	{"comma inside a tag", TEXT("\"b,c\", \"a\""), TEXT("\"a\""), true, true},
	{"tag with a comma", TEXT("\"x\", \"a,b\""), TEXT("\"a,b\""), true, true},
	{"comma does not split a tag", TEXT("\"x,a\""), TEXT("\"a\""), false, false},
	{"quoted list inside a tag", TEXT("\"x,\\\",\\\"\""), TEXT("\"x,\\\""), true, true},
	{"odd bytes", TEXT("\"\x80!#~\xff\""), TEXT("\"\x80!#~\xff\""), true, true},
	{"nothing", TEXT(""), TEXT("\"a\""), false, false},
	{"blanks", TEXT(" \t "), TEXT("\"a\""), false, false},
	{"commas", TEXT(",,,"), TEXT("\"a\""), false, false},
	{"no quotes", TEXT("a"), TEXT("\"a\""), false, false},
	{"two asterisks", TEXT("**"), TEXT("\"a\""), false, false},
	{"asterisk in quotes", TEXT("\"*\""), TEXT("\"a\""), false, false},
	{"asterisk in a list", TEXT("*, \"a\""), TEXT("\"a\""), false, false},
	{"asterisk behind a tag", TEXT("\"b\", *"), TEXT("\"a\""), false, false},
	{"two tags without a comma", TEXT("\"b\" \"a\""), TEXT("\"a\""), false, false},
	{"two tags without anything", TEXT("\"b\"\"a\""), TEXT("\"a\""), false, false},
	{"the tag and letters", TEXT("\"a\"x"), TEXT("\"a\""), false, false},
	{"semicolon", TEXT("\"b\"; \"a\""), TEXT("\"a\""), false, false},
	{"behind an error", TEXT("b, \"a\""), TEXT("\"a\""), false, false},
	{"behind an open quote", TEXT("\"b, \"a\""), TEXT("\"a\""), false, false},
	{"before an error", TEXT("\"a\", b"), TEXT("\"a\""), true, true},
	{"weak in lower case", TEXT("w/\"a\""), TEXT("\"a\""), false, false},
	{"NUL in front", TEXT("\0\"a\""), TEXT("\"a\""), false, false},
	{"line feed as a blank", TEXT("\"b\",\n\"a\""), TEXT("\"a\""), false, false},
	{"vertical tab as a blank", TEXT("\v\"a\""), TEXT("\"a\""), false, false},
	{"prefix of the tag", TEXT("\"a\""), TEXT("\"ab\""), false, false},
	{"longer than the tag", TEXT("\"ab\""), TEXT("\"a\""), false, false},
};

START_TEST(looks_into_lists)
{
	struct fsrv__text list = guard_text(lists[_i].list), tag = guard_text(lists[_i].tag);

	ck_assert_msg(fsrv__etag_list_has(list, tag, STRONG) == lists[_i].strong, "%s: strong",
		      lists[_i].name);
	ck_assert_msg(fsrv__etag_list_has(list, tag, WEAK) == lists[_i].weak, "%s: weak", lists[_i].name);
	guard_text_free(list);
	guard_text_free(tag);
}
END_TEST

/* Where in the list the tag stands complete, it is found from there on, and read no further. */
START_TEST(stays_inside_every_prefix)
{
	static const char whole[] = " ,W/\"x,y\" ,\t,\"\x80\", W/\"z\" , ";
	size_t complete = sizeof(whole) - 1 - strlen(" , ");

	for (size_t length = 0; length < sizeof(whole); length++) {
		struct fsrv__text list = guard_text((struct fsrv__text){whole, length});

		ck_assert_int_eq(fsrv__etag_list_has(list, text_of("\"z\""), WEAK),
				 length >= complete && length < sizeof(whole));
		ck_assert(!fsrv__etag_list_has(list, text_of("\"z\""), STRONG));
		guard_text_free(list);
	}
}
END_TEST

START_TEST(judges_every_prefix_of_a_tag)
{
	static const char whole[] = "W/\"x,\x80y\"";

	for (size_t length = 0; length < sizeof(whole); length++) {
		struct fsrv__text text = guard_text((struct fsrv__text){whole, length});

		ck_assert_int_eq(fsrv__etag_is_valid(text), length == sizeof(whole) - 1);
		guard_text_free(text);
	}
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("etag");
	TCase *table = tcase_create("table");
	TCase *edges = tcase_create("edges");

	tcase_add_loop_test(table, tells_what_a_tag_is, 0, LEN(tags));
	tcase_add_loop_test(table, compares_both_ways, 0, LEN(pairs));
	tcase_add_loop_test(table, looks_into_lists, 0, LEN(lists));
	suite_add_tcase(suite, table);
	tcase_add_test(edges, judges_every_byte);
	tcase_add_test(edges, stays_inside_every_prefix);
	tcase_add_test(edges, judges_every_prefix_of_a_tag);
	suite_add_tcase(suite, edges);
	return suite;
}
