/* The clocks. */
#ifndef FSRV__FS_CLOCK_H
#define FSRV__FS_CLOCK_H

#include <stdint.h>

#include "http/time.h"

/* Nanoseconds of the monotonic clock. */
uint64_t fsrv__clock_nanoseconds(void);

/* Milliseconds of the monotonic clock, as of its last tick: cheap, and up to 10 ms old. */
uint64_t fsrv__clock_milliseconds(void);

/* The time between two of them; 0 when another thread has read the second one before the first. */
static inline uint64_t fsrv__clock_span(uint64_t start, uint64_t end)
{
	return start < end ? end - start : 0;
}

/* The time of day, by the coarse clock that file systems and Date fields use too, so that
 * they compare. */
struct fsrv__time fsrv__clock_time(void);

#endif
