/* A tree builder judges the places: pages made of random pieces, and real looking pages with random
 * damage, are parsed as they are and with snippets in. All snippets must be there, alive and in order, and
 * the rest of the tree must be the same. */
#include <gumbo.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsrv/inject.h"
#include "suite.h"

#define ROUNDS   20 /* of PAGES each */
#define PAGES    500
#define MAX_PAGE 4096
#define MAX_TREE 65536

static const struct fsrv_snippet snippets[FSRV_POINTS] = {{"<script data-fsrv=0>a</script>", 30},
							  {"<script data-fsrv=1>b</script>", 30},
							  {"<script data-fsrv=2>c</script>", 30}};

/* Gumbo 0.10 is older than some rules. Pages with these pieces are left out:
 *   noscript        it parses the content as if scripts were off
 *   select          it drops most elements in it, as browsers did until 2025
 *   </p, </br       in SVG and MathML they don't break out of it
 *   search, rtc, menuitem, isindex, keygen, image, command: elements whose rules have changed
 *   </>             it is not the only thing that it skips there
 *   </svg a>        in SVG and MathML it takes blanks and attributes of an end tag for its name
 * So are pages with an HTML element of a name it doesn't know: it lets the end tag of any unknown name
 * close an element of any other. */
static const char *const excluded[] = {"<noscript", "<select", "<search", "<rtc",     "<menuitem",
				       "<isindex",  "<keygen", "<image",  "<command", "</>"};
static const char *const excluded_in_foreign[] = {"</p", "</br"};

static const char *const pieces[] = {"<p>",
				     "</p>",
				     "<div>",
				     "</div>",
				     "<span>",
				     "</span>",
				     "<b>",
				     "</b>",
				     "text",
				     " ",
				     "\n",
				     "<script>x</script>",
				     "<!-- c -->",
				     "<br>",
				     "<a href=\"x>y\">",
				     "</a>",
				     "<li>",
				     "<ul>",
				     "</ul>",
				     "</html>",
				     "</body>",
				     "<body>",
				     "<head>",
				     "</head>",
				     "<html>",
				     "<title>t</title>",
				     "<meta charset=utf-8>",
				     "<!doctype html>",
				     "<style>s</style>",
				     "<template>",
				     "</template>",
				     "</template>",
				     "<svg>",
				     "</svg>",
				     "</svg>",
				     "<math>",
				     "</math>",
				     "</math>",
				     "<g>",
				     "</g>",
				     "<foreignObject>",
				     "</foreignObject>",
				     "<desc>",
				     "</desc>",
				     "<mi>",
				     "</mi>",
				     "<annotation-xml>",
				     "<annotation-xml encoding=\"text/html\">",
				     "</annotation-xml>",
				     "<table>",
				     "</table>",
				     "<tr>",
				     "<td>",
				     "</td>",
				     "<textarea>t</textarea>",
				     "<frameset>",
				     "<frame>",
				     "<button>",
				     "</button>",
				     "&#32;",
				     "&amp;",
				     "<",
				     "<font color=x>",
				     "<font>",
				     "</font>",
				     "<form>",
				     "</form>",
				     "<h1>",
				     "</h1>",
				     "<h2>",
				     "<pre>",
				     "</pre>",
				     "<dd>",
				     "<dt>",
				     "<input type=hidden>",
				     "<input>",
				     "<xmp></body></xmp>",
				     "<noframes>f</noframes>",
				     "<mglyph>",
				     "<svg/>",
				     "<path/>",
				     "</title>",
				     "</script>",
				     "-->",
				     "<object>",
				     "</object>",
				     "<hr>",
				     "<nobr>",
				     "<tbody>",
				     "<caption>",
				     "<em>",
				     "</em>",
				     "<section>",
				     "</section>",
				     "<script><!--<script></script>--></script>",
				     "<body class=x>",
				     "<plaintext>",
				     "<iframe>i</iframe>",
				     "</x>"};

static const char *const pages[] = {
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
	"charset=\"utf-8\">\n<title>One</title>\n<script>a</script>\n"
	"</head>\n<body>\n<p class=\"a>b\">text</p>\n<script>var t=\"</body>\"</script>\n</body>\n</html>\n",
	"<!doctype html><title>t</title><script>a</script><header>x</header><svg viewBox='0 0 1 1'><g><path "
	"d='M0'/>"
	"<foreignObject><p>x</p></foreignObject></g></svg><!-- </body> --><script>b</script>",
	"<template id=scene><div><style>p{}</style><script>x</script></div></template>\n<script>y</script>\n",
	"<html><head><style>a>b{}</style></head><body><table><tr><td>1<td>2</table><textarea></body></"
	"textarea>"
	"<ul><li>a<li><b>c</b></ul><math><mi>x</mi><mo>=</mo></math></body></html><!-- end -->",
};

static uint32_t random_state;

static uint32_t below(uint32_t limit)
{
	random_state = random_state * 1664525U + 1013904223U;
	return (random_state >> 8) % limit;
}

static size_t make_soup(char *page)
{
	size_t length = 0;

	for (uint32_t count = 1 + below(14); count > 0; count--)
		length += (size_t)sprintf(page + length, "%s", pieces[below((uint32_t)LEN(pieces))]);
	return length;
}

/* Takes slices out, doubles them, and puts pieces in. */
static size_t make_damaged(char *page)
{
	size_t length = (size_t)sprintf(page, "%s", pages[below((uint32_t)LEN(pages))]);

	for (uint32_t count = 1 + below(4); count > 0 && length > 40; count--) {
		size_t at = below((uint32_t)length - 30), size = 1 + below(25);
		const char *piece = pieces[below((uint32_t)LEN(pieces))];
		size_t added = strlen(piece);

		switch (below(3)) {
		case 0:
			memmove(page + at, page + at + size, length - at - size);
			length -= size;
			break;
		case 1:
			memmove(page + at + size, page + at, length - at);
			length += size;
			break;
		default:
			memmove(page + at + added, page + at, length - at);
			memcpy(page + at, piece, added);
			length += added;
			break;
		}
	}
	page[length] = '\0';
	return length;
}

static bool holds(const char *page, const char *piece)
{
	return strcasestr(page, piece) != NULL;
}

static bool has_long_end_tag(const char *page)
{
	for (; (page = strstr(page, "</")) != NULL; page += 2) {
		const char *end = page + 2 + strcspn(page + 2, " \t\n/>");

		if (*end != '>')
			return true;
	}
	return false;
}

static bool is_excluded(const char *page)
{
	bool is_foreign = holds(page, "<svg") || holds(page, "<math");

	for (int i = 0; i < LEN(excluded); i++)
		if (holds(page, excluded[i]))
			return true;
	for (int i = 0; i < LEN(excluded_in_foreign); i++)
		if (is_foreign && holds(page, excluded_in_foreign[i]))
			return true;
	return is_foreign && has_long_end_tag(page);
}

/* What a tree says, as text, without the snippets; and where the snippets are. */
struct tree {
	char text[MAX_TREE];
	size_t length;
	bool ends_in_text;
	int found; /* snippets alive, in order */
	bool has_fault;
	bool has_unknown;     /* an HTML element of a name that is not known */
	uint32_t last_script; /* source position behind the author's last script */
	uint32_t body_end;    /* source position of the last snippet */
};

static void say(struct tree *tree, const char *text, size_t length)
{
	ck_assert(tree->length + length < MAX_TREE);
	memcpy(tree->text + tree->length, text, length);
	tree->length += length;
}

static void say_text(struct tree *tree, const GumboNode *node)
{
	if (!tree->ends_in_text)
		say(tree, "\n\"", 2);
	say(tree, node->v.text.text, strlen(node->v.text.text));
	tree->ends_in_text = true;
}

static void say_element(struct tree *tree, const GumboElement *element)
{
	GumboStringPiece name = element->original_tag;
	char line[64];

	snprintf(line, sizeof(line), "\n<%d %d %s ", (int)element->tag, (int)element->tag_namespace,
		 gumbo_normalized_tagname(element->tag));
	say(tree, line, strlen(line));
	if (element->tag == GUMBO_TAG_UNKNOWN) {
		tree->has_unknown = tree->has_unknown || element->tag_namespace == GUMBO_NAMESPACE_HTML;
		gumbo_tag_from_original_text(&name);
		say(tree, name.data, name.length);
	}
	for (unsigned i = 0; i < element->attributes.length; i++) {
		const GumboAttribute *attribute = element->attributes.data[i];

		say(tree, attribute->name, strlen(attribute->name));
		say(tree, "=", 1);
		say(tree, attribute->value, strlen(attribute->value));
	}
	tree->ends_in_text = false;
}

/* Takes note of a script that runs; true when it is one of the snippets. */
static bool take_script(struct tree *tree, const GumboElement *element, const GumboNode *parent)
{
	const GumboAttribute *mark;

	if (element->tag != GUMBO_TAG_SCRIPT)
		return false;
	mark = gumbo_get_attribute(&element->attributes, "data-fsrv");
	if (mark == NULL) {
		if (element->start_pos.offset > tree->last_script)
			tree->last_script = element->start_pos.offset;
		return false;
	}
	if (element->tag_namespace != GUMBO_NAMESPACE_HTML || atoi(mark->value) != tree->found)
		tree->has_fault = true;
	if (tree->found < 2 &&
	    (parent->type != GUMBO_NODE_ELEMENT || parent->v.element.tag != GUMBO_TAG_HEAD))
		tree->has_fault = true;
	tree->found++;
	tree->body_end = element->start_pos.offset;
	return true;
}

static void walk(struct tree *tree, const GumboNode *node, const GumboNode *parent, bool is_inert)
{
	const GumboVector *children = NULL;

	switch (node->type) {
	case GUMBO_NODE_DOCUMENT:
		children = &node->v.document.children;
		say(tree,
		    node->v.document.doc_type_quirks_mode == GUMBO_DOCTYPE_NO_QUIRKS ? "standard" : "quirks",
		    6);
		break;
	case GUMBO_NODE_ELEMENT:
	case GUMBO_NODE_TEMPLATE:
		if (!is_inert && take_script(tree, &node->v.element, parent))
			return;
		say_element(tree, &node->v.element);
		children = &node->v.element.children;
		break;
	case GUMBO_NODE_COMMENT:
		say(tree, "\n!", 2);
		say(tree, node->v.text.text, strlen(node->v.text.text));
		tree->ends_in_text = false;
		return;
	default:
		say_text(tree, node);
		return;
	}
	for (unsigned i = 0; i < children->length; i++)
		walk(tree, children->data[i], node, is_inert || node->type == GUMBO_NODE_TEMPLATE);
	say(tree, "\n>", 2);
	tree->ends_in_text = false;
}

static void parse(struct tree *tree, const char *page, size_t length)
{
	GumboOutput *output = gumbo_parse_with_options(&kGumboDefaultOptions, page, length);

	memset(tree, 0, sizeof(*tree));
	walk(tree, output->document, NULL, false);
	gumbo_destroy_output(&kGumboDefaultOptions, output);
}

static size_t inject(const char *bytes, size_t length, char *output, struct fsrv_page *page)
{
	struct fsrv_scan_options options = {.size = sizeof(options)};
	struct fsrv_segment segments[FSRV_SEGMENTS_MAX(0)];
	uint64_t size;
	size_t count;

	ck_assert_int_eq(fsrv_scan_page(bytes, length, &options, page), FSRV_OK);
	ck_assert_int_eq(fsrv_segments_plan(page, snippets, 0, segments, FSRV_SEGMENTS_MAX(0), &count, &size),
			 FSRV_OK);
	fsrv_segments_copy(segments, count, bytes, output);
	return (size_t)size;
}

/* An unfinished comment is a comment all the same, and comes to lie behind the snippets. */
static bool moves_comment(const char *bytes, const struct fsrv_page *page)
{
	const char *at = bytes + page->at[FSRV_BODY_END];

	return (page->flags & FSRV_PAGE_UNFINISHED) && (at[1] == '!' || at[1] == '?' || at[1] == '/');
}

/* False when the page is left out. */
static bool judge(const char *bytes, size_t length)
{
	static struct tree before, after;
	char output[MAX_PAGE];
	struct fsrv_page page;
	size_t size = inject(bytes, length, output, &page);

	parse(&before, bytes, length);
	if (before.has_unknown)
		return false;
	parse(&after, output, size);
	ck_assert_msg(after.found == FSRV_POINTS && !after.has_fault, "snippets of: %s", bytes);
	if (!moves_comment(bytes, &page))
		ck_assert_msg(before.length == after.length &&
				      memcmp(before.text, after.text, after.length) == 0,
			      "tree of: %s", bytes);
	if (!(page.flags & (FSRV_PAGE_UNFINISHED | FSRV_PAGE_FRAMESET)))
		ck_assert_msg(after.last_script <= after.body_end, "script after the last snippet: %s",
			      bytes);
	return true;
}

static void run(int round, size_t (*make)(char *))
{
	char page[MAX_PAGE];
	int judged = 0;

	random_state = (uint32_t)round + 1;
	for (int i = 0; i < PAGES; i++) {
		size_t length = make(page);

		if (!is_excluded(page) && judge(page, length))
			judged++;
	}
	ck_assert_msg(judged > PAGES / 4, "only %d pages left", judged);
}

START_TEST(judges_soup)
{
	run(_i, make_soup);
}
END_TEST

START_TEST(judges_damaged_pages)
{
	run(_i, make_damaged);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("inject_gumbo");
	TCase *pages_case = tcase_create("pages");

	tcase_set_timeout(pages_case, 60);
	tcase_add_loop_test(pages_case, judges_soup, 0, ROUNDS);
	tcase_add_loop_test(pages_case, judges_damaged_pages, 0, ROUNDS);
	suite_add_tcase(suite, pages_case);
	return suite;
}
