/* What of a request decides its answer: the method, and the header fields that matter. */
#ifndef FSRV__HTTP_REQUEST_H
#define FSRV__HTTP_REQUEST_H

#include <stdbool.h>

#include "http/text.h"

enum fsrv__method { FSRV__GET, FSRV__HEAD, FSRV__OPTIONS, FSRV__OTHER_METHOD };

/* How many lines of one list field are kept. Tags in later lines do not match: If-None-Match may then give
 * 200 instead of 304, and If-Match 412 instead of 200. */
#define FSRV__LIST_LINES 8

/* A field whose value is a list, which may be split over several lines (RFC 9110, 5.3). */
struct fsrv__list_field {
	unsigned n_lines;
	struct fsrv__text lines[FSRV__LIST_LINES];
};

/* A field that a request may have once. */
struct fsrv__single_field {
	unsigned n_lines;
	struct fsrv__text value; /* of the last line, without blanks at the ends */
};

struct fsrv__request {
	enum fsrv__method method;
	bool has_bad_name;  /* a field name that is no token */
	bool has_bad_value; /* a field value with CR, LF or NUL */
	bool is_misread;    /* set by the caller: the server did not read the lines that were sent */
	bool is_malformed;  /* set by fsrv__request_end, like the next one */
	bool is_last;       /* the connection ends with the answer */
	unsigned n_lines;   /* of all the fields that follow */
	struct fsrv__list_field if_match, if_none_match;
	struct fsrv__single_field range, if_range, if_modified_since, if_unmodified_since;
	struct fsrv__single_field host, content_length, transfer_encoding;
};

/* Recognizes a method by its name, which is case-sensitive (RFC 9110, 9.1). */
enum fsrv__method fsrv__method_parse(const char *name);

/* Adds one field line. request is zeroed before the first one. The bytes stay the caller's and have to
 * outlive the request. */
void fsrv__request_add_field(struct fsrv__request *request, struct fsrv__text name, struct fsrv__text value);

/* Judges a request that has all its fields.
 *
 * It is malformed, and the answer is 400 (RFC 9112, 2.2, 3.2, 5 and 6.3), if it is an HTTP/1.1 request
 * without Host; with two Host fields or a value that can be no host; with a field name that is no token, or a
 * line break or NUL in a value; if its lines were misread; or if the end of its content is unclear.
 *
 * It is the last one of its connection if it is uncertain where the next one starts: if it is malformed, or
 * if its content comes in chunks, whose framing only the server has seen. */
void fsrv__request_end(struct fsrv__request *request, bool http_1_1);

/* Whether a precondition may decide the answer: If-Match, If-None-Match, If-Modified-Since or
 * If-Unmodified-Since is there. */
bool fsrv__request_is_conditional(const struct fsrv__request *request);

/* Whether a plan of the answer reads nothing of the request but the method, which is GET or HEAD, and a
 * single line of If-None-Match. *if_none_match is that line; NULL in at: there is none. */
bool fsrv__request_is_plain(const struct fsrv__request *request, struct fsrv__text *if_none_match);

/* The value of a field that the request has exactly once; otherwise a text with NULL in at. */
struct fsrv__text fsrv__single_field_value(const struct fsrv__single_field *field);

#endif
