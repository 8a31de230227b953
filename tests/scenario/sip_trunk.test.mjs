// Protects: calls through a trunk that asks for a password (a real one, sipp checks the digest), reached by
// name: with the right password of the settings they are connected, with a wrong one they fail as rejected.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sipp } from './phone.mjs';
import { System, freeUdpPort, isTerminal } from './system.mjs';

let system, port;
before(async () => {
	port = await freeUdpPort();
	system = await System.start({ SIP_TRUNK_URI: `sip:localhost:${port}`, SIP_TRUNK_USERNAME: 'voiceai', SIP_TRUNK_PASSWORD: 'correct horse' });
});
after(() => system?.stop());

for (const [secret, status, reason] of [['correct horse', 'COMPLETED', 'caller_hangup'], ['another', 'FAILED', 'rejected']])
	test(`a trunk whose password is "${secret}": ${status}`, { timeout: 60000 }, async () => {
		const trunk = await sipp('trunk_auth', { port, words: { username: 'voiceai', secret }, seconds: 30 });
		try {
			const { body } = await system.post('/calls/initiate', { phone_number: '+15550200001' });
			const call = await system.call(body.call_id, 'over', isTerminal, 30);
			assert.equal(await trunk.exited, 0, trunk.output() + system.logs());
			assert.equal(call.status, status, JSON.stringify(call));
			assert.equal(call.end_reason, reason);
		} finally {
			await trunk.stop();
		}
	});
