/* The scanner behind fsrv/inject.h. scan.c has the public functions, tokenizer.c and tagless.c cut
 * the page into tokens, tree.c knows where in the tree they land; text.c, attributes.c and markers.c look
 * into text, attributes and scripts where that matters. */
#ifndef FSRV__HTML_SCANNER_H
#define FSRV__HTML_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "html/attributes.h"
#include "html/bytes.h"
#include "html/stack.h"
#include "html/tags.h"
#include "html/script_text.h"
#include "fsrv/inject.h"

/* Where the tokenizer is. Those from FSRV__STATE_TAG_OPEN on are inside of something unfinished. */
enum fsrv__tokenizer_state {
	FSRV__STATE_BYTE_ORDER_MARK, /* a byte order mark may come */
	FSRV__STATE_DATA,
	FSRV__STATE_RAW_TEXT,    /* raw text and RCDATA */
	FSRV__STATE_SCRIPT_DATA, /* text of a script */
	FSRV__STATE_PLAINTEXT,
	FSRV__STATE_TAG_OPEN,
	FSRV__STATE_END_TAG_OPEN,
	FSRV__STATE_TAG_NAME,
	FSRV__STATE_BEFORE_ATTRIBUTE_NAME, /* of an attribute; also after a quoted value */
	FSRV__STATE_ATTRIBUTE_NAME,
	FSRV__STATE_AFTER_ATTRIBUTE_NAME,
	FSRV__STATE_BEFORE_ATTRIBUTE_VALUE,
	FSRV__STATE_ATTRIBUTE_VALUE_DOUBLE_QUOTED,
	FSRV__STATE_ATTRIBUTE_VALUE_SINGLE_QUOTED,
	FSRV__STATE_ATTRIBUTE_VALUE_UNQUOTED,
	FSRV__STATE_MARKUP_DECLARATION_OPEN, /* after "<!" */
	FSRV__STATE_COMMENT_START,
	FSRV__STATE_COMMENT_START_DASH,
	FSRV__STATE_COMMENT,
	FSRV__STATE_BOGUS_COMMENT, /* doctypes too: anything that ends at the first ">" */
	FSRV__STATE_CDATA_SECTION
};

/* How far the tree has come. */
enum fsrv__insertion_mode {
	FSRV__MODE_BEFORE_HEAD,
	FSRV__MODE_IN_HEAD,
	FSRV__MODE_AFTER_HEAD,
	FSRV__MODE_IN_BODY
};

/* A character reference that may stand for white space. */
struct fsrv__character_reference {
	uint64_t offset; /* of the "&" */
	uint32_t value;
	uint8_t state; /* 0: none */
	uint8_t matched;
};

struct fsrv__scanner {
	struct fsrv_scan_options options;
	size_t n_strips;
	const uint8_t *chunk; /* the bytes being fed */
	const uint8_t *chunk_end;
	uint64_t chunk_offset; /* offset of chunk in the page */

	uint64_t tag_key; /* of the current tag's name */
	const struct fsrv__tag *tag;
	uint64_t tag_start; /* of the current tag; of the start tag until a raw element is closed */
	const struct fsrv__tag *raw_element; /* open raw text or script element, NULL for none */
	struct fsrv__script_text script_text;

	uint64_t head_start;
	uint64_t head_end;
	uint64_t body_end; /* first end tag of the closing run, FSRV_NO_OFFSET for none */
	uint64_t csp_offset;
	struct fsrv__encoding_label charset;
	unsigned flags;

	uint64_t pre_content_start; /* offset behind a pre start tag */
	uint32_t last_bytes;
	struct fsrv__character_reference reference;

	uint8_t state;
	uint8_t insertion_mode;
	uint8_t name_length;
	uint8_t matched; /* bytes of a short pattern, see the states */
	uint8_t carried_length;
	bool is_end_tag;
	bool is_self_closing; /* the last byte was a "/" outside of values */
	bool is_frameset_ok;
	bool does_text_matter;
	bool allows_stack_only_tags; /* in the body, where most tags change nothing but the stack */
	bool body_end_opens_body;
	bool is_charset_known;
	bool is_done;

	bool searches_markers;      /* the tag or text may belong to a script to strip */
	bool has_marker;            /* a marker was found in it */
	bool ends_in_reference;     /* the text so far ends in an unfinished character reference */
	bool strip_wants_next_byte; /* the last strip waits for the byte that follows */
	uint8_t preceding;          /* enum fsrv__preceding of the current tag */

	struct fsrv__attributes attributes;
	uint8_t carried[FSRV_MARKER_MAX - 1]; /* last bytes of the script from earlier chunks */
	struct fsrv__stack stack;
};

_Static_assert(sizeof(struct fsrv__scanner) <= sizeof(struct fsrv_scan), "the state must fit");

static inline uint64_t fsrv__offset(const struct fsrv__scanner *s, const uint8_t *at)
{
	return s->chunk_offset + (uint64_t)(at - s->chunk);
}

#endif
