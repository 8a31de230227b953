#!/usr/bin/env node
// Record the demo call that the home page plays: `voiceai up --demo` of a build on ports and data of its own, whose
// recording, transcript, summary and figures become content/demo.json and public/demo.mp3, and whose page on the
// dashboard becomes public/dashboard-*.webp.
//
//   node tools/record_demo.mjs [../build/release/voiceai]
//
// Needs Debian's lame and chromium, and tests/e2e/node_modules for playwright-core.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Recording } from './recording.mjs';

const website = fileURLToPath(new URL('..', import.meta.url));
const root = resolve(website, '..');
const binary = resolve(process.argv[2] ?? join(root, 'build/release/voiceai'));
const folder = mkdtempSync(join(tmpdir(), 'voiceai-demo-'));
const base = 'http://127.0.0.1:18800';
const env = { PATH: process.env.PATH, HOME: folder, DATA_DIR: join(folder, 'data'), PORT: '18800', CARRIER_PORT: '18801', ENGINE_PORT: '18802',
	SIP_PORT: '18803', CALLEE_SIP_PORT: '18804', RTP_PORT_MIN: '18810', RTP_PORT_MAX: '18990' };

/** The address of the call, once it was spoken and recorded. */
async function placeCall(server) {
	let printed = '';
	server.stdout.on('data', (text) => (printed += text));
	for (let i = 0; i < 180; i++) {
		const [, url] = printed.match(/^details: (\S+)$/m) ?? [];
		if (url) {
			if (!/goal reached: yes/.test(printed)) throw new Error(`the call missed its goal:\n${printed}`);
			return url;
		}
		if (server.exitCode !== null) break;
		await pause(1000);
	}
	throw new Error(`there was no call:\n${printed}`);
}

/** What the home page tells of it; times are seconds of the recording, taken from its sound. */
function story(call, recording, bytes) {
	const began = Date.parse(call.started_at);
	const turns = call.transcript.map(({ speaker, text, timestamp, confidence, timing }) => {
		const [start, end] = recording.speech(speaker === 'agent' ? 1 : 0, (Date.parse(timestamp) - began) / 1000);
		return { speaker, text, start, end, confidence: confidence && Math.round(confidence * 1000) / 1000, first_audio_ms: timing?.first_audio_ms ?? null };
	});
	const { summary, key_points, action_items, sentiment, analyser } = call.summary;
	return {
		recorded_at: call.started_at, version: execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim(),
		seconds: Math.round(recording.seconds * 10) / 10, bytes, turns, outcome: call.outcome,
		summary: { text: summary, key_points, action_items, sentiment, analyser },
		cost_micros: call.cost.total_micros, currency: call.cost.currency,
		peaks: { caller: recording.peaks(0, 200), agent: recording.peaks(1, 200) },
	};
}

/** The call's page on the dashboard, as somebody with the dashboard's own typeface sees it. */
async function photograph(url) {
	const { chromium } = createRequire(join(root, 'tests/e2e/package.json'))('playwright-core');
	const font = readFileSync(join(website, 'node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2')).toString('base64');
	const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
	try {
		for (const colorScheme of ['light', 'dark']) {
			const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5, colorScheme, reducedMotion: 'reduce', bypassCSP: true });
			const page = await context.newPage();
			await page.goto(`${base}/calls/${url.split('/').at(-1)}`);
			await page.addStyleTag({ content: `@font-face { font-family: Inter; src: url(data:font/woff2;base64,${font}) format("woff2"); font-weight: 100 900; }` });
			await page.locator('.player[data-state=ready]').waitFor();
			await page.evaluate(() => document.fonts.ready);
			const session = await context.newCDPSession(page);
			const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 82 });
			writeFileSync(join(website, `public/dashboard-${colorScheme}.webp`), Buffer.from(data, 'base64'));
			await context.close();
		}
	} finally {
		await browser.close();
	}
}

const server = spawn(binary, ['up', '--demo'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
try {
	const url = await placeCall(server);
	const call = await (await fetch(url)).json();
	const wav = Buffer.from(await (await fetch(`${url}/recording`)).arrayBuffer());
	const [file, mp3] = [join(folder, 'call.wav'), join(website, 'public/demo.mp3')];
	writeFileSync(file, wav);
	execFileSync('lame', ['--quiet', '-m', 'm', '-b', '24', '--resample', '8', file, mp3]);
	writeFileSync(join(website, 'content/demo.json'), `${JSON.stringify(story(call, new Recording(wav), statSync(mp3).size), null, '\t')}\n`);
	await photograph(url);
	console.log(`recorded ${url}: public/demo.mp3, ${statSync(mp3).size} bytes`);
} finally {
	server.kill('SIGINT');
	await new Promise((done) => server.once('exit', done));
	rmSync(folder, { recursive: true, force: true });
}
