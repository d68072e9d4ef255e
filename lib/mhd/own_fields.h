/* The header fields that the program adds to those of fsrv: CORS and isolation, rules, and its function. */
#ifndef FSRV__MHD_OWN_FIELDS_H
#define FSRV__MHD_OWN_FIELDS_H

#include "fsrv/fsrv.h"
#include "http/cors.h"
#include "http/field_rules.h"
#include "http/fields.h"
#include "mhd/log.h"

struct fsrv__own_fields {
	struct fsrv__cors cors;
	bool isolates;
	struct fsrv__field_rules rules;
	fsrv_fields_function function; /* NULL: none */
	void *cls;
};

/* What the fields of one answer depend on. */
struct fsrv__own_fields_case {
	struct MHD_Connection *connection;
	struct fsrv_response response;
};

/* Changes the header fields of a plan. What the function of the program sets lies in fields, which has to
 * outlive the plan. A field that it may not set is logged. */
void fsrv__own_fields_apply(const struct fsrv__own_fields *own, const struct fsrv__log *log,
			    const struct fsrv__own_fields_case *of, struct fsrv__plan *plan,
			    struct fsrv_fields *fields);

#endif
