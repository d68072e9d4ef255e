/* Searches script elements for markers. A script is searched once, in the pieces that chunks make of it,
 * and each seam between two chunks once more. The strip array is the caller's, and no entry is written
 * beyond max_strips. */
#include "html/markers.h"

#include <string.h>

#include "html/bytes.h"
#include "html/scanner.h"

/* True when the text ends in "&" and letters, digits or "#"; carried: the same of the text before it. */
static bool ends_in_open_reference(const uint8_t *from, const uint8_t *end, bool carried)
{
	while (end > from) {
		uint8_t byte = *--end;

		if (byte == '&')
			return true;
		if (!fsrv__is_letter(byte) && (uint8_t)(byte - '0') > 9 && byte != '#')
			return false;
	}
	return carried;
}

void fsrv__markers_note_text(struct fsrv__scanner *s, const uint8_t *from, const uint8_t *end, bool is_whole)
{
	bool ends = ends_in_open_reference(from, end, s->ends_in_reference);

	s->ends_in_reference = ends && !is_whole;
	s->preceding = ends && is_whole ? FSRV__PRECEDING_REFERENCE : 0;
}

static bool contains_in_any_case(const uint8_t *from, const uint8_t *to, const uint8_t *marker, size_t length)
{
	for (; (size_t)(to - from) >= length; from++) {
		size_t i = 0;

		while (i < length && fsrv__lowercase(from[i]) == fsrv__lowercase(marker[i]))
			i++;
		if (i == length)
			return true;
	}
	return false;
}

static bool contains_marker(const struct fsrv__scanner *s, const uint8_t *from, const uint8_t *to)
{
	for (size_t i = 0; i < s->options.n_markers; i++) {
		const struct fsrv_marker *marker = &s->options.markers[i];

		if (marker->any_case
			    ? contains_in_any_case(from, to, marker->bytes, marker->length)
			    : memmem(from, (size_t)(to - from), marker->bytes, marker->length) != NULL)
			return true;
	}
	return false;
}

/* First byte of the current tag or script in this chunk. */
static const uint8_t *element_start(const struct fsrv__scanner *s)
{
	return s->tag_start > s->chunk_offset ? s->chunk + (s->tag_start - s->chunk_offset) : s->chunk;
}

/* True when a marker begins in earlier chunks and ends in this one, before to. */
static bool crosses_chunks(const struct fsrv__scanner *s, const uint8_t *from, const uint8_t *to)
{
	size_t length = (size_t)(to - from) < sizeof(s->carried) ? (size_t)(to - from) : sizeof(s->carried);
	uint8_t seam[2 * sizeof(s->carried)];

	memcpy(seam, s->carried, s->carried_length);
	memcpy(seam + s->carried_length, from, length);
	return contains_marker(s, seam, seam + s->carried_length + length);
}

/* Looks for the markers in those bytes of the current element that lie in this chunk. */
static void search(struct fsrv__scanner *s, const uint8_t *to)
{
	const uint8_t *from = element_start(s);

	if (!s->has_marker)
		s->has_marker = (s->carried_length > 0 && crosses_chunks(s, from, to)) ||
				contains_marker(s, from, to);
}

/* Keeps the last bytes of the current element. */
static void carry(struct fsrv__scanner *s)
{
	const uint8_t *from = element_start(s), *end = s->chunk_end;
	size_t length = (size_t)(end - from);
	size_t kept;

	if (length > sizeof(s->carried)) {
		from = end - sizeof(s->carried);
		length = sizeof(s->carried);
	}
	kept = s->carried_length < sizeof(s->carried) - length ? s->carried_length
							       : sizeof(s->carried) - length;
	memmove(s->carried, s->carried + s->carried_length - kept, kept);
	memcpy(s->carried + kept, from, length);
	s->carried_length = (uint8_t)(kept + length);
}

/* The byte behind the element is not there yet when the chunk ends with it. */
static void record(struct fsrv__scanner *s, const uint8_t *after)
{
	struct fsrv_strip strip = {s->tag_start, fsrv__offset(s, after) - s->tag_start, s->preceding, -1};

	if (s->pre_content_start == s->tag_start)
		strip.before = FSRV__PRECEDING_PRE;
	if (after < s->chunk_end)
		strip.after = *after;
	s->strip_wants_next_byte = after == s->chunk_end;
	if (s->n_strips < s->options.max_strips)
		s->options.strips[s->n_strips] = strip;
	s->n_strips++;
}

void fsrv__markers_end_script(struct fsrv__scanner *s, const uint8_t *after)
{
	search(s, after);
	if (s->has_marker)
		record(s, after);
}

void fsrv__markers_begin_chunk(struct fsrv__scanner *s)
{
	if (s->strip_wants_next_byte && s->n_strips <= s->options.max_strips)
		s->options.strips[s->n_strips - 1].after = *s->chunk;
	s->strip_wants_next_byte = false;
}

void fsrv__markers_end_chunk(struct fsrv__scanner *s)
{
	bool is_tag_begun =
		s->state == FSRV__STATE_TAG_OPEN || (s->state == FSRV__STATE_TAG_NAME && !s->is_end_tag);

	if (s->searches_markers)
		search(s, s->chunk_end);
	if (s->searches_markers || (is_tag_begun && s->options.n_markers > 0))
		carry(s);
}
