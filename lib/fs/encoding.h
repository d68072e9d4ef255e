/* The encoding of an HTML page, as Content-Type has to name it. */
#ifndef FSRV__FS_ENCODING_H
#define FSRV__FS_ENCODING_H

#include <stddef.h>

#include "fs/content.h"

/* Browsers look for a meta element in so many bytes at the start (WHATWG HTML, 13.2.3.2). */
#define FSRV__ENCODING_START 1024

/* Writes a media type with the encoding of a page: that of its byte order mark or meta element, otherwise
 * UTF-8, which a browser would not guess. Without a charset when the page alone can say it: UTF-16 by its
 * byte order mark, and ISO-2022-JP.
 *
 * bytes   the page, or its first FSRV__ENCODING_START bytes */
void fsrv__encoding_name(const char *bytes, size_t length, char media_type[FSRV__CONTENT_TYPE_SIZE]);

#endif
