/* fsrv/inject.h - puts scripts into HTML pages without touching the author's tree.
 *
 * A page is read once, forward, in pieces of any size. What comes out are byte offsets: where the head
 * starts, where it ends, where the body ends, and which script elements contain a marker and shall go.
 * Then the new page is planned as a list of segments - slices of the page and literal bytes - that can
 * be copied, sent with writev, or sliced by a Range.
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
 * The scanner follows the tokenizer and the tree construction rules of the WHATWG HTML standard
 * (https://html.spec.whatwg.org, sections 13.2.5 and 13.2.6) with scripting on, as far as they move a
 * boundary: comments, raw text, script data with its escaped states, quoted attribute values, the head
 * that a page leaves out, templates, SVG and MathML. docs/injection.md has the rules in words.
 *
 * No function here allocates, reads a file or keeps global state. All may be called from any thread, at
 * the same time too, as long as no two calls share an object that one of them writes. What a page
 * contains is never an error. Positions and lengths of pages are in bytes. */
#ifndef FSRV_INJECT_H
#define FSRV_INJECT_H

#include <stddef.h>
#include <stdint.h>

#include "fsrv/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The places at which something can be put into a page. Since 0.1. */
enum fsrv_point {
	FSRV_HEAD_START, /* first in the head: before any script of the author */
	FSRV_HEAD_END,   /* last in the head */
	FSRV_BODY_END,   /* last in the body: after any classic script of the author */
	FSRV_POINTS      /* how many there are */
};

/* In place of an offset that does not exist. Since 0.1. */
#define FSRV_NO_OFFSET UINT64_MAX

/* What was seen in a page: bits of fsrv_page.flags. Since 0.1. */
enum fsrv_page_flag {
	/* The page starts with the UTF-8 byte order mark. The points lie behind it. */
	FSRV_PAGE_BOM = 1 << 0,
	/* The page starts with a UTF-16 byte order mark. It has no points: serve it unchanged. */
	FSRV_PAGE_UTF16 = 1 << 1,
	/* A meta element says ISO-2022-JP, whose bytes can't be told from markup. No points, unchanged. */
	FSRV_PAGE_ISO_2022_JP = 1 << 2,
	/* No head start tag is honoured: the head begins before the first element or text. */
	FSRV_PAGE_HEAD_IMPLIED = 1 << 3,
	/* No head end tag is honoured: the head ends before the first thing that cannot be in it. */
	FSRV_PAGE_HEAD_END_IMPLIED = 1 << 4,
	/* At the body end no body is open yet. A body start tag is written there, before the snippet. */
	FSRV_PAGE_OPEN_BODY = 1 << 5,
	/* The body end lies before a body or html end tag that only trivia follows. */
	FSRV_PAGE_BODY_CLOSED = 1 << 6,
	/* The page is a frameset, which can't hold a script after its head: body end is head end. */
	FSRV_PAGE_FRAMESET = 1 << 7,
	/* The page ends inside of something that swallows what follows: a comment, a tag, a script, a
	 * template, SVG ... The body end lies before its start, perhaps far from the end. */
	FSRV_PAGE_UNFINISHED = 1 << 8,
	/* SVG or MathML is nested too deep (about 250 elements) to be followed. The body end lies before
	 * it, and no script after it is stripped. Comes with FSRV_PAGE_UNFINISHED. */
	FSRV_PAGE_TOO_DEEP = 1 << 9,
	/* A meta element in the head sets a Content-Security-Policy; see csp_offset. It may forbid the
	 * snippets that come after it. */
	FSRV_PAGE_CSP = 1 << 10,
	/* A meta element within the first 1024 bytes names the encoding; see charset_offset. */
	FSRV_PAGE_CHARSET = 1 << 11,
	/* Only the head was asked for (FSRV_SCAN_HEAD_ONLY): there is no body end, and no script was
	 * looked for after the head end. */
	FSRV_PAGE_HEAD_ONLY = 1 << 12
};

/* A script element that is taken out. Filled by the scanner; the last two members are for
 * fsrv_segments_plan. Since 0.1. */
struct fsrv_strip {
	uint64_t offset; /* of the "<" of the start tag */
	uint64_t length; /* up to and including the ">" of the end tag */
	uint32_t before; /* what the neighbours could become when the element is gone */
	int32_t after;   /* the byte that follows the element, -1 at the end of the page */
};

/* Where things go in a page, and what was seen. Written by fsrv_scan_end. Since 0.1. */
struct fsrv_page {
	uint64_t size; /* number of bytes fed; after an early FSRV_SCAN_DONE set it to the page's size */
	uint64_t at[FSRV_POINTS];        /* in ascending order; FSRV_NO_OFFSET where nothing can be put */
	uint64_t flags;                  /* enum fsrv_page_flag */
	uint64_t csp_offset;             /* of the meta element's "<"; FSRV_NO_OFFSET unless FSRV_PAGE_CSP */
	uint64_t charset_offset;         /* of the encoding label; FSRV_NO_OFFSET unless FSRV_PAGE_CHARSET */
	size_t charset_length;           /* of the label as written, white space around it cut */
	const struct fsrv_strip *strips; /* the caller's array, ascending and disjoint */
	size_t n_strips; /* how many script elements contain a marker, even if the array is shorter */
};

/* A marker may have at most this many bytes, and at least one. Since 0.1. */
#define FSRV_MARKER_MAX 128

/* Bytes that make a script element one to strip, wherever they are in its source from the "<" of the
 * start tag to the ">" of the end tag. Since 0.1. */
struct fsrv_marker {
	const void *bytes;
	size_t length;
	size_t any_case; /* not 0: ASCII letters match in upper and lower case (slower) */
};

/* Bits of fsrv_scan_options.flags. Since 0.1. */
enum fsrv_scan_flag {
	FSRV_SCAN_HEAD_ONLY = 1 << 0 /* be done where the head ends */
};

/* What to look for. Zero or NULL means nothing. All pointers must stay valid until fsrv_scan_end.
 * Since 0.1. */
struct fsrv_scan_options {
	size_t size; /* sizeof(struct fsrv_scan_options) */
	const struct fsrv_marker *markers;
	size_t n_markers;
	struct fsrv_strip *strips; /* array for what is found */
	size_t max_strips;         /* its length */
	uint64_t flags;            /* enum fsrv_scan_flag */
};

/* State of one scan; may live on the stack. The contents are private; a copy taken between two feeds
 * is a scan of its own, except for the strip array. Since 0.1. */
struct fsrv_scan {
	union {
		uint64_t alignment;
		void *pointer;
		unsigned char bytes[4096];
	} state;
};

/* Whether a scan needs more of the page. Since 0.1. */
enum fsrv_scan_verdict {
	FSRV_SCAN_MORE = 0, /* feed the next bytes, or end the scan if there are none */
	FSRV_SCAN_DONE = 1  /* nothing that follows can change the result; feeding more only counts */
};

/* Begins a scan.
 *
 * scan     written; needs no clean-up, may be abandoned at any time and used again
 * options  copied, except for what it points to
 *
 * Returns FSRV_OK; FSRV_ERR_INVALID when a marker is empty or longer than FSRV_MARKER_MAX;
 * FSRV_ERR_UNSUPPORTED when options or their flags hold something unknown to this version.
 * Since 0.1. */
FSRV_API int fsrv_scan_begin(struct fsrv_scan *scan, const struct fsrv_scan_options *options);

/* Reads the next bytes of the page. The result does not depend on how the page is cut up.
 *
 * bytes   may be NULL when length is 0; not kept
 *
 * Takes time in proportion to length, whatever the bytes are. Never fails. Since 0.1. */
FSRV_API enum fsrv_scan_verdict fsrv_scan_feed(struct fsrv_scan *scan, const void *bytes, size_t length);

/* Ends a scan: the page has no more bytes.
 *
 * page    always written
 *
 * Returns FSRV_OK; FSRV_ERR_SPACE when more script elements are to be stripped than the array holds:
 * page->n_strips then says how many entries a second scan needs, all else is right. Since 0.1. */
FSRV_API int fsrv_scan_end(struct fsrv_scan *scan, struct fsrv_page *page);

/* Scans a page that is in memory as a whole: begin, feed and end in one.
 *
 * Returns what fsrv_scan_begin and fsrv_scan_end return; page is written unless begin fails. Since 0.1. */
FSRV_API int fsrv_scan_page(const void *bytes, size_t length, const struct fsrv_scan_options *options,
			    struct fsrv_page *page);

/* Bytes to put in at one point, written as they are. Markup of whole elements, usually one or more
 * script elements one after the other. Length 0: nothing. Since 0.1. */
struct fsrv_snippet {
	const void *bytes;
	size_t length;
};

/* A piece of the new page. Since 0.1. */
struct fsrv_segment {
	const void *literal; /* the bytes; NULL: bytes of the page from offset on */
	uint64_t offset;     /* in the page; 0 for literals */
	uint64_t length;     /* at least 1 */
};

/* How many segments a plan can need when so many script elements are stripped. Since 0.1. */
#define FSRV_SEGMENTS_MAX(strips) (8 + 2 * (strips))

/* Bits for fsrv_segments_plan. Since 0.1. */
enum fsrv_plan_flag {
	/* Leave an empty script element in place of each stripped one, so that selectors such as
	 * :nth-child() still count the same. */
	FSRV_PLAN_KEEP_ELEMENTS = 1 << 0
};

/* Plans the new page.
 *
 * page      of a scan that returned FSRV_OK, size set
 * snippets  one for each point; at the same offset they go in the order of enum fsrv_point. A snippet
 *           for a point that the page does not have (FSRV_NO_OFFSET) is left out
 * flags     enum fsrv_plan_flag
 * segments  written: at most max entries, of which FSRV_SEGMENTS_MAX(page->n_strips) always suffice;
 *           literals point into the snippets or to constants
 * count     how many segments there are; when max was too small: how many are needed
 * length    of the new page in bytes; written even when max is too small
 *
 * Where taking out an element would join its neighbours to new markup ("<" and "div", "&am" and "p;", a
 * line break right after a pre start tag) an empty comment takes its place.
 *
 * Returns FSRV_OK or FSRV_ERR_SPACE. Since 0.1. */
FSRV_API int fsrv_segments_plan(const struct fsrv_page *page, const struct fsrv_snippet snippets[FSRV_POINTS],
				unsigned flags, struct fsrv_segment *segments, size_t max, size_t *count,
				uint64_t *length);

/* Cuts a range of bytes out of a plan.
 *
 * offset, length  the range, in bytes of the new page; what lies beyond its end is ignored
 * slice           written: as many entries as segments has always suffice; may be segments itself
 * slice_count     how many segments the slice has
 *
 * Since 0.1. */
FSRV_API void fsrv_segments_slice(const struct fsrv_segment *segments, size_t count, uint64_t offset,
				  uint64_t length, struct fsrv_segment *slice, size_t *slice_count);

/* Copies what a plan says.
 *
 * page    the bytes that were scanned
 * buffer  room for all bytes of the segments: the length that fsrv_segments_plan gave
 *
 * Since 0.1. */
FSRV_API void fsrv_segments_copy(const struct fsrv_segment *segments, size_t count, const void *page,
				 void *buffer);

/* What inline text does when it stands between a script start tag and its end tag: bits returned by
 * fsrv_script_check. Since 0.1. */
enum fsrv_script_trait {
	/* The element would end too early or too late, or the parser would replace a NUL byte. */
	FSRV_SCRIPT_UNSAFE = 1 << 0,
	/* Some byte is not ASCII: right only in a page of the same encoding. */
	FSRV_SCRIPT_NOT_ASCII = 1 << 1
};

/* Looks at the text of a script (WHATWG HTML, 4.12.1.3): 0, or bits of enum fsrv_script_trait. Never
 * fails. Since 0.1. */
FSRV_API unsigned fsrv_script_check(const void *text, size_t length);

/* What to do with inline text that is FSRV_SCRIPT_UNSAFE; safe text is always written byte for byte.
 * Since 0.1. */
enum fsrv_script_mode {
	/* Write \u003C for the "<" of each "</script" that would end the element and of each "<script"
	 * after "<!--". Means the same in strings, templates, regular expressions and JSON; differs in
	 * String.raw and other tagged templates, and is wrong where "<" is an operator. */
	FSRV_SCRIPT_ESCAPE = 0,
	/* Refuse with FSRV_ERR_UNSAFE. */
	FSRV_SCRIPT_STRICT = 1,
	/* Write src="data:text/javascript;charset=utf-8;base64,..." instead: exact for classic scripts,
	 * which must be UTF-8. Modules and data blocks (a type that is not JavaScript) are refused with
	 * FSRV_ERR_UNSAFE. A policy must allow data: */
	FSRV_SCRIPT_DATA_URL = 2
};

/* One attribute. Since 0.1. */
struct fsrv_attribute {
	const char *name;  /* a letter, then letters, digits and - . _ : */
	const char *value; /* written in double quotes with & and " replaced; NULL: no value */
};

/* A script element to build. Since 0.1. */
struct fsrv_script {
	const void *text; /* inline text; must be empty when there is an attribute src */
	size_t length;
	const struct fsrv_attribute *attributes; /* written in this order */
	size_t n_attributes;
	uint64_t mode; /* enum fsrv_script_mode */
};

/* Builds one script element.
 *
 * buffer    written when capacity suffices; may be NULL when capacity is 0
 * capacity  its size in bytes
 * length    the bytes that the element has; written with FSRV_OK and FSRV_ERR_SPACE
 *
 * A server that wants to know its own elements again, to strip them or to not add them twice, gives
 * them an attribute of its own such as data-fsrv.
 *
 * Returns FSRV_OK; FSRV_ERR_SPACE when capacity is too small; FSRV_ERR_UNSAFE when the text can't be
 * written in this mode; FSRV_ERR_INVALID for a bad or repeated attribute name, text beside src, or an
 * unknown mode. Since 0.1. */
FSRV_API int fsrv_script_build(const struct fsrv_script *script, void *buffer, size_t capacity,
			       size_t *length);

#ifdef __cplusplus
}
#endif

#endif
