#!/usr/bin/env python3
"""Pages of one server read files of another in headless Chromium (CORS), and pages are cross-origin isolated.

usage: test_origins.py FSRV_SERVE

Prints TAP. Exits 0 when all is well, 1 when not, 77 without Chromium and its driver.
"""

import functools
import sys

sys.dont_write_bytecode = True
from webdriver import check_sites, start_site

DATA = bytes(range(256)) * 1024

# Asks as readers do that fetch a part at a time; tells what a script can see of the answer.
READ = """
const [url, fields, method, done] = arguments;
fetch(url, {headers: fields, method: method, cache: "no-store"}).then(async response => done({
    status: response.status,
    fields: Object.fromEntries(response.headers),
    bytes: [...new Uint8Array(await response.arrayBuffer())].slice(0, 16),
}), error => done({failed: String(error)}));
"""

# A worker writes into memory that the page sees.
SHARE = """
const done = arguments[arguments.length - 1];
if (typeof SharedArrayBuffer === "undefined") {
    done({isolated: crossOriginIsolated, shared: null});
} else {
    const memory = new SharedArrayBuffer(4);
    const worker = new Worker("worker.js");
    worker.onmessage = message => done({isolated: crossOriginIsolated, worker: message.data,
                                        shared: new Int32Array(memory)[0]});
    worker.onerror = () => done({isolated: crossOriginIsolated, shared: "no worker"});
    worker.postMessage(memory);
}
"""

WORKER = """
onmessage = message => {
    Atomics.store(new Int32Array(message.data), 0, 42);
    postMessage(crossOriginIsolated);
};
"""

# Loads a script without CORS, as a page does with <script src>.
EMBED = """
const [url, done] = arguments;
const script = document.createElement("script");
script.onload = () => done(true);
script.onerror = () => done(false);
script.src = url;
document.head.append(script);
"""


def equal(found, wanted, what):
    assert found == wanted, f"{what}: {found}, not {wanted}"


class Sites:
    """Servers for one folder, each with its options."""

    def __init__(self, serve, home, cleanup):
        self.serve, self.cleanup, self.folder = serve, cleanup, home / "site"
        self.folder.mkdir()
        (self.folder / "index.html").write_text("<!doctype html><title>t</title><p>x", encoding="utf-8")
        (self.folder / "worker.js").write_text(WORKER, encoding="utf-8")
        (self.folder / "data.bin").write_bytes(DATA)

    def start(self, *options):
        return start_site(self.cleanup, [self.serve, "--quiet", *options, self.folder])[1]


def visit(browser, url):
    browser.call("POST", "/url", {"url": url})


def read(browser, url, method="GET", **fields):
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    return browser.wait_in_page(READ, url, fields, method)


def reads_ranges(browser, page, site):
    """The length first, then slices that belong to the same version: If-Range needs a preflight."""
    visit(browser, page)
    whole = read(browser, site + "data.bin", "HEAD")
    equal(whole["status"], 200, "HEAD")
    equal(whole["fields"]["content-length"], str(len(DATA)), "Content-Length")
    equal(whole["fields"]["accept-ranges"], "bytes", "Accept-Ranges")
    tag = whole["fields"]["etag"]
    part = read(browser, site + "data.bin", Range="bytes=1000-1999", If_Range=tag)
    equal(part["status"], 206 if tag.startswith('"') else 200, "GET with If-Range")
    part = read(browser, site + "data.bin", Range="bytes=1000-1999")
    equal(part["status"], 206, "GET with Range")
    equal(part["fields"]["content-range"], f"bytes 1000-1999/{len(DATA)}", "Content-Range")
    equal(bytes(part["bytes"]), DATA[1000:1016], "bytes")
    equal(part["fields"]["content-length"], "1000", "Content-Length")


def reads_304_and_errors(browser, page, site):
    visit(browser, page)
    tag = read(browser, site + "data.bin")["fields"]["etag"]
    equal(read(browser, site + "data.bin", If_None_Match=tag)["status"], 304, "If-None-Match")
    equal(read(browser, site + "data.bin", If_Match='"x"')["status"], 412, "If-Match")
    equal(read(browser, site + "data.bin", Range="bytes=99999999-")["status"], 416, "Range beyond the end")
    equal(read(browser, site + "none.bin")["status"], 404, "missing")


def cannot_read(browser, page, site):
    visit(browser, page)
    for fields in ({}, {"If_None_Match": "*"}):
        answer = read(browser, site + "data.bin", **fields)
        assert "failed" in answer, f"read with {fields}: {answer}"


def is_isolated(browser, page):
    visit(browser, page)
    equal(browser.wait_in_page(SHARE), {"isolated": True, "worker": True, "shared": 42}, "page and worker")


def is_not_isolated(browser, page):
    visit(browser, page)
    equal(browser.wait_in_page(SHARE), {"isolated": False, "shared": None}, "page")


def embeds(browser, page, script, wanted):
    visit(browser, page)
    equal(browser.wait_in_page(EMBED, script + "worker.js"), wanted, "a script of another origin")


def make_checks(browser, sites):
    plain, isolated = sites.start(), sites.start("--isolate")
    origin = plain.rstrip("/")
    every = sites.start("--cors")
    listed = sites.start("--cors=http://localhost:1", f"--cors={origin}")
    shared = sites.start("--isolate", "--cors")
    for name, site in (("every origin", every), ("listed origins", listed)):
        yield f"{name}: ranges", functools.partial(reads_ranges, browser, plain, site)
        yield f"{name}: 304 and errors", functools.partial(reads_304_and_errors, browser, plain, site)
    yield "an origin that is not listed", functools.partial(cannot_read, browser, isolated, listed)
    yield "no CORS", functools.partial(cannot_read, browser, plain, isolated)
    yield "SharedArrayBuffer in an isolated page", functools.partial(is_isolated, browser, isolated)
    yield "none in another page", functools.partial(is_not_isolated, browser, plain)
    yield "an isolated page reads ranges", functools.partial(reads_ranges, browser, isolated, every)
    yield "an isolated page embeds what is shared", functools.partial(embeds, browser, isolated, shared, True)
    yield "and nothing else", functools.partial(embeds, browser, isolated, plain, False)
    yield "what is isolated is not embedded", functools.partial(embeds, browser, plain, isolated, False)


def main(serve):
    return check_sites(functools.partial(Sites, serve), make_checks)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
