/* The tokenizer: cuts the page into tags and what lies between them, and reports both to the tree. Tags
 * that change only the stack of open elements it may apply itself, without a report. It has the states of
 * data and of tags itself and hands the others to those who know them.
 *
 * A chunk may end after any byte: what earlier bytes mean is in the scanner, and no byte is looked at
 * twice across chunks. Characters are ended before a tag is reported. WHATWG HTML, 13.2.5. */
#ifndef FSRV__HTML_TOKENIZER_H
#define FSRV__HTML_TOKENIZER_H

#include "html/scanner.h"

/* Reads the bytes of a chunk, or fewer when the scan is done before. */
void fsrv__tokenizer_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end);

/* No byte follows: what was begun and is no tag or comment is characters. */
void fsrv__tokenizer_end(struct fsrv__scanner *s);

#endif
