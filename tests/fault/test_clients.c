/* Clients that stop reading or go away in the middle of a download. */
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "service.h"

#define SIZE (8 * MIB)

/* For each group; the variable FSRV_TEST_ABORTS says otherwise. */
#define ABORTS 500

/* Memory that may be there afterwards without a leak: stacks and arenas that the C library keeps. */
#define SLACK (24 * MIB)

static struct tree tree;
static struct matrix matrix;

/* AddressSanitizer keeps what was freed and, since gcc 13, the stacks of threads that have ended, which would
 * look like leaks. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1:detect_stack_use_after_return=0";
}

static void set_up(void)
{
	tree_make(&tree);
	tree_write_pattern(&tree, "clip", SIZE);
	tree_write_text(&tree, "small", "small");
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

/* Some of the content has come. */
static void begin_download(struct service *service, struct client *client)
{
	char some[4096];

	service_request(service, client, "/clip");
	client_read(client, false, &matrix.reply);
	ck_assert_msg(matrix.reply.status == 200, "%s: %d", service->name, matrix.reply.status);
	client_reply_free(&matrix.reply);
	for (size_t n = client->n_held; n < 100000;) {
		ssize_t more = read(client->socket, some, sizeof(some));

		ck_assert_int_gt(more, 0);
		n += (size_t)more;
	}
}

/* Its number is another than 1 when a worker looked the file up first. */
static const struct answer *first_answer(const struct service *service)
{
	const struct answer *answer = service->answers;

	while (answer->times_answered == 0 && answer < &service->answers[MAX_ANSWERS - 1])
		answer++;
	return answer;
}

static void (*const goings[])(struct client *client) = {client_reset, client_close};

START_TEST(lets_go_of_clients_that_went)
{
	start(_i % N_GROUPS);
	for (int i = 0; i < matrix.n; i++)
		begin_download(&matrix.services[i], &matrix.clients[i]);
	for (int i = 0; i < matrix.n; i++)
		goings[_i / N_GROUPS](&matrix.clients[i]);
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];
		const struct answer *first;

		service_settle(service, "/small");
		first = first_answer(service);
		ck_assert_msg(first->times_ended == 1 && first->ending == FSRV_ENDING_ABORTED &&
				      first->sent < SIZE,
			      "%s: told %u times, ending %d, %u bytes", service->name, first->times_ended,
			      first->ending, (unsigned)first->sent);
		ck_assert_uint_eq(service_stats(service).cut_connections, 0);
		service_expect(service, "/clip", SIZE);
	}
	rest(0.5, "after the clients went");
	matrix_stop(&matrix);
}
END_TEST

START_TEST(waits_for_clients_that_stall)
{
	start(_i);
	for (int i = 0; i < matrix.n; i++)
		service_request(&matrix.services[i], &matrix.clients[i], "/clip");
	usleep(200000);
	rest(2, "stalled clients");
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];
		const struct answer *first;

		client_read(&matrix.clients[i], true, &matrix.reply);
		ck_assert_msg(matrix.reply.whole && tree_compare(matrix.reply.body, SIZE, 0) == SIZE,
			      "%s: %zu bytes",
			      service->name, matrix.reply.length);
		client_reply_free(&matrix.reply);
		service_settle(service, "/small");
		first = first_answer(service);
		ck_assert_msg(first->ending == FSRV_ENDING_COMPLETE && first->sent == SIZE,
			      "%s: ending %d, %u bytes", service->name, first->ending, (unsigned)first->sent);
		ck_assert_uint_eq(service_stats(service).cut_connections, 0);
		client_close(&matrix.clients[i]);
	}
	matrix_stop(&matrix);
}
END_TEST

static atomic_size_t memory_in_use;

static void *count_memory(void *cls, void *memory, size_t size)
{
	(void)cls;
	if (memory != NULL)
		atomic_fetch_sub(&memory_in_use, malloc_usable_size(memory));
	if (size == 0) {
		free(memory);
		return NULL;
	}
	memory = realloc(memory, size);
	ck_assert_ptr_nonnull(memory);
	atomic_fetch_add(&memory_in_use, malloc_usable_size(memory));
	return memory;
}

static uint64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long size, resident;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%lu %lu", &size, &resident), 2);
	fclose(file);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void abort_downloads(int n)
{
	static struct client client;

	for (int i = 0; i < n; i++) {
		service_request(&matrix.services[i % matrix.n], &client, "/clip");
		client_read(&client, false, &matrix.reply);
		client_reply_free(&matrix.reply);
		goings[i / matrix.n % LEN(goings)](&client);
	}
	matrix_settle(&matrix, "/small");
}

/* libmicrohttpd may hold on to the last connection of each thread until the next one comes. */
START_TEST(keeps_nothing_of_aborted_downloads)
{
	const char *wanted = getenv("FSRV_TEST_ABORTS");
	int n = wanted != NULL ? atoi(wanted) : ABORTS;
	unsigned descriptors, threads, held = 0;
	uint64_t resident;

	matrix.options.allocate = count_memory;
	start(_i);
	abort_downloads(4 * matrix.n);
	for (int i = 0; i < matrix.n; i++)
		held += matrix.services[i].way.daemon != NULL ? matrix.services[i].way.daemon->pool + 1 : 4;
	descriptors = open_descriptors();
	threads = running_threads();
	resident = resident_bytes();
	abort_downloads(n);
	ck_assert_uint_le(open_descriptors(), descriptors + held);
	ck_assert_uint_le(running_threads(), threads + held);
	ck_assert_msg(resident_bytes() < resident + SLACK, "%u KiB more after %d aborts",
		      (unsigned)((resident_bytes() - resident) / 1024), n);
	matrix_stop(&matrix);
	ck_assert_uint_eq(atomic_load(&memory_in_use), 0);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("clients");
	TCase *tcase = tcase_create("clients");

	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 1200);
	tcase_add_loop_test(tcase, lets_go_of_clients_that_went, 0, LEN(goings) * N_GROUPS);
	tcase_add_loop_test(tcase, waits_for_clients_that_stall, 0, N_GROUPS);
	tcase_add_loop_test(tcase, keeps_nothing_of_aborted_downloads, 0, N_GROUPS);
	suite_add_tcase(suite, tcase);
	return suite;
}
