#!/usr/bin/env node
// Lighthouse's figures of pages of an export (WEBSITE_OUT, out), on its settings for phones, with Debian's chromium. Exits non-zero below 95.
//
//   node tools/lighthouse.mjs [PATH...]
//
// Lighthouse itself comes from npm for the run (LIGHTHOUSE names another one).
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { serve } from './serve.mjs';

const least = 95;
const paths = process.argv.length > 2 ? process.argv.slice(2) : ['/', '/features/', '/how-it-works/', '/pricing/', '/docs/webhooks/', '/contact/'];
const [program, ...first] = process.env.LIGHTHOUSE ? [process.env.LIGHTHOUSE] : ['npx', '--yes', 'lighthouse@12.8.2'];
const run = promisify(execFile);
const { port, close } = await serve(process.env.WEBSITE_OUT ?? 'out');
let low = false;

console.log('| page | performance | accessibility | best practices | SEO | LCP | CLS | TBT |\n| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const path of paths) {
	const { stdout } = await run(program, [...first, `http://127.0.0.1:${port}${path}`, '--quiet', '--output=json', '--chrome-flags=--headless=new --no-sandbox'],
		{ maxBuffer: 64 << 20, env: { CHROME_PATH: '/usr/bin/chromium', ...process.env } });
	const { categories, audits } = JSON.parse(stdout);
	const scores = ['performance', 'accessibility', 'best-practices', 'seo'].map((name) => Math.round(categories[name].score * 100));
	low ||= scores.some((score) => score < least);
	console.log(`| \`${path}\` | ${scores.join(' | ')} | ${['largest-contentful-paint', 'cumulative-layout-shift', 'total-blocking-time'].map((name) => audits[name].displayValue.replace(/\s/g, ' ')).join(' | ')} |`);
}
close();
process.exitCode = low ? 1 : 0;
