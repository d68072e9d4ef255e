#include "ledger.h"

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service.h"

/* Seconds until the end of an answer has to be told. */
#define PATIENCE 60.0

#define N_SHOWN 5

/* Part of the header that may count as sent content of an answer that was cut off. */
#define SLACK 24

static atomic_uint faults[N_CHECKS];

/* Of the request that this thread passes to the library. */
static _Thread_local uint32_t current_client, current_serial;

void fault(enum check check, const char *format, ...)
{
	char line[512];
	va_list arguments;

	if (atomic_fetch_add(&faults[check], 1) >= N_SHOWN)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	printf("# FAULT: %s\n", line);
	fflush(stdout);
}

unsigned fault_count(enum check check)
{
	return atomic_load(&faults[check]);
}

void ledger_open(struct ledger *ledger, const char *name)
{
	memset(ledger, 0, sizeof(*ledger));
	ledger->name = name;
	ledger->notes = calloc(N_NOTES, sizeof(*ledger->notes));
	ck_assert_ptr_nonnull(ledger->notes);
	pthread_mutex_init(&ledger->mutex, NULL);
}

void ledger_close(struct ledger *ledger)
{
	free(ledger->notes);
	pthread_mutex_destroy(&ledger->mutex);
}

static void show(const struct ledger *ledger, const struct exchange *x, const char *problem)
{
	fault(CHECK_ENDINGS,
	      "%s: %s: %s: client saw status %u, %" PRIu64 " bytes, whole %d, left %d; told %u answers with "
	      "status %u, %u ends, ending %d, %" PRIu64 " of %" PRIu64 " bytes",
	      ledger->name, x->file->name, problem, x->status, x->received, x->is_whole, x->has_left,
	      x->times_answered, x->reported_status, x->times_ended, (int)x->ending, x->sent, x->length);
}

static bool has_right_number_of_bytes(const struct exchange *x)
{
	if (x->ending == FSRV_ENDING_COMPLETE && x->sent != x->length)
		return false;
	if (x->is_whole && (x->sent != x->length || x->received != x->length))
		return false;
	return x->received <= x->sent && (x->has_left || x->sent <= x->received + SLACK);
}

/* The client left, or something befell the file. */
static bool has_reason(const struct exchange *x)
{
	switch (x->ending) {
	case FSRV_ENDING_COMPLETE:
		return x->is_whole || x->has_left;
	case FSRV_ENDING_ABORTED:
		return x->has_left;
	case FSRV_ENDING_FILE_CHANGED:
		return x->file->change == CHANGE_CUT;
	case FSRV_ENDING_READ_ERROR:
		return x->file->change == CHANGE_FAILING;
	case FSRV_ENDING_DRAINED:
		break;
	}
	return false;
}

static void judge(const struct ledger *ledger, const struct exchange *x)
{
	if (x->times_answered > 1 || x->times_ended != x->times_answered)
		show(ledger, x, "not reported exactly once");
	else if (x->status != 0 && (x->times_answered != 1 || x->reported_status != x->status))
		show(ledger, x, "another answer reported");
	else if (x->times_answered == 0)
		return;
	else if (x->is_whole && x->ending != FSRV_ENDING_COMPLETE && x->ending != FSRV_ENDING_FILE_CHANGED)
		show(ledger, x, "all bytes came, but it is not reported complete");
	else if (!has_reason(x))
		show(ledger, x, "an ending without a reason");
	else if (!has_right_number_of_bytes(x))
		show(ledger, x, "a wrong number of bytes reported");
}

/* A request without an answer may still be on its way, when its client left. */
static bool is_settled(const struct exchange *x)
{
	return x->times_ended > 0 || (x->status == 0 && x->times_answered == 0);
}

/* Called with the mutex held, which is released meanwhile. */
static void settle(struct ledger *ledger, struct exchange *exchange)
{
	double end = now_seconds() + PATIENCE;

	if (exchange->serial == 0 || !exchange->is_over)
		return;
	while (!is_settled(exchange) && now_seconds() < end) {
		pthread_mutex_unlock(&ledger->mutex);
		usleep(1000);
		pthread_mutex_lock(&ledger->mutex);
	}
	judge(ledger, exchange);
	exchange->serial = 0;
}

struct exchange *ledger_begin(struct ledger *ledger, unsigned client, uint32_t serial,
			      const struct file *file)
{
	struct exchange *exchange = &ledger->exchanges[client][serial % N_RECENT];

	pthread_mutex_lock(&ledger->mutex);
	settle(ledger, exchange);
	*exchange = (struct exchange){.serial = serial, .file = file};
	ledger->n_requested++;
	pthread_mutex_unlock(&ledger->mutex);
	return exchange;
}

void ledger_end(struct ledger *ledger, struct exchange *exchange, const struct exchange *seen)
{
	pthread_mutex_lock(&ledger->mutex);
	exchange->is_over = true;
	exchange->has_left = seen->has_left;
	exchange->is_whole = seen->is_whole;
	exchange->status = seen->status;
	exchange->received = seen->received;
	ledger->n_unanswered += seen->status == 0 && !seen->has_left;
	ledger->n_refused += seen->status == 503;
	pthread_mutex_unlock(&ledger->mutex);
}

void ledger_judge_all(struct ledger *ledger, unsigned client)
{
	pthread_mutex_lock(&ledger->mutex);
	for (unsigned i = 0; i < N_RECENT; i++)
		settle(ledger, &ledger->exchanges[client][i]);
	pthread_mutex_unlock(&ledger->mutex);
}

enum MHD_Result ledger_handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	const char *field = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Exchange");

	if (field == NULL || sscanf(field, "%" SCNu32 ".%" SCNu32, &current_client, &current_serial) != 2)
		current_serial = 0;
	return fsrv_handle(cls, connection, url, method, version, upload_data, upload_data_size, con_cls);
}

/* NULL when the client has forgotten the request. */
static struct exchange *find_exchange(struct ledger *ledger, const struct note *note)
{
	struct exchange *exchange = &ledger->exchanges[note->client % N_CLIENTS][note->serial % N_RECENT];

	return note->serial != 0 && exchange->serial == note->serial ? exchange : NULL;
}

void ledger_note_access(void *cls, const struct fsrv_access *access)
{
	struct ledger *ledger = cls;
	struct note *note = &ledger->notes[access->request % N_NOTES];
	struct exchange *exchange;

	pthread_mutex_lock(&ledger->mutex);
	ledger->n_answered++;
	if (note->number != 0 && !note->has_ended)
		fault(CHECK_ENDINGS, "%s: answer %" PRIu64 " has not ended", ledger->name, note->number);
	*note = (struct note){access->request, current_client, current_serial, false};
	exchange = find_exchange(ledger, note);
	if (exchange != NULL) {
		exchange->times_answered++;
		exchange->reported_status = access->status;
	}
	pthread_mutex_unlock(&ledger->mutex);
}

void ledger_note_end(void *cls, const struct fsrv_completion *completion)
{
	struct ledger *ledger = cls;
	struct note *note = &ledger->notes[completion->request % N_NOTES];
	struct exchange *exchange;

	pthread_mutex_lock(&ledger->mutex);
	ledger->n_ended++;
	ledger->n_endings[completion->ending]++;
	if (note->number != completion->request || note->has_ended)
		fault(CHECK_ENDINGS, "%s: answer %" PRIu64 " ended that is none or has ended before",
		      ledger->name, completion->request);
	note->has_ended = true;
	exchange = note->number == completion->request ? find_exchange(ledger, note) : NULL;
	if (exchange != NULL) {
		exchange->times_ended++;
		exchange->ending = completion->ending;
		exchange->length = completion->length;
		exchange->sent = completion->sent;
	}
	pthread_mutex_unlock(&ledger->mutex);
}
