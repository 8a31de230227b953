// Protects: conversations as people hold them, spoken in both directions over SIP/RTP. A caller who puts right
// what the agent has wrong, one who talks into the greeting, one who answers a survey, and softphones that
// call in to move and to cancel. What was agreed is compared with what the caller's script wants.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { dateOf } from './dates.mjs';
import { Process, System, freeUdpPort, isTerminal, root, until } from './system.mjs';

let system;
before(async () => {
	system = await System.start();
});
after(() => system?.stop());

const greeting = 'Hello, this is the Oak Street dental practice. Would you like to book, move or cancel an appointment?';

async function finished(id) {
	const call = await system.call(id, 'over and summarised', (c) => isTerminal(c) && c.summary?.status === 'completed', 120);
	const { body } = await system.get(`/calls/${id}/transcript`);
	assert.equal(call.status, 'COMPLETED', JSON.stringify(call));
	return { call, turns: body.transcript, outcome: call.outcome, said: body.transcript.map((turn) => `${turn.speaker}: ${turn.text}`).join('\n') };
}

/** Call a phone with this script. */
async function callOut(script, request) {
	const port = await freeUdpPort();
	const phone = new Process(system.settings, ['callee', '--once', '--port', String(port), '--script', script]);
	await until('the phone is ready', () => phone.stderr.includes('"callee_ready"'));
	const { status, body } = await system.post('/calls/initiate', { phone_number: `sip:phone@127.0.0.1:${port}`, ...request });
	assert.equal(status, 201, JSON.stringify(body));
	const result = await finished(body.call_id);
	await phone.stop();
	return { ...result, heard: phone.stderr };
}

/** A phone with this script calls in. */
async function callIn(script) {
	const port = String(await freeUdpPort());
	const { number } = JSON.parse(readFileSync(join(root, script), 'utf8'));
	const phone = new Process(system.settings, ['callee', '--port', port, '--dial', `sip:+15550100000@127.0.0.1:${system.settings.SIP_PORT}`, '--script', script]);
	const { code } = await phone.end(120);
	assert.equal(code, 0, phone.stderr);
	const { body } = await system.get(`/calls/?direction=INBOUND&number=${encodeURIComponent(number)}`);
	assert.equal(body.calls.length, 1);
	return { ...(await finished(body.calls[0].call_id)), heard: phone.stderr };
}

// Calls do not delay each other; with one of another test they are what two cores recognise in time.
describe('spoken conversations', { concurrency: 2 }, () => {
	test('a caller corrects a day, a time and a name that are read back wrongly', { timeout: 180000 }, async () => {
		const wrong = { 'slot.day': dateOf('next tuesday'), 'slot.time': '11:00', 'slot.name': 'Emily' };
		const { outcome, said, heard } = await callOut('config/callee/appointment.json', { agent: 'appointment', metadata: wrong });
		assert.match(heard, /"as_wanted":"no"/, said);
		assert.match(said, /user: (u[hm] )?no I said next Thursday/i);
		assert.equal(outcome.goal_reached, true, said);
		assert.equal(outcome.slots.day, dateOf('next thursday'), said);
		assert.equal(outcome.slots.time, '15:00', said);
		assert.equal(outcome.slots.name, 'Daniel', said);
	});

	test('who talks into the greeting is heard, and the transcript holds only what was heard', { timeout: 180000 }, async () => {
		const { outcome, turns, said } = await callOut('config/callee/interrupt.json', { agent: 'appointment' });
		const [first, second] = turns;
		assert.equal(first.speaker, 'agent', said);
		assert.ok(greeting.startsWith(first.text) && first.text.length < greeting.length - 20, said);
		assert.match(first.text, /^Hello, this is the/);
		assert.equal(second.speaker, 'user', said);
		assert.match(second.text, /book an appointment/);
		assert.equal(turns.filter((turn) => turn.speaker === 'agent' && /book, move or cancel/.test(turn.text)).length, 0, said);
		assert.equal(outcome.goal_reached, true, said);
		assert.equal(outcome.slots.day, dateOf('next thursday'), said);
		assert.equal(outcome.slots.time, '15:00', said);
	});

	test('a survey is answered and a callback agreed', { timeout: 180000 }, async () => {
		const { outcome, said, call } = await callOut('config/callee/survey.json', { agent: 'survey' });
		assert.equal(outcome.goal_reached, true, said);
		assert.deepEqual(
			outcome.slots,
			{ score: 8, solved: 'yes', reason: 'waiting_time', callback: 'yes', day: dateOf('next wednesday'), time: '10:30' },
			said,
		);
		assert.match(call.summary.summary, /^The callee completed the survey \(score 8, solved yes, reason waiting time\) and is to be called back on Wednesday, /);
		assert.match(call.summary.action_items[0], /^Agent: call the callee back \(Wednesday, .* at 10:30 a\.m\.\)$/);
	});

	test('a softphone calls in and moves an appointment', { timeout: 180000 }, async () => {
		const { outcome, said, call } = await callIn('tests/data/callee/move.json');
		const { wants } = JSON.parse(readFileSync(join(root, 'tests/data/callee/move.json'), 'utf8'));
		assert.equal(call.direction, 'INBOUND');
		assert.equal(outcome.goal_reached, true, said);
		assert.equal(outcome.reason, 'appointment_moved');
		assert.equal(outcome.slots.old_day, dateOf(wants.old_day.date), said);
		assert.equal(outcome.slots.day, dateOf(wants.day.date), said);
		assert.equal(outcome.slots.time, '10:00', said);
		assert.match(call.summary.summary, /^Daniel moved the appointment of Monday, .* to Wednesday, .* at 10 a\.m\. /);
	});

	test('a softphone calls in and cancels an appointment', { timeout: 180000 }, async () => {
		const { outcome, said, call } = await callIn('tests/data/callee/cancel.json');
		assert.equal(outcome.goal_reached, true, said);
		assert.equal(outcome.reason, 'appointment_cancelled');
		assert.equal(outcome.slots.old_day, dateOf('next friday'), said);
		assert.match(call.summary.summary, /^Daniel cancelled the appointment of Friday, /);
	});
});
