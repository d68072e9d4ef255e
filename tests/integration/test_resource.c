/* Content of the program's own: the same answers as for files, and everything it holds is released once. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/resource.h"
#include "suite.h"
#include "tree.h"

#define SMALL 1000
#define LARGE 300000
#define PAGE  "<!doctype html><head></head><p>text"
#define WITH  "<!doctype html><head><i></i></head><p>text"

/* A thread for each connection, epoll and an external loop that suspend, a loop that waits. */
static const int modes[] = {7, 3, 13, 2};

static struct tree tree;
static struct fsrv *fs;
static struct test_daemon service;
static struct client client;
static struct reply reply;
static atomic_int n_given, n_released, n_logged, n_reads, n_tags;
static fsrv_etag_function etag_function;
static char logged[256];
static char pattern[LARGE];
static pthread_t serving;
static atomic_bool waited_on_serving_thread;

/* What the program serves next. */
static struct fsrv_resource chosen;
static bool chooses;       /* false: NULL */
static const char *opened; /* name in the tree of a FILE */

static void release_one(void *cls)
{
	(void)cls;
	atomic_fetch_add(&n_released, 1);
}

static ssize_t read_pattern(void *cls, void *buffer, size_t size, uint64_t offset)
{
	size_t length = *(const size_t *)cls;
	size_t left = offset < length ? length - (size_t)offset : 0;

	atomic_fetch_add(&n_reads, 1);
	if ((chosen.flags & FSRV_RESOURCE_MAY_WAIT) != 0 && pthread_equal(pthread_self(), serving))
		atomic_store(&waited_on_serving_thread, true);
	if (size > left)
		size = left;
	memcpy(buffer, pattern + offset, size);
	return (ssize_t)size;
}

static ssize_t fail_to_read(void *cls, void *buffer, size_t size, uint64_t offset)
{
	if (offset + size > 100000)
		size = offset < 100000 ? (size_t)(100000 - offset) : 0;
	if (size > 0)
		return read_pattern(cls, buffer, size, offset);
	errno = EIO;
	return -1;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	struct fsrv_resource resource = chosen;

	(void)cls;
	serving = pthread_self();
	if (strncmp(url, "/files/", 7) == 0)
		return fsrv_handle(fs, connection, url + 6, method, version, upload_data, upload_data_size,
				   con_cls);
	if (*con_cls == NULL || !chooses)
		return fsrv_serve(fs, NULL, connection, url, method, version, upload_data, upload_data_size,
				  con_cls);
	if (resource.kind == FSRV_RESOURCE_FILE && opened != NULL)
		resource.file = open(tree_path(&tree, opened), O_RDONLY | O_CLOEXEC);
	if (resource.release != NULL)
		atomic_fetch_add(&n_given, 1);
	return fsrv_serve(fs, &resource, connection, url, method, version, upload_data, upload_data_size,
			  con_cls);
}

static void note_line(void *cls, const char *line)
{
	(void)cls;
	snprintf(logged, sizeof(logged), "%s", line);
	atomic_fetch_add(&n_logged, 1);
}

static void set_up(void)
{
	tree_make(&tree);
	tree_write_pattern(&tree, "small.bin", SMALL);
	tree_write_pattern(&tree, "large.bin", LARGE);
	tree_write_text(&tree, ".hidden", "hidden");
	tree_write_text(&tree, "page.html", PAGE);
	tree_write_text(&tree, "folder/index.html", "index");
	tree_write_text(&tree, "a?b%20", "odd");
	atomic_store(&n_given, 0);
	atomic_store(&n_released, 0);
	atomic_store(&n_logged, 0);
	atomic_store(&waited_on_serving_thread, false);
	chosen = (struct fsrv_resource){.size = sizeof(chosen)};
	chooses = true;
	opened = NULL;
	etag_function = NULL;
}

static void read_whole_pattern(void)
{
	int fd = open(tree_path(&tree, "large.bin"), O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(read(fd, pattern, LARGE), LARGE);
	close(fd);
}

static void serve(int mode)
{
	const char *roots[] = {tree.path};
	struct fsrv_options options = {.size = sizeof(options),
				       .roots = roots,
				       .n_roots = 1,
				       .log = note_line,
				       .etag_function = etag_function,
				       .wake = daemon_wake,
				       .wake_cls = &service};

	read_whole_pattern();
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[mode], answer, fs, 0);
	client_open(&client, daemon_connect(&service));
}

static void stop(void)
{
	client_reply_free(&reply);
	client_close(&client);
	daemon_stop(&service);
	fsrv_free(fs);
	ck_assert_int_eq(atomic_load(&n_given), atomic_load(&n_released));
	tree_remove(&tree);
}

static int ask(const char *method, const char *target, const char *fields)
{
	client_reply_free(&reply);
	client_ask(&client, method, target, fields, &reply);
	return reply.status;
}

static size_t small_size = SMALL, large_size = LARGE;

/* The four kinds of content, small and large, with the pattern in it. */
static const struct kind {
	const char *name;
	enum fsrv_resource_kind kind;
	bool is_large, is_borrowed, may_wait;
} kinds[] = {
	{"small path", FSRV_RESOURCE_PATH, false, false, false},
	{"large path", FSRV_RESOURCE_PATH, true, false, false},
	{"small file", FSRV_RESOURCE_FILE, false, false, false},
	{"large file", FSRV_RESOURCE_FILE, true, false, false},
	{"copied bytes", FSRV_RESOURCE_BYTES, false, false, false},
	{"borrowed bytes", FSRV_RESOURCE_BYTES, true, true, false},
	{"small source", FSRV_RESOURCE_SOURCE, false, true, false},
	{"large source", FSRV_RESOURCE_SOURCE, true, true, false},
	{"small source that waits", FSRV_RESOURCE_SOURCE, false, true, true},
	{"large source that waits", FSRV_RESOURCE_SOURCE, true, true, true},
};

static void choose(const struct kind *kind)
{
	chosen.kind = kind->kind;
	chosen.name = kind->is_large ? "large.bin" : "small.bin";
	opened = chosen.name;
	if (kind->kind == FSRV_RESOURCE_BYTES || kind->kind == FSRV_RESOURCE_SOURCE) {
		chosen.length = kind->is_large ? LARGE : SMALL;
		chosen.modified = TREE_OLD;
		chosen.media_type = "model/stl";
	}
	if (kind->kind == FSRV_RESOURCE_BYTES)
		chosen.bytes = pattern;
	if (kind->kind == FSRV_RESOURCE_SOURCE) {
		chosen.read = read_pattern;
		chosen.cls = kind->is_large ? &large_size : &small_size;
	}
	chosen.release = kind->is_borrowed ? release_one : NULL;
	chosen.flags = kind->may_wait ? FSRV_RESOURCE_MAY_WAIT : 0;
}

START_TEST(answers_like_a_file)
{
	const struct kind *kind = &kinds[_i % LEN(kinds)];
	size_t length = kind->is_large ? LARGE : SMALL;
	char condition[160], size[64];

	choose(kind);
	serve(modes[_i / LEN(kinds)]);
	ck_assert_msg(ask("GET", "/x", "") == 200, "%s: %d", kind->name, reply.status);
	ck_assert_uint_eq(reply.length, length);
	ck_assert_uint_eq(tree_compare(reply.body, length, 0), length);
	ck_assert_str_eq(client_field(&reply, "Last-Modified"), TREE_OLD_TEXT);
	ck_assert_str_eq(client_field(&reply, "Content-Type"),
			 chosen.media_type != NULL ? "model/stl" : "application/octet-stream");
	ck_assert_str_eq(client_field(&reply, "Accept-Ranges"), "bytes");
	snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", client_field(&reply, "ETag"));
	ck_assert_int_eq(ask("GET", "/x", condition), 304);
	ck_assert_int_eq(ask("HEAD", "/x", ""), 200);
	ck_assert_uint_eq(reply.announced, length);
	ck_assert_int_eq(ask("GET", "/x", "Range: bytes=500-599\r\n"), 206);
	ck_assert_uint_eq(tree_compare(reply.body, 100, 500), 100);
	ck_assert_int_eq(ask("GET", "/x", "Range: bytes=-900\r\n"), 206);
	ck_assert_uint_eq(tree_compare(reply.body, 900, length - 900), 900);
	ck_assert_int_eq(ask("GET", "/x", "Range: bytes=400000-\r\n"), 416);
	snprintf(size, sizeof(size), "bytes */%zu", length);
	ck_assert_str_eq(client_field(&reply, "Content-Range"), size);
	ck_assert_int_eq(ask("GET", "/x", "If-Match: \"other\"\r\n"), 412);
	ck_assert_int_eq(ask("GET", "/files/small.bin", ""), 200);
	if (modes[_i / LEN(kinds)] == 3 || modes[_i / LEN(kinds)] == 13)
		ck_assert(!atomic_load(&waited_on_serving_thread));
	stop();
}
END_TEST

/* Preconditions rely on what the program says. */
START_TEST(takes_the_tag_of_the_program)
{
	choose(&kinds[4 + _i % 4]);
	chosen.etag = "v1";
	serve(modes[_i / 4]);
	ck_assert_int_eq(ask("GET", "/x", ""), 200);
	ck_assert_str_eq(client_field(&reply, "ETag"), "\"v1\"");
	ck_assert_int_eq(ask("GET", "/x", "If-None-Match: \"v1\"\r\n"), 304);
	ck_assert_int_eq(ask("GET", "/x", "If-None-Match: \"v2\"\r\n"), 200);
	stop();
}
END_TEST

static ssize_t read_page(void *cls, void *buffer, size_t size, uint64_t offset)
{
	const char *page = PAGE;
	size_t left = offset < strlen(page) ? strlen(page) - (size_t)offset : 0;

	(void)cls;
	memcpy(buffer, page + offset, size < left ? size : left);
	return (ssize_t)(size < left ? size : left);
}

START_TEST(puts_scripts_into_pages)
{
	static const enum fsrv_resource_kind of[] = {FSRV_RESOURCE_PATH, FSRV_RESOURCE_FILE,
						     FSRV_RESOURCE_BYTES, FSRV_RESOURCE_SOURCE};

	chosen.kind = of[_i % 4];
	chosen.name = opened = "page.html";
	chosen.bytes = PAGE;
	chosen.length = strlen(PAGE);
	chosen.read = read_page;
	chosen.release = chosen.kind >= FSRV_RESOURCE_BYTES ? release_one : NULL;
	chosen.flags = _i % 8 < 4 ? FSRV_RESOURCE_MAY_WAIT : 0;
	serve(modes[_i / 8]);
	ck_assert_int_eq(ask("GET", "/x", ""), 200);
	ck_assert_str_eq(reply.body, PAGE);
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_END, "<i></i>", 7),
			 FSRV_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ask("GET", "/x", ""), 200);
		ck_assert_str_eq(reply.body, WITH);
		ck_assert_str_eq(client_field(&reply, "Content-Type"), "text/html; charset=utf-8");
	}
	stop();
}
END_TEST

START_TEST(finds_paths_below_the_roots)
{
	static const struct {
		const char *name;
		int status;
		const char *body;
	} rows[] = {
		{"small.bin", 200, NULL},   {"/small.bin", 200, NULL},
		{".hidden", 200, "hidden"}, {"folder/", 200, "index"},
		{"folder", 404, NULL},      {"none", 404, NULL},
		{"a?b%20", 200, "odd"},     {"x/../folder/index.html", 200, "index"},
	};

	chosen.kind = FSRV_RESOURCE_PATH;
	serve(modes[_i]);
	for (int i = 0; i < LEN(rows); i++) {
		chosen.name = rows[i].name;
		ck_assert_msg(ask("GET", "/any/target", "") == rows[i].status, "%s: %d", rows[i].name,
			      reply.status);
		if (rows[i].body != NULL)
			ck_assert_str_eq(reply.body, rows[i].body);
	}
	chooses = false;
	ck_assert_int_eq(ask("GET", "/small.bin", ""), 404);
	ck_assert_int_eq(atomic_load(&n_logged), 0);
	stop();
}
END_TEST

/* Each refusal names what is wrong; what the resource holds is released nevertheless. */
START_TEST(refuses_what_the_header_excludes)
{
	static const struct {
		struct fsrv_resource resource;
		const char *line;
	} rows[] = {
		{{.kind = (enum fsrv_resource_kind)9, .name = "a"}, "kind"},
		{{.kind = FSRV_RESOURCE_PATH, .name = NULL}, "name"},
		{{.kind = FSRV_RESOURCE_PATH, .name = "../a"}, "name"},
		{{.kind = FSRV_RESOURCE_PATH, .name = "a\nb"}, "name"},
		{{.kind = FSRV_RESOURCE_BYTES, .name = "a/", .release = release_one}, "name"},
		{{.kind = FSRV_RESOURCE_BYTES, .name = "", .release = release_one}, "name"},
		{{.kind = FSRV_RESOURCE_BYTES, .name = "a", .length = 5, .release = release_one},
		 "bytes is NULL"},
		{{.kind = FSRV_RESOURCE_FILE, .name = "a", .file = -1}, "file"},
		{{.kind = FSRV_RESOURCE_SOURCE, .name = "a", .release = release_one}, "read"},
		{{.kind = FSRV_RESOURCE_BYTES, .name = "a", .flags = 8, .release = release_one}, "flags"},
		{{.kind = FSRV_RESOURCE_BYTES, .name = "a", .reserved = 1, .release = release_one},
		 "reserved"},
		{{.kind = FSRV_RESOURCE_BYTES, .name = "a", .media_type = "a\rb", .release = release_one},
		 "media_type"},
		{{.kind = FSRV_RESOURCE_BYTES, .name = "a", .etag = "a\"b", .release = release_one}, "etag"},
		{{.kind = FSRV_RESOURCE_BYTES, .name = "a", .etag = "", .release = release_one}, "etag"},
	};

	serve(modes[_i]);
	for (int i = 0; i < LEN(rows); i++) {
		chosen = rows[i].resource;
		chosen.size = sizeof(chosen);
		ck_assert_msg(ask("GET", "/x", "") == 500, "%d: %d", i, reply.status);
		ck_assert_msg(strncmp(logged, "fsrv_serve: ", 12) == 0 &&
				      strstr(logged, rows[i].line) != NULL,
			      "%d: %s", i, logged);
	}
	ck_assert_int_eq(atomic_load(&n_logged), LEN(rows));
	stop();
}
END_TEST

/* A folder is no file, and a source may be shorter than it says. */
START_TEST(survives_what_is_not_what_it_seems)
{
	size_t shorter = LARGE / 2;
	unsigned descriptors;

	chosen.kind = FSRV_RESOURCE_FILE;
	chosen.name = "a";
	opened = "folder";
	serve(modes[_i]);
	ask("GET", "/files/small.bin", "");
	descriptors = open_descriptors();
	ck_assert_int_eq(ask("GET", "/x", ""), 500);
	ck_assert_ptr_nonnull(strstr(logged, "not that of a regular file"));
	choose(&kinds[7 + 2 * (_i % 2)]);
	chosen.cls = &shorter;
	ask("GET", "/x", "");
	ck_assert(!reply.whole && reply.length <= shorter);
	client_close(&client);
	client_open(&client, daemon_connect(&service));
	chosen.read = fail_to_read;
	chosen.cls = &large_size;
	ask("GET", "/x", "");
	ck_assert(!reply.whole && reply.length <= 100000);
	client_close(&client);
	client_open(&client, daemon_connect(&service));
	/* A loop lets go of a connection when something else happens. */
	for (int i = 0; i < 500 && (i == 0 || open_descriptors() > descriptors); i++) {
		usleep(20000);
		ck_assert_int_eq(ask("GET", "/files/small.bin", ""), 200);
	}
	ck_assert_uint_le(open_descriptors(), descriptors);
	stop();
}
END_TEST

/* Other methods and malformed requests need no resource. */
START_TEST(releases_what_it_does_not_need)
{
	choose(&kinds[5]);
	serve(modes[_i]);
	ck_assert_int_eq(ask("OPTIONS", "/x", ""), 204);
	ck_assert_int_eq(atomic_load(&n_released), atomic_load(&n_given));
	ck_assert_int_eq(ask("GET", "/x", "Transfer-Encoding: gzip\r\n"), 400);
	stop();
}
END_TEST

static pthread_mutex_t gate_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_is_open;
static int n_waiting;

/* Waits at a gate for each read. */
static ssize_t read_behind_a_gate(void *cls, void *buffer, size_t size, uint64_t offset)
{
	pthread_mutex_lock(&gate_mutex);
	n_waiting++;
	pthread_cond_broadcast(&gate_changed);
	while (!gate_is_open)
		pthread_cond_wait(&gate_changed, &gate_mutex);
	n_waiting--;
	pthread_mutex_unlock(&gate_mutex);
	return read_pattern(cls, buffer, size, offset);
}

static void await_reader(void)
{
	pthread_mutex_lock(&gate_mutex);
	while (n_waiting == 0)
		pthread_cond_wait(&gate_changed, &gate_mutex);
	pthread_mutex_unlock(&gate_mutex);
}

/* As long as a source hangs, the thread that serves it answers others. */
START_TEST(delays_nobody_by_a_source_that_waits)
{
	static struct client other;
	const bool is_large = _i % 2 != 0;
	struct reply whole;

	gate_is_open = false;
	choose(&kinds[is_large ? 9 : 8]);
	chosen.read = read_behind_a_gate;
	serve(modes[_i / 2]);
	client_send_text(&client, "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
	await_reader();
	client_open(&other, daemon_connect(&service));
	for (int i = 0; i < 3; i++) {
		client_ask(&other, "GET", "/files/small.bin", "", &whole);
		ck_assert_int_eq(whole.status, 200);
		client_reply_free(&whole);
	}
	client_close(&other);
	pthread_mutex_lock(&gate_mutex);
	gate_is_open = true;
	pthread_cond_broadcast(&gate_changed);
	pthread_mutex_unlock(&gate_mutex);
	client_read(&client, true, &whole);
	ck_assert(whole.whole);
	ck_assert_uint_eq(tree_compare(whole.body, whole.length, 0), is_large ? LARGE : SMALL);
	client_reply_free(&whole);
	stop();
}
END_TEST

static struct fsrv_resource bytes_of(const char *name, const char *text)
{
	atomic_fetch_add(&n_given, 1);
	return (struct fsrv_resource){.size = sizeof(struct fsrv_resource),
				      .kind = FSRV_RESOURCE_BYTES,
				      .name = name,
				      .bytes = text,
				      .length = strlen(text),
				      .release = release_one};
}

static void put(const char *name, const char *text)
{
	struct fsrv_resource resource = bytes_of(name, text);

	ck_assert_int_eq(fsrv_overlay_put(fs, &resource), FSRV_OK);
}

static void expect(const char *target, int status, const char *body)
{
	char path[64];

	snprintf(path, sizeof(path), "/files%s", target);
	ck_assert_msg(ask("GET", path, "") == status, "%s: %d", target, reply.status);
	if (body != NULL)
		ck_assert_str_eq(reply.body, body);
}

START_TEST(lays_bytes_over_files)
{
	char tag[64], condition[100];

	serve(modes[_i]);
	expect("/folder/", 200, "index");
	expect("/new/name.txt", 404, NULL);
	put("new/name.txt", "first");
	expect("/new/name.txt", 200, "first");
	ck_assert_str_eq(client_field(&reply, "Content-Type"), "text/plain; charset=utf-8");
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	put("/new/name.txt", "second");
	expect("/new/name.txt", 200, "second");
	ck_assert_str_ne(client_field(&reply, "ETag"), tag);
	snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", client_field(&reply, "ETag"));
	ck_assert_int_eq(ask("GET", "/files/new/name.txt", condition), 304);
	ck_assert_int_eq(ask("GET", "/files/new/name.txt", "Range: bytes=1-2\r\n"), 206);
	ck_assert_str_eq(reply.body, "ec");
	put("small.bin", "over");
	put("folder/index.html", "over the index");
	expect("/small.bin", 200, "over");
	expect("/folder/", 200, "over the index");
	expect("/folder/index.html", 200, "over the index");
	expect("/folder", 308, NULL);
	ck_assert_int_eq(fsrv_overlay_remove(fs, "small.bin"), FSRV_OK);
	ck_assert_int_eq(fsrv_overlay_remove(fs, "small.bin"), FSRV_ERR_INVALID);
	ck_assert_int_eq(fsrv_overlay_remove(fs, "folder/index.html"), FSRV_OK);
	ck_assert_int_eq(ask("HEAD", "/files/small.bin", ""), 200);
	ck_assert_uint_eq(reply.announced, SMALL);
	expect("/folder/", 200, "index");
	chosen.kind = FSRV_RESOURCE_PATH;
	chosen.name = "new/name.txt";
	ck_assert_int_eq(ask("GET", "/any", ""), 200);
	ck_assert_str_eq(reply.body, "second");
	stop();
}
END_TEST

START_TEST(puts_scripts_into_bytes_above)
{
	serve(modes[_i]);
	put("made.html", PAGE);
	put("sub/index.html", PAGE);
	expect("/made.html", 200, PAGE);
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_END, "<i></i>", 7),
			 FSRV_OK);
	for (int i = 0; i < 3; i++) {
		expect("/made.html", 200, WITH);
		expect("/sub/", 200, WITH);
	}
	put("made.html", "<p>other");
	expect("/made.html", 200, "<i></i><p>other");
	stop();
}
END_TEST

static void *add_scripts(void *is_over)
{
	for (int i = 0; i < 2000 && !atomic_load((atomic_bool *)is_over); i++) {
		char markup[32];
		int length = snprintf(markup, sizeof(markup), "<i id=%d>", i);

		ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_END, markup,
							(size_t)length),
				 FSRV_OK);
		usleep(50);
	}
	return NULL;
}

START_TEST(puts_no_script_twice_into_bytes_above)
{
	atomic_bool is_over = false;
	pthread_t adder;

	serve(modes[_i]);
	put("made.html", PAGE);
	ck_assert_int_eq(pthread_create(&adder, NULL, add_scripts, &is_over), 0);
	for (int i = 0; i < 2000; i++) {
		const char *first;

		ck_assert_msg(ask("GET", "/files/made.html", "") == 200, "request %d: %d %s", i, reply.status,
			      logged);
		first = strstr(reply.body, "<i id=0>");
		ck_assert_msg(first == NULL || strstr(first + 1, "<i id=0>") == NULL, "request %d", i);
	}
	atomic_store(&is_over, true);
	pthread_join(adder, NULL);
	stop();
}
END_TEST

static size_t choose_tag(void *cls, int file, const char *path, char *opaque, size_t capacity)
{
	char byte;

	(void)cls;
	(void)path;
	(void)capacity;
	ck_assert_int_eq(pread(file, &byte, 1, 0), 1);
	atomic_fetch_add(&n_tags, 1);
	memcpy(opaque, "own", 3);
	return 3;
}

/* How often the etag function is called for two requests, whose tags have to contain a text or, when that is
 * NULL, not the one of the function. */
static int count_tags(const char *target, const char *text)
{
	atomic_store(&n_tags, 0);
	for (int i = 0; i < 2; i++) {
		const char *tag;

		ck_assert_int_eq(ask(i == 0 ? "GET" : "HEAD", target, ""), 200);
		tag = client_field(&reply, "ETag");
		ck_assert_ptr_nonnull(tag);
		ck_assert_msg(text != NULL ? strstr(tag, text) != NULL : strstr(tag, "own") == NULL, "%s: %s",
			      target, tag);
	}
	return atomic_load(&n_tags);
}

/* Only files are shown to the function. One that the program gives is not kept, and neither is its tag. */
START_TEST(shows_files_to_the_etag_function)
{
	etag_function = choose_tag;
	serve(modes[_i]);
	for (int i = 0; i < LEN(kinds); i++) {
		choose(&kinds[i]);
		chosen.media_type = NULL;
		switch (kinds[i].kind) {
		case FSRV_RESOURCE_PATH:
			ck_assert_int_ge(count_tags("/any", "own"), 1);
			break;
		case FSRV_RESOURCE_FILE:
			ck_assert_int_eq(count_tags("/any", "\"own\""), 2);
			chosen.etag = "given";
			ck_assert_int_eq(count_tags("/any", "\"given\""), 0);
			chosen.etag = NULL;
			break;
		default:
			ck_assert_int_eq(count_tags("/any", NULL), 0);
		}
	}
	chosen = (struct fsrv_resource){
		.size = sizeof(chosen), .kind = FSRV_RESOURCE_FILE, .name = "page.html"};
	opened = chosen.name;
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_END, "<i></i>", 7),
			 FSRV_OK);
	ck_assert_int_eq(count_tags("/any", "\"own-"), 2);
	/* Neither the tag of the file below nor that of an earlier request is used for bytes above. */
	ck_assert_int_ge(count_tags("/files/small.bin", "own"), 1);
	put("small.bin", "over");
	ck_assert_int_eq(count_tags("/files/small.bin", NULL), 0);
	stop();
}
END_TEST

START_TEST(keeps_many_names)
{
	char name[32], text[32];
	struct fsrv_resource resource = {
		.size = sizeof(resource), .kind = FSRV_RESOURCE_BYTES, .name = name, .bytes = text};

	serve(modes[_i]);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "many/%d.txt", i);
		resource.length = (uint64_t)snprintf(text, sizeof(text), "text %d", i);
		ck_assert_int_eq(fsrv_overlay_put(fs, &resource), FSRV_OK);
	}
	for (int i = 0; i < 500; i += 7) {
		snprintf(name, sizeof(name), "/many/%d.txt", i);
		snprintf(text, sizeof(text), "text %d", i);
		expect(name, 200, text);
	}
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "many/%d.txt", i);
		ck_assert_int_eq(fsrv_overlay_remove(fs, name), FSRV_OK);
	}
	expect("/many/7.txt", 404, NULL);
	resource.kind = FSRV_RESOURCE_PATH;
	ck_assert_int_eq(fsrv_overlay_put(fs, &resource), FSRV_ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(logged, "fsrv_overlay_put: kind"));
	stop();
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("resource");
	TCase *tcase = tcase_create("resource");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, answers_like_a_file, 0, LEN(kinds) * LEN(modes));
	tcase_add_loop_test(tcase, takes_the_tag_of_the_program, 0, 4 * LEN(modes));
	tcase_add_loop_test(tcase, puts_scripts_into_pages, 0, 8 * LEN(modes));
	tcase_add_loop_test(tcase, finds_paths_below_the_roots, 0, LEN(modes));
	tcase_add_loop_test(tcase, refuses_what_the_header_excludes, 0, LEN(modes));
	tcase_add_loop_test(tcase, survives_what_is_not_what_it_seems, 0, LEN(modes));
	tcase_add_loop_test(tcase, releases_what_it_does_not_need, 0, LEN(modes));
	tcase_add_loop_test(tcase, delays_nobody_by_a_source_that_waits, 0, 2 * 3);
	tcase_add_loop_test(tcase, lays_bytes_over_files, 0, LEN(modes));
	tcase_add_loop_test(tcase, puts_scripts_into_bytes_above, 0, LEN(modes));
	tcase_add_loop_test(tcase, puts_no_script_twice_into_bytes_above, 0, LEN(modes));
	tcase_add_loop_test(tcase, shows_files_to_the_etag_function, 0, LEN(modes));
	tcase_add_loop_test(tcase, keeps_many_names, 0, LEN(modes));
	suite_add_tcase(suite, tcase);
	return suite;
}
