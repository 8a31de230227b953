// Protects: the schema is migrated once however many start at the same time, and an old one is refused when
// that was asked for; a backup made while calls are written is whole and as of one moment; a restore is
// refused while a server runs, and takes nothing that is damaged or foreign; an archive moves everything, once,
// also between SQLite and PostgreSQL, whose partitions take what belongs into them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync, openSync, writeSync, closeSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sharedPostgres } from '../servers/postgres.mjs';
import { Process, System, makeSettings, until } from './system.mjs';

let system, postgres;
before(async () => {
	postgres = await sharedPostgres();
	system = await System.start({}, ['serve']);
});
after(async () => {
	await system?.stop();
	await postgres?.stop();
});

/** Run a command to its end. */
async function run(settings, ...args) {
	const process = new Process(settings, args);
	const { code } = await process.end(60);
	return { code, out: process.stdout, err: process.stderr };
}

/** Settings of another voiceai, with a data folder of its own in that of the first. */
let folders = 0;
function another(more = {}) {
	const folder = join(system.settings.HOME, `other${folders++}`);
	mkdirSync(folder);
	return { ...system.settings, HOME: folder, DATA_DIR: join(folder, 'data'), ...more };
}

/** A call_records.json of `count` calls, each with as many turns as its number says. */
function records(settings, first, count) {
	const path = join(settings.HOME, `records${first}.json`);
	const list = Array.from({ length: count }, (_, i) => ({
		call_id: `call-${first + i}`, status: 'COMPLETED', direction: 'OUTBOUND', phone_number: '+15550100123',
		created_at: '2026-02-01T10:30:00Z', started_at: '2026-02-01T10:30:05Z', ended_at: '2026-02-01T10:31:05Z',
		transcript: Array.from({ length: (first + i) % 7 }, (_, n) => ({ speaker: n % 2 ? 'user' : 'agent', text: `turn ${n}` })),
		summary: { summary: 'They met.', sentiment: 'positive', key_points: [], action_items: [] },
	}));
	writeFileSync(path, JSON.stringify(list));
	return path;
}

async function exported(settings) {
	const path = join(settings.HOME, `out${folders++}.json`);
	const { code, err } = await run(settings, 'export', '--format', 'records', path);
	assert.equal(code, 0, err);
	return JSON.parse(readFileSync(path, 'utf8'));
}

test('several that start at once migrate once', { timeout: 60000 }, async () => {
	const settings = another();
	const before = await run(settings, 'migrate', '--status');
	assert.match(before.out, /pending +calls/);
	const dry = await run(settings, 'migrate', '--dry-run');
	assert.match(dry.out, /CREATE TABLE call \(/);
	assert.match((await run(settings, 'migrate', '--status')).out, /pending +calls/);

	const all = await Promise.all([1, 2, 3, 4].map(() => run(settings, 'migrate')));
	for (const { code, err } of all) assert.equal(code, 0, err);
	const { out } = await run(settings, 'migrate', '--status');
	assert.doesNotMatch(out, /pending/);
	assert.match(out, /^ +1 +\d{4}-\d\d-\d\dT.*Z +calls$/m);
	assert.equal((await run(settings, 'migrate', '--dry-run')).out, '');
});

test('a server that may not migrate refuses an old schema', { timeout: 60000 }, async () => {
	const settings = another({ MIGRATE_AT_START: 'false', PORT: (await makeSettings()).PORT });
	const refused = await run(settings, 'serve');
	assert.equal(refused.code, 1);
	assert.match(refused.err, /at version 0, this program needs \d+: run voiceai migrate/);

	assert.equal((await run(settings, 'migrate')).code, 0);
	const server = new Process(settings, ['serve']);
	await until('it serves', async () => (await fetch(`http://127.0.0.1:${settings.PORT}/ready`)).status === 200);
	assert.equal((await server.stop()).code, 0);
});

test('a backup made while calls are written is whole', { timeout: 120000 }, async () => {
	assert.equal((await run(system.settings, 'import', records(system.settings, 0, 1500))).code, 0);
	const more = run(system.settings, 'import', records(system.settings, 1500, 3000));
	const backups = [];
	for (let i = 0; i < 3; i++) {
		const file = join(system.settings.HOME, `backup${i}`);
		const { code, out, err } = await run(system.settings, 'backup', file);
		assert.equal(code, 0, err);
		assert.match(out, /^\d+ bytes written/);
		assert.equal(statSync(file).mode & 0o777, 0o600);
		backups.push(file);
	}
	assert.equal((await more).code, 0);

	for (const file of backups) {
		const settings = another();
		mkdirSync(settings.DATA_DIR);
		// What the database holds is sealed under a key that is kept beside it.
		for (const name of readdirSync(system.settings.DATA_DIR)) {
			if (!name.startsWith('voiceai.db') && statSync(join(system.settings.DATA_DIR, name)).isFile()) copyFileSync(join(system.settings.DATA_DIR, name), join(settings.DATA_DIR, name));
		}
		const { code, err } = await run(settings, 'restore', file);
		assert.equal(code, 0, err);
		const calls = await exported(settings);
		assert.ok(calls.length >= 1500, `${calls.length} calls`);
		for (const call of calls) {
			assert.equal(call.transcript.length, Number(call.call_id.split('-')[1]) % 7, call.call_id);
			assert.ok(call.summary, call.call_id);
		}
	}
	assert.deepEqual(readdirSync(system.settings.HOME).filter((name) => name.endsWith('.tmp')), []);
});

test('a restore waits for nobody to use the database, and keeps what was there', { timeout: 120000 }, async () => {
	const file = join(system.settings.HOME, 'kept');
	const settings = another({ PORT: (await makeSettings()).PORT });
	mkdirSync(settings.DATA_DIR);
	assert.equal((await run(settings, 'import', records(settings, 0, 20))).code, 0);
	assert.equal((await run(settings, 'backup', file)).code, 0);
	assert.equal((await run(settings, 'import', records(settings, 20, 5))).code, 0);

	const server = new Process(settings, ['serve']);
	await until('it serves', async () => (await fetch(`http://127.0.0.1:${settings.PORT}/ready`)).status === 200);
	const refused = await run(settings, 'restore', file);
	assert.equal(refused.code, 1);
	assert.match(refused.err, /is in use: stop the server first/);
	assert.equal((await (await fetch(`http://127.0.0.1:${settings.PORT}/api/v1/calls/dashboard/analytics`)).json()).total_calls, 25);
	await server.stop();

	const restored = await run(settings, 'restore', file);
	assert.equal(restored.code, 0, restored.err);
	assert.equal((await exported(settings)).length, 20);
	const old = readdirSync(settings.DATA_DIR).filter((name) => name.endsWith('.old'));
	assert.equal(old.length, 1, readdirSync(settings.DATA_DIR).join());
	assert.equal((await exported({ ...settings, DATABASE_URL: `sqlite:${join(settings.DATA_DIR, old[0])}` })).length, 25);
});

/** The rows of an archive, without its first line (the time) and its last (the digest). */
const rowsOf = (path) => readFileSync(path, 'utf8').trimEnd().split('\n').slice(1, -1);

test('everything moves to another store and back, once', { timeout: 120000 }, async () => {
	const [first, second] = [another(), another()];
	const [sent, back] = [join(first.HOME, 'sent'), join(second.HOME, 'back')];
	assert.equal((await run(first, 'import', records(first, 0, 700))).code, 0);
	assert.equal((await run(first, 'export', sent)).code, 0);
	assert.equal(statSync(sent).mode & 0o777, 0o600);

	const moved = await run(second, 'import', sent);
	assert.equal(moved.code, 0, moved.err);
	assert.equal((await run(second, 'export', back)).code, 0);
	assert.deepEqual(rowsOf(back), rowsOf(sent));
	assert.match((await run(second, 'import', sent)).out, /^0 rows imported/);

	writeFileSync(sent, readFileSync(sent, 'utf8').slice(0, -100));
	const cut = await run(another(), 'import', sent);
	assert.equal(cut.code, 1);
	assert.match(cut.err, /line \d+: the archive is cut off/);
});

test('calls move to PostgreSQL, into their partitions, and back', { timeout: 120000 }, async () => {
	const lite = another();
	const server = another({ DATABASE_URL: postgres.createDatabase() });
	const again = another();
	const [sent, between, back] = ['sent', 'between', 'back'].map((name) => join(lite.HOME, name));
	// Calls made here have ids with a time in them, imported ones have others.
	assert.equal((await run(lite, 'import', records(lite, 0, 300))).code, 0);
	const port = (await makeSettings()).PORT;
	const platform = new Process({ ...lite, PORT: port }, ['serve']);
	await until('it serves', async () => (await fetch(`http://127.0.0.1:${port}/ready`)).status === 200);
	for (let i = 0; i < 5; i++)
		await fetch(`http://127.0.0.1:${port}/api/v1/calls/initiate`, {
			method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ phone_number: `+1555010000${i}` }),
		});
	await platform.stop();
	assert.equal((await run(lite, 'export', sent)).code, 0);

	mkdirSync(server.DATA_DIR);
	copyFileSync(join(lite.DATA_DIR, 'master.key'), join(server.DATA_DIR, 'master.key'));
	for (const result of await Promise.all([1, 2, 3].map(() => run(server, 'migrate')))) assert.equal(result.code, 0, result.err);
	const moved = await run(server, 'import', sent);
	assert.equal(moved.code, 0, moved.err);
	assert.match((await run(server, 'import', sent)).out, /^0 rows imported/);

	// A server makes the partitions; rows move into them and stay the same.
	const pod = new Process({ ...server, PORT: (await makeSettings()).PORT }, ['serve']);
	const database = new URL(server.DATABASE_URL).pathname.slice(1);
	const count = (sql) => Number(postgres.query(database, sql)[0][0]);
	await until('the partitions are there', () => count('SELECT count(*) FROM call_partition') === 4);
	await until('calls moved', () => count('SELECT count(*) FROM call_default') === 300);
	assert.equal(count('SELECT count(*) FROM call'), 305);
	await pod.stop();
	assert.match((await run(server, 'migrate', '--status')).out, /^events and turns are in partitions: the extension TimescaleDB is not installed$/m);

	assert.equal((await run(server, 'export', between)).code, 0);
	assert.equal((await run(again, 'import', between)).code, 0);
	assert.equal((await run(again, 'export', back)).code, 0);
	const ofCalls = (path) => {
		const [rows, table] = [{}, { name: '' }];
		for (const line of rowsOf(path)) {
			const value = JSON.parse(line);
			if (value.table) rows[(table.name = value.table)] = [JSON.stringify(value.columns)];
			else rows[table.name].push(line);
		}
		// What the pod did by itself is not what is looked at.
		return Object.fromEntries(['call', 'call_event', 'transcript_turn', 'call_summary', 'agent', 'tenant'].map((name) => [name, rows[name]?.sort()]));
	};
	assert.equal(ofCalls(sent).call.length, 306);
	assert.deepEqual(ofCalls(back), ofCalls(between));
	assert.deepEqual(ofCalls(back).transcript_turn, ofCalls(sent).transcript_turn);
	assert.deepEqual(ofCalls(back).call_summary, ofCalls(sent).call_summary);
});

test('what cannot be a database is not restored', { timeout: 60000 }, async () => {
	const settings = another();
	mkdirSync(settings.DATA_DIR);
	const good = join(settings.HOME, 'good');
	assert.equal((await run(settings, 'import', records(settings, 0, 300))).code, 0);
	assert.equal((await run(settings, 'backup', good)).code, 0);

	const damaged = join(settings.HOME, 'damaged');
	copyFileSync(good, damaged);
	const fd = openSync(damaged, 'r+');
	for (let at = 8192; at < statSync(good).size; at += 4096) writeSync(fd, Buffer.alloc(64, 0xff), 0, 64, at);
	closeSync(fd);
	const text = join(settings.HOME, 'text');
	writeFileSync(text, 'no database at all '.repeat(100));
	for (const [file, reason] of [[damaged, /./], [text, /not a database/], ['/nowhere', /there is no such file/],
		[join(settings.DATA_DIR, 'voiceai.db'), /is the database itself/]]) {
		const { code, err } = await run(settings, 'restore', file);
		assert.equal(code, 1, file);
		assert.match(err, reason);
	}
	assert.equal((await exported(settings)).length, 300);
	assert.ok(!existsSync(join(settings.HOME, 'data.old')));
	assert.match((await run({ ...settings, DATABASE_URL: 'postgresql://localhost/x' }, 'backup', good)).err, /pg_dump/);
});
