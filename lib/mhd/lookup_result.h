/* What a lookup found, and how what it holds is released. */
#ifndef FSRV__MHD_LOOKUP_RESULT_H
#define FSRV__MHD_LOOKUP_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "fs/cache.h"
#include "fs/content.h"
#include "fs/file.h"
#include "fsrv/fsrv.h"
#include "http/fallback_pages.h"
#include "http/outcome.h"
#include "http/path.h"
#include "mhd/prepared.h"

struct fsrv__lookup_result {
	enum fsrv__outcome outcome;
	/* The cache confirmed the path less than a second ago, and no name on the way is remote. So names and
	 * file are most likely in memory. */
	bool is_recent;
	bool was_opened;         /* the file, or a sidecar, was opened or looked for by open(2) */
	struct fsrv__time time;  /* when the lookup began */
	size_t requested_length; /* of the path without an index page's name */
	struct fsrv__path path;
	/* File or content come from the program: they are there before the lookup, which finds no name, and
	 * path is the name that the program gave them. */
	bool is_given;
	bool is_of_overlay;                       /* content was given by the overlay */
	char given_type[FSRV__CONTENT_TYPE_SIZE]; /* media type of what is given; empty: by the name */
	/* The following are for FSRV__FOUND_FILE. */
	enum fsrv__try found_by;
	struct fsrv__file file; /* the descriptor is -1 unless the file was opened */
	const char *media_type; /* of the file's name; a constant of the handler's */
	/* The same with the encoding that a large page names; empty for all other files. */
	char named_type[FSRV__CONTENT_TYPE_SIZE];
	struct fsrv__opaque_tag own_tag; /* of what is given, or by the etag function of the program */
	struct fsrv__content *content;   /* what is sent in place of the file, a reference; or NULL */
	struct fsrv__cache_place place;  /* the entry of the cache that has the facts alone; or none */
	struct fsrv__prepared
		*prepared; /* responses for the cached state of the file, a reference; or NULL */
	/* Of what is sent: a sidecar's, or the one that the name stands for. NULL: that of the media type. */
	const char *content_coding;
	bool varies;     /* the file has a sidecar: another request may be answered in another coding */
	bool is_growing; /* it is to be followed: neither its size nor its facts will last */
};

enum fsrv__lookup_status {
	FSRV__LOOKUP_DONE,
	FSRV__LOOKUP_CHANGED,   /* a file changed during the lookup: repeat it */
	FSRV__LOOKUP_WOULD_WAIT /* something is not in memory, and waiting is not allowed */
};

/* The media type by what the program gave, or by the name; not yet with the encoding of a page. */
const char *fsrv__lookup_result_type(const struct fsrv__lookup_result *result);

/* Whether that type needs the encoding that the bytes of a page name. Those that are coded name none. */
bool fsrv__lookup_result_lacks_charset(const struct fsrv__lookup_result *result);

/* Makes a result that holds nothing. The path stays as it is. */
void fsrv__lookup_result_init(struct fsrv__lookup_result *result);

/* Takes the name of an index page off the path. */
void fsrv__lookup_result_reset_path(struct fsrv__lookup_result *result);

/* Makes it hold nothing: what it held belongs to somebody else now. */
void fsrv__lookup_result_forget(struct fsrv__lookup_result *result);

/* Closes the file and gives back the references. */
void fsrv__lookup_result_clear(struct fsrv *fs, struct fsrv__lookup_result *result);

/* Ends a lookup whose file cannot be served: clears the result and sets its outcome. What is a fault of the
 * machine's is logged with error, an errno; 0 when nothing is to be logged. */
enum fsrv__lookup_status fsrv__lookup_result_fail(struct fsrv *fs, struct fsrv__lookup_result *result,
						  enum fsrv__outcome outcome, int error);

#endif
