/* Daemons and servers that stop while downloads stall or wait for a disk. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clips.h"
#include "service.h"

#define SIZE        (8 * MIB)
#define N_FILES     20
#define N_DOWNLOADS 6
#define SERVERS     (N_GROUPS - 1)

/* Seconds. Workers finish what they read, and connections their chunk of 2 MiB. */
#define PATIENCE 30.0

static struct matrix matrix;
static struct client clients[MAX_WAYS][N_FILES];

static void write_files(void)
{
	clips_make(N_FILES, SIZE);
	tree_write_pattern(&clips.local, "local", SIZE);
}

/* Until the connection ends: what was announced does not come whole, or is right. */
static void expect_end(struct service *service, struct client *client)
{
	const struct reply *reply = &matrix.reply;

	client_read(client, true, &matrix.reply);
	ck_assert_msg(reply->status == 0 || reply->status == 503 || reply->status == 200, "%s: %d",
		      service->name, reply->status);
	if (reply->status == 200)
		ck_assert_msg(tree_compare(reply->body, reply->length, 0) == reply->length, "%s: wrong byte",
			      service->name);
	client_reply_free(&matrix.reply);
	client_close(client);
}

static void request_all(int n, const char *target)
{
	for (int i = 0; i < matrix.n; i++)
		for (int k = 0; k < n; k++)
			service_request(&matrix.services[i], &clients[i][k],
					target != NULL ? target : clips_target(k));
}

/* Stops them one by one. */
static void expect_prompt_stops(int n, const char *what)
{
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];
		double begin = now_seconds();

		service_stop(service);
		ck_assert_msg(now_seconds() - begin < PATIENCE, "%s: %s: %.1f s to stop", service->name, what,
			      now_seconds() - begin);
		for (int k = 0; k < n; k++)
			expect_end(service, &clients[i][k]);
		ck_assert_msg(service_count(service, FSRV_ENDING_COMPLETE, 200) == 0, "%s: %s: complete",
			      service->name, what);
		ck_assert_msg(service_count(service, FSRV_ENDING_READ_ERROR, 0) +
					      service_count(service, FSRV_ENDING_FILE_CHANGED, 0) ==
				      0,
			      "%s: %s: told of an error", service->name, what);
	}
}

static const struct {
	const char *name;
	const char *target; /* NULL: each its own */
	const char *disk;
} states[] = {
	{"stalled clients", "/local", "read-delay 0"},
	{"a slow disk", NULL, "read-delay 50"},
	{"slow lookups", NULL, "open-delay 50"},
};

START_TEST(stops_promptly_in_the_middle_of_downloads)
{
	int row = _i / N_GROUPS;

	matrix_start(&matrix, _i % N_GROUPS, NULL, clips.roots, LEN(clips.roots));
	slow_tree_tell(&clips.slow, "%s", states[row].disk);
	request_all(N_DOWNLOADS, states[row].target);
	usleep(300000);
	expect_prompt_stops(N_DOWNLOADS, states[row].name);
	matrix_stop(&matrix);
}
END_TEST

static void *stop(void *cls)
{
	service_stop(cls);
	return NULL;
}

/* Until at least two answers wait for the disk. */
static void wait_for_reads(struct service *service)
{
	double end = now_seconds() + PATIENCE;

	while (service_count_answers(service, 200) < 2 && now_seconds() < end)
		usleep(1000);
}

/* Until what waited has been cancelled. It may be that nothing did. */
static void wait_for_drain(struct service *service)
{
	double end = now_seconds() + 5;

	while (service_count(service, FSRV_ENDING_DRAINED, 0) == 0 &&
	       service_count_answers(service, 503) == 0 && now_seconds() < end)
		usleep(1000);
}

/* All at once, and the disk goes on a moment later: workers finish what they read. */
static void stop_all_and_release(void)
{
	pthread_t threads[MAX_WAYS];

	for (int i = 0; i < matrix.n; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, stop, &matrix.services[i]), 0);
	usleep(300000);
	for (int i = 0; i < matrix.n; i++)
		if (way_suspends(&matrix.services[i].way))
			wait_for_drain(&matrix.services[i]);
	slow_tree_tell(&clips.slow, "release");
	for (int i = 0; i < matrix.n; i++)
		pthread_join(threads[i], NULL);
}

/* A connection that is suspended when its daemon stops would make libmicrohttpd abort the process. Some wait
 * for a worker that reads, the others for a worker. */
START_TEST(drains_what_waits_for_a_disk)
{
	bool lookups = _i / N_GROUPS == 1;

	matrix.options.workers = 4;
	matrix_start(&matrix, _i % N_GROUPS, way_isolates, clips.roots, LEN(clips.roots));
	slow_tree_tell(&clips.slow, "hold");
	if (lookups)
		slow_tree_tell(&clips.slow, "open-delay 400");
	request_all(N_FILES, NULL);
	usleep(300000);
	for (int i = 0; i < matrix.n; i++)
		if (way_suspends(&matrix.services[i].way) && !lookups)
			wait_for_reads(&matrix.services[i]);
	stop_all_and_release();
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];
		unsigned drained = service_count(service, FSRV_ENDING_DRAINED, 200);

		for (int k = 0; k < N_FILES; k++)
			expect_end(service, &clients[i][k]);
		ck_assert_msg(!way_suspends(&service->way) || lookups || drained >= 2, "%s: %u drained",
			      service->name, drained);
		ck_assert_msg(way_suspends(&service->way) || drained == 0, "%s: %u drained", service->name,
			      drained);
		ck_assert_uint_eq(service_count(service, FSRV_ENDING_READ_ERROR, 0), 0);
	}
	matrix_stop(&matrix);
}
END_TEST

/* Two servers share a handler and its workers: the end of one cuts nothing of the other. */
START_TEST(leaves_the_other_server_alone)
{
	struct fsrv_server_options options = {.size = sizeof(options), .mode = (enum fsrv_server_mode)_i};
	struct service *service = &matrix.services[_i];
	struct fsrv_server *other;
	double begin;

	matrix_start(&matrix, SERVERS, NULL, clips.roots, LEN(clips.roots));
	ck_assert_int_eq(fsrv_server_start(service->fs, &options, &other), FSRV_OK);
	slow_tree_tell(&clips.slow, "read-delay 10");
	for (int k = 0; k < N_DOWNLOADS; k++) {
		service_request(service, &clients[0][k], clips_target(k));
		client_open(&clients[1][k], client_connect(fsrv_server_port(other)));
		client_send_text(&clients[1][k], "GET /clip-9 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	}
	usleep(200000);
	begin = now_seconds();
	fsrv_server_stop(other);
	ck_assert_msg(now_seconds() - begin < PATIENCE, "%.1f s to stop", now_seconds() - begin);
	for (int k = 0; k < N_DOWNLOADS; k++) {
		expect_end(service, &clients[1][k]);
		client_read(&clients[0][k], true, &matrix.reply);
		ck_assert_msg(matrix.reply.whole && tree_compare(matrix.reply.body, SIZE, 0) == SIZE,
			      "%zu bytes", matrix.reply.length);
		client_reply_free(&matrix.reply);
	}
	service_settle(service, "/small");
	for (int k = 0; k < N_DOWNLOADS; k++)
		client_close(&clients[0][k]);
	matrix_stop(&matrix);
}
END_TEST

const char *test_lacks(void)
{
	return slow_tree_is_possible() ? NULL : "no FUSE file system can be mounted";
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("stop");
	TCase *tcase = tcase_create("stop");

	tcase_add_unchecked_fixture(tcase, write_files, clips_remove);
	tcase_add_checked_fixture(tcase, clips_mount, clips_unmount);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, stops_promptly_in_the_middle_of_downloads, 0, LEN(states) * N_GROUPS);
	tcase_add_loop_test(tcase, drains_what_waits_for_a_disk, 0, 2 * N_GROUPS);
	tcase_add_loop_test(tcase, leaves_the_other_server_alone, 0, 3);
	suite_add_tcase(suite, tcase);
	return suite;
}
