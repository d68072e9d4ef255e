/* What the rest of the library expects of either implementation of fs/system.h. */
#include "fs/system.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "tree.h"

static struct tree tree;

static void make_tree(void)
{
	tree_make(&tree);
	tree_write_pattern(&tree, "clip", 300000);
	tree_write_text(&tree, "small", "small");
	ck_assert_int_eq(symlink("small", tree_path(&tree, "link")), 0);
}

static void remove_tree(void)
{
	tree_remove(&tree);
}

static int open_root(void)
{
	int fd = open(tree_path(&tree, "."), FSRV__SEARCH_FLAGS);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Where the call is there it keeps what it was asked for; where it is not it says so, and opens nothing. */
START_TEST(opens_confined_or_not_at_all)
{
	static const struct {
		const char *path;
		unsigned lookup;
		int error;
	} rows[] = {
		{"small", FSRV__LOOKUP_BENEATH, 0},
		{"link", FSRV__LOOKUP_BENEATH, 0},
		{"small", FSRV__LOOKUP_BENEATH | FSRV__LOOKUP_SAME_DEVICE, 0},
		{"link", FSRV__LOOKUP_BENEATH | FSRV__LOOKUP_NO_LINKS, ELOOP},
		{"../../etc", FSRV__LOOKUP_BENEATH, EXDEV},
		{"none", FSRV__LOOKUP_BENEATH, ENOENT},
	};
	int root = open_root();

	for (int i = 0; i < LEN(rows); i++) {
		int fd = fsrv__system_open(root, rows[i].path, O_RDONLY | O_CLOEXEC, rows[i].lookup);

		if (fd >= 0)
			close(fd);
		else if (errno == ENOSYS)
			continue;
		ck_assert_msg(fd < 0 ? errno == rows[i].error : rows[i].error == 0, "%s: %d, errno %d",
			      rows[i].path, fd, errno);
	}
	close(root);
}
END_TEST

static void expect_facts(int fd, const char *path, int how, const struct stat *wanted)
{
	struct fsrv__identity identity;
	mode_t mode;

	ck_assert(fsrv__system_stat(fd, path, how, &identity, &mode));
	ck_assert_uint_eq(identity.inode, (uint64_t)wanted->st_ino);
	ck_assert_uint_eq(identity.size, (uint64_t)wanted->st_size);
	ck_assert_uint_eq(identity.device, (uint64_t)wanted->st_dev);
	ck_assert_int_eq(identity.modified.seconds, wanted->st_mtime);
	ck_assert_int_eq(identity.changed.seconds, wanted->st_ctime);
	ck_assert_uint_eq(mode, wanted->st_mode);
}

START_TEST(tells_the_facts_of_descriptors_paths_and_names)
{
	int root = open_root(), fd = open(tree_path(&tree, "small"), O_RDONLY | O_CLOEXEC);
	struct fsrv__identity identity;
	struct stat file, link;
	mode_t mode;

	ck_assert_int_eq(fstat(fd, &file), 0);
	ck_assert_int_eq(lstat(tree_path(&tree, "link"), &link), 0);
	expect_facts(fd, "", 0, &file);
	expect_facts(AT_FDCWD, tree_path(&tree, "small"), 0, &file);
	expect_facts(root, "small", 0, &file);
	expect_facts(root, "link", 0, &file);
	expect_facts(root, "link", AT_SYMLINK_NOFOLLOW, &link);
	ck_assert(!fsrv__system_stat(root, "none", 0, &identity, &mode));
	ck_assert_int_eq(errno, ENOENT);
	close(fd);
	ck_assert(!fsrv__system_stat(fd, "", 0, &identity, &mode));
	ck_assert_int_eq(errno, EBADF);
	close(root);
}
END_TEST

START_TEST(knows_the_same_facts_or_none)
{
	int fd = open(tree_path(&tree, "clip"), O_RDONLY | O_CLOEXEC);
	struct fsrv__known_facts facts;
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	if (fsrv__system_tell_known(fd, &facts)) {
		ck_assert_uint_eq(facts.size, 300000);
		ck_assert_uint_eq(facts.inode, (uint64_t)st.st_ino);
		ck_assert_uint_eq(facts.device, (uint64_t)st.st_dev);
	}
	close(fd);
	ck_assert(!fsrv__system_tell_known(fd, &facts));
}
END_TEST

/* The file has just been written, so it is in memory: to say so is allowed, and not to know it. */
START_TEST(never_claims_more_than_it_reads)
{
	int fd = open(tree_path(&tree, "clip"), O_RDONLY | O_CLOEXEC);
	char buffer[4096], wanted[sizeof(buffer)];
	ssize_t n = fsrv__system_read_nowait(fd, buffer, sizeof(buffer), 100);

	if (n < 0)
		ck_assert(errno == EAGAIN || errno == EOPNOTSUPP);
	ck_assert_int_eq(pread(fd, wanted, sizeof(wanted), 100), sizeof(wanted));
	if (n > 0)
		ck_assert_mem_eq(buffer, wanted, (size_t)n);
	ck_assert(!fsrv__system_has_all_pages(fd, 8192, 300000));
	ck_assert_uint_le(fsrv__system_count_resident(fd, 5000, 100), 5000);
	if (!fsrv__system_tells_residency())
		ck_assert(n < 0 && fsrv__system_count_resident(fd, 5000, 100) == 0);
	fsrv__system_set_read_ahead(fd, false);
	fsrv__system_set_read_ahead(fd, true);
	fsrv__system_request(fd, 0, 300000);
	close(fd);
}
END_TEST

static int listen_somewhere(struct sockaddr_in *address)
{
	int fd = fsrv__system_make_socket(AF_INET);
	socklen_t size = sizeof(*address);

	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)address, size), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)address, &size), 0);
	return fd;
}

/* The server's end of a new connection; *client is the other one. */
static int connect_to(int listener, const struct sockaddr_in *address, int *client)
{
	int fd;

	*client = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(*client, (const struct sockaddr *)address, sizeof(*address)), 0);
	do
		fd = accept(listener, NULL, NULL);
	while (fd < 0 && errno == EAGAIN);
	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(makes_sockets_that_neither_leak_nor_block)
{
	int fd = fsrv__system_make_socket(AF_INET);

	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
	ck_assert_int_eq(fsrv__system_make_socket(12345), -1);
	ck_assert_int_ne(errno, 0);
}
END_TEST

START_TEST(probes_silent_peers_when_it_is_told_to)
{
	static const struct {
		int option, value;
	} rows[] = {{TCP_KEEPIDLE, 61}, {TCP_KEEPINTVL, 16}, {TCP_KEEPCNT, 5}};
	int fd = fsrv__system_make_socket(AF_INET);

	fsrv__system_set_probes(fd, 61, 16, 5);
	for (int i = 0; i < LEN(rows); i++) {
		socklen_t size = sizeof(int);
		int value = 0;

		ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, rows[i].option, &value, &size), 0);
		ck_assert_int_eq(value, rows[i].value);
	}
	close(fd);
}
END_TEST

START_TEST(tells_sockets_apart)
{
	struct sockaddr_in address;
	int listener = listen_somewhere(&address), client[2], server[2], pair[2], copy;
	uint64_t first;

	for (int i = 0; i < 2; i++)
		server[i] = connect_to(listener, &address, &client[i]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	first = fsrv__system_identify_socket(server[0]);
	copy = dup(server[0]);
	ck_assert_uint_ne(first, 0);
	ck_assert_uint_eq(fsrv__system_identify_socket(server[0]), first);
	ck_assert_uint_eq(fsrv__system_identify_socket(copy), first);
	ck_assert_uint_ne(fsrv__system_identify_socket(server[1]), first);
	ck_assert_uint_ne(fsrv__system_identify_socket(listener), first);
	ck_assert_uint_ne(fsrv__system_identify_socket(pair[0]), fsrv__system_identify_socket(pair[1]));
	close(copy);
	/* Another connection gets the descriptor. */
	ck_assert_int_eq(dup2(server[1], server[0]), server[0]);
	ck_assert_uint_ne(fsrv__system_identify_socket(server[0]), first);
	close(server[0]);
	ck_assert_uint_eq(fsrv__system_identify_socket(server[0]), 0);
	ck_assert_uint_eq(fsrv__system_identify_socket(STDIN_FILENO), 0);
	for (int i = 0; i < 2; i++) {
		close(client[i]);
		close(pair[i]);
	}
	close(server[1]);
	close(listener);
}
END_TEST

START_TEST(notices_that_the_peer_has_closed)
{
	struct sockaddr_in address;
	int listener = listen_somewhere(&address), client, server = connect_to(listener, &address, &client);

	ck_assert(!fsrv__system_peer_has_closed(server, 1));
	close(client);
	ck_assert(fsrv__system_peer_has_closed(server, 10000));
	close(server);
	close(listener);
}
END_TEST

/* What a client asked for before that is no reason to go on. */
START_TEST(does_not_take_what_was_received_for_an_end)
{
	struct sockaddr_in address;
	int listener = listen_somewhere(&address), client, server = connect_to(listener, &address, &client);

	ck_assert_int_eq(send(client, "GET", 3, 0), 3);
	ck_assert(!fsrv__system_peer_has_closed(server, 1));
	close(client);
	close(server);
	close(listener);
}
END_TEST

START_TEST(counts_what_was_written_if_it_can)
{
	struct sockaddr_in address;
	int listener = listen_somewhere(&address), client, server = connect_to(listener, &address, &client);
	uint64_t before, after;

	if (fsrv__system_count_written(server, &before)) {
		ck_assert_int_eq(send(server, "12345", 5, 0), 5);
		ck_assert(fsrv__system_count_written(server, &after));
		ck_assert_uint_eq(after - before, 5);
	} else {
		ck_assert(!fsrv__system_watches_sendfile());
	}
	close(client);
	close(server);
	close(listener);
}
END_TEST

START_TEST(waits_until_a_time)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_condattr_t attributes;
	pthread_cond_t condition;
	struct timespec until, now;

	pthread_condattr_init(&attributes);
	fsrv__system_set_wait_clock(&attributes);
	pthread_cond_init(&condition, &attributes);
	pthread_condattr_destroy(&attributes);
	clock_gettime(CLOCK_MONOTONIC, &until);
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < 2; i++) { /* at once, since it is over, and in 20 ms */
		ck_assert_int_eq(fsrv__system_wait(&condition, &mutex, &until), ETIMEDOUT);
		clock_gettime(CLOCK_MONOTONIC, &now);
		ck_assert(now.tv_sec > until.tv_sec ||
			  (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
		until = now;
		until.tv_nsec += 20000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	}
	pthread_mutex_unlock(&mutex);
	pthread_cond_destroy(&condition);
}
END_TEST

/* A second is many ticks, and little for a machine that stands still. */
START_TEST(reads_clocks_that_are_not_ahead)
{
	static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME};

	for (int i = 0; i < LEN(clocks); i++) {
		struct timespec before, now, after;

		clock_gettime(clocks[i], &before);
		fsrv__system_read_clock(clocks[i], &now);
		clock_gettime(clocks[i], &after);
		ck_assert_int_ge(now.tv_sec, before.tv_sec - 1);
		ck_assert_int_le(now.tv_sec, after.tv_sec);
	}
}
END_TEST

START_TEST(explains_errors_in_english)
{
	char buffer[100];

	ck_assert_str_eq(fsrv__system_error_text(ENOENT, buffer, sizeof(buffer)),
			 "No such file or directory");
}
END_TEST

START_TEST(chooses_numbers_that_differ)
{
	uint64_t numbers[2] = {0, 0};

	for (int i = 0; i < 2; i++)
		ck_assert(fsrv__system_choose_number(&numbers[i]));
	ck_assert_uint_ne(numbers[0], numbers[1]);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("system");
	TCase *tcase = tcase_create("system");

	tcase_add_checked_fixture(tcase, make_tree, remove_tree);
	tcase_add_test(tcase, opens_confined_or_not_at_all);
	tcase_add_test(tcase, tells_the_facts_of_descriptors_paths_and_names);
	tcase_add_test(tcase, knows_the_same_facts_or_none);
	tcase_add_test(tcase, never_claims_more_than_it_reads);
	tcase_add_test(tcase, makes_sockets_that_neither_leak_nor_block);
	tcase_add_test(tcase, probes_silent_peers_when_it_is_told_to);
	tcase_add_test(tcase, tells_sockets_apart);
	tcase_add_test(tcase, notices_that_the_peer_has_closed);
	tcase_add_test(tcase, does_not_take_what_was_received_for_an_end);
	tcase_add_test(tcase, counts_what_was_written_if_it_can);
	tcase_add_test(tcase, waits_until_a_time);
	tcase_add_test(tcase, reads_clocks_that_are_not_ahead);
	tcase_add_test(tcase, explains_errors_in_english);
	tcase_add_test(tcase, chooses_numbers_that_differ);
	suite_add_tcase(suite, tcase);
	return suite;
}
