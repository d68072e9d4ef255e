#include <stdio.h>
#include <stdlib.h>

#include "guard_page.h"
#include "http/pattern.h"
#include "suite.h"
#include "texts.h"

static bool matches(const char *pattern, const char *path)
{
	struct fsrv__text text = guard_text(text_of(path));
	bool result = fsrv__pattern_matches(pattern, text);

	guard_text_free(text);
	return result;
}

/* Paths that the pattern matches, and such that it does not. */
static const struct {
	const char *pattern;
	const char *good[6], *bad[6];
} patterns[] = {
	{"*", {"", "a", "a.js", "a/b.js", ".x"}, {NULL}},
	{"**", {"", "a", "a/b/c"}, {NULL}},
	{"/**", {"", "a", "a/b/c"}, {NULL}},
	{"a.js", {"a.js", "x/a.js", "x/y/a.js"}, {"", "a.jsx", "xa.js", "a.js/b", "A.js", "a_js"}},
	{"*.js", {"a.js", ".js", "x/a.b.js"}, {"a.css", "x.js/a", "js", "a.js.map"}},
	{"a*b*c", {"abc", "aXbYc", "d/abbbc", "abcbc"}, {"ab", "a/bc", "abcd"}},
	{"*a*", {"a", "xax", "b/bab"}, {"b", "a/b", ""}},
	{"?", {"a", "x/a", "."}, {"", "ab", "x/ab"}},
	{"?.js", {"a.js", "x/b.js"}, {".js", "ab.js"}},
	{"/a.js", {"a.js"}, {"x/a.js", ""}},
	{"/*.js", {"a.js"}, {"x/a.js"}},
	{"x/*.js", {"x/a.js"}, {"a.js", "y/x/a.js", "x/y/a.js"}},
	{"/x/?", {"x/a"}, {"x/", "x", "x/ab", "x/a/b"}},
	{"*/b", {"a/b", "/b"}, {"b", "a/a/b", "a/bb"}},
	{"x/", {"x/a", "x/a/b", "a/x/b", "a/x/x/b"}, {"x", "a/x", "ax/b", "xa/b", ""}},
	{"x*/", {"x/a", "xy/a", "b/xy/a"}, {"x", "ax/b"}},
	{"/x/", {"x/a", "x/a/b"}, {"x", "a/x/b"}},
	{"x/y/", {"x/y/a", "x/y/a/b"}, {"x/y", "a/x/y/b", "x/a"}},
	{"x/**", {"x/a", "x/a/b"}, {"x", "a/x/b", "xa/b"}},
	{"**/a", {"a", "x/a", "x/y/a"}, {"ba", "a/b", "x/ba"}},
	{"**/x/*.js", {"x/a.js", "y/x/a.js", "x/x/a.js"}, {"x/y/a.js", "a.js", "yx/a.js"}},
	{"x/**/a", {"x/a", "x/y/a", "x/y/z/a", "x/x/a"}, {"a", "x/ya", "xa", "x/y/a/b"}},
	{"**/x/**/a", {"x/a", "q/x/a", "q/x/r/s/a"}, {"x", "a", "qx/a", "x/aa"}},
	{"**/", {"a", "a/b"}, {NULL}},
	{"**/*", {"", "a", "a/b"}, {NULL}},
	{"**/*a/**/b*", {"a/b", "x/ya/z/bc", "a/a/b", "ca/c/a/b"}, {"a", "b", "a/c", "x/b"}},
	{"a**b", {"ab", "axb", "d/aab"}, {"a/b", "abc"}},
	{"a**/b", {"a/b", "axx/b"}, {"a/x/b"}},
	{"[abc].js", {"a.js", "c.js", "x/b.js"}, {"d.js", ".js", "ab.js"}},
	{"[a-c0-9]", {"a", "b", "c", "5", "x/0"}, {"d", "-", "aa", ""}},
	{"[!a-c]", {"d", "-", "!"}, {"a", "b", "", "dd"}},
	{"[^a-c]", {"d", "^"}, {"a", "c"}},
	{"[]]", {"]"}, {"a", ""}},
	{"[]-a]", {"]", "^", "a"}, {"b", "-"}},
	{"[!]]", {"a", "["}, {"]"}},
	{"[a-]", {"a", "-"}, {"b", "]"}},
	{"[\\]a]", {"]", "a"}, {"\\", "b"}},
	{"[!-a]", {"b", "!"}, {"-", "a"}},
	{"[*?]", {"*", "?"}, {"a"}},
	{"x/[+-9]y", {"x/5y", "x/-y"}, {"x//y", "x/:y"}},
	{"x[!a]y", {"xby"}, {"x/y", "xay"}},
	{"*.[0-9a-f]{8}.js",
	 {"app.0123abcd.js", "x/app.min.deadbeef.js", ".00000000.js"},
	 {"app.0123abc.js", "app.0123abcde.js", "app.0123ABCD.js", "app.js", "app.0123abcg.js"}},
	{"[0-9]{1}", {"7", "x/0"}, {"", "77"}},
	{"?{3}", {"abc", "x/..."}, {"ab", "abcd", "a/c"}},
	{"?{2}/[a-z]{2}*", {"xy/ab", "xy/abc"}, {"x/ab", "xy/a", "xyz/ab"}},
	{"*?{2}z", {"abz", "aabz", "zzz"}, {"az", "abz/"}},
	{"\\*", {"*", "x/*"}, {"a", "\\*"}},
	{"\\!x", {"!x"}, {"x"}},
	{"a\\?\\[\\]\\{\\}\\\\", {"a?[]{}\\"}, {"ab[]{}\\"}},
	{"#x", {"#x"}, {"x"}},
	{"caf\xc3\xa9", {"caf\xc3\xa9"}, {"cafe"}},
	{"[\x80-\xff]", {"\x80", "\xc3", "\xff"}, {"a"}},
};

START_TEST(matches_as_the_grammar_says)
{
	const char *pattern = patterns[_i].pattern;

	ck_assert_msg(fsrv__pattern_check(pattern) == NULL, "%s: %s", pattern, fsrv__pattern_check(pattern));
	for (int i = 0; i < 6 && patterns[_i].good[i] != NULL; i++)
		ck_assert_msg(matches(pattern, patterns[_i].good[i]), "%s does not match %s", pattern,
			      patterns[_i].good[i]);
	for (int i = 0; i < 6 && patterns[_i].bad[i] != NULL; i++)
		ck_assert_msg(!matches(pattern, patterns[_i].bad[i]), "%s matches %s", pattern,
			      patterns[_i].bad[i]);
}
END_TEST

/* What is refused, and a word of the reason. */
static const struct {
	const char *pattern, *word;
} refusals[] = {
	{"", "write * for every path"},
	{"/", "write * for every path"},
	{"!x", "\\!"},
	{"a//b", "two slashes"},
	{"//", "two slashes"},
	{"[a", "without its ]"},
	{"[", "without its ]"},
	{"[]", "without its ]"},
	{"[!", "without its ]"},
	{"[!]", "without its ]"},
	{"[\\", "without its ]"},
	{"[a\\]", "without its ]"},
	{"[a/b]", "slash in a class"},
	{"[\\/]", "slash in a class"},
	{"[[:xdigit:]]", "named class"},
	{"a]", "belongs to nothing"},
	{"a}", "belongs to nothing"},
	{"a{8}", "belongs to nothing"},
	{"*.{js,css}", "belongs to nothing"},
	{"{3}", "belongs to nothing"},
	{"*{3}", "belongs to nothing"},
	{"\\?{3}", "belongs to nothing"},
	{"?{3}{3}", "belongs to nothing"},
	{"?{0}", "no repetition"},
	{"?{00}", "no repetition"},
	{"?{256}", "no repetition"},
	{"?{99999999999999999999}", "no repetition"},
	{"?{}", "no repetition"},
	{"?{", "no repetition"},
	{"?{3", "no repetition"},
	{"?{1,3}", "no repetition"},
	{"?{-1}", "no repetition"},
	{"[a]{x}", "no repetition"},
	{"a\\", "backslash"},
	{"a\\/b", "backslash"},
	{"a\nb", "control character"},
	{"a\x7f", "control character"},
};

START_TEST(refuses_with_a_way_out)
{
	const char *reason = fsrv__pattern_check(refusals[_i].pattern);

	ck_assert_msg(reason != NULL && strstr(reason, refusals[_i].word) != NULL, "%s: %s",
		      refusals[_i].pattern, reason);
}
END_TEST

/* The grammar once more, as slow as it is plain: each choice is tried. */
static bool try_all(const char *start, const char *pattern, const char *path)
{
	bool starts_segment = pattern == start || pattern[-1] == '/';

	if (*pattern == '\0')
		return *path == '\0' || (pattern > start && pattern[-1] == '/');
	if (starts_segment && strcmp(pattern, "**") == 0)
		return true;
	if (starts_segment && strncmp(pattern, "**/", 3) == 0) {
		for (;;) {
			if (try_all(start, pattern + 3, path))
				return true;
			path = strchr(path, '/');
			if (path == NULL)
				return false;
			path++;
		}
	}
	if (*pattern == '*') {
		for (;; path++) {
			if (try_all(start, pattern + 1, path))
				return true;
			if (*path == '\0' || *path == '/')
				return false;
		}
	}
	if (*path == '\0' || (*pattern == '?' ? *path == '/' : *path != *pattern))
		return false;
	return try_all(start, pattern + 1, path + 1);
}

static bool matches_plainly(const char *pattern, const char *path)
{
	const char *slash = strchr(pattern, '/'), *name = strrchr(path, '/');
	bool is_anywhere = slash != NULL && slash > pattern && slash[1] == '\0';

	if (slash == NULL)
		return try_all(pattern, pattern, name != NULL ? name + 1 : path);
	if (pattern[0] == '/')
		pattern++;
	while (!try_all(pattern, pattern, path)) {
		path = is_anywhere ? strchr(path, '/') : NULL;
		if (path == NULL)
			return false;
		path++;
	}
	return true;
}

/* The text number n over an alphabet, in the order of length. */
static void spell(unsigned n, const char *alphabet, char *text)
{
	unsigned base = (unsigned)strlen(alphabet);

	for (; n > 0; n = (n - 1) / base)
		*text++ = alphabet[(n - 1) % base];
	*text = '\0';
}

static bool is_path(const char *text)
{
	size_t length = strlen(text);

	return strstr(text, "//") == NULL && (length == 0 || (text[0] != '/' && text[length - 1] != '/'));
}

#define N_PATTERNS 5461 /* of up to six characters out of four */
#define N_PATHS    1093 /* of up to six out of three */

START_TEST(agrees_with_the_plain_way)
{
	char pattern[16], path[16];
	unsigned n_matches = 0;

	for (unsigned i = 1; i < N_PATTERNS; i++) {
		spell(i, "*/a?", pattern);
		if (fsrv__pattern_check(pattern) != NULL)
			continue;
		for (unsigned k = 0; k < N_PATHS; k++) {
			bool is_match;

			spell(k, "a/b", path);
			if (!is_path(path))
				continue;
			is_match = fsrv__pattern_matches(pattern, text_of(path));
			n_matches += is_match;
			ck_assert_msg(is_match == matches_plainly(pattern, path), "%s, %s: %d", pattern, path,
				      is_match);
		}
	}
	ck_assert_uint_gt(n_matches, 10000);
}
END_TEST

/* A client chooses the path: no pattern may take exponential time. Were it so, the test would time out. */
START_TEST(takes_bounded_time)
{
	static char path[4096];

	memset(path, 'a', sizeof(path) - 1);
	ck_assert(!matches("*a*a*a*a*a*a*a*a*a*a*a*ab", path));
	ck_assert(!matches("/*a*a*a*a*a*a*a*a*a*a*a*ab", path));
	for (size_t i = 1; i < sizeof(path) - 1; i += 2)
		path[i] = '/';
	ck_assert(!matches("**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b", path));
	ck_assert(!matches("**/*/**/*/**/*/**/*/**/*/**/*/**/*a/**/*a/**/b", path));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("pattern");
	TCase *tcase = tcase_create("pattern");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, matches_as_the_grammar_says, 0, LEN(patterns));
	tcase_add_loop_test(tcase, refuses_with_a_way_out, 0, LEN(refusals));
	tcase_add_test(tcase, agrees_with_the_plain_way);
	tcase_add_test(tcase, takes_bounded_time);
	suite_add_tcase(suite, tcase);
	return suite;
}
