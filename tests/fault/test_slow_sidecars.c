/* Sidecars on a disk that is slow, fails or does not answer. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service.h"
#include "slow_tree.h"

#define LARGE  (2 * MIB)
#define PACKED (1 * MIB)
#define HEALTH "ok"

static struct tree backing, local;
static struct slow_tree slow;
static struct matrix matrix;
static struct reply *const reply = &matrix.reply;
static const char *roots[2];

static void set_up(void)
{
	tree_make(&backing);
	tree_make(&local);
	tree_write_text(&backing, "a.js", "a.js");
	tree_write_text(&backing, "a.js.br", "a.js.br");
	tree_write_text(&backing, "a.js.gz", "a.js.gz");
	tree_write_text(&backing, "index.html", "<!doctype html><meta charset=windows-1252>");
	tree_write_text(&backing, "index.html.gz", "index.html.gz");
	tree_write_pattern(&backing, "large", LARGE);
	tree_write_pattern(&backing, "large.zst", PACKED);
	tree_write_text(&local, "local.js", "local.js");
	tree_write_text(&local, "local.js.br", "local.js.br");
	slow_tree_mount(&slow, &backing);
}

static void tear_down(void)
{
	slow_tree_unmount(&slow);
	tree_remove(&local);
	tree_remove(&backing);
}

static void start(int group, bool (*select)(const struct way *way))
{
	roots[0] = local.path;
	roots[1] = slow.tree.path;
	matrix.options.flags = FSRV_PRECOMPRESSED;
	matrix_start(&matrix, group, select, roots, LEN(roots));
	for (int i = 0; i < matrix.n; i++)
		client_open(&matrix.clients[i], service_connect(&matrix.services[i]));
}

static void stop(void)
{
	client_reply_free(reply);
	for (int i = 0; i < matrix.n; i++)
		client_close(&matrix.clients[i]);
	matrix_stop(&matrix);
}

static void expect(int i, const char *target, const char *accept, const char *text, const char *coding)
{
	const char *name = matrix.services[i].name, *found;
	char fields[128];

	snprintf(fields, sizeof(fields), "Accept-Encoding: %s\r\n", accept);
	client_reply_free(reply);
	client_ask(&matrix.clients[i], "GET", target, fields, reply);
	ck_assert_msg(reply->status == 200 && reply->whole && strcmp(reply->body, text) == 0,
		      "%s: %s with %s: %d, \"%s\"", name, target, accept, reply->status, reply->body);
	found = client_field(reply, "Content-Encoding");
	ck_assert_msg(coding == NULL ? found == NULL : found != NULL && strcmp(found, coding) == 0,
		      "%s: %s with %s: %s", name, target, accept, found);
}

static void expect_large(int i, const char *accept, uint64_t offset, uint64_t size)
{
	char fields[128];

	snprintf(fields, sizeof(fields), "Accept-Encoding: %s\r\nRange: bytes=%u-\r\n", accept,
		 (unsigned)offset);
	client_reply_free(reply);
	client_ask(&matrix.clients[i], "GET", "/large", fields, reply);
	ck_assert_msg(reply->status == 206 && reply->length == size - offset, "%s: %s: %d with %zu bytes",
		      matrix.services[i].name, accept, reply->status, reply->length);
	ck_assert_uint_eq(tree_compare(reply->body, reply->length, offset), reply->length);
	ck_assert_str_eq(client_field(reply, "Vary"), "Accept-Encoding");
}

START_TEST(chooses_on_a_slow_disk)
{
	slow_tree_tell(&slow, "open-delay 2");
	start(_i, NULL);
	for (int i = 0; i < matrix.n * 2; i++) {
		int n = i / 2;

		expect(n, "/a.js", "gzip, br", "a.js.br", "br");
		expect(n, "/a.js", "gzip", "a.js.gz", "gzip");
		expect(n, "/a.js", "zstd", "a.js", NULL);
		expect(n, "/", "gzip", "index.html.gz", "gzip");
		ck_assert_str_eq(client_field(reply, "Content-Type"), "text/html; charset=windows-1252");
		expect(n, "/local.js", "br", "local.js.br", "br");
		expect_large(n, "zstd", 5, PACKED);
		expect_large(n, "br", 5, LARGE);
		ck_assert_uint_eq(service_stats(&matrix.services[n]).responses[503], 0);
	}
	stop();
}
END_TEST

/* A sidecar that cannot be read is passed over, and the operator is told. */
START_TEST(sends_the_file_when_the_sidecar_is_broken)
{
	slow_tree_tell(&slow, "fail a.js.br 0 EIO");
	start(_i, NULL);
	for (int i = 0; i < matrix.n; i++) {
		expect(i, "/a.js", "br, gzip;q=0.5", "a.js", NULL);
		ck_assert_str_eq(client_field(reply, "Vary"), "Accept-Encoding");
		ck_assert_msg(strstr(matrix.services[i].logged, "a.js.br: ") != NULL, "%s: %s",
			      matrix.services[i].name, matrix.services[i].logged);
		expect(i, "/a.js", "gzip", "a.js.gz", "gzip");
		client_reply_free(reply);
		client_ask(&matrix.clients[i], "GET", "/a.js", "Accept-Encoding: br, identity;q=0\r\n",
			   reply);
		ck_assert_int_eq(reply->status, 406);
	}
	slow_tree_tell(&slow, "heal a.js.br");
	for (int i = 0; i < matrix.n; i++)
		expect(i, "/a.js", "br", "a.js.br", "br");
	stop();
}
END_TEST

static void request(struct client *client, const char *target)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br, zstd\r\n\r\n", target);
	ck_assert(client_send_text(client, text));
}

/* Only who wants a file of the disk waits for it. The row tells what is in memory before it hangs. */
START_TEST(holds_up_nobody_else)
{
	bool is_known = _i / N_GROUPS == 1;

	matrix.handler = service_handle;
	start(_i % N_GROUPS, way_isolates);
	for (int i = 0; i < matrix.n && is_known; i++)
		expect(i, "/a.js", "br", "a.js.br", "br");
	for (int i = 0; i < matrix.n; i++)
		service_expect_meanwhile(&matrix.services[i], "/local.js", 200, strlen("local.js"));
	slow_tree_tell(&slow, "hang on");
	for (int i = 0; i < matrix.n; i++)
		request(&matrix.clients[i], "/a.js");
	for (int i = 0; i < matrix.n; i++) {
		service_expect_meanwhile(&matrix.services[i], "/health", 200, strlen(HEALTH));
		service_expect_meanwhile(&matrix.services[i], "/local.js", 200, strlen("local.js"));
	}
	slow_tree_tell(&slow, "hang off");
	for (int i = 0; i < matrix.n; i++) {
		client_reply_free(reply);
		client_read(&matrix.clients[i], true, reply);
		ck_assert_msg(reply->status == 200 && strcmp(reply->body, "a.js.br") == 0, "%s: %d",
			      matrix.services[i].name, reply->status);
	}
	stop();
}
END_TEST

const char *test_lacks(void)
{
	return slow_tree_is_possible() ? NULL : "no FUSE file system can be mounted";
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("slow_sidecars");
	TCase *tcase = tcase_create("slow_sidecars");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, chooses_on_a_slow_disk, 0, N_GROUPS);
	tcase_add_loop_test(tcase, sends_the_file_when_the_sidecar_is_broken, 0, N_GROUPS);
	tcase_add_loop_test(tcase, holds_up_nobody_else, 0, 2 * N_GROUPS);
	suite_add_tcase(suite, tcase);
	return suite;
}
