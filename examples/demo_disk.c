/* The disk is the program slowdisk, a FUSE file system in a process of its own, which unmounts when its
 * standard input ends. The folder is a symbolic link to an empty folder or to the mount point, replaced by
 * rename(2): fsrv looks up its roots anew for each request. */
#include "demo.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slowdisk_process.h"

/* A read of 128 KiB takes that long. */
#define READ_DELAY "read-delay 200"

struct disk {
	char scratch[64], link[80], fast[80], slow[80], mount[160];
	struct slowdisk_process process;
	const char *lacks;
	pthread_mutex_t mutex; /* for what follows */
	bool is_slow;
};

static bool tell(struct disk *disk, const char *command)
{
	char answer[256];

	return slowdisk_ask(&disk->process, command, answer, sizeof(answer)) &&
	       strncmp(answer, "error", 5) != 0;
}

#ifdef SLOWDISK

static void mount_disk(struct disk *disk, const char *clips)
{
	if (access(clips, R_OK | X_OK) != 0)
		disk->lacks = "there is no folder clips";
	else if (access("/dev/fuse", R_OK | W_OK) != 0)
		disk->lacks = "this user may not use /dev/fuse";
	else if (!slowdisk_start(&disk->process, SLOWDISK, clips, disk->mount) || !tell(disk, READ_DELAY))
		disk->lacks = "FUSE refused the mount";
}

#else

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
	if (disk->process.commands != NULL)
		fclose(disk->process.commands);
	if (disk->process.id > 0)
		waitpid(disk->process.id, NULL, 0);
	if (disk->process.answers != NULL)
		fclose(disk->process.answers);
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
