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

enum tidings { AT_END, IN_MEMORY, NOT_IN_MEMORY, UNKNOWN };

/* Shortens size to what is in memory. */
static enum tidings ask(int fd, size_t *size, uint64_t offset)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return UNKNOWN;
	/* No page is in memory there, nor will one ever be. */
	if (offset >= (uint64_t)st.st_size)
		return AT_END;
	if (!is_told_the_truth(fd, &st))
		return UNKNOWN;
	*size = count_resident(fd, *size, offset);
	return *size > 0 ? IN_MEMORY : NOT_IN_MEMORY;
}

static ssize_t read_now(int fd, void *buffer, size_t size, uint64_t offset)
{
	struct iovec part = {buffer, size};
	ssize_t n;

	do
		n = preadv2(fd, &part, 1, (off_t)offset, RWF_NOWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == ENOSYS || errno == EINVAL))
		errno = EOPNOTSUPP;
	return n;
}

static ssize_t read_asked(int fd, void *buffer, size_t size, uint64_t offset, enum tidings tidings)
{
	switch (tidings) {
	case AT_END:
		return 0;
	case IN_MEMORY:
		return pread(fd, buffer, size, (off_t)offset);
	case NOT_IN_MEMORY:
	case UNKNOWN:
		break;
	}
	errno = EAGAIN;
	return -1;
}

ssize_t fsrv__file_read_resident(int fd, void *buffer, size_t size, uint64_t offset, bool ask_first)
{
	enum tidings tidings = UNKNOWN;
	ssize_t n;

	if (size > MAX_READ)
		size = MAX_READ;
	if (ask_first && size > 0)
		tidings = ask(fd, &size, offset);
	if (tidings == AT_END || tidings == NOT_IN_MEMORY)
		return read_asked(fd, buffer, size, offset, tidings);
	n = read_now(fd, buffer, size, offset);
	if (n >= 0 || errno != EOPNOTSUPP)
		return n;
	if (!ask_first && size > 0)
		tidings = ask(fd, &size, offset);
	return read_asked(fd, buffer, size, offset, size > 0 ? tidings : AT_END);
}

void fsrv__file_read_no_further(int fd)
{
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
}

void fsrv__file_read_ahead(int fd, uint64_t offset, uint64_t length)
{
	for (uint64_t done = 0; done < length; done += ADVICE)
		posix_fadvise(fd, (off_t)(offset + done), ADVICE, POSIX_FADV_WILLNEED);
}
