/* The handler object and the stages of the MHD adapter, which translate and decide nothing. */
#ifndef FSRV__HANDLER_H
#define FSRV__HANDLER_H

#include <stdatomic.h>

#include "core/path.h"
#include "core/plan.h"
#include "fs/memory.h"
#include "fs/page.h"
#include "fs/roots.h"
#include "fs/scripts.h"
#include "fsrv/fsrv.h"
#include "mhd/guard.h"

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
	fsrv_etag_function etag_function;
	void *etag_function_cls;
	enum fsrv__etag_source etag_source;
	enum fsrv_body body;
	bool serves_hidden;
	atomic_bool url_is_raw; /* set by fsrv_server_start */
	uint64_t max_page_size;
	struct fsrv__guard *guard;	/* these three change, and are safe for any thread */
	struct fsrv__scripts scripts;
	struct fsrv__page_cache pages;
};

/* Calls the log function, if there is one, with at most 511 bytes. */
void fsrv__log(const struct fsrv *fs, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies the caller's options over zeroed defaults of the size that this library knows. Shared by
 * all option structs, whose first member is their size.
 *
 * FSRV_OK, FSRV_ERR_INVALID (no size), FSRV_ERR_UNSUPPORTED */
int fsrv__options_read(void *known, size_t known_size, const void *given);

/* Fills request from the connection's header fields; the bytes live as long as the request. */
void fsrv__request_read(struct MHD_Connection *connection, const char *method, struct fsrv__request *request);

/* How making a response went. */
enum fsrv__respond_result {
	FSRV__RESPOND_OK,
	FSRV__RESPOND_CHANGED,
	FSRV__RESPOND_UNREADABLE,
	FSRV__RESPOND_NO_MEMORY
};

/* Prepares the page that is sent in place of an HTML file when scripts are to be put into it, and makes
 * the representation that of the page.
 *
 * now   seconds since 1970
 * page  receives a reference for fsrv__page_release, or NULL when the file goes out as it is */
enum fsrv__respond_result fsrv__page_prepare(struct fsrv *fs, const char *path, const struct fsrv__file *file,
					     int64_t now, struct fsrv__representation *representation,
					     struct fsrv__page **page);

/* Makes the response for a plan.
 *
 * file  the open file, or NULL; it is closed or handed to the response in every case
 * page  the page that is sent in its place, or NULL
 *
 * FSRV__RESPOND_CHANGED     the file became shorter than planned: look again, nothing was made
 * FSRV__RESPOND_UNREADABLE  the file cannot be read; the log function was told */
enum fsrv__respond_result fsrv__response_make(struct fsrv *fs, struct MHD_Connection *connection,
					      const struct fsrv__plan *plan, struct fsrv__file *file,
					      struct fsrv__page *page, struct MHD_Response **response);

/* The descriptor of the connection's socket; -1 when libmicrohttpd does not tell. */
int fsrv__socket_of(struct MHD_Connection *connection);

/* Makes the response for length bytes of a file from an offset; results and file as above. */
enum fsrv__respond_result fsrv__body_make(struct fsrv *fs, struct MHD_Connection *connection, uint64_t offset,
					  uint64_t length, struct fsrv__file *file,
					  struct MHD_Response **response);

#endif
