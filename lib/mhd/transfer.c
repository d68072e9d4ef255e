/* Compares what the kernel says was written to the socket before and after the content. The thread that
 * serves the connection also closes its socket, so it may ask by number; other threads need a duplicate. */
#include "mhd/transfer.h"

#include <string.h>
#include <unistd.h>

#include "fs/clock.h"
#include "fs/system.h"
#include "mhd/connection.h"
#include "mhd/handler.h"
#include "mhd/socket.h"

struct fsrv__transfer {
	struct fsrv *fs;
	struct fsrv_completion completion; /* as far as it is known */
	uint64_t started;
	uint64_t identity; /* of the socket */
	uint64_t start;  /* bytes written to the socket before the content, as exactly as they are known */
	int socket;
	bool is_body, holds_file;
	bool is_followed; /* the length was not known before the end */
	bool is_confirmed;
	bool is_counted;             /* the socket tells what was written, so start is known */
	bool is_encrypted;           /* what the socket counts is not the content */
	struct fsrv__transfer *next; /* in a list */
	char path[];
};

bool fsrv__transfer_is_reported(const struct fsrv__transfer *transfer)
{
	return transfer->fs->completion != NULL;
}

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

bool fsrv__transfer_identify_socket(struct fsrv__transfer *transfer)
{
	if (transfer->identity == 0)
		transfer->identity = fsrv__system_identify_socket(transfer->socket);
	return transfer->identity != 0;
}

static void count_from_here(struct fsrv__transfer *transfer)
{
	transfer->is_counted =
		!transfer->is_encrypted && fsrv__system_count_written(transfer->socket, &transfer->start);
}

static void start_to_count(struct fsrv__transfer *transfer, const struct fsrv__answer *answer)
{
	count_from_here(transfer);
	if (transfer->is_counted)
		transfer->start += estimate_header(answer->plan, fsrv__connection_flags(answer->connection));
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
	if (fsrv__plan_sends_file(plan)) {
		transfer->completion.offset = plan->offset;
		transfer->completion.length = plan->length;
	}
	transfer->started = answer->started;
	transfer->socket = answer->socket;
	transfer->is_body = is_body;
	transfer->is_encrypted = (fsrv__connection_flags(answer->connection) & MHD_USE_TLS) != 0;
	if (is_body)
		fsrv__count(&answer->fs->counters.live_bodies, 1);
	return transfer;
}

void fsrv__transfer_hold_file(struct fsrv__transfer *transfer, const struct fsrv__answer *answer)
{
	transfer->holds_file = true;
	start_to_count(transfer, answer);
}

void fsrv__transfer_begin_header(struct fsrv__transfer *transfer, const struct fsrv__answer *answer)
{
	if (fsrv__transfer_is_reported(transfer))
		start_to_count(transfer, answer);
}

uint64_t fsrv__transfer_socket_identity(const struct fsrv__transfer *transfer)
{
	return transfer->identity;
}

void fsrv__transfer_confirm(struct fsrv__transfer *transfer)
{
	transfer->is_confirmed = true;
}

static void count_out(const struct fsrv__transfer *transfer)
{
	struct fsrv__counters *counters = &transfer->fs->counters;

	if (transfer->is_body)
		fsrv__uncount(&counters->live_bodies, 1);
	if (transfer->holds_file)
		fsrv__uncount(&counters->open_files, 1);
}

void fsrv__transfer_cancel(struct fsrv__transfer *transfer)
{
	if (transfer == NULL)
		return;
	count_out(transfer);
	fsrv__release(&transfer->fs->allocator, transfer);
}

const char *fsrv__transfer_path(const struct fsrv__transfer *transfer)
{
	return transfer->path;
}

void fsrv__transfer_begin_content(struct fsrv__transfer *transfer)
{
	if (fsrv__transfer_is_reported(transfer))
		count_from_here(transfer);
}

bool fsrv__transfer_measure(struct fsrv__transfer *transfer, int socket)
{
	struct fsrv_completion *completion = &transfer->completion;
	uint64_t written;

	if (!transfer->is_counted || !fsrv__system_count_written(socket, &written))
		return false;
	completion->sent = written > transfer->start ? written - transfer->start : 0;
	if (completion->sent > completion->length)
		completion->sent = completion->length;
	return true;
}

void fsrv__transfer_sample(struct fsrv__transfer *transfer)
{
	int duplicate;

	if (!transfer->is_counted)
		return;
	duplicate = fsrv__socket_duplicate(transfer->socket, transfer->identity);
	if (duplicate < 0)
		return;
	fsrv__transfer_measure(transfer, duplicate);
	close(duplicate);
}

void fsrv__transfer_set_length(struct fsrv__transfer *transfer, uint64_t length)
{
	transfer->completion.length = length;
	transfer->is_followed = true;
}

/* The bytes decide between complete and aborted, where their number was announced. */
static enum fsrv_ending correct_ending(const struct fsrv__transfer *transfer, enum fsrv_ending ending)
{
	const struct fsrv_completion *completion = &transfer->completion;

	if (ending == FSRV_ENDING_COMPLETE && completion->sent < completion->length)
		return FSRV_ENDING_ABORTED;
	if (ending == FSRV_ENDING_ABORTED && completion->sent == completion->length &&
	    completion->length > 0 && !transfer->is_followed)
		return FSRV_ENDING_COMPLETE;
	return ending;
}

void fsrv__transfer_settle(struct fsrv__transfer *transfer, enum fsrv_ending ending, uint64_t sent)
{
	struct fsrv__counters *counters = &transfer->fs->counters;
	struct fsrv_completion *completion = &transfer->completion;

	if (sent != FSRV__SENT_AS_SAMPLED)
		completion->sent = sent == FSRV__SENT_ALL ? completion->length : sent;
	completion->ending = correct_ending(transfer, ending);
	completion->nanoseconds = fsrv__clock_nanoseconds() - transfer->started;
	if (transfer->is_body)
		fsrv__count(&counters->bytes, completion->sent);
	if (ending == FSRV_ENDING_FILE_CHANGED || ending == FSRV_ENDING_READ_ERROR)
		fsrv__count(&counters->cut_connections, 1);
	count_out(transfer);
}

void fsrv__transfer_report(struct fsrv__transfer *transfer)
{
	struct fsrv *fs = transfer->fs;

	if (fs->completion != NULL)
		fs->completion(fs->completion_cls, &transfer->completion);
	fsrv__release(&fs->allocator, transfer);
}

void fsrv__transfer_end(struct fsrv__transfer *transfer, enum fsrv_ending ending, uint64_t sent)
{
	if (!transfer->is_confirmed) {
		fsrv__transfer_cancel(transfer);
		return;
	}
	if (sent != FSRV__SENT_ALL && fsrv__transfer_measure(transfer, transfer->socket))
		sent = FSRV__SENT_AS_SAMPLED;
	fsrv__transfer_settle(transfer, ending, sent);
	fsrv__transfer_report(transfer);
}

void fsrv__transfer_append(struct fsrv__transfer_list *list, struct fsrv__transfer *transfer)
{
	transfer->next = NULL;
	if (list->first == NULL)
		list->first = transfer;
	else
		list->last->next = transfer;
	list->last = transfer;
}

struct fsrv__transfer *fsrv__transfer_take_first(struct fsrv__transfer_list *list)
{
	struct fsrv__transfer *transfer = list->first;

	if (transfer != NULL)
		list->first = transfer->next;
	return transfer;
}
