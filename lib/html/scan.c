/* The public functions of a scan (fsrv/inject.h): they begin it, cut it into chunks, and make the page of
 * what was found. What is found is decided elsewhere; a page must never be an error. */
#include "html/markers.h"
#include "html/scanner.h"
#include "html/tokenizer.h"
#include "html/tree.h"

#include <string.h>

static bool is_known(const struct fsrv_scan_options *options)
{
	const unsigned char *bytes = (const unsigned char *)options;

	if (options->flags & ~(unsigned)FSRV_SCAN_HEAD_ONLY)
		return false;
	for (size_t i = sizeof(*options); i < options->size; i++)
		if (bytes[i] != 0)
			return false;
	return options->size >= sizeof(*options);
}

int fsrv_scan_begin(struct fsrv_scan *scan, const struct fsrv_scan_options *options)
{
	struct fsrv__scanner *s = (struct fsrv__scanner *)&scan->state;

	if (!is_known(options))
		return FSRV_ERR_UNSUPPORTED;
	for (size_t i = 0; i < options->n_markers; i++)
		if (options->markers[i].length == 0 || options->markers[i].length > FSRV_MARKER_MAX)
			return FSRV_ERR_INVALID;
	memset(s, 0, sizeof(*s));
	s->options = *options;
	s->head_start = FSRV_NO_OFFSET;
	s->head_end = FSRV_NO_OFFSET;
	s->body_end = FSRV_NO_OFFSET;
	s->csp_offset = FSRV_NO_OFFSET;
	s->charset.offset = FSRV_NO_OFFSET;
	s->pre_content_start = FSRV_NO_OFFSET;
	s->is_frameset_ok = true;
	s->does_text_matter = true;
	return FSRV_OK;
}

enum fsrv_scan_verdict fsrv_scan_feed(struct fsrv_scan *scan, const void *bytes, size_t length)
{
	struct fsrv__scanner *s = (struct fsrv__scanner *)&scan->state;

	if (length > 0) {
		s->chunk = bytes;
		s->chunk_end = s->chunk + length;
		fsrv__markers_begin_chunk(s);
		fsrv__tokenizer_read(s, s->chunk, s->chunk_end);
		fsrv__markers_end_chunk(s);
		s->chunk_offset += length;
		s->chunk = s->chunk_end;
	}
	return s->is_done ? FSRV_SCAN_DONE : FSRV_SCAN_MORE;
}

int fsrv_scan_end(struct fsrv_scan *scan, struct fsrv_page *page)
{
	struct fsrv__scanner *s = (struct fsrv__scanner *)&scan->state;
	uint64_t body_end;

	fsrv__tokenizer_end(s);
	body_end = fsrv__tree_end(s, s->chunk_offset);
	*page = (struct fsrv_page){.size = s->chunk_offset,
				   .at = {s->head_start, s->head_end, body_end},
				   .flags = s->flags,
				   .csp_offset = s->csp_offset,
				   .charset_offset = s->charset.offset,
				   .charset_length = s->charset.length,
				   .strips = s->options.strips,
				   .n_strips = s->n_strips};
	if (s->options.flags & FSRV_SCAN_HEAD_ONLY) {
		page->at[FSRV_BODY_END] = FSRV_NO_OFFSET;
		page->flags &= ~(unsigned)(FSRV_PAGE_OPEN_BODY | FSRV_PAGE_BODY_CLOSED | FSRV_PAGE_FRAMESET |
					   FSRV_PAGE_UNFINISHED | FSRV_PAGE_TOO_DEEP);
		page->flags |= FSRV_PAGE_HEAD_ONLY;
	}
	if (s->flags & (FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP)) {
		for (size_t i = 0; i < FSRV_POINTS; i++)
			page->at[i] = FSRV_NO_OFFSET;
		page->flags &= FSRV_PAGE_BOM | FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP | FSRV_PAGE_CSP |
			       FSRV_PAGE_CHARSET;
		page->n_strips = 0;
	}
	return page->n_strips > s->options.max_strips ? FSRV_ERR_SPACE : FSRV_OK;
}

int fsrv_scan_page(const void *bytes, size_t length, const struct fsrv_scan_options *options,
		   struct fsrv_page *page)
{
	struct fsrv_scan scan;
	int error = fsrv_scan_begin(&scan, options);

	if (error != FSRV_OK)
		return error;
	fsrv_scan_feed(&scan, bytes, length);
	return fsrv_scan_end(&scan, page);
}
