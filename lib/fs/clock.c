#include "fs/clock.h"

#include <time.h>

#include "fs/system.h"

uint64_t fsrv__clock_nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t fsrv__clock_milliseconds(void)
{
	struct timespec now;

	fsrv__system_read_clock(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct fsrv__time fsrv__clock_time(void)
{
	struct timespec now;

	fsrv__system_read_clock(CLOCK_REALTIME, &now);
	return (struct fsrv__time){now.tv_sec, (uint32_t)now.tv_nsec};
}
