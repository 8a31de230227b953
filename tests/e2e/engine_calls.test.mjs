// Protects the engine's API from outside: what is refused and why, what a call looks like, webhooks
// with their signatures and retries, and what is left after a kill -9.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Engine, Platform, Twilio, apiKey, sleep, until } from './engine_peer.mjs';

const base = Number(process.env.E2E_PORT_BASE ?? 21500);
let engine, platform;

before(async () => {
  engine = await Engine.start({ port: base, env: { ENGINE_MAX_CALLS: '4' } });
  platform = await Platform.start(base + 1);
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
    [[], 'non_field_errors'],
  ];
  for (const [body, field] of cases) {
    const { status, json } = await engine.request('POST', '/api/calls', body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.ok(field in json, `${field} in ${JSON.stringify(json)}`);
  }
  assert.equal((await engine.request('POST', '/api/calls', '{"model":')).status, 400);
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

test('data messages are refused while nobody has joined, and when they make no sense', async () => {
  const { json } = await create({});
  const url = `/api/calls/${json.callId}/send_data_message`;
  assert.equal((await engine.request('POST', url, { type: 'hang_up', message: '' })).status, 422);
  assert.equal((await engine.request('POST', url, { type: 'ping' })).status, 400);
  assert.equal((await engine.request('POST', url, { type: 'user_text_message' })).status, 400);
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
