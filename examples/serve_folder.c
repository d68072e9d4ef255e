/* What is in a folder of the roots, by the rules by which the library serves: hidden names are not there, of
 * several roots the first that has a file wins, and links lead no further than the policy allows. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "serve_index.h"

/* More is neither read nor shown: the memory and the time of one request are bounded. */
#define MAX_ENTRIES 10000
#define MAX_SECONDS 5

struct search {
	const struct settings *settings;
	const struct folder_path *path;
	struct folder *folder;
	time_t deadline;
	int root; /* descriptor of the one that is read */
	unsigned number;
};

static int call_openat2(int root, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC), .resolve = resolve};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Opens a path through no link at all. */
static int walk(int root, const struct folder_path *path, int flags)
{
	struct folder_path copy = *path;
	char *rest = NULL, *name = strtok_r(copy.text, "/", &rest), *next;
	int at = root, fd;

	if (name == NULL)
		return openat(root, ".", flags | O_CLOEXEC);
	for (; (next = strtok_r(NULL, "/", &rest)) != NULL; name = next) {
		fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (at != root)
			close(at);
		if (fd < 0)
			return -1;
		at = fd;
	}
	fd = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC);
	if (at != root)
		close(at);
	return fd;
}

/* Opens what is below a root as the library would. Without openat2(2), which old kernels lack and sandboxes
 * refuse, links are not followed unless they may lead anywhere. */
static int open_below(const struct search *search, const struct folder_path *path, int flags)
{
	enum fsrv_symlinks policy = search->settings->files.symlinks;
	uint64_t resolve = RESOLVE_BENEATH | (policy == FSRV_SYMLINKS_NONE ? RESOLVE_NO_SYMLINKS : 0);
	const char *text = path->text[0] != '\0' ? path->text : ".";
	int fd;

	if (policy == FSRV_SYMLINKS_FOLLOW)
		return openat(search->root, text, flags | O_CLOEXEC);
	fd = call_openat2(search->root, text, flags, resolve);
	return fd < 0 && (errno == ENOSYS || errno == EPERM) ? walk(search->root, path, flags) : fd;
}

/* The library answers targets with such bytes with 400. */
static bool is_name(const char *name)
{
	if (name[0] == '.')
		return false;
	for (; *name != '\0'; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f || *name == '\\')
			return false;
	return true;
}

/* Looks at the end of a link. */
static bool look_at_link(const struct search *search, int directory, const char *name, struct stat *st)
{
	const char *above = search->path->text;
	struct folder_path path;
	bool is_there;
	int fd, length;

	switch (search->settings->files.symlinks) {
	case FSRV_SYMLINKS_FOLLOW:
		return fstatat(directory, name, st, 0) == 0;
	case FSRV_SYMLINKS_BENEATH:
		break;
	case FSRV_SYMLINKS_NONE:
		return false;
	}
	length = snprintf(path.text, sizeof(path.text), "%s%s%s", above, above[0] != '\0' ? "/" : "", name);
	fd = length < (int)sizeof(path.text) ? open_below(search, &path, O_PATH) : -1;
	if (fd < 0)
		return false;
	is_there = fstat(fd, st) == 0 && !S_ISLNK(st->st_mode);
	close(fd);
	return is_there;
}

/* False when there is no room or memory for it. */
static bool add_entry(struct search *search, const char *name, const struct stat *st)
{
	struct folder *folder = search->folder;
	struct entry *entry;

	if (folder->n == MAX_ENTRIES)
		return false;
	if (folder->n == folder->room) {
		size_t room = folder->room > 0 ? 2 * folder->room : 64;
		struct entry *larger = realloc(folder->entries, room * sizeof(*larger));

		if (larger == NULL)
			return false;
		folder->entries = larger;
		folder->room = room;
	}
	entry = &folder->entries[folder->n];
	*entry = (struct entry){.name = strdup(name),
				.is_folder = S_ISDIR(st->st_mode),
				.size = (uint64_t)st->st_size,
				.modified = st->st_mtime,
				.root = search->number};
	folder->n += entry->name != NULL;
	return entry->name != NULL;
}

static bool is_over(const struct search *search)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > search->deadline || jobs_are_over();
}

static void read_entries(struct search *search, DIR *directory)
{
	const struct dirent *found;
	struct stat st;

	while ((found = readdir(directory)) != NULL) {
		if (!is_name(found->d_name))
			continue;
		if (is_over(search)) {
			search->folder->is_cut = true;
			return;
		}
		if (fstatat(dirfd(directory), found->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISLNK(st.st_mode) && !look_at_link(search, dirfd(directory), found->d_name, &st))
			continue;
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			continue;
		if (!add_entry(search, found->d_name, &st)) {
			search->folder->is_cut = true;
			return;
		}
	}
}

static void read_root(struct search *search)
{
	int fd = open_below(search, search->path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;

	if (directory != NULL) {
		search->folder->is_there = true;
		read_entries(search, directory);
		closedir(directory);
	} else if (fd >= 0) {
		close(fd);
	}
}

/* Of one name a file comes first, and that of the first root. */
static int compare_names(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order == 0)
		order = a->is_folder - b->is_folder;
	return order != 0 ? order : (a->root > b->root) - (a->root < b->root);
}

static void remove_repeated(struct folder *folder)
{
	size_t n = 0;

	qsort(folder->entries, folder->n, sizeof(*folder->entries), compare_names);
	for (size_t i = 0; i < folder->n; i++) {
		if (n > 0 && strcmp(folder->entries[n - 1].name, folder->entries[i].name) == 0)
			free(folder->entries[i].name);
		else
			folder->entries[n++] = folder->entries[i];
	}
	folder->n = n;
}

void read_folder(const struct settings *s, const struct folder_path *path, struct folder *folder)
{
	struct search search = {.settings = s, .path = path, .folder = folder};
	struct timespec now;

	*folder = (struct folder){.n = 0};
	clock_gettime(CLOCK_MONOTONIC, &now);
	search.deadline = now.tv_sec + MAX_SECONDS;
	for (size_t i = 0; i < s->files.n_roots; i++) {
		search.number = (unsigned)i;
		search.root = open(s->roots[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (search.root < 0)
			continue;
		read_root(&search);
		close(search.root);
	}
	if (folder->n > 0)
		remove_repeated(folder);
}

void free_folder(struct folder *folder)
{
	for (size_t i = 0; i < folder->n; i++)
		free(folder->entries[i].name);
	free(folder->entries);
	*folder = (struct folder){.n = 0};
}
