/* Bytes that somebody else chose, in the notations of what is written: JSON, HTML, URLs, a terminal. */
#include "serve.h"

#include <string.h>

#define REPLACEMENT 0xfffd

/* What the first byte of a sequence says (RFC 3629): how many bytes follow, and which second one is allowed,
 * so that there is no longer form than needed, no surrogate and nothing above U+10FFFF. */
static unsigned count_followers(unsigned char first, unsigned char *least, unsigned char *most)
{
	*least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (first >= 0xc2 && first <= 0xdf)
		return 1;
	if ((first & 0xf0) == 0xe0)
		return 2;
	return first >= 0xf0 && first <= 0xf4 ? 3 : 0;
}

size_t read_character(const char *text, uint32_t *character)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned char least, most;
	unsigned followers = count_followers(bytes[0], &least, &most);
	uint32_t value = bytes[0] & (0x3fu >> followers);

	*character = bytes[0] < 0x80 ? bytes[0] : REPLACEMENT;
	for (unsigned i = 1; i <= followers; i++) {
		if (bytes[i] < least || bytes[i] > most)
			return i;
		value = value << 6 | (bytes[i] & 0x3f);
		least = 0x80;
		most = 0xbf;
	}
	if (followers > 0)
		*character = value;
	return followers + 1;
}

/* DEL and C1 controls are allowed in JSON, but they could move the cursor of a terminal. */
static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

void write_json_string(FILE *file, const char *text)
{
	uint32_t character;
	size_t length;

	fputc('"', file);
	for (; *text != '\0'; text += length) {
		length = read_character(text, &character);
		if (is_control(character) || character == REPLACEMENT)
			fprintf(file, "\\u%04x", character);
		else if (character == '"' || character == '\\')
			fprintf(file, "\\%c", (int)character);
		else
			fwrite(text, 1, length, file);
	}
	fputc('"', file);
}

void write_html(FILE *file, const char *text)
{
	uint32_t character;
	size_t length;

	for (; *text != '\0'; text += length) {
		length = read_character(text, &character);
		if (is_control(character) || character == REPLACEMENT)
			fputs("\xef\xbf\xbd", file);
		else if (strchr("&<>\"'", *text) != NULL)
			fprintf(file, "&#%u;", character);
		else
			fwrite(text, 1, length, file);
	}
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

void write_url_segment(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		if (is_unreserved(*text))
			fputc(*text, file);
		else
			fprintf(file, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

void write_escaped(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text > 0x20 && *text < 0x7f)
			fputc(*text, file);
		else
			fprintf(file, "\\x%02x", (unsigned)(unsigned char)*text);
	}
}

void write_size(char *text, size_t size, double bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	size_t unit = 0;

	while (bytes >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1000;
		unit++;
	}
	snprintf(text, size, "%.*f %s", unit > 0 && bytes < 9.95 ? 1 : 0, bytes, units[unit]);
}
