// speedscope.mjs FILE: seconds the page of speedscope is busy from being handed a file until its profile is shown.
// Needs chromium and the packages speedscope and puppeteer-core below the working directory (npm install them there).
import fs from 'node:fs'; import os from 'node:os'; import path from 'node:path';
import {createRequire} from 'node:module';
const require = createRequire(process.cwd() + '/');
const puppeteer = require('puppeteer-core');
const app = path.dirname(require.resolve('speedscope/package.json')) + '/dist/release/index.html';
const browser = await puppeteer.launch({executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true,
	userDataDir: fs.mkdtempSync(path.join(os.tmpdir(), 'speedscope-')), args: ['--no-sandbox', '--disable-gpu', '--allow-file-access-from-files']});
const page = await browser.newPage(), file = process.argv[2];
await page.goto('file://' + app + '#localProfilePath=/nonexistent.js'); // the hash makes it take files from a script
await page.waitForFunction('window.speedscope', {timeout: 60000});
const before = await page.metrics();
await page.evaluate((name, data) => { window.speedscope.loadFileFromBase64(name, data); }, path.basename(file), fs.readFileSync(file).toString('base64'));
await page.waitForFunction(() => /Time Order|Something went wrong|Unrecognized/i.test(document.body.innerText), {timeout: 200000, polling: 500});
const shown = await page.evaluate(() => /Time Order/.test(document.body.innerText)), after = await page.metrics();
console.log(shown ? (after.TaskDuration - before.TaskDuration).toFixed(3) : 'refused');
await browser.close();
