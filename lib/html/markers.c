#include "html/scanner.h"

#include <string.h>

/* True when the text ends in "&" and letters, digits or "#"; carried: the same of the text before it. */
static bool ends_in_reference(const uint8_t *from, const uint8_t *end, bool carried)
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

void fsrv__marks_text(struct fsrv__scanner *s, const uint8_t *from, const uint8_t *end, bool is_whole)
{
	bool ends = ends_in_reference(from, end, s->ends_reference);

	s->ends_reference = ends && !is_whole;
	s->before = ends && is_whole ? FSRV__JOINT_REFERENCE : 0;
}

static bool has_any_case(const uint8_t *from, const uint8_t *to, const uint8_t *marker, size_t length)
{
	for (; (size_t)(to - from) >= length; from++) {
		size_t i = 0;

		while (i < length && fsrv__lower(from[i]) == fsrv__lower(marker[i]))
			i++;
		if (i == length)
			return true;
	}
	return false;
}

static bool has_marker(const struct fsrv__scanner *s, const uint8_t *from, const uint8_t *to)
{
	for (size_t i = 0; i < s->options.n_markers; i++) {
		const struct fsrv_marker *marker = &s->options.markers[i];

		if (marker->any_case
			    ? has_any_case(from, to, marker->bytes, marker->length)
			    : memmem(from, (size_t)(to - from), marker->bytes, marker->length) != NULL)
			return true;
	}
	return false;
}

/* First byte of the current tag or script in this chunk. */
static const uint8_t *element_start(const struct fsrv__scanner *s)
{
	return s->tag_start > s->base ? s->chunk + (s->tag_start - s->base) : s->chunk;
}

void fsrv__marks_search(struct fsrv__scanner *s, const uint8_t *to)
{
	const uint8_t *from = element_start(s);
	size_t length = (size_t)(to - from) < sizeof(s->tail) ? (size_t)(to - from) : sizeof(s->tail);
	uint8_t joint[2 * sizeof(s->tail)];

	if (s->has_marker)
		return;
	if (s->tail_length > 0) {
		memcpy(joint, s->tail, s->tail_length);
		memcpy(joint + s->tail_length, from, length);
		s->has_marker = has_marker(s, joint, joint + s->tail_length + length);
	}
	s->has_marker = s->has_marker || has_marker(s, from, to);
}

void fsrv__marks_carry(struct fsrv__scanner *s, const uint8_t *end)
{
	const uint8_t *from = element_start(s);
	size_t length = (size_t)(end - from);
	size_t kept;

	if (length > sizeof(s->tail)) {
		from = end - sizeof(s->tail);
		length = sizeof(s->tail);
	}
	kept = s->tail_length < sizeof(s->tail) - length ? s->tail_length : sizeof(s->tail) - length;
	memmove(s->tail, s->tail + s->tail_length - kept, kept);
	memcpy(s->tail + kept, from, length);
	s->tail_length = (uint8_t)(kept + length);
}
