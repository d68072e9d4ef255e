/* Waiting for files to grow, where the connections that wait are suspended: one thread, started when it is
 * first needed, looks at all of them ten times a second. Any number of threads may call these functions. */
#ifndef FSRV__MHD_GROWTH_H
#define FSRV__MHD_GROWTH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* One wait. It is a member of the object that waits, which stays alive until the wait is over. */
struct fsrv__wait {
	/* Called on the thread, without any lock, until it returns false: the wait is over then, and is not
	 * touched any more. Must not wait for a disk. */
	bool (*look)(struct fsrv__wait *wait);
	/* Called once in place of that by fsrv__growth_cancel. */
	void (*cancel)(struct fsrv__wait *wait);
	const void *owner; /* as in struct fsrv__job */

	struct fsrv__wait *next; /* in a list of fsrv__growth */
};

/* Members are guarded by the mutex. */
struct fsrv__growth {
	pthread_mutex_t mutex;
	pthread_cond_t changed;  /* a first wait was added, or is_stopping */
	pthread_cond_t finished; /* a round has ended */
	pthread_t thread;
	bool has_thread, is_stopping;
	bool is_looking; /* the thread has taken the list, and puts back what waits on */
	struct fsrv__wait *waits;
	uint64_t next_round; /* by fsrv__clock_milliseconds */
};

void fsrv__growth_init(struct fsrv__growth *growth);

/* Ends the thread. Nothing waits any more. */
void fsrv__growth_destroy(struct fsrv__growth *growth);

/* Begins a wait. False when the thread cannot be started: nothing waits then. */
bool fsrv__growth_add(struct fsrv__growth *growth, struct fsrv__wait *wait);

/* Takes a wait back. False when it was over already. The caller knows that its object is alive. */
bool fsrv__growth_remove(struct fsrv__growth *growth, struct fsrv__wait *wait);

/* Cancels all waits of an owner, NULL: of everybody. None of them is being looked at afterwards. A drain of
 * the owner's jobs has to be in force: who waits looks for that after adding, so that nobody is left. */
void fsrv__growth_cancel(struct fsrv__growth *growth, const void *owner);

#endif
