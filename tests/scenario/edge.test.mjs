// Protects: the platform's outside edge as it is served. TLS with what versions and ciphers, a
// certificate that is replaced while connections are open, a pair that does not fit, and the
// settings that bound what a client may do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get as httpsGet } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { exchange } from './raw.mjs';
import { Process, makeSettings, until } from './system.mjs';

let settings, server, certs;

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** A self-signed certificate and its key, as files. */
function makePair(name, key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']) {
	const pair = { cert: join(settings.HOME, `${name}.crt`), key: join(settings.HOME, `${name}.key`) };
	openssl('req', '-x509', ...key, '-nodes', '-days', '30', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', pair.key, '-out', pair.cert);
	return pair;
}

/** Put a pair in force: the key first, each by a rename, as certbot and Kubernetes do. */
function install(pair) {
	for (const [from, to] of [[pair.key, settings.TLS_KEY_PATH], [pair.cert, settings.TLS_CERT_PATH]]) {
		copyFileSync(from, `${to}.new`);
		renameSync(`${to}.new`, to);
	}
}

/** Shake hands; what was agreed on, or the error. */
function handshake(options = {}, port = Number(settings.PORT)) {
	return new Promise((done) => {
		const socket = tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false, servername: 'localhost', ...options }, () => {
			done({ name: socket.getPeerCertificate().subject.CN, version: socket.getProtocol(), cipher: socket.getCipher().name, alpn: socket.alpnProtocol, resumed: socket.isSessionReused() });
			socket.destroy();
		});
		socket.on('error', (error) => done({ error: error.code ?? error.message }));
		socket.on('close', () => done({ error: 'closed' }));
	});
}

function get(path, options = {}) {
	return new Promise((done, failed) => {
		const request = httpsGet({ host: '127.0.0.1', port: settings.PORT, path, ca: options.ca, rejectUnauthorized: !!options.ca, ...options }, (response) => {
			let body = '';
			response.setEncoding('utf8').on('data', (data) => (body += data));
			response.on('end', () => done({ status: response.statusCode, headers: response.headers, body, socket: response.socket }));
		});
		request.on('error', failed);
	});
}

async function serve(more = {}) {
	const started = new Process({ ...settings, ...more }, ['serve']);
	await until('the platform listens', () => started.stderr.includes('"listening"') || !started.running);
	return started;
}

before(async () => {
	settings = await makeSettings();
	Object.assign(settings, { TLS_CERT_PATH: join(settings.HOME, 'tls.crt'), TLS_KEY_PATH: join(settings.HOME, 'tls.key') });
	certs = { first: makePair('first'), second: makePair('second', ['-newkey', 'rsa:2048']), third: makePair('third') };
	install(certs.first);
	server = await serve();
	assert.ok(server.running, server.stderr);
}, { timeout: 60000 });

after(async () => {
	const { code } = await server.stop();
	assert.doesNotMatch(server.stderr, /Sanitizer|runtime error:/);
	rmSync(settings.HOME, { recursive: true, force: true });
	assert.equal(code, 0, server.stderr);
});

test('TLS 1.3 and nothing older is spoken', async () => {
	const modern = await handshake();
	assert.equal(modern.name, 'first');
	assert.equal(modern.version, 'TLSv1.3');
	assert.ok((await handshake({ maxVersion: 'TLSv1.2' })).error);
	assert.equal((await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'http/1.1');
	assert.ok((await handshake({ ALPNProtocols: ['h2'] })).error);
	assert.equal((await exchange(Number(settings.PORT), 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')).status, 0);
});

test('a whole answer comes over TLS, with the headers that keep browsers on it', async () => {
	const ca = readFileSync(certs.first.cert);
	const health = await get('/health', { ca });
	assert.equal(health.status, 200);
	assert.equal(health.headers['strict-transport-security'], 'max-age=31536000');
	assert.equal(health.headers['cache-control'], 'no-store');
	assert.equal(health.headers.server, undefined);
	const page = await get('/', { ca });
	assert.equal(page.status, 200);
	assert.match(page.headers['content-security-policy'], /frame-ancestors 'none'/);
	assert.equal(Number(page.headers['content-length']), Buffer.byteLength(page.body));
	assert.ok(page.body.length > 1000);
});

test('a live socket opens over TLS', async () => {
	const { code, stderr } = await new Promise((done) => {
		const key = Buffer.alloc(16, 7).toString('base64');
		let text = '';
		const socket = tlsConnect({ host: '127.0.0.1', port: Number(settings.PORT), rejectUnauthorized: false }, () =>
			socket.write(`GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`));
		socket.on('error', () => {});
		socket.on('close', () => done({ code: 0, stderr: text }));
		socket.on('data', (data) => {
			text += data.toString('latin1');
			if (text.includes('\r\n\r\n')) {
				done({ code: Number(text.split(' ')[1]), stderr: text });
				socket.destroy();
			}
		});
	});
	assert.equal(code, 101, stderr);
});

test('a new pair is shown to new connections, and open ones go on', async () => {
	const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(certs.first.cert) });
	const before_ = await get('/health', { agent, ca: agent.options.ca });
	install(certs.second); // another kind of key
	server.kill('SIGHUP');
	await until('the second certificate is shown', async () => (await handshake()).name === 'second');
	const after_ = await get('/health', { agent, ca: agent.options.ca });
	assert.equal(after_.status, 200);
	assert.equal(after_.socket, before_.socket);
	assert.equal((await handshake({ sigalgs: 'ecdsa_secp256r1_sha256' })).name, undefined, 'the first pair is gone');
	agent.destroy();
	install(certs.third); // without a signal
	await until('the third certificate is shown', async () => (await handshake()).name === 'third', 20);
});

test('a pair that does not fit leaves the one in force', async () => {
	writeFileSync(settings.TLS_CERT_PATH, readFileSync(certs.second.cert));
	server.kill('SIGHUP');
	await until('the trouble is logged', () => server.stderr.includes('certificate_not_loaded'));
	assert.match(server.stderr, /TLS_KEY_PATH: [^"]* is not the key of the certificate in TLS_CERT_PATH/);
	assert.equal((await handshake()).name, 'third');
	rmSync(settings.TLS_CERT_PATH);
	server.kill('SIGHUP');
	await until('that too', () => server.stderr.includes('TLS_CERT_PATH: '));
	assert.equal((await handshake()).name, 'third');
	install(certs.first);
	await until('the first is back', async () => (await handshake()).name === 'first', 20);
});

test('nothing starts with a pair that cannot be served', async () => {
	const locked = join(settings.HOME, 'locked.key'), garbage = join(settings.HOME, 'garbage');
	openssl('ec', '-in', certs.first.key, '-aes256', '-passout', 'pass:secret', '-out', locked);
	writeFileSync(garbage, 'no certificate\n');
	const rows = [
		[{ TLS_CERT_PATH: '/nowhere/tls.crt' }, /TLS_CERT_PATH: \/nowhere\/tls.crt: No such file/],
		[{ TLS_KEY_PATH: '/nowhere/tls.key' }, /TLS_KEY_PATH: \/nowhere\/tls.key: No such file/],
		[{ TLS_KEY_PATH: '' }, /TLS_KEY_PATH: is missing although TLS_CERT_PATH is set/],
		[{ TLS_CERT_PATH: '' }, /TLS_CERT_PATH: is missing although TLS_KEY_PATH is set/],
		[{ TLS_CERT_PATH: settings.HOME }, /TLS_CERT_PATH: .*: Is a directory/],
		[{ TLS_CERT_PATH: garbage }, /TLS_CERT_PATH: .* holds no certificate in PEM/],
		[{ TLS_KEY_PATH: garbage }, /TLS_KEY_PATH: .* holds no private key in PEM/],
		[{ TLS_KEY_PATH: locked }, /TLS_KEY_PATH: .* without a passphrase/],
		[{ TLS_KEY_PATH: certs.third.key }, /TLS_KEY_PATH: .* is not the key of the certificate/],
		[{ TLS_KEY_PATH: certs.second.key }, /TLS_KEY_PATH: .* is not the key of the certificate/],
		[{ TLS_MIN_VERSION: '1.1' }, /TLS_MIN_VERSION: must be one of 1.2\|1.3/],
		[{ TRUSTED_PROXIES: '10.0.0.0/40' }, /TRUSTED_PROXIES: "10.0.0.0\/40"/],
		[{ CORS_ORIGINS: 'app.example.com' }, /CORS_ORIGINS: "app.example.com"/],
		[{ URL_ALLOW_PRIVATE: 'internal' }, /URL_ALLOW_PRIVATE: "internal"/],
	];
	for (const [more, line] of rows) {
		const failed = new Process({ ...settings, PORT: '1', ...more }, ['serve']);
		const { code } = await failed.end();
		assert.notEqual(code, 0, JSON.stringify(more));
		const lines = failed.stderr.split('\n').filter((text) => text && !text.startsWith('{'));
		assert.equal(lines.length, 1, failed.stderr);
		assert.match(lines[0], line);
	}
});

test('TLS 1.2 is there when it is asked for, with forward secrecy only', async () => {
	assert.equal((await server.stop()).code, 0);
	install(certs.second);
	server = await serve({ TLS_MIN_VERSION: '1.2', HTTP_HEADER_TIMEOUT_SECONDS: '1', HTTP_MAX_CONNECTIONS: '5' });
	const old = await handshake({ maxVersion: 'TLSv1.2' });
	assert.equal(old.version, 'TLSv1.2');
	assert.match(old.cipher, /^ECDHE-.*(GCM|CHACHA20)/);
	assert.ok((await handshake({ maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' })).error);
	assert.ok((await handshake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA' })).error);
	assert.ok((await handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).error);
	assert.equal((await handshake()).version, 'TLSv1.3');
});

test('who does not shake hands, or asks for nothing, is shown out in time', async () => {
	const started = Date.now();
	const silent = await exchange(Number(settings.PORT), '', { ms: 8000 });
	assert.ok(silent.closed && Date.now() - started < 6000, `${Date.now() - started} ms`);
	const idle = tlsConnect({ host: '127.0.0.1', port: Number(settings.PORT), rejectUnauthorized: false });
	idle.on('error', () => {});
	await Promise.race([new Promise((done) => idle.once('close', done)), new Promise((_, failed) => setTimeout(() => failed(new Error('still open')), 8000).unref())]);
});

test('the hundred and first request in a minute from one address is refused', async () => {
	const counting = await makeSettings({ RATE_LIMITS: 'on' });
	const platform = new Process(counting, ['serve']);
	try {
		await until('the platform listens', () => platform.stderr.includes('"listening"'));
		const statuses = {};
		let last;
		for (let i = 0; i < 105; i++) {
			last = await fetch(`http://127.0.0.1:${counting.PORT}/api/v1/calls/`);
			await last.text();
			statuses[last.status] = (statuses[last.status] ?? 0) + 1;
		}
		// A minute of the clock may have passed meanwhile; then a little of the first one is forgotten.
		assert.ok(statuses[429] >= 1 && statuses[200] >= 100, JSON.stringify(statuses));
		assert.equal(last.headers.get('ratelimit-limit'), '100');
		assert.ok(Number(last.headers.get('retry-after')) >= 1);
		const metrics = await (await fetch(`http://127.0.0.1:${counting.PORT}/metrics`)).text();
		assert.match(metrics, /rate_limited_total\{class="ip"\} [1-9]/);
	} finally {
		await platform.stop();
		rmSync(counting.HOME, { recursive: true, force: true });
	}
});

test('a bound on connections holds, and the next one gets in again', async () => {
	const sockets = [];
	for (let i = 0; i < 5; i++) sockets.push(await new Promise((done) => {
		const socket = tlsConnect({ host: '127.0.0.1', port: Number(settings.PORT), rejectUnauthorized: false }, () => done(socket));
		socket.on('error', () => {});
	}));
	assert.ok((await handshake()).error);
	for (const socket of sockets) socket.destroy();
	await until('there is room again', async () => (await handshake()).name === 'second');
});
