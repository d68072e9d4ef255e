/* The options spa_page, not_found_page and FSRV_CLEAN_URLS, alone and before the program's own fallback. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fsrv/fsrv.h"
#include "fsrv/resource.h"
#include "serving.h"
#include "suite.h"
#include "tree.h"

/* A thread for each connection; one thread that suspends; a loop of the program's own that suspends. Each
 * without and with scripts. */
static const int modes[] = {7, 3, 13};
#define N_WAYS (2 * LEN(modes))

#define BROWSER    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
#define SCRIPT     "<i>"
#define LARGE_SIZE 200000
#define PLAIN      "Not Found\n"

static struct tree tree, upper;
static const char *roots[2];
static bool has_scripts;
static atomic_uint n_logged, n_fallbacks;
static char logged[512], accessed[64];
static int accessed_root;

static void note_log(void *cls, const char *line)
{
	(void)cls;
	snprintf(logged, sizeof(logged), "%s", line);
	atomic_fetch_add(&n_logged, 1);
}

static void note_access(void *cls, const struct fsrv_access *access)
{
	(void)cls;
	snprintf(accessed, sizeof(accessed), "%u %s", access->status,
		 access->path != NULL ? access->path : "none");
	accessed_root = access->root;
}

static void make_trees(void)
{
	static const char *const files[] = {"index.html",     "404.html",       "about.html", "blog.html",
					    "blog/post.html", "sub/index.html", "v1.2.html",  ".secret.html",
					    ".secret",        "upper/a.html"};

	tree_make(&tree);
	tree_make(&upper);
	for (int i = 0; i < LEN(files); i++)
		tree_write_text(&tree, files[i], files[i]);
	tree_write_text(&tree, "about.html.br", "about.html.br");
	tree_write_text(&tree, "404.html.br", "404.html.br");
	tree_write_text(&tree, "data", "data");
	tree_write_text(&tree, "plain/a.txt", "a");
	tree_write_pattern(&tree, "large.html", LARGE_SIZE);
	tree_write_text(&upper, "upper/a.html", "upper");
	tree_age();
}

static void remove_trees(void)
{
	tree_remove(&tree);
	tree_remove(&upper);
}

static void set_up(void)
{
	roots[0] = upper.path;
	roots[1] = tree.path;
	serving_set_up(roots, LEN(roots));
	options.log = note_log;
	options.access = note_access;
	atomic_store(&n_logged, 0);
	atomic_store(&n_fallbacks, 0);
	logged[0] = '\0';
}

static bool has_scripts_in(int way)
{
	return way >= LEN(modes);
}

static void serve_by(MHD_AccessHandlerCallback handler, int way)
{
	has_scripts = has_scripts_in(way);
	serving_start(modes[way % LEN(modes)], handler, daemon_connect);
	if (has_scripts)
		ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_BODY_END, SCRIPT,
							strlen(SCRIPT)),
				 FSRV_OK);
}

static void serve(int way)
{
	serve_by(fsrv_handle, way);
}

/* body  of the file; NULL: the text of a plain 404 */
static void expect_body(const char *target, const char *body)
{
	char page[64];

	snprintf(page, sizeof(page), "%s%s", body != NULL ? body : PLAIN,
		 body != NULL && has_scripts && strcmp(body, "data") != 0 ? SCRIPT : "");
	ck_assert_msg(strcmp(reply.body, page) == 0, "%s: %s", target, reply.body);
}

struct row {
	const char *target, *fields;
	int status;
	const char *body; /* of 200 and 404; NULL: a plain text */
	bool depends_on_accept;
};

static void check_row(const struct row *row)
{
	char length[16];

	ask("GET", row->target, row->fields, row->status);
	if (row->status != 308)
		expect_body(row->target, row->body);
	expect("Vary", row->depends_on_accept ? "Accept" : NULL);
	snprintf(length, sizeof(length), "%zu", reply.length);
	/* RFC 9110, 9.3.2: the same without content. */
	ask("HEAD", row->target, row->fields, row->status);
	expect("Content-Length", length);
	expect("Vary", row->depends_on_accept ? "Accept" : NULL);
}

static const struct row spa_rows[] = {
	{"/route", BROWSER, 200, "index.html", true},
	{"/route?a=b", BROWSER, 200, "index.html", true},
	{"/route/", BROWSER, 200, "index.html", true},
	{"/a/b/c", BROWSER, 200, "index.html", true},
	{"/a.b/c", BROWSER, 200, "index.html", true},
	{"/plain/", BROWSER, 200, "index.html", true},
	{"/data/", BROWSER, 200, "index.html", true},
	{"/about", BROWSER, 200, "index.html", true},
	{"/.secret", BROWSER, 200, "index.html", true},
	{"/.git/HEAD", BROWSER, 200, "index.html", true},
	{"/.none", BROWSER, 200, "index.html", true},
	{"/route", "Accept: text/html\r\n", 200, "index.html", true},
	{"/route", "Accept: text/html;q=0.1\r\n", 200, "index.html", true},
	{"/route", "Accept: */*\r\nAccept: text/html\r\n", 200, "index.html", true},
	{"/route", "", 404, NULL, true},
	{"/route", "Accept: */*\r\n", 404, NULL, true},
	{"/route", "Accept: \r\n", 404, NULL, true},
	{"/route", "Accept: text/*\r\n", 404, NULL, true},
	{"/route", "Accept: text/html;q=0\r\n", 404, NULL, true},
	{"/route", "Accept: text/html;q=0.000, */*\r\n", 404, NULL, true},
	{"/.secret", "", 404, NULL, true},
	{"/x.js", BROWSER, 404, NULL, false},
	{"/x.js?a", BROWSER, 404, NULL, false},
	{"/a/x.html", BROWSER, 404, NULL, false},
	{"/.secret.html", BROWSER, 404, NULL, false},
	{"/../route", BROWSER, 404, NULL, false},
	{"/", BROWSER, 200, "index.html", false},
	{"/about.html", BROWSER, 200, "about.html", false},
	{"/data", BROWSER, 200, "data", false},
	{"/plain", BROWSER, 308, NULL, false},
	{"/sub", BROWSER, 308, NULL, false},
	{"/sub/", BROWSER, 200, "sub/index.html", false},
};

START_TEST(serves_one_page_for_all_routes)
{
	options.spa_page = "/index.html";
	serve(_i);
	for (int row = 0; row < LEN(spa_rows); row++)
		check_row(&spa_rows[row]);
	ck_assert_uint_eq(atomic_load(&n_logged), 0);
	ask("GET", "/route", BROWSER, 200);
	ck_assert_str_eq(accessed, "200 index.html");
	ck_assert_int_eq(accessed_root, 1);
	ask("OPTIONS", "/route", BROWSER, 204);
	ask("POST", "/route", BROWSER, 405);
}
END_TEST

/* The page is a file like others, whatever name was asked for. */
START_TEST(answers_conditions_and_ranges_for_the_page)
{
	char fields[256], tag[64];

	options.spa_page = "index.html";
	options.cache_control = "max-age=60";
	serve(_i);
	ask("GET", "/route", BROWSER, 200);
	expect("Cache-Control", "max-age=60");
	expect("Content-Type", "text/html; charset=utf-8");
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	ask("GET", "/index.html", "", 200);
	expect("ETag", tag);
	snprintf(fields, sizeof(fields), BROWSER "If-None-Match: %s\r\n", tag);
	ask("GET", "/other/route", fields, 304);
	expect("ETag", tag);
	expect("Vary", "Accept");
	ask("GET", "/route", BROWSER "If-Match: \"other\"\r\n", 412);
	snprintf(fields, sizeof(fields), BROWSER "Range: bytes=2-4\r\nIf-Range: %s\r\n", tag);
	ask("GET", "/route", fields, 206);
	ck_assert_str_eq(reply.body, "dex");
	expect("Vary", "Accept");
	ask("GET", "/route", BROWSER "Range: bytes=99-\r\n", 416);
}
END_TEST

static const struct row not_found_rows[] = {
	{"/lost", BROWSER, 404, "404.html", true},
	{"/lost/", BROWSER, 404, "404.html", true},
	{"/a.b/c", BROWSER, 404, "404.html", true},
	{"/plain/", BROWSER, 404, "404.html", true},
	{"/.secret", BROWSER, 404, "404.html", true},
	{"/lost", "", 404, NULL, true},
	{"/lost", "Accept: text/html;q=0\r\n", 404, NULL, true},
	{"/lost", "Accept: */*\r\n", 404, NULL, true},
	{"/x.js", BROWSER, 404, NULL, false},
	{"/lost.html", BROWSER, 404, NULL, false},
	{"/../lost", BROWSER, 404, NULL, false},
	{"/404.html", BROWSER, 200, "404.html", false},
	{"/about.html", BROWSER, 200, "about.html", false},
	{"/plain", BROWSER, 308, NULL, false},
	/* A page is no answer to a condition or range of a file that is not there. */
	{"/lost", BROWSER "If-None-Match: *\r\n", 404, "404.html", true},
	{"/lost", BROWSER "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT\r\n", 404, "404.html", true},
	{"/lost", BROWSER "If-Match: \"a\"\r\n", 404, "404.html", true},
	{"/lost", BROWSER "If-Unmodified-Since: Thu, 01 Jan 1998 00:00:00 GMT\r\n", 404, "404.html", true},
	{"/lost", BROWSER "Range: bytes=0-1\r\n", 404, "404.html", true},
	{"/lost", BROWSER "Range: bytes=99-\r\n", 404, "404.html", true},
};

START_TEST(sends_a_page_with_404)
{
	options.not_found_page = "404.html";
	options.cache_control = "max-age=60";
	serve(_i);
	for (int row = 0; row < LEN(not_found_rows); row++) {
		check_row(&not_found_rows[row]);
		if (reply.status != 404)
			continue;
		expect("Cache-Control", "no-cache");
		expect("ETag", NULL);
		expect("Last-Modified", NULL);
		expect("Accept-Ranges", NULL);
		expect("Content-Range", NULL);
	}
	ask("GET", "/lost", BROWSER, 404);
	expect("Content-Type", "text/html; charset=utf-8");
	ck_assert_str_eq(accessed, "404 404.html");
	ck_assert_uint_eq(atomic_load(&n_logged), 0);
	ask("POST", "/lost", BROWSER, 405);
}
END_TEST

/* A body that is no small one, whose facts alone may be cached. */
START_TEST(sends_a_large_page_with_404)
{
	static const char *const fields[] = {BROWSER, BROWSER "If-None-Match: *\r\n",
					     BROWSER "Range: bytes=5-\r\n", BROWSER};

	options.not_found_page = "large.html";
	serve(_i);
	for (int i = 0; i < LEN(fields); i++) {
		size_t length = LARGE_SIZE;

		ask("GET", "/lost", fields[i], 404);
		ck_assert_uint_eq(tree_compare(reply.body, length, 0), length);
		ck_assert_uint_eq(reply.length, length + (has_scripts ? strlen(SCRIPT) : 0));
		ask("HEAD", "/lost", fields[i], 404);
		ck_assert_uint_eq(reply.announced, length + (has_scripts ? strlen(SCRIPT) : 0));
	}
}
END_TEST

static const struct row clean_rows[] = {
	{"/about", "", 200, "about.html", false},
	{"/about?a", BROWSER, 200, "about.html", false},
	{"/about.html", "", 200, "about.html", false},
	{"/index", "", 200, "index.html", false},
	{"/v1.2", "", 200, "v1.2.html", false},
	{"/blog", "", 200, "blog.html", false},
	{"/blog/post", "", 200, "blog/post.html", false},
	{"/upper/a", "", 200, "upper", false},
	{"/about/", "", 404, NULL, false},
	{"/about.html.html", "", 404, NULL, false},
	{"/none", "", 404, NULL, false},
	{"/x.js", "", 404, NULL, false},
	{"/.secret", "", 404, NULL, false},
	{"/data", "", 200, "data", false},
	{"/plain", "", 308, NULL, false},
	{"/sub", "", 308, NULL, false},
	{"/sub/", "", 200, "sub/index.html", false},
};

START_TEST(finds_pages_by_clean_urls)
{
	options.flags |= FSRV_CLEAN_URLS;
	serve(_i);
	for (int row = 0; row < LEN(clean_rows); row++)
		check_row(&clean_rows[row]);
	ask("GET", "/plain?a", "", 308);
	expect("Location", "plain/?a");
	ask("GET", "/about", "Range: bytes=1-2\r\n", 206);
	ck_assert_str_eq(reply.body, "bo");
	ask("GET", "/about", "If-None-Match: *\r\n", 304);
}
END_TEST

/* The name itself, then the clean URL, then the page of the routes, then that of what is not found. */
START_TEST(tries_one_after_the_other)
{
	static const struct row rows[] = {
		{"/data", BROWSER, 200, "data", false},   {"/about", BROWSER, 200, "about.html", false},
		{"/about", "", 200, "about.html", false}, {"/none", BROWSER, 200, "index.html", true},
		{"/none", "", 404, NULL, true},           {"/.secret", BROWSER, 200, "index.html", true},
		{"/none.js", BROWSER, 404, NULL, false},  {"/plain", BROWSER, 308, NULL, false},
	};

	options.flags |= FSRV_CLEAN_URLS;
	options.spa_page = "index.html";
	options.not_found_page = "404.html";
	serve(_i);
	for (int row = 0; row < LEN(rows); row++)
		check_row(&rows[row]);
}
END_TEST

START_TEST(serves_the_page_of_the_first_root)
{
	options.spa_page = "shell.html";
	options.not_found_page = "404.html";
	tree_write_text(&tree, "shell.html", "lower");
	serve(_i);
	ask("GET", "/route", BROWSER, 200);
	expect_body("/route", "lower");
	tree_write_text(&upper, "shell.html", "upper");
	ask("GET", "/route", BROWSER, 200);
	expect_body("/route", "upper");
	ck_assert_int_eq(accessed_root, 0);
	unlink(tree_path(&upper, "shell.html"));
	unlink(tree_path(&tree, "shell.html"));
	ask("GET", "/route", BROWSER, 404);
	expect_body("/route", "404.html");
}
END_TEST

START_TEST(stays_below_the_prefix)
{
	static const struct row rows[] = {
		{"/app/route", BROWSER, 200, "index.html", true},
		{"/app/about", BROWSER, 200, "about.html", false},
		{"/app/../route", BROWSER, 404, NULL, false},
		{"/route", BROWSER, 404, NULL, false},
		{"/", BROWSER, 404, NULL, false},
		{"/application", BROWSER, 404, NULL, false},
		{"/app", BROWSER, 308, NULL, false},
		{"/app/plain", BROWSER, 308, NULL, false},
	};

	options.prefix = "/app";
	options.flags |= FSRV_CLEAN_URLS;
	options.spa_page = "index.html";
	serve(_i);
	for (int row = 0; row < LEN(rows); row++)
		check_row(&rows[row]);
}
END_TEST

/* Clients may ask for what is missing as often as they like. */
START_TEST(logs_a_missing_page_once)
{
	bool is_spa = _i % 2 == 0;

	*(is_spa ? &options.spa_page : &options.not_found_page) = "page/shell.html";
	serve(_i);
	for (unsigned round = 1; round <= 2; round++) {
		for (int i = 0; i < 3; i++) {
			ask("GET", "/route", BROWSER, 404);
			expect_body("/route", NULL);
			expect("Cache-Control", "no-cache");
		}
		ck_assert_uint_eq(atomic_load(&n_logged), round);
		ck_assert_ptr_nonnull(strstr(logged, is_spa ? "spa_page" : "not_found_page"));
		ck_assert_ptr_nonnull(strstr(logged, "page/shell.html"));
		tree_write_text(&tree, "page/shell.html", "shell");
		ask("GET", "/route", BROWSER, is_spa ? 200 : 404);
		expect_body("/route", "shell");
		unlink(tree_path(&tree, "page/shell.html"));
	}
	/* A directory is no page. */
	unlink(tree_path(&tree, "page"));
	tree_folder(&tree, "page/shell.html");
	ask("GET", "/route", BROWSER, 404);
	expect_body("/route", NULL);
	rmdir(tree_path(&tree, "page/shell.html"));
}
END_TEST

static enum MHD_Result answer_last(void *cls, struct MHD_Connection *connection, const char *url,
				   const char *method, const char *version, const char *upload_data,
				   size_t *upload_data_size, void **con_cls)
{
	(void)url;
	atomic_fetch_add(&n_fallbacks, 1);
	return fsrv_handle(fs, connection, cls, method, version, upload_data, upload_data_size, con_cls);
}

/* Whether the last answers came from the fallback, which is called once more after a worker looked its
 * target up. */
static bool took_fallback(void)
{
	return atomic_exchange(&n_fallbacks, 0) > 0;
}

START_TEST(leaves_the_rest_to_the_fallback)
{
	static char target[] = "/data";

	options.fallback = answer_last;
	options.fallback_cls = target;
	options.not_found_page = "lost.html";
	serve(_i);
	tree_write_text(&tree, "lost.html", "lost");
	ask("GET", "/route", BROWSER, 404);
	expect_body("/route", "lost");
	ck_assert(!took_fallback());
	ask("GET", "/x.js", BROWSER, 200);
	expect_body("/x.js", "data");
	ck_assert(took_fallback());
	ask("GET", "/route", "", 200);
	expect_body("/route", "data");
	ck_assert(took_fallback());
	unlink(tree_path(&tree, "lost.html"));
	ask("GET", "/route", BROWSER, 200);
	expect_body("/route", "data");
	ck_assert(took_fallback());
	ck_assert_uint_eq(atomic_load(&n_logged), 1);
}
END_TEST

/* Neither a fallback that asks for what is missing, nor pages that are missing, lead in a circle. */
START_TEST(ends_with_a_plain_404)
{
	static char target[] = "/missing";

	options.fallback = answer_last;
	options.fallback_cls = target;
	options.flags |= FSRV_CLEAN_URLS;
	options.spa_page = "missing/spa";
	options.not_found_page = "missing/404";
	options.cache_size = FSRV_NO_CACHE;
	serve(_i);
	for (unsigned i = 1; i <= 5; i++) {
		ask("GET", "/route", BROWSER, 404);
		expect_body("/route", NULL);
		ck_assert_uint_ge(atomic_load(&n_fallbacks), i);
	}
	ck_assert_uint_eq(atomic_load(&n_logged), 2);
}
END_TEST

/* The page of the fallback is looked up with the same options. */
START_TEST(serves_a_page_for_the_fallback)
{
	static char target[] = "/about";

	options.fallback = answer_last;
	options.fallback_cls = target;
	options.flags |= FSRV_CLEAN_URLS;
	options.cache_size = FSRV_NO_CACHE;
	serve(_i);
	for (int i = 0; i < 3; i++) {
		ask("GET", "/x.js", "", 200);
		expect_body("/x.js", "about.html");
	}
}
END_TEST

/* However many names are tried, it is one request: one wait at most, and one use of the cache or none. */
START_TEST(counts_one_lookup)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};
	bool suspends = daemon_suspends(&daemon_modes[modes[_i % LEN(modes)]]);

	options.flags |= FSRV_CLEAN_URLS;
	options.spa_page = "missing";
	options.not_found_page = "404.html";
	options.cache_size = FSRV_NO_CACHE;
	serve(_i);
	for (int i = 0; i < 10; i++)
		ask("GET", i % 2 == 0 ? "/lost" : "/.hidden", BROWSER, 404);
	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	ck_assert_uint_eq(stats.requests, 10);
	ck_assert_uint_eq(stats.cache_hits, 0);
	ck_assert_uint_eq(stats.cache_misses, 10);
	ck_assert_uint_le(stats.suspends, 10);
	if (suspends && has_scripts)
		ck_assert_uint_eq(stats.suspends, 10);
	ck_assert_uint_eq(stats.open_files, 0);
}
END_TEST

START_TEST(uses_the_cache_for_pages)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	options.spa_page = "index.html";
	serve(_i);
	for (int i = 0; i < 10; i++)
		ask("GET", "/route", BROWSER, 200);
	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	ck_assert_uint_ge(stats.cache_hits, 1);
	ck_assert_uint_eq(stats.cache_hits + stats.cache_misses, 10);
}
END_TEST

/* Rules are about the file that is sent. In a 404 they set what concerns every response. */
START_TEST(applies_rules_to_the_page)
{
	static const struct fsrv_field_rule rules[] = {
		{"/404.html", "Content-Security-Policy", "default-src 'self'"},
		{"/404.html", "Cache-Control", "max-age=9"},
		{"/index.html", "Cache-Control", "max-age=8"},
	};

	options.field_rules = rules;
	options.n_field_rules = LEN(rules);
	options.not_found_page = "404.html";
	serve(_i);
	ask("GET", "/lost", BROWSER, 404);
	expect("Content-Security-Policy", "default-src 'self'");
	expect("Cache-Control", "no-cache");
	ask("GET", "/lost", "", 404);
	expect("Content-Security-Policy", NULL);
}
END_TEST

static void put(const char *name, const char *text)
{
	struct fsrv_resource resource = {.size = sizeof(resource),
					 .kind = FSRV_RESOURCE_BYTES,
					 .name = name,
					 .bytes = text,
					 .length = strlen(text)};

	ck_assert_int_eq(fsrv_overlay_put(fs, &resource), FSRV_OK);
}

static void expect_page(const char *target, int status, const char *body)
{
	for (int i = 0; i < 2; i++) {
		ask("GET", target, BROWSER, status);
		expect_body(target, body);
	}
}

/* Each name is looked up there first, also that of a page. */
START_TEST(finds_pages_of_the_overlay)
{
	options.flags |= FSRV_CLEAN_URLS;
	options.spa_page = "made/spa.html";
	options.not_found_page = "made/404.html";
	serve(_i);
	put("made/404.html", "not found");
	expect_page("/route", 404, "not found");
	put("made/spa.html", "application");
	expect_page("/route", 200, "application");
	ck_assert_str_eq(accessed, "200 made/spa.html");
	ck_assert_int_eq(accessed_root, -1);
	expect_page("/x.js", 404, NULL);
	put("made/team.html", "team");
	expect_page("/made/team", 200, "team");
	expect("Vary", NULL);
	ask("GET", "/made/team", "", 200);
	put("about.html", "above");
	expect_page("/about", 200, "above");
	put("sub.html", "page of a folder");
	expect_page("/sub", 200, "page of a folder");
	put("route/index.html", "index of a route");
	expect_page("/route/", 200, "index of a route");
	expect("Vary", NULL);
	ck_assert_int_eq(fsrv_overlay_remove(fs, "about.html"), FSRV_OK);
	expect_page("/about", 200, "about.html");
	ck_assert_int_eq(fsrv_overlay_remove(fs, "made/spa.html"), FSRV_OK);
	expect_page("/other", 404, "not found");
	ck_assert_int_eq(fsrv_overlay_remove(fs, "made/404.html"), FSRV_OK);
	expect_page("/other", 404, NULL);
}
END_TEST

/* A page that takes the place of a name has its own sidecars. One that is about to have scripts has none. */
START_TEST(sends_sidecars_of_pages)
{
	const char *coding = has_scripts_in(_i) ? NULL : "br";

	options.flags |= FSRV_CLEAN_URLS | FSRV_PRECOMPRESSED;
	options.not_found_page = "404.html";
	serve(_i);
	for (int i = 0; i < 3; i++) {
		ask("GET", "/about", "Accept-Encoding: br\r\n", 200);
		expect("Content-Encoding", coding);
		expect("Content-Type", "text/html; charset=utf-8");
		if (coding != NULL)
			ck_assert_str_eq(reply.body, "about.html.br");
		ask("GET", "/about", "", 200);
		expect_body("/about", "about.html");
		ask("GET", "/lost", BROWSER "Accept-Encoding: br\r\n", 404);
		expect("Content-Encoding", coding);
		if (coding != NULL)
			ck_assert_str_eq(reply.body, "404.html.br");
		ask("GET", "/lost", BROWSER "Accept-Encoding: gzip, identity;q=0\r\n", 404);
		expect_body("/lost", "404.html");
	}
	ask("GET", "/about", "Accept-Encoding: gzip, identity;q=0\r\n", 406);
	expect("Vary", "Accept-Encoding");
	ck_assert_uint_eq(atomic_load(&n_logged), 0);
}
END_TEST

static struct fsrv_resource chosen;

static enum MHD_Result serve_chosen(void *cls, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload_data,
				    size_t *upload_data_size, void **con_cls)
{
	return fsrv_serve(cls, chosen.size > 0 ? &chosen : NULL, connection, url, method, version,
			  upload_data, upload_data_size, con_cls);
}

/* What the program chose, or chose not to serve, is not replaced. */
START_TEST(replaces_targets_alone)
{
	static const char *const missing[] = {"missing", "about", "sub", "missing/"};
	static char target[] = "/data";

	options.flags |= FSRV_CLEAN_URLS;
	options.spa_page = "index.html";
	options.not_found_page = "404.html";
	if (_i % 2 == 0)
		options.fallback = answer_last;
	options.fallback_cls = target;
	serve_by(serve_chosen, _i);
	for (unsigned i = 0; i <= LEN(missing); i++) {
		chosen = (struct fsrv_resource){0};
		if (i < LEN(missing))
			chosen = (struct fsrv_resource){
				.size = sizeof(chosen), .kind = FSRV_RESOURCE_PATH, .name = missing[i]};
		ask("GET", "/route", BROWSER, _i % 2 == 0 ? 200 : 404);
		expect_body("/route", _i % 2 == 0 ? "data" : NULL);
		expect("Vary", NULL);
		ck_assert(took_fallback() == (_i % 2 == 0));
	}
	chosen = (struct fsrv_resource){.size = sizeof(chosen),
					.kind = FSRV_RESOURCE_BYTES,
					.name = "given",
					.media_type = "text/html",
					.bytes = "given",
					.length = strlen("given")};
	ask("GET", "/route", BROWSER, 200);
	expect_body("/route", "given");
	expect("Vary", NULL);
}
END_TEST

Suite *test_suite(void)
{
	const TTest *const everywhere[] = {serves_one_page_for_all_routes,
					   answers_conditions_and_ranges_for_the_page,
					   sends_a_page_with_404,
					   sends_a_large_page_with_404,
					   finds_pages_by_clean_urls,
					   tries_one_after_the_other,
					   serves_the_page_of_the_first_root,
					   stays_below_the_prefix,
					   logs_a_missing_page_once,
					   leaves_the_rest_to_the_fallback,
					   ends_with_a_plain_404,
					   serves_a_page_for_the_fallback,
					   counts_one_lookup,
					   uses_the_cache_for_pages,
					   applies_rules_to_the_page,
					   finds_pages_of_the_overlay,
					   sends_sidecars_of_pages,
					   replaces_targets_alone};
	Suite *suite = suite_create("fallbacks");
	TCase *tcase = tcase_create("fallbacks");

	tcase_add_unchecked_fixture(tcase, make_trees, remove_trees);
	tcase_add_checked_fixture(tcase, set_up, serving_stop);
	tcase_set_timeout(tcase, 60);
	for (int i = 0; i < LEN(everywhere); i++)
		tcase_add_loop_test(tcase, everywhere[i], 0, N_WAYS);
	suite_add_tcase(suite, tcase);
	return suite;
}
