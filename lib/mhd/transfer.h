/* A transfer: one answer on its way to the client. It counts a body while it is in transfer, and the file
 * that the body holds open, and reports to the completion hook how the answer ended.
 *
 * libmicrohttpd does not tell how much of a response was sent. The kernel does, for TCP (mhd/socket.h). It
 * is asked for the completion hook, once before and once after the content, and for bodies of which nobody
 * else knows.
 *
 * It ends in two steps. To settle it counts it out: any thread may do that at once, since it calls nothing
 * of the program's. To report it calls the completion hook. An answer that was never queued is not reported.
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

/* Finds out by which identity other threads can tell the socket. False when the kernel does not tell: then
 * nothing may leave by sendfile(2). */
bool fsrv__transfer_identify_socket(struct fsrv__transfer *transfer);

/* Notes that the body leaves by sendfile(2), so that only the socket tells how much of it has left, and that
 * the file, which counts as open, stays so until the transfer ends or is cancelled. */
void fsrv__transfer_hold_file(struct fsrv__transfer *transfer, const struct fsrv__answer *answer);

/* The identity of the socket; 0 when it is not known. */
uint64_t fsrv__transfer_socket_identity(const struct fsrv__transfer *transfer);

/* Notes that the answer was queued: its end will be reported. */
void fsrv__transfer_confirm(struct fsrv__transfer *transfer);

/* Frees a transfer without a report: the answer was not queued. NULL is allowed. */
void fsrv__transfer_cancel(struct fsrv__transfer *transfer);

/* The path of the file below its root; valid as long as the transfer is. */
const char *fsrv__transfer_path(const struct fsrv__transfer *transfer);

/* Notes that the header follows, whose length is estimated. For a response that has no reader, which would
 * tell when the content begins. */
void fsrv__transfer_begin_header(struct fsrv__transfer *transfer, const struct fsrv__answer *answer);

/* Notes that everything that was written so far is header, and that content follows. */
void fsrv__transfer_begin_content(struct fsrv__transfer *transfer);

/* Notes the length of content that was followed, right before its end: what was read of it. The client may
 * have all of that and the content be incomplete nevertheless. The framing of chunks counts as content as far
 * as the socket tells what was written, up to that length. */
void fsrv__transfer_set_length(struct fsrv__transfer *transfer, uint64_t length);

/* Measures how many bytes of the content were written.
 *
 * socket  a descriptor of the connection's socket
 *
 * False when the socket does not tell: the last measurement stands. */
bool fsrv__transfer_measure(struct fsrv__transfer *transfer, int socket);

/* The same, if the socket is still open and a descriptor is left. For threads that do not serve the
 * connection: it uses a duplicate of the descriptor. */
void fsrv__transfer_sample(struct fsrv__transfer *transfer);

/* Values for the last parameter of the next two. */
#define FSRV__SENT_ALL        UINT64_MAX       /* all of the content, whatever the socket tells */
#define FSRV__SENT_AS_SAMPLED (UINT64_MAX - 1) /* what the socket told last */

/* Ends the transfer on the thread that serves the connection: measures, settles, reports and frees it. The
 * completion hook is called, so no lock may be held. One that was not confirmed is cancelled.
 *
 * ending  FSRV_ENDING_COMPLETE when nothing is known to have failed: then the bytes decide
 * sent    bytes that libmicrohttpd asked for, which count as sent where the socket does not tell, or one of
 *         the two values above */
void fsrv__transfer_end(struct fsrv__transfer *transfer, enum fsrv_ending ending, uint64_t sent);

/* Counts a transfer out, on any thread. The parameters are those of fsrv__transfer_end, but nothing is
 * measured. */
void fsrv__transfer_settle(struct fsrv__transfer *transfer, enum fsrv_ending ending, uint64_t sent);

/* Whether the completion hook will be called. */
bool fsrv__transfer_is_reported(const struct fsrv__transfer *transfer);

/* Calls the completion hook for a transfer that is settled, if there is one, and frees it. No lock may be
 * held when the hook is called. */
void fsrv__transfer_report(struct fsrv__transfer *transfer);

/* Transfers that are settled and wait for their report. All zero when empty. */
struct fsrv__transfer_list {
	struct fsrv__transfer *first, *last;
};

void fsrv__transfer_append(struct fsrv__transfer_list *list, struct fsrv__transfer *transfer);

/* Removes the one that was appended first; NULL when there is none. */
struct fsrv__transfer *fsrv__transfer_take_first(struct fsrv__transfer_list *list);

#endif
