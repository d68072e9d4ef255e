/* HTML pages with scripts in them, built from an open file. */
#ifndef FSRV__FS_PAGE_H
#define FSRV__FS_PAGE_H

#include "fs/content.h"
#include "fs/file.h"
#include "fs/scripts.h"

enum fsrv__page_result {
	FSRV__PAGE_READY,
	FSRV__PAGE_CHANGED,   /* the file changed while it was read: look it up again */
	FSRV__PAGE_TOO_LARGE, /* for max_size */
	FSRV__PAGE_UNREADABLE /* with errno; ENOMEM when there is no memory */
};

struct fsrv__page_source {
	const struct fsrv__file *file; /* open */
	struct fsrv__content *bytes;   /* sealed; in place of the file, or NULL */
	uint64_t max_size;             /* of the file, in bytes */
	struct fsrv__content
		*known; /* an earlier page of the file, or NULL: returned if nothing has changed */
};

/* Reads an open file whole and puts in what the list of scripts says. May wait for the disk.
 *
 * last  a list with something for pages of that kind
 * page  receives sealed content with one reference, the caller's, when the page is ready; else NULL */
enum fsrv__page_result fsrv__page_build(const struct fsrv__allocator *allocator,
					const struct fsrv__page_source *source,
					const struct fsrv__addition *last, enum fsrv__page_kind kind,
					struct fsrv__content **page);

#endif
