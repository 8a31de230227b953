// Protects the dashboard while calls are spoken, in a real browser against a real platform (its vendors are stand-ins):
// two viewers see a call from the first ring to its summary, one on the cards and one on its page; words grow in place
// and turn final, what is said is never markup, a killed platform is found again without losing or doubling anything.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { System, until } from '../scenario/system.mjs';
import { Viewer, openBrowser } from './dashboard_harness.mjs';

let system, twilio, ultravox, openai, browser, caller, watcher;

before(async () => {
	[twilio, ultravox, openai] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen()]);
	system = await System.start(
		{
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url,
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
			DEFAULT_AGENT: 'assistant',
		},
		['serve'],
	);
	browser = await openBrowser();
	caller = await Viewer.open(browser, system);
	watcher = await Viewer.open(browser, system, { viewport: { width: 360, height: 740 } });
	await watcher.goto('/live');
	await watcher.page.locator('#active-none').waitFor();
});
after(async () => {
	await browser?.close();
	await system?.stop();
	await Promise.all([twilio, ultravox, openai].map((mock) => mock?.close()));
});

const ok = (response) => assert.ok(response.status >= 200 && response.status < 300, `${response.status} ${response.body}`);
const card = (id) => watcher.page.locator(`#active [data-call-id="${id}"]`);
const turns = () => caller.page.locator('.turn:visible');
const callPage = (id, status) => caller.page.locator(`.call-page[data-call-id="${id}"][data-status=${status}]`);

/** Place a call from the page and bring it to where both sides talk. */
async function talk(typed, number) {
	await caller.goto('/new');
	await caller.page.getByRole('textbox', { name: 'Phone number' }).fill(typed);
	await caller.page.getByRole('button', { name: 'Call', exact: true }).click();
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('To') === number));
	const id = new URL(call.params.get('Url')).pathname.split('/').at(-1);
	await system.call(id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	const session = ultravox.of(id);
	ok(await twilio.status(call, 'ringing'));
	await callPage(id, 'RINGING').waitFor();
	await card(id).locator('[data-value=RINGING]').waitFor();
	await twilio.connect(call);
	ok(await twilio.status(call, 'in-progress'));
	ok(await ultravox.joined(session));
	await callPage(id, 'IN_PROGRESS').waitFor();
	await card(id).locator('[data-value=IN_PROGRESS]').waitFor();
	return { id, call, session, data: await ultravox.dial(session) };
}

async function hangUp({ call, session, data }) {
	data.close();
	session.ended = new Date();
	session.endReason = 'hangup';
	ok(await twilio.status(call, 'completed', { CallDuration: '5' }));
	ok(await ultravox.ended(session, 'hangup'));
}

const say = (data, role, ordinal, text, final, more = {}) => data.send({ type: 'transcript', role, medium: 'voice', text, final, ordinal, ...more });

test('two viewers see a call from the first ring to its summary', { timeout: 60000 }, async () => {
	const sides = await talk('(555) 230-0001', '+15552300001');
	const { id, session, data } = sides;
	say(data, 'agent', 0, 'Good', false);
	await turns().filter({ hasText: /Good$/ }).waitFor();
	assert.match(await turns().getAttribute('class'), /partial/);
	say(data, 'agent', 0, 'Good morning.', false);
	say(data, 'agent', 0, 'Good morning. <img src=x onerror=alert(1)>', true);
	await turns().filter({ hasText: '<img src=x' }).waitFor();
	await card(id).getByText('<img src=x').waitFor();
	assert.equal(await turns().count(), 1, 'a turn grows in place');
	assert.doesNotMatch(await turns().getAttribute('class'), /partial/);
	assert.equal(await caller.page.locator('main img').count() + await watcher.page.locator('main img').count(), 0);
	say(data, 'user', 1, 'Tomorrow at ten.', true, { confidence: 0.83 });
	await turns().filter({ hasText: /Tomorrow at ten\.\s*recognised with 83 %/ }).waitFor();
	await card(id).getByText('Tomorrow at ten.').waitFor();
	assert.equal(await watcher.page.locator('#figure-active').innerText(), '1');

	session.messages = [['AGENT', 'Good morning.'], ['USER', 'Tomorrow at ten.']].map(([role, text]) => ({ role: `MESSAGE_ROLE_${role}`, text, medium: 'MESSAGE_MEDIUM_VOICE' }));
	await hangUp(sides);
	await callPage(id, 'COMPLETED').waitFor();
	await caller.page.getByText(OpenAI.analysis.summary).first().waitFor();
	await watcher.page.locator(`tr[data-key="${id}"] [data-value=COMPLETED]`).waitFor();
});

test('somebody takes a hand, and notes are seen by both', { timeout: 60000 }, async () => {
	const sides = await talk('+1 555 230 0004', '+15552300004');
	await watcher.page.goto(`${watcher.base}/calls/${sides.id}`);
	await watcher.live();
	say(sides.data, 'user', 0, 'This is terrible, I am very angry.', true);
	await caller.page.locator('.feelings .feeling-negative').waitFor({ state: 'attached' });
	await caller.page.getByLabel('Words').fill('One moment please.');
	await caller.page.getByRole('button', { name: 'Send' }).click();
	await caller.page.getByText('The agent says it.').waitFor();
	await caller.page.getByRole('button', { name: 'Tell the agent' }).click();
	await caller.page.getByLabel('Words').fill('Offer ten percent off.');
	await caller.page.getByRole('button', { name: 'Send' }).click();
	await until('the engine was told both', () => sides.session.sent.map(({ type }) => type).join() === 'forced_agent_message,user_text_message');
	await caller.page.getByLabel('Write a note').fill('Call back after six.');
	await caller.page.getByRole('button', { name: 'Add note' }).click();
	await watcher.page.locator('.notes li').filter({ hasText: 'Call back after six.' }).waitFor();
	assert.equal(await caller.page.locator('.notes li').count(), 1);
	await hangUp(sides);
	await callPage(sides.id, 'COMPLETED').waitFor();
	await caller.page.locator('.control').waitFor({ state: 'detached' });
	await caller.page.locator('.moment', { hasText: 'I am very angry' }).click();
	await caller.page.locator('.turn[aria-current]', { hasText: 'I am very angry' }).waitFor();
	await watcher.goto('/live');
});

test('a killed platform is found again, nothing lost or doubled', { timeout: 60000 }, async () => {
	const sides = await talk('+1 555 230 0002', '+15552300002');
	const { id } = sides;
	say(sides.data, 'agent', 0, 'Before the fall.', true);
	await turns().filter({ hasText: 'Before the fall.' }).waitFor();

	system.servers.serve.kill('SIGKILL');
	await system.servers.serve.exited;
	await Promise.all([caller, watcher].map(({ page }) => page.locator('#connection[data-state=lost]').waitFor()));
	system.launch('serve');
	await system.ready('serve');
	const again = await until('the engine is let in again', () => ultravox.dial(sides.session).then((d) => d.status === 101 && d));
	say(again, 'user', 1, 'After the fall.', true);
	await turns().filter({ hasText: 'After the fall.' }).waitFor();
	await card(id).getByText('After the fall.').waitFor();
	await Promise.all([caller, watcher].map((viewer) => viewer.live()));
	assert.equal(await turns().count(), 2);
	assert.equal(await card(id).count(), 1);
	await hangUp({ ...sides, data: again });
	await callPage(id, 'COMPLETED').waitFor();
	for (const viewer of [caller, watcher]) viewer.expected('ERR_CONNECTION_REFUSED', 'ERR_CONNECTION_RESET', 'ERR_EMPTY_RESPONSE', 'ERR_INCOMPLETE_CHUNKED');
});

test('the network goes and comes back, and nothing was missed', { timeout: 60000 }, async () => {
	const sides = await talk('+1 555 230 0003', '+15552300003');
	say(sides.data, 'agent', 0, 'Before the gap.', true);
	await turns().filter({ hasText: 'Before the gap.' }).waitFor();
	await caller.context.setOffline(true);
	await caller.page.locator('#connection[data-state=lost]').waitFor();
	say(sides.data, 'user', 1, 'Said in the gap.', true);
	await card(sides.id).getByText('Said in the gap.').waitFor();
	await caller.context.setOffline(false);
	await caller.live();
	await turns().filter({ hasText: 'Said in the gap.' }).waitFor();
	assert.equal(await turns().count(), 2);
	await hangUp(sides);
	await callPage(sides.id, 'COMPLETED').waitFor();
	caller.expected('ERR_INTERNET_DISCONNECTED');
});

/* An answer takes its time, and somebody is writing already. */
test('what is being written is neither moved nor lost when an answer comes', { timeout: 60000 }, async () => {
	const sides = await talk('+1 555 230 0006', '+15552300006');
	const [words, note] = [caller.page.getByLabel('Words'), caller.page.getByLabel('Write a note')];
	const held = async (path) => {
		let asked, answer;
		const [isAsked, mayAnswer] = [new Promise((done) => { asked = done; }), new Promise((done) => { answer = done; })];
		await caller.page.route(`**/api/v1/calls/${sides.id}/${path}`, async (route) => {
			asked();
			await mayAnswer;
			await route.continue();
		}, { times: 1 });
		return { isAsked, answer };
	};

	let request = await held('say');
	await words.fill('One moment please.');
	await caller.page.getByRole('button', { name: 'Send' }).click();
	await request.isAsked;
	await words.fill('Thank you.');
	await note.pressSequentially('Call ba');
	request.answer();
	await caller.page.getByText('The agent says it.').waitFor();
	await caller.page.keyboard.type('ck.');
	assert.deepEqual([await words.inputValue(), await note.inputValue()], ['Thank you.', 'Call back.']);

	request = await held('notes');
	await caller.page.getByRole('button', { name: 'Add note' }).click();
	await request.isAsked;
	await note.fill('And again.');
	request.answer();
	await caller.page.locator('.notes li').filter({ hasText: 'Call back.' }).waitFor();
	assert.equal(await note.inputValue(), 'And again.');
	await hangUp(sides);
	await callPage(sides.id, 'COMPLETED').waitFor();
});

/* A page reads the call and its events side by side, and the call may change between the two. */
test('a call that changes while its page is being loaded is shown as it is', { timeout: 60000 }, async () => {
	const { body } = await system.post('/calls/initiate', { phone_number: '+15552300005' });
	const id = body.call_id;
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('To') === '+15552300005'));
	await system.call(id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	let goOn;
	const changed = new Promise((done) => { goOn = done; });
	await caller.page.route(`**/api/v1/calls/${id}`, async (route) => {
		const response = await route.fetch();
		ok(await twilio.status(call, 'ringing'));
		await card(id).locator('[data-value=RINGING]').waitFor();
		goOn();
		await route.fulfill({ response });
	}, { times: 1 });
	await caller.page.route(`**/api/v1/calls/${id}/events**`, async (route) => {
		await changed;
		await route.continue();
	}, { times: 1 });
	await caller.goto(`/calls/${id}`);
	await callPage(id, 'RINGING').waitFor();
	ok(await twilio.status(call, 'no-answer'));
	await callPage(id, 'NO_ANSWER').waitFor();
});

test('a number that is none is refused at its field', async () => {
	await caller.goto('/new');
	await caller.page.getByRole('textbox', { name: 'Phone number' }).fill('12');
	await caller.page.getByRole('button', { name: 'Call', exact: true }).click();
	await caller.page.getByText('This is not a complete phone number.').waitFor();
});

test('the page fits a phone, and nothing of it was blocked', async () => {
	assert.ok(await watcher.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
	caller.isQuiet();
	watcher.isQuiet();
});
