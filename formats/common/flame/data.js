
/*
 * ---- data: the block a flame graph is drawn from ----
 *
 * Viewer of profdata's flame graphs. Draws the part of the tree that is asked
 * for from the data block, so that the page never holds more boxes than can be
 * seen. Without it the file is a static picture.
 *
 * The modules of this folder are one function: elements and units, data (the
 * block), trees (views of it), words (labels, colours), pattern and find (search,
 * paths, links), diff (comparisons), states, then svg or the modules of the page.
 * docs/formats/flamegraph-data.md describes the block.
 */
var LEFT_OUT = 8, NAME_MAX = 4000;

/* Differences to the number before -> numbers. */
function running(list) {
	var out = new Int32Array(list.length), at = 0, i;

	for (i = 0; i < list.length; i++)
		out[i] = at += list[i];
	return out;
}

function readStrings(list, prefix) {
	var i;

	for (i = 1; i < list.length; i++)
		if (prefix[i])
			list[i] = list[i - 1].slice(0, prefix[i]) + list[i];
	return list;
}

function readTree(t) {
	var n = t.n, parent = new Int32Array(n), depth = new Int32Array(n), i, p, up;

	parent[0] = -1;
	for (i = 1; i < n; i++) {
		for (p = i - 1, up = t.up[i]; up > 0; up--)
			p = parent[p];
		parent[i] = p;
		depth[i] = depth[p] + 1;
	}
	return { n: n, frame: Int32Array.from(t.frame), parent: parent, depth: depth, map: null };
}

/* Times in ns after the first row; NaN where there is none. */
function readTimes(list) {
	var out = new Float64Array(list.length), at = 0, first = true, i;

	for (i = 0; i < list.length; i++) {
		if (list[i] === null) {
			out[i] = NaN;
			continue;
		}
		at += first ? 0 : list[i];
		first = false;
		out[i] = at;
	}
	return out;
}

var TIME_LABELS = ["timestamp", "timestamp_ns", "end_timestamp_ns"];

/* Rows without times of their own may have them as labels. */
function timesOfLabels(rows, sets, labels) {
	var of = sets.map(function (set) {
		var t = NaN;

		set.forEach(function (l) {
			if (labels[l].num !== null && TIME_LABELS.indexOf(labels[l].key) >= 0)
				t = labels[l].num;
		});
		return t;
	}), out = new Float64Array(rows.n), any = false, i;

	if (!rows.labels || of.every(isNaN))
		return null;
	for (i = 0; i < rows.n; i++) {
		out[i] = of[rows.labels[i]];
		any = any || out[i] === out[i];
	}
	return any ? out : null;
}

function readRows(r) {
	return {
		n: r.n, node: running(r.node), labels: r.labels ? Int32Array.from(r.labels) : null,
		time: r.time ? readTimes(r.time) : null, values: r.values.map(function (v) { return Float64Array.from(v); })
	};
}

function readLabels(d) {
	var l = d.labels;

	return l ? l.key.map(function (k, i) {
		var key = d.strings[k], unit = d.strings[l.unit[i]];

		return { key: key, num: l.num[i], text: l.num[i] === null ? d.strings[l.str[i]] : String(l.num[i]) + (unit ? " " + unit : "") };
	}) : [];
}

/* Which thread a label set belongs to: the same rule as everywhere in profdata. */
function threadOf(set, labels) {
	var pid = "", tid = "", comm = "";

	set.forEach(function (i) {
		var l = labels[i];

		if (l.key === "pid")
			pid = l.text;
		else if (l.key === "tid")
			tid = l.text;
		else if (l.key === "comm" || l.key === "thread" && !comm)
			comm = l.text;
	});
	if (tid || pid)
		return (comm ? comm + " " : "") + (pid && tid && pid !== tid ? pid + "/" + tid : tid || pid);
	return comm;
}

/* The first frame of each name: what is one function may have come inlined and not. Equal names stand together. */
function sameNames(names) {
	var same = [], i;

	for (i = 0; i < names.length; i++)
		same.push(i && names[i] === names[i - 1] ? same[i - 1] : i);
	return same;
}

/* Attributes of boxes by frame. Links are looked at once more: a file may have passed other hands. */
function readAttrs(list) {
	var out = new Map();

	(list || []).forEach(function (a) {
		if (a.href && !/^(?:(?:https?|file):|[^:\/?#]*(?:[\/?#]|$))/i.test(a.href))
			delete a.href;
		out.set(a.frame, a);
	});
	return out;
}

/* The block as columns: names, frames, tree, sample types, rows. Throws when it is none. */
function readBlock(text) {
	var d = JSON.parse(text), f = d.frames, zeros;

	if (d.schema !== "profdata.flamegraph/2")
		throw new Error("unknown data block");
	readStrings(d.strings, d.prefix);
	zeros = new Int32Array(f.n);
	d.names = Array.from(running(f.name), function (i) { return d.strings[i]; });
	d.linked = d.names.map(wellFormed);
	d.shown = d.linked.map(function (s) { return visible(s.replace(/_\[[kijw01]\]$/, "") || s); });
	d.same = sameNames(d.names);
	d.file = f.file || zeros;
	d.line = f.line || zeros;
	d.module = f.module || zeros;
	d.flags = f.flags || zeros;
	d.color = f.color.map(function (c) { return d.colors[c]; });
	d.attrs = readAttrs(d.attrs);
	d.base = readTree(d.tree);
	d.labelList = readLabels(d);
	d.sets = d.label_sets || [[]];
	d.types = [];
	d.rows = d.series.map(function (s, k) {
		var rows = readRows(s.rows);

		s.types.forEach(function (t, c) {
			d.types.push({ series: k, column: c, type: d.strings[t.type], unit: d.strings[t.unit], decimals: t.decimals, name: d.strings[s.name] });
		});
		rows.time = rows.time || timesOfLabels(rows, d.sets, d.labelList);
		return rows;
	});
	d.threads = d.sets.map(function (set) { return threadOf(set, d.labelList); });
	d.series = d.tree = d.frames = null;
	return d;
}
