/*
 * What all scripts of pictures begin with: their function, which the last module
 * closes, and how elements are made.
 *
 * The same bytes stand in every file: nothing of a profile is ever put into
 * script, names reach the page as text and attributes only.
 */
(function () {
"use strict";

var SVG = "http://www.w3.org/2000/svg", XHTML = "http://www.w3.org/1999/xhtml";

function element(ns, name, attrs, parent, text) {
	var e = document.createElementNS(ns, name), k;

	for (k in attrs)
		e.setAttribute(k, attrs[k]);
	if (text !== undefined)
		e.textContent = text;
	if (parent)
		parent.appendChild(e);
	return e;
}

/* Leaves alone what is right already: screen readers read aloud what is set. */
function setText(e, text) {
	if (e.textContent !== text)
		e.textContent = text;
}

function button(parent, text, label, action) {
	var b = element(XHTML, "button", { type: "button", "aria-label": label, title: label }, parent, text);

	b.addEventListener("click", action);
	return b;
}
