#include "slow_tree.h"

#include <check.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SLOWDISK
#define SLOWDISK "/nowhere/slowdisk"
#endif

#define PATIENCE_MS 20000

static char answer[4096];

static bool start(struct slow_tree *slow, const char *backing)
{
	return slowdisk_start(&slow->process, SLOWDISK, backing, slow->tree.path);
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

	fclose(slow->process.commands);
	status = wait_for_end(slow->process.id);
	fclose(slow->process.answers);
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
	ck_assert_msg(slowdisk_ask(&slow->process, line, answer, sizeof(answer)), "%s: slowdisk is gone",
		      line);
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
