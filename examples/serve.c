/* fsrv-serve - serves folders over HTTP on this machine; see fsrv-serve(1). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsrv/server.h"

#define PROGRAM	  "fsrv-serve"
#define MAX_ROOTS 64
#define MAX_EDITS 256

static const char usage[] =
	"usage: " PROGRAM " [OPTION]... ROOT\n"
	"Serves the folder ROOT over HTTP to programs on this machine.\n"
	"\n"
	"  --port N               listen on port N (default: any free port)\n"
	"  --address ADDRESS      listen on this numeric address (default: 127.0.0.1)\n"
	"  --overlay DIR          look into DIR before ROOT; repeatable, first come first\n"
	"  --mode MODE            thread (per connection, default), epoll or pool\n"
	"  --body MODE            auto (default), zero-copy or reader\n"
	"  --symlinks POLICY      follow (default), beneath or none\n"
	"  --cache-control VALUE  Cache-Control of files (default: no-cache)\n"
	"  --pre-head-script FILE script for the start of every HTML page's head; repeatable\n"
	"  --head-script FILE     script for the end of the head of ROOT's index page; repeatable\n"
	"  --body-script FILE     script for the end of the body of ROOT's index page; repeatable\n"
	"  --strip MARKER         take scripts that contain MARKER out of the index page; repeatable\n"
	"  --quiet                no log of requests\n"
	"  --help, --version\n"
	"\n"
	"The first line on standard output is the address. /health answers 200 ok.\n"
	"Ends with exit status 0 at SIGINT or SIGTERM, 2 when it cannot start.\n";

/* Something to do to HTML pages: a script to put in, or scripts to take out. */
struct edit {
	const char *option;
	const char *value; /* file name, or marker */
	enum fsrv_scope scope;
	enum fsrv_point point; /* FSRV_POINTS: take out */
};

struct settings {
	struct fsrv_options files;
	struct fsrv_server_options server;
	const char *roots[MAX_ROOTS];
	struct edit edits[MAX_EDITS];
	size_t n_edits;
	struct fsrv *fs;
	bool quiet;
};

/* Says in one line why the program cannot run; the caller returns what this returns. */
static bool refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool refuse(const char *format, ...)
{
	va_list arguments;

	fputs(PROGRAM ": ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

static bool read_port(const char *text, unsigned *port)
{
	unsigned number = 0;

	for (const char *c = text; *c != '\0'; c++) {
		if (*c < '0' || *c > '9' || number > 6553)
			return refuse("--port %s: give a number from 0 to 65535", text);
		number = number * 10 + (unsigned)(*c - '0');
	}
	if (*text == '\0' || number > 65535)
		return refuse("--port %s: give a number from 0 to 65535", text);
	*port = number;
	return true;
}

/* Looks a word up in a list that ends with NULL; its place is the value. */
static bool read_word(const char *option, const char *text, const char *const *words, unsigned *value)
{
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0) {
			*value = i;
			return true;
		}
	}
	return refuse("--%s %s: give one of %s, %s, %s", option, text, words[0], words[1], words[2]);
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

static bool set_symlinks(struct settings *s, const char *text)
{
	static const char *const words[] = {"follow", "beneath", "none", NULL};
	unsigned value = 0;

	if (!read_word("symlinks", text, words, &value))
		return false;
	s->files.symlinks = (enum fsrv_symlinks)value;
	return true;
}

enum {
	ADDRESS,
	BODY,
	BODY_SCRIPT,
	CACHE_CONTROL,
	HEAD_SCRIPT,
	HELP,
	MODE,
	OVERLAY,
	PORT,
	PRE_HEAD_SCRIPT,
	QUIET,
	STRIP,
	SYMLINKS,
	VERSION
};

static const struct option options[] = {
	{"address", required_argument, NULL, ADDRESS},
	{"body", required_argument, NULL, BODY},
	{"body-script", required_argument, NULL, BODY_SCRIPT},
	{"cache-control", required_argument, NULL, CACHE_CONTROL},
	{"head-script", required_argument, NULL, HEAD_SCRIPT},
	{"help", no_argument, NULL, HELP},
	{"mode", required_argument, NULL, MODE},
	{"overlay", required_argument, NULL, OVERLAY},
	{"port", required_argument, NULL, PORT},
	{"pre-head-script", required_argument, NULL, PRE_HEAD_SCRIPT},
	{"quiet", no_argument, NULL, QUIET},
	{"strip", required_argument, NULL, STRIP},
	{"symlinks", required_argument, NULL, SYMLINKS},
	{"version", no_argument, NULL, VERSION},
	{NULL, 0, NULL, 0},
};

static bool take_option(struct settings *s, int option, const char *value)
{
	switch (option) {
	case ADDRESS:
		s->server.address = value;
		return true;
	case BODY:
		return set_body(s, value);
	case CACHE_CONTROL:
		s->files.cache_control = value;
		return true;
	case PRE_HEAD_SCRIPT:
		return add_edit(s, "pre-head-script", value, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START);
	case HEAD_SCRIPT:
		return add_edit(s, "head-script", value, FSRV_SCOPE_INDEX_PAGE, FSRV_HEAD_END);
	case BODY_SCRIPT:
		return add_edit(s, "body-script", value, FSRV_SCOPE_INDEX_PAGE, FSRV_BODY_END);
	case STRIP:
		return add_edit(s, "strip", value, FSRV_SCOPE_INDEX_PAGE, FSRV_POINTS);
	case MODE:
		return set_mode(s, value);
	case OVERLAY:
		return add_root(s, value);
	case PORT:
		return read_port(value, &s->server.port);
	case QUIET:
		s->quiet = true;
		return true;
	case SYMLINKS:
		return set_symlinks(s, value);
	default:
		return false;
	}
}

/* getopt_long(3) tells a bad short option by optopt alone, which may stand among others. */
static bool refuse_option(const char *argument)
{
	if (optopt > 0x20 && optopt < 0x7f)
		return refuse("unknown option -%c; see --help", optopt);
	if (strchr(argument, '=') != NULL)
		return refuse("%s: unknown option, or one that takes no value; see --help", argument);
	return refuse("unknown option %s; see --help", argument);
}

static bool take_arguments(struct settings *s, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == HELP || option == VERSION) {
			fputs(option == HELP ? usage : PROGRAM " " FSRV_VERSION "\n", stdout);
			exit(0);
		}
		if (option == ':')
			return refuse("%s needs a value; see --help", argv[optind - 1]);
		if (option == '?')
			return refuse_option(argv[optind - 1]);
		if (!take_option(s, option, optarg))
			return false;
	}
	if (argc - optind != 1)
		return refuse(optind == argc ? "name the folder to serve; see --help"
					     : "only one ROOT; further folders go before it with --overlay");
	return add_root(s, argv[optind]);
}

static void log_line(void *cls, const char *line)
{
	(void)cls;
	fprintf(stderr, PROGRAM ": %s\n", line);
}

/* The client chose these bytes: what could move a terminal's cursor is shown as an escape. */
static void print_target(const char *target)
{
	for (; *target != '\0'; target++) {
		if (*target > 0x20 && *target < 0x7f)
			fputc(*target, stderr);
		else
			fprintf(stderr, "\\x%02x", (unsigned)(unsigned char)*target);
	}
}

static void log_access(void *cls, const struct fsrv_access *access)
{
	(void)cls;
	flockfile(stderr);
	fprintf(stderr, "%u %s ", access->status, access->method);
	print_target(access->target);
	if (access->length > 0)
		fprintf(stderr, " %" PRIu64 "-%" PRIu64 "/%" PRIu64, access->offset,
			access->offset + access->length - 1, access->size);
	fputc('\n', stderr);
	funlockfile(stderr);
}

static enum MHD_Result answer_health(struct MHD_Connection *connection)
{
	static char ok[] = "ok\n";
	struct MHD_Response *response = MHD_create_response_from_buffer(3, ok, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *upload_data, size_t *upload_data_size, void **con_cls)
{
	const struct settings *s = cls;
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (reads && *con_cls != NULL && *upload_data_size == 0 && strcmp(url, "/health") == 0)
		return answer_health(connection);
	return fsrv_handle(s->fs, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

/* Signals that end the program are blocked in every thread and waited for in the first. */
static sigset_t block_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	return ends;
}

static bool make_handler(struct settings *s)
{
	int error;

	s->files.size = sizeof(s->files);
	s->files.roots = s->roots;
	s->files.log = log_line;
	s->files.access = s->quiet ? NULL : log_access;
	error = fsrv_new(&s->files, &s->fs);
	/* The log function has named a bad option or folder in a line of its own. */
	if (error != FSRV_OK && error != FSRV_ERR_ROOT && error != FSRV_ERR_INVALID)
		return refuse("%s", fsrv_strerror(error));
	return error == FSRV_OK;
}

/* Reads a whole file into memory that the caller frees. */
static bool read_file(const struct edit *edit, char **text, size_t *length)
{
	FILE *file = fopen(edit->value, "rbe");
	size_t room = 4096, n;
	bool failed;

	*length = 0;
	*text = NULL;
	if (file == NULL)
		return refuse("--%s %s: %s", edit->option, edit->value, strerror(errno));
	do {
		char *larger = realloc(*text, room *= 2);

		n = 0;
		if (larger == NULL)
			break;
		*text = larger;
		n = fread(*text + *length, 1, room - *length, file);
		*length += n;
	} while (n > 0 && *length == room);
	failed = ferror(file) != 0 || *text == NULL;
	if (failed) {
		refuse("--%s %s: %s", edit->option, edit->value, strerror(errno));
		free(*text);
	}
	fclose(file);
	return !failed;
}

static bool add_script(struct settings *s, const struct edit *edit)
{
	struct fsrv_script script = {0};
	char *text;
	int error;

	if (!read_file(edit, &text, &script.length))
		return false;
	script.text = text;
	error = fsrv_inject_add_script(s->fs, edit->scope, edit->point, &script);
	free(text);
	return error == FSRV_OK || refuse("--%s %s: %s", edit->option, edit->value, fsrv_strerror(error));
}

static bool add_marker(struct settings *s, const struct edit *edit)
{
	struct fsrv_marker marker = {edit->value, strlen(edit->value), 0};

	return fsrv_inject_add_strip(s->fs, edit->scope, &marker) == FSRV_OK ||
	       refuse("--strip '%s': give a marker of 1 to %d bytes", edit->value, FSRV_MARKER_MAX);
}

static bool make_edits(struct settings *s)
{
	for (size_t i = 0; i < s->n_edits; i++)
		if (!(s->edits[i].point == FSRV_POINTS ? add_marker(s, &s->edits[i]) : add_script(s, &s->edits[i])))
			return false;
	return true;
}

static bool start_server(struct settings *s, struct fsrv_server **server)
{
	const char *address = s->server.address != NULL ? s->server.address : "127.0.0.1";
	int error;

	s->server.size = sizeof(s->server);
	s->server.handler = handle;
	s->server.handler_cls = s;
	error = fsrv_server_start(s->fs, &s->server, server);
	if (error == FSRV_ERR_INVALID)
		return refuse("--address %s: give a numeric IPv4 or IPv6 address", address);
	if (error == FSRV_ERR_ADDRESS_IN_USE)
		return refuse("--port %u: another program listens there; leave the option away for a free port",
			      s->server.port);
	if (error == FSRV_ERR_SYSTEM)
		return refuse("--address %s --port %u: %s", address, s->server.port, strerror(errno));
	if (error != FSRV_OK)
		return refuse("%s", fsrv_strerror(error));
	return true;
}

/* A descriptor that the caller closed would otherwise become a socket, and be written to. */
static bool open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
	while (fd >= 0 && fd <= 2);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int main(int argc, char **argv)
{
	struct settings s = {0};
	struct fsrv_server *server;
	sigset_t ends;
	int signal_number, status = 0;

	if (!open_standard_files() || !take_arguments(&s, argc, argv) || !make_handler(&s))
		return 2;
	ends = block_signals();
	if (!make_edits(&s) || !start_server(&s, &server)) {
		fsrv_free(s.fs);
		return 2;
	}
	if (puts(fsrv_server_url(server)) == EOF || fflush(stdout) == EOF) {
		refuse("standard output: %s", strerror(errno));
		status = 2;
	} else {
		sigwait(&ends, &signal_number);
	}
	fsrv_server_stop(server);
	fsrv_free(s.fs);
	return status;
}
