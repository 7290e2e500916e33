/*
 * Viewer of profdata's flame graphs. Draws the part of the tree that is asked
 * for from the data block, so that the page never holds more boxes than can be
 * seen. Without it the file is a static picture.
 *
 * The same bytes stand in every file: nothing of a profile is ever put into
 * script, names reach the page as text nodes and attributes only.
 */
(function () {
"use strict";

var SVG = "http://www.w3.org/2000/svg", XHTML = "http://www.w3.org/1999/xhtml";
var MARGIN = 10, FOOT = 30, SMALLEST = 0.3, REGEX_MAX = 200, REGEX_MS = 700, NAME_MAX = 4000;
var LEFT_OUT = 8;

var svg = document.currentScript && document.currentScript.ownerSVGElement || document.documentElement;
var isPage = svg === document.documentElement || document.body && document.body.className === "pdfg-page"; /* nothing else is there */
var D;

try {
	D = JSON.parse(svg.querySelector("metadata.profdata").textContent);
} catch (e) {
	return; /* the picture stays as it is */
}

/* ---- the tree as columns ---- */

var names = D.frames.name.map(function (s) { return D.strings[s]; });
var labels = names.map(function (s) { return s.replace(/_\[[kijw01]\]$/, "") || s; });
var T = readTree(D.tree, D.signed ? 3 : 2);
D.tree = null;
var whole = Math.max(D.whole || 0, T.weight[0]);

function readTree(t, step) {
	var room = Math.floor(t.length / step) + 1, n = 0, i = 0, cur = -1, p, up, k;
	var x = {
		frame: new Int32Array(room), parent: new Int32Array(room), depth: new Int32Array(room), end: new Int32Array(room),
		self: new Float64Array(room), total: new Float64Array(room), weight: new Float64Array(room), start: new Float64Array(room)
	};

	while (i < t.length) {
		p = cur;
		if (t[i] < 0)
			for (up = -t[i++]; up > 0 && p >= 0; up--)
				p = x.parent[p];
		x.frame[n] = t[i];
		x.self[n] = x.total[n] = t[i + 1];
		x.weight[n] = step === 3 ? t[i + 2] : t[i + 1];
		x.parent[n] = p;
		x.depth[n] = p < 0 ? 0 : x.depth[p] + 1;
		x.end[n] = n + 1;
		cur = n++;
		i += step;
	}
	for (k = n - 1; k > 0; k--) {
		p = x.parent[k];
		x.total[p] += x.total[k];
		x.weight[p] += x.weight[k];
		x.end[p] = Math.max(x.end[p], x.end[k]);
	}
	var next = new Float64Array(room);
	for (k = 1; k < n; k++) {
		p = x.parent[k];
		x.start[k] = next[k] = next[p];
		next[p] += x.weight[k];
	}
	x.n = n;
	return x;
}

/* ---- numbers for people ---- */

var TIME = [["ns", 1], ["us", 1e3], ["ms", 1e6], ["s", 1e9], ["mins", 60e9], ["hrs", 3600e9]];
var BYTES = [["B", 1], ["kB", 1024], ["MB", 1048576], ["GB", 1073741824], ["TB", 1099511627776]];
var UNITS = {
	nanoseconds: [TIME, 1], ns: [TIME, 1], microseconds: [TIME, 1e3], us: [TIME, 1e3], milliseconds: [TIME, 1e6],
	ms: [TIME, 1e6], seconds: [TIME, 1e9], s: [TIME, 1e9], bytes: [BYTES, 1], "byte": [BYTES, 1], B: [BYTES, 1],
	kilobytes: [BYTES, 1024], kB: [BYTES, 1024]
};

function trim(v, decimals) {
	return String(Number(v.toFixed(decimals)));
}

function value(v) {
	var unit = D.unit_scales && Object.prototype.hasOwnProperty.call(UNITS, D.unit) ? UNITS[D.unit] : null, i, parts;

	v = v * (D.factor || 1) / Math.pow(10, D.decimals || 0);
	if (unit) {
		v *= unit[1];
		for (i = 0; i + 1 < unit[0].length && Math.abs(v) >= unit[0][i + 1][1]; i++)
			;
		return trim(v / unit[0][i][1], 2) + unit[0][i][0];
	}
	parts = trim(v, 4).split(".");
	parts[0] = parts[0].replace(/\B(?=(\d{3})+$)/g, ",");
	return parts.join(".") + " " + D.count_name;
}

function percent(v, of) {
	var p = of > 0 ? v / of * 100 : 0;

	return v && Math.abs(p) < 0.005 ? "<0.01%" : trim(p, 2) + "%"; /* something is never shown as nothing */
}

/* ---- colours ---- */

function channels(c) {
	return [parseInt(c.substr(1, 2), 16), parseInt(c.substr(3, 2), 16), parseInt(c.substr(5, 2), 16)];
}

function luminance(rgb) {
	var l = rgb.map(function (v) {
		v /= 255;
		return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
	});
	return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2];
}

/* White text where it reads better than black. */
function isDark(rgb) {
	return 1.05 / (luminance(rgb) + 0.05) > (luminance(rgb) + 0.05) / 0.05;
}

function searchRgb(text) {
	var m = /^rgb\( *(\d+), *(\d+), *(\d+)\)$/.exec(text || ""), h = /^#(.)(.)(.)$/.exec(text || "");

	if (m)
		return [+m[1], +m[2], +m[3]];
	if (h)
		text = "#" + h[1] + h[1] + h[2] + h[2] + h[3] + h[3];
	return channels(/^#[0-9a-fA-F]{6}$/.test(text || "") ? text : "#e600e6");
}

function css(rgb) {
	return "rgb(" + rgb.join(",") + ")";
}

var frameRgb = D.frames.color.map(channels);
var frameDark = frameRgb.map(isDark);
var hitRgb = searchRgb(D.search_color), hitDark = isDark(hitRgb);
var ABOVE = [205, 205, 205];
var maxChange = 0;

if (D.signed)
	for (var c = 1; c < T.n; c++)
		maxChange = Math.max(maxChange, Math.abs(T.total[c]));

function changeRgb(v) {
	var far = (v > 0) !== !!D.negate ? [240, 125, 30] : [70, 140, 240];
	var t = maxChange && v ? 0.15 + 0.85 * Math.min(1, Math.abs(v) / maxChange) : 0;

	return far.map(function (f) { return Math.round(235 + (f - 235) * t); });
}

/* ---- labels ---- */

/* Columns a text takes: characters of East Asian scripts are two wide. */
function columns(s) {
	var n = 0, i, code;

	for (i = 0; i < s.length; i++) {
		code = s.charCodeAt(i);
		n += code >= 0x1100 && (code < 0x1160 || code >= 0x2e80 && code < 0xd800 || code >= 0xf900 && code < 0xfb00 || code >= 0xfe30 && code < 0xfe70 || code >= 0xff00 && code < 0xff61) ? 2 : 1;
	}
	return n;
}

/* "f<T>(int) const" without its parameter list. */
function withoutParameters(s) {
	var end = s.replace(/ (const|\[clone [^\]]*\])$/, ""), depth = 0, i;

	if (end[end.length - 1] !== ")")
		return s;
	for (i = end.length - 1; i > 0; i--) {
		if (end[i] === ")")
			depth++;
		else if (end[i] === "(" && --depth === 0)
			return i > 0 && end[i - 1] !== "." && end[i - 1] !== ":" ? end.slice(0, i) : s;
	}
	return s;
}

/* "vector<int, alloc<int>>::push" with its template arguments as "<\u2026>". */
function withoutTemplates(s) {
	var out = "", depth = 0, i;

	if (s.indexOf("operator") >= 0 || s[0] === "<")
		return s;
	for (i = 0; i < s.length; i++) {
		if (s[i] === "<") {
			if (depth++ === 0)
				out += "<\u2026>";
		} else if (s[i] === ">" && s[i - 1] !== "-") {
			if (--depth < 0)
				return s;
		} else if (!depth) {
			out += s[i];
		}
	}
	return depth ? s : out;
}

/* The last part of a qualified name. */
function lastPart(s) {
	var m = /(?:^|::|\/)([^:\/]+)$/.exec(s);

	return m && m[1].length < s.length ? "\u2026" + m[1] : s;
}

/* "handleJob" of "main.(*shop).handleJob"; clone suffixes (".isra.0", ".cold") are no names. */
function lastWord(s) {
	var m = /\.([A-Za-z_$][\w$]*)$/.exec(s);

	return m && !/^(cold|isra|part|constprop|llvm|lto_priv)$/.test(m[1]) ? "\u2026" + m[1] : s;
}

var shorter = [];

function variants(f) {
	if (!shorter[f]) {
		var a = labels[f].slice(0, NAME_MAX), b = withoutParameters(a), t = withoutTemplates(b), l = lastPart(t), w = lastWord(l);

		shorter[f] = [a, b, t, l, w].map(function (s) { return [s, columns(s)]; });
	}
	return shorter[f];
}

/* The longest form of a name that fits into `room` columns; "" when nothing readable does. */
function fitted(f, room) {
	var v = variants(f), i, s, n;

	if (room < 3)
		return "";
	for (i = 0; i < v.length; i++)
		if (v[i][1] <= room)
			return v[i][0];
	s = v[4][0].replace(/^\u2026/, ""); /* what tells names of one package apart */
	n = columns(s) === s.length ? room - 1 : Math.floor((room - 1) / 2);
	if (s.charCodeAt(n - 1) >= 0xd800 && s.charCodeAt(n - 1) < 0xdc00)
		n--;
	return s.slice(0, n) + "\u2026";
}

/* ---- goes on in svg_viewer.js ---- */
