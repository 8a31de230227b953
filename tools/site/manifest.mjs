// What a site consists of: paths, hashes and sizes of its files, and the order in which they may change. The same list
// lies beside the site, so that the next upload knows what is there.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export const MANIFEST = '.site-manifest.json';
/** Behind the name of a file that is not in its place yet. */
export const STAGED = '.uploading';

const SKIPPED = new Set([MANIFEST, '.DS_Store', 'Thumbs.db']);

export async function hashFile(path) {
	const hash = createHash('sha256');
	for await (const chunk of createReadStream(path)) hash.update(chunk);
	return hash.digest('hex');
}

/** The files below a folder: Map of path to { hash, size }. */
export async function readFolder(folder, below = '') {
	const files = new Map();
	for (const entry of (await readdir(join(folder, below), { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
		const path = below ? `${below}/${entry.name}` : entry.name;
		if (SKIPPED.has(entry.name)) continue;
		if (/[\x00-\x1f\x7f]/.test(entry.name) || entry.name.endsWith(STAGED)) throw new Error(`${JSON.stringify(path)}: such a name cannot be sent`);
		if (entry.isDirectory()) for (const [name, file] of await readFolder(folder, path)) files.set(name, file);
		else if (entry.isFile()) files.set(path, { hash: await hashFile(join(folder, path)), size: (await stat(join(folder, path))).size });
		else throw new Error(`${path}: neither a file nor a folder`);
	}
	return files;
}

/** Read a manifest; null when it is none. */
export function parseManifest(text) {
	try {
		const { version, files } = JSON.parse(text);
		if (version !== 1) return null;
		for (const [path, { hash, size }] of Object.entries(files)) {
			// It comes from the server: no path of it may lead out of the site's folder.
			if (!/^[0-9a-f]{64}$/.test(hash) || !Number.isSafeInteger(size)) return null;
			if (path.startsWith('/') || /[\x00-\x1f\x7f]/.test(path) || path.split('/').some((part) => ['', '.', '..'].includes(part))) return null;
		}
		return new Map(Object.entries(files));
	} catch {
		return null;
	}
}

export const writeManifest = (files) => `${JSON.stringify({ version: 1, files: Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1))) }, null, '\t')}\n`;

/**
 * When a file may take its place. A file that nothing refers to yet comes first; then what has changed under its old
 * name; then pages, the new ones before those that link to them; last the lists of pages. Within each, in order.
 */
function rank(path, isNew) {
	if (/(^|\/)(sitemap[^/]*|feed|rss|atom)\.xml$/.test(path)) return 5;
	if (path === 'index.html') return 4;
	if (/\.html?$/.test(path)) return isNew ? 2 : 3;
	return isNew ? 0 : 1;
}

/**
 * What is to be done so that `there` becomes `here`:
 * { first: new files no page of the old site knows, swapped: in the order in which they are swapped in, stale }
 */
export function plan(here, there) {
	const changed = [...here].filter(([path, { hash, size }]) => there.get(path)?.hash !== hash || there.get(path)?.size !== size);
	const ranked = changed.map(([path]) => ({ path, rank: rank(path, !there.has(path)) })).sort((a, b) => a.rank - b.rank || (a.path < b.path ? -1 : 1));
	return {
		first: ranked.filter((file) => file.rank === 0).map(({ path }) => path),
		swapped: ranked.filter((file) => file.rank > 0).map(({ path }) => path),
		stale: [...there.keys()].filter((path) => !here.has(path)).sort(),
	};
}
