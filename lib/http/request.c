/* The table of header fields that matter; all others are dropped. Values are borrowed, never copied.
 * */
#include "http/request.h"

#include <stddef.h>
#include <string.h>

enum kind { SINGLE, LIST };

/* Most fields of a request matter to nobody, and most of those differ in length from each of these. */
#define FIELD(name, kind, member)                                                                            \
	{                                                                                                    \
		name, sizeof(name) - 1, kind, offsetof(struct fsrv__request, member)                         \
	}

static const struct {
	const char *name;
	size_t length;
	enum kind kind;
	size_t offset;
} fields[] = {
	FIELD("host", SINGLE, host),
	FIELD("range", SINGLE, range),
	FIELD("if-range", SINGLE, if_range),
	FIELD("if-match", LIST, if_match),
	FIELD("if-none-match", LIST, if_none_match),
	FIELD("if-modified-since", SINGLE, if_modified_since),
	FIELD("if-unmodified-since", SINGLE, if_unmodified_since),
	FIELD("content-length", SINGLE, content_length),
	FIELD("transfer-encoding", SINGLE, transfer_encoding),
};

enum fsrv__method fsrv__method_parse(const char *name)
{
	if (strcmp(name, "GET") == 0)
		return FSRV__GET;
	if (strcmp(name, "HEAD") == 0)
		return FSRV__HEAD;
	if (strcmp(name, "OPTIONS") == 0)
		return FSRV__OPTIONS;
	return FSRV__OTHER_METHOD;
}

/* RFC 9110, 5.5. */
static bool has_line_break_or_nul(struct fsrv__text value)
{
	return value.length > 0 &&
	       (memchr(value.at, '\r', value.length) != NULL ||
		memchr(value.at, '\n', value.length) != NULL || memchr(value.at, '\0', value.length) != NULL);
}

static void add_single(struct fsrv__single_field *field, struct fsrv__text value)
{
	field->n_lines++;
	field->value = fsrv__text_trim(value);
}

static void add_list(struct fsrv__list_field *field, struct fsrv__text value)
{
	if (field->n_lines < FSRV__LIST_LINES)
		field->lines[field->n_lines++] = value;
}

void fsrv__request_add_field(struct fsrv__request *request, struct fsrv__text name, struct fsrv__text value)
{
	if (!fsrv__text_is_token(name)) {
		request->has_bad_name = true;
		return;
	}
	if (has_line_break_or_nul(value)) {
		request->has_bad_value = true;
		return;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		void *field = (char *)request + fields[i].offset;

		if (name.length != fields[i].length || !fsrv__text_is(name, fields[i].name))
			continue;
		request->n_lines++;
		if (fields[i].kind == SINGLE)
			add_single(field, value);
		else
			add_list(field, value);
		return;
	}
}

/* Its bytes, not its grammar: fsrv never uses the value. */
static bool is_host(struct fsrv__text host)
{
	return fsrv__text_span(host, FSRV__HOST_BYTE) == host.length;
}

/* Whether it is unclear where the content ends and the next request starts (RFC 9112, 6.3): with two lengths,
 * with a length and a coding, or with a coding other than chunked. */
static bool has_unclear_end(const struct fsrv__request *request)
{
	unsigned n_codings = request->transfer_encoding.n_lines;

	return request->content_length.n_lines + n_codings > 1 ||
	       (n_codings == 1 && !fsrv__text_is(request->transfer_encoding.value, "chunked"));
}

void fsrv__request_end(struct fsrv__request *request, bool http_1_1)
{
	request->is_malformed = request->has_bad_name || request->has_bad_value || request->is_misread ||
				request->host.n_lines > 1 || (http_1_1 && request->host.n_lines == 0) ||
				!is_host(request->host.value) || has_unclear_end(request);
	request->is_last = request->is_malformed || request->transfer_encoding.n_lines > 0;
}

bool fsrv__request_is_conditional(const struct fsrv__request *request)
{
	return request->if_match.n_lines + request->if_none_match.n_lines +
		       request->if_modified_since.n_lines + request->if_unmodified_since.n_lines >
	       0;
}

/* Lines are counted, so that no field that is added to the table can be forgotten here. If-Modified-Since is
 * ignored beside If-None-Match (RFC 9110, 13.1.3). */
bool fsrv__request_is_plain(const struct fsrv__request *request, struct fsrv__text *if_none_match)
{
	const struct fsrv__list_field *list = &request->if_none_match;
	unsigned n_ignored = list->n_lines > 0 ? request->if_modified_since.n_lines : 0;

	*if_none_match = list->n_lines > 0 ? list->lines[0] : (struct fsrv__text){NULL, 0};
	return (request->method == FSRV__GET || request->method == FSRV__HEAD) && !request->is_malformed &&
	       !request->is_last && list->n_lines <= 1 &&
	       request->n_lines == request->host.n_lines + list->n_lines + n_ignored;
}

struct fsrv__text fsrv__single_field_value(const struct fsrv__single_field *field)
{
	return field->n_lines == 1 ? field->value : (struct fsrv__text){NULL, 0};
}
