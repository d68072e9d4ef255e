/* fsrv/inject.h - inserts scripts into HTML pages and leaves the author's element tree unchanged.
 *
 * The scanner reads a page once, forward, in pieces of any size. Its result is a set of byte offsets: the
 * start of the head, the end of the head, the end of the body, and the script elements that contain a
 * marker and are to be removed. The new page is then planned as a list of segments: slices of the page and
 * literal bytes. The segments can be copied, sent by writev(2), or sliced by a Range.
 *
 *	struct fsrv_scan_options options = {.size = sizeof(options)};
 *	struct fsrv_snippet snippets[FSRV_POINTS] = {[FSRV_HEAD_START] = {"<script>boot()</script>", 23}};
 *	struct fsrv_segment segments[FSRV_SEGMENTS_MAX(0)];
 *	struct fsrv_page page;
 *	uint64_t length;
 *	size_t count;
 *
 *	fsrv_scan_page(bytes, size, &options, &page);
 *	fsrv_segments_plan(&page, snippets, 0, segments, FSRV_SEGMENTS_MAX(0), &count, &length);
 *	fsrv_segments_copy(segments, count, bytes, buffer);       length bytes
 *
 * The scanner follows the tokenizer and the tree construction of the WHATWG HTML standard
 * (https://html.spec.whatwg.org, sections 13.2.5 and 13.2.6) with scripting enabled, as far as they affect
 * these offsets: comments, raw text, script data with its escaped states, quoted attribute values, a head
 * without tags, templates, SVG and MathML. docs/injection.md explains the rules.
 *
 * No function in this header allocates memory, reads a file or has global state. Any thread may call any
 * function, several at once, as long as no two calls share an object that one of them writes. The content
 * of a page is never an error. Positions and lengths are in bytes. */
#ifndef FSRV_INJECT_H
#define FSRV_INJECT_H

#include <stddef.h>
#include <stdint.h>

#include "fsrv/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The points of a page at which something can be inserted. Since 0.1. */
enum fsrv_point {
	FSRV_HEAD_START, /* first in the head: before any script of the author */
	FSRV_HEAD_END,   /* last in the head */
	FSRV_BODY_END,   /* last in the body: after each script of the author that the parser runs */
	FSRV_POINTS      /* number of points */
};

/* Stands in place of an offset that does not exist. Since 0.1. */
#define FSRV_NO_OFFSET UINT64_MAX

/* What the scanner found in a page: bits of fsrv_page.flags. Since 0.1. */
enum fsrv_page_flag {
	/* The page starts with a UTF-8 byte order mark. The points lie after it. */
	FSRV_PAGE_BOM = 1 << 0,
	/* The page starts with a UTF-16 byte order mark. It has no points: serve it unchanged. */
	FSRV_PAGE_UTF16 = 1 << 1,
	/* A meta element names ISO-2022-JP, whose bytes cannot be distinguished from markup. The page has no
	 * points: serve it unchanged. */
	FSRV_PAGE_ISO_2022_JP = 1 << 2,
	/* No head start tag takes effect. The head begins before the first element or text. */
	FSRV_PAGE_HEAD_IMPLIED = 1 << 3,
	/* No head end tag takes effect. The head ends before the first thing that cannot be in it. */
	FSRV_PAGE_HEAD_END_IMPLIED = 1 << 4,
	/* No body is open at the body end. A body start tag is written there, before the snippet. */
	FSRV_PAGE_OPEN_BODY = 1 << 5,
	/* The body end lies before a body or html end tag. Only white space, comments, doctypes, html start
	 * tags and further such end tags follow it. */
	FSRV_PAGE_BODY_CLOSED = 1 << 6,
	/* The page is a frameset, which cannot contain a script after its head. The body end is the head
	 * end. */
	FSRV_PAGE_FRAMESET = 1 << 7,
	/* The page ends inside a construct that would swallow a snippet: a comment, a tag, a script, a
	 * template, SVG ... The body end lies before the start of the construct, perhaps far from the end. */
	FSRV_PAGE_UNFINISHED = 1 << 8,
	/* SVG or MathML is nested too deep for the scanner (about 250 elements). The body end lies before it,
	 * and no script after it is removed. FSRV_PAGE_UNFINISHED is set too. */
	FSRV_PAGE_TOO_DEEP = 1 << 9,
	/* A meta element in the head sets a Content-Security-Policy; see csp_offset. The policy may forbid
	 * the snippets after that element. */
	FSRV_PAGE_CSP = 1 << 10,
	/* A meta element within the first 1024 bytes names the encoding; see charset_offset. */
	FSRV_PAGE_CHARSET = 1 << 11,
	/* FSRV_SCAN_HEAD_ONLY was set. The page has no body end, and scripts after the head end were not
	 * examined. */
	FSRV_PAGE_HEAD_ONLY = 1 << 12
};

/* A script element to remove. The scanner fills it; the last two members are for fsrv_segments_plan.
 * Since 0.1. */
struct fsrv_strip {
	uint64_t offset; /* of the "<" of the start tag */
	uint64_t length; /* up to and including the ">" of the end tag */
	uint32_t before; /* what the bytes before the element could form with the bytes after it */
	int32_t after;   /* the byte that follows the element; -1 at the end of the page */
};

/* Result of a scan: the points of a page, and what was found in it. fsrv_scan_end writes it. Since 0.1. */
struct fsrv_page {
	uint64_t size; /* number of bytes fed; after an early FSRV_SCAN_DONE set it to the page's size */
	uint64_t at[FSRV_POINTS];        /* offsets of the points, ascending; FSRV_NO_OFFSET: no such point */
	uint64_t flags;                  /* bits of enum fsrv_page_flag */
	uint64_t csp_offset;             /* of the meta element's "<"; FSRV_NO_OFFSET: no FSRV_PAGE_CSP */
	uint64_t charset_offset;         /* of the encoding label; FSRV_NO_OFFSET: no FSRV_PAGE_CHARSET */
	size_t charset_length;           /* of the label as written, without white space around it */
	const struct fsrv_strip *strips; /* the caller's array; entries ascend and do not overlap */
	size_t n_strips; /* number of script elements with a marker, even if the array is shorter */
};

/* Maximum length of a marker in bytes; the minimum is one byte. Since 0.1. */
#define FSRV_MARKER_MAX 128

/* A marker: a script element is removed when its source contains these bytes. The source extends from the
 * "<" of the start tag to the ">" of the end tag. Since 0.1. */
struct fsrv_marker {
	const void *bytes;
	size_t length;
	size_t any_case; /* not 0: upper and lower case of ASCII letters are equal (slower) */
};

/* Bits of fsrv_scan_options.flags. Since 0.1. */
enum fsrv_scan_flag {
	FSRV_SCAN_HEAD_ONLY = 1 << 0 /* the scan is done at the end of the head */
};

/* What to scan for. Zero and NULL mean nothing. All pointers must stay valid until fsrv_scan_end.
 * Since 0.1. */
struct fsrv_scan_options {
	size_t size; /* sizeof(struct fsrv_scan_options) */
	const struct fsrv_marker *markers; /* of the script elements to remove */
	size_t n_markers;
	struct fsrv_strip *strips; /* array that receives the script elements to remove */
	size_t max_strips;         /* number of entries in the array */
	uint64_t flags;            /* bits of enum fsrv_scan_flag */
};

/* State of a scan. It may live on the stack. Its content is private. A copy that is made between two feeds
 * is an independent scan, except that both write to the same strip array. Since 0.1. */
struct fsrv_scan {
	union {
		uint64_t alignment;
		void *pointer;
		unsigned char bytes[4096];
	} state;
};

/* Whether a scan needs more bytes of the page. Since 0.1. */
enum fsrv_scan_verdict {
	FSRV_SCAN_MORE = 0, /* feed the next bytes; at the end of the page end the scan */
	FSRV_SCAN_DONE = 1  /* no further byte can change the result; more feeds only count bytes */
};

/* Begins a scan.
 *
 * scan     written; owns nothing, so it needs no clean-up, may be abandoned at any time and used again
 * options  copied, except for what its members point to
 *
 * Returns FSRV_OK; FSRV_ERR_INVALID when a marker is empty or longer than FSRV_MARKER_MAX;
 * FSRV_ERR_UNSUPPORTED when size is too small, or when options or their flags contain something that this
 * version does not know. Since 0.1. */
FSRV_API int fsrv_scan_begin(struct fsrv_scan *scan, const struct fsrv_scan_options *options);

/* Scans the next bytes of the page. The result does not depend on how the page is divided.
 *
 * bytes   may be NULL when length is 0; need not stay valid after the call
 * length  number of bytes
 *
 * Returns whether the scan needs more bytes. The time is proportional to length for any bytes. The
 * function cannot fail. Since 0.1. */
FSRV_API enum fsrv_scan_verdict fsrv_scan_feed(struct fsrv_scan *scan, const void *bytes, size_t length);

/* Ends a scan: the page has no more bytes.
 *
 * page  always written; page->strips points to the caller's array
 *
 * Returns FSRV_OK; FSRV_ERR_SPACE when more script elements are to be removed than the array holds.
 * page->n_strips then is the number of entries that a second scan needs; all else is correct. Since 0.1. */
FSRV_API int fsrv_scan_end(struct fsrv_scan *scan, struct fsrv_page *page);

/* Scans a page that is in memory as a whole: fsrv_scan_begin, fsrv_scan_feed and fsrv_scan_end in one.
 *
 * Returns what fsrv_scan_begin and fsrv_scan_end return. page is written unless fsrv_scan_begin fails.
 * Since 0.1. */
FSRV_API int fsrv_scan_page(const void *bytes, size_t length, const struct fsrv_scan_options *options,
			    struct fsrv_page *page);

/* Bytes to insert at one point, written unchanged. They have to be markup of whole elements, usually one or
 * more script elements in a row. Length 0 inserts nothing. Since 0.1. */
struct fsrv_snippet {
	const void *bytes;
	size_t length;
};

/* A piece of the new page. Since 0.1. */
struct fsrv_segment {
	const void *literal; /* the bytes; NULL: the bytes of the page from offset on */
	uint64_t offset;     /* in the page; 0 for literals */
	uint64_t length;     /* at least 1 */
};

/* Maximum number of segments in a plan that removes the given number of script elements. Since 0.1. */
#define FSRV_SEGMENTS_MAX(strips) (8 + 2 * (strips))

/* Bits for fsrv_segments_plan. Since 0.1. */
enum fsrv_plan_flag {
	/* An empty script element takes the place of each removed one, so that selectors such as
	 * :nth-child() still count the same elements. */
	FSRV_PLAN_KEEP_ELEMENTS = 1 << 0
};

/* Plans the new page.
 *
 * page      result of a scan that returned FSRV_OK, with the member size set
 * snippets  one per point. At equal offsets they follow the order of enum fsrv_point. A snippet for a point
 *           that the page does not have (FSRV_NO_OFFSET) is omitted.
 * flags     bits of enum fsrv_plan_flag
 * segments  receives at most max entries. FSRV_SEGMENTS_MAX(page->n_strips) entries always suffice. Literals
 *           point into the snippets or to constants, so the snippets must outlive the segments.
 * max       number of entries that segments can hold
 * count     receives the number of segments, or the number that is needed when max is too small
 * length    receives the length of the new page in bytes, even when max is too small
 *
 * Without a removed element its neighbours could form new markup: "<" and "div", "&am" and "p;", or a pre
 * start tag and a line break right after it. An empty comment then takes the place of the element.
 *
 * Returns FSRV_OK, or FSRV_ERR_SPACE when max is too small. Since 0.1. */
FSRV_API int fsrv_segments_plan(const struct fsrv_page *page, const struct fsrv_snippet snippets[FSRV_POINTS],
				unsigned flags, struct fsrv_segment *segments, size_t max, size_t *count,
				uint64_t *length);

/* Selects a range of bytes from a plan.
 *
 * segments, count  the plan
 * offset, length   the range, in bytes of the new page; the part beyond the end of the page is ignored
 * slice            receives the segments of the range; as many entries as in segments always suffice; may be
 *                  the same array as segments
 * slice_count      receives the number of segments in slice
 *
 * The function cannot fail. Since 0.1. */
FSRV_API void fsrv_segments_slice(const struct fsrv_segment *segments, size_t count, uint64_t offset,
				  uint64_t length, struct fsrv_segment *slice, size_t *slice_count);

/* Copies the bytes of a plan into a buffer.
 *
 * segments, count  the plan, or a slice of it
 * page             the bytes that were scanned
 * buffer           receives all bytes of the segments; for a whole plan that is the length that
 *                  fsrv_segments_plan gave
 *
 * The function cannot fail. Since 0.1. */
FSRV_API void fsrv_segments_copy(const struct fsrv_segment *segments, size_t count, const void *page,
				 void *buffer);

/* Properties of text between a script start tag and its end tag: bits returned by fsrv_script_check.
 * Since 0.1. */
enum fsrv_script_trait {
	/* The element would end too early or too late, or the parser would replace a NUL byte. */
	FSRV_SCRIPT_UNSAFE = 1 << 0,
	/* A byte is not ASCII. The text is correct only in a page of the same encoding. */
	FSRV_SCRIPT_NOT_ASCII = 1 << 1
};

/* Checks the text of a script (WHATWG HTML, 4.12.1.3).
 *
 * text    may be NULL when length is 0
 * length  number of bytes
 *
 * Returns 0 or bits of enum fsrv_script_trait. The function cannot fail. Since 0.1. */
FSRV_API unsigned fsrv_script_check(const void *text, size_t length);

/* How to write inline text that is FSRV_SCRIPT_UNSAFE. Safe text is always written byte for byte.
 * Since 0.1. */
enum fsrv_script_mode {
	/* \u003C replaces the "<" of each "</script" that would end the element, and of each "<script" after
	 * "<!--". The meaning stays the same in strings, templates, regular expressions and JSON. It differs
	 * in String.raw and other tagged templates, and it is wrong where "<" is an operator. */
	FSRV_SCRIPT_ESCAPE = 0,
	/* The text is refused with FSRV_ERR_UNSAFE. */
	FSRV_SCRIPT_STRICT = 1,
	/* The attribute src="data:text/javascript;charset=utf-8;base64,..." replaces the text. This is exact
	 * for classic scripts, which must be UTF-8. Modules and data blocks (a type that is not JavaScript)
	 * are refused with FSRV_ERR_UNSAFE. A Content-Security-Policy must allow data: URLs. */
	FSRV_SCRIPT_DATA_URL = 2
};

/* An attribute of a script element. Since 0.1. */
struct fsrv_attribute {
	const char *name;  /* a letter, then letters, digits and - . _ : */
	const char *value; /* written in double quotes, with & and " replaced; NULL: no value */
};

/* A script element to build. Since 0.1. */
struct fsrv_script {
	const void *text; /* inline text; must be empty when there is an attribute src */
	size_t length;    /* of the text; 0: no text, and text may be NULL */
	const struct fsrv_attribute *attributes; /* written in this order */
	size_t n_attributes;
	uint64_t mode; /* a value of enum fsrv_script_mode */
};

/* Builds a script element.
 *
 * script    not changed; need not stay valid after the call
 * buffer    receives the element; its content is unspecified when capacity is too small; may be NULL when
 *           capacity is 0
 * capacity  size of the buffer in bytes
 * length    receives the length of the element in bytes with FSRV_OK and FSRV_ERR_SPACE
 *
 * A server may have to recognize its own elements, in order to remove them or not to add them twice. Give
 * them an attribute of your own for that, such as data-fsrv.
 *
 * Returns FSRV_OK; FSRV_ERR_SPACE when capacity is too small; FSRV_ERR_UNSAFE when the text cannot be
 * written in this mode; FSRV_ERR_INVALID for an attribute name that is not allowed or repeated, for text
 * together with an attribute src, and for an unknown mode. Since 0.1. */
FSRV_API int fsrv_script_build(const struct fsrv_script *script, void *buffer, size_t capacity,
			       size_t *length);

#ifdef __cplusplus
}
#endif

#endif
