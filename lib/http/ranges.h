/* Range fields that list several ranges (RFC 9110, 14.1.1 and 14.2). One range alone is a matter of
 * fsrv/range.h, which also judges each element here. */
#ifndef FSRV__HTTP_RANGES_H
#define FSRV__HTTP_RANGES_H

#include "fsrv/range.h"
#include "http/text.h"

/* So many ranges are kept apart at most, whatever the field lists. */
#define FSRV__MAX_RANGES 64

/* Ranges with a smaller gap between them become one: the head of a part of its own would take more
 * (RFC 9110, 15.3.7.2). */
#define FSRV__MIN_GAP 80

/* Slices of a representation, in the order in which they were asked for. Between any two of them lie
 * FSRV__MIN_GAP bytes or more, so all of them together are no longer than the representation. */
struct fsrv__ranges {
	unsigned n;
	struct fsrv_range list[FSRV__MAX_RANGES];
};

/* Parses a Range field that may list several ranges.
 *
 * field  NULL in at: there is none
 * size   length of the whole representation in bytes
 * max    how many ranges may remain, FSRV__MAX_RANGES at most
 *
 * Empty elements of the list do not count (RFC 9110, 5.6.1). Elements that select no byte are left out.
 * Ranges that overlap, or whose gap is smaller than FSRV__MIN_GAP, are joined as they come. What is joined
 * stands in the place of the first of them.
 *
 * Returns:
 * FSRV_RANGE_PARTIAL        1 to max ranges were written
 * FSRV_RANGE_IGNORE         no field, a malformed one or another unit; more than max ranges remain, or more
 *                           than FSRV__MAX_RANGES had to be kept apart on the way. The ranges are undefined
 * FSRV_RANGE_UNSATISFIABLE  each range selects no byte. None is written
 *
 * The time is that of reading the field, and FSRV__MAX_RANGES comparisons for each element. */
enum fsrv_range_verdict fsrv__ranges_parse(struct fsrv__text field, uint64_t size, unsigned max,
					   struct fsrv__ranges *ranges);

#endif
