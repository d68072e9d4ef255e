/* Finds the end tags of elements whose content is text. The name is compared byte by byte behind each "</",
 * and counts only when white space, "/" or ">" follows. WHATWG HTML, 13.2.5.9 to 13.2.5.14. */
#include "html/raw_text.h"

#include "html/bytes.h"
#include "html/script_text.h"
#include "html/tags.h"

void fsrv__raw_text_begin(struct fsrv__scanner *s)
{
	s->raw_element = s->tag;
	s->matched = 0;
	s->state = FSRV__STATE_RAW_TEXT;
	if (s->tag->id == FSRV__TAG_PLAINTEXT)
		s->state = FSRV__STATE_PLAINTEXT;
	if (s->tag->id == FSRV__TAG_SCRIPT) {
		s->state = FSRV__STATE_SCRIPT_DATA;
		s->script_text = (struct fsrv__script_text){0};
	}
}

/* The element's end tag has begun, and its name is read. */
static void begin_end_tag(struct fsrv__scanner *s)
{
	s->tag = s->raw_element;
	s->is_end_tag = true;
	s->is_self_closing = false;
	s->attributes.element = FSRV__ATTRIBUTES_UNREAD;
	s->state = FSRV__STATE_BEFORE_ATTRIBUTE_NAME;
}

/* Byte i of "</" and the element's name, 0 behind it. */
static uint8_t end_tag_byte(const struct fsrv__scanner *s, unsigned i)
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
		expected = end_tag_byte(s, s->matched);
		if (expected == 0 && fsrv__name_byte[*at] == 0) {
			begin_end_tag(s);
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
	enum fsrv__script_event event;

	at = fsrv__script_text_read(&s->script_text, at, end, &event);
	if (event == FSRV__SCRIPT_END_TAG)
		begin_end_tag(s);
	return at;
}

const uint8_t *fsrv__raw_text_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	if (s->state == FSRV__STATE_SCRIPT_DATA)
		return read_script(s, at, end);
	return s->state == FSRV__STATE_RAW_TEXT ? read_raw(s, at, end) : end;
}
