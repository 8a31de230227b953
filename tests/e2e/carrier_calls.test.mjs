// The carrier seen with the vendor's own client, the customer's web server and real SIP phones: how
// calls are made, how they end, and that every webhook is signed, complete and in order.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
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
		assert.match(error.moreInfo, /^https:/);
		return true;
	});

test('a call is answered, runs its TwiML and is reported step by step', async () => {
	carrier.customer.pages['/voice'] = '<Response><Pause length="1"/><Hangup/></Response>';
	const phone = await carrier.phone('answer');
	const created = await carrier.create();
	assert.equal(created.status, 'queued');
	assert.equal(created.direction, 'outbound-api');
	assert.equal(created.duration, null);
	assert.match(created.sid, /^CA[0-9a-f]{32}$/);
	assert.ok(created.dateCreated instanceof Date && !Number.isNaN(+created.dateCreated));

	const call = await carrier.ended(created.sid);
	assert.equal(call.status, 'completed');
	assert.equal(call.duration, '1');
	assert.ok(call.endTime >= call.startTime);
	assert.equal(await phone.end(), 0);

	const statuses = await carrier.statuses(created.sid, 4);
	assert.deepEqual(statuses.map((s) => s.CallStatus), ['initiated', 'ringing', 'in-progress', 'completed']);
	assert.deepEqual(statuses.map((s) => s.SequenceNumber), ['0', '1', '2', '3']);
	for (const status of statuses) {
		assert.equal(status.CallbackSource, 'call-progress-events');
		assert.equal(status.AccountSid, carrier.sid);
		assert.equal(status.From, number);
		assert.equal(status.Direction, 'outbound-api');
		assert.match(status.Timestamp, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
	}
	assert.equal(statuses[3].CallDuration, '1');
	assert.equal(statuses[3].Duration, '1');
	const [voice] = carrier.customer.at('/voice').filter((r) => r.params.CallSid === created.sid);
	assert.equal(voice.params.CallStatus, 'in-progress');
});

test('the callee hangs up', async () => {
	carrier.customer.pages['/voice'] = '<Response><Pause length="30"/></Response>';
	const phone = await carrier.phone('answer_then_bye', { TALK_MS: 500 });
	const { sid } = await carrier.create();
	assert.equal((await carrier.ended(sid)).status, 'completed');
	assert.equal(await phone.end(), 0);
});

for (const [status, outcome, code] of [
	['486 Busy Here', 'busy', '486'],
	['603 Decline', 'busy', '603'],
	['480 Temporarily Unavailable', 'no-answer', '480'],
	['404 Not Found', 'failed', '404'],
])
	test(`a phone that answers ${status} makes a call ${outcome}`, async () => {
		const phone = await carrier.phone('refuse', { STATUS: status });
		const { sid } = await carrier.create();
		const call = await carrier.ended(sid);
		assert.equal(call.status, outcome);
		assert.equal(call.duration, null);
		assert.equal(await phone.end(), 0);
		const statuses = await carrier.statuses(sid, 2);
		assert.equal(statuses.at(-1).CallStatus, outcome);
		assert.equal(statuses.at(-1).SipResponseCode, code);
		assert.equal(statuses.at(-1).CallDuration, '0');
	});

test('nobody answers in time', async () => {
	const phone = await carrier.phone('ring');
	const { sid } = await carrier.create({ timeout: 1 });
	assert.equal((await carrier.ended(sid)).status, 'no-answer');
	assert.equal(await phone.end(), 0);
	assert.equal((await carrier.statuses(sid, 3)).at(-1).SipResponseCode, '487');
});

test('a ringing call is canceled', async () => {
	const phone = await carrier.phone('ring');
	const { sid } = await carrier.create();
	await until('it rings', async () => (await carrier.client.calls(sid).fetch()).status === 'ringing');
	assert.equal((await carrier.client.calls(sid).update({ status: 'canceled' })).status, 'canceled');
	assert.equal(await phone.end(), 0);
	assert.equal((await carrier.statuses(sid, 3)).at(-1).CallStatus, 'canceled');
	await expectError(carrier.client.calls(sid).update({ status: 'completed' }), 21220, 400);
});

test('a live call gets new instructions, then is ended', async () => {
	carrier.customer.pages['/voice'] = '<Response><Pause length="60"/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await phone.talking();
	await carrier.client.calls(sid).update({ twiml: '<Response><Play digits="12#"/><Pause length="60"/></Response>' });
	await until('the digits are heard', () => phone.events.join('') === '12#');
	await carrier.client.calls(sid).update({ status: 'completed' });
	assert.equal(await phone.end(), 0);
	assert.equal((await carrier.client.calls(sid).fetch()).status, 'completed');
});

test('the time limit ends a call', async () => {
	carrier.customer.pages['/voice'] = '<Response><Pause length="60"/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create({ timeLimit: 1 });
	assert.equal((await carrier.ended(sid)).duration, '1');
	assert.equal(await phone.end(), 0);
});

test('only subscribed events are reported, numbered from 0', async () => {
	const phone = await carrier.phone('refuse', { STATUS: '486 Busy Here' });
	const { sid } = await carrier.create({ statusCallbackEvent: undefined });
	await carrier.ended(sid);
	await phone.end();
	const statuses = await carrier.statuses(sid, 1);
	assert.deepEqual(statuses.map((s) => [s.CallStatus, s.SequenceNumber]), [['busy', '0']]);
});

test('errors are those of the vendor, with the parameter named', async () => {
	const { client } = carrier;
	const good = { to: '+15550100001', from: number, url: carrier.customer.url('/voice') };
	await expectError(carrier.clientWith(carrier.sid, 'wrong').calls.list(), 20003, 401);
	await expectError(client.calls('CA' + '0'.repeat(32)).fetch(), 20404, 404);
	await expectError(client.calls.create({ ...good, to: '555' }), 21211, 400);
	await expectError(client.calls.create({ ...good, to: 'sip:a b@c' }), 21211, 400);
	await expectError(client.calls.create({ ...good, from: 'nobody' }), 21212, 400);
	await expectError(client.calls.create({ ...good, url: undefined }), 21205, 400);
	await expectError(client.calls.create({ ...good, url: 'ftp://x/' }), 21205, 400);
	await expectError(client.calls.create({ ...good, timeout: 601 }), 21208, 400);
	await expectError(client.calls.create({ ...good, method: 'PUT' }), 21209, 400);
	await expectError(client.calls.create({ ...good, sendDigits: 'hello' }), 21206, 400);
	await expectError(client.calls.create({ ...good, machineDetection: 'Enable' }), 20001, 400);
	await assert.rejects(client.calls.create({ ...good, statusCallback: 'x' }), /StatusCallback is not a valid URL/);
	const missing = await fetch(carrier.api('/Calls.json'), { method: 'POST', headers: carrier.authorization, body: new URLSearchParams({ From: number }) });
	assert.equal((await missing.json()).code, 21201);
	const unknown = await fetch(carrier.api('/Nothing.json'), { headers: carrier.authorization });
	assert.equal(unknown.status, 404);
	assert.equal((await unknown.json()).code, 20404);
});

test('lists are filtered and paged by the client', async () => {
	const to = '+15550177001';
	for (let i = 0; i < 3; i++) {
		const phone = await carrier.phone('refuse', { STATUS: '486 Busy Here' });
		const { sid } = await carrier.create({ to, statusCallback: undefined, statusCallbackEvent: undefined });
		await carrier.ended(sid);
		await phone.end();
	}
	const all = await carrier.client.calls.list({ to, pageSize: 1 });
	assert.equal(all.length, 3);
	assert.ok(all.every((call) => call.to === to && call.status === 'busy'));
	assert.equal(new Set(all.map((call) => call.sid)).size, 3);
	assert.equal((await carrier.client.calls.list({ to, limit: 2, pageSize: 1 })).length, 2);
	assert.equal((await carrier.client.calls.list({ to, status: 'completed' })).length, 0);
	assert.equal((await carrier.client.calls.list({ to, startTimeAfter: new Date(Date.now() - 86400e3) })).length, 3);
	assert.equal((await carrier.client.calls.list({ to, startTimeBefore: new Date(Date.now() - 2 * 86400e3) })).length, 0);
	assert.equal(await carrier.client.calls(all[0].sid).remove(), true);
	await expectError(carrier.client.calls(all[0].sid).fetch(), 20404, 404);
	assert.equal((await carrier.client.calls.list({ to })).length, 2);
	assert.equal((await carrier.client.api.v2010.accounts(carrier.sid).fetch()).status, 'active');
});

test('an inbound call is answered by its TwiML', async () => {
	carrier.customer.pages['/voice'] = '<Response><Pause length="1"/></Response>';
	const caller = await carrier.caller('call');
	assert.equal(await caller.end(), 0);
	const request = carrier.customer.at('/voice').findLast((r) => r.params.Direction === 'inbound');
	assert.equal(request.params.CallStatus, 'ringing');
	assert.equal(request.params.From, '+15550100009');
	assert.equal(request.params.To, number);
	const [status] = await carrier.statuses(request.params.CallSid, 1);
	assert.equal(status.CallStatus, 'completed');
});

for (const [reason, code, outcome] of [['busy', 486, 'busy'], ['rejected', 480, 'no-answer']])
	test(`Reject ${reason} turns an inbound call away`, async () => {
		carrier.customer.pages['/voice'] = `<Response><Reject reason="${reason}"/></Response>`;
		const caller = await carrier.caller('call_refused', { CODE: code });
		assert.equal(await caller.end(), 0);
		const sid = carrier.customer.at('/voice').at(-1).params.CallSid;
		assert.equal((await carrier.statuses(sid, 1))[0].CallStatus, outcome);
	});

test('a webhook that fails goes to the fallback with the reason', async () => {
	carrier.customer.pages['/voice'] = { status: 500 };
	carrier.customer.pages['/fallback'] = '<Response><Pause length="1"/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create({ fallbackUrl: carrier.customer.url('/fallback') });
	assert.equal((await carrier.ended(sid)).status, 'completed');
	await phone.end();
	const [request] = carrier.customer.at('/fallback').filter((r) => r.params.CallSid === sid);
	assert.equal(request.params.ErrorCode, '11200');
	assert.equal(request.params.ErrorUrl, carrier.customer.url('/voice'));
});

for (const [what, page, code] of [
	['is no XML', '<Response><Say>', '12100'],
	['has a verb that is not carried out', '<Response><Dial>+15550100002</Dial></Response>', '12200'],
	['is JSON', { type: 'application/json', body: '{}' }, '12300'],
])
	test(`a document that ${what} goes to the fallback with ${code}`, async () => {
		carrier.customer.pages['/voice'] = page;
		carrier.customer.pages['/fallback'] = '<Response><Hangup/></Response>';
		const phone = await carrier.phone('answer');
		const { sid } = await carrier.create({ fallbackUrl: carrier.customer.url('/fallback') });
		await carrier.ended(sid);
		await phone.end();
		const [request] = carrier.customer.at('/fallback').filter((r) => r.params.CallSid === sid);
		assert.equal(request.params.ErrorCode, code);
	});

test('without a fallback an error message is spoken and the call ends', async () => {
	carrier.customer.pages['/voice'] = { status: 404 };
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	assert.equal((await carrier.ended(sid)).status, 'completed');
	await phone.end();
	assert.ok(phone.heardSound);
});

test('redirects are followed and signed anew; GET carries its parameters in the URL', async () => {
	carrier.customer.pages['/voice'] = { status: 302, headers: { Location: '/moved?x=1' } };
	carrier.customer.pages['/moved'] = '<Response><Redirect method="GET">/got?y=%C3%A9</Redirect></Response>';
	carrier.customer.pages['/got'] = '<Response><Hangup/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await carrier.ended(sid);
	await phone.end();
	const [got] = carrier.customer.at('/got').filter((r) => r.params.CallSid === sid);
	assert.equal(got.method, 'GET');
	assert.equal(got.params.y, 'é');
	assert.equal(carrier.customer.at('/moved').length, 1);
});

test('a redirect that never ends is given up', async () => {
	carrier.customer.pages['/voice'] = { status: 302, headers: { Location: '/voice' } };
	carrier.customer.pages['/fallback'] = '<Response><Hangup/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create({ fallbackUrl: carrier.customer.url('/fallback') });
	await carrier.ended(sid);
	await phone.end();
	const [request] = carrier.customer.at('/fallback').filter((r) => r.params.CallSid === sid);
	assert.equal(request.params.ErrorCode, '11215');
});

test('every webhook so far had a signature that the vendor accepts, and a token', async () => {
	await pause(200);
	assert.ok(carrier.customer.requests.length > 50);
	for (const request of carrier.customer.requests) {
		assert.ok(request.valid, `${request.method} ${request.path}`);
		assert.match(request.headers['i-twilio-idempotency-token'], /^[0-9a-f-]{36}$/);
	}
});
