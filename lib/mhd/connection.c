#include "mhd/connection.h"

#include <stddef.h>

int fsrv__connection_socket(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}

unsigned fsrv__connection_flags(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON);
	const union MHD_DaemonInfo *daemon = NULL;

	if (info != NULL)
		daemon = MHD_get_daemon_info(info->daemon, MHD_DAEMON_INFO_FLAGS);
	return daemon != NULL ? (unsigned)daemon->flags : 0;
}

const void *fsrv__connection_owner(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

bool fsrv__connection_may_suspend(struct MHD_Connection *connection, const struct fsrv__wake *wake)
{
	unsigned flags = fsrv__connection_flags(connection);
	/* The value contains the bit of MHD_USE_ITC, which says nothing about suspension. */
	unsigned allowed = MHD_ALLOW_SUSPEND_RESUME & ~(unsigned)MHD_USE_ITC;

	/* With a thread for each connection libmicrohttpd may lose a resumption, and no other connection
	 * waits for the thread anyway. */
	if ((flags & allowed) == 0 || (flags & MHD_USE_THREAD_PER_CONNECTION) != 0)
		return false;
	return (flags & MHD_USE_INTERNAL_POLLING_THREAD) != 0 || wake->function != NULL;
}

bool fsrv__connection_may_follow(struct MHD_Connection *connection, const struct fsrv__wake *wake)
{
	return (fsrv__connection_flags(connection) & MHD_USE_THREAD_PER_CONNECTION) != 0 ||
	       fsrv__connection_may_suspend(connection, wake);
}

void fsrv__connection_resume(struct MHD_Connection *connection, const struct fsrv__wake *wake)
{
	MHD_resume_connection(connection);
	if (wake->function != NULL)
		wake->function(wake->cls);
}
