#include "mhd/handler.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

#include "http/validators.h"

#define DEFAULT_PAGE_SIZE  (UINT64_C(16) << 20)
#define DEFAULT_CACHE_SIZE (UINT64_C(16) << 20)
#define DEFAULT_WORKERS	   4
#define MOST_WORKERS	   1024

/* Two passes over the same code: without a block the first only measures what the second takes. */
struct block {
	char *at;
	size_t used;
};

static void *take(struct block *block, size_t size)
{
	size_t start = block->used;

	block->used += (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	return block->at != NULL ? block->at + start : NULL;
}

static const char *take_text(struct block *block, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = take(block, size);

	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

/* Text of the form folder/path, or path alone when it is absolute. */
static const char *take_absolute(struct block *block, const char *folder, const char *path)
{
	size_t length = path[0] != '/' ? strlen(folder) + 1 : 0;
	size_t size = strlen(path) + 1;
	char *copy = take(block, length + size);

	if (copy == NULL)
		return NULL;
	if (length > 0) {
		memcpy(copy, folder, length - 1);
		copy[length - 1] = '/';
	}
	memcpy(copy + length, path, size);
	return copy;
}

static enum fsrv__links links_of(enum fsrv_symlinks symlinks)
{
	switch (symlinks) {
	case FSRV_SYMLINKS_BENEATH:
		return FSRV__LINKS_BENEATH;
	case FSRV_SYMLINKS_NONE:
		return FSRV__LINKS_NONE;
	case FSRV_SYMLINKS_FOLLOW:
		break;
	}
	return FSRV__LINKS_FOLLOW;
}

static void take_roots(struct block *block, const struct fsrv_options *options, const char *folder, struct fsrv *fs)
{
	struct fsrv__root *list = take(block, options->n_roots * sizeof(*list));

	for (size_t i = 0; i < options->n_roots; i++) {
		const char *path = take_absolute(block, folder, options->roots[i]);

		if (path == NULL)
			continue;
		list[i].path = path;
		list[i].length = strlen(path);
		list[i].links = links_of(options->root_symlinks != NULL ? options->root_symlinks[i] : options->symlinks);
		fsrv__root_detect_medium(&fs->roots, &list[i]);
	}
	fs->roots.list = list;
	fs->roots.n_roots = options->n_roots;
}

static void take_index_names(struct block *block, const struct fsrv_options *options, struct fsrv *fs)
{
	static const char *const usual[] = {"index.html"};
	const char *const *names = options->index_names != NULL ? options->index_names : usual;
	size_t n = options->index_names != NULL ? options->n_index_names : 1;
	const char **list = take(block, n * sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		const char *name = take_text(block, names[i]);

		if (name != NULL)
			list[i] = name;
	}
	fs->roots.index_names = list;
	fs->roots.n_index_names = n;
}

static void take_types(struct block *block, const struct fsrv_options *options, struct fsrv *fs)
{
	struct fsrv_type *list = take(block, options->n_types * sizeof(*list));

	for (size_t i = 0; i < options->n_types; i++) {
		const char *extension = take_text(block, options->types[i].extension);
		const char *media_type = take_text(block, options->types[i].media_type);

		if (media_type != NULL)
			list[i] = (struct fsrv_type){extension, media_type};
	}
	fs->types = list;
	fs->n_types = options->n_types;
}

static void take_all(struct block *block, const struct fsrv_options *options, const char *folder, struct fsrv *fs)
{
	const char *cache_control = options->cache_control != NULL ? options->cache_control : "no-cache";

	take_roots(block, options, folder, fs);
	take_index_names(block, options, fs);
	take_types(block, options, fs);
	fs->cache_control = cache_control[0] != '\0' ? take_text(block, cache_control) : NULL;
}

int fsrv__options_read(void *known, size_t known_size, const void *given)
{
	size_t size;

	memcpy(&size, given, sizeof(size));
	if (size < sizeof(size) || size % sizeof(unsigned) != 0)
		return FSRV_ERR_INVALID;
	for (size_t i = known_size; i < size; i++)
		if (((const char *)given)[i] != 0)
			return FSRV_ERR_UNSUPPORTED;
	memcpy(known, given, size < known_size ? size : known_size);
	return FSRV_OK;
}

/* RFC 9110, 5.5, without obs-text: what libmicrohttpd sends as it is. */
static bool is_field_value(const char *text)
{
	for (; *text != '\0'; text++)
		if ((*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static bool is_file_name(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool is_type(const struct fsrv_type *type)
{
	if (type->extension == NULL || type->extension[0] == '\0' || strpbrk(type->extension, "./") != NULL)
		return false;
	return type->media_type != NULL && type->media_type[0] != '\0' && is_field_value(type->media_type);
}

static const char *find_bad_number(const struct fsrv_options *options)
{
	for (size_t i = 0; options->root_symlinks != NULL && i < options->n_roots; i++)
		if ((unsigned)options->root_symlinks[i] > FSRV_SYMLINKS_NONE)
			return "root_symlinks";
	if ((unsigned)options->symlinks > FSRV_SYMLINKS_NONE)
		return "symlinks";
	if ((unsigned)options->etag > FSRV_ETAG_REPLICA)
		return "etag";
	if ((unsigned)options->body > FSRV_BODY_READER)
		return "body";
	if ((options->flags & ~(unsigned)(FSRV_URL_IS_RAW | FSRV_SERVE_HIDDEN | FSRV_COMPLETION_IS_TOLD)) != 0)
		return "flags";
	if (options->workers > MOST_WORKERS)
		return "workers";
	if (options->reserved != 0)
		return "reserved";
	return NULL;
}

static const char *find_bad_text(const struct fsrv_options *options)
{
	for (size_t i = 0; i < options->n_types; i++)
		if (!is_type(&options->types[i]))
			return "types";
	for (size_t i = 0; options->index_names != NULL && i < options->n_index_names; i++)
		if (options->index_names[i] == NULL || !is_file_name(options->index_names[i]))
			return "index_names";
	if (options->cache_control != NULL && !is_field_value(options->cache_control))
		return "cache_control";
	return NULL;
}

/* The name of an option with a value that is not allowed, NULL when all are. */
static const char *find_bad_option(const struct fsrv_options *options)
{
	const char *bad = find_bad_number(options);

	if (options->n_roots == 0 || options->roots == NULL)
		return "roots";
	for (size_t i = 0; i < options->n_roots; i++)
		if (options->roots[i] == NULL || options->roots[i][0] == '\0')
			return "roots";
	return bad != NULL ? bad : find_bad_text(options);
}

static void set_plain_members(struct fsrv *fs, const struct fsrv_options *options)
{
	fs->allocator.function = options->allocate != NULL ? options->allocate : fsrv__default_allocate;
	fs->allocator.cls = options->allocate_cls;
	fs->fallback = options->fallback;
	fs->fallback_cls = options->fallback_cls;
	fs->log = options->log;
	fs->log_cls = options->log_cls;
	fs->access = options->access;
	fs->access_cls = options->access_cls;
	fs->completion = options->completion;
	fs->completion_cls = options->completion_cls;
	fs->wake = options->wake;
	fs->wake_cls = options->wake_cls;
	fs->max_bodies = options->max_bodies;
	fs->max_files = options->max_files;
	fs->etag_function = options->etag_function;
	fs->etag_function_cls = options->etag_function_cls;
	fs->etag_source = options->etag == FSRV_ETAG_REPLICA ? FSRV__ETAG_REPLICA : FSRV__ETAG_LOCAL;
	fs->body = options->body;
	fs->max_page_size = options->max_page_size != 0 ? options->max_page_size : DEFAULT_PAGE_SIZE;
	fs->serves_hidden = (options->flags & FSRV_SERVE_HIDDEN) != 0;
	fs->roots.has_openat2 = fsrv__has_openat2();
	atomic_init(&fs->url_is_raw, (options->flags & FSRV_URL_IS_RAW) != 0);
	atomic_init(&fs->completion_is_told, (options->flags & FSRV_COMPLETION_IS_TOLD) != 0);
}

static int check_options(const struct fsrv *fs, const struct fsrv_options *options)
{
	const char *bad = find_bad_option(options);
	char text[128];

	if (bad != NULL) {
		fsrv__log(fs, "option %s has a value that is not allowed", bad);
		return FSRV_ERR_INVALID;
	}
	for (size_t i = 0; i < options->n_roots; i++) {
		if (fsrv__root_is_usable(options->roots[i]))
			continue;
		fsrv__log(fs, "root %s: %s", options->roots[i], strerror_r(errno, text, sizeof(text)));
		return FSRV_ERR_ROOT;
	}
	return FSRV_OK;
}

static bool has_relative_root(const struct fsrv_options *options)
{
	for (size_t i = 0; i < options->n_roots; i++)
		if (options->roots[i][0] != '/')
			return true;
	return false;
}

static bool make_moving_parts(struct fsrv *fs, const struct fsrv_options *options)
{
	fsrv__scripts_init(&fs->scripts, &fs->allocator);
	fsrv__cache_init(&fs->cache, &fs->allocator,
			 options->cache_size != 0 ? options->cache_size : DEFAULT_CACHE_SIZE);
	pthread_mutex_init(&fs->offload_mutex, NULL);
	fs->guard = fsrv__guard_new(&fs->allocator);
	fs->workers = fsrv__workers_new(&fs->allocator, options->workers != 0 ? options->workers : DEFAULT_WORKERS,
					 fsrv__offload_tidy, fs);
	return fs->guard != NULL && fs->workers != NULL;
}

int fsrv_new(const struct fsrv_options *given, struct fsrv **out)
{
	struct fsrv_options options = {0};
	struct block block = {NULL, 0};
	char folder[FSRV__PATH_SIZE] = "";
	struct fsrv *fs, measured = {0};
	int error = fsrv__options_read(&options, sizeof(options), given);

	if (error != FSRV_OK)
		return error;
	set_plain_members(&measured, &options);
	error = check_options(&measured, &options);
	if (error != FSRV_OK)
		return error;
	if (has_relative_root(&options) && getcwd(folder, sizeof(folder)) == NULL) {
		fsrv__log(&measured, "a root is relative, and the working directory has no path any more");
		return FSRV_ERR_SYSTEM;
	}
	take(&block, sizeof(*fs));
	take_all(&block, &options, folder, &measured);
	fs = fsrv__allocate(&measured.allocator, block.used);
	if (fs == NULL)
		return FSRV_ERR_MEMORY;
	memset(fs, 0, sizeof(*fs));
	set_plain_members(fs, &options);
	block = (struct block){(char *)fs, 0};
	take(&block, sizeof(*fs));
	take_all(&block, &options, folder, fs);
	if (!make_moving_parts(fs, &options)) {
		fsrv_free(fs);
		return FSRV_ERR_MEMORY;
	}
	*out = fs;
	return FSRV_OK;
}

void fsrv_free(struct fsrv *fs)
{
	struct fsrv__allocator allocator;

	if (fs == NULL)
		return;
	allocator = fs->allocator;
	fsrv__workers_free(fs->workers);
	fs->workers = NULL;
	fsrv__guard_free(fs->guard);
	fsrv__offload_clear(fs);
	fsrv__cache_clear(&fs->cache);
	pthread_mutex_destroy(&fs->offload_mutex);
	fsrv__scripts_clear(&fs->scripts);
	fsrv__release(&allocator, fs);
}
