/* Request targets (RFC 9112, 3.2) turned into relative paths that cannot lead out of a root. */
#ifndef FSRV__HTTP_PATH_H
#define FSRV__HTTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "http/text.h"

/* The longest path that is looked up, with its terminator: as many bytes as Linux accepts (PATH_MAX). */
#define FSRV__PATH_SIZE 4096

enum fsrv__path_verdict {
	FSRV__PATH_OK,
	FSRV__PATH_MALFORMED, /* no path, or bytes that could be read in two ways */
	FSRV__PATH_IMPOSSIBLE /* no file can have it: it leads above the root, or is too long */
};

/* Whether the target is still percent-encoded. */
enum fsrv__path_form {
	FSRV__PATH_RAW,    /* as it was sent */
	FSRV__PATH_DECODED /* the server library has decoded it, and cut it at a NUL byte if there was one */
};

struct fsrv__path {
	size_t length;
	bool directory;             /* ended in a slash, or is the root itself */
	char text[FSRV__PATH_SIZE]; /* terminated; no leading or trailing slash, no empty or dot segment */
};

/* Parses a target in origin-form or absolute-form, without its query; other forms are malformed.
 *
 * Dot segments are removed (RFC 3986, 5.2.4), and a run of slashes counts as one. A raw target is decoded
 * here, once. A backslash and a control byte are malformed, and in a raw target an encoded slash and a broken
 * escape, because file systems, proxies and browsers read them in different ways. path is complete only for
 * FSRV__PATH_OK. */
enum fsrv__path_verdict fsrv__path_parse(struct fsrv__text target, enum fsrv__path_form form,
					 struct fsrv__path *path);

enum fsrv__prefix_verdict {
	FSRV__PREFIX_REMOVED, /* path is now what stands below the prefix */
	FSRV__PREFIX_ALONE,   /* the path is the prefix without a slash behind it, and stays as it was */
	FSRV__PREFIX_ABSENT   /* the path is outside of the prefix, and stays as it was */
};

/* Takes the segments of a prefix off a path. The prefix has the form of path->text; an empty one is removed
 * from every path. */
enum fsrv__prefix_verdict fsrv__path_remove_prefix(struct fsrv__path *path, struct fsrv__text prefix);

/* Whether a segment starts with exactly one dot: such names are not meant to be shown. The first segment
 * ".well-known" (RFC 8615) is not hidden. */
bool fsrv__path_is_hidden(const struct fsrv__path *path);

/* The last segment of the path; empty for the root. */
const char *fsrv__path_name(const struct fsrv__path *path);

#endif
