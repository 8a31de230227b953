// Protects: what people said lies sealed on the disk, and the keys can be changed under a server: `voiceai keys` against the
// store of one that has taken calls.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Process, System, until } from './system.mjs';

const NUMBER = '+15550424242';
const WORDS = 'Seventeen purple tulips';
let system, receiver;

/** Everything under `folder`, as one string. */
const allFiles = (folder) =>
	readdirSync(folder, { recursive: true })
		.map((name) => join(folder, name))
		.filter((path) => statSync(path).isFile())
		.map((path) => readFileSync(path, 'latin1'))
		.join('\n');

async function keys(settings, ...args) {
	const process = new Process(settings, ['keys', ...args]);
	const { code } = await process.end(30);
	return { code, out: process.stdout, error: process.stderr };
}

const record = {
	call_id: '01a3185c-57d0-7001-a974-850a656cb136', status: 'COMPLETED', direction: 'OUTBOUND', phone_number: NUMBER,
	created_at: '2026-02-01T10:00:00Z', started_at: '2026-02-01T10:00:05Z', ended_at: '2026-02-01T10:01:00Z', duration_seconds: 55,
	transcript: [{ timestamp: '2026-02-01T10:00:06Z', speaker: 'user', text: WORDS, confidence: 0.9 }],
	summary: { summary: `${WORDS} were ordered.`, key_points: [WORDS], sentiment: 'positive', action_items: [] },
};

async function importRecord(settings) {
	writeFileSync(settings.CALL_RECORDS_FILE_PATH, JSON.stringify([record]));
	const process = new Process(settings, ['import']);
	assert.equal((await process.end(30)).code, 0, process.stderr);
	writeFileSync(settings.CALL_RECORDS_FILE_PATH, '');
}

before(async () => {
	receiver = createServer((request, response) => response.writeHead(200).end(WORDS));
	await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
	system = await System.start({ URL_ALLOW_PRIVATE: '127.0.0.1' }, ['serve']);
	system.settings.CALL_RECORDS_FILE_PATH = join(system.settings.HOME, 'records.json');
	await importRecord(system.settings);
});
after(async () => {
	await system?.stop();
	await new Promise((done) => receiver.close(done));
});

const shown = async () => (await system.get(`/calls/${record.call_id}`)).body;

test('the disk shows neither numbers nor words', async () => {
	assert.equal((await shown()).phone_number, NUMBER);
	assert.equal((await shown()).summary.key_points[0], WORDS);
	const files = allFiles(system.settings.DATA_DIR);
	assert.ok(files.includes(record.call_id), 'the database was read');
	assert.ok(!files.includes(NUMBER) && !files.includes(NUMBER.slice(1)), 'no number');
	assert.ok(!files.includes('purple'), 'no word');
});

test('calls are found by number and by what was said', async () => {
	for (const query of [`number=${encodeURIComponent(NUMBER)}`, 'text=PURPLE%20tulips', 'text=were%20ordered'])
		assert.deepEqual((await system.get(`/calls/?${query}`)).body.calls.map((c) => c.call_id), [record.call_id], query);
	for (const query of ['number=%2B15550424243', 'text=roses'])
		assert.equal((await system.get(`/calls/?${query}`)).body.calls.length, 0, query);
});

const sql = (text) =>
	JSON.parse(execFileSync('sqlite3', ['-json', '-cmd', '.timeout 5000', join(system.settings.DATA_DIR, 'voiceai.db'), text], { encoding: 'utf8' }) || '[]');
/** The id of the data key that a stored value names. */
const keyOf = (value) => Buffer.from(value.slice(3), 'base64').subarray(0, 8).toString('hex');
const storedValues = () =>
	sql(`SELECT phone_number AS value FROM call UNION ALL SELECT text FROM transcript_turn
		UNION ALL SELECT summary FROM call_summary UNION ALL SELECT key_points FROM call_summary
		UNION ALL SELECT data FROM webhook_delivery UNION ALL SELECT response FROM webhook_attempt`).map((row) => row.value);

/** A webhook that was delivered; answers what the receiver answered, as the API shows it. */
async function delivered() {
	const { body: hook } = await system.post('/webhooks', { url: `http://127.0.0.1:${receiver.address().port}/hook`, events: ['*'] });
	const { body: event } = await system.post(`/webhooks/${hook.id}/test`);
	const response = async () => (await system.get(`/webhooks/${hook.id}/deliveries/${event.event_id}`)).body.attempt_log?.[0]?.response;
	await until('it is delivered', async () => (await response()) === WORDS);
	return response;
}

test('a new data key takes over what is stored already', async () => {
	const response = await delivered();
	const { code, out, error } = await keys(system.settings, 'rotate');
	assert.equal(code, 0, error);
	assert.match(out, /new data key/);
	assert.equal((await shown()).phone_number, NUMBER);
	const newest = sql("SELECT id FROM data_key WHERE purpose = 'seal' ORDER BY created_at DESC LIMIT 1")[0].id;
	await until('everything is under the new key', () => storedValues().every((value) => keyOf(value) === newest));
	const call = await shown();
	assert.deepEqual([call.phone_number, call.transcript[0].text, call.summary.key_points], [NUMBER, WORDS, [WORDS]]);
	assert.equal(await response(), WORDS);
});

test('what was stored before there were keys is sealed at the next start', async () => {
	await system.servers.serve.stop();
	sql(`UPDATE call SET phone_number = '${NUMBER}', phone_hash = NULL; UPDATE transcript_turn SET text = '${WORDS}';
		UPDATE call_summary SET summary = 'plain ${WORDS}'; DELETE FROM job WHERE kind = 'reseal'`);
	system.launch('serve');
	await system.ready('serve');
	await until('everything is sealed', () => storedValues().every((value) => value.startsWith('s1.')));
	assert.deepEqual((await system.get(`/calls/?number=${encodeURIComponent(NUMBER)}`)).body.calls.map((c) => c.call_id), [record.call_id]);
	assert.equal((await shown()).summary.summary, `plain ${WORDS}`);
});

test('a server with another AUTH_SECRET does not start, until the change was meant', async () => {
	await system.servers.serve.stop();
	const [first, second] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
	const settings = (AUTH_SECRET) => ({ ...system.settings, AUTH: 'on', AUTH_SECRET });
	const started = async (secret) => {
		const serve = new Process(settings(secret), ['serve']);
		await until('it is ready or refuses', async () => !serve.running || (await fetch(`${system.url('serve')}/ready`)).status === 200);
		const was = serve.running;
		return { was, code: (await serve.stop()).code, error: serve.stderr };
	};
	assert.equal((await started(first)).was, true);
	const refused = await started(second);
	assert.deepEqual([refused.was, refused.code], [false, 1]);
	assert.match(refused.error, /^voiceai serve: AUTH_SECRET: the other servers on this database have another one/m);
	assert.ok(!refused.error.includes(second));
	assert.equal((await keys(settings(second), 'auth-secret')).code, 0);
	assert.equal((await started(second)).was, true);
	assert.equal((await started(first)).was, false);
	system.launch('serve'); // where nobody signs in nothing hangs on it
	await system.ready('serve');
});

test('a server under another master key does not start, and one under the new one does after rewrap', async () => {
	await system.servers.serve.stop();
	const fresh = randomBytes(32).toString('hex');
	const old = readFileSync(join(system.settings.DATA_DIR, 'master.key'), 'utf8').trim();
	const refused = new Process({ ...system.settings, MASTER_KEY: fresh }, ['serve']);
	assert.notEqual((await refused.end(20)).code, 0);
	assert.match(refused.stderr, /MASTER_KEY: the store is sealed under master key [0-9a-f]{16}/);
	assert.ok(!refused.stderr.includes(fresh) && !refused.stderr.includes(old), 'no key is printed');

	const both = { ...system.settings, MASTER_KEY: fresh, MASTER_KEY_ALSO: old };
	const wrapped = await keys(both, 'rewrap');
	assert.equal(wrapped.code, 0, wrapped.error);
	assert.match(wrapped.out, /[1-9] data keys/);
	system.settings = { ...system.settings, MASTER_KEY: fresh };
	system.launch('serve');
	await system.ready('serve');
	assert.equal((await shown()).phone_number, NUMBER);
});

test('bad master keys are refused with the reason', async () => {
	for (const [more, reason] of [
		[{ MASTER_KEY: 'short' }, /MASTER_KEY: must be 32 bytes/],
		[{ MASTER_KEY: '', MASTER_KEY_FILE: '/nonexistent' }, /MASTER_KEY_FILE: .*No such file/],
		[{ MASTER_KEY: '', MASTER_KEY_COMMAND: 'exit 3' }, /MASTER_KEY_COMMAND: the command failed/],
		[{ MASTER_KEY: 'x', MASTER_KEY_FILE: 'y' }, /only one of/],
	]) {
		const { code, error } = await keys({ ...system.settings, ...more }, 'rewrap');
		assert.equal(code, 1);
		assert.match(error, reason);
	}
});
