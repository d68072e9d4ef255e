/* Hot files: of medium size, whole, in memory, and requested a second time while their descriptor is still
 * open. Their bytes stay in the cache, where later requests find them, with the response that was made of
 * them: that takes fewer system calls than to send the file once more. */
#ifndef FSRV__MHD_HOT_FILE_H
#define FSRV__MHD_HOT_FILE_H

#include "mhd/answer.h"

/* Makes answer->response of the bytes of a hot file, and puts them into its cache entry. False when the file
 * is none, or not in memory, or when there is no room: nothing is made then. Does not wait for the disk. */
bool fsrv__hot_file_make(struct fsrv__answer *answer);

#endif
