// The carrier's numbers seen with the vendor's own client: listed in pages, added, changed, removed, kept over a
// restart; and an inbound call asks the number it was made to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Carrier, number, until } from './carrier_harness.mjs';

let carrier;
before(async () => (carrier = await Carrier.start()));
after(async () => {
	assert.deepEqual(await carrier.stop(), { code: 0, signal: null });
});

const expectError = (promise, code, status) =>
	assert.rejects(promise, (error) => {
		assert.equal(error.code, code);
		assert.equal(error.status, status);
		return true;
	});
const numbers = () => carrier.client.incomingPhoneNumbers;

test('our own number is there, and goes where the settings say', async () => {
	const [own, ...others] = await numbers().list();
	assert.deepEqual(others, []);
	assert.equal(own.phoneNumber, number);
	assert.match(own.sid, /^PN[0-9a-f]{32}$/);
	assert.equal(own.voiceUrl, carrier.customer.url('/voice'));
	assert.equal(own.statusCallback, carrier.customer.url('/status'));
	assert.equal(own.capabilities.voice, true);
	assert.equal((await numbers()(own.sid).fetch()).phoneNumber, number);
});

test('a number is added, changed and removed, and outlives a restart', async () => {
	const made = await numbers().create({ phoneNumber: '+15550100021', friendlyName: 'Desk', voiceUrl: carrier.customer.url('/desk'), voiceMethod: 'GET' });
	assert.equal(made.friendlyName, 'Desk');
	assert.equal(made.voiceMethod, 'GET');
	const changed = await numbers()(made.sid).update({ statusCallback: carrier.customer.url('/desk-status'), friendlyName: 'Front desk' });
	assert.equal(changed.voiceUrl, carrier.customer.url('/desk'), 'what is not named stays');
	assert.equal(changed.voiceMethod, 'GET');
	assert.equal(changed.statusCallback, carrier.customer.url('/desk-status'));
	await expectError(numbers().create({ phoneNumber: '+15550100021' }), 21422, 400);
	await expectError(numbers().create({ phoneNumber: '5550100021' }), 21421, 400);
	await expectError(numbers()(made.sid).update({ voiceUrl: 'ftp://example.com/' }), 21205, 400);
	await expectError(numbers()(made.sid).update({ voiceMethod: 'PUT' }), 21209, 400);
	await expectError(numbers()('PN' + '0'.repeat(32)).fetch(), 20404, 404);

	const before = (await numbers().list()).map((n) => n.sid);
	await carrier.system.servers.carrier.stop();
	carrier.system.launch('carrier');
	await carrier.system.ready('carrier');
	const after = await numbers().list();
	assert.deepEqual(after.map((n) => n.sid), before);
	const kept = after.find((n) => n.sid === made.sid);
	assert.equal(kept.friendlyName, 'Front desk');
	assert.equal(kept.voiceUrl, carrier.customer.url('/desk'));

	const cleared = await numbers()(made.sid).update({ voiceUrl: '' });
	assert.equal(cleared.voiceUrl, carrier.customer.url('/voice'), 'without one of its own, as the settings say');
	assert.equal(await numbers()(made.sid).remove(), true);
	await expectError(numbers()(made.sid).fetch(), 20404, 404);
});

test('lists come in pages and can be filtered', async () => {
	const made = [];
	for (let i = 0; i < 5; i++) made.push(await numbers().create({ phoneNumber: `+1555019000${i}`, friendlyName: i % 2 ? 'odd' : 'even' }));
	const all = await numbers().list({ pageSize: 2 });
	assert.equal(all.length, 6);
	assert.equal(new Set(all.map((n) => n.sid)).size, 6);
	assert.deepEqual((await numbers().list({ friendlyName: 'odd' })).map((n) => n.phoneNumber).sort(), ['+15550190001', '+15550190003']);
	assert.equal((await numbers().list({ phoneNumber: '+1555019' })).length, 5);
	assert.deepEqual((await numbers().list({ phoneNumber: '019***3' })).map((n) => n.phoneNumber), ['+15550190003']);
	for (const { sid } of made) await numbers()(sid).remove();
});

test('an inbound call asks the number it was made to', async () => {
	const made = await numbers().create({
		phoneNumber: '+15550100022', voiceUrl: carrier.customer.url('/desk'), voiceFallbackUrl: carrier.customer.url('/desk-fallback'), statusCallback: carrier.customer.url('/desk-status'),
	});
	carrier.customer.pages['/desk'] = { status: 500 };
	carrier.customer.pages['/desk-fallback'] = '<Response><Pause length="1"/></Response>';
	const caller = await carrier.caller('call', { CALLED: '+15550100022' });
	assert.equal(await caller.end(), 0);
	const [request] = carrier.customer.at('/desk');
	assert.equal(request.params.To, '+15550100022');
	assert.ok(request.valid);
	assert.equal(carrier.customer.at('/desk-fallback').length, 1);
	await until('its status', () => carrier.customer.at('/desk-status').some((r) => r.params.CallSid === request.params.CallSid));
	assert.equal(carrier.customer.at('/voice').length, 0);
	await numbers()(made.sid).remove();
});
