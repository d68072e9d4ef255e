/* Several ranges in one answer while the disk hangs, fails or has to be waited for, and while the file is
 * cut. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clips.h"
#include "service.h"

#define SIZE     (4 * MIB)
#define CUT_SIZE (8 * MIB)

static struct matrix matrix;

struct slice {
	uint64_t first, last;
};

/* Backwards and forwards, of the sizes of several blocks, of a few bytes, and up to the end. */
static const struct slice slices[] = {{2000001, 2999999}, {100, 139}, {500000, 1500000}, {3100000, SIZE - 1}};
static const struct slice of_cut[] = {{4 * MIB, CUT_SIZE - 1}, {100, 3999999}};

static void write_files(void)
{
	clips_make(MAX_WAYS, SIZE);
}

static void start(int group, bool (*select)(const struct way *way))
{
	matrix.options.max_ranges = 8;
	matrix.handler = service_handle;
	matrix_start(&matrix, group, select, clips.roots, LEN(clips.roots));
}

static void request(struct service *service, struct client *client, const char *target,
		    const struct slice *list, int n)
{
	char text[512];
	size_t used = (size_t)snprintf(text, sizeof(text),
				       "GET %s HTTP/1.1\r\nHost: localhost\r\nRange: bytes=", target);
	int little = 65536;

	for (int i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%llu-%llu", i > 0 ? "," : "",
					 (unsigned long long)list[i].first, (unsigned long long)list[i].last);
	snprintf(text + used, sizeof(text) - used, "\r\n\r\n");
	client_open(client, service_connect(service));
	setsockopt(client->socket, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	ck_assert(client_send_text(client, text));
}

/* Puts all parts together, each byte of a file with the pattern; returns the length. */
static size_t write_wanted(char *wanted, const char *boundary, const struct slice *list, int n)
{
	uint64_t size = list == slices ? SIZE : CUT_SIZE;
	size_t used = 0;

	for (int i = 0; i < n; i++) {
		size_t length = (size_t)(list[i].last - list[i].first + 1);

		used += (size_t)sprintf(wanted + used,
					"\r\n--%s\r\nContent-Type: application/octet-stream\r\n"
					"Content-Range: bytes %llu-%llu/%llu\r\n\r\n",
					boundary, (unsigned long long)list[i].first,
					(unsigned long long)list[i].last, (unsigned long long)size);
		tree_fill(wanted + used, length, list[i].first);
		used += length;
	}
	return used + (size_t)sprintf(wanted + used, "\r\n--%s--\r\n", boundary);
}

/* A block that is read while the file is cut may have zeros. */
static bool is_right(const struct reply *reply, const char *wanted, bool may_have_zeros)
{
	for (size_t i = 0; i < reply->length; i++)
		if (reply->body[i] != wanted[i] && (!may_have_zeros || reply->body[i] != 0))
			return false;
	return true;
}

/* Reads the answer: all of what came is right. */
static void read_parts(const struct service *service, struct client *client, const struct slice *list, int n)
{
	static char wanted[12 * MIB];
	const struct reply *reply = &matrix.reply;
	const char *field, *equals;
	size_t length;

	client_read(client, true, &matrix.reply);
	ck_assert_msg(reply->status == 206, "%s: %d", service->name, reply->status);
	field = client_field(reply, "Content-Type");
	equals = field != NULL ? strchr(field, '=') : NULL;
	ck_assert_ptr_nonnull(equals);
	length = write_wanted(wanted, equals + 1, list, n);
	ck_assert_uint_eq(reply->announced, length);
	ck_assert_msg(reply->length <= length && is_right(reply, wanted, list == of_cut),
		      "%s: wrong among %zu bytes", service->name, reply->length);
}

/* What was told of the answer with several ranges: all of it was sent. */
static void expect_told(struct service *service, uint64_t length)
{
	const struct answer *found = NULL;

	pthread_mutex_lock(&service->mutex);
	for (int i = 0; i < MAX_ANSWERS; i++)
		if (service->answers[i].status == 206)
			found = &service->answers[i];
	pthread_mutex_unlock(&service->mutex);
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(found->length, length);
	ck_assert_uint_eq(found->sent, length);
}

static void expect_whole(struct service *service, struct client *client)
{
	read_parts(service, client, slices, LEN(slices));
	ck_assert_msg(matrix.reply.whole, "%s: %zu bytes", service->name, matrix.reply.length);
	client_reply_free(&matrix.reply);
	service_settle(service, "/small");
	client_close(client);
	expect_told(service, matrix.reply.length);
	ck_assert_uint_eq(service_count(service, FSRV_ENDING_COMPLETE, 206), 1);
	ck_assert_uint_eq(service_stats(service).cut_connections, 0);
}

START_TEST(serves_others_while_the_disk_hangs)
{
	start(_i, way_isolates);
	slow_tree_tell(&clips.slow, "hold");
	for (int i = 0; i < matrix.n; i++)
		request(&matrix.services[i], &matrix.clients[i], clips_target(i), slices, LEN(slices));
	usleep(200000);
	for (int i = 0; i < matrix.n; i++) {
		service_expect_meanwhile(&matrix.services[i], "/health", 200, 2);
		service_expect_meanwhile(&matrix.services[i], "/small", 200, 5);
	}
	rest(1, "hanging disk");
	slow_tree_tell(&clips.slow, "release");
	for (int i = 0; i < matrix.n; i++)
		expect_whole(&matrix.services[i], &matrix.clients[i]);
	matrix_stop(&matrix);
}
END_TEST

/* Every way, also those whose thread waits. */
START_TEST(sends_the_parts_from_a_slow_disk)
{
	start(_i, NULL);
	slow_tree_tell(&clips.slow, "read-delay 5");
	for (int i = 0; i < matrix.n; i++)
		request(&matrix.services[i], &matrix.clients[i], clips_target(i), slices, LEN(slices));
	for (int i = 0; i < matrix.n; i++)
		expect_whole(&matrix.services[i], &matrix.clients[i]);
	slow_tree_tell(&clips.slow, "read-delay 0");
	for (int i = 0; i < matrix.n; i++)
		ck_assert_msg(!way_suspends(&matrix.services[i].way) ||
				      service_stats(&matrix.services[i]).cold_reads > LEN(slices),
			      "%s: no cold reads", matrix.services[i].name);
	matrix_stop(&matrix);
}
END_TEST

/* In the middle of the last part. */
START_TEST(ends_short_when_the_disk_fails)
{
	start(_i, NULL);
	for (int i = 0; i < matrix.n; i++) {
		slow_tree_tell(&clips.slow, "fail %s 3500000 EIO", clips_target(i) + 1);
		request(&matrix.services[i], &matrix.clients[i], clips_target(i), slices, LEN(slices));
	}
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];

		read_parts(service, &matrix.clients[i], slices, LEN(slices));
		ck_assert_msg(!matrix.reply.whole && matrix.reply.length > 2000000, "%s: %zu bytes",
			      service->name, matrix.reply.length);
		client_reply_free(&matrix.reply);
		client_close(&matrix.clients[i]);
		service_settle(service, "/small");
		slow_tree_tell(&clips.slow, "heal %s", clips_target(i) + 1);
		ck_assert_uint_eq(service_count(service, FSRV_ENDING_READ_ERROR, 206), 1);
		ck_assert_uint_eq(service_stats(service).cut_connections, 1);
		ck_assert_msg(strstr(service->logged, clips_target(i) + 1) != NULL, "%s", service->logged);
	}
	matrix_stop(&matrix);
}
END_TEST

START_TEST(ends_short_when_the_file_is_cut)
{
	start(_i, NULL);
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];
		struct client *client = &matrix.clients[i];
		struct pollfd answer = {.events = POLLIN};

		tree_write_pattern(&clips.local, "growing", CUT_SIZE);
		request(service, client, "/growing", of_cut, LEN(of_cut));
		answer.fd = client->socket;
		ck_assert_int_eq(poll(&answer, 1, CLIENT_PATIENCE_MS), 1);
		ck_assert_int_eq(truncate(tree_path(&clips.local, "growing"), 0), 0);
		read_parts(service, client, of_cut, LEN(of_cut));
		ck_assert_msg(!matrix.reply.whole, "%s: whole", service->name);
		client_reply_free(&matrix.reply);
		client_close(client);
		service_settle(service, "/small");
		ck_assert_uint_eq(service_count(service, FSRV_ENDING_FILE_CHANGED, 206), 1);
	}
	matrix_stop(&matrix);
}
END_TEST

/* From a local disk, after the kernel has dropped what it had of the file, where the disk lets it. */
START_TEST(reads_a_cold_file)
{
	tree_write_pattern(&clips.local, "clip-cold", SIZE);
	start(_i, NULL);
	for (int i = 0; i < matrix.n; i++) {
		int fd = open(tree_path(&clips.local, "clip-cold"), O_RDONLY | O_CLOEXEC);

		ck_assert_int_ge(fd, 0);
		fdatasync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
		request(&matrix.services[i], &matrix.clients[i], "/clip-cold", slices, LEN(slices));
		expect_whole(&matrix.services[i], &matrix.clients[i]);
	}
	matrix_stop(&matrix);
}
END_TEST

/* Clients that go while a part is waited for. */
START_TEST(lets_go_of_clients_that_went)
{
	start(_i, NULL);
	slow_tree_tell(&clips.slow, "hold");
	for (int i = 0; i < matrix.n; i++)
		request(&matrix.services[i], &matrix.clients[i], clips_target(i), slices, LEN(slices));
	usleep(100000);
	for (int i = 0; i < matrix.n; i++)
		client_reset(&matrix.clients[i]);
	slow_tree_tell(&clips.slow, "release");
	matrix_settle(&matrix, "/small");
	matrix_stop(&matrix);
}
END_TEST

const char *test_lacks(void)
{
	return slow_tree_is_possible() ? NULL : "no FUSE file system can be mounted";
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("parts");
	TCase *tcase = tcase_create("parts");

	tcase_add_unchecked_fixture(tcase, write_files, clips_remove);
	tcase_add_checked_fixture(tcase, clips_mount, clips_unmount);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, serves_others_while_the_disk_hangs, 0, N_GROUPS);
	tcase_add_loop_test(tcase, sends_the_parts_from_a_slow_disk, 0, N_GROUPS);
	tcase_add_loop_test(tcase, ends_short_when_the_disk_fails, 0, N_GROUPS);
	tcase_add_loop_test(tcase, ends_short_when_the_file_is_cut, 0, N_GROUPS);
	tcase_add_loop_test(tcase, reads_a_cold_file, 0, N_GROUPS);
	tcase_add_loop_test(tcase, lets_go_of_clients_that_went, 0, N_GROUPS);
	suite_add_tcase(suite, tcase);
	return suite;
}
