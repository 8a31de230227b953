// Protects: phone numbers of a tenant: taken over from the carrier's account, assigned, released, their webhooks set
// at the carrier; who calls one reaches its agent, and outbound calls come from them. The embedded carrier is the real
// one, with its own API; the voice engine is a stand-in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Ultravox } from '../mock/vendors.mjs';
import { System, until } from './system.mjs';

const OUR_NUMBER = '+15550100000';
let system, ultravox, sid, token;

before(async () => {
	ultravox = await new Ultravox().listen();
	system = await System.start(
		{
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, DEFAULT_AGENT: 'assistant', URL_ALLOW_PRIVATE: '127.0.0.1', TWILIO_PHONE_NUMBER: OUR_NUMBER,
			...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {}),
		},
		['carrier', 'serve'],
	);
	const secrets = readFileSync(join(system.settings.DATA_DIR, 'secrets.env'), 'utf8');
	const secret = (name) => secrets.match(new RegExp(`^${name}=(.*)$`, 'm'))[1];
	[sid, token] = [secret('TWILIO_ACCOUNT_SID'), secret('TWILIO_AUTH_TOKEN')];
});
after(async () => {
	if (process.env.SHOW_LOGS && system) console.error(system.logs());
	const results = await system?.stop();
	await ultravox?.close();
	for (const { code } of results ?? []) assert.equal(code, 0, 'the servers end cleanly');
});

async function ask(method, path, body) {
	const response = await fetch(system.api + path, {
		method,
		headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	const text = await response.text();
	return { status: response.status, body: text ? JSON.parse(text) : null };
}

async function good(status, method, path, body) {
	const answer = await ask(method, path, body);
	assert.equal(answer.status, status, JSON.stringify(answer.body));
	return answer.body;
}

async function bad(status, code, field, method, path, body) {
	const answer = await ask(method, path, body);
	assert.equal(answer.status, status, JSON.stringify(answer.body));
	assert.equal(answer.body.error.code, code);
	if (field) assert.equal(answer.body.error.field, field);
}

/** The carrier's own API. */
async function carrier(method, path, form) {
	const response = await fetch(`${system.url('carrier')}/2010-04-01/Accounts/${sid}${path}`, {
		method, headers: { Authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}` }, body: form && new URLSearchParams(form),
	});
	const text = await response.text();
	return text ? JSON.parse(text) : null;
}
const bought = (number, name = number) => carrier('POST', '/IncomingPhoneNumbers.json', { PhoneNumber: number, FriendlyName: name });

/** An inbound call, as the carrier would tell of it. */
async function called(to) {
	const url = `${system.url('serve')}/api/v1/webhooks/twilio/voice`;
	const params = { CallSid: 'CA' + Math.random().toString(16).slice(2).padEnd(32, '0').slice(0, 32), From: '+15550109999', To: to, CallStatus: 'ringing', Direction: 'inbound' };
	const text = url + Object.keys(params).sort().map((key) => key + params[key]).join('');
	const response = await fetch(url, {
		method: 'POST', body: new URLSearchParams(params),
		headers: { 'X-Twilio-Signature': createHmac('sha1', token).update(text).digest('base64') },
	});
	assert.equal(response.status, 200);
	const { calls } = await good(200, 'GET', '/calls?direction=INBOUND&limit=1');
	assert.equal(calls[0].twilio_call_sid, params.CallSid);
	return calls[0];
}

async function agent(name) {
	await good(201, 'POST', '/agents', { name, config: { model: 'm', system_prompt: `I am ${name}.` } });
	await good(200, 'POST', `/agents/${name}/publish`);
}

test('a number is added, labelled, assigned and released', async () => {
	await agent('desk');
	const made = await good(201, 'POST', '/numbers', { number: '+15550100041', label: 'Front desk' });
	assert.deepEqual([made.number, made.label, made.agent, made.webhooks.state], ['+15550100041', 'Front desk', null, 'unset']);
	await bad(409, 'number_taken', 'number', 'POST', '/numbers', { number: '+15550100041' });
	await bad(400, 'invalid_field', 'number', 'POST', '/numbers', { number: '5550100041' });
	await bad(400, 'invalid_field', 'tenant_id', 'POST', '/numbers', { number: '+15550100042', tenant_id: '01a3185c-57d0-7001-a94a-9a1dc0882755' });
	await bad(400, 'invalid_field', 'agent', 'POST', '/numbers', { number: '+15550100042', agent: 'nobody' });
	await bad(400, 'invalid_field', 'agent', 'PATCH', '/numbers/+15550100041', { agent: 'nobody' });
	await bad(400, 'unknown_field', 'number', 'PATCH', '/numbers/+15550100041', { number: '+15550100043' });

	const assigned = await good(200, 'PATCH', '/numbers/+15550100041', { agent: 'desk' });
	assert.deepEqual([assigned.agent, assigned.label], ['desk', 'Front desk'], 'what is not named stays');
	await bad(409, 'agent_in_use', null, 'DELETE', '/agents/desk');
	assert.equal((await good(200, 'GET', '/numbers/%2B15550100041')).agent, 'desk');
	const cleared = await good(200, 'PATCH', '/numbers/+15550100041', { label: null });
	assert.deepEqual([cleared.agent, cleared.label], ['desk', null]);

	await good(204, 'DELETE', '/numbers/+15550100041');
	await bad(404, 'number_not_found', null, 'GET', '/numbers/+15550100041');
	await bad(404, 'number_not_found', null, 'PATCH', '/numbers/+15550100041', { label: 'x' });
	await bad(404, 'number_not_found', null, 'DELETE', '/numbers/+15550100041');
	await bad(404, 'number_not_found', null, 'POST', '/numbers/+15550100041/webhooks');
	await good(204, 'DELETE', '/agents/desk');
});

test('who calls a number reaches the agent it is assigned to', async () => {
	await agent('night');
	await good(201, 'POST', '/numbers', { number: '+15550100051', agent: 'night' });
	const call = await called('+15550100051');
	assert.deepEqual([call.agent, call.agent_version, call.system_prompt], ['night', 1, 'I am night.']);
	assert.equal((await called('+15550100052')).agent, 'assistant', 'one that nobody has goes to DEFAULT_AGENT');
	await good(200, 'PATCH', '/numbers/+15550100051', { agent: null });
	assert.equal((await called('+15550100051')).agent, 'assistant');
});

test('an outbound call comes from a number of ours', async () => {
	await good(201, 'POST', '/numbers', { number: '+15550100061' });
	const to = 'sip:nobody@127.0.0.1:9';
	assert.equal((await good(201, 'POST', '/calls/initiate', { phone_number: to })).from_number, OUR_NUMBER);
	assert.equal((await good(201, 'POST', '/calls/initiate', { phone_number: to, from: OUR_NUMBER })).from_number, OUR_NUMBER);
	const call = await good(201, 'POST', '/calls/initiate', { phone_number: to, from: '+15550100061' });
	assert.equal(call.from_number, '+15550100061');
	await until('the carrier was asked', async () => (await carrier('GET', '/Calls.json?From=%2B15550100061')).calls.length === 1);
	await bad(400, 'invalid_field', 'from', 'POST', '/calls/initiate', { phone_number: to, from: '+15550100062' });
	await good(204, 'DELETE', '/numbers/+15550100061');
	await bad(400, 'invalid_field', 'from', 'POST', '/calls/initiate', { phone_number: to, from: '+15550100061' });
});

test('numbers are taken over from the carrier, and pointed here', async () => {
	const numbers = Array.from({ length: 5 }, (_, i) => `+1555019010${i}`);
	for (const number of numbers) await bought(number, `Line ${number.at(-1)}`);
	const hook = await good(201, 'POST', '/webhooks', { url: 'http://127.0.0.1:9/', events: ['number.imported'] });
	const named = await good(200, 'POST', '/numbers/import', { numbers: [numbers[0], '+15550190999'] });
	assert.deepEqual(named.imported, [numbers[0]]);
	assert.deepEqual(named.skipped, [{ number: '+15550190999', reason: "is not in the carrier's account" }]);
	assert.equal((await good(200, 'GET', `/numbers/${numbers[0]}`)).webhooks.state, 'unset');

	const all = await good(200, 'POST', '/numbers/import', { webhooks: true });
	assert.deepEqual(all.imported.sort(), [OUR_NUMBER, ...numbers.slice(1)].sort());
	assert.deepEqual(all.skipped, [{ number: numbers[0], reason: 'was here already' }]);
	for (const number of numbers) {
		const set = await until('its webhooks are set', async () => {
			const body = await good(200, 'GET', `/numbers/${number}`);
			return body.webhooks.state === 'set' && body;
		});
		assert.equal(set.label, `Line ${number.at(-1)}`);
		const there = await carrier('GET', `/IncomingPhoneNumbers/${set.provider_sid}.json`);
		assert.equal(there.phone_number, number);
		assert.ok(there.voice_url.startsWith(`${system.url('serve')}/api/v1/webhooks/twilio/voice`), there.voice_url);
		assert.ok(there.status_callback.startsWith(`${system.url('serve')}/api/v1/webhooks/twilio/status/inbound`));
	}
	const { deliveries } = await good(200, 'GET', `/webhooks/${hook.id}/deliveries?type=number.imported`);
	const told = await Promise.all(deliveries.map(({ event_id }) => good(200, 'GET', `/webhooks/${hook.id}/deliveries/${event_id}`)));
	assert.deepEqual(told.map(({ request }) => request.data.number).sort(), [OUR_NUMBER, ...numbers].sort(), 'each once');
	await good(204, 'DELETE', `/webhooks/${hook.id}`);
	await bad(400, 'invalid_field', 'numbers', 'POST', '/numbers/import', { numbers: ['x'] });
});

test('webhooks: the carrier is asked for the number, and what is wrong is kept', async () => {
	await bought('+15550190200');
	await good(201, 'POST', '/numbers', { number: '+15550190200' });
	const asked = await good(202, 'POST', '/numbers/+15550190200/webhooks');
	assert.equal(asked.webhooks.state, 'pending');
	const set = await until('they are set', async () => {
		const body = await good(200, 'GET', '/numbers/+15550190200');
		return body.webhooks.state === 'set' && body;
	});
	assert.match(set.provider_sid, /^PN[0-9a-f]{32}$/);
	await good(201, 'POST', '/numbers', { number: '+15550190201' });
	await good(202, 'POST', '/numbers/+15550190201/webhooks');
	const failed = await until('it failed', async () => {
		const body = await good(200, 'GET', '/numbers/+15550190201');
		return body.webhooks.state === 'failed' && body;
	});
	assert.match(failed.webhooks.detail, /does not have this number/);
});

test('lists come in pages; every change is in the audit log', async () => {
	const all = (await good(200, 'GET', '/numbers?limit=200')).numbers.map((n) => n.number);
	assert.deepEqual(all, [...all].sort());
	const seen = [];
	for (let cursor = ''; cursor !== null; ) {
		const page = await good(200, 'GET', `/numbers?limit=3${cursor && `&cursor=${cursor}`}`);
		seen.push(...page.numbers.map((n) => n.number));
		cursor = page.next_cursor;
	}
	assert.deepEqual(seen, all);
	const { entries } = await good(200, 'GET', '/audit?limit=200');
	const actions = new Set(entries.map((e) => e.action));
	for (const action of ['add', 'change', 'release', 'import', 'set_webhooks']) assert.ok(actions.has(`phone_number.${action}`), action);
	for (const action of ['create', 'publish', 'delete']) assert.ok(actions.has(`agent.${action}`), action);
});

test('an account with more numbers than a page is read to its end', async () => {
	const many = Array.from({ length: 205 }, (_, i) => `+1555018${String(i).padStart(4, '0')}`);
	for (let i = 0; i < many.length; i += 20) await Promise.all(many.slice(i, i + 20).map((number) => bought(number)));
	assert.deepEqual((await good(200, 'POST', '/numbers/import')).imported.sort(), many);
});

test('a carrier that is away: import says so', async () => {
	await system.servers.carrier.stop();
	await bad(502, 'carrier_error', null, 'POST', '/numbers/import', {});
	system.launch('carrier');
	await system.ready('carrier');
	await good(200, 'POST', '/numbers/import', {});
});
