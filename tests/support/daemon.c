#include "daemon.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

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
	{"select with suspend", THREAD | MHD_ALLOW_SUSPEND_RESUME, 0},
	{"poll with suspend", THREAD | MHD_USE_POLL | MHD_ALLOW_SUSPEND_RESUME, 0},
	{"pool of epoll with suspend", THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 3},
	{"external loop, epoll with suspend", MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0},
};

static bool has_own_thread(const struct test_daemon *daemon)
{
	return (daemon->mode->flags & THREAD) != 0;
}

/* Without the bit that libmicrohttpd clears in daemons that have no threads. */
bool daemon_suspends(const struct daemon_mode *mode)
{
	return (mode->flags & MHD_ALLOW_SUSPEND_RESUME & ~(unsigned)MHD_USE_ITC) != 0;
}

/* Sleeps for as long as nothing happens: a connection that is resumed is seen only because of the wake-up. */
static void drive_until_woken(struct test_daemon *daemon)
{
	int epoll = MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	struct pollfd waits[] = {{.fd = epoll, .events = POLLIN}, {.fd = daemon->wake, .events = POLLIN}};
	MHD_UNSIGNED_LONG_LONG timeout;
	eventfd_t n;

	while (!atomic_load(&daemon->stopping)) {
		bool is_given =
			MHD_get_timeout(daemon->mhd, &timeout) == MHD_YES && timeout < CLIENT_PATIENCE_MS;

		poll(waits, 2, is_given ? (int)timeout : CLIENT_PATIENCE_MS);
		if (waits[1].revents != 0)
			eventfd_read(daemon->wake, &n);
		if (MHD_run(daemon->mhd) != MHD_YES)
			break;
	}
}

static void *drive(void *cls)
{
	struct test_daemon *daemon = cls;

	if (daemon->wake >= 0)
		drive_until_woken(daemon);
	while (!atomic_load(&daemon->stopping))
		if (MHD_run_wait(daemon->mhd, 20) != MHD_YES)
			break;
	return NULL;
}

void daemon_wake(void *cls)
{
	const struct test_daemon *daemon = cls;

	if (daemon->wake >= 0)
		eventfd_write(daemon->wake, 1);
}

void daemon_start(struct test_daemon *daemon, const struct daemon_mode *mode,
		  MHD_AccessHandlerCallback handler, struct fsrv *fs, unsigned flags)
{
	struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_OptionItem more[8];
	size_t n = 0;

	daemon->mode = mode;
	daemon->fs = fs;
	daemon->wake = -1;
	atomic_init(&daemon->stopping, false);
	more[n++] = (struct MHD_OptionItem){MHD_OPTION_SOCK_ADDR, 0, &loopback};
#if FSRV_MHD_IS_STRICT
	more[n++] = (struct MHD_OptionItem){MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL};
#endif
	if ((flags & DAEMON_CLOSES_IDLE) != 0)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, 1, NULL};
	if ((flags & FSRV_COMPLETION_IS_TOLD) != 0)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_COMPLETED,
						    (intptr_t)fsrv_request_completed, fs};
	if (mode->pool > 0)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)mode->pool, NULL};
	if (!has_own_thread(daemon)) {
		signal(SIGPIPE, SIG_IGN);
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL};
	}
	if ((flags & FSRV_URL_IS_RAW) != 0)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)fsrv_keep_escapes,
						    NULL};
	more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	if (!has_own_thread(daemon) && daemon_suspends(mode))
		daemon->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	daemon->mhd = MHD_start_daemon(mode->flags | (has_own_thread(daemon) ? MHD_USE_ITC : 0), 0, NULL,
				       NULL, handler, fs, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
	ck_assert_msg(daemon->mhd != NULL, "%s: daemon not started", mode->name);
	if (!has_own_thread(daemon))
		ck_assert_int_eq(pthread_create(&daemon->loop, NULL, drive, daemon), 0);
}

void daemon_stop(struct test_daemon *daemon)
{
	if (daemon_suspends(daemon->mode))
		fsrv_drain(daemon->fs);
	atomic_store(&daemon->stopping, true);
	daemon_wake(daemon);
	if (!has_own_thread(daemon))
		pthread_join(daemon->loop, NULL);
	MHD_stop_daemon(daemon->mhd);
	if (daemon->wake >= 0)
		close(daemon->wake);
}

int daemon_connect_tcp(struct test_daemon *daemon)
{
	return client_connect(MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_BIND_PORT)->port);
}

int daemon_connect(struct test_daemon *daemon)
{
	struct sockaddr address = {.sa_family = AF_UNIX};
	int ends[2];

	if (!has_own_thread(daemon))
		return daemon_connect_tcp(daemon);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(MHD_add_connection(daemon->mhd, ends[1], &address, sizeof(address)), MHD_YES);
	return ends[0];
}
