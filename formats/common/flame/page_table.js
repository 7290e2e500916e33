/* ---- page: the table of functions, also the way in for screen readers ---- */

var MORE = 300;
var list = [];    /* frames in the order of the table */
var shownRows = 0;

function make(name, attrs, parent, text) {
	var e = document.createElement(name), k;

	for (k in attrs)
		e.setAttribute(k, attrs[k]);
	if (text !== undefined)
		e.textContent = text;
	if (parent)
		parent.appendChild(e);
	return e;
}

var COLUMNS = [
	{ key: "self", label: "Self" }, { key: "total", label: "Total" }, { key: "name", label: "Function" }, { key: "module", label: "Module" }
];

function moduleOf(f) {
	return D.module[f] ? D.strings[D.module[f]] : D.file[f] ? D.strings[D.file[f]] : "";
}

function sortList() {
	var t = functionTable(), by = S.sort, sign = S.up ? -1 : 1;

	list = [];
	t.total.forEach(function (v, f) {
		if (f && D.same[f] === f && f !== tree.frame[0] && (v || t.self[f]) && (!matched || matched[f]))
			list.push(f);
	});
	list.sort(function (a, b) {
		var d = by === "self" ? t.self[b] - t.self[a] : by === "total" ? t.total[b] - t.total[a] :
			by === "module" ? moduleOf(a).localeCompare(moduleOf(b), "en") : a - b;

		return sign * d || a - b;
	});
}

function cell(row, v, name) {
	var td = make("td", { "class": "num" }, row), share = whole > 0 ? Math.min(100, Math.abs(v) / whole * 100) : 0;

	td.style.setProperty("--share", share.toFixed(2) + "%");
	make("span", {}, td, value(v));
	make("span", { "class": "pc" }, td, percent(v, whole));
	td.setAttribute("data-column", name);
}

function addRows(upTo) {
	var t = functionTable(), part = document.createDocumentFragment(), f, row, td;

	for (; shownRows < Math.min(upTo, list.length); shownRows++) {
		f = list[shownRows];
		row = make("tr", { "data-frame": f, tabindex: shownRows ? "-1" : "0", "aria-rowindex": shownRows + 2 }, part);
		cell(row, t.self[f], "Self");
		cell(row, t.total[f], "Total");
		td = make("th", { scope: "row" }, row);
		make("i", { "class": "dot" }, td).style.background = D.color[f];
		make("span", {}, td, D.shown[f].slice(0, NAME_MAX));
		make("td", { "class": "where" }, row, moduleOf(f));
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
	COLUMNS.forEach(function (c, i) {
		var th = ui.heads[i];

		if (S.sort === c.key)
			th.setAttribute("aria-sort", S.up === (c.key === "name" || c.key === "module") ? "descending" : "ascending");
		else
			th.removeAttribute("aria-sort");
		if (S.sort === c.key && (c.key === "self" || c.key === "total"))
			th.setAttribute("aria-sort", S.up ? "ascending" : "descending");
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
	ui.heads = COLUMNS.map(function (c) {
		var th = make("th", { scope: "col", "class": c.key }, row), b = make("button", { type: "button" }, th, c.label);

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

		if (!row || String(getSelection()))
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
