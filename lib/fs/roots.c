#include "fs/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* One look at the names of one root. */
struct search {
	const struct fsrv__roots *roots;
	struct fsrv__root *root;
	enum fsrv__sought sought;
	enum fsrv__patience patience;
};

/* Where the kernel knows all names and facts of itself once it has read them. */
static const unsigned long local_types[] = {
	EXT4_SUPER_MAGIC,  XFS_SUPER_MAGIC,    BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC,
	RAMFS_MAGIC,	   OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC,	  EROFS_SUPER_MAGIC_V1, MSDOS_SUPER_MAGIC,
	ISOFS_SUPER_MAGIC, 0x2011bab0 /* exFAT */, 0x2fc12fc1 /* ZFS */, 0xca451a4e /* bcachefs */, 0x7366746e /* NTFS */,
};

static bool is_local(const struct statfs *facts)
{
	for (size_t i = 0; i < sizeof(local_types) / sizeof(local_types[0]); i++)
		if ((unsigned long)facts->f_type == local_types[i])
			return true;
	return false;
}

static bool join(const struct fsrv__root *root, const struct fsrv__path *path, char whole[FSRV__PATH_SIZE])
{
	if (root->length + 1 + path->length >= FSRV__PATH_SIZE) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(whole, root->path, root->length);
	whole[root->length] = '/';
	memcpy(whole + root->length + 1, path->text, path->length + 1);
	return true;
}

static int open_path(const struct search *search, const char *path, int flags)
{
	return search->patience == FSRV__IN_MEMORY ? fsrv__open_in_memory(AT_FDCWD, path, FSRV__LINKS_FOLLOW, flags)
						   : open(path, flags);
}

static int open_below(const struct search *search, int folder, const char *path, int flags)
{
	enum fsrv__links links = search->root->links;

	if (search->patience == FSRV__IN_MEMORY)
		return fsrv__open_in_memory(folder, path, links, flags);
	return search->roots->has_openat2 ? fsrv__open_beneath(folder, path, links, flags)
					  : fsrv__walk_beneath(folder, path, links, flags);
}

static int open_confined(const struct search *search, const struct fsrv__path *path, int flags)
{
	int folder = open_path(search, search->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd, error;

	if (folder < 0)
		return -1;
	fd = open_below(search, folder, path->text, flags);
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

bool fsrv__file_is_same(const struct fsrv__file *a, const struct fsrv__file *b)
{
	return a->root == b->root && a->device == b->device && a->identity.inode == b->identity.inode &&
	       a->identity.size == b->identity.size &&
	       fsrv__time_equals(a->identity.modified, b->identity.modified) &&
	       fsrv__time_equals(a->identity.changed, b->identity.changed);
}

bool fsrv__file_is_still(const struct fsrv__file *file)
{
	struct fsrv__file now = *file;

	return fsrv__file_look(file->fd, &now) && fsrv__file_is_same(file, &now);
}

bool fsrv__file_look(int fd, struct fsrv__file *file)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	note_facts(fd, &st, file);
	return true;
}

/* Most files of a root lie on one device, so this mostly compares two numbers. */
static void note_device(const struct search *search, struct fsrv__file *file)
{
	struct fsrv__root *root = search->root;
	struct statfs facts;

	file->root = (int)(root - search->roots->list);
	file->is_remote = false;
	if (atomic_load_explicit(&root->local_device, memory_order_relaxed) == file->device)
		return;
	if (fstatfs(file->fd, &facts) == 0 && is_local(&facts)) {
		atomic_store_explicit(&root->local_device, file->device, memory_order_relaxed);
		return;
	}
	file->is_remote = true;
	atomic_store_explicit(&root->is_remote, true, memory_order_relaxed);
}

static enum fsrv__outcome judge_kind(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return FSRV__FOUND_DIRECTORY;
	return S_ISREG(st->st_mode) ? FSRV__FOUND_FILE : FSRV__TARGET_MISSING;
}

static enum fsrv__outcome take_facts(const struct search *search, int fd, struct fsrv__file *file)
{
	enum fsrv__outcome outcome = FSRV__BROKEN;
	struct stat st;
	int error;

	if (fstat(fd, &st) == 0)
		outcome = judge_kind(&st);
	if (outcome == FSRV__FOUND_FILE) {
		note_facts(fd, &st, file);
		note_device(search, file);
		if (search->sought == FSRV__SEEK_FILE)
			return outcome;
		file->fd = -1;
	}
	error = errno;
	close(fd);
	errno = error;
	return outcome;
}

static int open_name(const struct search *search, const struct fsrv__path *path, int flags)
{
	char whole[FSRV__PATH_SIZE];
	int fd;

	if (search->patience == FSRV__IN_MEMORY &&
	    (!search->roots->has_openat2 || atomic_load_explicit(&search->root->is_remote, memory_order_relaxed))) {
		errno = EAGAIN;
		return -1;
	}
	if (search->root->links == FSRV__LINKS_FOLLOW && !join(search->root, path, whole))
		return -1;
	do
		fd = search->root->links == FSRV__LINKS_FOLLOW ? open_path(search, whole, flags)
							       : open_confined(search, path, flags);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* A folder that may be searched but not read is a folder all the same. */
static enum fsrv__outcome judge_unreadable(const struct search *search, const struct fsrv__path *path)
{
	int fd = open_name(search, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == EAGAIN)
		return FSRV__OVERLOADED;
	if (fd < 0) {
		errno = EACCES;
		return FSRV__TARGET_FORBIDDEN;
	}
	close(fd);
	return FSRV__FOUND_DIRECTORY;
}

/* One call, where nothing has to be confined. */
static enum fsrv__outcome stat_name(const struct search *search, const struct fsrv__path *path,
				    struct fsrv__file *file)
{
	char whole[FSRV__PATH_SIZE];
	enum fsrv__outcome outcome;
	struct stat st;

	if (!join(search->root, path, whole) || stat(whole, &st) != 0)
		return judge_error(errno);
	outcome = judge_kind(&st);
	if (outcome != FSRV__FOUND_FILE)
		return outcome;
	note_facts(-1, &st, file);
	file->root = (int)(search->root - search->roots->list);
	file->is_remote = file->device != atomic_load_explicit(&search->root->local_device, memory_order_relaxed);
	return outcome;
}

static enum fsrv__outcome look_in_root(const struct search *search, const struct fsrv__path *path,
				       struct fsrv__file *file)
{
	bool opens = search->sought == FSRV__SEEK_FILE;
	int fd;

	if (!opens && search->patience == FSRV__MAY_WAIT && search->root->links == FSRV__LINKS_FOLLOW)
		return stat_name(search, path, file);
	fd = open_name(search, path, opens ? FSRV__OPEN_FLAGS : O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? judge_unreadable(search, path) : judge_error(errno);
	return take_facts(search, fd, file);
}

/* A folder or a missing name lets the lower roots answer; anything else is the answer. */
static enum fsrv__outcome find_name(struct search *search, const struct fsrv__path *path, struct fsrv__file *file)
{
	enum fsrv__outcome found = FSRV__TARGET_MISSING;

	for (size_t i = 0; i < search->roots->n_roots; i++) {
		enum fsrv__outcome outcome;

		search->root = &search->roots->list[i];
		outcome = look_in_root(search, path, file);
		if (outcome == FSRV__FOUND_DIRECTORY)
			found = outcome;
		else if (outcome != FSRV__TARGET_MISSING)
			return outcome;
	}
	return found;
}

static enum fsrv__outcome find_index(struct search *search, struct fsrv__path *path, struct fsrv__file *file)
{
	const struct fsrv__roots *roots = search->roots;
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
		outcome = find_name(search, path, file);
		if (outcome != FSRV__TARGET_MISSING && outcome != FSRV__FOUND_DIRECTORY)
			return outcome;
	}
	return FSRV__TARGET_MISSING;
}

enum fsrv__outcome fsrv__roots_find(struct fsrv__roots *roots, enum fsrv__sought sought,
				    enum fsrv__patience patience, struct fsrv__path *path, struct fsrv__file *file)
{
	struct search search = {.roots = roots, .sought = sought, .patience = patience};

	return path->directory ? find_index(&search, path, file) : find_name(&search, path, file);
}

bool fsrv__root_is_usable(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return access(path, X_OK) == 0;
}

void fsrv__root_init(struct fsrv__root *root)
{
	struct statfs facts;
	struct stat st;

	atomic_init(&root->is_remote, statfs(root->path, &facts) == 0 && !is_local(&facts));
	atomic_init(&root->local_device, 0);
	if (!atomic_load(&root->is_remote) && stat(root->path, &st) == 0)
		atomic_store(&root->local_device, st.st_dev);
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
