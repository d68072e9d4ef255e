/* demo_server FOLDER RUNTIME_SCRIPT - shows the demo, and beside it what fsrv tells of its answers: /stats
 * has the counters, /events each response that begins and ends. POST /disk?slow=1 puts a slow disk under the
 * clips, slow=0 takes it away. /health says ok meanwhile.
 *
 * It listens on the loopback interface alone, and fsrv refuses requests from pages of other sites, also those
 * to the routes here. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "serve.h"

#define CLIPS "clips"
/* The page looks for this, since it may be served by others. */
#define MARK "<meta name=\"server\" content=\"events\">"

struct demo {
	struct fsrv *fs;
	struct disk *disk;
};

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *type,
				   const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result answer_disk(struct demo *demo, struct MHD_Connection *connection, bool sets)
{
	const char *slow = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "slow");
	const char *lacks = disk_lacks(demo->disk);
	unsigned status = MHD_HTTP_OK;
	char text[200];

	if (sets && (slow == NULL || (strcmp(slow, "0") != 0 && strcmp(slow, "1") != 0)))
		status = MHD_HTTP_BAD_REQUEST;
	else if (sets && !disk_set_slow(demo->disk, slow[0] == '1'))
		status = MHD_HTTP_SERVICE_UNAVAILABLE;
	snprintf(text, sizeof(text), "{\"slow\": %s, \"lacks\": \"%s\"}\n",
		 disk_is_slow(demo->disk) ? "true" : "false", lacks != NULL ? lacks : "");
	return answer_text(connection, status, "application/json", text);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	static char begun;
	struct demo *demo = cls;
	bool posts = strcmp(method, "POST") == 0 && strcmp(url, "/disk") == 0;

	if (posts) {
		bool is_last = *con_cls != NULL && *upload_data_size == 0;

		*con_cls = &begun;
		*upload_data_size = 0;
		return is_last ? answer_disk(demo, connection, true) : MHD_YES;
	}
	if (*con_cls == NULL || strcmp(method, "GET") != 0)
		return fsrv_handle(demo->fs, connection, url, method, version, upload_data, upload_data_size,
				   con_cls);
	if (strcmp(url, "/health") == 0)
		return answer_text(connection, MHD_HTTP_OK, "text/plain; charset=utf-8", "ok\n");
	if (strcmp(url, "/stats") == 0)
		return answer_stats(demo->fs, connection);
	if (strcmp(url, "/events") == 0)
		return answer_events(connection);
	if (strcmp(url, "/disk") == 0)
		return answer_disk(demo, connection, false);
	return fsrv_handle(demo->fs, connection, url, method, version, upload_data, upload_data_size,
			   con_cls);
}

static void print_line(void *cls, const char *line)
{
	(void)cls;
	fprintf(stderr, "demo_server: %s\n", line);
}

static bool say(const char *what, const char *why)
{
	fprintf(stderr, "demo_server: %s: %s\n", what, why);
	return false;
}

static char *read_text(const char *path, size_t *length)
{
	static char text[65536];
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return NULL;
	*length = fread(text, 1, sizeof(text), file);
	fclose(file);
	if (*length < sizeof(text))
		return text;
	errno = EFBIG;
	return NULL;
}

static bool add_scripts(struct fsrv *fs, const char *path)
{
	struct fsrv_script script = {0};
	int error = fsrv_inject_add_markup(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, MARK, strlen(MARK));

	script.text = read_text(path, &script.length);
	if (script.text == NULL)
		return say(path, strerror(errno));
	if (error == FSRV_OK)
		error = fsrv_inject_add_script(fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, &script);
	return error == FSRV_OK || say(path, fsrv_strerror(error));
}

static bool make_handler(struct demo *demo, const char *folder)
{
	const char *roots[] = {disk_folder(demo->disk), folder};
	struct fsrv_options options = {.size = sizeof(options), .roots = roots, .n_roots = 2};
	int error;

	options.log = print_line;
	options.access = publish_beginning;
	options.completion = publish_end;
	error = fsrv_new(&options, &demo->fs);
	/* The log function has named a folder that is missing. */
	return error == FSRV_OK || (error != FSRV_ERR_ROOT && say(folder, fsrv_strerror(error)));
}

/* Serves until a signal comes. Events wait on a thread of the server's, so each connection has its own. */
static bool serve(struct demo *demo, const sigset_t *ends)
{
	struct fsrv_server_options options = {.size = sizeof(options), .mode = FSRV_SERVER_THREAD};
	struct fsrv_server *server;
	int error, number;

	options.handler = handle;
	options.handler_cls = demo;
	error = fsrv_server_start(demo->fs, &options, &server);
	if (error != FSRV_OK)
		return say("server", fsrv_strerror(error));
	printf("%s\n", fsrv_server_url(server));
	fflush(stdout);
	sigwait(ends, &number);
	stop_events();
	fsrv_server_stop(server);
	return true;
}

int main(int argc, char **argv)
{
	struct demo demo = {NULL, NULL};
	bool is_done = false;
	char clips[4096];
	sigset_t ends;

	if (argc != 3) {
		fprintf(stderr, "usage: demo_server FOLDER RUNTIME_SCRIPT\n");
		return 2;
	}
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	snprintf(clips, sizeof(clips), "%s/%s", argv[1], CLIPS);
	if (!disk_open(clips, CLIPS, &demo.disk)) {
		say("/tmp", strerror(errno));
		return 2;
	}
	if (make_handler(&demo, argv[1]))
		is_done = add_scripts(demo.fs, argv[2]) && serve(&demo, &ends);
	fsrv_free(demo.fs);
	disk_close(demo.disk);
	return is_done ? 0 : 2;
}
