// Protects the page at /, in a real browser against a real platform (its vendors are stand-ins): a call appears,
// its words grow in place and turn final, what is said is never markup, the end brings summary and history,
// a killed platform is found again without losing or doubling anything, and nothing is blocked or wider than a phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { System, until } from '../scenario/system.mjs';

let system, twilio, ultravox, openai, browser, page;
const complaints = [];

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
	browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
	page = await browser.newPage({ viewport: { width: 360, height: 740 } });
	page.on('pageerror', (error) => complaints.push(error.message));
	page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
	await page.goto(`http://127.0.0.1:${system.settings.PORT}/`);
	await page.locator('#connection[data-state=live]').waitFor();
});
after(async () => {
	await browser?.close();
	await system?.stop();
	await Promise.all([twilio, ultravox, openai].map((mock) => mock?.close()));
});

const ok = (response) => assert.ok(response.status >= 200 && response.status < 300, `${response.status} ${response.body}`);
const card = (id) => page.locator(`#active [data-call-id="${id}"]`);
const turns = (id) => card(id).locator('.turn');

/** Place a call from the page and bring it to where both sides talk. */
async function talk(phone) {
	await page.getByLabel('Call a number').fill(phone);
	await page.getByRole('button', { name: 'Call', exact: true }).click();
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('To') === phone.replaceAll(' ', '')));
	const id = call.params.get('Url').split('/').at(-1);
	await system.call(id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	const session = ultravox.of(id);
	ok(await twilio.status(call, 'ringing'));
	await card(id).locator('[data-status=RINGING]').waitFor();
	await twilio.connect(call);
	ok(await twilio.status(call, 'in-progress'));
	ok(await ultravox.joined(session));
	await card(id).locator('[data-status=IN_PROGRESS]').waitFor();
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

test('a call is shown from the first ring to its summary', { timeout: 60000 }, async () => {
	const sides = await talk('+1555 030 0001');
	const { id, session, data } = sides;
	say(data, 'agent', 0, 'Good', false);
	await turns(id).filter({ hasText: /^Good$/ }).waitFor();
	assert.match(await turns(id).getAttribute('class'), /partial/);
	say(data, 'agent', 0, 'Good morning.', false);
	say(data, 'agent', 0, 'Good morning. <img src=x onerror=alert(1)>', true);
	await turns(id).filter({ hasText: '<img src=x' }).waitFor();
	assert.equal(await turns(id).count(), 1, 'a turn grows in place');
	assert.doesNotMatch(await turns(id).getAttribute('class'), /partial/);
	assert.equal(await page.locator('main img').count(), 0);
	say(data, 'user', 1, 'Tomorrow at ten.', true, { confidence: 0.83 });
	await turns(id).filter({ hasText: /Tomorrow at ten\.\s*sure 83 %/ }).waitFor();
	assert.equal(await page.locator('#figure-active').innerText(), '1');

	session.messages = [['AGENT', 'Good morning.'], ['USER', 'Tomorrow at ten.']].map(([role, text]) => ({ role: `MESSAGE_ROLE_${role}`, text, medium: 'MESSAGE_MEDIUM_VOICE' }));
	await hangUp(sides);
	const row = page.locator(`#history [data-call-id="${id}"]`);
	await row.locator('[data-status=COMPLETED]').waitFor();
	await row.getByText(OpenAI.analysis.summary).first().waitFor();
	await row.locator('summary').click();
	await row.locator('.turn').filter({ hasText: 'Tomorrow at ten.' }).waitFor();
});

test('a killed platform is found again, nothing lost or doubled', { timeout: 60000 }, async () => {
	const sides = await talk('+15550300002');
	const { id } = sides;
	say(sides.data, 'agent', 0, 'Before the fall.', true);
	await turns(id).filter({ hasText: 'Before the fall.' }).waitFor();

	system.servers.serve.kill('SIGKILL');
	await system.servers.serve.exited;
	await page.locator('#connection[data-state=lost]').waitFor();
	system.launch('serve');
	await system.ready('serve');
	const again = await until('the engine is let in again', () => ultravox.dial(sides.session).then((d) => d.status === 101 && d));
	say(again, 'user', 1, 'After the fall.', true);
	await turns(id).filter({ hasText: 'After the fall.' }).waitFor();
	await page.locator('#connection[data-state=live]').waitFor();
	assert.equal(await turns(id).count(), 2);
	assert.equal(await card(id).count(), 1);
	await hangUp({ ...sides, data: again });
	await page.locator(`#history [data-call-id="${id}"] [data-status=COMPLETED]`).waitFor();
	complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes('ERR_CONNECTION_REFUSED')));
});

test('a number that is none is refused with the reason', async () => {
	await page.getByLabel('Call a number').fill('+10000000');
	await page.getByLabel('Agent').fill('nobody');
	await page.getByRole('button', { name: 'Call', exact: true }).click();
	await page.locator('#call-result').filter({ hasText: /\w+/ }).waitFor();
	complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes('400')));
});

test('the page fits a phone and nothing of it was blocked', async () => {
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
	assert.deepEqual(complaints, []);
});
