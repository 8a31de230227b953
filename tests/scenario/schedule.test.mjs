// Protects: calls for later and calls that are made again. A scheduled call is dialled at its time and not before, also
// when the server was killed meanwhile, and can be cancelled; a call that is busy or not answered is made again as its
// policy says, and never more often.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { System, isTerminal, until } from './system.mjs';

let system, twilio, ultravox, openai;

before(async () => {
	[twilio, ultravox, openai] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen()]);
	system = await System.start(
		{
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url, TWILIO_PHONE_NUMBER: '+15550100000',
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
			DEFAULT_AGENT: 'assistant',
		},
		['serve'],
	);
});
after(async () => {
	if (process.env.SHOW_LOGS && system) console.error(system.servers.serve.stderr);
	const results = await system?.stop();
	await Promise.all([twilio, ultravox, openai].map((mock) => mock?.close()));
	for (const { code } of results ?? []) assert.equal(code, 0, 'serve ends cleanly');
});

let next = 0;
const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();

async function initiate(more = {}, headers) {
	const { status, body } = await system.post('/calls/initiate', { phone_number: `+1555040${String(next++).padStart(4, '0')}`, ...more }, headers);
	assert.equal(status, 201, JSON.stringify(body));
	return body;
}

const asked = (id) => twilio.calls.find((call) => call.params?.get('Url').includes(id));

async function dialled(id, seconds = 20) {
	const call = await until('the carrier was asked', () => asked(id), seconds);
	await system.call(id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	return call;
}

const attempts = async (id) => (await system.get(`/calls?retry_of=${id}`)).body.calls.toReversed();

test('a scheduled call is made at its time', async () => {
	const at = inSeconds(3);
	const { call_id: id, ...record } = await initiate({ scheduled_at: at });
	assert.equal(Date.parse(record.scheduled_at), Date.parse(at));
	assert.deepEqual([record.status, record.attempt, record.retry_of], ['PENDING', 1, null]);
	const waiting = async () => (await system.get('/calls?scheduled=true')).body.calls.map((call) => call.call_id);
	assert.deepEqual(await waiting(), [id]);
	assert.ok((await system.get('/calls')).body.calls.some((call) => call.call_id === id));
	assert.ok(!(await system.get('/calls/active/list')).body.calls.some((call) => call.call_id === id));
	await dialled(id);
	assert.ok(Date.now() >= Date.parse(at), 'not before');
	assert.deepEqual(await waiting(), []);
	assert.ok((await system.get('/calls/active/list')).body.calls.some((call) => call.call_id === id));
});

test('kill -9 while it waits: it is made all the same', async () => {
	const { call_id: id } = await initiate({ scheduled_at: inSeconds(2) });
	system.servers.serve.kill('SIGKILL');
	await system.servers.serve.exited;
	assert.ok(!asked(id));
	system.launch('serve');
	await system.ready('serve');
	await dialled(id);
});

test('a scheduled call that was cancelled is never made', async () => {
	const { call_id: id } = await initiate({ scheduled_at: inSeconds(2) });
	const { call_id: later } = await initiate({ scheduled_at: inSeconds(2.5) });
	const { status, body } = await system.post(`/calls/${id}/end`);
	assert.equal(status, 200);
	assert.deepEqual([body.status, body.end_reason], ['FAILED', 'canceled']);
	await dialled(later);
	assert.ok(!asked(id));
});

test('the same key gives the same scheduled call', async () => {
	const body = { phone_number: '+15550409999', scheduled_at: inSeconds(3600) };
	const first = await initiate(body, { 'Idempotency-Key': 'once' });
	const again = await initiate(body, { 'Idempotency-Key': 'once' });
	assert.equal(again.call_id, first.call_id);
});

test('a call that nobody took is made again, as often as its policy says', async () => {
	const metadata = { order: '17' };
	const first = await initiate({ metadata, system_prompt: 'Be kind.', retry: { max_attempts: 3, delay_seconds: [1, 2] } });
	await twilio.status(await dialled(first.call_id), 'busy');
	const [second] = await until('there is a second call', async () => {
		const list = await attempts(first.call_id);
		return list.length === 1 && list;
	});
	assert.deepEqual([second.attempt, second.retry_of, second.metadata, second.system_prompt, second.phone_number], [2, first.call_id, metadata, 'Be kind.', first.phone_number]);
	const ended = await system.call(first.call_id, 'busy', isTerminal);
	assert.equal(Date.parse(second.scheduled_at) - Date.parse(ended.ended_at), 1000);
	await twilio.status(await dialled(second.call_id), 'no-answer');
	const [, third] = await until('there is a third call', async () => {
		const list = await attempts(first.call_id);
		return list.length === 2 && list;
	});
	assert.deepEqual([third.attempt, third.retry_of], [3, first.call_id]);
	await twilio.status(await dialled(third.call_id), 'busy');
	await system.call(third.call_id, 'busy', isTerminal);
	// Another call that is made again is a sign that a fourth one would be there by now.
	const other = await initiate({ retry: { max_attempts: 2, delay_seconds: 1 } });
	await twilio.status(await dialled(other.call_id), 'busy');
	await until('there is another', async () => (await attempts(other.call_id)).length === 1);
	assert.equal((await attempts(first.call_id)).length, 2);
});

test('an answered call, one that somebody ended, and one without a policy are not made again', async () => {
	const retry = { max_attempts: 5, delay_seconds: 1, on: ['busy'] };
	const [answered, unanswered, ended, plain] = [await initiate({ retry }), await initiate({ retry }), await initiate({ retry }), await initiate()];
	const call = await dialled(answered.call_id);
	await twilio.status(call, 'in-progress');
	await twilio.status(call, 'completed', { CallDuration: '3', Duration: '1' });
	await twilio.status(await dialled(unanswered.call_id), 'no-answer');
	const line = await dialled(ended.call_id);
	await system.post(`/calls/${ended.call_id}/end`);
	await twilio.status(line, 'busy');
	await twilio.status(await dialled(plain.call_id), 'busy');
	for (const one of [answered, unanswered, ended, plain]) await system.call(one.call_id, 'over', isTerminal);
	const { body } = await system.get('/calls?scheduled=true');
	assert.ok(body.calls.every((c) => ![answered, unanswered, ended, plain].some((one) => one.call_id === c.retry_of)), 'none is scheduled');
});

test('a retry can be cancelled before it is due', async () => {
	const first = await initiate({ retry: { max_attempts: 2, delay_seconds: 600 } });
	await twilio.status(await dialled(first.call_id), 'busy');
	const [second] = await until('there is a second call', async () => {
		const list = await attempts(first.call_id);
		return list.length && list;
	});
	const { body } = await system.post(`/calls/${second.call_id}/end`);
	assert.equal(body.end_reason, 'canceled');
	assert.equal((await attempts(first.call_id)).length, 1);
});

test('a retry that a cap forbids is put off, not given up', async () => {
	const limits = async (body) => {
		const { status } = await fetch(`${system.api}/limits`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
		assert.equal(status, 200);
	};
	await limits({ attempts_per_number_per_day: 1 });
	try {
		const first = await initiate({ retry: { max_attempts: 2, delay_seconds: 1 } });
		await twilio.status(await dialled(first.call_id), 'busy');
		const job = await until('it was refused', async () =>
			(await system.get('/jobs?state=ready&kind=retry')).body.jobs.find(({ call_id, last_error }) => call_id === first.call_id && last_error === 'a cap is reached'));
		assert.equal(job.attempt, 0, 'as if it had not been tried');
		assert.ok(Date.parse(job.run_at) > Date.now() + 600000, job.run_at);
		assert.equal((await system.get('/jobs?kind=retry')).body.jobs.length, 0, 'none is dead');
	} finally {
		await limits({});
	}
});

test('calls that are due when the tenant has as many as it may wait for their turn', async () => {
	const limited = await System.start(
		{
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url, TWILIO_PHONE_NUMBER: '+15550100000',
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
			DEFAULT_AGENT: 'assistant', MAX_CALLS_PER_TENANT: '1',
		},
		['serve'],
	);
	try {
		const ids = [];
		for (let i = 0; i < 2; i++) {
			const { status, body } = await limited.post('/calls/initiate', { phone_number: `+155504100${i}0`, scheduled_at: inSeconds(1) });
			assert.equal(status, 201, JSON.stringify(body));
			ids.push(body.call_id);
		}
		const first = await until('one is made', () => ids.map(asked).find(Boolean));
		const waits = ids.find((id) => !asked(id));
		await until('the other one has been tried', async () => (await limited.get('/jobs?state=ready&kind=dial')).body.jobs.some((job) => job.call_id === waits && /as many calls/.test(job.last_error)));
		assert.equal((await limited.get(`/calls/${waits}`)).body.status, 'PENDING');
		await limited.call(ids.find((id) => id !== waits), 'dialled', (c) => c.twilio_call_sid === first.sid);
		await twilio.status(first, 'busy');
		await until('the other one is made', () => asked(waits), 30);
	} finally {
		await limited.stop();
	}
});

test('what cannot be is refused', async () => {
	for (const [field, value] of [
		['scheduled_at', inSeconds(-1)], ['scheduled_at', inSeconds(31 * 86400)], ['scheduled_at', '2999-01-01T00:00:00'], ['scheduled_at', 'tomorrow'], ['scheduled_at', 5],
		['retry', 3], ['retry', {}], ['retry', { max_attempts: 2 }], ['retry', { max_attempts: 11, delay_seconds: 1 }], ['retry', { max_attempts: 2, delay_seconds: 1, on: ['failed'] }],
		['retry', { max_attempts: 2, delay_seconds: 1, jitter: true }],
	]) {
		const { status, body } = await system.post('/calls/initiate', { phone_number: '+15550400000', [field]: value });
		assert.equal(status, 400, JSON.stringify(value));
		assert.equal(body.error.field, field, JSON.stringify(body));
	}
	assert.equal((await system.get('/calls?scheduled=maybe')).body.error.field, 'scheduled');
});
