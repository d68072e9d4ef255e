#include <stdio.h>
#include <stdlib.h>

#include "http/path.h"
#include "invariants.h"
#include "suite.h"
#include "texts.h"

#define OK        FSRV__PATH_OK
#define MALFORMED FSRV__PATH_MALFORMED
#define NOWHERE   FSRV__PATH_IMPOSSIBLE
#define RAW       FSRV__PATH_RAW
#define DECODED   FSRV__PATH_DECODED

struct row {
	const char *name;
	struct fsrv__text target;
	enum fsrv__path_verdict verdict;
	const char *path; /* for OK */
	bool directory;
};

static const struct row plain[] = {
	{"root", TEXT("/"), OK, "", true},
	{"file", TEXT("/a.html"), OK, "a.html", false},
	{"file in folders", TEXT("/a/b/c.mp4"), OK, "a/b/c.mp4", false},
	{"folder", TEXT("/a/b/"), OK, "a/b", true},
	{"run of slashes inside", TEXT("/a//b///c"), OK, "a/b/c", false},
	{"run of slashes in front", TEXT("///a"), OK, "a", false},
	{"run of slashes at the end", TEXT("/a///"), OK, "a", true},
	{"only slashes", TEXT("////"), OK, "", true},
	{"two slashes are no authority", TEXT("//host/a"), OK, "host/a", false},
	{"one dot", TEXT("/."), OK, "", true},
	{"one dot and a slash", TEXT("/./"), OK, "", true},
	{"dot in the middle", TEXT("/a/./b"), OK, "a/b", false},
	{"dot at the end", TEXT("/a/."), OK, "a", true},
	{"up and down", TEXT("/a/../b"), OK, "b", false},
	{"up to the root", TEXT("/a/.."), OK, "", true},
	{"up to the root with a slash", TEXT("/a/../"), OK, "", true},
	{"up to a folder", TEXT("/a/b/.."), OK, "a", true},
	{"up twice", TEXT("/a/b/../../c"), OK, "c", false},
	{"up once of a long name", TEXT("/ab/cdef/../g"), OK, "ab/g", false},
	{"up after a run of slashes", TEXT("/a//../b"), OK, "b", false},
	{"hidden name", TEXT("/.a"), OK, ".a", false},
	{"name of two dots and more", TEXT("/..a"), OK, "..a", false},
	{"name that ends in dots", TEXT("/a.."), OK, "a..", false},
	{"bytes of UTF-8", TEXT("/\xc3\xa4.txt"), OK, "\xc3\xa4.txt", false},
	{"bytes that are no UTF-8", TEXT("/\xff\x80"), OK, "\xff\x80", false},
	{"sub-delimiters and at sign", TEXT("/!$&'()*+,;=:@"), OK, "!$&'()*+,;=:@", false},
	{"nothing", TEXT(""), MALFORMED, NULL, false},
	{"asterisk", TEXT("*"), MALFORMED, NULL, false},
	{"no slash in front", TEXT("a/b"), MALFORMED, NULL, false},
	{"authority form", TEXT("host:80"), MALFORMED, NULL, false},
	{"NUL", TEXT("/a\0b"), MALFORMED, NULL, false},
	{"line feed", TEXT("/a\nb"), MALFORMED, NULL, false},
	{"backslash", TEXT("/a\\b"), MALFORMED, NULL, false},
	{"delete", TEXT("/a\x7f"), MALFORMED, NULL, false},

	{"absolute form", TEXT("http://host/a"), OK, "a", false},
	{"absolute form with a port", TEXT("http://host:8080/a/"), OK, "a", true},
	{"absolute form, letter case", TEXT("hTTpS://HOST/A"), OK, "A", false},
	{"absolute form, numeric host", TEXT("http://[::1]:80/a"), OK, "a", false},
	{"absolute form without a path", TEXT("http://host"), OK, "", true},
	{"absolute form, dot segments", TEXT("http://host/a/../b"), OK, "b", false},
	{"absolute form, two slashes", TEXT("http://host//a"), OK, "a", false},
	{"absolute form, up", TEXT("http://host/.."), NOWHERE, NULL, false},
	{"absolute form without a host", TEXT("http:///a"), MALFORMED, NULL, false},
	{"absolute form, port without a host", TEXT("http://:80/a"), MALFORMED, NULL, false},
	{"absolute form, scheme alone", TEXT("http://"), MALFORMED, NULL, false},
	{"absolute form, secure scheme alone", TEXT("https://"), MALFORMED, NULL, false},
	{"one slash behind the scheme", TEXT("http:/a"), MALFORMED, NULL, false},
	{"other scheme", TEXT("ftp://host/a"), MALFORMED, NULL, false},
	{"file scheme", TEXT("file:///etc/passwd"), MALFORMED, NULL, false},
	{"absolute form behind a slash", TEXT("/http://host/a"), OK, "http:/host/a", false},
};

static const struct row raw[] = {
	{"escaped letter", TEXT("/%61%62"), OK, "ab", false},
	{"escaped blank", TEXT("/a%20b"), OK, "a b", false},
	{"plus stays plus", TEXT("/a+b"), OK, "a+b", false},
	{"escaped percent is decoded once", TEXT("/%2541"), OK, "%41", false},
	{"escaped question mark", TEXT("/a%3Fb"), OK, "a?b", false},
	{"escaped number sign", TEXT("/a%23b"), OK, "a#b", false},
	{"escaped UTF-8", TEXT("/%C3%A4"), OK, "\xc3\xa4", false},
	{"escaped dot segment", TEXT("/a/%2E/b"), OK, "a/b", false},
	{"blank", TEXT("/a b"), MALFORMED, NULL, false},
	{"number sign", TEXT("/a#b"), MALFORMED, NULL, false},
	{"percent alone", TEXT("/%"), MALFORMED, NULL, false},
	{"percent and one digit", TEXT("/a%4"), MALFORMED, NULL, false},
	{"percent and no digit", TEXT("/a%zz"), MALFORMED, NULL, false},
	{"percent and one good digit", TEXT("/a%4z"), MALFORMED, NULL, false},
	{"percent and a sign", TEXT("/a%+4"), MALFORMED, NULL, false},
	{"percent and a blank", TEXT("/a% 4"), MALFORMED, NULL, false},
	{"percent in front of a slash", TEXT("/%/2"), MALFORMED, NULL, false},
	{"unicode escape", TEXT("/%u0041"), MALFORMED, NULL, false},
	{"escaped slash", TEXT("/a%2Fb"), MALFORMED, NULL, false},
	{"escaped backslash", TEXT("/a%5Cb"), MALFORMED, NULL, false},
	{"escaped NUL", TEXT("/a%00.html"), MALFORMED, NULL, false},
	{"malformed outranks nowhere", TEXT("/../a%00"), MALFORMED, NULL, false},
	{"malformed outranks nowhere behind it", TEXT("/../a/b/%"), MALFORMED, NULL, false},
};

static const struct row decoded[] = {
	{"percent", TEXT("/100%"), OK, "100%", false},
	{"something like an escape", TEXT("/%2e%2e/a"), OK, "%2e%2e/a", false},
	{"something like a slash", TEXT("/a%2fb"), OK, "a%2fb", false},
	{"blank", TEXT("/a b"), OK, "a b", false},
	{"number sign", TEXT("/a#b"), OK, "a#b", false},
	{"question mark", TEXT("/a?b"), OK, "a?b", false},
};

static const struct row traversal[] = {
	{"up", TEXT("/.."), NOWHERE, NULL, false},
	{"up with a slash", TEXT("/../"), NOWHERE, NULL, false},
	{"up to a file", TEXT("/../etc/passwd"), NOWHERE, NULL, false},
	{"up often", TEXT("/../../../../etc/passwd"), NOWHERE, NULL, false},
	{"down and up twice", TEXT("/a/../../x"), NOWHERE, NULL, false},
	{"down and up twice, at the end", TEXT("/a/../.."), NOWHERE, NULL, false},
	{"down twice and up three times", TEXT("/a/b/../../../x"), NOWHERE, NULL, false},
	{"up and down again to where the root was", TEXT("/../root/x"), NOWHERE, NULL, false},
	{"behind a dot", TEXT("/./../x"), NOWHERE, NULL, false},
	{"behind a dot and two slashes", TEXT("/.//../x"), NOWHERE, NULL, false},
	{"behind two slashes", TEXT("//../x"), NOWHERE, NULL, false},
	{"with many slashes", TEXT("///..//../x"), NOWHERE, NULL, false},
	{"both dots escaped", TEXT("/%2e%2e/x"), NOWHERE, NULL, false},
	{"both dots escaped in upper case", TEXT("/%2E%2E/x"), NOWHERE, NULL, false},
	{"first dot escaped", TEXT("/%2e./x"), NOWHERE, NULL, false},
	{"second dot escaped", TEXT("/.%2e/x"), NOWHERE, NULL, false},
	{"second dot escaped, below a folder", TEXT("/a/.%2e/.%2E/x"), NOWHERE, NULL, false},
	{"escaped, at the end", TEXT("/%2e%2e"), NOWHERE, NULL, false},
	{"below a tilde", TEXT("/~/../../x"), NOWHERE, NULL, false},
	{"below a drive", TEXT("/C:/../../x"), NOWHERE, NULL, false},
	{"in absolute form", TEXT("http://host/a/../../x"), NOWHERE, NULL, false},
	{"without a slash in front", TEXT("../x"), MALFORMED, NULL, false},
	{"only dots", TEXT(".."), MALFORMED, NULL, false},
	{"slash escaped", TEXT("/..%2fx"), MALFORMED, NULL, false},
	{"all escaped", TEXT("/%2e%2e%2fx"), MALFORMED, NULL, false},
	{"slash escaped, below a folder", TEXT("/a/..%2F..%2Fx"), MALFORMED, NULL, false},
	{"escaped slash in front", TEXT("/%2f../x"), MALFORMED, NULL, false},
	{"backslash", TEXT("/..\\x"), MALFORMED, NULL, false},
	{"backslash in front", TEXT("/\\..\\x"), MALFORMED, NULL, false},
	{"backslash escaped", TEXT("/..%5cx"), MALFORMED, NULL, false},
	{"all escaped, backslash", TEXT("/%2e%2e%5C%2e%2e%5Cx"), MALFORMED, NULL, false},
	{"NUL behind the dots", TEXT("/..%00/x"), MALFORMED, NULL, false},
	{"NUL before the dots", TEXT("/%00../x"), MALFORMED, NULL, false},
	{"NUL between the dots", TEXT("/.%00./x"), MALFORMED, NULL, false},
	{"carriage return behind the dots", TEXT("/..%0d/x"), MALFORMED, NULL, false},
	{"tab behind the dots", TEXT("/..\t/x"), MALFORMED, NULL, false},
	{"fragment behind the dots", TEXT("/..#/x"), MALFORMED, NULL, false},
	{"unicode escape of a dot", TEXT("/%u002e%u002e/x"), MALFORMED, NULL, false},
	{"escaped twice", TEXT("/%252e%252e/x"), OK, "%2e%2e/x", false},
	{"slash escaped twice", TEXT("/..%252fx"), OK, "..%2fx", false},
	{"overlong dots", TEXT("/%c0%ae%c0%ae/x"), OK, "\xc0\xae\xc0\xae/x", false},
	{"overlong slash", TEXT("/..%c0%af..%c0%afx"), OK, "..\xc0\xaf..\xc0\xafx", false},
	{"full-width slash", TEXT("/..%ef%bc%8fx"), OK, "..\xef\xbc\x8fx", false},
	{"full-width dots", TEXT("/%ef%bc%8e%ef%bc%8e/x"), OK, "\xef\xbc\x8e\xef\xbc\x8e/x", false},
	{"path parameter", TEXT("/..;/x"), OK, "..;/x", false},
	{"three dots", TEXT("/.../x"), OK, ".../x", false},
	{"four dots", TEXT("/..../x"), OK, "..../x", false},
	{"blank behind the dots", TEXT("/..%20/x"), OK, ".. /x", false},
	{"plus behind the dots", TEXT("/..+/x"), OK, "..+/x", false},
};

static void check_row(const struct row *row, enum fsrv__path_form form)
{
	struct fsrv__text target = guard_text(row->target);
	struct fsrv__path path;
	enum fsrv__path_verdict verdict = fsrv__path_parse(target, form, &path);

	ck_assert_msg(verdict == row->verdict, "%s: got %d", row->name, (int)verdict);
	if (verdict == OK) {
		ck_assert_msg(path_is_safe(&path), "%s: not safe", row->name);
		ck_assert_msg(strcmp(path.text, row->path) == 0, "%s: got \"%s\"", row->name, path.text);
		ck_assert_msg(path.directory == row->directory, "%s: directory is %d", row->name,
			      path.directory);
	}
	guard_text_free(target);
}

START_TEST(parses_raw)
{
	check_row(&plain[_i], RAW);
}
END_TEST

START_TEST(parses_decoded)
{
	check_row(&plain[_i], DECODED);
}
END_TEST

START_TEST(parses_only_raw)
{
	check_row(&raw[_i], RAW);
}
END_TEST

START_TEST(parses_only_decoded)
{
	check_row(&decoded[_i], DECODED);
}
END_TEST

START_TEST(does_not_leave_the_root)
{
	check_row(&traversal[_i], RAW);
}
END_TEST

static enum fsrv__path_verdict parse(const char *bytes, size_t length, enum fsrv__path_form form,
				     struct fsrv__path *path)
{
	struct fsrv__text target = guard_text((struct fsrv__text){bytes, length});
	enum fsrv__path_verdict verdict = fsrv__path_parse(target, form, path);

	ck_assert(verdict != OK || path_is_safe(path));
	guard_text_free(target);
	return verdict;
}

static bool is_control(int byte)
{
	return byte < 0x20 || byte == 0x7f;
}

static void judge_one_byte(int byte)
{
	bool refused = is_control(byte) || byte == '\\';
	char target[] = {'/', 'a', (char)byte, 'b'};
	struct fsrv__path path;

	ck_assert_int_eq(parse(target, sizeof(target), DECODED, &path), refused ? MALFORMED : OK);
	refused = refused || byte == ' ' || byte == '#' || byte == '%';
	ck_assert_int_eq(parse(target, sizeof(target), RAW, &path), refused ? MALFORMED : OK);
}

START_TEST(judges_every_byte)
{
	for (int byte = 0; byte < 256; byte++)
		judge_one_byte(byte);
}
END_TEST

static void judge_one_escape(int byte)
{
	bool refused = is_control(byte) || byte == '\\' || byte == '/';
	char target[8], want[] = {'a', (char)byte, 'b', '\0'};

	for (int upper = 0; upper < 2; upper++) {
		struct fsrv__path path;

		snprintf(target, sizeof(target), upper ? "/a%%%02Xb" : "/a%%%02xb", (unsigned)byte);
		ck_assert_int_eq(parse(target, 6, RAW, &path), refused ? MALFORMED : OK);
		if (!refused)
			ck_assert_str_eq(path.text, want);
	}
}

START_TEST(judges_every_escape)
{
	for (int byte = 0; byte < 256; byte++)
		judge_one_escape(byte);
}
END_TEST

static void judge_hex_digit(int byte)
{
	bool is_hex = byte != 0 && strchr("0123456789abcdefABCDEF", byte) != NULL;
	char low[] = {'/', '%', '4', (char)byte}, high[] = {'/', '%', (char)byte, '1'};
	bool is_clean = byte != '0' && byte != '1'; /* 01 and 11 are control bytes */
	struct fsrv__path path;

	ck_assert_int_eq(parse(low, sizeof(low), RAW, &path), is_hex ? OK : MALFORMED);
	ck_assert_int_eq(parse(high, sizeof(high), RAW, &path), is_hex && is_clean ? OK : MALFORMED);
}

START_TEST(accepts_hex_digits_only)
{
	for (int byte = 0; byte < 256; byte++)
		judge_hex_digit(byte);
}
END_TEST

START_TEST(stays_inside_every_prefix)
{
	static const char whole[] = "HTTPS://user@host:80/a/%41/../.well-known/./b%20c//d%C3%A4/../..//%7e";
	enum fsrv__path_form forms[] = {RAW, DECODED};
	struct fsrv__path path;

	for (size_t length = 0; length < sizeof(whole); length++)
		for (int i = 0; i < LEN(forms); i++)
			parse(whole, length, forms[i], &path);
}
END_TEST

/* A slash, count bytes in segments of 100, and the rest behind them. */
static size_t make_long(char *target, size_t count, const char *rest)
{
	target[0] = '/';
	for (size_t i = 1; i <= count; i++)
		target[i] = i % 100 == 0 && i < count ? '/' : 'a';
	memcpy(target + 1 + count, rest, strlen(rest));
	return 1 + count + strlen(rest);
}

static const struct {
	const char *name;
	size_t count;
	const char *rest;
	enum fsrv__path_verdict verdict;
	size_t length;
	bool directory;
} long_ones[] = {
	{"one below the longest", FSRV__PATH_SIZE - 2, "", OK, FSRV__PATH_SIZE - 2, false},
	{"the longest that Linux looks up", FSRV__PATH_SIZE - 1, "", OK, FSRV__PATH_SIZE - 1, false},
	{"the longest, with a slash", FSRV__PATH_SIZE - 1, "/", OK, FSRV__PATH_SIZE - 1, true},
	{"the longest, with slashes", FSRV__PATH_SIZE - 1, "////", OK, FSRV__PATH_SIZE - 1, true},
	{"one too long", FSRV__PATH_SIZE, "", NOWHERE, 0, false},
	{"one too long, with a slash", FSRV__PATH_SIZE, "/", NOWHERE, 0, false},
	{"one too long behind a slash", FSRV__PATH_SIZE - 1, "/a", NOWHERE, 0, false},
	{"one too long behind a slash, dot", FSRV__PATH_SIZE - 1, "/.", NOWHERE, 0, false},
	{"one too long by an escape", FSRV__PATH_SIZE - 1, "%41", NOWHERE, 0, false},
	{"far too long", FSRV__PATH_SIZE * 3, "", NOWHERE, 0, false},
	{"far too long and malformed", FSRV__PATH_SIZE * 3, "%00", MALFORMED, 0, false},
	{"far too long on the way to a short one", FSRV__PATH_SIZE, "/..", NOWHERE, 0, false},
	{"dot behind a nearly longest", FSRV__PATH_SIZE - 3, "/.", OK, FSRV__PATH_SIZE - 3, true},
};

START_TEST(limits_the_length)
{
	char *target = malloc(FSRV__PATH_SIZE * 4);
	size_t length = make_long(target, long_ones[_i].count, long_ones[_i].rest);
	struct fsrv__path path;
	enum fsrv__path_verdict verdict = parse(target, length, RAW, &path);

	ck_assert_msg(verdict == long_ones[_i].verdict, "%s: got %d", long_ones[_i].name, (int)verdict);
	if (verdict == OK) {
		ck_assert_msg(path.length == long_ones[_i].length, "%s: length %zu", long_ones[_i].name,
			      path.length);
		ck_assert_msg(path.directory == long_ones[_i].directory, "%s: directory", long_ones[_i].name);
	}
	free(target);
}
END_TEST

/* Escapes and slashes take room in the target that they do not take in the path. */
START_TEST(limits_the_path_not_the_target)
{
	static char target[FSRV__PATH_SIZE * 3];
	struct fsrv__path path;

	memset(target, '/', sizeof(target));
	ck_assert_int_eq(parse(target, sizeof(target), RAW, &path), OK);
	for (size_t i = 1; i + 3 <= sizeof(target); i += 3)
		memcpy(target + i, "%41", 3);
	ck_assert_int_eq(parse(target, 1 + 3 * (FSRV__PATH_SIZE - 1), RAW, &path), OK);
	ck_assert_uint_eq(path.length, FSRV__PATH_SIZE - 1);
}
END_TEST

static const struct {
	const char *target;
	bool hidden;
	const char *name;
} names[] = {
	{"/", false, ""},
	{"/a", false, "a"},
	{"/a/b.c", false, "b.c"},
	{"/a/b.c/", false, "b.c"},
	{"/.a", true, ".a"},
	{"/.a/", true, ".a"},
	{"/.git/config", true, "config"},
	{"/a/.git/config", true, "config"},
	{"/a/b/.htaccess", true, ".htaccess"},
	{"/%2ehtaccess", true, ".htaccess"},
	{"/./.htaccess", true, ".htaccess"},
	{"/a/../.htaccess", true, ".htaccess"},
	{"/.a/../b", false, "b"},
	{"/a.b", false, "a.b"},
	{"/a./b", false, "b"},
	{"/..a", false, "..a"},
	{"/...", false, "..."},
	{"/.well-known", false, ".well-known"},
	{"/.well-known/", false, ".well-known"},
	{"/.well-known/security.txt", false, "security.txt"},
	{"/%2Ewell%2Dknown/security.txt", false, "security.txt"},
	{"/.well-known/.git", true, ".git"},
	{"/.well-known/.well-known", true, ".well-known"},
	{"/a/.well-known/x", true, "x"},
	{"/.well-knownx/x", true, "x"},
	{"/.well-know/x", true, "x"},
	{"/.Well-Known/x", true, "x"},
};

START_TEST(tells_hidden_names_and_the_last_name)
{
	struct fsrv__path path;

	ck_assert_int_eq(parse(names[_i].target, strlen(names[_i].target), RAW, &path), OK);
	ck_assert_msg(fsrv__path_is_hidden(&path) == names[_i].hidden, "%s", names[_i].target);
	ck_assert_msg(strcmp(fsrv__path_name(&path), names[_i].name) == 0, "%s: got \"%s\"", names[_i].target,
		      fsrv__path_name(&path));
}
END_TEST

static const struct {
	const char *prefix; /* "" for none */
	const char *target;
	enum fsrv__prefix_verdict verdict;
	const char *rest;
	bool directory;
} prefixes[] = {
	{"", "/", FSRV__PREFIX_REMOVED, "", true},
	{"", "/a/b", FSRV__PREFIX_REMOVED, "a/b", false},
	{"p", "/p/a", FSRV__PREFIX_REMOVED, "a", false},
	{"p", "/p/a/b/", FSRV__PREFIX_REMOVED, "a/b", true},
	{"p", "/p/p", FSRV__PREFIX_REMOVED, "p", false},
	{"p", "/p/", FSRV__PREFIX_REMOVED, "", true},
	{"p", "/p/.", FSRV__PREFIX_REMOVED, "", true},
	{"p", "/p/a/..", FSRV__PREFIX_REMOVED, "", true},
	{"p", "//p//a", FSRV__PREFIX_REMOVED, "a", false},
	{"p", "/x/../p/a", FSRV__PREFIX_REMOVED, "a", false},
	{"p", "/%70/a", FSRV__PREFIX_REMOVED, "a", false},
	{"p", "http://host/p/a", FSRV__PREFIX_REMOVED, "a", false},
	{"p", "/p", FSRV__PREFIX_ALONE, "p", false},
	{"p", "http://host/p", FSRV__PREFIX_ALONE, "p", false},
	{"p", "/x/../p", FSRV__PREFIX_ALONE, "p", false},
	{"p", "/", FSRV__PREFIX_ABSENT, "", true},
	{"p", "/px", FSRV__PREFIX_ABSENT, "px", false},
	{"p", "/px/", FSRV__PREFIX_ABSENT, "px", true},
	{"p", "/px/a", FSRV__PREFIX_ABSENT, "px/a", false},
	{"p", "/P/a", FSRV__PREFIX_ABSENT, "P/a", false},
	{"p", "/a/p", FSRV__PREFIX_ABSENT, "a/p", false},
	{"p", "/p/../a", FSRV__PREFIX_ABSENT, "a", false},
	{"p", "http://p/a", FSRV__PREFIX_ABSENT, "a", false},
	{"p/q", "/p/q/a", FSRV__PREFIX_REMOVED, "a", false},
	{"p/q", "/p/q/", FSRV__PREFIX_REMOVED, "", true},
	{"p/q", "/p/q", FSRV__PREFIX_ALONE, "p/q", false},
	{"p/q", "/p/", FSRV__PREFIX_ABSENT, "p", true},
	{"p/q", "/p/qa", FSRV__PREFIX_ABSENT, "p/qa", false},
	{"p/q", "/p/q/../q/a", FSRV__PREFIX_REMOVED, "a", false},
};

START_TEST(removes_a_prefix)
{
	struct fsrv__path path;
	enum fsrv__prefix_verdict verdict;

	ck_assert_int_eq(parse(prefixes[_i].target, strlen(prefixes[_i].target), RAW, &path), OK);
	verdict = fsrv__path_remove_prefix(&path, text_of(prefixes[_i].prefix));
	ck_assert_msg(verdict == prefixes[_i].verdict && strcmp(path.text, prefixes[_i].rest) == 0 &&
			      path.length == strlen(path.text) && path.directory == prefixes[_i].directory,
		      "%s: got %d, \"%s\"", prefixes[_i].target, (int)verdict, path.text);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("path");
	TCase *table = tcase_create("table");
	TCase *bytes = tcase_create("bytes");
	TCase *limits = tcase_create("limits");

	tcase_add_loop_test(table, parses_raw, 0, LEN(plain));
	tcase_add_loop_test(table, parses_decoded, 0, LEN(plain));
	tcase_add_loop_test(table, parses_only_raw, 0, LEN(raw));
	tcase_add_loop_test(table, parses_only_decoded, 0, LEN(decoded));
	tcase_add_loop_test(table, does_not_leave_the_root, 0, LEN(traversal));
	tcase_add_loop_test(table, tells_hidden_names_and_the_last_name, 0, LEN(names));
	tcase_add_loop_test(table, removes_a_prefix, 0, LEN(prefixes));
	suite_add_tcase(suite, table);
	tcase_add_test(bytes, judges_every_byte);
	tcase_add_test(bytes, judges_every_escape);
	tcase_add_test(bytes, accepts_hex_digits_only);
	tcase_add_test(bytes, stays_inside_every_prefix);
	suite_add_tcase(suite, bytes);
	tcase_add_loop_test(limits, limits_the_length, 0, LEN(long_ones));
	tcase_add_test(limits, limits_the_path_not_the_target);
	suite_add_tcase(suite, limits);
	return suite;
}
