#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "http/mime.h"
#include "fs/residency.h"
#include "mhd/handler.h"

/* Names that were looked at so recently are still in memory, on local file systems. */
#define RECENT_MS 1000
/* How often an entry is told that it was looked at. */
#define TOUCH_MS 200

uint64_t fsrv__monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct fsrv__time fsrv__time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (struct fsrv__time){now.tv_sec, (uint32_t)now.tv_nsec};
}

static uint64_t coarse_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const char *fsrv__media_type(const struct fsrv *fs, const struct fsrv__path *path)
{
	const char *extension = fsrv__mime_extension(fsrv__path_name(path));

	for (size_t i = 0; extension != NULL && i < fs->n_types; i++)
		if (strcasecmp(extension, fs->types[i].extension) == 0)
			return fs->types[i].media_type;
	return fsrv__mime_type(extension);
}

static struct fsrv__cache_key key_of(const struct fsrv__sight *sight)
{
	return (struct fsrv__cache_key){{sight->path.text, sight->asked}, sight->path.directory};
}

static void ask_again(struct fsrv__sight *sight)
{
	sight->path.length = sight->asked;
	sight->path.text[sight->asked] = '\0';
	sight->file.fd = -1;
	sight->content = NULL;
}

void fsrv__sight_clear(struct fsrv *fs, struct fsrv__sight *sight)
{
	if (sight->file.fd >= 0)
		fsrv__file_close(fs, sight->file.fd, sight->file.is_remote);
	sight->file.fd = -1;
	fsrv__content_release(sight->content);
	sight->content = NULL;
}

enum fsrv__look_result fsrv__look_fail(struct fsrv *fs, struct fsrv__sight *sight, enum fsrv__outcome outcome,
				       int error)
{
	char text[128];

	fsrv__sight_clear(fs, sight);
	sight->outcome = outcome;
	if ((outcome == FSRV__OVERLOADED || outcome == FSRV__BROKEN) && error != 0)
		fsrv__log(fs, "%s: %s", sight->path.text, strerror_r(error, text, sizeof(text)));
	return FSRV__LOOK_DONE;
}

static bool has_bytes(const struct fsrv__cached *cached)
{
	return cached->content != NULL && !cached->content->is_plain_file;
}

static bool still_holds(struct fsrv *fs, const struct fsrv__addition *last, const struct fsrv__cached *cached,
			const struct fsrv__sight *sight)
{
	uint64_t scripts = cached->content != NULL ? cached->content->scripts_hash : 0;

	return fsrv__file_is_same(&sight->file, &cached->file) && fsrv__page_hash(fs, &sight->path, last) == scripts;
}

/* The root whose names need not be waited for: that of a file that was looked at a moment ago. */
static int recent_root(const struct fsrv__cached *cached)
{
	bool is_recent = coarse_ms() - cached->checked < RECENT_MS;

	return is_recent && !cached->file.has_remote_name ? cached->file.root : -1;
}

/* Takes what is known when a look at the path shows that it still holds; else the file has to be opened. */
static enum fsrv__look_result look_at_cached(struct fsrv *fs, enum fsrv__wait_policy wait,
					     const struct fsrv__addition *last, const struct fsrv__cached *cached,
					     struct fsrv__sight *sight)
{
	struct fsrv__find_options options = {FSRV__FIND_STAT, wait, recent_root(cached)};
	struct fsrv__cache_key key = key_of(sight);
	uint64_t now = coarse_ms();
	enum fsrv__outcome outcome;

	outcome = fsrv__roots_find(&fs->roots, &options, &sight->path, &sight->file);
	if (outcome == FSRV__OVERLOADED && errno == EAGAIN && wait == FSRV__CACHED_ONLY)
		return FSRV__LOOK_MUST_WAIT;
	if (outcome != FSRV__FOUND_FILE || !still_holds(fs, last, cached, sight))
		return FSRV__LOOK_CHANGED;
	if (now - cached->checked > TOUCH_MS)
		fsrv__cache_mark_checked(&fs->cache, &key, now);
	sight->outcome = outcome;
	sight->content = has_bytes(cached) ? fsrv__content_hold(cached->content) : NULL;
	return FSRV__LOOK_DONE;
}

/* What is not in memory is left to the body, which can wait without holding anybody up. */
static enum fsrv__look_result read_small(struct fsrv *fs, enum fsrv__wait_policy wait, struct fsrv__sight *sight)
{
	size_t size = (size_t)sight->file.identity.size;
	struct fsrv__content *content = fsrv__content_new(&fs->allocator, size);
	bool is_read;

	if (content == NULL)
		return fsrv__look_fail(fs, sight, FSRV__OVERLOADED, ENOMEM);
	sight->content = content;
	if (wait == FSRV__CACHED_ONLY) {
		is_read = size == 0 || (!sight->file.is_remote &&
					fsrv__file_read_resident(sight->file.fd, content->bytes, size, 0,
								 !sight->is_recent) == (ssize_t)size);
		if (!is_read) {
			fsrv__content_release(content);
			sight->content = NULL;
		}
		return FSRV__LOOK_DONE;
	}
	if (fsrv__file_read_fully(sight->file.fd, content->bytes, size, 0))
		return FSRV__LOOK_DONE;
	if (errno != 0)
		return fsrv__look_fail(fs, sight, FSRV__BROKEN, errno);
	fsrv__sight_clear(fs, sight);
	return FSRV__LOOK_CHANGED;
}

static bool is_known_as_file(const struct fsrv__cached *cached, const struct fsrv__sight *sight, uint64_t scripts)
{
	return cached->content != NULL && cached->content->is_plain_file && cached->content->scripts_hash == scripts &&
	       fsrv__file_is_same(&cached->file, &sight->file);
}

/* Gets what is sent in place of the open file, where something is. */
static enum fsrv__look_result get_content(struct fsrv *fs, const struct fsrv__wish *wish,
					  enum fsrv__wait_policy wait, const struct fsrv__addition *last,
					  const struct fsrv__cached *cached, struct fsrv__sight *sight)
{
	uint64_t scripts = fsrv__page_hash(fs, &sight->path, last);

	if (scripts != 0 && is_known_as_file(cached, sight, scripts)) {
		sight->content = fsrv__content_hold(cached->content);
		return FSRV__LOOK_DONE;
	}
	if (scripts != 0 && wait == FSRV__CACHED_ONLY) {
		fsrv__sight_clear(fs, sight);
		return FSRV__LOOK_MUST_WAIT;
	}
	if (scripts != 0)
		return fsrv__page_prepare(fs, last, sight);
	if (wish->bytes && sight->file.identity.size <= FSRV__SMALL)
		return read_small(fs, wait, sight);
	return FSRV__LOOK_DONE;
}

static void remember(struct fsrv *fs, struct fsrv__sight *sight)
{
	struct fsrv__cache_key key = key_of(sight);

	if (fsrv__identity_is_settled(&sight->file.identity, sight->time) &&
	    (sight->content == NULL || fsrv__file_is_unchanged(&sight->file)))
		fsrv__cache_put(&fs->cache, &key, &sight->file, sight->content, coarse_ms());
}

/* Counts a file as open before it is, so that the limit holds whoever else opens one. */
static bool reserve_file(struct fsrv *fs)
{
	if (fsrv__count(&fs->counters.open_files, 1) <= fs->max_files || fs->max_files == 0)
		return true;
	fsrv__guard_sweep(fs->guard);
	if (atomic_load(&fs->counters.open_files) <= fs->max_files)
		return true;
	fsrv__uncount(&fs->counters.open_files, 1);
	fsrv__count(&fs->counters.refused, 1);
	return false;
}

/* What is known as a file, since its encoding allows no scripts, is sent as one. */
static void finish(struct fsrv *fs, struct fsrv__sight *sight)
{
	struct fsrv__content *content = sight->content;

	remember(fs, sight);
	if (content == NULL)
		return;
	if (content->is_plain_file) {
		fsrv__content_release(content);
		sight->content = NULL;
	} else if (fs->etag_function == NULL) {
		fsrv__file_close(fs, sight->file.fd, sight->file.is_remote);
		sight->file.fd = -1;
	}
}

static enum fsrv__look_result open_file(struct fsrv *fs, const struct fsrv__wish *wish, enum fsrv__wait_policy wait,
					const struct fsrv__addition *last, const struct fsrv__cached *cached,
					struct fsrv__sight *sight)
{
	struct fsrv__find_options options = {FSRV__FIND_OPEN, wait, sight->is_recent ? recent_root(cached) : -1};
	enum fsrv__look_result result;

	if (!reserve_file(fs))
		return fsrv__look_fail(fs, sight, FSRV__OVERLOADED, 0);
	sight->outcome = fsrv__roots_find(&fs->roots, &options, &sight->path, &sight->file);
	if (sight->outcome != FSRV__FOUND_FILE) {
		int error = errno;

		fsrv__uncount(&fs->counters.open_files, 1);
		sight->file.fd = -1;
		if (sight->outcome == FSRV__OVERLOADED && error == EAGAIN && wait == FSRV__CACHED_ONLY)
			return FSRV__LOOK_MUST_WAIT;
		return fsrv__look_fail(fs, sight, sight->outcome, error);
	}
	result = get_content(fs, wish, wait, last, cached, sight);
	if (result == FSRV__LOOK_DONE && sight->outcome == FSRV__FOUND_FILE)
		finish(fs, sight);
	return result;
}

/* Whether what is known of a path could be all that a request takes. The etag function is given a
 * descriptor, so it is not known then. */
static bool is_known(struct fsrv *fs, const struct fsrv__wish *wish, struct fsrv__sight *sight,
		     struct fsrv__cached *cached)
{
	struct fsrv__cache_key key = key_of(sight);

	sight->is_recent = false;
	if (fs->etag_function != NULL || !fsrv__cache_get(&fs->cache, &key, cached))
		return false;
	sight->is_recent = recent_root(cached) >= 0;
	return !wish->file && (has_bytes(cached) || wish->facts);
}

enum fsrv__look_result fsrv__look(struct fsrv *fs, const struct fsrv__wish *wish, enum fsrv__wait_policy wait,
				  struct fsrv__sight *sight)
{
	const struct fsrv__addition *last = fsrv__scripts_snapshot(&fs->scripts);
	struct fsrv__cached cached = {.content = NULL};
	enum fsrv__look_result result = FSRV__LOOK_CHANGED;
	bool is_hit = false;

	ask_again(sight);
	/* Before anything is looked at: what is written later has a later time. */
	sight->time = fsrv__time_now();
	if (is_known(fs, wish, sight, &cached)) {
		result = look_at_cached(fs, wait, last, &cached, sight);
		is_hit = result == FSRV__LOOK_DONE;
	}
	if (result == FSRV__LOOK_CHANGED) {
		ask_again(sight);
		result = open_file(fs, wish, wait, last, &cached, sight);
	}
	if (result == FSRV__LOOK_DONE)
		fsrv__count(is_hit ? &fs->counters.cache_hits : &fs->counters.cache_misses, 1);
	fsrv__content_release(cached.content);
	return result;
}
