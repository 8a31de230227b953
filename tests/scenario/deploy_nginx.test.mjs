// Protects: deploy/nginx as it is shipped, in front of the built binary. TLS 1.3 and nothing older, HTTP/2, plain HTTP
// sent on, WebSockets through it, the limit of a body, dashboard files that are kept and served without a platform, and
// a client whose address reaches the rate limits however it lies about it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { System, freeTcpPort, root, until } from './system.mjs';

const NAME = 'voice.example.com';
let system, folder, nginx, ports, token;

/** The shipped files under a folder of ours, with our ports and certificate; each of these has to be in them. */
function install() {
	folder = mkdtempSync(join(tmpdir(), 'voiceai-nginx-'));
	chmodSync(folder, 0o755); // its workers are somebody else when it is root
	for (const name of ['voiceai', 'ssl', 'cache', 'acme']) mkdirSync(join(folder, name));
	chmodSync(join(folder, 'cache'), 0o777);
	cpSync(join(root, 'deploy/nginx'), join(folder, 'voiceai'), { recursive: true });
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${NAME}`,
		'-addext', `subjectAltName=DNS:${NAME}`, '-keyout', join(folder, 'ssl/privkey.pem'), '-out', join(folder, 'ssl/fullchain.pem')], { stdio: 'pipe' });
	const replaced = [
		['voiceai.conf', 'listen 80;', `listen 127.0.0.1:${ports.http};`],
		['voiceai.conf', 'listen [::]:80;', ''],
		['voiceai.conf', 'listen 443 ssl http2;', `listen 127.0.0.1:${ports.https} ssl http2;`],
		['voiceai.conf', 'listen [::]:443 ssl http2;', ''],
		['voiceai.conf', '/etc/ssl/voiceai', join(folder, 'ssl')],
		['voiceai.conf', '/var/cache/nginx/voiceai', join(folder, 'cache')],
		['voiceai.conf', '/var/www/acme', join(folder, 'acme')],
		['voiceai.conf', '/etc/nginx/voiceai', join(folder, 'voiceai')],
		['upstream.conf', '127.0.0.1:8000', `127.0.0.1:${system.settings.PORT}`],
	];
	for (const [name, from, to] of replaced) {
		const path = join(folder, 'voiceai', name);
		const text = readFileSync(path, 'utf8');
		assert.ok(text.includes(from), `${name} has "${from}"`);
		writeFileSync(path, text.replaceAll(from, to));
	}
	const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${join(folder, kind)};`);
	writeFileSync(join(folder, 'nginx.conf'), `daemon off; worker_processes 1; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error.log')} warn;
events { worker_connections 512; }
http { ${temp.join(' ')} access_log off; include ${join(folder, 'voiceai/voiceai.conf')}; }
`);
}

const arguments_ = () => ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')];

/** Ask over HTTPS with HTTP/1.1: { status, headers, body }, or { socket } of an upgrade. */
function ask(path, { method = 'GET', headers = {}, body, from = '127.0.0.1' } = {}) {
	return new Promise((done, failed) => {
		const req = httpsRequest({ host: '127.0.0.1', port: ports.https, servername: NAME, rejectUnauthorized: false, localAddress: from, agent: false, path, method, headers: { Host: NAME, ...headers } });
		req.on('response', async (res) => {
			const chunks = [];
			for await (const chunk of res) chunks.push(chunk);
			done({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks).toString() });
		});
		req.on('upgrade', (res, socket, head) => done({ status: res.statusCode, socket, head }));
		req.on('error', failed);
		req.end(body);
	});
}

const upgrade = () => ({ ...token, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64') });

function handshake(options) {
	return new Promise((done) => {
		const socket = tlsConnect({ host: '127.0.0.1', port: ports.https, servername: NAME, rejectUnauthorized: false, ...options }, () => {
			done({ version: socket.getProtocol(), alpn: socket.alpnProtocol });
			socket.destroy();
		});
		socket.on('error', (error) => done({ error: error.code ?? error.message }));
	});
}

before(async () => {
	ports = { http: await freeTcpPort(), https: await freeTcpPort() };
	system = await System.start({ API_BASE_URL: `https://${NAME}`, TRUSTED_PROXIES: '127.0.0.1', AUTH: 'on', RATE_LIMITS: 'on', RATE_LIMIT_IP_PER_MINUTE: '8' }, ['serve']);
	install();
	execFileSync('nginx', ['-t', '-q', ...arguments_()], { stdio: 'pipe' });
	nginx = spawn('nginx', arguments_(), { stdio: ['ignore', 'ignore', 'pipe'] });
	nginx.gone = new Promise((done) => nginx.once('exit', done));
	await until('nginx answers', async () => (await ask('/health')).status === 200);
	const word = await until('the first link is printed', () => system.servers.serve.stderr.match(/#invite=([0-9a-f]{48})/)?.[1]);
	const body = JSON.stringify({ token: word, email: 'owner@example.com', name: 'Owner', password: 'correct horse battery staple' });
	const owner = await ask('/api/v1/auth/accept', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
	assert.equal(owner.status, 200, owner.body);
	token = { Authorization: `Bearer ${JSON.parse(owner.body).access_token}` };
});
after(async () => {
	nginx?.kill('SIGTERM');
	await nginx?.gone;
	await system?.stop();
	if (folder) rmSync(folder, { recursive: true, force: true });
});

test('TLS 1.3 and HTTP/2; TLS 1.2 is refused', async () => {
	assert.deepEqual(await handshake({ ALPNProtocols: ['h2', 'http/1.1'] }), { version: 'TLSv1.3', alpn: 'h2' });
	assert.match((await handshake({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).error, /PROTOCOL_VERSION|ECONNRESET/i);
});

test('a request over HTTP/2 is answered by the platform, which knows that it came over TLS', async () => {
	const session = http2Connect(`https://127.0.0.1:${ports.https}`, { servername: NAME, rejectUnauthorized: false });
	try {
		const headers = await new Promise((done, failed) => {
			session.on('error', failed);
			const stream = session.request({ ':path': '/', ':authority': NAME });
			stream.on('response', done).on('error', failed);
			stream.resume().end();
		});
		assert.equal(headers[':status'], 200);
		assert.match(headers['strict-transport-security'], /max-age=\d+/);
		assert.match(headers['content-security-policy'], /script-src 'self'/);
		assert.equal(headers['x-cache'], undefined, 'the page itself is not kept');
	} finally {
		session.close();
	}
});

test('plain HTTP is sent on, but for the proof of a certificate', async () => {
	const plain = (path) => new Promise((done, failed) => httpGet({ host: '127.0.0.1', port: ports.http, path, headers: { Host: NAME } }, (res) => done(res.resume())).on('error', failed));
	const { statusCode, headers } = await plain('/calls?a=b');
	assert.deepEqual([statusCode, headers.location], [308, `https://${NAME}/calls?a=b`]);
	mkdirSync(join(folder, 'acme/.well-known/acme-challenge'), { recursive: true });
	writeFileSync(join(folder, 'acme/.well-known/acme-challenge/word'), 'proof');
	assert.equal((await plain('/.well-known/acme-challenge/word')).statusCode, 200);
});

test('live events come over a WebSocket', async () => {
	const { status, socket, head } = await ask('/api/v1/live', {
		headers: { ...upgrade(), Origin: `https://${NAME}` },
	});
	assert.equal(status, 101);
	let text = head.toString();
	socket.on('data', (data) => (text += data)).on('error', () => {});
	const body = JSON.stringify({ phone_number: '+15550100123', agent: 'appointment', scheduled_at: new Date(Date.now() + 86400e3).toISOString() });
	const made = await ask('/api/v1/calls/initiate', { method: 'POST', body, headers: { ...token, 'Content-Type': 'application/json' } });
	assert.ok(made.status < 300, made.body);
	await until('the call is told', () => text.includes('"call.created"') && text.includes(JSON.parse(made.body).call_id), 5);
	socket.destroy();
});

test('a page of another origin gets no socket', async () => {
	const { status } = await ask('/api/v1/live', {
		headers: { ...upgrade(), Origin: 'https://evil.example' },
	});
	assert.equal(status, 403);
});

test('a body above the platform\'s bound goes no further than nginx', async () => {
	const { status, headers } = await ask('/api/v1/calls/initiate', { method: 'POST', headers: { 'Content-Type': 'application/json', 'Content-Length': 2 << 20, Expect: '100-continue' } });
	assert.equal(status, 413);
	assert.match(headers.server, /^nginx$/, 'and its version is not told');
});

test('metrics are not for the world', async () => {
	assert.equal((await ask('/metrics')).status, 404);
});

test('the rate limit is that of the client, who cannot make up an address', async () => {
	const statuses = [];
	for (let i = 0; i < 9; i++) statuses.push((await ask('/api/v1/numbers', { from: '127.0.0.2', headers: { ...token, 'X-Forwarded-For': `198.51.100.${i}` } })).status);
	assert.deepEqual([...new Set(statuses.slice(0, 8))], [200]);
	assert.equal(statuses[8], 429);
	assert.equal((await ask('/api/v1/numbers', { from: '127.0.0.3', headers: token })).status, 200, 'somebody else is not refused');
});

test('dashboard files are kept, asked for again by their tag, and served without a platform', async () => {
	const first = await ask('/app.js');
	assert.deepEqual([first.status, first.headers['x-cache'], first.headers['cache-control']], [200, 'MISS', 'no-cache']);
	const second = await ask('/app.js');
	assert.deepEqual([second.status, second.headers['x-cache']], [200, 'HIT']);
	assert.equal(second.body, first.body);
	const zipped = await ask('/app.js', { headers: { 'Accept-Encoding': 'gzip' } });
	assert.equal(zipped.headers['content-encoding'], 'gzip', 'what was kept for one encoding is not given for another');
	assert.equal((await ask('/app.js', { headers: { 'If-None-Match': first.headers.etag } })).status, 304);
	await system.servers.serve.stop();
	assert.equal((await ask('/app.js')).status, 200);
	assert.equal((await ask('/health')).status, 502);
});
