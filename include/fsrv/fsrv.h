/* fsrv/fsrv.h - serves files from one or several folders in a program with a libmicrohttpd daemon.
 *
 * A struct fsrv is a description of what to serve. It is a request handler, not a server: it owns no
 * port and no event loop, and it answers on whichever thread the daemon calls it.
 *
 *	static const char *const roots[] = {"out/compiled", "project"};
 *	struct fsrv_options options = {.size = sizeof(options), .roots = roots, .n_roots = 2};
 *	struct fsrv *fs;
 *	int error = fsrv_new(&options, &fs);
 *
 * Then either let the daemon call it,
 *
 *	MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL,
 *	                 port, NULL, NULL, &fsrv_handle, fs, MHD_OPTION_END);
 *
 * or call it yourself, after your own routes, from the daemon's access handler:
 *
 *	return fsrv_handle(fs, connection, url, method, version, upload_data, upload_data_size, con_cls);
 *
 * A program without a daemon starts one with fsrv/server.h.
 *
 * What is answered: GET and HEAD of regular files with 200, 206, 304, 412 or 416 as the request's
 * preconditions and range ask (RFC 9110, 13 and 14); a folder without its slash with 308, with its
 * slash with its index page; OPTIONS with 204; other methods with 405. Names that do not exist, are
 * hidden, or are no regular files get 404, unreadable ones 403, malformed requests 400, and 503 when
 * the process has run out of descriptors or memory.
 *
 * Which daemon: one slow disk or one slow client must delay nobody else, and there are two ways to
 * have that. With one thread per connection (MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL) a thread that
 * waits for the disk holds up its own client only, and bodies leave by sendfile(2). With one thread for
 * all, or a pool, add MHD_ALLOW_SUSPEND_RESUME (best with MHD_USE_EPOLL): what is not in memory is then
 * read by a few threads of fsrv's own while the connection is suspended. Call fsrv_drain before
 * MHD_stop_daemon there. A daemon with neither reads files on the thread that serves everybody; keep to
 * local, fast disks. The same goes for an external event loop, unless it has that flag and the option
 * wake is given. Where sendfile cannot be used (external loops, TLS, select(2)), or the thread must not
 * wait, bodies are read in blocks. */
#ifndef FSRV_FSRV_H
#define FSRV_FSRV_H

#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

#include "fsrv/base.h"
#include "fsrv/inject.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What to serve and how. Opaque; made by fsrv_new. Since 0.1. */
struct fsrv;

/* What symbolic links below a root may do. The way to the root itself may always hold links.
 * Since 0.1. */
enum fsrv_symlinks {
	FSRV_SYMLINKS_FOLLOW = 0,  /* lead anywhere: linked asset folders work */
	FSRV_SYMLINKS_BENEATH = 1, /* lead to places below the same root, by relative targets; others 404 */
	FSRV_SYMLINKS_NONE = 2	   /* not at all: 404 */
};

/* Where entity tags come from (RFC 9110, 8.8.3). A tag is weak while the file changed less than two
 * seconds ago, because another write in the same tick of the clock could leave it the same.
 * Since 0.1. */
enum fsrv_etag {
	FSRV_ETAG_LOCAL = 0,  /* times of content and inode, size, inode: sees files put back with their old time */
	FSRV_ETAG_REPLICA = 1 /* modification time and size: the same on several machines with copies */
};

/* How the content of large files leaves. Small ones (64 KiB and less) are sent from memory, together
 * with their header, whatever this says. Since 0.1. */
enum fsrv_body {
	/* By the daemon: READER where the thread can be kept from waiting, and where libmicrohttpd would not
	 * use sendfile(2) (external loops, TLS), else ZERO_COPY. */
	FSRV_BODY_AUTO = 0,
	/* By sendfile(2) wherever it can be watched over: not in a daemon that waits with select(2), which
	 * would spin on a file that becomes shorter, not from FUSE, NFS and the like, and with the option
	 * completion only if FSRV_COMPLETION_IS_TOLD is set. The thread waits for the disk, also where it
	 * serves others. */
	FSRV_BODY_ZERO_COPY = 1,
	/* Read in blocks of up to 256 KiB: never a byte after a file was cut. */
	FSRV_BODY_READER = 2
};

/* Bits of fsrv_options.flags. Since 0.1. */
enum fsrv_flags {
	/* The daemon hands over targets undecoded, since MHD_OPTION_UNESCAPE_CALLBACK is
	 * fsrv_keep_escapes. Without it libmicrohttpd decodes: %2F is then taken for a slash, and a
	 * name ends at %00. fsrv_server_start sets this bit itself. */
	FSRV_URL_IS_RAW = 1 << 0,
	/* Serve names that start with a dot. By default they are 404, except below /.well-known/. */
	FSRV_SERVE_HIDDEN = 1 << 1,
	/* The daemon's MHD_OPTION_NOTIFY_COMPLETED is fsrv_request_completed, or calls it: bodies that
	 * leave by sendfile(2) are then known to have ended at once, and with all their bytes. Without it
	 * fsrv_stats sees their end up to a quarter of a second later, with the bytes that it saw last.
	 * fsrv_server_start sets this bit itself. */
	FSRV_COMPLETION_IS_TOLD = 1 << 2
};

/* A media type for an extension. Since 0.1. */
struct fsrv_type {
	const char *extension;	/* without the dot, any letter case: "glb" */
	const char *media_type; /* as it is sent: "model/gltf-binary", "text/x-script; charset=utf-8" */
};

/* A finished decision about one request, for logs and statistics. The strings are valid during the
 * call only. New fields are only ever appended. Since 0.1. */
struct fsrv_access {
	const char *method;
	const char *target;  /* as the daemon handed it over: bytes of the client's choice */
	const char *path;    /* the path below the root that was looked up, NULL when there was none */
	uint64_t offset;     /* the slice of the file that is to be sent; 0 and 0 when it is no file */
	uint64_t length;     /* or when no content goes out (HEAD, 304) */
	uint64_t size;	     /* of the whole file, 0 when it is no file */
	unsigned status;     /* 200, 404, ... */
	int root;	     /* index of the root that the file was found in, -1 when it is no file */
	uint64_t request;    /* a number of its own for each answer; the completion bears it again */
};

/* How an answer ended. Since 0.1. */
enum fsrv_ending {
	FSRV_ENDING_COMPLETE = 0, /* the socket took all of the content, if there was any */
	FSRV_ENDING_ABORTED = 1,  /* the client went away, or the daemon was stopped or lost patience */
	/* These three mean that fsrv closed the connection, the only way to tell a client (RFC 9112, 8). */
	FSRV_ENDING_FILE_CHANGED = 2, /* the file became shorter than announced, or was rewritten */
	FSRV_ENDING_READ_ERROR = 3,   /* the disk failed; the log function was told */
	FSRV_ENDING_DRAINED = 4	      /* fsrv_drain came while the disk was waited for */
};

/* The end of an answer. The path is valid during the call only. New fields are only ever appended.
 * Since 0.1. */
struct fsrv_completion {
	uint64_t request;     /* the number that fsrv_access bore */
	const char *path;     /* the path below the root, NULL when no file was served */
	uint64_t offset;      /* the slice that was to be sent, */
	uint64_t length;      /* 0 when no content was */
	/* Bytes of that slice which the socket took. With TCP the kernel counts them; of an answer that
	 * was cut off, up to 24 bytes of header may be among them. On other sockets the last block of
	 * 256 KiB or less counts as taken. */
	uint64_t sent;
	uint64_t nanoseconds; /* from the call of fsrv_handle that answered */
	unsigned status;
	enum fsrv_ending ending;
};

/* Receives one line, without a line feed, about something that the program's owner should know: a
 * root that cannot be opened, a file that fails to be read. Called on the thread that met it. */
typedef void (*fsrv_log_function)(void *cls, const char *line);

/* Receives each answer when it is handed to the daemon. Called on the thread of the request. */
typedef void (*fsrv_access_function)(void *cls, const struct fsrv_access *access);

/* Receives the end of each answer, exactly once. Called on the thread that serves the connection, for
 * bodies that leave by sendfile(2) on the thread that first sees it; it must not wait. */
typedef void (*fsrv_completion_function)(void *cls, const struct fsrv_completion *completion);

/* Wakes an external event loop that sleeps, so that it calls MHD_run soon: a connection was resumed.
 * Called on a worker, on the loop's own thread, or on the one that calls fsrv_drain, so it takes no lock that
 * one of these may hold; writing to an eventfd(2) or a pipe that the loop waits for will do. */
typedef void (*fsrv_wake_function)(void *cls);

/* Chooses the opaque part of a file's entity tag, such as a content hash that was computed before.
 *
 * file      a descriptor of the file, open for reading; it is not the callee's to close
 * path      its path below its root
 * opaque    receives up to capacity bytes: any of 0x21, 0x23 to 0x7e, 0x80 to 0xff
 *
 * Returns how many bytes were written, 0 to leave the tag to fsrv. Runs for each request, on its
 * thread: look hashes up here, don't compute them. */
typedef size_t (*fsrv_etag_function)(void *cls, int file, const char *path, char *opaque, size_t capacity);

/* Resizes, allocates or frees memory like realloc(3), except that a size of 0 frees and returns
 * NULL. Called on any thread. */
typedef void *(*fsrv_allocate_function)(void *cls, void *memory, size_t size);

/* A value of fsrv_options.cache_size. Since 0.1. */
#define FSRV_NO_CACHE UINT64_C(1)

/* Options of fsrv_new. Set size to sizeof(struct fsrv_options) and the rest to zero, then what
 * matters: zero and NULL always mean the default. Fields are only ever appended, so that a program
 * compiled with an older header keeps working with a newer library. Since 0.1. */
struct fsrv_options {
	size_t size; /* sizeof(struct fsrv_options) */

	/* The folders to serve, at least one. The first in which a name is a regular file wins, so
	 * upper layers come first; a folder in an upper layer hides nothing below it. A relative path is
	 * taken from the working directory at fsrv_new. Roots are looked up anew for every request: one
	 * that is deleted and made again, or a link that is pointed elsewhere, is followed at once. */
	const char *const *roots;
	size_t n_roots;
	/* A policy for each root, n_roots of them. NULL: symlinks holds for all. */
	const enum fsrv_symlinks *root_symlinks;

	/* Types that come before the built-in table of more than 180 extensions. */
	const struct fsrv_type *types;
	size_t n_types;

	/* File names that are tried, in this order, for a folder. NULL: "index.html". */
	const char *const *index_names;
	size_t n_index_names;

	/* Cache-Control of 200, 206 and 304. NULL: "no-cache", that is, keep but ask each time, so that
	 * a change on disk is seen by the next request. "": no such field; browsers then guess. */
	const char *cache_control;

	/* Called instead of answering 404, with the arguments of the request, in the call that ends it: it
	 * has to queue a response then. *con_cls is the caller's own pointer or a constant of
	 * fsrv's, so a handler that waits for a first call with NULL there does not fit. NULL: a plain
	 * 404. */
	MHD_AccessHandlerCallback fallback;
	void *fallback_cls;

	fsrv_log_function log; /* NULL: silence */
	void *log_cls;

	fsrv_access_function access; /* NULL: none */
	void *access_cls;

	fsrv_etag_function etag_function; /* NULL: etag alone decides */
	void *etag_function_cls;

	fsrv_allocate_function allocate; /* NULL: realloc(3) and free(3) */
	void *allocate_cls;

	/* Bytes of the largest HTML page that scripts are put into; a larger one is answered 500 and
	 * logged. Without scripts for it a page is a file like others. 0: 16 MiB. */
	uint64_t max_page_size;
	/* Bytes of small files and finished pages that are kept in memory, with what is known about them;
	 * the least recently used leave first. Each use costs one look at the path (stat(2)), so a change
	 * on disk is seen by the next request. Files that changed less than two seconds ago are not kept.
	 * 0: 16 MiB; FSRV_NO_CACHE: nothing is kept. */
	uint64_t cache_size;

	enum fsrv_symlinks symlinks;
	enum fsrv_etag etag;
	enum fsrv_body body;
	unsigned flags; /* bits of enum fsrv_flags */

	fsrv_completion_function completion; /* NULL: none */
	void *completion_cls;

	fsrv_wake_function wake; /* for a daemon in an external loop; NULL: such a loop waits for disks */
	void *wake_cls;

	/* Threads that read what is not in memory, for daemons with MHD_ALLOW_SUSPEND_RESUME. They start
	 * when they are first needed. 0: 4; 1024 at most. */
	unsigned workers;
	/* Bodies that are on their way at once, those sent from memory not counted; further requests are
	 * answered 503 with Retry-After, at once. 0: no limit but that of connections. */
	unsigned max_bodies;
	/* Files that are open at once; as above. 0: no limit but that of the process. */
	unsigned max_files;
	unsigned reserved; /* 0 */
};

/* Makes a handler.
 *
 * options  copied with everything that it points to
 * fs       receives the handler, which belongs to the caller; untouched when the call fails
 *
 * FSRV_OK
 * FSRV_ERR_INVALID      no root, an unknown number in an enum or flag, an index name that is empty or
 *                       holds a slash, a media type or Cache-Control that is no field value, more than
 *                       1024 workers
 * FSRV_ERR_UNSUPPORTED  size is larger than this library knows, and the unknown part is not zero
 * FSRV_ERR_ROOT         a root is missing, is not a folder, or may not be searched
 * FSRV_ERR_SYSTEM       a root is relative, and the working directory has no path any more; errno
 * FSRV_ERR_MEMORY
 *
 * The log function, if given, says which option or root it was. Any thread. Since 0.1. */
FSRV_API int fsrv_new(const struct fsrv_options *options, struct fsrv **fs);

/* Frees a handler. NULL is allowed. Only after every daemon that can call it has been stopped, since
 * responses that are still going out refer to it. Waits for what workers are reading, on a disk that hangs
 * for as long as that does. Since 0.1. */
FSRV_API void fsrv_free(struct fsrv *fs);

/* Makes sure that no connection is suspended, and that none will be: to be called right before
 * MHD_stop_daemon on a daemon with MHD_ALLOW_SUSPEND_RESUME, which libmicrohttpd would otherwise answer
 * with abort(3). Bodies that wait for a disk are cut, requests that do are answered 503, and what is being
 * read at the moment is waited for. Answers from memory go on.
 *
 * There is no way back: make another handler for another daemon. fsrv_server_stop needs no such call.
 * Any thread but those that the daemon started itself. Since 0.1. */
FSRV_API void fsrv_drain(struct fsrv *fs);

/* Counters since fsrv_new, and what is going on. A snapshot: each number is right by itself, but they
 * are not all of one instant. Since 0.1. */
struct fsrv_stats {
	size_t size; /* in: sizeof(struct fsrv_stats) */
	uint64_t requests;	  /* answered, by fsrv itself */
	uint64_t responses[600];  /* the same by status: responses[404] */
	uint64_t bytes;		  /* of content: from memory when it is handed over, else what left in the end */
	uint64_t live_bodies;	  /* on their way now, those sent from memory not counted */
	uint64_t open_files;	  /* now */
	uint64_t cold_reads;	  /* of content that was not in memory, by a worker */
	uint64_t cold_lookups;	  /* of names or pages that were not in memory, by a worker */
	uint64_t suspends;	  /* of a connection, for one or the other */
	uint64_t cache_hits;	  /* answers that needed no open(2) */
	uint64_t cache_misses;	  /* those that did */
	uint64_t cache_size;	  /* bytes that are kept now */
	uint64_t cache_evictions; /* entries that had to leave for others */
	uint64_t cut_connections; /* closed by fsrv because a file was cut or could not be read */
	uint64_t refused;	  /* answered 503 because of max_bodies or max_files */
};

/* Writes the counters, as many as stats->size has room for.
 *
 * FSRV_OK, FSRV_ERR_INVALID (no size). Any thread. Since 0.1. */
FSRV_API int fsrv_stats(struct fsrv *fs, struct fsrv_stats *stats);

/* Notes the end of a request: an MHD_RequestCompletedCallback, for daemons of your own that send
 * large files by sendfile(2). Goes with FSRV_COMPLETION_IS_TOLD; requests that fsrv did not answer may
 * be told as well.
 *
 * cls  the struct fsrv
 *
 * On the daemon's threads. Since 0.1. */
FSRV_API void fsrv_request_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
				     enum MHD_RequestTerminationCode how);

/* Answers a request; exactly an MHD_AccessHandlerCallback.
 *
 * cls  the struct fsrv
 *
 * con_cls: a first call, with NULL in *con_cls, puts a constant there and waits for the call that
 * ends the request; there is nothing to free. A caller with state of its own in *con_cls may pass
 * that instead: the request is then answered in this call (make it the final one, libmicrohttpd
 * closes the connection after an answer to the first). Content of the request is read and dropped,
 * except that methods other than GET, HEAD and OPTIONS are answered in the first call, without
 * reading it.
 *
 * In a daemon with MHD_ALLOW_SUSPEND_RESUME it may return MHD_YES without an answer: the connection is
 * suspended while a worker looks for the file, and libmicrohttpd calls the program's handler a second time,
 * with the same *con_cls, which has to come to fsrv_handle again. So keep what the final call needs until
 * the request is completed, and count requests by the access hook.
 *
 * Returns MHD_YES; MHD_NO, which makes libmicrohttpd close the connection, only when it refused the
 * response, for want of memory. Any number of threads may call it at once. Since 0.1. */
FSRV_API enum MHD_Result fsrv_handle(void *cls, struct MHD_Connection *connection, const char *url,
				     const char *method, const char *version, const char *upload_data,
				     size_t *upload_data_size, void **con_cls);

/* Which pages something is put into. Since 0.1. */
enum fsrv_scope {
	FSRV_SCOPE_EVERY_PAGE = 0, /* each file of type text/html */
	FSRV_SCOPE_INDEX_PAGE = 1  /* the index page of the root alone, as "/" or by its name */
};

/* Puts a script element into pages from now on; fsrv/inject.h has the points and the element.
 *
 * fs      may be serving: each answer has either all or none of one call's bytes, and the next request
 *         after the call sees them. Entity tags change with them, so no cache shows an old page.
 * scope   which pages
 * point   where; elements for one point stand in the order in which they were added
 * script  copied
 *
 * Pages get a Content-Type with their own encoding (byte order mark, meta element, else UTF-8). Those
 * in UTF-16 or ISO-2022-JP are served as they are, and the log function is told.
 *
 * FSRV_OK
 * FSRV_ERR_INVALID  unknown scope or point, a bad attribute name, text beside src
 * FSRV_ERR_UNSAFE   the text cannot be written in the script's mode
 * FSRV_ERR_MEMORY
 *
 * Any thread. Since 0.1. */
FSRV_API int fsrv_inject_add_script(struct fsrv *fs, enum fsrv_scope scope, enum fsrv_point point,
				    const struct fsrv_script *script);

/* Puts markup of whole elements into pages, byte for byte; otherwise like fsrv_inject_add_script.
 *
 * bytes  copied; may be NULL when length is 0
 *
 * FSRV_OK, FSRV_ERR_INVALID, FSRV_ERR_MEMORY. Any thread. Since 0.1. */
FSRV_API int fsrv_inject_add_markup(struct fsrv *fs, enum fsrv_scope scope, enum fsrv_point point, const void *bytes,
				    size_t length);

/* Takes the author's script elements that contain a marker out of pages from now on. What fsrv puts in
 * is not looked at.
 *
 * marker  copied
 *
 * FSRV_OK, FSRV_ERR_INVALID (unknown scope, a marker that is empty or longer than FSRV_MARKER_MAX),
 * FSRV_ERR_MEMORY. Any thread. Since 0.1. */
FSRV_API int fsrv_inject_add_strip(struct fsrv *fs, enum fsrv_scope scope, const struct fsrv_marker *marker);

/* Leaves percent-encoding in place: a value for MHD_OPTION_UNESCAPE_CALLBACK, which also concerns
 * the arguments that MHD_lookup_connection_value returns. Goes with FSRV_URL_IS_RAW.
 *
 * Returns the length of text. Any thread. Since 0.1. */
FSRV_API size_t fsrv_keep_escapes(void *cls, struct MHD_Connection *connection, char *text);

#ifdef __cplusplus
}
#endif

#endif
