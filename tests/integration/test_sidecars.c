/* Sidecars: the coding that a client gets, in the answers of whole daemons. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsrv/fsrv.h"
#include "serving.h"
#include "suite.h"
#include "tree.h"

/* A thread for each connection; one thread that suspends; a loop of the program's own that suspends. */
static const int modes[] = {7, 3, 13};

#define JS          "text/javascript; charset=utf-8"
#define HTML        "text/html; charset=utf-8"
#define LARGE_SIZE  300000
#define PACKED_SIZE 200000
#define WINDOWS     "<!doctype html><meta charset=windows-1252><p>x"
#define ALL         "Accept-Encoding: gzip, deflate, br, zstd\r\n"

static struct tree tree;
static const char *roots[2];
static char upper[128], lower[128];
static char seen_path[128];
static atomic_uint n_tags; /* calls of the etag function */

/* A page of more than is kept in memory, which names its encoding. */
static void write_large_page(const char *name)
{
	size_t start = strlen(WINDOWS);
	char *page = malloc(LARGE_SIZE);

	ck_assert_ptr_nonnull(page);
	memcpy(page, WINDOWS, start);
	memset(page + start, 'x', LARGE_SIZE - start);
	tree_write(&tree, name, page, LARGE_SIZE);
	free(page);
}

/* Its sidecar is made by a test, so that it is too young to be kept. */
static const char *young_page(int number)
{
	static char name[32];

	snprintf(name, sizeof(name), "lower/young%d.html", number);
	return name;
}

/* Its sidecar is removed by a test. */
static const char *gone_file(int number)
{
	static char name[32];

	snprintf(name, sizeof(name), "lower/gone%d.bin", number);
	return name;
}

static void write_gone_files(void)
{
	char sidecar[40];

	for (int i = 0; i < LEN(modes); i++) {
		tree_write_pattern(&tree, gone_file(i), LARGE_SIZE);
		snprintf(sidecar, sizeof(sidecar), "%s.br", gone_file(i));
		tree_write_pattern(&tree, sidecar, PACKED_SIZE);
	}
}

/* Of a file whose name tells which sidecars it has. */
static void write_sidecars(const char *name, const char *endings)
{
	char sidecar[64];

	for (; *endings != '\0'; endings++) {
		snprintf(sidecar, sizeof(sidecar), "%s%s", name,
			 *endings == 'b' ? ".br" : (*endings == 'z' ? ".zst" : ".gz"));
		tree_write_text(&tree, sidecar, sidecar + strlen("lower/"));
	}
}

static void set_time(const char *name, int64_t seconds, long nanoseconds)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)seconds, .tv_nsec = nanoseconds},
					  {.tv_sec = (time_t)seconds, .tv_nsec = nanoseconds}};

	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, name), times, 0), 0);
}

static void write_odd_ones(void)
{
	tree_write_text(&tree, "lower/older.js", "older.js");
	write_sidecars("lower/older.js", "bzg");
	set_time("lower/older.js", TREE_OLD, 5);
	set_time("lower/older.js.br", TREE_OLD, 4);
	set_time("lower/older.js.zst", TREE_OLD - 1, 999);
	set_time("lower/older.js.gz", TREE_OLD, 5);
	tree_write_text(&tree, "lower/odd.js", "odd.js");
	tree_write_text(&tree, "lower/odd.js.br", "");
	tree_folder(&tree, "lower/odd.js.zst");
	ck_assert_int_eq(mkfifo(tree_path(&tree, "lower/odd.js.gz"), 0644), 0);
	tree_write_text(&tree, "lower/linked.js", "linked.js");
	tree_link(&tree, "lower/linked.js.br", "all.js.br");
	/* The upper root has a sidecar without its file, and a file without its sidecar. */
	tree_write_text(&tree, "upper/gzip.js.br", "upper/gzip.js.br");
	tree_write_text(&tree, "upper/both.js", "upper/both.js");
	tree_write_text(&tree, "lower/both.js", "lower/both.js");
	write_sidecars("lower/both.js", "bzg");
}

static void make_tree(void)
{
	tree_make(&tree);
	tree_folder(&tree, "upper");
	tree_write_text(&tree, "lower/all.js", "all.js");
	write_sidecars("lower/all.js", "bzg");
	tree_write_text(&tree, "lower/gzip.js", "gzip.js");
	write_sidecars("lower/gzip.js", "g");
	tree_write_text(&tree, "lower/none.js", "none.js");
	tree_write_text(&tree, "lower/index.html", WINDOWS);
	write_sidecars("lower/index.html", "b");
	write_large_page("lower/large.html");
	for (int i = 0; i < LEN(modes); i++)
		write_large_page(young_page(i));
	write_sidecars("lower/large.html", "b");
	tree_write_pattern(&tree, "lower/large.bin", LARGE_SIZE);
	tree_write_pattern(&tree, "lower/large.bin.br", PACKED_SIZE);
	tree_write_text(&tree, "lower/drawing.svgz", "drawing");
	write_sidecars("lower/drawing.svgz", "b");
	tree_write_text(&tree, "lower/only.js.gz", "only.js.gz");
	tree_write_text(&tree, "lower/build.data.br", "build.data.br");
	tree_write_text(&tree, "lower/code.wasm.zst", "code.wasm.zst");
	tree_write_text(&tree, "lower/page.html.gz", "<head>");
	tree_write_text(&tree, "lower/a.tar.gz", "a.tar.gz");
	tree_write_text(&tree, "lower/dump.gz", "dump.gz");
	tree_write_text(&tree, "lower/twice.js.gz.br", "twice.js.gz.br");
	tree_write_text(&tree, "lower/twice.js.gz", "twice.js.gz");
	write_odd_ones();
	write_gone_files();
	tree_age();
}

static void remove_tree(void)
{
	tree_remove(&tree);
}

static void note_access(void *cls, const struct fsrv_access *access)
{
	(void)cls;
	snprintf(seen_path, sizeof(seen_path), "%s", access->path != NULL ? access->path : "");
}

static void set_up(void)
{
	snprintf(upper, sizeof(upper), "%s", tree_path(&tree, "upper"));
	snprintf(lower, sizeof(lower), "%s", tree_path(&tree, "lower"));
	roots[0] = upper;
	roots[1] = lower;
	serving_set_up(roots, LEN(roots));
	options.flags |= FSRV_PRECOMPRESSED;
	options.access = note_access;
}

static void serve(int mode)
{
	serving_start(modes[mode], fsrv_handle, daemon_connect);
}

/* The tag, with the field's name in front and a line end. */
static void copy_tag(const char *field, char line[160])
{
	ck_assert_ptr_nonnull(client_field(&reply, "ETag"));
	snprintf(line, 160, "%s: %s\r\n", field, client_field(&reply, "ETag"));
}

/* Texts are those of the name that is sent. */
static const struct {
	const char *target, *accept, *text, *coding;
	bool varies;
} choices[] = {
	{"/all.js", "gzip, deflate, br, zstd", "all.js.br", "br", true},
	{"/all.js", "gzip, deflate, zstd", "all.js.zst", "zstd", true},
	{"/all.js", "gzip", "all.js.gz", "gzip", true},
	{"/all.js", "x-gzip;q=0.1", "all.js.gz", "gzip", true},
	{"/all.js", "br;q=0.1, gzip;q=0.2", "all.js.gz", "gzip", true},
	{"/all.js", "*", "all.js.br", "br", true},
	{"/all.js", "*, br;q=0", "all.js.zst", "zstd", true},
	{"/all.js", "identity;q=0, gzip", "all.js.gz", "gzip", true},
	{"/all.js", "deflate", "all.js", NULL, true},
	{"/all.js", "", "all.js", NULL, true},
	{"/all.js", NULL, "all.js", NULL, true},
	{"/all.js", "identity;q=1, *;q=0", "all.js", NULL, true},
	{"/all.js", "gzip;q=0.5, identity", "all.js", NULL, true},
	{"/gzip.js", "gzip, br", "gzip.js.gz", "gzip", true},
	{"/gzip.js", "br", "gzip.js", NULL, true},
	{"/none.js", "gzip, br", "none.js", NULL, false},
	{"/none.js", NULL, "none.js", NULL, false},
	{"/both.js", "gzip, br", "upper/both.js", NULL, false},
	{"/older.js", "br, zstd, gzip;q=0.5", "older.js.gz", "gzip", true},
	{"/older.js", "br, zstd", "older.js", NULL, true},
	{"/odd.js", "br, zstd, gzip", "odd.js", NULL, false},
	{"/linked.js", "br", "all.js.br", "br", true},
	{"/only.js.gz", "gzip, br", "only.js.gz", NULL, false},
	{"/twice.js.gz", "br", "twice.js.gz", NULL, false},
	{"/drawing.svgz", "br", "drawing", "gzip", false},
	{"/drawing.svgz", "identity;q=0", "drawing", "gzip", false},
};

/* Twice: opened first, from memory afterwards. */
START_TEST(chooses_a_coding)
{
	int row = _i / LEN(modes);
	char fields[128] = "";

	serve(_i % LEN(modes));
	if (choices[row].accept != NULL)
		snprintf(fields, sizeof(fields), "Accept-Encoding: %s\r\n", choices[row].accept);
	for (int i = 0; i < 2; i++) {
		ask("GET", choices[row].target, fields, 200);
		ck_assert_str_eq(reply.body, choices[row].text);
		expect("Content-Encoding", choices[row].coding);
		expect("Vary", choices[row].varies ? "Accept-Encoding" : NULL);
		if (choices[row].varies)
			expect("Content-Type", JS);
		ck_assert_str_eq(seen_path, choices[row].target + 1);
	}
	ask("HEAD", choices[row].target, fields, 200);
	ck_assert_uint_eq(reply.announced, strlen(choices[row].text));
	expect("Content-Encoding", choices[row].coding);
	expect("Vary", choices[row].varies ? "Accept-Encoding" : NULL);
}
END_TEST

START_TEST(is_off_by_default)
{
	options.flags &= ~(unsigned)FSRV_PRECOMPRESSED;
	serve(_i);
	ask("GET", "/all.js", ALL, 200);
	ck_assert_str_eq(reply.body, "all.js");
	expect("Content-Encoding", NULL);
	expect("Vary", NULL);
	ask("GET", "/all.js", "Accept-Encoding: identity;q=0\r\n", 200);
	ask("GET", "/only.js.gz", ALL, 200);
	expect("Content-Type", "application/gzip");
	expect("Content-Encoding", NULL);
}
END_TEST

START_TEST(refuses_what_the_client_refuses)
{
	static const char *const targets[] = {"/all.js", "/none.js", "/large.bin", "/odd.js"};

	serve(_i);
	for (int i = 0; i < LEN(targets); i++) {
		ask("GET", targets[i], "Accept-Encoding: deflate, identity;q=0\r\n", 406);
		ck_assert_ptr_nonnull(strstr(reply.body, "Not Acceptable"));
		expect("Vary", "Accept-Encoding");
		expect("Cache-Control", "no-cache");
		expect("ETag", NULL);
		ask("HEAD", targets[i], "Accept-Encoding: *;q=0\r\nIf-None-Match: *\r\n", 406);
	}
	ask("GET", "/missing.js", "Accept-Encoding: *;q=0\r\n", 404);
	expect("Vary", NULL);
	ask("GET", "/all.js", "Accept-Encoding: *;q=0, zstd\r\n", 200);
	ck_assert_str_eq(reply.body, "all.js.zst");
}
END_TEST

/* Each coding is a representation of its own: tag, length and ranges are those of its bytes. */
START_TEST(keeps_codings_apart)
{
	static const char *const codings[] = {"br", "zstd", "gzip", "identity"};
	static const char *const ends[] = {"-br\"", "-zstd\"", "-gzip\"", "\""};
	char tags[LEN(codings)][160], fields[1024], tag[160];

	serve(_i);
	for (int i = 0; i < LEN(codings); i++) {
		snprintf(fields, sizeof(fields), "Accept-Encoding: %s\r\n", codings[i]);
		ask("GET", "/all.js", fields, 200);
		copy_tag("If-None-Match", tags[i]);
		snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
		ck_assert_msg(tag[0] == '"' && strcmp(tag + 17, ends[i]) == 0, "%s: %s", codings[i], tag);
	}
	for (int i = 0; i < LEN(codings); i++) {
		for (int j = 0; j < LEN(codings); j++) {
			ck_assert(i == j || strcmp(tags[i], tags[j]) != 0);
			snprintf(fields, sizeof(fields), "Accept-Encoding: %s\r\n%s", codings[i], tags[j]);
			ask("GET", "/all.js", fields, i == j ? 304 : 200);
			expect("Vary", "Accept-Encoding");
		}
	}
	ask("GET", "/all.js", "Accept-Encoding: zstd\r\nRange: bytes=4-\r\n", 206);
	ck_assert_str_eq(reply.body, "js.zst");
	expect("Content-Range", "bytes 4-9/10");
	expect("Content-Encoding", "zstd");
	expect("Vary", "Accept-Encoding");
	ask("GET", "/all.js", "Accept-Encoding: zstd\r\nRange: bytes=10-\r\n", 416);
	expect("Content-Range", "bytes */10");
	expect("Vary", "Accept-Encoding");
	ask("GET", "/all.js", "Accept-Encoding: br\r\nIf-Match: \"x\"\r\n", 412);
	expect("Vary", "Accept-Encoding");
}
END_TEST

/* A range continues what the client has only if that is in the same coding. All have the same date here. */
START_TEST(continues_one_coding)
{
	char tag[160], fields[512];

	serve(_i);
	ask("GET", "/large.bin", "Accept-Encoding: br\r\n", 200);
	ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), PACKED_SIZE);
	copy_tag("If-Range", tag);
	snprintf(fields, sizeof(fields), "Range: bytes=1000-\r\nAccept-Encoding: br\r\n%s", tag);
	ask("GET", "/large.bin", fields, 206);
	ck_assert_uint_eq(tree_compare(reply.body, reply.length, 1000), PACKED_SIZE - 1000);
	snprintf(fields, sizeof(fields), "Range: bytes=1000-\r\n%s", tag);
	ask("GET", "/large.bin", fields, 200);
	ck_assert_uint_eq(reply.length, LARGE_SIZE);
	expect("Content-Encoding", NULL);
	expect("Last-Modified", TREE_OLD_TEXT);
	ask("GET", "/large.bin",
	    "Range: bytes=1000-\r\nAccept-Encoding: br\r\nIf-Range: " TREE_OLD_TEXT "\r\n", 200);
	ck_assert_uint_eq(reply.length, PACKED_SIZE);
	ask("HEAD", "/large.bin", "Accept-Encoding: br\r\n", 200);
	ck_assert_uint_eq(reply.announced, PACKED_SIZE);
	copy_tag("If-None-Match", tag);
	snprintf(fields, sizeof(fields), "Accept-Encoding: br\r\n%s", tag);
	ask("GET", "/large.bin", fields, 304);
	ask("GET", "/large.bin", "Accept-Encoding: br\r\nIf-None-Match: \"x\"\r\n", 200);
	ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), PACKED_SIZE);
}
END_TEST

static size_t choose_tag(void *cls, int file, const char *path, char *opaque, size_t capacity)
{
	size_t length = strlen(path);

	(void)cls;
	ck_assert(file >= 0 && length <= capacity);
	memcpy(opaque, path, length);
	atomic_fetch_add(&n_tags, 1);
	return length;
}

/* Each file has its tag, which is asked for once, whether it is sent as a sidecar or by its own name. */
START_TEST(keeps_chosen_tags_apart)
{
	options.etag_function = choose_tag;
	atomic_store(&n_tags, 0);
	serve(_i);
	for (int i = 0; i < 3; i++) {
		ask("GET", "/all.js", "Accept-Encoding: br\r\n", 200);
		expect("ETag", "\"all.js.br-br\"");
		ask("GET", "/all.js", "", 200);
		expect("ETag", "\"all.js\"");
		ask("GET", "/all.js.br", "", 200);
		expect("ETag", "\"all.js.br\"");
		ask("GET", "/large.bin", "Accept-Encoding: br\r\n", 200);
		expect("ETag", "\"large.bin.br-br\"");
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), PACKED_SIZE);
		ask("HEAD", "/large.bin", "Accept-Encoding: br\r\n", 200);
		expect("ETag", "\"large.bin.br-br\"");
	}
	ck_assert_uint_eq(atomic_load(&n_tags), 4);
}
END_TEST

/* The compressed bytes do not tell the encoding; the page does. */
START_TEST(names_the_encoding_of_a_page)
{
	static const char *const targets[] = {"/", "/index.html", "/large.html"};

	serve(_i);
	for (int i = 0; i < LEN(targets) * 2; i++) {
		const char *target = targets[i / 2];

		ask("GET", target, "Accept-Encoding: br\r\n", 200);
		expect("Content-Type", "text/html; charset=windows-1252");
		expect("Content-Encoding", "br");
		ck_assert_str_eq(reply.body, i / 2 < 2 ? "index.html.br" : "large.html.br");
		ask("GET", target, "Accept-Encoding: br\r\nIf-None-Match: \"x\"\r\n", 200);
		expect("Content-Type", "text/html; charset=windows-1252");
		ask("GET", target, "Accept-Encoding: br\r\nIf-None-Match: *\r\n", 304);
		ask("HEAD", target, "Accept-Encoding: br\r\n", 200);
		expect("Content-Type", "text/html; charset=windows-1252");
		expect("Content-Encoding", "br");
		ask("GET", target, "", 200);
		expect("Content-Type", "text/html; charset=windows-1252");
		expect("Vary", "Accept-Encoding");
	}
	ck_assert_str_eq(seen_path, "large.html");
}
END_TEST

/* The facts of the page are in memory then, and the sidecar is read in place of the page. */
START_TEST(names_the_encoding_of_a_page_that_is_not_read)
{
	const char *target = young_page(_i) + strlen("lower");

	write_sidecars(young_page(_i), "b");
	serve(_i);
	ask("GET", target, "", 200);
	ask("GET", target, "Accept-Encoding: br\r\nIf-None-Match: \"x\"\r\n", 200);
	expect("Content-Encoding", "br");
	expect("Content-Type", "text/html; charset=windows-1252");
}
END_TEST

/* A small sidecar that was only seen, because nobody wanted it, is read for its tag. */
START_TEST(has_one_tag_whatever_was_asked_before)
{
	char tag[160], fields[256];

	serve(_i);
	ask("GET", "/all.js", "", 200);
	ask("HEAD", "/all.js", "Accept-Encoding: br\r\n", 200);
	copy_tag("If-None-Match", tag);
	ask("GET", "/all.js", "Accept-Encoding: br\r\n", 200);
	snprintf(fields, sizeof(fields), "Accept-Encoding: br\r\n%s", tag);
	ask("GET", "/all.js", fields, 304);
}
END_TEST

START_TEST(sends_no_sidecar_of_a_page_with_scripts)
{
	static const struct fsrv_script script = {.text = "x()", .length = 3};

	serve(_i);
	ask("GET", "/", "Accept-Encoding: br\r\n", 200);
	ck_assert_str_eq(reply.body, "index.html.br");
	ck_assert_int_eq(fsrv_inject_add_script(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, &script),
			 FSRV_OK);
	for (int i = 0; i < 2; i++) {
		ask("GET", "/", "Accept-Encoding: br\r\n", 200);
		ck_assert_ptr_nonnull(strstr(reply.body, "<script>x()</script>"));
		expect("Content-Encoding", NULL);
		expect("Vary", NULL);
		ask("GET", "/large.html", "Accept-Encoding: br\r\n", 200);
		ck_assert_uint_gt(reply.length, LARGE_SIZE);
	}
	ask("GET", "/all.js", "Accept-Encoding: br\r\n", 200);
	expect("Content-Encoding", "br");
	ask("GET", "/", "Accept-Encoding: identity;q=0\r\n", 406);
}
END_TEST

START_TEST(keeps_the_policy_for_links)
{
	options.symlinks = _i % 2 == 0 ? FSRV_SYMLINKS_NONE : FSRV_SYMLINKS_BENEATH;
	serve(_i / 2);
	ask("GET", "/linked.js", "Accept-Encoding: br\r\n", 200);
	ck_assert_str_eq(reply.body, _i % 2 == 0 ? "linked.js" : "all.js.br");
	expect("Vary", _i % 2 == 0 ? NULL : "Accept-Encoding");
	ask("GET", "/all.js", "Accept-Encoding: br\r\n", 200);
	ck_assert_str_eq(reply.body, "all.js.br");
}
END_TEST

/* With the flag a compressed file that is requested by its own name is what it holds. */
START_TEST(tells_the_coding_by_the_extension)
{
	static const struct fsrv_script script = {.text = "x()", .length = 3};
	static const struct {
		const char *target, *type, *coding;
	} rows[] = {
		{"/only.js.gz", JS, "gzip"},
		{"/build.data.br", "application/octet-stream", "br"},
		{"/code.wasm.zst", "application/wasm", "zstd"},
		{"/all.js.br", JS, "br"},
		{"/page.html.gz", "text/html", "gzip"},
		{"/a.tar.gz", "application/gzip", NULL},
		{"/dump.gz", "application/gzip", NULL},
		{"/all.js", JS, NULL},
	};

	options.flags ^= FSRV_PRECOMPRESSED | FSRV_CODING_BY_EXTENSION;
	serve(_i);
	ck_assert_int_eq(fsrv_inject_add_script(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, &script),
			 FSRV_OK);
	for (int i = 0; i < LEN(rows) * 2; i++) {
		ask(i % 2 == 0 ? "GET" : "HEAD", rows[i / 2].target, "", 200);
		expect("Content-Type", rows[i / 2].type);
		expect("Content-Encoding", rows[i / 2].coding);
		expect("Vary", NULL);
	}
	ask("GET", "/page.html.gz", "", 200);
	ck_assert_str_eq(reply.body, "<head>");
}
END_TEST

START_TEST(does_both)
{
	options.flags |= FSRV_CODING_BY_EXTENSION;
	serve(_i);
	ask("GET", "/twice.js.gz", "Accept-Encoding: br\r\n", 200);
	ck_assert_str_eq(reply.body, "twice.js.gz");
	expect("Content-Encoding", "gzip");
	expect("Vary", NULL);
	ask("GET", "/all.js.gz", "Accept-Encoding: identity;q=0\r\n", 200);
	ask("GET", "/all.js", "Accept-Encoding: gzip\r\n", 200);
	expect("Content-Encoding", "gzip");
	expect("Vary", "Accept-Encoding");
}
END_TEST

static const char *const origins[] = {"http://reader.example"};
static const struct fsrv_field_rule vary_rule = {"*", "Vary", "Cookie"};

START_TEST(keeps_vary_beside_others)
{
	options.cors_origins = origins;
	options.n_cors_origins = 1;
	options.field_rules = &vary_rule;
	options.n_field_rules = 1;
	options.flags |= FSRV_ISOLATE;
	serve(_i);
	ask("GET", "/all.js", "Accept-Encoding: br\r\nRange: bytes=0-1\r\nOrigin: http://reader.example\r\n",
	    206);
	ck_assert_ptr_nonnull(strstr(reply.head, "\r\nVary: Accept-Encoding\r\n"));
	ck_assert_ptr_nonnull(strstr(reply.head, "\r\nVary: Origin\r\n"));
	ck_assert_ptr_nonnull(strstr(reply.head, "\r\nVary: Cookie\r\n"));
}
END_TEST

/* Whatever happens to a sidecar that was just sent, the next answer shows it. */
START_TEST(sees_changes)
{
	char name[32], sidecar[40], target[32];

	snprintf(name, sizeof(name), "lower/change%d.js", _i);
	snprintf(sidecar, sizeof(sidecar), "%s.gz", name);
	snprintf(target, sizeof(target), "/change%d.js", _i);
	tree_write_text(&tree, name, "plain");
	tree_write_text(&tree, sidecar, "packed");
	tree_age();
	serve(_i);
	ask("GET", target, ALL, 200);
	ck_assert_str_eq(reply.body, "packed");
	tree_write_text(&tree, sidecar, "repacked");
	ask("GET", target, ALL, 200);
	ck_assert_str_eq(reply.body, "repacked");
	set_time(name, TREE_OLD + 1, 0);
	ask("GET", target, ALL, 200);
	ck_assert_str_eq(reply.body, "plain");
	expect("Vary", NULL);
	set_time(sidecar, TREE_OLD + 1, 0);
	ask("GET", target, ALL, 200);
	ck_assert_str_eq(reply.body, "repacked");
	ck_assert_int_eq(unlink(tree_path(&tree, sidecar)), 0);
	ask("GET", target, ALL, 200);
	ck_assert_str_eq(reply.body, "plain");
	tree_write_text(&tree, sidecar, "packed");
	set_time(sidecar, TREE_OLD + 1, 0);
	ask("GET", target, ALL, 200);
	ck_assert_str_eq(reply.body, "packed");
	ck_assert_int_eq(unlink(tree_path(&tree, name)), 0);
	ask("GET", target, ALL, 404);
	expect("Vary", NULL);
}
END_TEST

/* The cache knows the sidecar, so the file itself is not opened at first. */
START_TEST(sends_a_large_file_whose_sidecar_is_gone)
{
	const char *target = gone_file(_i) + strlen("lower");
	char sidecar[40];

	snprintf(sidecar, sizeof(sidecar), "%s.br", gone_file(_i));
	serve(_i);
	for (int i = 0; i < 3; i++) {
		size_t size = i == 0 ? PACKED_SIZE : LARGE_SIZE;

		ask("GET", target, ALL, 200);
		ck_assert_uint_eq(reply.length, size);
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), size);
		expect("Content-Encoding", i == 0 ? "br" : NULL);
		if (i == 0)
			ck_assert_int_eq(unlink(tree_path(&tree, sidecar)), 0);
	}
}
END_TEST

static struct fsrv_stats stats_now(void)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	return stats;
}

/* Each answer counts once, as one that opened a file or as one that did not. */
START_TEST(answers_from_memory)
{
	struct fsrv_stats stats;

	serve(_i);
	ask("GET", "/all.js", ALL, 200);
	stats = stats_now();
	ck_assert_uint_eq(stats.cache_hits + stats.cache_misses, 1);
	ck_assert_uint_eq(stats.cache_misses, 1);
	for (int i = 0; i < 200 && stats.cache_hits == 0; i++) {
		ask("GET", "/all.js", ALL, 200);
		stats = stats_now();
		ck_assert_uint_eq(stats.cache_hits + stats.cache_misses, (unsigned)i + 2);
	}
	ck_assert_uint_ge(stats.cache_hits, 1);
	ck_assert_uint_eq(stats.open_files, 0);
}
END_TEST

/* The file is closed before its sidecar is opened. */
START_TEST(needs_one_descriptor)
{
	options.max_files = 1;
	options.cache_size = FSRV_NO_CACHE;
	serve(_i);
	for (int i = 0; i < 3; i++) {
		ask("GET", "/large.bin", ALL, 200);
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), PACKED_SIZE);
		ask("GET", "/all.js", ALL, 200);
		ck_assert_str_eq(reply.body, "all.js.br");
		ask("GET", "/large.bin", "", 200);
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), LARGE_SIZE);
	}
	ck_assert_uint_eq(stats_now().refused, 0);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("sidecars");
	TCase *tcase = tcase_create("sidecars");
	const TTest *const tests[] = {is_off_by_default,
				      refuses_what_the_client_refuses,
				      keeps_codings_apart,
				      continues_one_coding,
				      keeps_chosen_tags_apart,
				      names_the_encoding_of_a_page,
				      names_the_encoding_of_a_page_that_is_not_read,
				      has_one_tag_whatever_was_asked_before,
				      sends_no_sidecar_of_a_page_with_scripts,
				      tells_the_coding_by_the_extension,
				      does_both,
				      keeps_vary_beside_others,
				      sees_changes,
				      sends_a_large_file_whose_sidecar_is_gone,
				      answers_from_memory,
				      needs_one_descriptor};

	tcase_add_unchecked_fixture(tcase, make_tree, remove_tree);
	tcase_add_checked_fixture(tcase, set_up, serving_stop);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, chooses_a_coding, 0, LEN(choices) * LEN(modes));
	for (int i = 0; i < LEN(tests); i++)
		tcase_add_loop_test(tcase, tests[i], 0, LEN(modes));
	tcase_add_loop_test(tcase, keeps_the_policy_for_links, 0, 2 * LEN(modes));
	suite_add_tcase(suite, tcase);
	return suite;
}
