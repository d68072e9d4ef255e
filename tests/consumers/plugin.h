/* What plugin.c and the program that loads it agree on. */
#ifndef PLUGIN_H
#define PLUGIN_H

struct visit {
	const char *folder, *name; /* of a file of more than 64 KiB */
	const char *text;          /* its end */
	void (*look)(void *cls);   /* called while the threads of a server are there */
	void *cls;
};

/* Returns NULL, or what did not answer as it should. */
typedef const char *use_plugin_function(const struct visit *visit);
use_plugin_function use_plugin;

#endif
