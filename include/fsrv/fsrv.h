/* fsrv/fsrv.h - serves files from one or more directories in a program with a libmicrohttpd daemon.
 *
 * A struct fsrv describes what to serve. It is a request handler and not a server: it owns no port and
 * no event loop, and it answers each request on the thread on which the daemon calls it.
 *
 *	static const char *const roots[] = {"out/compiled", "project"};
 *	struct fsrv_options options = {.size = sizeof(options), .roots = roots, .n_roots = 2};
 *	struct fsrv *fs;
 *	int error = fsrv_new(&options, &fs);
 *
 * The daemon can call the handler itself:
 *
 *	MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL,
 *	                 port, NULL, NULL, &fsrv_handle, fs, MHD_OPTION_END);
 *
 * Or the program's own access handler answers its own routes first and calls fsrv_handle for the rest:
 *
 *	return fsrv_handle(fs, connection, url, method, version, upload_data, upload_data_size, con_cls);
 *
 * A program without a daemon starts one with fsrv/server.h.
 *
 * Responses: GET of a regular file gives 200, 206, 304, 412 or 416, as the preconditions and the
 * range of the request require (RFC 9110, 13 and 14); HEAD gives 200, 304 or 412. A directory
 * without its slash gives 308; with its slash it gives its index page. OPTIONS gives 204, other
 * methods give 405. A name that does not exist, is hidden or is no regular file gives 404. An
 * unreadable file gives 403, a malformed request 400. When the process has run out of descriptors
 * or memory, the response is 503. docs/http.md has the full table.
 *
 * Choice of the daemon: one slow disk or one slow client must not delay other clients. Two kinds of
 * daemon ensure this.
 *
 * - One thread per connection (MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL). A thread that waits for the
 *   disk delays only its own client. Bodies are sent by sendfile(2).
 * - One thread for all connections, or a pool of threads, with MHD_ALLOW_SUSPEND_RESUME, best with
 *   MHD_USE_EPOLL. A few worker threads of fsrv read what is not in memory; meanwhile the connection is
 *   suspended. Call fsrv_drain before MHD_stop_daemon.
 *
 * An external event loop belongs to the second kind if its daemon has MHD_ALLOW_SUSPEND_RESUME and the
 * option wake is given. Any other daemon or external loop reads files on the thread that serves its
 * connections, so one slow disk delays them all. Use local, fast disks there.
 *
 * Bodies are read in blocks in all daemons but those with one thread per connection, unless the option body
 * says otherwise; see enum fsrv_body. */
#ifndef FSRV_FSRV_H
#define FSRV_FSRV_H

#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

#include "fsrv/base.h"
#include "fsrv/fields.h"
#include "fsrv/inject.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A handler: what to serve, and how. Opaque. fsrv_new makes it, fsrv_free frees it. Since 0.1. */
struct fsrv;

/* Policy for symbolic links below a root (path_resolution(7)). The path of the root itself may always
 * contain links. Since 0.1. */
enum fsrv_symlinks {
	FSRV_SYMLINKS_FOLLOW = 0,  /* links may lead anywhere, so linked asset directories work */
	FSRV_SYMLINKS_BENEATH = 1, /* links with a relative target below the same root; others give 404 */
	FSRV_SYMLINKS_NONE = 2	   /* no links: a path with a link gives 404 */
};

/* Source of the entity tags of large files (RFC 9110, 8.8.3).
 *
 * The tag of a small file, up to 64 KiB, and of a page with scripts does not depend on this option. It is a
 * hash of the bytes that are sent: it is strong, it is the same on every machine, and only another content
 * has another one.
 *
 * The tag of a larger file is a hash of facts. It is weak while the last change of the file is less than two
 * seconds old, or in the future: another write could then leave the same times. It is also weak when the time
 * that a new version would change is one that tools give to every file: 0 or 1 (OSTree, Nix, Guix), a day of
 * January 1980 (ZIP archives), or that of npm packages. Give such trees a tag_salt, or an etag_function.
 * Since 0.1. */
enum fsrv_etag {
	/* Size, modification time, status change time, inode number, device and, with Linux 6.8 or later, the
	 * number of the mount. The tag also changes when a file is replaced and its old modification time is
	 * restored, and when another image is mounted in the place of the first. Where a file system invents
	 * inode numbers for each lookup (some FUSE file systems do), each request has another tag: use
	 * FSRV_ETAG_REPLICA there. */
	FSRV_ETAG_LOCAL = 0,
	/* Size and modification time. The tag is the same on all machines that hold copies of the file. */
	FSRV_ETAG_REPLICA = 1
};

/* How large bodies are sent. A body is the content of a response. Bodies of 64 KiB or less are sent from
 * memory, together with their header section, whatever the value is. Since 0.1. */
enum fsrv_body {
	/* FSRV_BODY_ZERO_COPY where each connection has its own thread, FSRV_BODY_READER everywhere else. But
	 * the bytes of a file that is requested again within a second are kept in the cache and sent from
	 * there: with a thread for each connection those of files of up to 1 MiB, everywhere else 512 KiB.
	 * FSRV_BODY_ZERO_COPY may take less processor time for files of 256 KiB to 1 MiB there; that depends
	 * on the file system. */
	FSRV_BODY_AUTO = 0,
	/* sendfile(2) where the library can supervise it, otherwise as FSRV_BODY_READER. It can in daemons
	 * that wait with poll(2) (MHD_USE_POLL), without TLS, for files that are not on FUSE, NFS and similar
	 * file systems. With the option completion FSRV_COMPLETION_IS_TOLD has to be set as well. In all
	 * other cases libmicrohttpd would hang or spin on a file that becomes shorter, would not tell the
	 * end, or would not use sendfile(2). The thread waits for the disk, even if it serves other
	 * connections too.
	 *
	 * The library looks a few times a second whether the announced bytes are still there, and closes the
	 * connection when they are not. Until then libmicrohttpd's thread may spin. What was written to a
	 * file in place is sent as it is at that moment. When the disk fails, libmicrohttpd closes the
	 * connection by itself: the end is FSRV_ENDING_ABORTED, and the log function is not called. */
	FSRV_BODY_ZERO_COPY = 1,
	/* Blocks of up to 512 KiB are read and sent. If the file becomes shorter, no byte beyond its new end
	 * is sent, except zeros in a block that was being read at that moment. When the disk fails, the end
	 * is FSRV_ENDING_READ_ERROR, and the log function is called. */
	FSRV_BODY_READER = 2
};

/* Bits of fsrv_options.flags. Since 0.1. */
enum fsrv_flags {
	/* The daemon passes request targets undecoded, because its MHD_OPTION_UNESCAPE_CALLBACK is
	 * fsrv_keep_escapes. Without that option libmicrohttpd decodes targets: %2F then counts as a slash,
	 * and a name ends at %00. fsrv_server_start sets this bit itself. */
	FSRV_URL_IS_RAW = 1 << 0,
	/* Names that start with exactly one dot are served. By default they give 404, except the directory
	 * /.well-known/ of a root (RFC 8615). */
	FSRV_SERVE_HIDDEN = 1 << 1,
	/* The daemon's MHD_OPTION_NOTIFY_COMPLETED is fsrv_request_completed or calls it. The end of a body
	 * that is sent by sendfile(2) is then known at once, with the exact number of bytes. Without it
	 * fsrv_stats counts the end up to a quarter of a second later, with the last number of bytes that
	 * the library measured. fsrv_server_start sets this bit itself. */
	FSRV_COMPLETION_IS_TOLD = 1 << 2,
	/* Every response has the fields with which a page is cross-origin isolated and may use
	 * SharedArrayBuffer: Cross-Origin-Opener-Policy: same-origin, Cross-Origin-Embedder-Policy:
	 * require-corp, Timing-Allow-Origin: *, and Cross-Origin-Resource-Policy: same-origin or, when there
	 * are cors_origins, cross-origin. Browsers isolate pages of secure contexts only: https, and http
	 * from the machine itself. */
	FSRV_ISOLATE = 1 << 3,
	/* Files may have sidecars: a.js.br, a.js.zst and a.js.gz hold the content of a.js compressed by
	 * brotli, zstd and gzip. Where the client accepts the coding (RFC 9110, 12.5.3), the sidecar is sent
	 * in place of the file, with the media type of the file, Content-Encoding, and an entity tag and
	 * ranges of its own. The sidecar lies in the root of the file, is not empty and not older than the
	 * file; otherwise it is ignored. Of several the client's weights decide, then the order br, zstd,
	 * gzip. Each response for a file that has a sidecar has Vary: Accept-Encoding. A client that refuses
	 * the file as it is ("identity;q=0") gets 406 if there is no coding that it accepts. A page with
	 * scripts has no sidecars.
	 *
	 * A request makes one system call more for each coding that is looked for, of three at most, and
	 * another one for a sidecar of more than 64 KiB. Write sidecars under another name and rename them,
	 * because one that is incomplete cannot be told from a complete one. */
	FSRV_PRECOMPRESSED = 1 << 4,
	/* A file that is requested as a.js.gz, a.js.br or a.js.zst has the media type of a.js and the
	 * Content-Encoding gzip, br or zstd, whether the client accepts it or not: what programs need that
	 * request compressed files by these names, such as Unity WebGL builds. Archives (.tar.gz), and names
	 * without another extension, are sent as before. Pages in a coding get no scripts. */
	FSRV_CODING_BY_EXTENSION = 1 << 5,
	/* Where a target without a slash at its end is no file, the file of that name with ".html" behind it
	 * is served: /about is about.html. Such a file comes before the redirect to a directory of the same
	 * name. Its full name is served as well, and nothing is redirected to the shorter one. Paths given to
	 * fsrv_serve are not concerned. */
	FSRV_CLEAN_URLS = 1 << 6
};

/* A media type for a file name extension. Since 0.1. */
struct fsrv_type {
	const char *extension;	/* without the dot, in any letter case: "glb" */
	/* Sent as it is: "model/gltf-binary", "text/x-script; charset=utf-8". Only "text/html" alone gets the
	 * charset that the page names, otherwise utf-8. */
	const char *media_type;
};

/* A value of fsrv_access.length: the file is followed, so its length is known only at the end. Since 0.1. */
#define FSRV_LENGTH_UNKNOWN UINT64_MAX

/* One response that fsrv has decided on, for logs and statistics. The strings are valid during the call
 * only. Later versions only append members. Since 0.1. */
struct fsrv_access {
	const char *method;  /* as the daemon passed it: any bytes, chosen by the client */
	const char *target;  /* the request target as the daemon passed it: any bytes, chosen by the client */
	const char *path;    /* path of the file below its root; NULL when the target is no file */
	/* The slice of the representation that is to be sent, in bytes. Both members are 0 when the target is
	 * no file, and when no content is sent (HEAD, 304). For several ranges (option max_ranges) offset is
	 * 0, and length is that of the multipart content, with the heads of its parts. For a file that is
	 * followed (option follow) length is FSRV_LENGTH_UNKNOWN. */
	uint64_t offset;
	uint64_t length;
	uint64_t size;	     /* bytes of the whole representation; 0 when the target is no file */
	unsigned status;     /* 200, 404, ... */
	int root;	     /* index of the root that holds the file; -1 when the target is no file */
	uint64_t request;    /* number of this response; fsrv_completion has the same number */
	uint64_t n_parts;    /* of a multipart/byteranges response; 0 for all others */
};

/* How a response ended. Since 0.1. */
enum fsrv_ending {
	FSRV_ENDING_COMPLETE = 0, /* the socket took all of the content, if there was any */
	FSRV_ENDING_ABORTED = 1,  /* the client closed the connection, or the daemon stopped or timed out */
	/* In the next three cases fsrv closed the connection. Nothing else can report an error to a client
	 * once its response has begun (RFC 9112, 8). */
	/* The file became shorter than announced, or than what was sent while it was followed; rarely at the
	 * moment at which its last byte was sent. */
	FSRV_ENDING_FILE_CHANGED = 2,
	FSRV_ENDING_READ_ERROR = 3,   /* the disk failed; the log function was called; see enum fsrv_body */
	FSRV_ENDING_DRAINED = 4	      /* fsrv_drain or fsrv_server_stop ended a wait for the disk */
};

/* The end of a response. The path is valid during the call only. Later versions only append members.
 * Since 0.1. */
struct fsrv_completion {
	uint64_t request;     /* the number that fsrv_access had */
	const char *path;     /* path of the file below its root; NULL when no file was served */
	uint64_t offset;      /* first byte of the slice that was to be sent; 0 for several ranges */
	/* Bytes of the slice; for several ranges those of the multipart content, for a file that was followed
	 * those that were read. 0 when there was none. */
	uint64_t length;
	/* Bytes of the slice that the socket took. For TCP the kernel counts them (tcp(7)); if the response
	 * was cut off, up to 24 bytes of its header section may be included, and of a file that is followed
	 * the framing of its chunks. For other sockets and through TLS the last block, of 512 KiB or less,
	 * or content from memory, of 1 MiB or less, counts as taken. */
	uint64_t sent;
	uint64_t nanoseconds; /* since the start of the call of fsrv_handle that answered */
	unsigned status;      /* 200, 404, ... */
	enum fsrv_ending ending;
};

/* Receives a message for the operator of the program, for example that a root cannot be opened or that a
 * file cannot be read.
 *
 * line  one line in English of at most 511 bytes, in which control bytes of file names are replaced by '?';
 *       valid during the call only
 *
 * Called on the thread that met the problem, possibly on several threads at once. */
typedef void (*fsrv_log_function)(void *cls, const char *line);

/* Receives each response when it has been passed to the daemon, before its end is reported. A response that
 * the daemon refused, or that could not be made for want of memory, is reported neither here nor to
 * fsrv_completion_function. Responses of the option fallback and of the program's own routes are not
 * reported either.
 *
 * access  owned by the library; valid during the call only
 *
 * Called on the thread of the request, possibly on several threads at once. */
typedef void (*fsrv_access_function)(void *cls, const struct fsrv_access *access);

/* Receives the end of each response that fsrv_access_function received, exactly once.
 *
 * completion  owned by the library; valid during the call only
 *
 * Called on the thread that serves the connection or stops its daemon, while libmicrohttpd frees the
 * response or calls fsrv_request_completed. The end of a body that is sent by sendfile(2) may also be
 * reported on the library's thread "fsrv-guard", even after the daemon has stopped; fsrv_free waits for it.
 * So the function may be called on several threads at once, and must take no lock that the program holds
 * while it calls MHD_run, MHD_stop_daemon, fsrv_request_completed, fsrv_server_stop or fsrv_free.
 * fsrv_stats and fsrv_drain never call it, and fsrv_handle only while its daemon is being stopped. The
 * function must not wait. It may call fsrv_stats. */
typedef void (*fsrv_completion_function)(void *cls, const struct fsrv_completion *completion);

/* Wakes an external event loop, so that the loop calls MHD_run soon. It is called after a connection was
 * resumed.
 *
 * Called on a worker thread, on the loop's own thread, or on the thread that calls fsrv_drain. So it must
 * take no lock that one of these threads may hold. A write to an eventfd(2) or a pipe that the loop
 * polls is sufficient. */
typedef void (*fsrv_wake_function)(void *cls);

/* Chooses the opaque part of a file's entity tag (RFC 9110, 8.8.3), such as a precomputed content hash.
 *
 * file      a descriptor of the file, or of a sidecar (FSRV_PRECOMPRESSED), open for reading; the library
 *           closes it. The tag of what is sent as a sidecar has its coding behind the opaque part
 * path      path of that file or sidecar below its root; valid during the call only
 * opaque    receives up to capacity bytes: any of 0x21, 0x23 to 0x7e, 0x80 to 0xff
 * capacity  room at opaque, in bytes
 *
 * Returns the number of bytes written. 0 leaves the tag to the option etag, and so does a value that is
 * not allowed.
 *
 * Called once for each version of a file, when it is opened. The cache keeps what was chosen together with
 * the facts and bytes of the file, and uses it for as long as they are confirmed (fsrv_options.cache_size).
 * So the choice has to depend on the file alone: another choice for the same version is not asked for. A
 * version is asked for again after its entry has left the cache, and for each request while the file cannot
 * be kept: when its last change is less than two seconds old or in the future, when it does not tell its
 * size, when the program gave its descriptor to fsrv_serve without a tag, and with FSRV_NO_CACHE. Bytes and
 * sources of the program are not asked for.
 *
 * Called on the thread of the request or, in a daemon with MHD_ALLOW_SUSPEND_RESUME, on a worker, possibly
 * on several threads at once, also for the same file: look the hash up here, do not compute it. */
typedef size_t (*fsrv_etag_function)(void *cls, int file, const char *path, char *opaque, size_t capacity);

/* Allocates, resizes or frees memory like realloc(3), with one difference: a size of 0 frees the memory
 * and returns NULL. Called on any thread, possibly on several threads at once. */
typedef void *(*fsrv_allocate_function)(void *cls, void *memory, size_t size);

/* A value of fsrv_options.cache_size: no cache. Since 0.1. */
#define FSRV_NO_CACHE UINT64_C(1)

/* Options of fsrv_new. Set size to sizeof(struct fsrv_options), set the members that matter, and leave
 * the rest zero: zero and NULL always mean the default. Later versions only append members, so a program
 * that was compiled with an older header works with a newer library. The first argument of each function
 * is the _cls member next to it, which the library does not touch. Since 0.1. */
struct fsrv_options {
	size_t size; /* sizeof(struct fsrv_options) */

	/* Paths of the directories to serve, at least one. A file is served from the first root in which its
	 * name is a regular file, so upper layers come first. A directory in an upper layer does not hide
	 * files in lower layers. A relative path is resolved against the working directory at the call of
	 * fsrv_new. Each request resolves the roots again: when a root is deleted and recreated, or is a
	 * symbolic link that is redirected, the next request uses the new directory. */
	const char *const *roots;
	size_t n_roots;
	/* One policy per root, n_roots of them. NULL: the member symlinks is the policy of all roots. */
	const enum fsrv_symlinks *root_symlinks;

	/* Media types that take precedence over the built-in table of more than 190 extensions. Of several
	 * for one extension the first counts. */
	const struct fsrv_type *types;
	size_t n_types;

	/* File names of index pages. For a directory they are tried in this order. NULL: "index.html". */
	const char *const *index_names;
	size_t n_index_names;

	/* Value of Cache-Control in 200, 206 and 304 responses for files (RFC 9111, 5.2). NULL: "no-cache". A
	 * cache then stores the file but revalidates it for each use, so a change on disk is visible to the
	 * next request. "": no such field; browsers then guess a lifetime. */
	const char *cache_control;

	/* Called in place of a 404 response to GET or HEAD, with the arguments of the request, in the final
	 * call for the request. It has to queue a response in this call, or to suspend the connection
	 * (MHD_suspend_connection): when it is resumed, libmicrohttpd calls the program's handler again,
	 * and fsrv_handle the fallback, for what is still missing. The program resumes all connections that
	 * it suspended before it stops the daemon. *con_cls is then the caller's own pointer or a constant
	 * of fsrv, so a handler that expects a first call with NULL in *con_cls cannot be used here; the
	 * fallback may change it. It may call fsrv_handle, also for the same handler, with another url, to
	 * serve a page in place of the missing one; for a name that is missing as well that call answers
	 * 404 and does not call the fallback again. The pages of spa_page and not_found_page and the flag
	 * FSRV_CLEAN_URLS come first. NULL: a plain 404. */
	MHD_AccessHandlerCallback fallback;
	void *fallback_cls;

	fsrv_log_function log; /* NULL: no messages */
	void *log_cls;

	fsrv_access_function access; /* NULL: none */
	void *access_cls;

	fsrv_etag_function etag_function; /* NULL: bytes and facts of the file decide (enum fsrv_etag) */
	void *etag_function_cls;

	fsrv_allocate_function allocate; /* NULL: realloc(3) and free(3) */
	void *allocate_cls;

	/* Size limit in bytes of an HTML page with scripts. A larger page gives 500 and a log message. A page
	 * without scripts is served like any other file. 0: 16 MiB. */
	uint64_t max_page_size;
	/* Size of the cache in bytes. It holds small files, those that are requested again (FSRV_BODY_AUTO)
	 * if they take no more than a sixteenth of it, finished pages, and what is known about them. The
	 * least recently used entries are dropped first. What was dropped may still be in transfer to slow
	 * clients: of files that were cached because they were requested again that takes as much memory
	 * again at most, of pages and small files any amount. Each use is confirmed by stat(2) of the path,
	 * so a change on disk is visible to the next request. A file whose last change is less than two
	 * seconds old, or in the future, is not cached. Some changes move no time: stores through a shared
	 * map (mmap(2)), and writes on some network file systems. So bytes from memory are at most one
	 * second old: then the file is read again, unless no file can be opened at the moment. 0: 16 MiB.
	 * FSRV_NO_CACHE: no cache, and no such second. */
	uint64_t cache_size;

	enum fsrv_symlinks symlinks;
	enum fsrv_etag etag;
	enum fsrv_body body;
	unsigned flags; /* bits of enum fsrv_flags */

	fsrv_completion_function completion; /* NULL: none */
	void *completion_cls;

	fsrv_wake_function wake; /* for a daemon in an external loop; NULL: the loop waits for disks */
	void *wake_cls;

	/* Maximum number of threads that read what is not in memory, for daemons with
	 * MHD_ALLOW_SUSPEND_RESUME. A thread starts when it is first needed; in every daemon one may start
	 * that closes the files which stayed open (max_files). 0: 4. At most 1024. */
	unsigned workers;
	/* Maximum number of bodies in transfer at one time. Bodies that are sent from memory do not count. A
	 * request beyond the limit is answered at once with 503 and Retry-After. 0: no limit except that of
	 * connections. */
	unsigned max_bodies;
	/* Maximum number of files open at one time. A request beyond the limit is answered at once with 503
	 * and Retry-After. Large files stay open for one or two seconds after an answer, and longer while all
	 * workers wait for a disk, at most 32 of them; these count too, and are closed when the limit is met.
	 * 0: no limit except that of the process. */
	unsigned max_files;
	unsigned reserved; /* 0 */

	/* Text that is mixed into each entity tag, such as a build id or the version of an image. Another
	 * text makes other tags. With it, files whose times tell nothing have strong tags (enum fsrv_etag).
	 * NULL or "": none. */
	const char *tag_salt;
	/* Header fields for files by name, applied in this order; fsrv/fields.h describes them. */
	const struct fsrv_field_rule *field_rules;
	size_t n_field_rules;
	fsrv_fields_function fields; /* changes the header fields of each response; NULL: none */
	void *fields_cls;

	/* Origins whose scripts may read files and ranges of them (the CORS protocol of the Fetch
	 * standard), as browsers send them: "https://example.org", "http://localhost:8080", or "null" for
	 * pages without an origin. "*" alone: every origin. Responses for them have
	 * Access-Control-Allow-Origin and expose Content-Range, Accept-Ranges, Content-Length, ETag and
	 * Content-Encoding. A preflight request gets 204, for GET and HEAD with Range, If-Range and
	 * preconditions. Unless the origin is "*", every response has Vary: Origin. Credentials are never
	 * allowed. None: browsers keep scripts of other origins from reading. */
	const char *const *cors_origins;
	size_t n_cors_origins;
	/* Path under which the roots are served, percent-encoded as in a request target: with "/assets" the
	 * target /assets/a.js is the file a.js of a root. The prefix itself, without a slash behind it, is
	 * redirected to its slash (308). Whole segments are compared, after the target was decoded and its
	 * dot segments were removed (RFC 3986, 5.2.4). A target outside of the prefix is missing: it gets the
	 * fallback or 404. Slashes at the end of the option do not count. NULL, "" or "/": no prefix. */
	const char *prefix;

	/* Hosts that requests may name. Each is a name, ".name" for the name and all names below it, "*.name"
	 * for all names below it, or a numeric address; with ":port" for one port, without for all; "*" is
	 * every host. Names are written in ASCII, as browsers send them, in any letter case. Those of the
	 * loopback interface are always allowed: localhost, *.localhost, 127.0.0.0/8, ::1.
	 *
	 * The host of the target or of Host, and that of Origin if there is one, have to be allowed; an
	 * origin is also allowed by cors_origins. Otherwise the response is 403, at once, and the log
	 * function is told the host, once, up to 16 hosts. So names that an attacker's DNS leads to this
	 * machine get nothing. "null" allows the origin
	 * of pages that have none, such as local files and sandboxed frames (RFC 6454). A request without
	 * Host (HTTP/1.0) is allowed. No list: fsrv_handle looks at neither field. A struct fsrv_server has a
	 * list of its own. */
	const char *const *allowed_hosts;
	size_t n_allowed_hosts;

	/* Media type of files whose extension is in no table. NULL: "application/octet-stream", which a
	 * browser saves and never runs. */
	const char *default_type;
	/* Media type of files whose name has no extension, except those that are texts by custom, such as
	 * README, LICENSE and Makefile: these are text/plain. NULL: that of default_type. */
	const char *extensionless_type;

	/* How many parts one response may have (multipart/byteranges, RFC 9110, 14.6), up to 64. Ranges that
	 * overlap, or have less than 80 bytes between them, become one part; one part alone is sent like a
	 * single range. The whole file is sent when more parts remain, when they would be longer than the
	 * file together with their heads, and when the file has a Content-Encoding. 0 and 1: a request for
	 * several ranges gets the whole file. */
	unsigned max_ranges;
	unsigned reserved_2; /* 0 */

	/* Page for the routes of an application that runs in the browser, as the path of a file below a root,
	 * not percent-encoded: "index.html". It is served like any file, with 200, for each GET or HEAD of a
	 * name that is missing or hidden, if the last segment of the target has no extension and Accept names
	 * text/html with a weight of more than 0 (RFC 9110, 12.5.1). Browsers send that when they open a
	 * page. Every other missing name stays missing: a script that was renamed does not become a page.
	 * Targets outside of the prefix or above the root are not concerned, nor is fsrv_serve. Where Accept
	 * decides, the response has Vary: Accept. A page that is missing itself, or may not be read, is as if
	 * it were not given. It is logged once, until it is there again. NULL: none. */
	const char *spa_page;
	/* Page that is sent with 404 for the same requests, unless spa_page is served. Preconditions and
	 * ranges are ignored (RFC 9110, 13.2.1 and 14.2). It has no validators, and Cache-Control: no-cache
	 * like every error. Other missing names, and a missing page, get a short text. NULL: none. */
	const char *not_found_page;

	/* Patterns (fsrv/fields.h) of the paths of files that are followed while they grow, such as a
	 * recording or a segment of a live stream that is being written. GET sends what is there and goes on
	 * with what is appended, until the file has not grown for follow_seconds. The response has no length:
	 * it is chunked (RFC 9112, 7.1), for HTTP/1.0 it ends with the connection. It has no validators, no
	 * ranges and Cache-Control: no-store; a Range field is ignored. A file whose last change is
	 * follow_seconds old is finished: it gets the ordinary response. Pages with scripts are never
	 * followed. FSRV_RESOURCE_FOLLOW (fsrv/resource.h) asks for the same in one call.
	 *
	 * A connection that waits for growth takes a thread only where each connection has its own. Elsewhere
	 * it is suspended, and the library's thread "fsrv-follow" looks at the file. A daemon that can do
	 * neither sends what is there. None: every file gets the ordinary response. */
	const char *const *follow;
	size_t n_follow;
	unsigned follow_seconds; /* 0: 10; at most 86400 */
	unsigned reserved_3;	 /* 0 */
};

/* Makes a handler.
 *
 * options  copied, with everything that the members point to
 * fs       receives the handler, which the caller frees with fsrv_free; unchanged when the call fails
 *
 * Returns:
 * FSRV_OK
 * FSRV_ERR_INVALID      no root, or a root that is NULL or empty; an enum or flag with an unknown value;
 *                       an extension that is NULL, empty, or contains a dot or slash; an index name that
 *                       is NULL, empty, "." or "..", or contains a slash; a media type that is NULL (in
 *                       types), empty or no field value (RFC 9110, 5.5); a Cache-Control that is no field
 *                       value; a prefix that is no path or has a query; a page that is no path of a file;
 *                       an allowed host that is NULL or none of the forms; more than 1024 workers;
 *                       max_ranges above 64; a pattern in follow that fsrv/fields.h excludes;
 *                       follow_seconds above 86400; a reserved member that is not 0; a size that the
 *                       struct has in no version; a rule that fsrv/fields.h excludes, or rules that can give
 *                       one response more than FSRV_FIELDS_SIZE bytes or more than 24 fields; an origin that
 *                       no browser sends
 * FSRV_ERR_UNSUPPORTED  size is larger than in this library, and the unknown part is not zero
 * FSRV_ERR_ROOT         a root is missing, is not a directory, or may not be searched
 * FSRV_ERR_SYSTEM       a root is relative, and getcwd(3) fails; errno gives the reason
 * FSRV_ERR_MEMORY       an allocation failed
 *
 * The log function, if there is one, receives the name of the option or root that was refused, for a rule or
 * an origin also its number, from 0, and the reason. Any thread may call fsrv_new. Since 0.1. */
FSRV_API int fsrv_new(const struct fsrv_options *options, struct fsrv **fs);

/* Frees a handler. Call it only after every daemon that can call the handler has stopped, because
 * responses in transfer refer to the handler.
 *
 * fs  NULL is allowed
 *
 * The function waits for the reads that workers have begun; if a disk hangs, it waits as long as the disk
 * does. Any thread may call it, once. Since 0.1. */
FSRV_API void fsrv_free(struct fsrv *fs);

/* Ensures that no connection is suspended and that none will be. Call it right before MHD_stop_daemon on
 * a daemon with MHD_ALLOW_SUSPEND_RESUME: libmicrohttpd calls abort(3) when it is stopped with a
 * suspended connection.
 *
 * Bodies that wait for a disk are cut off, and requests that wait for a disk get 503. The function waits
 * for the reads that workers have begun. Responses from memory continue.
 *
 * The effect is permanent: make another handler for another daemon. fsrv_server_stop needs no such call.
 * Any thread may call it, except the threads that the daemon started. Since 0.1. */
FSRV_API void fsrv_drain(struct fsrv *fs);

/* Counters since fsrv_new, and the current state. Each number is correct by itself, but the numbers are
 * not all from the same instant. Later versions only append members. Since 0.1. */
struct fsrv_stats {
	size_t size; /* set by the caller: sizeof(struct fsrv_stats) */
	uint64_t requests;	  /* requests that fsrv itself answered */
	uint64_t responses[600];  /* the same by status: responses[404] */
	/* Bytes of content. Those from memory are added when they are passed to the daemon, those of another
	 * body when it ends. Without the option completion a body that is read in blocks counts up to the
	 * last block that the daemon asked for, of 512 KiB or less, though a client that went away may not
	 * have got it. */
	uint64_t bytes;
	uint64_t live_bodies;	  /* bodies in transfer now, without those that are sent from memory */
	uint64_t open_files;	  /* files that are open for answers now */
	uint64_t cold_reads;	  /* reads by workers of content that was not in memory */
	uint64_t cold_lookups;	  /* lookups by workers of names or pages that were not in memory */
	uint64_t suspends;	  /* suspensions of a connection for a cold read or lookup */
	uint64_t cache_hits;	  /* responses that needed no open(2) */
	uint64_t cache_misses;	  /* responses that needed open(2) */
	uint64_t cache_size;	  /* bytes in the cache now */
	uint64_t cache_evictions; /* cache entries that were dropped to make room */
	uint64_t cut_connections; /* connections closed by fsrv: a file was changed or could not be read */
	uint64_t refused;	  /* requests answered with 503 because of max_bodies or max_files */
};

/* Reads the counters.
 *
 * stats  receives as many members as stats->size has room for; bytes beyond those that this library knows
 *        are set to zero
 *
 * Returns FSRV_OK, or FSRV_ERR_INVALID when stats->size is too small to hold the member size itself. The
 * call runs no function of the program. What has ended is no longer counted as live, although the completion
 * function may not have been called for it yet. Any thread may call it. Since 0.1. */
FSRV_API int fsrv_stats(struct fsrv *fs, struct fsrv_stats *stats);

/* Records the end of a request. This is an MHD_RequestCompletedCallback for MHD_OPTION_NOTIFY_COMPLETED,
 * for daemons of the program that send large files by sendfile(2) or suspend connections. Set
 * FSRV_COMPLETION_IS_TOLD with it.
 *
 * cls  the struct fsrv
 *
 * The other arguments are those of libmicrohttpd. A call for a request that fsrv did not answer is
 * allowed. The daemon's threads call it, several at once. Since 0.1. */
FSRV_API void fsrv_request_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
				     enum MHD_RequestTerminationCode how);

/* Answers a request. This is an MHD_AccessHandlerCallback.
 *
 * cls      the struct fsrv
 * con_cls  NULL in *con_cls marks the first call for the request: fsrv stores the address of a constant
 *          there and waits for the final call. There is nothing to free. A caller with its own state in
 *          *con_cls may pass that state instead: fsrv then answers in this call. Make this call the final
 *          one, because libmicrohttpd closes the connection after a response in the first call.
 *
 * The other arguments are those of libmicrohttpd. Where url is NULL, because the path contains a NUL byte
 * (MHD_OPTION_ALLOW_BIN_ZERO_IN_URI_PATH), the answer is 400.
 *
 * The content of a request is read and discarded. There are two exceptions, which fsrv answers in the
 * first call without reading the content: methods other than GET, HEAD and OPTIONS, and malformed
 * requests. Both end the connection, and so does content in chunks.
 *
 * libmicrohttpd before 1.0 reads some malformed requests as other ones. To see that, fsrv needs url, method
 * and version as libmicrohttpd passes them; url may point to a later part of the path.
 *
 * In a daemon with MHD_ALLOW_SUSPEND_RESUME the function may return MHD_YES without a response. The
 * connection is then suspended while a worker looks the file up. Afterwards libmicrohttpd calls the
 * program's handler a second time, with the same *con_cls, and the handler has to call fsrv_handle again.
 * So keep what the final call needs until the request is completed, and count requests with the access
 * function.
 *
 * A program that keeps its own state in *con_cls and may answer such a second call itself calls
 * fsrv_request_completed when a request is completed. Otherwise the next request on the connection for the
 * same path may get what the worker found for the earlier one.
 *
 * Returns MHD_YES. Returns MHD_NO only when memory for the response is lacking; libmicrohttpd then closes
 * the connection. When the option fallback is called, its result is returned. Any number of threads may
 * call it at once. Since 0.1. */
FSRV_API enum MHD_Result fsrv_handle(void *cls, struct MHD_Connection *connection, const char *url,
				     const char *method, const char *version, const char *upload_data,
				     size_t *upload_data_size, void **con_cls);

/* The pages that an insertion or a marker applies to. Since 0.1. */
enum fsrv_scope {
	FSRV_SCOPE_EVERY_PAGE = 0, /* each file of type text/html */
	/* Only the index page of the root, requested as "/" (below the option prefix) or by its name. */
	FSRV_SCOPE_INDEX_PAGE = 1
};

/* Inserts a script element into pages, from now on. fsrv/inject.h describes the points and the element.
 *
 * fs      may already serve. Each response contains all bytes of one call or none of them, and the first
 *         request after the call gets them. The entity tag of a page changes with its scripts, so no cache
 *         serves an old page after revalidation.
 * scope   the pages
 * point   the place in the page; elements at one point stand in the order of the calls
 * script  copied
 *
 * Content-Type names the page's own encoding, with scripts and without. A page in UTF-16 or ISO-2022-JP is
 * served unchanged, and the log function is called.
 *
 * Returns:
 * FSRV_OK
 * FSRV_ERR_INVALID  an unknown scope, point or mode; an attribute name that is not allowed or repeated;
 *                   text together with an attribute src
 * FSRV_ERR_UNSAFE   the text cannot be written in the mode of the script
 * FSRV_ERR_MEMORY   an allocation failed
 *
 * Any thread may call it. Since 0.1. */
FSRV_API int fsrv_inject_add_script(struct fsrv *fs, enum fsrv_scope scope, enum fsrv_point point,
				    const struct fsrv_script *script);

/* Inserts markup into pages, byte for byte; otherwise like fsrv_inject_add_script.
 *
 * bytes   whole elements; copied; may be NULL when length is 0
 * length  number of bytes
 *
 * Returns FSRV_OK, FSRV_ERR_INVALID (an unknown scope or point, or NULL with a length) or FSRV_ERR_MEMORY.
 * Any thread may call it. Since 0.1. */
FSRV_API int fsrv_inject_add_markup(struct fsrv *fs, enum fsrv_scope scope, enum fsrv_point point,
				    const void *bytes, size_t length);

/* Removes the script elements of a page's author that contain a marker, from now on. Elements that fsrv
 * inserts stay.
 *
 * marker  copied
 *
 * Returns FSRV_OK, FSRV_ERR_INVALID (an unknown scope, or a marker that is NULL, empty or longer
 * than FSRV_MARKER_MAX) or FSRV_ERR_MEMORY. Any thread may call it. Since 0.1. */
FSRV_API int fsrv_inject_add_strip(struct fsrv *fs, enum fsrv_scope scope, const struct fsrv_marker *marker);

/* Keeps percent-encoding (RFC 3986, 2.1) in request targets. It is a value for
 * MHD_OPTION_UNESCAPE_CALLBACK. That option also concerns the arguments that MHD_lookup_connection_value
 * returns. Set FSRV_URL_IS_RAW with it.
 *
 * text  unchanged
 *
 * Returns the length of text in bytes. Any thread may call it. Since 0.1. */
FSRV_API size_t fsrv_keep_escapes(void *cls, struct MHD_Connection *connection, char *text);

#ifdef __cplusplus
}
#endif

#endif
