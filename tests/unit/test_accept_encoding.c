/* Accept-Encoding: which codings are tried, in which order, and whether the file itself is accepted. */
#include <stdio.h>
#include <string.h>

#include "http/accept_encoding.h"
#include "suite.h"
#include "texts.h"

/* lines end with NULL; wanted codings in their order, and whether identity is accepted. */
static const struct {
	const char *name;
	const char *lines[4];
	const char *wanted;
	bool identity;
} cases[] = {
	{"no field", {NULL}, "", true},
	{"an empty field", {""}, "", true},
	{"blanks and commas", {" ,\t, ,"}, "", true},
	{"a browser", {"gzip, deflate, br, zstd"}, "br zstd gzip", true},
	{"a media element of Chromium", {"identity;q=1, *;q=0"}, "", true},
	{"gzip alone", {"gzip"}, "gzip", true},
	{"x-gzip", {"x-gzip"}, "gzip", true},
	{"another letter case", {"GZip, BR"}, "br gzip", true},
	{"only unknown ones", {"deflate, compress;q=0.5, dcb"}, "", true},
	{"a longer and a shorter name", {"gzipp, b, brr, zst"}, "", true},
	{"several lines", {"gzip", "zstd", "br;q=0.5"}, "zstd gzip br", true},
	{"weights", {"br;q=0.1, gzip;q=0.9, zstd;q=0.5"}, "gzip zstd br", true},
	{"three digits", {"br;q=0.998, gzip;q=0.999"}, "gzip br", true},
	{"equal weights", {"gzip;q=0.5, zstd;q=0.5, br;q=0.5"}, "br zstd gzip", true},
	{"weight 0", {"br;q=0, zstd;q=0.000, gzip"}, "gzip", true},
	{"weight 1.000", {"br;q=1.000, gzip;q=1.00, zstd;q=1."}, "br zstd gzip", true},
	{"blanks around", {"\tgzip ; q=0.5 ,br\t;\tQ=0.25 "}, "gzip br", true},
	{"asterisk", {"*"}, "br zstd gzip", true},
	{"asterisk with a weight", {"*;q=0.5, gzip"}, "gzip br zstd", true},
	{"asterisk without one", {"*, br;q=0"}, "zstd gzip", true},
	{"asterisk with 0", {"gzip, *;q=0"}, "gzip", false},
	{"nothing at all", {"*;q=0"}, "", false},
	{"nothing but identity", {"identity, *;q=0"}, "", true},
	{"identity alone", {"identity"}, "", true},
	{"no identity", {"identity;q=0"}, "", false},
	{"no identity but gzip", {"gzip;q=0.001, identity;q=0"}, "gzip", false},
	{"no identity, anything else", {"identity;q=0, *"}, "br zstd gzip", false},
	{"identity before asterisk", {"identity;q=0.5, *;q=0"}, "", true},
	{"identity liked better", {"br;q=0.5, gzip;q=0.8, identity;q=0.7"}, "gzip", true},
	{"identity liked best", {"br;q=0.5, identity"}, "", true},
	{"identity liked as well", {"br;q=0.5, identity;q=0.5"}, "br", true},
	{"the first of two", {"gzip;q=0.5, gzip;q=0, br;q=0, br"}, "gzip", true},
	{"x-gzip after gzip", {"gzip;q=0, x-gzip"}, "", true},
	{"a weight too large", {"gzip;q=1.001, br;q=2"}, "", true},
	{"a negative weight", {"gzip;q=-1"}, "", true},
	{"a weight with a sign", {"gzip;q=+1"}, "", true},
	{"four digits", {"gzip;q=0.1234"}, "", true},
	{"no digits", {"gzip;q=, br;q=., zstd;q"}, "", true},
	{"other digits", {"gzip;q=0.x, br;q=0,5, zstd;q=00"}, "", true},
	{"a weight without a point", {"gzip;q=01"}, "", true},
	{"another parameter", {"gzip;level=1, br;q=1;q=1"}, "", true},
	{"a malformed refusal of identity", {"identity;q=zero"}, "", true},
	{"blanks inside", {"gz ip, br;q= 1, zstd;q =1"}, "", true},
	{"a semicolon alone", {"gzip;, ;q=1, ;"}, "", true},
	{"control bytes", {"gzip\v, br\x80"}, "", true},
};

static void write_order(const struct fsrv__coding_order *order, char text[64])
{
	bool seen[FSRV__N_CODINGS] = {false};

	text[0] = '\0';
	for (unsigned i = 0; i < FSRV__N_CODINGS; i++) {
		ck_assert(!seen[order->codings[i]]);
		seen[order->codings[i]] = true;
		if (i >= order->n_wanted)
			continue;
		strcat(text, i > 0 ? " " : "");
		strcat(text, fsrv__coding_name(order->codings[i]));
	}
}

START_TEST(ranks)
{
	struct fsrv__accept_encoding accept = {{0}, 0, 0};
	struct fsrv__coding_order order;
	char wanted[64];

	for (int i = 0; i < LEN(cases[_i].lines) && cases[_i].lines[i] != NULL; i++) {
		struct fsrv__text line = {cases[_i].lines[i], strlen(cases[_i].lines[i])};

		line = guard_text(line);
		fsrv__accept_encoding_add(&accept, line);
		guard_text_free(line);
	}
	fsrv__accept_encoding_rank(&accept, &order);
	write_order(&order, wanted);
	ck_assert_msg(strcmp(wanted, cases[_i].wanted) == 0, "%s: \"%s\"", cases[_i].name, wanted);
	ck_assert_msg(order.accepts_identity == cases[_i].identity, "%s: identity", cases[_i].name);
}
END_TEST

static const struct {
	const char *name;
	int coding;
} files[] = {
	{"a.js.br", FSRV__CODING_BR},
	{"a.js.zst", FSRV__CODING_ZSTD},
	{"a.gz", FSRV__CODING_GZIP},
	{"a.tar.gz", FSRV__CODING_GZIP},
	{"a.js", -1},
	{"gz", -1},
	{".gz", -1},
	{"a.GZ", -1},
	{"a.gz.js", -1},
	{"a.zstd", -1},
	{"a.tgz", -1},
	{"", -1},
	{"a.", -1},
	{"a.b", -1},
};

START_TEST(knows_endings)
{
	ck_assert_msg(fsrv__coding_of_file(files[_i].name) == files[_i].coding, "%s", files[_i].name);
}
END_TEST

START_TEST(names_and_endings_agree)
{
	char name[16];

	for (int i = 0; i < FSRV__N_CODINGS; i++) {
		const char *ending = fsrv__coding_ending((enum fsrv__coding)i);

		ck_assert_uint_lt(strlen(ending), FSRV__CODING_ENDING_SIZE);
		snprintf(name, sizeof(name), "x%s", ending);
		ck_assert_int_eq(fsrv__coding_of_file(name), i);
	}
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("accept_encoding");
	TCase *tc = tcase_create("field");

	tcase_add_loop_test(tc, ranks, 0, LEN(cases));
	suite_add_tcase(suite, tc);
	tc = tcase_create("names");
	tcase_add_loop_test(tc, knows_endings, 0, LEN(files));
	tcase_add_test(tc, names_and_endings_agree);
	suite_add_tcase(suite, tc);
	return suite;
}
