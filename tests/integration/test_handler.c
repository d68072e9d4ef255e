/* The options of a handler, one by one, and what fsrv_new refuses. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "budget.h"
#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "suite.h"
#include "tree.h"

static struct tree tree, upper;
static struct fsrv *fs;
static struct test_daemon service;
static struct client client;
static struct reply reply;
static const char *roots[2];
static struct fsrv_options options;
static char logged[512];

static void note_log(void *cls, const char *line)
{
	(void)cls;
	snprintf(logged, sizeof(logged), "%s", line);
}

static void set_up(void)
{
	tree_make(&tree);
	tree_make(&upper);
	tree_write_text(&tree, "hello.txt", "hello");
	tree_write_text(&tree, "index.html", "<p>lower");
	tree_write_text(&tree, "start.htm", "start");
	tree_write_text(&upper, "index.html", "<p>upper");
	tree_write_text(&upper, "hello.txt/x", "a folder that hides nothing");
	roots[0] = upper.path;
	roots[1] = tree.path;
	options =
		(struct fsrv_options){.size = sizeof(options), .roots = roots, .n_roots = 2, .log = note_log};
	fs = NULL;
	logged[0] = '\0';
}

/* A mode with a thread for each connection, where many connections ask at once. */
#define THREADS 7

static void serve_as(int mode)
{
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[mode], fsrv_handle, fs, options.flags);
	client_open(&client, daemon_connect(&service));
}

static void serve(void)
{
	serve_as(1);
}

static void tear_down(void)
{
	if (fs != NULL) {
		client_close(&client);
		daemon_stop(&service);
		fsrv_free(fs);
	}
	tree_remove(&tree);
	tree_remove(&upper);
}

static void expect(const char *target, int status, const char *body)
{
	client_ask(&client, "GET", target, "", &reply);
	ck_assert_msg(reply.status == status, "%s: %d", target, reply.status);
	if (body != NULL)
		ck_assert_str_eq(reply.body, body);
	client_reply_free(&reply);
}

static void expect_field(const char *target, const char *name, const char *value)
{
	const char *found;

	client_ask(&client, "GET", target, "", &reply);
	found = client_field(&reply, name);
	if (value == NULL)
		ck_assert_msg(found == NULL, "%s: %s", name, found);
	else
		ck_assert_str_eq(found, value);
	client_reply_free(&reply);
}

START_TEST(overlays_roots)
{
	serve();
	expect("/", 200, "<p>upper");
	expect("/hello.txt", 200, "hello");
	expect("/hello.txt/x", 200, "a folder that hides nothing");
	ck_assert_int_eq(unlink(tree_path(&upper, "index.html")), 0);
	expect("/", 200, "<p>lower");
}
END_TEST

/* A compiler deletes its output folder and writes it anew. */
START_TEST(follows_a_root_that_is_made_again)
{
	serve();
	expect("/", 200, "<p>upper");
	ck_assert_int_eq(rename(upper.path, tree_path(&tree, "old")), 0);
	expect("/", 200, "<p>lower");
	ck_assert_int_eq(mkdir(upper.path, 0755), 0);
	tree_write_text(&upper, "index.html", "<p>new");
	expect("/", 200, "<p>new");
}
END_TEST

START_TEST(takes_relative_roots_from_the_start)
{
	char before[4096];

	ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
	ck_assert_int_eq(chdir(tree.path), 0);
	roots[1] = ".";
	serve();
	ck_assert_int_eq(chdir(before), 0);
	expect("/hello.txt", 200, "hello");
}
END_TEST

START_TEST(tries_index_names_in_order)
{
	static const char *const names[] = {"start.htm", "index.html"};

	options.index_names = names;
	options.n_index_names = 2;
	serve();
	expect("/", 200, "start");
	ck_assert_int_eq(unlink(tree_path(&tree, "start.htm")), 0);
	expect("/", 200, "<p>upper");
}
END_TEST

START_TEST(puts_its_types_first)
{
	static const struct fsrv_type types[] = {
		{"TXT", "text/x-mine"}, {"zzz", "video/zzz"}, {"iii", "video/iii"}};

	options.types = types;
	options.n_types = 3;
	tree_write_text(&tree, "a.III", "");
	tree_write_text(&tree, "a.ZZZ", "");
	serve();
	expect_field("/hello.txt", "Content-Type", "text/x-mine");
	expect_field("/a.ZZZ", "Content-Type", "video/zzz");
	expect_field("/a.III", "Content-Type", "video/iii");
	expect_field("/", "Content-Type", "text/html; charset=utf-8");
}
END_TEST

/* The table of the program is searched in another order than it was given in. */
START_TEST(takes_the_first_of_its_types)
{
	static const struct fsrv_type types[] = {{"zip", "x/zip"},
						 {"a", "x/first"},
						 {"txt", "x/txt"},
						 {"A", "x/second"},
						 {"m", "x/m"},
						 {"zip", "x/other"},
						 {"longextensions", "x/long"},
						 {"0", "x/0"}};
	static const char *const wanted[][2] = {{"/f.zip", "x/zip"},
						{"/f.a", "x/first"},
						{"/f.A", "x/first"},
						{"/hello.txt", "x/txt"},
						{"/f.M", "x/m"},
						{"/f.LongExtensions", "x/long"},
						{"/f.0", "x/0"},
						{"/f.css", "text/css; charset=utf-8"},
						{"/f.b", "application/octet-stream"}};

	for (int i = 0; i < LEN(wanted); i++)
		if (wanted[i][0][1] == 'f')
			tree_write_text(&tree, wanted[i][0] + 1, "");
	options.types = types;
	options.n_types = LEN(types);
	serve();
	for (int i = 0; i < LEN(wanted); i++)
		expect_field(wanted[i][0], "Content-Type", wanted[i][1]);
}
END_TEST

static const struct {
	const char *default_type, *extensionless_type;
	const char *unknown, *extensionless;
} defaults[] = {
	{NULL, NULL, "application/octet-stream", "application/octet-stream"},
	{"x/unknown", NULL, "x/unknown", "x/unknown"},
	{NULL, "text/html", "application/octet-stream", "text/html; charset=utf-8"},
	{"text/html", "text/html; charset=koi8-r", "text/html; charset=utf-8", "text/html; charset=koi8-r"},
	{"x/unknown", "x/none", "x/unknown", "x/none"},
};

START_TEST(takes_types_of_what_is_unknown)
{
	options.default_type = defaults[_i].default_type;
	options.extensionless_type = defaults[_i].extensionless_type;
	tree_write_text(&tree, "f.unknown", "");
	tree_write_text(&tree, "about", "");
	tree_write_text(&tree, "README", "");
	tree_write_text(&tree, "f.bin", "");
	serve();
	expect_field("/f.unknown", "Content-Type", defaults[_i].unknown);
	expect_field("/about", "Content-Type", defaults[_i].extensionless);
	expect_field("/README", "Content-Type", "text/plain; charset=utf-8");
	expect_field("/f.bin", "Content-Type", "application/octet-stream");
}
END_TEST

START_TEST(names_the_coding_of_svgz)
{
	static const struct fsrv_type types[] = {{"svgz", "application/gzip"}};

	options.types = types;
	options.n_types = (size_t)_i;
	tree_write_text(&tree, "f.svgz", "x");
	tree_write_text(&tree, "f.svg", "x");
	serve();
	expect_field("/f.svgz", "Content-Encoding", _i == 0 ? "gzip" : NULL);
	expect_field("/f.svg", "Content-Encoding", NULL);
}
END_TEST

START_TEST(sends_its_cache_control)
{
	options.cache_control = "max-age=60";
	serve();
	expect_field("/hello.txt", "Cache-Control", "max-age=60");
	expect_field("/none", "Cache-Control", "no-cache");
}
END_TEST

START_TEST(can_leave_cache_control_away)
{
	options.cache_control = "";
	serve();
	expect_field("/hello.txt", "Cache-Control", NULL);
}
END_TEST

START_TEST(can_serve_hidden_files)
{
	options.flags = FSRV_SERVE_HIDDEN;
	tree_write_text(&tree, ".hidden/x", "found");
	serve();
	expect("/.hidden/x", 200, "found");
}
END_TEST

START_TEST(takes_decoded_targets)
{
	tree_write_text(&tree, "sp ace#%.txt", "odd");
	serve();
	expect("/sp%20ace%23%25.txt", 200, "odd");
	expect("/a%0Ab", 400, NULL);
	expect("/a%5Cb", 400, NULL);
	expect("/%2e%2e/hello.txt", 404, NULL);
}
END_TEST

START_TEST(keeps_links_inside)
{
	static const enum fsrv_symlinks policies[] = {FSRV_SYMLINKS_BENEATH, FSRV_SYMLINKS_FOLLOW};
	char target[128];

	snprintf(target, sizeof(target), "%s", tree_path(&tree, "hello.txt"));
	ck_assert_int_eq(symlink(target, tree_path(&upper, "out")), 0);
	ck_assert_int_eq(symlink(target, tree_path(&tree, "free")), 0);
	ck_assert_int_eq(symlink("index.html", tree_path(&upper, "in")), 0);
	options.root_symlinks = policies;
	serve();
	expect("/in", 200, "<p>upper");
	expect("/out", 404, NULL);
	expect("/free", 200, "hello");
}
END_TEST

static size_t choose_tag(void *cls, int file, const char *path, char *opaque, size_t capacity)
{
	struct stat st;

	ck_assert_int_eq(fstat(file, &st), 0);
	ck_assert_uint_ge(capacity, 64);
	if (strcmp(path, "index.html") == 0)
		return 0;
	if (strcmp(path, "start.htm") == 0)
		memcpy(opaque, "a\"b", 3);
	else
		memcpy(opaque, cls, 3);
	return 3;
}

START_TEST(asks_for_tags)
{
	static char tag[] = "abc";

	options.etag_function = choose_tag;
	options.etag_function_cls = tag;
	serve();
	expect_field("/hello.txt", "ETag", "W/\"abc\"");
	client_ask(&client, "GET", "/start.htm", "", &reply);
	ck_assert_msg(strlen(client_field(&reply, "ETag")) == 18, "a tag with a quote was accepted");
	client_reply_free(&reply);
	client_ask(&client, "GET", "/", "", &reply);
	ck_assert_uint_eq(strlen(client_field(&reply, "ETag")), 18);
	client_reply_free(&reply);
}
END_TEST

static enum MHD_Result say_teapot(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload_data,
				  size_t *upload_data_size, void **con_cls)
{
	static char text[] = "own page";
	struct MHD_Response *response = MHD_create_response_from_buffer(8, text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued = MHD_queue_response(connection, 418, response);

	ck_assert_str_eq(cls, "state");
	ck_assert_str_eq(url, "/none");
	ck_assert_str_eq(method, "GET");
	ck_assert_str_eq(version, "HTTP/1.1");
	(void)upload_data;
	(void)upload_data_size;
	(void)con_cls;
	MHD_destroy_response(response);
	return queued;
}

START_TEST(falls_back_instead_of_404)
{
	static char state[] = "state";

	options.fallback = say_teapot;
	options.fallback_cls = state;
	serve();
	expect("/none", 418, "own page");
	expect("/hello.txt", 200, "hello");
}
END_TEST

/* The page of a program with routes of its own in the browser: what is missing gets that page. */
static enum MHD_Result serve_instead(void *cls, struct MHD_Connection *connection, const char *url,
				     const char *method, const char *version, const char *upload_data,
				     size_t *upload_data_size, void **con_cls)
{
	(void)url;
	return fsrv_handle(fs, connection, cls, method, version, upload_data, upload_data_size, con_cls);
}

START_TEST(falls_back_to_a_file_of_its_own)
{
	static char page[] = "/start.htm";

	options.fallback = serve_instead;
	options.fallback_cls = page;
	serve();
	expect("/none", 200, "start");
	expect("/hello.txt", 200, "hello");
	expect("/none/of/these", 200, "start");
}
END_TEST

START_TEST(falls_back_once_only)
{
	static char page[] = "/missing.htm";
	struct fsrv_stats stats = {.size = sizeof(stats)};

	options.fallback = serve_instead;
	options.fallback_cls = page;
	serve();
	expect("/none", 404, NULL);
	expect("/none", 404, NULL);
	expect("/hello.txt", 200, "hello");
	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	ck_assert_uint_eq(stats.responses[404], 2);
	ck_assert_uint_eq(stats.requests, 3);
}
END_TEST

#define N_LOST 8

static void *ask_for_lost(void *cls)
{
	struct client own;
	struct reply lost;

	client_open(&own, *(int *)cls);
	for (int i = 0; i < 50; i++) {
		client_ask(&own, "GET", "/none", "", &lost);
		ck_assert_int_eq(lost.status, 404);
		client_reply_free(&lost);
	}
	client_close(&own);
	return NULL;
}

START_TEST(falls_back_for_many_at_once)
{
	static char page[] = "/missing.htm";
	pthread_t threads[N_LOST];
	int sockets[N_LOST];

	options.fallback = serve_instead;
	options.fallback_cls = page;
	serve_as(THREADS);
	for (int i = 0; i < N_LOST; i++) {
		sockets[i] = daemon_connect(&service);
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_for_lost, &sockets[i]), 0);
	}
	for (int i = 0; i < N_LOST; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

static struct fsrv_access last_access;
static char last_path[64];
static unsigned n_accesses;

static void note_access(void *cls, const struct fsrv_access *access)
{
	(void)cls;
	last_access = *access;
	snprintf(last_path, sizeof(last_path), "%s", access->path != NULL ? access->path : "(none)");
	n_accesses++;
}

START_TEST(reports_accesses)
{
	options.access = note_access;
	n_accesses = 0;
	serve();
	client_ask(&client, "GET", "/hello.txt", "Range: bytes=1-2\r\n", &reply);
	client_reply_free(&reply);
	ck_assert_uint_eq(last_access.status, 206);
	ck_assert_uint_eq(last_access.offset, 1);
	ck_assert_uint_eq(last_access.length, 2);
	ck_assert_uint_eq(last_access.size, 5);
	ck_assert_int_eq(last_access.root, 1);
	ck_assert_str_eq(last_path, "hello.txt");
	expect("/", 200, NULL);
	ck_assert_int_eq(last_access.root, 0);
	ck_assert_str_eq(last_path, "index.html");
	expect("/none", 404, NULL);
	ck_assert_int_eq(last_access.root, -1);
	ck_assert_str_eq(last_path, "(none)");
	ck_assert_uint_eq(n_accesses, 3);
}
END_TEST

/* State of the embedder in con_cls is neither read nor written. */
static enum MHD_Result with_state(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload_data,
				  size_t *upload_data_size, void **con_cls)
{
	static char state;
	enum MHD_Result result;

	if (*con_cls == NULL) {
		*con_cls = &state;
		return MHD_YES;
	}
	result = fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size, con_cls);
	ck_assert_ptr_eq(*con_cls, &state);
	return result;
}

START_TEST(leaves_the_embedders_state_alone)
{
	serve();
	daemon_stop(&service);
	client_close(&client);
	daemon_start(&service, &daemon_modes[2], with_state, fs, 0);
	client_open(&client, daemon_connect(&service));
	expect("/hello.txt", 200, "hello");
	ck_assert(client_send_text(&client,
				   "GET /hello.txt HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc"));
	client_read(&client, true, &reply);
	ck_assert_int_eq(reply.status, 200);
	client_reply_free(&reply);
	expect("/hello.txt", 200, "hello");
}
END_TEST

static void spoil_size(void)
{
	options.size = 0;
}

static void spoil_roots(void)
{
	options.n_roots = 0;
}

static void spoil_root(void)
{
	roots[1] = "/nonexistent/folder";
}

static void spoil_root_with_file(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s", tree_path(&tree, "hello.txt"));
	roots[0] = path;
}

static void spoil_symlinks(void)
{
	options.symlinks = (enum fsrv_symlinks)3;
}

static void spoil_body(void)
{
	options.body = (enum fsrv_body)9;
}

static void spoil_flags(void)
{
	options.flags = 1u << 30;
}

static void spoil_cache_control(void)
{
	options.cache_control = "a\r\nb: c";
}

static void spoil_index_names(void)
{
	static const char *const names[] = {"../x"};

	options.index_names = names;
	options.n_index_names = 1;
}

static void spoil_types(void)
{
	static const struct fsrv_type types[] = {{".txt", "text/plain"}};

	options.types = types;
	options.n_types = 1;
}

static void spoil_prefix(void)
{
	options.prefix = "assets";
}

static void spoil_prefix_with_query(void)
{
	options.prefix = "/assets?a";
}

static void spoil_prefix_with_escape(void)
{
	options.prefix = "/a%2Fb";
}

static void spoil_spa_page(void)
{
	options.spa_page = "";
}

static void spoil_not_found_page(void)
{
	options.not_found_page = "errors/";
}

static void spoil_hosts(void)
{
	static const char *const hosts[] = {"a.example", "https://a.example"};

	options.allowed_hosts = hosts;
	options.n_allowed_hosts = 2;
}

static void spoil_host(void)
{
	static const char *const hosts[] = {NULL};

	options.allowed_hosts = hosts;
	options.n_allowed_hosts = 1;
}

static void spoil_default_type(void)
{
	options.default_type = "";
}

static void spoil_extensionless_type(void)
{
	options.extensionless_type = "a\nb";
}

static void spoil_max_ranges(void)
{
	options.max_ranges = 65;
}

static const struct {
	const char *name;
	int error;
	void (*spoil)(void);
	const char *log;
} refusals[] = {
	{"no size", FSRV_ERR_INVALID, spoil_size, ""},
	{"no roots", FSRV_ERR_INVALID, spoil_roots, "roots"},
	{"missing root", FSRV_ERR_ROOT, spoil_root, "/nonexistent/folder: No such file or directory"},
	{"root that is a file", FSRV_ERR_ROOT, spoil_root_with_file, "hello.txt: Not a directory"},
	{"unknown policy", FSRV_ERR_INVALID, spoil_symlinks, "symlinks"},
	{"unknown body", FSRV_ERR_INVALID, spoil_body, "body"},
	{"unknown flag", FSRV_ERR_INVALID, spoil_flags, "flags"},
	{"line break in a field", FSRV_ERR_INVALID, spoil_cache_control, "cache_control"},
	{"slash in an index name", FSRV_ERR_INVALID, spoil_index_names, "index_names"},
	{"dot in an extension", FSRV_ERR_INVALID, spoil_types, "types"},
	{"prefix without a slash", FSRV_ERR_INVALID, spoil_prefix,
	 "option prefix has a value that is not allowed; give a path such as \"/assets\""},
	{"empty page", FSRV_ERR_INVALID, spoil_spa_page,
	 "option spa_page has a value that is not allowed; give the path of a file below a root, such as "
	 "\"index.html\""},
	{"page that is a directory", FSRV_ERR_INVALID, spoil_not_found_page,
	 "option not_found_page has a value that is not allowed; give the path of a file below a root"},
	{"scheme in a host", FSRV_ERR_INVALID, spoil_hosts,
	 "option allowed_hosts has a value that is not allowed; give hosts such as"},
	{"host that is not there", FSRV_ERR_INVALID, spoil_host, "allowed_hosts"},
	{"empty type", FSRV_ERR_INVALID, spoil_default_type, "option default_type"},
	{"line break in a type", FSRV_ERR_INVALID, spoil_extensionless_type, "option extensionless_type"},
	{"too many ranges", FSRV_ERR_INVALID, spoil_max_ranges,
	 "option max_ranges has a value that is not allowed; give a number up to 64"},
	{"prefix with a query", FSRV_ERR_INVALID, spoil_prefix_with_query, "prefix"},
	{"prefix with an encoded slash", FSRV_ERR_INVALID, spoil_prefix_with_escape, "prefix"},
};

START_TEST(refuses)
{
	struct fsrv *none = NULL;

	refusals[_i].spoil();
	ck_assert_msg(fsrv_new(&options, &none) == refusals[_i].error, "%s", refusals[_i].name);
	ck_assert_ptr_null(none);
	ck_assert_msg(strstr(logged, refusals[_i].log) != NULL, "%s: %s", refusals[_i].name, logged);
}
END_TEST

/* A program that was compiled with a newer header: what it does not use does no harm. */
START_TEST(reads_longer_options)
{
	struct {
		struct fsrv_options known;
		char more[16];
	} longer = {.known = options};
	struct fsrv *made = NULL;

	longer.known.size = sizeof(longer);
	ck_assert_int_eq(fsrv_new(&longer.known, &made), FSRV_OK);
	fsrv_free(made);
	longer.more[15] = 1;
	ck_assert_int_eq(fsrv_new(&longer.known, &made), FSRV_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(reads_shorter_options)
{
	struct fsrv *made = NULL;

	options.cache_control = "a\r\nb"; /* behind the end: not read */
	options.size = offsetof(struct fsrv_options, cache_control);
	ck_assert_int_eq(fsrv_new(&options, &made), FSRV_OK);
	fsrv_free(made);
}
END_TEST

START_TEST(survives_a_lack_of_memory)
{
	static const char *const hosts[] = {"a.example", "b.example"};
	struct budget budget = {0, 0};
	struct fsrv *made = NULL;
	int error;

	options.allocate = budget_allocate;
	options.allocate_cls = &budget;
	options.allowed_hosts = hosts;
	options.n_allowed_hosts = 2;
	for (unsigned allowed = 0;; allowed++) {
		budget.left = allowed;
		error = fsrv_new(&options, &made);
		if (error == FSRV_OK)
			break;
		ck_assert_int_eq(error, FSRV_ERR_MEMORY);
		ck_assert_uint_eq(budget.live, 0);
	}
	ck_assert_uint_gt(budget.live, 0);
	fsrv_free(made);
	ck_assert_uint_eq(budget.live, 0);
}
END_TEST

START_TEST(answers_503_without_memory)
{
	static struct budget budget; /* needed until the handler is freed */

	budget = (struct budget){10, 0};
	options.allocate = budget_allocate;
	options.allocate_cls = &budget;
	serve();
	budget.left = 0;
	client_ask(&client, "GET", "/hello.txt", "", &reply);
	ck_assert_int_eq(reply.status, 503);
	ck_assert_str_eq(client_field(&reply, "Retry-After"), "1");
	client_reply_free(&reply);
	budget.left = 10;
	expect("/hello.txt", 200, "hello");
}
END_TEST

/* A program that asks for a range in the client's place. What lies behind its value is its own business. */
static enum MHD_Result with_range(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload_data,
				  size_t *upload_data_size, void **con_cls)
{
	static const char memory[] = "Range\0bytes=1-2\0next";

	if (*con_cls != NULL)
		ck_assert_int_eq(MHD_set_connection_value(connection, MHD_HEADER_KIND, memory, memory + 6),
				 MHD_YES);
	return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

START_TEST(takes_a_range_that_the_program_sets)
{
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[1], with_range, fs, options.flags);
	client_open(&client, daemon_connect(&service));
	expect("/hello.txt", 206, "el");
}
END_TEST

static void spoil_errno(void *cls, const char *line)
{
	note_log(cls, line);
	errno = EDOM;
}

/* The working directory is gone, so no relative root can be resolved. */
START_TEST(keeps_errno_for_the_program)
{
	static const char *const relative[] = {"."};

	tree_folder(&tree, "gone");
	ck_assert_int_eq(chdir(tree_path(&tree, "gone")), 0);
	ck_assert_int_eq(rmdir(tree_path(&tree, "gone")), 0);
	options.roots = relative;
	options.n_roots = 1;
	options.log = spoil_errno;
	errno = 0;
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_ERR_SYSTEM);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_str_ne(logged, "");
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(logs_lines_without_control_bytes)
{
	static const char *const forged[] = {"/none\nforged line\x1b[2J\x7f"};

	options.roots = forged;
	options.n_roots = 1;
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_ERR_ROOT);
	ck_assert_ptr_nonnull(strstr(logged, "root /none?forged line?[2J?: "));
}
END_TEST

START_TEST(frees_nothing)
{
	fsrv_free(NULL);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("handler");
	TCase *serving = tcase_create("options");
	TCase *making = tcase_create("making");

	tcase_add_checked_fixture(serving, set_up, tear_down);
	tcase_add_test(serving, overlays_roots);
	tcase_add_test(serving, follows_a_root_that_is_made_again);
	tcase_add_test(serving, takes_relative_roots_from_the_start);
	tcase_add_test(serving, tries_index_names_in_order);
	tcase_add_test(serving, puts_its_types_first);
	tcase_add_test(serving, takes_the_first_of_its_types);
	tcase_add_loop_test(serving, takes_types_of_what_is_unknown, 0, LEN(defaults));
	tcase_add_loop_test(serving, names_the_coding_of_svgz, 0, 2);
	tcase_add_test(serving, sends_its_cache_control);
	tcase_add_test(serving, can_leave_cache_control_away);
	tcase_add_test(serving, can_serve_hidden_files);
	tcase_add_test(serving, takes_decoded_targets);
	tcase_add_test(serving, keeps_links_inside);
	tcase_add_test(serving, asks_for_tags);
	tcase_add_test(serving, falls_back_instead_of_404);
	tcase_add_test(serving, falls_back_to_a_file_of_its_own);
	tcase_add_test(serving, falls_back_once_only);
	tcase_add_test(serving, falls_back_for_many_at_once);
	tcase_add_test(serving, reports_accesses);
	tcase_add_test(serving, leaves_the_embedders_state_alone);
	tcase_add_test(serving, answers_503_without_memory);
	tcase_add_test(serving, takes_a_range_that_the_program_sets);
	suite_add_tcase(suite, serving);
	tcase_add_checked_fixture(making, set_up, tear_down);
	tcase_add_loop_test(making, refuses, 0, LEN(refusals));
	tcase_add_test(making, reads_longer_options);
	tcase_add_test(making, reads_shorter_options);
	tcase_add_test(making, survives_a_lack_of_memory);
	tcase_add_test(making, keeps_errno_for_the_program);
	tcase_add_test(making, logs_lines_without_control_bytes);
	tcase_add_test(making, frees_nothing);
	suite_add_tcase(suite, making);
	return suite;
}
