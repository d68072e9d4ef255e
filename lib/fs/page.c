#include "fs/page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/text.h"

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
	struct fsrv__content *page;
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
static void name_encoding(const struct workshop *w, struct fsrv__content *page)
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

static bool assemble(struct workshop *w)
{
	bool is_file = (w->seen.flags & (FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP)) != 0;
	size_t count = 0;
	uint64_t length = 0;

	if (!is_file && !plan(w, &count, &length))
		return false;
	w->page = fsrv__content_new(&w->allocator, (size_t)length);
	if (w->page == NULL)
		return false;
	w->page->is_file = is_file;
	w->page->flags = w->seen.flags;
	w->page->scripts = w->last->sums[w->kind].hash;
	w->page->scripts_time = w->last->time;
	if (!is_file) {
		fsrv_segments_copy(w->segments, count, w->source, w->page->bytes);
		name_encoding(w, w->page);
	}
	return true;
}

static enum fsrv__page_result build(struct workshop *w, const struct fsrv__file *file)
{
	size_t size = (size_t)file->identity.size;

	if (!make_array(w, &w->source, size, 1)) {
		errno = ENOMEM;
		return FSRV__PAGE_UNREADABLE;
	}
	if (!fsrv__file_read(file->fd, w->source, size, 0))
		return errno == 0 ? FSRV__PAGE_CHANGED : FSRV__PAGE_UNREADABLE;
	if (!fsrv__file_is_still(file))
		return FSRV__PAGE_CHANGED;
	if (!scan(w, size) || !assemble(w)) {
		errno = ENOMEM;
		return FSRV__PAGE_UNREADABLE;
	}
	return FSRV__PAGE_READY;
}

enum fsrv__page_result fsrv__page_build(const struct fsrv__allocator *allocator, const struct fsrv__file *file,
					const struct fsrv__addition *last, enum fsrv__page_kind kind,
					struct fsrv__content **page)
{
	struct workshop w = {.allocator = *allocator, .last = last, .kind = kind};
	enum fsrv__page_result result = build(&w, file);
	int error = errno;

	*page = w.page;
	clear(&w);
	errno = error;
	return result;
}
