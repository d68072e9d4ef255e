/* A list that the thread takes as a whole, looks at without the mutex, and puts back. Who wants to remove a
 * wait lets such a round end first, which takes no longer than a few system calls for each wait. */
#include "mhd/growth.h"

#include <stddef.h>

#include "fs/thread.h"
#include "fs/clock.h"

#define ROUND_MS 100

static void push(struct fsrv__wait **list, struct fsrv__wait *wait)
{
	wait->next = *list;
	*list = wait;
}

/* Called with the mutex held, which is released meanwhile. */
static void look_at_all(struct fsrv__growth *growth)
{
	struct fsrv__wait *wait, *next = growth->waits, *left = NULL;

	growth->waits = NULL;
	growth->is_looking = true;
	pthread_mutex_unlock(&growth->mutex);
	while ((wait = next) != NULL) {
		next = wait->next;
		if (wait->look(wait))
			push(&left, wait);
	}
	pthread_mutex_lock(&growth->mutex);
	while ((wait = left) != NULL) {
		left = wait->next;
		push(&growth->waits, wait);
	}
	growth->is_looking = false;
	pthread_cond_broadcast(&growth->finished);
}

/* Called with the mutex held. */
static void look_in_time(struct fsrv__growth *growth)
{
	uint64_t now = fsrv__clock_milliseconds();

	if (now < growth->next_round) {
		fsrv__monitor_wait(&growth->mutex, &growth->changed, (unsigned)(growth->next_round - now));
		return;
	}
	look_at_all(growth);
	growth->next_round = fsrv__clock_milliseconds() + ROUND_MS;
}

static void *watch_growth(void *cls)
{
	struct fsrv__growth *growth = cls;

	pthread_mutex_lock(&growth->mutex);
	while (!growth->is_stopping) {
		if (growth->waits == NULL)
			pthread_cond_wait(&growth->changed, &growth->mutex);
		else
			look_in_time(growth);
	}
	pthread_mutex_unlock(&growth->mutex);
	return NULL;
}

void fsrv__growth_init(struct fsrv__growth *growth)
{
	*growth = (struct fsrv__growth){.waits = NULL};
	fsrv__monitor_init(&growth->mutex, &growth->changed);
	pthread_cond_init(&growth->finished, NULL);
}

void fsrv__growth_destroy(struct fsrv__growth *growth)
{
	pthread_mutex_lock(&growth->mutex);
	growth->is_stopping = true;
	pthread_cond_signal(&growth->changed);
	pthread_mutex_unlock(&growth->mutex);
	if (growth->has_thread)
		pthread_join(growth->thread, NULL);
	pthread_cond_destroy(&growth->finished);
	pthread_cond_destroy(&growth->changed);
	pthread_mutex_destroy(&growth->mutex);
}

bool fsrv__growth_add(struct fsrv__growth *growth, struct fsrv__wait *wait)
{
	bool has_thread;

	pthread_mutex_lock(&growth->mutex);
	if (!growth->has_thread)
		growth->has_thread = fsrv__thread_start(&growth->thread, "fsrv-follow", watch_growth, growth);
	has_thread = growth->has_thread;
	if (has_thread) {
		if (growth->waits == NULL)
			pthread_cond_signal(&growth->changed);
		push(&growth->waits, wait);
	}
	pthread_mutex_unlock(&growth->mutex);
	return has_thread;
}

/* Called with the mutex held, which is released meanwhile. */
static void let_round_end(struct fsrv__growth *growth)
{
	while (growth->is_looking)
		pthread_cond_wait(&growth->finished, &growth->mutex);
}

bool fsrv__growth_remove(struct fsrv__growth *growth, struct fsrv__wait *wait)
{
	struct fsrv__wait **link = &growth->waits;
	bool is_found;

	pthread_mutex_lock(&growth->mutex);
	let_round_end(growth);
	while (*link != NULL && *link != wait)
		link = &(*link)->next;
	is_found = *link != NULL;
	if (is_found)
		*link = wait->next;
	pthread_mutex_unlock(&growth->mutex);
	return is_found;
}

void fsrv__growth_cancel(struct fsrv__growth *growth, const void *owner)
{
	struct fsrv__wait **link = &growth->waits, *wait, *cancelled = NULL;

	pthread_mutex_lock(&growth->mutex);
	let_round_end(growth);
	while ((wait = *link) != NULL) {
		if (owner != NULL && wait->owner != owner) {
			link = &wait->next;
			continue;
		}
		*link = wait->next;
		push(&cancelled, wait);
	}
	pthread_mutex_unlock(&growth->mutex);
	while ((wait = cancelled) != NULL) {
		cancelled = wait->next;
		wait->cancel(wait);
	}
}
