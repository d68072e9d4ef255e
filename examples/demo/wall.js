/* Thirty clips that seek together, and what /health says meanwhile. */
import { element } from "./ranges.js";

const CLIPS = 30;
const FILES = ["clips/zoom.mp4", "clips/life.webm"];
const SAMPLE_MS = 250;
const SAMPLES = 160;
/* The scale of the graph is logarithmic: milliseconds at its lower and upper edge. */
const LOWEST = 0.5;
const HIGHEST = 500;

const slider = element("wall-position");
const videos = Array.from({ length: CLIPS }, makeClip);
let started = performance.now();

/* Each has an address of its own, so that none is served from the browser's cache for another. */
function makeClip(_, i) {
	const video = document.createElement("video");

	video.src = `${FILES[i % FILES.length]}?wall=${i}`;
	video.muted = true;
	video.playsInline = true;
	video.preload = "metadata";
	video.tabIndex = -1;
	video.setAttribute("aria-hidden", "true");
	video.addEventListener("seeked", () => follow(video));
	video.addEventListener("loadedmetadata", () => follow(video));
	element("wall").append(video);
	return video;
}

const target = (video) => (slider.value / slider.max) * Math.max(video.duration - 0.1, 0);
const hasArrived = (video) => !video.seeking && Math.abs(video.currentTime - target(video)) < 0.001;

/* Loads all clips anew, past what the browser has of them: the disk under them is another one. */
export function reloadWall() {
	const time = Date.now();

	started = performance.now();
	videos.forEach((video, i) => { video.src = `${FILES[i % FILES.length]}?wall=${i}&disk=${time}`; });
	showWall();
}

/* While one seek runs, only the newest wish is kept. */
function follow(video) {
	if (video.readyState >= 1 && !video.seeking && !hasArrived(video))
		video.currentTime = target(video);
	showWall();
}

function showWall() {
	const arrived = videos.filter((video) => video.readyState >= 2 && hasArrived(video)).length;

	if (arrived < CLIPS)
		element("wall-state").textContent = `${arrived} of ${CLIPS} pictures are there`;
	else if (started !== 0)
		element("wall-state").textContent =
			`${CLIPS} pictures in ${Math.round(performance.now() - started)} ms`;
	if (arrived === CLIPS)
		started = 0;
}

slider.addEventListener("input", () => {
	started ||= performance.now();
	videos.forEach(follow);
});

const samples = [];
let bytes = 0;

/* Bytes of clips by the moment at which their responses ended. */
new PerformanceObserver((list) => {
	for (const entry of list.getEntries())
		if (entry.name.includes("/clips/"))
			bytes += entry.encodedBodySize;
}).observe({ type: "resource", buffered: false });

function height(ms) {
	const shown = Math.min(Math.max(ms, LOWEST), HIGHEST);

	return 100 - (100 * Math.log(shown / LOWEST)) / Math.log(HIGHEST / LOWEST);
}

function drawHealth() {
	const known = samples.filter((sample) => sample.ms !== null);
	const sorted = known.map((sample) => sample.ms).sort((a, b) => a - b);
	const most = Math.max(1, ...samples.map((sample) => sample.bytes));
	const at = (i) => SAMPLES - samples.length + i;

	element("health-line").setAttribute("points", known
		.map((sample) => `${at(samples.indexOf(sample))},${height(sample.ms).toFixed(1)}`).join(" "));
	element("health-bytes").setAttribute("d", samples
		.map((sample, i) => `M${at(i)} 100v${(-60 * sample.bytes / most).toFixed(1)}`).join(""));
	if (sorted.length > 0) {
		const [median, longest] = [sorted[sorted.length >> 1], sorted[sorted.length - 1]];

		element("health-state").textContent =
			`median ${median.toFixed(1)} ms, longest ${longest.toFixed(1)} ms`;
	}
}

async function sample() {
	const before = performance.now();
	let ms = null;

	try {
		const answer = await fetch("health", { cache: "no-store" });
		await answer.text();
		ms = answer.ok ? performance.now() - before : null;
	} catch {
		element("health-state").textContent = "no answer";
	}
	samples.push({ ms, bytes });
	bytes = 0;
	if (samples.length > SAMPLES)
		samples.shift();
	drawHealth();
	setTimeout(sample, SAMPLE_MS);
}

element("health-graph").setAttribute("viewBox", `0 0 ${SAMPLES} 100`);
sample();
showWall();
