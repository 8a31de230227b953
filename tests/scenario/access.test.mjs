// Protects the way into an installation where everybody signs in, on the real binary: the first start
// prints a one-time link and no later one does, `voiceai invite` prints more, keys and tokens work over a
// restart, a revoked key stops working in another process within seconds, an open live socket is closed
// when its sign-in ends, and nothing that opens a door is ever written to a log or left readable in the
// database. And the starts that are refused.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Socket } from './raw.mjs';
import { Process, System, freeTcpPort, makeSettings, until } from './system.mjs';

const password = 'correct horse battery staple';
let system;
let link;
const secrets = [];
const written = []; // by which processes

const wordOf = (text) => text.match(/#invite=([0-9a-f]{48})/)?.[1];

/** Ask the API; `as` is a token, a key or nothing. */
async function ask(method, path, { as, body, headers = {}, base = system } = {}) {
	const response = await fetch(`http://127.0.0.1:${base.settings.PORT}/api/v1${path}`, {
		method,
		headers: { ...(as && { Authorization: `Bearer ${as}` }), ...(body && { 'Content-Type': 'application/json' }), ...headers },
		body: body && JSON.stringify(body),
	});
	const text = await response.text();
	return { status: response.status, body: text ? JSON.parse(text) : null, headers: response.headers };
}

const run = async (settings, ...args) => {
	const process = new Process(settings, args);
	const { code } = await process.end(20);
	return { code, stdout: process.stdout, stderr: process.stderr };
};

async function accept(word, email) {
	const { status, body } = await ask('POST', '/auth/accept', { body: { token: word, email, name: 'Somebody', password } });
	assert.equal(status, 200, JSON.stringify(body));
	secrets.push(word, body.access_token, body.refresh_token);
	return body;
}

before(async () => {
	system = await System.start({ AUTH: 'on', RATE_LIMITS: 'off' }, ['serve']);
	written.push(system.servers.serve);
});
after(async () => system?.stop());

test('the first start prints a link that makes the owner', async () => {
	link = await until('the link is printed', () => wordOf(system.servers.serve.stderr));
	assert.equal((await ask('GET', '/calls')).status, 401);
	const owner = await accept(link, 'owner@example.com');
	assert.equal(owner.role, 'owner');
	assert.equal((await ask('GET', '/calls', { as: owner.access_token })).status, 200);
	assert.equal((await ask('POST', '/auth/accept', { body: { token: link, email: 'b@example.com', password } })).status, 404);
});

test('voiceai invite prints a link for somebody', async () => {
	const { code, stdout } = await run(system.settings, 'invite', '--email', 'op@example.com', '--role', 'operator');
	assert.equal(code, 0);
	const operator = await accept(wordOf(stdout), 'op@example.com');
	assert.equal(operator.role, 'operator');
	assert.equal((await ask('GET', '/users', { as: operator.access_token })).status, 403);
	assert.equal((await run(system.settings, 'invite', '--role', 'king')).code, 2);
	assert.equal((await run(system.settings, 'invite', '--tenant', 'nowhere')).code, 1);
});

test('a key lives over a restart, and ends within seconds wherever it was revoked', async () => {
	const { body: owner } = await ask('POST', '/auth/login', { body: { email: 'OWNER@example.com', password } });
	const made = await ask('POST', '/keys', { as: owner.access_token, body: { name: 'crm', scopes: ['calls:read'] } });
	assert.equal(made.status, 201);
	const { key, id } = made.body;
	secrets.push(key, owner.refresh_token);
	assert.match(key, /^vai_[0-9a-f]{12}_[0-9a-f]{48}$/);
	assert.equal((await ask('GET', '/calls', { headers: { 'X-API-Key': key } })).status, 200);
	assert.equal((await ask('POST', '/calls/initiate', { as: key, body: { phone_number: '+15550100001' } })).status, 403);
	await until('the use is noted', async () => (await ask('GET', `/keys/${id}`, { as: owner.access_token })).body.last_used_at);

	await system.servers.serve.stop();
	written.push(system.launch('serve'));
	await system.ready('serve');
	assert.equal(wordOf(system.servers.serve.stderr), undefined, 'no link once there is an owner');
	assert.equal((await ask('GET', '/calls', { as: key })).status, 200);

	const other = { settings: { ...system.settings, PORT: String(await freeTcpPort()) } };
	other.process = new Process(other.settings, ['serve']);
	written.push(other.process);
	try {
		await until('the other process is there', async () => (await ask('GET', '/auth/me', { as: key, base: other })).status === 403);
		assert.equal((await ask('GET', '/calls', { as: key, base: other })).status, 200);
		assert.equal((await ask('DELETE', `/keys/${id}`, { as: owner.access_token })).status, 204);
		assert.equal((await ask('GET', '/calls', { as: key })).status, 401);
		await until('the other process knows', async () => (await ask('GET', '/calls', { as: key, base: other })).status === 401, 15);
	} finally {
		await other.process.stop();
	}
});

test('a live socket is opened by a ticket and closed when the sign-in ends', async () => {
	const { body: signed } = await ask('POST', '/auth/login', { body: { email: 'op@example.com', password } });
	const { body: ticket } = await ask('POST', '/live/ticket', { as: signed.access_token });
	secrets.push(ticket.ticket, signed.refresh_token);
	const socket = await Socket.open(system.settings.PORT, `/api/v1/live?ticket=${ticket.ticket}`);
	assert.equal(socket.status, 101);
	assert.equal((await Socket.open(system.settings.PORT, '/api/v1/live')).status, 401);
	assert.equal((await ask('POST', '/auth/logout', { body: { refresh_token: signed.refresh_token } })).status, 204);
	await until('the socket is closed', () => socket.code === 4401, 60);
	socket.destroy();
});

test('nothing that opens a door is in the logs or the database', async () => {
	await system.servers.serve.stop();
	const logs = written.map((process) => process.stdout + process.stderr).join('');
	const stored = system.postgres ? '' : readdirSync(system.settings.DATA_DIR).filter((name) => name.startsWith('voiceai.db'))
		.map((name) => readFileSync(join(system.settings.DATA_DIR, name), 'latin1')).join('');
	for (const secret of [...secrets, password]) {
		if (secret !== link) assert.ok(!logs.includes(secret), `a secret of ${secret.length} characters is in the logs`);
		assert.ok(!stored.includes(secret), `a secret of ${secret.length} characters is in the database`);
	}
	if (stored) assert.ok(stored.includes(createHash('sha256').update(link).digest('hex')), 'digests are what is kept');
});

test('starts that would leave the door open are refused', async () => {
	const settings = await makeSettings({ AUTH: 'off', BIND_ADDRESS: '0.0.0.0' });
	const { code, stderr } = await run(settings, 'serve');
	assert.equal(code, 2);
	assert.match(stderr, /AUTH: must not be off while BIND_ADDRESS is not loopback/);
});

test('on loopback nobody signs in, and the start says so', async () => {
	const alone = await System.start({}, ['serve']);
	try {
		assert.match(alone.logs(), /single_user_mode/);
		assert.equal((await ask('GET', '/auth/me', { base: alone })).body.kind, 'local');
		assert.equal((await ask('GET', '/calls', { base: alone, headers: { 'X-Forwarded-For': '192.0.2.1' } })).status, 403);
	} finally {
		await alone.stop();
	}
});
