/* The text of script elements: where it ends, with the two escaped states that "<!--" and "<script" lead to.
 *
 * A text may be cut at every byte, and the result must not depend on where. The scanner reads pages by
 * this, and fsrv_script_check the text of scripts that are to be written; so both always agree.
 * WHATWG HTML, 13.2.5.4 and 13.2.5.15 to 13.2.5.31. */
#ifndef FSRV__HTML_SCRIPT_TEXT_H
#define FSRV__HTML_SCRIPT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The states in which text is read, without those that last a few bytes. */
enum fsrv__script_level {
	FSRV__SCRIPT_DATA,
	FSRV__SCRIPT_ESCAPED,       /* after "<!--": a script start tag would lead to the next level */
	FSRV__SCRIPT_DOUBLE_ESCAPED /* an end tag leads one level back and ends nothing */
};

/* Where a text is; all zero at its start. */
struct fsrv__script_text {
	uint8_t level;   /* enum fsrv__script_level */
	uint8_t pattern; /* what the bytes since the last "<" may become */
	uint8_t matched; /* how many of its bytes are there, 0 outside of any */
	uint8_t dashes;  /* how many of the last two bytes are "-" in a row, in the escaped levels */
};

/* Why reading stopped. */
enum fsrv__script_event {
	FSRV__SCRIPT_NONE,    /* the bytes are used up */
	FSRV__SCRIPT_END_TAG, /* "</script" that ends the element; the byte after it was looked at, not
			       * consumed
			       */
	FSRV__SCRIPT_DOUBLE_ESCAPE_START /* "<script" that led to the double escaped level, likewise */
};

/* Reads on to the next event or to the end; returns the first byte that is not consumed. */
const uint8_t *fsrv__script_text_read(struct fsrv__script_text *text, const uint8_t *at, const uint8_t *end,
				      enum fsrv__script_event *event);

#endif
