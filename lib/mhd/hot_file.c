#include "mhd/hot_file.h"

#include "fs/clock.h"
#include "fs/residency.h"
#include "fs/system.h"
#include "mhd/handler.h"
#include "mhd/memory_answer.h"

/* libmicrohttpd sends content from memory as a whole, as far as the socket takes it, so that the other
 * connections of a loop wait. With a thread for each connection nobody waits. */
#define MAX_SIZE_IN_LOOP   (512u * 1024)
#define MAX_SIZE_IN_THREAD (1024u * 1024)
/* One file takes so much of the cache at most. */
#define PART_OF_CACHE 16
/* Bytes may be on their way when they have left the cache. All together are so many times its size at most:
 * slow clients get no more memory than that, and other bodies are read in blocks. */
#define MAX_CACHES 2

static uint64_t max_size(const struct fsrv__answer *answer)
{
	bool has_thread = (fsrv__connection_flags(answer->connection) & MHD_USE_THREAD_PER_CONNECTION) != 0;
	uint64_t size = has_thread ? MAX_SIZE_IN_THREAD : MAX_SIZE_IN_LOOP;
	uint64_t part = answer->fs->cache.max_size / PART_OF_CACHE;

	return size < part ? size : part;
}

static bool is_hot(const struct fsrv__answer *answer)
{
	const struct fsrv__file *file = answer->file;
	const struct fsrv__plan *plan = answer->plan;

	return fsrv__system_tells_residency() && answer->place.serial != 0 && answer->content == NULL &&
	       file->fd >= 0 && !file->is_remote && answer->fs->body == FSRV_BODY_AUTO &&
	       plan->content == FSRV__CONTENT_SLICE && plan->length == file->identity.size &&
	       plan->length <= max_size(answer) &&
	       fsrv__cache_has_room(&answer->fs->cache, plan->length, fsrv__clock_milliseconds());
}

static struct fsrv__content *make_content(struct fsrv *fs, uint64_t size)
{
	struct fsrv__content *content = NULL;

	if (fsrv__count(&fs->hot_bytes, size) / MAX_CACHES <= fs->cache.max_size)
		content = fsrv__content_new(&fs->allocator, (size_t)size);
	if (content == NULL)
		fsrv__uncount(&fs->hot_bytes, size);
	else
		content->hot_bytes = &fs->hot_bytes;
	return content;
}

/* The file is checked once more after its bytes were read, so that they belong to the facts. */
static bool keep(const struct fsrv__answer *answer, struct fsrv__content *content)
{
	uint64_t started = fsrv__clock_milliseconds();

	return fsrv__residency_read_part(answer->file, content->bytes, content->length, 0) &&
	       fsrv__file_is_unchanged(answer->file) &&
	       fsrv__cache_add_content(&answer->fs->cache, &answer->place, content, started);
}

bool fsrv__hot_file_make(struct fsrv__answer *answer)
{
	struct fsrv__content *content;
	bool is_made = false;

	if (!is_hot(answer))
		return false;
	content = make_content(answer->fs, answer->plan->length);
	if (content == NULL)
		return false;
	if (keep(answer, content)) {
		answer->content = content;
		is_made = fsrv__memory_answer_make(answer, content, 0);
		answer->content = NULL;
	}
	fsrv__content_release(content);
	return is_made;
}
