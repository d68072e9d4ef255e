/* Bodies that follow a file or a source while it grows, until its writer is done or nothing has come for a
 * while. */
#ifndef FSRV__MHD_FOLLOWER_H
#define FSRV__MHD_FOLLOWER_H

#include <stdbool.h>

#include "mhd/answer.h"
#include "mhd/transfer.h"

/* Makes answer->response from an open file, without a length. On success it owns the transfer and the file;
 * answer->file is then not open any more. False when there is no memory: all stays the caller's.
 *
 * Where connections can be suspended, this one is while nothing comes; otherwise its thread waits. */
bool fsrv__follower_make(struct fsrv__answer *answer, struct fsrv__transfer *transfer);

#endif
