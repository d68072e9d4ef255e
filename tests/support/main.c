#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

int main(void)
{
	const char *missing = test_lacks != NULL ? test_lacks() : NULL;
	SRunner *runner;
	int failed;

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
