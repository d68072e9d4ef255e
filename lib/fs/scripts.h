/* What is put into pages, and the markers of what is taken out of them: a list that only grows.
 *
 * Each addition points to the one before it and holds the totals of all additions up to itself. So a
 * pointer to an addition is the whole list as it was when that addition was the last one: a reader needs no
 * lock. Nothing is freed before the list is cleared. */
#ifndef FSRV__FS_SCRIPTS_H
#define FSRV__FS_SCRIPTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "fs/memory.h"
#include "fsrv/inject.h"

/* Which additions a page takes. */
enum fsrv__page_kind {
	FSRV__PAGE_ORDINARY, /* those for every page */
	FSRV__PAGE_INDEX,    /* the index page of the root: all */
	FSRV__PAGE_KINDS
};

/* What one kind of page takes. */
struct fsrv__script_totals {
	uint64_t hash; /* of all bytes; 0 when there is nothing */
	size_t lengths[FSRV_POINTS];
	size_t n_markers;
};

struct fsrv__addition {
	const struct fsrv__addition *previous;
	enum fsrv__page_kind pages; /* FSRV__PAGE_INDEX: for that page alone */
	enum fsrv_point point;      /* FSRV_POINTS: a marker of scripts to strip */
	size_t any_case;            /* of a marker */
	int64_t time;               /* when it was added, in seconds since 1970 */
	struct fsrv__script_totals totals[FSRV__PAGE_KINDS];
	size_t length;
	char bytes[];
};

struct fsrv__scripts {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex; /* held by those who add */
	_Atomic(struct fsrv__addition *) last;
};

/* Bytes to add; members as in struct fsrv__addition. */
struct fsrv__new_addition {
	enum fsrv__page_kind pages;
	enum fsrv_point point;
	const void *bytes; /* copied */
	size_t length;
	size_t any_case;
};

void fsrv__scripts_init(struct fsrv__scripts *scripts, const struct fsrv__allocator *allocator);

/* Frees the list and the mutex. No thread holds a pointer into the list any more. */
void fsrv__scripts_destroy(struct fsrv__scripts *scripts);

/* Appends bytes as they are. FSRV_OK, FSRV_ERR_MEMORY. Any thread. */
int fsrv__scripts_add(struct fsrv__scripts *scripts, const struct fsrv__new_addition *addition);

/* Appends a script element. FSRV_OK, FSRV_ERR_MEMORY and what fsrv_script_build returns. Any thread. */
int fsrv__scripts_add_script(struct fsrv__scripts *scripts, enum fsrv__page_kind pages, enum fsrv_point point,
			     const struct fsrv_script *script);

/* The list as it is now; NULL when nothing was ever added. Valid until the list is cleared. Any thread. */
const struct fsrv__addition *fsrv__scripts_snapshot(struct fsrv__scripts *scripts);

/* Copies what goes to a point, in the order of addition: totals[kind].lengths[point] bytes. */
void fsrv__scripts_copy(const struct fsrv__addition *last, enum fsrv__page_kind kind, enum fsrv_point point,
			char *out);

/* Writes the markers, totals[kind].n_markers of them. They point into the list. */
void fsrv__scripts_list_markers(const struct fsrv__addition *last, enum fsrv__page_kind kind,
				struct fsrv_marker *markers);

#endif
