#include "mhd/transfer.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "mhd/handler.h"

/* How often to look until nothing was acknowledged between two looks. */
#define MAX_SAMPLES 100

struct fsrv__transfer {
	struct fsrv *fs;
	struct fsrv_completion completion; /* as far as it is known */
	uint64_t started;
	uint64_t cookie;
	uint64_t start; /* the socket's count of bytes where the content starts, more or less */
	int socket;
	bool is_body, has_file;
	bool is_counted; /* start means something */
	char path[];
};

uint64_t fsrv__socket_cookie(int socket)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

static bool count_acknowledged(int socket, uint64_t *bytes)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return false;
	*bytes = (uint64_t)info.tcpi_bytes_acked;
	return true;
}

/* Bytes written to a TCP connection since it was made. What is acknowledged between the two looks would be
 * missed, and a body that left as a whole would seem to have been broken off. */
static bool count_written(int socket, uint64_t *written)
{
	uint64_t before, after;
	int queued, n = 0;

	if (!count_acknowledged(socket, &after))
		return false;
	do {
		before = after;
		if (ioctl(socket, SIOCOUTQ, &queued) != 0 || !count_acknowledged(socket, &after))
			return false;
	} while (after != before && ++n < MAX_SAMPLES);
	*written = after + (queued > 0 ? (unsigned)queued : 0);
	return true;
}

/* Status line, Date, length, the end, and our fields; a Connection field may come to that. */
static uint64_t header_size(const struct fsrv__plan *plan, unsigned daemon_flags)
{
	static const char usual[] = "HTTP/1.1 200 \r\nContent-Length: \r\n\r\n";
	static const char date[] = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
	uint64_t size = sizeof(usual) - 1 + strlen(MHD_get_reason_phrase_for(plan->status));

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
	const char *path = answer->sight != NULL ? answer->sight->path.text : "";
	size_t size = strlen(path) + 1;
	struct fsrv__transfer *transfer = fsrv__allocate(&answer->fs->allocator, sizeof(*transfer) + size);

	if (transfer == NULL)
		return NULL;
	memset(transfer, 0, sizeof(*transfer));
	memcpy(transfer->path, path, size);
	transfer->fs = answer->fs;
	transfer->completion.request = answer->request;
	transfer->completion.path = answer->sight != NULL ? transfer->path : NULL;
	transfer->completion.status = plan->status;
	if (plan->content == FSRV__CONTENT_SLICE) {
		transfer->completion.offset = plan->offset;
		transfer->completion.length = plan->length;
	}
	transfer->started = answer->started;
	transfer->socket = answer->socket;
	transfer->cookie = fsrv__socket_cookie(transfer->socket);
	transfer->is_counted = count_written(transfer->socket, &transfer->start);
	if (transfer->is_counted)
		transfer->start += header_size(plan, fsrv__flags_of(answer->connection));
	transfer->is_body = is_body;
	if (is_body)
		fsrv__count(&answer->fs->counters.live_bodies, 1);
	return transfer;
}

void fsrv__transfer_take_file(struct fsrv__transfer *transfer, bool is_taken)
{
	transfer->has_file = is_taken;
}

void fsrv__transfer_cancel(struct fsrv__transfer *transfer)
{
	if (transfer == NULL)
		return;
	if (transfer->is_body)
		fsrv__uncount(&transfer->fs->counters.live_bodies, 1);
	fsrv__release(&transfer->fs->allocator, transfer);
}

void fsrv__transfer_header_is_sent(struct fsrv__transfer *transfer)
{
	if (transfer->is_counted)
		transfer->is_counted = count_written(transfer->socket, &transfer->start);
}

bool fsrv__transfer_sample(struct fsrv__transfer *transfer, uint64_t *sent)
{
	struct fsrv_completion *completion = &transfer->completion;
	uint64_t written;

	if (!transfer->is_counted || fsrv__socket_cookie(transfer->socket) != transfer->cookie ||
	    !count_written(transfer->socket, &written))
		return false;
	*sent = written > transfer->start ? written - transfer->start : 0;
	if (*sent > completion->length)
		*sent = completion->length;
	completion->sent = *sent;
	return true;
}

void fsrv__transfer_log_error(const struct fsrv__transfer *transfer, int error)
{
	fsrv__log_read_error(transfer->fs, transfer->completion.path, error);
}

static void take_sent(struct fsrv__transfer *transfer, uint64_t handed)
{
	struct fsrv_completion *completion = &transfer->completion;
	uint64_t sent;

	if (handed == FSRV__SENT_ALL)
		completion->sent = completion->length;
	else if (!fsrv__transfer_sample(transfer, &sent) && handed != FSRV__SENT_AS_SAMPLED)
		completion->sent = handed;
}

void fsrv__transfer_end(struct fsrv__transfer *transfer, enum fsrv_ending ending, uint64_t handed)
{
	struct fsrv *fs = transfer->fs;
	struct fsrv_completion *completion = &transfer->completion;

	take_sent(transfer, handed);
	if (ending == FSRV_ENDING_COMPLETE && completion->sent < completion->length)
		ending = FSRV_ENDING_ABORTED;
	if (ending == FSRV_ENDING_ABORTED && completion->sent == completion->length && completion->length > 0)
		ending = FSRV_ENDING_COMPLETE;
	completion->ending = ending;
	completion->nanoseconds = fsrv__monotonic() - transfer->started;
	if (transfer->is_body) {
		fsrv__count(&fs->counters.bytes, completion->sent);
		fsrv__uncount(&fs->counters.live_bodies, 1);
	}
	if (transfer->has_file)
		fsrv__uncount(&fs->counters.open_files, 1);
	if (ending == FSRV_ENDING_FILE_CHANGED || ending == FSRV_ENDING_READ_ERROR)
		fsrv__count(&fs->counters.cut_connections, 1);
	if (fs->completion != NULL)
		fs->completion(fs->completion_cls, completion);
	fsrv__release(&fs->allocator, transfer);
}
