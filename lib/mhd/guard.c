#include "mhd/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/residency.h"
#include "fs/thread.h"

#define SWEEP_MS 250
/* Sweeps in a row that find nothing on its way to the client before a body counts as stalled. */
#define SWEEPS_TO_STALL 2

/* Descriptor numbers are only ever hints here, because libmicrohttpd closes what it owns without a
 * word: the cookie tells whether the number still means that socket, device and inode whether it
 * still means that file. The worst mistake that reuse leaves possible is to close a connection whose
 * last file from here was cut, and whose descriptor number was given to the same file again. */
struct watch {
	uint64_t cookie; /* 0: nothing is watched */
	uint64_t device;
	uint64_t inode;
	uint64_t offset;
	uint64_t end;
	struct fsrv__time modified;
	struct fsrv__transfer *transfer;
	int file;
	bool may_stall;
	uint64_t position; /* in the file, at the last sweep */
	unsigned idle;	   /* sweeps in a row without a move */
};

struct fsrv__guard {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t thread;
	bool has_thread;
	bool stopping;
	bool is_searched; /* for what has ended; the hook that is told may ask for that again */
	atomic_uint count;
	struct watch *watches; /* indexed by the socket's number */
	size_t n_watches;
};

/* The transfer is the caller's to end, once the mutex is unlocked. */
static struct fsrv__transfer *drop(struct fsrv__guard *guard, struct watch *watch)
{
	if (watch->cookie == 0)
		return NULL;
	atomic_fetch_sub(&guard->count, 1);
	watch->cookie = 0;
	return watch->transfer;
}

static void end(struct fsrv__transfer *transfer, enum fsrv_ending ending)
{
	if (transfer != NULL)
		fsrv__transfer_end(transfer, ending,
				   ending == FSRV_ENDING_COMPLETE ? FSRV__SENT_ALL : FSRV__SENT_AS_SAMPLED);
}

enum sight { ENDED, WHOLE, REWRITTEN, CUT, UNREADABLE };

static enum sight look_at(const struct watch *watch)
{
	struct stat st;

	if (fstat(watch->file, &st) != 0 || st.st_dev != watch->device || st.st_ino != watch->inode)
		return ENDED;
	if ((uint64_t)st.st_size < watch->end)
		return CUT;
	return st.st_mtim.tv_sec == watch->modified.seconds && st.st_mtim.tv_nsec == (long)watch->modified.nanoseconds
		       ? WHOLE
		       : REWRITTEN;
}

enum reading { AT_HAND, NOT_AT_HAND, FAILED };

/* Reads where the body has come to, by a duplicate that stays what it is. */
static enum reading read_at(const struct watch *watch, int *error)
{
	int own = fcntl(watch->file, F_DUPFD_CLOEXEC, 0);
	struct watch copy = *watch;
	enum reading reading = NOT_AT_HAND;
	char byte;

	if (own < 0)
		return reading;
	copy.file = own;
	if (look_at(&copy) != ENDED) {
		if (fsrv__file_read_resident(own, &byte, 1, watch->position, true) == 1)
			reading = AT_HAND;
		else if (pread(own, &byte, 1, (off_t)watch->position) < 0 && errno != EINTR)
			reading = FAILED;
		*error = errno;
	}
	close(own);
	return reading;
}

static bool has_nothing_queued(int socket)
{
	int bytes;

	return ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes == 0;
}

/* Acts on a duplicate, since the number itself may change its meaning between two calls. */
static void shut_down(int socket, uint64_t cookie)
{
	int own = fcntl(socket, F_DUPFD_CLOEXEC, 0);

	if (own < 0)
		return;
	if (fsrv__socket_cookie(own) == cookie)
		shutdown(own, SHUT_RDWR);
	close(own);
}

/* How far the body has come, and whether anything moves. */
static void take_stock(struct watch *watch, int socket)
{
	uint64_t sent = watch->position - watch->offset;
	bool has_moved = fsrv__transfer_sample(watch->transfer, &sent) && watch->offset + sent != watch->position;

	watch->idle = !has_moved && has_nothing_queued(socket) ? watch->idle + 1 : 0;
	watch->position = watch->offset + sent;
}

static bool is_same_watch(const struct watch *a, const struct watch *b)
{
	return a->cookie == b->cookie && a->transfer == b->transfer;
}

static enum fsrv_ending ending_of(enum sight sight)
{
	if (sight == ENDED)
		return FSRV_ENDING_COMPLETE;
	return sight == UNREADABLE ? FSRV_ENDING_READ_ERROR : FSRV_ENDING_FILE_CHANGED;
}

/* A file that was cut and has grown again between two looks is long enough, but an epoll loop that saw it
 * short never tries again: nothing moves, although the socket is empty and the next byte at hand. A
 * disk that failed leaves the same silence. A thread that waits for a slow disk is no stall. */
static enum sight look_closely(const struct watch *watch, int *error)
{
	enum sight sight = look_at(watch);

	if (sight != WHOLE && sight != REWRITTEN)
		return sight;
	if (!watch->may_stall || watch->idle <= SWEEPS_TO_STALL)
		return WHOLE;
	switch (read_at(watch, error)) {
	case FAILED:
		return UNREADABLE;
	case AT_HAND:
		return sight;
	case NOT_AT_HAND:
		break;
	}
	return WHOLE;
}

static enum sight look_whether_ended(const struct watch *watch)
{
	return look_at(watch) == ENDED ? ENDED : WHOLE;
}

/* Looks at one body, without the mutex: requests must not wait for it. */
static void look_after(struct fsrv__guard *guard, size_t socket, bool only_ended)
{
	struct fsrv__transfer *ended = NULL;
	struct watch seen;
	enum sight sight;
	int error = 0;

	if (guard->watches[socket].cookie == 0)
		return;
	if (!only_ended)
		take_stock(&guard->watches[socket], (int)socket);
	seen = guard->watches[socket];
	pthread_mutex_unlock(&guard->mutex);
	sight = only_ended ? look_whether_ended(&seen) : look_closely(&seen, &error);
	pthread_mutex_lock(&guard->mutex);
	if (sight != WHOLE && is_same_watch(&guard->watches[socket], &seen))
		ended = drop(guard, &guard->watches[socket]);
	if (ended == NULL)
		return;
	pthread_mutex_unlock(&guard->mutex);
	if (sight != ENDED)
		shut_down((int)socket, seen.cookie);
	if (sight == UNREADABLE)
		fsrv__transfer_log_error(ended, error);
	fsrv__transfer_end(ended, ending_of(sight), FSRV__SENT_AS_SAMPLED);
	pthread_mutex_lock(&guard->mutex);
}

static void sweep(struct fsrv__guard *guard, bool only_ended)
{
	for (size_t i = 0; i < guard->n_watches && !guard->stopping; i++)
		look_after(guard, i, only_ended);
}

static void *watch_bodies(void *cls)
{
	struct fsrv__guard *guard = cls;

	pthread_mutex_lock(&guard->mutex);
	while (!guard->stopping) {
		if (atomic_load(&guard->count) == 0) {
			pthread_cond_wait(&guard->changed, &guard->mutex);
			continue;
		}
		while (!guard->stopping && fsrv__monitor_wait(&guard->mutex, &guard->changed, SWEEP_MS))
			;
		if (!guard->stopping)
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
	if (watches == NULL) {
		errno = ENOMEM;
		return false;
	}
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
	guard->stopping = true;
	pthread_cond_signal(&guard->changed);
	pthread_mutex_unlock(&guard->mutex);
	if (guard->has_thread)
		pthread_join(guard->thread, NULL);
	pthread_cond_destroy(&guard->changed);
	pthread_mutex_destroy(&guard->mutex);
	for (size_t i = 0; i < guard->n_watches; i++) {
		struct fsrv__transfer *transfer = drop(guard, &guard->watches[i]);

		if (transfer != NULL)
			fsrv__transfer_end(transfer, FSRV_ENDING_COMPLETE, FSRV__SENT_AS_SAMPLED);
	}
	fsrv__release(&guard->allocator, guard->watches);
	fsrv__release(&guard->allocator, guard);
}

bool fsrv__guard_watch(struct fsrv__guard *guard, int socket, const struct fsrv__file *file, uint64_t offset,
		       uint64_t length, bool may_stall, struct fsrv__transfer *transfer)
{
	struct watch watch = {.device = file->device, .inode = file->identity.inode, .offset = offset,
			      .end = offset + length, .modified = file->identity.modified, .transfer = transfer,
			      .file = file->fd, .may_stall = may_stall, .position = offset};
	struct fsrv__transfer *before = NULL;
	uint64_t sent;
	bool watched = false;

	watch.cookie = socket >= 0 ? fsrv__socket_cookie(socket) : 0;
	if (watch.cookie == 0 || (may_stall && !fsrv__transfer_sample(transfer, &sent)))
		return false;
	pthread_mutex_lock(&guard->mutex);
	if (make_room(guard, (size_t)socket + 1) && start_thread(guard)) {
		before = drop(guard, &guard->watches[socket]);
		guard->watches[socket] = watch;
		if (atomic_fetch_add(&guard->count, 1) == 0)
			pthread_cond_signal(&guard->changed);
		watched = true;
	}
	pthread_mutex_unlock(&guard->mutex);
	end(before, FSRV_ENDING_ABORTED);
	return watched;
}

static struct fsrv__transfer *take(struct fsrv__guard *guard, int socket, uint64_t *cookie)
{
	struct fsrv__transfer *transfer = NULL;

	pthread_mutex_lock(&guard->mutex);
	if (socket >= 0 && (size_t)socket < guard->n_watches) {
		*cookie = guard->watches[socket].cookie;
		transfer = drop(guard, &guard->watches[socket]);
	}
	pthread_mutex_unlock(&guard->mutex);
	return transfer;
}

bool fsrv__guard_unwatch(struct fsrv__guard *guard, int socket)
{
	uint64_t cookie;

	return take(guard, socket, &cookie) != NULL;
}

void fsrv__guard_forget(struct fsrv__guard *guard, int socket, enum fsrv_ending ending)
{
	uint64_t cookie;
	struct fsrv__transfer *transfer = take(guard, socket, &cookie);

	if (transfer == NULL)
		return;
	/* The number means another connection now: how this one ended is known only by its bytes. */
	if (fsrv__socket_cookie(socket) != cookie)
		fsrv__transfer_end(transfer, FSRV_ENDING_COMPLETE, FSRV__SENT_AS_SAMPLED);
	else
		end(transfer, ending);
}

void fsrv__guard_sweep(struct fsrv__guard *guard)
{
	pthread_mutex_lock(&guard->mutex);
	if (!guard->is_searched) {
		guard->is_searched = true;
		sweep(guard, true);
		guard->is_searched = false;
	}
	pthread_mutex_unlock(&guard->mutex);
}

unsigned fsrv__guard_count(struct fsrv__guard *guard)
{
	return atomic_load(&guard->count);
}
