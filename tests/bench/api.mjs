// The API beside the FastAPI peer, endpoint by endpoint, on one kind of store.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../scenario/system.mjs';
import { Postgres } from '../servers/postgres.mjs';
import { SECONDS, dial, folder, initiation, line, load, loadOf, place, platform, residentBytes, shown, startPeer, statusCallback } from './harness.mjs';

/* Each is called back three times: more than there is time for. */
const CALLBACK_CALLS = Number(process.env.BENCH_CALLS ?? 1000 * SECONDS);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);

/** What is asked of one service; it is given 200 calls first. */
async function endpoints(api) {
	const id = await place(api, 200);
	return {
		get: { url: `${api}/calls/${id}` },
		'list 50': { url: `${api}/calls/?limit=50` },
		analytics: { url: `${api}/calls/dashboard/analytics` },
		initiate: { url: `${api}/calls/initiate`, body: initiation },
	};
}

/** Status callbacks of calls that were dialled just now: each rings, is answered and ends. */
async function statusCallbacks(api, vendors) {
	const dialled = await dial(api, vendors, CALLBACK_CALLS);
	return { url: new URL(api).origin, posts: ['ringing', 'in-progress', 'completed'].flatMap((status) => dialled.map((call) => statusCallback(call, status))) };
}

/** Platform against peer on one kind of store, endpoint by endpoint. */
async function compare(store, settings, peerDatabase) {
	const { system, vendors, stop } = await platform(settings);
	const peer = await startPeer(vendors, peerDatabase);
	line(`platform memory, idle, ${store}`, `${(residentBytes(system.servers.serve.pid) / 1e6).toFixed(1)} MB`, '<= 30 MB');
	line(`peer memory, idle, ${store}`, `${(residentBytes(peer.pid) / 1e6).toFixed(1)} MB`);
	const ours = await endpoints(system.api);
	const theirs = await endpoints(peer.api);
	// Reading first: what initiate leaves to be dialled would go on working beside it.
	for (const [name, budget] of [['get', '>= 10x'], ['list 50', '>= 20x'], ['analytics', '>= 10x'], ['status callback', '>= 10x'], ['initiate', '>= 10x']]) {
		// Alternating, so that whatever else the machine does falls on both.
		const [a, b] = [[], []];
		for (let i = 0; i < ROUNDS; i++) {
			b.push(loadOf(peer.pid, theirs[name] ?? (await statusCallbacks(peer.api, vendors))));
			a.push(loadOf(system.servers.serve.pid, ours[name] ?? (await statusCallbacks(system.api, vendors))));
		}
		const best = (runs) => runs.reduce((x, y) => (y.rate > x.rate ? y : x));
		line(`${name}: platform, one core, ${store}`, shown(best(a)));
		line(`${name}: FastAPI peer, one core, ${store}`, shown(best(b)));
		line(`${name}: ratio`, `${(best(a).rate / best(b).rate).toFixed(1)}x`, `${budget} (p99 ${best(a).p99.toFixed(2)} against the peer's p50 ${best(b).p50.toFixed(2)} ms)`);
		const cpu = (runs) => Math.min(...runs.map((run) => run.cpu));
		line(`${name}: processor time of a request, and the ratio`, `${cpu(a).toFixed(0)} / ${cpu(b).toFixed(0)} us`, `${(cpu(b) / cpu(a)).toFixed(1)}x; hardly changed by what else the machine does`);
	}
	// Calls that were begun before are still placed and analysed; gauges are renewed every five seconds.
	await pause(6000);
	const metrics = async () => (await fetch(`${system.url('serve')}/metrics`)).text();
	await until('what was begun is done', async () => Number((await metrics()).match(/^job_oldest_due_seconds (\S+)/m)[1]) < 1, 300);
	const quiet = load(ours.initiate, { connections: 1, seconds: 3 });
	line('initiate, one client', shown(quiet), 'p99 <= 3 ms');
	peer.stop();
	await stop();
}

export const api = () => compare('SQLite', {}, join(folder, 'peer.db'));

/** The same, both on one PostgreSQL server, which shares core 1 with the load. */
export async function postgres() {
	const server = await Postgres.start({ settings: { shared_buffers: '256MB', max_wal_size: '4GB' } });
	execFileSync('taskset', ['-acp', '1', String(server.pid)]);
	await compare('PostgreSQL', { DATABASE_URL: server.createDatabase('ours') }, server.createDatabase('peer'));
	await server.stop();
}
