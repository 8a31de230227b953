// Protects: PostgreSQL behind TLS. The options of DATABASE_URL reach libpq: a server is taken only with the
// certificate that was asked for, results of any size come through, and what is wrong is said at the start.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Postgres } from '../servers/postgres.mjs';
import { Process, System, makeSettings, until } from './system.mjs';

let folder, server, url;

/** A certificate of its own for 127.0.0.1; answers the names of its files. */
function certificate(name) {
	const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
	execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'pipe' });
	return { cert, key };
}

before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'voiceai-test-tls-'));
	chmodSync(folder, 0o755);
	const { cert, key } = certificate('server');
	certificate('other');
	server = await Postgres.start({ files: { 'server.crt': cert, 'server.key': key }, settings: { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' } });
	url = server.createDatabase();
});
after(async () => {
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

const rooted = (name) => `${url}?sslmode=verify-full&sslrootcert=${join(folder, `${name}.crt`)}`;

test('everything goes through TLS, whatever its size', { timeout: 60000 }, async () => {
	const system = await System.start({ DATABASE_URL: rooted('server') }, ['serve']);
	try {
		const prompt = 'Be kind. '.repeat(800);
		const made = await Promise.all(
			Array.from({ length: 60 }, (_, i) => system.post('/calls/initiate', { phone_number: `+1555040${String(i).padStart(4, '0')}`, system_prompt: prompt })),
		);
		for (const { status, body } of made) assert.equal(status, 201, JSON.stringify(body));
		const { status, body } = await system.get('/calls/?limit=60');
		assert.equal(status, 200);
		assert.equal(body.calls.length, 60);
		const database = new URL(url).pathname.slice(1);
		await until('no connection is plain', () => {
			const [[plain, tls]] = server.query(database, "SELECT count(*) FILTER (WHERE NOT ssl), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'voiceai'");
			return plain === '0' && Number(tls) >= 2;
		});
	} finally {
		await system.stop();
	}
});

for (const [what, more, said] of [
	['another certificate', () => rooted('other'), /certificate verify failed/],
	['another name', () => rooted('server').replace('127.0.0.1', 'localhost'), /does not match host name/],
	['no such database', () => rooted('server').replace(/\/test_[^?]+/, '/nowhere'), /database "nowhere" does not exist/],
])
	test(`${what} is refused at once, with the reason`, { timeout: 30000 }, async () => {
		const settings = await makeSettings({ DATABASE_URL: more() });
		const serve = new Process(settings, ['serve']);
		const { code } = await serve.end(10);
		rmSync(settings.HOME, { recursive: true, force: true });
		assert.notEqual(code, 0);
		assert.ok(code !== null, 'it ended by itself');
		assert.match(serve.stderr + serve.stdout, said);
	});
