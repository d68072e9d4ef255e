/* Cache first, then the roots; small files and pages are read here. What is opened counts as open
 * until it is closed or handed on. */
#include "mhd/lookup.h"

#include <errno.h>

#include "fs/encoding.h"
#include "fs/residency.h"
#include "fs/system.h"
#include "fs/whole_file.h"
#include "http/pattern.h"
#include "fs/clock.h"
#include "mhd/handler.h"
#include "mhd/open_files.h"
#include "mhd/own_tag.h"
#include "mhd/pages.h"

/* So long bytes from memory are good without another look at the file's own. Not each change moves a time:
 * stores through a shared map do not, nor do those of some network file systems. */
#define FRESH_MS 1000
/* A file that does not tell its size is read to its end in memory. More than that it may not have. */
#define MAX_UNTOLD_SIZE (1u << 20)

/* What the steps of one lookup share. */
struct lookup {
	struct fsrv *fs;
	const struct fsrv__lookup_needs *needs;
	enum fsrv__wait_policy wait;
	const struct fsrv__addition *scripts;
	struct fsrv__cache_key key; /* of result->path as it was requested */
	struct fsrv__cached cached; /* all zero when nothing is known */
	uint64_t started;           /* in milliseconds of the monotonic clock */
	bool is_refused;            /* max_files are open */
	bool is_taken;              /* cached.file is open: it stayed so since an earlier request */
	struct fsrv__lookup_result *result;
};

/* Takes the path back to what was requested. */
static void reset_result(struct fsrv__lookup_result *result)
{
	fsrv__lookup_result_reset_path(result);
	result->file.fd = -1;
	result->content = NULL;
	result->place.serial = 0;
	fsrv__prepared_release(result->prepared);
	result->prepared = NULL;
	result->named_type[0] = '\0';
	result->is_growing = false;
}

/* Whether a file is to be followed: it is asked for, and the file may still be written. A source tells its
 * end by itself, but only one that was chosen for that knows how. */
static bool is_growing(const struct lookup *l, const struct fsrv__file *file)
{
	const struct fsrv *fs = l->fs;
	const struct fsrv__path *path = &l->result->path;
	bool is_named = l->needs->follow == FSRV__FOLLOW_CHOSEN;

	if (l->needs->follow == FSRV__FOLLOW_NONE || l->needs->sidecar != NULL)
		return false;
	if (file->source.read != NULL)
		return is_named;
	if (!fsrv__identity_is_growing(&file->identity, l->result->time, fs->follow_seconds))
		return false;
	for (size_t i = 0; i < fs->n_follow && !is_named; i++)
		is_named =
			fsrv__pattern_matches(fs->follow[i], (struct fsrv__text){path->text, path->length});
	return is_named;
}

/* The root whose names are still in memory, since a path was found there a moment ago; -1: none. */
static int recent_root(const struct lookup *l)
{
	const struct fsrv__cached *cached = &l->cached;
	bool is_recent = fsrv__clock_span(cached->checked, l->started) < FSRV__RECENT_MS;

	return is_recent && !cached->file.has_remote_name ? cached->file.root : -1;
}

static enum fsrv__outcome find_sidecar(struct lookup *l, const struct fsrv__find_options *options)
{
	const struct fsrv__file *sidecar = l->needs->sidecar;

	if (options->mode == FSRV__FIND_STAT) {
		l->result->file = *sidecar;
		return FSRV__FOUND_FILE;
	}
	return fsrv__roots_find_in(&l->fs->roots, options, sidecar->root, &l->result->path, &l->result->file);
}

/* Whether the name of the file is that of the cache entry, so that its type is too: a folder has several
 * names of index pages, and a sidecar has the type of another name. */
static bool has_name_of_entry(const struct lookup *l)
{
	return !l->key.directory && l->needs->sidecar == NULL;
}

static void choose_type(struct lookup *l)
{
	struct fsrv__lookup_result *result = l->result;

	if (has_name_of_entry(l) && l->cached.media_type != NULL) {
		result->media_type = l->cached.media_type;
		result->content_coding = l->cached.content_coding;
	} else {
		result->media_type =
			fsrv__media_type_of(&l->fs->types, &result->path, &result->content_coding);
	}
}

static enum fsrv__outcome find(struct lookup *l, enum fsrv__find_mode mode, int root)
{
	struct fsrv__lookup_result *result = l->result;
	struct fsrv__find_options options = {mode, l->wait, root};
	enum fsrv__outcome outcome;

	if (l->needs->sidecar != NULL)
		return find_sidecar(l, &options);
	outcome = fsrv__roots_find(&l->fs->roots, &options, &result->path, &result->file);
	if (outcome == FSRV__FOUND_FILE)
		choose_type(l);
	return outcome;
}

/* error  errno of a search that ended with that outcome */
static bool would_wait(const struct lookup *l, enum fsrv__outcome outcome, int error)
{
	return outcome == FSRV__OVERLOADED && error == EAGAIN && l->wait != FSRV__MAY_WAIT;
}

/* Whether the file that was found now is the one that is cached, with the same scripts in it. */
static bool is_unchanged(const struct lookup *l)
{
	const struct fsrv__content *content = l->cached.content;
	uint64_t hash = content != NULL ? content->scripts_hash : 0;

	return fsrv__file_is_same(&l->result->file, &l->cached.file) &&
	       fsrv__pages_scripts_hash(l->fs, l->scripts, l->result) == hash &&
	       /* What a large page says of its encoding is not kept. */
	       (content != NULL || !(l->needs->media_type || l->is_taken) ||
		!fsrv__lookup_result_lacks_charset(l->result));
}

/* Whether what is cached belongs to a file that is to be followed. A page with scripts never is. */
static bool is_to_follow(const struct lookup *l)
{
	const struct fsrv__content *content = l->cached.content;

	return (content == NULL || !content->has_scripts) && is_growing(l, &l->result->file);
}

/* The responses for what is cached. They are kept from the second request on, and not where each answer may
 * be another one: the completion hook belongs to one answer, as do the header fields of the program. */
static void take_prepared(struct lookup *l)
{
	struct fsrv *fs = l->fs;
	struct fsrv__prepared *prepared;

	if (fs->completion != NULL || fs->own_fields != NULL)
		return;
	if (l->cached.attachment != NULL) {
		l->result->prepared = fsrv__prepared_of(l->cached.attachment);
		l->cached.attachment = NULL;
		return;
	}
	prepared = fsrv__prepared_new(&fs->allocator);
	if (prepared != NULL && fsrv__cache_attach(&fs->cache, &l->cached.place,
						   fsrv__prepared_attachment(prepared), FSRV__PREPARED_SIZE))
		l->result->prepared = prepared;
	else
		fsrv__prepared_release(prepared);
}

/* The facts in the result were read a moment ago, and are the same. */
static void hand_over_descriptor(struct lookup *l)
{
	l->result->file.fd = l->cached.file.fd;
	l->result->file.is_random = l->cached.file.is_random;
	l->cached.file.fd = -1;
	l->is_taken = false;
}

/* Before another one is opened, which could be refused because of it. */
static void close_taken(struct lookup *l)
{
	if (!l->is_taken)
		return;
	fsrv__file_close(&l->cached.file);
	fsrv__open_files_cancel(l->fs);
	l->is_taken = false;
}

/* The entry is that of the file as it is now. It may get the bytes too, if it was used a moment ago; but not
 * those of a page, whose type they tell. */
static void confirm_entry(struct lookup *l)
{
	const struct fsrv__cached *cached = &l->cached;

	if (fsrv__clock_span(cached->checked, l->started) > FSRV__MARK_MS)
		fsrv__cache_mark_checked(&l->fs->cache, &l->key, l->started);
	if (cached->content == NULL && l->result->is_recent && l->result->named_type[0] == '\0')
		l->result->place = cached->place;
}

enum confirmation { CONFIRMED, NOT_CONFIRMED, WOULD_WAIT };

/* Takes what is cached if a stat(2) of the path confirms it. */
static enum confirmation confirm_cached(struct lookup *l)
{
	enum fsrv__outcome outcome = find(l, FSRV__FIND_STAT, recent_root(l));

	if (would_wait(l, outcome, errno))
		return WOULD_WAIT;
	if (outcome != FSRV__FOUND_FILE || !is_unchanged(l) || is_to_follow(l))
		return NOT_CONFIRMED;
	confirm_entry(l);
	l->result->outcome = outcome;
	if (l->cached.content != NULL)
		l->result->content = fsrv__content_hold(l->cached.content);
	if (l->is_taken)
		hand_over_descriptor(l);
	take_prepared(l);
	return CONFIRMED;
}

/* A page names its encoding, unless the program has decided on one. */
static void name_encoding(struct fsrv__lookup_result *result)
{
	struct fsrv__content *content = result->content;

	if (fsrv__lookup_result_lacks_charset(result))
		fsrv__encoding_name(content->bytes, content->length, content->media_type);
}

/* What the program gave is kept for the next attempt, everything else is released. */
static enum fsrv__lookup_status postpone(struct lookup *l, enum fsrv__lookup_status status)
{
	if (!l->result->is_given)
		fsrv__lookup_result_clear(l->fs, l->result);
	return status;
}

/* Whether reading the file may wait, which is not allowed. A source that never waits is read at once. */
static bool must_not_read(const struct lookup *l)
{
	const struct fsrv__file *file = &l->result->file;

	if (l->wait == FSRV__LOCAL_ONLY)
		return file->is_remote;
	return l->wait == FSRV__CACHED_ONLY && (file->source.read == NULL || file->is_remote);
}

/* Reads a small file on a local file system if it is in memory. There the size is true. */
static enum fsrv__lookup_status read_resident(struct lookup *l)
{
	struct fsrv__lookup_result *result = l->result;
	size_t size = (size_t)result->file.identity.size;
	ssize_t n = 0;

	if (result->file.is_remote)
		return postpone(l, FSRV__LOOKUP_WOULD_WAIT);
	result->content = fsrv__content_new(&l->fs->allocator, size);
	if (result->content == NULL)
		return fsrv__lookup_result_fail(l->fs, result, FSRV__OVERLOADED, ENOMEM);
	if (size > 0)
		n = fsrv__residency_read(&result->file, result->content->bytes, size, 0,
					 !result->is_recent);
	if (n != (ssize_t)size) {
		fsrv__content_release(result->content);
		result->content = NULL;
		return postpone(l, FSRV__LOOKUP_WOULD_WAIT);
	}
	fsrv__content_seal(result->content);
	name_encoding(result);
	return FSRV__LOOKUP_DONE;
}

static enum fsrv__lookup_status read_small(struct lookup *l)
{
	struct fsrv__lookup_result *result = l->result;

	if (must_not_read(l))
		return l->needs->whole ? postpone(l, FSRV__LOOKUP_WOULD_WAIT) : read_resident(l);
	switch (fsrv__whole_file_read(&l->fs->allocator, &result->file, MAX_UNTOLD_SIZE, &result->content)) {
	case FSRV__WHOLE_FILE_READ:
		name_encoding(result);
		break;
	case FSRV__WHOLE_FILE_UNREADABLE:
		return fsrv__lookup_result_fail(l->fs, result,
						errno == ENOMEM ? FSRV__OVERLOADED : FSRV__BROKEN, errno);
	case FSRV__WHOLE_FILE_TOO_LARGE:
		if (!fsrv__file_is_unchanged(&result->file))
			return postpone(l, FSRV__LOOKUP_CHANGED);
		fsrv__log_line(&l->fs->log,
			       "%s: its file system does not tell its size, and it has more than %u bytes; "
			       "serve a copy of it",
			       result->path.text, MAX_UNTOLD_SIZE);
		return fsrv__lookup_result_fail(l->fs, result, FSRV__BROKEN, 0);
	}
	return FSRV__LOOKUP_DONE;
}

static enum fsrv__lookup_status prepare_page(struct lookup *l)
{
	if (l->wait == FSRV__MAY_WAIT || (l->wait == FSRV__LOCAL_ONLY && !l->result->file.is_remote))
		return fsrv__pages_prepare(l->fs, l->scripts, l->cached.content, l->result);
	return postpone(l, FSRV__LOOKUP_WOULD_WAIT);
}

/* Finds the encoding that a large page names at its start. */
static enum fsrv__lookup_status read_encoding(struct lookup *l)
{
	struct fsrv__lookup_result *result = l->result;
	char start[FSRV__ENCODING_START];
	ssize_t n = -1;

	if (!must_not_read(l))
		n = fsrv__file_read(&result->file, start, sizeof(start), 0);
	else if (!result->file.is_remote)
		n = fsrv__residency_read(&result->file, start, sizeof(start), 0, !result->is_recent);
	if (n < 0 && must_not_read(l))
		return postpone(l, FSRV__LOOKUP_WOULD_WAIT);
	if (n < 0)
		return fsrv__lookup_result_fail(l->fs, result, FSRV__BROKEN, errno);
	fsrv__encoding_name(start, (size_t)n, result->named_type);
	return FSRV__LOOKUP_DONE;
}

/* Makes what is sent in place of the open file, if anything is. Small files are read whatever the request
 * needs, since the bytes tell their entity tag and, where the size does not, their length. */
static enum fsrv__lookup_status prepare_content(struct lookup *l)
{
	if (fsrv__pages_scripts_hash(l->fs, l->scripts, l->result) != 0)
		return prepare_page(l);
	l->result->is_growing = is_growing(l, &l->result->file);
	if (l->result->is_growing && l->result->file.source.read != NULL)
		return FSRV__LOOKUP_DONE;
	if (!l->result->is_growing && (l->needs->whole || l->result->file.identity.size <= FSRV__SMALL_SIZE))
		return read_small(l);
	return fsrv__lookup_result_lacks_charset(l->result) ? read_encoding(l) : FSRV__LOOKUP_DONE;
}

static uint64_t source_hash(const struct fsrv__content *content)
{
	return content->scripts_hash != 0 ? content->source_hash : content->hash;
}

/* Whether the open file is the one that is cached, down to its bytes if they were read for its tag. */
static bool is_known_version(const struct lookup *l)
{
	const struct fsrv__content *content = l->result->content, *known = l->cached.content;

	if (known != NULL && known->hot_bytes != NULL)
		known = NULL;
	if (!fsrv__file_is_same(&l->result->file, &l->cached.file) || (content == NULL) != (known == NULL))
		return false;
	return content == NULL || (!content->is_volatile && source_hash(content) == source_hash(known));
}

/* The tag of a known version is in the result already. */
static void choose_tag(struct lookup *l)
{
	if (l->fs->etag_function != NULL && !is_known_version(l))
		fsrv__own_tag_choose(l->fs, l->result);
}

/* Whether an entry says already what is known now: the facts, and the type by its name. */
static bool is_kept(const struct lookup *l)
{
	return l->cached.place.serial != 0 && l->cached.content == NULL && l->result->content == NULL &&
	       (l->cached.media_type != NULL || !has_name_of_entry(l)) &&
	       fsrv__file_is_same(&l->result->file, &l->cached.file);
}

/* The file is checked once more after its bytes were read, so that they belong to the facts. */
static void remember(struct lookup *l)
{
	struct fsrv__lookup_result *result = l->result;
	struct fsrv__cached found = {result->file, result->content, l->cached.tag, .checked = l->started,
				     .read = l->started};

	if (has_name_of_entry(l)) {
		found.media_type = result->media_type;
		found.content_coding = result->content_coding;
	}
	if (result->is_growing || !fsrv__identity_is_settled(&result->file.identity, result->time))
		return;
	if (is_kept(l))
		confirm_entry(l);
	else if (result->content == NULL ||
		 (!result->content->is_volatile && fsrv__file_is_unchanged(&result->file)))
		fsrv__cache_put(&l->fs->cache, &l->key, &found);
}

/* Leaves only what the answer needs: content or a descriptor. */
static void drop_what_is_not_needed(struct lookup *l)
{
	struct fsrv__lookup_result *result = l->result;

	if (result->content == NULL)
		return;
	fsrv__open_files_close(l->fs, &result->file);
}

/* Descriptors that stayed open must not keep a file from being opened. */
static enum fsrv__outcome find_and_open(struct lookup *l)
{
	int root = l->result->is_recent ? recent_root(l) : -1;
	enum fsrv__outcome outcome = find(l, FSRV__FIND_OPEN, root);

	if (outcome != FSRV__OVERLOADED || (errno != EMFILE && errno != ENFILE) ||
	    !fsrv__open_files_close_kept(l->fs))
		return outcome;
	reset_result(l->result);
	return find(l, FSRV__FIND_OPEN, root);
}

static enum fsrv__lookup_status open_file(struct lookup *l)
{
	struct fsrv__lookup_result *result = l->result;
	enum fsrv__lookup_status status;

	l->is_refused = !fsrv__open_files_reserve(l->fs);
	if (l->is_refused)
		return fsrv__lookup_result_fail(l->fs, result, FSRV__OVERLOADED, 0);
	result->outcome = find_and_open(l);
	if (result->outcome != FSRV__FOUND_FILE) {
		int error = errno;

		fsrv__open_files_cancel(l->fs);
		result->file.fd = -1;
		if (would_wait(l, result->outcome, error))
			return FSRV__LOOKUP_WOULD_WAIT;
		return fsrv__lookup_result_fail(l->fs, result, result->outcome, error);
	}
	status = prepare_content(l);
	if (status == FSRV__LOOKUP_DONE && result->outcome == FSRV__FOUND_FILE) {
		choose_tag(l);
		remember(l);
		drop_what_is_not_needed(l);
	}
	return status;
}

/* Copies the cache entry of the path to l->cached, which then holds a reference. True when it may be all that
 * the request needs. */
static bool fetch_cached(struct lookup *l)
{
	l->result->is_recent = false;
	if (!fsrv__cache_get(&l->fs->cache, &l->key, &l->cached))
		return false;
	l->result->is_recent = recent_root(l) >= 0;
	if (l->cached.content != NULL)
		return fsrv__clock_span(l->cached.read, l->started) < FRESH_MS;
	/* The tag of a small file is made of its bytes. */
	if (l->cached.file.identity.size <= FSRV__SMALL_SIZE || l->needs->whole)
		return false;
	if (l->needs->facts_may_suffice && !l->needs->descriptor)
		return true;
	l->is_taken = fsrv__open_files_take(l->fs, &l->cached.file);
	return l->is_taken;
}

/* Reads the facts of a descriptor that the program gave. */
static enum fsrv__lookup_status examine_descriptor(struct lookup *l)
{
	struct fsrv__devices *devices = &l->fs->roots.devices;
	struct fsrv__file *file = &l->result->file;
	struct fsrv__known_facts known;
	mode_t mode;

	file->is_remote = true;
	if (l->wait == FSRV__CACHED_ONLY) {
		if (!fsrv__system_tell_known(file->fd, &known) || !fsrv__devices_have(devices, known.device))
			return FSRV__LOOKUP_WOULD_WAIT;
		file->is_remote = false;
	}
	if (!fsrv__file_stat(file, file->fd, &mode))
		return fsrv__lookup_result_fail(l->fs, l->result, FSRV__BROKEN, errno);
	if (!S_ISREG(mode)) {
		fsrv__log_line(&l->fs->log, "%s: the descriptor is not that of a regular file",
			       l->result->path.text);
		return fsrv__lookup_result_fail(l->fs, l->result, FSRV__BROKEN, 0);
	}
	if (l->wait != FSRV__CACHED_ONLY) {
		enum fsrv__medium medium = fsrv__medium_of_descriptor(file->fd);

		file->is_remote = medium == FSRV__MEDIUM_REMOTE;
		fsrv__devices_add(devices, file->identity.device, medium);
	}
	return FSRV__LOOKUP_DONE;
}

/* What the program gave needs no name and is not kept. */
static enum fsrv__lookup_status prepare_given(struct lookup *l)
{
	struct fsrv__lookup_result *result = l->result;
	enum fsrv__lookup_status status = FSRV__LOOKUP_DONE;

	result->outcome = FSRV__FOUND_FILE;
	/* What is a page already stays as it is, though scripts may have been added since it was taken. */
	if (result->content != NULL)
		return result->content->scripts_hash == 0 &&
				       fsrv__pages_scripts_hash(l->fs, l->scripts, result) != 0
			       ? prepare_page(l)
			       : FSRV__LOOKUP_DONE;
	if (result->file.fd >= 0)
		status = examine_descriptor(l);
	if (status == FSRV__LOOKUP_DONE && result->outcome == FSRV__FOUND_FILE)
		status = prepare_content(l);
	if (status == FSRV__LOOKUP_DONE && result->outcome == FSRV__FOUND_FILE) {
		if (l->fs->etag_function != NULL && result->file.fd >= 0 && result->own_tag.length == 0)
			fsrv__own_tag_choose(l->fs, result);
		drop_what_is_not_needed(l);
	}
	return status;
}

/* When no file can be opened, older bytes will do, if the path still has the same facts. */
static enum confirmation confirm_old_bytes(struct lookup *l)
{
	if (l->cached.content == NULL)
		return NOT_CONFIRMED;
	reset_result(l->result);
	return confirm_cached(l);
}

enum fsrv__lookup_status fsrv__lookup(struct fsrv *fs, const struct fsrv__lookup_needs *needs,
				      enum fsrv__wait_policy wait, struct fsrv__lookup_result *result)
{
	struct lookup l = {.fs = fs, .needs = needs, .wait = wait, .result = result};
	enum fsrv__lookup_status status = FSRV__LOOKUP_DONE;
	enum confirmation confirmation = NOT_CONFIRMED;

	if (fs->etag_function != NULL)
		l.cached.tag = &result->own_tag;
	l.scripts = fsrv__scripts_snapshot(&fs->scripts);
	if (result->is_given)
		return prepare_given(&l);
	l.key = (struct fsrv__cache_key){{result->path.text, result->requested_length},
					 result->path.directory};
	reset_result(result);
	l.started = fsrv__clock_milliseconds();
	/* Before any file is looked at: what is written later has a later time. */
	result->time = fsrv__clock_time();
	if (fetch_cached(&l))
		confirmation = confirm_cached(&l);
	if (confirmation == NOT_CONFIRMED) {
		reset_result(result);
		close_taken(&l);
		status = open_file(&l);
		if (status == FSRV__LOOKUP_DONE && result->outcome == FSRV__OVERLOADED)
			confirmation = confirm_old_bytes(&l);
		if (l.is_refused && confirmation == NOT_CONFIRMED)
			fsrv__count(&fs->counters.refused, 1);
	}
	if (confirmation == WOULD_WAIT)
		status = FSRV__LOOKUP_WOULD_WAIT;
	if (confirmation != CONFIRMED)
		result->was_opened = true;
	if (l.is_taken)
		fsrv__open_files_close(fs, &l.cached.file);
	fsrv__cached_release(&l.cached);
	return status;
}
