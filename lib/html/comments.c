/* Finds the ends of comments and of what resembles them. A long comment is passed by searches for ">",
 * and what stands before one is looked up backward; across chunks the last four bytes are in
 * last_bytes. WHATWG HTML, 13.2.5.41 to 13.2.5.71. */
#include "html/comments.h"

#include "html/bytes.h"

/* The last four bytes before at, newest lowest: those of the chunk begin at from, and before has those of
 * earlier chunks. */
static uint32_t last_bytes(uint32_t before, const uint8_t *from, const uint8_t *at)
{
	for (from = at - from > 4 ? at - 4 : from; from < at; from++)
		before = before << 8 | *from;
	return before;
}

/* After "<!": a comment, a CDATA section in foreign content, or what ends at the first ">". matched counts
 * the bytes of "--" or "[CDATA[", and first_byte is the first of them. */
static const uint8_t *read_declaration(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	const char *pattern = s->matched > 0 ? (s->first_byte == '-' ? "--" : "[CDATA[") : NULL;

	for (; at < end; at++) {
		if (s->matched == 0)
			pattern = *at == '-' ? "--" : "[CDATA[";
		if (*at != (uint8_t)pattern[s->matched] ||
		    (*pattern == '[' && !fsrv__stack_current_node_is_foreign(&s->stack))) {
			s->state = FSRV__STATE_BOGUS_COMMENT;
			return at;
		}
		s->first_byte = (uint8_t)*pattern;
		if (pattern[++s->matched] == '\0') {
			s->state = *pattern == '-' ? FSRV__STATE_COMMENT_START : FSRV__STATE_CDATA_SECTION;
			s->last_bytes = 0;
			return at + 1;
		}
	}
	return at;
}

/* "<!-->" and "<!--->" are whole comments. */
static const uint8_t *read_comment_start(struct fsrv__scanner *s, const uint8_t *at)
{
	bool has_dash = s->state == FSRV__STATE_COMMENT_START_DASH;

	if (*at == '>') {
		s->state = FSRV__STATE_DATA;
		return at + 1;
	}
	if (*at == '-' && !has_dash) {
		s->state = FSRV__STATE_COMMENT_START_DASH;
		return at + 1;
	}
	s->last_bytes = has_dash ? '-' : 0;
	s->state = FSRV__STATE_COMMENT;
	return at;
}

static bool ends_comment(uint32_t bytes)
{
	return (bytes & 0xFFFF) == 0x2D2D || (bytes & 0xFFFFFF) == 0x2D2D21; /* "--", "--!" */
}

static bool ends_cdata(uint32_t bytes)
{
	return (bytes & 0xFFFF) == 0x5D5D; /* "]]" */
}

/* Reads up to the first ">" whose preceding bytes end the construct. */
static const uint8_t *read_until(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end,
				 bool (*is_end)(uint32_t))
{
	const uint8_t *from = at;

	for (; (at = fsrv__find_byte(at, end, '>')) < end; at++) {
		if (is_end(last_bytes(s->last_bytes, from, at))) {
			s->state = FSRV__STATE_DATA;
			return at + 1;
		}
	}
	s->last_bytes = last_bytes(s->last_bytes, from, end);
	return end;
}

static const uint8_t *read_bogus_comment(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	at = fsrv__find_byte(at, end, '>');
	if (at == end)
		return end;
	s->state = FSRV__STATE_DATA;
	return at + 1;
}

const uint8_t *fsrv__comments_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	switch ((enum fsrv__tokenizer_state)s->state) {
	case FSRV__STATE_MARKUP_DECLARATION_OPEN:
		return read_declaration(s, at, end);
	case FSRV__STATE_COMMENT_START:
	case FSRV__STATE_COMMENT_START_DASH:
		return read_comment_start(s, at);
	case FSRV__STATE_COMMENT:
		return read_until(s, at, end, ends_comment);
	case FSRV__STATE_CDATA_SECTION:
		return read_until(s, at, end, ends_cdata);
	default:
		return read_bogus_comment(s, at, end);
	}
}
