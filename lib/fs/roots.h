/* An overlay of directories, called roots: the first root that holds a name as a regular file serves it.
 *
 * Roots are paths and not descriptors: a root that is replaced, by a compiler for instance, is found anew
 * at the next lookup. Nothing here knows requests or responses. */
#ifndef FSRV__FS_ROOTS_H
#define FSRV__FS_ROOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "fs/beneath.h"
#include "fs/devices.h"
#include "fs/file.h"
#include "http/outcome.h"
#include "http/path.h"

struct fsrv__root {
	const char *path; /* absolute */
	size_t length;
	enum fsrv__links links;
	_Atomic enum fsrv__medium medium; /* of the directory itself; others may be mounted below it */
};

/* Does not change but for what is learned about media and devices, so any number of threads may look up
 * names at the same time. */
struct fsrv__roots {
	struct fsrv__devices devices;
	struct fsrv__root *list;
	size_t n_roots;
	const char *const *index_names;
	size_t n_index_names;
	bool has_openat2;
};

enum fsrv__find_mode {
	FSRV__FIND_OPEN, /* open the file for reading */
	FSRV__FIND_STAT  /* only its facts: the descriptor is -1, and the file may be unreadable */
};

enum fsrv__wait_policy {
	FSRV__MAY_WAIT,
	FSRV__LOCAL_ONLY, /* for disks of this machine, but touch no root that is remote */
	FSRV__CACHED_ONLY /* touch only what the kernel has in memory */
};

struct fsrv__find_options {
	enum fsrv__find_mode mode;
	enum fsrv__wait_policy wait;
	/* The root in which the path was found a moment ago, -1 for none: its names are still in memory, so
	 * FSRV__CACHED_ONLY does not concern it. */
	int recent_root;
};

/* Finds the file for a path.
 *
 * path  for a directory the name of an index page is appended: of the one that was found, or of the last one
 *       that was tried
 * file  written for FSRV__FOUND_FILE; the descriptor is then the caller's to close
 *
 * May wait for a disk, or, where a root or a mount is remote, for a network or another process, unless
 * options say otherwise. Returns FSRV__FOUND_FILE; FSRV__FOUND_DIRECTORY, a directory named without its
 * slash; FSRV__TARGET_MISSING; and with errno FSRV__TARGET_FORBIDDEN, FSRV__OVERLOADED or FSRV__BROKEN.
 *
 * With FSRV__CACHED_ONLY it is FSRV__OVERLOADED and EAGAIN when the lookup would have to wait: for a name,
 * or for anything of a file on a device that is not known to be local. file->is_remote then tells whether
 * that could be a wait for a network or another process, as far as that is known, and may_be_remote whether
 * roots follow that are remote. With FSRV__LOCAL_ONLY it is the same, with is_remote, when the lookup comes
 * to such a root. */
enum fsrv__outcome fsrv__roots_find(struct fsrv__roots *roots, const struct fsrv__find_options *options,
				    struct fsrv__path *path, struct fsrv__file *file);

/* Looks a name up in one root alone, by its index; path->directory does not count. Otherwise like
 * fsrv__roots_find. */
enum fsrv__outcome fsrv__roots_find_in(struct fsrv__roots *roots, const struct fsrv__find_options *options,
				       int root, struct fsrv__path *path, struct fsrv__file *file);

/* Whether a path is a directory that may be searched; false with errno. May wait. */
bool fsrv__root_is_usable(const char *path);

/* Finds out on what medium a root lies. May wait. */
void fsrv__root_detect_medium(struct fsrv__roots *roots, struct fsrv__root *root);

#endif
