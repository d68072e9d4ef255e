#include "http/accept_encoding.h"

#include <string.h>

#define MAX_WEIGHT 1000

/* Cuts the text before the first such byte off the front of rest; all of it when there is none. */
static struct fsrv__text cut(struct fsrv__text *rest, char separator)
{
	const char *end = rest->length > 0 ? memchr(rest->at, separator, rest->length) : NULL;
	size_t length = end != NULL ? (size_t)(end - rest->at) : rest->length;
	struct fsrv__text part = {rest->at, length};

	if (end != NULL)
		length++;
	rest->at += length;
	rest->length -= length;
	return fsrv__text_trim(part);
}

/* A qvalue (RFC 9110, 12.4.2) in thousandths: one digit, and up to three behind a point. -1 when it is none.
 */
static int read_qvalue(struct fsrv__text text)
{
	int weight, scale = MAX_WEIGHT / 10;

	if (text.length < 1 || text.length > 5 || text.at[0] < '0' || text.at[0] > '1' ||
	    (text.length > 1 && text.at[1] != '.'))
		return -1;
	weight = (text.at[0] - '0') * MAX_WEIGHT;
	for (size_t i = 2; i < text.length; i++, scale /= 10) {
		if (!fsrv__is_digit(text.at[i]))
			return -1;
		weight += (text.at[i] - '0') * scale;
	}
	return weight <= MAX_WEIGHT ? weight : -1;
}

/* The weight behind a semicolon, "q=0.5"; -1 when it is malformed. */
static int read_weight(struct fsrv__text text)
{
	if (text.length < 2 || fsrv__to_lower(text.at[0]) != 'q' || text.at[1] != '=')
		return -1;
	return read_qvalue((struct fsrv__text){text.at + 2, text.length - 2});
}

/* Where the weight of a coding is kept; NULL for an unknown one. */
static unsigned short *find_weight(struct fsrv__accept_encoding *accept, struct fsrv__text coding)
{
	if (fsrv__text_is(coding, "identity"))
		return &accept->identity;
	if (fsrv__text_is(coding, "*"))
		return &accept->others;
	if (fsrv__text_is(coding, "x-gzip"))
		return &accept->codings[FSRV__CODING_GZIP];
	for (int i = 0; i < FSRV__N_CODINGS; i++)
		if (fsrv__text_is(coding, fsrv__coding_name((enum fsrv__coding)i)))
			return &accept->codings[i];
	return NULL;
}

void fsrv__accept_encoding_add(struct fsrv__accept_encoding *accept, struct fsrv__text value)
{
	while (value.length > 0) {
		struct fsrv__text element = cut(&value, ',');
		bool has_weight = element.length > 0 && memchr(element.at, ';', element.length) != NULL;
		unsigned short *place = find_weight(accept, cut(&element, ';'));
		int weight = has_weight ? read_weight(fsrv__text_trim(element)) : MAX_WEIGHT;

		if (place != NULL && *place == 0 && weight >= 0)
			*place = (unsigned short)(weight + 1);
	}
}

static int weight_of(const struct fsrv__accept_encoding *accept, int coding)
{
	int kept = accept->codings[coding] != 0 ? accept->codings[coding] : accept->others;

	return kept > 0 ? kept - 1 : 0;
}

void fsrv__accept_encoding_rank(const struct fsrv__accept_encoding *accept, struct fsrv__coding_order *order)
{
	int least = accept->identity > 1 ? accept->identity - 1 : 1;

	order->n_wanted = 0;
	order->accepts_identity = accept->identity != 0 ? accept->identity > 1 : accept->others != 1;
	for (int i = 0; i < FSRV__N_CODINGS; i++) {
		int weight = weight_of(accept, i), place = i;

		for (; place > 0 && weight_of(accept, (int)order->codings[place - 1]) < weight; place--)
			order->codings[place] = order->codings[place - 1];
		order->codings[place] = (enum fsrv__coding)i;
		order->n_wanted += weight >= least;
	}
}
