/* Media types (RFC 9110, 8.3.1) by the extension of a file's name. */
#ifndef FSRV__HTTP_MIME_H
#define FSRV__HTTP_MIME_H

#include <stdbool.h>

/* The type of what is unknown: a browser saves such a file and never runs it. */
#define FSRV__MIME_UNKNOWN "application/octet-stream"

/* The part of a file name behind its last dot; NULL when there is none. A leading dot does not count. */
const char *fsrv__mime_extension(const char *name);

/* The media type, with charset for text but HTML and XML, of an extension in any letter case; NULL when the
 * extension is NULL or unknown. A constant. */
const char *fsrv__mime_type(const char *extension);

/* Whether a media type is text/html, with parameters or without. */
bool fsrv__mime_is_html(const char *media_type);

/* The media type of a file that has no extension by custom, such as README; NULL when it is unknown. */
const char *fsrv__mime_type_of_name(const char *name);

/* Whether the charset of a media type has to be found in the page: it is text/html without parameters. */
bool fsrv__mime_lacks_charset(const char *media_type);

/* The content coding (RFC 9110, 8.4) that a file name stands for: gzip for an SVG image with the extension
 * svgz (SVG 1.1, 1.2); NULL for every other file. A constant. */
const char *fsrv__mime_coding(const char *media_type, const char *name);

#endif
