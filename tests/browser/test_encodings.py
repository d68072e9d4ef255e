#!/usr/bin/env python3
"""Loads pages in headless Chromium that name their encoding or do not, with scripts put in and without, and
images and documents in XML.

usage: test_encodings.py FSRV_SERVE

Prints TAP. Exits 0 when all is well, 1 when not, 77 without Chromium and its driver.
"""

import functools
import gzip
import sys

sys.dont_write_bytecode = True
from webdriver import check_sites, start_site

WORD = "\u00e4\u20ac"  # in windows-1252 as in UTF-8
KANA = "\u30c6\u30b9\u30c8"
LARGE = " " * 100_000
SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='7' height='5'><text>%s</text></svg>"

# Name, encoding of the bytes, text, what the browser must call the encoding, the word that it must see.
PAGES = (
    ("nothing.html", "utf-8", f"<!doctype html><p>{WORD}", "UTF-8", WORD),
    ("meta.html", "cp1252", f"<!doctype html><meta charset=iso-8859-1><p>{WORD}", "windows-1252", WORD),
    ("pragma.html", "shift_jis",
     f"<meta http-equiv=content-type content='text/html; charset=Shift_JIS'><p>{KANA}", "Shift_JIS", KANA),
    ("euc.html", "euc_jp", f"<!doctype html><meta charset='EUC-JP'><p>{KANA}", "EUC-JP", KANA),
    ("koi8.html", "koi8_r", "<meta charset=koi8-r><p>\u0442\u0435\u0441\u0442", "KOI8-R",
     "\u0442\u0435\u0441\u0442"),
    ("user.html", "cp1252", f"<meta charset=x-user-defined><p>{WORD}", "windows-1252", WORD),
    ("unicode.html", "utf-8", f"<meta charset=unicode><p>{WORD}", "UTF-8", WORD),
    ("mark.html", "utf-8-sig", f"<meta charset=koi8-r><p>{WORD}", "UTF-8", WORD),
    ("utf16.html", "utf-16", f"<meta charset=koi8-r><p>{WORD}", "UTF-16LE", WORD),
    ("iso2022.html", "iso2022_jp", f"<meta charset=iso-2022-jp><p>{KANA}", "ISO-2022-JP", KANA),
    ("large.html", "utf-8", f"<!doctype html><p>{WORD}{LARGE}", "UTF-8", WORD),
    ("large-meta.html", "cp1252", f"<!doctype html><meta charset=windows-1252><p>{WORD}{LARGE}",
     "windows-1252", WORD),
)
# Scripts are put into none of these.
DOCUMENTS = (
    ("nothing.svg", "utf-8", SVG % WORD, "UTF-8", WORD),
    ("declared.svg", "iso-8859-1", "<?xml version='1.0' encoding='ISO-8859-1'?>" + SVG % "\u00e4",
     "windows-1252", "\u00e4"),
    ("declared.xml", "iso-8859-1", "<?xml version='1.0' encoding='ISO-8859-1'?><a>\u00e4</a>",
     "windows-1252", "\u00e4"),
    ("nothing.xml", "utf-8", f"<a>{WORD}</a>", "UTF-8", WORD),
    ("nothing.xhtml", "utf-8", f"<html xmlns='http://www.w3.org/1999/xhtml'><body>{WORD}</body></html>",
     "UTF-8", WORD),
    ("README", "utf-8", WORD, "UTF-8", WORD),
)

IMAGE = """
const [url, done] = arguments, image = new Image();
image.onload = () => done([image.naturalWidth, image.naturalHeight]);
image.onerror = () => done("error");
image.src = url;
"""


def write_files(folder):
    for name, encoding, text, _, _ in PAGES + DOCUMENTS:
        (folder / name).write_bytes(text.encode(encoding))
    (folder / "image.svgz").write_bytes(gzip.compress((SVG % WORD).encode()))
    (folder / "empty.html").write_bytes(b"")


def is_read_as(browser, url, encoding, word):
    browser.call("POST", "/url", {"url": url})
    read, text = browser.run("return [document.characterSet, document.documentElement.textContent];")
    assert read == encoding, f"read as {read} instead of {encoding}"
    assert word in text, f"{text[:100]!r} lacks {word!r}"


def is_an_image(browser, base):
    browser.call("POST", "/url", {"url": base + "empty.html"})
    size = browser.wait_in_page(IMAGE, base + "image.svgz")
    assert size == [7, 5], f"the image has {size}"


def start_sites(serve, home, cleanup):
    """The addresses of the files as they are and with a script."""
    folder, script = home / "site", home / "script.js"
    folder.mkdir()
    write_files(folder)
    script.write_text("/* " + "x" * 2000 + " */", encoding="ascii")
    return [start_site(cleanup, [serve, "--quiet", *options, folder])[1]
            for options in ([], ["--pre-head-script", script])]


def make_checks(browser, sites):
    plain, injected = sites
    for name, _, _, encoding, word in PAGES + DOCUMENTS:
        for kind, base in (("plain", plain), ("with scripts", injected)):
            yield f"{name}, {kind}", functools.partial(is_read_as, browser, base + name, encoding, word)
    yield "an svgz image", lambda: is_an_image(browser, plain)


def main(serve):
    return check_sites(functools.partial(start_sites, serve), make_checks)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
