#!/usr/bin/env python3
"""Plays and seeks the demo in headless Chromium, as it is and with a script put into the page.

usage: test_demo.py FSRV_SERVE DEMO_SERVER DEMO_DIR RUNTIME_SCRIPT

Prints TAP. Exits 0 when all is well, 1 when not, 77 without Chromium and its driver.
BROWSER_SEED repeats a run, BROWSER_SCREENSHOT names a file for a picture of the page with the script.
"""

import base64
import os
import pathlib
import random
import re
import sys

sys.dont_write_bytecode = True
from webdriver import (Network, missing_browser, new_home, open_browser, run_checks, start_driver,
                       start_site, stop)

CLIPS = {"clips/zoom.mp4": (30, 360), "clips/life.webm": (25, 300)}

# Both wait inside the page, so that nothing here has to guess how long a seek takes.
SEEK = """
const [time, start, done] = arguments;
const video = document.getElementById("video");
const failed = () => done({ error: "media error " + (video.error && video.error.message) });
if (video.error)
    return failed();
video.addEventListener("error", failed, { once: true });
const read = () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    const blocks = [];
    for (let i = 0; i < 16; i++)
        blocks.push(context.getImageData((i + 0.5) * canvas.width / 16, canvas.height - 18, 1, 1).data[0]);
    done({ blocks });
};
let seeked = false, presented = false;
// On a busy machine "seeked" may come before the new frame is on the screen.
const each = (now, frame) => {
    presented = Math.abs(frame.mediaTime - start) < 0.01;
    if (seeked && presented)
        read();
    else
        video.requestVideoFrameCallback(each);
};
video.requestVideoFrameCallback(each);
video.addEventListener("seeked", () => {
    seeked = true;
    if (Math.abs(video.currentTime - time) > 0.001)
        done({ error: "the seek ended at " + video.currentTime });
    else if (presented)
        read();
}, { once: true });
video.currentTime = time;
"""
CHOOSE = """
const [clip, done] = arguments;
const video = document.getElementById("video");
const settled = () => done({ error: video.error && video.error.message, duration: video.duration });
const input = document.querySelector(`#clips input[value="${clip}"]`);
if (input.checked && (video.readyState >= 2 || video.error))
    return settled();
video.addEventListener("loadeddata", settled, { once: true });
video.addEventListener("error", settled, { once: true });
if (!input.checked)
    input.click();
"""


def frame_in(blocks):
    """The frame number in the strip: bits 1, 0, ten of the number, four of number modulo 15."""
    bits = "".join("1" if level > 127 else "0" for level in blocks)
    number, check = int(bits[2:12], 2), int(bits[12:], 2)
    assert bits.startswith("10") and check == number % 15, f"no frame number in the picture: {bits}"
    return number


def choose(browser, clip):
    state = browser.wait_in_page(CHOOSE, clip)
    assert not state["error"], f"{clip}: {state['error']}"
    rate, frames = CLIPS[clip]
    assert abs(state["duration"] - frames / rate) < 0.5 / rate, f"{clip}: duration {state['duration']}"


def page_loads(browser, base, has_runtime):
    browser.call("POST", "/url", {"url": base})
    assert browser.run("return document.title") == "Frames by byte range"
    choose(browser, "clips/zoom.mp4")
    runtime = browser.run("return window.__runtime")
    assert (runtime is not None) == has_runtime, f"window.__runtime is {runtime}"
    expected = "runtime: {name} {version}".format(**runtime) if has_runtime else "no runtime injected"
    assert browser.text("#runtime") == expected, browser.text("#runtime")


def seeks_show_the_right_frame(browser, clip, seed):
    rate, frames = CLIPS[clip]
    dice = random.Random(seed)
    choose(browser, clip)
    # All different, because a frame that is on the screen already is not presented again.
    for frame in dice.sample(range(1, frames - 1), 10):
        # Away from the borders, where rounding may choose either neighbour.
        seconds = (frame + dice.uniform(0.2, 0.8)) / rate
        picture = browser.wait_in_page(SEEK, seconds, frame / rate)
        assert "error" not in picture, f"{seconds:.3f} s: {picture['error']}"
        shown = frame_in(picture["blocks"])
        assert shown == frame, f"{seconds:.3f} s: frame {shown} instead of {frame}"


def seeks_at_full_speed(browser, seed):
    browser.limit(-1)
    seeks_show_the_right_frame(browser, "clips/life.webm", seed)


def answer_to(asked, size):
    first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", asked).groups()
    return f"bytes {first}-{last or size - 1}/{size}"


def ranges_are_requested_and_kept(browser, network, demo):
    network.read(browser)
    size = (demo / "clips/zoom.mp4").stat().st_size
    starts = set()
    for request in network.media("/clips/zoom.mp4"):
        # A request broken off early has no answer.
        if "status" not in request:
            continue
        assert request["status"] == 206, f"status {request['status']} to {request['asked']}"
        told = request["told"]
        assert told == answer_to(request["asked"], size), f"{request['asked']} got {told}"
        # The cache puts an answer of its own together when it has some of the bytes.
        wire = [asked for asked in request.get("wire_asked", []) if asked]
        allowed = [answer_to(asked, size) for asked in wire + [request["asked"]]]
        for told in filter(None, request.get("wire_told", [])):
            assert told in allowed, f"{wire} got {told}"
        starts.update(int(re.search(r"\d+", asked)[0]) for asked in wire)
    print(f"# the server was asked for ranges from {sorted(starts)}")
    assert len(starts) > 1 and max(starts) > size - 65536, "the tail was not asked for"
    browser.until("more than one timed request, each in the panel", lambda: browser.run("""
        const timed = performance.getEntriesByType("resource").filter(entry =>
            entry.name.endsWith("/clips/zoom.mp4") && entry.initiatorType === "video").length;
        return timed > 1 && document.querySelectorAll("#requests tr.played").length === timed;"""))


def settled_frame(browser):
    """The frame number displayed, once the picture has it too."""
    browser.until("a picture that matches", lambda: browser.run("""
        const picture = document.getElementById("picture");
        return picture.className === "match" &&
            picture.textContent === document.getElementById("frame").textContent"""))
    return int(browser.text("#frame"))


def controls_move_the_picture(browser):
    choose(browser, "clips/zoom.mp4")
    frame = settled_frame(browser)
    right, left, end, home = "\ue014", "\ue012", "\ue010", "\ue011"
    for selector, key, moved in (("#forward", None, 1), ("#back", None, -1), ("#scrubber", right, 1),
                                 ("#scrubber", left, -1), ("#scrubber", end, 359 - frame),
                                 ("#scrubber", home, -359)):
        before = browser.text("#time")
        browser.type(selector, key) if key else browser.click(selector)
        frame += moved
        browser.until(f"frame {frame}", lambda: browser.text("#frame") == str(frame))
        assert settled_frame(browser) == frame
        assert browser.text("#time") != before, f"the time stayed at {before}"


def playing_moves_the_time(browser):
    before = float(browser.text("#time"))
    browser.click("#play")
    browser.until("the clip to play", lambda: float(browser.text("#time")) > before + 0.2)
    browser.click("#play")
    browser.until("a pause", lambda: browser.run("return document.getElementById('video').paused"))
    settled_frame(browser)


def probe_shows_the_answer(browser, demo):
    size = (demo / "clips/zoom.mp4").stat().st_size
    browser.click("#probe [data-range='-4096']")
    browser.until("an answer", lambda: "Content-Range" in browser.text("#answer"))
    answer = browser.text("#answer")
    for part in ("206", f"Content-Range: bytes {size - 4096}-{size - 1}/{size}", "Content-Length: 4096",
                 "ETag: "):
        assert part in answer, f"{part} is not in {answer!r}"
    names = browser.text("#legend").split("\n")
    assert names[-1].startswith("moov"), f"the parts of the file: {names}"


def nothing_went_wrong(browser, network):
    network.read(browser)
    for request in network.requests.values():
        if "url" not in request:
            continue
        # A player gives up a request whenever it has enough; Chromium calls that canceled.
        assert not request.get("failed"), f"{request['url']}: {request['failed']}"
        assert request.get("status", 200) < 400, f"{request['url']}: {request['status']}"
    for entry in browser.log("browser"):
        assert entry["level"] not in ("SEVERE", "WARNING"), f"console: {entry['message']}"


def server_stops(server):
    status = stop(server)
    assert status == 0, f"exit status {status}"


# Waits in the page until all clips of the wall have arrived at a new position, and tells where they are.
WALL = """
const [position, done] = arguments;
const slider = document.getElementById("wall-position");
const clips = [...document.querySelectorAll("#wall video")];
slider.value = position;
slider.dispatchEvent(new Event("input"));
const look = () => {
    const state = document.getElementById("wall-state").textContent;
    if (!/^30 pictures in/.test(state))
        return setTimeout(look, 50);
    done({ state, health: document.getElementById("health-line").getAttribute("points"),
        clips: clips.map((clip) => [clip.currentTime / (clip.duration - 0.1), clip.readyState]) });
};
setTimeout(look, 50);
"""


def wall_seeks(browser):
    for position in (730, 120):
        found = browser.wait_in_page(WALL, position)
        clips = found["clips"]
        assert len(clips) == 30, f"{len(clips)} clips"
        strays = [clip for clip in clips if abs(clip[0] - position / 1000) > 0.01 or clip[1] < 2]
        assert not strays, f"at {position}: {strays}"
    assert found["health"].count(",") >= 2, f"samples of /health: {found['health']}"


def ranges_are_told(browser):
    browser.until("answers that the server tells", lambda: re.fullmatch(
        r"\d+ on their way, [1-9]\d* ended", browser.text("#ranges-state")))
    browser.until("the counters", lambda: re.fullmatch(
        r"\d+ bodies, \d+ files open", browser.text("#stats-state")))
    colours = browser.run("""
        const canvas = document.getElementById("ranges-canvas");
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.filter((value, i) => i % 4 === 3 && value > 0).length;""")
    assert colours > 0, "nothing is drawn"


def no_ranges_are_told(browser):
    said = browser.text("#ranges-state")
    assert said == "this server tells none; demo_server does", said
    assert browser.run("return document.getElementById('disk').disabled"), "the switch can be used"


def disk_can_be_slow(browser):
    browser.until("what the server says of the disk", lambda: browser.text("#disk-state"))
    if browser.run("return document.getElementById('disk').disabled"):
        said = browser.text("#disk-state")
        assert re.fullmatch("none: .+", said), said
        print(f"# {said}")
        return
    for value in ("slow", "fast"):
        browser.run(f"document.querySelector('#disk input[value={value}]').click()")
        browser.until(f"the {value} disk, as the server says", lambda value=value: browser.wait_in_page(
            "const done = arguments[0]; fetch('disk').then((answer) => answer.json()).then(done);"
        )["slow"] == (value == "slow"))
        wall_seeks(browser)


def page_fills_windows(browser):
    """No window is left empty below, and none has to be scrolled sideways."""
    before = browser.call("GET", "/window/rect")
    for width, height in ((360, 640), (1280, 1600), (3840, 2160)):
        browser.call("POST", "/window/rect", {"width": width, "height": height})
        wide, inner, end, most = browser.run("""
            const end = document.querySelector(".bottom").getBoundingClientRect().bottom + scrollY;
            return [document.documentElement.scrollWidth, innerHeight, end, innerWidth];""")
        assert wide <= most, f"{width}: {wide} wide"
        assert end >= inner - 1, f"{width}: the page ends at {end} of {inner}"
    browser.call("POST", "/window/rect", before)


class Visit:
    """A server for the demo, and a browser for it."""

    def __init__(self, command, driver, profile, cleanup):
        self.server, self.base = start_site(cleanup, command)
        self.browser, self.network = open_browser(cleanup, driver, profile), Network()
        # At full speed the whole file is there before the player asks for its tail.
        self.browser.limit(400_000)

    def checks(self, demo, seed, has_runtime, has_events=False):
        browser, network = self.browser, self.network
        told = [("the server tells ranges", lambda: ranges_are_told(browser)),
                ("a slow disk under the clips", lambda: disk_can_be_slow(browser))] if has_events else \
            [("this server tells no ranges", lambda: no_ranges_are_told(browser))]
        return [
            ("the page loads", lambda: page_loads(browser, self.base, has_runtime)),
            ("ten seeks in the mp4", lambda: seeks_show_the_right_frame(browser, "clips/zoom.mp4", seed)),
            ("the mp4 came in several ranges", lambda: ranges_are_requested_and_kept(browser, network, demo)),
            ("step buttons and scrubber keys", lambda: controls_move_the_picture(browser)),
            ("play and pause", lambda: playing_moves_the_time(browser)),
            ("the page's own range request", lambda: probe_shows_the_answer(browser, demo)),
            ("ten seeks in the webm at full speed", lambda: seeks_at_full_speed(browser, seed)),
            ("thirty clips seek together", lambda: wall_seeks(browser)),
            *told,
            ("the page fills the window", lambda: page_fills_windows(browser)),
            ("no console error, no failed request", lambda: nothing_went_wrong(browser, network)),
            ("the server stops while the page is open", lambda: server_stops(self.server)),
        ]


def main(serve, demo_server, demo, runtime):
    if missing_browser():
        return 77
    seed = int(os.environ.get("BROWSER_SEED") or random.randrange(1 << 32))
    print(f"# BROWSER_SEED={seed}")
    with new_home() as (cleanup, home):
        address = start_driver(cleanup, home)
        command = [serve, "--quiet", str(demo)]
        plain = Visit(command, address, home + "/plain", cleanup)
        injected = Visit([*command, "--pre-head-script", runtime], address, home + "/injected", cleanup)
        checks = plain.checks(demo, seed, False)
        checks += [(f"{name}, with a script", check) for name, check in injected.checks(demo, seed, True)]
        events = Visit([demo_server, str(demo), runtime], address, home + "/events", cleanup)
        checks += [(f"{name}, with events", check) for name, check in events.checks(demo, seed, True, True)]
        failed = run_checks(checks)
        if os.environ.get("BROWSER_SCREENSHOT"):
            picture = base64.b64decode(injected.browser.call("GET", "/screenshot"))
            pathlib.Path(os.environ["BROWSER_SCREENSHOT"]).write_bytes(picture)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4]))
