#!/usr/bin/env python3
"""Asks a server on a loopback address as web sites can through a headless Chromium: under a name that leads
to it, and from pages of other origins.

usage: test_hosts.py FSRV_SERVE

Prints TAP. Exits 0 when all is well, 1 when not, 77 without Chromium and its driver.
"""

import functools
import sys
from urllib.parse import urlsplit

sys.dont_write_bytecode = True
from webdriver import check_sites, start_site

# Fetches without and with the mode that sends Origin; the answer of the other origin stays hidden.
FETCH = """
const [url, mode, done] = arguments;
fetch(url, {mode}).then(r => r.text().then(t => done([r.status, t])), e => done(["error", ""]));
"""
TAG = """
const [tag, url, done] = arguments, element = document.createElement(tag);
element.onload = () => done("load");
element.onerror = () => done("error");
element.src = url;
document.head.append(element);
"""


class Sites:
    """The server under test, and one that plays an attacker's site and a program on the same machine."""

    def __init__(self, serve, home, cleanup):
        folder = home / "site"
        folder.mkdir()
        for name, text in (("index.html", "<!doctype html><title>site</title><body>x"),
                           ("secret.txt", "secret"), ("a.js", "1;")):
            (folder / name).write_text(text, encoding="ascii")
        self.log = (home / "log").open("w+", encoding="utf-8")
        _, self.url = start_site(cleanup, [serve, folder], stderr=self.log)
        _, url = start_site(cleanup, [serve, "--quiet", "--allow-host=*", folder])
        self.port, self.other_port = urlsplit(self.url).port, urlsplit(url).port

    def new_lines(self):
        """What the server wrote since the last call, without the method and the target."""
        self.log.seek(getattr(self, "read", 0))
        lines = self.log.read().splitlines()
        self.read = self.log.tell()
        return lines


def statuses(lines, target):
    return [line.split()[0] for line in lines if f"GET {target}" in line]


def check_rebinding(browser, sites):
    """The attacker's page is at home; then its name leads to the server."""
    sites.new_lines()
    browser.call("POST", "/url", {"url": f"http://evil.example:{sites.other_port}/"})
    assert browser.run("return document.title") == "site", "the attacker's page does not load"
    browser.call("POST", "/url", {"url": f"http://evil.example:{sites.port}/"})
    text = browser.run("return document.body.textContent")
    assert text.strip() == "Forbidden host or origin", text
    status, text = browser.wait_in_page(FETCH, "/secret.txt", "same-origin")
    assert (status, "secret" in text) == (403, False), f"{status} {text}"
    lines = sites.new_lines()
    told = [line for line in lines if "--allow-host" in line]
    assert len(told) == 1 and f"evil.example:{sites.port}" in told[0], told


def check_other_site(browser, sites):
    browser.call("POST", "/url", {"url": f"http://evil.example:{sites.other_port}/"})
    sites.new_lines()
    status, _ = browser.wait_in_page(FETCH, sites.url + "secret.txt", "cors")
    assert status == "error", status
    assert statuses(sites.new_lines(), "/secret.txt") == ["403"], "a request with an Origin"


def check_this_machine(browser, sites):
    """Pages of localhost on another port, with the mode that sends Origin and without."""
    browser.call("POST", "/url", {"url": f"http://localhost:{sites.other_port}/"})
    sites.new_lines()
    browser.wait_in_page(FETCH, sites.url + "secret.txt", "cors")
    assert statuses(sites.new_lines(), "/secret.txt") == ["200"], "a request with an Origin of this machine"
    assert browser.wait_in_page(TAG, "script", sites.url + "a.js") == "load", "a script"


def check_names_of_this_machine(browser, sites):
    for host in ("127.0.0.1", "localhost", "app.localhost"):
        browser.call("POST", "/url", {"url": f"http://{host}:{sites.port}/"})
        assert browser.run("return document.title") == "site", host


def make_checks(browser, sites):
    for check in (check_names_of_this_machine, check_rebinding, check_other_site, check_this_machine):
        yield check.__name__, lambda check=check: check(browser, sites)


def main(serve):
    return check_sites(functools.partial(Sites, serve), make_checks,
                       "--host-resolver-rules=MAP evil.example 127.0.0.1")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
