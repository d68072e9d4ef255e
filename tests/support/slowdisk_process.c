#include "slowdisk_process.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void become_slowdisk(const char *program, const char *backing, const char *mount, int input,
			    int output)
{
	sigset_t none;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	execl(program, "slowdisk", backing, mount, (char *)NULL);
	_exit(127);
}

bool slowdisk_ask(struct slowdisk_process *process, const char *line, char *answer, int size)
{
	if (line != NULL && (fprintf(process->commands, "%s\n", line) < 0 || fflush(process->commands) != 0))
		return false;
	if (fgets(answer, size, process->answers) == NULL)
		return false;
	answer[strcspn(answer, "\n")] = '\0';
	return true;
}

bool slowdisk_start(struct slowdisk_process *process, const char *program, const char *backing,
		    const char *mount)
{
	int input[2], output[2];
	char answer[16];

	if (pipe2(input, O_CLOEXEC) != 0)
		return false;
	if (pipe2(output, O_CLOEXEC) != 0) {
		close(input[0]);
		close(input[1]);
		return false;
	}
	process->id = fork();
	if (process->id == 0)
		become_slowdisk(program, backing, mount, input[0], output[1]);
	close(input[0]);
	close(output[1]);
	process->commands = fdopen(input[1], "w");
	process->answers = fdopen(output[0], "r");
	return process->id > 0 && process->commands != NULL && process->answers != NULL &&
	       slowdisk_ask(process, NULL, answer, sizeof(answer)) && strcmp(answer, "ready") == 0;
}
