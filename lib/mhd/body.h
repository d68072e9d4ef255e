/* How the content of an open file leaves: from memory, by sendfile(2), or read in blocks, also while it
 * grows. Also how the parts of a multipart do, whether a file or content in memory has their bytes. */
#ifndef FSRV__MHD_BODY_H
#define FSRV__MHD_BODY_H

#include "mhd/answer.h"

/* Makes answer->response with the slice or the multipart of the plan, for a multipart from the content of the
 * answer if it has one, otherwise from its open file. The response takes the descriptor, unless everything
 * was read into memory. Any result but FSRV__ANSWER_NEEDS_DESCRIPTOR. */
enum fsrv__answer_result fsrv__body_make(struct fsrv__answer *answer);

#endif
