/* Lists are cut at commas and their elements at semicolons; neither counts inside a quoted string. */
#include "http/accept.h"

/* Removes the part before the next separator from the start of rest, and the separator too. */
static struct fsrv__text take_part(struct fsrv__text *rest, char separator)
{
	struct fsrv__text part = {rest->at, 0};
	bool is_quoted = false;
	size_t i;

	for (i = 0; i < rest->length && (is_quoted || rest->at[i] != separator); i++) {
		if (rest->at[i] == '"')
			is_quoted = !is_quoted;
		else if (rest->at[i] == '\\' && is_quoted && i + 1 < rest->length)
			i++;
	}
	part.length = i;
	if (i < rest->length)
		i++;
	rest->at += i;
	rest->length -= i;
	return fsrv__text_trim(part);
}

/* Whether a text is a qvalue of more than 0 (RFC 9110, 12.4.2). */
static bool is_positive(struct fsrv__text weight)
{
	bool has_other_digit = false;

	if (weight.length == 0 || weight.length > 5 || (weight.at[0] != '0' && weight.at[0] != '1') ||
	    (weight.length > 1 && weight.at[1] != '.'))
		return false;
	for (size_t i = 2; i < weight.length; i++) {
		if (!fsrv__is_digit(weight.at[i]))
			return false;
		has_other_digit |= weight.at[i] != '0';
	}
	return weight.at[0] == '1' ? !has_other_digit : has_other_digit;
}

static bool is_html(struct fsrv__text element)
{
	if (!fsrv__text_is(take_part(&element, ';'), "text/html"))
		return false;
	while (element.length > 0) {
		struct fsrv__text parameter = take_part(&element, ';');

		if (fsrv__text_starts_with(parameter, "q="))
			return is_positive((struct fsrv__text){parameter.at + 2, parameter.length - 2});
	}
	return true;
}

bool fsrv__accept_names_html(struct fsrv__text value)
{
	while (value.length > 0)
		if (is_html(take_part(&value, ',')))
			return true;
	return false;
}
