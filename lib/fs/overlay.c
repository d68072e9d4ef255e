/* A hash table with chains. What leaves it is released without the mutex: that may call the program. */
#include "fs/overlay.h"

#include <string.h>

#include "http/hash.h"

#define FIRST_SIZE 16 /* a power of two */

struct fsrv__overlay_entry {
	struct fsrv__overlay_entry *next;
	uint64_t hash;
	struct fsrv__overlay_facts facts;
	struct fsrv__content *content, *page;
	char path[];
};

static uint64_t hash_of(const char *path)
{
	return fsrv__hash_bytes(FSRV__HASH_START, path, strlen(path));
}

/* The link that leads to the entry of a path, or to the end of its chain. Called with the mutex held, when
 * there is a table. */
static struct fsrv__overlay_entry **find(struct fsrv__overlay *overlay, const char *path, uint64_t hash)
{
	struct fsrv__overlay_entry **link = &overlay->table[hash & (overlay->table_size - 1)];

	while (*link != NULL && ((*link)->hash != hash || strcmp((*link)->path, path) != 0))
		link = &(*link)->next;
	return link;
}

static void free_entry(const struct fsrv__allocator *allocator, struct fsrv__overlay_entry *entry)
{
	if (entry == NULL)
		return;
	fsrv__content_release(entry->content);
	fsrv__content_release(entry->page);
	fsrv__release(allocator, entry);
}

static struct fsrv__overlay_entry *make_entry(const struct fsrv__allocator *allocator, const char *path,
					      const struct fsrv__overlay_facts *facts,
					      struct fsrv__content *content)
{
	size_t size = strlen(path) + 1;
	struct fsrv__overlay_entry *entry = fsrv__allocate(allocator, sizeof(*entry) + size);

	if (entry == NULL)
		return NULL;
	entry->next = NULL;
	entry->hash = hash_of(path);
	entry->facts = *facts;
	entry->content = fsrv__content_hold(content);
	entry->page = NULL;
	memcpy(entry->path, path, size);
	return entry;
}

/* Makes the table as large as there are entries, before one is added. False without memory, when there is no
 * table at all; a table that cannot grow still works. */
static bool make_room(struct fsrv__overlay *overlay)
{
	size_t n = atomic_load(&overlay->n_entries);
	size_t size = overlay->table != NULL ? overlay->table_size * 2 : FIRST_SIZE;
	struct fsrv__overlay_entry **table, *entry;

	if (overlay->table != NULL && n < overlay->table_size)
		return true;
	table = fsrv__allocate(&overlay->allocator, size * sizeof(struct fsrv__overlay_entry *));
	if (table == NULL)
		return overlay->table != NULL;
	memset(table, 0, size * sizeof(struct fsrv__overlay_entry *));
	for (size_t i = 0; i < overlay->table_size; i++) {
		while ((entry = overlay->table[i]) != NULL) {
			overlay->table[i] = entry->next;
			entry->next = table[entry->hash & (size - 1)];
			table[entry->hash & (size - 1)] = entry;
		}
	}
	fsrv__release(&overlay->allocator, overlay->table);
	overlay->table = table;
	overlay->table_size = size;
	return true;
}

void fsrv__overlay_init(struct fsrv__overlay *overlay, const struct fsrv__allocator *allocator)
{
	*overlay = (struct fsrv__overlay){.allocator = *allocator};
	pthread_mutex_init(&overlay->mutex, NULL);
	atomic_init(&overlay->n_entries, 0);
}

void fsrv__overlay_destroy(struct fsrv__overlay *overlay)
{
	struct fsrv__overlay_entry *entry;

	for (size_t i = 0; i < overlay->table_size; i++) {
		while ((entry = overlay->table[i]) != NULL) {
			overlay->table[i] = entry->next;
			free_entry(&overlay->allocator, entry);
		}
	}
	fsrv__release(&overlay->allocator, overlay->table);
	pthread_mutex_destroy(&overlay->mutex);
}

bool fsrv__overlay_put(struct fsrv__overlay *overlay, const char *path,
		       const struct fsrv__overlay_facts *facts, struct fsrv__content *content)
{
	struct fsrv__overlay_entry *entry = make_entry(&overlay->allocator, path, facts, content);
	struct fsrv__overlay_entry *old = NULL, **link;
	bool has_room;

	if (entry == NULL)
		return false;
	pthread_mutex_lock(&overlay->mutex);
	has_room = make_room(overlay);
	if (has_room) {
		link = find(overlay, path, entry->hash);
		old = *link;
		entry->next = old != NULL ? old->next : NULL;
		*link = entry;
		if (old == NULL)
			atomic_fetch_add(&overlay->n_entries, 1);
	}
	pthread_mutex_unlock(&overlay->mutex);
	free_entry(&overlay->allocator, has_room ? old : entry);
	return has_room;
}

bool fsrv__overlay_remove(struct fsrv__overlay *overlay, const char *path)
{
	struct fsrv__overlay_entry *entry = NULL, **link;

	pthread_mutex_lock(&overlay->mutex);
	if (overlay->table != NULL) {
		link = find(overlay, path, hash_of(path));
		entry = *link;
	}
	if (entry != NULL) {
		*link = entry->next;
		atomic_fetch_sub(&overlay->n_entries, 1);
	}
	pthread_mutex_unlock(&overlay->mutex);
	free_entry(&overlay->allocator, entry);
	return entry != NULL;
}

bool fsrv__overlay_get(struct fsrv__overlay *overlay, const char *path, struct fsrv__overlay_item *item)
{
	uint64_t hash = hash_of(path);
	const struct fsrv__overlay_entry *entry = NULL;

	pthread_mutex_lock(&overlay->mutex);
	if (overlay->table != NULL)
		entry = *find(overlay, path, hash);
	if (entry != NULL) {
		item->facts = entry->facts;
		item->content = fsrv__content_hold(entry->content);
		item->page = entry->page != NULL ? fsrv__content_hold(entry->page) : NULL;
	}
	pthread_mutex_unlock(&overlay->mutex);
	return entry != NULL;
}

void fsrv__overlay_keep_page(struct fsrv__overlay *overlay, const char *path, struct fsrv__content *page)
{
	uint64_t hash = hash_of(path);
	struct fsrv__overlay_entry *entry = NULL;
	struct fsrv__content *old = NULL;

	pthread_mutex_lock(&overlay->mutex);
	if (overlay->table != NULL)
		entry = *find(overlay, path, hash);
	if (entry != NULL && entry->content->hash == page->source_hash) {
		old = entry->page;
		entry->page = fsrv__content_hold(page);
	}
	pthread_mutex_unlock(&overlay->mutex);
	fsrv__content_release(old);
}
