/* Characters while it matters whether they are white space: before the head, between head and body, while
 * a frameset is possible, and behind the body. A character reference may stand for white space, so those
 * are followed here, and nowhere else.
 *
 * A reference may be cut by the end of a chunk; its state is in the scanner. Its offset is that of the
 * "&", so nothing may be told to the tree before the reference is complete. WHATWG HTML, 13.2.5.1 and
 * 13.2.5.72 to 13.2.5.80. */
#ifndef FSRV__HTML_CHARACTERS_H
#define FSRV__HTML_CHARACTERS_H

#include "html/scanner.h"

/* Reads the characters from at to end, or fewer when what follows does not matter any more. */
void fsrv__characters_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end);

/* The characters end here: an unfinished reference stands for itself. */
void fsrv__characters_end(struct fsrv__scanner *s);

#endif
