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

/* Gives a reservation back: the file was not opened. */
void fsrv__open_files_cancel(struct fsrv *fs);

/* Closes a file that counts as open; file is then not open any more. A remote file is closed by a worker,
 * because close(2) may wait: in its turn among the jobs that connections wait for, since descriptors are what
 * these need. Where the pool has not started, is drained, or there is no memory, this thread closes it and
 * may wait. */
void fsrv__open_files_close(struct fsrv *fs, struct fsrv__file *file);

#endif
