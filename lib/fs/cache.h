/* Files by their path: what is known of them, and for small ones and pages what is sent.
 *
 * An entry says what a file was like when it was opened. It is worth something only together with a
 * look at the path (stat(2)) that shows the same file unchanged. */
#ifndef FSRV__CACHE_H
#define FSRV__CACHE_H

#include <pthread.h>

#include "http/text.h"
#include "fs/content.h"
#include "fs/roots.h"

/* A path as it was asked for: without the name of an index page. */
struct fsrv__cache_key {
	struct fsrv__text path;
	bool directory;
};

struct fsrv__entry;

/* Any number of threads may use it. */
struct fsrv__cache {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex;
	struct fsrv__entry **table;
	size_t table_size; /* a power of two, or 0 */
	size_t n_entries;
	struct fsrv__entry *newest, *oldest; /* by last use */
	uint64_t size, max_size;	     /* in bytes */
	uint64_t evictions;
};

struct fsrv__cached {
	struct fsrv__file file;	       /* without a descriptor */
	struct fsrv__content *content; /* a reference for the caller, or NULL when only facts are known */
	uint64_t seen;		       /* when the file was last looked at, in ms of the monotonic clock */
};

void fsrv__cache_init(struct fsrv__cache *cache, const struct fsrv__allocator *allocator, uint64_t max_size);
void fsrv__cache_clear(struct fsrv__cache *cache);

/* Finds what is known of a path. */
bool fsrv__cache_get(struct fsrv__cache *cache, const struct fsrv__cache_key *key, struct fsrv__cached *cached);

/* Keeps facts, and content unless it is NULL, in the place of what was kept before. Facts alone do not
 * drive out the content of a file that has not changed. Does nothing when there is no memory. */
void fsrv__cache_put(struct fsrv__cache *cache, const struct fsrv__cache_key *key, const struct fsrv__file *file,
		     struct fsrv__content *content, uint64_t seen);

/* Notes that the file was looked at and is what the entry says. */
void fsrv__cache_touch(struct fsrv__cache *cache, const struct fsrv__cache_key *key, uint64_t seen);

/* The bytes that are kept, and how many entries had to go for others. */
void fsrv__cache_count(struct fsrv__cache *cache, uint64_t *size, uint64_t *evictions);

#endif
