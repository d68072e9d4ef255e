/* Everything is guarded by one mutex, which is never held while a job or the program runs. */
#include "fs/workers.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fs/thread.h"

/* The pool is not ready while so many jobs are queued. */
#define MAX_QUEUED 1024
/* Of 19 (setpriority(2)). */
#define NICENESS 5

struct queue {
	struct fsrv__job *first, **end;
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
	pthread_cond_t submitted; /* signalled when a thread may have something to do */
	pthread_cond_t finished;  /* signalled when a job has ended */
	struct queue queues[FSRV__URGENCIES];
	struct fsrv__drain *drains;
	unsigned n_queued, n_idle, n_threads, max_threads;
	unsigned n_remote, max_remote; /* remote jobs that run */
	unsigned n_cancelling;         /* drains that are cancelling jobs */
	bool is_stopping;
	bool (*when_idle)(void *cls);
	void *when_idle_cls;
	struct worker list[];
};

static void append(struct queue *queue, struct fsrv__job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

/* Finds the first job of a queue that may run now; *link points to it. NULL when there is none. Called with
 * the mutex held, like the functions up to is_drained. */
static struct fsrv__job *find_runnable(const struct fsrv__workers *workers, struct queue *queue,
				       struct fsrv__job ***link)
{
	*link = &queue->first;
	while (**link != NULL && (**link)->is_remote && workers->n_remote == workers->max_remote)
		*link = &(**link)->next;
	return **link;
}

static bool has_runnable(struct fsrv__workers *workers)
{
	struct fsrv__job **link;

	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++)
		if (find_runnable(workers, &workers->queues[urgency], &link) != NULL)
			return true;
	return false;
}

static struct fsrv__job *take_runnable(struct fsrv__workers *workers)
{
	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++) {
		struct queue *queue = &workers->queues[urgency];
		struct fsrv__job **link, *job = find_runnable(workers, queue, &link);

		if (job == NULL)
			continue;
		*link = job->next;
		if (queue->end == &job->next)
			queue->end = link;
		workers->n_queued--;
		return job;
	}
	return NULL;
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
	workers->n_remote += worker->is_remote;
	pthread_mutex_unlock(&workers->mutex);
	job->run(job, false);
	pthread_mutex_lock(&workers->mutex);
	worker->is_running = false;
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
	if (workers->is_stopping || has_runnable(workers))
		return;
	if (calls_again)
		fsrv__monitor_wait(&workers->mutex, &workers->submitted, 1000);
	else
		pthread_cond_wait(&workers->submitted, &workers->mutex);
}

/* A thread that serves connections must not lose its processor to a worker that copies. A batch thread
 * preempts no other thread when it wakes up. Where the system does not allow that, nothing is lost. */
static void lower_priority(void)
{
	struct sched_param none = {.sched_priority = 0};

	pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
}

static void *work(void *cls)
{
	struct worker *worker = cls;
	struct fsrv__workers *workers = worker->pool;
	struct fsrv__job *job;

	lower_priority();
	pthread_mutex_lock(&workers->mutex);
	for (;;) {
		while ((job = take_runnable(workers)) == NULL && !workers->is_stopping) {
			workers->n_idle++;
			wait_for_job(workers);
			workers->n_idle--;
		}
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
		workers->queues[urgency].end = &workers->queues[urgency].first;
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

/* Starts a thread when no idle one is left for a further job, up to the limit. True when the pool has a
 * thread at all: one is enough to run every job. Called with the mutex held. */
static bool ensure_thread(struct fsrv__workers *workers)
{
	struct worker *next = &workers->list[workers->n_threads];

	if (workers->n_threads == workers->max_threads || workers->n_idle > workers->n_queued)
		return workers->n_threads > 0;
	next->pool = workers;
	if (fsrv__thread_start(&next->thread, "fsrv-worker", work, next))
		workers->n_threads++;
	return workers->n_threads > 0;
}

bool fsrv__workers_are_ready(struct fsrv__workers *workers, const void *owner)
{
	bool ready;

	pthread_mutex_lock(&workers->mutex);
	ready = !is_drained(workers, owner) && workers->n_queued < MAX_QUEUED && ensure_thread(workers);
	pthread_mutex_unlock(&workers->mutex);
	return ready;
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
	taken = !is_drained(workers, job->owner) && ensure_thread(workers);
	if (taken) {
		append(&workers->queues[urgency], job);
		workers->n_queued++;
		pthread_cond_signal(&workers->submitted);
	}
	pthread_mutex_unlock(&workers->mutex);
	return taken;
}

/* Moves the jobs that a drain concerns from a queue to removed. Called with the mutex held. */
static void remove_drained(struct fsrv__workers *workers, struct queue *queue, struct queue *removed)
{
	struct fsrv__job *job, *next = queue->first;

	queue->first = NULL;
	queue->end = &queue->first;
	while ((job = next) != NULL) {
		bool drained = is_drained(workers, job->owner);

		next = job->next;
		append(drained ? removed : queue, job);
		workers->n_queued -= drained;
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
static void cancel(struct fsrv__workers *workers, struct queue *removed)
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
	struct queue removed = {NULL, &removed.first};

	pthread_mutex_lock(&workers->mutex);
	drain->next = workers->drains;
	workers->drains = drain;
	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++)
		remove_drained(workers, &workers->queues[urgency], &removed);
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
