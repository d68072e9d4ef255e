/* Finds a file in a root and prints it, with and without openat2(2), waiting and not: look ROOT PATH. Built
 * with musl, of the objects of lib/fs and lib/http alone. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fs/residency.h"
#include "fs/roots.h"
#include "fs/workers.h"

static int print(struct fsrv__roots *roots, struct fsrv__path path, enum fsrv__wait_policy wait)
{
	struct fsrv__find_options options = {FSRV__FIND_OPEN, wait, -1};
	struct fsrv__file file = {.fd = -1};
	enum fsrv__outcome outcome = fsrv__roots_find(roots, &options, &path, &file);
	char bytes[4096];
	ssize_t n;

	if (outcome == FSRV__OVERLOADED && wait == FSRV__CACHED_ONLY)
		return printf("would wait\n");
	if (outcome != FSRV__FOUND_FILE)
		return printf("outcome %d\n", (int)outcome);
	n = fsrv__residency_read(&file, bytes, sizeof(bytes), 0, false);
	if (n < 0)
		n = fsrv__file_read(&file, bytes, sizeof(bytes), 0);
	fsrv__file_close(&file);
	return printf("%zd bytes: %.*s\n", n, n > 0 ? (int)n : 0, bytes);
}

int main(int argc, char **argv)
{
	static const char *const index_names[] = {"index.html"};
	struct fsrv__root root = {.links = FSRV__LINKS_BENEATH};
	struct fsrv__roots roots = {
		.list = &root, .n_roots = 1, .index_names = index_names, .n_index_names = 1};
	struct fsrv__path path;

	if (argc != 3)
		return 2;
	root.path = argv[1];
	root.length = strlen(argv[1]);
	if (!fsrv__root_is_usable(root.path) ||
	    fsrv__path_parse((struct fsrv__text){argv[2], strlen(argv[2])}, FSRV__PATH_RAW, &path) !=
		    FSRV__PATH_OK)
		return 1;
	fsrv__root_detect_medium(&roots, &root);
	for (int i = 0; i < 2; i++) {
		roots.has_openat2 = i == 0 && fsrv__has_openat2();
		print(&roots, path, FSRV__MAY_WAIT);
		print(&roots, path, FSRV__CACHED_ONLY);
	}
	return 0;
}
