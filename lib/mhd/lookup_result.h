/* What a lookup needs, what it found, and how what it holds is released. */
#ifndef FSRV__MHD_LOOKUP_RESULT_H
#define FSRV__MHD_LOOKUP_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "fs/content.h"
#include "fs/file.h"
#include "fsrv/fsrv.h"
#include "http/outcome.h"
#include "http/path.h"

/* What a request needs of its file. */
struct fsrv__lookup_needs {
	bool content;           /* most likely it will be sent */
	bool facts_may_suffice; /* for HEAD, and when a precondition decides */
	bool descriptor;        /* the file is to be open, whatever is cached */
};

struct fsrv__lookup_result {
	enum fsrv__outcome outcome;
	bool is_recent;          /* the same path was looked up less than a second ago too */
	struct fsrv__time time;  /* when the lookup began */
	size_t requested_length; /* of the path without an index page's name */
	struct fsrv__path path;
	/* The following are for FSRV__FOUND_FILE. */
	struct fsrv__file file;        /* the descriptor is -1 unless the file was opened */
	const char *media_type;        /* of the file as it is; a constant of the handler's */
	struct fsrv__content *content; /* what is sent in place of the file, a reference; or NULL */
};

enum fsrv__lookup_status {
	FSRV__LOOKUP_DONE,
	FSRV__LOOKUP_CHANGED,   /* a file changed during the lookup: repeat it */
	FSRV__LOOKUP_WOULD_WAIT /* something is not in memory, and waiting is not allowed */
};

/* A file that changes all the time is looked up so often before the answer is 503. */
#define FSRV__MAX_LOOKUPS 3

/* Makes a result that holds nothing. The path stays as it is. */
void fsrv__lookup_result_init(struct fsrv__lookup_result *result);

/* Closes the file and releases the content. */
void fsrv__lookup_result_clear(struct fsrv *fs, struct fsrv__lookup_result *result);

/* Ends a lookup whose file cannot be served: clears the result and sets its outcome. What is a fault of the
 * machine's is logged with error, an errno; 0 when nothing is to be logged. */
enum fsrv__lookup_status fsrv__lookup_result_fail(struct fsrv *fs, struct fsrv__lookup_result *result,
						  enum fsrv__outcome outcome, int error);

#endif
