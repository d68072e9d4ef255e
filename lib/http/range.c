#ifdef __has_include
#if __has_include("fsrv/range.h")
#include "fsrv/range.h"
#else
#include "range.h" /* both files copied into one folder */
#endif
#else
#include "fsrv/range.h"
#endif

#include <stdbool.h>

struct cursor {
	const char *at;
	const char *end;
};

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
		c->at++;
}

static bool skip_byte(struct cursor *c, char byte)
{
	if (c->at == c->end || *c->at != byte)
		return false;
	c->at++;
	return true;
}

static bool skip_unit(struct cursor *c)
{
	static const char unit[] = "bytes";

	for (const char *u = unit; *u != '\0'; u++, c->at++)
		if (c->at == c->end || (*c->at | 0x20) != *u)
			return false;
	return true;
}

/* Reads 1*DIGIT, saturating at UINT64_MAX; false when there is no digit. */
static bool read_number(struct cursor *c, uint64_t *number)
{
	const char *start = c->at;

	*number = 0;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
		unsigned digit = (unsigned)(*c->at - '0');

		*number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
	}
	return c->at > start;
}

static enum fsrv_range_verdict take_suffix(uint64_t suffix, uint64_t size, struct fsrv_range *range)
{
	if (suffix == 0 || size == 0)
		return FSRV_RANGE_UNSATISFIABLE;
	range->length = suffix < size ? suffix : size;
	range->offset = size - range->length;
	return FSRV_RANGE_PARTIAL;
}

static enum fsrv_range_verdict take_positions(uint64_t first, uint64_t last, uint64_t size,
					      struct fsrv_range *range)
{
	if (first >= size || last < first)
		return FSRV_RANGE_UNSATISFIABLE;
	range->offset = first;
	range->length = (last < size ? last : size - 1) - first + 1;
	return FSRV_RANGE_PARTIAL;
}

enum fsrv_range_verdict fsrv_parse_range_header(const char *value, size_t length, uint64_t size,
						struct fsrv_range *range)
{
	struct cursor c;
	uint64_t first, last;
	bool has_first, has_last;

	if (value == NULL)
		return FSRV_RANGE_IGNORE;
	c = (struct cursor){value, value + length};
	skip_blanks(&c);
	if (!skip_unit(&c))
		return FSRV_RANGE_IGNORE;
	skip_blanks(&c);
	if (!skip_byte(&c, '='))
		return FSRV_RANGE_IGNORE;
	skip_blanks(&c);
	has_first = read_number(&c, &first);
	skip_blanks(&c);
	if (!skip_byte(&c, '-'))
		return FSRV_RANGE_IGNORE;
	skip_blanks(&c);
	has_last = read_number(&c, &last);
	skip_blanks(&c);
	if (c.at != c.end || (!has_first && !has_last))
		return FSRV_RANGE_IGNORE;
	if (!has_first)
		return take_suffix(last, size, range);
	return take_positions(first, has_last ? last : UINT64_MAX, size, range);
}
