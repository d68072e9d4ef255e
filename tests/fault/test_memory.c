/* Memory that runs out at each allocation in turn: the answer is right, or 503, or the connection is closed,
 * and in the end all memory has been given back. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsrv/resource.h"
#include "service.h"

#define SIZE MIB

/* More allocations than the requests make. */
#define MAX_COUNT 400

static struct tree tree;
static struct matrix matrix;

static atomic_long live, left; /* allocations; those that succeed until one fails */
static atomic_bool fails_once;

static void *fail_in_time(void *cls, void *memory, size_t size)
{
	(void)cls;
	if (size == 0) {
		atomic_fetch_sub(&live, memory != NULL);
		free(memory);
		return NULL;
	}
	if (atomic_load(&left) >= 0) {
		long now = atomic_fetch_sub(&left, 1);

		if (now == 0 && !atomic_load(&fails_once))
			atomic_store(&left, 0);
		if (now == 0)
			return NULL;
	}
	atomic_fetch_add(&live, memory == NULL);
	return realloc(memory, size);
}

/* Fields of the program's own: a rule, an origin and a function need no memory but that of fsrv_new. */
static const struct fsrv_field_rule rule = {"*", "X-Rule", "1"};
static const char *const origins[] = {"http://reader.example"};

static void add_field(void *cls, const struct fsrv_response *response, struct fsrv_fields *fields)
{
	char value[FSRV_DISPOSITION_SIZE];

	(void)cls;
	ck_assert_int_eq(fsrv_disposition_write(FSRV_DISPOSITION_ATTACHMENT, response->path, value,
						sizeof(value)),
			 FSRV_OK);
	ck_assert_int_eq(fsrv_field_set(fields, "Content-Disposition", value), FSRV_OK);
	ck_assert_int_eq(fsrv_field_add(fields, "X-Function", "1"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_remove(fields, "X-Content-Type-Options"), FSRV_OK);
}

static void use_own_fields(struct fsrv_options *options)
{
	options->field_rules = &rule;
	options->n_field_rules = 1;
	options->cors_origins = origins;
	options->n_cors_origins = 1;
	options->fields = add_field;
}

static void expect_own_fields(const struct reply *reply)
{
	ck_assert_str_eq(client_field(reply, "X-Rule"), "1");
	ck_assert_str_eq(client_field(reply, "X-Function"), "1");
	ck_assert_ptr_nonnull(strstr(reply->head, "\r\nVary: Origin\r\n"));
	ck_assert_ptr_null(client_field(reply, "X-Content-Type-Options"));
}

static atomic_long borrowed;

static void give_back(void *cls)
{
	(void)cls;
	atomic_fetch_sub(&borrowed, 1);
}

static const char given_text[] = "given bytes";

static struct fsrv_resource lend(const char *name)
{
	atomic_fetch_add(&borrowed, 1);
	return (struct fsrv_resource){.size = sizeof(struct fsrv_resource), .kind = FSRV_RESOURCE_BYTES,
				      .name = name, .bytes = given_text, .length = strlen(given_text),
				      .release = give_back};
}

/* Content of the program's own beside the files. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	struct fsrv_resource resource = {
		.size = sizeof(resource), .kind = FSRV_RESOURCE_FILE, .name = "clip"};

	if (strcmp(url, "/given") == 0)
		resource = lend("given.txt");
	else if (strcmp(url, "/file") == 0)
		resource.file = open(tree_path(&tree, "clip"), O_RDONLY | O_CLOEXEC);
	else
		return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size,
				   con_cls);
	return fsrv_serve(cls, &resource, connection, url, method, version, upload_data, upload_data_size,
			  con_cls);
}

/* Both with memory for it and without. */
static void lay_over(struct fsrv *fs)
{
	struct fsrv_resource resource = lend("over.txt");
	int error = fsrv_overlay_put(fs, &resource);

	ck_assert(error == FSRV_OK || error == FSRV_ERR_MEMORY);
}

static void set_up(void)
{
	tree_make(&tree);
	tree_write_pattern(&tree, "clip", SIZE);
	tree_write_pattern(&tree, "medium", 100000);
	tree_write_text(&tree, "small", "small");
	tree_write_text(&tree, "small.br", "sidecar");
	tree_write_pattern(&tree, "medium.gz", 80000);
	tree_write_text(&tree, "folder/page.html", "<!DOCTYPE html><head></head><p>page");
	tree_age();
}

static void tear_down(void)
{
	tree_remove(&tree);
}

static const struct {
	const char *target;
	const char *fields;
	int status;
	uint64_t offset, length;
	const char *body; /* NULL: the pattern */
} requests[] = {
	{"/clip", "", 200, 0, SIZE, NULL},
	{"/small", "", 200, 0, 5, "small"},
	{"/clip", "Range: bytes=1000-200999\r\n", 206, 1000, 200000, NULL},
	{"/clip", "Range: bytes=8-15\r\n", 206, 8, 8, NULL},
	{"/clip", "Range: bytes=8-15,1000-1001\r\n", 206, 0, 0, "\r\nContent-Range: bytes 8-15/1048576\r\n"},
	{"/clip", "Range: bytes=8-15,1000-200999\r\n", 206, 0, 0,
	 "\r\nContent-Range: bytes 8-15/1048576\r\n"},
	{"/small", "Accept-Encoding: br\r\n", 200, 0, 7, "sidecar"},
	{"/medium", "Accept-Encoding: br, gzip\r\n", 200, 0, 80000, NULL},
	{"/medium", "If-Modified-Since: " TREE_OLD_TEXT "\r\n", 304, 0, 0, NULL},
	{"/folder/page.html", "", 200, 0, 0, "<script>1</script>"},
	{"/folder/page", "", 200, 0, 0, "<script>1</script>"},
	{"/folder", "", 308, 0, 0, ""},
	{"/absent", "", 404, 0, 0, ""},
	{"/given", "", 200, 0, 11, given_text},
	{"/file", "Range: bytes=8-300007\r\n", 206, 8, 300000, NULL},
	{"/file", "Range: bytes=8-15\r\n", 206, 8, 8, NULL},
};

/* The page may have been asked for before its script could be added. */
static void expect_right(const struct service *service, int row, bool has_script)
{
	const struct reply *reply = &matrix.reply;

	ck_assert_msg(reply->status == requests[row].status, "%s: %s: %d", service->name,
		      requests[row].target, reply->status);
	if (requests[row].body == NULL)
		ck_assert_msg(reply->length == requests[row].length &&
				      tree_compare(reply->body, reply->length, requests[row].offset) ==
					      reply->length,
			      "%s: %s: %zu bytes", service->name, requests[row].target, reply->length);
	else if (has_script)
		ck_assert_msg(strstr(reply->body, requests[row].body) != NULL, "%s: %s", service->name,
			      reply->body);
}

static void ask(struct service *service, int row, bool has_script, bool has_to_be_right)
{
	static struct client client;
	const struct reply *reply = &matrix.reply;

	client_open(&client, service_connect(service));
	client_ask(&client, "GET", requests[row].target, requests[row].fields, &matrix.reply);
	if (reply->status != 0)
		expect_own_fields(reply);
	if (has_to_be_right || (reply->status != 503 && reply->status != 0 && reply->whole))
		expect_right(service, row, has_script);
	else if (reply->status != 503 && reply->status != 0)
		ck_assert_uint_eq(tree_compare(reply->body, reply->length, requests[row].offset),
				  reply->length);
	client_reply_free(&matrix.reply);
	client_close(&client);
}

static bool add_script(struct fsrv *fs)
{
	static const struct fsrv_script script = {.text = "1", .length = 1};
	int error = fsrv_inject_add_script(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, &script);

	ck_assert(error == FSRV_OK || error == FSRV_ERR_MEMORY);
	return error == FSRV_OK;
}

static bool is_chosen(const struct way *way)
{
	static const char *const chosen[] = {"thread per connection, poll", "epoll", "epoll with suspend",
					     "pool of epoll with suspend",
					     "external loop, epoll with suspend"};

	for (int i = 0; way->daemon != NULL && i < LEN(chosen); i++)
		if (strcmp(way->daemon->name, chosen[i]) == 0)
			return true;
	return way->daemon == NULL;
}

/* False when the requests made fewer allocations. */
static bool fail_the_allocation(struct service *service, int n)
{
	bool has_script, was_reached;

	atomic_store(&left, n);
	has_script = add_script(service->fs);
	lay_over(service->fs);
	for (int row = 0; row < LEN(requests); row++)
		ask(service, row, has_script, false);
	was_reached = atomic_exchange(&left, -1) <= 0;
	if (!has_script)
		has_script = add_script(service->fs);
	for (int row = 0; row < LEN(requests); row++)
		ask(service, row, has_script, true);
	return was_reached;
}

/* The ways go through their allocations side by side, though one after another. */
START_TEST(survives_each_allocation_that_fails)
{
	const char *root = tree.path;
	bool goes_on = true;
	int n;

	atomic_store(&fails_once, _i / N_GROUPS == 0);
	matrix.options.allocate = fail_in_time;
	matrix.options.max_ranges = 2;
	matrix.handler = handle;
	matrix.options.flags = FSRV_PRECOMPRESSED;
	use_own_fields(&matrix.options);
	matrix.options.flags |= FSRV_CLEAN_URLS;
	for (n = 0; goes_on && n < MAX_COUNT; n++) {
		atomic_store(&left, -1);
		matrix_start(&matrix, _i % N_GROUPS, is_chosen, &root, 1);
		goes_on = false;
		for (int i = 0; i < matrix.n; i++)
			goes_on = fail_the_allocation(&matrix.services[i], n) || goes_on;
		matrix_stop(&matrix);
		ck_assert_msg(atomic_load(&live) == 0, "%ld pieces left when allocation %d failed",
			      atomic_load(&live), n);
		ck_assert_int_eq(atomic_load(&borrowed), 0);
	}
	ck_assert_int_gt(n, 10);
	ck_assert_int_lt(n, MAX_COUNT);
}
END_TEST

START_TEST(fails_to_be_made)
{
	const char *root = tree.path;
	struct fsrv_options options = {.size = sizeof(options), .roots = &root, .n_roots = 1,
				       .allocate = fail_in_time};
	struct fsrv *fs = NULL;
	int error = FSRV_ERR_MEMORY, n;

	use_own_fields(&options);
	options.spa_page = "a";
	options.not_found_page = "b";
	for (n = 0; error != FSRV_OK; n++) {
		atomic_store(&left, n);
		error = fsrv_new(&options, &fs);
		ck_assert(error == FSRV_OK ||
			  (error == FSRV_ERR_MEMORY && fs == NULL && atomic_load(&live) == 0));
	}
	ck_assert_int_gt(n, 3);
	fsrv_free(fs);
	ck_assert_int_eq(atomic_load(&live), 0);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = tcase_create("memory");

	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, survives_each_allocation_that_fails, 0, 2 * N_GROUPS);
	tcase_add_test(tcase, fails_to_be_made);
	suite_add_tcase(suite, tcase);
	return suite;
}
