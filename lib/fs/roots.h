/* An overlay of folders: the first that holds a name as a regular file serves it. */
#ifndef FSRV__ROOTS_H
#define FSRV__ROOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/path.h"
#include "http/plan.h"
#include "http/validators.h"
#include "fs/beneath.h"

/* What a look at a name in a root may have to wait for. */
enum fsrv__medium {
	FSRV__MEDIUM_DISK,
	FSRV__MEDIUM_MEMORY, /* nothing */
	FSRV__MEDIUM_REMOTE  /* a network or another process */
};

struct fsrv__root {
	const char *path; /* absolute */
	size_t length;
	enum fsrv__links links;
	_Atomic enum fsrv__medium medium; /* of the folder itself; others may be mounted in it */
};

#define FSRV__LOCAL_DEVICES 8

/* Immutable but for what is learned about devices, so any number of threads may look things up. */
struct fsrv__roots {
	/* Where nobody but the kernel is asked for names, facts and content; 0: free. */
	_Atomic uint64_t local_devices[FSRV__LOCAL_DEVICES];
	atomic_uint n_learned;
	struct fsrv__root *list;
	size_t n_roots;
	const char *const *index_names;
	size_t n_index_names;
	bool has_openat2;
};

/* An open regular file and what one fstat(2) of it said; every fact about a response comes from this
 * descriptor, so that they agree whatever happens to the name. */
struct fsrv__file {
	int fd;
	int root; /* index of the root that it was found in */
	bool is_remote;	      /* to read, stat or close it may mean to ask a network or another process */
	bool has_remote_name; /* or to look for it */
	uint64_t device;
	struct fsrv__identity identity;
};

enum fsrv__sought {
	FSRV__SEEK_FILE, /* open */
	FSRV__SEEK_FACTS /* what stat(2) says; the descriptor is -1, and the file may be unreadable */
};

/* Finds the file for a path.
 *
 * path   for a folder's index page the name of the page is appended to it
 * file   written only for FSRV__FOUND_FILE; the descriptor is then the caller's to close
 *
 * recent  the root in which the path was found a moment ago, so that its names are in memory; -1: none
 *
 * Returns FSRV__FOUND_FILE, FSRV__FOUND_DIRECTORY (a folder named without its slash),
 * FSRV__TARGET_MISSING, FSRV__TARGET_FORBIDDEN, FSRV__OVERLOADED or FSRV__BROKEN; the last three
 * with errno. With FSRV__IN_MEMORY it is FSRV__OVERLOADED and EAGAIN when it would have to wait:
 * for a name, or for anything of a file on a device that is not known to be local; file->is_remote
 * then says whether it could have to wait for a network or another process. */
enum fsrv__outcome fsrv__roots_find(struct fsrv__roots *roots, enum fsrv__sought sought,
				    enum fsrv__patience patience, int recent, struct fsrv__path *path,
				    struct fsrv__file *file);

/* Whether a root is a folder that may be searched; false with errno. */
bool fsrv__root_is_usable(const char *path);

/* Learns on what kind of file system a root lies. */
void fsrv__root_learn(struct fsrv__roots *roots, struct fsrv__root *root);

/* Takes the facts of an open file again; root is left alone. False with errno. */
bool fsrv__file_look(int fd, struct fsrv__file *file);

/* Whether both are the same file in the same state, found in the same root. */
bool fsrv__file_is_same(const struct fsrv__file *a, const struct fsrv__file *b);

/* Whether an open file is still in the state that was noted. */
bool fsrv__file_is_still(const struct fsrv__file *file);

/* Reads exactly length bytes at an offset; false when the file ends before, with errno 0, or when
 * reading fails, with errno. */
bool fsrv__file_read(int fd, void *buffer, size_t length, uint64_t offset);

#endif
