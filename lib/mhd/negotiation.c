/* The file itself is looked up first, because sidecars count only beside it. What is known of a sidecar is
 * kept in the cache like any other file, under its own name. That a sidecar is absent is not kept. */
#include "mhd/negotiation.h"

#include <errno.h>
#include <string.h>

#include "http/mime.h"
#include "fs/clock.h"
#include "mhd/handler.h"
#include "mhd/pages.h"

struct negotiation {
	struct fsrv *fs;
	const struct fsrv__lookup_needs *needs;
	enum fsrv__wait_policy wait;
	bool wants_type; /* of the file itself, although a sidecar may be sent */
	struct fsrv__lookup_result *result;
	enum fsrv__coding coding;  /* of the sidecar that was found */
	struct fsrv__file sidecar; /* its facts */
};

static void append_ending(struct fsrv__path *path, enum fsrv__coding coding)
{
	const char *ending = fsrv__coding_ending(coding);
	size_t length = strlen(ending);

	memcpy(path->text + path->length, ending, length + 1);
	path->length += length;
}

static void cut_path(struct fsrv__path *path, size_t length)
{
	path->length = length;
	path->text[length] = '\0';
}

static bool has_room_for_ending(const struct fsrv__path *path)
{
	return path->length + FSRV__CODING_ENDING_SIZE <= sizeof(path->text);
}

/* Copies what the cache has of the name in path, without its bytes. */
static bool get_facts(struct fsrv *fs, const struct fsrv__path *path, struct fsrv__cached *cached)
{
	const struct fsrv__cache_key key = {{path->text, path->length}, false};

	cached->tag = NULL;
	if (!fsrv__cache_get(&fs->cache, &key, cached))
		return false;
	fsrv__cached_release(cached);
	return true;
}

/* Whether the cache has a sidecar that the client wants. Then the file itself will hardly be sent, so that
 * its facts are enough. */
static bool expects_sidecar(const struct negotiation *n)
{
	struct fsrv__path *path = &n->result->path;
	const struct fsrv__coding_order *order = &n->needs->codings;
	struct fsrv__cached cached;
	bool is_known = false;

	cut_path(path, n->result->requested_length);
	if (path->directory || !has_room_for_ending(path))
		return false;
	for (unsigned i = 0; i < order->n_wanted && !is_known; i++) {
		append_ending(path, order->codings[i]);
		is_known = get_facts(n->fs, path, &cached);
		cut_path(path, n->result->requested_length);
	}
	return is_known;
}

/* Looks up the file itself. */
static enum fsrv__lookup_status look_up_file(const struct negotiation *n)
{
	struct fsrv__lookup_needs needs = *n->needs;

	if (n->wants_type || expects_sidecar(n)) {
		needs.facts_may_suffice = true;
		needs.media_type = true;
		needs.descriptor = false;
	}
	return fsrv__lookup(n->fs, &needs, n->wait, n->result);
}

/* Whether what was found can be answered with, although only facts may have been asked for. */
static bool is_sufficient(const struct negotiation *n)
{
	const struct fsrv__lookup_result *result = n->result;

	return result->content != NULL || fsrv__file_is_open(&result->file) ||
	       (n->needs->facts_may_suffice && !n->needs->descriptor);
}

/* Whether the file itself is in a coding. */
static bool is_coded(const struct fsrv__lookup_result *result)
{
	return result->content_coding != NULL ||
	       fsrv__mime_coding(result->media_type, fsrv__path_name(&result->path)) != NULL;
}

static bool may_have_sidecar(const struct negotiation *n)
{
	const struct fsrv__lookup_result *result = n->result;

	return fsrv__coding_of_file(fsrv__path_name(&result->path)) < 0 &&
	       has_room_for_ending(&result->path) &&
	       fsrv__pages_scripts_hash(n->fs, fsrv__scripts_snapshot(&n->fs->scripts), result) == 0;
}

/* In no coding nothing is nothing: an empty sidecar is being written. */
static bool is_current(const struct fsrv__file *sidecar, const struct fsrv__file *file)
{
	return sidecar->identity.size > 0 &&
	       !fsrv__time_is_before(sidecar->identity.modified, file->identity.modified);
}

/* Notes in the cache that the sidecar is there, so that its name counts as recent. An entry has the tag that
 * the program chooses, if it does, which is not known before the sidecar is open. */
static void remember(const struct negotiation *n, const struct fsrv__cached *known, uint64_t now)
{
	const struct fsrv__path *path = &n->result->path;
	const struct fsrv__cache_key key = {{path->text, path->length}, false};
	const struct fsrv__cached found = {.file = n->sidecar, .checked = now, .read = now};

	if (!fsrv__file_is_same(&n->sidecar, &known->file)) {
		if (n->fs->etag_function == NULL &&
		    fsrv__identity_is_settled(&n->sidecar.identity, n->result->time))
			fsrv__cache_put(&n->fs->cache, &key, &found);
	} else if (fsrv__clock_span(known->checked, now) > FSRV__MARK_MS) {
		fsrv__cache_mark_checked(&n->fs->cache, &key, now);
	}
}

/* Looks for a sidecar by stat(2), with errno as fsrv__roots_find_in. */
static enum fsrv__outcome find_sidecar(struct negotiation *n, enum fsrv__coding coding)
{
	struct fsrv__path *path = &n->result->path;
	const struct fsrv__file *file = &n->result->file;
	struct fsrv__find_options options = {FSRV__FIND_STAT, n->wait, -1};
	struct fsrv__cached known = {.file = {.fd = -1, .root = -1}};
	size_t length = path->length;
	uint64_t now = fsrv__clock_milliseconds();
	enum fsrv__outcome outcome;

	append_ending(path, coding);
	if (get_facts(n->fs, path, &known) && fsrv__clock_span(known.checked, now) < FSRV__RECENT_MS &&
	    !known.file.has_remote_name)
		options.recent_root = known.file.root;
	n->coding = coding;
	n->sidecar = (struct fsrv__file){.fd = -1};
	outcome = fsrv__roots_find_in(&n->fs->roots, &options, file->root, path, &n->sidecar);
	if (outcome == FSRV__FOUND_FILE)
		remember(n, &known, now);
	cut_path(path, length);
	return outcome;
}

enum search { NO_SIDECAR, UNWANTED_SIDECAR, WANTED_SIDECAR, WOULD_WAIT };

/* Looks for the best sidecar. Whether there are others does not matter then. */
static enum search search(struct negotiation *n)
{
	const struct fsrv__coding_order *order = &n->needs->codings;

	for (unsigned i = 0; i < FSRV__N_CODINGS; i++) {
		enum fsrv__outcome outcome = find_sidecar(n, order->codings[i]);

		if (outcome == FSRV__OVERLOADED && errno == EAGAIN && n->wait != FSRV__MAY_WAIT)
			return WOULD_WAIT;
		if (outcome == FSRV__FOUND_FILE && is_current(&n->sidecar, &n->result->file))
			return i < order->n_wanted ? WANTED_SIDECAR : UNWANTED_SIDECAR;
	}
	return NO_SIDECAR;
}

/* The encoding that a page names, in whatever coding it is sent; empty for other files. */
static const char *named_type(const struct fsrv__lookup_result *result)
{
	if (!fsrv__mime_lacks_charset(result->media_type))
		return "";
	return result->content != NULL ? result->content->media_type : result->named_type;
}

/* Whether the file has to be looked up once more for the encoding that it names. */
static bool lacks_type(const struct negotiation *n)
{
	return !n->wants_type && fsrv__mime_lacks_charset(n->result->media_type) &&
	       named_type(n->result)[0] == '\0';
}

/* Answers with the file itself. */
static enum fsrv__lookup_status take_file(const struct negotiation *n)
{
	return is_sufficient(n) ? FSRV__LOOKUP_DONE : fsrv__lookup(n->fs, n->needs, n->wait, n->result);
}

static enum fsrv__lookup_status refuse(const struct negotiation *n)
{
	return fsrv__lookup_result_fail(n->fs, n->result, FSRV__NOT_ACCEPTABLE, 0);
}

/* Looks up the sidecar in place of the file. The path is the sidecar's in between. */
static enum fsrv__lookup_status look_up_sidecar(const struct negotiation *n)
{
	struct fsrv__lookup_result *result = n->result;
	struct fsrv__lookup_needs needs = *n->needs;
	struct fsrv__path *path = &result->path;
	size_t length = path->length, requested_length = result->requested_length;
	bool directory = path->directory;
	enum fsrv__lookup_status status;

	needs.sidecar = &n->sidecar;
	append_ending(path, n->coding);
	path->directory = false;
	result->requested_length = path->length;
	result->content_coding = fsrv__coding_name(n->coding);
	status = fsrv__lookup(n->fs, &needs, n->wait, result);
	cut_path(path, length);
	path->directory = directory;
	result->requested_length = requested_length;
	return status;
}

/* Answers with the sidecar that was found. One that cannot be read after all is passed over. */
static enum fsrv__lookup_status take_sidecar(struct negotiation *n)
{
	struct fsrv__lookup_result *result = n->result;
	const struct fsrv__file file = result->file;
	char type[FSRV__CONTENT_TYPE_SIZE] = "";
	enum fsrv__lookup_status status;

	memcpy(type, named_type(result), strlen(named_type(result)) + 1);
	fsrv__lookup_result_clear(n->fs, result);
	status = look_up_sidecar(n);
	if (status != FSRV__LOOKUP_DONE)
		return status;
	switch (result->outcome) {
	case FSRV__FOUND_FILE:
		if (is_current(&result->file, &file)) {
			memcpy(result->named_type, type, sizeof(type));
			return FSRV__LOOKUP_DONE;
		}
		fsrv__lookup_result_clear(n->fs, result);
		return FSRV__LOOKUP_CHANGED;
	case FSRV__TARGET_FORBIDDEN:
	case FSRV__BROKEN:
		break;
	case FSRV__OVERLOADED:
		return FSRV__LOOKUP_DONE;
	default:
		return FSRV__LOOKUP_CHANGED;
	}
	return n->needs->codings.accepts_identity ? fsrv__lookup(n->fs, n->needs, n->wait, result)
						  : refuse(n);
}

static enum fsrv__lookup_status negotiate(struct negotiation *n)
{
	struct fsrv__lookup_result *result = n->result;
	enum fsrv__lookup_status status = look_up_file(n);

	if (status != FSRV__LOOKUP_DONE || result->outcome != FSRV__FOUND_FILE)
		return status;
	if (is_coded(result))
		return take_file(n);
	switch (may_have_sidecar(n) ? search(n) : NO_SIDECAR) {
	case WOULD_WAIT:
		fsrv__lookup_result_clear(n->fs, result);
		result->file.is_remote = n->sidecar.is_remote;
		return FSRV__LOOKUP_WOULD_WAIT;
	case WANTED_SIDECAR:
		result->varies = true;
		if (!lacks_type(n))
			return take_sidecar(n);
		fsrv__lookup_result_clear(n->fs, result);
		n->wants_type = true;
		return negotiate(n);
	case UNWANTED_SIDECAR:
		result->varies = true;
		break;
	case NO_SIDECAR:
		break;
	}
	return n->needs->codings.accepts_identity ? take_file(n) : refuse(n);
}

enum fsrv__lookup_status fsrv__negotiate(struct fsrv *fs, const struct fsrv__lookup_needs *needs,
					 enum fsrv__wait_policy wait, struct fsrv__lookup_result *result)
{
	struct negotiation n = {.fs = fs, .needs = needs, .wait = wait, .result = result};
	enum fsrv__lookup_status status;

	if (result->is_given)
		return fsrv__lookup(fs, needs, wait, result);
	result->was_opened = false;
	result->varies = false;
	status = fs->is_precompressed ? negotiate(&n) : fsrv__lookup(fs, needs, wait, result);
	if (status == FSRV__LOOKUP_DONE)
		fsrv__count(result->was_opened ? &fs->counters.cache_misses : &fs->counters.cache_hits, 1);
	return status;
}
