/* Chooses the method by the daemon, the options and the file. The methods themselves are in
 * memory_answer, guard and reader. */
#include "mhd/body.h"

#include <errno.h>

#include "fs/residency.h"
#include "mhd/guard.h"
#include "mhd/handler.h"
#include "mhd/memory_answer.h"
#include "mhd/reader.h"
#include "mhd/transfer.h"

enum method { SENDFILE, READ_AND_WAIT, READ_AND_SUSPEND };

static enum method choose_method(const struct fsrv *fs, struct MHD_Connection *connection,
				 const struct fsrv__file *file)
{
	unsigned flags = fsrv__connection_flags(connection);
	enum method reading =
		fsrv__connection_may_suspend(connection, &fs->wake) ? READ_AND_SUSPEND : READ_AND_WAIT;

	/* With select(2) libmicrohttpd does not notice the shutdown by which the guard ends the body of a
	 * file that was cut, and spins on. Remote files the guard cannot look at without waiting. */
	if ((flags & (MHD_USE_POLL | MHD_USE_EPOLL)) == 0 || file->is_remote || fs->body == FSRV_BODY_READER)
		return reading;
	/* How much of a sendfile body left, and when, libmicrohttpd tells only to the owner of the daemon. */
	if (fs->completion != NULL && !atomic_load_explicit(&fs->completion_is_told, memory_order_relaxed))
		return reading;
	if (fs->body == FSRV_BODY_ZERO_COPY)
		return SENDFILE;
	if (reading == READ_AND_SUSPEND)
		return reading;
	/* Through TLS, and on a thread of the program unless it said that SIGPIPE is taken care of,
	 * libmicrohttpd does not use sendfile but reads 4 KiB at a time. */
	if ((flags & MHD_USE_INTERNAL_POLLING_THREAD) != 0 && (flags & MHD_USE_TLS) == 0)
		return SENDFILE;
	return reading;
}

/* Reads the whole slice into content; false with errno, which is 0 when the file is too short. */
static bool read_slice(const struct fsrv__answer *answer, enum method method, struct fsrv__content *content)
{
	const struct fsrv__file *file = answer->file;
	uint64_t offset = answer->plan->offset;

	if (method != READ_AND_SUSPEND)
		return fsrv__file_read_fully(file->fd, content->bytes, content->length, offset);
	return !file->is_remote && fsrv__residency_read(file->fd, content->bytes, content->length, offset,
							!answer->is_recent) == (ssize_t)content->length;
}

static enum fsrv__answer_result result_of_read_error(const struct fsrv__answer *answer, int error)
{
	if (error == 0)
		return FSRV__ANSWER_FILE_CHANGED;
	fsrv__log_error(&answer->fs->log, error, "reading %s failed", answer->path);
	return FSRV__ANSWER_UNREADABLE;
}

/* Sends a small slice from memory. False when it would have to be waited for: nothing is made then. */
static bool try_memory(struct fsrv__answer *answer, enum method method, enum fsrv__answer_result *result)
{
	struct fsrv__content *content =
		fsrv__content_new(&answer->fs->allocator, (size_t)answer->plan->length);
	bool is_decided = true;

	*result = FSRV__ANSWER_NO_MEMORY;
	if (content == NULL)
		return true;
	if (!read_slice(answer, method, content)) {
		is_decided = method != READ_AND_SUSPEND;
		if (is_decided)
			*result = result_of_read_error(answer, errno);
	} else if (fsrv__memory_answer_make(answer, content, 0)) {
		*result = FSRV__ANSWER_MADE;
	}
	fsrv__content_release(content);
	return is_decided;
}

/* Sends by sendfile. False when the body cannot be guarded: nothing is made then, and the transfer stays the
 * caller's. */
static bool try_sendfile(struct fsrv__answer *answer, struct fsrv__transfer *transfer,
			 enum fsrv__answer_result *result)
{
	struct fsrv__file *file = answer->file;
	const struct fsrv__plan *plan = answer->plan;
	struct fsrv__guard *guard = answer->fs->guard;
	bool may_stall = (fsrv__connection_flags(answer->connection) & MHD_USE_EPOLL) != 0;

	/* Before it is guarded: from then on it may end, and be freed, at any time. */
	fsrv__transfer_hold_file(transfer, true);
	if (!fsrv__guard_watch(guard, &(struct fsrv__guarded_body){answer->socket, file, plan->offset,
								   plan->length, may_stall, transfer})) {
		fsrv__transfer_hold_file(transfer, false);
		return false;
	}
	answer->response = MHD_create_response_from_fd_at_offset64(plan->length, file->fd, plan->offset);
	if (answer->response != NULL) {
		file->fd = -1;
		*result = FSRV__ANSWER_MADE;
		return true;
	}
	if (fsrv__guard_unwatch(guard, answer->socket)) {
		fsrv__transfer_hold_file(transfer, false);
		fsrv__transfer_cancel(transfer);
	}
	*result = FSRV__ANSWER_NO_MEMORY;
	return true;
}

/* Whether more than max_bodies are on their way, this one counted. */
static bool is_refused(struct fsrv *fs)
{
	if (fs->max_bodies == 0 || atomic_load(&fs->counters.live_bodies) <= fs->max_bodies)
		return false;
	fsrv__guard_sweep(fs->guard);
	return atomic_load(&fs->counters.live_bodies) > fs->max_bodies;
}

static enum fsrv__answer_result make_large(struct fsrv__answer *answer, enum method method)
{
	struct fsrv__transfer *transfer = fsrv__transfer_begin(answer, true);
	enum fsrv__answer_result result = FSRV__ANSWER_NO_MEMORY;

	if (transfer == NULL)
		return FSRV__ANSWER_NO_MEMORY;
	if (is_refused(answer->fs)) {
		fsrv__transfer_cancel(transfer);
		return FSRV__ANSWER_REFUSED;
	}
	if (method == SENDFILE && try_sendfile(answer, transfer, &result))
		return result;
	if (fsrv__reader_make(answer, transfer, method == READ_AND_SUSPEND))
		return FSRV__ANSWER_MADE;
	fsrv__transfer_cancel(transfer);
	return FSRV__ANSWER_NO_MEMORY;
}

enum fsrv__answer_result fsrv__body_make(struct fsrv__answer *answer)
{
	enum method method = choose_method(answer->fs, answer->connection, answer->file);
	enum fsrv__answer_result result;

	if (answer->plan->length <= FSRV__SMALL_SIZE && try_memory(answer, method, &result))
		return result;
	return make_large(answer, method);
}
