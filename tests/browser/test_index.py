#!/usr/bin/env python3
"""Listings of fsrv-serve --index in headless Chromium: names, keyboard, colours and narrow screens.

usage: test_index.py FSRV_SERVE

Prints TAP. Exits 0 when all is well, 1 when not, 77 without Chromium and its driver.
"""

import functools
import sys

sys.dont_write_bytecode = True
from webdriver import check_sites, start_site

NAMES = [name + ".txt" for name in (
    "<img src=x onerror=document.title='run'>", "\"><script>document.title='run'<", "&amp;", "javascript:x",
    "a rather long name that goes on and on, as those of recordings do, until it leaves a phone",
    "no_place_to_break_" + 80 * "x")]
TAB, ENTER = "\ue004", "\ue007"

# The contrast of each text with the page behind it (WCAG 2.2, 1.4.3).
CONTRAST = """
const luminance = colour => colour.match(/[0-9]+/g).slice(0, 3).map(Number).map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, channel) => sum + value * [0.2126, 0.7152, 0.0722][channel], 0);
const back = luminance(getComputedStyle(document.body).backgroundColor);
return [...document.querySelectorAll("a, time, h1, td.size")].map(element => {
    const text = luminance(getComputedStyle(element).color);
    return (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
});
"""


class Site:
    def __init__(self, serve, home, cleanup):
        folder = home / "site"
        (folder / "folder" / "below").mkdir(parents=True)
        for name in NAMES:
            (folder / name).write_text("text\n", encoding="utf-8")
        self.url = start_site(cleanup, [serve, "--quiet", "--index", folder])[1]


def tell(browser, command, **parameters):
    browser.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})


def visit(browser, url):
    browser.call("POST", "/url", {"url": url})


def press(browser, *keys):
    actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
    browser.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})


def shows_names(browser, site):
    visit(browser, site.url)
    names = browser.run("return [...document.querySelectorAll('tbody a')].map(a => a.textContent)")
    assert sorted(names) == sorted([*NAMES, "folder/"]), names
    assert browser.run("return document.title") == "/", "a script ran"
    assert browser.run("return document.querySelectorAll('script, img').length") == 0, "elements"
    links = browser.run("return [...document.querySelectorAll('tbody a')].map(a => a.href)")
    for link in links:
        assert link.startswith(site.url), link
        visit(browser, link)
        assert link.endswith("/") or browser.run("return document.body.textContent") == "text\n", link


def serves_the_keyboard(browser, site):
    """The links come in the order of the page, and Enter follows them; the sorted page is another one."""
    visit(browser, site.url)
    press(browser, TAB, TAB, TAB, TAB)
    assert browser.run("return document.activeElement.textContent") == "folder/", "the fourth stop"
    outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", f"focus is not visible: {outline}"
    press(browser, ENTER)
    browser.until("the folder", lambda: browser.run("return document.title") == "/folder")
    press(browser, TAB, ENTER)
    browser.until("the way back", lambda: browser.run("return document.title") == "/")
    press(browser, TAB, TAB, ENTER)
    browser.until("sorting", lambda: browser.run("return location.search") == "?sort=size&order=asc")


def has_contrast(browser, site, scheme):
    tell(browser, "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    visit(browser, site.url)
    back = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") == (scheme == "light"), back
    contrasts = browser.run(CONTRAST)
    assert contrasts and min(contrasts) >= 4.5, contrasts


def fits(browser, site, width):
    tell(browser, "Emulation.setDeviceMetricsOverride", width=width, height=700, deviceScaleFactor=1,
         mobile=True)
    visit(browser, site.url)
    needed = browser.run("return document.documentElement.scrollWidth")
    assert needed <= width, f"{needed} pixels"
    tell(browser, "Emulation.clearDeviceMetricsOverride")


def make_checks(browser, site):
    yield "names", lambda: shows_names(browser, site)
    yield "keyboard", lambda: serves_the_keyboard(browser, site)
    for scheme in ("light", "dark"):
        yield f"contrast, {scheme}", lambda scheme=scheme: has_contrast(browser, site, scheme)
    for width in (320, 390, 800):
        yield f"{width} pixels", lambda width=width: fits(browser, site, width)


def main(serve):
    return check_sites(functools.partial(Site, serve), make_checks)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
