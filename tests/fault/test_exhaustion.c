/* Descriptors that run out, and the limits of the options: 503 at once, and right answers afterwards. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "service.h"

#define SIZE (8 * MIB)

static struct tree tree;
static struct matrix matrix;
static struct rlimit before;

static void set_up(void)
{
	tree_make(&tree);
	tree_write_pattern(&tree, "clip", SIZE);
	tree_write_pattern(&tree, "other", MIB);
	tree_write_text(&tree, "small", "small");
	tree_write_text(&tree, "never asked for", "small, too");
}

static void tear_down(void)
{
	tree_remove(&tree);
}

static void start(int group)
{
	const char *root = tree.path;

	matrix_start(&matrix, group, NULL, &root, 1);
}

static void expect_refusal(struct service *service, struct client *client, const char *target)
{
	client_ask(client, "GET", target, "", &matrix.reply);
	ck_assert_msg(matrix.reply.status == 503, "%s: %s: %d", service->name, target, matrix.reply.status);
	ck_assert_ptr_nonnull(client_field(&matrix.reply, "Retry-After"));
	client_reply_free(&matrix.reply);
}

static void lower_limit(void)
{
	struct rlimit low;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = (rlim_t)fd + 20;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	close(fd);
}

/* Takes every number below the limit; they can be given back by their list. */
static int take_all(int *taken, int room)
{
	int n = 0;

	while (n < room && (taken[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	return n;
}

START_TEST(answers_503_without_descriptors)
{
	static const char *const targets[] = {"/clip", "/never%20asked%20for", "/other"};
	int taken[1024], n;

	start(_i);
	for (int i = 0; i < matrix.n; i++) {
		client_open(&matrix.clients[i], service_connect(&matrix.services[i]));
		client_ask(&matrix.clients[i], "GET", "/small", "", &matrix.reply);
		ck_assert_int_eq(matrix.reply.status, 200);
		client_reply_free(&matrix.reply);
	}
	lower_limit();
	n = take_all(taken, LEN(taken));
	for (int i = 0; i < matrix.n; i++)
		for (int k = 0; k < LEN(targets); k++)
			expect_refusal(&matrix.services[i], &matrix.clients[i], targets[k]);
	while (n > 0)
		close(taken[--n]);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	for (int i = 0; i < matrix.n; i++) {
		client_ask(&matrix.clients[i], "GET", "/never%20asked%20for", "", &matrix.reply);
		ck_assert_str_eq(matrix.reply.body, "small, too");
		client_reply_free(&matrix.reply);
		service_expect(&matrix.services[i], "/clip", SIZE);
		client_close(&matrix.clients[i]);
		service_settle(&matrix.services[i], "/small");
		ck_assert_uint_eq(service_stats(&matrix.services[i]).responses[503], LEN(targets));
	}
	matrix_stop(&matrix);
}
END_TEST

/* Two downloads are on their way, which is what the limit allows. */
START_TEST(answers_503_at_a_limit)
{
	static struct client others[MAX_WAYS], third;
	bool files = _i / N_GROUPS == 1;

	matrix.options.max_bodies = files ? 0 : 2;
	matrix.options.max_files = files ? 2 : 0;
	start(_i % N_GROUPS);
	for (int i = 0; i < matrix.n; i++) {
		service_request(&matrix.services[i], &matrix.clients[i], "/clip");
		client_read(&matrix.clients[i], false, &matrix.reply);
		client_reply_free(&matrix.reply);
		service_request(&matrix.services[i], &others[i], "/clip");
		client_read(&others[i], false, &matrix.reply);
		client_reply_free(&matrix.reply);
	}
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];

		client_open(&third, service_connect(service));
		expect_refusal(service, &third, "/clip");
		expect_refusal(service, &third, "/other");
		client_close(&third);
		ck_assert_uint_eq(service_stats(service).refused, 2);
		ck_assert_uint_eq(service_stats(service).live_bodies, 2);
		client_reset(&others[i]);
		client_reset(&matrix.clients[i]);
	}
	for (int i = 0; i < matrix.n; i++) {
		service_settle(&matrix.services[i], "/small");
		service_expect(&matrix.services[i], "/clip", SIZE);
	}
	matrix_stop(&matrix);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("exhaustion");
	TCase *tcase = tcase_create("exhaustion");

	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, answers_503_without_descriptors, 0, N_GROUPS);
	tcase_add_loop_test(tcase, answers_503_at_a_limit, 0, 2 * N_GROUPS);
	suite_add_tcase(suite, tcase);
	return suite;
}
