/* ---- find: search, shares of what matches, paths and links ---- */

var REGEX_MAX = 200, REGEX_MS = 1500;

/* A test of names; throws with a message for people. */
function matcher(query, regex, cased) {
	var r;

	if (!regex) {
		if (!cased)
			query = query.toLowerCase();
		return function (name) { return (cased ? name : name.toLowerCase()).indexOf(query) >= 0; };
	}
	if (query.length > REGEX_MAX)
		throw new Error("pattern is longer than " + REGEX_MAX + " characters");
	try {
		r = new RegExp(query, cased ? "" : "i");
	} catch (e) {
		throw new Error(String(e.message).replace(/^Invalid regular expression: /, "bad pattern: "));
	}
	if (!isQuick(query)) {
		query = stepper(query, cased);
		return function (name) { return query(name.slice(0, NAME_MAX)); };
	}
	return function (name) { return r.test(name.slice(0, NAME_MAX)); };
}

/* Which frames have names that match: 0 or 1 for each, names only, every name looked at once. */
function matchFrames(query, regex, cased) {
	var test = matcher(query, regex, cased), found = new Uint8Array(D.shown.length), until = Date.now() + REGEX_MS, i;

	for (i = 1; i < D.shown.length; i++) {
		found[i] = !(flagsOf(i) & LEFT_OUT) && test(D.shown[i]) ? 1 : 0;
		if ((i & 15) === 0 && Date.now() > until)
			throw new Error("pattern takes too long on this many names");
	}
	return found;
}

/* How many frames from the root to each place match. */
function matchesAbove(source, matched) {
	var above = new Int32Array(source.n), i;

	for (i = 1; i < source.n; i++)
		above[i] = above[source.parent[i]] + matched[source.frame[i]];
	return above;
}

/* What matches: weight is what widths are of; parts has total and self of the parts of the view. */
function noShare(v) {
	return { weight: 0, total: 0, self: 0, count: 0, parts: v.parts.map(function () { return { total: 0, self: 0 }; }) };
}

/* Share of the subtree of `from` that matches: a box inside a matching one is not counted again. */
function shareOfTree(v, matched, from) {
	var got = noShare(v), i = from, covered = -1, c, k;

	for (;;) {
		if (matched[v.frame[i]] && i > 0) {
			got.count++;
			got.self += v.self[i];
			for (k = 0; k < got.parts.length; k++)
				got.parts[k].self += v.parts[k].own[i];
			if (covered < 0) {
				covered = i;
				got.weight += v.weight[i];
				got.total += v.total[i];
				for (k = 0; k < got.parts.length; k++)
					got.parts[k].total += v.parts[k].all[i];
			}
		}
		c = v.first[i];
		if (c >= 0) {
			i = c;
			continue;
		}
		for (;;) {
			if (i === covered)
				covered = -1;
			if (i === from)
				return got;
			if (v.next[i] >= 0) {
				i = v.next[i];
				break;
			}
			i = v.parent[i];
		}
	}
}

function addShare(got, more) {
	got.weight += more.weight;
	got.total += more.total;
	got.self += more.self;
	got.parts.forEach(function (p, k) {
		p.total += more.parts[k].total;
		p.self += more.parts[k].self;
	});
}

/* Of the rows of a box of a chart. */
function shareOfRows(v, h, matched, above, got) {
	var source = v.source, k = h.place > 0 ? above[source.parent[h.place]] : 0, i;

	for (i = h.from; i < h.to; i++) {
		if (above[v.line.at[i]] > k) {
			got.weight += Math.abs(v.line.own[i]);
			got.total += v.line.own[i];
		}
		if (matched[source.frame[v.line.at[i]]])
			got.self += v.line.own[i];
	}
}

/* Of the places of a box whose children are callers; `leaves`: what the places bring is their own. */
function shareOfPlaces(source, h, matched, above, leaves, got) {
	h.at.forEach(function (place, i) {
		var covered = above[place] > 0, own = leaves && matched[source.frame[place]];

		got.weight += covered ? h.gross[i] : 0;
		got.total += covered ? h.own[i] : 0;
		got.self += own ? h.own[i] : 0;
		got.parts.forEach(function (p, k) {
			p.total += covered ? h.parts[k][i] : 0;
			p.self += own ? h.parts[k][i] : 0;
		});
	});
}

/*
 * The same for views that grow, from the places a box holds: exact, whether its
 * children have been made or not. Counts the boxes that are there.
 */
function shareOfHold(v, matched, from) {
	var h = v.hold[from], source = v.source, got = noShare(v), i;

	if (v.kind === "callees")
		h.at.forEach(function (place) { addShare(got, shareOfTree(source, matched, place)); });
	else if (v.kind === "chart")
		shareOfRows(v, h, matched, matchesAbove(source, matched), got);
	else
		shareOfPlaces(source, h, matched, matchesAbove(source, matched), from === 0, got);
	for (i = from; i < v.n; i++)
		got.count += matched[v.frame[i]] && i > 0 && isBelow(v, i, from) ? 1 : 0;
	return got;
}

function isBelow(v, i, from) {
	while (i > from) /* parents have smaller numbers */
		i = v.parent[i];
	return i === from;
}

function shareOf(v, matched, from) {
	return v.expand ? shareOfHold(v, matched, from) : shareOfTree(v, matched, from);
}

/* Makes the children of boxes level by level, until `most` boxes are there. */
function growTo(v, most) {
	var i;

	for (i = 0; v.expand && i < v.n && v.n < most; i++)
		if (v.first[i] === -2)
			v.expand(i);
}

/* Boxes that match, from left to right and from the root outwards. */
function hitsOf(v, matched) {
	var list = [], i = 0;

	growTo(v, 100000);
	while (i >= 0) {
		if (matched[v.frame[i]] && i > 0)
			list.push(i);
		if (v.first[i] >= 0) {
			i = v.first[i];
			continue;
		}
		while (i >= 0 && v.next[i] < 0)
			i = v.parent[i];
		if (i >= 0)
			i = v.next[i];
	}
	return list;
}

/* ---- paths: main;f;g; siblings of one name (flame charts) are told apart by "@N" ---- */

/* Bytes that are no UTF-8 are lone surrogates in the block: to be seen they become U+FFFD. */
function wellFormed(s) {
	return s.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, function (c) { return c.length === 2 ? c : "\ufffd"; });
}

/* Controls, and marks that turn the direction of what follows, so that a name could pretend to be another: as the static picture has them. */
function visible(s) {
	return s.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/* A name in front of numbers, which letters of a script from right to left would drag along. */
function isolated(s) {
	return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]|[\ud802\ud803\ud83a\ud83b]/.test(s) ? "\u2068" + s + "\u2069" : s;
}

function decode(s) {
	try {
		return decodeURIComponent(s);
	} catch (e) {
		return s;
	}
}

function pathOf(v, i) {
	var parts = [], k, n;

	for (; i > 0; i = v.parent[i]) {
		for (n = 0, k = v.first[v.parent[i]]; k >= 0 && k !== i; k = v.next[k])
			if (D.linked[v.frame[k]] === D.linked[v.frame[i]])
				n++;
		parts.push(encodeURIComponent(D.linked[v.frame[i]]) + (n || !D.linked[v.frame[i]] ? "@" + n : "")); /* a path is never empty */
	}
	return parts.reverse().join(";");
}

/* The deepest node on a path; a path that leads nowhere in this profile ends where it still fits. */
function nodeAt(v, path) {
	var at = 0;

	path.split(";").every(function (part) {
		var m = /^([^@]*)(?:@(\d+))?$/.exec(part) || [part, part], name = decode(m[1]), skip = +(m[2] || 0), k;

		for (k = firstChild(v, at); k >= 0; k = v.next[k])
			if (D.linked[v.frame[k]] === name && skip-- === 0) {
				at = k;
				return true;
			}
		return false;
	});
	return at;
}

/* "a=1&b=2" -> {a: "1", b: "2"}, without decoding */
function readFragment() {
	var got = Object.create(null);

	location.hash.replace(/^#/, "").split("&").forEach(function (p) {
		var eq = p.indexOf("=");

		if (eq > 0)
			got[p.slice(0, eq)] = p.slice(eq + 1);
	});
	return got;
}

/* Puts a fragment into the address, as a step to come back from or in place of the one there. */
function writeFragment(f, step) {
	try {
		if (step)
			history.pushState(null, "", "#" + f);
		else
			history.replaceState(null, "", "#" + f);
	} catch (e) {
		try {
			location.hash = f;
		} catch (x) {
			/* an embedding that allows neither: no permalink */
		}
	}
}

/* "Matched: 12.3% of view, self 1.2%, 3 boxes", `hundred` being what 100 % is; of comparisons both sides. */
function matchedWords(v, matched, at, hundred) {
	var m = shareOf(v, matched, at), of = at ? " of view" : "", text;

	if (D.diff && v.parts.length)
		text = bothShares(of, m.parts[0].total, m.total, v, at) + ", self " + bothShares("", m.parts[0].self, m.self, v, at);
	else
		text = percent(m.weight, at ? v.weight[at] : hundred) + of + ", self " + percent(m.self, at ? v.weight[at] : hundred);
	return "Matched: " + text + ", " + m.count.toLocaleString("en") + (m.count === 1 ? " box" : " boxes");
}
