/* The hosts that requests may name, and the log of those that were refused. */
#ifndef FSRV__MHD_ALLOWED_HOSTS_H
#define FSRV__MHD_ALLOWED_HOSTS_H

#include <stdbool.h>

#include "fs/memory.h"
#include "fsrv/fsrv.h"
#include "http/cors.h"
#include "http/host.h"
#include "mhd/log.h"

/* Any number of threads may use it. */
struct fsrv__allowed_hosts;

/* Copies a list, which is valid. *hosts becomes NULL when every host is allowed. False when memory is
 * lacking.
 *
 * owner  what has the option, for the log; a constant */
bool fsrv__allowed_hosts_new(const struct fsrv__allocator *allocator, const struct fsrv__log *log,
			     const struct fsrv__host_list *list, const char *owner,
			     struct fsrv__allowed_hosts **hosts);

/* Frees the list; NULL is allowed. */
void fsrv__allowed_hosts_free(struct fsrv__allowed_hosts *hosts);

/* Tells which host most requests will name, which saves them the look at the list. It is no further one: one
 * that is not allowed is refused as before. No thread uses the list yet. NULL is allowed.
 *
 * host  with its port; borrowed, as long as the list lives */
void fsrv__allowed_hosts_expect(struct fsrv__allowed_hosts *hosts, struct fsrv__text host);

/* Whether the hosts that a request names are allowed; they are when hosts is NULL. A host that is not is
 * logged the first time, as long as there are few.
 *
 * cors  origins that are allowed in any case, since their scripts may read; NULL: none
 * url   the target, as libmicrohttpd passes it */
bool fsrv__allowed_hosts_admit(struct fsrv__allowed_hosts *hosts, const struct fsrv__cors *cors,
			       struct MHD_Connection *connection, const char *url);

#endif
