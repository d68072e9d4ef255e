#include "fs/devices.h"

#include <stddef.h>
#include <sys/stat.h>

static bool has(const _Atomic uint64_t *list, unsigned size, uint64_t device)
{
	for (unsigned i = 0; i < size; i++)
		if (atomic_load_explicit(&list[i], memory_order_relaxed) == device)
			return true;
	return false;
}

static void add(_Atomic uint64_t *list, unsigned size, atomic_uint *n_added, uint64_t device)
{
	unsigned n;

	if (has(list, size, device))
		return;
	n = atomic_fetch_add_explicit(n_added, 1, memory_order_relaxed);
	atomic_store_explicit(&list[n % size], device, memory_order_relaxed);
}

bool fsrv__devices_have(const struct fsrv__devices *devices, uint64_t device)
{
	return has(devices->local, FSRV__LOCAL_DEVICES, device);
}

bool fsrv__devices_have_in_memory(const struct fsrv__devices *devices, uint64_t device)
{
	return has(devices->memory, FSRV__MEMORY_DEVICES, device);
}

void fsrv__devices_add(struct fsrv__devices *devices, uint64_t device, enum fsrv__medium medium)
{
	if (medium != FSRV__MEDIUM_REMOTE)
		add(devices->local, FSRV__LOCAL_DEVICES, &devices->n_local, device);
	if (medium == FSRV__MEDIUM_MEMORY)
		add(devices->memory, FSRV__MEMORY_DEVICES, &devices->n_memory, device);
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
		fsrv__devices_add(devices, (uint64_t)st.st_dev, medium);
	return medium;
}
