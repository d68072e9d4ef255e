/* The facts of a request that decide its answer, gathered field by field. */
#ifndef FSRV__REQUEST_H
#define FSRV__REQUEST_H

#include <stdbool.h>

#include "http/text.h"

enum fsrv__method { FSRV__GET, FSRV__HEAD, FSRV__OPTIONS, FSRV__OTHER_METHOD };

/* Lines of one list field that are kept. Tags in later lines are as good as unknown: If-None-Match
 * then gets 200 for 304, and If-Match 412 for 200. */
#define FSRV__LIST_LINES 8

struct fsrv__list {
	unsigned n_lines;
	struct fsrv__text lines[FSRV__LIST_LINES];
};

/* A field that may be there once. */
struct fsrv__single {
	unsigned n_lines;
	struct fsrv__text value; /* of the last line, without blanks at the ends */
};

struct fsrv__request {
	enum fsrv__method method;
	bool has_bad_name; /* a field name that is no token */
	struct fsrv__list if_match, if_none_match;
	struct fsrv__single range, if_range, if_modified_since, if_unmodified_since;
	struct fsrv__single host, content_length, transfer_encoding;
};

/* Methods are case-sensitive (RFC 9110, 9.1). */
enum fsrv__method fsrv__method_parse(const char *name);

/* Notes one field line; request must be zeroed before the first. The bytes are borrowed. */
void fsrv__request_add_field(struct fsrv__request *request, struct fsrv__text name, struct fsrv__text value);

/* True when RFC 9112 (3.2, 5.1, 6.3) tells a server to answer 400: no Host in HTTP/1.1, two, or one
 * that can be no host, a field name that is no token, content whose end is unclear. */
bool fsrv__request_is_malformed(const struct fsrv__request *request, bool http_1_1);

/* The value of a field that is there exactly once; NULL in at otherwise. */
struct fsrv__text fsrv__single_value(const struct fsrv__single *field);

#endif
