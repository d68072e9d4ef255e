/* Content in memory by path, above all roots. */
#ifndef FSRV__FS_OVERLAY_H
#define FSRV__FS_OVERLAY_H

#include <pthread.h>
#include <stdatomic.h>

#include "fs/content.h"
#include "http/path.h"
#include "http/validators.h"

/* What is known of an entry besides its bytes. */
struct fsrv__overlay_facts {
	int64_t modified;                         /* in seconds since 1970; 0: not known */
	char media_type[FSRV__CONTENT_TYPE_SIZE]; /* empty: by the name */
	char etag[FSRV__ETAG_OPAQUE_MAX + 1];     /* opaque part; empty: by the bytes */
};

/* A copy of an entry. */
struct fsrv__overlay_item {
	struct fsrv__overlay_facts facts;
	struct fsrv__content *content; /* a reference of the caller's */
	struct fsrv__content *page;    /* the same with scripts, a reference; NULL: not made yet */
};

struct fsrv__overlay_entry;

/* Any number of threads may use it. */
struct fsrv__overlay {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex;
	struct fsrv__overlay_entry **table; /* NULL as long as there never was an entry */
	size_t table_size;
	atomic_size_t n_entries;
};

/* Makes an empty overlay, which takes no memory. */
void fsrv__overlay_init(struct fsrv__overlay *overlay, const struct fsrv__allocator *allocator);

/* Releases all entries. No thread uses the overlay any more. */
void fsrv__overlay_destroy(struct fsrv__overlay *overlay);

/* Adds or replaces an entry, which takes a reference of its own. False when there is no memory; the entry
 * that was there then stays.
 *
 * content  sealed */
bool fsrv__overlay_put(struct fsrv__overlay *overlay, const char *path,
		       const struct fsrv__overlay_facts *facts, struct fsrv__content *content);

/* Removes an entry; false when there is none. */
bool fsrv__overlay_remove(struct fsrv__overlay *overlay, const char *path);

/* Whether there are no entries: one atomic load. */
static inline bool fsrv__overlay_is_empty(const struct fsrv__overlay *overlay)
{
	return atomic_load_explicit(&overlay->n_entries, memory_order_relaxed) == 0;
}

/* Copies the entry of a path; false when there is none. */
bool fsrv__overlay_get(struct fsrv__overlay *overlay, const char *path, struct fsrv__overlay_item *item);

/* Keeps the page that was made of an entry, if that entry still has the bytes that it was made of. */
void fsrv__overlay_keep_page(struct fsrv__overlay *overlay, const char *path, struct fsrv__content *page);

#endif
