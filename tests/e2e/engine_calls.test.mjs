// Protects the engine's API from outside: what is refused and why, what a call looks like, webhooks
// with their signatures and retries, and what is left after a kill -9.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Engine, Platform, Twilio, apiKey, sleep, until } from './engine_peer.mjs';
import { freeTcpPort } from '../scenario/system.mjs';

let engine, platform;

before(async () => {
  engine = await Engine.start({ port: await freeTcpPort(), env: { ENGINE_MAX_CALLS: '4' } });
  platform = await Platform.start(await freeTcpPort());
});
after(async () => {
  await engine?.remove();
  await platform?.stop();
});

const flow = { model: 'flow/appointment', medium: { twilio: {} } };
const create = (extra) => engine.request('POST', '/api/calls', { ...flow, joinTimeout: '5s', ...extra });

function signatureIsValid(event, secret) {
  const timestamp = event.headers['x-ultravox-webhook-timestamp'];
  const expected = createHmac('sha256', secret).update(event.body + timestamp).digest('hex');
  return event.headers['x-ultravox-webhook-signature'].split(',').includes(expected) && Math.abs(Date.now() - Date.parse(timestamp)) < 60000;
}

test('a request without the right key is refused', async () => {
  for (const headers of [{}, { 'X-API-Key': '' }, { 'X-API-Key': apiKey + 'x' }]) {
    assert.equal((await engine.request('GET', '/api/calls', undefined, headers)).status, 401);
  }
});

test('bad bodies are answered 400 with the field named', async () => {
  const cases = [
    [{ ...flow, maxDuration: '60' }, 'maxDuration'],
    [{ ...flow, maxDuration: 60 }, 'maxDuration'],
    [{ ...flow, temperature: 1.5 }, 'temperature'],
    [{ ...flow, voice: 'Nobody' }, 'voice'],
    [{ ...flow, model: 'flow/nowhere' }, 'model'],
    [{ ...flow, model: 'flow/../../etc/passwd' }, 'model'],
    [{ ...flow, model: 'gpt-x' }, 'model'],
    [{ model: 'flow/appointment' }, 'medium'],
    [{ ...flow, medium: { webRtc: {} } }, 'medium'],
    [{ ...flow, medium: { twilio: {}, serverWebSocket: { inputSampleRate: 8000 } } }, 'medium'],
    [{ ...flow, medium: { serverWebSocket: { inputSampleRate: '8000' } } }, 'medium'],
    [{ ...flow, metadata: { a: 1 } }, 'metadata'],
    [{ ...flow, metadata: { 'ultravox.x': 'y' } }, 'metadata'],
    [{ ...flow, sharedSecrets: ['short'] }, 'sharedSecrets'],
    [{ ...flow, recordingEnabled: 'true' }, 'recordingEnabled'],
    [{ ...flow, dataConnection: { websocketUrl: 'http://x/' } }, 'dataConnection'],
    [{ ...flow, callbacks: { ended: { url: 'ftp://x/' } } }, 'callbacks'],
    [{ ...flow, vadSettings: { frameActivationThreshold: 0.01 } }, 'vadSettings'],
    [{ ...flow, firstSpeakerSettings: { agent: {}, user: {} } }, 'firstSpeakerSettings'],
    [{ ...flow, selectedTools: [{ toolName: 'coldTransfer' }] }, 'selectedTools'],
    // not offered here, and said so
    [{ ...flow, voiceOverrides: { elevenLabs: {} } }, 'voiceOverrides'],
    [{ ...flow, initialState: { a: 1 } }, 'initialState'],
    [{ ...flow, dataConnection: { websocketUrl: 'ws://x/', audioConfig: { sampleRate: 16000 } } }, 'dataConnection'],
    [{ ...flow, dataConnection: { websocketUrl: 'ws://x/', dataMessages: { toolUsed: true } } }, 'dataConnection'],
    [{ ...flow, medium: { serverWebSocket: { inputSampleRate: 8000, dataMessages: { debug: true } } } }, 'medium'],
    [{ ...flow, selectedTools: [{ temporaryTool: { modelToolName: 'a', client: {}, staticResponse: { responseText: 'x' } } }] }, 'selectedTools'],
    [{ ...flow, selectedTools: [{ temporaryTool: { modelToolName: 'a', client: {}, defaultReaction: 'AGENT_REACTION_LISTENS' } }] }, 'selectedTools'],
    [[], 'non_field_errors'],
  ];
  for (const [body, field] of cases) {
    const { status, json } = await engine.request('POST', '/api/calls', body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.ok(field in json, `${field} in ${JSON.stringify(json)}`);
  }
  assert.equal((await engine.request('POST', '/api/calls', '{"model":')).status, 400);
  for (const query of ['enableGreetingPrompt=false', 'throttle=slow']) {
    const { status, json } = await engine.request('POST', `/api/calls?${query}`, flow);
    assert.equal(status, 400);
    assert.ok(query.split('=')[0] in json);
  }
});

test('a created call shows what was asked for, and no secret', async () => {
  const { status, json } = await create({
    metadata: { order: '7' }, sharedSecrets: ['0123456789abcdef'], voice: 'Mark',
    callbacks: { ended: { url: platform.url + '/unjoined', secrets: ['hush'] } },
    dataConnection: { websocketUrl: 'ws://127.0.0.1:9/' }, joinTimeout: '0.3s',
  });
  assert.equal(status, 201);
  assert.equal(json.joined, null);
  assert.equal(json.endReason, null);
  assert.equal(json.maxDuration, '3600s');
  assert.equal(json.dataConnectionConfig.websocketUrl, 'ws://127.0.0.1:9/');
  assert.match(json.joinUrl, /^ws:\/\/127\.0\.0\.1:\d+\/calls\/[0-9a-f-]{36}\/twilio\/[0-9a-f]{32}$/);
  assert.doesNotMatch(JSON.stringify(json), /hush|0123456789abcdef/);
  const ended = await until('the unjoined webhook', () => platform.events.find((event) => event.url === '/unjoined'));
  assert.equal(ended.json.event, 'call.ended');
  assert.equal(ended.json.call.endReason, 'unjoined');
  assert.equal(ended.json.call.callId, json.callId);
  assert.ok(signatureIsValid(ended, 'hush'));
  const listed = await engine.request('GET', '/api/calls?metadata.order=7&pageSize=1');
  assert.deepEqual(listed.json.results.map((call) => call.callId), [json.callId]);
  assert.equal((await engine.request('GET', '/api/calls?metadata.order=8')).json.total, 0);
});

test('lists are filtered by agent, time of day, and what a voice is', async () => {
  const { json } = await create({ joinTimeout: '0.2s' });
  const total = async (query) => (await engine.request('GET', `/api/calls?${query}`)).json.total;
  const all = await total('');
  assert.ok(all > 0);
  const time = json.created.slice(11, 19);
  assert.equal(await total(`agentIds=${json.callId}`), 0);
  assert.equal(await total('timeOfDayStart=00:00:00&timeOfDayEnd=23:59:59.999999'), all);
  assert.equal(await total(`timeOfDayEnd=${time}`) + await total(`timeOfDayStart=${time}.000001`), all);
  for (const bad of ['timeOfDayStart=noon', 'timeOfDayEnd=25:00:00', 'timeOfDayEnd=10:00:00Z'])
    assert.equal((await engine.request('GET', `/api/calls?${bad}`)).status, 400, bad);
  const voices = async (query) => (await engine.request('GET', `/api/voices?${query}`)).json.total;
  assert.ok(await voices('ownership=public&billingStyle=VOICE_BILLING_STYLE_INCLUDED') > 0);
  for (const none of ['ownership=private', 'billingStyle=VOICE_BILLING_STYLE_EXTERNAL', 'provider=lmnt']) assert.equal(await voices(none), 0);
});

test('every voice can be heard, but not by many at once', async () => {
  const { results } = (await engine.request('GET', '/api/voices')).json;
  const hear = async (url, key = apiKey) => {
    const response = await fetch(url, { headers: { 'X-API-Key': key } });
    return { status: response.status, type: response.headers.get('content-type'), body: Buffer.from(await response.arrayBuffer()) };
  };
  for (const voice of results) {
    const { status, type, body } = await hear(voice.previewUrl);
    assert.equal(status, 200, voice.name);
    assert.equal(type, 'audio/wav');
    assert.equal(body.toString('latin1', 0, 4) + body.toString('latin1', 8, 12), 'RIFFWAVE');
    assert.equal(body.readUInt32LE(40), body.length - 44);
    const seconds = (body.length - 44) / 2 / body.readUInt32LE(24);
    assert.ok(seconds > 1 && seconds <= 15, `${voice.name}: ${seconds} s`);
    let loudest = 0;
    for (let at = 44; at < body.length; at += 2) loudest = Math.max(loudest, Math.abs(body.readInt16LE(at)));
    assert.ok(loudest > 3000, `${voice.name}: ${loudest}`);
  }
  assert.equal((await hear(results[0].previewUrl, 'wrong')).status, 401);
  assert.equal((await hear(results[0].previewUrl.replace(/voices\/[^/]+/, 'voices/nobody'))).status, 404);
  const crowd = await Promise.all(Array.from({ length: 20 }, () => hear(results[0].previewUrl)));
  const statuses = new Set(crowd.map(({ status }) => status));
  assert.ok(statuses.has(200) && [...statuses].every((status) => [200, 429].includes(status)), [...statuses].join());
});

test('retentionPolicy auto_delete: once billed, the call is gone, files and all', async () => {
  const callbacks = { billed: { url: platform.url + '/auto-billed' } };
  const { json } = await create({ joinTimeout: '0.1s', retentionPolicy: 'CALL_RETENTION_POLICY_AUTO_DELETE', callbacks });
  assert.equal(json.retentionPolicy, 'auto_delete');
  const kept = await create({ joinTimeout: '0.1s', retentionPolicy: 'CALL_RETENTION_POLICY_RETAIN' });
  const file = path.join(engine.dataDir, 'engine/calls', `${json.callId}.json`);
  await until('the bill', () => platform.events.some((event) => event.url === '/auto-billed'));
  await until('the file', () => existsSync(file));
  await until('the deletion', async () => (await engine.request('GET', `/api/calls/${json.callId}`)).status === 404, 25000);
  await until('the file to go', () => !existsSync(file));
  assert.equal((await engine.request('GET', `/api/calls/${kept.json.callId}`)).status, 200);
});

test('data messages are refused while nobody has joined, and when they make no sense', async () => {
  const { json } = await create({});
  const url = `/api/calls/${json.callId}/send_data_message`;
  assert.equal((await engine.request('POST', url, { type: 'hang_up', message: '' })).status, 422);
  assert.equal((await engine.request('POST', url, { type: 'ping' })).status, 400);
  assert.equal((await engine.request('POST', url, { type: 'user_text_message' })).status, 400);
  assert.equal((await engine.request('POST', url, { type: 'forced_agent_message', content: 'x', toolCalls: [{ id: '1', name: 'a' }] })).status, 400);
  assert.equal((await engine.request('DELETE', `/api/calls/${json.callId}`)).status, 204);
  assert.equal((await engine.request('GET', `/api/calls/${json.callId}`)).status, 404);
});

test('more calls than ENGINE_MAX_CALLS are answered 429', async () => {
  const made = [];
  let answer;
  for (let i = 0; i < 5; i++) {
    answer = await create({});
    if (answer.status === 201) made.push(answer.json.callId);
  }
  assert.equal(answer.status, 429);
  assert.ok(Number(answer.headers.get('retry-after')) > 0);
  for (const id of made) await engine.request('DELETE', `/api/calls/${id}`);
  assert.equal((await create({ joinTimeout: '0.1s' })).status, 201);
});

test('a join token works once, for its call and medium', async () => {
  const { json } = await create({});
  const wrong = new Twilio(json.joinUrl.slice(0, -1) + 'z');
  await assert.rejects(wrong.opened, /404/);
  const first = new Twilio(json.joinUrl);
  await first.opened;
  const second = new Twilio(json.joinUrl);
  await assert.rejects(second.opened, /409/);
  first.end();
  await engine.request('DELETE', `/api/calls/${json.callId}`);
});

test('webhooks of the account are kept, and told', async () => {
  const made = await engine.request('POST', '/api/webhooks', { url: platform.url + '/account', events: ['call.started', 'call.ended'] });
  assert.equal(made.status, 201);
  assert.equal(made.json.secrets.length, 1);
  assert.equal((await engine.request('POST', '/api/webhooks', { url: 'x', events: ['call.exploded'] })).status, 400);
  const call = await create({ joinTimeout: '0.1s' });
  const events = await until('both events', () => {
    const mine = platform.events.filter((event) => event.url === '/account' && event.json.call.callId === call.json.callId);
    return mine.length >= 2 && mine;
  });
  assert.deepEqual(events.map((event) => event.json.event).sort(), ['call.ended', 'call.started']);
  assert.ok(events.every((event) => signatureIsValid(event, made.json.secrets[0])));
  const url = `/api/webhooks/${made.json.webhookId}`;
  assert.equal((await engine.request('PATCH', url, { events: ['call.billed'] })).json.events[0], 'call.billed');
  assert.equal((await engine.request('DELETE', url)).status, 204);
  assert.equal((await engine.request('GET', url)).status, 404);
});

test('a kill -9 ends the call with system_error, tells it once, and keeps the record', async () => {
  const callback = { url: platform.url + '/crash', secrets: ['one'] };
  const { json } = await create({ callbacks: { joined: callback, ended: callback }, firstSpeakerSettings: { agent: { text: 'Hi.' } } });
  const messages = async () => (await engine.request('GET', `/api/calls/${json.callId}/messages`)).json.results;
  const phone = new Twilio(json.joinUrl);
  await phone.start();
  await until('the joined webhook', () => platform.events.some((event) => event.url === '/crash'));
  await until('the greeting', async () => (await messages()).length > 0);
  await sleep(200);
  await engine.stop('SIGKILL');
  phone.end();
  await engine.run();
  const ended = () => platform.events.filter((event) => event.url === '/crash' && event.json.event === 'call.ended');
  await until('the ended webhook', () => ended().length > 0);
  await sleep(500);
  assert.equal(ended().length, 1);
  const { json: call } = await engine.request('GET', `/api/calls/${json.callId}`);
  assert.equal(call.endReason, 'system_error');
  assert.ok(call.joined && call.ended);
  assert.equal((await messages())[0].text, 'Hi.');
  await engine.stop('SIGKILL');
  await engine.run();
  await sleep(500);
  assert.equal(ended().length, 1);
});

test('health, readiness and metrics are served', async () => {
  assert.equal((await engine.request('GET', '/health', undefined, {})).status, 200);
  assert.equal((await engine.request('GET', '/ready', undefined, {})).status, 200);
  assert.match((await engine.request('GET', '/metrics', undefined, {})).text, /^engine_calls /m);
});

test('SIGTERM ends it cleanly', async () => {
  assert.deepEqual(await engine.stop(), { code: 0, signal: null });
});
