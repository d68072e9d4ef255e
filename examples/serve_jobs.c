/* Listings that a thread makes while the connection is suspended: a daemon whose threads serve many
 * connections must not wait for a disk (fsrv/fsrv.h).
 *
 * libmicrohttpd may forget a connection while it is suspended, and tells nobody. So a job that is done is
 * kept until its connection asks for it, until another job of the same connection, or for a minute. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "serve_index.h"

#define MAX_THREADS  4
#define KEPT_SECONDS 60

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

/* All guarded by the mutex, but for the flag. */
static struct job *jobs, *queue, **end_of_queue = &queue;
static pthread_t threads[MAX_THREADS];
static unsigned n_threads, n_idle;
static atomic_bool stops;

static void free_job(struct job *job)
{
	free(job->listing.html);
	free(job);
}

static void put_in(struct job *job)
{
	job->next_in_queue = NULL;
	*end_of_queue = job;
	end_of_queue = &job->next_in_queue;
}

/* Waits for a job; NULL at the end, when none is left. */
static struct job *take_out(void)
{
	struct job *job;

	pthread_mutex_lock(&mutex);
	n_idle++;
	while (queue == NULL && !atomic_load(&stops))
		pthread_cond_wait(&wake, &mutex);
	n_idle--;
	job = queue;
	if (job != NULL)
		queue = job->next_in_queue;
	if (queue == NULL)
		end_of_queue = &queue;
	pthread_mutex_unlock(&mutex);
	return job;
}

/* After the mutex is released the job may be gone at any time: the connection is what counts. */
static void finish(struct job *job)
{
	struct MHD_Connection *connection = job->connection;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&mutex);
	job->done = now.tv_sec;
	job->is_done = true;
	pthread_mutex_unlock(&mutex);
	MHD_resume_connection(connection);
}

static void *work(void *cls)
{
	struct job *job;

	while ((job = take_out()) != NULL) {
		make_listing(cls, &job->path, job->order, &job->listing);
		finish(job);
	}
	return cls;
}

/* Drops what nobody will ask for any more. */
static void sweep(const struct MHD_Connection *connection, time_t now)
{
	struct job **link = &jobs;

	while (*link != NULL) {
		struct job *job = *link;

		if (job->is_done && (job->connection == connection || now - job->done > KEPT_SECONDS)) {
			*link = job->next;
			free_job(job);
		} else {
			link = &job->next;
		}
	}
}

static void start_thread(struct settings *s)
{
	if (n_idle == 0 && n_threads < MAX_THREADS && pthread_create(&threads[n_threads], NULL, work, s) == 0)
		n_threads++;
}

struct job *begin_job(struct settings *s, struct MHD_Connection *connection, const struct folder_path *path,
		      struct order order)
{
	struct job *job = calloc(1, sizeof(*job));
	struct timespec now;
	bool is_queued;

	if (job == NULL)
		return NULL;
	job->connection = connection;
	job->path = *path;
	job->order = order;
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&mutex);
	if (!atomic_load(&stops))
		start_thread(s);
	is_queued = n_threads > 0 && !atomic_load(&stops);
	if (is_queued) {
		sweep(connection, now.tv_sec);
		MHD_suspend_connection(connection);
		job->next = jobs;
		jobs = job;
		put_in(job);
		pthread_cond_signal(&wake);
	}
	pthread_mutex_unlock(&mutex);
	if (is_queued)
		return job;
	free(job);
	return NULL;
}

bool take_job(const struct MHD_Connection *connection, const void *job, struct listing *listing)
{
	struct job **link = &jobs, *found;

	pthread_mutex_lock(&mutex);
	while (*link != NULL && (*link != job || (*link)->connection != connection || !(*link)->is_done))
		link = &(*link)->next;
	found = *link;
	if (found != NULL)
		*link = found->next;
	pthread_mutex_unlock(&mutex);
	if (found == NULL)
		return false;
	*listing = found->listing;
	free(found);
	return true;
}

bool jobs_are_over(void)
{
	return atomic_load(&stops);
}

void stop_jobs(void)
{
	pthread_mutex_lock(&mutex);
	atomic_store(&stops, true);
	pthread_cond_broadcast(&wake);
	pthread_mutex_unlock(&mutex);
	for (unsigned i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
}

void free_jobs(void)
{
	while (jobs != NULL) {
		struct job *next = jobs->next;

		free_job(jobs);
		jobs = next;
	}
}
