/* fsrv_server_start and fsrv_server_stop: a libmicrohttpd daemon of fsrv's own. */
#include "fsrv/server.h"

#include <stdarg.h>
#include <stdio.h>

#include "mhd/handler.h"
#include "mhd/listener.h"
#include "mhd/offload.h"
#include "mhd/server_options.h"

struct fsrv_server {
	struct fsrv *fs;
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

	*socket_context = code == MHD_CONNECTION_NOTIFY_STARTED ? server : NULL;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		fsrv__offload_drop(server->fs, connection);
}

static struct MHD_Daemon *start_daemon(struct fsrv_server *server, const struct fsrv_server_options *options)
{
	bool has_pool = options->mode == FSRV_SERVER_POOL && options->threads > 1;
	struct MHD_OptionItem pool[] = {
		{has_pool ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)options->threads, NULL},
		{MHD_OPTION_END, 0, NULL},
	};

	return MHD_start_daemon(
		fsrv__server_options_flags(options), 0, NULL, NULL,
		options->handler != NULL ? options->handler : fsrv_handle,
		options->handler != NULL ? options->handler_cls : server->fs, MHD_OPTION_EXTERNAL_LOGGER,
		log_daemon, server, MHD_OPTION_LISTEN_SOCKET, server->listener.fd,
		MHD_OPTION_UNESCAPE_CALLBACK, fsrv_keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT,
		options->connection_limit, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout,
		MHD_OPTION_NOTIFY_COMPLETED, fsrv_request_completed, server->fs, MHD_OPTION_NOTIFY_CONNECTION,
		mark_connection, server, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
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

int fsrv_server_start(struct fsrv *fs, const struct fsrv_server_options *given, struct fsrv_server **out)
{
	struct fsrv_server_options options;
	struct fsrv__listener listener;
	struct fsrv_server *server;
	int error = fsrv__server_options_read(given, &options);

	if (error != FSRV_OK)
		return error;
	error = fsrv__listener_open(&listener, options.address, options.port);
	if (error != FSRV_OK)
		return error;
	server = fsrv__allocate(&fs->allocator, sizeof(*server));
	if (server == NULL) {
		error = FSRV_ERR_MEMORY;
		goto fail;
	}
	server->fs = fs;
	server->listener = listener;
	atomic_init(&server->is_starting, true);
	error = start(server, &options);
	if (error != FSRV_OK)
		goto fail;
	*out = server;
	return FSRV_OK;
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
	MHD_stop_daemon(server->daemon);
	fsrv__workers_undrain(server->fs->workers, &drain);
	fsrv__release(&server->fs->allocator, server);
}
