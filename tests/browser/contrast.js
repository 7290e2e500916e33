/*
 * Contrast of all text as the browser computes it: flame graphs, comparisons and
 * heat maps as SVG and HTML, in light, dark and print, in every state of the
 * bars. At least 4.5:1 everywhere, also over hatching and behind a search.
 *
 *     node contrast.js PROFDATA [SCREENSHOTS]
 *
 * Status 0: all passed, 1: something failed, 77: no browser here.
 */
"use strict";

const assert = require("assert");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { execFileSync } = require("child_process");
const { runTests, skip } = require("./webdriver.js");

const profdata = process.argv[2], shots = process.argv[3];
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "profdata-contrast-"));

if (!profdata || !fs.existsSync(profdata))
	skip("no profdata to test");

const { compare, dump, draw, write, program } = require("./inputs.js")(dir, profdata);

/* ---- in the page ---- */

/*
 * Texts of the document with less than 4.5:1. What is behind a text of an SVG
 * are the shapes that stand before it in the file and have its middle inside:
 * every stroke or fill of them has to do. Boxes on the canvas tell their colours.
 */
const judge = `
var probe = document.createElementNS("http://www.w3.org/1999/xhtml", "canvas").getContext("2d", { willReadFrequently: true }), bad = [], seen = 0, media = arguments[0];
function rgba(text) {
	var d;
	probe.clearRect(0, 0, 1, 1);
	probe.fillStyle = "#0000";
	probe.fillStyle = text;
	probe.fillRect(0, 0, 1, 1);
	d = probe.getImageData(0, 0, 1, 1).data;
	return [d[0], d[1], d[2], d[3] / 255];
}
function over(top, under, opacity) {
	var a = top[3] * opacity;
	return [0, 1, 2].map(function (k) { return top[k] * a + under[k] * (1 - a); }).concat(1);
}
function light(c) {
	var v = c.slice(0, 3).map(function (x) { x /= 255; return x <= 0.04045 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4); });
	return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
}
function ratio(a, b) {
	var x = light(a), y = light(b);
	return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}
function opacityOf(e) {
	for (var o = 1; e && e.nodeType === 1; e = e.parentNode)
		o *= +getComputedStyle(e).opacity;
	return o;
}
function paper() {
	var s = getComputedStyle(document.documentElement), dark = media === "dark" && s.colorScheme.indexOf("dark") >= 0;
	return dark ? [18, 18, 18, 1] : [255, 255, 255, 1];
}
/* Colours behind an element of HTML. */
function ground(e) {
	var list = [], c, r = e && e.getBoundingClientRect();
	for (; e && e.nodeType === 1; e = e.parentNode) {
		if (e.localName === "foreignObject")
			return list.reverse().reduce(function (under, l) { return over(l[0], under, 1); }, grounds(e, r.left + r.width / 2, r.top + r.height / 2)[0]);
		c = rgba(getComputedStyle(e).backgroundColor);
		list.push([c, opacityOf(e)]);
		if (c[3] === 1)
			break;
	}
	return list.reverse().reduce(function (under, l) { return over(l[0], under, 1); }, paper());
}
/* Cells of the table have a bar of their share behind the text. */
function bars(e) {
	for (var at = e; at && at.nodeType === 1 && rgba(getComputedStyle(at).backgroundColor)[3] === 0; at = at.parentNode)
		if (getComputedStyle(at).backgroundImage !== "none")
			return [ground(e), rgba(getComputedStyle(at).getPropertyValue("--bar").trim())];
	return [ground(e)];
}
var shapes = Array.from(document.querySelectorAll("svg rect, svg path, svg circle")).map(function (e) {
	var s = getComputedStyle(e), r = e.getBoundingClientRect();
	return s.display === "none" || s.visibility === "hidden" ? null : { e: e, r: r, s: s };
}).filter(Boolean);
function holds(r, x, y) { return x >= r.left && x <= r.right && y >= r.top && y <= r.bottom; }
/* A colour, or those of a gradient. */
function paints(text) {
	var id = /^url\\("?#([^")]+)/.exec(text);
	return id ? Array.from(document.querySelectorAll("[id='" + id[1] + "'] stop"), function (e) { return rgba(getComputedStyle(e).stopColor); }) : [rgba(text)];
}
/* All that may be behind a point of a picture: fills replace, strokes are one more possibility. */
function grounds(text, x, y) {
	var base = ground(text.ownerSVGElement && text.ownerSVGElement.parentNode.nodeType === 1 ? text.ownerSVGElement.parentNode : null), all = [base];
	shapes.forEach(function (q) {
		if (!holds(q.r, x, y) || !(q.e.compareDocumentPosition(text) & 4))
			return;
		if (q.s.fill !== "none") {
			var o = q.s.fillOpacity * opacityOf(q.e);
			all = [].concat.apply([], paints(q.s.fill).map(function (c) { return all.map(function (u) { return over(c, u, o); }); }));
		}
		if (q.s.stroke !== "none" && q.e.localName === "path")
			all.push(over(rgba(q.s.stroke), all[0], q.s.strokeOpacity * opacityOf(q.e)));
	});
	return all;
}
function complain(what, fg, bg, got) {
	bad.push(what.slice(0, 60) + ": " + got.toFixed(2) + " of " + fg.slice(0, 3).map(Math.round) + " on " + bg.slice(0, 3).map(Math.round));
}
function check(what, color, opacity, list) {
	seen++;
	list.forEach(function (bg) {
		var fg = over(rgba(color), bg, opacity), got = ratio(fg, bg);
		if (got < 4.5)
			complain(what, fg, bg, got);
	});
}
Array.from(document.querySelectorAll("*")).forEach(function (e) {
	var s = getComputedStyle(e), r = e.getBoundingClientRect(), svg = e.namespaceURI === "http://www.w3.org/2000/svg";
	var own = Array.from(e.childNodes).some(function (n) { return n.nodeType === 3 && n.nodeValue.trim(); }), name = e.localName;
	if (!r.width || !r.height || s.visibility === "hidden" || s.display === "none" || e.closest(".unseen") || /^(style|script|title|desc|metadata)$/.test(name))
		return;
	if (svg) {
		if ((name === "text" || name === "tspan") && own)
			[0.02, 0.5, 0.98].forEach(function (at) { check(e.textContent, s.fill, s.fillOpacity * opacityOf(e), grounds(e, r.left + r.width * at, r.top + r.height / 2)); });
		return;
	}
	if (name === "input" || name === "select" || own && name !== "option")
		check(name + "." + e.className + " " + (e.value || e.textContent), s.color, opacityOf(e), bars(e));
	if (name === "input" && e.placeholder)
		check("placeholder " + e.placeholder, getComputedStyle(e, "::placeholder").color, +getComputedStyle(e, "::placeholder").opacity, [ground(e)]);
});
var told = {};
document.dispatchEvent(new CustomEvent("pd-boxes", { detail: told }));
if (told.boxes && document.querySelector(".app") && getComputedStyle(document.querySelector(".app")).display !== "none") {
	var root = getComputedStyle(document.documentElement), bg = rgba(root.getPropertyValue("--bg").trim()), mark = rgba("rgba(17,34,51,.2)");
	told.boxes.forEach(function (x) {
		var fill = over(rgba(x.fill[0]), bg, 1);
		check("box " + x.name, x.fill[1], 1, /* hatched ones too; what was found is not */ document.querySelector(".diff") && !x.above && !/^(rgb\\(230, ?0, ?230|#e600e6)/.test(x.fill[0]) ? [fill, over(mark, fill, 1)] : [fill]);
		check("dim box " + x.name, root.getPropertyValue("--fg").trim(), 1, [over(rgba(x.fill[0]), bg, 0.35)]);
	});
}
return [seen, bad];
`;

/* ---- files ---- */

const many = "profdata dump 1\nroot-label\tcomm\nseries\nvalue\twall\tnanoseconds\n" +
	"90\t@1000\tcomm=a\tpid:=7\ttid:=7\tstate=running\tmain;parse;lex\n40\t@2000\tcomm=a\tpid:=7\ttid:=7\tstate=R\tmain;parse\n" +
	"30\t@3000\tcomm=a\tpid:=7\ttid:=8\tstate=S\treason=futex\tmain;wait\n30\t@4000\tcomm=b\tpid:=7\ttid:=8\tstate=S\treason=poll\tmain;wait;poll\n";
const before = write("before.folded", "main;eval;add_numbers 400\nmain;eval;multiply 300\nmain;parse;lex 500\nmain;parse;oldlex;scan 30000\nmain;gone_a_bit 60\nmain;gc 400\n");
const after = write("after.folded", "main;eval;add_numbers 410\nmain;eval;multiply 500\nmain;parse;lex 300\nmain;new_here 60\nmain;gc 395\nmain;io;deflate 20000\n");
const states = write("states.dump", many), plain = dump("program.dump", program);

function compared(name, ...options) {
	const file = path.join(dir, name);

	execFileSync(profdata, ["diff", "--per=none", ...options, before, after, "-o", file]);
	return file;
}

function heat(name) {
	const file = path.join(dir, name), rows = [];

	for (let i = 0; i < 300; i++)
		rows.push(1 + i % 7 + "\t@" + i * 7654321 + "\tcomm=a\tmain;f" + i % 5);
	execFileSync(profdata, ["heatmap", write("times.dump", "profdata dump 1\nseries\nvalue\tsamples\tcount\n" + rows.join("\n") + "\n"), "-o", file]);
	return file;
}

const palettes = ["package", "hot", "mem", "io", "wakeup", "chain", "java", "js", "perl", "python", "rust", "red", "green", "blue", "aqua", "yellow", "purple", "orange"];
const svgs = { plain: draw(plain, "plain.svg", "--title", "A title", "--subtitle", "below it"), states: draw(states, "states.svg"), reversed: draw(states, "reversed.svg", "--reverse"),
	diff: compared("diff.svg"), negated: compared("negated.svg", "--opt", "negate"), heat: heat("heat.svg") };
const pages = { plain: draw(plain, "plain.html"), states: draw(states, "states.html"), diff: compared("diff.html"), heat: heat("heat.html") };

/* ---- tests ---- */

async function everywhere(b, what, least) {
	const cdp = (params) => b.call("POST", b.session + "/goog/cdp/execute", { cmd: "Emulation.setEmulatedMedia", params });
	const kinds = { light: { media: "", features: [{ name: "prefers-color-scheme", value: "light" }] }, dark: { media: "", features: [{ name: "prefers-color-scheme", value: "dark" }] },
		print: { media: "print", features: [{ name: "prefers-color-scheme", value: "light" }] }, "print, dark": { media: "print", features: [{ name: "prefers-color-scheme", value: "dark" }] } };

	for (const k of Object.keys(kinds)) {
		await cdp(kinds[k]);
		if (kinds[k].media)
			await b.run("window.dispatchEvent(new Event('beforeprint'))");
		await new Promise((ok) => setTimeout(ok, 150)); /* canvases follow the scheme */
		if (shots)
			await b.screenshot(path.join(shots, (what + " " + k).replace(/[^a-z]+/gi, "-") + ".png"));
		const [seen, bad] = await b.run(judge, k.replace(/^print.*/, "print"));

		assert.deepStrictEqual(bad, [], what + ", " + k);
		assert.ok(seen >= (kinds[k].media ? 1 : least), what + ", " + k + ": " + seen + " texts only");
	}
	await cdp({ media: "", features: [] });
}

const fill = (b, selector, words) => b.run("var i=document.querySelector(arguments[0]);i.value=arguments[1];i.dispatchEvent(new Event('input',{bubbles:true}))", selector, words).then(() => new Promise((ok) => setTimeout(ok, 500)));

const tests = {};

for (const name of Object.keys(svgs))
	tests["SVG: " + name] = async (b) => {
		await b.open(svgs[name]);
		await everywhere(b, "svg " + name, 5);
		if (name === "heat")
			return;
		await fill(b, ".bar input", "l");
		await everywhere(b, "svg " + name + " searched", 10);
		await b.run("document.querySelector('.bar button[aria-label=\"Regular expression\"]').click()");
		await fill(b, ".bar input", "(");
		await everywhere(b, "svg " + name + " bad pattern", 10);
		await fill(b, ".bar input", "");
		await b.run("document.querySelector('.frames').focus();document.activeElement.blur()");
		await b.keys("ArrowUp", "ArrowUp", "Enter", "?");
		await everywhere(b, "svg " + name + " help", 10);
	};

for (const name of Object.keys(pages))
	tests["HTML: " + name] = async (b) => {
		await b.open(pages[name]);
		await everywhere(b, "html " + name, 10);
		if (name === "heat")
			return;
		await fill(b, ".find input", "l");
		await everywhere(b, "html " + name + " searched", 10);
		await b.run("document.querySelector('.find button[aria-label=\"Regular expression\"]').click()");
		await fill(b, ".find input", "(");
		await everywhere(b, "html " + name + " bad pattern", 10);
		for (const view of ["table", "sandwich"]) {
			await b.open(pages[name], "view=" + view);
			await everywhere(b, "html " + name + " " + view, 10);
		}
		await b.open(pages[name]);
		await b.keys("?");
		await everywhere(b, "html " + name + " help", 20);
	};

tests["every palette, with and without script"] = async (b) => {
	const cdp = (value) => b.call("POST", b.session + "/goog/cdp/execute", { cmd: "Emulation.setScriptExecutionDisabled", params: { value } });

	for (const p of palettes) {
		const file = draw(plain, "palette.svg", "--colors", p, "--bgcolors", ["yellow", "blue", "green", "grey", "#123456", "#fff"][palettes.indexOf(p) % 6]);

		await b.open(file);
		await everywhere(b, "palette " + p, 10);
		await cdp(true);
		await b.open(file);
		await cdp(false);
		await everywhere(b, "palette " + p + " without script", 5);
	}
};

runTests(tests, shots, () => fs.rmSync(dir, { recursive: true, force: true })).catch((e) => {
	console.error(e);
	process.exit(1);
});
