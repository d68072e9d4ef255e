/* The files that are served, how they change meanwhile, and what may arrive of them. */
#ifndef STRESS_FILES_H
#define STRESS_FILES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "slow_tree.h"
#include "tree.h"

/* How a file changes. */
enum change {
	CHANGE_NOTHING,
	CHANGE_TIMES,   /* touched */
	CHANGE_RENAME,  /* replaced by another version */
	CHANGE_APPEND,  /* becomes longer; in the end replaced by its first version */
	CHANGE_CUT,     /* becomes shorter and grows again */
	CHANGE_FAILING, /* the disk fails from FAILS_AT on */
	CHANGE_ABSENT   /* there is none */
};

#define FAILS_AT 300000

struct file {
	const char *name;
	enum change change;
	bool is_on_slow_disk;
	bool is_page;  /* a script is put into it */
	uint64_t size; /* of the first version */
	/* Versions: begun before a change and ready after it. */
	atomic_uint begun, ready;
};

#define N_FILES 13

extern struct file files[N_FILES];

/* What a client got of a file. */
struct content {
	const struct file *file;
	unsigned oldest, newest; /* versions that it can be */
	uint64_t size;           /* of the whole file, as announced */
	uint64_t offset;         /* of the bytes */
	const char *bytes;
	size_t length;
};

struct verdict {
	unsigned version;
	bool has_zeros; /* where the file was cut */
};

/* Whether these are bytes of one version of the file, and its size. */
bool content_is_right(const struct content *content, struct verdict *verdict);

/* What the page has to be, from now on. */
void files_expect_page(const char *bytes, size_t length);

/* Local and slow are the folders below local trees; a disk shows the latter. */
void files_write(const struct tree *local, const struct tree *backing);

/* Change files, and the mood of the disk, until told to stop; cls is a struct changes. */
struct changes {
	const struct tree *local;
	struct slow_tree *disk;
	atomic_bool is_over;
	atomic_uint n_changes, n_moods;
};

void *files_change(void *cls);
void *files_trouble_disk(void *cls);

#endif
