/* What a program does without fsrv: plain_handler epoll|thread ROOT
 *
 * Each file is opened in the handler and handed to libmicrohttpd. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve_loopback.h"

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
	if (argc != 3)
		return 2;
	return serve_loopback(argv[1], handle, argv[2]);
}
