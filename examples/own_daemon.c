/* own_daemon FOLDER - a program with a libmicrohttpd daemon and a route of its own serves a folder too. */
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fsrv/fsrv.h"

/* Own routes first, fsrv for the rest. libmicrohttpd calls an access handler at least twice for each
 * request; fsrv_handle marks the first call in *con_cls, and the answer belongs into the last. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	if (*con_cls != NULL && *upload_data_size == 0 && strcmp(url, "/health") == 0) {
		static char ok[] = "ok\n";
		struct MHD_Response *answer = MHD_create_response_from_buffer(3, ok, MHD_RESPMEM_PERSISTENT);
		enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, answer);

		MHD_destroy_response(answer);
		return queued;
	}
	return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

int main(int argc, char **argv)
{
	/* A thread per connection: a slow disk delays only the client that waits for it. An epoll daemon
	 * takes less memory; it needs MHD_ALLOW_SUSPEND_RESUME for that, and fsrv_drain before it stops. */
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
	struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct fsrv_options options = {.size = sizeof(options), .n_roots = 1};
	struct MHD_Daemon *daemon;
	struct fsrv *fs;
	sigset_t ends;
	int error, ended_by;

	if (argc != 2)
		errx(2, "usage: own_daemon FOLDER");
	options.roots = (const char *const[]){argv[1]};
	/* Two promises, which the options of the daemon below keep. */
	options.flags = FSRV_URL_IS_RAW | FSRV_COMPLETION_IS_TOLD;
	error = fsrv_new(&options, &fs);
	if (error != FSRV_OK)
		errx(2, "%s: %s", argv[1], fsrv_strerror(error));
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL); /* the daemon's threads inherit this */
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, fs, MHD_OPTION_SOCK_ADDR, &loopback,
				  MHD_OPTION_UNESCAPE_CALLBACK, fsrv_keep_escapes, NULL,
				  MHD_OPTION_NOTIFY_COMPLETED, fsrv_request_completed, fs, MHD_OPTION_END);
	if (daemon == NULL)
		errx(2, "libmicrohttpd does not start the daemon");
	printf("http://127.0.0.1:%d/\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&ends, &ended_by);
	MHD_stop_daemon(daemon);
	fsrv_free(fs);
	return 0;
}
