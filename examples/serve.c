/* fsrv-serve - serves folders over HTTP on this machine; see fsrv-serve(1). */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void begin_response(void *cls, const struct fsrv_access *access)
{
	const struct settings *s = cls;

	if (s->files.completion != NULL)
		begin_transfer(access);
	if (!s->quiet && s->log == LOG_TEXT)
		log_text(access);
}

static void end_response(void *cls, const struct fsrv_completion *completion)
{
	const struct settings *s = cls;
	struct transfer *transfer = end_transfer(completion->request);

	if (transfer == NULL)
		return;
	if (!s->quiet && s->log == LOG_JSON)
		log_json(transfer, completion);
	free_transfer(transfer);
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
	enum MHD_Result result;

	if (reads && *con_cls != NULL && *upload_data_size == 0) {
		if (strcmp(url, "/health") == 0)
			return answer_health(connection);
		if (s->stats && strcmp(url, "/stats") == 0)
			return answer_stats(s->fs, connection);
	}
	set_current_connection(connection);
	result = fsrv_handle(s->fs, connection, url, method, version, upload_data, upload_data_size, con_cls);
	set_current_connection(NULL);
	return result;
}

/* Signals are blocked in every thread and waited for in the first. */
static sigset_t block_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	return ends;
}

static bool make_handler(struct settings *s)
{
	struct types types = {0};
	const char *reason;
	int error;

	if (!gather_types(s, &types)) {
		free_types(&types);
		return false;
	}
	s->files.types = types.list;
	s->files.n_types = types.n;
	s->files.size = sizeof(s->files);
	s->files.roots = s->roots;
	s->files.fallback = s->index ? answer_index : NULL;
	s->files.fallback_cls = s;
	s->files.log = log_message;
	if (s->progress || (s->log == LOG_JSON && !s->quiet))
		s->files.completion = end_response;
	if (s->files.completion != NULL || !s->quiet)
		s->files.access = begin_response;
	s->files.access_cls = s;
	s->files.completion_cls = s;
	hold_messages();
	error = fsrv_new(&s->files, &s->fs);
	reason = release_messages();
	free_types(&types);
	if (error == FSRV_ERR_ROOT)
		return refuse("%s; give folders that exist and may be searched", reason);
	/* A bad option is named by the library. */
	if (error != FSRV_OK)
		return refuse("%s", reason[0] != '\0' ? reason : fsrv_strerror(error));
	if (reason[0] != '\0')
		log_message(NULL, reason);
	return true;
}

/* libmicrohttpd tells in two lines of its own what GnuTLS does not like. */
static int start_holding_messages(struct settings *s, struct fsrv_server **server)
{
	const char *reason;
	int error;

	if (s->cert == NULL)
		return fsrv_server_start(s->fs, &s->server, server);
	hold_messages();
	error = fsrv_server_start(s->fs, &s->server, server);
	reason = release_messages();
	if (error == FSRV_ERR_DAEMON)
		refuse("--cert %s --key %s: %s%sgive a certificate and its private key, both PEM and without "
		       "a "
		       "password",
		       s->cert, s->key, reason, reason[0] != '\0' ? " " : "");
	else if (reason[0] != '\0')
		log_message(NULL, reason);
	return error;
}

static bool start_server(struct settings *s, struct fsrv_server **server)
{
	const char *address = s->server.address != NULL ? s->server.address : "127.0.0.1";
	int error;

	s->server.size = sizeof(s->server);
	s->server.allowed_hosts = s->hosts;
	s->server.handler = handle;
	s->server.handler_cls = s;
	error = start_holding_messages(s, server);
	if (error == FSRV_ERR_ADDRESS_IN_USE)
		return refuse("--port %u: another program listens there; leave the option away for a free "
			      "port",
			      s->server.port);
	if (error == FSRV_ERR_SYSTEM && errno == EACCES)
		return refuse("--port %u: only root may listen there; give a port from 1024 on",
			      s->server.port);
	if (error == FSRV_ERR_SYSTEM && errno == EADDRNOTAVAIL)
		return refuse(
			"--address %s: this machine does not have that address; 0.0.0.0 is all that it has",
			address);
	if (error == FSRV_ERR_SYSTEM)
		return refuse("--address %s --port %u: %s", address, s->server.port, strerror(errno));
	/* The log function has named a bad option, and TLS is explained. */
	if (error != FSRV_OK && error != FSRV_ERR_INVALID && (error != FSRV_ERR_DAEMON || s->cert == NULL))
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

/* All at once, so that a reader of the first line may close the pipe after it. */
static bool print_addresses(const struct settings *s, const struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->n; i++)
		printf("%s\n", addresses->urls[i]);
	if (addresses->network != NULL && !s->quiet && isatty(STDOUT_FILENO))
		print_qr(addresses->network, has_colours(stdout), stdout);
	return (ferror(stdout) == 0 && fflush(stdout) == 0) || refuse("standard output: %s", strerror(errno));
}

static void wait_for_end(const sigset_t *signals)
{
	int number = 0;

	do {
		sigwait(signals, &number);
		if (number == SIGCHLD)
			notice_browser();
	} while (number != SIGINT && number != SIGTERM);
}

/* Returns the exit status. */
static int run(const struct settings *s, const struct fsrv_server *server, const sigset_t *signals)
{
	struct addresses addresses;
	int status = 2;

	if (find_addresses(s, server, &addresses) && print_addresses(s, &addresses) &&
	    (!s->progress || start_progress())) {
		notify("READY=1");
		if (s->open)
			open_browser(addresses.urls[0]);
		wait_for_end(signals);
		notify("STOPPING=1");
		stop_progress();
		status = 0;
	}
	free_addresses(&addresses);
	return status;
}

int main(int argc, char **argv)
{
	struct settings s = {0};
	struct fsrv_server *server;
	sigset_t signals;
	bool is_ready;
	int status;

	if (!open_standard_files() || !take_arguments(&s, argc, argv))
		return 2;
	setvbuf(stderr, NULL, _IOFBF, 0);
	set_up_log(&s);
	if (!make_handler(&s))
		return 2;
	signals = block_signals();
	is_ready = read_tls_files(&s) && make_edits(&s) && start_server(&s, &server);
	forget_tls_files(&s);
	if (!is_ready) {
		fsrv_free(s.fs);
		return 2;
	}
	status = run(&s, server, &signals);
	stop_jobs();
	fsrv_server_stop(server);
	free_jobs();
	if (s.stats)
		print_stats(&s);
	fsrv_free(s.fs);
	return status;
}
