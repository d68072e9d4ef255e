/* Choosing the coding in which a file is sent (RFC 9110, 12.1): a file may have sidecars, which hold the same
 * content compressed. a.js.br, a.js.zst and a.js.gz are sidecars of a.js. */
#ifndef FSRV__MHD_NEGOTIATION_H
#define FSRV__MHD_NEGOTIATION_H

#include "mhd/lookup.h"

/* Looks up result->path, and with FSRV_PRECOMPRESSED its sidecars, in the order of needs->codings. Arguments,
 * result and threads are those of fsrv__lookup. Counts whether the cache sufficed.
 *
 * A sidecar is a regular file in the root of the file itself that is not empty and not older. It is sent in
 * place of the file: result->file and content are then those of the sidecar, while path and media type stay
 * those of the file. A name is looked for by one stat(2), up to the first sidecar that is wanted; where none
 * is, up to the first that there is. Pages with scripts have no sidecars, nor has a file that is coded
 * itself.
 *
 * The outcome is FSRV__NOT_ACCEPTABLE for a file that the client accepts neither as it is nor in the coding
 * of a sidecar. */
enum fsrv__lookup_status fsrv__negotiate(struct fsrv *fs, const struct fsrv__lookup_needs *needs,
					 enum fsrv__wait_policy wait, struct fsrv__lookup_result *result);

#endif
