/* ---- page: the canvas ---- */

var SMALLEST = 0.4, TINY = 1.3, PAD = 8;
var ui = {};                          /* elements */
var ink = {};                         /* colours of the page */
var lay = { rows: [], top: 0, center: 0 }; /* what is drawn: per row {pane, node, x, w, above}; free space above; row of a sandwich's function */
var cur = null, over = null;          /* {pane, i}: at the keyboard, under the pointer */
var stageWidth = 0, stageHeight = 0, rowHeight = 18, font = "", widths = new Map(), hiddenBoxes = 0;

function readInk() {
	var s = getComputedStyle(document.documentElement), forced = matchMedia("(forced-colors: active)").matches;

	["bg", "fg", "dim", "ghost", "onghost", "ring", "line"].forEach(function (k) { ink[k] = s.getPropertyValue("--" + k).trim(); });
	ink.forced = forced;
	ink.dark = isDark(channels(/^#[0-9a-f]{6}$/.test(ink.bg) ? ink.bg : "#ffffff"));
}

/* ---- where boxes are ---- */

function put(row, pane, i, x, w, above) {
	var r = lay.rows[row] || (lay.rows[row] = { pane: [], node: [], x: [], w: [], above: [] });

	r.pane.push(pane);
	r.node.push(i);
	r.x.push(x);
	r.w.push(w);
	r.above.push(above);
}

/* Boxes of one pane; rows are counted from the root of the pane. */
function layPane(p, number, rowOf) {
	var v = p.v, span = stageWidth - 2 * PAD, scale = span / (p.at ? v.weight[p.at] : number || panes.length > 1 ? v.weight[0] : whole), left = v.start[p.at], i, w, next;

	if (!(v.weight[0] > 0))
		return;
	for (i = v.parent[p.at]; i >= 0; i = v.parent[i])
		put(rowOf(v.depth[i]), number, i, PAD, span, true);
	for (i = p.at; i >= 0; i = next) {
		w = v.weight[i] * scale;
		next = -1;
		if (w >= SMALLEST || i === p.at) {
			if (i || !number)
				put(rowOf(v.depth[i]), number, i, PAD + (v.start[i] - left) * scale, w, false);
			next = w >= 0.8 ? firstChild(v, i) : -1;
		} else {
			hiddenBoxes++;
		}
		for (; next < 0 && i !== p.at; i = v.parent[i])
			next = v.next[i];
	}
}

/* Decides what is drawn. Row 0 is at the top of the stage. */
function layout() {
	var i, rows, shift;

	lay.rows = [];
	hiddenBoxes = 0;
	if (S.view === "sandwich") {
		layPane(panes[0], 0, function (d) { return d; });
		rows = lay.rows;
		shift = rows.length - 1;
		lay.rows = rows.reverse(); /* callers upwards */
		layPane(panes[1], 1, function (d) { return shift + d; });
		lay.center = shift;
	} else {
		layPane(panes[0], 0, function (d) { return d; });
		if (!S.flip && S.view !== "chart")
			lay.rows.reverse();
	}
	for (i = 0; i < lay.rows.length; i++)
		lay.rows[i] = lay.rows[i] || { pane: [], node: [], x: [], w: [], above: [] };
	i = lay.rows.length * rowHeight;
	lay.top = i >= stageHeight ? 0 : S.view === "sandwich" ? Math.floor(Math.min(stageHeight - i, Math.max(0, stageHeight / 2 - lay.center * rowHeight))) :
		S.flip || S.view === "chart" ? 0 : Math.floor(stageHeight - i); /* flames stand on the ground */
	ui.space.style.height = (i >= stageHeight ? i : 1) + "px";
}

/* Row and place in the row of a box, when it is laid out. */
function whereOf(b) {
	var v = b && panes[b.pane] && panes[b.pane].v, d, y, k;

	if (!v || b.i >= v.n)
		return undefined;
	d = v.depth[b.i];
	y = S.view === "sandwich" ? lay.center + (b.pane ? d : -d) : S.flip || S.view === "chart" ? d : lay.rows.length - 1 - d;
	if (!lay.rows[y])
		return undefined;
	k = lay.rows[y].node.indexOf(b.i);
	return k < 0 || lay.rows[y].pane[k] !== b.pane ? undefined : [y, k];
}

function boxAt(clientX, clientY) {
	var rect = ui.canvas.getBoundingClientRect(), x = clientX - rect.left, y = Math.floor((clientY - rect.top - lay.top + ui.stage.scrollTop) / rowHeight), r = lay.rows[y], lo = 0, hi, mid;

	if (!r || !r.x.length || x < PAD || clientY > rect.bottom)
		return null;
	for (hi = r.x.length - 1; lo < hi;) {
		mid = lo + hi + 1 >> 1;
		if (r.x[mid] <= x)
			lo = mid;
		else
			hi = mid - 1;
	}
	return x <= r.x[lo] + Math.max(r.w[lo], 1) ? { pane: r.pane[lo], i: r.node[lo] } : null;
}

/* ---- painting ---- */

function textWidth(s) {
	var w = widths.get(s);

	if (w === undefined) {
		if (widths.size > 60000)
			widths.clear();
		widths.set(s, w = ui.ctx.measureText(s).width);
	}
	return w;
}

/* The longest form of a name that fits into w pixels. */
function labelFor(f, w) {
	var v, i, s, n;

	if (w < 24)
		return "";
	v = variants(f);
	for (i = 0; i < v.length; i++)
		if (v[i][1] * 4 < w * 2 && textWidth(v[i][0]) <= w)
			return v[i][0];
	s = v[v.length - 1][0].replace(/^\u2026/, "").slice(0, 300);
	n = Math.max(1, Math.floor(s.length * w / Math.max(textWidth(s), 1)));
	if (n >= s.length && textWidth(s) <= w)
		return s;
	for (n = Math.min(n, s.length - 1); n > 1 && textWidth(s.slice(0, n) + "\u2026") > w; n--)
		;
	if (s.charCodeAt(n - 1) >= 0xd800 && s.charCodeAt(n - 1) < 0xdc00)
		n--;
	return n > 1 ? s.slice(0, n) + "\u2026" : "";
}

/* Fill of a box and whether its text is white. */
function fillOf(v, i, above) {
	var f = v.frame[i], hit = matched && matched[f] && i, rgb;

	if (ink.forced)
		return hit ? ["Highlight", "HighlightText"] : ["Canvas", "CanvasText"];
	if (hit)
		return [css(hitRgb), hitDark ? "#fff" : "#000"];
	if (above || i === 0)
		return [ink.ghost, ink.onghost];
	if (D.diff && v.parts.length) {
		rgb = boxRgb(v, i);
		return [css(rgb), isDark(rgb) ? "#fff" : "#000"];
	}
	if (v.negative) {
		rgb = changeRgb(v.total[i], mostChange);
		return [css(rgb), isDark(rgb) ? "#fff" : "#000"];
	}
	if ((rgb = stateRgb(v, i)))
		return [css(rgb), isDark(rgb) ? "#fff" : "#000"];
	return [D.color[f], frameDark[f] ? "#fff" : "#000"];
}

var mostChange = 0;

/* Diagonal lines over what is gone. */
function hatch(ctx, x, y, w, h) {
	var k;

	ctx.save();
	ctx.beginPath();
	ctx.rect(x, y, w, h);
	ctx.clip();
	ctx.strokeStyle = "rgba(17,34,51,.2)"; /* text on it keeps 4.5:1 */
	ctx.lineWidth = 3;
	ctx.beginPath();
	for (k = -h; k < w; k += 8) {
		ctx.moveTo(x + k, y + h);
		ctx.lineTo(x + k + h, y);
	}
	ctx.stroke();
	ctx.restore();
}

/* What hue says about a box, in shape, as drawMark() has it; in the union what went away is hatched. */
function paintMark(ctx, v, i, x, y, w) {
	var c = verdict(v, i).c, h = rowHeight - 1, strip = Math.min(3, h / 4), gone, k;

	if (c === GROWN || c === SHRUNK) {
		ctx.fillStyle = ink.forced ? "CanvasText" : c === SHRUNK ? "#0b3d91" : "#7a3300";
		ctx.fillRect(x, c === SHRUNK ? y + h - strip : y, w, strip);
	} else if (c === NEW) {
		ctx.strokeStyle = "rgba(17,34,51,.2)";
		ctx.lineWidth = 3;
		ctx.lineCap = "round";
		ctx.setLineDash([0, 6]);
		ctx.beginPath();
		for (k = 3; k < h - 1; k += 6) {
			ctx.moveTo(x + Math.min(3, w / 2), y + k);
			ctx.lineTo(x + Math.max(w - 2, Math.min(3, w / 2) + 0.1), y + k);
		}
		ctx.stroke();
		ctx.setLineDash([]);
		ctx.lineCap = "butt";
	}
	if (c === GONE || c === SHRUNK && S.mode === "union") {
		gone = w * (c === GONE ? 1 : Math.max(0, 1 - v.total[i] * D.diff.scale_after / (before(v, i) * D.diff.scale_before)));
		hatch(ctx, x + w - gone, y, gone, h);
	}
}

function paintBox(ctx, r, k, y) {
	var v = panes[r.pane[k]].v, i = r.node[k], x = r.x[k], w = r.w[k], fill = fillOf(v, i, r.above[k]), label, c;

	if (matched && !ink.forced && !(matched[v.frame[i]] && i))
		ctx.globalAlpha = 0.35; /* and the text in the colour of the page: 4.5:1 in both themes */
	ctx.fillStyle = fill[0];
	ctx.fillRect(x, y, w > 3 ? w - 1 : w, rowHeight - 1);
	if (ink.forced && w > 3) {
		ctx.strokeStyle = "CanvasText";
		ctx.strokeRect(x + 0.5, y + 0.5, w - 2, rowHeight - 2);
	}
	ctx.globalAlpha = 1;
	if (D.diff && i && !r.above[k] && w > 1 && !matched) /* what was found has a colour of its own */
		paintMark(ctx, v, i, x, y, w > 3 ? w - 1 : w);
	if (w < 24)
		return;
	c = D.diff && i ? DIFF_SIGNS[verdict(v, i).c] : "";
	label = labelFor(v.frame[i], w - 8 - (c ? textWidth(c) : 0));
	if (!label && !c)
		return;
	ctx.fillStyle = matched && !ink.forced && !(matched[v.frame[i]] && i) ? ink.fg : fill[1];
	ctx.fillText(c + label, x + 4, y + rowHeight / 2 + 0.5);
}

/* One row; neighbours too narrow to be told apart become one stripe. */
function paintRow(ctx, r, y) {
	var n = r.x.length, k, from = -1, to = 0;

	function stripe() {
		if (from >= 0) {
			ctx.fillStyle = ink.forced ? "GrayText" : ink.ghost;
			ctx.fillRect(from, y, Math.max(to - from, 0.6), rowHeight - 1);
		}
		from = -1;
	}

	for (k = 0; k < n; k++) {
		if (r.w[k] < TINY && !(matched && matched[panes[r.pane[k]].v.frame[r.node[k]]])) {
			if (from >= 0 && r.x[k] - to > 1.5)
				stripe();
			if (from < 0)
				from = r.x[k];
			to = r.x[k] + r.w[k];
			continue;
		}
		stripe();
		paintBox(ctx, r, k, y);
	}
	stripe();
}

function frameBox(ctx, b, color, width) {
	var at = whereOf(b), r, y;

	if (!at)
		return;
	r = lay.rows[at[0]];
	y = lay.top + at[0] * rowHeight - ui.stage.scrollTop;
	ctx.strokeStyle = color;
	ctx.lineWidth = width;
	ctx.strokeRect(r.x[at[1]] + width / 2 - 0.5, y + width / 2 - 0.5, Math.max(r.w[at[1]] - width + 0.5, 1), rowHeight - width);
}

/* Paints what can be seen of the layout: scrolling costs no more than a screen. */
function paint() {
	var ctx = ui.ctx, dpr = window.devicePixelRatio || 1, top = ui.stage.scrollTop, first = Math.max(0, Math.floor(top / rowHeight)), last, y;

	if (S.view === "table")
		return;
	ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
	ctx.fillStyle = ink.forced ? "Canvas" : ink.bg;
	ctx.fillRect(0, 0, stageWidth, stageHeight);
	ctx.font = font;
	ctx.textBaseline = "middle";
	last = Math.min(lay.rows.length - 1, Math.ceil((top + stageHeight) / rowHeight));
	for (y = first; y <= last; y++)
		paintRow(ctx, lay.rows[y], lay.top + y * rowHeight - top);
	frameBox(ctx, over, ink.forced ? "Highlight" : ink.fg, 1);
	frameBox(ctx, cur, ink.forced ? "Highlight" : ink.ring, 2.5);
}

var painting = false;

function repaint() {
	if (painting)
		return;
	painting = true;
	requestAnimationFrame(function () {
		painting = false;
		paint();
	});
}

/* Size of the stage and its canvas, which is never larger than what can be seen. */
function measure() {
	var dpr = window.devicePixelRatio || 1, w = D.view.width ? Math.min(D.view.width, ui.stage.clientWidth) : ui.stage.clientWidth, h = ui.stage.clientHeight;

	if (!w || !h) /* not there: in print, in a hidden frame */
		return false;
	if (w === stageWidth && h === stageHeight && ui.canvas.width === Math.round(w * dpr))
		return false;
	stageWidth = w;
	stageHeight = h;
	ui.canvas.width = Math.round(w * dpr);
	ui.canvas.height = Math.round(h * dpr);
	ui.canvas.style.width = w + "px";
	ui.canvas.style.height = h + "px";
	return true;
}

/* Lays out and paints; the root stays in sight. */
function show() {
	var tall = lay.rows.length;

	measure();
	mostChange = D.diff ? 0 : greatestChange(root);
	layout();
	if (S.view === "sandwich")
		ui.stage.scrollTop = Math.max(0, lay.center * rowHeight - stageHeight / 2);
	else if (!S.flip && S.view !== "chart" && lay.rows.length !== tall)
		ui.stage.scrollTop = lay.rows.length * rowHeight;
	paint();
}

/* Scrolls a box into the stage. */
function reveal(b) {
	var at = whereOf(b), y;

	if (!at)
		return;
	y = at[0] * rowHeight;
	if (y < ui.stage.scrollTop + rowHeight || y > ui.stage.scrollTop + stageHeight - 2 * rowHeight)
		ui.stage.scrollTop = y - stageHeight / 2;
}

/* Boxes that are laid out, for whoever drives this page: document event "pd-boxes", whose detail gets a list `boxes`. */
function tellBoxes(e) {
	var rect = ui.canvas.getBoundingClientRect();

	e.detail.boxes = [];
	lay.rows.forEach(function (r, y) {
		r.node.forEach(function (i, k) {
			var v = panes[r.pane[k]].v;

			e.detail.boxes.push({
				name: D.shown[v.frame[i]], pane: r.pane[k], depth: v.depth[i], x: rect.left + r.x[k], y: rect.top + lay.top + y * rowHeight - ui.stage.scrollTop,
				width: r.w[k], height: rowHeight, total: v.total[i], self: v.self[i], above: r.above[k], current: !!cur && cur.pane === r.pane[k] && cur.i === i,
				fill: fillOf(v, i, r.above[k])
			});
		});
	});
}

/* ---- print: the boxes in view as a picture ---- */

function picture() {
	var height = lay.rows.length * rowHeight + 30, s, drawnBoxes = 0;

	ui.still.textContent = "";
	s = element(SVG, "svg", { viewBox: "0 0 " + stageWidth + " " + height, width: "100%", "font-family": "sans-serif", "font-size": 12 }, ui.still);
	element(SVG, "text", { x: PAD, y: 18, "font-size": 14 }, s).textContent = titleText() + ": " + (ui.info.textContent || idleText());
	lay.rows.forEach(function (r, row) {
		r.node.forEach(function (i, k) {
			var v = panes[r.pane[k]].v, fill, label, sign;

			if (r.w[k] < 1 || drawnBoxes++ > 4000)
				return;
			fill = ink.forced ? ["#fff", "#000"] : fillOf(v, i, r.above[k]);
			element(SVG, "rect", { x: r.x[k].toFixed(1), y: row * rowHeight + 28, width: Math.max(r.w[k] - 0.6, 0.4).toFixed(1), height: rowHeight - 1, fill: r.above[k] || !i ? "#dddddd" : fill[0] }, s);
			if (D.diff && i && !r.above[k] && !(matched && matched[v.frame[i]]))
				drawMark(s, verdict(v, i).c, r.x[k], r.w[k], row * rowHeight + 28, rowHeight - 1);
			sign = D.diff && i ? DIFF_SIGNS[verdict(v, i).c] : "";
			label = sign + labelFor(v.frame[i], r.w[k] - 8 - (sign ? textWidth(sign) : 0));
			if (label && r.w[k] > 16)
				element(SVG, "text", { x: (r.x[k] + 4).toFixed(1), y: row * rowHeight + 28 + rowHeight * 0.68, fill: r.above[k] || !i ? "#000" : fill[1] }, s).textContent = label;
		});
	});
}
