/* More clients than a slow disk can serve, all the time: what no client waits for is done nevertheless, so
 * that descriptors do not run out. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service.h"
#include "slow_tree.h"

#define N_CLIENTS      40
#define N_SHORT	       300
#define N_LONG	       40
#define SHORT_SIZE     (70 * 1024)
#define LONG_SIZE      (2 * MIB)
#define READ_SIZE      (300 * 1024)
#define MAX_FILES      256 /* of the process */
#define SPARE	       16  /* descriptors that have to do with no client, and those of the workers */
#define SECONDS	       10.0
#define ENOUGH_ANSWERS 3500 /* a service notes a number of them, and each of these takes two */

static struct tree tree;
static struct slow_tree slow;
static struct matrix matrix;

static atomic_bool is_over;
static atomic_uint n_asked, n_whole, n_refused;

static void write_files(const char *kind, unsigned n, uint64_t size)
{
	char name[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s-%u", kind, i);
		tree_write_pattern(&tree, name, size);
	}
}

static void set_up(void)
{
	tree_make(&tree);
	write_files("short", N_SHORT, SHORT_SIZE);
	write_files("long", N_LONG, LONG_SIZE);
	tree_write_text(&tree, "note", "a note");
}

static void tear_down(void)
{
	tree_remove(&tree);
}

/* One that reads whole files, on one connection, or one that goes away in the middle of each. */
struct visitor {
	pthread_t thread;
	struct client client;
	struct reply reply;
	bool leaves_early;
};

static void read_whole(struct visitor *visitor)
{
	char target[32];

	snprintf(target, sizeof(target), "/short-%u", atomic_fetch_add(&n_asked, 1) % N_SHORT);
	client_ask(&visitor->client, "GET", target, "", &visitor->reply);
	atomic_fetch_add(&n_refused, visitor->reply.status == 503);
	atomic_fetch_add(&n_whole, visitor->reply.status == 200 && visitor->reply.length == SHORT_SIZE);
	client_reply_free(&visitor->reply);
}

static void read_a_part(struct visitor *visitor)
{
	static _Thread_local char bytes[16384];
	struct client *client = &visitor->client;
	struct pollfd wait = {.events = POLLIN};
	char target[32];
	size_t length;

	snprintf(target, sizeof(target), "/long-%u", atomic_fetch_add(&n_asked, 1) % N_LONG);
	service_request(&matrix.services[0], client, target);
	client_read(client, false, &visitor->reply);
	client_reply_free(&visitor->reply);
	atomic_fetch_add(&n_refused, visitor->reply.status == 503);
	wait.fd = client->socket;
	for (length = client->n_held; visitor->reply.status == 200 && length < READ_SIZE;) {
		ssize_t n = poll(&wait, 1, CLIENT_PATIENCE_MS) == 1
				    ? recv(client->socket, bytes, sizeof(bytes), 0)
				    : -1;

		if (n <= 0)
			break;
		length += (size_t)n;
	}
	atomic_fetch_add(&n_whole, length >= READ_SIZE);
	client_reset(client);
}

static void *visit(void *cls)
{
	struct visitor *visitor = cls;

	if (!visitor->leaves_early)
		client_open(&visitor->client, service_connect(&matrix.services[0]));
	while (!atomic_load(&is_over) && atomic_load(&n_asked) < ENOUGH_ANSWERS)
		(visitor->leaves_early ? read_a_part : read_whole)(visitor);
	if (!visitor->leaves_early)
		client_close(&visitor->client);
	return NULL;
}

/* The most descriptors that were open at any time, until there are too many. */
static unsigned watch_descriptors(unsigned allowed)
{
	double end = now_seconds() + SECONDS;
	unsigned most = 0;

	while (most <= allowed && now_seconds() < end && atomic_load(&n_asked) < ENOUGH_ANSWERS) {
		unsigned now = open_descriptors();

		most = now > most ? now : most;
		usleep(5000);
	}
	return most;
}

static void limit_files(rlim_t limit)
{
	struct rlimit limits;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limits), 0);
	limits.rlim_cur = limit;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limits), 0);
}

static bool is_epoll_server(const struct way *way)
{
	return way->daemon == NULL && way->server_mode == FSRV_SERVER_EPOLL;
}

/* Of each client: its socket, the server's, and a file. Who goes away in the middle leaves the last two
 * behind until the read that is under way has ended, which comes before what it asks for next. */
static const struct {
	const char *name;
	bool leaves_early;
	unsigned n_clients, n_descriptors;
} crowds[] = {
	{"whole files", false, N_CLIENTS, 3},
	{"clients that go away", true, N_CLIENTS * 3 / 4, 5},
};

START_TEST(keeps_few_descriptors)
{
	static struct visitor visitors[N_CLIENTS];
	const char *root;
	struct rlimit before;
	unsigned n = crowds[_i].n_clients, most, usual, allowed;

	slow_tree_mount(&slow, &tree);
	root = slow.tree.path;
	matrix_start(&matrix, N_GROUPS - 1, is_epoll_server, &root, 1);
	if (matrix.n == 0)
		return;
	service_expect(&matrix.services[0], "/short-0", SHORT_SIZE);
	slow_tree_tell(&slow, "read-delay 20");
	usual = open_descriptors();
	allowed = usual + n * crowds[_i].n_descriptors + SPARE;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit_files(MAX_FILES);
	for (unsigned i = 0; i < n; i++) {
		visitors[i].leaves_early = crowds[_i].leaves_early;
		ck_assert_int_eq(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
	}
	most = watch_descriptors(allowed);
	ck_assert_msg(most <= allowed, "%s: %u descriptors after %u requests", crowds[_i].name, most,
		      atomic_load(&n_asked));
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < n; i++)
		pthread_join(visitors[i].thread, NULL);
	printf("# %s: %u of %u answers, %u descriptors\n", crowds[_i].name, atomic_load(&n_whole),
	       atomic_load(&n_asked), most - usual);
	fflush(stdout);
	ck_assert_uint_eq(atomic_load(&n_refused), 0);
	ck_assert_uint_eq(atomic_load(&n_whole), atomic_load(&n_asked));
	limit_files(before.rlim_cur);
	slow_tree_tell(&slow, "read-delay 0");
	service_settle(&matrix.services[0], "/note");
	matrix_stop(&matrix);
	slow_tree_unmount(&slow);
}
END_TEST

const char *test_lacks(void)
{
	return slow_tree_is_possible() ? NULL : "no FUSE file system can be mounted";
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("saturation");
	TCase *tcase = tcase_create("saturation");

	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, keeps_few_descriptors, 0, LEN(crowds));
	suite_add_tcase(suite, tcase);
	return suite;
}
