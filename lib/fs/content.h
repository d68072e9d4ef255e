/* The bytes of a whole representation: a small file, or a page with scripts in it. */
#ifndef FSRV__CONTENT_H
#define FSRV__CONTENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fs/memory.h"

/* "text/html; charset=" and the longest label that is passed on. */
#define FSRV__CONTENT_TYPE_SIZE 64

/* Immutable once made, shared by reference. */
struct fsrv__content {
	struct fsrv__allocator allocator;
	atomic_uint references;
	bool is_file;	  /* the encoding allows no scripts: send the file as it is; there are no bytes */
	uint64_t scripts; /* the hash of what was put in; 0: a file as it is */
	int64_t scripts_time; /* when that changed last, in seconds since 1970 */
	uint64_t flags;	  /* enum fsrv_page_flag: what the scan of a page saw */
	char media_type[FSRV__CONTENT_TYPE_SIZE]; /* of a page, otherwise empty */
	size_t length;
	char bytes[];
};

/* Makes content with room for length bytes and one reference; NULL when there is no memory. */
struct fsrv__content *fsrv__content_new(const struct fsrv__allocator *allocator, size_t length);

struct fsrv__content *fsrv__content_hold(struct fsrv__content *content);

/* NULL is allowed. */
void fsrv__content_release(struct fsrv__content *content);

#endif
