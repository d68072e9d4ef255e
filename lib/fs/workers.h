/* A pool of threads that wait for disks in place of the threads that must not. Remote jobs never take all
 * threads of a pool that has more than one.
 *
 * First come, first served, but for two exceptions: some later jobs pass a background job, and local jobs
 * pass remote ones while those have all the threads that they may have. Apart from that second exception
 * only a bounded number of jobs runs before any job, however many are submitted afterwards.
 *
 * Whoever stops a daemon drains its jobs first: the owner of a job is the server whose connection it is
 * for. */
#ifndef FSRV__FS_WORKERS_H
#define FSRV__FS_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/memory.h"

struct fsrv__workers;

/* One piece of work. A job is a member of the object that it is about, so that submitting it allocates
 * nothing and cannot fail for want of memory. The owner of that object keeps it alive until run has been
 * called, which happens exactly once for each submission. */
struct fsrv__job {
	/* Called on a worker, without any lock. With cancelled it is called on the thread that drains or
	 * frees the pool, or that submits, and must not read from a disk. */
	void (*run)(struct fsrv__job *job, bool cancelled);
	const void *owner; /* whose drain cancels it; NULL: only a drain of everybody does */
	bool is_remote;    /* may wait for a network or another process, without end */

	/* The pool's. Zero before the first submission. */
	struct fsrv__queue *queue;      /* that it waits in; NULL: none */
	struct fsrv__job *next, **link; /* link: the pointer that points to the job */
	uint64_t turn;
};

enum fsrv__urgency {
	FSRV__JOB_NEEDED,     /* a connection waits for it, or it gives something back */
	FSRV__JOB_BACKGROUND, /* useful only when there is time: up to FSRV__MAX_PASSES later jobs pass it */
	FSRV__URGENCIES
};

#define FSRV__MAX_PASSES 16

/* While a drain is in force no job of its owner is accepted. */
struct fsrv__drain {
	const void *owner;        /* NULL: everybody */
	struct fsrv__drain *next; /* the pool's */
};

/* Makes a pool that has no thread yet. NULL when there is no memory.
 *
 * when_idle  called with cls on a worker that is about to wait, without any lock, and again after a second
 * for as long as it returns true; may be NULL */
struct fsrv__workers *fsrv__workers_new(const struct fsrv__allocator *allocator, unsigned max_threads,
					bool (*when_idle)(void *cls), void *cls);

/* Cancels the queued jobs, waits for those that run, ends the threads and frees the pool. NULL is allowed. */
void fsrv__workers_free(struct fsrv__workers *workers);

/* Whether a job of that owner should be submitted now: the pool has a thread or can start one, not too many
 * needed jobs are queued, and the owner is not being drained. */
bool fsrv__workers_are_ready(struct fsrv__workers *workers, const void *owner);

/* Whether a drain of that owner, or of everybody, is in force. */
bool fsrv__workers_are_drained(struct fsrv__workers *workers, const void *owner);

/* Whether a thread was ever started. */
bool fsrv__workers_have_started(struct fsrv__workers *workers);

/* Queues a job. False when it is not accepted, because its owner is being drained or no thread could be
 * started: run is not called then. */
bool fsrv__workers_submit(struct fsrv__workers *workers, struct fsrv__job *job, enum fsrv__urgency urgency);

/* Takes a job out of the queue: run is not called for that submission then, and the object is the caller's
 * again. False when the job is not queued: it was not submitted, or run has been or is being called. */
bool fsrv__workers_cancel(struct fsrv__workers *workers, struct fsrv__job *job);

/* Puts a drain in force: cancels the owner's queued jobs and waits until none of the owner's jobs runs.
 * Jobs that another thread is cancelling at the moment are waited for too, whoever owns them. The caller
 * keeps drain alive until fsrv__workers_undrain has ended it. */
void fsrv__workers_drain(struct fsrv__workers *workers, struct fsrv__drain *drain);

/* Ends a drain. One that is not in force is ignored. */
void fsrv__workers_undrain(struct fsrv__workers *workers, struct fsrv__drain *drain);

#endif
