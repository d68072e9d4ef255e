#include <string.h>

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
	/* Bodies that ended without a word would otherwise still count as live. */
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

void fsrv_request_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
			    enum MHD_RequestTerminationCode how)
{
	struct fsrv *fs = cls;

	(void)con_cls;
	if (fsrv__guard_count(fs->guard) > 0)
		fsrv__guard_forget(fs->guard, fsrv__socket_of(connection),
				   how == MHD_REQUEST_TERMINATED_COMPLETED_OK ? FSRV_ENDING_COMPLETE
									       : FSRV_ENDING_ABORTED);
}

void fsrv_drain(struct fsrv *fs)
{
	struct fsrv__drain again = {NULL, NULL};

	if (!atomic_exchange(&fs->is_drained, true)) {
		fsrv__workers_drain(fs->workers, &fs->drain);
		return;
	}
	/* Another call may still be at it. */
	fsrv__workers_drain(fs->workers, &again);
	fsrv__workers_undrain(fs->workers, &again);
}
