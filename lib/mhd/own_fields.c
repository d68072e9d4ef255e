#include "mhd/own_fields.h"

#include "http/isolation.h"

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
				 const char *value, size_t value_size)
{
	struct fsrv__text text = {value != NULL ? value : "", value_size};

	(void)kind;
	fsrv__cors_request_add_field(cls, (struct fsrv__text){name, name_size}, text);
	return MHD_YES;
}

static void add_cors(const struct fsrv__cors *cors, struct MHD_Connection *connection,
		     struct fsrv__plan *plan)
{
	struct fsrv__cors_request request = {0};

	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_field, &request);
	fsrv__cors_add_headers(cors, &request, plan);
}

static void call_function(const struct fsrv__own_fields *own, const struct fsrv__log *log,
			  const struct fsrv_response *response, struct fsrv_fields *fields)
{
	own->function(own->cls, response, fields);
	if (fields->refusal != FSRV__FIELD_ALLOWED)
		fsrv__log_line(log, "option fields: field %s of /%s is refused: %s", fields->refused_name,
			       response->path, fsrv__field_explain(fields->refusal));
}

void fsrv__own_fields_apply(const struct fsrv__own_fields *own, const struct fsrv__log *log,
			    const struct fsrv__own_fields_case *of, struct fsrv__plan *plan,
			    struct fsrv_fields *fields)
{
	const char *path = of->response.path;

	if (own->cors.n_origins > 0)
		add_cors(&own->cors, of->connection, plan);
	if (own->isolates)
		fsrv__isolation_add_headers(own->cors.n_origins > 0, plan);
	fsrv__field_rules_apply(&own->rules, (struct fsrv__text){path, strlen(path)}, plan);
	if (own->function == NULL)
		return;
	fsrv__fields_begin(fields, plan);
	call_function(own, log, &of->response, fields);
}
