/* HTML pages with scripts in them: built once for each version of a file and list of scripts. */
#ifndef FSRV__PAGE_H
#define FSRV__PAGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fs/memory.h"
#include "fs/roots.h"
#include "fs/scripts.h"

/* "text/html; charset=" and the longest label that is passed on. */
#define FSRV__PAGE_TYPE_SIZE 64

/* Immutable once built, shared by reference. */
struct fsrv__page {
	struct fsrv__allocator allocator;
	atomic_uint references;
	uint64_t flags; /* enum fsrv_page_flag: what the scan saw */
	bool unchanged; /* the encoding allows no scripts: send the file as it is */
	char media_type[FSRV__PAGE_TYPE_SIZE];
	size_t length;
	char *bytes;
	/* Of the cache: what it was built from, and its neighbours, the most recently used first. */
	uint64_t device;
	struct fsrv__identity identity;
	enum fsrv__page_kind kind;
	uint64_t scripts; /* their hash */
	struct fsrv__page *newer, *older;
};

/* Holds pages up to a number of bytes; the least recently used leave first. */
struct fsrv__page_cache {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex;
	struct fsrv__page *newest, *oldest;
	uint64_t size, max_size;
};

enum fsrv__page_result {
	FSRV__PAGE_READY,
	FSRV__PAGE_CHANGED,   /* the file changed while it was read: look again */
	FSRV__PAGE_UNREADABLE /* errno; ENOMEM for want of memory */
};

void fsrv__page_cache_init(struct fsrv__page_cache *cache, const struct fsrv__allocator *allocator, uint64_t max_size);
void fsrv__page_cache_clear(struct fsrv__page_cache *cache);

/* Gets the page for an open file, from the cache or built.
 *
 * last    a list of scripts with something for pages of that kind
 * stable  the file's times are old enough to tell its versions apart; others are not kept
 * page    receives a reference for fsrv__page_release
 * built   whether the page is new, so that what was seen in it is told once */
enum fsrv__page_result fsrv__page_get(struct fsrv__page_cache *cache, const struct fsrv__file *file,
				      const struct fsrv__addition *last, enum fsrv__page_kind kind, bool stable,
				      struct fsrv__page **page, bool *built);

struct fsrv__page *fsrv__page_hold(struct fsrv__page *page);
void fsrv__page_release(struct fsrv__page *page);

#endif
