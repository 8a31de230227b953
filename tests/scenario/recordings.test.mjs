// Protects: where recordings are put and how they come out again: a folder and a real S3 server hold sealed bytes, which
// come out plain; browsers can seek, links work without sign-in until they expire, a store that is away or refuses is tried
// again, and what is purged is gone from the store. Against stand-ins for the vendors.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Twilio, Ultravox } from '../mock/vendors.mjs';
import { S3 } from '../servers/s3.mjs';
import { Process, System, freeTcpPort, isTerminal, until } from './system.mjs';

let twilio, ultravox, s3;

before(async () => {
	[twilio, ultravox, s3] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), S3.start()]);
});
after(() => Promise.all([twilio, ultravox].map((mock) => mock?.close()).concat(s3?.stop())));

const start = (more) =>
	System.start(
		{
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url,
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, DEFAULT_AGENT: 'assistant',
			...more,
		},
		['serve'],
	);
const ok = (response) => assert.ok(response.status >= 200 && response.status < 300, `${response.status} ${response.body}`);
let next = 0;

/** A call that is over, of which the carrier has a recording. Answers its id. */
async function recorded(system, number = `+1555040${String(next++).padStart(4, '0')}`) {
	const { status, body } = await system.post('/calls/initiate', { phone_number: number });
	assert.equal(status, 201, JSON.stringify(body));
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params.get('Url').includes(body.call_id)));
	await system.call(body.call_id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	ok(await twilio.status(call, 'in-progress'));
	ok(await twilio.recording(call));
	ok(await twilio.status(call, 'completed', { CallDuration: '5', Duration: '1' }));
	await system.call(body.call_id, 'over', isTerminal);
	return body.call_id;
}
const available = (system, id, seconds) => system.call(id, 'recorded', (c) => c.recording?.status === 'available', seconds);

async function fetched(system, id, range, path = `${system.api}/calls/${id}/recording`) {
	const response = await fetch(path, { headers: range ? { Range: range } : {} });
	return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

/** Everything a browser asks of a recording. */
async function plays(system, id) {
	const whole = twilio.wav();
	const all = await fetched(system, id);
	assert.equal(all.status, 200);
	assert.equal(all.headers.get('content-type'), 'audio/wav');
	assert.equal(all.headers.get('accept-ranges'), 'bytes');
	assert.equal(all.headers.get('content-disposition'), `inline; filename="${id}.wav"`);
	assert.ok(all.body.equals(whole), 'every byte');
	for (const [range, from, to] of [['bytes=0-43', 0, 43], ['bytes=44-', 44, whole.length - 1], ['bytes=-100', whole.length - 100, whole.length - 1], [`bytes=${whole.length - 1}-${whole.length + 9}`, whole.length - 1, whole.length - 1]]) {
		const part = await fetched(system, id, range);
		assert.equal(part.status, 206, range);
		assert.equal(part.headers.get('content-range'), `bytes ${from}-${to}/${whole.length}`);
		assert.ok(part.body.equals(whole.subarray(from, to + 1)), range);
	}
	const beyond = await fetched(system, id, `bytes=${whole.length}-`);
	assert.equal(beyond.status, 416);
	assert.equal(beyond.headers.get('content-range'), `bytes */${whole.length}`);
	const head = await fetch(`${system.api}/calls/${id}/recording`, { method: 'HEAD' });
	assert.equal(head.headers.get('content-length'), String(whole.length));
}

/** No file under `folder` shows what is heard, nor that there is a WAV file. */
function showsNothing(folder) {
	const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
	const sound = twilio.wav().subarray(44, 144);
	assert.ok(files.length, 'there are files');
	for (const path of files) {
		const data = readFileSync(path);
		assert.ok(!data.includes(sound) && !data.includes('WAVEfmt'), path);
	}
}

test('in a folder', async (t) => {
	const system = await start();
	t.after(() => system.stop());
	const id = await recorded(system);
	const call = await available(system, id);
	await plays(system, id);
	const folder = join(system.settings.DATA_DIR, 'recordings');
	assert.equal(call.recording_path, join(folder, `${id}.wav.sealed`));
	assert.equal(call.recording.size_bytes, twilio.wav().length);
	assert.deepEqual(readdirSync(folder), [`${id}.wav.sealed`]);
	assert.deepEqual([statSync(folder).mode & 0o777, statSync(call.recording_path).mode & 0o777], [0o700, 0o600]);
	showsNothing(folder);

	assert.equal((await fetched(system, id, null, `${system.api}/calls/${id}/recording?download=1`)).headers.get('content-disposition'), `attachment; filename="${id}.wav"`);
	assert.equal((await fetched(system, '01a3185c-57d0-7001-a94a-9a1dc0882755')).status, 404);
	const { body: silent } = await system.post('/calls/initiate', { phone_number: '+15550409999' });
	const none = await fetched(system, silent.call_id);
	assert.equal(none.status, 404);
	assert.equal(JSON.parse(none.body).error.code, 'recording_not_available');
	unlinkSync(call.recording_path);
	const gone = await fetched(system, id);
	assert.equal(gone.status, 410);
	assert.equal(JSON.parse(gone.body).error.code, 'recording_gone');
});

test('a pod without the file says that another one may have it', async (t) => {
	const system = await start({ REDIS_URL: `redis://127.0.0.1:${await freeTcpPort()}` }); // nobody is there: it serves alone
	t.after(() => system.stop());
	const id = await recorded(system);
	const call = await available(system, id);
	await plays(system, id);
	unlinkSync(call.recording_path);
	const missing = await fetched(system, id);
	assert.equal(missing.status, 503);
	assert.equal(JSON.parse(missing.body).error.code, 'recording_elsewhere');
});

test('in S3, in one piece and in parts; the local file goes', async (t) => {
	const system = await start(s3.settings);
	t.after(() => system.stop());
	const small = await recorded(system);
	const call = await available(system, small);
	assert.equal(call.recording_path, `s3://${s3.bucket}/recordings/default/${small}.wav.sealed`);
	assert.equal(call.recording.size_bytes, twilio.wav().length);
	assert.deepEqual(readdirSync(join(system.settings.DATA_DIR, 'recordings')), []);
	showsNothing(s3.folder);
	await plays(system, small);

	s3.requests.length = 0;
	twilio.soundBytes = 11 * 1024 * 1024 + 12;
	t.after(() => (twilio.soundBytes = 3200));
	const large = await recorded(system);
	await available(system, large);
	assert.equal(s3.requests.filter((r) => r.startsWith('PUT') && r.includes('partNumber=')).length, 3);
	await plays(system, large);
	showsNothing(s3.folder);
	s3.requests.length = 0;
	const [from, to] = [5_000_000, 5_000_099];
	const part = await fetched(system, large, `bytes=${from}-${to}`);
	assert.ok(part.body.equals(twilio.wav().subarray(from, to + 1)));
	assert.equal(s3.requests.filter((r) => r.startsWith('GET')).length, 2, 'the header and one piece');
	twilio.soundBytes = 3200;
	await plays(system, small);
});

test('a new data key: recordings under the old one still play', async (t) => {
	const system = await start();
	t.after(() => system.stop());
	const old = await available(system, await recorded(system));
	const rotate = new Process(system.settings, ['keys', 'rotate']);
	assert.equal((await rotate.end(20)).code, 0, rotate.stderr);
	await system.servers.serve.stop();
	system.launch('serve');
	await system.ready('serve');
	const young = await available(system, await recorded(system));
	const keyOf = (call) => readFileSync(call.recording_path).subarray(16, 24).toString('hex');
	assert.notEqual(keyOf(old), keyOf(young));
	await plays(system, old.call_id);
	await plays(system, young.call_id);
});

test('erasure and retention remove recordings from S3 too', async (t) => {
	const system = await start(s3.settings);
	t.after(() => system.stop());
	const [person, old, young] = [await recorded(system, '+15550477777'), await recorded(system), await recorded(system)];
	for (const id of [person, old, young]) await available(system, id);
	const has = (id) => s3.files().some((name) => name.includes(id));
	assert.ok(has(person) && has(old) && has(young));

	const { body } = await system.post('/erasures', { phone_number: '+15550477777', reason: 'asked' });
	await until('the person is erased', async () => (await system.get(`/erasures/${body.erasure_id}`)).body.state === 'done');
	await until('their recording is gone', () => !has(person));
	assert.ok(has(old), 'nobody else is touched');

	system.sql(`UPDATE call SET created_at = created_at - ${40n * 86400n * 1000000n} WHERE id = '${old}'`);
	const put = await fetch(`${system.api}/retention`, {
		method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ words_days: 0, recordings_days: 30, calls_days: 0 }),
	});
	assert.equal(put.status, 200, await put.text());
	await until('the old recording is gone', () => !has(old));
	assert.equal((await fetched(system, old)).status, 404);
	assert.ok(has(young));
	await plays(system, young);
});

test("Twilio's own recording is deleted when that is wanted", async (t) => {
	const deletes = () => twilio.requests.filter((r) => r.method === 'DELETE').map((r) => r.url);
	assert.deepEqual(deletes(), [], 'nothing was, so far');
	const system = await start({ CARRIER_RECORDINGS: 'delete' });
	t.after(() => system.stop());
	const id = await recorded(system);
	await available(system, id);
	const [url] = await until('it was asked to', () => deletes().length && deletes());
	assert.match(url, new RegExp(`^/2010-04-01/Accounts/${twilio.sid}/Recordings/RE[0-9a-f]{32}\\.json$`));
	await plays(system, id);
});

test('a link needs no sign-in, until it expires', async (t) => {
	const system = await start(s3.settings);
	t.after(() => system.stop());
	const id = await recorded(system);
	await available(system, id);
	const { status, body } = await system.post(`/calls/${id}/recording/link`, { expires_in: 600, download: true });
	assert.equal(status, 201, JSON.stringify(body));
	const left = (Date.parse(body.expires_at) - Date.now()) / 1000;
	assert.ok(left > 590 && left <= 600, body.expires_at);
	const file = await fetched(system, id, null, body.url);
	assert.equal(file.status, 200);
	assert.equal(file.headers.get('content-disposition'), `attachment; filename="${id}.wav"`);
	assert.ok(file.body.equals(twilio.wav()));
	assert.equal((await fetched(system, id, 'bytes=0-3', body.url)).body.toString(), 'RIFF');

	const [base, token] = [body.url.slice(0, body.url.lastIndexOf('/') + 1), body.url.slice(body.url.lastIndexOf('/') + 1)];
	const fields = token.split('.');
	const forged = (index, value) => base + fields.map((field, i) => (i === index ? value : field)).join('.');
	for (const url of [forged(2, String(Number(fields[2]) + 1)), forged(3, 'i'), forged(4, '0'.repeat(64)), `${base}x`, `${base}${token}.x`])
		assert.equal((await fetched(system, id, null, url)).status, 403, url);
	assert.equal((await fetched(system, id, null, forged(1, '01a3185c-57d0-7001-a94a-9a1dc0882755'))).status, 404);
	assert.equal((await system.post(`/calls/${id}/recording/link`, { expires_in: 5 })).status, 400);
	assert.equal((await system.post('/calls/01a3185c-57d0-7001-a94a-9a1dc0882755/recording/link')).status, 404);
	assert.equal((await system.post(`/calls/${id}/recording/link`)).status, 201);
	const { body: log } = await system.get('/audit?limit=10');
	assert.ok(log.entries.some((e) => e.action === 'recording.link' && e.object_id === id));
});

test('a store that is away is waited for', async (t) => {
	const own = await S3.start();
	const system = await start(own.settings);
	t.after(async () => {
		await system.stop();
		await own.stop();
	});
	const first = await recorded(system);
	await available(system, first);
	const port = own.port;
	await own.leave();
	assert.equal((await fetched(system, first)).status, 503);
	const second = await recorded(system);
	await until('it was tried', () => system.servers.serve.stderr.includes('"event":"vendor_request_failed"'), 60);
	assert.notEqual((await system.get(`/calls/${second}`)).body.recording.status, 'failed');
	await own.listen(port);
	await available(system, second, 90);
	await plays(system, second);
	await plays(system, first);
});

test('wrong credentials: nothing is lost, the reason is told', async (t) => {
	const system = await start({ ...s3.settings, S3_SECRET_KEY: 'wrong' });
	t.after(() => system.stop());
	const id = await recorded(system);
	await until('it was refused', () => /"code_name":"SignatureDoesNotMatch"/.test(system.servers.serve.stderr), 60);
	assert.equal((await system.get(`/calls/${id}`)).body.recording.status, 'pending');
	assert.ok(!system.servers.serve.stderr.includes('S3RVER'), 'no key in the log');
});

test('an S3 store without its settings stops the start with the reason', async () => {
	await assert.rejects(start({ RECORDING_STORE: 's3', S3_BUCKET: 'x' }), /RECORDING_STORE: s3 needs S3_BUCKET, S3_ACCESS_KEY, S3_SECRET_KEY/);
});
