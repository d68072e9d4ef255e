/* Comparisons and classes of ASCII text, without the locale. */
#include "http/text.h"

#include <string.h>

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
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.at[i];

		if (!fsrv__is_letter(byte) && byte != '-' && !fsrv__is_digit(byte) &&
		    !fsrv__is_one_of(byte, "!#$%&'*+.^_`|~"))
			return false;
	}
	return text.length > 0;
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
