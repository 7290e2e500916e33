// What Node programs do, with an answer that is the same every time.
const { Worker, isMainThread, parentPort } = require("worker_threads");
const fs = require("fs");

function sum(n) {
	let s = 0;
	for (let i = 0; i < n; i++)
		s = (s * 31 + i) % 1000003;
	return s;
}

async function main() {
	const crypto = require("crypto"), http = require("http"), zlib = require("zlib");
	const { execFileSync, spawnSync } = require("child_process");
	const workers = [1, 2].map(() => new Promise((resolve, reject) => {
		const w = new Worker(__filename);
		let got;
		w.on("message", (m) => { got = m; });
		w.on("error", reject);
		w.on("exit", () => resolve(got));
	}));
	console.log((await Promise.all(workers)).join(" "));
	const server = http.createServer((request, response) => response.end(zlib.gzipSync("answer " + request.url)));
	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	const get = (path) => new Promise((resolve, reject) => http.get({ port: server.address().port, path, agent: false }, (response) => {
		const parts = [];
		response.on("data", (d) => parts.push(d));
		response.on("end", () => resolve(zlib.gunzipSync(Buffer.concat(parts)).toString()));
	}).on("error", reject));
	const answers = await Promise.all([...Array(20).keys()].map((i) => get("/" + i)));
	console.log(answers.join(","));
	await new Promise((resolve) => server.close(resolve));
	console.log(await new Promise((resolve) => crypto.pbkdf2("x", "y", 5000, 16, "sha256", (e, k) => resolve(k.toString("hex")))));
	console.log(execFileSync("echo", ["child"]).toString().trim(), spawnSync("sh", ["-c", "kill -9 $$"]).signal, sum(5000000));
	console.log("descriptors", fs.readdirSync("/proc/self/fd").length);
}

if (isMainThread)
	main();
else
	parentPort.postMessage(sum(3000000));
