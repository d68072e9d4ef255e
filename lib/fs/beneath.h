/* Opening files so that symbolic links cannot lead out of a folder. */
#ifndef FSRV__BENEATH_H
#define FSRV__BENEATH_H

#include <stdbool.h>

enum fsrv__links {
	FSRV__LINKS_FOLLOW,  /* anywhere */
	FSRV__LINKS_BENEATH, /* relative ones that stay below the folder */
	FSRV__LINKS_NONE
};

/* How every file of a client's choice is opened. O_NONBLOCK: a FIFO must not hang the thread. */
#define FSRV__OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* Whether the kernel has openat2(2), since Linux 5.6; sandboxes may hide it. */
bool fsrv__has_openat2(void);

/* Whether a look at names may wait for a disk. */
enum fsrv__patience {
	FSRV__MAY_WAIT,
	FSRV__IN_MEMORY /* EAGAIN when a name is not in memory, or when the kernel cannot tell (before 5.12) */
};

/* Opens a path by openat2(2), without waiting for names.
 *
 * folder  AT_FDCWD for an absolute path with FSRV__LINKS_FOLLOW */
int fsrv__open_in_memory(int folder, const char *path, enum fsrv__links links, int flags);

/* The same, with waiting, for a path that leads into no other file system: EXDEV when it does. */
int fsrv__open_here(int folder, const char *path, enum fsrv__links links, int flags);

/* Opens path, which is relative and without dot segments, below the folder.
 *
 * links  FSRV__LINKS_BENEATH or FSRV__LINKS_NONE
 * flags  of open(2), O_CLOEXEC among them
 *
 * Returns a descriptor, or -1 with errno: EXDEV for a link that leaves, ELOOP for too many links or
 * one where none may be. fsrv__open_beneath needs openat2(2); fsrv__walk_beneath does the same with
 * one openat(2) for each step and no step through a link, so that a rename meanwhile can make it
 * fail but cannot lead it out. */
int fsrv__open_beneath(int folder, const char *path, enum fsrv__links links, int flags);
int fsrv__walk_beneath(int folder, const char *path, enum fsrv__links links, int flags);

#endif
