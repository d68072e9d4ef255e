/* The guard by itself: what it cuts, and what it leaves alone when descriptor numbers are given again. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/memory.h"
#include "mhd/guard.h"
#include "mhd/handler.h"
#include "mhd/open_files.h"
#include "fs/system.h"
#include "slow_tree.h"
#include "suite.h"
#include "tree.h"

#define SIZE 1000

static const struct fsrv__allocator allocator = {fsrv__default_allocate, NULL};
static struct fsrv fs;
static unsigned n_ended[FSRV_ENDING_DRAINED + 1];
static uint64_t last_sent;
static _Thread_local unsigned depth; /* of calls of the hook that asks for counters */
static atomic_uint deepest, n_told;

static struct tree tree;
static struct fsrv__guard *guard;
static struct fsrv__file file;
static int ends[2]; /* 0 is watched, 1 is the client's */

/* What happens, once, just before the guard looks at a file or asks how much of a body was written. */
static void (*_Atomic before_look)(void);
static void (*_Atomic before_count)(void);
static atomic_uint n_looks;

static void happen(void (*_Atomic *event)(void))
{
	void (*function)(void) = atomic_exchange(event, NULL);

	if (function != NULL)
		function();
}

/* In place of the C library's: of what is tested here only the guard calls statx(2), by this function. No
 * call has more than five arguments. */
long syscall(long number, ...)
{
	void *symbol = dlsym(RTLD_NEXT, "syscall");
	long (*next)(long, ...);
	long arguments[5];
	va_list list;

	memcpy(&next, &symbol, sizeof(next));
	va_start(list, number);
	for (int i = 0; i < LEN(arguments); i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_statx) {
		happen(&before_look);
		atomic_fetch_add(&n_looks, 1);
	}
	return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
}

int getsockopt(int socket, int level, int name, void *restrict value, socklen_t *restrict size)
{
	if (level == IPPROTO_TCP)
		happen(&before_count);
	return (int)syscall(SYS_getsockopt, socket, level, name, value, size);
}

static void wait_for_looks(unsigned n)
{
	unsigned end = atomic_load(&n_looks) + n;

	for (int waited = 0; waited < 20000 && atomic_load(&n_looks) < end; waited++)
		usleep(1000);
	ck_assert_uint_ge(atomic_load(&n_looks), end);
}

static void count_ending(void *cls, const struct fsrv_completion *completion)
{
	(void)cls;
	last_sent = completion->sent;
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

static bool watch(int socket, uint64_t length)
{
	const struct fsrv__plan plan = {.status = 200, .content = FSRV__CONTENT_SLICE, .length = length};
	const struct fsrv__answer answer = {.fs = &fs, .socket = socket, .plan = &plan};
	struct fsrv__guarded_body body = {.socket = socket,
					  .fd = file.fd,
					  .device = file.identity.device,
					  .inode = file.identity.inode,
					  .end = length};

	body.transfer = fsrv__transfer_begin(&answer, true);
	ck_assert_ptr_nonnull(body.transfer);
	if (!fsrv__transfer_identify_socket(body.transfer) || !fsrv__guard_reserve(guard, socket)) {
		fsrv__transfer_cancel(body.transfer);
		return false;
	}
	fsrv__transfer_begin_content(body.transfer);
	fsrv__transfer_confirm(body.transfer);
	fsrv__guard_watch(guard, &body);
	return true;
}

static void free_guard(void)
{
	fsrv__guard_free(guard);
	guard = NULL;
}

static void set_up(void)
{
	mode_t mode;

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
	ck_assert(fsrv__file_stat(&file, file.fd, &mode));
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
	free_guard();
	ck_assert_uint_eq(n_ended[FSRV_ENDING_FILE_CHANGED], 1);
	ck_assert_uint_eq(atomic_load(&fs.counters.cut_connections), 1);
}
END_TEST

/* Both ends of a TCP connection, whose kernel tells how much was sent. */
static void connect_by_tcp(int pair[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	pair[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(pair[1], (struct sockaddr *)&address, size), 0);
	pair[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(pair[0], 0);
	close(listener);
}

/* The end of what is sent is no byte, although TCP numbers it like one. */
START_TEST(counts_no_end)
{
	uint64_t written;

	close(ends[0]);
	close(ends[1]);
	connect_by_tcp(ends);
	ck_assert_int_eq(send(ends[0], "text", 4, 0), 4);
	ck_assert(fsrv__system_count_written(ends[0], &written));
	ck_assert_uint_eq(written, 4);
	shutdown(ends[0], SHUT_WR);
	ck_assert(fsrv__system_count_written(ends[0], &written));
	ck_assert_uint_eq(written, 4);
}
END_TEST

/* Bytes that the peer has not taken, whether they are under way or not, are written all the same. */
START_TEST(counts_what_waits)
{
	static char bytes[65536];
	uint64_t total = 0, written;
	ssize_t n;

	close(ends[0]);
	close(ends[1]);
	connect_by_tcp(ends);
	while ((n = send(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		total += (uint64_t)n;
		ck_assert(fsrv__system_count_written(ends[0], &written));
		ck_assert_uint_eq(written, total);
	}
	ck_assert_uint_gt(total, sizeof(bytes));
	shutdown(ends[0], SHUT_WR);
	ck_assert(fsrv__system_count_written(ends[0], &written));
	ck_assert_uint_eq(written, total);
	while (recv(ends[1], bytes, sizeof(bytes), 0) > 0)
		;
	ck_assert(fsrv__system_count_written(ends[0], &written));
	ck_assert_uint_eq(written, total);
}
END_TEST

/* Until the limit is set back the process gets no more descriptors: those below the limit are taken. */
static struct rlimit lower_limit(void)
{
	struct rlimit before, low;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = STDERR_FILENO + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	return before;
}

/* Nobody else would end the connection: libmicrohttpd tries on. */
START_TEST(cuts_the_connection_when_there_is_a_descriptor_again)
{
	struct rlimit before;
	char bytes[300] = "";

	close(ends[0]);
	close(ends[1]);
	connect_by_tcp(ends);
	ck_assert(watch(ends[0], SIZE));
	ck_assert_int_eq(send(ends[0], bytes, sizeof(bytes), 0), sizeof(bytes));
	ck_assert_int_eq(recv(ends[1], bytes, sizeof(bytes), MSG_WAITALL), sizeof(bytes));
	before = lower_limit();
	cut("file", 0);
	wait_for_looks(3);
	ck_assert(!is_shut_down(ends[1], 0));
	ck_assert_uint_eq(fsrv__guard_count(guard), 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert(is_shut_down(ends[1], 20000));
	free_guard();
	ck_assert_uint_eq(n_ended[FSRV_ENDING_FILE_CHANGED], 1);
	ck_assert_uint_eq(last_sent, sizeof(bytes));
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
	fsrv__guard_complete(guard, ends[0], FSRV_ENDING_COMPLETE);
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
	ck_assert_uint_eq(n_ended[FSRV_ENDING_COMPLETE], 1);
	cut("file", 0);
	ck_assert(!is_shut_down(ends[1], 600));
	ck_assert(watch(ends[0], 0)); /* an empty file is long enough */
	fsrv__guard_end(guard, 100000);
	fsrv__guard_end(guard, -1);
	fsrv__guard_complete(guard, 100000, FSRV_ENDING_COMPLETE);
	fsrv__guard_complete(guard, -1, FSRV_ENDING_COMPLETE);
	fsrv__guard_end(guard, ends[0]);
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
	free_guard();
	ck_assert_uint_eq(n_ended[FSRV_ENDING_COMPLETE], 2);
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
	for (int waited = 0; waited < 20000 && fsrv__guard_count(guard) > 0; waited++)
		usleep(1000);
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
	ck_assert(!is_shut_down(ends[1], 0));
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

static void (*const harmless_changes[])(void) = {do_nothing, touch, append};

/* Nothing is sent, all that was sent is acknowledged, and the next byte is in memory. */
START_TEST(leaves_a_file_alone_that_is_long_enough)
{
	close(ends[0]);
	close(ends[1]);
	connect_by_tcp(ends);
	ck_assert(watch(ends[0], SIZE));
	harmless_changes[_i]();
	wait_for_looks(8);
	ck_assert_uint_eq(fsrv__guard_count(guard), 1);
	ck_assert(!is_shut_down(ends[1], 0));
}
END_TEST

/* Gives the block that was freed last again. */
static void *reuse(void *cls, void *memory, size_t size)
{
	static void *last;
	void *block = last;

	(void)cls;
	if (size == 0) {
		last = memory;
		return NULL;
	}
	last = NULL;
	return block != NULL && memory == NULL ? block : realloc(memory, size);
}

static int second_file;

/* The first body ends, and the next one begins on the same connection. */
static void begin_the_next_body(void)
{
	int other = open(tree_path(&tree, "other"), O_RDONLY | O_CLOEXEC);

	fsrv__guard_complete(guard, ends[0], FSRV_ENDING_COMPLETE);
	ck_assert_int_eq(dup2(other, file.fd), file.fd);
	close(other);
	file.fd = second_file;
	ck_assert(watch(ends[0], SIZE));
}

/* Its transfer has the same address and its connection the same cookie. */
START_TEST(does_not_take_the_next_body_for_the_one_it_looked_at)
{
	fs.allocator.function = reuse;
	second_file = open(tree_path(&tree, "file"), O_RDONLY | O_CLOEXEC);
	ck_assert(watch(ends[0], SIZE));
	atomic_store(&before_look, begin_the_next_body);
	wait_for_looks(4);
	ck_assert_uint_eq(fsrv__guard_count(guard), 1);
	ck_assert_uint_eq(n_ended[FSRV_ENDING_COMPLETE], 1);
	ck_assert_uint_eq(n_ended[FSRV_ENDING_ABORTED], 0);
	cut("file", 0);
	ck_assert(is_shut_down(ends[1], 20000));
	free_guard();
	ck_assert_uint_eq(n_ended[FSRV_ENDING_FILE_CHANGED], 1);
	ck_assert_uint_eq(n_ended[FSRV_ENDING_ABORTED], 0);
}
END_TEST

static int others[2];

static void give_the_number_again(void)
{
	ck_assert_int_eq(dup2(others[0], ends[0]), ends[0]);
}

/* The connection is closed, and its number given to another one, while the guard asks how much was sent. */
START_TEST(counts_the_bytes_of_the_connection_that_it_watches)
{
	char bytes[900] = "";

	close(ends[0]);
	close(ends[1]);
	connect_by_tcp(ends);
	connect_by_tcp(others);
	ck_assert_int_eq(send(others[0], bytes, 900, 0), 900);
	ck_assert(watch(ends[0], SIZE));
	ck_assert_int_eq(send(ends[0], bytes, 300, 0), 300);
	atomic_store(&before_count, give_the_number_again);
	for (int waited = 0; waited < 20000 && fsrv__guard_count(guard) > 0; waited++)
		usleep(1000);
	free_guard();
	ck_assert_uint_eq(n_ended[FSRV_ENDING_ABORTED], 1);
	ck_assert_uint_eq(last_sent, 300);
	close(others[0]);
	close(others[1]);
}
END_TEST

/* The number of a body's file, which is closed, now means one on a disk that hangs. */
START_TEST(does_not_wait_for_a_disk)
{
	struct slow_tree slow;
	int fd;

	if (!slow_tree_is_possible()) {
		printf("# no FUSE file system can be mounted\n");
		return;
	}
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, others), 0);
	ck_assert_int_gt(others[0], ends[0]);
	slow_tree_mount(&slow, &tree);
	fd = open(tree_path(&slow.tree, "other"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert(watch(ends[0], SIZE));
	ck_assert_int_eq(dup2(fd, file.fd), file.fd);
	slow_tree_tell(&slow, "%s", "hang on");
	file.fd = open(tree_path(&tree, "file"), O_RDONLY | O_CLOEXEC);
	ck_assert(watch(others[0], SIZE));
	cut("file", 0);
	ck_assert(is_shut_down(others[1], 20000));
	slow_tree_tell(&slow, "%s", "hang off");
	free_guard();
	ck_assert_uint_eq(n_ended[FSRV_ENDING_FILE_CHANGED], 1);
	close(fd);
	slow_tree_unmount(&slow);
	close(others[0]);
	close(others[1]);
}
END_TEST

static pthread_mutex_t program;

static void take_lock(void *cls, const struct fsrv_completion *completion)
{
	(void)cls;
	(void)completion;
	ck_assert_int_eq(pthread_mutex_lock(&program), 0);
	pthread_mutex_unlock(&program);
	atomic_fetch_add(&n_told, 1);
}

static void ask_for_stats(void)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(fsrv_stats(&fs, &stats), FSRV_OK);
}

static void open_another_file(void)
{
	atomic_store(&fs.counters.open_files, 1);
	fs.max_files = 1;
	ck_assert(!fsrv__open_files_reserve(&fs));
	atomic_store(&fs.counters.open_files, 0);
}

static void ask_on_the_same_connection(void)
{
	fsrv__guard_end(guard, ends[0]);
}

static void begin_another_body(void)
{
	ck_assert(watch(ends[0], SIZE));
	fsrv__guard_end(guard, ends[0]);
}

static const struct {
	void (*find_out)(void);
	unsigned n_told;
} calls[] = {
	{ask_for_stats, 1},
	{open_another_file, 1},
	{ask_on_the_same_connection, 1},
	{begin_another_body, 2},
};

/* The program holds a lock that its hook takes. What has ended counts as ended all the same, at once. */
START_TEST(calls_the_hook_on_its_own_thread)
{
	int other = open(tree_path(&tree, "other"), O_RDONLY | O_CLOEXEC);
	pthread_mutexattr_t checked;

	pthread_mutexattr_init(&checked);
	pthread_mutexattr_settype(&checked, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&program, &checked);
	fs.guard = guard;
	fs.completion = take_lock;
	fsrv__cache_init(&fs.cache, &allocator, 1000);
	ck_assert(watch(ends[0], SIZE));
	pthread_mutex_lock(&program);
	ck_assert_int_eq(dup2(other, file.fd), file.fd);
	calls[_i].find_out();
	ck_assert_uint_eq(atomic_load(&fs.counters.live_bodies), 0);
	ck_assert_uint_eq(atomic_load(&n_told), 0);
	pthread_mutex_unlock(&program);
	for (int waited = 0; waited < 20000 && atomic_load(&n_told) < calls[_i].n_told; waited++)
		usleep(1000);
	ck_assert_uint_eq(atomic_load(&n_told), calls[_i].n_told);
	fsrv__cache_destroy(&fs.cache);
	close(other);
}
END_TEST

/* What is watched in the end is reported too. */
START_TEST(reports_what_is_left)
{
	ck_assert(watch(ends[0], SIZE));
	free_guard();
	ck_assert_uint_eq(n_ended[FSRV_ENDING_ABORTED], 1);
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

/* The hook makes the guard look for what has ended, which does not call the hook again from there. First the
 * program asks, then only the guard's thread looks. */
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
	ck_assert_uint_eq(atomic_load(&deepest), 1);
	ck_assert_uint_eq(fsrv__guard_count(guard), 0);
	free_guard();
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

const char *test_lacks(void)
{
	return SYSTEM_IS_PORTABLE ? "a system that watches sendfile(2)" : NULL;
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("guard");
	TCase *tcase = tcase_create("guard");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, cuts_the_connection_of_a_cut_file);
	tcase_add_test(tcase, counts_no_end);
	tcase_add_test(tcase, counts_what_waits);
	tcase_add_test(tcase, cuts_the_connection_when_there_is_a_descriptor_again);
	tcase_add_test(tcase, leaves_a_file_alone_that_is_cut_behind_the_end);
	tcase_add_test(tcase, forgets);
	tcase_add_test(tcase, watches_one_body_for_each_socket);
	tcase_add_test(tcase, knows_that_a_number_means_another_file);
	tcase_add_test(tcase, knows_that_a_number_means_another_socket);
	tcase_add_test(tcase, refuses_what_is_no_socket);
	tcase_add_loop_test(tcase, leaves_a_file_alone_that_is_long_enough, 0, LEN(harmless_changes));
	tcase_add_test(tcase, does_not_take_the_next_body_for_the_one_it_looked_at);
	tcase_add_test(tcase, counts_the_bytes_of_the_connection_that_it_watches);
	tcase_add_test(tcase, does_not_wait_for_a_disk);
	tcase_add_loop_test(tcase, calls_the_hook_on_its_own_thread, 0, LEN(calls));
	tcase_add_test(tcase, reports_what_is_left);
	tcase_add_loop_test(tcase, lets_the_hook_ask_for_counters, 0, 2);
	tcase_add_test(tcase, takes_no_signal);
	suite_add_tcase(suite, tcase);
	return suite;
}
