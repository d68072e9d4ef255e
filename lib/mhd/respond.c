#include <unistd.h>

#include "mhd/handler.h"

/* The reader of a response whose content is never asked for. */
static ssize_t read_nothing(void *cls, uint64_t position, char *block, size_t size)
{
	(void)cls;
	(void)position;
	(void)block;
	(void)size;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void release_content(void *cls)
{
	fsrv__content_release(cls);
}

/* What has to happen when an answer from memory has ended, where somebody wants to know. */
struct last_rites {
	struct fsrv__allocator allocator;
	struct fsrv__transfer *transfer;
	struct fsrv__content *content;
	uint64_t length;
};

static void end_answer(void *cls)
{
	struct last_rites *rites = cls;
	struct fsrv__allocator allocator = rites->allocator;

	fsrv__transfer_end(rites->transfer, FSRV_ENDING_COMPLETE, rites->length);
	fsrv__content_release(rites->content);
	fsrv__release(&allocator, rites);
}

/* start  of the slice, if there is one */
static struct MHD_Response *make_plain(const struct fsrv__plan *plan, char *start, void (*end)(void *), void *cls)
{
	switch (plan->content) {
	case FSRV__CONTENT_SLICE:
		return MHD_create_response_from_buffer_with_free_callback_cls((size_t)plan->length, start, end, cls);
	case FSRV__CONTENT_NONE:
		/* libmicrohttpd announces the size of the response, so it has to have one. */
		return MHD_create_response_from_callback(plan->length, 1, read_nothing, cls, end);
	case FSRV__CONTENT_TEXT:
		return MHD_create_response_from_buffer_with_free_callback_cls(
			(size_t)plan->length, (void *)(uintptr_t)plan->text, end, cls);
	case FSRV__CONTENT_ABSENT:
		break;
	}
	return MHD_create_response_from_buffer_with_free_callback_cls(0, (void *)(uintptr_t) "", end, cls);
}

static bool watch_end(struct fsrv__answer *answer, struct fsrv__content *content, char *start)
{
	const struct fsrv__plan *plan = answer->plan;
	struct last_rites *rites = fsrv__allocate(&answer->fs->allocator, sizeof(*rites));

	if (rites == NULL)
		return false;
	*rites = (struct last_rites){answer->fs->allocator, fsrv__transfer_begin(answer, false),
				     content != NULL ? fsrv__content_hold(content) : NULL,
				     plan->content == FSRV__CONTENT_SLICE ? plan->length : 0};
	if (rites->transfer != NULL)
		answer->response = make_plain(plan, start, end_answer, rites);
	if (answer->response == NULL) {
		fsrv__transfer_cancel(rites->transfer);
		fsrv__content_release(rites->content);
		fsrv__release(&answer->fs->allocator, rites);
	}
	return answer->response != NULL;
}

static bool make_untold(struct fsrv__answer *answer, struct fsrv__content *content, char *start)
{
	answer->response = make_plain(answer->plan, start, content != NULL ? release_content : NULL,
				      content != NULL ? fsrv__content_hold(content) : NULL);
	if (answer->response == NULL)
		fsrv__content_release(content);
	return answer->response != NULL;
}

bool fsrv__memory_make(struct fsrv__answer *answer, struct fsrv__content *content, uint64_t offset)
{
	struct fsrv *fs = answer->fs;
	char *start = NULL;

	if (answer->plan->content != FSRV__CONTENT_SLICE)
		content = NULL;
	if (content != NULL)
		start = content->bytes + offset;
	if (fs->completion != NULL ? !watch_end(answer, content, start) : !make_untold(answer, content, start))
		return false;
	if (content != NULL)
		fsrv__count(&fs->counters.bytes, answer->plan->length);
	return true;
}

static enum fsrv__respond_result make_content(struct fsrv__answer *answer)
{
	struct fsrv__content *content = answer->sight != NULL ? answer->sight->content : NULL;

	if (answer->plan->content == FSRV__CONTENT_SLICE && content == NULL)
		return answer->sight->file.fd >= 0 ? fsrv__body_make(answer) : FSRV__RESPOND_NEEDS_FILE;
	return fsrv__memory_make(answer, content, answer->plan->offset) ? FSRV__RESPOND_OK : FSRV__RESPOND_NO_MEMORY;
}

enum fsrv__respond_result fsrv__response_make(struct fsrv__answer *answer)
{
	const struct fsrv__plan *plan = answer->plan;
	enum fsrv__respond_result result;

	answer->response = NULL;
	if (fsrv__guard_count(answer->fs->guard) > 0)
		fsrv__guard_forget(answer->fs->guard, answer->socket, FSRV_ENDING_COMPLETE);
	result = make_content(answer);
	for (unsigned i = 0; result == FSRV__RESPOND_OK && i < plan->n_headers; i++) {
		if (MHD_add_response_header(answer->response, plan->headers[i].name, plan->headers[i].value) != MHD_YES) {
			MHD_destroy_response(answer->response);
			result = FSRV__RESPOND_NO_MEMORY;
		}
	}
	return result;
}
