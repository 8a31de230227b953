// Protects: listening in on a live call with a real phone: both sides are heard in their own channel, the carrier
// copies the audio only while somebody listens, nobody listens to a call that is not there, and it ends with the call.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from '../e2e/node_modules/ws/wrapper.mjs';
import { listen as listenTo } from './browser.mjs';
import { baresip, speechWav } from './phone.mjs';
import { System, isTerminal, until } from './system.mjs';

let system, phone, id;
before(async () => {
	system = await System.start();
	phone = await baresip({ user: '+15550170004', microphone: speechWav([2000, 'Good morning to you all, this is a test of listening in.', 3000, 'And again, good morning to you all.', 60000]) });
	phone.command('dial', `sip:+15550100000@127.0.0.1:${system.settings.SIP_PORT}`);
	await phone.event('CALL_ESTABLISHED');
	id = await until('the call goes on', async () => (await system.get('/calls/?direction=INBOUND&status=IN_PROGRESS')).body.calls?.[0]?.call_id);
});
after(async () => {
	await phone?.stop();
	await system?.stop();
});

const listen = (call) => listenTo(system.api, call);

test('both sides are heard, each in its channel', { timeout: 60000 }, async () => {
	const listener = listen(id);
	await until('both sides were heard', () => listener.peaks[0] > 2000 && listener.peaks[1] > 2000, 30).catch((error) => assert.fail(`${error.message} ${JSON.stringify(listener.peaks)} ${listener.code}\n${system.logs()}`));
	assert.deepEqual(listener.header, { type: 'listening', call_id: id, encoding: 'pcm_s16le', sample_rate: 8000, channels: 2, channel_names: ['caller', 'agent'], frame_ms: 20 });
	const second = listen(id);
	await until('a second one hears, too', () => second.frames > 10);
	listener.socket.close();
	const before = second.frames;
	await until('it goes on for the second', () => second.frames > before + 10);
	second.socket.close();
	await until('the carrier stops copying', () => /"event":"stream_over"/.test(system.servers.carrier.stderr));
});

test('a call that is not there cannot be listened to', async () => {
	const listener = listen('01900000-0000-7000-8000-000000000001');
	await until('it is refused', () => listener.code !== null);
	assert.equal(listener.code, 4404);
});

test('a token that nobody gave out takes no stream', async () => {
	const socket = new WebSocket(`${system.api.replace('http', 'ws')}/webhooks/twilio/listen/${'0'.repeat(48)}`);
	const status = await new Promise((done) => {
		socket.on('unexpected-response', (_, response) => done(response.statusCode));
		socket.on('error', () => {});
	});
	assert.equal(status, 403);
});

test('listening ends with the call', { timeout: 60000 }, async () => {
	const listener = listen(id);
	await until('it is heard', () => listener.frames > 10);
	await system.post(`/calls/${id}/end`);
	await system.call(id, 'over', isTerminal);
	await until('the socket is closed', () => listener.code !== null);
	assert.equal(listener.code, 1000);
	const late = listen(id);
	await until('it is refused', () => late.code !== null);
	assert.equal(late.code, 4409);
});
