#include <stdio.h>

#include "clips.h"

struct clips clips;

const char *clips_target(int number)
{
	static char name[32];

	snprintf(name, sizeof(name), "/clip-%d", number);
	return name;
}

void clips_make(int n, size_t size)
{
	tree_make(&clips.backing);
	tree_make(&clips.local);
	for (int i = 0; i < n; i++)
		tree_write_pattern(&clips.backing, clips_target(i) + 1, size);
	tree_write_text(&clips.local, "small", "small");
}

void clips_remove(void)
{
	tree_remove(&clips.backing);
	tree_remove(&clips.local);
}

void clips_mount(void)
{
	slow_tree_mount(&clips.slow, &clips.backing);
	clips.roots[0] = clips.local.path;
	clips.roots[1] = clips.slow.tree.path;
}

void clips_unmount(void)
{
	slow_tree_unmount(&clips.slow);
}
