/* Cross-origin isolation (HTML standard, cross-origin opener and embedder policies): the header fields with
 * which a page may use SharedArrayBuffer. */
#ifndef FSRV__HTTP_ISOLATION_H
#define FSRV__HTTP_ISOLATION_H

#include "http/plan.h"

/* Adds the fields to the plan of any answer.
 *
 * is_shared  whether pages of other origins may load the file (Fetch standard, Cross-Origin-Resource-Policy)
 */
void fsrv__isolation_add_headers(bool is_shared, struct fsrv__plan *plan);

#endif
