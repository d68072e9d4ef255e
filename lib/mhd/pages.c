#include "mhd/pages.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fs/page.h"
#include "http/mime.h"
#include "mhd/handler.h"

static enum fsrv__page_kind kind_of(const struct fsrv *fs, const char *path)
{
	for (size_t i = 0; i < fs->roots.n_index_names; i++)
		if (strcmp(path, fs->roots.index_names[i]) == 0)
			return FSRV__PAGE_INDEX;
	return FSRV__PAGE_ORDINARY;
}

/* Logs what the author should know. Called each time a page is built: once for each version, as long as the
 * cache keeps it. */
static void log_page(const struct fsrv *fs, const char *path, uint64_t flags)
{
	const struct fsrv__log *log = &fs->log;

	if ((flags & (FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP)) != 0)
		fsrv__log_line(log,
			       "%s: served without scripts, which its encoding does not allow; make it UTF-8",
			       path);
	else if ((flags & FSRV_PAGE_UNFINISHED) != 0)
		fsrv__log_line(
			log,
			"%s: ends inside an element or comment; scripts for the body's end go before that",
			path);
	else if ((flags & FSRV_PAGE_CSP) != 0)
		fsrv__log_line(log, "%s: its Content-Security-Policy may forbid the scripts that were put in",
			       path);
}

uint64_t fsrv__pages_scripts_hash(const struct fsrv *fs, const struct fsrv__addition *last,
				  const struct fsrv__lookup_result *result)
{
	if (last == NULL || result->content_coding != NULL ||
	    !fsrv__mime_is_html(fsrv__lookup_result_type(result)))
		return 0;
	return last->totals[kind_of(fs, result->path.text)].hash;
}

static enum fsrv__lookup_status refuse_large(struct fsrv *fs, struct fsrv__lookup_result *result)
{
	fsrv__log_line(
		&fs->log,
		"%s: larger than option max_page_size, which allows %llu bytes for a page with scripts",
		result->path.text, (unsigned long long)fs->max_page_size);
	return fsrv__lookup_result_fail(fs, result, FSRV__BROKEN, 0);
}

enum fsrv__lookup_status fsrv__pages_prepare(struct fsrv *fs, const struct fsrv__addition *last,
					     struct fsrv__content *known, struct fsrv__lookup_result *result)
{
	const char *path = result->path.text;
	const struct fsrv__page_source source = {&result->file, result->content, fs->max_page_size, known};
	struct fsrv__content *page;

	switch (fsrv__page_build(&fs->allocator, &source, last, kind_of(fs, path), &page)) {
	case FSRV__PAGE_CHANGED:
		if (!result->is_given)
			fsrv__lookup_result_clear(fs, result);
		return FSRV__LOOKUP_CHANGED;
	case FSRV__PAGE_TOO_LARGE:
		return refuse_large(fs, result);
	case FSRV__PAGE_UNREADABLE:
		return fsrv__lookup_result_fail(fs, result, errno == ENOMEM ? FSRV__OVERLOADED : FSRV__BROKEN,
						errno);
	case FSRV__PAGE_READY:
		break;
	}
	fsrv__content_release(result->content);
	result->content = page;
	if (result->is_of_overlay)
		fsrv__overlay_keep_page(&fs->overlay, path, page);
	if (page != known)
		log_page(fs, path, result->content->flags);
	return FSRV__LOOKUP_DONE;
}
