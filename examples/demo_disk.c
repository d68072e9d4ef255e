/* The disk is the program slowdisk, a FUSE file system in a process of its own, which unmounts when its
 * standard input ends. The folder is a symbolic link to an empty folder or to the mount point, replaced by
 * rename(2): fsrv looks up its roots anew for each request. */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A read of 128 KiB takes that long. */
#define READ_DELAY "read-delay 200"

struct disk {
	char scratch[64], link[80], fast[80], slow[80], mount[160];
	pid_t process; /* 0: none */
	FILE *commands, *answers;
	const char *lacks;
	pthread_mutex_t mutex; /* for what follows */
	bool is_slow;
};

#ifdef SLOWDISK

/* One line to the disk, one line back. */
static bool tell(struct disk *disk, const char *command)
{
	char answer[256];

	if (command[0] != '\0' &&
	    (fprintf(disk->commands, "%s\n", command) < 0 || fflush(disk->commands) != 0))
		return false;
	return fgets(answer, sizeof(answer), disk->answers) != NULL && strncmp(answer, "error", 5) != 0;
}

/* Ctrl-C goes to the whole group of a terminal, so the disk leaves that; it ends with this process, however
 * this ends. */
static void become_slowdisk(const char *clips, const char *mount, int input, int output)
{
	sigset_t none;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	execl(SLOWDISK, "slowdisk", clips, mount, (char *)NULL);
	_exit(127);
}

static bool start_process(struct disk *disk, const char *clips)
{
	int input[2], output[2];

	if (pipe2(input, O_CLOEXEC) != 0)
		return false;
	if (pipe2(output, O_CLOEXEC) != 0) {
		close(input[0]);
		close(input[1]);
		return false;
	}
	disk->process = fork();
	if (disk->process == 0)
		become_slowdisk(clips, disk->mount, input[0], output[1]);
	close(input[0]);
	close(output[1]);
	disk->commands = fdopen(input[1], "w");
	disk->answers = fdopen(output[0], "r");
	return disk->process > 0 && disk->commands != NULL && disk->answers != NULL && tell(disk, "") &&
	       tell(disk, READ_DELAY);
}

static void mount_disk(struct disk *disk, const char *clips)
{
	if (access("/dev/fuse", R_OK | W_OK) != 0)
		disk->lacks = "this user may not use /dev/fuse";
	else if (!start_process(disk, clips))
		disk->lacks = "FUSE refused the mount";
}

#else

static bool tell(struct disk *disk, const char *command)
{
	(void)disk;
	(void)command;
	return false;
}

static void mount_disk(struct disk *disk, const char *clips)
{
	(void)clips;
	disk->lacks = "built without fuse3";
}

#endif

static bool point_to(struct disk *disk, const char *target)
{
	char name[96];

	snprintf(name, sizeof(name), "%s/next", disk->scratch);
	unlink(name);
	return symlink(target, name) == 0 && rename(name, disk->link) == 0;
}

bool disk_open(const char *clips, const char *name, struct disk **disk)
{
	struct disk *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return false;
	pthread_mutex_init(&made->mutex, NULL);
	snprintf(made->scratch, sizeof(made->scratch), "/tmp/fsrv-demo-XXXXXX");
	if (mkdtemp(made->scratch) == NULL) {
		free(made);
		return false;
	}
	snprintf(made->link, sizeof(made->link), "%s/layer", made->scratch);
	snprintf(made->fast, sizeof(made->fast), "%s/fast", made->scratch);
	snprintf(made->slow, sizeof(made->slow), "%s/slow", made->scratch);
	snprintf(made->mount, sizeof(made->mount), "%s/%s", made->slow, name);
	if (mkdir(made->fast, 0700) != 0 || mkdir(made->slow, 0700) != 0 || mkdir(made->mount, 0700) != 0 ||
	    !point_to(made, "fast")) {
		disk_close(made);
		return false;
	}
	mount_disk(made, clips);
	*disk = made;
	return true;
}

void disk_close(struct disk *disk)
{
	if (disk->commands != NULL)
		fclose(disk->commands);
	if (disk->process > 0)
		waitpid(disk->process, NULL, 0);
	if (disk->answers != NULL)
		fclose(disk->answers);
	unlink(disk->link);
	rmdir(disk->mount);
	rmdir(disk->slow);
	rmdir(disk->fast);
	rmdir(disk->scratch);
	pthread_mutex_destroy(&disk->mutex);
	free(disk);
}

const char *disk_folder(const struct disk *disk)
{
	return disk->link;
}

/* What was read once stays in memory, so the pages are forgotten each time. */
bool disk_set_slow(struct disk *disk, bool is_slow)
{
	bool is_done;

	if (disk->lacks != NULL)
		return false;
	pthread_mutex_lock(&disk->mutex);
	is_done = (!is_slow || tell(disk, "forget-all")) && point_to(disk, is_slow ? "slow" : "fast");
	if (is_done)
		disk->is_slow = is_slow;
	pthread_mutex_unlock(&disk->mutex);
	return is_done;
}

bool disk_is_slow(struct disk *disk)
{
	bool is_slow;

	pthread_mutex_lock(&disk->mutex);
	is_slow = disk->is_slow;
	pthread_mutex_unlock(&disk->mutex);
	return is_slow;
}

const char *disk_lacks(const struct disk *disk)
{
	return disk->lacks;
}
