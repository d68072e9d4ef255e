/* Patterns for paths, in the way of gitignore(5): fsrv/fields.h has the grammar. */
#ifndef FSRV__HTTP_PATTERN_H
#define FSRV__HTTP_PATTERN_H

#include <stdbool.h>

#include "http/text.h"

/* Why a pattern is refused, with the way out, as the end of a sentence; NULL when it is allowed. */
const char *fsrv__pattern_check(const char *pattern);

/* Whether a pattern that fsrv__pattern_check allows matches a path without slashes at its ends, and without
 * empty segments. Takes at most a time proportional to the product of the length of the path, the length of
 * the pattern with its repetitions, and the number of its segments. */
bool fsrv__pattern_matches(const char *pattern, struct fsrv__text path);

#endif
