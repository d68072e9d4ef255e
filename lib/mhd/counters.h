/* The numbers behind fsrv_stats. */
#ifndef FSRV__MHD_COUNTERS_H
#define FSRV__MHD_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

/* Each counter is right by itself; no order is kept between them. Members as in struct fsrv_stats. */
struct fsrv__counters {
	atomic_uint_least64_t requests, bytes, live_bodies, open_files;
	atomic_uint_least64_t cold_reads, cold_lookups, suspends;
	atomic_uint_least64_t cache_hits, cache_misses, cut_connections, refused;
	atomic_uint_least64_t responses[600];
};

/* Adds n and returns the sum. */
static inline uint64_t fsrv__count(atomic_uint_least64_t *counter, uint64_t n)
{
	return atomic_fetch_add_explicit(counter, n, memory_order_relaxed) + n;
}

static inline void fsrv__uncount(atomic_uint_least64_t *counter, uint64_t n)
{
	atomic_fetch_sub_explicit(counter, n, memory_order_relaxed);
}

#endif
