// Protects: the platform's dealings with its vendors. It runs by itself against stand-ins for Twilio,
// Ultravox and OpenAI: every story an outbound or inbound call can take, callbacks twice, out of order, forged,
// vendors that are down or answer nonsense, and kill -9 in the middle.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { System, isTerminal, until } from './system.mjs';

const OUR_NUMBER = '+15550100000';
let system, twilio, ultravox, openai;

before(async () => {
	[twilio, ultravox, openai] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen()]);
	system = await System.start(
		{
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url, TWILIO_PHONE_NUMBER: OUR_NUMBER,
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
			DEFAULT_AGENT: 'assistant', RING_TIMEOUT_SECONDS: '20',
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
const number = () => `+1555020${String(next++).padStart(4, '0')}`;

/** Ask for a call; answers its record. */
async function initiate(more = {}, headers) {
	const { status, body } = await system.post('/calls/initiate', { phone_number: number(), ...more }, headers);
	assert.equal(status, 201, JSON.stringify(body));
	return body;
}

/** The carrier's and the engine's side of one of our calls, once it was dialled. */
async function dialled(record) {
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(`/${record.call_id}?`)));
	await system.call(record.call_id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	return { call, session: ultravox.of(record.call_id) };
}

const ok = (response) => assert.ok(response.status >= 200 && response.status < 300, `${response.status} ${response.body}`);

/** Ring, answer, join. */
async function answered(record) {
	const sides = await dialled(record);
	ok(await twilio.status(sides.call, 'initiated'));
	ok(await twilio.status(sides.call, 'ringing'));
	sides.twiml = await twilio.connect(sides.call);
	ok(await twilio.status(sides.call, 'in-progress'));
	ok(await ultravox.joined(sides.session));
	return sides;
}

async function hungUp({ call, session }, endReason = 'hangup') {
	session.ended = new Date();
	session.endReason = endReason;
	ok(await twilio.status(call, 'completed', { CallDuration: '5', Duration: '1' }));
	ok(await ultravox.ended(session, endReason));
}

const events = async (id) => (await system.get(`/calls/${id}/events`)).body.events;
const ends = (list) => list.filter((e) => e.type === 'call.status' && isTerminal(e.data));
const said = (session, turns) => (session.messages = turns.map(([role, text]) => ({ role: `MESSAGE_ROLE_${role}`, text, medium: 'MESSAGE_MEDIUM_VOICE' })));
const summarised = (id, seconds = 20) =>
	until('the call is analysed', async () => {
		const { status, body } = await system.get(`/calls/${id}/summary`);
		return status === 200 && body.status !== 'pending' && body;
	}, seconds);

test('an outbound call, from the request to the summary and the recording', async () => {
	const record = await initiate({ metadata: { order: '17' }, voice: 'Emily', temperature: 0.3, max_duration_seconds: 120, language: 'en-GB', system_prompt: 'Be kind.', first_message: 'Hello?' });
	assert.equal(record.direction, 'OUTBOUND');
	const sides = await answered(record);
	const { call, session, twiml } = sides;

	const { params } = session;
	assert.equal(params.systemPrompt, 'Be kind.');
	assert.equal(params.voice, 'Emily');
	assert.equal(params.temperature, 0.3);
	assert.equal(params.languageHint, 'en-GB');
	assert.equal(params.maxDuration, '120s');
	assert.deepEqual(params.medium, { twilio: {} });
	assert.equal(params.firstSpeakerSettings.user.fallback.text, 'Hello?');
	assert.deepEqual(params.metadata, { order: '17', call_id: record.call_id, tenant_id: 'default' });
	assert.ok(parseFloat(params.joinTimeout) > 20 && params.joinTimeout.endsWith('s'));
	assert.equal(call.params.get('To'), record.phone_number);
	assert.equal(call.params.get('From'), OUR_NUMBER);
	assert.deepEqual(call.events, ['initiated', 'ringing', 'answered', 'completed']);
	assert.equal(call.params.get('RecordingChannels'), 'dual');
	assert.match(twiml.type, /xml/);
	assert.ok(twiml.body.includes(`<Connect><Stream url="${session.joinUrl}"/></Connect><Hangup/>`), twiml.body);

	const data = await ultravox.dial(session);
	assert.equal(data.status, 101);
	data.send({ type: 'call_started', callId: session.callId });
	data.send({ type: 'transcript', role: 'agent', medium: 'voice', text: 'Hello?', delta: null, final: true, ordinal: 0 });
	data.send({ type: 'transcript', role: 'user', medium: 'voice', delta: 'Tomorrow ', final: false, ordinal: 1 });
	data.send({ type: 'transcript', role: 'user', medium: 'voice', delta: 'at ten.', final: true, ordinal: 1, confidence: 0.83 });
	data.send({ type: 'turn_timing', ordinal: 2, endOfSpeechMs: 300, recognisedMs: 310, answerMs: 320, firstAudioMs: 400 });
	data.send({ type: 'transcript', role: 'agent', medium: 'voice', text: 'Booked. Anything else I can do?', final: true, ordinal: 2 });
	data.send({ type: 'nobody knows this', x: 1 });
	data.send('not even JSON');
	data.send({ type: 'outcome', outcome: { goal_reached: true, slots: { day: 'tomorrow' }, state: 'done' } });
	const { transcript } = await until('three turns are stored', async () => {
		const { body } = await system.get(`/calls/${record.call_id}/transcript`);
		return body.transcript.length === 3 && body;
	});
	assert.deepEqual(transcript.map((t) => [t.speaker, t.text]), [['agent', 'Hello?'], ['user', 'Tomorrow at ten.'], ['agent', 'Booked. Anything else I can do?']]);
	assert.equal(transcript[1].confidence, 0.83);

	// The caller cut in: the engine's messages hold what was heard.
	said(session, [['AGENT', 'Hello?'], ['USER', 'Tomorrow at ten.'], ['AGENT', 'Booked. Anything']]);
	ok(await twilio.recording(call));
	await hungUp(sides, 'agent_hangup');
	data.close();

	const ended = await system.call(record.call_id, 'completed', isTerminal);
	assert.equal(ended.status, 'COMPLETED');
	assert.equal(ended.end_reason, 'agent_hangup');
	assert.equal(ended.outcome.goal_reached, true);
	const summary = await summarised(record.call_id);
	assert.equal(summary.summary, OpenAI.analysis.summary);
	assert.deepEqual(summary.key_points, OpenAI.analysis.key_topics);
	assert.equal(summary.sentiment, 'positive');
	assert.equal(summary.analyser, 'openai');
	const { body } = await system.get(`/calls/${record.call_id}/transcript`);
	assert.deepEqual(body.transcript.map((t) => t.text), ['Hello?', 'Tomorrow at ten.', 'Booked. Anything']);
	const recorded = await system.call(record.call_id, 'recorded', (c) => c.recording_path);
	assert.ok(existsSync(recorded.recording_path));
	assert.equal(ends(await events(record.call_id)).length, 1);
});

test('an inbound call', async () => {
	const call = twilio.inbound('+15550170001', OUR_NUMBER);
	const url = `${system.api}/webhooks/twilio/voice`;
	const twiml = await twilio.post(url, twilio.voiceParams(call, 'ringing'));
	const session = ultravox.calls.at(-1);
	assert.equal(twiml.status, 200);
	assert.ok(twiml.body.includes(session.joinUrl), twiml.body);
	assert.ok(session.params.firstSpeakerSettings.agent);
	const again = await twilio.post(url, twilio.voiceParams(call, 'ringing'));
	assert.equal(again.body, twiml.body, 'the same webhook makes no second call');
	assert.equal(ultravox.calls.at(-1), session);

	ok(await ultravox.joined(session));
	const id = session.params.metadata.call_id;
	const live = await system.call(id, 'live', (c) => c.status === 'IN_PROGRESS');
	assert.equal(live.direction, 'INBOUND');
	assert.equal(live.phone_number, '+15550170001');
	const recording = await until('it is recorded', () => twilio.recordings.find((r) => r.call_sid === call.sid));
	assert.equal(recording.params.get('RecordingChannels'), 'dual');
	said(session, [['AGENT', 'Hello! How can I help you today?'], ['USER', 'Never mind.']]);
	session.ended = new Date();
	session.endReason = 'hangup';
	ok(await twilio.status(call, 'completed', { CallDuration: '4' }, `${system.api}/webhooks/twilio/status/inbound`));
	const ended = await system.call(id, 'over', isTerminal);
	assert.deepEqual([ended.status, ended.end_reason], ['COMPLETED', 'caller_hangup']);
	assert.equal((await summarised(id)).status, 'completed');
});

test('a caller with no agent to talk to hears an apology', async () => {
	ultravox.onCreate = (params, res) => ultravox.json(res, 400, { voice: ['Unknown voice.'] });
	const call = twilio.inbound('anonymous', OUR_NUMBER);
	const twiml = await twilio.post(`${system.api}/webhooks/twilio/voice`, twilio.voiceParams(call, 'ringing'));
	ultravox.onCreate = null;
	assert.equal(twiml.status, 200);
	assert.match(twiml.body, /<Say>.*sorry.*<\/Say><Hangup\/>/);
	const { body } = await system.get('/calls/?direction=INBOUND&status=FAILED');
	assert.equal(body.calls[0].end_reason, 'provider_error');
	assert.match(body.calls[0].end_detail, /Unknown voice/);
});

for (const [status, ours, reason, sip] of [['busy', 'BUSY', 'busy', '486'], ['no-answer', 'NO_ANSWER', 'no_answer', '487'], ['failed', 'FAILED', 'rejected', '603'], ['failed', 'FAILED', 'provider_error', '404'], ['canceled', 'FAILED', 'canceled', '487']])
	test(`${status} (SIP ${sip}) ends as ${ours}, ${reason}`, async () => {
		const record = await initiate();
		const { call } = await dialled(record);
		ok(await twilio.status(call, 'ringing'));
		ok(await twilio.status(call, status, { SipResponseCode: sip }));
		const ended = await system.call(record.call_id, 'over', isTerminal);
		assert.deepEqual([ended.status, ended.end_reason], [ours, reason]);
	});

test('callbacks twice, out of order and after the end change nothing', async () => {
	const record = await initiate();
	const sides = await dialled(record);
	const { call } = sides;
	const url = call.params.get('StatusCallback');
	const ringing = twilio.statusParams(call, 'ringing');
	const inProgress = twilio.statusParams(call, 'in-progress');
	call.status = 'completed';
	call.ended = new Date();
	const completed = twilio.statusParams(call, 'completed', { CallDuration: '7' });
	for (const params of [inProgress, ringing, completed, completed, inProgress, ringing, completed])
		assert.equal((await twilio.post(url, params)).status, 204);
	const ended = await system.call(record.call_id, 'over', isTerminal);
	assert.equal(ended.status, 'COMPLETED');
	const list = await events(record.call_id);
	assert.equal(ends(list).length, 1);
	assert.deepEqual(list.filter((e) => e.type === 'call.status').map((e) => e.data.status), ['INITIATING', 'IN_PROGRESS', 'COMPLETED']);
});

test('forged, foreign and broken callbacks are refused', async () => {
	const record = await initiate();
	const { call, session } = await dialled(record);
	const url = call.params.get('StatusCallback');
	const params = twilio.statusParams(call, 'completed');
	assert.equal((await twilio.post(url, params, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=')).status, 403);
	assert.equal((await twilio.post(url, params, twilio.sign(url, { ...params, CallStatus: 'busy' }))).status, 403);
	assert.equal((await fetch(url, { method: 'POST' })).status, 403);
	assert.equal((await fetch(url, { method: 'POST', body: '%zz=%' })).status, 400);
	assert.equal((await twilio.post(`${system.api}/webhooks/twilio/status/0197a000-0000-7000-8000-000000000000`, params)).status, 404);
	assert.equal((await twilio.post(`${system.api}/webhooks/twilio/status/nonsense`, params)).status, 404);
	assert.equal((await twilio.post(url, { ...params, CallSid: `CA${'0'.repeat(32)}` })).status, 404);
	assert.equal((await twilio.post(url, { CallSid: call.sid })).status, 400);
	const stranger = await twilio.post(`${system.api}/webhooks/twilio/connect/0197a000-0000-7000-8000-000000000000`, params);
	assert.equal(stranger.status, 200);
	assert.match(stranger.body, /<Hangup\/>/);

	assert.equal((await ultravox.webhook(session, 'call.ended', { secret: 'another-secret-entirely' })).status, 403);
	assert.equal((await ultravox.webhook(session, 'call.ended', { time: new Date(Date.now() - 120e3).toISOString() })).status, 403);
	assert.equal((await ultravox.webhook(session, 'call.ended', { body: '{"event":' })).status, 400);
	assert.equal((await ultravox.webhook(session, 'call.ended', { body: '{"event":"call.ended"}' })).status, 400);
	assert.equal((await ultravox.webhook(session, 'call.ended', { body: '[1,2]' })).status, 400);
	assert.equal((await ultravox.webhook(session, 'call.joined', { body: JSON.stringify({ event: 'call.joined', call: { callId: 'unknown' } }) })).status, 404);

	assert.equal((await ultravox.dial(session, { secret: 'another-secret-entirely' })).status, 403);
	assert.equal((await ultravox.dial(session, { time: '2020-01-01T00:00:00Z' })).status, 403);
	const foreign = await ultravox.dial(session, { callId: 'somebody-elses-session' });
	assert.equal(foreign.status, 101);
	assert.equal(await foreign.closed, 1008);
	const first = await ultravox.dial(session);
	assert.equal(first.status, 101);
	assert.equal((await ultravox.dial(session)).status, 409, 'one socket a call');
	first.close();

	assert.ok(!isTerminal((await system.get(`/calls/${record.call_id}`)).body));
	ok(await twilio.status(call, 'no-answer'));
});

test('an engine that dials before its own answer is heard', async () => {
	let early;
	ultravox.onCreate = async (params, res, make) => {
		const session = make();
		early = await ultravox.dial(session);
		early.send({ type: 'transcript', role: 'agent', text: 'I am early.', final: true, ordinal: 0 });
		await pause(400);
		ultravox.json(res, 201, ultravox.view(session));
	};
	const record = await initiate();
	const { call } = await dialled(record);
	ultravox.onCreate = null;
	const { transcript } = await until('it is stored', async () => {
		const { body } = await system.get(`/calls/${record.call_id}/transcript`);
		return body.transcript.length === 1 && body;
	});
	assert.equal(transcript[0].text, 'I am early.');
	early.close();
	ok(await twilio.status(call, 'busy'));
});

test('a vendor that refuses ends the call with its reason', async () => {
	twilio.onCreate = (params, res) => twilio.fail(res, 400, 21211, "Invalid 'To' Phone Number");
	const record = await initiate();
	const ended = await system.call(record.call_id, 'over', isTerminal);
	twilio.onCreate = null;
	assert.deepEqual([ended.status, ended.end_reason], ['FAILED', 'provider_error']);
	assert.match(ended.end_detail, /21211/);
});

test('a create without an answer is looked up, not sent again', async () => {
	let creates = 0;
	twilio.onCreate = (params, res, make) => {
		creates++;
		make();
		res.destroy();
	};
	const record = await initiate();
	const { call } = await dialled(record);
	twilio.onCreate = null;
	assert.equal(creates, 1);
	ok(await twilio.status(call, 'no-answer'));
});

test('429 of both vendors is waited out', async () => {
	let refusals = 2;
	twilio.onCreate = (params, res, make) => (refusals-- > 0 ? twilio.fail(res, 429, 20429, 'Too Many Requests') : twilio.json(res, 201, twilio.view(make())));
	let busy = 1;
	ultravox.onCreate = (params, res, make) => (busy-- > 0 ? ultravox.json(res, 429, { detail: 'throttled' }, { 'Retry-After': '1' }) : ultravox.json(res, 201, ultravox.view(make())));
	const record = await initiate();
	const { call } = await dialled(record);
	twilio.onCreate = ultravox.onCreate = null;
	assert.equal(twilio.calls.filter((c) => c.to === record.phone_number).length, 1);
	ok(await twilio.status(call, 'busy'));
});

test('a call can be ended at any time', async () => {
	const live = await initiate();
	const sides = await answered(live);
	const { status, body } = await system.post(`/calls/${live.call_id}/end`);
	assert.equal(status, 200);
	assert.deepEqual([body.status, body.end_reason], ['COMPLETED', 'ended_by_api']);
	assert.ok(sides.call.updates.some((u) => u.Status === 'completed'));
	assert.ok(sides.session.sent.some((m) => m.type === 'hang_up'));
	const again = await system.post(`/calls/${live.call_id}/end`);
	assert.deepEqual([again.status, again.body.end_reason], [200, 'ended_by_api']);
	assert.equal(ends(await events(live.call_id)).length, 1);

	const ringing = await initiate();
	const { call } = await dialled(ringing);
	ok(await twilio.status(call, 'ringing'));
	const cancelled = await system.post(`/calls/${ringing.call_id}/end`);
	assert.equal(cancelled.body.status, 'FAILED');
	assert.ok(call.updates.some((u) => u.Status === 'canceled'));

	assert.equal((await system.post('/calls/0197a000-0000-7000-8000-000000000000/end')).status, 404);
	assert.equal((await system.post('/calls/nonsense/end')).status, 404);
});

test('a call ended while the carrier is being asked does not go on ringing', async () => {
	let answer;
	twilio.onCreate = (params, res, make) => (answer = () => twilio.json(res, 201, twilio.view(make())));
	const record = await initiate();
	await until('the carrier was asked', () => answer);
	twilio.onCreate = null;
	const { body } = await system.post(`/calls/${record.call_id}/end`);
	assert.deepEqual([body.status, body.end_reason], ['FAILED', 'canceled']);
	answer();
	const call = await until('it was made', () => twilio.calls.find((c) => c.to === record.phone_number));
	await until('it was cancelled', () => call.status !== 'queued');
});

test('what is wrong with a request is said, by field', async () => {
	const good = { phone_number: '+15550209999' };
	const table = [
		[{}, 'phone_number'], [{ phone_number: 15550209999 }, 'phone_number'], [{ phone_number: '5550209999' }, 'phone_number'], [{ phone_number: '+0123456789' }, 'phone_number'],
		[{ phone_number: `sip:${'a'.repeat(300)}@x` }, 'phone_number'], [{ phone_number: 'sip:a b@host' }, 'phone_number'], [{ phone_number: 'sip:' }, 'phone_number'], [{ phone_number: 'http://x' }, 'phone_number'],
		[{ ...good, agent: 'nobody' }, 'agent'], [{ ...good, agent: '../../etc/passwd' }, 'agent'], [{ ...good, agent: 7 }, 'agent'], [{ ...good, voice: '' }, 'voice'], [{ ...good, voice: ['x'] }, 'voice'],
		[{ ...good, system_prompt: 'x'.repeat(40000) }, 'system_prompt'], [{ ...good, first_message: {} }, 'first_message'], [{ ...good, temperature: 1.01 }, 'temperature'], [{ ...good, temperature: '0.5' }, 'temperature'],
		[{ ...good, temperature: -0.1 }, 'temperature'], [{ ...good, language: 'english please' }, 'language'], [{ ...good, max_duration_seconds: 9 }, 'max_duration_seconds'], [{ ...good, max_duration_seconds: 14401 }, 'max_duration_seconds'],
		[{ ...good, max_duration_seconds: 60.5 }, 'max_duration_seconds'], [{ ...good, metadata: { a: 1 } }, 'metadata'], [{ ...good, metadata: ['a'] }, 'metadata'], [{ ...good, metadata: { call_id: 'x' } }, 'metadata'], [{ ...good, metadata: { tenant_id: 'x' } }, 'metadata'], [{ ...good, surprise: 1 }, 'surprise'],
	];
	const dialledBefore = twilio.calls.length;
	for (const [request, field] of table) {
		const { status, body } = await system.post('/calls/initiate', request);
		assert.equal(status, 400, JSON.stringify(request));
		assert.equal(body.error.field, field, JSON.stringify(body));
		assert.ok(body.error.message.length > 5);
	}
	for (const body of ['', '{', '[]', '"x"', 'null', '{"phone_number":"+15550209999","phone_number":"+15550209999"}', '\u0000']) {
		const response = await fetch(`${system.api}/calls/initiate`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
		assert.equal(response.status, 400, JSON.stringify(body));
	}
	const text = await fetch(`${system.api}/calls/initiate`, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: JSON.stringify(good) });
	assert.equal(text.status, 400);
	assert.equal((await system.post('/calls/initiate', good, { 'Idempotency-Key': 'x'.repeat(300) })).status, 400);
	assert.equal(twilio.calls.length, dialledBefore, 'nobody was called');
});

test('what is wrong with a page or a period of a list is said, by field', async () => {
	const later = 'from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z';
	const lists = { '/calls': [later, 'to'], '/leads': [later, 'to'], '/audit': [later, 'to'], '/jobs': ['state=lost', 'state'], '/users': ['limit=0', 'limit'], '/erasures': ['limit=201', 'limit'] };
	for (const [path, [query, field]] of Object.entries(lists)) {
		for (const [wrong, name] of [[query, field], ['cursor=elsewhere', 'cursor'], ['page=2', 'page']]) {
			const answer = await system.get(`${path}?${wrong}`);
			assert.equal(answer.status, 400, `${path}?${wrong}`);
			assert.equal(answer.body.error.field, name, `${path}?${wrong}`);
		}
	}
});

test('an Idempotency-Key makes one call, once', async () => {
	const request = { phone_number: number() };
	const headers = { 'Idempotency-Key': `key-${Date.now()}` };
	const answers = await Promise.all([1, 2, 3, 4].map(() => system.post('/calls/initiate', request, headers)));
	assert.deepEqual(answers.map((a) => a.status), [201, 201, 201, 201]);
	assert.equal(new Set(answers.map((a) => a.body.call_id)).size, 1);
	const other = await system.post('/calls/initiate', { ...request, voice: 'Emily' }, headers);
	assert.equal(other.status, 409);
	const { call } = await dialled(answers[0].body);
	assert.equal(twilio.calls.filter((c) => c.to === request.phone_number).length, 1);
	ok(await twilio.status(call, 'busy'));
});

for (const [name, answers, error] of [
	['a refusal is recorded', [OpenAI.completion({ refusal: 'I cannot help with that.' })], /refused.*cannot help/],
	['an answer cut off twice is recorded', [OpenAI.completion({ content: '{"summary":' }, 'length'), OpenAI.completion({ content: '{"summary":' }, 'length')], /token limit/],
	['an answer cut off once is asked for again', [OpenAI.completion({ content: '{"summary":' }, 'length')], null],
	['prose instead of JSON is asked for again', [OpenAI.completion({ content: 'Sure! The call was nice.' })], null],
	['fences and thoughts are taken off', [OpenAI.completion({ content: '<think>hm</think>\n```json\n' + JSON.stringify(OpenAI.analysis) + '\n```' })], null],
	['a wrong shape twice is recorded', [OpenAI.completion({ content: '{"summary":"x","sentiment":"great"}' }), OpenAI.completion({ content: '{}' })], /sentiment|summary/],
	['the content filter is recorded', [OpenAI.completion({ content: '' }, 'content_filter')], /filter/],
	['no quota is recorded, not tried again', [{ status: 429, body: { error: { message: 'You exceeded your quota', type: 'insufficient_quota', param: null, code: 'insufficient_quota' } } }], /quota/],
	['503 is tried again', [{ status: 503, body: { error: { message: 'overloaded', type: 'server_error', param: null, code: null } }, headers: { 'retry-after-ms': '10' } }], null],
])
	test(`analysis: ${name}`, async () => {
		const record = await initiate();
		const sides = await answered(record);
		said(sides.session, [['AGENT', 'Hello?'], ['USER', 'Hello.']]);
		openai.answers = [...answers];
		await hungUp(sides);
		const summary = await until('the analysis is over', async () => {
			const { body } = await system.get(`/calls/${record.call_id}`);
			return body.summary && body.summary.status !== 'pending' && body.summary;
		});
		assert.equal(openai.answers.length, 0, 'all answers were used');
		if (error) {
			assert.equal(summary.status, 'failed');
			assert.match(summary.error, error);
		} else {
			assert.equal(summary.status, 'completed', JSON.stringify(summary));
			assert.equal(summary.summary, OpenAI.analysis.summary);
		}
		const again = await system.post(`/calls/${record.call_id}/analyze`);
		assert.equal(again.status, 202);
		await until('it is analysed again', async () => (await system.get(`/calls/${record.call_id}`)).body.summary.status === 'completed');
	});

test('analyze needs a call that is over', async () => {
	const record = await initiate();
	const { call } = await dialled(record);
	assert.equal((await system.post(`/calls/${record.call_id}/analyze`)).status, 409);
	assert.equal((await system.post('/calls/0197a000-0000-7000-8000-000000000000/analyze')).status, 404);
	ok(await twilio.status(call, 'busy'));
});

test('a carrier that is down fails the call, in bounded time', { timeout: 60000 }, async () => {
	const create = twilio.onCreate;
	ultravox.onCreate = (params, res) => res.destroy();
	const record = await initiate();
	const ended = await system.call(record.call_id, 'over', isTerminal, 50);
	ultravox.onCreate = create;
	assert.deepEqual([ended.status, ended.end_reason], ['FAILED', 'provider_error']);
	assert.ok(ended.end_detail);
});

test('a last callback that never comes is made up for', { timeout: 60000 }, async () => {
	const [missed, forgotten] = [await initiate(), await initiate()];
	const missedSides = await answered(missed);
	const forgottenSides = await answered(forgotten);
	for (const { call, session } of [missedSides, forgottenSides]) {
		call.status = 'completed';
		call.ended = new Date();
		ok(await ultravox.ended(session, 'agent_hangup'));
	}
	twilio.calls.splice(twilio.calls.indexOf(forgottenSides.call), 1);
	const settled = await system.call(missed.call_id, 'settled', isTerminal, 25);
	assert.deepEqual([settled.status, settled.end_reason], ['COMPLETED', 'agent_hangup']);
	const lost = await system.call(forgotten.call_id, 'settled', isTerminal, 25);
	assert.deepEqual([lost.status, lost.end_reason], ['FAILED', 'lost']);
});

test('a clean stop while the vendors are being asked: dialled once', { timeout: 60000 }, async () => {
	let askedEngine, asked;
	ultravox.onCreate = () => (askedEngine = true); // no answer
	const sessionless = await initiate();
	await until('the engine was asked', () => askedEngine);
	ultravox.onCreate = null;
	twilio.onCreate = (params, res, make) => (asked = make()); // taken, but the answer never comes
	const waiting = await initiate();
	await until('the carrier was asked', () => asked);
	twilio.onCreate = null;

	const { code } = await system.servers.serve.stop();
	assert.equal(code, 0);
	system.launch('serve');
	await system.ready('serve');

	await system.call(waiting.call_id, 'found at the carrier', (c) => c.twilio_call_sid === asked.sid, 30);
	const { call } = await dialled(sessionless);
	await pause(500);
	for (const record of [waiting, sessionless]) assert.equal(twilio.calls.filter((c) => c.to === record.phone_number).length, 1, 'dialled once');
	ok(await twilio.status(asked, 'busy'));
	ok(await twilio.status(call, 'busy'));
});

test('kill -9: ended calls are settled, live ones go on, waiting ones are dialled once', { timeout: 120000 }, async () => {
	const over = await initiate();
	const overSides = await answered(over);
	said(overSides.session, [['AGENT', 'Hello?'], ['USER', 'Hello.']]);
	const alive = await initiate();
	const aliveSides = await answered(alive);
	let asked;
	twilio.onCreate = (params, res, make) => {
		asked = make(); // taken, but the answer never comes
	};
	const waiting = await initiate();
	await until('the carrier was asked', () => asked);
	twilio.onCreate = null;
	let askedEngine;
	ultravox.onCreate = () => (askedEngine = true);
	const sessionless = await initiate();
	await until('the engine was asked', () => askedEngine);
	ultravox.onCreate = null;

	system.servers.serve.kill('SIGKILL');
	await system.servers.serve.exited;
	overSides.call.status = 'completed';
	overSides.call.ended = new Date();
	overSides.session.ended = new Date();
	overSides.session.endReason = 'hangup';
	system.launch('serve');
	await system.ready('serve');

	const settled = await system.call(over.call_id, 'settled', isTerminal, 30);
	assert.equal(settled.status, 'COMPLETED');
	assert.equal((await summarised(over.call_id)).status, 'completed');
	assert.equal(ends(await events(over.call_id)).length, 1);
	assert.equal((await system.get(`/calls/${alive.call_id}`)).body.status, 'IN_PROGRESS');
	await hungUp(aliveSides);
	await system.call(alive.call_id, 'over', isTerminal);
	await system.call(waiting.call_id, 'found at the carrier', (c) => c.twilio_call_sid === asked.sid, 60);
	await pause(500);
	assert.equal(twilio.calls.filter((c) => c.to === waiting.phone_number).length, 1, 'dialled once');
	ok(await twilio.status(asked, 'busy'));
	await system.call(waiting.call_id, 'over', isTerminal);
	const late = await dialled(sessionless);
	assert.equal(twilio.calls.filter((c) => c.to === sessionless.phone_number).length, 1, 'dialled once');
	ok(await twilio.status(late.call, 'busy'));
});
