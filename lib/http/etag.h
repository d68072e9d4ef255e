/* Entity tags (RFC 9110, 8.8.3) and the lists of them in If-Match and If-None-Match. */
#ifndef FSRV__HTTP_ETAG_H
#define FSRV__HTTP_ETAG_H

#include "http/text.h"

enum fsrv__etag_comparison { FSRV__ETAG_STRONG, FSRV__ETAG_WEAK };

/* Whether the text is one entity tag and nothing else, with its quotes and W/ in upper case. */
bool fsrv__etag_is_valid(struct fsrv__text text);

/* Compares two entity tags (RFC 9110, 8.8.3.2). Both must be valid. */
bool fsrv__etag_equals(struct fsrv__text a, struct fsrv__text b, enum fsrv__etag_comparison comparison);

/* Whether the field value is "*" or lists a tag equal to the given one. A comma inside quotes belongs to the
 * tag, and empty elements are skipped. The list ends at the first syntax error. */
bool fsrv__etag_list_has(struct fsrv__text list, struct fsrv__text tag,
			 enum fsrv__etag_comparison comparison);

#endif
