/* One search through the roots, from the first to the last. Each system call of a search that must not
 * wait is made with RESOLVE_CACHED or on a descriptor that is known to be local. */
#include "fs/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/system.h"

/* One lookup on its way through the roots. */
struct search {
	struct fsrv__roots *roots;
	const struct fsrv__find_options *options;
	struct fsrv__path *path;
	struct fsrv__file *file;
	struct fsrv__root *root;     /* the root that is searched now */
	enum fsrv__wait_policy wait; /* in that root */
	bool has_remote_name;        /* one of the roots so far is remote */
};

static bool join_path(const struct search *search, char whole[FSRV__PATH_SIZE])
{
	const struct fsrv__root *root = search->root;
	const struct fsrv__path *path = search->path;

	if (root->length + 1 + path->length >= FSRV__PATH_SIZE) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(whole, root->path, root->length);
	whole[root->length] = '/';
	memcpy(whole + root->length + 1, path->text, path->length + 1);
	return true;
}

static int open_absolute(const struct search *search, const char *path, int flags)
{
	return search->wait == FSRV__CACHED_ONLY
		       ? fsrv__open_cached(AT_FDCWD, path, FSRV__LINKS_FOLLOW, flags)
		       : open(path, flags);
}

static int open_root(const struct search *search)
{
	return open_absolute(search, search->root->path, FSRV__SEARCH_FLAGS);
}

static int open_below(const struct search *search, int directory, int flags)
{
	enum fsrv__links links = search->root->links;
	const char *path = search->path->text;

	if (search->wait == FSRV__CACHED_ONLY)
		return fsrv__open_cached(directory, path, links, flags);
	return search->roots->has_openat2 ? fsrv__open_beneath(directory, path, links, flags)
					  : fsrv__walk_beneath(directory, path, links, flags);
}

static int open_confined(const struct search *search, int flags)
{
	int directory = open_root(search);
	int fd;

	if (directory < 0)
		return -1;
	fd = open_below(search, directory, flags);
	fsrv__close_keeping_errno(directory);
	return fd;
}

static enum fsrv__outcome outcome_of_error(int error)
{
	switch (fsrv__system_error(error)) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case EXDEV:
	case ENXIO: /* a socket, or a device without a driver */
	case ENODEV:
	case EBUSY:
	case EINVAL: /* a name that this file system cannot hold */
	case EILSEQ:
		return FSRV__TARGET_MISSING;
	case EACCES:
	case EPERM:
		return FSRV__TARGET_FORBIDDEN;
	case EAGAIN: /* a lease that is being given back, or names that change all the time */
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return FSRV__OVERLOADED;
	default:
		return FSRV__BROKEN;
	}
}

static enum fsrv__outcome outcome_of_type(mode_t mode)
{
	if (S_ISDIR(mode))
		return FSRV__FOUND_DIRECTORY;
	return S_ISREG(mode) ? FSRV__FOUND_FILE : FSRV__TARGET_MISSING;
}

/* Most files lie on a device that is known already, so this is mostly a comparison of numbers. */
static void set_location(const struct search *search)
{
	struct fsrv__devices *devices = &search->roots->devices;
	struct fsrv__file *file = search->file;

	file->root = (int)(search->root - search->roots->list);
	file->is_remote = !fsrv__devices_have(devices, file->identity.device);
	if (file->is_remote && file->fd >= 0) {
		enum fsrv__medium medium = fsrv__medium_of_descriptor(file->fd);

		fsrv__devices_add(devices, file->identity.device, medium);
		file->is_remote = medium == FSRV__MEDIUM_REMOTE;
		if (!file->is_remote)
			fsrv__root_detect_medium(search->roots, search->root);
	}
	file->is_in_memory = fsrv__devices_have_in_memory(devices, file->identity.device);
	file->has_remote_name = search->has_remote_name || file->is_remote;
}

/* Takes the facts of an open descriptor, and the descriptor itself if it is wanted; else closes it. */
static enum fsrv__outcome take_descriptor(const struct search *search, int fd)
{
	enum fsrv__outcome outcome = FSRV__BROKEN;
	struct fsrv__file file = *search->file;
	mode_t mode;

	if (fsrv__file_stat(&file, fd, &mode))
		outcome = outcome_of_type(mode);
	if (outcome == FSRV__FOUND_FILE) {
		*search->file = file;
		set_location(search);
		if (search->options->mode == FSRV__FIND_OPEN)
			return outcome;
		search->file->fd = -1;
	}
	fsrv__close_keeping_errno(fd);
	return outcome;
}

static int open_name(const struct search *search, int flags)
{
	bool follows = search->root->links == FSRV__LINKS_FOLLOW;
	char whole[FSRV__PATH_SIZE];
	int fd;

	if (search->wait == FSRV__CACHED_ONLY && !search->roots->has_openat2) {
		errno = EAGAIN;
		return -1;
	}
	if (follows && !join_path(search, whole))
		return -1;
	do
		fd = follows ? open_absolute(search, whole, flags) : open_confined(search, flags);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* A directory that may be searched but not read is a directory all the same. */
static enum fsrv__outcome outcome_of_unreadable(const struct search *search)
{
	int fd = open_name(search, FSRV__SEARCH_FLAGS);

	if (fd < 0 && errno == EAGAIN)
		return FSRV__OVERLOADED;
	if (fd < 0) {
		errno = EACCES;
		return FSRV__TARGET_FORBIDDEN;
	}
	close(fd);
	return FSRV__FOUND_DIRECTORY;
}

static enum fsrv__outcome open_file(const struct search *search)
{
	int fd = open_name(search, FSRV__OPEN_FLAGS);

	if (fd < 0)
		return errno == EACCES ? outcome_of_unreadable(search) : outcome_of_error(errno);
	return take_descriptor(search, fd);
}

static enum fsrv__outcome take_facts(const struct search *search, const struct fsrv__file *file, mode_t mode)
{
	enum fsrv__outcome outcome = outcome_of_type(mode);

	if (outcome == FSRV__FOUND_FILE) {
		*search->file = *file;
		set_location(search);
	}
	return outcome;
}

/* One system call, for roots whose links need not be confined. */
static enum fsrv__outcome stat_path(const struct search *search)
{
	char whole[FSRV__PATH_SIZE];
	struct fsrv__file file = *search->file;
	mode_t mode;

	if (!join_path(search, whole) || !fsrv__file_stat_path(&file, whole, &mode))
		return outcome_of_error(errno);
	return take_facts(search, &file, mode);
}

/* Links are confined, so the name alone is opened, or the path is walked where that is not to be had. Neither
 * needs the right to read the file. */
static enum fsrv__outcome stat_confined(const struct search *search)
{
	int fd = open_name(search, FSRV__NAME_FLAGS);

	if (fd < 0)
		return errno == EACCES ? outcome_of_unreadable(search) : outcome_of_error(errno);
	return take_descriptor(search, fd);
}

static enum fsrv__outcome stat_by_walk(const struct search *search)
{
	int directory = open_root(search);
	struct fsrv__file file = *search->file;
	bool is_found;
	mode_t mode;

	if (directory < 0)
		return outcome_of_error(errno);
	is_found = fsrv__stat_beneath(directory, search->path->text, search->root->links, &file, &mode);
	fsrv__close_keeping_errno(directory);
	return is_found ? take_facts(search, &file, mode) : outcome_of_error(errno);
}

static bool is_in_memory(const struct fsrv__root *root)
{
	return atomic_load_explicit(&root->medium, memory_order_relaxed) == FSRV__MEDIUM_MEMORY;
}

/* Opens a name in a root that lies in memory. No name has to be waited for there, whether the kernel has
 * cached it or not. EAGAIN when the path may lead into another file system. */
static int open_name_in_memory(const struct search *search, int flags)
{
	int directory = open_root(search);
	int fd;

	if (directory < 0)
		return -1;
	fd = fsrv__open_same_device(directory, search->path->text, search->root->links, flags);
	if (fd < 0 && errno == EXDEV)
		errno = EAGAIN;
	fsrv__close_keeping_errno(directory);
	return fd;
}

/* What a lookup that has to wait for a name may come to. In a root in memory only a mount below it can make a
 * lookup wait, and that may be remote; unless the system never tells what has to be waited for. */
static void note_wait(const struct search *search)
{
	const struct fsrv__roots *roots = search->roots;
	struct fsrv__file *file = search->file;

	file->is_remote = is_in_memory(search->root) && roots->has_openat2;
	for (const struct fsrv__root *root = search->root; root < roots->list + roots->n_roots; root++)
		if (atomic_load_explicit(&root->medium, memory_order_relaxed) == FSRV__MEDIUM_REMOTE)
			file->may_be_remote = true;
}

/* That the kernel has cached a name says nothing about the file: on a remote file system open(2), fstat(2)
 * and close(2) ask each time. So the name alone is opened first, by O_PATH, to learn the device. */
static enum fsrv__outcome find_cached(const struct search *search)
{
	int fd = open_name(search, FSRV__NAME_FLAGS);
	struct fsrv__known_facts facts = {0};
	bool is_known;

	if (fd < 0 && errno == EAGAIN && is_in_memory(search->root) && search->roots->has_openat2)
		fd = open_name_in_memory(search, FSRV__NAME_FLAGS);
	if (fd < 0) {
		if (errno == EAGAIN)
			note_wait(search);
		return outcome_of_error(errno);
	}
	is_known = fsrv__system_tell_known(fd, &facts);
	if (!is_known || !fsrv__devices_have(&search->roots->devices, facts.device)) {
		close(fd);
		note_wait(search);
		search->file->is_remote |= is_known;
		errno = EAGAIN;
		return FSRV__OVERLOADED;
	}
	if (search->options->mode == FSRV__FIND_STAT)
		return take_descriptor(search, fd);
	close(fd);
	search->file->is_remote = false;
	return open_file(search);
}

static enum fsrv__outcome find_in_root(struct search *search)
{
	const struct fsrv__root *root = search->root;
	enum fsrv__medium medium = atomic_load_explicit(&root->medium, memory_order_relaxed);
	bool is_recent = root - search->roots->list == search->options->recent_root;

	search->wait = is_recent ? FSRV__MAY_WAIT : search->options->wait;
	search->has_remote_name |= medium == FSRV__MEDIUM_REMOTE;
	if (search->wait == FSRV__LOCAL_ONLY && medium == FSRV__MEDIUM_REMOTE) {
		search->file->is_remote = true;
		errno = EAGAIN;
		return FSRV__OVERLOADED;
	}
	if (search->wait == FSRV__CACHED_ONLY)
		return find_cached(search);
	if (search->options->mode == FSRV__FIND_OPEN)
		return open_file(search);
	if (root->links == FSRV__LINKS_FOLLOW)
		return stat_path(search);
	return search->roots->has_openat2 ? stat_confined(search) : stat_by_walk(search);
}

/* A directory or a missing name lets the lower roots answer; anything else is the answer. */
static enum fsrv__outcome find_name(struct search *search)
{
	enum fsrv__outcome found = FSRV__TARGET_MISSING;

	for (size_t i = 0; i < search->roots->n_roots; i++) {
		enum fsrv__outcome outcome;

		search->root = &search->roots->list[i];
		outcome = find_in_root(search);
		if (outcome == FSRV__FOUND_DIRECTORY)
			found = outcome;
		else if (outcome != FSRV__TARGET_MISSING)
			return outcome;
	}
	return found;
}

static enum fsrv__outcome find_index(struct search *search)
{
	const struct fsrv__roots *roots = search->roots;
	struct fsrv__path *path = search->path;
	size_t start = path->length > 0 ? path->length + 1 : 0;

	for (size_t i = 0; i < roots->n_index_names; i++) {
		size_t length = strlen(roots->index_names[i]);
		enum fsrv__outcome outcome;

		if (start + length >= sizeof(path->text))
			continue;
		if (start > 0)
			path->text[start - 1] = '/';
		memcpy(path->text + start, roots->index_names[i], length + 1);
		path->length = start + length;
		outcome = find_name(search);
		if (outcome != FSRV__TARGET_MISSING && outcome != FSRV__FOUND_DIRECTORY)
			return outcome;
	}
	return FSRV__TARGET_MISSING;
}

static void forget_wait(const struct fsrv__find_options *options, struct fsrv__file *file)
{
	if (options->wait != FSRV__MAY_WAIT)
		file->is_remote = file->may_be_remote = false;
}

enum fsrv__outcome fsrv__roots_find(struct fsrv__roots *roots, const struct fsrv__find_options *options,
				    struct fsrv__path *path, struct fsrv__file *file)
{
	struct search search = {.roots = roots, .options = options, .path = path, .file = file};

	forget_wait(options, file);
	return path->directory ? find_index(&search) : find_name(&search);
}

enum fsrv__outcome fsrv__roots_find_in(struct fsrv__roots *roots, const struct fsrv__find_options *options,
				       int root, struct fsrv__path *path, struct fsrv__file *file)
{
	struct search search = {.roots = roots, .options = options, .path = path, .file = file};

	forget_wait(options, file);
	search.root = &roots->list[root];
	return find_in_root(&search);
}

bool fsrv__root_is_usable(const char *path)
{
	int fd = open(path, FSRV__SEARCH_FLAGS);

	if (fd < 0)
		return false;
	close(fd);
	return access(path, X_OK) == 0;
}

void fsrv__root_detect_medium(struct fsrv__roots *roots, struct fsrv__root *root)
{
	atomic_store_explicit(&root->medium, fsrv__medium_of_path(&roots->devices, root->path),
			      memory_order_relaxed);
}
