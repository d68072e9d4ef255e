/* The hosts that a request names, and whether they are allowed. A name that an attacker's DNS points to this
 * machine reaches the server with that name in Host; a page of another site sends its own name in Origin. */
#ifndef FSRV__HTTP_HOST_H
#define FSRV__HTTP_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "http/text.h"

/* The hosts of an option, besides those of the loopback interface, which are always allowed. */
struct fsrv__host_list {
	const char *const *patterns;
	size_t n_patterns;
};

/* What of a request names a host. A text with NULL in at is not there. */
struct fsrv__asker {
	struct fsrv__text target; /* in any form (RFC 9112, 3.2) */
	struct fsrv__text host;   /* value of Host */
	struct fsrv__text origin; /* value of Origin (RFC 6454, 7) */
};

enum fsrv__host_verdict { FSRV__HOST_IS_ALLOWED, FSRV__HOST_IS_REFUSED, FSRV__ORIGIN_IS_REFUSED };

/* Whether a text may stand in a list: a name, ".name" for the name and all below it, "*.name" for all below
 * it, an IPv4 address, an IPv6 address with or without brackets; each with ":port" or for any port; "*" for
 * every host. */
bool fsrv__host_is_pattern(const char *text);

/* Whether all texts of a list may stand there; a text that is NULL may not. */
bool fsrv__host_list_is_valid(const struct fsrv__host_list *list);

/* Whether the list has "*". */
bool fsrv__host_list_has_all(const struct fsrv__host_list *list);

/* Whether a name or numeric address, without brackets and port, is one of the loopback interface: localhost
 * and what is below it (RFC 6761, 6.3), 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped to IPv6. */
bool fsrv__host_is_loopback(struct fsrv__text host);

/* Judges the host of a target in absolute-form or else that of Host (RFC 9112, 3.2.2), then that of Origin.
 * What is not there or empty is allowed. The origin "null" counts as a host of that name.
 *
 * refused  receives the host and port that are not allowed */
enum fsrv__host_verdict fsrv__host_check(const struct fsrv__host_list *list, const struct fsrv__asker *asker,
					 struct fsrv__text *refused);

#endif
