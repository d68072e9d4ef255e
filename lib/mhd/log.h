/* The program's log function. */
#ifndef FSRV__MHD_LOG_H
#define FSRV__MHD_LOG_H

#include "fsrv/fsrv.h"

struct fsrv__log {
	fsrv_log_function function; /* NULL: nothing is logged */
	void *cls;
};

/* Logs one line of at most 511 bytes; longer ones are cut, and control bytes become '?'. Any thread. */
void fsrv__log_line(const struct fsrv__log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Logs one line that ends in ": " and the description of an errno, in English. Any thread. */
void fsrv__log_error(const struct fsrv__log *log, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
