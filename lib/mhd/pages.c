#include "mhd/handler.h"

#include <errno.h>
#include <string.h>

static bool is_html(const char *media_type)
{
	return strncmp(media_type, "text/html", 9) == 0 && strchr("; ", media_type[9]) != NULL;
}

static enum fsrv__page_kind kind_of(const struct fsrv *fs, const char *path)
{
	for (size_t i = 0; i < fs->roots.n_index_names; i++)
		if (strcmp(path, fs->roots.index_names[i]) == 0)
			return FSRV__PAGE_INDEX;
	return FSRV__PAGE_ORDINARY;
}

/* Once for each version of a page, so that its author hears of it and the log stays short. */
static void log_page(const struct fsrv *fs, const char *path, uint64_t flags)
{
	if ((flags & (FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP)) != 0)
		fsrv__log(fs, "%s: served without scripts, which its encoding does not allow; make it UTF-8", path);
	else if ((flags & FSRV_PAGE_UNFINISHED) != 0)
		fsrv__log(fs, "%s: ends inside an element or comment; scripts for the body's end go before that", path);
	else if ((flags & FSRV_PAGE_CSP) != 0)
		fsrv__log(fs, "%s: its Content-Security-Policy may forbid the scripts that were put in", path);
}

uint64_t fsrv__page_hash(const struct fsrv *fs, const struct fsrv__path *path, const struct fsrv__addition *last)
{
	if (last == NULL || !is_html(fsrv__media_type(fs, path)))
		return 0;
	return last->totals[kind_of(fs, path->text)].hash;
}

enum fsrv__look_result fsrv__page_prepare(struct fsrv *fs, const struct fsrv__addition *last,
					  struct fsrv__sight *sight)
{
	const char *path = sight->path.text;

	if (sight->file.identity.size > fs->max_page_size) {
		fsrv__log(fs, "%s: larger than option max_page_size, which allows %llu bytes for a page with scripts", path,
			  (unsigned long long)fs->max_page_size);
		return fsrv__look_fail(fs, sight, FSRV__BROKEN, 0);
	}
	switch (fsrv__page_build(&fs->allocator, &sight->file, last, kind_of(fs, path), &sight->content)) {
	case FSRV__PAGE_CHANGED:
		fsrv__sight_clear(fs, sight);
		return FSRV__LOOK_CHANGED;
	case FSRV__PAGE_UNREADABLE:
		return fsrv__look_fail(fs, sight, errno == ENOMEM ? FSRV__OVERLOADED : FSRV__BROKEN, errno);
	case FSRV__PAGE_READY:
		break;
	}
	log_page(fs, path, sight->content->flags);
	return FSRV__LOOK_DONE;
}

static int add(struct fsrv *fs, enum fsrv_scope scope, enum fsrv_point point, const void *bytes, size_t length,
	       size_t any_case)
{
	if ((unsigned)scope > FSRV_SCOPE_INDEX_PAGE || (unsigned)point > FSRV_POINTS || (bytes == NULL && length > 0))
		return FSRV_ERR_INVALID;
	return fsrv__scripts_add(&fs->scripts,
				 &(struct fsrv__new_addition){
					 scope == FSRV_SCOPE_INDEX_PAGE ? FSRV__PAGE_INDEX : FSRV__PAGE_ORDINARY, point,
					 bytes, length, any_case});
}

int fsrv_inject_add_script(struct fsrv *fs, enum fsrv_scope scope, enum fsrv_point point,
			   const struct fsrv_script *script)
{
	if ((unsigned)scope > FSRV_SCOPE_INDEX_PAGE || (unsigned)point >= FSRV_POINTS)
		return FSRV_ERR_INVALID;
	return fsrv__scripts_add_script(&fs->scripts,
					scope == FSRV_SCOPE_INDEX_PAGE ? FSRV__PAGE_INDEX : FSRV__PAGE_ORDINARY, point,
					script);
}

int fsrv_inject_add_markup(struct fsrv *fs, enum fsrv_scope scope, enum fsrv_point point, const void *bytes,
			   size_t length)
{
	return (unsigned)point >= FSRV_POINTS ? FSRV_ERR_INVALID : add(fs, scope, point, bytes, length, 0);
}

int fsrv_inject_add_strip(struct fsrv *fs, enum fsrv_scope scope, const struct fsrv_marker *marker)
{
	if (marker->length == 0 || marker->length > FSRV_MARKER_MAX)
		return FSRV_ERR_INVALID;
	return add(fs, scope, FSRV_POINTS, marker->bytes, marker->length, marker->any_case);
}
