/* What libmicrohttpd parsed of a request, handed on to lib/http. No other module knows how libmicrohttpd's
 * buffer is laid out. */
#ifndef FSRV__MHD_REQUEST_H
#define FSRV__MHD_REQUEST_H

#include "fsrv/fsrv.h"
#include "http/accept_encoding.h"
#include "http/location.h"
#include "http/request.h"

/* The request line as fsrv_handle gets it. A program in between may have put its own texts in place of
 * libmicrohttpd's. */
struct fsrv__request_line {
	const char *method, *url, *version;
	enum fsrv__path_form form;
};

/* Whether the header announces content. libmicrohttpd looks for it in the same way. */
bool fsrv__request_has_content(struct MHD_Connection *connection);

/* Fills request from the method and the header fields, and judges it. The bytes belong to libmicrohttpd and
 * live as long as the request. */
void fsrv__request_read(struct MHD_Connection *connection, const struct fsrv__request_line *line,
			struct fsrv__request *request);

/* Reads Accept-Encoding. */
void fsrv__request_read_codings(struct MHD_Connection *connection, struct fsrv__coding_order *order);

/* Whether the client names text/html in Accept. Reads the fields of the request once more. */
bool fsrv__request_accepts_html(struct MHD_Connection *connection);

/* Appends the query of the request, if there is one, to the target of a redirect. form tells whether the
 * daemon decodes percent-encoding. */
void fsrv__request_copy_query(struct MHD_Connection *connection, enum fsrv__path_form form,
			      struct fsrv__location *location);

#endif
