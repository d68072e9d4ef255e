/* fsrv_server_start and fsrv_server_stop: a libmicrohttpd daemon of fsrv's own. */
#include "fsrv/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mhd/allowed_hosts.h"
#include "mhd/clients.h"
#include "mhd/handle.h"
#include "mhd/handler.h"
#include "mhd/listener.h"
#include "mhd/offload.h"
#include "mhd/open_files.h"
#include "mhd/option_check.h"
#include "mhd/server_options.h"

/* Connections that a daemon with a thread for each may accept beyond the limit, since it closes newcomers at
 * its own limit. The other daemons let them wait. */
#define MAX_SPARE 64

/* Room for the options of the daemon and the end of their list. */
#define MAX_ITEMS 9

struct fsrv_server {
	struct fsrv *fs;
	MHD_AccessHandlerCallback handler;
	void *handler_cls;
	struct fsrv__clients *clients;
	struct fsrv__allowed_hosts *allowed_hosts; /* NULL: every host is allowed */
	atomic_bool is_starting;
	struct MHD_Daemon *daemon;
	struct fsrv__listener listener; /* its socket is the daemon's */
};

static void log_daemon(void *cls, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* Passes on what libmicrohttpd logs until the daemon runs. What it logs later is about clients that went
 * away. */
static void log_daemon(void *cls, const char *format, va_list arguments)
{
	const struct fsrv_server *server = cls;
	char line[512];
	int length;

	if (!atomic_load_explicit(&server->is_starting, memory_order_relaxed))
		return;
	length = vsnprintf(line, sizeof(line), format, arguments);
	if (length > 0 && (size_t)length < sizeof(line) && line[length - 1] == '\n')
		line[length - 1] = '\0';
	fsrv__log_line(&server->fs->log, "%s", line);
}

/* Makes the server the owner of each connection's jobs: see fsrv__connection_owner. */
static void mark_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
			    enum MHD_ConnectionNotificationCode code)
{
	struct fsrv_server *server = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = server;
		fsrv__clients_opened(server->clients, connection);
	} else {
		*socket_context = NULL;
		fsrv__clients_closed(server->clients, connection);
		fsrv__offload_drop(server->fs, connection);
	}
}

static void complete_request(void *cls, struct MHD_Connection *connection, void **con_cls,
			     enum MHD_RequestTerminationCode how)
{
	struct fsrv_server *server = cls;

	fsrv_request_completed(server->fs, connection, con_cls, how);
	fsrv__clients_completed(server->clients, connection);
}

/* Not when the handler has answered, or made the client wait. */
static bool waits_for_content(struct MHD_Connection *connection, size_t left)
{
	const union MHD_ConnectionInfo *status =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
	const union MHD_ConnectionInfo *suspended;

	if (status != NULL || left > 0)
		return false;
	suspended = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);
	return suspended == NULL || suspended->suspended == MHD_NO;
}

static enum MHD_Result call_handler(void *cls, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload_data,
				    size_t *upload_data_size, void **con_cls)
{
	struct fsrv_server *server = cls;
	size_t content = *upload_data_size;
	bool may_follow = fsrv__clients_called(server->clients, connection, content);
	enum MHD_Result result;

	if (*con_cls == NULL &&
	    !fsrv__allowed_hosts_admit(server->allowed_hosts, server->fs->cors, connection, url))
		return fsrv__handle_refused_host(server->fs, connection, url, method, version);
	result = server->handler(server->handler_cls, connection, url, method, version, upload_data,
				 upload_data_size, con_cls);
	if (may_follow && result == MHD_YES && waits_for_content(connection, *upload_data_size))
		fsrv__clients_await_content(server->clients, connection, content);
	return result;
}

static unsigned choose_spare(const struct fsrv_server_options *options)
{
	if (options->mode != FSRV_SERVER_THREAD)
		return 0;
	return options->connection_limit < MAX_SPARE ? options->connection_limit : MAX_SPARE;
}

static struct MHD_OptionItem make_text_item(enum MHD_OPTION option, const char *text)
{
	return (struct MHD_OptionItem){option, 0, (void *)(uintptr_t)text};
}

static struct MHD_Daemon *start_daemon(struct fsrv_server *server, const struct fsrv_server_options *options)
{
	bool has_pool = options->mode == FSRV_SERVER_POOL && options->threads > 1;
	unsigned connections = options->connection_limit + choose_spare(options);
	struct MHD_OptionItem items[MAX_ITEMS] = {
#if FSRV_MHD_IS_STRICT
		/* As strict as RFC 9112 lets a server be. */
		{MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL},
#endif
		{MHD_OPTION_CONNECTION_LIMIT, (intptr_t)connections, NULL},
		{MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)options->connections_per_address, NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)options->header_memory, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)options->idle_timeout, NULL},
	};
	size_t n = 0;

	while (items[n].option != MHD_OPTION_END)
		n++;
	if (has_pool)
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->threads,
						     NULL};
	if (options->tls_key != NULL) {
		items[n++] = make_text_item(MHD_OPTION_HTTPS_MEM_CERT, options->tls_certificate);
		items[n++] = make_text_item(MHD_OPTION_HTTPS_MEM_KEY, options->tls_key);
	}
	items[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return MHD_start_daemon(fsrv__server_options_flags(options), 0, NULL, NULL, call_handler, server,
				MHD_OPTION_EXTERNAL_LOGGER, log_daemon, server, MHD_OPTION_LISTEN_SOCKET,
				server->listener.fd, MHD_OPTION_UNESCAPE_CALLBACK, fsrv_keep_escapes, NULL,
				MHD_OPTION_NOTIFY_COMPLETED, complete_request, server,
				MHD_OPTION_NOTIFY_CONNECTION, mark_connection, server, MHD_OPTION_ARRAY,
				items, MHD_OPTION_END);
}

/* Host and port of the URL. */
static struct fsrv__text authority_of(const struct fsrv__listener *listener)
{
	const char *start = strstr(listener->url, "://") + 3;

	return (struct fsrv__text){start, strcspn(start, "/")};
}

/* A loopback address can be reached by every page in a browser on this machine, and by a name of an attacker
 * that leads to it. */
static bool make_allowed_hosts(struct fsrv_server *server, const struct fsrv_server_options *options)
{
	const struct fsrv__host_list list = {options->allowed_hosts, options->n_allowed_hosts};

	if (list.n_patterns == 0 && !fsrv__server_options_are_loopback(options))
		return true;
	if (!fsrv__allowed_hosts_new(&server->fs->allocator, &server->fs->log, &list,
				     "fsrv_server_start (fsrv-serve: --allow-host)", &server->allowed_hosts))
		return false;
	fsrv__allowed_hosts_expect(server->allowed_hosts, authority_of(&server->listener));
	return true;
}

static int make_clients(struct fsrv_server *server, const struct fsrv_server_options *options)
{
	const struct fsrv__clients_limits limits = {
		.connections = options->connection_limit,
		.spare = choose_spare(options),
		.request_timeout = options->request_timeout,
		.keep_alive_timeout = options->keep_alive_timeout,
	};

	return fsrv__clients_new(&server->fs->allocator, &limits, &server->clients);
}

/* The flags of the handler are set before the daemon can call it. */
static int start(struct fsrv_server *server, const struct fsrv_server_options *options)
{
	struct fsrv *fs = server->fs;
	bool was_raw = atomic_exchange(&fs->url_is_raw, true);
	bool was_told = atomic_exchange(&fs->completion_is_told, true);

	server->daemon = start_daemon(server, options);
	if (server->daemon != NULL) {
		atomic_store(&server->is_starting, false);
		return FSRV_OK;
	}
	atomic_store(&fs->url_is_raw, was_raw);
	atomic_store(&fs->completion_is_told, was_told);
	return FSRV_ERR_DAEMON;
}

/* Reads the options and opens the listener; what is wrong is logged. */
static int prepare(const struct fsrv_server_options *given, const struct fsrv__log *log,
		   struct fsrv_server_options *options, struct fsrv__listener *listener)
{
	const char *bad;
	int error = fsrv__server_options_read(given, options, &bad);

	if (error == FSRV_OK) {
		error = fsrv__listener_open(listener, options->tls_key != NULL ? "https" : "http",
					    options->address, options->port);
		bad = "address";
	}
	if (error == FSRV_ERR_INVALID && bad != NULL)
		fsrv__option_log_refusal(log, bad);
	return error;
}

int fsrv_server_start(struct fsrv *fs, const struct fsrv_server_options *given, struct fsrv_server **out)
{
	struct fsrv_server_options options;
	struct fsrv__listener listener;
	struct fsrv_server *server;
	int error = prepare(given, &fs->log, &options, &listener);

	if (error != FSRV_OK)
		return error;
	server = fsrv__allocate(&fs->allocator, sizeof(*server));
	if (server == NULL) {
		error = FSRV_ERR_MEMORY;
		goto fail;
	}
	*server = (struct fsrv_server){.fs = fs, .listener = listener};
	server->handler = options.handler != NULL ? options.handler : fsrv_handle;
	server->handler_cls = options.handler != NULL ? options.handler_cls : fs;
	atomic_init(&server->is_starting, true);
	error = make_allowed_hosts(server, &options) ? make_clients(server, &options) : FSRV_ERR_MEMORY;
	if (error != FSRV_OK)
		goto fail_hosts;
	error = start(server, &options);
	if (error != FSRV_OK)
		goto fail_daemon;
	*out = server;
	return FSRV_OK;
fail_daemon:
	fsrv__clients_free(server->clients);
fail_hosts:
	fsrv__allowed_hosts_free(server->allowed_hosts);
fail:
	fsrv__release(&fs->allocator, server);
	fsrv__listener_close(&listener);
	return error;
}

unsigned fsrv_server_port(const struct fsrv_server *server)
{
	return server->listener.port;
}

const char *fsrv_server_url(const struct fsrv_server *server)
{
	return server->listener.url;
}

void fsrv_server_stop(struct fsrv_server *server)
{
	struct fsrv__drain drain = {server, NULL};

	if (server == NULL)
		return;
	fsrv__workers_drain(server->fs->workers, &drain);
	fsrv__growth_cancel(&server->fs->growth, server);
	MHD_stop_daemon(server->daemon);
	fsrv__workers_undrain(server->fs->workers, &drain);
	fsrv__open_files_close_kept(server->fs);
	fsrv__clients_free(server->clients);
	fsrv__allowed_hosts_free(server->allowed_hosts);
	fsrv__release(&server->fs->allocator, server);
}
