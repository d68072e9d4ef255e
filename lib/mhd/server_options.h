/* The options of fsrv_server_start, and what they mean for the daemon. */
#ifndef FSRV__MHD_SERVER_OPTIONS_H
#define FSRV__MHD_SERVER_OPTIONS_H

#include <stdbool.h>

#include "fsrv/server.h"

/* Reads the caller's options, which may be NULL, and puts in the defaults: all members then have the values
 * in effect, but for handler, which may be NULL. Timeouts and connections_per_address of 0 are none.
 *
 * bad  receives the name of an option that is not allowed, or NULL
 *
 * FSRV_OK, FSRV_ERR_INVALID, FSRV_ERR_UNSUPPORTED */
int fsrv__server_options_read(const struct fsrv_server_options *given, struct fsrv_server_options *options,
			      const char **bad);

/* Whether the address that was read is one of the loopback interface. */
bool fsrv__server_options_are_loopback(const struct fsrv_server_options *options);

/* The flags of the daemon, bits of enum MHD_FLAG. */
unsigned fsrv__server_options_flags(const struct fsrv_server_options *options);

#endif
