/* What holds for every result of lib/http, whatever the input: asserted by unit tests for the inputs
 * that they choose and by fuzz targets for all others. */
#ifndef TEST_INVARIANTS_H
#define TEST_INVARIANTS_H

#include <stdbool.h>

#include "http/path.h"
#include "http/multipart.h"
#include "http/plan.h"

/* A path that was parsed is relative, has no empty or dot segment, no NUL, control byte or backslash,
 * and is no longer than a file name may be. */
bool path_is_safe(const struct fsrv__path *path);

/* Ranges are at least one, lie inside a representation of that size, and have FSRV__MIN_GAP bytes or more
 * between any two of them. */
bool ranges_are_sound(const struct fsrv__ranges *ranges, uint64_t size);

/* The pieces of a multipart follow each other from its start to its end: each part has a head and a slice
 * that lies inside the representation, and the whole is no longer than that. */
bool multipart_is_sound(const struct fsrv__multipart *multipart, uint64_t size);

/* A plan has a status that belongs to fsrv, fields that can stand in a header, each once, and a slice
 * that lies inside the file of the given size. */
bool plan_is_sound(const struct fsrv__plan *plan, uint64_t size);

#endif
