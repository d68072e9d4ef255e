/* Request targets (RFC 9112, 3.2) become relative paths that cannot leave a root. */
#ifndef FSRV__PATH_H
#define FSRV__PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "http/text.h"

/* Longest path that is looked up, with its terminator: what Linux accepts (PATH_MAX). */
#define FSRV__PATH_SIZE 4096

enum fsrv__path_verdict {
	FSRV__PATH_OK,
	FSRV__PATH_MALFORMED, /* not a path, or bytes that could be read in two ways */
	FSRV__PATH_NOWHERE    /* leads above the root, or is longer than any file name */
};

/* How the target's percent-encoding stands. */
enum fsrv__path_form {
	FSRV__PATH_RAW,    /* as it was sent */
	FSRV__PATH_DECODED /* decoded by libmicrohttpd already, and cut at a NUL if there was one */
};

struct fsrv__path {
	size_t length;
	bool directory;             /* ended in a slash, or is the root itself */
	char text[FSRV__PATH_SIZE]; /* terminated; no leading or trailing slash, no empty or dot segment */
};

/* Parses origin-form and absolute-form targets without a query; others are malformed.
 *
 * Decodes once and removes dot segments (RFC 3986, 5.2.4); runs of slashes count as one. An encoded
 * slash, a backslash in any form, control bytes and broken escapes are malformed, because file
 * systems, proxies and browsers read them in different ways. path is complete only for
 * FSRV__PATH_OK. */
enum fsrv__path_verdict fsrv__path_parse(struct fsrv__text target, enum fsrv__path_form form,
					 struct fsrv__path *path);

/* True when a segment starts with exactly one dot, the mark of what its owner did not mean to
 * show; the first segment
 * ".well-known" (RFC 8615) is not hidden. */
bool fsrv__path_is_hidden(const struct fsrv__path *path);

/* The last segment of the path; empty for the root. */
const char *fsrv__path_name(const struct fsrv__path *path);

#endif
