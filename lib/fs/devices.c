/* File systems by the magic number of statfs(2). One that is not in the table counts as remote, which
 * costs time and stalls nobody. */
#include "fs/devices.h"

#include <linux/magic.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* File systems whose names and facts the kernel knows without asking anybody else. */
static const unsigned long local_types[] = {
	EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC,
	BTRFS_SUPER_MAGIC,     F2FS_SUPER_MAGIC,
	TMPFS_MAGIC,           RAMFS_MAGIC,
	OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC,
	EROFS_SUPER_MAGIC_V1,  MSDOS_SUPER_MAGIC,
	ISOFS_SUPER_MAGIC,     0x2011bab0 /* exFAT */,
	0x2fc12fc1 /* ZFS */,  0xca451a4e /* bcachefs */,
	0x7366746e /* NTFS */,
};

static enum fsrv__medium medium_of(const struct statfs *facts)
{
	unsigned long type = (unsigned long)facts->f_type;

	if (type == TMPFS_MAGIC || type == RAMFS_MAGIC)
		return FSRV__MEDIUM_MEMORY;
	for (size_t i = 0; i < sizeof(local_types) / sizeof(local_types[0]); i++)
		if (type == local_types[i])
			return FSRV__MEDIUM_DISK;
	return FSRV__MEDIUM_REMOTE;
}

bool fsrv__devices_have(const struct fsrv__devices *devices, uint64_t device)
{
	for (int i = 0; i < FSRV__LOCAL_DEVICES; i++)
		if (atomic_load_explicit(&devices->local[i], memory_order_relaxed) == device)
			return true;
	return false;
}

void fsrv__devices_add(struct fsrv__devices *devices, uint64_t device)
{
	unsigned n;

	if (fsrv__devices_have(devices, device))
		return;
	n = atomic_fetch_add_explicit(&devices->n_added, 1, memory_order_relaxed);
	atomic_store_explicit(&devices->local[n % FSRV__LOCAL_DEVICES], device, memory_order_relaxed);
}

enum fsrv__medium fsrv__medium_of_descriptor(int fd)
{
	struct statfs facts;

	return fstatfs(fd, &facts) == 0 ? medium_of(&facts) : FSRV__MEDIUM_REMOTE;
}

enum fsrv__medium fsrv__medium_of_path(struct fsrv__devices *devices, const char *path)
{
	enum fsrv__medium medium = FSRV__MEDIUM_REMOTE;
	struct statfs facts;
	struct stat st;

	if (statfs(path, &facts) == 0)
		medium = medium_of(&facts);
	if (medium != FSRV__MEDIUM_REMOTE && stat(path, &st) == 0)
		fsrv__devices_add(devices, st.st_dev);
	return medium;
}
