/* The stack of open elements, as far as it decides what SVG and MathML hold and where they end
 * (WHATWG HTML, 13.2.4.2 and 13.2.6.5).
 *
 * It is kept in a fixed array. HTML elements below FSRV__STACK_HTML_MAX are recorded, deeper ones only
 * inside of SVG and MathML. Elements that the parser opens again by itself (misnested formatting) and
 * those that foster parenting moves are not modelled: they never change where a script may go. Each
 * entry links to the nearest entries below it that a rule could ask for, so no search walks the stack. */
#ifndef FSRV__HTML_STACK_H
#define FSRV__HTML_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "html/tags.h"

#define FSRV__STACK_MAX       255
#define FSRV__STACK_HTML_MAX  128
#define FSRV__STACK_ROOTS_MAX 16

/* What an open element is: its namespace, and what its content is. */
enum fsrv__element_kind {
	FSRV__KIND_HTML = 0,
	FSRV__KIND_SVG = 1,
	FSRV__KIND_MATH = 2,
	FSRV__KIND_NAMESPACE = 3,
	FSRV__KIND_HTML_INTEGRATION = 4, /* HTML integration point */
	FSRV__KIND_TEXT_INTEGRATION = 8, /* MathML text integration point */
	FSRV__KIND_ANNOTATION_XML = 16,  /* annotation-xml: holds MathML, and svg as if from HTML */
	FSRV__KIND_ROOT = 32,            /* svg or math opened from HTML content */
	FSRV__KIND_TEMPLATE = 64,        /* HTML template */
	FSRV__KIND_REMOVED = 128         /* removed from the middle of the stack */
};

struct fsrv__element {
	uint32_t name_hash;     /* hash of the key; the upper eight bits number its bucket */
	uint8_t kind;           /* enum fsrv__element_kind */
	uint8_t rule;           /* enum fsrv__tag_rule of an HTML element */
	uint8_t next_in_bucket; /* next lower entry of the bucket; positions count from 1, 0 is none */
	uint8_t special;        /* topmost special entry below this one; likewise the next two */
	uint8_t scope;
	uint8_t html;
};

struct fsrv__stack {
	struct fsrv__element elements[FSRV__STACK_MAX + 1]; /* the first is never used */
	uint8_t buckets[256];                               /* topmost entry by hash of its name */
	uint64_t roots[FSRV__STACK_ROOTS_MAX];              /* offsets of the open svg and math roots */
	uint64_t template_offset;                           /* of the outermost open template */
	uint64_t open_templates;                            /* open ones; the deepest may not be recorded */
	/* apart from each other: two bytes that are copied at once wait for both stores before them */
	uint8_t special; /* topmost special entry, 0 for none; likewise scope and html */
	uint8_t recorded_templates;
	uint8_t scope;
	uint8_t root_count;
	uint8_t html;
	uint8_t depth;
	bool is_too_deep; /* too deep inside SVG or MathML to tell what is open */
};

/* Kind of the innermost open element, FSRV__KIND_HTML when nothing is recorded. */
static inline unsigned fsrv__stack_kind(const struct fsrv__stack *stack)
{
	return stack->elements[stack->depth].kind;
}

/* True when text and end tags are read as SVG or MathML. */
static inline bool fsrv__stack_is_foreign(const struct fsrv__stack *stack)
{
	return (fsrv__stack_kind(stack) & FSRV__KIND_NAMESPACE) != FSRV__KIND_HTML;
}

/* True when neither snippets nor HTML may be put at this place: foreign and no integration point. */
bool fsrv__stack_is_content_foreign(const struct fsrv__stack *stack);

/* Offset of the svg or math root that holds the innermost element; only where one is open. */
uint64_t fsrv__stack_root_offset(const struct fsrv__stack *stack);

/* Opens an HTML element that a start tag in HTML content made. offset is where the tag starts. */
void fsrv__stack_open(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag, uint64_t offset);

/* Acts on an end tag in HTML content. */
void fsrv__stack_close(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag);

/* Opens svg or math from HTML content. */
void fsrv__stack_open_root(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag,
			   uint64_t offset);

/* Opens an element in foreign content. is_html_integration: annotation-xml with an HTML encoding. */
void fsrv__stack_open_foreign(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag,
			      bool is_html_integration);

/* Acts on an end tag while the innermost element is foreign. */
void fsrv__stack_close_foreign(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag);

/* Closes foreign elements up to HTML content: what a break-out tag does. */
void fsrv__stack_leave_foreign(struct fsrv__stack *stack);

#endif
