/* ---- the viewer; begins in svg_viewer_data.js, both are one function ---- */

/* ---- state ---- */

var view = { zoom: 0, query: "", regex: false, cased: false, flip: !!D.inverted };
var cur = -1;                     /* box the keyboard is at */
var matched = null;               /* per frame, while searching */
var hits = [];                    /* nodes that match, in depth-first order */
var drawn = new Map();            /* rect of each node in view */
var rows = [];                    /* nodes drawn, by depth */
var width = 0, height = 0, charWidth = 7.2, slack = 1;
var ui = {}, layer, boxOver = -1;
var head = svg.querySelector(".head"), topY = head && head.childElementCount > 1 ? 80 : 62;

/* ---- making elements ---- */

function element(ns, name, attrs, parent) {
	var e = document.createElementNS(ns, name), k;

	for (k in attrs)
		e.setAttribute(k, attrs[k]);
	if (parent)
		parent.appendChild(e);
	return e;
}

function setText(e, text) {
	if (e.textContent !== text)
		e.textContent = text;
}

/* ---- drawing ---- */

function base() {
	return view.zoom ? T.weight[view.zoom] : whole;
}

/* Calls f(node, x, width) for the boxes to be seen: the way to the zoomed one, and its subtree. */
function eachBox(f) {
	var scale = (width - 2 * MARGIN) / base(), left = T.start[view.zoom], least = Math.max(D.min_width, SMALLEST), i, w;

	for (i = T.parent[view.zoom]; i >= 0; i = T.parent[i])
		f(i, MARGIN, width - 2 * MARGIN, true);
	for (i = view.zoom; i < T.end[view.zoom];) {
		w = T.weight[i] * scale;
		if (w < least && i !== view.zoom) {
			hiddenBoxes += T.end[i] - i;
			i = T.end[i];
			continue;
		}
		f(i, MARGIN + (T.start[i] - left) * scale, w, false);
		i++;
	}
}

var hiddenBoxes = 0;

function fillOf(i, above) {
	if (matched && matched[T.frame[i]])
		return [css(hitRgb), hitDark];
	if (above)
		return [css(ABOVE), false];
	if (D.signed && i) {
		var rgb = changeRgb(T.total[i]);
		return [css(rgb), isDark(rgb)];
	}
	return [D.frames.color[T.frame[i]], frameDark[T.frame[i]]];
}

function drawBox(rects, texts, i, x, w, above, y) {
	var fill = fillOf(i, above), rect, text, label;

	rect = element(SVG, "rect", {
		"class": i === cur ? "box cur" : "box", id: "pd-" + i, x: x.toFixed(2), y: y, width: (w >= 2 ? w - 0.5 : Math.max(w, 0.3)).toFixed(2),
		height: D.frame_height - 1, fill: fill[0], role: "treeitem", "aria-level": T.depth[i] + 1,
		"aria-label": labels[T.frame[i]].slice(0, NAME_MAX) + ", " + percent(T.total[i], whole)
	}, rects);
	rect.pdNode = i;
	drawn.set(i, rect);
	label = fitted(T.frame[i], Math.floor((w - 6) / charWidth * slack));
	if (label) {
		text = element(SVG, "text", { "class": fill[1] ? "w" : "f", x: (x + 3).toFixed(1), y: y + D.frame_height / 2 + D.font_size * 0.33 - 0.5 }, texts);
		text.textContent = label;
	}
}

function draw() {
	var boxes = [], deepest = 0, rects, texts;

	drawn = new Map();
	rows = [];
	hiddenBoxes = 0;
	eachBox(function (i, x, w, above) {
		boxes.push([i, x, w, above]);
		deepest = Math.max(deepest, T.depth[i]);
		(rows[T.depth[i]] = rows[T.depth[i]] || []).push(i);
	});
	height = topY + (deepest + 1) * D.frame_height + FOOT;
	if (isPage)
		height = Math.max(height, window.innerHeight); /* no bare page below the picture */
	svg.setAttribute("height", height);
	svg.setAttribute("viewBox", "0 0 " + width + " " + height);
	rects = element(SVG, "g", {});
	texts = element(SVG, "g", { "aria-hidden": "true" });
	boxes.forEach(function (b) {
		var d = T.depth[b[0]];
		drawBox(rects, texts, b[0], b[1], b[2], b[3], topY + (view.flip ? d : deepest - d) * D.frame_height);
	});
	layer.textContent = "";
	layer.appendChild(rects);
	layer.appendChild(texts);
	if (cur >= 0 && drawn.has(cur))
		layer.setAttribute("aria-activedescendant", "pd-" + cur);
	else
		layer.removeAttribute("aria-activedescendant");
	place();
	report();
}

/* Fluid pictures are as wide as what they stand in. */
function measure() {
	var w = D.width || Math.round(isPage ? svg.getBoundingClientRect().width || window.innerWidth : svg.getBoundingClientRect().width);

	if (!(w > 0) || w === width)
		return false;
	width = Math.max(w, 200);
	return true;
}

function measureFont() {
	var t = element(SVG, "text", { visibility: "hidden" }, svg), probe = "abcdefghijklmnopqrstuvwxyz_:ABCDEFGHIJKLMNOPQRSTUVWXYZ", narrow, wide;

	t.textContent = probe;
	charWidth = t.getComputedTextLength() / probe.length || D.font_size * 0.6;
	t.textContent = "iiii";
	narrow = t.getComputedTextLength();
	t.textContent = "MMMM";
	wide = t.getComputedTextLength();
	slack = Math.abs(wide - narrow) < 0.5 ? 1 : 0.9; /* proportional fonts: a reserve for wide letters */
	svg.removeChild(t);
}

/* Tools and details stay in sight while a tall picture is scrolled. */
function place() {
	var top = svg.getBoundingClientRect().top, natural = topY - 32;

	if (!ui.bar)
		return;
	ui.bar.setAttribute("y", Math.max(natural, Math.min(-top, height - 80)));
	ui.bar.setAttribute("width", width);
	ui.details.setAttribute("y", Math.max(natural + 60, Math.min(height - 27, window.innerHeight - top - 27)));
	ui.details.setAttribute("width", width);
}

/* ---- words about the boxes ---- */

function describe(i) {
	var f = T.frame[i], parts, where = [], flags = D.frames.flags[f];

	parts = value(T.total[i]) + ", " + percent(T.total[i], whole);
	if (view.zoom)
		parts += " of all, " + percent(T.total[i], base()) + " of view";
	if (T.self[i] && T.end[i] > i + 1)
		parts += "; self " + value(T.self[i]) + ", " + percent(T.self[i], whole);
	if (flags & LEFT_OUT)
		return "smaller frames left out of this file (" + parts + ")";
	if (flags & 1)
		where.push("kernel");
	if (flags & 2)
		where.push("JIT");
	if (flags & 4)
		where.push("inlined");
	if (D.frames.module[f])
		where.push(D.strings[D.frames.module[f]]);
	if (D.frames.file[f])
		where.push(D.strings[D.frames.file[f]]);
	return labels[f] + " (" + parts + ")" + (where.length ? " [" + where.join(", ") + "]" : "");
}

function details(text) {
	setText(ui.detailText, text);
}

function showBox(i) {
	details(i < 0 ? idleText() : (D.name_type || "Function:") + " " + describe(i));
}

function idleText() {
	var text = value(T.total[0]) + (view.zoom ? "; view: " + describe(view.zoom) : "");

	if (hiddenBoxes)
		text += "; " + hiddenBoxes + " narrow " + (hiddenBoxes === 1 ? "box" : "boxes") + " not drawn: zoom in to see them";
	return text;
}

/* Share of the view that matches: a box inside a matching one is not counted again. */
function matchedShare() {
	var total = 0, self = 0, count = 0, covered = 0, i;

	for (i = view.zoom; i < T.end[view.zoom]; i++) {
		if (!matched[T.frame[i]])
			continue;
		count++;
		self += T.self[i];
		if (i >= covered) {
			total += T.weight[i];
			covered = T.end[i];
		}
	}
	return { total: total, self: self, count: count };
}

function report() {
	var m, text = "";

	ui.reset.disabled = !view.zoom;
	ui.prev.disabled = ui.next.disabled = !hits.length;
	if (matched) {
		m = matchedShare();
		text = "Matched: " + percent(m.total, base()) + (view.zoom ? " of view" : "") + ", self " + percent(m.self, base()) + ", " + m.count + (m.count === 1 ? " box" : " boxes");
	}
	if (!ui.error)
		setText(ui.info, text);
	if (boxOver < 0)
		showBox(cur >= 0 && drawn.has(cur) ? cur : -1);
}

/* ---- permalinks: #zoom=main;f;g&search=x&regex=1&case=1&flip=1 ---- */

/* Siblings of one name (flame charts) are told apart by "@N". */
function pathOf(i) {
	var parts = [], k, n;

	for (; i > 0; i = T.parent[i]) {
		for (n = 0, k = T.parent[i] + 1; k < i; k = T.end[k])
			if (names[T.frame[k]] === names[T.frame[i]])
				n++;
		parts.push(encodeURIComponent(wellFormed(names[T.frame[i]])) + (n ? "@" + n : ""));
	}
	return parts.reverse().join(";");
}

function wellFormed(s) {
	return s.replace(/[\ud800-\udbff](?![\udc00-\udfff])/g, "\ufffd").replace(/(^|[^\ud800-\udbff])[\udc00-\udfff]/g, "$1\ufffd");
}

function decode(s) {
	try {
		return decodeURIComponent(s);
	} catch (e) {
		return s;
	}
}

/* The deepest node on a path; a path that leads nowhere in this profile ends where it still fits. */
function nodeAt(path) {
	var at = 0;

	path.split(";").every(function (part) {
		var m = /^([^@]*)(?:@(\d+))?$/.exec(part) || [part, part], name = decode(m[1]), skip = +(m[2] || 0), k;

		for (k = at + 1; k < T.end[at]; k = T.end[k])
			if (wellFormed(names[T.frame[k]]) === name && skip-- === 0) {
				at = k;
				return true;
			}
		return false;
	});
	return at;
}

function fragment() {
	var parts = [];

	if (view.zoom)
		parts.push("zoom=" + pathOf(view.zoom));
	if (view.query)
		parts.push("search=" + encodeURIComponent(wellFormed(view.query)));
	if (view.query && view.regex)
		parts.push("regex=1");
	if (view.query && view.cased)
		parts.push("case=1");
	if (view.flip !== !!D.inverted)
		parts.push("flip=1");
	return parts.join("&");
}

var lastFragment = null;

/* A zoom is a step to come back from, a search is not. */
function remember(step) {
	var f = fragment();

	if (!isPage || f === lastFragment)
		return;
	lastFragment = f;
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

function fromFragment() {
	var f = location.hash.replace(/^#/, ""), got = {};

	if (!isPage || f === lastFragment)
		return;
	lastFragment = f;
	f.split("&").forEach(function (p) {
		var eq = p.indexOf("=");

		if (eq > 0)
			got[p.slice(0, eq)] = p.slice(eq + 1);
	});
	view.zoom = got.zoom ? nodeAt(got.zoom) : 0;
	view.flip = !!D.inverted !== (got.flip === "1");
	view.regex = got.regex === "1";
	view.cased = got["case"] === "1";
	view.query = got.search ? decode(got.search) : "";
	ui.query.value = view.query;
	if (view.regex && view.query) { /* a pattern in a link comes from somebody else: it may be a slow one */
		view.query = "";
		search();
		complain("press Enter to run the pattern of this link", false);
	} else {
		search();
	}
	buttons();
	draw();
}

/* ---- zoom ---- */

function zoom(i) {
	if (i === view.zoom)
		return;
	view.zoom = i;
	cur = i;
	remember(true);
	draw();
	reveal(i);
}

/* Scrolls so that a box can be seen. */
function reveal(i) {
	var rect = drawn.get(i), r;

	if (!rect)
		return;
	r = rect.getBoundingClientRect();
	if (r.top < 40 || r.bottom > window.innerHeight - 40)
		window.scrollBy(0, r.top - window.innerHeight / 2);
}

/* ---- search ---- */

function complain(text, bad) {
	ui.error = !!text;
	ui.query.setAttribute("aria-invalid", bad ? "true" : "false");
	ui.query.setAttribute("class", bad ? "bad" : "");
	setText(ui.info, text);
}

function matcher() {
	var q = view.query, r;

	if (!view.regex) {
		if (!view.cased)
			q = q.toLowerCase();
		return function (name) { return (view.cased ? name : name.toLowerCase()).indexOf(q) >= 0; };
	}
	if (q.length > REGEX_MAX)
		throw new Error("pattern is longer than " + REGEX_MAX + " characters");
	r = new RegExp(q, view.cased ? "" : "i");
	return function (name) { return r.test(name.slice(0, NAME_MAX)); };
}

/* Finds the names that match, then the boxes. Every name is looked at once. */
function search() {
	var test, i, until = Date.now() + REGEX_MS, found = null, list = [];

	complain("", false);
	try {
		if (view.query) {
			test = matcher();
			found = new Uint8Array(labels.length);
			for (i = 0; i < labels.length; i++) {
				found[i] = !(D.frames.flags[i] & LEFT_OUT) && i !== T.frame[0] && test(labels[i]) ? 1 : 0;
				if ((i & 63) === 0 && Date.now() > until)
					throw new Error("pattern takes too long");
			}
			for (i = 1; i < T.n; i++)
				if (found[T.frame[i]])
					list.push(i);
		}
	} catch (e) {
		complain(String(e.message || e).replace(/^Invalid regular expression: /, "bad pattern: "), true);
		found = null;
		list = [];
	}
	matched = found;
	hits = list;
}

function setQuery(q) {
	view.query = q;
	search();
	remember(false);
	draw();
}

/* The next (or previous) match after where we are; zooms so far that it can be seen. */
function step(back) {
	var at = cur >= 0 ? cur : back ? T.n : 0, i, k;

	if (!hits.length)
		return;
	for (i = 0; i < hits.length && hits[i] <= at; i++)
		;
	if (back) {
		for (; i > 0 && hits[i - 1] >= at; i--)
			;
		i = (i - 1 + hits.length) % hits.length;
	} else {
		i %= hits.length;
	}
	k = hits[i];
	if (!drawn.has(k) || +drawn.get(k).getAttribute("width") < 3 || k < view.zoom) {
		var z = k;

		while (T.parent[z] > 0 && T.weight[k] / T.weight[T.parent[z]] * width >= 40)
			z = T.parent[z];
		if (T.weight[k] / whole * width >= 40)
			z = 0;
		zoom(z);
	}
	select(k);
	details("match " + (i + 1) + " of " + hits.length + ": " + describe(k));
}

/* ---- keyboard ---- */

function select(i) {
	var old = drawn.get(cur), rect = drawn.get(i);

	if (old)
		old.setAttribute("class", "box");
	cur = i;
	if (rect) {
		rect.setAttribute("class", "box cur");
		rect.parentNode.appendChild(rect); /* above its neighbours, so that the mark shows all around */
		layer.setAttribute("aria-activedescendant", "pd-" + i);
		reveal(i);
	}
	boxOver = -1;
	showBox(i);
}

function widestChild(i) {
	var best = -1, k;

	for (k = i + 1; k < T.end[i]; k = T.end[k])
		if (best < 0 || T.weight[k] > T.weight[best])
			best = k;
	return best;
}

function move(key) {
	var inward = view.flip ? "ArrowDown" : "ArrowUp", to = -1, row;

	if (cur < 0 || !drawn.has(cur)) {
		select(view.zoom);
		return;
	}
	row = rows[T.depth[cur]];
	if (key === "ArrowLeft" || key === "ArrowRight")
		to = row[row.indexOf(cur) + (key === "ArrowLeft" ? -1 : 1)];
	else
		to = key === inward ? widestChild(cur) : T.parent[cur];
	if (to === undefined || to < 0)
		return;
	if (drawn.has(to))
		select(to);
	else
		details("the boxes above are too narrow to be drawn: press Enter to zoom");
}

function clearOrReset() {
	if (ui.help)
		toggleHelp();
	else if (view.zoom)
		zoom(0);
	else if (view.query || ui.query.value)
		ui.query.value = "", setQuery("");
}

function onKey(e) {
	if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented)
		return;
	if (e.target === ui.query) {
		if (e.key === "Enter") {
			if (ui.query.value !== view.query)
				setQuery(ui.query.value);
			else
				step(e.shiftKey);
		} else if (e.key === "Escape") {
			if (ui.query.value)
				ui.query.value = "", setQuery("");
			layer.focus();
		} else {
			return;
		}
		e.preventDefault();
		return;
	}
	if (e.target.localName === "button" && (e.key === "Enter" || e.key === " "))
		return;
	switch (e.key) {
	case "ArrowUp": case "ArrowDown": case "ArrowLeft": case "ArrowRight": move(e.key); break;
	case "Enter": case " ": zoom(cur >= 0 ? cur : 0); break;
	case "Escape": clearOrReset(); break;
	case "Backspace": if (view.zoom) zoom(T.parent[view.zoom]); break;
	case "Home": zoom(0); select(0); break;
	case "/": ui.query.focus(); ui.query.select(); break;
	case "n": step(false); break;
	case "N": step(true); break;
	case "i": flip(); break;
	case "?": toggleHelp(); break;
	default: return;
	}
	e.preventDefault();
}

/* ---- tools ---- */

function flip() {
	view.flip = !view.flip;
	remember(false);
	buttons();
	draw();
}

function buttons() {
	ui.regexButton.setAttribute("aria-pressed", String(view.regex));
	ui.caseButton.setAttribute("aria-pressed", String(view.cased));
	ui.flipButton.setAttribute("aria-pressed", String(view.flip));
}

var HELP = [
	"click, Enter        zoom into a box (a grey one: back out to it)",
	"arrows              go from box to box",
	"Esc                 reset the zoom, then the search",
	"Backspace           zoom out by one frame",
	"Home                everything",
	"/                   search; Enter: run, then next match",
	"n  N                next and previous match",
	"i                   turn upside down",
	"?                   this text",
	"",
	"The address of the page keeps zoom and search: copy it to share the view.",
	"Per cents in \"Matched\" refer to the part in view; a match inside a match counts once."
].join("\n");

function toggleHelp() {
	var box;

	if (ui.help) {
		svg.removeChild(ui.help);
		ui.help = null;
		layer.focus();
		return;
	}
	ui.help = element(SVG, "foreignObject", { "class": "ui", x: Math.max(10, width / 2 - 300), y: +ui.bar.getAttribute("y") + 36, width: Math.min(600, width - 20), height: 290 }, svg);
	box = element(XHTML, "div", { "class": "help", role: "dialog", "aria-label": "Keys", tabindex: "-1" }, ui.help);
	box.textContent = HELP;
	if (height < +ui.help.getAttribute("y") + 300)
		svg.setAttribute("overflow", "visible");
	box.focus();
}

function button(parent, text, label, action) {
	var b = element(XHTML, "button", { type: "button", "aria-label": label, title: label }, parent);

	b.textContent = text;
	b.addEventListener("click", action);
	return b;
}

function makeTools() {
	var bar, timer = 0;

	ui.bar = element(SVG, "foreignObject", { "class": "ui", x: 0, y: topY - 32, width: width, height: 28 }, svg);
	bar = element(XHTML, "div", { "class": "bar", role: "toolbar", "aria-label": "Flame graph" }, ui.bar);
	ui.query = element(XHTML, "input", { type: "text", placeholder: "Search  (/)", "aria-label": "Search names", spellcheck: "false", autocomplete: "off" }, bar);
	ui.query.addEventListener("input", function () {
		clearTimeout(timer);
		timer = setTimeout(function () { setQuery(ui.query.value); }, T.n > 20000 ? 250 : 60);
	});
	ui.regexButton = button(bar, ".*", "Regular expression", function () { view.regex = !view.regex; buttons(); setQuery(ui.query.value); });
	ui.caseButton = button(bar, "Aa", "Match case", function () { view.cased = !view.cased; buttons(); setQuery(ui.query.value); });
	ui.prev = button(bar, "\u2039", "Previous match", function () { step(true); });
	ui.next = button(bar, "\u203a", "Next match", function () { step(false); });
	ui.info = element(XHTML, "div", { "class": "info", role: "status", "aria-live": "polite" }, bar);
	element(XHTML, "div", { "class": "gap" }, bar);
	ui.reset = button(bar, "Reset zoom", "Reset zoom", function () { zoom(0); });
	ui.flipButton = button(bar, "Icicle", "Root on top", flip);
	button(bar, "?", "Keys", toggleHelp);
	ui.details = element(SVG, "foreignObject", { "class": "ui", x: 0, y: 0, width: width, height: 26 }, svg);
	ui.detailText = element(XHTML, "div", { "class": "details", "aria-live": "polite" }, ui.details);
}

/* ---- pointer ---- */

function nodeOf(e) {
	return e.target && e.target.pdNode !== undefined ? e.target.pdNode : -1;
}

function onOver(e) {
	var i = nodeOf(e);

	if (i === boxOver)
		return;
	boxOver = i;
	if (i >= 0 && !e.target.firstChild)
		element(SVG, "title", {}, e.target).textContent = describe(i);
	showBox(i >= 0 ? i : cur >= 0 && drawn.has(cur) ? cur : -1);
}

function onClick(e) {
	var i = nodeOf(e);

	if (i < 0)
		return;
	layer.focus({ preventScroll: true });
	if (i === view.zoom)
		select(i);
	else
		zoom(i);
}

/* ---- start ---- */

function start() {
	var old = svg.querySelector(".frames"), still = svg.querySelector(".static"), title = svg.querySelector("title");

	if (!D.width)
		svg.setAttribute("width", "100%");
	measureFont();
	measure();
	layer = element(SVG, "g", { "class": "frames", role: "tree", tabindex: "0", "aria-label": title ? title.textContent : "Flame graph" });
	old.parentNode.replaceChild(layer, old);
	if (still)
		still.parentNode.removeChild(still);
	svg.setAttribute("role", "group");
	makeTools();
	layer.addEventListener("click", onClick);
	layer.addEventListener("mouseover", onOver);
	layer.addEventListener("mouseleave", function () { boxOver = -1; showBox(cur >= 0 && drawn.has(cur) ? cur : -1); });
	(isPage ? document : svg).addEventListener("keydown", onKey);
	window.addEventListener("scroll", place, { passive: true });
	window.addEventListener("resize", function () { if (measure()) draw(); else place(); });
	if (window.ResizeObserver && !D.width)
		new ResizeObserver(function () { if (measure()) draw(); }).observe(svg);
	if (isPage) {
		window.addEventListener("hashchange", fromFragment);
		window.addEventListener("popstate", fromFragment);
	}
	buttons();
	fromFragment();
	if (lastFragment === null)
		draw();
	if (isPage && !view.flip && !view.zoom)
		window.scrollTo(0, height); /* begin where the root is */
}

if (svg.querySelector(".frames"))
	start();
})();
