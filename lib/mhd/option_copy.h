/* Copies of what options point to, in one block of memory behind the handler object. */
#ifndef FSRV__MHD_OPTION_COPY_H
#define FSRV__MHD_OPTION_COPY_H

#include <stddef.h>

#include "fsrv/fsrv.h"

/* How many bytes the handler object and its copies need.
 *
 * directory  for relative roots; empty when there are none */
size_t fsrv__option_copy_size(const struct fsrv_options *options, const char *directory);

/* Copies roots, index names, media types, prefix, Cache-Control and all about header fields into fs, which
 * has that many bytes. */
void fsrv__option_copy(struct fsrv *fs, const struct fsrv_options *options, const char *directory);

#endif
