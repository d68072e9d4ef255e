/* Residency: which bytes of a file are in memory, and reading only those, so that no disk is waited for.
 *
 * preadv2(2) with RWF_NOWAIT reads what is in memory, but it also begins to read what is missing, and may
 * wait for the disk's own tables (extents, checksums) meanwhile. cachestat(2) and mincore(2) only answer the
 * question.
 *
 * On a file system in memory (tmpfs), which does not know RWF_NOWAIT, a page that is there has all its bytes:
 * none is filled from a disk, and what was moved to swap space has none. So cachestat(2) tells enough. */
#ifndef FSRV__FS_RESIDENCY_H
#define FSRV__FS_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/file.h"

/* Reads up to size bytes of an open local file that are in memory, 256 KiB at most; fewer when the rest is
 * not.
 *
 * query_first  call mincore(2) before preadv2(2). Without it a hit costs one call, and mincore(2) is only
 *              called where the file system has no RWF_NOWAIT.
 *
 * Returns their number, 0 at the end of the file, or -1 with errno: EAGAIN when the first byte is not in
 * memory, or when the kernel does not tell. */
ssize_t fsrv__residency_read(const struct fsrv__file *file, void *buffer, size_t size, uint64_t offset,
			     bool query_first);

/* What was learned about a file that is read from front to back, so that the kernel is not asked for each
 * block. All zero at the start, but for end. */
struct fsrv__residency_window {
	uint64_t end;                 /* of what will be read */
	uint64_t start, resident_end; /* bytes that were in memory when the kernel was asked */
	uint64_t time;                /* of that question, in milliseconds of the monotonic clock */
	bool has_no_nowait;           /* preadv2(2) does not know RWF_NOWAIT for this file */
	bool is_known;                /* whether the next member was found out */
	bool is_reliable;             /* mincore(2) tells the truth about this file */
};

/* Reads like fsrv__residency_read with query_first, but up to 1 MiB, and asks the kernel only for each window
 * of that size, and again after 50 ms. What has left memory meanwhile is not waited for either, but where the
 * file system does not know RWF_NOWAIT; the kernel may begin to read it. At the end of the file it is -1 and
 * EAGAIN. */
ssize_t fsrv__residency_read_window(struct fsrv__residency_window *window, const struct fsrv__file *file,
				    void *buffer, size_t size, uint64_t offset);

/* Reads a part of a local file, of up to 1 MiB, as a whole; false when not all of it is in memory. Its
 * descriptor does not read ahead afterwards. */
bool fsrv__residency_read_part(struct fsrv__file *file, void *buffer, size_t size, uint64_t offset);

/* Whether the kernel reads ahead for this descriptor by itself. A thread that must not wait may not let it,
 * since the thread that reads waits for that. */
void fsrv__residency_set_read_ahead(struct fsrv__file *file, bool reads_ahead);

/* Asks the kernel to have a part of a file in memory soon. May wait for the disk. */
void fsrv__residency_request(int fd, uint64_t offset, uint64_t length);

#endif
