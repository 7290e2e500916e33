/*
 * Heat maps in a real browser: what is picked is what --time-range selects.
 *
 *     node heatmap.js PROFDATA [SCREENSHOTS]
 *
 * Status 0: all passed, 1: something failed, 77: no browser here.
 */
"use strict";

const { execFileSync, spawnSync } = require("child_process");
const assert = require("assert");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { runTests, until, find, skip } = require("./webdriver.js");
const payloads = require("./payloads.js");

const profdata = process.argv[2], shots = process.argv[3];
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "profdata-heatmap-"));

if (!profdata || !fs.existsSync(profdata))
	skip("no profdata to test");

/* ---- inputs ---- */

/* 20 s of samples every 5 ms; busy (value 3) in [0.4, 0.6) of every second, nothing in [7, 9) but single ones. */
function program() {
	const rows = ["profdata dump 1", "series", "value\tcpu\tnanoseconds"];

	for (let ms = 0; ms < 20000; ms += 5) {
		const part = ms % 1000, busy = part >= 400 && part < 600;

		if (busy ? ms < 7000 || ms >= 9000 : ms % 700 === 0)
			rows.push((busy ? 3000000 : 1000000) + "\t@" + (ms + 50000) + "000000\t" + (busy ? "main;work" : "main;idle"));
	}
	fs.writeFileSync(path.join(dir, "program.dump"), rows.join("\n") + "\n");
	return path.join(dir, "program.dump");
}

function run(...args) {
	const r = spawnSync(profdata, args, { encoding: "utf8", maxBuffer: 1 << 28 });

	assert.strictEqual(r.status, 0, r.stderr);
	return r.stdout;
}

function draw(input, name, ...options) {
	run("heatmap", ...options, input, "-o", path.join(dir, name));
	return path.join(dir, name);
}

/* The sum of cpu that --time-range selects; the flame graph of the range says the same. */
function selected(input, range) {
	const sum = run("filter", "-q", "-t", "folded", "-s", "cpu", "--time-range", range, input).trim().split("\n").reduce((n, line) => n + +line.split(" ").pop(), 0);
	const all = /<title>all \(([\d.]+)ms, 100%\)/.exec(run("flamegraph", "-s", "cpu", "--time-range", range, input));

	assert.ok(all);
	assert.strictEqual(Math.round(all[1] * 1e6), sum);
	return sum;
}

/* ---- what the page shows ---- */

const plot = "var r=document.querySelector('.plot').getBoundingClientRect();return [r.left,r.top,r.width,r.height]";
const picked = (b) => b.run("return document.querySelector('.bar input').value");
const info = (b) => b.run("return document.querySelector('.bar .info').textContent");
const details = (b) => b.run("return document.querySelector('.details').textContent");
const hash = (b) => b.run("return location.hash");

/* The middle of row r (of `rows`) in column c (of `columns`) on the page. */
async function spot(b, c, r, columns, rows) {
	const [x, y, w, h] = await b.run(plot);

	return [x + w * (c + 0.5) / columns, y + h * (1 - (r + 0.5) / rows)];
}

async function clean(b, file) {
	assert.deepStrictEqual(await b.misdeeds(["file://" + file, "about:", "data:,"]), []);
}

/* ---- tests ---- */

const input = program();

draw(input, "program.svg", "-s", "cpu");

const tests = {
	async "a drag gives the option that selects the same samples"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		assert.strictEqual(await picked(b), "");
		await b.drag([await spot(b, 3, 10, 20, 50), await spot(b, 4, 30, 20, 50), await spot(b, 5, 24, 20, 50)]);
		assert.strictEqual(await picked(b), "--time-range 3.2:5.5");
		assert.strictEqual(await hash(b), "#range=3.2:5.5");
		/* bursts of seconds 3 and 4 and half of 5, and one sample at 3.5 (busy), 4.2, 4.9 */
		const said = /^([\d,]+) samples, ([\d.]+)ms, /.exec(await info(b));

		assert.ok(said, await info(b));
		assert.strictEqual(said[1], "102");
		assert.strictEqual(Math.round(said[2] * 1e6), selected(input, "3.2:5.5"));
		assert.strictEqual(await details(b), "5.48 s to 5.5 s: 4 samples, 12ms");
		await clean(b, svg);
	},

	async "backwards, over the edge, extended with shift"(b) {
		const svg = path.join(dir, "program.svg"), to = await (await b.open(svg), spot(b, 2, 20, 20, 50));

		await b.drag([await spot(b, 6, 29, 20, 50), to]);
		assert.strictEqual(await picked(b), "--time-range 2.4:6.6");
		await b.drag([await spot(b, 9, 49, 20, 50)], "mouse", "Shift"); /* the end moves, the beginning stays where the drag began */
		assert.strictEqual(await picked(b), "--time-range 6.58:10");
		const [x, y, w, h] = await b.run(plot);

		await b.drag([await spot(b, 18, 0, 20, 50), [x + w + 5, y - 20]]);
		assert.strictEqual(await picked(b), "--time-range 18:20");
		await b.back();
		await until("the range before", async () => await picked(b) === "--time-range 6.58:10");
		await b.click("button[aria-label=\"Forget the range\"]");
		assert.strictEqual(await picked(b), "");
		assert.strictEqual(await hash(b), "");
		await clean(b, svg);
	},

	async "by touch"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		await b.drag([await spot(b, 10, 0, 20, 50), await spot(b, 11, 20, 20, 50), await spot(b, 11, 49, 20, 50)], "touch");
		assert.strictEqual(await picked(b), "--time-range 10:12");
		await clean(b, svg);
	},

	async "by keyboard"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		await b.run("document.querySelector('.plot').focus()");
		await b.keys("ArrowRight");
		assert.match(await details(b), /^0 s to 0\.02 s: 1 sample, 1ms$/);
		await b.keys("ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp");
		assert.match(await details(b), /^2\.04 s to 2\.06 s: 0 samples$/);
		await b.keys("Shift+ArrowRight", "Shift+ArrowUp");
		assert.strictEqual(await picked(b), "--time-range 2.04:3.08");
		assert.strictEqual(await hash(b), "#range=2.04:3.08");
		await b.keys("Escape");
		assert.strictEqual(await picked(b), "");
		await b.keys("Home", "Enter");
		assert.match(await info(b), /the range begins here/);
		await b.keys("PageUp", "ArrowLeft");
		assert.strictEqual(await picked(b), "--time-range 0:9.02");
		await b.keys("Enter");
		assert.strictEqual(await b.run("return document.activeElement===document.querySelector('.bar input')&&String(document.activeElement.selectionEnd)"), "19");
		await b.run("document.querySelector('.plot').focus()");
		await b.keys("Escape", "End", "?");
		assert.match(await b.run("return document.querySelector('.help').textContent"), /shift and arrows/);
		await b.keys("Escape");
		assert.strictEqual(await b.run("return document.querySelectorAll('.help').length"), 0);
		await clean(b, svg);
	},

	async "links"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg, "range=3.2:5.5");
		assert.strictEqual(await picked(b), "--time-range 3.2:5.5");
		for (const odd of ["range=", "range=5:3", "range=a:b", "range=1e9:2", "range=99999:100000", "range=" + "9".repeat(4000) + ":1", "<script>", "%zz"]) {
			await b.open(svg, odd);
			assert.strictEqual(await picked(b), "", odd);
		}
		await clean(b, svg);
	},

	async "a selection keeps the time of the whole"(b) {
		const svg = draw(input, "part.svg", "-s", "cpu", "--time-range", "5:12", "--focus", "work");

		await b.open(svg);
		await b.drag([await spot(b, 0, 20, 7, 50), await spot(b, 1, 29, 7, 50)]);
		assert.strictEqual(await picked(b), "--time-range 5.4:6.6");
		assert.match(await info(b), /^80 samples, 240ms, 40% of all samples$/);
		await clean(b, svg);
	},

	async "as a page of HTML"(b) {
		const page = draw(input, "program.html", "--title", "</title><b>&");

		await b.open(page);
		assert.strictEqual(await b.run("return document.compatMode + document.title"), "CSS1Compat</title><b>&");
		assert.strictEqual(await b.run("return document.querySelectorAll('b').length"), 0);
		await b.drag([await spot(b, 3, 20, 20, 50), await spot(b, 3, 29, 20, 50)]);
		assert.strictEqual(await picked(b), "--time-range 3.4:3.6");
		assert.strictEqual(await hash(b), "#range=3.4:3.6");
		await clean(b, page);
	},

	async "a page shows the flame graph of what is picked"(b) {
		const page = draw(input, "flame.html", "-s", "cpu");
		const words = () => b.run("return document.querySelector('footer').textContent");
		const boxes = () => b.run("var d={};document.dispatchEvent(new CustomEvent('pd-boxes',{detail:d}));return d.boxes");

		await b.open(page);
		assert.match(await words(), /^2\.18s$/);
		assert.deepStrictEqual((await boxes()).map((x) => x.name).sort(), ["all", "idle", "main", "work"]);
		await b.drag([await spot(b, 3, 10, 20, 50), await spot(b, 5, 24, 20, 50)]);
		assert.strictEqual(await words(), "302ms from 3.2 s to 5.5 s");
		assert.strictEqual((await boxes()).find((x) => x.name === "work").total, 300000000);
		assert.strictEqual(selected(input, "3.2:5.5"), 302000000);
		await b.drag([await spot(b, 7, 5, 20, 50), await spot(b, 7, 20, 20, 50)]); /* nothing there */
		assert.match(await words(), /^0ns from 7\.1 s to 7\.42 s/);
		await b.click("button[aria-label=\"Forget the range\"]");
		assert.match(await words(), /^2\.18s$/);
		await b.open(page, "range=9.4:9.6");
		assert.strictEqual(await words(), "120ms from 9.4 s to 9.6 s");
		assert.strictEqual(await b.run("return document.querySelectorAll('script:not([type])').length"), 1);
		/* both parts keep what they show in the address, and the back button goes back in both */
		await b.run("document.querySelector('.tree').focus({preventScroll:true})");
		await b.keys("t");
		assert.strictEqual(await hash(b), "#range=9.4:9.6&view=table");
		await b.drag([await spot(b, 3, 10, 20, 50), await spot(b, 5, 24, 20, 50)]);
		assert.strictEqual(await hash(b), "#range=3.2:5.5&view=table");
		assert.match(await words(), /functions, 302ms from 3\.2 s to 5\.5 s$/);
		await b.back();
		assert.match(await words(), /functions, 120ms from 9\.4 s to 9\.6 s$/);
		await b.back();
		assert.strictEqual(await hash(b), "#range=9.4:9.6");
		assert.strictEqual(await words(), "120ms from 9.4 s to 9.6 s");
		await b.keys("c"); /* bins have no order within */
		assert.strictEqual(await hash(b), "#range=9.4:9.6");
		await clean(b, page);
	},

	async "too many samples: whole columns"(b) {
		const rows = ["profdata dump 1", "series", "value\tcpu\tcount"];

		for (let i = 0; i < 210000; i++)
			rows.push("1\t@" + (i + 1) * 100000 + "\tmain;f" + i % 600);
		fs.writeFileSync(path.join(dir, "many.dump"), rows.join("\n") + "\n");
		const page = draw(path.join(dir, "many.dump"), "many.html");
		const words = () => b.run("return document.querySelector('footer').textContent");

		await b.open(page);
		assert.match(await words(), /^210,000 cpu/);
		await b.drag([await spot(b, 3, 10, 22, 50), await spot(b, 4, 24, 22, 50)]);
		assert.match(await words(), /^20,000 cpu from 3 s to 5 s \(whole columns/);
		assert.match(await info(b), /^13,000 samples/);
		await clean(b, page);
	},

	async "without script the picture stands"(b) {
		const page = path.join(dir, "img.html");

		fs.writeFileSync(page, "<!DOCTYPE html><title>x</title><img src=\"program.svg\" alt=\"\">");
		await b.open(page);
		assert.deepStrictEqual(await b.run("var i=document.querySelector('img');return [i.naturalWidth,i.complete]"), [1200, true]);
		assert.deepStrictEqual(await b.misdeeds(["file://" + page, "file://" + path.join(dir, "program.svg"), "about:", "data:,"]), []);
	},

	async "times beyond what JavaScript counts exactly"(b) {
		fs.writeFileSync(path.join(dir, "far.dump"), "profdata dump 1\nseries\nvalue\tcpu\tcount\n9007199254740993\t@-9223372036854775807\ta\n1\t@0\ta\n1\t@9223372036854775807\ta\n");
		const svg = draw(path.join(dir, "far.dump"), "far.svg");

		await b.open(svg);
		await b.run("document.querySelector('.plot').focus()");
		await b.keys("Home", "Shift+End");
		assert.match(await info(b), /^3 samples, 9,007,199,254,740,995 cpu, 100% of all samples$/);
		assert.strictEqual(await picked(b), "--time-range 0:18489600000");
		await clean(b, svg);
	},

	async "hostile names and options"(b) {
		const xmllint = find("xmllint");

		for (let i = 0; i < payloads.length; i += process.env.ALL ? 1 : 12) {
			const name = Array.from(Buffer.isBuffer(payloads[i]) ? payloads[i] : Buffer.from(payloads[i], "utf8"), (c) => "\\x" + c.toString(16).padStart(2, "0")).join("");
			const file = path.join(dir, "hostile.dump"), text = String(payloads[i]).replace(/\0/g, "");

			fs.writeFileSync(file, "profdata dump 1\nseries\nvalue\t" + name + "\t" + name + "\n3\t@1000\t" + name + "\n4\t@90000000\t" + name + "\n");
			for (const type of ["svg", "html"]) {
				const out = draw(file, "hostile." + type, "--title", text, "--subtitle", text);

				await b.open(out);
				assert.strictEqual(await b.run("return document.querySelectorAll('.plot').length"), 1, "payload " + i);
				assert.strictEqual(await b.run("return document.querySelectorAll('script:not([type])').length"), 1);
				await b.run("document.querySelector('.plot').focus()");
				await b.keys("Home", "Shift+End");
				assert.match(await info(b), /^2 samples, 7/);
				assert.strictEqual(await b.run("return window.pwned===undefined"), true);
				await clean(b, out);
			}
			if (xmllint)
				execFileSync(xmllint, ["--noout", "--nonet", "--huge", path.join(dir, "hostile.svg")]);
		}
	},

	/* The scale: every step is as much darker as the others, so that it works without hue, and the dark scheme is the same turned round. */
	async "colours are evenly spaced"() {
		const css = fs.readFileSync(path.join(__dirname, "../../formats/heatmap/style.css"), "utf8");
		const scales = css.split("@media").map((part) => Array.from({ length: 12 }, (_, i) => (new RegExp("\\.l" + i + "\\{fill:(#[0-9a-f]{6})").exec(part) || [])[1])).filter((s) => s[0]);
		const linear = (v) => v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
		const lightness = (c) => 116 * Math.cbrt([0.2126, 0.7152, 0.0722].reduce((y, f, i) => y + f * linear(parseInt(c.substr(1 + 2 * i, 2), 16) / 255), 0)) - 16;

		assert.strictEqual(scales.length, 3); /* light, dark, print */
		assert.deepStrictEqual(scales[1], scales[0].slice().reverse());
		assert.deepStrictEqual(scales[2], scales[0]);
		for (let i = 1; i < 12; i++)
			assert.ok(Math.abs(lightness(scales[0][i - 1]) - lightness(scales[0][i]) - 72 / 11) < 0.8, "step " + i);
	},

	async "said to a screen reader"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		assert.deepStrictEqual(await b.run("var p=document.querySelector('.plot');return [p.getAttribute('role'),p.getAttribute('tabindex'),document.querySelectorAll('[aria-live=polite]').length,document.documentElement.getAttribute('role')]"), ["application", "0", 2, "group"]);
		assert.match(await b.run("return document.querySelector('.plot').getAttribute('aria-label')"), /^Heat Map, [\d,]+ samples, [\d.]+s; arrows move/);
		await clean(b, svg);
	}
};

runTests(tests, shots, () => fs.rmSync(dir, { recursive: true, force: true })).catch((e) => {
	console.error(e);
	process.exit(1);
});
