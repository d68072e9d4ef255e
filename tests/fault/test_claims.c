/* File systems whose claims are not true: files that do not tell their size, and contents that change while
 * no time moves. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service.h"
#include "slow_tree.h"

#define PAGE    "<!doctype html><head></head><p>text"
#define SCRIPT  "<script src=x></script>"
#define SMALL   "small"
#define CHANGED "other"
#define MIDDLE  100000
#define LARGE   (2 * MIB)
#define OLD     1600000000

static struct tree backing;
static struct slow_tree slow;
static struct matrix matrix;
static struct reply *const reply = &matrix.reply;
static const char *roots[1];

static void set_up(void)
{
	tree_make(&backing);
	tree_write_text(&backing, "small", SMALL);
	tree_write_text(&backing, "empty", "");
	tree_write_text(&backing, "page.html", PAGE);
	tree_write_pattern(&backing, "middle", MIDDLE);
	tree_write_pattern(&backing, "large", LARGE);
	slow_tree_mount(&slow, &backing);
	roots[0] = slow.tree.path;
}

static void tear_down(void)
{
	slow_tree_unmount(&slow);
	tree_remove(&backing);
}

static void start(int group)
{
	matrix_start(&matrix, group, NULL, roots, LEN(roots));
	for (int i = 0; i < matrix.n; i++) {
		client_open(&matrix.clients[i], service_connect(&matrix.services[i]));
		ck_assert_int_eq(fsrv_inject_add_markup(matrix.services[i].fs, FSRV_SCOPE_EVERY_PAGE,
							FSRV_HEAD_END, SCRIPT, strlen(SCRIPT)),
				 FSRV_OK);
	}
}

static void stop(void)
{
	client_reply_free(reply);
	for (int i = 0; i < matrix.n; i++)
		client_close(&matrix.clients[i]);
	matrix_stop(&matrix);
}

static int ask(int i, const char *method, const char *target, const char *fields)
{
	client_reply_free(reply);
	client_ask(&matrix.clients[i], method, target, fields, reply);
	return reply->status;
}

/* What a file that claims a size is answered with, when it has length bytes. */
static void expect_untold(int i, const char *target, const char *text, size_t length)
{
	const char *name = matrix.services[i].name;
	char fields[160], tag[128];

	ck_assert_msg(ask(i, "GET", target, "Range: bytes=1-2\r\n") == 200, "%s: %s: %d", name, target,
		      reply->status);
	ck_assert_msg(reply->announced == length && reply->whole, "%s: %s: %zu of %zu bytes, %zu announced",
		      name, target, reply->length, length, (size_t)reply->announced);
	ck_assert(text != NULL ? memcmp(reply->body, text, length) == 0
			       : tree_compare(reply->body, length, 0) == length);
	ck_assert_str_eq(client_field(reply, "Accept-Ranges"), "none");
	ck_assert_ptr_null(client_field(reply, "Last-Modified"));
	snprintf(tag, sizeof(tag), "%s", client_field(reply, "ETag"));
	ck_assert_msg(strncmp(tag, "W/", 2) == 0, "%s: %s: %s", name, target, tag);
	ck_assert_int_eq(ask(i, "HEAD", target, ""), 200);
	ck_assert_uint_eq(reply->announced, length);
	ck_assert_str_eq(client_field(reply, "ETag"), tag);
	snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", tag);
	ck_assert_int_eq(ask(i, "GET", target, fields), 304);
}

START_TEST(serves_files_that_tell_no_size)
{
	static const char *const claims[] = {"0", "4096", "3"};
	static const char page[] = "<!doctype html><head>" SCRIPT "</head><p>text";

	slow_tree_tell(&slow, "claim %s", claims[_i / N_GROUPS]);
	start(_i % N_GROUPS);
	for (int i = 0; i < matrix.n; i++) {
		expect_untold(i, "/small", SMALL, strlen(SMALL));
		expect_untold(i, "/page.html", page, strlen(page));
		expect_untold(i, "/middle", NULL, MIDDLE);
		ck_assert_int_eq(ask(i, "GET", "/empty", ""), 200);
		ck_assert_uint_eq(reply->announced, 0);
		ck_assert_int_eq(ask(i, "GET", "/large", ""), 500);
		ck_assert_ptr_nonnull(strstr(matrix.services[i].logged, "does not tell its size"));
		ck_assert_uint_eq(service_stats(&matrix.services[i]).responses[503], 0);
	}
	slow_tree_tell(&slow, "claim truth");
	stop();
}
END_TEST

/* A slice past the end of what is there. Where the head goes out before the file is read, the body is cut. */
START_TEST(reads_a_file_to_its_end_that_is_shorter_than_it_claims)
{
	slow_tree_tell(&slow, "claim 100000");
	start(_i);
	for (int i = 0; i < matrix.n; i++) {
		const char *name = matrix.services[i].name;
		int status = ask(i, "GET", "/small", "Range: bytes=70000-70099\r\n");

		ck_assert_msg(status == 200 || (status == 206 && !reply->whole), "%s: %d", name, status);
		if (status == 206) {
			client_close(&matrix.clients[i]);
			client_open(&matrix.clients[i], service_connect(&matrix.services[i]));
			continue;
		}
		ck_assert_msg(reply->whole && strcmp(reply->body, SMALL) == 0, "%s: %s", name, reply->body);
		ck_assert_str_eq(client_field(reply, "Accept-Ranges"), "none");
		ck_assert_int_eq(strncmp(client_field(reply, "ETag"), "W/", 2), 0);
	}
	for (int i = 0; i < matrix.n; i++)
		ck_assert_uint_eq(service_stats(&matrix.services[i]).responses[503], 0);
	slow_tree_tell(&slow, "claim truth");
	stop();
}
END_TEST

/* In place and with the same size, behind the back of the mount: no fact of the file changes. */
static void rewrite(const char *name, const char *text)
{
	int fd = open(tree_path(&backing, name), O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	slow_tree_tell(&slow, "forget %s", name);
}

/* Asks until the content is the new one; what is sent before that is all old, with the old tag. */
static void await_change(int i, const char *target, const char *old, const char *old_tag)
{
	double end = now_seconds() + 20;
	bool is_old;

	do {
		usleep(20000);
		ck_assert_int_eq(ask(i, "GET", target, ""), 200);
		is_old = strcmp(reply->body, old) == 0;
		ck_assert_int_eq(strcmp(client_field(reply, "ETag"), old_tag) == 0, is_old);
		ck_assert(client_field(reply, "ETag")[0] == '"');
	} while (is_old && now_seconds() < end);
	ck_assert_msg(!is_old, "%s: %s", matrix.services[i].name, reply->body);
}

static const struct {
	const char *name, *before, *after, *answer, *next_answer;
} rewritten[] = {
	{"small", SMALL, CHANGED, SMALL, CHANGED},
	{"page.html", PAGE, "<!doctype html><head></head><p>next",
	 "<!doctype html><head>" SCRIPT "</head><p>text", "<!doctype html><head>" SCRIPT "</head><p>next"},
};

START_TEST(shows_contents_that_change_while_no_time_moves)
{
	int row = _i / N_GROUPS;
	char target[64], tags[MAX_WAYS][128];

	snprintf(target, sizeof(target), "/%s", rewritten[row].name);
	slow_tree_tell(&slow, "times %d", OLD);
	start(_i % N_GROUPS);
	for (int i = 0; i < matrix.n; i++) {
		ask(i, "GET", target, "");
		ck_assert_str_eq(reply->body, rewritten[row].answer);
		snprintf(tags[i], sizeof(tags[i]), "%s", client_field(reply, "ETag"));
	}
	rewrite(rewritten[row].name, rewritten[row].after);
	for (int i = 0; i < matrix.n; i++) {
		await_change(i, target, rewritten[row].answer, tags[i]);
		ck_assert_str_eq(reply->body, rewritten[row].next_answer);
	}
	stop();
}
END_TEST

START_TEST(shows_them_at_once_without_a_cache)
{
	slow_tree_tell(&slow, "times %d", OLD);
	matrix.options.cache_size = FSRV_NO_CACHE;
	start(_i);
	for (int i = 0; i < matrix.n; i++) {
		rewrite("small", SMALL);
		ask(i, "GET", "/small", "");
		ck_assert_str_eq(reply->body, SMALL);
		rewrite("small", CHANGED);
		ask(i, "GET", "/small", "");
		ck_assert_str_eq(reply->body, CHANGED);
	}
	stop();
}
END_TEST

/* A time that all files share names no content, unless the program says which version it serves. */
START_TEST(has_strong_tags_for_bytes_alone_where_times_tell_nothing)
{
	const char *salts[] = {NULL, "build 1", "build 2"};
	char tags[LEN(salts)][2][128];

	slow_tree_tell(&slow, "times 1");
	for (int salt = 0; salt < LEN(salts); salt++) {
		matrix.options.tag_salt = salts[salt];
		start(_i);
		for (int i = 0; i < matrix.n; i++) {
			ask(i, "GET", "/small", "");
			snprintf(tags[salt][0], sizeof(tags[salt][0]), "%s", client_field(reply, "ETag"));
			ask(i, "HEAD", "/large", "");
			snprintf(tags[salt][1], sizeof(tags[salt][1]), "%s", client_field(reply, "ETag"));
			ck_assert(tags[salt][0][0] == '"');
			ck_assert_msg((tags[salt][1][0] == '"') == (salt > 0), "%s: %s",
				      matrix.services[i].name, tags[salt][1]);
			ck_assert_ptr_null(client_field(reply, "Last-Modified"));
		}
		stop();
	}
	for (int file = 0; file < 2; file++) {
		ck_assert_str_ne(tags[0][file], tags[1][file]);
		ck_assert_str_ne(tags[1][file], tags[2][file]);
	}
}
END_TEST

const char *test_lacks(void)
{
	return slow_tree_is_possible() ? NULL : "no FUSE file system can be mounted";
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("claims");
	TCase *tcase = tcase_create("claims");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, serves_files_that_tell_no_size, 0, 3 * N_GROUPS);
	tcase_add_loop_test(tcase, reads_a_file_to_its_end_that_is_shorter_than_it_claims, 0, N_GROUPS);
	tcase_add_loop_test(tcase, shows_contents_that_change_while_no_time_moves, 0,
			    LEN(rewritten) * N_GROUPS);
	tcase_add_loop_test(tcase, shows_them_at_once_without_a_cache, 0, N_GROUPS);
	tcase_add_loop_test(tcase, has_strong_tags_for_bytes_alone_where_times_tell_nothing, 0, N_GROUPS);
	suite_add_tcase(suite, tcase);
	return suite;
}
