/* A local folder above a slow disk with clips: the roots of tests in which the disk hangs or fails. */
#ifndef TEST_CLIPS_H
#define TEST_CLIPS_H

#include "slow_tree.h"
#include "tree.h"

extern struct clips {
	struct tree local, backing; /* the folder, and what the disk holds */
	struct slow_tree slow;
	const char *roots[2]; /* set by clips_mount */
} clips;

/* The target of a clip. It is good until the next call. */
const char *clips_target(int number);

/* Makes both trees: n clips with the pattern, and "small" in the folder. */
void clips_make(int n, size_t size);
void clips_remove(void);

void clips_mount(void);
void clips_unmount(void);

#endif
