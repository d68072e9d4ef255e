#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/multipart.h"
#include "invariants.h"
#include "suite.h"
#include "texts.h"

#define SIZE 10000u
#define KEY  UINT64_C(0x123456789abcdef)
#define TYPE "video/mp4"

static struct fsrv__multipart multipart;

/* Three slices, and what they look like on the wire: each byte of the representation is a letter. */
static const struct fsrv__ranges three = {3, {{9990, 10}, {0, 1}, {500, 26}}};

static char letter_at(uint64_t offset)
{
	return (char)('a' + offset % 26);
}

static const char *expected(void)
{
	static char text[2048];
	size_t used = 0;

	for (unsigned i = 0; i < three.n; i++) {
		uint64_t first = three.list[i].offset, end = first + three.list[i].length;

		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "\r\n--%s\r\nContent-Type: " TYPE
					 "\r\nContent-Range: bytes %u-%u/10000\r\n\r\n",
					 multipart.boundary, (unsigned)first, (unsigned)end - 1);
		for (; first < end; first++)
			text[used++] = letter_at(first);
	}
	snprintf(text + used, sizeof(text) - used, "\r\n--%s--\r\n", multipart.boundary);
	return text;
}

START_TEST(lays_the_parts_out)
{
	const char *wanted;
	char field[128];

	ck_assert(fsrv__multipart_make(&multipart, &three, SIZE, TYPE, KEY));
	wanted = expected();
	ck_assert_uint_eq(multipart.length, strlen(wanted));
	snprintf(field, sizeof(field), "multipart/byteranges; boundary=%s", multipart.boundary);
	ck_assert_str_eq(multipart.content_type, field);
	for (uint64_t at = 0; at < multipart.length; at++) {
		struct fsrv__multipart_piece piece;
		char byte;

		fsrv__multipart_locate(&multipart, at, &piece);
		byte = piece.text.at != NULL ? piece.text.at[0] : letter_at(piece.slice.offset);
		ck_assert_msg(byte == wanted[at], "byte %u is %c", (unsigned)at, byte);
	}
	ck_assert(multipart_is_sound(&multipart, SIZE));
}
END_TEST

/* From any position on, the pieces lead to the same end. */
START_TEST(goes_on_from_any_position)
{
	ck_assert(fsrv__multipart_make(&multipart, &three, SIZE, TYPE, KEY));
	for (uint64_t start = 0; start < multipart.length; start++) {
		uint64_t at = start;

		while (at < multipart.length) {
			struct fsrv__multipart_piece piece;

			fsrv__multipart_locate(&multipart, at, &piece);
			if (piece.text.at != NULL)
				ck_assert_int_eq(memcmp(piece.text.at, expected() + at, piece.text.length),
						 0);
			at += piece.text.at != NULL ? piece.text.length : piece.slice.length;
		}
		ck_assert_uint_eq(at, multipart.length);
	}
}
END_TEST

START_TEST(has_a_boundary_of_its_own)
{
	char first[FSRV__BOUNDARY_SIZE];

	ck_assert(fsrv__multipart_make(&multipart, &three, SIZE, TYPE, KEY));
	strcpy(first, multipart.boundary);
	ck_assert(fsrv__text_is_token(text_of(first)));
	ck_assert_uint_eq(strlen(first), FSRV__BOUNDARY_SIZE - 1);
	ck_assert(fsrv__multipart_make(&multipart, &three, SIZE, TYPE, KEY));
	ck_assert_str_eq(multipart.boundary, first);
	ck_assert(fsrv__multipart_make(&multipart, &three, SIZE, TYPE, KEY + 1));
	ck_assert_str_ne(multipart.boundary, first);
}
END_TEST

/* The length of two parts from the ends of a representation; as many bytes are just enough for it. */
START_TEST(is_never_longer_than_the_whole)
{
	uint64_t size = SIZE;

	for (int i = 0; i < 4; i++) {
		struct fsrv__ranges two = {2, {{0, 10}, {size - 10, 10}}};

		ck_assert(fsrv__multipart_make(&multipart, &two, size, TYPE, KEY));
		size = multipart.length;
	}
	ck_assert_uint_eq(multipart.length, size);
	ck_assert(!fsrv__multipart_make(&multipart, &(struct fsrv__ranges){2, {{0, 11}, {size - 10, 10}}},
					size, TYPE, KEY));
	ck_assert(!fsrv__multipart_make(&multipart, &(struct fsrv__ranges){2, {{0, 10}, {size - 11, 10}}},
					size - 1, TYPE, KEY));
}
END_TEST

START_TEST(knows_the_largest_sizes)
{
	const uint64_t half = UINT64_MAX / 2;
	struct fsrv__ranges ranges = {2, {{half + 100, half - 99}, {0, half - 1000}}};

	ck_assert(fsrv__multipart_make(&multipart, &ranges, UINT64_MAX, TYPE, KEY));
	ck_assert(multipart_is_sound(&multipart, UINT64_MAX));
	ranges.list[1].length = half;
	ck_assert(!fsrv__multipart_make(&multipart, &ranges, UINT64_MAX, TYPE, KEY));
}
END_TEST

START_TEST(has_room_for_a_long_head)
{
	char type[FSRV__PART_TYPE_MAX + 2];
	struct fsrv__ranges ranges = {2, {{UINT64_MAX - 2, 2}, {UINT64_MAX - 200, 1}}};

	memset(type, 't', sizeof(type));
	type[FSRV__PART_TYPE_MAX + 1] = '\0';
	ck_assert(!fsrv__multipart_make(&multipart, &ranges, UINT64_MAX, type, KEY));
	type[FSRV__PART_TYPE_MAX] = '\0';
	ck_assert(fsrv__multipart_make(&multipart, &ranges, UINT64_MAX, type, KEY));
	ck_assert(multipart_is_sound(&multipart, UINT64_MAX));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("multipart");
	TCase *tcase = tcase_create("multipart");

	tcase_add_test(tcase, lays_the_parts_out);
	tcase_add_test(tcase, goes_on_from_any_position);
	tcase_add_test(tcase, has_a_boundary_of_its_own);
	tcase_add_test(tcase, is_never_longer_than_the_whole);
	tcase_add_test(tcase, knows_the_largest_sizes);
	tcase_add_test(tcase, has_room_for_a_long_head);
	suite_add_tcase(suite, tcase);
	return suite;
}
