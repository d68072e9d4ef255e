/* The source itself, for the table that it keeps to itself. */
#include "http/mime.c"

#include <stdbool.h>

#include "suite.h"

static const struct {
	const char *name;
	const char *extension; /* NULL: none */
	const char *media_type;
} cases[] = {
	{"index.html", "html", "text/html"},
	{"INDEX.HTML", "HTML", "text/html"},
	{"a.HtM", "HtM", "text/html"},
	{"a.js", "js", "text/javascript; charset=utf-8"},
	{"a.mjs", "mjs", "text/javascript; charset=utf-8"},
	{"a.json", "json", "application/json; charset=utf-8"},
	{"a.map", "map", "application/json; charset=utf-8"},
	{"a.min.js.map", "map", "application/json; charset=utf-8"},
	{"a.css", "css", "text/css; charset=utf-8"},
	{"a.svg", "svg", "image/svg+xml"},
	{"a.xml", "xml", "text/xml"},
	{"a.txt", "txt", "text/plain; charset=utf-8"},
	{"a.vtt", "vtt", "text/vtt; charset=utf-8"},
	{"a.cube", "cube", "text/plain; charset=utf-8"},
	{"a.wasm", "wasm", "application/wasm"},
	{"a.mp4", "mp4", "video/mp4"},
	{"a.webm", "webm", "video/webm"},
	{"a.mov", "mov", "video/quicktime"},
	{"a.m4a", "m4a", "audio/mp4"},
	{"a.mp3", "mp3", "audio/mpeg"},
	{"a.ogg", "ogg", "audio/ogg"},
	{"a.opus", "opus", "audio/ogg"},
	{"a.flac", "flac", "audio/flac"},
	{"a.wav", "wav", "audio/wav"},
	{"a.woff2", "woff2", "font/woff2"},
	{"a.avif", "avif", "image/avif"},
	{"a.webp", "webp", "image/webp"},
	{"a.png", "png", "image/png"},
	{"a.JPG", "JPG", "image/jpeg"},
	{"a.glb", "glb", "model/gltf-binary"},
	{"a.m3u8", "m3u8", "application/vnd.apple.mpegurl"},
	{"a.mpd", "mpd", "application/dash+xml"},
	{"a.tar.gz", "gz", "application/gzip"},
	{"a.3g2", "3g2", "video/3gpp2"},
	{"a.zst", "zst", "application/zstd"},
	{"a.jsonl", "jsonl", "application/jsonl; charset=utf-8"},
	{"a.svgz", "svgz", "image/svg+xml"},
	{"a.ass", "ass", "text/x-ssa; charset=utf-8"},
	{"a.patch", "patch", "text/x-diff; charset=utf-8"},
	{"a.plist", "plist", "application/x-plist"},
	{"a.pmtiles", "pmtiles", "application/vnd.pmtiles"},
	{"a.mbtiles", "mbtiles", "application/vnd.sqlite3"},
	{"a.3mf", "3mf", "model/3mf"},
	{"a.splat", "splat", "application/octet-stream"},
	{"a.webmanifest", "webmanifest", "application/manifest+json; charset=utf-8"},
	{"a", NULL, NULL},
	{"", NULL, NULL},
	{".", NULL, NULL},
	{"a.", NULL, NULL},
	{"a..", NULL, NULL},
	{".html", NULL, NULL},
	{".htaccess", NULL, NULL},
	{"..html", "html", "text/html"},
	{".a.html", "html", "text/html"},
	{"html", NULL, NULL},
	{"a.unknown", "unknown", NULL},
	{"a.html ", "html ", NULL},
	{"a. html", " html", NULL},
	{"a.html~", "html~", NULL},
	{"a.htm\xc4\xb1", "htm\xc4\xb1", NULL},
	{"a.\xff", "\xff", NULL},
	{"a.webmanifests", "webmanifests", NULL},
	{"a.webmanifestss", "webmanifestss", NULL},
	{"a.a_very_long_extension_that_nobody_uses", "a_very_long_extension_that_nobody_uses", NULL},
};

START_TEST(knows)
{
	const char *extension = fsrv__mime_extension(cases[_i].name);

	ck_assert_msg((extension == NULL) == (cases[_i].extension == NULL), "%s", cases[_i].name);
	if (extension != NULL)
		ck_assert_str_eq(extension, cases[_i].extension);
	if (cases[_i].media_type != NULL)
		ck_assert_str_eq(fsrv__mime_type(extension), cases[_i].media_type);
	else
		ck_assert_ptr_null(fsrv__mime_type(extension));
}
END_TEST

START_TEST(knows_nothing_of_an_empty_extension)
{
	ck_assert_ptr_null(fsrv__mime_type(""));
}
END_TEST

static const struct {
	const char *name;
	bool is_text;
} names[] = {
	{"README", true},   {"readme", true},   {"LICENSE", true},  {"Makefile", true}, {"makefile", true},
	{"COPYING", true},  {"VERSION", true},  {"READMEs", false}, {"READM", false},   {"", false},
	{".README", false}, {"README ", false}, {"about", false},
};

START_TEST(knows_names_of_texts)
{
	const char *type = fsrv__mime_type_of_name(names[_i].name);

	ck_assert_msg((type != NULL) == names[_i].is_text, "%s", names[_i].name);
	if (type != NULL)
		ck_assert_str_eq(type, "text/plain; charset=utf-8");
}
END_TEST

START_TEST(knows_the_coding_of_svgz)
{
	ck_assert_str_eq(fsrv__mime_coding("image/svg+xml; charset=utf-8", "a.svgz"), "gzip");
	ck_assert_str_eq(fsrv__mime_coding("image/svg+xml", "a.b.SVGZ"), "gzip");
	ck_assert_ptr_null(fsrv__mime_coding("image/svg+xml", "a.svg"));
	ck_assert_ptr_null(fsrv__mime_coding("image/svg+xml", "svgz"));
	ck_assert_ptr_null(fsrv__mime_coding("image/svg+xml", "a.svgz.svg"));
	ck_assert_ptr_null(fsrv__mime_coding("application/gzip", "a.svgz"));
	ck_assert_ptr_null(fsrv__mime_coding("", "a.svgz"));
}
END_TEST

START_TEST(knows_what_lacks_a_charset)
{
	ck_assert(fsrv__mime_lacks_charset("text/html"));
	ck_assert(fsrv__mime_lacks_charset("Text/HTML"));
	ck_assert(!fsrv__mime_lacks_charset("text/html; charset=utf-8"));
	ck_assert(!fsrv__mime_lacks_charset("text/htm"));
	ck_assert(!fsrv__mime_lacks_charset("application/xhtml+xml"));
	ck_assert(!fsrv__mime_lacks_charset(""));
}
END_TEST

START_TEST(is_sorted_and_in_lower_case)
{
	ck_assert_uint_gt(N_TYPES, 190); /* fsrv/fsrv.h promises more */
	for (unsigned i = 0; i < N_TYPES; i++) {
		size_t length = strlen(types[i].extension);

		ck_assert_msg(length > 0 && length <= MAX_EXTENSION, "%s: length", types[i].extension);
		ck_assert_msg(strspn(types[i].extension, "abcdefghijklmnopqrstuvwxyz0123456789") == length,
			      "%s", types[i].extension);
		ck_assert_msg(i == 0 || strcmp(types[i - 1].extension, types[i].extension) < 0,
			      "%s is out of order", types[i].extension);
	}
}
END_TEST

START_TEST(finds_every_entry)
{
	for (unsigned i = 0; i < N_TYPES; i++) {
		char upper[MAX_EXTENSION + 1] = {0};

		for (size_t at = 0; types[i].extension[at] != '\0'; at++)
			upper[at] = (char)(types[i].extension[at] >= 'a' ? types[i].extension[at] - 0x20
									 : types[i].extension[at]);
		ck_assert_ptr_eq(fsrv__mime_type(types[i].extension), types[i].media_type);
		ck_assert_ptr_eq(fsrv__mime_type(upper), types[i].media_type);
	}
}
END_TEST

static bool has_suffix(const char *text, size_t length, const char *suffix)
{
	size_t size = strlen(suffix);

	return length >= size && memcmp(text + length - size, suffix, size) == 0;
}

static bool is_text(const char *type, size_t length)
{
	return strncmp(type, "text/", 5) == 0 || has_suffix(type, length, "json") ||
	       has_suffix(type, length, "json5");
}

/* Documents of these types name their own encoding. */
static bool is_markup(const char *type, size_t length)
{
	return has_suffix(type, length, "xml") || has_suffix(type, length, "html");
}

/* type/subtype of lower case tokens, and charset=utf-8 for what is text and no markup. */
START_TEST(has_well_formed_types)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz0123456789.+-";

	for (unsigned i = 0; i < N_TYPES; i++) {
		const char *type = types[i].media_type;
		size_t top = strspn(type, token), sub;
		bool has_charset;

		ck_assert_msg(top > 0 && type[top] == '/', "%s", type);
		sub = strspn(type + top + 1, token);
		ck_assert_msg(sub > 0, "%s", type);
		has_charset = strcmp(type + top + 1 + sub, "; charset=utf-8") == 0;
		ck_assert_msg(has_charset || type[top + 1 + sub] == '\0', "%s", type);
		if (is_markup(type, top + 1 + sub))
			ck_assert_msg(!has_charset, "%s", type);
		else
			ck_assert_msg(has_charset || !is_text(type, top + 1 + sub), "%s", type);
	}
}
END_TEST

START_TEST(recognizes_html)
{
	ck_assert(fsrv__mime_is_html("text/html"));
	ck_assert(fsrv__mime_is_html("text/html; charset=utf-8"));
	ck_assert(fsrv__mime_is_html("text/html ;charset=utf-8"));
	ck_assert(!fsrv__mime_is_html("text/htmlx"));
	ck_assert(!fsrv__mime_is_html("text/plain"));
	ck_assert(!fsrv__mime_is_html("application/xhtml+xml"));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("mime");
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, knows, 0, LEN(cases));
	tcase_add_test(table, knows_nothing_of_an_empty_extension);
	tcase_add_loop_test(table, knows_names_of_texts, 0, LEN(names));
	tcase_add_test(table, knows_the_coding_of_svgz);
	tcase_add_test(table, knows_what_lacks_a_charset);
	tcase_add_test(table, is_sorted_and_in_lower_case);
	tcase_add_test(table, finds_every_entry);
	tcase_add_test(table, has_well_formed_types);
	tcase_add_test(table, recognizes_html);
	suite_add_tcase(suite, table);
	return suite;
}
