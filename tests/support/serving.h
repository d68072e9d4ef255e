/* One handler with its daemon and a connection, for programs whose tests ask one question after the other. */
#ifndef TEST_SERVING_H
#define TEST_SERVING_H

#include <stddef.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/fsrv.h"

extern struct fsrv_options options;
extern struct fsrv *fs; /* NULL: not made */
extern struct test_daemon service;
extern struct client client;
extern struct reply reply; /* of the last question */

/* Sets options for raw paths below the roots, which stay the caller's; nothing is served so far. */
void serving_set_up(const char *const *roots, size_t n_roots);

/* Makes the handler by options, starts its daemon and opens the connection, by daemon_connect or
 * daemon_connect_tcp. */
void serving_start(int mode, MHD_AccessHandlerCallback handler, int (*open_connection)(struct test_daemon *));

/* Ends what was started, if anything was. */
void serving_stop(void);

/* The answer has to have that status. fields are whole lines with CRLF. */
void ask(const char *method, const char *target, const char *fields, int status);

/* A field of the answer has to have that value; NULL: it must not be there. */
void expect(const char *name, const char *value);

#endif
