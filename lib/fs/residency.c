/* Asks cachestat(2), or mincore(2) where it tells the truth, then reads with RWF_NOWAIT. A plain read
 * follows only for bytes that are known to be in memory. */
#include "fs/residency.h"

#include <errno.h>
#include <sys/stat.h>

#include "fs/clock.h"
#include "fs/system.h"

#define MAX_READ   (256u * 1024)
#define MAX_WINDOW FSRV__MAX_RESIDENCY_QUESTION
/* So long what mincore(2) said is relied on. */
#define WINDOW_MS 50
enum residency { AT_END, RESIDENT, NOT_RESIDENT, UNKNOWN };

/* Shortens size to what is in memory. */
static enum residency query_residency(int fd, size_t *size, uint64_t offset)
{
	struct stat facts;

	if (fstat(fd, &facts) != 0)
		return UNKNOWN;
	if (offset >= (uint64_t)facts.st_size)
		return AT_END;
	if (!fsrv__system_counts_truly(fd, facts.st_uid))
		return UNKNOWN;
	*size = fsrv__system_count_resident(fd, *size, offset);
	return *size > 0 ? RESIDENT : NOT_RESIDENT;
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

static ssize_t read_of_disk(int fd, void *buffer, size_t size, uint64_t offset, bool query_first)
{
	enum residency residency = UNKNOWN;
	ssize_t n;

	if (query_first && size > 0)
		residency = query_residency(fd, &size, offset);
	if (residency == AT_END || residency == NOT_RESIDENT)
		return read_if_resident(fd, buffer, size, offset, residency);
	n = fsrv__system_read_nowait(fd, buffer, size, offset);
	if (n >= 0 || errno != EOPNOTSUPP)
		return n;
	if (!query_first && size > 0)
		residency = query_residency(fd, &size, offset);
	return read_if_resident(fd, buffer, size, offset, size > 0 ? residency : AT_END);
}

ssize_t fsrv__residency_read(const struct fsrv__file *file, void *buffer, size_t size, uint64_t offset,
			     bool query_first)
{
	if (size > MAX_READ)
		size = MAX_READ;
	if (file->is_in_memory && fsrv__system_has_all_pages(file->fd, size, offset))
		return fsrv__descriptor_read(file->fd, buffer, size, offset);
	return read_of_disk(file->fd, buffer, size, offset, query_first);
}

/* Finds out how much is in memory from an offset on. */
static void query_window(struct fsrv__residency_window *window, int fd, uint64_t offset)
{
	uint64_t left = window->end > offset ? window->end - offset : 0;
	struct stat facts;

	if (left > MAX_WINDOW)
		left = MAX_WINDOW;
	if (!window->has_no_nowait && left > 0 && fsrv__system_has_all_pages(fd, (size_t)left, offset)) {
		window->start = offset;
		window->resident_end = offset + left;
		return;
	}
	if (!window->is_known) {
		window->is_reliable = fstat(fd, &facts) == 0 && fsrv__system_counts_truly(fd, facts.st_uid);
		window->is_known = true;
	}
	window->start = window->resident_end = offset;
	if (window->is_reliable && left > 0)
		window->resident_end += fsrv__system_count_resident(fd, (size_t)left, offset);
}

/* Asks anew where nothing is known of the offset, or was learned too long ago. */
static void update_window(struct fsrv__residency_window *window, int fd, uint64_t offset)
{
	uint64_t now = fsrv__clock_milliseconds();

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
	return read_if_resident(fd, buffer, size, offset, offset < window->resident_end ? RESIDENT : UNKNOWN);
}

ssize_t fsrv__residency_read_window(struct fsrv__residency_window *window, const struct fsrv__file *file,
				    void *buffer, size_t size, uint64_t offset)
{
	int fd = file->fd;
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
	n = is_resident && file->is_in_memory ? fsrv__descriptor_read(fd, buffer, size, offset)
					      : fsrv__system_read_nowait(fd, buffer, size, offset);
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
	fsrv__system_set_read_ahead(file->fd, reads_ahead);
	file->is_random = !reads_ahead;
}

bool fsrv__residency_read_part(struct fsrv__file *file, void *buffer, size_t size, uint64_t offset)
{
	struct fsrv__residency_window window = {.end = offset + size};

	fsrv__residency_set_read_ahead(file, false);
	update_window(&window, file->fd, offset);
	/* What is known to lack its end need not be read. */
	if (window.resident_end > offset && window.resident_end < window.end)
		return false;
	return fsrv__residency_read_window(&window, file, buffer, size, offset) == (ssize_t)size;
}

void fsrv__residency_request(int fd, uint64_t offset, uint64_t length)
{
	fsrv__system_request(fd, offset, length);
}
