/* The header fields that a program's function chooses for one answer. fsrv/fields.h has its functions. */
#ifndef FSRV__HTTP_FIELDS_H
#define FSRV__HTTP_FIELDS_H

#include <stddef.h>

#include "fsrv/fields.h"
#include "http/field.h"
#include "http/plan.h"

/* Bytes of a name that was refused which are kept for the log. */
#define FSRV__REFUSED_NAME_SIZE 64

/* Names and values lie in text, to which the plan points: it has to outlive the plan. */
struct fsrv_fields {
	struct fsrv__plan *plan;
	unsigned n_headers;               /* that were set or added by the function */
	size_t used;                      /* bytes of text, and four for each of these fields */
	size_t end;                       /* of what is used of text */
	enum fsrv__field_verdict refusal; /* of the first field that was refused */
	char refused_name[FSRV__REFUSED_NAME_SIZE];
	char text[FSRV_FIELDS_SIZE];
};

/* Begins to change the fields of a plan. */
void fsrv__fields_begin(struct fsrv_fields *fields, struct fsrv__plan *plan);

#endif
