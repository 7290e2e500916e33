
/* ---- comparisons: widths, colours and words of two sides ---- */

/* union: the wider side, so that what went away stays in sight; delta: what changed. */
var DIFF_MODES = ["union", "after", "before", "delta"], DIFF_LABELS = ["Union", "After", "Before", "Delta"];
var DIFF_WORDS = ["unchanged", "new", "gone", "grown", "shrunk", "not significant"], DIFF_SIGNS = ["", "\u25cf ", "\u2715 ", "\u25b2 ", "\u25bc ", ""];

/* The view from the root with the widths of a mode; before and total hold the sides. `keep` chooses rows. */
function diffView(mode, order, tree, keep, sorted) {
	var rows = D.rows[0], d = D.diff, own = sumRows(tree, rows, d.before, keep).own, after = sumRows(tree, rows, d.after, keep).own;
	var width = new Float64Array(tree.n), i, b, a, v;

	for (i = 0; i < tree.n; i++) {
		b = own[i] * d.scale_before;
		a = after[i] * d.scale_after;
		width[i] = mode === "after" ? a : mode === "before" ? b : mode === "delta" ? Math.abs(a - b) : Math.max(a, b);
	}
	v = rootView(tree, { own: after, gross: width, negative: false }, order, sorted);
	v.before = upwards(tree, own);
	return v;
}

function blend(from, to, t) {
	return from.map(function (f, i) { return Math.round(f + (to[i] - f) * t); });
}

/* Hue for the direction, strength for the part of the whole; grey for what may be chance. */
function diffRgb(v, i, c) {
	var d = D.diff, change, t, up;

	if (c === 5)
		return [214, 214, 214];
	if (c === 0)
		return [236, 236, 232];
	change = v.total[i] * d.scale_after / Math.max(1, d.total_after * d.scale_after) - v.before[i] * d.scale_before / Math.max(1, d.total_before * d.scale_before);
	t = Math.sqrt(Math.min(1, Math.abs(change) / 0.1));
	up = (c === 1 || c === 3) !== !!D.view.negate;
	return up ? blend([250, 222, 196], [240, 125, 30], t) : blend([208, 225, 250], [70, 140, 240], t);
}

function signed(ratio) {
	return (ratio >= 1 ? "+" : "") + trim((ratio - 1) * 100, 1) + "%";
}

/* "12.3s 12.3% -> 15.1s 15.1%, +22.8% (+10% .. +35.9%), p 0.001: grown" */
function diffWords(v, i, c) {
	var d = D.diff, text = value(v.before[i]) + " " + percent(v.before[i], d.total_before) + " \u2192 " + value(v.total[i]) + " " + percent(v.total[i], d.total_after);

	if (v.before[i] && v.total[i])
		text += ", " + signed(v.tree === D.base && d.ratio[i] !== null ? d.ratio[i] : v.total[i] * d.scale_after / (v.before[i] * d.scale_before));
	if (v.tree !== D.base) /* what was tested are places of the whole */
		return text + ": " + DIFF_WORDS[c];
	if (v.before[i] && v.total[i] && d.lo[i] !== null && d.hi[i] !== null)
		text += " (" + signed(d.lo[i]) + " .. " + signed(d.hi[i]) + ")";
	if (d.p[i] !== null)
		text += ", p " + Number(d.p[i].toPrecision(2));
	return text + ": " + DIFF_WORDS[c];
}

/* Class of a box: what the comparison found or, where boxes were put together anew, what the two sides say. */
function classOf(v, i) {
	var b, a;

	if (v.tree === D.base && !v.keep)
		return D.diff["class"][i];
	b = v.before[i];
	a = v.total[i];
	return a * D.diff.scale_after === b * D.diff.scale_before ? 0 : !b ? 1 : !a ? 2 : a * D.diff.scale_after > b * D.diff.scale_before ? 3 : 4;
}
