// Protects: where PostgreSQL has the TimescaleDB extension, a new database keeps events and turns in
// hypertables, and the program that runs on native partitions runs on them: what is compressed is read and added
// to as before, retention drops chunks, calls by the hour are a continuous aggregate that agrees with the calls,
// an archive moves from there to SQLite and back; and TIMESCALEDB=off keeps native partitions. The server is
// TimescaleDB compiled to WebAssembly (tests/servers/timescale.mjs).
import assert from 'node:assert/strict';
import { after, before, test as plainTest } from 'node:test';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Timescale } from '../servers/timescale.mjs';
import { Process, makeSettings, until } from './system.mjs';

const DAY = 86400000;
const OLD = Date.now() - 40 * DAY, RECENT = Date.now() - 10 * DAY;
const CALLS = 30;

let server, settings;
const skip = Timescale.missing();
const test = (name, fn) => plainTest(name, { timeout: 60000, skip }, fn);

before(async () => {
	if (skip) return;
	server = await Timescale.start();
	settings = await makeSettings({ DATABASE_URL: server.url, DATABASE_POOL_SIZE: '3', PARTITION_PERIOD: 'day', PARTITIONS_AHEAD: '1' });
	mkdirSync(settings.DATA_DIR);
});
after(async () => {
	await server?.stop();
	if (settings) rmSync(settings.HOME, { recursive: true, force: true });
});

async function run(more, ...args) {
	const process = new Process({ ...settings, ...more }, args);
	const { code } = await process.end(60);
	assert.equal(code, 0, `${args.join(' ')}: ${process.stderr}`);
	return process.stdout;
}

/** Serve while `fn` runs; it gets a function that asks the API. */
async function serve(more, fn) {
	const process = new Process({ ...settings, ...more }, ['serve']);
	const url = `http://127.0.0.1:${settings.PORT}`;
	try {
		await until('it serves', async () => !process.running || (await fetch(`${url}/ready`)).status === 200);
		await fn(async (path, body) => {
			const response = await fetch(`${url}/api/v1${path}`, body && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
			return { status: response.status, body: await response.json() };
		});
	} catch (error) {
		throw new Error(`${error.message}\n${process.stderr.slice(-4000)}`);
	} finally {
		await process.stop();
	}
}

/** A UUIDv7 of that millisecond. */
const idOf = (ms, n) => `${ms.toString(16).padStart(12, '0').replace(/^(.{8})/, '$1-')}-7000-8000-${String(n).padStart(12, '0')}`;

function records() {
	const list = Array.from({ length: CALLS }, (_, i) => {
		const at = (i % 2 ? OLD : RECENT) + i;
		return {
			call_id: idOf(at, i), status: 'COMPLETED', direction: 'OUTBOUND', phone_number: '+15550100123',
			created_at: new Date(at).toISOString(), started_at: new Date(at + 1000).toISOString(), ended_at: new Date(at + 61000).toISOString(),
			transcript: Array.from({ length: 6 }, (_, n) => ({ speaker: n % 2 ? 'user' : 'agent', text: `turn ${n} of ${i}` })),
			summary: { summary: 'They met.', sentiment: 'positive', key_points: [], action_items: [] },
		};
	});
	const path = join(settings.HOME, 'records.json');
	writeFileSync(path, JSON.stringify(list));
	return path;
}

async function exported(more, ...args) {
	const path = join(settings.HOME, `out${Math.random()}`);
	await run(more, 'export', ...args, path);
	return readFileSync(path, 'utf8');
}
const calls = async (more) => JSON.parse(await exported(more, '--format', 'records'));

/** What TimescaleDB does in the background elsewhere. */
async function runJobs(name) {
	const jobs = await server.query(`SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = '${name}'`);
	assert.ok(jobs.length, name);
	for (const [id] of jobs) await server.query(`CALL run_job(${id})`);
}

const chunks = (table) =>
	server.query(`SELECT is_compressed, range_start_integer FROM timescaledb_information.chunks WHERE hypertable_name = '${table}' ORDER BY 2`);
const startOf = (ms) => String(ms - (ms % DAY));

test('the migration makes hypertables and says so', async () => {
	await run({}, 'migrate');
	assert.match(await run({}, 'migrate', '--status'), /^events and turns are in hypertables: TimescaleDB 2\./m);
	assert.deepEqual(await server.query("SELECT hypertable_name FROM timescaledb_information.hypertables ORDER BY 1"), [['call_event'], ['call_volume'], ['transcript_turn']]);
});

test('calls come, and what is written about them', async () => {
	await run({}, 'import', records());
	await serve({}, async (ask) => {
		for (const at of [RECENT, OLD + 1]) assert.equal((await ask(`/calls/${idOf(at, at === RECENT ? 0 : 1)}/notes`, { text: 'They called back.' })).status, 201);
		assert.equal((await ask(`/calls/${idOf(RECENT, 999)}/notes`, { text: 'Nobody.' })).status, 404);
		// Nobody carries it; it is ended by way of all its events.
		const { body: { call_id: id } } = await ask('/calls/initiate', { phone_number: '+15550100199' });
		await ask(`/calls/${id}/end`, {});
		await until('the call is over', async () => (await ask(`/calls/${id}`)).body.status === 'FAILED');
		assert.ok((await ask(`/calls/${id}/events`)).body.events.length > 1);
	});
	assert.deepEqual((await chunks('transcript_turn')).map((row) => row[1]), [startOf(OLD), startOf(RECENT)]);
});

test('what is compressed is read and added to as before', async () => {
	const before = await calls();
	assert.equal(before.length, CALLS + 1);
	await runJobs('call_chunks_compress');
	assert.deepEqual(await chunks('transcript_turn'), [['true', startOf(OLD)], ['true', startOf(RECENT)]]);
	assert.deepEqual((await chunks('call_event')).map((row) => row[0]), ['false', 'true', 'true', 'false']);
	assert.deepEqual(await calls(), before);

	// Another key for everything: compressed rows are changed where they are.
	const keys = async () => (await server.query('SELECT DISTINCT left(text, 12) FROM transcript_turn')).flat();
	const [old] = await keys();
	await run({}, 'keys', 'rotate');
	await serve({}, async (ask) => {
		await until('all turns are under the new key', async () => !(await keys()).includes(old));
		const id = idOf(RECENT, 0);
		assert.equal((await ask(`/calls/${id}/notes`, { text: 'Again.' })).status, 201);
		assert.deepEqual((await ask(`/calls/${id}/notes`)).body.notes.map((note) => note.text).sort(), ['Again.', 'They called back.']);
		assert.equal((await ask(`/calls/${id}/transcript`)).body.transcript.length, 6);
	});
	assert.deepEqual(await calls(), before);
});

test('calls by the hour are added up by a continuous aggregate', async () => {
	await runJobs('policy_refresh_continuous_aggregate');
	const counted = await server.query('SELECT created_at / 3600000000 * 3600000000, count(*) FROM call GROUP BY 1 ORDER BY 1');
	assert.equal(counted.length, 3);
	assert.deepEqual(await server.query("SELECT hour, sum(calls) FROM call_volume_hour WHERE status <> '' GROUP BY 1 ORDER BY 1"), counted);
});

test('an archive moves to SQLite and back into hypertables', async () => {
	// An event about no call.
	await server.query("INSERT INTO call_event (tenant_id, call_id, type, at, data) VALUES ('default', call_event_key(NULL), 'webhook.paused', 1, '{}')");
	const path = join(settings.HOME, 'archive');
	writeFileSync(path, await exported());
	const sqlite = { DATABASE_URL: `sqlite:${join(settings.DATA_DIR, 'moved.db')}` };
	await run(sqlite, 'import', path);
	const rows = (archive) => archive.split('\n').filter((line) => line.includes('webhook.paused') || line.includes('speaker')).sort();
	const there = await exported(sqlite), here = readFileSync(path, 'utf8');
	assert.ok(rows(here).some((line) => line.includes('webhook.paused') && !line.includes('""')));
	assert.deepEqual(rows(there), rows(here));

	const back = join(settings.HOME, 'back');
	writeFileSync(back, there);
	await server.query("DELETE FROM call_event WHERE type = 'webhook.paused'");
	await run({}, 'import', back);
	assert.deepEqual(rows(await exported()), rows(here));
});

test('retention drops chunks with the calls', async () => {
	await serve({ RETENTION_DAYS: '30' }, async (ask) => {
		await until('the old chunks are gone', async () => !(await chunks('transcript_turn')).some((row) => row[1] === startOf(OLD)));
		assert.equal((await ask(`/calls/${idOf(OLD + 1, 1)}`)).status, 404);
		assert.equal((await ask(`/calls/${idOf(RECENT, 0)}/transcript`)).body.transcript.length, 6);
	});
	assert.ok(!(await chunks('call_event')).some((row) => row[1] === startOf(OLD)));
	assert.equal((await calls()).length, CALLS / 2 + 1);
	await runJobs('policy_refresh_continuous_aggregate');
	assert.deepEqual(await server.query("SELECT sum(calls) FROM call_volume_hour WHERE status <> ''"), [[String(CALLS / 2 + 1)]]);
});

test('a person who is erased is erased from what is compressed', async () => {
	await runJobs('call_chunks_compress');
	await serve({}, async (ask) => {
		const { status, body } = await ask('/erasures', { phone_number: '+15550100123' });
		assert.ok(status < 300, JSON.stringify(body));
		await until('the erasure is done', async () => (await ask(`/erasures/${body.erasure_id ?? body.id}`)).body.state === 'done');
	});
	assert.deepEqual(await server.query('SELECT count(*) FROM transcript_turn'), [['0']]);
});

test('TIMESCALEDB=off keeps native partitions', async () => {
	const other = await Timescale.start();
	try {
		await run({ DATABASE_URL: other.url, TIMESCALEDB: 'off' }, 'migrate');
		assert.match(await run({ DATABASE_URL: other.url }, 'migrate', '--status'), /^events and turns are in partitions: TIMESCALEDB is off$/m);
		assert.deepEqual(await other.query("SELECT relkind FROM pg_class WHERE relname = 'call_event'"), [['p']]);
	} finally {
		await other.stop();
	}
});
