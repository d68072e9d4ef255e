#include "daemon.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "fsrv/fsrv.h"

#define THREAD MHD_USE_INTERNAL_POLLING_THREAD

const struct daemon_mode daemon_modes[N_MODES] = {
	{"select", THREAD, 0},
	{"poll", THREAD | MHD_USE_POLL, 0},
	{"epoll", THREAD | MHD_USE_EPOLL, 0},
	{"epoll with suspend", THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0},
	{"pool of select", THREAD, 3},
	{"pool of epoll", THREAD | MHD_USE_EPOLL, 3},
	{"thread per connection, select", THREAD | MHD_USE_THREAD_PER_CONNECTION, 0},
	{"thread per connection, poll", THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL, 0},
	{"external loop, select", 0, 0},
	{"external loop, epoll", MHD_USE_EPOLL, 0},
};

static bool has_own_thread(const struct test_daemon *daemon)
{
	return (daemon->mode->flags & THREAD) != 0;
}

static void *drive(void *cls)
{
	struct test_daemon *daemon = cls;

	while (!atomic_load(&daemon->stopping))
		if (MHD_run_wait(daemon->mhd, 20) != MHD_YES)
			break;
	return NULL;
}

void daemon_start(struct test_daemon *daemon, const struct daemon_mode *mode, MHD_AccessHandlerCallback handler,
		  void *cls, bool raw)
{
	struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_OptionItem more[5];
	size_t n = 0;

	daemon->mode = mode;
	atomic_init(&daemon->stopping, false);
	if (mode->pool > 0)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)mode->pool, NULL};
	if (!has_own_thread(daemon)) {
		signal(SIGPIPE, SIG_IGN);
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL};
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_SOCK_ADDR, 0, &loopback};
	}
	if (raw)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)fsrv_keep_escapes, NULL};
	more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	daemon->mhd = MHD_start_daemon(mode->flags | (has_own_thread(daemon) ? MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC : 0),
				       0, NULL, NULL, handler, cls, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
	ck_assert_msg(daemon->mhd != NULL, "%s: daemon not started", mode->name);
	if (!has_own_thread(daemon))
		ck_assert_int_eq(pthread_create(&daemon->loop, NULL, drive, daemon), 0);
}

void daemon_stop(struct test_daemon *daemon)
{
	atomic_store(&daemon->stopping, true);
	if (!has_own_thread(daemon))
		pthread_join(daemon->loop, NULL);
	MHD_stop_daemon(daemon->mhd);
}

int daemon_connect(struct test_daemon *daemon)
{
	struct sockaddr address = {.sa_family = AF_UNIX};
	int ends[2];

	if (!has_own_thread(daemon))
		return client_connect(MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_BIND_PORT)->port);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(MHD_add_connection(daemon->mhd, ends[1], &address, sizeof(address)), MHD_YES);
	return ends[0];
}
