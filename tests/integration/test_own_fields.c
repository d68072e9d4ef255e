/* Header fields of a program: rules, its function, CORS and isolation, in the answers of whole daemons. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsrv/fsrv.h"
#include "serving.h"
#include "suite.h"
#include "tree.h"

/* A thread for each connection; one thread that suspends; a loop of the program's own that suspends. */
static const int modes[] = {7, 3, 13};

#define HASHED     "assets/app.0123abcd.js"
#define PAGE       "<!doctype html><p>x"
#define LARGE_SIZE 200000
#define IMMUTABLE  "max-age=31536000, immutable"
#define ORIGIN     "http://reader.example"
#define MAX_SEEN   512

static struct tree tree;
static const char *roots[1];
static char logged[512];
static atomic_uint n_calls;
static atomic_int headers_left; /* that are added before one is not; below 0: all are */

/* In place of libmicrohttpd's own, which it calls. */
enum MHD_Result MHD_add_response_header(struct MHD_Response *response, const char *name, const char *value)
{
	enum MHD_Result (*own)(struct MHD_Response *, const char *, const char *);

	if (atomic_load(&headers_left) >= 0 && atomic_fetch_sub(&headers_left, 1) == 0)
		return MHD_NO;
	*(void **)&own = dlsym(RTLD_NEXT, "MHD_add_response_header");
	return own(response, name, value);
}

static void note_log(void *cls, const char *line)
{
	(void)cls;
	snprintf(logged, sizeof(logged), "%s", line);
}

static void make_tree(void)
{
	tree_make(&tree);
	tree_write_text(&tree, HASHED, "app()");
	tree_write_text(&tree, "index.html", PAGE);
	tree_write_text(&tree, "folder/index.html", PAGE);
	tree_write_text(&tree, "bare/a.csv", "a,b");
	tree_write_pattern(&tree, "large.bin", LARGE_SIZE);
	tree_age();
}

static void remove_tree(void)
{
	tree_remove(&tree);
}

static void set_up(void)
{
	roots[0] = tree.path;
	serving_set_up(roots, LEN(roots));
	options.log = note_log;
	logged[0] = '\0';
	atomic_store(&n_calls, 0);
	atomic_store(&headers_left, -1);
}

static void serve(int row)
{
	serving_start(modes[row], fsrv_handle, daemon_connect_tcp);
}

static const struct fsrv_field_rule usual_rules[] = {
	{"*", "X-All", "1"},
	{"*.[0-9a-f]{8}.js", "Cache-Control", IMMUTABLE},
	{"/index.html", "X-Start", "1"},
	{"*.csv", "Content-Disposition", "attachment"},
	{"*", "X-Content-Type-Options", NULL},
	{"*.html", "Link", "<a>; rel=preload, <b>; rel=preload"},
};

static void use_rules(void)
{
	options.field_rules = usual_rules;
	options.n_field_rules = LEN(usual_rules);
}

START_TEST(applies_rules_by_path)
{
	use_rules();
	serve(_i);
	ask("GET", "/" HASHED, "", 200);
	ck_assert_str_eq(reply.body, "app()");
	expect("Cache-Control", IMMUTABLE);
	expect("X-All", "1");
	expect("X-Content-Type-Options", NULL);
	ask("HEAD", "/" HASHED, "", 200);
	expect("Cache-Control", IMMUTABLE);
	ask("GET", "/" HASHED, "Range: bytes=1-2\r\n", 206);
	ck_assert_str_eq(reply.body, "pp");
	expect("Cache-Control", IMMUTABLE);
	expect("Content-Range", "bytes 1-2/5");
	ask("GET", "/bare/a.csv", "", 200);
	expect("Content-Disposition", "attachment");
	expect("Cache-Control", "no-cache");
	ask("GET", "/large.bin", "", 200);
	ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), LARGE_SIZE);
	expect("X-All", "1");
}
END_TEST

/* A rule names the file, whatever the target was that led to it. */
START_TEST(names_the_index_page)
{
	use_rules();
	serve(_i);
	ask("GET", "/", "", 200);
	expect("X-Start", "1");
	expect("Link", "<a>; rel=preload, <b>; rel=preload");
	ask("GET", "/%69ndex.html", "", 200);
	expect("X-Start", "1");
	ask("GET", "/folder/", "", 200);
	expect("X-Start", NULL);
}
END_TEST

START_TEST(applies_rules_to_304_and_errors)
{
	use_rules();
	serve(_i);
	ask("GET", "/" HASHED, "If-None-Match: *\r\n", 304);
	expect("Cache-Control", IMMUTABLE);
	expect("X-All", "1");
	ask("GET", "/bare/a.csv", "If-None-Match: *\r\n", 304);
	expect("Content-Disposition", NULL);
	ask("GET", "/assets/gone.0123abcd.js", "", 404);
	expect("Cache-Control", "no-cache");
	expect("X-All", "1");
	ask("GET", "/" HASHED, "If-Match: \"x\"\r\n", 412);
	expect("Cache-Control", "no-cache");
	ask("GET", "/" HASHED, "Range: bytes=9-\r\n", 416);
	expect("Cache-Control", "no-cache");
	expect("Content-Range", "bytes */5");
	expect("X-All", "1");
	ask("GET", "/folder", "", 308);
	expect("Location", "folder/");
	expect("X-All", "1");
	ask("OPTIONS", "/" HASHED, "", 204);
	expect("Cache-Control", NULL);
	expect("X-All", "1");
	ask("GET", "/a%00", "", 400);
	expect("X-All", "1");
	ask("DELETE", "/" HASHED, "", 405);
	expect("X-All", "1");
}
END_TEST

/* fsrv_new has copied everything. */
START_TEST(copies_rules_and_origins)
{
	char pattern[] = "*.js", field[] = "X-Own", value[] = "1", origin[] = ORIGIN;
	struct fsrv_field_rule rule = {pattern, field, value};
	const char *origins[] = {origin};

	options.field_rules = &rule;
	options.n_field_rules = 1;
	options.cors_origins = origins;
	options.n_cors_origins = 1;
	serve(_i);
	memset(pattern, '?', strlen(pattern));
	memset(field, '?', strlen(field));
	memset(value, '?', strlen(value));
	memset(origin, '?', strlen(origin));
	memset(&rule, 0, sizeof(rule));
	origins[0] = NULL;
	ask("GET", "/" HASHED, "Origin: " ORIGIN "\r\n", 200);
	expect("X-Own", "1");
	expect("Access-Control-Allow-Origin", ORIGIN);
}
END_TEST

/* Tells in a field what it was told, and in others what it was called for. */
static void tell(void *cls, const struct fsrv_response *response, struct fsrv_fields *fields)
{
	char seen[MAX_SEEN];

	ck_assert_str_eq(cls, "state");
	atomic_fetch_add(&n_calls, 1);
	snprintf(seen, sizeof(seen), "%s %s %u /%s %s %d %d", response->method, response->target,
		 response->status, response->path, response->media_type != NULL ? response->media_type : "-",
		 response->root, response->is_page);
	ck_assert_int_eq(response->has_scripts, 0);
	ck_assert_int_eq(fsrv_field_set(fields, "X-Seen", seen), FSRV_OK);
	ck_assert_int_eq(fsrv_field_remove(fields, "X-Content-Type-Options"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_add(fields, "Set-Cookie", "a=1"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_add(fields, "Set-Cookie", "b=2"), FSRV_OK);
}

#define JS   "text/javascript; charset=utf-8"
#define HTML "text/html; charset=utf-8"

static const struct {
	const char *method, *target, *field_lines;
	int status;
	const char *seen;
} calls[] = {
	{"GET", "/" HASHED, "", 200, "200 /" HASHED " " JS " 0 0"},
	{"HEAD", "/" HASHED, "", 200, "200 /" HASHED " " JS " 0 0"},
	{"GET", "/" HASHED "?x=1", "", 200, "200 /" HASHED " " JS " 0 0"},
	{"GET", "/" HASHED, "Range: bytes=0-0\r\n", 206, "206 /" HASHED " " JS " 0 0"},
	{"GET", "/" HASHED, "If-None-Match: *\r\n", 304, "304 /" HASHED " " JS " 0 0"},
	{"GET", "/" HASHED, "If-None-Match: \"x\"\r\n", 200, "200 /" HASHED " " JS " 0 0"},
	{"GET", "/large.bin", "If-None-Match: \"x\"\r\n", 200, "200 /large.bin application/octet-stream 0 0"},
	{"GET", "/" HASHED, "If-Match: \"x\"\r\n", 412, "412 /" HASHED " " JS " 0 0"},
	{"GET", "/" HASHED, "Range: bytes=9-\r\n", 416, "416 /" HASHED " " JS " 0 0"},
	{"GET", "/", "", 200, "200 /index.html " HTML " 0 1"},
	{"GET", "/folder/", "If-None-Match: *\r\n", 304, "304 /folder/index.html " HTML " 0 1"},
	{"GET", "/large.bin", "", 200, "200 /large.bin application/octet-stream 0 0"},
	{"GET", "/folder", "", 308, "308 /folder - -1 0"},
	{"GET", "/bare/", "", 404, "404 /bare - -1 0"},
	{"GET", "/none/a%2eb", "", 404, "404 /none/a.b - -1 0"},
	{"GET", "/.hidden", "", 404, "404 /.hidden - -1 0"},
	{"GET", "/../x", "", 404, "404 / - -1 0"},
	{"GET", "/x%00", "", 400, "400 / - -1 0"},
#if !FSRV_MHD_IS_STRICT /* otherwise libmicrohttpd answers this by itself */
	{"GET", "/x", "Bad Name: 1\r\n", 400, "400 /x - -1 0"},
#endif
	{"OPTIONS", "/" HASHED, "", 204, "204 /" HASHED " - -1 0"},
	{"OPTIONS", "*", "", 204, "204 / - -1 0"},
	{"PUT", "/" HASHED, "", 405, "405 /" HASHED " - -1 0"},
};

static void expect_call(int row)
{
	char seen[MAX_SEEN];
	const char *query = strchr(calls[row].target, '?');
	int length = query != NULL ? (int)(query - calls[row].target) : (int)strlen(calls[row].target);

	snprintf(seen, sizeof(seen), "%s %.*s %s", calls[row].method, length, calls[row].target,
		 calls[row].seen);
	ask(calls[row].method, calls[row].target, calls[row].field_lines, calls[row].status);
	expect("X-Seen", seen);
	expect("X-Content-Type-Options", NULL);
	ck_assert_ptr_nonnull(strstr(reply.head, "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
}

START_TEST(tells_the_function_what_is_planned)
{
	static char state[] = "state";
	unsigned n = 0;

	options.fields = tell;
	options.fields_cls = state;
	serve(_i);
	for (int row = 0; row < LEN(calls); row++) {
		expect_call(row);
		n++;
		/* The next one may be answered without a lookup. */
		if (calls[row].status < 400) {
			expect_call(row);
			n++;
		}
		if (calls[row].status == 400 || calls[row].status == 405) {
			client_close(&client);
			client_open(&client, daemon_connect_tcp(&service));
		}
	}
	ck_assert_uint_eq(atomic_load(&n_calls), n);
	ck_assert_str_eq(logged, "");
}
END_TEST

/* Memory that is lacking for one field after the other: the answer never goes without a field. */
START_TEST(answers_503_rather_than_without_a_field)
{
	static char state[] = "state";
	int n;

	use_rules();
	options.fields = tell;
	options.fields_cls = state;
	serve(_i);
	for (n = 0;; n++) {
		atomic_store(&headers_left, n);
		client_reply_free(&reply);
		client_ask(&client, "GET", "/" HASHED, "", &reply);
		if (reply.status == 200)
			break;
		ck_assert_int_eq(reply.status, 503);
		expect("X-Seen", "GET /" HASHED " 503 /" HASHED " - -1 0");
		expect("X-All", "1");
	}
	expect("X-All", "1");
	ck_assert_int_gt(n, 8);
	ck_assert_uint_eq(atomic_load(&n_calls), 2 * (unsigned)n + 1);
}
END_TEST

static void add_policy(void *cls, const struct fsrv_response *response, struct fsrv_fields *fields)
{
	(void)cls;
	ck_assert_int_eq(response->has_scripts, response->is_page);
	if (response->is_page)
		fsrv_field_set(fields, "Content-Security-Policy", "default-src 'self'");
	fsrv_field_set(fields, "Content-Language", "en");
	fsrv_field_set(fields, "X-All", "2");
}

/* Pages with scripts too; and the function comes after the rules. */
START_TEST(changes_pages_with_scripts)
{
	struct fsrv_script script = {.text = "1", .length = 1};

	use_rules();
	options.fields = add_policy;
	serve(_i);
	ck_assert_int_eq(fsrv_inject_add_script(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, &script),
			 FSRV_OK);
	for (int i = 0; i < 2; i++) {
		ask("GET", "/", "", 200);
		ck_assert_str_eq(reply.body, "<!doctype html><script>1</script><p>x");
		expect("Content-Security-Policy", "default-src 'self'");
		expect("Content-Language", "en");
		expect("X-Start", "1");
		expect("X-All", "2");
	}
	ask("GET", "/", "If-None-Match: *\r\n", 304);
	expect("Content-Security-Policy", "default-src 'self'");
	expect("Content-Language", NULL);
	expect("X-Start", "1");
	ask("GET", "/" HASHED, "", 200);
	expect("Content-Security-Policy", NULL);
}
END_TEST

static void break_framing(void *cls, const struct fsrv_response *response, struct fsrv_fields *fields)
{
	static const char *const names[] = {"Content-Length",    "content-length", "Content-Range",
					    "Transfer-Encoding", "Connection",     "Date"};

	(void)cls;
	(void)response;
	for (int i = 0; i < LEN(names); i++) {
		ck_assert_int_eq(fsrv_field_set(fields, names[i], "1"), FSRV_ERR_INVALID);
		ck_assert_int_eq(fsrv_field_add(fields, names[i], "1"), FSRV_ERR_INVALID);
		ck_assert_int_eq(fsrv_field_remove(fields, names[i]), FSRV_ERR_INVALID);
	}
	ck_assert_int_eq(fsrv_field_set(fields, "ETag", "\"1\""), FSRV_ERR_INVALID);
	ck_assert_int_eq(fsrv_field_set(fields, "X-Split", "1\r\nContent-Length: 0"), FSRV_ERR_INVALID);
	ck_assert_int_eq(fsrv_field_set(fields, "X-Good", "1"), FSRV_OK);
}

START_TEST(cannot_break_framing)
{
	options.fields = break_framing;
	serve(_i);
	for (int i = 0; i < 3; i++) {
		ask("GET", "/" HASHED, "Range: bytes=1-2\r\n", 206);
		ck_assert_str_eq(reply.body, "pp");
		ck_assert_uint_eq(reply.announced, 2);
		expect("Content-Range", "bytes 1-2/5");
		expect("Connection", NULL);
		ck_assert_ptr_nonnull(client_field(&reply, "Date"));
		expect("X-Good", "1");
		expect("X-Split", NULL);
	}
	ck_assert_str_eq(logged, "option fields: field Content-Length of /" HASHED " is refused: the field "
				 "frames the message or belongs to the connection, and is set by fsrv alone; "
				 "leave it away");
}
END_TEST

/* As much as a function may set; what comes on top is refused. */
static void set_as_much_as_possible(void *cls, const struct fsrv_response *response,
				    struct fsrv_fields *fields)
{
	char value[FSRV_FIELDS_SIZE / 2];

	(void)cls;
	(void)response;
	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 12] = '\0';
	ck_assert_int_eq(fsrv_field_set(fields, "X-Much-1", value), FSRV_OK);
	ck_assert_int_eq(fsrv_field_set(fields, "X-Much-2", value), FSRV_OK);
	ck_assert_int_eq(fsrv_field_set(fields, "X", ""), FSRV_ERR_INVALID);
	ck_assert_int_eq(fsrv_field_set(fields, "X", "1"), FSRV_ERR_SPACE);
}

/* The header section still fits into what libmicrohttpd keeps for a connection, with the longest rules and
 * the longest redirect. */
START_TEST(fits_into_a_connection)
{
	static char value[FSRV_FIELDS_SIZE], target[8000] = "/folder?";
	struct fsrv_field_rule rule = {"*", "X-Rule", value};

	memset(value, 'v', sizeof(value) - 1 - 6 - 4 + 1);
	memset(target + strlen(target), 'q', 7900);
	options.field_rules = &rule;
	options.n_field_rules = 1;
	options.fields = set_as_much_as_possible;
	serve(_i);
	ck_assert(client_send_text(&client, "GET "));
	ck_assert(client_send_text(&client, target));
	ck_assert(client_send_text(&client, " HTTP/1.1\r\nHost: h\r\n\r\n"));
	client_reply_free(&reply);
	client_read(&client, true, &reply);
	ck_assert_int_eq(reply.status, 308);
}
END_TEST

static const char *const every_origin[] = {"*"};
static const char *const some_origins[] = {"http://localhost:3000", ORIGIN};

START_TEST(lets_every_origin_read)
{
	options.cors_origins = every_origin;
	options.n_cors_origins = 1;
	serve(_i);
	ask("OPTIONS", "/large.bin",
	    "Origin: " ORIGIN "\r\nAccess-Control-Request-Method: GET\r\n"
	    "Access-Control-Request-Headers: range,if-range\r\n",
	    204);
	expect("Access-Control-Allow-Origin", "*");
	expect("Access-Control-Allow-Methods", "GET, HEAD");
	ck_assert_ptr_nonnull(strstr(client_field(&reply, "Access-Control-Allow-Headers"),
				     "Range, If-Range, If-None-Match, If-Match"));
	expect("Vary", NULL);
	ask("GET", "/large.bin", "Origin: " ORIGIN "\r\nRange: bytes=100-199\r\n", 206);
	expect("Access-Control-Allow-Origin", "*");
	expect("Access-Control-Expose-Headers",
	       "Content-Range, Accept-Ranges, Content-Length, ETag, Content-Encoding");
	ck_assert_uint_eq(tree_compare(reply.body, reply.length, 100), 100);
	ask("GET", "/none", "Origin: " ORIGIN "\r\n", 404);
	expect("Access-Control-Allow-Origin", "*");
	ask("GET", "/large.bin", "If-None-Match: *\r\n", 304);
	expect("Access-Control-Allow-Origin", "*");
}
END_TEST

START_TEST(lets_listed_origins_read)
{
	options.cors_origins = some_origins;
	options.n_cors_origins = LEN(some_origins);
	serve(_i);
	ask("GET", "/" HASHED, "Origin: " ORIGIN "\r\n", 200);
	expect("Access-Control-Allow-Origin", ORIGIN);
	expect("Vary", "Origin");
	ask("HEAD", "/" HASHED, "Origin: http://localhost:3000\r\n", 200);
	expect("Access-Control-Allow-Origin", "http://localhost:3000");
	ask("GET", "/" HASHED, "Origin: http://localhost:3001\r\n", 200);
	expect("Access-Control-Allow-Origin", NULL);
	expect("Vary", "Origin");
	ask("GET", "/" HASHED, "", 200);
	expect("Access-Control-Allow-Origin", NULL);
	expect("Vary", "Origin");
	ask("GET", "/" HASHED, "If-None-Match: *\r\nOrigin: " ORIGIN "\r\n", 304);
	expect("Access-Control-Allow-Origin", ORIGIN);
	ask("OPTIONS", "/" HASHED, "Origin: http://x\r\nAccess-Control-Request-Method: GET\r\n", 204);
	expect("Access-Control-Allow-Origin", NULL);
	expect("Access-Control-Allow-Methods", NULL);
}
END_TEST

/* A rule does not hide from caches that the answer depends on the origin. */
START_TEST(keeps_vary_of_origins)
{
	static const struct fsrv_field_rule rule = {"*", "Vary", "Accept"};

	options.cors_origins = some_origins;
	options.n_cors_origins = LEN(some_origins);
	options.field_rules = &rule;
	options.n_field_rules = 1;
	serve(_i);
	ask("GET", "/" HASHED, "", 200);
	ck_assert_ptr_nonnull(strstr(reply.head, "Vary: Origin\r\nVary: Accept\r\n"));
}
END_TEST

START_TEST(isolates_pages)
{
	options.flags |= FSRV_ISOLATE;
	if (_i == 0) {
		options.cors_origins = every_origin;
		options.n_cors_origins = 1;
	}
	serve(_i);
	for (int i = 0; i < 3; i++) {
		static const int statuses[] = {200, 304, 404};

		ask("GET", statuses[i] == 404 ? "/none" : "/",
		    statuses[i] == 304 ? "If-None-Match: *\r\n" : "", statuses[i]);
		expect("Cross-Origin-Opener-Policy", "same-origin");
		expect("Cross-Origin-Embedder-Policy", "require-corp");
		expect("Cross-Origin-Resource-Policy", _i == 0 ? "cross-origin" : "same-origin");
		expect("Timing-Allow-Origin", "*");
	}
}
END_TEST

/* A rule has the last word about what the two add. */
START_TEST(lets_rules_replace_the_rest)
{
	static const struct fsrv_field_rule rule = {"*.html", "Cross-Origin-Embedder-Policy",
						    "credentialless"};

	options.flags |= FSRV_ISOLATE;
	options.field_rules = &rule;
	options.n_field_rules = 1;
	serve(_i);
	ask("GET", "/", "", 200);
	expect("Cross-Origin-Embedder-Policy", "credentialless");
	ask("GET", "/" HASHED, "", 200);
	expect("Cross-Origin-Embedder-Policy", "require-corp");
}
END_TEST

START_TEST(adds_nothing_unasked)
{
	static const char *const names[] = {"Vary",
					    "Access-Control-Allow-Origin",
					    "Access-Control-Expose-Headers",
					    "Cross-Origin-Opener-Policy",
					    "Cross-Origin-Resource-Policy",
					    "Timing-Allow-Origin"};

	serve(_i);
	ask("GET", "/", "Origin: " ORIGIN "\r\n", 200);
	for (int i = 0; i < LEN(names); i++)
		expect(names[i], NULL);
	ask("OPTIONS", "/", "Origin: " ORIGIN "\r\nAccess-Control-Request-Method: GET\r\n", 204);
	for (int i = 0; i < LEN(names); i++)
		expect(names[i], NULL);
	expect("Allow", "GET, HEAD, OPTIONS");
}
END_TEST

static const struct {
	struct fsrv_field_rule rule;
	const char *origin;
	const char *log;
} refusals[] = {
	{{"*.js", "Content-Length", "1"},
	 NULL,
	 "option field_rules: rule 1, Content-Length of *.js, is refused: the field frames the message or "
	 "belongs to the connection, and is set by fsrv alone; leave it away"},
	{{"[a", "X-Own", "1"},
	 NULL,
	 "option field_rules: rule 1, X-Own of [a, is refused: the pattern has a [ without its ]; write \\[ "
	 "for the character"},
	{{NULL, "X-Own", "1"},
	 NULL,
	 "option field_rules: rule 1, X-Own of (null), is refused: it has no pattern or no field; give both"},
	{{"*", "X-Own", "1"},
	 "http://a/",
	 "option cors_origins: origin 1, http://a/, is refused: it is no origin as a browser sends it; write "
	 "scheme://host or scheme://host:port in lower case, without a path, or * for every origin"},
};

START_TEST(refuses_with_a_way_out)
{
	struct fsrv_field_rule rules[] = {{"*", "X-Good", "1"}, refusals[_i].rule};
	const char *origins[] = {ORIGIN, refusals[_i].origin};
	struct fsrv *none = NULL;

	options.field_rules = rules;
	options.n_field_rules = 2;
	options.cors_origins = origins;
	options.n_cors_origins = refusals[_i].origin != NULL ? 2 : 1;
	ck_assert_int_eq(fsrv_new(&options, &none), FSRV_ERR_INVALID);
	ck_assert_ptr_null(none);
	ck_assert_str_eq(logged, refusals[_i].log);
}
END_TEST

START_TEST(refuses_lists_that_are_missing)
{
	struct fsrv *none = NULL;

	options.n_field_rules = 1;
	ck_assert_int_eq(fsrv_new(&options, &none), FSRV_ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(logged, "field_rules is NULL"));
	options.n_field_rules = 0;
	options.n_cors_origins = 1;
	ck_assert_int_eq(fsrv_new(&options, &none), FSRV_ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(logged, "cors_origins is NULL"));
}
END_TEST

static enum MHD_Result serve_start(void *cls, struct MHD_Connection *connection, const char *url,
				   const char *method, const char *version, const char *upload_data,
				   size_t *upload_data_size, void **con_cls)
{
	(void)cls;
	(void)url;
	return fsrv_handle(fs, connection, "/index.html", method, version, upload_data, upload_data_size,
			   con_cls);
}

START_TEST(concerns_files_of_a_fallback)
{
	use_rules();
	options.fallback = serve_start;
	serve(_i);
	ask("GET", "/some/route", "", 200);
	ck_assert_str_eq(reply.body, PAGE);
	expect("X-Start", "1");
}
END_TEST

Suite *test_suite(void)
{
	const TTest *const tests[] = {applies_rules_by_path,
				      names_the_index_page,
				      applies_rules_to_304_and_errors,
				      copies_rules_and_origins,
				      tells_the_function_what_is_planned,
				      answers_503_rather_than_without_a_field,
				      changes_pages_with_scripts,
				      cannot_break_framing,
				      fits_into_a_connection,
				      lets_every_origin_read,
				      lets_listed_origins_read,
				      keeps_vary_of_origins,
				      isolates_pages,
				      lets_rules_replace_the_rest,
				      adds_nothing_unasked,
				      concerns_files_of_a_fallback};
	Suite *suite = suite_create("own_fields");
	TCase *tcase = tcase_create("own_fields");

	tcase_add_unchecked_fixture(tcase, make_tree, remove_tree);
	tcase_add_checked_fixture(tcase, set_up, serving_stop);
	tcase_set_timeout(tcase, 60);
	for (int i = 0; i < LEN(tests); i++)
		tcase_add_loop_test(tcase, tests[i], 0, LEN(modes));
	tcase_add_loop_test(tcase, refuses_with_a_way_out, 0, LEN(refusals));
	tcase_add_test(tcase, refuses_lists_that_are_missing);
	suite_add_tcase(suite, tcase);
	return suite;
}
