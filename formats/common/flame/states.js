
/* ---- states: what threads were doing, a part of the view for each ---- */

/* Sums of absolute values per node, one list per state; none where colours say nothing of states. */
function stateParts(tree, rows, column, keep) {
	var v = rows.values[column], map = tree.map, parts, i, at, state;

	if (!D.states)
		return [];
	parts = D.states.name.map(function () { return new Float64Array(tree.n); });
	for (i = 0; i < rows.n; i++) {
		state = stateOf(rows, i);
		if (state < 0 || keep && !keep(i))
			continue;
		at = map ? map[rows.node[i]] : rows.node[i];
		parts[state][at] += Math.abs(v[i]);
	}
	return parts;
}

function stateOf(rows, i) {
	return D.states ? D.states.set[rows.labels ? rows.labels[i] : 0] : -1;
}

/* The mean colour of the samples of a box; null where none has a state. */
function stateRgb(v, i) {
	var sum = [0, 0, 0], weight = 0;

	if (!D.states)
		return null;
	v.parts.forEach(function (part, k) {
		weight += part.all[i];
		D.states.rgb[k].forEach(function (c, at) { sum[at] += c * part.all[i]; });
	});
	return weight > 0 ? sum.map(function (c) { return Math.round(c / weight); }) : null;
}

/* "; 70% on CPU, 30% off CPU: futex" */
function stateWords(v, i) {
	var all = D.states ? v.parts.reduce(function (sum, part) { return sum + part.all[i]; }, 0) : 0, words = [];

	if (!(all > 0))
		return "";
	v.parts.forEach(function (part, k) {
		if (part.all[i] > 0)
			words.push([part.all[i], percent(part.all[i], all) + " " + D.states.name[k]]);
	});
	words.sort(function (a, b) { return b[0] - a[0]; });
	return "; " + words.map(function (w) { return w[1]; }).join(", ");
}
