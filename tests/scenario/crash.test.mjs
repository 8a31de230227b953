// Protects: kill -9 of each server in mid-call. After its restart every call is terminal or alive, none is
// stuck, each has exactly one terminal event, and the summary is written.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sipp, speechFile } from './phone.mjs';
import { System, freeUdpPort, isTerminal, until } from './system.mjs';

let system, phones;
before(async () => {
	const trunk = await freeUdpPort();
	system = await System.start({ SIP_TRUNK_URI: `sip:127.0.0.1:${trunk}` });
	phones = await sipp('callees', { port: trunk, calls: 3, words: { talk_ms: 25000, audio_file: speechFile([3000, 'yes', 3000]) }, seconds: 150 });
});
after(async () => {
	await phones?.stop();
	await system?.stop();
});

for (const [name, digit] of [['serve', 0], ['engine', 1], ['carrier', 2]]) {
	test(`kill -9 of ${name} in mid-call loses nothing`, { timeout: 120000 }, async () => {
		const { status, body } = await system.post('/calls/initiate', { phone_number: `+1555030000${digit}` });
		assert.equal(status, 201, JSON.stringify(body));
		const id = body.call_id;
		await system.call(id, 'talking', (c) => c.status === 'IN_PROGRESS');
		await until('the agent has spoken', async () => (await system.get(`/calls/${id}/transcript`)).body.transcript?.length > 0, 30);

		system.servers[name].kill('SIGKILL');
		await system.servers[name].exited;
		system.launch(name);
		await system.ready(name);

		const call = await system.call(id, 'over and summarised', (c) => isTerminal(c) && c.summary?.status === 'completed', 90);
		assert.ok(call.end_reason, JSON.stringify(call));
		const { body: log } = await system.get(`/calls/${id}/events`);
		assert.equal(log.events.filter((e) => e.type === 'call.status' && isTerminal(e.data)).length, 1, JSON.stringify(log.events));
		const active = await system.get('/calls/active/list');
		assert.equal(active.body.calls.length, 0);
	});
}
