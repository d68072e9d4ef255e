/* What is put into pages: a list that only grows, so that a reader needs no lock.
 *
 * Each addition points to the one before it and sums up all of them. Whoever holds a pointer to an
 * addition holds the list as it was when that addition was the last. */
#ifndef FSRV__SCRIPTS_H
#define FSRV__SCRIPTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "fs/memory.h"
#include "fsrv/inject.h"

/* Which additions a page takes. */
enum fsrv__page_kind {
	FSRV__PAGE_ORDINARY,
	FSRV__PAGE_INDEX, /* the index page of the root: takes all */
	FSRV__PAGE_KINDS
};

/* The sum of all additions for one kind of page. */
struct fsrv__script_sum {
	uint64_t hash; /* 0 when there is none */
	size_t lengths[FSRV_POINTS];
	size_t n_markers;
};

struct fsrv__addition {
	const struct fsrv__addition *previous;
	enum fsrv__page_kind least_kind; /* FSRV__PAGE_INDEX: that one only */
	enum fsrv_point point;		 /* FSRV_POINTS: a marker of scripts to strip */
	size_t any_case;		 /* of a marker */
	int64_t time;			 /* seconds since 1970 */
	struct fsrv__script_sum sums[FSRV__PAGE_KINDS];
	size_t length;
	char bytes[];
};

struct fsrv__scripts {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex; /* of those who add */
	_Atomic(struct fsrv__addition *) last;
};

void fsrv__scripts_init(struct fsrv__scripts *scripts, const struct fsrv__allocator *allocator);
void fsrv__scripts_clear(struct fsrv__scripts *scripts);

/* Appends a copy of bytes. FSRV_OK, FSRV_ERR_MEMORY */
int fsrv__scripts_add(struct fsrv__scripts *scripts, enum fsrv__page_kind least_kind, enum fsrv_point point,
		      const void *bytes, size_t length, size_t any_case);

/* Appends a script element. FSRV_OK, FSRV_ERR_MEMORY and what fsrv_script_build returns */
int fsrv__scripts_add_script(struct fsrv__scripts *scripts, enum fsrv__page_kind least_kind, enum fsrv_point point,
			     const struct fsrv_script *script);

/* The list as it is now; NULL when nothing was ever added. It stays valid until it is cleared. */
const struct fsrv__addition *fsrv__scripts_now(struct fsrv__scripts *scripts);

/* Copies what goes to a point, in the order of addition: sums[kind].lengths[point] bytes. */
void fsrv__scripts_copy(const struct fsrv__addition *last, enum fsrv__page_kind kind, enum fsrv_point point,
			char *out);

/* Writes the markers, sums[kind].n_markers of them, which point into the list. */
void fsrv__scripts_markers(const struct fsrv__addition *last, enum fsrv__page_kind kind,
			   struct fsrv_marker *markers);

#endif
