/* What is known of header fields by their names: which of them a program may set, and in which answers. */
#ifndef FSRV__HTTP_FIELD_H
#define FSRV__HTTP_FIELD_H

#include <stdbool.h>

/* ": " and CRLF: what a line has besides name and value. */
#define FSRV__FIELD_OVERHEAD 4

enum fsrv__field_kind {
	FSRV__FIELD_GENERAL,   /* any other */
	FSRV__FIELD_VARY,      /* rules add to it */
	FSRV__FIELD_CACHING,   /* about the file, and repeated in a 304 (RFC 9110, 15.4.5) */
	FSRV__FIELD_CONTENT,   /* about the file, and left out of a 304 */
	FSRV__FIELD_VALIDATOR, /* ETag, Last-Modified: may be removed */
	FSRV__FIELD_FRAMING    /* of the message or the connection: not to be touched */
};

enum fsrv__field_verdict {
	FSRV__FIELD_ALLOWED,
	FSRV__FIELD_BAD_NAME,
	FSRV__FIELD_BAD_VALUE,
	FSRV__FIELD_IS_FRAMING,
	FSRV__FIELD_IS_VALIDATOR,
	FSRV__FIELD_HAS_NO_ROOM /* never by fsrv__field_check */
};

/* Letter case does not matter. */
enum fsrv__field_kind fsrv__field_kind_of(const char *name);

/* Whether a value is visible ASCII characters with blanks and tabs between them (RFC 9110, 5.5, without
 * obs-text). */
bool fsrv__field_value_is_valid(const char *value);

/* Whether a program may set a field. value is NULL when the field is to be removed. */
enum fsrv__field_verdict fsrv__field_check(const char *name, const char *value);

/* Why a field is refused, with the way out, as the end of a sentence. */
const char *fsrv__field_explain(enum fsrv__field_verdict verdict);

/* Whether an answer with that status may have a field of that kind at all. */
bool fsrv__field_fits_status(enum fsrv__field_kind kind, unsigned status);

/* Whether an answer with that status is one that a rule for a field of that kind is about. */
bool fsrv__field_concerns_status(enum fsrv__field_kind kind, unsigned status);

#endif
