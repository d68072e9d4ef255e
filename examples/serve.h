/* What the parts of fsrv-serve share. */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>
#include <stdio.h>

#include "fsrv/server.h"

#define PROGRAM	    "fsrv-serve"
#define MAX_ROOTS   64
#define MAX_HOSTS   64
#define MAX_FOLLOW  64
#define MAX_EDITS   256
#define MAX_RULES   256
#define MAX_ORIGINS 64

/* Something to do to HTML pages: a script to put in, or scripts to take out. */
struct edit {
	const char *option;
	const char *value; /* file name, or marker */
	enum fsrv_scope scope;
	enum fsrv_point point; /* FSRV_POINTS: take out */
};

/* Media types that were read from a file. */
struct types {
	struct fsrv_type *list;
	size_t n;
	char *text; /* of the file: the extensions lie in it */
};

struct settings {
	struct fsrv_options files;
	struct fsrv_server_options server;
	const char *roots[MAX_ROOTS];
	const char *hosts[MAX_HOSTS];
	const char *follow[MAX_FOLLOW];
	struct edit edits[MAX_EDITS];
	size_t n_edits;
	struct fsrv_field_rule rules[MAX_RULES];
	const char *origins[MAX_ORIGINS];
	const char *mime_types; /* name of a file; NULL: none */
	struct fsrv *fs;
	bool quiet, stats;
};

/* Says in one line why the program cannot run; the caller returns what this returns: false. */
bool refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fills settings from the command line; ends the program after --help and --version. */
bool take_arguments(struct settings *s, int argc, char **argv);

/* Adds a rule for a header field: "PATTERN: Name: value", which is cut into its parts. Without a value the
 * field is removed. */
bool add_header(struct settings *s, char *text);

/* Adds an origin whose scripts may read, or "*". */
bool add_origin(struct settings *s, const char *origin);
/* Reads a whole file into memory that the caller frees, and terminates it; says what is wrong on behalf of an
 * option. */
bool read_file(const char *option, const char *path, char **text, size_t *length);

/* Reads the types of a file; free_types frees them, also after a failure. */
bool read_types(const char *path, struct types *types);
void free_types(struct types *types);

/* Tells the handler of the scripts and markers that the settings name. */
bool make_edits(struct settings *s);

/* Answers a request with the counters of a handler in JSON. */
enum MHD_Result answer_stats(struct fsrv *fs, struct MHD_Connection *connection);

/* Writes the counters of a handler, a line for each. */
void print_stats(struct fsrv *fs, FILE *file);

#endif
