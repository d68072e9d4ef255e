/* Whether the values of options are allowed. Looks at nothing but the options. */
#ifndef FSRV__MHD_OPTION_CHECK_H
#define FSRV__MHD_OPTION_CHECK_H

#include "fsrv/fsrv.h"
#include "mhd/log.h"

/* The name of an option with a value that its comment in fsrv/fsrv.h excludes; NULL when there is none. */
const char *fsrv__option_check(const struct fsrv_options *options);

/* Logs that an option of fsrv_new or fsrv_server_start was refused, and what it may be. */
void fsrv__option_log_refusal(const struct fsrv__log *log, const char *name);

#endif
