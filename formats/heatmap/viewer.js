
/*
 * ---- heat map ----
 *
 * Picks ranges of time on profdata's heat maps: by dragging, by touch and by
 * keyboard. Says what was sampled there and which --time-range selects it.
 * Without it the file is a static picture.
 *
 * Times and values are BigInt: exact beyond 2^53.
 */
var svg = document.currentScript && document.currentScript.ownerSVGElement || document.querySelector("svg.pdhm") || document.documentElement;
var isPage = svg === document.documentElement || document.body && document.body.classList.contains("pdhm-page"); /* nothing else is there */
var D;

try {
	D = JSON.parse(svg.querySelector("metadata.profdata-heatmap").textContent);
} catch (e) {
	return; /* the picture stays as it is */
}
if (typeof BigInt64Array === "undefined")
	return;

/* ---- bins: sums up to each, so that a range is one subtraction ---- */

var ROWS = D.rows, BINS = D.columns * D.rows;
var left = D.map[0], plotTop = D.map[1], width = D.map[2], height = D.map[3];
var columnNs = BigInt(D.column), firstColumn = BigInt(D.first_column), rowsBig = BigInt(ROWS);
var samplesTo = new Float64Array(BINS + 1), valueTo = new BigInt64Array(BINS + 1);

function readBins(list) {
	var at = 0, i, k, samples = 0, value = BigInt(0);

	for (i = 0; i + 2 < list.length; i += 3) {
		for (k = list[i]; k >= 0 && at < BINS; k--) {
			if (k === 0) {
				samples += list[i + 1];
				value += BigInt(list[i + 2]);
			}
			at++;
			samplesTo[at] = samples;
			valueTo[at] = value;
		}
	}
	for (; at < BINS; at++) {
		samplesTo[at + 1] = samples;
		valueTo[at + 1] = value;
	}
}

/* ns from time 0 to where bin i begins; i may be the number of bins. */
function startOf(i) {
	var c = Math.floor(i / ROWS), r = BigInt(i - c * ROWS);

	return (firstColumn + BigInt(c)) * columnNs + (r * columnNs + rowsBig - BigInt(1)) / rowsBig;
}

/* The bin of a time; -1 before the map, BINS after it. */
function binAt(ns) {
	var c = ns / columnNs - firstColumn, r = ns % columnNs * rowsBig / columnNs;

	return c < BigInt(0) ? -1 : c >= BigInt(D.columns) ? BINS : Number(c) * ROWS + Number(r);
}

/* ---- texts ---- */

/* v / 10^decimals without trailing zeros, digits of the whole part in groups when asked for. */
function decimal(v, decimals, group) {
	var minus = v < BigInt(0), s = String(minus ? -v : v), whole, part;

	s = s.padStart(decimals + 1, "0");
	whole = s.slice(0, s.length - decimals);
	part = s.slice(s.length - decimals).replace(/0+$/, "");
	if (group)
		whole = whole.replace(/\B(?=(\d{3})+$)/g, ",");
	return (minus ? "-" : "") + whole + (part && decimals ? "." + part : "");
}

function seconds(ns) { return decimal(ns, 9, false); }

function parseSeconds(text) {
	var m = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);

	return m ? BigInt(m[1]) * BigInt(1e9) + BigInt((m[2] || "").padEnd(9, "0")) : null;
}

function count(n) { return counted(decimal(BigInt(n), 0, true), "samples"); }

function value(v) {
	var text = D.unit_scales ? scaled(Number(v) / Math.pow(10, D.sample_type.decimals), D.sample_type.unit) : null;

	return text === null ? counted(decimal(v, D.sample_type.decimals, true), D.count_name) : text;
}

function clock(ns) {
	var ms;

	if (D.clock === undefined)
		return "";
	ms = Number((BigInt(D.clock) + ns) / BigInt(1e6));
	return Math.abs(ms) < 8.64e15 ? " (" + new Date(ms).toISOString().replace("T", " ").replace(/Z$/, " UTC") + ")" : "";
}

/* What was sampled in bins a to b (included). */
function sums(a, b) {
	var n = samplesTo[b + 1] - samplesTo[a];

	return count(n) + (n ? ", " + value(valueTo[b + 1] - valueTo[a]) : "");
}

function rangeText(a, b) { return seconds(startOf(a)) + ":" + seconds(startOf(b + 1)); }

/* ---- state ---- */

var ui = {}, cur = -1, anchor = -1, sel = null, picking = false, lastRange = null;

function xOf(c) { return left + width * c / D.columns; }
function yOf(r) { return plotTop + height * (1 - r / ROWS); }

function outline(a, b) {
	var c0 = Math.floor(a / ROWS), r0 = a % ROWS, c1 = Math.floor(b / ROWS), r1 = b % ROWS, bottom = plotTop + height;

	if (c0 === c1)
		return "M" + [xOf(c0), yOf(r0), "V", yOf(r1 + 1), "H", xOf(c0 + 1), "V", yOf(r0), "Z"].join(" ");
	return "M" + [xOf(c0), yOf(r0), "V", plotTop, "H", xOf(c1), "V", yOf(r1 + 1), "H", xOf(c1 + 1), "V", bottom, "H", xOf(c0 + 1), "V", yOf(r0), "Z"].join(" ");
}

function showBin(i) {
	var start;

	if (i < 0) {
		setText(ui.details, "");
		return;
	}
	start = startOf(i);
	setText(ui.details, seconds(start) + " s to " + seconds(startOf(i + 1)) + " s" + clock(start) + ": " + sums(i, i));
}

function showPick() {
	var text;

	if (!sel) {
		ui.pick.removeAttribute("d");
		ui.range.value = "";
		if (document.activeElement === ui.clear) /* it has done its work and would take the focus away with it */
			ui.plot.focus({ preventScroll: true });
		ui.copy.disabled = ui.clear.disabled = true;
		setText(ui.info, picking ? "the range begins here: go to its end and press Enter" : "drag over the map, or press Enter and the arrows, to pick a range; ? lists the keys");
		return;
	}
	text = "--time-range " + rangeText(sel[0], sel[1]);
	ui.pick.setAttribute("d", outline(sel[0], sel[1]));
	ui.range.value = text;
	ui.copy.disabled = ui.clear.disabled = false;
	setText(ui.info, sums(sel[0], sel[1]) + ", " + percent(samplesTo[sel[1] + 1] - samplesTo[sel[0]], samplesTo[BINS]) + " of all samples");
}

function pick(a, b) {
	sel = a < 0 ? null : [Math.min(a, b), Math.max(a, b)];
	showPick();
}

/* The range the address asks for, and the rest of its fragment, which belongs to the flame graph of the page. */
function readAddress() {
	var got = { range: "", rest: [] };

	location.hash.slice(1).split("&").forEach(function (part) {
		if (part.indexOf("range=") === 0)
			got.range = part.slice(6);
		else if (part)
			got.rest.push(part);
	});
	return got;
}

/* A range is done: the address remembers it, whoever listens is told. */
function picked() {
	var range = sel ? rangeText(sel[0], sel[1]) : "", fragment;

	picking = false;
	showPick();
	if (isPage && range !== (lastRange || "")) {
		lastRange = range;
		fragment = (range ? ["range=" + range] : []).concat(readAddress().rest).join("&");
		try {
			history.pushState(null, "", fragment ? "#" + fragment : location.href.replace(/#.*/, ""));
		} catch (e) {
			/* not everywhere a page may change its address */
		}
	}
	tell();
}

/* The flame graph of the page, if there is one, shows what is picked; its rows know the time after the first of them. */
function tell() {
	var a = sel && sel[0], b = sel && sel[1] + 1, zero, text;

	if (!D.graph)
		return;
	if (sel && D.graph.whole_columns) {
		a -= a % ROWS;
		b += (ROWS - b % ROWS) % ROWS;
	}
	zero = BigInt(D.graph.start);
	text = sel ? "from " + seconds(startOf(a)) + " s to " + seconds(startOf(b)) + " s" + (D.graph.whole_columns ? " (whole columns: there are too many samples for parts of them)" : "") : "";
	svg.dispatchEvent(new CustomEvent("pd-range", { bubbles: true, detail: sel ? { lo: Number(startOf(a) - zero), hi: Number(startOf(b) - zero), text: text } : null }));
}

function clear() {
	anchor = -1;
	pick(-1);
	picked();
}

function fromFragment() {
	var range = readAddress().range, m = /^([\d.]+):([\d.]+)$/.exec(range), a, b;

	if (lastRange !== null && range === lastRange)
		return;
	lastRange = range;
	a = m && parseSeconds(m[1]);
	b = m && parseSeconds(m[2]);
	if (m && a !== null && b !== null && a < b && binAt(a) < BINS && binAt(b - BigInt(1)) >= 0) {
		anchor = Math.max(0, binAt(a));
		cur = Math.min(BINS - 1, binAt(b - BigInt(1)));
		pick(anchor, cur);
		mark();
	} else {
		anchor = -1;
		pick(-1);
	}
	tell();
}

/* ---- keyboard ---- */

function mark() {
	var c = Math.floor(cur / ROWS), r = cur % ROWS;

	ui.at.setAttribute("d", cur < 0 ? "" : "M" + [xOf(c), yOf(r + 1), "H", xOf(c + 1), "V", yOf(r), "H", xOf(c), "Z"].join(" "));
	showBin(cur);
}

function go(to, extend) {
	var from = cur < 0 ? 0 : cur;

	to = Math.max(0, Math.min(BINS - 1, to));
	if (extend && anchor < 0)
		anchor = from;
	cur = to;
	mark();
	if (extend)
		pick(anchor, cur);
}

function onKey(e) {
	var extend = e.shiftKey || picking, at = cur;

	if (e.ctrlKey || e.metaKey || e.altKey)
		return;
	if (at < 0 && /^(Arrow|Page)/.test(e.key)) {
		go(0, false);
		e.preventDefault();
		return;
	}
	if (/^(Arrow|Page|Home|End)/.test(e.key) && !extend)
		anchor = -1;
	switch (e.key) {
	case "ArrowUp": go(at + 1, extend); break;
	case "ArrowDown": go(at - 1, extend); break;
	case "ArrowRight": go(at + ROWS, extend); break;
	case "ArrowLeft": go(at - ROWS, extend); break;
	case "PageUp": go(at + 10 * ROWS, extend); break;
	case "PageDown": go(at - 10 * ROWS, extend); break;
	case "Home": go(0, extend); break;
	case "End": go(BINS - 1, extend); break;
	case "Enter": case " ": onEnter(); break;
	case "Escape": ui.help ? toggleHelp() : clear(); break;
	case "?": toggleHelp(); break;
	default: return;
	}
	e.preventDefault();
}

function onKeyUp(e) {
	if (e.key === "Shift" && sel && !picking)
		picked();
}

/* Begins a range at the cursor, or ends it: the text to copy is then selected. */
function onEnter() {
	if (!picking && !sel) {
		if (cur < 0)
			go(0, false);
		anchor = cur;
		picking = true;
		showPick();
		return;
	}
	picked();
	ui.range.focus();
	ui.range.select();
}

/* ---- pointer ---- */

function binOf(e) {
	var m = svg.getScreenCTM(), p, c, r;

	if (!m)
		return -1;
	p = new DOMPoint(e.clientX, e.clientY).matrixTransform(m.inverse());
	c = Math.max(0, Math.min(D.columns - 1, Math.floor((p.x - left) / width * D.columns)));
	r = Math.max(0, Math.min(ROWS - 1, Math.floor((1 - (p.y - plotTop) / height) * ROWS)));
	return c * ROWS + r;
}

var dragging = false, before = null;

function onDown(e) {
	var i = binOf(e);

	if (e.button !== 0 || i < 0)
		return;
	ui.plot.focus({ preventScroll: true });
	try {
		ui.plot.setPointerCapture(e.pointerId);
	} catch (x) {
		/* the pointer is gone already */
	}
	dragging = true;
	before = sel;
	picking = false;
	if (!e.shiftKey || anchor < 0)
		anchor = i;
	cur = i;
	mark();
	pick(anchor, cur);
	e.preventDefault();
}

function onMove(e) {
	var i = binOf(e);

	if (dragging && i >= 0 && i !== cur) {
		cur = i;
		mark();
		pick(anchor, cur);
	} else if (!dragging) {
		showBin(i);
		if (ui.tip)
			setText(ui.tip, ui.details.textContent);
	}
}

function onUp() {
	if (dragging) {
		dragging = false;
		picked();
	}
}

/* The browser took the finger for something else, two of them for a zoom: as if nothing had been touched. */
function onCancel() {
	dragging = false;
	anchor = before ? before[0] : -1;
	pick(anchor, before ? before[1] : -1);
}

/* One finger picks; without this it would scroll the page (touch-action means nothing to parts of an SVG). */
function onTouch(e) {
	if (e.touches.length === 1)
		e.preventDefault();
}

/* ---- tools ---- */

var HELP = [
	"drag                pick a range of time",
	"shift and click     move the end of the range",
	"arrows              up and down: one row; left and right: one column",
	"Page, Home, End     ten columns, the beginning, the end",
	"shift and arrows    pick a range",
	"Enter               begin a range, end it",
	"Esc                 forget the range",
	"?                   this text",
	"",
	"The text with --time-range goes to any command of profdata.",
	"The address of the page keeps the range: copy it to share the view."
].join("\n");

function toggleHelp() {
	var box;

	if (ui.help) {
		svg.removeChild(ui.help);
		ui.help = null;
		ui.plot.focus();
		return;
	}
	ui.help = element(SVG, "foreignObject", { "class": "ui", x: left + 20, y: plotTop + 10, width: Math.min(620, width - 40), height: 250 }, svg);
	box = element(XHTML, "div", { "class": "help", role: "dialog", "aria-label": "Keys", tabindex: "-1" }, ui.help);
	box.textContent = HELP;
	box.addEventListener("keydown", function (e) {
		if (e.key === "Escape" || e.key === "?") {
			toggleHelp();
			e.preventDefault();
		}
	});
	box.focus();
}

function copyRange() {
	function done(ok) { setText(ui.info, ok ? "copied" : "press Ctrl+C to copy"); }

	ui.range.focus();
	ui.range.select();
	if (navigator.clipboard && navigator.clipboard.writeText)
		navigator.clipboard.writeText(ui.range.value).then(function () { done(true); }, function () { done(document.execCommand("copy")); });
	else
		done(document.execCommand("copy"));
}

function makeTools() {
	var box = element(SVG, "foreignObject", { "class": "ui", x: left, y: plotTop + height + 88, width: width, height: 60 }, svg), bar;

	ui.details = element(XHTML, "div", { "class": "details", role: "status", "aria-live": "polite" }, box);
	bar = element(XHTML, "div", { "class": "bar", role: "group", "aria-label": "Range of time" }, box);
	ui.range = element(XHTML, "input", { type: "text", readonly: "readonly", "aria-label": "Option that selects the range", placeholder: "--time-range", spellcheck: "false" }, bar);
	ui.copy = button(bar, "Copy", "Copy the option", copyRange);
	ui.clear = button(bar, "Clear", "Forget the range", clear);
	button(bar, "?", "Keys", toggleHelp);
	ui.info = element(XHTML, "div", { "class": "info", role: "status", "aria-live": "polite" }, bar);
}

function makePlot() {
	var title = svg.querySelector("title"), layer = element(SVG, "g", {}, svg);

	ui.plot = element(SVG, "rect", { "class": "plot", x: left, y: plotTop, width: width, height: height, tabindex: "0", role: "application",
		"aria-roledescription": "heat map", "aria-label": (title ? title.textContent + ", " : "") + sums(0, BINS - 1) + "; arrows move, shift and arrows or Enter pick a range of time" }, layer);
	ui.tip = element(SVG, "title", {}, ui.plot);
	ui.pick = element(SVG, "path", { "class": "pick" }, layer);
	ui.at = element(SVG, "path", { "class": "at" }, layer);
	ui.plot.addEventListener("pointerdown", onDown);
	ui.plot.addEventListener("pointermove", onMove);
	ui.plot.addEventListener("pointerup", onUp);
	ui.plot.addEventListener("pointercancel", onCancel);
	ui.plot.addEventListener("touchstart", onTouch, { passive: false });
	ui.plot.addEventListener("pointerleave", function () { if (!dragging) showBin(cur); });
	ui.plot.addEventListener("keydown", onKey);
	ui.plot.addEventListener("keyup", onKeyUp);
}

readBins(D.bins);
D.bins = null;
svg.setAttribute("role", "group");
makePlot();
makeTools();
showPick();
if (isPage) {
	window.addEventListener("hashchange", fromFragment);
	window.addEventListener("popstate", fromFragment);
	fromFragment();
}
})();
