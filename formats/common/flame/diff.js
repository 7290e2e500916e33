
/* ---- comparisons: widths, colours and words of two sides ---- */

/* union: the wider side, so that what went away stays in sight; delta: what changed. */
var DIFF_MODES = ["union", "after", "before", "delta"], DIFF_LABELS = ["Union", "After", "Before", "Delta"];
var DIFF_WORDS = ["unchanged", "new", "gone", "grown", "shrunk", "not significant", "moved"], DIFF_SIGNS = ["", "\u25cf ", "\u2715 ", "\u25b2 ", "\u25bc ", "", "\u21c4 "];
var UNCHANGED = 0, NEW = 1, GONE = 2, GROWN = 3, SHRUNK = 4, UNDECIDED = 5, MARGIN = 1.05;

/* The view from the root with the widths of a mode; total holds the side after, the only part that before. `keep` chooses rows. */
function diffView(mode, order, tree, keep, sorted) {
	var rows = D.rows[0], d = D.diff, own = sumRows(tree, rows, d.before, keep).own, after = sumRows(tree, rows, d.after, keep).own;
	var width = new Float64Array(tree.n), i, b, a, v;

	for (i = 0; i < tree.n; i++) {
		b = own[i] * d.scale_before;
		a = after[i] * d.scale_after;
		width[i] = mode === "after" ? a : mode === "before" ? b : mode === "delta" ? Math.abs(a - b) : Math.max(a, b);
	}
	v = rootView(tree, { own: after, gross: width, negative: false, parts: [own] }, order, sorted);
	v.keep = keep;
	return v;
}

function before(v, i) {
	return v.parts[0].all[i];
}

/* ---- verdicts: {c: class, ratio, lo, hi, p}, null where something is not known ---- */

function verdictAt(table, prefix, i) {
	return { c: table[prefix + "class"][i], ratio: table[prefix + "ratio"][i], lo: table[prefix + "lo"][i], hi: table[prefix + "hi"][i], p: table[prefix + "p"][i] };
}

/* A verdict on two sums that were not tested, by the rules of those that were: `judge` of the block has the numbers. */
function estimate(b, a) {
	var d = D.diff, j = d.judge, n1 = j.samples_before, n2 = j.samples_after, x1 = b / Math.max(1, d.total_before) * n1, x2 = a / Math.max(1, d.total_after) * n2;
	var none = { c: UNDECIDED, ratio: null, lo: null, hi: null, p: null }, got, e, far, most = Math.max(d.total_before * d.scale_before, d.total_after * d.scale_after);

	b *= d.scale_before;
	a *= d.scale_after;
	if (a === b)
		none.c = UNCHANGED;
	if (a === b || !(n1 > 0 && n2 > 0) || x1 + x2 < j.least_samples || Math.max(x1 / n1, x2 / n2) < j.least_share)
		return none;
	if (!a || !b) { /* half a sample more, so that there is a ratio */
		x1 += 0.5;
		x2 += 0.5;
	}
	e = Math.sqrt(Math.max(0, 1 / x1 + 1 / x2 - (d.exposure === "total" ? 1 / n1 + 1 / n2 : 0)));
	got = { c: UNDECIDED, ratio: x2 * d.total_after * d.scale_after / n2 / (x1 * d.total_before * d.scale_before / n1), lo: 0, hi: 0, p: null };
	got.lo = got.ratio * Math.exp(-j.interval * e);
	got.hi = got.ratio * Math.exp(j.interval * e);
	far = Math.abs(Math.log(got.ratio)) > j.finding * e && (got.lo > 1 || got.hi < 1);
	if (!far && got.lo > 1 / MARGIN && got.hi < MARGIN)
		got.c = UNCHANGED;
	else if (far && (Math.abs(a - b) < j.least_change * most || Math.abs(got.ratio - 1) < j.least_relative))
		got.c = UNCHANGED; /* too small to matter */
	else if (far && j.bulk !== null && Math.abs(Math.log(got.ratio / j.bulk)) <= j.finding * e)
		got.c = UNCHANGED; /* moved with the bulk of the program */
	else if (far)
		got.c = !b ? NEW : !a ? GONE : got.ratio > 1 ? GROWN : SHRUNK;
	return got;
}

/* What was found out about a function; null where that is not in the block. */
function verdictOfFunction(f, prefix) {
	var rows = D.diff.functions, k;

	if (!D.diff.rowOf) {
		D.diff.rowOf = new Map();
		for (k = 0; k < rows.frame.length; k++)
			D.diff.rowOf.set(D.same[rows.frame[k]], k);
	}
	k = D.diff.rowOf.get(D.same[f]);
	return k === undefined ? null : verdictAt(rows, prefix, k);
}

/* Were exactly these samples tested? Not where some are left out or frames were put together anew. */
function isTested(source) {
	return source.tree === D.base && !source.keep;
}

function findVerdict(v, i) {
	var tested = isTested(v.source || v), found = null;

	if (tested && (!v.source || i === 0 && v.kind === "leaf"))
		return verdictAt(D.diff, "", i);
	if (tested && (v.kind === "leaf" ? v.depth[i] === 1 : i === 0))
		found = verdictOfFunction(v.frame[i], v.kind === "leaf" ? "self_" : "total_");
	return found || estimate(before(v, i), v.total[i]);
}

/* What to think of a box, whatever the view. */
function verdict(v, i) {
	v.verdicts = v.verdicts || new Map();
	if (!v.verdicts.has(i))
		v.verdicts.set(i, findVerdict(v, i));
	return v.verdicts.get(i);
}

/* ---- colours and words ---- */

function blend(from, to, t) {
	return from.map(function (f, i) { return Math.round(f + (to[i] - f) * t); });
}

/* Hue for the direction, strength for the part of the whole; grey for what may be chance. */
function diffRgb(c, was, is) {
	var d = D.diff, change, t, up;

	if (c === UNDECIDED)
		return [214, 214, 214];
	if (c === UNCHANGED || c > UNDECIDED)
		return [236, 236, 232];
	change = is / Math.max(1, d.total_after) - was / Math.max(1, d.total_before);
	t = Math.sqrt(Math.min(1, Math.abs(change) / 0.1));
	up = (c === NEW || c === GROWN) !== !!D.view.negate;
	return up ? blend([250, 222, 196], [240, 125, 30], t) : blend([208, 225, 250], [70, 140, 240], t);
}

function boxRgb(v, i) {
	return diffRgb(verdict(v, i).c, before(v, i), v.total[i]);
}

function signed(ratio) {
	return (ratio >= 1 ? "+" : "") + trim((ratio - 1) * 100, 1) + "%";
}

/* "+22.8% (+10% .. +35.9%)", "" where one side has nothing. */
function changeWords(b, a, found) {
	var text;

	if (!b || !a)
		return "";
	text = signed(found.ratio !== null ? found.ratio : a * D.diff.scale_after / (b * D.diff.scale_before));
	return found.lo !== null && found.hi !== null ? text + " (" + signed(found.lo) + " .. " + signed(found.hi) + ")" : text;
}

/* "12.3s 12.3% -> 15.1s 15.1%, +22.8% (+10% .. +35.9%), p 0.001: grown" */
function diffWords(v, i) {
	var d = D.diff, b = before(v, i), a = v.total[i], found = verdict(v, i), change = changeWords(b, a, found);

	return value(b) + " " + percent(b, d.total_before) + " \u2192 " + value(a) + " " + percent(a, d.total_after) + (change ? ", " + change : "") +
		(found.p !== null ? ", p " + Number(found.p.toPrecision(2)) : "") + ": " + DIFF_WORDS[found.c];
}

/* "12.3% \u2192 15.1%" of what matches, of what is in view. */
function bothShares(of, b, a, v, at) {
	return percent(b, before(v, at)) + " \u2192 " + percent(a, v.total[at]) + of;
}

/* ---- marks: what hue says about a box, in shape, as the static picture has it ---- */

/* Lines of a path; no patterns, since printing makes an image of the page for every box that has one. Faint: text on them needs 4.5:1. */
function strokes(list) {
	return list.map(function (p) { return "M" + p[0].toFixed(1) + " " + p[1].toFixed(1) + "L" + p[2].toFixed(1) + " " + p[3].toFixed(1); }).join("");
}

function hatching(x, y, w, h) {
	var list = [], t, from, to;

	for (t = Math.min(4, w); t < w + h; t += 8) {
		from = Math.min(t, w);
		to = Math.max(t - h, 0);
		list.push([x + from, y + t - from, x + to, y + t - to]);
	}
	return strokes(list);
}

function dots(x, y, w, h) {
	var first = w < 6 ? w / 2 : 3, last = Math.max(w - 2, first), list = [], at;

	for (at = 3; at < h - 1; at += 6)
		list.push([x + first, y + at, x + last, y + at]);
	return strokes(list);
}

function drawMark(parent, c, x, w, y, h) {
	var strip = Math.min(3, h / 4);

	if (w < 1)
		return;
	w = w >= 2 ? w - 0.5 : w;
	if (c === GONE)
		element(SVG, "path", { "class": "f", fill: "none", stroke: "#123", "stroke-opacity": ".2", "stroke-width": "3", d: hatching(x, y, w, h) }, parent);
	else if (c === NEW)
		element(SVG, "path", { "class": "f", fill: "none", stroke: "#123", "stroke-opacity": ".2", "stroke-width": "3", "stroke-linecap": "round", "stroke-dasharray": "0 6", d: dots(x, y, w, h) }, parent);
	else if (c === GROWN || c === SHRUNK)
		element(SVG, "rect", { "class": "f", x: x.toFixed(2), y: c === SHRUNK ? y + h - strip : y, width: w.toFixed(2), height: strip, fill: c === SHRUNK ? "#0b3d91" : "#7a3300" }, parent);
}
