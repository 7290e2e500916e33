/* ---- page: tools, keys, start ---- */

var VIEWS = [["graph", "Flame graph", "g"], ["chart", "Time order", "c"], ["sandwich", "Sandwich", "s"], ["table", "Table", "t"]];
var THREADS = "thread of the sample";

function titleText() {
	return D.title || (D.view.chart ? "Flame Chart" : D.view.inverted ? "Icicle Graph" : "Flame Graph");
}

/* ---- words about boxes ---- */

/* What --nameattr says of a frame; an empty one where it says nothing. */
function attrsOf(f) {
	return D.attrs.get(f) || {};
}

/* Opens the link of a box, in a tab of its own unless the file names another place. */
function openLink(f) {
	var own = attrsOf(f);

	if (own.href)
		element(XHTML, "a", { href: own.href, target: own.target || "_blank", rel: "noopener noreferrer" }).click();
}

function kindOf(v) {
	return v.kind === "leaf" || v.kind === "callers" ? "callers" : "";
}

function nameOf(f) {
	return flagsOf(f) & LEFT_OUT ? "Smaller frames left out of this file" : D.shown[f];
}

function describe(b) {
	return isolated(nameOf(panes[b.pane].v.frame[b.i])) + ": " + about(b);
}

/* What there is to say beside the name. */
function about(b) {
	var v = panes[b.pane].v, i = b.i, f = v.frame[i], text, at = panes[b.pane].at;

	if (flagsOf(f) & LEFT_OUT)
		return value(v.total[i]) + ", " + percent(v.total[i], hundred);
	text = attrsOf(f).title ? attrsOf(f).title + "; " : "";
	if (D.diff)
		return text + diffWords(v, i);
	text += value(v.total[i]) + ", " + percent(v.total[i], hundred);
	if (at && i !== at && !isBelow(v, at, i))
		text += ", " + percent(v.total[i], v.weight[at]) + " of view";
	if (v.kind === "root" || v.kind === "callees" && v.first[i] !== -2 || v.kind === "chart" && v.first[i] !== -2)
		text += "; self " + value(v.self[i]) + ", " + percent(v.self[i], hundred);
	return text + stateWords(v, i) + "; depth " + v.depth[i];
}

function idleText() {
	var p = panes[0], text = D.diff ? diffWords(root, 0) : value(root.total[0]) + (range ? " " + range.text : ""), f;

	if (S.view === "sandwich") {
		f = p.v.frame[0];
		if (D.diff)
			return isolated(D.shown[f]) + ": " + diffWords(p.v, 0);
		return isolated(D.shown[f]) + ": " + value(p.v.total[0]) + ", " + percent(p.v.total[0], hundred) + "; self " + value(functionTable().self[D.same[f]]);
	}
	if (S.view === "table")
		return list.length.toLocaleString("en") + (list.length === 1 ? " function, " : " functions, ") + text;
	if (p.at)
		return "View: " + describe({ pane: 0, i: p.at });
	if (!(root.weight[0] > 0))
		return range ? text : S.mode === "delta" ? "Nothing has changed: there is no box as wide as its change" : "No sample is left: change the group or the filters";
	if (hiddenBoxes)
		text += "; boxes too narrow to be drawn appear when you zoom in";
	if (D.left_out)
		text += "; " + D.left_out.nodes.toLocaleString("en") + " small places are left out of this file";
	return text;
}

function say(text) {
	setText(ui.details, text);
}

function showDetails() {
	say(cur && whereOf(cur) ? describe(cur) : idleText());
}

/* ---- state to page ---- */

function pressed(b, on) {
	b.setAttribute("aria-pressed", String(!!on));
}

function fillSelect(select, values, chosen) {
	select.textContent = "";
	values.forEach(function (v) {
		var o = make("option", { value: v[0] }, select, v[1]);

		if (v[0] === String(chosen))
			o.selected = true;
	});
}

var groupsShown = null;

/* The groups of a label, made anew only when there is another label: there may be many thousands. */
function fillGroups() {
	if (groupsShown !== S.key) {
		groupsShown = S.key;
		fillSelect(ui.group, [["", "all"]].concat(S.key ? groupsOf(S.key).map(function (g) { return ["=" + g, visible(wellFormed(g)).slice(0, 80) || "(empty)"]; }) : []), "");
	}
	ui.group.value = S.group === null ? "" : "=" + S.group;
}

/* Where the keys of the page work: the boxes, or the rows of the table. */
function focusView() {
	(S.view === "table" ? ui.body.querySelector("tr") || ui.table : ui.tree).focus({ preventScroll: true });
}

function showTools() {
	var focused = document.activeElement;

	VIEWS.forEach(function (v) { pressed(ui.views[v[0]], S.view === v[0]); });
	pressed(ui.gear, !ui.app.classList.contains("folded"));
	pressed(ui.regex, S.regex);
	pressed(ui.cased, S.cased);
	pressed(ui.flip, S.flip);
	pressed(ui.leaf, S.leaf);
	pressed(ui.fold, S.fold);
	ui.flip.disabled = S.view !== "graph";
	ui.leaf.disabled = S.view !== "graph";
	ui.order.disabled = S.view === "table" || S.view === "chart";
	ui.prev.disabled = ui.next.disabled = !hits.length;
	ui.reset.disabled = !S.zoom;
	if (focused && focused.disabled) /* a button that has done its work would take the focus away with it */
		focusView();
	if (ui.type)
		ui.type.value = String(S.type);
	ui.order.value = S.order;
	if (ui.mode)
		ui.mode.value = S.mode;
	if (ui.key) {
		ui.key.value = S.key;
		fillGroups();
		ui.group.parentNode.hidden = !S.key;
	}
	document.body.setAttribute("data-view", S.view);
	showMatches();
	PATTERN_FIELDS.forEach(function (f) {
		ui[f].setAttribute("aria-invalid", String(!!problem[f]));
		ui[f + "Error"].textContent = problem[f] || "";
	});
}

function showMatches() {
	var p = panes[0], ofAll = S.view === "table" || S.view === "sandwich", text = "";

	ui.query.setAttribute("aria-invalid", String(!!problem.query));
	if (problem.query)
		text = problem.query;
	else if (matched)
		text = matchedWords(ofAll ? root : p.v, matched, ofAll ? 0 : p.at, hundred);
	ui.info.textContent = text;
	ui.info.className = problem.query ? "info bad" : "info";
}

/* After any change: what = "all" from the samples on, "panes", "zoom" or "search". */
function update(what, step) {
	var kept = cur && whereOf(cur) && what === "search" ? cur : null;

	if (what === "all")
		makeRoot();
	if (what === "all" || what === "panes")
		makePanes();
	if (what !== "zoom")
		runSearch();
	cur = what === "zoom" ? { pane: 0, i: panes[0].at } : kept;
	over = null;
	ui.tip.hidden = true;
	remember(step);
	showTools();
	if (S.view === "table" || S.view === "sandwich")
		showTable();
	if (S.view !== "table")
		show();
	if (cur)
		announce(cur);
	showDetails();
}

function setView(view) {
	if (view === "chart" && !hasTimes())
		return;
	if (S.view !== view) {
		S.view = view;
		S.zoom = "";
		update("panes", true);
	}
	focusView();
}

function openSandwich(f) {
	S.fn = f;
	S.view = "sandwich";
	S.zoom = "";
	update("panes", true);
	ui.tree.focus({ preventScroll: true });
}

function pickFunction(f) {
	S.fn = f;
	update("panes", true);
}

function zoom(i) {
	var p = panes[0];

	if (i === p.at)
		return;
	p.at = i;
	S.zoom = pathOf(p.v, i);
	update("zoom", true);
	reveal(cur);
}

function setQuery(q) {
	S.query = q;
	update("search", false);
}

/* The next (or previous) match; zooms so far that it can be seen. */
function stepHit(back) {
	var v = panes[0].v, i, k, z, at;

	if (!hits.length)
		return;
	i = cur && cur.pane === 0 ? hits.indexOf(cur.i) : -1;
	i = i < 0 ? (back ? hits.length - 1 : 0) : (i + (back ? hits.length - 1 : 1)) % hits.length;
	k = hits[i];
	at = whereOf({ pane: 0, i: k });
	if (S.view !== "sandwich" && (!at || lay.rows[at[0]].w[at[1]] < 3 || !isBelow(v, k, panes[0].at))) {
		for (z = k; v.parent[z] > 0 && v.weight[k] / v.weight[v.parent[z]] * stageWidth >= 40;)
			z = v.parent[z];
		if (v.weight[k] / whole * stageWidth >= 40)
			z = 0;
		zoom(z);
	}
	select({ pane: 0, i: k });
	say("Match " + (i + 1) + " of " + hits.length.toLocaleString("en") + ": " + describe(cur));
}

/* ---- keyboard and screen reader ---- */

/* The box at the keyboard as a tree item, with its place among its siblings. */
function announce(b) {
	var v = panes[b.pane].v, i = b.i, n = 0, place = 1, k;

	if (v.parent[i] >= 0)
		for (k = v.first[v.parent[i]]; k >= 0 && n < 10000; k = v.next[k]) {
			n++;
			if (k === i)
				place = n;
		}
	ui.item.setAttribute("aria-level", v.depth[i] + 1);
	ui.item.setAttribute("aria-setsize", Math.max(n, 1));
	ui.item.setAttribute("aria-posinset", place);
	ui.item.setAttribute("aria-selected", "true");
	if (firstChild(v, i) >= 0)
		ui.item.setAttribute("aria-expanded", "true");
	else
		ui.item.removeAttribute("aria-expanded");
	ui.item.textContent = describe(b);
	ui.item.id = "box-" + b.pane + "-" + i; /* a new one, so that the change is noticed */
	ui.tree.setAttribute("aria-activedescendant", ui.item.id);
}

function select(b) {
	cur = b;
	announce(b);
	reveal(b);
	repaint();
	showDetails();
}

function widestChild(v, i) {
	var best = -1, k;

	for (k = firstChild(v, i); k >= 0; k = v.next[k])
		if (best < 0 || v.weight[k] > v.weight[best])
			best = k;
	return best;
}

function move(key) {
	var at = whereOf(cur), r, k, v, inward, to = -1;

	if (!at) {
		select({ pane: 0, i: panes[0].at });
		return;
	}
	r = lay.rows[at[0]];
	v = panes[cur.pane].v;
	if (key === "ArrowLeft" || key === "ArrowRight") {
		k = at[1] + (key === "ArrowLeft" ? -1 : 1);
		if (k >= 0 && k < r.node.length)
			select({ pane: r.pane[k], i: r.node[k] });
		return;
	}
	inward = S.view === "sandwich" ? (cur.pane ? "ArrowDown" : "ArrowUp") : S.flip || S.view === "chart" ? "ArrowDown" : "ArrowUp";
	if (S.view === "sandwich" && cur.i === 0 && key === "ArrowDown") {
		to = widestChild(panes[1].v, 0);
		if (to >= 0)
			select({ pane: 1, i: to });
		return;
	}
	to = key === inward ? widestChild(v, cur.i) : v.parent[cur.i];
	if (to < 0)
		return;
	if (cur.pane && to === 0)
		select({ pane: 0, i: 0 });
	else if (whereOf({ pane: cur.pane, i: to }))
		select({ pane: cur.pane, i: to });
	else
		say("The boxes there are too narrow to be drawn: press Enter to zoom");
}

function enter(b) {
	var f;

	if (!b)
		return;
	f = panes[b.pane].v.frame[b.i];
	if (S.view !== "sandwich")
		zoom(b.i);
	else if (b.i && f < D.flags.length + 1)
		pickFunction(f);
}

function clearOrReset() {
	if (!ui.help.hidden)
		toggleHelp();
	else if (S.zoom)
		zoom(0);
	else if (S.query || ui.query.value)
		ui.query.value = "", setQuery("");
}

function toggle(name) {
	S[name] = !S[name];
	if (name === "flip") {
		panes[0].up = !S.flip;
		lay.rows = [];
		update("search", false);
		ui.stage.scrollTop = S.flip ? 0 : lay.rows.length * rowHeight;
		return;
	}
	S.zoom = "";
	update(name === "fold" ? "all" : "panes", false);
}

function onKey(e) {
	var field = e.target.localName === "input" || e.target.localName === "select", b;

	if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented)
		return;
	if (e.target === ui.query && (e.key === "Enter" || e.key === "Escape")) {
		if (e.key === "Enter" && ui.query.value === S.query)
			stepHit(e.shiftKey);
		else
			setQuery(e.key === "Enter" ? ui.query.value : ui.query.value = "");
		if (e.key === "Escape")
			ui.tree.focus({ preventScroll: true });
		e.preventDefault();
		return;
	}
	if (field || (e.target.localName === "button" && (e.key === "Enter" || e.key === " ")))
		return;
	if (S.view === "table" || S.view === "sandwich" && e.target.closest && e.target.closest("tbody")) {
		if (tableKey(e)) {
			e.preventDefault();
			return;
		}
		if (/^(Arrow|Enter|Home| )/.test(e.key))
			return;
	}
	b = cur && whereOf(cur) ? cur : null;
	switch (e.key) {
	case "ArrowUp": case "ArrowDown": case "ArrowLeft": case "ArrowRight": move(e.key); break;
	case "Enter": case " ": enter(b); break;
	case "Escape": clearOrReset(); break;
	case "Backspace": if (panes[0].at) zoom(panes[0].v.parent[panes[0].at]); break;
	case "Home": zoom(0); select({ pane: 0, i: 0 }); break;
	case "/": ui.query.focus(); ui.query.select(); break;
	case "n": stepHit(false); break;
	case "N": stepHit(true); break;
	case "i": if (S.view === "graph") toggle("flip"); break;
	case "l": if (S.view === "graph") toggle("leaf"); break;
	case "r": toggle("fold"); break;
	case "g": setView("graph"); break;
	case "c": setView("chart"); break;
	case "s": if (b && b.i) openSandwich(panes[b.pane].v.frame[b.i]); else setView("sandwich"); break;
	case "t": setView("table"); break;
	case "o": if (b) openLink(panes[b.pane].v.frame[b.i]); break;
	case "?": toggleHelp(); break;
	default: return;
	}
	e.preventDefault();
}

/* ---- pointer ---- */

function onMove(e) {
	var b = boxAt(e.clientX, e.clientY), v, i, where, link;

	if ((b && over && b.pane === over.pane && b.i === over.i) || !b && !over)
		return placeTip(e);
	over = b;
	ui.canvas.style.cursor = b ? "pointer" : "";
	ui.tip.hidden = !b;
	repaint();
	if (!b)
		return;
	v = panes[b.pane].v;
	i = b.i;
	where = whereIs(v.frame[i]);
	link = attrsOf(v.frame[i]).href;
	ui.tip.textContent = "";
	make("b", {}, ui.tip, nameOf(v.frame[i]).slice(0, 600));
	make("div", {}, ui.tip, about(b));
	if (where.length)
		make("div", { "class": "dim" }, ui.tip, where.join(", "));
	if (link)
		make("div", { "class": "dim" }, ui.tip, "Ctrl and click: " + link.slice(0, 300));
	if (kindOf(v) && i)
		make("div", { "class": "dim" }, ui.tip, "calls what stands " + (S.flip ? "above" : "below"));
	placeTip(e);
}

function placeTip(e) {
	var w, h;

	if (ui.tip.hidden)
		return;
	w = ui.tip.offsetWidth;
	h = ui.tip.offsetHeight;
	ui.tip.style.left = Math.max(4, Math.min(e.clientX + 14, window.innerWidth - w - 6)) + "px";
	ui.tip.style.top = (e.clientY + 18 + h > window.innerHeight ? Math.max(4, e.clientY - h - 12) : e.clientY + 18) + "px";
}

function onLeave() {
	over = null;
	ui.tip.hidden = true;
	repaint();
}

function onClick(e) {
	var b = boxAt(e.clientX, e.clientY);

	ui.tree.focus({ preventScroll: true });
	if (!b)
		return;
	ui.tip.hidden = true;
	if ((e.ctrlKey || e.metaKey) && attrsOf(panes[b.pane].v.frame[b.i]).href)
		openLink(panes[b.pane].v.frame[b.i]);
	else if (S.view !== "sandwich" && b.i === panes[0].at)
		select(b);
	else
		enter(b);
}

/* ---- tools ---- */

function tool(parent, text, label, action, name) {
	ui[name] = button(parent, text, label, action);
}

function picker(parent, text, name, values, action) {
	var label = make("label", {}, parent);

	make("span", {}, label, text);
	ui[name] = make("select", {}, label);
	fillSelect(ui[name], values, "");
	ui[name].addEventListener("change", action);
}

function pattern(parent, text, name) {
	var label = make("label", {}, parent), timer = 0, id = "e-" + name;

	make("span", {}, label, text);
	ui[name] = make("input", { type: "text", spellcheck: "false", autocomplete: "off", placeholder: "pattern", "aria-describedby": id }, label);
	ui[name + "Error"] = make("span", { "class": "bad", id: id, role: "alert" }, label);

	function run() {
		clearTimeout(timer);
		if (S[name] !== ui[name].value) {
			S[name] = ui[name].value;
			S.zoom = "";
			update("all", false);
		}
	}

	ui[name].addEventListener("input", function () {
		clearTimeout(timer);
		timer = setTimeout(run, 350);
	});
	ui[name].addEventListener("keydown", function (e) {
		if (e.key === "Enter")
			run();
	});
}

function typeLabel(t, i) {
	return (t.name && D.rows.length > 1 ? t.name + ": " : "") + (t.type || "values") + (t.unit && t.unit !== "count" ? " (" + t.unit + ")" : "") || String(i);
}

/* What colours mean: [[words, rgb], ...]. */
function makeKey(parent, entries) {
	var key = make("span", { "class": "key", role: "group", "aria-label": "Colours" }, parent);

	entries.forEach(function (e) { element(XHTML, "i", {}, key, e[0]).style.cssText = "background:" + css(e[1]) + ";color:" + (isDark(e[1]) ? "#fff" : "#000"); });
}

function makeOptions(parent) {
	var bar = make("div", { "class": "options", role: "toolbar", "aria-label": "Samples and order" }, parent), keys = [];

	if (D.types.length > 1 && !D.diff)
		picker(bar, "Values", "type", D.types.map(function (t, i) { return [String(i), typeLabel(t, i)]; }), function () {
			S.type = +ui.type.value;
			update("all", true);
		});
	if (D.diff)
		picker(bar, "Width", "mode", [["union", "before or after"], ["after", "after"], ["before", "before"], ["delta", "change"]], function () {
			S.mode = ui.mode.value;
			update("all", true);
		});
	if (new Set(D.threads.filter(Boolean)).size > 1)
		keys.push([THREADS, "thread"]);
	Array.from(new Set(D.labelList.map(function (l) { return l.key; }))).sort().forEach(function (k) {
		if (TIME_LABELS.indexOf(k) < 0)
			keys.push([k, k]);
	});
	if (keys.length) {
		picker(bar, "Group by", "key", [["", "nothing"]].concat(keys), function () {
			S.key = ui.key.value;
			S.group = null;
			update("all", true);
		});
		picker(bar, "Group", "group", [], function () {
			S.group = ui.group.value ? ui.group.value.slice(1) : null; /* values may be empty */
			update("all", true);
		});
	}
	picker(bar, "Order", "order", [["name", "by name"], ["weight", "heaviest first"]].concat(D.view.sort === "time" ? [["file", "first seen"]] : []), function () {
		S.order = ui.order.value;
		update("all", false);
	});
	tool(bar, "Root on top", "Root on top (i)", function () { toggle("flip"); }, "flip");
	tool(bar, "From leaves", "Merge stacks from the leaf: who calls (l)", function () { toggle("leaf"); }, "leaf");
	tool(bar, "Fold recursion", "Fold recursion (r)", function () { toggle("fold"); }, "fold");
	pattern(bar, "Focus", "focus");
	pattern(bar, "Ignore", "ignore");
	pattern(bar, "Hide", "hide");
}

function makeHead(parent) {
	var head = make("header", {}, parent), find, views, timer = 0;

	make("h1", {}, head, titleText()).title = (D.subtitle ? D.subtitle + "\n" : "") + (D.command || "");
	views = ui.viewBar = make("div", { "class": "views", role: "group", "aria-label": "View" }, head);
	ui.views = {};
	VIEWS.forEach(function (v) {
		ui.views[v[0]] = button(views, v[1], v[1] + " (" + v[2] + ")", function () { setView(v[0]); });
		ui.views[v[0]].hidden = v[0] === "chart" && !hasTimes();
	});
	find = make("div", { "class": "find", role: "search" }, head);
	ui.query = make("input", { type: "text", placeholder: "Search  (/)", "aria-label": "Search names", spellcheck: "false", autocomplete: "off" }, find);
	ui.query.addEventListener("input", function () {
		clearTimeout(timer);
		timer = setTimeout(function () {
			if (ui.query.value !== S.query)
				setQuery(ui.query.value);
		}, D.base.n > 20000 ? 250 : 80);
	});
	tool(find, ".*", "Regular expression", function () { S.regex = !S.regex; setQuery(ui.query.value); }, "regex");
	tool(find, "Aa", "Match case", function () { S.cased = !S.cased; setQuery(ui.query.value); }, "cased");
	tool(find, "\u2039", "Previous match (N)", function () { stepHit(true); }, "prev");
	tool(find, "\u203a", "Next match (n)", function () { stepHit(false); }, "next");
	ui.info = make("div", { "class": "info", role: "status", "aria-live": "polite" }, find);
	tool(head, "Reset zoom", "Reset zoom (Esc)", function () { zoom(0); }, "reset");
	tool(head, "\u2699", "Samples, order and filters", function () {
		ui.app.classList.toggle("folded");
		update("search", false);
	}, "gear");
	button(head, "?", "Keys (?)", toggleHelp);
}

var HELP = [
	["click, Enter", "zoom into a box; a grey one leads back out"], ["arrows", "go from box to box"], ["Esc", "reset the zoom, then the search"],
	["Backspace", "zoom out by one frame"], ["Home", "everything"], ["/", "search; Enter: next match"], ["n  N", "next and previous match"],
	["g  c  s  t", "flame graph, time order, sandwich (of the box at hand), table"], ["i", "root on top"], ["l", "merge from the leaves: callers"],
	["r", "fold recursion"], ["o", "open the link of the box at hand, where it has one; also Ctrl and click"], ["Ctrl C", "copy the name of the box at hand"], ["?", "this list"]
];

function toggleHelp() {
	ui.help.hidden = !ui.help.hidden;
	(ui.help.hidden ? ui.tree : ui.help).focus({ preventScroll: true });
}

function makeHelp(parent) {
	var dl;

	ui.help = make("div", { "class": "help", role: "dialog", "aria-label": "Keys", tabindex: "-1", hidden: "" }, parent);
	dl = make("dl", {}, ui.help);
	HELP.forEach(function (h) {
		make("dt", {}, dl, h[0]);
		make("dd", {}, dl, h[1]);
	});
	make("p", {}, ui.help, "The address keeps view, zoom, search and filters: copy it to share what you see. Matched per cents refer to the part in view; a match inside a match counts once. Focus, ignore and hide are regular expressions over names: keep stacks with a match, drop them, take the frames out of them.");
	button(ui.help, "Close", "Close", toggleHelp);
}

function makePage() {
	var main, foot;

	ui.still = document.querySelector(".still");
	ui.app = make("div", { "class": "app" }, document.body);
	if (window.innerWidth < 700)
		ui.app.classList.add("folded");
	makeHead(ui.app);
	makeOptions(ui.app);
	main = make("main", {}, ui.app);
	makeTable(main);
	ui.tree = make("div", { "class": "tree", role: "tree", tabindex: "0", "aria-label": titleText() }, main);
	ui.item = make("div", { role: "treeitem", "class": "unseen" }, ui.tree);
	ui.stage = make("div", { "class": "stage", tabindex: "-1" }, ui.tree); /* scrolls, but is no stop of its own */
	ui.canvas = make("canvas", { "aria-hidden": "true" }, ui.stage);
	ui.space = make("div", { "class": "space", "aria-hidden": "true" }, ui.stage);
	foot = make("div", { "class": "foot" }, ui.app);
	ui.details = make("footer", { role: "status", "aria-live": "polite" }, foot);
	if (D.diff)
		makeKey(foot, [GROWN, NEW, SHRUNK, GONE, UNDECIDED, UNCHANGED].map(function (c) {
			var up = c === GROWN || c === NEW;

			return [DIFF_SIGNS[c] + DIFF_WORDS[c], diffRgb(c, up ? 0 : D.diff.total_before, up ? D.diff.total_after : 0)];
		}));
	if (D.states)
		makeKey(foot, D.states.name.map(function (n, k) { return [n, D.states.rgb[k], k]; }).filter(function (e) { return D.states.set.indexOf(e[2]) >= 0; }));
	ui.tip = make("div", { "class": "tip", hidden: "", "aria-hidden": "true" }, ui.app);
	makeHelp(ui.app);
	ui.ctx = ui.canvas.getContext("2d", { alpha: false });
}

/* ---- start ---- */

function listen() {
	document.addEventListener("keydown", onKey);
	ui.canvas.addEventListener("mousemove", onMove);
	ui.canvas.addEventListener("mouseleave", onLeave);
	ui.canvas.addEventListener("click", onClick);
	ui.stage.addEventListener("scroll", function () { over = null; ui.tip.hidden = true; repaint(); }, { passive: true });
	window.addEventListener("resize", function () { if (S.view !== "table" && measure()) show(); });
	new ResizeObserver(function () { if (S.view !== "table" && measure()) show(); }).observe(ui.stage);
	["(prefers-color-scheme: dark)", "(forced-colors: active)"].forEach(function (q) {
		matchMedia(q).addEventListener("change", function () { readInk(); repaint(); });
	});
	window.addEventListener("hashchange", fromAddress);
	window.addEventListener("popstate", fromAddress);
	window.addEventListener("beforeprint", function () { if (S.view !== "table") picture(); });
	document.addEventListener("copy", function (e) {
		if (String(getSelection()) || !cur || e.target.localName === "input")
			return;
		e.clipboardData.setData("text/plain", D.names[panes[cur.pane].v.frame[cur.i]]);
		e.preventDefault();
	});
	document.addEventListener("pd-boxes", tellBoxes);
	document.addEventListener("pd-range", function (e) {
		range = e.detail || null;
		update("all", false);
	});
}

function fromAddress() {
	var pending;

	if (location.hash.replace(/^#/, "") === lastFragment)
		return;
	pending = readState();
	lastFragment = location.hash.replace(/^#/, "");
	ui.query.value = pending.query || S.query;
	PATTERN_FIELDS.forEach(function (f) { ui[f].value = pending[f] || S[f]; });
	if (S.focus || S.ignore || S.hide || PATTERN_FIELDS.some(function (f) { return pending[f]; }))
		ui.app.classList.remove("folded");
	makeRoot();
	makePanes();
	runSearch();
	cur = over = null;
	if (pending.query)
		problem.query = "press Enter to run the pattern of this link";
	PATTERN_FIELDS.forEach(function (f) {
		if (pending[f])
			problem[f] = "press Enter to use the pattern of this link";
	});
	showTools();
	if (S.view === "table" || S.view === "sandwich")
		showTable();
	if (S.view !== "table")
		show();
	showDetails();
}

function startPage() {
	var started = performance.now(), view = D.view, face;

	S.view = view.chart && hasTimes() ? "chart" : "graph";
	S.type = view.sample_type;
	S.order = view.sort === "weight" ? "weight" : view.sort === "time" ? "file" : "name";
	S.flip = !!view.inverted;
	S.leaf = !!view.reverse;
	S.sort = D.diff ? "self_change" : "total";
	document.body.classList.toggle("diff", !!D.diff);
	document.body.classList.toggle("nowhere", !D.module.some(Boolean) && !D.file.some(Boolean));
	START = Object.assign({}, S);
	rowHeight = Math.max(view.frame_height + 2, 6);
	makePage();
	document.documentElement.classList.add("on"); /* from here on the static picture is for print */
	face = view.font ? JSON.stringify(view.font.replace(/["\\\u0000-\u001f]/g, "")) + ", " : "";
	font = Math.max(1, view.font_size) + "px " + face + "system-ui, sans-serif";
	ui.ctx.font = font;
	readInk();
	listen();
	fromAddress();
	if (S.view === "graph" && !S.flip)
		ui.stage.scrollTop = lay.rows.length * rowHeight;
	document.documentElement.setAttribute("data-ms", Math.round(performance.now() - started)); /* for those who measure */
}

try {
	startWords(readBlock(document.getElementById("profdata").textContent));
} catch (e) {
	return; /* the picture stays as it is */
}
startPage();
})();
