#!/usr/bin/env node
// Send the built website to a web host over FTPS: only what changed, and so that whoever reads it meanwhile gets either
// the old site or the new one.
//
//   node tools/site/upload.mjs [--dry-run] FOLDER      (once before: npm ci --prefix tools/site)
//
//   FTP_HOST, FTP_USER, FTP_PASSWORD   required
//   FTP_PORT                           21
//   FTP_FOLDER                         where the site lies, "/"
//   FTP_CA_FILE                        a certificate to trust besides the system's
//   FTP_TIMEOUT_SECONDS                30, of silence; then the session is opened again, three times at most
//   FTP_DEADLINE_SECONDS               900, for everything
//   SITE_URL                           https://...: pages are fetched at the end and compared
//
// 1. Files under new names, which no page refers to yet.
// 2. Everything else beside its place, as NAME.uploading; each file is read back and its hash compared.
// 3. Those are moved into their places, one right after the other: assets, new pages, pages, the home page, lists of pages.
// 4. What is not part of the site any more is deleted. Files that no upload of this kind sent are left alone.
//
// What lies there is remembered beside it, in .site-manifest.json, as far as it has come: after any end, another run goes on.
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join, posix } from 'node:path';
import { rootCertificates } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import { MANIFEST, STAGED, parseManifest, plan, readFolder, writeManifest } from './manifest.mjs';
import { Remote } from './remote.mjs';

const CHECKPOINT_BYTES = 8 * 1024 * 1024;
const SITE_TRIES = 4;
/** The hash of what is there, but is not known to be whole. */
const UNKNOWN = '0'.repeat(64);

class Misuse extends Error {}

const log = (line) => console.log(line);
const size = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`);
const count = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;

function seconds(env, name, otherwise) {
	const value = Number(env[name] || otherwise);
	if (!(value > 0 && value <= 86400)) throw new Misuse(`${name}: must be a number of seconds, not "${env[name]}"`);
	return value;
}

function readSettings(env) {
	for (const name of ['FTP_HOST', 'FTP_USER', 'FTP_PASSWORD']) if (!env[name]) throw new Misuse(`${name}: is not set`);
	const port = Number(env.FTP_PORT || 21);
	if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Misuse(`FTP_PORT: must be a port, not "${env.FTP_PORT}"`);
	if (env.SITE_URL && !/^https?:\/\/[^/]/.test(env.SITE_URL)) throw new Misuse(`SITE_URL: must be a URL, not "${env.SITE_URL}"`);
	let ca;
	try {
		ca = env.FTP_CA_FILE ? [...rootCertificates, readFileSync(env.FTP_CA_FILE, 'utf8')] : undefined;
	} catch (error) {
		throw new Misuse(`FTP_CA_FILE: ${error.message}`);
	}
	return {
		ftp: { host: env.FTP_HOST, port, user: env.FTP_USER, password: env.FTP_PASSWORD, folder: env.FTP_FOLDER || '/', ca, timeoutMs: 1000 * seconds(env, 'FTP_TIMEOUT_SECONDS', 30) },
		deadlineMs: 1000 * seconds(env, 'FTP_DEADLINE_SECONDS', 900),
		siteUrl: env.SITE_URL?.replace(/\/*$/, '/'),
	};
}

function readArguments(args) {
	const dryRun = args.includes('--dry-run');
	const rest = args.filter((arg) => arg !== '--dry-run');
	if (rest.length !== 1 || rest[0].startsWith('-')) throw new Misuse('usage: upload.mjs [--dry-run] FOLDER');
	if (!statSync(rest[0], { throwIfNoEntry: false })?.isDirectory()) throw new Misuse(`${rest[0]}: is no folder`);
	return { dryRun, folder: rest[0] };
}

class Upload {
	constructor({ folder, remote, siteUrl, signal }) {
		Object.assign(this, { folder, remote, siteUrl, signal });
		this.sentBytes = 0;
		this.sinceCheckpoint = 0;
		this.stage = 'the old site is in its place';
	}

	/** What is here, what is there, and what follows from it. */
	async look() {
		this.here = await readFolder(this.folder);
		if (!this.here.has('index.html')) throw new Misuse(`${this.folder}: has no index.html: is it the built site?`);
		const text = await this.remote.text(MANIFEST);
		this.there = (text && parseManifest(text)) ?? new Map();
		if (text && !this.there.size) log(`${MANIFEST} on the server cannot be read: everything is sent`);
		await this.compareWithListing();
		this.plan = plan(this.here, this.there);
	}

	/** What was changed or lost behind our back is sent again; what a run that ended left beside its place goes. */
	async compareWithListing() {
		this.leftovers = [];
		for (const folder of new Set([...this.here.keys(), ...this.there.keys()].flatMap(foldersAbove))) {
			const names = (await this.remote.list(folder)) ?? new Map();
			for (const [path, file] of this.there) if (parentOf(path) === folder && names.get(posix.basename(path)) !== file.size) this.there.set(path, { ...file, hash: UNKNOWN });
			for (const name of names.keys()) if (name.endsWith(STAGED)) this.leftovers.push(posix.join(folder, name));
		}
	}

	report(dryRun) {
		const { first, swapped, stale } = this.plan;
		for (const path of [...first, ...swapped]) log(`send   ${path} (${size(this.here.get(path).size)})`);
		for (const path of stale) log(`delete ${path}`);
		const bytes = [...first, ...swapped].reduce((sum, path) => sum + this.here.get(path).size, 0);
		log(`${dryRun ? 'dry run: ' : ''}${count(first.length + swapped.length, 'file')} to send (${size(bytes)}), ${stale.length} to delete, ${this.here.size - first.length - swapped.length} unchanged`);
	}

	async run() {
		const { first, swapped, stale } = this.plan;
		if (!first.length && !swapped.length && !stale.length && !this.leftovers.length) return;
		// Should this run end, the next one knows what it may have left, even if that is of another site.
		for (const path of first) this.there.set(path, { hash: UNKNOWN, size: 0 });
		if (first.length) await this.remember();
		for (const path of first) {
			await this.send(path);
			await this.swap(path);
			if (this.sinceCheckpoint > CHECKPOINT_BYTES) await this.remember();
		}
		for (const path of swapped) await this.send(path);
		if (first.length && swapped.length) await this.remember();
		for (const [i, path] of swapped.entries()) {
			this.stage = `${i} of ${count(swapped.length, 'file')} were swapped in`;
			await this.swap(path);
		}
		this.stage = 'the new site is in its place, but not cleaned up';
		if (stale.length) await this.remember();
		for (const path of [...stale, ...this.leftovers.filter((path) => !swapped.includes(path.slice(0, -STAGED.length)))]) {
			await this.remote.remove(path);
			this.there.delete(path);
		}
		await this.removeEmptyFolders(stale);
		await this.remember();
		this.stage = 'the new site is in its place';
	}

	/** Beside its place, and read back. */
	async send(path) {
		const { hash, size: bytes } = this.here.get(path);
		await this.remote.put(path + STAGED, () => createReadStream(join(this.folder, path)));
		const there = await this.remote.hash(path + STAGED);
		if (there.hash !== hash) throw new Error(`${path}: what the server has is not what was sent (${there.size} bytes of ${bytes})`);
		this.sentBytes += bytes;
		this.sinceCheckpoint += bytes;
	}

	async swap(path) {
		await this.remote.move(path + STAGED, path);
		this.there.set(path, this.here.get(path));
	}

	/** The manifest is never half written either. */
	async remember() {
		await this.remote.putText(MANIFEST + STAGED, writeManifest(this.there));
		await this.remote.move(MANIFEST + STAGED, MANIFEST);
		this.sinceCheckpoint = 0;
	}

	async removeEmptyFolders(stale) {
		const kept = new Set([...this.here.keys()].flatMap(foldersAbove));
		const left = new Set(stale.flatMap(foldersAbove).filter((folder) => folder && !kept.has(folder)));
		for (const folder of [...left].sort((a, b) => b.length - a.length)) await this.remote.removeFolder(folder);
	}

	/** As readers get it: caches of the host may need a moment. */
	async compareWithSite() {
		const pages = this.plan.swapped.filter((path) => /\.html$/.test(path));
		for (const path of pages) {
			const url = new URL(encodeURI(path.replace(/(^|\/)index\.html$/, '$1')), this.siteUrl);
			for (let tries = 1; (await this.fetchHash(url)) !== this.here.get(path).hash; tries++) {
				if (tries === SITE_TRIES) throw new Error(`${url}: is not what was sent`);
				await pause(1000 * tries, undefined, { signal: this.signal });
			}
		}
		log(`${count(pages.length, 'page')} at ${this.siteUrl} compared`);
	}

	async fetchHash(url) {
		try {
			const response = await fetch(url, { headers: { 'Cache-Control': 'no-cache' }, signal: AbortSignal.any ? AbortSignal.any([this.signal, AbortSignal.timeout(15000)]) : this.signal });
			return response.ok ? createHash('sha256').update(Buffer.from(await response.arrayBuffer())).digest('hex') : null;
		} catch (error) {
			this.signal.throwIfAborted();
			return null;
		}
	}
}

const parentOf = (path) => (path.includes('/') ? posix.dirname(path) : '');
const foldersAbove = (path) => (parentOf(path) ? [...foldersAbove(parentOf(path)), parentOf(path)] : ['']);

async function main(args, env) {
	const { dryRun, folder } = readArguments(args);
	const { ftp, deadlineMs, siteUrl } = readSettings(env);
	const signal = AbortSignal.timeout(deadlineMs);
	const remote = new Remote(ftp, { signal, log });
	const upload = new Upload({ folder, remote, siteUrl, signal });
	const started = Date.now();
	try {
		await upload.look();
		upload.report(dryRun);
		if (dryRun) return;
		await upload.run();
		if (siteUrl) await upload.compareWithSite();
		const { first, swapped, stale } = upload.plan;
		log(`done in ${((Date.now() - started) / 1000).toFixed(1)} s: ${first.length + swapped.length} sent (${size(upload.sentBytes)}) and read back, ${stale.length} deleted`);
	} catch (error) {
		if (error instanceof Misuse) throw error;
		throw new Error(`${signal.aborted ? `not within ${deadlineMs / 1000} s` : error.message} (${upload.stage}; run it again)`, { cause: error });
	} finally {
		remote.close();
	}
}

try {
	await main(process.argv.slice(2), process.env);
} catch (error) {
	console.error(`upload: ${error.message}`);
	process.exitCode = error instanceof Misuse ? 2 : 1;
}
