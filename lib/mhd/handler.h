/* The handler object and the stages of the MHD adapter, which translate and decide nothing. */
#ifndef FSRV__HANDLER_H
#define FSRV__HANDLER_H

#include <stdatomic.h>

#include "http/path.h"
#include "http/plan.h"
#include "fs/cache.h"
#include "fs/memory.h"
#include "fs/page.h"
#include "fs/roots.h"
#include "fs/scripts.h"
#include "fs/workers.h"
#include "fsrv/fsrv.h"
#include "mhd/guard.h"
#include "mhd/transfer.h"

/* Up to here one read and one send of header and content together beat sendfile(2). */
#define FSRV__SMALL (64u * 1024)

struct fsrv__offload;

/* Of these only sums are wanted, so no order is kept between them. */
struct fsrv__counters {
	atomic_uint_least64_t requests, bytes, live_bodies, open_files;
	atomic_uint_least64_t cold_reads, cold_lookups, suspends;
	atomic_uint_least64_t cache_hits, cache_misses, cut_connections, refused;
	atomic_uint_least64_t responses[600];
};

/* Immutable after fsrv_new but for the members that say otherwise. Strings and arrays lie in the
 * same block of memory, right behind it. */
struct fsrv {
	struct fsrv__allocator allocator;
	struct fsrv__roots roots;
	const struct fsrv_type *types;
	size_t n_types;
	const char *cache_control; /* NULL: no such field */
	MHD_AccessHandlerCallback fallback;
	void *fallback_cls;
	fsrv_log_function log;
	void *log_cls;
	fsrv_access_function access;
	void *access_cls;
	fsrv_completion_function completion;
	void *completion_cls;
	fsrv_wake_function wake;
	void *wake_cls;
	fsrv_etag_function etag_function;
	void *etag_function_cls;
	enum fsrv__etag_source etag_source;
	enum fsrv_body body;
	unsigned max_bodies, max_files; /* 0: no limit */
	bool serves_hidden;
	atomic_bool url_is_raw, completion_is_told; /* set by fsrv_server_start */
	uint64_t max_page_size;
	struct fsrv__guard *guard; /* from here on all change, and are safe for any thread */
	struct fsrv__workers *workers;
	struct fsrv__scripts scripts;
	struct fsrv__cache cache;
	struct fsrv__counters counters;
	atomic_uint_least64_t last_number; /* of an answer */
	pthread_mutex_t offload_mutex;
	struct fsrv__offload *offloads;
	atomic_uint n_offloads;
	struct fsrv__drain drain;
	atomic_bool is_drained;
};

static inline uint64_t fsrv__count(atomic_uint_least64_t *counter, uint64_t n)
{
	return atomic_fetch_add_explicit(counter, n, memory_order_relaxed) + n;
}

static inline void fsrv__uncount(atomic_uint_least64_t *counter, uint64_t n)
{
	atomic_fetch_sub_explicit(counter, n, memory_order_relaxed);
}

/* Calls the log function, if there is one, with at most 511 bytes. */
void fsrv__log(const struct fsrv *fs, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Nanoseconds of the monotonic clock. */
uint64_t fsrv__monotonic(void);

/* The time by the clock of file systems and of the Date field. */
struct fsrv__time fsrv__time_now(void);

/* Copies the caller's options over zeroed defaults of the size that this library knows. Shared by
 * all option structs, whose first member is their size.
 *
 * FSRV_OK, FSRV_ERR_INVALID (no size), FSRV_ERR_UNSUPPORTED */
int fsrv__options_read(void *known, size_t known_size, const void *given);

/* Fills request from the connection's header fields; the bytes live as long as the request. */
void fsrv__request_read(struct MHD_Connection *connection, const char *method, struct fsrv__request *request);

/* What a request needs of a file. */
struct fsrv__wish {
	bool bytes; /* it will most likely be sent */
	bool facts; /* they may be all that it takes: HEAD, or a precondition */
	bool file;  /* open, whatever is known */
};

/* Closes a file that counts as open; one that is not local on a worker, if there are any, since close(2)
 * may then wait as well. */
void fsrv__file_close(struct fsrv *fs, int fd, bool is_remote);

/* What one look at the files gave. */
struct fsrv__sight {
	enum fsrv__outcome outcome;
	bool is_recent;		       /* it was looked at a moment ago, too */
	struct fsrv__time time;	       /* when the look began */
	size_t asked;		       /* length of the path without an index page's name */
	struct fsrv__path path;
	struct fsrv__file file;	       /* for FSRV__FOUND_FILE; the descriptor is -1 unless it was opened */
	struct fsrv__content *content; /* what is sent in its place, a reference, or NULL */
};

enum fsrv__look_result {
	FSRV__LOOK_DONE,
	FSRV__LOOK_CHANGED,  /* a file changed meanwhile: look again */
	FSRV__LOOK_MUST_WAIT /* not in memory, and waiting is not allowed */
};

/* A file that is rewritten all the time is looked up anew this often before the answer is 503. */
#define FSRV__MAX_LOOKS 3

/* Looks at the files for a path that was parsed: sight->path and asked are given. Unless it is done,
 * nothing is held. What went wrong is logged. */
enum fsrv__look_result fsrv__look(struct fsrv *fs, const struct fsrv__wish *wish, enum fsrv__wait_policy wait,
				  struct fsrv__sight *sight);

/* Ends a look at a file that is not to be served; error is errno, 0 when there is nothing to log. */
enum fsrv__look_result fsrv__look_fail(struct fsrv *fs, struct fsrv__sight *sight, enum fsrv__outcome outcome,
				       int error);

/* Closes and releases what a sight holds. */
void fsrv__sight_clear(struct fsrv *fs, struct fsrv__sight *sight);

/* The media type by which a file is served as it is. */
const char *fsrv__media_type(const struct fsrv *fs, const struct fsrv__path *path);

/* The hash of what is put into the page at a path, 0 when it goes out as it is. */
uint64_t fsrv__page_hash(const struct fsrv *fs, const struct fsrv__path *path, const struct fsrv__addition *last);

/* Makes the page of an open file; sight->content receives it. */
enum fsrv__look_result fsrv__page_prepare(struct fsrv *fs, const struct fsrv__addition *last,
					  struct fsrv__sight *sight);

/* Whether the connection can be suspended while a worker waits for a disk. */
bool fsrv__may_suspend(const struct fsrv *fs, struct MHD_Connection *connection);

/* Who has to be drained before the connection's daemon stops; NULL when that is up to the program. */
const void *fsrv__owner_of(struct MHD_Connection *connection);

/* Suspends the connection and has a worker look; the daemon calls the handler again afterwards, which
 * takes what was seen, for the path that sight holds. begin is false when nothing was begun, for want of
 * memory or threads, take when there is nothing to take. */
bool fsrv__offload_begin(struct fsrv *fs, struct MHD_Connection *connection, const struct fsrv__wish *wish,
			 const struct fsrv__sight *sight);
bool fsrv__offload_take(struct fsrv *fs, struct MHD_Connection *connection, struct fsrv__sight *sight);

/* Frees what nobody took for a while, because the client had gone. True when something is left. */
bool fsrv__offload_tidy(void *cls);

/* Frees all. */
void fsrv__offload_clear(struct fsrv *fs);

/* How making a response went. */
enum fsrv__respond_result {
	FSRV__RESPOND_OK,
	FSRV__RESPOND_CHANGED, /* the file became shorter than planned: look again */
	FSRV__RESPOND_NEEDS_FILE,
	FSRV__RESPOND_UNREADABLE, /* the log function was told */
	FSRV__RESPOND_NO_MEMORY,
	FSRV__RESPOND_REFUSED /* a limit of the options is reached */
};

/* An answer on its way to the response. */
struct fsrv__answer {
	struct fsrv *fs;
	struct MHD_Connection *connection;
	int socket; /* of the connection */
	const struct fsrv__plan *plan;
	struct fsrv__sight *sight; /* its descriptor may be taken; NULL when no file is served */
	uint64_t request;	   /* its number */
	uint64_t started;	   /* by the monotonic clock */
	struct MHD_Response *response;
};

/* Makes the response for a plan. The sight stays the caller's to clear. */
enum fsrv__respond_result fsrv__response_make(struct fsrv__answer *answer);

/* Makes the response from memory: what the plan says, with a slice that starts at an offset of content.
 * False when there is no memory. */
bool fsrv__memory_make(struct fsrv__answer *answer, struct fsrv__content *content, uint64_t offset);

/* Makes the content of the response from an open file. */
enum fsrv__respond_result fsrv__body_make(struct fsrv__answer *answer);

/* Makes a response that reads the file in blocks and never waits if it may suspend. Unless it fails
 * it takes the descriptor and the transfer. */
enum fsrv__respond_result fsrv__reader_make(struct fsrv__answer *answer, struct fsrv__transfer *transfer,
					    bool may_suspend);

/* The descriptor of the connection's socket; -1 when libmicrohttpd does not tell. */
int fsrv__socket_of(struct MHD_Connection *connection);

/* The flags of the connection's daemon. */
unsigned fsrv__flags_of(struct MHD_Connection *connection);

void fsrv__log_read_error(const struct fsrv *fs, const char *path, int error);

#endif
