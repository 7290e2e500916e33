/*
 * Flame graphs in a real browser.
 *
 *     node flamegraph.js PROFDATA [SCREENSHOTS]
 *
 * Status 0: all passed, 1: something failed, 77: no browser here. SCREENSHOTS is
 * a folder for pictures of what was tested. ALL=1 loads every hostile option
 * instead of every eighth; ONLY=words runs the tests with these words.
 */
"use strict";

const { execFileSync } = require("child_process");
const assert = require("assert");
const crypto = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { runTests, until, find, skip } = require("./webdriver.js");
const payloads = require("./payloads.js");

const profdata = process.argv[2], shots = process.argv[3];
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "profdata-flamegraph-"));

if (!profdata || !fs.existsSync(profdata))
	skip("no profdata to test");

const { compare, dump, draw, write, program } = require("./inputs.js")(dir, profdata);

/* ---- what the page shows ---- */

const boxes = "return Array.from(document.querySelectorAll('.box'),function(e){return {label:e.getAttribute('aria-label'),level:+e.getAttribute('aria-level'),width:+e.getAttribute('width'),y:+e.getAttribute('y'),fill:e.getAttribute('fill'),cur:e.getAttribute('class')==='box cur'}})";
const text = (selector) => "var e=document.querySelector('" + selector + "');return e?e.textContent:null";

async function box(b, name, level) {
	const list = (await b.run(boxes)).filter((x) => x.label.startsWith(name + ",") && (!level || x.level === level));

	assert.ok(list.length >= 1, "no box " + name + " in view");
	return list[0];
}

/* A click as a person does it: on the middle of the box. */
async function click(b, name, level) {
	const id = await b.run("var l,name=arguments[0],level=arguments[1];l=Array.from(document.querySelectorAll('.box')).filter(function(e){return e.getAttribute('aria-label').indexOf(name+',')===0&&(!level||+e.getAttribute('aria-level')===level)});return l.length?l[0].id:''", name, level || 0);

	assert.ok(id, "no box " + name + " in view");
	await b.click("#" + id);
}

const query = (b) => b.run("var i=document.querySelector('.bar input');return i.value");
const info = (b) => b.run(text(".bar .info"));
const details = (b) => b.run(text(".details"));
const hash = (b) => b.run("return location.hash");

async function type(b, words) {
	await b.run("var i=document.querySelector('.bar input');i.value='';i.focus()");
	await b.keys(...words);
	await until("search of " + words, async () => await b.run("return document.querySelector('.bar input').value") === words);
	await new Promise((ok) => setTimeout(ok, 350)); /* the search follows the typing */
}

async function press(b, label) { await b.click(".bar button[aria-label=\"" + label + "\"]"); }

async function clean(b, file) {
	assert.deepStrictEqual(await b.misdeeds(["file://" + file, "about:", "data:,"]), []);
}

/* ---- tests ---- */

const tests = {
	async "draws what the profile says"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		const list = await b.run(boxes), full = (await box(b, "all")).width;

		assert.strictEqual(list.length, 13);
		assert.ok(Math.abs((await box(b, "run")).width - full * 345 / 500) < 1);
		assert.strictEqual((await box(b, "read", 4)).label, "read, 20%");
		assert.match(await details(b), /^500 samples$/);
		await clean(b, svg);
	},

	async "zoom, way out, history"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		const full = (await box(b, "all")).width;

		await click(b, "run");
		assert.ok(Math.abs((await box(b, "run")).width - full) < 1);
		assert.strictEqual((await b.run(boxes)).some((x) => x.label.startsWith("parse")), false);
		assert.strictEqual(await hash(b), "#zoom=main;run");
		assert.match(await details(b), /run \(345 samples, 69% of all, 100% of view\)/);
		await click(b, "step");
		assert.strictEqual(await hash(b), "#zoom=main;run;loop;step");
		await b.back();
		await until("back to the first zoom", async () => await hash(b) === "#zoom=main;run");
		await until("drawn again", async () => Math.abs((await box(b, "run")).width - full) < 1);
		await click(b, "main"); /* a grey box leads back out */
		assert.ok((await box(b, "run")).width < full);
		await b.keys("Escape");
		assert.strictEqual(await hash(b), "");
		await press(b, "Root on top");
		assert.ok((await box(b, "all")).y < (await box(b, "main")).y);
		await clean(b, svg);
	},

	async "search: shares under zoom and recursion"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		await type(b, "loop");
		assert.match(await info(b), /^Matched: 50%, self 0%, 2 boxes$/); /* 250 of 500: the inner loop counts once */
		await type(b, "READ");
		assert.match(await info(b), /^Matched: 60%, self 60%, 2 boxes$/);
		await click(b, "run");
		assert.match(await info(b), /^Matched: 57\.97% of view, self 57\.97%, 1 box$/); /* 200 of 345 */
		await press(b, "Match case");
		assert.match(await info(b), /^Matched: 0%/);
		await type(b, "samples"); /* names only, never the values */
		assert.match(await info(b), /^Matched: 0%/);
		await b.keys("Escape", "Escape", "Escape");
		await clean(b, svg);
	},

	async "search: patterns"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		await press(b, "Regular expression");
		await type(b, "^(read|lex)$");
		assert.match(await info(b), /^Matched: 70%/);
		await type(b, "(");
		assert.match(await info(b), /bad pattern/);
		assert.strictEqual(await b.run("return document.querySelector('.bar input').getAttribute('aria-invalid')"), "true");
		assert.strictEqual((await b.run(boxes)).length, 13);
		await type(b, "a".repeat(201));
		assert.match(await info(b), /longer than 200/);
		await clean(b, svg);
	},

	async "next and previous find boxes too narrow to be drawn"(b) {
		const rows = [[["main", "big", "x"], 1000000]];

		for (let i = 0; i < 300; i++)
			rows.push([["main", "table", "entry_" + i, "needle_" + i % 3], 1]);
		const svg = draw(dump("needle.dump", rows), "needle.svg");

		await b.open(svg);
		assert.ok(!(await b.run(boxes)).some((x) => x.label.startsWith("needle")));
		assert.match(await details(b), /narrow boxes not drawn/);
		await type(b, "needle_2");
		assert.match(await info(b), /100 boxes/);
		await type(b, "needle_1");
		await b.run("document.querySelector('.frames').focus()");
		await b.keys("n");
		assert.match(await details(b), /^match 1 of 100: needle_1/);
		assert.ok((await box(b, "needle_1")).width > 3);
		await b.keys("n", "n");
		assert.match(await details(b), /^match 3 of 100/);
		await b.keys("N");
		assert.match(await details(b), /^match 2 of 100/);
		await b.keys("Escape");
		assert.ok(!(await b.run(boxes)).some((x) => x.label.startsWith("needle")));
		await clean(b, svg);
	},

	async "comparisons: the link keeps what boxes are as wide as"(b) {
		const svg = compare(write("a.folded", "main;old 500\nmain;run 1000\n"), write("b.folded", "main;new 500\nmain;run 1500\n"), "diff.svg");
		const names = async () => (await b.run(boxes)).filter((x) => x.level === 3).map((x) => x.label.replace(/,.*/, ""));

		await b.open(svg);
		assert.deepStrictEqual(await names(), ["new", "old", "run"]);
		await press(b, "Width of boxes: wider side, after, before, change");
		assert.strictEqual(await hash(b), "#mode=after");
		assert.deepStrictEqual(await names(), ["new", "run"]);
		await b.open(svg, "mode=before");
		assert.deepStrictEqual(await names(), ["old", "run"]);
		await b.open(svg, "mode=nosuch");
		assert.deepStrictEqual(await names(), ["new", "old", "run"]);
		await clean(b, svg);
	},

	async "narrow: all tools in sight, the heading beside the legend or nowhere, matches below"(b) {
		const svg = compare(write("a.folded", "main;old 500\nmain;run 1000\n"), write("b.folded", "main;new 500\nmain;run 1500\n"), "narrow.svg"), page = path.join(dir, "narrow.html");

		fs.writeFileSync(page, "<!DOCTYPE html><meta charset=utf-8><body style='margin:0'><div style='width:390px'>" + fs.readFileSync(svg, "utf8").replace(/^<\?xml.*\n/, "") + "</div>");
		await b.open(page);
		assert.deepStrictEqual(await b.run("return Array.from(document.querySelectorAll('.bar button'),function(e){var r=e.getBoundingClientRect();return [e.textContent,r.left>=0&&r.right<=390,r.left,r.right]}).filter(function(x){return !x[1]})"), []);
		assert.strictEqual(await b.run("return document.querySelector('.head text').getAttribute('visibility')"), "hidden");
		await type(b, "run");
		assert.match(await details(b), /^Matched: 66\.67% → 75%/);
		await clean(b, page);
	},

	async "every control is reached with Tab and has a name; the tree shows where the keyboard is"(b) {
		const svg = path.join(dir, "program.svg"), seen = [];

		await b.open(svg);
		for (let i = 0; i < 12; i++) {
			await b.keys("Tab");
			const at = await b.run("var e=document.activeElement;return e&&e.getAttribute&&e!==document.documentElement?(e.getAttribute('role')||e.localName)+' '+e.getAttribute('aria-label'):''");
			if (!at || seen.includes(at))
				break;
			seen.push(at);
			if (at.startsWith("tree"))
				assert.ok((await box(b, "all")).cur);
		}
		assert.deepStrictEqual(seen.sort(), ["button Keys", "button Match case", "button Regular expression", "button Root on top", "input Search names", "tree Flame Graph"]);
		await clean(b, svg);
	},

	async "a link to a box in a tall picture shows the box"(b) {
		const deep = Array.from({ length: 200 }, (x, i) => "f" + i), svg = draw(dump("tall.dump", [[deep, 5], [["other"], 1]]), "tall.svg");

		await b.open(svg, "zoom=f0");
		assert.ok(await b.run("var r=Array.from(document.querySelectorAll('.box')).find(function(e){return e.getAttribute('aria-label').indexOf('f0,')===0}).getBoundingClientRect();return r.top>0&&r.bottom<innerHeight"));
		await clean(b, svg);
	},

	async "a link brings zoom and search back"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg, "zoom=main;run;std%3A%3Avector%3Cint%3E%3A%3Apush_back(int%26%26)&search=push&case=1");
		assert.match(await details(b), /view: std::vector<int>::push_back\(int&&\)/);
		assert.match(await info(b), /^Matched: 100% of view/);
		await b.open(svg, "zoom=main;run;nosuch;deeper"); /* as far as it fits */
		assert.match(await details(b), /view: run/);
		await b.open(svg, "search=(r%2B)%2B%24&regex=1"); /* a pattern of somebody else waits for Enter */
		assert.match(await info(b), /press Enter/);
		await b.open(svg, "%&&=&zoom&search=%E0%A4%A");
		assert.strictEqual((await b.run(boxes)).length, 13);
		await clean(b, svg);
	},

	async "keyboard alone"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		await b.keys("ArrowUp");
		assert.ok((await box(b, "all")).cur);
		await b.keys("ArrowUp", "ArrowUp");
		assert.ok((await box(b, "run")).cur); /* the widest child */
		await b.keys("ArrowLeft");
		assert.ok((await box(b, "parse")).cur);
		await b.keys("ArrowRight", "ArrowUp", "Enter");
		assert.strictEqual(await hash(b), "#zoom=main;run;loop");
		await b.keys("Backspace");
		assert.strictEqual(await hash(b), "#zoom=main;run");
		await b.keys("Home");
		assert.strictEqual(await hash(b), "");
		await b.keys("?");
		assert.match(await b.run(text(".help")), /next and previous match/);
		await b.keys("Escape");
		assert.strictEqual(await b.run(text(".help")), null);
		await b.keys("/");
		assert.strictEqual(await b.run("return document.activeElement.localName"), "input");
		await b.keys("l", "e", "x", "Enter", "Escape", "Escape");
		assert.strictEqual(await b.run("return document.querySelector('.frames').getAttribute('role')"), "tree");
		await clean(b, svg);
	},

	async "fluid width, readable labels"(b) {
		const svg = path.join(dir, "program.svg");

		await b.open(svg);
		await b.size(700, 600);
		await until("narrow", async () => (await box(b, "all")).width < 720);
		await b.size(1500, 900);
		await until("wide", async () => (await box(b, "all")).width > 1300);
		/* no label sticks out of its box */
		assert.deepStrictEqual(await b.run("var r=Array.from(document.querySelectorAll('.box'));return Array.from(document.querySelectorAll('.frames text')).filter(function(t){var a=t.getBBox();return !r.some(function(e){var x=+e.getAttribute('x');return Math.abs(x+3-a.x)<1.5&&a.x+a.width<=x+ +e.getAttribute('width')+2})}).map(function(t){return t.textContent})"), []);
		await b.size(1300, 900);
		await clean(b, svg);
	},

	async "flame chart keeps the order of time"(b) {
		const rows = [[["m", "b"], 1], [["m", "a"], 1], [["m", "b"], 2]];
		const svg = draw(dump("chart.dump", rows, "count", true), "chart.svg", "--flamechart");

		await b.open(svg);
		assert.deepStrictEqual((await b.run(boxes)).filter((x) => x.level === 3).map((x) => x.label), ["b, 25%", "a, 25%", "b, 50%"]);
		await b.run("document.querySelectorAll('.box')[4].dispatchEvent(new MouseEvent('click',{bubbles:true}))");
		assert.strictEqual(await hash(b), "#zoom=m;b@1");
		await clean(b, svg);
	},

	/* Threads as they come first, samples without a thread before them, without a time at their beginning: with the script and without. */
	async "flame charts are the same with and without script"(b) {
		const rows = ["1\t@3000\ttid:=7\ta;late", "2\t@1000\ttid:=7\ta;early", "4\t@2000\ttid:=2\ta;other", "8\ttid:=7\ta;notime", "32\t@-5\ttid:=7\ta;before", "64\t@4000\ta;nothread"];
		const file = draw(write("chart.dump", "profdata dump 1\nseries\nvalue\tcpu\tcount\n" + rows.join("\n") + "\n"), "chart.svg", "--flamechart", "--width", "1200");
		const still = Array.from(fs.readFileSync(file, "utf8").matchAll(/<rect x="([\d.]+)"[^>]*><title>(\w+) \(/g), (m) => [m[2], Math.round(m[1])]);
		const leaves = (list) => list.filter((x) => x[0] !== "all" && x[0] !== "a").sort((x, y) => x[1] - y[1]);

		await b.open(file);
		const drawn = await b.run("return Array.from(document.querySelectorAll('.box'),function(e){return [e.getAttribute('aria-label').split(',')[0],Math.round(e.getAttribute('x'))]})");

		assert.deepStrictEqual(leaves(drawn), leaves(still));
		assert.deepStrictEqual(leaves(drawn).map((x) => x[0]), ["nothread", "notime", "before", "early", "late", "other"]);
		await clean(b, file);
	},

	async "fixed width"(b) {
		const svg = draw(path.join(dir, "program.dump"), "fixed.svg", "--width", "640");

		await b.open(svg);
		assert.ok(Math.abs((await box(b, "all")).width - 619.5) < 0.01);
		await b.size(900, 700);
		assert.ok(Math.abs((await box(b, "all")).width - 619.5) < 0.01);
		await b.size(1300, 900);
		await clean(b, svg);
	},

	async "right as an image, without script"(b) {
		const svg = path.join(dir, "program.svg"), page = path.join(dir, "image.html");

		fs.writeFileSync(page, "<!DOCTYPE html><img src='program.svg'>");
		await b.open(page);
		await until("loaded", () => b.run("var i=document.querySelector('img');return i.complete"));
		assert.deepStrictEqual(await b.run("var i=document.querySelector('img');return [i.naturalWidth>0,i.naturalWidth]"), [true, 1200]);
		assert.strictEqual((fs.readFileSync(svg, "utf8").match(/<rect x=/g) || []).length, 13);
		assert.deepStrictEqual(await b.misdeeds(["file://" + page, "file://" + svg, "about:", "data:,"]), []);
	},

	async "inlined into a page it leaves the page alone"(b) {
		const svg = fs.readFileSync(path.join(dir, "program.svg"), "utf8").replace(/^<\?xml.*\n/, ""), page = path.join(dir, "inline.html");

		fs.writeFileSync(page, "<!DOCTYPE html><meta charset=utf-8><p class=t>page</p><div style='width:800px'>" + svg + "</div>");
		await b.open(page);
		assert.ok((await box(b, "all")).width < 800);
		await click(b, "run");
		assert.strictEqual(await hash(b), "");
		assert.deepStrictEqual(await b.misdeeds(["file://" + page, "about:", "data:,"]), []);
	},

	async "a strict content security policy needs one hash, the same for every file"(b) {
		const hashes = ["program.svg", "needle.svg"].filter((f) => fs.existsSync(path.join(dir, f))).map((f) => /<script><!\[CDATA\[([^]*)\]\]><\/script>/.exec(fs.readFileSync(path.join(dir, f), "utf8"))[1])
			.map((js) => "'sha256-" + crypto.createHash("sha256").update(js).digest("base64") + "'");
		const svg = fs.readFileSync(path.join(dir, "program.svg"), "utf8").replace(/^<\?xml.*\n/, ""), page = path.join(dir, "csp.html");

		assert.strictEqual(new Set(hashes).size, 1);
		for (const scripts of [hashes[0], "'none'"]) {
			fs.writeFileSync(page, "<!DOCTYPE html><meta charset=utf-8><meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'; script-src " + scripts + "\">" + svg);
			await b.open(page);
			if (scripts === "'none'") { /* still the picture */
				assert.strictEqual(await b.run("return document.querySelectorAll('.frames rect').length"), 13);
				assert.match((await b.misdeeds(["file://" + page, "about:", "data:,"])).join("\n"), /^console: [^\n]*Content Security Policy[^\n]*$/);
			} else {
				await click(b, "run");
				assert.match(await details(b), /^Function: run /);
				assert.deepStrictEqual(await b.misdeeds(["file://" + page, "about:", "data:,"]), []);
			}
		}
	},

	async "hostile names run nothing and break nothing"(b) {
		const svg = draw(dump("hostile.dump", payloads.map((p, i) => [["main", Buffer.concat([p, Buffer.from("#" + i)]), p], 1 + i % 5])), "hostile.svg", "--minwidth", "0");

		await b.open(svg);
		assert.strictEqual(await b.run("return document.documentElement.localName"), "svg");
		assert.ok((await b.run(boxes)).length > payloads.length * 2);
		/* over every box, into some, and every way a name travels: tooltip, details, fragment */
		await b.run("Array.from(document.querySelectorAll('.box')).forEach(function(e){e.dispatchEvent(new MouseEvent('mouseover',{bubbles:true}))})");
		for (let i = 0; i < payloads.length; i += process.env.ALL ? 1 : 8) {
			await b.run("var k=arguments[0],e=Array.from(document.querySelectorAll('.box')).filter(function(x){return x.getAttribute('aria-level')==='3'})[k];e.dispatchEvent(new MouseEvent('click',{bubbles:true}))", i);
			const link = await b.run("return location.hash");

			await b.open(svg, link.slice(1));
			assert.match(await details(b), /view: /, "a link to payload " + i + " leads back: " + link);
			await b.keys("Escape");
		}
		await b.run("var i=document.querySelector('.bar input');i.value='<script>';i.dispatchEvent(new Event('input'))");
		assert.strictEqual(await b.run("return window.pwned===undefined"), true);
		await clean(b, svg);
	},

	async "hostile options run nothing and break nothing"(b) {
		const input = path.join(dir, "program.dump"), xmllint = find("xmllint");
		const usable = payloads.filter((p) => !p.includes(0) && p.length < 5000 && p.length > 0); /* what an argument can hold */

		for (let i = 0; i < usable.length; i++) {
			/* Node passes arguments as UTF-8: bytes that are none come in through the shell */
			const out = path.join(dir, "option.svg"), arg = path.join(dir, "arg");

			fs.writeFileSync(arg, Buffer.concat([usable[i], Buffer.from("|")]));
			execFileSync("bash", ["-c", "a=$(cat \"$1\"; printf x); a=${a%|x}; LC_ALL=C; \"$2\" flamegraph --title=\"$a\" --subtitle=\"$a\" --countname=\"$a\" --nametype=\"$a\" --notes=\"$a\" --fonttype=\"$a\" \"$3\" -o \"$4\"", "-", arg, profdata, input, out]);
			if (xmllint)
				execFileSync(xmllint, ["--noout", "--nonet", out], { stdio: ["ignore", "ignore", "pipe"] });
			if (i % (process.env.ALL ? 1 : 8))
				continue;
			await b.open(out);
			assert.strictEqual(await b.run("return document.documentElement.localName"), "svg");
			assert.strictEqual((await b.run(boxes)).length, 13, "payload " + i);
			assert.strictEqual(await b.run("return document.querySelectorAll('script').length"), 1);
			assert.strictEqual(await b.run("return window.pwned===undefined"), true);
			await clean(b, out);
		}
		if (xmllint)
			execFileSync(xmllint, ["--noout", "--nonet", path.join(dir, "hostile.svg")]);
		else
			console.log("  (xmllint is not installed: well-formedness was judged by the browser alone)");
	},

	async "fifty thousand nodes stay quick"(b) {
		const rows = [];

		for (let i = 0; i < 17000; i++)
			rows.push([["main", "group_" + i % 40, "sub_" + i % 1000, "f_" + i], 1 + i % 9]);
		const svg = draw(dump("many.dump", rows), "many.svg", "--minwidth", "0"), size = fs.statSync(svg).size;
		const count = (fs.readFileSync(svg, "utf8").match(/<rect x=/g) || []).length;

		await b.open(svg);
		const ms = await b.run("var e=Array.from(document.querySelectorAll('.box')).filter(function(x){return x.getAttribute('aria-level')==='3'})[7],t=performance.now();e.dispatchEvent(new MouseEvent('click',{bubbles:true}));t=performance.now()-t;return [t,document.querySelectorAll('.box').length]");

		console.log("  " + count + " boxes, " + (size / count).toFixed(1) + " bytes each; zoom to " + ms[1] + " boxes: " + ms[0].toFixed(1) + " ms of script");
		assert.ok(size / count < 120 + 40000 / count);
		assert.ok(ms[0] < 2000);
		await clean(b, svg);
	}
};

draw(dump("program.dump", program), "program.svg");
runTests(tests, shots, () => fs.rmSync(dir, { recursive: true, force: true })).catch((e) => {
	console.error(e);
	process.exit(1);
});
