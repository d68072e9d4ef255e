/* Script elements to be put into pages (fsrv/inject.h): checks their text and builds them. What is built
 * must end where it is meant to, by the same rules as the scanner's (script_text.h), and never earlier.
 * WHATWG HTML, 4.12.1.3. */
#include <stdbool.h>
#include <string.h>

#include "html/bytes.h"
#include "html/script_text.h"
#include "fsrv/inject.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes to be written, or only counted beyond the capacity. */
struct writer {
	char *buffer;
	size_t capacity;
	size_t length;
};

static void put(struct writer *w, const void *bytes, size_t length)
{
	if (length > 0 && w->length <= w->capacity && length <= w->capacity - w->length)
		memcpy(w->buffer + w->length, bytes, length);
	w->length += length;
}

static void put_text(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

unsigned fsrv_script_check(const void *text, size_t length)
{
	struct fsrv__script_text state = {0};
	const uint8_t *bytes = text, *end = length > 0 ? bytes + length : bytes;
	enum fsrv__script_event event = FSRV__SCRIPT_NONE;
	unsigned traits = 0;

	for (const uint8_t *at = bytes; at < end && event != FSRV__SCRIPT_END_TAG;)
		at = fsrv__script_text_read(&state, at, end, &event);
	if (event == FSRV__SCRIPT_END_TAG || state.level == FSRV__SCRIPT_DOUBLE_ESCAPED ||
	    (length > 0 && memchr(bytes, 0, length) != NULL))
		traits |= FSRV_SCRIPT_UNSAFE;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] >= 0x80)
			return traits | FSRV_SCRIPT_NOT_ASCII;
	}
	return traits;
}

/* Writes the text with "\u003C" in place of each "<" that would end the element or nest a script. */
static void put_escaped(struct writer *w, const uint8_t *at, const uint8_t *end)
{
	struct fsrv__script_text state = {0};
	enum fsrv__script_event event;
	const uint8_t *written = at;

	while (at < end) {
		at = fsrv__script_text_read(&state, at, end, &event);
		if (event != FSRV__SCRIPT_NONE) {
			const uint8_t *less =
				at - (event == FSRV__SCRIPT_END_TAG ? strlen("</script") : strlen("<script"));

			put(w, written, (size_t)(less - written));
			put_text(w, "\\u003C");
			written = less + 1;
		}
		if (event == FSRV__SCRIPT_DOUBLE_ESCAPE_START)
			state.level = FSRV__SCRIPT_ESCAPED;
	}
	put(w, written, (size_t)(end - written));
}

static void put_base64(struct writer *w, const uint8_t *at, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t left = length; left > 0; at += 3) {
		size_t taken = left < 3 ? left : 3;
		uint32_t bits = (uint32_t)at[0] << 16;
		char four[4] = {0, 0, '=', '='};

		bits |= taken > 1 ? (uint32_t)at[1] << 8 : 0;
		bits |= taken > 2 ? (uint32_t)at[2] : 0;
		for (size_t i = 0; i <= taken; i++)
			four[i] = digits[bits >> (18 - 6 * i) & 63];
		put(w, four, sizeof(four));
		left -= taken;
	}
}

static bool is_equal(const char *a, const char *b)
{
	while (*a != '\0' && fsrv__lowercase((uint8_t)*a) == fsrv__lowercase((uint8_t)*b)) {
		a++;
		b++;
	}
	return *a == '\0' && *b == '\0';
}

static bool is_name(const char *name)
{
	if (!fsrv__is_letter((uint8_t)*name))
		return false;
	for (; *name != '\0'; name++)
		if (!fsrv__is_letter((uint8_t)*name) && (uint8_t)(*name - '0') > 9 &&
		    strchr(":._-", *name) == NULL)
			return false;
	return true;
}

static const struct fsrv_attribute *find_attribute(const struct fsrv_script *script, const char *name)
{
	for (size_t i = 0; i < script->n_attributes; i++)
		if (is_equal(script->attributes[i].name, name))
			return &script->attributes[i];
	return NULL;
}

/* True when a browser runs the text as a classic script (4.12.1.1, the type attribute). */
static bool is_classic(const struct fsrv_script *script)
{
	static const char *const types[] = {"",
					    "text/javascript",
					    "application/javascript",
					    "application/ecmascript",
					    "application/x-ecmascript",
					    "application/x-javascript",
					    "text/ecmascript",
					    "text/javascript1.0",
					    "text/javascript1.1",
					    "text/javascript1.2",
					    "text/javascript1.3",
					    "text/javascript1.4",
					    "text/javascript1.5",
					    "text/jscript",
					    "text/livescript",
					    "text/x-ecmascript",
					    "text/x-javascript"};
	const struct fsrv_attribute *type = find_attribute(script, "type");

	if (type == NULL || type->value == NULL)
		return true;
	for (size_t i = 0; i < LEN(types); i++)
		if (is_equal(type->value, types[i]))
			return true;
	return false;
}

static bool is_valid(const struct fsrv_script *script)
{
	if ((unsigned)script->mode > FSRV_SCRIPT_DATA_URL)
		return false;
	if (script->length > 0 && find_attribute(script, "src") != NULL)
		return false;
	for (size_t i = 0; i < script->n_attributes; i++)
		if (!is_name(script->attributes[i].name) ||
		    find_attribute(script, script->attributes[i].name) != &script->attributes[i])
			return false;
	return true;
}

static void put_attribute(struct writer *w, const struct fsrv_attribute *attribute)
{
	put_text(w, " ");
	put_text(w, attribute->name);
	if (attribute->value == NULL)
		return;
	put_text(w, "=\"");
	for (const char *at = attribute->value; *at != '\0'; at++) {
		if (*at == '&')
			put_text(w, "&amp;");
		else if (*at == '"')
			put_text(w, "&quot;");
		else
			put(w, at, 1);
	}
	put_text(w, "\"");
}

int fsrv_script_build(const struct fsrv_script *script, void *buffer, size_t capacity, size_t *length)
{
	struct writer w = {buffer, capacity, 0};
	const uint8_t *text = script->text;
	bool is_safe = !(fsrv_script_check(text, script->length) & FSRV_SCRIPT_UNSAFE);

	if (!is_valid(script))
		return FSRV_ERR_INVALID;
	if (!is_safe && (script->mode == FSRV_SCRIPT_STRICT ||
			 (script->mode == FSRV_SCRIPT_DATA_URL && !is_classic(script))))
		return FSRV_ERR_UNSAFE;
	put_text(&w, "<script");
	for (size_t i = 0; i < script->n_attributes; i++)
		put_attribute(&w, &script->attributes[i]);
	if (is_safe || script->mode == FSRV_SCRIPT_ESCAPE) {
		put_text(&w, ">");
		if (is_safe)
			put(&w, text, script->length);
		else
			put_escaped(&w, text, text + script->length);
	} else {
		put_text(&w, " src=\"data:text/javascript;charset=utf-8;base64,");
		put_base64(&w, text, script->length);
		put_text(&w, "\">");
	}
	put_text(&w, "</script>");
	*length = w.length;
	return w.length <= capacity ? FSRV_OK : FSRV_ERR_SPACE;
}
