/* Files of medium size that are requested again: their bytes stay in memory, within limits, and what is
 * answered stays the same but for changes of the file. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serving.h"
#include "suite.h"
#include "tree.h"

#define KIB 1024u
#define MIB (1024u * KIB)

#define CREATE_RESPONSE "MHD_create_response_from_buffer_with_free_callback_cls"

/* Indexes of daemon_modes. */
enum { EPOLL = 2, SUSPENDING = 3, THREAD = 7 };

/* The files are made once, since they have to be old. */
static struct tree tree;
static atomic_uint n_tags, n_ends;
static atomic_bool lacks_memory; /* for one response with more than 64 KiB */

/* In place of libmicrohttpd's own, which it calls. In some releases the buffer is constant, hence the name in
 * the assembler alone. */
struct MHD_Response *create_response(size_t size, const void *buffer, MHD_ContentReaderFreeCallback release,
				     void *cls) __asm__(CREATE_RESPONSE);

struct MHD_Response *create_response(size_t size, const void *buffer, MHD_ContentReaderFreeCallback release,
				     void *cls)
{
	struct MHD_Response *(*own)(size_t, const void *, MHD_ContentReaderFreeCallback, void *);

	if (size > 64 * KIB && atomic_exchange(&lacks_memory, false))
		return NULL;
	*(void **)&own = dlsym(RTLD_NEXT, CREATE_RESPONSE);
	return own(size, buffer, release, cls);
}

static const struct file {
	const char *name;
	unsigned size;
} files[] = {
	{"64k", 64 * KIB},
	{"64k+1", 64 * KIB + 1},
	{"512k", 512 * KIB},
	{"512k+1", 512 * KIB + 1},
	{"1m", MIB},
	{"1m+1", MIB + 1},
	{"page.html", 100 * KIB},
	{"coded.js", 200 * KIB},
	{"coded.js.br", 100 * KIB},
};

static unsigned size_of(const char *name)
{
	for (int i = 0; i < LEN(files); i++)
		if (strcmp(files[i].name, name) == 0)
			return files[i].size;
	ck_abort_msg("no file %s", name);
}

static void make_tree(void)
{
	tree_make(&tree);
	for (int i = 0; i < LEN(files); i++)
		tree_write_pattern(&tree, files[i].name, files[i].size);
	tree_age();
}

static void remove_tree(void)
{
	tree_remove(&tree);
}

static void set_up(void)
{
	static const char *root;

	root = tree.path;
	serving_set_up(&root, 1);
}

static void serve(int mode)
{
	serving_start(mode, fsrv_handle, daemon_connect_tcp);
}

static struct fsrv_stats stats_now(void)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(fsrv_stats(fs, &stats), FSRV_OK);
	return stats;
}

static void ask_for(const char *name)
{
	char target[64];

	snprintf(target, sizeof(target), "/%s", name);
	ask("GET", target, "", 200);
}

/* Whether the bytes are in the cache after some requests, which may be slow. */
static bool becomes_hot(const char *name, unsigned size)
{
	for (int i = 0; i < 200; i++) {
		ask_for(name);
		if (stats_now().cache_size >= size)
			return true;
		if (i > 20)
			usleep(5000);
	}
	return false;
}

static const struct limit {
	int mode;
	const char *name;
	enum fsrv_body body;
	uint64_t cache_size;
	bool is_kept;
} limits[] = {
	{EPOLL, "64k+1", FSRV_BODY_AUTO, 0, true},
	{EPOLL, "512k", FSRV_BODY_AUTO, 0, true},
	{EPOLL, "512k+1", FSRV_BODY_AUTO, 0, false},
	{SUSPENDING, "64k+1", FSRV_BODY_AUTO, 0, true},
	{SUSPENDING, "512k", FSRV_BODY_AUTO, 0, true},
	{SUSPENDING, "512k+1", FSRV_BODY_AUTO, 0, false},
	{THREAD, "64k+1", FSRV_BODY_AUTO, 0, true},
	{THREAD, "1m", FSRV_BODY_AUTO, 0, true},
	{THREAD, "1m+1", FSRV_BODY_AUTO, 0, false},
	{THREAD, "512k", FSRV_BODY_ZERO_COPY, 0, false},
	{SUSPENDING, "512k", FSRV_BODY_READER, 0, false},
	/* A sixteenth of the cache. */
	{THREAD, "512k", FSRV_BODY_AUTO, 8 * MIB, true},
	{THREAD, "512k+1", FSRV_BODY_AUTO, 8 * MIB, false},
	{THREAD, "64k+1", FSRV_BODY_AUTO, FSRV_NO_CACHE, false},
	{THREAD, "64k+1", FSRV_BODY_AUTO, UINT64_C(1) << 63, true},
	/* What a page says of its encoding is looked for in each answer. */
	{THREAD, "page.html", FSRV_BODY_AUTO, 0, false},
};

START_TEST(keeps_what_is_requested_again)
{
	const struct limit *limit = &limits[_i];
	unsigned size = size_of(limit->name);
	bool is_kept;

	options.body = limit->body;
	options.cache_size = limit->cache_size;
	serve(limit->mode);
	ask_for(limit->name);
	ck_assert_uint_lt(stats_now().cache_size, size);
	is_kept = becomes_hot(limit->name, size);
	ck_assert_msg(is_kept == limit->is_kept, "%s in mode %d", limit->name, limit->mode);
	ask_for(limit->name);
	ck_assert_uint_eq(reply.length, size);
	ck_assert_uint_eq(tree_compare(reply.body, size, 0), size);
}
END_TEST

static const int modes[] = {EPOLL, SUSPENDING, THREAD};

static void ask_for_parts(const char *name, const char *tag)
{
	char target[64], fields[128];

	snprintf(target, sizeof(target), "/%s", name);
	ask("GET", target, "Range: bytes=1000-1999\r\n", 206);
	ck_assert_uint_eq(tree_compare(reply.body, 1000, 1000), 1000);
	ask("GET", target, "Range: bytes=-7\r\n", 206);
	ck_assert_uint_eq(tree_compare(reply.body, 7, size_of(name) - 7), 7);
	snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", tag);
	ask("GET", target, fields, 304);
	expect("ETag", tag);
	ask("HEAD", target, "", 200);
	expect("ETag", tag);
	snprintf(fields, sizeof(fields), "If-Range: %s\r\nRange: bytes=5-6\r\n", tag);
	ask("GET", target, fields, 206);
}

START_TEST(says_the_same_of_it)
{
	static char first[sizeof(reply.head)];
	char tag[64];

	serve(modes[_i]);
	ask_for("512k");
	snprintf(first, sizeof(first), "%s", client_timeless_head(&reply));
	snprintf(tag, sizeof(tag), "%s", client_field(&reply, "ETag"));
	ask_for_parts("512k", tag);
	ck_assert(becomes_hot("512k", 512 * KIB));
	for (int i = 0; i < 5; i++) {
		ask_for("512k");
		ck_assert_str_eq(client_timeless_head(&reply), first);
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), 512 * KIB);
	}
	ask_for_parts("512k", tag);
}
END_TEST

/* Its facts are looked at each time, its bytes once in a second. */
START_TEST(shows_a_change)
{
	static const char changed[] = "changed";
	char *map;
	int fd = open(tree_path(&tree, "512k"), O_RDWR | O_CLOEXEC);

	map = mmap(NULL, 512 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert(map != MAP_FAILED);
	map[0] = 'C'; /* dirty, so that the next store moves no time */
	tree_age();
	serve(modes[_i]);
	ck_assert(becomes_hot("512k", 512 * KIB));
	map[0] = 'K';
	for (int i = 0; i < 1000 && reply.body[0] != 'K'; i++) {
		ask_for("512k");
		usleep(10000);
	}
	ck_assert_int_eq(reply.body[0], 'K');
	ck_assert(becomes_hot("512k", 512 * KIB));
	ck_assert_int_eq(pwrite(fd, changed, sizeof(changed), 100), sizeof(changed));
	ask_for("512k");
	ck_assert_int_eq(memcmp(reply.body + 100, changed, sizeof(changed)), 0);
	ck_assert_int_eq(ftruncate(fd, 10), 0);
	ask_for("512k");
	ck_assert_uint_eq(reply.length, 10);
	munmap(map, 512 * KIB);
	close(fd);
	tree_write_pattern(&tree, "512k", 512 * KIB);
	tree_age();
}
END_TEST

static size_t choose_tag(void *cls, int file, const char *path, char *opaque, size_t capacity)
{
	(void)cls;
	(void)file;
	(void)path;
	ck_assert_uint_ge(capacity, 3);
	memcpy(opaque, "own", 3);
	atomic_fetch_add(&n_tags, 1);
	return 3;
}

/* Although it leaves memory and is read again. */
START_TEST(asks_for_its_tag_once)
{
	options.etag_function = choose_tag;
	atomic_store(&n_tags, 0);
	serve(modes[_i]);
	for (int i = 0; i < 3; i++) {
		ck_assert(becomes_hot("512k", 512 * KIB));
		expect("ETag", "\"own\"");
		usleep(1100000);
		ask_for("512k");
		expect("ETag", "\"own\"");
	}
	ck_assert_uint_eq(atomic_load(&n_tags), 1);
}
END_TEST

START_TEST(keeps_a_sidecar)
{
	static const char fields[] = "Accept-Encoding: br\r\n";

	options.flags |= FSRV_PRECOMPRESSED;
	serve(modes[_i]);
	for (int i = 0; i < 200 && stats_now().cache_size < 100 * KIB; i++)
		ask("GET", "/coded.js", fields, 200);
	ck_assert_uint_ge(stats_now().cache_size, 100 * KIB);
	ck_assert_uint_lt(stats_now().cache_size, 200 * KIB);
	ask("GET", "/coded.js", fields, 200);
	expect("Content-Encoding", "br");
	expect("Content-Type", "text/javascript; charset=utf-8");
	ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), 100 * KIB);
	ask("GET", "/coded.js", "", 200);
	expect("Content-Encoding", NULL);
	ck_assert_uint_eq(reply.length, 200 * KIB);
}
END_TEST

static void note_end(void *cls, const struct fsrv_completion *completion)
{
	(void)cls;
	ck_assert_int_eq(completion->ending, FSRV_ENDING_COMPLETE);
	ck_assert_uint_eq(completion->length, 512 * KIB);
	ck_assert_uint_eq(completion->sent, 512 * KIB);
	atomic_fetch_add(&n_ends, 1);
}

START_TEST(reports_its_end)
{
	unsigned n_asked = 0;

	options.completion = note_end;
	atomic_store(&n_ends, 0);
	serve(modes[_i]);
	while (stats_now().cache_size < 512 * KIB && n_asked++ < 200)
		ask_for("512k");
	ck_assert_uint_ge(stats_now().cache_size, 512 * KIB);
	ask_for("512k");
	while (atomic_load(&n_ends) < n_asked + 1)
		usleep(1000);
	ck_assert_uint_eq(stats_now().bytes, (n_asked + 1) * UINT64_C(512) * KIB);
}
END_TEST

#define N_CLIENTS 40

/* Bytes that the handler has now, and had at most. */
static atomic_size_t n_bytes, most_bytes;

/* The size of each block lies in front of it. */
static void *allocate(void *cls, void *memory, size_t size)
{
	size_t *block = memory != NULL ? (size_t *)memory - 2 : NULL;
	size_t n;

	(void)cls;
	if (block != NULL)
		atomic_fetch_sub(&n_bytes, *block);
	if (size == 0) {
		free(block);
		return NULL;
	}
	block = realloc(block, size + 2 * sizeof(size_t));
	ck_assert_ptr_nonnull(block);
	*block = size;
	n = atomic_fetch_add(&n_bytes, size) + size;
	if (n > atomic_load(&most_bytes))
		atomic_store(&most_bytes, n);
	return block + 2;
}

/* Far more files than the cache has room for, 15 of which fit. */
static struct tree many;

static void serve_many(void)
{
	static const char *root;
	char name[16];

	tree_make(&many);
	for (int i = 0; i < N_CLIENTS; i++) {
		snprintf(name, sizeof(name), "%d", i);
		tree_write_pattern(&many, name, MIB);
	}
	tree_age();
	root = many.path;
	options.roots = &root;
	options.cache_size = 16 * MIB;
	serve(THREAD);
}

static void ask_for_number(int number)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", number);
	ask_for(name);
}

/* Clients that do not read hold bytes that have left the cache: not more than its size. Bytes leave when they
 * were not used for a second. */
START_TEST(bounds_what_slow_clients_hold)
{
	static struct client slow[N_CLIENTS];
	static struct reply answer;
	char request[64];
	uint64_t n_evicted;

	options.allocate = allocate;
	serve_many();
	for (int i = 0; i < N_CLIENTS; i++) {
		if (i % 15 == 0)
			usleep(1300000);
		ask_for_number(i);
		ask_for_number(i);
		snprintf(request, sizeof(request), "GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n", i);
		client_open(&slow[i], daemon_connect(&service));
		client_send_text(&slow[i], request);
		while (stats_now().requests < 3 * (uint64_t)(i + 1))
			usleep(1000);
	}
	ck_assert_uint_ge(atomic_load(&most_bytes), 24 * MIB);
	ck_assert_uint_le(atomic_load(&most_bytes), 33 * MIB);
	for (int i = 0; i < N_CLIENTS; i++) {
		client_read(&slow[i], true, &answer);
		ck_assert_uint_eq(answer.length, MIB);
		client_reply_free(&answer);
		client_close(&slow[i]);
	}
	/* Then there is room for what had none. */
	usleep(1300000);
	n_evicted = stats_now().cache_evictions;
	for (int i = 0; i < 200 && stats_now().cache_evictions == n_evicted; i++)
		ask_for("39");
	ck_assert_uint_gt(stats_now().cache_evictions, n_evicted);
	serving_stop();
	fs = NULL;
	ck_assert_uint_eq(atomic_load(&n_bytes), 0);
	tree_remove(&many);
}
END_TEST

/* Whether all were requested within a second, without an entry that left. */
static bool has_quiet_round(void)
{
	uint64_t before = stats_now().cache_evictions;
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < N_CLIENTS; i++)
		ask_for_number(i);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return end.tv_sec - start.tv_sec <= 1 && stats_now().cache_evictions == before;
}

/* Bytes go in while there is room, and then stay: others would only take their places. A busy machine may not
 * manage that at once. */
START_TEST(keeps_what_fits_when_more_is_in_use)
{
	int n_quiet = 0;

	serve_many();
	for (int i = 0; i < 200 && n_quiet < 2; i++)
		n_quiet = has_quiet_round() ? n_quiet + 1 : 0;
	ck_assert_int_eq(n_quiet, 2);
	ck_assert_uint_ge(stats_now().cache_size, 12 * MIB);
	tree_remove(&many);
}
END_TEST

/* The answer is sent in another way then, by a response that belongs to its connection and serves nobody
 * else. */
START_TEST(does_without_memory_for_a_response)
{
	serve(modes[_i]);
	ask_for("512k");
	atomic_store(&lacks_memory, true);
	for (int i = 0; i < 200 && atomic_load(&lacks_memory); i++)
		ask_for("512k");
	ck_assert(!atomic_load(&lacks_memory));
	for (int i = 0; i < 3; i++) {
		ask_for("512k");
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), 512 * KIB);
	}
	client_close(&client);
	for (int i = 0; i < 1000 && stats_now().live_bodies > 0; i++)
		usleep(20000);
	ck_assert_uint_eq(stats_now().live_bodies, 0);
	client_open(&client, daemon_connect(&service));
}
END_TEST

const char *test_lacks(void)
{
	return SYSTEM_IS_PORTABLE ? "a system that tells what is in memory" : NULL;
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("hot_files");
	TCase *tcase = tcase_create("hot_files");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, make_tree, remove_tree);
	tcase_add_checked_fixture(tcase, set_up, serving_stop);
	tcase_add_loop_test(tcase, keeps_what_is_requested_again, 0, LEN(limits));
	tcase_add_loop_test(tcase, says_the_same_of_it, 0, LEN(modes));
	tcase_add_loop_test(tcase, shows_a_change, 0, LEN(modes));
	tcase_add_loop_test(tcase, asks_for_its_tag_once, 0, LEN(modes));
	tcase_add_loop_test(tcase, keeps_a_sidecar, 0, LEN(modes));
	tcase_add_loop_test(tcase, reports_its_end, 0, LEN(modes));
	tcase_add_test(tcase, bounds_what_slow_clients_hold);
	tcase_add_test(tcase, keeps_what_fits_when_more_is_in_use);
	tcase_add_loop_test(tcase, does_without_memory_for_a_response, 0, LEN(modes));
	suite_add_tcase(suite, tcase);
	return suite;
}
