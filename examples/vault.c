/* vault FOLDER KEY - files for those who have logged in with the key: /login?KEY sets a cookie, and
 * /files/NAME is then served from a descriptor that this program opens, with the ranges and preconditions of
 * fsrv. */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsrv/resource.h"
#include "fsrv/server.h"

#define FILES "/files/"

struct vault {
	struct fsrv *fs;
	const char *key;
	int folder;
};

/* Takes as long for a wrong key as for the right one. */
static bool is_key(const struct vault *vault, const char *text)
{
	size_t length = strlen(vault->key);
	unsigned difference = text == NULL || strlen(text) != length;

	for (size_t i = 0; difference == 0 && i < length; i++)
		difference |= (unsigned)(text[i] ^ vault->key[i]);
	return difference == 0;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *text,
			   const char *cookie)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
									MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued;

	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (cookie != NULL)
		MHD_add_response_header(response, "Set-Cookie", cookie);
	queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result log_in(const struct vault *vault, struct MHD_Connection *connection)
{
	char cookie[512];

	if (!is_key(vault, MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "key")))
		return say(connection, 403, "wrong key\n", NULL);
	snprintf(cookie, sizeof(cookie), "vault=%s; HttpOnly; SameSite=Strict; Path=/", vault->key);
	return say(connection, 200, "welcome\n", cookie);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	const struct vault *vault = cls;
	struct fsrv_resource file = {.size = sizeof(file), .kind = FSRV_RESOURCE_FILE, .file = -1};
	const char *name = strncmp(url, FILES, strlen(FILES)) == 0 ? url + strlen(FILES) : NULL;
	bool is_final = *con_cls != NULL && *upload_data_size == 0;

	if (is_final && strcmp(url, "/login") == 0)
		return log_in(vault, connection);
	if (is_final && !is_key(vault, MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, "vault")))
		return say(connection, 403, "log in first: /login?key=KEY\n", NULL);
	/* Names with a slash or a dot in front lead elsewhere, so they are none of ours. */
	if (is_final && name != NULL && name[0] != '.' && strchr(name, '/') == NULL)
		file.file = openat(vault->folder, name,
				   O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	file.name = name;
	/* What is missing is left to fsrv: it answers 404, and the first call of a request not at all. */
	return fsrv_serve(vault->fs, file.file >= 0 ? &file : NULL, connection, url, method, version,
			  upload_data, upload_data_size, con_cls);
}

int main(int argc, char **argv)
{
	struct vault vault = {.key = argc == 3 ? argv[2] : ""};
	struct fsrv_options options = {.size = sizeof(options), .n_roots = 1};
	struct fsrv_server_options of_server = {.size = sizeof(of_server),
						.mode = FSRV_SERVER_EPOLL,
						.handler = handle,
						.handler_cls = &vault};
	struct fsrv_server *server;
	sigset_t ends;
	int error, ended_by;

	if (argc != 3 || strlen(vault.key) < 8 || strpbrk(vault.key, " ;,&=%+\"") != NULL)
		errx(2, "usage: vault FOLDER KEY, with a key of 8 or more letters and digits");
	options.roots = (const char *const[]){argv[1]};
	/* Only who has logged in may keep a copy. */
	options.cache_control = "private, no-cache";
	vault.folder = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (vault.folder < 0)
		err(2, "%s", argv[1]);
	error = fsrv_new(&options, &vault.fs);
	if (error != FSRV_OK)
		errx(2, "%s: %s", argv[1], fsrv_strerror(error));
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	error = fsrv_server_start(vault.fs, &of_server, &server);
	if (error != FSRV_OK)
		errx(2, "the server does not start: %s", fsrv_strerror(error));
	printf("%s\n", fsrv_server_url(server));
	fflush(stdout);
	sigwait(&ends, &ended_by);
	fsrv_server_stop(server);
	fsrv_free(vault.fs);
	return 0;
}
