/* A plugin: all that it uses of fsrv is stopped and freed when use_plugin returns, so that it may be
 * unloaded. Bodies of every kind make the library start each of its threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fsrv/resource.h>
#include <fsrv/server.h>

#include "fetch.h"
#include "plugin.h"

#define ROOM (1 << 20)

static struct fsrv *make_handler(const char *folder, unsigned flags)
{
	struct fsrv_options options;
	struct fsrv *fs = NULL;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.roots = &folder;
	options.n_roots = 1;
	options.flags = flags;
	return fsrv_new(&options, &fs) == FSRV_OK ? fs : NULL;
}

static int is_answered(unsigned port, const char *name, const char *end)
{
	char *answer = malloc(ROOM);
	size_t length = answer != NULL ? fetch(port, name, answer, ROOM) : 0;
	int is_good = length > strlen(end) && strncmp(answer, "HTTP/1.1 200 ", 13) == 0 &&
		      memcmp(answer + length - strlen(end), end, strlen(end)) == 0;

	free(answer);
	return is_good;
}

static int use_server(const struct visit *visit, enum fsrv_server_mode mode)
{
	struct fsrv_server_options options;
	struct fsrv_server *server = NULL;
	struct fsrv *fs = make_handler(visit->folder, 0);
	int is_good = 0;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.mode = mode;
	if (fs != NULL && fsrv_server_start(fs, &options, &server) == FSRV_OK) {
		is_good = is_answered(fsrv_server_port(server), visit->name, visit->text);
		visit->look(visit->cls);
	}
	fsrv_server_stop(server);
	fsrv_free(fs);
	return is_good;
}

/* Says three times that there is more to come, then sends the text of the visit and ends. */
struct source {
	const struct visit *visit;
	unsigned n_reads;
};

static ssize_t read_source(void *cls, void *buffer, size_t size, uint64_t offset)
{
	struct source *source = cls;
	const char *text = source->visit->text;

	if (offset >= strlen(text)) {
		errno = ENODATA;
		return -1;
	}
	if (++source->n_reads <= 3)
		return 0;
	if (size > strlen(text) - offset)
		size = strlen(text) - offset;
	memcpy(buffer, text + offset, size);
	return (ssize_t)size;
}

struct service {
	struct fsrv *fs;
	struct source source;
};

static enum MHD_Result serve_source(void *cls, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_size, void **con_cls)
{
	struct service *service = cls;
	struct fsrv_resource resource;

	memset(&resource, 0, sizeof(resource));
	resource.size = sizeof(resource);
	resource.kind = FSRV_RESOURCE_SOURCE;
	resource.flags = FSRV_RESOURCE_MAY_WAIT | FSRV_RESOURCE_FOLLOW;
	resource.name = "source.txt";
	resource.read = read_source;
	resource.cls = &service->source;
	return fsrv_serve(service->fs, &resource, connection, url, method, version, upload, upload_size,
			  con_cls);
}

/* A daemon of the program, whose connections are suspended while workers read and while there is no more. */
static int use_daemon(const struct visit *visit)
{
	struct service service = {make_handler(visit->folder, FSRV_COMPLETION_IS_TOLD), {visit, 0}};
	struct MHD_Daemon *daemon = NULL;
	int is_good = 0;

	if (service.fs != NULL)
		daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
					  NULL, serve_source, &service, MHD_OPTION_NOTIFY_COMPLETED,
					  fsrv_request_completed, service.fs, MHD_OPTION_END);
	if (daemon != NULL) {
		/* A followed answer ends with the last chunk, which is empty. */
		is_good = is_answered(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port, "",
				      "\r\n0\r\n\r\n");
		visit->look(visit->cls);
		fsrv_drain(service.fs);
		MHD_stop_daemon(daemon);
	}
	fsrv_free(service.fs);
	return is_good;
}

const char *use_plugin(const struct visit *visit)
{
	if (!use_server(visit, FSRV_SERVER_THREAD))
		return "the server with threads";
	if (!use_server(visit, FSRV_SERVER_EPOLL))
		return "the server with epoll";
	if (!use_server(visit, FSRV_SERVER_POOL))
		return "the server with a pool";
	return use_daemon(visit) ? NULL : "the daemon";
}
