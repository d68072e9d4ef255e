/* Looking up the file for a path: in the cache, which one stat(2) of the path confirms, or in the roots. */
#ifndef FSRV__MHD_LOOKUP_H
#define FSRV__MHD_LOOKUP_H

#include "fs/roots.h"
#include "mhd/lookup_result.h"

/* Looks up the path of result, of which path and requested_length are given. What goes wrong is logged.
 *
 * FSRV__LOOKUP_DONE: result->outcome tells what was found; the caller clears the result. With any other
 * status the result holds nothing, and the path may have the name of an index page at its end.
 * FSRV__LOOKUP_WOULD_WAIT only with FSRV__CACHED_ONLY; result->file.is_remote then tells whether it could be
 * a wait for a network or another process. Any thread. */
enum fsrv__lookup_status fsrv__lookup(struct fsrv *fs, const struct fsrv__lookup_needs *needs,
				      enum fsrv__wait_policy wait, struct fsrv__lookup_result *result);

#endif
