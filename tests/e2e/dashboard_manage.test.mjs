// Protects what is managed on the dashboard, in a real browser: agents from a draft to a version and back, their flow as a
// graph, numbers, webhooks with their deliveries, keys, users, leads, settings with the tenant's own name and colour, and the audit
// log of it all; each page holds for axe in both themes and fits a phone.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { System, until } from '../scenario/system.mjs';
import { Viewer, openBrowser } from './dashboard_harness.mjs';

const [email, password] = ['owner@example.com', 'correct horse battery staple'];
let system, browser, viewer, page, receiver;
const received = [];

before(async () => {
	receiver = createServer((request, response) => {
		request.resume();
		received.push(request.headers['voiceai-event-type']);
		response.end('thank you');
	});
	await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
	system = await System.start({ AUTH: 'on', RATE_LIMITS: 'off', URL_ALLOW_PRIVATE: '127.0.0.0/8' }, ['serve']);
	browser = await openBrowser();
	viewer = await Viewer.open(browser, system);
	page = viewer.page;
	await page.goto(await until('the link is printed', () => system.servers.serve.stderr.match(/http\S+#invite=[0-9a-f]+/)?.[0]));
	await page.getByLabel('Email').fill(email);
	await page.getByLabel('Name').fill('Ada');
	await page.getByLabel('Password').fill(password);
	await page.getByRole('button', { name: 'Continue' }).click();
	await viewer.live();
	viewer.expected('401');
});
after(async () => {
	await browser?.close();
	await system?.stop();
	receiver?.close();
});

const dialog = () => page.getByRole('dialog');
const button = (name, from = page) => from.getByRole('button', { name, exact: true });

test('an agent goes from a draft to a version, and back', async () => {
	await viewer.follow('Agents');
	await viewer.look('agents');
	await button('New agent').click();
	await dialog().getByLabel('Name').fill('Not a name!');
	await button('Create').click();
	await dialog().locator('.field-error:visible').waitFor();
	await dialog().getByLabel('Name').fill('reminder');
	await button('Create').click();
	await page.getByRole('heading', { level: 1, name: 'reminder' }).waitFor();
	await page.getByLabel('Flow', { exact: true }).fill('survey');
	await page.getByLabel('First words').fill('Hello, about {{day}}.');
	await page.getByLabel('Variables').fill('{"day": ');
	await button('Save draft').click();
	await page.getByText('This is not JSON').waitFor();
	await page.getByLabel('Variables').fill('{"day": {"default": "Monday"}}');
	await button('Save draft').click();
	await page.getByText('The draft is saved.').waitFor();
	await button('Publish').click();
	await dialog().getByLabel('Note').fill('first');
	await button('Publish', dialog()).click();
	await page.getByText('Version 1', { exact: true }).first().waitFor();

	await page.getByLabel('Voice').fill('Emily');
	await button('Save draft').click();
	await button('Compare').click();
	await dialog().getByText('voice').waitFor();
	await viewer.look('agent-diff');
	await button('Close', dialog()).click();
	await button('Publish').click();
	await button('Publish', dialog()).click();
	await page.getByText('Version 2', { exact: true }).first().waitFor();
	await viewer.look('agent');
	await page.getByRole('tab', { name: 'Versions' }).click();
	await viewer.look('agent-versions');
	await button('Roll back').click();
	await button('Roll back', dialog()).click();
	await page.getByText('Version 3', { exact: true }).first().waitFor();
	await page.getByRole('tab', { name: 'Flow' }).click();
	await page.locator('.flow-state').nth(3).waitFor();
	await page.locator('.flow-state').first().hover();
	await page.locator('.flow.chosen .flow-way.lit').first().waitFor({ state: 'attached' });
	await page.mouse.move(0, 0);
	await viewer.look('agent-flow');
	viewer.expected('400');
});

test('a number is added, given an agent, and the change taken back', async () => {
	await viewer.follow('Numbers');
	await page.getByText('No numbers yet').waitFor();
	await button('Add number').click();
	await dialog().getByLabel('Number').fill('+1 555 230 0061');
	await dialog().getByLabel('Answered by').selectOption('reminder');
	await button('Add number', dialog()).click();
	await page.getByRole('cell', { name: '+1 555 230 0061' }).waitFor();
	await button('Edit').click();
	await dialog().getByLabel('Label').fill('Front desk');
	await button('Save', dialog()).click();
	await page.getByRole('cell', { name: 'Front desk' }).waitFor();
	await button('Undo').last().click();
	await page.getByRole('cell', { name: 'Front desk' }).waitFor({ state: 'detached' });
	await viewer.look('numbers');
});

test('a webhook is made, tried, and a delivery sent again', async () => {
	await viewer.follow('Webhooks');
	await button('Add webhook').click();
	await dialog().getByLabel('URL').fill(`http://127.0.0.1:${receiver.address().port}/hook`);
	await button('Add webhook', dialog()).click();
	await page.locator('input.secret').waitFor();
	assert.match(await page.locator('input.secret').inputValue(), /^whsec_/);
	await button('I have kept it').click();
	await button('Send test').click();
	await until('it has come', () => received.length === 1);
	await until('it is shown as delivered', async () => {
		await page.reload();
		await page.locator('.panel tbody tr').first().waitFor();
		return (await page.locator('tbody [data-value=delivered]').count()) === 1;
	});
	await viewer.look('webhook');
	await button('webhook.test').click();
	await dialog().getByText('thank you').waitFor();
	await viewer.look('webhook-delivery');
	await button('Close', dialog()).click();
	await button('Send again').click();
	await until('it has come again', () => received.length === 2);
	await viewer.follow('Webhooks');
	await page.getByRole('link', { name: /hook/ }).last().waitFor();
	await viewer.look('webhooks');
});

test('a key is shown once and revoked', async () => {
	await viewer.follow('API keys');
	await button('New key').click();
	await dialog().getByLabel('Name').fill('Reporting');
	await viewer.look('key-new');
	await button('Make key').click();
	assert.match(await page.locator('input.secret').inputValue(), /^vai_/);
	await button('I have kept it').click();
	await viewer.look('keys');
	await button('Revoke').click();
	await button('Revoke', dialog()).click();
	await page.getByText('Revoked', { exact: true }).waitFor();
});

test('somebody is invited, and the invitation taken back', async () => {
	await viewer.follow('Users');
	await button('Invite').click();
	await dialog().getByLabel('Email').fill('bob@example.com');
	await dialog().getByLabel('Role').selectOption('viewer');
	await button('Invite', dialog()).click();
	assert.match(await page.locator('input.secret').inputValue(), /#invite=/);
	await button('I have kept it').click();
	await page.getByRole('cell', { name: 'bob@example.com' }).waitFor();
	await viewer.look('users');
	await button('Take back').click();
	await button('Take back', dialog()).click();
	await page.getByText('No open invitations').waitFor();
});

test('limits, retention, and the tenant’s own name and colour', async () => {
	await viewer.follow('Settings');
	await page.getByLabel('Calls a day').fill('500');
	await page.getByLabel('Quiet hours').selectOption('own');
	await page.getByLabel('Quiet from').fill('21:00');
	await page.getByLabel('Quiet until').fill('08:00');
	await page.getByLabel('In the time zone').fill('Europe/Berlin');
	await page.locator('section', { hasText: 'Limits' }).getByRole('button', { name: 'Save' }).click();
	await page.getByText('Saved.').first().waitFor();
	await page.getByLabel('Name of the product').fill('Oak Street Voice');
	await page.getByLabel('Colour').fill('#0b7a5a');
	await page.locator('section', { hasText: 'Name of the product' }).getByRole('button', { name: 'Save' }).click();
	await page.getByRole('link', { name: 'Oak Street Voice' }).first().waitFor();
	await viewer.look('settings');
	await page.reload();
	await page.getByRole('link', { name: 'Oak Street Voice' }).first().waitFor();
	assert.equal(await page.getByLabel('Calls a day').inputValue(), '500');
	assert.equal(await page.getByLabel('In the time zone').inputValue(), 'Europe/Berlin');
});

test('forms of web sites are switched on, and what visitors send is seen, saved and deleted', async () => {
	const send = async (more) => {
		const answer = await fetch(`${system.api}/leads`, { method: 'POST', headers: { Origin: 'https://www.example.com', 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'Grace', email: 'grace@example.com', message: 'Two\nlines <b>of</b> it', ...more }) });
		return answer.status;
	};
	assert.equal(await send(), 403);
	const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Forms of web sites' }) });
	await panel.getByLabel('Take forms').check();
	await panel.getByLabel('From these web sites only').fill('www.example.com');
	await button('Save', panel).click();
	await panel.getByText('allowed_origins must be').waitFor();
	viewer.expected('400');
	await panel.getByLabel('From these web sites only').fill('https://www.example.com http://127.0.0.1:3000');
	await panel.getByLabel('Who asks for it is called by').selectOption('survey');
	await button('Save', panel).click();
	await page.getByText('Saved.').first().waitFor();
	assert.equal((await (await fetch(`${system.api}/brand`)).json()).name, 'Oak Street Voice', 'the other settings stay');
	assert.equal(await send(), 202);

	await viewer.follow('Leads');
	await button('Grace').waitFor();
	assert.equal(await send({ name: 'Linus', email: 'linus@example.com', phone: '+15550100177', company: 'A company with a long name that has to be cut somewhere' }), 202);
	await button('Linus').waitFor(); /* told live */
	await viewer.look('leads');
	const [download] = await Promise.all([page.waitForEvent('download'), button('Export CSV').click()]);
	assert.match(download.suggestedFilename(), /^leads-\d{4}-\d\d-\d\d\.csv$/);
	await page.getByLabel('Email').fill('grace@example.com');
	await until('the other one is not listed', async () => (await button('Linus').count()) === 0);
	await button('Grace').click();
	await dialog().getByText('lines <b>of</b> it').waitFor();
	await viewer.look('lead');
	await button('Delete', dialog()).click();
	await button('Delete', dialog().last()).click();
	await page.getByText('No leads').waitFor();
	await page.getByLabel('Email').fill('');
	await button('Linus').waitFor();
});

test('work that was given up is seen with its reason, and brought back', async () => {
	const now = Date.now() * 1000;
	const job = (id, kind) => `('01941f29-7c00-7aaa-8000-00000000000${id}', 'default', '${kind}', '{}', 'dead', 8, 8, 0, 'nobody answered', ${now}, ${now})`;
	system.sql(`INSERT INTO job (id, tenant_id, kind, payload, state, attempt, max_attempts, run_at, last_error, created_at, updated_at) VALUES ${job(1, 'strange')}, ${job(2, 'strange')}, ${job(3, 'odd')}`);
	await viewer.follow('Jobs');
	await page.getByRole('cell', { name: 'nobody answered' }).nth(2).waitFor();
	await viewer.look('jobs');
	await page.locator('tbody tr', { hasText: 'odd' }).getByRole('button', { name: 'Bring back' }).click();
	await page.getByText('1 job is ready again.').waitFor();
	await page.getByLabel('Kind').fill('strange');
	await page.getByLabel('Kind').blur();
	await button('Bring back all “strange”').click();
	await button('Bring back', dialog()).click();
	await page.getByText('2 jobs are ready again.').waitFor();
	await page.getByText('No such jobs').waitFor();
});

test('all of it is in the audit log', async () => {
	await viewer.follow('Audit log');
	await page.getByRole('cell', { name: 'limits set' }).waitFor();
	await page.getByRole('cell', { name: 'Ada' }).first().waitFor();
	await viewer.look('audit');
	await page.getByLabel('Action').fill('limits.set');
	await page.getByLabel('Action').blur();
	await until('only that is left', async () => (await page.locator('tbody tr').count()) === 1);
	await viewer.follow('Tenants');
	await viewer.look('tenants');
});

test('nothing complained', () => {
	viewer.expected('/voices'); /* no engine, no list of voices */
	viewer.isQuiet();
});
