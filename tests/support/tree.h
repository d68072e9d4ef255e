/* A temporary folder of files with known bytes. */
#ifndef TEST_TREE_H
#define TEST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree {
	char path[64];
};

/* A time long ago: files with it have strong validators. */
#define TREE_OLD	1614834367
#define TREE_OLD_TEXT	"Thu, 04 Mar 2021 05:06:07 GMT"

/* Makes the folder; every user may search it. */
void tree_make(struct tree *tree);

/* In /dev/shm. False: nothing can be made there, so it is in the usual place. */
bool tree_make_in_memory(struct tree *tree);
void tree_remove(struct tree *tree);

/* Writes a file, and the folders on the way to it; its mtime becomes TREE_OLD. */
void tree_write(const struct tree *tree, const char *name, const void *bytes, size_t length);
void tree_write_text(const struct tree *tree, const char *name, const char *text);

void tree_folder(const struct tree *tree, const char *name);
void tree_link(const struct tree *tree, const char *name, const char *target);

/* Writes a file in which every byte tells its offset, more or less. */
void tree_write_pattern(const struct tree *tree, const char *name, uint64_t length);

/* A piece of such a file. */
void tree_fill(char *bytes, size_t length, uint64_t offset);

/* The place of the first byte of a piece of such a file that is wrong, length when all are right. */
size_t tree_compare(const char *bytes, size_t length, uint64_t offset);

/* The path of a name in the tree, valid until the eighth next call. */
const char *tree_path(const struct tree *tree, const char *name);

/* Files that change are strong only when their ctime is old too: waits until it is. */
void tree_age(void);

/* How many descriptors the process has open. */
unsigned open_descriptors(void);

/* How many threads it has. */
unsigned running_threads(void);

#endif
