/* ---- words: values, colours and labels for people ---- */

var D = null;    /* the data block */
var type = null; /* the sample type in view: an entry of D.types */

/* What values that are no time and no bytes count. */
function countName() {
	if (D.view.own_count_name)
		return D.view.count_name;
	return type.unit && type.unit !== "count" ? type.unit : type.type || "samples";
}

function value(v) {
	var text, parts;

	v = v * (D.view.factor || 1) / Math.pow(10, type.decimals || 0);
	text = D.view.own_count_name ? null : scaled(v, type.unit);
	if (text !== null)
		return text;
	parts = trim(v, 4).split(".");
	parts[0] = parts[0].replace(/\B(?=(\d{3})+$)/g, ",");
	return counted(parts.join("."), countName());
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

var frameRgb, frameDark, hitRgb, hitDark, ABOVE = [205, 205, 205];

/* How far colours of differences reach: the greatest change of any box below the root. */
function greatestChange(v) {
	var most = 0, i;

	for (i = 1; v.negative && i < v.n; i++)
		most = Math.max(most, Math.abs(v.total[i]));
	return most;
}

function changeRgb(v, most) {
	var far = (v > 0) !== !!D.view.negate ? [240, 125, 30] : [70, 140, 240];
	var t = most && v ? 0.15 + 0.85 * Math.min(1, Math.abs(v) / most) : 0;

	return far.map(function (f) { return Math.round(235 + (f - 235) * t); });
}

/* A frame that stands in no profile: a thread of a chart. */
function addFrame(name, color) {
	D.names.push(name);
	D.linked.push(wellFormed(name));
	D.shown.push(visible(wellFormed(name)));
	D.same.push(D.same.length);
	D.color.push(color);
	frameRgb.push(channels(color));
	frameDark.push(isDark(channels(color)));
	return D.names.length - 1;
}

/* After the block is there. */
function startWords(block) {
	D = block;
	type = D.types[D.view.sample_type];
	frameRgb = D.color.map(channels);
	frameDark = frameRgb.map(isDark);
	if (D.states)
		D.states.rgb = D.states.color.map(channels);
	hitRgb = searchRgb(D.view.search_color);
	hitDark = isDark(hitRgb);
}

function flagsOf(f) {
	return f < D.flags.length ? D.flags[f] : 0;
}

/* "kernel, JIT, libfoo.so, foo.c" */
function whereIs(f) {
	var where = [], flags = flagsOf(f);

	if (flags & 1)
		where.push("kernel");
	if (flags & 2)
		where.push("JIT");
	if (flags & 4)
		where.push("inlined");
	if (D.module[f])
		where.push(D.strings[D.module[f]]);
	if (D.file[f])
		where.push(D.strings[D.file[f]] + (D.line[f] > 0 ? ":" + D.line[f] : ""));
	return where;
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

/* Behind a dot these are no names: clone suffixes ("f.isra.0") and endings of files. */
var NO_NAME = /^\.(?:cold|isra|part|constprop|llvm|lto_priv|c|cc|cpp|cxx|h|hpp|go|js|mjs|jsx|ts|tsx|py|rb|rs|so|dll|exe|java|php|pl)(?![\w$])/;

/*
 * What is left of a qualified name without its first parts, longest first:
 * "http.(*Client).Do", "(*Client).Do", "Do" of "net/http.(*Client).Do".
 */
function lastParts(s) {
	var list = [], depth = 0, i, c, next;

	for (i = 0; i + 1 < s.length && list.length < 12; i++) {
		c = s[i];
		next = s[i + 1];
		if (c === "<" || c === "(" || c === "[")
			depth++;
		else if (c === ">" && s[i - 1] !== "-" || c === ")" || c === "]")
			depth = Math.max(0, depth - 1);
		else if (!depth && (c === "/" || c === ":" && s[i - 1] === ":" && next !== ":" || c === "." && /[A-Za-z_$(]/.test(next) && !NO_NAME.test(s.slice(i, i + 12))))
			list.push("\u2026" + s.slice(i + 1));
	}
	return list;
}

var shorter = [];

function variants(f) {
	if (!shorter[f]) {
		var a = D.shown[f].slice(0, NAME_MAX), b = withoutParameters(a), t = withoutTemplates(b);

		shorter[f] = [a, b, t].concat(lastParts(t)).map(function (s) { return [s, columns(s)]; });
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
	s = v[v.length - 1][0].replace(/^\u2026/, ""); /* what tells names of one package apart */
	n = columns(s) === s.length ? room - 1 : Math.floor((room - 1) / 2);
	if (s.charCodeAt(n - 1) >= 0xd800 && s.charCodeAt(n - 1) < 0xdc00)
		n--;
	return s.slice(0, n) + "\u2026";
}

