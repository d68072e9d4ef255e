#include "mhd/response.h"

#include "mhd/body.h"
#include "mhd/guard.h"
#include "mhd/handler.h"
#include "mhd/memory_answer.h"
#include "mhd/prepared.h"
#include "mhd/transfer.h"

static enum fsrv__answer_result make_content(struct fsrv__answer *answer)
{
	if (fsrv__plan_sends_file(answer->plan) && answer->content == NULL &&
	    !fsrv__file_is_open(answer->file))
		return FSRV__ANSWER_NEEDS_DESCRIPTOR;
	if (answer->plan->content == FSRV__CONTENT_MULTIPART ||
	    (answer->plan->content == FSRV__CONTENT_SLICE && answer->content == NULL))
		return fsrv__body_make(answer);
	return fsrv__memory_answer_make(answer, answer->content, answer->plan->offset)
		       ? FSRV__ANSWER_MADE
		       : FSRV__ANSWER_NO_MEMORY;
}

/* Those that are frequent. So a client cannot fill the places with others. */
static bool is_to_keep(const struct fsrv__answer *answer)
{
	unsigned status = answer->plan->status;

	return answer->prepared != NULL && (status == 200 || status == 304 || status == 404);
}

static void begin(struct fsrv__answer *answer)
{
	answer->response = NULL;
	answer->transfer = NULL;
	answer->guarded_fd = -1;
	answer->is_in_memory = answer->is_prepared = answer->is_reusable = false;
	fsrv__guard_end(answer->fs->guard, answer->socket);
}

/* response  one of answer->prepared; NULL: there is none */
static bool take_prepared(struct fsrv__answer *answer, struct MHD_Response *response)
{
	answer->response = response;
	answer->is_prepared = response != NULL;
	answer->is_in_memory = answer->is_prepared && fsrv__plan_sends_file(answer->plan);
	return answer->is_prepared;
}

static void release_response(struct fsrv__answer *answer)
{
	if (!answer->is_prepared)
		MHD_destroy_response(answer->response);
	answer->response = NULL;
}

void fsrv__response_discard(struct fsrv__answer *answer)
{
	/* Other responses own their transfer. */
	if (answer->guarded_fd >= 0)
		fsrv__transfer_cancel(answer->transfer);
	release_response(answer);
}

bool fsrv__response_recall(struct fsrv__answer *answer, struct fsrv__plan *plan)
{
	begin(answer);
	return take_prepared(answer, fsrv__prepared_recall(answer->prepared, answer->of, plan));
}

enum fsrv__answer_result fsrv__response_make(struct fsrv__answer *answer)
{
	begin(answer);
	if (is_to_keep(answer) && take_prepared(answer, fsrv__prepared_find(answer->prepared, answer->plan)))
		return FSRV__ANSWER_MADE;
	return make_content(answer);
}

enum fsrv__answer_result fsrv__response_add_headers(struct fsrv__answer *answer)
{
	const struct fsrv__plan *plan = answer->plan;

	if (answer->is_prepared)
		return FSRV__ANSWER_MADE;
	for (unsigned i = 0; i < plan->n_headers; i++) {
		if (MHD_add_response_header(answer->response, plan->headers[i].name,
					    plan->headers[i].value) != MHD_YES) {
			fsrv__response_discard(answer);
			return FSRV__ANSWER_NO_MEMORY;
		}
	}
	return FSRV__ANSWER_MADE;
}

static void begin_to_guard(const struct fsrv__answer *answer)
{
	const struct fsrv__plan *plan = answer->plan;

	fsrv__guard_watch(answer->fs->guard,
			  &(struct fsrv__guarded_body){.socket = answer->socket,
						       .fd = answer->guarded_fd,
						       .device = answer->file->identity.device,
						       .inode = answer->file->identity.inode,
						       .end = plan->offset + plan->length,
						       .transfer = answer->transfer});
}

void fsrv__response_begin(struct fsrv__answer *answer)
{
	if (answer->is_in_memory)
		fsrv__count(&answer->fs->counters.bytes, answer->plan->length);
	if (answer->transfer != NULL)
		fsrv__transfer_confirm(answer->transfer);
	if (answer->guarded_fd >= 0)
		begin_to_guard(answer);
	if (answer->is_reusable && is_to_keep(answer) &&
	    fsrv__prepared_keep(answer->prepared, answer->plan, answer->of, answer->response))
		answer->response = NULL;
	else
		release_response(answer);
}
