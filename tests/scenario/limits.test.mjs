// Protects a tenant's bill: where calls may go and how many there may be, set over the API, refused
// with field and reason when a call is asked for, and again before it is dialled.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { System } from './system.mjs';

let system;

before(async () => {
	// Nobody is there to dial: what is asked for waits, and is tried again.
	system = await System.start({ CALL_BLOCKED_PREFIXES: '+1212' }, ['serve']);
}, { timeout: 60000 });

after(async () => {
	const [{ code }] = await system.stop();
	assert.equal(code, 0, system.logs());
});

const put = async (limits) => {
	const response = await fetch(`${system.api}/limits`, {
		method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(limits),
	});
	return { status: response.status, body: await response.json() };
};
const initiate = (phone_number, more = {}) => system.post('/calls/initiate', { phone_number, ...more });

test('without limits of its own a tenant calls the country of our number', async () => {
	const { status, body } = await system.get('/limits');
	assert.equal(status, 200);
	assert.deepEqual(body.limits.allowed_countries, ['US', 'CA']);
	assert.deepEqual(body.limits.blocked_prefixes, ['+1212']);
	assert.equal(body.limits.premium, false);
	assert.equal(body.limits.calls_per_day, 0);
	assert.deepEqual(body.own, {});
	assert.equal(body.today, null);
	assert.equal((await initiate('+13125550100')).status, 201);
	for (const number of ['+12125550100', '+442079460000', '+19005550100', '+881612345678', 'sip:+442079460000@127.0.0.1']) {
		const refused = await initiate(number);
		assert.equal(refused.status, 403, number);
		assert.equal(refused.body.error.code, 'destination_not_allowed');
		assert.equal(refused.body.error.field, 'phone_number');
		assert.ok(refused.body.error.message.length > 20);
	}
});

test('wrong limits are refused and change nothing', async () => {
	for (const [field, limits] of [
		['allowed_countries', { allowed_countries: ['UK'] }], ['blocked_prefixes', { blocked_prefixes: ['44'] }], ['calls_per_day', { calls_per_day: -1 }],
		['premium', { premium: 'yes' }], ['nothing', { nothing: 1 }], ['limits', []],
	]) {
		const { status, body } = await put(limits);
		assert.equal(status, 400, JSON.stringify(limits));
		assert.equal(body.error.field, field);
	}
	assert.deepEqual((await system.get('/limits')).body.own, {});
});

test('caps are exact when everybody calls at once, and say which they are', async () => {
	const caps = { calls_per_day: 8, allowed_countries: ['US', 'GB'], blocked_prefixes: [] };
	const { status, body } = await put(caps);
	assert.equal(status, 200);
	assert.deepEqual(body.own, caps);
	assert.equal(body.limits.sip, true);
	// One call was made before there was a cap; it counts.
	const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => initiate(i % 2 ? '+442079460000' : '+12125550100')));
	assert.equal(answers.filter((answer) => answer.status === 201).length, 7);
	for (const refused of answers.filter((answer) => answer.status !== 201)) {
		assert.equal(refused.status, 429);
		assert.equal(refused.body.error.code, 'cap_reached');
		assert.equal(refused.body.error.field, 'calls_per_day');
	}
	assert.equal((await system.get('/limits')).body.today.calls, 8);
});

test('attempts at one number are capped for themselves', async () => {
	assert.equal((await put({ attempts_per_number_per_day: 2 })).status, 200);
	const answers = [];
	for (let i = 0; i < 3; i++) answers.push(await initiate('+16465550100'));
	assert.deepEqual(answers.map((answer) => answer.status), [201, 201, 429]);
	assert.equal(answers[2].body.error.field, 'attempts_per_number_per_day');
	assert.equal((await initiate('+16465550101')).status, 201);
});

test('a tenant has a number of calls at once of its own', async () => {
	assert.equal((await put({ max_calls: 1_000_000_000 })).body.error.field, 'max_calls');
	assert.equal((await put({ max_calls: 1 })).body.limits.max_calls, 1);
	const answers = await Promise.all([initiate('+16465550110'), initiate('+16465550111')]);
	// One of the calls made before may have taken the only slot for its next try.
	const refused = answers.find(({ status }) => status !== 201);
	assert.equal(refused?.status, 429, JSON.stringify(answers.map(({ status }) => status)));
	assert.equal(refused.body.error.code, 'too_many_calls');
	assert.equal(refused.body.error.field, 'max_calls');
	assert.equal((await put({ max_calls: 1000 })).status, 200);
	assert.equal((await initiate('+16465550112')).status, 201);
});

test('money is reserved for the longest a call may take', async () => {
	assert.equal((await put({ spend_per_month_micros: 1 })).status, 200);
	const refused = await initiate('+16465550102');
	assert.equal(refused.status, 429, JSON.stringify(refused.body));
	assert.equal(refused.body.error.field, 'spend_per_month_micros');
});

test('what was allowed when it was asked for is looked at again before it is dialled', async () => {
	assert.equal((await put({})).status, 200);
	const { status, body } = await initiate('+17135550100');
	assert.equal(status, 201);
	assert.equal((await put({ blocked_prefixes: ['+1713'] })).status, 200);
	const call = await system.call(body.call_id, 'refused', (last) => last.status === 'FAILED');
	assert.equal(call.end_reason, 'rejected');
	assert.match(JSON.stringify(call), /\+1713 are blocked/);
});

/** Quiet hours in UTC from so many minutes from now to so many. */
const quiet = (from, to) => {
	const at = (minutes) => new Date(Date.now() + minutes * 60000).toISOString().slice(11, 16);
	return { from: at(from), to: at(to), time_zone: 'UTC' };
};

test('in quiet hours nobody is called, and what is for later waits until they end', async () => {
	const quiet_hours = quiet(-60, 120);
	assert.deepEqual((await put({ quiet_hours })).body.limits.quiet_hours, quiet_hours);
	const refused = await fetch(`${system.api}/calls/initiate`, {
		method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ phone_number: '+16465550120' }),
	});
	const { error } = await refused.json();
	assert.deepEqual([refused.status, error.code, error.field], [409, 'quiet_hours', 'quiet_hours']);
	assert.ok(Number(refused.headers.get('retry-after')) > 3600);
	const moved = await initiate('+16465550120', { scheduled_at: new Date(Date.now() + 60000).toISOString() });
	assert.equal(moved.status, 201);
	assert.equal(moved.body.scheduled_at.slice(11, 16), quiet_hours.to);
	const later = new Date(Date.now() + 5 * 3600000).toISOString();
	assert.equal(Date.parse((await initiate('+16465550120', { scheduled_at: later })).body.scheduled_at), Date.parse(later));
	for (const { body } of [moved]) assert.equal((await system.post(`/calls/${body.call_id}/end`)).body.end_reason, 'canceled');
});

test('a call for later that comes due in quiet hours is put off, and stays', async () => {
	assert.equal((await put({})).status, 200);
	const { body } = await initiate('+16465550121', { scheduled_at: new Date(Date.now() + 1500).toISOString() });
	const quiet_hours = quiet(-60, 120);
	assert.equal((await put({ quiet_hours })).status, 200);
	const call = await system.call(body.call_id, 'put off', (last) => last.scheduled_at !== body.scheduled_at);
	assert.deepEqual([call.status, call.scheduled_at.slice(11, 16)], ['PENDING', quiet_hours.to]);
	assert.ok((await system.get('/calls?scheduled=true')).body.calls.some(({ call_id }) => call_id === body.call_id));
	assert.equal((await put({ quiet_hours: false })).body.limits.quiet_hours, false);
});

test('who set limits is on record', async () => {
	const { body } = await system.get('/audit');
	const entries = (body.entries ?? body.items ?? body.audit ?? []).filter((entry) => entry.action === 'limits.set');
	assert.equal(entries.length, 11, JSON.stringify(body).slice(0, 500));
});
