/* Tree construction, as far as it decides where the head begins and ends, where the body ends, and which
 * scripts are HTML elements: insertion modes, the frameset-ok flag, foreign content.
 *
 * The tokenizer reports each token once, in the order of the page, except for tags that change only the
 * stack of open elements: it may apply those itself (read_stack_only_tag in tokenizer.c). The tree may
 * switch the state of the tokenizer, as the standard has it, and must never call it. WHATWG HTML, 13.2.6. */
#ifndef FSRV__HTML_TREE_H
#define FSRV__HTML_TREE_H

#include "html/scanner.h"

/* The start tag that the scanner describes is complete; after is the byte behind its ">". Likewise an
 * end tag. */
void fsrv__tree_start_tag(struct fsrv__scanner *s, const uint8_t *after);
void fsrv__tree_end_tag(struct fsrv__scanner *s, const uint8_t *after);

/* Characters that are not white space begin at offset. is_nul: the first is a NUL byte. */
void fsrv__tree_characters(struct fsrv__scanner *s, uint64_t offset, bool is_nul);

/* The page of size bytes ends, and the tokenizer has reported all of it: completes the places in the head
 * and returns the offset of the body end. */
uint64_t fsrv__tree_end(struct fsrv__scanner *s, uint64_t size);

#endif
