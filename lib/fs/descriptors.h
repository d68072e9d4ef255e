/* Descriptors of files that were served a moment ago. They stay open for the next request, which then neither
 * opens nor closes the file: who seeks in a video asks for many parts of one file.
 *
 * A descriptor is found by the facts of its file, which stat(2) of the path has just told, so that one of
 * another file or of another state is never used. Who takes one owns it. Only local files are kept: closing
 * them waits for nobody. */
#ifndef FSRV__FS_DESCRIPTORS_H
#define FSRV__FS_DESCRIPTORS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fs/file.h"

#define FSRV__MAX_DESCRIPTORS 32

/* So long an unused one stays open at least, in milliseconds. Until it is closed the space of a file that was
 * deleted is not free, and its file system cannot be unmounted. */
#define FSRV__DESCRIPTOR_MS 1000

/* Any number of threads may use it. */
struct fsrv__descriptors {
	pthread_mutex_t mutex;
	unsigned n, max;
	struct fsrv__file files[FSRV__MAX_DESCRIPTORS];
	uint64_t
		since[FSRV__MAX_DESCRIPTORS]; /* in milliseconds of the monotonic clock; the newest is last */
};

/* Makes an empty list, for as many as the limit of open descriptors (getrlimit(2)) can spare. */
void fsrv__descriptors_init(struct fsrv__descriptors *descriptors);

/* Closes all. No thread uses the list any more. */
void fsrv__descriptors_destroy(struct fsrv__descriptors *descriptors);

/* Gives file the descriptor of a file that has the same facts; false when there is none. */
bool fsrv__descriptors_take(struct fsrv__descriptors *descriptors, struct fsrv__file *file);

/* Keeps the descriptor of a file, in place of the oldest one if there is no room, or closes it. file is not
 * open any more. now is in milliseconds of the monotonic clock. */
void fsrv__descriptors_keep(struct fsrv__descriptors *descriptors, struct fsrv__file *file, uint64_t now);

/* Closes those that were kept at that time or before; UINT64_MAX: all. Returns how many were closed. */
unsigned fsrv__descriptors_close(struct fsrv__descriptors *descriptors, uint64_t time);

/* How many are open. */
unsigned fsrv__descriptors_count(struct fsrv__descriptors *descriptors);

#endif
