/* Everything at the same time, for as long as FSRV_STRESS_SECONDS says: clients of every habit, files that
 * change, a disk that is slow and fails now and then, too few descriptors, and callers of fsrv_stats that
 * the scheduler puts last. The checks come at the end, a line each. */
#include <inttypes.h>
#include <malloc.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clients.h"
#include "files.h"
#include "mhd/handler.h"
#include "service.h"

#define SECONDS    60
#define N_SERVICES 3

/* Descriptors beyond those that idle daemons have: fewer than the clients, their connections and the files
 * need at the busiest moments. */
#define DESCRIPTORS 100

#define CACHE_SIZE (256u * 1024)

/* Seconds until all is at rest. */
#define PATIENCE 60.0

/* Memory that a handler may have at rest and had not before: room for watches and threads. */
#define MEMORY_SLACK (64u * 1024)

struct subject {
	struct fsrv *fs;
	struct test_daemon daemon;
	struct ledger ledger;
	struct client_thread clients[N_CLIENTS];
	pthread_t client_threads[N_CLIENTS], counting;
	atomic_uint_least64_t memory; /* bytes allocated now */
	uint64_t memory_before;
	uint64_t n_counted; /* calls of fsrv_stats */
	unsigned n_helped;  /* connections that were made until all was at rest */
};

static struct subject subjects[N_SERVICES];
static struct mix mix;
static struct tree local, backing;
static struct slow_tree disk;
static struct changes changes;
static atomic_bool clients_are_over, counting_is_over;
static unsigned descriptors_before, descriptors_idle;
static struct rlimit limit_before;

/* AddressSanitizer keeps what was freed and, since gcc 13, the stacks of threads that have ended, which would
 * look like leaks. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1:detect_stack_use_after_return=0";
}

static void *count_memory(void *cls, void *memory, size_t size)
{
	struct subject *subject = cls;

	if (memory != NULL)
		atomic_fetch_sub(&subject->memory, malloc_usable_size(memory));
	if (size == 0) {
		free(memory);
		return NULL;
	}
	memory = realloc(memory, size);
	ck_assert_ptr_nonnull(memory);
	atomic_fetch_add(&subject->memory, malloc_usable_size(memory));
	return memory;
}

static const struct daemon_mode *find_mode(const char *name)
{
	for (int i = 0; i < N_MODES; i++)
		if (strcmp(daemon_modes[i].name, name) == 0)
			return &daemon_modes[i];
	ck_abort_msg("no mode %s", name);
}

static void start_subject(struct subject *subject, const char *mode)
{
	const char *const roots[] = {local.path, disk.tree.path};
	const struct fsrv_script script = {.text = "script()", .length = 8};
	struct fsrv_options options = {.size = sizeof(options),
				       .roots = roots,
				       .n_roots = 2,
				       .cache_size = CACHE_SIZE,
				       .flags = FSRV_URL_IS_RAW | FSRV_COMPLETION_IS_TOLD,
				       .access = ledger_note_access,
				       .access_cls = &subject->ledger,
				       .completion = ledger_note_end,
				       .completion_cls = &subject->ledger,
				       .allocate = count_memory,
				       .allocate_cls = subject};

	ledger_open(&subject->ledger, mode);
	ck_assert_int_eq(fsrv_new(&options, &subject->fs), FSRV_OK);
	ck_assert_int_eq(fsrv_inject_add_script(subject->fs, FSRV_SCOPE_EVERY_PAGE, FSRV_HEAD_START, &script),
			 FSRV_OK);
	daemon_start(&subject->daemon, find_mode(mode), ledger_handle, subject->fs, options.flags);
}

static void ask(struct subject *subject, const char *target, struct reply *reply)
{
	static struct client client;

	client_open(&client, daemon_connect_tcp(&subject->daemon));
	client_ask(&client, "GET", target, "Connection: close\r\n", reply);
	client_close(&client);
}

static struct fsrv_stats stats_of(struct subject *subject)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(fsrv_stats(subject->fs, &stats), FSRV_OK);
	return stats;
}

/* One answer of each subject: afterwards its threads and descriptors are there. */
static void warm_up(void)
{
	static struct reply reply;

	for (int i = 0; i < N_SERVICES; i++) {
		ask(&subjects[i], "/page.html", &reply);
		ck_assert_int_eq(reply.status, 200);
		ck_assert_ptr_nonnull(strstr(reply.body, "script()"));
		files_expect_page(reply.body, reply.length);
		client_reply_free(&reply);
		subjects[i].memory_before = atomic_load(&subjects[i].memory);
	}
}

/* Lets itself be interrupted wherever it is, for as long as others have something to do. */
static void *keep_counting(void *cls)
{
	struct subject *subject = cls;
	struct sched_param none = {0};
	uint64_t last = 0;

	if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
		fault(CHECK_MIX, "no SCHED_IDLE");
	while (!atomic_load(&counting_is_over)) {
		struct fsrv_stats stats = stats_of(subject);

		if (stats.requests < last || stats.live_bodies > 10000 || stats.open_files > 10000)
			fault(CHECK_ENDINGS,
			      "%s: fsrv_stats: %" PRIu64 " requests after %" PRIu64 ", %" PRIu64
			      " bodies, %" PRIu64 " files",
			      subject->ledger.name, stats.requests, last, stats.live_bodies,
			      stats.open_files);
		last = stats.requests;
		subject->n_counted++;
		usleep(100);
	}
	return NULL;
}

static void limit_descriptors(void)
{
	struct rlimit low;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit_before), 0);
	low = limit_before;
	low.rlim_cur = descriptors_idle + DESCRIPTORS;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
}

static void start_threads(pthread_t *changing, pthread_t *troubling)
{
	changes.local = &local;
	changes.disk = &disk;
	ck_assert_int_eq(pthread_create(changing, NULL, files_change, &changes), 0);
	ck_assert_int_eq(pthread_create(troubling, NULL, files_trouble_disk, &changes), 0);
	for (int i = 0; i < N_SERVICES; i++) {
		struct subject *subject = &subjects[i];

		ck_assert_int_eq(pthread_create(&subject->counting, NULL, keep_counting, subject), 0);
		for (unsigned k = 0; k < N_CLIENTS; k++) {
			subject->clients[k] = (struct client_thread){
				.ledger = &subject->ledger,
				.mix = &mix,
				.is_over = &clients_are_over,
				.port = MHD_get_daemon_info(subject->daemon.mhd, MHD_DAEMON_INFO_BIND_PORT)
						->port,
				.number = k};
			ck_assert_int_eq(pthread_create(&subject->client_threads[k], NULL, client_run,
							&subject->clients[k]),
					 0);
		}
	}
}

static void run_load(unsigned seconds)
{
	pthread_t changing, troubling;

	limit_descriptors();
	start_threads(&changing, &troubling);
	sleep(seconds);
	atomic_store(&clients_are_over, true);
	for (int i = 0; i < N_SERVICES; i++)
		for (unsigned k = 0; k < N_CLIENTS; k++)
			pthread_join(subjects[i].client_threads[k], NULL);
	atomic_store(&changes.is_over, true);
	pthread_join(changing, NULL);
	pthread_join(troubling, NULL);
	atomic_store(&counting_is_over, true);
	for (int i = 0; i < N_SERVICES; i++)
		pthread_join(subjects[i].counting, NULL);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit_before), 0);
}

static bool is_at_rest(struct subject *subject)
{
	struct fsrv_stats stats = stats_of(subject);
	bool all_ended;

	pthread_mutex_lock(&subject->ledger.mutex);
	all_ended = subject->ledger.n_answered == subject->ledger.n_ended;
	pthread_mutex_unlock(&subject->ledger.mutex);
	return all_ended && stats.live_bodies == 0 && stats.open_files == 0 &&
	       fsrv__descriptors_count(&subject->fs->kept) == 0 && atomic_load(&subject->fs->n_offloads) == 0;
}

static unsigned n_connections(const struct subject *subject)
{
	return MHD_get_daemon_info(subject->daemon.mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

/* New connections help libmicrohttpd to notice that old ones have gone. */
static void wait_for_rest(struct subject *subject)
{
	static struct reply reply;
	double end = now_seconds() + PATIENCE;

	for (int i = 0; (!is_at_rest(subject) || n_connections(subject) > 0) && now_seconds() < end; i++) {
		usleep(10000);
		if (i % 50 == 49) {
			ask(subject, "/small", &reply);
			client_reply_free(&reply);
			subject->n_helped++;
		}
	}
}

/* A line of the report. */
static void report(enum check check, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void report(enum check check, const char *subject, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	printf("# %-4s %-27s %s\n", fault_count(check) == 0 ? "ok" : "FAIL", subject, text);
	fflush(stdout);
}

static void check_endings(struct subject *subject)
{
	struct ledger *ledger = &subject->ledger;
	const uint64_t *n = ledger->n_endings;

	if (ledger->n_answered != ledger->n_ended)
		fault(CHECK_ENDINGS, "%s: %" PRIu64 " answers, %" PRIu64 " ends", ledger->name,
		      ledger->n_answered, ledger->n_ended);
	report(CHECK_ENDINGS, ledger->name,
	       "endings: %" PRIu64 " answers, %" PRIu64 " ended: %" PRIu64 " complete, %" PRIu64
	       " aborted, %" PRIu64 " file changed, %" PRIu64 " read error, %" PRIu64 " drained",
	       ledger->n_answered, ledger->n_ended, n[FSRV_ENDING_COMPLETE], n[FSRV_ENDING_ABORTED],
	       n[FSRV_ENDING_FILE_CHANGED], n[FSRV_ENDING_READ_ERROR], n[FSRV_ENDING_DRAINED]);
}

static void check_lookups(struct subject *subject)
{
	struct ledger *ledger = &subject->ledger;
	struct fsrv_stats stats = stats_of(subject);
	unsigned pending = atomic_load(&subject->fs->n_offloads), connections = n_connections(subject);

	if (pending > 0 || connections > 0 || stats.live_bodies > 0 || stats.open_files > 0 ||
	    stats.suspends != stats.cold_reads + stats.cold_lookups)
		fault(CHECK_LOOKUPS, "%s is not at rest", ledger->name);
	report(CHECK_LOOKUPS, ledger->name,
	       "lookups: %" PRIu64 " requests, %" PRIu64 " closed unanswered, %" PRIu64 " with 503; %" PRIu64
	       " suspended for %" PRIu64 " lookups and %" PRIu64 " reads; now %u lookups, %u connections, "
	       "%" PRIu64 " bodies, %" PRIu64 " files after %u more connections",
	       ledger->n_requested, ledger->n_unanswered, ledger->n_refused, stats.suspends,
	       stats.cold_lookups, stats.cold_reads, pending, connections, stats.live_bodies,
	       stats.open_files, subject->n_helped);
}

static void check_memory_at_rest(struct subject *subject)
{
	struct fsrv_stats stats = stats_of(subject);
	uint64_t now = atomic_load(&subject->memory);

	/* An entry of the cache costs a little more than it counts. */
	if (now > subject->memory_before + 2 * stats.cache_size + MEMORY_SLACK)
		fault(CHECK_MEMORY, "%s: too much memory at rest", subject->ledger.name);
	report(CHECK_MEMORY, subject->ledger.name,
	       "memory: %" PRIu64 " bytes before, %" PRIu64 " at rest, the cache counts %" PRIu64,
	       subject->memory_before, now, stats.cache_size);
}

/* libmicrohttpd has closed every connection by then. */
static void check_descriptors(const char *when, unsigned before)
{
	unsigned now = open_descriptors();

	if (now != before)
		fault(CHECK_DESCRIPTORS, "%u descriptors, %u before", now, before);
	report(CHECK_DESCRIPTORS, "all", "descriptors: %u %s, %u before", now, when, before);
}

static void stop_subject(struct subject *subject)
{
	uint64_t memory;

	daemon_stop(&subject->daemon);
	fsrv_free(subject->fs);
	memory = atomic_load(&subject->memory);
	if (memory != 0)
		fault(CHECK_MEMORY, "%s: memory leaks", subject->ledger.name);
	report(CHECK_MEMORY, subject->ledger.name, "memory: %" PRIu64 " bytes in the end", memory);
	ledger_close(&subject->ledger);
}

static void check_mix(void)
{
	const struct {
		const char *name;
		uint64_t n;
	} parts[] = {
		{"bodies cut off or left", mix.prefixes},
		{"ranges", mix.ranges},
		{"HEAD", mix.heads},
		{"304", mix.not_modified},
		{"404", mix.not_found},
		{"clients that left", mix.left},
		{"changes of files", changes.n_changes},
		{"moods of the disk", changes.n_moods},
		{"sockets without a descriptor", mix.no_descriptor},
		{"calls of fsrv_stats",
		 subjects[0].n_counted + subjects[1].n_counted + subjects[2].n_counted},
	};

	report(CHECK_BODIES, "all",
	       "bodies: %" PRIu64 " of %" PRIu64 " MiB compared, %" PRIu64
	       " with zeros where the file was cut",
	       mix.bodies, mix.bytes >> 20, mix.zeros);
	for (int i = 0; i < LEN(parts); i++) {
		if (parts[i].n == 0)
			fault(CHECK_MIX, "no %s", parts[i].name);
		report(CHECK_MIX, "all", "mix: %" PRIu64 " %s", parts[i].n, parts[i].name);
	}
}

static void set_up(void)
{
	static const char *const modes[N_SERVICES] = {"thread per connection, poll", "epoll with suspend",
						      "pool of epoll with suspend"};

	tree_make(&local);
	tree_make(&backing);
	files_write(&local, &backing);
	slow_tree_mount(&disk, &backing);
	descriptors_before = open_descriptors();
	for (int i = 0; i < N_SERVICES; i++)
		start_subject(&subjects[i], modes[i]);
	warm_up();
	for (int i = 0; i < N_SERVICES; i++)
		wait_for_rest(&subjects[i]);
	descriptors_idle = open_descriptors();
}

static void tear_down(void)
{
	slow_tree_unmount(&disk);
	tree_remove(&local);
	tree_remove(&backing);
}

START_TEST(agrees_with_all_clients)
{
	const char *wanted = getenv("FSRV_STRESS_SECONDS");
	unsigned n_faults = 0;

	set_up();
	run_load(wanted != NULL ? (unsigned)atoi(wanted) : SECONDS);
	for (int i = 0; i < N_SERVICES; i++)
		wait_for_rest(&subjects[i]);
	for (int i = 0; i < N_SERVICES; i++) {
		check_endings(&subjects[i]);
		check_lookups(&subjects[i]);
		check_memory_at_rest(&subjects[i]);
	}
	check_mix();
	check_descriptors("at rest", descriptors_idle);
	for (int i = 0; i < N_SERVICES; i++)
		stop_subject(&subjects[i]);
	check_descriptors("in the end", descriptors_before);
	tear_down();
	for (int i = 0; i < N_CHECKS; i++)
		n_faults += fault_count((enum check)i);
	ck_assert_msg(n_faults == 0, "%u faults", n_faults);
}
END_TEST

const char *test_lacks(void)
{
	return slow_tree_is_possible() ? NULL : "no FUSE file system can be mounted";
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("stress");
	TCase *tcase = tcase_create("stress");

	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, agrees_with_all_clients);
	suite_add_tcase(suite, tcase);
	return suite;
}
