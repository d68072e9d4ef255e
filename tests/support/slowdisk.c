/* A folder as a slow, failing or hanging disk would show it: slowdisk BACKING MOUNTPOINT
 *
 * Mounts a read-only view of the folder BACKING and prints "ready". Each line of standard input is a command
 * then, answered by the line "ok", with a number behind it for count, or by "error: " and the reason:
 *
 *   read-delay MS            a read request takes MS for each 128 KiB or part of them, beside all others. A
 *                            shorter time also holds for those that wait
 *   open-delay MS            each lookup, getattr and open request takes MS
 *   serial on|off            reads take their time one after another, in the order in which they came
 *   fail NAME OFFSET ERRNO   read requests that touch the byte at OFFSET or one behind it fail; ERRNO is a
 *                            number or a name. Pages that the kernel has can still be read
 *   heal NAME                they do not fail any more
 *   truncate NAME SIZE       cuts the file in BACKING, then as forget
 *   forget NAME              the kernel drops pages and attributes of a file
 *   forget-all               and of every file that BACKING has now
 *   hold, release            reads begin to hang, and go on. What drops pages would wait for them: refused
 *   hang on|off              all requests begin to hang, also those of stat(2), open(2), close(2) and
 *                            statfs(2), and go on. Like hold otherwise
 *   claim SIZE|truth         what each file that is opened from now on says of its size, whatever it has
 *   times SECONDS|truth      the modification and status change time of each file, since 1970
 *   count                    how many read requests came since the start
 *
 * NAME is relative to BACKING and has no blanks. End of input, SIGTERM and SIGINT let every request go,
 * unmount, and end the program with exit status 0; when it is killed, fusermount3 unmounts in its place.
 *
 * The kernel keeps pages over close and open. Attributes are asked for each time, so a size that changed in
 * BACKING is seen by the next stat and the next read request, and drops all pages; a new name is seen at
 * once. The kernel is not told of other changes: those need forget. Names once found stay known, because
 * the kernel keeps no pages without. */
#define FUSE_USE_VERSION 312

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <fuse.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define LEN(array)   (sizeof(array) / sizeof((array)[0]))
#define PIECE        (128u << 10)
#define MAX_FAULTS   16
#define MAX_THREADS  512
#define LINE_ROOM    4096
#define NS_PER_MS    INT64_C(1000000)
#define NS_PER_S     INT64_C(1000000000)
#define NAMES_STAY_S 86400

struct fault {
	char name[256]; /* empty: none */
	off_t offset;
	int error;
};

/* The lock is for all that follows it. */
static struct {
	const char *backing;
	int folder;
	struct fuse *fuse;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int64_t read_delay, open_delay; /* ns */
	int64_t head_is_free_at;
	bool serial, held, hanging, ending;
	uint64_t reads;
	struct fault faults[MAX_FAULTS];
	int64_t claim, times; /* -1: the truth */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .claim = -1, .times = -1};

static const char *relative(const char *path)
{
	return path[1] == '\0' ? "." : path + 1;
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* With the lock held; returns early at the end of the program or when something changed. */
static void wait_until(int64_t moment)
{
	struct timespec time = {(time_t)(moment / NS_PER_S), (long)(moment % NS_PER_S)};

	pthread_cond_clockwait(&disk.changed, &disk.lock, CLOCK_MONOTONIC, &time);
}

static void sleep_until(int64_t moment)
{
	while (!disk.ending && now() < moment)
		wait_until(moment);
}

/* A process that is killed cannot end before its requests do: one that hangs ends when it is interrupted. */
static bool wait_while(const bool *hangs)
{
	while (*hangs && !disk.ending) {
		if (fuse_interrupted())
			return false;
		wait_until(now() + 100 * NS_PER_MS);
	}
	return true;
}

/* Requests that are no reads; returns 0 or an error. */
static int take_time(bool opens)
{
	bool goes_on;

	pthread_mutex_lock(&disk.lock);
	goes_on = wait_while(&disk.hanging);
	if (goes_on && opens)
		sleep_until(now() + disk.open_delay);
	pthread_mutex_unlock(&disk.lock);
	return goes_on ? 0 : -EINTR;
}

static void take_time_to_read(size_t size)
{
	int64_t begin = now(), n = (int64_t)((size + PIECE - 1) / PIECE);

	if (disk.serial && disk.head_is_free_at > begin)
		begin = disk.head_is_free_at;
	if (disk.serial)
		disk.head_is_free_at = begin + disk.read_delay * n;
	while (!disk.ending && now() < begin + disk.read_delay * n)
		wait_until(begin + disk.read_delay * n);
}

static struct fault *find_fault(const char *name)
{
	for (size_t i = 0; i < MAX_FAULTS; i++)
		if (strcmp(disk.faults[i].name, name) == 0)
			return &disk.faults[i];
	return NULL;
}

static int read_file(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
	const struct fault *fault;
	ssize_t n;
	int error = 0;

	pthread_mutex_lock(&disk.lock);
	disk.reads++;
	if (wait_while(&disk.held) && wait_while(&disk.hanging)) {
		take_time_to_read(size);
		fault = find_fault(relative(path));
		if (fault != NULL && offset + (off_t)size > fault->offset)
			error = fault->error;
	} else {
		error = EINTR;
	}
	pthread_mutex_unlock(&disk.lock);
	if (error != 0)
		return -error;
	n = pread((int)info->fh, buffer, size, offset);
	return n < 0 ? -errno : (int)n;
}

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *info)
{
	int result = take_time(true);

	if (result != 0)
		return result;
	result = info != NULL ? fstat((int)info->fh, st)
			      : fstatat(disk.folder, relative(path), st, AT_SYMLINK_NOFOLLOW);
	if (result != 0)
		return -errno;
	pthread_mutex_lock(&disk.lock);
	if (disk.claim >= 0 && S_ISREG(st->st_mode))
		st->st_size = disk.claim;
	if (disk.times >= 0)
		st->st_mtim = st->st_ctim = (struct timespec){.tv_sec = (time_t)disk.times};
	pthread_mutex_unlock(&disk.lock);
	return 0;
}

static int open_file(const char *path, struct fuse_file_info *info)
{
	int fd, result = take_time(true);

	if (result != 0)
		return result;
	fd = openat(disk.folder, relative(path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	info->fh = (uint64_t)fd;
	/* Otherwise the kernel reads no further than the claimed size. */
	pthread_mutex_lock(&disk.lock);
	info->direct_io = disk.claim >= 0;
	pthread_mutex_unlock(&disk.lock);
	return 0;
}

/* close(2) waits for this one, and for nobody when the kernel has released the file. */
static int flush_file(const char *path, struct fuse_file_info *info)
{
	(void)path;
	(void)info;
	return take_time(false);
}

static int close_file(const char *path, struct fuse_file_info *info)
{
	(void)path;
	take_time(false);
	close((int)info->fh);
	return 0;
}

static int read_link(const char *path, char *buffer, size_t size)
{
	int result = take_time(false);
	ssize_t n;

	if (result != 0)
		return result;
	n = readlinkat(disk.folder, relative(path), buffer, size - 1);
	if (n < 0)
		return -errno;
	buffer[n] = '\0';
	return 0;
}

static int read_folder(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
		       struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
	int fd, result = take_time(false);
	const struct dirent *entry;
	DIR *folder;

	(void)offset;
	(void)info;
	(void)flags;
	if (result != 0)
		return result;
	fd = openat(disk.folder, relative(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (folder == NULL)
		return -errno;
	while ((entry = readdir(folder)) != NULL)
		fill(buffer, entry->d_name, NULL, 0, 0);
	closedir(folder);
	return 0;
}

static int describe(const char *path, struct statvfs *facts)
{
	int result = take_time(false);

	(void)path;
	if (result != 0)
		return result;
	return fstatvfs(disk.folder, facts) == 0 ? 0 : -errno;
}

static void *configure(struct fuse_conn_info *connection, struct fuse_config *config)
{
	/* It would ask for attributes at each read of a page that the kernel has. */
	connection->want &= ~(unsigned)FUSE_CAP_AUTO_INVAL_DATA;
	connection->max_background = MAX_THREADS;
	connection->congestion_threshold = MAX_THREADS;
	config->use_ino = 1;
	config->kernel_cache = 1;
	config->entry_timeout = NAMES_STAY_S;
	config->attr_timeout = 0;
	config->negative_timeout = 0;
	return NULL;
}

static const struct fuse_operations operations = {
	.init = configure,
	.getattr = get_attributes,
	.readlink = read_link,
	.readdir = read_folder,
	.open = open_file,
	.read = read_file,
	.statfs = describe,
	.flush = flush_file,
	.release = close_file,
};

static bool read_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *number <= INT64_MAX;
}

/* Commands take their words and return what is wrong, NULL for nothing. */

static const char *set_delay(int64_t *delay, const char *text)
{
	uint64_t ms;

	if (!read_number(text, &ms) || ms > 1000000)
		return "give milliseconds";
	*delay = (int64_t)ms * NS_PER_MS;
	return NULL;
}

static const char *set_read_delay(char **word)
{
	return set_delay(&disk.read_delay, word[1]);
}

static const char *set_open_delay(char **word)
{
	return set_delay(&disk.open_delay, word[1]);
}

static const char *set_switch(bool *is_on, const char *text)
{
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return "give on or off";
	*is_on = strcmp(text, "on") == 0;
	return NULL;
}

static const char *set_serial(char **word)
{
	return set_switch(&disk.serial, word[1]);
}

static const char *set_hanging(char **word)
{
	return set_switch(&disk.hanging, word[1]);
}

static const char *set_fact(int64_t *fact, const char *text)
{
	uint64_t number;

	if (strcmp(text, "truth") == 0) {
		*fact = -1;
		return NULL;
	}
	if (!read_number(text, &number))
		return "give a number or truth";
	*fact = (int64_t)number;
	return NULL;
}

static const char *set_claim(char **word)
{
	return set_fact(&disk.claim, word[1]);
}

static const char *set_times(char **word)
{
	return set_fact(&disk.times, word[1]);
}

static int error_of(const char *text)
{
	uint64_t number;

	for (int error = 1; error < 134; error++)
		if (strerrorname_np(error) != NULL && strcmp(strerrorname_np(error), text) == 0)
			return error;
	return read_number(text, &number) && number < 134 ? (int)number : 0;
}

static const char *fail(char **word)
{
	struct fault *fault = find_fault(word[1]);
	uint64_t offset;
	int error = error_of(word[3]);

	if (fault == NULL)
		fault = find_fault("");
	if (fault == NULL || strlen(word[1]) >= sizeof(fault->name))
		return "too many files, or too long a name";
	if (!read_number(word[2], &offset) || error == 0)
		return "give an offset and the name or number of an error";
	strcpy(fault->name, word[1]);
	fault->offset = (off_t)offset;
	fault->error = error;
	return NULL;
}

static const char *heal(char **word)
{
	struct fault *fault = find_fault(word[1]);

	if (fault == NULL)
		return "nothing to heal";
	fault->name[0] = '\0';
	return NULL;
}

/* Without the lock: the kernel waits for requests that are under way. */
static const char *drop(const char *name)
{
	char path[LINE_ROOM + 1];
	int error;

	snprintf(path, sizeof(path), "/%s", name);
	error = fuse_invalidate_path(disk.fuse, path);
	return error == 0 || error == -ENOENT ? NULL : strerror(-error);
}

static const char *forget(char **word)
{
	const char *problem;

	if (disk.held || disk.hanging)
		return "reads are held";
	if (faccessat(disk.folder, word[1], F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		return strerror(errno);
	pthread_mutex_unlock(&disk.lock);
	problem = drop(word[1]);
	pthread_mutex_lock(&disk.lock);
	return problem;
}

static int drop_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	if (where->level > 0 && type != FTW_SL)
		drop(path + strlen(disk.backing) + 1);
	return 0;
}

static const char *forget_all(char **word)
{
	int result;

	(void)word;
	if (disk.held || disk.hanging)
		return "reads are held";
	pthread_mutex_unlock(&disk.lock);
	result = nftw(disk.backing, drop_entry, 16, FTW_PHYS);
	pthread_mutex_lock(&disk.lock);
	return result == 0 ? NULL : strerror(errno);
}

static const char *cut(char **word)
{
	uint64_t size;
	int fd, result;

	if (disk.held || disk.hanging)
		return "reads are held";
	if (!read_number(word[2], &size))
		return "give a size";
	fd = openat(disk.folder, word[1], O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return strerror(errno);
	result = ftruncate(fd, (off_t)size);
	close(fd);
	return result == 0 ? forget(word) : strerror(errno);
}

static const char *hold(char **word)
{
	disk.held = strcmp(word[0], "hold") == 0;
	return NULL;
}

static const char *count(char **word)
{
	(void)word;
	return NULL;
}

static const struct command {
	const char *name;
	size_t n_words;
	const char *(*run)(char **word);
} commands[] = {
	{"read-delay", 2, set_read_delay},
	{"open-delay", 2, set_open_delay},
	{"serial", 2, set_serial},
	{"fail", 4, fail},
	{"heal", 2, heal},
	{"truncate", 3, cut},
	{"forget", 2, forget},
	{"forget-all", 1, forget_all},
	{"hold", 1, hold},
	{"release", 1, hold},
	{"hang", 2, set_hanging},
	{"claim", 2, set_claim},
	{"times", 2, set_times},
	{"count", 1, count},
};

static const struct command *find_command(char **word, size_t n_words)
{
	for (size_t i = 0; i < LEN(commands); i++)
		if (n_words == commands[i].n_words && strcmp(word[0], commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static void obey(char *line)
{
	const struct command *command;
	const char *problem;
	uint64_t reads;
	char *word[5], *rest = line;
	size_t n = 0;

	while (n < LEN(word) && (word[n] = strtok_r(rest, " \n", &rest)) != NULL)
		n++;
	command = find_command(word, n);
	pthread_mutex_lock(&disk.lock);
	problem = command != NULL ? command->run(word) : "no such command";
	reads = disk.reads;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
	if (problem != NULL)
		printf("error: %s\n", problem);
	else if (command->run == count)
		printf("ok %" PRIu64 "\n", reads);
	else
		puts("ok");
}

static void *serve(void *cls)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();

	(void)cls;
	fuse_loop_cfg_set_max_threads(config, MAX_THREADS);
	fuse_loop_cfg_set_idle_threads(config, MAX_THREADS);
	fuse_loop_mt(disk.fuse, config);
	fuse_loop_cfg_destroy(config);
	return NULL;
}

static int nothing;

/* Whether it comes before, during or after the wait for a command, input ends. */
static void end_input(int number)
{
	if (number != SIGUSR1)
		dup2(nothing, STDIN_FILENO);
}

static void obey_until_end(void)
{
	char line[LINE_ROOM];

	puts("ready");
	while (fgets(line, sizeof(line), stdin) != NULL)
		obey(line);
	pthread_mutex_lock(&disk.lock);
	disk.ending = true;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

static void run(void)
{
	struct sigaction action = {.sa_handler = end_input};
	struct timespec soon;
	sigset_t ends;
	pthread_t loop;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	if (pthread_create(&loop, NULL, serve, NULL) != 0)
		return;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_UNBLOCK, &ends, NULL);
	obey_until_end();
	fuse_exit(disk.fuse);
	/* The loop looks whether it has to end when a signal interrupts its wait. */
	do {
		pthread_kill(loop, SIGUSR1);
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_nsec += 10 * NS_PER_MS;
		soon.tv_sec += soon.tv_nsec / NS_PER_S;
		soon.tv_nsec %= NS_PER_S;
	} while (pthread_timedjoin_np(loop, NULL, &soon) != 0);
}

int main(int argc, char **argv)
{
	char *words[] = {argv[0], (char[]){"-oro,auto_unmount,fsname=slowdisk,subtype=slowdisk"}, NULL};
	struct fuse_args arguments = FUSE_ARGS_INIT(2, words);

	setlinebuf(stdout);
	if (argc != 3) {
		fprintf(stderr, "usage: %s BACKING MOUNTPOINT\n", argv[0]);
		return 2;
	}
	disk.backing = argv[1];
	disk.folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	disk.fuse = fuse_new(&arguments, &operations, sizeof(operations), NULL);
	if (disk.folder < 0 || nothing < 0 || disk.fuse == NULL || fuse_mount(disk.fuse, argv[2]) != 0) {
		fprintf(stderr, "%s: %s not mounted on %s: %s\n", argv[0], argv[1], argv[2], strerror(errno));
		return 1;
	}
	run();
	fuse_unmount(disk.fuse);
	fuse_destroy(disk.fuse);
	fuse_opt_free_args(&arguments);
	return 0;
}
