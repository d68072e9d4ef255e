#include "http/ranges.h"

/* Room for the unit with its equals sign and one element, with blanks and zeros. A longer one is a reason to
 * ignore the field. */
#define ALONE_SIZE 96

/* Whether two ranges overlap, or are hardly apart. */
static bool are_close(const struct fsrv_range *a, const struct fsrv_range *b)
{
	const struct fsrv_range *first = a->offset <= b->offset ? a : b;
	const struct fsrv_range *second = first == a ? b : a;
	uint64_t end = first->offset + first->length;

	return second->offset <= end || second->offset - end < FSRV__MIN_GAP;
}

static void join(struct fsrv_range *range, const struct fsrv_range *other)
{
	uint64_t start = range->offset < other->offset ? range->offset : other->offset;
	uint64_t end = range->offset + range->length;

	if (end < other->offset + other->length)
		end = other->offset + other->length;
	*range = (struct fsrv_range){start, end - start};
}

/* One look at each range suffices: those of the list are apart, so none of them lies in the gap between the
 * new one and another. False when there is no room. */
static bool add_range(struct fsrv__ranges *ranges, struct fsrv_range range)
{
	struct fsrv_range *place = NULL;
	unsigned kept = 0;

	for (unsigned i = 0; i < ranges->n; i++) {
		if (!are_close(&ranges->list[i], &range)) {
			ranges->list[kept++] = ranges->list[i];
			continue;
		}
		join(&range, &ranges->list[i]);
		if (place == NULL)
			place = &ranges->list[kept++];
	}
	if (place == NULL && kept == FSRV__MAX_RANGES)
		return false;
	if (place == NULL)
		place = &ranges->list[kept++];
	*place = range;
	ranges->n = kept;
	return true;
}

/* Takes what stands before the next comma. */
static struct fsrv__text take_element(struct fsrv__text *list)
{
	const char *comma = memchr(list->at, ',', list->length);
	struct fsrv__text element = {list->at, comma != NULL ? (size_t)(comma - list->at) : list->length};

	list->at += element.length + (comma != NULL);
	list->length -= element.length + (comma != NULL);
	return fsrv__text_trim(element);
}

/* Parses an element as if it were alone in the field.
 *
 * unit  what stands before the list, the equals sign included */
static enum fsrv_range_verdict parse_element(struct fsrv__text unit, struct fsrv__text element, uint64_t size,
					     struct fsrv_range *range)
{
	char field[ALONE_SIZE];

	if (unit.length > sizeof(field) || element.length > sizeof(field) - unit.length)
		return FSRV_RANGE_IGNORE;
	memcpy(field, unit.at, unit.length);
	memcpy(field + unit.length, element.at, element.length);
	return fsrv_parse_range_header(field, unit.length + element.length, size, range);
}

enum fsrv_range_verdict fsrv__ranges_parse(struct fsrv__text field, uint64_t size, unsigned max,
					   struct fsrv__ranges *ranges)
{
	const char *equals = field.at != NULL ? memchr(field.at, '=', field.length) : NULL;
	enum fsrv_range_verdict verdict = FSRV_RANGE_IGNORE;
	struct fsrv__text unit, list;

	ranges->n = 0;
	if (equals == NULL)
		return FSRV_RANGE_IGNORE;
	unit = (struct fsrv__text){field.at, (size_t)(equals - field.at) + 1};
	list = (struct fsrv__text){equals + 1, field.length - unit.length};
	while (list.length > 0) {
		struct fsrv__text element = take_element(&list);
		struct fsrv_range range;

		if (element.length == 0)
			continue;
		verdict = parse_element(unit, element, size, &range);
		if (verdict == FSRV_RANGE_IGNORE ||
		    (verdict == FSRV_RANGE_PARTIAL && !add_range(ranges, range)))
			return FSRV_RANGE_IGNORE;
	}
	if (ranges->n > max)
		return FSRV_RANGE_IGNORE;
	return ranges->n > 0 ? FSRV_RANGE_PARTIAL : verdict;
}
