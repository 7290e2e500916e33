/*
 * Flame graphs as pages of HTML in a real browser.
 *
 *     node page.js PROFDATA [SCREENSHOTS]
 *
 * Status 0: all passed, 1: something failed, 77: no browser here. SCREENSHOTS is
 * a folder for pictures of what was tested; ONLY=words runs the tests with these words.
 */
"use strict";

const assert = require("assert");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { runTests, until, skip } = require("./webdriver.js");
const payloads = require("./payloads.js");

const profdata = process.argv[2], shots = process.argv[3];
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "profdata-page-"));

if (!profdata || !fs.existsSync(profdata))
	skip("no profdata to test");

const { compare, dump, draw, write, program } = require("./inputs.js")(dir, profdata);

/* ---- what the page shows ---- */

const boxes = (b) => b.run("var d={};document.dispatchEvent(new CustomEvent('pd-boxes',{detail:d}));return d.boxes");
const text = (selector) => "var e=document.querySelector('" + selector + "');return e?e.textContent:null";
const info = (b) => b.run(text(".info"));
const details = (b) => b.run(text("footer"));
const item = (b) => b.run(text("[role=treeitem]"));
const hash = (b) => b.run("return location.hash");
const press = (b, label) => b.click("button[aria-label^=\"" + label + "\"]");
const clean = async (b) => assert.deepStrictEqual(await b.misdeeds(["file://" + dir, "about:", "data:,"]), []);

async function find(b, name, depth) {
	return (await boxes(b)).filter((x) => x.name === name && (depth === undefined || x.depth === depth)).sort((x, y) => x.depth - y.depth);
}

async function box(b, name, depth) {
	const list = await find(b, name, depth);

	assert.ok(list.length >= 1, "no box " + name + " in view");
	return list[0];
}

async function click(b, name, depth) {
	const x = await box(b, name, depth);

	await b.drag([[x.x + Math.min(x.width / 2, 20), x.y + x.height / 2]]);
}

async function type(b, selector, words) {
	await b.run("var i=document.querySelector(arguments[0]);i.value='';i.focus()", selector);
	await b.keys(...words);
	await new Promise((ok) => setTimeout(ok, 500)); /* the page follows the typing */
}

const search = (b, words) => type(b, ".find input", words);

async function choose(b, label, value) {
	await b.run("var l=arguments[0],v=arguments[1],e=Array.from(document.querySelectorAll('.options label')).find(function(x){return x.firstChild.textContent===l}).querySelector('select');" +
		"e.value=v;if(e.value!==v)throw new Error('no choice '+v);e.dispatchEvent(new Event('change'))", label, value);
}

const filter = (b, label, words) => b.run("var l=arguments[0];Array.from(document.querySelectorAll('.options label')).find(function(x){return x.firstChild.textContent===l}).querySelector('input').id='f-'+l", label).then(() => type(b, "#f-" + label, words));

/* ---- inputs ---- */

const page = draw(dump("program.dump", program), "program.html");
const labelled = "profdata dump 1\nseries\nvalue\tobjects\tcount\nvalue\tspace\tbytes\n" +
	"1 3000\t@1000\tpid:=7\ttid:=7\tthread=main\troute=/a\tmain;parse\n" +
	"2 1000\t@2000\tpid:=7\ttid:=8\tthread=worker\troute=/b\tmain;work;parse\n" +
	"5 0\t@3000\tpid:=7\ttid:=7\tthread=main\troute=/b\tmain;parse\n" +
	"4 4000\t@4000\tpid:=7\ttid:=7\tthread=main\troute=/a\tmain;work\n";
const many = draw(write("labels.dump", labelled), "labels.html");

/* ---- tests ---- */

const tests = {
	async "draws what the profile says"(b) {
		await b.open(page);
		const list = await boxes(b), full = (await box(b, "all")).width;

		assert.strictEqual(list.length, 13);
		assert.ok(Math.abs((await box(b, "run")).width - full * 345 / 500) < 1);
		assert.strictEqual((await box(b, "read", 3)).total, 100);
		assert.strictEqual((await box(b, "read", 5)).total, 200);
		assert.match(await details(b), /^500 samples$/);
		assert.ok((await box(b, "all")).y > (await box(b, "main")).y);
		assert.ok(Math.abs(full - await b.run("return innerWidth")) < 40);
		await clean(b);
	},

	async "zoom, way out, history"(b) {
		await b.open(page);
		const full = (await box(b, "all")).width;

		await click(b, "run");
		assert.ok(Math.abs((await box(b, "run")).width - full) < 1);
		assert.strictEqual((await find(b, "parse")).length, 0);
		assert.strictEqual(await hash(b), "#zoom=main;run");
		assert.match(await details(b), /^run: 345 samples, 69%; self 0 samples, 0%; depth 2$/);
		await click(b, "step");
		assert.strictEqual(await hash(b), "#zoom=main;run;loop;step");
		await b.back();
		await until("back to the first zoom", async () => await hash(b) === "#zoom=main;run" && Math.abs((await box(b, "run")).width - full) < 1);
		await click(b, "main"); /* a grey box leads back out */
		assert.ok((await box(b, "run")).width < full);
		await b.keys("Escape");
		assert.strictEqual(await hash(b), "");
		await press(b, "Root on top");
		assert.ok((await box(b, "all")).y < (await box(b, "main")).y);
		assert.strictEqual(await hash(b), "#flip=1");
		await clean(b);
	},

	async "search: shares under zoom and recursion, patterns"(b) {
		await b.open(page);
		await search(b, "loop");
		assert.match(await info(b), /^Matched: 50%, self 0%, 2 boxes$/);
		await search(b, "READ");
		assert.match(await info(b), /^Matched: 60%, self 60%, 2 boxes$/);
		await click(b, "run");
		assert.match(await info(b), /^Matched: 57\.97% of view, self 57\.97%, 1 box$/);
		await press(b, "Match case");
		assert.match(await info(b), /^Matched: 0%/);
		await press(b, "Match case");
		await b.keys("Escape", "Escape");
		await press(b, "Regular expression");
		await search(b, "^(read|lex)$");
		assert.match(await info(b), /^Matched: 70%/);
		await search(b, "(");
		assert.match(await info(b), /bad pattern/);
		assert.strictEqual(await b.run("return document.querySelector('.find input').getAttribute('aria-invalid')"), "true");
		await search(b, "(r+)+(e|ea)*d$"); /* nested repetitions are matched in steps */
		assert.match(await info(b), /^Matched: 60%/);
		await search(b, "(.+)+\\1");
		assert.match(await info(b), /references back .* not supported/);
		await search(b, "a".repeat(201));
		assert.match(await info(b), /longer than 200/);
		await clean(b);
	},

	async "patterns that go back and forth do not hang the page"(b) {
		const file = draw(dump("evil.dump", [[["main", "a".repeat(3900) + "!", "x".repeat(2000)], 1]]), "evil.html");

		await b.open(file);
		await press(b, "Regular expression");
		for (const evil of ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){12}$", "a*a*a*a*b", "(x+x+)+y", "^(([a-z])+.)+[A-Z]$"]) {
			const t = Date.now();

			await search(b, evil);
			assert.match(await info(b), /^Matched: (0|100)%/, evil);
			assert.ok(Date.now() - t < 20000, evil); /* a busy machine; the engine of the browser would take years */
		}
		await filter(b, "Hide", "(x+x+)+x");
		assert.strictEqual((await boxes(b)).length, 3);
		await clean(b);
	},

	async "next and previous find boxes too narrow to be drawn"(b) {
		const rows = [[["main", "big", "x"], 1000000]];

		for (let i = 0; i < 300; i++)
			rows.push([["main", "table", "entry_" + i, "needle_" + i % 3], 1]);
		const file = draw(dump("needle.dump", rows), "needle.html");

		await b.open(file);
		await search(b, "needle_1");
		assert.match(await info(b), /100 boxes/);
		await b.run("document.querySelector('.tree').focus()");
		await b.keys("n");
		assert.match(await details(b), /^Match 1 of 100: needle_1/);
		assert.ok((await boxes(b)).find((x) => x.current && x.name === "needle_1").width > 3);
		await b.keys("n", "n");
		assert.match(await details(b), /^Match 3 of 100/);
		await b.keys("N");
		assert.match(await details(b), /^Match 2 of 100/);
		await b.keys("Escape");
		assert.strictEqual((await find(b, "needle_1")).length, 0);
		await clean(b);
	},

	async "from the leaves"(b) {
		await b.open(page);
		await b.keys("l");
		const read = await box(b, "read", 1);

		assert.strictEqual(read.total, 300);
		assert.deepStrictEqual((await boxes(b)).filter((x) => x.depth === 2 && x.x >= read.x && x.x < read.x + read.width).map((x) => [x.name, x.total]), [["parse", 100], ["step", 200]]);
		await search(b, "run"); /* shares are of samples, whichever end they are merged from */
		assert.match(await info(b), /^Matched: 69%/);
		await b.keys("Escape", "Escape");
		await click(b, "read", 1);
		assert.strictEqual(await hash(b), "#leaf=1&zoom=read");
		await search(b, "loop");
		assert.match(await info(b), /^Matched: 66\.67% of view/);
		await clean(b);
	},

	async "sandwich: callers above, callees below, recursion once"(b) {
		await b.open(page);
		await click(b, "loop", 3);
		await b.keys("s");
		assert.match(await hash(b), /view=sandwich&fn=loop/);
		assert.match(await details(b), /^loop: 250 samples, 50%; self 0 samples$/);
		const list = await boxes(b), center = list.find((x) => x.name === "loop" && x.depth === 0);

		assert.deepStrictEqual(list.filter((x) => x.pane === 0 && x.depth > 0).map((x) => [x.name, x.total]), [["main", 250], ["run", 250]]);
		assert.deepStrictEqual(list.filter((x) => x.pane === 1).map((x) => [x.name, x.total]), [["step", 250], ["loop", 50], ["read", 200], ["step", 50]]);
		assert.ok(list.filter((x) => x.pane === 0 && x.depth).every((x) => x.y < center.y) && list.filter((x) => x.pane === 1).every((x) => x.y > center.y));
		await click(b, "run");
		assert.match(await details(b), /^run: 345 samples/);
		await b.back();
		await until("back to loop", async () => /^loop: /.test(await details(b)));
		await b.run("document.querySelector('.tree').focus()");
		await b.keys("ArrowUp", "ArrowUp", "ArrowUp", "Enter");
		assert.match(await details(b), /^main: 500/);
		await clean(b);
	},

	async "table: sorted, filtered, by keyboard"(b) {
		const column = "return Array.from(document.querySelectorAll('tbody tr'),function(r){return r.querySelector('th').textContent})";

		await b.open(page);
		await b.keys("t");
		assert.deepStrictEqual((await b.run(column)).slice(0, 3), ["main", "run", "read"]);
		assert.strictEqual(await b.run("return document.querySelector('th.total').getAttribute('aria-sort')"), "descending");
		await b.click("th.self button");
		assert.deepStrictEqual((await b.run(column)).slice(0, 2), ["read", "std::vector<int>::push_back(int&&)"]);
		assert.deepStrictEqual(await b.run("return Array.from(document.querySelector('tbody tr').querySelectorAll('td.num'),function(t){return t.textContent})"), ["300 samples60%", "300 samples60%"]);
		await b.click("th.name button");
		assert.strictEqual((await b.run(column))[0], "exit");
		await search(b, "l");
		assert.deepStrictEqual(await b.run(column), ["lex", "loop"]);
		await b.run("document.querySelector('tbody tr').focus()");
		await b.keys("ArrowDown", "Enter");
		assert.match(await hash(b), /view=sandwich.*fn=loop/);
		assert.match(await details(b), /^loop: 250/);
		await clean(b);
	},

	async "sample types, groups of labels and threads"(b) {
		await b.open(many);
		assert.strictEqual((await box(b, "all")).total, 8000);
		await choose(b, "Values", "0");
		assert.strictEqual((await box(b, "all")).total, 12);
		assert.strictEqual((await box(b, "parse", 2)).total, 6);
		assert.match(await details(b), /^12 objects$/);
		await choose(b, "Group by", "route");
		await choose(b, "Group", "=/b");
		assert.strictEqual((await box(b, "all")).total, 7);
		assert.strictEqual(await hash(b), "#key=route&group=%2Fb&type=objects");
		await choose(b, "Group by", "thread of the sample");
		await choose(b, "Group", "=worker 7/8");
		assert.deepStrictEqual((await boxes(b)).map((x) => x.name).sort(), ["all", "main", "parse", "work"]);
		await b.back();
		await until("the group before", async () => await b.run("return document.querySelector('.options').textContent.length") > 0 && (await box(b, "all")).total === 12);
		await b.open(many, "key=route&group=%2Fa&type=space");
		assert.strictEqual((await box(b, "all")).total, 7000);
		await clean(b);
	},

	async "time order"(b) {
		await b.open(many);
		await b.keys("c");
		assert.match(await hash(b), /view=chart/);
		const list = await boxes(b), row = (d) => list.filter((x) => x.depth === d).map((x) => [x.name, x.total]);

		assert.deepStrictEqual(row(1), [["main 7", 7000], ["worker 7/8", 1000]]);
		assert.deepStrictEqual(row(3), [["parse", 3000], ["work", 4000], ["work", 1000]]);
		assert.ok((await box(b, "all")).y < (await box(b, "main", 2)).y);
		await b.open(page); /* no times, no chart */
		assert.strictEqual(await b.run("return document.querySelector(\"button[aria-label^='Time order']\").hidden"), true);
		await b.keys("c");
		assert.strictEqual(await hash(b), "");
		await clean(b);
	},

	async "comparisons: widths, classes, words"(b) {
		const file = compare(write("a.folded", "main;parse;read 1000\nmain;run;loop 2000\nmain;old;x 500\n"), write("b.folded", "main;parse;read 1030\nmain;run;loop 2900\nmain;new;y 400\n"), "diff.html");

		await b.open(file);
		assert.deepStrictEqual((await boxes(b)).filter((x) => x.depth === 2).map((x) => x.name), ["new", "old", "parse", "run"]);
		await click(b, "loop");
		assert.match(await details(b), /2,000 samples 57\.14% . 2,900 samples 66\.97%, .*: grown$/);
		await b.keys("Escape");
		await choose(b, "Width", "after"); /* what is gone has no width */
		assert.deepStrictEqual((await boxes(b)).filter((x) => x.depth === 2).map((x) => x.name), ["new", "parse", "run"]);
		await choose(b, "Width", "before");
		assert.deepStrictEqual((await boxes(b)).filter((x) => x.depth === 2).map((x) => x.name), ["old", "parse", "run"]);
		assert.match(await hash(b), /mode=before/);
		await choose(b, "Width", "delta");
		assert.ok((await box(b, "old")).width > (await box(b, "parse")).width);
		await filter(b, "Hide", "old");
		await click(b, "x");
		assert.match(await details(b), /: gone$/);
		await clean(b);
	},

	async "comparisons in every view and mode"(b) {
		const file = compare(write("a.folded", "main;parse;read 1000\nmain;run;loop 2000\nmain;run;read 300\nmain;old;x 500\n"),
			write("b.folded", "main;parse;read 1030\nmain;run;loop 2900\nmain;run;read 800\nmain;new;y 400\n"), "views.html");
		const level = async (d, pane) => (await boxes(b)).filter((x) => x.depth === d && (pane === undefined || x.pane === pane)).map((x) => x.name);
		const row = "var n=arguments[0];return Array.from(Array.from(document.querySelectorAll('tbody tr')).find(function(r){return r.querySelector('th').textContent===n}).querySelectorAll('td.num'),function(t){return Array.from(t.children,function(c){return c.textContent}).join('|')})";
		const full = (await b.open(file), (await box(b, "all")).width), wide = { union: ["loop", "read", "x", "y"], after: ["loop", "read", "y"], before: ["loop", "read", "x"], delta: ["loop", "read", "x", "y"] };

		for (const mode of Object.keys(wide)) { /* what is gone is there wherever its side has a width */
			await b.open(file, "leaf=1&mode=" + mode);
			assert.deepStrictEqual(await level(1), wide[mode], mode);
			const list = (await boxes(b)).filter((x) => x.depth === 1);
			assert.ok(Math.abs(list.reduce((sum, x) => sum + x.width, 0) - full) < 2, mode + ": the leaves fill the width");
			assert.ok((await boxes(b)).filter((x) => x.depth === 2 && x.name === "parse").length === 1);
		}
		/* own values of a function are what was tested of it */
		await b.open(file, "leaf=1&zoom=read");
		assert.match(await details(b), /^View: read: 1,300 samples 34\.21% . 1,830 samples 35\.67%, \+[\d.]+% \(-?[\d.+]+% \.\. \+[\d.]+%\), p [\d.]+: (not significant|unchanged)$/);
		await b.open(file, "leaf=1&zoom=read;run"); /* what is put together anew is judged by the same rules */
		assert.match(await details(b), /^View: run: 300 samples 7\.89% . 800 samples 15\.59%, \+97\.5% \(\+[\d.]+% \.\. \+[\d.]+%\): grown$/);
		await b.open(file, "leaf=1&search=read");
		assert.match(await info(b), /^Matched: 34\.21% . 35\.67%, self 34\.21% . 35\.67%/);
		await b.open(file, "view=sandwich&fn=read");
		assert.match(await details(b), /^read: 1,300 samples 34\.21% . 1,830 samples 35\.67%/);
		assert.deepStrictEqual(await level(1, 0), ["parse", "run"]);
		await b.open(file, "view=sandwich&fn=run");
		assert.deepStrictEqual(await level(1, 1), ["loop", "read"]);
		await b.open(file, "view=sandwich&fn=old&mode=before"); /* gone, and there in the side before */
		assert.match(await details(b), /^old: 500 samples 13\.16% . 0 samples 0%.*: gone$/);
		assert.deepStrictEqual(await level(1, 1), ["x"]);
		/* the table has both sides, whatever the widths */
		await b.open(file, "view=table");
		assert.deepStrictEqual(await b.run("return Array.from(document.querySelectorAll('thead th'),function(t){return t.textContent})"), ["Self before", "Self after", "Self change", "Total before", "Total after", "Total change", "Function", "Module"]);
		assert.strictEqual(await b.run("return document.querySelector('tbody tr th').textContent"), "x"); /* greatest change first */
		assert.deepStrictEqual((await b.run(row, "x")).slice(0, 3), ["500 samples|13.16%", "0 samples|0%", "\u2715 gone||"]);
		assert.match((await b.run(row, "loop"))[2], /^(\u25b2 grown|\u25bc shrunk|unchanged|not significant)\|\+7\.4%\|\([-+][\d.]+% \.\. \+[\d.]+%\)$/);
		assert.deepStrictEqual((await b.run(row, "main")).slice(3), ["3,800 samples|100%", "5,130 samples|100%", "unchanged|+0%|(+0% .. +0%)"]);
		await b.click("th.total_before button");
		assert.strictEqual(await b.run("return document.querySelector('tbody tr th').textContent"), "main");
		assert.match(await hash(b), /sort=total_before/);
		await clean(b);
	},

	async "colours by state, in every view"(b) {
		const rows = "4000 @1 tid:=1 state=on main;work;hash|1000 @2 tid:=1 state=runnable main;work;hash|3000 @3 tid:=2 state=off reason=futex main;lock;wait|1500 @4 tid:=2 state=off reason=disk main;io;read|500 @5 tid:=2 state=sleeping main;nap;wait";
		const input = write("wall.dump", "profdata dump 1\nseries\nvalue\twall\tnanoseconds\n" + rows.split("|").map((r) => r.replace(/ /g, "\t")).join("\n") + "\n");
		const file = draw(input, "wall.html"), svg = draw(input, "wall.svg"), fill = async (name, depth) => (await box(b, name, depth)).fill[0].replace(/ /g, "");

		await b.open(file);
		assert.strictEqual(await b.run(text(".key")), "on CPUrunnableoff CPU: futexoff CPU: diskoff CPU: sleeping");
		assert.strictEqual(await fill("lock"), "rgb(159,195,240)");
		assert.strictEqual(await fill("read"), "rgb(38,145,120)");
		assert.strictEqual(await fill("hash"), "rgb(240,157,87)"); /* four fifths of the one, a fifth of the other */
		await click(b, "hash");
		assert.match(await details(b), /; 80% on CPU, 20% runnable; depth 3$/);
		await b.open(file, "leaf=1");
		assert.strictEqual(await fill("wait", 1), "rgb(159,188,242)"); /* two places, two reasons */
		await b.open(file, "view=sandwich&fn=lock");
		assert.strictEqual(await fill("wait"), "rgb(159,195,240)");
		await b.open(file, "view=chart");
		assert.strictEqual(await fill("read"), "rgb(38,145,120)");
		await b.open(file, "hide=work");
		assert.strictEqual(await fill("hash", 2), "rgb(240,157,87)");
		await clean(b);
		/* the picture without script and the script of the SVG agree */
		assert.match(fs.readFileSync(svg, "utf8"), /fill="#f09d57"><title>hash /);
		await b.open(svg);
		assert.strictEqual(await b.run("return Array.from(document.querySelectorAll('.box')).find(function(e){return /^hash,/.test(e.getAttribute('aria-label'))}).getAttribute('fill')"), "rgb(240,157,87)");
		await clean(b);
	},

	async "every control is reached with Tab, has a name and shows its focus"(b) {
		const walk = async (file, fragment) => {
			const seen = [], wanted = "return Array.from(document.querySelectorAll('.app button,.app input,.app select,.app [tabindex=\"0\"]')).filter(function(e){return !e.disabled&&e.offsetParent&&!e.closest('tbody')}).map(function(e,i){e.pdStop=i;return i})";
			const here = "var e=document.activeElement,c=getComputedStyle(e),l=e.closest('label');return e===document.body?null:[e.pdStop===undefined?e.className:e.pdStop,e.getAttribute('aria-label')||l&&l.firstChild.textContent||e.textContent,c.outlineStyle!=='none'&&parseFloat(c.outlineWidth)>=2]";

			await b.open(file, fragment);
			const stops = await b.run(wanted);
			await b.run("document.activeElement.blur()");
			for (let i = 0; i < stops.length + 5; i++) {
				await b.keys("Tab");
				const at = await b.run(here);
				if (!at || seen.length && at[0] === seen[0][0])
					break;
				seen.push(at);
			}
			assert.deepStrictEqual(seen.map((x) => x[0]).filter((x) => typeof x === "number").sort((x, y) => x - y), stops, "stops of " + fragment);
			assert.deepStrictEqual(seen.filter((x) => !(x[1] || "").trim() || !x[2]), [], "names and focus of " + fragment);
			await clean(b);
		};

		for (const view of ["", "view=chart", "view=sandwich", "view=table"])
			await walk(many, view);
	},

	async "links of --nameattr: Ctrl and click, key, table; nothing else runs"(b) {
		const attrs = write("attrs", "run\thref=#zoom=main;parse\ttarget=_top\ttitle=the loop\nparse\thref=https://example.invalid/\n");
		const file = draw(path.join(dir, "program.dump"), "attrs.html", "--nameattr", attrs);

		await b.open(file);
		await b.keys("t");
		assert.deepStrictEqual(await b.run("return Array.from(document.querySelectorAll('tbody a'),function(a){return [a.textContent,a.getAttribute('href'),a.target,a.rel]}).sort()"),
			[["parse", "https://example.invalid/", "_blank", "noopener noreferrer"], ["run", "#zoom=main;parse", "_top", "noopener noreferrer"]]);
		await b.open(file);
		await click(b, "run");
		assert.strictEqual(await hash(b), "#zoom=main;run"); /* a click still zooms */
		assert.match(await details(b), /^run: the loop; 345 samples/);
		await b.keys("o");
		await until("the link was followed", async () => await hash(b) === "#zoom=main;parse");
		assert.match(await details(b), /^View: parse/);
		/* somebody changed the file */
		fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace('"href":"#zoom=main;parse"', '"href":" java\\tscript:window.pwned=1"'));
		await b.open(file, "view=table");
		assert.deepStrictEqual(await b.run("return Array.from(document.querySelectorAll('tbody a'),function(a){return a.textContent})"), ["parse"]);
		await b.open(file, "zoom=main;run");
		await b.keys("ArrowUp", "o");
		assert.strictEqual(await b.run("return window.pwned===undefined"), true);
		await clean(b);
	},

	async "order, focus, ignore, hide, recursion folding"(b) {
		await b.open(page);
		await choose(b, "Order", "weight");
		assert.deepStrictEqual((await boxes(b)).filter((x) => x.depth === 2).map((x) => x.name), ["run", "parse", "exit"]);
		await choose(b, "Order", "name");
		assert.deepStrictEqual((await boxes(b)).filter((x) => x.depth === 2).map((x) => x.name), ["exit", "parse", "run"]);
		await filter(b, "Focus", "^read$");
		assert.strictEqual((await box(b, "all")).total, 300);
		assert.match(await hash(b), /focus=%5Eread%24/);
		await filter(b, "Focus", "");
		await b.keys("Backspace", "Enter");
		await filter(b, "Ignore", "loop");
		assert.strictEqual((await box(b, "all")).total, 250);
		await b.open(page);
		await filter(b, "Hide", "loop|step");
		assert.strictEqual((await box(b, "read", 3)).total, 100);
		assert.strictEqual((await box(b, "run", 2)).total, 345);
		assert.strictEqual((await find(b, "read")).filter((x) => x.depth === 3).length, 2);
		assert.strictEqual((await find(b, "step")).length, 0);
		await filter(b, "Hide", "(");
		assert.match(await b.run("return document.querySelector('#e-hide').textContent"), /bad pattern/);
		await b.open(page);
		await b.keys("r");
		assert.strictEqual((await find(b, "loop")).length, 1);
		assert.strictEqual((await box(b, "step")).self, 50);
		assert.strictEqual(await hash(b), "#fold=1");
		await clean(b);
	},

	async "a link brings everything back, a pattern in it waits"(b) {
		await b.open(page, "zoom=main;run;std%3A%3Avector%3Cint%3E%3A%3Apush_back(int%26%26)&search=push&case=1");
		assert.match(await details(b), /^View: std::vector<int>::push_back\(int&&\): 95/);
		assert.match(await info(b), /^Matched: 100% of view/);
		await b.open(page, "zoom=main;run;nosuch;deeper");
		assert.match(await details(b), /^View: run/);
		await b.open(page, "search=(r%2B)%2B%24&regex=1&focus=(a%2B)%2B");
		assert.match(await info(b), /press Enter/);
		assert.strictEqual((await box(b, "all")).total, 500);
		await b.open(page, "%&&=&zoom&search=%E0%A4%A&view=nosuch&type=__proto__&fn=constructor&order=x");
		assert.strictEqual((await boxes(b)).length, 13);
		await clean(b);
	},

	async "keyboard and screen reader"(b) {
		await b.open(page);
		await b.keys("ArrowUp");
		assert.match(await item(b), /^all: 500 samples, 100%/);
		await b.run("document.querySelector('.tree').focus()");
		await b.keys("ArrowUp", "ArrowUp");
		assert.match(await item(b), /^run: 345 samples, 69%; self 0 samples, 0%; depth 2$/);
		const got = await b.run("var t=document.querySelector('[role=tree]'),i=document.getElementById(t.getAttribute('aria-activedescendant'));return [t.tabIndex,i.getAttribute('aria-level'),i.getAttribute('aria-posinset'),i.getAttribute('aria-setsize'),i.getAttribute('aria-expanded'),document.querySelector('footer').getAttribute('aria-live')]");

		assert.deepStrictEqual(got, [0, "3", "3", "3", "true", "polite"]);
		await b.keys("ArrowLeft");
		assert.match(await item(b), /^parse/);
		await b.keys("ArrowRight", "ArrowUp", "Enter");
		assert.strictEqual(await hash(b), "#zoom=main;run;loop");
		await b.keys("Backspace");
		assert.strictEqual(await hash(b), "#zoom=main;run");
		await b.keys("Home");
		assert.strictEqual(await hash(b), "");
		await b.keys("?");
		assert.strictEqual(await b.run("return document.activeElement.className"), "help");
		await b.keys("Escape");
		assert.strictEqual(await b.run("return document.querySelector('.help').hidden"), true);
		await b.keys("/");
		assert.strictEqual(await b.run("return document.activeElement.localName"), "input");
		await b.keys("l", "e", "x", "Enter", "Escape", "i", "g");
		assert.strictEqual(await hash(b), "#flip=1");
		await clean(b);
	},

	async "every label is readable"(b) {
		for (const colors of ["package", "hot", "mem", "java", "blue", "red", "yellow"]) {
			const file = draw(path.join(dir, "program.dump"), "colors.html", "--colors", colors);

			await b.open(file);
			const bad = (await boxes(b)).filter((x) => {
				const c = (s) => (/^#(..)(..)(..)$/.exec(s.length === 4 ? s.replace(/[0-9a-f]/g, "$&$&") : s) || /(\d+),(\d+),(\d+)/.exec(s)).slice(1).map((v) => {
					const l = (s[0] === "#" ? parseInt(v, 16) : +v) / 255;

					return l <= 0.04045 ? l / 12.92 : Math.pow((l + 0.055) / 1.055, 2.4);
				}), lum = (s) => c(s).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
				const a = lum(x.fill[0]), t = lum(x.fill[1]);

				return (Math.max(a, t) + 0.05) / (Math.min(a, t) + 0.05) < 4.5;
			});

			assert.deepStrictEqual(bad, [], colors);
		}
	},

	async "print shows the view, or the table; without script there is a picture"(b) {
		const cdp = (cmd, params) => b.call("POST", b.session + "/goog/cdp/execute", { cmd, params });
		const seen = "return ['.still','.app'].map(function(s){return getComputedStyle(document.querySelector(s)).display})";

		await b.open(page, "zoom=main;run");
		await cdp("Emulation.setEmulatedMedia", { media: "print" });
		await b.run("window.dispatchEvent(new Event('beforeprint'))");
		assert.deepStrictEqual(await b.run(seen), ["block", "none"]);
		assert.match(await b.run(text(".still svg")), /loop/);
		assert.doesNotMatch(await b.run(text(".still svg")), /parse/);
		await b.open(page, "view=table");
		assert.deepStrictEqual(await b.run(seen), ["none", "block"]);
		await cdp("Emulation.setEmulatedMedia", { media: "" });
		await cdp("Emulation.setScriptExecutionDisabled", { value: true });
		await b.open(page);
		await cdp("Emulation.setScriptExecutionDisabled", { value: false });
		assert.deepStrictEqual(await b.run("return [document.querySelectorAll('.still rect').length > 12, getComputedStyle(document.querySelector('.still')).display, document.querySelectorAll('.app').length]"), [true, "block", 0]);
		await clean(b);
	},

	async "the canvas is never larger than the window"(b) {
		const deep = draw(dump("deep.dump", [[Array.from({ length: 5000 }, (_, i) => "f" + i), 1]]), "deep.html");

		await b.open(deep);
		assert.ok(await b.run("return document.querySelector('canvas').height <= innerHeight * devicePixelRatio"));
		assert.ok((await boxes(b)).length > 4000);
		await b.keys("Home");
		assert.match(await details(b), /^all/);
		await clean(b);
	},

	async "hostile names run nothing and break nothing"(b) {
		const file = draw(dump("hostile.dump", payloads.map((p, i) => [["main", Buffer.concat([p, Buffer.from("#" + i)]), p], 1 + i % 5])), "hostile.html", "--title", "</title><b>&</script>");

		await b.open(file);
		assert.strictEqual(await b.run("return document.compatMode + document.title"), "CSS1Compat</title><b>&</script>");
		assert.strictEqual(await b.run("return document.querySelectorAll('img,iframe,object,.app b').length"), 0);
		assert.ok((await boxes(b)).length > payloads.length * 2);
		for (let i = 0; i < payloads.length; i += process.env.ALL ? 1 : 10) {
			const x = (await boxes(b)).filter((y) => y.depth === 2)[i];

			await b.drag([[x.x + x.width / 2, x.y + x.height / 2]]);
			const link = await hash(b);

			await b.open(file, link.slice(1));
			assert.match(await details(b), /^View: /, "a link to payload " + i + " leads back: " + link);
			await b.keys("Escape");
		}
		await b.keys("t");
		await b.keys("s");
		assert.strictEqual(await b.run("return window.pwned===undefined"), true);
		await clean(b);
	},

	/* Frames without a name, names of bytes that are no UTF-8, names that would turn the text behind them about. */
	async "names that are nothing, look alike or turn round"(b) {
		const rows = "profdata dump 1\nseries\nvalue\tsamples\tcount\n5\t\\xff;x\n7\t\\xfe;x\n1\tmain;\\xe2\\x80\\xae;y\n3\tmain;\u05d0\u05d1;y\n2\ta_\\x1b;z\n";
		const file = draw(write("names.dump", rows), "names.html");

		await b.open(file);
		const alike = (await boxes(b)).filter((x) => x.name === "\ufffd" && x.depth === 1);

		assert.strictEqual(alike.length, 2);
		for (const one of alike) { /* each has an address of its own */
			await b.open(file);
			await b.drag([[one.x + 5, one.y + 5]]);
			const link = await hash(b);

			assert.match(await details(b), new RegExp("^\ufffd: " + one.total + " samples"));
			await b.open(file, link.slice(1));
			assert.match(await details(b), new RegExp("^View: \ufffd: " + one.total + " samples"));
			assert.strictEqual(await hash(b), link);
		}
		await b.open(file);
		await click(b, "\ufffd", 2);
		assert.match(await details(b), /^\ufffd: 1 sample, 5\.56%/);
		await b.keys("Home");
		await click(b, "\u05d0\u05d1");
		assert.match(await details(b), /^\u2068\u05d0\u05d1\u2069: 3 samples, 16\.67%/);
		await b.keys("Home");
		assert.ok(await box(b, "a_\ufffd"));
		await clean(b);
	},

	async "frames without a name have addresses, and a way out"(b) {
		const file = path.join(dir, "nameless.html");
		const text = fs.readFileSync(draw(write("nameless.folded", "zz;x 5\nother;y 3\n"), "named.html"), "utf8");

		fs.writeFileSync(file, text.replace(/"zz"/, '""')); /* as another program might write it */
		await b.open(file);
		const one = (await boxes(b)).find((x) => x.depth === 1 && x.total === 5);

		assert.strictEqual(one.name, "");
		await b.drag([[one.x + 5, one.y + 5]]);
		assert.strictEqual(await hash(b), "#zoom=@0");
		assert.strictEqual(await b.run("return document.querySelector(\"button[aria-label^='Reset']\").disabled"), false);
		await b.open(file, "zoom=@0");
		assert.ok((await boxes(b)).find((x) => x.depth === 1).width > 1000);
		await b.keys("Escape");
		assert.strictEqual((await boxes(b)).filter((x) => x.depth === 1).length, 2);
		await clean(b);
	},

	async "what is left out says so"(b) {
		const file = path.join(dir, "left-out.html");
		const text = fs.readFileSync(draw(write("left.folded", "main;few;x 5\nmain;more 3\n"), "whole.html"), "utf8");
		const block = /(<script type="application\/json" id="profdata">)([^]*?)(<\/script>)/;
		const d = JSON.parse(block.exec(text)[2]);

		d.frames.flags = d.frames.name.map((n, i) => i === 1 ? 8 : 0);
		fs.writeFileSync(file, text.replace(block, (all, head, json, tail) => head + JSON.stringify(d) + tail));
		await b.open(file);
		const one = (await boxes(b)).find((x) => x.depth === 2);

		await b.call("POST", b.session + "/actions", { actions: [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions: [{ type: "pointerMove", x: Math.round(one.x + 9), y: Math.round(one.y + 9) }] }] });
		assert.strictEqual(await b.run("return document.querySelector('.tip').firstChild.textContent"), "Smaller frames left out of this file");
		assert.match(await b.run("return document.querySelector('.tip').children[1].textContent"), /^\d samples, [\d.]+%$/);
		await clean(b);
	},

	async "classes of changes have shapes, on the canvas too"(b) {
		const file = compare(write("s1.folded", "main;run 2000\nmain;half 800\nmain;old 500\nmain;same 1000\n"), write("s2.folded", "main;run 2900\nmain;half 300\nmain;new 400\nmain;same 1000\n"), "shapes.html");
		/* Colours of a part of the canvas, each once, as "r,g,b". */
		const colours = (x, y, w, h) => b.run("var a=arguments,c=document.querySelector('canvas'),r=c.getBoundingClientRect(),to=document.createElement('canvas'),g,p,i,seen=new Set();" +
			"to.width=a[2];to.height=a[3];g=to.getContext('2d',{willReadFrequently:true});g.drawImage(c,Math.round(a[0]-r.left),Math.round(a[1]-r.top),a[2],a[3],0,0,a[2],a[3]);" +
			"p=g.getImageData(0,0,a[2],a[3]).data;for(i=0;i<p.length;i+=4)seen.add(p[i]+','+p[i+1]+','+p[i+2]);return Array.from(seen)", x, y, w, h);
		const inside = async (x) => (await colours(x.x + 40, x.y + 4, 20, x.height - 9)).length; /* right of the name */

		await b.open(file);
		const run = await box(b, "run"), half = await box(b, "half");

		assert.deepStrictEqual(await colours(run.x + run.width - 9, run.y + 1, 1, 1), ["122,51,0"]);
		assert.deepStrictEqual(await colours(half.x + 9, half.y + half.height - 3, 1, 1), ["11,61,145"]);
		assert.strictEqual(await inside(await box(b, "same")), 1);
		assert.ok(await inside(await box(b, "new")) > 1);
		assert.ok(await inside(await box(b, "old")) > 1);
		await clean(b);
	},

	async "the focus stays when a button has done its work"(b) {
		await b.open(page);
		await click(b, "run");
		await press(b, "Reset zoom");
		assert.strictEqual(await b.run("return document.activeElement.getAttribute('role')"), "tree");
		await clean(b);
	},

	async "many values of a label, and empty ones"(b) {
		const rows = ["profdata dump 1", "series", "value\tsamples\tcount"];

		for (let i = 0; i < 20000; i++)
			rows.push("1\tuser=u" + i + "\tmain;f" + i % 5);
		rows.push("9\tuser=\tmain;nobody");
		const file = draw(write("users.dump", rows.join("\n") + "\n"), "users.html");

		await b.open(file);
		await choose(b, "Group by", "user");
		await choose(b, "Group", "=u7");
		assert.strictEqual((await box(b, "all")).total, 1);
		await choose(b, "Group", "=");
		assert.strictEqual((await box(b, "all")).total, 9);
		await b.open(file, "key=user&group=");
		assert.strictEqual((await box(b, "all")).total, 9);
		await choose(b, "Group", "");
		assert.strictEqual((await box(b, "all")).total, 20009);
		const ms = await b.run("var o=document.querySelector('.options'),t=performance.now();document.querySelector(\"button[aria-label^='Root on top']\").click();return performance.now()-t");

		console.log("  " + ms.toFixed(1) + " ms to turn the picture with 20,001 groups to choose from");
		assert.ok(ms < 300);
		await clean(b);
	},

	async "two hundred thousand places stay quick"(b) {
		const lines = [];

		for (let i = 0; i < 66000; i++)
			lines.push("main;group_" + i % 40 + ";sub_" + i % 1000 + ";entry_" + i + ";work_" + i % 7000 + ";leaf_" + i % 300 + " " + (1 + i % 9));
		const file = draw(write("big.folded", lines.join("\n") + "\n"), "big.html"), size = fs.statSync(file).size;

		await b.open(file);
		const nodes = await b.run("return JSON.parse(document.getElementById('profdata').textContent).tree.n");
		const ready = +await b.run("return document.documentElement.getAttribute('data-ms')");
		const paint = await b.run("var p=performance.getEntriesByType('paint');return p.length?p[p.length-1].startTime:-1");
		const x = (await boxes(b)).filter((y) => y.depth === 2)[7];
		const ms = await b.run("var c=document.querySelector('canvas'),t=performance.now();c.dispatchEvent(new MouseEvent('click',{bubbles:true,clientX:arguments[0],clientY:arguments[1]}));return performance.now()-t", x.x + 3, x.y + 3);

		assert.match(await hash(b), /zoom=/);
		console.log("  " + nodes + " nodes, " + (size / 1e6).toFixed(2) + " MB, ready after " + ready + " ms of script, first paint " + Math.round(paint) + " ms, zoom " + ms.toFixed(1) + " ms");
		assert.ok(nodes > 198000 && size <= 5e6, nodes + " nodes in " + size + " bytes");
		assert.ok(ready < 3000 && ms < 500); /* a busy machine: docs/flame-graphs.md has the figures of an idle one */
		await clean(b);
	}
};

runTests(tests, shots, () => fs.rmSync(dir, { recursive: true, force: true }));
