/* Media types: the program's own, before the built-in table. */
#ifndef FSRV__MHD_MEDIA_TYPES_H
#define FSRV__MHD_MEDIA_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include "fsrv/fsrv.h"
#include "http/path.h"

/* Does not change, so any thread may use it. */
struct fsrv__media_types {
	const struct fsrv_type *list; /* sorted */
	size_t n_types;
	const char *unknown;       /* the type of unknown extensions */
	const char *extensionless; /* that of names without an extension that no custom gives a type */
	bool has_codings;          /* a name as a.js.gz stands for a.js with a content coding */
};

/* Sorts types by extension, in place. Of several for one extension the first stays. Returns how many stay. */
size_t fsrv__media_types_sort(struct fsrv_type *list, size_t n);

/* The media type of a file by its name. Lives as long as types.
 *
 * coding  receives the content coding that the name stands for where has_codings is set, otherwise NULL; the
 *         type is then that of the name without its ending */
const char *fsrv__media_type_of(const struct fsrv__media_types *types, const struct fsrv__path *path,
				const char **coding);

#endif
