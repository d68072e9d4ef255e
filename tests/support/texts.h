/* Texts for the parsers of lib/http. */
#ifndef TEST_TEXTS_H
#define TEST_TEXTS_H

#include <string.h>

#include "http/text.h"
#include "guard_page.h"

/* A string literal with its length, which may hold NUL bytes, for rows of tables. */
#define TEXT(literal)                                                                                        \
	{                                                                                                    \
		literal, sizeof(literal) - 1                                                                 \
	}

static inline struct fsrv__text text_of(const char *terminated)
{
	return (struct fsrv__text){terminated, strlen(terminated)};
}

static inline struct fsrv__text guard_text(struct fsrv__text text)
{
	return (struct fsrv__text){guard_page_copy(text.at, text.length), text.length};
}

static inline void guard_text_free(struct fsrv__text text)
{
	guard_page_free(text.at, text.length);
}

#endif
