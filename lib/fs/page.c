#include "fs/page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/text.h"

/* Room for script elements to strip without a second scan. */
#define USUAL_STRIPS 64

/* What a page is built with; each member that is allocated is released at the end. */
struct workshop {
	struct fsrv__allocator allocator;
	const struct fsrv__addition *last;
	enum fsrv__page_kind kind;
	char *source;
	char *snippets[FSRV_POINTS];
	struct fsrv_marker *markers;
	struct fsrv_strip *strips;
	struct fsrv_segment *segments;
	struct fsrv_page seen;
};

static bool make_array(struct workshop *w, void *array, size_t n, size_t size)
{
	void *memory = fsrv__allocate(&w->allocator, n > 0 ? n * size : 1);

	memcpy(array, &memory, sizeof(memory));
	return memory != NULL;
}

static void clear(struct workshop *w)
{
	fsrv__release(&w->allocator, w->source);
	for (int i = 0; i < FSRV_POINTS; i++)
		fsrv__release(&w->allocator, w->snippets[i]);
	fsrv__release(&w->allocator, w->markers);
	fsrv__release(&w->allocator, w->strips);
	fsrv__release(&w->allocator, w->segments);
}

static bool scan(struct workshop *w, size_t size)
{
	const struct fsrv__script_sum *sum = &w->last->sums[w->kind];
	struct fsrv_scan_options options = {
		.size = sizeof(options), .n_markers = sum->n_markers, .max_strips = USUAL_STRIPS};

	if (!make_array(w, &w->markers, sum->n_markers, sizeof(*w->markers)) ||
	    !make_array(w, &w->strips, USUAL_STRIPS, sizeof(*w->strips)))
		return false;
	fsrv__scripts_markers(w->last, w->kind, w->markers);
	options.markers = w->markers;
	options.strips = w->strips;
	if (fsrv_scan_page(w->source, size, &options, &w->seen) != FSRV_ERR_SPACE)
		return true;
	fsrv__release(&w->allocator, w->strips);
	if (!make_array(w, &w->strips, w->seen.n_strips, sizeof(*w->strips)))
		return false;
	options.strips = w->strips;
	options.max_strips = w->seen.n_strips;
	return fsrv_scan_page(w->source, size, &options, &w->seen) == FSRV_OK;
}

static bool plan(struct workshop *w, size_t *count, uint64_t *length)
{
	struct fsrv_snippet snippets[FSRV_POINTS];
	size_t max = FSRV_SEGMENTS_MAX(w->seen.n_strips);

	for (int i = 0; i < FSRV_POINTS; i++) {
		snippets[i].length = w->last->sums[w->kind].lengths[i];
		if (!make_array(w, &w->snippets[i], snippets[i].length, 1))
			return false;
		fsrv__scripts_copy(w->last, w->kind, (enum fsrv_point)i, w->snippets[i]);
		snippets[i].bytes = w->snippets[i];
	}
	if (!make_array(w, &w->segments, max, sizeof(*w->segments)))
		return false;
	return fsrv_segments_plan(&w->seen, snippets, 0, w->segments, max, count, length) == FSRV_OK;
}

static bool is_label(struct fsrv__text label)
{
	for (size_t i = 0; i < label.length; i++) {
		char byte = fsrv__to_lower(label.at[i]);

		if (!(byte >= 'a' && byte <= 'z') && !fsrv__is_digit(byte) &&
		    (byte == '\0' || strchr("-_.:+", byte) == NULL))
			return false;
	}
	return label.length > 0 && label.length < 40;
}

/* The scripts push the page's own meta element out of the bytes that a browser looks at first. */
static void name_encoding(const struct workshop *w, struct fsrv__page *page)
{
	struct fsrv__text label = {"utf-8", 5};

	if ((w->seen.flags & (FSRV_PAGE_CHARSET | FSRV_PAGE_BOM)) == FSRV_PAGE_CHARSET) {
		struct fsrv__text found = {w->source + w->seen.charset_offset, w->seen.charset_length};

		/* A page that says UTF-16 in ASCII bytes is UTF-8 (WHATWG HTML, 13.2.3.2). */
		if (is_label(found) && !fsrv__text_starts_with(found, "utf-16"))
			label = found;
	}
	snprintf(page->media_type, sizeof(page->media_type), "text/html; charset=%.*s", (int)label.length, label.at);
}

static bool assemble(struct workshop *w, struct fsrv__page *page)
{
	size_t count;
	uint64_t length;

	page->flags = w->seen.flags;
	page->unchanged = (w->seen.flags & (FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP)) != 0;
	if (page->unchanged)
		return true;
	if (!plan(w, &count, &length) || !make_array(w, &page->bytes, (size_t)length, 1))
		return false;
	page->length = (size_t)length;
	fsrv_segments_copy(w->segments, count, w->source, page->bytes);
	name_encoding(w, page);
	return true;
}

static bool is_still(const struct fsrv__file *file)
{
	struct fsrv__file now;

	return fsrv__file_look(file->fd, &now) && now.identity.size == file->identity.size &&
	       fsrv__time_equals(now.identity.modified, file->identity.modified) &&
	       fsrv__time_equals(now.identity.changed, file->identity.changed);
}

static enum fsrv__page_result build(struct workshop *w, const struct fsrv__file *file, struct fsrv__page *page)
{
	size_t size = (size_t)file->identity.size;

	if (!make_array(w, &w->source, size, 1)) {
		errno = ENOMEM;
		return FSRV__PAGE_UNREADABLE;
	}
	if (!fsrv__file_read(file->fd, w->source, size, 0))
		return errno == 0 ? FSRV__PAGE_CHANGED : FSRV__PAGE_UNREADABLE;
	if (!is_still(file))
		return FSRV__PAGE_CHANGED;
	if (!scan(w, size) || !assemble(w, page)) {
		errno = ENOMEM;
		return FSRV__PAGE_UNREADABLE;
	}
	return FSRV__PAGE_READY;
}

void fsrv__page_cache_init(struct fsrv__page_cache *cache, const struct fsrv__allocator *allocator, uint64_t max_size)
{
	*cache = (struct fsrv__page_cache){.allocator = *allocator, .max_size = max_size};
	pthread_mutex_init(&cache->mutex, NULL);
}

struct fsrv__page *fsrv__page_hold(struct fsrv__page *page)
{
	atomic_fetch_add_explicit(&page->references, 1, memory_order_relaxed);
	return page;
}

void fsrv__page_release(struct fsrv__page *page)
{
	struct fsrv__allocator allocator;

	if (page == NULL || atomic_fetch_sub_explicit(&page->references, 1, memory_order_acq_rel) != 1)
		return;
	allocator = page->allocator;
	fsrv__release(&allocator, page->bytes);
	fsrv__release(&allocator, page);
}

static uint64_t weight_of(const struct fsrv__page *page)
{
	return sizeof(*page) + page->length;
}

static void unlink_page(struct fsrv__page_cache *cache, struct fsrv__page *page)
{
	*(page->newer != NULL ? &page->newer->older : &cache->newest) = page->older;
	*(page->older != NULL ? &page->older->newer : &cache->oldest) = page->newer;
	cache->size -= weight_of(page);
}

static void link_newest(struct fsrv__page_cache *cache, struct fsrv__page *page)
{
	page->newer = NULL;
	page->older = cache->newest;
	*(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = page;
	cache->newest = page;
	cache->size += weight_of(page);
}

static void evict(struct fsrv__page_cache *cache, struct fsrv__page *page)
{
	unlink_page(cache, page);
	fsrv__page_release(page);
}

void fsrv__page_cache_clear(struct fsrv__page_cache *cache)
{
	while (cache->oldest != NULL)
		evict(cache, cache->oldest);
	pthread_mutex_destroy(&cache->mutex);
}

static bool is_same(const struct fsrv__page *page, const struct fsrv__file *file, uint64_t scripts)
{
	return page->scripts == scripts && page->identity.size == file->identity.size &&
	       fsrv__time_equals(page->identity.modified, file->identity.modified) &&
	       fsrv__time_equals(page->identity.changed, file->identity.changed);
}

/* Finds the page and moves it to the front; versions that are out of date leave on the way. */
static struct fsrv__page *find(struct fsrv__page_cache *cache, const struct fsrv__file *file,
			       enum fsrv__page_kind kind, uint64_t scripts)
{
	for (struct fsrv__page *page = cache->newest, *older; page != NULL; page = older) {
		older = page->older;
		if (page->identity.inode != file->identity.inode || page->device != file->device || page->kind != kind)
			continue;
		if (is_same(page, file, scripts)) {
			unlink_page(cache, page);
			link_newest(cache, page);
			return fsrv__page_hold(page);
		}
		evict(cache, page);
	}
	return NULL;
}

static void keep(struct fsrv__page_cache *cache, const struct fsrv__file *file, struct fsrv__page *page)
{
	struct fsrv__page *other;

	if (weight_of(page) > cache->max_size)
		return;
	pthread_mutex_lock(&cache->mutex);
	other = find(cache, file, page->kind, page->scripts);
	if (other == NULL)
		link_newest(cache, fsrv__page_hold(page));
	while (cache->size > cache->max_size)
		evict(cache, cache->oldest);
	pthread_mutex_unlock(&cache->mutex);
	fsrv__page_release(other);
}

enum fsrv__page_result fsrv__page_get(struct fsrv__page_cache *cache, const struct fsrv__file *file,
				      const struct fsrv__addition *last, enum fsrv__page_kind kind, bool stable,
				      struct fsrv__page **page, bool *built)
{
	struct workshop w = {.allocator = cache->allocator, .last = last, .kind = kind};
	enum fsrv__page_result result = FSRV__PAGE_READY;
	int error;

	pthread_mutex_lock(&cache->mutex);
	*page = find(cache, file, kind, last->sums[kind].hash);
	pthread_mutex_unlock(&cache->mutex);
	*built = *page == NULL;
	if (*page != NULL)
		return result;
	if (!make_array(&w, page, 1, sizeof(**page))) {
		errno = ENOMEM;
		return FSRV__PAGE_UNREADABLE;
	}
	memset(*page, 0, sizeof(**page));
	(*page)->allocator = cache->allocator;
	(*page)->device = file->device;
	(*page)->identity = file->identity;
	(*page)->kind = kind;
	(*page)->scripts = last->sums[kind].hash;
	atomic_init(&(*page)->references, 1);
	result = build(&w, file, *page);
	error = errno;
	if (result != FSRV__PAGE_READY) {
		fsrv__page_release(*page);
		*page = NULL;
	} else if (stable) {
		keep(cache, file, *page);
	}
	clear(&w);
	errno = error;
	return result;
}
