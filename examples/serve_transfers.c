/* The responses that have begun and not ended. The library tells the beginning and the end by a number; what
 * lies between is kept here, and how far the client is, its socket tells. */
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "serve.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct transfer *transfers; /* guarded by the mutex, as all that is in it */

/* The request that a thread answers. Hosts that are refused have none: the program is not asked for them. */
static _Thread_local struct MHD_Connection *current;

void set_current_connection(struct MHD_Connection *connection)
{
	current = connection;
}

/* Bytes that the client has confirmed. */
static bool count_bytes(int socket, uint64_t *bytes)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (socket < 0 || getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return false;
	*bytes = info.tcpi_bytes_acked;
	return true;
}

static void write_client(struct transfer *transfer)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(current, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
	const void *bytes;

	if (address == NULL)
		return;
	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	else
		return;
	inet_ntop(address->sa_family, bytes, transfer->client, sizeof(transfer->client));
}

static char *copy_field(const char *name)
{
	const char *value = MHD_lookup_connection_value(current, MHD_HEADER_KIND, name);

	return value != NULL ? strdup(value) : NULL;
}

static void ask_connection(struct transfer *transfer)
{
	const union MHD_ConnectionInfo *info;

	write_client(transfer);
	transfer->referer = copy_field("Referer");
	transfer->user_agent = copy_field("User-Agent");
	info = MHD_get_connection_info(current, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL)
		transfer->socket = info->connect_fd;
	count_bytes(transfer->socket, &transfer->start);
}

void free_transfer(struct transfer *transfer)
{
	free(transfer->method);
	free(transfer->target);
	free(transfer->referer);
	free(transfer->user_agent);
	free(transfer);
}

void begin_transfer(const struct fsrv_access *access)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (transfer == NULL)
		return;
	transfer->number = access->request;
	transfer->socket = -1;
	transfer->length = access->length;
	transfer->size = access->size;
	transfer->n_parts = access->n_parts;
	transfer->method = strdup(access->method);
	transfer->target = strdup(access->target);
	clock_gettime(CLOCK_REALTIME, &transfer->began);
	if (transfer->method == NULL || transfer->target == NULL) {
		free_transfer(transfer);
		return;
	}
	if (current != NULL)
		ask_connection(transfer);
	pthread_mutex_lock(&mutex);
	transfer->next = transfers;
	transfers = transfer;
	pthread_mutex_unlock(&mutex);
}

struct transfer *end_transfer(uint64_t number)
{
	struct transfer **link = &transfers, *found;

	pthread_mutex_lock(&mutex);
	while (*link != NULL && (*link)->number != number)
		link = &(*link)->next;
	found = *link;
	if (found != NULL)
		*link = found->next;
	pthread_mutex_unlock(&mutex);
	return found;
}

/* libmicrohttpd closes a socket after the end was told, so those of live transfers are open. */
void look_at_transfers(void (*look)(struct transfer *transfer))
{
	pthread_mutex_lock(&mutex);
	for (struct transfer *t = transfers; t != NULL; t = t->next) {
		uint64_t bytes;

		t->is_counted = count_bytes(t->socket, &bytes);
		if (t->is_counted)
			t->sent = bytes > t->start ? bytes - t->start : 0;
		look(t);
	}
	pthread_mutex_unlock(&mutex);
}
