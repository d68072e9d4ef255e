/* The libmicrohttpd response for a plan: its content and its header fields. */
#ifndef FSRV__MHD_RESPONSE_H
#define FSRV__MHD_RESPONSE_H

#include "mhd/answer.h"

/* Takes the response that was kept for the case of the answer, and writes its plan without header fields.
 * False when there is none: the answer is to be planned. Ends what the guard still watches on that
 * connection. */
bool fsrv__response_recall(struct fsrv__answer *answer, struct fsrv__plan *plan);

/* Makes answer->response with its content, which the caller passes to one of the next three. With any result
 * but FSRV__ANSWER_MADE there is no response; the file of the answer may have lost its descriptor all the
 * same. Ends what the guard still watches on that connection. */
enum fsrv__answer_result fsrv__response_make(struct fsrv__answer *answer);

/* Adds the header fields of the plan: FSRV__ANSWER_MADE, or FSRV__ANSWER_NO_MEMORY without a response. */
enum fsrv__answer_result fsrv__response_add_headers(struct fsrv__answer *answer);

/* The response was queued: counts it, begins to guard it, gives the reference up. From now on its end will be
 * reported, on another thread before this returns. answer->file still has the facts of the file. Cannot fail.
 */
void fsrv__response_begin(struct fsrv__answer *answer);

/* The response was not queued: frees it. Its end is not reported. */
void fsrv__response_discard(struct fsrv__answer *answer);

#endif
