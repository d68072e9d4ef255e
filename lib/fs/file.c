#include "fs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fs/system.h"

bool fsrv__file_stat(struct fsrv__file *file, int fd, mode_t *mode)
{
	if (!fsrv__system_stat(fd, "", 0, &file->identity, mode))
		return false;
	fsrv__file_forget(file);
	file->fd = fd;
	return true;
}

bool fsrv__file_stat_path(struct fsrv__file *file, const char *path, mode_t *mode)
{
	if (!fsrv__system_stat(AT_FDCWD, path, 0, &file->identity, mode))
		return false;
	fsrv__file_forget(file);
	return true;
}

bool fsrv__file_stat_name(struct fsrv__file *file, int directory, const char *name, mode_t *mode)
{
	if (!fsrv__system_stat(directory, name, AT_SYMLINK_NOFOLLOW, &file->identity, mode))
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
