/* Comparisons and classes of ASCII text, without the locale. */
#include "http/text.h"

#include <string.h>

/* Sums of enum fsrv__byte_class, sixteen bytes in a row. */
/* clang-format off */
const unsigned char fsrv__byte_classes[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 7, 4, 1, 7, 3, 7, 7, 6, 6, 7, 7, 6, 7, 7, 0,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 4, 6, 4, 4,
	4, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 0, 6, 5, 7,
	5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 4, 5, 4, 7, 0,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
};
/* clang-format on */

bool fsrv__text_is(struct fsrv__text text, const char *name)
{
	return fsrv__text_starts_with(text, name) && text.length == strlen(name);
}

bool fsrv__text_starts_with(struct fsrv__text text, const char *prefix)
{
	for (size_t i = 0; prefix[i] != '\0'; i++)
		if (i == text.length || fsrv__to_lower(text.at[i]) != prefix[i])
			return false;
	return true;
}

bool fsrv__names_match(const char *a, const char *b)
{
	while (*a != '\0' && fsrv__to_lower(*a) == fsrv__to_lower(*b)) {
		a++;
		b++;
	}
	return fsrv__to_lower(*a) == fsrv__to_lower(*b);
}

bool fsrv__text_is_token(struct fsrv__text text)
{
	return text.length > 0 && fsrv__text_span(text, FSRV__TOKEN_BYTE) == text.length;
}

struct fsrv__text fsrv__text_trim(struct fsrv__text text)
{
	while (text.length > 0 && fsrv__is_blank(text.at[text.length - 1]))
		text.length--;
	while (text.length > 0 && fsrv__is_blank(text.at[0])) {
		text.at++;
		text.length--;
	}
	return text;
}
