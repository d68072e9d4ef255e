/* What holds for every result of lib/http, whatever the input: asserted by unit tests for the inputs
 * that they choose and by fuzz targets for all others. */
#ifndef TEST_INVARIANTS_H
#define TEST_INVARIANTS_H

#include <stdbool.h>

#include "http/path.h"
#include "http/plan.h"

/* A path that was parsed is relative, has no empty or dot segment, no NUL, control byte or backslash,
 * and is no longer than a file name may be. */
bool path_is_safe(const struct fsrv__path *path);

/* A plan has a status that belongs to fsrv, fields that can stand in a header, each once, and a slice
 * that lies inside the file of the given size. */
bool plan_is_sound(const struct fsrv__plan *plan, uint64_t size);

#endif
