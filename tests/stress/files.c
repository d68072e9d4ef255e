#include "files.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

#define KIB 1024u

/* A version of a file is the pattern of tree_write_pattern from another place on. */
#define SHIFT 4096u

#define PAGE 4096u

/* A file of CHANGE_APPEND grows by a page so many times. */
#define N_APPENDS 64

/* Where a file of CHANGE_CUT is cut; not at the end of a page. */
#define CUT 300001

#define PIECE (64 * KIB)

struct file files[N_FILES] = {
	{.name = "small", .change = CHANGE_NOTHING, .size = 3000},
	{.name = "large", .change = CHANGE_NOTHING, .size = 1024 * KIB},
	{.name = "touched-small", .change = CHANGE_TIMES, .size = 5000},
	{.name = "touched-large", .change = CHANGE_TIMES, .size = 512 * KIB},
	{.name = "renamed-small", .change = CHANGE_RENAME, .size = 20000},
	{.name = "renamed-large", .change = CHANGE_RENAME, .size = 400000},
	{.name = "appended", .change = CHANGE_APPEND, .size = 40 * KIB},
	{.name = "cut", .change = CHANGE_CUT, .size = 1024 * KIB},
	{.name = "slow-small", .is_on_slow_disk = true, .size = 7000},
	{.name = "slow-large", .is_on_slow_disk = true, .size = 1024 * KIB},
	{.name = "failing", .change = CHANGE_FAILING, .is_on_slow_disk = true, .size = 700000},
	{.name = "page.html", .is_page = true, .size = 0},
	{.name = "missing", .change = CHANGE_ABSENT, .size = 0},
};

static const char page[] = "<!doctype html><html><head><title>page</title></head><body>text</body></html>";

static char page_with_script[1024];
static size_t page_length;

void files_expect_page(const char *bytes, size_t length)
{
	ck_assert_uint_le(length, sizeof(page_with_script));
	memcpy(page_with_script, bytes, length);
	page_length = length;
}

static uint64_t size_of(const struct file *file, unsigned version)
{
	switch (file->change) {
	case CHANGE_RENAME:
		return file->size + version % 1000;
	case CHANGE_APPEND:
		return file->size + version % N_APPENDS * PAGE;
	default:
		return file->size;
	}
}

static uint64_t shift_of(const struct file *file, unsigned version)
{
	return file->change == CHANGE_RENAME ? (uint64_t)version * SHIFT : 0;
}

/* What was cut off may be zeros: sendfile(2) sends pages and not copies, and a cut does not wait for a
 * read(2) that has begun. */
static bool is_right_but_for_cut(const struct content *content, bool *has_zeros)
{
	size_t at = 0;

	while ((at += tree_compare(content->bytes + at, content->length - at, content->offset + at)) <
	       content->length) {
		if (content->offset + at < CUT || content->bytes[at] != 0)
			return false;
		while (at < content->length && content->bytes[at] == 0)
			at++;
		*has_zeros = true;
	}
	return content->size >= CUT && content->size <= content->file->size;
}

static bool is_version(const struct content *content, unsigned version)
{
	return content->size == size_of(content->file, version) &&
	       tree_compare(content->bytes, content->length,
			    content->offset + shift_of(content->file, version)) == content->length;
}

bool content_is_right(const struct content *content, struct verdict *verdict)
{
	unsigned *version = &verdict->version;

	*verdict = (struct verdict){content->oldest, false};
	if (content->offset > content->size || content->length > content->size - content->offset)
		return false;
	if (content->file->is_page)
		return content->size == page_length &&
		       memcmp(content->bytes, page_with_script + content->offset, content->length) == 0;
	if (content->file->change == CHANGE_CUT)
		return is_right_but_for_cut(content, &verdict->has_zeros);
	for (; *version <= content->newest; ++*version)
		if (is_version(content, *version))
			return true;
	return false;
}

/* Where descriptors may run out, and so on a path of its own. */
static bool write_file(const char *path, int flags, uint64_t from, uint64_t to)
{
	char *bytes = malloc(PIECE);
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
	bool is_written = fd >= 0 && bytes != NULL;

	for (uint64_t at = from; is_written && at < to;) {
		size_t length = to - at < PIECE ? (size_t)(to - at) : PIECE;

		tree_fill(bytes, length, at);
		is_written = write(fd, bytes, length) == (ssize_t)length;
		at += length;
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return is_written;
}

void files_write(const struct tree *local, const struct tree *backing)
{
	for (int i = 0; i < N_FILES; i++) {
		const struct tree *tree = files[i].is_on_slow_disk ? backing : local;

		if (files[i].is_page)
			tree_write_text(tree, files[i].name, page);
		else if (files[i].change != CHANGE_ABSENT)
			tree_write_pattern(tree, files[i].name, files[i].size);
	}
}

static bool replace(const char *path, const struct file *file, unsigned version)
{
	uint64_t shift = shift_of(file, version);
	char other[4096];

	snprintf(other, sizeof(other), "%.4000s.new", path);
	return write_file(other, O_CREAT | O_TRUNC, shift, shift + size_of(file, version)) &&
	       rename(other, path) == 0;
}

/* For a moment, and for longer than it takes until the library looks. */
static const enum {
	STAYS,
	SHORTER,
	LONGER
} cuts[] = {STAYS, SHORTER, LONGER, STAYS, SHORTER, STAYS, STAYS, STAYS, STAYS, LONGER};

/* False when a descriptor was lacking. */
static bool change_file(const char *path, const struct file *file, unsigned version)
{
	switch (file->change) {
	case CHANGE_TIMES:
		return utimensat(AT_FDCWD, path, NULL, 0) == 0;
	case CHANGE_RENAME:
		return replace(path, file, version);
	case CHANGE_APPEND:
		if (version % N_APPENDS == 0)
			return replace(path, file, version);
		return write_file(path, O_APPEND, size_of(file, version - 1), size_of(file, version));
	case CHANGE_CUT:
		if (cuts[version % LEN(cuts)] == SHORTER)
			return truncate(path, CUT) == 0;
		return cuts[version % LEN(cuts)] == STAYS || write_file(path, O_APPEND, CUT, file->size);
	default:
		return true;
	}
}

static void change_now(struct changes *changes, struct file *file)
{
	unsigned version = atomic_load(&file->ready) + 1;
	char path[4096];

	if (file->change < CHANGE_TIMES || file->change > CHANGE_CUT)
		return;
	snprintf(path, sizeof(path), "%s/%s", changes->local->path, file->name);
	atomic_store(&file->begun, version);
	while (!change_file(path, file, version) && !atomic_load(&changes->is_over))
		usleep(1000);
	atomic_store(&file->ready, version);
	atomic_fetch_add(&changes->n_changes, 1);
}

void *files_change(void *cls)
{
	struct changes *changes = cls;

	/* The same inode number may come back, and then the tick of the clock has to be another one. */
	while (!atomic_load(&changes->is_over))
		for (int i = 0; i < N_FILES; i++) {
			change_now(changes, &files[i]);
			usleep(7000);
		}
	return NULL;
}

void *files_trouble_disk(void *cls)
{
	static const char *const moods[] = {
		"read-delay 1",
		"forget-all",
		"open-delay 2",
		"forget slow-large",
		"fail failing 300000 EIO",
		"forget failing",
		"read-delay 4",
		"forget-all",
		"serial on",
		"forget slow-small",
		"serial off",
		"heal failing",
		"forget-all",
		"open-delay 0",
		"read-delay 0",
		"forget failing",
	};
	struct changes *changes = cls;

	for (int i = 0; !atomic_load(&changes->is_over); i++) {
		slow_tree_tell(changes->disk, "%s", moods[i % LEN(moods)]);
		atomic_fetch_add(&changes->n_moods, 1);
		usleep(60000);
	}
	slow_tree_tell(changes->disk, "read-delay 0");
	slow_tree_tell(changes->disk, "open-delay 0");
	return NULL;
}
