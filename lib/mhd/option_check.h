/* Whether the values of options are allowed. Looks at nothing but the options. */
#ifndef FSRV__MHD_OPTION_CHECK_H
#define FSRV__MHD_OPTION_CHECK_H

#include "fsrv/fsrv.h"

/* The name of an option with a value that its comment in fsrv/fsrv.h excludes; NULL when there is none. */
const char *fsrv__option_check(const struct fsrv_options *options);

/* What to do about an option that was refused, for a log line behind "not allowed; ". A constant. */
const char *fsrv__option_advice(const char *name);

#endif
