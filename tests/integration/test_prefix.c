/* The option prefix: what is below it, what is outside, and where redirects lead. */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "suite.h"
#include "tree.h"

static struct tree tree;
static struct fsrv *fs;
static struct test_daemon service;
static struct client client;
static struct reply reply;

/* Indexes of daemon_modes: a thread for each connection, epoll and an external loop that suspend. */
static const int modes[] = {7, 3, 13};

static enum MHD_Result answer_instead(void *cls, struct MHD_Connection *connection, const char *url,
				      const char *method, const char *version, const char *upload_data,
				      size_t *upload_data_size, void **con_cls)
{
	(void)url;
	return fsrv_handle(fs, connection, cls, method, version, upload_data, upload_data_size, con_cls);
}

static void serve(const char *prefix, int mode, unsigned flags, const char *instead)
{
	const char *root = tree.path;
	struct fsrv_options options = {.size = sizeof(options),
				       .roots = &root,
				       .n_roots = 1,
				       .flags = flags,
				       .wake = daemon_wake,
				       .wake_cls = &service,
				       .prefix = prefix};

	tree_make(&tree);
	tree_write_text(&tree, "index.html", "<p>root");
	tree_write_text(&tree, "a.txt", "a");
	tree_write_text(&tree, "x/a.txt", "x");
	tree_write_text(&tree, ".hidden", "hidden");
	root = tree.path;
	if (instead != NULL) {
		options.fallback = answer_instead;
		options.fallback_cls = (void *)(uintptr_t)instead;
	}
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[mode], fsrv_handle, fs, flags);
	client_open(&client, daemon_connect(&service));
}

static void stop(void)
{
	client_close(&client);
	daemon_stop(&service);
	fsrv_free(fs);
	tree_remove(&tree);
}

struct row {
	const char *method, *target;
	int status;
	const char *result; /* body of 200, Location of 308 */
};

static const struct row below_assets[] = {
	{"GET", "/assets/a.txt", 200, "a"},
	{"GET", "/assets/x/a.txt?q", 200, "x"},
	{"GET", "/assets/", 200, "<p>root"},
	{"GET", "//assets//a.txt", 200, "a"},
	{"GET", "/%61ssets/a.txt", 200, "a"},
	{"GET", "/assets/x/../a.txt", 200, "a"},
	{"GET", "/x/../assets/a.txt", 200, "a"},
	{"GET", "http://host/assets/a.txt", 200, "a"},
	{"GET", "/assets", 308, "assets/"},
	{"GET", "/assets?q=1", 308, "assets/?q=1"},
	{"HEAD", "/assets", 308, "assets/"},
	{"GET", "http://host/assets", 308, "assets/"},
	{"GET", "/assets/x", 308, "x/"},
	{"OPTIONS", "/assets/a.txt", 204, NULL},
	{"GET", "/assets/none", 404, NULL},
	{"GET", "/assets/.hidden", 404, NULL},
	{"GET", "/assets/../a.txt", 404, NULL},
	{"GET", "/assets/%2e%2e/a.txt", 404, NULL},
	{"GET", "/assets/../../assets/a.txt", 404, NULL},
	{"GET", "/assetsx/a.txt", 404, NULL},
	{"GET", "/assetsa.txt", 404, NULL},
	{"GET", "/Assets/a.txt", 404, NULL},
	{"GET", "/a.txt", 404, NULL},
	{"GET", "/", 404, NULL},
	{"GET", "http://assets/a.txt", 404, NULL},
	{"GET", "/assets/\\", 400, NULL},
	{"POST", "/a.txt", 405, NULL}, /* the last one: it closes the connection */
};

static void check(const struct row *row, const char *name)
{
	client_ask(&client, row->method, row->target, "", &reply);
	ck_assert_msg(reply.status == row->status, "%s: %s: %d", name, row->target, reply.status);
	if (row->status == 200)
		ck_assert_msg(strcmp(reply.body, row->result) == 0, "%s: %s: %s", name, row->target,
			      reply.body);
	if (row->status == 308)
		ck_assert_str_eq(client_field(&reply, "Location"), row->result);
	client_reply_free(&reply);
}

START_TEST(serves_below_it)
{
	int mode = modes[_i % LEN(modes)];

	serve("/assets", mode, _i < LEN(modes) ? FSRV_URL_IS_RAW : 0, NULL);
	for (int row = 0; row < LEN(below_assets); row++)
		check(&below_assets[row], daemon_modes[mode].name);
	stop();
}
END_TEST

static const struct {
	const char *prefix, *target, *alone, *location;
} spellings[] = {
	{"/assets/", "/assets/a.txt", "/assets", "assets/"},
	{"/a%20b", "/a%20b/a.txt", "/a%20b", "a%20b/"},
	{"/p/q//", "/p/q/a.txt", "/p/q", "q/"},
	{"/.p", "/.p/a.txt", "/.p", ".p/"},
	{"/a:b", "/a:b/a.txt", "/a:b", "a%3Ab/"},
	{"/x/../p", "/p/a.txt", "/p", "p/"},
	{"/", "/a.txt", NULL, NULL},
	{"", "/a.txt", NULL, NULL},
};

START_TEST(takes_other_spellings)
{
	const struct row file = {"GET", spellings[_i].target, 200, "a"};
	const struct row alone = {"GET", spellings[_i].alone, 308, spellings[_i].location};

	serve(spellings[_i].prefix, modes[0], FSRV_URL_IS_RAW, NULL);
	check(&file, "file");
	if (spellings[_i].alone != NULL)
		check(&alone, "alone");
	stop();
}
END_TEST

/* The fallback names its page as a client would. */
START_TEST(leaves_the_rest_to_the_fallback)
{
	static const struct row rows[] = {
		{"GET", "/other", 200, "a"},
		{"GET", "/assets/none", 200, "a"},
		{"GET", "/assets/x/a.txt", 200, "x"},
		{"GET", "/assets", 308, "assets/"},
	};

	serve("/assets", modes[_i], FSRV_URL_IS_RAW, "/assets/a.txt");
	for (int row = 0; row < LEN(rows); row++)
		check(&rows[row], daemon_modes[modes[_i]].name);
	stop();
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("prefix");
	TCase *tcase = tcase_create("prefix");

	tcase_add_loop_test(tcase, serves_below_it, 0, 2 * LEN(modes));
	tcase_add_loop_test(tcase, takes_other_spellings, 0, LEN(spellings));
	tcase_add_loop_test(tcase, leaves_the_rest_to_the_fallback, 0, LEN(modes));
	suite_add_tcase(suite, tcase);
	return suite;
}
