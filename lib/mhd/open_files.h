/* The files that are open, counted for the option max_files, and closing them. A file that a sendfile body
 * holds open is counted until its transfer ends (mhd/transfer.h). */
#ifndef FSRV__MHD_OPEN_FILES_H
#define FSRV__MHD_OPEN_FILES_H

#include <stdbool.h>

#include "fs/file.h"
#include "fsrv/fsrv.h"

/* Counts a file as open before it is opened, so that the limit holds whoever opens one at the same time.
 * False when max_files are open. */
bool fsrv__open_files_reserve(struct fsrv *fs);

/* Opens a file whose facts are known by a descriptor that stayed open since an earlier request. It counts as
 * open then. False when there is none, or max_files are open. */
bool fsrv__open_files_take(struct fsrv *fs, struct fsrv__file *file);

/* Gives a reservation back: the file was not opened. */
void fsrv__open_files_cancel(struct fsrv *fs);

/* Closes a file that counts as open; file is then not open any more. The descriptor of a large local file
 * that a lookup opened stays open for a moment, for fsrv__open_files_take. A remote file is closed by a
 * worker, because close(2) may wait: in its turn among the jobs that connections wait for, since descriptors
 * are what these need. Where the pool has not started, is drained, or there is no memory, this thread closes
 * it and may wait. */
void fsrv__open_files_close(struct fsrv *fs, struct fsrv__file *file);

/* Closes what stayed open, at once. False when nothing did. */
bool fsrv__open_files_close_kept(struct fsrv *fs);

/* The same with what has not been used for a moment. For fsrv__workers_new: true when it is to be called
 * again. */
bool fsrv__open_files_close_unused(struct fsrv *fs);

#endif
