/* Residency: which bytes of a file are in memory, and reading only those, so that no disk is waited for.
 *
 * preadv2(2) with RWF_NOWAIT reads what is in memory, but it also begins to read what is missing, and may
 * wait for the disk's own tables (extents, checksums) meanwhile. mincore(2) only answers the question. */
#ifndef FSRV__FS_RESIDENCY_H
#define FSRV__FS_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads up to size bytes of a local file that are in memory, 256 KiB at most; fewer when the rest is not.
 *
 * query_first  call mincore(2) before preadv2(2). Without it a hit costs one call, and mincore(2) is only
 *              called where the file system has no RWF_NOWAIT.
 *
 * Returns their number, 0 at the end of the file, or -1 with errno: EAGAIN when the first byte is not in
 * memory, or when the kernel does not tell. */
ssize_t fsrv__residency_read(int fd, void *buffer, size_t size, uint64_t offset, bool query_first);

/* Keeps the kernel from reading ahead for this descriptor by itself: the thread that reads would wait for
 * that. */
void fsrv__residency_disable_read_ahead(int fd);

/* Asks the kernel to have a part of a file in memory soon. May wait for the disk. */
void fsrv__residency_request(int fd, uint64_t offset, uint64_t length);

#endif
