/* The scanner: its result doesn't depend on chunks and is made of things that are in the page.
 * Input: two bytes that choose chunk sizes and options, then the page. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsrv/inject.h"

#define MAX_STRIPS 32

#define REQUIRE(condition)                                                                                   \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	struct fsrv_page page;
	struct fsrv_strip strips[MAX_STRIPS];
	int error;
};

static const struct fsrv_marker markers[] = {{"mark", 4, 0}, {"Ab<", 3, 1}, {"></script", 9, 0}};

static struct fsrv_scan_options options_for(unsigned choice, struct fsrv_strip *strips)
{
	struct fsrv_scan_options options = {.size = sizeof(options),
					    .flags = choice & 1 ? FSRV_SCAN_HEAD_ONLY : 0,
					    .markers = markers,
					    .n_markers = choice & 2 ? 0 : 3,
					    .strips = strips,
					    .max_strips = choice & 4 ? 1 : MAX_STRIPS};

	return options;
}

static void scan_whole(const uint8_t *page, size_t size, unsigned choice, struct result *result)
{
	struct fsrv_scan_options options;

	memset(result, 0, sizeof(*result));
	options = options_for(choice, result->strips);
	result->error = fsrv_scan_page(page, size, &options, &result->page);
}

/* Chunks of pseudo-random sizes up to the limit; each in memory of its own, so that a look beyond one
 * is seen. */
static void scan_chunks(const uint8_t *page, size_t size, unsigned choice, unsigned limit,
			struct result *result)
{
	struct fsrv_scan_options options;
	struct fsrv_scan scan;
	uint32_t random = limit;

	memset(result, 0, sizeof(*result));
	options = options_for(choice, result->strips);
	REQUIRE(fsrv_scan_begin(&scan, &options) == FSRV_OK);
	for (size_t at = 0; at < size;) {
		size_t length = 1 + (random >> 16) % limit;
		uint8_t *chunk;

		if (length > size - at)
			length = size - at;
		chunk = malloc(length);
		REQUIRE(chunk != NULL);
		memcpy(chunk, page + at, length);
		fsrv_scan_feed(&scan, chunk, length);
		free(chunk);
		at += length;
		random = random * 1103515245U + 12345U;
	}
	result->error = fsrv_scan_end(&scan, &result->page);
}

static size_t stored(const struct result *result, unsigned choice)
{
	size_t max = choice & 4 ? 1 : MAX_STRIPS;

	return result->page.n_strips < max ? result->page.n_strips : max;
}

static void require_equal(const struct result *a, const struct result *b, unsigned choice)
{
	struct fsrv_page left = a->page, right = b->page;

	left.strips = right.strips = NULL;
	REQUIRE(left.size == right.size && left.flags == right.flags && left.n_strips == right.n_strips);
	REQUIRE(memcmp(left.at, right.at, sizeof(left.at)) == 0);
	REQUIRE(left.csp_offset == right.csp_offset && left.charset_offset == right.charset_offset);
	REQUIRE(left.charset_length == right.charset_length && a->error == b->error);
	for (size_t i = 0; i < stored(a, choice); i++) {
		const struct fsrv_strip *one = &a->strips[i], *other = &b->strips[i];

		REQUIRE(one->offset == other->offset && one->length == other->length);
		REQUIRE(one->before == other->before && one->after == other->after);
	}
}

static bool holds(const uint8_t *bytes, size_t length, const char *word)
{
	for (size_t i = 0; i + strlen(word) <= length; i++)
		if (strncasecmp((const char *)bytes + i, word, strlen(word)) == 0)
			return true;
	return false;
}

static void check_strips(const uint8_t *page, const struct result *result, unsigned choice)
{
	uint64_t position = 0;

	for (size_t i = 0; i < stored(result, choice); i++) {
		const struct fsrv_strip *strip = &result->strips[i];
		const uint8_t *element = page + strip->offset;
		uint64_t end = strip->offset + strip->length;
		size_t length = (size_t)strip->length;

		REQUIRE(strip->offset >= position && end <= result->page.size && strip->length >= 17);
		REQUIRE(strncasecmp((const char *)element, "<script", 7) == 0);
		REQUIRE(page[end - 1] == '>' && holds(element, length, "</script"));
		REQUIRE(holds(element, length, "mark") || holds(element, length, "ab<") ||
			holds(element, length, "></script"));
		REQUIRE(strip->after == (end < result->page.size ? page[end] : -1));
		for (unsigned point = 0; point < FSRV_POINTS; point++)
			REQUIRE(result->page.at[point] <= strip->offset || result->page.at[point] >= end);
		position = end;
	}
}

/* What the flags say is there in the bytes. */
static void check_flags(const uint8_t *bytes, const struct fsrv_page *page)
{
	if (!(page->flags & FSRV_PAGE_HEAD_IMPLIED))
		REQUIRE(page->at[FSRV_HEAD_START] > 0 && bytes[page->at[FSRV_HEAD_START] - 1] == '>');
	if (!(page->flags & FSRV_PAGE_HEAD_END_IMPLIED))
		REQUIRE(strncasecmp((const char *)bytes + page->at[FSRV_HEAD_END], "</head", 6) == 0);
	if (page->flags & FSRV_PAGE_BODY_CLOSED && !(page->flags & FSRV_PAGE_HEAD_ONLY))
		REQUIRE(bytes[page->at[FSRV_BODY_END]] == '<' && bytes[page->at[FSRV_BODY_END] + 1] == '/');
	if (page->flags & FSRV_PAGE_CHARSET)
		REQUIRE(page->charset_length > 0 && page->charset_offset + page->charset_length < 1024);
	if (page->flags & FSRV_PAGE_CSP)
		REQUIRE(strncasecmp((const char *)bytes + page->csp_offset, "<meta", 5) == 0);
}

static void check_page(const uint8_t *bytes, size_t size, const struct result *result)
{
	const struct fsrv_page *page = &result->page;
	const unsigned skipped = FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP;

	REQUIRE(page->size == size);
	if (page->flags & skipped) {
		for (unsigned point = 0; point < FSRV_POINTS; point++)
			REQUIRE(page->at[point] == FSRV_NO_OFFSET);
		return;
	}
	REQUIRE(page->at[FSRV_HEAD_START] <= page->at[FSRV_HEAD_END] && page->at[FSRV_HEAD_END] <= size);
	REQUIRE(page->at[FSRV_HEAD_END] <= page->at[FSRV_BODY_END]);
	REQUIRE((page->flags & FSRV_PAGE_HEAD_ONLY) != 0 || page->at[FSRV_BODY_END] <= size);
	check_flags(bytes, page);
}

/* The head is where it is, whatever comes after it. */
static void check_head(const uint8_t *page, size_t size)
{
	struct result head, all;

	scan_whole(page, size, 1, &head);
	scan_whole(page, size, 0, &all);
	if (all.page.flags & FSRV_PAGE_ISO_2022_JP)
		return;
	REQUIRE(head.page.at[FSRV_HEAD_START] == all.page.at[FSRV_HEAD_START]);
	REQUIRE(head.page.at[FSRV_HEAD_END] == all.page.at[FSRV_HEAD_END]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, chunked;
	unsigned choice;

	if (size < 2)
		return 0;
	choice = data[1];
	scan_whole(data + 2, size - 2, choice, &whole);
	check_page(data + 2, size - 2, &whole);
	check_strips(data + 2, &whole, choice);
	check_head(data + 2, size - 2);
	scan_chunks(data + 2, size - 2, choice, 1 + data[0] % 16U, &chunked);
	require_equal(&whole, &chunked, choice);
	scan_chunks(data + 2, size - 2, choice, 1, &chunked);
	require_equal(&whole, &chunked, choice);
	return 0;
}
