// Protects: forms of web sites. What is kept of them and what is not, who may send and read them, that they are told once, that
// whoever asked for it is called back by the named agent and nobody else is, and that leads go when they have to.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { checkWebhook } from '../e2e/platform_contract.mjs';
import { sipp, speechFile } from './phone.mjs';
import { System, freeUdpPort, isTerminal, until } from './system.mjs';

const SITE = 'https://www.example.com';
const ADA = { name: 'Ada Lovelace', email: 'Ada@Example.com', company: 'Analytical Engines', message: 'What does it cost?', consent: true };
const TAKEN = { accepted: true, call_back: false };
let system, phones, receiver;
const told = [];

before(async () => {
	const trunk = await freeUdpPort();
	system = await System.start({ SIP_TRUNK_URI: `sip:127.0.0.1:${trunk}`, DEFAULT_AGENT: 'assistant', URL_ALLOW_PRIVATE: '127.0.0.1', RATE_LIMITS: 'on', RATE_LIMIT_IP_PER_MINUTE: '0', RATE_LIMIT_LEAD_PER_MINUTE: '200', CALL_COUNTRIES: 'US' });
	phones = await sipp('callees', { port: trunk, calls: 1, words: { talk_ms: 1000, audio_file: speechFile([1000]) }, seconds: 120 });
	receiver = createServer(async (req, res) => {
		let text = '';
		for await (const chunk of req) text += chunk;
		checkWebhook(JSON.parse(text), req.headers);
		told.push(JSON.parse(text));
		res.writeHead(200).end();
	});
	await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
	assert.equal((await system.post('/webhooks', { url: `http://127.0.0.1:${receiver.address().port}/`, events: ['lead.*'] })).status, 201);
	const config = { flow: 'appointment', first_message: 'Hello {{name}} of {{company}}, you wrote: {{message}}', variables: { name: {}, company: { default: 'nowhere' }, message: {} } };
	assert.equal((await system.post('/agents', { name: 'desk', config })).status, 201);
	assert.equal((await system.post('/agents/desk/publish', {})).status, 200);
});
after(async () => {
	if (process.env.SHOW_LOGS && system) console.error(system.logs());
	await phones?.stop();
	receiver?.close();
	const results = await system?.stop();
	for (const { code } of results ?? []) assert.equal(code, 0, 'servers end cleanly');
});

async function settings(leads) {
	const answer = await fetch(`${system.api}/tenants/default`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ settings: { leads } }) });
	return { status: answer.status, body: await answer.json() };
}

async function switchOn(more = {}) {
	const { status, body } = await settings({ enabled: true, allowed_origins: [SITE], ...more });
	assert.equal(status, 200, JSON.stringify(body));
}

const send = (body, headers = { Origin: SITE }) => system.post('/leads', body, headers);
/** As a browser without script does. */
const sendForm = (fields, headers = { Origin: SITE }) =>
	fetch(`${system.api}/leads`, { method: 'POST', headers: { Accept: 'text/html,application/xhtml+xml', ...headers }, body: new URLSearchParams(fields), redirect: 'manual' });
const leads = async (query = '') => (await system.get(`/leads${query}`)).body.leads;
const metric = async (name) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\d+)`, 'm').exec(await (await fetch(`${system.url('serve')}/metrics`)).text())?.[1] ?? 0);

async function taken(body) {
	const answer = await send(body);
	assert.equal(answer.status, 202, JSON.stringify(answer.body));
	return answer.body;
}

test('a tenant takes no leads before it says so, and then from its web sites only', async () => {
	assert.deepEqual([(await send(ADA)).status, (await send(ADA)).body.error.code], [403, 'leads_off']);
	await settings({ enabled: true });
	assert.equal((await send(ADA)).body.error.code, 'origin_not_allowed', 'without a list, from nowhere');
	await switchOn();
	for (const origin of ['https://evil.example', 'http://www.example.com', 'https://www.example.com.evil.example', 'null'])
		assert.equal((await send(ADA, { Origin: origin })).body.error.code, 'origin_not_allowed', origin);
	assert.equal((await send(ADA, {})).body.error.code, 'origin_not_allowed', 'no origin at all');
	assert.equal((await send({ ...ADA, tenant: '01a3185c-57d0-7001-a974-850a656cb136' })).body.error.code, 'leads_off', 'no such tenant looks like one that takes none');
	await settings({ enabled: false, allowed_origins: [SITE] });
	assert.equal((await send(ADA)).body.error.code, 'leads_off');
	for (const bad of [{ enabled: 'yes' }, { enabled: true, allowed_origins: ['*'] }, { enabled: true, allowed_origins: ['https://www.example.com/form'] }, { enabled: true, call_back_agent: 7 }, { enabled: true, more: 1 }, []])
		assert.deepEqual([(await settings(bad)).status, (await settings(bad)).body.error?.field], [400, 'settings.leads'], JSON.stringify(bad));
	assert.deepEqual(await leads(), []);
});

test('a script may send one and read the answer (CORS), pages of other origins may not', async () => {
	await switchOn();
	const ask = (origin, method = 'POST') => fetch(`${system.api}/leads`, { method: 'OPTIONS', headers: { Origin: origin, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': 'content-type' } });
	const yes = await ask(SITE);
	assert.deepEqual([yes.status, yes.headers.get('access-control-allow-origin'), yes.headers.get('access-control-allow-methods'), yes.headers.get('access-control-allow-headers')], [204, SITE, 'POST', 'Content-Type']);
	const no = await ask('https://evil.example');
	assert.deepEqual([no.status, no.headers.get('access-control-allow-origin')], [403, null]);
	assert.equal((await ask(SITE, 'GET')).headers.get('access-control-allow-origin'), null, 'the list is not for web sites');
	const bad = await fetch(`${system.api}/leads`, { method: 'POST', headers: { Origin: SITE, 'Content-Type': 'application/json' }, body: '{"name": "A"}' });
	assert.deepEqual([bad.status, bad.headers.get('access-control-allow-origin'), bad.headers.get('vary')], [400, SITE, 'Origin']);
	assert.equal((await fetch(`${system.api}/leads`, { headers: { Origin: SITE } })).headers.get('access-control-allow-origin'), null);
	assert.equal((await fetch(`${system.api}/calls/initiate`, { method: 'POST', headers: { Origin: SITE, 'Content-Type': 'application/json' }, body: '{}' })).status, 403, 'and for nothing else');
});

test('a lead by JSON is kept, sealed, told once, and found by whose it is', async () => {
	const answer = await fetch(`${system.api}/leads`, { method: 'POST', headers: { Origin: SITE, 'Content-Type': 'application/json' }, body: JSON.stringify({ ...ADA, phone: '+1 (555) 010-0123' }) });
	assert.deepEqual([answer.status, await answer.json()], [202, TAKEN]);
	assert.equal(answer.headers.get('ratelimit-limit'), '200');
	const [lead] = await leads();
	assert.deepEqual([lead.name, lead.email, lead.phone, lead.company, lead.message, lead.consent, lead.call_back, lead.call_back_state, lead.origin, lead.repeats], ['Ada Lovelace', 'ada@example.com', '+15550100123', 'Analytical Engines', ADA.message, true, false, 'none', SITE, 0]);
	assert.deepEqual((await system.get(`/leads/${lead.lead_id}`)).body, lead);
	for (const query of ['?email=ada@example.com', '?phone=%2B15550100123', '?phone=15550100123', '?call_back_state=none', '?email=ada@example.com&phone=15550100123']) assert.equal((await leads(query)).length, 1, query);
	for (const query of ['?email=eve@example.com', '?phone=15550100124', '?call_back_state=placed', `?to=${encodeURIComponent(lead.created_at)}`]) assert.equal((await leads(query)).length, 0, query);
	const event = await until('it is told', () => told.find((one) => one.data.lead_id === lead.lead_id));
	assert.deepEqual([event.type, event.call_id, event.data], ['lead.created', null, lead]);
	const stored = system.sql('SELECT * FROM lead') + system.sql("SELECT data FROM webhook_delivery WHERE event_type = 'lead.created'") + system.sql("SELECT data FROM call_event WHERE type = 'lead.created'");
	for (const word of ['Ada', 'ada@', '5550100123', 'Analytical', 'cost']) assert.ok(!stored.includes(word), word);

	// Again within ten minutes: counted, not kept; another number is another lead.
	assert.deepEqual(await taken({ ...ADA, message: 'Hello?', phone: '+15550100123' }), TAKEN);
	assert.equal((await leads()).length, 1);
	assert.equal((await system.get(`/leads/${lead.lead_id}`)).body.repeats, 1);
	await taken({ ...ADA, phone: '+15550100124' });
	assert.equal((await leads()).length, 2);
	assert.deepEqual([await metric('lead_total{outcome="kept"}'), await metric('lead_total{outcome="repeated"}')], [2, 1]);
});

test('pages of the list follow each other', async () => {
	const first = (await system.get('/leads?limit=1')).body;
	const second = (await system.get(`/leads?limit=1&cursor=${first.next_cursor}`)).body;
	assert.deepEqual([...first.leads, ...second.leads], await leads());
	assert.equal(second.next_cursor, null);
});

test('what is wrong is said with its field and reason', async () => {
	const long = 'x'.repeat(5000);
	for (const [change, field, code] of [
		[{ name: undefined }, 'name', 'missing_field'], [{ name: '  ' }, 'name', 'missing_field'], [{ name: 'x'.repeat(121) }, 'name', 'invalid_field'], [{ name: 'a\nb' }, 'name', 'invalid_field'], [{ name: 5 }, 'name', 'invalid_field'],
		[{ email: 'nobody' }, 'email', 'invalid_field'], [{ email: 'a@b@c' }, 'email', 'invalid_field'], [{ email: 'a@b.example>, c@d.example' }, 'email', 'invalid_field'], [{ phone: '12' }, 'phone', 'invalid_field'], [{ phone: '555 0100' }, 'phone', 'invalid_field'],
		[{ message: long }, 'message', 'invalid_field'], [{ consent: 'yes' }, 'consent', 'invalid_field'], [{ call_back: true }, 'phone', 'missing_field'], [{ call_back: true, phone: '+15550100123', consent: false }, 'consent', 'missing_field'],
		[{ colour: 'red' }, 'colour', 'unknown_field'], [{ redirect: SITE }, 'redirect', 'unknown_field'],
	]) {
		const { status, body } = await send({ ...ADA, ...change });
		assert.deepEqual([status, body.error?.field, body.error?.code], [400, field, code], JSON.stringify(change).slice(0, 100));
		assert.match(body.error.message, new RegExp(field), 'the sentence names it');
	}
	const raw = (type, body) => fetch(`${system.api}/leads`, { method: 'POST', headers: { Origin: SITE, 'Content-Type': type }, body }).then(async (answer) => [answer.status, (await answer.json()).error.code]);
	assert.deepEqual(await raw('application/json', '{"name"'), [400, 'invalid_json']);
	assert.deepEqual(await raw('application/json', '[]'), [400, 'invalid_json']);
	assert.deepEqual(await raw('text/plain', 'name=A'), [400, 'bad_request']);
	assert.deepEqual(await raw('application/json', JSON.stringify({ ...ADA, message: 'x'.repeat(70000) })), [413, 'body_too_large']);
	assert.equal((await leads()).length, 2);
});

test('a form without script: thanks, a redirect to an allowed web site only, and faults on a page', async () => {
	const grace = { name: 'Grace & <b>Co</b>', email: 'grace@example.com', message: 'one\r\ntwo', consent: 'on', website: '' };
	const plain = await sendForm(grace);
	assert.deepEqual([plain.status, plain.headers.get('content-type')], [202, 'text/html; charset=utf-8']);
	assert.match(await plain.text(), /<h1>Thank you<\/h1>/);
	const [lead] = await leads();
	assert.deepEqual([lead.name, lead.message, lead.consent], ['Grace & <b>Co</b>', 'one\ntwo', true]);

	const to = `${SITE}/thanks?from=form#top`;
	const led = await sendForm({ ...grace, email: 'grace2@example.com', redirect: to });
	assert.deepEqual([led.status, led.headers.get('location')], [303, to]);
	for (const evil of ['https://evil.example/', '//evil.example/', 'javascript:alert(1)', `${SITE}@evil.example/`, `${SITE}.evil.example/`, `https://evil.example\\@www.example.com/`, '/thanks', `${SITE}:444/`]) {
		const answer = await sendForm({ ...grace, email: 'grace3@example.com', redirect: evil });
		assert.deepEqual([answer.status, answer.headers.get('location')], [400, null], evil);
		assert.match(await answer.text(), /redirect must be/);
	}
	const wrong = await sendForm({ name: '', email: '<script>', phone: 'x', call_back: 'maybe', '<i>': '1' });
	const page = await wrong.text();
	assert.equal(wrong.status, 400);
	for (const sentence of ['name is required', 'email must be', 'phone must be', 'call_back must be', 'There is no field &quot;&lt;i&gt;&quot;']) assert.ok(page.includes(sentence), `${sentence}: ${page}`);
	assert.ok(!/<i>|<script/.test(page));
	assert.equal((await sendForm({ name: 'A' }, { Origin: 'https://evil.example' })).status, 403);
	const twice = await fetch(`${system.api}/leads`, { method: 'POST', headers: { Origin: SITE, 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' }, body: 'name=A&name=B&email=a%40example.com' });
	assert.deepEqual([twice.status, (await twice.json()).error], [400, { code: 'invalid_field', message: 'name comes twice.', field: 'name' }]);
	const broken = await fetch(`${system.api}/leads`, { method: 'POST', headers: { Origin: SITE, 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' }, body: 'name=%' });
	assert.deepEqual([broken.status, (await broken.json()).error.code], [400, 'invalid_form']);
	assert.equal((await leads('?email=grace3@example.com')).length, 0);
});

test('the trap is answered like everybody, and keeps nothing', async () => {
	const before = (await leads()).length;
	assert.deepEqual(await taken({ ...ADA, email: 'bot@example.com', website: 'https://spam.example' }), TAKEN);
	assert.equal((await sendForm({ name: 'Bot', email: 'nonsense', website: 'x', redirect: `${SITE}/thanks` })).status, 303);
	assert.equal((await leads()).length, before);
	assert.equal(await metric('lead_total{outcome="trapped"}'), 2);
	assert.ok(!told.some((event) => event.data.email === 'bot@example.com'));
});

const calledBack = (email, state) =>
	until(`the call back of ${email} is ${state}`, async () => {
		const [lead] = await leads(`?email=${email}`);
		return lead?.call_back_state === state && lead;
	});

test('who asked for it is called back, with what was sent, once', async () => {
	await switchOn({ call_back_agent: 'desk' });
	const wish = { ...ADA, email: 'call@example.com', phone: '+15550200006', call_back: true, company: null };
	assert.deepEqual(await taken(wish), { accepted: true, call_back: true });
	const lead = await calledBack('call@example.com', 'placed');
	const call = await system.call(lead.call_id, 'over', isTerminal, 30);
	assert.deepEqual([call.direction, call.phone_number, call.agent, call.first_message, call.metadata], ['OUTBOUND', '+15550200006', 'desk', `Hello Ada Lovelace of nowhere, you wrote: ${ADA.message}`, { lead_id: lead.lead_id }]);
	assert.deepEqual([call.status, call.end_reason], ['BUSY', 'busy'], 'a real phone was asked');
	// The same wish again, and the same number under another name: nobody is called twice.
	assert.deepEqual(await taken(wish), { accepted: true, call_back: true });
	await taken({ ...wish, email: 'other@example.com' });
	assert.match((await calledBack('other@example.com', 'refused')).call_back_detail, /called back in the last 24 hours/);
	// Where calls may not go, no visitor gets one either.
	await taken({ ...wish, email: 'abroad@example.com', phone: '+4915112345678' });
	assert.match((await calledBack('abroad@example.com', 'refused')).call_back_detail, /Calls to DE are not allowed/);
	await switchOn({ call_back_agent: 'nobody' });
	await taken({ ...wish, email: 'nobody@example.com', phone: '+15550200016' });
	assert.match((await calledBack('nobody@example.com', 'refused')).call_back_detail, /no agent "nobody"/);
	await switchOn({ call_back_agent: 'desk', call_backs_per_day: 1 });
	await taken({ ...wish, email: 'many@example.com', phone: '+15550200026' });
	assert.match((await calledBack('many@example.com', 'refused')).call_back_detail, /1 call backs were placed/);
	await switchOn();
	assert.deepEqual(await taken({ ...wish, email: 'off@example.com', phone: '+15550200036' }), TAKEN, 'without an agent nobody is promised a call');
	assert.equal((await system.get('/calls?direction=OUTBOUND')).body.calls.length, 1);
});

test('in quiet hours the call waits until they are over', async () => {
	await switchOn({ call_back_agent: 'desk' });
	const clock = (minutes) => new Date(Date.now() + minutes * 60000).toISOString().slice(11, 16);
	const limits = (quiet_hours) => fetch(`${system.api}/limits`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ quiet_hours }) });
	const quiet = { from: clock(-60), to: clock(120), time_zone: 'UTC' };
	assert.equal((await limits(quiet)).status, 200);
	await taken({ ...ADA, email: 'night@example.com', phone: '+15550200046', call_back: true });
	const lead = await calledBack('night@example.com', 'placed');
	const call = (await system.get(`/calls/${lead.call_id}`)).body;
	assert.deepEqual([call.status, call.scheduled_at.slice(11, 16)], ['PENDING', quiet.to]);
	assert.equal((await system.post(`/calls/${lead.call_id}/end`)).status, 200);
	await limits(false);
});

test('the file has every lead, formulas are words, and who took it is written down', async () => {
	await taken({ ...ADA, name: '=cmd|calc', company: '@SUM(1)', email: 'formula@example.com' });
	const answer = await fetch(`${system.api}/leads/export.csv`);
	const text = await answer.text();
	assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="leads.csv"');
	const lines = text.trimEnd().split('\r\n');
	assert.match(lines[0], /^lead_id,created_at,name,email,phone,/);
	assert.equal(lines.length - 1, (await leads()).length);
	assert.match(text, /,"'=cmd\|calc",formula@example\.com,,"'@SUM\(1\)",/);
	assert.match(text, /,"'\+15550100123",/);
	assert.equal((await (await fetch(`${system.api}/leads/export.csv?email=formula@example.com`)).text()).trimEnd().split('\r\n').length, 2);
	const { entries } = (await system.get('/audit?action=lead.export')).body;
	assert.deepEqual(entries.map((entry) => entry.detail.of_one_person), [true, false]);
});

test('a lead that is deleted is gone, with what webhooks keep of it', async () => {
	const [{ lead_id }] = await leads('?email=formula@example.com');
	await until('it is told', () => told.some((event) => event.data.lead_id === lead_id));
	const remove = () => fetch(`${system.api}/leads/${lead_id}`, { method: 'DELETE' });
	assert.equal((await remove()).status, 204);
	assert.deepEqual([(await remove()).status, (await system.get(`/leads/${lead_id}`)).body.error.code], [404, 'lead_not_found']);
	assert.equal(system.sql(`SELECT count(*) FROM webhook_delivery WHERE event_id = '${lead_id}'`).trim(), '0');
	const { entries } = (await system.get('/audit?action=lead.delete')).body;
	assert.deepEqual(entries.map((entry) => entry.object_id), [lead_id]);
});

test('a person that is forgotten leaves no lead, nor one that was sent with the same address', async () => {
	await taken({ ...ADA, message: 'without a number' });
	const all = (await leads()).length;
	assert.equal((await leads('?email=ada@example.com')).length, 3);
	const { body } = await system.post('/erasures', { phone_number: '+15550100123' });
	const done = await until('it is done', async () => {
		const { body: now } = await system.get(`/erasures/${body.erasure_id}`);
		return now.state === 'done' && now;
	});
	assert.deepEqual([done.removed.leads, done.proof_valid], [3, true]);
	assert.equal((await leads()).length, all - 3);
	assert.equal((await leads('?email=ada@example.com')).length, 0);
});

test('leads go when their days are over', async () => {
	const left = await leads();
	system.sql(`UPDATE lead SET created_at = created_at - 3 * 86400000000 WHERE id = '${left[0].lead_id}'`);
	const put = async (days) => (await fetch(`${system.api}/retention`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ words_days: 0, recordings_days: 0, calls_days: 0, ...days }) })).json();
	assert.equal((await put({ leads_days: 2 })).leads_days, 2);
	await until('the old one is gone', async () => (await leads()).length === left.length - 1);
	assert.equal((await put({})).leads_days, 2, 'who does not name it does not change it');
	assert.equal((await put({ leads_days: 0 })).leads_days, 0);
});

test('where there are several tenants a form says whose it is, and each has leads of its own', async () => {
	const other = '01a3185c-57d0-7001-a974-850a656cb136';
	const count = (await leads()).length;
	const set = (status) => system.sql(`UPDATE tenant SET status = '${status}', settings = '{"leads":{"enabled":true,"allowed_origins":["https://other.example"]}}' WHERE id = '${other}'`);
	system.sql(`INSERT INTO tenant (id, name, created_at) VALUES ('${other}', 'Other', 0)`);
	set('active');
	assert.deepEqual([(await send(ADA)).status, (await send(ADA)).body.error.field], [400, 'tenant']);
	assert.equal((await send({ ...ADA, tenant: other })).body.error.code, 'origin_not_allowed', 'the list is of one tenant');
	assert.equal((await send({ ...ADA, tenant: other }, { Origin: 'https://other.example' })).status, 202);
	assert.equal((await leads()).length, count);
	assert.equal((await send({ ...ADA, tenant: 'default', email: 'mine@example.com' })).status, 202);
	assert.equal((await leads()).length, count + 1);
	set('suspended');
	assert.equal((await send({ ...ADA, tenant: other }, { Origin: 'https://other.example' })).body.error.code, 'leads_off');
	for (const tenant of ["x' OR 1=1", '../default', 'DEFAULT']) assert.equal((await send({ ...ADA, tenant })).body.error.code, 'leads_off', tenant);
});

test('an address that sends too many is told when to come again', async () => {
	let last;
	for (let i = 0; i < 202 && last?.status !== 429; i++) last = await fetch(`${system.api}/leads`, { method: 'POST', headers: { Origin: SITE, 'Content-Type': 'application/json' }, body: '{"tenant":"default"}' });
	assert.equal(last.status, 429);
	assert.ok(Number(last.headers.get('retry-after')) >= 1);
	assert.equal(last.headers.get('access-control-allow-origin'), SITE, 'a script can read that');
	assert.equal((await send({})).status, 429, 'also who does not say for whom it is');
	const form = await sendForm(ADA);
	assert.deepEqual([form.status, form.headers.get('content-type')], [429, 'text/html; charset=utf-8']);
	assert.match(await form.text(), /Too many requests/);
});
