/* Pages with scripts, as a stage of a lookup. */
#ifndef FSRV__MHD_PAGES_H
#define FSRV__MHD_PAGES_H

#include <stdint.h>

#include "fs/content.h"
#include "fs/scripts.h"
#include "mhd/lookup_result.h"

/* The hash of what is put into the page that was found, by a list of scripts, which may be NULL. 0 when the
 * file goes out as it is. */
uint64_t fsrv__pages_scripts_hash(const struct fsrv *fs, const struct fsrv__addition *last,
				  const struct fsrv__lookup_result *result);

/* Builds the page of the open file that was found; result->content receives it. May wait for the disk.
 *
 * known  what the cache has for the path, or NULL: it is taken when the file has the same bytes */
enum fsrv__lookup_status fsrv__pages_prepare(struct fsrv *fs, const struct fsrv__addition *last,
					     struct fsrv__content *known, struct fsrv__lookup_result *result);

#endif
