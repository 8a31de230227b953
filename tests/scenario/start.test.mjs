// Protects the start of a server whose database is away: it waits and says so, takes up its work when the
// database comes, gives up within the bound with one clear line, and ends at once when it is told to.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Postgres } from '../servers/postgres.mjs';
import { Process, freeTcpPort, makeSettings, until } from './system.mjs';

let server, nobody;

before(async () => {
	server = await Postgres.start();
	nobody = `postgresql://voiceai@127.0.0.1:${await freeTcpPort()}/voiceai`;
}, { timeout: 60000 });
after(() => server?.stop());

/** A server of its own, ended by the test or at its end. */
async function serve(t, more) {
	const settings = await makeSettings(more);
	const process = new Process(settings, ['serve']);
	t.after(async () => {
		process.kill('SIGKILL');
		await process.exited;
		rmSync(settings.HOME, { recursive: true, force: true });
	});
	return { process, ask: (path, init) => fetch(`http://127.0.0.1:${settings.PORT}${path}`, init) };
}

const waits = ({ process, ask }) =>
	until('it waits', async () => {
		assert.ok(process.running, process.stderr);
		return (await ask('/health')).status === 200;
	});

test('it waits for the database, and serves when that has come', { timeout: 60000 }, async (t) => {
	const url = server.createDatabase();
	await server.halt();
	const { process, ask } = await serve(t, { DATABASE_URL: url });
	await waits({ process, ask });
	const ready = await ask('/ready');
	assert.equal(ready.status, 503);
	assert.match((await ready.json()).checks.database, /cannot be reached/);
	const webhook = await ask('/api/v1/webhooks/twilio/voice', { method: 'POST' });
	assert.equal(webhook.status, 503);
	assert.ok(Number(webhook.headers.get('retry-after')) > 0);
	assert.equal((await webhook.json()).error.code, 'unavailable');
	await server.begin();
	await until('it is ready', async () => (await ask('/ready')).status === 200);
	assert.equal((await ask('/api/v1/calls/')).status, 200);
	assert.match(process.stderr, /"event":"database_unreachable","try":1,/);
	assert.equal((await process.stop(10)).code, 0);
});

test('it gives up when the database does not come in time', { timeout: 30000 }, async (t) => {
	const { process } = await serve(t, { DATABASE_URL: nobody, DATABASE_WAIT_SECONDS: '1' });
	assert.equal((await process.end(20)).code, 1);
	const lines = process.stderr.split('\n').filter((line) => line && !line.startsWith('{'));
	assert.equal(lines.length, 1, process.stderr);
	assert.match(lines[0], /^voiceai serve: the database has not answered within 1 s \(DATABASE_WAIT_SECONDS\): .*Connection refused/);
});

test('told to stop while it waits, it ends with 0', { timeout: 30000 }, async (t) => {
	const { process, ask } = await serve(t, { DATABASE_URL: nobody });
	await waits({ process, ask });
	assert.equal((await process.stop(10)).code, 0, process.stderr);
});
