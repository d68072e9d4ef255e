/* Tags are compared byte by byte as they were sent. No list is copied or changed. */
#include "http/etag.h"

#include <string.h>

static bool is_weak(struct fsrv__text tag)
{
	return tag.at[0] == 'W';
}

static bool is_tag_byte(unsigned char byte)
{
	return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

/* Takes one entity tag off the front of text; false, with text unchanged, when there is none. */
static bool take_tag(struct fsrv__text *text, struct fsrv__text *tag)
{
	size_t i = text->length >= 2 && text->at[0] == 'W' && text->at[1] == '/' ? 2 : 0;

	if (i >= text->length || text->at[i] != '"')
		return false;
	for (i++; i < text->length && is_tag_byte((unsigned char)text->at[i]); i++)
		;
	if (i == text->length || text->at[i] != '"')
		return false;
	*tag = (struct fsrv__text){text->at, i + 1};
	text->at += i + 1;
	text->length -= i + 1;
	return true;
}

bool fsrv__etag_is_valid(struct fsrv__text text)
{
	struct fsrv__text tag;

	return take_tag(&text, &tag) && text.length == 0;
}

bool fsrv__etag_equals(struct fsrv__text a, struct fsrv__text b, enum fsrv__etag_comparison comparison)
{
	size_t skip_a = is_weak(a) ? 2 : 0;
	size_t skip_b = is_weak(b) ? 2 : 0;

	if (comparison == FSRV__ETAG_STRONG && (skip_a != 0 || skip_b != 0))
		return false;
	return a.length - skip_a == b.length - skip_b &&
	       memcmp(a.at + skip_a, b.at + skip_b, a.length - skip_a) == 0;
}

static void skip_separators(struct fsrv__text *list)
{
	while (list->length > 0 && (fsrv__is_blank(list->at[0]) || list->at[0] == ',')) {
		list->at++;
		list->length--;
	}
}

bool fsrv__etag_list_has(struct fsrv__text list, struct fsrv__text tag, enum fsrv__etag_comparison comparison)
{
	struct fsrv__text element;

	list = fsrv__text_trim(list);
	if (list.length == 1 && list.at[0] == '*')
		return true;
	skip_separators(&list);
	while (take_tag(&list, &element)) {
		struct fsrv__text rest = fsrv__text_trim(list);

		if (rest.length > 0 && rest.at[0] != ',')
			return false;
		if (fsrv__etag_equals(element, tag, comparison))
			return true;
		skip_separators(&list);
	}
	return false;
}
