/* A hash table with chains, and a list by last use. Whatever is changed is changed with the mutex
 * held; nothing here waits for a disk. */
#include "fs/cache.h"

#include <string.h>

#include "http/hash.h"

#define FIRST_TABLE_SIZE 64

struct fsrv__cache_entry {
	struct fsrv__cache_entry *next; /* in the table's chain */
	struct fsrv__cache_entry *newer, *older;
	uint64_t hash;
	struct fsrv__file file;
	struct fsrv__content *content;
	uint64_t checked;
	bool directory;
	size_t length;
	char path[];
};

static uint64_t hash_of(const struct fsrv__cache_key *key)
{
	return fsrv__hash_bytes(FSRV__HASH_START + key->directory, key->path.at, key->path.length);
}

static struct fsrv__cache_entry **chain_of(struct fsrv__cache *cache, uint64_t hash)
{
	return &cache->table[hash & (cache->table_size - 1)];
}

static uint64_t size_of(const struct fsrv__cache_entry *entry)
{
	return sizeof(*entry) + entry->length +
	       (entry->content != NULL ? sizeof(*entry->content) + entry->content->length : 0);
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

static struct fsrv__cache_entry *find(struct fsrv__cache *cache, const struct fsrv__cache_key *key)
{
	uint64_t hash = hash_of(key);
	struct fsrv__cache_entry *entry = cache->table_size > 0 ? *chain_of(cache, hash) : NULL;

	while (entry != NULL && (entry->hash != hash || entry->directory != key->directory ||
				 entry->length != key->path.length ||
				 memcmp(entry->path, key->path.at, key->path.length) != 0))
		entry = entry->next;
	return entry;
}

static void drop(struct fsrv__cache *cache, struct fsrv__cache_entry *entry)
{
	struct fsrv__cache_entry **link = chain_of(cache, entry->hash);

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	unlink_from_order(cache, entry);
	cache->size -= size_of(entry);
	cache->n_entries--;
	fsrv__content_release(entry->content);
	fsrv__release(&cache->allocator, entry);
}

static bool grow(struct fsrv__cache *cache)
{
	size_t size = cache->table_size > 0 ? 2 * cache->table_size : FIRST_TABLE_SIZE;
	struct fsrv__cache_entry **table;

	if (cache->n_entries < cache->table_size)
		return true;
	table = fsrv__resize(&cache->allocator, cache->table, size * sizeof(struct fsrv__cache_entry *));
	if (table == NULL)
		return cache->table_size > 0;
	memset(table, 0, size * sizeof(struct fsrv__cache_entry *));
	cache->table = table;
	cache->table_size = size;
	for (struct fsrv__cache_entry *entry = cache->newest; entry != NULL; entry = entry->older) {
		struct fsrv__cache_entry **chain = chain_of(cache, entry->hash);

		entry->next = *chain;
		*chain = entry;
	}
	return true;
}

static struct fsrv__cache_entry *add(struct fsrv__cache *cache, const struct fsrv__cache_key *key)
{
	struct fsrv__cache_entry *entry, **chain;

	if (!grow(cache))
		return NULL;
	entry = fsrv__allocate(&cache->allocator, sizeof(*entry) + key->path.length);
	if (entry == NULL)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	entry->hash = hash_of(key);
	entry->directory = key->directory;
	entry->length = key->path.length;
	memcpy(entry->path, key->path.at, key->path.length);
	chain = chain_of(cache, entry->hash);
	entry->next = *chain;
	*chain = entry;
	link_as_newest(cache, entry);
	cache->n_entries++;
	cache->size += size_of(entry);
	return entry;
}

void fsrv__cache_init(struct fsrv__cache *cache, const struct fsrv__allocator *allocator, uint64_t max_size)
{
	*cache = (struct fsrv__cache){.allocator = *allocator, .max_size = max_size};
	pthread_mutex_init(&cache->mutex, NULL);
}

void fsrv__cache_destroy(struct fsrv__cache *cache)
{
	while (cache->oldest != NULL)
		drop(cache, cache->oldest);
	fsrv__release(&cache->allocator, cache->table);
	pthread_mutex_destroy(&cache->mutex);
}

bool fsrv__cache_get(struct fsrv__cache *cache, const struct fsrv__cache_key *key,
		     struct fsrv__cached *cached)
{
	struct fsrv__cache_entry *entry;

	pthread_mutex_lock(&cache->mutex);
	entry = find(cache, key);
	if (entry != NULL) {
		unlink_from_order(cache, entry);
		link_as_newest(cache, entry);
		cached->file = entry->file;
		cached->content = entry->content != NULL ? fsrv__content_hold(entry->content) : NULL;
		cached->checked = entry->checked;
	}
	pthread_mutex_unlock(&cache->mutex);
	return entry != NULL;
}

void fsrv__cache_put(struct fsrv__cache *cache, const struct fsrv__cache_key *key,
		     const struct fsrv__file *file, struct fsrv__content *content, uint64_t checked)
{
	struct fsrv__cache_entry *entry;
	bool has_room = sizeof(*entry) + key->path.length +
				(content != NULL ? sizeof(*content) + content->length : 0) <=
			cache->max_size;

	pthread_mutex_lock(&cache->mutex);
	entry = find(cache, key);
	if (entry != NULL && content == NULL && has_room && fsrv__file_is_same(&entry->file, file)) {
		entry->checked = checked;
		pthread_mutex_unlock(&cache->mutex);
		return;
	}
	if (entry != NULL)
		drop(cache, entry);
	entry = has_room ? add(cache, key) : NULL;
	if (entry != NULL) {
		entry->file = *file;
		entry->file.fd = -1;
		entry->checked = checked;
		cache->size -= size_of(entry);
		entry->content = content != NULL ? fsrv__content_hold(content) : NULL;
		cache->size += size_of(entry);
	}
	while (cache->size > cache->max_size) {
		drop(cache, cache->oldest);
		cache->evictions++;
	}
	pthread_mutex_unlock(&cache->mutex);
}

void fsrv__cache_mark_checked(struct fsrv__cache *cache, const struct fsrv__cache_key *key, uint64_t checked)
{
	struct fsrv__cache_entry *entry;

	pthread_mutex_lock(&cache->mutex);
	entry = find(cache, key);
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
