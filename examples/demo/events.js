/* What the server tells of its answers, as they begin and end, and the disk under its clips. A server without
 * events says so by the lack of a meta element; then the page keeps to what it measures by itself. */
import { element } from "./ranges.js";
import { reloadWall } from "./wall.js";

const FILES = ["/clips/zoom.mp4", "/clips/life.webm"];
const FADE_MS = 8000;
const MAX_SHOWN = 400;
/* Of the picture: rows of a lane, and pixels between lanes. */
const ROWS = 6;
const GAP = 6;

const canvas = element("ranges-canvas");
const context = canvas.getContext("2d");
const live = new Map();
let shown = [];
let missed = 0;
let ended = 0;

function laneOf(target) {
	return FILES.findIndex((file) => target.endsWith(file));
}

function begin(event) {
	const answer = JSON.parse(event.data);

	if (laneOf(answer.target) < 0 || answer.length === 0)
		return;
	live.set(answer.request, answer);
	request();
}

function end(event) {
	const answer = JSON.parse(event.data);
	const begun = live.get(answer.request);

	if (begun === undefined)
		return;
	live.delete(answer.request);
	ended++;
	shown.push({ ...begun, ...answer, at: performance.now() });
	shown = shown.slice(-MAX_SHOWN);
	request();
}

function draw(now) {
	const scale = devicePixelRatio;
	const { clientWidth: width, clientHeight: height } = canvas;
	const lane = height / FILES.length;

	if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
		canvas.width = Math.round(width * scale);
		canvas.height = Math.round(height * scale);
	}
	context.setTransform(scale, 0, 0, scale, 0, 0);
	context.clearRect(0, 0, width, height);
	for (const answer of shown)
		drawSpan(answer, answer.sent, lane, width, 1 - (now - answer.at) / FADE_MS);
	for (const answer of live.values())
		drawOutline(answer, lane, width);
}

/* The answers of a lane take turns in its rows. */
function place(answer, length, lane, width) {
	const x = (width * answer.offset) / answer.size;
	const row = (lane - GAP) / ROWS;
	const y = laneOf(answer.target) * lane + (answer.request % ROWS) * row;

	return [x, y, Math.max((width * length) / answer.size, 2), row - 1];
}

/* One that was broken off ends in a bar, so that it can be told without colours. */
function drawSpan(answer, length, lane, width, strength) {
	const [x, y, w, h] = place(answer, length, lane, width);
	const isWhole = answer.ending === "complete";

	if (strength <= 0)
		return;
	context.globalAlpha = strength;
	context.fillStyle = isWhole ? "#4fd1a5" : "#8f4fa8";
	context.fillRect(x, y, w, h);
	if (!isWhole) {
		context.fillStyle = "#ece8f3";
		context.fillRect(x + w - 3, y, 3, h);
	}
	context.globalAlpha = 1;
}

function drawOutline(answer, lane, width) {
	const [x, y, w, h] = place(answer, answer.length, lane, width);

	context.strokeStyle = "#f4845f";
	context.setLineDash([4, 3]);
	context.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
	context.setLineDash([]);
}

let isRequested = false;

function request() {
	if (isRequested)
		return;
	isRequested = true;
	requestAnimationFrame((now) => {
		isRequested = false;
		shown = shown.filter((answer) => now - answer.at < FADE_MS);
		draw(now);
		showState();
		if (shown.length > 0)
			request();
	});
}

function showState() {
	const lost = missed > 0 ? `, ${missed} not heard of` : "";

	element("ranges-state").textContent = `${live.size} on their way, ${ended} ended${lost}`;
}

async function setDisk(isSlow) {
	const answer = await fetch(`disk?slow=${isSlow ? 1 : 0}`, { method: "POST" });

	showDisk(await answer.json());
	reloadWall();
}

function showDisk({ slow, lacks }) {
	const inputs = element("disk").querySelectorAll("input");

	inputs.forEach((input) => { input.checked = (input.value === "slow") === slow; });
	element("disk").disabled = lacks !== "";
	element("disk-state").textContent =
		lacks === "" ? "each read of 128 KiB takes 200 ms" : `none: ${lacks}`;
}

/* The counters, once a second. */
async function showCounters() {
	try {
		const counters = await (await fetch("stats", { cache: "no-store" })).json();

		element("stats-state").textContent =
			`${counters.live_bodies} bodies, ${counters.open_files} files open`;
	} catch {
		element("stats-state").textContent = "no answer";
	}
	setTimeout(showCounters, 1000);
}

function listen() {
	const events = new EventSource("events");

	events.addEventListener("begin", begin);
	events.addEventListener("end", end);
	events.addEventListener("missed", (event) => { missed += Number(event.data); });
	/* What was on its way when the server went has no end that anybody would tell. */
	events.addEventListener("error", () => { live.clear(); request(); });
	element("disk").addEventListener("change", (event) => setDisk(event.target.value === "slow"));
	fetch("disk", { cache: "no-store" }).then((answer) => answer.json()).then(showDisk);
	showState();
	showCounters();
}

if (document.querySelector("meta[name=server][content=events]"))
	listen();
else
	element("ranges-state").textContent = "this server tells none; demo_server does";
