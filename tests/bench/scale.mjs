// Does it matter how many calls there are? PostgreSQL is filled with each number of calls, spread over a year, each
// gets a server, and the same requests are timed at one after the other, in turns: what disturbs one disturbs all.
//
//     node tests/bench/scale.mjs [10000 1000000 10000000]
//
// Ten million take some 20 GB under the system's temporary folder, and ten minutes.
import { performance } from 'node:perf_hooks';
import { Postgres } from '../servers/postgres.mjs';
import { fillYear } from '../servers/year_of_calls.mjs';
import { Process, makeSettings, until } from '../scenario/system.mjs';

const sizes = process.argv.slice(2).map(Number);
if (!sizes.length) sizes.push(10_000, 1_000_000);
const [ROUNDS, REQUESTS] = [10, 30];

const percentile = (values, p) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * p) / 100))];

/** Milliseconds of some requests, in order. */
async function time(urls) {
	const times = [];
	for (let i = 0; i < REQUESTS; i++) {
		const start = performance.now();
		const response = await fetch(urls[i % urls.length]);
		await response.arrayBuffer();
		if (response.status !== 200) throw new Error(`${urls[i % urls.length]}: ${response.status}`);
		times.push(performance.now() - start);
	}
	return times;
}

/** The cursors of some pages that are spread over the year. */
const cursors = (ids) => ids.map(([id, at]) => Buffer.from(`${at}:${id}`).toString('base64url'));

/** A server on so many calls, and what it is asked. */
async function prepare(postgres, calls) {
	const settings = await makeSettings({ DATABASE_URL: postgres.createDatabase(), LOG_LEVEL: 'ERROR' });
	const database = new URL(settings.DATABASE_URL).pathname.slice(1);
	const migrate = new Process(settings, ['migrate']);
	if ((await migrate.end(60)).code !== 0) throw new Error(migrate.stderr);
	const began = performance.now();
	fillYear((sql) => postgres.query(database, sql), calls);
	console.log(`${calls} calls: filled in ${((performance.now() - began) / 1000).toFixed(0)} s`);

	const server = new Process(settings, ['serve'], { print: true });
	const api = `http://127.0.0.1:${settings.PORT}/api/v1/calls`;
	await until('it serves', async () => (await fetch(`http://127.0.0.1:${settings.PORT}/ready`)).status === 200);
	const { total_calls: total } = await (await fetch(`${api}/dashboard/analytics`)).json();
	if (total !== calls) throw new Error(`the figures say ${total} calls`);
	const some = postgres.query(database, `SELECT id, created_at FROM call WHERE twilio_call_sid IN (${Array.from({ length: 40 }, (_, i) =>
		`'CA${Math.max(1, Math.floor((calls * (i + 1)) / 41)).toString(16).padStart(32, '0')}'`)})`);
	const requests = {
		'list 50': [`${api}?limit=50`],
		'list 50, pages all over': cursors(some).map((cursor) => `${api}?limit=50&cursor=${cursor}`),
		'list 50, one status': [`${api}?limit=50&status=BUSY`],
		'list 50, one agent': [`${api}?limit=50&agent=survey`],
		'get': some.map(([id]) => `${api}/${id}`),
		'analytics': [`${api}/dashboard/analytics`],
	};
	return { calls, server, requests };
}

const postgres = await Postgres.start({ settings: { shared_buffers: '1GB', maintenance_work_mem: '256MB', max_wal_size: '8GB', synchronous_commit: 'off' } });
try {
	const all = [];
	for (const calls of sizes) all.push(await prepare(postgres, calls));
	for (const what of Object.keys(all[0].requests)) {
		const times = all.map(() => []);
		for (const { requests } of all) await time(requests[what]); /* what is read for the first time */
		for (let round = 0; round < ROUNDS; round++) for (const [i, { requests }] of all.entries()) times[i].push(...(await time(requests[what])));
		const shown = all.map(({ calls }, i) => `${calls}: ${[10, 50, 99].map((p) => `p${p} ${percentile(times[i], p).toFixed(2)}`).join(' ')} ms`);
		console.log(`${what.padEnd(26)} ${shown.join('   ')}   ratio of p50 ${(percentile(times.at(-1), 50) / percentile(times[0], 50)).toFixed(2)}`);
	}
	for (const { server } of all) await server.stop();
} finally {
	await postgres.stop();
}
