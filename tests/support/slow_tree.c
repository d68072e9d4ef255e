#include "slow_tree.h"

#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SLOWDISK
#define SLOWDISK "/nowhere/slowdisk"
#endif

#define PATIENCE_MS 20000

static char answer[4096];

static bool read_answer(struct slow_tree *slow)
{
	if (fgets(answer, sizeof(answer), slow->answers) == NULL)
		return false;
	answer[strcspn(answer, "\n")] = '\0';
	return true;
}

/* Away from the group of the test, which Check kills, and with the thread that started it. */
static void become_slowdisk(const char *backing, const char *mount, int input, int output)
{
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	execl(SLOWDISK, "slowdisk", backing, mount, (char *)NULL);
	_exit(127);
}

static bool start(struct slow_tree *slow, const char *backing)
{
	int input[2], output[2];

	if (pipe2(input, O_CLOEXEC) != 0)
		return false;
	if (pipe2(output, O_CLOEXEC) != 0) {
		close(input[0]);
		close(input[1]);
		return false;
	}
	slow->process = fork();
	if (slow->process == 0)
		become_slowdisk(backing, slow->tree.path, input[0], output[1]);
	close(input[0]);
	close(output[1]);
	slow->commands = fdopen(input[1], "w");
	slow->answers = fdopen(output[0], "r");
	return slow->process > 0 && read_answer(slow) && strcmp(answer, "ready") == 0;
}

/* The exit status, -1 when it had to be killed. */
static int wait_for_end(pid_t process)
{
	int status;

	for (int waited = 0; waited < PATIENCE_MS; waited += 5) {
		if (waitpid(process, &status, WNOHANG) == process)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		usleep(5000);
	}
	kill(process, SIGKILL);
	waitpid(process, &status, 0);
	return -1;
}

static int end(struct slow_tree *slow)
{
	int status;

	fclose(slow->commands);
	status = wait_for_end(slow->process);
	fclose(slow->answers);
	/* For one that was killed; otherwise nothing is there. */
	if (status != 0)
		umount2(slow->tree.path, MNT_DETACH);
	return status;
}

bool slow_tree_is_possible(void)
{
	struct slow_tree slow = {.tree = {"/tmp/fsrv-test-XXXXXX"}};
	bool possible;

	if (access(SLOWDISK, X_OK) != 0 || access("/dev/fuse", R_OK | W_OK) != 0 ||
	    mkdtemp(slow.tree.path) == NULL)
		return false;
	possible = start(&slow, "/");
	/* Without /etc/mtab fusermount3 mounts for everybody, and unmounts for root alone. */
	possible = end(&slow) == 0 && possible;
	return rmdir(slow.tree.path) == 0 && possible;
}

bool slow_tree_may_hang(void)
{
	return getenv("FSRV_TEST_VALGRIND") == NULL;
}

void slow_tree_mount(struct slow_tree *slow, const struct tree *backing)
{
	tree_make(&slow->tree);
	ck_assert_msg(start(slow, backing->path), "slowdisk did not start");
}

void slow_tree_mount_in(struct slow_tree *slow, const struct tree *backing, const struct tree *outer,
			const char *name)
{
	int n = snprintf(slow->tree.path, sizeof(slow->tree.path), "%s/%s", outer->path, name);

	ck_assert(n > 0 && (size_t)n < sizeof(slow->tree.path));
	ck_assert_int_eq(mkdir(slow->tree.path, 0755), 0);
	ck_assert_msg(start(slow, backing->path), "slowdisk did not start");
}

void slow_tree_unmount(struct slow_tree *slow)
{
	int status = end(slow);

	ck_assert_int_eq(rmdir(slow->tree.path), 0);
	ck_assert_msg(status == 0, "slowdisk ended with %d", status);
}

const char *slow_tree_ask(struct slow_tree *slow, const char *line)
{
	fprintf(slow->commands, "%s\n", line);
	fflush(slow->commands);
	ck_assert_msg(read_answer(slow), "%s: slowdisk is gone", line);
	return answer;
}

uint64_t slow_tree_tell(struct slow_tree *slow, const char *format, ...)
{
	char line[4096];
	uint64_t number = 0;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	ck_assert_msg(strncmp(slow_tree_ask(slow, line), "ok", 2) == 0, "%s: %s", line, answer);
	sscanf(answer, "ok %" SCNu64, &number);
	return number;
}
