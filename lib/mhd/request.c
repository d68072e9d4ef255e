/* Before 1.0 libmicrohttpd ends names and values at a NUL byte, ends the header section at a line that starts
 * with a NUL byte or a colon, and joins folded lines in a wrong way. None of that is told to the handler. But
 * the header section stays in libmicrohttpd's buffer, and is changed in known places only: a NUL byte
 * replaces each CR, LF and first colon of a line, and the blanks and the separators in the request line. So
 * the texts that the handler gets, one after the other, explain each byte of the section, unless a line was
 * read otherwise than RFC 9112 demands. Bytes are read only where addresses have shown that this is the
 * buffer. */
#include "mhd/request.h"

#include <stdint.h>
#include <string.h>

#include "http/accept.h"
#include "mhd/features.h"

#define VERSION_LENGTH 8 /* of "HTTP/1.1" */
#define LONGEST_END    4 /* of the last line and of the empty line after it, both with CRLF */

/* The header section. Positions are counted from its start, which is the method. Those of texts that lie
 * elsewhere are beyond its size. */
struct section {
	const char *start;
	size_t size; /* 0: the texts are not libmicrohttpd's, or it checks them itself */
	size_t version;
	size_t query_end; /* of what the arguments explain, with the NUL byte behind it */
	size_t line_end;  /* of the last line that is explained: where its CRLF was */
	bool has_fields;
	bool is_known; /* this is libmicrohttpd's buffer */
};

struct reading {
	struct fsrv__request *request;
	struct section section;
};

static size_t position(const struct section *section, const char *text)
{
	return (size_t)((uintptr_t)text - (uintptr_t)section->start);
}

static struct section find_section(struct MHD_Connection *connection, const struct fsrv__request_line *line)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct section section = {.start = line->method};

	section.version = position(&section, line->version);
	section.line_end = section.version + VERSION_LENGTH;
	if (!fsrv__mhd_checks_lines() && info != NULL && info->header_size > VERSION_LENGTH &&
	    section.version < info->header_size - VERSION_LENGTH)
		section.size = info->header_size;
	return section;
}

/* Fields that the program has set lie outside of the section, or repeat values that were explained before;
 * both are passed over. */
static void explain_line(struct section *section, struct fsrv__text name, struct fsrv__text value)
{
	size_t name_at = position(section, name.at), value_at = position(section, value.at);
	bool is_first = !section->has_fields;

	section->has_fields = true;
	if (value_at <= section->line_end || value_at >= section->size)
		return;
	if ((name_at == section->line_end + 1 || name_at == section->line_end + 2) &&
	    value_at > name_at + name.length && value.length < section->size - value_at) {
		section->line_end = value_at + value.length;
		section->is_known = true;
	}
	section->is_known = section->is_known || is_first;
}

/* libmicrohttpd compares the whole value with "chunked", and takes everything up to the end of the connection
 * for the content when blanks follow. */
static bool is_unknown_coding(struct fsrv__text name, struct fsrv__text value)
{
	return fsrv__text_is(name, "transfer-encoding") && value.length > 0 &&
	       fsrv__is_blank(value.at[value.length - 1]);
}

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
				 const char *value, size_t value_size)
{
	struct reading *reading = cls;
	struct fsrv__text field = {name, name_size};
	struct fsrv__text text = {value != NULL ? value : "", value_size};

	(void)kind;
	explain_line(&reading->section, field, text);
	if (is_unknown_coding(field, text))
		reading->request->is_misread = true;
	fsrv__request_add_field(reading->request, field, text);
	return MHD_YES;
}

static enum MHD_Result explain_argument(void *cls, enum MHD_ValueKind kind, const char *name,
					size_t name_size, const char *value, size_t value_size)
{
	struct section *section = cls;

	(void)kind;
	if (position(section, name) != section->query_end)
		return MHD_YES;
	section->query_end += name_size + 1;
	if (value != NULL && position(section, value) == section->query_end)
		section->query_end += value_size + 1;
	return MHD_YES;
}

static bool has_control_byte(const char *at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((at[i] > '\0' && at[i] < ' ') || at[i] == 0x7f)
			return true;
	return false;
}

/* Each NUL byte in the query is the place of a separator of arguments. One more at its end is that of a
 * question mark or an ampersand with nothing behind it. */
static bool query_is_explained(struct MHD_Connection *connection, struct section *section)
{
	size_t start = section->query_end;

	if (has_control_byte(section->start + start, section->version - start))
		return false;
	MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, explain_argument, section);
	return section->query_end == section->version || section->query_end + 1 == section->version;
}

/* The length of a target that was decoded is unknown: a NUL byte in it is not seen. */
static bool target_is_explained(struct MHD_Connection *connection, const struct fsrv__request_line *line,
				struct section *section)
{
	size_t target = strlen(section->start) + 1, url = position(section, line->url);
	const char *end;

	if (target >= section->version || section->start[target] == ' ')
		return false;
	end = memchr(section->start + target, '\0', section->version - target);
	if (end == NULL)
		return false;
	section->query_end = position(section, end) + 1;
	/* It is the method that was cut when the target starts behind another NUL byte. */
	if (url < section->version && url >= section->query_end)
		return false;
	return line->form == FSRV__PATH_DECODED || query_is_explained(connection, section);
}

/* Whether nothing stands behind the last line that is explained but its end and an empty line. */
static bool end_is_explained(const struct section *section)
{
	size_t rest = section->size - section->line_end;

	if (rest < 2 || rest > LONGEST_END)
		return false;
	for (size_t i = section->line_end; i < section->size; i++)
		if (section->start[i] != '\0')
			return false;
	return true;
}

/* Without fields the addresses of the request line and the size have to fit together, and the bytes behind
 * the version are not looked at. */
static bool is_explained(struct MHD_Connection *connection, const struct fsrv__request_line *line,
			 struct section *section)
{
	if (section->size == 0)
		return true;
	if (section->has_fields)
		return !section->is_known ||
		       (end_is_explained(section) && target_is_explained(connection, line, section));
	return position(section, line->url) != strlen(line->method) + 1 ||
	       section->size - section->line_end > LONGEST_END ||
	       target_is_explained(connection, line, section);
}

bool fsrv__request_has_content(struct MHD_Connection *connection)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length") != NULL ||
	       MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding") != NULL;
}

void fsrv__request_read(struct MHD_Connection *connection, const struct fsrv__request_line *line,
			struct fsrv__request *request)
{
	struct reading reading = {request, find_section(connection, line)};

	*request = (struct fsrv__request){.method = fsrv__method_parse(line->method)};
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_field, &reading);
	if (!is_explained(connection, line, &reading.section))
		request->is_misread = true;
	fsrv__request_end(request, strcmp(line->version, MHD_HTTP_VERSION_1_0) != 0);
}

static enum MHD_Result add_coding(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
				  const char *value, size_t value_size)
{
	(void)kind;
	if (value != NULL && fsrv__text_is((struct fsrv__text){name, name_size}, "accept-encoding"))
		fsrv__accept_encoding_add(cls, (struct fsrv__text){value, value_size});
	return MHD_YES;
}

void fsrv__request_read_codings(struct MHD_Connection *connection, struct fsrv__coding_order *order)
{
	struct fsrv__accept_encoding accept = {{0}, 0, 0};

	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_coding, &accept);
	fsrv__accept_encoding_rank(&accept, order);
}

static enum MHD_Result look_for_html(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	bool *accepts = cls;

	(void)kind;
	if (value != NULL && fsrv__names_match(name, "accept"))
		*accepts |= fsrv__accept_names_html((struct fsrv__text){value, strlen(value)});
	return MHD_YES;
}

bool fsrv__request_accepts_html(struct MHD_Connection *connection)
{
	bool accepts = false;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, look_for_html, &accepts);
	return accepts;
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
