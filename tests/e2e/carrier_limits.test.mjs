// What bounds the carrier: webhooks that fail and the overrides of their URL, calls a second, calls
// at once, a trunk that asks for a password, a phone whose audio stops; and a call's cookies.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Carrier } from './carrier_harness.mjs';

const USER = 'carrier-7';
const PASSWORD = 'swordfish-7';

/** Runs `body` with a carrier of its own settings. */
async function withCarrier(settings, body) {
	const carrier = await Carrier.start(settings);
	try {
		await body(carrier);
	} finally {
		assert.deepEqual(await carrier.stop(), { code: 0, signal: null });
	}
}

/** A server that accepts and never answers; `connections` counts. */
async function deafServer() {
	const deaf = { connections: 0, sockets: [] };
	deaf.server = createServer((socket) => {
		deaf.connections++;
		deaf.sockets.push(socket);
		socket.on('error', () => {});
	});
	await new Promise((done) => deaf.server.listen(0, '127.0.0.1', done));
	deaf.url = `http://127.0.0.1:${deaf.server.address().port}/voice`;
	deaf.stop = () => {
		for (const socket of deaf.sockets) socket.destroy();
		deaf.server.close();
	};
	return deaf;
}

let carrier;
before(async () => (carrier = await Carrier.start()));
after(async () => {
	assert.deepEqual(await carrier.stop(), { code: 0, signal: null });
});

/** What a call does whose document is asked for at `url`. */
async function callWith(url) {
	carrier.customer.requests.length = 0;
	carrier.customer.pages['/fallback'] = '<Response><Hangup/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create({ url, fallbackUrl: carrier.customer.url('/fallback') });
	await carrier.ended(sid);
	await phone.end();
	return { asked: carrier.customer.at('/voice'), fallback: carrier.customer.at('/fallback')[0]?.params };
}

test('a 503 is final, unless the URL says that it is to be tried again', async () => {
	carrier.customer.pages['/voice'] = { status: 503 };
	const plain = await callWith(carrier.customer.url('/voice'));
	assert.equal(plain.asked.length, 1);
	assert.equal(plain.fallback.ErrorCode, '11200');

	const again = await callWith(carrier.customer.url('/voice#rc=3&rp=5xx,ct'));
	assert.equal(again.asked.length, 4);
	assert.equal(again.fallback.ErrorUrl, carrier.customer.url('/voice#rc=3&rp=5xx,ct'));
	assert.ok(again.asked.every((request) => request.valid), 'the fragment is not signed');
	assert.equal(new Set(again.asked.map((r) => r.headers['i-twilio-idempotency-token'])).size, 1);

	const not4xx = await callWith(carrier.customer.url('/voice#rc=3&rp=4xx'));
	assert.equal(not4xx.asked.length, 1);
});

test('a server that recovers while it is tried again is heard', async () => {
	let failures = 2;
	carrier.customer.pages['/voice'] = () => (failures-- > 0 ? { status: 500 } : '<Response><Hangup/></Response>');
	const { asked, fallback } = await callWith(carrier.customer.url('/voice#rc=5&rp=all'));
	assert.equal(asked.length, 3);
	assert.equal(fallback, undefined);
});

test('a server that never answers is given up after rt, tried again when told, and tt bounds it all', async () => {
	const deaf = await deafServer();
	let began = Date.now();
	assert.equal((await callWith(`${deaf.url}#rt=300&ct=200`)).fallback.ErrorCode, '11200');
	assert.equal(deaf.connections, 1);
	assert.ok(Date.now() - began < 3000);

	deaf.connections = 0;
	await callWith(`${deaf.url}#rt=200&ct=100&rc=2&rp=rt`);
	assert.equal(deaf.connections, 3);

	deaf.connections = 0;
	began = Date.now();
	await callWith(`${deaf.url}#rt=400&ct=100&rc=5&rp=all&tt=700`);
	assert.ok(deaf.connections >= 1 && deaf.connections <= 3, `${deaf.connections} tries`);
	assert.ok(Date.now() - began < 3000);
	deaf.stop();
});

test('nobody listens: 11205', async () => {
	const deaf = await deafServer();
	deaf.stop();
	assert.equal((await callWith(deaf.url)).fallback.ErrorCode, '11205');
});

test('cookies of a call come back with its later requests, and with no other call', async () => {
	carrier.customer.requests.length = 0;
	carrier.customer.pages['/voice'] = {
		status: 302,
		headers: { Location: '/first', 'Set-Cookie': ['session=abc; Path=/; HttpOnly', 'old=1; Path=/', 'hidden=1; Path=/', 'safe=1; Secure; Path=/', 'elsewhere=1; Path=/other'] },
	};
	carrier.customer.pages['/first'] = { body: '<Response><Redirect>/second</Redirect></Response>', headers: { 'Set-Cookie': ['old=2; Path=/', 'hidden=; Path=/; Max-Age=0'] } };
	carrier.customer.pages['/second'] = '<Response><Hangup/></Response>';
	for (let i = 0; i < 2; i++) {
		const phone = await carrier.phone('answer');
		const { sid } = await carrier.create();
		await carrier.ended(sid);
		await phone.end();
	}
	const cookies = (path) => carrier.customer.at(path).map((r) => r.headers.cookie);
	assert.deepEqual(cookies('/voice'), [undefined, undefined]);
	assert.deepEqual(cookies('/first'), Array(2).fill('session=abc; old=1; hidden=1'));
	assert.deepEqual(cookies('/second'), Array(2).fill('session=abc; old=2'));
	assert.ok(cookies('/status').every((cookie) => cookie === undefined));
});

test('one call a second: the others wait, can be canceled there, and say how long they waited', async () => {
	await withCarrier({ CARRIER_CALLS_PER_SECOND: '1' }, async (slow) => {
		slow.customer.pages['/voice'] = '<Response><Hangup/></Response>';
		// Nobody is at the trunk: what counts is when a call leaves the queue.
		const made = [];
		for (let i = 0; i < 4; i++) made.push(await slow.create({ to: `+1555010000${i}`, timeout: 1 }));
		assert.ok(made.every((call) => call.status === 'queued'));
		const canceled = await slow.client.calls(made[2].sid).update({ status: 'canceled' });
		assert.equal(canceled.status, 'canceled');
		const initiated = async (sid) => (await slow.statuses(sid, 1))[0];
		assert.equal((await initiated(made[2].sid)).CallStatus, 'canceled');
		for (const i of [0, 1, 3]) assert.equal((await initiated(made[i].sid)).CallStatus, 'initiated');
		const calls = await Promise.all([0, 1, 3].map((i) => slow.client.calls(made[i].sid).fetch()));
		const waited = calls.map((call) => Number(call.queueTime));
		assert.ok(waited[0] < 300 && Math.abs(waited[1] - 1000) < 300 && Math.abs(waited[2] - 2000) < 300, waited.join());
		assert.equal((await slow.client.calls(made[2].sid).fetch()).startTime, null);
	});
});

test('no more calls at once than allowed: others wait, callers are turned away', async () => {
	await withCarrier({ CARRIER_MAX_CALLS: '1' }, async (small) => {
		small.customer.pages['/voice'] = '<Response><Pause length="60"/></Response>';
		const phone = await small.phone('answer');
		const first = await small.create();
		await phone.talking();
		const second = await small.create({ to: '+15550100002' });
		const caller = await small.caller('call_refused', { CODE: 486 });
		assert.equal(await caller.end(), 0);
		await pause(300);
		assert.equal((await small.client.calls(second.sid).fetch()).status, 'queued');
		assert.equal((await small.statuses(first.sid, 3)).length, 3);
		await small.client.calls(first.sid).update({ status: 'completed' });
		assert.equal(await phone.end(), 0);
		const next = await small.phone('answer');
		await next.talking();
		await small.client.calls(second.sid).update({ status: 'completed' });
		assert.equal(await next.end(), 0);
	});
});

for (const [what, password, status] of [['the right password', PASSWORD, 'completed'], ['a wrong one', 'wrong', 'failed']])
	test(`a trunk that asks who calls: ${what}`, async () => {
		await withCarrier({ SIP_TRUNK_USERNAME: USER, SIP_TRUNK_PASSWORD: password }, async (trunk) => {
			trunk.customer.pages['/voice'] = '<Response><Pause length="1"/></Response>';
			const phone = await trunk.phone('challenge', { USER, PASSWORD });
			const { sid } = await trunk.create();
			assert.equal((await trunk.ended(sid)).status, status);
			assert.equal(await phone.end(), 0);
			if (status === 'failed') assert.equal((await trunk.statuses(sid, 2)).at(-1).SipResponseCode, '403');
		});
	});

test('a phone whose audio stops is hung up', { timeout: 60000 }, async () => {
	carrier.customer.pages['/voice'] = '<Response><Pause length="600"/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await phone.talking();
	await phone.speak(0x20, 500);
	const call = await carrier.ended(sid, 30);
	assert.equal(call.status, 'completed');
	assert.ok(Number(call.duration) >= 19 && Number(call.duration) <= 24, call.duration);
	assert.equal(await phone.end(), 0);
});
