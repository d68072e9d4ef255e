/* A tree seen through a disk that is slow, fails or hangs on command: tests/support/slowdisk.c says how. */
#ifndef TEST_SLOW_TREE_H
#define TEST_SLOW_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "slowdisk_process.h"
#include "tree.h"

struct slow_tree {
	struct tree tree; /* the mount point */
	struct slowdisk_process process;
};

/* False where slowdisk was not built, without /dev/fuse, or when it cannot be mounted. */
bool slow_tree_is_possible(void);

/* Whether a test may let the disk hang. valgrind lets one thread run at a time, and does not know that
 * statx(2) may wait: the thread that would end the waiting would never run. */
bool slow_tree_may_hang(void);

/* The mount goes when the calling thread does, however it ends. */
void slow_tree_mount(struct slow_tree *slow, const struct tree *backing);

/* On a new folder inside of another tree. */
void slow_tree_mount_in(struct slow_tree *slow, const struct tree *backing, const struct tree *outer,
			const char *name);

/* Removes the folder, too. */
void slow_tree_unmount(struct slow_tree *slow);

/* Has a command obeyed and returns the number in the answer, if there is one; an error fails the test. */
uint64_t slow_tree_tell(struct slow_tree *slow, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Sends a line; the answer, without its line end, is valid until the next call. */
const char *slow_tree_ask(struct slow_tree *slow, const char *line);

#endif
