// Protects: what a call costs. By rates at once when it ends, by what the engine bills and the model
// used, and by the carrier's price when it comes; the sums of the dashboard are those of the calls.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { System, isTerminal, until } from './system.mjs';

let system, twilio, ultravox, openai;

before(async () => {
	[twilio, ultravox, openai] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen()]);
	system = await System.start(
		{
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url,
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
			DEFAULT_AGENT: 'assistant', COST_VOICE_AI_PER_MINUTE: '0.05', COST_ANALYSIS_PER_1K_TOKENS: '0.15',
		},
		['serve'],
	);
});
after(async () => {
	await system?.stop();
	await Promise.all([twilio, ultravox, openai].map((mock) => mock?.close()));
});

/** A call that was answered and is over, with what the vendors know then. */
async function wholeCall({ billedDuration, tokens, ...carrier } = {}) {
	const answer = OpenAI.completion({ content: JSON.stringify(OpenAI.analysis) });
	answer.body.usage = { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens };
	openai.answers.push(answer);
	const { body: record } = await system.post('/calls/initiate', { phone_number: '+15550200001' });
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(record.call_id)));
	await system.call(record.call_id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	const session = ultravox.of(record.call_id);
	await twilio.status(call, 'in-progress');
	await ultravox.joined(session);
	session.messages = [{ role: 'MESSAGE_ROLE_USER', text: 'Hello.', medium: 'MESSAGE_MEDIUM_VOICE' }];
	Object.assign(session, { ended: new Date(), endReason: 'hangup', billedDuration });
	Object.assign(call, carrier);
	await ultravox.ended(session, 'hangup');
	await twilio.status(call, 'completed', { CallDuration: '5', Duration: '1' });
	return system.call(record.call_id, 'over', isTerminal);
}

const priced = (id, what, accept) => system.call(id, what, ({ cost }) => cost && accept(cost));

test('a call that has ended has a cost at once, and better ones as they become known', async () => {
	const { call_id: id, cost } = await wholeCall({ billedDuration: '18s', tokens: 3000, price: '-0.00850' });
	assert.equal(cost.currency, 'USD');
	assert.equal(cost.infrastructure.micros, 1000);
	const known = await priced(id, 'priced', (c) => c.telephony.source === 'price' && c.analysis.source === 'usage' && c.voice_ai.source === 'usage');
	assert.deepEqual(known.cost.telephony, { micros: 8500, source: 'price', seconds: 5 });
	assert.deepEqual(known.cost.voice_ai, { micros: 15000, source: 'usage', seconds: 18 });
	assert.deepEqual(known.cost.analysis, { micros: 450000, source: 'usage', tokens: 3000 });
	assert.equal(known.cost.total_micros, 8500 + 15000 + 450000 + 1000);
});

test('without a price, or with one in another currency, the rates stand', async () => {
	const none = await wholeCall({ tokens: 0 });
	assert.equal(none.cost.telephony.micros, 14000);
	assert.equal(none.cost.telephony.source, 'rate');
	await until('the price is asked for again later', async () => /^jobs\{kind="cost",state="ready"\} 1$/m.test(await (await fetch(`${system.url('serve')}/metrics`)).text()), 40);

	const other = await wholeCall({ tokens: 0, price: '-0.5', priceUnit: 'EUR' });
	await until('it was noticed', () => system.servers.serve.stderr.includes('price_in_other_currency'), 40);
	assert.equal((await system.get(`/calls/${other.call_id}`)).body.cost.telephony.micros, 14000);
});

test('a call that nobody answered costs no minutes; one that is open has no cost', async () => {
	const { body: record } = await system.post('/calls/initiate', { phone_number: '+15550200001' });
	assert.equal((await system.get(`/calls/${record.call_id}`)).body.cost, null);
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(record.call_id)));
	await system.call(record.call_id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	await twilio.status(call, 'busy');
	const { cost } = await system.call(record.call_id, 'over', isTerminal);
	assert.equal(cost.total_micros, 1000);
});

test('the sums of the dashboard are those of the calls', async () => {
	const { calls } = (await system.get('/calls?limit=50')).body;
	let total = 0;
	for (const { call_id } of calls) total += (await system.get(`/calls/${call_id}`)).body.cost.total_micros;
	const { cost } = (await system.get('/calls/dashboard/analytics')).body;
	assert.equal(cost.total_micros, total);
	assert.equal(cost.calls, calls.length);
	assert.equal(cost.telephony.micros + cost.voice_ai.micros + cost.analysis.micros + cost.infrastructure.micros, total);
});
