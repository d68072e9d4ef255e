#include "fsrv/base.h"

#include <stdio.h>
#include <string.h>

#include "fs/memory.h"
#include "suite.h"

START_TEST(describes_every_code)
{
	const char *unknown = fsrv_strerror(1);

	ck_assert_str_eq(unknown, "unknown error");
	ck_assert_str_eq(fsrv_strerror(FSRV_ERR_UNSAFE - 1), unknown);
	for (int code = FSRV_ERR_UNSAFE; code <= FSRV_OK; code++) {
		const char *text = fsrv_strerror(code);

		ck_assert_str_ne(text, unknown);
		ck_assert_int_ne(text[strlen(text) - 1], '.');
		for (int other = FSRV_ERR_UNSAFE; other < code; other++)
			ck_assert_str_ne(text, fsrv_strerror(other));
	}
}
END_TEST

START_TEST(tells_its_version)
{
	char numbers[32];

	snprintf(numbers, sizeof(numbers), "%d.%d.%d", FSRV_VERSION_MAJOR, FSRV_VERSION_MINOR,
		 FSRV_VERSION_PATCH);
	ck_assert_str_eq(FSRV_VERSION, numbers);
	ck_assert_str_eq(fsrv_version(), numbers);
}
END_TEST

START_TEST(allocates_like_the_c_library)
{
	const struct fsrv__allocator allocator = {fsrv__default_allocate, NULL};
	char *memory = fsrv__allocate(&allocator, 3);

	memcpy(memory, "abc", 3);
	memory = fsrv__resize(&allocator, memory, 10000);
	ck_assert_int_eq(memcmp(memory, "abc", 3), 0);
	fsrv__release(&allocator, memory);
	fsrv__release(&allocator, NULL);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("base");
	TCase *basics = tcase_create("basics");

	tcase_add_test(basics, describes_every_code);
	tcase_add_test(basics, tells_its_version);
	tcase_add_test(basics, allocates_like_the_c_library);
	suite_add_tcase(suite, basics);
	return suite;
}
