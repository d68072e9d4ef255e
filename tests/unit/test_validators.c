#include "http/validators.h"

#include <inttypes.h>

#include "http/etag.h"
#include "suite.h"
#include "texts.h"

#define NOW     INT64_C(1790000000)
#define LOCAL   FSRV__ETAG_LOCAL
#define REPLICA FSRV__ETAG_REPLICA

static const struct fsrv__text none = {NULL, 0};

static struct fsrv__text tag_of(const struct fsrv__validators *validators)
{
	return (struct fsrv__text){validators->etag, validators->etag_length};
}

static void make(const struct fsrv__identity *identity, struct fsrv__time now, enum fsrv__etag_source source,
		 struct fsrv__text opaque, struct fsrv__validators *validators)
{
	memset(validators, 0xa5, sizeof(*validators));
	fsrv__validators_make(identity, now, source, opaque, validators);
	ck_assert_uint_eq(strlen(validators->etag), validators->etag_length);
	ck_assert(fsrv__etag_is_valid(tag_of(validators)));
	ck_assert_int_eq(validators->strong, validators->etag[0] == '"');
	ck_assert_int_le(validators->modified, now.seconds);
	if (validators->has_date) {
		int64_t seconds;

		ck_assert(fsrv__httpdate_parse(text_of(validators->last_modified), now.seconds, &seconds));
		ck_assert_int_eq(seconds, validators->modified);
	}
}

static const struct {
	const char *name;
	struct fsrv__time modified, changed;
	bool strong, has_date;
	int64_t date;
} cases[] = {
	{"old", {NOW - 86400, 0}, {NOW - 86400, 0}, true, true, NOW - 86400},
	{"as old as it must be", {NOW - 2, 500}, {NOW - 2, 500}, true, true, NOW - 2},
	{"a nanosecond younger", {NOW - 2, 501}, {NOW - 86400, 0}, false, true, NOW - 2},
	{"a nanosecond younger by its inode", {NOW - 86400, 0}, {NOW - 2, 501}, false, true, NOW - 86400},
	{"just written", {NOW, 500}, {NOW, 500}, false, true, NOW},
	{"written in the previous second", {NOW - 1, 999999999}, {NOW - 1, 999999999}, false, true, NOW - 1},
	{"old content put back just now", {NOW - 86400, 0}, {NOW, 0}, false, true, NOW - 86400},
	{"a second ahead of the coarse clock", {NOW + 1, 0}, {NOW, 0}, false, true, NOW},
	{"less than two seconds ahead", {NOW + 2, 499}, {NOW - 9, 0}, false, true, NOW},
	{"two seconds ahead", {NOW + 2, 500}, {NOW - 9, 0}, true, true, NOW},
	{"three seconds old", {NOW - 3, 999999999}, {NOW - 3, 999999999}, true, true, NOW - 3},
	{"in the far future", {NOW + 86400, 0}, {NOW - 86400, 0}, true, true, NOW},
	{"in the far future, just set", {NOW + 86400, 0}, {NOW, 0}, false, true, NOW},
	{"at the end of time", {INT64_MAX, 999999999}, {NOW - 9, 0}, true, true, NOW},
	{"two seconds after the epoch", {2, 0}, {NOW - 9, 0}, true, true, 2},
	{"a second after the epoch", {1, 999999999}, {NOW - 9, 0}, true, false, 1},
	{"the epoch", {0, 0}, {NOW - 9, 0}, true, false, 0},
	{"1969", {-1, 0}, {NOW - 9, 0}, true, false, -1},
	{"before the year 0", {INT64_C(-99999999999), 0}, {NOW - 9, 0}, true, false, INT64_C(-99999999999)},
	{"at the beginning of time", {INT64_MIN, 0}, {NOW - 9, 0}, true, false, INT64_MIN},
	{"changed at the beginning of time", {NOW - 9, 0}, {INT64_MIN, 0}, true, true, NOW - 9},
	{"changed at the end of time", {NOW - 9, 0}, {INT64_MAX, 0}, true, true, NOW - 9},
};

START_TEST(judges_times)
{
	static const enum fsrv__etag_source sources[] = {LOCAL, REPLICA};
	const struct fsrv__identity identity = {7, 11, cases[_i].modified, cases[_i].changed};
	struct fsrv__validators validators;

	for (int i = 0; i < LEN(sources); i++) {
		make(&identity, (struct fsrv__time){NOW, 500}, sources[i], none, &validators);
		ck_assert_msg(validators.strong == cases[_i].strong, "%s: strong", cases[_i].name);
		ck_assert_msg(validators.has_date == cases[_i].has_date, "%s: has a date", cases[_i].name);
		ck_assert_msg(validators.modified == cases[_i].date, "%s: got %" PRId64, cases[_i].name,
			      validators.modified);
	}
}
END_TEST

/* Seen from any second around it, a file is weak for less than two seconds. */
START_TEST(is_weak_for_two_seconds)
{
	const struct fsrv__identity identity = {7, 11, {NOW, 300}, {NOW, 200}};
	struct fsrv__validators validators;

	for (int64_t seconds = -5; seconds <= 5; seconds++) {
		for (uint32_t ns = 299; ns <= 301; ns++) {
			int64_t age = seconds * 1000000000 + ns - 300;
			int64_t inode_age = age + 100;

			make(&identity, (struct fsrv__time){NOW + seconds, ns}, REPLICA, none, &validators);
			ck_assert_int_eq(validators.strong,
					 (age >= 2000000000 || age <= -2000000000) &&
						 (inode_age >= 2000000000 || inode_age <= -2000000000));
		}
	}
}
END_TEST

static const struct {
	const char *name;
	struct fsrv__identity identity;
	bool same_local, same_replica;
} others[] = {
	{"the same", {7, 11, {1000, 5}, {2000, 6}}, true, true},
	{"another inode", {8, 11, {1000, 5}, {2000, 6}}, false, true},
	{"another size", {7, 12, {1000, 5}, {2000, 6}}, false, false},
	{"another second", {7, 11, {1001, 5}, {2000, 6}}, false, false},
	{"another nanosecond", {7, 11, {1000, 4}, {2000, 6}}, false, false},
	{"another second of the inode", {7, 11, {1000, 5}, {2001, 6}}, false, true},
	{"another nanosecond of the inode", {7, 11, {1000, 5}, {2000, 7}}, false, true},
	{"second and nanosecond changed places", {7, 11, {5, 1000}, {2000, 6}}, false, false},
	{"times changed places", {7, 11, {2000, 6}, {1000, 5}}, false, false},
	{"size and inode changed places", {11, 7, {1000, 5}, {2000, 6}}, false, false},
	{"all zero", {0, 0, {0, 0}, {0, 0}}, false, false},
	{"a negative second", {7, 11, {-1000, 5}, {2000, 6}}, false, false},
	{"size above 4 GiB", {7, UINT64_C(4294967296) + 11, {1000, 5}, {2000, 6}}, false, false},
};

START_TEST(tells_files_apart)
{
	struct fsrv__validators a, b;

	make(&others[0].identity, (struct fsrv__time){NOW, 0}, LOCAL, none, &a);
	make(&others[_i].identity, (struct fsrv__time){NOW, 0}, LOCAL, none, &b);
	ck_assert_msg((strcmp(a.etag, b.etag) == 0) == others[_i].same_local, "%s: local", others[_i].name);
	make(&others[0].identity, (struct fsrv__time){NOW, 0}, REPLICA, none, &a);
	make(&others[_i].identity, (struct fsrv__time){NOW, 0}, REPLICA, none, &b);
	ck_assert_msg((strcmp(a.etag, b.etag) == 0) == others[_i].same_replica, "%s: replica",
		      others[_i].name);
}
END_TEST

START_TEST(differs_for_neighbours)
{
	char seen[512][FSRV__ETAG_SIZE];

	for (int i = 0; i < LEN(seen); i++) {
		struct fsrv__identity identity = {7, 11, {1000, (uint32_t)i / 2}, {2000, (uint32_t)i % 2}};
		struct fsrv__validators validators;

		make(&identity, (struct fsrv__time){NOW, 0}, LOCAL, none, &validators);
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
	const struct fsrv__identity identity = {7, 11, {NOW, 0}, {NOW, 0}};

	for (int i = 0; i < LEN(opaques); i++) {
		struct fsrv__validators young, old;

		make(&identity, (struct fsrv__time){NOW, 0}, LOCAL, opaques[i], &young);
		make(&identity, (struct fsrv__time){NOW + 2, 0}, LOCAL, opaques[i], &old);
		ck_assert(!young.strong && old.strong);
		ck_assert(fsrv__etag_equals(tag_of(&young), tag_of(&old), FSRV__ETAG_WEAK));
	}
}
END_TEST

START_TEST(takes_a_chosen_part)
{
	const struct fsrv__identity old = {7, 11, {1000, 0}, {1000, 0}}, young = {7, 11, {NOW, 0}, {NOW, 0}};
	struct fsrv__time now = {NOW, 0};
	char longest[FSRV__ETAG_OPAQUE_MAX], want[FSRV__ETAG_SIZE] = "W/\"";
	struct fsrv__text opaque = guard_text(text_of("sha256-abc"));
	struct fsrv__validators validators;

	make(&old, now, LOCAL, opaque, &validators);
	ck_assert_str_eq(validators.etag, "\"sha256-abc\"");
	make(&young, now, REPLICA, opaque, &validators);
	ck_assert_str_eq(validators.etag, "W/\"sha256-abc\"");
	guard_text_free(opaque);
	memset(longest, 'x', sizeof(longest));
	memcpy(want + 3, longest, sizeof(longest));
	want[3 + sizeof(longest)] = '"';
	want[4 + sizeof(longest)] = '\0';
	make(&young, now, LOCAL, (struct fsrv__text){longest, sizeof(longest)}, &validators);
	ck_assert_str_eq(validators.etag, want);
}
END_TEST

/* A clock that is that wrong must not make a date that is none. */
START_TEST(has_no_date_after_the_year_9999)
{
	const struct fsrv__identity identity = {7, 11, {INT64_C(253402300800), 0}, {1000, 0}};
	struct fsrv__validators validators;

	make(&identity, (struct fsrv__time){INT64_C(253402300900), 0}, LOCAL, none, &validators);
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
	tcase_add_loop_test(table, tells_files_apart, 0, LEN(others));
	suite_add_tcase(suite, table);
	tcase_add_test(edges, is_weak_for_two_seconds);
	tcase_add_test(edges, differs_for_neighbours);
	tcase_add_test(edges, keeps_the_opaque_part_when_it_turns_strong);
	tcase_add_test(edges, takes_a_chosen_part);
	tcase_add_test(edges, has_no_date_after_the_year_9999);
	tcase_add_test(edges, accepts_what_can_stand_in_a_tag);
	suite_add_tcase(suite, edges);
	return suite;
}
