/* Plans of new pages (fsrv/inject.h): slices of the page and literal bytes. The planner knows a page by its
 * struct fsrv_page alone and never looks at the bytes; so what could become markup where an element is
 * taken out is told by the scanner, in fsrv_strip.before (markers.h). */
#include "fsrv/inject.h"

#include <stdbool.h>
#include <string.h>

#include "html/bytes.h"
#include "html/markers.h"

static const char body_tag[] = "<body>";
static const char empty_comment[] = "<!---->";
static const char empty_script[] = "<script></script>";

struct planner {
	struct fsrv_segment *segments;
	size_t max;
	size_t count;
	uint64_t length;
	uint64_t position;  /* in the page: all before it is written or stripped */
	unsigned preceding; /* what the bytes written last could become, enum fsrv__preceding */
	int after;          /* the byte at position, if has_gap */
	bool has_gap;       /* an element was stripped before position and nothing written since */
};

static bool is_letter(int byte)
{
	return byte >= 0 && fsrv__is_letter((uint8_t)byte);
}

static bool is_word(int byte)
{
	return is_letter(byte) || (byte >= '0' && byte <= '9') || byte == '#';
}

/* True when a byte would make markup of what stands before a stripped element. */
static bool would_combine(unsigned preceding, int byte)
{
	if (preceding & FSRV__PRECEDING_LESS_THAN)
		return is_letter(byte) || byte == '/' || byte == '!' || byte == '?';
	if (preceding & FSRV__PRECEDING_REFERENCE)
		return is_word(byte) || byte == ';';
	return (preceding & FSRV__PRECEDING_PRE) && (byte == '\r' || byte == '\n');
}

static void add(struct planner *p, const void *literal, uint64_t offset, uint64_t length)
{
	if (length == 0)
		return;
	if (p->count < p->max)
		p->segments[p->count] = (struct fsrv_segment){literal, offset, length};
	p->count++;
	p->length += length;
}

static void add_literal(struct planner *p, const void *literal, size_t length)
{
	add(p, literal, 0, length);
}

/* Stripped elements end here, and byte is the next to be written. */
static void close_gap(struct planner *p, int byte)
{
	if (p->has_gap && would_combine(p->preceding, byte))
		add_literal(p, empty_comment, sizeof(empty_comment) - 1);
	p->has_gap = false;
}

static void add_page(struct planner *p, uint64_t end)
{
	if (end <= p->position)
		return;
	close_gap(p, p->after);
	add(p, NULL, p->position, end - p->position);
	p->position = end;
}

/* What the end of a snippet could become with the bytes that follow a stripped element. */
static unsigned preceding_of(const uint8_t *bytes, size_t length)
{
	if (bytes[length - 1] == '<')
		return FSRV__PRECEDING_LESS_THAN;
	while (length > 0 && is_word(bytes[length - 1]))
		length--;
	return length > 0 && bytes[length - 1] == '&' ? FSRV__PRECEDING_REFERENCE : 0;
}

static void add_snippet(struct planner *p, const struct fsrv_snippet *snippet)
{
	if (snippet->length == 0)
		return;
	close_gap(p, *(const uint8_t *)snippet->bytes);
	add_literal(p, snippet->bytes, snippet->length);
	p->preceding = preceding_of(snippet->bytes, snippet->length);
}

static void add_point(struct planner *p, const struct fsrv_page *page, enum fsrv_point point,
		      const struct fsrv_snippet *snippet)
{
	static const struct fsrv_snippet body = {body_tag, sizeof(body_tag) - 1};

	if (snippet->length == 0 || page->at[point] == FSRV_NO_OFFSET)
		return;
	add_page(p, page->at[point]);
	if (point == FSRV_BODY_END && (page->flags & FSRV_PAGE_OPEN_BODY))
		add_snippet(p, &body);
	add_snippet(p, snippet);
}

static void add_strip(struct planner *p, const struct fsrv_strip *strip, bool is_kept)
{
	if (strip->offset > p->position) {
		add_page(p, strip->offset);
		p->preceding = strip->before;
	}
	p->position = strip->offset + strip->length;
	p->after = strip->after;
	if (is_kept)
		add_literal(p, empty_script, sizeof(empty_script) - 1);
	else
		p->has_gap = true;
}

int fsrv_segments_plan(const struct fsrv_page *page, const struct fsrv_snippet snippets[FSRV_POINTS],
		       unsigned flags, struct fsrv_segment *segments, size_t max, size_t *count,
		       uint64_t *length)
{
	struct planner p = {.segments = segments, .max = max};
	size_t strip = 0;

	for (unsigned point = 0; point < FSRV_POINTS; point++) {
		for (; strip < page->n_strips && page->strips[strip].offset < page->at[point]; strip++)
			add_strip(&p, &page->strips[strip], (flags & FSRV_PLAN_KEEP_ELEMENTS) != 0);
		add_point(&p, page, point, &snippets[point]);
	}
	for (; strip < page->n_strips; strip++)
		add_strip(&p, &page->strips[strip], (flags & FSRV_PLAN_KEEP_ELEMENTS) != 0);
	add_page(&p, page->size);
	*count = p.count;
	*length = p.length;
	return p.count <= max ? FSRV_OK : FSRV_ERR_SPACE;
}

void fsrv_segments_slice(const struct fsrv_segment *segments, size_t count, uint64_t offset, uint64_t length,
			 struct fsrv_segment *slice, size_t *slice_count)
{
	size_t n = 0;

	for (size_t i = 0; i < count && length > 0; i++) {
		struct fsrv_segment segment = segments[i];

		if (offset >= segment.length) {
			offset -= segment.length;
			continue;
		}
		segment.length -= offset;
		if (segment.length > length)
			segment.length = length;
		if (segment.literal != NULL)
			segment.literal = (const char *)segment.literal + offset;
		else
			segment.offset += offset;
		length -= segment.length;
		offset = 0;
		slice[n++] = segment;
	}
	*slice_count = n;
}

void fsrv_segments_copy(const struct fsrv_segment *segments, size_t count, const void *page, void *buffer)
{
	char *to = buffer;

	for (size_t i = 0; i < count; i++) {
		const char *from = segments[i].literal != NULL ? segments[i].literal
							       : (const char *)page + segments[i].offset;

		memcpy(to, from, (size_t)segments[i].length);
		to += segments[i].length;
	}
}
