/* The table of names. Its rows are constants that the compiler puts into their slots (FSRV__TAG_SLOT), so
 * nothing is set up at run time. Two rows must never share a slot. */
#include "html/tags.h"

#include <stddef.h>

#define ROW(key, name, flags, id, rule)                                                                      \
	[FSRV__TAG_SLOT(key)] = {key, name, flags, FSRV__TAG_##id, FSRV__RULE_##rule}

#define IN_HEAD          FSRV__TAG_IN_HEAD
#define AFTER_HEAD       FSRV__TAG_AFTER_HEAD
#define RAW_TEXT         FSRV__TAG_RAW_TEXT
#define NOT_PUSHED       FSRV__TAG_NOT_PUSHED
#define FRAMESET_NOT_OK  FSRV__TAG_FRAMESET_NOT_OK
#define BREAKOUT         FSRV__TAG_BREAKOUT
#define SPECIAL          FSRV__TAG_SPECIAL
#define SCOPE            FSRV__TAG_SCOPE
#define CLOSES_P         FSRV__TAG_CLOSES_P
#define HTML_INTEGRATION FSRV__TAG_HTML_INTEGRATION
#define TEXT_INTEGRATION FSRV__TAG_TEXT_INTEGRATION
#define END_IMPLIES_HEAD FSRV__TAG_END_IMPLIES_HEAD
#define OWN_RULES        FSRV__TAG_OWN_RULES

/* clang-format off */
const struct fsrv__tag fsrv__tags[512] = {
	ROW(FSRV__KEY4('b', 'a', 's', 'e'), NULL, IN_HEAD | AFTER_HEAD | NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY8('b', 'a', 's', 'e', 'f', 'o', 'n', 't'), NULL, IN_HEAD | AFTER_HEAD | NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY7('b', 'g', 's', 'o', 'u', 'n', 'd'), NULL, IN_HEAD | AFTER_HEAD | NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY4('l', 'i', 'n', 'k'), NULL, IN_HEAD | AFTER_HEAD | NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY4('m', 'e', 't', 'a'), NULL, IN_HEAD | AFTER_HEAD | NOT_PUSHED | BREAKOUT | SPECIAL | OWN_RULES, META, ANY),
	ROW(FSRV__KEY5('t', 'i', 't', 'l', 'e'), "title", IN_HEAD | AFTER_HEAD | RAW_TEXT | SPECIAL | HTML_INTEGRATION, OTHER, ANY),
	ROW(FSRV__KEY5('s', 't', 'y', 'l', 'e'), "style", IN_HEAD | AFTER_HEAD | RAW_TEXT | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY6('s', 'c', 'r', 'i', 'p', 't'), "script", IN_HEAD | AFTER_HEAD | RAW_TEXT | SPECIAL, SCRIPT, ANY),
	ROW(FSRV__KEY8('n', 'o', 'f', 'r', 'a', 'm', 'e', 's'), "noframes", IN_HEAD | AFTER_HEAD | RAW_TEXT | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY8('n', 'o', 's', 'c', 'r', 'i', 'p', 't'), "noscript", IN_HEAD | RAW_TEXT | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY8('t', 'e', 'm', 'p', 'l', 'a', 't', 'e'), NULL, IN_HEAD | AFTER_HEAD | FRAMESET_NOT_OK | SPECIAL | SCOPE | OWN_RULES, TEMPLATE, ANY),
	ROW(FSRV__KEY8('t', 'e', 'x', 't', 'a', 'r', 'e', 'a'), "textarea", RAW_TEXT | FRAMESET_NOT_OK | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY6('i', 'f', 'r', 'a', 'm', 'e'), "iframe", RAW_TEXT | FRAMESET_NOT_OK | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY3('x', 'm', 'p'), "xmp", RAW_TEXT | FRAMESET_NOT_OK | SPECIAL | CLOSES_P, OTHER, ANY),
	ROW(FSRV__KEY7('n', 'o', 'e', 'm', 'b', 'e', 'd'), "noembed", RAW_TEXT | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY9('p', 'l', 'a', 'i', 'n', 't', 'e', 'x', 't'), NULL, SPECIAL | CLOSES_P | OWN_RULES, PLAINTEXT, ANY),
	ROW(FSRV__KEY4('a', 'r', 'e', 'a'), NULL, NOT_PUSHED | FRAMESET_NOT_OK | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY2('b', 'r'), NULL, NOT_PUSHED | FRAMESET_NOT_OK | BREAKOUT | SPECIAL | END_IMPLIES_HEAD, BR, ANY),
	ROW(FSRV__KEY5('e', 'm', 'b', 'e', 'd'), NULL, NOT_PUSHED | FRAMESET_NOT_OK | BREAKOUT | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY3('i', 'm', 'g'), NULL, NOT_PUSHED | FRAMESET_NOT_OK | BREAKOUT | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY5('i', 'm', 'a', 'g', 'e'), NULL, NOT_PUSHED | FRAMESET_NOT_OK | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY6('k', 'e', 'y', 'g', 'e', 'n'), NULL, NOT_PUSHED | FRAMESET_NOT_OK | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY3('w', 'b', 'r'), NULL, NOT_PUSHED | FRAMESET_NOT_OK | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY2('h', 'r'), NULL, NOT_PUSHED | FRAMESET_NOT_OK | BREAKOUT | SPECIAL | CLOSES_P, OTHER, ANY),
	ROW(FSRV__KEY5('i', 'n', 'p', 'u', 't'), NULL, NOT_PUSHED | SPECIAL | OWN_RULES, INPUT, ANY),
	ROW(FSRV__KEY6('s', 'o', 'u', 'r', 'c', 'e'), NULL, NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY5('t', 'r', 'a', 'c', 'k'), NULL, NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY5('p', 'a', 'r', 'a', 'm'), NULL, NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY3('c', 'o', 'l'), NULL, NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY8('c', 'o', 'l', 'g', 'r', 'o', 'u', 'p'), NULL, NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY5('f', 'r', 'a', 'm', 'e'), NULL, NOT_PUSHED | SPECIAL, OTHER, ANY),
	ROW(FSRV__KEY8('f', 'r', 'a', 'm', 'e', 's', 'e', 't'), NULL, NOT_PUSHED | SPECIAL | OWN_RULES, FRAMESET, ANY),
	ROW(FSRV__KEY4('h', 'e', 'a', 'd'), NULL, NOT_PUSHED | BREAKOUT | SPECIAL | END_IMPLIES_HEAD | OWN_RULES, HEAD, ANY),
	ROW(FSRV__KEY4('b', 'o', 'd', 'y'), NULL, NOT_PUSHED | BREAKOUT | SPECIAL | END_IMPLIES_HEAD | OWN_RULES, BODY, ANY),
	ROW(FSRV__KEY4('h', 't', 'm', 'l'), NULL, NOT_PUSHED | SPECIAL | END_IMPLIES_HEAD | OWN_RULES, HTML, ANY),
	ROW(FSRV__KEY7('a', 'd', 'd', 'r', 'e', 's', 's'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY7('a', 'r', 't', 'i', 'c', 'l', 'e'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY5('a', 's', 'i', 'd', 'e'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY10('b', 'l', 'o', 'c', 'k', 'q', 'u', 'o', 't', 'e'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY6('c', 'e', 'n', 't', 'e', 'r'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY7('d', 'e', 't', 'a', 'i', 'l', 's'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY6('d', 'i', 'a', 'l', 'o', 'g'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY3('d', 'i', 'r'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY3('d', 'i', 'v'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY2('d', 'l'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY8('f', 'i', 'e', 'l', 'd', 's', 'e', 't'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY10('f', 'i', 'g', 'c', 'a', 'p', 't', 'i', 'o', 'n'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY6('f', 'i', 'g', 'u', 'r', 'e'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY6('f', 'o', 'o', 't', 'e', 'r'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY6('h', 'e', 'a', 'd', 'e', 'r'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY6('h', 'g', 'r', 'o', 'u', 'p'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY4('m', 'a', 'i', 'n'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY4('m', 'e', 'n', 'u'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY3('n', 'a', 'v'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY2('o', 'l'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY6('s', 'e', 'a', 'r', 'c', 'h'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY7('s', 'e', 'c', 't', 'i', 'o', 'n'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY7('s', 'u', 'm', 'm', 'a', 'r', 'y'), NULL, SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY2('u', 'l'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, SCOPED),
	ROW(FSRV__KEY3('p', 'r', 'e'), NULL, FRAMESET_NOT_OK | BREAKOUT | SPECIAL | CLOSES_P | OWN_RULES, PRE, SCOPED),
	ROW(FSRV__KEY7('l', 'i', 's', 't', 'i', 'n', 'g'), NULL, FRAMESET_NOT_OK | BREAKOUT | SPECIAL | CLOSES_P | OWN_RULES, PRE, SCOPED),
	ROW(FSRV__KEY4('f', 'o', 'r', 'm'), NULL, SPECIAL | CLOSES_P, FORM, FORM),
	ROW(FSRV__KEY1('p'), NULL, BREAKOUT | SPECIAL | CLOSES_P, P, ANY),
	ROW(FSRV__KEY2('h', '1'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, HEADING),
	ROW(FSRV__KEY2('h', '2'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, HEADING),
	ROW(FSRV__KEY2('h', '3'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, HEADING),
	ROW(FSRV__KEY2('h', '4'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, HEADING),
	ROW(FSRV__KEY2('h', '5'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, HEADING),
	ROW(FSRV__KEY2('h', '6'), NULL, BREAKOUT | SPECIAL | CLOSES_P, OTHER, HEADING),
	ROW(FSRV__KEY2('l', 'i'), NULL, FRAMESET_NOT_OK | BREAKOUT | SPECIAL | CLOSES_P, OTHER, ITEM),
	ROW(FSRV__KEY2('d', 'd'), NULL, FRAMESET_NOT_OK | BREAKOUT | SPECIAL | CLOSES_P, OTHER, ITEM),
	ROW(FSRV__KEY2('d', 't'), NULL, FRAMESET_NOT_OK | BREAKOUT | SPECIAL | CLOSES_P, OTHER, ITEM),
	ROW(FSRV__KEY6('b', 'u', 't', 't', 'o', 'n'), NULL, FRAMESET_NOT_OK | SPECIAL, BUTTON, SCOPED),
	ROW(FSRV__KEY6('a', 'p', 'p', 'l', 'e', 't'), NULL, FRAMESET_NOT_OK | SPECIAL | SCOPE, OTHER, SCOPED),
	ROW(FSRV__KEY7('m', 'a', 'r', 'q', 'u', 'e', 'e'), NULL, FRAMESET_NOT_OK | SPECIAL | SCOPE, OTHER, SCOPED),
	ROW(FSRV__KEY6('o', 'b', 'j', 'e', 'c', 't'), NULL, FRAMESET_NOT_OK | SPECIAL | SCOPE, OTHER, SCOPED),
	ROW(FSRV__KEY6('s', 'e', 'l', 'e', 'c', 't'), NULL, FRAMESET_NOT_OK | SPECIAL | SCOPE, OTHER, SCOPED),
	ROW(FSRV__KEY5('t', 'a', 'b', 'l', 'e'), NULL, FRAMESET_NOT_OK | BREAKOUT | SPECIAL | SCOPE | CLOSES_P, OTHER, TABLE),
	ROW(FSRV__KEY2('t', 'd'), NULL, SPECIAL | SCOPE, OTHER, CELL),
	ROW(FSRV__KEY2('t', 'h'), NULL, SPECIAL | SCOPE, OTHER, CELL),
	ROW(FSRV__KEY2('t', 'r'), NULL, SPECIAL, OTHER, ROW),
	ROW(FSRV__KEY5('t', 'b', 'o', 'd', 'y'), NULL, SPECIAL, OTHER, ROW_GROUP),
	ROW(FSRV__KEY5('t', 'h', 'e', 'a', 'd'), NULL, SPECIAL, OTHER, ROW_GROUP),
	ROW(FSRV__KEY5('t', 'f', 'o', 'o', 't'), NULL, SPECIAL, OTHER, ROW_GROUP),
	ROW(FSRV__KEY7('c', 'a', 'p', 't', 'i', 'o', 'n'), NULL, SPECIAL | SCOPE, OTHER, ROW_GROUP),
	ROW(FSRV__KEY1('a'), NULL, 0, A, FORMATTING),
	ROW(FSRV__KEY1('b'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY3('b', 'i', 'g'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY4('c', 'o', 'd', 'e'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY2('e', 'm'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY4('f', 'o', 'n', 't'), NULL, 0, FONT, FORMATTING),
	ROW(FSRV__KEY1('i'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY4('n', 'o', 'b', 'r'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY1('s'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY5('s', 'm', 'a', 'l', 'l'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY6('s', 't', 'r', 'i', 'k', 'e'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY6('s', 't', 'r', 'o', 'n', 'g'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY2('t', 't'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY1('u'), NULL, BREAKOUT, OTHER, FORMATTING),
	ROW(FSRV__KEY4('r', 'u', 'b', 'y'), NULL, BREAKOUT, OTHER, ANY),
	ROW(FSRV__KEY4('s', 'p', 'a', 'n'), NULL, BREAKOUT, OTHER, ANY),
	ROW(FSRV__KEY3('s', 'u', 'b'), NULL, BREAKOUT, OTHER, ANY),
	ROW(FSRV__KEY3('s', 'u', 'p'), NULL, BREAKOUT, OTHER, ANY),
	ROW(FSRV__KEY3('v', 'a', 'r'), NULL, BREAKOUT, OTHER, ANY),
	ROW(FSRV__KEY13('f', 'o', 'r', 'e', 'i', 'g', 'n', 'o', 'b', 'j', 'e', 'c', 't'), NULL, HTML_INTEGRATION, OTHER, ANY),
	ROW(FSRV__KEY4('d', 'e', 's', 'c'), NULL, HTML_INTEGRATION, OTHER, ANY),
	ROW(FSRV__KEY2('m', 'i'), NULL, TEXT_INTEGRATION, OTHER, ANY),
	ROW(FSRV__KEY2('m', 'o'), NULL, TEXT_INTEGRATION, OTHER, ANY),
	ROW(FSRV__KEY2('m', 'n'), NULL, TEXT_INTEGRATION, OTHER, ANY),
	ROW(FSRV__KEY2('m', 's'), NULL, TEXT_INTEGRATION, OTHER, ANY),
	ROW(FSRV__KEY5('m', 't', 'e', 'x', 't'), NULL, TEXT_INTEGRATION, OTHER, ANY),
	ROW(FSRV__KEY14('a', 'n', 'n', 'o', 't', 'a', 't', 'i', 'o', 'n', '-', 'x', 'm', 'l'), NULL, 0, ANNOTATION_XML, ANY),
	ROW(FSRV__KEY6('m', 'g', 'l', 'y', 'p', 'h'), NULL, 0, MGLYPH, ANY),
	ROW(FSRV__KEY10('m', 'a', 'l', 'i', 'g', 'n', 'm', 'a', 'r', 'k'), NULL, 0, MALIGNMARK, ANY),
	ROW(FSRV__KEY3('s', 'v', 'g'), NULL, 0, SVG, ANY),
	ROW(FSRV__KEY4('m', 'a', 't', 'h'), NULL, 0, MATH, ANY),
};
/* clang-format on */

const struct fsrv__tag fsrv__tag_other;

/* clang-format off */
const uint8_t fsrv__name_byte[256] = {
	0x01, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x00, 0x00, 0x0b, 0x00, 0x00, 0x0e, 0x0f,
	0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
	0x00, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x00,
	0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x00, 0x3f,
	0x40, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
	0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f,
	0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
	0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f,
	0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f,
	0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f,
	0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
	0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf,
	0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf,
	0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf,
	0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef,
	0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
};
/* clang-format on */
