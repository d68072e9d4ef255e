/* fsrv/fields.h - header fields of a program's own in the responses of fsrv_handle.
 *
 * Fixed fields for files by name need no code: a list of rules in fsrv_options.field_rules.
 *
 *	static const struct fsrv_field_rule rules[] = {
 *		{"*.[0-9a-f]{8}.js", "Cache-Control", "max-age=31536000, immutable"},
 *		{"/downloads/", "Content-Disposition", "attachment"},
 *	};
 *
 * What depends on the response is decided by a function in fsrv_options.fields:
 *
 *	static void add_fields(void *cls, const struct fsrv_response *response, struct fsrv_fields *fields)
 *	{
 *		if (response->is_page)
 *			fsrv_field_set(fields, "Content-Security-Policy", "default-src 'self'");
 *	}
 *
 * Order: first the fields of fsrv itself and of the options cors_origins and FSRV_ISOLATE, then the rules,
 * then the function. Each may replace and remove what came before. All concern every response of
 * fsrv_handle: errors, 304 and pages with scripts too. They do not concern what the option fallback, the
 * program's own routes or libmicrohttpd itself answer.
 *
 * Names are tokens (RFC 9110, 5.1) and compared without regard to letter case. Values are visible ASCII
 * characters with blanks and tabs between them, and not empty (RFC 9110, 5.5). Some fields are refused:
 *
 * - Connection, Content-Length, Content-Range, Date, Keep-Alive, Proxy-Connection, TE, Trailer,
 *   Transfer-Encoding and Upgrade can neither be set nor removed. They frame the message or belong to the
 *   connection (RFC 9110, 7.6.1).
 * - ETag and Last-Modified can be removed but not set, because preconditions and ranges were evaluated with
 *   them. The option etag_function chooses another tag.
 *
 * A 304 has no Content-Type, Content-Encoding and other representation metadata whose name starts with
 * "Content-" (RFC 9110, 15.4.5). Rules and function may set them all the same: a 304 is sent without. */
#ifndef FSRV_FIELDS_H
#define FSRV_FIELDS_H

#include <stddef.h>

#include "fsrv/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A header field for the paths that a pattern matches. All rules that match are applied, in the order of the
 * list, and each replaces what the response had of its field before: the last one decides. Only Vary is added
 * to, so that a response still says what else it depends on.
 *
 * The path is that of the file below its root, with the name of the index page: "assets/app.js",
 * "index.html". Where no file is served it is the path that was asked for, without slashes at its ends, and
 * empty where there is none. A pattern is compared with it byte by byte, in the way of gitignore(5):
 *
 *   *.js             a file name in any directory, because the pattern has no slash
 *   /index.html      this path; a slash at the start or inside means the whole path
 *   docs/?.html      ? is one byte, * any number of bytes, but no slash
 *   [a-z] [!a-z]     one byte of a class, or one that is not in it and is no slash; [^a-z] is the same
 *   /docs/           everything below docs; without the first slash, below each directory of that name
 *   \*               the character itself, for * ? [ ] { } ! and the backslash
 *
 * A segment of two asterisks is any number of directories, also none; as the last segment it is everything
 * below. In addition, {N} repeats the class or ? before it N times, from 1 to 255: "*.[0-9a-f]{8}.js" is a
 * file name with eight hexadecimal digits. Unlike in gitignore(5), a pattern that starts with ! is refused,
 * and one without a slash at its end does not mean what is below a directory.
 *
 * A field about the file is sent only with the file, so that a rule for Cache-Control never makes a 404
 * permanent: Cache-Control, Content-Location and Expires in 200, 206 and 304; other fields whose name starts
 * with "Content-" in 200 and 206. Content-Security-Policy and every other field is sent in all responses.
 *
 * In a response with several ranges (option max_ranges) Content-Type and Content-Encoding stay as they are,
 * whatever a rule or the function says: its Content-Type is that of the multipart.
 * Since 0.1. */
struct fsrv_field_rule {
	const char *pattern;
	const char *field; /* name */
	const char *value; /* NULL: the response does not have the field */
};

/* A response that fsrv has planned. The strings are valid during the call only. Later versions only append
 * members. Since 0.1. */
struct fsrv_response {
	const char *method; /* as the daemon passed it: any bytes, chosen by the client */
	const char *target; /* the request target as the daemon passed it: any bytes, chosen by the client */
	/* Path of the file below its root, with the name of the index page. Where no file is served: the path
	 * that was asked for, decoded, without slashes at its ends; "" where there is none. Never NULL. */
	const char *path;
	/* Media type of the file, also for 304, 412 and 416, which have no Content-Type of it; NULL where no
	 * file was found. */
	const char *media_type;
	unsigned status; /* 200, 404, ... */
	int root;        /* index of the root that holds the file; -1 where no file was found */
	int is_page;     /* 1: the file is an HTML page, with scripts of the program or without */
	int has_scripts; /* 1: the program has changed the page by fsrv_inject_add_script or the like */
};

/* The header fields of one response, while fsrv_fields_function is called. Opaque. Since 0.1. */
struct fsrv_fields;

/* Changes the header fields of a response before it is sent.
 *
 * response  owned by the library; valid during the call only
 * fields    for fsrv_field_set, fsrv_field_add and fsrv_field_remove; valid during the call only
 *
 * Called once for each response of fsrv_handle, on the thread of the request, possibly on several threads at
 * once. If memory for the fields of the response is lacking, it is called again for the 503 that takes its
 * place. The function must not wait. When one of its calls was refused, the log function receives
 * the name of the first field that was refused and the reason; the response is sent without that field. */
typedef void (*fsrv_fields_function)(void *cls, const struct fsrv_response *response,
				     struct fsrv_fields *fields);

/* The names and values that a function sets for one response, or that the rules can set for one response, are
 * at most so many bytes together, with four bytes for each field. Since 0.1. */
#define FSRV_FIELDS_SIZE 4096

/* Sets a field: the response has it once, with this value.
 *
 * name, value  copied
 *
 * Returns:
 * FSRV_OK
 * FSRV_ERR_INVALID  a name that is no token, a value that is not allowed, or a field that is refused; see the
 *                   start of this file. The fields are unchanged.
 * FSRV_ERR_SPACE    more than FSRV_FIELDS_SIZE bytes, or more than 24 fields. The fields are unchanged.
 *
 * The function allocates nothing. Only fsrv_fields_function may call it. Since 0.1. */
FSRV_API int fsrv_field_set(struct fsrv_fields *fields, const char *name, const char *value);

/* Adds a line of a field to those that the response has. For fields whose value is a list (RFC 9110, 5.3),
 * such as Link and Vary, and for Set-Cookie. Otherwise like fsrv_field_set. Since 0.1. */
FSRV_API int fsrv_field_add(struct fsrv_fields *fields, const char *name, const char *value);

/* Removes all lines of a field; there need not be one. Returns FSRV_OK, or FSRV_ERR_INVALID for a name that
 * is no token or a field that is refused. Only fsrv_fields_function may call it. Since 0.1. */
FSRV_API int fsrv_field_remove(struct fsrv_fields *fields, const char *name);

/* What a browser does with a file that a link leads to. Since 0.1. */
enum fsrv_disposition {
	FSRV_DISPOSITION_INLINE = 0,    /* shows it; the name is for "save as" */
	FSRV_DISPOSITION_ATTACHMENT = 1 /* saves it */
};

/* Room for the value of Content-Disposition with any name of up to 255 bytes. Since 0.1. */
#define FSRV_DISPOSITION_SIZE 2688

/* Writes a value for Content-Disposition (RFC 6266) with a file name.
 *
 * path      a name, or a path whose last segment is the name: what follows the last slash. Any bytes; UTF-8
 *           is expected. With an empty name the value has none.
 * value     receives the terminated value
 * capacity  room at value, in bytes; FSRV_DISPOSITION_SIZE suffices for every file name
 *
 * The name is sent as filename="...". If that cannot express it, filename*=UTF-8''... (RFC 8187) follows, and
 * in the first one an underscore replaces each character outside of ASCII, and each quote, backslash and
 * percent sign, which browsers read in different ways (RFC 6266, appendix D). Control characters become
 * underscores in both. Bytes that are no UTF-8 become U+FFFD.
 *
 * Returns FSRV_OK; FSRV_ERR_INVALID for an unknown type; FSRV_ERR_SPACE when capacity is too small, value is
 * then undefined. The function allocates nothing. Any thread may call it. Since 0.1. */
FSRV_API int fsrv_disposition_write(enum fsrv_disposition type, const char *path, char *value,
				    size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
