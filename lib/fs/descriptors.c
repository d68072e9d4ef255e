/* A short list in the order of their ages. Descriptors are closed without the mutex. */
#include "fs/descriptors.h"

#include <string.h>
#include <sys/resource.h>

/* One in so many of the descriptors that the process may have. */
#define SHARE 32

void fsrv__descriptors_init(struct fsrv__descriptors *descriptors)
{
	struct rlimit limit;

	pthread_mutex_init(&descriptors->mutex, NULL);
	descriptors->n = 0;
	descriptors->max = FSRV__MAX_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / SHARE < FSRV__MAX_DESCRIPTORS)
		descriptors->max = (unsigned)(limit.rlim_cur / SHARE);
}

void fsrv__descriptors_destroy(struct fsrv__descriptors *descriptors)
{
	fsrv__descriptors_close(descriptors, UINT64_MAX);
	pthread_mutex_destroy(&descriptors->mutex);
}

/* Called with the mutex held. */
static struct fsrv__file remove_at(struct fsrv__descriptors *descriptors, unsigned place)
{
	struct fsrv__file file = descriptors->files[place];
	size_t n_behind = --descriptors->n - place;

	memmove(&descriptors->files[place], &descriptors->files[place + 1],
		n_behind * sizeof(descriptors->files[0]));
	memmove(&descriptors->since[place], &descriptors->since[place + 1],
		n_behind * sizeof(descriptors->since[0]));
	return file;
}

bool fsrv__descriptors_take(struct fsrv__descriptors *descriptors, struct fsrv__file *file)
{
	bool is_found = false;

	pthread_mutex_lock(&descriptors->mutex);
	for (unsigned i = descriptors->n; i > 0 && !is_found; i--) {
		is_found = fsrv__file_is_same(&descriptors->files[i - 1], file);
		if (is_found)
			*file = remove_at(descriptors, i - 1);
	}
	pthread_mutex_unlock(&descriptors->mutex);
	return is_found;
}

void fsrv__descriptors_keep(struct fsrv__descriptors *descriptors, struct fsrv__file *file, uint64_t now)
{
	struct fsrv__file oldest = {.fd = -1};

	if (descriptors->max == 0) {
		fsrv__file_close(file);
		return;
	}
	pthread_mutex_lock(&descriptors->mutex);
	if (descriptors->n == descriptors->max)
		oldest = remove_at(descriptors, 0);
	descriptors->files[descriptors->n] = *file;
	descriptors->since[descriptors->n++] = now;
	pthread_mutex_unlock(&descriptors->mutex);
	fsrv__file_forget(file);
	if (fsrv__file_is_open(&oldest))
		fsrv__file_close(&oldest);
}

unsigned fsrv__descriptors_close(struct fsrv__descriptors *descriptors, uint64_t time)
{
	struct fsrv__file old[FSRV__MAX_DESCRIPTORS];
	unsigned n = 0;

	pthread_mutex_lock(&descriptors->mutex);
	while (descriptors->n > 0 && descriptors->since[0] <= time)
		old[n++] = remove_at(descriptors, 0);
	pthread_mutex_unlock(&descriptors->mutex);
	for (unsigned i = 0; i < n; i++)
		fsrv__file_close(&old[i]);
	return n;
}

unsigned fsrv__descriptors_count(struct fsrv__descriptors *descriptors)
{
	unsigned n;

	pthread_mutex_lock(&descriptors->mutex);
	n = descriptors->n;
	pthread_mutex_unlock(&descriptors->mutex);
	return n;
}
