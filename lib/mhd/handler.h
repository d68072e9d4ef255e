/* The handler object behind the public struct fsrv: data alone, shared by the modules that need it. */
#ifndef FSRV__MHD_HANDLER_H
#define FSRV__MHD_HANDLER_H

#include <pthread.h>
#include <stdatomic.h>

#include "fs/cache.h"
#include "fs/descriptors.h"
#include "fs/memory.h"
#include "fs/overlay.h"
#include "fs/roots.h"
#include "fs/scripts.h"
#include "fs/workers.h"
#include "fsrv/fsrv.h"
#include "http/fallback_pages.h"
#include "mhd/allowed_hosts.h"
#include "mhd/connection.h"
#include "mhd/counters.h"
#include "mhd/fallback.h"
#include "mhd/growth.h"
#include "mhd/log.h"
#include "mhd/media_types.h"
#include "mhd/own_fields.h"

struct fsrv__guard;
struct fsrv__offload;
struct fsrv__prepared;

/* Strings and arrays lie in the same block of memory, right behind the struct. */
struct fsrv {
	/* Set by fsrv_new. Only what roots learns about media and devices changes afterwards. */
	struct fsrv__allocator allocator;
	struct fsrv__roots roots;
	struct fsrv__media_types types;
	struct fsrv__text prefix;      /* of targets, in the form of a path below a root; empty: none */
	const char *cache_control;     /* NULL: no such field */
	const struct fsrv__cors *cors; /* part of own_fields; NULL: no origin may read */
	const struct fsrv__own_fields *own_fields;         /* NULL: none */
	const struct fsrv__fallback_pages *fallback_pages; /* NULL: none */
	struct fsrv__prepared *prepared_texts;             /* for answers without a file; NULL: none */
	struct fsrv__log log;
	struct fsrv__wake wake;
	fsrv_access_function access;
	void *access_cls;
	fsrv_completion_function completion;
	void *completion_cls;
	fsrv_etag_function etag_function;
	void *etag_function_cls;
	enum fsrv__etag_source etag_source;
	uint64_t tag_salt; /* hash of the option; 0: none */
	enum fsrv_body body;
	struct fsrv__allowed_hosts *allowed_hosts; /* NULL: every host is allowed */
	unsigned max_bodies, max_files;            /* 0: no limit */
	unsigned max_ranges;                       /* 0 and 1: one range in an answer */
	uint64_t boundary_seed;
	bool serves_hidden;
	bool is_precompressed; /* files may have sidecars */
	uint64_t max_page_size;
	const char *const *follow; /* patterns of files that are followed while they grow */
	size_t n_follow;
	unsigned follow_seconds; /* without growth, after which a file is finished */

	/* Set by fsrv_server_start too. */
	atomic_bool url_is_raw, completion_is_told;

	/* Each of these may be used by any number of threads. */
	struct fsrv__fallback fallback;
	struct fsrv__guard *guard;
	struct fsrv__workers *workers;
	struct fsrv__growth growth;
	struct fsrv__scripts scripts;
	struct fsrv__cache cache;
	struct fsrv__overlay overlay;
	struct fsrv__descriptors kept; /* files that stay open for a moment */
	struct fsrv__job watch_kept;
	atomic_bool kept_are_watched, watch_is_queued;
	struct fsrv__counters counters;
	atomic_uint_least64_t hot_bytes; /* of hot files, in the cache or on their way */
	atomic_uint_least64_t last_answer; /* number of the last answer */
	atomic_uint missing_pages;         /* of fallback_pages: bits of enum fsrv__try; logged already */

	/* Lookups that were offloaded: the list is guarded by the mutex. */
	pthread_mutex_t offload_mutex;
	struct fsrv__offload *offloads;
	atomic_uint n_offloads;

	/* In force from the first fsrv_drain on. */
	struct fsrv__drain drain;
	atomic_bool is_drained;
};

#endif
