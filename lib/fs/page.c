/* Reads, scans, plans and copies a page, in this order. Whatever fails, only the finished page
 * outlives the call. */
#include "fs/page.h"

#include <errno.h>
#include <string.h>

#include "fs/encoding.h"
#include "fs/whole_file.h"

/* Script elements to strip for which one scan is enough. */
#define FEW_STRIPS 64

/* What a page is built from. Every allocation but the page itself is released at the end. */
struct builder {
	struct fsrv__allocator allocator;
	const struct fsrv__addition *last;
	enum fsrv__page_kind kind;
	struct fsrv__content *source;
	char *snippets[FSRV_POINTS];
	struct fsrv_marker *markers;
	struct fsrv_strip *strips;
	struct fsrv_segment *segments;
	struct fsrv_page scanned;
	struct fsrv__content *page;
};

/* Writes a new array to *array, a pointer to any type. */
static bool make_array(struct builder *b, void *array, size_t n, size_t size)
{
	void *memory = fsrv__allocate(&b->allocator, n > 0 ? n * size : 1);

	memcpy(array, &memory, sizeof(memory));
	return memory != NULL;
}

static void clear(struct builder *b)
{
	fsrv__content_release(b->source);
	for (int i = 0; i < FSRV_POINTS; i++)
		fsrv__release(&b->allocator, b->snippets[i]);
	fsrv__release(&b->allocator, b->markers);
	fsrv__release(&b->allocator, b->strips);
	fsrv__release(&b->allocator, b->segments);
}

static bool scan(struct builder *b)
{
	const struct fsrv__script_totals *totals = &b->last->totals[b->kind];
	struct fsrv_scan_options options = {
		.size = sizeof(options), .n_markers = totals->n_markers, .max_strips = FEW_STRIPS};

	if (!make_array(b, &b->markers, totals->n_markers, sizeof(*b->markers)) ||
	    !make_array(b, &b->strips, FEW_STRIPS, sizeof(*b->strips)))
		return false;
	fsrv__scripts_list_markers(b->last, b->kind, b->markers);
	options.markers = b->markers;
	options.strips = b->strips;
	if (fsrv_scan_page(b->source->bytes, b->source->length, &options, &b->scanned) != FSRV_ERR_SPACE)
		return true;
	fsrv__release(&b->allocator, b->strips);
	if (!make_array(b, &b->strips, b->scanned.n_strips, sizeof(*b->strips)))
		return false;
	options.strips = b->strips;
	options.max_strips = b->scanned.n_strips;
	return fsrv_scan_page(b->source->bytes, b->source->length, &options, &b->scanned) == FSRV_OK;
}

static bool plan(struct builder *b, size_t *count, uint64_t *length)
{
	struct fsrv_snippet snippets[FSRV_POINTS];
	size_t max = FSRV_SEGMENTS_MAX(b->scanned.n_strips);

	for (int i = 0; i < FSRV_POINTS; i++) {
		snippets[i].length = b->last->totals[b->kind].lengths[i];
		if (!make_array(b, &b->snippets[i], snippets[i].length, 1))
			return false;
		fsrv__scripts_copy(b->last, b->kind, (enum fsrv_point)i, b->snippets[i]);
		snippets[i].bytes = b->snippets[i];
	}
	if (!make_array(b, &b->segments, max, sizeof(*b->segments)))
		return false;
	return fsrv_segments_plan(&b->scanned, snippets, 0, b->segments, max, count, length) == FSRV_OK;
}

/* A page whose encoding allows no scripts has the bytes of its file. */
static struct fsrv__content *make_page(struct builder *b)
{
	size_t count = 0;
	uint64_t length = 0;
	struct fsrv__content *page;

	if ((b->scanned.flags & (FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP)) != 0) {
		page = fsrv__content_new(&b->allocator, b->source->length);
		if (page != NULL)
			memcpy(page->bytes, b->source->bytes, b->source->length);
		return page;
	}
	if (!plan(b, &count, &length))
		return NULL;
	page = fsrv__content_new(&b->allocator, (size_t)length);
	if (page == NULL)
		return NULL;
	fsrv_segments_copy(b->segments, count, b->source->bytes, page->bytes);
	page->has_scripts = true;
	return page;
}

static bool assemble(struct builder *b)
{
	b->page = make_page(b);
	if (b->page == NULL)
		return false;
	fsrv__content_seal(b->page);
	/* The scripts may push the page's meta element out of the bytes in which a browser looks for it. */
	fsrv__encoding_name(b->source->bytes, b->source->length, b->page->media_type);
	b->page->is_volatile = b->source->is_volatile;
	b->page->flags = b->scanned.flags;
	b->page->scripts_hash = b->last->totals[b->kind].hash;
	b->page->scripts_time = b->last->time;
	b->page->source_hash = b->source->hash;
	return true;
}

static enum fsrv__page_result read_source(struct builder *b, const struct fsrv__page_source *source)
{
	struct fsrv__file file = *source->file;

	if (source->bytes != NULL && source->bytes->length > source->max_size)
		return FSRV__PAGE_TOO_LARGE;
	if (source->bytes != NULL) {
		b->source = fsrv__content_hold(source->bytes);
		return FSRV__PAGE_READY;
	}
	/* Nothing is read of a file that will be refused. */
	if (file.identity.size > source->max_size)
		return FSRV__PAGE_TOO_LARGE;
	switch (fsrv__whole_file_read(&b->allocator, &file, source->max_size, &b->source)) {
	case FSRV__WHOLE_FILE_TOO_LARGE:
		return fsrv__file_is_unchanged(source->file) ? FSRV__PAGE_TOO_LARGE : FSRV__PAGE_CHANGED;
	case FSRV__WHOLE_FILE_UNREADABLE:
		return FSRV__PAGE_UNREADABLE;
	case FSRV__WHOLE_FILE_READ:
		break;
	}
	return fsrv__file_is_unchanged(source->file) ? FSRV__PAGE_READY : FSRV__PAGE_CHANGED;
}

/* Whether the known page was built from the same bytes and scripts. */
static bool is_known(const struct builder *b, const struct fsrv__content *known)
{
	return known != NULL && known->source_hash == b->source->hash &&
	       known->scripts_hash == b->last->totals[b->kind].hash &&
	       known->is_volatile == b->source->is_volatile;
}

static enum fsrv__page_result build(struct builder *b, const struct fsrv__page_source *source)
{
	enum fsrv__page_result result = read_source(b, source);

	if (result != FSRV__PAGE_READY)
		return result;
	if (is_known(b, source->known)) {
		b->page = fsrv__content_hold(source->known);
		return FSRV__PAGE_READY;
	}
	if (!scan(b) || !assemble(b)) {
		errno = ENOMEM;
		return FSRV__PAGE_UNREADABLE;
	}
	return FSRV__PAGE_READY;
}

enum fsrv__page_result fsrv__page_build(const struct fsrv__allocator *allocator,
					const struct fsrv__page_source *source,
					const struct fsrv__addition *last, enum fsrv__page_kind kind,
					struct fsrv__content **page)
{
	struct builder b = {.allocator = *allocator, .last = last, .kind = kind};
	enum fsrv__page_result result = build(&b, source);
	int error = errno;

	*page = b.page;
	clear(&b);
	errno = error;
	return result;
}
