/* The least that an answer of libmicrohttpd can cost: prepared_handler epoll|thread ROOT
 *
 * Each file of ROOT is read before the start, and the responses to all requests that are expected are made
 * then. The handler only chooses one. It checks nothing, and a range is always the same one. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve_loopback.h"

#define MAX_FILES   16
#define RANGE_START 1000000
#define RANGE_SIZE  65536

static struct file {
	char url[257];
	struct MHD_Response *whole, *range, *not_modified;
} files[MAX_FILES];

static unsigned n_files;
static struct MHD_Response *absent;

static void add_field(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_add_response_header(response, name, value) != MHD_YES)
		exit(1);
}

/* With the fields that fsrv sends. */
static struct MHD_Response *prepare(void *bytes, size_t size, const char *content_range)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_PERSISTENT);

	add_field(response, "X-Content-Type-Options", "nosniff");
	add_field(response, "ETag", "\"0123456789abcdef\"");
	add_field(response, "Last-Modified", "Wed, 25 Nov 2026 12:00:00 GMT");
	add_field(response, "Cache-Control", "no-cache");
	if (size > 0) {
		add_field(response, "Content-Type", "application/octet-stream");
		add_field(response, "Accept-Ranges", "bytes");
	}
	if (content_range != NULL)
		add_field(response, "Content-Range", content_range);
	return response;
}

static void read_file(const char *folder, const char *name)
{
	struct file *file = &files[n_files++];
	char path[4096], content_range[80];
	char *bytes;
	FILE *stream;
	long size;

	snprintf(file->url, sizeof(file->url), "/%s", name);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "rb");
	if (stream == NULL || fseek(stream, 0, SEEK_END) != 0 || (size = ftell(stream)) < 0)
		exit(1);
	rewind(stream);
	bytes = malloc((size_t)size + 1);
	if (bytes == NULL || fread(bytes, 1, (size_t)size, stream) != (size_t)size)
		exit(1);
	fclose(stream);
	file->whole = prepare(bytes, (size_t)size, NULL);
	file->not_modified = prepare(bytes, 0, NULL);
	if (size >= RANGE_START + RANGE_SIZE) {
		snprintf(content_range, sizeof(content_range), "bytes %d-%d/%ld", RANGE_START,
			 RANGE_START + RANGE_SIZE - 1, size);
		file->range = prepare(bytes + RANGE_START, RANGE_SIZE, content_range);
	}
}

static void read_files(const char *folder)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	if (directory == NULL)
		exit(1);
	while (n_files < MAX_FILES && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			read_file(folder, entry->d_name);
	closedir(directory);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **context)
{
	(void)cls;
	(void)method;
	(void)version;
	(void)upload;
	(void)upload_size;
	if (*context == NULL) {
		*context = files;
		return MHD_YES;
	}
	for (const struct file *file = files; file < files + n_files; file++) {
		if (strcmp(url, file->url) != 0)
			continue;
		if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match") != NULL)
			return MHD_queue_response(connection, MHD_HTTP_NOT_MODIFIED, file->not_modified);
		if (file->range != NULL &&
		    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Range") != NULL)
			return MHD_queue_response(connection, MHD_HTTP_PARTIAL_CONTENT, file->range);
		return MHD_queue_response(connection, MHD_HTTP_OK, file->whole);
	}
	return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, absent);
}

int main(int argc, char **argv)
{
	static char text[] = "not found\n";

	if (argc != 3)
		return 2;
	read_files(argv[2]);
	absent = prepare(text, sizeof(text) - 1, NULL);
	return serve_loopback(argv[1], handle, NULL);
}
