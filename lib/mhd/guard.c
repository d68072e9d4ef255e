/* One thread looks at all watched bodies, in turn. The mutex is released while it looks at a file,
 * shuts a socket down or ends a transfer. */
#include "mhd/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "fs/residency.h"
#include "fs/thread.h"
#include "mhd/socket.h"

#define SWEEP_MS 250
/* Sweeps in a row that see nothing sent and nothing queued before a body counts as stalled. */
#define SWEEPS_TO_STALL 2

/* libmicrohttpd closes what it owns without a word, so a descriptor number is only a hint: the cookie tells
 * whether it still means that socket, device and inode whether it still means that file. One mistake remains
 * possible: a connection is shut down whose last file from here was cut, when the number of that file's
 * descriptor was given to the same file again. */
struct watch {
	uint64_t cookie; /* of the socket; 0: nothing is watched */
	uint64_t device;
	uint64_t inode;
	uint64_t offset;
	uint64_t end;
	struct fsrv__time modified;
	struct fsrv__transfer *transfer;
	int fd; /* of the file */
	bool may_stall;
	uint64_t position;    /* in the file, at the last sample */
	unsigned idle_sweeps; /* in a row, up to the last one */
};

struct fsrv__guard {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t thread;
	bool has_thread;
	bool is_stopping;
	bool is_sweeping; /* in fsrv__guard_sweep: the completion hook may call that again */
	atomic_uint count;
	struct watch *watches; /* indexed by the socket's number */
	size_t n_watches;
};

/* Gives the transfer to the caller, who ends it when the mutex is released. NULL when nothing is watched.
 * Called with the mutex held. */
static struct fsrv__transfer *take_transfer(struct fsrv__guard *guard, struct watch *watch)
{
	if (watch->cookie == 0)
		return NULL;
	atomic_fetch_sub(&guard->count, 1);
	watch->cookie = 0;
	return watch->transfer;
}

static void end_transfer(struct fsrv__transfer *transfer, enum fsrv_ending ending)
{
	if (transfer != NULL)
		fsrv__transfer_end(transfer, ending,
				   ending == FSRV_ENDING_COMPLETE ? FSRV__SENT_ALL : FSRV__SENT_AS_SAMPLED);
}

enum file_state { CLOSED, WHOLE, REWRITTEN, TOO_SHORT, UNREADABLE };

static enum file_state inspect_file(const struct watch *watch)
{
	struct stat st;

	if (fstat(watch->fd, &st) != 0 || st.st_dev != watch->device || st.st_ino != watch->inode)
		return CLOSED;
	if ((uint64_t)st.st_size < watch->end)
		return TOO_SHORT;
	return st.st_mtim.tv_sec == watch->modified.seconds &&
			       st.st_mtim.tv_nsec == (long)watch->modified.nanoseconds
		       ? WHOLE
		       : REWRITTEN;
}

enum probe { PROBE_RESIDENT, PROBE_NOT_RESIDENT, PROBE_FAILED };

/* Reads the next byte to send, by a duplicate whose meaning nobody else can change. */
static enum probe probe_next_byte(const struct watch *watch, int *error)
{
	int duplicate = fcntl(watch->fd, F_DUPFD_CLOEXEC, 0);
	struct watch copy = *watch;
	enum probe probe = PROBE_NOT_RESIDENT;
	char byte;

	if (duplicate < 0)
		return probe;
	copy.fd = duplicate;
	if (inspect_file(&copy) != CLOSED) {
		if (fsrv__residency_read(duplicate, &byte, 1, watch->position, true) == 1)
			probe = PROBE_RESIDENT;
		else if (fsrv__file_read(duplicate, &byte, 1, watch->position) < 0)
			probe = PROBE_FAILED;
		*error = errno;
	}
	close(duplicate);
	return probe;
}

/* Called with the mutex held. */
static void sample_progress(struct watch *watch, int socket)
{
	uint64_t sent = watch->position - watch->offset;
	bool has_moved =
		fsrv__transfer_sample(watch->transfer, &sent) && watch->offset + sent != watch->position;

	watch->idle_sweeps = !has_moved && fsrv__socket_is_idle(socket) ? watch->idle_sweeps + 1 : 0;
	watch->position = watch->offset + sent;
}

static bool is_same_watch(const struct watch *a, const struct watch *b)
{
	return a->cookie == b->cookie && a->transfer == b->transfer;
}

static enum fsrv_ending ending_of(enum file_state state)
{
	if (state == CLOSED)
		return FSRV_ENDING_COMPLETE;
	return state == UNREADABLE ? FSRV_ENDING_READ_ERROR : FSRV_ENDING_FILE_CHANGED;
}

/* A file that was cut and has grown again between two sweeps is long enough. But an epoll loop that saw it
 * short never tries again: nothing is sent although nothing is queued and the next byte is in memory. After a
 * disk error nothing is sent either. A thread that waits for a slow disk is no stall. */
static enum file_state check_file(const struct watch *watch, int *error)
{
	enum file_state state = inspect_file(watch);

	if (state != WHOLE && state != REWRITTEN)
		return state;
	if (!watch->may_stall || watch->idle_sweeps <= SWEEPS_TO_STALL)
		return WHOLE;
	switch (probe_next_byte(watch, error)) {
	case PROBE_FAILED:
		return UNREADABLE;
	case PROBE_RESIDENT:
		return state;
	case PROBE_NOT_RESIDENT:
		break;
	}
	return WHOLE;
}

static enum file_state check_closed(const struct watch *watch)
{
	return inspect_file(watch) == CLOSED ? CLOSED : WHOLE;
}

/* Checks one body. Called with the mutex held, which is released meanwhile: requests must not wait for it. */
static void check_body(struct fsrv__guard *guard, size_t socket, bool only_closed)
{
	struct fsrv__transfer *ended = NULL;
	struct watch watch;
	enum file_state state;
	int error = 0;

	if (guard->watches[socket].cookie == 0)
		return;
	if (!only_closed)
		sample_progress(&guard->watches[socket], (int)socket);
	watch = guard->watches[socket];
	pthread_mutex_unlock(&guard->mutex);
	state = only_closed ? check_closed(&watch) : check_file(&watch, &error);
	pthread_mutex_lock(&guard->mutex);
	if (state != WHOLE && is_same_watch(&guard->watches[socket], &watch))
		ended = take_transfer(guard, &guard->watches[socket]);
	if (ended == NULL)
		return;
	pthread_mutex_unlock(&guard->mutex);
	if (state != CLOSED)
		fsrv__socket_shut_down((int)socket, watch.cookie);
	if (state == UNREADABLE)
		fsrv__transfer_log_read_error(ended, error);
	fsrv__transfer_end(ended, ending_of(state), FSRV__SENT_AS_SAMPLED);
	pthread_mutex_lock(&guard->mutex);
}

static void sweep(struct fsrv__guard *guard, bool only_closed)
{
	for (size_t i = 0; i < guard->n_watches && !guard->is_stopping; i++)
		check_body(guard, i, only_closed);
}

static void *watch_bodies(void *cls)
{
	struct fsrv__guard *guard = cls;

	pthread_mutex_lock(&guard->mutex);
	while (!guard->is_stopping) {
		if (atomic_load(&guard->count) == 0) {
			pthread_cond_wait(&guard->changed, &guard->mutex);
			continue;
		}
		while (!guard->is_stopping && fsrv__monitor_wait(&guard->mutex, &guard->changed, SWEEP_MS))
			;
		if (!guard->is_stopping)
			sweep(guard, false);
	}
	pthread_mutex_unlock(&guard->mutex);
	return NULL;
}

static bool start_thread(struct fsrv__guard *guard)
{
	if (!guard->has_thread)
		guard->has_thread = fsrv__thread_start(&guard->thread, "fsrv-guard", watch_bodies, guard);
	return guard->has_thread;
}

static bool make_room(struct fsrv__guard *guard, size_t n_needed)
{
	size_t n = guard->n_watches > 0 ? guard->n_watches : 64;
	struct watch *watches;

	if (n_needed <= guard->n_watches)
		return true;
	while (n < n_needed)
		n *= 2;
	watches = fsrv__resize(&guard->allocator, guard->watches, n * sizeof(*watches));
	if (watches == NULL)
		return false;
	memset(watches + guard->n_watches, 0, (n - guard->n_watches) * sizeof(*watches));
	guard->watches = watches;
	guard->n_watches = n;
	return true;
}

struct fsrv__guard *fsrv__guard_new(const struct fsrv__allocator *allocator)
{
	struct fsrv__guard *guard = fsrv__allocate(allocator, sizeof(*guard));

	if (guard == NULL)
		return NULL;
	memset(guard, 0, sizeof(*guard));
	guard->allocator = *allocator;
	atomic_init(&guard->count, 0);
	fsrv__monitor_init(&guard->mutex, &guard->changed);
	return guard;
}

void fsrv__guard_free(struct fsrv__guard *guard)
{
	if (guard == NULL)
		return;
	pthread_mutex_lock(&guard->mutex);
	guard->is_stopping = true;
	pthread_cond_signal(&guard->changed);
	pthread_mutex_unlock(&guard->mutex);
	if (guard->has_thread)
		pthread_join(guard->thread, NULL);
	pthread_cond_destroy(&guard->changed);
	pthread_mutex_destroy(&guard->mutex);
	for (size_t i = 0; i < guard->n_watches; i++) {
		struct fsrv__transfer *transfer = take_transfer(guard, &guard->watches[i]);

		if (transfer != NULL)
			fsrv__transfer_end(transfer, FSRV_ENDING_COMPLETE, FSRV__SENT_AS_SAMPLED);
	}
	fsrv__release(&guard->allocator, guard->watches);
	fsrv__release(&guard->allocator, guard);
}

bool fsrv__guard_watch(struct fsrv__guard *guard, const struct fsrv__guarded_body *body)
{
	const struct fsrv__file *file = body->file;
	struct watch watch = {.device = file->device,
			      .inode = file->identity.inode,
			      .offset = body->offset,
			      .end = body->offset + body->length,
			      .modified = file->identity.modified,
			      .transfer = body->transfer,
			      .fd = file->fd,
			      .may_stall = body->may_stall,
			      .position = body->offset};
	struct fsrv__transfer *previous = NULL;
	uint64_t sent;
	bool is_watched = false;

	watch.cookie = body->socket >= 0 ? fsrv__socket_cookie(body->socket) : 0;
	if (watch.cookie == 0 || (watch.may_stall && !fsrv__transfer_sample(watch.transfer, &sent)))
		return false;
	pthread_mutex_lock(&guard->mutex);
	if (make_room(guard, (size_t)body->socket + 1) && start_thread(guard)) {
		previous = take_transfer(guard, &guard->watches[body->socket]);
		guard->watches[body->socket] = watch;
		if (atomic_fetch_add(&guard->count, 1) == 0)
			pthread_cond_signal(&guard->changed);
		is_watched = true;
	}
	pthread_mutex_unlock(&guard->mutex);
	end_transfer(previous, FSRV_ENDING_ABORTED);
	return is_watched;
}

/* *cookie is set when a transfer is returned. */
static struct fsrv__transfer *stop_watching(struct fsrv__guard *guard, int socket, uint64_t *cookie)
{
	struct fsrv__transfer *transfer = NULL;

	pthread_mutex_lock(&guard->mutex);
	if (socket >= 0 && (size_t)socket < guard->n_watches) {
		*cookie = guard->watches[socket].cookie;
		transfer = take_transfer(guard, &guard->watches[socket]);
	}
	pthread_mutex_unlock(&guard->mutex);
	return transfer;
}

bool fsrv__guard_unwatch(struct fsrv__guard *guard, int socket)
{
	uint64_t cookie;

	return stop_watching(guard, socket, &cookie) != NULL;
}

void fsrv__guard_end(struct fsrv__guard *guard, int socket, enum fsrv_ending ending)
{
	struct fsrv__transfer *transfer = NULL;
	uint64_t cookie;

	if (fsrv__guard_count(guard) > 0)
		transfer = stop_watching(guard, socket, &cookie);
	if (transfer == NULL)
		return;
	if (fsrv__socket_cookie(socket) != cookie)
		fsrv__transfer_end(transfer, FSRV_ENDING_COMPLETE, FSRV__SENT_AS_SAMPLED);
	else
		end_transfer(transfer, ending);
}

void fsrv__guard_sweep(struct fsrv__guard *guard)
{
	pthread_mutex_lock(&guard->mutex);
	if (!guard->is_sweeping) {
		guard->is_sweeping = true;
		sweep(guard, true);
		guard->is_sweeping = false;
	}
	pthread_mutex_unlock(&guard->mutex);
}

unsigned fsrv__guard_count(struct fsrv__guard *guard)
{
	return atomic_load(&guard->count);
}
