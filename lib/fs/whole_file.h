/* Reading a file whole. What fstat(2) says of its size is only a claim: files below /proc say 0, those below
 * /sys 4096, some FUSE file systems 0 or anything. And a file may grow or shrink while it is read. */
#ifndef FSRV__FS_WHOLE_FILE_H
#define FSRV__FS_WHOLE_FILE_H

#include "fs/content.h"
#include "fs/file.h"

enum fsrv__whole_file_result {
	FSRV__WHOLE_FILE_READ,
	FSRV__WHOLE_FILE_TOO_LARGE, /* it has more bytes than are allowed */
	FSRV__WHOLE_FILE_UNREADABLE /* with errno; ENOMEM when there is no memory */
};

/* Reads an open file from its start to its end, wherever that is. May wait for the disk.
 *
 * file     when it changed meanwhile, it receives the facts of afterwards
 * max      bytes that are allowed
 * content  receives sealed content with one reference, the caller's, when the file was read; else NULL. It is
 *          volatile when the file still has another size than it has bytes. */
enum fsrv__whole_file_result fsrv__whole_file_read(const struct fsrv__allocator *allocator,
						   struct fsrv__file *file, uint64_t max,
						   struct fsrv__content **content);

#endif
