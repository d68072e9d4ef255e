/* The CORS protocol of the Fetch standard, for scripts of other origins that read files and parts of them. */
#ifndef FSRV__HTTP_CORS_H
#define FSRV__HTTP_CORS_H

#include <stdbool.h>
#include <stddef.h>

#include "http/plan.h"
#include "http/request.h"

/* Who may read. */
struct fsrv__cors {
	const char *const *origins; /* "*" alone means every origin */
	size_t n_origins;           /* 0: none */
};

/* What of a request matters here. */
struct fsrv__cors_request {
	struct fsrv__single_field origin, requested_method;
};

/* Why an origin of the options is refused, with the way out; NULL when it is allowed. n_origins is the number
 * of all of them. */
const char *fsrv__cors_check_origin(const char *origin, size_t n_origins);

/* Whether scripts of an origin may read. */
bool fsrv__cors_allows(const struct fsrv__cors *cors, struct fsrv__text origin);

/* Adds one field line. request is zeroed before the first one. The bytes stay the caller's. */
void fsrv__cors_request_add_field(struct fsrv__cors_request *request, struct fsrv__text name,
				  struct fsrv__text value);

/* Adds the fields of the protocol to the plan of any answer, which then points to the origins. */
void fsrv__cors_add_headers(const struct fsrv__cors *cors, const struct fsrv__cors_request *request,
			    struct fsrv__plan *plan);

#endif
