// Protects: what people trust us with. What the platform writes (logs, metrics, errors, files, the database) holds no number,
// word or secret in the clear; one person can be forgotten, with a proof; what a tenant keeps for so long only is removed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { Process, System, isTerminal, until } from './system.mjs';

const OUR_NUMBER = '+15550100000';
const PERSON = '+15557654321';
const WORDS = 'marzipan zeppelin';
const METADATA = 'order-quartz-19';
let system, twilio, ultravox, openai;

before(async () => {
	[twilio, ultravox, openai] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen()]);
	system = await System.start(
		{
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url, TWILIO_PHONE_NUMBER: OUR_NUMBER,
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
			DEFAULT_AGENT: 'assistant', RING_TIMEOUT_SECONDS: '20', LOG_LEVEL: 'DEBUG',
		},
		['serve'],
	);
});
after(async () => {
	await system?.stop();
	await Promise.all([twilio, ultravox, openai].map((mock) => mock?.close()));
});

const filesOf = (folder) =>
	readdirSync(folder, { recursive: true })
		.map((name) => join(folder, name))
		.filter((path) => statSync(path).isFile());
const ok = (response) => assert.ok(response.status >= 200 && response.status < 300, `${response.status} ${response.body}`);

/** A whole conversation with `number`, in both sides' words; answers the call's record once all of it is stored. */
async function talk(number, meanwhile = (id) => {}) {
	const { status, body: record } = await system.post('/calls/initiate', { phone_number: number, metadata: { order: METADATA }, first_message: `Hello, ${WORDS}?` });
	assert.equal(status, 201, JSON.stringify(record));
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(record.call_id)));
	await system.call(record.call_id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	const session = ultravox.of(record.call_id);
	ok(await twilio.status(call, 'ringing'));
	await twilio.connect(call);
	ok(await twilio.status(call, 'in-progress'));
	ok(await ultravox.joined(session));
	const data = await ultravox.dial(session);
	data.send({ type: 'transcript', role: 'user', medium: 'voice', text: `I said ${WORDS}.`, final: true, ordinal: 1 });
	data.send({ type: 'outcome', outcome: { goal_reached: true, slots: { dish: WORDS } } });
	await until('a turn is stored', async () => (await system.get(`/calls/${record.call_id}/transcript`)).body.transcript.length === 1);
	session.messages = [{ role: 'MESSAGE_ROLE_USER', text: `I said ${WORDS}.`, medium: 'MESSAGE_MEDIUM_VOICE' }];
	ok(await twilio.recording(call));
	session.ended = new Date();
	session.endReason = 'hangup';
	meanwhile(record.call_id);
	ok(await twilio.status(call, 'completed', { CallDuration: '5', Duration: '1' }));
	ok(await ultravox.ended(session, 'hangup'));
	data.close();
	await system.call(record.call_id, 'over', isTerminal);
	await until('it is analysed', async () => (await system.get(`/calls/${record.call_id}/summary`)).body.status === 'completed');
	return system.call(record.call_id, 'recorded', (c) => c.recording_path);
}

const erasure = (id) => system.get(`/erasures/${id}`).then((answer) => answer.body);

test('nothing that is written holds a number, a word or a secret', async () => {
	await talk(PERSON);
	// What goes wrong is written too.
	await system.post('/calls/initiate', { phone_number: PERSON, agent: 'nobody' });
	await system.get(`/calls/?number=${encodeURIComponent(PERSON)}`);
	await twilio.post(`${system.api}/webhooks/twilio/voice?From=${encodeURIComponent(PERSON)}`, new URLSearchParams({ From: PERSON, Body: WORDS }), 'forged');
	const metrics = await (await fetch(`${system.url('serve')}/metrics`)).text();
	await system.servers.serve.stop();
	const texts = { log: system.servers.serve.stderr, output: system.servers.serve.stdout, metrics };
	if (system.postgres) texts.database = execFileSync('pg_dump', ['--inserts', system.settings.DATABASE_URL], { encoding: 'latin1', maxBuffer: 1 << 28 });
	for (const path of filesOf(system.settings.HOME)) if (!/(secrets\.env|master\.key)$/.test(path)) texts[path] = readFileSync(path, 'latin1');
	assert.ok(texts.log.includes('call_initiated'), 'there is a log');
	assert.ok(Object.values(texts).some((text) => text.includes('transcript.final')), 'there is a database');
	assert.ok(readdirSync(join(system.settings.DATA_DIR, 'recordings')).length, 'there are recordings');
	const secrets = [twilio.token, ultravox.key, openai.key, 'WAVEfmt', twilio.wav().subarray(44, 144).toString('latin1')];
	for (const [name, text] of Object.entries(texts))
		for (const word of [PERSON, PERSON.slice(1), ...WORDS.split(' '), METADATA, ...secrets])
			if (text.includes(word)) assert.fail(`${name} holds ${word}: ...${text.slice(Math.max(0, text.indexOf(word) - 200), text.indexOf(word) + 60)}`);
	system.launch('serve');
	await system.ready('serve');
});

test('a person is forgotten, and a record proves it', async () => {
	const other = await talk('+15557654300');
	const { body: before } = await system.get(`/calls/?number=${encodeURIComponent(PERSON)}`);
	assert.ok(before.calls.length >= 1);
	const [{ call_id }] = before.calls;
	const { recording_path } = (await system.get(`/calls/${call_id}`)).body;
	const { status, body } = await system.post('/erasures', { phone_number: PERSON, reason: 'asked by letter' });
	assert.equal(status, 202, JSON.stringify(body));
	assert.equal(body.phone_number, PERSON);
	const done = await until('it is done', async () => {
		const now = await erasure(body.erasure_id);
		return now.state === 'done' && now;
	});
	assert.equal(done.phone_number, null);
	assert.equal(done.removed.calls, before.calls.length);
	assert.ok(done.removed.turns >= 1 && done.removed.recordings >= 1);
	assert.match(done.proof, /^[0-9a-f]{64}$/);
	assert.equal(done.proof_valid, true);

	assert.equal((await system.get(`/calls/?number=${encodeURIComponent(PERSON)}`)).body.calls.length, 0);
	const left = (await system.get(`/calls/${call_id}`)).body;
	assert.deepEqual([left.phone_number, left.metadata, left.outcome, left.first_message, left.transcript], ['erased', null, null, null, []]);
	assert.equal(left.summary.summary, null);
	assert.equal(left.duration_seconds, before.calls[0].duration_seconds, 'figures stay');
	assert.deepEqual((await system.get(`/calls/${call_id}/events`)).body.events, []);
	assert.ok(!existsSync(recording_path), 'the recording is gone');
	assert.equal((await system.get(`/calls/${other.call_id}`)).body.phone_number, '+15557654300', 'nobody else is touched');
	const { body: list } = await system.get('/erasures');
	assert.deepEqual(list.erasures.map((e) => e.erasure_id), [body.erasure_id]);
});

test('a recording that another pod has goes as soon as that pod is there', { skip: process.env.TEST_STORE !== 'postgresql' && 'there are no other pods' }, async () => {
	const { recording_path: path } = await talk('+15557654399');
	renameSync(path, `${path}.elsewhere`);
	const { body } = await system.post('/erasures', { phone_number: '+15557654399' });
	const done = await until('it is done', async () => {
		const now = await erasure(body.erasure_id);
		return now.state === 'done' && now;
	});
	assert.equal(done.removed.recordings, 1);
	await system.servers.serve.stop();
	renameSync(`${path}.elsewhere`, path);
	system.launch('serve');
	await system.ready('serve');
	await until('the file is gone', () => !existsSync(path));
});

test('an erasure says what is wrong with it', async () => {
	for (const [body, field] of [[{}, 'phone_number'], [{ phone_number: '12' }, 'phone_number'], [{ phone_number: PERSON, whose: 'x' }, 'whose']]) {
		const answer = await system.post('/erasures', body);
		assert.deepEqual([answer.status, answer.body.error.field], [400, field]);
	}
	assert.equal((await system.get('/erasures/01a3185c-57d0-7001-a974-850a656cb136')).status, 404);
});

/** A call that somebody has written down, made `days` ago. */
const old = (id, days) => ({
	call_id: id, status: 'COMPLETED', direction: 'OUTBOUND', phone_number: '+15550009999', created_at: new Date(Date.now() - days * 86400e3).toISOString(),
	started_at: new Date(Date.now() - days * 86400e3 + 1000).toISOString(), ended_at: new Date(Date.now() - days * 86400e3 + 9000).toISOString(), duration_seconds: 8,
	transcript: [{ timestamp: new Date(Date.now() - days * 86400e3 + 2000).toISOString(), speaker: 'user', text: 'Long ago.' }],
	summary: { summary: 'It was long ago.', key_points: ['ago'], sentiment: 'neutral', action_items: [] },
});

async function imports(settings, file, content) {
	if (content) writeFileSync(file, content);
	const imported = new Process(settings, ['import', file]);
	assert.equal((await imported.end(30)).code, 0, imported.stderr);
}

async function keep({ api }, days) {
	const put = await fetch(`${api}/retention`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(days) });
	assert.equal(put.status, 200, await put.text());
}

const idOf = (n) => `01a30000-0000-7000-8000-${String(n).padStart(12, '0')}`;

test('what is kept for so long only is removed', async () => {
	const ids = [10, 40, 100].map((days) => [idOf(days), days]);
	await imports(system.settings, join(system.settings.HOME, 'records.json'), JSON.stringify(ids.map(([id, days]) => old(id, days))));
	await keep(system, { words_days: 30, recordings_days: 0, calls_days: 90 });
	await until('the oldest is gone', async () => (await system.get(`/calls/${ids[2][0]}`)).status === 404);
	const [young, middle] = [(await system.get(`/calls/${ids[0][0]}`)).body, (await system.get(`/calls/${ids[1][0]}`)).body];
	assert.equal(young.transcript.length, 1);
	assert.equal(young.summary.summary, 'It was long ago.');
	assert.deepEqual([middle.transcript, middle.summary.summary, middle.summary.sentiment], [[], null, 'neutral']);
	assert.deepEqual((await system.get('/retention')).body, { words_days: 30, recordings_days: 0, calls_days: 90, leads_days: 0 });
	const wrong = await fetch(`${system.api}/retention`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: '{"words_days": -1, "recordings_days": 0, "calls_days": 0}' });
	assert.deepEqual([wrong.status, (await wrong.json()).error.field], [400, 'words_days']);
});

test('a call that was made too long before it took place is not forgotten', async () => {
	await keep(system, { words_days: 30, recordings_days: 30, calls_days: 0 });
	await until('retention has gone by', () => system.sql("SELECT count(*) FROM job WHERE kind = 'retention' AND state IN ('ready', 'running')").trim() === '0');
	system.sql(`UPDATE retention SET words_until = ${BigInt(Date.now()) * 1000n}, recordings_until = ${BigInt(Date.now()) * 1000n}`);
	const call = await talk('+15557654444', (id) => system.sql(`UPDATE call SET created_at = created_at - ${31n * 86400n * 1000000n} WHERE id = '${id}'`));
	assert.ok(call.recording_path && existsSync(call.recording_path));
	// Its own turn comes an hour after its end.
	system.sql(`UPDATE job SET run_at = 0 WHERE kind = 'retention' AND call_id = '${call.call_id}' AND state = 'ready'`);
	await until('words and recording are gone', async () => (await system.get(`/calls/${call.call_id}`)).body.transcript.length === 0 && !existsSync(call.recording_path));
});

test('what comes too old from a file is removed too', async (t) => {
	const MASTER_KEY = '5a'.repeat(32);
	const from = await System.start({ MASTER_KEY }, ['serve']);
	t.after(() => from.stop());
	const archive = (name) => join(from.settings.HOME, name);
	const exported = async (name) => {
		const { code } = await new Process(from.settings, ['export', archive(name)]).end(30);
		assert.equal(code, 0);
		return archive(name);
	};
	await imports(from.settings, archive('records.json'), JSON.stringify([old(idOf(35), 35)]));
	const first = await exported('first');
	await imports(from.settings, archive('records.json'), JSON.stringify([old(idOf(36), 36)]));
	const second = await exported('second');

	const to = await System.start({ MASTER_KEY }, []);
	t.after(() => to.stop());
	await imports(to.settings, first);
	to.launch('serve');
	await to.ready('serve');
	const words = async (days) => (await to.get(`/calls/${idOf(days)}`)).body.transcript?.length;
	await keep(to, { words_days: 30, recordings_days: 30, calls_days: 0 });
	await until('the first is seen to', async () => (await words(35)) === 0);
	// Older than what was seen to already, and what was removed comes again.
	await imports(to.settings, second);
	await until('so is what came later', async () => (await words(36)) === 0 && (await words(35)) === 0);
	await imports(to.settings, archive('records.json'), JSON.stringify([old(idOf(37), 37), old(idOf(3), 3)]));
	await until('so are records', async () => (await words(37)) === 0);
	assert.equal(await words(3), 1);
});
