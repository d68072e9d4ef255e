/* File systems by what a lookup in them may have to wait for.
 *
 * On a local file system the kernel answers by itself: from memory, or from a disk of this machine. On any
 * other one (NFS, CIFS, FUSE and whatever is not known to be local) open(2), fstat(2), read(2) and close(2)
 * may ask a network or another process, which may never answer. */
#ifndef FSRV__FS_DEVICES_H
#define FSRV__FS_DEVICES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fs/system.h"

#define FSRV__LOCAL_DEVICES  8
#define FSRV__MEMORY_DEVICES 4

/* The devices that are known to be local, by their number (st_dev). All zero at the start. Any number of
 * threads may use it, without a lock. */
struct fsrv__devices {
	_Atomic uint64_t local[FSRV__LOCAL_DEVICES];   /* 0: free */
	_Atomic uint64_t memory[FSRV__MEMORY_DEVICES]; /* those of them that have no disk */
	atomic_uint n_local, n_memory;                 /* that were ever added */
};

bool fsrv__devices_have(const struct fsrv__devices *devices, uint64_t device);

/* Whether it is known to be of memory alone. */
bool fsrv__devices_have_in_memory(const struct fsrv__devices *devices, uint64_t device);

/* Adds a device, unless it is remote. The oldest one leaves when there is no room: that costs time, nothing
 * else. */
void fsrv__devices_add(struct fsrv__devices *devices, uint64_t device, enum fsrv__medium medium);

/* The medium of the file system that an open descriptor is on. May wait. */
enum fsrv__medium fsrv__medium_of_descriptor(int fd);

/* The medium of the file system that a path is on, FSRV__MEDIUM_REMOTE when that cannot be found out.
 * Adds its device if it is local. May wait. */
enum fsrv__medium fsrv__medium_of_path(struct fsrv__devices *devices, const char *path);

#endif
