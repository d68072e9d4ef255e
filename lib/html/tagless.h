#ifndef FSRV__HTML_TAGLESS_H
#define FSRV__HTML_TAGLESS_H

#include "html/scanner.h"

/* tagless.c. Reads on in what is no tag: the start of the page, comments, declarations, CDATA, raw
 * text and scripts. */
const uint8_t *fsrv__passage_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end);

#endif
