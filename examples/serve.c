/* fsrv-serve - serves folders over HTTP on this machine; see fsrv-serve(1). */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

bool refuse(const char *format, ...)
{
	va_list arguments;

	fputs(PROGRAM ": ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

static void log_line(void *cls, const char *line)
{
	(void)cls;
	fprintf(stderr, PROGRAM ": %s\n", line);
}

/* The client chose these bytes: what could move a terminal's cursor is shown as an escape. */
static void print_escaped(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text > 0x20 && *text < 0x7f)
			fputc(*text, stderr);
		else
			fprintf(stderr, "\\x%02x", (unsigned)(unsigned char)*text);
	}
}

static void log_access(void *cls, const struct fsrv_access *access)
{
	(void)cls;
	flockfile(stderr);
	fprintf(stderr, "%u ", access->status);
	print_escaped(access->method);
	fputc(' ', stderr);
	print_escaped(access->target);
	if (access->n_parts > 0)
		fprintf(stderr, " %" PRIu64 " parts, %" PRIu64 "/%" PRIu64, access->n_parts, access->length,
			access->size);
	else if (access->length == FSRV_LENGTH_UNKNOWN)
		fputs(" 0-", stderr);
	else if (access->length > 0)
		fprintf(stderr, " %" PRIu64 "-%" PRIu64 "/%" PRIu64, access->offset,
			access->offset + access->length - 1, access->size);
	fputc('\n', stderr);
	funlockfile(stderr);
}

static enum MHD_Result answer_health(struct MHD_Connection *connection)
{
	static char ok[] = "ok\n";
	struct MHD_Response *response = MHD_create_response_from_buffer(3, ok, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	const struct settings *s = cls;
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (reads && *con_cls != NULL && *upload_data_size == 0) {
		if (strcmp(url, "/health") == 0)
			return answer_health(connection);
		if (s->stats && strcmp(url, "/stats") == 0)
			return answer_stats(s->fs, connection);
	}
	return fsrv_handle(s->fs, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

/* Signals that end the program are blocked in every thread and waited for in the first. */
static sigset_t block_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	return ends;
}

static bool make_handler(struct settings *s)
{
	struct types types = {NULL, 0, NULL};
	int error;

	if (s->mime_types != NULL && !read_types(s->mime_types, &types)) {
		free_types(&types);
		return false;
	}
	s->files.types = types.list;
	s->files.n_types = types.n;
	s->files.size = sizeof(s->files);
	s->files.roots = s->roots;
	s->files.log = log_line;
	s->files.access = s->quiet ? NULL : log_access;
	error = fsrv_new(&s->files, &s->fs);
	free_types(&types);
	/* The log function has named a bad option or folder in a line of its own. */
	if (error != FSRV_OK && error != FSRV_ERR_ROOT && error != FSRV_ERR_INVALID)
		return refuse("%s", fsrv_strerror(error));
	return error == FSRV_OK;
}

static bool start_server(struct settings *s, struct fsrv_server **server)
{
	const char *address = s->server.address != NULL ? s->server.address : "127.0.0.1";
	int error;

	s->server.size = sizeof(s->server);
	s->server.allowed_hosts = s->hosts;
	s->server.handler = handle;
	s->server.handler_cls = s;
	error = fsrv_server_start(s->fs, &s->server, server);
	if (error == FSRV_ERR_ADDRESS_IN_USE)
		return refuse("--port %u: another program listens there; leave the option away for a free "
			      "port",
			      s->server.port);
	if (error == FSRV_ERR_SYSTEM)
		return refuse("--address %s --port %u: %s", address, s->server.port, strerror(errno));
	/* The log function has named a bad option. */
	if (error != FSRV_OK && error != FSRV_ERR_INVALID)
		return refuse("%s", fsrv_strerror(error));
	return error == FSRV_OK;
}

/* A descriptor that the caller closed would otherwise become a socket, and be written to. */
static bool open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
	while (fd >= 0 && fd <= 2);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* The prefix is written as in a URL. The address of the server ends in a slash. */
static bool print_url(const struct settings *s, const struct fsrv_server *server)
{
	const char *address = fsrv_server_url(server);
	const char *prefix = s->files.prefix != NULL ? s->files.prefix : "";
	size_t length = strlen(prefix);

	while (length > 0 && prefix[length - 1] == '/')
		length--;
	return printf("%.*s%.*s/\n", (int)strlen(address) - 1, address, (int)length, prefix) > 0 &&
	       fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
	struct settings s = {0};
	struct fsrv_server *server;
	sigset_t ends;
	int signal_number, status = 0;

	if (!open_standard_files() || !take_arguments(&s, argc, argv) || !make_handler(&s))
		return 2;
	ends = block_signals();
	if (!make_edits(&s) || !start_server(&s, &server)) {
		fsrv_free(s.fs);
		return 2;
	}
	if (!print_url(&s, server)) {
		refuse("standard output: %s", strerror(errno));
		status = 2;
	} else {
		sigwait(&ends, &signal_number);
	}
	fsrv_server_stop(server);
	if (s.stats)
		print_stats(s.fs, stderr);
	fsrv_free(s.fs);
	return status;
}
