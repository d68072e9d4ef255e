/* What a program gives to be served: checked, and made the start of a lookup. */
#ifndef FSRV__MHD_RESOURCE_H
#define FSRV__MHD_RESOURCE_H

#include "fs/overlay.h"
#include "fsrv/resource.h"
#include "mhd/lookup_result.h"

/* Reads the public struct of any version, and its name as a path. NULL when all of it is allowed, else what
 * is wrong, with the way out: a constant. known is then complete enough for fsrv__resource_release. */
const char *fsrv__resource_read(const struct fsrv_resource *given, struct fsrv_resource *known,
				struct fsrv__path *path);

/* Closes or releases what the resource holds. */
void fsrv__resource_release(const struct fsrv_resource *resource);

/* Makes content of bytes, sealed; what is borrowed then belongs to it. NULL when there is no memory: what is
 * borrowed is released then. */
struct fsrv__content *fsrv__resource_make_content(const struct fsrv__allocator *allocator,
						  const struct fsrv_resource *resource);

/* The facts of an entry of the overlay. */
void fsrv__resource_facts(const struct fsrv_resource *resource, struct fsrv__overlay_facts *facts);

/* Moves what a resource of another kind than FSRV_RESOURCE_PATH holds into a result, whose path is set. The
 * result is then given. False, with everything released, when there is no memory or max_files are open. */
bool fsrv__resource_give(struct fsrv *fs, const struct fsrv_resource *resource,
			 struct fsrv__lookup_result *result);

/* Finds result->path in the overlay, also as an index page, whose name is then appended. The result is then
 * given. False when there is no such entry; path is then unchanged. */
bool fsrv__resource_find_in_overlay(struct fsrv *fs, struct fsrv__lookup_result *result);

#endif
