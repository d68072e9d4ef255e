/* A table of connections, found by their address. libmicrohttpd frees a connection after it was reported as
 * closed, so no two have the same address; but it may close the socket earlier.
 *
 * Each request reports three times what its connection does. To do that without the mutex, the state of a
 * client is one number, which only the connection's thread changes but for a repeated attempt to cut it, and
 * the first client of a bucket, hardly ever another one, is found without it. */
#include "mhd/clients.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fs/system.h"
#include "fs/thread.h"
#include "fs/clock.h"
#include "mhd/socket.h"

/* While all places are taken, a connection may wait so long: a newcomer may stand before the door, which
 * libmicrohttpd does not look at then. */
#define FULL_TIMEOUT_MS 2000
/* Content has to come at 500 bytes a second. */
#define MS_PER_BYTE  2
#define MAX_SLEEP_MS 3600000

enum waiting { FOR_FIRST_REQUEST, FOR_NEXT_REQUEST, FOR_CONTENT, FOR_NOTHING };

/* What a client waits for, and since when, by fsrv__clock_milliseconds. */
struct wait {
	enum waiting waiting;
	uint64_t since;
};

struct client {
	_Atomic(struct MHD_Connection *) connection; /* NULL: the entry is free */
	atomic_uint_least64_t wait;                  /* a struct wait in one number */
	struct client *next;                         /* in its bucket, or in the list of free entries */
	uint64_t identity;                           /* of the socket; 0: the kernel does not tell */
	int socket;
	bool is_cut; /* its socket was shut down; its place is free */
	/* These belong to the connection's thread. */
	uint64_t busy_since; /* that it does not wait for content, during a request */
	bool has_begun;      /* the handler was called for the request */
};

struct fsrv__clients {
	struct fsrv__allocator allocator;
	struct fsrv__clients_limits limits;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards all that follows, and of the clients what is not atomic */
	pthread_cond_t changed;
	bool is_stopping;
	struct client *clients;
	unsigned n_clients, n_used; /* entries, and those that were ever used */
	unsigned n_open;            /* connections that have a place */
	struct client *unused;
	_Atomic(struct client *) *buckets;
	unsigned mask;
};

static _Atomic(struct client *) *bucket_of(const struct fsrv__clients *clients,
					   const struct MHD_Connection *connection)
{
	uint64_t mixed = (uint64_t)(uintptr_t)connection * 0x9e3779b97f4a7c15;

	return &clients->buckets[(mixed >> 32) & clients->mask];
}

static struct wait wait_of(const struct client *client)
{
	uint64_t number = atomic_load_explicit(&client->wait, memory_order_relaxed);

	return (struct wait){(enum waiting)(number & 3), number >> 2};
}

static void set_wait(struct client *client, enum waiting waiting, uint64_t since)
{
	atomic_store_explicit(&client->wait, since << 2 | waiting, memory_order_relaxed);
}

static bool is_of(const struct client *client, const struct MHD_Connection *connection)
{
	return atomic_load_explicit(&client->connection, memory_order_acquire) == connection;
}

/* Called by the connection's thread. NULL when there were more connections than entries. */
static struct client *find(struct fsrv__clients *clients, const struct MHD_Connection *connection)
{
	_Atomic(struct client *) *bucket = bucket_of(clients, connection);
	struct client *client = atomic_load_explicit(bucket, memory_order_acquire);

	if (client != NULL && is_of(client, connection))
		return client;
	pthread_mutex_lock(&clients->mutex);
	client = atomic_load(bucket);
	while (client != NULL && !is_of(client, connection))
		client = client->next;
	pthread_mutex_unlock(&clients->mutex);
	return client;
}

/* Called with the mutex held, like all functions before watch_clients. */
static bool is_full(const struct fsrv__clients *clients)
{
	return clients->n_open >= clients->limits.connections;
}

/* libmicrohttpd sees the end of the connection and closes it. Where no duplicate can be made, for want of
 * descriptors, it is tried again later. */
static void cut(struct fsrv__clients *clients, struct client *client)
{
	uint64_t seen = atomic_load_explicit(&client->wait, memory_order_relaxed);
	int socket;

	/* It has begun a request since it was chosen. */
	if ((seen & 3) == FOR_NOTHING)
		return;
	socket = client->identity != 0 ? fsrv__socket_duplicate(client->socket, client->identity) : -1;
	if (socket < 0) {
		/* Unless the client does something else meanwhile. */
		atomic_compare_exchange_strong(&client->wait, &seen,
					       fsrv__clock_milliseconds() << 2 | (seen & 3));
		return;
	}
	shutdown(socket, SHUT_RDWR);
	close(socket);
	client->is_cut = true;
	clients->n_open--;
}

static bool is_waiting(const struct client *client, const struct wait *wait)
{
	return !is_of(client, NULL) && !client->is_cut && wait->waiting != FOR_NOTHING;
}

/* A client that sends content fast enough does not give way. */
static struct client *find_longest_waiting(const struct fsrv__clients *clients, const struct client *newcomer)
{
	uint64_t now = fsrv__clock_milliseconds();
	struct client *longest = NULL;
	uint64_t earliest = UINT64_MAX;

	for (struct client *client = clients->clients; client < clients->clients + clients->n_used;
	     client++) {
		const struct wait wait = wait_of(client);

		if (!is_waiting(client, &wait) || client == newcomer ||
		    (wait.waiting == FOR_CONTENT && wait.since + FULL_TIMEOUT_MS > now))
			continue;
		if (wait.since < earliest) {
			earliest = wait.since;
			longest = client;
		}
	}
	return longest;
}

/* The last place is made free again at once, so that the next newcomer finds one. */
static void make_room(struct fsrv__clients *clients, struct client *newcomer)
{
	struct client *longest = is_full(clients) ? find_longest_waiting(clients, newcomer) : NULL;

	if (longest != NULL)
		cut(clients, longest);
	if (clients->n_open > clients->limits.connections)
		cut(clients, newcomer);
}

static uint64_t shorter(uint64_t milliseconds, unsigned seconds)
{
	uint64_t other = (uint64_t)seconds * 1000;

	return seconds != 0 && other < milliseconds ? other : milliseconds;
}

/* How long the client may wait. */
static uint64_t choose_patience(const struct fsrv__clients *clients, enum waiting waiting)
{
	unsigned seconds = waiting == FOR_NEXT_REQUEST ? clients->limits.keep_alive_timeout
						       : clients->limits.request_timeout;

	return shorter(is_full(clients) ? FULL_TIMEOUT_MS : UINT64_MAX, seconds);
}

/* No client that begins to wait later becomes overdue within that time. */
static uint64_t choose_sleep(const struct fsrv__clients *clients)
{
	uint64_t sleep = is_full(clients) ? FULL_TIMEOUT_MS : MAX_SLEEP_MS;

	if (clients->n_open == 0)
		return MAX_SLEEP_MS;
	return shorter(shorter(sleep, clients->limits.request_timeout), clients->limits.keep_alive_timeout);
}

/* Returns the number of milliseconds until it should be called again. */
static unsigned cut_overdue(struct fsrv__clients *clients)
{
	uint64_t now = fsrv__clock_milliseconds();
	uint64_t sleep = choose_sleep(clients);

	for (struct client *client = clients->clients; client < clients->clients + clients->n_used;
	     client++) {
		const struct wait wait = wait_of(client);
		uint64_t patience, waited = fsrv__clock_span(wait.since, now);

		if (!is_waiting(client, &wait))
			continue;
		patience = choose_patience(clients, wait.waiting);
		if (waited >= patience)
			cut(clients, client);
		else if (patience - waited < sleep)
			sleep = patience - waited;
	}
	return (unsigned)sleep;
}

static void *watch_clients(void *cls)
{
	struct fsrv__clients *clients = cls;

	pthread_mutex_lock(&clients->mutex);
	while (!clients->is_stopping)
		fsrv__monitor_wait(&clients->mutex, &clients->changed, cut_overdue(clients));
	pthread_mutex_unlock(&clients->mutex);
	return NULL;
}

static void release(struct fsrv__clients *clients)
{
	struct fsrv__allocator allocator = clients->allocator;

	fsrv__release(&allocator, clients->clients);
	fsrv__release(&allocator, clients->buckets);
	fsrv__release(&allocator, clients);
}

static bool allocate_tables(struct fsrv__clients *clients)
{
	size_t n_buckets = 1;

	clients->n_clients = clients->limits.connections + clients->limits.spare;
	while (n_buckets < clients->n_clients)
		n_buckets *= 2;
	clients->mask = (unsigned)(n_buckets - 1);
	clients->clients =
		fsrv__allocate(&clients->allocator, clients->n_clients * sizeof(*clients->clients));
	clients->buckets = fsrv__allocate(&clients->allocator, n_buckets * sizeof(*clients->buckets));
	if (clients->clients == NULL || clients->buckets == NULL)
		return false;
	for (size_t i = 0; i < n_buckets; i++)
		atomic_init(&clients->buckets[i], NULL);
	return true;
}

int fsrv__clients_new(const struct fsrv__allocator *allocator, const struct fsrv__clients_limits *limits,
		      struct fsrv__clients **out)
{
	struct fsrv__clients *clients = fsrv__allocate(allocator, sizeof(*clients));

	if (clients == NULL)
		return FSRV_ERR_MEMORY;
	memset(clients, 0, sizeof(*clients));
	clients->allocator = *allocator;
	clients->limits = *limits;
	if (!allocate_tables(clients)) {
		release(clients);
		return FSRV_ERR_MEMORY;
	}
	fsrv__monitor_init(&clients->mutex, &clients->changed);
	if (!fsrv__thread_start(&clients->thread, "fsrv-clients", watch_clients, clients)) {
		pthread_cond_destroy(&clients->changed);
		pthread_mutex_destroy(&clients->mutex);
		release(clients);
		return FSRV_ERR_DAEMON;
	}
	*out = clients;
	return FSRV_OK;
}

void fsrv__clients_free(struct fsrv__clients *clients)
{
	if (clients == NULL)
		return;
	pthread_mutex_lock(&clients->mutex);
	clients->is_stopping = true;
	pthread_cond_signal(&clients->changed);
	pthread_mutex_unlock(&clients->mutex);
	pthread_join(clients->thread, NULL);
	pthread_cond_destroy(&clients->changed);
	pthread_mutex_destroy(&clients->mutex);
	release(clients);
}

static struct client *take_entry(struct fsrv__clients *clients)
{
	struct client *client = clients->unused;

	if (client != NULL) {
		clients->unused = client->next;
		return client;
	}
	if (clients->n_used == clients->n_clients)
		return NULL;
	client = &clients->clients[clients->n_used++];
	atomic_init(&client->connection, NULL);
	atomic_init(&client->wait, FOR_NOTHING);
	return client;
}

void fsrv__clients_opened(struct fsrv__clients *clients, struct MHD_Connection *connection)
{
	_Atomic(struct client *) *bucket = bucket_of(clients, connection);
	struct client *client;
	int socket = fsrv__connection_socket(connection);
	uint64_t identity = fsrv__system_identify_socket(socket);

	pthread_mutex_lock(&clients->mutex);
	client = take_entry(clients);
	if (client != NULL) {
		client->next = atomic_load(bucket);
		client->identity = identity;
		client->socket = socket;
		client->is_cut = client->has_begun = false;
		client->busy_since = 0;
		set_wait(client, FOR_FIRST_REQUEST, fsrv__clock_milliseconds());
		atomic_store(&client->connection, connection);
		atomic_store(bucket, client);
		clients->n_open++;
		make_room(clients, client);
		if (clients->n_open == 1 || is_full(clients))
			pthread_cond_signal(&clients->changed);
	}
	pthread_mutex_unlock(&clients->mutex);
}

/* Takes a client out of its bucket. */
static struct client *take_out(struct fsrv__clients *clients, const struct MHD_Connection *connection)
{
	_Atomic(struct client *) *bucket = bucket_of(clients, connection);
	struct client *client = atomic_load(bucket), *before = NULL;

	while (client != NULL && !is_of(client, connection)) {
		before = client;
		client = client->next;
	}
	if (client == NULL)
		return NULL;
	if (before != NULL)
		before->next = client->next;
	else
		atomic_store(bucket, client->next);
	return client;
}

void fsrv__clients_closed(struct fsrv__clients *clients, const struct MHD_Connection *connection)
{
	struct client *client;

	pthread_mutex_lock(&clients->mutex);
	client = take_out(clients, connection);
	if (client != NULL) {
		clients->n_open -= !client->is_cut;
		atomic_store(&client->connection, NULL);
		client->next = clients->unused;
		clients->unused = client;
	}
	pthread_mutex_unlock(&clients->mutex);
}

static void begin_to_be_busy(struct client *client)
{
	struct wait wait = wait_of(client);

	if (wait.waiting == FOR_NOTHING)
		return;
	client->busy_since = fsrv__clock_milliseconds();
	if (!client->has_begun)
		wait.since = client->busy_since;
	set_wait(client, FOR_NOTHING, wait.since);
	client->has_begun = true;
}

/* The first call of a request comes when its header is complete, and the last one has no content. */
bool fsrv__clients_called(struct fsrv__clients *clients, const struct MHD_Connection *connection,
			  size_t content)
{
	struct client *client = find(clients, connection);
	bool may_follow;

	if (client == NULL)
		return false;
	may_follow = !client->has_begun || content > 0;
	begin_to_be_busy(client);
	return may_follow;
}

/* The client is not to blame for the time that the handler took. */
void fsrv__clients_await_content(struct fsrv__clients *clients, const struct MHD_Connection *connection,
				 size_t content)
{
	struct client *client = find(clients, connection);
	uint64_t now, since;

	if (client == NULL)
		return;
	now = fsrv__clock_milliseconds();
	since = wait_of(client).since + now - client->busy_since + content * MS_PER_BYTE;
	set_wait(client, FOR_CONTENT, since < now ? since : now);
}

void fsrv__clients_completed(struct fsrv__clients *clients, const struct MHD_Connection *connection)
{
	struct client *client = find(clients, connection);

	if (client == NULL)
		return;
	client->has_begun = false;
	set_wait(client, FOR_NEXT_REQUEST, fsrv__clock_milliseconds());
}
