/* The command line of fsrv-serve. */
#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "serve.h"

#define MAX_WORKERS       1024
#define MAX_PARTS         64
#define MIN_HEADER_MEMORY 4096

#define MAX_FOLLOW_SECONDS 86400

/* Looks a word up in a list that ends with NULL; its place is the value. */
static bool read_word(const char *option, const char *text, const char *const *words, unsigned *value)
{
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0) {
			*value = i;
			return true;
		}
	}
	return refuse("--%s %s: give one of %s, %s%s%s", option, text, words[0], words[1],
		      words[2] != NULL ? ", " : "", words[2] != NULL ? words[2] : "");
}

/* Decimal digits alone: no sign, no space, no fraction. */
static bool read_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	uint64_t number = 0;
	bool is_number = *text != '\0';

	for (const char *c = text; *c != '\0' && is_number; c++) {
		uint64_t digit = (uint64_t)*c - '0';

		is_number = *c >= '0' && *c <= '9' && number <= (most - digit) / 10;
		number = number * 10 + digit;
	}
	if (!is_number || number < least)
		return refuse("--%s %s: give a number from %" PRIu64 " to %" PRIu64, option, text, least,
			      most);
	*value = number;
	return true;
}

static bool read_unsigned(const char *option, const char *text, unsigned least, unsigned most,
			  unsigned *value)
{
	uint64_t number = 0;

	if (!read_number(option, text, least, most, &number))
		return false;
	*value = (unsigned)number;
	return true;
}

/* To the library 0 is the default, and the largest number is no limit. */
static bool read_limit(const char *option, const char *text, unsigned *value)
{
	if (!read_unsigned(option, text, 0, UINT_MAX - 1, value))
		return false;
	if (*value == 0)
		*value = FSRV_NO_LIMIT;
	return true;
}

/* To the library 0 is the default, and a single byte keeps nothing. */
static bool set_cache_size(struct settings *s, const char *text)
{
	uint64_t size = 0;

	if (!read_number("cache-size", text, 0, UINT64_MAX, &size))
		return false;
	s->files.cache_size = size > 0 ? size : FSRV_NO_CACHE;
	return true;
}

static bool add_root(struct settings *s, const char *path)
{
	if (path[0] == '\0')
		return refuse("an empty name is no folder");
	if (s->files.n_roots == MAX_ROOTS)
		return refuse("--overlay %s: no more than %d folders", path, MAX_ROOTS - 1);
	s->roots[s->files.n_roots++] = path;
	return true;
}

static bool add_host(struct settings *s, const char *host)
{
	if (s->server.n_allowed_hosts == MAX_HOSTS)
		return refuse("--allow-host %s: no more than %d hosts", host, MAX_HOSTS);
	s->hosts[s->server.n_allowed_hosts++] = host;
	return true;
}

static bool add_follow(struct settings *s, const char *pattern)
{
	if (s->files.n_follow == MAX_FOLLOW)
		return refuse("--follow %s: no more than %d patterns", pattern, MAX_FOLLOW);
	s->follow[s->files.n_follow++] = pattern;
	s->files.follow = s->follow;
	return true;
}

static bool set_address(struct settings *s, const char *option, const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (strcmp(option, "host") == 0 && strcmp(text, "localhost") == 0)
		text = "127.0.0.1";
	if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
		return refuse("--%s %s: give a numeric IPv4 or IPv6 address; 0.0.0.0 is the whole network",
			      option, text);
	s->server.address = text;
	return true;
}

/* The extension is cut off in place. */
static bool add_own_type(struct settings *s, char *text)
{
	char *equals = strchr(text, '=');
	const char *extension = text[0] == '.' ? text + 1 : text;

	if (equals == NULL || equals <= extension || equals[1] == '\0')
		return refuse("--type %s: write EXT=TYPE, such as glb=model/gltf-binary", text);
	if (s->n_types == MAX_TYPES)
		return refuse("--type %s: no more than %d", text, MAX_TYPES);
	if (strpbrk(extension, "./") < equals && strpbrk(extension, "./") != NULL)
		return refuse("--type %s: an extension has no dot and no slash inside", text);
	*equals = '\0';
	s->types[s->n_types++] = (struct fsrv_type){extension, equals + 1};
	return true;
}

static bool add_edit(struct settings *s, const char *option, const char *value, enum fsrv_scope scope,
		     enum fsrv_point point)
{
	if (s->n_edits == MAX_EDITS)
		return refuse("--%s %s: no more than %d scripts and markers", option, value, MAX_EDITS);
	s->edits[s->n_edits++] = (struct edit){option, value, scope, point};
	return true;
}

static bool set_mode(struct settings *s, const char *text)
{
	static const char *const words[] = {"thread", "epoll", "pool", NULL};
	unsigned value = 0;

	if (!read_word("mode", text, words, &value))
		return false;
	s->server.mode = (enum fsrv_server_mode)value;
	return true;
}

static bool set_body(struct settings *s, const char *text)
{
	static const char *const words[] = {"auto", "zero-copy", "reader", NULL};
	unsigned value = 0;

	if (!read_word("body", text, words, &value))
		return false;
	s->files.body = (enum fsrv_body)value;
	return true;
}

static bool set_log(struct settings *s, const char *text)
{
	static const char *const words[] = {"text", "json", NULL};
	unsigned value = 0;

	if (!read_word("log", text, words, &value))
		return false;
	s->log = (enum log_format)value;
	return true;
}

static bool set_symlinks(struct settings *s, const char *text)
{
	static const char *const words[] = {"follow", "beneath", "none", NULL};
	unsigned value = 0;

	if (!read_word("symlinks", text, words, &value))
		return false;
	s->files.symlinks = (enum fsrv_symlinks)value;
	return true;
}

static bool set_etag(struct settings *s, const char *text)
{
	static const char *const words[] = {"local", "replica", NULL};
	unsigned value = 0;

	if (!read_word("etag", text, words, &value))
		return false;
	s->files.etag = (enum fsrv_etag)value;
	return true;
}

/* Beyond all bytes, so that getopt_long(3) cannot mean a short option by them. */
enum {
	ADDRESS = 256,
	ALLOW_HOST,
	BODY,
	BODY_SCRIPT,
	CACHE_CONTROL,
	CACHE_SIZE,
	CERT,
	CLEAN_URLS,
	CODING_BY_EXTENSION,
	CORS,
	DEFAULT_TYPE,
	ETAG,
	EXTENSIONLESS_TYPE,
	FOLLOW,
	FOLLOW_SECONDS,
	HEAD_SCRIPT,
	HEADER,
	HEADER_MEMORY,
	HELP,
	HOST,
	INDEX,
	ISOLATE,
	KEEP_ALIVE_TIMEOUT,
	KEY,
	LOG,
	MAX_BODIES,
	MAX_CONNECTIONS,
	MAX_FILES,
	MAX_PER_ADDRESS,
	MAX_RANGES,
	MIME_TYPES,
	MODE,
	NOT_FOUND,
	OPEN,
	OVERLAY,
	PORT,
	PRECOMPRESSED,
	PREFIX,
	PRE_HEAD_SCRIPT,
	PROGRESS,
	QUIET,
	REQUEST_TIMEOUT,
	SPA,
	STATS,
	STRIP,
	SYMLINKS,
	TAG_SALT,
	TYPE,
	VERSION,
	WORKERS
};

static const struct option options[] = {
	{"address", required_argument, NULL, ADDRESS},
	{"allow-host", required_argument, NULL, ALLOW_HOST},
	{"body", required_argument, NULL, BODY},
	{"body-script", required_argument, NULL, BODY_SCRIPT},
	{"cache-control", required_argument, NULL, CACHE_CONTROL},
	{"cache-size", required_argument, NULL, CACHE_SIZE},
	{"cert", required_argument, NULL, CERT},
	{"clean-urls", no_argument, NULL, CLEAN_URLS},
	{"coding-by-extension", no_argument, NULL, CODING_BY_EXTENSION},
	{"cors", optional_argument, NULL, CORS},
	{"default-type", required_argument, NULL, DEFAULT_TYPE},
	{"etag", required_argument, NULL, ETAG},
	{"extensionless-type", required_argument, NULL, EXTENSIONLESS_TYPE},
	{"follow", required_argument, NULL, FOLLOW},
	{"follow-seconds", required_argument, NULL, FOLLOW_SECONDS},
	{"head-script", required_argument, NULL, HEAD_SCRIPT},
	{"header", required_argument, NULL, HEADER},
	{"header-memory", required_argument, NULL, HEADER_MEMORY},
	{"help", no_argument, NULL, HELP},
	{"host", required_argument, NULL, HOST},
	{"index", no_argument, NULL, INDEX},
	{"isolate", no_argument, NULL, ISOLATE},
	{"keep-alive-timeout", required_argument, NULL, KEEP_ALIVE_TIMEOUT},
	{"key", required_argument, NULL, KEY},
	{"log", required_argument, NULL, LOG},
	{"max-bodies", required_argument, NULL, MAX_BODIES},
	{"max-connections", required_argument, NULL, MAX_CONNECTIONS},
	{"max-files", required_argument, NULL, MAX_FILES},
	{"max-per-address", required_argument, NULL, MAX_PER_ADDRESS},
	{"max-ranges", required_argument, NULL, MAX_RANGES},
	{"mime-types", required_argument, NULL, MIME_TYPES},
	{"mode", required_argument, NULL, MODE},
	{"not-found", required_argument, NULL, NOT_FOUND},
	{"open", no_argument, NULL, OPEN},
	{"overlay", required_argument, NULL, OVERLAY},
	{"port", required_argument, NULL, PORT},
	{"precompressed", no_argument, NULL, PRECOMPRESSED},
	{"prefix", required_argument, NULL, PREFIX},
	{"pre-head-script", required_argument, NULL, PRE_HEAD_SCRIPT},
	{"progress", no_argument, NULL, PROGRESS},
	{"quiet", no_argument, NULL, QUIET},
	{"request-timeout", required_argument, NULL, REQUEST_TIMEOUT},
	{"spa", optional_argument, NULL, SPA},
	{"stats", no_argument, NULL, STATS},
	{"strip", required_argument, NULL, STRIP},
	{"symlinks", required_argument, NULL, SYMLINKS},
	{"tag-salt", required_argument, NULL, TAG_SALT},
	{"type", required_argument, NULL, TYPE},
	{"version", no_argument, NULL, VERSION},
	{"workers", required_argument, NULL, WORKERS},
	{NULL, 0, NULL, 0},
};

/* What concerns the server and its connections. */
static bool take_server_option(struct settings *s, int option, const char *value)
{
	switch (option) {
	case ADDRESS:
		return set_address(s, "address", value);
	case CERT:
		s->cert = value;
		return true;
	case KEY:
		s->key = value;
		return true;
	case HOST:
		return set_address(s, "host", value);
	case OPEN:
		s->open = true;
		return true;
	case ALLOW_HOST:
		return add_host(s, value);
	case MODE:
		return set_mode(s, value);
	case PORT:
		return read_unsigned("port", value, 0, 65535, &s->server.port);
	case MAX_CONNECTIONS:
		return read_unsigned("max-connections", value, 1, UINT_MAX, &s->server.connection_limit);
	case MAX_PER_ADDRESS:
		return read_limit("max-per-address", value, &s->server.connections_per_address);
	case REQUEST_TIMEOUT:
		return read_limit("request-timeout", value, &s->server.request_timeout);
	case KEEP_ALIVE_TIMEOUT:
		return read_limit("keep-alive-timeout", value, &s->server.keep_alive_timeout);
	case HEADER_MEMORY:
		return read_unsigned("header-memory", value, MIN_HEADER_MEMORY, INT_MAX,
				     &s->server.header_memory);
	default:
		return false;
	}
}

/* What concerns what is told. */
static bool take_log_option(struct settings *s, int option, const char *value)
{
	switch (option) {
	case LOG:
		return set_log(s, value);
	case PROGRESS:
		s->progress = true;
		return true;
	case QUIET:
		s->quiet = true;
		return true;
	case STATS:
		s->stats = true;
		return true;
	default:
		return take_server_option(s, option, value);
	}
}

/* What concerns targets. */
static bool take_target_option(struct settings *s, int option, const char *value)
{
	switch (option) {
	case CLEAN_URLS:
		s->files.flags |= FSRV_CLEAN_URLS;
		return true;
	case INDEX:
		s->index = true;
		return true;
	case NOT_FOUND:
		s->files.not_found_page = value;
		return true;
	case PREFIX:
		s->files.prefix = value;
		return true;
	case SPA:
		s->files.spa_page = value != NULL ? value : "index.html";
		return true;
	default:
		return take_log_option(s, option, value);
	}
}

/* What concerns header fields. */
static bool take_field_option(struct settings *s, int option, char *value)
{
	switch (option) {
	case CACHE_CONTROL:
		s->files.cache_control = value;
		return true;
	case CORS:
		return add_origin(s, value != NULL ? value : "*");
	case HEADER:
		return add_header(s, value);
	case FOLLOW:
		return add_follow(s, value);
	case FOLLOW_SECONDS:
		return read_unsigned("follow-seconds", value, 1, MAX_FOLLOW_SECONDS,
				     &s->files.follow_seconds);
	case ISOLATE:
		s->files.flags |= FSRV_ISOLATE;
		return true;
	case PRECOMPRESSED:
		s->files.flags |= FSRV_PRECOMPRESSED;
		return true;
	case CODING_BY_EXTENSION:
		s->files.flags |= FSRV_CODING_BY_EXTENSION;
		return true;
	case DEFAULT_TYPE:
		s->files.default_type = value;
		return true;
	case EXTENSIONLESS_TYPE:
		s->files.extensionless_type = value;
		return true;
	case TYPE:
		return add_own_type(s, value);
	case MIME_TYPES:
		s->mime_types = value;
		return true;
	default:
		return take_target_option(s, option, value);
	}
}

static bool take_option(struct settings *s, int option, char *value)
{
	switch (option) {
	case BODY:
		return set_body(s, value);
	case PRE_HEAD_SCRIPT:
		return add_edit(s, "pre-head-script", value, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START);
	case HEAD_SCRIPT:
		return add_edit(s, "head-script", value, FSRV_SCOPE_INDEX_PAGE, FSRV_HEAD_END);
	case BODY_SCRIPT:
		return add_edit(s, "body-script", value, FSRV_SCOPE_INDEX_PAGE, FSRV_BODY_END);
	case STRIP:
		return add_edit(s, "strip", value, FSRV_SCOPE_INDEX_PAGE, FSRV_POINTS);
	case OVERLAY:
		return add_root(s, value);
	case TAG_SALT:
		s->files.tag_salt = value;
		return true;
	case MAX_BODIES:
		return read_unsigned("max-bodies", value, 0, UINT_MAX, &s->files.max_bodies);
	case MAX_FILES:
		return read_unsigned("max-files", value, 0, UINT_MAX, &s->files.max_files);
	case MAX_RANGES:
		return read_unsigned("max-ranges", value, 1, MAX_PARTS, &s->files.max_ranges);
	case WORKERS:
		return read_unsigned("workers", value, 1, MAX_WORKERS, &s->files.workers);
	case CACHE_SIZE:
		return set_cache_size(s, value);
	case SYMLINKS:
		return set_symlinks(s, value);
	case ETAG:
		return set_etag(s, value);
	default:
		return take_field_option(s, option, value);
	}
}

/* getopt_long(3) tells a bad short option by optopt alone, which may stand among others, and one that is left
 * without its value by the name of the whole argument. */
static bool refuse_option(int answer, const char *argument)
{
	bool is_short = optopt > 0x20 && optopt < 0x7f;

	if (answer == ':')
		return is_short ? refuse("-%c needs a value; see --help", optopt)
				: refuse("%s needs a value; see --help", argument);
	if (is_short)
		return refuse("unknown option -%c; see --help", optopt);
	if (strchr(argument, '=') != NULL)
		return refuse("%s: unknown option, or one that takes no value; see --help", argument);
	return refuse("unknown option %s; see --help", argument);
}

/* Short options are another way to write long ones. */
static int long_option(int option)
{
	switch (option) {
	case 'p':
		return PORT;
	case 'h':
		return HELP;
	case 'V':
		return VERSION;
	default:
		return option;
	}
}

/* Options that are only wrong together. */
static bool check_pairs(const struct settings *s)
{
	if (s->index && (s->files.spa_page != NULL || s->files.not_found_page != NULL))
		return refuse("--index: %s answers for every folder; leave one of them away",
			      s->files.spa_page != NULL ? "--spa" : "--not-found");
	return true;
}

bool take_arguments(struct settings *s, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = long_option(getopt_long(argc, argv, ":hp:V", options, NULL))) != -1) {
		if (option == HELP || option == VERSION) {
			option == HELP ? print_help() : print_version();
			exit(0);
		}
		if (option == ':' || option == '?')
			return refuse_option(option, argv[optind - 1]);
		if (!take_option(s, option, optarg))
			return false;
	}
	if (argc - optind > 1)
		return refuse("only one FOLDER; further ones go before it with --overlay");
	return add_root(s, optind < argc ? argv[optind] : ".") && check_pairs(s);
}
