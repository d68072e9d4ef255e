#include "clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files.h"

#include "suite.h"

/* Milliseconds without a byte until an answer counts as lost. */
#define PATIENCE_MS 60000

#define ROOM (1100u * 1024)

/* A client that is to leave before this byte does not even wait for the header. */
#define LEAVES_AT_ONCE 20000

/* What a kind of client does. */
struct habit {
	unsigned requests; /* on one connection */
	unsigned leaves;   /* in so many of 100 answers, in the middle */
	unsigned pause_us; /* after each piece that it reads */
	size_t piece;      /* bytes */
	bool large_only;
};

static const struct habit keeps_connection = {.requests = 30, .leaves = 2, .piece = ROOM};
static const struct habit asks_once = {.requests = 1, .leaves = 0, .piece = ROOM};
static const struct habit goes_away = {.requests = 3, .leaves = 90, .piece = 20000, .large_only = true};
static const struct habit reads_slowly = {
	.requests = 5, .leaves = 10, .pause_us = 10000, .piece = 16384, .large_only = true};

static const struct habit *const habits[N_CLIENTS] = {
	&keeps_connection, &keeps_connection, &keeps_connection, &keeps_connection,
	&keeps_connection, &asks_once,        &asks_once,        &asks_once,
	&goes_away,        &goes_away,        &reads_slowly,     &reads_slowly,
};

struct state {
	struct client_thread *thread;
	const struct habit *habit;
	unsigned random;
	uint32_t serial;
	int socket; /* -1: none */
	unsigned requests_left;
	/* The last entity tag of each file, and its version. */
	struct {
		char etag[80];
		unsigned version;
	} known[N_FILES];
	char head[8192];
	size_t head_length;
	char *body;
	size_t body_length;
};

/* One request. */
struct question {
	struct file *file;
	unsigned index; /* of the file */
	bool is_head, is_range, is_conditional;
	uint64_t first, last;
	unsigned oldest;
	size_t leaves_at; /* bytes of content after which the client goes; SIZE_MAX: it does not */
};

static unsigned choose(struct state *state, unsigned n)
{
	return (unsigned)rand_r(&state->random) % n;
}

static void count(atomic_uint_least64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void hang_up(struct state *state, bool by_reset)
{
	struct linger at_once = {1, 0};

	if (state->socket < 0)
		return;
	if (by_reset)
		setsockopt(state->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(state->socket);
	state->socket = -1;
}

static bool connect_to(struct state *state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)state->thread->port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int little = 32768;

	state->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (state->socket < 0) {
		count(&state->thread->mix->no_descriptor, 1);
		return false;
	}
	if (state->habit->pause_us > 0)
		setsockopt(state->socket, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	if (connect(state->socket, (struct sockaddr *)&address, sizeof(address)) != 0) {
		fault(CHECK_LOOKUPS, "%s: not connected: %s", state->thread->ledger->name, strerror(errno));
		hang_up(state, false);
		return false;
	}
	state->requests_left = 1 + choose(state, state->habit->requests);
	return true;
}

static bool send_all(const struct state *state, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = send(state->socket, bytes, length, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		length -= (size_t)n;
	}
	return true;
}

/* 0 at the end of the connection, and when nothing came in time. */
static size_t receive(const struct state *state, char *buffer, size_t size)
{
	struct pollfd wait = {.fd = state->socket, .events = POLLIN};
	ssize_t n;

	if (poll(&wait, 1, PATIENCE_MS) != 1) {
		fault(CHECK_LOOKUPS, "%s: request %u.%" PRIu32 " lost: nothing came in %d s",
		      state->thread->ledger->name, state->thread->number, state->serial, PATIENCE_MS / 1000);
		return 0;
	}
	n = recv(state->socket, buffer, size, 0);
	return n > 0 ? (size_t)n : 0;
}

/* Bytes of the body that came along stand at its start. */
static bool read_head(struct state *state)
{
	const char *end = NULL;
	size_t n, held = 0;

	while (end == NULL) {
		n = receive(state, state->head + held, sizeof(state->head) - 1 - held);
		if (n == 0)
			return false;
		held += n;
		state->head[held] = '\0';
		end = memmem(state->head, held, "\r\n\r\n", 4);
	}
	state->head_length = (size_t)(end - state->head) + 4;
	state->body_length = held - state->head_length;
	memcpy(state->body, state->head + state->head_length, state->body_length);
	state->head[state->head_length] = '\0';
	return true;
}

/* True when all of it came. */
static bool read_body(struct state *state, size_t length, size_t leaves_at)
{
	while (state->body_length < length && state->body_length < leaves_at) {
		size_t piece = state->habit->piece;
		size_t wanted = length - state->body_length < piece ? length - state->body_length : piece;
		size_t n = receive(state, state->body + state->body_length, wanted);

		if (n == 0)
			return false;
		state->body_length += n;
		if (state->habit->pause_us > 0)
			usleep(state->habit->pause_us);
	}
	return state->body_length >= length;
}

/* The text behind a name of a field with its colon and blank; NULL when there is none. */
static const char *find_field(const struct state *state, const char *name)
{
	const char *found = strcasestr(state->head, name);

	return found != NULL ? found + strlen(name) : NULL;
}

static uint64_t read_field(const struct state *state, const char *name, uint64_t otherwise)
{
	const char *text = find_field(state, name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void choose_question(struct state *state, struct question *question)
{
	unsigned what = choose(state, 100);

	do {
		question->index = choose(state, N_FILES);
		question->file = &files[question->index];
	} while (state->habit->large_only && question->file->size < 100000);
	question->is_head = what < 5;
	question->is_conditional = what >= 5 && what < 25 && state->known[question->index].etag[0] != '\0';
	question->is_range = what >= 25 && what < 45 && question->file->size > 0;
	if (question->is_range) {
		question->first = choose(state, (unsigned)question->file->size);
		question->last = question->first + choose(state, 200000);
		/* Files that are cut always have this much. */
		if (question->file->change == CHANGE_CUT)
			question->first /= 4;
	}
	question->leaves_at = SIZE_MAX;
	if (choose(state, 100) < state->habit->leaves)
		question->leaves_at = choose(state, 400000);
}

static bool ask(struct state *state, struct question *question)
{
	char request[1024];
	int n = snprintf(request, sizeof(request),
			 "%s /%s HTTP/1.1\r\nHost: test\r\nX-Exchange: %u.%" PRIu32 "\r\n",
			 question->is_head ? "HEAD" : "GET", question->file->name, state->thread->number,
			 state->serial);

	if (question->is_range)
		n += snprintf(request + n, sizeof(request) - (size_t)n,
			      "Range: bytes=%" PRIu64 "-%" PRIu64 "\r\n", question->first, question->last);
	if (question->is_conditional)
		n += snprintf(request + n, sizeof(request) - (size_t)n, "If-None-Match: %s\r\n",
			      state->known[question->index].etag);
	n += snprintf(request + n, sizeof(request) - (size_t)n, "%s\r\n",
		      state->requests_left == 1 ? "Connection: close\r\n" : "");
	question->oldest = atomic_load(&question->file->ready);
	return send_all(state, request, (size_t)n);
}

static bool is_possible(const struct question *question, unsigned status)
{
	const struct file *file = question->file;

	switch (status) {
	case 200:
		return file->change != CHANGE_ABSENT;
	case 206:
		return question->is_range && file->change != CHANGE_ABSENT;
	case 304:
		return question->is_conditional;
	case 404:
		return file->change == CHANGE_ABSENT;
	case 500:
		return file->change == CHANGE_FAILING;
	case 503:
		return true;
	default:
		return false;
	}
}

static void remember(struct state *state, const struct question *question, const struct verdict *verdict)
{
	const char *etag = find_field(state, "\r\nETag: ");
	size_t length = etag != NULL ? strcspn(etag, "\r") : 0;

	count(&state->thread->mix->zeros, verdict->has_zeros);
	if (length > 0 && length < sizeof(state->known[0].etag)) {
		memcpy(state->known[question->index].etag, etag, length);
		state->known[question->index].etag[length] = '\0';
		state->known[question->index].version = verdict->version;
	}
}

static void compare_body(struct state *state, const struct question *question, unsigned status)
{
	struct content content = {.file = question->file,
				  .oldest = question->oldest,
				  .newest = atomic_load(&question->file->begun),
				  .bytes = state->body,
				  .length = state->body_length};
	const char *range = find_field(state, "\r\nContent-Range: bytes ");
	struct verdict verdict;

	content.size = read_field(state, "\r\nContent-Length: ", 0);
	if (status == 206 &&
	    (range == NULL ||
	     sscanf(range, "%" SCNu64 "-%*u/%" SCNu64, &content.offset, &content.size) != 2 ||
	     content.offset != question->first))
		fault(CHECK_BODIES, "%s: /%s: another range", state->thread->ledger->name,
		      question->file->name);
	else if (!content_is_right(&content, &verdict))
		fault(CHECK_BODIES,
		      "%s: /%s: status %u, %zu bytes from %" PRIu64 " of %" PRIu64
		      " are of no version from %u to %u",
		      state->thread->ledger->name, question->file->name, status, content.length,
		      content.offset, content.size, content.oldest, content.newest);
	else
		remember(state, question, &verdict);
	count(&state->thread->mix->bodies, 1);
	count(&state->thread->mix->bytes, state->body_length);
}

static void compare_validator(struct state *state, const struct question *question)
{
	unsigned version = state->known[question->index].version;

	if (question->file->change == CHANGE_RENAME && version < question->oldest)
		fault(CHECK_BODIES, "%s: /%s: 304 for version %u, which was replaced by %u",
		      state->thread->ledger->name, question->file->name, version, question->oldest);
	count(&state->thread->mix->not_modified, 1);
}

static bool has_body(const struct question *question, unsigned status)
{
	return !question->is_head && status != 304;
}

static void read_answer(struct state *state, const struct question *question, struct exchange *seen)
{
	struct mix *mix = state->thread->mix;
	uint64_t length;
	bool is_file;

	if (!read_head(state) || sscanf(state->head, "HTTP/1.1 %3u ", &seen->status) != 1)
		return;
	if (!is_possible(question, seen->status))
		fault(CHECK_BODIES, "%s: /%s: status %u", state->thread->ledger->name, question->file->name,
		      seen->status);
	length = read_field(state, "\r\nContent-Length: ", 0);
	if (length > ROOM) {
		fault(CHECK_BODIES, "%s: /%s: %" PRIu64 " bytes announced", state->thread->ledger->name,
		      question->file->name, length);
		return;
	}
	is_file = seen->status == 200 || seen->status == 206;
	seen->is_whole = true;
	if (has_body(question, seen->status)) {
		seen->is_whole = read_body(state, (size_t)length, question->leaves_at);
		seen->has_left = !seen->is_whole && state->body_length >= question->leaves_at;
		seen->received = is_file ? state->body_length : 0;
		if (is_file)
			compare_body(state, question, seen->status);
	}
	if (seen->status == 304)
		compare_validator(state, question);
	count(&mix->prefixes, !seen->is_whole);
	count(&mix->ranges, seen->status == 206);
	count(&mix->heads, question->is_head);
	count(&mix->not_found, seen->status == 404);
}

static void visit(struct state *state)
{
	struct ledger *ledger = state->thread->ledger;
	struct question question = {0};
	struct exchange *exchange, seen = {0};

	choose_question(state, &question);
	exchange = ledger_begin(ledger, state->thread->number, ++state->serial, question.file);
	if (ask(state, &question)) {
		seen.has_left = question.leaves_at < LEAVES_AT_ONCE;
		if (!seen.has_left)
			read_answer(state, &question, &seen);
	}
	ledger_end(ledger, exchange, &seen);
	count(&state->thread->mix->left, seen.has_left);
	state->requests_left--;
	if (!seen.is_whole || state->requests_left == 0)
		hang_up(state, seen.has_left && choose(state, 2) == 0);
}

void *client_run(void *cls)
{
	struct client_thread *thread = cls;
	struct state *state = calloc(1, sizeof(*state));

	if (state != NULL)
		state->body = malloc(ROOM + sizeof(state->head));
	if (state == NULL || state->body == NULL) {
		fault(CHECK_MIX, "no memory for a client");
		free(state);
		return NULL;
	}
	state->thread = thread;
	state->habit = habits[thread->number];
	state->random = thread->port * N_CLIENTS + thread->number;
	state->socket = -1;
	while (!atomic_load(thread->is_over)) {
		if (state->socket >= 0 || connect_to(state))
			visit(state);
		else
			usleep(2000);
	}
	hang_up(state, false);
	ledger_judge_all(thread->ledger, thread->number);
	free(state->body);
	free(state);
	return NULL;
}
