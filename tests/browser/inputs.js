/* Profiles for the browser tests, and how they are drawn. */
"use strict";

const { spawnSync } = require("child_process");
const assert = require("assert");
const fs = require("fs");
const path = require("path");

/* Every byte that could mean something to the dump format as \xNN. */
function escaped(name) {
	return Array.from(Buffer.isBuffer(name) ? name : Buffer.from(name, "utf8"), (c) => /[A-Za-z0-9_]/.test(String.fromCharCode(c)) ? String.fromCharCode(c) : "\\x" + c.toString(16).padStart(2, "0")).join("");
}

const program = [
	[["main", "parse", "read"], 100], [["main", "parse", "lex"], 50], [["main", "run", "loop", "step", "read"], 200],
	[["main", "run", "loop", "step", "loop", "step"], 50], [["main", "run", "std::vector<int>::push_back(int&&)"], 95], [["main", "exit"], 5]
];

/* What tests of one folder and program need. */
function inputs(dir, profdata) {
	/* The last argument is the file that is written. */
	function run(...args) {
		const r = spawnSync(profdata, args, { encoding: "utf8" });

		assert.strictEqual(r.status, 0, r.stderr);
		return args[args.length - 1];
	}

	return {
		program,
		/* [[["main", "f"], 3], ...] → a file in the dump format */
		dump(file, rows, unit, times) {
			const text = "profdata dump 1\nseries\nvalue\t" + (unit === "nanoseconds" ? "cpu" : "samples") + "\t" + (unit || "count") + "\n" +
				rows.map((r, i) => r[1] + (times ? "\t@" + (i + 1) * 1000 : "") + "\t" + r[0].map(escaped).join(";") + "\n").join("");

			fs.writeFileSync(path.join(dir, file), text);
			return path.join(dir, file);
		},
		write(file, text) {
			fs.writeFileSync(path.join(dir, file), text);
			return path.join(dir, file);
		},
		draw(input, name, ...options) {
			return run("flamegraph", ...options, input, "-o", path.join(dir, name));
		},
		compare(before, after, name) {
			return run("diff", before, after, "-o", path.join(dir, name));
		}
	};
}

module.exports = inputs;
