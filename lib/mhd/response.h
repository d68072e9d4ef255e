/* The libmicrohttpd response for a plan: its content and its header fields. */
#ifndef FSRV__MHD_RESPONSE_H
#define FSRV__MHD_RESPONSE_H

#include "mhd/answer.h"

/* Makes answer->response. With any result but FSRV__ANSWER_MADE there is no response; the file of the answer
 * may have lost its descriptor all the same. Ends what the guard still watches on that connection. */
enum fsrv__answer_result fsrv__response_make(struct fsrv__answer *answer);

#endif
