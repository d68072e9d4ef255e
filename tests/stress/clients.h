/* Clients that ask for files over and over, compare what comes, and write down how each request ended. */
#ifndef STRESS_CLIENTS_H
#define STRESS_CLIENTS_H

#include <stdatomic.h>

#include "ledger.h"

/* What happened to the clients of all services. */
struct mix {
	atomic_uint_least64_t bodies, bytes, prefixes, ranges, heads, not_modified, left, not_found, zeros;
	atomic_uint_least64_t no_descriptor; /* a client could not open a socket */
};

struct client_thread {
	struct ledger *ledger;
	struct mix *mix;
	const atomic_bool *is_over;
	unsigned port;
	unsigned number; /* below N_CLIENTS: decides on the client's habits */
};

/* Runs until is_over, and then until each of its requests has been judged. cls is a struct client_thread. */
void *client_run(void *cls);

#endif
