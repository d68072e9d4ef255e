/* external_loop FOLDER - serves a folder from the program's own event loop, without any thread of
 * libmicrohttpd, beside a timer and the signals that end the program.
 *
 * What is not in memory is read by threads of fsrv's own, which wake the loop when it is there: so a
 * slow disk holds up nobody but the client that waits for it. */
#include <arpa/inet.h>
#include <err.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fsrv/fsrv.h"

#define REPORT_SECONDS 10

enum { HTTP, WAKE, TIMER, SIGNALS, N_SOURCES };

/* On a thread of fsrv's own, while the loop sleeps. */
static void wake_loop(void *cls)
{
	const int *wake = cls;
	uint64_t one = 1;

	if (write(*wake, &one, sizeof(one)) < 0)
		warn("eventfd");
}

/* MHD_ALLOW_SUSPEND_RESUME: a connection that waits for a disk is put aside until wake_loop is called.
 *
 * MHD_OPTION_SIGPIPE_HANDLED_BY_APP: without it libmicrohttpd falls back to slow ways of sending on a
 * thread that is not its own. The promise is kept in main. */
static struct MHD_Daemon *start_daemon(struct fsrv *fs)
{
	struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, fsrv_handle, fs,
				MHD_OPTION_SOCK_ADDR, &loopback, MHD_OPTION_UNESCAPE_CALLBACK,
				fsrv_keep_escapes, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
				MHD_OPTION_END);
}

static int open_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC);
}

static int open_timer(void)
{
	struct itimerspec every = {{REPORT_SECONDS, 0}, {REPORT_SECONDS, 0}};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	timerfd_settime(timer, 0, &every, NULL);
	return timer;
}

/* libmicrohttpd may have work that no descriptor shows, so it is asked each time how long to sleep. */
static int sleep_limit(struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;

	if (MHD_get_timeout(daemon, &milliseconds) != MHD_YES)
		return -1;
	return milliseconds < 60000 ? (int)milliseconds : 60000;
}

static void report(struct fsrv *fs)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	fsrv_stats(fs, &stats);
	fprintf(stderr, "external_loop: %" PRIu64 " answers, %" PRIu64 " bytes\n", stats.requests,
		stats.bytes);
}

/* Makes a descriptor of the kind that counts unreadable again. */
static bool take_count(const struct pollfd *source)
{
	uint64_t count;

	return source->revents != 0 && read(source->fd, &count, sizeof(count)) > 0;
}

/* The wake is taken before MHD_run: one that comes meanwhile stays for the next round. */
static void run_loop(struct fsrv *fs, struct MHD_Daemon *daemon, struct pollfd *sources)
{
	while (poll(sources, N_SOURCES, sleep_limit(daemon)) >= 0 && sources[SIGNALS].revents == 0) {
		take_count(&sources[WAKE]);
		MHD_run(daemon);
		if (take_count(&sources[TIMER]))
			report(fs);
	}
}

static void serve(struct fsrv *fs, int wake)
{
	struct MHD_Daemon *daemon = start_daemon(fs);
	struct pollfd sources[N_SOURCES];

	if (daemon == NULL)
		errx(2, "libmicrohttpd does not start the daemon");
	sources[HTTP].fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	sources[WAKE].fd = wake;
	sources[TIMER].fd = open_timer();
	sources[SIGNALS].fd = open_signals();
	for (int i = 0; i < N_SOURCES; i++)
		sources[i].events = POLLIN;
	printf("http://127.0.0.1:%d/\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	run_loop(fs, daemon, sources);
	fsrv_drain(fs); /* libmicrohttpd aborts when it is stopped with a connection put aside */
	MHD_stop_daemon(daemon);
	close(sources[TIMER].fd);
	close(sources[SIGNALS].fd);
}

int main(int argc, char **argv)
{
	struct fsrv_options options = {.size = sizeof(options), .n_roots = 1, .flags = FSRV_URL_IS_RAW};
	int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct fsrv *fs;
	int error;

	if (argc != 2)
		errx(2, "usage: external_loop FOLDER");
	if (wake < 0)
		err(2, "eventfd");
	options.roots = (const char *const[]){argv[1]};
	options.wake = wake_loop;
	options.wake_cls = &wake;
	error = fsrv_new(&options, &fs);
	if (error != FSRV_OK)
		errx(2, "%s: %s", argv[1], fsrv_strerror(error));
	signal(SIGPIPE, SIG_IGN);
	serve(fs, wake);
	fsrv_free(fs); /* ends the threads that call wake_loop */
	close(wake);
	return 0;
}
