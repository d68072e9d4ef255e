/* Reading what is in memory, without ever waiting for a disk. */
#ifndef FSRV__RESIDENT_H
#define FSRV__RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads up to size bytes of a local file, 256 KiB at most, that are in memory; fewer when the rest is not.
 *
 * ask_first  ask mincore(2) before preadv2(2) with RWF_NOWAIT, which starts to read what is missing and
 *            may wait for the disk's own tables (extents, checksums) meanwhile. Without it a hit costs
 *            one call; mincore(2) is asked then only where a file system has no RWF_NOWAIT.
 *
 * Returns their number, 0 at the end of the file, or -1 with errno: EAGAIN when the first byte is not
 * in memory, or when the kernel does not tell. */
ssize_t fsrv__file_read_resident(int fd, void *buffer, size_t size, uint64_t offset, bool ask_first);

/* Keeps the kernel from reading ahead by itself, which would be done by the thread that reads. */
void fsrv__file_read_no_further(int fd);

/* Asks the kernel to have a part of a file in memory soon. May wait for the disk. */
void fsrv__file_read_ahead(int fd, uint64_t offset, uint64_t length);

#endif
