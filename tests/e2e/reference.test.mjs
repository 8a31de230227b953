// Protects /openapi.json, /redoc and /docs in a real browser, without internet and under the strict policy: every
// operation is there to read and to find, can be sent from the page as whoever is signed in, with a key, or over the
// live socket; axe finds nothing in either theme, and nothing is wider than a phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { System } from '../scenario/system.mjs';
import { openBrowser, Viewer } from './dashboard_harness.mjs';
import { document, resolve } from './platform_contract.mjs';

let system, browser, viewer, page;

before(async () => {
	system = await System.start({ DEFAULT_AGENT: 'assistant' }, ['serve']);
	browser = await openBrowser();
	viewer = await Viewer.open(browser, system);
	page = viewer.page;
});
after(async () => {
	await browser?.close();
	await system?.stop();
});

const operations = Object.values(document.paths).filter((item) => !item['x-alias-of'])
	.flatMap((item) => ['get', 'post', 'put', 'patch', 'delete'].map((method) => resolve(item)[method]).filter(Boolean));

const open = async (path) => {
	await page.goto(viewer.base + path);
	await page.locator('nav.side').waitFor();
};

/** The operation on /docs, opened. */
async function opened(id) {
	await open(`/docs#${id}`);
	const operation = page.locator(`details#${id}`);
	await operation.locator('form').waitFor();
	return operation;
}

test('/openapi.json is the contract', async () => {
	const response = await fetch(`${viewer.base}/openapi.json`);
	assert.match(response.headers.get('content-type'), /^application\/json/);
	assert.ok(isDeepStrictEqual(await response.json(), document));
});

test('/redoc shows every operation and outgoing event, with what it needs and answers', async () => {
	await open('/redoc');
	assert.equal(await page.locator('article.operation').count(), operations.length + Object.keys(document.webhooks).length);
	const initiate = page.locator('#initiateCall');
	for (const text of ['/api/v1/calls/initiate', 'Idempotency-Key', 'phone_number', 'calls:write']) await initiate.getByText(text).first().waitFor();
	await initiate.locator('summary', { hasText: '429' }).click();
	await initiate.getByText('too_many_calls').waitFor();
	await page.locator('#watch summary', { hasText: 'call.status' }).click();
	await page.locator('#watch summary', { hasText: 'CallChange' }).click();
	await page.locator('#watch').getByText('previous_status').waitFor();
});

test('an address leads to its operation, and the search to what it names', async () => {
	await open('/redoc#createKey');
	await page.locator('#createKey').getByRole('heading', { name: 'Make an API key' }).waitFor();
	await page.keyboard.press('/');
	await page.keyboard.type('nothing of the kind');
	await page.locator('nav li:visible').first().waitFor({ state: 'detached' });
	await page.getByRole('searchbox').fill('earlier version');
	await page.locator('nav li:visible a[href="#rollbackAgent"]').waitFor();
	await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await page.waitForURL(/#rollbackAgent$/);
});

test('a request is sent from /docs, and the line for a shell is the same request', async () => {
	const operation = await opened('addNumber');
	await operation.getByLabel('Body').fill('{"number": "+15550100061", "label": "front desk"}');
	assert.match(await operation.locator('.shell').innerText(), /curl -s -X POST 'http:\/\/127\.0\.0\.1:\d+\/api\/v1\/numbers'[^]*front desk/);
	await operation.getByRole('button', { name: 'Send' }).click();
	await operation.locator('.out .status', { hasText: '201' }).waitFor();
	assert.match(await operation.locator('.out').innerText(), /"label": "front desk"/);

	const get = await opened('getNumber');
	await get.getByLabel('number (required)').fill('+15550100061');
	await get.getByRole('button', { name: 'Send' }).press('Enter');
	await get.locator('.out .status', { hasText: '200' }).waitFor();
	assert.match(await get.locator('.shell').innerText(), /\/api\/v1\/numbers\/\+15550100061'/);
});

test('an error is shown with its code', async () => {
	const operation = await opened('listCalls');
	await operation.getByLabel('limit').fill('1000');
	await operation.getByRole('button', { name: 'Send' }).click();
	await operation.locator('.out .status', { hasText: '400' }).waitFor();
	assert.match(await operation.locator('.out').innerText(), /invalid_field/);
	viewer.complaints.splice(0, Infinity, ...viewer.complaints.filter((text) => !/400/.test(text)));
});

test('the live socket is opened, tells what happens, and is closed', async () => {
	const operation = await opened('watch');
	await operation.getByRole('button', { name: 'Connect' }).click();
	await operation.getByText('What happens is shown here').waitFor();
	await system.post('/calls/initiate', { phone_number: '+15550100123' });
	await operation.locator('.events li', { hasText: 'call.created' }).waitFor();
	await operation.getByRole('button', { name: 'Close' }).click();
	await operation.getByText('Closed: 10').waitFor();
});

test('where somebody has to sign in, a key is taken', async () => {
	const closed = await System.start({ AUTH: 'on' }, ['serve']);
	try {
		const other = await Viewer.open(browser, closed);
		const docs = other.page;
		await docs.goto(`${other.base}/docs#getMe`);
		const operation = docs.locator('details#getMe');
		await operation.getByRole('button', { name: 'Send' }).click();
		await operation.locator('.out .status', { hasText: '401' }).waitFor();
		await docs.getByLabel('Access token or API key').fill('vai_0123456789ab_0123456789abcdef0123456789abcdef0123456789abcdef');
		await operation.getByRole('button', { name: 'Send' }).click();
		await operation.locator('.shell', { hasText: 'Bearer $TOKEN' }).waitFor();
		assert.doesNotMatch(await operation.innerText(), /vai_0123/);
	} finally {
		await closed.stop();
	}
});

test('axe finds nothing, nothing was blocked, and a phone shows it whole', async () => {
	await open('/redoc#initiateCall');
	await viewer.look('redoc');
	await opened('initiateCall');
	await viewer.look('docs');
	assert.deepEqual(viewer.complaints, []);
});
