/* The daemon of the handlers that are compared with fsrv. */
#ifndef BENCH_SERVE_LOOPBACK_H
#define BENCH_SERVE_LOOPBACK_H

#include <microhttpd.h>

/* Serves on a free port of 127.0.0.1, whose address it prints, until SIGTERM. mode is "epoll" for one loop;
 * anything else is a thread for each connection. Returns what main is to return. */
int serve_loopback(const char *mode, MHD_AccessHandlerCallback handler, void *cls);

#endif
