/* What attributes mean. A name is compared by its key and a value as far as it was kept; neither is
 * copied anywhere else. WHATWG HTML, 13.2.6.4 and 13.2.6.5. */
#include "html/attributes.h"

#include <string.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t key_of(const char *name)
{
	uint64_t key = 0;

	for (; *name != '\0'; name++)
		key = FSRV__KEY_ADD(key, *name);
	return key;
}

static bool has_value(const struct fsrv__attributes *a, const char *text)
{
	size_t length = strlen(text);

	if (a->value_length != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (fsrv__lowercase(a->value[i]) != (uint8_t)text[i])
			return false;
	return true;
}

static bool is_iso_2022_jp(const uint8_t *label, size_t length)
{
	static const char *const names[] = {"iso-2022-jp", "csiso2022jp"};

	for (size_t i = 0; i < LEN(names); i++) {
		size_t at = 0;

		while (at < length && at < strlen(names[i]) &&
		       fsrv__lowercase(label[at]) == (uint8_t)names[i][at])
			at++;
		if (at == length && at == strlen(names[i]))
			return true;
	}
	return false;
}

/* Takes value[from..to) as the label of an encoding, without white space around it. A label that
 * reaches the end of what was kept of a long value is not known as a whole. */
static void take_label(struct fsrv__attributes *a, unsigned from, unsigned to,
		       enum fsrv__attributes_found found)
{
	struct fsrv__encoding_label *label = found == FSRV__FOUND_CHARSET ? &a->charset : &a->content_charset;

	while (from < to && fsrv__is_whitespace(a->value[from]))
		from++;
	while (to > from && fsrv__is_whitespace(a->value[to - 1]))
		to--;
	if (from == to || to == FSRV__VALUE_MAX)
		return;
	label->offset = a->value_offset + from;
	label->length = (uint8_t)(to - from);
	label->is_iso_2022_jp = is_iso_2022_jp(a->value + from, to - from);
	a->found |= (uint16_t)found;
}

static unsigned skip_whitespace(const struct fsrv__attributes *a, unsigned at)
{
	while (at < a->value_length && fsrv__is_whitespace(a->value[at]))
		at++;
	return at;
}

/* Position behind the "=" of the first "charset" that one follows, white space between them aside; the
 * length of the value when there is none. */
static unsigned find_charset(const struct fsrv__attributes *a)
{
	static const char word[] = "charset";
	unsigned matched = 0;

	for (unsigned at = 0; at < a->value_length; at++) {
		uint8_t byte = fsrv__lowercase(a->value[at]);

		matched = byte == (uint8_t)word[matched] ? matched + 1 : byte == (uint8_t)word[0];
		if (matched < sizeof(word) - 1)
			continue;
		matched = 0;
		if (skip_whitespace(a, at + 1) < a->value_length &&
		    a->value[skip_whitespace(a, at + 1)] == '=')
			return skip_whitespace(a, at + 1) + 1;
	}
	return a->value_length;
}

/* The algorithm for extracting a character encoding from a meta element, on the value of content. */
static void take_content(struct fsrv__attributes *a)
{
	unsigned from = skip_whitespace(a, find_charset(a));
	unsigned to;
	uint8_t quote;

	if (from == a->value_length)
		return;
	quote = a->value[from];
	if (quote != '"' && quote != '\'')
		quote = 0;
	else
		from++;
	for (to = from; to < a->value_length; to++)
		if (quote != 0 ? a->value[to] == quote
			       : fsrv__is_whitespace(a->value[to]) || a->value[to] == ';')
			break;
	if (quote == 0 || to < a->value_length)
		take_label(a, from, to, FSRV__FOUND_CONTENT_CHARSET);
}

static void take_charset(struct fsrv__attributes *a)
{
	take_label(a, 0, a->value_length, FSRV__FOUND_CHARSET);
}

static void take_http_equiv(struct fsrv__attributes *a)
{
	if (has_value(a, "content-type"))
		a->found |= FSRV__FOUND_PRAGMA;
	else if (has_value(a, "content-security-policy"))
		a->found |= FSRV__FOUND_CSP;
}

static void take_type(struct fsrv__attributes *a)
{
	if (has_value(a, "hidden"))
		a->found |= FSRV__FOUND_HIDDEN;
}

static void take_font_style(struct fsrv__attributes *a)
{
	a->found |= FSRV__FOUND_FONT;
}

static void take_encoding(struct fsrv__attributes *a)
{
	if (has_value(a, "text/html") || has_value(a, "application/xhtml+xml"))
		a->found |= FSRV__FOUND_HTML_ENCODING;
}

static const struct {
	enum fsrv__attributes_element element;
	const char *name;
	void (*take)(struct fsrv__attributes *);
} attributes[] = {
	{FSRV__ATTRIBUTES_OF_META, "charset", take_charset},
	{FSRV__ATTRIBUTES_OF_META, "content", take_content},
	{FSRV__ATTRIBUTES_OF_META, "http-equiv", take_http_equiv},
	{FSRV__ATTRIBUTES_OF_INPUT, "type", take_type},
	{FSRV__ATTRIBUTES_OF_FONT, "color", take_font_style},
	{FSRV__ATTRIBUTES_OF_FONT, "face", take_font_style},
	{FSRV__ATTRIBUTES_OF_FONT, "size", take_font_style},
	{FSRV__ATTRIBUTES_OF_ANNOTATION_XML, "encoding", take_encoding},
};

static enum fsrv__attributes_element element_of(const struct fsrv__tag *tag, bool is_foreign,
						bool is_frameset_ok)
{
	switch (tag->id) {
	case FSRV__TAG_META:
		return FSRV__ATTRIBUTES_OF_META;
	case FSRV__TAG_INPUT:
		return is_frameset_ok ? FSRV__ATTRIBUTES_OF_INPUT : FSRV__ATTRIBUTES_UNREAD;
	case FSRV__TAG_FONT:
		return is_foreign ? FSRV__ATTRIBUTES_OF_FONT : FSRV__ATTRIBUTES_UNREAD;
	case FSRV__TAG_ANNOTATION_XML:
		return is_foreign ? FSRV__ATTRIBUTES_OF_ANNOTATION_XML : FSRV__ATTRIBUTES_UNREAD;
	default:
		return FSRV__ATTRIBUTES_UNREAD;
	}
}

void fsrv__attributes_begin(struct fsrv__attributes *a, const struct fsrv__tag *tag, bool is_foreign,
			    bool is_frameset_ok)
{
	a->element = (uint8_t)element_of(tag, is_foreign, is_frameset_ok);
	a->found = 0;
	a->seen = 0;
	a->name_key = 0;
	a->value_length = 0;
}

void fsrv__attributes_add_name(struct fsrv__attributes *a, const uint8_t *from, const uint8_t *to)
{
	for (; from < to; from++)
		a->name_key = FSRV__KEY_ADD(a->name_key, fsrv__lowercase(*from));
}

void fsrv__attributes_add_value(struct fsrv__attributes *a, const uint8_t *from, const uint8_t *to)
{
	size_t room = (size_t)(FSRV__VALUE_MAX - a->value_length);
	size_t length = (size_t)(to - from) < room ? (size_t)(to - from) : room;

	memcpy(a->value + a->value_length, from, length);
	a->value_length = (uint8_t)(a->value_length + length);
}

void fsrv__attributes_finish(struct fsrv__attributes *a)
{
	for (unsigned i = 0; i < LEN(attributes); i++) {
		if (a->element != attributes[i].element || a->name_key != key_of(attributes[i].name))
			continue;
		if (!(a->seen & 1U << i))
			attributes[i].take(a);
		a->seen |= (uint8_t)(1U << i);
	}
	a->name_key = 0;
	a->value_length = 0;
}
