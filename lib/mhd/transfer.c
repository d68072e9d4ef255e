/* Compares what the kernel says was written to the socket before and after the content. A descriptor
 * number may mean another socket meanwhile, so its cookie is compared first. */
#include "mhd/transfer.h"

#include <string.h>

#include "mhd/clock.h"
#include "mhd/connection.h"
#include "mhd/handler.h"
#include "mhd/socket.h"

struct fsrv__transfer {
	struct fsrv *fs;
	struct fsrv_completion completion; /* as far as it is known */
	uint64_t started;
	uint64_t cookie; /* of the socket */
	uint64_t start;  /* bytes written to the socket before the content, as exactly as they are known */
	int socket;
	bool is_body, holds_file;
	bool is_counted; /* the socket tells what was written, so start is known */
	char path[];
};

/* Estimates the size of the header: status line, Date, length, our fields and the end of the header.
 * libmicrohttpd may add a Connection field. */
static uint64_t estimate_header(const struct fsrv__plan *plan, unsigned daemon_flags)
{
	static const char always[] = "HTTP/1.1 200 \r\nContent-Length: \r\n\r\n";
	static const char date[] = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
	uint64_t size = sizeof(always) - 1 + strlen(MHD_get_reason_phrase_for(plan->status));

	if ((daemon_flags & MHD_USE_SUPPRESS_DATE_NO_CLOCK) == 0)
		size += sizeof(date) - 1;
	for (uint64_t length = plan->length; length > 9; length /= 10)
		size++;
	for (unsigned i = 0; i < plan->n_headers; i++)
		size += strlen(plan->headers[i].name) + strlen(plan->headers[i].value) + 4;
	return size + 1;
}

struct fsrv__transfer *fsrv__transfer_begin(const struct fsrv__answer *answer, bool is_body)
{
	const struct fsrv__plan *plan = answer->plan;
	const char *path = answer->path != NULL ? answer->path : "";
	size_t size = strlen(path) + 1;
	struct fsrv__transfer *transfer = fsrv__allocate(&answer->fs->allocator, sizeof(*transfer) + size);

	if (transfer == NULL)
		return NULL;
	memset(transfer, 0, sizeof(*transfer));
	memcpy(transfer->path, path, size);
	transfer->fs = answer->fs;
	transfer->completion.request = answer->number;
	transfer->completion.path = answer->path != NULL ? transfer->path : NULL;
	transfer->completion.status = plan->status;
	if (plan->content == FSRV__CONTENT_SLICE) {
		transfer->completion.offset = plan->offset;
		transfer->completion.length = plan->length;
	}
	transfer->started = answer->started;
	transfer->socket = answer->socket;
	transfer->cookie = fsrv__socket_cookie(transfer->socket);
	transfer->is_counted = fsrv__socket_count_written(transfer->socket, &transfer->start);
	if (transfer->is_counted)
		transfer->start += estimate_header(plan, fsrv__connection_flags(answer->connection));
	transfer->is_body = is_body;
	if (is_body)
		fsrv__count(&answer->fs->counters.live_bodies, 1);
	return transfer;
}

void fsrv__transfer_hold_file(struct fsrv__transfer *transfer, bool holds)
{
	transfer->holds_file = holds;
}

void fsrv__transfer_cancel(struct fsrv__transfer *transfer)
{
	if (transfer == NULL)
		return;
	if (transfer->is_body)
		fsrv__uncount(&transfer->fs->counters.live_bodies, 1);
	fsrv__release(&transfer->fs->allocator, transfer);
}

void fsrv__transfer_begin_content(struct fsrv__transfer *transfer)
{
	if (transfer->is_counted)
		transfer->is_counted = fsrv__socket_count_written(transfer->socket, &transfer->start);
}

bool fsrv__transfer_sample(struct fsrv__transfer *transfer, uint64_t *sent)
{
	struct fsrv_completion *completion = &transfer->completion;
	uint64_t written;

	if (!transfer->is_counted || fsrv__socket_cookie(transfer->socket) != transfer->cookie ||
	    !fsrv__socket_count_written(transfer->socket, &written))
		return false;
	*sent = written > transfer->start ? written - transfer->start : 0;
	if (*sent > completion->length)
		*sent = completion->length;
	completion->sent = *sent;
	return true;
}

void fsrv__transfer_log_read_error(const struct fsrv__transfer *transfer, int error)
{
	const char *path = transfer->completion.path;

	fsrv__log_error(&transfer->fs->log, error, "reading %s failed", path != NULL ? path : "a file");
}

static void set_sent(struct fsrv__transfer *transfer, uint64_t sent)
{
	struct fsrv_completion *completion = &transfer->completion;
	uint64_t sampled;

	if (sent == FSRV__SENT_ALL)
		completion->sent = completion->length;
	else if (!fsrv__transfer_sample(transfer, &sampled) && sent != FSRV__SENT_AS_SAMPLED)
		completion->sent = sent;
}

/* The bytes decide between complete and aborted. */
static enum fsrv_ending correct_ending(const struct fsrv_completion *completion, enum fsrv_ending ending)
{
	if (ending == FSRV_ENDING_COMPLETE && completion->sent < completion->length)
		return FSRV_ENDING_ABORTED;
	if (ending == FSRV_ENDING_ABORTED && completion->sent == completion->length && completion->length > 0)
		return FSRV_ENDING_COMPLETE;
	return ending;
}

void fsrv__transfer_end(struct fsrv__transfer *transfer, enum fsrv_ending ending, uint64_t sent)
{
	struct fsrv *fs = transfer->fs;
	struct fsrv_completion *completion = &transfer->completion;

	set_sent(transfer, sent);
	completion->ending = correct_ending(completion, ending);
	completion->nanoseconds = fsrv__clock_nanoseconds() - transfer->started;
	if (transfer->is_body) {
		fsrv__count(&fs->counters.bytes, completion->sent);
		fsrv__uncount(&fs->counters.live_bodies, 1);
	}
	if (transfer->holds_file)
		fsrv__uncount(&fs->counters.open_files, 1);
	if (ending == FSRV_ENDING_FILE_CHANGED || ending == FSRV_ENDING_READ_ERROR)
		fsrv__count(&fs->counters.cut_connections, 1);
	if (fs->completion != NULL)
		fs->completion(fs->completion_cls, completion);
	fsrv__release(&fs->allocator, transfer);
}
