/* Points in time, as file systems and HTTP know them. */
#ifndef FSRV__HTTP_TIME_H
#define FSRV__HTTP_TIME_H

#include <stdbool.h>
#include <stdint.h>

struct fsrv__time {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};

static inline bool fsrv__time_equals(struct fsrv__time a, struct fsrv__time b)
{
	return a.seconds == b.seconds && a.nanoseconds == b.nanoseconds;
}

static inline bool fsrv__time_is_before(struct fsrv__time a, struct fsrv__time b)
{
	return a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds;
}

#endif
