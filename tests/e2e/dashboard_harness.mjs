// Drives the dashboard in a real browser: viewers whose every complaint is kept, what axe finds, screenshots in both
// themes and widths, and telephones of the embedded carrier to call.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Process, freeUdpPort, root, until } from '../scenario/system.mjs';
import { watchPage } from './platform_contract.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = process.env.SCREENSHOTS ?? join(root, 'build/release/screenshots');
const mostHeight = 6000;
const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 360, height: 740 } };

export const openBrowser = (...args) => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', ...args] });

/** Somebody at the dashboard, in a browser profile of their own. */
export class Viewer {
	static async open(browser, system, options = {}) {
		const viewer = new Viewer();
		viewer.base = `http://127.0.0.1:${system.settings.PORT}`;
		viewer.complaints = [];
		viewer.context = await browser.newContext({ viewport: sizes.wide, reducedMotion: 'reduce', ...options });
		viewer.page = await viewer.context.newPage();
		viewer.page.setDefaultTimeout(20000);
		watchPage(viewer.page, viewer.complaints);
		viewer.page.on('pageerror', (error) => viewer.complaints.push(error.stack));
		viewer.page.on('console', (message) => message.type() === 'error' && viewer.complaints.push(`${message.text()} ${message.location().url}`));
		viewer.page.on('request', (request) => {
			const { origin, protocol } = new URL(request.url());
			if (origin !== viewer.base && !['blob:', 'data:'].includes(protocol)) viewer.complaints.push(`a request to ${request.url()}`);
		});
		return viewer;
	}

	async goto(path) {
		await this.page.goto(this.base + path);
		await this.live();
	}

	live() {
		return this.page.locator('#connection[data-state=live]').waitFor();
	}

	/** Follow a link of the side, as somebody would. */
	async follow(name) {
		await this.page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
		await this.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
	}

	/** Nothing on the page in this theme keeps anybody out. */
	async isAccessible(scheme, rules = null) {
		await this.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
		if (!(await this.page.evaluate('typeof axe !== "undefined"'))) await this.page.evaluate(axe);
		const { violations } = await this.page.evaluate((runOnly) => window.axe.run({ resultTypes: ['violations'], ...(runOnly ? { runOnly } : {}) }), rules);
		const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).join(' | ')}`);
		assert.deepEqual(found, [], `${this.page.url()} (${scheme})`);
	}

	/** The page as it is, light and dark, wide and narrow (there all of it): checked by axe, kept as pictures, and never wider than its screen. */
	async look(name) {
		let tooWide = false;
		await this.page.locator('h1').first().waitFor();
		mkdirSync(folder, { recursive: true });
		await this.page.evaluate(() => {
			document.querySelectorAll('.toast').forEach((toast) => toast.remove());
			/* A picture of the whole page sees what is out of sight, too. */
			const all = new CSSStyleSheet();
			all.replaceSync('* { content-visibility: visible !important; }');
			document.adoptedStyleSheets = [all];
		});
		for (const [width, size] of Object.entries(sizes)) {
			await this.page.setViewportSize(size);
			await this.page.evaluate(() => scrollTo(0, 0));
			for (const scheme of ['light', 'dark']) {
				/* What a theme changes is contrast. */
				if (width === 'wide') await this.isAccessible(scheme, scheme === 'dark' ? ['color-contrast'] : null);
				else await this.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
				await this.page.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`), fullPage: width === 'narrow' && await this.isShort() });
			}
			tooWide = tooWide || (await this.page.evaluate(() => document.documentElement.scrollWidth > innerWidth &&
				[...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.outerHTML.slice(0, 100)).slice(0, 3)));
		}
		await this.page.evaluate(() => { document.adoptedStyleSheets = []; });
		await this.page.setViewportSize(sizes.wide);
		await this.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
		assert.equal(tooWide, false, `${name} is wider than its screen`);
	}

	/** Neither pages of pages nor what lies under a dialog is of interest. */
	isShort() {
		return this.page.evaluate((most) => document.documentElement.scrollHeight < most && !document.querySelector('dialog[open]'), mostHeight);
	}

	/** Take out complaints that were meant to be. */
	expected(...words) {
		this.complaints = this.complaints.filter((text) => !words.some((word) => text.includes(word)));
	}

	isQuiet() {
		assert.deepEqual(this.complaints, []);
	}
}

/** A telephone with somebody at it who speaks from a script. Its address is `uri`. */
export async function answerPhone(system, script = 'config/callee/appointment.json') {
	const port = await freeUdpPort();
	const phone = new Process(system.settings, ['callee', '--once', '--port', String(port), '--script', script]);
	await until('the phone is ready', () => phone.stderr.includes('"callee_ready"'));
	phone.uri = `sip:phone@127.0.0.1:${port}`;
	return phone;
}

/** Finished calls without having spoken them: records as `voiceai import` takes them. */
export function record(id, more = {}) {
	return { call_id: id, status: 'COMPLETED', direction: 'OUTBOUND', phone_number: '+15550100123', created_at: new Date().toISOString(), ...more };
}
