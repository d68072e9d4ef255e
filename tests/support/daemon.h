/* A libmicrohttpd daemon in each of its threading modes, with a handler behind it, and connections to it. */
#ifndef TEST_DAEMON_H
#define TEST_DAEMON_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fsrv/fsrv.h"

struct daemon_mode {
	const char *name;
	unsigned flags;
	unsigned pool; /* threads, 0 for none */
};

#define N_MODES 14

extern const struct daemon_mode daemon_modes[N_MODES];

struct test_daemon {
	const struct daemon_mode *mode;
	struct MHD_Daemon *mhd;
	struct fsrv *fs;
	pthread_t loop; /* drives a daemon without threads of its own */
	int wake;	/* an eventfd that ends the loop's sleep, -1 when it wakes up often enough */
	atomic_bool stopping;
};

/* Whether connections may be suspended in that mode. */
bool daemon_suspends(const struct daemon_mode *mode);

/* Beside fsrv's flags: connections are closed when they were idle for a second. */
#define DAEMON_CLOSES_IDLE (1u << 31)

/* Starts a daemon on loopback that calls the handler with fs. Of fs's flags FSRV_URL_IS_RAW and
 * FSRV_COMPLETION_IS_TOLD concern the daemon, too. Loops without threads of their own suspend only when fs
 * was made with daemon_wake and this daemon as the options wake and wake_cls, which do no harm elsewhere. */
void daemon_start(struct test_daemon *daemon, const struct daemon_mode *mode,
		  MHD_AccessHandlerCallback handler, struct fsrv *fs, unsigned flags);
void daemon_wake(void *cls);

/* Drains fs where connections may be suspended: no other daemon can suspend with it from then on. */
void daemon_stop(struct test_daemon *daemon);

/* Opens a connection; the socket belongs to the caller. For daemons with threads it is one end of a socket
 * pair, whose other end tells fsrv less than TCP does. */
int daemon_connect(struct test_daemon *daemon);
int daemon_connect_tcp(struct test_daemon *daemon);

#endif
