/* The disk that tests slow down, break and hang does what they tell it. Times have lower bounds only. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "slow_tree.h"
#include "suite.h"

#define SIZE    (1u << 20)
#define DELAY   60
#define READERS 4

static struct tree tree;
static struct slow_tree slow;
static unsigned descriptors;
static char bytes[SIZE];

static void set_up(void)
{
	tree_make(&tree);
	tree_write_pattern(&tree, "clip.mp4", SIZE);
	tree_write_pattern(&tree, "folder/other.mp4", SIZE);
	tree_link(&tree, "link", "clip.mp4");
	descriptors = open_descriptors();
	slow_tree_mount(&slow, &tree);
}

static void tear_down(void)
{
	slow_tree_unmount(&slow);
	ck_assert_uint_eq(open_descriptors(), descriptors);
	tree_remove(&tree);
}

static int open_clip(const char *name)
{
	int fd = open(tree_path(&slow.tree, name), O_RDONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", name, strerror(errno));
	return fd;
}

/* Reads a piece and compares it; returns how much came. */
static size_t read_piece(int fd, size_t length, off_t offset)
{
	ssize_t n = pread(fd, bytes, length, offset);

	ck_assert_msg(n >= 0, "at %jd: %s", (intmax_t)offset, strerror(errno));
	ck_assert_uint_eq(tree_compare(bytes, (size_t)n, (uint64_t)offset), (size_t)n);
	return (size_t)n;
}

static void read_clip(const char *name)
{
	int fd = open_clip(name);

	ck_assert_uint_eq(read_piece(fd, SIZE, 0), SIZE);
	close(fd);
}

static uint64_t count(void)
{
	return slow_tree_tell(&slow, "count");
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static bool is_mounted(const char *path)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	bool found = false;

	ck_assert_ptr_nonnull(mounts);
	while (fgets(line, sizeof(line), mounts) != NULL)
		found |= strstr(line, path) != NULL;
	fclose(mounts);
	return found;
}

static void wait_until_unmounted(const char *path)
{
	for (int waited = 0; waited < 20000 && is_mounted(path); waited += 5)
		usleep(5000);
	ck_assert(!is_mounted(path));
}

/* Others read while the test goes on. */
struct reader {
	pthread_t thread;
	int fd;
	ssize_t result;
	atomic_bool done;
};

static void *read_beside(void *cls)
{
	struct reader *reader = cls;
	char piece[4096];

	reader->result = pread(reader->fd, piece, sizeof(piece), 0);
	atomic_store(&reader->done, true);
	return NULL;
}

static void start_reader(struct reader *reader, const char *name)
{
	*reader = (struct reader){.fd = open_clip(name)};
	ck_assert_int_eq(pthread_create(&reader->thread, NULL, read_beside, reader), 0);
}

static ssize_t join_reader(struct reader *reader)
{
	ck_assert_int_eq(pthread_join(reader->thread, NULL), 0);
	close(reader->fd);
	return reader->result;
}

static void start_held_reader(struct reader *reader)
{
	uint64_t before = count();

	slow_tree_tell(&slow, "hold");
	start_reader(reader, "clip.mp4");
	while (count() == before)
		usleep(1000);
}

START_TEST(shows_the_folder)
{
	char target[64];
	struct stat seen, real;
	ssize_t n = readlink(tree_path(&slow.tree, "link"), target, sizeof(target));

	read_clip("clip.mp4");
	read_clip("folder/other.mp4");
	read_clip("link");
	ck_assert_int_eq(n, 8);
	ck_assert_int_eq(memcmp(target, "clip.mp4", 8), 0);
	ck_assert_int_eq(stat(tree_path(&slow.tree, "clip.mp4"), &seen), 0);
	ck_assert_int_eq(stat(tree_path(&tree, "clip.mp4"), &real), 0);
	ck_assert_int_eq(seen.st_size, real.st_size);
	ck_assert_int_eq(seen.st_mtim.tv_sec, real.st_mtim.tv_sec);
	ck_assert_int_eq(seen.st_mtim.tv_nsec, real.st_mtim.tv_nsec);
	ck_assert_int_eq(open(tree_path(&slow.tree, "new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644), -1);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_eq(open(tree_path(&slow.tree, "absent"), O_RDONLY | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, ENOENT);
	tree_write_text(&tree, "absent", "not any more");
	close(open_clip("absent"));
}
END_TEST

START_TEST(reads_slowly)
{
	int fd = open_clip("clip.mp4");
	long begin = milliseconds();

	slow_tree_tell(&slow, "read-delay %d", DELAY);
	read_piece(fd, 4096, 0);
	ck_assert_int_ge(milliseconds() - begin, DELAY);
	close(fd);
}
END_TEST

START_TEST(keeps_what_was_read)
{
	uint64_t before = count(), cold;

	read_clip("clip.mp4");
	cold = count();
	ck_assert_uint_gt(cold, before);
	read_clip("clip.mp4");
	ck_assert_uint_eq(count(), cold);
}
END_TEST

START_TEST(forgets_one_file)
{
	uint64_t before;

	read_clip("clip.mp4");
	read_clip("folder/other.mp4");
	before = count();
	slow_tree_tell(&slow, "forget folder/other.mp4");
	read_clip("clip.mp4");
	ck_assert_uint_eq(count(), before);
	read_clip("folder/other.mp4");
	ck_assert_uint_gt(count(), before);
}
END_TEST

START_TEST(forgets_all)
{
	static const char *const names[] = {"clip.mp4", "folder/other.mp4"};

	for (int i = 0; i < LEN(names); i++) {
		uint64_t before;

		read_clip(names[0]);
		read_clip(names[1]);
		before = count();
		slow_tree_tell(&slow, "forget-all");
		read_clip(names[i]);
		ck_assert_uint_gt(count(), before);
	}
}
END_TEST

START_TEST(opens_slowly)
{
	struct stat st;
	long begin = milliseconds();

	slow_tree_tell(&slow, "open-delay %d", DELAY);
	ck_assert_int_eq(stat(tree_path(&slow.tree, "clip.mp4"), &st), 0);
	ck_assert_int_ge(milliseconds() - begin, DELAY);
	begin = milliseconds();
	close(open_clip("clip.mp4"));
	ck_assert_int_ge(milliseconds() - begin, DELAY);
}
END_TEST

START_TEST(reads_one_after_another)
{
	struct reader readers[READERS];
	char names[READERS][16];
	long begin = milliseconds();

	slow_tree_tell(&slow, "serial on");
	slow_tree_tell(&slow, "read-delay %d", DELAY);
	for (int i = 0; i < READERS; i++) {
		snprintf(names[i], sizeof(names[i]), "%d.mp4", i);
		tree_write_pattern(&tree, names[i], 4096);
		start_reader(&readers[i], names[i]);
	}
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(join_reader(&readers[i]), 4096);
	ck_assert_int_ge(milliseconds() - begin, READERS * DELAY);
	slow_tree_tell(&slow, "serial off");
}
END_TEST

static const struct {
	const char *name;
	int error;
} errors[] = {
	{"EIO", EIO},
	{"5", EIO},
	{"ESTALE", ESTALE},
};

START_TEST(fails_from_an_offset_on)
{
	int fd = open_clip("clip.mp4");

	slow_tree_tell(&slow, "fail clip.mp4 %u %s", SIZE / 2, errors[_i].name);
	ck_assert_uint_eq(read_piece(fd, SIZE / 2, 0), SIZE / 2);
	ck_assert_int_eq(pread(fd, bytes, 4096, SIZE / 2), -1);
	ck_assert_int_eq(errno, errors[_i].error);
	ck_assert_int_eq(pread(fd, bytes, 4096, SIZE - 4096), -1);
	read_clip("folder/other.mp4");
	slow_tree_tell(&slow, "heal clip.mp4");
	ck_assert_uint_eq(read_piece(fd, SIZE, 0), SIZE);
	close(fd);
}
END_TEST

START_TEST(cuts_a_file_under_its_readers)
{
	struct stat st;
	int fd = open_clip("clip.mp4"), sink = memfd_create("sink", MFD_CLOEXEC);
	off_t from = SIZE / 2, before = SIZE / 2 - 100;

	read_piece(fd, SIZE, 0);
	slow_tree_tell(&slow, "truncate clip.mp4 %u", SIZE / 2);
	ck_assert_int_eq(sendfile(sink, fd, &from, 4096), 0);
	ck_assert_int_eq(sendfile(sink, fd, &before, 4096), 100);
	ck_assert_uint_eq(read_piece(fd, SIZE, 0), SIZE / 2);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, SIZE / 2);
	close(sink);
	close(fd);
}
END_TEST

START_TEST(shows_a_file_that_was_cut_behind_it)
{
	struct stat st;
	int fd = open_clip("clip.mp4");

	read_piece(fd, SIZE, 0);
	ck_assert_int_eq(truncate(tree_path(&tree, "clip.mp4"), 1000), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 1000);
	ck_assert_uint_eq(read_piece(fd, SIZE, 0), 1000);
	close(fd);
}
END_TEST

START_TEST(hangs_until_released)
{
	struct reader reader;

	start_held_reader(&reader);
	usleep(200000);
	ck_assert(!atomic_load(&reader.done));
	ck_assert_str_eq(slow_tree_ask(&slow, "forget clip.mp4"), "error: reads are held");
	slow_tree_tell(&slow, "release");
	ck_assert_int_eq(join_reader(&reader), 4096);
}
END_TEST

START_TEST(lets_a_held_read_fail)
{
	struct reader reader;

	start_held_reader(&reader);
	slow_tree_tell(&slow, "fail clip.mp4 0 EIO");
	slow_tree_tell(&slow, "release");
	ck_assert_int_eq(join_reader(&reader), -1);
}
END_TEST

/* Calls that ask the disk, each on a thread of its own. */
struct call {
	pthread_t thread;
	int (*make)(struct call *call);
	int fd; /* of a file that was read as a whole */
	int result;
	atomic_bool done;
};

static int call_stat(struct call *call)
{
	struct stat st;

	(void)call;
	return stat(tree_path(&slow.tree, "clip.mp4"), &st);
}

static int call_fstat(struct call *call)
{
	struct stat st;

	return fstat(call->fd, &st);
}

static int call_open(struct call *call)
{
	int fd = open(tree_path(&slow.tree, "clip.mp4"), O_RDONLY | O_CLOEXEC);

	(void)call;
	return fd < 0 ? -1 : close(fd);
}

static int call_statfs(struct call *call)
{
	struct statvfs facts;

	return fstatvfs(call->fd, &facts);
}

static int call_readlink(struct call *call)
{
	char target[64];

	(void)call;
	return readlink(tree_path(&slow.tree, "link"), target, sizeof(target)) < 0 ? -1 : 0;
}

static int call_close(struct call *call)
{
	int fd = call->fd;

	call->fd = -1;
	return close(fd);
}

static const struct {
	const char *name;
	int (*make)(struct call *call);
} calls[] = {
	{"stat", call_stat},     {"fstat", call_fstat},	      {"open", call_open},
	{"statfs", call_statfs}, {"readlink", call_readlink}, {"close", call_close},
};

static void *make_call(void *cls)
{
	struct call *call = cls;

	call->result = call->make(call);
	atomic_store(&call->done, true);
	return NULL;
}

START_TEST(hangs_whatever_is_asked)
{
	struct call call = {.make = calls[_i].make, .fd = open_clip("folder/other.mp4")};

	ck_assert_uint_eq(read_piece(call.fd, SIZE, 0), SIZE);
	slow_tree_tell(&slow, "hang on");
	ck_assert_int_eq(pthread_create(&call.thread, NULL, make_call, &call), 0);
	usleep(200000);
	ck_assert_msg(!atomic_load(&call.done), "%s", calls[_i].name);
	ck_assert_str_eq(slow_tree_ask(&slow, "forget clip.mp4"), "error: reads are held");
	slow_tree_tell(&slow, "hang off");
	ck_assert_int_eq(pthread_join(call.thread, NULL), 0);
	ck_assert_msg(call.result == 0, "%s", calls[_i].name);
	if (call.fd >= 0)
		close(call.fd);
}
END_TEST

/* Reads that begin while it hangs, and what is in memory. */
START_TEST(hangs_reads_that_it_is_asked_for)
{
	struct reader reader;
	int fd = open_clip("folder/other.mp4");

	ck_assert_uint_eq(read_piece(fd, SIZE, 0), SIZE);
	reader = (struct reader){.fd = open_clip("clip.mp4")};
	slow_tree_tell(&slow, "hang on");
	ck_assert_uint_eq(read_piece(fd, SIZE, 0), SIZE);
	ck_assert_int_eq(pthread_create(&reader.thread, NULL, read_beside, &reader), 0);
	usleep(200000);
	ck_assert(!atomic_load(&reader.done));
	slow_tree_tell(&slow, "hang off");
	ck_assert_int_eq(join_reader(&reader), 4096);
	close(fd);
}
END_TEST

static const char *const mistakes[] = {
	"",
	"slower",
	"read-delay",
	"read-delay -1",
	"read-delay 1 2",
	"serial maybe",
	"fail clip.mp4 0 EVERY",
	"fail clip.mp4 x EIO",
	"heal clip.mp4",
	"truncate absent 1",
	"truncate clip.mp4 x",
	"forget absent",
	"hold on",
	"hang",
	"hang maybe",
};

START_TEST(says_what_it_cannot_do)
{
	ck_assert_msg(strncmp(slow_tree_ask(&slow, mistakes[_i]), "error: ", 7) == 0, "%s", mistakes[_i]);
	slow_tree_tell(&slow, "count");
}
END_TEST

static const int ends[] = {0, SIGTERM, SIGINT};

/* Descriptors and a hanging read do not keep it: the mount is gone and who reads goes on. */
START_TEST(ends_at_once)
{
	struct reader reader;
	int fd = open_clip("folder/other.mp4"), status;

	slow_tree_tell(&slow, "read-delay 1000000");
	start_held_reader(&reader);
	if (ends[_i] != 0)
		ck_assert_int_eq(kill(slow.process.id, ends[_i]), 0);
	else
		fclose(slow.process.commands);
	ck_assert_int_eq(waitpid(slow.process.id, &status, 0), slow.process.id);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	join_reader(&reader);
	close(fd);
	ck_assert(!is_mounted(slow.tree.path));
	if (ends[_i] != 0)
		fclose(slow.process.commands);
	fclose(slow.process.answers);
	ck_assert_int_eq(rmdir(slow.tree.path), 0);
	slow_tree_mount(&slow, &tree);
}
END_TEST

/* Whether the mount is gone afterwards. */
static bool kill_slowdisk(void)
{
	char path[sizeof(slow.tree.path)];
	bool is_gone;

	strcpy(path, slow.tree.path);
	ck_assert_int_eq(kill(slow.process.id, SIGKILL), 0);
	ck_assert_int_eq(waitpid(slow.process.id, NULL, 0), slow.process.id);
	for (int waited = 0; waited < 5000 && is_mounted(path); waited += 5)
		usleep(5000);
	is_gone = !is_mounted(path);
	if (!is_gone)
		umount2(path, MNT_DETACH);
	fclose(slow.process.commands);
	fclose(slow.process.answers);
	ck_assert_int_eq(rmdir(path), 0);
	slow_tree_mount(&slow, &tree);
	return is_gone;
}

/* fusermount3 unmounts what was killed. It looks only once, now and then before the kernel has closed all
 * that the program had open (2 of 100 times with eight of them at once), and leaves the mount. */
START_TEST(leaves_no_dead_mount_when_killed)
{
	bool is_gone = false;

	for (int i = 0; i < 8 && !is_gone; i++)
		is_gone = kill_slowdisk();
	ck_assert(is_gone);
}
END_TEST

struct victim {
	struct slow_tree slow;
	atomic_bool reads;
};

/* A test that Check kills, or that crashes, while one of its threads hangs in a read, or with open files
 * that cannot be closed because everything hangs. */
START_TEST(ends_with_a_test_that_is_killed)
{
	struct victim *victim =
		mmap(NULL, sizeof(*victim), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	ck_assert(victim != MAP_FAILED);
	if (geteuid() != 0) {
		printf("# only root can unmount what hangs\n");
		return;
	}
	child = fork();
	if (child == 0) {
		struct reader reader;

		slow_tree_mount(&slow, &tree);
		victim->slow = slow;
		if (_i == 0) {
			start_held_reader(&reader);
		} else {
			open_clip("folder/other.mp4");
			slow_tree_tell(&slow, "hang on");
		}
		atomic_store(&victim->reads, true);
		pause();
	}
	while (!atomic_load(&victim->reads))
		usleep(1000);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	wait_until_unmounted(victim->slow.tree.path);
	ck_assert_int_eq(rmdir(victim->slow.tree.path), 0);
	munmap(victim, sizeof(*victim));
}
END_TEST

const char *test_lacks(void)
{
	return slow_tree_is_possible() ? NULL : "no FUSE file system can be mounted";
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("slowdisk");
	TCase *tcase = tcase_create("slowdisk");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, shows_the_folder);
	tcase_add_test(tcase, reads_slowly);
	tcase_add_test(tcase, keeps_what_was_read);
	tcase_add_test(tcase, forgets_one_file);
	tcase_add_test(tcase, forgets_all);
	tcase_add_test(tcase, opens_slowly);
	tcase_add_test(tcase, reads_one_after_another);
	tcase_add_loop_test(tcase, fails_from_an_offset_on, 0, LEN(errors));
	tcase_add_test(tcase, cuts_a_file_under_its_readers);
	tcase_add_test(tcase, shows_a_file_that_was_cut_behind_it);
	tcase_add_test(tcase, hangs_until_released);
	tcase_add_test(tcase, lets_a_held_read_fail);
	tcase_add_loop_test(tcase, hangs_whatever_is_asked, 0, LEN(calls));
	tcase_add_test(tcase, hangs_reads_that_it_is_asked_for);
	tcase_add_loop_test(tcase, says_what_it_cannot_do, 0, LEN(mistakes));
	tcase_add_loop_test(tcase, ends_at_once, 0, LEN(ends));
	tcase_add_test(tcase, leaves_no_dead_mount_when_killed);
	tcase_add_loop_test(tcase, ends_with_a_test_that_is_killed, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
