/* fsrv/resource.h - a program's own content under the rules of fsrv.
 *
 * A program that has decided by itself what to send, after a login or by a route of its own, answers the
 * request with fsrv_serve. The content can be a file below a root, an open file, bytes in memory, or a
 * source: functions that read from an archive, a database or another machine. In each case preconditions,
 * ranges, HEAD, the media type, scripts in pages, header fields, hooks and statistics are those of
 * fsrv_handle:
 *
 *	static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url, ...)
 *	{
 *		struct fsrv_resource clip = {
 *			.size = sizeof(clip), .kind = FSRV_RESOURCE_PATH, .name = "clip.mp4"};
 *
 *		return fsrv_serve(cls, may_see(connection) ? &clip : NULL, connection, url, method, version,
 *		                  upload_data, upload_data_size, con_cls);
 *	}
 *
 * fsrv_overlay_put keeps bytes in memory under a path, as if a file lay in a root above all others. */
#ifndef FSRV_RESOURCE_H
#define FSRV_RESOURCE_H

#include <sys/types.h>

#include "fsrv/fsrv.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of content. Since 0.1. */
enum fsrv_resource_kind {
	FSRV_RESOURCE_PATH = 1,  /* a file below the roots of the handler, or what fsrv_overlay_put holds */
	FSRV_RESOURCE_FILE = 2,  /* a regular file that the program has opened */
	FSRV_RESOURCE_BYTES = 3, /* bytes in memory */
	FSRV_RESOURCE_SOURCE = 4 /* functions of the program */
};

/* Bits of fsrv_resource.flags. Since 0.1. */
enum fsrv_resource_flags {
	/* The function read may wait, for a disk, a network or another thread. Workers call it then, in
	 * daemons that can suspend connections (see fsrv/fsrv.h). */
	FSRV_RESOURCE_MAY_WAIT = 1 << 0,
	/* PATH, FILE, SOURCE: follow the content while it grows, as the option follow of fsrv_new describes.
	 * A file is followed if its last change is less than follow_seconds old. A source is always followed:
	 * read returns 0 when there is nothing yet, and -1 with ENODATA at the end (ENOMSG on systems
	 * without ENODATA); nothing for follow_seconds is the end, too. Workers also call read, again and
	 * again. The member length counts only in a daemon that cannot follow, where it is what is there
	 * now. */
	FSRV_RESOURCE_FOLLOW = 1 << 1
};

/* Content. Set size to sizeof(struct fsrv_resource), kind and name, set what the kind needs, and leave the
 * rest zero. Later versions only append members. Since 0.1. */
struct fsrv_resource {
	size_t size; /* sizeof(struct fsrv_resource) */
	enum fsrv_resource_kind kind;
	unsigned flags; /* bits of enum fsrv_resource_flags */

	/* PATH: the path below the roots, not percent-encoded; hidden names are allowed, a directory needs a
	 * slash at its end and means its index page. Other kinds: a name for media type, header rules, log
	 * and hooks. Slashes at the start do not count. */
	const char *name;
	/* Content-Type, of at most 63 bytes; NULL: by the extension of name. Not used for PATH. */
	const char *media_type;
	/* Opaque part of the entity tag (RFC 9110, 8.8.3), of at most 128 bytes: 0x21, 0x23 to 0x7e, 0x80 to
	 * 0xff. It has to change with the content. NULL: for FILE what the etag_function chooses; else up
	 * to 64 KiB and for bytes in memory a hash of the content, for a larger file or source its facts, as
	 * enum fsrv_etag describes. Not used for PATH. */
	const char *etag;
	/* BYTES, SOURCE: modification time in seconds since 1970; 0: none. */
	int64_t modified;

	int file;          /* FILE: a descriptor, open for reading */
	unsigned reserved; /* 0 */

	/* BYTES, SOURCE: number of bytes. A source that turns out to be shorter ends its connection. */
	uint64_t length;
	const void *bytes; /* BYTES; may be NULL when length is 0 */

	/* SOURCE: reads like pread(2): up to size bytes from an offset. Returns their number, 0 at the end,
	 * or -1 with errno. Called by one thread at a time, but by different ones: that of the connection
	 * and workers. Not called after release. */
	ssize_t (*read)(void *cls, void *buffer, size_t size, uint64_t offset);

	/* SOURCE: called once when fsrv is done with the source; NULL: nothing to do. BYTES: NULL to have
	 * the bytes copied; otherwise they are borrowed until fsrv calls this function, once. It may be
	 * called before fsrv_serve returns, or later on any thread. */
	void (*release)(void *cls);
	void *cls;
};

/* Answers a request with content of the program's choice, otherwise like fsrv_handle. Call it in each call of
 * the access handler for the request, also in the first one, and in the second final one after a suspension.
 *
 * resource  copied. The descriptor of a FILE is closed by fsrv, and what release belongs to is released,
 *           whatever becomes of the request and whatever the call returns. So open the file anew for each
 *           call; in the first call for a request (*con_cls is NULL) resource may be NULL to save that. In
 *           the final call NULL gives 404, or the fallback.
 *
 * The other arguments and results are those of fsrv_handle. A path that does not exist gives 404, or the
 * fallback. Nothing else takes its place: spa_page, not_found_page and FSRV_CLEAN_URLS are about targets of
 * fsrv_handle. A resource that this header does not allow gives 500, and the log function is called.
 * Since 0.1. */
FSRV_API enum MHD_Result fsrv_serve(struct fsrv *fs, const struct fsrv_resource *resource,
				    struct MHD_Connection *connection, const char *url, const char *method,
				    const char *version, const char *upload_data, size_t *upload_data_size,
				    void **con_cls);

/* Adds content under a path, or replaces it. Requests that come afterwards get it as if it were a file in a
 * root above all others: also as an index page, and in place of a file on disk. Requests that are being
 * answered keep what they have.
 *
 * resource  of kind BYTES; name is the path, not percent-encoded. Bytes that are borrowed are released after
 *           they were replaced or removed and the last response with them has ended, at the latest by
 *           fsrv_free; also when the call fails.
 *
 * Returns:
 * FSRV_OK
 * FSRV_ERR_INVALID  another kind; a name that is NULL, empty, ends in a slash, leads above the root or has
 *                   control bytes or backslashes; anything else that this header does not allow. The log
 *                   function is told.
 * FSRV_ERR_MEMORY   an allocation failed
 *
 * Any thread may call it. Since 0.1. */
FSRV_API int fsrv_overlay_put(struct fsrv *fs, const struct fsrv_resource *resource);

/* Removes content that fsrv_overlay_put added. Afterwards the path means a file of the roots again.
 *
 * name  as it was given
 *
 * Returns FSRV_OK, or FSRV_ERR_INVALID when nothing has that name. Any thread may call it. Since 0.1. */
FSRV_API int fsrv_overlay_remove(struct fsrv *fs, const char *name);

#ifdef __cplusplus
}
#endif

#endif
