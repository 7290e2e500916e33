/* ---- units: numbers for people ---- */

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

/* "12.34ms" of a value whose unit scales; null of others, which are counted. */
function scaled(v, name) {
	var unit = Object.prototype.hasOwnProperty.call(UNITS, name) ? UNITS[name] : null, i;

	if (!unit)
		return null;
	v *= unit[1];
	for (i = 0; i + 1 < unit[0].length && Math.abs(v) >= unit[0][i + 1][1]; i++)
		;
	return trim(v / unit[0][i][1], 2) + unit[0][i][0];
}

/* "1 sample" of "1" and "samples": as svg_value() says it. Short words may be units, and not all that end in s are plurals. */
function counted(number, name) {
	if (number === "1" && /[a-z]{2}[^sui\W\d_]s$/i.test(name) && !/ies$/.test(name))
		name = name.slice(0, /(?:[sx]|[cs]h)es$/.test(name) ? -2 : -1);
	return number + " " + name;
}

function percent(v, of) {
	var p = of > 0 ? v / of * 100 : 0;

	return v && Math.abs(p) < 0.005 ? "<0.01%" : trim(p, 2) + "%"; /* something is never shown as nothing */
}
