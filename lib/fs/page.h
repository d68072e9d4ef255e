/* HTML pages with scripts in them. */
#ifndef FSRV__PAGE_H
#define FSRV__PAGE_H

#include "fs/content.h"
#include "fs/roots.h"
#include "fs/scripts.h"

enum fsrv__page_result {
	FSRV__PAGE_READY,
	FSRV__PAGE_CHANGED,   /* the file changed while it was read: look again */
	FSRV__PAGE_UNREADABLE /* errno; ENOMEM for want of memory */
};

/* Reads an open file whole and puts in what the list says.
 *
 * last  a list of scripts with something for pages of that kind
 * page  receives content with one reference */
enum fsrv__page_result fsrv__page_build(const struct fsrv__allocator *allocator, const struct fsrv__file *file,
					const struct fsrv__addition *last, enum fsrv__page_kind kind,
					struct fsrv__content **page);

#endif
