/* How the content of an open file leaves. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fs/residency.h"
#include "mhd/handler.h"

int fsrv__socket_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}

unsigned fsrv__flags_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON);
	const union MHD_DaemonInfo *daemon = info != NULL ? MHD_get_daemon_info(info->daemon, MHD_DAEMON_INFO_FLAGS)
							  : NULL;

	return daemon != NULL ? (unsigned)daemon->flags : 0;
}

void fsrv__log_read_error(const struct fsrv *fs, const char *path, int error)
{
	char text[128];

	fsrv__log(fs, "reading %s failed: %s", path != NULL ? path : "a file", strerror_r(error, text, sizeof(text)));
}

enum way { BY_SENDFILE, BY_READING, BY_READING_AND_SUSPENDING };

static enum way choose_way(const struct fsrv *fs, struct MHD_Connection *connection, const struct fsrv__file *file)
{
	unsigned flags = fsrv__flags_of(connection);
	enum way reading = fsrv__may_suspend(fs, connection) ? BY_READING_AND_SUSPENDING : BY_READING;

	/* With select(2) libmicrohttpd does not notice the shutdown by which the guard ends the body of
	 * a file that was cut, and spins on. Files elsewhere the guard cannot look at without waiting. */
	if ((flags & (MHD_USE_POLL | MHD_USE_EPOLL)) == 0 || file->is_remote || fs->body == FSRV_BODY_READER)
		return reading;
	/* How much of a body left, and when, libmicrohttpd tells only to its daemon's owner. */
	if (fs->completion != NULL && !atomic_load_explicit(&fs->completion_is_told, memory_order_relaxed))
		return reading;
	if (fs->body == FSRV_BODY_ZERO_COPY)
		return BY_SENDFILE;
	if (reading == BY_READING_AND_SUSPENDING)
		return reading;
	/* Through TLS, and on a thread of the program unless it said that SIGPIPE is taken care of,
	 * libmicrohttpd does not use sendfile but reads 4 KiB at a time. */
	if ((flags & MHD_USE_INTERNAL_POLLING_THREAD) != 0 && (flags & MHD_USE_TLS) == 0)
		return BY_SENDFILE;
	return reading;
}

static bool read_small(const struct fsrv__answer *answer, enum way way, struct fsrv__content *content)
{
	const struct fsrv__sight *sight = answer->sight;
	uint64_t offset = answer->plan->offset;

	if (way != BY_READING_AND_SUSPENDING)
		return fsrv__file_read_fully(sight->file.fd, content->bytes, content->length, offset);
	return !sight->file.is_remote &&
	       fsrv__file_read_resident(sight->file.fd, content->bytes, content->length, offset, !sight->is_recent) ==
		       (ssize_t)content->length;
}

/* FSRV__RESPOND_NEEDS_FILE when it is not in memory and the thread must not wait. */
static enum fsrv__respond_result make_small(struct fsrv__answer *answer, enum way way)
{
	struct fsrv__content *content = fsrv__content_new(&answer->fs->allocator, (size_t)answer->plan->length);
	enum fsrv__respond_result result = FSRV__RESPOND_NEEDS_FILE;

	if (content == NULL)
		return FSRV__RESPOND_NO_MEMORY;
	if (read_small(answer, way, content)) {
		result = fsrv__memory_make(answer, content, 0) ? FSRV__RESPOND_OK : FSRV__RESPOND_NO_MEMORY;
	} else if (way != BY_READING_AND_SUSPENDING) {
		result = errno == 0 ? FSRV__RESPOND_CHANGED : FSRV__RESPOND_UNREADABLE;
		if (errno != 0)
			fsrv__log_read_error(answer->fs, answer->sight->path.text, errno);
	}
	fsrv__content_release(content);
	return result;
}

/* FSRV__RESPOND_NEEDS_FILE when it cannot be done this way; the transfer stays the caller's then. */
static enum fsrv__respond_result make_zero_copy(struct fsrv__answer *answer, struct fsrv__transfer *transfer)
{
	struct fsrv__file *file = &answer->sight->file;
	const struct fsrv__plan *plan = answer->plan;
	struct fsrv__guard *guard = answer->fs->guard;
	bool may_stall = (fsrv__flags_of(answer->connection) & MHD_USE_EPOLL) != 0;

	/* Once it is watched it may end, and be freed, at any time. */
	fsrv__transfer_take_file(transfer, true);
	if (!fsrv__guard_watch(guard, answer->socket, file, plan->offset, plan->length, may_stall, transfer)) {
		fsrv__transfer_take_file(transfer, false);
		return FSRV__RESPOND_NEEDS_FILE;
	}
	answer->response = MHD_create_response_from_fd_at_offset64(plan->length, file->fd, plan->offset);
	if (answer->response != NULL) {
		file->fd = -1;
		return FSRV__RESPOND_OK;
	}
	if (fsrv__guard_unwatch(guard, answer->socket)) {
		fsrv__transfer_take_file(transfer, false);
		fsrv__transfer_cancel(transfer);
	}
	return FSRV__RESPOND_NO_MEMORY;
}

static bool is_refused(struct fsrv *fs)
{
	if (fs->max_bodies == 0 || atomic_load(&fs->counters.live_bodies) <= fs->max_bodies)
		return false;
	fsrv__guard_sweep(fs->guard);
	return atomic_load(&fs->counters.live_bodies) > fs->max_bodies;
}

static enum fsrv__respond_result make_large(struct fsrv__answer *answer, enum way way)
{
	struct fsrv__transfer *transfer = fsrv__transfer_begin(answer, true);
	enum fsrv__respond_result result = FSRV__RESPOND_NEEDS_FILE;

	if (transfer == NULL)
		return FSRV__RESPOND_NO_MEMORY;
	if (is_refused(answer->fs)) {
		fsrv__transfer_cancel(transfer);
		return FSRV__RESPOND_REFUSED;
	}
	if (way == BY_SENDFILE)
		result = make_zero_copy(answer, transfer);
	if (result != FSRV__RESPOND_NEEDS_FILE)
		return result;
	result = fsrv__reader_make(answer, transfer, way == BY_READING_AND_SUSPENDING);
	if (result != FSRV__RESPOND_OK)
		fsrv__transfer_cancel(transfer);
	return result;
}

enum fsrv__respond_result fsrv__body_make(struct fsrv__answer *answer)
{
	enum way way = choose_way(answer->fs, answer->connection, &answer->sight->file);
	enum fsrv__respond_result result = FSRV__RESPOND_NEEDS_FILE;

	if (answer->plan->length <= FSRV__SMALL)
		result = make_small(answer, way);
	return result == FSRV__RESPOND_NEEDS_FILE ? make_large(answer, way) : result;
}
