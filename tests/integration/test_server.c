/* fsrv_server: starts on what it is told, says where, and stops whatever its clients do. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "fsrv/server.h"
#include "suite.h"
#include "tree.h"

static struct tree tree;
static struct fsrv *fs;
static unsigned descriptors;

static void set_up(void)
{
	const char *roots[] = {tree.path};
	struct fsrv_options options = {.size = sizeof(options), .roots = roots, .n_roots = 1};

	tree_make(&tree);
	tree_write_text(&tree, "hello.txt", "hello");
	tree_write_pattern(&tree, "clip.mp4", 16 << 20);
	descriptors = open_descriptors();
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
}

static void tear_down(void)
{
	fsrv_free(fs);
	ck_assert_uint_eq(open_descriptors(), descriptors);
	tree_remove(&tree);
}

static struct fsrv_server *start(const struct fsrv_server_options *options)
{
	struct fsrv_server *server = NULL;

	ck_assert_int_eq(fsrv_server_start(fs, options, &server), FSRV_OK);
	ck_assert_ptr_nonnull(server);
	return server;
}

static void expect(struct client *client, const char *target, int status, const char *body)
{
	struct reply reply;

	client_ask(client, "GET", target, "", &reply);
	ck_assert_msg(reply.status == status, "%s: %d", target, reply.status);
	ck_assert_str_eq(reply.body, body);
	client_reply_free(&reply);
}

START_TEST(serves_by_default_on_loopback)
{
	struct fsrv_server *server = start(NULL);
	struct client client;
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", fsrv_server_port(server));
	ck_assert_str_eq(fsrv_server_url(server), url);
	client_open(&client, client_connect(fsrv_server_port(server)));
	expect(&client, "/hello.txt", 200, "hello");
	expect(&client, "/a%2Fb", 400, "Bad Request\n");
	client_close(&client);
	fsrv_server_stop(server);
}
END_TEST

START_TEST(serves_in_every_mode)
{
	struct fsrv_server_options options = {.size = sizeof(options), .mode = (enum fsrv_server_mode)_i,
					      .threads = 2};
	struct fsrv_server *server = start(&options);
	struct client clients[5];
	struct reply reply;

	for (int i = 0; i < LEN(clients); i++)
		client_open(&clients[i], client_connect(fsrv_server_port(server)));
	for (int i = 0; i < LEN(clients); i++) {
		expect(&clients[i], "/hello.txt", 200, "hello");
		client_ask(&clients[i], "GET", "/clip.mp4", "Range: bytes=1000000-1999999\r\n", &reply);
		ck_assert_uint_eq(tree_compare(reply.body, reply.length, 1000000), 1000000);
		client_reply_free(&reply);
		client_close(&clients[i]);
	}
	fsrv_server_stop(server);
}
END_TEST

/* Clients that idle, have sent half a request, or have stopped reading. */
START_TEST(stops_with_connections_open)
{
	struct fsrv_server_options options = {.size = sizeof(options), .mode = (enum fsrv_server_mode)_i};
	struct fsrv_server *server = start(&options);
	struct client clients[9];

	for (int i = 0; i < LEN(clients); i++) {
		client_open(&clients[i], client_connect(fsrv_server_port(server)));
		if (i % 3 == 0)
			expect(&clients[i], "/hello.txt", 200, "hello");
		else
			client_send_text(&clients[i],
					 i % 3 == 1 ? "GET /hello"
						    : "GET /clip.mp4 HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	usleep(50000);
	fsrv_server_stop(server);
	for (int i = 0; i < LEN(clients); i++) {
		ck_assert(client_sees_end(&clients[i]));
		client_close(&clients[i]);
	}
}
END_TEST

/* At its limit libmicrohttpd leaves the listening socket alone, also when that says to stop. */
START_TEST(stops_at_the_connection_limit)
{
	struct fsrv_server_options options = {
		.size = sizeof(options), .mode = (enum fsrv_server_mode)_i, .connection_limit = 4,
		.threads = 2};
	struct fsrv_server *server = start(&options);
	struct client clients[4];
	int waiting[4];

	for (int i = 0; i < LEN(clients); i++)
		client_open(&clients[i], client_connect(fsrv_server_port(server)));
	usleep(50000);
	for (int i = 0; i < LEN(waiting); i++)
		waiting[i] = client_connect(fsrv_server_port(server));
	usleep(50000);
	fsrv_server_stop(server);
	for (int i = 0; i < LEN(clients); i++) {
		client_close(&clients[i]);
		close(waiting[i]);
	}
}
END_TEST

START_TEST(two_servers_share_a_handler)
{
	struct fsrv_server_options options = {.size = sizeof(options), .mode = FSRV_SERVER_EPOLL};
	struct fsrv_server *first = start(NULL), *second = start(&options);
	struct client client;

	ck_assert_uint_ne(fsrv_server_port(first), fsrv_server_port(second));
	fsrv_server_stop(first);
	client_open(&client, client_connect(fsrv_server_port(second)));
	expect(&client, "/hello.txt", 200, "hello");
	client_close(&client);
	fsrv_server_stop(second);
}
END_TEST

static enum MHD_Result answer_route(void *cls, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload_data,
				    size_t *upload_data_size, void **con_cls)
{
	static char text[] = "fine";
	struct MHD_Response *response;
	enum MHD_Result queued;

	if (*con_cls == NULL || strcmp(url, "/route") != 0)
		return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size,
				   con_cls);
	response = MHD_create_response_from_buffer(4, text, MHD_RESPMEM_PERSISTENT);
	queued = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return queued;
}

START_TEST(lets_the_program_answer_first)
{
	struct fsrv_server_options options = {.size = sizeof(options), .handler = answer_route,
					      .handler_cls = fs};
	struct fsrv_server *server = start(&options);
	struct client client;

	client_open(&client, client_connect(fsrv_server_port(server)));
	expect(&client, "/route", 200, "fine");
	expect(&client, "/hello.txt", 200, "hello");
	client_close(&client);
	fsrv_server_stop(server);
}
END_TEST

static const struct {
	const char *name;
	struct fsrv_server_options options;
	int error;
} refusals[] = {
	{"host name", {.size = sizeof(struct fsrv_server_options), .address = "localhost"}, FSRV_ERR_INVALID},
	{"port", {.size = sizeof(struct fsrv_server_options), .port = 65536}, FSRV_ERR_INVALID},
	{"mode", {.size = sizeof(struct fsrv_server_options), .mode = (enum fsrv_server_mode)3},
	 FSRV_ERR_INVALID},
	{"no size", {.size = 0}, FSRV_ERR_INVALID},
	{"foreign address", {.size = sizeof(struct fsrv_server_options), .address = "192.0.2.1"},
	 FSRV_ERR_SYSTEM},
};

START_TEST(refuses)
{
	struct fsrv_server *server = NULL;

	ck_assert_msg(fsrv_server_start(fs, &refusals[_i].options, &server) == refusals[_i].error, "%s",
		      refusals[_i].name);
	ck_assert_ptr_null(server);
	if (refusals[_i].error == FSRV_ERR_SYSTEM)
		ck_assert_int_eq(errno, EADDRNOTAVAIL);
}
END_TEST

START_TEST(refuses_a_port_in_use)
{
	struct fsrv_server *first = start(NULL), *second = NULL;
	struct fsrv_server_options options = {.size = sizeof(options), .port = fsrv_server_port(first)};

	ck_assert_int_eq(fsrv_server_start(fs, &options, &second), FSRV_ERR_ADDRESS_IN_USE);
	fsrv_server_stop(first);
	second = start(&options);
	ck_assert_uint_eq(fsrv_server_port(second), options.port);
	fsrv_server_stop(second);
}
END_TEST

static bool has_ipv6(void)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

START_TEST(listens_on_ipv6)
{
	struct fsrv_server_options options = {.size = sizeof(options), .address = "::1"};
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	struct fsrv_server *server;
	struct client client;
	int fd;

	if (!has_ipv6())
		return;
	server = start(&options);
	ck_assert_msg(strncmp(fsrv_server_url(server), "http://[::1]:", 13) == 0, "%s",
		      fsrv_server_url(server));
	address.sin6_port = htons((uint16_t)fsrv_server_port(server));
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	client_open(&client, fd);
	expect(&client, "/hello.txt", 200, "hello");
	client_close(&client);
	fsrv_server_stop(server);
}
END_TEST

START_TEST(names_loopback_for_any_address)
{
	struct fsrv_server_options options = {.size = sizeof(options), .address = "0.0.0.0"};
	struct fsrv_server *server = start(&options);

	ck_assert_msg(strncmp(fsrv_server_url(server), "http://127.0.0.1:", 17) == 0, "%s",
		      fsrv_server_url(server));
	fsrv_server_stop(server);
}
END_TEST

START_TEST(stops_nothing)
{
	fsrv_server_stop(NULL);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("server");
	TCase *tcase = tcase_create("server");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, serves_by_default_on_loopback);
	tcase_add_loop_test(tcase, serves_in_every_mode, 0, FSRV_SERVER_POOL + 1);
	tcase_add_loop_test(tcase, stops_with_connections_open, 0, FSRV_SERVER_POOL + 1);
	tcase_add_loop_test(tcase, stops_at_the_connection_limit, 0, FSRV_SERVER_POOL + 1);
	tcase_add_test(tcase, two_servers_share_a_handler);
	tcase_add_test(tcase, lets_the_program_answer_first);
	tcase_add_loop_test(tcase, refuses, 0, LEN(refusals));
	tcase_add_test(tcase, refuses_a_port_in_use);
	tcase_add_test(tcase, listens_on_ipv6);
	tcase_add_test(tcase, names_loopback_for_any_address);
	tcase_add_test(tcase, stops_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}
