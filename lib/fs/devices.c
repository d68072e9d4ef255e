#include "fs/devices.h"

#include <stddef.h>
#include <sys/stat.h>

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
	return fsrv__system_medium(fd, NULL);
}

enum fsrv__medium fsrv__medium_of_path(struct fsrv__devices *devices, const char *path)
{
	enum fsrv__medium medium = fsrv__system_medium(-1, path);
	struct stat st;

	if (medium != FSRV__MEDIUM_REMOTE && stat(path, &st) == 0)
		fsrv__devices_add(devices, (uint64_t)st.st_dev);
	return medium;
}
