/* A hash table with chains, and a list by last use. Whatever is changed is changed with the mutex held.
 *
 * Workers, which have a low priority, use the cache like the threads that serve. So the mutex is held for a
 * few instructions only: paths are hashed and memory is allocated before, entries are freed afterwards, a few
 * at a time leave, and the table does not grow. Nothing here waits for a disk. */
#include "fs/cache.h"

#include <string.h>

#include "http/hash.h"

/* The table has a chain for each so many bytes of the cache, within two limits, which are powers of two. The
 * smallest entries are facts alone: up to about ten of them share a chain in a cache of up to 128 MiB. */
#define CHAIN_SIZE     2048
#define MIN_TABLE_SIZE 64
#define MAX_TABLE_SIZE 65536
/* An entry that was not used for so long may leave for bytes that nobody needs at once. */
#define IDLE_MS 1000
/* How many entries leave before other threads have their turn. */
#define MAX_EVICTED 16

struct fsrv__cache_entry {
	struct fsrv__cache_entry *next; /* in the table's chain, or in a list of those that left */
	struct fsrv__cache_entry *newer, *older;
	uint64_t hash;
	struct fsrv__file file;
	struct fsrv__content *content;
	uint64_t checked, read;
	const char *media_type, *content_coding;
	uint64_t serial;
	struct fsrv__attachment *attachment;
	size_t attachment_size;
	bool directory;
	size_t length, tag_length;
	char path[]; /* with the tag behind it */
};

void fsrv__attachment_init(struct fsrv__attachment *attachment,
			   void (*destroy)(struct fsrv__attachment *attachment))
{
	atomic_init(&attachment->references, 1);
	attachment->destroy = destroy;
}

static struct fsrv__attachment *hold(struct fsrv__attachment *attachment)
{
	if (attachment != NULL)
		atomic_fetch_add_explicit(&attachment->references, 1, memory_order_relaxed);
	return attachment;
}

void fsrv__attachment_release(struct fsrv__attachment *attachment)
{
	if (attachment != NULL &&
	    atomic_fetch_sub_explicit(&attachment->references, 1, memory_order_acq_rel) == 1)
		attachment->destroy(attachment);
}

static uint64_t hash_of(const struct fsrv__cache_key *key)
{
	return fsrv__hash_bytes(FSRV__HASH_START + key->directory, key->path.at, key->path.length);
}

static struct fsrv__cache_entry **chain_of(struct fsrv__cache *cache, uint64_t hash)
{
	return &cache->table[hash & (cache->table_size - 1)];
}

static uint64_t size_of_content(const struct fsrv__content *content)
{
	return content != NULL ? sizeof(*content) + content->length : 0;
}

static uint64_t size_of(const struct fsrv__cache_entry *entry)
{
	return sizeof(*entry) + entry->length + entry->tag_length + entry->attachment_size +
	       size_of_content(entry->content);
}

static void unlink_from_order(struct fsrv__cache *cache, struct fsrv__cache_entry *entry)
{
	*(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
	*(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_as_newest(struct fsrv__cache *cache, struct fsrv__cache_entry *entry)
{
	entry->newer = NULL;
	entry->older = cache->newest;
	*(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
	cache->newest = entry;
}

/* Called with the mutex held, like the functions up to evict. */
static struct fsrv__cache_entry *find(struct fsrv__cache *cache, const struct fsrv__cache_key *key,
				      uint64_t hash)
{
	struct fsrv__cache_entry *entry = *chain_of(cache, hash);

	while (entry != NULL && (entry->hash != hash || entry->directory != key->directory ||
				 entry->length != key->path.length ||
				 memcmp(entry->path, key->path.at, key->path.length) != 0))
		entry = entry->next;
	return entry;
}

static struct fsrv__cache_entry *find_in_place(struct fsrv__cache *cache,
					       const struct fsrv__cache_place *place)
{
	struct fsrv__cache_entry *entry = *chain_of(cache, place->hash);

	while (entry != NULL && entry->serial != place->serial)
		entry = entry->next;
	return entry;
}

/* Whether an entry that has grown so much would still fit. */
static bool may_grow(const struct fsrv__cache *cache, const struct fsrv__cache_entry *entry, uint64_t size)
{
	return size_of(entry) + size <= cache->max_size;
}

/* Moves an entry to the list of those that left. */
static void drop(struct fsrv__cache *cache, struct fsrv__cache_entry *entry, struct fsrv__cache_entry **left)
{
	struct fsrv__cache_entry **link = chain_of(cache, entry->hash);

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	unlink_from_order(cache, entry);
	cache->size -= size_of(entry);
	cache->n_entries--;
	entry->next = *left;
	*left = entry;
}

static void insert(struct fsrv__cache *cache, struct fsrv__cache_entry *entry)
{
	struct fsrv__cache_entry **chain = chain_of(cache, entry->hash);

	entry->next = *chain;
	*chain = entry;
	link_as_newest(cache, entry);
	cache->n_entries++;
	entry->serial = ++cache->last_serial;
	cache->size += size_of(entry);
}

/* True when further ones have to leave. */
static bool evict(struct fsrv__cache *cache, struct fsrv__cache_entry **left)
{
	for (int n = 0; n < MAX_EVICTED && cache->size > cache->max_size; n++) {
		drop(cache, cache->oldest, left);
		cache->evictions++;
	}
	return cache->size > cache->max_size;
}

/* Frees entries that left, without the mutex. */
static void free_list(const struct fsrv__cache *cache, struct fsrv__cache_entry *list)
{
	struct fsrv__cache_entry *entry;

	while ((entry = list) != NULL) {
		list = entry->next;
		fsrv__content_release(entry->content);
		fsrv__attachment_release(entry->attachment);
		fsrv__release(&cache->allocator, entry);
	}
}

/* Lets entries leave until the others fit. */
static void shrink(struct fsrv__cache *cache)
{
	struct fsrv__cache_entry *left;
	bool goes_on;

	do {
		left = NULL;
		pthread_mutex_lock(&cache->mutex);
		goes_on = evict(cache, &left);
		pthread_mutex_unlock(&cache->mutex);
		free_list(cache, left);
	} while (goes_on);
}

/* Makes an entry that is not in the cache yet; NULL when there is no memory, or when it would not fit. */
static struct fsrv__cache_entry *make_entry(const struct fsrv__cache *cache,
					    const struct fsrv__cache_key *key,
					    const struct fsrv__cached *found)
{
	struct fsrv__content *content = found->content;
	size_t tag_length = found->tag != NULL ? found->tag->length : 0;
	size_t size = sizeof(struct fsrv__cache_entry) + key->path.length + tag_length;
	struct fsrv__cache_entry *entry;

	if (size + size_of_content(content) > cache->max_size)
		return NULL;
	entry = fsrv__allocate(&cache->allocator, size);
	if (entry == NULL)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	entry->hash = hash_of(key);
	entry->directory = key->directory;
	entry->length = key->path.length;
	memcpy(entry->path, key->path.at, key->path.length);
	entry->tag_length = tag_length;
	if (tag_length > 0)
		memcpy(entry->path + entry->length, found->tag->bytes, tag_length);
	entry->file = found->file;
	entry->file.fd = -1;
	entry->checked = found->checked;
	entry->read = found->read;
	entry->media_type = found->media_type;
	entry->content_coding = found->content_coding;
	entry->content = content != NULL ? fsrv__content_hold(content) : NULL;
	return entry;
}

bool fsrv__cache_init(struct fsrv__cache *cache, const struct fsrv__allocator *allocator, uint64_t max_size)
{
	size_t size = MIN_TABLE_SIZE;

	while (size < MAX_TABLE_SIZE && size < max_size / CHAIN_SIZE)
		size *= 2;
	*cache = (struct fsrv__cache){.allocator = *allocator, .table_size = size, .max_size = max_size};
	pthread_mutex_init(&cache->mutex, NULL);
	cache->table = fsrv__allocate(&cache->allocator, size * sizeof(struct fsrv__cache_entry *));
	if (cache->table != NULL)
		memset(cache->table, 0, size * sizeof(struct fsrv__cache_entry *));
	return cache->table != NULL;
}

void fsrv__cache_destroy(struct fsrv__cache *cache)
{
	struct fsrv__cache_entry *entry, *older = cache->newest;

	while ((entry = older) != NULL) {
		older = entry->older;
		entry->next = NULL;
		free_list(cache, entry);
	}
	fsrv__release(&cache->allocator, cache->table);
	pthread_mutex_destroy(&cache->mutex);
}

static void copy_tag(const struct fsrv__cache_entry *entry, struct fsrv__opaque_tag *tag)
{
	if (tag == NULL)
		return;
	tag->length = entry->tag_length;
	memcpy(tag->bytes, entry->path + entry->length, entry->tag_length);
}

bool fsrv__cache_get(struct fsrv__cache *cache, const struct fsrv__cache_key *key,
		     struct fsrv__cached *cached)
{
	uint64_t hash = hash_of(key);
	struct fsrv__cache_entry *entry;

	pthread_mutex_lock(&cache->mutex);
	entry = find(cache, key, hash);
	if (entry != NULL) {
		unlink_from_order(cache, entry);
		link_as_newest(cache, entry);
		cached->file = entry->file;
		cached->content = entry->content != NULL ? fsrv__content_hold(entry->content) : NULL;
		cached->checked = entry->checked;
		cached->read = entry->read;
		cached->media_type = entry->media_type;
		cached->content_coding = entry->content_coding;
		cached->attachment = hold(entry->attachment);
		cached->place = (struct fsrv__cache_place){hash, entry->serial};
		copy_tag(entry, cached->tag);
	}
	pthread_mutex_unlock(&cache->mutex);
	return entry != NULL;
}

void fsrv__cached_release(struct fsrv__cached *cached)
{
	fsrv__content_release(cached->content);
	fsrv__attachment_release(cached->attachment);
}

void fsrv__cache_put(struct fsrv__cache *cache, const struct fsrv__cache_key *key,
		     const struct fsrv__cached *found)
{
	struct fsrv__cache_entry *entry = make_entry(cache, key, found), *old, *left = NULL;
	uint64_t hash = hash_of(key);
	bool goes_on;

	pthread_mutex_lock(&cache->mutex);
	old = find(cache, key, hash);
	if (old != NULL)
		drop(cache, old, &left);
	if (entry != NULL)
		insert(cache, entry);
	goes_on = evict(cache, &left);
	pthread_mutex_unlock(&cache->mutex);
	free_list(cache, left);
	if (goes_on)
		shrink(cache);
}

/* After an entry has grown. Called with the mutex held, which it releases. */
static void unlock_and_shrink(struct fsrv__cache *cache)
{
	bool is_too_large = cache->size > cache->max_size;

	pthread_mutex_unlock(&cache->mutex);
	if (is_too_large)
		shrink(cache);
}

bool fsrv__cache_attach(struct fsrv__cache *cache, const struct fsrv__cache_place *place,
			struct fsrv__attachment *attachment, size_t size)
{
	struct fsrv__cache_entry *entry;
	bool is_attached;

	pthread_mutex_lock(&cache->mutex);
	entry = find_in_place(cache, place);
	is_attached = entry != NULL && entry->attachment == NULL && may_grow(cache, entry, size);
	if (is_attached) {
		entry->attachment = hold(attachment);
		entry->attachment_size = size;
		cache->size += size;
	}
	unlock_and_shrink(cache);
	return is_attached;
}

bool fsrv__cache_has_room(struct fsrv__cache *cache, uint64_t size, uint64_t now)
{
	bool has_room;

	pthread_mutex_lock(&cache->mutex);
	has_room = cache->size + size <= cache->max_size || cache->oldest == NULL ||
		   cache->oldest->checked + IDLE_MS < now;
	pthread_mutex_unlock(&cache->mutex);
	return has_room;
}

bool fsrv__cache_add_content(struct fsrv__cache *cache, const struct fsrv__cache_place *place,
			     struct fsrv__content *content, uint64_t read)
{
	uint64_t size = size_of_content(content);
	struct fsrv__cache_entry *entry;
	bool is_added;

	pthread_mutex_lock(&cache->mutex);
	entry = find_in_place(cache, place);
	is_added = entry != NULL && entry->content == NULL && may_grow(cache, entry, size);
	if (is_added) {
		entry->content = fsrv__content_hold(content);
		entry->read = read;
		cache->size += size;
	}
	unlock_and_shrink(cache);
	return is_added;
}

void fsrv__cache_mark_checked(struct fsrv__cache *cache, const struct fsrv__cache_key *key, uint64_t checked)
{
	uint64_t hash = hash_of(key);
	struct fsrv__cache_entry *entry;

	pthread_mutex_lock(&cache->mutex);
	entry = find(cache, key, hash);
	if (entry != NULL)
		entry->checked = checked;
	pthread_mutex_unlock(&cache->mutex);
}

void fsrv__cache_count(struct fsrv__cache *cache, uint64_t *size, uint64_t *evictions)
{
	pthread_mutex_lock(&cache->mutex);
	*size = cache->size;
	*evictions = cache->evictions;
	pthread_mutex_unlock(&cache->mutex);
}
