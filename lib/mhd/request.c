#include "mhd/request.h"

#include <stdint.h>

/* Before 1.0 libmicrohttpd ends a value at a NUL byte, so "bytes=0-4<NUL>,9" becomes a range that nobody
 * sent. It also writes two NUL bytes over the CRLF of each line. So any other byte behind the end of a value
 * means that the value was cut, or that its line ended in a bare LF; such lines are obsolete, and to ignore
 * their Range is right too. The byte belongs to the line only if name and value stand in one line, as the
 * parser leaves them. */
static bool was_cut(struct fsrv__text name, struct fsrv__text value)
{
	uintptr_t colon = (uintptr_t)name.at + name.length;
	uintptr_t start = (uintptr_t)value.at;

	return MHD_get_version()[0] == '0' && start > colon && start - colon < 256 &&
	       value.at[value.length + 1] != '\0';
}

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
				 const char *value, size_t value_size)
{
	struct fsrv__text field = {name, name_size};
	struct fsrv__text text = {value != NULL ? value : "", value_size};

	(void)kind;
	/* With the NUL byte in it the value is no range, and is ignored. */
	if (text.length > 0 && fsrv__text_is(field, "range") && was_cut(field, text))
		text.length++;
	fsrv__request_add_field(cls, field, text);
	return MHD_YES;
}

void fsrv__request_read(struct MHD_Connection *connection, const char *method, struct fsrv__request *request)
{
	*request = (struct fsrv__request){.method = fsrv__method_parse(method)};
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_field, request);
}

struct query {
	struct fsrv__location *location;
	enum fsrv__path_form form;
};

static enum MHD_Result add_argument(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
				    const char *value, size_t value_size)
{
	struct query *query = cls;

	(void)kind;
	fsrv__location_add_argument(query->location, query->form, (struct fsrv__text){name, name_size},
				    (struct fsrv__text){value, value_size});
	return MHD_YES;
}

void fsrv__request_copy_query(struct MHD_Connection *connection, enum fsrv__path_form form,
			      struct fsrv__location *location)
{
	struct query query = {location, form};

	MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, add_argument, &query);
}
