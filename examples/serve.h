/* What the parts of fsrv-serve share. */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "fsrv/server.h"

#define PROGRAM     "fsrv-serve"
#define MAX_ROOTS   64
#define MAX_HOSTS   64
#define MAX_FOLLOW  64
#define MAX_EDITS   256
#define MAX_RULES   256
#define MAX_ORIGINS 64
#define MAX_TYPES   256

/* Something to do to HTML pages: a script to put in, or scripts to take out. */
struct edit {
	const char *option;
	const char *value; /* file name, or marker */
	enum fsrv_scope scope;
	enum fsrv_point point; /* FSRV_POINTS: take out */
};

/* Media types of the command line and of a file. */
struct types {
	struct fsrv_type *list;
	size_t n;
	size_t n_given; /* so many at the start are of the command line */
	char *text;     /* of the file: the extensions lie in it */
};

enum log_format { LOG_TEXT, LOG_JSON };

/* A response that has begun and not ended. */
struct transfer {
	uint64_t number; /* of the library */
	char *method, *target, *referer, *user_agent;
	char client[48]; /* numeric address, "": unknown */
	uint64_t length, size, n_parts;
	struct timespec began;
	int socket;
	uint64_t start;  /* bytes on the socket before */
	bool is_counted; /* the socket told what was sent */
	uint64_t sent, sampled;
	double rate; /* bytes per second */
	unsigned n_samples;
	struct transfer *next;
};

#define MAX_ADDRESSES 64

/* The URLs of a server. */
struct addresses {
	char *urls[MAX_ADDRESSES];
	size_t n;
	const char *network; /* the one for other machines; NULL: none */
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
	struct fsrv_type types[MAX_TYPES];
	size_t n_types;
	const char *mime_types; /* name of a file; NULL: none */
	const char *cert, *key; /* the same */
	struct fsrv *fs;
	enum log_format log;
	bool index, open, progress, quiet, stats;
};

/* Says in one line why the program cannot run; the caller returns what this returns: false. */
bool refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fills settings from the command line; ends the program after --help and --version. */
bool take_arguments(struct settings *s, int argc, char **argv);

void print_help(void);
void print_version(void);

/* Adds a rule for a header field: "Name: value" or "PATTERN: Name: value", which is cut into its parts.
 * Without a value the field is removed. */
bool add_header(struct settings *s, char *text);

/* Adds an origin whose scripts may read, or "*". */
bool add_origin(struct settings *s, const char *origin);

/* Reads a whole file into memory that the caller frees, and terminates it; says what is wrong on behalf of an
 * option. */
bool read_file(const char *option, const char *path, char **text, size_t *length);

/* Gathers the types that the settings name, those of a file behind the others; free_types frees them, also
 * after a failure. */
bool gather_types(const struct settings *s, struct types *types);
void free_types(struct types *types);

/* The URLs of a server, the one for programs on this machine first; free_addresses frees them, also after
 * a failure. */
bool find_addresses(const struct settings *s, const struct fsrv_server *server, struct addresses *addresses);
void free_addresses(struct addresses *addresses);

/* Writes a QR code for a terminal; nothing where the program was built without (has_qr). */
void print_qr(const char *url, bool has_colours, FILE *file);
bool has_qr(void);

/* Whether a person looks at a stream, and wants colours. */
bool has_colours(FILE *file);

/* Opens a URL, which has to stay, in the browser, or says why not. At SIGCHLD notice_browser looks how that
 * went. */
void open_browser(const char *url);
void notice_browser(void);

/* Sends a state such as READY=1 to the service manager, if there is one. */
void notify(const char *state);

/* Reads one character of a terminated text in UTF-8; U+FFFD for bytes that are none. Returns the number of
 * bytes that were read, at least one. */
size_t read_character(const char *text, uint32_t *character);

/* Write a terminated text: as a string of JSON with its quotes, as text or attribute value of HTML, as a
 * segment of a URL, and for a terminal. */
void write_json_string(FILE *file, const char *text);
void write_html(FILE *file, const char *text);
void write_url_segment(FILE *file, const char *text);
void write_escaped(FILE *file, const char *text);

/* Writes a number of bytes for people: "1.4 MB". */
void write_size(char *text, size_t size, double bytes);

/* The log on standard error, from any thread: a message of the library, and a response at its beginning or at
 * its end. */
void set_up_log(const struct settings *s);
void log_message(void *cls, const char *line);
void log_text(const struct fsrv_access *access);
void log_json(const struct transfer *transfer, const struct fsrv_completion *completion);

/* Keeps messages back, to make one line of them with what the program has to say; release_messages returns
 * the first one, "" when there was none. */
void hold_messages(void);
const char *release_messages(void);

/* Tells for which connection the calling thread works; NULL: for none. */
void set_current_connection(struct MHD_Connection *connection);

/* Keeps what is known of a response until its end. The caller of end_transfer frees it; NULL: it is not
 * known. */
void begin_transfer(const struct fsrv_access *access);
struct transfer *end_transfer(uint64_t number);
void free_transfer(struct transfer *transfer);

/* Calls a function for each transfer, after its socket was asked how much was sent. */
void look_at_transfers(void (*look)(struct transfer *transfer));

/* Shows transfers at the bottom of the terminal, until stop_progress. */
bool start_progress(void);
void stop_progress(void);

/* The lines on standard error belong to one thread between the two. */
void lock_log(void);
void unlock_log(void);

/* Whoever writes lines there calls these before and after. */
void hide_progress(void);
void show_progress(void);

/* Reads the certificate and the key that the settings name, if any; forget_tls_files frees them, also after a
 * failure. */
bool read_tls_files(struct settings *s);
void forget_tls_files(struct settings *s);

/* Tells the handler of the scripts and markers that the settings name. */
bool make_edits(struct settings *s);

/* The fallback of the library that lists folders; an MHD_AccessHandlerCallback whose first argument is the
 * settings. */
enum MHD_Result answer_index(void *cls, struct MHD_Connection *connection, const char *url,
			     const char *method, const char *version, const char *upload_data,
			     size_t *upload_data_size, void **con_cls);

/* Resumes what waits for a listing; call it before the server is stopped. free_jobs frees the rest
 * afterwards. */
void stop_jobs(void);
void free_jobs(void);

/* Answers a request with the counters of a handler in JSON. */
enum MHD_Result answer_stats(struct fsrv *fs, struct MHD_Connection *connection);

/* Writes the counters to standard error: a line for each, or all in JSON. */
void print_stats(const struct settings *s);

#endif
