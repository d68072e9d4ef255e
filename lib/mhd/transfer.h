/* An answer on its way to the client: counts it while it lives, and tells how it ended.
 *
 * libmicrohttpd does not say how much of a response was sent. The kernel does, for TCP: what was
 * acknowledged and what is still queued add up to what was written (tcp(7), TCP_INFO and SIOCOUTQ). */
#ifndef FSRV__TRANSFER_H
#define FSRV__TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "fsrv/fsrv.h"

struct fsrv__transfer;
struct fsrv__answer;

/* Starts to watch the answer on its connection; a body counts against max_bodies. NULL when there is
 * no memory. */
struct fsrv__transfer *fsrv__transfer_begin(const struct fsrv__answer *answer, bool is_body);

/* Whether the descriptor of the file is closed with the response: it counts as open until then. */
void fsrv__transfer_take_file(struct fsrv__transfer *transfer, bool is_taken);

/* Frees it without a word: the answer was not made. NULL is allowed. */
void fsrv__transfer_cancel(struct fsrv__transfer *transfer);

/* Content starts to leave now: everything that was written so far was header. */
void fsrv__transfer_header_is_sent(struct fsrv__transfer *transfer);

/* Asks how much of the content was written; false when the socket does not tell, or is closed. */
bool fsrv__transfer_sample(struct fsrv__transfer *transfer, uint64_t *sent);

/* Tells the log function that the file cannot be read. */
void fsrv__transfer_log_error(const struct fsrv__transfer *transfer, int error);

#define FSRV__SENT_ALL		UINT64_MAX
#define FSRV__SENT_AS_SAMPLED (UINT64_MAX - 1)

/* Tells the end and frees it.
 *
 * handed  bytes that libmicrohttpd asked for: what counts as sent where the socket does not tell;
 *         FSRV__SENT_ALL on any socket; FSRV__SENT_AS_SAMPLED: what the last sample showed
 * ending  FSRV_ENDING_COMPLETE when nothing is known to have gone wrong: then the bytes decide */
void fsrv__transfer_end(struct fsrv__transfer *transfer, enum fsrv_ending ending, uint64_t handed);

/* The number that the kernel gave a socket (SO_COOKIE, socket(7)): unlike the descriptor's it is
 * never given again. 0 when the descriptor is no socket. */
uint64_t fsrv__socket_cookie(int socket);

#endif
