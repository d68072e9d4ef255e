/* Writes into a buffer of fixed size. What does not fit sets too_long and is never sent. */
#include "http/location.h"

#include <string.h>

static void append(struct fsrv__location *location, char byte)
{
	if (location->length + 1 >= sizeof(location->text)) {
		location->too_long = true;
		return;
	}
	location->text[location->length++] = byte;
	location->text[location->length] = '\0';
}

static void append_encoded(struct fsrv__location *location, char byte)
{
	static const char hex[] = "0123456789ABCDEF";

	append(location, '%');
	append(location, hex[(unsigned char)byte >> 4]);
	append(location, hex[(unsigned char)byte & 15]);
}

static bool is_unreserved(char byte)
{
	char lower = fsrv__to_lower(byte);

	return (lower >= 'a' && lower <= 'z') || fsrv__is_digit(byte) || fsrv__is_one_of(byte, "-._~");
}

void fsrv__location_start(struct fsrv__location *location, const char *name)
{
	location->length = 0;
	location->too_long = false;
	location->has_query = false;
	for (; *name != '\0'; name++) {
		if (is_unreserved(*name))
			append(location, *name);
		else
			append_encoded(location, *name);
	}
	append(location, '/');
}

/* The server library has replaced each "+" by a blank, in raw arguments too. */
static void append_argument(struct fsrv__location *location, enum fsrv__path_form form,
			    struct fsrv__text text, const char *also_allowed)
{
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.at[i];

		if (form == FSRV__PATH_RAW && byte == ' ')
			append(location, '+');
		else if ((form == FSRV__PATH_RAW && byte == '%') || is_unreserved(byte) ||
			 fsrv__is_one_of(byte, also_allowed))
			append(location, byte);
		else
			append_encoded(location, byte);
	}
}

void fsrv__location_add_argument(struct fsrv__location *location, enum fsrv__path_form form,
				 struct fsrv__text name, struct fsrv__text value)
{
	append(location, location->has_query ? '&' : '?');
	location->has_query = true;
	append_argument(location, form, name, "!$'()*,;:@/?");
	if (value.at == NULL)
		return;
	append(location, '=');
	append_argument(location, form, value, "!$'()*,;:@/?=");
}
