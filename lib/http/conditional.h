/* Preconditions (RFC 9110, 13): what a request requires of the representation. */
#ifndef FSRV__HTTP_CONDITIONAL_H
#define FSRV__HTTP_CONDITIONAL_H

#include <stdint.h>

#include "http/request.h"
#include "http/validators.h"

enum fsrv__precondition { FSRV__PROCEED, FSRV__NOT_MODIFIED, FSRV__PRECONDITION_FAILED };

/* Evaluates the preconditions of a GET or HEAD in the order of RFC 9110, 13.2.2.
 *
 * now  seconds since 1970, to place dates with two-digit years */
enum fsrv__precondition fsrv__precondition_check(const struct fsrv__request *request,
						 const struct fsrv__validators *validators, int64_t now);

/* Whether Range may be honoured: there is no If-Range, or it has the strong tag of this representation or its
 * exact, strong date (RFC 9110, 13.1.5). A date that is not before now is weak. */
bool fsrv__if_range_holds(const struct fsrv__request *request, const struct fsrv__validators *validators,
			  int64_t now);

#endif
