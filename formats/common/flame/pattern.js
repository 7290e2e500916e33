
/* ---- patterns: regular expressions that cannot hang the page ---- */

/*
 * The engine of the browser goes back and forth, and a pattern like (a+)+$ keeps
 * it busy for years within one name; nothing can interrupt it, and a worker would
 * need a second script that content security policies do not allow. Patterns
 * with one repetition at most go there. Others become a list of steps, and all
 * places a match could be at go through the name together: time grows with the
 * length of the name times that of the pattern. No back references, no look-around.
 */
var CHAR = 0, SPLIT = 1, JUMP = 2, AT = 3, DONE = 4, STEPS_MAX = 5000, REPEAT_MAX = 1000;

function isWord(c) {
	return c >= 48 && c <= 57 || c >= 65 && c <= 90 || c === 95 || c >= 97 && c <= 122;
}

function escapedClass(letter) {
	var of = { d: function (c) { return c >= 48 && c <= 57; }, w: isWord, s: function (c) { return /\s/.test(String.fromCharCode(c)); } }[letter.toLowerCase()];

	return of && (letter === letter.toLowerCase() ? of : function (c) { return !of(c); });
}

function parsePattern(text, cased) {
	var at = 0;

	function fail(what) {
		throw new Error("bad pattern: " + what);
	}

	/* Both cases of a character, where case does not matter. */
	function folded(test) {
		return cased ? test : function (c) {
			var s = String.fromCharCode(c), l = s.toLowerCase(), u = s.toUpperCase();

			return test(c) || l.length === 1 && test(l.charCodeAt(0)) || u.length === 1 && test(u.charCodeAt(0));
		};
	}

	function one(code) {
		return function (c) { return c === code; };
	}

	/* What stands behind a backslash: a test, or the code of a character. */
	function escape(inClass) {
		var letter = text[at++], m, of;

		if (letter === undefined)
			fail("nothing behind \\");
		of = escapedClass(letter);
		if (of)
			return of;
		if (letter === "b" && inClass)
			return 8;
		if (/[1-9k]/.test(letter))
			fail("references back (\\" + letter + ") are not supported");
		m = letter === "x" ? /^[0-9a-fA-F]{2}/.exec(text.slice(at)) : letter === "u" ? /^[0-9a-fA-F]{4}/.exec(text.slice(at)) : null;
		if (m) {
			at += m[0].length;
			return parseInt(m[0], 16);
		}
		m = "tnrfv0".indexOf(letter);
		return m >= 0 ? [9, 10, 13, 12, 11, 0][m] : letter.charCodeAt(0);
	}

	/* [a-z\d], behind the bracket */
	function set() {
		var not = text[at] === "^", tests = [], lo, hi, got;

		at += not ? 1 : 0;
		for (;;) {
			if (at >= text.length)
				fail("[ without ]");
			if (text[at] === "]")
				break;
			lo = text[at++] === "\\" ? escape(true) : text.charCodeAt(at - 1);
			hi = lo;
			if (text[at] === "-" && at + 1 < text.length && text[at + 1] !== "]" && typeof lo === "number") {
				at++;
				hi = text[at++] === "\\" ? escape(true) : text.charCodeAt(at - 1);
			}
			tests.push([lo, hi]);
		}
		at++;
		got = folded(function (c) {
			return tests.some(function (t) { return typeof t[0] === "function" ? t[0](c) : typeof t[1] === "function" ? c === t[0] || t[1](c) : c >= t[0] && c <= t[1]; });
		});
		return not ? function (c) { return !got(c); } : got;
	}

	function group() {
		var m = /^\?(:|<[A-Za-z_$][\w$]*>)/.exec(text.slice(at)), node;

		if (text[at] === "?" && !m)
			fail("look-around beside other repetitions is not supported");
		at += m ? m[0].length : 0;
		node = alternatives();
		if (text[at++] !== ")")
			fail("( without )");
		return node;
	}

	function atom() {
		var c = text[at++], got;

		switch (c) {
		case "(": return group();
		case "[": return { test: set() };
		case ".": return { test: function (x) { return x !== 10 && x !== 13 && x !== 0x2028 && x !== 0x2029; } };
		case "^": case "$": return { where: c };
		case "*": case "+": case "?": return fail("nothing to repeat");
		case "\\":
			if (text[at] === "b" || text[at] === "B")
				return { where: text[at++] };
			got = escape(false);
			return { test: folded(typeof got === "number" ? one(got) : got) };
		default: return { test: folded(one(c.charCodeAt(0))) };
		}
	}

	function repeated() {
		var node = atom(), m;

		for (;;) {
			m = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/.exec(text.slice(at));
			if (!m)
				return node;
			at += m[0].length;
			if (m[1] === undefined)
				node = { of: node, min: m[0][0] === "+" ? 1 : 0, max: m[0][0] === "?" ? 1 : Infinity };
			else
				node = { of: node, min: +m[1], max: m[2] === undefined ? +m[1] : m[3] === "" ? Infinity : +m[3] };
			if (node.min > REPEAT_MAX || isFinite(node.max) && node.max > REPEAT_MAX)
				fail("more than " + REPEAT_MAX + " repetitions");
		}
	}

	function sequence() {
		var list = [];

		while (at < text.length && text[at] !== "|" && text[at] !== ")")
			list.push(repeated());
		return { list: list };
	}

	function alternatives() {
		var any = [sequence()];

		while (text[at] === "|") {
			at++;
			any.push(sequence());
		}
		return any.length > 1 ? { any: any } : any[0];
	}

	var whole = alternatives();

	if (at < text.length)
		fail(") without (");
	return whole;
}

/* Answers for the characters names are made of, so that they are computed once. */
function answers(test) {
	return Uint8Array.from({ length: 128 }, function (x, c) { return test(c) ? 1 : 0; });
}

/* The steps of a parsed pattern: [what, ...]. */
function stepsOf(whole) {
	var steps = [];

	function push(step) {
		if (steps.length >= STEPS_MAX)
			throw new Error("bad pattern: too many repetitions");
		steps.push(step);
		return step;
	}

	function put(node) {
		var k, split, ends;

		if (node.test) {
			push([CHAR, node.test, answers(node.test)]);
		} else if (node.where) {
			push([AT, node.where]);
		} else if (node.list) {
			node.list.forEach(put);
		} else if (node.any) {
			ends = [];
			node.any.forEach(function (n, i) {
				split = i + 1 < node.any.length ? push([SPLIT, steps.length + 1, 0]) : null;
				put(n);
				if (split) {
					ends.push(push([JUMP, 0]));
					split[2] = steps.length;
				}
			});
			ends.forEach(function (e) { e[1] = steps.length; });
		} else {
			for (k = 0; k < node.min; k++)
				put(node.of);
			if (node.max === Infinity) {
				k = steps.length;
				split = push([SPLIT, k + 1, 0]);
				put(node.of);
				push([JUMP, k]);
				split[2] = steps.length;
			} else {
				for (ends = []; k < node.max; k++) {
					ends.push(push([SPLIT, steps.length + 1, 0]));
					put(node.of);
				}
				ends.forEach(function (e) { e[2] = steps.length; });
			}
		}
	}

	put(whole);
	push([DONE]);
	return steps;
}

/* A test of names that looks at each character once. */
function stepper(text, cased) {
	var steps = stepsOf(parsePattern(text, cased)), seen = new Int32Array(steps.length).fill(-1), now = [], next = [], stack = [];

	function holds(where, name, i) {
		if (where === "^" || where === "$")
			return i === (where === "^" ? 0 : name.length);
		return (where === "b") === ((i > 0 && isWord(name.charCodeAt(i - 1))) !== (i < name.length && isWord(name.charCodeAt(i))));
	}

	/* Where one may be at character i without reading it; true when the pattern is through. */
	function reach(list, from, name, i) {
		var s, step;

		stack.push(from);
		while (stack.length) {
			s = stack.pop();
			if (seen[s] === i)
				continue;
			seen[s] = i;
			step = steps[s];
			if (step[0] === DONE) {
				stack.length = 0;
				return true;
			}
			if (step[0] === CHAR)
				list.push(s);
			else if (step[0] === AT && holds(step[1], name, i))
				stack.push(s + 1);
			else if (step[0] === JUMP)
				stack.push(step[1]);
			else if (step[0] === SPLIT)
				stack.push(step[2], step[1]);
		}
		return false;
	}

	return function (name) {
		var i, k, c, swap;

		seen.fill(-1);
		now.length = 0;
		for (i = 0; i <= name.length; i++) {
			if (reach(now, 0, name, i))
				return true;
			c = i < name.length ? name.charCodeAt(i) : -1;
			next.length = 0;
			for (k = 0; c >= 0 && k < now.length; k++)
				if ((c < 128 ? steps[now[k]][2][c] : steps[now[k]][1](c)) && reach(next, now[k] + 1, name, i + 1))
					return true;
			swap = now;
			now = next;
			next = swap;
		}
		return false;
	};
}

/* May the engine of the browser have it? At most one repetition without end, and nothing that refers to other parts. */
function isQuick(text) {
	var bare = text.replace(/\\[^1-9k]/g, "x").replace(/\[(?:\\.|[^\]])*\]/g, "x");

	return !/\\/.test(bare) && (bare.match(/[*+{]/g) || []).length <= 1 && !/\)[*+{]/.test(bare) && !/\?.*\?.*\?.*\?/.test(bare);
}
