/* ---- page: the table of functions, also the way in for screen readers ---- */

var MORE = 300;
var list = [];    /* frames in the order of the table */
var shownRows = 0;

function make(name, attrs, parent, text) {
	return element(XHTML, name, attrs, parent, text);
}

/* Columns of numbers: of what (self, total), and which side or the change. */
var VALUES = [{ key: "self", label: "Self", of: "self" }, { key: "total", label: "Total", of: "total" }];
var DIFF_VALUES = [
	{ key: "self_before", label: "Self before", of: "self", was: true }, { key: "self", label: "Self after", of: "self" }, { key: "self_change", label: "Self change", of: "self", change: true },
	{ key: "total_before", label: "Total before", of: "total", was: true }, { key: "total", label: "Total after", of: "total" }, { key: "total_change", label: "Total change", of: "total", change: true }
];
var WORDS = [{ key: "name", label: "Function" }, { key: "module", label: "Module" }];

function tableColumns() {
	return (D.diff ? DIFF_VALUES : VALUES).concat(WORDS);
}

function moduleOf(f) {
	return D.module[f] ? D.strings[D.module[f]] : D.file[f] ? D.strings[D.file[f]] : "";
}

/* The number in a column of numbers. */
function amount(c, f) {
	var t = functionTable();

	if (c.change)
		return t[c.of][f] * D.diff.scale_after - t.parts[0][c.of][f] * D.diff.scale_before;
	return c.was ? t.parts[0][c.of][f] : t[c.of][f];
}

function isThere(t, f) {
	return t.total[f] || t.self[f] || t.parts.some(function (p) { return p.total[f] || p.self[f]; });
}

function sortList() {
	var t = functionTable(), by = tableColumns().find(function (c) { return c.key === S.sort; }), sign = S.up ? -1 : 1;

	list = [];
	t.total.forEach(function (v, f) {
		if (f && D.same[f] === f && f !== tree.frame[0] && isThere(t, f) && (!matched || matched[f]))
			list.push(f);
	});
	list.sort(function (a, b) {
		var d = !by || by.key === "name" ? a - b : by.key === "module" ? moduleOf(a).localeCompare(moduleOf(b), "en") :
			by.change ? Math.abs(amount(by, b)) - Math.abs(amount(by, a)) : amount(by, b) - amount(by, a);

		return sign * d || a - b;
	});
}

/* What the comparison says of a function. */
function tableVerdict(c, f) {
	var t = functionTable(), found = isTested(root) ? verdictOfFunction(f, c.of + "_") : null;

	return found || estimate(t.parts[0][c.of][f], t[c.of][f]);
}

/* A class as sign and word; narrow tables show the sign alone. */
function chip(parent, c) {
	var b = make("b", { title: DIFF_WORDS[c] }, parent, DIFF_SIGNS[c]);

	make("span", { "class": DIFF_SIGNS[c] ? "word" : "" }, b, DIFF_WORDS[c]);
	return b;
}

function cell(row, c, f) {
	var td = make("td", { "class": "num " + c.key, "data-column": c.label }, row), v = amount(c, f), t, found, words;
	var all = D.diff ? c.was ? D.diff.total_before : D.diff.total_after : hundred;

	if (c.change) {
		t = functionTable();
		found = tableVerdict(c, f);
		words = changeWords(t.parts[0][c.of][f], t[c.of][f], found).split(" (");
		if (t.parts[0][c.of][f] || t[c.of][f])
			chip(td, found.c).style.background = css(diffRgb(found.c, t.parts[0][c.of][f], t[c.of][f]));
		make("span", { "class": "pc" }, td, words[0]);
		make("span", { "class": "range" }, td, words[1] ? "(" + words[1] : "");
		return;
	}
	td.style.setProperty("--share", (all > 0 ? Math.min(100, Math.abs(v) / all * 100) : 0).toFixed(2) + "%");
	make("span", {}, td, value(v));
	make("span", { "class": "pc" }, td, percent(v, all));
}

function addRows(upTo) {
	var part = document.createDocumentFragment(), f, row, td, own;

	function put(c) {
		cell(row, c, f);
	}

	for (; shownRows < Math.min(upTo, list.length); shownRows++) {
		f = list[shownRows];
		row = make("tr", { "data-frame": f, tabindex: shownRows ? "-1" : "0", "aria-rowindex": shownRows + 2 }, part);
		(D.diff ? DIFF_VALUES : VALUES).forEach(put);
		td = make("th", { scope: "row" }, row);
		make("i", { "class": "dot" }, td).style.background = D.color[f];
		own = attrsOf(f);
		make(own.href ? "a" : "span", own.href ? { href: own.href, target: own.target || "_blank", rel: "noopener noreferrer", title: own.title || own.href } : {}, td, D.shown[f].slice(0, NAME_MAX));
		make("td", { "class": "where", title: moduleOf(f) }, row, moduleOf(f).replace(/^.*\/(?=[^\/])/, ""));
	}
	ui.body.appendChild(part);
	ui.more.hidden = shownRows >= list.length;
	ui.more.textContent = "Show more (" + (list.length - shownRows).toLocaleString("en") + " left)";
}

function showTable() {
	var focused = document.activeElement && document.activeElement.closest && document.activeElement.closest("tbody") ? +document.activeElement.getAttribute("data-frame") : -1, row;

	sortList();
	ui.body.textContent = "";
	shownRows = 0;
	ui.tableElement.setAttribute("aria-rowcount", list.length + 1);
	tableColumns().forEach(function (c, i) {
		if (S.sort === c.key)
			ui.heads[i].setAttribute("aria-sort", S.up === !c.of ? "descending" : "ascending"); /* numbers begin with the greatest, words with the first */
		else
			ui.heads[i].removeAttribute("aria-sort");
	});
	addRows(MORE);
	row = focused >= 0 && ui.body.querySelector("tr[data-frame=\"" + focused + "\"]");
	if (row)
		row.focus();
}

function focusRow(row) {
	if (!row)
		return;
	Array.prototype.forEach.call(ui.body.querySelectorAll("tr[tabindex=\"0\"]"), function (r) { r.setAttribute("tabindex", "-1"); });
	row.setAttribute("tabindex", "0");
	row.focus();
	row.scrollIntoView({ block: "nearest" });
}

function tableKey(e) {
	var row = e.target.closest && e.target.closest("tbody tr"), to = null;

	if (!row)
		return false;
	if (e.key === "ArrowDown") {
		if (!row.nextElementSibling)
			addRows(shownRows + MORE);
		to = row.nextElementSibling;
	} else if (e.key === "ArrowUp") {
		to = row.previousElementSibling;
	} else if (e.key === "Home") {
		to = ui.body.firstElementChild;
	} else if (e.key === "End") {
		to = ui.body.lastElementChild;
	} else if (e.key === "Enter") {
		openSandwich(+row.getAttribute("data-frame"));
		return true;
	} else {
		return false;
	}
	focusRow(to);
	return true;
}

function makeTable(parent) {
	var head, row;

	ui.table = make("div", { "class": "table" }, parent);
	ui.tableElement = make("table", { "aria-label": "Functions" }, ui.table);
	head = make("thead", {}, ui.tableElement);
	row = make("tr", {}, head);
	ui.heads = tableColumns().map(function (c) {
		var th = make("th", { scope: "col", "class": c.key + (c.of ? " num" : "") }, row), b = make("button", { type: "button" }, th, c.label);

		b.addEventListener("click", function () {
			S.up = S.sort === c.key ? !S.up : false;
			S.sort = c.key;
			remember(false);
			showTable();
		});
		return th;
	});
	ui.body = make("tbody", {}, ui.tableElement);
	ui.more = make("button", { type: "button", "class": "more" }, ui.table, "Show more");
	ui.more.addEventListener("click", function () { addRows(shownRows + MORE); });
	ui.body.addEventListener("click", function (e) {
		var row = e.target.closest("tr");

		if (!row || String(getSelection()) || e.target.localName === "a")
			return;
		if (S.view === "table")
			openSandwich(+row.getAttribute("data-frame"));
		else
			pickFunction(+row.getAttribute("data-frame"));
	});
	ui.table.addEventListener("scroll", function () {
		if (ui.table.scrollTop + ui.table.clientHeight > ui.table.scrollHeight - 200)
			addRows(shownRows + MORE);
	}, { passive: true });
}
