/* external_loop FOLDER - serves a folder from the program's own event loop, without any thread of
 * libmicrohttpd, beside a timer and the signals that end the program.
 *
 * With one thread a slow disk holds up the whole loop, so this is for files on local, fast disks. */
#include <arpa/inet.h>
#include <err.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fsrv/fsrv.h"

#define REPORT_SECONDS 10

enum { HTTP, TIMER, SIGNALS, N_SOURCES };

/* One thread runs everything, so a plain counter will do. */
static void count_answer(void *cls, const struct fsrv_access *access)
{
	unsigned *answers = cls;

	(void)access;
	++*answers;
}

/* MHD_OPTION_SIGPIPE_HANDLED_BY_APP: without it libmicrohttpd falls back to slow ways of sending on a
 * thread that is not its own. The promise is kept in main. */
static struct MHD_Daemon *start_daemon(struct fsrv *fs)
{
	struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, fsrv_handle, fs, MHD_OPTION_SOCK_ADDR,
				&loopback, MHD_OPTION_UNESCAPE_CALLBACK, fsrv_keep_escapes, NULL,
				MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
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

static void run_loop(struct MHD_Daemon *daemon, struct pollfd *sources, unsigned *answers)
{
	while (poll(sources, N_SOURCES, sleep_limit(daemon)) >= 0 && sources[SIGNALS].revents == 0) {
		uint64_t expirations;

		MHD_run(daemon);
		if (sources[TIMER].revents != 0 &&
		    read(sources[TIMER].fd, &expirations, sizeof(expirations)) > 0) {
			fprintf(stderr, "external_loop: %u answers in %d seconds\n", *answers,
				REPORT_SECONDS);
			*answers = 0;
		}
	}
}

static void serve(struct fsrv *fs, unsigned *answers)
{
	struct MHD_Daemon *daemon = start_daemon(fs);
	struct pollfd sources[N_SOURCES] = {{.events = POLLIN}, {.events = POLLIN}, {.events = POLLIN}};

	if (daemon == NULL)
		errx(2, "libmicrohttpd does not start the daemon");
	sources[HTTP].fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	sources[TIMER].fd = open_timer();
	sources[SIGNALS].fd = open_signals();
	printf("http://127.0.0.1:%d/\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	run_loop(daemon, sources, answers);
	MHD_stop_daemon(daemon);
	close(sources[TIMER].fd);
	close(sources[SIGNALS].fd);
}

int main(int argc, char **argv)
{
	unsigned answers = 0;
	struct fsrv_options options = {.size = sizeof(options), .n_roots = 1, .flags = FSRV_URL_IS_RAW};
	struct fsrv *fs;
	int error;

	if (argc != 2)
		errx(2, "usage: external_loop FOLDER");
	options.roots = (const char *const[]){argv[1]};
	options.access = count_answer;
	options.access_cls = &answers;
	error = fsrv_new(&options, &fs);
	if (error != FSRV_OK)
		errx(2, "%s: %s", argv[1], fsrv_strerror(error));
	signal(SIGPIPE, SIG_IGN);
	serve(fs, &answers);
	fsrv_free(fs);
	return 0;
}
