#!/usr/bin/env python3
"""Takes the pictures of the demo that the README shows: a screenshot, and the wall of clips while it seeks.

usage: take_pictures.py DEMO_SERVER DEMO_DIR RUNTIME_SCRIPT FOLDER

Writes demo.webp and wall.webp. Needs Chromium, its driver and ffmpeg."""
import base64
import os
import subprocess
import sys
import tempfile

from webdriver import new_home, open_browser, start_driver, start_site

SEEK = """
const [position, done] = arguments;
const slider = document.getElementById("wall-position");
slider.value = position;
slider.dispatchEvent(new Event("input"));
const look = () => /^30 pictures in/.test(document.getElementById("wall-state").textContent)
    ? requestAnimationFrame(() => requestAnimationFrame(() => done())) : setTimeout(look, 50);
setTimeout(look, 50);
"""
FRAME = """
const scrubber = document.getElementById("scrubber");
scrubber.value = 140;
scrubber.dispatchEvent(new Event("input"));
"""
# The window's own parts take 143 of these.
LARGE, SMALL = {"width": 1280, "height": 1743}, {"width": 900, "height": 703}
POSITIONS = range(100, 900, 50)


def save(browser, path):
    with open(path, "wb") as file:
        file.write(base64.b64decode(browser.call("GET", "/screenshot")))


def encode(source, target, *options):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-framerate", "2", "-i", source, *options, target],
                   check=True)


def take(browser, url, folder):
    browser.call("POST", "/window/rect", LARGE)
    browser.call("POST", "/url", {"url": url})
    browser.run(FRAME)
    browser.wait_in_page(SEEK, 300)
    save(browser, os.path.join(folder, "whole.png"))
    browser.call("POST", "/window/rect", SMALL)
    browser.run("document.querySelector('.wall').scrollIntoView()")
    for i, position in enumerate(POSITIONS):
        browser.wait_in_page(SEEK, position)
        save(browser, os.path.join(folder, f"wall{i:02}.png"))


def main(server, demo, runtime, target):
    with new_home() as (cleanup, home), tempfile.TemporaryDirectory() as folder:
        browser = open_browser(cleanup, start_driver(cleanup, home), home + "/profile")
        command = [server, demo, runtime]
        _, url = start_site(cleanup, command)
        take(browser, url, folder)
        encode(f"{folder}/whole.png", f"{target}/demo.webp", "-c:v", "libwebp", "-quality", "78")
        encode(f"{folder}/wall%02d.png", f"{target}/wall.webp", "-vf", "scale=720:-2",
               "-c:v", "libwebp_anim", "-loop", "0", "-quality", "55")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
