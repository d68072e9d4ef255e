/* The option --progress: transfers that take a while, in lines at the bottom of the terminal that are drawn
 * again a few times a second. The log is written above them. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "serve.h"

#define INTERVAL_NS 250000000
#define MAX_LINES   10
#define MAX_COLUMNS 500
#define MIN_COLUMNS 20
/* Of the old rate so much stays with each drawing: it shall be readable. */
#define INERTIA 0.8

struct drawing {
	double elapsed; /* seconds since the last one */
	double rate;    /* of all transfers */
	int columns, room, n_live, n_lines;
	size_t length;
	char text[MAX_LINES * (MAX_COLUMNS + 2)]; /* a line for each transfer */
};

/* What stands below the log; guarded by lock_log. */
static char summary[80];
static struct drawing drawing;
static bool is_drawn;

static pthread_t thread;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static bool is_on;
static bool ends; /* guarded by the mutex */

static double read_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(struct transfer *transfer)
{
	double now = transfer->sent > transfer->sampled
			     ? (double)(transfer->sent - transfer->sampled) / drawing.elapsed
			     : 0;

	transfer->rate = transfer->n_samples > 0 ? INERTIA * transfer->rate + (1 - INERTIA) * now : now;
	transfer->sampled = transfer->sent;
	transfer->n_samples++;
}

static void write_time_left(FILE *file, const struct transfer *transfer, uint64_t sent)
{
	double seconds = transfer->rate > 0 ? (double)(transfer->length - sent) / transfer->rate : 1e9;
	unsigned whole = seconds < 360000 ? (unsigned)(seconds + 0.5) : 0;

	if (whole == 0)
		fputs("    -:-- ", file);
	else if (whole < 3600)
		fprintf(file, "%5u:%02u ", whole / 60, whole % 60);
	else
		fprintf(file, "%2u:%02u:%02u ", whole / 3600, whole / 60 % 60, whole % 60);
}

/* The name comes last, because that is what may be cut where the terminal ends. */
static void write_transfer(FILE *file, const struct transfer *transfer)
{
	bool has_end = transfer->length != FSRV_LENGTH_UNKNOWN;
	uint64_t sent = has_end && transfer->sent > transfer->length ? transfer->length : transfer->sent;
	char size[32];

	write_size(size, sizeof(size), (double)sent);
	if (has_end)
		fprintf(file, "%4.0f %% ", (double)sent / (double)transfer->length * 100);
	else
		fputs("     - ", file);
	fprintf(file, "%8s ", size);
	write_size(size, sizeof(size), transfer->rate);
	fprintf(file, "%8s/s ", size);
	if (has_end)
		write_time_left(file, transfer, sent);
	fprintf(file, "%s ", transfer->client);
	write_escaped(file, transfer->target);
}

static void add_line(const struct transfer *transfer)
{
	char line[MAX_COLUMNS] = "";
	FILE *file = fmemopen(line, sizeof(line), "w");

	if (file == NULL)
		return;
	setvbuf(file, NULL, _IONBF, 0);
	write_transfer(file, transfer);
	fclose(file);
	drawing.length +=
		(size_t)snprintf(drawing.text + drawing.length, sizeof(drawing.text) - drawing.length,
				 "%.*s\n", drawing.columns - 1, line);
	drawing.n_lines++;
}

/* What has just begun is mostly over the next time, and would only flicker. */
static void look(struct transfer *transfer)
{
	if (!transfer->is_counted || transfer->length == 0)
		return;
	measure(transfer);
	if (transfer->n_samples < 2)
		return;
	drawing.n_live++;
	drawing.rate += transfer->rate;
	if (drawing.n_lines < drawing.room)
		add_line(transfer);
}

static void set_room(void)
{
	struct winsize size = {0};

	drawing.columns = 80;
	drawing.room = MAX_LINES;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
		return;
	drawing.columns = size.ws_col < MIN_COLUMNS ? MIN_COLUMNS : size.ws_col;
	if (drawing.columns > MAX_COLUMNS)
		drawing.columns = MAX_COLUMNS;
	if (size.ws_row < MAX_LINES + 3)
		drawing.room = size.ws_row > 3 ? size.ws_row - 3 : 0;
}

static void compose(double elapsed)
{
	char rate[32];

	drawing = (struct drawing){.elapsed = elapsed > 0 ? elapsed : 1};
	set_room();
	look_at_transfers(look);
	write_size(rate, sizeof(rate), drawing.rate);
	snprintf(summary, sizeof(summary), "%d transfer%s, %s/s", drawing.n_live,
		 drawing.n_live == 1 ? "" : "s", rate);
}

void hide_progress(void)
{
	if (is_drawn)
		fprintf(stderr, "\033[%dA\r\033[J", drawing.n_lines + 1);
	is_drawn = false;
}

void show_progress(void)
{
	if (drawing.n_live == 0)
		return;
	fprintf(stderr, "%.*s\n%s", drawing.columns - 1, summary, drawing.text);
	is_drawn = true;
}

/* Waits for the next drawing; false when there is none. */
static bool wait(struct timespec *next)
{
	bool goes_on;

	next->tv_nsec += INTERVAL_NS;
	if (next->tv_nsec >= 1000000000) {
		next->tv_nsec -= 1000000000;
		next->tv_sec++;
	}
	pthread_mutex_lock(&mutex);
	while (!ends && pthread_cond_clockwait(&wake, &mutex, CLOCK_MONOTONIC, next) != ETIMEDOUT)
		;
	goes_on = !ends;
	pthread_mutex_unlock(&mutex);
	return goes_on;
}

static void *run(void *cls)
{
	double last = read_clock();
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (wait(&next)) {
		double now = read_clock();

		lock_log();
		hide_progress();
		compose(now - last);
		show_progress();
		unlock_log();
		last = now;
	}
	return cls;
}

bool start_progress(void)
{
	int error;

	if (!isatty(STDERR_FILENO)) {
		refuse("--progress: standard error is no terminal, so no progress is shown");
		return true;
	}
	error = pthread_create(&thread, NULL, run, NULL);
	is_on = error == 0;
	return is_on || refuse("--progress: %s", strerror(error));
}

void stop_progress(void)
{
	if (!is_on)
		return;
	pthread_mutex_lock(&mutex);
	ends = true;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	is_on = false;
	lock_log();
	hide_progress();
	drawing.n_live = 0;
	unlock_log();
}
