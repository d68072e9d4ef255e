#include "mhd/request.h"

#include <stdint.h>

/* A request while its fields are read. */
struct reading {
	struct fsrv__request *request;
	uintptr_t start, end; /* of the header section in libmicrohttpd's buffer */
};

/* Before 1.0 libmicrohttpd ends a value at a NUL byte, so "bytes=0-4<NUL>,9" becomes a range that nobody
 * sent. It also writes two NUL bytes over the CRLF of each line. So any other byte behind the end of a value
 * means that the value was cut, or that its line ended in a bare LF; such lines are obsolete, and to ignore
 * their Range is right too. The program may set fields of its own, whose values lie elsewhere: the bytes
 * behind those are not looked at. */
static bool was_cut(const struct reading *reading, struct fsrv__text value)
{
	uintptr_t start = (uintptr_t)value.at;

	return MHD_get_version()[0] == '0' && start > reading->start &&
	       start + value.length + 1 < reading->end && value.at[value.length + 1] != '\0';
}

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
				 const char *value, size_t value_size)
{
	const struct reading *reading = cls;
	struct fsrv__text field = {name, name_size};
	struct fsrv__text text = {value != NULL ? value : "", value_size};

	(void)kind;
	/* With the NUL byte in it the value is no range, and is ignored. */
	if (text.length > 0 && fsrv__text_is(field, "range") && was_cut(reading, text))
		text.length++;
	fsrv__request_add_field(reading->request, field, text);
	return MHD_YES;
}

/* The method is what the buffer starts with, unless the program passes another one: then no value lies
 * between start and end. */
void fsrv__request_read(struct MHD_Connection *connection, const char *method, struct fsrv__request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct reading reading = {request, (uintptr_t)method, (uintptr_t)method};

	if (info != NULL)
		reading.end += info->header_size;
	*request = (struct fsrv__request){.method = fsrv__method_parse(method)};
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_field, &reading);
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
