/* The program's fallback for what is missing, and the connections that it answers at this moment: a fallback
 * that calls fsrv_handle for another missing name must not be called again. */
#ifndef FSRV__MHD_FALLBACK_H
#define FSRV__MHD_FALLBACK_H

#include <pthread.h>
#include <stdbool.h>

#include "fsrv/fsrv.h"

/* One call of the fallback; it lies on the stack of that call. */
struct fsrv__fallback_call {
	const struct MHD_Connection *connection;
	struct fsrv__fallback_call *next;
};

struct fsrv__fallback {
	MHD_AccessHandlerCallback function; /* NULL: none */
	void *cls;
	pthread_mutex_t mutex;
	struct fsrv__fallback_call *calls; /* guarded by the mutex */
};

void fsrv__fallback_init(struct fsrv__fallback *fallback, MHD_AccessHandlerCallback function, void *cls);
void fsrv__fallback_destroy(struct fsrv__fallback *fallback);

/* Whether the fallback is to answer for the connection: there is one, and it is not answering already. Called
 * on the connection's thread. */
bool fsrv__fallback_is_free(struct fsrv__fallback *fallback, const struct MHD_Connection *connection);

/* Put around a call of the function, on the connection's thread. The call belongs to the caller and lives
 * until it is left. No lock is held between the two. */
void fsrv__fallback_enter(struct fsrv__fallback *fallback, struct fsrv__fallback_call *call,
			  const struct MHD_Connection *connection);
void fsrv__fallback_leave(struct fsrv__fallback *fallback, struct fsrv__fallback_call *call);

#endif
