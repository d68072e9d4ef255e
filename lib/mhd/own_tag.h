/* The entity tags that the program chooses for its files. */
#ifndef FSRV__MHD_OWN_TAG_H
#define FSRV__MHD_OWN_TAG_H

#include "mhd/lookup_result.h"

/* Calls the program's etag function for the open file and writes what it chose to result->own_tag: nothing
 * when the program leaves the tag to fsrv, or chose bytes that no tag may have. May wait for whatever the
 * function waits for. */
void fsrv__own_tag_choose(const struct fsrv *fs, struct fsrv__lookup_result *result);

#endif
