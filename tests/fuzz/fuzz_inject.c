/* Planning, slicing and building: the new page is the old one minus what was stripped plus what was put
 * in; a built element ends where it says. Input: three bytes of choices, then the page, which serves as
 * the text of a script too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fsrv/inject.h"

#define REQUIRE(condition)                                                                                   \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

#define MAX_STRIPS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fsrv_snippet snippets[FSRV_POINTS] = {{"<script data-fsrv>1</script>", 28},
							  {"<script data-fsrv>2</script>", 28},
							  {"<script data-fsrv>3</script>", 28}};
static const struct fsrv_marker markers[] = {{"data-fsrv", 9, 0}, {"mark", 4, 0}};

struct output {
	char *bytes;
	uint64_t length;
};

/* Every byte of the page is either in a segment or in a stripped element, once and in order. */
static void check_segments(const struct fsrv_page *page, const struct fsrv_segment *segments, size_t count,
			   uint64_t length)
{
	uint64_t position = 0, sum = 0;
	size_t strip = 0;

	for (size_t i = 0; i < count; i++) {
		sum += segments[i].length;
		REQUIRE(segments[i].length > 0);
		if (segments[i].literal != NULL)
			continue;
		while (strip < page->n_strips && page->strips[strip].offset == position)
			position += page->strips[strip++].length;
		REQUIRE(segments[i].offset == position);
		position += segments[i].length;
	}
	while (strip < page->n_strips && page->strips[strip].offset == position)
		position += page->strips[strip++].length;
	REQUIRE(position == page->size && strip == page->n_strips && sum == length);
}

static void check_slice(const struct fsrv_segment *segments, size_t count, const uint8_t *page,
			const struct output *output, uint64_t from, uint64_t length)
{
	struct fsrv_segment slice[FSRV_SEGMENTS_MAX(MAX_STRIPS)];
	uint64_t expected = from < output->length ? output->length - from : 0;
	char *bytes = malloc((size_t)output->length + 1);
	uint64_t sum = 0;
	size_t n;

	REQUIRE(bytes != NULL);
	expected = expected < length ? expected : length;
	fsrv_segments_slice(segments, count, from, length, slice, &n);
	REQUIRE(n <= count);
	for (size_t i = 0; i < n; i++)
		sum += slice[i].length;
	REQUIRE(sum == expected);
	fsrv_segments_copy(slice, n, page, bytes);
	REQUIRE(expected == 0 || memcmp(bytes, output->bytes + from, (size_t)expected) == 0);
	free(bytes);
}

static struct output inject(const uint8_t *bytes, size_t size, unsigned points, unsigned flags, unsigned cut)
{
	struct fsrv_strip strips[MAX_STRIPS];
	struct fsrv_segment segments[FSRV_SEGMENTS_MAX(MAX_STRIPS)], few[1];
	struct fsrv_snippet chosen[FSRV_POINTS] = {{0}};
	struct fsrv_scan_options options = {.size = sizeof(options),
					    .markers = markers,
					    .n_markers = 2,
					    .strips = strips,
					    .max_strips = MAX_STRIPS};
	struct output output = {NULL, 0};
	struct fsrv_page page;
	uint64_t length;
	size_t count, needed;

	for (unsigned i = 0; i < FSRV_POINTS; i++)
		if (points & 1U << i)
			chosen[i] = snippets[i];
	if (fsrv_scan_page(bytes, size, &options, &page) != FSRV_OK)
		return output;
	REQUIRE(fsrv_segments_plan(&page, chosen, flags, segments, FSRV_SEGMENTS_MAX(page.n_strips), &count,
				   &output.length) == FSRV_OK);
	REQUIRE(fsrv_segments_plan(&page, chosen, flags, few, 1, &needed, &length) ==
		(count > 1 ? FSRV_ERR_SPACE : FSRV_OK));
	REQUIRE(needed == count && length == output.length);
	check_segments(&page, segments, count, output.length);
	output.bytes = malloc((size_t)output.length + 1);
	REQUIRE(output.bytes != NULL);
	fsrv_segments_copy(segments, count, bytes, output.bytes);
	check_slice(segments, count, bytes, &output, cut % (output.length + 2),
		    cut * 7U % (output.length + 2));
	return output;
}

/* What was put in carries a marker, so a second run takes it out again and puts the same in. */
static void check_idempotence(const struct output *first, unsigned points)
{
	size_t length = (size_t)first->length;
	struct output second = inject((const uint8_t *)first->bytes, length, points, 0, 1);

	REQUIRE(second.bytes == NULL ||
		(second.length == length && memcmp(second.bytes, first->bytes, length) == 0));
	free(second.bytes);
}

/* The built element must be one script element from its first to its last byte. */
static void check_build(const uint8_t *text, size_t size, unsigned choice)
{
	const struct fsrv_attribute attributes[] = {{"data-fsrv", NULL},
						    {"type", choice & 4 ? "module" : "a\"b&c>"}};
	struct fsrv_script script = {text, size, attributes, choice & 8 ? 1 : 2,
				     (enum fsrv_script_mode)(choice % 3)};
	struct fsrv_strip strip;
	struct fsrv_scan_options options = {.size = sizeof(options),
					    .markers = markers,
					    .n_markers = 1,
					    .strips = &strip,
					    .max_strips = 1};
	struct fsrv_page page;
	size_t length = 0, written;
	int error = fsrv_script_build(&script, NULL, 0, &length);
	char *element;

	if (error == FSRV_ERR_UNSAFE) {
		REQUIRE(script.mode != FSRV_SCRIPT_ESCAPE &&
			(fsrv_script_check(text, size) & FSRV_SCRIPT_UNSAFE));
		return;
	}
	REQUIRE(error == FSRV_ERR_SPACE);
	element = malloc(length);
	REQUIRE(element != NULL && fsrv_script_build(&script, element, length, &written) == FSRV_OK);
	REQUIRE(written == length);
	fsrv_scan_page(element, length, &options, &page);
	REQUIRE(page.n_strips == 1 && strip.offset == 0 && strip.length == length);
	if (!(fsrv_script_check(text, size) & FSRV_SCRIPT_UNSAFE))
		REQUIRE(size == 0 || memcmp(element + length - 9 - size, text, size) == 0);
	free(element);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct output output;

	if (size < 3)
		return 0;
	output =
		inject(data + 3, size - 3, data[0], data[0] & 8 ? FSRV_PLAN_KEEP_ELEMENTS : 0, data[1] * 13U);
	if (output.bytes != NULL && !(data[0] & 8))
		check_idempotence(&output, data[0]);
	free(output.bytes);
	check_build(data + 3, size - 3, data[2]);
	return 0;
}
