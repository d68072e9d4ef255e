/* What is known of files by their path, and the bytes of small files and pages.
 *
 * An entry says what a file was like when it was opened. It counts only together with a stat(2) of the
 * path that shows the same file unchanged: that check is the caller's. */
#ifndef FSRV__FS_CACHE_H
#define FSRV__FS_CACHE_H

#include <pthread.h>

#include "fs/content.h"
#include "fs/file.h"
#include "http/text.h"

/* A path as it was requested: without the name of an index page. */
struct fsrv__cache_key {
	struct fsrv__text path;
	bool directory; /* it ended in a slash */
};

/* What a layer above makes of a file and keeps with its entry. It leaves the cache with that, and is freed
 * with the last reference, on any thread. */
struct fsrv__attachment {
	atomic_uint references;
	void (*destroy)(struct fsrv__attachment *attachment);
};

/* Makes an attachment with one reference, which is the caller's. */
void fsrv__attachment_init(struct fsrv__attachment *attachment,
			   void (*destroy)(struct fsrv__attachment *attachment));

/* Gives a reference back. NULL is allowed. */
void fsrv__attachment_release(struct fsrv__attachment *attachment);

struct fsrv__cache_entry;

/* Any number of threads may use it. */
struct fsrv__cache {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex;
	struct fsrv__cache_entry **table;
	size_t table_size; /* a power of two */
	size_t n_entries;
	struct fsrv__cache_entry *newest, *oldest; /* by last use */
	uint64_t size, max_size;                   /* in bytes */
	uint64_t evictions;
	uint64_t last_serial; /* of the entries that were ever made */
};

/* An entry as long as it is there: another one, for the same path too, has another number. */
struct fsrv__cache_place {
	uint64_t hash;   /* of the path */
	uint64_t serial; /* 0: no entry */
};

/* A copy of an entry. */
struct fsrv__cached {
	struct fsrv__file file;        /* without a descriptor */
	struct fsrv__content *content; /* a reference of the caller's; NULL when only facts are known */
	struct fsrv__opaque_tag *tag;  /* of the program, memory of the caller's; NULL: none */
	/* In milliseconds of the monotonic clock: */
	uint64_t checked; /* when the path was last found unchanged */
	uint64_t read;    /* when the reading of the content began */
	/* What the caller derived from the name, constants that outlive the cache; NULL: not known, or none.
	 */
	const char *media_type, *content_coding;
	/* Written by fsrv__cache_get, and ignored otherwise: */
	struct fsrv__attachment *attachment; /* a reference of the caller's; NULL: none */
	struct fsrv__cache_place place;
};

/* Makes an empty cache for at most max_size bytes. False when there is no memory: only fsrv__cache_destroy is
 * allowed then. */
bool fsrv__cache_init(struct fsrv__cache *cache, const struct fsrv__allocator *allocator, uint64_t max_size);

/* Frees all entries and the mutex. No thread uses the cache any more. */
void fsrv__cache_destroy(struct fsrv__cache *cache);

/* Copies the entry of a path; false when there is none. The caller has set cached->tag, which receives the
 * tag unless it is NULL. */
bool fsrv__cache_get(struct fsrv__cache *cache, const struct fsrv__cache_key *key,
		     struct fsrv__cached *cached);

/* Gives back the references of a copy. */
void fsrv__cached_release(struct fsrv__cached *cached);

/* Replaces the entry of a path by a copy of what was found, with a reference of its own to the content.
 * Without memory, or when the entry is larger than the cache, the path has no entry afterwards. While entries
 * leave for a new one, other threads may find the cache larger than its limit. */
void fsrv__cache_put(struct fsrv__cache *cache, const struct fsrv__cache_key *key,
		     const struct fsrv__cached *found);

/* Notes that the path was found unchanged at that time. */
void fsrv__cache_mark_checked(struct fsrv__cache *cache, const struct fsrv__cache_key *key, uint64_t checked);

/* Gives an entry its attachment, which then takes so many bytes of the cache. The caller's reference stays
 * the caller's. False when the entry is gone or has an attachment already, or when both would be larger than
 * the cache. */
bool fsrv__cache_attach(struct fsrv__cache *cache, const struct fsrv__cache_place *place,
			struct fsrv__attachment *attachment, size_t size);

/* Whether so many bytes fit into the cache without an entry having to leave that was used within the last
 * second, about. Bytes that are worth having go in only then: where more is in use than fits, they would
 * leave before they are used.
 *
 * now  in milliseconds of the monotonic clock */
bool fsrv__cache_has_room(struct fsrv__cache *cache, uint64_t size, uint64_t now);

/* Gives an entry that has only facts its content too, with a reference of its own. False when the entry is
 * gone or has content already, or when it would be larger than the cache.
 *
 * read  when the reading began, in milliseconds of the monotonic clock */
bool fsrv__cache_add_content(struct fsrv__cache *cache, const struct fsrv__cache_place *place,
			     struct fsrv__content *content, uint64_t read);

/* Tells how many bytes are kept, and how many entries had to leave for others. */
void fsrv__cache_count(struct fsrv__cache *cache, uint64_t *size, uint64_t *evictions);

#endif
