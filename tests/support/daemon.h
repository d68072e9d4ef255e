/* A libmicrohttpd daemon in each of its threading modes, and connections to it. */
#ifndef TEST_DAEMON_H
#define TEST_DAEMON_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct daemon_mode {
	const char *name;
	unsigned flags;
	unsigned pool; /* threads, 0 for none */
};

#define N_MODES 10

extern const struct daemon_mode daemon_modes[N_MODES];

struct test_daemon {
	const struct daemon_mode *mode;
	struct MHD_Daemon *mhd;
	pthread_t loop; /* drives a daemon without threads of its own */
	atomic_bool stopping;
};

/* Starts a daemon that calls the handler, with targets left undecoded when raw is set. Daemons with
 * threads have no port: a connection is one end of a socket pair. The others listen on loopback. */
void daemon_start(struct test_daemon *daemon, const struct daemon_mode *mode, MHD_AccessHandlerCallback handler,
		  void *cls, bool raw);
void daemon_stop(struct test_daemon *daemon);

/* Opens a connection; the socket belongs to the caller. */
int daemon_connect(struct test_daemon *daemon);

#endif
