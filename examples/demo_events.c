/* The last events lie in a ring. Each listener has a thread of the server's and knows the number of its next
 * event, so one that is slow or does not read keeps nobody waiting and no memory: it is told how many events
 * it has missed. */
#include "demo.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "serve.h"

#define N_EVENTS      512
#define EVENT_SIZE    1024
#define MAX_LISTENERS 32
/* So often something is said, so that a client that has gone is noticed. */
#define HEARTBEAT_SECONDS 5

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	char events[N_EVENTS][EVENT_SIZE];
	uint64_t n; /* so many were published */
	unsigned n_listeners;
	bool is_stopping;
} ring = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct listener {
	uint64_t next;
	char text[EVENT_SIZE + 64];
	size_t length, sent;
};

static void publish(const char *text)
{
	pthread_mutex_lock(&ring.mutex);
	snprintf(ring.events[ring.n % N_EVENTS], EVENT_SIZE, "%s", text);
	ring.n++;
	pthread_cond_broadcast(&ring.changed);
	pthread_mutex_unlock(&ring.mutex);
}

static const char *name_of(enum fsrv_ending ending)
{
	switch (ending) {
	case FSRV_ENDING_COMPLETE:
		return "complete";
	case FSRV_ENDING_ABORTED:
		return "aborted";
	case FSRV_ENDING_FILE_CHANGED:
		return "file changed";
	case FSRV_ENDING_READ_ERROR:
		return "read error";
	case FSRV_ENDING_DRAINED:
		return "drained";
	}
	return "unknown";
}

/* The text of an event while it is written. */
struct event {
	char *text;
	size_t length;
	FILE *file;
};

/* Begins the text with what both kinds of events tell. False when there is no memory. */
static bool begin_event(struct event *event, const char *name, uint64_t request, unsigned status)
{
	*event = (struct event){NULL, 0, NULL};
	event->file = open_memstream(&event->text, &event->length);
	if (event->file == NULL)
		return false;
	fprintf(event->file, "event: %s\ndata: {\"request\": %" PRIu64 ", \"status\": %u, ", name, request,
		status);
	return true;
}

/* One that is too long is left out. */
static void end_event(struct event *event)
{
	bool is_whole;

	fputs("}\n\n", event->file);
	is_whole = fclose(event->file) == 0;
	if (is_whole && event->length < EVENT_SIZE)
		publish(event->text);
	free(event->text);
}

void publish_beginning(void *cls, const struct fsrv_access *access)
{
	struct event event;

	(void)cls;
	if (!begin_event(&event, "begin", access->request, access->status))
		return;
	fprintf(event.file,
		"\"offset\": %" PRIu64 ", \"length\": %" PRIu64 ", \"size\": %" PRIu64 ", \"target\": ",
		access->offset, access->length, access->size);
	write_json_string(event.file, access->target);
	end_event(&event);
}

void publish_end(void *cls, const struct fsrv_completion *completion)
{
	struct event event;

	(void)cls;
	if (!begin_event(&event, "end", completion->request, completion->status))
		return;
	fprintf(event.file,
		"\"offset\": %" PRIu64 ", \"length\": %" PRIu64 ", \"sent\": %" PRIu64
		", \"ms\": %.3f, \"ending\": \"%s\"",
		completion->offset, completion->length, completion->sent,
		(double)completion->nanoseconds / 1e6, name_of(completion->ending));
	end_event(&event);
}

/* Called with the mutex held, which is released meanwhile. False when nothing happened for a while. */
static bool wait_for_event(const struct listener *listener)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HEARTBEAT_SECONDS;
	while (listener->next == ring.n && !ring.is_stopping && error == 0)
		error = pthread_cond_timedwait(&ring.changed, &ring.mutex, &until);
	return listener->next != ring.n;
}

/* Takes the next text for a listener. Called with the mutex held. */
static void take_text(struct listener *listener)
{
	uint64_t missed = ring.n - listener->next;
	int length;

	if (missed > N_EVENTS) {
		missed -= N_EVENTS;
		listener->next += missed;
		length = snprintf(listener->text, sizeof(listener->text),
				  "event: missed\ndata: %" PRIu64 "\n\n", missed);
	} else {
		listener->next++;
		length = snprintf(listener->text, sizeof(listener->text), "id: %" PRIu64 "\n%s",
				  listener->next, ring.events[(listener->next - 1) % N_EVENTS]);
	}
	listener->length = (size_t)length;
}

static ssize_t read_events(void *cls, uint64_t position, char *buffer, size_t size)
{
	struct listener *listener = cls;
	bool is_over;

	(void)position;
	if (listener->sent == listener->length) {
		listener->sent = 0;
		pthread_mutex_lock(&ring.mutex);
		if (wait_for_event(listener))
			take_text(listener);
		else
			listener->length = (size_t)snprintf(listener->text, sizeof(listener->text), ":\n\n");
		is_over = ring.is_stopping;
		pthread_mutex_unlock(&ring.mutex);
		if (is_over)
			return MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (size > listener->length - listener->sent)
		size = listener->length - listener->sent;
	memcpy(buffer, listener->text + listener->sent, size);
	listener->sent += size;
	return (ssize_t)size;
}

static void leave(void *cls)
{
	pthread_mutex_lock(&ring.mutex);
	ring.n_listeners--;
	pthread_mutex_unlock(&ring.mutex);
	free(cls);
}

/* The events after the one that a client has had last, if it comes again; else those to come. */
static uint64_t find_next(struct MHD_Connection *connection)
{
	const char *last = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Last-Event-ID");
	uint64_t next;

	return last != NULL && sscanf(last, "%20" SCNu64, &next) == 1 && next <= ring.n ? next : ring.n;
}

static struct listener *enter(struct MHD_Connection *connection)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL)
		return NULL;
	/* Browsers come back after so many milliseconds. */
	listener->length = (size_t)snprintf(listener->text, sizeof(listener->text), "retry: 1000\n\n");
	pthread_mutex_lock(&ring.mutex);
	listener->next = find_next(connection);
	if (ring.n_listeners < MAX_LISTENERS && !ring.is_stopping) {
		ring.n_listeners++;
	} else {
		free(listener);
		listener = NULL;
	}
	pthread_mutex_unlock(&ring.mutex);
	return listener;
}

enum MHD_Result answer_events(struct MHD_Connection *connection)
{
	struct listener *listener = enter(connection);
	struct MHD_Response *response;
	enum MHD_Result queued;

	if (listener == NULL) {
		response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
		if (response == NULL)
			return MHD_NO;
		queued = MHD_queue_response(connection, MHD_HTTP_SERVICE_UNAVAILABLE, response);
		MHD_destroy_response(response);
		return queued;
	}
	response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, EVENT_SIZE, read_events, listener, leave);
	if (response == NULL) {
		leave(listener);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return queued;
}

void stop_events(void)
{
	pthread_mutex_lock(&ring.mutex);
	ring.is_stopping = true;
	pthread_cond_broadcast(&ring.changed);
	pthread_mutex_unlock(&ring.mutex);
}
