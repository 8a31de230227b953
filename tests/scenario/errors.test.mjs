// Protects: error reports. What goes wrong arrives at a Sentry that stands where the cloud would be, over TLS whose
// certificate counts, with the ids to find the call by and nothing about people; a crash is told by the next process;
// a server that is away, silent or has enough of us harms nobody; without SENTRY_DSN nothing is told.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { Collector } from '../servers/otlp.mjs';
import { Sentry } from '../servers/sentry.mjs';
import { Process, System, makeSettings, until } from './system.mjs';

const NUMBER = '+15550277123';
let folder, sentry, twilio, ultravox, openai, collector, system;

before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'voiceai-test-sentry-'));
	[sentry, twilio, ultravox, openai, collector] = await Promise.all([new Sentry().listen({ tls: folder }), new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen(), new Collector().listen()]);
	system = await System.start(
		{
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url, ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`,
			OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`, DEFAULT_AGENT: 'assistant', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
			SENTRY_DSN: sentry.dsn, SENTRY_ENVIRONMENT: 'staging', SSL_CERT_FILE: sentry.certificate,
		},
		['serve'],
	);
});
after(async () => {
	const results = await system?.stop();
	await Promise.all([sentry, twilio, ultravox, openai, collector].map((mock) => mock?.close()));
	rmSync(folder, { recursive: true, force: true });
	for (const { code } of results ?? []) assert.equal(code, 0, 'serve ends cleanly');
});

const metrics = async (name) => Number((await (await fetch(`${system.url('serve')}/metrics`)).text()).match(new RegExp(`^error_reports_total\\{outcome="${name}"\\} (\\d+)`, 'm'))?.[1] ?? 0);
const crashes = () => readdirSync(join(system.settings.DATA_DIR, 'crashes'));

/** A call whose analysis is refused, and so given up, which is an error. */
async function failedCall() {
	const { status, body: record } = await system.post('/calls/initiate', { phone_number: NUMBER });
	assert.equal(status, 201, JSON.stringify(record));
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(record.call_id)));
	await system.call(record.call_id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	ultravox.of(record.call_id).messages = [{ role: 'MESSAGE_ROLE_USER', text: 'Hello.', medium: 'MESSAGE_MEDIUM_VOICE' }];
	openai.answers = [{ status: 400, body: { error: { message: 'no', type: 'invalid_request_error', param: null, code: null } } }];
	await twilio.status(call, 'in-progress');
	await twilio.status(call, 'completed', { CallDuration: '5' });
	await until('its analysis is given up', () => system.servers.serve.stderr.split('\n').find((line) => line.includes(record.call_id) && line.includes('"outcome":"dead"')));
	return record.call_id;
}
const eventOf = (id) => sentry.events.find(({ tags }) => tags.call_id === id);

test('an error is told with what it is found by, and with nothing about people', async () => {
	const id = await failedCall();
	const event = await until('the event', () => eventOf(id));
	assert.equal(event.level, 'error');
	assert.equal(event.environment, 'staging');
	assert.match(event.release, /^voiceai@\d+\.\d+/);
	assert.equal(event.logentry.formatted, 'job_failed: openai answered 400: invalid_request_error: no');
	assert.deepEqual(event.tags, { server: 'platform', service: 'job', event: 'job_failed', call_id: id, trace_id: id.replaceAll('-', '') });
	assert.equal(event.contexts.trace.trace_id, id.replaceAll('-', ''));
	assert.deepEqual(event.fingerprint, ['platform', 'job', 'job_failed', 'analyse']);
	assert.equal(event.extra.outcome, 'dead');
	const text = JSON.stringify(sentry.events);
	for (const secret of [NUMBER, NUMBER.slice(1), twilio.token, ultravox.key, openai.key]) assert.ok(!text.includes(secret), secret);
	assert.deepEqual(sentry.problems, []);
	await until('it is counted', async () => (await metrics('sent')) >= 1);
	const { stderr } = system.servers.serve;
	assert.ok(!stderr.includes(sentry.key));
});

test('a server that has enough is left alone for as long as it says, and told later what it missed', async () => {
	const before = await metrics('limited');
	Object.assign(sentry, { status: 429, headers: { 'X-Sentry-Rate-Limits': '3:error:organization' } });
	const told = sentry.requests;
	const first = await failedCall();
	await until('it was refused', () => sentry.requests === told + 1);
	Object.assign(sentry, { status: 200, headers: {} });
	const second = await failedCall();
	await until('both are counted', async () => (await metrics('limited')) === before + 2);
	assert.equal(sentry.requests, told + 1, 'within the three seconds nothing was sent');
	let third;
	await until('the three seconds are over', async () => ((third = await failedCall()), Boolean(await until('the event', () => eventOf(third), 3).catch(() => false))));
	assert.equal(eventOf(first), undefined);
	assert.equal(eventOf(second), undefined);
	assert.ok(sentry.discarded.ratelimit_backoff >= 2);
});

test('a server that is away for a moment is asked again; one that is wrong is not', async () => {
	sentry.status = 503;
	const id = await failedCall();
	await until('a line about it', () => system.servers.serve.stderr.includes('"event":"reports_not_taken","status":503'));
	sentry.status = 200;
	await until('the event', () => eventOf(id));
	sentry.status = 403;
	const [told, failed] = [sentry.requests, await metrics('failed')];
	const other = await failedCall();
	await until('it is counted', async () => (await metrics('failed')) === failed + 1);
	sentry.status = 200;
	assert.equal(sentry.requests, told + 1);
	assert.equal(eventOf(other), undefined);
});

test('a crash is told by the next process, and an end by a signal that asks for it is none', async () => {
	assert.deepEqual(crashes().map((name) => /^[0-9a-f]{16}-platform-\d+\.crash$/.test(name)), [true]);
	const { serve } = system.servers;
	serve.kill('SIGSEGV');
	assert.equal((await serve.end()).signal ?? 'SIGSEGV', 'SIGSEGV');
	const known = sentry.events.length;
	system.launch('serve');
	await system.ready('serve');
	const event = await until('the crash', () => sentry.events.slice(known).find(({ level }) => level === 'fatal'));
	const [exception] = event.exception.values;
	assert.equal(exception.type, 'SIGSEGV');
	assert.equal(exception.mechanism.handled, false);
	assert.equal(event.tags.server, 'platform');
	assert.equal(event.release, eventOf(sentry.events[0].tags.call_id).release);
	const own = event.debug_meta.images.find(({ code_file: file }) => file.endsWith('/voiceai'));
	assert.match(own.code_id, /^[0-9a-f]{40}$/);
	assert.ok(exception.stacktrace.frames.some(({ package: file, instruction_addr: at }) => file === own.code_file && Number(at) >= Number(own.image_addr) && Number(at) < Number(own.image_addr) + own.image_size));
	await until('its file is gone', () => crashes().length === 1);
	assert.equal((await system.servers.serve.stop()).code, 0);
	assert.deepEqual(crashes(), []);
	system.launch('serve');
	await system.ready('serve');
	assert.equal(sentry.events.slice(known).filter(({ level }) => level === 'fatal').length, 1);
});

test('what is queued at the end is sent before it', async () => {
	const id = await failedCall();
	assert.equal((await system.servers.serve.stop()).code, 0);
	assert.ok(eventOf(id), 'sent by the time the process is gone');
	system.launch('serve');
	await system.ready('serve');
	await failedCall();
	sentry.silent = true;
	const asked = Date.now();
	assert.equal((await system.servers.serve.stop()).code, 0);
	assert.ok(Date.now() - asked < 4000, 'a server that does not answer is not waited for');
	sentry.silent = false;
	system.launch('serve');
	await system.ready('serve');
});

test('a certificate that is not trusted gets no event; doctor says so', async () => {
	const doctor = async (more) => {
		const process = new Process({ ...system.settings, ...more }, ['doctor', '--json']);
		await process.end(40);
		return JSON.parse(process.stdout).findings.find(({ check }) => check === 'errors');
	};
	const [events, requests] = [sentry.events.length, sentry.requests];
	const refused = await doctor({ SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' });
	assert.equal(refused.level, 'warn');
	assert.match(refused.message, /^the server of SENTRY_DSN cannot be reached/);
	assert.equal(sentry.requests, requests);
	assert.deepEqual(await doctor({}), { check: 'errors', level: 'ok', message: 'the server of SENTRY_DSN takes reports', advice: null });
	assert.match((await doctor({ SENTRY_DSN: sentry.dsn.replace(sentry.key, 'f'.repeat(32)) })).message, /answers 403/);
	assert.equal((await doctor({ SENTRY_DSN: 'http://0a@voiceai.invalid/42' })).message, 'errors go to voiceai.invalid unencrypted');
	assert.equal(sentry.events.length, events, 'a check is no event');
	assert.deepEqual(sentry.problems, []);
});

test('a DSN that is none stops the start; without one nothing is watched', async () => {
	const wrong = new Process({ ...system.settings, SENTRY_DSN: 'https://sentry.io/42' }, ['serve']);
	assert.equal((await wrong.end()).code, 2);
	assert.equal(wrong.stderr, 'voiceai: SENTRY_DSN: has no key, as in https://KEY@HOST/42\n');
	const settings = await makeSettings();
	const plain = new Process(settings, ['engine']);
	await until('it serves', async () => (await fetch(`http://127.0.0.1:${settings.ENGINE_PORT}/ready`)).status === 200);
	assert.ok(!existsSync(join(settings.DATA_DIR, 'crashes')));
	assert.equal((await plain.stop()).code, 0);
	rmSync(settings.HOME, { recursive: true, force: true });
});
