#include "mhd/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SWEEPS_PER_SECOND 4
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
	uint64_t end;
	struct fsrv__time modified;
	int file;
	unsigned idle; /* sweeps in a row */
};

struct fsrv__guard {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t thread;
	bool has_thread;
	bool stopping;
	atomic_uint count;
	struct watch *watches; /* indexed by the socket's number */
	size_t n_watches;
};

uint64_t fsrv__socket_cookie(int socket)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

static void drop(struct fsrv__guard *guard, struct watch *watch)
{
	if (watch->cookie != 0)
		atomic_fetch_sub(&guard->count, 1);
	watch->cookie = 0;
}

enum sight { ENDED, WHOLE, REWRITTEN, CUT };

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

static bool has_nothing_queued(int socket)
{
	int bytes;

	return ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes == 0;
}

/* A file that was cut and has grown again between two looks is long enough, but an event loop that saw
 * it short never tries again. One that was only appended to goes on. */
static bool is_stalled(struct watch *watch, int socket)
{
	watch->idle = has_nothing_queued(socket) ? watch->idle + 1 : 0;
	return watch->idle > SWEEPS_TO_STALL;
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

/* fstat(2) may wait for a network, so requests must not wait for the mutex meanwhile. */
static void sweep(struct fsrv__guard *guard)
{
	for (size_t i = 0; i < guard->n_watches && !guard->stopping; i++) {
		struct watch seen = guard->watches[i];
		struct watch *now;
		enum sight sight;

		if (seen.cookie == 0)
			continue;
		pthread_mutex_unlock(&guard->mutex);
		sight = look_at(&seen);
		pthread_mutex_lock(&guard->mutex);
		now = &guard->watches[i];
		if (sight == WHOLE || now->cookie != seen.cookie || now->file != seen.file || now->end != seen.end)
			continue;
		if (sight == REWRITTEN && !is_stalled(now, (int)i))
			continue;
		drop(guard, now);
		if (sight != ENDED)
			shut_down((int)i, seen.cookie);
	}
}

static void *watch_bodies(void *cls)
{
	struct fsrv__guard *guard = cls;

	pthread_mutex_lock(&guard->mutex);
	while (!guard->stopping) {
		struct timespec until;

		if (atomic_load(&guard->count) == 0) {
			pthread_cond_wait(&guard->changed, &guard->mutex);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += 1000000000 / SWEEPS_PER_SECOND;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		while (!guard->stopping &&
		       pthread_cond_timedwait(&guard->changed, &guard->mutex, &until) != ETIMEDOUT)
			;
		if (!guard->stopping)
			sweep(guard);
	}
	pthread_mutex_unlock(&guard->mutex);
	return NULL;
}

/* Signals are the program's own business: they go to its threads. */
static bool start_thread(struct fsrv__guard *guard)
{
	sigset_t all, before;
	int error;

	if (guard->has_thread)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&guard->thread, NULL, watch_bodies, guard);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		errno = error;
		return false;
	}
	pthread_setname_np(guard->thread, "fsrv-guard");
	guard->has_thread = true;
	return true;
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
	pthread_condattr_t attributes;

	if (guard == NULL)
		return NULL;
	memset(guard, 0, sizeof(*guard));
	guard->allocator = *allocator;
	atomic_init(&guard->count, 0);
	pthread_mutex_init(&guard->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&guard->changed, &attributes);
	pthread_condattr_destroy(&attributes);
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
	fsrv__release(&guard->allocator, guard->watches);
	fsrv__release(&guard->allocator, guard);
}

bool fsrv__guard_watch(struct fsrv__guard *guard, int socket, const struct fsrv__file *file, uint64_t end)
{
	struct watch watch = {.device = file->device, .inode = file->identity.inode, .end = end,
			      .modified = file->identity.modified, .file = file->fd};
	bool watched = false;

	watch.cookie = socket >= 0 ? fsrv__socket_cookie(socket) : 0;
	if (watch.cookie == 0)
		return false;
	pthread_mutex_lock(&guard->mutex);
	if (make_room(guard, (size_t)socket + 1) && start_thread(guard)) {
		drop(guard, &guard->watches[socket]);
		guard->watches[socket] = watch;
		if (atomic_fetch_add(&guard->count, 1) == 0)
			pthread_cond_signal(&guard->changed);
		watched = true;
	}
	pthread_mutex_unlock(&guard->mutex);
	return watched;
}

void fsrv__guard_forget(struct fsrv__guard *guard, int socket)
{
	if (socket < 0)
		return;
	pthread_mutex_lock(&guard->mutex);
	if ((size_t)socket < guard->n_watches)
		drop(guard, &guard->watches[socket]);
	pthread_mutex_unlock(&guard->mutex);
}

unsigned fsrv__guard_count(struct fsrv__guard *guard)
{
	return atomic_load(&guard->count);
}
