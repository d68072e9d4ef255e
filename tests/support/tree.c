#include "tree.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_make(struct tree *tree)
{
	const char *base = getenv("TMPDIR");

	snprintf(tree->path, sizeof(tree->path), "%s/fsrv-test-XXXXXX",
		 base != NULL && strlen(base) < 40 ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(tree->path));
	ck_assert_int_eq(chmod(tree->path, 0755), 0);
}

bool tree_make_in_memory(struct tree *tree)
{
	snprintf(tree->path, sizeof(tree->path), "/dev/shm/fsrv-test-XXXXXX");
	if (mkdtemp(tree->path) == NULL) {
		tree_make(tree);
		return false;
	}
	ck_assert_int_eq(chmod(tree->path, 0755), 0);
	return true;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static unsigned n_closed;

static int open_folder(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)where;
	n_closed += type == FTW_DNR;
	return type == FTW_D || type == FTW_DNR ? chmod(path, 0700) : 0;
}

/* Root may look into each folder, other users only where its mode allows that; so it is made to. */
static void open_folders(const struct tree *tree)
{
	do {
		n_closed = 0;
		ck_assert_int_eq(nftw(tree->path, open_folder, 16, FTW_PHYS), 0);
	} while (n_closed > 0);
}

void tree_remove(struct tree *tree)
{
	open_folders(tree);
	ck_assert_int_eq(nftw(tree->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *tree_path(const struct tree *tree, const char *name)
{
	static char paths[8][4096];
	static unsigned next;
	char *path = paths[next++ % 8];
	int n = snprintf(path, sizeof(paths[0]), "%s/%s", tree->path, name);

	ck_assert(n > 0 && (size_t)n < sizeof(paths[0]));
	return path;
}

static int create(const struct tree *tree, const char *name)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s", tree_path(tree, name));
	for (char *slash = strchr(path + strlen(tree->path) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "%s not created", path);
	return fd;
}

static void finish(int fd)
{
	struct timespec old[2] = {{.tv_sec = TREE_OLD}, {.tv_sec = TREE_OLD}};

	ck_assert_int_eq(futimens(fd, old), 0);
	close(fd);
}

void tree_write(const struct tree *tree, const char *name, const void *bytes, size_t length)
{
	int fd = create(tree, name);

	ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
	finish(fd);
}

void tree_write_text(const struct tree *tree, const char *name, const char *text)
{
	tree_write(tree, name, text, strlen(text));
}

#define BLOCK 65536u

/* One block of the pattern, from an offset that is a multiple of 8. */
static void fill(uint64_t block[BLOCK / 8], uint64_t offset)
{
	for (size_t i = 0; i < BLOCK / 8; i++)
		block[i] = (offset / 8 + i) * UINT64_C(0x9e3779b97f4a7c15);
}

void tree_write_pattern(const struct tree *tree, const char *name, uint64_t length)
{
	int fd = create(tree, name);
	uint64_t block[BLOCK / 8];

	for (uint64_t at = 0; at < length;) {
		size_t n = length - at < BLOCK ? (size_t)(length - at) : BLOCK;

		fill(block, at);
		ck_assert_int_eq(write(fd, block, n), (ssize_t)n);
		at += n;
	}
	finish(fd);
}

void tree_fill(char *bytes, size_t length, uint64_t offset)
{
	uint64_t block[BLOCK / 8];

	for (size_t at = 0; at < length;) {
		size_t skip = (size_t)((offset + at) % BLOCK);
		size_t n = length - at < BLOCK - skip ? length - at : BLOCK - skip;

		fill(block, offset + at - skip);
		memcpy(bytes + at, (const char *)block + skip, n);
		at += n;
	}
}

size_t tree_compare(const char *bytes, size_t length, uint64_t offset)
{
	uint64_t block[BLOCK / 8];
	size_t at = 0;

	while (at < length) {
		size_t skip = (size_t)((offset + at) % BLOCK);
		size_t n = length - at < BLOCK - skip ? length - at : BLOCK - skip;
		const char *expected = (const char *)block + skip;

		fill(block, offset + at - skip);
		for (size_t i = 0; memcmp(bytes + at, expected, n) != 0 && i < n; i++)
			if (bytes[at + i] != expected[i])
				return at + i;
		at += n;
	}
	return length;
}

void tree_folder(const struct tree *tree, const char *name)
{
	ck_assert_int_eq(mkdir(tree_path(tree, name), 0755), 0);
}

void tree_link(const struct tree *tree, const char *name, const char *target)
{
	ck_assert_int_eq(symlink(target, tree_path(tree, name)), 0);
}

void tree_age(void)
{
	usleep(2100000);
}

static unsigned count_entries(const char *path)
{
	DIR *folder = opendir(path);
	unsigned n = 0;

	ck_assert_ptr_nonnull(folder);
	while (readdir(folder) != NULL)
		n++;
	closedir(folder);
	return n;
}

unsigned open_descriptors(void)
{
	return count_entries("/proc/self/fd");
}

unsigned running_threads(void)
{
	return count_entries("/proc/self/task");
}
