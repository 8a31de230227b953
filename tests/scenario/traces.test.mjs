// Protects: traces. One call reads as one trace, from the request that asked for it through vendors,
// database, callbacks and jobs to the analysis, also when the client began the trace; what is shipped is
// what OpenTelemetry defines; log lines carry the ids; a collector that is away or slow harms nobody; no
// phone number is in any of it.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { Collector } from '../servers/otlp.mjs';
import { System, isTerminal, until } from './system.mjs';

const NUMBER = '+15550277123';
let system, twilio, ultravox, openai, collector, settings;

before(async () => {
	[twilio, ultravox, openai, collector] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen(), new Collector().listen()]);
	settings = {
		TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url,
		ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
		DEFAULT_AGENT: 'assistant', URL_ALLOW_PRIVATE: '127.0.0.1', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b, authorization=Bearer%20secret-of-the-collector',
	};
	system = await System.start(settings, ['serve']);
});
after(async () => {
	const results = await system?.stop();
	await Promise.all([twilio, ultravox, openai, collector].map((mock) => mock?.close()));
	for (const { code } of results ?? []) assert.equal(code, 0, 'serve ends cleanly');
});

/** A call from the request to the summary; answers its record. */
async function wholeCall(on, headers) {
	const { status, body: record } = await on.post('/calls/initiate', { phone_number: NUMBER }, headers);
	assert.equal(status, 201);
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(record.call_id)));
	await on.call(record.call_id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	const session = ultravox.of(record.call_id);
	await twilio.status(call, 'ringing');
	await twilio.connect(call);
	await twilio.status(call, 'in-progress');
	await ultravox.joined(session);
	session.messages = [{ role: 'MESSAGE_ROLE_USER', text: 'Hello.', medium: 'MESSAGE_MEDIUM_VOICE' }];
	session.ended = new Date();
	session.endReason = 'hangup';
	await ultravox.ended(session, 'hangup');
	await twilio.status(call, 'completed', { CallDuration: '5', Duration: '1' });
	await on.call(record.call_id, 'over', isTerminal);
	await until('the analysis', async () => (await on.get(`/calls/${record.call_id}/summary`)).status === 200);
	return record;
}

const idOf = (record) => record.call_id.replaceAll('-', '');
const names = (spans) => spans.map((span) => span.name);
/** The trace once all that is expected is in it. */
const traced = (id, wanted) =>
	until(`trace ${id}`, () => {
		const spans = collector.trace(id);
		const missing = wanted.filter((name) => !names(spans).includes(name));
		if (missing.length) throw new Error(`no ${missing.join(', ')} in ${names(spans).join(', ')}`);
		return spans;
	});

const STORY = [
	'call', 'POST /api/v1/calls/initiate', 'job dial', 'job reconcile', 'job analyse', 'POST 127.0.0.1', 'db write',
	'POST /api/v1/webhooks/twilio/status/{call_id}', 'POST /api/v1/webhooks/twilio/connect/{call_id}', 'POST /api/v1/webhooks/ultravox/events',
];

/** Every span but the topmost lies below another of its trace, and within the whole story. */
function checkTree(spans, top) {
	const byId = new Map(spans.map((span) => [span.spanId, span]));
	assert.equal(byId.size, spans.length, 'ids of spans are unique');
	for (const span of spans) {
		if (span === top) continue;
		assert.ok(byId.has(span.parentSpanId), `${span.name} lies below nothing: ${JSON.stringify(span)}`);
		assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano));
		// A call begins within the request that asks for it.
		const slack = span.parentSpanId === top.spanId ? 1_000_000_000n : 2_000_000n;
		assert.ok(BigInt(span.startTimeUnixNano) >= BigInt(byId.get(span.parentSpanId).startTimeUnixNano) - slack, span.name);
	}
}

test('one call reads as one trace, from the request to the analysis', async () => {
	const record = await wholeCall(system);
	const spans = await traced(idOf(record), STORY);
	const top = spans.find((span) => span.name === 'call');
	checkTree(spans, top);
	assert.equal(top.parentSpanId, undefined);
	assert.equal(top.attributes['voiceai.call.id'], record.call_id);
	assert.equal(top.attributes['voiceai.call.status'], 'COMPLETED');
	assert.deepEqual(top.resource['service.name'], 'voiceai-platform');
	assert.equal(spans.filter((span) => span.name === 'POST /api/v1/webhooks/twilio/status/{call_id}').length, 3);

	const initiate = spans.find((span) => span.name === 'POST /api/v1/calls/initiate');
	assert.equal(initiate.kind, 2);
	assert.equal(initiate.attributes['http.response.status_code'], 201);
	const dial = spans.find((span) => span.name === 'job dial');
	assert.equal(dial.parentSpanId, initiate.spanId, 'a job belongs to what added it');
	const below = spans.filter((span) => span.parentSpanId === dial.spanId);
	assert.equal(below.filter((span) => span.name === 'POST 127.0.0.1').length, 2, 'the engine and the carrier were asked');
	assert.ok(below.every((span) => span.kind === 3), JSON.stringify(below));
	const query = spans.find((span) => span.name === 'db write' && span.parentSpanId === initiate.spanId);
	assert.match(query.attributes['db.query.text'], /^(INSERT|SELECT|UPDATE) /);
	assert.equal(query.attributes['db.system.name'], 'sqlite');
});

test('vendors are told of the trace they work for', async () => {
	const record = await wholeCall(system);
	const id = idOf(record);
	await traced(id, STORY);
	const spans = collector.trace(id);
	for (const mock of [twilio, ultravox, openai]) {
		const told = mock.requests.map(({ headers }) => headers.traceparent).filter((text) => text?.includes(id));
		assert.ok(told.length > 0);
		for (const text of told) {
			const [version, , span, flags] = text.split('-');
			assert.deepEqual([version, flags], ['00', '01']);
			assert.ok(spans.some(({ spanId, kind }) => spanId === span && kind === 3), 'it names the span of the request itself');
		}
	}
});

test('a client that traces finds the whole call in its own trace', async () => {
	const [id, parent] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
	const record = await wholeCall(system, { traceparent: `00-${id}-${parent}-01` });
	const spans = await traced(id, STORY);
	assert.equal(spans.find(({ name }) => name === 'POST /api/v1/calls/initiate').parentSpanId, parent);
	assert.equal(spans.find(({ name }) => name === 'call').parentSpanId, parent);
	assert.equal(spans.find(({ name }) => name === 'call').attributes['voiceai.call.id'], record.call_id);
	assert.deepEqual(collector.trace(idOf(record)), []);
});

test('a client that does not sample is not sampled, and nobody is asked to', async () => {
	const id = '4bf92f3577b34da6a3ce929d0e0e4737';
	const record = await wholeCall(system, { traceparent: `00-${id}-00f067aa0ba902b7-00` });
	const told = twilio.requests.map(({ headers }) => headers.traceparent).filter((text) => text?.includes(id));
	assert.ok(told.length && told.every((text) => text.endsWith('-00')));
	const other = await wholeCall(system);
	await traced(idOf(other), STORY);
	assert.deepEqual(collector.trace(id), []);
	assert.deepEqual(collector.trace(idOf(record)), []);
});

test('who is told of the call is told of the trace', async () => {
	const told = [];
	const receiver = createServer((req, res) => {
		told.push({ type: req.headers['voiceai-event-type'], traceparent: req.headers.traceparent });
		req.resume().on('end', () => res.end());
	});
	await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
	try {
		const { status, body } = await system.post('/webhooks', { url: `http://127.0.0.1:${receiver.address().port}/`, events: ['call.status'] });
		assert.equal(status, 201, JSON.stringify(body));
		const record = await wholeCall(system);
		const spans = await traced(idOf(record), [...STORY, 'webhook call.status']);
		await until('the end was told', () => told.filter(({ traceparent }) => traceparent?.includes(idOf(record))).length >= 3);
		checkTree(spans, spans.find((span) => span.name === 'call'));
	} finally {
		receiver.closeAllConnections();
		receiver.close();
	}
});

test('a request about no call has a trace of its own; scrapes and checks have none', async () => {
	for (const path of ['/health', '/ready', '/metrics']) await fetch(system.url('serve') + path);
	await system.get('/calls/dashboard/analytics');
	const span = await until('the request', () => collector.spans.find(({ name }) => name === 'GET /api/v1/calls/dashboard/analytics'));
	assert.equal(span.parentSpanId, undefined);
	assert.ok(await until('its query', () => collector.trace(span.traceId).find(({ parentSpanId }) => parentSpanId === span.spanId)));
	assert.ok(!collector.spans.some(({ name }) => /health|ready|metrics/.test(name)));
});

test('log lines name the trace and the span they were written in', async () => {
	const record = await wholeCall(system);
	await traced(idOf(record), STORY);
	const lines = system.servers.serve.stderr.split('\n').filter((line) => line.includes(record.call_id)).map((line) => JSON.parse(line));
	const linked = lines.filter((line) => line.trace_id);
	assert.ok(linked.length > 5);
	for (const line of linked) {
		assert.equal(line.trace_id, idOf(record), JSON.stringify(line));
		await until(`the span of ${JSON.stringify(line)}`, () => collector.trace(idOf(record)).some(({ spanId }) => spanId === line.span_id));
	}
	assert.ok(lines.find((line) => line.event === 'call_status').trace_id);
});

test('what is shipped is what OpenTelemetry defines, with our headers, and without personal data', () => {
	assert.deepEqual(collector.problems, []);
	assert.equal(collector.requests[0].headers['x-tenant'], 'a b');
	assert.equal(collector.requests[0].headers.authorization, 'Bearer secret-of-the-collector');
	const text = JSON.stringify(collector.spans);
	for (const secret of [NUMBER, NUMBER.slice(1), 'Hello.', twilio.token, ultravox.key, openai.key, 'secret-of-the-collector']) assert.ok(!text.includes(secret), secret);
	assert.ok(!system.servers.serve.stderr.includes('secret-of-the-collector'));
});

test('a collector that is away harms nobody, and is caught up with', async () => {
	collector.status = 503;
	const record = await wholeCall(system);
	const spans = await until('a line about it', () => system.servers.serve.stderr.includes('spans_not_taken'));
	assert.ok(spans);
	collector.status = 200;
	await traced(idOf(record), STORY);
	const metrics = await (await fetch(`${system.url('serve')}/metrics`)).text();
	assert.match(metrics, /trace_spans_total\{outcome="exported"\} \d+/);
});

test('the embedded carrier and engine go on with the same trace', async () => {
	const { OTEL_EXPORTER_OTLP_ENDPOINT } = settings;
	const three = await System.start({ OTEL_EXPORTER_OTLP_ENDPOINT, RING_TIMEOUT_SECONDS: '5', SIP_TRUNK_URI: 'sip:127.0.0.1:9' });
	try {
		const { body } = await three.post('/calls/initiate', { phone_number: NUMBER });
		await three.call(body.call_id, 'over', isTerminal);
		const spans = await traced(idOf(body), ['call', 'job dial', 'POST /api/calls', 'POST /2010-04-01/Accounts/{account}/Calls.json']);
		const service = (name) => spans.find((span) => span.name === name).resource['service.name'];
		assert.equal(service('POST /api/calls'), 'voiceai-engine');
		assert.equal(service('POST /2010-04-01/Accounts/{account}/Calls.json'), 'voiceai-carrier');
	} finally {
		await three.stop();
	}
});

test('what the embedded carrier and engine did last is shipped before they end', async () => {
	const { OTEL_EXPORTER_OTLP_ENDPOINT } = settings;
	const two = await System.start({ OTEL_EXPORTER_OTLP_ENDPOINT }, ['carrier', 'engine']);
	const doors = { carrier: ['/2010-04-01/Accounts/AC0/Calls.json', 'a'], engine: ['/api/calls', 'b'] };
	try {
		for (const [name, [path, digit]] of Object.entries(doors)) {
			const id = digit.repeat(32);
			await (await fetch(two.url(name) + path, { headers: { traceparent: `00-${id}-00f067aa0ba902b7-01` } })).text();
			assert.equal((await two.servers[name].stop()).code, 0);
			assert.equal(collector.trace(id).length, 1, name);
		}
	} finally {
		await two.stop();
	}
});

test('of calls that nobody traces, the share of TRACE_SAMPLE_RATIO is', async () => {
	const none = await System.start({ ...settings, TRACE_SAMPLE_RATIO: '0' }, ['serve']);
	try {
		const id = '4bf92f3577b34da6a3ce929d0e0e4738';
		const untraced = await wholeCall(none);
		await wholeCall(none, { traceparent: `00-${id}-00f067aa0ba902b7-01` });
		await traced(id, STORY);
		assert.deepEqual(collector.trace(idOf(untraced)), []);
	} finally {
		await none.stop();
	}
});
