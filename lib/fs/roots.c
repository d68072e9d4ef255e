#include "fs/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_anywhere(const struct fsrv__root *root, const struct fsrv__path *path, int flags)
{
	char whole[FSRV__PATH_SIZE];

	if (root->length + 1 + path->length >= sizeof(whole)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(whole, root->path, root->length);
	whole[root->length] = '/';
	memcpy(whole + root->length + 1, path->text, path->length + 1);
	return open(whole, flags);
}

static int open_confined(const struct fsrv__roots *roots, const struct fsrv__root *root,
			 const struct fsrv__path *path, int flags)
{
	int folder = open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd, error;

	if (folder < 0)
		return -1;
	fd = roots->has_openat2 ? fsrv__open_beneath(folder, path->text, root->links, flags)
				: fsrv__walk_beneath(folder, path->text, root->links, flags);
	error = errno;
	close(folder);
	errno = error;
	return fd;
}

static enum fsrv__outcome judge_error(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case EXDEV:
	case ENXIO: /* a socket, or a device without a driver */
	case ENODEV:
	case ENOMEDIUM:
	case EBUSY:
	case EINVAL: /* a name that this file system cannot hold */
	case EILSEQ:
		return FSRV__TARGET_MISSING;
	case EACCES:
	case EPERM:
		return FSRV__TARGET_FORBIDDEN;
	case EAGAIN: /* a lease that is being given back, or names that move all the time */
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return FSRV__OVERLOADED;
	default:
		return FSRV__BROKEN;
	}
}

static struct fsrv__time take_time(struct timespec time)
{
	return (struct fsrv__time){time.tv_sec, (uint32_t)time.tv_nsec};
}

static void note_facts(int fd, const struct stat *st, struct fsrv__file *file)
{
	file->fd = fd;
	file->device = st->st_dev;
	file->identity = (struct fsrv__identity){st->st_ino, (uint64_t)st->st_size, take_time(st->st_mtim),
						 take_time(st->st_ctim)};
}

bool fsrv__file_look(int fd, struct fsrv__file *file)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	note_facts(fd, &st, file);
	return true;
}

static enum fsrv__outcome take_facts(int fd, int root, struct fsrv__file *file)
{
	enum fsrv__outcome outcome = FSRV__TARGET_MISSING;
	struct stat st;

	if (fstat(fd, &st) != 0)
		outcome = FSRV__BROKEN;
	else if (S_ISDIR(st.st_mode))
		outcome = FSRV__FOUND_DIRECTORY;
	else if (S_ISREG(st.st_mode))
		outcome = FSRV__FOUND_FILE;
	if (outcome != FSRV__FOUND_FILE) {
		int error = errno;

		close(fd);
		errno = error;
		return outcome;
	}
	file->root = root;
	note_facts(fd, &st, file);
	return outcome;
}

static int open_name(const struct fsrv__roots *roots, const struct fsrv__root *root, const struct fsrv__path *path,
		     int flags)
{
	int fd;

	do
		fd = root->links == FSRV__LINKS_FOLLOW ? open_anywhere(root, path, flags)
						       : open_confined(roots, root, path, flags);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* A folder that may be searched but not read is a folder all the same. */
static enum fsrv__outcome judge_unreadable(const struct fsrv__roots *roots, const struct fsrv__root *root,
					   const struct fsrv__path *path)
{
	int fd = open_name(roots, root, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		errno = EACCES;
		return FSRV__TARGET_FORBIDDEN;
	}
	close(fd);
	return FSRV__FOUND_DIRECTORY;
}

static enum fsrv__outcome open_in_root(const struct fsrv__roots *roots, size_t index, const struct fsrv__path *path,
				       struct fsrv__file *file)
{
	int fd = open_name(roots, &roots->list[index], path, FSRV__OPEN_FLAGS);

	if (fd < 0)
		return errno == EACCES ? judge_unreadable(roots, &roots->list[index], path) : judge_error(errno);
	return take_facts(fd, (int)index, file);
}

/* A folder or a missing name lets the lower roots answer; anything else is the answer. */
static enum fsrv__outcome find_name(const struct fsrv__roots *roots, const struct fsrv__path *path,
				    struct fsrv__file *file)
{
	enum fsrv__outcome found = FSRV__TARGET_MISSING;

	for (size_t i = 0; i < roots->n_roots; i++) {
		enum fsrv__outcome outcome = open_in_root(roots, i, path, file);

		if (outcome == FSRV__FOUND_DIRECTORY)
			found = outcome;
		else if (outcome != FSRV__TARGET_MISSING)
			return outcome;
	}
	return found;
}

static enum fsrv__outcome find_index(const struct fsrv__roots *roots, struct fsrv__path *path,
				     struct fsrv__file *file)
{
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
		outcome = find_name(roots, path, file);
		if (outcome != FSRV__TARGET_MISSING && outcome != FSRV__FOUND_DIRECTORY)
			return outcome;
	}
	return FSRV__TARGET_MISSING;
}

enum fsrv__outcome fsrv__roots_find(const struct fsrv__roots *roots, struct fsrv__path *path,
				    struct fsrv__file *file)
{
	return path->directory ? find_index(roots, path, file) : find_name(roots, path, file);
}

bool fsrv__root_is_usable(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return access(path, X_OK) == 0;
}

bool fsrv__file_read(int fd, void *buffer, size_t length, uint64_t offset)
{
	char *out = buffer;

	while (length > 0) {
		ssize_t n = pread(fd, out, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? 0 : errno;
			return false;
		}
		out += n;
		length -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}
