/* The header field Accept (RFC 9110, 12.5.1): whether a client is a browser that opens a page. */
#ifndef FSRV__HTTP_ACCEPT_H
#define FSRV__HTTP_ACCEPT_H

#include <stdbool.h>

#include "http/text.h"

/* Whether one line of the field names text/html, with parameters or without, and with a weight of more than
 * 0. A range with an asterisk does not count: programs send it for files of every kind. An element whose
 * weight is no qvalue (12.4.2) is passed over. */
bool fsrv__accept_names_html(struct fsrv__text value);

#endif
