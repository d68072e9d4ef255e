#include "service.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Of one core, on the whole for all ways of a group. */
#define RESTING 0.25
#define PATIENCE 60.0

static const struct {
	const char *name;
	enum fsrv_body body;
	unsigned flags;
} engines[] = {
	{"sendfile", FSRV_BODY_ZERO_COPY, 0},
	{"sendfile, told", FSRV_BODY_ZERO_COPY, FSRV_COMPLETION_IS_TOLD},
	{"reader", FSRV_BODY_READER, 0},
};

static const char *const server_names[] = {"server, thread", "server, epoll", "server, pool"};

static bool polls_with_select(const struct daemon_mode *mode)
{
	return (mode->flags & (MHD_USE_POLL | MHD_USE_EPOLL)) == 0;
}

bool way_suspends(const struct way *way)
{
	return way->daemon != NULL ? daemon_suspends(way->daemon) : way->server_mode != FSRV_SERVER_THREAD;
}

bool way_sends_files(const struct way *way)
{
	return way->daemon != NULL
		       ? way->body == FSRV_BODY_ZERO_COPY && (way->daemon->flags & MHD_USE_POLL) != 0
		       : way->server_mode == FSRV_SERVER_THREAD;
}

bool way_isolates(const struct way *way)
{
	if (way->daemon == NULL || (way->daemon->flags & MHD_USE_THREAD_PER_CONNECTION) != 0)
		return true;
	return way_suspends(way) && !way_sends_files(way);
}

/* With select(2) and epoll there is only reading, whatever is asked for. Epoll is tried all the same: it
 * would hang. */
static int list_ways(int group, struct service *services)
{
	int n = 0;

	if (group == LEN(engines)) {
		for (int i = 0; i < LEN(server_names); i++, n++) {
			services[n].way = (struct way){.server_mode = (enum fsrv_server_mode)i};
			snprintf(services[n].name, sizeof(services[n].name), "%s", server_names[i]);
		}
		return n;
	}
	for (int i = 0; i < N_MODES; i++) {
		const struct daemon_mode *mode = &daemon_modes[i];

		if (engines[group].body == FSRV_BODY_ZERO_COPY && polls_with_select(mode))
			continue;
		services[n].way = (struct way){.daemon = mode, .body = engines[group].body,
					       .flags = engines[group].flags};
		snprintf(services[n].name, sizeof(services[n].name), "%s, %s", mode->name,
			 engines[group].name);
		n++;
	}
	return n;
}

static void note_access(void *cls, const struct fsrv_access *access)
{
	struct service *service = cls;
	struct answer *answer = &service->answers[access->request % MAX_ANSWERS];

	pthread_mutex_lock(&service->mutex);
	answer->times_answered++;
	answer->status = access->status;
	pthread_mutex_unlock(&service->mutex);
}

static void note_end(void *cls, const struct fsrv_completion *completion)
{
	struct service *service = cls;
	struct answer *answer = &service->answers[completion->request % MAX_ANSWERS];

	pthread_mutex_lock(&service->mutex);
	answer->times_ended++;
	answer->ending = completion->ending;
	answer->length = completion->length;
	answer->sent = completion->sent;
	service->n_endings[completion->ending]++;
	pthread_mutex_unlock(&service->mutex);
}

static void note_log(void *cls, const char *line)
{
	struct service *service = cls;

	pthread_mutex_lock(&service->mutex);
	service->n_logged++;
	snprintf(service->logged, sizeof(service->logged), "%s", line);
	pthread_mutex_unlock(&service->mutex);
}

static void start(struct matrix *matrix, struct service *service)
{
	struct fsrv_options options = matrix->options;
	MHD_AccessHandlerCallback handler = matrix->handler != NULL ? matrix->handler : fsrv_handle;

	options.size = sizeof(options);
	options.access = note_access;
	options.access_cls = service;
	options.completion = note_end;
	options.completion_cls = service;
	options.log = note_log;
	options.log_cls = service;
	options.body = service->way.body;
	options.flags |= service->way.flags;
	pthread_mutex_init(&service->mutex, NULL);
	if (service->way.daemon != NULL) {
		options.wake = daemon_wake;
		options.wake_cls = &service->daemon;
	}
	ck_assert_int_eq(fsrv_new(&options, &service->fs), FSRV_OK);
	if (service->way.daemon != NULL) {
		daemon_start(&service->daemon, service->way.daemon, handler, service->fs, options.flags);
	} else {
		struct fsrv_server_options choice = {.size = sizeof(choice), .mode = service->way.server_mode,
						     .handler = handler, .handler_cls = service->fs};

		ck_assert_int_eq(fsrv_server_start(service->fs, &choice, &service->server), FSRV_OK);
	}
}

static void *do_nothing(void *cls)
{
	return cls;
}

/* ThreadSanitizer adds one of its own to the first thread, which would not be gone in the end. */
static void start_first_thread(void)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, do_nothing, NULL), 0);
	pthread_join(thread, NULL);
	usleep(10000);
}

void matrix_start(struct matrix *matrix, int group, bool (*select)(const struct way *way),
		  const char *const *roots, size_t n_roots)
{
	const char *wanted = getenv("FSRV_TEST_WAY");
	int n, kept = 0;

	memset(matrix->services, 0, sizeof(matrix->services));
	n = list_ways(group, matrix->services);
	for (int i = 0; i < n; i++)
		if ((select == NULL || select(&matrix->services[i].way)) &&
		    (wanted == NULL || strstr(matrix->services[i].name, wanted) != NULL))
			matrix->services[kept++] = matrix->services[i];
	matrix->n = kept;
	start_first_thread();
	matrix->descriptors = open_descriptors();
	matrix->threads = running_threads();
	matrix->options.roots = roots;
	matrix->options.n_roots = n_roots;
	for (int i = 0; i < matrix->n; i++)
		start(matrix, &matrix->services[i]);
}

void service_stop(struct service *service)
{
	if (service->fs == NULL)
		return;
	if (service->server != NULL)
		fsrv_server_stop(service->server);
	else
		daemon_stop(&service->daemon);
	fsrv_free(service->fs);
	service->fs = NULL;
}

/* A thread that was joined may be listed for a moment yet. */
static void expect_as_before(const struct matrix *matrix)
{
	double end = now_seconds() + PATIENCE;

	while (now_seconds() < end &&
	       (open_descriptors() != matrix->descriptors || running_threads() != matrix->threads))
		usleep(1000);
	ck_assert_uint_eq(open_descriptors(), matrix->descriptors);
	ck_assert_uint_eq(running_threads(), matrix->threads);
}

/* One that has not ended, or two with the same number. */
static const struct answer *find_unended(struct service *service)
{
	for (int i = 0; i < MAX_ANSWERS; i++)
		if (service->answers[i].times_answered != service->answers[i].times_ended ||
		    service->answers[i].times_answered > 1)
			return &service->answers[i];
	return NULL;
}

static void expect_all_ended(struct service *service)
{
	const struct answer *answer = find_unended(service);

	ck_assert_msg(answer == NULL, "%s: answer %d given %u times, ended %u times", service->name,
		      answer != NULL ? (int)(answer - service->answers) : 0,
		      answer != NULL ? answer->times_answered : 0, answer != NULL ? answer->times_ended : 0);
}

void matrix_stop(struct matrix *matrix)
{
	for (int i = 0; i < matrix->n; i++)
		service_stop(&matrix->services[i]);
	for (int i = 0; i < matrix->n; i++)
		expect_all_ended(&matrix->services[i]);
	expect_as_before(matrix);
}

int service_connect(struct service *service)
{
	return service->server != NULL ? client_connect(fsrv_server_port(service->server))
				       : daemon_connect_tcp(&service->daemon);
}

static bool is_settled(struct service *service)
{
	struct fsrv_stats stats = service_stats(service);
	bool settled;

	pthread_mutex_lock(&service->mutex);
	settled = find_unended(service) == NULL;
	pthread_mutex_unlock(&service->mutex);
	return settled && stats.live_bodies == 0 && stats.open_files == 0;
}

void service_settle(struct service *service, const char *target)
{
	static struct client client;
	static struct reply reply;
	double end = now_seconds() + PATIENCE;
	bool has_settled = is_settled(service);

	for (int i = 0; !has_settled && now_seconds() < end; i++, has_settled = is_settled(service)) {
		struct fsrv_stats stats;

		usleep(10000);
		if (i % 8 != 7)
			continue;
		client_open(&client, service_connect(service));
		client_ask(&client, "GET", target, "Connection: close\r\n", &reply);
		client_reply_free(&reply);
		client_close(&client);
		stats = service_stats(service);
		ck_assert_msg(stats.live_bodies < UINT32_MAX, "%s: more bodies ended than began",
			      service->name);
	}
	/* Not asked again: a lookup for a client that has gone may begin late. */
	if (!has_settled) {
		struct fsrv_stats stats = service_stats(service);

		expect_all_ended(service);
		ck_abort_msg("%s: %u bodies, %u files", service->name, (unsigned)stats.live_bodies,
			     (unsigned)stats.open_files);
	}
}

void matrix_settle(struct matrix *matrix, const char *target)
{
	for (int i = 0; i < matrix->n; i++)
		service_settle(&matrix->services[i], target);
}

void service_request(struct service *service, struct client *client, const char *target)
{
	int little = 65536;
	char request[256];

	client_open(client, service_connect(service));
	setsockopt(client->socket, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
	ck_assert_msg(client_send_text(client, request), "%s: %s", service->name, target);
}

static void wait_for_completions(struct service *service, unsigned n)
{
	double end = now_seconds() + PATIENCE;

	while (service_count(service, FSRV_ENDING_COMPLETE, 0) < n && now_seconds() < end)
		usleep(1000);
	ck_assert_msg(now_seconds() < end, "%s: end of a body not told", service->name);
}

/* Where the end of a body is seen only by looking at the socket, that has to be open until then. */
void service_expect(struct service *service, const char *target, uint64_t length)
{
	static struct client client;
	static struct reply reply;
	unsigned n = service_count(service, FSRV_ENDING_COMPLETE, 0);

	client_open(&client, service_connect(service));
	client_ask(&client, "GET", target, "", &reply);
	ck_assert_msg(reply.status == 200 && reply.whole && reply.length == length &&
			      tree_compare(reply.body, reply.length, 0) == length,
		      "%s: %s: %d with %zu bytes", service->name, target, reply.status, reply.length);
	client_reply_free(&reply);
	wait_for_completions(service, n + 1);
	client_close(&client);
}

enum MHD_Result service_handle(void *cls, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload_data,
			       size_t *upload_data_size, void **con_cls)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (strcmp(url, "/health") != 0 || *con_cls == NULL)
		return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size,
				   con_cls);
	response = MHD_create_response_from_buffer(2, (char[]){"ok"}, MHD_RESPMEM_MUST_COPY);
	result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

void service_expect_meanwhile(struct service *service, const char *target, int status, size_t length)
{
	static struct client client;
	static struct reply reply;
	struct pollfd wait = {.events = POLLIN};
	char request[256];

	client_open(&client, service_connect(service));
	wait.fd = client.socket;
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
	client_send_text(&client, request);
	ck_assert_msg(poll(&wait, 1, CLIENT_PATIENCE_MS) == 1, "%s: %s: no answer", service->name, target);
	client_read(&client, true, &reply);
	ck_assert_msg(reply.status == status && reply.whole && reply.length == length,
		      "%s: %s: %d with %zu bytes",
		      service->name, target, reply.status, reply.length);
	client_reply_free(&reply);
	client_close(&client);
}

unsigned service_count(struct service *service, enum fsrv_ending ending, unsigned status)
{
	unsigned n = 0;

	pthread_mutex_lock(&service->mutex);
	for (int i = 0; i < MAX_ANSWERS; i++)
		n += service->answers[i].times_ended > 0 && service->answers[i].ending == ending &&
		     (status == 0 || service->answers[i].status == status);
	pthread_mutex_unlock(&service->mutex);
	return n;
}

unsigned service_count_answers(struct service *service, unsigned status)
{
	unsigned n = 0;

	pthread_mutex_lock(&service->mutex);
	for (int i = 0; i < MAX_ANSWERS; i++)
		n += service->answers[i].times_answered > 0 && service->answers[i].status == status;
	pthread_mutex_unlock(&service->mutex);
	return n;
}

struct fsrv_stats service_stats(struct service *service)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(fsrv_stats(service->fs, &stats), FSRV_OK);
	return stats;
}

void client_reset(struct client *client)
{
	struct linger at_once = {1, 0};

	setsockopt(client->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	client_close(client);
}

double cpu_seconds(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void rest(double seconds, const char *what)
{
	double before = cpu_seconds(), begin = now_seconds(), used, passed;

	usleep((useconds_t)(seconds * 1e6));
	used = cpu_seconds() - before;
	passed = now_seconds() - begin;
	ck_assert_msg(used < passed * RESTING, "%s: %.2f s of CPU time in %.1f s", what, used, passed);
}
