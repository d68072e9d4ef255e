#include "fs/worker.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fs/thread.h"

/* Jobs that wait for a thread beyond which readiness is denied. */
#define MAX_QUEUED 1024
/* Of 19. */
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
	pthread_cond_t submitted; /* or stopping */
	pthread_cond_t finished;
	struct queue queues[FSRV__URGENCIES];
	struct fsrv__drain *drains;
	unsigned n_queued, n_idle, n_threads, max_threads;
	unsigned n_remote, max_remote; /* jobs that run */
	unsigned n_cancelling;	       /* jobs that drains are running */
	bool stopping;
	bool (*tidy)(void *cls);
	void *tidy_cls;
	struct worker list[];
};

static void append(struct queue *queue, struct fsrv__job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

/* The first job of a queue that may run now, NULL when there is none; *link points to it. */
static struct fsrv__job *look_in(const struct fsrv__workers *workers, struct queue *queue, struct fsrv__job ***link)
{
	*link = &queue->first;
	while (**link != NULL && (**link)->is_remote && workers->n_remote == workers->max_remote)
		*link = &(**link)->next;
	return **link;
}

static bool has_job(struct fsrv__workers *workers)
{
	struct fsrv__job **link;

	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++)
		if (look_in(workers, &workers->queues[urgency], &link) != NULL)
			return true;
	return false;
}

static struct fsrv__job *take_first(struct fsrv__workers *workers)
{
	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++) {
		struct queue *queue = &workers->queues[urgency];
		struct fsrv__job **link, *job = look_in(workers, queue, &link);

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
	return workers->stopping;
}

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
	/* Another one may have had to stay in the queue. */
	if (worker->is_remote)
		pthread_cond_signal(&workers->submitted);
	pthread_cond_broadcast(&workers->finished);
}

/* Waits for something to do. */
static void rest(struct fsrv__workers *workers)
{
	bool is_untidy = false;

	if (workers->tidy != NULL) {
		pthread_mutex_unlock(&workers->mutex);
		is_untidy = workers->tidy(workers->tidy_cls);
		pthread_mutex_lock(&workers->mutex);
	}
	if (workers->stopping || has_job(workers))
		return;
	if (is_untidy)
		fsrv__monitor_wait(&workers->mutex, &workers->submitted, 1000);
	else
		pthread_cond_wait(&workers->submitted, &workers->mutex);
}

/* The threads that serve must not wait for these while they copy: batch work takes the processor from
 * nobody when it wakes up. Where that is not allowed, nothing is lost. */
static void stand_back(void)
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

	stand_back();
	pthread_mutex_lock(&workers->mutex);
	for (;;) {
		while ((job = take_first(workers)) == NULL && !workers->stopping) {
			workers->n_idle++;
			rest(workers);
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
					bool (*tidy)(void *cls), void *cls)
{
	size_t size = sizeof(struct fsrv__workers) + max_threads * sizeof(struct worker);
	struct fsrv__workers *workers = fsrv__allocate(allocator, size);

	if (workers == NULL)
		return NULL;
	memset(workers, 0, size);
	workers->allocator = *allocator;
	workers->max_threads = max_threads;
	workers->max_remote = max_threads > 1 ? max_threads - 1 : 1;
	workers->tidy = tidy;
	workers->tidy_cls = cls;
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
	workers->stopping = true;
	pthread_cond_broadcast(&workers->submitted);
	pthread_mutex_unlock(&workers->mutex);
	for (unsigned i = 0; i < workers->n_threads; i++)
		pthread_join(workers->list[i].thread, NULL);
	pthread_cond_destroy(&workers->finished);
	pthread_cond_destroy(&workers->submitted);
	pthread_mutex_destroy(&workers->mutex);
	fsrv__release(&workers->allocator, workers);
}

/* As many as there is work for, up to the limit; one is enough to go on with. */
static bool start_thread(struct fsrv__workers *workers)
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
	ready = !is_drained(workers, owner) && workers->n_queued < MAX_QUEUED && start_thread(workers);
	pthread_mutex_unlock(&workers->mutex);
	return ready;
}

bool fsrv__workers_exist(struct fsrv__workers *workers)
{
	bool exist;

	pthread_mutex_lock(&workers->mutex);
	exist = workers->n_threads > 0;
	pthread_mutex_unlock(&workers->mutex);
	return exist;
}

bool fsrv__workers_submit(struct fsrv__workers *workers, struct fsrv__job *job, enum fsrv__urgency urgency)
{
	bool taken;

	pthread_mutex_lock(&workers->mutex);
	taken = !is_drained(workers, job->owner) && start_thread(workers);
	if (taken) {
		append(&workers->queues[urgency], job);
		workers->n_queued++;
		pthread_cond_signal(&workers->submitted);
	}
	pthread_mutex_unlock(&workers->mutex);
	return taken;
}

/* Takes the jobs that a drain concerns out of a queue. */
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

/* Jobs that are being cancelled may be anybody's. */
static bool is_running(const struct fsrv__workers *workers, const void *owner)
{
	for (unsigned i = 0; i < workers->n_threads; i++)
		if (workers->list[i].is_running && (owner == NULL || workers->list[i].owner == owner))
			return true;
	return workers->n_cancelling > 0;
}

/* By the mutex's owner, who loses it meanwhile. */
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
	while (is_running(workers, drain->owner))
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
