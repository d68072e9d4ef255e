/* Looks that have to wait for a disk, made by a worker while the connection is suspended.
 *
 * libmicrohttpd calls the handler again afterwards, from its start, and the second run takes what the
 * first one had looked up. It may also close the connection without a call, or give the same address
 * to another one: so results are found by the connection's address and the cookie of its socket, and
 * what nobody takes is freed after a while. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mhd/handler.h"

/* A connection that was resumed is served again in much less; what it left is out of date then. */
#define FORGOTTEN_NS (UINT64_C(2) * 1000000000)
/* At once; beyond, the answer is 503. Few enough that a disk which hangs leaves connections for others. */
#define MAX_OFFLOADS 64

struct fsrv__offload {
	struct fsrv__job job; /* first, so that a pointer to it is one to the whole */
	struct fsrv *fs;
	struct MHD_Connection *connection;
	uint64_t cookie;
	uint64_t ended; /* 0: not yet */
	struct fsrv__wish wish;
	struct fsrv__offload *next;
	struct fsrv__sight sight;
};

static uint64_t cookie_of(struct MHD_Connection *connection)
{
	return fsrv__socket_cookie(fsrv__socket_of(connection));
}

bool fsrv__may_suspend(const struct fsrv *fs, struct MHD_Connection *connection)
{
	unsigned flags = fsrv__flags_of(connection);
	unsigned allowed = MHD_ALLOW_SUSPEND_RESUME & ~(unsigned)MHD_USE_ITC;

	/* With a thread for each connection resumptions get lost, and nobody else has to wait anyway. */
	if ((flags & allowed) == 0 || (flags & MHD_USE_THREAD_PER_CONNECTION) != 0)
		return false;
	return (flags & MHD_USE_INTERNAL_POLLING_THREAD) != 0 || fs->wake != NULL;
}

static void run(struct fsrv__job *job, bool cancelled)
{
	struct fsrv__offload *offload = (struct fsrv__offload *)job;
	struct fsrv *fs = offload->fs;
	struct MHD_Connection *connection = offload->connection;
	enum fsrv__look_result result = FSRV__LOOK_CHANGED;

	for (int i = 0; i < FSRV__MAX_LOOKS && result == FSRV__LOOK_CHANGED && !cancelled; i++)
		result = fsrv__look(fs, &offload->wish, FSRV__MAY_WAIT, &offload->sight);
	if (result != FSRV__LOOK_DONE)
		offload->sight.outcome = FSRV__OVERLOADED;
	pthread_mutex_lock(&fs->offload_mutex);
	offload->ended = fsrv__monotonic();
	pthread_mutex_unlock(&fs->offload_mutex);
	MHD_resume_connection(connection);
	if (fs->wake != NULL)
		fs->wake(fs->wake_cls);
}

static void free_offload(struct fsrv__offload *offload)
{
	struct fsrv *fs = offload->fs;

	fsrv__sight_clear(fs, &offload->sight);
	fsrv__release(&fs->allocator, offload);
}

static void free_list(struct fsrv__offload *list)
{
	struct fsrv__offload *offload;

	while ((offload = list) != NULL) {
		list = offload->next;
		free_offload(offload);
	}
}

/* A program may answer the second time itself, and the next request ask for something else. */
static bool is_for(const struct fsrv__offload *offload, uint64_t cookie, const struct fsrv__sight *sight)
{
	return offload->cookie == cookie && offload->sight.asked == sight->asked &&
	       offload->sight.path.directory == sight->path.directory &&
	       memcmp(offload->sight.path.text, sight->path.text, sight->asked) == 0;
}

/* Takes out what the connection left, if there is one, and what was forgotten. */
static struct fsrv__offload *take_out(struct fsrv *fs, const struct MHD_Connection *connection)
{
	struct fsrv__offload **link = &fs->offloads, *offload, *taken = NULL;
	uint64_t now = fsrv__monotonic();

	pthread_mutex_lock(&fs->offload_mutex);
	while ((offload = *link) != NULL) {
		bool is_left = offload->connection == connection || now - offload->ended > FORGOTTEN_NS;

		if (offload->ended == 0 || !is_left) {
			link = &offload->next;
			continue;
		}
		*link = offload->next;
		atomic_fetch_sub(&fs->n_offloads, 1);
		offload->next = taken;
		taken = offload;
	}
	pthread_mutex_unlock(&fs->offload_mutex);
	return taken;
}

bool fsrv__offload_tidy(void *cls)
{
	struct fsrv *fs = cls;

	if (atomic_load(&fs->n_offloads) == 0)
		return false;
	free_list(take_out(fs, NULL));
	return atomic_load(&fs->n_offloads) > 0;
}

bool fsrv__offload_begin(struct fsrv *fs, struct MHD_Connection *connection, const struct fsrv__wish *wish,
			 const struct fsrv__sight *sight)
{
	struct fsrv__offload *offload;
	const void *owner = fsrv__owner_of(connection);

	if (atomic_load(&fs->n_offloads) >= MAX_OFFLOADS || !fsrv__workers_are_ready(fs->workers, owner))
		return false;
	offload = fsrv__allocate(&fs->allocator, sizeof(*offload));
	if (offload == NULL)
		return false;
	memset(offload, 0, offsetof(struct fsrv__offload, sight));
	offload->sight = *sight;
	offload->sight.file.fd = -1;
	offload->sight.content = NULL;
	offload->job.run = run;
	offload->job.owner = owner;
	offload->job.is_remote = sight->file.is_remote;
	offload->fs = fs;
	offload->connection = connection;
	offload->cookie = cookie_of(connection);
	offload->wish = *wish;
	pthread_mutex_lock(&fs->offload_mutex);
	offload->next = fs->offloads;
	fs->offloads = offload;
	pthread_mutex_unlock(&fs->offload_mutex);
	atomic_fetch_add(&fs->n_offloads, 1);
	fsrv__count(&fs->counters.cold_lookups, 1);
	fsrv__count(&fs->counters.suspends, 1);
	MHD_suspend_connection(connection);
	if (!fsrv__workers_submit(fs->workers, &offload->job, FSRV__JOB_NEEDED))
		run(&offload->job, true);
	return true;
}

bool fsrv__offload_take(struct fsrv *fs, struct MHD_Connection *connection, struct fsrv__sight *sight)
{
	struct fsrv__offload *taken, **link;
	uint64_t cookie, now;
	bool is_found = false;

	if (atomic_load(&fs->n_offloads) == 0)
		return false;
	taken = take_out(fs, connection);
	cookie = cookie_of(connection);
	now = fsrv__monotonic();
	for (link = &taken; *link != NULL && !is_found; link = is_found ? link : &(*link)->next) {
		is_found = (*link)->connection == connection && now - (*link)->ended <= FORGOTTEN_NS &&
			   is_for(*link, cookie, sight);
		if (is_found) {
			*sight = (*link)->sight;
			(*link)->sight.file.fd = -1;
			(*link)->sight.content = NULL;
		}
	}
	free_list(taken);
	return is_found;
}

void fsrv__offload_clear(struct fsrv *fs)
{
	free_list(fs->offloads);
	fs->offloads = NULL;
}

/* A descriptor on its way to a worker that closes it. */
struct closing {
	struct fsrv__job job; /* first, as above */
	struct fsrv *fs;
	int fd;
};

static void close_now(struct fsrv *fs, int fd)
{
	close(fd);
	fsrv__uncount(&fs->counters.open_files, 1);
}

static void run_closing(struct fsrv__job *job, bool cancelled)
{
	struct closing *closing = (struct closing *)job;
	struct fsrv *fs = closing->fs;

	(void)cancelled;
	close_now(fs, closing->fd);
	fsrv__release(&fs->allocator, closing);
}

void fsrv__file_close(struct fsrv *fs, int fd, bool is_remote)
{
	struct closing *closing = NULL;

	if (is_remote && fs->workers != NULL && fsrv__workers_have_started(fs->workers))
		closing = fsrv__allocate(&fs->allocator, sizeof(*closing));
	if (closing == NULL) {
		close_now(fs, fd);
		return;
	}
	*closing = (struct closing){.job = {.run = run_closing, .is_remote = true}, .fs = fs, .fd = fd};
	if (!fsrv__workers_submit(fs->workers, &closing->job, FSRV__JOB_BACKGROUND))
		run_closing(&closing->job, true);
}
