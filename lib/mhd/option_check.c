#include "mhd/option_check.h"

#include <stdbool.h>
#include <string.h>

#include "http/fallback_pages.h"
#include "http/host.h"
#include "http/path.h"
#include "http/pattern.h"
#include "http/ranges.h"

#define MAX_WORKERS 1024
#define MAX_FOLLOW  86400

#define KNOWN_FLAGS                                                                                          \
	(unsigned)(FSRV_URL_IS_RAW | FSRV_SERVE_HIDDEN | FSRV_COMPLETION_IS_TOLD | FSRV_ISOLATE |            \
		   FSRV_PRECOMPRESSED | FSRV_CODING_BY_EXTENSION | FSRV_CLEAN_URLS)

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
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static bool is_media_type(const char *text)
{
	return text != NULL && text[0] != '\0' && is_field_value(text);
}

static bool is_type(const struct fsrv_type *type)
{
	if (type->extension == NULL || type->extension[0] == '\0' || strpbrk(type->extension, "./") != NULL)
		return false;
	return is_media_type(type->media_type);
}

/* The path of a target, without a query. */
static bool is_prefix(const char *text)
{
	struct fsrv__path path;

	return text[0] == '\0' || (text[0] == '/' && strchr(text, '?') == NULL &&
				   fsrv__path_parse((struct fsrv__text){text, strlen(text)}, FSRV__PATH_RAW,
						    &path) == FSRV__PATH_OK);
}

static bool is_page(const char *text)
{
	struct fsrv__path path;

	return text == NULL || fsrv__fallback_page_parse(text, &path);
}

static bool has_bad_root(const struct fsrv_options *options)
{
	if (options->n_roots == 0 || options->roots == NULL)
		return true;
	for (size_t i = 0; i < options->n_roots; i++)
		if (options->roots[i] == NULL || options->roots[i][0] == '\0')
			return true;
	return false;
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
	if ((options->flags & ~KNOWN_FLAGS) != 0)
		return "flags";
	if (options->workers > MAX_WORKERS)
		return "workers";
	if (options->max_ranges > FSRV__MAX_RANGES)
		return "max_ranges";
	if (options->reserved != 0 || options->reserved_2 != 0)
		return "reserved";
	return NULL;
}

static const char *find_bad_type(const struct fsrv_options *options)
{
	for (size_t i = 0; i < options->n_types; i++)
		if (!is_type(&options->types[i]))
			return "types";
	if (options->default_type != NULL && !is_media_type(options->default_type))
		return "default_type";
	if (options->extensionless_type != NULL && !is_media_type(options->extensionless_type))
		return "extensionless_type";
	return NULL;
}

static const char *find_bad_follow(const struct fsrv_options *options)
{
	if (options->n_follow > 0 && options->follow == NULL)
		return "follow";
	for (size_t i = 0; i < options->n_follow; i++)
		if (options->follow[i] == NULL || fsrv__pattern_check(options->follow[i]) != NULL)
			return "follow";
	if (options->follow_seconds > MAX_FOLLOW)
		return "follow_seconds";
	return options->reserved_3 != 0 ? "reserved" : NULL;
}

static const char *find_bad_text(const struct fsrv_options *options)
{
	const struct fsrv__host_list hosts = {options->allowed_hosts, options->n_allowed_hosts};

	for (size_t i = 0; options->index_names != NULL && i < options->n_index_names; i++)
		if (options->index_names[i] == NULL || !is_file_name(options->index_names[i]))
			return "index_names";
	if (options->cache_control != NULL && !is_field_value(options->cache_control))
		return "cache_control";
	if (options->prefix != NULL && !is_prefix(options->prefix))
		return "prefix";
	if (!is_page(options->spa_page))
		return "spa_page";
	if (!is_page(options->not_found_page))
		return "not_found_page";
	return fsrv__host_list_is_valid(&hosts) ? NULL : "allowed_hosts";
}

const char *fsrv__option_check(const struct fsrv_options *options)
{
	const char *bad;

	if (has_bad_root(options))
		return "roots";
	bad = find_bad_number(options);
	if (bad == NULL)
		bad = find_bad_type(options);
	if (bad == NULL)
		bad = find_bad_follow(options);
	return bad != NULL ? bad : find_bad_text(options);
}

/* What to do about an option that was refused. */
static const char *advise(const char *name)
{
	static const struct {
		const char *name, *advice;
	} list[] = {
		{"address", "give a numeric IPv4 or IPv6 address"},
		{"allowed_hosts",
		 "give hosts such as \"app.example\", \".example.com\", \"[2001:db8::1]:8080\" or "
		 "\"*\", without a scheme and in ASCII"},
		{"default_type", "give a media type such as \"application/octet-stream\""},
		{"extensionless_type", "give a media type such as \"text/plain; charset=utf-8\""},
		{"follow", "give patterns as fsrv/fields.h describes them, such as \"*.ts\" or \"/live/\""},
		{"follow_seconds", "give a number up to 86400"},
		{"max_ranges", "give a number up to 64"},
		{"not_found_page", "give the path of a file below a root, such as \"404.html\""},
		{"prefix", "give a path such as \"/assets\", percent-encoded and without a query"},
		{"spa_page", "give the path of a file below a root, such as \"index.html\""},
		{"tls_certificate", "give the certificate that belongs to tls_key, as PEM text"},
		{"tls_key", "give the private key of tls_certificate, as PEM text"},
		{"types", "give extensions without a dot, such as \"glb\", each with a media type"},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(name, list[i].name) == 0)
			return list[i].advice;
	return "the header that declares it says which are";
}

void fsrv__option_log_refusal(const struct fsrv__log *log, const char *name)
{
	fsrv__log_line(log, "option %s has a value that is not allowed; %s", name, advise(name));
}
