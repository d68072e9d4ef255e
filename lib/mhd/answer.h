/* An answer on its way from the plan to the libmicrohttpd response: data alone. The modules that make the
 * response all take one. */
#ifndef FSRV__MHD_ANSWER_H
#define FSRV__MHD_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/cache.h"
#include "fs/content.h"
#include "fs/file.h"
#include "fsrv/fsrv.h"
#include "http/plan.h"

struct fsrv__prepared;
struct fsrv__prepared_case;
struct fsrv__transfer;

struct fsrv__answer {
	struct fsrv *fs;
	struct MHD_Connection *connection;
	int socket; /* of the connection */
	const struct fsrv__plan *plan;
	uint64_t number;  /* of the answer: fsrv_access and fsrv_completion carry it */
	uint64_t started; /* by fsrv__clock_nanoseconds */

	/* What is served; all NULL when it is no file. */
	const char *path;               /* below its root */
	struct fsrv__file *file;        /* whoever takes the descriptor writes -1 */
	struct fsrv__content *content;  /* borrowed; NULL: only the file has the bytes */
	bool is_recent;                 /* as in struct fsrv__lookup_result */
	struct fsrv__cache_place place; /* the same */

	struct fsrv__prepared *prepared;      /* borrowed: where such responses are kept; NULL: nowhere */
	const struct fsrv__prepared_case *of; /* which it is kept for there; NULL: for its plan alone */

	/* Written by fsrv__response_make. */
	struct MHD_Response *response;
	struct fsrv__transfer *transfer; /* of the response; NULL when it needs none */
	int guarded_fd;    /* owned by the response: the file that leaves by sendfile(2); -1 when none does */
	bool is_in_memory; /* the slice was copied, or is shared with the cache */
	bool is_prepared;  /* the response is one of prepared, and has its header fields */
	bool is_reusable;  /* the response may be kept there: it belongs to this plan and to no connection */
};

/* How making the response went. */
enum fsrv__answer_result {
	FSRV__ANSWER_MADE,
	FSRV__ANSWER_FILE_CHANGED,     /* the file is shorter than planned: look it up again */
	FSRV__ANSWER_NEEDS_DESCRIPTOR, /* content not in memory, file not open: look it up again */
	FSRV__ANSWER_UNREADABLE,       /* the error was logged */
	FSRV__ANSWER_NO_MEMORY,
	FSRV__ANSWER_REFUSED /* max_bodies are on their way */
};

#endif
