/* The guard by itself: what it cuts, and what it leaves alone when descriptor numbers are given again. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/memory.h"
#include "mhd/guard.h"
#include "mhd/handler.h"
#include "suite.h"
#include "tree.h"

#define SIZE 1000
/* More than sockets hold. */
#define MUCH (UINT64_C(64) << 20)

static const struct fsrv__allocator allocator = {fsrv__default_allocate, NULL};
static struct fsrv fs;
static unsigned n_ended[FSRV_ENDING_DRAINED + 1];
static _Thread_local unsigned depth; /* of calls of the hook that asks for counters */
static atomic_uint deepest, n_told;

static struct tree tree;
static struct fsrv__guard *guard;
static struct fsrv__file file;
static int ends[2]; /* 0 is watched, 1 is the client's */

static void count_ending(void *cls, const struct fsrv_completion *completion)
{
	(void)cls;
	n_ended[completion->ending]++;
}

/* In place of libmicrohttpd's: there is no connection. */
const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *connection,
							enum MHD_ConnectionInfoType info_type, ...)
{
	(void)connection;
	(void)info_type;
	return NULL;
}

static bool watch_closely(int socket, uint64_t length, bool may_stall)
{
	const struct fsrv__plan plan = {.status = 200, .content = FSRV__CONTENT_SLICE, .length = length};
	const struct fsrv__answer answer = {.fs = &fs, .socket = socket, .plan = &plan};
	struct fsrv__transfer *transfer = fsrv__transfer_begin(&answer, true);
	struct fsrv__guarded_body body = {socket, &file, 0, length, may_stall, transfer};
	bool watched;

	ck_assert_ptr_nonnull(transfer);
	fsrv__transfer_begin_content(transfer);
	watched = fsrv__guard_watch(guard, &body);
	if (!watched)
		fsrv__transfer_cancel(transfer);
	return watched;
}

static bool watch(int socket, uint64_t length)
{
	return watch_closely(socket, length, false);
}

static void set_up(void)
{
	memset(&fs, 0, sizeof(fs));
	memset(n_ended, 0, sizeof(n_ended));
	atomic_store(&deepest, 0);
	atomic_store(&n_told, 0);
	fs.allocator = allocator;
	fs.completion = count_ending;
	tree_make(&tree);
	tree_write_pattern(&tree, "file", SIZE);
	tree_write_pattern(&tree, "other", SIZE);
	file.fd = open(tree_path(&tree, "file"), O_RDONLY | O_CLOEXEC);
	ck_assert(fsrv__file_stat(&file, file.fd));
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
	fsrv__guard_end(guard, ends[0], FSRV_ENDING_COMPLETE);
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
	ck_assert_uint_eq(n_ended[FSRV_ENDING_COMPLETE], 1);
	cut("file", 0);
	ck_assert(!is_shut_down(ends[1], 600));
	fsrv__guard_end(guard, 100000, FSRV_ENDING_COMPLETE);
	fsrv__guard_end(guard, -1, FSRV_ENDING_COMPLETE);
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

static void lengthen(void)
{
	ck_assert_int_eq(truncate(tree_path(&tree, "file"), (off_t)MUCH), 0);
	ck_assert(fsrv__file_stat(&file, file.fd));
}

/* Both ends of a TCP connection, whose kernel tells how much was sent. */
static void connect_by_tcp(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	close(ends[0]);
	close(ends[1]);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(ends[1], (struct sockaddr *)&address, size), 0);
	ends[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(ends[0], 0);
	close(listener);
}

static void touch(void)
{
	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, "file"), NULL, 0), 0);
}

static void append(void)
{
	int fd = open(tree_path(&tree, "file"), O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
}

static void do_nothing(void)
{
}

static void move_on(void)
{
	char byte;

	if (send(ends[0], "x", 1, MSG_NOSIGNAL) == 1)
		ck_assert_int_eq(recv(ends[1], &byte, 1, 0), 1);
}

/* As much as the sockets hold. */
static void fill_queue(void)
{
	static const char much[65536];

	while (send(ends[0], much, sizeof(much), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
}

static bool is_in_memory(void)
{
	void *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, file.fd, 0);
	unsigned char state;

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mincore(map, SIZE, &state), 0);
	munmap(map, SIZE);
	return (state & 1) != 0;
}

/* As on a machine that is short of memory: what the guard itself has read is gone again. */
static void throw_out(void)
{
	fsync(file.fd);
	posix_fadvise(file.fd, 0, 0, POSIX_FADV_DONTNEED);
}

static const struct {
	const char *name;
	void (*change)(void);
	bool may_stall;
	void (*meanwhile)(void); /* a hundred times a second */
	bool is_cut;
} stalls[] = {
	{"touched", touch, true, do_nothing, true},
	{"appended to", append, true, do_nothing, true},
	{"not changed", do_nothing, true, do_nothing, false},
	{"on a daemon that cannot stall", touch, false, do_nothing, false},
	{"appended to, on a daemon that cannot stall", append, false, do_nothing, false},
	{"while bytes move", touch, true, move_on, false},
	{"while bytes are queued", touch, true, fill_queue, false},
	{"while the next byte is not at hand", touch, true, throw_out, false},
};

static bool can_be_thrown_out(void)
{
	throw_out();
	return !is_in_memory();
}

/* Nothing is cut in the time of eight sweeps that would be after three. */
START_TEST(cuts_a_rewritten_file_only_when_it_stalls)
{
	bool is_cut = false;

	connect_by_tcp();
	lengthen();
	if (stalls[_i].meanwhile == throw_out && !can_be_thrown_out()) {
		printf("# files are not let out of memory\n");
		return;
	}
	ck_assert(watch_closely(ends[0], MUCH, stalls[_i].may_stall));
	stalls[_i].change();
	for (int i = 0; i < (stalls[_i].is_cut ? 1000 : 220) && !is_cut; i++) {
		stalls[_i].meanwhile();
		usleep(10000);
		is_cut = fsrv__guard_count(guard) == 0;
	}
	ck_assert_msg(is_cut == stalls[_i].is_cut, "%s: %d", stalls[_i].name, is_cut);
	if (!is_cut)
		return;
	ck_assert(is_shut_down(ends[1], 5000));
	fsrv__guard_free(guard);
	guard = NULL;
	ck_assert_uint_eq(n_ended[FSRV_ENDING_FILE_CHANGED], 1);
}
END_TEST

/* Until then the body moved. */
START_TEST(cuts_a_rewritten_file_that_has_stalled_at_last)
{
	connect_by_tcp();
	ck_assert(watch_closely(ends[0], SIZE, true));
	touch();
	for (int i = 0; i < 100; i++) {
		move_on();
		usleep(10000);
	}
	ck_assert_uint_eq(fsrv__guard_count(guard), 1);
	ck_assert(is_shut_down(ends[1], 5000));
}
END_TEST

/* Whoever has it in mind to end the transfer asks first whether it still is there. */
START_TEST(tells_whether_it_has_ended_the_body)
{
	const struct fsrv__plan plan = {.status = 200, .content = FSRV__CONTENT_SLICE, .length = SIZE};
	const struct fsrv__answer answer = {.fs = &fs, .socket = ends[0], .plan = &plan};
	struct fsrv__transfer *transfer = fsrv__transfer_begin(&answer, true);
	const struct fsrv__guarded_body body = {ends[0], &file, 0, SIZE, false, transfer};

	ck_assert(!fsrv__guard_unwatch(guard, ends[0]));
	ck_assert(fsrv__guard_watch(guard, &body));
	ck_assert(fsrv__guard_unwatch(guard, ends[0]));
	fsrv__transfer_cancel(transfer);
	ck_assert(!fsrv__guard_unwatch(guard, ends[0]));
	ck_assert(watch(ends[0], SIZE));
	cut("file", 0);
	ck_assert(is_shut_down(ends[1], 20000));
	ck_assert(!fsrv__guard_unwatch(guard, ends[0]));
	ck_assert(!fsrv__guard_unwatch(guard, -1));
	ck_assert(!fsrv__guard_unwatch(guard, 100000));
}
END_TEST

#define N_BODIES 200

static void ask_for_counters(void *cls, const struct fsrv_completion *completion)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	(void)cls;
	(void)completion;
	depth++;
	atomic_fetch_add(&n_told, 1);
	if (atomic_load(&deepest) < depth)
		atomic_store(&deepest, depth);
	ck_assert_int_eq(fsrv_stats(&fs, &stats), FSRV_OK);
	depth--;
}

/* The hook makes the guard look for what has ended, which calls the hook. First the program asks, then only
 * the guard's thread looks. */
START_TEST(lets_the_hook_ask_for_counters)
{
	int pairs[N_BODIES][2], other = open(tree_path(&tree, "other"), O_RDONLY | O_CLOEXEC), before;
	struct fsrv_stats stats = {.size = sizeof(stats)};

	fs.guard = guard;
	fs.completion = ask_for_counters;
	fsrv__cache_init(&fs.cache, &allocator, 1000);
	for (int i = 0; i < N_BODIES; i++) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
		ck_assert(watch(pairs[i][0], SIZE));
	}
	before = dup(file.fd);
	ck_assert_int_eq(dup2(other, file.fd), file.fd);
	if (_i == 0)
		ck_assert_int_eq(fsrv_stats(&fs, &stats), FSRV_OK);
	for (int waited = 0; waited < 20000 && atomic_load(&n_told) < N_BODIES; waited++)
		usleep(1000);
	ck_assert_uint_eq(atomic_load(&n_told), N_BODIES);
	ck_assert_uint_le(atomic_load(&deepest), 3);
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
	fsrv__guard_free(guard);
	guard = NULL;
	for (int i = 0; i < N_BODIES; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	close(other);
	close(before);
	fsrv__cache_destroy(&fs.cache);
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
	tcase_add_loop_test(tcase, cuts_a_rewritten_file_only_when_it_stalls, 0, LEN(stalls));
	tcase_add_test(tcase, cuts_a_rewritten_file_that_has_stalled_at_last);
	tcase_add_test(tcase, tells_whether_it_has_ended_the_body);
	tcase_add_loop_test(tcase, lets_the_hook_ask_for_counters, 0, 2);
	tcase_add_test(tcase, takes_no_signal);
	suite_add_tcase(suite, tcase);
	return suite;
}
