#include "mhd/handler.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "core/location.h"
#include "core/mime.h"

/* A file that is rewritten all the time is looked up anew this often before the answer is 503. */
#define MAX_LOOKUPS 3

/* Its address in con_cls says that the first call has been. */
static char first_call_is_over;

/* One request on its way from the target to the answer. */
struct exchange {
	struct fsrv *fs;
	struct MHD_Connection *connection;
	const char *url;
	const char *method;
	const char *version;
	const char *upload_data;
	size_t *upload_data_size;
	void **con_cls;
	bool http_1_1;
	enum fsrv__path_form form;
	struct fsrv__time now;
	struct fsrv__request request;
	struct fsrv__path path;
	struct fsrv__file file;
	struct fsrv__page *page; /* in place of the file, or NULL */
	struct fsrv__representation representation;
	struct fsrv__target target;
	struct fsrv__plan plan;
};

void fsrv__log(const struct fsrv *fs, const char *format, ...)
{
	char line[512];
	va_list arguments;

	if (fs->log == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fs->log(fs->log_cls, line);
}

size_t fsrv_keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

static const char *media_type_of(const struct fsrv *fs, const char *name)
{
	const char *extension = fsrv__mime_extension(name);

	for (size_t i = 0; extension != NULL && i < fs->n_types; i++)
		if (strcasecmp(extension, fs->types[i].extension) == 0)
			return fs->types[i].media_type;
	return fsrv__mime_type(extension);
}

static void describe_file(struct exchange *x)
{
	char opaque[FSRV__ETAG_OPAQUE_MAX];
	struct fsrv__text chosen = {NULL, 0};

	if (x->fs->etag_function != NULL) {
		chosen.length = x->fs->etag_function(x->fs->etag_function_cls, x->file.fd, x->path.text, opaque,
						     sizeof(opaque));
		if (chosen.length > 0 && chosen.length <= sizeof(opaque))
			chosen.at = opaque;
		if (chosen.at != NULL && !fsrv__validators_accept_opaque(chosen))
			chosen.at = NULL;
	}
	fsrv__validators_make(&x->file.identity, x->now, x->fs->etag_source, chosen, &x->representation.validators);
	x->representation.size = x->file.identity.size;
	x->representation.media_type = media_type_of(x->fs, fsrv__path_name(&x->path));
	x->representation.cache_control = x->fs->cache_control;
	x->target.file = &x->representation;
}

static void log_trouble(const struct exchange *x, int error)
{
	char text[128];

	if (x->target.outcome == FSRV__OVERLOADED || x->target.outcome == FSRV__BROKEN)
		fsrv__log(x->fs, "%s: %s", x->path.text, strerror_r(error, text, sizeof(text)));
}

static void find_target(struct exchange *x)
{
	struct fsrv__text target = {x->url, strlen(x->url)};

	x->file.fd = -1;
	x->file.root = -1;
	switch (fsrv__path_parse(target, x->form, &x->path)) {
	case FSRV__PATH_MALFORMED:
		x->target.outcome = FSRV__TARGET_MALFORMED;
		return;
	case FSRV__PATH_NOWHERE:
		x->target.outcome = FSRV__TARGET_MISSING;
		return;
	case FSRV__PATH_OK:
		break;
	}
	if (!x->fs->serves_hidden && fsrv__path_is_hidden(&x->path)) {
		x->target.outcome = FSRV__TARGET_MISSING;
		return;
	}
	x->target.outcome = fsrv__roots_find(&x->fs->roots, &x->path, &x->file);
	log_trouble(x, errno);
	if (x->target.outcome == FSRV__FOUND_FILE)
		describe_file(x);
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

static void point_to_directory(struct exchange *x, struct fsrv__location *location)
{
	struct query query = {location, x->form};

	fsrv__location_start(location, fsrv__path_name(&x->path));
	MHD_get_connection_values_n(x->connection, MHD_GET_ARGUMENT_KIND, add_argument, &query);
	if (location->too_long)
		x->target.outcome = FSRV__TARGET_TOO_LONG;
	x->target.location = location->text;
}

static void report_access(const struct exchange *x)
{
	bool is_file = x->target.outcome == FSRV__FOUND_FILE;
	bool has_slice = x->plan.content == FSRV__CONTENT_SLICE;
	struct fsrv_access access = {
		.method = x->method,
		.target = x->url,
		.path = is_file ? x->path.text : NULL,
		.offset = has_slice ? x->plan.offset : 0,
		.length = has_slice ? x->plan.length : 0,
		.size = is_file ? x->representation.size : 0,
		.status = x->plan.status,
		.root = is_file ? x->file.root : -1,
	};

	if (x->fs->access != NULL)
		x->fs->access(x->fs->access_cls, &access);
}

static enum MHD_Result queue(struct exchange *x, struct MHD_Response *response)
{
	enum MHD_Result queued;

	report_access(x);
	queued = MHD_queue_response(x->connection, x->plan.status, response);
	MHD_destroy_response(response);
	return queued;
}

/* The answer when the one that was planned cannot be made. */
static enum MHD_Result give_up(struct exchange *x, enum fsrv__outcome outcome)
{
	struct MHD_Response *response;

	x->target.outcome = outcome;
	fsrv__plan_make(&x->request, x->http_1_1, &x->target, x->now.seconds, &x->plan);
	if (fsrv__response_make(x->fs, x->connection, &x->plan, NULL, NULL, &response) != FSRV__RESPOND_OK)
		return MHD_NO;
	return queue(x, response);
}

static bool is_served(const struct exchange *x)
{
	return (x->request.method == FSRV__GET || x->request.method == FSRV__HEAD) &&
	       !fsrv__request_is_malformed(&x->request, x->http_1_1);
}

static void look_up(struct exchange *x)
{
	struct timespec now;

	/* The clock of file systems and of the Date field. */
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	x->now = (struct fsrv__time){now.tv_sec, (uint32_t)now.tv_nsec};
	x->target = (struct fsrv__target){.outcome = FSRV__TARGET_MISSING};
	if (is_served(x))
		find_target(x);
}

/* Makes the response that one look at the files gives. */
static enum fsrv__respond_result make_response(struct exchange *x, struct MHD_Response **response)
{
	bool is_file = x->target.outcome == FSRV__FOUND_FILE;
	enum fsrv__respond_result result = FSRV__RESPOND_OK;

	x->page = NULL;
	if (is_file)
		result = fsrv__page_prepare(x->fs, x->path.text, &x->file, x->now.seconds, &x->representation,
					    &x->page);
	if (result != FSRV__RESPOND_OK) {
		close(x->file.fd);
		return result;
	}
	fsrv__plan_make(&x->request, x->http_1_1, &x->target, x->now.seconds, &x->plan);
	result = fsrv__response_make(x->fs, x->connection, &x->plan, is_file ? &x->file : NULL, x->page, response);
	fsrv__page_release(x->page);
	return result;
}

/* MHD_NO with changed set when the files have to be looked at again, because one of them changed
 * meanwhile. */
static enum MHD_Result answer_once(struct exchange *x, bool *changed)
{
	struct fsrv__location location;
	struct MHD_Response *response;

	look_up(x);
	if (x->target.outcome == FSRV__TARGET_MISSING && x->fs->fallback != NULL && is_served(x)) {
		fsrv__guard_forget(x->fs->guard, fsrv__socket_of(x->connection));
		return x->fs->fallback(x->fs->fallback_cls, x->connection, x->url, x->method, x->version,
				       x->upload_data, x->upload_data_size, x->con_cls);
	}
	if (x->target.outcome == FSRV__FOUND_DIRECTORY)
		point_to_directory(x, &location);
	switch (make_response(x, &response)) {
	case FSRV__RESPOND_OK:
		return queue(x, response);
	case FSRV__RESPOND_CHANGED:
		*changed = true;
		return MHD_NO;
	case FSRV__RESPOND_UNREADABLE:
		return give_up(x, FSRV__BROKEN);
	case FSRV__RESPOND_NO_MEMORY:
		break;
	}
	return give_up(x, FSRV__OVERLOADED);
}

static enum MHD_Result answer(struct exchange *x)
{
	x->form = atomic_load_explicit(&x->fs->url_is_raw, memory_order_relaxed) ? FSRV__PATH_RAW : FSRV__PATH_DECODED;
	x->http_1_1 = strcmp(x->version, MHD_HTTP_VERSION_1_0) != 0;
	fsrv__request_read(x->connection, x->method, &x->request);
	for (int lookups = 0; lookups < MAX_LOOKUPS; lookups++) {
		bool changed = false;
		enum MHD_Result result = answer_once(x, &changed);

		if (!changed)
			return result;
	}
	return give_up(x, FSRV__OVERLOADED);
}

/* Whether to answer before any content is read, which closes the connection: for methods that are
 * refused, and when two lengths or an unknown coding leave open where the next request starts (RFC 9112, 11.2). */
static bool is_refused_early(struct MHD_Connection *connection, const char *method)
{
	struct fsrv__request request;

	if (fsrv__method_parse(method) == FSRV__OTHER_METHOD)
		return true;
	if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH) == NULL &&
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) == NULL)
		return false;
	fsrv__request_read(connection, method, &request);
	return fsrv__request_is_malformed(&request, false);
}

enum MHD_Result fsrv_handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
			    const char *version, const char *upload_data, size_t *upload_data_size, void **con_cls)
{
	struct exchange x;

	if (*con_cls == NULL && !is_refused_early(connection, method)) {
		*con_cls = &first_call_is_over;
		return MHD_YES;
	}
	if (*con_cls != NULL && *upload_data_size > 0) {
		*upload_data_size = 0;
		return MHD_YES;
	}
	x.fs = cls;
	x.connection = connection;
	x.url = url;
	x.method = method;
	x.version = version;
	x.upload_data = upload_data;
	x.upload_data_size = upload_data_size;
	x.con_cls = con_cls;
	return answer(&x);
}
