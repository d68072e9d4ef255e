/* The attributes of the few start tags whose attributes change a result: meta, input, font and
 * annotation-xml. All others are passed over, as are values beyond their first FSRV__VALUE_MAX bytes.
 *
 * What is here works on one tag at a time and must not know the scanner: whoever reads the tag says
 * what it is. Their syntax is read in tokenizer.c; what they mean is said where WHATWG HTML, 13.2.6.4
 * and 13.2.6.5, treats these elements. */
#ifndef FSRV__HTML_ATTRIBUTES_H
#define FSRV__HTML_ATTRIBUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "html/tags.h"

/* Whose attributes are read. */
enum fsrv__attributes_element {
	FSRV__ATTRIBUTES_UNREAD,
	FSRV__ATTRIBUTES_OF_META,
	FSRV__ATTRIBUTES_OF_INPUT,
	FSRV__ATTRIBUTES_OF_FONT,
	FSRV__ATTRIBUTES_OF_ANNOTATION_XML
};

/* What was found in the attributes of one tag. */
enum fsrv__attributes_found {
	FSRV__FOUND_CHARSET = 1 << 0,         /* meta charset */
	FSRV__FOUND_CONTENT_CHARSET = 1 << 1, /* an encoding in the content of a meta element */
	FSRV__FOUND_PRAGMA = 1 << 2,          /* http-equiv=content-type */
	FSRV__FOUND_CSP = 1 << 3,             /* http-equiv=content-security-policy */
	FSRV__FOUND_HIDDEN = 1 << 4,          /* type=hidden */
	FSRV__FOUND_FONT = 1 << 5,            /* color, face or size */
	FSRV__FOUND_HTML_ENCODING = 1 << 6    /* encoding of annotation-xml that makes its content HTML */
};

/* The label of an encoding, where it stands in the page. */
struct fsrv__encoding_label {
	uint64_t offset;
	uint8_t length;
	bool is_iso_2022_jp;
};

#define FSRV__VALUE_MAX 96

struct fsrv__attributes {
	uint64_t name_key;     /* of the current attribute, 0 for none */
	uint64_t value_offset; /* of its value in the page */
	struct fsrv__encoding_label charset;
	struct fsrv__encoding_label content_charset;
	uint16_t found;  /* enum fsrv__attributes_found */
	uint8_t seen;    /* a bit for each name that was there: of equal names the first counts */
	uint8_t element; /* enum fsrv__attributes_element */
	uint8_t value_length;
	uint8_t value[FSRV__VALUE_MAX];
};

/* A start tag begins whose name is known: decides whether its attributes are read, and forgets those of
 * the tag before.
 *
 * is_foreign      the current node is an SVG or MathML element
 * is_frameset_ok  a frameset is still possible, which an input element could prevent */
void fsrv__attributes_begin(struct fsrv__attributes *a, const struct fsrv__tag *tag, bool is_foreign,
			    bool is_frameset_ok);

/* Adds bytes to the name of the current attribute; likewise to its value. */
void fsrv__attributes_add_name(struct fsrv__attributes *a, const uint8_t *from, const uint8_t *to);
void fsrv__attributes_add_value(struct fsrv__attributes *a, const uint8_t *from, const uint8_t *to);

/* Ends the current attribute, if there is one. */
void fsrv__attributes_finish(struct fsrv__attributes *a);

#endif
