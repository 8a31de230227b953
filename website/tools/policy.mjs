#!/usr/bin/env node
// Give every exported page a Content-Security-Policy: files of the site only, and of its inline scripts those that the
// build wrote, by their hashes. Forms and requests may go to the API besides.
//
//   node tools/policy.mjs FOLDER
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const api = process.env.NEXT_PUBLIC_API_URL ? ` ${new URL(process.env.NEXT_PUBLIC_API_URL).origin}` : '';
/* A form's answer leads back to the site, which need not be where the page was served from. */
const site = process.env.NEXT_PUBLIC_SITE_URL ? ` ${new URL(process.env.NEXT_PUBLIC_SITE_URL).origin}` : '';

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

for (const file of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.html'))) {
	const html = readFileSync(join(folder, file), 'utf8');
	const scripts = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(([, text]) => hash(text));
	const policy = ["default-src 'none'", `script-src 'self' ${[...new Set(scripts)].join(' ')}`, "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "media-src 'self'",
		`connect-src 'self'${api}`, `form-action 'self'${api}${site}`, "base-uri 'none'", "manifest-src 'self'"].join('; ');
	writeFileSync(join(folder, file), html.replace(/(<meta charSet="utf-8"\/>)/i, `$1<meta http-equiv="Content-Security-Policy" content="${policy}"/>`));
}
