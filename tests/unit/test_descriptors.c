#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fs/descriptors.h"
#include "suite.h"

static struct fsrv__descriptors descriptors;

/* A descriptor of its own for each call. */
static struct fsrv__file file_of(uint64_t inode)
{
	struct fsrv__file file = {.fd = open("/dev/null", O_RDONLY | O_CLOEXEC),
				  .root = 1,
				  .identity = {inode, 100000, {1000, 5}, {2000, 6}, 2, 3}};

	ck_assert_int_ge(file.fd, 0);
	return file;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void keep_file(struct fsrv__file *file, uint64_t now)
{
	fsrv__descriptors_keep(&descriptors, file, now);
	ck_assert_int_eq(file->fd, -1);
}

static int keep(uint64_t inode, uint64_t now)
{
	struct fsrv__file file = file_of(inode);
	int fd = file.fd;

	keep_file(&file, now);
	return fd;
}

/* -1: there is none */
static int take(uint64_t inode)
{
	struct fsrv__file file = {
		.fd = -1, .root = 1, .identity = {inode, 100000, {1000, 5}, {2000, 6}, 2, 3}};

	if (fsrv__descriptors_take(&descriptors, &file))
		ck_assert_int_ge(file.fd, 0);
	return file.fd;
}

START_TEST(gives_each_descriptor_once)
{
	int first, second, other;

	fsrv__descriptors_init(&descriptors);
	ck_assert_int_eq(take(1), -1);
	first = keep(1, 10);
	other = keep(2, 10);
	second = keep(1, 11);
	ck_assert_uint_eq(fsrv__descriptors_count(&descriptors), 3);
	/* The one that was used last: most likely it is still in a processor's cache. */
	ck_assert_int_eq(take(1), second);
	ck_assert_int_eq(take(1), first);
	ck_assert_int_eq(take(1), -1);
	ck_assert(is_open(first) && is_open(second));
	fsrv__descriptors_destroy(&descriptors);
	ck_assert(!is_open(other));
	close(first);
	close(second);
}
END_TEST

static const struct {
	const char *name;
	struct fsrv__file file;
} others[] = {
	{"root", {.root = 0, .identity = {1, 100000, {1000, 5}, {2000, 6}, 2, 3}}},
	{"inode", {.root = 1, .identity = {9, 100000, {1000, 5}, {2000, 6}, 2, 3}}},
	{"size", {.root = 1, .identity = {1, 100001, {1000, 5}, {2000, 6}, 2, 3}}},
	{"modified", {.root = 1, .identity = {1, 100000, {1000, 6}, {2000, 6}, 2, 3}}},
	{"changed", {.root = 1, .identity = {1, 100000, {1000, 5}, {2001, 6}, 2, 3}}},
	{"device", {.root = 1, .identity = {1, 100000, {1000, 5}, {2000, 6}, 9, 3}}},
	{"mount", {.root = 1, .identity = {1, 100000, {1000, 5}, {2000, 6}, 2, 9}}},
};

START_TEST(tells_states_apart)
{
	struct fsrv__file file = others[_i].file;

	fsrv__descriptors_init(&descriptors);
	keep(1, 10);
	ck_assert_msg(!fsrv__descriptors_take(&descriptors, &file), "%s", others[_i].name);
	fsrv__descriptors_destroy(&descriptors);
}
END_TEST

START_TEST(closes_the_oldest)
{
	struct fsrv__file files[FSRV__MAX_DESCRIPTORS + 2];
	int fds[LEN(files)];

	fsrv__descriptors_init(&descriptors);
	for (unsigned i = 0; i < LEN(files); i++) {
		files[i] = file_of(i);
		fds[i] = files[i].fd;
	}
	for (unsigned i = 0; i < LEN(files); i++)
		keep_file(&files[i], 10 + i);
	ck_assert_uint_eq(fsrv__descriptors_count(&descriptors), FSRV__MAX_DESCRIPTORS);
	ck_assert(!is_open(fds[0]) && !is_open(fds[1]) && is_open(fds[2]));
	ck_assert_uint_eq(fsrv__descriptors_close(&descriptors, 14), 3);
	ck_assert(!is_open(fds[4]) && is_open(fds[5]));
	ck_assert_uint_eq(fsrv__descriptors_close(&descriptors, 14), 0);
	ck_assert_int_eq(take(4), -1);
	ck_assert_int_eq(take(5), fds[5]);
	close(fds[5]);
	ck_assert_uint_eq(fsrv__descriptors_close(&descriptors, UINT64_MAX), FSRV__MAX_DESCRIPTORS - 4);
	ck_assert_uint_eq(fsrv__descriptors_count(&descriptors), 0);
	for (unsigned i = 0; i < LEN(fds); i++)
		ck_assert(!is_open(fds[i]));
	fsrv__descriptors_destroy(&descriptors);
}
END_TEST

static const struct {
	rlim_t limit;
	unsigned max;
} limits[] = {{20, 0}, {64, 2}, {1024, 32}, {RLIM_INFINITY, 32}};

START_TEST(takes_a_share_of_what_the_process_may_open)
{
	struct rlimit limit;
	int fd;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limits[_i].limit < limit.rlim_max ? limits[_i].limit : limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	fsrv__descriptors_init(&descriptors);
	ck_assert_uint_eq(descriptors.max, limits[_i].max);
	fd = keep(1, 1);
	ck_assert_int_eq(is_open(fd), limits[_i].max > 0);
	fsrv__descriptors_destroy(&descriptors);
	ck_assert(!is_open(fd));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("descriptors");
	TCase *tcase = tcase_create("descriptors");

	tcase_add_test(tcase, gives_each_descriptor_once);
	tcase_add_loop_test(tcase, tells_states_apart, 0, LEN(others));
	tcase_add_test(tcase, closes_the_oldest);
	tcase_add_loop_test(tcase, takes_a_share_of_what_the_process_may_open, 0, LEN(limits));
	suite_add_tcase(suite, tcase);
	return suite;
}
