/* A list of the calls that run: as long as the threads of the program's daemons are many. It is looked at
 * only for what is missing. */
#include "mhd/fallback.h"

void fsrv__fallback_init(struct fsrv__fallback *fallback, MHD_AccessHandlerCallback function, void *cls)
{
	fallback->function = function;
	fallback->cls = cls;
	fallback->calls = NULL;
	pthread_mutex_init(&fallback->mutex, NULL);
}

void fsrv__fallback_destroy(struct fsrv__fallback *fallback)
{
	pthread_mutex_destroy(&fallback->mutex);
}

bool fsrv__fallback_is_free(struct fsrv__fallback *fallback, const struct MHD_Connection *connection)
{
	const struct fsrv__fallback_call *call;

	if (fallback->function == NULL)
		return false;
	pthread_mutex_lock(&fallback->mutex);
	for (call = fallback->calls; call != NULL && call->connection != connection; call = call->next)
		;
	pthread_mutex_unlock(&fallback->mutex);
	return call == NULL;
}

void fsrv__fallback_enter(struct fsrv__fallback *fallback, struct fsrv__fallback_call *call,
			  const struct MHD_Connection *connection)
{
	call->connection = connection;
	pthread_mutex_lock(&fallback->mutex);
	call->next = fallback->calls;
	fallback->calls = call;
	pthread_mutex_unlock(&fallback->mutex);
}

void fsrv__fallback_leave(struct fsrv__fallback *fallback, struct fsrv__fallback_call *call)
{
	struct fsrv__fallback_call **link = &fallback->calls;

	pthread_mutex_lock(&fallback->mutex);
	while (*link != call)
		link = &(*link)->next;
	*link = call->next;
	pthread_mutex_unlock(&fallback->mutex);
}
