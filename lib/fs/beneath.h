/* Opening files so that symbolic links cannot lead out of a directory, and opening what the kernel has
 * cached without waiting. */
#ifndef FSRV__FS_BENEATH_H
#define FSRV__FS_BENEATH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fs/file.h"

enum fsrv__links {
	FSRV__LINKS_FOLLOW,  /* anywhere */
	FSRV__LINKS_BENEATH, /* relative ones that stay below the directory */
	FSRV__LINKS_NONE
};

/* How every file of a client's choice is opened. O_NONBLOCK: a FIFO must not hang the thread. */
#define FSRV__OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* Whether the kernel has openat2(2), which came with Linux 5.6; sandboxes may forbid it. Should one do so
 * later, the functions below find another way, at the price of a call in vain. */
bool fsrv__has_openat2(void);

/* Each of the following opens a path and returns a descriptor, which belongs to the caller, or -1 with
 * errno.
 *
 * directory  an open directory, or AT_FDCWD for an absolute path with FSRV__LINKS_FOLLOW
 * path       relative and without dot segments, unless it is absolute
 * flags      of open(2), O_CLOEXEC among them */

/* Opens what the kernel has cached, by openat2(2) with RESOLVE_CACHED, and never waits for a name. EAGAIN
 * when a name is not cached, or when the kernel cannot tell (before Linux 5.12, or in a sandbox): the caller
 * tries again where waiting is allowed. */
int fsrv__open_cached(int directory, const char *path, enum fsrv__links links, int flags);

/* Opens a path that stays in the directory's file system, by openat2(2) with RESOLVE_NO_XDEV. EXDEV when
 * the path leads into another one, EAGAIN when the kernel cannot tell. */
int fsrv__open_same_device(int directory, const char *path, enum fsrv__links links, int flags);

/* Opens a path below the directory. May wait. links is FSRV__LINKS_BENEATH or FSRV__LINKS_NONE. EXDEV for a
 * link that leaves the directory; ELOOP for too many links, or for any link where none may be.
 *
 * fsrv__open_beneath tries openat2(2), and walks where that is refused. fsrv__walk_beneath does the same with
 * one openat(2) for each segment and never steps through a link, so that a rename during the walk can make it
 * fail but cannot lead it out. */
int fsrv__open_beneath(int directory, const char *path, enum fsrv__links links, int flags);
int fsrv__walk_beneath(int directory, const char *path, enum fsrv__links links, int flags);

/* Walks likewise, but to the facts of the file, which need not be readable: fsrv__file_stat_name. */
bool fsrv__stat_beneath(int directory, const char *path, enum fsrv__links links, struct fsrv__file *file,
			mode_t *mode);

#endif
