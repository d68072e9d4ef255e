/* A pool of threads that wait for disks in place of those that must not. */
#ifndef FSRV__WORKER_H
#define FSRV__WORKER_H

#include <stdbool.h>

#include "fs/memory.h"

struct fsrv__workers;

/* A piece of work. It lies in what it is about, so that to hand it over allocates nothing and cannot
 * fail for want of memory; whoever owns it keeps it alive until run has been called, which happens
 * exactly once for each submission. */
struct fsrv__job {
	/* cancelled: the owner is being drained, or the pool freed; wait for nothing. */
	void (*run)(struct fsrv__job *job, bool cancelled);
	const void *owner; /* whose drain concerns it */
	bool is_remote;	   /* may wait for a network or another process, without end: never takes all threads */
	struct fsrv__job *next;
};

enum fsrv__urgency {
	FSRV__JOB_NEEDED, /* somebody waits for it */
	FSRV__JOB_AHEAD,  /* somebody will; comes after all that is needed */
	FSRV__URGENCIES
};

/* From fsrv__workers_drain to fsrv__workers_undrain no job of the owner is taken. */
struct fsrv__drain {
	const void *owner; /* NULL: everybody */
	struct fsrv__drain *next;
};

/* Makes a pool that has no thread yet. NULL when there is no memory.
 *
 * tidy  called by an idle thread once a second as long as it returns true; may be NULL */
struct fsrv__workers *fsrv__workers_new(const struct fsrv__allocator *allocator, unsigned max_threads,
					bool (*tidy)(void *cls), void *cls);

/* Cancels what is queued, waits for what runs, ends the threads. NULL is allowed. */
void fsrv__workers_free(struct fsrv__workers *workers);

/* Whether a job of that owner would be taken now: there is a thread, or one could be started, the queue
 * is not full and the owner is not being drained. */
bool fsrv__workers_are_ready(struct fsrv__workers *workers, const void *owner);

/* Whether threads were started. */
bool fsrv__workers_exist(struct fsrv__workers *workers);

/* Queues a job; first come, first served. False when it is not taken: the owner is being drained, or
 * there is no thread. */
bool fsrv__workers_submit(struct fsrv__workers *workers, struct fsrv__job *job, enum fsrv__urgency urgency);

/* Cancels the owner's queued jobs and waits for those that run, also those that another drain cancels;
 * the caller keeps drain alive until it is undone. */
void fsrv__workers_drain(struct fsrv__workers *workers, struct fsrv__drain *drain);
void fsrv__workers_undrain(struct fsrv__workers *workers, struct fsrv__drain *drain);

#endif
