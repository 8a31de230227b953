// node tests/bench/dashboard_load.mjs [live] [long]: what a thousand live calls with ten updates a second each cost the dashboard, and what
// opening a call of two thousand turns and scrolling through it does. The page is served by a real server; events come from a
// socket inside the page, so that only drawing is measured.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Process, System } from '../scenario/system.mjs';
import { Viewer, openBrowser, record } from '../e2e/dashboard_harness.mjs';

const [CALLS, UPDATES_PER_CALL, SECONDS] = [1000, 10, 5];
const [TURNS, STEPS] = [2000, 100];

/** Runs in the page: a socket that tells of calls without there being any. */
function feed([calls, updates]) {
	window.WebSocket = class extends EventTarget {
		constructor() {
			super();
			setTimeout(() => this.dispatchEvent(new Event('open')), 10);
			setTimeout(() => this.begin(), 2000);	/* the lists are there by then; what was told before they came is in them */
		}

		begin() {
			let seq = 1, turn = 0;
			const at = new Date().toISOString();
			const tell = (type, call_id, data) => this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ seq: seq++, at, type, call_id, data }) }));
			for (let i = 0; i < calls; i++)
				tell('call.created', `c${i}`, { call_id: `c${i}`, status: 'IN_PROGRESS', direction: 'OUTBOUND', phone_number: `+1555230${String(i).padStart(4, '0')}`, agent: 'desk', created_at: at, started_at: at });
			setInterval(() => {
				for (let i = 0; i < (calls * updates) / 100; i++, turn++)
					tell('transcript.partial', `c${turn % calls}`, { ordinal: Math.floor(turn / calls / 5), timestamp: at, speaker: turn % 2 ? 'user' : 'agent', text: `word ${turn} of what is said`, confidence: null });
			}, 10);
		}

		close() {}
	};
}

/** Somebody at the dashboard, and what their page has needed so far, seconds and counts. */
async function openPage() {
	const { page, context, base } = await Viewer.open(browser, system);
	const devtools = await context.newCDPSession(page);
	await devtools.send('Performance.enable');
	const look = async () => {
		await devtools.send('HeapProfiler.collectGarbage');
		return Object.fromEntries((await devtools.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
	};
	return { page, context, base, look };
}

const milliseconds = (before, after, name, per = 1) => ((1000 * (after[name] - before[name])) / per).toFixed(2);

async function liveCalls() {
	const { page, context, base, look } = await openPage();
	await page.addInitScript(feed, [CALLS, UPDATES_PER_CALL]);
	const frames = () => page.evaluate((seconds) => new Promise((done) => {
		let count = 0;
		const end = performance.now() + seconds * 1000;
		const step = () => { count++; performance.now() < end ? requestAnimationFrame(step) : done(count); };
		requestAnimationFrame(step);
	}), SECONDS);
	await page.goto(`${base}/live`);
	await page.locator('.card').nth(CALLS - 1).waitFor({ state: 'attached' });
	await frames();
	for (let round = 1; round <= 3; round++) {
		const before = await look();
		const count = await frames();
		const after = await look();
		console.log(`${CALLS} calls, ${CALLS * UPDATES_PER_CALL} updates a second: ${(count / SECONDS).toFixed(0)} frames a second, ${milliseconds(before, after, 'ScriptDuration', count)} ms of script a frame, `
			+ `${milliseconds(before, after, 'LayoutDuration', count)} ms of layout, heap ${(after.JSHeapUsedSize / 1e6).toFixed(1)} MB, ${after.Nodes} nodes`);
	}
	await context.close();
}

async function longCall() {
	const at = Date.now() - 7200e3;
	const path = join(system.settings.HOME, 'records.json');
	writeFileSync(path, JSON.stringify([record('long', { started_at: new Date(at).toISOString(), ended_at: new Date(at + TURNS * 3000).toISOString(), created_at: new Date(at).toISOString(),
		transcript: Array.from({ length: TURNS }, (_, i) => ({ speaker: i % 2 ? 'user' : 'agent', text: `This is what was said in turn ${i}, and it goes on for a while.`, timestamp: new Date(at + i * 3000).toISOString() })) })]));
	if ((await new Process(system.settings, ['import', path]).end(60)).code !== 0) throw new Error('the call was not imported');
	const { page, context, base, look } = await openPage();
	await page.goto(`${base}/calls`);
	await page.locator('#history tr[data-key=long] a').waitFor();
	const closed = await look();
	await page.locator('#history tr[data-key=long] a').click();
	await page.locator('.turn').nth(TURNS - 1).waitFor({ state: 'attached' });
	const opened = await look();
	/* A step each frame, from the first turn to the last: the longest time between two frames is what somebody would feel. */
	const longest = await page.evaluate((steps) => new Promise((done) => {
		const box = document.querySelector('.transcript');
		let i = 0, last = 0, most = 0;
		const step = (now) => {
			if (last) most = Math.max(most, now - last);
			last = now;
			box.scrollTop = (box.scrollHeight * i) / steps;
			i++ < steps ? requestAnimationFrame(step) : done(most);
		};
		requestAnimationFrame(step);
	}), STEPS);
	const scrolled = await look();
	console.log(`a call of ${TURNS} turns: opened with ${milliseconds(closed, opened, 'ScriptDuration')} ms of script and ${milliseconds(closed, opened, 'LayoutDuration')} ms of layout; `
		+ `scrolled with ${milliseconds(opened, scrolled, 'ScriptDuration', STEPS)} ms of script and ${milliseconds(opened, scrolled, 'LayoutDuration', STEPS)} ms of layout a frame, longest frame ${longest.toFixed(0)} ms`);
	await context.close();
}

const system = await System.start({ RATE_LIMITS: 'off' }, ['serve']);
const browser = await openBrowser();
const parts = { live: liveCalls, long: longCall };
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts);
try {
	for (const part of wanted) await parts[part]();
} finally {
	await browser.close();
	await system.stop();
}
