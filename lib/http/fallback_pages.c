#include "http/fallback_pages.h"

#include <string.h>

#include "http/mime.h"

static const char html[] = ".html";

#define HTML_LENGTH (sizeof(html) - 1)

bool fsrv__fallback_page_parse(const char *name, struct fsrv__path *path)
{
	char target[FSRV__PATH_SIZE + 1];
	size_t length = strlen(name);

	if (length >= FSRV__PATH_SIZE)
		return false;
	target[0] = '/';
	memcpy(target + 1, name, length);
	return fsrv__path_parse((struct fsrv__text){target, length + 1}, FSRV__PATH_DECODED, path) ==
		       FSRV__PATH_OK &&
	       !path->directory;
}

bool fsrv__fallback_pages_need_accept(const struct fsrv__fallback_pages *pages, const struct fsrv__path *path)
{
	return (pages->spa.length > 0 || pages->not_found.length > 0) &&
	       (path->directory || fsrv__mime_extension(fsrv__path_name(path)) == NULL);
}

static bool ends_in_html(const struct fsrv__path *path)
{
	return path->length >= HTML_LENGTH && strcmp(path->text + path->length - HTML_LENGTH, html) == 0;
}

unsigned fsrv__fallback_pages_choose(const struct fsrv__fallback_pages *pages, const struct fsrv__path *path,
				     bool is_hidden, bool accepts_html)
{
	unsigned tries = 0;

	if (pages->clean_urls && !is_hidden && !path->directory && !ends_in_html(path))
		tries |= FSRV__TRY_HTML;
	if (!accepts_html || !fsrv__fallback_pages_need_accept(pages, path))
		return tries;
	if (pages->spa.length > 0)
		tries |= FSRV__TRY_SPA;
	if (pages->not_found.length > 0)
		tries |= FSRV__TRY_NOT_FOUND;
	return tries;
}

bool fsrv__fallback_pages_path(const struct fsrv__fallback_pages *pages, enum fsrv__try try,
			       const struct fsrv__path *requested, struct fsrv__path *path)
{
	struct fsrv__text start = try == FSRV__TRY_SPA ? pages->spa : pages->not_found;
	size_t more = 0;

	if (try == FSRV__TRY_HTML) {
		start = (struct fsrv__text){requested->text, requested->length};
		more = HTML_LENGTH;
	}
	if (start.length + more >= sizeof(path->text))
		return false;
	path->directory = false;
	path->length = start.length + more;
	memcpy(path->text, start.at, start.length);
	memcpy(path->text + start.length, html, more);
	path->text[path->length] = '\0';
	return true;
}
