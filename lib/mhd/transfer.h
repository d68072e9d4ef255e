/* A transfer: one answer on its way to the client. It counts a body while it is in transfer, and the file
 * that the body holds open, and reports to the completion hook how the answer ended.
 *
 * libmicrohttpd does not tell how much of a response was sent. The kernel does, for TCP (mhd/socket.h).
 *
 * A transfer has one owner at a time, who ends or cancels it exactly once. */
#ifndef FSRV__MHD_TRANSFER_H
#define FSRV__MHD_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "fsrv/fsrv.h"
#include "mhd/answer.h"

struct fsrv__transfer;

/* Begins the transfer of an answer, which belongs to the caller. With is_body it counts against max_bodies.
 * NULL when there is no memory. */
struct fsrv__transfer *fsrv__transfer_begin(const struct fsrv__answer *answer, bool is_body);

/* Says whether the file stays open until the transfer ends: it then counts as open until that moment. */
void fsrv__transfer_hold_file(struct fsrv__transfer *transfer, bool holds);

/* Frees a transfer without a report: the answer was not made. NULL is allowed. */
void fsrv__transfer_cancel(struct fsrv__transfer *transfer);

/* Notes that everything that was written so far is header, and that content follows. */
void fsrv__transfer_begin_content(struct fsrv__transfer *transfer);

/* Samples how many bytes of the content were written. False when the socket does not tell, or is closed. */
bool fsrv__transfer_sample(struct fsrv__transfer *transfer, uint64_t *sent);

/* Logs that the file cannot be read. */
void fsrv__transfer_log_read_error(const struct fsrv__transfer *transfer, int error);

/* Values for the last parameter of fsrv__transfer_end. */
#define FSRV__SENT_ALL        UINT64_MAX       /* all of the content, whatever the socket tells */
#define FSRV__SENT_AS_SAMPLED (UINT64_MAX - 1) /* what the socket tells, now or at the last sample */

/* Reports the end and frees the transfer. Calls the completion hook on this thread, so no lock may be held.
 *
 * ending  FSRV_ENDING_COMPLETE when nothing is known to have failed: then the bytes decide
 * sent    bytes that libmicrohttpd asked for, which count as sent where the socket does not tell, or one of
 *         the two values above */
void fsrv__transfer_end(struct fsrv__transfer *transfer, enum fsrv_ending ending, uint64_t sent);

#endif
