/* archive FILE.tar - serves the files in a tar archive without unpacking it: each is a source that reads at
 * an offset of the archive. Of the formats it knows ustar, without the extensions of pax. */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsrv/resource.h"
#include "fsrv/server.h"

#define BLOCK 512

struct entry {
	char name[300];
	uint64_t offset, length;
	int64_t modified;
};

static struct fsrv *fs;
static struct entry *entries;
static size_t n_entries;
static int archive;

static uint64_t read_octal(const char *text, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size && text[i] >= '0' && text[i] <= '7'; i++)
		number = number * 8 + (uint64_t)(text[i] - '0');
	return number;
}

static void add_entry(const char *header, uint64_t offset)
{
	struct entry *entry;

	entries = realloc(entries, (n_entries + 1) * sizeof(*entries));
	if (entries == NULL)
		err(2, "memory");
	entry = &entries[n_entries++];
	*entry = (struct entry){.offset = offset,
				.length = read_octal(header + 124, 12),
				.modified = (int64_t)read_octal(header + 136, 12)};
	/* The prefix of a long name stands apart (POSIX, pax). */
	snprintf(entry->name, sizeof(entry->name), "%.155s%s%.100s", header + 345,
		 header[345] != '\0' ? "/" : "", header);
}

static void read_archive(const char *name)
{
	char header[BLOCK];
	uint64_t at = 0;

	archive = open(name, O_RDONLY | O_CLOEXEC);
	if (archive < 0)
		err(2, "%s", name);
	while (pread(archive, header, BLOCK, (off_t)at) == BLOCK && header[0] != '\0') {
		uint64_t length = read_octal(header + 124, 12);

		if (memcmp(header + 257, "ustar", 5) != 0)
			errx(2, "%s is no ustar archive; make one with tar --format=ustar", name);
		if (header[156] == '0' || header[156] == '\0')
			add_entry(header, at + BLOCK);
		at += BLOCK + (length + BLOCK - 1) / BLOCK * BLOCK;
	}
	if (n_entries == 0)
		errx(2, "%s holds no files", name);
}

static ssize_t read_entry(void *cls, void *buffer, size_t size, uint64_t offset)
{
	const struct entry *entry = cls;
	uint64_t left = offset < entry->length ? entry->length - offset : 0;

	return pread(archive, buffer, size < left ? size : (size_t)left, (off_t)(entry->offset + offset));
}

static struct entry *find_entry(const char *url)
{
	char name[300];

	if (strlen(url) > sizeof(name))
		return NULL;
	strcpy(name, url + 1);
	MHD_http_unescape(name);
	for (size_t i = 0; i < n_entries; i++)
		if (strcmp(entries[i].name, name) == 0 ||
		    (strncmp(entries[i].name, "./", 2) == 0 && strcmp(entries[i].name + 2, name) == 0))
			return &entries[i];
	return NULL;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **con_cls)
{
	struct entry *entry = find_entry(url);
	struct fsrv_resource resource = {.size = sizeof(resource),
					 .kind = FSRV_RESOURCE_SOURCE,
					 .flags = FSRV_RESOURCE_MAY_WAIT,
					 .read = read_entry,
					 .cls = entry};

	(void)cls;
	if (entry != NULL) {
		resource.name = entry->name;
		resource.length = entry->length;
		resource.modified = entry->modified;
	}
	return fsrv_serve(fs, entry != NULL ? &resource : NULL, connection, url, method, version, upload_data,
			  upload_data_size, con_cls);
}

int main(int argc, char **argv)
{
	static const char *const roots[] = {"/"}; /* nothing is served from there */
	struct fsrv_options options = {.size = sizeof(options), .roots = roots, .n_roots = 1};
	struct fsrv_server_options of_server = {
		.size = sizeof(of_server), .mode = FSRV_SERVER_EPOLL, .handler = handle};
	struct fsrv_server *server;
	sigset_t ends;
	int error, ended_by;

	if (argc != 2)
		errx(2, "usage: archive FILE.tar");
	read_archive(argv[1]);
	error = fsrv_new(&options, &fs);
	if (error != FSRV_OK)
		errx(2, "%s", fsrv_strerror(error));
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	error = fsrv_server_start(fs, &of_server, &server);
	if (error != FSRV_OK)
		errx(2, "the server does not start: %s", fsrv_strerror(error));
	printf("%s\n", fsrv_server_url(server));
	fflush(stdout);
	sigwait(&ends, &ended_by);
	fsrv_server_stop(server);
	fsrv_free(fs);
	free(entries);
	return 0;
}
