/* The counters of fsrv-serve, for people and for programs. */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "serve.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static const struct counter {
	const char *name;
	size_t offset;
} counters[] = {
	{"requests", offsetof(struct fsrv_stats, requests)},
	{"bytes", offsetof(struct fsrv_stats, bytes)},
	{"live_bodies", offsetof(struct fsrv_stats, live_bodies)},
	{"open_files", offsetof(struct fsrv_stats, open_files)},
	{"cold_reads", offsetof(struct fsrv_stats, cold_reads)},
	{"cold_lookups", offsetof(struct fsrv_stats, cold_lookups)},
	{"suspends", offsetof(struct fsrv_stats, suspends)},
	{"cache_hits", offsetof(struct fsrv_stats, cache_hits)},
	{"cache_misses", offsetof(struct fsrv_stats, cache_misses)},
	{"cache_size", offsetof(struct fsrv_stats, cache_size)},
	{"cache_evictions", offsetof(struct fsrv_stats, cache_evictions)},
	{"cut_connections", offsetof(struct fsrv_stats, cut_connections)},
	{"refused", offsetof(struct fsrv_stats, refused)},
};

static uint64_t read_counter(const struct fsrv_stats *stats, const struct counter *counter)
{
	return *(const uint64_t *)(const void *)((const char *)stats + counter->offset);
}

static void write_lines(struct fsrv *fs, FILE *file)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};

	fsrv_stats(fs, &stats);
	for (size_t i = 0; i < LEN(counters); i++)
		fprintf(file, "%s %" PRIu64 "\n", counters[i].name, read_counter(&stats, &counters[i]));
	for (size_t status = 0; status < LEN(stats.responses); status++)
		if (stats.responses[status] > 0)
			fprintf(file, "responses %zu %" PRIu64 "\n", status, stats.responses[status]);
}

static void write_json(struct fsrv *fs, FILE *file)
{
	struct fsrv_stats stats = {.size = sizeof(stats)};
	const char *comma = "";

	fsrv_stats(fs, &stats);
	fputc('{', file);
	for (size_t i = 0; i < LEN(counters); i++)
		fprintf(file, "\"%s\": %" PRIu64 ", ", counters[i].name, read_counter(&stats, &counters[i]));
	fputs("\"responses\": {", file);
	for (size_t status = 0; status < LEN(stats.responses); status++) {
		if (stats.responses[status] == 0)
			continue;
		fprintf(file, "%s\"%zu\": %" PRIu64, comma, status, stats.responses[status]);
		comma = ", ";
	}
	fputs("}}\n", file);
}

void print_stats(const struct settings *s)
{
	if (s->log == LOG_JSON)
		write_json(s->fs, stderr);
	else
		write_lines(s->fs, stderr);
}

enum MHD_Result answer_stats(struct fsrv *fs, struct MHD_Connection *connection)
{
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);
	struct MHD_Response *response;
	enum MHD_Result queued;

	if (file == NULL)
		return MHD_NO;
	write_json(fs, file);
	if (fclose(file) == EOF) {
		free(text);
		return MHD_NO;
	}
	response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "application/json");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return queued;
}
