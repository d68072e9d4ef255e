/* What clients asked for, what the hooks of the library told about it, and whether both agree. */
#ifndef STRESS_LEDGER_H
#define STRESS_LEDGER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "files.h"
#include "fsrv/fsrv.h"

/* Every subject of the report at the end of a run. */
enum check {
	CHECK_ENDINGS,
	CHECK_BODIES,
	CHECK_LOOKUPS,
	CHECK_DESCRIPTORS,
	CHECK_MEMORY,
	CHECK_MIX,
	N_CHECKS
};

/* Counts a fault, and prints the first few of each check. Any thread. */
void fault(enum check check, const char *format, ...) __attribute__((format(printf, 2, 3)));
unsigned fault_count(enum check check);

/* The clients of one service, and how many of its requests each client keeps in mind. */
#define N_CLIENTS 12
#define N_RECENT  32

/* Answers of one service whose ends may be outstanding at one time. */
#define N_NOTES (1u << 20)

/* One request. The client writes what it saw, the hooks what they were told. */
struct exchange {
	uint32_t serial; /* the client's number of the request, from 1 on */
	const struct file *file;
	bool is_over, has_left; /* the client left before the end */
	bool is_whole;          /* all of the announced content came, or none was to come */
	unsigned status;        /* 0: the connection ended without an answer */
	uint64_t received;      /* bytes of the file */

	unsigned times_answered, times_ended;
	unsigned reported_status;
	enum fsrv_ending ending;
	uint64_t length, sent;
};

/* An answer by its number. */
struct note {
	uint64_t number;
	uint32_t client, serial;
	bool has_ended;
};

struct ledger {
	const char *name;
	pthread_mutex_t mutex; /* of what follows */
	struct exchange exchanges[N_CLIENTS][N_RECENT];
	struct note *notes;
	uint64_t n_answered, n_ended;
	uint64_t n_endings[FSRV_ENDING_DRAINED + 1];
	uint64_t n_requested, n_unanswered, n_refused; /* refused: 503 */
};

void ledger_open(struct ledger *ledger, const char *name);
void ledger_close(struct ledger *ledger);

/* A client's next request. Its place may belong to an earlier one, which is judged first: that waits until
 * the end of its answer has been told. */
struct exchange *ledger_begin(struct ledger *ledger, unsigned client, uint32_t serial,
			      const struct file *file);

/* What the client saw. */
void ledger_end(struct ledger *ledger, struct exchange *exchange, const struct exchange *seen);

/* Judges the last requests of a client. */
void ledger_judge_all(struct ledger *ledger, unsigned client);

/* The handler, whose requests have the field X-Exchange: the numbers of client and request. Access and
 * completion hook have a ledger as cls. */
enum MHD_Result ledger_handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls);
void ledger_note_access(void *cls, const struct fsrv_access *access);
void ledger_note_end(void *cls, const struct fsrv_completion *completion);

#endif
