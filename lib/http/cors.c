#include "http/cors.h"

#include <string.h>

static bool is_every_origin(const char *origin)
{
	return strcmp(origin, "*") == 0;
}

/* The bytes of a scheme or a host with its port, as browsers serialize them. */
static bool has_only(const char *text, size_t length, const char *others)
{
	for (size_t i = 0; i < length; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') && !fsrv__is_digit(text[i]) &&
		    !fsrv__is_one_of(text[i], others))
			return false;
	return length > 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool has_default_port(const char *origin)
{
	return (strncmp(origin, "http:", 5) == 0 && ends_with(origin, ":80")) ||
	       (strncmp(origin, "https:", 6) == 0 && ends_with(origin, ":443"));
}

const char *fsrv__cors_check_origin(const char *origin, size_t n_origins)
{
	size_t scheme = strcspn(origin, ":");
	const char *host = origin + scheme;

	if (is_every_origin(origin))
		return n_origins == 1 ? NULL : "* is every origin; give it alone";
	if (strcmp(origin, "null") == 0)
		return NULL;
	if (strncmp(host, "://", 3) != 0 || !has_only(origin, scheme, "+-.") ||
	    !has_only(host + 3, strlen(host + 3), "-._:[]"))
		return "it is no origin as a browser sends it; write scheme://host or scheme://host:port in "
		       "lower case, without a path, or * for every origin";
	return has_default_port(origin) ? "browsers leave the default port away; do the same" : NULL;
}

void fsrv__cors_request_add_field(struct fsrv__cors_request *request, struct fsrv__text name,
				  struct fsrv__text value)
{
	struct fsrv__single_field *field;

	if (fsrv__text_is(name, "origin"))
		field = &request->origin;
	else if (fsrv__text_is(name, "access-control-request-method"))
		field = &request->requested_method;
	else
		return;
	field->n_lines++;
	field->value = fsrv__text_trim(value);
}

/* The value of Access-Control-Allow-Origin; NULL when an origin may not read. */
static const char *allowed_origin(const struct fsrv__cors *cors, struct fsrv__text origin)
{
	if (is_every_origin(cors->origins[0]))
		return "*";
	for (size_t i = 0; origin.at != NULL && i < cors->n_origins; i++)
		if (origin.length == strlen(cors->origins[i]) &&
		    memcmp(origin.at, cors->origins[i], origin.length) == 0)
			return cors->origins[i];
	return NULL;
}

bool fsrv__cors_allows(const struct fsrv__cors *cors, struct fsrv__text origin)
{
	return allowed_origin(cors, origin) != NULL;
}

/* OPTIONS alone gives 204. */
static bool is_preflight(const struct fsrv__cors_request *request, const struct fsrv__plan *plan)
{
	return plan->status == 204 && request->origin.n_lines > 0 && request->requested_method.n_lines > 0;
}

void fsrv__cors_add_headers(const struct fsrv__cors *cors, const struct fsrv__cors_request *request,
			    struct fsrv__plan *plan)
{
	const char *origin = allowed_origin(cors, fsrv__single_field_value(&request->origin));

	/* For caches: also an answer that names no origin depends on it. */
	if (!is_every_origin(cors->origins[0]))
		fsrv__plan_add_header(plan, "Vary", "Origin");
	if (origin == NULL)
		return;
	fsrv__plan_add_header(plan, "Access-Control-Allow-Origin", origin);
	if (is_preflight(request, plan)) {
		fsrv__plan_add_header(plan, "Access-Control-Allow-Methods", "GET, HEAD");
		fsrv__plan_add_header(plan, "Access-Control-Allow-Headers",
				      "Range, If-Range, If-None-Match, If-Match, If-Modified-Since, "
				      "If-Unmodified-Since");
		fsrv__plan_add_header(plan, "Access-Control-Max-Age", "600");
	} else {
		fsrv__plan_add_header(plan, "Access-Control-Expose-Headers",
				      "Content-Range, Accept-Ranges, Content-Length, ETag, Content-Encoding");
	}
}
