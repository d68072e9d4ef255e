/* What every Check program shares: main() that runs one suite and reports in TAP. */
#ifndef TEST_SUITE_H
#define TEST_SUITE_H

#include <check.h>

/* SYSTEM_IS_PORTABLE is 1 when lib was built with -Dsystem=portable, else 0. */

#define LEN(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Defined by each test program: the cases of the one thing that it tests. */
Suite *test_suite(void);

/* Defined only by a program that needs what not every machine has: what is missing, in words, or NULL.
 * All of its tests count as skipped then. */
const char *test_lacks(void) __attribute__((weak));

#endif
