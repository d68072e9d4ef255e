/* A plain HTTP/1.1 client: sends the bytes that it is given and shows what comes back. */
#ifndef TEST_CLIENT_H
#define TEST_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest wait for a byte before a test fails. */
#define CLIENT_PATIENCE_MS 20000

struct client {
	int socket;
	size_t n_held; /* bytes of the next response that came along */
	char held[64 * 1024];
};

struct reply {
	int status;	   /* 0: the connection ended before a whole head */
	bool whole;	   /* all of the announced body came */
	uint64_t announced; /* Content-Length; UINT64_MAX when there is none */
	size_t length;	   /* of the body that came */
	char head[32768];  /* terminated, with CRLF line ends */
	char *body;	   /* terminated; freed by client_reply_free */
};

/* Connects to a port on 127.0.0.1. */
int client_connect(unsigned port);

void client_open(struct client *client, int socket);
void client_close(struct client *client);

/* Sends everything; false when the server has closed the connection. */
bool client_send(struct client *client, const void *bytes, size_t length);
bool client_send_text(struct client *client, const char *text);

/* Reads one response; has_body is false for the answer to HEAD. */
void client_read(struct client *client, bool has_body, struct reply *reply);
void client_reply_free(struct reply *reply);

/* Reads the next chunk of a chunked body (RFC 9112, 7.1), to bytes; returns its size, 0 for the last one,
 * CLIENT_NO_CHUNK when the connection ended instead. */
#define CLIENT_NO_CHUNK SIZE_MAX
size_t client_read_chunk(struct client *client, char *bytes, size_t capacity);

/* One request and its response, on an open connection. fields are whole lines with CRLF. */
void client_ask(struct client *client, const char *method, const char *target, const char *fields,
		struct reply *reply);

/* The value of a field, trimmed, in a buffer that the next call overwrites; NULL when it is absent.
 * Fails the test when the field is there twice. */
const char *client_field(const struct reply *reply, const char *name);

/* The head, in which the time is blank now. */
const char *client_timeless_head(struct reply *reply);

/* True when the server closes the connection within the client's patience. */
bool client_sees_end(struct client *client);

#endif
