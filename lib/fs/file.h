/* A regular file and its facts, or content that a program reads in place of one.
 *
 * All facts come from one system call, so they agree with each other whatever happens to the name
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

/* Content that the program reads. */
struct fsrv__source {
	ssize_t (*read)(void *cls, void *buffer, size_t size, uint64_t offset); /* like pread(2) */
	void (*release)(void *cls);
	void *cls;
};

struct fsrv__file {
	int fd;                     /* -1: not open, only its facts are known */
	struct fsrv__source source; /* read is NULL unless it takes the place of a descriptor */
	int root;                   /* index of the root in which the file was found */
	bool is_in_memory;          /* its file system has no disk, only memory and swap space */
	bool is_remote;       /* to open, read, stat or close it may wait for a network or another process */
	bool may_be_remote;   /* a remote root may have to be asked for its name */
	bool has_remote_name; /* to look up its name may wait for that */
	bool is_random;       /* the kernel was told not to read ahead for the descriptor */
	struct fsrv__identity identity;
};

/* Reads the facts of a descriptor, which may be one of a name alone, of the file at a path, or of a name in
 * an open directory, which is not followed if it is a symbolic link. Writes descriptor (-1 unless it is
 * given) and identity, and the file's type and permissions to *mode. False with errno; nothing is written
 * then. */
bool fsrv__file_stat(struct fsrv__file *file, int fd, mode_t *mode);
bool fsrv__file_stat_path(struct fsrv__file *file, const char *path, mode_t *mode);
bool fsrv__file_stat_name(struct fsrv__file *file, int directory, const char *name, mode_t *mode);

/* Whether both are the same file in the same state, found in the same root. */
bool fsrv__file_is_same(const struct fsrv__file *a, const struct fsrv__file *b);

/* Whether the facts of the open file are still those of file. Those of a source do not change. */
bool fsrv__file_is_unchanged(const struct fsrv__file *file);

/* Whether there is a descriptor or a source. */
bool fsrv__file_is_open(const struct fsrv__file *file);

/* Makes it one that is not open: descriptor or source belong to somebody else now. */
void fsrv__file_forget(struct fsrv__file *file);

/* Closes the descriptor or releases the source. */
void fsrv__file_close(struct fsrv__file *file);

/* pread(2), repeated when a signal interrupts it. Returns the number of bytes, 0 at the end of the file,
 * or -1 with errno. */
ssize_t fsrv__descriptor_read(int fd, void *buffer, size_t size, uint64_t offset);

/* The same for an open file or a source. */
ssize_t fsrv__file_read(const struct fsrv__file *file, void *buffer, size_t size, uint64_t offset);

/* close(2), for error paths: errno keeps its value. */
void fsrv__close_keeping_errno(int fd);

/* Reads exactly length bytes. False when the file ends before that, with errno 0, or when reading fails,
 * with errno; the buffer is then undefined. */
bool fsrv__file_read_fully(const struct fsrv__file *file, void *buffer, size_t length, uint64_t offset);

#endif
