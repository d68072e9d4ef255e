/* The name is walked twice: for the form that every browser knows, and for the one that takes any character.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fsrv/fields.h"
#include "http/text.h"

#define REPLACEMENT 0xfffd

struct writer {
	char *at;
	size_t room;
	bool is_full;
};

static void put(struct writer *writer, char byte)
{
	writer->is_full = writer->is_full || writer->room == 0;
	if (writer->is_full)
		return;
	*writer->at++ = byte;
	writer->room--;
}

static void put_text(struct writer *writer, const char *text)
{
	for (; *text != '\0'; text++)
		put(writer, *text);
}

/* How many bytes follow the first one of a character, and the first code point that needs so many. */
static unsigned n_following(unsigned char first, uint32_t *least)
{
	static const uint32_t leasts[] = {0, 0x80, 0x800, 0x10000};
	unsigned n = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;

	*least = leasts[n];
	return n;
}

/* Takes one character of UTF-8 (RFC 3629); of what is no UTF-8 one byte, for the replacement character. */
static const char *take_character(const char *text, uint32_t *character)
{
	unsigned char first = (unsigned char)text[0];
	uint32_t least;
	unsigned n = n_following(first, &least);
	uint32_t code = n > 0 ? first & (0x3fu >> n) : first;

	*character = first < 0x80 ? first : REPLACEMENT;
	if (n == 0 || first > 0xf4)
		return text + 1;
	for (unsigned i = 1; i <= n; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return text + 1;
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return text + 1;
	*character = code;
	return text + n + 1;
}

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

/* Whether a quoted string has it, and every browser reads it there (RFC 6266, appendix D). */
static bool is_plain(uint32_t character)
{
	return character < 0x7f && !is_control(character) && !fsrv__is_one_of((char)character, "\"\\%");
}

static bool is_plain_name(const char *name)
{
	while (*name != '\0') {
		uint32_t character;

		name = take_character(name, &character);
		if (!is_plain(character) && !is_control(character))
			return false;
	}
	return true;
}

static void put_quoted(struct writer *writer, const char *name)
{
	while (*name != '\0') {
		uint32_t character;

		name = take_character(name, &character);
		put(writer, is_plain(character) ? (char)character : '_');
	}
}

static void put_encoded(struct writer *writer, unsigned char byte)
{
	static const char hex[] = "0123456789ABCDEF";
	char lower = fsrv__to_lower((char)byte);

	/* attr-char, RFC 8187, 3.2.1. */
	if ((lower >= 'a' && lower <= 'z') || fsrv__is_digit(lower) ||
	    fsrv__is_one_of(lower, "!#$&+-.^_`|~")) {
		put(writer, (char)byte);
		return;
	}
	put(writer, '%');
	put(writer, hex[byte >> 4]);
	put(writer, hex[byte & 15]);
}

static void put_replacement(struct writer *writer)
{
	put_encoded(writer, 0xef);
	put_encoded(writer, 0xbf);
	put_encoded(writer, 0xbd);
}

static void put_extended(struct writer *writer, const char *name)
{
	while (*name != '\0') {
		uint32_t character;
		const char *next = take_character(name, &character);

		if (is_control(character))
			put(writer, '_');
		else if (character == REPLACEMENT)
			put_replacement(writer);
		else
			for (; name < next; name++)
				put_encoded(writer, (unsigned char)*name);
		name = next;
	}
}

int fsrv_disposition_write(enum fsrv_disposition type, const char *path, char *value, size_t capacity)
{
	struct writer writer = {value, capacity, false};
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	if ((unsigned)type > FSRV_DISPOSITION_ATTACHMENT)
		return FSRV_ERR_INVALID;
	put_text(&writer, type == FSRV_DISPOSITION_ATTACHMENT ? "attachment" : "inline");
	if (*name != '\0') {
		put_text(&writer, "; filename=\"");
		put_quoted(&writer, name);
		put(&writer, '"');
	}
	if (!is_plain_name(name)) {
		put_text(&writer, "; filename*=UTF-8''");
		put_extended(&writer, name);
	}
	put(&writer, '\0');
	return writer.is_full ? FSRV_ERR_SPACE : FSRV_OK;
}
