/* Which files may take the place of one that is missing. Decisions alone: nothing is looked up here. */
#ifndef FSRV__HTTP_FALLBACK_PAGES_H
#define FSRV__HTTP_FALLBACK_PAGES_H

#include <stdbool.h>

#include "http/path.h"

/* The options of the program. Pages are paths below a root; an empty one is none. */
struct fsrv__fallback_pages {
	bool clean_urls;
	struct fsrv__text spa, not_found;
};

/* What is looked up for a target, one after the other until a file is found. */
enum fsrv__try {
	FSRV__TRY_NAME = 1 << 0,     /* the path of the target */
	FSRV__TRY_HTML = 1 << 1,     /* the same with ".html" behind it */
	FSRV__TRY_SPA = 1 << 2,      /* the page that answers for every route of an application */
	FSRV__TRY_NOT_FOUND = 1 << 3 /* the page that is sent with 404 */
};

/* Reads the path of a page, which may begin with a slash and is not percent-encoded. False when no file can
 * have it. */
bool fsrv__fallback_page_parse(const char *name, struct fsrv__path *path);

/* Whether Accept decides what a client gets when the path is missing. That is so when there is a page, and
 * the last segment of the path has no extension: a missing script or image is never replaced by a page. */
bool fsrv__fallback_pages_need_accept(const struct fsrv__fallback_pages *pages,
				      const struct fsrv__path *path);

/* Chooses what may take the place of a path: bits of enum fsrv__try.
 *
 * is_hidden     the path counts as missing, whatever there is
 * accepts_html  fsrv__accept_names_html; used only where fsrv__fallback_pages_need_accept is true */
unsigned fsrv__fallback_pages_choose(const struct fsrv__fallback_pages *pages, const struct fsrv__path *path,
				     bool is_hidden, bool accepts_html);

/* Writes the path that one try other than FSRV__TRY_NAME looks up. False when it would be too long. */
bool fsrv__fallback_pages_path(const struct fsrv__fallback_pages *pages, enum fsrv__try try,
			       const struct fsrv__path *requested, struct fsrv__path *path);

#endif
