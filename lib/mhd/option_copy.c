#include "mhd/option_copy.h"

#include <stdalign.h>
#include <string.h>

#include "http/mime.h"
#include "mhd/handler.h"

/* The same code runs twice: without memory it only measures what the second run takes. */
struct block {
	char *memory; /* NULL: only measure */
	size_t used;
};

static void *take(struct block *block, size_t size)
{
	size_t start = block->used;

	block->used += (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	return block->memory != NULL ? block->memory + start : NULL;
}

static const char *copy_text(struct block *block, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = take(block, size);

	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

/* Copies directory/path, or path alone when it is absolute. */
static const char *copy_absolute(struct block *block, const char *directory, const char *path)
{
	size_t length = path[0] != '/' ? strlen(directory) + 1 : 0;
	size_t size = strlen(path) + 1;
	char *copy = take(block, length + size);

	if (copy == NULL)
		return NULL;
	if (length > 0) {
		memcpy(copy, directory, length - 1);
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

static void copy_roots(struct block *block, const struct fsrv_options *options, const char *directory,
		       struct fsrv *fs)
{
	struct fsrv__root *list = take(block, options->n_roots * sizeof(*list));

	for (size_t i = 0; i < options->n_roots; i++) {
		const char *path = copy_absolute(block, directory, options->roots[i]);

		if (path == NULL)
			continue;
		list[i].path = path;
		list[i].length = strlen(path);
		list[i].links = links_of(options->root_symlinks != NULL ? options->root_symlinks[i]
									: options->symlinks);
	}
	fs->roots.list = list;
	fs->roots.n_roots = options->n_roots;
}

static void copy_index_names(struct block *block, const struct fsrv_options *options, struct fsrv *fs)
{
	static const char *const usual[] = {"index.html"};
	const char *const *names = options->index_names != NULL ? options->index_names : usual;
	size_t n = options->index_names != NULL ? options->n_index_names : 1;
	const char **list = take(block, n * sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		const char *name = copy_text(block, names[i]);

		if (name != NULL)
			list[i] = name;
	}
	fs->roots.index_names = list;
	fs->roots.n_index_names = n;
}

static void copy_types(struct block *block, const struct fsrv_options *options, struct fsrv *fs)
{
	struct fsrv_type *list = take(block, options->n_types * sizeof(*list));

	for (size_t i = 0; i < options->n_types; i++) {
		const char *extension = copy_text(block, options->types[i].extension);
		const char *media_type = copy_text(block, options->types[i].media_type);

		if (media_type != NULL)
			list[i] = (struct fsrv_type){extension, media_type};
	}
	if (list != NULL)
		fs->types.n_types = fsrv__media_types_sort(list, options->n_types);
	fs->types.list = list;
	fs->types.unknown =
		copy_text(block, options->default_type != NULL ? options->default_type : FSRV__MIME_UNKNOWN);
	fs->types.extensionless = options->extensionless_type != NULL
					  ? copy_text(block, options->extensionless_type)
					  : fs->types.unknown;
}

static const char *copy_optional(struct block *block, const char *text)
{
	return text != NULL ? copy_text(block, text) : NULL;
}

static struct fsrv__field_rules copy_rules(struct block *block, const struct fsrv_options *options)
{
	struct fsrv__field_rule *list = take(block, options->n_field_rules * sizeof(*list));

	for (size_t i = 0; i < options->n_field_rules; i++) {
		const struct fsrv_field_rule *rule = &options->field_rules[i];
		struct fsrv__field_rule copy = {
			copy_text(block, rule->pattern), copy_text(block, rule->field),
			copy_optional(block, rule->value), fsrv__field_kind_of(rule->field)};

		if (list != NULL)
			list[i] = copy;
	}
	return (struct fsrv__field_rules){list, options->n_field_rules};
}

static struct fsrv__cors copy_origins(struct block *block, const struct fsrv_options *options)
{
	const char **list = take(block, options->n_cors_origins * sizeof(*list));

	for (size_t i = 0; i < options->n_cors_origins; i++) {
		const char *origin = copy_text(block, options->cors_origins[i]);

		if (list != NULL)
			list[i] = origin;
	}
	return (struct fsrv__cors){list, options->n_cors_origins};
}

static void copy_own_fields(struct block *block, const struct fsrv_options *options, struct fsrv *fs)
{
	struct fsrv__own_fields *own = NULL, copy = {.isolates = (options->flags & FSRV_ISOLATE) != 0,
						     .function = options->fields,
						     .cls = options->fields_cls};

	if (options->n_field_rules > 0 || options->n_cors_origins > 0 || copy.isolates ||
	    copy.function != NULL) {
		own = take(block, sizeof(*own));
		copy.rules = copy_rules(block, options);
		copy.cors = copy_origins(block, options);
		if (own != NULL)
			*own = copy;
	}
	fs->own_fields = own;
	fs->cors = own != NULL && own->cors.n_origins > 0 ? &own->cors : NULL;
}

static void copy_follow(struct block *block, const struct fsrv_options *options, struct fsrv *fs)
{
	const char **list = take(block, options->n_follow * sizeof(*list));

	for (size_t i = 0; i < options->n_follow; i++) {
		const char *pattern = copy_text(block, options->follow[i]);

		if (pattern != NULL)
			list[i] = pattern;
	}
	fs->follow = list;
	fs->n_follow = options->n_follow;
}

static void copy_prefix(struct block *block, const char *prefix, struct fsrv *fs)
{
	struct fsrv__path path;

	fs->prefix = (struct fsrv__text){NULL, 0};
	if (prefix == NULL || prefix[0] == '\0')
		return;
	fsrv__path_parse((struct fsrv__text){prefix, strlen(prefix)}, FSRV__PATH_RAW, &path);
	fs->prefix = (struct fsrv__text){copy_text(block, path.text), path.length};
}

static struct fsrv__text copy_page(struct block *block, const char *name)
{
	struct fsrv__path path;

	if (name == NULL)
		return (struct fsrv__text){NULL, 0};
	fsrv__fallback_page_parse(name, &path);
	return (struct fsrv__text){copy_text(block, path.text), path.length};
}

static void copy_fallback_pages(struct block *block, const struct fsrv_options *options, struct fsrv *fs)
{
	struct fsrv__fallback_pages *pages = NULL,
				    copy = {.clean_urls = (options->flags & FSRV_CLEAN_URLS) != 0};

	if (copy.clean_urls || options->spa_page != NULL || options->not_found_page != NULL) {
		pages = take(block, sizeof(*pages));
		copy.spa = copy_page(block, options->spa_page);
		copy.not_found = copy_page(block, options->not_found_page);
		if (pages != NULL)
			*pages = copy;
	}
	fs->fallback_pages = pages;
}

static void copy_all(struct block *block, const struct fsrv_options *options, const char *directory,
		     struct fsrv *fs)
{
	const char *cache_control = options->cache_control != NULL ? options->cache_control : "no-cache";

	take(block, sizeof(*fs));
	copy_roots(block, options, directory, fs);
	copy_index_names(block, options, fs);
	copy_types(block, options, fs);
	copy_own_fields(block, options, fs);
	copy_prefix(block, options->prefix, fs);
	copy_fallback_pages(block, options, fs);
	copy_follow(block, options, fs);
	fs->cache_control = cache_control[0] != '\0' ? copy_text(block, cache_control) : NULL;
}

size_t fsrv__option_copy_size(const struct fsrv_options *options, const char *directory)
{
	struct block block = {NULL, 0};
	struct fsrv measured;

	copy_all(&block, options, directory, &measured);
	return block.used;
}

void fsrv__option_copy(struct fsrv *fs, const struct fsrv_options *options, const char *directory)
{
	struct block block = {(char *)fs, 0};

	copy_all(&block, options, directory, fs);
}
