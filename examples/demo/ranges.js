/* What JavaScript can learn of the server's answers: the parts of the clip, read by small
 * ranges, single ranges on demand, and the timed list of all requests. */

export const element = (id) => document.getElementById(id);
const video = element("video");

export function addSpan(parent, start, end, whole) {
	const span = document.createElement("i");

	span.style.left = `${(100 * start) / whole}%`;
	span.style.width = `${(100 * (end - start)) / whole}%`;
	parent.append(span);
	return span;
}

const colours = [
	"#5aa9e6", "#e8c170", "#8f4fa8", "#f4845f", "#7d8597", "#d1495b", "#9bc53d", "#b388eb", "#4f772d",
];
let size = 0;

/* One range of the clip, past the browser's cache; a server that ignores Range is not read to the end. */
async function ask(range) {
	const response = await fetch(video.src, { headers: { Range: `bytes=${range}` }, cache: "no-store" });
	const header = (name) => response.headers.get(name);
	const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header("Content-Range") ?? "") ?? [];

	if (response.status !== 206)
		response.body?.cancel();
	return { response, header, first: Number(first), last: Number(last), total: Number(total) };
}

async function askBytes(first, length) {
	const source = video.src;
	const answer = await ask(`${first}-${first + length - 1}`);

	if (answer.response.status !== 206)
		throw new Error(`The server answered ${answer.response.status} to a range.`);
	if (video.src === source) {
		size = answer.total;
		addSpan(element("marks"), answer.first, answer.last + 1, size);
	}
	return new DataView(await answer.response.arrayBuffer());
}

async function boxAt(at) {
	const view = await askBytes(at, 16);
	const name = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(i)));
	const length = view.getUint32(0);

	return { name, next: length === 1 ? at + Number(view.getBigUint64(8)) : length ? at + length : size };
}

const elementNames = new Map([
	[0x1a45dfa3, "EBML"], [0x18538067, "Segment"], [0x114d9b74, "SeekHead"], [0xec, "Void"],
	[0x1549a966, "Info"], [0x1654ae6b, "Tracks"], [0x1254c367, "Tags"], [0x1f43b675, "Cluster"],
	[0x1c53bb6b, "Cues"],
]);

/* An identifier keeps its length bit, a size drops it; a Segment is entered, not skipped. */
async function elementAt(at) {
	const view = await askBytes(at, 12);
	const idLength = Math.clz32(view.getUint8(0)) - 23;
	const sizeLength = Math.clz32(view.getUint8(idLength)) - 23;
	let id = 0;
	let length = view.getUint8(idLength) & (0xff >> sizeLength);

	for (let i = 0; i < idLength; i++)
		id = id * 256 + view.getUint8(i);
	for (let i = 1; i < sizeLength; i++)
		length = length * 256 + view.getUint8(idLength + i);
	const name = elementNames.get(id) ?? id.toString(16);
	return { name, next: at + idLength + sizeLength + (name === "Segment" ? 0 : length) };
}

/* Reads only the head of each part, so the map of a large file costs a few small ranges. */
export async function mapFile() {
	const source = video.src;
	const partAt = source.endsWith(".mp4") ? boxAt : elementAt;
	const parts = [];

	size = 0;
	for (const id of ["parts", "marks", "legend", "size"])
		element(id).replaceChildren();
	element("answer").textContent = "Not asked yet.";
	for (let at = 0; (at === 0 || at < size) && parts.length < 64;) {
		const { name, next } = await partAt(at);
		if (video.src !== source || !(next > at))
			return;
		parts.push({ name, start: at, end: next });
		showParts(parts);
		at = next;
	}
}

function showParts(parts) {
	const names = [...new Set(parts.map((part) => part.name))];
	const colour = (name) => colours[names.indexOf(name) % colours.length];

	element("size").textContent = `${size.toLocaleString("en")} bytes`;
	element("parts").replaceChildren();
	for (const { name, start, end } of parts)
		addSpan(element("parts"), start, end, size).style.setProperty("--colour", colour(name));
	element("legend").replaceChildren(...names.map((name) => {
		const same = parts.filter((part) => part.name === name);
		const item = document.createElement("li");
		const title = document.createElement("b");
		title.textContent = same.length > 1 ? `${same.length} ${name}` : name;
		item.append(title, same.length > 1 ? "" : ` at ${same[0].start.toLocaleString("en")}`);
		item.style.setProperty("--colour", colour(name));
		return item;
	}));
}

export async function probe(range) {
	const output = element("answer");
	const title = document.createElement("b");

	if (range === "middle")
		range = `${Math.floor(size / 2)}-${Math.floor(size / 2) + 4095}`;
	element("range").value = range;
	try {
		const { response, header, first, last, total } = await ask(range);
		const fields = ["Content-Range", "Content-Length", "Content-Type", "ETag", "Last-Modified"];
		title.textContent = `${response.status} ${response.statusText}\n`;
		const shown = fields.filter(header).map((name) => `${name}: ${header(name)}`);
		output.replaceChildren(title, shown.join("\n"));
		output.classList.toggle("refused", response.status !== 206);
		if (response.status === 206) {
			await response.arrayBuffer();
			addSpan(element("marks"), first, last + 1, total);
		}
	} catch (error) {
		output.textContent = error.message;
	}
}

const requests = [];

export function showRequests() {
	const own = requests.filter((entry) => entry.name === video.src);
	const start = Math.min(...own.map((entry) => entry.startTime));
	const whole = Math.max(...own.map((entry) => entry.responseEnd)) - start || 1;
	const bytes = own.reduce((sum, entry) => sum + entry.encodedBodySize, 0);

	element("sum").textContent = `${own.length} requests, ${bytes.toLocaleString("en")} bytes`;
	element("requests").replaceChildren(...own.map((entry) => {
		const row = document.createElement("tr");
		const probed = entry.initiatorType === "fetch";
		const when = document.createElement("div");
		row.className = probed ? "probed" : "played";
		const size = entry.encodedBodySize.toLocaleString("en");
		const status = entry.responseStatus;
		for (const text of [probed ? "probe" : "player", status || "cut", status ? size : "\u2013"])
			row.insertCell().textContent = text;
		when.className = "when";
		addSpan(when, entry.startTime - start, entry.responseEnd - start, whole);
		row.insertCell().append(when);
		return row;
	}).reverse());
}

export function watchRequests() {
	new PerformanceObserver((list) => {
		requests.push(...list.getEntries());
		showRequests();
	}).observe({ type: "resource", buffered: true });
}
