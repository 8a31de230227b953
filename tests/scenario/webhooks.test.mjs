// Protects: outgoing webhooks, as a receiver sees them. Every event arrives at least once, signed as documented and
// with one id however often it comes, through kill -9, receivers that are down, slow or gone, rotation and replay.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { checkWebhook } from '../e2e/platform_contract.mjs';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { System, freeTcpPort, isTerminal, root, until } from './system.mjs';

let system, twilio, ultravox, openai, verify;
const receivers = [];

before(async () => {
	[twilio, ultravox, openai] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen()]);
	system = await System.start(
		{
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url, TWILIO_PHONE_NUMBER: '+15550100000',
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
			DEFAULT_AGENT: 'assistant', URL_ALLOW_PRIVATE: '127.0.0.1',
			WEBHOOK_TIMEOUT_SECONDS: '2', WEBHOOK_RETRY_SECONDS: '1', WEBHOOK_PAUSE_FAILURES: '4', WEBHOOK_PAUSE_HOURS: '0',
		},
		['serve'],
	);
	verify = await documentedVerify();
});
after(async () => {
	if (process.env.SHOW_LOGS && system) console.error(system.servers.serve.stderr);
	const results = await system?.stop();
	await Promise.all([...receivers, twilio, ultravox, openai].map((server) => server?.close()));
	for (const { code } of results ?? []) assert.equal(code, 0, 'serve ends cleanly');
});

/** The code that docs/webhooks.md tells people to copy. */
async function documentedVerify() {
	const [, code] = /```js\n([^]*?)```/.exec(readFileSync(join(root, 'docs/webhooks.md'), 'utf8'));
	const file = join(system.settings.HOME, 'verify.mjs');
	writeFileSync(file, code);
	return (await import(pathToFileURL(file))).verify;
}

/** Somebody's server. `answer(res, request)` may be replaced. */
class Receiver {
	requests = [];
	answer = (res) => res.writeHead(200).end('thanks');

	async listen(port = 0) {
		this.server = createServer(async (req, res) => {
			const chunks = [];
			for await (const chunk of req) chunks.push(chunk);
			const body = Buffer.concat(chunks);
			const request = { headers: req.headers, body, event: JSON.parse(body), at: Date.now() };
			this.requests.push(request);
			this.answer(res, request);
			checkWebhook(request.event, req.headers); /* Whoever sent it does not wait for this. */
		});
		await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
		this.port = this.server.address().port;
		receivers.push(this);
		return this;
	}

	get url() {
		return `http://127.0.0.1:${this.port}/hook`;
	}

	of(type, callId) {
		return this.requests.filter(({ event }) => event.type === type && (!callId || event.call_id === callId));
	}

	close() {
		this.server.closeAllConnections();
		return new Promise((done) => this.server.close(done));
	}
}

async function api(method, path, body) {
	const response = await fetch(system.api + path, {
		method,
		headers: { 'Content-Type': 'application/json' },
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	const text = await response.text();
	return { status: response.status, body: text ? JSON.parse(text) : null };
}

/** An endpoint at the receiver; `t` deletes it at the test's end, so that tests do not hear each other. */
async function endpoint(t, receiver, events = ['*'], more = {}) {
	const { status, body } = await api('POST', '/webhooks', { url: receiver.url, events, ...more });
	assert.equal(status, 201, JSON.stringify(body));
	t.after(() => api('DELETE', `/webhooks/${body.id}`));
	return body;
}

let next = 0;

async function initiate() {
	const { status, body } = await system.post('/calls/initiate', { phone_number: `+1555030${String(next++).padStart(4, '0')}` });
	assert.equal(status, 201, JSON.stringify(body));
	return body.call_id;
}

/** A call from the request to its end. */
async function wholeCall() {
	const id = await initiate();
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(id)));
	await system.call(id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	const session = ultravox.of(id);
	await twilio.status(call, 'ringing');
	await twilio.status(call, 'in-progress');
	session.messages = [{ role: 'MESSAGE_ROLE_AGENT', text: 'Hello, goodbye.', medium: 'MESSAGE_MEDIUM_VOICE' }];
	session.ended = new Date();
	session.endReason = 'hangup';
	await twilio.status(call, 'completed', { CallDuration: '5', Duration: '1' });
	await ultravox.ended(session, 'hangup');
	await system.call(id, 'over', isTerminal);
	return id;
}

const delivery = (hook, eventId) => api('GET', `/webhooks/${hook.id}/deliveries/${eventId}`).then(({ body }) => body);

test('a whole call is told, signed as documented', async (t) => {
	const receiver = await new Receiver().listen();
	const hook = await endpoint(t, receiver);
	const id = await wholeCall();
	await until('the summary is told', () => receiver.of('call.summary', id).some(({ event }) => event.data.status === 'completed'), 30);
	await until('the end is told', () => receiver.of('call.status', id).some(({ event }) => isTerminal(event.data)));
	for (const { headers, body, event } of receiver.requests) {
		assert.deepEqual(verify(headers, body, hook.secret), event);
		assert.equal(headers['voiceai-event-id'], event.id);
		assert.equal(headers['voiceai-event-type'], event.type);
		assert.equal(headers['voiceai-attempt'], '1');
		assert.equal(event.tenant_id, 'default');
		assert.throws(() => verify(headers, `${body} `, hook.secret));
		assert.throws(() => verify(headers, body, `${hook.secret}x`));
		assert.throws(() => verify({ ...headers, 'voiceai-event-id': 'other' }, body, hook.secret));
	}
	const types = new Set(receiver.requests.map(({ event }) => event.type));
	for (const type of ['call.created', 'call.status', 'call.updated', 'transcript.final', 'call.summary']) assert.ok(types.has(type), type);
	assert.equal(receiver.of('call.status', id).filter(({ event }) => isTerminal(event.data)).length, 1);
	assert.equal(new Set(receiver.requests.map(({ event }) => event.id)).size, receiver.requests.length);

	const [{ event }] = receiver.of('call.created', id);
	const shown = await until('the log shows it', async () => {
		const body = await delivery(hook, event.id);
		return body.state === 'delivered' && body;
	});
	assert.deepEqual(shown.request, event);
	assert.equal(shown.attempt_log.length, 1);
	assert.equal(shown.attempt_log[0].status, 200);
	assert.equal(shown.attempt_log[0].response, 'thanks');
});

test('an endpoint hears what it asked for, and the test event', async (t) => {
	const receiver = await new Receiver().listen();
	const hook = await endpoint(t, receiver, ['call.created'], { description: 'CRM' });
	const id = await wholeCall();
	const { status, body } = await api('POST', `/webhooks/${hook.id}/test`);
	assert.equal(status, 202);
	await until('the test is told', () => receiver.requests.some(({ event }) => event.id === body.event_id));
	assert.deepEqual(receiver.requests.map(({ event }) => event.type).sort(), ['call.created', 'webhook.test']);
	assert.equal(receiver.requests.find(({ event }) => event.call_id)?.event.call_id, id);

	const changed = await api('PATCH', `/webhooks/${hook.id}`, { events: ['call.summary'] });
	assert.deepEqual([changed.body.events, changed.body.description, changed.body.url], [['call.summary'], 'CRM', receiver.url]);
	const { body: list } = await api('GET', '/webhooks');
	assert.ok(list.webhooks.find((w) => w.id === hook.id && w.secret === undefined));
	const before = receiver.requests.length;
	const summarised = await wholeCall();
	await until('the summary is told', () => receiver.of('call.summary', summarised).length, 30);
	assert.ok(receiver.requests.slice(before).every(({ event }) => event.type === 'call.summary'));
});

test('what becomes of agents and numbers is told', async (t) => {
	const receiver = await new Receiver().listen();
	await endpoint(t, receiver, ['agent.*', 'number.*']);
	const config = (prompt) => ({ config: { model: 'm', system_prompt: prompt } });
	const good = async (...args) => {
		const { status, body } = await api(...args);
		assert.ok(status < 300, JSON.stringify(body));
	};
	await good('POST', '/agents', { name: 'told', ...config('One.') });
	await good('POST', '/agents/told/publish', { note: 'first' });
	await good('PUT', '/agents/told', config('Two.'));
	await good('POST', '/agents/told/publish');
	await good('POST', '/agents/told/rollback', { version: 1 });
	await good('POST', '/numbers', { number: '+15550107701' });
	await good('PATCH', '/numbers/+15550107701', { label: 'no news' });
	await good('PATCH', '/numbers/+15550107701', { agent: 'told' });
	await good('PATCH', '/numbers/+15550107701', { agent: null });
	await good('POST', '/numbers', { number: '+15550107702', agent: 'told' });
	await until('all is told', () => receiver.requests.length >= 6);
	const agent = { name: 'told', restored_from: null, note: null, published_by: 'local' };
	const happened = receiver.requests.map(({ event }) => event).sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
	assert.deepEqual(happened.map(({ type, call_id, data }) => [type, call_id, data]), [
		['agent.published', null, { ...agent, version: 1, note: 'first' }],
		['agent.published', null, { ...agent, version: 2 }],
		['agent.rolled_back', null, { ...agent, version: 3, restored_from: 1 }],
		['number.assigned', null, { number: '+15550107701', agent: 'told' }],
		['number.assigned', null, { number: '+15550107701', agent: null }],
		['number.assigned', null, { number: '+15550107702', agent: 'told' }],
	]);
});

test('kill -9 in the middle of a delivery: it comes again with the same id', async (t) => {
	const receiver = await new Receiver().listen();
	await endpoint(t, receiver, ['call.created']);
	receiver.answer = () => {}; // it is taking its time
	const id = await initiate();
	await until('it is being told', () => receiver.of('call.created', id).length);
	system.servers.serve.kill('SIGKILL');
	await system.servers.serve.exited;
	receiver.answer = (res) => res.writeHead(204).end();
	system.launch('serve');
	await system.ready('serve');
	await until('it is told again', () => receiver.of('call.created', id).length > 1, 30);
	assert.equal(new Set(receiver.of('call.created', id).map(({ event }) => event.id)).size, 1);
});

test('a receiver that was down gets what it missed', async (t) => {
	const receiver = new Receiver();
	const port = await freeTcpPort();
	receiver.port = port;
	const hook = await endpoint(t, receiver, ['call.created']);
	const ids = [await initiate()];
	await until('it fails', async () => (await api('GET', `/webhooks/${hook.id}`)).body.failures > 0);
	await receiver.listen(port);
	await until('it was told', () => ids.every((id) => receiver.of('call.created', id).length), 30);
	const [{ event, headers }] = receiver.requests;
	assert.ok(Number(headers['voiceai-attempt']) > 1);
	const shown = await until('the log shows it', async () => {
		const body = await delivery(hook, event.id);
		return body.state === 'delivered' && body;
	});
	assert.equal(shown.attempt_log[0].error, 'Connection refused');
	assert.equal(shown.attempt_log[0].status, 0);
	assert.equal(shown.attempts, shown.attempt_log.length);
	const { body: healthy } = await api('GET', `/webhooks/${hook.id}`);
	assert.deepEqual([healthy.failures, healthy.failing_since, healthy.state], [0, null, 'active']);
});

test('a slow receiver delays nobody else, and a slow answer is a failure', async (t) => {
	const [slow, quick] = await Promise.all([new Receiver().listen(), new Receiver().listen()]);
	slow.answer = () => {};
	const hook = await endpoint(t, slow, ['call.created']);
	await endpoint(t, quick, ['call.created']);
	const ids = await Promise.all([initiate(), initiate(), initiate(), initiate(), initiate()]);
	await until('the quick one was told', () => ids.every((id) => quick.of('call.created', id).length));
	const [{ event }] = slow.requests;
	assert.ok(slow.requests.length <= 4, 'no more at once than allowed');
	const shown = await until('the slow one failed', async () => {
		const body = await delivery(hook, event.id);
		return body.attempt_log.length && body;
	});
	assert.equal(shown.state, 'pending');
	assert.match(shown.attempt_log[0].error, /timed out/);
});

test('redirects are not followed, and a Retry-After is honoured', async (t) => {
	const [receiver, other] = await Promise.all([new Receiver().listen(), new Receiver().listen()]);
	const answers = [
		(res) => res.writeHead(307, { Location: other.url }).end(),
		(res) => res.writeHead(503, { 'Retry-After': '3' }).end('busy'),
		(res) => res.writeHead(200).end(),
	];
	receiver.answer = (res) => answers.shift()(res);
	const hook = await endpoint(t, receiver, ['call.created']);
	await initiate();
	await until('three attempts were made', () => receiver.requests.length === 3, 30);
	assert.equal(other.requests.length, 0);
	assert.ok(receiver.requests[2].at - receiver.requests[1].at >= 2900);
	const shown = await until('the log shows them', async () => {
		const body = await delivery(hook, receiver.requests[0].event.id);
		return body.state === 'delivered' && body;
	});
	assert.deepEqual(shown.attempt_log.map((a) => [a.attempt, a.status, a.error]), [[1, 307, 'answered 307'], [2, 503, 'answered 503'], [3, 200, null]]);
	assert.equal(shown.attempt_log[1].response, 'busy');
});

test('while a secret is rotated, both sign', async (t) => {
	const receiver = await new Receiver().listen();
	const hook = await endpoint(t, receiver, ['call.created']);
	const { body: rotated } = await api('POST', `/webhooks/${hook.id}/rotate`, { overlap_seconds: 3600 });
	assert.notEqual(rotated.secret, hook.secret);
	assert.ok(Date.parse(rotated.previous_secret_until) > Date.now() + 3500e3);
	await initiate();
	await until('it was told', () => receiver.requests.length);
	const { headers, body } = receiver.requests[0];
	verify(headers, body, hook.secret);
	verify(headers, body, rotated.secret);

	const { body: last } = await api('POST', `/webhooks/${hook.id}/rotate`, { overlap_seconds: 0 });
	await initiate();
	await until('it was told', () => receiver.requests.length === 2);
	verify(receiver.requests[1].headers, receiver.requests[1].body, last.secret);
	assert.throws(() => verify(receiver.requests[1].headers, receiver.requests[1].body, rotated.secret));
});

test('what was delivered is listed by pages and can be replayed, one or many', async (t) => {
	const receiver = await new Receiver().listen();
	const hook = await endpoint(t, receiver, ['call.created', 'call.status']);
	const start = new Date(Date.now() - 1000).toISOString();
	const ids = [await initiate(), await initiate(), await initiate()];
	const path = `/webhooks/${hook.id}/deliveries`;
	await until('all are delivered', async () => (await api('GET', `${path}?type=call.created&state=delivered`)).body.deliveries.length === 3);
	const seen = [];
	let cursor = '';
	do {
		const { body } = await api('GET', `${path}?type=call.created&limit=2&cursor=${cursor}`);
		seen.push(...body.deliveries.map((d) => d.call_id));
		cursor = body.next_cursor;
	} while (cursor);
	assert.deepEqual(seen, ids.toReversed());
	const { body: ofCall } = await api('GET', `${path}?call_id=${ids[1]}&type=call.created`);
	assert.equal(ofCall.deliveries.length, 1);

	const [first] = ofCall.deliveries;
	assert.equal((await api('POST', `${path}/${first.event_id}/replay`)).status, 202);
	await until('it came again', () => receiver.requests.filter(({ event }) => event.id === first.event_id).length === 2);
	const many = await api('POST', `/webhooks/${hook.id}/replay`, { from: start, state: 'any' });
	assert.equal(many.status, 202);
	assert.ok(many.body.replayed >= 3, JSON.stringify(many.body));
	await until('all came again', () => ids.every((id) => receiver.of('call.created', id).length >= 2));
	for (const id of ids) assert.equal(new Set(receiver.of('call.created', id).map(({ event }) => event.id)).size, 1);
});

test('an endpoint that keeps failing is paused with a notice, and goes on when resumed', async (t) => {
	const [broken, watcher] = await Promise.all([new Receiver().listen(), new Receiver().listen()]);
	broken.answer = (res) => res.writeHead(500).end('no');
	const hook = await endpoint(t, broken, ['call.created']);
	await endpoint(t, watcher, ['webhook.*']);
	const id = await initiate();
	const paused = await until('it is paused', async () => {
		const { body } = await api('GET', `/webhooks/${hook.id}`);
		return body.state === 'paused' && body;
	}, 40);
	assert.equal(paused.pause_reason, 'failing');
	assert.ok(paused.paused_at && paused.failures >= 4 && paused.last_error === 'answered 500');
	const { data } = await until('the notice came', () => watcher.of('webhook.paused').find(({ event }) => event.data.endpoint_id === hook.id)?.event);
	assert.equal(data.reason, 'failing');
	assert.match(system.servers.serve.stderr, /"event":"webhook_paused"/);

	const later = await initiate();
	broken.answer = (res) => res.writeHead(200).end();
	const { body: resumed } = await api('POST', `/webhooks/${hook.id}/resume`);
	assert.deepEqual([resumed.state, resumed.pause_reason, resumed.failures], ['active', null, 0]);
	await until('both were told', () => [id, later].every((one) => broken.of('call.created', one).length), 30);
	await until('nothing waits', async () => (await api('GET', `/webhooks/${hook.id}/deliveries?state=pending`)).body.deliveries.length === 0);
});

test('an endpoint that is gone is paused at once; one paused by hand waits', async (t) => {
	const [gone, quiet] = await Promise.all([new Receiver().listen(), new Receiver().listen()]);
	gone.answer = (res) => res.writeHead(410).end();
	const hook = await endpoint(t, gone, ['call.created']);
	const held = await endpoint(t, quiet, ['call.created']);
	assert.equal((await api('POST', `/webhooks/${held.id}/pause`)).body.pause_reason, 'user');
	const id = await initiate();
	await until('it is paused', async () => (await api('GET', `/webhooks/${hook.id}`)).body.pause_reason === 'gone');
	assert.equal(gone.requests.length, 1);
	const { body } = await api('GET', `/webhooks/${held.id}/deliveries`);
	assert.deepEqual(body.deliveries.map((d) => [d.call_id, d.state, d.attempts]), [[id, 'pending', 0]]);
	assert.equal(quiet.requests.length, 0);
});

test('what cannot be is refused', async (t) => {
	const hook = await endpoint(t, await new Receiver().listen());
	const url = 'https://example.com/';
	for (const [body, field] of [
		[{}, 'url'], [{ url }, 'events'], [{ url, events: [] }, 'events'], [{ url, events: ['call.nothing'] }, 'events'], [{ url, events: ['*'], secret: 'mine' }, 'secret'],
		[{ url: 'http://10.0.0.1/', events: ['*'] }, 'url'], [{ url: 'http://169.254.169.254/', events: ['*'] }, 'url'], [{ url: 'ftp://example.com/', events: ['*'] }, 'url'],
		[{ url: 'https://user:pass@example.com/', events: ['*'] }, 'url'], [{ url, events: ['*'], max_concurrency: 17 }, 'max_concurrency'],
	]) {
		const answer = await api('POST', '/webhooks', body);
		assert.equal(answer.status, 400, JSON.stringify(body));
		assert.equal(answer.body.error.field, field, JSON.stringify(body));
	}
	const unknown = '01940000-0000-7000-8000-000000000000';
	for (const [method, path, body] of [
		['GET', `/webhooks/${unknown}`], ['PATCH', `/webhooks/${unknown}`, {}], ['DELETE', `/webhooks/${unknown}`], ['POST', `/webhooks/${unknown}/rotate`], ['POST', `/webhooks/${unknown}/pause`],
		['POST', `/webhooks/${unknown}/resume`], ['POST', `/webhooks/${unknown}/test`], ['GET', `/webhooks/${unknown}/deliveries`], ['GET', '/webhooks/nonsense'],
		['POST', `/webhooks/${unknown}/replay`, { from: '2026-01-01T00:00:00Z' }], ['GET', `/webhooks/${hook.id}/deliveries/${unknown}`], ['POST', `/webhooks/${hook.id}/deliveries/${unknown}/replay`],
	])
		assert.equal((await api(method, path, body)).status, 404, `${method} ${path}`);
	assert.equal((await api('POST', `/webhooks/${hook.id}/replay`, {})).body.error.field, 'from');
	assert.equal((await api('POST', `/webhooks/${hook.id}/replay`, { from: '2026-01-01T00:00:00' })).body.error.field, 'from');
	const backwards = { from: '2026-02-02T00:00:00Z', to: '2026-02-01T00:00:00Z' };
	assert.equal((await api('POST', `/webhooks/${hook.id}/replay`, backwards)).body.error.field, 'from');
	assert.equal((await api('POST', `/webhooks/${hook.id}/replay`, { from: '2026-01-01T00:00:00Z', state: 'lost' })).body.error.field, 'state');
	for (const [query, field] of [['state=lost', 'state'], ['state=any', 'state'], [new URLSearchParams(backwards), 'to'], ['cursor=elsewhere', 'cursor']])
		assert.equal((await api('GET', `/webhooks/${hook.id}/deliveries?${query}`)).body.error.field, field);
	const { body } = await api('GET', '/webhooks/events');
	const docs = readFileSync(join(root, 'docs/webhooks.md'), 'utf8');
	for (const { type } of body.events) assert.ok(docs.includes(`| \`${type}\` |`), `${type} is documented`);
});
