/* Names of elements, and what a start or end tag of each name does to the parser.
 *
 * A name is looked up by its key, a number made of its bytes in lower case. The table is constant, and must
 * have a row for each name that the standard treats unlike others: the unit test htmlscan counts them.
 * WHATWG HTML, 13.2.4.2, 13.2.6.4 and 13.2.6.5. */
#ifndef FSRV__HTML_TAGS_H
#define FSRV__HTML_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "html/bytes.h"

/* Elements that one rule or another treats by name; every other name is FSRV__TAG_OTHER. */
enum fsrv__tag_id {
	FSRV__TAG_OTHER,
	FSRV__TAG_A,
	FSRV__TAG_ANNOTATION_XML,
	FSRV__TAG_BODY,
	FSRV__TAG_BR,
	FSRV__TAG_BUTTON,
	FSRV__TAG_FONT,
	FSRV__TAG_FORM,
	FSRV__TAG_FRAMESET,
	FSRV__TAG_HEAD,
	FSRV__TAG_HTML,
	FSRV__TAG_INPUT,
	FSRV__TAG_MALIGNMARK,
	FSRV__TAG_MATH,
	FSRV__TAG_META,
	FSRV__TAG_MGLYPH,
	FSRV__TAG_P,
	FSRV__TAG_PLAINTEXT,
	FSRV__TAG_PRE,
	FSRV__TAG_SCRIPT,
	FSRV__TAG_SVG,
	FSRV__TAG_TEMPLATE
};

/* What the standard says of a name, as bits. */
enum fsrv__tag_flag {
	FSRV__TAG_IN_HEAD = 1 << 0, /* start tag that leaves the head open (13.2.6.4.4) */
	FSRV__TAG_AFTER_HEAD =
		1 << 1,              /* start tag that goes into the head after it was closed (13.2.6.4.6) */
	FSRV__TAG_RAW_TEXT = 1 << 2, /* content is text up to the element's own end tag */
	FSRV__TAG_NOT_PUSHED = 1 << 3,        /* leaves the stack as it is: void elements, html, head, body */
	FSRV__TAG_FRAMESET_NOT_OK = 1 << 4,   /* start tag that sets the frameset-ok flag to "not ok" */
	FSRV__TAG_BREAKOUT = 1 << 5,          /* start tag that leaves SVG and MathML (13.2.6.5) */
	FSRV__TAG_SPECIAL = 1 << 6,           /* category "special" (13.2.4.2) */
	FSRV__TAG_SCOPE = 1 << 7,             /* bounds "has an element in scope" */
	FSRV__TAG_CLOSES_P = 1 << 8,          /* start tag that closes a p element in button scope */
	FSRV__TAG_HTML_INTEGRATION = 1 << 9,  /* HTML integration point when it is an SVG element */
	FSRV__TAG_TEXT_INTEGRATION = 1 << 10, /* MathML text integration point when it is a MathML element */
	FSRV__TAG_END_TAG_BEFORE_BODY = 1 << 11, /* end tag that counts there: head, body, html, br */
	FSRV__TAG_NOT_STACK_ONLY = 1 << 12 /* may change more in a body than the stack of open elements */
};

/* How an end tag finds the element that it closes (13.2.6.4.7), and which siblings a start tag closes. */
enum fsrv__tag_rule {
	FSRV__RULE_ANY_OTHER,  /* "any other end tag": the nearest, unless a special element lies between */
	FSRV__RULE_P,          /* p: the nearest, unless a boundary of button scope lies between */
	FSRV__RULE_SCOPED,     /* the nearest of the name, unless a scope boundary lies between */
	FSRV__RULE_FORMATTING, /* formatting: closes what special elements do not hold (adoption agency) */
	FSRV__RULE_HEADING,
	FSRV__RULE_ITEM, /* li, dd, dt */
	FSRV__RULE_CELL,
	FSRV__RULE_ROW,
	FSRV__RULE_ROW_GROUP, /* tbody, thead, tfoot, caption */
	FSRV__RULE_TABLE,
	FSRV__RULE_FORM
};

/* A row of the table. */
struct fsrv__tag {
	uint64_t key;
	const char *name; /* of FSRV__TAG_RAW_TEXT elements, NULL for others */
	uint16_t flags;   /* enum fsrv__tag_flag */
	uint8_t id;       /* enum fsrv__tag_id */
	uint8_t rule;     /* enum fsrv__tag_rule */
};

/* Each byte in lower case as it stands in a name, NUL as 1; 0 for those that end a name: white space, "/"
 * and ">". */
extern const uint8_t fsrv__name_byte[256];

/* Continues the key of a name with one byte in lower case. Keys of names up to eight bytes are those
 * bytes, so they never collide. Written as a macro because the table is built from it. */
#define FSRV__KEY_ADD(key, byte)                                                                             \
	((((uint64_t)(key)) << 8) ^ (uint64_t)(byte) ^                                                       \
	 ((((uint64_t)(key)) >> 56) * UINT64_C(0x9E3779B97F4A7C15)))

/* Keys of names by their letters, as constants. */
#define FSRV__KEY1(a)                             ((uint64_t)(a))
#define FSRV__KEY2(a, b)                          FSRV__KEY_ADD(FSRV__KEY1(a), b)
#define FSRV__KEY3(a, b, c)                       FSRV__KEY_ADD(FSRV__KEY2(a, b), c)
#define FSRV__KEY4(a, b, c, d)                    FSRV__KEY_ADD(FSRV__KEY3(a, b, c), d)
#define FSRV__KEY5(a, b, c, d, e)                 FSRV__KEY_ADD(FSRV__KEY4(a, b, c, d), e)
#define FSRV__KEY6(a, b, c, d, e, f)              FSRV__KEY_ADD(FSRV__KEY5(a, b, c, d, e), f)
#define FSRV__KEY7(a, b, c, d, e, f, g)           FSRV__KEY_ADD(FSRV__KEY6(a, b, c, d, e, f), g)
#define FSRV__KEY8(a, b, c, d, e, f, g, h)        FSRV__KEY_ADD(FSRV__KEY7(a, b, c, d, e, f, g), h)
#define FSRV__KEY9(a, b, c, d, e, f, g, h, i)     FSRV__KEY_ADD(FSRV__KEY8(a, b, c, d, e, f, g, h), i)
#define FSRV__KEY10(a, b, c, d, e, f, g, h, i, j) FSRV__KEY_ADD(FSRV__KEY9(a, b, c, d, e, f, g, h, i), j)
#define FSRV__KEY11(a, b, c, d, e, f, g, h, i, j, k)                                                         \
	FSRV__KEY_ADD(FSRV__KEY10(a, b, c, d, e, f, g, h, i, j), k)
#define FSRV__KEY12(a, b, c, d, e, f, g, h, i, j, k, l)                                                      \
	FSRV__KEY_ADD(FSRV__KEY11(a, b, c, d, e, f, g, h, i, j, k), l)
#define FSRV__KEY13(a, b, c, d, e, f, g, h, i, j, k, l, m)                                                   \
	FSRV__KEY_ADD(FSRV__KEY12(a, b, c, d, e, f, g, h, i, j, k, l), m)
#define FSRV__KEY14(a, b, c, d, e, f, g, h, i, j, k, l, m, n)                                                \
	FSRV__KEY_ADD(FSRV__KEY13(a, b, c, d, e, f, g, h, i, j, k, l, m), n)

/* The table: every known name has a slot of its own, all others are empty. The multiplier was searched
 * for. Where a new name shares a slot, compilers warn that an initializer is overridden; then search
 * another. */
#define FSRV__TAG_SLOT(key) (((key)*UINT64_C(0x6F8864314CE550B9)) >> 55)
extern const struct fsrv__tag fsrv__tags[512];
extern const struct fsrv__tag fsrv__tag_other;

/* Finds the row of a name; fsrv__tag_other, which has no flags, when there is none. */
static inline const struct fsrv__tag *fsrv__tag_find(uint64_t key)
{
	const struct fsrv__tag *tag = &fsrv__tags[FSRV__TAG_SLOT(key)];

	return tag->key == key ? tag : &fsrv__tag_other;
}

#if FSRV__HAS_WORDS
/* Reads a name of up to eight letters and digits at once, which begins with a letter; nine bytes must be
 * there. Returns its length; 0 when the name is longer or has other bytes in it. */
static inline unsigned fsrv__tag_read_short_name(const uint8_t *at, uint64_t *key)
{
	uint64_t word = fsrv__load_word(at);
	unsigned length = fsrv__alphanumeric_length(word);

	if (length == 0 || fsrv__name_byte[at[length]] != 0)
		return 0;
	*key = (__builtin_bswap64(word) | FSRV__ALL_BYTES(0x20)) >> (64 - 8 * length);
	return length;
}
#endif

#endif
