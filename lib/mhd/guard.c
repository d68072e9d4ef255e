/* One thread looks at all watched bodies, in turn, and reports those that have ended. The mutex is released
 * while a file is looked at and while the completion hook is called. */
#include "mhd/guard.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/file.h"
#include "fs/system.h"
#include "fs/thread.h"
#include "fs/clock.h"
#include "mhd/socket.h"

#define SWEEP_MS 250
/* So long after its last sweep the thread goes on to look up. */
#define AWAKE_MS 1000

/* libmicrohttpd closes what it owns without a word, so a descriptor number is only a hint: the identity tells
 * whether it still means that socket, device and inode whether it still means that file. One mistake remains
 * possible: a connection that is idle is shut down whose last file from here was cut, when the number of that
 * file's descriptor was given to the same file again. */
struct watch {
	struct fsrv__transfer *transfer; /* NULL: nothing is watched */
	uint64_t serial;                 /* no other watch of this guard has it, or ever will */
	uint64_t identity;               /* of the socket */
	uint64_t device, inode;
	uint64_t end;
	int fd;       /* of the file */
	size_t place; /* in the list of live ones */
};

struct fsrv__guard {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex;
	/* The thread is asleep and a body is watched, a transfer waits for its report, or is_stopping. */
	pthread_cond_t changed;
	pthread_t thread;
	bool has_thread;
	bool is_stopping;
	bool is_asleep;      /* the thread waits until it is woken */
	uint64_t next_sweep; /* by fsrv__clock_milliseconds */
	uint64_t last_serial;
	atomic_uint count;
	struct watch *watches; /* indexed by the socket's number */
	size_t n_watches;
	size_t *live; /* sockets whose bodies are watched; has room for n_watches */
	size_t n_live;
	struct fsrv__transfer_list settled;
};

/* Gives the transfer to the caller; NULL when nothing is watched. Called with the mutex held. */
static struct fsrv__transfer *take_transfer(struct fsrv__guard *guard, struct watch *watch)
{
	struct fsrv__transfer *transfer = watch->transfer;
	size_t last;

	if (transfer == NULL)
		return NULL;
	/* The last of the list takes its place. */
	last = guard->live[--guard->n_live];
	guard->live[watch->place] = last;
	guard->watches[last].place = watch->place;
	atomic_store(&guard->count, (unsigned)guard->n_live);
	watch->transfer = NULL;
	return transfer;
}

/* Leaves the report of a transfer to the guard's thread, if there is somebody to report to. Called with the
 * mutex held. */
static void settle(struct fsrv__guard *guard, struct fsrv__transfer *transfer, enum fsrv_ending ending,
		   uint64_t sent)
{
	if (transfer == NULL)
		return;
	fsrv__transfer_settle(transfer, ending, sent);
	if (!fsrv__transfer_is_reported(transfer)) {
		fsrv__transfer_report(transfer);
		return;
	}
	fsrv__transfer_append(&guard->settled, transfer);
	pthread_cond_signal(&guard->changed);
}

enum body_state { UNDER_WAY, OVER, TOO_SHORT };

/* By then the number may be a file that is on a hanging disk. So nothing is asked of its file system, and no
 * duplicate is made, whose close(2) might ask. One call tells all: in between, the number could change its
 * meaning. Where that call is refused, fstat(2) has to do. */
static bool look_at(int fd, struct fsrv__known_facts *facts)
{
	struct stat st;

	if (fsrv__system_tell_known(fd, facts))
		return true;
	if (errno == EBADF || fstat(fd, &st) != 0)
		return false;
	*facts = (struct fsrv__known_facts){(uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size};
	return true;
}

static enum body_state inspect_body(const struct watch *watch, int socket)
{
	struct fsrv__known_facts facts;

	if (fsrv__system_identify_socket(socket) != watch->identity || !look_at(watch->fd, &facts) ||
	    facts.device != watch->device || facts.inode != watch->inode)
		return OVER;
	return facts.size < watch->end ? TOO_SHORT : UNDER_WAY;
}

/* The duplicate is -1 when the socket is closed. False for want of a descriptor. */
static bool duplicate_socket(const struct watch *watch, int socket, int *duplicate)
{
	*duplicate = fsrv__socket_duplicate(socket, watch->identity);
	return *duplicate >= 0 || fsrv__system_identify_socket(socket) != watch->identity;
}

/* Measures a body that has ended, or shuts its connection down. */
static void finish_body(struct fsrv__transfer *transfer, int duplicate, enum body_state state)
{
	if (duplicate < 0)
		return;
	if (state == TOO_SHORT)
		shutdown(duplicate, SHUT_RDWR);
	fsrv__transfer_measure(transfer, duplicate);
	close(duplicate);
}

/* Called with the mutex held, which is released while the file is looked at: requests must not wait for it.
 * Meanwhile the body may end and another one begin. */
static void check_body(struct fsrv__guard *guard, size_t socket)
{
	struct watch watch = guard->watches[socket];
	enum body_state state;
	int duplicate;

	if (watch.transfer == NULL)
		return;
	pthread_mutex_unlock(&guard->mutex);
	state = inspect_body(&watch, (int)socket);
	pthread_mutex_lock(&guard->mutex);
	/* Without a descriptor the body stays watched until there is one: nobody else would end it. */
	if (state == UNDER_WAY || guard->watches[socket].serial != watch.serial ||
	    guard->watches[socket].transfer == NULL || !duplicate_socket(&watch, (int)socket, &duplicate))
		return;
	take_transfer(guard, &guard->watches[socket]);
	finish_body(watch.transfer, duplicate, state);
	settle(guard, watch.transfer, state == TOO_SHORT ? FSRV_ENDING_FILE_CHANGED : FSRV_ENDING_COMPLETE,
	       FSRV__SENT_AS_SAMPLED);
}

/* Called with the mutex held. */
static void sample_all(struct fsrv__guard *guard)
{
	for (size_t i = 0; i < guard->n_live; i++)
		fsrv__transfer_sample(guard->watches[guard->live[i]].transfer);
}

/* Called with the mutex held. From the end on: what takes the place of a body that ends meanwhile was looked
 * at before. */
static void check_all(struct fsrv__guard *guard)
{
	for (size_t i = guard->n_live; i > 0; i--)
		if (i <= guard->n_live)
			check_body(guard, guard->live[i - 1]);
}

/* Called with the mutex held, which is released meanwhile. */
static void report_settled(struct fsrv__guard *guard)
{
	struct fsrv__transfer *transfer = fsrv__transfer_take_first(&guard->settled);

	pthread_mutex_unlock(&guard->mutex);
	fsrv__transfer_report(transfer);
	pthread_mutex_lock(&guard->mutex);
}

/* Called with the mutex held. */
static void sweep_in_time(struct fsrv__guard *guard)
{
	uint64_t now = fsrv__clock_milliseconds();

	if (now < guard->next_sweep) {
		fsrv__monitor_wait(&guard->mutex, &guard->changed, (unsigned)(guard->next_sweep - now));
		return;
	}
	sample_all(guard);
	check_all(guard);
	guard->next_sweep = fsrv__clock_milliseconds() + SWEEP_MS;
}

/* What is still watched in the end was closed with its daemon. */
static void settle_all(struct fsrv__guard *guard)
{
	while (guard->n_live > 0)
		settle(guard, take_transfer(guard, &guard->watches[guard->live[0]]), FSRV_ENDING_COMPLETE,
		       FSRV__SENT_AS_SAMPLED);
}

/* While bodies come one after another, none of them has to wake the thread: it looks up by itself for a
 * while. Called with the mutex held. */
static void rest(struct fsrv__guard *guard)
{
	if (fsrv__clock_milliseconds() < guard->next_sweep + AWAKE_MS) {
		fsrv__monitor_wait(&guard->mutex, &guard->changed, SWEEP_MS);
		return;
	}
	guard->is_asleep = true;
	pthread_cond_wait(&guard->changed, &guard->mutex);
	guard->is_asleep = false;
}

static void *watch_bodies(void *cls)
{
	struct fsrv__guard *guard = cls;

	pthread_mutex_lock(&guard->mutex);
	while (!guard->is_stopping) {
		if (guard->settled.first != NULL)
			report_settled(guard);
		else if (atomic_load(&guard->count) == 0)
			rest(guard);
		else
			sweep_in_time(guard);
	}
	sample_all(guard);
	settle_all(guard);
	while (guard->settled.first != NULL)
		report_settled(guard);
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
	size_t *live;

	if (n_needed <= guard->n_watches)
		return true;
	while (n < n_needed)
		n *= 2;
	live = fsrv__resize(&guard->allocator, guard->live, n * sizeof(*live));
	if (live == NULL)
		return false;
	guard->live = live;
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
	fsrv__release(&guard->allocator, guard->watches);
	fsrv__release(&guard->allocator, guard->live);
	fsrv__release(&guard->allocator, guard);
}

bool fsrv__guard_reserve(struct fsrv__guard *guard, int socket)
{
	bool is_reserved;

	pthread_mutex_lock(&guard->mutex);
	is_reserved = make_room(guard, (size_t)socket + 1) && start_thread(guard);
	pthread_mutex_unlock(&guard->mutex);
	return is_reserved;
}

void fsrv__guard_watch(struct fsrv__guard *guard, const struct fsrv__guarded_body *body)
{
	struct watch watch = {.transfer = body->transfer,
			      .identity = fsrv__transfer_socket_identity(body->transfer),
			      .device = body->device,
			      .inode = body->inode,
			      .end = body->end,
			      .fd = body->fd};
	struct watch *place;

	pthread_mutex_lock(&guard->mutex);
	place = &guard->watches[body->socket];
	settle(guard, take_transfer(guard, place), FSRV_ENDING_ABORTED, FSRV__SENT_AS_SAMPLED);
	watch.serial = ++guard->last_serial;
	watch.place = guard->n_live;
	*place = watch;
	guard->live[guard->n_live++] = (size_t)body->socket;
	atomic_store(&guard->count, (unsigned)guard->n_live);
	if (guard->is_asleep)
		pthread_cond_signal(&guard->changed);
	pthread_mutex_unlock(&guard->mutex);
}

/* Takes the transfer of the connection that the socket now belongs to. One of an earlier connection with the
 * same number is settled. Called with the mutex held. */
static struct fsrv__transfer *take_own(struct fsrv__guard *guard, int socket)
{
	struct fsrv__transfer *transfer;
	struct watch *watch;

	if (socket < 0 || (size_t)socket >= guard->n_watches)
		return NULL;
	watch = &guard->watches[socket];
	transfer = take_transfer(guard, watch);
	if (transfer == NULL || fsrv__system_identify_socket(socket) == watch->identity)
		return transfer;
	settle(guard, transfer, FSRV_ENDING_COMPLETE, FSRV__SENT_AS_SAMPLED);
	return NULL;
}

void fsrv__guard_end(struct fsrv__guard *guard, int socket)
{
	if (fsrv__guard_count(guard) == 0)
		return;
	pthread_mutex_lock(&guard->mutex);
	settle(guard, take_own(guard, socket), FSRV_ENDING_COMPLETE, FSRV__SENT_ALL);
	pthread_mutex_unlock(&guard->mutex);
}

void fsrv__guard_complete(struct fsrv__guard *guard, int socket, enum fsrv_ending ending)
{
	struct fsrv__transfer *transfer;

	if (fsrv__guard_count(guard) == 0)
		return;
	pthread_mutex_lock(&guard->mutex);
	transfer = take_own(guard, socket);
	pthread_mutex_unlock(&guard->mutex);
	if (transfer != NULL)
		fsrv__transfer_end(transfer, ending,
				   ending == FSRV_ENDING_COMPLETE ? FSRV__SENT_ALL : FSRV__SENT_AS_SAMPLED);
}

void fsrv__guard_sweep(struct fsrv__guard *guard)
{
	if (fsrv__guard_count(guard) == 0)
		return;
	pthread_mutex_lock(&guard->mutex);
	check_all(guard);
	pthread_mutex_unlock(&guard->mutex);
}

unsigned fsrv__guard_count(struct fsrv__guard *guard)
{
	return atomic_load(&guard->count);
}
