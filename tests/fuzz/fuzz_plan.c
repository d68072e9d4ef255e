/* Eight bytes of size, one each for method and target, outcome, version, and the file's validators, then
 * field lines. */
#include "http/plan.h"

#include "invariants.h"
#include "target.h"

#define NOW INT64_C(1790000000)

static void read_fields(struct fsrv__text input, struct fsrv__request *request)
{
	while (input.length > 0) {
		struct fsrv__text line = take_line(&input);
		const char *colon = line.length > 0 ? memchr(line.at, ':', line.length) : NULL;
		size_t name = colon != NULL ? (size_t)(colon - line.at) : line.length;
		size_t skip = name + (colon != NULL);

		fsrv__request_add_field(request, (struct fsrv__text){line.at, name},
					(struct fsrv__text){line.at + skip, line.length - skip});
	}
}

static void make_file(uint64_t size, unsigned bits, struct fsrv__representation *file)
{
	static const int64_t times[] = {784111777, NOW, 0, NOW + 1000};
	struct fsrv__time modified = {times[bits % 4], 0};
	struct fsrv__identity identity = {.size = size, .modified = modified, .changed = modified};
	struct fsrv__tag_source source = {.bytes = (enum fsrv__bytes_known)((bits >> 4) % 3), .hash = size};

	*file = (struct fsrv__representation){.size = size, .media_type = "text/html; charset=utf-8"};
	file->cache_control = (bits & 4) != 0 ? "no-cache" : NULL;
	file->max_ranges = bits >= 128 ? FSRV__MAX_RANGES : 0;
	file->is_volatile = source.bytes == FSRV__BYTES_VOLATILE;
	file->is_growing = (bits & 64) != 0;
	if ((bits & 8) != 0)
		source.opaque = (struct fsrv__text){"tag", 3};
	fsrv__validators_make(&identity, (struct fsrv__time){NOW, 0}, &source, &file->validators);
}

static void check_status(const struct fsrv__request *request, const struct fsrv__target *target,
			 const struct fsrv__plan *plan)
{
	bool reads = request->method == FSRV__GET || request->method == FSRV__HEAD;

	MUST(plan->status != 206 || (request->method == FSRV__GET && request->range.n_lines == 1));
	MUST(plan->status != 416 || (request->method == FSRV__GET && request->range.n_lines == 1));
	MUST(plan->status != 304 || request->if_none_match.n_lines > 0 ||
	     request->if_modified_since.n_lines == 1);
	MUST(plan->status != 412 || request->if_match.n_lines > 0 ||
	     request->if_unmodified_since.n_lines == 1);
	MUST(plan->status != 405 || request->method == FSRV__OTHER_METHOD);
	MUST(plan->status != 204 || request->method == FSRV__OPTIONS);
	MUST((plan->status != 200 && plan->status != 304) ||
	     (reads && target->outcome == FSRV__FOUND_FILE && !target->is_not_found_page));
	MUST(request->method != FSRV__HEAD || plan->content == FSRV__CONTENT_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsrv__text input = whole_input(data, size);
	uint64_t length = take_number(&input, 8);
	unsigned bits = (unsigned)take_number(&input, 1);
	struct fsrv__request request = {.method = (enum fsrv__method)(bits % 4)};
	enum fsrv__outcome outcome = (enum fsrv__outcome)(take_number(&input, 1) % (FSRV__BROKEN + 1));
	bool http_1_1 = take_number(&input, 1) % 2 != 0;
	struct fsrv__representation file;
	struct fsrv__target target = {.outcome = outcome,
				      .file = &file,
				      .location = "folder/",
				      .is_not_found_page = (bits & 16) != 0,
				      .depends_on_accept = (bits & 32) != 0};
	struct fsrv__plan plan;

	make_file(length, (unsigned)take_number(&input, 1), &file);
	read_fields(input, &request);
	memset(&plan, 0xa5, sizeof(plan));
	fsrv__request_end(&request, http_1_1);
	fsrv__plan_make(&request, &target, NOW, &plan);
	/* Only what is followed has no length, and nothing of it is selected. */
	if (plan.length == FSRV__LENGTH_UNKNOWN && file.is_growing)
		MUST(plan.offset == 0 && (plan.status == 200 || plan.status == 304));
	else
		MUST(plan_is_sound(&plan, length));
	check_status(&request, &target, &plan);
	return 0;
}
