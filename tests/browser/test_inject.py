#!/usr/bin/env python3
"""Loads pages in headless Chromium, as they are and with scripts put in, and compares what ran and the trees.

usage: test_inject.py FSRV_SERVE

Prints TAP. Exits 0 when all is well, 1 when not, 77 without Chromium and its driver.
"""

import difflib
import functools
import sys

sys.dont_write_bytecode = True
from webdriver import check_sites, start_site, stop

OURS = "put-in-by-the-test"
STRIPPED = "to-be-stripped"

LOG = "(window.__log = window.__log || []).push"
# The first script of each point tells what it sees; the second needs its text escaped to arrive whole.
FIRST = "/* " + OURS + " */ " + LOG + '(document.body ? "%s1" : "%s1 no body");'
SECOND = "/* " + OURS + """ */ var lt = String.fromCharCode(60), text = "<!-- <script> </script>";
""" + LOG + '("%s2" + (text === lt + "!-- " + lt + "script> " + lt + "/script>" ? "" : ": " + text));'
OPTIONS = {"HS": "--pre-head-script", "HE": "--head-script", "BE": "--body-script"}

# A document with its doctype and comments, scripts left away that the test put in or had stripped.
DOCUMENT = """
const [words] = arguments;
const clean = (root) => {
    for (const script of root.querySelectorAll("script"))
        if (script instanceof HTMLScriptElement && words.some(word => script.textContent.includes(word)))
            script.remove();
    root.querySelectorAll("template").forEach(template => clean(template.content));
};
clean(document);
const doctype = document.doctype;
return {
    log: window.__log || [],
    mode: document.compatMode,
    encoding: document.characterSet,
    doctype: doctype && [doctype.name, doctype.publicId, doctype.systemId],
    nodes: [...document.childNodes].map(node => node.nodeName + " " + (node.outerHTML || node.data || "")),
};
"""


def a(number, after=""):
    """A script of the author."""
    return f'<script>{LOG}("a{number}");{after}</script>'


# The words of the table for the scripts that are put in. FE: a frameset holds none, so they come before it.
POINTS = {
    "HS": ["HS1 no body", "HS2"],
    "HE": ["HE1 no body", "HE2"],
    "BE": ["BE1", "BE2"],
    "FE": ["BE1 no body", "BE2"],
}

# Name, page, and what must run; what is in brackets runs in the plain page alone.
PAGES = [
    ("a whole page",
     f"<!doctype html>\n<html lang=en>\n<head>\n<title>t</title>\n{a(1)}\n</head>\n<body>\n<p>x</p>\n{a(2)}\n"
     "</body>\n</html>\n", "HS a1 HE a2 BE"),
    ("no doctype", f"<html><head>{a(1)}</head><body><p>x<table><p>y</table>{a(2)}</body></html>",
     "HS a1 HE a2 BE"),
    ("no html, head and body tags", f"<!doctype html><title>t</title>{a(1)}<p>x{a(2)}", "HS a1 HE a2 BE"),
    ("no tag of those and no doctype", f"<div>x</div>{a(1)}", "HS HE a1 BE"),
    ("a head alone", f"<!doctype html>{a(1)}{a(2)}\n", "HS a1 a2 HE BE"),
    ("text alone", "text &amp; text", "HS HE BE"),
    ("upper case", f"<!DOCTYPE HTML><HTML><HEAD><TITLE>t</TITLE>{a(1)}</HEAD><BODY>{a(2)}</BODY></HTML>",
     "HS a1 HE a2 BE"),
    ("an old doctype",
     '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">'
     f"<html><head>{a(1)}</head><body>{a(2)}</body></html>", "HS a1 HE a2 BE"),
    ("an attribute with a greater-than sign",
     f'<!doctype html><html><head data-x="a>b">{a(1)}</head><body>{a(2)}', "HS a1 HE a2 BE"),
    ("a comment with tags before the head",
     "<!-- <head> </head> --><!doctype html><!-- <body> -->"
     f"<html><head>{a(1)}</head><body>{a(2)}</body></html>", "HS a1 HE a2 BE"),
    ("a header and no head", f"<!doctype html><title>t</title>{a(1)}<header>x</header>{a(2)}",
     "HS a1 HE a2 BE"),
    ("end tags in the strings of scripts",
     f"<!doctype html><html><head>{a(1, 'var h = ' + repr('</head><body>'))}</head><body>"
     f"{a(2, 'var b = ' + repr('</body></html>'))}<p>x</p>{a(3)}</body></html>", "HS a1 HE a2 a3 BE"),
    ("end tags in title, textarea, noscript and comment",
     "<!doctype html><html><head><title></head></title><noscript></head></noscript>"
     f"<!-- </head> -->{a(1)}</head><body><textarea></head></body></textarea>"
     f"<!-- </body> -->{a(2)}</body></html>", "HS a1 HE a2 BE"),
    ("a script after the end of html",
     f"<!doctype html><head></head><body><p>x</body></html>\n{a(1)}\n<!-- c -->", "HS HE a1 BE"),
    ("a page pasted into a page",
     f"<!doctype html><html><head>{a(1)}</head><body><div>"
     f"<html lang=en><head>{a(2)}</head><body class=c></body></html></div>{a(3)}</body></html>",
     "HS a1 HE a2 a3 BE"),
    ("a byte order mark", f"\ufeff<!doctype html><p>\u00e4\ufeff{a(1)}", "HS HE a1 BE"),
    ("an encoding of its own",
     f'<!doctype html><meta charset="windows-1252"><title>\u00e4\u20ac</title>{a(1)}<p>\u00e4',
     "HS a1 HE BE"),
    ("a frameset", f"<html><head>{a(1)}</head><frameset cols=*><frame></frameset></html>",
     "HS a1 HE FE"),
    ("svg with CDATA",
     f"<!doctype html><body><svg><![CDATA[</body><script>]]>{a(1)}<title>{a(2)}</title></svg>{a(3)}</body>",
     "HS HE a1 a2 a3 BE"),
    ("a template at the end", f"<!doctype html><body>{a(1)}<template><p>x{a(2)}</body></template>",
     "HS HE a1 BE"),
    ("a template left open", f"<!doctype html><body>{a(1)}<template><p>x{a(2)}", "HS HE a1 BE"),
    ("a comment left open", f"<!doctype html><html><head>{a(1)}</head><body>{a(2)}<!-- </body></html>",
     "HS a1 HE a2 BE"),
    ("a textarea left open", f"<!doctype html><body>{a(1)}<textarea></body></html>", "HS HE a1 BE"),
    ("a script that has a script in a comment",
     "<!doctype html><head><script>/*<!--<script>" + "*/" + LOG
     + '("a1")/*</script></head>-->*/</script></head>'
     f"<body>{a(2)}</body>", "HS a1 HE a2 BE"),
    ("a script that throws",
     f"<!doctype html><head>{a(1, 'throw new Error();')}</head><body>{a(2, 'throw new Error();')}</body>",
     "HS a1 HE a2 BE"),
    ("a script that writes",
     f"<!doctype html><head>{a(1, 'document.write(' + repr('<title>t</title>') + ')')}</head><body>"
     f"{a(2, 'document.write(' + repr('<p>w') + ')')}</body>", "HS a1 HE a2 BE"),
    ("a module, which waits",
     f"<!doctype html><head>{a(1).replace('<script', '<script type=module')}{a(2)}</head>",
     "HS a2 HE BE a1"),
    ("scripts to strip",
     f"<!doctype html><head>{a(1)}{a(2, '/* ' + STRIPPED + ' */')}<title>{STRIPPED}</title>"
     f"<template>{a(3, '/* ' + STRIPPED + ' */')}</template></head><body>"
     f"<svg>{a(4, '/* ' + STRIPPED + ' */')}</svg>{a(5, '/* ' + STRIPPED + ' */')}<p>x</p>"
     f"<!-- {a(6, STRIPPED)} --></body>", "HS a1 (a2) HE a4 (a5) BE"),
]


def expected_logs(words):
    """What runs in the plain page and in the one with scripts."""
    plain = [word.strip("()") for word in words if word not in POINTS]
    injected = [POINTS.get(word, [word]) for word in words if word[0] != "("]
    return plain, sum(injected, [])


def write_scripts(folder):
    """Returns the options that put them in."""
    options = ["--strip", STRIPPED]
    for point, option in OPTIONS.items():
        for number, text in enumerate((FIRST % (point, point), SECOND % point), 1):
            path = folder / f"{point}{number}.js"
            path.write_text(text, encoding="utf-8")
            options += [option, str(path)]
    return options


def encoding_of(page):
    return "windows-1252" if 'charset="windows-1252"' in page else "UTF-8"


def write_page(root, page, encoding):
    root.mkdir(parents=True)
    (root / "index.html").write_text(page, encoding=encoding, newline="")
    return root


def differences(plain, injected):
    lines = difflib.unified_diff(plain, injected, "plain", "with scripts", n=0, lineterm="")
    return " | ".join(line for line in lines if not line.startswith("@@"))


def load(browser, url):
    browser.call("POST", "/url", {"url": url})
    return browser.run(DOCUMENT, [OURS, STRIPPED])


def compare(browser, plain_url, url, encoding, wanted):
    plain, injected = load(browser, plain_url), load(browser, url)
    for page, log in zip((plain, injected), expected_logs(wanted.split())):
        assert page["log"] == log, f"ran: {page['log']}, wanted: {log}"
    for page in (plain, injected):
        assert page["encoding"] == encoding, f"read as {page['encoding']} instead of {encoding}"
    for member in ("mode", "doctype"):
        assert injected[member] == plain[member], f"{member} {injected[member]}, plain {plain[member]}"
    assert injected["nodes"] == plain["nodes"], differences(plain["nodes"], injected["nodes"])


def other_pages_keep_their_head(browser, url):
    """A page that is not the root's index: head start alone, and nothing is stripped."""
    log = load(browser, url)["log"]
    assert log == [*POINTS["HS"], "a1", "a2"], f"ran: {log}"


def servers_stop(servers):
    for server in servers:
        status = stop(server)
        assert status == 0, f"exit status {status}"


class Sites:
    """One server for the pages as they are, and one for each page with scripts, whose index it is."""

    def __init__(self, serve, folder, cleanup):
        self.serve, self.cleanup = serve, cleanup
        self.servers = []
        options = write_scripts(folder)
        for number, (_, page, _) in enumerate(PAGES):
            write_page(folder / f"plain/{number}", page, encoding_of(page))
            write_page(folder / f"pages/{number}", page, encoding_of(page))
        write_page(folder / "pages/0/other", f"<!doctype html>{a(1)}{a(2, '/* ' + STRIPPED + ' */')}",
                   "UTF-8")
        self.plain = self.start(folder / "plain")
        self.injected = [self.start(*options, folder / f"pages/{number}") for number in range(len(PAGES))]

    def start(self, *arguments):
        server, url = start_site(self.cleanup, [self.serve, "--quiet", *arguments])
        self.servers.append(server)
        return url


def make_checks(browser, sites):
    for number, (name, page, wanted) in enumerate(PAGES):
        yield name, functools.partial(compare, browser, f"{sites.plain}{number}/", sites.injected[number],
                                      encoding_of(page), wanted)
    yield ("a page that is not the index",
           lambda: other_pages_keep_their_head(browser, sites.injected[0] + "other/"))
    yield "the servers stop", lambda: servers_stop(sites.servers)


def main(serve):
    return check_sites(functools.partial(Sites, serve), make_checks)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
