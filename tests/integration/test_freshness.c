/* What is kept in memory is never stale: whatever happens to a file that was just served from there, the
 * next answer shows it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "suite.h"
#include "tree.h"

#define PAGE    "<!doctype html><title>t</title><body>x</body>"
#define LARGE   100000 /* more than is kept: only facts are */
#define CHANGED "changed"

/* Daemons of test: a thread for each connection, a loop, a loop that may not wait. */
static const int modes[] = {7, 2, 3};

#define N_ROWS  25
#define N_KINDS 4
/* One for each mode and row of the two tables, and one for each mode and other test. */
#define FIRST_KIND  (N_ROWS * LEN(modes))
#define FIRST_OTHER (FIRST_KIND + N_KINDS * LEN(modes))
#define N_TREES     (FIRST_OTHER + 18 * LEN(modes))

static struct tree trees[N_TREES], tree;
static struct fsrv *fs;
static struct test_daemon service;
static struct client client;
static struct reply reply;
static struct fsrv_options options;
static const char *roots[2];
static char upper[128], lower[128];

/* Files have to be old before they are kept, so all trees are made first and grow old together. */
static void fill_tree(void)
{
	char name[32];

	tree_make(&tree);
	tree_folder(&tree, "upper");
	tree_folder(&tree, "lower");
	tree_write_text(&tree, "lower/file.txt", "content");
	tree_write_text(&tree, "lower/other.txt", CHANGED);
	tree_write_text(&tree, "lower/page.html", PAGE);
	tree_write_text(&tree, "lower/folder/index.html", "index page");
	tree_write_text(&tree, "lower/empty", "");
	tree_write_text(&tree, "upper/both.txt", "upper");
	tree_write_text(&tree, "lower/both.txt", "lower");
	tree_write_pattern(&tree, "lower/large", LARGE);
	tree_write_pattern(&tree, "lower/large.html", LARGE);
	tree_link(&tree, "lower/link", "file.txt");
	tree_folder(&tree, "next");
	tree_write_text(&tree, "next/file.txt", CHANGED);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "lower/%d", i);
		tree_write_pattern(&tree, name, 1000);
	}
	if (getuid() == 0) /* for the process that has no rights */
		ck_assert(chown(tree_path(&tree, "lower/file.txt"), 65534, 65534) == 0 &&
			  chown(tree_path(&tree, "lower/folder"), 65534, 65534) == 0);
}

static void make_trees(void)
{
	for (int i = 0; i < N_TREES; i++) {
		fill_tree();
		trees[i] = tree;
	}
	tree_age();
}

static void remove_trees(void)
{
	for (int i = 0; i < N_TREES; i++)
		tree_remove(&trees[i]);
}

static void set_up(void)
{
	static const char *const names[] = {"start.htm", "index.html"};

	roots[0] = upper;
	roots[1] = lower;
	options = (struct fsrv_options){.size = sizeof(options),
					.roots = roots,
					.n_roots = 2,
					.index_names = names,
					.n_index_names = 2};
	fs = NULL;
}

static void take_tree(int number)
{
	ck_assert_int_lt(number, N_TREES);
	tree = trees[number];
	snprintf(upper, sizeof(upper), "%s", tree_path(&tree, "upper"));
	snprintf(lower, sizeof(lower), "%s", tree_path(&tree, "lower"));
}

static void serve(int mode)
{
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[mode], fsrv_handle, fs, 0);
	client_open(&client, daemon_connect(&service));
}

static void tear_down(void)
{
	if (fs != NULL) {
		client_close(&client);
		fsrv_drain(fs);
		daemon_stop(&service);
		fsrv_free(fs);
	}
}

static struct fsrv_stats stats_now(void)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	return stats;
}

static int ask(const char *method, const char *target, const char *fields)
{
	client_reply_free(&reply);
	client_ask(&client, method, target, fields, &reply);
	return reply.status;
}

/* Asks and tells whether that was answered without opening a file. */
static bool is_hit(const char *method, const char *target, const char *fields)
{
	struct fsrv_stats before = stats_now(), after;

	ask(method, target, fields);
	after = stats_now();
	ck_assert_msg(after.cache_hits + after.cache_misses == before.cache_hits + before.cache_misses + 1,
		      "%s %s: %llu hits and %llu misses", method, target,
		      (unsigned long long)(after.cache_hits - before.cache_hits),
		      (unsigned long long)(after.cache_misses - before.cache_misses));
	return after.cache_hits > before.cache_hits;
}

/* The same for what should be in memory. It is no hit when it was read more than a second ago, and a machine
 * may be that slow. */
static bool becomes_hit(const char *method, const char *target, const char *fields)
{
	for (int i = 0; i < 50; i++)
		if (is_hit(method, target, fields))
			return true;
	return false;
}

static void rewrite_in_place(void)
{
	struct stat st;
	struct timespec times[2];
	int fd = open(tree_path(&tree, "lower/file.txt"), O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(pwrite(fd, CHANGED, strlen(CHANGED), 0), (int)strlen(CHANGED));
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static void replace(void)
{
	ck_assert_int_eq(rename(tree_path(&tree, "lower/other.txt"), tree_path(&tree, "lower/file.txt")), 0);
}

static void append(void)
{
	int fd = open(tree_path(&tree, "lower/file.txt"), O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "+", 1), 1);
	close(fd);
}

static void empty_it(void)
{
	ck_assert_int_eq(truncate(tree_path(&tree, "lower/file.txt"), 0), 0);
}

static void delete (void)
{
	ck_assert_int_eq(unlink(tree_path(&tree, "lower/file.txt")), 0);
}

static void cover(void)
{
	tree_write_text(&tree, "upper/file.txt", CHANGED);
}

static void uncover(void)
{
	ck_assert_int_eq(unlink(tree_path(&tree, "upper/both.txt")), 0);
}

static void put_folder(void)
{
	delete ();
	tree_folder(&tree, "lower/file.txt");
}

static void cover_with_folder(void)
{
	tree_folder(&tree, "upper/file.txt");
}

static void cover_with_fifo(void)
{
	ck_assert_int_eq(mkfifo(tree_path(&tree, "upper/file.txt"), 0644), 0);
}

static void retarget(void)
{
	ck_assert_int_eq(unlink(tree_path(&tree, "lower/link")), 0);
	tree_link(&tree, "lower/link", "other.txt");
}

static void break_link(void)
{
	ck_assert_int_eq(unlink(tree_path(&tree, "lower/link")), 0);
	tree_link(&tree, "lower/link", "nothing");
}

static void replace_root(void)
{
	ck_assert_int_eq(rename(lower, tree_path(&tree, "away")), 0);
	ck_assert_int_eq(rename(tree_path(&tree, "next"), lower), 0);
}

static void remove_root(void)
{
	ck_assert_int_eq(rename(lower, tree_path(&tree, "away")), 0);
}

static void put_earlier_index(void)
{
	tree_write_text(&tree, "lower/folder/start.htm", CHANGED);
}

static void put_upper_index(void)
{
	tree_write_text(&tree, "upper/folder/index.html", CHANGED);
}

static void delete_index(void)
{
	ck_assert_int_eq(unlink(tree_path(&tree, "lower/folder/index.html")), 0);
}

static void delete_folder(void)
{
	ck_assert_int_eq(rename(tree_path(&tree, "lower/folder"), tree_path(&tree, "lower/gone")), 0);
}

static void add_script(void)
{
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_BODY_END, "<i></i>", 7),
			 FSRV_OK);
}

static void rewrite_large(void)
{
	struct timespec old[2] = {{.tv_sec = TREE_OLD}, {.tv_sec = TREE_OLD}};
	int fd = open(tree_path(&tree, "lower/large"), O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(pwrite(fd, CHANGED, strlen(CHANGED), 0), (int)strlen(CHANGED));
	ck_assert_int_eq(futimens(fd, old), 0);
	close(fd);
}

static void change_nothing(void)
{
}

static const struct {
	const char *name;
	void (*change)(void);
	const char *target;
	const char *before; /* how the content starts */
	int status;         /* afterwards */
	const char *after;  /* how the content starts then, NULL: unimportant */
} changes[N_ROWS] = {
	{"nothing", change_nothing, "/file.txt", "content", 200, "content"},
	{"rewritten, with its old size and mtime", rewrite_in_place, "/file.txt", "content", 200, CHANGED},
	{"replaced", replace, "/file.txt", "content", 200, CHANGED},
	{"appended to", append, "/file.txt", "content", 200, "content+"},
	{"emptied", empty_it, "/file.txt", "content", 200, NULL},
	{"deleted", delete, "/file.txt", "content", 404, NULL},
	{"covered by an upper root", cover, "/file.txt", "content", 200, CHANGED},
	{"uncovered", uncover, "/both.txt", "upper", 200, "lower"},
	{"folder in its place", put_folder, "/file.txt", "content", 308, NULL},
	{"folder above", cover_with_folder, "/file.txt", "content", 200, "content"},
	{"FIFO above", cover_with_fifo, "/file.txt", "content", 200, "content"},
	{"link that leads elsewhere", retarget, "/link", "content", 200, CHANGED},
	{"link that leads nowhere", break_link, "/link", "content", 404, NULL},
	{"file behind a link rewritten", rewrite_in_place, "/link", "content", 200, CHANGED},
	{"root replaced", replace_root, "/file.txt", "content", 200, CHANGED},
	{"root removed", remove_root, "/file.txt", "content", 404, NULL},
	{"earlier index name", put_earlier_index, "/folder/", "index page", 200, CHANGED},
	{"index page of an upper root", put_upper_index, "/folder/", "index page", 200, CHANGED},
	{"index page deleted", delete_index, "/folder/", "index page", 404, NULL},
	{"folder gone", delete_folder, "/folder/", "index page", 404, NULL},
	{"script added", add_script, "/page.html", PAGE, 200,
	 "<!doctype html><title>t</title><body>x<i></i></body>"},
	{"script added, but no page", add_script, "/file.txt", "content", 200, "content"},
	{"script added to an index page", add_script, "/folder/", "index page", 200, NULL},
	{"large file rewritten", rewrite_large, "/large", "", 200, CHANGED},
	{"nothing of a large file", change_nothing, "/large", "", 200, NULL},
};

/* Whether the change leaves the representation as it was. */
static bool is_same_afterwards(int row)
{
	return changes[row].change == change_nothing ||
	       (changes[row].after != NULL && strcmp(changes[row].before, changes[row].after) == 0);
}

/* Every kind of answer before and after the change: GET, a range, HEAD, a condition. */
START_TEST(shows_each_change)
{
	int row = _i % LEN(changes);
	const char *target = changes[row].target;
	bool is_large = strcmp(target, "/large") == 0;
	char condition[200], tag[128];

	take_tree(_i);
	serve(modes[_i / LEN(changes)]);
	ck_assert_int_eq(ask("GET", target, ""), 200);
	ck_assert_int_eq(strncmp(reply.body, changes[row].before, strlen(changes[row].before)), 0);
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	ck_assert_msg(tag[0] == '"', "weak: %s", tag);
	snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", tag);
	/* The descriptor of a large file may leave with the response. */
	ck_assert(is_large ? ask("GET", target, "") == 200 : becomes_hit("GET", target, ""));
	ck_assert(becomes_hit("GET", target, "Range: bytes=1-2\r\n"));
	ck_assert_int_eq(reply.status, 206);
	ck_assert(becomes_hit("HEAD", target, ""));
	ck_assert(becomes_hit("GET", target, condition));
	ck_assert_int_eq(reply.status, 304);
	changes[row].change();
	ck_assert_msg(ask("GET", target, condition) == (is_same_afterwards(row) ? 304 : changes[row].status),
		      "%s: %d", changes[row].name, reply.status);
	ck_assert_int_eq(ask("HEAD", target, ""), changes[row].status);
	if (changes[row].status == 200)
		ck_assert((strcmp(client_field(&reply, "ETag"), tag) == 0) == is_same_afterwards(row));
	ck_assert_int_eq(ask("GET", target, ""), changes[row].status);
	if (changes[row].after != NULL)
		ck_assert_msg(strncmp(reply.body, changes[row].after, strlen(changes[row].after)) == 0,
			      "%s: %s", changes[row].name, reply.body);
	ask("GET", target, "Range: bytes=0-0\r\n");
	ck_assert_msg(reply.status == (changes[row].status == 200 ? 206 : changes[row].status) ||
			      (changes[row].change == empty_it && reply.length == 0),
		      "%s: %d", changes[row].name, reply.status);
	if (changes[row].after != NULL)
		ck_assert_int_eq(reply.body[0], changes[row].after[0]);
}
END_TEST

/* The first answer after the change, of each kind by itself: nothing before it could have dropped what
 * was kept. */
START_TEST(shows_a_change_at_once)
{
	static const struct {
		const char *method, *fields;
		int status;
	} kinds[N_KINDS] = {
		{"GET", "", 200},
		{"GET", "Range: bytes=0-6\r\n", 206},
		{"HEAD", "", 200},
		{"GET", "If-Modified-Since: " TREE_OLD_TEXT "\r\n", 304},
	};
	int kind = _i % N_KINDS;
	char tag[128];

	take_tree(FIRST_KIND + _i);
	serve(modes[_i / N_KINDS]);
	ask("GET", "/file.txt", "");
	ck_assert(becomes_hit(kinds[kind].method, "/file.txt", kinds[kind].fields));
	ck_assert_int_eq(reply.status, kinds[kind].status);
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	rewrite_in_place();
	ck_assert(!is_hit(kinds[kind].method, "/file.txt", kinds[kind].fields));
	ck_assert_str_ne(client_field(&reply, "ETag"), tag);
	ck_assert(reply.length == 0 || strcmp(reply.body, CHANGED) == 0);
}
END_TEST

/* Until when the files written last are surely young, in nanoseconds. A test that a slow machine made too
 * late for that starts again. */
static _Atomic int64_t young_until;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void write_young_files(void)
{
	atomic_store(&young_until, now_ns() + INT64_C(1900000000));
	tree_write_text(&tree, "lower/file.txt", "content");
	tree_write_pattern(&tree, "lower/large", LARGE);
}

START_TEST(keeps_no_young_file)
{
	unsigned hits;
	uint64_t kept;

	take_tree(FIRST_OTHER + 6 * _i);
	for (;;) {
		serve(modes[_i]);
		write_young_files();
		hits = 0;
		for (int i = 0; i < 3; i++) {
			hits += is_hit("GET", "/file.txt", "");
			hits += is_hit("HEAD", "/large", "");
		}
		kept = stats_now().cache_size;
		if (now_ns() < atomic_load(&young_until))
			break;
		tear_down();
	}
	ck_assert_uint_eq(hits, 0);
	ck_assert_uint_eq(kept, 0);
	tree_age();
	ck_assert(!is_hit("GET", "/file.txt", ""));
	ck_assert(becomes_hit("GET", "/file.txt", ""));
	ck_assert_uint_gt(stats_now().cache_size, 0);
}
END_TEST

static atomic_bool is_slow, was_young;

/* Makes one look last longer than files are young. */
static void *allocate_slowly(void *cls, void *memory, size_t size)
{
	(void)cls;
	if (size == 0) {
		free(memory);
		return NULL;
	}
	/* That of the content. Where a worker has to look, the larger memory of its job comes first. */
	if (size < 4096 && atomic_exchange(&is_slow, false)) {
		atomic_store(&was_young, now_ns() < atomic_load(&young_until));
		tree_age();
	}
	return realloc(memory, size);
}

/* What is young when it is opened may change unnoticed until it is read, however long that takes. */
START_TEST(keeps_no_file_that_was_young_when_the_look_began)
{
	bool hit;

	take_tree(FIRST_OTHER + 6 * LEN(modes) + _i);
	options.allocate = allocate_slowly;
	for (;;) {
		serve(modes[_i]);
		write_young_files();
		ask("HEAD", "/file.txt", ""); /* so that nothing has to wait for names */
		atomic_store(&was_young, false);
		atomic_store(&is_slow, true);
		hit = is_hit("GET", "/file.txt", "");
		if (atomic_load(&was_young) || now_ns() < atomic_load(&young_until))
			break;
		tear_down();
	}
	ck_assert(!hit);
	ck_assert_uint_eq(stats_now().cache_size, 0);
	ck_assert(!is_hit("GET", "/file.txt", ""));
	ck_assert_uint_gt(stats_now().cache_size, 0);
}
END_TEST

START_TEST(keeps_nothing_when_told)
{
	take_tree(FIRST_OTHER + 6 * _i + 1);
	options.cache_size = 1;
	serve(modes[_i]);
	for (int i = 0; i < 3; i++) {
		ck_assert(!is_hit("GET", "/file.txt", ""));
		ck_assert_str_eq(reply.body, "content");
		ck_assert(!is_hit("HEAD", "/large", ""));
		ck_assert(!is_hit("GET", "/page.html", ""));
	}
	ck_assert_uint_eq(stats_now().cache_size, 0);
	ck_assert_uint_eq(stats_now().cache_evictions, 0);
}
END_TEST

START_TEST(lets_the_least_recently_used_go)
{
	char name[32];

	take_tree(FIRST_OTHER + 6 * _i + 2);
	options.cache_size = 4000;
	serve(modes[_i]);
	ask("GET", "/0", "");
	for (int i = 1; i < 10; i++) {
		snprintf(name, sizeof(name), "/%d", i);
		ck_assert(!is_hit("GET", name, ""));
		ck_assert_msg(becomes_hit("GET", "/0", ""), "after %d", i);
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), 1000);
	}
	ck_assert(!is_hit("GET", "/1", ""));
	ck_assert_uint_le(stats_now().cache_size, 4000);
	ck_assert_uint_ge(stats_now().cache_evictions, 7);
}
END_TEST

static atomic_uint n_tags; /* calls of the etag function */

/* The first bytes of the file; cls says how many. */
static size_t read_tag(void *cls, int file, const char *path, char *opaque, size_t capacity)
{
	size_t length = *(const size_t *)cls;

	(void)path;
	ck_assert_uint_ge(capacity, length);
	if (length > 0)
		ck_assert_int_eq(pread(file, opaque, length, 0), (ssize_t)length);
	atomic_fetch_add(&n_tags, 1);
	return length;
}

static void use_tags(size_t *length)
{
	options.etag_function = read_tag;
	options.etag_function_cls = length;
	atomic_store(&n_tags, 0);
}

/* Asks in all ways; tag is NULL where fsrv chooses it. */
static void ask_often(const char *target, const char *tag, int times)
{
	for (int i = 0; i < times; i++) {
		ask(i % 3 == 1 ? "HEAD" : "GET", target, i % 3 == 2 ? "If-None-Match: *\r\n" : "");
		ck_assert_int_eq(reply.status, i % 3 == 2 ? 304 : 200);
		if (tag != NULL)
			ck_assert_str_eq(client_field(&reply, "ETag"), tag);
	}
}

static void set_time(const char *name, time_t seconds)
{
	struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, name), times, 0), 0);
}

/* However often a file is opened, a program chooses the tag of a version once. */
START_TEST(asks_for_a_tag_once_for_each_version)
{
	size_t length = 3;

	take_tree(FIRST_OTHER + 6 * _i + 3);
	use_tags(&length);
	serve(modes[_i]);
	ask_often("/file.txt", "\"con\"", 12);
	ck_assert(becomes_hit("GET", "/file.txt", ""));
	ck_assert_str_eq(client_field(&reply, "ETag"), "\"con\"");
	ck_assert_uint_eq(atomic_load(&n_tags), 1);
	ask_often("/large", NULL, 12);
	ck_assert_uint_eq(atomic_load(&n_tags), 2);
	ask_often("/page.html", "\"<!d\"", 12);
	ck_assert_uint_eq(atomic_load(&n_tags), 3);
	/* The scripts are another matter. */
	ck_assert_int_eq(fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_BODY_END, "<i>", 3), FSRV_OK);
	ask("GET", "/page.html", "");
	ck_assert_ptr_nonnull(strstr(reply.body, "<i>"));
	ck_assert_int_eq(strncmp(client_field(&reply, "ETag"), "\"<!d-", 5), 0);
	ck_assert_uint_eq(atomic_load(&n_tags), 3);
	/* A file whose times tell nothing yet is not kept, and neither is its tag. */
	tree_write_text(&tree, "lower/file.txt", CHANGED);
	set_time("lower/file.txt", time(NULL) + 86400);
	ask_often("/file.txt", "W/\"cha\"", 3);
	ck_assert_uint_eq(atomic_load(&n_tags), 6);
	set_time("lower/file.txt", TREE_OLD);
	tree_age();
	ask_often("/file.txt", "\"cha\"", 12);
	ck_assert_uint_eq(atomic_load(&n_tags), 7);
}
END_TEST

/* That it leaves the tag to fsrv is kept as well. */
START_TEST(asks_once_when_it_is_given_no_tag)
{
	size_t length = 0;

	take_tree(FIRST_OTHER + 11 * LEN(modes) + _i);
	use_tags(&length);
	serve(modes[_i]);
	ask_often("/large", NULL, 12);
	ck_assert_uint_eq(strlen(client_field(&reply, "ETag")), 18);
	ask_often("/file.txt", NULL, 12);
	ck_assert_uint_eq(strlen(client_field(&reply, "ETag")), 18);
	ck_assert_uint_eq(atomic_load(&n_tags), 2);
}
END_TEST

START_TEST(asks_for_a_tag_each_time_without_a_cache)
{
	size_t length = 3;

	take_tree(FIRST_OTHER + 12 * LEN(modes) + _i);
	use_tags(&length);
	options.cache_size = FSRV_NO_CACHE;
	serve(modes[_i]);
	ask_often("/file.txt", "\"con\"", 6);
	ck_assert_uint_eq(atomic_load(&n_tags), 6);
	ask_often("/large", NULL, 6);
	ck_assert_uint_eq(atomic_load(&n_tags), 12);
}
END_TEST

/* A condition that does not hold needs the content after all: one answer, one miss. */
START_TEST(counts_each_answer_once)
{
	unsigned n_open;

	take_tree(FIRST_OTHER + 6 * _i + 4);
	serve(modes[_i]);
	ask("GET", "/none", "");
	n_open = open_descriptors();
	ask("HEAD", "/large", "");
	while (open_descriptors() > n_open)
		usleep(20000);
	ck_assert(becomes_hit("HEAD", "/large", ""));
	ck_assert(!is_hit("GET", "/large", "If-None-Match: \"other\"\r\n"));
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), LARGE);
	ck_assert(!is_hit("GET", "/none", ""));
	ask("GET", "/empty", "");
	ck_assert(becomes_hit("GET", "/empty", ""));
}
END_TEST

/* A descriptor that stayed open is used again, and not for long. */
START_TEST(keeps_a_large_file_open_for_a_moment)
{
	unsigned n_open;
	bool is_open = false;

	take_tree(FIRST_OTHER + 6 * _i + 4);
	serve(modes[_i]);
	ask("GET", "/none", "");
	n_open = open_descriptors();
	for (int i = 0; i < 5; i++) {
		ask("GET", "/large", "Range: bytes=5-6\r\n");
		ck_assert_uint_le(open_descriptors(), n_open + 1);
		ck_assert_int_eq(reply.status, 206);
	}
	ck_assert(becomes_hit("GET", "/large", "Range: bytes=100-199\r\n"));
	ck_assert_uint_eq(tree_compare(reply.body, 100, 100), 100);
	while (open_descriptors() > n_open)
		usleep(20000);
	/* On a busy machine the moment may be over when the descriptors are counted. */
	for (int i = 0; i < 50 && !is_open; i++) {
		unsigned n;

		ask("GET", "/large", "Range: bytes=5-6\r\n");
		n = open_descriptors();
		ck_assert_uint_le(n, n_open + 1);
		is_open = n == n_open + 1;
	}
	ck_assert(is_open);
	fsrv_drain(fs);
	while (open_descriptors() > n_open)
		usleep(20000);
}
END_TEST

/* A descriptor that is of no use any more does not count beside the one that takes its place. */
START_TEST(needs_one_file_at_a_time)
{
	take_tree(FIRST_OTHER + 13 * LEN(modes) + _i);
	options.max_files = 1;
	serve(modes[_i]);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask("GET", "/large", "Range: bytes=5-6\r\n"), 206);
	rewrite_large();
	ck_assert_int_eq(ask("GET", "/large", "Range: bytes=0-6\r\n"), 206);
	ck_assert_str_eq(reply.body, CHANGED);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask("GET", "/large.html", "Range: bytes=5-6\r\n"), 206);
	ck_assert_uint_eq(stats_now().refused, 0);
}
END_TEST

/* A large page is opened each time, for the encoding that it names. */
START_TEST(keeps_one_descriptor_of_a_large_page)
{
	unsigned n_open;

	take_tree(FIRST_OTHER + 14 * LEN(modes) + _i);
	serve(modes[_i]);
	ask("GET", "/none", "");
	n_open = open_descriptors();
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(ask("GET", "/large.html", "Range: bytes=5-6\r\n"), 206);
		ck_assert_uint_le(open_descriptors(), n_open + 1);
	}
}
END_TEST

/* Returns one of those that were taken. */
static int take_all_descriptors(void)
{
	struct rlimit limit = {0};
	int fd, last = -1;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 200;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		last = fd;
	ck_assert_int_eq(errno, EMFILE);
	return last;
}

/* The only one that the process could have is that of a file which stayed open, and has changed or is another
 * one than is asked for. */
START_TEST(gives_its_descriptor_to_another_file)
{
	const char *target = _i % 2 == 0 ? "/large" : "/large2";
	int fd;

	take_tree(FIRST_OTHER + 16 * LEN(modes) + _i);
	tree_write_pattern(&tree, "lower/large2", LARGE);
	serve(modes[_i / 2]);
	ask("HEAD", "/large2", ""); /* so that nothing has to wait for names */
	ask("HEAD", "/large", "");
	fd = take_all_descriptors();
	/* A machine may be so slow that the file is closed already. */
	if (ask("GET", "/large", "Range: bytes=5-6\r\n") != 206)
		close(fd);
	ck_assert_int_eq(ask("GET", "/large", "Range: bytes=5-6\r\n"), 206);
	ck_assert_int_eq(truncate(tree_path(&tree, "lower/large"), LARGE - 1), 0);
	ck_assert_int_eq(ask("GET", target, "Range: bytes=0-6\r\n"), 206);
}
END_TEST

/* Rights that go away, as seen by a process that has no others; the exit status is what went wrong. */
static int lose_rights(int mode)
{
	static const struct {
		const char *name;
		const char *target;
	} rows[] = {{"lower/file.txt", "/file.txt"}, {"lower/folder", "/folder/"}};

	serve(mode);
	for (int i = 0; i < LEN(rows); i++) {
		ask("GET", rows[i].target, "");
		if (!becomes_hit("GET", rows[i].target, "") || reply.status != 200)
			return 10 * i + 1;
		if (chmod(tree_path(&tree, rows[i].name), 0) != 0)
			return 10 * i + 2;
		if (ask("GET", rows[i].target, "") != 403 || ask("HEAD", rows[i].target, "") != 403)
			return 10 * i + 3;
		if (chmod(tree_path(&tree, rows[i].name), 0755) != 0 || ask("GET", rows[i].target, "") != 200)
			return 10 * i + 4;
	}
	client_close(&client);
	fsrv_drain(fs);
	daemon_stop(&service);
	fsrv_free(fs);
	return 0;
}

/* Runs a test in a process without rights, which has to return 0. */
static void run_without_rights(int (*run)(int mode), int mode)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (getuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
			_exit(126);
		_exit(run(mode));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(shows_no_file_that_became_forbidden)
{
	take_tree(FIRST_OTHER + 6 * _i + 5);
	run_without_rights(lose_rights, modes[_i]);
}
END_TEST

/* Without a worker nobody would close later what stays open. */
static int go_without_workers(int mode)
{
	const struct rlimit none = {0, 0};
	unsigned n_open;

	serve(mode);
	ask("GET", "/none", "");
	if (setrlimit(RLIMIT_NPROC, &none) != 0)
		return 1;
	n_open = open_descriptors();
	for (int i = 0; i < 4; i++) {
		if (ask("GET", "/large", "Range: bytes=5-6\r\n") != 206)
			return 2;
		if (open_descriptors() != n_open)
			return 10 + i;
	}
	tear_down();
	return 0;
}

START_TEST(keeps_no_file_open_without_workers)
{
	take_tree(FIRST_OTHER + 15 * LEN(modes) + _i);
	run_without_rights(go_without_workers, modes[_i]);
}
END_TEST

/* What nothing but the bytes tells: a store through a map of a page that is dirty already moves no time. */
START_TEST(sees_stores_through_a_map)
{
	struct stat before, after;
	size_t tag_length = 1;
	char *map;
	int fd;

	take_tree(FIRST_OTHER + 7 * LEN(modes) + _i);
	use_tags(&tag_length);
	fd = open(tree_path(&tree, "lower/file.txt"), O_RDWR | O_CLOEXEC);
	map = mmap(NULL, 7, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert(map != MAP_FAILED);
	map[0] = 'C';
	tree_age();
	serve(modes[_i]);
	ask("GET", "/file.txt", "");
	ck_assert(becomes_hit("GET", "/file.txt", ""));
	ck_assert_str_eq(reply.body, "Content");
	ck_assert_int_eq(fstat(fd, &before), 0);
	map[0] = 'K';
	ck_assert_int_eq(fstat(fd, &after), 0);
	for (int i = 0; i < 1000 && reply.body[0] != 'K'; i++) {
		usleep(20000);
		ask("GET", "/file.txt", "");
	}
	ck_assert_msg(reply.body[0] == 'K', "the time has%s moved",
		      after.st_mtim.tv_nsec == before.st_mtim.tv_nsec ? " not" : "");
	ck_assert_str_eq(strchr(client_field(&reply, "ETag"), '"'), "\"K\"");
	munmap(map, 7);
	close(fd);
}
END_TEST

/* A clock that runs ahead, here or where the file was written, gives times that tell nothing yet. */
START_TEST(keeps_no_file_from_the_future)
{
	struct timespec tomorrow[2];

	take_tree(FIRST_OTHER + 8 * LEN(modes) + _i);
	clock_gettime(CLOCK_REALTIME, &tomorrow[0]);
	tomorrow[0].tv_sec += 86400;
	tomorrow[1] = tomorrow[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, "lower/file.txt"), tomorrow, 0), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, "lower/large"), tomorrow, 0), 0);
	tree_age();
	serve(modes[_i]);
	for (int i = 0; i < 3; i++) {
		ck_assert(!is_hit("GET", "/file.txt", ""));
		ck_assert(client_field(&reply, "ETag")[0] == '"');
		ck_assert(!is_hit("HEAD", "/large", ""));
		ck_assert(client_field(&reply, "ETag")[0] == 'W');
	}
}
END_TEST

/* The tag of a small file is that of its bytes: neither name nor time nor inode matter. */
START_TEST(has_one_tag_for_the_same_bytes)
{
	char tag[128], condition[160];

	take_tree(FIRST_OTHER + 9 * LEN(modes) + _i);
	serve(modes[_i]);
	ask("GET", "/file.txt", "");
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	ck_assert(tag[0] == '"');
	snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", tag);
	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, "lower/file.txt"), NULL, 0), 0);
	ck_assert_int_eq(ask("GET", "/file.txt", condition), 304);
	ck_assert_int_eq(chmod(tree_path(&tree, "lower/file.txt"), 0600), 0);
	ck_assert_int_eq(ask("GET", "/file.txt", condition), 304);
	ck_assert_int_eq(link(tree_path(&tree, "lower/file.txt"), tree_path(&tree, "lower/same.txt")), 0);
	ck_assert_int_eq(ask("GET", "/same.txt", condition), 304);
	tree_write_text(&tree, "upper/copy.txt", "content");
	ck_assert_int_eq(ask("HEAD", "/copy.txt", ""), 200);
	ck_assert_str_eq(client_field(&reply, "ETag"), tag);
	ck_assert_int_eq(ask("GET", "/other.txt", condition), 200);
}
END_TEST

static void count_line(void *cls, const char *line)
{
	(void)line;
	atomic_fetch_add((atomic_int *)cls, 1);
}

/* A page is read again now and then; what is to be said of it is said once for each version. */
START_TEST(logs_a_page_once)
{
	static atomic_int n_lines;
	uint64_t misses;

	take_tree(FIRST_OTHER + 10 * LEN(modes) + _i);
	tree_write_text(&tree, "lower/page.html", "<!doctype html><body><!-- no end");
	tree_age();
	options.log = count_line;
	options.log_cls = &n_lines;
	serve(modes[_i]);
	add_script();
	atomic_store(&n_lines, 0);
	ask("GET", "/page.html", "");
	misses = stats_now().cache_misses;
	for (int i = 0; i < 1000 && stats_now().cache_misses < misses + 2; i++) {
		usleep(20000);
		ask("GET", "/page.html", "");
	}
	ck_assert_uint_ge(stats_now().cache_misses, misses + 2);
	ck_assert_int_eq(atomic_load(&n_lines), 1);
}
END_TEST

/* Files below /proc say that they are empty. */
START_TEST(serves_files_that_tell_no_size)
{
	static char folder[] = "/proc/sys/kernel";

	take_tree(FIRST_OTHER);
	roots[0] = folder;
	serve(modes[_i]);
	ck_assert_int_eq(ask("GET", "/ostype", "Range: bytes=0-1\r\n"), 200);
	ck_assert_str_eq(reply.body, "Linux\n");
	ck_assert_uint_eq(reply.announced, 6);
	ck_assert_str_eq(client_field(&reply, "Accept-Ranges"), "none");
	ck_assert(client_field(&reply, "ETag")[0] == 'W');
	ck_assert_int_eq(ask("HEAD", "/ostype", ""), 200);
	ck_assert_uint_eq(reply.announced, 6);
	ck_assert_uint_eq(stats_now().cache_size, 0);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("freshness");
	TCase *tcase = tcase_create("freshness");

	tcase_add_unchecked_fixture(tcase, make_trees, remove_trees);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, shows_each_change, 0, N_ROWS * LEN(modes));
	tcase_add_loop_test(tcase, shows_a_change_at_once, 0, N_KINDS * LEN(modes));
	tcase_add_loop_test(tcase, keeps_no_young_file, 0, LEN(modes));
	tcase_add_loop_test(tcase, keeps_no_file_that_was_young_when_the_look_began, 0, LEN(modes));
	tcase_add_loop_test(tcase, keeps_nothing_when_told, 0, LEN(modes));
	tcase_add_loop_test(tcase, lets_the_least_recently_used_go, 0, LEN(modes));
	tcase_add_loop_test(tcase, asks_for_a_tag_once_for_each_version, 0, LEN(modes));
	tcase_add_loop_test(tcase, asks_once_when_it_is_given_no_tag, 0, LEN(modes));
	tcase_add_loop_test(tcase, asks_for_a_tag_each_time_without_a_cache, 0, LEN(modes));
	tcase_add_loop_test(tcase, counts_each_answer_once, 0, LEN(modes));
	tcase_add_loop_test(tcase, keeps_a_large_file_open_for_a_moment, 0, LEN(modes));
	tcase_add_loop_test(tcase, needs_one_file_at_a_time, 0, LEN(modes));
	tcase_add_loop_test(tcase, keeps_one_descriptor_of_a_large_page, 0, LEN(modes));
	tcase_add_loop_test(tcase, gives_its_descriptor_to_another_file, 0, 2 * LEN(modes));
	tcase_add_loop_test(tcase, keeps_no_file_open_without_workers, 0, 2);
	tcase_add_loop_test(tcase, sees_stores_through_a_map, 0, LEN(modes));
	tcase_add_loop_test(tcase, keeps_no_file_from_the_future, 0, LEN(modes));
	tcase_add_loop_test(tcase, has_one_tag_for_the_same_bytes, 0, LEN(modes));
	tcase_add_loop_test(tcase, logs_a_page_once, 0, LEN(modes));
	tcase_add_loop_test(tcase, serves_files_that_tell_no_size, 0, LEN(modes));
	tcase_add_loop_test(tcase, shows_no_file_that_became_forbidden, 0, LEN(modes));
	suite_add_tcase(suite, tcase);
	return suite;
}
