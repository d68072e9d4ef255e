/* load_plugin PLUGIN FOLDER NAME TEXT - a program without fsrv that loads a plugin, has a thread use it, and
 * unloads it while this thread is still there. It ends with 0 when the plugin served, no thread and no code
 * of it is left, and the thread ends well although the code that it ran is gone. */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plugin.h"

/* The library's own threads, by name. */
static const char *const names[] = {"fsrv-clients", "fsrv-guard", "fsrv-worker", "fsrv-follow"};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

struct user {
	struct visit visit;
	use_plugin_function *use;
	const char *failure;
	unsigned seen; /* bits by the order of names */
	sem_t is_done, may_end;
};

static void note_name(struct user *user, const char *task)
{
	char path[300], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task);
	file = fopen(path, "r");
	if (file == NULL)
		return;
	if (fgets(name, sizeof(name), file) != NULL)
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
	for (unsigned i = 0; i < N_NAMES; i++)
		if (strcmp(name, names[i]) == 0)
			user->seen |= 1U << i;
}

/* Returns the number of threads. */
static unsigned look_at_threads(struct user *user)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned count = 0;

	while (tasks != NULL && (entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.') {
			note_name(user, entry->d_name);
			count++;
		}
	if (tasks != NULL)
		closedir(tasks);
	return count;
}

static void look(void *cls)
{
	look_at_threads(cls);
}

static void *run_user(void *cls)
{
	struct user *user = cls;

	user->failure = user->use(&user->visit);
	sem_post(&user->is_done);
	while (sem_wait(&user->may_end) != 0)
		;
	return NULL;
}

static int is_mapped(const char *part)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	int found = maps == NULL;

	while (!found && fgets(line, sizeof(line), maps) != NULL)
		found = strstr(line, part) != NULL;
	if (maps != NULL)
		fclose(maps);
	return found;
}

/* A thread that was joined may be listed for a moment longer: the kernel tells of its end before it is gone.
 */
static int has_threads(struct user *user, unsigned count)
{
	for (unsigned i = 0; i < 6000 && look_at_threads(user) != count; i++)
		usleep(10000);
	return look_at_threads(user) == count;
}

static const char *visit_plugin(struct user *user, const char *path)
{
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const char *failure = NULL;
	pthread_t thread;

	if (plugin == NULL)
		return dlerror();
	*(void **)&user->use = dlsym(plugin, "use_plugin");
	if (user->use == NULL || pthread_create(&thread, NULL, run_user, user) != 0)
		return "the plugin cannot be used";
	while (sem_wait(&user->is_done) != 0)
		;
	if (user->failure != NULL) {
		fprintf(stderr, "failed: %s\n", user->failure);
		failure = "the plugin did not serve";
	}
	if (dlclose(plugin) != 0)
		failure = dlerror();
	if (!has_threads(user, 2))
		failure = "a thread is left";
	if (is_mapped("libfsrv") || is_mapped("plugin.so"))
		failure = "the plugin is still in memory";
	sem_post(&user->may_end);
	pthread_join(thread, NULL);
	return failure;
}

int main(int argc, char **argv)
{
	struct user user = {.use = NULL};

	if (argc != 5)
		return 2;
	user.visit = (struct visit){argv[2], argv[3], argv[4], look, &user};
	sem_init(&user.is_done, 0, 0);
	sem_init(&user.may_end, 0, 0);
	for (unsigned i = 0; i < 3; i++) {
		const char *failure = visit_plugin(&user, argv[1]);

		if (failure != NULL) {
			fprintf(stderr, "load %u: %s\n", i + 1, failure);
			return 1;
		}
	}
	for (unsigned i = 0; i < N_NAMES; i++)
		if ((user.seen >> i & 1) == 0) {
			fprintf(stderr, "%s never ran\n", names[i]);
			return 1;
		}
	return 0;
}
