#include "fs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define INODE_AND_SIZE 0x300u /* STATX_INO and STATX_SIZE */
#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif

/* struct statx as the kernel writes it (statx(2)). C libraries have it in different headers or not at all. */
struct kernel_facts {
	uint64_t before[4];
	uint64_t inode, size;
	uint64_t between[11];
	uint32_t device_major, device_minor;
	uint64_t after[14];
};

static struct fsrv__time time_of(struct timespec time)
{
	return (struct fsrv__time){time.tv_sec, (uint32_t)time.tv_nsec};
}

void fsrv__file_set(struct fsrv__file *file, int fd, const struct stat *facts)
{
	file->fd = fd;
	file->device = facts->st_dev;
	file->identity = (struct fsrv__identity){facts->st_ino, (uint64_t)facts->st_size,
						 time_of(facts->st_mtim), time_of(facts->st_ctim)};
}

bool fsrv__file_stat(struct fsrv__file *file, int fd)
{
	struct stat facts;

	if (fstat(fd, &facts) != 0)
		return false;
	fsrv__file_set(file, fd, &facts);
	return true;
}

bool fsrv__file_is_same(const struct fsrv__file *a, const struct fsrv__file *b)
{
	return a->root == b->root && a->device == b->device && a->identity.inode == b->identity.inode &&
	       a->identity.size == b->identity.size &&
	       fsrv__time_equals(a->identity.modified, b->identity.modified) &&
	       fsrv__time_equals(a->identity.changed, b->identity.changed);
}

bool fsrv__file_is_unchanged(const struct fsrv__file *file)
{
	struct fsrv__file now = *file;

	return fsrv__file_stat(&now, file->fd) && fsrv__file_is_same(file, &now);
}

/* Not by the C library's function: where the call is refused that takes another one, which may wait. */
bool fsrv__file_tell_known(int fd, struct fsrv__known_facts *facts)
{
	struct kernel_facts found;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, INODE_AND_SIZE, &found) != 0)
		return false;
	facts->device = makedev(found.device_major, found.device_minor);
	facts->inode = found.inode;
	facts->size = found.size;
	return true;
}

ssize_t fsrv__file_read(int fd, void *buffer, size_t size, uint64_t offset)
{
	ssize_t n;

	do
		n = pread(fd, buffer, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n;
}

void fsrv__close_keeping_errno(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
}

bool fsrv__file_read_fully(int fd, void *buffer, size_t length, uint64_t offset)
{
	char *out = buffer;

	while (length > 0) {
		ssize_t n = fsrv__file_read(fd, out, length, offset);

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
