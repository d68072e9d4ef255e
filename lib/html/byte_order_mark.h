/* The byte order mark that a page may begin with. Behind that of UTF-8 the page begins; a page in UTF-16 is
 * not read at all. Bytes that turn out to be no mark are characters, and must be reported as such.
 *
 * Encoding Standard, 6 (BOM sniff); WHATWG HTML, 13.2.3. */
#ifndef FSRV__HTML_BYTE_ORDER_MARK_H
#define FSRV__HTML_BYTE_ORDER_MARK_H

#include "html/scanner.h"

/* Reads one byte in the state FSRV__STATE_BYTE_ORDER_MARK. Returns the first byte that is not consumed. */
const uint8_t *fsrv__byte_order_mark_read(struct fsrv__scanner *s, const uint8_t *at);

#endif
