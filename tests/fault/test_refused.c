/* System calls that a kernel, a sandbox or a file system may refuse, each by each of the errors that these
 * use for it, from the start or later: what is served are the same bytes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "service.h"

/* Since Linux 6.5. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

#define SIZE       (2 * MIB)
#define RANGE_FROM UINT64_C(700001)
#define RANGE_SIZE UINT64_C(900000)
#define SCRIPT     "<script src=x></script>"

/* The arguments that are compared, from a place on; calls with others are let through. */
static const struct refusal {
	const char *name;
	unsigned number;
	unsigned place, n;
	unsigned arguments[2];
} refusals[] = {
	{"openat2", SYS_openat2, 0, 0, {0}},
	{"statx", SYS_statx, 0, 0, {0}},
	{"preadv2", SYS_preadv2, 0, 0, {0}},
	{"mincore", SYS_mincore, 0, 0, {0}},
	{"cachestat", SYS_cachestat, 0, 0, {0}},
	{"posix_fadvise", SYS_fadvise64, 0, 0, {0}},
	{"sendfile", SYS_sendfile, 0, 0, {0}},
	{"TCP_INFO", SYS_getsockopt, 1, 2, {IPPROTO_TCP, TCP_INFO}},
	{"SO_COOKIE", SYS_getsockopt, 1, 2, {SOL_SOCKET, SO_COOKIE}},
	{"SIOCOUTQ", SYS_ioctl, 1, 1, {SIOCOUTQ}},
	{"statfs", SYS_statfs, 0, 0, {0}},
	{"fstatfs", SYS_fstatfs, 0, 0, {0}},
	{"sched_setscheduler", SYS_sched_setscheduler, 0, 0, {0}},
	{"setpriority", SYS_setpriority, 0, 0, {0}},
};

/* The first ones: lookups and reads of the library's own, which it makes with every request. */
#define N_OF_REQUESTS 5

static const int errors[] = {EPERM, ENOSYS, EINVAL, EOPNOTSUPP};

static struct tree tree;
static struct matrix matrix;

static unsigned place_of(unsigned argument)
{
	unsigned place = (unsigned)(offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t));

	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? place + 4 : place;
}

/* Has the kernel refuse it in all threads, those to come among them. */
static int refuse(const struct refusal *refusal, int error)
{
	struct sock_filter code[8];
	struct sock_fprog program = {.filter = code};
	unsigned short n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refusal->number, 0,
						 (unsigned char)(1 + 2 * refusal->n));
	for (unsigned i = 0; i < refusal->n; i++) {
		unsigned char rest = (unsigned char)(2 * (refusal->n - i) - 1);

		code[n++] =
			(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, place_of(refusal->place + i));
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refusal->arguments[i], 0,
							 rest);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}

/* Whether filters may be set, tried in a process of its own. */
const char *test_lacks(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(refuse(&refusals[0], EPERM) == 0 && syscall(SYS_openat2, -1, NULL, NULL, 0) < 0 &&
				      errno == EPERM
			      ? 0
			      : 1);
	waitpid(child, &status, 0);
	return status == 0 ? NULL : "seccomp filters";
}

static void set_up(void)
{
	tree_make(&tree);
	tree_write_pattern(&tree, "clip", SIZE);
	tree_write_text(&tree, "small", "small");
	tree_write_text(&tree, "page.html", "<!doctype html><head></head><p>text");
}

static void tear_down(void)
{
	tree_remove(&tree);
}

/* As far as the file system lets its pages go. */
static void forget_clip(void)
{
	int fd = open(tree_path(&tree, "clip"), O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	fdatasync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

/* One of each kind of waiting. */
static bool is_chosen(const struct way *way)
{
	if (way->daemon == NULL)
		return true;
	return way->daemon == &daemon_modes[3] || way->daemon == &daemon_modes[7] ||
	       way->daemon == &daemon_modes[8] || way->daemon == &daemon_modes[12] ||
	       way->daemon == &daemon_modes[13];
}

static void expect_text(struct service *service, struct client *client, const char *target, const char *text)
{
	struct reply *reply = &matrix.reply;

	client_ask(client, "GET", target, "", reply);
	ck_assert_msg(reply->status == 200 && reply->whole && strcmp(reply->body, text) == 0,
		      "%s: %s: %d, %zu bytes", service->name, target, reply->status, reply->length);
	client_reply_free(reply);
}

static void expect_pattern(struct service *service, struct client *client, const char *fields, int status,
			   uint64_t offset, uint64_t length)
{
	struct reply *reply = &matrix.reply;

	client_ask(client, "GET", "/clip", fields, reply);
	ck_assert_msg(reply->status == status && reply->whole && reply->length == length &&
			      tree_compare(reply->body, reply->length, offset) == length,
		      "%s: %d, %zu bytes", service->name, reply->status, reply->length);
	client_reply_free(reply);
}

static void expect_missing(struct service *service, struct client *client)
{
	client_ask(client, "GET", "/none", "", &matrix.reply);
	ck_assert_msg(matrix.reply.status == 404, "%s: %d", service->name, matrix.reply.status);
	client_reply_free(&matrix.reply);
}

static void expect_all(struct service *service)
{
	static struct client client;

	client_open(&client, service_connect(service));
	/* Twice: from the disk, and from what was kept. */
	for (int i = 0; i < 2; i++) {
		expect_text(service, &client, "/small", "small");
		expect_text(service, &client, "/page.html", "<!doctype html><head>" SCRIPT "</head><p>text");
		expect_pattern(service, &client, "", 200, 0, SIZE);
		expect_pattern(service, &client, "Range: bytes=700001-1600000\r\n", 206, RANGE_FROM,
			       RANGE_SIZE);
		expect_missing(service, &client);
	}
	client_close(&client);
}

static void serve_all(const struct refusal *refusal, int error, int group, enum fsrv_symlinks symlinks,
		      bool late)
{
	const char *root = tree.path;

	forget_clip();
	matrix.options.symlinks = symlinks;
	if (!late)
		ck_assert_int_eq(refuse(refusal, error), 0);
	matrix_start(&matrix, group, is_chosen, &root, 1);
	for (int i = 0; i < matrix.n; i++)
		ck_assert_int_eq(fsrv_inject_add_markup(matrix.services[i].fs, FSRV_SCOPE_EVERY_PAGE,
							FSRV_HEAD_START, SCRIPT, strlen(SCRIPT)),
				 FSRV_OK);
	if (late)
		ck_assert_int_eq(refuse(refusal, error), 0);
	for (int i = 0; i < matrix.n; i++)
		expect_all(&matrix.services[i]);
	matrix_settle(&matrix, "/none");
	matrix_stop(&matrix);
}

/* Where time_t is wider than a register the C library's own stat(2) is statx(2), but for ENOSYS, so that no
 * program could read a folder. */
static bool is_possible(int i)
{
	return refusals[i / LEN(errors)].number != SYS_statx || errors[i % LEN(errors)] == ENOSYS ||
	       sizeof(time_t) <= sizeof(long);
}

static void serve_group(int i, int group, enum fsrv_symlinks symlinks, bool late)
{
	if (is_possible(i))
		serve_all(&refusals[i / LEN(errors)], errors[i % LEN(errors)], group, symlinks, late);
}

START_TEST(serves_the_same_when_refused_from_the_start)
{
	serve_group(_i, 1, FSRV_SYMLINKS_BENEATH, false);
	serve_group(_i, N_GROUPS - 1, FSRV_SYMLINKS_FOLLOW, false);
}
END_TEST

START_TEST(serves_the_same_when_refused_later)
{
	serve_group(_i, 2, FSRV_SYMLINKS_BENEATH, true);
}
END_TEST

START_TEST(follows_links_when_refused_later)
{
	serve_group(_i, 2, FSRV_SYMLINKS_FOLLOW, true);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("refused");
	TCase *calls = tcase_create("calls");
	int n = LEN(refusals) * LEN(errors), n_later = N_OF_REQUESTS * LEN(errors);

	tcase_set_timeout(calls, 120);
	tcase_add_checked_fixture(calls, set_up, tear_down);
	tcase_add_loop_test(calls, serves_the_same_when_refused_from_the_start, 0, n);
	tcase_add_loop_test(calls, serves_the_same_when_refused_later, 0, n_later);
	tcase_add_loop_test(calls, follows_links_when_refused_later, 0, n_later);
	suite_add_tcase(suite, calls);
	return suite;
}
