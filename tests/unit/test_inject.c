#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fsrv/inject.h"
#include "guard_page.h"
#include "suite.h"

#define MAX_STRIPS 8
#define MAX_OUTPUT 1024

static const struct fsrv_snippet snippets[FSRV_POINTS] = {{"<1>", 3}, {"<2>", 3}, {"<3>", 3}};
static const struct fsrv_snippet nothing[FSRV_POINTS] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
static const struct fsrv_marker markers[] = {{"mark", 4, 0}, {"AnyCase", 7, 1}};

struct plan {
	struct fsrv_page page;
	struct fsrv_strip strips[MAX_STRIPS];
	struct fsrv_segment segments[FSRV_SEGMENTS_MAX(MAX_STRIPS)];
	size_t count;
	uint64_t length;
	char output[MAX_OUTPUT];
};

/* Scans in chunks, plans and copies. */
static void make(struct plan *plan, const char *page, size_t chunk, const struct fsrv_snippet *inserts,
		 unsigned flags)
{
	struct fsrv_scan_options options = {.size = sizeof(options),
					    .markers = markers,
					    .n_markers = 2,
					    .strips = plan->strips,
					    .max_strips = MAX_STRIPS};
	size_t length = strlen(page);
	struct fsrv_scan scan;

	ck_assert_int_eq(fsrv_scan_begin(&scan, &options), FSRV_OK);
	for (size_t at = 0; at < length; at += chunk) {
		size_t left = length - at < chunk ? length - at : chunk;
		const char *copy = guard_page_copy(page + at, left);

		fsrv_scan_feed(&scan, copy, left);
		guard_page_free(copy, left);
	}
	ck_assert_int_eq(fsrv_scan_end(&scan, &plan->page), FSRV_OK);
	ck_assert_int_eq(fsrv_segments_plan(&plan->page, inserts, flags, plan->segments,
					    FSRV_SEGMENTS_MAX(plan->page.n_strips), &plan->count,
					    &plan->length),
			 FSRV_OK);
	ck_assert_uint_lt(plan->length, MAX_OUTPUT);
	fsrv_segments_copy(plan->segments, plan->count, page, plan->output);
	plan->output[plan->length] = '\0';
}

static const struct {
	const char *name, *page, *output;
} insertions[] = {
	{"whole page", "<head></head><body>x</body>", "<head><1><2></head><body>x<3></body>"},
	{"empty page", "", "<1><2><body><3>"},
	{"all at one place, body open", "<!doctype html>x", "<!doctype html><1><2>x<3>"},
	{"body opened before a closing tag", "<head></head></body>", "<head><1><2></head><body><3></body>"},
	{"frameset", "<head></head><frameset>", "<head><1><2><3></head><frameset>"},
	{"UTF-16", "\xFF\xFE<", "\xFF\xFE<"},
	{"byte order mark", "\xEF\xBB\xBFx", "\xEF\xBB\xBF<1><2>x<3>"},
	{"unfinished", "x<!--", "<1><2>x<3><!--"},
};

START_TEST(inserts)
{
	struct plan plan;

	make(&plan, insertions[_i].page, MAX_OUTPUT, snippets, 0);
	ck_assert_msg(strcmp(plan.output, insertions[_i].output) == 0, "%s: got %s", insertions[_i].name,
		      plan.output);
	make(&plan, insertions[_i].page, MAX_OUTPUT, nothing, 0);
	ck_assert_msg(strcmp(plan.output, insertions[_i].page) == 0, "%s without snippets: got %s",
		      insertions[_i].name, plan.output);
}
END_TEST

#define M "<script>mark</script>"

static const struct {
	const char *name, *page, *output;
} strips[] = {
	{"marker in the text", "<p>" M "<p>", "<p><p>"},
	{"marker in an attribute", "<p><script src='x/mark.js'></script><p>", "<p><p>"},
	{"marker in the end tag", "<p><script></script mark><p>", "<p><p>"},
	{"no marker", "<p><script>mar k</script>mark", "<p><script>mar k</script>mark"},
	{"marker before and after", "mark<script></script>mark", "mark<script></script>mark"},
	{"marker in another case", "<p><script>MARK</script>", "<p><script>MARK</script>"},
	{"marker of any case", "<p><script>aNYcASE</script>", "<p>"},
	{"marker in parts", "<p><script>mamarkrk</script>", "<p>"},
	{"upper case element", "<p><SCRIPT>mark</SCRIPT >x", "<p>x"},
	{"two", "<p>" M "a" M "b", "<p>ab"},
	{"two, the second without", "<p>" M "<script>a</script>", "<p><script>a</script>"},
	{"two, the first without", "<p><script>a</script>" M, "<p><script>a</script>"},
	{"in a comment", "<!-- " M " --><p>", "<!-- " M " --><p>"},
	{"in a textarea", "<textarea>" M "</textarea>", "<textarea>" M "</textarea>"},
	{"in an attribute value", "<p a=\"" M "\">", "<p a=\"" M "\">"},
	{"in noscript", "<noscript>" M "</noscript>", "<noscript>" M "</noscript>"},
	{"in svg", "<svg>" M "</svg>", "<svg>" M "</svg>"},
	{"in an integration point", "<svg><desc>" M "</desc></svg>", "<svg><desc></desc></svg>"},
	{"in a template", "<template>" M "</template>", "<template></template>"},
	{"in the head", "<head>" M "</head>", "<head></head>"},
	{"unclosed", "<p><script>mark", "<p><script>mark"},
	{"end tag unfinished", "<p><script>mark</script a", "<p><script>mark</script a"},
	{"double escaped", "<p><script><!--<script></script>mark--></script>x", "<p>x"},
	{"in a frameset", "<frameset>" M, "<frameset>" M},
	{"longer name", "<p><scripts>mark</scripts>", "<p><scripts>mark</scripts>"},
	{"marker of the element before", "<p mark><script></script>", "<p mark><script></script>"},

	{"less and letter", "a <" M "div>", "a <<!---->div>"},
	{"less and slash", "a <" M "/div>", "a <<!---->/div>"},
	{"less and bang", "a <" M "!-- -->", "a <<!---->!-- -->"},
	{"less and question mark", "a <" M "?x>", "a <<!---->?x>"},
	{"less and blank", "a <" M " div>", "a < div>"},
	{"less and less", "a <" M "<div>", "a <<div>"},
	{"less and the end", "a <" M, "a <"},
	{"less and two elements", "a <" M M "div>", "a <<!---->div>"},
	{"two less", "a <<" M "div>", "a <<<!---->div>"},
	{"no less", "a " M "div>", "a div>"},
	{"reference and letter", "&am" M "p;", "&am<!---->p;"},
	{"reference and semicolon", "&amp" M ";", "&amp<!---->;"},
	{"reference and digit", "&#6" M "5;", "&#6<!---->5;"},
	{"reference and number sign", "&" M "#65;", "&<!---->#65;"},
	{"reference and blank", "&am" M " p;", "&am p;"},
	{"reference ended before", "&amp;a" M "b", "&amp;ab"},
	{"word without ampersand", "am" M "p;", "amp;"},
	{"reference and element between", "&<b>am" M "p;", "&<b>amp;"},
	{"reference in three parts", "&" M "am" M "p;", "&<!---->amp;"},
	{"pre and line feed", "<pre>" M "\nx", "<pre><!---->\nx"},
	{"pre and carriage return", "<PRE a=b>" M "\r\nx", "<PRE a=b><!---->\r\nx"},
	{"pre and two elements", "<pre>" M M "\nx", "<pre><!---->\nx"},
	{"listing", "<listing>" M "\nx", "<listing><!---->\nx"},
	{"pre and blank", "<pre>" M " \nx", "<pre> \nx"},
	{"pre and letter", "<pre>" M "x", "<pre>x"},
	{"pre and text before", "<pre>a" M "\nx", "<pre>a\nx"},
	{"end of pre", "</pre>" M "\nx", "</pre>\nx"},
	{"other element", "<div>" M "\nx", "<div>\nx"},
};

START_TEST(strips_scripts)
{
	const char *page = strips[_i].page;
	struct plan plan;

	for (size_t chunk = 1; chunk <= strlen(page); chunk++) {
		make(&plan, page, chunk, nothing, 0);
		ck_assert_msg(strcmp(plan.output, strips[_i].output) == 0, "%s, chunk %zu: got %s",
			      strips[_i].name, chunk, plan.output);
	}
}
END_TEST

/* What comes next after a stripped element is what is written next, snippets included. */
static const struct {
	const char *name, *page, *snippet, *output;
} guards[] = {
	{"snippet of markup", "<body>a <" M "</body>", "<s>", "<body>a <<s></body>"},
	{"snippet that starts with a letter", "<body>a <" M "</body>", "div", "<body>a <<!---->div</body>"},
	{"snippet that ends a reference", "<body>&am" M "</body>", "p;", "<body>&am<!---->p;</body>"},
	{"snippet before a reference goes on", "<body>x</body>", "&am", "<body>x&am</body>"},
};

START_TEST(guards_against_snippets)
{
	struct fsrv_snippet only[FSRV_POINTS] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	struct plan plan;

	only[FSRV_BODY_END] = (struct fsrv_snippet){guards[_i].snippet, strlen(guards[_i].snippet)};
	make(&plan, guards[_i].page, MAX_OUTPUT, only, 0);
	ck_assert_msg(strcmp(plan.output, guards[_i].output) == 0, "%s: got %s", guards[_i].name,
		      plan.output);
}
END_TEST

/* A snippet may stand right before a stripped element, and end like markup that goes on. */
static const struct {
	const char *name, *snippet, *output;
} ends[] = {
	{"less", "<", "<!doctype html><<!---->x"},
	{"reference", "&a", "<!doctype html>&a<!---->x"},
	{"ampersand", "&", "<!doctype html>&<!---->x"},
	{"word", "a", "<!doctype html>ax"},
	{"markup", "<a>", "<!doctype html><a>x"},
};

START_TEST(guards_after_a_snippet)
{
	struct fsrv_snippet only[FSRV_POINTS] = {{ends[_i].snippet, strlen(ends[_i].snippet)}, {NULL, 0},
						 {NULL, 0}};
	struct plan plan;

	make(&plan, "<!doctype html>" M "x", MAX_OUTPUT, only, 0);
	ck_assert_msg(strcmp(plan.output, ends[_i].output) == 0, "%s: got %s", ends[_i].name, plan.output);
}
END_TEST

/* Only what was stripped is guarded: snippets stand where they were put. */
START_TEST(leaves_snippets_alone)
{
	struct fsrv_snippet only[FSRV_POINTS] = {{NULL, 0}, {"&a", 2}, {NULL, 0}};
	struct plan plan;

	make(&plan, "<!doctype html>" M "x", MAX_OUTPUT, only, 0);
	ck_assert_str_eq(plan.output, "<!doctype html>&ax");
}
END_TEST

START_TEST(keeps_elements)
{
	struct plan plan;

	make(&plan, "<pre>" M "\na <" M "div" M, MAX_OUTPUT, nothing, FSRV_PLAN_KEEP_ELEMENTS);
	ck_assert_str_eq(plan.output, "<pre><script></script>\na <<script></script>div<script></script>");
}
END_TEST

START_TEST(says_how_much_room_is_missing)
{
	struct fsrv_strip one[1] = {{0}};
	struct fsrv_scan_options options = {
		.size = sizeof(options), .markers = markers, .n_markers = 1, .strips = one, .max_strips = 1};
	struct fsrv_segment segments[2];
	static const char text[] = "<p>" M M M "x";
	struct fsrv_page page;
	uint64_t length;
	size_t count;

	ck_assert_int_eq(fsrv_scan_page(text, sizeof(text) - 1, &options, &page), FSRV_ERR_SPACE);
	ck_assert_uint_eq(page.n_strips, 3);
	ck_assert_uint_eq(one[0].offset, 3);
	options.n_markers = 0;
	ck_assert_int_eq(fsrv_scan_page("<head></head>", 13, &options, &page), FSRV_OK);
	ck_assert_int_eq(fsrv_segments_plan(&page, snippets, 0, segments, 2, &count, &length),
			 FSRV_ERR_SPACE);
	ck_assert_uint_eq(count, 6);
	ck_assert_uint_eq(length, 13 + 9 + 6);
}
END_TEST

START_TEST(refuses_bad_options)
{
	struct {
		struct fsrv_scan_options options;
		char more;
	} longer = {.options = {.size = sizeof(longer)}};
	static char bytes[FSRV_MARKER_MAX + 1];
	struct fsrv_marker marker = {bytes, FSRV_MARKER_MAX, 0};
	struct fsrv_scan_options options = {.size = sizeof(options), .markers = &marker, .n_markers = 1};
	struct fsrv_scan scan;
	struct fsrv_page page;

	ck_assert_int_eq(fsrv_scan_begin(&scan, &options), FSRV_OK);
	marker.length = 0;
	ck_assert_int_eq(fsrv_scan_begin(&scan, &options), FSRV_ERR_INVALID);
	marker.length = FSRV_MARKER_MAX + 1;
	ck_assert_int_eq(fsrv_scan_page("", 0, &options, &page), FSRV_ERR_INVALID);
	options.n_markers = 0;
	options.flags = 1U << 31;
	ck_assert_int_eq(fsrv_scan_begin(&scan, &options), FSRV_ERR_UNSUPPORTED);
	options.flags = 0;
	options.size = 0;
	ck_assert_int_eq(fsrv_scan_begin(&scan, &options), FSRV_ERR_UNSUPPORTED);
	ck_assert_int_eq(fsrv_scan_begin(&scan, &longer.options), FSRV_OK);
	longer.more = 1;
	ck_assert_int_eq(fsrv_scan_begin(&scan, &longer.options), FSRV_ERR_UNSUPPORTED);
}
END_TEST

/* The longest marker, over every chunk border. */
START_TEST(finds_long_markers)
{
	char text[400] = "<p><script>0123456789";
	struct fsrv_marker marker = {text + 15, FSRV_MARKER_MAX, 0};
	struct fsrv_strip strip;
	struct fsrv_scan_options options = {
		.size = sizeof(options), .markers = &marker, .n_markers = 1, .strips = &strip,
		.max_strips = 1};

	for (size_t i = strlen(text); i < 300; i++)
		text[i] = (char)('a' + i * i % 23);
	strcpy(text + 300, "</script>");
	for (size_t border = 1; border < 309; border++) {
		struct fsrv_scan scan;
		struct fsrv_page page;

		fsrv_scan_begin(&scan, &options);
		fsrv_scan_feed(&scan, text, border);
		fsrv_scan_feed(&scan, text + border, 309 - border);
		ck_assert_int_eq(fsrv_scan_end(&scan, &page), FSRV_OK);
		ck_assert_msg(page.n_strips == 1, "border at %zu", border);
		ck_assert_int_eq(strip.after, -1);
	}
}
END_TEST

START_TEST(slices)
{
	static const char text[] = "<head></head><body>text</body>";
	struct plan plan;
	char bytes[MAX_OUTPUT];

	make(&plan, text, MAX_OUTPUT, snippets, 0);
	for (uint64_t from = 0; from <= plan.length + 1; from++) {
		for (uint64_t length = 0; length <= plan.length + 1; length++) {
			uint64_t left = from < plan.length ? plan.length - from : 0;
			uint64_t expected = length < left ? length : left, sum = 0;
			struct fsrv_segment slice[FSRV_SEGMENTS_MAX(0)];
			size_t count;

			fsrv_segments_slice(plan.segments, plan.count, from, length, slice, &count);
			for (size_t i = 0; i < count; i++)
				sum += slice[i].length;
			ck_assert_uint_eq(sum, expected);
			fsrv_segments_copy(slice, count, text, bytes);
			ck_assert_int_eq(memcmp(bytes, plan.output + (expected > 0 ? from : 0),
						(size_t)expected), 0);
		}
	}
	fsrv_segments_slice(plan.segments, plan.count, 5, 7, plan.segments, &plan.count);
	fsrv_segments_copy(plan.segments, plan.count, text, bytes);
	ck_assert_int_eq(memcmp(bytes, plan.output + 5, 7), 0);
}
END_TEST

/* escaped: NULL when the text is safe. */
static const struct {
	const char *name, *text, *escaped;
} scripts[] = {
	{"empty", "", NULL},
	{"plain", "var a = 1 < 2;", NULL},
	{"end tag in a string", "var a='</script>';", "var a='\\u003C/script>';"},
	{"end tag in mixed case", "'</ScRiPt '", "'\\u003C/ScRiPt '"},
	{"end tag with slash, tab and line feed", "</script/</script\t</script\n",
	 "\\u003C/script/\\u003C/script\t\\u003C/script\n"},
	{"other end tag", "</scripts></scrip></ script>", NULL},
	{"end tag without a boundary", "</script", NULL},
	{"escaped already", "'<\\/script>'", NULL},
	{"comment start", "a<!--b", NULL},
	{"hidden script, the old way", "<!--\nrun()\n//-->", NULL},
	{"script start", "'<script>'", NULL},
	{"script start in a comment", "'<!--<script>'", "'<!--\\u003Cscript>'"},
	{"script start in a comment, upper case", "'<!-- <SCRIPT '", "'<!-- \\u003CSCRIPT '"},
	{"balanced", "/*<!--<script>a</script>-->*/b()", NULL},
	{"balanced, then an end", "/*<!--<script>a</script>-->*/'</script>'",
	 "/*<!--\\u003Cscript>a\\u003C/script>-->*/'\\u003C/script>'"},
	{"comment closed, script start", "'<!-- --><script>'", NULL},
	{"shortest comment, script start", "'<!--><script>'", NULL},
	{"nested, back, deeper", "<!--<script></script><script>",
	 "<!--\\u003Cscript>\\u003C/script>\\u003Cscript>"},
	{"unicode regular expression", "/<!--/u.test(a)", NULL},
	{"two bytes that lower-case longer", "var a=\"\xC4\xB0\xC4\xB0</script>\"",
	 "var a=\"\xC4\xB0\xC4\xB0\\u003C/script>\""},
	{"JSON", "{\"a\":\"</script>\"}", "{\"a\":\"\\u003C/script>\"}"},
	{"ends in less", "a<", NULL},
	{"ends in a comment start", "a<!--", NULL},
};

static void build(enum fsrv_script_mode mode, const char *text, size_t size, int want, char *element)
{
	struct fsrv_script script = {.text = text, .length = size, .mode = mode};
	size_t length = 0, again = 0;

	ck_assert_int_eq(fsrv_script_build(&script, NULL, 0, &length),
			 want == FSRV_OK ? FSRV_ERR_SPACE : want);
	if (want != FSRV_OK)
		return;
	ck_assert_uint_lt(length, MAX_OUTPUT);
	ck_assert_int_eq(fsrv_script_build(&script, element, length - 1, &again), FSRV_ERR_SPACE);
	ck_assert_int_eq(fsrv_script_build(&script, element, length, &again), FSRV_OK);
	ck_assert_uint_eq(again, length);
	element[length] = '\0';
}

START_TEST(escapes_text)
{
	size_t length = strlen(scripts[_i].text);
	const char *text = guard_page_copy(scripts[_i].text, length);
	bool is_safe = scripts[_i].escaped == NULL;
	char element[MAX_OUTPUT], expected[MAX_OUTPUT];

	ck_assert_msg(!(fsrv_script_check(text, length) & FSRV_SCRIPT_UNSAFE) == is_safe, "%s",
		      scripts[_i].name);
	snprintf(expected, sizeof(expected), "<script>%s</script>",
		 is_safe ? scripts[_i].text : scripts[_i].escaped);
	build(FSRV_SCRIPT_ESCAPE, text, length, FSRV_OK, element);
	ck_assert_msg(strcmp(element, expected) == 0, "%s: got %s", scripts[_i].name, element);
	build(FSRV_SCRIPT_STRICT, text, length, is_safe ? FSRV_OK : FSRV_ERR_UNSAFE, element);
	build(FSRV_SCRIPT_DATA_URL, text, length, FSRV_OK, element);
	ck_assert_msg((strstr(element, " src=\"data:") == NULL) == is_safe, "%s: got %s", scripts[_i].name,
		      element);
	guard_page_free(text, length);
}
END_TEST

START_TEST(writes_data_urls)
{
	static const char start[] = "<script src=\"data:text/javascript;charset=utf-8;base64,";
	static const struct {
		const char *text, *base64;
	} rows[] = {{"</script>", "PC9zY3JpcHQ+"},
		    {"</script>\xFF", "PC9zY3JpcHQ+/w=="},
		    {"</script>??", "PC9zY3JpcHQ+Pz8="},
		    {"</script>\xFB\xFF\xBF", "PC9zY3JpcHQ++/+/"}};
	char element[MAX_OUTPUT], expected[MAX_OUTPUT];

	for (int i = 0; i < LEN(rows); i++) {
		build(FSRV_SCRIPT_DATA_URL, rows[i].text, strlen(rows[i].text), FSRV_OK, element);
		snprintf(expected, sizeof(expected), "%s%s\"></script>", start, rows[i].base64);
		ck_assert_str_eq(element, expected);
	}
}
END_TEST

START_TEST(tells_traits)
{
	ck_assert_uint_eq(fsrv_script_check(NULL, 0), 0);
	ck_assert_uint_eq(fsrv_script_check("a\0b", 3), FSRV_SCRIPT_UNSAFE);
	ck_assert_uint_eq(fsrv_script_check("\x7F", 1), 0);
	ck_assert_uint_eq(fsrv_script_check("\x80", 1), FSRV_SCRIPT_NOT_ASCII);
	ck_assert_uint_eq(fsrv_script_check("\xC3\xA9</script >", 11),
			  FSRV_SCRIPT_NOT_ASCII | FSRV_SCRIPT_UNSAFE);
}
END_TEST

static const struct {
	const char *name;
	struct fsrv_attribute attributes[2];
	const char *text;
	int error;
	const char *element;
} elements[] = {
	{"value", {{"id", "a"}, {"type", "module"}}, "x", FSRV_OK,
	 "<script id=\"a\" type=\"module\">x</script>"},
	{"no value", {{"async", NULL}, {"data-fsrv", ""}}, "", FSRV_OK,
	 "<script async data-fsrv=\"\"></script>"},
	{"quoting", {{"id", "a\"b&c'<>"}, {"x", "&quot;"}}, "", FSRV_OK,
	 "<script id=\"a&quot;b&amp;c'<>\" x=\"&amp;quot;\"></script>"},
	{"source", {{"src", "/a.js?b&c"}, {"defer", NULL}}, "", FSRV_OK,
	 "<script src=\"/a.js?b&amp;c\" defer></script>"},
	{"all bytes of a name", {{"Az09._:-", NULL}, {"x", NULL}}, "", FSRV_OK,
	 "<script Az09._:- x></script>"},
	{"text beside a source", {{"SRC", "a"}, {"x", NULL}}, "x", FSRV_ERR_INVALID, NULL},
	{"empty name", {{"", "a"}, {"x", NULL}}, "x", FSRV_ERR_INVALID, NULL},
	{"name starts with a digit", {{"1a", NULL}, {"x", NULL}}, "x", FSRV_ERR_INVALID, NULL},
	{"blank in a name", {{"a b", NULL}, {"x", NULL}}, "x", FSRV_ERR_INVALID, NULL},
	{"greater in a name", {{"a>", NULL}, {"x", NULL}}, "x", FSRV_ERR_INVALID, NULL},
	{"slash in a name", {{"a/b", NULL}, {"x", NULL}}, "x", FSRV_ERR_INVALID, NULL},
	{"name that is not ASCII", {{"a\xC3\xA9", NULL}, {"x", NULL}}, "x", FSRV_ERR_INVALID, NULL},
	{"repeated name", {{"x", NULL}, {"X", "1"}}, "x", FSRV_ERR_INVALID, NULL},
};

START_TEST(builds_elements)
{
	struct fsrv_script script = {elements[_i].text, strlen(elements[_i].text), elements[_i].attributes, 2,
				     FSRV_SCRIPT_ESCAPE};
	char element[MAX_OUTPUT];
	size_t length;
	int error = fsrv_script_build(&script, element, sizeof(element), &length);

	ck_assert_msg(error == elements[_i].error, "%s: got %d", elements[_i].name, error);
	if (error == FSRV_OK)
		ck_assert_msg(length == strlen(elements[_i].element) &&
				      memcmp(element, elements[_i].element, length) == 0,
			      "%s: got %.*s", elements[_i].name, (int)length, element);
}
END_TEST

/* Only what a browser runs as a classic script may become a data: URL. */
static const struct {
	const char *type;
	int error;
} types[] = {{"", FSRV_OK},
	     {"text/javascript", FSRV_OK},
	     {"Application/JavaScript", FSRV_OK},
	     {"text/jscript", FSRV_OK},
	     {"module", FSRV_ERR_UNSAFE},
	     {"importmap", FSRV_ERR_UNSAFE},
	     {"application/json", FSRV_ERR_UNSAFE},
	     {"text/javascript; charset=utf-8", FSRV_ERR_UNSAFE}};

START_TEST(refuses_data_urls_for_other_types)
{
	struct fsrv_attribute type = {"type", types[_i].type};
	struct fsrv_script script = {"'</script>'", 11, &type, 1, FSRV_SCRIPT_DATA_URL};
	char element[MAX_OUTPUT];
	size_t length;

	ck_assert_msg(fsrv_script_build(&script, element, sizeof(element), &length) == types[_i].error, "%s",
		      types[_i].type);
	type.value = NULL;
	ck_assert_int_eq(fsrv_script_build(&script, element, sizeof(element), &length), FSRV_OK);
}
END_TEST

START_TEST(refuses_unknown_modes)
{
	struct fsrv_script script = {"", 0, NULL, 0, (enum fsrv_script_mode)3};
	size_t length;

	ck_assert_int_eq(fsrv_script_build(&script, NULL, 0, &length), FSRV_ERR_INVALID);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("inject");
	TCase *plan = tcase_create("plan");
	TCase *limits = tcase_create("limits");
	TCase *script = tcase_create("script");

	tcase_add_loop_test(plan, inserts, 0, LEN(insertions));
	tcase_add_loop_test(plan, strips_scripts, 0, LEN(strips));
	tcase_add_loop_test(plan, guards_against_snippets, 0, LEN(guards));
	tcase_add_loop_test(plan, guards_after_a_snippet, 0, LEN(ends));
	tcase_add_test(plan, leaves_snippets_alone);
	tcase_add_test(plan, keeps_elements);
	tcase_add_test(plan, slices);
	suite_add_tcase(suite, plan);
	tcase_add_test(limits, says_how_much_room_is_missing);
	tcase_add_test(limits, refuses_bad_options);
	tcase_add_test(limits, finds_long_markers);
	suite_add_tcase(suite, limits);
	tcase_add_loop_test(script, escapes_text, 0, LEN(scripts));
	tcase_add_test(script, writes_data_urls);
	tcase_add_test(script, tells_traits);
	tcase_add_loop_test(script, builds_elements, 0, LEN(elements));
	tcase_add_loop_test(script, refuses_data_urls_for_other_types, 0, LEN(types));
	tcase_add_test(script, refuses_unknown_modes);
	suite_add_tcase(suite, script);
	return suite;
}
