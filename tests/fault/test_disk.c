/* A disk that fails or hangs in the middle of downloads. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clips.h"
#include "service.h"

#define SIZE (4 * MIB)

static struct matrix matrix;

static void write_files(void)
{
	clips_make(MAX_WAYS, SIZE);
	tree_write_pattern(&clips.backing, "other", MIB);
}

static const struct {
	const char *name;
	uint64_t offset;
} failures[] = {
	{"at a chunk's start", 2 * MIB},
	{"inside of a chunk", 2 * MIB + 70000},
	{"in the last page", SIZE - 100},
};

/* Where libmicrohttpd itself saw the error, the ends are not told as read errors. */
static void expect_cut(struct service *service, const char *failure, const char *path)
{
	unsigned errors = service_count(service, FSRV_ENDING_READ_ERROR, 0);
	unsigned aborted = service_count(service, FSRV_ENDING_ABORTED, 0);

	ck_assert_msg(errors + aborted == 1 && (errors == 1 || way_sends_files(&service->way)),
		      "%s: %s: %u read errors, %u aborted", service->name, failure, errors, aborted);
	ck_assert_msg(service_stats(service).cut_connections == errors, "%s: %s: %u connections cut",
		      service->name, failure, (unsigned)service_stats(service).cut_connections);
	ck_assert_msg(errors == 0 || strstr(service->logged, path) != NULL, "%s: %s: logged \"%s\"",
		      service->name, failure, service->logged);
}

static void expect_short(struct service *service, struct client *client, int row)
{
	const struct reply *reply = &matrix.reply;

	client_read(client, true, &matrix.reply);
	ck_assert_msg(reply->status == 200 && !reply->whole && reply->length <= failures[row].offset &&
			      tree_compare(reply->body, reply->length, 0) == reply->length,
		      "%s: %s: %d with %zu bytes", service->name, failures[row].name, reply->status,
		      reply->length);
	client_reply_free(&matrix.reply);
}

START_TEST(ends_short_when_the_disk_fails)
{
	int row = _i / N_GROUPS;

	matrix_start(&matrix, _i % N_GROUPS, NULL, clips.roots, LEN(clips.roots));
	for (int i = 0; i < matrix.n; i++) {
		slow_tree_tell(&clips.slow, "fail %s %u EIO", clips_target(i) + 1,
			       (unsigned)failures[row].offset);
		client_open(&matrix.clients[i], service_connect(&matrix.services[i]));
		client_send_text(&matrix.clients[i], "GET ");
		client_send_text(&matrix.clients[i], clips_target(i));
		client_send_text(&matrix.clients[i], " HTTP/1.1\r\nHost: localhost\r\n\r\n");
	}
	for (int i = 0; i < matrix.n; i++)
		expect_short(&matrix.services[i], &matrix.clients[i], row);
	rest(1, failures[row].name);
	for (int i = 0; i < matrix.n; i++) {
		client_close(&matrix.clients[i]);
		service_expect(&matrix.services[i], "/other", MIB);
		service_settle(&matrix.services[i], "/small");
		expect_cut(&matrix.services[i], failures[row].name, clips_target(i) + 1);
		slow_tree_tell(&clips.slow, "heal %s", clips_target(i) + 1);
		service_expect(&matrix.services[i], clips_target(i), SIZE);
	}
	matrix_stop(&matrix);
}
END_TEST

START_TEST(serves_others_while_the_disk_hangs)
{
	matrix.handler = service_handle;
	matrix_start(&matrix, _i, NULL, clips.roots, LEN(clips.roots));
	slow_tree_tell(&clips.slow, "hold");
	for (int i = 0; i < matrix.n; i++)
		service_request(&matrix.services[i], &matrix.clients[i], clips_target(i));
	usleep(200000);
	for (int i = 0; i < matrix.n; i++)
		for (int times = 0; times < 3 && way_isolates(&matrix.services[i].way); times++) {
			service_expect_meanwhile(&matrix.services[i], "/health", 200, 2);
			service_expect_meanwhile(&matrix.services[i], "/small", 200, 5);
		}
	rest(2, "hanging disk");
	slow_tree_tell(&clips.slow, "release");
	for (int i = 0; i < matrix.n; i++) {
		client_read(&matrix.clients[i], true, &matrix.reply);
		ck_assert_msg(matrix.reply.whole && tree_compare(matrix.reply.body, SIZE, 0) == SIZE,
			      "%s: %zu bytes", matrix.services[i].name, matrix.reply.length);
		client_reply_free(&matrix.reply);
		service_settle(&matrix.services[i], "/small");
		client_close(&matrix.clients[i]);
		ck_assert_msg(service_count(&matrix.services[i], FSRV_ENDING_ABORTED, 0) == 0, "%s: aborted",
			      matrix.services[i].name);
		ck_assert_uint_eq(service_stats(&matrix.services[i]).cut_connections, 0);
	}
	matrix_stop(&matrix);
}
END_TEST

static const struct {
	const char *name;
	const char *before;
	const char *after;
	void (*go)(struct client *client);
} waits[] = {
	{"reset while the disk hangs", "hold", "release", client_reset},
	{"closed while the disk hangs", "hold", "release", client_close},
	{"reset while the disk is slow", "read-delay 20", "read-delay 0", client_reset},
	{"closed while the disk is slow", "read-delay 20", "read-delay 0", client_close},
	{"reset during a lookup", "open-delay 150", "open-delay 0", client_reset},
	{"closed during a lookup", "open-delay 150", "open-delay 0", client_close},
};

/* Two go from each way. What happens to the answer depends on whether libmicrohttpd noticed in time, but
 * none of them was taken by anybody. */
START_TEST(lets_go_of_clients_that_went_while_it_waited)
{
	static struct client others[MAX_WAYS];
	int row = _i / N_GROUPS;

	matrix_start(&matrix, _i % N_GROUPS, NULL, clips.roots, LEN(clips.roots));
	slow_tree_tell(&clips.slow, "%s", waits[row].before);
	for (int i = 0; i < matrix.n; i++) {
		service_request(&matrix.services[i], &matrix.clients[i], clips_target(i));
		service_request(&matrix.services[i], &others[i], clips_target(i));
	}
	usleep(100000);
	for (int i = 0; i < matrix.n; i++) {
		waits[row].go(&matrix.clients[i]);
		waits[row].go(&others[i]);
	}
	usleep(50000);
	slow_tree_tell(&clips.slow, "%s", waits[row].after);
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];

		service_settle(service, "/small");
		ck_assert_msg(service_stats(service).cut_connections == 0, "%s: %s: cut", service->name,
			      waits[row].name);
		ck_assert_msg(service_count(service, FSRV_ENDING_DRAINED, 0) == 0, "%s: %s: drained",
			      service->name, waits[row].name);
		service_expect(service, clips_target(i), SIZE);
	}
	rest(0.5, waits[row].name);
	matrix_stop(&matrix);
}
END_TEST

const char *test_lacks(void)
{
	return slow_tree_is_possible() ? NULL : "no FUSE file system can be mounted";
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("disk");
	TCase *tcase = tcase_create("disk");

	tcase_add_unchecked_fixture(tcase, write_files, clips_remove);
	tcase_add_checked_fixture(tcase, clips_mount, clips_unmount);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, ends_short_when_the_disk_fails, 0, LEN(failures) * N_GROUPS);
	tcase_add_loop_test(tcase, serves_others_while_the_disk_hangs, 0, N_GROUPS);
	tcase_add_loop_test(tcase, lets_go_of_clients_that_went_while_it_waited, 0, LEN(waits) * N_GROUPS);
	suite_add_tcase(suite, tcase);
	return suite;
}
