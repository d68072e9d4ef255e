/* Bytes in memory that are sent: a small file, a page with scripts in it, a small slice of a file, or what
 * the program has.
 *
 * Content does not change once it is made. It is shared by reference and freed with its last reference,
 * on any thread. */
#ifndef FSRV__FS_CONTENT_H
#define FSRV__FS_CONTENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fs/memory.h"

/* Up to this size one read and one send of header and content together beat sendfile(2). */
#define FSRV__SMALL_SIZE (64u * 1024)

/* "text/html; charset=" and the longest label that is passed on. */
#define FSRV__CONTENT_TYPE_SIZE 64

struct fsrv__content {
	struct fsrv__allocator allocator;
	atomic_uint references;
	bool is_volatile; /* the file does not tell its size: the next reading may give other bytes */
	bool has_scripts; /* a page into which scripts were put */
	/* For pages, otherwise 0. A page whose encoding allows no scripts has the bytes of its file. */
	uint64_t scripts_hash; /* of what was to be put in */
	int64_t scripts_time;  /* of the newest addition when the page was built, in seconds since 1970 */
	uint64_t source_hash;  /* of the bytes of the file */
	uint64_t flags;        /* enum fsrv_page_flag: what the scan found */
	char media_type[FSRV__CONTENT_TYPE_SIZE]; /* of HTML, with its encoding; empty: that of the file */
	uint64_t hash; /* of the bytes, by fsrv__hash_content; 0 for a slice of a file, and a hot file */
	/* For a hot file (mhd/hot_file.h), whose facts tell all: bytes of all of them, of which this content
	 * takes its own with its last reference. Otherwise NULL. */
	atomic_uint_least64_t *hot_bytes;
	size_t length;
	char *bytes;                /* behind the struct, or borrowed: read-only then */
	void (*release)(void *cls); /* of borrowed bytes; NULL: they are not */
	void *cls;
};

/* Makes content with room for length bytes and one reference, which is the caller's. NULL when there is no
 * memory. */
struct fsrv__content *fsrv__content_new(const struct fsrv__allocator *allocator, size_t length);

/* Makes content of somebody else's bytes, which are released with its last reference, on any thread. NULL
 * when there is no memory: they are not released then. */
struct fsrv__content *fsrv__content_borrow(const struct fsrv__allocator *allocator, const void *bytes,
					   size_t length, void (*release)(void *cls), void *cls);

/* Computes the hash when all bytes are in place. */
void fsrv__content_seal(struct fsrv__content *content);

/* Takes a further reference; returns content. */
struct fsrv__content *fsrv__content_hold(struct fsrv__content *content);

/* Gives a reference back. NULL is allowed. */
void fsrv__content_release(struct fsrv__content *content);

#endif
