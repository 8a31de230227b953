// Protects: talking to an agent from a browser: a microphone over a WebSocket is heard and answered, talking over the
// agent clears what was not played, and the call is a call as any: transcript, summary, who hung up, no telephone cost; it can
// be listened to, the agent takes words for it, and when the pod that carries it dies it is settled within seconds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RATE, listen, talk as talkTo } from './browser.mjs';
import { System, isTerminal, until } from './system.mjs';

let system;
before(async () => {
	system = await System.start();
});
after(() => system?.stop());

const talk = (agent) => talkTo(system.api, agent);

test('a browser is heard, may interrupt, and its call is a call as any', { timeout: 120000 }, async () => {
	const page = talk('appointment');
	await until('the agent is there', () => page.header).catch((error) => assert.fail(`${error.message} ${page.code}\n${system.logs()}`));
	const { call_id: id, ...format } = page.header;
	assert.deepEqual(format, { type: 'talking', encoding: 'pcm_s16le', sample_rate: RATE, channels: 1, frame_ms: 20 });
	await until('the agent greets', () => page.loudest > 2000);
	await until('the call goes on', async () => (await system.get(`/calls/${id}`)).body.status === 'IN_PROGRESS');
	page.say('I would like to book an appointment.');
	await until('the agent stops speaking', () => page.clears > 0, 30).catch((error) => assert.fail(`${error.message}\n${system.logs()}`));
	const said = async (speaker) => (await system.get(`/calls/${id}/transcript`)).body.transcript.filter((turn) => turn.speaker === speaker).map((turn) => turn.text).join(' ');
	await until('the caller is understood', async () => /book|appointment/i.test(await said('user')), 30);
	await until('the agent answers', () => page.states.filter((state) => state === 'speaking').length > 1, 30);
	page.socket.close();
	const call = await system.call(id, 'summarised', (c) => isTerminal(c) && c.summary?.status === 'completed');
	assert.deepEqual([call.status, call.direction, call.phone_number, call.end_reason, call.agent], ['COMPLETED', 'INBOUND', 'browser', 'caller_hangup', 'appointment']);
	assert.ok(call.duration_seconds > 0);
	assert.equal(call.cost.telephony.micros, 0);
});

test('somebody listens in, and gives the agent words', { timeout: 60000 }, async () => {
	const page = talk('appointment');
	const id = (await until('the agent is there', () => page.header)).call_id;
	await until('the call goes on', async () => (await system.get(`/calls/${id}`)).body.status === 'IN_PROGRESS');
	const listener = listen(system.api, id);
	page.say('Good morning to you all.');
	await until('both sides are heard', () => listener.peaks.every((peak) => peak > 2000)).catch((error) => assert.fail(`${error.message} ${listener.peaks} ${listener.code}\n${system.logs()}`));
	assert.deepEqual(listener.header, { type: 'listening', call_id: id, encoding: 'pcm_s16le', sample_rate: 8000, channels: 2, channel_names: ['caller', 'agent'], frame_ms: 20 });
	assert.equal((await system.post(`/calls/${id}/say`, { text: 'The office is closed on Monday.', interruptible: false })).status, 202);
	await until('the agent said it', async () => (await system.get(`/calls/${id}/transcript`)).body.transcript.some((turn) => turn.speaker === 'agent' && /closed on Monday/.test(turn.text)));
	assert.equal((await system.post(`/calls/${id}/instruct`, { text: 'confirm' })).status, 202);
	page.socket.close();
	await until('listening ends with the call', () => listener.code !== null);
	assert.equal(listener.code, 1000);
});

test('the end of a call over the API ends it in the browser', { timeout: 60000 }, async () => {
	const page = talk();
	await until('the agent is there', () => page.header);
	await until('the call goes on', async () => (await system.get(`/calls/${page.header.call_id}`)).body.status === 'IN_PROGRESS');
	await system.post(`/calls/${page.header.call_id}/end`);
	await until('the socket is closed', () => page.code !== null);
	assert.equal(page.code, 1000);
	const call = await system.call(page.header.call_id, 'over', isTerminal);
	assert.deepEqual([call.status, call.end_reason], ['COMPLETED', 'ended_by_api']);
});

test('a pod that dies while it carries a call leaves no call behind', { timeout: 60000 }, async () => {
	const page = talk();
	await until('the agent is there', () => page.header);
	await until('the call goes on', async () => (await system.get(`/calls/${page.header.call_id}`)).body.status === 'IN_PROGRESS');
	system.servers.serve.kill('SIGKILL');
	await system.servers.serve.end();
	system.launch('serve');
	await system.ready('serve');
	const call = await system.call(page.header.call_id, 'settled', isTerminal, 20);
	assert.equal(call.status, 'COMPLETED');
	assert.ok(['caller_hangup', 'provider_error'].includes(call.end_reason), call.end_reason);
});

test('an agent that is not there is no agent to talk to', async () => {
	const page = talk('nobody');
	await until('it is refused', () => page.code !== null);
	assert.equal(page.code, 4404);
});
