// Does it matter how many calls there are? PostgreSQL is filled with each number of calls, spread over a year, each
// gets a server, and the same requests are timed at one after the other, in turns: what disturbs one disturbs all.
//
//     node tests/bench/scale.mjs [10000 1000000 10000000]
//
// Ten million take some 20 GB under the system's temporary folder, and an hour.
import { performance } from 'node:perf_hooks';
import { Postgres } from '../servers/postgres.mjs';
import { Process, makeSettings, until } from '../scenario/system.mjs';

const sizes = process.argv.slice(2).map(Number);
if (!sizes.length) sizes.push(10_000, 1_000_000);
const day = 86_400_000;
const [ROUNDS, REQUESTS] = [10, 30];

/** What a database of `calls` calls needs; a year of them, the last an hour ago. */
function fill(postgres, database, calls) {
	const now = Date.now();
	const first = now - 365 * day;
	const step = Math.floor((365 * day - 3_600_000) / calls);
	const run = (sql) => postgres.query(database, sql);
	const start = new Date(first);
	for (let i = 0; i <= 13; i++) {
		const low = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + i);
		const high = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + i + 1);
		run(`SELECT call_partition_make('${new Date(low).toISOString().slice(0, 10).replaceAll('-', '')}', ${low}, ${high})`);
	}
	// The counting that triggers do for each row is done at once below. phone_hash '': nothing to seal.
	run('ALTER TABLE call DISABLE TRIGGER USER; ALTER TABLE call_summary DISABLE TRIGGER USER');
	run(`INSERT INTO call (tenant_id, id, status, direction, phone_number, from_number, phone_hash, twilio_call_sid, agent, language,
			system_prompt, max_duration_s, end_reason, created_at, started_at, ended_at, updated_at, deadline_at, deadline_misses,
			duration_s, version)
		SELECT 'default', substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7000-8000-' || lpad(to_hex(i), 12, '0'),
			(ARRAY['FAILED', 'NO_ANSWER', 'BUSY', 'COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED'])[1 + i % 8],
			CASE WHEN i % 3 = 0 THEN 'INBOUND' ELSE 'OUTBOUND' END, '+1555' || lpad(CAST(i % 10000000 AS TEXT), 7, '0'),
			'+15550100000', '', 'CA' || lpad(to_hex(i), 32, '0'), (ARRAY['appointment', 'survey', 'support'])[1 + i % 3], 'en',
			repeat('Be kind and brief. ', 20), 3600, 'caller_hangup', ms * 1000, CASE WHEN i % 8 > 2 THEN ms * 1000 + 5000000 ELSE 0 END,
			ms * 1000 + 65000000, ms * 1000 + 65000000, 0, 0, CASE WHEN i % 8 > 2 THEN i % 300 ELSE 0 END, 7
		FROM (SELECT i, ms, lpad(to_hex(ms), 12, '0') AS h
			FROM (SELECT i, ${first} + i * CAST(${step} AS BIGINT) AS ms FROM generate_series(1, ${calls}) i) a) b`);
	run(`INSERT INTO call_summary SELECT tenant_id, id, 'completed', repeat('They spoke about it. ', 10), '["a","b"]',
			(ARRAY['positive', 'neutral', 'negative'])[1 + duration_s % 3], '[]', '[]', 'embedded', NULL, NULL, ended_at
		FROM call WHERE status = 'COMPLETED'`);
	run("INSERT INTO call_ref SELECT tenant_id, 'sid', twilio_call_sid, id FROM call");
	for (const [grain, bucket] of [[0, 'CAST(0 AS BIGINT)'], [3600000000, 'created_at / 3600000000 * 3600000000'], [86400000000, 'created_at / 86400000000 * 86400000000']]) {
		run(`INSERT INTO call_rollup SELECT tenant_id, ${grain}, ${bucket}, direction, agent, status, '', count(*),
			count(*) FILTER (WHERE started_at > 0), sum(duration_s) FROM call GROUP BY 1, 3, 4, 5, 6`);
		run(`INSERT INTO call_rollup SELECT c.tenant_id, ${grain}, ${bucket.replaceAll('created_at', 'c.created_at')}, direction, agent, '', sentiment, count(*), 0, 0
			FROM call c JOIN call_summary s ON s.tenant_id = c.tenant_id AND s.call_id = c.id GROUP BY 1, 3, 4, 5, 7`);
	}
	run('ALTER TABLE call ENABLE TRIGGER USER; ALTER TABLE call_summary ENABLE TRIGGER USER');
	run('VACUUM ANALYZE');
}

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
	fill(postgres, database, calls);
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
