#include "html/tagless.h"

#include "html/bytes.h"
#include "html/tree.h"

/* The readers here have the same contract as those of tokenizer.c. */

/* The last four bytes before at, newest in the low bits: those of the chunk from from on, preceded by
 * those of before. */
static uint32_t last_bytes(uint32_t before, const uint8_t *from, const uint8_t *at)
{
	for (from = at - from > 4 ? at - 4 : from; from < at; from++)
		before = before << 8 | *from;
	return before;
}

/* A byte order mark, or what turns out to be text. matched counts the bytes; tail holds the first. */
static const uint8_t *read_start(struct fsrv__scanner *s, const uint8_t *at)
{
	static const struct {
		uint8_t bytes[3];
		uint8_t length;
		unsigned flag;
	} marks[] = {{{0xEF, 0xBB, 0xBF}, 3, FSRV_PAGE_BOM},
		     {{0xFE, 0xFF, 0}, 2, FSRV_PAGE_UTF16},
		     {{0xFF, 0xFE, 0}, 2, FSRV_PAGE_UTF16}};

	if (s->matched == 0)
		s->carried[0] = *at;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (marks[i].bytes[0] != s->carried[0] || marks[i].bytes[s->matched] != *at)
			continue;
		if (++s->matched == marks[i].length) {
			s->flags |= marks[i].flag;
			s->is_done = marks[i].flag == FSRV_PAGE_UTF16;
			s->state = FSRV__STATE_DATA;
		}
		return at + 1;
	}
	s->state = FSRV__STATE_DATA;
	if (s->matched > 0)
		fsrv__tree_characters(s, 0, false);
	return at;
}
/* After "<!": a comment, CDATA in foreign content, or something that ends at the first ">". */
static const uint8_t *read_declaration(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	const char *pattern = s->matched > 0 ? (s->last_bytes == '-' ? "--" : "[CDATA[") : NULL;

	for (; at < end; at++) {
		if (s->matched == 0)
			pattern = *at == '-' ? "--" : "[CDATA[";
		if (*at != (uint8_t)pattern[s->matched] ||
		    (*pattern == '[' && !fsrv__stack_is_foreign(&s->stack))) {
			s->state = FSRV__STATE_BOGUS_COMMENT;
			return at;
		}
		s->last_bytes = (uint8_t)*pattern;
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

/* The text of the raw element ended before its end tag, whose name was read; at is the byte after it. */
static void finish_raw(struct fsrv__scanner *s)
{
	s->tag = s->raw_element;
	s->is_end_tag = true;
	s->is_self_closing = false;
	s->attributes.element = FSRV__ATTRIBUTES_UNREAD;
	s->state = FSRV__STATE_BEFORE_ATTRIBUTE_NAME;
}

/* Byte i of "</" and the element's name, 0 behind it. */
static uint8_t raw_pattern(const struct fsrv__scanner *s, unsigned i)
{
	return i < 2 ? (uint8_t) "</"[i] : (uint8_t)s->raw_element->name[i - 2];
}

static const uint8_t *read_raw(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		uint8_t expected;

		if (s->matched == 0) {
			at = fsrv__find_last_less_than(at, end);
			if (at == end)
				break;
			s->matched = 1;
			at++;
			continue;
		}
		expected = raw_pattern(s, s->matched);
		if (expected == 0 && fsrv__name_byte[*at] == 0) {
			finish_raw(s);
			return at;
		}
		if (expected == 0 || expected != fsrv__lowercase(*at)) {
			s->matched = 0;
			continue;
		}
		s->matched++;
		at++;
	}
	return at;
}

static const uint8_t *read_script(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	enum fsrv__script_event mark;

	at = fsrv__script_text_read(&s->script_text, at, end, &mark);
	if (mark == FSRV__SCRIPT_END_TAG)
		finish_raw(s);
	return at;
}

const uint8_t *fsrv__passage_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
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
	case FSRV__STATE_BYTE_ORDER_MARK:
		return read_start(s, at);
	case FSRV__STATE_RAW_TEXT:
		return read_raw(s, at, end);
	case FSRV__STATE_SCRIPT_DATA:
		return read_script(s, at, end);
	case FSRV__STATE_PLAINTEXT:
		return end;
	default:
		return read_bogus_comment(s, at, end);
	}
}
