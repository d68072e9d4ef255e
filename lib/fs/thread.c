#include "fs/thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "fs/system.h"

bool fsrv__thread_start(pthread_t *thread, const char *name, void *(*function)(void *cls), void *cls)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, NULL, function, cls);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		errno = error;
		return false;
	}
	fsrv__system_name_thread(*thread, name);
	return true;
}

void fsrv__monitor_init(pthread_mutex_t *mutex, pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(mutex, NULL);
	pthread_condattr_init(&attributes);
	fsrv__system_set_wait_clock(&attributes);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

bool fsrv__monitor_wait(pthread_mutex_t *mutex, pthread_cond_t *condition, unsigned milliseconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(milliseconds / 1000);
	until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return fsrv__system_wait(condition, mutex, &until) != ETIMEDOUT;
}
