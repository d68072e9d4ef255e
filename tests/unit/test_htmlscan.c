#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "html/scanner.h"
#include "fsrv/inject.h"
#include "guard_page.h"
#include "suite.h"

#define HI  FSRV_PAGE_HEAD_IMPLIED
#define EI  FSRV_PAGE_HEAD_END_IMPLIED
#define OB  FSRV_PAGE_OPEN_BODY
#define BC  FSRV_PAGE_BODY_CLOSED
#define FS  FSRV_PAGE_FRAMESET
#define UN  FSRV_PAGE_UNFINISHED
#define CSP FSRV_PAGE_CSP
#define CS  FSRV_PAGE_CHARSET

#define MAX_PAGE 2048

/* In the pages below "{" stands where the head starts, "}" where it ends, "~" where the body ends, and
 * "`" for a NUL byte. */
static const struct {
	const char *name;
	const char *page;
	unsigned flags;
} cases[] = {
	{"whole page", "<!doctype html><html><head>{<title>t</title>}</head><body><p>x~</body></html>", BC},
	{"upper case", "<HTML><HEAD>{}</HEAD><BODY>x~</BODY></HTML>", BC},
	{"empty page", "{}~", HI | EI | OB},
	{"only white space", " \t\r\n\f{}~", HI | EI | OB},
	{"head tag with attributes", "<head a=1 b>{}</head><body>~", 0},
	{"head tag with slash", "<head/>{}</head><body>~", 0},

	{"head implied by a head element", "<!doctype html>{<title>t</title>}<p>~", HI | EI},
	{"head implied by a body element", "<!doctype html>{}<p>~", HI | EI},
	{"head implied by body tag", "{}<body>~", HI | EI},
	{"head implied by text", "<!-- c --> {}x~", HI | EI},
	{"head implied after white space of the text", "  \n{}x<head>~", HI | EI},
	{"head implied by end of head", "{}</head>~", HI | OB},
	{"head implied by end of body", "{}~</body>", HI | EI | OB | BC},
	{"head implied by end of html", "{}~</html>", HI | EI | OB | BC},
	{"head implied by end of br", "{}</br>~", HI | EI},
	{"other end tags are stepped over", "</p></div></x></title></template> {}x~", HI | EI},
	{"html tag is stepped over", "<html><html a>{}x~", HI | EI},
	{"declarations are stepped over", "<!doctype a \"<p>{}\">~", HI | EI},
	{"processing instruction is stepped over", "<?xml version=\"1.0\"?> {}x~", HI | EI},
	{"empty end tag is stepped over", "</>{}x~", HI | EI},
	{"blank end tag is a comment", "</ p>{}x~", HI | EI},
	{"lone less is text", "{}< p~", HI | EI},
	{"two less", "{}<<p>~", HI | EI},
	{"VT is text", "{}\vx~", HI | EI},
	{"NBSP is text", "{}\xC2\xA0~", HI | EI},
	{"NUL is text", " {}`<head>~", HI | EI},
	{"late byte order mark is text", " {}\xEF\xBB\xBF<head>~", HI | EI},
	{"first bytes of a mark are text", "{}\xEF\xBBx~", HI | EI},
	{"first byte of a mark alone", "{}\xEF~", HI | EI},

	{"decimal reference to a space", "&#32;&#9;&#10;&#12;&#13;<head>{}</head>~", OB},
	{"hexadecimal reference to a space", "&#x20;&#XA;&#x0000009<head>{}</head>~", OB},
	{"named reference to white space", "&Tab;&NewLine;<head>{}</head>~", OB},
	{"reference without semicolon", "&#32 &#9<head>{}</head>~", OB},
	{"named reference needs its semicolon", "{}&Tab<head>~", HI | EI},
	{"reference to another character", " {}&#33;<head>~", HI | EI},
	{"large reference does not wrap", "{}&#4294967328;<head>~", HI | EI},
	{"reference to a character with a space in its low byte", "{}&#288;<head>~", HI | EI},
	{"reference to NBSP", "{}&nbsp;<head>~", HI | EI},
	{"reference without digits", "{}&#;<head>~", HI | EI},
	{"hexadecimal without digits", "{}&#x;<head>~", HI | EI},
	{"ampersand alone", "{}& <head>~", HI | EI},
	{"name cut short", "{}&New<head>~", HI | EI},
	{"byte order mark", "\xEF\xBB\xBF{}<p>~", FSRV_PAGE_BOM | HI | EI},
	{"byte order mark alone", "\xEF\xBB\xBF{}~", FSRV_PAGE_BOM | HI | EI | OB},
	{"byte order mark before a head", "\xEF\xBB\xBF<head>{}</head>~", FSRV_PAGE_BOM | OB},
	{"reference at the end", "&#32{}~", HI | EI | OB},
	{"reference cut short at the end", "{}&#~", HI | EI},

	{"each head element stays",
	 "<head>{<base><basefont><bgsound><link><meta><title></title><noscript></noscript>"
	 "<noframes></noframes><style></style><script></script><template></template>}</head>~", OB},
	{"second head tag is ignored", "<head>{<head><title></title>}</head>~", OB},
	{"html tag in the head", "<head>{<html a><title></title>}</head>~", OB},
	{"other end tags in the head", "<head>{</title></p></template></x><title></title>}</head>~", OB},
	{"head closed by element", "<head>{<title></title> }<div>~", EI},
	{"head closed by text", "<head>{ <title></title> \n}x~", EI},
	{"head closed by end of body", "<head>{}~</body>", EI | OB | BC},
	{"head closed by end of br", "<head>{}</br>~", EI},
	{"head closed by svg", "<head>{}<svg></svg></head>~", EI},
	{"header is no head", "{}<header>x</header>~", HI | EI},
	{"name with VT is another", "{}<head\va>~", HI | EI},
	{"name with NUL is another", "{}<he`ad>~", HI | EI},
	{"head elements after the head", "<head>{}</head><title></title><base><link> <meta>~", OB},
	{"noscript after the head opens the body", "<head>{}</head><noscript></noscript>~", 0},
	{"end tags after the head", "<head>{}</head></head></p></x>~", OB},
	{"body implied after the head", "<head>{}</head><p>~", 0},
	{"end of body after the head", "<head>{}</head>~</body>", OB | BC},
	{"text after the head opens the body", "<head>{}</head> x~", 0},
	{"less at the end opens the body", "<head>{}</head><~", 0},

	{"quoted greater", "<head a=\"b>c\" d='e>f'>{}</head>~", OB},
	{"quote in an unquoted value", "<head a=b\"c>{}</head>~", OB},
	{"quote in a name", "<head \"a>{}b\">x~", EI},
	{"equals begins a name", "<head =\"x>{}y\">~", EI},
	{"blanks around equals", "<head a = \">\" b\n=\n'>'>{}</head>~", OB},
	{"value missing", "<head a=>{}</head>~", OB},
	{"no blank after a value", "<head a=\"1\"b=\">\">{}</head>~", OB},
	{"slash in a value", "<head a=/>{}</head>~", OB},
	{"slash between attributes", "<head a/b/c=\">\"/>{}</head>~", OB},
	{"two equals", "<head a==\">{}\">~", EI},
	{"long attribute name", "<head abcdefghijklmnopqrstuvwxyz=\">\">{}</head>~", OB},
	{"end tag with quoted greater", "<head>{}</head a=\">\"><body>~", 0},

	{"shortest comment", "<!--><head>{}</head>~", OB},
	{"short comment", "<!---><head>{}</head>~", OB},
	{"empty comment", "<!----><head>{}</head>~", OB},
	{"comment ended with bang", "<!-- --!><head>{}</head>~", OB},
	{"dash before bang starts no end", "<!---!><head>--><head>{}</head>~", OB},
	{"bang right after the start", "<!--!><head>--><head>{}</head>~", OB},
	{"comment with other ends", "<!-- > -> --- > -- > --!- ><head>--><head>{}</head>~", OB},
	{"comments do not nest", "<!-- <!-- --><head>{}</head>~", OB},
	{"many dashes", "<!-- -------><head>{}</head>~", OB},
	{"one dash is a bogus comment", "<!-a><head>{}</head>~", OB},
	{"CDATA in HTML ends at greater", "<![CDATA[x><head>{}</head>~", OB},
	{"comment around tags", "<!-- <head></head> --><head>{<!-- </head> -->}</head>~", OB},

	{"title", "<head>{<title></head><!--</titl></titlex></title>}</head>~", OB},
	{"style", "<head>{<style></head></style\n>}</head>~", OB},
	{"end tag in another case", "<head>{<style></head></STYLE/>}</head>~", OB},
	{"end tag with attributes", "<head>{<style></style a=\">\">}</head>~", OB},
	{"noscript is raw", "<head>{<noscript></head><!--</noscript>}</head>~", OB},
	{"noframes is raw", "<head>{<noframes></head></noframes>}</head>~", OB},
	{"textarea, xmp, iframe, noembed",
	 "{}<textarea></body></textarea><xmp></body></xmp><iframe></body></iframe>"
	 "<noembed></body></noembed>x~</body>", HI | EI | BC},
	{"less in raw text", "<head>{<title><</title>}</head>~", OB},
	{"slash in raw text", "<head>{<title></</title>}</head>~", OB},
	{"NUL after a raw name", "<head>{<title></title`</title>}</head>~", OB},
	{"raw text in a template", "{<template><title></template></title></template>}~", HI | EI | OB},

	{"script", "<head>{<script>'</head>'</script>}</head>~", OB},
	{"script with comment", "<head>{<script><!-- </script>}</head>~", OB},
	{"script double escaped", "<head>{<script><!--<script></script></head></script>}</head>~", OB},
	{"script escaped and left", "<head>{<script><!-- --><script></script>}</head>~", OB},
	{"script double escaped and left", "<head>{<script><!--<script>--></script>}</head>~", OB},
	{"script shortest comment", "<head>{<script><!--><script></script>}</head>~", OB},
	{"script with dashes", "<head>{<script><!------><script></script>}</head>~", OB},
	{"script with a broken arrow", "<head>{<script><!-- -- ><script></script></script>}</head>~", OB},
	{"script other name in comment", "<head>{<script><!--<scripts></script>}</head>~", OB},
	{"script name with slash", "<head>{<script><!--<SCRIPT/</script/</script>}</head>~", OB},
	{"script end with other name", "<head>{<script></scripts></head></script\t>}</head>~", OB},
	{"script with two less", "<head>{<script><<!--<<script></script><</script>}</head>~", OB},
	{"script unclosed twice", "{}<body>~<script><!--<script></script>", HI | EI | UN},

	{"inner end of body", "{}<body>a</body>b~</body></html>", HI | EI | BC},
	{"closing run", "{}<body>~</body>\n<!-- c --></html> <!x></body><html a>&#32;<?x></ >", HI | EI | BC},
	{"end tag after the closing run", "{}<body></body></p>~", HI | EI},
	{"ignored end tag after the closing run", "{}<body></body></x>~", HI | EI},
	{"element after the closing run", "{}<body></body></html><p>~", HI | EI},
	{"body after the closing run", "{}<body></body><body>~", HI | EI},
	{"text after the closing run", "{}<body></html>x~", HI | EI},
	{"NUL after the closing run", "{}<body></html>`~", HI | EI},
	{"reference after the closing run", "{}<body></html>&amp;~", HI | EI},
	{"less after the closing run", "{}<body></html><~", HI | EI},
	{"unfinished end tag after the closing run", "{}<body></html>~</", HI | EI | UN},
	{"unfinished comment after the closing run", "{}<body>~</html><!-- x", HI | EI | BC},
	{"unfinished tag after the closing run", "{}<body>~</html><p a=\"", HI | EI | BC},
	{"script after the closing run", "{}<body></html>~<script>", HI | EI | UN},
	{"end of body in a template", "{}<p><template></body></template>~", HI | EI},
	{"end of body in svg", "{}<p><svg></body></svg>~", HI | EI},
	{"end of body in select", "{}<select><option>~</body>", HI | EI | BC},
	{"end of body in a table", "{}<table><td>~</body>", HI | EI | BC},

	{"unfinished comment", "{}<p>x~<!-- </body>", HI | EI | UN},
	{"unfinished comment end", "{}<p>x~<!-- --", HI | EI | UN},
	{"unfinished comment start", "{}<p>x~<!-", HI | EI | UN},
	{"unfinished declaration", "{}<p>x~<!", HI | EI | UN},
	{"unfinished instruction", "{}<p>x~<?", HI | EI | UN},
	{"unfinished end tag open", "{}<p>x~</", HI | EI | UN},
	{"unfinished tag name", "{}<p>x~<di", HI | EI | UN},
	{"unfinished attribute", "{}<p>x~<div a", HI | EI | UN},
	{"unfinished value", "{}<p>x~<div a=\"></div>", HI | EI | UN},
	{"unfinished end tag", "{}<p>x~</div ", HI | EI | UN},
	{"less at the end is text", "{}<p>x<~", HI | EI},
	{"unclosed script", "{}<p>x~<script>a</body>", HI | EI | UN},
	{"unclosed script with its end tag unfinished", "{}<p>x~<script>a</script a", HI | EI | UN},
	{"unclosed style", "<head>{}~<style>a</head>", EI | UN},
	{"unclosed plaintext", "{}<p>~<plaintext></plaintext></body>", HI | EI | UN},
	{"unclosed template", "<head>{}~<template></head><body>x", EI | UN},
	{"outermost template counts", "{}<p>~<template>a<template></template>b", HI | EI | UN},
	{"unclosed template holds a script", "{}<p>~<template><script>", HI | EI | UN},
	{"unclosed svg", "{}<p>~<svg><g></g>x", HI | EI | UN},
	{"unclosed math", "{}<p>~<math><mrow>", HI | EI | UN},
	{"nothing opened before something unfinished", "<!doctype html>{}~<!-- <p>", HI | EI | UN},
	{"unfinished in the head", "<head>{<title></title>}~<meta", EI | UN},

	{"template in the head", "<head>{<template><body></head><p></template>}</head>~", OB},
	{"nested templates", "{<template><template></template></head></template>}~", HI | EI | OB},
	{"text in a template", "{<template>x</template>}~", HI | EI | OB},
	{"unclosed elements in a template", "{<template><div><table><td></template>}~", HI | EI | OB},
	{"svg in a template", "{<template><svg></template>}~", HI | EI | OB},
	{"template in svg is no template", "{}<svg><template></svg>~", HI | EI},
	{"end tags do not leave a template", "{}<div><template></div></template>~</body>", HI | EI | BC},

	{"svg text", "{}<svg><text>x</text></svg>~", HI | EI},
	{"svg raw names are not raw",
	 "{}<svg><title></title><style><g></g></style><textarea></textarea></svg>~", HI | EI},
	{"svg self-closing", "{}<svg/><p>~", HI | EI},
	{"svg child self-closing", "{}<svg><g/><script/></svg>~", HI | EI},
	{"slash in an unquoted value closes nothing", "{}~<svg a=b/>", HI | EI | UN},
	{"svg CDATA", "{}<svg><![CDATA[</svg><p>]]></svg>~", HI | EI},
	{"svg CDATA brackets", "{}<svg><![CDATA[]] >]]]></svg>~", HI | EI},
	{"svg CDATA in another case is a comment", "{}<svg><![cdata[></svg>~", HI | EI},
	{"svg CDATA unfinished", "{}~<svg><![CDATA[ ]] >", HI | EI | UN},
	{"CDATA in an integration point", "{}<svg><desc><![CDATA[>]]></desc></svg>~", HI | EI},
	{"svg stray end tag", "{}~<svg></x></div></span>", HI | EI | UN},
	{"svg left by the end of its parent", "{}<div><svg><g></div>~", HI | EI},
	{"svg left by the end of a formatting parent", "{}<b><svg><g></b>~", HI | EI},
	{"svg left through the adoption agency", "{}<b><p><svg></b>~", HI | EI},
	{"svg not left by a name that a special element hides", "{}<span><p>~<svg></span>", HI | EI | UN},
	{"svg not left by the end tag of a closed element", "{}<span></span>~<svg></span>", HI | EI | UN},
	{"svg left by the end of a cell", "{}<table><tr><td><svg></td>~", HI | EI},
	{"svg left by a heading of another level", "{}<h1><svg></h2>~", HI | EI},
	{"svg not left by the end of a form", "{}<form>~<svg></form>", HI | EI | UN},
	{"svg left by the end of a list item", "{}<ul><li><svg></li>~", HI | EI},
	{"svg not left by the end of an item of an outer list", "{}<li><ul>~<svg></li>", HI | EI | UN},
	{"svg left by the end of a button", "{}<p><button><div><svg></button>~", HI | EI},
	{"paragraph closed by a block in svg", "{}~<svg><desc><p><div></div></desc><g>", HI | EI | UN},
	{"link closed by a link in svg", "{}~<svg><desc><a><a></a></desc><g>", HI | EI | UN},
	{"button closed by a button in svg", "{}~<svg><desc><button><button></button></desc><g>",
	 HI | EI | UN},
	{"heading closed by a heading in svg", "{}~<svg><desc><h1><h2></h2></desc><g>", HI | EI | UN},
	{"item closed by an item in svg", "{}~<svg><desc><li><li></li></desc><g>", HI | EI | UN},
	{"description closed by a term in svg", "{}~<svg><desc><dd><dt></dt></desc><g>", HI | EI | UN},
	{"svg left by a cell", "{}<table><tr><td><svg><desc><td></td></desc><g>~", HI | EI},
	{"svg left by a row", "{}<table><tr><svg><desc><tr></tr></desc><g>~", HI | EI},
	{"svg left by a section of a table", "{}<table><tbody><svg><desc><tbody></tbody></desc><g>~",
	 HI | EI},
	{"svg not left by a cell without a table", "{}~<svg><desc><td></desc><g>", HI | EI | UN},
	{"form in svg ignored inside of a form", "{}<form>~<svg><desc><form></desc><g>", HI | EI | UN},
	{"form in svg ended in place", "{}~<svg><desc><form><div></form></div></desc><g>", HI | EI | UN},
	{"svg break-out", "{}<svg><g><div>x~</body></body>", HI | EI | BC},
	{"svg break-out by end of p", "{}<svg></p>~", HI | EI},
	{"svg break-out by end of br", "{}<svg></br>~", HI | EI},
	{"svg break-out by font with color", "{}<svg><font COLOR=x>~", HI | EI},
	{"svg break-out by font with size", "{}<svg><font a size>~", HI | EI},
	{"svg font alone stays", "{}~<svg><font a=color>", HI | EI | UN},
	{"break-out to an integration point", "{}<svg><desc><svg><g><p>x~", HI | EI},
	{"foreignObject holds HTML", "{}<svg><foreignObject><style></svg></style></foreignObject></svg>~",
	 HI | EI},
	{"innermost root counts", "{}<svg><foreignObject><p>~<svg><g>", HI | EI | UN},
	{"outer root counts again", "{}~<svg><foreignObject><svg></svg></foreignObject><g>", HI | EI | UN},
	{"end of the page in an integration point", "{}<svg><foreignObject>x~", HI | EI},
	{"end tags do not leave an integration point", "{}<div><svg><desc><p></div></svg>x~", HI | EI},
	{"svg end tag in an integration point", "{}<svg><desc></svg>~", HI | EI},
	{"svg in math is no svg", "{}<math><svg><desc></desc><xmp></xmp></svg></math>~", HI | EI},
	{"math text integration point", "{}<math><mi><xmp></math></xmp></mi></math>~", HI | EI},
	{"mglyph stays math", "{}<math><mi><mglyph><xmp></mglyph></mi></math>~", HI | EI},
	{"annotation-xml", "{}~<math><annotation-xml><xmp>", HI | EI | UN},
	{"annotation-xml with encoding", "{}<math><annotation-xml a encoding=TEXT/HTML><xmp></math></xmp>~",
	 HI | EI},
	{"annotation-xml with encoding holds HTML", "{}<math><annotation-xml encoding=text/html><video>~",
	 HI | EI},
	{"annotation-xml with XHTML", "{}<math><annotation-xml encoding='application/xhtml+xml'><p>~",
	 HI | EI},
	{"annotation-xml with another", "{}~<math><annotation-xml encoding=text/html2><g>", HI | EI | UN},
	{"annotation-xml first encoding counts", "{}~<math><annotation-xml encoding=x encoding=text/html><g>",
	 HI | EI | UN},
	{"svg in annotation-xml", "{}<math><annotation-xml><svg><foreignObject><xmp></math></xmp>~", HI | EI},
	{"svg in annotation-xml has the root of math", "{}~<math><annotation-xml><svg><g>", HI | EI | UN},
	{"head tag in svg", "{}<svg><head></svg>~", HI | EI}, /* a break-out, then ignored */
	{"mixed case", "{}<SVG><ForeignObject><P>x</P></FOREIGNOBJECT></svg>~", HI | EI},

	{"frameset", "<head>{}~</head><frameset><frame></frameset></html>", FS},
	{"frameset in the head", "<head>{}~<frameset>", EI | FS},
	{"frameset first", "{}~<frameset>", HI | EI | FS},
	{"frameset replaces a body without content", "{}~<p><b><svg></svg> &#32;`<frameset>", HI | EI | FS},
	{"frameset after the closing run", "{}~<p></body><frameset>", HI | EI | FS},
	{"frameset after a hidden input", "{}~<p><input type=HIDDEN><frameset>", HI | EI | FS},
	{"no frameset after an input", "{}<p><input type=text><frameset>~", HI | EI},
	{"no frameset after body tag", "{}<body><frameset>~", HI | EI},
	{"no frameset after text", "{}<p>x<frameset>~", HI | EI},
	{"no frameset after text in svg", "{}<p><svg>x</svg><frameset>~", HI | EI},
	{"no frameset after an image", "{}<p><img><frameset>~", HI | EI},
	{"no frameset after end of br", "{}<p></br><frameset>~", HI | EI},
	{"no frameset after a template", "{}<p><template></template><frameset>~", HI | EI},
	{"no frameset after a template in the head", "<head>{<template></template>}<p><frameset>~", EI},
	{"frameset in a template", "{<template><frameset></template>}~", HI | EI | OB},

	{"policy in the head", "<head>{<meta HTTP-EQUIV=\"Content-Security-Policy\" content=x>}</head>~",
	 OB | CSP},
	{"policy after the head", "<head>{}</head><meta http-equiv=content-security-policy>~", OB | CSP},
	{"policy in the body is none", "{}<p><meta http-equiv=content-security-policy>~", HI | EI},
	{"policy in a template is none", "{<template><meta http-equiv=content-security-policy></template>}~",
	 HI | EI | OB},
	{"another pragma", "{<meta http-equiv=content-security-policy-report-only>}~", HI | EI | OB},
	{"pragma of an equal later attribute", "{<meta http-equiv=x http-equiv=content-security-policy>}~",
	 HI | EI | OB},

	{"charset", "{<meta charset=utf-8>}~", HI | EI | OB | CS},
	{"charset in content", "{<meta content='text/html; charset=utf-8' http-equiv=content-type>}~",
	 HI | EI | OB | CS},
	{"charset in content without pragma", "{<meta content='text/html; charset=utf-8'>}~", HI | EI | OB},
	{"charset after text", "{}x<meta charset=utf-8>~", HI | EI | CS},
	{"charset empty", "{<meta charset=' '>}~", HI | EI | OB},
	{"charset in a script", "{<script>'<meta charset=x>'</script>}~", HI | EI | OB},
};

struct expectation {
	char page[MAX_PAGE];
	size_t length;
	uint64_t at[FSRV_POINTS];
};

static void read_marks(const char *text, struct expectation *e)
{
	static const char marks[] = "{}~";

	*e = (struct expectation){.at = {FSRV_NO_OFFSET, FSRV_NO_OFFSET, FSRV_NO_OFFSET}};
	for (; *text != '\0'; text++) {
		const char *mark = strchr(marks, *text);

		ck_assert(e->length < MAX_PAGE);
		if (mark != NULL)
			e->at[mark - marks] = e->length;
		else
			e->page[e->length++] = *text == '`' ? '\0' : *text;
	}
}

/* Scans a page in chunks of one size, each before an inaccessible page. */
static void scan_chunks(const char *bytes, size_t length, size_t chunk, unsigned flags,
			struct fsrv_page *page)
{
	struct fsrv_scan_options options = {.size = sizeof(options), .flags = flags};
	struct fsrv_scan scan;

	ck_assert_int_eq(fsrv_scan_begin(&scan, &options), FSRV_OK);
	for (size_t at = 0; at < length; at += chunk) {
		size_t left = length - at < chunk ? length - at : chunk;
		const char *copy = guard_page_copy(bytes + at, left);

		fsrv_scan_feed(&scan, copy, left);
		guard_page_free(copy, left);
	}
	ck_assert_int_eq(fsrv_scan_end(&scan, page), FSRV_OK);
}

static void check(const char *name, size_t chunk, const struct fsrv_page *page, const struct expectation *e,
		  uint64_t flags)
{
	static const char *const points[FSRV_POINTS] = {"head start", "head end", "body end"};

	for (size_t i = 0; i < FSRV_POINTS; i++)
		ck_assert_msg(page->at[i] == e->at[i], "%s, chunk %zu: %s at %" PRIu64 ", not %" PRIu64, name,
			      chunk, points[i], page->at[i], e->at[i]);
	ck_assert_msg(page->flags == flags, "%s, chunk %zu: flags %#" PRIx64 ", not %#" PRIx64, name, chunk,
		      page->flags, flags);
	ck_assert_msg(page->size == e->length, "%s, chunk %zu: size", name, chunk);
}

START_TEST(finds_the_points)
{
	struct expectation e;
	struct fsrv_page page;

	read_marks(cases[_i].page, &e);
	for (size_t chunk = 1; chunk <= e.length; chunk++) {
		scan_chunks(e.page, e.length, chunk, 0, &page);
		check(cases[_i].name, chunk, &page, &e, cases[_i].flags);
	}
	scan_chunks(e.page, e.length, MAX_PAGE, 0, &page);
	check(cases[_i].name, MAX_PAGE, &page, &e, cases[_i].flags);
}
END_TEST

/* A scan that stops at the head finds the same head, in chunks of every size. */
START_TEST(finds_the_head_alone)
{
	struct expectation e;
	struct fsrv_page whole = {0};

	read_marks(cases[_i].page, &e);
	for (size_t chunk = e.length + 1; chunk > 0; chunk--) {
		struct fsrv_page page;

		scan_chunks(e.page, e.length, chunk, FSRV_SCAN_HEAD_ONLY, &page);
		if (chunk > e.length)
			whole = page;
		e.at[FSRV_BODY_END] = FSRV_NO_OFFSET;
		check(cases[_i].name, chunk, &page, &e, whole.flags);
		ck_assert_msg((page.flags & ~cases[_i].flags) == FSRV_PAGE_HEAD_ONLY, "%s", cases[_i].name);
	}
}
END_TEST

/* A page may stop anywhere: then its points are those of a page, and nothing is read beyond. */
START_TEST(takes_every_prefix)
{
	struct expectation e;
	struct fsrv_page page;

	read_marks(cases[_i].page, &e);
	for (size_t length = 0; length < e.length; length++) {
		scan_chunks(e.page, length, MAX_PAGE, 0, &page);
		ck_assert_msg(page.at[FSRV_HEAD_START] <= page.at[FSRV_HEAD_END] &&
				      page.at[FSRV_HEAD_END] <= page.at[FSRV_BODY_END] &&
				      page.at[FSRV_BODY_END] <= length,
			      "%s: prefix of %zu", cases[_i].name, length);
	}
}
END_TEST

static struct fsrv_page scan(const char *bytes, size_t length, uint64_t flags)
{
	struct fsrv_scan_options options = {.size = sizeof(options), .flags = flags};
	struct fsrv_page page;

	ck_assert_int_eq(fsrv_scan_page(bytes, length, &options, &page), FSRV_OK);
	return page;
}

static void require_no_points(const struct fsrv_page *page)
{
	for (size_t i = 0; i < FSRV_POINTS; i++)
		ck_assert_uint_eq(page->at[i], FSRV_NO_OFFSET);
}

START_TEST(leaves_utf16_alone)
{
	struct fsrv_page little = scan("\xFF\xFE<\0p\0>\0", 8, 0), big = scan("\xFE\xFF\0<\0p\0>", 8, 0);

	require_no_points(&little);
	require_no_points(&big);
	ck_assert_uint_eq(little.flags, FSRV_PAGE_UTF16);
	ck_assert_uint_eq(big.flags, FSRV_PAGE_UTF16);
	ck_assert_uint_eq(big.size, 8);
}
END_TEST

static const struct {
	const char *name, *page;
	bool is_skipped;
} japanese[] = {
	{"charset", "<meta charset=ISO-2022-JP><p>", true},
	{"alias", "<meta charset='csISO2022JP'><p>", true},
	{"blanks around", "<meta charset=' iso-2022-jp '><p>", true},
	{"content", "<meta http-equiv=Content-Type content=\"text/html; charset=iso-2022-jp\">", true},
	{"in the body", "<p><meta charset=iso-2022-jp>", true},
	{"second label", "<meta charset=utf-8><meta charset=iso-2022-jp>", false},
	{"longer label", "<meta charset=iso-2022-jp-2>", false},
	{"shorter label", "<meta charset=iso-2022-j>", false},
	{"byte order mark first", "\xEF\xBB\xBF<meta charset=iso-2022-jp>", false},
	{"in a comment", "<!-- <meta charset=iso-2022-jp> -->", false},
};

START_TEST(leaves_iso_2022_jp_alone)
{
	struct fsrv_page page = scan(japanese[_i].page, strlen(japanese[_i].page), 0);
	bool is_skipped = (page.flags & FSRV_PAGE_ISO_2022_JP) != 0;

	ck_assert_msg(is_skipped == japanese[_i].is_skipped, "%s", japanese[_i].name);
	if (is_skipped)
		require_no_points(&page);
}
END_TEST

/* label: NULL for none. */
static const struct {
	const char *name, *page, *label;
} charsets[] = {
	{"unquoted", "<meta charset=utf-8>", "utf-8"},
	{"quoted with blanks", "<meta charset=\" Windows-1252\t\">", "Windows-1252"},
	{"single quotes", "<head><meta name=a charset='Shift_JIS'/>", "Shift_JIS"},
	{"unquoted before slash", "<meta charset=big5/>", "big5/"},
	{"content", "<meta http-equiv=content-type content=\"text/html;charset=gbk\">", "gbk"},
	{"content with blanks", "<meta content='charset = gbk ; x' http-equiv=Content-Type>", "gbk"},
	{"content with quotes", "<meta content='charset=\"gbk;\"' http-equiv=content-type>", "gbk;"},
	{"content with an open quote", "<meta content='charset=\"gbk' http-equiv=content-type>", NULL},
	{"content with two", "<meta content='charset charset=gbk' http-equiv=content-type>", "gbk"},
	{"content without equals", "<meta content='charset gbk' http-equiv=content-type>", NULL},
	{"content at its end", "<meta content='charset=' http-equiv=content-type>", NULL},
	{"charset before content", "<meta charset=a content='charset=b' http-equiv=content-type>", "a"},
	{"first of two", "<meta charset=a charset=b>", "a"},
	{"first meta", "<meta charset=a><meta charset=b>", "a"},
	{"value missing", "<meta charset>", NULL},
	{"other element", "<link charset=a>", NULL},
	{"other attribute", "<meta charset2=a xcharset=b>", NULL},
	{"too long a value",
	 "<meta charset=\"                                                                          "
	 "                                     a\">", NULL},
};

START_TEST(reports_the_charset)
{
	const char *text = charsets[_i].page, *label = charsets[_i].label;
	struct fsrv_page page = scan(text, strlen(text), 0);

	ck_assert_msg(((page.flags & FSRV_PAGE_CHARSET) != 0) == (label != NULL), "%s", charsets[_i].name);
	if (label == NULL) {
		ck_assert_uint_eq(page.charset_offset, FSRV_NO_OFFSET);
		return;
	}
	ck_assert_msg(page.charset_length == strlen(label) &&
			      memcmp(text + page.charset_offset, label, strlen(label)) == 0,
		      "%s: got %.*s", charsets[_i].name, (int)page.charset_length,
		      text + page.charset_offset);
}
END_TEST

/* The whole tag must lie within the first 1024 bytes. */
START_TEST(looks_for_the_charset_in_1024_bytes)
{
	static const char meta[] = "<meta charset=utf-8>";
	char page[1100];

	for (size_t start = 1000; start < 1010; start++) {
		struct fsrv_page result;

		memset(page, ' ', sizeof(page));
		memcpy(page + start, meta, sizeof(meta) - 1);
		result = scan(page, sizeof(page), 0);
		ck_assert_int_eq((result.flags & FSRV_PAGE_CHARSET) != 0, start + sizeof(meta) - 1 <= 1024);
	}
}
END_TEST

START_TEST(reports_the_policy)
{
	static const char text[] = "<head> <meta http-equiv=content-security-policy content=a>"
				   "<meta http-equiv=content-security-policy content=b></head>";
	struct fsrv_page page = scan(text, sizeof(text) - 1, 0);

	ck_assert_uint_eq(page.csp_offset, 7);
	ck_assert_uint_eq(scan("<p>", 3, 0).csp_offset, FSRV_NO_OFFSET);
}
END_TEST

START_TEST(stops_at_the_head)
{
	static const char text[] = "<head><title>x</title></head><body>";
	struct fsrv_scan_options options = {.size = sizeof(options), .flags = FSRV_SCAN_HEAD_ONLY};
	struct fsrv_scan scanner;
	struct fsrv_page page;

	fsrv_scan_begin(&scanner, &options);
	ck_assert_int_eq(fsrv_scan_feed(&scanner, text, 20), FSRV_SCAN_MORE);
	ck_assert_int_eq(fsrv_scan_feed(&scanner, text + 20, sizeof(text) - 21), FSRV_SCAN_DONE);
	fsrv_scan_end(&scanner, &page);
	ck_assert_uint_eq(page.at[FSRV_HEAD_START], 6);
	ck_assert_uint_eq(page.at[FSRV_HEAD_END], 22);
	ck_assert_uint_eq(page.at[FSRV_BODY_END], FSRV_NO_OFFSET);
	ck_assert_uint_eq(page.flags, FSRV_PAGE_HEAD_ONLY);
}
END_TEST

START_TEST(gives_up_on_deep_svg)
{
	static char text[8192];
	struct fsrv_page page;
	size_t length = 0;

	length += (size_t)sprintf(text, "<p>");
	for (int i = 0; i < 400; i++)
		length += (size_t)sprintf(text + length, "<svg><g>");
	page = scan(text, length, 0);
	ck_assert_uint_eq(page.flags, HI | EI | UN | FSRV_PAGE_TOO_DEEP);
	ck_assert_uint_eq(page.at[FSRV_BODY_END], 3);
}
END_TEST

/* Elements beyond what is recorded change nothing, and all that follows is still read. */
START_TEST(follows_deep_html)
{
	static char text[65536];
	struct fsrv_page page;
	size_t length = 0;

	for (int i = 0; i < 1000; i++)
		length += (size_t)sprintf(text + length, "<div><span><template></template>");
	length += (size_t)sprintf(text + length, "<svg><g></div>");
	page = scan(text, length, 0);
	ck_assert_uint_eq(page.flags, HI | EI);
	ck_assert_uint_eq(page.at[FSRV_BODY_END], length);
}
END_TEST

START_TEST(counts_deep_templates)
{
	static char text[65536];
	struct fsrv_page page;
	size_t length = 0;

	for (int i = 0; i < 1000; i++)
		length += (size_t)sprintf(text + length, "<template>");
	for (int i = 0; i < 999; i++)
		length += (size_t)sprintf(text + length, "</template>");
	ck_assert_uint_eq(scan(text, length, 0).at[FSRV_BODY_END], 0);
	length += (size_t)sprintf(text + length, "</template>");
	page = scan(text, length, 0);
	ck_assert_uint_eq(page.flags, HI | EI | OB);
	ck_assert_uint_eq(page.at[FSRV_BODY_END], length);
}
END_TEST

/* Every element that has a row of its own is found by its name, and others are not. */
START_TEST(knows_the_tags)
{
	static const char names[] =
		"base basefont bgsound link meta title style script noframes noscript template textarea "
		"iframe xmp noembed plaintext area br embed img image keygen wbr hr input source track "
		"param col colgroup frame frameset head body html address article aside blockquote center "
		"details dialog dir div dl fieldset figcaption figure footer header hgroup main menu nav ol "
		"search section summary ul pre listing form p h1 h2 h3 h4 h5 h6 li dd dt button applet "
		"marquee object select table td th tr tbody thead tfoot caption a b big code em font i nobr "
		"s small strike strong tt u ruby span sub sup var foreignobject desc mi mo mn ms mtext "
		"annotation-xml mglyph malignmark svg math";
	unsigned count = 0, rows = 0;
	uint64_t key = 0;

	for (const char *at = names;; at++) {
		if (*at != ' ' && *at != '\0') {
			key = FSRV__KEY_ADD(key, *at);
			continue;
		}
		ck_assert_msg(fsrv__tag_find(key)->key == key, "row before %s", at);
		count++;
		key = 0;
		if (*at == '\0')
			break;
	}
	for (size_t i = 0; i < sizeof(fsrv__tags) / sizeof(fsrv__tags[0]); i++)
		rows += fsrv__tags[i].key != 0;
	ck_assert_uint_eq(rows, count);
	ck_assert_ptr_eq(fsrv__tag_find(FSRV__KEY3('f', 'o', 'o')), &fsrv__tag_other);
	ck_assert_ptr_eq(fsrv__tag_find(0)->name, NULL);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("htmlscan");
	TCase *table = tcase_create("table");
	TCase *facts = tcase_create("facts");
	TCase *limits = tcase_create("limits");

	tcase_add_loop_test(table, finds_the_points, 0, LEN(cases));
	tcase_add_loop_test(table, finds_the_head_alone, 0, LEN(cases));
	tcase_add_loop_test(table, takes_every_prefix, 0, LEN(cases));
	suite_add_tcase(suite, table);
	tcase_add_test(facts, leaves_utf16_alone);
	tcase_add_loop_test(facts, leaves_iso_2022_jp_alone, 0, LEN(japanese));
	tcase_add_loop_test(facts, reports_the_charset, 0, LEN(charsets));
	tcase_add_test(facts, looks_for_the_charset_in_1024_bytes);
	tcase_add_test(facts, reports_the_policy);
	suite_add_tcase(suite, facts);
	tcase_add_test(limits, stops_at_the_head);
	tcase_add_test(limits, gives_up_on_deep_svg);
	tcase_add_test(limits, follows_deep_html);
	tcase_add_test(limits, counts_deep_templates);
	tcase_add_test(limits, knows_the_tags);
	suite_add_tcase(suite, limits);
	return suite;
}
