/* fsrv_server: starts on what it is told, says where, and stops whatever its clients do. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "fsrv/server.h"
#include "mhd/server_options.h"
#include "suite.h"
#include "tree.h"

static struct tree tree;
static struct fsrv *fs;
static unsigned descriptors;

static char logged[512];

static void note_log(void *cls, const char *line)
{
	(void)cls;
	snprintf(logged, sizeof(logged), "%s", line);
}

static void set_up(void)
{
	const char *roots[] = {tree.path};
	struct fsrv_options options = {
		.size = sizeof(options), .roots = roots, .n_roots = 1, .log = note_log};

	logged[0] = '\0';
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

/* Of localhost, for a hundred years from 2026. */
static const char certificate[] = "-----BEGIN CERTIFICATE-----\n"
				  "MIIBmzCCAUGgAwIBAgIUGVhkQ4BM+GRP9KmxDW4jvK6JYjkwCgYIKoZIzj0EAwIw\n"
				  "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjE4MTUwNloYDzIxMjYxMTAy\n"
				  "MTgxNTA2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
				  "PQMBBwNCAASudUQQ4iTZ8yxtpQZIrhvk8H2dKz+vt3h1g7qS1ssv+JuUNLAcUPJH\n"
				  "TFfQUaitUjMlgBMxGcQxp2YFvSvGuQHYo28wbTAdBgNVHQ4EFgQUcYtgtPzwwSwv\n"
				  "zeqFncxBnT3pup4wHwYDVR0jBBgwFoAUcYtgtPzwwSwvzeqFncxBnT3pup4wDwYD\n"
				  "VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI\n"
				  "zj0EAwIDSAAwRQIhAKyse+L4OYdgtcURRGeSR50b31VfTiH3a6WC0GPmSmg3AiAp\n"
				  "UmohkzQWMvi2YUQZRM2RMRy7rwZwdVGi4PB3LDELzg==\n"
				  "-----END CERTIFICATE-----\n";
static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwwWN1rn4u+FPsU6J\n"
			  "oSlxgCRPbPjNYnj4r6J1Fp+nFpGhRANCAASudUQQ4iTZ8yxtpQZIrhvk8H2dKz+v\n"
			  "t3h1g7qS1ssv+JuUNLAcUPJHTFfQUaitUjMlgBMxGcQxp2YFvSvGuQHY\n"
			  "-----END PRIVATE KEY-----\n";

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
	struct fsrv_server_options options = {
		.size = sizeof(options), .mode = (enum fsrv_server_mode)_i, .threads = 2};
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
						    : "GET /clip.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n");
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
	struct fsrv_server_options options = {.size = sizeof(options),
					      .mode = (enum fsrv_server_mode)_i,
					      .connection_limit = 4,
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
	struct fsrv_server_options options = {
		.size = sizeof(options), .handler = answer_route, .handler_cls = fs};
	struct fsrv_server *server = start(&options);
	struct client client;

	client_open(&client, client_connect(fsrv_server_port(server)));
	expect(&client, "/route", 200, "fine");
	expect(&client, "/hello.txt", 200, "hello");
	client_close(&client);
	fsrv_server_stop(server);
}
END_TEST

static struct fsrv_server *start_with_route(struct fsrv_server_options options)
{
	options.size = sizeof(options);
	options.handler = answer_route;
	options.handler_cls = fs;
	return start(&options);
}

/* Asks until the answer has that status: a place may have to become free first. */
static void expect_soon(const struct fsrv_server *server, const char *target, int status)
{
	struct client client;
	struct reply reply;
	int found, attempts = 0;

	do {
		if (attempts > 0)
			usleep(50000);
		client_open(&client, client_connect(fsrv_server_port(server)));
		client_ask(&client, "GET", target, "", &reply);
		found = reply.status;
		client_reply_free(&reply);
		client_close(&client);
	} while (found != status && ++attempts < 200);
	ck_assert_msg(found == status, "%s: %d", target, found);
}

static bool is_over(int socket)
{
	struct pollfd wait = {.fd = socket, .events = POLLIN | POLLRDHUP};
	char byte;

	return poll(&wait, 1, 0) == 1 && recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

static void wait_for_answer(int socket)
{
	struct pollfd wait = {.fd = socket, .events = POLLIN};

	ck_assert_int_eq(poll(&wait, 1, CLIENT_PATIENCE_MS), 1);
}

#define N_SILENT 300

/* Each waits for its first request, or for the next one. */
START_TEST(silent_connections_give_way)
{
	struct fsrv_server *server = start_with_route(
		(struct fsrv_server_options){.mode = (enum fsrv_server_mode)(_i / 2), .threads = 4});
	static struct client silent[N_SILENT];
	struct reply reply;

	for (int i = 0; i < N_SILENT; i++) {
		client_open(&silent[i], client_connect(fsrv_server_port(server)));
		if (_i % 2 == 0)
			continue;
		client_ask(&silent[i], "GET", "/hello.txt", "", &reply);
		ck_assert_msg(reply.status == 200, "%d: %d", i, reply.status);
		client_reply_free(&reply);
	}
	expect_soon(server, "/route", 200);
	for (int i = 0; i < N_SILENT; i++)
		client_close(&silent[i]);
	fsrv_server_stop(server);
}
END_TEST

/* At the limit those that answer a request stay, and the one that waits longest goes. */
START_TEST(the_longest_waiting_connection_gives_way)
{
	struct fsrv_server *server = start_with_route((struct fsrv_server_options){
		.mode = (enum fsrv_server_mode)_i, .threads = 1, .connection_limit = 4});
	struct client reading, waiting, next, last;
	struct reply reply;

	client_open(&reading, client_connect(fsrv_server_port(server)));
	client_send_text(&reading, "GET /clip.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	wait_for_answer(reading.socket);
	client_open(&waiting, client_connect(fsrv_server_port(server)));
	client_open(&next, client_connect(fsrv_server_port(server)));
	expect(&next, "/route", 200, "fine");
	client_open(&last, client_connect(fsrv_server_port(server)));
	expect(&last, "/route", 200, "fine");
	ck_assert(client_sees_end(&waiting));
	client_read(&reading, true, &reply);
	ck_assert_int_eq(reply.status, 200);
	ck_assert(reply.whole);
	client_reply_free(&reply);
	client_close(&reading);
	client_close(&waiting);
	client_close(&next);
	client_close(&last);
	fsrv_server_stop(server);
}
END_TEST

static const char *const beginnings[] = {
	"",
	"GET /route HTTP/1.1\r\nHost: ",
	"GET /hello.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
	"GET /route HTTP/1.1\r\nHost: localhost\r\n\r\n",
};

/* A byte now and then is no request. */
START_TEST(cuts_who_takes_too_long)
{
	struct fsrv_server *server =
		start_with_route((struct fsrv_server_options){.mode = (enum fsrv_server_mode)(_i % 3),
							      .threads = 2,
							      .request_timeout = _i / 3 == 3 ? 60 : 1,
							      .keep_alive_timeout = 1});
	const char *beginning = beginnings[_i / 3];
	struct client client;
	struct reply reply;
	int n = 0;

	client_open(&client, client_connect(fsrv_server_port(server)));
	client_send_text(&client, beginning);
	if (_i / 3 == 3) {
		client_read(&client, true, &reply);
		ck_assert_int_eq(reply.status, 200);
		client_reply_free(&reply);
	}
	while (!is_over(client.socket) && n++ < 200) {
		usleep(100000);
		if (beginning[0] != '\0')
			client_send_text(&client, "x");
	}
	ck_assert_msg(n < 200, "beginning %d holds a connection", _i / 3);
	client_close(&client);
	fsrv_server_stop(server);
}
END_TEST

/* Content that comes fast enough may take longer than the time for a header. */
START_TEST(waits_for_content_that_comes)
{
	struct fsrv_server *server = start_with_route((struct fsrv_server_options){
		.mode = (enum fsrv_server_mode)_i, .threads = 2, .request_timeout = 5});
	static const char piece[1000] = "content";
	struct client client;
	struct reply reply;

	client_open(&client, client_connect(fsrv_server_port(server)));
	client_send_text(&client,
			 "GET /hello.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n");
	for (int i = 0; i < 70; i++) {
		ck_assert(client_send(&client, piece, sizeof(piece)));
		usleep(100000);
	}
	client_read(&client, true, &reply);
	ck_assert_int_eq(reply.status, 200);
	client_reply_free(&reply);
	client_close(&client);
	fsrv_server_stop(server);
}
END_TEST

/* Waits until nothing more arrives: the server has filled the buffers and stands still. */
static void wait_until_stalled(int socket)
{
	int before = -1, queued = 0;

	for (int i = 0; i < 200 && (queued == 0 || queued != before); i++) {
		before = queued;
		usleep(200000);
		ck_assert_int_eq(ioctl(socket, FIONREAD, &queued), 0);
	}
	ck_assert_int_gt(queued, 0);
}

/* Begins a download. The server cuts a client that a busy machine kept from sending its request in time. */
static void open_player(struct client *player, const struct fsrv_server *server)
{
	for (int i = 0; i < 20; i++) {
		client_open(player, client_connect(fsrv_server_port(server)));
		client_send_text(player, "GET /clip.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n");
		wait_for_answer(player->socket);
		if (!is_over(player->socket))
			return;
		client_close(player);
	}
	ck_abort_msg("no download begins");
}

/* A media player may stop reading. Another connection shows that the limits have passed. */
START_TEST(a_body_may_stand_still)
{
	struct fsrv_server *server =
		start_with_route((struct fsrv_server_options){.mode = (enum fsrv_server_mode)_i,
							      .threads = 1,
							      .connection_limit = 4,
							      .request_timeout = 1,
							      .keep_alive_timeout = 1});
	struct client player, silent;
	struct reply reply;

	open_player(&player, server);
	wait_until_stalled(player.socket);
	for (int i = 0; i < 3; i++) {
		client_open(&silent, client_connect(fsrv_server_port(server)));
		ck_assert(client_sees_end(&silent));
		client_close(&silent);
	}
	for (int i = 0; i < 12; i++)
		expect_soon(server, "/route", 200);
	client_read(&player, true, &reply);
	ck_assert_int_eq(reply.status, 200);
	ck_assert(reply.whole);
	ck_assert_uint_eq(tree_compare(reply.body, reply.length, 0), 16 << 20);
	client_reply_free(&reply);
	client_close(&player);
	fsrv_server_stop(server);
}
END_TEST

/* 16 KiB in four cookies, and in many. */
START_TEST(takes_large_cookies)
{
	struct fsrv_server *server =
		start_with_route((struct fsrv_server_options){.mode = FSRV_SERVER_THREAD});
	static const size_t sizes[] = {4096, 100};
	struct client client;
	struct reply reply;

	client_open(&client, client_connect(fsrv_server_port(server)));
	for (int k = 0; k < LEN(sizes); k++) {
		client_send_text(&client, "GET /route HTTP/1.1\r\nHost: localhost\r\nCookie: a=b");
		for (size_t i = 0; i < 16384 / sizes[k]; i++) {
			char cookie[4096 + 1];

			memset(cookie, 'c', sizes[k]);
			cookie[sizes[k]] = '\0';
			snprintf(cookie, sizeof(cookie), "; c%05zu", i);
			cookie[8] = '=';
			client_send_text(&client, cookie);
		}
		client_send_text(&client, "\r\n\r\n");
		client_read(&client, true, &reply);
		ck_assert_int_eq(reply.status, 200);
		client_reply_free(&reply);
	}
	client_close(&client);
	fsrv_server_stop(server);
}
END_TEST

START_TEST(memory_for_headers_is_limited)
{
	struct fsrv_server *server = start_with_route((struct fsrv_server_options){.header_memory = 4096});
	static char fields[6000];
	struct client client;
	struct reply reply;

	memset(fields, 'x', sizeof(fields) - 1);
	memcpy(fields, "X: ", 3);
	memcpy(fields + sizeof(fields) - 3, "\r\n", 3);
	client_open(&client, client_connect(fsrv_server_port(server)));
	client_ask(&client, "GET", "/route", fields, &reply);
	ck_assert_int_eq(reply.status, 431);
	client_reply_free(&reply);
	client_close(&client);
	fsrv_server_stop(server);
}
END_TEST

struct probes {
	atomic_int on, idle, interval, count;
};

static int get_option(int socket, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(socket, level, name, &value, &size) == 0 ? value : -1;
}

static enum MHD_Result look_at_socket(void *cls, struct MHD_Connection *connection, const char *url,
				      const char *method, const char *version, const char *upload_data,
				      size_t *upload_data_size, void **con_cls)
{
	struct probes *probes = cls;
	int socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

	atomic_store(&probes->on, get_option(socket, SOL_SOCKET, SO_KEEPALIVE));
	atomic_store(&probes->idle, get_option(socket, IPPROTO_TCP, TCP_KEEPIDLE));
	atomic_store(&probes->interval, get_option(socket, IPPROTO_TCP, TCP_KEEPINTVL));
	atomic_store(&probes->count, get_option(socket, IPPROTO_TCP, TCP_KEEPCNT));
	return fsrv_handle(fs, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

START_TEST(notices_that_a_peer_vanished)
{
	struct probes probes = {0};
	struct fsrv_server_options options = {.size = sizeof(options),
					      .handler = look_at_socket,
					      .handler_cls = &probes,
					      .mode = (enum fsrv_server_mode)_i};
	struct fsrv_server *server = start(&options);
	struct client client;

	client_open(&client, client_connect(fsrv_server_port(server)));
	expect(&client, "/hello.txt", 200, "hello");
	client_close(&client);
	fsrv_server_stop(server);
	ck_assert_int_eq(probes.on, 1);
	ck_assert_int_le(probes.idle + probes.interval * probes.count, 180);
}
END_TEST

START_TEST(limits_connections_of_an_address)
{
	struct fsrv_server *server = start_with_route((struct fsrv_server_options){
		.mode = (enum fsrv_server_mode)_i, .threads = 2, .connections_per_address = 2});
	struct client first, second, third;

	client_open(&first, client_connect(fsrv_server_port(server)));
	expect(&first, "/route", 200, "fine");
	client_open(&second, client_connect(fsrv_server_port(server)));
	expect(&second, "/route", 200, "fine");
	client_open(&third, client_connect(fsrv_server_port(server)));
	ck_assert(client_sees_end(&third));
	expect(&first, "/route", 200, "fine");
	client_close(&first);
	expect_soon(server, "/route", 200);
	client_close(&second);
	client_close(&third);
	fsrv_server_stop(server);
}
END_TEST

/* Which addresses are limited unasked. */
static const struct {
	const char *address;
	unsigned given, limit;
} addresses[] = {
	{NULL, 0, 0},      {"127.0.0.2", 0, 0}, {"::1", 0, 0},
	{"0.0.0.0", 0, 5}, {"::", 7, 7},        {"192.0.2.1", FSRV_NO_LIMIT, 0},
};

START_TEST(chooses_the_limit_of_an_address)
{
	struct fsrv_server_options given = {.size = sizeof(given),
					    .address = addresses[_i].address,
					    .connections_per_address = addresses[_i].given,
					    .connection_limit = 9};
	struct fsrv_server_options options;
	const char *bad;

	ck_assert_int_eq(fsrv__server_options_read(&given, &options, &bad), FSRV_OK);
	ck_assert_ptr_null(bad);
	ck_assert_uint_eq(options.connections_per_address, addresses[_i].limit);
}
END_TEST

static const char *const bad_hosts[] = {"good.example", "http://bad.example"};

static const struct {
	const char *name;
	struct fsrv_server_options options;
	int error;
	const char *log;
} refusals[] = {
	{"host name",
	 {.size = sizeof(struct fsrv_server_options), .address = "localhost"},
	 FSRV_ERR_INVALID,
	 "option address has a value that is not allowed; give a numeric"},
	{"port",
	 {.size = sizeof(struct fsrv_server_options), .port = 65536},
	 FSRV_ERR_INVALID,
	 "option port"},
	{"mode",
	 {.size = sizeof(struct fsrv_server_options), .mode = (enum fsrv_server_mode)3},
	 FSRV_ERR_INVALID,
	 "option mode"},
	{"no size", {.size = 0}, FSRV_ERR_INVALID, ""},
	{"header memory",
	 {.size = sizeof(struct fsrv_server_options), .header_memory = 4095},
	 FSRV_ERR_INVALID,
	 "option header_memory"},
	{"reserved",
	 {.size = sizeof(struct fsrv_server_options), .reserved = 1},
	 FSRV_ERR_INVALID,
	 "option reserved"},
	{"allowed hosts",
	 {.size = sizeof(struct fsrv_server_options), .allowed_hosts = bad_hosts, .n_allowed_hosts = 2},
	 FSRV_ERR_INVALID,
	 "option allowed_hosts has a value that is not allowed; give hosts such as"},
	{"allowed hosts that are not there",
	 {.size = sizeof(struct fsrv_server_options), .n_allowed_hosts = 1},
	 FSRV_ERR_INVALID,
	 "option allowed_hosts"},
	{"key without certificate",
	 {.size = sizeof(struct fsrv_server_options), .tls_key = key},
	 FSRV_ERR_INVALID,
	 "option tls_certificate"},
	{"certificate without key",
	 {.size = sizeof(struct fsrv_server_options), .tls_certificate = certificate},
	 FSRV_ERR_INVALID,
	 "option tls_key has a value that is not allowed; give"},
	{"foreign address",
	 {.size = sizeof(struct fsrv_server_options), .address = "192.0.2.1"},
	 FSRV_ERR_SYSTEM,
	 ""},
};

START_TEST(refuses)
{
	struct fsrv_server *server = NULL;

	ck_assert_msg(fsrv_server_start(fs, &refusals[_i].options, &server) == refusals[_i].error, "%s",
		      refusals[_i].name);
	ck_assert_ptr_null(server);
	if (refusals[_i].error == FSRV_ERR_SYSTEM)
		ck_assert_int_eq(errno, EADDRNOTAVAIL);
	ck_assert_msg(strstr(logged, refusals[_i].log) != NULL, "%s: %s", refusals[_i].name, logged);
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

/* What is no TLS gets no answer in HTTP. */
START_TEST(speaks_tls)
{
	struct fsrv_server_options options = {.size = sizeof(options),
					      .mode = (enum fsrv_server_mode)_i,
					      .tls_certificate = certificate,
					      .tls_key = key};
	struct fsrv_server *server = NULL;
	struct client client;
	char url[64], byte;

	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
		ck_assert_int_eq(fsrv_server_start(fs, &options, &server), FSRV_ERR_UNSUPPORTED);
		return;
	}
	server = start(&options);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", fsrv_server_port(server));
	ck_assert_str_eq(fsrv_server_url(server), url);
	client_open(&client, client_connect(fsrv_server_port(server)));
	client_send_text(&client, "GET /hello.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
	/* An alert of TLS (RFC 8446, 6) begins with 21. */
	if (recv(client.socket, &byte, 1, 0) == 1)
		ck_assert_int_eq(byte, 21);
	client_close(&client);
	fsrv_server_stop(server);
}
END_TEST

START_TEST(refuses_a_bad_certificate)
{
	static const char *const bad[] = {"", "no PEM", key};
	struct fsrv_server_options options = {
		.size = sizeof(options), .tls_certificate = bad[_i], .tls_key = key};
	struct fsrv_server *server = NULL;

	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return;
	ck_assert_int_eq(fsrv_server_start(fs, &options, &server), FSRV_ERR_DAEMON);
	ck_assert_ptr_null(server);
	ck_assert_str_ne(logged, "");
}
END_TEST

/* A program that was compiled before there was TLS. */
START_TEST(takes_an_older_struct)
{
	struct fsrv_server_options options = {.size = offsetof(struct fsrv_server_options, tls_certificate),
					      .tls_certificate = "what lies behind it"};
	struct fsrv_server *server = start(&options);

	ck_assert_int_eq(strncmp(fsrv_server_url(server), "http:", 5), 0);
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
	tcase_set_timeout(tcase, 240);
	tcase_add_test(tcase, serves_by_default_on_loopback);
	tcase_add_loop_test(tcase, serves_in_every_mode, 0, FSRV_SERVER_POOL + 1);
	tcase_add_loop_test(tcase, stops_with_connections_open, 0, FSRV_SERVER_POOL + 1);
	tcase_add_loop_test(tcase, stops_at_the_connection_limit, 0, FSRV_SERVER_POOL + 1);
	tcase_add_test(tcase, two_servers_share_a_handler);
	tcase_add_test(tcase, lets_the_program_answer_first);
	tcase_add_loop_test(tcase, silent_connections_give_way, 0, 2 * (FSRV_SERVER_POOL + 1));
	tcase_add_loop_test(tcase, the_longest_waiting_connection_gives_way, 0, FSRV_SERVER_POOL + 1);
	tcase_add_loop_test(tcase, cuts_who_takes_too_long, 0, 3 * LEN(beginnings));
	tcase_add_loop_test(tcase, waits_for_content_that_comes, 0, FSRV_SERVER_POOL + 1);
	tcase_add_loop_test(tcase, a_body_may_stand_still, 0, FSRV_SERVER_POOL + 1);
	tcase_add_test(tcase, takes_large_cookies);
	tcase_add_test(tcase, memory_for_headers_is_limited);
	tcase_add_loop_test(tcase, notices_that_a_peer_vanished, 0, FSRV_SERVER_POOL + 1);
	tcase_add_loop_test(tcase, limits_connections_of_an_address, 0, FSRV_SERVER_POOL + 1);
	tcase_add_loop_test(tcase, chooses_the_limit_of_an_address, 0, LEN(addresses));
	tcase_add_loop_test(tcase, refuses, 0, LEN(refusals));
	tcase_add_test(tcase, refuses_a_port_in_use);
	tcase_add_test(tcase, listens_on_ipv6);
	tcase_add_test(tcase, names_loopback_for_any_address);
	tcase_add_loop_test(tcase, speaks_tls, 0, FSRV_SERVER_POOL + 1);
	tcase_add_loop_test(tcase, refuses_a_bad_certificate, 0, 3);
	tcase_add_test(tcase, takes_an_older_struct);
	tcase_add_test(tcase, stops_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}
