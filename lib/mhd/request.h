/* What libmicrohttpd parsed of a request, handed on to lib/http. */
#ifndef FSRV__MHD_REQUEST_H
#define FSRV__MHD_REQUEST_H

#include "fsrv/fsrv.h"
#include "http/location.h"
#include "http/request.h"

/* Fills request from the method and the header fields. The bytes belong to libmicrohttpd and live as long as
 * the request. */
void fsrv__request_read(struct MHD_Connection *connection, const char *method, struct fsrv__request *request);

/* Appends the query of the request, if there is one, to the target of a redirect. form tells whether the
 * daemon decodes percent-encoding. */
void fsrv__request_copy_query(struct MHD_Connection *connection, enum fsrv__path_form form,
			      struct fsrv__location *location);

#endif
