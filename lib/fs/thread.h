/* Threads of the library's own. */
#ifndef FSRV__THREAD_H
#define FSRV__THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts a thread with a name and all signals blocked: signals are the program's own business and go
 * to its threads. False with errno. */
bool fsrv__thread_start(pthread_t *thread, const char *name, void *(*function)(void *cls), void *cls);

/* A mutex and condition pair whose waits are measured by the monotonic clock. */
void fsrv__monitor_init(pthread_mutex_t *mutex, pthread_cond_t *condition);

/* Waits for the condition, so many milliseconds at most; false when they are over. */
bool fsrv__monitor_wait(pthread_mutex_t *mutex, pthread_cond_t *condition, unsigned milliseconds);

#endif
