/* Media types (RFC 9110, 8.3.1) by the extension of a file's name. */
#ifndef FSRV__HTTP_MIME_H
#define FSRV__HTTP_MIME_H

#include <stdbool.h>

/* The type of unknown extensions: a browser saves such a file and never runs it. */
#define FSRV__MIME_UNKNOWN "application/octet-stream"

/* The part of a file name behind its last dot; NULL when there is none. A leading dot does not count. */
const char *fsrv__mime_extension(const char *name);

/* The media type, with charset for text, of an extension in any letter case; FSRV__MIME_UNKNOWN
 * when the extension is NULL or unknown. A constant. */
const char *fsrv__mime_type(const char *extension);

/* Whether a media type is text/html, with parameters or without. */
bool fsrv__mime_is_html(const char *media_type);

#endif
