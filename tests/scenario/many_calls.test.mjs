// Protects: fifty calls at once to real SIP phones that answer, are busy, do not answer or decline: each
// ends in the right state with the right reason, each has exactly one terminal event, none is stuck.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sipp, speechFile } from './phone.mjs';
import { System, freeUdpPort, isTerminal, until } from './system.mjs';

const CALLS = 50;
const expected = (digit) => {
	if (digit <= 5) return ['COMPLETED', /^(caller_hangup|agent_hangup)$/];
	if (digit <= 7) return ['BUSY', /^busy$/];
	if (digit === 8) return ['NO_ANSWER', /^no_answer$/];
	return ['FAILED|BUSY', /^(rejected|busy)$/];
};

let system, phones;
before(async () => {
	const trunk = await freeUdpPort();
	system = await System.start({ SIP_TRUNK_URI: `sip:127.0.0.1:${trunk}`, RING_TIMEOUT_SECONDS: '6' });
	phones = await sipp('callees', {
		port: trunk,
		calls: CALLS,
		words: { talk_ms: 12000, audio_file: speechFile([4000, 'yes', 3000]) },
		seconds: 120,
	});
});
after(async () => {
	await phones?.stop();
	await system?.stop();
});

test('fifty calls at once all end in the right state', { timeout: 180000 }, async () => {
	const started = await Promise.all(
		Array.from({ length: CALLS }, async (_, i) => {
			const number = `+1555020${String(i).padStart(4, '0')}`;
			const { status, body } = await system.post('/calls/initiate', { phone_number: number });
			assert.equal(status, 201, JSON.stringify(body));
			return { id: body.call_id, digit: i % 10 };
		}),
	);
	for (const { id, digit } of started) {
		const call = await system.call(id, `over (digit ${digit})`, isTerminal, 90);
		const [status, reason] = expected(digit);
		assert.match(call.status, new RegExp(`^(${status})$`), `digit ${digit}: ${JSON.stringify(call)}`);
		assert.match(call.end_reason, reason, `digit ${digit}`);
		const { body } = await system.get(`/calls/${id}/events`);
		const terminal = body.events.filter((e) => e.type === 'call.status' && isTerminal(e.data));
		assert.equal(terminal.length, 1, JSON.stringify(body.events));
	}
	await until('no call is active', async () => (await system.get('/calls/active/list')).body.calls.length === 0);
});
