/* The cache by itself: what it finds, what it lets go, and that it stays within its bounds. */
#include "fs/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/hash.h"
#include "suite.h"
#include "texts.h"

#define LARGE (UINT64_C(1) << 30)

/* Counts what lives, and fails when nothing is left of the budget. */
struct budget {
	atomic_uint left, n_live;
	bool has_many_threads;
};

static struct budget budget;
static struct fsrv__cache cache;
static struct fsrv__allocator allocator;

static void *allocate(void *cls, void *memory, size_t size)
{
	struct budget *b = cls;

	/* Nothing is allocated or freed while other threads wait for the cache. */
	if (!b->has_many_threads) {
		ck_assert_int_eq(pthread_mutex_trylock(&cache.mutex), 0);
		pthread_mutex_unlock(&cache.mutex);
	}
	if (size == 0) {
		atomic_fetch_sub(&b->n_live, memory != NULL);
		free(memory);
		return NULL;
	}
	if (atomic_load(&b->left) == 0)
		return NULL;
	atomic_fetch_sub(&b->left, 1);
	atomic_fetch_add(&b->n_live, memory == NULL);
	return realloc(memory, size);
}

static void make(uint64_t max_size)
{
	allocator = (struct fsrv__allocator){allocate, &budget};
	atomic_init(&budget.left, 1000000);
	atomic_init(&budget.n_live, 0);
	ck_assert(fsrv__cache_init(&cache, &allocator, max_size));
}

static void clear(void)
{
	fsrv__cache_destroy(&cache);
	ck_assert_uint_eq(atomic_load(&budget.n_live), 0);
}

static struct fsrv__cache_key key_of(const char *path)
{
	size_t length = strlen(path);
	bool directory = length > 0 && path[length - 1] == '/';

	return (struct fsrv__cache_key){{path, length - directory}, directory};
}

static struct fsrv__file file_of(uint64_t inode)
{
	return (struct fsrv__file){.fd = 7, .root = 1, .identity = {inode, 100, {1000, 5}, {2000, 6}, 2, 3}};
}

static struct fsrv__content *content_of(const char *text)
{
	struct fsrv__content *content = fsrv__content_new(&allocator, strlen(text));

	if (content != NULL)
		memcpy(content->bytes, text, strlen(text));
	return content;
}

/* Type and coding of a file. */
static const char *const types[] = {"text/a", "text/b"}, *const codings[] = {NULL, "gzip"};

static struct fsrv__cached found_of(uint64_t inode, struct fsrv__content *content, uint64_t seen)
{
	return (struct fsrv__cached){.file = file_of(inode),
				     .content = content,
				     .checked = seen,
				     .read = seen,
				     .media_type = types[inode % 2],
				     .content_coding = codings[inode % 2]};
}

/* Keeps content with that text, or facts alone when it is NULL. */
static void put(const char *path, uint64_t inode, const char *text, uint64_t seen)
{
	struct fsrv__cache_key key = key_of(path);
	struct fsrv__content *content = text != NULL ? content_of(text) : NULL;
	struct fsrv__cached found = found_of(inode, content, seen);

	fsrv__cache_put(&cache, &key, &found);
	fsrv__content_release(content);
}

static bool get(const char *path, struct fsrv__cached *cached)
{
	struct fsrv__cache_key key = key_of(path);

	return fsrv__cache_get(&cache, &key, cached);
}

static bool has(const char *path)
{
	struct fsrv__cached cached = {.content = NULL};
	bool found = get(path, &cached);

	fsrv__cached_release(&cached);
	return found;
}

/* text: NULL for facts alone */
static void expect(const char *path, uint64_t inode, const char *text, uint64_t seen)
{
	struct fsrv__file file = file_of(inode);
	struct fsrv__cached cached = {.content = NULL};

	ck_assert_msg(get(path, &cached), "%s is not known", path);
	ck_assert_msg(fsrv__file_is_same(&cached.file, &file), "%s: other facts", path);
	ck_assert_int_eq(cached.file.fd, -1);
	ck_assert_uint_eq(cached.checked, seen);
	ck_assert_ptr_eq(cached.media_type, types[inode % 2]);
	ck_assert_ptr_eq(cached.content_coding, codings[inode % 2]);
	ck_assert_msg((cached.content != NULL) == (text != NULL), "%s: content", path);
	if (text != NULL) {
		ck_assert_uint_eq(cached.content->length, strlen(text));
		ck_assert_int_eq(memcmp(cached.content->bytes, text, strlen(text)), 0);
	}
	fsrv__cached_release(&cached);
}

static uint64_t size_now(void)
{
	uint64_t size, evictions;

	fsrv__cache_count(&cache, &size, &evictions);
	return size;
}

static uint64_t evictions_now(void)
{
	uint64_t size, evictions;

	fsrv__cache_count(&cache, &size, &evictions);
	return evictions;
}

/* What an entry takes with a path and content of those lengths. */
static uint64_t weight_of(const char *path, const char *text)
{
	uint64_t before = size_now();

	put(path, 1, text, 1);
	return size_now() - before;
}

START_TEST(knows_nothing_at_first)
{
	struct fsrv__cache_key key = key_of("a");

	make(LARGE);
	ck_assert(!has("a"));
	ck_assert(!has(""));
	fsrv__cache_mark_checked(&cache, &key, 5);
	ck_assert(!has("a"));
	ck_assert_uint_eq(size_now(), 0);
	clear();
}
END_TEST

/* Two puts of one path: what is known afterwards. */
static const struct {
	const char *name;
	uint64_t inode[3]; /* first, second, then known */
	const char *text[3];
	uint64_t seen;
} pairs[] = {
	{"facts, then facts", {1, 1, 1}, {NULL, NULL, NULL}, 20},
	{"facts, then content", {1, 1, 1}, {NULL, "new", "new"}, 20},
	{"content, then the same facts", {1, 1, 1}, {"old", NULL, NULL}, 20},
	{"content, then other facts", {1, 2, 2}, {"old", NULL, NULL}, 20},
	{"content, then other content", {1, 1, 1}, {"old", "newer", "newer"}, 20},
	{"content, then content of another file", {1, 2, 2}, {"old", "", ""}, 20},
	{"facts, then other facts", {1, 2, 2}, {NULL, NULL, NULL}, 20},
};

START_TEST(keeps_the_latest)
{
	uint64_t size;

	make(LARGE);
	put("a", pairs[_i].inode[0], pairs[_i].text[0], 10);
	put("b", 9, "other", 11);
	expect("a", pairs[_i].inode[0], pairs[_i].text[0], 10);
	put("a", pairs[_i].inode[1], pairs[_i].text[1], 20);
	expect("a", pairs[_i].inode[2], pairs[_i].text[2], pairs[_i].seen);
	expect("b", 9, "other", 11);
	ck_assert_uint_eq(cache.n_entries, 2);
	ck_assert_uint_eq(evictions_now(), 0);
	size = size_now();
	clear();
	make(LARGE);
	put("a", pairs[_i].inode[2], pairs[_i].text[2], 20);
	put("b", 9, "other", 11);
	ck_assert_msg(size_now() == size, "%s: size", pairs[_i].name);
	clear();
}
END_TEST

/* Any difference in the state of the file drives the content out. */
static const struct {
	const char *name;
	struct fsrv__file file;
} others[] = {
	{"root", {.fd = 7, .root = 2, .identity = {1, 100, {1000, 5}, {2000, 6}, 2, 3}}},
	{"device", {.fd = 7, .root = 1, .identity = {1, 100, {1000, 5}, {2000, 6}, 3, 3}}},
	{"mount", {.fd = 7, .root = 1, .identity = {1, 100, {1000, 5}, {2000, 6}, 2, 4}}},
	{"inode", {.fd = 7, .root = 1, .identity = {2, 100, {1000, 5}, {2000, 6}, 2, 3}}},
	{"size", {.fd = 7, .root = 1, .identity = {1, 101, {1000, 5}, {2000, 6}, 2, 3}}},
	{"seconds of mtime", {.fd = 7, .root = 1, .identity = {1, 100, {1001, 5}, {2000, 6}, 2, 3}}},
	{"nanoseconds of mtime", {.fd = 7, .root = 1, .identity = {1, 100, {1000, 6}, {2000, 6}, 2, 3}}},
	{"seconds of ctime", {.fd = 7, .root = 1, .identity = {1, 100, {1000, 5}, {2001, 6}, 2, 3}}},
	{"nanoseconds of ctime", {.fd = 7, .root = 1, .identity = {1, 100, {1000, 5}, {2000, 7}, 2, 3}}},
};

START_TEST(tells_states_apart)
{
	struct fsrv__cache_key key = key_of("a");
	struct fsrv__cached cached = {.tag = NULL}, found = {.file = others[_i].file, .read = 20};

	make(LARGE);
	put("a", 1, "content", 10);
	fsrv__cache_put(&cache, &key, &found);
	ck_assert(get("a", &cached));
	ck_assert_msg(cached.content == NULL, "%s: content of another state", others[_i].name);
	ck_assert(fsrv__file_is_same(&cached.file, &others[_i].file));
	clear();
}
END_TEST

START_TEST(tells_paths_apart)
{
	static const char *const paths[] = {"", "/", "a", "a/", "a/b", "a/b/", "ab", "b"};

	make(LARGE);
	for (unsigned i = 0; i < LEN(paths); i++) {
		put(paths[i], i + 1, paths[i], 10 + i);
		ck_assert(i + 1 == LEN(paths) || !has(paths[i + 1]));
	}
	for (unsigned i = 0; i < LEN(paths); i++)
		expect(paths[i], i + 1, paths[i], 10 + i);
	clear();
}
END_TEST

/* The path is not read behind its end. */
START_TEST(reads_no_further_than_the_path)
{
	struct fsrv__text path = guard_text((struct fsrv__text){"some/path", 9});
	struct fsrv__cache_key key = {path, false};
	struct fsrv__cached cached = {.content = NULL}, found = found_of(1, NULL, 1);

	make(LARGE);
	fsrv__cache_put(&cache, &key, &found);
	ck_assert(fsrv__cache_get(&cache, &key, &cached));
	expect("some/path", 1, NULL, 1);
	clear();
	guard_text_free(path);
}
END_TEST

/* What a program chose for the files: its length counts, and a new entry brings its own. */
START_TEST(keeps_tags)
{
	static const char *const tags[] = {"\"", "abc", "", "abcdef", NULL};
	struct fsrv__cache_key key = key_of("a");
	struct fsrv__opaque_tag kept;
	uint64_t size, bare, evictions;

	make(LARGE);
	put("a", 1, "x", 1);
	fsrv__cache_count(&cache, &bare, &evictions);
	for (int i = 0; i < LEN(tags); i++) {
		size_t length = tags[i] != NULL ? strlen(tags[i]) : 0;
		struct fsrv__opaque_tag tag = {.length = length};
		struct fsrv__cached cached = {.tag = &kept};
		struct fsrv__cached found = {.file = file_of(1),
					     .content = content_of("x"),
					     .tag = tags[i] != NULL ? &tag : NULL,
					     .checked = 1,
					     .read = 1};

		if (length > 0)
			memcpy(tag.bytes, tags[i], length);
		fsrv__cache_put(&cache, &key, &found);
		fsrv__content_release(found.content);
		memset(&kept, 0xa5, sizeof(kept));
		ck_assert(get("a", &cached));
		fsrv__content_release(cached.content);
		ck_assert_uint_eq(kept.length, length);
		ck_assert_int_eq(memcmp(kept.bytes, tag.bytes, length), 0);
		ck_assert_int_eq((unsigned char)kept.bytes[length], 0xa5);
		fsrv__cache_count(&cache, &size, &evictions);
		ck_assert_uint_eq(size, bare + length);
		ck_assert(has("a"));
	}
	clear();
}
END_TEST

START_TEST(notes_looks)
{
	struct fsrv__cache_key key = key_of("a"), other = key_of("a/");

	make(LARGE);
	put("a", 1, "x", 10);
	fsrv__cache_mark_checked(&cache, &key, 33);
	fsrv__cache_mark_checked(&cache, &other, 44);
	expect("a", 1, "x", 33);
	ck_assert(!has("a/"));
	clear();
}
END_TEST

/* A holder keeps what the cache has let go. */
START_TEST(shares_content)
{
	struct fsrv__cached first = {.tag = NULL}, second = {.tag = NULL};

	make(LARGE);
	put("a", 1, "bytes", 1);
	ck_assert(get("a", &first));
	ck_assert(get("a", &second));
	ck_assert_ptr_eq(first.content, second.content);
	put("a", 2, NULL, 2);
	fsrv__content_release(second.content);
	ck_assert_int_eq(memcmp(first.content->bytes, "bytes", 5), 0);
	ck_assert_uint_eq(atomic_load(&first.content->references), 1);
	fsrv__content_release(first.content);
	clear();
}
END_TEST

/* What is done with entries a, b and c, in a cache with room for three, before d comes. */
static const struct {
	const char *name;
	const char *used; /* + before a letter: put again */
	char evicted;
} orders[] = {
	{"nothing", "", 'a'},
	{"the oldest is used", "a", 'b'},
	{"all are used", "abc", 'a'},
	{"used backwards", "cba", 'c'},
	{"the newest is used", "c", 'a'},
	{"used twice", "aba", 'c'},
	{"put again", "+a", 'b'},
	{"the middle leaves its place", "ab", 'c'},
};

START_TEST(lets_the_least_recently_used_go)
{
	uint64_t weight;

	make(LARGE);
	weight = weight_of("a", "12345");
	clear();
	make(3 * weight);
	for (const char *name = "a\0b\0c\0"; *name != '\0'; name += 2)
		put(name, 1, "12345", 1);
	for (const char *at = orders[_i].used; *at != '\0'; at++) {
		char name[2] = {*at == '+' ? *++at : *at, '\0'};

		if (at > orders[_i].used && at[-1] == '+')
			put(name, 1, "54321", 2);
		else
			ck_assert(has(name));
	}
	ck_assert_uint_eq(evictions_now(), 0);
	put("d", 1, "12345", 1);
	ck_assert_uint_eq(evictions_now(), 1);
	ck_assert_uint_eq(size_now(), 3 * weight);
	for (const char *name = "a\0b\0c\0d\0"; *name != '\0'; name += 2)
		ck_assert_msg(has(name) == (*name != orders[_i].evicted), "%s: %s", orders[_i].name, name);
	clear();
}
END_TEST

/* A large entry drives out as many as it takes; one that is too large takes nothing but its own place. */
START_TEST(stays_within_its_size)
{
	char text[1000];
	uint64_t weight, large;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	make(LARGE);
	weight = weight_of("a", "");
	large = weight_of("l", text);
	clear();
	make(large + weight);
	for (const char *name = "a\0b\0c\0d\0"; *name != '\0'; name += 2)
		put(name, 1, "", 1);
	put("l", 1, text, 1);
	ck_assert_uint_eq(size_now(), large + weight);
	ck_assert_uint_eq(evictions_now(), 3);
	ck_assert(has("d") && has("l") && !has("c"));
	put("l", 1, "", 1);
	ck_assert_uint_eq(size_now(), 2 * weight);
	clear();
	make(large - 1);
	put("a", 1, "", 1);
	put("l", 1, "", 1);
	put("l", 2, text, 1);
	ck_assert(has("a") && !has("l"));
	ck_assert_uint_eq(size_now(), weight);
	ck_assert_uint_eq(evictions_now(), 0);
	clear();
}
END_TEST

#define N_SMALL 100

START_TEST(lets_many_go_for_one)
{
	static char text[100000];
	uint64_t large;
	char name[16];

	memset(text, 'x', sizeof(text) - 1);
	make(LARGE);
	large = weight_of("l", text);
	clear();
	make(large);
	for (unsigned i = 0; i < N_SMALL; i++) {
		snprintf(name, sizeof(name), "%u", i);
		put(name, i, "small", 1);
	}
	ck_assert_uint_eq(cache.n_entries, N_SMALL);
	put("l", 1, text, 1);
	ck_assert_uint_eq(cache.n_entries, 1);
	ck_assert_uint_eq(evictions_now(), N_SMALL);
	ck_assert_uint_eq(size_now(), large);
	ck_assert(has("l"));
	clear();
}
END_TEST

START_TEST(keeps_nothing_without_room)
{
	uint64_t weight;

	make(LARGE);
	weight = weight_of("a", NULL);
	clear();
	make(weight - 1);
	put("a", 1, NULL, 1);
	put("", 1, NULL, 1);
	put("b", 1, "bytes", 1);
	ck_assert(!has("a") && has("") && !has("b"));
	ck_assert_uint_eq(size_now(), weight - 1);
	clear();
	make(1);
	put("", 1, NULL, 1);
	ck_assert(!has(""));
	ck_assert_uint_eq(size_now(), 0);
	clear();
}
END_TEST

#define N_MANY 5000

START_TEST(holds_many)
{
	char name[32];

	make(LARGE);
	for (unsigned i = 0; i < N_MANY; i++) {
		snprintf(name, sizeof(name), "file-%u", i);
		put(name, i, name, i);
	}
	ck_assert_uint_ge(cache.table_size, cache.n_entries);
	ck_assert_uint_eq(cache.n_entries, N_MANY);
	for (unsigned i = 0; i < N_MANY; i++) {
		snprintf(name, sizeof(name), "file-%u", i);
		expect(name, i, name, i);
	}
	clear();
}
END_TEST

#define N_COLLIDING 40

/* Finds paths whose hashes end in the same bits, so that they share a chain of a small table. */
static void collide(char paths[N_COLLIDING][16])
{
	unsigned n = 0;

	for (unsigned i = 0; n < N_COLLIDING; i++) {
		snprintf(paths[n], sizeof(paths[n]), "%u", i);
		if ((fsrv__hash_bytes(FSRV__HASH_START, paths[n], strlen(paths[n])) & 63) == 0)
			n++;
	}
}

START_TEST(tells_colliding_paths_apart)
{
	char paths[N_COLLIDING][16];

	collide(paths);
	make(100000);
	ck_assert_uint_eq(cache.table_size, 64);
	for (unsigned i = 0; i < N_COLLIDING; i++)
		put(paths[i], i, paths[i], i);
	for (unsigned i = 0; i < N_COLLIDING; i++)
		expect(paths[i], i, paths[i], i);
	for (unsigned i = 0; i < N_COLLIDING; i += 2) /* from the ends and the middle of the chain */
		put(paths[i], 1000 + i, NULL, i);
	for (unsigned i = 0; i < N_COLLIDING; i++)
		expect(paths[i], i % 2 == 0 ? 1000 + i : i, i % 2 == 0 ? NULL : paths[i], i);
	clear();
}
END_TEST

/* With each number of allocations that succeed: nothing wrong is known, nothing leaks, and with memory
 * again all works. */
START_TEST(does_without_memory)
{
	char name[32];
	unsigned n_known = 0;

	for (unsigned allowed = 0; allowed < 150; allowed++) {
		make(LARGE);
		atomic_store(&budget.left, allowed);
		for (unsigned i = 0; i < 70; i++) {
			struct fsrv__cached cached = {.content = NULL};
			struct fsrv__file file = file_of(i);

			snprintf(name, sizeof(name), "file-%u", i);
			put(name, i, i % 2 == 0 ? name : NULL, i);
			if (!get(name, &cached))
				continue;
			ck_assert(fsrv__file_is_same(&cached.file, &file));
			ck_assert(cached.content == NULL ||
				  memcmp(cached.content->bytes, name, strlen(name)) == 0);
			fsrv__content_release(cached.content);
		}
		ck_assert_uint_ge(cache.n_entries, n_known);
		n_known = (unsigned)cache.n_entries;
		atomic_store(&budget.left, 1000);
		put("file-3", 99, "again", 7);
		expect("file-3", 99, "again", 7);
		clear();
	}
	ck_assert_uint_eq(n_known, 70);
}
END_TEST

START_TEST(needs_memory_for_its_table)
{
	allocator = (struct fsrv__allocator){allocate, &budget};
	ck_assert(!fsrv__cache_init(&cache, &allocator, LARGE));
	clear();
}
END_TEST

static const struct {
	uint64_t max_size;
	size_t table_size;
} tables[] = {
	{0, 64}, {1, 64}, {128 * 1024, 64}, {16 * 1024 * 1024, 8192}, {LARGE, 65536}, {UINT64_MAX, 65536},
};

START_TEST(chooses_the_size_of_its_table)
{
	make(tables[_i].max_size);
	ck_assert_uint_eq(cache.table_size, tables[_i].table_size);
	clear();
}
END_TEST

/* A put that finds no memory must not leave what was known of another state. */
START_TEST(forgets_rather_than_lie)
{
	make(LARGE);
	put("a", 1, "old", 1);
	atomic_store(&budget.left, 0);
	put("a", 2, NULL, 2);
	ck_assert(!has("a"));
	ck_assert_uint_eq(size_now(), 0);
	clear();
}
END_TEST

static atomic_uint n_destroyed;

static void destroy(struct fsrv__attachment *attachment)
{
	(void)attachment;
	atomic_fetch_add(&n_destroyed, 1);
}

static struct fsrv__cache_place place_of(const char *path)
{
	struct fsrv__cached cached = {.content = NULL};

	ck_assert(get(path, &cached));
	fsrv__cached_release(&cached);
	return cached.place;
}

static bool attach(struct fsrv__cache_place place, struct fsrv__attachment *attachment, size_t size)
{
	return fsrv__cache_attach(&cache, &place, attachment, size);
}

START_TEST(keeps_an_attachment_with_its_entry)
{
	struct fsrv__attachment first, second;
	struct fsrv__cached cached = {.content = NULL};
	struct fsrv__cache_place place;
	uint64_t size;

	make(LARGE);
	fsrv__attachment_init(&first, destroy);
	fsrv__attachment_init(&second, destroy);
	put("a", 1, "text", 1);
	place = place_of("a");
	size = size_now();
	ck_assert(attach(place, &first, 1000));
	ck_assert_uint_eq(size_now(), size + 1000);
	ck_assert(!attach(place, &second, 1000));
	fsrv__attachment_release(&first);
	ck_assert_uint_eq(atomic_load(&n_destroyed), 0);
	ck_assert(get("a", &cached));
	ck_assert_ptr_eq(cached.attachment, &first);
	put("a", 1, "text", 1);
	ck_assert_uint_eq(size_now(), size);
	ck_assert_uint_eq(atomic_load(&n_destroyed), 0);
	fsrv__cached_release(&cached);
	ck_assert_uint_eq(atomic_load(&n_destroyed), 1);
	/* The entry is another one now, even if it says the same. */
	ck_assert(!attach(place, &second, 1000));
	ck_assert(attach(place_of("a"), &second, 1000));
	fsrv__attachment_release(&second);
	clear();
	ck_assert_uint_eq(atomic_load(&n_destroyed), 2);
}
END_TEST

START_TEST(makes_room_for_attachments)
{
	struct fsrv__attachment attachment;
	uint64_t weight;

	make(LARGE);
	weight = weight_of("a", "text");
	clear();
	make(2 * weight);
	fsrv__attachment_init(&attachment, destroy);
	put("a", 1, "text", 1);
	put("b", 1, "text", 1);
	ck_assert(attach(place_of("b"), &attachment, (size_t)weight));
	fsrv__attachment_release(&attachment);
	ck_assert(!has("a"));
	ck_assert(has("b"));
	ck_assert_uint_eq(size_now(), 2 * weight);
	clear();
	ck_assert_uint_eq(atomic_load(&n_destroyed), 1);
}
END_TEST

START_TEST(keeps_an_entry_rather_than_its_attachment)
{
	struct fsrv__attachment attachment;
	uint64_t weight;

	make(LARGE);
	weight = weight_of("a", "text");
	clear();
	make(weight + 999);
	fsrv__attachment_init(&attachment, destroy);
	put("a", 1, "text", 1);
	ck_assert(!attach(place_of("a"), &attachment, 1000));
	ck_assert(has("a"));
	ck_assert(attach(place_of("a"), &attachment, 999));
	ck_assert(has("a"));
	fsrv__attachment_release(&attachment);
	clear();
	ck_assert_uint_eq(atomic_load(&n_destroyed), 1);
}
END_TEST

static bool add_content(struct fsrv__cache_place place, const char *text, uint64_t read)
{
	struct fsrv__content *content = content_of(text);
	bool is_added = fsrv__cache_add_content(&cache, &place, content, read);

	fsrv__content_release(content);
	return is_added;
}

START_TEST(adds_content_to_facts)
{
	struct fsrv__cached cached = {.content = NULL};
	struct fsrv__cache_place place;
	uint64_t weight;

	make(LARGE);
	put("b", 1, "text", 1);
	weight = size_now();
	ck_assert(!add_content(place_of("b"), "other", 1));
	put("a", 1, NULL, 1);
	place = place_of("a");
	ck_assert(!add_content((struct fsrv__cache_place){place.hash, place.serial + 1}, "text", 7));
	ck_assert(add_content(place, "text", 7));
	ck_assert_uint_eq(size_now(), 2 * weight);
	ck_assert(!add_content(place, "other", 8));
	expect("a", 1, "text", 1);
	ck_assert(get("a", &cached));
	ck_assert_uint_eq(cached.read, 7);
	fsrv__cached_release(&cached);
	put("a", 1, NULL, 1);
	ck_assert(!add_content(place, "text", 9));
	expect("a", 1, NULL, 1);
	clear();
}
END_TEST

START_TEST(tells_whether_there_is_room)
{
	struct fsrv__cached cached = {.content = NULL};
	uint64_t weight;

	make(LARGE);
	ck_assert(fsrv__cache_has_room(&cache, LARGE, 0));
	weight = weight_of("a", "text");
	clear();
	make(2 * weight);
	ck_assert(fsrv__cache_has_room(&cache, 3 * weight, 0));
	put("a", 1, "text", 5000);
	put("b", 1, "text", 5500);
	ck_assert(fsrv__cache_has_room(&cache, 0, 5500));
	/* The one that would leave was used a second ago, then more than that. */
	ck_assert(!fsrv__cache_has_room(&cache, 1, 5500));
	ck_assert(!fsrv__cache_has_room(&cache, 1, 6000));
	ck_assert(fsrv__cache_has_room(&cache, 1, 6001));
	ck_assert(get("a", &cached));
	fsrv__cached_release(&cached);
	ck_assert(!fsrv__cache_has_room(&cache, 1, 6001));
	ck_assert(!fsrv__cache_has_room(&cache, 1, 1));
	clear();
}
END_TEST

START_TEST(makes_room_for_added_content)
{
	char long_text[4096] = "";
	uint64_t facts, whole;

	memset(long_text, 'x', sizeof(long_text) - 1);
	make(LARGE);
	facts = weight_of("a", NULL);
	whole = weight_of("b", "text");
	clear();
	make(whole + facts - 1);
	put("a", 1, NULL, 1);
	put("b", 1, NULL, 1);
	ck_assert(add_content(place_of("b"), "text", 1));
	ck_assert(!has("a"));
	expect("b", 1, "text", 1);
	ck_assert_uint_eq(size_now(), whole);
	put("b", 1, NULL, 1);
	ck_assert(!add_content(place_of("b"), long_text, 1));
	expect("b", 1, NULL, 1);
	clear();
}
END_TEST

#define N_THREADS 6
#define N_ROUNDS  4000

static atomic_uint n_wrong;

/* Whatever is found under a name is one of the states that were ever put there. */
static void *use(void *cls)
{
	unsigned seed = *(unsigned *)cls;

	for (unsigned i = 0; i < N_ROUNDS; i++) {
		struct fsrv__cached cached = {.content = NULL};
		struct fsrv__cache_key key;
		char name[16];

		seed = seed * 1664525 + 1013904223;
		snprintf(name, sizeof(name), "%u", (seed >> 16) % 50);
		key = key_of(name);
		switch ((seed >> 8) % 4) {
		case 0:
			put(name, strlen(name), name, i);
			break;
		case 1:
			put(name, strlen(name), NULL, i);
			break;
		case 2:
			fsrv__cache_mark_checked(&cache, &key, i);
			break;
		default:
			if (get(name, &cached) && cached.file.identity.inode != strlen(name))
				atomic_fetch_add(&n_wrong, 1);
			if (cached.content != NULL &&
			    (cached.content->length != strlen(name) ||
			     memcmp(cached.content->bytes, name, strlen(name)) != 0))
				atomic_fetch_add(&n_wrong, 1);
			fsrv__content_release(cached.content);
		}
	}
	return NULL;
}

START_TEST(takes_many_threads)
{
	pthread_t threads[N_THREADS];
	unsigned seeds[N_THREADS];
	uint64_t weight;

	make(LARGE);
	weight = weight_of("10", "10");
	clear();
	make(20 * weight);
	atomic_store(&budget.left, 10000000);
	budget.has_many_threads = true;
	for (unsigned i = 0; i < N_THREADS; i++) {
		seeds[i] = i + 1;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, use, &seeds[i]), 0);
	}
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(atomic_load(&n_wrong), 0);
	ck_assert_uint_gt(evictions_now(), 0);
	ck_assert_uint_le(size_now(), 20 * weight);
	budget.has_many_threads = false;
	clear();
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("cache");
	TCase *tcase = tcase_create("cache");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, knows_nothing_at_first);
	tcase_add_loop_test(tcase, keeps_the_latest, 0, LEN(pairs));
	tcase_add_loop_test(tcase, tells_states_apart, 0, LEN(others));
	tcase_add_test(tcase, tells_paths_apart);
	tcase_add_test(tcase, reads_no_further_than_the_path);
	tcase_add_test(tcase, keeps_tags);
	tcase_add_test(tcase, notes_looks);
	tcase_add_test(tcase, shares_content);
	tcase_add_loop_test(tcase, lets_the_least_recently_used_go, 0, LEN(orders));
	tcase_add_test(tcase, stays_within_its_size);
	tcase_add_test(tcase, lets_many_go_for_one);
	tcase_add_test(tcase, keeps_nothing_without_room);
	tcase_add_test(tcase, holds_many);
	tcase_add_test(tcase, tells_colliding_paths_apart);
	tcase_add_test(tcase, does_without_memory);
	tcase_add_test(tcase, needs_memory_for_its_table);
	tcase_add_loop_test(tcase, chooses_the_size_of_its_table, 0, LEN(tables));
	tcase_add_test(tcase, forgets_rather_than_lie);
	tcase_add_test(tcase, keeps_an_attachment_with_its_entry);
	tcase_add_test(tcase, makes_room_for_attachments);
	tcase_add_test(tcase, keeps_an_entry_rather_than_its_attachment);
	tcase_add_test(tcase, adds_content_to_facts);
	tcase_add_test(tcase, tells_whether_there_is_room);
	tcase_add_test(tcase, makes_room_for_added_content);
	tcase_add_test(tcase, takes_many_threads);
	suite_add_tcase(suite, tcase);
	return suite;
}
