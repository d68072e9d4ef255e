/* fsrv_handle: one request on its way from the target to the answer. Here the stages are called, in order;
 * none of them calls an earlier one. */
#include "mhd/handle.h"

#include <string.h>

#include "http/mime.h"
#include "fs/clock.h"
#include "mhd/guard.h"
#include "mhd/handler.h"
#include "mhd/offload.h"
#include "mhd/representation.h"
#include "mhd/request.h"
#include "mhd/resource.h"
#include "mhd/response.h"
#include "mhd/search.h"

/* Its address in *con_cls says that the first call of a request has been. */
static char first_call_is_over;

/* What libmicrohttpd passes to an access handler. */
struct call {
	struct MHD_Connection *connection;
	const char *url, *method, *version, *upload_data;
	size_t *upload_data_size;
	void **con_cls;
};

struct exchange {
	struct fsrv *fs;
	struct call call;
	enum fsrv__path_form form;
	struct fsrv__request request;
	/* The program chose what to serve, whose path is that of found: NULL for nothing, or when what it
	 * holds was taken. */
	bool is_chosen;
	const struct fsrv_resource *resource;
	const char *refusal; /* of the resource, for the log; NULL: none */
	bool has_path;       /* the target was parsed, and is one */
	bool needs_accept;   /* Accept decides what takes the place of a missing name */
	uint64_t started;    /* by fsrv__clock_nanoseconds */
	uint64_t number;     /* of the answer */
	struct fsrv__lookup_needs needs;
	struct fsrv__lookup_result found;
	struct fsrv__representation representation;
	struct fsrv__target target;
	struct fsrv__prepared_case of; /* in which answer.prepared may have a response */
	struct fsrv__plan plan;
	struct fsrv__answer answer;
};

/* A connection that can only be waited for by all others follows nothing. */
static enum fsrv__follow choose_follow(const struct exchange *x)
{
	enum fsrv__follow follow = x->fs->n_follow > 0 ? FSRV__FOLLOW_BY_RULE : FSRV__FOLLOW_NONE;

	if (x->resource != NULL && (x->resource->flags & FSRV_RESOURCE_FOLLOW) != 0)
		follow = FSRV__FOLLOW_CHOSEN;
	if (follow != FSRV__FOLLOW_NONE && !fsrv__connection_may_follow(x->call.connection, &x->fs->wake))
		return FSRV__FOLLOW_NONE;
	return follow;
}

static void set_needs(struct exchange *x)
{
	const struct fsrv__request *request = &x->request;
	bool is_conditional = fsrv__request_is_conditional(request);

	x->needs.facts_may_suffice = request->method == FSRV__HEAD || is_conditional;
	x->needs.media_type = request->method == FSRV__HEAD;
	x->needs.descriptor = false;
	x->needs.whole = false;
	x->needs.sidecar = NULL;
	if (x->fs->is_precompressed)
		fsrv__request_read_codings(x->call.connection, &x->needs.codings);
	x->needs_accept = false;
	x->needs.follow = choose_follow(x);
}

/* False when no file is to be looked up: the outcome is known then. */
static bool parse_target(struct exchange *x)
{
	struct fsrv__text target = {x->call.url, strlen(x->call.url)};

	switch (fsrv__path_parse(target, x->form, &x->found.path)) {
	case FSRV__PATH_MALFORMED:
		x->found.outcome = FSRV__TARGET_MALFORMED;
		return false;
	case FSRV__PATH_IMPOSSIBLE:
		return false;
	case FSRV__PATH_OK:
		break;
	}
	switch (fsrv__path_remove_prefix(&x->found.path, x->fs->prefix)) {
	case FSRV__PREFIX_ABSENT:
		return false;
	case FSRV__PREFIX_ALONE:
		x->found.outcome = FSRV__FOUND_DIRECTORY;
		return false;
	case FSRV__PREFIX_REMOVED:
		break;
	}
	x->has_path = true;
	x->found.requested_length = x->found.path.length;
	return x->fs->serves_hidden || !fsrv__path_is_hidden(&x->found.path);
}

/* The same for what the program chose. */
static bool check_resource(struct exchange *x)
{
	if (x->refusal == NULL)
		return x->resource != NULL;
	fsrv__log_line(&x->fs->log, "fsrv_serve: %s", x->refusal);
	x->found.outcome = FSRV__BROKEN;
	return false;
}

/* Takes what the program gives, which needs no lookup of a name. False when memory or descriptors lack. */
static bool take_given(struct exchange *x)
{
	const struct fsrv_resource *resource = x->resource;

	if (resource == NULL || resource->kind == FSRV_RESOURCE_PATH)
		return true;
	x->resource = NULL;
	return fsrv__resource_give(x->fs, resource, &x->found);
}

static void report_access(const struct exchange *x)
{
	bool is_file = x->target.outcome == FSRV__FOUND_FILE;
	bool has_slice = fsrv__plan_sends_file(&x->plan);
	bool has_parts = x->plan.content == FSRV__CONTENT_MULTIPART;
	struct fsrv_access access = {
		.method = x->call.method,
		.target = x->call.url,
		.path = is_file ? x->found.path.text : NULL,
		.offset = has_slice ? x->plan.offset : 0,
		.length = has_slice ? x->plan.length : 0,
		.size = is_file ? x->representation.size : 0,
		.status = x->plan.status,
		.root = is_file ? x->found.file.root : -1,
		.request = x->number,
		.n_parts = has_parts ? x->plan.multipart.n_parts : 0,
	};

	fsrv__count(&x->fs->counters.requests, 1);
	fsrv__count(&x->fs->counters.responses[x->plan.status], 1);
	if (x->fs->access != NULL)
		x->fs->access(x->fs->access_cls, &access);
}

/* The access is reported before the end of the answer can be. */
static enum MHD_Result queue(struct exchange *x)
{
	if (MHD_queue_response(x->call.connection, x->plan.status, x->answer.response) != MHD_YES) {
		fsrv__response_discard(&x->answer);
		return MHD_NO;
	}
	report_access(x);
	fsrv__response_begin(&x->answer);
	return MHD_YES;
}

/* What a program decides its header fields by. Where no file is served the path has to be that of the target:
 * a lookup may have appended the name of an index page, and other methods look nothing up. */
static struct fsrv_response describe_response(struct exchange *x)
{
	const struct fsrv__representation *file = x->target.file;
	const struct fsrv__content *content = x->found.content;

	x->has_path = file != NULL;
	if (file == NULL)
		parse_target(x);
	return (struct fsrv_response){
		.method = x->call.method,
		.target = x->call.url,
		.path = x->has_path ? x->found.path.text : "",
		.media_type = file != NULL ? file->media_type : NULL,
		.status = x->plan.status,
		.root = file != NULL ? x->found.file.root : -1,
		.is_page = file != NULL && fsrv__mime_is_html(file->media_type),
		.has_scripts = file != NULL && content != NULL && content->has_scripts,
	};
}

static enum fsrv__answer_result add_own_headers(struct exchange *x)
{
	struct fsrv__own_fields_case of = {x->call.connection, describe_response(x)};
	struct fsrv_fields fields;

	fsrv__own_fields_apply(x->fs->own_fields, &x->fs->log, &of, &x->plan, &fields);
	return fsrv__response_add_headers(&x->answer);
}

/* Where responses to such requests are kept. The one that ends the connection says so. */
static struct fsrv__prepared *choose_prepared(const struct exchange *x)
{
	if (x->request.is_last || x->fs->own_fields != NULL)
		return NULL;
	return x->target.outcome == FSRV__FOUND_FILE ? x->found.prepared : x->fs->prepared_texts;
}

/* The case of a request for a file whose responses are kept; NULL when something else decides its answer too.
 * The type that a large page names is a text of this request. */
static const struct fsrv__prepared_case *read_case(struct exchange *x)
{
	const struct fsrv__representation *file = &x->representation;

	if (x->target.outcome != FSRV__FOUND_FILE || file->is_growing || file->is_volatile ||
	    x->found.named_type[0] != '\0')
		return NULL;
	x->of = (struct fsrv__prepared_case){.method = x->request.method,
					     .media_type = file->media_type,
					     .content_coding = file->content_coding,
					     .varies = file->varies,
					     .is_not_found_page = x->target.is_not_found_page,
					     .depends_on_accept = x->target.depends_on_accept,
					     .time = x->found.time};
	return fsrv__request_is_plain(&x->request, &x->of.if_none_match) ? &x->of : NULL;
}

static void begin_answer(struct exchange *x)
{
	struct fsrv__answer *answer = &x->answer;

	*answer = (struct fsrv__answer){.fs = x->fs,
					.connection = x->call.connection,
					.socket = fsrv__connection_socket(x->call.connection),
					.plan = &x->plan,
					.prepared = choose_prepared(x),
					.number = x->number,
					.started = x->started};
	if (x->target.outcome == FSRV__FOUND_FILE) {
		answer->path = x->found.path.text;
		answer->file = &x->found.file;
		answer->content = x->found.content;
		answer->is_recent = x->found.is_recent;
		answer->place = x->found.place;
	}
	if (answer->prepared != NULL)
		answer->of = read_case(x);
}

static enum fsrv__answer_result plan_and_make_response(struct exchange *x)
{
	struct fsrv__answer *answer = &x->answer;
	enum fsrv__answer_result result;

	begin_answer(x);
	if (answer->of != NULL && fsrv__response_recall(answer, &x->plan))
		return FSRV__ANSWER_MADE;
	if (x->target.outcome == FSRV__FOUND_FILE)
		fsrv__representation_validate(x->fs, &x->found, &x->representation);
	if (answer->of != NULL && !x->representation.validators.is_lasting)
		answer->of = NULL;
	fsrv__plan_make(&x->request, &x->target, x->found.time.seconds, &x->plan);
	result = fsrv__response_make(answer);
	if (result != FSRV__ANSWER_MADE)
		return result;
	return x->fs->own_fields != NULL ? add_own_headers(x) : fsrv__response_add_headers(answer);
}

/* Answers with an outcome that needs no file, when the answer that was planned cannot be made. */
static enum MHD_Result give_up(struct exchange *x, enum fsrv__outcome outcome)
{
	x->target = (struct fsrv__target){.outcome = outcome};
	return plan_and_make_response(x) == FSRV__ANSWER_MADE ? queue(x) : MHD_NO;
}

static bool wants_file(const struct exchange *x)
{
	return (x->request.method == FSRV__GET || x->request.method == FSRV__HEAD) &&
	       !x->request.is_malformed;
}

/* Adds to the lookup of the name those of the files that may take its place. */
static void add_fallback_pages(struct exchange *x)
{
	const struct fsrv__fallback_pages *pages = x->fs->fallback_pages;
	const struct fsrv__path *path = &x->found.path;
	bool is_hidden = x->needs.tries == 0, accepts_html = false;

	x->needs_accept = fsrv__fallback_pages_need_accept(pages, path);
	if (x->needs_accept)
		accepts_html = fsrv__request_accepts_html(x->call.connection);
	x->needs.tries |= fsrv__fallback_pages_choose(pages, path, is_hidden, accepts_html);
}

/* Pages may take the place of a target, never that of what the program chose. */
static void choose_tries(struct exchange *x)
{
	bool has_name;

	x->has_path = false;
	has_name = x->is_chosen ? check_resource(x) : parse_target(x);
	x->needs.tries = has_name ? FSRV__TRY_NAME : 0;
	if (x->has_path && x->fs->fallback_pages != NULL)
		add_fallback_pages(x);
}

enum step { DONE, AGAIN, SUSPENDED };

/* Takes what a worker has found, or what is given. False when nothing is left to be looked up. */
static bool begin_lookup(struct exchange *x, bool may_suspend)
{
	choose_tries(x);
	if (x->needs.tries == 0)
		return false;
	if (may_suspend && !x->needs.descriptor && fsrv__offload_take(x->fs, x->call.connection, &x->found))
		return false;
	if (take_given(x))
		return true;
	x->found.outcome = FSRV__OVERLOADED;
	return false;
}

/* Looks up the file, here or, when that may have to wait, on a worker. */
static enum step look_up(struct exchange *x)
{
	bool may_suspend = fsrv__connection_may_suspend(x->call.connection, &x->fs->wake);

	if (!x->found.is_given && !begin_lookup(x, may_suspend))
		return DONE;
	switch (fsrv__search(x->fs, &x->needs, may_suspend ? FSRV__CACHED_ONLY : FSRV__MAY_WAIT, &x->found)) {
	case FSRV__LOOKUP_DONE:
		return DONE;
	case FSRV__LOOKUP_CHANGED:
		return AGAIN;
	case FSRV__LOOKUP_WOULD_WAIT:
		break;
	}
	if (fsrv__offload_begin(x->fs, x->call.connection, &x->needs, &x->found))
		return SUSPENDED;
	x->found.outcome = FSRV__OVERLOADED;
	return DONE;
}

static void set_target(struct exchange *x, struct fsrv__location *location)
{
	x->target = (struct fsrv__target){.outcome = x->found.outcome};
	if (x->found.outcome == FSRV__FOUND_FILE) {
		fsrv__representation_describe(x->fs, &x->found, &x->representation);
		x->target.file = &x->representation;
		x->target.is_not_found_page = x->found.found_by == FSRV__TRY_NOT_FOUND;
	}
	x->target.depends_on_accept =
		x->needs_accept && (x->found.outcome == FSRV__TARGET_MISSING ||
				    x->found.found_by == FSRV__TRY_SPA || x->target.is_not_found_page);
	if (x->found.outcome == FSRV__FOUND_DIRECTORY) {
		fsrv__location_start(location, fsrv__path_name(&x->found.path));
		fsrv__request_copy_query(x->call.connection, x->form, location);
		if (location->too_long)
			x->target.outcome = FSRV__TARGET_TOO_LONG;
		x->target.location = location->text;
	}
}

/* Answers with what was found; AGAIN when it has to be looked up once more. */
static enum step respond(struct exchange *x, enum MHD_Result *result)
{
	struct fsrv__location location;

	set_target(x, &location);
	switch (plan_and_make_response(x)) {
	case FSRV__ANSWER_MADE:
		*result = queue(x);
		break;
	case FSRV__ANSWER_NEEDS_DESCRIPTOR:
		/* The cached facts did not suffice after all. */
		fsrv__uncount(&x->fs->counters.cache_hits, 1);
		x->needs.descriptor = true;
		return AGAIN;
	case FSRV__ANSWER_FILE_CHANGED:
		/* Unless its facts changed too, what it says of its size is not true. */
		x->needs.whole = fsrv__file_is_unchanged(&x->found.file);
		return AGAIN;
	case FSRV__ANSWER_UNREADABLE:
		*result = give_up(x, FSRV__BROKEN);
		break;
	case FSRV__ANSWER_REFUSED:
		fsrv__count(&x->fs->counters.refused, 1);
		*result = give_up(x, FSRV__OVERLOADED);
		break;
	case FSRV__ANSWER_NO_MEMORY:
		*result = give_up(x, FSRV__OVERLOADED);
		break;
	}
	return DONE;
}

static enum MHD_Result call_fallback(struct exchange *x)
{
	struct fsrv__fallback *fallback = &x->fs->fallback;
	struct fsrv__fallback_call call;
	enum MHD_Result result;

	fsrv__guard_end(x->fs->guard, fsrv__connection_socket(x->call.connection));
	fsrv__fallback_enter(fallback, &call, x->call.connection);
	result = fallback->function(fallback->cls, x->call.connection, x->call.url, x->call.method,
				    x->call.version, x->call.upload_data, x->call.upload_data_size,
				    x->call.con_cls);
	fsrv__fallback_leave(fallback, &call);
	return result;
}

static enum step try_to_answer(struct exchange *x, enum MHD_Result *result)
{
	enum step step = DONE;

	if (!x->found.is_given)
		fsrv__lookup_result_init(&x->found);
	x->found.time = fsrv__clock_time();
	if (wants_file(x))
		step = look_up(x);
	if (step != DONE)
		return step;
	/* The target of the request does not name that directory, so nothing can be relative to it. */
	if (x->is_chosen && x->found.outcome == FSRV__FOUND_DIRECTORY)
		x->found.outcome = FSRV__TARGET_MISSING;
	if (x->found.outcome == FSRV__TARGET_MISSING && wants_file(x) &&
	    fsrv__fallback_is_free(&x->fs->fallback, x->call.connection)) {
		*result = call_fallback(x);
		return DONE;
	}
	step = respond(x, result);
	if (step != AGAIN || !x->found.is_given)
		fsrv__lookup_result_clear(x->fs, &x->found);
	return step;
}

static enum MHD_Result answer(struct exchange *x)
{
	set_needs(x);
	x->found.is_given = false;
	x->number = fsrv__count(&x->fs->last_answer, 1);
	/* One time more, for a file that turns out to be needed open. */
	for (int i = 0; i <= FSRV__MAX_LOOKUPS; i++) {
		enum MHD_Result result = MHD_YES;

		switch (try_to_answer(x, &result)) {
		case DONE:
			return result;
		case SUSPENDED:
			return MHD_YES;
		case AGAIN:
			break;
		}
	}
	fsrv__lookup_result_clear(x->fs, &x->found);
	return give_up(x, FSRV__OVERLOADED);
}

static void read_request(struct exchange *x)
{
	bool url_is_raw = atomic_load_explicit(&x->fs->url_is_raw, memory_order_relaxed);
	struct fsrv__request_line line = {x->call.method, x->call.url, x->call.version, FSRV__PATH_DECODED};

	if (url_is_raw)
		line.form = FSRV__PATH_RAW;
	x->form = line.form;
	/* Only the completion hook wants to know. */
	x->started = x->fs->completion != NULL ? fsrv__clock_nanoseconds() : 0;
	fsrv__request_read(x->call.connection, &line, &x->request);
}

/* Whether to answer in the first call, before any content is read, which closes the connection: when the
 * method is refused, and when the request is malformed (RFC 9112, 11.2). Where no content is announced the
 * second call follows at once, and is the one that reads the fields. */
static bool is_refused_early(struct exchange *x)
{
	if (fsrv__method_parse(x->call.method) != FSRV__OTHER_METHOD &&
	    !fsrv__request_has_content(x->call.connection))
		return false;
	read_request(x);
	return x->request.method == FSRV__OTHER_METHOD || x->request.is_malformed;
}

static enum MHD_Result refuse_host(struct exchange *x)
{
	read_request(x);
	x->number = fsrv__count(&x->fs->last_answer, 1);
	fsrv__lookup_result_init(&x->found);
	x->found.time = fsrv__clock_time();
	return give_up(x, FSRV__HOST_REFUSED);
}

enum MHD_Result fsrv__handle_refused_host(struct fsrv *fs, struct MHD_Connection *connection, const char *url,
					  const char *method, const char *version)
{
	struct exchange x;

	x.fs = fs;
	x.call = (struct call){connection, url, method, version, NULL, NULL, NULL};
	return refuse_host(&x);
}

static enum MHD_Result handle(struct exchange *x)
{
	bool is_first = *x->call.con_cls == NULL;

	if (!is_first && *x->call.upload_data_size > 0) {
		*x->call.upload_data_size = 0;
		return MHD_YES;
	}
	if (is_first)
		fsrv__offload_drop(x->fs, x->call.connection);
	if (!fsrv__allowed_hosts_admit(x->fs->allowed_hosts, x->fs->cors, x->call.connection, x->call.url))
		return refuse_host(x);
	if (is_first && !is_refused_early(x)) {
		*x->call.con_cls = &first_call_is_over;
		return MHD_YES;
	}
	if (!is_first)
		read_request(x);
	return answer(x);
}

/* Newer releases of libmicrohttpd pass NULL for a path with a NUL byte, in daemons that allow these. */
static const char *known_target(const char *url)
{
	return url != NULL ? url : "";
}

enum MHD_Result fsrv_handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
			    const char *version, const char *upload_data, size_t *upload_data_size,
			    void **con_cls)
{
	struct exchange x;

	x.fs = cls;
	x.call = (struct call){connection, known_target(url), method, version, upload_data,
			       upload_data_size, con_cls};
	x.is_chosen = false;
	x.resource = NULL;
	return handle(&x);
}

enum MHD_Result fsrv_serve(struct fsrv *fs, const struct fsrv_resource *given,
			   struct MHD_Connection *connection, const char *url, const char *method,
			   const char *version, const char *upload_data, size_t *upload_data_size,
			   void **con_cls)
{
	struct fsrv_resource resource;
	struct exchange x;
	enum MHD_Result result;

	x.fs = fs;
	x.call = (struct call){connection, known_target(url), method, version, upload_data,
			       upload_data_size, con_cls};
	x.is_chosen = true;
	x.resource = given != NULL ? &resource : NULL;
	x.refusal = NULL;
	if (given != NULL) {
		x.refusal = fsrv__resource_read(given, &resource, &x.found.path);
		x.found.requested_length = x.found.path.length;
	}
	result = handle(&x);
	if (x.resource != NULL)
		fsrv__resource_release(x.resource);
	return result;
}
