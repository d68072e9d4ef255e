#include "mhd/server_options.h"

#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

#include "http/host.h"
#include "mhd/option_struct.h"

#define DEFAULT_ADDRESS          "127.0.0.1"
#define DEFAULT_THREADS          4
#define DEFAULT_CONNECTION_LIMIT 256
#define DEFAULT_LOOP_TIMEOUT     120
#define DEFAULT_REQUEST_TIMEOUT  30
#define DEFAULT_KEEP_ALIVE       75
/* Enough for 16 KiB of cookies, however many. More would cost every request: libmicrohttpd clears what is
 * unused. */
#define DEFAULT_HEADER_MEMORY 49152
#define MIN_HEADER_MEMORY     4096
/* Descriptors that are not for connections, and the fewest connections that are worth a server. */
#define OTHER_DESCRIPTORS 32
#define MIN_CONNECTIONS   4
#define MAX_CONNECTIONS   (1 << 20)

/* Without a free descriptor libmicrohttpd calls accept(2) again and again. A connection may need two. */
static unsigned limit_connections(unsigned wanted)
{
	struct rlimit descriptors;
	rlim_t most;

	if (wanted > MAX_CONNECTIONS)
		wanted = MAX_CONNECTIONS;
	if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0 || descriptors.rlim_cur == RLIM_INFINITY)
		return wanted;
	most = descriptors.rlim_cur > OTHER_DESCRIPTORS ? (descriptors.rlim_cur - OTHER_DESCRIPTORS) / 2 : 0;
	if (most < MIN_CONNECTIONS)
		most = MIN_CONNECTIONS;
	return most < wanted ? (unsigned)most : wanted;
}

/* Value 0 of an option is the default, and the largest one is none, which is 0 here. */
static unsigned choose(unsigned given, unsigned standard)
{
	if (given == UINT32_MAX)
		return 0;
	return given != 0 ? given : standard;
}

bool fsrv__server_options_are_loopback(const struct fsrv_server_options *options)
{
	return fsrv__host_is_loopback((struct fsrv__text){options->address, strlen(options->address)});
}

/* On the loopback interface all clients have one address. */
static unsigned choose_connections_per_address(const struct fsrv_server_options *options)
{
	unsigned half = options->connection_limit / 2 + options->connection_limit % 2;

	return choose(options->connections_per_address,
		      fsrv__server_options_are_loopback(options) ? 0 : half);
}

static unsigned choose_idle_timeout(const struct fsrv_server_options *options)
{
	return choose(options->idle_timeout, options->mode == FSRV_SERVER_THREAD ? 0 : DEFAULT_LOOP_TIMEOUT);
}

static void put_in_defaults(struct fsrv_server_options *options)
{
	if (options->address == NULL)
		options->address = DEFAULT_ADDRESS;
	if (options->threads == 0)
		options->threads = DEFAULT_THREADS;
	options->connection_limit = limit_connections(
		options->connection_limit != 0 ? options->connection_limit : DEFAULT_CONNECTION_LIMIT);
	options->idle_timeout = choose_idle_timeout(options);
	options->request_timeout = choose(options->request_timeout, DEFAULT_REQUEST_TIMEOUT);
	options->keep_alive_timeout = choose(options->keep_alive_timeout, DEFAULT_KEEP_ALIVE);
	options->connections_per_address = choose_connections_per_address(options);
	if (options->header_memory == 0)
		options->header_memory = DEFAULT_HEADER_MEMORY;
}

static const char *find_bad(const struct fsrv_server_options *options)
{
	const struct fsrv__host_list hosts = {options->allowed_hosts, options->n_allowed_hosts};

	if ((unsigned)options->mode > FSRV_SERVER_POOL)
		return "mode";
	if (options->port > 65535)
		return "port";
	if (options->header_memory != 0 && options->header_memory < MIN_HEADER_MEMORY)
		return "header_memory";
	if (options->reserved != 0)
		return "reserved";
	if (options->tls_certificate == NULL && options->tls_key != NULL)
		return "tls_certificate";
	if (options->tls_key == NULL && options->tls_certificate != NULL)
		return "tls_key";
	return fsrv__host_list_is_valid(&hosts) ? NULL : "allowed_hosts";
}

int fsrv__server_options_read(const struct fsrv_server_options *given, struct fsrv_server_options *options,
			      const char **bad)
{
	int error = FSRV_OK;

	*bad = NULL;
	*options = (struct fsrv_server_options){.size = sizeof(*options)};
	if (given != NULL)
		error = fsrv__option_struct_read(options, sizeof(*options), given);
	if (error != FSRV_OK)
		return error;
	*bad = find_bad(options);
	if (*bad != NULL)
		return FSRV_ERR_INVALID;
	if (options->tls_key != NULL && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return FSRV_ERR_UNSUPPORTED;
	put_in_defaults(options);
	return FSRV_OK;
}

unsigned fsrv__server_options_flags(const struct fsrv_server_options *options)
{
	/* MHD_USE_ITC: at the connection limit libmicrohttpd does not look at the listening socket, by which
	 * it would otherwise be told to stop. */
	unsigned flags = MHD_USE_ERROR_LOG | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;

	if (options->tls_key != NULL)
		flags |= MHD_USE_TLS;
	if (options->mode == FSRV_SERVER_THREAD)
		return flags | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
	return flags | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
}
