#include "http/validators.h"

#include <inttypes.h>
#include <stdio.h>

#include "http/etag.h"
#include "http/hash.h"
#include "suite.h"
#include "texts.h"

#define NOW     INT64_C(1790000000)

#define ZIP_START INT64_C(315532800) /* 1 January 1980 */
#define NPM	  INT64_C(499162500) /* 26 October 1985, 08:15 */

static struct fsrv__text tag_of(const struct fsrv__validators *validators)
{
	return (struct fsrv__text){validators->etag, validators->etag_length};
}

static void make(const struct fsrv__identity *identity, struct fsrv__time now,
		 const struct fsrv__tag_source *source, struct fsrv__validators *validators)
{
	memset(validators, 0xa5, sizeof(*validators));
	fsrv__validators_make(identity, now, source, validators);
	ck_assert_uint_eq(strlen(validators->etag), validators->etag_length);
	ck_assert(fsrv__etag_is_valid(tag_of(validators)));
	ck_assert_int_eq(validators->strong, validators->etag[0] == '"');
	ck_assert_int_le(validators->modified, now.seconds);
	ck_assert(!validators->has_strong_date || validators->has_date);
	if (validators->has_date) {
		int64_t seconds;

		ck_assert(fsrv__httpdate_parse(text_of(validators->last_modified), now.seconds, &seconds));
		ck_assert_int_eq(seconds, validators->modified);
	}
}

static const struct fsrv__tag_source local = {.source = FSRV__ETAG_LOCAL};
static const struct fsrv__tag_source replica = {.source = FSRV__ETAG_REPLICA};

/* strong_local: of a tag with the status change time and more; strong_replica: of one without. */
static const struct {
	const char *name;
	struct fsrv__time modified, changed;
	bool strong_local, strong_replica, has_date;
	int64_t date;
} cases[] = {
	{"old", {NOW - 86400, 0}, {NOW - 86400, 0}, true, true, true, NOW - 86400},
	{"as old as it must be", {NOW - 2, 500}, {NOW - 2, 500}, true, true, true, NOW - 2},
	{"a nanosecond younger", {NOW - 2, 501}, {NOW - 86400, 0}, false, false, true, NOW - 2},
	{"a nanosecond younger by its inode", {NOW - 86400, 0}, {NOW - 2, 501}, false, false, true,
	 NOW - 86400},
	{"just written", {NOW, 500}, {NOW, 500}, false, false, true, NOW},
	{"written in the previous second", {NOW - 1, 999999999}, {NOW - 1, 999999999}, false, false, true,
	 NOW - 1},
	{"old content put back just now", {NOW - 86400, 0}, {NOW, 0}, false, false, true, NOW - 86400},
	{"a second ahead of the coarse clock", {NOW + 1, 0}, {NOW, 0}, false, false, true, NOW},
	{"two seconds ahead", {NOW + 2, 500}, {NOW - 9, 0}, false, false, true, NOW},
	{"three seconds old", {NOW - 3, 999999999}, {NOW - 3, 999999999}, true, true, true, NOW - 3},
	{"in the far future", {NOW + 86400, 0}, {NOW - 86400, 0}, false, false, true, NOW},
	{"changed in the far future", {NOW - 86400, 0}, {NOW + 86400, 0}, false, false, true, NOW - 86400},
	{"at the end of time", {INT64_MAX, 999999999}, {NOW - 9, 0}, false, false, true, NOW},
	{"two seconds after the epoch", {2, 0}, {NOW - 9, 0}, true, true, true, 2},
	{"a second after the epoch", {1, 999999999}, {NOW - 9, 0}, true, false, false, 1},
	{"the epoch", {0, 0}, {NOW - 9, 0}, true, false, false, 0},
	{"the epoch in an image", {0, 0}, {0, 0}, false, false, false, 0},
	{"a second after it in an image", {1, 0}, {1, 0}, false, false, false, 1},
	{"an image of which only one time is constant", {NOW - 9, 0}, {1, 0}, false, true, true, NOW - 9},
	{"the start of ZIP archives", {ZIP_START, 0}, {NOW - 9, 0}, true, false, false, ZIP_START},
	{"in another time zone", {ZIP_START - 43200, 0}, {ZIP_START, 0}, false, false, false,
	 ZIP_START - 43200},
	{"a day before", {ZIP_START - 86400, 0}, {NOW - 9, 0}, true, true, true, ZIP_START - 86400},
	{"in an npm package", {NPM, 0}, {NPM, 0}, false, false, false, NPM},
	{"a second later", {NPM + 1, 0}, {NPM + 1, 0}, true, true, true, NPM + 1},
	{"1969", {-1, 0}, {NOW - 9, 0}, true, false, false, -1},
	{"before the year 0", {INT64_C(-99999999999), 0}, {NOW - 9, 0}, true, false, false,
	 INT64_C(-99999999999)},
	{"at the beginning of time", {INT64_MIN, 0}, {NOW - 9, 0}, true, false, false, INT64_MIN},
	{"changed at the beginning of time", {NOW - 9, 0}, {INT64_MIN, 0}, false, true, true, NOW - 9},
	{"changed at the end of time", {NOW - 9, 0}, {INT64_MAX, 0}, false, false, true, NOW - 9},
};

static const struct {
	struct fsrv__time modified;
	bool is_growing;
} recent[] = {
	{{NOW, 0}, true},
	{{NOW - 9, 999999999}, true},
	{{NOW - 10, 999999999}, false},
	{{NOW - 86400, 0}, false},
	{{NOW + 9, 0}, true},
	{{NOW + 10, 0}, false},
	{{INT64_MIN, 0}, false},
	{{INT64_MAX, 0}, false},
};

/* The status change time does not count: a file that is renamed is not written. */
START_TEST(tells_growing_files)
{
	const struct fsrv__identity identity = {.modified = recent[_i].modified, .changed = {NOW, 0}};

	ck_assert_int_eq(fsrv__identity_is_growing(&identity, (struct fsrv__time){NOW, 500}, 10),
			 recent[_i].is_growing);
}
END_TEST

START_TEST(judges_times)
{
	const struct fsrv__identity identity = {
		.inode = 7, .size = 11, .modified = cases[_i].modified, .changed = cases[_i].changed};
	const struct fsrv__time now = {NOW, 500};

	for (int i = 0; i < 2; i++) {
		struct fsrv__tag_source source = i == 0 ? local : replica;
		bool strong = i == 0 ? cases[_i].strong_local : cases[_i].strong_replica;
		bool is_settled = fsrv__identity_is_settled(&identity, now);
		struct fsrv__validators validators;

		make(&identity, now, &source, &validators);
		ck_assert_msg(validators.strong == strong, "%s: strong", cases[_i].name);
		ck_assert_msg(validators.has_date == cases[_i].has_date, "%s: has a date", cases[_i].name);
		ck_assert_int_eq(validators.has_strong_date, validators.has_date && is_settled);
		ck_assert_msg(validators.modified == cases[_i].date, "%s: got %" PRId64, cases[_i].name,
			      validators.modified);
		/* With a salt the times need not tell the versions apart. */
		source.salt = 5;
		make(&identity, now, &source, &validators);
		ck_assert_int_eq(validators.strong, is_settled);
		source.salt = 0;
		source.opaque = text_of("chosen");
		make(&identity, now, &source, &validators);
		ck_assert_int_eq(validators.strong, is_settled);
	}
}
END_TEST

static bool are_same(const struct fsrv__validators *a, const struct fsrv__validators *b)
{
	return strcmp(a->etag, b->etag) == 0 && a->strong == b->strong && a->has_date == b->has_date &&
	       a->has_strong_date == b->has_strong_date && a->modified == b->modified &&
	       (!a->has_date || strcmp(a->last_modified, b->last_modified) == 0);
}

/* Whether what is said of a file and an addition at one time is said at any later time. */
START_TEST(tells_what_lasts)
{
	static const int64_t additions[] = {NOW - 86400, NOW - 1, NOW, NOW + 5};
	const struct fsrv__identity identity = {
		.inode = 7, .size = 11, .modified = cases[_i].modified, .changed = cases[_i].changed};

	for (int i = 0; i <= LEN(additions); i++) {
		struct fsrv__validators first, later;
		bool is_same = true;

		for (int64_t seconds = 0; seconds < 200000; seconds += seconds < 10 ? 1 : 50000) {
			struct fsrv__time now = {NOW + seconds, 500};

			make(&identity, now, &local, &later);
			if (i < LEN(additions))
				fsrv__validators_add_date(&later, additions[i], now.seconds);
			if (seconds == 0)
				first = later;
			is_same = is_same && are_same(&first, &later);
		}
		ck_assert_msg(is_same || !first.is_lasting, "%s, addition %d", cases[_i].name, i);
		ck_assert(later.is_lasting || cases[_i].modified.seconds > NOW + 86400 ||
			  cases[_i].changed.seconds > NOW + 86400);
	}
}
END_TEST

/* Bytes that are known need no time. */
START_TEST(names_bytes_whatever_the_times)
{
	const struct fsrv__identity identity = {
		.inode = 7, .size = 11, .modified = cases[_i].modified, .changed = cases[_i].changed};
	const struct fsrv__identity other = {.inode = 8, .size = 12, .device = 3, .mount = 9};
	struct fsrv__tag_source source = {.bytes = FSRV__BYTES_HASHED, .hash = 0x123456789abcdef0};
	struct fsrv__validators validators, second;
	struct fsrv__time now = {NOW, 500};

	make(&identity, now, &source, &validators);
	ck_assert_str_eq(validators.etag, "\"123456789abcdef0\"");
	ck_assert(validators.has_strong_date ==
		  (validators.has_date && fsrv__identity_is_settled(&identity, now)));
	make(&other, now, &source, &second);
	ck_assert_str_eq(validators.etag, second.etag);
	source.salt = 5;
	make(&identity, now, &source, &second);
	ck_assert(second.strong);
	ck_assert_str_ne(validators.etag, second.etag);
}
END_TEST

START_TEST(has_weak_tags_for_volatile_bytes)
{
	const struct fsrv__identity identity = {.modified = {NOW - 9, 0}, .changed = {NOW - 9, 0}};
	struct fsrv__tag_source source = {.bytes = FSRV__BYTES_VOLATILE, .hash = 0xabc, .salt = 0};
	struct fsrv__validators validators;

	for (source.salt = 0; source.salt < 2; source.salt++) {
		make(&identity, (struct fsrv__time){NOW, 0}, &source, &validators);
		ck_assert(!validators.strong && !validators.has_date);
	}
	source = (struct fsrv__tag_source){.bytes = FSRV__BYTES_VOLATILE, .opaque = text_of("chosen")};
	make(&identity, (struct fsrv__time){NOW, 0}, &source, &validators);
	ck_assert_str_eq(validators.etag, "W/\"chosen\"");
}
END_TEST

/* Seen from any second around it, a file is weak for less than two seconds. */
START_TEST(is_weak_for_two_seconds)
{
	const struct fsrv__identity identity = {
		.inode = 7, .size = 11, .modified = {NOW, 300}, .changed = {NOW, 200}};
	struct fsrv__validators validators;

	for (int64_t seconds = -5; seconds <= 5; seconds++) {
		for (uint32_t ns = 299; ns <= 301; ns++) {
			int64_t age = seconds * 1000000000 + ns - 300;
			int64_t inode_age = age + 100;

			make(&identity, (struct fsrv__time){NOW + seconds, ns}, &replica, &validators);
			ck_assert_int_eq(validators.strong, age >= 2000000000 && inode_age >= 2000000000);
		}
	}
}
END_TEST

static const struct {
	const char *name;
	struct fsrv__identity identity;
	bool same_local, same_replica;
} others[] = {
	{"the same", {7, 11, {1000, 5}, {2000, 6}, 2, 3}, true, true},
	{"another inode", {8, 11, {1000, 5}, {2000, 6}, 2, 3}, false, true},
	{"another size", {7, 12, {1000, 5}, {2000, 6}, 2, 3}, false, false},
	{"another second", {7, 11, {1001, 5}, {2000, 6}, 2, 3}, false, false},
	{"another nanosecond", {7, 11, {1000, 4}, {2000, 6}, 2, 3}, false, false},
	{"another second of the inode", {7, 11, {1000, 5}, {2001, 6}, 2, 3}, false, true},
	{"another nanosecond of the inode", {7, 11, {1000, 5}, {2000, 7}, 2, 3}, false, true},
	{"second and nanosecond changed places", {7, 11, {5, 1000}, {2000, 6}, 2, 3}, false, false},
	{"times changed places", {7, 11, {2000, 6}, {1000, 5}, 2, 3}, false, false},
	{"size and inode changed places", {11, 7, {1000, 5}, {2000, 6}, 2, 3}, false, false},
	{"another device", {7, 11, {1000, 5}, {2000, 6}, 4, 3}, false, true},
	{"another mount", {7, 11, {1000, 5}, {2000, 6}, 2, 4}, false, true},
	{"device and mount changed places", {7, 11, {1000, 5}, {2000, 6}, 3, 2}, false, true},
	{"all zero", {0, 0, {0, 0}, {0, 0}, 2, 3}, false, false},
	{"a negative second", {7, 11, {-1000, 5}, {2000, 6}, 2, 3}, false, false},
	{"size above 4 GiB", {7, UINT64_C(4294967296) + 11, {1000, 5}, {2000, 6}, 2, 3}, false, false},
};

START_TEST(tells_files_apart)
{
	struct fsrv__validators a, b;

	make(&others[0].identity, (struct fsrv__time){NOW, 0}, &local, &a);
	make(&others[_i].identity, (struct fsrv__time){NOW, 0}, &local, &b);
	ck_assert_msg((strcmp(a.etag, b.etag) == 0) == others[_i].same_local, "%s: local", others[_i].name);
	make(&others[0].identity, (struct fsrv__time){NOW, 0}, &replica, &a);
	make(&others[_i].identity, (struct fsrv__time){NOW, 0}, &replica, &b);
	ck_assert_msg((strcmp(a.etag, b.etag) == 0) == others[_i].same_replica, "%s: replica",
		      others[_i].name);
}
END_TEST

START_TEST(differs_for_neighbours)
{
	char seen[512][FSRV__ETAG_SIZE];

	for (int i = 0; i < LEN(seen); i++) {
		struct fsrv__identity identity = {
			7, 11, {1000, (uint32_t)i / 2}, {2000, (uint32_t)i % 2}, 2, 3};
		struct fsrv__validators validators;

		make(&identity, (struct fsrv__time){NOW, 0}, &local, &validators);
		strcpy(seen[i], validators.etag);
		for (int other = 0; other < i; other++)
			ck_assert_str_ne(seen[i], seen[other]);
	}
}
END_TEST

/* Otherwise every resource would be sent anew once, when it is two seconds old. */
START_TEST(keeps_the_opaque_part_when_it_turns_strong)
{
	static const struct fsrv__text opaques[] = {{NULL, 0}, TEXT("chosen")};
	const struct fsrv__identity identity = {
		.inode = 7, .size = 11, .modified = {NOW, 0}, .changed = {NOW, 0}};

	for (int i = 0; i < LEN(opaques); i++) {
		struct fsrv__validators young, old;

		struct fsrv__tag_source source = {.opaque = opaques[i]};

		make(&identity, (struct fsrv__time){NOW, 0}, &source, &young);
		make(&identity, (struct fsrv__time){NOW + 2, 0}, &source, &old);
		ck_assert(!young.strong && old.strong);
		ck_assert(fsrv__etag_equals(tag_of(&young), tag_of(&old), FSRV__ETAG_WEAK));
	}
}
END_TEST

START_TEST(takes_a_chosen_part)
{
	const struct fsrv__identity old = {.modified = {1000, 0}, .changed = {1000, 0}};
	const struct fsrv__identity young = {.modified = {NOW, 0}, .changed = {NOW, 0}};
	struct fsrv__time now = {NOW, 0};
	char longest[FSRV__ETAG_OPAQUE_MAX], want[FSRV__ETAG_SIZE] = "W/\"";
	struct fsrv__tag_source source = {.opaque = guard_text(text_of("sha256-abc"))};
	struct fsrv__validators validators;

	make(&old, now, &source, &validators);
	ck_assert_str_eq(validators.etag, "\"sha256-abc\"");
	make(&young, now, &source, &validators);
	ck_assert_str_eq(validators.etag, "W/\"sha256-abc\"");
	source.addition = 0xabc;
	make(&old, now, &source, &validators);
	ck_assert_str_eq(validators.etag, "\"sha256-abc-0000000000000abc\"");
	source.salt = 5;
	make(&old, now, &source, &validators);
	ck_assert(strncmp(validators.etag, "\"sha256-abc-", 12) == 0);
	ck_assert_str_ne(validators.etag, "\"sha256-abc-0000000000000abc\"");
	guard_text_free(source.opaque);
	memset(longest, 'x', sizeof(longest));
	memcpy(want + 3, longest, sizeof(longest));
	want[3 + sizeof(longest)] = '"';
	want[4 + sizeof(longest)] = '\0';
	source = (struct fsrv__tag_source){.opaque = {longest, sizeof(longest)}};
	make(&young, now, &source, &validators);
	ck_assert_str_eq(validators.etag, want);
	source.addition = 1;
	source.coding = "zstd";
	make(&young, now, &source, &validators);
	ck_assert_uint_eq(validators.etag_length, FSRV__ETAG_SIZE - 1);
}
END_TEST

/* Whatever a tag is made of, the coding ends it. */
START_TEST(ends_with_the_coding)
{
	const struct fsrv__identity old = {.modified = {1000, 0}, .changed = {1000, 0}};
	const struct fsrv__tag_source sources[] = {local,
						   replica,
						   {.bytes = FSRV__BYTES_HASHED, .hash = 7},
						   {.bytes = FSRV__BYTES_VOLATILE, .hash = 7},
						   {.opaque = text_of("chosen")}};

	for (int i = 0; i < LEN(sources); i++) {
		struct fsrv__tag_source source = sources[i];
		struct fsrv__validators plain, coded;
		char want[FSRV__ETAG_SIZE + 8];

		make(&old, (struct fsrv__time){NOW, 0}, &source, &plain);
		source.coding = "br";
		make(&old, (struct fsrv__time){NOW, 0}, &source, &coded);
		snprintf(want, sizeof(want), "%.*s-br\"", (int)plain.etag_length - 1, plain.etag);
		ck_assert_str_eq(coded.etag, want);
		ck_assert_int_eq(coded.strong, plain.strong);
	}
}
END_TEST

START_TEST(adds_a_date)
{
	const struct fsrv__identity old = {.modified = {1000, 0}, .changed = {1000, 0}};
	struct fsrv__validators validators;

	make(&old, (struct fsrv__time){NOW, 0}, &local, &validators);
	fsrv__validators_add_date(&validators, 900, NOW);
	ck_assert_int_eq(validators.modified, 1000);
	fsrv__validators_add_date(&validators, NOW - 1, NOW);
	ck_assert_int_eq(validators.modified, NOW - 1);
	ck_assert(validators.has_date);
	fsrv__validators_add_date(&validators, NOW, NOW);
	ck_assert(!validators.has_date);
}
END_TEST

/* The hash is part of what clients keep: it is the same on every machine, also on one with the other byte
 * order, and in every version. */
START_TEST(hashes_content_alike_everywhere)
{
	static const struct {
		size_t length;
		uint64_t hash;
	} rows[] = {
		{0, UINT64_C(0x7132906ed8afab09)},
		{1, UINT64_C(0x22d1508736b82eb2)},
		{8, UINT64_C(0x50279372d529750d)},
		{31, UINT64_C(0x3b91fcb8a8378f1e)},
		{32, UINT64_C(0xc44ccc51c819056d)},
		{33, UINT64_C(0xa2641c3ae3dd7d71)},
		{256, UINT64_C(0xb228c219ed8e1aef)},
	};
	unsigned char bytes[256];

	for (int i = 0; i < LEN(bytes); i++)
		bytes[i] = (unsigned char)(i * 7 + 1);
	for (int i = 0; i < LEN(rows); i++) {
		struct fsrv__text text = guard_text((struct fsrv__text){(char *)bytes, rows[i].length});

		ck_assert_msg(fsrv__hash_content(text.at, text.length) == rows[i].hash, "%zu: %" PRIx64,
			      rows[i].length, fsrv__hash_content(text.at, text.length));
		guard_text_free(text);
	}
}
END_TEST

/* Each single bit, and each zero byte more, makes another hash. */
START_TEST(tells_contents_apart)
{
	unsigned char bytes[100] = {0};
	uint64_t hashes[LEN(bytes) * 8 + LEN(bytes) + 1];
	int n = 0;

	for (int i = 0; i < LEN(bytes) * 8; i++) {
		bytes[i / 8] = (unsigned char)(1 << i % 8);
		hashes[n++] = fsrv__hash_content(bytes, sizeof(bytes));
		bytes[i / 8] = 0;
	}
	for (size_t length = 0; length <= sizeof(bytes); length++)
		hashes[n++] = fsrv__hash_content(bytes, length);
	for (int i = 0; i < n; i++)
		for (int other = 0; other < i; other++)
			ck_assert_msg(hashes[i] != hashes[other], "%d and %d", i, other);
}
END_TEST

/* A clock that is that wrong must not make a date that is none. */
START_TEST(has_no_date_after_the_year_9999)
{
	const struct fsrv__identity identity = {.modified = {INT64_C(253402300800), 0}, .changed = {1000, 0}};
	struct fsrv__validators validators;

	make(&identity, (struct fsrv__time){INT64_C(253402300900), 0}, &local, &validators);
	ck_assert(!validators.has_date);
}
END_TEST

START_TEST(accepts_what_can_stand_in_a_tag)
{
	char bytes[FSRV__ETAG_OPAQUE_MAX + 1];

	for (int byte = 0; byte < 256; byte++) {
		char text[] = {'a', (char)byte};
		bool fits = byte == 0x21 || (byte >= 0x23 && byte <= 0x7e) || byte >= 0x80;

		ck_assert_msg(fsrv__validators_accept_opaque((struct fsrv__text){text, sizeof(text)}) == fits,
			      "byte %d", byte);
	}
	memset(bytes, 'x', sizeof(bytes));
	for (size_t length = 1; length <= sizeof(bytes); length++) {
		struct fsrv__text opaque = guard_text((struct fsrv__text){bytes, length});

		ck_assert_int_eq(fsrv__validators_accept_opaque(opaque), length <= FSRV__ETAG_OPAQUE_MAX);
		guard_text_free(opaque);
	}
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("validators");
	TCase *table = tcase_create("table");
	TCase *edges = tcase_create("edges");

	tcase_add_loop_test(table, judges_times, 0, LEN(cases));
	tcase_add_loop_test(table, tells_what_lasts, 0, LEN(cases));
	tcase_add_loop_test(table, names_bytes_whatever_the_times, 0, LEN(cases));
	tcase_add_loop_test(table, tells_files_apart, 0, LEN(others));
	suite_add_tcase(suite, table);
	tcase_add_test(edges, is_weak_for_two_seconds);
	tcase_add_test(edges, differs_for_neighbours);
	tcase_add_test(edges, keeps_the_opaque_part_when_it_turns_strong);
	tcase_add_test(edges, takes_a_chosen_part);
	tcase_add_test(edges, ends_with_the_coding);
	tcase_add_test(edges, has_weak_tags_for_volatile_bytes);
	tcase_add_test(edges, adds_a_date);
	tcase_add_loop_test(edges, tells_growing_files, 0, LEN(recent));
	tcase_add_test(edges, hashes_content_alike_everywhere);
	tcase_add_test(edges, tells_contents_apart);
	tcase_add_test(edges, has_no_date_after_the_year_9999);
	tcase_add_test(edges, accepts_what_can_stand_in_a_tag);
	suite_add_tcase(suite, edges);
	return suite;
}
