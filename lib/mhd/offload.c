/* A lookup begins with the local roots, as a local job, and goes on as a remote one when it comes to a root
 * or a file that is remote: so a hanging network keeps a thread from nobody who does not need it.
 *
 * A list of lookups that run or wait to be taken. A lookup is in the list until it is taken or dropped, so
 * what it found is freed exactly once. */
#include "mhd/offload.h"

#include <stddef.h>
#include <string.h>

#include "fs/system.h"
#include "mhd/handler.h"
#include "mhd/search.h"
#include "mhd/socket.h"

/* As many lookups may run or wait to be taken, about: the check takes no lock. Further ones are answered 503.
 * The limit for remote files leaves connections for others when a network or another process hangs. */
#define MAX_OFFLOADS        1024
#define MAX_REMOTE_OFFLOADS 64
/* Of one connection. */
#define MAX_RESULTS 4

struct fsrv__offload {
	struct fsrv__job job; /* first, so that a pointer to it is one to the whole */
	struct fsrv *fs;
	struct MHD_Connection *connection;
	int socket;        /* of the connection */
	uint64_t identity; /* of the socket; 0: the kernel does not tell */
	bool has_ended;    /* guarded by the mutex */
	struct fsrv__lookup_needs needs;
	struct fsrv__offload *next; /* in a list; that of the handler is guarded by the mutex */
	struct fsrv__lookup_result result;
	/* The path that was requested, not terminated. The result has that of the file that was found. */
	bool directory;
	size_t length;
	char path[];
};

static void run_lookup(struct fsrv__job *job, bool cancelled)
{
	struct fsrv__offload *offload = (struct fsrv__offload *)job;
	struct fsrv *fs = offload->fs;
	struct MHD_Connection *connection = offload->connection;
	enum fsrv__wait_policy wait = job->is_remote ? FSRV__MAY_WAIT : FSRV__LOCAL_ONLY;
	enum fsrv__lookup_status status = FSRV__LOOKUP_CHANGED;

	for (int i = 0; i < FSRV__MAX_LOOKUPS && status == FSRV__LOOKUP_CHANGED && !cancelled; i++)
		status = fsrv__search(fs, &offload->needs, wait, &offload->result);
	if (status == FSRV__LOOKUP_WOULD_WAIT) {
		job->is_remote = true;
		if (fsrv__workers_submit(fs->workers, job, FSRV__JOB_NEEDED))
			return;
	}
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

static bool is_for(const struct fsrv__offload *offload, const struct fsrv__lookup_result *result)
{
	return fsrv__system_identify_socket(offload->socket) == offload->identity &&
	       offload->length == result->requested_length && offload->directory == result->path.directory &&
	       memcmp(offload->path, result->path.text, offload->length) == 0;
}

/* Lookups that have ended. */
struct selection {
	const struct MHD_Connection *connection;  /* NULL: of those whose sockets are closed */
	const struct fsrv__lookup_result *result; /* NULL: for whatever path */
};

static bool is_selected(const struct fsrv__offload *offload, const struct selection *selection)
{
	if (!offload->has_ended)
		return false;
	if (selection->connection == NULL)
		return fsrv__system_identify_socket(offload->socket) != offload->identity;
	return offload->connection == selection->connection &&
	       (selection->result == NULL || is_for(offload, selection->result));
}

/* Removes lookups from the handler's list; they belong to the caller. */
static struct fsrv__offload *remove_selected(struct fsrv *fs, const struct selection *selection)
{
	struct fsrv__offload **link = &fs->offloads, *offload, *removed = NULL;

	pthread_mutex_lock(&fs->offload_mutex);
	while ((offload = *link) != NULL) {
		if (!is_selected(offload, selection)) {
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
		free_list(remove_selected(fs, &(struct selection){connection, NULL}));
}

bool fsrv__offload_drop_closed(void *cls)
{
	struct fsrv *fs = cls;

	if (atomic_load(&fs->n_offloads) == 0)
		return false;
	free_list(remove_selected(fs, &(struct selection){NULL, NULL}));
	return atomic_load(&fs->n_offloads) > 0;
}

/* A request may leave a few results until it takes them: its own, and that of its fallback. More of them
 * belong to requests that are over, which nobody told. */
static void drop_surplus(struct fsrv *fs, const struct MHD_Connection *connection)
{
	const struct selection selection = {connection, NULL};
	unsigned n = 0;

	pthread_mutex_lock(&fs->offload_mutex);
	for (const struct fsrv__offload *offload = fs->offloads; offload != NULL; offload = offload->next)
		n += is_selected(offload, &selection);
	pthread_mutex_unlock(&fs->offload_mutex);
	if (n >= MAX_RESULTS)
		fsrv__offload_drop(fs, connection);
}

static struct fsrv__offload *allocate_offload(struct fsrv *fs, struct MHD_Connection *connection,
					      const struct fsrv__lookup_needs *needs,
					      const struct fsrv__lookup_result *result)
{
	size_t length = result->requested_length;
	struct fsrv__offload *offload = fsrv__allocate(&fs->allocator, sizeof(*offload) + length);

	if (offload == NULL)
		return NULL;
	memset(offload, 0, offsetof(struct fsrv__offload, result));
	offload->result = *result;
	if (!result->is_given)
		fsrv__lookup_result_forget(&offload->result);
	offload->directory = result->path.directory;
	offload->length = length;
	memcpy(offload->path, result->path.text, length);
	offload->job.run = run_lookup;
	offload->job.owner = fsrv__connection_owner(connection);
	offload->job.is_remote = result->file.is_remote;
	offload->fs = fs;
	offload->connection = connection;
	offload->socket = fsrv__connection_socket(connection);
	offload->identity = fsrv__system_identify_socket(offload->socket);
	offload->needs = *needs;
	return offload;
}

bool fsrv__offload_begin(struct fsrv *fs, struct MHD_Connection *connection,
			 const struct fsrv__lookup_needs *needs, struct fsrv__lookup_result *result)
{
	bool may_be_remote = result->file.is_remote || result->file.may_be_remote;
	unsigned max = may_be_remote ? MAX_REMOTE_OFFLOADS : MAX_OFFLOADS;
	struct fsrv__offload *offload;

	drop_surplus(fs, connection);
	if (atomic_load(&fs->n_offloads) >= max ||
	    !fsrv__workers_are_ready(fs->workers, fsrv__connection_owner(connection)))
		return false;
	offload = allocate_offload(fs, connection, needs, result);
	if (offload == NULL)
		return false;
	fsrv__lookup_result_forget(result);
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
	struct fsrv__offload *taken;

	if (atomic_load(&fs->n_offloads) == 0)
		return false;
	taken = remove_selected(fs, &(struct selection){connection, result});
	if (taken == NULL)
		return false;
	*result = taken->result;
	fsrv__lookup_result_forget(&taken->result);
	free_list(taken);
	return true;
}

void fsrv__offload_clear(struct fsrv *fs)
{
	free_list(fs->offloads);
	fs->offloads = NULL;
}
