/* Threads of the library's own, and waiting by the monotonic clock. */
#ifndef FSRV__FS_THREAD_H
#define FSRV__FS_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts a thread with a name of at most 15 characters. All signals are blocked in it: they are the
 * program's business and go to its threads. False with errno. */
bool fsrv__thread_start(pthread_t *thread, const char *name, void *(*function)(void *cls), void *cls);

/* Initializes a mutex and a condition variable for fsrv__monitor_wait. */
void fsrv__monitor_init(pthread_mutex_t *mutex, pthread_cond_t *condition);

/* Waits for the condition, for at most so many milliseconds of the monotonic clock; false when they are
 * over. Called with the mutex held, which is released meanwhile. */
bool fsrv__monitor_wait(pthread_mutex_t *mutex, pthread_cond_t *condition, unsigned milliseconds);

#endif
