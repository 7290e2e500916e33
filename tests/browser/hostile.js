/*
 * Hostile text everywhere: every payload stands in every name of a profile and
 * in every text option at once, and the SVG and HTML files are loaded.
 *
 *     node hostile.js PROFDATA
 *
 * Fails on any dialog, console message, request, script that ran, ill-formed XML,
 * and where the files do not read back. Status 77: no browser here. STEP=8 takes every eighth payload.
 */
"use strict";

const { execFileSync, spawnSync } = require("child_process");
const assert = require("assert");
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const { runTests, skip, find } = require("./webdriver.js");
const payloads = require("./payloads.js");

const profdata = process.argv[2], step = +(process.env.STEP || 1);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "profdata-hostile-"));
const xmllint = find("xmllint");

if (!profdata || !fs.existsSync(profdata))
	skip("no profdata to test");

/* Every byte that could mean something to the dump format as \xNN. */
function escaped(bytes) {
	return Array.from(bytes, (c) => /[A-Za-z0-9_]/.test(String.fromCharCode(c)) ? String.fromCharCode(c) : "\\x" + c.toString(16).padStart(2, "0")).join("");
}

/* The payload as function, mangled name, file, object, label, sample type, unit, series and comment. */
function profile(payload) {
	const p = escaped(payload);

	return ["profdata dump 1", "comment\t" + p, "mapping\t1\t0x1000-0x2000\toffset=0x0\tfile=" + p + "\tbuild-id=" + p,
		"frame\tx" + p + "\taddress=0x1100\tmapping=1", "\tx" + p + "\tline=3\tfile=" + p + "\tsystem=" + p + "\tstart=1",
		"series\t" + p, "value\tx" + p + "\tx" + p, "value\ty" + p + "\tcount",
		"5 1\tx" + p + "=" + p + "\tmain;x" + p, "3 1\tcomm=" + p + "\tmain;x" + p + ";x" + p, "2 7\tmain;leaf"].join("\n") + "\n";
}

/* Bytes a file name or an argument cannot hold leave only the profile to be hostile. */
function draw(payload, i) {
	const input = path.join(dir, "in.dump"), arg = path.join(dir, "arg"), svg = path.join(dir, "p" + i + ".svg"), html = path.join(dir, "p" + i + ".html");
	const usable = !payload.includes(0) && payload.length < 5000, attrs = path.join(dir, "attrs");
	const line = Buffer.concat([payload, Buffer.from("\ttitle="), payload, Buffer.from("\nmain\ttitle="), payload, Buffer.from("\thref=#"), Buffer.from(encodeURIComponent(payload.toString("latin1"))), Buffer.from("\n")]);
	const attributes = payload.every((c) => c >= 0x20 && c !== 0x7f) && payload.length < 5000;
	const options = (attributes ? "--nameattr=\"$6\" " : "") + "--title=\"$a\" --subtitle=\"$a\" --countname=\"$a\" --nametype=\"$a\" --notes=\"$a\" --fonttype=\"$a\" --cp=\"$5\"";

	fs.writeFileSync(input, profile(payload));
	fs.writeFileSync(attrs, line);
	fs.writeFileSync(arg, Buffer.concat([usable ? payload : Buffer.alloc(0), Buffer.from("|")]));
	for (const out of [svg, html]) {
		const map = path.join(dir, "palette.map");

		fs.rmSync(map, { force: true });
		execFileSync("bash", ["-c", "a=$(cat \"$1\"; printf x); a=${a%|x}; LC_ALL=C; \"$2\" flamegraph -q " + (usable ? options : "") + " \"$3\" -o \"$4\"", "-", arg, profdata, input, out, map, attrs]);
		if (usable && out === svg) /* and once more with the palette file that was written */
			execFileSync("bash", ["-c", "a=$(cat \"$1\"; printf x); a=${a%|x}; LC_ALL=C; \"$2\" flamegraph -q " + options + " \"$3\" -o \"$4\"", "-", arg, profdata, input, out, map, attrs]);
	}
	return [svg, html];
}

const tests = {
	async "payloads in every name and every option run nothing and break nothing"(b) {
		let loaded = 0;

		for (let i = 0; i < payloads.length; i += step) {
			const files = draw(payloads[i], i);

			if (xmllint)
				execFileSync(xmllint, ["--noout", "--nonet", files[0]], { stdio: ["ignore", "ignore", "pipe"] });
			for (const file of files) {
				await b.open(file);
				assert.strictEqual(await b.run("return document.documentElement.localName"), file.endsWith(".svg") ? "svg" : "html", "payload " + i);
				assert.deepStrictEqual(await b.run("return [window.pwned===undefined,document.querySelectorAll('script:not([type])').length]"), [true, 1], "payload " + i);
				assert.deepStrictEqual(await b.misdeeds(["file://" + file, "about:", "data:,"]), [], "payload " + i + " in " + file);
				loaded++;
			}
			/* what the names say survives both files */
			const back = files.map((f) => execFileSync(profdata, ["convert", "-q", "-t", "folded", f]));
			assert.ok(back[0].length > 0 && back[0].equals(back[1]), "payload " + i);
			assert.ok(back[0].equals(execFileSync(profdata, ["convert", "-q", "-t", "folded", path.join(dir, "in.dump")])), "payload " + i + " reads back");
			files.forEach((f) => fs.rmSync(f));
		}
		console.log("  " + loaded + " files loaded" + (xmllint ? "" : " (no xmllint: the browser alone judged the XML)"));
		assert.ok(loaded >= 400 / step);
	},

	async "colours, palettes and sizes that are none are refused"() {
		const input = path.join(dir, "in.dump");

		fs.writeFileSync(input, profile(Buffer.from("f")));
		for (let i = 0; i < payloads.length; i += step) {
			const text = payloads[i].toString("latin1");

			if (!text || text.includes("\0") || /^-|^\s*$/.test(text))
				continue;
			for (const option of ["colors", "bgcolors", "search-color", "width", "height", "fontsize", "factor", "minwidth", "sort", "granularity", "total"]) {
				const r = spawnSync(profdata, ["flamegraph", "--" + option + "=" + text, input, "-o", path.join(dir, "refused.svg")], { encoding: "utf8" });
				const number = ["width", "height", "fontsize", "factor", "minwidth", "total"].includes(option) && /^[-+\d.e ]+$/i.test(text);

				assert.ok(r.status === 2 || number || (/^(search-|bg)/.test(option) && /^(#|rgb\()/.test(text)), "--" + option + " with payload " + i);
			}
		}
	},

	async "links of --nameattr zoom on click, and scripts in them are refused, in the file too"(b) {
		const input = path.join(dir, "in.folded"), attrs = path.join(dir, "attrs"), svg = path.join(dir, "links.svg");
		const first = "var e=document.querySelector('.frames a');return e?[e.getAttribute('href'),e.getAttribute('target'),e.querySelector('rect').getAttribute('class')]:null";

		fs.writeFileSync(input, "main;parse;read 30\nmain;run;loop 70\nmain 5\n");
		fs.writeFileSync(attrs, "run\thref=javascript:window.pwned=1\n");
		assert.strictEqual(spawnSync(profdata, ["flamegraph", "--nameattr", attrs, input, "-o", svg]).status, 2);
		fs.writeFileSync(attrs, "run\thref=https://example.invalid/run\tclass=own\ttitle=the loop\n");
		execFileSync(profdata, ["flamegraph", "--nameattr", attrs, input, "-o", svg]);
		await b.open(svg);
		assert.deepStrictEqual(await b.run(first), ["https://example.invalid/run", "_top", "box own"]);
		await b.click(".frames a rect");
		assert.match(await b.run("return location.href"), /^file:.*zoom=/);
		assert.deepStrictEqual(await b.misdeeds(["file://" + svg, "about:", "data:,"]), []);
		/* somebody changed the file */
		fs.writeFileSync(svg, fs.readFileSync(svg, "utf8").replace('"href":"https://example.invalid/run"', '"href":"java\\tscript:window.pwned=1"'));
		await b.open(svg);
		assert.strictEqual(await b.run(first), null);
		await b.click(".own");
		assert.strictEqual(await b.run("return window.pwned===undefined"), true);
		assert.deepStrictEqual(await b.misdeeds(["file://" + svg, "about:", "data:,"]), []);
	},

	async "the printed policy lets the script run and nothing else"(b) {
		const policy = { svg: "", html: "" };
		const server = http.createServer((q, r) => {
			const name = path.basename(q.url.split("?")[0]), kind = name.endsWith(".svg") ? "svg" : "html";

			if (!/^(allowed|strict)\.(svg|html)$/.test(name)) {
				r.writeHead(404).end();
				return;
			}
			r.writeHead(200, { "content-type": kind === "svg" ? "image/svg+xml" : "text/html", "content-security-policy": name.startsWith("allowed") ? policy[kind] : "default-src 'none'" });
			r.end(fs.readFileSync(path.join(dir, "csp." + kind)));
		});

		fs.writeFileSync(path.join(dir, "in.folded"), "main;parse;read 30\nmain;run;loop 70\nmain 5\n");
		for (const kind of ["svg", "html"]) {
			policy[kind] = execFileSync(profdata, ["flamegraph", "--csp", "-t", kind], { encoding: "utf8" }).trim();
			execFileSync(profdata, ["flamegraph", path.join(dir, "in.folded"), "-o", path.join(dir, "csp." + kind)]);
		}
		await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
		const base = "http://127.0.0.1:" + server.address().port + "/";
		const go = async (name) => {
			await b.call("POST", b.session + "/url", { url: "about:blank" });
			await b.call("POST", b.session + "/url", { url: base + name });
		};

		try {
			for (const kind of ["svg", "html"]) {
				await go("allowed." + kind);
				assert.ok(await b.run("return document.querySelectorAll('.bar,canvas').length") > 0, "the script of " + kind + " did not run");
				assert.deepStrictEqual((await b.misdeeds([base + "allowed", "about:", "data:,"])).filter((m) => !m.includes("favicon")), []);
				await go("strict." + kind);
				assert.strictEqual(await b.run("return document.querySelectorAll('.bar,canvas').length"), 0, "a script ran in " + kind);
				/* the picture: boxes where they belong, light background, readable text */
				const seen = await b.run("var r=Array.from(document.querySelectorAll('.frames rect'));return [r.length,r.every(function(e){var q=e.getBoundingClientRect();return q.width>0&&q.height>5}),getComputedStyle(document.querySelector('.bg')).fill]");
				assert.strictEqual(seen[0], 6);
				assert.ok(seen[1]);
				assert.strictEqual(seen[2], "rgb(252, 252, 250)");
				const said = (await b.misdeeds([base, "about:", "data:,"])).filter((m) => !m.includes("favicon"));
				assert.ok(said.every((m) => /^console: .*Content Security Policy/.test(m)), said.join("\n"));
			}
		} finally {
			server.close();
		}
	}
};

runTests(tests, null, () => fs.rmSync(dir, { recursive: true, force: true })).catch((e) => {
	console.error(e);
	process.exit(1);
});
