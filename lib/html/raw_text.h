/* Elements whose content is text up to their own end tag, or to the end of the page. Called raw text here:
 * RAWTEXT, RCDATA, script data and PLAINTEXT, which alone never ends. No start tag and no other end tag
 * counts in them.
 *
 * The element's own end tag is handed to the tokenizer behind its name, so its attributes are read like
 * those of any tag. WHATWG HTML, 13.2.5.2 to 13.2.5.5 and 13.2.5.9 to 13.2.5.31; 13.2.6.2. */
#ifndef FSRV__HTML_RAW_TEXT_H
#define FSRV__HTML_RAW_TEXT_H

#include "html/scanner.h"

/* The tree has inserted an element whose content is text: that of the current tag. */
void fsrv__raw_text_begin(struct fsrv__scanner *s);

/* Reads on in FSRV__STATE_RAW_TEXT, FSRV__STATE_SCRIPT_DATA or FSRV__STATE_PLAINTEXT. Takes the bytes from at
 * to end, at least one; returns the first that it leaves to the state it has set. */
const uint8_t *fsrv__raw_text_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end);

#endif
