/* ---- trees: views of the data block ---- */

/*
 * A view has columns per node: frame, parent, depth, first (child), next
 * (sibling), self, total, weight (of absolute values: the width) and start
 * (weight left of it). Views other than that from the root grow while they are
 * looked at: expand(i) makes the children of a node.
 *
 * Beside them there may be parts, other values of the same boxes: what they were
 * before (comparisons), or what they are in each state. Each has own and all:
 * what self and total are of the values.
 */

/* The tree without hidden frames (hide: per frame) and, when folding, with each recursion led back to where it began. */
function deriveTree(base, same, hide, fold) {
	var n = 1, frame, parent, depth, map, kids = new Map(), i, p, f, q, key, at;

	if (!hide && !fold)
		return base;
	frame = new Int32Array(base.n);
	parent = new Int32Array(base.n);
	depth = new Int32Array(base.n);
	map = new Int32Array(base.n);
	frame[0] = base.frame[0];
	parent[0] = -1;
	for (i = 1; i < base.n; i++) {
		p = map[base.parent[i]];
		f = base.frame[i];
		if (hide && hide[f]) {
			map[i] = p;
			continue;
		}
		if (fold) {
			for (q = p; q > 0 && same[frame[q]] !== same[f]; q = parent[q])
				;
			if (q > 0) {
				map[i] = q;
				continue;
			}
		}
		key = p * 4194304 + same[f]; /* exact: fewer than 2^22 frames and 2^31 nodes */
		at = kids.get(key);
		if (at === undefined) {
			kids.set(key, at = n++);
			frame[at] = f;
			parent[at] = p;
			depth[at] = depth[p] + 1;
		}
		map[i] = at;
	}
	return { n: n, frame: frame.subarray(0, n), parent: parent.subarray(0, n), depth: depth.subarray(0, n), map: map };
}

/* Sums of rows per node: own (signed) and gross (absolute; the same array when nothing is negative). `keep` chooses rows. */
function sumRows(tree, rows, column, keep) {
	var own = new Float64Array(tree.n), gross = own, v = rows.values[column], map = tree.map, i, at, negative = false;

	for (i = 0; i < rows.n && !negative; i++)
		negative = v[i] < 0;
	if (negative)
		gross = new Float64Array(tree.n);
	for (i = 0; i < rows.n; i++) {
		if (keep && !keep(i))
			continue;
		at = map ? map[rows.node[i]] : rows.node[i];
		own[at] += v[i];
		if (negative)
			gross[at] += Math.abs(v[i]);
	}
	return { own: own, gross: gross, negative: negative };
}

/* Totals from the leaves up: parents have smaller numbers. */
function upwards(tree, own) {
	var total = own.slice(), i;

	for (i = tree.n - 1; i > 0; i--)
		total[tree.parent[i]] += total[i];
	return total;
}

function compareWith(order, frame, weight) {
	return order === "weight" ? function (a, b) { return weight[b] - weight[a] || frame[a] - frame[b]; } :
		function (a, b) { return frame[a] - frame[b]; }; /* frames are numbered in the order of their names */
}

/* Links the children of every node in the wanted order and gives them places. "file": as the file has them. */
function linkChildren(v, order, sorted) {
	var first = v.first = new Int32Array(v.n).fill(-1), next = v.next = new Int32Array(v.n).fill(-1), i, p, c, s, list, before;

	v.start = new Float64Array(v.n);
	for (i = v.n - 1; i > 0; i--)
		if (v.weight[i] > 0) {
			next[i] = first[v.parent[i]];
			first[v.parent[i]] = i;
		}
	before = sorted ? null : compareWith(order, v.frame, v.weight);
	for (p = 0; p < v.n; p++) {
		if (first[p] < 0)
			continue;
		if (before && next[first[p]] >= 0) {
			for (list = [], c = first[p]; c >= 0; c = next[c])
				list.push(c);
			list.sort(before);
			first[p] = list[0];
			for (i = 0; i < list.length; i++)
				next[list[i]] = i + 1 < list.length ? list[i + 1] : -1;
		}
		for (s = v.start[p], c = first[p]; c >= 0; c = next[c]) {
			v.start[c] = s;
			s += v.weight[c];
		}
	}
}

/* The view from the root. sums: of sumRows(). */
function rootView(tree, sums, order, sorted) {
	var v = { kind: "root", n: tree.n, frame: tree.frame, parent: tree.parent, depth: tree.depth, self: sums.own, gross: sums.gross, negative: sums.negative, tree: tree, expand: null };

	v.total = upwards(tree, sums.own);
	v.weight = sums.gross === sums.own ? v.total : upwards(tree, sums.gross);
	v.parts = (sums.parts || []).map(function (own) { return { own: own, all: upwards(tree, own) }; });
	linkChildren(v, order, sorted);
	return v;
}

/* ---- views that grow ---- */

function growingView(kind, source, frame, total, weight) {
	return {
		kind: kind, n: 1, frame: [frame], parent: [-1], depth: [0], first: [-2], next: [-1], self: [0], total: [total], weight: [weight],
		start: [0], source: source, negative: source.negative, hold: [null], expand: null, parts: source.parts.map(function () { return { own: [0], all: [0] }; })
	};
}

function addNode(v, parent, frame, total, weight, hold) {
	v.parts.forEach(function (part) {
		part.own.push(0);
		part.all.push(0);
	});
	v.frame.push(frame);
	v.parent.push(parent);
	v.depth.push(v.depth[parent] + 1);
	v.first.push(-2); /* not looked at yet */
	v.next.push(-1);
	v.self.push(0);
	v.total.push(total);
	v.weight.push(weight);
	v.start.push(0);
	v.hold.push(hold);
	return v.n++;
}

function linkGrown(v, p, list) {
	var s = v.start[p], i;

	v.first[p] = list.length ? list[0] : -1;
	for (i = 0; i < list.length; i++) {
		v.next[list[i]] = i + 1 < list.length ? list[i + 1] : -1;
		v.start[list[i]] = s;
		s += v.weight[list[i]];
	}
}

/*
 * Views merged over places of the view from the root: a node holds the places
 * (at), what each brings (own, gross) and that of each part; step(hold, k, give)
 * calls give(place, total, weight, part -> total) for what stands one further
 * along than place k. What is not given on ends here.
 */
function emptyHold(source) {
	return { at: [], own: [], gross: [], parts: source.parts.map(function () { return []; }) };
}

function holdPlace(h, place, own, gross, part) {
	var k;

	h.at.push(place);
	h.own.push(own);
	h.gross.push(gross);
	for (k = 0; k < h.parts.length; k++)
		h.parts[k].push(part(k));
}

function sumOf(list) {
	var sum = 0, i;

	for (i = 0; i < list.length; i++)
		sum += list[i];
	return sum;
}

/* What is left of a sum after its parts were taken away: nothing, where only rounding is. */
function remainder(all, given, weight) {
	return Math.abs(all - given) < 1e-9 * weight ? 0 : all - given;
}

function mergedView(kind, source, hold, frame, order, step) {
	var v = growingView(kind, source, frame, sumOf(hold.own), sumOf(hold.gross));

	v.hold[0] = hold;
	v.parts.forEach(function (part, k) { part.all[0] = sumOf(hold.parts[k]); });
	v.expand = function (p) {
		var groups = new Map(), list = [], h = v.hold[p], given = 0, k;

		function give(place, own, weight, part) {
			var f = source.frame[place], g = groups.get(D.same[f]);

			if (!g) {
				groups.set(D.same[f], g = emptyHold(source));
				g.frame = f;
			}
			holdPlace(g, place, own, weight, part);
			given += own;
		}

		for (k = 0; k < h.at.length; k++)
			step(h, k, give, p);
		v.parts.forEach(function (part, c) { part.own[p] = part.all[p]; });
		groups.forEach(function (g) {
			var weight = sumOf(g.gross), i;

			if (!(weight > 0))
				return;
			list.push(i = addNode(v, p, g.frame, sumOf(g.own), weight, g));
			v.parts.forEach(function (part, c) {
				part.all[i] = sumOf(g.parts[c]);
				part.own[p] -= part.all[i];
			});
		});
		list.sort(compareWith(order, v.frame, v.weight));
		v.self[p] = remainder(v.total[p], given, v.weight[p]);
		v.parts.forEach(function (part) { part.own[p] = remainder(part.own[p], 0, part.all[p]); });
		linkGrown(v, p, list);
	};
	return v;
}

function toCallers(source) {
	var hold, at;

	function part(c) { return hold.parts[c][at]; }

	return function (h, k, give) {
		hold = h;
		at = k;
		if (source.parent[h.at[k]] > 0)
			give(source.parent[h.at[k]], h.own[k], h.gross[k], part);
	};
}

function toCallees(source) {
	var i;

	function part(c) { return source.parts[c].all[i]; }

	return function (h, k, give) {
		for (i = source.first[h.at[k]]; i >= 0; i = source.next[i])
			give(i, source.total[i], source.weight[i], part);
	};
}

/* Merged from the leaves: children are callers. */
function leafView(source, order) {
	var hold = emptyHold(source), gross = source.gross, callers = toCallers(source), i, at;

	function own(c) { return source.parts[c].own[i]; }
	function leaf(c) { return hold.parts[c][at]; }

	for (i = 1; i < source.n; i++)
		if (gross[i])
			holdPlace(hold, i, source.self[i], Math.abs(gross[i]), own);
	return mergedView("leaf", source, hold, source.frame[0], order, function (h, k, give, p) {
		at = k;
		if (p === 0) /* the first step leads to the leaves themselves */
			give(h.at[k], h.own[k], h.gross[k], leaf);
		else
			callers(h, k, give);
	});
}

/* Places of a function that are not below another place of it. */
function outermost(source, frame) {
	var hold = emptyHold(source), stack = [0], i, c;

	function all(k) { return source.parts[k].all[i]; }

	while (stack.length) {
		i = stack.pop();
		if (D.same[source.frame[i]] === D.same[frame] && i > 0) {
			holdPlace(hold, i, source.total[i], source.weight[i], all);
			continue;
		}
		for (c = source.first[i]; c >= 0; c = source.next[c])
			stack.push(c);
	}
	return hold;
}

function callersView(source, frame, hold, order) {
	return mergedView("callers", source, hold, frame, order, toCallers(source));
}

function calleesView(source, frame, hold, order) {
	return mergedView("callees", source, hold, frame, order, toCallees(source));
}

/* ---- flame charts ---- */

/*
 * Rows of a column in the order of time, thread after thread as they come first (without one: before all others), those without
 * a time first: their places in the tree, and their values. As add_rows_in_order() has them.
 */
function timeline(tree, rows, column, threads, keep) {
	var order = [], out = { at: [], own: [], time: [], thread: [], state: [], n: 0 }, v = rows.values[column], number = new Map(), i;

	function thread(r) {
		var name = rows.labels ? threads[rows.labels[r]] : "";

		if (!number.has(name))
			number.set(name, number.size);
		return number.get(name);
	}

	for (i = 0; i < rows.n; i++)
		if (v[i] && (!keep || keep(i)) && !(rows.labels && threads[rows.labels[i]]))
			break;
	if (i < rows.n)
		number.set("", 0);
	for (i = 0; i < rows.n; i++)
		if (v[i] && (!keep || keep(i)))
			order.push({ row: i, thread: thread(i), time: rows.time[i] === rows.time[i] ? rows.time[i] : -Infinity });
	order.sort(function (a, b) { return a.thread - b.thread || (a.time === b.time ? 0 : a.time - b.time) || a.row - b.row; });
	order.forEach(function (o) {
		out.at.push(tree.map ? tree.map[rows.node[o.row]] : rows.node[o.row]);
		out.own.push(v[o.row]);
		out.time.push(o.time);
		out.thread.push(o.thread);
		out.state.push(stateOf(rows, o.row));
	});
	out.n = order.length;
	out.names = Array.from(number.keys());
	return out;
}

/*
 * The view in time order: a node holds a run of rows [from, to) of one thread
 * that go through one place of the tree. threadFrame(i): the frame that stands
 * for thread i, or nothing for charts without a row of threads.
 */
function chartView(source, line, threadFrame) {
	var total = 0, gross = 0, i, v;

	for (i = 0; i < line.n; i++) {
		total += line.own[i];
		gross += Math.abs(line.own[i]);
	}
	v = growingView("chart", source, source.frame[0], total, gross);
	v.line = line;
	for (i = 0; i < line.n; i++)
		if (line.state[i] >= 0)
			v.parts[line.state[i]].all[0] += Math.abs(line.own[i]);
	v.hold[0] = { from: 0, to: line.n, place: 0, threads: threadFrame && line.names.length > 1 };
	v.expand = function (p) {
		var h = v.hold[p], depth = source.depth[h.place] + 1, list = [], r, c, g = null, rest = v.total[p];

		for (r = h.from; r < h.to; r++) {
			c = h.threads ? 0 : line.at[r];
			if (!h.threads) {
				if (source.depth[c] < depth) {
					g = null;
					continue;
				}
				while (source.depth[c] > depth)
					c = source.parent[c];
			}
			if (!g || g.place !== c || g.thread !== line.thread[r]) {
				g = { from: r, to: r, place: c, thread: line.thread[r], threads: false };
				list.push(addNode(v, p, h.threads ? threadFrame(g.thread) : source.frame[c], 0, 0, g));
			}
			g.to = r + 1;
			i = list[list.length - 1];
			v.total[i] += line.own[r];
			v.weight[i] += Math.abs(line.own[r]);
			if (line.state[r] >= 0)
				v.parts[line.state[r]].all[i] += Math.abs(line.own[r]);
			rest -= line.own[r];
		}
		v.self[p] = rest;
		linkChart(v, p, list);
	};
	return v;
}

/* Boxes of a chart stand where their rows are, with gaps where the parent itself ran. */
function linkChart(v, p, list) {
	var line = v.line, r = v.hold[p].from, s = v.start[p], i;

	v.first[p] = list.length ? list[0] : -1;
	for (i = 0; i < list.length; i++) {
		v.next[list[i]] = i + 1 < list.length ? list[i + 1] : -1;
		for (; r < v.hold[list[i]].from; r++)
			s += Math.abs(line.own[r]);
		v.start[list[i]] = s;
	}
}

/* ---- walking ---- */

/* First child of a node, whose children are made when they are not there yet; -1 when it has none. */
function firstChild(v, i) {
	if (v.first[i] === -2)
		v.expand(i);
	return v.first[i];
}

/* Self and total of every frame, and of each part; a frame below itself counts once. */
function totalsByFrame(v, same) {
	var n = same.length, sums = { self: new Float64Array(n), total: new Float64Array(n) }, on = new Int32Array(n), i = 0, f, c;

	sums.parts = v.parts.map(function () { return { self: new Float64Array(n), total: new Float64Array(n) }; });
	while (i >= 0) {
		f = same[v.frame[i]];
		sums.self[f] += v.self[i];
		for (c = 0; c < sums.parts.length; c++)
			sums.parts[c].self[f] += v.parts[c].own[i];
		if (on[f]++ === 0) {
			sums.total[f] += v.total[i];
			for (c = 0; c < sums.parts.length; c++)
				sums.parts[c].total[f] += v.parts[c].all[i];
		}
		if (v.first[i] >= 0) {
			i = v.first[i];
			continue;
		}
		for (;;) { /* leave what ends here */
			on[same[v.frame[i]]]--;
			if (v.next[i] >= 0) {
				i = v.next[i];
				break;
			}
			i = v.parent[i];
			if (i < 0)
				break;
		}
	}
	return sums;
}
