#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* Called by AddressSanitizer, if that is there: glibc never frees its copy of LOCPATH. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:argz_add_sep\n";
}

/* The library must not care about the locale of its program, so the tests run in one that is unlike C. */
static bool set_locale(void)
{
	const char *name = getenv("FSRV_TEST_LOCALE");

	if (name == NULL)
		return true;
	/* libmicrohttpd asks for descriptions of errors. For the first one the C library opens a few files,
	 * which tests that count descriptors must not meet. */
	if (setlocale(LC_ALL, name) != NULL && strerror(EAGAIN) != NULL)
		return true;
	printf("Bail out! locale %s cannot be set\n", name);
	return false;
}

int main(void)
{
	const char *missing = test_lacks != NULL ? test_lacks() : NULL;
	SRunner *runner;
	int failed;

	if (!set_locale())
		return EXIT_FAILURE;
	if (missing != NULL) {
		printf("1..0 # SKIP %s\n", missing);
		return EXIT_SUCCESS;
	}
	runner = srunner_create(test_suite());
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
