#include "mhd/response.h"

#include "mhd/body.h"
#include "mhd/guard.h"
#include "mhd/handler.h"
#include "mhd/memory_answer.h"

static enum fsrv__answer_result make_content(struct fsrv__answer *answer)
{
	if (answer->plan->content == FSRV__CONTENT_SLICE && answer->content == NULL)
		return answer->file->fd >= 0 ? fsrv__body_make(answer) : FSRV__ANSWER_NEEDS_DESCRIPTOR;
	return fsrv__memory_answer_make(answer, answer->content, answer->plan->offset)
		       ? FSRV__ANSWER_MADE
		       : FSRV__ANSWER_NO_MEMORY;
}

enum fsrv__answer_result fsrv__response_make(struct fsrv__answer *answer)
{
	const struct fsrv__plan *plan = answer->plan;
	enum fsrv__answer_result result;

	answer->response = NULL;
	fsrv__guard_end(answer->fs->guard, answer->socket, FSRV_ENDING_COMPLETE);
	result = make_content(answer);
	for (unsigned i = 0; result == FSRV__ANSWER_MADE && i < plan->n_headers; i++) {
		if (MHD_add_response_header(answer->response, plan->headers[i].name,
					    plan->headers[i].value) != MHD_YES) {
			MHD_destroy_response(answer->response);
			answer->response = NULL;
			result = FSRV__ANSWER_NO_MEMORY;
		}
	}
	return result;
}
