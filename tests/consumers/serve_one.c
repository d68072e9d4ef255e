/* serve_one FOLDER NAME TEXT - a program that has only what an installation gives: it serves a folder,
 * asks itself for a file and ends with 0 when the answer is 200 and ends with TEXT. Compiled as C and,
 * by serve_one.cpp, as C++. */
#include <string.h>

#include <fsrv/range.h>
#include <fsrv/server.h>

#include "fetch.h"

int main(int argc, char **argv)
{
	struct fsrv_options options;
	struct fsrv_server *server;
	struct fsrv *fs;
	const char *root;
	char answer[4096];
	size_t length, end;

	if (argc != 4 || fsrv_parse_range_header(NULL, 0, 1, NULL) != FSRV_RANGE_IGNORE)
		return 2;
	root = argv[1];
	end = strlen(argv[3]);
	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.roots = &root;
	options.n_roots = 1;
	if (fsrv_new(&options, &fs) != FSRV_OK || fsrv_server_start(fs, NULL, &server) != FSRV_OK)
		return 2;
	length = fetch(fsrv_server_port(server), argv[2], answer, sizeof(answer));
	fsrv_server_stop(server);
	fsrv_free(fs);
	if (length < end || strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
		return 1;
	return memcmp(answer + length - end, argv[3], end) == 0 && strcmp(fsrv_version(), FSRV_VERSION) == 0
		       ? 0
		       : 1;
}
