#include "http/fallback_pages.h"
#include "suite.h"
#include "texts.h"

#define NAME_LIMIT (FSRV__PATH_SIZE - 1)

static struct fsrv__path path_of(const char *target)
{
	struct fsrv__path path;

	ck_assert_int_eq(fsrv__path_parse(text_of(target), FSRV__PATH_RAW, &path), FSRV__PATH_OK);
	return path;
}

static const struct fsrv__fallback_pages none = {false, {NULL, 0}, {NULL, 0}};
static const struct fsrv__fallback_pages clean = {true, {NULL, 0}, {NULL, 0}};
static const struct fsrv__fallback_pages spa = {false, TEXT("index.html"), {NULL, 0}};
static const struct fsrv__fallback_pages lost = {false, {NULL, 0}, TEXT("e/404.html")};
static const struct fsrv__fallback_pages all = {true, TEXT("index.html"), TEXT("e/404.html")};

enum { HTML = FSRV__TRY_HTML, SPA = FSRV__TRY_SPA, LOST = FSRV__TRY_NOT_FOUND };

static const struct {
	const char *target;
	const struct fsrv__fallback_pages *pages;
	unsigned for_browsers, for_others, when_hidden; /* the last one for browsers */
	bool needs_accept;
} choices[] = {
	{"/a", &none, 0, 0, 0, false},
	{"/a", &clean, HTML, HTML, 0, false},
	{"/a/b", &clean, HTML, HTML, 0, false},
	{"/v1.2", &clean, HTML, HTML, 0, false},
	{"/a/", &clean, 0, 0, 0, false},
	{"/", &clean, 0, 0, 0, false},
	{"/a.html", &clean, 0, 0, 0, false},
	{"/.html", &clean, 0, 0, 0, false},
	{"/a.htm", &clean, HTML, HTML, 0, false},
	{"/a", &spa, SPA, 0, SPA, true},
	{"/a/", &spa, SPA, 0, SPA, true},
	{"/", &spa, SPA, 0, SPA, true},
	{"/a.b/c", &spa, SPA, 0, SPA, true},
	{"/a.b/", &spa, SPA, 0, SPA, true},
	{"/a/.git", &spa, SPA, 0, SPA, true},
	{"/a.", &spa, SPA, 0, SPA, true},
	{"/a%2Ejs", &spa, 0, 0, 0, false},
	{"/x.js", &spa, 0, 0, 0, false},
	{"/a/x.html", &spa, 0, 0, 0, false},
	{"/.a.js", &spa, 0, 0, 0, false},
	{"/a", &lost, LOST, 0, LOST, true},
	{"/x.js", &lost, 0, 0, 0, false},
	{"/a", &all, HTML | SPA | LOST, HTML, SPA | LOST, true},
	{"/x.js", &all, HTML, HTML, 0, false},
	{"/a/", &all, SPA | LOST, 0, SPA | LOST, true},
};

START_TEST(chooses)
{
	const struct fsrv__fallback_pages *pages = choices[_i].pages;
	struct fsrv__path path = path_of(choices[_i].target);

	ck_assert_uint_eq(fsrv__fallback_pages_choose(pages, &path, false, true), choices[_i].for_browsers);
	ck_assert_uint_eq(fsrv__fallback_pages_choose(pages, &path, false, false), choices[_i].for_others);
	ck_assert_uint_eq(fsrv__fallback_pages_choose(pages, &path, true, true), choices[_i].when_hidden);
	ck_assert_int_eq(fsrv__fallback_pages_need_accept(pages, &path), choices[_i].needs_accept);
}
END_TEST

static const struct {
	const char *target;
	enum fsrv__try try;
	const char *path;
} paths[] = {
	{"/about", FSRV__TRY_HTML, "about.html"},     {"/a/b", FSRV__TRY_HTML, "a/b.html"},
	{"/a/b", FSRV__TRY_SPA, "index.html"},        {"/a/b/", FSRV__TRY_SPA, "index.html"},
	{"/a/b/", FSRV__TRY_NOT_FOUND, "e/404.html"},
};

START_TEST(writes_the_path)
{
	struct fsrv__path requested = path_of(paths[_i].target), path;

	ck_assert(fsrv__fallback_pages_path(&all, paths[_i].try, &requested, &path));
	ck_assert_str_eq(path.text, paths[_i].path);
	ck_assert_uint_eq(path.length, strlen(paths[_i].path));
	ck_assert(!path.directory);
}
END_TEST

START_TEST(knows_what_is_too_long)
{
	char target[FSRV__PATH_SIZE + 1];
	struct fsrv__path requested, path;

	for (size_t length = NAME_LIMIT - 6; length <= NAME_LIMIT; length++) {
		memset(target, 'a', sizeof(target));
		target[0] = '/';
		target[length + 1] = '\0';
		requested = path_of(target);
		ck_assert_int_eq(fsrv__fallback_pages_path(&all, FSRV__TRY_HTML, &requested, &path),
				 length + strlen(".html") <= NAME_LIMIT);
		ck_assert(fsrv__fallback_pages_path(&all, FSRV__TRY_SPA, &requested, &path));
	}
}
END_TEST

static const struct {
	const char *name;
	const char *path; /* NULL: refused */
} names[] = {
	{"index.html", "index.html"},
	{"/index.html", "index.html"},
	{"./errors//404.html", "errors/404.html"},
	{"a/../b", "b"},
	{"100%.html", "100%.html"},
	{".app/start", ".app/start"},
	{"http://a/b", "http:/a/b"},
	{"", NULL},
	{"/", NULL},
	{".", NULL},
	{"a/", NULL},
	{"a/..", NULL},
	{"../a", NULL},
	{"a\\b", NULL},
	{"a\nb", NULL},
};

START_TEST(reads_names_of_pages)
{
	struct fsrv__path path;

	ck_assert_msg(fsrv__fallback_page_parse(names[_i].name, &path) == (names[_i].path != NULL), "%s",
		      names[_i].name);
	if (names[_i].path != NULL)
		ck_assert_str_eq(path.text, names[_i].path);
}
END_TEST

START_TEST(refuses_long_names)
{
	char name[FSRV__PATH_SIZE + 1];
	struct fsrv__path path;

	memset(name, 'a', sizeof(name));
	name[NAME_LIMIT] = '\0';
	ck_assert(fsrv__fallback_page_parse(name, &path));
	name[NAME_LIMIT] = 'a';
	name[NAME_LIMIT + 1] = '\0';
	ck_assert(!fsrv__fallback_page_parse(name, &path));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("fallback_pages");
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, chooses, 0, LEN(choices));
	tcase_add_loop_test(table, writes_the_path, 0, LEN(paths));
	tcase_add_test(table, knows_what_is_too_long);
	tcase_add_loop_test(table, reads_names_of_pages, 0, LEN(names));
	tcase_add_test(table, refuses_long_names);
	suite_add_tcase(suite, table);
	return suite;
}
