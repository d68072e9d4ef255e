import { addSpan, element, mapFile, probe, showRequests, watchRequests } from "./ranges.js";

const video = element("video");
const scrubber = element("scrubber");

let rate = 30;
let wanted = null;
let presented = 0;

const frameCount = () => Math.round(video.duration * rate) || 0;
/* A time on the border of two frames may be stored a hair below it. */
const frameNow = () => Math.min(Math.floor(video.currentTime * rate + 0.001), Math.max(frameCount() - 1, 0));

/* Aims at the middle of the frame; while one seek runs, only the newest wish is kept. */
function seekFrame(frame) {
	wanted = Math.max(0, Math.min(frame, frameCount() - 1));
	showPosition();
	if (!video.seeking)
		video.currentTime = (wanted + 0.5) / rate;
}

function step(by) {
	video.pause();
	seekFrame((wanted ?? frameNow()) + by);
}

function togglePlay() {
	if (!video.paused)
		return video.pause();
	if (frameNow() === frameCount() - 1)
		video.currentTime = 0;
	/* A pause before the first frame ends the promise too. */
	video.play().catch((error) => error.name === "AbortError" || showError());
}

/* The clock runs ahead of the screen; a pause goes back to the frame one sees. */
function settle() {
	if (wanted === null && !video.seeking)
		seekFrame(Math.round(presented * rate));
}

function showPosition() {
	const frame = wanted ?? frameNow();
	const time = wanted === null ? video.currentTime : (wanted + 0.5) / rate;

	scrubber.value = frame;
	scrubber.setAttribute("aria-valuetext", `frame ${frame}, ${time.toFixed(2)} seconds`);
	element("time").textContent = time.toFixed(3);
	element("frame").textContent = frame;
}

function showLength() {
	scrubber.max = Math.max(frameCount() - 1, 0);
	element("frames").textContent = frameCount();
	showPosition();
}

function showBuffered() {
	const track = element("buffered");

	track.replaceChildren();
	for (let i = 0; i < video.buffered.length; i++)
		addSpan(track, video.buffered.start(i), video.buffered.end(i), video.duration);
}

function showError() {
	const picture = element("picture");

	picture.className = "wrong";
	picture.textContent = video.error ? `error ${video.error.code}` : "cannot play";
}

const strip = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
strip.canvas.width = 160;
strip.canvas.height = 6;

/* The frame number the strip shows, or null. Its bits: 1, 0, ten of the number, four of number mod 15. */
function readStrip() {
	const { videoWidth: width, videoHeight: height } = video;
	strip.drawImage(video, 0, (height * 14) / 15, width, height / 15, 0, 0, 160, 6);
	const pixels = strip.getImageData(0, 3, 160, 1).data;
	let bits = 0;

	for (let i = 0; i < 16; i++)
		bits = bits * 2 + (pixels[(i * 10 + 5) * 4] > 127 ? 1 : 0);
	const number = (bits >> 4) & 1023;
	return bits >> 14 === 2 && (bits & 15) === number % 15 ? number : null;
}

function showPicture() {
	const number = readStrip();
	const picture = element("picture");

	picture.textContent = number ?? "unreadable";
	/* Only a still picture can be compared with the clock. */
	if (video.paused && !video.seeking)
		picture.className = number === frameNow() ? "match" : "wrong";
	else
		picture.className = "";
}

function watchFrames() {
	if (!("requestVideoFrameCallback" in video))
		return video.addEventListener("timeupdate", showPicture);
	const each = (now, { mediaTime }) => {
		presented = mediaTime;
		showPosition();
		showPicture();
		video.requestVideoFrameCallback(each);
	};
	video.requestVideoFrameCallback(each);
}

function choose(input) {
	rate = Number(input.dataset.rate);
	wanted = null;
	element("buffered").replaceChildren();
	if (video.getAttribute("src") !== input.value)
		video.src = input.value;
	showRequests();
	mapFile().catch((error) => { element("legend").textContent = error.message; });
}

function showRuntime() {
	const runtime = window.__runtime;
	const inline = [...document.scripts].filter((script) => !script.src).length;

	element("scripts").textContent = `scripts in the page: ${document.scripts.length}, inline: ${inline}`;
	if (runtime === undefined)
		return;
	const said = [runtime?.name, runtime?.version].filter(Boolean).join(" ");
	const shown = said || (typeof runtime === "object" ? "present" : runtime);
	element("runtime").textContent = `runtime: ${shown}`;
	element("runtime").parentElement.classList.add("present");
}

function setNative(on) {
	video.controls = on;
	element("native").setAttribute("aria-pressed", on);
}

function listen() {
	const on = (target, types, action) =>
		types.split(" ").forEach((type) => target.addEventListener(type, action));

	on(video, "loadedmetadata durationchange", showLength);
	on(video, "seeked", () => {
		if (wanted !== null && wanted !== frameNow())
			return seekFrame(wanted);
		wanted = null;
		showPosition();
		showPicture();
	});
	on(video, "timeupdate", showPosition);
	on(video, "progress loadeddata seeked timeupdate", showBuffered);
	on(video, "play pause emptied", () => {
		element("play").classList.toggle("playing", !video.paused);
		element("play").setAttribute("aria-label", video.paused ? "Play" : "Pause");
	});
	on(video, "pause", settle);
	on(video, "error", showError);
	on(scrubber, "input", () => seekFrame(Number(scrubber.value)));
	on(element("back"), "click", () => step(-1));
	on(element("forward"), "click", () => step(1));
	on(element("play"), "click", togglePlay);
	on(element("native"), "click", () => setNative(!video.controls));
	on(element("clips"), "change", (event) => choose(event.target));
	on(element("probe"), "submit", (event) => {
		event.preventDefault();
		probe(element("range").value);
	});
	on(element("probe"), "click", (event) => {
		if (event.target.dataset.range)
			probe(event.target.dataset.range);
	});
	on(document, "keydown", (event) => {
		const action = { ",": () => step(-1), ".": () => step(1), k: togglePlay }[event.key];
		const isModified = event.ctrlKey || event.altKey || event.metaKey;
		if (action && event.target.type !== "text" && !isModified)
			action();
	});
	watchRequests();
}

listen();
watchFrames();
setNative(false);
showRuntime();
choose(document.querySelector("#clips input:checked"));
/* The clip may have been quicker than this script. */
showLength();
showBuffered();
if (video.readyState >= 2)
	showPicture();
if (video.error)
	showError();
