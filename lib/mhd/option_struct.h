/* Option structs of the public headers: their first member is their size, and zero is every default. */
#ifndef FSRV__MHD_OPTION_STRUCT_H
#define FSRV__MHD_OPTION_STRUCT_H

#include <stddef.h>

/* Copies the caller's options over zeroed ones of the size that this library knows.
 *
 * FSRV_OK
 * FSRV_ERR_INVALID      given has no size, or one that no such struct can have
 * FSRV_ERR_UNSUPPORTED  given is longer than known, and the rest is not zero */
int fsrv__option_struct_read(void *known, size_t known_size, const void *given);

#endif
