#include "mhd/handler.h"

#include <unistd.h>

/* The reader of a response whose content is never asked for. */
static ssize_t read_nothing(void *cls, uint64_t position, char *block, size_t size)
{
	(void)cls;
	(void)position;
	(void)block;
	(void)size;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void release_page(void *cls)
{
	fsrv__page_release(cls);
}

static struct MHD_Response *make_page_slice(const struct fsrv__plan *plan, struct fsrv__page *page)
{
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		(size_t)plan->length, page->bytes + plan->offset, release_page, fsrv__page_hold(page));

	if (response == NULL)
		fsrv__page_release(page);
	return response;
}

static enum fsrv__respond_result make_content(struct fsrv *fs, struct MHD_Connection *connection,
					      const struct fsrv__plan *plan, struct fsrv__file *file,
					      struct fsrv__page *page, struct MHD_Response **response)
{
	switch (plan->content) {
	case FSRV__CONTENT_SLICE:
		if (page == NULL)
			return fsrv__body_make(fs, connection, plan->offset, plan->length, file, response);
		*response = make_page_slice(plan, page);
		break;
	case FSRV__CONTENT_NONE:
		/* libmicrohttpd announces the size of the response, so it has to have one. */
		*response = MHD_create_response_from_callback(plan->length, 1, read_nothing, NULL, NULL);
		break;
	case FSRV__CONTENT_TEXT:
		*response = MHD_create_response_from_buffer_with_free_callback_cls(
			(size_t)plan->length, (void *)(uintptr_t)plan->text, NULL, NULL);
		break;
	case FSRV__CONTENT_ABSENT:
		*response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
		break;
	}
	return *response != NULL ? FSRV__RESPOND_OK : FSRV__RESPOND_NO_MEMORY;
}

enum fsrv__respond_result fsrv__response_make(struct fsrv *fs, struct MHD_Connection *connection,
					      const struct fsrv__plan *plan, struct fsrv__file *file,
					      struct fsrv__page *page, struct MHD_Response **response)
{
	enum fsrv__respond_result result;

	if (fsrv__guard_count(fs->guard) > 0)
		fsrv__guard_forget(fs->guard, fsrv__socket_of(connection));
	result = make_content(fs, connection, plan, file, page, response);
	if (file != NULL && file->fd >= 0)
		close(file->fd);
	for (unsigned i = 0; result == FSRV__RESPOND_OK && i < plan->n_headers; i++) {
		if (MHD_add_response_header(*response, plan->headers[i].name, plan->headers[i].value) != MHD_YES) {
			MHD_destroy_response(*response);
			result = FSRV__RESPOND_NO_MEMORY;
		}
	}
	return result;
}
