/* ---- page: what is looked at, and the views made for it ---- */

var S = {                 /* all of it stands in the address, where it differs from what the file says */
	view: "graph", type: 0, key: "", group: null, order: "name", flip: false, leaf: false, fold: false, mode: "union",
	focus: "", ignore: "", hide: "", query: "", regex: false, cased: false, zoom: "", fn: -1, sort: "total", up: false
};
var START = null;         /* S as the file says */
var root = null;          /* the view from the root of the samples in view */
var tree = null;          /* its tree: frames hidden and recursion folded */
var panes = [];           /* what the canvas shows: {v, at: zoomed box, up: grows upwards, row: of its root} */
var table = null;         /* self and total of each function of `root` */
var whole = 0;            /* weight of the whole width */
var hundred = 0;          /* what 100 % is: the same, or the total of the base of a difference */
var matched = null;       /* per frame, while searching */
var hits = [];            /* boxes of the first pane that match */
var range = null;         /* {lo, hi, text} in ns after the first sample: what another part of the page picked */
var isPart = document.body.classList.contains("pdhm-page"); /* below a heat map: times are those of its bins */
var problem = {};         /* of patterns: field -> message */
var threadFrames = new Map();

function lists() {
	return D.labelList.length > 0;
}

/* Values of a label, or threads, with how many label sets have them; in the order of their names. */
function groupsOf(key) {
	var seen = new Set();

	D.sets.forEach(function (set, i) {
		if (key === "thread of the sample") {
			if (D.threads[i])
				seen.add(D.threads[i]);
			return;
		}
		set.forEach(function (l) {
			if (D.labelList[l].key === key)
				seen.add(D.labelList[l].text);
		});
	});
	return Array.from(seen).sort(new Intl.Collator("en", { numeric: true }).compare);
}

/* Which label sets are in the group that was picked; null: all. */
function setsInGroup() {
	if (!S.key || S.group === null)
		return null;
	return D.sets.map(function (set, i) {
		if (S.key === "thread of the sample")
			return D.threads[i] === S.group;
		return set.some(function (l) { return D.labelList[l].key === S.key && D.labelList[l].text === S.group; });
	});
}

/* Frames that match a pattern of a field, or null; what is wrong with it goes to `problem`. */
function framesFor(field) {
	delete problem[field];
	if (!S[field])
		return null;
	try {
		return matchFrames(S[field], true, true);
	} catch (e) {
		problem[field] = String(e.message || e);
		return null;
	}
}

/* Which rows are in view: a test of row numbers, or null for all. */
function rowFilter(rows) {
	var sets = setsInGroup(), focus = framesFor("focus"), ignore = framesFor("ignore"), inFocus, ignored;

	inFocus = focus && matchesAbove(D.base, focus);
	ignored = ignore && matchesAbove(D.base, ignore);
	if (!sets && !focus && !ignore && !range)
		return null;
	return function (i) {
		return (!sets || sets[rows.labels ? rows.labels[i] : 0]) && (!inFocus || inFocus[rows.node[i]] > 0) &&
			(!ignored || ignored[rows.node[i]] === 0) && (!range || !rows.time || rows.time[i] >= range.lo && rows.time[i] < range.hi);
	};
}

/* ---- making views ---- */

function makeRoot() {
	var rows, keep, sorted, sums;

	type = D.types[S.type];
	rows = D.rows[type.series];
	keep = rowFilter(rows);
	tree = deriveTree(D.base, D.same, framesFor("hide"), S.fold);
	sorted = S.order === D.view.sort && !tree.map;
	if (D.diff) {
		root = diffView(S.mode, S.order, tree, keep, sorted);
	} else {
		sums = sumRows(tree, rows, type.column, keep);
		sums.parts = stateParts(tree, rows, type.column, keep);
		root = rootView(tree, sums, S.order, sorted);
	}
	root.keep = keep;
	whole = Math.max(!keep && !tree.map && S.type === D.view.sample_type && D.view.whole || 0, root.weight[0]);
	hundred = D.view.hundreds && D.view.hundreds[S.type] || whole;
	table = null;
}

function functionTable() {
	if (!table)
		table = totalsByFrame(root, D.same);
	return table;
}

/* The function a sandwich is about: the one chosen, else that with the most of its own (or the greatest change of it). */
function sandwichFunction() {
	var t, best = -1, f, most = D.diff ? DIFF_VALUES[2] : VALUES[0];

	if (S.fn >= 0)
		return D.same[S.fn];
	t = functionTable();
	for (f = 1; f < t.self.length; f++)
		if (best < 0 || Math.abs(amount(most, f)) > Math.abs(amount(most, best)))
			best = f;
	return best;
}

function frameOfThread(name) {
	if (!threadFrames.has(name))
		threadFrames.set(name, addFrame(name || "(no thread)", "#c9ced6"));
	return threadFrames.get(name);
}

function makePanes() {
	var rows = D.rows[type.series], v, hold, f, line;

	if (S.view === "sandwich") {
		f = sandwichFunction();
		hold = f < 0 ? emptyHold(root) : outermost(root, f);
		panes = [{ v: callersView(root, Math.max(f, 0), hold, S.order), at: 0, up: true }, { v: calleesView(root, Math.max(f, 0), hold, S.order), at: 0, up: false }];
		return;
	}
	if (S.view === "chart" && rows.time) {
		line = timeline(tree, rows, type.column, D.threads, root.keep);
		v = chartView(root, line, function (i) { return frameOfThread(line.names[i]); });
	} else {
		v = S.leaf ? leafView(root, S.order) : root;
	}
	panes = [{ v: v, at: S.zoom ? nodeAt(v, S.zoom) : 0, up: !S.flip }];
}

function runSearch() {
	matched = null;
	hits = [];
	delete problem.query;
	if (!S.query)
		return;
	try {
		matched = matchFrames(S.query, S.regex, S.cased);
		hits = S.view === "table" ? [] : hitsOf(panes[0].v, matched);
	} catch (e) {
		problem.query = String(e.message || e);
	}
}

/* Everything from the samples on. */
function rebuild() {
	makeRoot();
	makePanes();
	runSearch();
}

function hasTimes() {
	return !isPart && D.rows.some(function (r) { return r.time !== null; });
}

/* ---- the address ---- */

var FIELDS = ["view", "order", "mode", "focus", "ignore", "hide", "key", "group", "sort"], SWITCHES = ["flip", "leaf", "fold", "up"];
var lastFragment = null, PATTERN_FIELDS = ["focus", "ignore", "hide"];

function fragment() {
	var parts = [], others = readFragment().range;

	if (isPart && others !== undefined)
		parts.push("range=" + others);

	FIELDS.forEach(function (f) {
		if (S[f] !== START[f])
			parts.push(f + "=" + encodeURIComponent(wellFormed(S[f])));
	});
	SWITCHES.forEach(function (f) {
		if (S[f] !== START[f])
			parts.push(f + "=" + (S[f] ? 1 : 0));
	});
	if (S.type !== START.type)
		parts.push("type=" + encodeURIComponent(wellFormed(D.types[S.type].type)) + (sameTypeBefore(S.type) ? "@" + S.type : ""));
	if (S.view === "sandwich" && S.fn >= 0)
		parts.push("fn=" + encodeURIComponent(D.linked[S.fn]));
	if (S.zoom)
		parts.push("zoom=" + S.zoom);
	if (S.query)
		parts.push("search=" + encodeURIComponent(wellFormed(S.query)));
	if (S.query && S.regex)
		parts.push("regex=1");
	if (S.query && S.cased)
		parts.push("case=1");
	return parts.join("&");
}

function sameTypeBefore(i) {
	return D.types.findIndex(function (t) { return t.type === D.types[i].type; }) !== i;
}

/* A step is something to come back from: a zoom, another view. Typing is not. */
function remember(step) {
	var f = fragment();

	if (f === lastFragment)
		return;
	lastFragment = f;
	writeFragment(f, step);
}

function typeNamed(text) {
	var m = /^([^@]*)(?:@(\d+))?$/.exec(text), i;

	if (m && m[2] && +m[2] < D.types.length)
		return +m[2];
	i = D.types.findIndex(function (t) { return m && wellFormed(t.type) === decode(m[1]); });
	return i < 0 ? START.type : i;
}

/*
 * The state an address asks for. Patterns in a link come from somebody else and
 * may be slow ones: they wait in their fields until Enter is pressed there.
 */
function readState() {
	var got = readFragment(), pending = {};

	Object.assign(S, START);
	FIELDS.forEach(function (f) {
		if (got[f] !== undefined)
			S[f] = decode(got[f]).slice(0, NAME_MAX);
	});
	SWITCHES.forEach(function (f) {
		if (got[f] !== undefined)
			S[f] = got[f] === "1";
	});
	if (["graph", "chart", "sandwich", "table"].indexOf(S.view) < 0 || S.view === "chart" && !hasTimes())
		S.view = START.view;
	if (["name", "weight", "file"].indexOf(S.order) < 0)
		S.order = START.order;
	if (S.group && S.group.indexOf("\ufffd") >= 0) /* bytes that are no UTF-8 have no other name in an address */
		S.group = groupsOf(S.key).find(function (g) { return wellFormed(g) === S.group; }) || S.group;
	if (DIFF_MODES.indexOf(S.mode) < 0)
		S.mode = START.mode;
	S.type = got.type ? typeNamed(got.type) : START.type;
	S.fn = got.fn !== undefined ? D.linked.indexOf(decode(got.fn), 1) : -1;
	S.zoom = got.zoom || "";
	S.regex = got.regex === "1";
	S.cased = got["case"] === "1";
	S.query = got.search ? decode(got.search) : "";
	PATTERN_FIELDS.forEach(function (f) {
		if (S[f] && !/^[\w.:$ ]*$/.test(S[f])) {
			pending[f] = S[f];
			S[f] = "";
		}
	});
	if (S.regex && S.query) {
		pending.query = S.query;
		S.query = "";
	}
	return pending;
}
