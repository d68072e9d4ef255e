/* What a program does without fsrv: plain_handler epoll|thread ROOT
 *
 * Each file is opened in the handler and handed to libmicrohttpd. Prints its address; ends at SIGTERM. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
			      struct MHD_Response *response)
{
	enum MHD_Result queued = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, char *text)
{
	return answer(connection, status,
		      MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result handle(void *root, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **context)
{
	static char ok[] = "ok\n", absent[] = "not found\n";
	char path[4096];
	struct stat st;
	int fd;

	(void)method;
	(void)version;
	(void)upload;
	if (*context == NULL) {
		*context = root;
		return MHD_YES;
	}
	*upload_size = 0;
	if (strcmp(url, "/health") == 0)
		return answer_text(connection, MHD_HTTP_OK, ok);
	snprintf(path, sizeof(path), "%s%s", (const char *)root, url);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return answer_text(connection, MHD_HTTP_NOT_FOUND, absent);
	return answer(connection, MHD_HTTP_OK, MHD_create_response_from_fd64((uint64_t)st.st_size, fd));
}

int main(int argc, char **argv)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD;
	struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_Daemon *daemon;
	sigset_t ends;
	int number;

	if (argc != 3)
		return 2;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	flags |= strcmp(argv[1], "epoll") == 0 ? MHD_USE_EPOLL : MHD_USE_THREAD_PER_CONNECTION;
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, argv[2], MHD_OPTION_SOCK_ADDR, &loopback,
				  MHD_OPTION_END);
	if (daemon == NULL)
		return 1;
	printf("http://127.0.0.1:%u/\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&ends, &number);
	MHD_stop_daemon(daemon);
	return 0;
}
