/* Files that change while they are sent, and nobody reads: what the client gets in the end is right as far
 * as it goes, the connection ends in time, and nothing spins or stays behind. */
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service.h"

#define SIZE	 (8 * MIB)
#define CUT_SIZE (3 * MIB)

static struct tree tree;
static struct matrix matrix;

static void set_up(void)
{
	tree_make(&tree);
	tree_write_text(&tree, "small", "small");
}

static void tear_down(void)
{
	tree_remove(&tree);
}

/* At a place between two pages: sendfile(2) queues pages, and the kernel fills one that is cut with zeros. */
static void cut(void)
{
	ck_assert_int_eq(truncate(tree_path(&tree, "clip"), CUT_SIZE), 0);
}

static void empty(void)
{
	ck_assert_int_eq(truncate(tree_path(&tree, "clip"), 0), 0);
}

static void cut_and_grow(void)
{
	cut();
	usleep(20000);
	ck_assert_int_eq(truncate(tree_path(&tree, "clip"), SIZE), 0);
}

static void replace(void)
{
	char other[128];

	tree_write_pattern(&tree, "other", CUT_SIZE);
	snprintf(other, sizeof(other), "%s", tree_path(&tree, "other"));
	ck_assert_int_eq(rename(other, tree_path(&tree, "clip")), 0);
}

static void append(void)
{
	int fd = open(tree_path(&tree, "clip"), O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "more", 4), 4);
	close(fd);
}

enum outcome { SHORT, WHOLE, EITHER };

static const struct {
	const char *name;
	void (*change)(void);
	double stall;
	enum outcome outcome;
	uint64_t right;	   /* bytes that are right in any case */
	uint64_t size;	   /* afterwards */
	uint64_t new_right; /* bytes that are right then */
} changes[] = {
	{"cut in the middle", cut, 2, SHORT, SIZE, CUT_SIZE, CUT_SIZE},
	{"emptied", empty, 2, SHORT, SIZE, 0, 0},
	{"cut and grown again", cut_and_grow, 2, EITHER, CUT_SIZE, SIZE, CUT_SIZE},
	{"replaced", replace, 1, WHOLE, SIZE, CUT_SIZE, CUT_SIZE},
	{"appended to", append, 1, WHOLE, SIZE, SIZE + 4, SIZE},
};

static void expect_next(struct service *service, struct client *client, int row)
{
	client_open(client, service_connect(service));
	client_ask(client, "GET", "/clip", "", &matrix.reply);
	ck_assert_msg(matrix.reply.whole && matrix.reply.length == changes[row].size,
		      "%s: %s: %zu bytes next",
		      service->name, changes[row].name, matrix.reply.length);
	ck_assert_msg(tree_compare(matrix.reply.body, (size_t)changes[row].new_right, 0) ==
			      changes[row].new_right,
		      "%s: %s: wrong byte next", service->name, changes[row].name);
	client_reply_free(&matrix.reply);
}

static void expect_ending(struct service *service, int row, bool whole)
{
	unsigned cut_off = service_count(service, FSRV_ENDING_FILE_CHANGED, 0);

	ck_assert_msg(cut_off == !whole, "%s: %s: told %u times that the file changed", service->name,
		      changes[row].name, cut_off);
	ck_assert_msg(service_stats(service).cut_connections == cut_off, "%s: %s: %u connections cut",
		      service->name, changes[row].name, (unsigned)service_stats(service).cut_connections);
	ck_assert_msg(service_count(service, FSRV_ENDING_ABORTED, 0) == 0, "%s: %s: aborted", service->name,
		      changes[row].name);
}

/* Where the end of a body is seen only by looking at the socket, that has to be open until then. */
static void finish(struct service *service, struct client *client, int row)
{
	static struct client next;
	const struct reply *reply = &matrix.reply;
	uint64_t right;
	bool whole;

	client_read(client, true, &matrix.reply);
	whole = reply->whole;
	ck_assert_int_eq(reply->status, 200);
	ck_assert_uint_eq(reply->announced, SIZE);
	ck_assert_msg(changes[row].outcome == EITHER || whole == (changes[row].outcome == WHOLE),
		      "%s: %s: %zu bytes",
		      service->name, changes[row].name, reply->length);
	right = reply->length < changes[row].right ? reply->length : changes[row].right;
	ck_assert_msg(tree_compare(reply->body, (size_t)right, 0) == right, "%s: %s: wrong byte",
		      service->name, changes[row].name);
	client_reply_free(&matrix.reply);
	expect_next(service, &next, row);
	service_settle(service, "/small");
	client_close(client);
	client_close(&next);
	expect_ending(service, row, whole);
}

START_TEST(keeps_to_what_was_announced_or_ends)
{
	int row = _i / N_GROUPS;
	const char *root = tree.path;

	tree_write_pattern(&tree, "clip", SIZE);
	matrix_start(&matrix, _i % N_GROUPS, NULL, &root, 1);
	for (int i = 0; i < matrix.n; i++) {
		struct pollfd answer = {.events = POLLIN};

		service_request(&matrix.services[i], &matrix.clients[i], "/clip");
		answer.fd = matrix.clients[i].socket;
		ck_assert_int_eq(poll(&answer, 1, CLIENT_PATIENCE_MS), 1);
	}
	changes[row].change();
	rest(changes[row].stall, changes[row].name);
	for (int i = 0; i < matrix.n; i++)
		finish(&matrix.services[i], &matrix.clients[i], row);
	matrix_stop(&matrix);
}
END_TEST

static atomic_uint n_busy;
static atomic_bool is_released;

/* A program with a route that takes its time. Where one thread serves all, everything waits for it. */
static enum MHD_Result handle_busily(void *cls, struct MHD_Connection *connection, const char *url,
				     const char *method, const char *version, const char *upload_data,
				     size_t *upload_data_size, void **con_cls)
{
	if (strcmp(url, "/busy") == 0 && *con_cls != NULL && !atomic_load(&is_released)) {
		atomic_fetch_add(&n_busy, 1);
		while (!atomic_load(&is_released))
			usleep(1000);
	}
	return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

static void wait_for_answer(int socket)
{
	struct pollfd answer = {.fd = socket, .events = POLLIN};

	ck_assert_int_eq(poll(&answer, 1, CLIENT_PATIENCE_MS), 1);
}

struct download {
	uint64_t n_read; /* of the content */
	bool has_begun;  /* the header was read */
};

/* Reads what is there, the header first; returns false when there is nothing. */
static bool read_more(struct client *client, struct download *download)
{
	static char buffer[256 * 1024];
	ssize_t n = recv(client->socket, buffer, sizeof(buffer), MSG_DONTWAIT);
	const char *content;

	if (n <= 0)
		return false;
	if (!download->has_begun) {
		content = memmem(buffer, (size_t)n, "\r\n\r\n", 4);
		ck_assert_ptr_nonnull(content);
		n -= content + 4 - buffer;
		download->has_begun = true;
	}
	download->n_read += (uint64_t)n;
	return true;
}

static void start_busy_downloads(struct client *busy)
{
	double end = now_seconds() + CLIENT_PATIENCE_MS / 1000.0;

	for (int i = 0; i < matrix.n; i++) {
		service_request(&matrix.services[i], &matrix.clients[i], "/clip");
		wait_for_answer(matrix.clients[i].socket);
	}
	for (int i = 0; i < matrix.n; i++)
		service_request(&matrix.services[i], &busy[i], "/busy");
	while (atomic_load(&n_busy) < (unsigned)matrix.n && now_seconds() < end)
		usleep(1000);
	ck_assert_uint_eq(atomic_load(&n_busy), (unsigned)matrix.n);
}

/* The client takes all that was sent, the program is busy, and the file gets another time: nothing is queued,
 * nothing moves, and yet nothing is wrong. It stays so for several looks of the guard. */
START_TEST(is_not_ended_by_a_touch)
{
	static struct client busy[MAX_WAYS];
	struct download downloads[MAX_WAYS] = {{0}};
	const char *root = tree.path;
	double end;

	tree_write_pattern(&tree, "clip", SIZE);
	matrix.handler = handle_busily;
	matrix_start(&matrix, _i, NULL, &root, 1);
	start_busy_downloads(busy);
	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, "clip"), NULL, 0), 0);
	for (end = now_seconds() + 2; now_seconds() < end; usleep(1000))
		for (int i = 0; i < matrix.n; i++)
			read_more(&matrix.clients[i], &downloads[i]);
	atomic_store(&is_released, true);
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];

		client_read(&busy[i], true, &matrix.reply);
		ck_assert_int_eq(matrix.reply.status, 404);
		client_reply_free(&matrix.reply);
		while (downloads[i].n_read < SIZE) {
			wait_for_answer(matrix.clients[i].socket);
			if (!read_more(&matrix.clients[i], &downloads[i]))
				break;
		}
		ck_assert_msg(downloads[i].n_read == SIZE, "%s: %llu bytes", service->name,
			      (unsigned long long)downloads[i].n_read);
		service_settle(service, "/small");
		client_close(&matrix.clients[i]);
		client_close(&busy[i]);
		ck_assert_msg(service_count(service, FSRV_ENDING_FILE_CHANGED, 0) +
				      service_count(service, FSRV_ENDING_ABORTED, 0) == 0,
			      "%s: not complete", service->name);
	}
	matrix_stop(&matrix);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("changes");
	TCase *tcase = tcase_create("changes");

	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, keeps_to_what_was_announced_or_ends, 0, LEN(changes) * N_GROUPS);
	tcase_add_loop_test(tcase, is_not_ended_by_a_touch, 0, N_GROUPS);
	suite_add_tcase(suite, tcase);
	return suite;
}
