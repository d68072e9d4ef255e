/* The stack of open elements, as far as it decides what SVG and MathML hold and where they end.
 *
 * It is kept in a fixed array. HTML elements below FSRV__STACK_HTML_MAX are recorded, deeper ones only
 * inside of SVG and MathML. Not modelled are elements that the parser opens again by itself (misnested
 * formatting), those that foster parenting moves, and quirks mode, in which table closes no p: only an end
 * tag inside of an unclosed svg or math could tell (Limits in docs/injection.md). Each entry links to the
 * nearest entries below it that a rule could ask for. No search may walk the whole stack: a page could make
 * each of its tags do that. WHATWG HTML, 13.2.4.2 and 13.2.6.5. */
#ifndef FSRV__HTML_STACK_H
#define FSRV__HTML_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "html/tags.h"

#define FSRV__STACK_MAX               255 /* recorded elements */
#define FSRV__STACK_HTML_MAX          128 /* those outside of SVG and MathML */
#define FSRV__STACK_FOREIGN_ROOTS_MAX 16  /* foreign roots inside of each other whose offsets are kept */

/* What an open element is: its namespace, and what its content is. */
enum fsrv__element_kind {
	FSRV__KIND_HTML = 0,
	FSRV__KIND_SVG = 1,
	FSRV__KIND_MATH = 2,
	FSRV__KIND_NAMESPACE = 3,        /* mask of the three above */
	FSRV__KIND_HTML_INTEGRATION = 4, /* HTML integration point */
	FSRV__KIND_TEXT_INTEGRATION = 8, /* MathML text integration point */
	FSRV__KIND_ANNOTATION_XML = 16,  /* annotation-xml: holds MathML, and svg as if from HTML */
	FSRV__KIND_FOREIGN_ROOT = 32,    /* svg or math opened from HTML content */
	FSRV__KIND_TEMPLATE = 64,        /* HTML template */
	FSRV__KIND_REMOVED = 128         /* removed from the middle of the stack */
};

/* An open element. Positions of entries count from 1, and 0 is none. */
struct fsrv__element {
	uint32_t name_hash;           /* hash of the key; the upper eight bits number its bucket */
	uint8_t kind;                 /* enum fsrv__element_kind */
	uint8_t rule;                 /* enum fsrv__tag_rule of an HTML element */
	uint8_t next_in_bucket;       /* next lower entry whose name has the same upper eight bits */
	uint8_t special_below;        /* nearest entry below this one of the category "special" */
	uint8_t scope_boundary_below; /* nearest that bounds "has an element in scope" */
	uint8_t html_below;           /* nearest HTML element */
};

struct fsrv__stack {
	struct fsrv__element elements[FSRV__STACK_MAX + 1];    /* the first is never used */
	uint8_t buckets[256];                                  /* topmost entry by hash of its name */
	uint64_t foreign_roots[FSRV__STACK_FOREIGN_ROOTS_MAX]; /* offsets of those that are open */
	uint64_t template_offset;                              /* of the outermost open template */
	uint64_t open_templates;                               /* how many; the deepest may not be recorded */
	/* The positions of the topmost entry of each kind, 0 for none, are not adjacent: a compiler would
	 * copy adjacent bytes in one load, which stalls behind the single-byte stores before it. */
	uint8_t topmost_special;
	uint8_t recorded_templates;
	uint8_t topmost_scope_boundary;
	uint8_t foreign_root_count;
	uint8_t topmost_html;
	uint8_t depth;    /* position of the topmost entry */
	bool is_too_deep; /* too deep inside SVG or MathML to tell what is open */
};

/* Kind of the current node, which is the topmost entry; FSRV__KIND_HTML when nothing is recorded. */
static inline unsigned fsrv__stack_kind(const struct fsrv__stack *stack)
{
	return stack->elements[stack->depth].kind;
}

/* True when the current node is an SVG or MathML element: text and end tags are read as such. */
static inline bool fsrv__stack_current_node_is_foreign(const struct fsrv__stack *stack)
{
	return (fsrv__stack_kind(stack) & FSRV__KIND_NAMESPACE) != FSRV__KIND_HTML;
}

/* True when what the current node holds can be HTML: it is an HTML element, an HTML integration point or a
 * MathML text integration point. */
bool fsrv__stack_current_node_holds_html(const struct fsrv__stack *stack);

/* Offset of the start tag of the innermost foreign root; one must be open. Of more than
 * FSRV__STACK_FOREIGN_ROOTS_MAX inside of each other it is that of the last that was kept. */
uint64_t fsrv__stack_foreign_root_offset(const struct fsrv__stack *stack);

/* Opens an HTML element for a start tag in HTML content that starts at offset; closes what it closes. */
void fsrv__stack_open(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag, uint64_t offset);

/* Acts on an end tag in HTML content. */
void fsrv__stack_close(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag);

/* Opens svg or math, a foreign root, for a start tag in HTML content that starts at offset. */
void fsrv__stack_open_foreign_root(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag,
				   uint64_t offset);

/* Opens an element in foreign content. is_html_integration: annotation-xml with an HTML encoding. */
void fsrv__stack_open_foreign(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag,
			      bool is_html_integration);

/* Acts on an end tag while the current node is foreign. */
void fsrv__stack_close_foreign(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag);

/* Closes foreign elements until the current node can hold HTML. */
void fsrv__stack_leave_foreign(struct fsrv__stack *stack);

#endif
