/* How the content of an open file leaves: from memory, by sendfile(2), or read in blocks. */
#ifndef FSRV__MHD_BODY_H
#define FSRV__MHD_BODY_H

#include "mhd/answer.h"

/* Makes answer->response with the slice of the plan, from the open file of the answer. The response takes the
 * descriptor, unless the slice was read into memory. Any result but FSRV__ANSWER_NEEDS_DESCRIPTOR. */
enum fsrv__answer_result fsrv__body_make(struct fsrv__answer *answer);

#endif
