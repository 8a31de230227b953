// Protects: `voiceai doctor`. On an installation that is well it says so and exits 0; each thing that can
// be wrong is found, named with what to do about it, and makes it exit 1; it changes nothing and shows no
// secret.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { Collector } from '../servers/otlp.mjs';
import { Process, System, freeTcpPort, makeSettings } from './system.mjs';

let twilio, ultravox, openai, collector, system, vendors;

before(async () => {
	[twilio, ultravox, openai, collector] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen(), new Collector().listen()]);
	vendors = {
		TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url,
		ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
		OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
	};
	system = await System.start(vendors, ['serve']);
});
after(async () => {
	await system?.stop();
	await Promise.all([twilio, ultravox, openai, collector].map((mock) => mock?.close()));
});

/** What the doctor says with these settings: { code, find(check), findings }. */
async function doctor(settings) {
	const process = new Process(settings, ['doctor', '--json']);
	const { code } = await process.end(40);
	assert.equal(process.stderr, '');
	const { ok, findings } = JSON.parse(process.stdout);
	assert.equal(code, ok ? 0 : 1);
	for (const { level, advice } of findings) assert.equal(advice === null, level === 'ok', JSON.stringify(findings));
	const all = (check) => findings.filter((finding) => finding.check === check);
	return { code, findings, all, find: (check) => all(check)[0], text: process.stdout };
}

/** The same where nothing runs. */
async function alone(more = {}, prepare = () => {}) {
	const settings = await makeSettings(more);
	mkdirSync(settings.DATA_DIR, { mode: 0o700 });
	await prepare(settings);
	try {
		return await doctor(settings);
	} finally {
		rmSync(settings.HOME, { recursive: true, force: true });
	}
}

test('a platform that runs, with vendors that know us', async () => {
	const seen = await doctor(system.settings);
	assert.equal(seen.code, 0, seen.text);
	const levels = Object.fromEntries(seen.findings.map(({ check, level }) => [check, level]));
	assert.deepEqual(
		{ ...levels, limits: 'ok', disk: 'ok' },
		{ settings: 'ok', disk: 'ok', secrets: 'ok', limits: 'ok', ports: 'ok', database: 'ok', redis: 'ok', twilio: 'ok', ultravox: 'ok', openai: 'ok', traces: 'ok', callbacks: levels.callbacks, clock: 'ok' },
	);
	assert.match(seen.find('ports').message, /the platform is running, version \d/);
	assert.match(seen.find('database').message, /^SQLite, schema at version \d+, answers in [\d.]+ ms$/);
	// The stand-ins are on this machine, so that they can call a loopback address back.
	assert.deepEqual(seen.all('callbacks').map(({ level }) => level), ['warn', 'ok']);
	for (const secret of [twilio.token, ultravox.key, openai.key]) assert.ok(!seen.text.includes(secret));
});

test('people get a line each, and what to do below it', async () => {
	const process = new Process({ ...system.settings, OPENAI_MODEL: 'gpt-none' }, ['doctor']);
	assert.equal((await process.end(40)).code, 1);
	assert.match(process.stdout, /^ok    settings      valid; Twilio, Ultravox, analysis by a model$/m);
	assert.match(process.stdout, /^fail  openai        the server of OPENAI_API_URL has no model "gpt-none"\n {20}-> set another model$/m);
});

test('a fresh installation that has not been started', async () => {
	const seen = await alone();
	assert.equal(seen.code, 0, seen.text);
	assert.match(seen.find('settings').message, /embedded carrier, embedded engine, embedded analyser/);
	assert.match(seen.find('database').message, /the first start makes it/);
	assert.equal(seen.all('ports').length, 3);
	for (const check of ['twilio', 'ultravox', 'callbacks']) assert.equal(seen.find(check).level, 'warn');
	assert.match(seen.find('twilio').advice, /voiceai up/);
	assert.equal(seen.find('openai'), undefined);
});

test('nothing is made but what every command makes', async () => {
	const settings = await makeSettings();
	await doctor(settings);
	assert.deepEqual(readdirSync(settings.DATA_DIR), ['secrets.env']);
	rmSync(settings.HOME, { recursive: true, force: true });
});

test('a setting that is wrong', async () => {
	const seen = await alone({ PORT: '99999' });
	assert.equal(seen.code, 1);
	assert.deepEqual(seen.findings.map(({ check, level }) => [check, level]), [['settings', 'fail']]);
	assert.match(seen.find('settings').message, /^PORT: must be/);
});

test('credentials the vendors refuse', async () => {
	const seen = await doctor({ ...system.settings, TWILIO_AUTH_TOKEN: 'wrong', ULTRAVOX_API_KEY: 'wrong', OPENAI_API_KEY: 'wrong' });
	assert.equal(seen.code, 1);
	for (const [check, advice] of [['twilio', /TWILIO_AUTH_TOKEN/], ['ultravox', /ULTRAVOX_API_KEY/], ['openai', /OPENAI_API_KEY/]]) {
		assert.equal(seen.find(check).level, 'fail');
		assert.match(seen.find(check).message, /refuses the credentials/);
		assert.match(seen.find(check).advice, advice);
	}
});

test('vendors that cannot be reached, and a public address nobody can call', async () => {
	const port = await freeTcpPort();
	const seen = await alone({ TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: `http://voiceai.invalid:${port}`, API_BASE_URL: `http://127.0.0.1:${port}` });
	assert.equal(seen.code, 1);
	assert.equal(seen.find('twilio').level, 'fail');
	assert.match(seen.find('twilio').message, /cannot be reached/);
	assert.match(seen.find('callbacks').message, /vendors cannot call back to http:\/\/127/);
	assert.deepEqual(seen.all('callbacks').map(({ level }) => level), ['fail', 'fail']);
});

test('something else, or somebody else, at API_BASE_URL', async () => {
	const other = createServer((req, res) => res.end('hello'));
	await new Promise((done) => other.listen(0, '127.0.0.1', done));
	try {
		const seen = await doctor({ ...system.settings, API_BASE_URL: `http://127.0.0.1:${other.address().port}` });
		assert.match(seen.all('callbacks')[1].message, /something else than voiceai answers/);
		assert.equal(seen.code, 1);
	} finally {
		other.close();
	}
	const seen = await doctor({ ...system.settings, ULTRAVOX_WEBHOOK_SECRET: 'another secret' });
	assert.match(seen.all('callbacks')[1].message, /a voiceai with other secrets/);
	assert.equal(seen.code, 1);
});

test('ports that others have', async () => {
	const other = createServer((req, res) => res.end('hello'));
	await new Promise((done) => other.listen(0, '127.0.0.1', done));
	try {
		const seen = await alone({ ENGINE_PORT: String(other.address().port) });
		const taken = seen.all('ports').find(({ message }) => message.includes('ENGINE_PORT'));
		assert.equal(taken.level, 'fail');
		assert.match(taken.message, /something else than the engine/);
	} finally {
		other.close();
	}
});

test('files with secrets that everybody can read', async () => {
	const seen = await alone({}, (settings) => {
		writeFileSync(join(settings.DATA_DIR, 'master.key'), 'x'.repeat(64));
		chmodSync(join(settings.DATA_DIR, 'master.key'), 0o644);
	});
	assert.equal(seen.code, 1);
	assert.match(seen.find('secrets').message, /master\.key can be read by others than its owner \(mode 644\)/);
	assert.match(seen.find('secrets').advice, /^chmod go= .*master\.key$/);
});

test('a certificate that has expired, one that soon will, and a file that is none', async () => {
	const openssl = (dir, days) => {
		const run = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
		run('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'request.pem');
		run('x509', '-req', '-in', 'request.pem', '-signkey', 'key.pem', '-days', days, '-out', 'cert.pem');
	};
	const withCert = (make) =>
		alone({}, (settings) => {
			make(settings.HOME);
			Object.assign(settings, { TLS_CERT_PATH: join(settings.HOME, 'cert.pem'), TLS_KEY_PATH: join(settings.HOME, 'key.pem') });
		});
	assert.match((await withCert((dir) => openssl(dir, '90'))).find('certificate').message, /is valid for (89|90) days/);
	assert.equal((await withCert((dir) => openssl(dir, '3'))).find('certificate').level, 'warn');
	assert.equal((await withCert((dir) => openssl(dir, '-1'))).find('certificate').level, 'fail');
	const none = await withCert((dir) => ['cert.pem', 'key.pem'].forEach((name) => writeFileSync(join(dir, name), 'no PEM', { mode: 0o600 })));
	assert.match(none.find('certificate').message, /is no certificate/);
});

test('a clock that is wrong', async () => {
	const late = createServer((req, res) => {
		res.setHeader('Date', new Date(Date.now() + 600_000).toUTCString());
		res.end('{}');
	});
	await new Promise((done) => late.listen(0, '127.0.0.1', done));
	try {
		const seen = await doctor({ ...system.settings, OPENAI_API_URL: `http://127.0.0.1:${late.address().port}/v1` });
		assert.equal(seen.find('clock').level, 'fail');
		assert.match(seen.find('clock').message, /^(59\d|600) s behind the vendors' clocks$/);
	} finally {
		late.close();
	}
});

test('a database that is away, one that is older, and Redis that is away', async () => {
	const port = await freeTcpPort();
	const away = await alone({ DATABASE_URL: `postgresql://voiceai:secret-word@127.0.0.1:${port}/voiceai`, REDIS_URL: `redis://127.0.0.1:${port}/0` });
	assert.equal(away.code, 1);
	assert.equal(away.find('database').level, 'fail');
	assert.match(away.find('database').message, /^PostgreSQL: /);
	assert.equal(away.find('redis').level, 'fail');
	assert.ok(!away.text.includes('secret-word'));

	const older = (more) =>
		alone(more, (settings) => writeFileSync(join(settings.DATA_DIR, 'voiceai.db'), '', { mode: 0o600 }));
	assert.equal((await older({})).find('database').level, 'warn');
	const refused = await older({ MIGRATE_AT_START: 'false' });
	assert.equal(refused.find('database').level, 'fail');
	assert.match(refused.find('database').advice, /voiceai migrate/);
});
