/* Reading what is in memory: from files that are there whole, in part and not at all. */
#include "fs/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fs/system.h"
#include "suite.h"
#include "tree.h"

#define KIB	  UINT64_C(1024)
#define FILE_SIZE (2048 * KIB + 777)
#define MOST	  (256 * KIB)

/* On a disk, and in memory, where preadv2(2) may not know RWF_NOWAIT. */
static const char *const folders[] = {"/var/tmp", "/dev/shm"};

static struct tree tree;
static char buffer[FILE_SIZE];
static int fd;
static struct fsrv__file opened; /* by open_file */

static unsigned n_maps, n_reads_nowait;

/* Takes the place of the C library's. A map of a file may be of no use but to ask about it: a program that
 * locks its memory reads in what it could access. */
void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset)
{
	if (file >= 0) {
		ck_assert_int_eq(protection, PROT_NONE);
		n_maps++;
	}
#ifdef SYS_mmap2
	return (void *)syscall(SYS_mmap2, address, length, protection, flags, file, offset / 4096);
#else
	return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
#endif
}

/* Takes the place of the C library's. */
ssize_t preadv2(int file, const struct iovec *parts, int n, off_t offset, int how)
{
	n_reads_nowait++;
	return syscall(SYS_preadv2, file, parts, n, (long)offset, (long)((uint64_t)offset >> 32), how);
}

/* Whether the file really is in a file system of that kind. */
static bool open_file(const char *folder)
{
	bool is_there = true;

	setenv("TMPDIR", folders[0], 1);
	if (folder == folders[1])
		is_there = tree_make_in_memory(&tree);
	else
		tree_make(&tree);
	tree_write_pattern(&tree, "file", FILE_SIZE);
	tree_write_text(&tree, "empty", "");
	fd = open(tree_path(&tree, "file"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	opened = (struct fsrv__file){.fd = fd, .is_in_memory = folder == folders[1] && is_there};
	return is_there;
}

static void close_file(void)
{
	close(fd);
	tree_remove(&tree);
}

/* Looks without touching: a read that is not to wait has the kernel start to read in the background. */
static bool is_cold(uint64_t offset)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *map = mmap(NULL, page, PROT_NONE, MAP_SHARED, fd, (off_t)(offset - offset % page));
	unsigned char state;

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mincore(map, page, &state), 0);
	munmap(map, page);
	return (state & 1) == 0;
}

/* Throws the file out of memory and reads the given part of it in again; false where that cannot be. The
 * kernel reads no neighbours when told that reading is random. */
static bool make_cold(uint64_t warm_start, uint64_t warm_end)
{
	if (fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) != 0 ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		return false;
	if (!is_cold(0) || !is_cold(FILE_SIZE - 1) || !is_cold(FILE_SIZE / 2))
		return false;
	for (uint64_t at = warm_start; at < warm_end; at++)
		if (at % 512 == 0 || at == warm_start)
			ck_assert_int_eq(pread(fd, buffer, 1, (off_t)at), 1);
	return true;
}

/* Asking before changes nothing about the answer. */
static ssize_t read_both_ways(const struct fsrv__file *file, char *bytes, size_t size, uint64_t offset)
{
	ssize_t asked = fsrv__residency_read(file, bytes, size, offset, true);
	ssize_t n = fsrv__residency_read(file, bytes, size, offset, false);

	ck_assert_int_eq(asked, n);
	return n;
}

static const struct {
	const char *name;
	size_t size;
	uint64_t offset;
	int64_t want;
} reads[] = {
	{"a byte", 1, 0, 1},
	{"nothing", 0, 0, 0},
	{"a page", 4096, 4096, 4096},
	{"from the middle of a page", 5000, 1234, 5000},
	{"to the middle of a page", 100, 8190, 100},
	{"the last byte of a page", 1, 4095, 1},
	{"as much as is ever read", MOST, 3, MOST},
	{"more than is ever read", MOST + 1, 0, MOST},
	{"much more from the middle of a page", 4 * MOST, 4097, MOST},
	{"the end", 1000, FILE_SIZE - 1000, 1000},
	{"more than the end", 1000, FILE_SIZE - 10, 10},
	{"the last page and more", 2 * 4096, FILE_SIZE - 777, 777},
	{"at the end", 1, FILE_SIZE, 0},
	{"behind the end", 100, FILE_SIZE + 1, 0},
	{"behind the end on another page", 100, FILE_SIZE + 100000, 0},
	{"far behind the end", 100, UINT64_C(1) << 40, 0},
};

/* Reads with something behind the buffer that must not be touched. */
static void check_read(const char *folder, int row)
{
	size_t most = reads[row].size < MOST ? reads[row].size : MOST;
	ssize_t n;

	memset(buffer, '#', sizeof(buffer));
	n = read_both_ways(&opened, buffer, reads[row].size, reads[row].offset);
	ck_assert_msg(n == reads[row].want, "%s, %s: %zd, errno %d", folder, reads[row].name, n, errno);
	ck_assert_uint_eq(tree_compare(buffer, (size_t)n, reads[row].offset), (size_t)n);
	for (size_t i = most; i < most + 16; i++)
		ck_assert_int_eq(buffer[i], '#');
}

START_TEST(reads_what_is_in_memory)
{
	for (int folder = 0; folder < LEN(folders); folder++) {
		open_file(folders[folder]);
		check_read(folders[folder], _i);
		close_file();
	}
}
END_TEST

START_TEST(reads_nothing_from_an_empty_file)
{
	for (int folder = 0; folder < LEN(folders); folder++) {
		struct fsrv__file empty = {.is_in_memory = open_file(folders[folder]) && folder == 1};

		empty.fd = open(tree_path(&tree, "empty"), O_RDONLY | O_CLOEXEC);
		ck_assert_int_eq(read_both_ways(&empty, buffer, 100, 0), 0);
		ck_assert_int_eq(read_both_ways(&empty, buffer, 100, 5000), 0);
		close(empty.fd);
		close_file();
	}
}
END_TEST

/* A file that was cut behind the caller's back. */
START_TEST(sees_the_end_of_a_file_that_was_cut)
{
	for (int folder = 0; folder < LEN(folders); folder++) {
		open_file(folders[folder]);
		ck_assert_int_eq(truncate(tree_path(&tree, "file"), 5000), 0);
		ck_assert_int_eq(read_both_ways(&opened, buffer, 10000, 4000), 1000);
		ck_assert_int_eq(read_both_ways(&opened, buffer, 10000, 5000), 0);
		ck_assert_int_eq(read_both_ways(&opened, buffer, 10000, 100000), 0);
		close_file();
	}
}
END_TEST

static const struct {
	const char *name;
	uint64_t warm_start, warm_end; /* what is in memory */
	uint64_t offset, size;
	int64_t least, most; /* what may be read; -1: EAGAIN */
} partly[] = {
	{"nothing of it", 0, 0, 0, 100, -1, -1},
	{"nothing of it, inside a page", 0, 0, 70001, 100, -1, -1},
	{"nothing of its end", 0, 0, FILE_SIZE - 1, 100, -1, -1},
	{"all that is asked for", 128 * KIB, 192 * KIB, 128 * KIB, 64 * KIB, 64 * KIB, 64 * KIB},
	{"all of it, inside a page", 128 * KIB, 192 * KIB, 128 * KIB + 5, 1000, 1000, 1000},
	{"the start", 0, 64 * KIB, 1000, 128 * KIB, 64 * KIB - 1000, 127 * KIB},
	{"the start of a large request", 0, 64 * KIB, 0, MOST, 64 * KIB, MOST - 1},
	{"the rest", 1024 * KIB, 1088 * KIB, 512 * KIB, MOST, -1, -1},
	{"the last page", FILE_SIZE - 777, FILE_SIZE, FILE_SIZE - 700, 1000, 700, 700},
	{"behind the end", 0, 0, FILE_SIZE, 100, 0, 0},
};

/* Reads a part; at least what the row says, and no more than most. */
static void check_part(int row, bool ask_first, int64_t most)
{
	ssize_t n = fsrv__residency_read(&opened, buffer, (size_t)partly[row].size, partly[row].offset,
					 ask_first);
	int error = errno;

	ck_assert_msg(n >= partly[row].least && n <= most, "%s: %zd", partly[row].name, n);
	if (n < 0)
		ck_assert_int_eq(error, EAGAIN);
	else
		ck_assert_uint_eq(tree_compare(buffer, (size_t)n, partly[row].offset), (size_t)n);
}

/* Without asking first the kernel starts to read what is missing, and a fast disk may have it in time. */
START_TEST(reads_the_part_that_is_in_memory)
{
	open_file(folders[0]);
	if (!make_cold(partly[_i].warm_start, partly[_i].warm_end)) {
		printf("# %s: %s does not let files out of memory\n", partly[_i].name, folders[0]);
		close_file();
		return;
	}
	check_part(_i, true, partly[_i].most);
	check_part(_i, false, (int64_t)partly[_i].size);
	close_file();
}
END_TEST

/* Asks first where nothing or only the start is in memory, and looks whether that has made the kernel
 * read. */
START_TEST(reads_nothing_in_when_it_asks_first)
{
	bool starts_warm = partly[_i].least > 0;
	uint64_t page = 4096, at = partly[_i].offset, end = at + partly[_i].size;
	ssize_t n;

	open_file(folders[0]);
	if (!make_cold(partly[_i].warm_start, partly[_i].warm_end)) {
		printf("# %s: %s does not let files out of memory\n", partly[_i].name, folders[0]);
		close_file();
		return;
	}
	while (starts_warm && at < FILE_SIZE && at < end && !is_cold(at))
		at += page - at % page;
	n = fsrv__residency_read(&opened, buffer, (size_t)partly[_i].size, partly[_i].offset, true);
	ck_assert_msg((n > 0) == starts_warm, "%s: %zd", partly[_i].name, n);
	usleep(20000); /* for what the kernel does in the background */
	for (; at < FILE_SIZE && at < end; at += page - at % page)
		ck_assert_msg(is_cold(at), "%s: %llu was read", partly[_i].name, (unsigned long long)at);
	close_file();
}
END_TEST

/* The same in a program that locks its memory. Sanitizers take the lock away. */
START_TEST(reads_nothing_in_with_locked_memory)
{
	open_file(folders[0]);
	if (!make_cold(0, 0) || mlockall(MCL_FUTURE) != 0) {
		printf("# %s does not let files out of memory, or memory cannot be locked\n", folders[0]);
		close_file();
		return;
	}
	n_maps = 0;
	ck_assert_int_eq(fsrv__residency_read(&opened, buffer, MOST, 0, true), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_uint_eq(n_maps, 1);
	for (uint64_t at = 0; at < MOST; at += 4096)
		ck_assert_msg(is_cold(at), "%llu was read", (unsigned long long)at);
	munlockall();
	close_file();
}
END_TEST

/* Files that were written in part. */
static const struct {
	const char *name;
	uint64_t data, data_length; /* what is written */
	uint64_t offset, size;
	int64_t want; /* by asking first; -1: EAGAIN */
} holes[] = {
	{"the hole", 0, 8192, 8192, 4096, -1},
	{"inside of the hole", 0, 8192, 100001, 10, -1},
	{"up to the hole", 0, 8192, 0, 65536, 8192},
	{"up to the hole, inside a page", 0, 8192, 5000, 65536, 3192},
	{"the last byte", 0, 8192, 8191, 65536, 1},
	{"less than that", 0, 8192, 10, 8000, 8000},
	{"up to a hole behind one page", 4096, 4096, 4097, 8192, 4095},
	{"the page before", 4096, 4096, 0, 8192, -1},
	{"the end of a file that ends inside a page", 196608, 3392, 196700, 100000, 3300},
	{"the end of a hole", 0, 4096, 199000, 100000, -1},
};

#define SPARSE_SIZE 200000

/* In memory; a file system there has no pages for what was not written. */
START_TEST(reads_up_to_a_hole)
{
	ssize_t n;
	int error;

	if (!open_file(folders[1])) {
		printf("# %s: nothing can be made in %s\n", holes[_i].name, folders[1]);
		close_file();
		return;
	}
	close(fd);
	opened.fd = fd = open(tree_path(&tree, "sparse"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_eq(ftruncate(fd, SPARSE_SIZE), 0);
	memset(buffer, 'd', sizeof(buffer));
	ck_assert_int_eq(pwrite(fd, buffer, (size_t)holes[_i].data_length, (off_t)holes[_i].data),
			 (ssize_t)holes[_i].data_length);
	n = fsrv__residency_read(&opened, buffer, (size_t)holes[_i].size, holes[_i].offset, true);
	error = errno;
	ck_assert_msg(n == holes[_i].want, "%s: %zd", holes[_i].name, n);
	if (n < 0)
		ck_assert_int_eq(error, EAGAIN);
	for (ssize_t i = 0; i < n; i++)
		ck_assert_int_eq(buffer[i], 'd');
	/* Without asking first a file system that knows better may give zeros. */
	n = fsrv__residency_read(&opened, buffer, (size_t)holes[_i].size, holes[_i].offset, false);
	ck_assert_int_ge(n, holes[_i].want);
	for (ssize_t i = 0; i < n; i++)
		ck_assert_int_eq(buffer[i], i < holes[_i].want ? 'd' : '\0');
	close_file();
}
END_TEST

static const struct {
	const char *name;
	uint64_t offset, length;
} advice[] = {
	{"the start", 0, 64 * KIB},
	{"more than one piece of advice", 100, 1024 * KIB},
	{"nothing", 4096, 0},
	{"to the end", FILE_SIZE - 200 * KIB, 200 * KIB},
	{"beyond the end", FILE_SIZE - 10, 1024 * KIB},
};

/* Waits for a page to come; what was asked for has to be there in the end. */
static bool becomes_warm(uint64_t offset)
{
	for (int i = 0; i < 2000; i++) {
		if (!is_cold(offset))
			return true;
		usleep(10000);
	}
	return false;
}

START_TEST(reads_ahead)
{
	uint64_t end = advice[_i].offset + advice[_i].length;

	open_file(folders[0]);
	if (!make_cold(0, 0)) {
		printf("# %s: %s does not let files out of memory\n", advice[_i].name, folders[0]);
		close_file();
		return;
	}
	fsrv__residency_request(fd, advice[_i].offset, advice[_i].length);
	for (uint64_t at = advice[_i].offset; at < end && at < FILE_SIZE; at += 4096)
		ck_assert_msg(becomes_warm(at), "%s: cold at %llu", advice[_i].name, (unsigned long long)at);
	if (advice[_i].length == 0)
		ck_assert(is_cold(advice[_i].offset));
	close_file();
}
END_TEST

START_TEST(tells_what_is_wrong)
{
	for (int folder = 0; folder < LEN(folders); folder++) {
		const struct fsrv__file none = {.fd = -1, .is_in_memory = folder == 1};

		ck_assert_int_eq(read_both_ways(&none, buffer, 1, 0), -1);
		ck_assert_int_eq(errno, EBADF);
	}
}
END_TEST

START_TEST(leaves_the_position_alone)
{
	for (int folder = 0; folder < LEN(folders); folder++) {
		open_file(folders[folder]);
		ck_assert_int_eq(lseek(fd, 17, SEEK_SET), 17);
		ck_assert_int_eq(read_both_ways(&opened, buffer, 100, 5000), 100);
		ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 17);
		close_file();
	}
}
END_TEST

/* Block by block through a file that is in memory: the kernel is asked once for each window. */
START_TEST(asks_once_for_a_window)
{
	for (int folder = 0; folder < LEN(folders); folder++) {
		struct fsrv__residency_window window = {.end = FILE_SIZE};
		uint64_t at = 0;

		open_file(folders[folder]);
		n_maps = 0;
		while (at < FILE_SIZE) {
			ssize_t n = fsrv__residency_read_window(&window, &opened, buffer, MOST, at);

			ck_assert_msg(n > 0, "%s: errno %d at %d", folders[folder], errno, (int)at);
			ck_assert_uint_eq(tree_compare(buffer, (size_t)n, at), (size_t)n);
			at += (uint64_t)n;
		}
		/* Again for a window that is too long ago: a machine may be that slow. With cachestat(2) not
		 * at all. */
		ck_assert_uint_lt(n_maps, FILE_SIZE / MOST);
		ck_assert_int_eq(fsrv__residency_read_window(&window, &opened, buffer, MOST, FILE_SIZE), -1);
		ck_assert_int_eq(errno, EAGAIN);
		close_file();
	}
}
END_TEST

/* Where no disk is, the pages of a file tell all: it need not be mapped. */
START_TEST(maps_no_file_in_memory)
{
	struct fsrv__residency_window window = {.end = FILE_SIZE};

	open_file(folders[1]);
	if (opened.is_in_memory && fsrv__system_has_all_pages(fd, MOST, 0)) {
		n_maps = n_reads_nowait = 0;
		ck_assert_int_eq(read_both_ways(&opened, buffer, MOST, 5), (ssize_t)MOST);
		ck_assert_uint_eq(tree_compare(buffer, MOST, 5), MOST);
		ck_assert_int_eq(fsrv__residency_read_window(&window, &opened, buffer, MOST, MOST),
				 (ssize_t)MOST);
		ck_assert_uint_eq(tree_compare(buffer, MOST, MOST), MOST);
		ck_assert(fsrv__residency_read_part(&opened, buffer, MOST, 2 * MOST));
		ck_assert_uint_eq(n_maps + n_reads_nowait, 0);
	}
	close_file();
}
END_TEST

/* What leaves memory after the question is not delivered, and what comes back is. */
START_TEST(notices_what_has_left_memory)
{
	struct fsrv__residency_window window = {.end = FILE_SIZE};
	ssize_t n;

	open_file(folders[0]);
	if (!make_cold(0, MOST)) {
		close_file();
		return;
	}
	n = fsrv__residency_read_window(&window, &opened, buffer, MOST, 0);
	ck_assert_int_eq(n, (ssize_t)MOST);
	ck_assert_uint_eq(tree_compare(buffer, MOST, 0), MOST);
	n = fsrv__residency_read_window(&window, &opened, buffer, MOST, MOST);
	ck_assert_int_eq(n, -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert(is_cold(2 * MOST));
	ck_assert_int_eq(pread(fd, buffer, MOST, (off_t)MOST), (ssize_t)MOST);
	n = fsrv__residency_read_window(&window, &opened, buffer, MOST, MOST);
	ck_assert_int_eq(n, (ssize_t)MOST);
	/* A part of a multipart may lie before the one that was read last. */
	n = fsrv__residency_read_window(&window, &opened, buffer, 100, 5);
	ck_assert_int_eq(n, 100);
	ck_assert_uint_eq(tree_compare(buffer, 100, 5), 100);
	close_file();
}
END_TEST

/* A part that is not wanted unless all of it is there is not copied in vain. */
START_TEST(reads_a_part_as_a_whole_or_not_at_all)
{
	struct fsrv__file file = {.fd = -1};

	open_file(folders[0]);
	if (make_cold(0, 2 * MOST)) {
		file.fd = fd;
		ck_assert(fsrv__residency_read_part(&file, buffer, MOST, MOST));
		ck_assert_uint_eq(tree_compare(buffer, MOST, MOST), MOST);
		memset(buffer, '?', sizeof(buffer));
		ck_assert(!fsrv__residency_read_part(&file, buffer, FILE_SIZE, 0));
		ck_assert_int_eq(buffer[0], '?');
		ck_assert(is_cold(3 * MOST));
		ck_assert(!fsrv__residency_read_part(&file, buffer, MOST, 3 * MOST));
	}
	close_file();
}
END_TEST

const char *test_lacks(void)
{
	return SYSTEM_IS_PORTABLE ? "a system that tells what is in memory" : NULL;
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("resident");
	TCase *tcase = tcase_create("resident");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, reads_what_is_in_memory, 0, LEN(reads));
	tcase_add_test(tcase, reads_nothing_from_an_empty_file);
	tcase_add_test(tcase, sees_the_end_of_a_file_that_was_cut);
	tcase_add_loop_test(tcase, reads_the_part_that_is_in_memory, 0, LEN(partly));
	tcase_add_loop_test(tcase, reads_nothing_in_when_it_asks_first, 0, LEN(partly));
	tcase_add_test(tcase, reads_nothing_in_with_locked_memory);
	tcase_add_loop_test(tcase, reads_up_to_a_hole, 0, LEN(holes));
	tcase_add_test(tcase, asks_once_for_a_window);
	tcase_add_test(tcase, maps_no_file_in_memory);
	tcase_add_test(tcase, notices_what_has_left_memory);
	tcase_add_test(tcase, reads_a_part_as_a_whole_or_not_at_all);
	tcase_add_loop_test(tcase, reads_ahead, 0, LEN(advice));
	tcase_add_test(tcase, tells_what_is_wrong);
	tcase_add_test(tcase, leaves_the_position_alone);
	suite_add_tcase(suite, tcase);
	return suite;
}
