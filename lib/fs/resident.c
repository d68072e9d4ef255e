#include "fs/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_READ  (256u * 1024)
#define LEAST_PAGE 4096u
/* The kernel reads no more than its own read-ahead for each piece of advice. */
#define ADVICE (128u * 1024)

/* To others the kernel says that all is in memory (mincore(2)). */
static bool is_told_the_truth(int fd, const struct stat *st)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

	if (st->st_uid == geteuid())
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/* How many of the bytes from an offset are in memory. */
static size_t count_resident(int fd, size_t size, uint64_t offset)
{
	unsigned char pages[MAX_READ / LEAST_PAGE + 1];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t before = (size_t)(offset % page);
	size_t n, n_pages = (before + size + page - 1) / page;
	void *map = mmap(NULL, before + size, PROT_READ, MAP_SHARED, fd, (off_t)(offset - before));

	if (map == MAP_FAILED)
		return 0;
	if (mincore(map, before + size, pages) != 0)
		n_pages = 0;
	munmap(map, before + size);
	for (n = 0; n < n_pages && (pages[n] & 1) != 0; n++)
		;
	if (n == 0)
		return 0;
	return n * page - before < size ? n * page - before : size;
}

static ssize_t read_mapped(int fd, void *buffer, size_t size, uint64_t offset)
{
	size_t resident = 0;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	/* No page is in memory there, nor will one ever be. */
	if (offset >= (uint64_t)st.st_size)
		return 0;
	if (is_told_the_truth(fd, &st))
		resident = count_resident(fd, size, offset);
	if (resident > 0)
		return pread(fd, buffer, resident, (off_t)offset);
	errno = EAGAIN;
	return -1;
}

ssize_t fsrv__file_read_resident(int fd, void *buffer, size_t size, uint64_t offset)
{
	struct iovec part = {buffer, size < MAX_READ ? size : MAX_READ};
	ssize_t n;

	do
		n = preadv2(fd, &part, 1, (off_t)offset, RWF_NOWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL))
		return read_mapped(fd, buffer, part.iov_len, offset);
	return n;
}

void fsrv__file_read_ahead(int fd, uint64_t offset, uint64_t length)
{
	for (uint64_t done = 0; done < length; done += ADVICE)
		posix_fadvise(fd, (off_t)(offset + done), ADVICE, POSIX_FADV_WILLNEED);
}
