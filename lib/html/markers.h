/* Script elements that are taken out because their source contains a marker: the search for markers, and
 * what is recorded of such an element.
 *
 * A marker counts from the "<" of the start tag to the ">" of the end tag, wherever chunks are cut. The
 * search must see each byte in time proportional to the bytes fed, and must keep no more of earlier
 * chunks than a marker could need. What a script element is (WHATWG HTML, 4.12.1) is decided elsewhere. */
#ifndef FSRV__HTML_MARKERS_H
#define FSRV__HTML_MARKERS_H

#include <stdbool.h>
#include <stdint.h>

struct fsrv__scanner;

/* What stands right before a script element and could become markup together with what follows it: bits
 * of fsrv_strip.before. */
enum fsrv__preceding {
	FSRV__PRECEDING_LESS_THAN = 1 << 0, /* "<" */
	FSRV__PRECEDING_REFERENCE = 1 << 1, /* "&" and letters, digits or "#" */
	FSRV__PRECEDING_PRE = 1 << 2        /* a pre start tag, which swallows a line break */
};

/* Text goes up to end, all of it when is_whole: markup follows. Notes what a script element that comes
 * next would stand behind. */
void fsrv__markers_note_text(struct fsrv__scanner *s, const uint8_t *from, const uint8_t *end, bool is_whole);

/* A script element is closed; after is the byte behind its end tag. Records it when it has a marker. */
void fsrv__markers_end_script(struct fsrv__scanner *s, const uint8_t *after);

/* A chunk begins: its first byte may follow a recorded element. */
void fsrv__markers_begin_chunk(struct fsrv__scanner *s);

/* A chunk ends: searches the current script element in it, and keeps the last bytes, where a marker may
 * have begun. */
void fsrv__markers_end_chunk(struct fsrv__scanner *s);

#endif
