// Protects the dashboard's way through a spoken call, in a real browser with every server embedded: place it, watch its
// words grow, end it, listen to the recording with the transcript following, read the summary; and the pages there are
// hold for axe in both themes, fit a phone, load little, and ask no other host.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Process, System, until } from '../scenario/system.mjs';
import { Viewer, answerPhone, openBrowser, record } from './dashboard_harness.mjs';

let system, browser, viewer, phone;

before(async () => {
	system = await System.start({ RATE_LIMITS: 'off' });
	browser = await openBrowser();
	viewer = await Viewer.open(browser, system);
});
after(async () => {
	await browser?.close();
	await phone?.stop();
	await system?.stop();
});

async function importRecords(list) {
	const path = join(system.settings.HOME, 'records.json');
	writeFileSync(path, JSON.stringify(list));
	const { code } = await new Process(system.settings, ['import', path]).end(60);
	assert.equal(code, 0);
}

test('the first load is small', async () => {
	const devtools = await viewer.context.newCDPSession(viewer.page);
	let bytes = 0;
	await devtools.send('Network.enable');
	devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
	await viewer.goto('/');
	await viewer.page.locator('#active-none').waitFor();
	assert.ok(bytes > 10e3 && bytes < 150e3, `${bytes} bytes`);
	await devtools.detach();
	await viewer.look('live-empty');
});

test('a call is placed, watched, ended, heard and read', { timeout: 90000 }, async () => {
	const { page } = viewer;
	phone = await answerPhone(system);
	await viewer.follow('New call');
	await page.getByRole('textbox', { name: 'Phone number' }).fill(phone.uri);
	await page.getByLabel('Agent', { exact: true }).selectOption('appointment');
	await page.getByLabel('Voice').fill('Sarah');
	const preview = page.waitForResponse((response) => response.url().endsWith('/voices/Sarah/preview'));
	await page.getByRole('button', { name: 'Hear it' }).click();
	assert.equal((await preview).status(), 200);
	await viewer.look('new-call');
	await page.getByRole('button', { name: 'Call', exact: true }).click();
	await page.locator('.call-page[data-status=IN_PROGRESS]').waitFor();
	await page.locator('.turn.partial').first().waitFor();
	await page.locator('.turn:not(.partial)[data-speaker=user]').first().waitFor();
	await viewer.look('call-live');
	await page.getByRole('button', { name: 'Listen in' }).click();
	await page.getByRole('button', { name: 'Stop listening' }).waitFor();
	await until('the agent or the caller is heard', () => page.evaluate(() => [...document.querySelectorAll('.meter-bar')].some((bar) => parseFloat(bar.style.transform.slice(7)) > 0.02)));
	await page.getByRole('button', { name: 'Stop listening' }).click();
	await viewer.follow('Live');
	await page.locator('#active .card .last-words[data-speaker]:not([data-speaker=""])').waitFor();
	await viewer.look('live');
	await page.locator('#active a').click();
	await page.getByRole('button', { name: 'End call' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'End call' }).click();
	await page.locator('.call-page[data-status=COMPLETED]').waitFor();
	await page.locator('.summary').filter({ hasText: /\w+/ }).waitFor();

	await page.locator('.player[data-state=ready] .wave-agent').waitFor();
	await page.getByRole('button', { name: 'Play the recording' }).click();
	await page.locator('.turn[aria-current]').waitFor();
	await page.getByRole('button', { name: 'Pause the recording' }).click();
	const [last] = (await page.locator('.turn:visible').all()).slice(-1);
	await last.getByRole('button').click();
	await page.locator('.turn[aria-current]').and(last).waitFor();
	await page.getByRole('button', { name: 'Pause the recording' }).click();
	const slider = page.getByRole('slider', { name: 'Position in the recording' });
	await slider.focus();
	await page.keyboard.press('Home');
	assert.equal(await slider.getAttribute('aria-valuenow'), '0');
	await viewer.look('call');
	for (const [tab, name] of [['Response times', 'call-times'], ['Events', 'call-events'], ['Raw', 'call-raw'], ['From vendors', 'call-payloads']]) {
		await page.getByRole('tab', { name: tab }).click();
		await page.locator('.tab-body:not(:has(.loading))').waitFor();
		await viewer.look(name);
	}
	await page.getByRole('button', { name: 'Share' }).click();
	await page.getByLabel('What', { exact: true }).selectOption('recording');
	await page.getByRole('button', { name: 'Make link' }).click();
	const link = await page.getByLabel('Link', { exact: true }).inputValue();
	assert.equal((await fetch(link)).headers.get('content-type'), 'audio/wav');
	await page.getByText('The recording only').nth(1).waitFor();
	await viewer.look('call-share');
	await page.getByRole('button', { name: 'Take back' }).click();
	await page.getByRole('dialog', { name: 'Take this link back?' }).getByRole('button', { name: 'Take back' }).click();
	await page.getByText('Nobody has a link to this call.').waitFor();
	assert.equal((await fetch(link)).status, 410);
	await page.keyboard.press('Escape');
});

test('whoever has a link sees the call and nothing else, until it is taken back', async () => {
	const { page } = viewer;
	await page.getByRole('button', { name: 'Share' }).click();
	await page.getByRole('button', { name: 'Make link' }).click();
	const link = await page.getByLabel('Link', { exact: true }).inputValue();
	await page.keyboard.press('Escape');
	const guest = await Viewer.open(browser, system);
	const { headers } = await guest.page.goto(link).then((response) => ({ headers: response.headers() }));
	assert.equal(headers['x-robots-tag'], 'noindex');
	await guest.page.locator('.summary').filter({ hasText: /\w+/ }).waitFor();
	await guest.page.locator('.turn[data-speaker=agent]').first().waitFor();
	await guest.page.locator('.player[data-state=ready] .wave-agent').waitFor();
	await guest.page.locator('.turn[data-speaker=user] button').first().click();
	await guest.page.locator('.turn[aria-current]').waitFor();
	assert.equal(await guest.page.getByRole('link').count(), 0);
	assert.ok(!(await guest.page.content()).includes(phone.uri.replace('sip:', '')), 'the number is masked');
	await guest.look('shared');
	guest.isQuiet();
	await guest.page.goto(link.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')));
	await guest.page.getByRole('heading', { name: 'This link does not work' }).waitFor();
	await guest.look('shared-off');
	guest.expected('403');
	await page.getByRole('button', { name: 'Share' }).click();
	await page.getByRole('button', { name: 'Take back' }).press('Enter');
	await page.getByRole('dialog', { name: 'Take this link back?' }).getByRole('button', { name: 'Take back' }).press('Enter');
	await page.getByText('Nobody has a link to this call.').waitFor();
	await page.keyboard.press('Escape');
	await page.getByRole('button', { name: 'Share' }).and(page.locator(':focus')).waitFor();
	await guest.page.goto(link);
	await guest.page.getByRole('heading', { name: 'This link does not work' }).waitFor();
	guest.expected('410');
	guest.isQuiet();
	await guest.context.close();
});

test('the history is searched, and its filters are the address', async () => {
	const { page } = viewer;
	const old = new Date(Date.now() - 86400e3).toISOString();
	await importRecords([
		record('worst', { phone_number: '+15552300009', created_at: old, started_at: old, ended_at: old, end_reason: 'caller_hangup', outcome: { goal_reached: false }, summary: { summary: 'The caller was furious about a bill.', sentiment: 'negative', key_points: [], action_items: [] } }),
		...Array.from({ length: 60 }, (_, i) => record(`old-${i}`, { created_at: old, status: i % 9 ? 'COMPLETED' : 'NO_ANSWER', summary: { summary: `Call number ${i}.`, sentiment: ['positive', 'neutral'][i % 2], key_points: [], action_items: [] } })),
	]);
	await viewer.follow('Calls');
	await page.locator('#history tr[data-key]').nth(49).waitFor();
	await page.getByRole('button', { name: 'Show more' }).click();
	await page.locator('#history tr[data-key]').nth(60).waitFor();
	await viewer.look('calls');
	await page.getByRole('button', { name: 'Yesterday' }).click();
	await page.getByLabel('Sentiment').selectOption('negative');
	await until('only the worst is left', async () => (await page.locator('#history tr[data-key]').count()) === 1);
	await page.getByLabel('Search').fill('furious');
	await page.locator('#history tr[data-key]').and(page.locator('[data-key=worst]')).waitFor();
	await until('only that call is left', async () => (await page.locator('#history tr[data-key]').count()) === 1);
	await until('the words are in the address', () => page.url().includes('text=furious'));
	await page.reload();
	await page.locator('#history tr[data-key=worst] a').click();
	await page.locator('.call-page').getByText('The caller was furious about a bill.').waitFor();
	await page.goBack();
	await page.locator('#history tr[data-key=worst]').waitFor();
	assert.equal(await page.getByLabel('Search').inputValue(), 'furious');
	await page.getByRole('button', { name: 'Clear filters' }).click();
	await page.locator('#history tr[data-key]').nth(49).waitFor();
});

test('times are in the viewer’s zone, and days begin there', async () => {
	const { created_at: at } = (await system.get('/calls/worst')).body;
	const tokyo = await Viewer.open(browser, system, { timezoneId: 'Asia/Tokyo', locale: 'en-GB' });
	await tokyo.goto('/calls/worst');
	await tokyo.page.locator('.lead', { hasText: new Date(at).toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo', hour: '2-digit', minute: '2-digit' }) }).waitFor();
	const asked = tokyo.page.waitForRequest((request) => request.url().includes('/calls/?'));
	await tokyo.page.goto(`${tokyo.base}/calls?from=2026-01-10`);
	assert.equal(new URL((await asked).url()).searchParams.get('from'), '2026-01-09T15:00:00.000Z');
	tokyo.isQuiet();
	await tokyo.context.close();
});

test('what is on its way, what is not there and what failed are told apart', async () => {
	const guest = await Viewer.open(browser, system);
	const { page } = guest;
	let answer = null;
	await page.route('**/api/v1/calls/?*', async (route) => {
		await new Promise((done) => (answer = done));
		await route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":{"code":"unavailable","message":"Try again in a moment."}}' });
	});
	await page.goto(`${guest.base}/calls?text=nobody+ever+said+this`);
	await page.getByRole('status', { name: 'Loading' }).waitFor();
	await until('the list is asked for', () => answer);
	answer();
	await page.getByRole('alert').getByText('Try again in a moment.').waitFor();
	await page.unroute('**/api/v1/calls/?*');
	await page.getByRole('button', { name: 'Try again' }).click();
	await page.locator('#history-none').waitFor();
	guest.expected('503');
	guest.isQuiet();
	await guest.context.close();
});

test('the history is a file, by the same filters', async () => {
	const { page } = viewer;
	await viewer.goto('/calls?text=furious');
	const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()]);
	const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
	assert.equal(lines.length, 2);
	assert.match(lines[1], /^worst,/);
});

test('figures of a period, in a zone, with a table behind each picture', async () => {
	const { page } = viewer;
	await viewer.follow('Analytics');
	await until('yesterday is counted', async () => {
		await page.getByRole('button', { name: '30 days' }).click();
		return (await page.locator('.tile dd').first().innerText()).startsWith('62');
	});
	await viewer.look('analytics');
	await page.getByLabel('Time zone').selectOption('Asia/Tokyo');
	await until('the zone is in the address', () => page.url().includes('tz=Asia%2FTokyo'));
	await page.locator('.chart-table summary').first().click();
	await page.locator('.chart-table table').first().waitFor();
	await viewer.goto('/analytics?from=2020-01-01&to=2020-01-03');
	await page.getByText('No analysed calls in this period').waitFor();
	await viewer.isAccessible('light');
});

test('yesterday’s worst call is three clicks away, and its page leads with what went wrong', async () => {
	const { page } = viewer;
	await viewer.goto('/');
	await viewer.follow('Analytics');
	await page.getByRole('button', { name: 'Yesterday' }).click();
	const worst = page.getByRole('region', { name: 'Calls that went worst' }).getByRole('row').nth(1);
	await worst.getByText('furious').waitFor();
	await worst.getByRole('link').click();
	await page.locator('.call-page').getByText('The caller was furious about a bill.').waitFor();
	const headings = page.getByRole('complementary', { name: 'About the call' }).getByRole('heading', { level: 2 });
	await headings.nth(1).waitFor();
	assert.deepEqual((await headings.allInnerTexts()).slice(0, 2), ['Summary', 'What went wrong']);
	await page.getByText('The goal of the call was not reached.').waitFor();
	await viewer.look('call-worst');
});

test('a call with two thousand turns stays smooth', async () => {
	const { page } = viewer;
	const at = Date.now() - 7200e3;
	await importRecords([record('long', { started_at: new Date(at).toISOString(), ended_at: new Date(at + 6000e3).toISOString(), created_at: new Date(at).toISOString(),
		transcript: Array.from({ length: 2000 }, (_, i) => ({ speaker: i % 2 ? 'user' : 'agent', text: `This is what was said in turn ${i}, and it goes on for a while.`, timestamp: new Date(at + i * 3000).toISOString() })) })]);
	await viewer.goto('/calls');
	const devtools = await viewer.context.newCDPSession(page);
	await devtools.send('Performance.enable');
	const spent = async () => Object.fromEntries((await devtools.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
	await page.locator('#history tr[data-key=long] a').click();
	await page.locator('.turn').nth(1999).waitFor({ state: 'attached' });
	const before = await spent();
	for (let i = 1; i <= 20; i++) {
		await page.evaluate((share) => { const box = document.querySelector('.transcript'); box.scrollTop = box.scrollHeight * share; }, i / 20);
		await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
	}
	const after = await spent();
	await devtools.detach();
	await page.getByText('This is what was said in turn 1999,').waitFor();
	/* Laying out all turns at each step would count each of them; those in sight are a handful. */
	assert.ok(after.Nodes - before.Nodes < 500, `${after.Nodes - before.Nodes} new nodes`);
});

test('on a phone the pages are behind a button', async () => {
	const { page } = viewer;
	await page.setViewportSize({ width: 360, height: 740 });
	await viewer.goto('/live');
	await viewer.isAccessible('light');
	await page.getByRole('button', { name: 'Menu' }).click();
	await page.getByRole('link', { name: 'Live', exact: true }).and(page.locator(':focus')).waitFor();
	await viewer.isAccessible('dark');
	await page.keyboard.press('Escape');
	await page.getByRole('button', { name: 'Menu' }).and(page.locator(':focus')).waitFor();
	await page.getByRole('button', { name: 'Menu' }).click();
	await page.getByRole('link', { name: 'Calls', exact: true }).click();
	await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
	await page.getByRole('button', { name: 'Menu', expanded: false }).waitFor();
	await viewer.goto('/calls?text=furious');
	const card = page.locator('#history tr[data-key=worst]');
	await card.waitFor();
	for (const words of ['+1 555 230 0009', 'Negative', 'furious']) await card.getByText(words).waitFor();
	assert.equal(await page.locator('#history .table-scroll').evaluate((box) => box.scrollWidth > box.clientWidth), false, 'nothing is beside the screen');
	await page.getByLabel('Sentiment').waitFor({ state: 'hidden' });
	await page.getByRole('button', { name: 'Filters', exact: true }).click();
	await page.getByLabel('Sentiment').waitFor();
	await page.setViewportSize({ width: 1440, height: 900 });
});

test('keyboard: the way to content, a page by its link, every stop seen, a dialog and back', async () => {
	const { page } = viewer;
	await viewer.goto('/live');
	await page.evaluate(() => document.activeElement.blur());
	await page.keyboard.press('Tab');
	assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to content');
	await page.keyboard.press('Enter');
	assert.equal(await page.evaluate(() => document.activeElement.tagName), 'MAIN');

	await page.getByRole('link', { name: 'Calls', exact: true }).focus();
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { level: 1, name: 'Calls' }).and(page.locator(':focus')).waitFor();
	await page.locator('#history tr[data-key=worst] a').waitFor();
	const steps = [];
	while (!(await page.evaluate(() => document.activeElement.matches('#history a')))) {
		await page.keyboard.press('Tab');
		const seen = await page.evaluate(() => {
			const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
			return { name: document.activeElement.textContent || document.activeElement.name, isSeen: document.activeElement.matches('#history a') || (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) };
		});
		assert.ok(seen.isSeen, `the focus on ${seen.name} is seen`);
		steps.push(seen.name);
		assert.ok(steps.length < 25, steps.join(', '));
	}
	await page.keyboard.press('Enter');
	await page.locator('.call-page[data-status=COMPLETED]').waitFor();
	await page.getByRole('tab', { name: 'Transcript' }).focus();
	await page.keyboard.press('ArrowRight');
	await page.getByRole('tab', { name: 'Response times', selected: true }).and(page.locator(':focus')).waitFor();
	await page.getByRole('button', { name: 'Share' }).press('Enter');
	const inside = () => page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null);
	for (let i = 0; i < 12; i++) {
		await page.keyboard.press(i % 5 ? 'Tab' : 'Shift+Tab');
		assert.ok(await inside(), 'a dialog keeps the focus');
	}
	await page.keyboard.press('Escape');
	await page.getByRole('button', { name: 'Share' }).and(page.locator(':focus')).waitFor();
});

test('the browser takes it for an application that can be installed', async () => {
	const { page } = viewer;
	await viewer.goto('/live');
	const devtools = await viewer.context.newCDPSession(page);
	const { url, errors, data } = await devtools.send('Page.getAppManifest');
	assert.deepEqual([new URL(url).pathname, errors], ['/manifest.webmanifest', []]);
	for (const { src } of JSON.parse(data).icons) assert.equal((await fetch(viewer.base + src)).status, 200);
	/* A browser that is no window says only that. */
	const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
	assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'), []);
	await devtools.detach();
});

test('the server being away is said, even to a new page', async () => {
	const { page } = viewer;
	await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
	await system.servers.serve.stop();
	await page.goto(`${viewer.base}/calls`).catch(() => {});
	await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor();
	const kept = await page.evaluate(async () => {
		const names = await caches.keys();
		const stores = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)));
		return stores.flat();
	});
	assert.ok(!kept.some((path) => path.startsWith('/api')), kept.join(' '));
	await viewer.look('offline');
	system.launch('serve');
	await page.getByRole('heading', { name: 'Calls', level: 1 }).waitFor();
	viewer.expected('ERR_CONNECTION_REFUSED', 'ERR_CONNECTION_RESET', '/health');
});

test('nothing complained', () => viewer.isQuiet());
