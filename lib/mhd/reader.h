/* Bodies that are read in blocks, on the thread that sends them, as long as that thread need not wait.
 *
 * What is not in memory, and all of a remote file, is read by a worker while the connection is suspended. It
 * reads straight into libmicrohttpd's block: so each suspension brings the body forward, even if the kernel
 * drops pages as fast as they are read. After the first wait, the next window of the file is requested before
 * the current one ends. */
#ifndef FSRV__MHD_READER_H
#define FSRV__MHD_READER_H

#include <stdbool.h>

#include "mhd/answer.h"
#include "mhd/transfer.h"

/* Makes answer->response from an open file, or a multipart from the content of the answer if it has one. On
 * success it owns the transfer and the descriptor; answer->file then has no descriptor any more. With content
 * it takes a reference of that in place of the descriptor. False when there is no memory: all stays the
 * caller's.
 *
 * may_suspend  suspend the connection rather than wait for the disk */
bool fsrv__reader_make(struct fsrv__answer *answer, struct fsrv__transfer *transfer, bool may_suspend);

/* The size of a block at this moment: the more bodies are in transfer, the smaller it is, so that all blocks
 * together take little memory, however many slow clients there are. */
size_t fsrv__reader_block_size(const struct fsrv *fs);

#endif
