/* Starting slowdisk, the disk that is slow or fails on command; slowdisk.c says how. */
#ifndef SLOWDISK_PROCESS_H
#define SLOWDISK_PROCESS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct slowdisk_process {
	pid_t id; /* 0: none */
	FILE *commands, *answers;
};

/* Starts it away from the caller's process group, so that no Ctrl-C and no runner of tests ends it before its
 * time. It ends when commands is closed, and with the calling thread, however that ends.
 *
 * Sets the members of process that could be made, whatever it returns: the caller closes the files and waits
 * for the process. True once the disk is mounted. */
bool slowdisk_start(struct slowdisk_process *process, const char *program, const char *backing,
		    const char *mount);

/* Sends a line unless it is NULL, and reads one into answer, without its end. False when there is none. */
bool slowdisk_ask(struct slowdisk_process *process, const char *line, char *answer, int size);

#endif
