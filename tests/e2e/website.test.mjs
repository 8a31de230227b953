// Protects the public site: every page is whole, quiet, accessible and fetches nothing elsewhere; links lead somewhere; the demo
// call plays in step with its words; the calculator reckons as the cost model does; the form's leads arrive, with script and without.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileOf as find, serve } from '../../website/tools/serve.mjs';
import { System, root, until } from '../scenario/system.mjs';
import { Viewer, openBrowser } from './dashboard_harness.mjs';

const website = join(root, 'website'), out = join(website, 'out-test');
/* The site and the platform as two hosts, which the browser is told where to find. */
const SITE = 'http://voiceai-site', API = 'http://voiceai-api';
const demo = JSON.parse(readFileSync(join(website, 'content/demo.json'), 'utf8'));
let server, base, system, browser;

const newest = (...paths) => Math.max(...paths.map((path) => {
	const stat = statSync(path);
	return stat.isDirectory() ? newest(...readdirSync(path).map((name) => join(path, name))) : stat.mtimeMs;
}));

function build() {
	const run = (...args) => execFileSync('npm', args, { cwd: website, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, WEBSITE_OUT: 'out-test', NEXT_PUBLIC_SITE_URL: SITE, NEXT_PUBLIC_API_URL: API } });
	const modules = join(website, 'node_modules/.package-lock.json'), index = join(out, 'index.html');
	const sources = ['app', 'components', 'content', 'lib', 'public', 'tools', 'next.config.mjs', 'package-lock.json', '../docs', '../CHANGELOG.md'].map((name) => join(website, name));
	if (!existsSync(modules) || statSync(modules).mtimeMs < statSync(join(website, 'package-lock.json')).mtimeMs) run('ci', '--silent', '--no-audit', '--no-fund');
	if (!existsSync(index) || statSync(index).mtimeMs < newest(...sources)) run('run', '--silent', 'build');
}

before(async () => {
	build();
	server = await serve(out);
	base = `http://127.0.0.1:${server.port}`;
	system = await System.start({}, ['serve']);
	browser = await openBrowser(`--host-resolver-rules=MAP voiceai-site:80 127.0.0.1:${server.port}, MAP voiceai-api:80 127.0.0.1:${system.settings.PORT}`);
}, { timeout: 280000 });
after(async () => {
	await browser?.close();
	server?.close();
	await system?.stop();
});

const visit = (options) => Viewer.open(browser, { settings: { PORT: server.port } }, options);
const fileOf = (path) => find(out, path);
const pages = () => readdirSync(out, { recursive: true }).filter((name) => name.endsWith('.html'));

test('links lead to pages and places that are there', () => {
	const broken = new Set(), ids = new Map();
	const has = (file, id) => {
		if (!ids.has(file)) ids.set(file, new Set([...readFileSync(file, 'utf8').matchAll(/\sid="([^"]+)"/g)].map(([, found]) => found)));
		return ids.get(file).has(id);
	};
	for (const name of pages()) {
		const page = readFileSync(join(out, name), 'utf8').replace(/<script[\s\S]*?<\/script>/g, '');
		for (const [, link] of page.matchAll(/\s(?:href|src|srcSet|action)="([^"]+)"/g)) {
			const url = new URL(link.replaceAll('&amp;', '&'), `${SITE}/${name.replace(/index\.html$/, '')}`);
			if (url.origin !== SITE) continue;
			const file = fileOf(url.pathname);
			if (!file || (url.hash && file.endsWith('.html') && !has(file, decodeURIComponent(url.hash.slice(1))))) broken.add(`${name}: ${link}`);
		}
	}
	assert.deepEqual([...broken], []);
	assert.ok(pages().length > 30);
});

test('pages say what they are, to search engines and in links, and let nothing of others in', () => {
	const listed = [...readFileSync(join(out, 'sitemap.xml'), 'utf8').matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, url]) => new URL(url));
	assert.ok(listed.every((url) => url.origin === SITE && fileOf(url.pathname)), 'the sitemap lists pages that are there');
	const titles = new Set();
	for (const { pathname } of listed) {
		const page = readFileSync(fileOf(pathname), 'utf8');
		const tag = (pattern) => page.match(pattern)?.[1] ?? assert.fail(`${pathname} has no ${pattern}`);
		titles.add(tag(/<title>([^<]+)<\/title>/));
		assert.ok(tag(/<meta name="description" content="([^"]+)"/).length > 20, pathname);
		assert.equal(tag(/<link rel="canonical" href="([^"]+)"/), SITE + pathname);
		assert.equal(readFileSync(fileOf(new URL(tag(/<meta property="og:image" content="([^"]+)"/)).pathname)).toString('latin1', 1, 4), 'PNG');
		assert.match(tag(/http-equiv="Content-Security-Policy" content="([^"]+)"/), /default-src 'none'; script-src 'self' 'sha256-/);
		assert.doesNotMatch(page.replace(/<script[\s\S]*?<\/script>/g, ''), /\sstyle="/, 'inline styles are refused by the policy');
		assert.equal(page.match(/<h1[\s>]/g).length, 1, pathname);
	}
	assert.equal(titles.size, listed.length, 'no two pages have one title');
	assert.match(readFileSync(join(out, 'robots.txt'), 'utf8'), new RegExp(`Sitemap: ${SITE}/sitemap.xml`));
	assert.match(readFileSync(join(out, 'feed.xml'), 'utf8'), /<entry>\s*<id>[^<]+#v0\.1\.0<\/id>/);
});

test('every page is quiet and accessible, in both themes and widths', { timeout: 240000 }, async () => {
	const viewer = await visit();
	for (const path of ['/', '/features/', '/how-it-works/', '/self-hosting/', '/pricing/', '/compare/', '/docs/webhooks/', '/contact/']) {
		await viewer.page.goto(base + path);
		await viewer.look(`website${path.replaceAll('/', '-').replace(/-$/, '') || '-home'}`);
	}
	/* What these are made of was seen above in the dark. */
	for (const path of ['/docs/', '/changelog/', '/privacy/', '/contact/thanks/', '/nowhere/']) {
		await viewer.page.goto(base + path);
		await viewer.isAccessible('light');
	}
	viewer.expected('404 (Not Found)');
	viewer.isQuiet();
});

test('the menu opens by keyboard, and the demo call plays in step with its words', async () => {
	const viewer = await visit({ viewport: { width: 360, height: 740 } });
	const { page } = viewer;
	await page.goto(`${base}/privacy/`);
	await page.keyboard.press('Tab');
	assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
	await page.getByRole('button', { name: 'Menu' }).focus();
	await page.keyboard.press('Enter');
	await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Features' }).click();
	await page.getByRole('heading', { level: 1, name: 'What it does today' }).waitFor();
	await page.getByRole('navigation', { name: 'Menu' }).waitFor({ state: 'hidden' });

	await page.goto(base);
	const current = page.locator('li[aria-current]');
	assert.equal(await current.count(), 0);
	await page.getByRole('button', { name: 'Play the call' }).click();
	await until('the first words are marked', async () => (await current.innerText().catch(() => '')).includes(demo.turns[0].text.slice(0, 20)));
	const turn = demo.turns.find(({ text }) => text.includes('Daniel')), playsFrom = turn.start;
	await page.getByRole('listitem').filter({ hasText: turn.text }).getByRole('button').first().click();
	await until('that turn is marked', async () => (await current.innerText()).includes(turn.text));
	const at = () => page.evaluate(() => document.querySelector('audio').currentTime);
	await until('it goes on from there', async () => (await at()) > playsFrom);
	assert.ok((await at()) < playsFrom + 5);
	await page.getByRole('button', { name: 'Pause the call' }).click();
	await page.getByRole('slider').focus();
	await page.keyboard.press('Home');
	assert.equal(await at(), 0);
	assert.equal(await page.getByRole('slider').getAttribute('aria-valuetext'), `0:00 of 0:${Math.floor(demo.seconds)}`);
	viewer.isQuiet();
});

test('the calculator reckons as the cost model does', async () => {
	const viewer = await visit();
	const { page } = viewer;
	await page.goto(`${base}/pricing/`);
	const [month, each] = [page.locator('output').first(), page.locator('output').nth(1)];
	assert.deepEqual([await month.innerText(), await each.innerText()], ['$78', '$0.0780']);
	await page.getByLabel('Minutes a call').fill('3.5'); // four started minutes, 3.5 of voice: 0.056 + 0.035 + 0.005 + 0.001
	await page.getByLabel('Calls a month').fill('2000');
	assert.deepEqual([await month.innerText(), await each.innerText()], ['$194', '$0.0970']);
	await page.getByRole('radio', { name: 'Embedded engine' }).check();
	await page.getByRole('radio', { name: 'Embedded analyser' }).check();
	await page.getByLabel('Discount').fill('50');
	assert.deepEqual([await month.innerText(), await each.innerText()], ['$57', '$0.0285']);
	await page.getByRole('button', { name: 'Start again' }).click();
	assert.equal(await month.innerText(), '$78');
	viewer.isQuiet();
});

const leads = async () => (await (await fetch(`${system.api}/leads`)).json()).leads;

async function takeLeads() {
	const settings = { leads: { enabled: true, allowed_origins: [SITE], collapse_minutes: 0 } };
	const { status } = await fetch(`${system.api}/tenants/default`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ settings }) });
	assert.equal(status, 200);
}

/** Somebody at the site under its own name, where the platform is another host. */
async function visitor(options) {
	const viewer = await visit(options);
	const { base: here } = viewer;
	viewer.page.on('request', (request) => [SITE, API].includes(new URL(request.url()).origin) && viewer.expected(`a request to ${request.url()}`));
	viewer.base = here;
	await viewer.page.goto(`${SITE}/contact/`);
	return viewer;
}

test('a lead sent by script arrives, and what is wrong is said at its field', async () => {
	await takeLeads();
	const viewer = await visitor();
	const { page } = viewer;
	const problem = (name) => page.locator(`#${name}-problem`);
	await page.getByRole('button', { name: 'Send' }).click();
	assert.match(await problem('name').innerText(), /name/);
	assert.match(await problem('email').innerText(), /address/);
	assert.equal(await page.evaluate(() => document.activeElement.id), 'name');
	await viewer.isAccessible('light');
	await page.getByLabel('Name').fill('Ada Lovelace');
	await page.getByLabel('Email').fill('ada@example.com');
	await page.getByLabel(/Call me back/).check();
	await page.getByRole('button', { name: 'Send' }).click();
	assert.match(await problem('phone').innerText(), /number/);
	assert.match(await problem('consent').innerText(), /agree/);
	/* What only the platform knows to be wrong. */
	await page.getByLabel('Phone').fill('+999 555 010 0123 4567');
	await page.getByLabel(/I agree/).check();
	await page.getByRole('button', { name: 'Send' }).click();
	await page.locator('#phone[aria-invalid=true]').waitFor();
	assert.deepEqual(await leads(), []);
	await page.getByLabel('Phone').fill('+1 (555) 010-0123');
	await page.getByLabel('Message').fill('What does it cost?');
	await page.getByRole('button', { name: 'Send' }).click();
	await page.getByRole('heading', { name: 'Thank you' }).waitFor();
	const [lead, ...others] = await leads();
	assert.deepEqual(others, []);
	assert.deepEqual([lead.name, lead.email, lead.phone, lead.message, lead.consent, lead.call_back, lead.origin], ['Ada Lovelace', 'ada@example.com', '+15550100123', 'What does it cost?', true, true, SITE]);
	viewer.expected('400 (Bad Request)');
	viewer.isQuiet();
});

test('a lead sent without script arrives, and leads to the page that says thank you', async () => {
	await takeLeads();
	const viewer = await visitor({ javaScriptEnabled: false });
	const { page } = viewer;
	await page.getByLabel('Name').fill('Grace Hopper');
	await page.getByLabel('Email').fill('grace@example.com');
	await page.getByRole('button', { name: 'Send' }).click();
	await page.waitForURL(`${SITE}/contact/thanks/`);
	assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Thank you');
	const lead = (await leads()).find(({ email }) => email === 'grace@example.com');
	assert.deepEqual([lead.name, lead.consent, lead.call_back, lead.phone], ['Grace Hopper', false, false, null]);
	viewer.isQuiet();
});
