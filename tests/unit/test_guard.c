/* The guard by itself: what it cuts, and what it leaves alone when descriptor numbers are given again. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/memory.h"
#include "mhd/guard.h"
#include "mhd/handler.h"
#include "suite.h"
#include "tree.h"

#define SIZE 1000

static const struct fsrv__allocator allocator = {fsrv__default_allocate, NULL};
static struct fsrv fs;
static unsigned n_ended[FSRV_ENDING_DRAINED + 1];

static struct tree tree;
static struct fsrv__guard *guard;
static struct fsrv__file file;
static int ends[2]; /* 0 is watched, 1 is the client's */

static void count_ending(void *cls, const struct fsrv_completion *completion)
{
	(void)cls;
	n_ended[completion->ending]++;
}

static bool watch(int socket, uint64_t length)
{
	const struct fsrv__plan plan = {.status = 200, .content = FSRV__CONTENT_SLICE, .length = length};
	const struct fsrv__answer answer = {.fs = &fs, .socket = socket, .plan = &plan};
	struct fsrv__transfer *transfer = fsrv__transfer_begin(&answer, true);
	bool watched;

	ck_assert_ptr_nonnull(transfer);
	watched = fsrv__guard_watch(guard, socket, &file, 0, length, false, transfer);
	if (!watched)
		fsrv__transfer_cancel(transfer);
	return watched;
}

static void set_up(void)
{
	fs.allocator = allocator;
	fs.completion = count_ending;
	tree_make(&tree);
	tree_write_pattern(&tree, "file", SIZE);
	tree_write_pattern(&tree, "other", SIZE);
	file.fd = open(tree_path(&tree, "file"), O_RDONLY | O_CLOEXEC);
	ck_assert(fsrv__file_look(file.fd, &file));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	guard = fsrv__guard_new(&allocator);
	ck_assert_ptr_nonnull(guard);
}

static void tear_down(void)
{
	fsrv__guard_free(guard);
	ck_assert_uint_eq(atomic_load(&fs.counters.live_bodies), 0);
	close(file.fd);
	close(ends[0]);
	close(ends[1]);
	tree_remove(&tree);
}

static void cut(const char *name, off_t size)
{
	ck_assert_int_eq(truncate(tree_path(&tree, name), size), 0);
}

/* Several sweeps long. */
static bool is_shut_down(int socket, int patience_ms)
{
	struct pollfd wait = {.fd = socket, .events = POLLIN};

	return poll(&wait, 1, patience_ms) == 1;
}

START_TEST(cuts_the_connection_of_a_cut_file)
{
	ck_assert(watch(ends[0], SIZE));
	ck_assert_uint_eq(fsrv__guard_count(guard), 1);
	cut("file", SIZE - 1);
	ck_assert(is_shut_down(ends[1], 20000));
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
	fsrv__guard_free(guard);
	guard = NULL;
	ck_assert_uint_eq(n_ended[FSRV_ENDING_FILE_CHANGED], 1);
	ck_assert_uint_eq(atomic_load(&fs.counters.cut_connections), 1);
}
END_TEST

START_TEST(leaves_a_file_alone_that_is_cut_behind_the_end)
{
	ck_assert(watch(ends[0], SIZE - 1));
	send(ends[0], "x", 1, 0);
	ck_assert(is_shut_down(ends[1], 20000)); /* the byte, which stays unread */
	cut("file", SIZE - 1);
	usleep(600000);
	ck_assert_uint_eq(fsrv__guard_count(guard), 1);
}
END_TEST

START_TEST(forgets)
{
	ck_assert(watch(ends[0], SIZE));
	fsrv__guard_forget(guard, ends[0], FSRV_ENDING_COMPLETE);
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
	ck_assert_uint_eq(n_ended[FSRV_ENDING_COMPLETE], 1);
	cut("file", 0);
	ck_assert(!is_shut_down(ends[1], 600));
	fsrv__guard_forget(guard, 100000, FSRV_ENDING_COMPLETE);
	fsrv__guard_forget(guard, -1, FSRV_ENDING_COMPLETE);
}
END_TEST

START_TEST(watches_one_body_for_each_socket)
{
	ck_assert(watch(ends[0], SIZE));
	ck_assert(watch(ends[0], SIZE / 2));
	ck_assert_uint_eq(fsrv__guard_count(guard), 1);
	send(ends[0], "x", 1, 0);
	cut("file", SIZE / 2);
	usleep(600000);
	ck_assert_uint_eq(fsrv__guard_count(guard), 1);
}
END_TEST

/* The body has ended and its descriptor number now means another file, which is cut. */
START_TEST(knows_that_a_number_means_another_file)
{
	int other = open(tree_path(&tree, "other"), O_RDONLY | O_CLOEXEC);

	ck_assert(watch(ends[0], SIZE));
	ck_assert_int_eq(dup2(other, file.fd), file.fd);
	cut("other", 0);
	ck_assert(!is_shut_down(ends[1], 600));
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
	close(other);
}
END_TEST

/* The connection has ended and its descriptor number now means another one. */
START_TEST(knows_that_a_number_means_another_socket)
{
	int others[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, others), 0);
	ck_assert(watch(ends[0], SIZE));
	ck_assert_int_eq(dup2(others[0], ends[0]), ends[0]);
	cut("file", 0);
	ck_assert(!is_shut_down(others[1], 600));
	close(others[0]);
	close(others[1]);
}
END_TEST

START_TEST(refuses_what_is_no_socket)
{
	ck_assert(!watch(-1, SIZE));
	ck_assert(!watch(file.fd, SIZE));
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
}
END_TEST

/* Signals belong to the program's own threads: here the only other one is the guard's. */
START_TEST(takes_no_signal)
{
	sigset_t all, pending;

	ck_assert(watch(ends[0], SIZE));
	sigfillset(&all);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &all, NULL), 0);
	ck_assert_int_eq(kill(getpid(), SIGUSR1), 0);
	usleep(100000);
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert(sigismember(&pending, SIGUSR1));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("guard");
	TCase *tcase = tcase_create("guard");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, cuts_the_connection_of_a_cut_file);
	tcase_add_test(tcase, leaves_a_file_alone_that_is_cut_behind_the_end);
	tcase_add_test(tcase, forgets);
	tcase_add_test(tcase, watches_one_body_for_each_socket);
	tcase_add_test(tcase, knows_that_a_number_means_another_file);
	tcase_add_test(tcase, knows_that_a_number_means_another_socket);
	tcase_add_test(tcase, refuses_what_is_no_socket);
	tcase_add_test(tcase, takes_no_signal);
	suite_add_tcase(suite, tcase);
	return suite;
}
