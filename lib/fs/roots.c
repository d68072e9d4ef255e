#include "fs/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A search through the roots. */
struct search {
	struct fsrv__roots *roots;
	struct fsrv__root *root; /* that it has come to */
	enum fsrv__sought sought;
	enum fsrv__patience patience;	/* of the caller */
	enum fsrv__patience patience_here; /* in that root */
	int recent;
	bool has_remote_name;
};

/* Where the kernel knows all names and facts of itself once it has read them. */
static const unsigned long local_types[] = {
	EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,    F2FS_SUPER_MAGIC,	 TMPFS_MAGIC, RAMFS_MAGIC,
	OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC,	EROFS_SUPER_MAGIC_V1, MSDOS_SUPER_MAGIC, ISOFS_SUPER_MAGIC,
	0x2011bab0 /* exFAT */, 0x2fc12fc1 /* ZFS */, 0xca451a4e /* bcachefs */, 0x7366746e /* NTFS */,
};

static enum fsrv__medium medium_of(const struct statfs *facts)
{
	unsigned long type = (unsigned long)facts->f_type;

	if (type == TMPFS_MAGIC || type == RAMFS_MAGIC)
		return FSRV__MEDIUM_MEMORY;
	for (size_t i = 0; i < sizeof(local_types) / sizeof(local_types[0]); i++)
		if (type == local_types[i])
			return FSRV__MEDIUM_DISK;
	return FSRV__MEDIUM_REMOTE;
}

static bool is_local(struct fsrv__roots *roots, uint64_t device)
{
	for (int i = 0; i < FSRV__LOCAL_DEVICES; i++)
		if (atomic_load_explicit(&roots->local_devices[i], memory_order_relaxed) == device)
			return true;
	return false;
}

/* The oldest gives way: a list that is too short costs time, nothing else. */
static void note_local(struct fsrv__roots *roots, uint64_t device)
{
	unsigned n;

	if (is_local(roots, device))
		return;
	n = atomic_fetch_add_explicit(&roots->n_learned, 1, memory_order_relaxed);
	atomic_store_explicit(&roots->local_devices[n % FSRV__LOCAL_DEVICES], device, memory_order_relaxed);
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
	return search->patience_here == FSRV__IN_MEMORY ? fsrv__open_in_memory(AT_FDCWD, path, FSRV__LINKS_FOLLOW, flags)
						   : open(path, flags);
}

static int open_below(const struct search *search, int folder, const char *path, int flags)
{
	enum fsrv__links links = search->root->links;

	if (search->patience_here == FSRV__IN_MEMORY)
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

/* Files mostly lie on a device that is known, so this mostly compares numbers. */
static void note_place(const struct search *search, struct fsrv__file *file)
{
	struct statfs facts;

	file->root = (int)(search->root - search->roots->list);
	file->is_remote = !is_local(search->roots, file->device);
	if (file->is_remote && file->fd >= 0 && fstatfs(file->fd, &facts) == 0 &&
	    medium_of(&facts) != FSRV__MEDIUM_REMOTE) {
		note_local(search->roots, file->device);
		fsrv__root_learn(search->roots, search->root);
		file->is_remote = false;
	}
	file->has_remote_name = search->has_remote_name || file->is_remote;
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
		note_place(search, file);
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

	if (search->patience_here == FSRV__IN_MEMORY && !search->roots->has_openat2) {
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
	note_place(search, file);
	return outcome;
}

/* Whether what lies at a path, opened by O_PATH, is on a local device; asks nobody but the kernel. */
static bool is_on_local_device(const struct search *search, int fd)
{
	struct statx facts;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &facts) == 0 &&
	       is_local(search->roots, makedev(facts.stx_dev_major, facts.stx_dev_minor));
}

static bool is_in_memory(const struct fsrv__root *root)
{
	return atomic_load_explicit(&root->medium, memory_order_relaxed) == FSRV__MEDIUM_MEMORY;
}

/* Where all names are in memory, also those that the kernel does not remember, unless they lead into another
 * file system. */
static int open_name_here(const struct search *search, const struct fsrv__path *path, int flags)
{
	int folder = open_path(search, search->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd, error;

	if (folder < 0)
		return -1;
	fd = fsrv__open_here(folder, path->text, search->root->links, flags);
	error = errno == EXDEV ? EAGAIN : errno;
	close(folder);
	errno = error;
	return fd;
}

/* Whether a look that has to wait for a name may come to a root that is not local. */
static bool may_come_to_remote(const struct search *search)
{
	const struct fsrv__roots *roots = search->roots;

	/* Nothing else has to be waited for there. */
	if (is_in_memory(search->root))
		return true;
	for (const struct fsrv__root *root = search->root; root < roots->list + roots->n_roots; root++)
		if (atomic_load_explicit(&root->medium, memory_order_relaxed) == FSRV__MEDIUM_REMOTE)
			return true;
	return false;
}

/* Names that are in memory say nothing about the file: open(2), fstat(2) and close(2) may ask a network
 * or another process, so only a name is opened before it is known to be local. */
static enum fsrv__outcome look_in_memory(struct search *search, const struct fsrv__path *path,
					 struct fsrv__file *file)
{
	int fd = open_name(search, path, O_PATH | O_CLOEXEC);

	if (fd < 0 && errno == EAGAIN && is_in_memory(search->root) && search->roots->has_openat2)
		fd = open_name_here(search, path, O_PATH | O_CLOEXEC);
	if (fd < 0) {
		file->is_remote = errno == EAGAIN && may_come_to_remote(search);
		return judge_error(errno);
	}
	if (!is_on_local_device(search, fd)) {
		close(fd);
		file->is_remote = true;
		errno = EAGAIN;
		return FSRV__OVERLOADED;
	}
	if (search->sought == FSRV__SEEK_FACTS)
		return take_facts(search, fd, file);
	close(fd);
	file->is_remote = false;
	fd = open_name(search, path, FSRV__OPEN_FLAGS);
	if (fd < 0)
		return errno == EACCES ? judge_unreadable(search, path) : judge_error(errno);
	return take_facts(search, fd, file);
}

static enum fsrv__outcome look_in_root(struct search *search, const struct fsrv__path *path, struct fsrv__file *file)
{
	enum fsrv__medium medium = atomic_load_explicit(&search->root->medium, memory_order_relaxed);
	bool opens = search->sought == FSRV__SEEK_FILE;
	int fd;

	search->patience_here = search->patience;
	if (search->root - search->roots->list == search->recent)
		search->patience_here = FSRV__MAY_WAIT;
	search->has_remote_name |= medium == FSRV__MEDIUM_REMOTE;
	if (search->patience_here == FSRV__IN_MEMORY)
		return look_in_memory(search, path, file);
	if (!opens && search->root->links == FSRV__LINKS_FOLLOW)
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
				    enum fsrv__patience patience, int recent, struct fsrv__path *path,
				    struct fsrv__file *file)
{
	struct search search = {.roots = roots, .sought = sought, .patience = patience, .recent = recent};

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

void fsrv__root_learn(struct fsrv__roots *roots, struct fsrv__root *root)
{
	enum fsrv__medium medium = FSRV__MEDIUM_REMOTE;
	struct statfs facts;
	struct stat st;

	if (statfs(root->path, &facts) == 0)
		medium = medium_of(&facts);
	atomic_store_explicit(&root->medium, medium, memory_order_relaxed);
	if (medium != FSRV__MEDIUM_REMOTE && stat(root->path, &st) == 0)
		note_local(roots, st.st_dev);
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
