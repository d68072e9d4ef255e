/* The matrix of the fault tests: each way to serve, with hooks that note every answer and how it ended.
 *
 * The ways of one group serve side by side in one process, so that a stall is waited for only once. The
 * variable FSRV_TEST_WAY leaves those out whose name does not contain its value. */
#ifndef TEST_SERVICE_H
#define TEST_SERVICE_H

#include <pthread.h>
#include <stdbool.h>

#include "client.h"
#include "daemon.h"
#include "fsrv/server.h"
#include "suite.h"
#include "tree.h"

#define MIB UINT64_C(1048576)

/* A daemon with an option body, or a server with all defaults. */
struct way {
	const struct daemon_mode *daemon;  /* NULL: an fsrv_server */
	enum fsrv_server_mode server_mode;
	enum fsrv_body body;
	unsigned flags; /* FSRV_COMPLETION_IS_TOLD or none */
};

/* sendfile(2), the same with ends that are told, reading, fsrv_server. */
#define N_GROUPS 4
#define MAX_WAYS 16

#define MAX_ANSWERS 8192

struct answer {
	unsigned status;
	unsigned times_answered, times_ended;
	enum fsrv_ending ending;
	uint64_t length, sent;
};

struct service {
	struct way way;
	char name[96];
	struct fsrv *fs;
	struct test_daemon daemon;
	struct fsrv_server *server;
	pthread_mutex_t mutex; /* of what follows */
	struct answer answers[MAX_ANSWERS]; /* by number */
	unsigned n_endings[FSRV_ENDING_DRAINED + 1];
	unsigned n_logged;
	char logged[256]; /* the last line */
};

/* What tests of a matrix share. */
struct matrix {
	struct service services[MAX_WAYS];
	struct client clients[MAX_WAYS];
	struct reply reply;
	int n;
	unsigned descriptors, threads; /* before */
	struct fsrv_options options;   /* of each handler, but for the hooks */
	MHD_AccessHandlerCallback handler;
};

/* Whether a disk that one client waits for holds up no other, and whether a body leaves by sendfile(2). */
bool way_isolates(const struct way *way);
bool way_sends_files(const struct way *way);
bool way_suspends(const struct way *way);

/* Starts every way of a group that select (NULL: all) is true for. */
void matrix_start(struct matrix *matrix, int group, bool (*select)(const struct way *way),
		  const char *const *roots, size_t n_roots);

/* Stops one: matrix_stop passes over it then. Its counters are gone, what the hooks noted stays. */
void service_stop(struct service *service);

/* Ends it, and asserts that each answer has ended and descriptors and threads are as they were. */
void matrix_stop(struct matrix *matrix);

/* Waits until nothing is on its way any more: each answer was told to have ended, exactly once. New
 * connections help libmicrohttpd to notice that old ones have gone. */
void service_settle(struct service *service, const char *target);
void matrix_settle(struct matrix *matrix, const char *target);

int service_connect(struct service *service);

/* Sends a GET on a connection of its own that takes little at a time; its answer is not read. */
void service_request(struct service *service, struct client *client, const char *target);

/* A request on a connection of its own; its answer has to be the pattern of so many bytes. */
void service_expect(struct service *service, const char *target, uint64_t length);

/* A handler for the matrix: a route of the program's own, /health, beside the files. */
enum MHD_Result service_handle(void *cls, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload_data,
			       size_t *upload_data_size, void **con_cls);

/* A request on a connection of its own that has to be answered, with so many bytes, while others wait: what
 * they wait for must not come by itself within a client's patience. */
void service_expect_meanwhile(struct service *service, const char *target, int status, size_t length);

/* Answers that ended in a way; of all with that status when it is not 0. */
unsigned service_count(struct service *service, enum fsrv_ending ending, unsigned status);

/* Answers with that status that were given, whether they have ended or not. */
unsigned service_count_answers(struct service *service, unsigned status);

struct fsrv_stats service_stats(struct service *service);

/* Closes a connection by a reset. */
void client_reset(struct client *client);

/* CPU time that the process used so far, and how long it has been running, in seconds. */
double cpu_seconds(void);
double now_seconds(void);

/* Waits, and asserts that the process rests meanwhile: with reason in words. */
void rest(double seconds, const char *what);

#endif
