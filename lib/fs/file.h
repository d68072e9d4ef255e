/* A regular file and its facts.
 *
 * All facts come from one stat(2) or fstat(2), so they agree with each other whatever happens to the name
 * meanwhile. No function here opens a file. Each may wait for the disk, a remote file's for a network or
 * another process. */
#ifndef FSRV__FS_FILE_H
#define FSRV__FS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "http/validators.h"

struct fsrv__file {
	int fd;               /* -1: not open, only its facts are known */
	int root;             /* index of the root in which the file was found */
	bool is_remote;       /* to open, read, stat or close it may wait for a network or another process */
	bool has_remote_name; /* to look up its name may wait for that */
	uint64_t device;
	struct fsrv__identity identity;
};

/* Writes the descriptor and the facts of stat(2). Leaves root, is_remote and has_remote_name alone. */
void fsrv__file_set(struct fsrv__file *file, int fd, const struct stat *facts);

/* Reads the facts of a descriptor by fstat(2), as fsrv__file_set. False with errno; file is then
 * unchanged. */
bool fsrv__file_stat(struct fsrv__file *file, int fd);

/* Whether both are the same file in the same state, found in the same root. */
bool fsrv__file_is_same(const struct fsrv__file *a, const struct fsrv__file *b);

/* Whether fstat(2) of the open file still says what file says. */
bool fsrv__file_is_unchanged(const struct fsrv__file *file);

/* What the kernel knows of a descriptor by itself. */
struct fsrv__known_facts {
	uint64_t device, inode, size;
};

/* Tells what the kernel knows of a descriptor, which may be opened by O_PATH, by statx(2). It asks no file
 * system, so it waits for nobody. False with errno: EBADF when nothing is open, another error where the call
 * is refused. */
bool fsrv__file_tell_known(int fd, struct fsrv__known_facts *facts);

/* pread(2), repeated when a signal interrupts it. Returns the number of bytes, 0 at the end of the file,
 * or -1 with errno. */
ssize_t fsrv__file_read(int fd, void *buffer, size_t size, uint64_t offset);

/* close(2), for error paths: errno keeps its value. */
void fsrv__close_keeping_errno(int fd);

/* Reads exactly length bytes. False when the file ends before that, with errno 0, or when reading fails,
 * with errno; the buffer is then undefined. */
bool fsrv__file_read_fully(int fd, void *buffer, size_t length, uint64_t offset);

#endif
