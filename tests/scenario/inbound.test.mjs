// Protects: an inbound call from a real SIP phone (sipp) that speaks: it ends with a transcript of what
// was said, a summary and a recording.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sipp, speechFile } from './phone.mjs';
import { System, isTerminal, until } from './system.mjs';

let system;
before(async () => {
	system = await System.start();
});
after(() => system?.stop());

test('a caller is heard, summarised and recorded', { timeout: 120000 }, async () => {
	const audio = speechFile([9000, 'I would like to book an appointment.', 15000]);
	const phone = await sipp('caller', {
		target: `127.0.0.1:${system.settings.SIP_PORT}`,
		words: { audio_file: audio, hangup_ms: 24000 },
		args: ['-s', '+15550100000'],
	});
	assert.equal(await phone.exited, 0, phone.output() + system.logs());

	const listed = await until('the call is listed', async () => {
		const { body } = await system.get('/calls/?direction=INBOUND');
		return body.calls?.[0];
	});
	const call = await system.call(listed.call_id, 'summarised and recorded', (c) => isTerminal(c) && c.summary?.status === 'completed' && c.recording?.status === 'available');
	assert.equal(call.status, 'COMPLETED');
	assert.equal(call.end_reason, 'caller_hangup');
	assert.equal(call.phone_number, '+15550170001');
	const { body } = await system.get(`/calls/${call.call_id}/transcript`);
	const said = (speaker) => body.transcript.filter((turn) => turn.speaker === speaker).map((turn) => turn.text).join(' ');
	assert.ok(said('agent').length > 20, JSON.stringify(body));
	assert.match(said('user'), /book|appointment/i);
	const recording = await fetch(`${system.api}/calls/${call.call_id}/recording`);
	assert.equal(recording.status, 200);
	const wav = Buffer.from(await recording.arrayBuffer());
	assert.equal(wav.toString('latin1', 0, 4), 'RIFF');
	assert.equal(wav.readUInt16LE(22), 2, 'stereo');
	assert.ok(wav.length > 20 * 8000 * 2, `only ${wav.length} bytes`);
});
