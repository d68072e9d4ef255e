/* Several ranges in one answer, from files, memory and content of the program, in every threading mode of
 * libmicrohttpd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"
#include "fsrv/resource.h"
#include "suite.h"
#include "texts.h"
#include "tree.h"

#define FILE_SIZE  3158073u
#define PAGE_SIZE  300000u
#define MAX_SLICES 64

static struct tree tree;

struct service {
	struct fsrv *fs;
	struct test_daemon daemon;
	struct client client;
	struct fsrv_access access; /* the last one */
};

static void note_access(void *cls, const struct fsrv_access *access)
{
	struct service *service = cls;

	service->access = *access;
}

static void write_page(void)
{
	static char page[PAGE_SIZE];

	memset(page, 'p', sizeof(page));
	for (size_t i = 0; i + 8 < sizeof(page); i += 8)
		page[i] = (char)('a' + i / 8 % 26);
	memcpy(page, "<!DOCTYPE html><title>page</title>", 34);
	tree_write(&tree, "page.html", page, sizeof(page));
}

static void set_up(void)
{
	tree_make(&tree);
	tree_write_pattern(&tree, "clip.mp4", FILE_SIZE);
	tree_write_pattern(&tree, "small.bin", 5000);
	tree_write_pattern(&tree, "tiny.bin", 200);
	tree_write_pattern(&tree, "drawing.svgz", 5000);
	write_page();
}

static void tear_down(void)
{
	tree_remove(&tree);
}

static ssize_t read_source(void *cls, void *buffer, size_t size, uint64_t offset)
{
	uint64_t left = FILE_SIZE - offset;

	(void)cls;
	if (left < size)
		size = (size_t)left;
	tree_fill(buffer, size, offset);
	return (ssize_t)size;
}

/* Files, and two sources: one that may wait, and one that does not. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	struct fsrv_resource source = {.size = sizeof(source),
				       .kind = FSRV_RESOURCE_SOURCE,
				       .name = "source.mp4",
				       .etag = "source",
				       .length = FILE_SIZE,
				       .read = read_source};

	if (strcmp(url, "/source") != 0 && strcmp(url, "/waiting") != 0)
		return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size,
				   con_cls);
	if (strcmp(url, "/waiting") == 0)
		source.flags = FSRV_RESOURCE_MAY_WAIT;
	return fsrv_serve(cls, &source, connection, url, method, version, upload_data, upload_data_size,
			  con_cls);
}

static void service_start(struct service *service, int mode, const struct fsrv_options *more)
{
	const char *roots[] = {tree.path};
	static const struct fsrv_script script = {.text = "1", .length = 1};
	struct fsrv_options options = *more;

	options.size = sizeof(options);
	options.roots = roots;
	options.n_roots = 1;
	options.wake = daemon_wake;
	options.wake_cls = &service->daemon;
	options.access = note_access;
	options.access_cls = service;
	ck_assert_int_eq(fsrv_new(&options, &service->fs), FSRV_OK);
	ck_assert_int_eq(fsrv_inject_add_script(service->fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, &script),
			 FSRV_OK);
	daemon_start(&service->daemon, &daemon_modes[mode], handle, service->fs, 0);
	client_open(&service->client, daemon_connect_tcp(&service->daemon));
}

static void service_stop(struct service *service)
{
	client_close(&service->client);
	daemon_stop(&service->daemon);
	fsrv_free(service->fs);
}

struct slice {
	size_t first, last;
};

struct wanted {
	const char *name;
	const char *target;
	const char *type;
	const char *ranges;
	struct slice slices[4]; /* ends with one whose last byte is 0; none: the whole file is sent */
};

static const struct wanted rows[] = {
	{"small, of a large file", "/clip.mp4", "video/mp4", "0-1,1000-1001", {{0, 1}, {1000, 1001}}},
	{"in their order",
	 "/clip.mp4",
	 "video/mp4",
	 "3000000-3000009,0-9,-9",
	 {{3000000, 3000009}, {0, 9}, {FILE_SIZE - 9, FILE_SIZE - 1}}},
	{"large",
	 "/clip.mp4",
	 "video/mp4",
	 "1000001-1999999,0-99999,-70001",
	 {{1000001, 1999999}, {0, 99999}, {FILE_SIZE - 70001, FILE_SIZE - 1}}},
	{"a little more than goes out from memory",
	 "/clip.mp4",
	 "video/mp4",
	 "7-65400,100000-100100",
	 {{7, 65400}, {100000, 100100}}},
	{"almost everything",
	 "/clip.mp4",
	 "video/mp4",
	 "0-1999999,2001000-",
	 {{0, 1999999}, {2001000, FILE_SIZE - 1}}},
	{"joined",
	 "/clip.mp4",
	 "video/mp4",
	 "0-9,500-509,5-14,2000000-2000009,94-99",
	 {{0, 99}, {500, 509}, {2000000, 2000009}}},
	{"of a small file", "/small.bin", "application/octet-stream", "1-1,4000-", {{1, 1}, {4000, 4999}}},
	{"of a page", "/page.html", "text/html; charset=utf-8", "20-60,5000-5009", {{20, 60}, {5000, 5009}}},
	{"large, of a page",
	 "/page.html",
	 "text/html; charset=utf-8",
	 "200001-280000,20-100000",
	 {{200001, 280000}, {20, 100000}}},
	{"of a source", "/source", "video/mp4", "1000-1001,0-1", {{1000, 1001}, {0, 1}}},
	{"large, of a source",
	 "/source",
	 "video/mp4",
	 "1000001-1999999,0-99999",
	 {{1000001, 1999999}, {0, 99999}}},
	{"of a source that waits", "/waiting", "video/mp4", "1000-1001,0-1", {{1000, 1001}, {0, 1}}},
	{"large, of a source that waits",
	 "/waiting",
	 "video/mp4",
	 "1000001-1999999,0-99999",
	 {{1000001, 1999999}, {0, 99999}}},
	{"longer than the file", "/tiny.bin", "application/octet-stream", "0-0,199-199", {{0, 0}}},
	{"of a coded file", "/drawing.svgz", "image/svg+xml", "0-0,4000-4001", {{0, 0}}},
	{"malformed", "/clip.mp4", "video/mp4", "0-1,1000-1001,x", {{0, 0}}},
};

static size_t append_part(char *out, const struct reply *whole, const struct slice *slice, const char *type)
{
	size_t length = slice->last - slice->first + 1;
	size_t used = (size_t)sprintf(out, "Content-Type: %s\r\nContent-Range: bytes %zu-%zu/%zu\r\n\r\n",
				      type, slice->first, slice->last, whole->length);

	memcpy(out + used, whole->body + slice->first, length);
	return used + length;
}

/* Puts the parts together as RFC 2046, 5.1.1 says, and compares. */
static void expect_parts(const struct reply *reply, const struct reply *whole, const struct slice *slices,
			 int n, const char *type)
{
	static char wanted[FILE_SIZE + 65536];
	const char *kind = "multipart/byteranges; boundary=";
	const char *field = client_field(reply, "Content-Type");
	char boundary[128];
	size_t used = 0;

	ck_assert_int_eq(reply->status, 206);
	ck_assert(reply->whole);
	ck_assert(strncmp(field, kind, strlen(kind)) == 0);
	snprintf(boundary, sizeof(boundary), "%s", field + strlen(kind));
	ck_assert(fsrv__text_is_token(text_of(boundary)));
	for (int i = 0; i < n; i++) {
		used += (size_t)sprintf(wanted + used, "\r\n--%s\r\n", boundary);
		used += append_part(wanted + used, whole, &slices[i], type);
	}
	used += (size_t)sprintf(wanted + used, "\r\n--%s--\r\n", boundary);
	ck_assert_uint_eq(reply->announced, used);
	ck_assert_uint_eq(reply->length, used);
	ck_assert_int_eq(memcmp(reply->body, wanted, used), 0);
	ck_assert_ptr_null(client_field(reply, "Content-Range"));
	ck_assert_ptr_nonnull(client_field(reply, "ETag"));
	ck_assert_str_eq(client_field(reply, "Accept-Ranges"), "bytes");
}

static int count_slices(const struct slice *slices)
{
	int n = 0;

	while (n < 4 && slices[n].last != 0)
		n++;
	return n;
}

static void ask_for(struct service *service, const char *target, const char *ranges, struct reply *reply)
{
	char fields[16384];

	snprintf(fields, sizeof(fields), "Range: bytes=%s\r\n", ranges);
	client_ask(&service->client, "GET", target, fields, reply);
}

static void expect_row(struct service *service, const struct wanted *row)
{
	int n = count_slices(row->slices);
	struct reply whole, reply;

	client_ask(&service->client, "GET", row->target, "", &whole);
	ck_assert_int_eq(whole.status, 200);
	ask_for(service, row->target, row->ranges, &reply);
	ck_assert_msg(reply.status == (n > 0 ? 206 : 200), "%s: %d", row->name, reply.status);
	ck_assert_uint_eq(service->access.n_parts, (unsigned)n);
	ck_assert_uint_eq(service->access.offset, 0);
	ck_assert_uint_eq(service->access.length, reply.length);
	ck_assert_uint_eq(service->access.size, whole.length);
	if (n > 0)
		expect_parts(&reply, &whole, row->slices, n, row->type);
	else
		ck_assert(reply.length == whole.length && memcmp(reply.body, whole.body, whole.length) == 0);
	client_reply_free(&reply);
	client_reply_free(&whole);
}

static const struct fsrv_options sixty_four = {.max_ranges = MAX_SLICES};

START_TEST(sends_the_parts)
{
	struct service service;

	service_start(&service, _i, &sixty_four);
	for (int row = 0; row < LEN(rows); row++)
		expect_row(&service, &rows[row]);
	service_stop(&service);
}
END_TEST

/* The largest number of parts, small and large ones, and one more than that. */
START_TEST(sends_many_parts)
{
	static const size_t lengths[] = {1, 1000, 40000};
	struct service service;
	struct reply whole, reply;

	service_start(&service, _i, &sixty_four);
	client_ask(&service.client, "GET", "/clip.mp4", "", &whole);
	for (int i = 0; i < LEN(lengths); i++) {
		struct slice slices[MAX_SLICES];
		char ranges[4096] = "";

		for (size_t n = 0, used = 0; n < MAX_SLICES; n++) {
			size_t first = (MAX_SLICES - 1 - n) * 49000;

			slices[n] = (struct slice){first, first + lengths[i] - 1};
			used += (size_t)sprintf(ranges + used, "%s%zu-%zu", n > 0 ? "," : "", first,
						slices[n].last);
		}
		ask_for(&service, "/clip.mp4", ranges, &reply);
		expect_parts(&reply, &whole, slices, MAX_SLICES, "video/mp4");
		client_reply_free(&reply);
		strcat(ranges, ",3150000-3150000");
		ask_for(&service, "/clip.mp4", ranges, &reply);
		ck_assert_int_eq(reply.status, 200);
		ck_assert_uint_eq(reply.length, FILE_SIZE);
		client_reply_free(&reply);
	}
	client_reply_free(&whole);
	service_stop(&service);
}
END_TEST

static void expect_status(struct service *service, const char *method, int status, const char *content_range)
{
	const char *field;
	struct reply reply;

	client_ask(&service->client, method, "/small.bin", "Range: bytes=5000-5001,9000-\r\n", &reply);
	ck_assert_int_eq(reply.status, status);
	field = client_field(&reply, "Content-Range");
	ck_assert_str_eq(field != NULL ? field : "", content_range);
	client_reply_free(&reply);
}

START_TEST(knows_what_lies_beyond_the_end)
{
	static const struct fsrv_options options[] = {{.max_ranges = 2}, {.max_ranges = 1}, {0}};

	for (int i = 0; i < LEN(options); i++) {
		struct service service;

		service_start(&service, _i, &options[i]);
		expect_status(&service, "GET", i == 0 ? 416 : 200, i == 0 ? "bytes */5000" : "");
		expect_status(&service, "HEAD", 200, "");
		service_stop(&service);
	}
}
END_TEST

/* Rules and the function set fields of the whole, but not what says how the parts are to be read. */
static void add_fields(void *cls, const struct fsrv_response *response, struct fsrv_fields *fields)
{
	(void)cls;
	ck_assert_str_eq(response->media_type, "video/mp4");
	ck_assert_int_eq(fsrv_field_set(fields, "Content-Type", "x/y"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_remove(fields, "Content-Type"), FSRV_OK);
	ck_assert_int_eq(fsrv_field_set(fields, "Content-Disposition", "attachment"), FSRV_OK);
}

START_TEST(keeps_its_type)
{
	static const struct fsrv_field_rule rules[] = {
		{"*", "Content-Type", "text/plain"}, {"*", "Content-Encoding", "gzip"}, {"*", "X-Rule", "1"}};
	const struct fsrv_options options = {
		.max_ranges = 8, .field_rules = rules, .n_field_rules = LEN(rules), .fields = add_fields};
	struct service service;
	struct reply whole, reply;

	service_start(&service, 0, &options);
	client_ask(&service.client, "GET", "/clip.mp4", "", &whole);
	ck_assert_str_eq(client_field(&whole, "Content-Encoding"), "gzip");
	ck_assert_ptr_null(client_field(&whole, "Content-Type"));
	ask_for(&service, "/clip.mp4", rows[0].ranges, &reply);
	expect_parts(&reply, &whole, rows[0].slices, 2, "video/mp4");
	ck_assert_ptr_null(client_field(&reply, "Content-Encoding"));
	ck_assert_str_eq(client_field(&reply, "Content-Disposition"), "attachment");
	ck_assert_str_eq(client_field(&reply, "X-Rule"), "1");
	client_reply_free(&reply);
	client_reply_free(&whole);
	service_stop(&service);
}
END_TEST

/* Another handler has another seed. */
START_TEST(changes_its_boundary)
{
	char boundaries[3][128];

	for (int i = 0; i < LEN(boundaries); i++) {
		struct service service;
		struct reply reply;

		service_start(&service, 0, &sixty_four);
		ask_for(&service, i < 2 ? "/clip.mp4" : "/small.bin", "0-1,1000-1001", &reply);
		snprintf(boundaries[i], sizeof(boundaries[i]), "%s", client_field(&reply, "Content-Type"));
		client_reply_free(&reply);
		ask_for(&service, i < 2 ? "/clip.mp4" : "/small.bin", "0-1,1000-1001", &reply);
		ck_assert_str_eq(client_field(&reply, "Content-Type"), boundaries[i]);
		client_reply_free(&reply);
		service_stop(&service);
	}
	ck_assert_str_ne(boundaries[0], boundaries[1]);
	ck_assert_str_ne(boundaries[0], boundaries[2]);
	ck_assert_str_ne(boundaries[1], boundaries[2]);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("several_ranges");
	TCase *tcase = tcase_create("several_ranges");

	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, sends_the_parts, 0, N_MODES);
	tcase_add_loop_test(tcase, sends_many_parts, 0, N_MODES);
	tcase_add_loop_test(tcase, knows_what_lies_beyond_the_end, 0, N_MODES);
	tcase_add_test(tcase, keeps_its_type);
	tcase_add_test(tcase, changes_its_boundary);
	suite_add_tcase(suite, tcase);
	return suite;
}
