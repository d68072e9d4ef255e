/* A disk that does not answer at all, not even stat(2), open(2) or close(2): only who wants its
 * files waits. */
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service.h"
#include "slow_tree.h"

/* More than the sockets of a connection hold. */
#define SIZE	   (8 * MIB)
#define LOCAL_SIZE (2 * MIB)
#define CUT_FROM   (16 * MIB)
#define NOTE	   "a note"
#define MISSING_SIZE 10 /* of the text of a 404 */

static struct tree backing, local, memory; /* the last on a tmpfs, where there is one */
static struct slow_tree slow;
static struct matrix matrix;
static char inside[32]; /* prefix of what is mounted in the local root */

static void write_local(const struct tree *tree)
{
	tree_write_pattern(tree, "large", LOCAL_SIZE);
	tree_write_text(tree, "small", "small");
}

static void write_files(void)
{
	tree_make(&backing);
	tree_make(&local);
	tree_make_in_memory(&memory);
	tree_write_pattern(&backing, "clip", SIZE);
	tree_write_text(&backing, "note", NOTE);
	write_local(&local);
	write_local(&memory);
	/* Younger ones are not kept in memory. */
	tree_age();
}

static void remove_files(void)
{
	tree_remove(&backing);
	tree_remove(&local);
	tree_remove(&memory);
}

enum place { LOWER, INSIDE, INSIDE_MEMORY, UPPER };

/* Where no more than the program's route is answered, the remote root has to be asked before the local one;
 * without names in memory nobody knows that it is a remote file which is waited for. */
static const struct {
	const char *name;
	const char *prefix; /* NULL: inside */
	enum place place;
	bool is_listed, answers_local, answers_missing;
} places[] = {
	{"a root", "/", LOWER, true, true, false},
	{"a root with new names", "/", LOWER, false, true, false},
	{"a mount in a local root", NULL, INSIDE, true, true, true},
	{"a mount with new names", NULL, INSIDE, false, true, false},
	{"a mount in a root in memory", NULL, INSIDE_MEMORY, true, true, true},
	{"its new names", NULL, INSIDE_MEMORY, false, true, true},
	{"a root above a local one", "/", UPPER, true, false, false},
};

static const struct {
	const char *name;
	bool is_in_memory, has_begun;
} states[] = {
	{"cold", false, false},
	{"in memory", true, false},
	{"in memory and begun", true, true},
};

/* Two files, each asked for by one client that stays and two that go. */
static const struct {
	const char *file;
	uint64_t size;
	void (*go)(struct client *client);
} roles[] = {
	{"clip", SIZE, NULL},
	{"clip", SIZE, client_close},
	{"clip", SIZE, client_reset},
	{"note", sizeof(NOTE) - 1, NULL},
	{"note", sizeof(NOTE) - 1, client_close},
	{"note", sizeof(NOTE) - 1, client_reset},
};

static struct client clients[MAX_WAYS][LEN(roles)];

/* As ls(1) does. */
static void list_names(void)
{
	DIR *folder = opendir(slow.tree.path);
	const struct dirent *entry;
	struct stat st;

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)) != NULL)
		ck_assert_int_eq(fstatat(dirfd(folder), entry->d_name, &st, 0), 0);
	closedir(folder);
}

static void read_whole(const char *name)
{
	static char bytes[SIZE];
	FILE *file = fopen(tree_path(&slow.tree, name), "re");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(bytes, 1, sizeof(bytes), file), 0);
	fclose(file);
}

/* A mount inside of a root comes when the handlers are there. Its name is new, since what a test that failed
 * has left may hang yet. */
static void mount_inside(const struct tree *outer)
{
	unsigned before = open_descriptors();
	char name[24];

	snprintf(name, sizeof(name), "inside-%d", (int)getpid());
	snprintf(inside, sizeof(inside), "/%s/", name);
	slow_tree_mount_in(&slow, &backing, outer, name);
	matrix.descriptors += open_descriptors() - before;
}

static void start(int group, bool (*select)(const struct way *way), enum place place)
{
	static const char *roots[2];
	const struct tree *outer = place == INSIDE_MEMORY ? &memory : &local;
	bool is_inside = place == INSIDE || place == INSIDE_MEMORY;

	matrix.handler = service_handle;
	if (!is_inside)
		slow_tree_mount(&slow, &backing);
	roots[0] = place == UPPER ? slow.tree.path : outer->path;
	roots[1] = place == UPPER ? outer->path : slow.tree.path;
	matrix_start(&matrix, group, select, roots, is_inside ? 1 : 2);
	if (is_inside)
		mount_inside(outer);
}

static void request_role(int i, int role, const char *prefix)
{
	char target[64];

	snprintf(target, sizeof(target), "%s%s", prefix != NULL ? prefix : inside, roles[role].file);
	service_request(&matrix.services[i], &clients[i][role], target);
}

/* Those of large files, if they are to have begun, or all others. */
static void request_roles(int place, int state, bool begin)
{
	for (int i = 0; i < matrix.n; i++)
		for (int role = 0; role < LEN(roles); role++)
			if (begin == (states[state].has_begun && roles[role].size == SIZE))
				request_role(i, role, places[place].prefix);
	usleep(100000);
}

/* Without the system's help nobody knows of a mount inside of a root before it is touched. */
static bool is_recognized(int place)
{
	return !SYSTEM_IS_PORTABLE || places[place].prefix != NULL;
}

static void expect_others_meanwhile(struct service *service, int place)
{
	static unsigned n_absent;
	char target[32];

	service_expect_meanwhile(service, "/health", 200, 2);
	if (places[place].answers_local && is_recognized(place)) {
		service_expect_meanwhile(service, "/small", 200, 5);
		service_expect_meanwhile(service, "/large", 200, LOCAL_SIZE);
	}
	/* A name that nobody has looked for yet. */
	if (places[place].answers_missing && is_recognized(place)) {
		snprintf(target, sizeof(target), "/absent-%u", ++n_absent);
		service_expect_meanwhile(service, target, 404, MISSING_SIZE);
	}
}

static void expect_all_meanwhile(int place)
{
	for (int i = 0; i < matrix.n; i++)
		expect_others_meanwhile(&matrix.services[i], place);
}

static void expect_whole(struct service *service, struct client *client, int role)
{
	struct reply *reply = &matrix.reply;
	uint64_t size = roles[role].size;
	bool is_right;

	client_read(client, true, reply);
	is_right = size == SIZE ? tree_compare(reply->body, reply->length, 0) == reply->length
				: strcmp(reply->body, NOTE) == 0;
	ck_assert_msg(reply->status == 200 && reply->whole && reply->length == size && is_right,
		      "%s: %s: %d with %zu bytes", service->name, roles[role].file, reply->status,
		      reply->length);
	client_reply_free(reply);
}

static void expect_all_whole(void)
{
	for (int i = 0; i < matrix.n; i++) {
		struct service *service = &matrix.services[i];

		for (int role = 0; role < LEN(roles); role++)
			if (roles[role].go == NULL)
				expect_whole(service, &clients[i][role], role);
		service_settle(service, "/small");
		for (int role = 0; role < LEN(roles); role++)
			if (roles[role].go == NULL)
				client_close(&clients[i][role]);
		ck_assert_uint_eq(service_stats(service).cut_connections, 0);
		ck_assert_uint_eq(service_count(service, FSRV_ENDING_DRAINED, 0), 0);
	}
}

static void let_go(void)
{
	for (int i = 0; i < matrix.n; i++)
		for (int role = 0; role < LEN(roles); role++)
			if (roles[role].go != NULL)
				roles[role].go(&clients[i][role]);
	usleep(100000);
}

START_TEST(holds_up_nobody_else)
{
	int place = _i / N_GROUPS / (int)LEN(states), state = _i / N_GROUPS % (int)LEN(states);

	start(_i % N_GROUPS, way_isolates, places[place].place);
	if (places[place].is_listed)
		list_names();
	if (states[state].is_in_memory) {
		read_whole("clip");
		read_whole("note");
	}
	expect_all_meanwhile(place);
	request_roles(place, state, true);
	slow_tree_tell(&slow, "hang on");
	request_roles(place, state, false);
	expect_all_meanwhile(place);
	let_go();
	expect_all_meanwhile(place);
	rest(0.3, states[state].name);
	slow_tree_tell(&slow, "hang off");
	expect_all_whole();
	matrix_stop(&matrix);
	slow_tree_unmount(&slow);
}
END_TEST

static bool sends_files_on_threads(const struct way *way)
{
	return way_isolates(way) && way_sends_files(way);
}

static const char *cut_of(int i)
{
	static char name[32];

	snprintf(name, sizeof(name), "/cut-%d", i);
	return name;
}

static void expect_cut(struct service *service, struct client *client)
{
	client_read(client, true, &matrix.reply);
	ck_assert_msg(matrix.reply.status == 200 && !matrix.reply.whole, "%s: %zu bytes", service->name,
		      matrix.reply.length);
	client_reply_free(&matrix.reply);
	client_close(client);
}

/* A file that was cut is noticed by somebody who never looks at one that cannot be looked at. */
START_TEST(sees_that_a_local_file_was_cut)
{
	for (int i = 0; i < MAX_WAYS; i++)
		tree_write_pattern(&local, cut_of(i) + 1, CUT_FROM);
	start(_i, sends_files_on_threads, LOWER);
	for (int i = 0; i < matrix.n; i++)
		request_role(i, 0, "/");
	usleep(200000);
	slow_tree_tell(&slow, "hang on");
	for (int i = 0; i < matrix.n; i++) {
		request_role(i, 3, "/");
		service_request(&matrix.services[i], &matrix.clients[i], cut_of(i));
	}
	/* The file is open when the answer begins, and the sockets do not hold all of it. */
	for (int i = 0; i < matrix.n; i++)
		ck_assert_int_eq(poll(&(struct pollfd){matrix.clients[i].socket, POLLIN, 0}, 1,
				      CLIENT_PATIENCE_MS), 1);
	for (int i = 0; i < matrix.n; i++)
		ck_assert_int_eq(truncate(tree_path(&local, cut_of(i) + 1), MIB), 0);
	for (int i = 0; i < matrix.n; i++)
		expect_cut(&matrix.services[i], &matrix.clients[i]);
	rest(1, "a local file was cut");
	slow_tree_tell(&slow, "hang off");
	for (int i = 0; i < matrix.n; i++) {
		expect_whole(&matrix.services[i], &clients[i][0], 0);
		expect_whole(&matrix.services[i], &clients[i][3], 3);
		service_settle(&matrix.services[i], "/small");
		ck_assert_uint_eq(service_stats(&matrix.services[i]).cut_connections, 1);
		client_close(&clients[i][0]);
		client_close(&clients[i][3]);
	}
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
	Suite *suite = suite_create("hang");
	TCase *others = tcase_create("others"), *cut = tcase_create("cut");

	tcase_add_unchecked_fixture(others, write_files, remove_files);
	tcase_set_timeout(others, 120);
	tcase_add_loop_test(others, holds_up_nobody_else, 0, LEN(places) * LEN(states) * N_GROUPS);
	suite_add_tcase(suite, others);
	tcase_add_unchecked_fixture(cut, write_files, remove_files);
	tcase_set_timeout(cut, 120);
	tcase_add_loop_test(cut, sees_that_a_local_file_was_cut, 0, N_GROUPS);
	suite_add_tcase(suite, cut);
	return suite;
}
