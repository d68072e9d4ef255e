/* Entity tags (RFC 9110, 8.8.3) and the lists of them in If-Match and If-None-Match. */
#ifndef FSRV__ETAG_H
#define FSRV__ETAG_H

#include "http/text.h"

enum fsrv__etag_comparison { FSRV__ETAG_STRONG, FSRV__ETAG_WEAK };

/* True when text is one whole entity tag, W/ in upper case and quotes included. */
bool fsrv__etag_is_valid(struct fsrv__text text);

/* Compares two entity tags (RFC 9110, 8.8.3.2). Both must be valid. */
bool fsrv__etag_equals(struct fsrv__text a, struct fsrv__text b, enum fsrv__etag_comparison comparison);

/* True when the field value is "*" or lists a tag equal to the given one. Commas inside quotes
 * belong to a tag and empty elements are skipped; the list ends at the first syntax error. */
bool fsrv__etag_list_has(struct fsrv__text list, struct fsrv__text tag,
			 enum fsrv__etag_comparison comparison);

#endif
