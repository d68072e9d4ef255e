/* Large files: right bytes by every way out, and files that change while they are sent. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "suite.h"
#include "tree.h"

#define MIB	   (UINT64_C(1) << 20)
#define FILE_SIZE  (3 * MIB + 12345)
#define LARGE_SIZE (8 * MIB)

static const enum fsrv_body bodies[] = {FSRV_BODY_AUTO, FSRV_BODY_ZERO_COPY, FSRV_BODY_READER};

/* AUTO comes first and is always one of the others: tests that take long leave it out. */
#define N_WAYS (N_MODES * LEN(bodies))

static struct tree tree;

static void set_up(void)
{
	tree_make(&tree);
	tree_write_pattern(&tree, "clip.mp4", FILE_SIZE);
}

static void tear_down(void)
{
	tree_remove(&tree);
}

struct service {
	struct fsrv *fs;
	struct test_daemon daemon;
};

/* Every mode with every option body: way counts through all of them. */
static void service_start(struct service *service, int way)
{
	const char *roots[] = {tree.path};
	struct fsrv_options options = {
		.size = sizeof(options), .roots = roots, .n_roots = 1, .body = bodies[way / N_MODES],
		.wake = daemon_wake, .wake_cls = &service->daemon};

	ck_assert_int_eq(fsrv_new(&options, &service->fs), FSRV_OK);
	daemon_start(&service->daemon, &daemon_modes[way % N_MODES], fsrv_handle, service->fs, 0);
}

static void service_stop(struct service *service)
{
	daemon_stop(&service->daemon);
	fsrv_free(service->fs);
}

static const struct {
	const char *range;
	uint64_t offset, length;
} slices[] = {
	{"0-", 0, FILE_SIZE},
	{"0-0", 0, 1},
	{"1-65536", 1, 65536},
	{"1-65537", 1, 65537},
	{"65535-65536", 65535, 2},
	{"131071-262144", 131071, 131074},
	{"1048575-2097153", 1048575, 1048579},
	{"3145728-", 3 * MIB, 12345},
	{"-70000", FILE_SIZE - 70000, 70000},
	{"-1", FILE_SIZE - 1, 1},
	{"0-99999999999", 0, FILE_SIZE},
};

static void expect_slices(int way, int (*connect_to)(struct test_daemon *daemon))
{
	struct service service;
	struct client client;
	struct reply reply;
	char field[64];

	service_start(&service, way);
	client_open(&client, connect_to(&service.daemon));
	for (int i = 0; i < LEN(slices); i++) {
		snprintf(field, sizeof(field), "Range: bytes=%s\r\n", slices[i].range);
		client_ask(&client, "GET", "/clip.mp4", field, &reply);
		ck_assert_int_eq(reply.status, 206);
		ck_assert_uint_eq(reply.announced, slices[i].length);
		ck_assert_msg(reply.whole, "bytes=%s: %zu bytes", slices[i].range, reply.length);
		ck_assert_msg(tree_compare(reply.body, reply.length, slices[i].offset) == reply.length,
			      "bytes=%s: wrong byte", slices[i].range);
		client_reply_free(&reply);
	}
	client_ask(&client, "GET", "/clip.mp4", "", &reply);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), FILE_SIZE);
	client_reply_free(&reply);
	client_close(&client);
	service_stop(&service);
}

START_TEST(sends_the_right_bytes)
{
	expect_slices(_i, daemon_connect_tcp);
}
END_TEST

START_TEST(sends_the_right_bytes_through_socket_pairs)
{
	expect_slices(_i, daemon_connect);
}
END_TEST

START_TEST(reaches_behind_4_gib)
{
	struct service service;
	struct client client;
	struct reply reply;
	int fd = open(tree_path(&tree, "huge"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)(5120 * MIB)), 0);
	ck_assert_int_eq(pwrite(fd, "marker", 6, (off_t)(4096 * MIB + 7)), 6);
	close(fd);
	service_start(&service, _i);
	client_open(&client, daemon_connect_tcp(&service.daemon));
	client_ask(&client, "GET", "/huge", "Range: bytes=4294967303-4294967308\r\n", &reply);
	ck_assert_str_eq(reply.body, "marker");
	ck_assert_str_eq(client_field(&reply, "Content-Range"), "bytes 4294967303-4294967308/5368709120");
	client_reply_free(&reply);
	client_ask(&client, "GET", "/huge", "Range: bytes=4294900000-4294999999\r\n", &reply);
	ck_assert_uint_eq(reply.length, 100000);
	ck_assert_str_eq(reply.body + 67303, "marker");
	client_reply_free(&reply);
	client_ask(&client, "HEAD", "/huge", "", &reply);
	ck_assert_uint_eq(reply.announced, 5120 * MIB);
	client_reply_free(&reply);
	client_close(&client);
	service_stop(&service);
	unlink(tree_path(&tree, "huge"));
}
END_TEST

/* Starts a download and reads nothing, so that most of the file has yet to leave. */
static void start_download(struct service *service, struct client *client)
{
	int small = 65536;
	int socket = daemon_connect_tcp(&service->daemon);
	struct pollfd answer = {.fd = socket, .events = POLLIN};

	setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	client_open(client, socket);
	ck_assert(client_send_text(client, "GET /growing HTTP/1.1\r\nHost: test\r\n\r\n"));
	ck_assert_int_eq(poll(&answer, 1, CLIENT_PATIENCE_MS), 1);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The connection ends short, the bytes that came are right, and the next connection is served. The
 * cut lies between two pages: sendfile(2) queues pages, not copies, and the kernel fills the rest of the
 * page in which a cut lies with zeros, queued or not. */
START_TEST(ends_short_when_the_file_is_cut)
{
	static const off_t cuts[] = {0, 3 * MIB};
	struct service service;
	struct client client;
	struct reply reply;

	service_start(&service, _i);
	for (int i = 0; i < LEN(cuts); i++) {
		tree_write_pattern(&tree, "growing", LARGE_SIZE);
		start_download(&service, &client);
		ck_assert_int_eq(truncate(tree_path(&tree, "growing"), cuts[i]), 0);
		client_read(&client, true, &reply);
		ck_assert_int_eq(reply.status, 200);
		ck_assert(!reply.whole);
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), reply.length);
		client_reply_free(&reply);
		client_close(&client);
		client_open(&client, daemon_connect_tcp(&service.daemon));
		client_ask(&client, "GET", "/growing", "", &reply);
		ck_assert_uint_eq(reply.announced, (uint64_t)cuts[i]);
		ck_assert(reply.whole);
		client_reply_free(&reply);
		client_close(&client);
	}
	service_stop(&service);
}
END_TEST

/* A thread that spins is never at rest; one that has something to finish soon is. */
static bool comes_to_rest(void)
{
	for (int i = 0; i < 150; i++) {
		double before = cpu_seconds();

		usleep(200000);
		if (cpu_seconds() - before < 0.1)
			return true;
	}
	return false;
}

START_TEST(rests_after_a_file_was_cut)
{
	struct service service;
	struct client client;

	service_start(&service, _i);
	tree_write_pattern(&tree, "growing", LARGE_SIZE);
	start_download(&service, &client);
	ck_assert_int_eq(truncate(tree_path(&tree, "growing"), 0), 0);
	ck_assert(client_sees_end(&client));
	ck_assert(comes_to_rest());
	client_close(&client);
	service_stop(&service);
}
END_TEST

/* Written anew between two looks of the guard, as a renderer does: long enough again, but with epoll
 * nobody would go on sending. The connection ends, whole or short. */
START_TEST(ends_when_the_file_is_rewritten)
{
	struct service service;
	struct client client;
	struct reply reply;
	char path[128];

	snprintf(path, sizeof(path), "%s", tree_path(&tree, "growing"));
	service_start(&service, _i);
	tree_write_pattern(&tree, "growing", LARGE_SIZE);
	start_download(&service, &client);
	ck_assert_int_eq(truncate(path, 0), 0);
	usleep(20000);
	ck_assert_int_eq(truncate(path, LARGE_SIZE), 0);
	client_read(&client, true, &reply);
	ck_assert_int_eq(reply.status, 200);
	client_reply_free(&reply);
	client_close(&client);
	service_stop(&service);
}
END_TEST

static void append(void)
{
	int fd = open(tree_path(&tree, "growing"), O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "more", 4), 4);
	close(fd);
}

static void replace(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s", tree_path(&tree, "growing"));
	tree_write_text(&tree, "other", "new content");
	ck_assert_int_eq(rename(tree_path(&tree, "other"), path), 0);
}

static void delete(void)
{
	ck_assert_int_eq(unlink(tree_path(&tree, "growing")), 0);
}

static void (*const changes[])(void) = {append, replace, delete};

/* What was announced is sent to its end, whatever happens to the name or behind the end. */
START_TEST(keeps_to_what_it_opened)
{
	struct service service;
	struct client client;
	struct reply reply;

	service_start(&service, _i);
	for (int i = 0; i < LEN(changes); i++) {
		tree_write_pattern(&tree, "growing", LARGE_SIZE);
		start_download(&service, &client);
		changes[i]();
		usleep(400000); /* the guard looks meanwhile */
		client_read(&client, true, &reply);
		ck_assert_uint_eq(reply.length, LARGE_SIZE);
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), LARGE_SIZE);
		client_reply_free(&reply);
		client_ask(&client, "GET", "/clip.mp4", "Range: bytes=5-6\r\n", &reply);
		ck_assert_uint_eq(reply.length, 2);
		client_reply_free(&reply);
		client_close(&client);
	}
	service_stop(&service);
}
END_TEST

/* A kept connection whose last file is cut afterwards is not touched. */
START_TEST(leaves_an_idle_connection_alone)
{
	struct service service;
	struct client client;
	struct reply reply;
	unsigned n_open;

	service_start(&service, _i);
	tree_write_pattern(&tree, "growing", LARGE_SIZE);
	client_open(&client, daemon_connect_tcp(&service.daemon));
	client_ask(&client, "GET", "/none", "", &reply);
	client_reply_free(&reply);
	n_open = open_descriptors();
	client_ask(&client, "GET", "/growing", "", &reply);
	ck_assert(reply.whole);
	client_reply_free(&reply);
	while (open_descriptors() > n_open) /* until the server has ended the body too */
		usleep(20000);
	ck_assert_int_eq(truncate(tree_path(&tree, "growing"), 10), 0);
	usleep(400000);
	client_ask(&client, "GET", "/growing", "", &reply);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(reply.length, 10);
	client_reply_free(&reply);
	client_close(&client);
	service_stop(&service);
}
END_TEST

/* Aborted downloads leave nothing behind. libmicrohttpd may keep the last connection of a thread until
 * the next one comes, so one more comes. */
START_TEST(releases_aborted_downloads)
{
	struct service service;
	struct client client;
	struct reply reply;
	unsigned before = 0, after = 0;

	service_start(&service, _i);
	tree_write_pattern(&tree, "growing", LARGE_SIZE);
	for (int round = 0; round < 41; round++) {
		client_open(&client, daemon_connect_tcp(&service.daemon));
		if (round % 40 == 0) {
			client_ask(&client, "GET", "/clip.mp4", "Range: bytes=5-6\r\n", &reply);
			client_reply_free(&reply);
		} else {
			ck_assert(client_send_text(&client, "GET /growing HTTP/1.1\r\nHost: test\r\n\r\n"));
			client_read(&client, false, &reply);
			client_reply_free(&reply);
		}
		client_close(&client);
		for (int wait = 0; round == 40 && wait < 1500 && (after = open_descriptors()) > before;
		     wait++)
			usleep(20000);
		if (round == 0) {
			usleep(100000);
			before = open_descriptors() + 1;
		}
	}
	ck_assert_msg(after <= before, "%u descriptors before, %u after", before, after);
	service_stop(&service);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("bodies");
	TCase *bytes = tcase_create("bytes");
	TCase *change = tcase_create("changes");

	tcase_add_unchecked_fixture(bytes, set_up, tear_down);
	tcase_set_timeout(bytes, 120);
	tcase_add_loop_test(bytes, sends_the_right_bytes, 0, N_WAYS);
	tcase_add_loop_test(bytes, sends_the_right_bytes_through_socket_pairs, 0, N_WAYS);
	tcase_add_loop_test(bytes, reaches_behind_4_gib, 0, N_WAYS);
	suite_add_tcase(suite, bytes);
	tcase_add_unchecked_fixture(change, set_up, tear_down);
	tcase_set_timeout(change, 120);
	tcase_add_loop_test(change, ends_short_when_the_file_is_cut, N_MODES, N_WAYS);
	tcase_add_loop_test(change, rests_after_a_file_was_cut, N_MODES, N_WAYS);
	tcase_add_loop_test(change, ends_when_the_file_is_rewritten, N_MODES, N_WAYS);
	tcase_add_loop_test(change, keeps_to_what_it_opened, 0, N_MODES);
	tcase_add_loop_test(change, leaves_an_idle_connection_alone, 0, N_MODES);
	tcase_add_loop_test(change, releases_aborted_downloads, N_MODES, N_WAYS);
	suite_add_tcase(suite, change);
	return suite;
}
