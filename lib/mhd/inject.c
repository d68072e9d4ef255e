/* The public functions that put scripts and markup into pages. They check what the caller says; fs/scripts
 * keeps the list. */
#include <stdbool.h>

#include "mhd/handler.h"

static bool is_scope(enum fsrv_scope scope)
{
	return (unsigned)scope <= FSRV_SCOPE_INDEX_PAGE;
}

static bool is_point(enum fsrv_point point)
{
	return (unsigned)point < FSRV_POINTS;
}

static enum fsrv__page_kind pages_of(enum fsrv_scope scope)
{
	return scope == FSRV_SCOPE_INDEX_PAGE ? FSRV__PAGE_INDEX : FSRV__PAGE_ORDINARY;
}

int fsrv_inject_add_script(struct fsrv *fs, enum fsrv_scope scope, enum fsrv_point point,
			   const struct fsrv_script *script)
{
	if (!is_scope(scope) || !is_point(point))
		return FSRV_ERR_INVALID;
	return fsrv__scripts_add_script(&fs->scripts, pages_of(scope), point, script);
}

int fsrv_inject_add_markup(struct fsrv *fs, enum fsrv_scope scope, enum fsrv_point point, const void *bytes,
			   size_t length)
{
	struct fsrv__new_addition addition = {
		.pages = pages_of(scope), .point = point, .bytes = bytes, .length = length};

	if (!is_scope(scope) || !is_point(point) || (bytes == NULL && length > 0))
		return FSRV_ERR_INVALID;
	return fsrv__scripts_add(&fs->scripts, &addition);
}

int fsrv_inject_add_strip(struct fsrv *fs, enum fsrv_scope scope, const struct fsrv_marker *marker)
{
	struct fsrv__new_addition addition = {.pages = pages_of(scope),
					      .point = FSRV_POINTS,
					      .bytes = marker->bytes,
					      .length = marker->length,
					      .any_case = marker->any_case};

	if (!is_scope(scope) || marker->bytes == NULL || marker->length == 0 ||
	    marker->length > FSRV_MARKER_MAX)
		return FSRV_ERR_INVALID;
	return fsrv__scripts_add(&fs->scripts, &addition);
}
