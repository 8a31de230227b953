// Live events with a thousand dashboards.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { root, until } from '../scenario/system.mjs';
import { cpuSeconds, dial, initiation, line, percentile, platform, residentBytes, statusCallback, tied } from './harness.mjs';

const DASHBOARDS = Number(process.env.BENCH_DASHBOARDS ?? 1000);

/** Many readers of /api/v1/live on core 1. `event(type, call, status)` is when half, 99 % and all had it, in ms. */
async function watch(port) {
	const child = tied(spawn('taskset', ['-c', '1', join(root, 'build/release/bench_watchers'), String(port), String(DASHBOARDS)], { stdio: ['pipe', 'pipe', 'inherit'] }));
	const seen = [];
	let ready = false;
	createInterface({ input: child.stdout }).on('line', (text) => (text === 'ready' ? (ready = true) : seen.push(text.split(' '))));
	await until('the dashboards are open', () => {
		if (child.exitCode !== null) throw new Error('bench_watchers ended');
		return ready;
	}, 30);
	return {
		event: async (...what) => (await until(`all have ${what}`, () => seen.find((event) => what.every((word, i) => event[i] === word)), 20)).slice(3).map((us) => Number(us) / 1000),
		stop: () => child.stdin.end(),
	};
}

/** Milliseconds on the clock that bench_watchers reads. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

function report(what, delays) {
	const [half, most, all] = [0, 1, 2].map((i) => delays.map((delay) => delay[i]));
	line(`${what}: half of ${DASHBOARDS} have it`, `p50 ${percentile(half, 50).toFixed(1)} p99 ${percentile(half, 99).toFixed(1)} ms`);
	line(`${what}: 99 % of them`, `p50 ${percentile(most, 50).toFixed(1)} p99 ${percentile(most, 99).toFixed(1)} ms`, 'p99 <= 20 ms');
	line(`${what}: the last`, `p50 ${percentile(all, 50).toFixed(1)} p99 ${percentile(all, 99).toFixed(1)} ms`);
}

export async function live() {
	const { system, stop } = await platform();
	const { pid } = system.servers.serve;
	const before = residentBytes(pid);
	const dashboards = await watch(system.settings.PORT);
	await pause(500);
	line('memory per idle dashboard socket', `${((residentBytes(pid) - before) / DASHBOARDS / 1024).toFixed(1)} KB`, '<= 4 KB');
	const delays = [];
	const used = cpuSeconds(pid);
	for (let i = 0; i < 20; i++) {
		const start = now();
		const { body } = await system.post('/calls/initiate', initiation);
		delays.push((await dashboards.event('call.created', body.call_id)).map((at) => at - start));
		await pause(100);
	}
	report('call to dashboards', delays);
	await pause(500);
	line("  the platform's processor time, with all that follows a call", `${(((cpuSeconds(pid) - used) * 1000) / 20).toFixed(1)} ms`);
	dashboards.stop();
	await stop();
}

/** The carrier's status callback to the event of the call's new status. */
export async function callbacks() {
	const { system, vendors, stop } = await platform();
	const calls = await dial(system.api, vendors, Number(process.env.BENCH_CALLS ?? 100));
	await pause(1000);
	const dashboards = await watch(system.settings.PORT);
	const delays = [];
	for (const [status, ours] of [['ringing', 'RINGING'], ['in-progress', 'IN_PROGRESS'], ['completed', 'COMPLETED']]) {
		for (const call of calls) {
			const { path, body, signature } = statusCallback(call, status);
			const id = path.match(/[0-9a-f]{8}-[0-9a-f-]{27}/)[0];
			const start = now();
			const answer = await fetch(new URL(path, system.url('serve')), { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Twilio-Signature': signature }, body });
			if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
			delays.push((await dashboards.event('call.status', id, ours)).map((at) => at - start));
		}
	}
	report(`status callback to dashboards (${delays.length})`, delays);
	dashboards.stop();
	await stop();
}
