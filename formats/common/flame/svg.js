/* ---- the viewer of SVG files ---- */

var MARGIN = 10, FOOT = 30, SMALLEST = 0.3, NARROW = 600;
var svg = document.currentScript && document.currentScript.ownerSVGElement || document.querySelector("svg.pdfg") || document.documentElement;
var isPage = svg === document.documentElement; /* nothing else is there */
var V, whole, hundred, mostChange;

/* The view the picture shows. */
function makeView() {
	var d = D.view, rows = D.rows[type.series], root;

	if (D.diff) {
		V = diffView(DIFF_MODES[view.mode], d.sort, D.base, null, true);
		if (!(V.weight[0] > 0))
			V = diffView("union", d.sort, D.base, null, true);
		whole = hundred = V.weight[0];
		mostChange = 0;
		return;
	}
	root = sumRows(D.base, rows, type.column, null);
	root.parts = stateParts(D.base, rows, type.column, null);
	root = rootView(D.base, root, d.sort, true);
	if (d.chart && rows.time)
		V = chartView(root, timeline(D.base, rows, type.column, D.threads, null), null);
	else
		V = d.reverse ? leafView(root, d.sort) : root;
	whole = Math.max(d.whole || 0, V.weight[0]);
	hundred = d.hundreds && d.hundreds[d.sample_type] || whole;
	mostChange = greatestChange(root);
}

/* ---- state ---- */

var view = { zoom: 0, query: "", regex: false, cased: false, flip: false, mode: 0 };
var cur = -1;                     /* box the keyboard is at */
var matched = null;               /* per frame, while searching */
var hits = [];                    /* nodes that match, in depth-first order */
var drawn = new Map();            /* rect of each node in view */
var rows = [];                    /* nodes drawn, by depth */
var width = 0, height = 0, charWidth = 7.2, slack = 1;
var ui = {}, layer, boxOver = -1;
var head = svg.querySelector(".head"), topY = head && head.childElementCount > 1 ? 80 : 62;

/* ---- drawing ---- */

function base() {
	return view.zoom ? V.weight[view.zoom] : whole;
}

/* Calls f(node, x, width, is above) for the boxes to be seen: the way to the zoomed one, and its subtree. */
function eachBox(f) {
	var scale = (width - 2 * MARGIN) / base(), left = V.start[view.zoom], least = Math.max(D.view.min_width, SMALLEST), i, w, next;

	for (i = V.parent[view.zoom]; i >= 0; i = V.parent[i])
		f(i, MARGIN, width - 2 * MARGIN, true);
	for (i = view.zoom; i >= 0; i = next) {
		w = V.weight[i] * scale;
		next = -1;
		if (w >= least || i === view.zoom) {
			f(i, MARGIN + (V.start[i] - left) * scale, w, false);
			next = firstChild(V, i);
		} else {
			hiddenBoxes++;
		}
		for (; next < 0 && i !== view.zoom; i = V.parent[i])
			next = V.next[i];
	}
}

var hiddenBoxes = 0;

function fillOf(i, above) {
	var rgb;

	if (matched && matched[V.frame[i]])
		return [css(hitRgb), hitDark];
	if (above)
		return [css(ABOVE), false];
	if (D.diff && i) {
		rgb = boxRgb(V, i);
		return [css(rgb), isDark(rgb)];
	}
	if (V.negative && i) {
		rgb = changeRgb(V.total[i], mostChange);
		return [css(rgb), isDark(rgb)];
	}
	if (i && (rgb = stateRgb(V, i)))
		return [css(rgb), isDark(rgb)];
	return [D.color[V.frame[i]], frameDark[V.frame[i]]];
}

function setMode(mode) {
	if (mode === view.mode)
		return;
	view.mode = mode;
	ui.modeButton.textContent = DIFF_LABELS[mode];
	view.zoom = 0;
	cur = -1;
	makeView();
}

function nextMode() {
	setMode((view.mode + 1) % DIFF_MODES.length);
	search();
	remember(true);
	draw();
}

/* Classes of --nameattr stand beside our own. */
function boxClass(i) {
	var own = D.attrs.get(V.frame[i]);

	return (i === cur ? "box cur" : "box") + (own && own["class"] ? " " + own["class"] : "");
}

/* A box that is a link zooms like the others; the link opens with Ctrl or Cmd. */
function linkOf(i, into) {
	var own = D.attrs.get(V.frame[i]);

	return own && own.href ? element(SVG, "a", { href: own.href, target: own.target || "_top", rel: "noopener noreferrer", tabindex: "-1" }, into) : into;
}

function drawBox(rects, texts, i, x, w, above, y) {
	var fill = fillOf(i, above), rect, text, label, sign;

	rect = element(SVG, "rect", {
		"class": boxClass(i), id: "pd-" + i, x: x.toFixed(2), y: y, width: (w >= 2 ? w - 0.5 : Math.max(w, 0.3)).toFixed(2),
		height: D.view.frame_height - 1, fill: fill[0], role: "treeitem", "aria-level": V.depth[i] + 1,
		"aria-label": isolated(D.shown[V.frame[i]].slice(0, NAME_MAX)) + ", " + percent(V.total[i], hundred)
	}, linkOf(i, rects));
	rect.pdNode = i;
	drawn.set(i, rect);
	if (D.diff && i && !above && !(matched && matched[V.frame[i]])) /* what was found has a colour of its own */
		drawMark(texts, verdict(V, i).c, x, w, y, D.view.frame_height - 1);
	sign = D.diff && i ? DIFF_SIGNS[verdict(V, i).c] : "";
	label = fitted(V.frame[i], Math.floor((w - 6) / charWidth * slack) - sign.length);
	if (label) {
		label = sign + label;
		text = element(SVG, "text", { "class": fill[1] ? "w" : "f", x: (x + 3).toFixed(1), y: y + D.view.frame_height / 2 + D.view.font_size * 0.33 - 0.5 }, texts);
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
		deepest = Math.max(deepest, V.depth[i]);
		(rows[V.depth[i]] = rows[V.depth[i]] || []).push(i);
	});
	height = topY + (deepest + 1) * D.view.frame_height + FOOT;
	if (isPage)
		height = Math.max(height, window.innerHeight); /* no bare page below the picture */
	svg.setAttribute("height", height);
	svg.setAttribute("viewBox", "0 0 " + width + " " + height);
	rects = element(SVG, "g", {});
	texts = element(SVG, "g", { "aria-hidden": "true" });
	boxes.forEach(function (b) {
		var d = V.depth[b[0]];
		drawBox(rects, texts, b[0], b[1], b[2], b[3], topY + (view.flip ? d : deepest - d) * D.view.frame_height);
	});
	layer.textContent = "";
	layer.appendChild(rects);
	layer.appendChild(texts);
	if (cur >= 0 && drawn.has(cur))
		layer.setAttribute("aria-activedescendant", "pd-" + cur);
	else
		layer.removeAttribute("aria-activedescendant");
	place();
	placeHead();
	report();
}

/* Fluid pictures are as wide as what they stand in. */
function measure() {
	var w = D.view.width || Math.round(isPage ? svg.getBoundingClientRect().width || window.innerWidth : svg.getBoundingClientRect().width);

	if (!(w > 0) || w === width)
		return false;
	width = Math.max(w, 200);
	return true;
}

/* A heading that would stand on the legend gives way. */
function placeHead() {
	var legend = svg.querySelector(".legend"), end;

	if (!legend || !head || !svg.getBoundingClientRect().width) /* what is not shown has no box */
		return;
	end = legend.getBBox();
	Array.prototype.forEach.call(head.children, function (t) {
		t.setAttribute("visibility", t.getBBox().x < end.x + end.width + 8 ? "hidden" : "visible");
	});
}

function measureFont() {
	var t = element(SVG, "text", { visibility: "hidden" }, svg), probe = "abcdefghijklmnopqrstuvwxyz_:ABCDEFGHIJKLMNOPQRSTUVWXYZ", narrow, wide;

	t.textContent = probe;
	charWidth = t.getComputedTextLength() / probe.length || D.view.font_size * 0.6;
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
	ui.bar.firstChild.setAttribute("class", width < NARROW ? "bar narrow" : "bar");
	setText(ui.reset, width < NARROW ? "Reset" : "Reset zoom");
	ui.details.setAttribute("y", Math.max(natural + 60, Math.min(height - 27, window.innerHeight - top - 27)));
	ui.details.setAttribute("width", width);
}

/* ---- words about the boxes ---- */

function describe(i) {
	var f = V.frame[i], parts, where = whereIs(f), flags = flagsOf(f);

	parts = value(V.total[i]) + ", " + percent(V.total[i], hundred);
	if (D.diff && !(flags & LEFT_OUT))
		return isolated(D.shown[f]) + " (" + diffWords(V, i) + ")" + (where.length ? " [" + where.join(", ") + "]" : "");
	if (view.zoom)
		parts += " of all, " + percent(V.total[i], base()) + " of view";
	if (V.self[i] && V.first[i] >= 0)
		parts += "; self " + value(V.self[i]) + ", " + percent(V.self[i], hundred);
	parts += stateWords(V, i);
	if (flags & LEFT_OUT)
		return "smaller frames left out of this file (" + parts + ")";
	return isolated(D.shown[f]) + (D.attrs.has(f) && D.attrs.get(f).title ? ": " + D.attrs.get(f).title : "") + " (" + parts + ")" + (where.length ? " [" + where.join(", ") + "]" : "");
}

function details(text) {
	setText(ui.detailText, text);
}

function showBox(i) {
	details(i < 0 ? idleText() : (D.view.name_type || "Function:") + " " + describe(i));
}

function idleText() {
	var text = value(V.total[0]) + (view.zoom ? "; view: " + describe(view.zoom) : "");

	if (width < NARROW && ui.info.textContent) /* no room for it beside the tools */
		text = ui.info.textContent;
	if (hiddenBoxes)
		text += "; " + hiddenBoxes + " narrow " + (hiddenBoxes === 1 ? "box" : "boxes") + " not drawn: zoom in to see them";
	return text;
}

function report() {
	var text = "", focused = document.activeElement;

	ui.reset.disabled = !view.zoom;
	ui.prev.disabled = ui.next.disabled = !hits.length;
	if (focused && focused.disabled) /* a button that has done its work would take the focus away with it */
		layer.focus({ preventScroll: true });
	if (matched)
		text = matchedWords(V, matched, view.zoom, hundred);
	if (!ui.error)
		setText(ui.info, text);
	if (boxOver < 0)
		showBox(cur >= 0 && drawn.has(cur) ? cur : -1);
}

/* ---- permalinks: #zoom=main;f;g&search=x&regex=1&case=1&flip=1&mode=after ---- */

function fragment() {
	var parts = [];

	if (view.zoom)
		parts.push("zoom=" + pathOf(V, view.zoom));
	if (view.query)
		parts.push("search=" + encodeURIComponent(wellFormed(view.query)));
	if (view.query && view.regex)
		parts.push("regex=1");
	if (view.query && view.cased)
		parts.push("case=1");
	if (view.flip !== !!D.view.inverted)
		parts.push("flip=1");
	if (view.mode)
		parts.push("mode=" + DIFF_MODES[view.mode]);
	return parts.join("&");
}

var lastFragment = null;

/* A zoom is a step to come back from, a search is not. */
function remember(step) {
	var f = fragment();

	if (!isPage || f === lastFragment)
		return;
	lastFragment = f;
	writeFragment(f, step);
}

function fromFragment() {
	var f = location.hash.replace(/^#/, ""), got = readFragment();

	if (!isPage || f === lastFragment)
		return;
	lastFragment = f;
	setMode(D.diff ? Math.max(0, DIFF_MODES.indexOf(got.mode)) : 0);
	view.zoom = got.zoom ? nodeAt(V, got.zoom) : 0;
	view.flip = !!D.view.inverted !== (got.flip === "1");
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

function search() {
	complain("", false);
	matched = null;
	hits = [];
	if (!view.query)
		return;
	try {
		matched = matchFrames(view.query, view.regex, view.cased);
		matched[V.frame[0]] = 0;
		hits = hitsOf(V, matched);
	} catch (e) {
		matched = null;
		complain(String(e.message || e), true);
	}
}

function setQuery(q) {
	view.query = q;
	search();
	remember(false);
	draw();
}

/* The next (or previous) match after where we are; zooms so far that it can be seen. */
function step(back) {
	var i = hits.indexOf(cur), k;

	if (!hits.length)
		return;
	if (i < 0)
		i = back ? hits.length - 1 : 0;
	else
		i = (i + (back ? hits.length - 1 : 1)) % hits.length;
	k = hits[i];
	if (!drawn.has(k) || +drawn.get(k).getAttribute("width") < 3 || !isBelow(V, k, view.zoom)) {
		var z = k;

		while (V.parent[z] > 0 && V.weight[k] / V.weight[V.parent[z]] * width >= 40)
			z = V.parent[z];
		if (V.weight[k] / whole * width >= 40)
			z = 0;
		zoom(z);
	}
	select(k);
	details("match " + (i + 1) + " of " + hits.length + ": " + describe(k));
}

/* ---- keyboard ---- */

function select(i) {
	var last = cur, old = drawn.get(last), rect = drawn.get(i), part = rect && rect.parentNode.localName === "a" ? rect.parentNode : rect;

	cur = i;
	if (old)
		old.setAttribute("class", boxClass(last));
	if (rect) {
		rect.setAttribute("class", boxClass(i));
		part.parentNode.appendChild(part); /* above its neighbours, so that the mark shows all around */
		layer.setAttribute("aria-activedescendant", "pd-" + i);
		reveal(i);
	}
	boxOver = -1;
	showBox(i);
}

function widestChild(i) {
	var best = -1, k;

	for (k = firstChild(V, i); k >= 0; k = V.next[k])
		if (best < 0 || V.weight[k] > V.weight[best])
			best = k;
	return best;
}

function move(key) {
	var inward = view.flip ? "ArrowDown" : "ArrowUp", to = -1, row;

	if (cur < 0 || !drawn.has(cur)) {
		select(view.zoom);
		return;
	}
	row = rows[V.depth[cur]];
	if (key === "ArrowLeft" || key === "ArrowRight")
		to = row[row.indexOf(cur) + (key === "ArrowLeft" ? -1 : 1)];
	else
		to = key === inward ? widestChild(cur) : V.parent[cur];
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
	case "Backspace": if (view.zoom) zoom(V.parent[view.zoom]); break;
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

function makeTools() {
	var bar, timer = 0;

	ui.bar = element(SVG, "foreignObject", { "class": "ui", x: 0, y: topY - 32, width: width, height: 28 }, svg);
	bar = element(XHTML, "div", { "class": "bar", role: "toolbar", "aria-label": "Flame graph" }, ui.bar);
	ui.query = element(XHTML, "input", { type: "text", placeholder: "Search  (/)", "aria-label": "Search names", spellcheck: "false", autocomplete: "off" }, bar);
	ui.query.addEventListener("input", function () {
		clearTimeout(timer);
		timer = setTimeout(function () { setQuery(ui.query.value); }, V.n > 20000 ? 250 : 60);
	});
	ui.regexButton = button(bar, ".*", "Regular expression", function () { view.regex = !view.regex; buttons(); setQuery(ui.query.value); });
	ui.caseButton = button(bar, "Aa", "Match case", function () { view.cased = !view.cased; buttons(); setQuery(ui.query.value); });
	ui.prev = button(bar, "\u2039", "Previous match", function () { step(true); });
	ui.next = button(bar, "\u203a", "Next match", function () { step(false); });
	ui.info = element(XHTML, "div", { "class": "info", role: "status", "aria-live": "polite" }, bar);
	element(XHTML, "div", { "class": "gap" }, bar);
	ui.reset = button(bar, "Reset zoom", "Reset zoom", function () { zoom(0); });
	if (D.diff)
		ui.modeButton = button(bar, DIFF_LABELS[0], "Width of boxes: wider side, after, before, change", nextMode);
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

	if (i < 0 || ((e.ctrlKey || e.metaKey) && D.attrs.has(V.frame[i]) && D.attrs.get(V.frame[i]).href))
		return; /* the browser opens the link */
	e.preventDefault();
	layer.focus({ preventScroll: true });
	if (i === view.zoom)
		select(i);
	else
		zoom(i);
}

/* ---- start ---- */

function start() {
	var old = svg.querySelector(".frames"), still = svg.querySelector(".static"), title = svg.querySelector("title");

	if (!D.view.width)
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
	layer.addEventListener("focus", function () { /* who comes by keyboard sees where they are */
		if (!(cur >= 0 && drawn.has(cur)) && layer.matches(":focus-visible"))
			select(view.zoom);
	});
	(isPage ? document : svg).addEventListener("keydown", onKey);
	window.addEventListener("scroll", place, { passive: true });
	window.addEventListener("resize", function () { if (measure()) draw(); else place(); });
	if (window.ResizeObserver && !D.view.width)
		new ResizeObserver(function () { if (measure()) draw(); }).observe(svg);
	if (isPage) {
		window.addEventListener("hashchange", fromFragment);
		window.addEventListener("popstate", fromFragment);
	}
	buttons();
	fromFragment();
	if (lastFragment === null)
		draw();
	if (isPage && !view.flip)
		window.scrollTo(0, height); /* begin where the root is */
}

try {
	startWords(readBlock(svg.querySelector("metadata.profdata").textContent));
	view.flip = !!D.view.inverted;
	makeView();
} catch (e) {
	return; /* the picture stays as it is */
}
if (svg.querySelector(".frames"))
	start();
})();
