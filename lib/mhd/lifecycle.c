/* fsrv_new and fsrv_free: the handler object and the parts that it is made of. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fs/system.h"
#include "http/hash.h"
#include "fs/clock.h"
#include "mhd/field_options.h"
#include "mhd/guard.h"
#include "mhd/handler.h"
#include "mhd/offload.h"
#include "mhd/open_files.h"
#include "mhd/option_check.h"
#include "mhd/option_copy.h"
#include "mhd/option_struct.h"
#include "mhd/prepared.h"

#define DEFAULT_PAGE_SIZE  (UINT64_C(16) << 20)
#define DEFAULT_CACHE_SIZE (UINT64_C(16) << 20)
#define DEFAULT_WORKERS    4
#define DEFAULT_FOLLOW     10

static int check_options(const struct fsrv__log *log, const struct fsrv_options *options)
{
	const char *bad = fsrv__option_check(options);

	if (bad != NULL) {
		fsrv__option_log_refusal(log, bad);
		return FSRV_ERR_INVALID;
	}
	if (!fsrv__field_options_check(log, options))
		return FSRV_ERR_INVALID;
	for (size_t i = 0; i < options->n_roots; i++) {
		if (fsrv__root_is_usable(options->roots[i]))
			continue;
		fsrv__log_error(log, errno, "root %s", options->roots[i]);
		return FSRV_ERR_ROOT;
	}
	return FSRV_OK;
}

static bool has_relative_root(const struct fsrv_options *options)
{
	for (size_t i = 0; i < options->n_roots; i++)
		if (options->roots[i][0] != '/')
			return true;
	return false;
}

static struct fsrv__allocator allocator_of(const struct fsrv_options *options)
{
	return (struct fsrv__allocator){options->allocate != NULL ? options->allocate
								  : fsrv__default_allocate,
					options->allocate_cls};
}

/* What no client can tell, so that nobody writes a file with a boundary in it. */
static uint64_t choose_boundary_seed(const struct fsrv *fs)
{
	uint64_t seed;

	if (!fsrv__system_choose_number(&seed))
		seed = fsrv__hash_mix(fsrv__clock_nanoseconds(), (uintptr_t)fs);
	return seed;
}

static void set_members(struct fsrv *fs, const struct fsrv_options *options)
{
	fs->allocator = allocator_of(options);
	fs->log = (struct fsrv__log){options->log, options->log_cls};
	fs->wake = (struct fsrv__wake){options->wake, options->wake_cls};
	fs->access = options->access;
	fs->access_cls = options->access_cls;
	fs->completion = options->completion;
	fs->completion_cls = options->completion_cls;
	fs->max_bodies = options->max_bodies;
	fs->max_files = options->max_files;
	fs->max_ranges = options->max_ranges;
	if (fs->max_ranges > 1)
		fs->boundary_seed = choose_boundary_seed(fs);
	fs->etag_function = options->etag_function;
	fs->etag_function_cls = options->etag_function_cls;
	fs->etag_source = options->etag == FSRV_ETAG_REPLICA ? FSRV__ETAG_REPLICA : FSRV__ETAG_LOCAL;
	if (options->tag_salt != NULL && options->tag_salt[0] != '\0')
		fs->tag_salt = fsrv__hash_content(options->tag_salt, strlen(options->tag_salt)) | 1;
	fs->body = options->body;
	fs->max_page_size = options->max_page_size != 0 ? options->max_page_size : DEFAULT_PAGE_SIZE;
	fs->follow_seconds = options->follow_seconds != 0 ? options->follow_seconds : DEFAULT_FOLLOW;
	fs->serves_hidden = (options->flags & FSRV_SERVE_HIDDEN) != 0;
	fs->is_precompressed = (options->flags & FSRV_PRECOMPRESSED) != 0;
	fs->types.has_codings = (options->flags & FSRV_CODING_BY_EXTENSION) != 0;
	fs->roots.has_openat2 = fsrv__has_openat2();
	atomic_init(&fs->url_is_raw, (options->flags & FSRV_URL_IS_RAW) != 0);
	atomic_init(&fs->completion_is_told, (options->flags & FSRV_COMPLETION_IS_TOLD) != 0);
}

/* Both are called whatever the other says. */
static bool when_idle(void *cls)
{
	bool drops_more = fsrv__offload_drop_closed(cls);

	return fsrv__open_files_close_unused(cls) || drops_more;
}

static bool make_parts(struct fsrv *fs, const struct fsrv_options *options)
{
	uint64_t cache_size = options->cache_size != 0 ? options->cache_size : DEFAULT_CACHE_SIZE;
	const struct fsrv__host_list hosts = {options->allowed_hosts, options->n_allowed_hosts};
	bool has_cache, has_hosts;

	for (size_t i = 0; i < fs->roots.n_roots; i++)
		fsrv__root_detect_medium(&fs->roots, &fs->roots.list[i]);
	fsrv__scripts_init(&fs->scripts, &fs->allocator);
	fsrv__overlay_init(&fs->overlay, &fs->allocator);
	has_cache = fsrv__cache_init(&fs->cache, &fs->allocator, cache_size);
	has_hosts = hosts.n_patterns == 0 ||
		    fsrv__allowed_hosts_new(&fs->allocator, &fs->log, &hosts, "fsrv_new", &fs->allowed_hosts);
	pthread_mutex_init(&fs->offload_mutex, NULL);
	fsrv__descriptors_init(&fs->kept);
	fsrv__fallback_init(&fs->fallback, options->fallback, options->fallback_cls);
	fsrv__growth_init(&fs->growth);
	fs->guard = fsrv__guard_new(&fs->allocator);
	fs->workers = fsrv__workers_new(
		&fs->allocator, options->workers != 0 ? options->workers : DEFAULT_WORKERS, when_idle, fs);
	/* With a completion hook each answer needs a response of its own. */
	if (fs->completion == NULL)
		fs->prepared_texts = fsrv__prepared_new(&fs->allocator);
	return has_cache && has_hosts && fs->guard != NULL && fs->workers != NULL &&
	       (fs->prepared_texts != NULL || fs->completion != NULL);
}

int fsrv_new(const struct fsrv_options *given, struct fsrv **out)
{
	struct fsrv_options options = {0};
	char directory[FSRV__PATH_SIZE] = "";
	struct fsrv__allocator allocator;
	struct fsrv__log log;
	struct fsrv *fs;
	int error = fsrv__option_struct_read(&options, sizeof(options), given);

	if (error != FSRV_OK)
		return error;
	log = (struct fsrv__log){options.log, options.log_cls};
	error = check_options(&log, &options);
	if (error != FSRV_OK)
		return error;
	if (has_relative_root(&options) && getcwd(directory, sizeof(directory)) == NULL) {
		int reason = errno;

		fsrv__log_line(&log, "a root is relative, and the working directory has no path any more");
		errno = reason;
		return FSRV_ERR_SYSTEM;
	}
	allocator = allocator_of(&options);
	fs = fsrv__allocate(&allocator, fsrv__option_copy_size(&options, directory));
	if (fs == NULL)
		return FSRV_ERR_MEMORY;
	memset(fs, 0, sizeof(*fs));
	set_members(fs, &options);
	fsrv__option_copy(fs, &options, directory);
	if (!make_parts(fs, &options)) {
		fsrv_free(fs);
		return FSRV_ERR_MEMORY;
	}
	*out = fs;
	return FSRV_OK;
}

void fsrv_free(struct fsrv *fs)
{
	struct fsrv__allocator allocator;

	if (fs == NULL)
		return;
	allocator = fs->allocator;
	fsrv__growth_destroy(&fs->growth);
	fsrv__workers_free(fs->workers);
	fs->workers = NULL;
	fsrv__descriptors_destroy(&fs->kept);
	fsrv__guard_free(fs->guard);
	fsrv__offload_clear(fs);
	fsrv__cache_destroy(&fs->cache);
	fsrv__prepared_release(fs->prepared_texts);
	fsrv__overlay_destroy(&fs->overlay);
	fsrv__allowed_hosts_free(fs->allowed_hosts);
	pthread_mutex_destroy(&fs->offload_mutex);
	fsrv__fallback_destroy(&fs->fallback);
	fsrv__scripts_destroy(&fs->scripts);
	fsrv__release(&allocator, fs);
}
