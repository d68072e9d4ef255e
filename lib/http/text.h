/* A run of bytes, not terminated, which whoever uses it does not own. */
#ifndef FSRV__HTTP_TEXT_H
#define FSRV__HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct fsrv__text {
	const char *at; /* NULL: there is no text */
	size_t length;
};

static inline bool fsrv__is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static inline bool fsrv__is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static inline bool fsrv__is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Whether a byte is one of a set, which is terminated; the NUL byte never is. */
static inline bool fsrv__is_one_of(char byte, const char *set)
{
	return byte != '\0' && strchr(set, byte) != NULL;
}

static inline char fsrv__to_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* What a byte may be. */
enum fsrv__byte_class {
	FSRV__TOKEN_BYTE = 1, /* of a token (RFC 9110, 5.6.2) */
	FSRV__HOST_BYTE = 2,  /* of a host and a port (RFC 3986, 3.2), as sent in Host */
	FSRV__PATH_BYTE = 4   /* of a segment of a target, where it stands for itself and needs no escape */
};

extern const unsigned char fsrv__byte_classes[256];

/* How many bytes at the start of the text are of a class. */
static inline size_t fsrv__text_span(struct fsrv__text text, enum fsrv__byte_class class)
{
	size_t n = 0;

	while (n < text.length && (fsrv__byte_classes[(unsigned char)text.at[n]] & class) != 0)
		n++;
	return n;
}

/* Whether the text equals a terminated name in lower case; ASCII letters match in any case. */
bool fsrv__text_is(struct fsrv__text text, const char *name);

/* The same for the first bytes of the text. */
bool fsrv__text_starts_with(struct fsrv__text text, const char *prefix);

/* Whether two terminated names are equal; ASCII letters match in any case. */
bool fsrv__names_match(const char *a, const char *b);

/* Whether the text is a token (RFC 9110, 5.6.2): at least one byte, and no delimiter. */
bool fsrv__text_is_token(struct fsrv__text text);

/* Removes blanks and tabs at both ends (optional white space, RFC 9110, 5.6.3). */
struct fsrv__text fsrv__text_trim(struct fsrv__text text);

#endif
