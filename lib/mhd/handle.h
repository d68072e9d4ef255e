/* Answers to requests that do not come by way of fsrv_handle, which fsrv/fsrv.h declares. */
#ifndef FSRV__MHD_HANDLE_H
#define FSRV__MHD_HANDLE_H

#include "fsrv/fsrv.h"

/* Answers a request whose Host or Origin is not allowed, at once, also in the first call for it. The
 * arguments are those of fsrv_handle. */
enum MHD_Result fsrv__handle_refused_host(struct fsrv *fs, struct MHD_Connection *connection, const char *url,
					  const char *method, const char *version);

#endif
