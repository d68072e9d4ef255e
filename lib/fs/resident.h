/* Reading what is in memory, without ever waiting for a disk. */
#ifndef FSRV__RESIDENT_H
#define FSRV__RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads up to size bytes, 256 KiB at most, that are in memory; fewer when the rest is not.
 *
 * Returns their number, 0 at the end of the file, or -1 with errno: EAGAIN when the first byte is not
 * in memory, or when the kernel does not tell. preadv2(2) with RWF_NOWAIT asks and reads in one;
 * where a file system has no such thing, mincore(2) is asked first. */
ssize_t fsrv__file_read_resident(int fd, void *buffer, size_t size, uint64_t offset);

/* Asks the kernel to have a part of a file in memory soon. May wait for the disk. */
void fsrv__file_read_ahead(int fd, uint64_t offset, uint64_t length);

#endif
