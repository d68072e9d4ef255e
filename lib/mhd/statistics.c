/* fsrv_stats. */
#include <string.h>

#include "mhd/guard.h"
#include "mhd/handler.h"

static uint64_t read_counter(atomic_uint_least64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

int fsrv_stats(struct fsrv *fs, struct fsrv_stats *stats)
{
	struct fsrv__counters *counters = &fs->counters;
	struct fsrv_stats all = {.size = stats->size};

	if (stats->size < sizeof(stats->size))
		return FSRV_ERR_INVALID;
	/* Bodies that ended unnoticed would otherwise still count as live. The guard's thread reports them.
	 */
	fsrv__guard_sweep(fs->guard);
	all.requests = read_counter(&counters->requests);
	for (size_t i = 0; i < sizeof(all.responses) / sizeof(all.responses[0]); i++)
		all.responses[i] = read_counter(&counters->responses[i]);
	all.bytes = read_counter(&counters->bytes);
	all.live_bodies = read_counter(&counters->live_bodies);
	all.open_files = read_counter(&counters->open_files);
	all.cold_reads = read_counter(&counters->cold_reads);
	all.cold_lookups = read_counter(&counters->cold_lookups);
	all.suspends = read_counter(&counters->suspends);
	all.cache_hits = read_counter(&counters->cache_hits);
	all.cache_misses = read_counter(&counters->cache_misses);
	fsrv__cache_count(&fs->cache, &all.cache_size, &all.cache_evictions);
	all.cut_connections = read_counter(&counters->cut_connections);
	all.refused = read_counter(&counters->refused);
	if (stats->size > sizeof(all))
		memset((char *)stats + sizeof(all), 0, stats->size - sizeof(all));
	memcpy(stats, &all, stats->size < sizeof(all) ? stats->size : sizeof(all));
	return FSRV_OK;
}
