/* How fast pages are scanned, beside memchr and a tree builder. Prints a table; compares nothing itself.
 *
 * All pages are made here, the same in every run. Each number is the best of many runs. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_GUMBO
#include <gumbo.h>
#endif

#include "fsrv/inject.h"

#define PAGE_SIZE 1000000

struct page {
	char *bytes;
	size_t length;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put(struct page *page, const char *text)
{
	size_t length = strlen(text);

	memcpy(page->bytes + page->length, text, length);
	page->length += length;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525U + 1013904223U;
	return *state >> 8;
}

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<title>Page</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n";

/* Like a specification: prose between many tags, about 30 bytes from one to the next. */
static void fill_specification(struct page *page, size_t size)
{
	static const char *const parts[] = {
		"<p>The <dfn id=\"concept-node-tree-order\" data-export=\"\">tree order</dfn> of a <a "
		"href=\"#concept-tree\""
		" id=\"ref-for-concept-tree-12\">tree</a> is preorder, depth-first traversal, and nothing "
		"else. It is ",
		"<code>null</code> or an <a href=\"#interface-element\" "
		"id=\"ref-for-element-3\"><code>Element</code></a>"
		" whose node document is the document that was active when the algorithm was started.",
		"</p>\n<li><p>If <var>value</var> is not <a href='#concept-undefined-value'>undefined</a>, "
		"then let "
		"<var>result</var> be the result of running the steps with the value and return "
		"it.</p></li>\n",
		"<dt><code id=\"dom-document-attribute\" class=idl>attribute</code><dd>Returns the attribute "
		"&amp; its "
		"<em>value</em>, as it was given when the document was created, or throws.\n",
		"<div class=\"note\"><span class=\"marker\">Note</span> this is an implementation detail, "
		"and it may go "
		"away once all user agents have moved to the algorithm that is given below.</div>\n",
		"<ul><li>one that was queued <span>before</span> the task started<li>three more "
		"<b>tasks</b></ul>",
		"<!-- an editorial remark, a little longer than the text that stands around it -->",
		"<table class=\"data\"><tr><td>Safelisted<td><code>2</code></table>\n<h3 id=\"section-4-1\" "
		"class=\"heading settled\" data-level=\"4.1\">4.1 Steps that are run at the end of the "
		"task</h3>\n"};
	uint32_t random = 1;

	put(page, head);
	while (page->length < size)
		put(page, parts[next_random(&random) % 8]);
	put(page, "</body>\n</html>\n");
}

/* Like a compiled composition: a few elements around scripts that carry nearly all bytes. */
static void fill_composition(struct page *page, size_t size)
{
	uint32_t random = 7;

	put(page, head);
	put(page,
	    "<div id=\"root\" data-duration=\"4\"><video src=\"a.mp4\" muted></video></div>\n<script>\n");
	while (page->length < size) {
		char row[120];

		snprintf(row, sizeof(row),
			 "window.keyframes.push({at: %u, x: %u, y: %u, ease: \"power2.inOut\"});\n",
			 next_random(&random) % 1000, next_random(&random) % 1920,
			 next_random(&random) % 1080);
		put(page, row);
		if (next_random(&random) % 400 == 0)
			put(page, "if (a < b && c > d) html += \"<b>\" + label + \"</b>\";\n");
	}
	put(page, "</script>\n</body>\n</html>\n");
}

/* The start once, then the pattern over and over. */
static void fill_pattern(struct page *page, size_t size, const char *start, const char *pattern)
{
	put(page, start);
	while (page->length < size)
		put(page, pattern);
}

static volatile uint64_t sink;

static uint64_t run_scan(const struct page *page)
{
	struct fsrv_scan_options options = {.size = sizeof(options)};
	struct fsrv_page result;

	fsrv_scan_page(page->bytes, page->length, &options, &result);
	return result.at[FSRV_BODY_END];
}

static uint64_t run_head(const struct page *page)
{
	struct fsrv_scan_options options = {.size = sizeof(options), .flags = FSRV_SCAN_HEAD_ONLY};
	struct fsrv_page result;

	fsrv_scan_page(page->bytes, page->length, &options, &result);
	return result.at[FSRV_HEAD_END];
}

/* A page cut into the pieces in which a handler may read a large file. */
static uint64_t run_chunks(const struct page *page)
{
	struct fsrv_scan_options options = {.size = sizeof(options)};
	struct fsrv_page result;
	struct fsrv_scan scan;

	fsrv_scan_begin(&scan, &options);
	for (size_t at = 0; at < page->length; at += 65536)
		fsrv_scan_feed(&scan, page->bytes + at,
			       page->length - at < 65536 ? page->length - at : 65536);
	fsrv_scan_end(&scan, &result);
	return result.at[FSRV_BODY_END];
}

static uint64_t run_memchr(const struct page *page)
{
	const char *at = page->bytes, *end = at + page->length;
	uint64_t count = 0;

	for (; (at = memchr(at, '<', (size_t)(end - at))) != NULL; at++)
		count++;
	return count;
}

#ifdef HAVE_GUMBO
static uint64_t run_gumbo(const struct page *page)
{
	GumboOutput *output = gumbo_parse_with_options(&kGumboDefaultOptions, page->bytes, page->length);

	gumbo_destroy_output(&kGumboDefaultOptions, output);
	return 0;
}
#endif

/* Seconds of the fastest run within a fifth of a second, at least one. */
static double measure(uint64_t (*run)(const struct page *), const struct page *page)
{
	double stop = now() + 0.2, best = 1e9;

	do {
		double start = now(), taken;

		sink = run(page);
		taken = now() - start;
		best = taken < best ? taken : best;
	} while (now() < stop);
	return best;
}

static void report_speed(const char *name, const struct page *page)
{
	double bytes = (double)page->length / 1e9;
	double scan = measure(run_scan, page), hop = measure(run_memchr, page);

	printf("%-24s %8zu %8.2f %8.2f %8.2f %7.2f", name, page->length, bytes / scan,
	       bytes / measure(run_chunks, page), bytes / hop, hop / scan);
#ifdef HAVE_GUMBO
	printf(" %9.4f %7.0f", bytes / measure(run_gumbo, page), measure(run_gumbo, page) / scan);
#endif
	printf(" %9.1f\n", 1e6 * measure(run_head, page));
}

static const struct {
	const char *name, *start, *pattern;
} attacks[] = {
	{"<", "", "<"},
	{"</", "", "</"},
	{"</>", "", "</>"},
	{"<!", "", "<!"},
	{"<!-->", "", "<!-->"},
	{"<!--", "", "<!--"},
	{"comment of >", "<!--", ">"},
	{"comment of --!", "<!--", "--!"},
	{"bogus comment", "", "<?"},
	{"<a", "<body>", "<a "},
	{"<a>", "<body>", "<a>"},
	{"<p>", "<body>", "<p>"},
	{"<li><p>", "<body>", "<li><p>"},
	{"unclosed quote", "<p a=\"", "'<p a='"},
	{"quotes", "<p ", "a=\"\"b=''"},
	{"equals", "<p ", "="},
	{"slashes", "<p ", "/"},
	{"meta", "", "<meta charset=x content=charset=x>"},
	{"<svg>", "", "<svg>"},
	{"<svg> unmatched", "<svg><svg><svg><svg>", "</x>"},
	{"<svg> deep unmatched", NULL, "</b>"},
	{"svg in and out", "", "<svg><p>"},
	{"foreignObject", "<svg>", "<foreignObject><p></p></foreignObject>"},
	{"<template>", "", "<template>"},
	{"<title>", "", "<title>"},
	{"title of </titl", "<title>", "</titl"},
	{"title of <", "<title>", "<"},
	{"script of <", "<script>", "<"},
	{"<script><!--<script>", "", "<script><!--<script>"},
	{"<script><!--</script>", "", "<script><!--</script>"},
	{"<script><!-->", "", "<script><!--></script>"},
	{"escaped -", "<script><!--", "-"},
	{"escaped >", "<script><!--", ">"},
	{"escaped -->", "<script>", "<!---->"},
	{"double escaped", "<script><!--<script>", "</script><script>"},
	{"</body>", "", "</body>"},
	{"spaces after body", "</body>", " "},
	{"references after body", "</body>", "&#32;"},
	{"long reference", "</body>&#", "0"},
	{"control bytes", "", "\x01"},
	{"table", "<body>", "<table><tr><td>"},
	{"formatting", "<body>", "<b><p></b>"},
	{"<form><div>", "<body>", "<form><div></form>"},
	{"custom elements", "<body>", "<x-very-long-element-name>"},
};

static void report_attack(size_t i)
{
	struct page page = {malloc(PAGE_SIZE + 4096), 0};
	double scan;

	if (page.bytes == NULL)
		exit(1);
	if (attacks[i].start != NULL) {
		fill_pattern(&page, PAGE_SIZE, attacks[i].start, attacks[i].pattern);
	} else {
		/* as deep as the scanner follows, with a formatting element that no end tag reaches */
		fill_pattern(&page, 500, "<b><p>", "<svg><g>");
		fill_pattern(&page, PAGE_SIZE, "", attacks[i].pattern);
	}
	scan = measure(run_scan, &page);
	printf("%-24s %8zu %8.2f %8.2f ms%s\n", attacks[i].name, page.length,
	       (double)page.length / 1e9 / scan, scan * 1e3, scan > 0.01 ? "  SLOW" : "");
	free(page.bytes);
}

int main(void)
{
	struct page page = {malloc(4 * PAGE_SIZE), 0};

	if (page.bytes == NULL)
		return 1;
	printf("GB/s, best of the runs in 0.2 s each; hop: memchr from each '<' to the next\n");
	printf("%-24s %8s %8s %8s %8s %7s", "page", "bytes", "scan", "64K", "hop", "ratio");
#ifdef HAVE_GUMBO
	printf(" %9s %7s", "gumbo", "ratio");
#endif
	printf(" %9s\n", "head, us");
	fill_specification(&page, 34000);
	report_speed("specification, 34 KB", &page);
	page.length = 0;
	fill_specification(&page, 700000);
	report_speed("specification", &page);
	page.length = 0;
	fill_composition(&page, 1000000);
	report_speed("composition", &page);
	page.length = 0;
	fill_composition(&page, 3300000);
	report_speed("composition, large", &page);
	free(page.bytes);
	printf("\n%-24s %8s %8s %11s\n", "attack", "bytes", "GB/s", "time");
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		report_attack(i);
	return 0;
}
