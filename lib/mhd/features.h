/* What the libmicrohttpd in use can do, beyond what its header told when fsrv was built (lib/meson.build). */
#ifndef FSRV_MHD_FEATURES_H
#define FSRV_MHD_FEATURES_H

#include <microhttpd.h>
#include <stdbool.h>

#if !FSRV_MHD_IS_STRICT
/* A program that was built with an older release may run with a newer one, which has the same soname. This
 * function came with the releases that check each line. */
extern struct MHD_Response *MHD_create_response_empty(enum MHD_ResponseFlags flags) __attribute__((weak));
#endif

/* Whether libmicrohttpd refuses header lines that RFC 9112 forbids, instead of reading them as other ones. */
static inline bool fsrv__mhd_checks_lines(void)
{
#if FSRV_MHD_IS_STRICT
	return true;
#else
	return MHD_create_response_empty != NULL;
#endif
}

#endif
