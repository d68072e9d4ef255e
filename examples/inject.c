/* fsrv-inject - puts scripts into an HTML page, or wraps a script in an element; a filter for pipes. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsrv/inject.h"

static const char usage[] =
	"usage: fsrv-inject [--head-start FILE]... [--head-end FILE]... [--body-end FILE]...\n"
	"                   [--strip MARKER]... [--chunk N]\n"
	"       fsrv-inject --wrap-js [--type TYPE] [--strict | --data-url]\n"
	"Reads a page from standard input and writes it to standard output with the bytes of each FILE put\n"
	"in at the start of its head, the end of its head or the end of its body. Script elements that\n"
	"contain a MARKER leave the page. --chunk feeds the scanner N bytes at a time; the result is the\n"
	"same. With --wrap-js the text of a script is read and one script element written; where the text\n"
	"would end the element itself it is escaped, refused (--strict) or put into a data: URL "
	"(--data-url).\n"
	"Exit status: 0; 2 when something is wrong or refused.\n";

struct bytes {
	char *data;
	size_t length;
	size_t room;
};

struct request {
	struct bytes inserts[FSRV_POINTS];
	struct fsrv_marker *markers;
	size_t n_markers;
	size_t chunk;
	const char *type;
	enum fsrv_script_mode mode;
	bool wraps;
	bool injects;
};

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list values)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, values);
	for (char *at = line; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 127)
			*at = '?'; /* a name with a line break must not make two lines */
	fprintf(stderr, "fsrv-inject: %s\n", line);
}

__attribute__((format(printf, 1, 2))) static void warn(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	say(format, values);
	va_end(values);
}

__attribute__((format(printf, 1, 2))) static _Noreturn void die(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	say(format, values);
	va_end(values);
	exit(2);
}

static void *grow(void *memory, size_t size)
{
	void *larger = realloc(memory, size > 0 ? size : 1);

	if (larger == NULL)
		die("out of memory");
	return larger;
}

/* Appends what is left of the file. */
static void read_all(FILE *file, const char *name, struct bytes *bytes)
{
	do {
		if (bytes->length == bytes->room) {
			bytes->room = bytes->room > 0 ? 2 * bytes->room : 65536;
			bytes->data = grow(bytes->data, bytes->room);
		}
		bytes->length += fread(bytes->data + bytes->length, 1, bytes->room - bytes->length, file);
	} while (!feof(file) && !ferror(file));
	if (ferror(file))
		die("cannot read %s: %s", name, strerror(errno));
}

static void read_file(const char *name, struct bytes *bytes)
{
	FILE *file = fopen(name, "rb");

	if (file == NULL)
		die("cannot open %s: %s", name, strerror(errno));
	read_all(file, name, bytes);
	fclose(file);
}

static void write_all(const void *data, size_t length)
{
	if (fwrite(data, 1, length, stdout) != length || fflush(stdout) != 0)
		die("cannot write standard output: %s", strerror(errno));
}

static void add_marker(struct request *request, const char *marker)
{
	size_t length = strlen(marker);

	if (length == 0 || length > FSRV_MARKER_MAX)
		die("--strip needs a marker of 1 to %d bytes, not '%s'", FSRV_MARKER_MAX, marker);
	request->markers = grow(request->markers, (request->n_markers + 1) * sizeof(*request->markers));
	request->markers[request->n_markers++] = (struct fsrv_marker){marker, length, 0};
}

static size_t read_chunk(const char *text)
{
	size_t number = 0;

	for (const char *at = text; *at != '\0'; at++) {
		unsigned digit = (unsigned)(*at - '0');

		if (digit > 9 || number > (SIZE_MAX - digit) / 10)
			die("--chunk needs a number of bytes from 1 on, not '%s'", text);
		number = number * 10 + digit;
	}
	if (number == 0)
		die("--chunk needs a number of bytes from 1 on, not '%s'", text);
	return number;
}

static void take_insert(struct request *request, enum fsrv_point point, const char *name)
{
	request->injects = true;
	read_file(name, &request->inserts[point]);
}

/* Takes an option with its value; false when there is no such option. */
static bool take_option(struct request *request, const char *option, const char *value)
{
	if (strcmp(option, "--head-start") == 0)
		take_insert(request, FSRV_HEAD_START, value);
	else if (strcmp(option, "--head-end") == 0)
		take_insert(request, FSRV_HEAD_END, value);
	else if (strcmp(option, "--body-end") == 0)
		take_insert(request, FSRV_BODY_END, value);
	else if (strcmp(option, "--strip") == 0)
		add_marker(request, value);
	else if (strcmp(option, "--chunk") == 0)
		request->chunk = read_chunk(value);
	else if (strcmp(option, "--type") == 0)
		request->type = value;
	else
		return false;
	return true;
}

static bool has_value(const char *option)
{
	static const char *const options[] = {"--head-start", "--head-end", "--body-end",
					      "--strip",      "--chunk",    "--type"};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(option, options[i]) == 0)
			return true;
	return false;
}

/* Takes an option without a value. */
static void take_switch(struct request *request, const char *option)
{
	enum fsrv_script_mode mode = FSRV_SCRIPT_ESCAPE;

	if (strcmp(option, "--wrap-js") == 0) {
		request->wraps = true;
		return;
	}
	if (strcmp(option, "--strict") == 0)
		mode = FSRV_SCRIPT_STRICT;
	else if (strcmp(option, "--data-url") == 0)
		mode = FSRV_SCRIPT_DATA_URL;
	else
		die("unknown option '%s'; see --help", option);
	if (request->mode != FSRV_SCRIPT_ESCAPE && request->mode != mode)
		die("--strict and --data-url exclude each other");
	request->mode = mode;
}

static void parse(struct request *request, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!has_value(argv[i])) {
			take_switch(request, argv[i]);
			continue;
		}
		if (i + 1 == argc)
			die("%s needs a value", argv[i]);
		take_option(request, argv[i], argv[i + 1]);
		i++;
	}
	if (request->wraps && (request->injects || request->n_markers > 0 || request->chunk > 0))
		die("--wrap-js takes --type, --strict and --data-url only");
	if (!request->wraps && (request->type != NULL || request->mode != FSRV_SCRIPT_ESCAPE))
		die("--type, --strict and --data-url need --wrap-js");
}

static void wrap(const struct request *request, const struct bytes *text)
{
	struct fsrv_attribute type = {"type", request->type};
	struct fsrv_script script = {text->data, text->length, &type, request->type != NULL, request->mode};
	size_t length = 0;
	int error = fsrv_script_build(&script, NULL, 0, &length);
	char *element;

	if (error != FSRV_ERR_SPACE)
		die("--wrap-js: %s", fsrv_strerror(error));
	element = grow(NULL, length);
	fsrv_script_build(&script, element, length, &length);
	write_all(element, length);
	free(element);
}

static int scan(const struct request *request, const struct bytes *text, struct fsrv_strip *strips,
		size_t max_strips, struct fsrv_page *page)
{
	struct fsrv_scan_options options = {.size = sizeof(options),
					    .markers = request->markers,
					    .n_markers = request->n_markers,
					    .strips = strips,
					    .max_strips = max_strips};
	struct fsrv_scan state;
	int error = fsrv_scan_begin(&state, &options);

	if (error != FSRV_OK)
		die("%s", fsrv_strerror(error));
	for (size_t at = 0; at < text->length;) {
		size_t left = text->length - at;
		size_t length = request->chunk > 0 && request->chunk < left ? request->chunk : left;

		fsrv_scan_feed(&state, text->data + at, length);
		at += length;
	}
	return fsrv_scan_end(&state, page);
}

/* What the caller may want to know: a snippet that is missing, or not where it was asked for. */
static void warn_about(const struct fsrv_page *page)
{
	if (page->flags & (FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP))
		warn("the page is %s: unchanged", page->flags & FSRV_PAGE_UTF16 ? "UTF-16" : "ISO-2022-JP");
	else if (page->flags & FSRV_PAGE_FRAMESET)
		warn("the page is a frameset: the end of its body is the end of its head");
	else if (page->flags & FSRV_PAGE_UNFINISHED)
		warn("the page ends inside of what starts at byte %llu: its body ends before that",
		     (unsigned long long)page->at[FSRV_BODY_END]);
}

static void inject(const struct request *request, const struct bytes *text)
{
	struct fsrv_snippet snippets[FSRV_POINTS];
	struct fsrv_strip *strips = NULL;
	struct fsrv_segment *segments;
	struct fsrv_page page;
	uint64_t length;
	size_t count;
	char *output;

	if (scan(request, text, NULL, 0, &page) == FSRV_ERR_SPACE) {
		strips = grow(NULL, page.n_strips * sizeof(*strips));
		scan(request, text, strips, page.n_strips, &page);
	}
	for (size_t i = 0; i < FSRV_POINTS; i++)
		snippets[i] = (struct fsrv_snippet){request->inserts[i].data, request->inserts[i].length};
	if (request->injects || request->n_markers > 0)
		warn_about(&page);
	count = FSRV_SEGMENTS_MAX(page.n_strips);
	segments = grow(NULL, count * sizeof(*segments));
	fsrv_segments_plan(&page, snippets, 0, segments, count, &count, &length);
	output = grow(NULL, (size_t)length);
	fsrv_segments_copy(segments, count, text->data, output);
	write_all(output, (size_t)length);
	free(output);
	free(segments);
	free(strips);
}

int main(int argc, char **argv)
{
	struct request request = {0};
	struct bytes text = {0};

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		write_all(usage, sizeof(usage) - 1);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("fsrv-inject %s\n", fsrv_version());
		write_all("", 0);
		return 0;
	}
	parse(&request, argc, argv);
	read_all(stdin, "standard input", &text);
	if (request.wraps)
		wrap(&request, &text);
	else
		inject(&request, &text);
	for (size_t i = 0; i < FSRV_POINTS; i++)
		free(request.inserts[i].data);
	free(request.markers);
	free(text.data);
	return 0;
}
