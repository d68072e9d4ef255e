/* What "<!" begins, and what else ends at a ">" without being a tag: comments, doctypes, bogus comments and
 * CDATA sections. Nothing in them is a tag, and the tree is told of none of them: a comment changes no
 * place, a doctype nothing but quirks mode, which is not followed (Limits in docs/injection.md), and a CDATA
 * section stands in foreign content.
 *
 * WHATWG HTML, 13.2.5.41 to 13.2.5.71. */
#ifndef FSRV__HTML_COMMENTS_H
#define FSRV__HTML_COMMENTS_H

#include "html/scanner.h"

/* Reads on in one of the states from FSRV__STATE_MARKUP_DECLARATION_OPEN to FSRV__STATE_CDATA_SECTION. Takes
 * the bytes from at to end, at least one; returns the first that it leaves to the state it has set. */
const uint8_t *fsrv__comments_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end);

#endif
