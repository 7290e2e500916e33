/*
 * A small WebDriver client: headless Chromium through chromedriver (Debian
 * packages chromium and chromium-driver), no npm packages. Requests, console
 * messages and dialogs are watched, so that a page that does anything it should
 * not is noticed.
 */
"use strict";

const { spawn, execFileSync } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");

const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const KEYS = { Enter: "\uE007", Escape: "\uE00C", Backspace: "\uE003", Home: "\uE011", ArrowLeft: "\uE012", ArrowUp: "\uE013", ArrowRight: "\uE014", ArrowDown: "\uE015", PageUp: "\uE00E", PageDown: "\uE00F", End: "\uE010", Shift: "\uE008", Tab: "\uE004" };

/* Status 77 is "skipped" for ctest. */
function skip(why) {
	console.log("skipped: " + why);
	process.exit(77);
}

function find(program) {
	try {
		return execFileSync("sh", ["-c", "command -v " + program], { encoding: "utf8" }).trim();
	} catch (e) {
		return "";
	}
}

class Browser {
	static async start(prefs, switches) {
		const driver = process.env.CHROMEDRIVER || find("chromedriver");

		if (!driver || !fs.existsSync(CHROMIUM))
			skip("needs chromium and chromedriver (Debian packages chromium, chromium-driver)");
		const b = new Browser();
		b.dir = fs.mkdtempSync(path.join(os.tmpdir(), "profdata-browser-"));
		b.child = spawn(driver, ["--port=0"], { stdio: ["ignore", "pipe", "ignore"] });
		b.port = await new Promise((ok, no) => {
			let text = "";
			b.child.stdout.on("data", (d) => {
				const m = /started successfully on port (\d+)/.exec(text += d);
				if (m)
					ok(+m[1]);
			});
			b.child.on("exit", () => no(new Error("chromedriver ended")));
		});
		const s = await b.call("POST", "/session", { capabilities: { alwaysMatch: {
			browserName: "chrome",
			unhandledPromptBehavior: "ignore",
			"goog:loggingPrefs": { browser: "ALL", performance: "ALL" },
			"goog:chromeOptions": {
				binary: CHROMIUM,
				prefs: prefs || {},
				perfLoggingPrefs: { enableNetwork: true, enablePage: true },
				args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
					"--disable-component-update", "--disable-sync", "--disable-extensions", "--window-size=1300,900", "--user-data-dir=" + b.dir].concat(switches || [])
			}
		} } });
		b.session = "/session/" + s.sessionId;
		await b.call("POST", b.session + "/url", { url: "about:blank" });
		await b.misdeeds(); /* what the browser does on its own account when it starts */
		return b;
	}

	async call(method, url, body) {
		const r = await fetch("http://127.0.0.1:" + this.port + url, { method, body: body === undefined ? undefined : JSON.stringify(body), headers: { "content-type": "application/json" } });
		const j = await r.json();

		if (j.value && j.value.error)
			throw new Error(j.value.error + ": " + j.value.message.split("\n")[0]);
		return j.value;
	}

	async stop() {
		try {
			await this.call("DELETE", this.session);
		} catch (e) {
			/* gone already */
		}
		this.child.kill();
		fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
	}

	async open(file, fragment) {
		await this.call("POST", this.session + "/url", { url: "about:blank" });
		await this.call("POST", this.session + "/url", { url: "file://" + file + (fragment ? "#" + fragment : "") });
	}

	/* Runs the body of a function in the page and returns its result. */
	run(body, ...args) { return this.call("POST", this.session + "/execute/sync", { script: body, args }); }

	async click(selector) {
		const e = await this.call("POST", this.session + "/element", { using: "css selector", value: selector });
		return this.call("POST", this.session + "/element/" + e[ELEMENT] + "/click", {});
	}

	/* Presses keys one after another: names of KEYS or single characters; "Shift+NAME" too. */
	async keys(...list) {
		const actions = [];

		for (const word of list) {
			const k = word.replace(/^Shift\+(?=.)/, ""), value = KEYS[k] || k, shift = k !== word || /^[A-Z?]$/.test(k);

			if (shift)
				actions.push({ type: "keyDown", value: KEYS.Shift });
			actions.push({ type: "keyDown", value }, { type: "keyUp", value });
			if (shift)
				actions.push({ type: "keyUp", value: KEYS.Shift });
		}
		await this.call("POST", this.session + "/actions", { actions: [{ type: "key", id: "keyboard", actions }] });
	}

	/* Presses the pointer at the first point of the page, moves over the others, lets go; `kind` is mouse or touch, `held` a key name. */
	async drag(points, kind, held) {
		const moves = points.map((p, i) => ({ type: "pointerMove", duration: i ? 30 : 0, x: Math.round(p[0]), y: Math.round(p[1]) }));
		const pointer = { type: "pointer", id: "finger-" + (kind || "mouse"), parameters: { pointerType: kind || "mouse" },
			actions: [moves[0], { type: "pointerDown", button: 0 }, ...moves.slice(1), { type: "pointerUp", button: 0 }] };

		if (held)
			await this.call("POST", this.session + "/actions", { actions: [{ type: "key", id: "keyboard", actions: [{ type: "keyDown", value: KEYS[held] }] }] });
		await this.call("POST", this.session + "/actions", { actions: [pointer] });
		if (held)
			await this.call("POST", this.session + "/actions", { actions: [{ type: "key", id: "keyboard", actions: [{ type: "keyUp", value: KEYS[held] }] }] });
	}

	back() { return this.call("POST", this.session + "/back", {}); }
	size(width, height) { return this.call("POST", this.session + "/window/rect", { width, height }); }

	async screenshot(file) {
		fs.writeFileSync(file, Buffer.from(await this.call("GET", this.session + "/screenshot"), "base64"));
	}

	/* What a page did that it should not: dialogs, console messages, requests beyond itself. */
	async misdeeds(allowed) {
		const found = [];

		try {
			found.push("dialog: " + await this.call("GET", this.session + "/alert/text"));
			await this.call("POST", this.session + "/alert/dismiss", {});
		} catch (e) {
			/* none: as it should be */
		}
		for (const l of await this.call("POST", this.session + "/se/log", { type: "browser" }))
			found.push("console: " + l.message);
		for (const l of await this.call("POST", this.session + "/se/log", { type: "performance" })) {
			const m = JSON.parse(l.message).message;

			if (m.method === "Network.requestWillBeSent" && !(allowed || []).some((a) => m.params.request.url.startsWith(a)))
				found.push("request: " + m.params.request.url);
		}
		return found;
	}
}

/* A condition that comes true within two seconds. */
async function until(what, f) {
	const end = Date.now() + 5000;

	while (!await f()) {
		if (Date.now() > end)
			throw new Error("never came true: " + what);
		await new Promise((ok) => setTimeout(ok, 20));
	}
}

/* Runs tests (name -> async function of a Browser), those named by ONLY when that is set, and ends with status 0 or 1; `shots` is a folder for pictures, `end` cleans up. */
async function runTests(tests, shots, end) {
	const b = await Browser.start();
	let failed = 0;

	for (const name of Object.keys(tests)) {
		if (process.env.ONLY && !name.includes(process.env.ONLY))
			continue;
		try {
			await tests[name](b);
			console.log("ok      " + name);
		} catch (e) {
			failed++;
			console.log("FAILED  " + name + "\n" + String(e.stack || e).replace(/^/gm, "        "));
			await b.misdeeds().catch(() => 0);
		}
		if (shots)
			await b.screenshot(path.join(shots, name.replace(/[^a-z]+/gi, "-") + ".png")).catch(() => 0);
	}
	await b.stop();
	end();
	process.exit(failed ? 1 : 0);
}

module.exports = { Browser, runTests, until, skip, find };
