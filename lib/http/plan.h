/* The plan of an answer: status, header fields and content. No other module chooses a status. */
#ifndef FSRV__HTTP_PLAN_H
#define FSRV__HTTP_PLAN_H

#include <stdint.h>

#include "http/content_range.h"
#include "http/multipart.h"
#include "http/outcome.h"
#include "http/request.h"
#include "http/validators.h"

/* The selected representation (RFC 9110, 3.2). The texts are terminated and outlive the plan. */
struct fsrv__representation {
	uint64_t size;
	const char *media_type;
	const char *content_coding; /* NULL: none */
	const char *cache_control;  /* NULL: no such field */
	bool varies;                /* other values of Accept-Encoding give other codings of it */
	bool is_volatile;           /* the next request may find other bytes, and nothing tells: no ranges */
	bool is_growing;            /* it is followed while it is written: size and validators tell nothing */
	unsigned max_ranges;        /* parts that one answer may have; 0 and 1: no multipart answers */
	uint64_t boundary_seed;     /* for those; no client knows it */
	struct fsrv__validators validators;
};

struct fsrv__target {
	enum fsrv__outcome outcome;
	const struct fsrv__representation *file; /* for FSRV__FOUND_FILE */
	const char *location;                    /* for FSRV__FOUND_DIRECTORY: the value of Location */
	bool is_not_found_page; /* the file was found in place of one that is missing, and the client is told
				 */
	bool depends_on_accept; /* with another Accept the request might have another answer */
};

/* The length of content that is followed until its writer is done. */
#define FSRV__LENGTH_UNKNOWN UINT64_MAX

enum fsrv__content_kind {
	FSRV__CONTENT_NONE,   /* no content is sent, but its length is announced if it is known: HEAD, 304 */
	FSRV__CONTENT_ABSENT, /* no content and no length: 204 */
	FSRV__CONTENT_SLICE,  /* length bytes of the representation from offset, or all that comes */
	FSRV__CONTENT_MULTIPART, /* several slices as multipart says, length bytes in all; offset is 0 */
	FSRV__CONTENT_TEXT       /* length bytes at text, a constant */
};

struct fsrv__header {
	const char *name;
	const char *value;
};

/* Of fsrv itself, of the rules of a program, of its function. */
#define FSRV__MAX_PLANNED_HEADERS  20
#define FSRV__MAX_RULE_HEADERS     24
#define FSRV__MAX_FUNCTION_HEADERS 24

#define FSRV__MAX_HEADERS (FSRV__MAX_PLANNED_HEADERS + FSRV__MAX_RULE_HEADERS + FSRV__MAX_FUNCTION_HEADERS)

/* Values of header fields point to constants, options of the handler, or into the representation, the target,
 * the fields of a program's function or the plan itself, so a plan must not be moved. */
struct fsrv__plan {
	unsigned status;
	enum fsrv__content_kind content;
	uint64_t offset;
	uint64_t length;
	const char *text;
	unsigned n_headers;
	struct fsrv__header headers[FSRV__MAX_HEADERS];
	char content_range[FSRV__CONTENT_RANGE_SIZE];
	struct fsrv__multipart multipart;
};

/* Whether the content has bytes of the representation. */
static inline bool fsrv__plan_sends_file(const struct fsrv__plan *plan)
{
	return plan->content == FSRV__CONTENT_SLICE || plan->content == FSRV__CONTENT_MULTIPART;
}

/* Plans the answer to a request for a target.
 *
 * request   fsrv__request_end has judged it
 * now       seconds since 1970: places dates with two-digit years; a date not before it is weak */
void fsrv__plan_make(const struct fsrv__request *request, const struct fsrv__target *target, int64_t now,
		     struct fsrv__plan *plan);

/* Adds a header field to a plan that has room for it. The texts have to outlive the plan. */
void fsrv__plan_add_header(struct fsrv__plan *plan, const char *name, const char *value);

/* Removes all header fields of that name, in any letter case. */
void fsrv__plan_remove_header(struct fsrv__plan *plan, const char *name);

/* Whether a header field is not to be changed, because it says how the parts of a multipart are to be read:
 * Content-Type and Content-Encoding there, in any letter case. */
bool fsrv__plan_reserves_header(const struct fsrv__plan *plan, const char *name);

#endif
