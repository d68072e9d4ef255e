#include "mhd/own_fields.h"

static void call_function(const struct fsrv__own_fields *own, const struct fsrv__log *log,
			  const struct fsrv_response *response, struct fsrv_fields *fields)
{
	own->function(own->cls, response, fields);
	if (fields->refusal != FSRV__FIELD_ALLOWED)
		fsrv__log_line(log, "option fields: field %s of /%s is refused: %s", fields->refused_name,
			       response->path, fsrv__field_explain(fields->refusal));
}

void fsrv__own_fields_apply(const struct fsrv__own_fields *own, const struct fsrv__log *log,
			    const struct fsrv_response *response, struct fsrv__plan *plan,
			    struct fsrv_fields *fields)
{
	const char *path = response->path;

	fsrv__field_rules_apply(&own->rules, (struct fsrv__text){path, strlen(path)}, plan);
	if (own->function == NULL)
		return;
	fsrv__fields_begin(fields, plan);
	call_function(own, log, response, fields);
}
