/* Whether the options for header fields are allowed. Looks at nothing but the options. */
#ifndef FSRV__MHD_FIELD_OPTIONS_H
#define FSRV__MHD_FIELD_OPTIONS_H

#include <stdbool.h>

#include "mhd/log.h"

/* False when a rule or an origin is refused: which one, why, and the way out are logged. */
bool fsrv__field_options_check(const struct fsrv__log *log, const struct fsrv_options *options);

#endif
