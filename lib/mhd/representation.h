/* The selected representation (RFC 9110, 3.2) of what a lookup found. */
#ifndef FSRV__MHD_REPRESENTATION_H
#define FSRV__MHD_REPRESENTATION_H

#include "http/plan.h"
#include "mhd/lookup_result.h"

/* Describes a file or page that was found: all but its validators. The texts live as long as found and the
 * handler. */
void fsrv__representation_describe(const struct fsrv *fs, const struct fsrv__lookup_result *found,
				   struct fsrv__representation *representation);

/* Makes its validators, which need most of the work. */
void fsrv__representation_validate(const struct fsrv *fs, const struct fsrv__lookup_result *found,
				   struct fsrv__representation *representation);

#endif
