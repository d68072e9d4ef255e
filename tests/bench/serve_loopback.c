#include "serve_loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

int serve_loopback(const char *mode, MHD_AccessHandlerCallback handler, void *cls)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD;
	struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_Daemon *daemon;
	sigset_t ends;
	int number;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	flags |= strcmp(mode, "epoll") == 0 ? MHD_USE_EPOLL : MHD_USE_THREAD_PER_CONNECTION;
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, handler, cls, MHD_OPTION_SOCK_ADDR, &loopback,
				  MHD_OPTION_END);
	if (daemon == NULL)
		return 1;
	printf("http://127.0.0.1:%u/\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&ends, &number);
	MHD_stop_daemon(daemon);
	return 0;
}
