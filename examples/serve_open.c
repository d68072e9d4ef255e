/* Opens an address in the browser, by what desktops have for that: xdg-open. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve.h"

static pid_t opener = -1;
static const char *opened;

/* What the desktop has to say would stand between the lines of the log. The signals that this program waits
 * for are blocked here, and are not to be in the other one. */
static int start(const char *url, pid_t *pid)
{
	char program[] = "xdg-open";
	char *argv[] = {program, (char *)(uintptr_t)url, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	sigemptyset(&none);
	error = posix_spawn_file_actions_init(&files);
	if (error != 0)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (error != 0)
		goto fail;
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	error = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	for (int fd = 1; fd <= 2 && error == 0; fd++)
		error = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_WRONLY, 0);
	if (error == 0)
		error = posix_spawnp(pid, program, &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
fail:
	posix_spawn_file_actions_destroy(&files);
	return error;
}

void open_browser(const char *url)
{
	int error = start(url, &opener);

	opened = url;
	if (error == 0)
		return;
	opener = -1;
	if (error == ENOENT)
		refuse("--open: there is no xdg-open here (package xdg-utils); open %s yourself", url);
	else
		refuse("--open: xdg-open: %s; open %s yourself", strerror(error), url);
}

void notice_browser(void)
{
	int status;

	if (opener < 0 || waitpid(opener, &status, WNOHANG) != opener)
		return;
	opener = -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		refuse("--open: xdg-open found no browser; open %s yourself", opened);
}
