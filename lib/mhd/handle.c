#include "mhd/handler.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "http/location.h"

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
	uint64_t started;
	uint64_t number;
	struct fsrv__wish wish;
	struct fsrv__sight sight;
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

static struct fsrv__text ask_for_tag(const struct exchange *x, char *opaque, size_t size)
{
	struct fsrv__text chosen = {opaque, 0};

	chosen.length = x->fs->etag_function(x->fs->etag_function_cls, x->sight.file.fd, x->sight.path.text, opaque, size);
	if (chosen.length == 0 || chosen.length > size || !fsrv__validators_accept_opaque(chosen))
		chosen.at = NULL;
	return chosen;
}

static void describe_file(struct exchange *x)
{
	char opaque[FSRV__ETAG_OPAQUE_MAX];
	struct fsrv__text chosen = {NULL, 0};
	const struct fsrv__content *content = x->sight.content;
	struct fsrv__representation *representation = &x->representation;

	if (x->fs->etag_function != NULL)
		chosen = ask_for_tag(x, opaque, sizeof(opaque));
	fsrv__validators_make(&x->sight.file.identity, x->now, x->fs->etag_source, chosen,
			      &representation->validators);
	representation->size = content != NULL ? content->length : x->sight.file.identity.size;
	representation->media_type = fsrv__media_type(x->fs, &x->sight.path);
	representation->cache_control = x->fs->cache_control;
	if (content != NULL && content->scripts_hash != 0) {
		representation->media_type = content->media_type;
		fsrv__validators_combine(&representation->validators, content->scripts_hash, content->scripts_time,
					 x->now.seconds);
	}
	x->target.file = representation;
}

static void note_wish(struct exchange *x)
{
	const struct fsrv__request *request = &x->request;
	bool is_conditional = request->if_match.n_lines + request->if_none_match.n_lines +
				      request->if_modified_since.n_lines + request->if_unmodified_since.n_lines >
			      0;

	x->wish.bytes = request->method == FSRV__GET && !is_conditional;
	x->wish.facts = request->method == FSRV__HEAD || is_conditional;
	x->wish.file = false;
}

/* False when it is not worth to look for a file. */
static bool read_target(struct exchange *x)
{
	struct fsrv__text target = {x->url, strlen(x->url)};

	x->sight.file.fd = -1;
	x->sight.content = NULL;
	switch (fsrv__path_parse(target, x->form, &x->sight.path)) {
	case FSRV__PATH_MALFORMED:
		x->sight.outcome = FSRV__TARGET_MALFORMED;
		return false;
	case FSRV__PATH_NOWHERE:
		x->sight.outcome = FSRV__TARGET_MISSING;
		return false;
	case FSRV__PATH_OK:
		break;
	}
	x->sight.asked = x->sight.path.length;
	x->sight.outcome = FSRV__TARGET_MISSING;
	return x->fs->serves_hidden || !fsrv__path_is_hidden(&x->sight.path);
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

	fsrv__location_start(location, fsrv__path_name(&x->sight.path));
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
		.path = is_file ? x->sight.path.text : NULL,
		.offset = has_slice ? x->plan.offset : 0,
		.length = has_slice ? x->plan.length : 0,
		.size = is_file ? x->representation.size : 0,
		.status = x->plan.status,
		.root = is_file ? x->sight.file.root : -1,
		.request = x->number,
	};

	fsrv__count(&x->fs->counters.requests, 1);
	fsrv__count(&x->fs->counters.responses[x->plan.status], 1);
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

static enum fsrv__respond_result make_response(struct exchange *x, struct MHD_Response **response)
{
	struct fsrv__answer answer = {.fs = x->fs, .connection = x->connection, .plan = &x->plan,
				      .request = x->number, .started = x->started};
	enum fsrv__respond_result result;

	answer.socket = fsrv__socket_of(x->connection);
	if (x->target.outcome == FSRV__FOUND_FILE)
		answer.sight = &x->sight;
	fsrv__plan_make(&x->request, x->http_1_1, &x->target, x->now.seconds, &x->plan);
	result = fsrv__response_make(&answer);
	*response = answer.response;
	return result;
}

/* The answer when the one that was planned cannot be made. */
static enum MHD_Result give_up(struct exchange *x, enum fsrv__outcome outcome)
{
	struct MHD_Response *response;

	x->target.outcome = outcome;
	/* The completion of the other one, as far as it got, has told its number. */
	x->number = fsrv__count(&x->fs->last_number, 1);
	if (make_response(x, &response) != FSRV__RESPOND_OK)
		return MHD_NO;
	return queue(x, response);
}

static bool is_served(const struct exchange *x)
{
	return (x->request.method == FSRV__GET || x->request.method == FSRV__HEAD) &&
	       !fsrv__request_is_malformed(&x->request, x->http_1_1);
}

enum step { ANSWERED, AGAIN, SUSPENDED };

/* Looks for the file, here or, when that could take a while, on a worker. */
static enum step look(struct exchange *x)
{
	bool may_suspend = fsrv__may_suspend(x->fs, x->connection);

	if (!read_target(x))
		return ANSWERED;
	if (may_suspend && !x->wish.file && fsrv__offload_take(x->fs, x->connection, &x->sight))
		return ANSWERED;
	switch (fsrv__look(x->fs, &x->wish, may_suspend ? FSRV__CACHED_ONLY : FSRV__MAY_WAIT, &x->sight)) {
	case FSRV__LOOK_DONE:
		return ANSWERED;
	case FSRV__LOOK_CHANGED:
		return AGAIN;
	case FSRV__LOOK_MUST_WAIT:
		break;
	}
	if (fsrv__offload_begin(x->fs, x->connection, &x->wish, &x->sight))
		return SUSPENDED;
	x->sight.outcome = FSRV__OVERLOADED;
	return ANSWERED;
}

static void note_target(struct exchange *x)
{
	x->now = x->sight.time;
	x->target = (struct fsrv__target){.outcome = x->sight.outcome};
	if (x->sight.outcome == FSRV__FOUND_FILE)
		describe_file(x);
}

static enum MHD_Result pass_on(struct exchange *x)
{
	fsrv__guard_forget(x->fs->guard, fsrv__socket_of(x->connection), FSRV_ENDING_COMPLETE);
	return x->fs->fallback(x->fs->fallback_cls, x->connection, x->url, x->method, x->version, x->upload_data,
			       x->upload_data_size, x->con_cls);
}

/* Answers by what was seen; AGAIN when the files have to be looked at once more. */
static enum step respond(struct exchange *x, enum MHD_Result *result)
{
	struct fsrv__location location;
	struct MHD_Response *response;

	note_target(x);
	if (x->target.outcome == FSRV__FOUND_DIRECTORY)
		point_to_directory(x, &location);
	switch (make_response(x, &response)) {
	case FSRV__RESPOND_OK:
		*result = queue(x, response);
		break;
	case FSRV__RESPOND_NEEDS_FILE:
		/* What was known was not all that it takes. */
		fsrv__uncount(&x->fs->counters.cache_hits, 1);
		x->wish.file = true;
		x->wish.bytes = true;
		return AGAIN;
	case FSRV__RESPOND_CHANGED:
		return AGAIN;
	case FSRV__RESPOND_UNREADABLE:
		*result = give_up(x, FSRV__BROKEN);
		break;
	case FSRV__RESPOND_REFUSED:
		fsrv__count(&x->fs->counters.refused, 1);
		*result = give_up(x, FSRV__OVERLOADED);
		break;
	case FSRV__RESPOND_NO_MEMORY:
		*result = give_up(x, FSRV__OVERLOADED);
		break;
	}
	return ANSWERED;
}

static enum step answer_once(struct exchange *x, enum MHD_Result *result)
{
	enum step step = ANSWERED;

	x->sight.outcome = FSRV__TARGET_MISSING;
	x->sight.time = fsrv__time_now();
	x->sight.file.fd = -1;
	x->sight.content = NULL;
	if (is_served(x))
		step = look(x);
	if (step != ANSWERED)
		return step;
	if (x->sight.outcome == FSRV__TARGET_MISSING && x->fs->fallback != NULL && is_served(x)) {
		*result = pass_on(x);
		return ANSWERED;
	}
	step = respond(x, result);
	fsrv__sight_clear(x->fs, &x->sight);
	return step;
}

static enum MHD_Result answer(struct exchange *x)
{
	x->form = atomic_load_explicit(&x->fs->url_is_raw, memory_order_relaxed) ? FSRV__PATH_RAW : FSRV__PATH_DECODED;
	x->http_1_1 = strcmp(x->version, MHD_HTTP_VERSION_1_0) != 0;
	x->started = fsrv__monotonic();
	fsrv__request_read(x->connection, x->method, &x->request);
	note_wish(x);
	x->number = fsrv__count(&x->fs->last_number, 1);
	/* One look more for a file that turns out to be needed open. */
	for (int looks = 0; looks <= FSRV__MAX_LOOKS; looks++) {
		enum MHD_Result result = MHD_YES;

		switch (answer_once(x, &result)) {
		case ANSWERED:
			return result;
		case SUSPENDED:
			return MHD_YES;
		case AGAIN:
			break;
		}
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
