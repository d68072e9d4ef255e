/* A run of bytes that belongs to somebody else; at is NULL when there is none. */
#ifndef FSRV__TEXT_H
#define FSRV__TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct fsrv__text {
	const char *at;
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

static inline char fsrv__to_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* Compares ASCII letters without regard to case; name is terminated and in lower case. */
bool fsrv__text_is(struct fsrv__text text, const char *name);

/* The same for the first bytes of a text. */
bool fsrv__text_starts_with(struct fsrv__text text, const char *prefix);

/* Removes blanks and tabs at both ends (optional white space, RFC 9110, 5.6.3). */
struct fsrv__text fsrv__text_trim(struct fsrv__text text);

#endif
