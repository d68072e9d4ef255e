/* One function for each kind of answer, and the table of outcomes. Every status of the library stands
 * in this file. */
#include "http/plan.h"

#include <string.h>

#include "http/conditional.h"
#include "http/hash.h"
#include "http/ranges.h"
#include "fsrv/range.h"

static const char allowed_methods[] = "GET, HEAD, OPTIONS";

static void add_header(struct fsrv__plan *plan, const char *name, const char *value)
{
	plan->headers[plan->n_headers++] = (struct fsrv__header){name, value};
}

static void begin(struct fsrv__plan *plan, unsigned status, enum fsrv__content_kind content)
{
	plan->status = status;
	plan->content = content;
	plan->offset = 0;
	plan->length = 0;
	plan->text = NULL;
	plan->n_headers = 0;
	add_header(plan, "X-Content-Type-Options", "nosniff");
}

/* no-cache: such an answer tells what a directory holds at the moment, but RFC 9111, 4.2.2 allows a cache to
 * guess a lifetime for 308, 404 and 405. */
static void plan_text(struct fsrv__plan *plan, unsigned status, const char *text)
{
	begin(plan, status, FSRV__CONTENT_TEXT);
	plan->text = text;
	plan->length = strlen(text);
	add_header(plan, "Content-Type", "text/plain; charset=utf-8");
	add_header(plan, "Cache-Control", "no-cache");
}

static void add_content_range(struct fsrv__plan *plan, const struct fsrv_range *range, uint64_t size)
{
	fsrv__content_range_write(plan->content_range, range, size);
	add_header(plan, "Content-Range", plan->content_range);
}

/* For caches (RFC 9110, 12.5.5). */
static void add_vary(struct fsrv__plan *plan)
{
	add_header(plan, "Vary", "Accept-Encoding");
}

/* The fields of a 200 that a 304 repeats (RFC 9110, 15.4.5). */
static void add_validators(struct fsrv__plan *plan, const struct fsrv__representation *file)
{
	add_header(plan, "ETag", file->validators.etag);
	if (file->validators.has_date)
		add_header(plan, "Last-Modified", file->validators.last_modified);
	if (file->cache_control != NULL)
		add_header(plan, "Cache-Control", file->cache_control);
	if (file->varies)
		add_vary(plan);
}

static void plan_not_modified(const struct fsrv__representation *file, struct fsrv__plan *plan)
{
	begin(plan, 304, FSRV__CONTENT_NONE);
	plan->length = file->size;
	add_validators(plan, file);
}

static void plan_unsatisfiable(const struct fsrv__representation *file, struct fsrv__plan *plan)
{
	/* Without content: old clients append the content of a 416 to the file that they resume. */
	begin(plan, 416, FSRV__CONTENT_TEXT);
	plan->text = "";
	add_header(plan, "Cache-Control", "no-cache");
	add_header(plan, "Accept-Ranges", "bytes");
	add_content_range(plan, NULL, file->size);
	if (file->varies)
		add_vary(plan);
}

static void plan_precondition_failed(const struct fsrv__representation *file, struct fsrv__plan *plan)
{
	plan_text(plan, 412, "Precondition Failed\n");
	if (file->varies)
		add_vary(plan);
}

static void plan_slice(const struct fsrv__representation *file, const struct fsrv_range *range,
		       struct fsrv__plan *plan)
{
	begin(plan, range != NULL ? 206 : 200, FSRV__CONTENT_SLICE);
	plan->offset = range != NULL ? range->offset : 0;
	plan->length = range != NULL ? range->length : file->size;
	add_header(plan, "Content-Type", file->media_type);
	if (file->content_coding != NULL)
		add_header(plan, "Content-Encoding", file->content_coding);
	add_header(plan, "Accept-Ranges", file->is_volatile ? "none" : "bytes");
	add_validators(plan, file);
	if (range != NULL)
		add_content_range(plan, range, file->size);
}

/* Several slices. Each part has its own Content-Range, and the whole must have none (RFC 9110, 15.3.7.2). */
static void plan_multipart(const struct fsrv__representation *file, struct fsrv__plan *plan)
{
	begin(plan, 206, FSRV__CONTENT_MULTIPART);
	plan->length = plan->multipart.length;
	add_header(plan, "Content-Type", plan->multipart.content_type);
	add_header(plan, "Accept-Ranges", "bytes");
	add_validators(plan, file);
}

/* Reads a list of ranges, where more than one is allowed. When several remain, multipart is written. Of a
 * coded representation, several are ignored: it is unclear whether Content-Encoding would be about the parts
 * or about the whole. */
static enum fsrv_range_verdict read_list(const struct fsrv__representation *file, struct fsrv__text field,
					 struct fsrv__multipart *multipart, struct fsrv_range *range)
{
	const struct fsrv__validators *validators = &file->validators;
	uint64_t key = fsrv__hash_mix(file->boundary_seed, file->size);
	struct fsrv__ranges ranges;
	enum fsrv_range_verdict verdict = fsrv__ranges_parse(field, file->size, file->max_ranges, &ranges);

	multipart->n_parts = 1;
	if (verdict != FSRV_RANGE_PARTIAL)
		return verdict;
	*range = ranges.list[0];
	if (ranges.n == 1)
		return FSRV_RANGE_PARTIAL;
	key = fsrv__hash_bytes(key, validators->etag, validators->etag_length);
	if (file->content_coding != NULL ||
	    !fsrv__multipart_make(multipart, &ranges, file->size, file->media_type, key))
		return FSRV_RANGE_IGNORE;
	return FSRV_RANGE_PARTIAL;
}

static void plan_ranges(const struct fsrv__representation *file, struct fsrv__text field,
			struct fsrv__plan *plan)
{
	struct fsrv_range range;
	enum fsrv_range_verdict verdict = fsrv_parse_range_header(field.at, field.length, file->size, &range);
	bool has_parts = false;

	if (verdict == FSRV_RANGE_IGNORE && file->max_ranges > 1) {
		verdict = read_list(file, field, &plan->multipart, &range);
		has_parts = verdict == FSRV_RANGE_PARTIAL && plan->multipart.n_parts > 1;
	}
	if (has_parts)
		plan_multipart(file, plan);
	else if (verdict == FSRV_RANGE_UNSATISFIABLE)
		plan_unsatisfiable(file, plan);
	else
		plan_slice(file, verdict == FSRV_RANGE_PARTIAL ? &range : NULL, plan);
}

/* Preconditions and ranges are ignored, because without them the status would not be 200 (RFC 9110, 13.2.1
 * and 14.2). So validators would be of no use. */
static void plan_not_found_page(const struct fsrv__representation *file, struct fsrv__plan *plan)
{
	begin(plan, 404, FSRV__CONTENT_SLICE);
	plan->length = file->size;
	add_header(plan, "Content-Type", file->media_type);
	if (file->content_coding != NULL)
		add_header(plan, "Content-Encoding", file->content_coding);
	add_header(plan, "Cache-Control", "no-cache");
	if (file->varies)
		add_vary(plan);
}

/* What is there now is no complete representation, and what a cache or a client keeps of it could not be told
 * from the finished file. So there is no validator (RFC 9110, 8.8.1), no range (14.3), and nothing is to be
 * stored (RFC 9111, 5.2.2.5). Of the preconditions those with "*" can still decide. */
static void plan_growing(const struct fsrv__request *request, const struct fsrv__representation *file,
			 int64_t now, struct fsrv__plan *plan)
{
	static const struct fsrv__validators none = {.etag = ""};
	enum fsrv__precondition precondition = fsrv__precondition_check(request, &none, now);

	if (precondition == FSRV__PRECONDITION_FAILED) {
		plan_text(plan, 412, "Precondition Failed\n");
		return;
	}
	if (precondition == FSRV__NOT_MODIFIED) {
		begin(plan, 304, FSRV__CONTENT_NONE);
	} else {
		begin(plan, 200, FSRV__CONTENT_SLICE);
		add_header(plan, "Content-Type", file->media_type);
		if (file->content_coding != NULL)
			add_header(plan, "Content-Encoding", file->content_coding);
		add_header(plan, "Accept-Ranges", "none");
	}
	plan->length = FSRV__LENGTH_UNKNOWN;
	add_header(plan, "Cache-Control", "no-store");
	if (file->varies)
		add_vary(plan);
}

static void plan_file(const struct fsrv__request *request, const struct fsrv__representation *file,
		      int64_t now, struct fsrv__plan *plan)
{
	if (file->is_growing) {
		plan_growing(request, file, now, plan);
		return;
	}
	switch (fsrv__precondition_check(request, &file->validators, now)) {
	case FSRV__NOT_MODIFIED:
		plan_not_modified(file, plan);
		return;
	case FSRV__PRECONDITION_FAILED:
		plan_precondition_failed(file, plan);
		return;
	case FSRV__PROCEED:
		break;
	}
	/* Ranges are defined for GET alone, and an empty file has no bytes to select (RFC 9110, 14.2). */
	if (request->method == FSRV__GET && file->size > 0 && !file->is_volatile &&
	    fsrv__if_range_holds(request, &file->validators, now))
		plan_ranges(file, fsrv__single_field_value(&request->range), plan);
	else
		plan_slice(file, NULL, plan);
}

static void plan_directory(const char *location, struct fsrv__plan *plan)
{
	plan_text(plan, 308, "Permanent Redirect\n");
	add_header(plan, "Location", location);
}

static void plan_not_acceptable(struct fsrv__plan *plan)
{
	plan_text(plan, 406, "Not Acceptable: no coding of this file is in Accept-Encoding\n");
	add_vary(plan);
}

static void plan_overload(struct fsrv__plan *plan)
{
	plan_text(plan, 503, "Service Unavailable\n");
	add_header(plan, "Retry-After", "1");
}

/* RFC 9110, 12.5.5. The page may have sidecars, and then has the field already. */
static void add_vary_accept(struct fsrv__plan *plan)
{
	for (unsigned i = 0; i < plan->n_headers; i++) {
		if (strcmp(plan->headers[i].name, "Vary") == 0) {
			plan->headers[i].value = "Accept-Encoding, Accept";
			return;
		}
	}
	add_header(plan, "Vary", "Accept");
}

static void plan_target(const struct fsrv__request *request, const struct fsrv__target *target, int64_t now,
			struct fsrv__plan *plan)
{
	switch (target->outcome) {
	case FSRV__FOUND_FILE:
		if (target->is_not_found_page)
			plan_not_found_page(target->file, plan);
		else
			plan_file(request, target->file, now, plan);
		return;
	case FSRV__FOUND_DIRECTORY:
		plan_directory(target->location, plan);
		return;
	case FSRV__TARGET_MALFORMED:
		plan_text(plan, 400, "Bad Request\n");
		return;
	case FSRV__TARGET_TOO_LONG:
		plan_text(plan, 414, "URI Too Long\n");
		return;
	case FSRV__TARGET_MISSING:
		plan_text(plan, 404, "Not Found\n");
		return;
	case FSRV__TARGET_FORBIDDEN:
		plan_text(plan, 403, "Forbidden\n");
		return;
	case FSRV__NOT_ACCEPTABLE:
		plan_not_acceptable(plan);
		return;
	case FSRV__HOST_REFUSED:
		plan_text(plan, 403, "Forbidden host or origin\n");
		return;
	case FSRV__OVERLOADED:
		plan_overload(plan);
		return;
	case FSRV__BROKEN:
		plan_text(plan, 500, "Internal Server Error\n");
		return;
	}
}

void fsrv__plan_make(const struct fsrv__request *request, const struct fsrv__target *target, int64_t now,
		     struct fsrv__plan *plan)
{
	bool is_refused = target->outcome == FSRV__HOST_REFUSED;

	if (request->is_malformed) {
		plan_text(plan, 400, "Bad Request\n");
	} else if (request->method == FSRV__OTHER_METHOD && !is_refused) {
		plan_text(plan, 405, "Method Not Allowed\n");
		add_header(plan, "Allow", allowed_methods);
	} else if (request->method == FSRV__OPTIONS && !is_refused) {
		begin(plan, 204, FSRV__CONTENT_ABSENT);
		add_header(plan, "Allow", allowed_methods);
	} else {
		plan_target(request, target, now, plan);
		if (target->depends_on_accept)
			add_vary_accept(plan);
	}
	if (request->is_last)
		add_header(plan, "Connection", "close");
	if (request->method == FSRV__HEAD &&
	    (plan->content == FSRV__CONTENT_SLICE || plan->content == FSRV__CONTENT_TEXT))
		plan->content = FSRV__CONTENT_NONE;
}

void fsrv__plan_add_header(struct fsrv__plan *plan, const char *name, const char *value)
{
	add_header(plan, name, value);
}

void fsrv__plan_remove_header(struct fsrv__plan *plan, const char *name)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < plan->n_headers; i++)
		if (!fsrv__names_match(plan->headers[i].name, name))
			plan->headers[kept++] = plan->headers[i];
	plan->n_headers = kept;
}

bool fsrv__plan_reserves_header(const struct fsrv__plan *plan, const char *name)
{
	return plan->content == FSRV__CONTENT_MULTIPART &&
	       (fsrv__names_match(name, "Content-Type") || fsrv__names_match(name, "Content-Encoding"));
}
