/* Public callbacks for options of MHD_start_daemon. */
#include <string.h>

#include "mhd/guard.h"
#include "mhd/handler.h"
#include "mhd/offload.h"

size_t fsrv_keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

void fsrv_request_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
			    enum MHD_RequestTerminationCode how)
{
	struct fsrv *fs = cls;

	(void)con_cls;
	fsrv__offload_drop(fs, connection);
	fsrv__guard_complete(fs->guard, fsrv__connection_socket(connection),
			     how == MHD_REQUEST_TERMINATED_COMPLETED_OK ? FSRV_ENDING_COMPLETE
									: FSRV_ENDING_ABORTED);
}
