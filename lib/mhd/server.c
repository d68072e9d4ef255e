#include "fsrv/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mhd/handler.h"

#define DEFAULT_ADDRESS		 "127.0.0.1"
#define DEFAULT_THREADS		 4
#define DEFAULT_CONNECTION_LIMIT 256
#define DEFAULT_LOOP_TIMEOUT	 120
/* Descriptors that are not for connections, and the fewest connections that are worth a server. */
#define OTHER_DESCRIPTORS 32
#define LEAST_CONNECTIONS 4

struct fsrv_server {
	struct fsrv *fs;
	atomic_bool is_starting;
	struct MHD_Daemon *daemon;
	unsigned port;
	char url[INET6_ADDRSTRLEN + 32];
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool read_address(const char *text, unsigned port, union address *address, socklen_t *length)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons((uint16_t)port);
		*length = sizeof(address->v4);
		return true;
	}
	if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons((uint16_t)port);
		*length = sizeof(address->v6);
		return true;
	}
	return false;
}

/* The socket is made here and not by libmicrohttpd, which does not say why it failed. */
static int listen_on(const union address *address, socklen_t length, int *listener)
{
	int on = 1;
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return FSRV_ERR_SYSTEM;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, &address->any, length) == 0 && listen(fd, SOMAXCONN) == 0) {
		*listener = fd;
		return FSRV_OK;
	}
	error = errno;
	close(fd);
	errno = error;
	return error == EADDRINUSE ? FSRV_ERR_ADDRESS_IN_USE : FSRV_ERR_SYSTEM;
}

/* A browser cannot open the unspecified address. */
static void write_url(struct fsrv_server *server, union address *address)
{
	char host[INET6_ADDRSTRLEN];

	if (address->any.sa_family == AF_INET) {
		if (address->v4.sin_addr.s_addr == htonl(INADDR_ANY))
			address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		server->port = ntohs(address->v4.sin_port);
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(server->url, sizeof(server->url), "http://%s:%u/", host, server->port);
	} else {
		if (IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr))
			address->v6.sin6_addr = in6addr_loopback;
		server->port = ntohs(address->v6.sin6_port);
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
		snprintf(server->url, sizeof(server->url), "http://[%s]:%u/", host, server->port);
	}
}

static unsigned daemon_flags(const struct fsrv_server_options *options)
{
	/* ITC: at the connection limit libmicrohttpd does not look at the listening socket, by which it
	 * would otherwise be told to stop. */
	unsigned flags = MHD_USE_ERROR_LOG | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;

	if (options->mode == FSRV_SERVER_THREAD)
		return flags | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
	return flags | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
}

static void log_daemon(void *cls, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* What libmicrohttpd says once it runs is about clients that went away. */
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
	fsrv__log(server->fs, "%s", line);
}

/* Without descriptors left libmicrohttpd tries to accept again and again. */
static unsigned connection_limit(const struct fsrv_server_options *options)
{
	unsigned limit = options->connection_limit != 0 ? options->connection_limit : DEFAULT_CONNECTION_LIMIT;
	struct rlimit descriptors;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0 || descriptors.rlim_cur == RLIM_INFINITY)
		return limit;
	most = descriptors.rlim_cur > OTHER_DESCRIPTORS ? (descriptors.rlim_cur - OTHER_DESCRIPTORS) / 2 : 0;
	if (most < LEAST_CONNECTIONS)
		most = LEAST_CONNECTIONS;
	return most < limit ? (unsigned)most : limit;
}

static unsigned idle_timeout(const struct fsrv_server_options *options)
{
	if (options->idle_timeout == FSRV_NO_TIMEOUT)
		return 0;
	if (options->idle_timeout == 0 && options->mode != FSRV_SERVER_THREAD)
		return DEFAULT_LOOP_TIMEOUT;
	return options->idle_timeout;
}

/* Whose drain concerns its connections. */
static void mark_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
			    enum MHD_ConnectionNotificationCode code)
{
	(void)connection;
	*socket_context = code == MHD_CONNECTION_NOTIFY_STARTED ? cls : NULL;
}

static struct MHD_Daemon *start_daemon(struct fsrv_server *server, const struct fsrv_server_options *options,
				       int listener)
{
	unsigned threads = options->threads != 0 ? options->threads : DEFAULT_THREADS;
	unsigned pool = options->mode == FSRV_SERVER_POOL ? threads : 0;
	struct MHD_OptionItem more[] = {
		{MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)pool, NULL},
		{MHD_OPTION_END, 0, NULL},
	};

	if (pool < 2)
		more[0].option = MHD_OPTION_END;
	return MHD_start_daemon(daemon_flags(options), 0, NULL, NULL,
				options->handler != NULL ? options->handler : fsrv_handle,
				options->handler != NULL ? options->handler_cls : server->fs,
				MHD_OPTION_EXTERNAL_LOGGER, log_daemon, server, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_UNESCAPE_CALLBACK,
				fsrv_keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT,
				connection_limit(options), MHD_OPTION_CONNECTION_TIMEOUT, idle_timeout(options),
				MHD_OPTION_NOTIFY_COMPLETED, fsrv_request_completed, server->fs,
				MHD_OPTION_NOTIFY_CONNECTION, mark_connection, server, MHD_OPTION_ARRAY, more,
				MHD_OPTION_END);
}

static int read_options(const struct fsrv_server_options *given, struct fsrv_server_options *options)
{
	int error = FSRV_OK;

	*options = (struct fsrv_server_options){.size = sizeof(*options)};
	if (given != NULL)
		error = fsrv__options_read(options, sizeof(*options), given);
	if (error != FSRV_OK)
		return error;
	if (options->address == NULL)
		options->address = DEFAULT_ADDRESS;
	if (options->port > 65535 || (unsigned)options->mode > FSRV_SERVER_POOL || options->reserved != 0)
		return FSRV_ERR_INVALID;
	return FSRV_OK;
}

int fsrv_server_start(struct fsrv *fs, const struct fsrv_server_options *given, struct fsrv_server **out)
{
	struct fsrv_server_options options;
	struct fsrv_server *server = NULL;
	union address address;
	socklen_t length;
	uint64_t cookie;
	int listener = -1;
	bool was_raw, was_told;
	int error = read_options(given, &options);

	if (error != FSRV_OK)
		return error;
	if (!read_address(options.address, options.port, &address, &length))
		return FSRV_ERR_INVALID;
	error = listen_on(&address, length, &listener);
	if (error != FSRV_OK)
		return error;
	cookie = fsrv__socket_cookie(listener);
	error = FSRV_ERR_MEMORY;
	server = fsrv__allocate(&fs->allocator, sizeof(*server));
	if (server == NULL)
		goto fail;
	server->fs = fs;
	atomic_init(&server->is_starting, true);
	error = FSRV_ERR_SYSTEM;
	if (getsockname(listener, &address.any, &length) != 0)
		goto fail;
	write_url(server, &address);
	was_raw = atomic_exchange(&fs->url_is_raw, true);
	was_told = atomic_exchange(&fs->completion_is_told, true);
	error = FSRV_ERR_DAEMON;
	server->daemon = start_daemon(server, &options, listener);
	if (server->daemon == NULL) {
		atomic_store(&fs->url_is_raw, was_raw);
		atomic_store(&fs->completion_is_told, was_told);
		goto fail;
	}
	atomic_store(&server->is_starting, false);
	*out = server;
	return FSRV_OK;
fail:
	fsrv__release(&fs->allocator, server);
	/* libmicrohttpd closes the socket on some of its failures and not on others. */
	if (fsrv__socket_cookie(listener) == cookie)
		close(listener);
	return error;
}

const void *fsrv__owner_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

unsigned fsrv_server_port(const struct fsrv_server *server)
{
	return server->port;
}

const char *fsrv_server_url(const struct fsrv_server *server)
{
	return server->url;
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
