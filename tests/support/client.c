#include "client.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

int client_connect(unsigned port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void client_open(struct client *client, int socket)
{
	client->socket = socket;
	client->n_held = 0;
}

void client_close(struct client *client)
{
	close(client->socket);
	client->socket = -1;
}

bool client_send(struct client *client, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t n = send(client->socket, at, length, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

bool client_send_text(struct client *client, const char *text)
{
	return client_send(client, text, strlen(text));
}

/* Returns 0 at the end of the connection, also when it was reset. */
static size_t receive(struct client *client, char *buffer, size_t size)
{
	struct pollfd wait = {.fd = client->socket, .events = POLLIN};
	ssize_t n;

	ck_assert_msg(poll(&wait, 1, CLIENT_PATIENCE_MS) == 1, "no byte from the server in time");
	n = recv(client->socket, buffer, size, 0);
	return n > 0 ? (size_t)n : 0;
}

static bool hold_more(struct client *client)
{
	size_t n;

	ck_assert_msg(client->n_held < sizeof(client->held), "head too long");
	n = receive(client, client->held + client->n_held, sizeof(client->held) - client->n_held);
	client->n_held += n;
	return n > 0;
}

static void let_go(struct client *client, size_t length)
{
	client->n_held -= length;
	memmove(client->held, client->held + length, client->n_held);
}

static bool read_head(struct client *client, struct reply *reply)
{
	const char *end;
	size_t length;

	while ((end = memmem(client->held, client->n_held, "\r\n\r\n", 4)) == NULL)
		if (!hold_more(client))
			return false;
	length = (size_t)(end - client->held) + 4;
	ck_assert_uint_lt(length, sizeof(reply->head));
	memcpy(reply->head, client->held, length);
	reply->head[length] = '\0';
	let_go(client, length);
	return sscanf(reply->head, "HTTP/1.1 %3d ", &reply->status) == 1;
}

static void read_body(struct client *client, struct reply *reply)
{
	size_t wanted = reply->announced == UINT64_MAX ? 0 : (size_t)reply->announced;
	size_t held = client->n_held < wanted ? client->n_held : wanted;

	reply->body = realloc(reply->body, wanted + 1);
	ck_assert_ptr_nonnull(reply->body);
	memcpy(reply->body, client->held, held);
	let_go(client, held);
	for (reply->length = held; reply->length < wanted;) {
		size_t n = receive(client, reply->body + reply->length, wanted - reply->length);

		if (n == 0)
			break;
		reply->length += n;
	}
	reply->body[reply->length] = '\0';
	reply->whole = reply->length == wanted;
}

void client_read(struct client *client, bool has_body, struct reply *reply)
{
	const char *length;

	memset(reply, 0, sizeof(*reply));
	reply->body = calloc(1, 1);
	ck_assert_ptr_nonnull(reply->body);
	if (!read_head(client, reply)) {
		reply->status = 0;
		return;
	}
	length = client_field(reply, "Content-Length");
	reply->announced = length != NULL ? strtoull(length, NULL, 10) : UINT64_MAX;
	reply->whole = true;
	if (has_body && reply->status != 204 && reply->status != 304)
		read_body(client, reply);
}

/* The length of the next line with its end, which is held then; 0 at the end of the connection. */
static size_t hold_line(struct client *client)
{
	const char *end;

	while ((end = memmem(client->held, client->n_held, "\r\n", 2)) == NULL)
		if (!hold_more(client))
			return 0;
	return (size_t)(end - client->held) + 2;
}

size_t client_read_chunk(struct client *client, char *bytes, size_t capacity)
{
	size_t length = hold_line(client), size, done;

	if (length == 0)
		return CLIENT_NO_CHUNK;
	client->held[length - 2] = '\0';
	size = (size_t)strtoull(client->held, NULL, 16);
	let_go(client, length);
	ck_assert_uint_le(size, capacity);
	done = client->n_held < size ? client->n_held : size;
	memcpy(bytes, client->held, done);
	let_go(client, done);
	while (done < size) {
		size_t n = receive(client, bytes + done, size - done);

		if (n == 0)
			return CLIENT_NO_CHUNK;
		done += n;
	}
	length = hold_line(client);
	if (length == 0)
		return CLIENT_NO_CHUNK;
	ck_assert_uint_eq(length, 2);
	let_go(client, length);
	return size;
}

void client_reply_free(struct reply *reply)
{
	free(reply->body);
	reply->body = NULL;
}

void client_ask(struct client *client, const char *method, const char *target, const char *fields,
		struct reply *reply)
{
	char request[8192];
	int n = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", method,
			 target, fields);

	ck_assert(n > 0 && (size_t)n < sizeof(request));
	client_send(client, request, (size_t)n);
	client_read(client, strcmp(method, "HEAD") != 0, reply);
}

const char *client_field(const struct reply *reply, const char *name)
{
	static _Thread_local char value[1024];
	size_t length = strlen(name);
	unsigned found = 0;

	for (const char *line = strstr(reply->head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
		const char *start = line + 2;

		if (strncasecmp(start, name, length) != 0 || start[length] != ':')
			continue;
		start += length + 1;
		start += strspn(start, " ");
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(start, "\r"), start);
		found++;
	}
	ck_assert_msg(found <= 1, "%s appears %u times", name, found);
	return found > 0 ? value : NULL;
}

const char *client_timeless_head(struct reply *reply)
{
	char *date = strstr(reply->head, "Date: ");

	ck_assert_ptr_nonnull(date);
	memset(date, ' ', strlen("Date: Thu, 01 Jan 1970 00:00:00 GMT"));
	return reply->head;
}

bool client_sees_end(struct client *client)
{
	char dump[4096];

	while (receive(client, dump, sizeof(dump)) > 0)
		;
	return true;
}
