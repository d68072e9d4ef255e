/* The state of one scan: what the tokenizer, the tree and the search for markers know between two bytes.
 *
 * Nothing is declared here but the state. It lies in memory of the caller (struct fsrv_scan), is copied by
 * plain assignment, and belongs to one thread at a time. So it must hold no pointer into itself; chunk and
 * chunk_end are valid during one feed alone, all other pointers are constants or from the caller's options.
 * WHATWG HTML, 13.2.4. */
#ifndef FSRV__HTML_SCANNER_H
#define FSRV__HTML_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "html/attributes.h"
#include "html/script_text.h"
#include "html/stack.h"
#include "html/tags.h"
#include "fsrv/inject.h"

/* States of the tokenizer (13.2.5). The order matters: fsrv__tree_end takes each state after
 * FSRV__STATE_TAG_OPEN for an unfinished construct, which would swallow what is put in there. "<" alone is
 * not one: "<<script>" still starts a script. */
enum fsrv__tokenizer_state {
	FSRV__STATE_BYTE_ORDER_MARK, /* nothing read yet, or part of a mark */
	FSRV__STATE_DATA,
	FSRV__STATE_RAW_TEXT,    /* RAWTEXT and RCDATA */
	FSRV__STATE_SCRIPT_DATA, /* with its escaped states, which script_text has */
	FSRV__STATE_PLAINTEXT,
	FSRV__STATE_TAG_OPEN,
	FSRV__STATE_END_TAG_OPEN,
	FSRV__STATE_TAG_NAME,
	FSRV__STATE_BEFORE_ATTRIBUTE_NAME, /* also after a quoted value, and self-closing start tag */
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

/* Insertion modes (13.2.4.1). The first stands for those before it too, the last for all behind it. */
enum fsrv__insertion_mode {
	FSRV__MODE_BEFORE_HEAD,
	FSRV__MODE_IN_HEAD,
	FSRV__MODE_AFTER_HEAD,
	FSRV__MODE_IN_BODY
};

/* A character reference that may stand for white space. Its states are those of characters.c. */
struct fsrv__character_reference {
	uint64_t offset; /* of the "&" */
	uint32_t value;  /* of the number so far */
	uint8_t state;   /* 0: none */
	uint8_t matched; /* bytes of the name so far */
};

struct fsrv__scanner {
	struct fsrv_scan_options options;
	size_t n_strips;      /* as in fsrv_page; the array may be shorter */
	const uint8_t *chunk; /* the bytes that are being fed */
	const uint8_t *chunk_end;
	uint64_t chunk_offset; /* of chunk in the page */

	uint64_t tag_key;                    /* of the name of the current tag, see tags.h */
	const struct fsrv__tag *tag;         /* what is known of that name */
	uint64_t tag_start;                  /* of its "<"; of the start tag until raw_element is closed */
	const struct fsrv__tag *raw_element; /* open element whose content is text, NULL for none */
	struct fsrv__script_text script_text;

	/* what is found; FSRV_NO_OFFSET for what is not yet */
	uint64_t head_start;
	uint64_t head_end;
	uint64_t body_end; /* first body or html end tag since which came only what stays behind the body */
	uint64_t csp_offset;
	struct fsrv__encoding_label charset;
	unsigned flags; /* enum fsrv_page_flag */

	uint64_t pre_content_start; /* behind the last pre start tag */
	uint32_t last_bytes;        /* of a comment or CDATA section in earlier chunks; see comments.c */
	struct fsrv__character_reference reference;

	uint8_t state;          /* enum fsrv__tokenizer_state */
	uint8_t insertion_mode; /* enum fsrv__insertion_mode */
	uint8_t name_length;    /* of the current tag's name, as far as it matters: up to eight */
	uint8_t matched;        /* bytes of what the state waits for, such as "[CDATA[" */
	uint8_t first_byte;     /* of a byte order mark, "--" or "[CDATA[": tells which of them is matched */
	uint8_t carried_length;
	bool is_end_tag;
	bool is_self_closing;        /* the self-closing flag */
	bool is_frameset_ok;         /* the frameset-ok flag */
	bool does_text_matter;       /* other text than white space would change something */
	bool allows_stack_only_tags; /* most tags change only the stack; see is_stack_only in tokenizer.c */
	bool body_end_opens_body;    /* no body was open at body_end */
	bool is_charset_known;
	bool is_done; /* nothing that follows can change the result */

	bool searches_markers;      /* the current tag or text is a script's, and there are markers */
	bool has_marker;            /* one was found in it */
	bool ends_in_reference;     /* the text so far ends in an unfinished character reference */
	bool strip_wants_next_byte; /* the byte that follows the last strip is not fed yet */
	uint8_t preceding;          /* what the current tag stands behind, enum fsrv__preceding */

	struct fsrv__attributes attributes;
	uint8_t carried[FSRV_MARKER_MAX - 1]; /* last bytes of the current script element in earlier chunks */
	struct fsrv__stack stack;
};

_Static_assert(sizeof(struct fsrv__scanner) <= sizeof(struct fsrv_scan), "the state must fit");

/* Offset in the page of a byte of the current chunk. */
static inline uint64_t fsrv__offset(const struct fsrv__scanner *s, const uint8_t *at)
{
	return s->chunk_offset + (uint64_t)(at - s->chunk);
}

#endif
