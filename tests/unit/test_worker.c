/* The pool of threads that wait for disks: what runs, when, where, and that nothing runs twice. */
#include "fs/workers.h"

#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fs/clock.h"
#include "suite.h"

#define MAX_QUEUED  1024 /* as in lib/fs/workers.c */
#define PATIENCE_MS 20000

static const struct fsrv__allocator allocator = {fsrv__default_allocate, NULL};

/* Owners are only ever compared. */
static const char owner_a, owner_b;

static struct fsrv__workers *workers;
static atomic_uint clock_of_runs;

struct task {
	struct fsrv__job job; /* first */
	atomic_uint n_runs, n_cancelled;
	unsigned when; /* the order among all runs, from 1 */
	sem_t *gate;   /* waited for when it is not cancelled */
	sem_t *cancel_gate; /* and when it is */
	sem_t *begun, *ended;
	char name[16]; /* of the thread that it ran on */
	bool has_open_signal;
};

static void run_task(struct fsrv__job *job, bool cancelled)
{
	struct task *task = (struct task *)job;
	sem_t *ended = task->ended, *gate;
	sigset_t blocked;

	task->when = atomic_fetch_add(&clock_of_runs, 1) + 1;
	pthread_getname_np(pthread_self(), task->name, sizeof(task->name));
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	task->has_open_signal = !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGUSR1) ||
				!sigismember(&blocked, SIGCHLD) || !sigismember(&blocked, SIGRTMIN);
	if (task->begun != NULL)
		sem_post(task->begun);
	gate = cancelled ? task->cancel_gate : task->gate;
	if (gate != NULL)
		while (sem_wait(gate) != 0)
			;
	atomic_fetch_add(&task->n_cancelled, cancelled);
	atomic_fetch_add(&task->n_runs, 1);
	if (ended != NULL)
		sem_post(ended);
}

static void task_init(struct task *task, const void *owner)
{
	memset(task, 0, sizeof(*task));
	task->job = (struct fsrv__job){.run = run_task, .owner = owner};
}

static void expect_task(const struct task *task, unsigned n_runs, unsigned n_cancelled)
{
	ck_assert_uint_eq(atomic_load(&task->n_runs), n_runs);
	ck_assert_uint_eq(atomic_load(&task->n_cancelled), n_cancelled);
}

static void submit(struct task *task, enum fsrv__urgency urgency)
{
	ck_assert(fsrv__workers_submit(workers, &task->job, urgency));
}

/* A task that holds one thread until its gate is opened. */
struct blocker {
	struct task task;
	sem_t gate, begun, ended;
};

static void blocker_submit(struct blocker *blocker, const void *owner, bool is_remote)
{
	task_init(&blocker->task, owner);
	blocker->task.job.is_remote = is_remote;
	sem_init(&blocker->gate, 0, 0);
	sem_init(&blocker->begun, 0, 0);
	sem_init(&blocker->ended, 0, 0);
	blocker->task.gate = &blocker->gate;
	blocker->task.begun = &blocker->begun;
	blocker->task.ended = &blocker->ended;
	submit(&blocker->task, FSRV__JOB_NEEDED);
}

static void blocker_start(struct blocker *blocker, const void *owner)
{
	blocker_submit(blocker, owner, false);
	sem_wait(&blocker->begun);
}

static void blocker_end(struct blocker *blocker)
{
	sem_post(&blocker->gate);
	sem_wait(&blocker->ended);
}

static void make(unsigned max_threads)
{
	workers = fsrv__workers_new(&allocator, max_threads, NULL, NULL);
	ck_assert_ptr_nonnull(workers);
}

struct range {
	int least, most;
};

/* Threads of this process with the pool's name, and how nice they are. */
static unsigned look_at_threads(struct range *niceness)
{
	DIR *folder = opendir("/proc/self/task");
	const struct dirent *entry;
	unsigned n = 0;

	ck_assert_ptr_nonnull(folder);
	*niceness = (struct range){100, -100};
	while ((entry = readdir(folder)) != NULL) {
		char path[300], line[512] = "";
		const char *rest;
		FILE *file;
		int value;

		snprintf(path, sizeof(path), "/proc/self/task/%s/stat", entry->d_name);
		file = fopen(path, "r");
		if (file == NULL)
			continue;
		rest = fgets(line, sizeof(line), file) != NULL ? strstr(line, "(fsrv-worker) ") : NULL;
		fclose(file);
		if (rest == NULL)
			continue;
		n++;
		/* The name is the second field, the nice value the nineteenth (proc(5)). */
		for (int field = 2; field < 19; field++)
			rest = strchr(rest, ' ') + 1;
		value = atoi(rest);
		niceness->least = value < niceness->least ? value : niceness->least;
		niceness->most = value > niceness->most ? value : niceness->most;
	}
	closedir(folder);
	return n;
}

static unsigned count_threads(void)
{
	struct range niceness;

	return look_at_threads(&niceness);
}

/* Those that were joined may be listed for a moment longer. */
static void wait_until_no_thread_is_left(void)
{
	for (int waited = 0; waited < PATIENCE_MS && count_threads() > 0; waited++)
		usleep(1000);
	ck_assert_uint_eq(count_threads(), 0);
}

static void tear_down(void)
{
	fsrv__workers_free(workers);
	workers = NULL;
	wait_until_no_thread_is_left();
}

static void wait_until_reached(atomic_uint *number, unsigned least)
{
	for (int waited = 0; waited < PATIENCE_MS && atomic_load(number) < least; waited++)
		usleep(1000);
	ck_assert_uint_ge(atomic_load(number), least);
}

static void wait_for_run(const struct task *task)
{
	for (int waited = 0; waited < 10000 && atomic_load(&task->n_runs) == 0; waited++)
		usleep(1000);
	expect_task(task, 1, 0);
}

#define MAX_ORDERED 6

static const struct {
	const char *name;
	const char *urgencies; /* n: needed, a: ahead */
	unsigned when[MAX_ORDERED];
} orders[] = {
	{"first come, first served", "nnnn", {1, 2, 3, 4}},
	{"the same ahead of time", "aaaa", {1, 2, 3, 4}},
	{"needed ones overtake", "aann", {3, 4, 1, 2}},
	{"each kind keeps its order", "ananan", {4, 1, 5, 2, 6, 3}},
	{"one of each", "na", {1, 2}},
};

START_TEST(keeps_the_order)
{
	struct blocker blocker;
	struct task tasks[MAX_ORDERED];
	sem_t ended;
	int n = (int)strlen(orders[_i].urgencies);

	make(1);
	sem_init(&ended, 0, 0);
	blocker_start(&blocker, NULL);
	for (int i = 0; i < n; i++) {
		task_init(&tasks[i], NULL);
		tasks[i].ended = &ended;
		submit(&tasks[i], orders[_i].urgencies[i] == 'n' ? FSRV__JOB_NEEDED : FSRV__JOB_BACKGROUND);
	}
	blocker_end(&blocker);
	for (int i = 0; i < n; i++)
		sem_wait(&ended);
	for (int i = 0; i < n; i++) {
		expect_task(&tasks[i], 1, 0);
		ck_assert_msg(tasks[i].when - blocker.task.when == orders[_i].when[i],
			      "%s: task %d ran as number %u",
			      orders[_i].name, i, tasks[i].when - blocker.task.when);
	}
}
END_TEST

/* One of the background, and needed ones that are submitted afterwards. */
START_TEST(lets_few_jobs_pass)
{
	struct blocker blocker;
	struct task background, needed[FSRV__MAX_PASSES + 4];
	unsigned first;

	make(1);
	blocker_start(&blocker, NULL);
	first = blocker.task.when + 1;
	task_init(&background, NULL);
	background.job.is_remote = _i % 2 == 1;
	submit(&background, FSRV__JOB_BACKGROUND);
	for (int i = 0; i < LEN(needed); i++) {
		task_init(&needed[i], NULL);
		needed[i].job.is_remote = _i / 2 == 1;
		submit(&needed[i], FSRV__JOB_NEEDED);
	}
	blocker_end(&blocker);
	wait_for_run(&background);
	for (unsigned i = 0; i < LEN(needed); i++) {
		wait_for_run(&needed[i]);
		ck_assert_uint_eq(needed[i].when - first, i < FSRV__MAX_PASSES ? i : i + 1);
	}
	ck_assert_uint_eq(background.when - first, FSRV__MAX_PASSES);
}
END_TEST

/* A needed job that is submitted again whenever it runs. */
struct feeder {
	struct fsrv__job job; /* first */
	atomic_bool *goes_on;
	atomic_uint *n_fed;
};

static void run_feeder(struct fsrv__job *job, bool cancelled)
{
	struct feeder *feeder = (struct feeder *)job;

	atomic_fetch_add(feeder->n_fed, 1);
	if (!cancelled && atomic_load(feeder->goes_on))
		fsrv__workers_submit(workers, job, FSRV__JOB_NEEDED);
}

static const struct {
	const char *name;
	unsigned max_threads, n_local, n_remote; /* feeders */
	bool is_remote;
} floods[] = {
	{"local among local ones", 1, 3, 0, false},
	{"local among local ones, two threads", 2, 4, 0, false},
	{"local among remote ones, one thread", 1, 0, 3, false},
	{"local among both", 2, 3, 3, false},
	{"remote among local ones", 2, 4, 0, true},
	{"remote among remote ones", 2, 0, 4, true},
	{"remote among both", 2, 4, 4, true},
	{"remote among both, four threads", 4, 8, 8, true},
};

/* Jobs of the background while needed ones are submitted without end. */
START_TEST(runs_each_job)
{
	static struct feeder feeders[16];
	static struct task tasks[20];
	static atomic_bool goes_on;
	static atomic_uint n_fed;
	unsigned n = floods[_i].n_local + floods[_i].n_remote;

	make(floods[_i].max_threads);
	atomic_store(&goes_on, true);
	for (unsigned i = 0; i < n; i++) {
		feeders[i] = (struct feeder){.job = {.run = run_feeder, .is_remote = i >= floods[_i].n_local},
					     .goes_on = &goes_on, .n_fed = &n_fed};
		ck_assert(fsrv__workers_submit(workers, &feeders[i].job, FSRV__JOB_NEEDED));
	}
	for (int i = 0; i < LEN(tasks); i++) {
		task_init(&tasks[i], NULL);
		tasks[i].job.is_remote = floods[_i].is_remote;
		submit(&tasks[i], FSRV__JOB_BACKGROUND);
	}
	for (int i = 0; i < LEN(tasks); i++) {
		for (int waited = 0; waited < 20000 && atomic_load(&tasks[i].n_runs) == 0; waited++)
			usleep(1000);
		ck_assert_msg(atomic_load(&tasks[i].n_runs) == 1, "%s: job %d has not run beside %u others",
			      floods[_i].name, i, atomic_load(&n_fed));
	}
	atomic_store(&goes_on, false);
	tear_down();
}
END_TEST

static const struct {
	const char *name;
	const char *urgencies; /* as in orders */
	int cancelled;
} cancels[] = {
	{"the only one", "n", 0},
	{"the only one of the background", "a", 0},
	{"the first", "nnn", 0},
	{"in the middle", "nnn", 1},
	{"the last", "nnn", 2},
	{"the first of the background", "anan", 0},
	{"the last of the background", "anan", 2},
	{"the last needed one", "anan", 3},
};

/* What is left runs in its order, and the object is the caller's again. */
START_TEST(cancels_one_job)
{
	struct blocker blocker;
	struct task tasks[MAX_ORDERED], other;
	int n = (int)strlen(cancels[_i].urgencies), cancelled = cancels[_i].cancelled;
	unsigned previous[FSRV__URGENCIES] = {0, 0};

	make(1);
	blocker_start(&blocker, NULL);
	for (int i = 0; i < n; i++) {
		task_init(&tasks[i], NULL);
		submit(&tasks[i], cancels[_i].urgencies[i] == 'n' ? FSRV__JOB_NEEDED : FSRV__JOB_BACKGROUND);
	}
	ck_assert(fsrv__workers_cancel(workers, &tasks[cancelled].job));
	ck_assert(!fsrv__workers_cancel(workers, &tasks[cancelled].job));
	blocker_end(&blocker);
	for (int i = 0; i < n; i++) {
		bool is_needed = cancels[_i].urgencies[i] == 'n';

		if (i == cancelled)
			continue;
		wait_for_run(&tasks[i]);
		ck_assert_msg(tasks[i].when > previous[is_needed], "%s: job %d", cancels[_i].name, i);
		previous[is_needed] = tasks[i].when;
	}
	expect_task(&tasks[cancelled], 0, 0);
	for (int urgency = 0; urgency < FSRV__URGENCIES; urgency++) { /* the queues are whole */
		task_init(&other, NULL);
		submit(&other, (enum fsrv__urgency)urgency);
		wait_for_run(&other);
	}
	submit(&tasks[cancelled], FSRV__JOB_NEEDED);
	wait_for_run(&tasks[cancelled]);
	ck_assert(!fsrv__workers_cancel(workers, &tasks[cancelled].job));
}
END_TEST

static void *drain_everybody(void *cls)
{
	fsrv__workers_drain(workers, cls);
	return NULL;
}

START_TEST(cancels_no_job_that_is_not_queued)
{
	struct fsrv__drain drain = {&owner_a, NULL};
	struct blocker blocker;
	struct task never, drained;
	sem_t begun, gate;
	pthread_t drainer;

	make(1);
	sem_init(&begun, 0, 0);
	sem_init(&gate, 0, 0);
	task_init(&never, NULL);
	ck_assert(!fsrv__workers_cancel(workers, &never.job));
	blocker_start(&blocker, &owner_b);
	ck_assert(!fsrv__workers_cancel(workers, &blocker.task.job)); /* it runs */
	task_init(&drained, &owner_a);
	drained.begun = &begun;
	drained.cancel_gate = &gate;
	submit(&drained, FSRV__JOB_BACKGROUND);
	ck_assert_int_eq(pthread_create(&drainer, NULL, drain_everybody, &drain), 0);
	sem_wait(&begun);
	ck_assert(!fsrv__workers_cancel(workers, &drained.job)); /* the drain has it */
	sem_post(&gate);
	pthread_join(drainer, NULL);
	fsrv__workers_undrain(workers, &drain);
	blocker_end(&blocker);
	expect_task(&drained, 1, 1);
}
END_TEST

START_TEST(starts_threads_when_they_are_needed)
{
	struct blocker blockers[3];
	struct task more;

	make(3);
	ck_assert_uint_eq(count_threads(), 0);
	for (unsigned i = 0; i < 3; i++) {
		blocker_start(&blockers[i], NULL);
		ck_assert_uint_eq(count_threads(), i + 1);
	}
	task_init(&more, NULL);
	submit(&more, FSRV__JOB_NEEDED);
	ck_assert_uint_eq(count_threads(), 3);
	usleep(20000);
	expect_task(&more, 0, 0);
	for (int i = 0; i < 3; i++)
		blocker_end(&blockers[i]);
}
END_TEST

static atomic_uint n_tidied, n_tidied_for_good;
static atomic_bool is_untidy;

static bool tidy(void *cls)
{
	bool more = atomic_load(&is_untidy);

	ck_assert_ptr_eq(cls, &n_tidied);
	atomic_fetch_add(&n_tidied, 1);
	atomic_fetch_add(&n_tidied_for_good, !more);
	return more;
}

static void make_tidy(unsigned max_threads, bool untidy)
{
	atomic_store(&is_untidy, untidy);
	atomic_store(&n_tidied, 0);
	atomic_store(&n_tidied_for_good, 0);
	workers = fsrv__workers_new(&allocator, max_threads, tidy, &n_tidied);
	ck_assert_ptr_nonnull(workers);
}

START_TEST(lets_idle_threads_work_first)
{
	struct blocker blocker;

	make_tidy(8, false);
	for (int i = 0; i < 5; i++) {
		unsigned n;

		blocker_start(&blocker, NULL);
		n = atomic_load(&n_tidied);
		blocker_end(&blocker);
		wait_until_reached(&n_tidied, n + 1); /* it waits for work */
	}
	ck_assert_uint_eq(count_threads(), 1);
}
END_TEST

static const struct {
	const char *name;
	unsigned n_jobs, n_threads; /* at most so many of eight */
	bool is_remote, blocks;
} crowds[] = {
	{"one", 1, 1, false, false},
	{"one that takes its time", 1, 1, false, true},
	{"some", 3, 3, false, false},
	{"some that take their time", 3, 3, false, true},
	{"more than there are threads", 12, 8, false, true},
	{"more remote ones than may run", 12, 7, true, true},
};

/* A thread that starts is there for the job that it was started for. Many times, because threads start fast
 * now and then. */
START_TEST(starts_no_thread_for_nothing)
{
	for (int round = 0; round < 20; round++) {
		struct task tasks[12];
		sem_t gate;

		make(8);
		sem_init(&gate, 0, 0);
		for (unsigned i = 0; i < crowds[_i].n_jobs; i++) {
			task_init(&tasks[i], NULL);
			tasks[i].gate = crowds[_i].blocks ? &gate : NULL;
			tasks[i].job.is_remote = crowds[_i].is_remote;
			ck_assert(fsrv__workers_are_ready(workers, NULL));
			submit(&tasks[i], FSRV__JOB_NEEDED);
		}
		ck_assert_msg(count_threads() <= crowds[_i].n_threads, "%s: %u threads", crowds[_i].name,
			      count_threads());
		for (unsigned i = 0; i < crowds[_i].n_jobs; i++)
			sem_post(&gate);
		for (unsigned i = 0; i < crowds[_i].n_jobs; i++)
			wait_for_run(&tasks[i]);
		ck_assert_uint_le(count_threads(), crowds[_i].n_threads);
		tear_down();
	}
}
END_TEST

/* A job that has a second thread started, by the first. */
struct starter {
	struct fsrv__job job; /* first */
	struct blocker blocker;
	sem_t done;
};

static void run_starter(struct fsrv__job *job, bool cancelled)
{
	struct starter *starter = (struct starter *)job;

	(void)cancelled;
	blocker_start(&starter->blocker, NULL);
	blocker_end(&starter->blocker);
	sem_post(&starter->done);
}

/* How much nicer the program becomes, and by how much its workers are nicer than that. */
static const int nice_values[][2] = {{0, 5}, {3, 5}, {10, 5}, {17, 2}};

START_TEST(is_nicer_than_the_program)
{
	int own = getpriority(PRIO_PROCESS, 0) + nice_values[_i][0];
	int wanted = own + (SYSTEM_IS_PORTABLE ? 0 : nice_values[_i][1]);
	struct starter starter = {.job = {.run = run_starter}};
	struct range niceness;

	if (wanted > 19) /* the tests are run nicely themselves */
		return;
	ck_assert_int_eq(setpriority(PRIO_PROCESS, 0, own), 0);
	make(2);
	sem_init(&starter.done, 0, 0);
	ck_assert(fsrv__workers_submit(workers, &starter.job, FSRV__JOB_NEEDED));
	sem_wait(&starter.done);
	ck_assert_uint_eq(look_at_threads(&niceness), 2);
	ck_assert_int_eq(niceness.least, wanted);
	ck_assert_int_eq(niceness.most, wanted);
}
END_TEST

/* Signals are the business of the program. */
START_TEST(names_its_threads_and_blocks_their_signals)
{
	struct blocker blocker;

	make(1);
	blocker_start(&blocker, NULL);
	blocker_end(&blocker);
	ck_assert_str_eq(blocker.task.name, "fsrv-worker");
	ck_assert(!blocker.task.has_open_signal);
}
END_TEST

/* Opens a gate when a drain of the first owner has cancelled what waits. */
static void *open_later(void *cls)
{
	while (!fsrv__workers_are_drained(workers, &owner_a))
		usleep(1000);
	sem_post(cls);
	return NULL;
}

static const struct {
	const char *name;
	const void *drained;
	unsigned a, b; /* how many of two jobs each are cancelled */
} drains[] = {
	{"one owner", &owner_b, 0, 2},
	{"everybody", NULL, 2, 2},
	{"somebody else", &drains, 0, 0},
};

/* Two jobs of each owner wait for the only thread, which is busy with a job of nobody's. */
START_TEST(cancels_what_waits)
{
	const void *owners[] = {&owner_a, &owner_b, &owner_a, &owner_b};
	struct fsrv__drain drain = {drains[_i].drained, NULL};
	unsigned n_cancelled[2] = {0, 0};
	bool a_is_drained = drains[_i].a > 0, b_is_drained = drains[_i].b > 0;
	struct blocker blocker;
	struct task tasks[4], refused;
	pthread_t opener;

	make(1);
	task_init(&refused, &owner_b);
	blocker_start(&blocker, NULL);
	for (int i = 0; i < 4; i++) {
		task_init(&tasks[i], owners[i]);
		submit(&tasks[i], i < 2 ? FSRV__JOB_NEEDED : FSRV__JOB_BACKGROUND);
	}
	if (a_is_drained) /* the drain waits for the blocker as well */
		ck_assert_int_eq(pthread_create(&opener, NULL, open_later, &blocker.gate), 0);
	fsrv__workers_drain(workers, &drain);
	if (a_is_drained)
		pthread_join(opener, NULL);
	for (int i = 0; i < 4 && !a_is_drained; i++)
		ck_assert_uint_eq(atomic_load(&tasks[i].n_runs), i % 2 == 1 && b_is_drained);
	ck_assert(fsrv__workers_are_ready(workers, &owner_a) != a_is_drained);
	ck_assert(fsrv__workers_are_ready(workers, &owner_b) != b_is_drained);
	ck_assert(fsrv__workers_submit(workers, &refused.job, FSRV__JOB_NEEDED) != b_is_drained);
	if (!a_is_drained)
		blocker_end(&blocker);
	fsrv__workers_undrain(workers, &drain);
	blocker_start(&blocker, &owner_b);
	blocker_end(&blocker);
	for (int i = 0; i < 4; i++)
		while (atomic_load(&tasks[i].n_runs) == 0)
			usleep(1000);
	fsrv__workers_free(workers);
	workers = NULL;
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(atomic_load(&tasks[i].n_runs), 1);
		n_cancelled[i % 2] += atomic_load(&tasks[i].n_cancelled);
	}
	ck_assert_msg(n_cancelled[0] == drains[_i].a && n_cancelled[1] == drains[_i].b, "%s",
		      drains[_i].name);
	ck_assert_uint_eq(atomic_load(&refused.n_runs), !b_is_drained);
}
END_TEST

struct drainer {
	pthread_t thread;
	struct fsrv__drain drain;
	atomic_bool is_done;
};

static void *drain_slowly(void *cls)
{
	struct drainer *drainer = cls;

	fsrv__workers_drain(workers, &drainer->drain);
	atomic_store(&drainer->is_done, true);
	return NULL;
}

static const struct {
	const char *name;
	const void *running, *drained;
	bool waits;
} waits[] = {
	{"its own job", &owner_a, &owner_a, true},
	{"all jobs", &owner_a, NULL, true},
	{"a job of nobody's", NULL, NULL, true},
	{"a job of another owner", &owner_b, &owner_a, false},
};

START_TEST(waits_for_what_runs)
{
	struct drainer drainer = {.drain = {waits[_i].drained, NULL}};
	struct blocker blocker;

	make(2);
	atomic_init(&drainer.is_done, false);
	blocker_start(&blocker, waits[_i].running);
	ck_assert_int_eq(pthread_create(&drainer.thread, NULL, drain_slowly, &drainer), 0);
	if (waits[_i].waits)
		usleep(100000);
	else
		pthread_join(drainer.thread, NULL);
	ck_assert_msg(atomic_load(&drainer.is_done) != waits[_i].waits, "%s", waits[_i].name);
	blocker_end(&blocker);
	if (waits[_i].waits)
		pthread_join(drainer.thread, NULL);
	fsrv__workers_undrain(workers, &drainer.drain);
	ck_assert(fsrv__workers_are_ready(workers, &owner_a));
}
END_TEST

/* What one drain has taken out of the queue is not over for the other before it was cancelled. */
START_TEST(waits_for_what_another_drain_cancels)
{
	struct drainer drainers[2] = {{.drain = {&owner_a, NULL}},
				      {.drain = {_i == 0 ? &owner_a : NULL, NULL}}};
	struct blocker blocker;
	struct task task;
	sem_t begun, gate;

	make(1);
	sem_init(&begun, 0, 0);
	sem_init(&gate, 0, 0);
	blocker_start(&blocker, &owner_b);
	task_init(&task, &owner_a);
	task.begun = &begun;
	task.cancel_gate = &gate;
	submit(&task, FSRV__JOB_NEEDED);
	ck_assert_int_eq(pthread_create(&drainers[0].thread, NULL, drain_slowly, &drainers[0]), 0);
	sem_wait(&begun);
	blocker_end(&blocker);
	ck_assert_int_eq(pthread_create(&drainers[1].thread, NULL, drain_slowly, &drainers[1]), 0);
	usleep(100000);
	ck_assert(!atomic_load(&drainers[0].is_done));
	ck_assert(!atomic_load(&drainers[1].is_done));
	sem_post(&gate);
	for (int i = 0; i < LEN(drainers); i++) {
		pthread_join(drainers[i].thread, NULL);
		fsrv__workers_undrain(workers, &drainers[i].drain);
	}
	expect_task(&task, 1, 1);
	ck_assert(fsrv__workers_are_ready(workers, &owner_a));
}
END_TEST

/* CPU time of the process while it has nothing to do, and that it has nothing to do. */
static void expect_rest(unsigned milliseconds)
{
	struct timespec before, after;
	double used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	usleep(milliseconds * 1000);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	used = (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6;
	ck_assert_msg(used < 0.2 * milliseconds, "%.0f ms of CPU time in %u ms", used, milliseconds);
}

static const struct {
	unsigned max_threads, max_remote;
} pools[] = {{1, 1}, {2, 1}, {4, 3}};

/* Remote jobs that hang leave one thread for the others, which come first then whatever their place. */
START_TEST(leaves_a_thread_for_local_jobs)
{
	unsigned max_remote = pools[_i].max_remote;
	struct blocker blockers[4];
	struct task locals[4];

	make(pools[_i].max_threads);
	for (unsigned i = 0; i <= max_remote; i++)
		blocker_submit(&blockers[i], &owner_a, true);
	for (unsigned i = 0; i < max_remote; i++)
		sem_wait(&blockers[i].begun);
	expect_rest(200);
	ck_assert_int_ne(sem_trywait(&blockers[max_remote].begun), 0);
	for (int i = 0; i < LEN(locals); i++) {
		task_init(&locals[i], &owner_b);
		submit(&locals[i], i % 2 == 0 ? FSRV__JOB_BACKGROUND : FSRV__JOB_NEEDED);
	}
	for (int i = 0; i < LEN(locals) && pools[_i].max_threads > 1; i++)
		wait_for_run(&locals[i]);
	ck_assert_int_ne(sem_trywait(&blockers[max_remote].begun), 0);
	expect_rest(100);
	ck_assert_uint_le(count_threads(), pools[_i].max_threads);
	blocker_end(&blockers[0]);
	sem_wait(&blockers[max_remote].begun);
	for (unsigned i = 1; i <= max_remote; i++)
		blocker_end(&blockers[i]);
	for (int i = 0; i < LEN(locals); i++)
		wait_for_run(&locals[i]);
}
END_TEST

static const struct {
	const char *name;
	const char *jobs; /* r: remote, l: local */
	unsigned when[MAX_ORDERED]; /* of the local ones; of the others while they must not run: 0 */
} overtakings[] = {
	{"local ones in front", "llrr", {1, 2, 0, 0}},
	{"local ones behind", "rrll", {0, 0, 1, 2}},
	{"a local one at the end", "rl", {0, 1}},
	{"in turn", "rlrlrl", {0, 1, 0, 2, 0, 3}},
};

/* Queues the jobs while both threads are busy, then lets the local one go on. */
static void check_overtaking(int row, struct task tasks[])
{
	const char *jobs = overtakings[row].jobs;
	struct blocker local;

	blocker_start(&local, NULL);
	for (int i = 0; jobs[i] != '\0'; i++) {
		task_init(&tasks[i], NULL);
		tasks[i].job.is_remote = jobs[i] == 'r';
		submit(&tasks[i], FSRV__JOB_NEEDED);
	}
	blocker_end(&local);
	for (int i = 0; jobs[i] != '\0'; i++) {
		unsigned when = overtakings[row].when[i];

		if (when > 0)
			wait_for_run(&tasks[i]);
		ck_assert_msg((when > 0 ? tasks[i].when - local.task.when : tasks[i].when) == when,
			      "%s: job %d ran as number %u", overtakings[row].name, i,
			      tasks[i].when - local.task.when);
	}
}

/* Twice, since the queue must be whole after jobs were taken out of its middle. */
START_TEST(overtakes_in_order)
{
	struct blocker remote;
	struct task tasks[2 * MAX_ORDERED];

	make(2);
	blocker_submit(&remote, NULL, true);
	sem_wait(&remote.begun);
	check_overtaking(_i, tasks);
	check_overtaking(_i, tasks + MAX_ORDERED);
	blocker_end(&remote);
	for (size_t i = 0; i < strlen(overtakings[_i].jobs); i++) {
		wait_for_run(&tasks[i]);
		wait_for_run(&tasks[MAX_ORDERED + i]);
		ck_assert_uint_lt(tasks[i].when, tasks[MAX_ORDERED + i].when);
	}
}
END_TEST

/* By the only thread when it becomes idle, and then each second. */
START_TEST(tidies_up_while_it_is_idle)
{
	struct blocker blocker;
	uint64_t start;
	unsigned n;

	make_tidy(1, true);
	usleep(50000);
	ck_assert_uint_eq(atomic_load(&n_tidied), 0); /* there is no thread yet */
	blocker_start(&blocker, NULL);
	n = atomic_load(&n_tidied);
	start = fsrv__clock_nanoseconds();
	blocker_end(&blocker);
	expect_rest(1500);
	wait_until_reached(&n_tidied, n + 2);
	ck_assert_uint_le(atomic_load(&n_tidied), n + 2 + (fsrv__clock_nanoseconds() - start) / 1000000000);
	atomic_store(&is_untidy, false);
	wait_until_reached(&n_tidied_for_good, 1);
	n = atomic_load(&n_tidied);
	expect_rest(1500);
	ck_assert_uint_eq(atomic_load(&n_tidied), n);
	blocker_start(&blocker, NULL);
	blocker_end(&blocker);
	wait_until_reached(&n_tidied, n + 1);
	ck_assert_uint_eq(atomic_load(&n_tidied), n + 1);
}
END_TEST

/* The owner is free again when the last drain is undone; an unknown one is nothing to undo. */
START_TEST(counts_drains)
{
	struct fsrv__drain list[] = {{&owner_a, NULL}, {NULL, NULL}, {&owner_a, NULL}},
		unknown = {&owner_a, NULL};

	make(1);
	for (int i = 0; i < LEN(list); i++)
		fsrv__workers_drain(workers, &list[i]);
	fsrv__workers_undrain(workers, &unknown);
	ck_assert(!fsrv__workers_are_ready(workers, &owner_b));
	fsrv__workers_undrain(workers, &list[1]);
	ck_assert(fsrv__workers_are_ready(workers, &owner_b));
	ck_assert(!fsrv__workers_are_ready(workers, &owner_a));
	fsrv__workers_undrain(workers, &list[2]);
	ck_assert(!fsrv__workers_are_ready(workers, &owner_a));
	fsrv__workers_undrain(workers, &list[0]);
	fsrv__workers_undrain(workers, &list[0]);
	ck_assert(fsrv__workers_are_ready(workers, &owner_a));
}
END_TEST

START_TEST(frees_with_jobs_left)
{
	struct blocker blocker;
	struct task tasks[5];
	pthread_t opener;

	make(1);
	blocker_start(&blocker, &owner_a);
	for (int i = 0; i < LEN(tasks); i++) {
		task_init(&tasks[i], &owner_b);
		submit(&tasks[i], (enum fsrv__urgency)(i % FSRV__URGENCIES));
	}
	ck_assert_int_eq(pthread_create(&opener, NULL, open_later, &blocker.gate), 0);
	fsrv__workers_free(workers);
	workers = NULL;
	expect_task(&blocker.task, 1, 0);
	for (int i = 0; i < LEN(tasks); i++)
		expect_task(&tasks[i], 1, 1);
	wait_until_no_thread_is_left();
	pthread_join(opener, NULL);
}
END_TEST

START_TEST(frees_nothing)
{
	fsrv__workers_free(NULL);
	make(4);
	fsrv__workers_free(workers);
	workers = NULL;
}
END_TEST

/* Jobs of the background do not count. */
START_TEST(is_not_ready_with_a_full_queue)
{
	static struct task tasks[MAX_QUEUED], background[MAX_QUEUED];
	struct blocker blocker;
	struct task more;

	make(1);
	blocker_start(&blocker, NULL);
	for (int i = 0; i < MAX_QUEUED; i++) {
		task_init(&background[i], &owner_a);
		submit(&background[i], FSRV__JOB_BACKGROUND);
	}
	for (int i = 0; i < MAX_QUEUED; i++) {
		ck_assert(fsrv__workers_are_ready(workers, &owner_a));
		task_init(&tasks[i], &owner_a);
		tasks[i].job.is_remote = i % 2 == 1;
		submit(&tasks[i], FSRV__JOB_NEEDED);
	}
	ck_assert(!fsrv__workers_are_ready(workers, &owner_a));
	task_init(&more, &owner_a);
	submit(&more, FSRV__JOB_NEEDED);
	blocker_end(&blocker);
	fsrv__workers_free(workers);
	workers = NULL;
	expect_task(&more, 1, atomic_load(&more.n_cancelled));
}
END_TEST

/* New threads get stacks that no machine has room for. */
static void forbid_threads(bool forbidden)
{
	static size_t usual;
	pthread_attr_t attributes;

	ck_assert_int_eq(pthread_getattr_default_np(&attributes), 0);
	if (usual == 0)
		pthread_attr_getstacksize(&attributes, &usual);
	pthread_attr_setstacksize(&attributes, forbidden ? SIZE_MAX / 4 * 3 : usual);
	ck_assert_int_eq(pthread_setattr_default_np(&attributes), 0);
	pthread_attr_destroy(&attributes);
}

START_TEST(takes_nothing_without_a_thread)
{
	struct blocker blocker;
	struct task task;
	unsigned n_threads;

	make(4);
	task_init(&task, NULL);
	forbid_threads(true);
	ck_assert(!fsrv__workers_are_ready(workers, NULL));
	ck_assert(!fsrv__workers_submit(workers, &task.job, FSRV__JOB_NEEDED));
	forbid_threads(false);
	expect_task(&task, 0, 0);
	ck_assert(fsrv__workers_are_ready(workers, NULL));
	blocker_start(&blocker, NULL);
	n_threads = count_threads();
	forbid_threads(true);
	ck_assert(fsrv__workers_are_ready(workers, NULL)); /* one is enough to go on with */
	submit(&task, FSRV__JOB_NEEDED);
	forbid_threads(false);
	ck_assert_uint_eq(count_threads(), n_threads);
	blocker_end(&blocker);
	fsrv__workers_free(workers);
	workers = NULL;
	ck_assert_uint_eq(atomic_load(&task.n_runs), 1);
}
END_TEST

static void *allocate_nothing(void *cls, void *memory, size_t size)
{
	(void)cls;
	(void)memory;
	(void)size;
	return NULL;
}

START_TEST(needs_memory)
{
	const struct fsrv__allocator none = {allocate_nothing, NULL};

	ck_assert_ptr_null(fsrv__workers_new(&none, 4, NULL, NULL));
}
END_TEST

#define N_PRODUCERS 6
#define N_TASKS	    400

struct producer {
	pthread_t thread;
	struct task tasks[N_TASKS];
	bool taken[N_TASKS];
	atomic_bool is_done;
};

static void *produce(void *cls)
{
	struct producer *producer = cls;

	for (unsigned i = 0; i < N_TASKS; i++) {
		enum fsrv__urgency urgency = i % 2 == 0 ? FSRV__JOB_NEEDED : FSRV__JOB_BACKGROUND;

		task_init(&producer->tasks[i], i % 3 == 0 ? &owner_a : &owner_b);
		producer->taken[i] = fsrv__workers_submit(workers, &producer->tasks[i].job, urgency);
		if (i % 50 == 0)
			usleep(1000);
	}
	atomic_store(&producer->is_done, true);
	return NULL;
}

START_TEST(runs_each_job_once)
{
	static struct producer producers[N_PRODUCERS];
	unsigned n_taken = 0;

	make(4);
	for (int i = 0; i < N_PRODUCERS; i++)
		ck_assert_int_eq(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
	for (int i = 0; i < N_PRODUCERS; i++) {
		while (!atomic_load(&producers[i].is_done)) {
			struct fsrv__drain drain = {&owner_a, NULL};

			fsrv__workers_drain(workers, &drain);
			usleep(500);
			fsrv__workers_undrain(workers, &drain);
			usleep(500);
		}
		pthread_join(producers[i].thread, NULL);
	}
	fsrv__workers_free(workers);
	workers = NULL;
	for (int i = 0; i < N_PRODUCERS; i++) {
		for (int task = 0; task < N_TASKS; task++) {
			n_taken += producers[i].taken[task];
			ck_assert_uint_eq(atomic_load(&producers[i].tasks[task].n_runs),
					  producers[i].taken[task]);
		}
	}
	ck_assert_uint_gt(n_taken, N_TASKS);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("worker");
	TCase *tcase = tcase_create("worker");

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, keeps_the_order, 0, LEN(orders));
	tcase_add_loop_test(tcase, lets_few_jobs_pass, 0, 4);
	tcase_add_loop_test(tcase, runs_each_job, 0, LEN(floods));
	tcase_add_loop_test(tcase, cancels_one_job, 0, LEN(cancels));
	tcase_add_test(tcase, cancels_no_job_that_is_not_queued);
	tcase_add_test(tcase, starts_threads_when_they_are_needed);
	tcase_add_loop_test(tcase, starts_no_thread_for_nothing, 0, LEN(crowds));
	tcase_add_loop_test(tcase, is_nicer_than_the_program, 0, LEN(nice_values));
	tcase_add_test(tcase, lets_idle_threads_work_first);
	tcase_add_test(tcase, names_its_threads_and_blocks_their_signals);
	tcase_add_loop_test(tcase, cancels_what_waits, 0, LEN(drains));
	tcase_add_loop_test(tcase, waits_for_what_runs, 0, LEN(waits));
	tcase_add_loop_test(tcase, waits_for_what_another_drain_cancels, 0, 2);
	tcase_add_loop_test(tcase, leaves_a_thread_for_local_jobs, 0, LEN(pools));
	tcase_add_loop_test(tcase, overtakes_in_order, 0, LEN(overtakings));
	tcase_add_test(tcase, tidies_up_while_it_is_idle);
	tcase_add_test(tcase, counts_drains);
	tcase_add_test(tcase, frees_with_jobs_left);
	tcase_add_test(tcase, frees_nothing);
	tcase_add_test(tcase, is_not_ready_with_a_full_queue);
	tcase_add_test(tcase, takes_nothing_without_a_thread);
	tcase_add_test(tcase, needs_memory);
	tcase_add_test(tcase, runs_each_job_once);
	suite_add_tcase(suite, tcase);
	return suite;
}
