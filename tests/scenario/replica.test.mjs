// Protects: reading from a streaming replica. Lists come from it while it is there and follows closely;
// what it lacks the primary answers, and nobody notices but in the metrics: replay that stands still, a
// replica that dies, and a primary that restarts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Postgres } from '../servers/postgres.mjs';
import { System, until } from './system.mjs';

const DATABASE = 'voiceai';
let primary, replica, system;

before(async () => {
	primary = await Postgres.start();
	const url = primary.createDatabase(DATABASE);
	replica = await Postgres.start({ primary });
	system = await System.start({ DATABASE_URL: url, DATABASE_READ_URL: replica.url(DATABASE), DATABASE_READ_MAX_LAG_SECONDS: '2' }, ['serve']);
});
after(async () => {
	if (process.env.SHOW_LOGS) console.error(system?.servers.serve.stderr);
	await system?.stop();
	await replica?.stop();
	await primary?.stop();
});

/** The value of one series of the platform's metrics, 0 when it is not there. */
async function metric(series) {
	const text = await (await fetch(`${system.url('serve')}/metrics`)).text();
	return Number(text.split('\n').find((line) => line.startsWith(`${series} `))?.slice(series.length + 1) ?? 0);
}
const readBy = (server) => metric(`db_read_total{server="${server}"}`);

/** Ask for the list; answers the ids in it. */
async function list() {
	const { status, body } = await system.get('/calls/?limit=100');
	assert.equal(status, 200, JSON.stringify(body));
	return body.calls.map((call) => call.call_id);
}

async function answeredBy(server) {
	const before = await readBy(server);
	await list();
	return (await readBy(server)) > before;
}

let next = 0;
async function initiate() {
	const { status, body } = await system.post('/calls/initiate', { phone_number: `+1555030${String(next++).padStart(4, '0')}` });
	assert.equal(status, 201, JSON.stringify(body));
	return body.call_id;
}

test('lists come from a replica that follows', { timeout: 60000 }, async () => {
	await until('the replica is asked', () => answeredBy('replica'));
	const id = await initiate();
	await until('the call is in the list', async () => (await list()).includes(id));
	assert.ok(await answeredBy('replica'));
	await until('its lag is small', async () => (await metric('database_replica_lag_seconds')) < 2);
});

test('one that lags is not asked until it has caught up', { timeout: 60000 }, async () => {
	replica.query(DATABASE, 'SELECT pg_wal_replay_pause()');
	const id = await initiate();
	await until('the primary is asked', () => answeredBy('primary'));
	assert.ok((await list()).includes(id), 'the primary knows the call');
	assert.ok((await metric('database_replica_lag_seconds')) > 2);
	replica.query(DATABASE, 'SELECT pg_wal_replay_resume()');
	await until('the replica is asked again', () => answeredBy('replica'));
	assert.ok((await list()).includes(id));
});

test('one that dies takes no request with it', { timeout: 60000 }, async () => {
	let failed = 0;
	let asked = 0;
	const end = Date.now() + 2000;
	const reading = (async () => {
		for (; Date.now() < end; asked++) failed += (await system.get('/calls/')).status !== 200;
	})();
	await replica.halt('SIGQUIT');
	await reading;
	assert.equal(failed, 0, `${failed} of ${asked}`);
	assert.ok(await answeredBy('primary'));
	await until('its silence shows', async () => (await metric('database_replica_lag_seconds')) > 3);
	await replica.begin();
	await until('the replica is asked again', () => answeredBy('replica'));
});

test('lists are read and calls wait while the primary restarts', { timeout: 60000 }, async () => {
	await until('the replica is asked', () => answeredBy('replica'));
	await primary.halt('SIGINT');
	assert.ok((await list()).length >= 2, 'the replica answers');
	const waiting = initiate();
	await primary.begin();
	const id = await waiting;
	await until('the call is in the list', async () => (await list()).includes(id));
	assert.ok((await metric('db_connection_lost_total{lane="writes"}')) >= 1);
});
