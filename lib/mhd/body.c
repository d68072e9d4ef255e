/* Chooses the method by the daemon, the options and the file. The methods themselves are in
 * memory_answer, guard and reader. */
#include "mhd/body.h"

#include <errno.h>
#include <string.h>

#include "fs/residency.h"
#include "fs/system.h"
#include "mhd/follower.h"
#include "mhd/guard.h"
#include "mhd/handler.h"
#include "mhd/hot_file.h"
#include "mhd/memory_answer.h"
#include "mhd/reader.h"
#include "mhd/transfer.h"

enum method { SENDFILE, READ_AND_WAIT, READ_AND_SUSPEND, FOLLOW };

/* Whether sendfile(2) can be guarded. With select(2) libmicrohttpd does not notice the shutdown by which the
 * guard ends the body of a file that was cut, and spins on. With epoll it forgets a file that was short once,
 * even if that has grown again. Through TLS it reads 4 KiB at a time. Remote files the guard cannot look at
 * without waiting. A source has no descriptor. */
static bool can_send_file(unsigned flags, const struct fsrv__file *file)
{
	return fsrv__system_watches_sendfile() && (flags & MHD_USE_POLL) != 0 &&
	       (flags & (MHD_USE_EPOLL | MHD_USE_TLS)) == 0 && !file->is_remote && file->source.read == NULL;
}

static enum method choose_method(const struct fsrv__answer *answer)
{
	const struct fsrv *fs = answer->fs;
	unsigned flags = fsrv__connection_flags(answer->connection);
	enum method reading = fsrv__connection_may_suspend(answer->connection, &fs->wake) ? READ_AND_SUSPEND
											  : READ_AND_WAIT;

	if (answer->plan->length == FSRV__LENGTH_UNKNOWN)
		return FOLLOW;
	/* What libmicrohttpd sends from a file is one slice. */
	if (fs->body == FSRV_BODY_READER || !can_send_file(flags, answer->file) ||
	    answer->plan->content == FSRV__CONTENT_MULTIPART)
		return reading;
	/* How much of a sendfile body left, and when, libmicrohttpd tells only to the owner of the daemon. */
	if (fs->completion != NULL && !atomic_load_explicit(&fs->completion_is_told, memory_order_relaxed))
		return reading;
	if (fs->body == FSRV_BODY_ZERO_COPY || (flags & MHD_USE_THREAD_PER_CONNECTION) != 0)
		return SENDFILE;
	return reading;
}

/* Reads a slice; false with errno, which is 0 when the file is too short. */
static bool read_slice(const struct fsrv__answer *answer, enum method method, char *bytes,
		       const struct fsrv_range *slice)
{
	const struct fsrv__file *file = answer->file;
	size_t length = (size_t)slice->length;

	if (answer->content != NULL) {
		memcpy(bytes, answer->content->bytes + slice->offset, length);
		return true;
	}
	if (method != READ_AND_SUSPEND || (file->source.read != NULL && !file->is_remote))
		return fsrv__file_read_fully(file, bytes, length, slice->offset);
	return !file->is_remote && fsrv__residency_read(file, bytes, length, slice->offset,
							!answer->is_recent) == (ssize_t)length;
}

/* The same for all parts of a multipart, with their heads. */
static bool read_parts(const struct fsrv__answer *answer, enum method method, char *bytes)
{
	const struct fsrv__multipart *multipart = &answer->plan->multipart;
	uint64_t position = 0;

	while (position < multipart->length) {
		struct fsrv__multipart_piece piece;

		fsrv__multipart_locate(multipart, position, &piece);
		if (piece.text.at != NULL) {
			memcpy(bytes + position, piece.text.at, piece.text.length);
			position += piece.text.length;
		} else {
			if (!read_slice(answer, method, bytes + position, &piece.slice))
				return false;
			position += piece.slice.length;
		}
	}
	return true;
}

static bool read_content(const struct fsrv__answer *answer, enum method method, char *bytes)
{
	const struct fsrv__plan *plan = answer->plan;

	if (plan->content == FSRV__CONTENT_MULTIPART)
		return read_parts(answer, method, bytes);
	return read_slice(answer, method, bytes, &(struct fsrv_range){plan->offset, plan->length});
}

static enum fsrv__answer_result result_of_read_error(const struct fsrv__answer *answer, int error)
{
	if (error == 0)
		return FSRV__ANSWER_FILE_CHANGED;
	fsrv__log_error(&answer->fs->log, error, "reading %s failed", answer->path);
	return FSRV__ANSWER_UNREADABLE;
}

/* Sends a small body from memory. False when it would have to be waited for: nothing is made then. */
static bool try_memory(struct fsrv__answer *answer, enum method method, enum fsrv__answer_result *result)
{
	struct fsrv__content *content =
		fsrv__content_new(&answer->fs->allocator, (size_t)answer->plan->length);
	bool is_decided = true;

	*result = FSRV__ANSWER_NO_MEMORY;
	if (content == NULL)
		return true;
	if (!read_content(answer, method, content->bytes)) {
		is_decided = method != READ_AND_SUSPEND;
		if (is_decided)
			*result = result_of_read_error(answer, errno);
	} else if (fsrv__memory_answer_make(answer, content, 0)) {
		*result = FSRV__ANSWER_MADE;
	}
	fsrv__content_release(content);
	return is_decided;
}

/* The guard watches the body when nothing can fail any more (fsrv__response_begin). False when there is no
 * memory; nothing is made then. */
static bool make_sendfile(struct fsrv__answer *answer, struct fsrv__transfer *transfer)
{
	struct fsrv__file *file = answer->file;
	const struct fsrv__plan *plan = answer->plan;

	fsrv__residency_set_read_ahead(file, true);
	answer->response = MHD_create_response_from_fd_at_offset64(plan->length, file->fd, plan->offset);
	if (answer->response == NULL)
		return false;
	fsrv__transfer_hold_file(transfer, answer);
	answer->guarded_fd = file->fd;
	file->fd = -1;
	return true;
}

/* Sends a slice that is in memory and that a block of a reader could hold. libmicrohttpd would clear that,
 * and send the header by itself. */
static bool try_whole(struct fsrv__answer *answer, struct fsrv__transfer *transfer)
{
	const struct fsrv__plan *plan = answer->plan;
	struct fsrv__file *file = answer->file;
	struct fsrv__content *content;
	bool is_made = false;

	if (!fsrv__system_tells_residency() || answer->content != NULL || file->fd < 0 || file->is_remote ||
	    plan->content != FSRV__CONTENT_SLICE || plan->length > fsrv__reader_block_size(answer->fs))
		return false;
	content = fsrv__content_new(&answer->fs->allocator, (size_t)plan->length);
	if (content == NULL)
		return false;
	if (fsrv__residency_read_part(file, content->bytes, (size_t)plan->length, plan->offset))
		is_made = fsrv__memory_answer_make_body(answer, content, transfer);
	fsrv__content_release(content);
	return is_made;
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
	bool is_made;

	if (transfer == NULL)
		return FSRV__ANSWER_NO_MEMORY;
	if (is_refused(answer->fs)) {
		fsrv__transfer_cancel(transfer);
		return FSRV__ANSWER_REFUSED;
	}
	if (method == SENDFILE && fsrv__transfer_identify_socket(transfer) &&
	    fsrv__guard_reserve(answer->fs->guard, answer->socket))
		is_made = make_sendfile(answer, transfer);
	else if (method == FOLLOW)
		is_made = fsrv__follower_make(answer, transfer);
	else if (method == READ_AND_SUSPEND && try_whole(answer, transfer))
		is_made = true;
	else
		is_made = fsrv__reader_make(answer, transfer, method == READ_AND_SUSPEND);
	if (!is_made) {
		fsrv__transfer_cancel(transfer);
		return FSRV__ANSWER_NO_MEMORY;
	}
	answer->transfer = transfer;
	return FSRV__ANSWER_MADE;
}

enum fsrv__answer_result fsrv__body_make(struct fsrv__answer *answer)
{
	enum method method = choose_method(answer);
	enum fsrv__answer_result result;

	if (answer->plan->length <= FSRV__SMALL_SIZE && try_memory(answer, method, &result))
		return result;
	if (fsrv__hot_file_make(answer))
		return FSRV__ANSWER_MADE;
	return make_large(answer, method);
}
