/* Everything is guarded by one mutex, which is never held while a job or the program runs. Threads that serve
 * connections want it too, so a worker, which has a lower priority, holds it for a few instructions only: no
 * queue is searched. */
#include "fs/workers.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fs/system.h"
#include "fs/thread.h"

/* The pool is not ready while so many needed jobs are queued. */
#define MAX_QUEUED 1024
/* How much nicer workers are than the thread that starts them (setpriority(2)). */
#define NICENESS 5

/* Of jobs that may run as soon as the first of them may, in the order of their turns. */
struct fsrv__queue {
	struct fsrv__job *first, **end;
	unsigned n;
};

struct worker {
	struct fsrv__workers *pool;
	pthread_t thread;
	const void *owner; /* of the job that it runs */
	bool is_running, is_remote;
};

struct fsrv__workers {
	struct fsrv__allocator allocator;
	pthread_mutex_t mutex;
	pthread_cond_t submitted;                      /* signalled when a thread may have something to do */
	pthread_cond_t finished;                       /* signalled when a job has ended */
	struct fsrv__queue queues[FSRV__URGENCIES][2]; /* local, remote */
	uint64_t n_submitted;
	struct fsrv__drain *drains;
	unsigned n_running, n_threads, max_threads; /* a thread that starts counts as idle */
	unsigned n_remote, max_remote;              /* remote jobs that run */
	int niceness;                               /* of the threads */
	unsigned n_cancelling;                      /* drains that are cancelling jobs */
	bool is_stopping;
	bool (*when_idle)(void *cls);
	void *when_idle_cls;
	struct worker list[];
};

static void append(struct fsrv__queue *queue, struct fsrv__job *job)
{
	job->queue = queue;
	job->next = NULL;
	job->link = queue->end;
	*queue->end = job;
	queue->end = &job->next;
	queue->n++;
}

static void remove_from_queue(struct fsrv__job *job)
{
	*job->link = job->next;
	*(job->next != NULL ? &job->next->link : &job->queue->end) = job->link;
	job->queue->n--;
	job->queue = NULL;
}

/* The queue whose first job is the next to run; NULL when no job may run now.
 * Called with the mutex held, like the functions up to is_drained. */
static struct fsrv__queue *find_next(struct fsrv__workers *workers)
{
	unsigned n_media = workers->n_remote < workers->max_remote ? 2 : 1;
	struct fsrv__queue *next = NULL;

	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++) {
		for (unsigned medium = 0; medium < n_media; medium++) {
			struct fsrv__queue *queue = &workers->queues[urgency][medium];

			if (queue->first != NULL && (next == NULL || queue->first->turn < next->first->turn))
				next = queue;
		}
	}
	return next;
}

/* How many of the queued jobs may run now, if there are threads for them. */
static unsigned count_runnable(const struct fsrv__workers *workers)
{
	unsigned n_local = 0, n_remote = 0, n_free = workers->max_remote - workers->n_remote;

	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++) {
		n_local += workers->queues[urgency][0].n;
		n_remote += workers->queues[urgency][1].n;
	}
	return n_local + (n_remote < n_free ? n_remote : n_free);
}

static struct fsrv__job *take_next(struct fsrv__workers *workers)
{
	struct fsrv__queue *queue = find_next(workers);
	struct fsrv__job *job = queue != NULL ? queue->first : NULL;

	if (job != NULL)
		remove_from_queue(job);
	return job;
}

static bool is_drained(const struct fsrv__workers *workers, const void *owner)
{
	for (const struct fsrv__drain *drain = workers->drains; drain != NULL; drain = drain->next)
		if (drain->owner == NULL || drain->owner == owner)
			return true;
	return workers->is_stopping;
}

/* Called with the mutex held, which is released while the job runs. */
static void run(struct worker *worker, struct fsrv__job *job)
{
	struct fsrv__workers *workers = worker->pool;

	worker->owner = job->owner;
	worker->is_running = true;
	worker->is_remote = job->is_remote;
	workers->n_running++;
	workers->n_remote += worker->is_remote;
	pthread_mutex_unlock(&workers->mutex);
	job->run(job, false);
	pthread_mutex_lock(&workers->mutex);
	worker->is_running = false;
	workers->n_running--;
	workers->n_remote -= worker->is_remote;
	/* A remote job may have been left in the queue because of this one. */
	if (worker->is_remote)
		pthread_cond_signal(&workers->submitted);
	pthread_cond_broadcast(&workers->finished);
}

/* Called with the mutex held, which is released meanwhile. */
static void wait_for_job(struct fsrv__workers *workers)
{
	bool calls_again = false;

	if (workers->when_idle != NULL) {
		pthread_mutex_unlock(&workers->mutex);
		calls_again = workers->when_idle(workers->when_idle_cls);
		pthread_mutex_lock(&workers->mutex);
	}
	if (workers->is_stopping || find_next(workers) != NULL)
		return;
	if (calls_again)
		fsrv__monitor_wait(&workers->mutex, &workers->submitted, 1000);
	else
		pthread_cond_wait(&workers->submitted, &workers->mutex);
}

static void *work(void *cls)
{
	struct worker *worker = cls;
	struct fsrv__workers *workers = worker->pool;
	struct fsrv__job *job;

	/* A thread that serves connections must not lose its processor to one that copies. */
	fsrv__system_lower_priority(workers->niceness);
	pthread_mutex_lock(&workers->mutex);
	for (;;) {
		while ((job = take_next(workers)) == NULL && !workers->is_stopping)
			wait_for_job(workers);
		if (job == NULL)
			break;
		run(worker, job);
	}
	pthread_mutex_unlock(&workers->mutex);
	return NULL;
}

struct fsrv__workers *fsrv__workers_new(const struct fsrv__allocator *allocator, unsigned max_threads,
					bool (*when_idle)(void *cls), void *cls)
{
	size_t size = sizeof(struct fsrv__workers) + max_threads * sizeof(struct worker);
	struct fsrv__workers *workers = fsrv__allocate(allocator, size);

	if (workers == NULL)
		return NULL;
	memset(workers, 0, size);
	workers->allocator = *allocator;
	workers->max_threads = max_threads;
	workers->max_remote = max_threads > 1 ? max_threads - 1 : 1;
	workers->when_idle = when_idle;
	workers->when_idle_cls = cls;
	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++)
		for (int medium = 0; medium < 2; medium++)
			workers->queues[urgency][medium].end = &workers->queues[urgency][medium].first;
	fsrv__monitor_init(&workers->mutex, &workers->submitted);
	pthread_cond_init(&workers->finished, NULL);
	return workers;
}

void fsrv__workers_free(struct fsrv__workers *workers)
{
	struct fsrv__drain all = {NULL, NULL};

	if (workers == NULL)
		return;
	fsrv__workers_drain(workers, &all);
	pthread_mutex_lock(&workers->mutex);
	workers->is_stopping = true;
	pthread_cond_broadcast(&workers->submitted);
	pthread_mutex_unlock(&workers->mutex);
	for (unsigned i = 0; i < workers->n_threads; i++)
		pthread_join(workers->list[i].thread, NULL);
	pthread_cond_destroy(&workers->finished);
	pthread_cond_destroy(&workers->submitted);
	pthread_mutex_destroy(&workers->mutex);
	fsrv__release(&workers->allocator, workers);
}

/* Starts a thread when fewer than n are idle, up to the limit. True when the pool has a thread at all: one is
 * enough to run every job. Called with the mutex held. */
static bool ensure_idle_threads(struct fsrv__workers *workers, unsigned n)
{
	struct worker *next = &workers->list[workers->n_threads];

	if (workers->n_threads == workers->max_threads || workers->n_threads - workers->n_running >= n)
		return workers->n_threads > 0;
	/* Later ones may be started by a worker. */
	if (workers->n_threads == 0)
		workers->niceness = getpriority(PRIO_PROCESS, 0) + NICENESS;
	next->pool = workers;
	if (fsrv__thread_start(&next->thread, "fsrv-worker", work, next))
		workers->n_threads++;
	return workers->n_threads > 0;
}

static bool has_thread(struct fsrv__workers *workers)
{
	return workers->n_threads > 0 || ensure_idle_threads(workers, 1);
}

bool fsrv__workers_are_ready(struct fsrv__workers *workers, const void *owner)
{
	bool ready;

	pthread_mutex_lock(&workers->mutex);
	ready = !is_drained(workers, owner) &&
		workers->queues[FSRV__JOB_NEEDED][0].n + workers->queues[FSRV__JOB_NEEDED][1].n <
			MAX_QUEUED &&
		has_thread(workers);
	pthread_mutex_unlock(&workers->mutex);
	return ready;
}

bool fsrv__workers_are_drained(struct fsrv__workers *workers, const void *owner)
{
	bool are_drained;

	pthread_mutex_lock(&workers->mutex);
	are_drained = is_drained(workers, owner);
	pthread_mutex_unlock(&workers->mutex);
	return are_drained;
}

bool fsrv__workers_have_started(struct fsrv__workers *workers)
{
	bool have_started;

	pthread_mutex_lock(&workers->mutex);
	have_started = workers->n_threads > 0;
	pthread_mutex_unlock(&workers->mutex);
	return have_started;
}

bool fsrv__workers_submit(struct fsrv__workers *workers, struct fsrv__job *job, enum fsrv__urgency urgency)
{
	bool taken;

	pthread_mutex_lock(&workers->mutex);
	taken = !is_drained(workers, job->owner) && has_thread(workers);
	if (taken) {
		job->turn = workers->n_submitted++ + (urgency == FSRV__JOB_BACKGROUND ? FSRV__MAX_PASSES : 0);
		append(&workers->queues[urgency][job->is_remote], job);
		ensure_idle_threads(workers, count_runnable(workers));
		pthread_cond_signal(&workers->submitted);
	}
	pthread_mutex_unlock(&workers->mutex);
	return taken;
}

bool fsrv__workers_cancel(struct fsrv__workers *workers, struct fsrv__job *job)
{
	bool was_queued;

	pthread_mutex_lock(&workers->mutex);
	was_queued = job->queue != NULL;
	if (was_queued)
		remove_from_queue(job);
	pthread_mutex_unlock(&workers->mutex);
	return was_queued;
}

/* Moves the jobs that a drain concerns from a queue to removed. Called with the mutex held. */
static void remove_drained(struct fsrv__workers *workers, const struct fsrv__queue *queue,
			   struct fsrv__queue *removed)
{
	struct fsrv__job *job, *next = queue->first;

	while ((job = next) != NULL) {
		next = job->next;
		if (!is_drained(workers, job->owner))
			continue;
		remove_from_queue(job);
		append(removed, job);
		job->queue = NULL;
	}
}

/* Counts jobs that are being cancelled as the owner's: nobody keeps a list of them. */
static bool runs_jobs_of(const struct fsrv__workers *workers, const void *owner)
{
	for (unsigned i = 0; i < workers->n_threads; i++)
		if (workers->list[i].is_running && (owner == NULL || workers->list[i].owner == owner))
			return true;
	return workers->n_cancelling > 0;
}

/* Called with the mutex held, which is released meanwhile. */
static void cancel(struct fsrv__workers *workers, struct fsrv__queue *removed)
{
	workers->n_cancelling++;
	pthread_mutex_unlock(&workers->mutex);
	while (removed->first != NULL) {
		struct fsrv__job *job = removed->first;

		removed->first = job->next;
		job->run(job, true);
	}
	pthread_mutex_lock(&workers->mutex);
	workers->n_cancelling--;
	pthread_cond_broadcast(&workers->finished);
}

void fsrv__workers_drain(struct fsrv__workers *workers, struct fsrv__drain *drain)
{
	struct fsrv__queue removed = {NULL, &removed.first, 0};

	pthread_mutex_lock(&workers->mutex);
	drain->next = workers->drains;
	workers->drains = drain;
	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++)
		for (int medium = 0; medium < 2; medium++)
			remove_drained(workers, &workers->queues[urgency][medium], &removed);
	cancel(workers, &removed);
	while (runs_jobs_of(workers, drain->owner))
		pthread_cond_wait(&workers->finished, &workers->mutex);
	pthread_mutex_unlock(&workers->mutex);
}

void fsrv__workers_undrain(struct fsrv__workers *workers, struct fsrv__drain *drain)
{
	struct fsrv__drain **link = &workers->drains;

	pthread_mutex_lock(&workers->mutex);
	while (*link != NULL && *link != drain)
		link = &(*link)->next;
	if (*link != NULL)
		*link = drain->next;
	pthread_mutex_unlock(&workers->mutex);
}
