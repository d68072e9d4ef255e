/* The option allowed_hosts of a handler and of a server: who is answered, who is refused, what is logged. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "budget.h"
#include "client.h"
#include "daemon.h"
#include "fsrv/server.h"
#include "suite.h"
#include "tree.h"

#define MAX_LOGGED 16 /* as fsrv/fsrv.h says */

static struct tree tree;
static struct fsrv *fs;
static unsigned n_logged, n_accesses, n_routed;
static char logged[512];

/* Indexes of daemon_modes: a thread for each connection, epoll and an external loop that suspend. */
static const int modes[] = {7, 3, 13};

static void note_log(void *cls, const char *line)
{
	(void)cls;
	snprintf(logged, sizeof(logged), "%s", line);
	n_logged++;
}

static void note_access(void *cls, const struct fsrv_access *access)
{
	(void)cls;
	n_accesses += access->status == 403;
}

static void set_up(void)
{
	tree_make(&tree);
	tree_write_text(&tree, "a.txt", "a");
	n_logged = n_accesses = n_routed = 0;
	logged[0] = '\0';
}

static void tear_down(void)
{
	fsrv_free(fs);
	tree_remove(&tree);
}

static void make(struct test_daemon *service, const char *const *hosts, size_t n_hosts)
{
	const char *root = tree.path;
	struct fsrv_options options = {.size = sizeof(options),
				       .roots = &root,
				       .n_roots = 1,
				       .log = note_log,
				       .access = note_access,
				       .wake = service != NULL ? daemon_wake : NULL,
				       .wake_cls = service,
				       .allowed_hosts = hosts,
				       .n_allowed_hosts = n_hosts};

	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
}

struct request {
	const char *line;   /* without the version, if that is 1.1 */
	const char *fields; /* whole lines with CRLF */
	int status;
};

/* What is refused ends the connection, so each request has one of its own. */
static void check(int socket, const struct request *request, const char *name)
{
	static struct client client;
	bool has_version = strstr(request->line, "HTTP/") != NULL;
	struct reply reply;
	char text[512];

	client_open(&client, socket);
	snprintf(text, sizeof(text), "%s%s\r\n%s\r\n", request->line, has_version ? "" : " HTTP/1.1",
		 request->fields);
	client_send_text(&client, text);
	client_read(&client, strncmp(request->line, "HEAD", 4) != 0, &reply);
	ck_assert_msg(reply.status == request->status, "%s: %s, %s: %d", name, request->line, request->fields,
		      reply.status);
	if (reply.status == 403) {
		ck_assert_str_eq(client_field(&reply, "Cache-Control"), "no-cache");
		if (strncmp(request->line, "HEAD", 4) != 0)
			ck_assert_str_eq(reply.body, "Forbidden host or origin\n");
		ck_assert(client_sees_end(&client));
	}
	client_reply_free(&reply);
	client_close(&client);
}

static const struct request of_a_list[] = {
	{"GET /a.txt", "Host: app.example\r\n", 200},
	{"GET /a.txt", "Host: APP.example.:8080\r\nOrigin: https://app.example\r\n", 200},
	{"GET /a.txt", "Host: x.lan\r\n", 200},
	{"GET /a.txt", "Host: localhost:8080\r\nOrigin: http://127.0.0.1:3000\r\n", 200},
	{"GET /a.txt", "Host: [::1]\r\n", 200},
	{"GET /a.txt HTTP/1.0", "", 200},
	{"GET /a.txt", "Host:\r\n", 200},
	{"GET http://app.example/a.txt", "Host: evil.example\r\n", 200},
	{"OPTIONS *", "Host: app.example\r\n", 204},
	{"GET /a.txt", "Host: evil.example\r\n", 403},
	{"GET /none", "host: evil.example\r\n", 403},
	{"HEAD /a.txt", "Host: evil.example\r\n", 403},
	{"OPTIONS /a.txt", "Host: evil.example\r\n", 403},
	{"POST /a.txt", "Host: evil.example\r\nContent-Length: 5\r\n", 403},
	{"GET /a.txt", "Host: lan\r\n", 403},
	{"GET http://evil.example/a.txt", "Host: app.example\r\n", 403},
	{"GET /a.txt", "Host: app.example\r\nORIGIN: https://evil.example\r\n", 403},
	{"GET /a.txt", "Host: app.example\r\nOrigin: null\r\n", 403},
	{"GET /a.txt HTTP/1.0", "Origin: https://evil.example\r\n", 403},
	{"GET /a.txt", "", 400},
	{"GET /a.txt", "Host: evil/example\r\n", 400},
};

static const char *const names[] = {"app.example", "*.lan"};

START_TEST(answers_whom_the_list_names)
{
	const struct daemon_mode *mode = &daemon_modes[modes[_i]];
	struct test_daemon service;

	make(&service, names, LEN(names));
	daemon_start(&service, mode, fsrv_handle, fs, 0);
	for (int row = 0; row < LEN(of_a_list); row++)
		check(daemon_connect(&service), &of_a_list[row], mode->name);
	daemon_stop(&service);
	ck_assert_uint_eq(n_accesses, 10);
}
END_TEST

static const struct request of_origins[] = {
	{"GET /a.txt", "Host: localhost\r\nOrigin: https://reader.example\r\n", 200},
	{"OPTIONS /a.txt",
	 "Host: localhost\r\nOrigin: https://reader.example\r\nAccess-Control-Request-Method: GET\r\n", 204},
	{"GET /a.txt", "Host: localhost\r\nOrigin: https://other.example\r\n", 403},
	{"GET /a.txt", "Host: reader.example\r\nOrigin: https://reader.example\r\n", 403},
};

/* Scripts that may read may also ask. */
START_TEST(answers_origins_that_may_read)
{
	static const char *const origins[] = {"https://reader.example"};
	const char *root = tree.path;
	struct fsrv_options options = {.size = sizeof(options),
				       .roots = &root,
				       .n_roots = 1,
				       .cors_origins = origins,
				       .n_cors_origins = 1};
	struct fsrv_server_options of_server = {.size = sizeof(of_server), .mode = (enum fsrv_server_mode)_i};
	struct fsrv_server *server;

	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	ck_assert_int_eq(fsrv_server_start(fs, &of_server, &server), FSRV_OK);
	for (int row = 0; row < LEN(of_origins); row++)
		check(client_connect(fsrv_server_port(server)), &of_origins[row], "server");
	fsrv_server_stop(server);
}
END_TEST

/* The state of a program in con_cls: its only call of fsrv_handle is the final one. */
static enum MHD_Result with_state(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload_data,
				  size_t *upload_data_size, void **con_cls)
{
	static char state;

	if (*con_cls == NULL) {
		*con_cls = &state;
		return MHD_YES;
	}
	return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

START_TEST(keeps_the_connection_of_a_final_call)
{
	const struct daemon_mode *mode = &daemon_modes[modes[_i]];
	static struct client client;
	struct test_daemon service;
	struct reply reply;

	make(&service, names, LEN(names));
	daemon_start(&service, mode, with_state, fs, 0);
	client_open(&client, daemon_connect(&service));
	for (int i = 0; i < 4; i++) {
		client_ask(&client, "GET", "/a.txt", i % 2 != 0 ? "Origin: http://evil.example\r\n" : "",
			   &reply);
		ck_assert_int_eq(reply.status, i % 2 != 0 ? 403 : 200);
		client_reply_free(&reply);
	}
	client_close(&client);
	daemon_stop(&service);
}
END_TEST

static const struct request of_anybody[] = {
	{"GET /a.txt", "Host: evil.example\r\nOrigin: https://other.example\r\n", 200},
	{"GET /a.txt", "Host: evil.example\r\nOrigin: null\r\n", 200},
};

START_TEST(answers_anybody_without_a_list)
{
	static const char *const all[] = {"app.example", "*"};
	const struct daemon_mode *mode = &daemon_modes[modes[_i % LEN(modes)]];
	struct test_daemon service;

	make(&service, _i < LEN(modes) ? NULL : all, _i < LEN(modes) ? 0 : LEN(all));
	daemon_start(&service, mode, fsrv_handle, fs, 0);
	for (int row = 0; row < LEN(of_anybody); row++)
		check(daemon_connect(&service), &of_anybody[row], mode->name);
	daemon_stop(&service);
}
END_TEST

static struct fsrv_server *start(int mode, const char *address, const char *const *hosts, size_t n_hosts,
				 MHD_AccessHandlerCallback handler)
{
	struct fsrv_server_options options = {.size = sizeof(options),
					      .mode = (enum fsrv_server_mode)mode,
					      .address = address,
					      .handler = handler,
					      .allowed_hosts = hosts,
					      .n_allowed_hosts = n_hosts};
	struct fsrv_server *server = NULL;

	make(NULL, NULL, 0);
	ck_assert_int_eq(fsrv_server_start(fs, &options, &server), FSRV_OK);
	return server;
}

static const struct request of_loopback[] = {
	{"GET /a.txt", "Host: localhost:8080\r\n", 200},
	{"GET /a.txt", "Host: app.localhost\r\nOrigin: http://localhost:3000\r\n", 200},
	{"GET /a.txt", "Host: 127.0.0.1:8080\r\nOrigin: http://localhost:3000\r\n", 200},
	{"GET /a.txt HTTP/1.0", "", 200},
	{"GET /a.txt", "Host: app.example\r\n", 403},
	{"GET /a.txt", "Host: localhost.evil.example\r\n", 403},
	{"GET /a.txt", "Host: localhost\r\nOrigin: https://evil.example\r\n", 403},
	{"GET /a.txt", "", 400},
};

START_TEST(a_server_on_loopback_answers_loopback)
{
	struct fsrv_server *server = start(_i, NULL, NULL, 0, NULL);

	for (int row = 0; row < LEN(of_loopback); row++)
		check(client_connect(fsrv_server_port(server)), &of_loopback[row], "server");
	fsrv_server_stop(server);
}
END_TEST

/* Requests that name the server by its own URL are passed faster, so one that names more is tried too. */
START_TEST(a_server_knows_its_own_host)
{
	static const struct {
		const char *line, *before, *after;
		int status;
	} rows[] = {
		{"GET /a.txt", "Host: ", "\r\n", 200},
		{"GET /a.txt", "host:  ", " \r\nAccept: */*\r\n", 200},
		{"GET /a.txt", "Host: ", "\r\nOrigin: http://localhost:3000\r\n", 200},
		{"GET /a.txt", "Host: ", "0\r\nX: a\r\n", 403},
		{"GET /a.txt", "Host: ", "\r\nOrigin: http://evil.example\r\n", 403},
		{"GET /a.txt", "Origin: http://evil.example\r\nHost: ", "\r\n", 403},
		{"GET /a.txt", "Origin: http://evil.example\r\nHost: ", "\r\nOrigin: http://localhost\r\n",
		 403},
		{"GET http://evil.example/a.txt", "Host: ", "\r\n", 403},
		{"GET /a.txt", "Host: evil.example\r\nHost: ", "\r\n", 400},
		{"GET /a.txt", "Host: ", ".evil.example\r\n", 403},
		{"GET /a.txt", "Host: ", "\r\nHost: evil.example\r\n", 400},
	};
	struct fsrv_server *server = start(_i, NULL, NULL, 0, NULL);

	for (int row = 0; row < LEN(rows); row++) {
		char fields[256];
		const struct request request = {rows[row].line, fields, rows[row].status};

		snprintf(fields, sizeof(fields), "%s127.0.0.1:%u%s", rows[row].before,
			 fsrv_server_port(server), rows[row].after);
		check(client_connect(fsrv_server_port(server)), &request, "server");
	}
	fsrv_server_stop(server);
}
END_TEST

/* An IPv4 address of this machine that is not on loopback; false when there is none. */
static bool find_address(struct sockaddr_in *address, char text[INET_ADDRSTRLEN])
{
	bool is_found = false;
	struct ifaddrs *list;

	ck_assert_int_eq(getifaddrs(&list), 0);
	for (const struct ifaddrs *one = list; one != NULL && !is_found; one = one->ifa_next) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)one->ifa_addr;

		if (v4 == NULL || v4->sin_family != AF_INET || (one->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		*address = *v4;
		is_found = inet_ntop(AF_INET, &v4->sin_addr, text, INET_ADDRSTRLEN) != NULL;
	}
	freeifaddrs(list);
	return is_found;
}

/* That a list leaves out its address is no reason to answer who names it. */
START_TEST(a_server_refuses_its_own_address_like_others)
{
	char text[INET_ADDRSTRLEN], fields[256];
	const struct request request = {"GET /a.txt", fields, 403};
	struct sockaddr_in address;
	struct fsrv_server *server;
	int client;

	if (!find_address(&address, text))
		return;
	server = start(_i, text, names, LEN(names), NULL);
	address.sin_port = htons((uint16_t)fsrv_server_port(server));
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	snprintf(fields, sizeof(fields), "Host: %s:%u\r\n", text, fsrv_server_port(server));
	check(client, &request, "server");
	fsrv_server_stop(server);
}
END_TEST

START_TEST(a_server_adds_its_list)
{
	struct fsrv_server *server = start(_i, NULL, names, LEN(names), NULL);

	for (int row = 0; row < LEN(of_a_list); row++)
		check(client_connect(fsrv_server_port(server)), &of_a_list[row], "server");
	fsrv_server_stop(server);
}
END_TEST

START_TEST(a_server_for_all_answers_anybody)
{
	static const char *const all[] = {"*"};
	bool is_open = _i < 3;
	struct fsrv_server *server =
		start(_i % 3, is_open ? "0.0.0.0" : NULL, is_open ? NULL : all, is_open ? 0 : 1, NULL);

	for (int row = 0; row < LEN(of_anybody); row++)
		check(client_connect(fsrv_server_port(server)), &of_anybody[row], "server");
	fsrv_server_stop(server);
}
END_TEST

START_TEST(a_server_for_other_machines_takes_a_list)
{
	struct fsrv_server *server = start(_i, "0.0.0.0", names, LEN(names), NULL);

	for (int row = 0; row < LEN(of_a_list); row++)
		check(client_connect(fsrv_server_port(server)), &of_a_list[row], "server");
	fsrv_server_stop(server);
}
END_TEST

static enum MHD_Result answer_route(void *cls, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload_data,
				    size_t *upload_data_size, void **con_cls)
{
	static char text[] = "route", state;
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)cls, (void)url, (void)method, (void)version, (void)upload_data;
	n_routed++;
	if (*con_cls == NULL) {
		*con_cls = &state;
		return MHD_YES;
	}
	*upload_data_size = 0;
	response = MHD_create_response_from_buffer(5, text, MHD_RESPMEM_PERSISTENT);
	result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

/* A program's handler hears nothing of what is refused. */
START_TEST(a_server_guards_the_routes_of_the_program)
{
	static const struct request refused = {"GET /route", "Host: evil.example\r\n", 403};
	static const struct request answered = {"GET /route", "Host: localhost\r\n", 200};
	struct fsrv_server *server = start(_i, NULL, NULL, 0, answer_route);

	check(client_connect(fsrv_server_port(server)), &refused, "route");
	ck_assert_uint_eq(n_routed, 0);
	ck_assert_uint_eq(n_accesses, 1);
	check(client_connect(fsrv_server_port(server)), &answered, "route");
	ck_assert_uint_eq(n_routed, 2);
	fsrv_server_stop(server);
}
END_TEST

static void ask_for(const struct fsrv_server *server, int number)
{
	char fields[64];
	const struct request request = {"GET /a.txt", fields, 403};

	snprintf(fields, sizeof(fields), "Host: h%d.example\r\n", number);
	check(client_connect(fsrv_server_port(server)), &request, "log");
}

START_TEST(logs_each_host_once_and_few_of_them)
{
	static const struct request origin = {
		"GET /a.txt", "Host: localhost\r\nOrigin: https://evil.example:8443\r\n", 403};
	struct fsrv_server *server = start(FSRV_SERVER_THREAD, NULL, NULL, 0, NULL);

	ask_for(server, 0);
	ck_assert_str_eq(logged, "a request for host h0.example was refused; option allowed_hosts of "
				 "fsrv_server_start (fsrv-serve: --allow-host) can allow it");
	ask_for(server, 0);
	ck_assert_uint_eq(n_logged, 1);
	check(client_connect(fsrv_server_port(server)), &origin, "log");
	ck_assert_str_eq(logged,
			 "a request from a page of host evil.example:8443 was refused; option "
			 "allowed_hosts of fsrv_server_start (fsrv-serve: --allow-host) can allow it");
	for (int i = 1; i < MAX_LOGGED + 4; i++)
		ask_for(server, i);
	ck_assert_uint_eq(n_logged, MAX_LOGGED);
	ck_assert_ptr_nonnull(strstr(logged, "host h14.example "));
	ck_assert_ptr_nonnull(strstr(logged, "; further hosts are not logged"));
	ask_for(server, 0);
	ck_assert_uint_eq(n_logged, MAX_LOGGED);
	fsrv_server_stop(server);
}
END_TEST

START_TEST(names_the_option_of_a_handler)
{
	static const struct request request = {"GET /a.txt", "Host: evil.example\r\n", 403};
	struct test_daemon service;

	make(&service, names, LEN(names));
	daemon_start(&service, &daemon_modes[1], fsrv_handle, fs, 0);
	check(daemon_connect(&service), &request, "log");
	ck_assert_str_eq(logged, "a request for host evil.example was refused; option allowed_hosts of "
				 "fsrv_new can allow it");
	daemon_stop(&service);
}
END_TEST

START_TEST(a_server_survives_a_lack_of_memory)
{
	static struct budget budget; /* needed until the handler is freed */
	const char *root = tree.path;
	struct fsrv_options options = {.size = sizeof(options),
				       .roots = &root,
				       .n_roots = 1,
				       .allocate = budget_allocate,
				       .allocate_cls = &budget};
	struct fsrv_server_options given = {
		.size = sizeof(given), .allowed_hosts = names, .n_allowed_hosts = LEN(names)};
	struct fsrv_server *server = NULL;
	int error = FSRV_ERR_MEMORY;
	unsigned before, n;

	budget = (struct budget){1 << 20, 0};
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	before = budget.live;
	for (n = 0; error != FSRV_OK; n++) {
		budget.left = n;
		error = fsrv_server_start(fs, &given, &server);
		ck_assert(error == FSRV_OK || (error == FSRV_ERR_MEMORY && budget.live == before));
	}
	ck_assert_uint_gt(n, 2);
	fsrv_server_stop(server);
	ck_assert_uint_eq(budget.live, before);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("hosts");
	TCase *own = tcase_create("handler");
	TCase *server = tcase_create("server");

	tcase_add_checked_fixture(own, set_up, tear_down);
	tcase_add_loop_test(own, answers_whom_the_list_names, 0, LEN(modes));
	tcase_add_loop_test(own, answers_origins_that_may_read, 0, 3);
	tcase_add_loop_test(own, keeps_the_connection_of_a_final_call, 0, LEN(modes));
	tcase_add_loop_test(own, answers_anybody_without_a_list, 0, 2 * LEN(modes));
	tcase_add_test(own, names_the_option_of_a_handler);
	suite_add_tcase(suite, own);
	tcase_add_checked_fixture(server, set_up, tear_down);
	tcase_add_loop_test(server, a_server_on_loopback_answers_loopback, 0, 3);
	tcase_add_loop_test(server, a_server_knows_its_own_host, 0, 3);
	tcase_add_loop_test(server, a_server_refuses_its_own_address_like_others, 0, 3);
	tcase_add_loop_test(server, a_server_adds_its_list, 0, 3);
	tcase_add_loop_test(server, a_server_for_all_answers_anybody, 0, 6);
	tcase_add_loop_test(server, a_server_for_other_machines_takes_a_list, 0, 3);
	tcase_add_loop_test(server, a_server_guards_the_routes_of_the_program, 0, 3);
	tcase_add_test(server, a_server_survives_a_lack_of_memory);
	tcase_add_test(server, logs_each_host_once_and_few_of_them);
	suite_add_tcase(suite, server);
	return suite;
}
