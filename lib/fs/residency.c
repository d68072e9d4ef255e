/* Asks cachestat(2), or mincore(2) where it tells the truth, then reads with RWF_NOWAIT. A plain read
 * follows only for bytes that are known to be in memory. */
#include "fs/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_READ   (256u * 1024)
#define MAX_WINDOW (1024u * 1024)
/* So long what mincore(2) said is relied on. */
#define WINDOW_MS     50
#define MIN_PAGE_SIZE 4096u
/* For each call of posix_fadvise(2) the kernel reads no more than its own read-ahead window. */
#define ADVICE_SIZE (128u * 1024)

/* C libraries that do not know the call (musl before 1.2.5) lack its flag too. */
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x8

static ssize_t preadv2(int fd, const struct iovec *parts, int n, off_t offset, int how)
{
	return syscall(SYS_preadv2, fd, parts, n, (long)offset, (long)((uint64_t)offset >> 32), how);
}
#endif

/* Since Linux 6.5; Debian 12 has no function and no header for it. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

struct cachestat_range {
	uint64_t offset, length;
};

struct cachestat {
	uint64_t n_cached, n_dirty, n_writeback, n_evicted, n_recently_evicted; /* pages */
};

/* Whether there is a page in memory for each byte. It may still be on its way from the disk. Costs one call
 * where mincore(2) takes five. */
static bool has_all_pages(int fd, size_t size, uint64_t offset)
{
	const struct cachestat_range range = {offset, size};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct cachestat found;

	return syscall(SYS_cachestat, fd, &range, &found, 0) == 0 &&
	       found.n_cached >= (offset % page + size + page - 1) / page;
}

/* The kernel reports every page as resident to a process that neither owns the file nor may write it
 * (mincore(2)). */
static bool mincore_is_reliable(int fd, const struct stat *facts)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

	if (facts->st_uid == geteuid())
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/* Counts the bytes from an offset on that are in memory, up to the first that is not. A program that locks
 * its memory (mlockall(2)) has all that it maps read in, unless it cannot be accessed. */
static size_t count_resident(int fd, size_t size, uint64_t offset)
{
	unsigned char pages[MAX_WINDOW / MIN_PAGE_SIZE + 1];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t before = (size_t)(offset % page);
	size_t n, n_pages = (before + size + page - 1) / page;
	void *map = mmap(NULL, before + size, PROT_NONE, MAP_SHARED, fd, (off_t)(offset - before));

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

enum residency { AT_END, RESIDENT, NOT_RESIDENT, UNKNOWN };

/* Shortens size to what is in memory. */
static enum residency query_residency(int fd, size_t *size, uint64_t offset)
{
	struct stat facts;

	if (fstat(fd, &facts) != 0)
		return UNKNOWN;
	if (offset >= (uint64_t)facts.st_size)
		return AT_END;
	if (!mincore_is_reliable(fd, &facts))
		return UNKNOWN;
	*size = count_resident(fd, *size, offset);
	return *size > 0 ? RESIDENT : NOT_RESIDENT;
}

static ssize_t read_nowait(int fd, void *buffer, size_t size, uint64_t offset)
{
	struct iovec part = {buffer, size};
	ssize_t n;

	do
		n = preadv2(fd, &part, 1, (off_t)offset, RWF_NOWAIT);
	while (n < 0 && errno == EINTR);
	/* A kernel, a sandbox or a file system may refuse the flag by any of these. */
	if (n < 0 && (errno == ENOSYS || errno == EINVAL || errno == EPERM || errno == EACCES))
		errno = EOPNOTSUPP;
	return n;
}

/* Reads by plain pread(2), for which the bytes have to be known to be resident. */
static ssize_t read_if_resident(int fd, void *buffer, size_t size, uint64_t offset, enum residency residency)
{
	switch (residency) {
	case AT_END:
		return 0;
	case RESIDENT:
		return fsrv__descriptor_read(fd, buffer, size, offset);
	case NOT_RESIDENT:
	case UNKNOWN:
		break;
	}
	errno = EAGAIN;
	return -1;
}

ssize_t fsrv__residency_read(int fd, void *buffer, size_t size, uint64_t offset, bool query_first)
{
	enum residency residency = UNKNOWN;
	ssize_t n;

	if (size > MAX_READ)
		size = MAX_READ;
	if (query_first && size > 0)
		residency = query_residency(fd, &size, offset);
	if (residency == AT_END || residency == NOT_RESIDENT)
		return read_if_resident(fd, buffer, size, offset, residency);
	n = read_nowait(fd, buffer, size, offset);
	if (n >= 0 || errno != EOPNOTSUPP)
		return n;
	if (!query_first && size > 0)
		residency = query_residency(fd, &size, offset);
	return read_if_resident(fd, buffer, size, offset, size > 0 ? residency : AT_END);
}

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Finds out how much is in memory from an offset on. */
static void query_window(struct fsrv__residency_window *window, int fd, uint64_t offset)
{
	uint64_t left = window->end > offset ? window->end - offset : 0;
	struct stat facts;

	if (left > MAX_WINDOW)
		left = MAX_WINDOW;
	if (!window->has_no_nowait && left > 0 && has_all_pages(fd, (size_t)left, offset)) {
		window->start = offset;
		window->resident_end = offset + left;
		return;
	}
	if (!window->is_known) {
		window->is_reliable = fstat(fd, &facts) == 0 && mincore_is_reliable(fd, &facts);
		window->is_known = true;
	}
	window->start = window->resident_end = offset;
	if (window->is_reliable && left > 0)
		window->resident_end += count_resident(fd, (size_t)left, offset);
}

/* Asks anew where nothing is known of the offset, or was learned too long ago. */
static void update_window(struct fsrv__residency_window *window, int fd, uint64_t offset)
{
	uint64_t now = milliseconds();

	if (offset >= window->start && offset < window->resident_end && now - window->time <= WINDOW_MS)
		return;
	query_window(window, fd, offset);
	window->time = now;
}

/* A plain read would wait for a page that is still on its way, so only mincore(2) will do. */
static ssize_t read_window_without_nowait(struct fsrv__residency_window *window, int fd, void *buffer,
					  size_t size, uint64_t offset)
{
	if (!window->has_no_nowait) {
		window->has_no_nowait = true;
		query_window(window, fd, offset);
	}
	if (offset < window->resident_end && size > window->resident_end - offset)
		size = (size_t)(window->resident_end - offset);
	return read_if_resident(fd, buffer, size, offset,
				offset < window->resident_end ? RESIDENT : UNKNOWN);
}

ssize_t fsrv__residency_read_window(struct fsrv__residency_window *window, int fd, void *buffer, size_t size,
				    uint64_t offset)
{
	bool is_resident;
	ssize_t n;

	update_window(window, fd, offset);
	is_resident = offset < window->resident_end;
	if (!is_resident && window->is_reliable) {
		errno = EAGAIN;
		return -1;
	}
	if (size > MAX_WINDOW)
		size = MAX_WINDOW;
	if (is_resident && size > window->resident_end - offset)
		size = (size_t)(window->resident_end - offset);
	n = read_nowait(fd, buffer, size, offset);
	if (n < 0 && errno == EOPNOTSUPP)
		return read_window_without_nowait(window, fd, buffer, size, offset);
	if (n > 0)
		return n;
	if (n == 0)
		errno = EAGAIN;
	window->resident_end = 0;
	return -1;
}

void fsrv__residency_set_read_ahead(struct fsrv__file *file, bool reads_ahead)
{
	if (file->is_random == !reads_ahead)
		return;
	posix_fadvise(file->fd, 0, 0, reads_ahead ? POSIX_FADV_NORMAL : POSIX_FADV_RANDOM);
	file->is_random = !reads_ahead;
}

void fsrv__residency_request(int fd, uint64_t offset, uint64_t length)
{
	for (uint64_t done = 0; done < length; done += ADVICE_SIZE)
		posix_fadvise(fd, (off_t)(offset + done), ADVICE_SIZE, POSIX_FADV_WILLNEED);
}
