#include "mhd/server_options.h"

#include <sys/resource.h>

#include "mhd/option_struct.h"

#define DEFAULT_ADDRESS          "127.0.0.1"
#define DEFAULT_THREADS          4
#define DEFAULT_CONNECTION_LIMIT 256
#define DEFAULT_LOOP_TIMEOUT     120
/* Descriptors that are not for connections, and the fewest connections that are worth a server. */
#define OTHER_DESCRIPTORS 32
#define MIN_CONNECTIONS   4

/* Without a free descriptor libmicrohttpd calls accept(2) again and again. A connection may need two. */
static unsigned limit_connections(unsigned wanted)
{
	struct rlimit descriptors;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0 || descriptors.rlim_cur == RLIM_INFINITY)
		return wanted;
	most = descriptors.rlim_cur > OTHER_DESCRIPTORS ? (descriptors.rlim_cur - OTHER_DESCRIPTORS) / 2 : 0;
	if (most < MIN_CONNECTIONS)
		most = MIN_CONNECTIONS;
	return most < wanted ? (unsigned)most : wanted;
}

static unsigned choose_timeout(const struct fsrv_server_options *options)
{
	if (options->idle_timeout == FSRV_NO_TIMEOUT)
		return 0;
	if (options->idle_timeout == 0 && options->mode != FSRV_SERVER_THREAD)
		return DEFAULT_LOOP_TIMEOUT;
	return options->idle_timeout;
}

int fsrv__server_options_read(const struct fsrv_server_options *given, struct fsrv_server_options *options)
{
	int error = FSRV_OK;

	*options = (struct fsrv_server_options){.size = sizeof(*options)};
	if (given != NULL)
		error = fsrv__option_struct_read(options, sizeof(*options), given);
	if (error != FSRV_OK)
		return error;
	if (options->port > 65535 || (unsigned)options->mode > FSRV_SERVER_POOL || options->reserved != 0)
		return FSRV_ERR_INVALID;
	if (options->address == NULL)
		options->address = DEFAULT_ADDRESS;
	if (options->threads == 0)
		options->threads = DEFAULT_THREADS;
	options->connection_limit = limit_connections(
		options->connection_limit != 0 ? options->connection_limit : DEFAULT_CONNECTION_LIMIT);
	options->idle_timeout = choose_timeout(options);
	return FSRV_OK;
}

unsigned fsrv__server_options_flags(const struct fsrv_server_options *options)
{
	/* MHD_USE_ITC: at the connection limit libmicrohttpd does not look at the listening socket, by which
	 * it would otherwise be told to stop. */
	unsigned flags = MHD_USE_ERROR_LOG | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;

	if (options->mode == FSRV_SERVER_THREAD)
		return flags | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
	return flags | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
}
