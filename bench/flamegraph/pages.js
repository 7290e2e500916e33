/*
 * pages.js ROUNDS NAME: NAME.html, and NAME.pb.gz in speedscope and pprof -http, each in a headless browser of its own.
 *
 * "busy" is what the main thread of the page works (Chromium's TaskDuration), the same measure for all: from the start of
 * loading, or from handing over the file, until the picture is there; and from a click until nothing moves any more.
 */
"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const net = require("net");
const path = require("path");
const { Browser, find } = require("../../tests/browser/webdriver.js");

const rounds = +process.argv[2], name = process.argv[3];
const median = (list) => list.slice().sort((a, b) => a - b)[list.length >> 1];
const wait = (ms) => new Promise((ok) => setTimeout(ok, ms));
const print = (who, text) => console.log("  " + (name + " " + who).padEnd(18) + text);

async function busy(b) {
	const m = await b.call("POST", b.session + "/goog/cdp/execute", { cmd: "Performance.getMetrics", params: {} });

	return 1000 * m.metrics.find((x) => x.name === "TaskDuration").value;
}

/* Waits until the page has done nothing for a while. */
async function settled(b) {
	let last = -1, now = await busy(b);

	for (let i = 0; now - last > 5 && i < 300; i++) {
		await wait(200);
		last = now;
		now = await busy(b);
	}
	return now;
}

/* What `act` makes the page do. */
async function cost(b, act) {
	const before = await settled(b);

	await act();
	await wait(100);
	return await settled(b) - before;
}

async function appeared(b, condition, seconds) {
	const end = Date.now() + 1000 * seconds;

	while (!await b.run(condition)) {
		if (Date.now() > end)
			throw new Error("not there after " + seconds + " s");
		await wait(50);
	}
}

async function measure(who, switches, one) {
	const loads = [], zooms = [], extra = [];

	for (let i = 0; i < rounds; i++) {
		const b = await Browser.start({}, switches);

		try {
			await b.call("POST", b.session + "/goog/cdp/execute", { cmd: "Performance.enable", params: {} });
			const got = await one(b);

			loads.push(got.load);
			zooms.push(got.zoom);
			extra.push(got.own || []);
		} finally {
			await b.stop();
		}
	}
	print(who, "busy until the picture " + median(loads).toFixed(0) + " ms (" + Math.min(...loads).toFixed(0) + " to " + Math.max(...loads).toFixed(0) + "), zoom " +
		median(zooms).toFixed(0) + " ms (" + Math.min(...zooms).toFixed(0) + " to " + Math.max(...zooms).toFixed(0) + ")" +
		(extra[0].length ? "; own clock: first picture " + median(extra.map((e) => e[0])).toFixed(0) + " ms, script until ready " + median(extra.map((e) => e[1])).toFixed(0) +
			" ms, script of a zoom " + median(extra.map((e) => e[2])).toFixed(1) + " ms" : ""));
}

async function ours(b) {
	const file = path.resolve(name + ".html"), boxes = "var d={};document.dispatchEvent(new CustomEvent('pd-boxes',{detail:d}));return d.boxes.filter(function(x){return x.depth===2})";
	const ready = "return document.documentElement.hasAttribute('data-ms')";
	let script;
	const load = await cost(b, async () => {
		await b.call("POST", b.session + "/url", { url: "file://" + file });
		await appeared(b, ready, 60);
	});
	const paint = await b.run("var p=performance.getEntriesByType('paint');return p.length?p[p.length-1].startTime:-1");
	const ms = +await b.run("return document.documentElement.getAttribute('data-ms')");
	const list = await b.run(boxes), at = (k) => [list[k].x + 3, list[k].y + 3];
	const zoom = await cost(b, () => b.drag([at(7)]));

	await b.keys("Escape");
	await settled(b);
	script = await b.run("var c=document.querySelector('canvas'),t=performance.now();c.dispatchEvent(new MouseEvent('click',{bubbles:true,clientX:arguments[0],clientY:arguments[1]}));return performance.now()-t", ...at(9));
	return { load, zoom, own: [paint, ms, script] };
}

async function speedscope(b, app) {
	await b.call("POST", b.session + "/url", { url: "file://" + app + "#localProfilePath=/nonexistent.js" }); /* the hash makes it take files from a script */
	await appeared(b, "return !!window.speedscope", 60);
	const load = await cost(b, async () => {
		await b.run("window.speedscope.loadFileFromBase64(arguments[0],arguments[1])", name + ".pb.gz", fs.readFileSync(name + ".pb.gz").toString("base64"));
		await appeared(b, "return /Time Order/.test(document.body.innerText)", 200);
	});
	const at = [400, 130]; /* a frame below the root; two clicks zoom */
	const zoom = await cost(b, async () => {
		await b.drag([at]);
		await b.drag([at]);
	});

	return { load, zoom };
}

function freePort() {
	return new Promise((ok) => {
		const s = net.createServer().listen(0, "127.0.0.1", () => {
			const port = s.address().port;

			s.close(() => ok(port));
		});
	});
}

async function pprof(program) {
	const port = await freePort(), url = "http://127.0.0.1:" + port + "/flamegraph", started = Date.now();
	const child = spawn(program, ["-http=127.0.0.1:" + port, "-no_browser", name + ".pb.gz"], { stdio: "ignore" });
	let server = 0, bytes = 0;

	try {
		for (let i = 0; i < 600 && !bytes; i++) {
			await wait(100);
			bytes = await fetch(url).then((r) => r.arrayBuffer()).then((a) => a.byteLength).catch(() => 0);
		}
		if (!bytes)
			throw new Error("pprof -http does not answer");
		server = Date.now() - started;
		await measure("pprof -http", [], async (b) => {
			const load = await cost(b, async () => {
				await b.call("POST", b.session + "/url", { url });
				await appeared(b, "return document.readyState==='complete'", 200);
			});
			const at = await b.run("var l=Array.from(document.querySelectorAll('.boxbg')).map(function(e){return e.getBoundingClientRect()}).filter(function(r){return r.width>5&&r.width<innerWidth/2});return l.length?[l[0].left+2,l[0].top+5]:null");
			const zoom = at ? await cost(b, () => b.drag([at])) : NaN;

			return { load, zoom };
		});
		print("pprof -http", "first page " + (bytes / 1e6).toFixed(1) + " MB, answered after " + server + " ms of the server");
	} finally {
		child.kill();
	}
}

async function main() {
	const program = find("pprof"), app = process.env.SPEEDSCOPE && path.join(path.resolve(process.env.SPEEDSCOPE), "node_modules/speedscope/dist/release/index.html");

	print("profdata", (fs.statSync(name + ".html").size / 1e6).toFixed(2) + " MB");
	await measure("profdata", [], ours);
	if (app && fs.existsSync(app))
		await measure("speedscope", ["--allow-file-access-from-files"], (b) => speedscope(b, app)).catch((e) => print("speedscope", String(e.message)));
	else
		print("speedscope", "not there: SPEEDSCOPE names no folder that has it");
	if (program)
		await pprof(program).catch((e) => print("pprof -http", String(e.message)));
	else
		print("pprof -http", "not there");
}

main().catch((e) => {
	console.error(e);
	process.exit(1);
});
