// Protects: taking a hand in a live call with a real phone: what the agent is made to say is heard and in the
// transcript, what it is told reaches its language model and nobody else, and a call that is over takes neither.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { baresip, speechWav } from './phone.mjs';
import { System, isTerminal, until } from './system.mjs';

let system, llm, phone, id;
const asked = [];

before(async () => {
	llm = createServer((request, response) => {
		let text = '';
		request.on('data', (data) => (text += data));
		request.on('end', () => {
			asked.push(JSON.parse(text).messages);
			response.setHeader('Content-Type', 'application/json');
			response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'Very well.' }, finish_reason: 'stop' }] }));
		});
	});
	await new Promise((done) => llm.listen(0, '127.0.0.1', done));
	system = await System.start({ LLM_API_URL: `http://127.0.0.1:${llm.address().port}/v1`, LLM_MODEL: 'test', DEFAULT_AGENT: 'assistant' });
	const words = 'I would like to book an appointment.';
	phone = await baresip({ user: '+15550170003', microphone: speechWav([15000, words, 12000, words, 60000]) });
	phone.command('dial', `sip:+15550100000@127.0.0.1:${system.settings.SIP_PORT}`);
	await phone.event('CALL_ESTABLISHED');
	id = await until('the call goes on', async () => (await system.get('/calls/?direction=INBOUND&status=IN_PROGRESS')).body.calls?.[0]?.call_id);
});
after(async () => {
	await phone?.stop();
	await system?.stop();
	llm?.close();
});

const turns = async () => (await system.get(`/calls/${id}/transcript`)).body.transcript ?? [];

test('the agent says what it is told to, and the transcript has it as its turn', { timeout: 60000 }, async () => {
	const said = await until('the agent takes it', async () => {
		const answer = await system.post(`/calls/${id}/say`, { text: 'One moment please.', interruptible: false });
		return answer.status === 202 && answer;
	});
	assert.equal(said.body.text, 'One moment please.');
	await until('it was heard', async () => (await turns()).some((turn) => turn.speaker === 'agent' && turn.text === 'One moment please.'));
});

test('an instruction reaches the model with the next words, and is not in the transcript', { timeout: 90000 }, async () => {
	const { status } = await system.post(`/calls/${id}/instruct`, { text: 'Offer ten percent off.' });
	assert.equal(status, 202);
	await until('the model is asked', () => asked.find((messages) => messages.some((m) => m.role === 'user' && /<instruction>Offer ten percent off\.<\/instruction>/.test(m.content))), 60);
	const { body } = await system.get(`/calls/${id}/events`);
	assert.deepEqual(body.events.filter((event) => event.type === 'call.instruction').map((event) => event.data.text), ['Offer ten percent off.']);
	assert.ok((await turns()).every((turn) => !/instruction|ten percent/.test(turn.text)));
	assert.ok(asked.at(-1).some((m) => m.role === 'assistant' && m.content === 'One moment please.'), 'the model knows what was said');
});

test('a call that is over takes neither', { timeout: 60000 }, async () => {
	await system.post(`/calls/${id}/end`);
	await system.call(id, 'over', isTerminal);
	for (const what of ['say', 'instruct']) {
		const { status, body } = await system.post(`/calls/${id}/${what}`, { text: 'Hello?' });
		assert.deepEqual([status, body.error.code], [409, 'call_not_live']);
	}
});
