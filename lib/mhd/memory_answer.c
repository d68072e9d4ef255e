/* With a completion hook a response has a transfer, without one it holds only its content. */
#include "mhd/memory_answer.h"

#include "mhd/handler.h"
#include "mhd/transfer.h"

/* The reader of a response whose content is never asked for. */
static ssize_t read_nothing(void *cls, uint64_t position, char *block, size_t size)
{
	(void)cls;
	(void)position;
	(void)block;
	(void)size;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *make_with_length(uint64_t length, void (*release)(void *), void *cls)
{
	return MHD_create_response_from_callback(length, 1, read_nothing, cls, release);
}

/* For HEAD, where GET would have content of unknown length. */
#if FSRV_MHD_HAS_HEAD_ONLY
static struct MHD_Response *make_without_length(void (*release)(void *), void *cls)
{
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		0, (void *)(uintptr_t) "", release, cls);

	if (response != NULL)
		MHD_set_response_options(response, MHD_RF_HEAD_ONLY_RESPONSE, MHD_RO_END);
	return response;
}
#else
/* In chunked coding libmicrohttpd 0.9.75 sends the last chunk nevertheless, where the next response belongs:
 * so the coding is left out, and the connection is closed. */
static struct MHD_Response *make_without_length(void (*release)(void *), void *cls)
{
	struct MHD_Response *response = make_with_length(FSRV__LENGTH_UNKNOWN, release, cls);

	if (response != NULL)
		MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	return response;
}
#endif

/* start    of the slice, if there is one
 * release  called with cls when libmicrohttpd is done with the response */
static struct MHD_Response *make_response(const struct fsrv__plan *plan, char *start, void (*release)(void *),
					  void *cls)
{
	switch (plan->content) {
	case FSRV__CONTENT_SLICE:
	case FSRV__CONTENT_MULTIPART:
		return MHD_create_response_from_buffer_with_free_callback_cls((size_t)plan->length, start,
									      release, cls);
	case FSRV__CONTENT_NONE:
		/* libmicrohttpd announces the size of the response, so it has to have one. */
		return plan->length == FSRV__LENGTH_UNKNOWN ? make_without_length(release, cls)
							    : make_with_length(plan->length, release, cls);
	case FSRV__CONTENT_TEXT:
		return MHD_create_response_from_buffer_with_free_callback_cls(
			(size_t)plan->length, (void *)(uintptr_t)plan->text, release, cls);
	case FSRV__CONTENT_ABSENT:
		break;
	}
	return MHD_create_response_from_buffer_with_free_callback_cls(0, (void *)(uintptr_t) "", release,
								      cls);
}

static void release_content(void *cls)
{
	fsrv__content_release(cls);
}

/* The whole content is the same bytes each time, a slice of a file was copied for one answer. */
static bool is_reusable(const struct fsrv__answer *answer, const struct fsrv__content *content)
{
	return content == NULL ||
	       (content == answer->content && answer->plan->length == answer->content->length);
}

static bool make_unreported(struct fsrv__answer *answer, struct fsrv__content *content, char *start)
{
	answer->response = make_response(answer->plan, start, content != NULL ? release_content : NULL,
					 content != NULL ? fsrv__content_hold(content) : NULL);
	if (answer->response == NULL) {
		fsrv__content_release(content);
		return false;
	}
	answer->is_reusable = is_reusable(answer, content);
	return true;
}

/* What an answer needs at its end when a completion hook wants to know of it. */
struct memory_answer {
	struct fsrv__allocator allocator;
	struct fsrv__transfer *transfer;
	struct fsrv__content *content; /* a reference, or NULL */
	uint64_t length;
};

static void end_answer(void *cls)
{
	struct memory_answer *memory = cls;
	struct fsrv__allocator allocator = memory->allocator;

	fsrv__transfer_end(memory->transfer, FSRV_ENDING_COMPLETE, memory->length);
	fsrv__content_release(memory->content);
	fsrv__release(&allocator, memory);
}

/* The transfer stays the caller's when it fails. */
static bool make_with_transfer(struct fsrv__answer *answer, struct fsrv__content *content, char *start,
			       struct fsrv__transfer *transfer)
{
	const struct fsrv__plan *plan = answer->plan;
	struct memory_answer *memory = fsrv__allocate(&answer->fs->allocator, sizeof(*memory));

	if (memory == NULL)
		return false;
	*memory = (struct memory_answer){answer->fs->allocator, transfer,
					 content != NULL ? fsrv__content_hold(content) : NULL,
					 fsrv__plan_sends_file(plan) ? plan->length : 0};
	answer->response = make_response(plan, start, end_answer, memory);
	if (answer->response != NULL) {
		fsrv__transfer_begin_header(transfer, answer);
		return true;
	}
	fsrv__content_release(memory->content);
	fsrv__release(&answer->fs->allocator, memory);
	return false;
}

static bool make_reported(struct fsrv__answer *answer, struct fsrv__content *content, char *start)
{
	struct fsrv__transfer *transfer = fsrv__transfer_begin(answer, false);

	if (transfer == NULL || !make_with_transfer(answer, content, start, transfer)) {
		fsrv__transfer_cancel(transfer);
		return false;
	}
	answer->transfer = transfer;
	return true;
}

bool fsrv__memory_answer_make_body(struct fsrv__answer *answer, struct fsrv__content *content,
				   struct fsrv__transfer *transfer)
{
	return make_with_transfer(answer, content, content->bytes, transfer);
}

bool fsrv__memory_answer_make(struct fsrv__answer *answer, struct fsrv__content *content, uint64_t offset)
{
	struct fsrv *fs = answer->fs;
	char *start = NULL;
	bool is_made;

	if (!fsrv__plan_sends_file(answer->plan))
		content = NULL;
	if (content != NULL)
		start = content->bytes + offset;
	is_made = fs->completion != NULL ? make_reported(answer, content, start)
					 : make_unreported(answer, content, start);
	answer->is_in_memory = is_made && content != NULL;
	return is_made;
}
