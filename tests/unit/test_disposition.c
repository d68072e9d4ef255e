/* RFC 6266 and RFC 8187: values of Content-Disposition, and that a parser of them gets the name back. */
#include <stdio.h>
#include <stdlib.h>

#include "fsrv/fields.h"
#include "suite.h"
#include "texts.h"

#define FALLBACK(name)       "attachment; filename=\"" name "\""
#define BOTH(name, extended) FALLBACK(name) "; filename*=UTF-8''" extended

static const struct {
	const char *path, *value;
} values[] = {
	{"", "attachment"},
	{"dir/", "attachment"},
	{"a.txt", FALLBACK("a.txt")},
	{"dir/sub/a.txt", FALLBACK("a.txt")},
	{"two words.txt", FALLBACK("two words.txt")},
	{"a;b=c'd(e),f.txt", FALLBACK("a;b=c'd(e),f.txt")},
	{"na\xc3\xafve.txt", BOTH("na_ve.txt", "na%C3%AFve.txt")},
	{"\xe2\x82\xac rates", BOTH("_ rates", "%E2%82%AC%20rates")},
	{"\xf0\x9f\x8e\xac.mp4", BOTH("_.mp4", "%F0%9F%8E%AC.mp4")},
	{"a\"b.txt", BOTH("a_b.txt", "a%22b.txt")},
	{"a\\b.txt", BOTH("a_b.txt", "a%5Cb.txt")},
	{"50%.txt", BOTH("50_.txt", "50%25.txt")},
	{"a%41.txt", BOTH("a_41.txt", "a%2541.txt")},
	{"\xc3\xa9'*()!#$&+-.^_`|~", BOTH("_'*()!#$&+-.^_`|~", "%C3%A9%27%2A%28%29!#$&+-.^_`|~")},
	{"a\r\nSet-Cookie: b", FALLBACK("a__Set-Cookie: b")},
	{"a\x7f\x1b", FALLBACK("a__")},
	{"a\xc2\x85", FALLBACK("a_")},
	{"\xff.txt", BOTH("_.txt", "%EF%BF%BD.txt")},
	{"\xef\xbf\xbd.txt", BOTH("_.txt", "%EF%BF%BD.txt")},
	/* Overlong, a surrogate, beyond the last code point, cut off. */
	{"\xc0\xaf", BOTH("__", "%EF%BF%BD%EF%BF%BD")},
	{"\xe0\x80\xaf", BOTH("___", "%EF%BF%BD%EF%BF%BD%EF%BF%BD")},
	{"\xed\xa0\x80", BOTH("___", "%EF%BF%BD%EF%BF%BD%EF%BF%BD")},
	{"\xf4\x90\x80\x80", BOTH("____", "%EF%BF%BD%EF%BF%BD%EF%BF%BD%EF%BF%BD")},
	{"\xf5\x80\x80\x80", BOTH("____", "%EF%BF%BD%EF%BF%BD%EF%BF%BD%EF%BF%BD")},
	{"\xe2\x82", BOTH("__", "%EF%BF%BD%EF%BF%BD")},
	{"\xe2\x82.txt", BOTH("__.txt", "%EF%BF%BD%EF%BF%BD.txt")},
	{"\xf4\x8f\xbf\xbf", BOTH("_", "%F4%8F%BF%BF")},
};

START_TEST(writes_values)
{
	char value[FSRV_DISPOSITION_SIZE];

	ck_assert_int_eq(
		fsrv_disposition_write(FSRV_DISPOSITION_ATTACHMENT, values[_i].path, value, sizeof(value)),
		FSRV_OK);
	ck_assert_str_eq(value, values[_i].value);
}
END_TEST

/* Each capacity that is too small is refused, and nothing is written behind it. */
START_TEST(keeps_to_its_room)
{
	const char *path = values[_i].path;
	size_t needed = strlen(values[_i].value) + 1;

	for (size_t capacity = 0; capacity <= needed; capacity++) {
		char *value = malloc(capacity + 1);
		int error;

		value[capacity] = '!';
		error = fsrv_disposition_write(FSRV_DISPOSITION_ATTACHMENT, path, value, capacity);
		ck_assert_int_eq(error, capacity < needed ? FSRV_ERR_SPACE : FSRV_OK);
		ck_assert_int_eq(value[capacity], '!');
		free(value);
	}
}
END_TEST

START_TEST(knows_its_types)
{
	char value[FSRV_DISPOSITION_SIZE];

	ck_assert_int_eq(fsrv_disposition_write(FSRV_DISPOSITION_INLINE, "a", value, sizeof(value)), FSRV_OK);
	ck_assert_str_eq(value, "inline; filename=\"a\"");
	ck_assert_int_eq(fsrv_disposition_write((enum fsrv_disposition)2, "a", value, sizeof(value)),
			 FSRV_ERR_INVALID);
}
END_TEST

/* The longest values that names of 255 bytes give. */
START_TEST(has_room_for_every_name)
{
	static const char bytes[] = {'\xff', '"', '\xc3', 'a', '\x01'};

	for (int i = 0; i < LEN(bytes); i++) {
		char name[256] = "", value[FSRV_DISPOSITION_SIZE];

		memset(name, bytes[i], 255);
		ck_assert_int_eq(
			fsrv_disposition_write(FSRV_DISPOSITION_ATTACHMENT, name, value, sizeof(value)),
			FSRV_OK);
	}
}
END_TEST

static unsigned hex_digit(char digit)
{
	return (unsigned)(digit <= '9' ? digit - '0' : digit - 'A' + 10);
}

/* What a recipient reads in filename*. */
static void decode(const char *value, char *name)
{
	const char *at = strstr(value, "filename*=UTF-8''");

	for (at += strlen("filename*=UTF-8''"); *at != '\0'; at++) {
		if (*at == '%') {
			*name++ = (char)(hex_digit(at[1]) << 4 | hex_digit(at[2]));
			at += 2;
		} else {
			*name++ = *at;
		}
	}
	*name = '\0';
}

START_TEST(carries_every_character)
{
	for (unsigned code = 0xa0; code < 0x800; code++) {
		char name[8], value[FSRV_DISPOSITION_SIZE], decoded[64];

		snprintf(name, sizeof(name), "x%c%c", (char)(0xc0 | code >> 6), (char)(0x80 | (code & 0x3f)));
		ck_assert_int_eq(fsrv_disposition_write(FSRV_DISPOSITION_INLINE, name, value, sizeof(value)),
				 FSRV_OK);
		decode(value, decoded);
		ck_assert_str_eq(decoded, name);
		for (const char *c = value; *c != '\0'; c++)
			ck_assert_msg(*c >= 0x20 && *c < 0x7f, "%x: %s", code, value);
	}
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("disposition");
	TCase *tcase = tcase_create("disposition");

	tcase_add_loop_test(tcase, writes_values, 0, LEN(values));
	tcase_add_loop_test(tcase, keeps_to_its_room, 0, LEN(values));
	tcase_add_test(tcase, knows_its_types);
	tcase_add_test(tcase, has_room_for_every_name);
	tcase_add_test(tcase, carries_every_character);
	suite_add_tcase(suite, tcase);
	return suite;
}
