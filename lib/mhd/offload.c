/* A list of lookups that run or wait to be taken. A lookup is in the list until it is taken or dropped, so
 * what it found is freed exactly once. */
#include "mhd/offload.h"

#include <stddef.h>
#include <string.h>

#include "mhd/handler.h"
#include "mhd/socket.h"

/* As many lookups may run or wait to be taken, about: the check takes no lock. Further ones are answered 503,
 * so a disk that hangs leaves connections for others. */
#define MAX_OFFLOADS 64

struct fsrv__offload {
	struct fsrv__job job; /* first, so that a pointer to it is one to the whole */
	struct fsrv *fs;
	struct MHD_Connection *connection;
	int socket;      /* of the connection */
	uint64_t cookie; /* of the socket; 0: the kernel does not tell */
	bool has_ended;  /* guarded by the mutex */
	struct fsrv__lookup_needs needs;
	struct fsrv__offload *next; /* in a list; that of the handler is guarded by the mutex */
	struct fsrv__lookup_result result;
};

static void run_lookup(struct fsrv__job *job, bool cancelled)
{
	struct fsrv__offload *offload = (struct fsrv__offload *)job;
	struct fsrv *fs = offload->fs;
	struct MHD_Connection *connection = offload->connection;
	enum fsrv__lookup_status status = FSRV__LOOKUP_CHANGED;

	for (int i = 0; i < FSRV__MAX_LOOKUPS && status == FSRV__LOOKUP_CHANGED && !cancelled; i++)
		status = fsrv__lookup(fs, &offload->needs, FSRV__MAY_WAIT, &offload->result);
	if (status != FSRV__LOOKUP_DONE)
		offload->result.outcome = FSRV__OVERLOADED;
	pthread_mutex_lock(&fs->offload_mutex);
	offload->has_ended = true;
	pthread_mutex_unlock(&fs->offload_mutex);
	fsrv__connection_resume(connection, &fs->wake);
}

static void free_list(struct fsrv__offload *list)
{
	struct fsrv__offload *offload;

	while ((offload = list) != NULL) {
		struct fsrv *fs = offload->fs;

		list = offload->next;
		fsrv__lookup_result_clear(fs, &offload->result);
		fsrv__release(&fs->allocator, offload);
	}
}

/* Compares paths too: the call may be for another request, if nobody tells when one is over. */
static bool is_for(const struct fsrv__offload *offload, const struct MHD_Connection *connection,
		   const struct fsrv__lookup_result *result)
{
	return offload->connection == connection && fsrv__socket_cookie(offload->socket) == offload->cookie &&
	       offload->result.requested_length == result->requested_length &&
	       offload->result.path.directory == result->path.directory &&
	       memcmp(offload->result.path.text, result->path.text, result->requested_length) == 0;
}

/* Removes from the handler's list what has ended for a connection; for NULL, what has ended for connections
 * whose sockets are closed. */
static struct fsrv__offload *remove_ended(struct fsrv *fs, const struct MHD_Connection *connection)
{
	struct fsrv__offload **link = &fs->offloads, *offload, *removed = NULL;

	pthread_mutex_lock(&fs->offload_mutex);
	while ((offload = *link) != NULL) {
		bool concerns = connection != NULL ? offload->connection == connection
						   : fsrv__socket_cookie(offload->socket) != offload->cookie;

		if (!offload->has_ended || !concerns) {
			link = &offload->next;
			continue;
		}
		*link = offload->next;
		atomic_fetch_sub(&fs->n_offloads, 1);
		offload->next = removed;
		removed = offload;
	}
	pthread_mutex_unlock(&fs->offload_mutex);
	return removed;
}

void fsrv__offload_drop(struct fsrv *fs, const struct MHD_Connection *connection)
{
	if (atomic_load(&fs->n_offloads) > 0)
		free_list(remove_ended(fs, connection));
}

bool fsrv__offload_drop_closed(void *cls)
{
	struct fsrv *fs = cls;

	if (atomic_load(&fs->n_offloads) == 0)
		return false;
	free_list(remove_ended(fs, NULL));
	return atomic_load(&fs->n_offloads) > 0;
}

static struct fsrv__offload *allocate_offload(struct fsrv *fs, struct MHD_Connection *connection,
					      const struct fsrv__lookup_needs *needs,
					      const struct fsrv__lookup_result *result)
{
	struct fsrv__offload *offload = fsrv__allocate(&fs->allocator, sizeof(*offload));

	if (offload == NULL)
		return NULL;
	memset(offload, 0, offsetof(struct fsrv__offload, result));
	offload->result = *result;
	offload->result.file.fd = -1;
	offload->result.content = NULL;
	offload->job.run = run_lookup;
	offload->job.owner = fsrv__connection_owner(connection);
	offload->job.is_remote = result->file.is_remote;
	offload->fs = fs;
	offload->connection = connection;
	offload->socket = fsrv__connection_socket(connection);
	offload->cookie = fsrv__socket_cookie(offload->socket);
	offload->needs = *needs;
	return offload;
}

bool fsrv__offload_begin(struct fsrv *fs, struct MHD_Connection *connection,
			 const struct fsrv__lookup_needs *needs, const struct fsrv__lookup_result *result)
{
	struct fsrv__offload *offload;

	if (atomic_load(&fs->n_offloads) >= MAX_OFFLOADS ||
	    !fsrv__workers_are_ready(fs->workers, fsrv__connection_owner(connection)))
		return false;
	offload = allocate_offload(fs, connection, needs, result);
	if (offload == NULL)
		return false;
	pthread_mutex_lock(&fs->offload_mutex);
	offload->next = fs->offloads;
	fs->offloads = offload;
	pthread_mutex_unlock(&fs->offload_mutex);
	atomic_fetch_add(&fs->n_offloads, 1);
	fsrv__count(&fs->counters.cold_lookups, 1);
	fsrv__count(&fs->counters.suspends, 1);
	/* Suspended before the job is submitted: otherwise the resumption could come first, and be lost. */
	MHD_suspend_connection(connection);
	if (!fsrv__workers_submit(fs->workers, &offload->job, FSRV__JOB_NEEDED))
		run_lookup(&offload->job, true);
	return true;
}

bool fsrv__offload_take(struct fsrv *fs, struct MHD_Connection *connection,
			struct fsrv__lookup_result *result)
{
	struct fsrv__offload *removed, *offload;
	bool is_found;

	if (atomic_load(&fs->n_offloads) == 0)
		return false;
	removed = remove_ended(fs, connection);
	for (offload = removed; offload != NULL && !is_for(offload, connection, result);
	     offload = offload->next)
		;
	is_found = offload != NULL;
	if (is_found) {
		*result = offload->result;
		offload->result.file.fd = -1;
		offload->result.content = NULL;
	}
	free_list(removed);
	return is_found;
}

void fsrv__offload_clear(struct fsrv *fs)
{
	free_list(fs->offloads);
	fs->offloads = NULL;
}
