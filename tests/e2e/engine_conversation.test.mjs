// Protects the spoken conversation: a caller who speaks real audio into a media stream is understood,
// answered in time, can interrupt, press keys and hang up; the transcript is what was heard; a language
// model's server is streamed, its tools are called, its failures survived.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import WebSocket from 'ws';
import { Engine, Model, Platform, Twilio, sleep, speech, ulawDecode, until } from './engine_peer.mjs';
import { freeTcpPort } from '../scenario/system.mjs';

const secret = '0123456789abcdef';
let engine, platform, model, reply;

before(async () => {
  model = await Model.start(await freeTcpPort(), (request, count) => reply(request, count));
  engine = await Engine.start({ port: await freeTcpPort(), env: { LLM_API_URL: model.url, LLM_MODEL: 'mock' } });
  platform = await Platform.start(await freeTcpPort());
});
after(async () => {
  const exit = await engine?.stop();
  await engine?.remove();
  await platform?.stop();
  await model?.stop();
  assert.deepEqual(exit, { code: 0, signal: null });
});

async function call(extra) {
  platform.messages.length = 0;
  model.requests.length = 0;
  const { status, json } = await engine.request('POST', '/api/calls', {
    model: 'flow/appointment', voice: 'Sarah', medium: { twilio: {} },
    experimentalSettings: { turnTiming: true }, sharedSecrets: [secret],
    dataConnection: { websocketUrl: platform.url.replace('http', 'ws') + '/data' }, ...extra,
  });
  assert.equal(status, 201, JSON.stringify(json));
  const phone = new Twilio(json.joinUrl);
  await phone.start();
  return { id: json.callId, phone };
}

const finals = (role) => platform.of('transcript').filter((message) => message.final && message.role === role);
const nextFinal = async (role, count, ms) => (await until(`${role} turn ${count}`, () => finals(role).length >= count && finals(role), ms))[count - 1];
const say = async (phone, text) => {
  phone.say(text);
  await until('the caller to have spoken', () => phone.queue.length === 0);
};
const get = async (id) => (await engine.request('GET', `/api/calls/${id}`)).json;
const messages = async (id) => (await engine.request('GET', `/api/calls/${id}/messages?mode=in_call`)).json.results;
const words = (text, finish = 'stop') => [
  Model.chunk({ role: 'assistant' }), ...text.match(/.{1,5}/gs).map((piece) => Model.chunk({ content: piece })),
  Model.chunk({}, finish), 'data: [DONE]\n\n',
];

test('a flow is spoken with: greeting, understanding, answer in time, recording', async () => {
  const { id, phone } = await call({ recordingEnabled: true });
  assert.equal((await engine.request('GET', `/api/calls/${id}/recording`)).status, 425);
  const link = platform.links.at(-1) ?? (await until('the data connection', () => platform.links.at(-1)));
  const expected = createHmac('sha256', secret).update(id + link.headers['x-ultravox-signature-timestamp']).digest('hex');
  assert.equal(link.headers['x-ultravox-call-id'], id);
  assert.equal(link.headers['x-ultravox-signature'], expected);
  await nextFinal('agent', 1);
  assert.ok(phone.heardMs > 1000);
  await say(phone, 'I would like to book an appointment');
  const heard = await nextFinal('user', 1);
  assert.match(heard.text, /book/);
  assert.ok(heard.confidence > 0 && heard.confidence <= 1);
  const timing = await until('the timing', () => platform.of('turn_timing')[0]);
  assert.ok(timing.firstAudioMs < 800, JSON.stringify(timing));
  assert.match((await nextFinal('agent', 2)).text, /day/i);
  const turns = await messages(id);
  assert.deepEqual(turns.map((turn) => turn.role), ['MESSAGE_ROLE_AGENT', 'MESSAGE_ROLE_USER', 'MESSAGE_ROLE_AGENT']);
  assert.match(turns[1].metadata.confidence, /^[01]\.\d\d$/);
  phone.hangUp();
  const ended = await until('the end', async () => (await get(id)).ended && get(id));
  assert.equal(ended.endReason, 'hangup');
  assert.equal(typeof ended.outcome.goal_reached, 'boolean');
  assert.ok(platform.of('outcome').length === 1);
  const wav = await fetch(`http://127.0.0.1:${engine.port}/api/calls/${id}/recording`, { headers: { 'X-API-Key': 'testkey1.abcdefghijklmnopqrstuvwxyz012345' } });
  assert.equal(wav.status, 200);
  const bytes = Buffer.from(await wav.arrayBuffer());
  assert.equal(bytes.toString('latin1', 0, 4), 'RIFF');
  assert.equal(bytes.readUInt16LE(22), 2);
});

test('barge-in clears the line at once, and only what was heard is on record', async () => {
  reply = () => words('The first thing you should know is that our practice has a very long history. It began many years ago. There were only two of us. We had no computers then.');
  const { id, phone } = await call({ model: 'any', systemPrompt: 'Talk.' });
  await until('speech', () => phone.heardMs > 2500);
  const began = Date.now();
  phone.say('Wait a moment please');
  await until('the clear', () => phone.clearedAt > began);
  assert.ok(phone.clearedAt - began < 450, `cleared after ${phone.clearedAt - began} ms`);
  const final = await nextFinal('agent', 1);
  const whole = 'The first thing you should know is that our practice has a very long history.';
  assert.ok(final.text.length > 10 && final.text.length < whole.length, final.text);
  assert.ok(whole.startsWith(final.text), final.text);
  await nextFinal('user', 1);
  assert.equal((await messages(id))[0].text, final.text);
  const second = await until('the next request', () => model.requests[1]);
  assert.equal(second.messages.findLast((message) => message.role === 'assistant').content, final.text);
  phone.hangUp();
});

test('a language model answers, calls a tool, and hangs up', async () => {
  const tool = {
    temporaryTool: {
      modelToolName: 'lookup', description: 'Looks an order up',
      dynamicParameters: [{ name: 'order', location: 'PARAMETER_LOCATION_BODY', schema: { type: 'string' }, required: true }],
      staticParameters: [{ name: 'shop', location: 'PARAMETER_LOCATION_QUERY', value: 'main' }],
      automaticParameters: [{ name: 'callId', location: 'PARAMETER_LOCATION_BODY', knownValue: 'KNOWN_PARAM_CALL_ID' }],
      http: { baseUrlPattern: `${platform.url}/tool`, httpMethod: 'POST' },
    },
  };
  reply = (request, count) =>
    count === 1
      ? [
          Model.chunk({ tool_calls: [{ index: 0, id: 'call_1', function: { name: 'lookup', arguments: '{"ord' } }] }),
          Model.chunk({ tool_calls: [{ index: 0, function: { arguments: 'er":"42"}' } }] }),
          Model.chunk({}, 'tool_calls'), 'data: [DONE]\n\n',
        ]
      : [
          ...words('<think>hidden</think>Your order is on its way. Goodbye!').slice(0, -2),
          Model.chunk({ tool_calls: [{ index: 0, id: 'call_2', function: { name: 'hangUp', arguments: '{"reason":"done"}' } }] }),
          Model.chunk({}, 'tool_calls'), 'data: [DONE]\n\n',
        ];
  const { id, phone } = await call({
    model: 'any', systemPrompt: 'Help.', selectedTools: [tool, { toolName: 'hangUp' }],
    firstSpeakerSettings: { agent: { text: 'Which order?' } },
  });
  await nextFinal('agent', 1);
  await say(phone, 'It is order number forty two');
  const tooled = await until('the tool', () => platform.events.find((event) => event.url.startsWith('/tool')));
  assert.equal(tooled.url, '/tool?shop=main');
  assert.deepEqual(tooled.json, { order: '42', callId: id });
  assert.equal((await nextFinal('agent', 2)).text, 'Your order is on its way. Goodbye!');
  await phone.closed;
  assert.equal((await get(id)).endReason, 'agent_hangup');
  const roles = (await messages(id)).map((message) => message.role.replace('MESSAGE_ROLE_', ''));
  assert.deepEqual(roles, ['AGENT', 'USER', 'TOOL_CALL', 'TOOL_RESULT', 'TOOL_CALL', 'TOOL_RESULT', 'AGENT']);
  assert.equal(model.requests[1].messages.at(-1).role, 'tool');
  phone.end();
});

test('a tool is run over the data connection, and one that never answers is given up', async () => {
  const tool = (name) => ({ temporaryTool: { modelToolName: name, timeout: '1s', dynamicParameters: [{ name: 'q', location: 'PARAMETER_LOCATION_BODY', schema: { type: 'string' } }], staticParameters: [{ name: 'fixed', location: 'PARAMETER_LOCATION_BODY', value: 7 }], dataConnection: {} } });
  const use = (name) => [Model.chunk({ tool_calls: [{ index: 0, id: `call_${name}`, function: { name, arguments: '{"q":"x"}' } }] }), Model.chunk({}, 'tool_calls'), 'data: [DONE]\n\n'];
  reply = (request, count) => (count === 1 ? use('answered') : count === 2 ? use('ignored') : words('Done.'));
  const { phone } = await call({ model: 'any', selectedTools: [tool('answered'), tool('ignored')] });
  const invocation = await until('the invocation', () => platform.of('data_connection_tool_invocation')[0]);
  assert.equal(invocation.toolName, 'answered');
  assert.deepEqual(invocation.parameters, { q: 'x', fixed: 7 });
  const { socket } = platform.links.at(-1);
  socket.send(JSON.stringify({ type: 'data_connection_tool_result', invocationId: 'wrong', result: 'no' }));
  socket.send(JSON.stringify({ type: 'data_connection_tool_result', invocationId: invocation.invocationId, result: 'forty' }));
  assert.equal((await nextFinal('agent', 1)).text, 'Done.');
  const results = model.requests[2].messages.filter((message) => message.role === 'tool').map((message) => message.content);
  assert.equal(results[0], 'forty');
  assert.match(results[1], /in time/);
  phone.hangUp();
});

test('a model that fails is apologised for, and the call goes on', async () => {
  let healthy = false;
  reply = () => (healthy ? words('I am back.') : { status: 400 });
  const { id, phone } = await call({ model: 'any', firstSpeakerSettings: { agent: { text: 'Hello.' } } });
  await nextFinal('agent', 1);
  await say(phone, 'Can you hear me now');
  assert.match((await nextFinal('agent', 2)).text, /sorry/i);
  healthy = true;
  await say(phone, 'Can you hear me now');
  assert.equal((await nextFinal('agent', 3)).text, 'I am back.');
  const answer = await engine.request('POST', `/api/calls/${id}/send_data_message`, { type: 'hang_up', message: 'Bye now.' });
  assert.equal(answer.status, 204);
  await phone.closed;
  assert.equal((await get(id)).endReason, 'hangup');
  assert.equal((await messages(id)).at(-1).text, 'Bye now.');
  phone.end();
});

test('keys are heard as one input, and instructions come over the data connection', async () => {
  reply = () => words('Thank you.');
  const { phone } = await call({ model: 'any', firstSpeakerSettings: { agent: { text: 'Your number?' } } });
  await nextFinal('agent', 1);
  for (const digit of '12#') phone.digit(digit);
  const request = await until('the request', () => model.requests[0]);
  assert.match(request.messages.at(-1).content, /12#/);
  await nextFinal('agent', 2);
  const { socket } = platform.links.at(-1);
  socket.send(JSON.stringify({ type: 'ping', timestamp: 12.5 }));
  assert.equal((await until('the pong', () => platform.of('pong')[0])).timestamp, 12.5);
  socket.send('garbage');
  socket.send(JSON.stringify({ type: 'user_text_message', text: 'and in writing', urgency: 'immediate' }));
  await until('the second request', () => model.requests[1]?.messages.at(-1).content === 'and in writing');
  await nextFinal('agent', 3);
  phone.hangUp();
});

test('serverWebSocket carries raw audio and data messages', async () => {
  reply = () => words('I heard you.');
  const { json } = await engine.request('POST', '/api/calls', {
    model: 'any', medium: { serverWebSocket: { inputSampleRate: 8000, outputSampleRate: 16000 } },
    firstSpeakerSettings: { user: {} },
  });
  const socket = new WebSocket(json.joinUrl);
  const seen = [];
  let audio = 0;
  socket.on('message', (data, binary) => (binary ? (audio += data.length) : seen.push(JSON.parse(data))));
  await new Promise((done) => socket.on('open', done));
  const ulaw = Buffer.concat([Buffer.alloc(4000, 0xff), speech('Hello can you hear me'), Buffer.alloc(16000, 0xff)]);
  for (let at = 0; at < ulaw.length; at += 160) {
    const frame = Buffer.alloc(320);
    for (let i = 0; i < 160 && at + i < ulaw.length; i++) frame.writeInt16LE(ulawDecode(ulaw[at + i]), 2 * i);
    socket.send(frame);
    await sleep(18);
  }
  await until('the answer', () => seen.find((message) => message.role === 'agent' && message.final));
  assert.equal(seen[0].type, 'call_started');
  assert.ok(seen.some((message) => message.type === 'state' && message.state === 'speaking'));
  assert.ok(audio > 16000, `${audio} bytes`);
  socket.send(JSON.stringify({ type: 'hang_up', message: '' }));
  await new Promise((done) => socket.on('close', done));
  assert.equal((await get(json.callId)).endReason, 'hangup');
});

test('garbage on the media socket ends neither the engine nor other calls', async () => {
  const { id, phone } = await call({});
  for (const text of ['{', '[]', '{"event":"media"}', '{"event":"media","media":{"payload":"%%%"}}', '{"event":"start"}', '{"event":"dtmf","dtmf":{"digit":"99"}}', '{"event":"mark","mark":{"name":"m99999999999999999999"}}']) phone.socket.send(text);
  phone.socket.send(Buffer.from([0, 1, 2]));
  await sleep(200);
  assert.equal((await get(id)).ended, null);
  phone.end();
  await until('the end', async () => (await get(id)).endReason === 'connection_error');
});
