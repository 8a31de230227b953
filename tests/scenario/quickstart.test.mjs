// Protects docs/quickstart.md: its commands, typed one after the other into a shell, make an agent that answers its own
// number, takes the order, and shows it to a program. `make run` itself is the demo's test.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Desk, commands } from './docs.mjs';
import { System, freeUdpPort, isTerminal } from './system.mjs';

let system, desk;

before(async () => {
	desk = new Desk();
	system = await System.start({ FLOWS_DIR: join(desk.folder, 'config/flows') });
	desk.beside(system);
});
after(async () => {
	await system?.stop();
	desk?.close();
});

test('the commands of the quick start lead to an agent that answers its own number', { timeout: 120000 }, async () => {
	const phone = await freeUdpPort();
	const blocks = commands('docs/quickstart.md').map(({ text }) =>
		text.replaceAll('127.0.0.1:8000', `127.0.0.1:${system.settings.PORT}`).replaceAll('127.0.0.1:5060', `127.0.0.1:${system.settings.SIP_PORT}`).replaceAll('5099', String(phone)));
	assert.equal(blocks.shift().trim(), 'make run');
	const printed = [];
	for (const block of blocks) {
		printed.push(await desk.type(block));
		if (!block.includes('--dial')) continue;
		const { body } = await system.get('/calls?agent=kitchen&limit=1');
		await system.call(body.calls[0].call_id, 'over and summarised', (call) => isTerminal(call) && call.summary?.status === 'completed');
	}
	const [, agent, number, dialled, listed, program] = printed;
	assert.match(agent, /"published_version":1/);
	assert.match(number, /"agent":"kitchen"/);
	assert.match(dialled, /soup/);
	const [call] = JSON.parse(listed).calls;
	assert.equal(call.status, 'COMPLETED');
	assert.equal(call.from_number, '+15550100061');
	assert.deepEqual([call.outcome.goal_reached, call.outcome.slots.dish], [true, 'soup']);
	assert.match(program, /^agent: .*corner kitchen/m);
	assert.match(program, /^COMPLETED .*soup/m);
});
