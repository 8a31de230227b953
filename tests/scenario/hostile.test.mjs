// Protects: whatever comes in. Bad requests, frames, datagrams and audio at every door of the three
// servers get a clear refusal; nothing crashes, no sanitizer speaks, calls still work afterwards, and
// the logs of it all (at DEBUG) hold neither a full phone number nor a secret.
import assert from 'node:assert/strict';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Socket, dataHeaders, exchange, frame, post, twilioSignature, udp } from './raw.mjs';
import { System, freeUdpPort, isTerminal } from './system.mjs';

let system, secrets, ports, deadPort;
const servers = ['carrier', 'engine', 'serve'];
const CALLEE = '+15550142345', CALLER = '+15550198765';

before(async () => {
	system = await System.start({ LOG_LEVEL: 'DEBUG', RTP_TIMEOUT_SECONDS: '10' }, servers);
	system.launch('callee');
	const text = readFileSync(join(system.settings.DATA_DIR, 'secrets.env'), 'utf8');
	secrets = Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
	ports = Object.fromEntries(['PORT', 'CARRIER_PORT', 'ENGINE_PORT', 'SIP_PORT'].map((name) => [name, Number(system.settings[name])]));
	deadPort = await freeUdpPort();
}, { timeout: 60000 });

after(async () => {
	if (!system) return;
	if (process.env.SHOW_LOGS) console.error(system.logs());
	const results = await system.stop();
	assertSane();
	for (const [i, { code, signal }] of results.entries()) assert.equal(code, 0, `${Object.keys(system.servers)[i]} ended with ${code ?? signal}\n${system.logs()}`);
});

function assertSane() {
	for (const [name, server] of Object.entries(system.servers))
		assert.doesNotMatch(server.stderr, /Sanitizer|runtime error:/, `${name}:\n${server.stderr.match(/.*(Sanitizer|runtime error:)[^]{0,8000}/)?.[0]}`);
}

/** Everything lives, is ready, and takes new work. */
async function alive() {
	assertSane();
	for (const name of servers) {
		assert.ok(system.servers[name].running, `${name} died\n${system.servers[name].stderr.slice(-3000)}`);
		assert.equal((await fetch(`${system.url(name)}/health`)).status, 200, name);
		assert.equal((await fetch(`${system.url(name)}/ready`)).status, 200, name);
	}
	const { status, body } = await system.post('/calls/initiate', { phone_number: `sip:nobody@127.0.0.1:${deadPort}` });
	assert.equal(status, 201, JSON.stringify(body));
	assert.equal((await system.post(`/calls/${body.call_id}/end`)).status, 200);
	return body.call_id;
}

const door = (name, run, options = { timeout: 120000 }) =>
	test(name, options, async (t) => {
		await run(t);
		await alive();
	});

const json = (text) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
const bytes = (n, fill = 'x') => fill.repeat(n);
const deep = (n) => '['.repeat(n) + ']'.repeat(n);

// ---- the platform's API ----

const fine = { phone_number: '+15550100001' };
const badBodies = [
	['phone_number', {}],
	['phone_number', { phone_number: null }],
	['phone_number', { phone_number: 5 }],
	['phone_number', { phone_number: [] }],
	['phone_number', { phone_number: '' }],
	['phone_number', { phone_number: '5550100' }],
	['phone_number', { phone_number: '+0123456789' }],
	['phone_number', { phone_number: '+1555abc0000' }],
	['phone_number', { phone_number: `+${bytes(16, '1')}` }],
	['phone_number', { phone_number: `+${bytes(100000, '1')}` }],
	['phone_number', { phone_number: '+15550100001\r\nX: y' }],
	['phone_number', { phone_number: 'sip:' }],
	['phone_number', { phone_number: 'sip:a@b@c' }],
	['phone_number', { phone_number: 'sip:a@b>\r\nVia: x' }],
	['phone_number', { phone_number: 'tel:+15550100001' }],
	['agent', { ...fine, agent: 'no-such-agent' }],
	['agent', { ...fine, agent: '../../etc/passwd' }],
	['agent', { ...fine, agent: 7 }],
	['agent', { ...fine, agent: bytes(100000) }],
	['voice', { ...fine, voice: {} }],
	['voice', { ...fine, voice: '' }],
	['voice', { ...fine, voice: bytes(65) }],
	['system_prompt', { ...fine, system_prompt: true }],
	['system_prompt', { ...fine, system_prompt: bytes(400000) }],
	['first_message', { ...fine, first_message: ['x'] }],
	['first_message', { ...fine, first_message: bytes(200000) }],
	['language', { ...fine, language: 'english language' }],
	['language', { ...fine, language: 'en-' }],
	['language', { ...fine, language: 1.5 }],
	['temperature', { ...fine, temperature: '0.5' }],
	['temperature', { ...fine, temperature: -0.1 }],
	['temperature', { ...fine, temperature: 1e308 }],
	['max_duration_seconds', { ...fine, max_duration_seconds: 0 }],
	['max_duration_seconds', { ...fine, max_duration_seconds: 1e9 }],
	['max_duration_seconds', { ...fine, max_duration_seconds: 60.5 }],
	['max_duration_seconds', { ...fine, max_duration_seconds: '60' }],
	['metadata', { ...fine, metadata: 'x' }],
	['metadata', { ...fine, metadata: { a: 1 } }],
	['metadata', { ...fine, metadata: { a: { b: 'c' } } }],
	['metadata', { ...fine, metadata: { '': 'x' } }],
	['metadata', { ...fine, metadata: { [bytes(65)]: 'x' } }],
	['metadata', { ...fine, metadata: { a: bytes(1025) } }],
	['metadata', { ...fine, metadata: { call_id: 'x' } }],
	['metadata', { ...fine, metadata: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, 'v'])) }],
	['phone_numbers', { ...fine, phone_numbers: [] }],
	['__proto__x', { ...fine, __proto__x: 1 }],
];

door('initiate names the field that is wrong', async () => {
	for (const [field, body] of badBodies) {
		const answer = await system.post('/calls/initiate', body);
		const shown = JSON.stringify(body).slice(0, 100);
		assert.equal(answer.status, 400, `${shown}: ${answer.status} ${JSON.stringify(answer.body)}`);
		assert.equal(answer.body.error.field, field, shown);
		assert.ok(answer.body.error.message.length > 10, shown);
	}
});

door('initiate refuses what is no JSON object', async () => {
	const path = '/api/v1/calls/initiate';
	const bodies = [
		'', ' ', '{', '{"phone_number":', 'null', '[]', '"x"', '17', 'NaN', '{"phone_number":"+15550100001",}', '{"a":1}{"b":2}',
		'{"phone_number":"+15550100001","phone_number":"+15550100002"}', deep(100000), `{"metadata":${deep(5000)}}`, '{"a":1e99999}', '{"a":99999999999999999999999}',
		'{"a":"\\ud800"}', '{"a":"\\u0000"}', '{"phone_number":"+1555010\\u00000001"}', Buffer.from([0]), Buffer.from('{"a":"\0"}'), Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
		Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), Buffer.from('{"phone_number":"+1555\xc3\x28"}', 'latin1'), randomBytes(5000),
	];
	for (const body of bodies) {
		const { status, text } = await exchange(ports.PORT, post(path, body));
		assert.equal(status, 400, `${String(body).slice(0, 60)}: ${text.slice(0, 300)}`);
		assert.ok(json(text).error.message, text.slice(0, 300));
	}
	for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', '', 'multipart/form-data; boundary=x', bytes(300)]) {
		const { status } = await exchange(ports.PORT, post(path, JSON.stringify(fine), type));
		assert.equal(status, 400, type);
	}
	for (const key of [bytes(300), 'a b', '\t', 'é'])
		assert.equal((await exchange(ports.PORT, post(path, JSON.stringify(fine), 'application/json', `Idempotency-Key: ${key}\r\n`))).status, 400, key);
	assert.equal((await exchange(ports.PORT, post(path, bytes(20 << 20)), { ms: 10000 })).status, 413);
	assert.equal((await exchange(ports.PORT, `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n`)).status, 413);
});

door('unknown ids are 404, wrong methods 405, wrong queries 400', async () => {
	const ids = [randomUUID(), 'x', '%ff', '..%2f..%2fetc%2fpasswd', "'%20OR%201=1--", bytes(3000), '%e2%82%ac', '%2e%2e', '-1'];
	for (const id of ids) {
		for (const tail of ['', '/transcript', '/summary', '/events', '/recording']) {
			const { status, text } = await exchange(ports.PORT, `GET /api/v1/calls/${id}${tail} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
			assert.ok([400, 404].includes(status), `GET ${id.slice(0, 40)}${tail}: ${text.slice(0, 200)}`);
		}
		for (const tail of ['/end', '/analyze']) {
			const { status, text } = await exchange(ports.PORT, post(`/api/v1/calls/${id}${tail}`, '{}'));
			assert.ok([400, 404].includes(status), `POST ${id.slice(0, 40)}${tail}: ${text.slice(0, 200)}`);
		}
	}
	// The library below drops a %00 at the end of a path, and the connection for any other.
	for (const path of ['calls/%00', 'calls/x%00y', '%00'])
		assert.ok((await exchange(ports.PORT, `GET /api/v1/${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).status < 500, path);
	const methods = [['GET', '/calls/initiate'], ['DELETE', '/calls/initiate'], ['POST', '/calls/active/list'], ['PUT', '/calls/'], ['PATCH', `/calls/${randomUUID()}/summary`], ['GET', '/webhooks/twilio/voice'], ['GET', '/webhooks/ultravox/events']];
	for (const [method, path] of methods) {
		const { status, text } = await exchange(ports.PORT, `${method} /api/v1${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
		// GET /calls/initiate is the call whose id is "initiate".
		assert.ok(status === 405 || (path === '/calls/initiate' && status === 404), `${method} ${path}: ${text.slice(0, 200)}`);
	}
	const queries = ['limit=0', 'limit=-1', 'limit=abc', 'limit=99999999999999999999', 'cursor=%ff', 'cursor=AAAA', 'cursor=../..', 'status=NOPE', 'direction=sideways', 'from=yesterday', 'to=9999-99-99', 'nosuch=1', `number=${bytes(3000)}`, 'text=%00'];
	for (const query of queries) {
		const { status, text } = await exchange(ports.PORT, `GET /api/v1/calls/?${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
		// 0: the library drops the connection for a %00.
		assert.ok(status === 400 || (status === 200 && /^(number|text)/.test(query)) || (status === 0 && query.includes('%00')), `${query.slice(0, 40)}: ${text.slice(0, 300)}`);
	}
	const tables = (await system.get("/calls/?text='%3B%20DROP%20TABLE%20call%3B--")).status;
	assert.equal(tables, 200);
});

door('malformed HTTP at each server', async () => {
	const requests = [
		'\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n', 'GET / HTTP/1.1\r\nno colon here\r\n\r\n',
		'GET / HTTP/1.1\r\n: empty\r\n\r\n', `GET /${bytes(100000)} HTTP/1.1\r\nHost: x\r\n\r\n`, `GET / HTTP/1.1\r\nX: ${bytes(100000)}\r\n\r\n`,
		`GET / HTTP/1.1\r\n${Array.from({ length: 5000 }, (_, i) => `X-${i}: y\r\n`).join('')}\r\n`, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n',
		'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc',
		'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n',
		'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc', 'GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n',
		'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', randomBytes(4000), Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), Buffer.alloc(2000),
	];
	for (const port of [ports.PORT, ports.CARRIER_PORT, ports.ENGINE_PORT]) {
		for (const request of requests) {
			const { status, text } = await exchange(port, request, { ms: 1500, end: true });
			assert.ok(status < 500 || status === 501 || status === 505, `${String(request).slice(0, 50)}: ${text.slice(0, 200)}`);
		}
	}
});

door('more headers than anybody needs', async () => {
	for (const port of [ports.PORT, ports.CARRIER_PORT, ports.ENGINE_PORT]) {
		const ask = (count) => exchange(port, `GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n${'Accept: a/b\r\n'.repeat(count)}\r\n`);
		assert.equal((await ask(40)).status, 200);
		const refused = await ask(70);
		assert.equal(refused.status, 431, refused.text);
		if (port === ports.PORT) assert.equal(json(refused.text).error.code, 'headers_too_large');
		assert.ok((await ask(2000)).closed);
	}
});

// ---- webhooks ----

const webhookPaths = () => ['voice', `connect/${randomUUID()}`, `status/${randomUUID()}`, 'status/inbound', `recording/${randomUUID()}`].map((path) => `/api/v1/webhooks/twilio/${path}`);
const formType = 'application/x-www-form-urlencoded';
const publicUrl = (path) => `${system.settings.API_BASE_URL ?? `http://127.0.0.1:${ports.PORT}`}${path}`;
const form = (fields) => new URLSearchParams(fields).toString();

door('webhooks of the carrier: unsigned, badly signed, garbage', async () => {
	const fields = { CallSid: `CA${bytes(32, 'a')}`, CallStatus: 'completed', From: CALLER, To: CALLEE };
	for (const path of webhookPaths()) {
		const signature = twilioSignature(secrets.TWILIO_AUTH_TOKEN, publicUrl(path), fields);
		const wrong = [
			null, '', 'x', bytes(4000), signature.slice(1), twilioSignature('guess', publicUrl(path), fields), twilioSignature('', publicUrl(path), fields),
			twilioSignature(secrets.TWILIO_AUTH_TOKEN, publicUrl(`${path}x`), fields), twilioSignature(secrets.TWILIO_AUTH_TOKEN, publicUrl(path), { ...fields, To: CALLER }),
		];
		for (const value of wrong) {
			const { status, text } = await exchange(ports.PORT, post(path, form(fields), formType, value === null ? '' : `X-Twilio-Signature: ${value}\r\n`));
			assert.equal(status, 403, `${path} ${String(value).slice(0, 40)}: ${text.slice(0, 200)}`);
		}
		// The Host header must not decide what was signed.
		for (const [host, expected] of [['evil', 403], ['evil.example', 421]]) {
			const forged = twilioSignature(secrets.TWILIO_AUTH_TOKEN, `http://${host}${path}`, fields);
			const { status } = await exchange(ports.PORT, Buffer.from(post(path, form(fields), formType, `X-Twilio-Signature: ${forged}\r\n`).toString().replace('Host: localhost', `Host: ${host}`)));
			assert.equal(status, expected, host);
		}
		for (const body of ['', '%', '%zz=1', '&&&==', bytes(50000), form(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, 'v']))), '\0\0', randomBytes(3000)]) {
			const answer = await exchange(ports.PORT, post(path, body, formType, `X-Twilio-Signature: ${signature}\r\n`));
			assert.ok([400, 403].includes(answer.status), `${path} ${String(body).slice(0, 30)}: ${answer.text.slice(0, 200)}`);
		}
	}
});

door('webhooks of the carrier: signed nonsense', async () => {
	const sets = [
		{}, { CallSid: '' }, { CallSid: 'x' }, { CallSid: bytes(5000) }, { CallSid: '../../x', CallStatus: 'ringing' }, { CallSid: `CA${bytes(32, '0')}`, CallStatus: 'no such status' },
		{ CallSid: `CA${bytes(32, '1')}`, CallStatus: 'completed', CallDuration: '-1', SequenceNumber: '99999999999999999999' },
		{ CallSid: `CA${bytes(32, '2')}`, CallStatus: 'in-progress', SipResponseCode: 'abc', AnsweredBy: '\u0001\u0002' },
		{ CallSid: `CA${bytes(32, '3')}`, RecordingSid: '../..', RecordingUrl: 'file:///etc/passwd', RecordingStatus: 'completed', RecordingDuration: 'x' },
	];
	for (const path of webhookPaths().filter((p) => !p.endsWith('/voice'))) {
		for (const fields of sets) {
			const signature = twilioSignature(secrets.TWILIO_AUTH_TOKEN, publicUrl(path), fields);
			const { status, text } = await exchange(ports.PORT, post(path, form(fields), formType, `X-Twilio-Signature: ${signature}\r\n`));
			assert.ok(status >= 200 && status < 500, `${path} ${JSON.stringify(fields).slice(0, 80)}: ${text.slice(0, 300)}`);
		}
	}
	for (const fields of [{}, { CallSid: '' }]) {
		const path = '/api/v1/webhooks/twilio/voice';
		const { status } = await exchange(ports.PORT, post(path, form(fields), formType, `X-Twilio-Signature: ${twilioSignature(secrets.TWILIO_AUTH_TOKEN, publicUrl(path), fields)}\r\n`));
		assert.equal(status, 400);
	}
	const odd = { CallSid: `CA${bytes(32, '4')}`, From: 'anonymous', To: `+${bytes(400, '9')}`, CallStatus: 'ringing' };
	const path = '/api/v1/webhooks/twilio/voice';
	const { status, text } = await exchange(ports.PORT, post(path, form(odd), formType, `X-Twilio-Signature: ${twilioSignature(secrets.TWILIO_AUTH_TOKEN, publicUrl(path), odd)}\r\n`), { ms: 15000 });
	assert.ok(status === 200 || status === 400, text.slice(0, 300));
});

door('webhooks of the engine', async () => {
	const path = '/api/v1/webhooks/ultravox/events';
	const secret = secrets.ULTRAVOX_WEBHOOK_SECRET;
	assert.ok(secret, 'there is a webhook secret');
	const sign = (body, time, key = secret) => createHmac('sha256', key).update(Buffer.concat([Buffer.from(body), Buffer.from(time)])).digest('hex');
	const send = async (body, time, signature) =>
		exchange(ports.PORT, post(path, body, 'application/json', `X-Ultravox-Webhook-Timestamp: ${time}\r\nX-Ultravox-Webhook-Signature: ${signature}\r\n`));
	const body = JSON.stringify({ event: 'call.ended', call: { callId: randomUUID() } });
	const now = () => new Date().toISOString();
	const old = new Date(Date.now() - 3600e3).toISOString(), soon = new Date(Date.now() + 3600e3).toISOString();
	for (const [time, signature] of [
		[now(), ''], [now(), 'x'], [now(), bytes(64, '0')], [now(), bytes(3000, '0,')], ['', sign(body, '')], ['yesterday', sign(body, 'yesterday')],
		[old, sign(body, old)], [soon, sign(body, soon)], [now(), sign(body, now(), 'guess')], ['99999999999999999999', sign(body, '99999999999999999999')],
	])
		assert.equal((await send(body, time, signature)).status, 403, `${time} ${signature.slice(0, 20)}`);
	assert.equal((await exchange(ports.PORT, post(path, body))).status, 403);
	const time = now();
	const events = [
		'', '{', 'null', '[]', '{}', '{"event":5}', '{"event":"call.ended"}', '{"event":"call.ended","call":[]}', '{"event":"call.ended","call":{"callId":7}}',
		deep(5000), randomBytes(2000), `{"event":"${bytes(5000)}","call":{"callId":"${randomUUID()}"}}`,
		JSON.stringify({ event: 'call.ended', call: { callId: randomUUID(), endReason: {}, metadata: { call_id: randomUUID() }, shortSummary: 9 } }),
		JSON.stringify({ event: 'call.joined', call: { callId: bytes(3000), metadata: 'x' } }), JSON.stringify({ event: 'call.billed', call: { callId: randomUUID(), billedDuration: 'abc', created: [] } }),
	];
	for (const text of events) {
		const answer = await send(text, time, sign(text, time));
		assert.ok(answer.status >= 200 && answer.status < 500, `${String(text).slice(0, 60)}: ${answer.text.slice(0, 200)}`);
	}
	const valid = await send(body, time, `${bytes(64, '0')}, ${sign(body, time)}`);
	assert.ok(valid.status === 204 || valid.status === 200 || valid.status === 404, valid.text);
});

// ---- sockets ----

const garbageFrames = () => [
	frame(1, ''), frame(1, 'x'), frame(1, '{'), frame(1, '[]'), frame(1, 'null'), frame(1, '{"type":5}'), frame(1, '{"event":5}'), frame(1, '{"type":"transcript"}'),
	frame(1, '{"type":"transcript","role":"user","ordinal":-1,"delta":5,"final":"x"}'), frame(1, '{"type":"transcript","role":"user","ordinal":9e99,"text":"x","final":true}'),
	frame(1, '{"type":"outcome","outcome":"x"}'), frame(1, '{"type":"turn_timing","ordinal":"x"}'), frame(1, deep(3000)), frame(2, randomBytes(1000)), frame(2, ''), frame(9, 'ping'), frame(10, ''),
];

/** Everything that breaks the protocol itself: each needs a socket of its own. */
const breaches = () => [
	['a frame without mask', [frame(1, '{}', { masked: false })], 'the library takes it'],
	['a reserved opcode', [frame(3, 'x')]],
	['reserved bits', [frame(1, '{}', { rsv: 7 })]],
	['a fragmented ping', [frame(9, 'x', { fin: false })]],
	['a lengthy ping', [frame(9, bytes(200))]],
	['a continuation of nothing', [frame(0, 'x')]],
	['text that is not UTF-8', [frame(1, Buffer.from([0xc3, 0x28, 0xff]))]],
	['a close with one byte', [frame(8, 'x')]],
	['a close with a reserved code', [frame(8, Buffer.from([0x03, 0xed]))]],
	['an endless message', Array.from({ length: 64 }, (_, i) => frame(i ? 0 : 1, bytes(65536), { fin: false }))],
	['a huge frame', [frame(1, bytes(8 << 20), { length: 2 ** 40 })]],
	['noise', [randomBytes(5000)]],
];

async function abuse(open) {
	for (const [what, frames, lenient] of breaches()) {
		const socket = await open();
		assert.equal(socket.status, 101, `${what}: ${socket.text}`);
		socket.send(...frames);
		const code = await socket.end(lenient ? 200 : 4000);
		if (!lenient) assert.notEqual(code, undefined, `${what} is answered by closing`);
		socket.destroy();
		await pause(20);
	}
}

/** Handshakes that must not succeed at `path`. */
async function badHandshakes(port, path, headers = {}) {
	for (const more of [
		{ 'Sec-WebSocket-Key': null }, { 'Sec-WebSocket-Version': '7' }, { 'Sec-WebSocket-Version': null }, { Upgrade: 'h2c' }, { Connection: 'close' }, { Upgrade: null, Connection: null },
	]) {
		const socket = await Socket.open(port, path, { ...headers, ...more });
		assert.notEqual(socket.status, 101, JSON.stringify(more));
		assert.ok(socket.status < 500, `${JSON.stringify(more)}: ${socket.text}`);
		socket.destroy();
	}
}

door('the live socket', async () => {
	await badHandshakes(ports.PORT, '/api/v1/live');
	for (const [query, status] of [['since=-1', 400], ['since=x', 400], ['since=99999999999999999999', 400], ['call_id=', 400], [`call_id=${bytes(500)}`, 400], ['since=%ff', 400]]) {
		const socket = await Socket.open(ports.PORT, `/api/v1/live?${query}`);
		assert.equal(socket.status, status, `${query.slice(0, 40)}: ${socket.text}`);
		socket.destroy();
	}
	const foreign = await Socket.open(ports.PORT, '/api/v1/live', { Origin: 'http://evil.example' });
	assert.equal(foreign.status, 403);
	const offering = await Socket.open(ports.PORT, '/api/v1/live', { 'Sec-WebSocket-Protocol': 'chat, superchat' });
	assert.equal(offering.status, 101, 'offered subprotocols are no reason to refuse');
	assert.match(offering.text, /sec-websocket-protocol: chat$/im);
	offering.destroy();
	await abuse(() => Socket.open(ports.PORT, '/api/v1/live'));
	const flood = await Socket.open(ports.PORT, '/api/v1/live');
	for (let i = 0; i < 2000; i++) flood.send(frame(1, '{"a":1}'));
	for (let i = 0; i < 500; i++) flood.send(frame(9, 'x'));
	flood.send(...garbageFrames());
	await pause(300);
	flood.destroy();
	const many = await Promise.all(Array.from({ length: 100 }, () => Socket.open(ports.PORT, '/api/v1/live')));
	assert.ok(many.every((socket) => socket.status === 101 || socket.status === 503));
	many.forEach((socket) => socket.destroy());
});

door('the data connection', async () => {
	const { body: call } = await system.post('/calls/initiate', { phone_number: `sip:nobody@127.0.0.1:${deadPort}` });
	const path = `/api/v1/webhooks/ultravox/data/${call.call_id}`;
	const secret = secrets.ULTRAVOX_SHARED_SECRET;
	assert.ok(secret, 'there is a shared secret');
	const session = randomUUID();
	const old = new Date(Date.now() - 3600e3).toISOString();
	for (const headers of [{}, { 'X-Ultravox-Call-ID': session }, dataHeaders('guess', session), dataHeaders(secret, session, old), dataHeaders(secret, session, 'now'), { ...dataHeaders(secret, session), 'X-Ultravox-Call-ID': randomUUID() }, { ...dataHeaders(secret, session), 'X-Ultravox-Signature': bytes(3000) }]) {
		const socket = await Socket.open(ports.PORT, path, headers);
		assert.equal(socket.status, 403, JSON.stringify(headers).slice(0, 100));
	}
	await badHandshakes(ports.PORT, path, dataHeaders(secret, session));
	// Signed, but of no session of ours: whatever it says, it is turned away.
	for (const id of [call.call_id, randomUUID()]) {
		const socket = await Socket.open(ports.PORT, `/api/v1/webhooks/ultravox/data/${id}`, dataHeaders(secret, session));
		assert.equal(socket.status, 101);
		socket.send(...garbageFrames());
		assert.equal(await socket.end(), 1008);
		socket.destroy();
	}
	for (const id of ['x', '%00', bytes(2000)]) assert.notEqual((await Socket.open(ports.PORT, `/api/v1/webhooks/ultravox/data/${id}`, dataHeaders(secret, session))).status, 101);
	// An open connection of a real session, and a second one signed the same way.
	const live = await system.call(call.call_id, 'with a session', (c) => c.ultravox_call_id || isTerminal(c), 20);
	if (live.ultravox_call_id) {
		const headers = dataHeaders(secret, live.ultravox_call_id);
		const first = await Socket.open(ports.PORT, path, headers);
		const second = await Socket.open(ports.PORT, path, headers);
		assert.ok(first.status === 101 || first.status === 409, first.text);
		if (first.status === 101) assert.equal(second.status, 409, 'a replayed handshake is refused while the first lives');
		for (let i = 0; i < 300; i++) first.send(...garbageFrames());
		await pause(300);
		first.destroy();
		second.destroy();
	}
	await abuse(() => Socket.open(ports.PORT, path, dataHeaders(secret, randomUUID())));
});

// ---- the carrier ----

door('the carrier: credentials', async () => {
	const { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: token } = secrets;
	const base = `${system.url('carrier')}/2010-04-01/Accounts/${sid}`;
	const basic = (user, password) => ({ Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` });
	for (const headers of [{}, { Authorization: '' }, { Authorization: 'Basic' }, { Authorization: 'Basic !!!' }, { Authorization: `Basic ${bytes(4000, 'QUJD')}` }, { Authorization: `Bearer ${token}` }, basic(sid, ''), basic('', token), basic(sid, token.slice(1)), basic(`${sid}x`, token)])
		for (const path of ['.json', '/Calls.json', `/Calls/CA${bytes(32, '0')}.json`, '/Recordings.json']) {
			const response = await fetch(base + path, { headers });
			assert.equal(response.status, 401, `${path} ${JSON.stringify(headers).slice(0, 60)}`);
			assert.equal((await response.json()).code, 20003);
		}
	const other = await fetch(`${system.url('carrier')}/2010-04-01/Accounts/AC${bytes(32, '0')}/Calls.json`, { headers: basic(sid, token) });
	assert.equal(other.status, 404);
});

door('the carrier: parameters', async () => {
	const { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: token } = secrets;
	const base = `${system.url('carrier')}/2010-04-01/Accounts/${sid}`;
	const Authorization = `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`;
	const url = `http://127.0.0.1:${ports.PORT}/api/v1/webhooks/twilio/connect/${randomUUID()}`;
	const good = { To: CALLEE, From: CALLER, Url: url };
	const without = (name) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
	for (const fields of [
		{}, without('To'), without('From'), without('Url'), { ...good, To: '' }, { ...good, To: 'x' }, { ...good, To: bytes(5000, '1') }, { ...good, To: 'sip:a@b>\r\nX: y' }, { ...good, From: 'nobody' },
		{ ...good, Url: 'ftp://x' }, { ...good, Url: 'not a url' }, { ...good, Url: `http://${bytes(5000)}` }, { ...good, Timeout: '-1' }, { ...good, Timeout: 'soon' }, { ...good, TimeLimit: '999999999999' },
		{ ...good, Method: 'BREW' }, { ...good, StatusCallback: 'nope' }, { ...good, StatusCallbackEvent: 'dancing' }, { ...without('Url'), Twiml: bytes(100000) }, { ...good, SendDigits: 'xyz!' },
	]) {
		const response = await fetch(`${base}/Calls.json`, { method: 'POST', headers: { Authorization, 'Content-Type': formType }, body: form(fields) });
		const body = await response.json();
		assert.equal(response.status, 400, `${JSON.stringify(fields).slice(0, 120)}: ${JSON.stringify(body).slice(0, 200)}`);
		assert.ok(body.code >= 20000 && body.message, JSON.stringify(body));
	}
	for (const body of ['%', '%zz', '\0', randomBytes(2000), form(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`f${i}`, 'v'])))]) {
		const response = await fetch(`${base}/Calls.json`, { method: 'POST', headers: { Authorization, 'Content-Type': formType }, body });
		assert.equal(response.status, 400);
	}
	for (const path of [`/Calls/CA${bytes(32, '0')}.json`, '/Calls/x.json', '/Calls/..%2f..%2fx.json', '/Calls/%00.json', `/Recordings/RE${bytes(32, '0')}.wav`, '/Recordings/..%2f..%2fsecrets.env', `/Calls/${bytes(2000)}.json`, '/Nothing.json']) {
		const response = await fetch(base + path, { headers: { Authorization } });
		assert.ok([400, 404].includes(response.status), `${path.slice(0, 50)}: ${response.status}`);
	}
	const update = await fetch(`${base}/Calls/CA${bytes(32, '0')}.json`, { method: 'POST', headers: { Authorization, 'Content-Type': formType }, body: 'Status=completed' });
	assert.equal(update.status, 404);
	for (const query of ['PageSize=0', 'PageSize=x', 'PageSize=100000', 'Page=-1', 'PageToken=zz', 'StartTime=never', 'Status=odd'])
		assert.equal((await fetch(`${base}/Calls.json?${query}`, { headers: { Authorization } })).status, 400, query);
	assert.equal((await fetch(`${base}/Calls.json`, { method: 'PUT', headers: { Authorization } })).status, 405);
});

// TwiML comes from a customer's server: whatever it holds, only that call may suffer.
door('the carrier: TwiML that is none', async () => {
	const { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: token } = secrets;
	const base = `${system.url('carrier')}/2010-04-01/Accounts/${sid}`;
	const headers = { Authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`, 'Content-Type': formType };
	const documents = [
		'', 'hello', '<Response>', '<Response><Dial/></Response>', '<!DOCTYPE x [<!ENTITY a "b">]><Response>&a;</Response>', '<?xml version="1.0"?><Response><Connect><Stream url="file:///etc/passwd"/></Connect></Response>',
		'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response><Say>&x;</Say></Response>', '<Response><Pause length="-1"/></Response>', '<Response><Connect><Stream url="ws://127.0.0.1:1/x"/></Connect></Response>',
		`<Response>${'<Gather>'.repeat(500)}${'</Gather>'.repeat(500)}</Response>`, '<Response><Redirect>/x</Redirect></Response>', '<Response><Play>http://127.0.0.1:1/x.wav</Play></Response>',
	];
	for (const Twiml of documents) {
		const response = await fetch(`${base}/Calls.json`, { method: 'POST', headers, body: form({ To: `sip:nobody@127.0.0.1:${deadPort}`, From: CALLER, Twiml, Timeout: '5' }) });
		assert.ok([201, 400].includes(response.status), `${Twiml.slice(0, 60)}: ${response.status}`);
	}
});

// ---- the engine ----

const engineHeaders = () => ({ 'X-API-Key': secrets.ULTRAVOX_API_KEY, 'Content-Type': 'application/json' });

door('the engine: requests', async () => {
	const url = `${system.url('engine')}/api`;
	for (const key of [null, '', 'x', bytes(4000), secrets.ULTRAVOX_API_KEY.slice(1)])
		for (const path of ['/calls', `/calls/${randomUUID()}`, '/voices', '/models', '/webhooks']) {
			const status = (await fetch(url + path, { headers: key === null ? {} : { 'X-API-Key': key } })).status;
			assert.ok([401, 403].includes(status), `${path} ${String(key).slice(0, 10)}: ${status}`);
		}
	const bodies = [
		'', '{', '[]', 'null', '"x"', deep(5000), { nosuch: 1 }, { systemPrompt: 5 }, { model: 7 }, { model: 'flow/../../etc/passwd' }, { model: 'flow/none' }, { maxDuration: '5 minutes' }, { maxDuration: 60 },
		{ maxDuration: '-5s' }, { maxDuration: '1e9s' }, { maxDuration: '99999999999999999999s' }, { joinTimeout: 's' }, { joinTimeout: 'NaNs' }, { temperature: 5 }, { temperature: 'hot' }, { voice: {} }, { voice: 'Nobody' },
		{ languageHint: 5 }, { medium: { twilio: {}, serverWebSocket: { inputSampleRate: 8000 } } }, { medium: {} }, { medium: { pigeon: {} } }, { medium: { serverWebSocket: { inputSampleRate: 1 } } }, { medium: 'twilio' },
		{ initialMessages: 'x' }, { initialMessages: [5] }, { firstSpeakerSettings: { user: {}, agent: {} } }, { vadSettings: { turnEndpointDelay: 'x' } }, { inactivityMessages: [{ duration: '1s' }] },
		{ metadata: { a: 1 } }, { selectedTools: [{}] }, { selectedTools: [{ temporaryTool: { modelToolName: 'a b' } }] }, { dataConnection: { websocketUrl: 'ftp://x' } }, { callbacks: { ended: { url: 'x' } } }, { experimentalSettings: 'x' }, { recordingEnabled: 'yes' },
		{ priorCallId: 'x', initialMessages: [] },
	];
	for (const body of bodies) {
		const response = await fetch(`${url}/calls`, { method: 'POST', headers: engineHeaders(), body: typeof body === 'string' ? body : JSON.stringify(body) });
		const text = await response.text();
		assert.equal(response.status, 400, `${JSON.stringify(body).slice(0, 80)}: ${response.status} ${text.slice(0, 200)}`);
		assert.ok(text.length > 10, 'says why');
	}
	for (const id of [randomUUID(), 'x', '%00', '..%2f..', bytes(2000)])
		for (const [method, tail] of [['GET', ''], ['DELETE', ''], ['GET', '/messages'], ['GET', '/recording'], ['POST', '/send_data_message']]) {
			const response = await fetch(`${url}/calls/${id}${tail}`, { method, headers: engineHeaders(), body: method === 'POST' ? '{"type":"user_text_message","text":"x"}' : undefined });
			assert.ok([400, 404].includes(response.status), `${method} ${id.slice(0, 20)}${tail}: ${response.status}`);
		}
	for (const query of ['pageSize=0', 'pageSize=x', 'cursor=%ff', 'cursor=zz']) {
		const status = (await fetch(`${url}/calls?${query}`, { headers: engineHeaders() })).status;
		assert.ok(status < 500, `${query}: ${status}`);
	}
	for (const body of ['', '{', '{}', { url: 'x', events: ['call.ended'] }, { url: 'ftp://x', events: [] }, { url: 'http://127.0.0.1:1/', events: ['nothing'] }, { url: 'http://127.0.0.1:1/', events: 'call.ended' }]) {
		const response = await fetch(`${url}/webhooks`, { method: 'POST', headers: engineHeaders(), body: typeof body === 'string' ? body : JSON.stringify(body) });
		assert.equal(response.status, 400, JSON.stringify(body));
	}
});

async function createSession(medium, more = {}) {
	const response = await fetch(`${system.url('engine')}/api/calls`, { method: 'POST', headers: engineHeaders(), body: JSON.stringify({ model: 'flow/appointment', medium, joinTimeout: '20s', ...more }) });
	const body = await response.json();
	assert.equal(response.status, 201, JSON.stringify(body));
	const url = new URL(body.joinUrl);
	return { id: body.callId, path: url.pathname + url.search };
}

const start = (more = {}) => ({
	event: 'start', sequenceNumber: '1', streamSid: 'MZ0', start: { accountSid: 'AC0', streamSid: 'MZ0', callSid: 'CA0', tracks: ['inbound'], mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 }, customParameters: {}, ...more },
});
const media = (payload, more = {}) => ({ event: 'media', sequenceNumber: '2', streamSid: 'MZ0', media: { track: 'inbound', chunk: '1', timestamp: '0', payload, ...more } });
const text = (value) => frame(1, typeof value === 'string' ? value : JSON.stringify(value));

door('the media sockets of the engine', async () => {
	const session = await createSession({ twilio: {} });
	for (const path of [session.path.slice(0, -1), `${session.path}x`, session.path.replace(/[^/]+$/, bytes(500)), session.path.replace('/twilio/', '/server_web_socket/'), session.path.replace('/twilio/', '/pigeon/'), session.path.replace(session.id, randomUUID()), `/calls/${session.id}/twilio/`, '/calls/%00/twilio/x']) {
		const socket = await Socket.open(ports.ENGINE_PORT, path);
		assert.notEqual(socket.status, 101, path);
		assert.ok(socket.status < 500, `${path}: ${socket.text}`);
	}
	await badHandshakes(ports.ENGINE_PORT, session.path);
	const first = await Socket.open(ports.ENGINE_PORT, session.path);
	assert.equal(first.status, 101, 'failed tries have not used the token up');
	const again = await Socket.open(ports.ENGINE_PORT, session.path);
	assert.notEqual(again.status, 101, 'a token joins once');
	const payload = Buffer.alloc(160, 0xff).toString('base64');
	first.send(text({ event: 'connected', protocol: 'Call', version: '1.0.0' }), text(start()), text(media(payload)));
	for (const bad of [
		'', 'x', '{', '[]', '{}', { event: 5 }, { event: 'dance' }, media(5), media('!!!not base64'), media(bytes(200000, 'A')), media(''), media('A'), media(payload, { track: 7, chunk: {}, timestamp: [] }), { event: 'media' }, { event: 'media', media: [] },
		start({ mediaFormat: { encoding: 'audio/opus', sampleRate: -1 } }), start(), { event: 'mark' }, { event: 'mark', mark: { name: bytes(5000) } }, { event: 'dtmf', dtmf: { digit: 'Z' } }, { event: 'dtmf', dtmf: { digit: bytes(1000, '1') } }, { event: 'dtmf', dtmf: 5 }, deep(2000),
	])
		first.send(text(bad));
	first.send(frame(2, randomBytes(500)));
	for (let i = 0; i < 3000; i++) first.send(text(media(payload, { chunk: String(i), timestamp: String(i * 20) })));
	first.send(text({ event: 'stop', stop: {} }));
	await first.end();
	first.destroy();
	// Each of these is a first word that a media stream may not have.
	for (const word of [media(payload), { event: 'stop' }, { event: 'mark', mark: { name: 'x' } }, start({ mediaFormat: {} }), 'x', start({ customParameters: 7 })]) {
		const socket = await Socket.open(ports.ENGINE_PORT, (await createSession({ twilio: {} })).path);
		assert.equal(socket.status, 101);
		socket.send(text(word), text(media(payload)));
		await socket.end(300);
		socket.destroy();
	}
	const sizes = { serverWebSocket: { inputSampleRate: 16000, outputSampleRate: 16000 } };
	const raw = await Socket.open(ports.ENGINE_PORT, (await createSession(sizes)).path);
	assert.equal(raw.status, 101);
	raw.send(frame(2, randomBytes(1)), frame(2, randomBytes(333)), frame(2, ''), frame(2, randomBytes(60000)), ...garbageFrames());
	for (let i = 0; i < 500; i++) raw.send(frame(2, randomBytes(640)));
	await pause(300);
	raw.destroy();
	for (const medium of [{ twilio: {} }, sizes]) await abuse(async () => Socket.open(ports.ENGINE_PORT, (await createSession(medium)).path));
});

// ---- SIP and RTP ----

const invite = (port, { method = 'INVITE', to = CALLEE, headers = '', sdp, callId = randomUUID(), branch = randomUUID(), length } = {}) => {
	const body = sdp ?? `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n`;
	return (
		`${method} sip:${to}@127.0.0.1:${ports.SIP_PORT} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${branch}\r\nMax-Forwards: 70\r\n` +
		`From: <sip:${CALLER}@127.0.0.1:${port}>;tag=${branch.slice(0, 8)}\r\nTo: <sip:${to}@127.0.0.1>\r\nCall-ID: ${callId}\r\nCSeq: 1 ${method}\r\n` +
		`Contact: <sip:x@127.0.0.1:${port}>\r\n${headers}Content-Type: application/sdp\r\nContent-Length: ${length ?? Buffer.byteLength(body)}\r\n\r\n${body}`
	);
};

door('the SIP port', async () => {
	const phone = await udp();
	const good = invite(phone.port);
	const packets = [
		'', '\0', '\r\n\r\n', 'x', randomBytes(1400), Buffer.alloc(1400), 'INVITE', 'INVITE sip:x SIP/2.0\r\n\r\n', 'SIP/2.0 200 OK\r\n\r\n', 'SIP/2.0 999 ?\r\n\r\n', good.replace('SIP/2.0', 'SIP/9.9'),
		invite(phone.port, { method: 'DANCE' }), invite(phone.port, { method: 'BYE', sdp: '' }), invite(phone.port, { method: 'ACK', sdp: '' }), invite(phone.port, { method: 'CANCEL', sdp: '' }), invite(phone.port, { method: 'REGISTER', sdp: '' }), invite(phone.port, { method: 'OPTIONS', sdp: '' }),
		invite(phone.port, { method: 'INFO', sdp: 'x' }), invite(phone.port, { method: 'REFER', headers: 'Refer-To: <sip:x@127.0.0.1>\r\n' }), invite(phone.port, { method: 'SUBSCRIBE', headers: 'Event: x\r\n' }),
		invite(phone.port, { headers: `X-Long: ${bytes(50000)}\r\n` }), invite(phone.port, { headers: Array.from({ length: 2000 }, (_, i) => `X-${i}: y\r\n`).join('') }), invite(phone.port, { to: bytes(8000) }), invite(phone.port, { to: '%00%ff' }),
		invite(phone.port, { callId: bytes(20000) }), invite(phone.port, { length: 999999 }), invite(phone.port, { length: -1 }), invite(phone.port, { length: 'abc' }), good.replace(/CSeq: 1/, 'CSeq: 99999999999'), good.replace(/Via: [^\r]*\r\n/, ''), good.replace(/Via: /, 'Via: SIP/2.0/UDP '),
		good.replace(/From: [^\r]*/, 'From: <<<>>>'), good.replace(/Contact: [^\r]*/, 'Contact: <sip:>'), good.replace(/To: [^\r]*/, 'To: ;;;tag'), good.replace('Max-Forwards: 70', 'Max-Forwards: 0'),
		...['', 'x', bytes(5000), 'v=0\r\n', 'v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nm=audio', 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 999.1.1.1\r\nt=0 0\r\nm=audio 99999999 RTP/AVP 0\r\n', 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 4000 RTP/AVP 99\r\n', 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 18 96\r\na=rtpmap:96 opus/48000/2\r\n', `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n${'m=audio 4000 RTP/AVP 0\r\n'.repeat(300)}`, `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP ${Array.from({ length: 500 }, (_, i) => i).join(' ')}\r\n`].map((sdp) => invite(phone.port, { sdp })),
		...Array.from({ length: 40 }, (_, i) => good.slice(0, Math.floor((good.length * i) / 40))),
	];
	for (const packet of packets) {
		await phone.send(ports.SIP_PORT, packet);
		await pause(5);
	}
	await pause(500);
	const bye = invite(phone.port, { method: 'BYE', sdp: '' });
	phone.answers.length = 0;
	await phone.send(ports.SIP_PORT, bye);
	await pause(500);
	assert.ok(phone.answers.some((answer) => answer.startsWith('SIP/2.0 481')), `a BYE without a dialog: ${phone.answers[0]}`);
	// A flood; most of it are calls that are never acknowledged.
	for (let i = 0; i < 1000; i++) {
		await phone.send(ports.SIP_PORT, i % 10 ? bye.replace(/z9hG4bK[^\r]*/, `z9hG4bK${i}`) : invite(phone.port, { to: `+1555019${String(i).padStart(4, '0')}` }));
	}
	await pause(2000);
	phone.close();
});

door('RTP ports', async () => {
	const { status, body } = await system.post('/calls/initiate', { phone_number: CALLEE });
	assert.equal(status, 201);
	await system.call(body.call_id, 'talking', (c) => c.status === 'IN_PROGRESS' || isTerminal(c), 40);
	const phone = await udp();
	const low = Number(system.settings.RTP_PORT_MIN);
	const rtp = (pt, payload, { version = 2, cc = 0, x = 0 } = {}) => Buffer.concat([Buffer.from([(version << 6) | (x << 4) | cc, pt, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]), Buffer.from(payload)]);
	const junk = [Buffer.alloc(0), Buffer.from([0]), randomBytes(1400), rtp(0, randomBytes(160)), rtp(0, ''), rtp(127, 'x'), rtp(101, 'x'), rtp(101, [255, 255, 255, 255]), rtp(0, 'x', { cc: 15 }), rtp(0, 'x', { x: 1 }), rtp(0, 'x', { version: 0 }), rtp(0, bytes(1300))];
	for (let port = low; port < low + 60; port++) for (const packet of junk) await phone.send(port, packet);
	await pause(300);
	phone.close();
	await system.post(`/calls/${body.call_id}/end`);
	await system.call(body.call_id, 'over', isTerminal, 30);
});

// ---- afterwards ----

test('a whole call still works', { timeout: 200000 }, async () => {
	const { status, body } = await system.post('/calls/initiate', { phone_number: CALLEE, agent: 'appointment' });
	assert.equal(status, 201, JSON.stringify(body));
	const call = await system.call(body.call_id, 'completed', isTerminal, 180);
	assert.equal(call.status, 'COMPLETED', JSON.stringify(call));
	const { body: said } = await system.get(`/calls/${body.call_id}/transcript`);
	assert.ok(said.transcript.some((turn) => turn.speaker === 'agent') && said.transcript.some((turn) => turn.speaker === 'user'), JSON.stringify(said));
	await alive();
});

test('the logs hold no phone number and no secret', () => {
	const values = Object.entries(secrets).filter(([name, value]) => value.length >= 8 && name !== 'TWILIO_ACCOUNT_SID');
	assert.ok(values.length >= 4);
	for (const [name, server] of Object.entries(system.servers)) {
		assert.ok(name === 'callee' || server.stderr.split('\n').length > 20, `${name} logged what it did`);
		for (const [secret, value] of values) assert.ok(!server.stderr.includes(value) && !server.stdout.includes(value), `${name} logged ${secret}`);
		const number = server.stderr.match(/^.*(\+1555\d{4,}).*$/m);
		assert.equal(number?.[0], undefined, `${name} logged a whole number`);
		assert.doesNotMatch(server.stderr, /Authorization: |Basic [A-Za-z0-9+/]{20,}/, name);
	}
});
