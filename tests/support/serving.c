#include <string.h>

#include "serving.h"
#include "suite.h"

struct fsrv_options options;
struct fsrv *fs;
struct test_daemon service;
struct client client;
struct reply reply;

void serving_set_up(const char *const *roots, size_t n_roots)
{
	options = (struct fsrv_options){.size = sizeof(options),
					.roots = roots,
					.n_roots = n_roots,
					.flags = FSRV_URL_IS_RAW,
					.wake = daemon_wake,
					.wake_cls = &service};
	fs = NULL;
}

void serving_start(int mode, MHD_AccessHandlerCallback handler, int (*open_connection)(struct test_daemon *))
{
	ck_assert_int_eq(fsrv_new(&options, &fs), FSRV_OK);
	daemon_start(&service, &daemon_modes[mode], handler, fs, options.flags);
	client_open(&client, open_connection(&service));
}

void serving_stop(void)
{
	client_reply_free(&reply);
	if (fs == NULL)
		return;
	client_close(&client);
	daemon_stop(&service);
	fsrv_free(fs);
}

void ask(const char *method, const char *target, const char *fields, int status)
{
	client_reply_free(&reply);
	client_ask(&client, method, target, fields, &reply);
	ck_assert_msg(reply.status == status, "%s %s with %s: %d", method, target, fields, reply.status);
}

void expect(const char *name, const char *value)
{
	const char *found = client_field(&reply, name);

	ck_assert_msg(value == NULL ? found == NULL : found != NULL && strcmp(found, value) == 0, "%s: %s",
		      name, found);
}
