/* The search for what a target stands for: the file of that name, then the files that may take its place. */
#ifndef FSRV__MHD_SEARCH_H
#define FSRV__MHD_SEARCH_H

#include "mhd/lookup.h"

/* Makes the lookups of needs->tries, in order, until one finds a file or a fault. The caller has set path and
 * requested_length of the result. A page of the options that cannot be served is logged once, until it was
 * found again.
 *
 * The result is as that of fsrv__negotiate, which makes each lookup; found_by and path tell which file it is.
 * When none was found, and with any other status than FSRV__LOOKUP_DONE, the path is the requested one, so
 * the search can be repeated. The page of a 404 is found whatever codings the client accepts. Any thread. */
enum fsrv__lookup_status fsrv__search(struct fsrv *fs, const struct fsrv__lookup_needs *needs,
				      enum fsrv__wait_policy wait, struct fsrv__lookup_result *result);

#endif
