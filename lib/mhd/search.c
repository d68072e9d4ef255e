#include "mhd/search.h"

#include "mhd/handler.h"
#include "mhd/negotiation.h"
#include "mhd/resource.h"

/* What the steps of one search share. */
struct search {
	struct fsrv *fs;
	const struct fsrv__lookup_needs *needs;
	enum fsrv__wait_policy wait;
	struct fsrv__lookup_result *result;
	bool has_counted;            /* the counters have a lookup of this search */
	struct fsrv__path requested; /* as the result had it, without the name of an index page */
	enum fsrv__outcome requested_outcome;
};

/* Looks up one name: in the overlay, then in the roots. Content of the overlay is not kept for another
 * attempt, which finds the path of its own. */
static enum fsrv__lookup_status look_up_name(struct fsrv *fs, const struct fsrv__lookup_needs *needs,
					     enum fsrv__wait_policy wait, struct fsrv__lookup_result *result)
{
	enum fsrv__lookup_status status;

	if (!result->is_given && !fsrv__overlay_is_empty(&fs->overlay)) {
		fsrv__lookup_result_reset_path(result);
		fsrv__resource_find_in_overlay(fs, result);
	}
	status = fsrv__negotiate(fs, needs, wait, result);
	if (status != FSRV__LOOKUP_DONE && result->is_of_overlay) {
		fsrv__lookup_result_clear(fs, result);
		fsrv__lookup_result_init(result);
	}
	return status;
}

/* Each lookup counts, but they are one for the client. That a name is missing is told in any coding. */
static enum fsrv__lookup_status look_up(struct search *s, enum fsrv__try try)
{
	struct fsrv__lookup_needs needs = *s->needs;
	enum fsrv__lookup_status status;

	if (s->has_counted)
		fsrv__uncount(&s->fs->counters.cache_misses, 1);
	if (try == FSRV__TRY_NOT_FOUND)
		needs.codings.accepts_identity = true;
	status = look_up_name(s->fs, &needs, s->wait, s->result);
	s->has_counted = status == FSRV__LOOKUP_DONE;
	return status;
}

static bool is_page(enum fsrv__try try)
{
	return try == FSRV__TRY_SPA || try == FSRV__TRY_NOT_FOUND;
}

/* A page of the options that may not be read is as good as none: the client has not asked for it. */
static bool has_found(const struct search *s, enum fsrv__try try)
{
	switch (s->result->outcome) {
	case FSRV__TARGET_MISSING:
	case FSRV__FOUND_DIRECTORY:
		return false;
	case FSRV__TARGET_FORBIDDEN:
		return !is_page(try);
	default:
		return true;
	}
}

/* Clients can ask at any rate for what is missing, so the log gets one line. */
static void note_page(const struct search *s, enum fsrv__try try, bool is_found)
{
	atomic_uint *missing = &s->fs->missing_pages;

	if (!is_found && (atomic_fetch_or(missing, (unsigned)try) & try) == 0)
		fsrv__log_line(&s->fs->log, "option %s: %s is not below a root, or may not be read",
			       try == FSRV__TRY_SPA ? "spa_page" : "not_found_page", s->result->path.text);
	if (s->result->outcome == FSRV__FOUND_FILE &&
	    (atomic_load_explicit(missing, memory_order_relaxed) & try) != 0)
		atomic_fetch_and(missing, ~(unsigned)try);
}

static void go_back(const struct search *s)
{
	s->result->path = s->requested;
	s->result->requested_length = s->requested.length;
	s->result->outcome = s->requested_outcome;
}

/* A directory is there, with its own answer, unless a file has its name and ".html". */
static bool is_possible(const struct search *s, enum fsrv__try try)
{
	return (s->needs->tries & try) != 0 &&
	       (s->requested_outcome != FSRV__FOUND_DIRECTORY || !is_page(try)) &&
	       fsrv__fallback_pages_path(s->fs->fallback_pages, try, &s->requested, &s->result->path);
}

static enum fsrv__lookup_status search_fallbacks(struct search *s)
{
	static const enum fsrv__try order[] = {FSRV__TRY_HTML, FSRV__TRY_SPA, FSRV__TRY_NOT_FOUND};
	struct fsrv__lookup_result *result = s->result;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		enum fsrv__lookup_status status;
		bool is_found;

		if (!is_possible(s, order[i]))
			continue;
		result->requested_length = result->path.length;
		status = look_up(s, order[i]);
		if (status != FSRV__LOOKUP_DONE) {
			go_back(s);
			return status;
		}
		is_found = has_found(s, order[i]);
		if (is_page(order[i]))
			note_page(s, order[i], is_found);
		if (is_found) {
			result->found_by = order[i];
			return FSRV__LOOKUP_DONE;
		}
	}
	go_back(s);
	return FSRV__LOOKUP_DONE;
}

enum fsrv__lookup_status fsrv__search(struct fsrv *fs, const struct fsrv__lookup_needs *needs,
				      enum fsrv__wait_policy wait, struct fsrv__lookup_result *result)
{
	enum fsrv__lookup_status status = FSRV__LOOKUP_DONE;
	bool has_name = (needs->tries & FSRV__TRY_NAME) != 0;
	struct search s;

	result->found_by = FSRV__TRY_NAME;
	if (has_name)
		status = look_up_name(fs, needs, wait, result);
	if (needs->tries == FSRV__TRY_NAME || status != FSRV__LOOKUP_DONE ||
	    (result->outcome != FSRV__TARGET_MISSING && result->outcome != FSRV__FOUND_DIRECTORY))
		return status;
	s.fs = fs;
	s.needs = needs;
	s.wait = wait;
	s.result = result;
	s.has_counted = has_name;
	fsrv__lookup_result_reset_path(result);
	s.requested = result->path;
	s.requested_outcome = result->outcome;
	return search_fallbacks(&s);
}
