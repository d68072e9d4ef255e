"""Headless Chromium by the W3C WebDriver protocol, as much of it as the tests need, and their report in
TAP."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from ports import free_port

PATIENCE = 120
FLAGS = """--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
    --disable-dev-shm-usage --window-size=1280,800""".split()


def start(command, pattern, **more):
    """Starts a program in a group of its own and reads the address it says it listens on."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, **more)
    said = []
    try:
        for line in process.stdout:
            found = re.search(pattern, line)
            if found:
                return process, found[1]
            said.append(line)
        raise AssertionError(f"{command[0]} ended before it listened, and said: {''.join(said)}")
    except BaseException:
        stop(process)
        raise


def start_driver(cleanup, home):
    """Gives its address. Whatever the driver and its browsers write goes into the folder home."""
    environment = {**os.environ, "HOME": home, "TMPDIR": home}
    # With port 0 it takes a port of IPv6 and ends when another program has the same one of IPv4.
    process, port = start(["chromedriver", f"--port={free_port()}"], r"started successfully on port (\d+)",
                          env=environment, stderr=subprocess.DEVNULL)
    cleanup.callback(stop, process)
    return f"http://127.0.0.1:{port}"


def stop(process):
    if process.stdout.closed:
        return process.returncode
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    # What is left of its group: a stuck program, or a browser whose driver died.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    return process.wait()


class Browser:
    """One session with a browser of its own."""

    def __init__(self, driver, profile, *flags):
        self.base = driver
        options = {"binary": shutil.which("chromium"),
                   "args": [*FLAGS, f"--user-data-dir={profile}", *flags]}
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "timeouts": {"script": PATIENCE * 1000, "pageLoad": PATIENCE * 1000},
        }}})
        self.base += "/session/" + session["sessionId"]

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=2 * PATIENCE) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"].splitlines()[0]) from None

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": arguments})

    def wait_in_page(self, script, *arguments):
        return self.call("POST", "/execute/async", {"script": script, "args": arguments})

    def element(self, selector):
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        return "/element/" + next(iter(found.values()))

    def click(self, selector):
        self.call("POST", self.element(selector) + "/click", {})

    def type(self, selector, keys):
        self.call("POST", self.element(selector) + "/value", {"text": keys})

    def text(self, selector):
        return self.call("GET", self.element(selector) + "/text")

    def until(self, what, condition):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"waited in vain: {what}")

    def limit(self, bytes_per_second):
        self.call("POST", "/goog/cdp/execute", {"cmd": "Network.emulateNetworkConditions", "params": {
            "offline": False, "latency": 0, "downloadThroughput": bytes_per_second, "uploadThroughput": -1}})

    def log(self, kind):
        return self.call("POST", "/se/log", {"type": kind})


class Network:
    """What Chromium says it asked for, and what came back."""

    def __init__(self):
        self.requests = {}

    def read(self, browser):
        for entry in browser.log("performance"):
            message = json.loads(entry["message"])["message"]
            parameters = message["params"]
            request = self.requests.setdefault(parameters.get("requestId"), {})
            if message["method"] == "Network.requestWillBeSent":
                asked = lower(parameters["request"]["headers"])
                request.update(url=parameters["request"]["url"], kind=parameters["type"],
                               asked=asked.get("range"))
            elif message["method"] == "Network.responseReceived":
                response = parameters["response"]
                request.update(status=response["status"],
                               told=lower(response["headers"]).get("content-range"))
            # Behind the cache: it asks the server only for the bytes it lacks.
            elif message["method"] == "Network.requestWillBeSentExtraInfo":
                request.setdefault("wire_asked", []).append(lower(parameters["headers"]).get("range"))
            elif message["method"] == "Network.responseReceivedExtraInfo":
                request.setdefault("wire_told", []).append(lower(parameters["headers"]).get("content-range"))
            elif message["method"] == "Network.loadingFailed":
                request["failed"] = None if parameters.get("canceled") else parameters["errorText"]

    def media(self, name):
        return [r for r in self.requests.values() if r.get("kind") == "Media" and r["url"].endswith(name)]


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def missing_browser():
    """Says so, in TAP, when there is nothing to test with; the exit status is 77 then."""
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            print(f"1..0 # SKIP {program} is not installed")
            return True
    return False


def run_checks(checks):
    failed = 0
    print(f"1..{len(checks)}")
    for number, (name, check) in enumerate(checks, 1):
        try:
            check()
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:
            failed += 1
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"not ok {number} - {name}\n# {reason}", flush=True)
    return failed


@contextlib.contextmanager
def new_home():
    """A stack of what is undone at the end, on SIGTERM too, and the path of a new folder, which goes last."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with contextlib.ExitStack() as cleanup:
        yield cleanup, cleanup.enter_context(
            tempfile.TemporaryDirectory(prefix="fsrv-browser-", ignore_cleanup_errors=True))


def start_site(cleanup, command, **more):
    server, url = start([*map(str, command)], r"^(http://\S+)$", **more)
    cleanup.callback(stop, server)
    return server, url


def open_browser(cleanup, driver, profile, *flags):
    browser = Browser(driver, profile, *flags)
    cleanup.callback(browser.call, "DELETE", "")
    return browser


def check_sites(make_sites, make_checks, *flags):
    """Serves sites from below a new folder and looks at them in a browser; gives the exit status."""
    if missing_browser():
        return 77
    with new_home() as (cleanup, home):
        sites = make_sites(pathlib.Path(home), cleanup)
        browser = open_browser(cleanup, start_driver(cleanup, home), home + "/profile", *flags)
        return 1 if run_checks(list(make_checks(browser, sites))) else 0
