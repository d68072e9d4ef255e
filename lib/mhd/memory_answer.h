/* Responses whose content is in memory, or that have none. */
#ifndef FSRV__MHD_MEMORY_ANSWER_H
#define FSRV__MHD_MEMORY_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/content.h"
#include "mhd/answer.h"

/* Makes answer->response as the plan says. content holds the slice, or the finished multipart, from an offset
 * on, and the response takes a reference of its own; for other kinds of content it is not used. False when
 * there is no memory; nothing is made then. */
bool fsrv__memory_answer_make(struct fsrv__answer *answer, struct fsrv__content *content, uint64_t offset);

/* The same for a body whose transfer has begun: content is all of it. The transfer belongs to the response;
 * it stays the caller's on failure. */
bool fsrv__memory_answer_make_body(struct fsrv__answer *answer, struct fsrv__content *content,
				   struct fsrv__transfer *transfer);

#endif
