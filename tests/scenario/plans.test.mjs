// Protects what a page of the history costs on PostgreSQL: about as many rows as it shows, however many calls there are,
// also once the server keeps the plan of a statement, which it makes without knowing the values.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Postgres } from '../servers/postgres.mjs';
import { fillYear } from '../servers/year_of_calls.mjs';
import { System, until } from './system.mjs';

const [CALLS, PAGE, TIMES] = [20_000, 50, 12];
let postgres, database, system;

before(async () => {
	/* Few calls are read as many are: by going through all of them only where that is cheaper for more than a page. */
	postgres = await Postgres.start({ settings: { random_page_cost: '10' } });
	const url = postgres.createDatabase();
	database = new URL(url).pathname.slice(1);
	system = await System.start({ DATABASE_URL: url }, ['serve']);
	await system.servers.serve.stop(); /* it would make partitions, too */
	fillYear((sql) => postgres.query(database, sql), CALLS);
});
after(async () => {
	await system?.stop();
	await postgres?.stop();
});

/** Rows that the server has read. A connection counts what it did when it ends. */
async function rowsRead() {
	await system.servers.serve.stop();
	await until('nobody is connected', () => postgres.query(database, 'SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = \'client backend\'')[0][0] === '1');
	return Number(postgres.query(database, 'SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables')[0][0]);
}

/** How many rows each of these reads; each answers a whole page. */
async function rowsOf(paths) {
	const start = await rowsRead();
	system.launch('serve');
	await system.ready('serve');
	for (let i = 0; i < TIMES; i++) {
		const { status, body } = await system.get(paths[i % paths.length]);
		assert.equal(status, 200);
		assert.equal(body.calls.length, PAGE);
	}
	return ((await rowsRead()) - start) / TIMES;
}

const long = 365 * 86_400_000;
const ago = (part) => new Date(Date.now() - part * long).toISOString();
const cursor = Buffer.from(`${Date.parse(ago(0.5)) * 1000}:ffffffff-ffff-7fff-8fff-ffffffffffff`).toString('base64url');

for (const [name, paths] of Object.entries({
	'the newest': [`/calls?limit=${PAGE}`],
	'half a year ago': [`/calls?limit=${PAGE}&cursor=${cursor}`],
	'of a status': [`/calls?limit=${PAGE}&status=BUSY`, `/calls?limit=${PAGE}&status=COMPLETED`],
	'of an agent': [`/calls?limit=${PAGE}&agent=survey`],
	'of a month': [`/calls?limit=${PAGE}&from=${ago(0.3)}&to=${ago(0.2)}`],
	'in one direction': [`/calls?limit=${PAGE}&direction=INBOUND`],
}))
	test(`a page of calls, ${name}, reads what it shows`, async () => {
		const rows = await rowsOf(paths);
		assert.ok(rows >= PAGE, `it reads ${rows} rows`);
		assert.ok(rows < 20 * PAGE, `it reads ${rows} rows`);
	});
