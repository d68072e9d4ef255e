#include "fs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* statx(2), its masks and flags as the kernel has them: C libraries have them in different headers or not at
 * all. */
#define BASIC_FACTS    0x7ffu  /* STATX_BASIC_STATS */
#define INODE_AND_SIZE 0x300u  /* STATX_INO and STATX_SIZE */
#define MOUNT          0x1000u /* STATX_MNT_ID: the number may be that of an earlier mount */
#define UNIQUE_MOUNT   0x4000u /* STATX_MNT_ID_UNIQUE: it is not; since Linux 6.8 */
#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif

struct kernel_time {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t reserved;
};

struct kernel_facts {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t links, user, group;
	uint16_t mode, unused;
	uint64_t inode, size, blocks, attributes_mask;
	struct kernel_time accessed, born, changed, modified;
	uint32_t special_major, special_minor, device_major, device_minor;
	uint64_t mount;
	uint64_t after[13];
};

/* Not by the C library's function: where the call is refused that takes another one, which may wait. */
static bool ask_kernel(int directory, const char *path, int how, unsigned mask, struct kernel_facts *facts)
{
	return syscall(SYS_statx, directory, path, how, mask, facts) == 0;
}

static struct fsrv__time time_of_kernel(struct kernel_time time)
{
	return (struct fsrv__time){time.seconds, time.nanoseconds};
}

static struct fsrv__time time_of(struct timespec time)
{
	return (struct fsrv__time){time.tv_sec, (uint32_t)time.tv_nsec};
}

/* Whether an error of statx(2) is about the file, and not about the call. */
static bool is_about_file(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EBADF || error == ELOOP ||
	       error == ENAMETOOLONG;
}

/* path  "" for the descriptor itself */
static bool read_facts(int fd, const char *path, struct fsrv__identity *identity, mode_t *mode)
{
	struct kernel_facts facts;
	struct stat st;

	if (ask_kernel(fd, path, AT_EMPTY_PATH, BASIC_FACTS | MOUNT | UNIQUE_MOUNT, &facts)) {
		*identity = (struct fsrv__identity){
			.inode = facts.inode,
			.size = facts.size,
			.modified = time_of_kernel(facts.modified),
			.changed = time_of_kernel(facts.changed),
			.device = makedev(facts.device_major, facts.device_minor),
			.mount = (facts.mask & (MOUNT | UNIQUE_MOUNT)) != 0 ? facts.mount : 0};
		*mode = facts.mode;
		return true;
	}
	if (is_about_file(errno) || (path[0] == '\0' ? fstat(fd, &st) : stat(path, &st)) != 0)
		return false;
	*identity = (struct fsrv__identity){.inode = st.st_ino,
					    .size = (uint64_t)st.st_size,
					    .modified = time_of(st.st_mtim),
					    .changed = time_of(st.st_ctim),
					    .device = st.st_dev};
	*mode = st.st_mode;
	return true;
}

bool fsrv__file_stat(struct fsrv__file *file, int fd, mode_t *mode)
{
	if (!read_facts(fd, "", &file->identity, mode))
		return false;
	fsrv__file_forget(file);
	file->fd = fd;
	return true;
}

bool fsrv__file_stat_path(struct fsrv__file *file, const char *path, mode_t *mode)
{
	if (!read_facts(AT_FDCWD, path, &file->identity, mode))
		return false;
	fsrv__file_forget(file);
	return true;
}

bool fsrv__file_is_same(const struct fsrv__file *a, const struct fsrv__file *b)
{
	const struct fsrv__identity *x = &a->identity, *y = &b->identity;

	return a->root == b->root && x->device == y->device && x->mount == y->mount && x->inode == y->inode &&
	       x->size == y->size && fsrv__time_equals(x->modified, y->modified) &&
	       fsrv__time_equals(x->changed, y->changed);
}

bool fsrv__file_is_unchanged(const struct fsrv__file *file)
{
	struct fsrv__file now = *file;
	mode_t mode;

	return file->source.read != NULL ||
	       (fsrv__file_stat(&now, file->fd, &mode) && fsrv__file_is_same(file, &now));
}

bool fsrv__file_tell_known(int fd, struct fsrv__known_facts *facts)
{
	struct kernel_facts found;

	if (!ask_kernel(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, INODE_AND_SIZE, &found))
		return false;
	facts->device = makedev(found.device_major, found.device_minor);
	facts->inode = found.inode;
	facts->size = found.size;
	return true;
}

bool fsrv__file_is_open(const struct fsrv__file *file)
{
	return file->fd >= 0 || file->source.read != NULL;
}

void fsrv__file_forget(struct fsrv__file *file)
{
	file->fd = -1;
	file->source.read = NULL;
}

void fsrv__file_close(struct fsrv__file *file)
{
	if (file->source.read != NULL)
		file->source.release(file->source.cls);
	else
		close(file->fd);
	fsrv__file_forget(file);
}

ssize_t fsrv__descriptor_read(int fd, void *buffer, size_t size, uint64_t offset)
{
	ssize_t n;

	do
		n = pread(fd, buffer, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t fsrv__file_read(const struct fsrv__file *file, void *buffer, size_t size, uint64_t offset)
{
	if (file->source.read != NULL)
		return file->source.read(file->source.cls, buffer, size, offset);
	return fsrv__descriptor_read(file->fd, buffer, size, offset);
}

void fsrv__close_keeping_errno(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
}

bool fsrv__file_read_fully(const struct fsrv__file *file, void *buffer, size_t length, uint64_t offset)
{
	char *out = buffer;

	while (length > 0) {
		ssize_t n = fsrv__file_read(file, out, length, offset);

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
