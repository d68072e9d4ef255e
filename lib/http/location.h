/* The target of a redirect to a directory: relative, so that it cannot name another host. */
#ifndef FSRV__HTTP_LOCATION_H
#define FSRV__HTTP_LOCATION_H

#include <stdbool.h>
#include <stddef.h>

#include "http/path.h"

/* Room for the longest name, with each byte encoded, and a long query. The whole header section of the answer
 * has to fit into the memory of a connection, which may be as little as 32 KiB. */
#define FSRV__LOCATION_SIZE 8192

struct fsrv__location {
	size_t length;
	bool too_long;
	bool has_query;
	char text[FSRV__LOCATION_SIZE]; /* terminated */
};

/* Begins with the name of the directory, percent-encoded, and the missing slash. */
void fsrv__location_start(struct fsrv__location *location, const char *name);

/* Appends one argument of the query, as the server library split it. form tells whether it was decoded too.
 * value.at is NULL for an argument without "=". */
void fsrv__location_add_argument(struct fsrv__location *location, enum fsrv__path_form form,
				 struct fsrv__text name, struct fsrv__text value);

#endif
