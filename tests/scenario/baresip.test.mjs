// Protects: a call from baresip, a SIP phone written by others, with its own ideas about SDP, RTP and
// RTCP: it is answered, heard and hung up, and ends with transcript, summary and recording.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { baresip, speechWav } from './phone.mjs';
import { System, isTerminal, until } from './system.mjs';

let system, phone;
before(async () => {
	system = await System.start();
	// Said twice, for a busy machine on which the greeting lasts until after the first time.
	const words = 'I would like to book an appointment.';
	phone = await baresip({ user: '+15550170002', microphone: speechWav([9000, words, 12000, words, 30000]) });
});
after(async () => {
	await phone?.stop();
	await system?.stop();
});

test('a call from baresip is heard, summarised and recorded', { timeout: 120000 }, async () => {
	phone.command('dial', `sip:+15550100000@127.0.0.1:${system.settings.SIP_PORT}`);
	await phone.event('CALL_ESTABLISHED').catch((error) => assert.fail(`${error.message}\n${phone.output()}\n${system.logs()}`));
	const id = await until('the call is listed', async () => (await system.get('/calls/?direction=INBOUND')).body.calls?.[0]?.call_id);
	const said = async (speaker) => {
		const { body } = await system.get(`/calls/${id}/transcript`);
		return (body.transcript ?? []).filter((turn) => turn.speaker === speaker).map((turn) => turn.text).join(' ');
	};
	await until('the caller is understood', async () => /book|appointment/i.test(await said('user')), 60).catch((error) => assert.fail(`${error.message}\n${phone.output()}\n${system.logs()}`));
	await pause(1000);
	phone.command('hangup');
	await phone.event('CALL_CLOSED');

	const call = await system.call(id, 'summarised and recorded', (c) => isTerminal(c) && c.summary?.status === 'completed' && c.recording?.status === 'available');
	assert.equal(call.status, 'COMPLETED');
	assert.equal(call.end_reason, 'caller_hangup');
	assert.equal(call.phone_number, '+15550170002');
	assert.ok((await said('agent')).length > 20);
	const recording = await fetch(`${system.api}/calls/${id}/recording`);
	assert.equal(recording.status, 200);
	const wav = Buffer.from(await recording.arrayBuffer());
	assert.equal(wav.toString('latin1', 0, 4), 'RIFF');
	assert.equal(wav.readUInt16LE(22), 2, 'stereo');
	assert.ok(wav.length > 10 * 8000 * 2, `only ${wav.length} bytes`);
});
