// Protects what our servers say on the wire against the vendors' own machine-readable contracts: the carrier's
// answers are Twilio's, the engine's answers, webhooks and data messages are Ultravox's, and what the platform and
// the engine ask of Twilio, Ultravox and an OpenAI server is what those vendors know. What we add to a vendor's
// objects stands in EXTENSIONS and REALTIME_OWN; anything else that is added fails.
//
// CONTRACTS_DIR names the folder of the documents; without it everything here is skipped. The documents say
// nothing of errors (Twilio's has no 4xx, Ultravox's no error bodies): carrier_calls and engine_calls hold those.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { System, freeTcpPort, freeUdpPort, isTerminal, until } from '../scenario/system.mjs';
import { Carrier, Phone } from './carrier_harness.mjs';
import { Contract, Recorder, missing, skip } from './contract.mjs';
import { Engine, Model, Platform, Twilio, sleep } from './engine_peer.mjs';

/** What the embedded engine adds to Ultravox's objects, schema by schema. */
const EXTENSIONS = {
	Call: { outcome: { type: 'object', properties: { goal_reached: { type: 'boolean' }, slots: { type: 'object' }, state: { type: 'string' } } } },
};
/** Data messages of its own, with their fields (a transcript also has `confidence`). */
const REALTIME_OWN = {
	turn_timing: ['ordinal', 'endOfSpeechMs', 'recognisedMs', 'answerMs', 'firstAudioMs'],
	outcome: ['outcome'],
};
/** Messages the secondary document lacks, with the fields the vendor's documentation gives them. */
const REALTIME_UNLISTED = { data_connection_tool_invocation: ['toolName', 'invocationId', 'parameters'] };

const ANALYSIS = {
	summary: 'The caller hung up.', key_topics: ['appointment'], action_items: [], conversation_highlights: [], sentiment: 'neutral',
};

const none = (problems, what) => assert.deepEqual(problems, [], what);

let twilio, ultravox, openai, realtime;

before(() => {
	if (skip) return;
	// Twilio's document calls paths of its API "uri": it means a reference (RFC 3986, 4.1)
	twilio = new Contract('twilio', 'twilio_api_v2010.json', {
		closed: true, formats: { uri: (text) => URL.canParse(text, 'https://api.twilio.com') },
	});
	ultravox = new Contract('ultravox', 'ultravox_openapi.yaml', { closed: true });
	openai = new Contract('openai', 'openai_openapi.json');
	realtime = new Contract('realtime', 'ultravox_realtime_asyncapi.json', { closed: true });
	for (const [schema, properties] of Object.entries(EXTENSIONS)) ultravox.extend(schema, properties);
	// What the document leaves out: a call without an agent has none (agentId beside it is nullable), and the
	// fields of a data message are in the document of the realtime messages
	Object.assign(ultravox.schema('Call').properties.agent, { nullable: true });
	ultravox.schema('SendCallDataMessage').additionalProperties = true;
	realtime.extend('TranscriptPayload', { confidence: { type: 'number', minimum: 0, maximum: 1 } });
});

/** A chat completions server that remembers what it was asked and answers `content`. */
class Chat {
	static async start(content) {
		const chat = new Chat();
		chat.requests = [];
		chat.server = createServer(async (request, response) => {
			let body = '';
			for await (const chunk of request) body += chunk;
			chat.requests.push(JSON.parse(body));
			const message = { role: 'assistant', content: JSON.stringify(content), refusal: null };
			response.writeHead(200, { 'Content-Type': 'application/json' });
			response.end(JSON.stringify({
				id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-4o-mini', choices: [{ index: 0, finish_reason: 'stop', message }],
			}));
		});
		await new Promise((done) => chat.server.listen(0, '127.0.0.1', done));
		chat.url = `http://127.0.0.1:${chat.server.address().port}/v1`;
		return chat;
	}

	stop() {
		this.server.closeAllConnections();
		return new Promise((done) => this.server.close(done));
	}
}

function chatProblems(request) {
	return openai.problems({ $ref: '#/components/schemas/CreateChatCompletionRequest', unevaluatedProperties: false }, request);
}

/** The rules of structured outputs that the document does not state: every object closed, every member required. */
function strictProblems(schema, where = '') {
	const problems = [];
	const types = [schema.type].flat();
	if (types.includes('object')) {
		const names = Object.keys(schema.properties ?? {});
		if (schema.additionalProperties !== false) problems.push(`${where}: additionalProperties is not false`);
		if (names.sort().join() !== [...(schema.required ?? [])].sort().join()) problems.push(`${where}: not every member is required`);
		for (const name of names) problems.push(...strictProblems(schema.properties[name], `${where}/${name}`));
	}
	if (schema.items) problems.push(...strictProblems(schema.items, `${where}/items`));
	for (const [i, branch] of (schema.anyOf ?? []).entries()) problems.push(...strictProblems(branch, `${where}/anyOf/${i}`));
	for (const key of ['allOf', 'oneOf', 'not', 'if', 'dependentRequired', 'patternProperties', 'default'])
		if (key in schema) problems.push(`${where}: ${key} is not supported`);
	return problems;
}

/** Against the document of the realtime messages, ours and the unlisted ones by name. */
function realtimeProblems(message) {
	const own = REALTIME_OWN[message.type] ?? REALTIME_UNLISTED[message.type];
	if (own) {
		const { type, ...fields } = message;
		return Object.keys(fields).filter((name) => !own.includes(name)).map((name) => `${type}: ${name}`);
	}
	const name = message.type.replace(/(^|_)(\w)/g, (whole, bar, letter) => letter.toUpperCase()) + 'Payload';
	return realtime.schema(name) ? realtime.problems(name, message) : [`${message.type}: no such message`];
}

test('the documents notice what is wrong', { skip }, () => {
	const account = `/2010-04-01/Accounts/AC${'0'.repeat(32)}`;
	const form = { 'content-type': 'application/x-www-form-urlencoded' };
	const json = { 'content-type': 'application/json' };
	const request = (contract, path, headers, body, method = 'POST') =>
		contract.requestProblems({ method, path, query: new URL(path, 'http://x').searchParams, headers, body }).join();
	const call = (more) => request(twilio, `${account}/Calls.json`, form, `To=%2B1&From=%2B2&Url=http://x/${more}`);
	assert.equal(call('&StatusCallbackEvent=initiated&StatusCallbackEvent=completed&Timeout=20&Record=true'), '');
	for (const [more, problem] of [
		['&Tiemout=20', /Tiemout: unknown/], ['&Timeout=soon', /Timeout.*integer/], ['&Record=maybe', /Record.*boolean/], ['&Method=PUT', /Method.*allowed values/],
		['&Timeout=1&Timeout=2', /given 2 times/],
	]) assert.match(call(more), problem);
	assert.match(request(twilio, `${account}/Calls.json`, form, 'To=%2B1'), /From: missing/);
	assert.match(request(twilio, `${account}/Calls.json`, json, '{}'), /content type/);
	assert.match(request(twilio, `${account}/Calls/CA1.json`, {}, '', 'GET'), /path Sid/);
	assert.match(request(twilio, `${account}/Cells.json`, form, ''), /no such operation/);
	const create = (body) => request(ultravox, '/api/calls', json, JSON.stringify(body));
	assert.equal(create({ maxDuration: '60s', medium: { twilio: {} } }), '');
	for (const body of [{ maxDuration: '60' }, { medium: { fax: {} } }, { sysPrompt: '' }, { initialMessages: [{ role: 'user' }] }, { metadata: { a: 1 } }])
		assert.notEqual(create(body), '', JSON.stringify(body));
	assert.notDeepEqual(twilio.answerProblems('POST', `${account}/Calls.json`, 200, {}), []);
	for (const body of [{ status: 'banana' }, { date_created: '2026-01-01T00:00:00Z' }, { duration: 3 }, { extra: 1 }])
		assert.notDeepEqual(twilio.answerProblems('POST', `${account}/Calls.json`, 201, body), [], JSON.stringify(body));
	const chat = { model: 'm', messages: [{ role: 'user', content: 'x' }] };
	none(chatProblems(chat));
	for (const more of [{ temperature: 9 }, { messages: [] }, { messages: [{ role: 'robot', content: 'x' }] }, { model: undefined }, { max_tokenz: 1 }])
		assert.notDeepEqual(chatProblems(JSON.parse(JSON.stringify({ ...chat, ...more }))), [], JSON.stringify(more));
	const object = { type: 'object', properties: { a: { type: 'object', properties: { b: {} }, required: ['b'] } }, required: [], additionalProperties: false };
	assert.equal(strictProblems(object).length, 2);
	assert.notDeepEqual(realtimeProblems({ type: 'transcript', role: 'agent', text: null, delta: 'x', final: false, ordinal: 0 }), []);
	assert.notDeepEqual(realtimeProblems({ type: 'state', state: 'dreaming' }), []);
	assert.notDeepEqual(realtimeProblems({ type: 'gossip' }), []);
	assert.deepEqual(missing({ properties: { a: {}, b: {} } }, { a: null }), ['b']);
});

test('the carrier answers as Twilio does', { skip, timeout: 120000 }, async (t) => {
	const carrier = await Carrier.start({ RECORD_CALLS: 'true' });
	t.after(() => carrier.stop());
	const account = `/2010-04-01/Accounts/${carrier.sid}`;
	const ask = async (method, path, form) => {
		const response = await fetch(carrier.url + account + path, {
			method, headers: { ...carrier.authorization }, body: form && new URLSearchParams(form),
		});
		const text = await response.text();
		const body = text ? JSON.parse(text) : undefined;
		none(twilio.answerProblems(method, account + path.replace(/\?.*/, ''), response.status, body), `${method} ${path}`);
		return body;
	};
	const whole = (schema, resource) => none(missing(twilio.schema(schema), resource), `${schema} is complete`);

	carrier.customer.pages['/voice'] = '<Response><Pause length="20"/></Response>';
	const phone = await carrier.phone('answer');
	const created = await ask('POST', '/Calls.json', [
		['To', '+15550100001'], ['From', '+15550100000'], ['Url', carrier.customer.url('/voice')], ['Record', 'true'], ['RecordingChannels', 'dual'],
	]);
	whole('api.v2010.account.call', created);
	const live = await until('the call is answered', async () => {
		const call = await ask('GET', `/Calls/${created.sid}.json`);
		return call.status === 'in-progress' && call;
	});
	whole('api.v2010.account.call', live);
	await ask('GET', `/Calls/${created.sid}/Recordings.json`);
	await phone.talking();
	await phone.speak(0x2a, 1500); // what is silent throughout is recorded as absent
	const stream = await ask('POST', `/Calls/${created.sid}/Streams.json`, [['Url', 'ws://127.0.0.1:9/nobody'], ['Track', 'both_tracks']]);
	whole('api.v2010.account.call.stream', stream);
	whole('api.v2010.account.call', await ask('POST', `/Calls/${created.sid}.json`, [['Status', 'completed']]));
	await carrier.ended(created.sid);
	whole('api.v2010.account.call', await ask('GET', `/Calls/${created.sid}.json`));
	assert.equal(await phone.end(), 0);

	const { calls } = await ask('GET', '/Calls.json?PageSize=1');
	assert.equal(calls.length, 1);
	const recordings = await until('the recording is complete', async () => {
		const page = await ask('GET', `/Calls/${created.sid}/Recordings.json`);
		return page.recordings[0]?.status === 'completed' && page.recordings;
	});
	whole('api.v2010.account.call.call_recording', recordings[0]);
	whole('api.v2010.account.call.call_recording', await ask('GET', `/Calls/${created.sid}/Recordings/${recordings[0].sid}.json`));
	const all = await ask('GET', '/Recordings.json');
	whole('api.v2010.account.recording', all.recordings[0]);
	whole('api.v2010.account.recording', await ask('GET', `/Recordings/${recordings[0].sid}.json`));
	whole('api.v2010.account', await ask('GET', '.json'));
	await ask('DELETE', `/Recordings/${recordings[0].sid}.json`);
	await ask('DELETE', `/Calls/${created.sid}.json`);

	const { incoming_phone_numbers: numbers } = await ask('GET', '/IncomingPhoneNumbers.json?PageSize=1');
	whole('api.v2010.account.incoming_phone_number', numbers[0]);
	const bought = await ask('POST', '/IncomingPhoneNumbers.json', [['PhoneNumber', '+15550100031'], ['VoiceUrl', carrier.customer.url('/voice')]]);
	whole('api.v2010.account.incoming_phone_number', bought);
	await ask('GET', `/IncomingPhoneNumbers/${bought.sid}.json`);
	await ask('POST', `/IncomingPhoneNumbers/${bought.sid}.json`, [['VoiceUrl', ''], ['FriendlyName', 'Desk']]);
	await ask('DELETE', `/IncomingPhoneNumbers/${bought.sid}.json`);

	const refused = await ask('POST', '/Calls.json', [['To', '+15550100001'], ['From', '+15550100000'], ['Twiml', '<Response/>']]);
	await ask('POST', `/Calls/${refused.sid}.json`, [['Status', 'canceled']]);
	whole('api.v2010.account.call', await ask('GET', `/Calls/${refused.sid}.json`));
});

test('what the platform asks of Twilio, Ultravox and OpenAI is what they know', { skip, timeout: 120000 }, async (t) => {
	const phonePort = await freeUdpPort();
	const chat = await Chat.start(ANALYSIS);
	let system;
	const toCarrier = await Recorder.start(() => system.url('carrier'));
	const toEngine = await Recorder.start(() => system.url('engine'));
	const phones = [];
	t.after(async () => {
		for (const phone of phones) {
			if (phone.child.exitCode !== null) continue;
			phone.child.kill('SIGKILL');
			phone.socket.close();
		}
		await system?.stop();
		await Promise.all([chat, toCarrier, toEngine].map((peer) => peer.stop()));
	});
	const ports = { CARRIER_PORT: String(await freeTcpPort()), ENGINE_PORT: String(await freeTcpPort()) };
	system = { url: (name) => `http://127.0.0.1:${ports[`${name.toUpperCase()}_PORT`]}`, stop() {} };
	system = await System.start({
		...ports, SIP_TRUNK_URI: `sip:127.0.0.1:${phonePort}`, RECORD_CALLS: 'true', TWILIO_API_URL: toCarrier.url,
		ULTRAVOX_API_URL: `${toEngine.url}/api`, OPENAI_API_URL: chat.url,
	});
	const initiate = async (more = {}) => {
		const { status, body } = await system.post('/calls/initiate', { phone_number: '+15550100001', agent: 'appointment', ...more });
		assert.equal(status, 201, JSON.stringify(body));
		return body.call_id;
	};
	const end = async (id) => {
		assert.equal((await system.post(`/calls/${id}/end`)).status, 200);
		await system.call(id, 'over', isTerminal);
	};
	const talking = (id) => system.call(id, 'in progress', (call) => call.status === 'IN_PROGRESS');

	const dial = async (...how) => {
		const phone = await Phone.start(...how);
		phones.push(phone);
		return phone;
	};

	/* A call with everything that can be asked for; the platform dies in the middle. */
	let phone = await dial('answer', { port: phonePort });
	let id = await initiate({
		voice: 'Emily', system_prompt: 'Be kind.', first_message: 'Hello, this is a test.', temperature: 0.4, language: 'en-US',
		max_duration_seconds: 90, metadata: { order: '17' },
	});
	await talking(id);
	await until('the agent speaks', async () => (await system.get(`/calls/${id}/transcript`)).body.transcript?.length > 0);
	system.servers.serve.kill('SIGKILL');
	await system.servers.serve.exited;
	system.launch('serve');
	await system.ready('serve');
	await until('the carrier is asked how the call is', () => toCarrier.of('GET', /\/Calls\/CA\w+\.json$/).length > 0);
	await end(id);
	assert.equal(await phone.end(), 0);
	await until('OpenAI is asked', () => chat.requests.length > 0, 30);
	await until('the messages are asked for', () => toEngine.of('GET', /messages$/).length > 0, 30);

	/* One that is ended while it rings. */
	phone = await dial('ring', { port: phonePort });
	id = await initiate();
	await system.call(id, 'ringing', (call) => call.status === 'RINGING');
	await end(id);
	assert.equal(await phone.end(), 0);

	/* One whose creation is never confirmed: its callbacks tell who it is. */
	phone = await dial('ring', { port: phonePort });
	toCarrier.lose = /\/Calls\.json$/;
	id = await initiate();
	await system.call(id, 'known', (call) => call.twilio_call_sid);
	await end(id);
	assert.equal(await phone.end(), 0);

	/* An inbound one. */
	phone = await dial('call', {
		target: `127.0.0.1:${system.settings.SIP_PORT}`, words: { CALLED: '+15550100000', CALLER: '+15550100009' },
	});
	const { call_id: inbound } = await until('the inbound call', async () => (await system.get('/calls/active/list')).body.calls[0]);
	await talking(inbound);
	await until('its recording is asked for', () => toCarrier.of('POST', /\/Recordings\.json$/).length > 0);
	await end(inbound);
	assert.equal(await phone.end(), 0);

	const media = /\/Recordings\/RE\w+\.wav$/; // files are no part of the document
	for (const [contract, recorder] of [[twilio, toCarrier], [ultravox, toEngine]]) {
		for (const request of recorder.requests.filter(({ path }) => !media.test(path))) {
			none(contract.requestProblems(request), request.body);
			// ending a call that has just ended is a race that the vendor answers with 400, code 21220
			if (request.method === 'POST' && /\/Calls\/CA\w+\.json$/.test(request.path) && request.status === 400) continue;
			assert.ok(request.status < 300, `${request.method} ${request.path} was answered ${request.status}`);
		}
	}
	for (const { body: message } of toEngine.of('POST', /send_data_message$/)) none(realtimeProblems(JSON.parse(message)), message);
	assert.equal(toCarrier.of('POST', /\/Calls\.json$/).length, 3);
	assert.equal(toEngine.of('POST', /\/calls$/).length, 4);
	assert.ok(toCarrier.of('POST', /\/Calls\/CA\w+\.json$/).length >= 3, 'calls were ended by a request');
	for (const request of chat.requests) {
		none(chatProblems(request), JSON.stringify(request));
		const { json_schema } = request.response_format;
		assert.equal(json_schema.strict, true);
		assert.equal(json_schema.schema.type, 'object');
		assert.match(json_schema.name, /^[a-zA-Z0-9_-]{1,64}$/);
		none(strictProblems(json_schema.schema), 'structured outputs');
	}
});

test('the engine answers, tells and asks as Ultravox does', { skip, timeout: 120000 }, async (t) => {
	const platform = await Platform.start(await freeTcpPort());
	const words = (text) => [Model.chunk({ role: 'assistant', content: text }), Model.chunk({}, 'stop'), 'data: [DONE]\n\n'];
	let script = [];
	const model = await Model.start(await freeTcpPort(), () => script.shift() ?? words('I see.'));
	const engine = await Engine.start({ port: await freeTcpPort(), env: { LLM_API_URL: model.url, LLM_MODEL: 'test-model' } });
	const phones = [];
	t.after(async () => {
		for (const phone of phones) phone.end();
		await engine.remove();
		await Promise.all([platform, model].map((peer) => peer.stop()));
	});
	const ask = async (method, path, body) => {
		const answer = await engine.request(method, path, body);
		none(ultravox.answerProblems(method, path.replace(/\?.*/, ''), answer.status, answer.json ?? undefined), `${method} ${path}`);
		return answer.json;
	};
	const whole = (call) => {
		// optional in the document, and only there when asked for
		const optional = ['externalVoice', 'voiceOverrides', 'dataConnectionConfig', 'callbacks', 'outcome'];
		none(missing(ultravox.schema('Call'), call).filter((name) => !optional.includes(name)), 'the Call is complete');
	};

	const hook = await ask('POST', '/api/webhooks', { url: `${platform.url}/account`, events: ['call.started', 'call.joined', 'call.ended', 'call.billed'] });
	await ask('GET', '/api/webhooks');
	await ask('GET', `/api/webhooks/${hook.webhookId}`);
	await ask('PATCH', `/api/webhooks/${hook.webhookId}`, { url: `${platform.url}/account2` });
	for (const path of ['/api/voices', '/api/voices?search=emily', '/api/models', '/api/models?pageSize=1']) await ask('GET', path);
	const [voice] = (await ask('GET', '/api/voices')).results;
	await ask('GET', `/api/voices/${voice.voiceId}`);

	/* A call that uses whatever the engine offers. */
	const tool = {
		temporaryTool: {
			modelToolName: 'lookup', description: 'Looks an order up', timeout: '3s', dataConnection: {},
			dynamicParameters: [{ name: 'order', location: 'PARAMETER_LOCATION_BODY', schema: { type: 'string', description: 'Its number' }, required: true }],
		},
	};
	script = [
		words('Hello, which order?'),
		[Model.chunk({ role: 'assistant', tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'lookup', arguments: '{"order":"42"}' } }] }), Model.chunk({}, 'tool_calls'), 'data: [DONE]\n\n'],
		words('It is on its way.'),
	];
	const request = {
		model: 'test-model', systemPrompt: 'Help.', temperature: 0.3, voice: voice.voiceId, languageHint: 'en-US', medium: { twilio: {} },
		recordingEnabled: true, joinTimeout: '20s', maxDuration: '60s', timeExceededMessage: 'Time is up.', metadata: { a: 'b' },
		initialMessages: [{ role: 'MESSAGE_ROLE_USER', text: 'I called before.' }], selectedTools: [tool, { toolName: 'hangUp' }],
		inactivityMessages: [{ duration: '30s', message: 'Still there?' }], firstSpeakerSettings: { agent: {} },
		vadSettings: { turnEndpointDelay: '0.4s' }, experimentalSettings: { turnTiming: true }, sharedSecrets: ['0123456789abcdef'],
		dataConnection: { websocketUrl: platform.url.replace('http', 'ws') + '/data' },
		callbacks: Object.fromEntries(['joined', 'ended', 'billed'].map((name) => [name, { url: `${platform.url}/${name}`, secrets: ['s'] }])),
	};
	none(ultravox.problems('ultravox.v1.StartCallRequest', request), 'the test asks for nothing that Ultravox does not know');
	const call = await ask('POST', '/api/calls', request);
	whole(call);
	const phone = new Twilio(call.joinUrl);
	phones.push(phone);
	await phone.start();
	const final = (role) => platform.messages.filter((message) => message.type === 'transcript' && message.role === role && message.final);
	await until('the greeting', () => final('agent').length > 0);
	await until('the line is quiet', () => phone.silent());
	whole(await ask('GET', `/api/calls/${call.callId}`));
	platform.links.at(-1).socket.send(JSON.stringify({ type: 'ping', timestamp: 12.5 }));
	phone.say('It is order number forty two');
	const invocation = await until('the tool is invoked', () => platform.of('data_connection_tool_invocation')[0], 30);
	platform.links.at(-1).socket.send(JSON.stringify({ type: 'data_connection_tool_result', invocationId: invocation.invocationId, result: 'sent' }));
	await until('the answer', () => final('agent').length > 1, 30);
	await ask('GET', `/api/calls/${call.callId}/messages`);
	phone.hangUp();
	await until('the call is over', async () => (await ask('GET', `/api/calls/${call.callId}`)).ended);
	whole(await ask('GET', `/api/calls/${call.callId}`));
	const { results } = await ask('GET', `/api/calls/${call.callId}/messages?mode=in_call`);
	assert.deepEqual(new Set(results.map((message) => message.role.slice(13))), new Set(['USER', 'AGENT', 'TOOL_CALL', 'TOOL_RESULT']));
	for (const path of ['/api/calls', '/api/calls?pageSize=1&sort=created', `/api/calls/${call.callId}/messages?pageSize=1`]) await ask('GET', path);

	/* A flow over serverWebSocket: the client's messages, and an outcome. */
	const second = await ask('POST', '/api/calls', { model: 'flow/appointment', medium: { serverWebSocket: { inputSampleRate: 8000 } } });
	const socket = new WebSocket(second.joinUrl);
	const seen = [];
	socket.on('message', (data, binary) => binary || seen.push(JSON.parse(data)));
	await new Promise((done) => socket.on('open', done));
	socket.send(JSON.stringify({ type: 'ping', timestamp: 12.5 }));
	await until('the flow speaks', () => seen.some((message) => message.type === 'transcript' && message.final), 30);
	await engine.request('POST', `/api/calls/${second.callId}/send_data_message`, { type: 'hang_up', message: '' });
	await new Promise((done) => socket.on('close', done));
	const ended = await ask('GET', `/api/calls/${second.callId}`);
	assert.equal(ended.outcome.goal_reached, false);

	const unjoined = await ask('POST', '/api/calls', { ...request, joinTimeout: '0.1s' });
	await until('the call nobody joined is over', async () => (await ask('GET', `/api/calls/${unjoined.callId}`)).endReason === 'unjoined');
	await ask('DELETE', `/api/calls/${unjoined.callId}`);
	await ask('DELETE', `/api/webhooks/${hook.webhookId}`);

	/* What was told meanwhile. */
	await until('every webhook', () => ['/joined', '/ended', '/billed'].every((url) => platform.events.some((event) => event.url === url)));
	await until('the account was told', () => platform.events.filter((event) => event.url === '/account2').length >= 10);
	for (const { url, json } of platform.events) {
		assert.deepEqual(Object.keys(json).sort(), ['call', 'event'], url);
		none([...ultravox.problems('EventsEnum', json.event), ...ultravox.problems('Call', json.call)], `${json.event} at ${url}`);
		whole(json.call);
	}
	const told = platform.messages.map(({ at, ...message }) => message);
	for (const message of [...told, ...seen]) none(realtimeProblems(message), JSON.stringify(message));
	for (const type of ['call_started', 'state', 'transcript', 'pong', 'turn_timing', 'data_connection_tool_invocation'])
		assert.ok(told.some((message) => message.type === type), `${type} was told`);
	for (const type of ['call_started', 'state', 'transcript', 'pong', 'outcome'])
		assert.ok(seen.some((message) => message.type === type), `${type} was sent to the client`);

	/* What the model was asked. */
	assert.ok(model.requests.length >= 3);
	for (const asked of model.requests) none(chatProblems(asked), JSON.stringify(asked));
	assert.ok(model.requests.some((asked) => asked.messages.some(({ role }) => role === 'tool')));
});
