#include "invariants.h"

#include <string.h>

static bool segment_is_safe(const char *segment, size_t length)
{
	if (length == 0 || (length == 1 && segment[0] == '.') ||
	    (length == 2 && memcmp(segment, "..", 2) == 0))
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)segment[i] < 0x20 || segment[i] == 0x7f || segment[i] == '\\')
			return false;
	return true;
}

bool path_is_safe(const struct fsrv__path *path)
{
	const char *segment = path->text;

	if (path->length >= FSRV__PATH_SIZE || path->text[path->length] != '\0' ||
	    strlen(path->text) != path->length)
		return false;
	if (path->length == 0)
		return path->directory;
	for (;;) {
		size_t length = strcspn(segment, "/");

		if (!segment_is_safe(segment, length))
			return false;
		if (segment[length] == '\0')
			return true;
		segment += length + 1;
	}
}

static bool header_is_sound(const struct fsrv__header *header)
{
	if (header->name == NULL || header->name[0] == '\0' || strpbrk(header->name, ":\r\n\t ") != NULL)
		return false;
	if (header->value == NULL || header->value[0] == '\0')
		return false;
	for (const char *byte = header->value; *byte != '\0'; byte++)
		if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
			return false;
	return true;
}

static bool headers_are_sound(const struct fsrv__plan *plan)
{
	if (plan->n_headers > FSRV__MAX_HEADERS)
		return false;
	for (unsigned i = 0; i < plan->n_headers; i++) {
		if (!header_is_sound(&plan->headers[i]))
			return false;
		for (unsigned other = 0; other < i; other++)
			if (strcmp(plan->headers[i].name, plan->headers[other].name) == 0)
				return false;
	}
	return true;
}

static bool is_inside(const struct fsrv_range *range, uint64_t size)
{
	return range->length > 0 && range->length <= size && range->offset <= size - range->length;
}

static bool are_apart(const struct fsrv_range *a, const struct fsrv_range *b)
{
	uint64_t gap = FSRV__MIN_GAP;

	return a->offset < b->offset
		       ? b->offset - a->offset >= gap && b->offset - a->offset - gap >= a->length
		       : a->offset - b->offset >= gap && a->offset - b->offset - gap >= b->length;
}

bool ranges_are_sound(const struct fsrv__ranges *ranges, uint64_t size)
{
	if (ranges->n == 0 || ranges->n > FSRV__MAX_RANGES)
		return false;
	for (unsigned i = 0; i < ranges->n; i++) {
		if (!is_inside(&ranges->list[i], size))
			return false;
		for (unsigned other = 0; other < i; other++)
			if (!are_apart(&ranges->list[i], &ranges->list[other]))
				return false;
	}
	return true;
}

/* The head of the part with that number, and the slice behind it; returns the position after both, 0 when
 * something is wrong. */
static uint64_t check_part(const struct fsrv__multipart *multipart, unsigned part, uint64_t position,
			   uint64_t size)
{
	struct fsrv__multipart_piece piece;

	fsrv__multipart_locate(multipart, position, &piece);
	if (piece.part != part || piece.text.at == NULL || piece.text.length == 0 ||
	    piece.text.length > multipart->length - position)
		return 0;
	position += piece.text.length;
	if (part == multipart->n_parts)
		return position;
	fsrv__multipart_locate(multipart, position, &piece);
	if (piece.part != part || piece.text.at != NULL || !is_inside(&piece.slice, size) ||
	    piece.slice.length > multipart->length - position)
		return 0;
	return position + piece.slice.length;
}

bool multipart_is_sound(const struct fsrv__multipart *multipart, uint64_t size)
{
	uint64_t position = 0;

	if (multipart->n_parts == 0 || multipart->n_parts > FSRV__MAX_RANGES || multipart->length > size)
		return false;
	for (unsigned part = 0; part <= multipart->n_parts; part++) {
		position = check_part(multipart, part, position, size);
		if (position == 0)
			return false;
	}
	return position == multipart->length;
}

static bool content_is_sound(const struct fsrv__plan *plan, uint64_t size)
{
	switch (plan->content) {
	case FSRV__CONTENT_SLICE:
		return plan->offset <= size && plan->length <= size - plan->offset &&
		       (plan->status == 206
				? plan->length > 0
				: (plan->status == 200 || plan->status == 404) && plan->length == size);
	case FSRV__CONTENT_MULTIPART:
		return plan->status == 206 && plan->offset == 0 && plan->multipart.n_parts > 1 &&
		       plan->length == plan->multipart.length && multipart_is_sound(&plan->multipart, size);
	case FSRV__CONTENT_TEXT:
		return plan->text != NULL && plan->length == strlen(plan->text) && plan->status >= 300;
	case FSRV__CONTENT_ABSENT:
		return plan->status == 204 && plan->length == 0;
	case FSRV__CONTENT_NONE:
		return plan->status != 204 && plan->status != 206;
	}
	return false;
}

bool plan_is_sound(const struct fsrv__plan *plan, uint64_t size)
{
	static const unsigned statuses[] = {200, 204, 206, 304, 308, 400, 403, 404,
					    405, 406, 412, 414, 416, 500, 503};
	bool known = false;

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		known = known || plan->status == statuses[i];
	return known && headers_are_sound(plan) && content_is_sound(plan, size);
}
