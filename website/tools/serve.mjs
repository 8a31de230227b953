#!/usr/bin/env node
// Hand out an exported site as a plain web server does: folders by their index.html, what is not there by 404.html, byte ranges,
// compressed where that helps, what has a hash in its name for ever.
//
//   node tools/serve.mjs [FOLDER [PORT]]
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.webp': 'image/webp',
	'.png': 'image/png', '.woff2': 'font/woff2', '.mp3': 'audio/mpeg', '.txt': 'text/plain; charset=utf-8', '.xml': 'application/xml' };
const compressed = new Set(['.html', '.js', '.css', '.svg', '.txt', '.xml']);

/** The file of an address; undefined where there is none. */
export function fileOf(folder, path) {
	const file = join(folder, normalize(decodeURIComponent(path)));
	return [file.endsWith('/') ? `${file}index.html` : file].find((name) => existsSync(name) && statSync(name).isFile());
}

function answer(folder, request, response) {
	const { pathname } = new URL(request.url, 'http://site');
	const file = fileOf(folder, pathname), kind = file ? extname(file) : '.html';
	const headers = { 'Content-Type': types[kind] ?? 'application/octet-stream', 'Cache-Control': pathname.startsWith('/_next/static/') ? 'public, max-age=31536000, immutable' : 'no-cache' };
	let body = readFileSync(file ?? join(folder, '404.html'));
	const [, from, to] = request.headers.range?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
	if (from !== undefined && Number(from) < body.length) {
		const end = Math.min(body.length - 1, to ? Number(to) : Infinity);
		response.writeHead(206, { ...headers, 'Content-Range': `bytes ${from}-${end}/${body.length}` });
		response.end(body.subarray(Number(from), end + 1));
		return;
	}
	if (compressed.has(kind) && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
		body = gzipSync(body);
		headers['Content-Encoding'] = 'gzip';
	}
	response.writeHead(file ? 200 : 404, { ...headers, 'Accept-Ranges': 'bytes', 'Content-Length': body.length });
	response.end(body);
}

export async function serve(folder, port = 0) {
	const server = createServer((request, response) => answer(folder, request, response));
	await new Promise((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
	return { port: server.address().port, close: () => { server.close(); server.closeAllConnections(); } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const { port } = await serve(process.argv[2] ?? 'out', Number(process.argv[3] ?? 3000));
	console.log(`http://127.0.0.1:${port}/`);
}
