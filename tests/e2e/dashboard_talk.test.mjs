// Protects talking to an agent from the dashboard, in a real browser with every server embedded: what a microphone hears (a
// recorded WAV) is understood and answered, its words are on the page, and the call is a call as any: somebody else listens in, and the
// agent says what it is given.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { System, isTerminal, until } from '../scenario/system.mjs';
import { Viewer, openBrowser } from './dashboard_harness.mjs';

let system, browser, viewer, folder;

/** Somebody who says this once in half a minute. */
function microphone(text) {
	const wav = execFileSync('espeak-ng', ['-v', 'en-us', '-s', '150', '--stdout', text]);
	const rate = wav.readUInt32LE(24);
	const sound = wav.subarray(wav.indexOf('data') + 8);
	const data = Buffer.concat([Buffer.alloc(3 * 2 * rate), sound, Buffer.alloc(27 * 2 * rate)]);
	const head = Buffer.from(wav.subarray(0, 44));
	head.writeUInt32LE(36 + data.length, 4);
	head.write('data', 36);
	head.writeUInt32LE(data.length, 40);
	folder = mkdtempSync(join(tmpdir(), 'voiceai-microphone-'));
	writeFileSync(join(folder, 'speech.wav'), Buffer.concat([head, data]));
	return join(folder, 'speech.wav');
}

before(async () => {
	const wav = microphone('I would like to book an appointment.');
	system = await System.start({ RATE_LIMITS: 'off' }, ['engine', 'serve']);
	browser = await openBrowser('--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${wav}`);
	viewer = await Viewer.open(browser, system);
	await viewer.context.grantPermissions(['microphone'], { origin: viewer.base });
});
after(async () => {
	await browser?.close();
	await system?.stop();
	rmSync(folder, { recursive: true, force: true });
});

test('a microphone is heard and answered, and the call is a call as any', { timeout: 90000 }, async () => {
	const { page } = viewer;
	await viewer.goto('/talk?agent=appointment');
	await viewer.look('talk');
	await page.getByRole('button', { name: 'Start talking' }).click();
	await page.locator('.turn[data-speaker=agent]').first().waitFor();
	await page.locator('.turn[data-speaker=user]').filter({ hasText: /book|appointment/i }).first().waitFor({ timeout: 40000 });
	await page.locator('.turn[data-speaker=agent]').nth(1).waitFor();
	await viewer.look('talk-talking');
	const listener = await Viewer.open(browser, system);
	await listener.goto('/live');
	await listener.page.locator('#active a').click();
	await listener.page.getByRole('button', { name: 'Listen in' }).click();
	await listener.page.getByRole('button', { name: 'Stop listening' }).waitFor();
	await listener.page.getByLabel('Words').fill('We are closed on Monday.');
	await listener.page.getByRole('button', { name: 'Send' }).click();
	await until('the agent is heard', () => listener.page.evaluate(() => [...document.querySelectorAll('.meter-bar')].some((bar) => parseFloat(bar.style.transform.slice(7)) > 0.02)));
	listener.isQuiet();
	await listener.context.close();
	await page.getByRole('button', { name: 'Hang up' }).click();
	await page.getByRole('link', { name: 'Open the call' }).click();
	await page.locator('.call-page[data-status=COMPLETED]').waitFor();
	const id = page.url().split('/').at(-1);
	const call = await system.call(id, 'over', isTerminal);
	assert.deepEqual([call.direction, call.phone_number, call.end_reason], ['INBOUND', 'browser', 'caller_hangup']);
	viewer.isQuiet();
});
