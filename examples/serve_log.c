/* The log on standard error: a line for each response, as text or as JSON, and the messages of the library.
 *
 * A line of text is written when the response begins, one of JSON when it has ended: it says how. */
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "serve.h"

static enum log_format format;
static bool is_coloured;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Guarded by the mutex. */
static bool is_held;
static char held[512];

void set_up_log(const struct settings *s)
{
	format = s->log;
	is_coloured = has_colours(stderr);
}

void lock_log(void)
{
	pthread_mutex_lock(&mutex);
}

void unlock_log(void)
{
	fflush(stderr);
	pthread_mutex_unlock(&mutex);
}

/* No thread writes between the two, and the lines of the progress are out of the way. */
static void begin_line(void)
{
	lock_log();
	hide_progress();
}

static void end_line(void)
{
	fputc('\n', stderr);
	show_progress();
	unlock_log();
}

static void write_time(const struct timespec *time)
{
	struct tm utc;

	gmtime_r(&time->tv_sec, &utc);
	fprintf(stderr, "{\"time\": \"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\"", utc.tm_year + 1900,
		utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, time->tv_nsec / 1000000);
}

/* The first message says why, the others that it follows. */
static bool hold(const char *line)
{
	bool was_held;

	lock_log();
	was_held = is_held;
	if (was_held && held[0] == '\0')
		snprintf(held, sizeof(held), "%s", line);
	unlock_log();
	return was_held;
}

void hold_messages(void)
{
	lock_log();
	is_held = true;
	held[0] = '\0';
	unlock_log();
}

const char *release_messages(void)
{
	lock_log();
	is_held = false;
	unlock_log();
	return held;
}

static void write_message(const char *line)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	begin_line();
	if (format == LOG_JSON) {
		write_time(&now);
		fputs(", \"message\": ", stderr);
		write_json_string(stderr, line);
		fputc('}', stderr);
	} else {
		fprintf(stderr, PROGRAM ": %s", line);
	}
	end_line();
}

void log_message(void *cls, const char *line)
{
	(void)cls;
	if (!hold(line))
		write_message(line);
}

bool refuse(const char *text, ...)
{
	char *line = NULL;
	va_list arguments;
	int length;

	va_start(arguments, text);
	length = vasprintf(&line, text, arguments);
	va_end(arguments);
	write_message(length >= 0 ? line : "out of memory");
	if (length >= 0)
		free(line);
	return false;
}

/* Green for what worked, cyan for redirects and what the client has, yellow and red for errors. */
static void write_status(unsigned status)
{
	static const char *const colours[] = {"32", "36", "33", "31"};
	unsigned class = status / 100;

	if (is_coloured && class >= 2 && class <= 5)
		fprintf(stderr, "\033[%sm%u\033[0m ", colours[class - 2], status);
	else
		fprintf(stderr, "%u ", status);
}

/* The client chose method and target: what could move a terminal's cursor is shown as an escape. */
void log_text(const struct fsrv_access *access)
{
	begin_line();
	write_status(access->status);
	write_escaped(stderr, access->method);
	fputc(' ', stderr);
	write_escaped(stderr, access->target);
	if (is_coloured)
		fputs("\033[2m", stderr);
	if (access->n_parts > 0)
		fprintf(stderr, " %" PRIu64 " parts, %" PRIu64 "/%" PRIu64, access->n_parts, access->length,
			access->size);
	else if (access->length == FSRV_LENGTH_UNKNOWN)
		fputs(" 0-", stderr);
	else if (access->length > 0)
		fprintf(stderr, " %" PRIu64 "-%" PRIu64 "/%" PRIu64, access->offset,
			access->offset + access->length - 1, access->size);
	if (is_coloured)
		fputs("\033[0m", stderr);
	end_line();
}

static void write_member(const char *name, const char *text)
{
	if (text == NULL)
		return;
	fprintf(stderr, ", \"%s\": ", name);
	write_json_string(stderr, text);
}

static void write_number(const char *name, uint64_t number)
{
	fprintf(stderr, ", \"%s\": %" PRIu64, name, number);
}

void log_json(const struct transfer *transfer, const struct fsrv_completion *completion)
{
	static const char *const endings[] = {"complete", "aborted", "file changed", "read error", "drained"};

	begin_line();
	write_time(&transfer->began);
	write_member("client", transfer->client[0] != '\0' ? transfer->client : NULL);
	write_member("method", transfer->method);
	write_member("target", transfer->target);
	write_member("path", completion->path);
	write_number("status", completion->status);
	if (completion->path != NULL) {
		write_number("offset", completion->offset);
		write_number("length", completion->length);
		write_number("size", transfer->size);
	}
	if (transfer->n_parts > 0)
		write_number("parts", transfer->n_parts);
	write_number("sent", completion->sent);
	fprintf(stderr, ", \"seconds\": %.6f", (double)completion->nanoseconds / 1e9);
	if ((size_t)completion->ending < sizeof(endings) / sizeof(endings[0]))
		write_member("ending", endings[completion->ending]);
	write_member("referer", transfer->referer);
	write_member("user_agent", transfer->user_agent);
	fputc('}', stderr);
	end_line();
}
