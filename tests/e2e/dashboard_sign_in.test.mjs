// Protects signing in to the dashboard, in a real browser: the first link makes the owner, a reload and a second tab
// stay signed in by the cookie, a wrong password says so, signing out ends it, no script of the page can read the refresh
// token; and somebody invited as viewer sees no more than a viewer may do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { System, until } from '../scenario/system.mjs';
import { Viewer, openBrowser } from './dashboard_harness.mjs';

const [email, password] = ['owner@example.com', 'correct horse battery staple'];
let system, browser, owner;

before(async () => {
	system = await System.start({ AUTH: 'on', RATE_LIMITS: 'off' }, ['serve']);
	browser = await openBrowser();
	owner = await Viewer.open(browser, system);
});
after(async () => {
	await browser?.close();
	await system?.stop();
});

test('the first link makes the owner', async () => {
	const { page } = owner;
	const link = await until('the link is printed', () => system.servers.serve.stderr.match(/http\S+#invite=[0-9a-f]+/)?.[0]);
	await page.goto(link);
	await page.getByRole('heading', { name: /^Join .* as owner$/ }).waitFor();
	await owner.look('invitation');
	await page.getByLabel('Email').fill(email);
	await page.getByLabel('Name').fill('Ada');
	await page.getByLabel('Password').fill('short');
	await page.getByRole('button', { name: 'Continue' }).click();
	await page.locator('.field-error:visible').waitFor();
	await page.getByLabel('Password').fill(password);
	await page.getByRole('button', { name: 'Continue' }).click();
	await owner.live();
	assert.equal(page.url(), `${owner.base}/`, 'the link is not left in the address');
	await page.locator('#active-none').waitFor();
	owner.expected('400', '401');
});

test('a reload and another tab stay signed in, and scripts cannot read by what', async () => {
	await owner.page.reload();
	await owner.live();
	const other = await owner.context.newPage();
	await other.goto(owner.base);
	await other.locator('#connection[data-state=live]').waitFor();
	assert.equal(await other.evaluate(() => document.cookie), '');
	await other.close();
	const cookie = (await owner.context.cookies(`${owner.base}/api/v1/auth/refresh`)).find((one) => one.name === 'voiceai_refresh');
	assert.ok(cookie.httpOnly);
	assert.equal(cookie.sameSite, 'Strict');
});

test('signing out ends it; a wrong password says so, the right one goes on', async () => {
	const { page } = owner;
	await page.getByRole('button', { name: 'Sign out' }).click();
	await page.getByRole('heading', { name: 'Sign in' }).waitFor();
	await page.getByLabel('Email').fill(email);
	await page.getByLabel('Password').fill('something else');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByText('Email or password is wrong.').waitFor();
	await owner.look('sign-in');
	await page.getByLabel('Password').fill(password);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await owner.live();
});

test('a viewer is shown what a viewer may do', async () => {
	const token = (await system.post('/auth/login', { email, password })).body.access_token;
	const { body } = await system.post('/users/invite', { email: 'viewer@example.com', role: 'viewer' }, { authorization: `Bearer ${token}` });
	const viewer = await Viewer.open(browser, system);
	await viewer.page.goto(body.link ?? body.url);
	await viewer.page.getByRole('heading', { name: /^Join .* as viewer$/ }).waitFor();
	await viewer.page.getByLabel('Password').fill(password);
	await viewer.page.getByRole('button', { name: 'Continue' }).click();
	await viewer.live();
	assert.equal(await viewer.page.getByRole('link', { name: 'New call' }).count(), 0);
	await viewer.page.goto(`${viewer.base}/new`);
	await viewer.page.getByText('This is not for your role').waitFor();
	await viewer.look('forbidden');
	viewer.expected('401');
	viewer.isQuiet();
});

const asOwner = async () => ({ authorization: `Bearer ${(await system.post('/auth/login', { email, password })).body.access_token}` });

test('who has not signed in sees whose this is, while there is one tenant', async () => {
	const brand = { name: 'Oak Street Voice', colour: '#0b7a5a' };
	const answer = await fetch(`${system.api}/tenants/default`, { method: 'PATCH', headers: { 'content-type': 'application/json', ...(await asOwner()) }, body: JSON.stringify({ settings: { brand } }) });
	assert.equal(answer.status, 200);
	const guest = await Viewer.open(browser, system);
	await guest.page.goto(guest.base);
	await guest.page.getByRole('dialog').getByText('Oak Street Voice').waitFor();
	await guest.look('sign-in-brand');
	guest.expected('401');
	guest.isQuiet();
	await guest.context.close();
});

test('somebody in two tenants goes from one to the other, and sees one at a time', async () => {
	const { page } = owner;
	const { body } = await system.post('/tenants', { name: 'Harbour', owner_email: email }, await asOwner());
	await page.goto('about:blank');
	await page.goto(body.invitation.link);
	await page.getByRole('heading', { name: 'Join Harbour as owner' }).waitFor();
	await page.getByLabel('Password').fill(password);
	await page.getByRole('button', { name: 'Continue' }).click();
	await owner.live();
	const tenant = page.getByRole('combobox', { name: /^Tenant/ });
	await until('the new tenant is where one is', async () => (await tenant.locator('option:checked').innerText()) === 'Harbour');
	await owner.follow('Users');
	await page.getByRole('cell', { name: email }).waitFor();
	assert.equal(await page.getByRole('cell', { name: 'viewer@example.com' }).count(), 0, 'the other tenant’s people are not here');
	await owner.look('tenant-switch');
	await tenant.selectOption('default');
	await page.locator('#active-none').waitFor();
	await owner.live();
	await owner.follow('Users');
	await page.getByRole('cell', { name: 'viewer@example.com' }).waitFor();
	await page.reload();
	await owner.live();
	await until('a reload stays there', async () => (await tenant.inputValue()) === 'default');
	await page.getByRole('link', { name: 'Oak Street Voice' }).first().waitFor();
	owner.expected('401');
});

test('of several tenants the one in the address is shown to who has not signed in', async () => {
	const guest = await Viewer.open(browser, system);
	await guest.page.goto(guest.base);
	await guest.page.getByRole('dialog').getByText('voiceai').waitFor();
	await guest.page.goto(`${guest.base}/?tenant=default`);
	await guest.page.getByRole('dialog').getByText('Oak Street Voice').waitFor();
	guest.expected('401');
	guest.isQuiet();
	await guest.context.close();
});

test('the account shows where one is signed in, and nothing complained', async () => {
	await owner.goto('/account');
	await owner.page.getByText('this one').waitFor();
	await owner.look('account');
	owner.expected('401');
	owner.isQuiet();
});
