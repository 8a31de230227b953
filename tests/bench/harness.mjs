// What the benches share: the line they print, the load, processor time and memory, a platform with canned
// vendors, and the FastAPI peer.
import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { System, freeTcpPort, root, until } from '../scenario/system.mjs';

export const folder = mkdtempSync(join(tmpdir(), 'voiceai-bench-'));
export const TOKEN = 'a token of the bench';
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
export const line = (what, figure, budget = '') => console.log(`${what.padEnd(58)} ${figure.padStart(18)}   ${budget}`);

const children = [];
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** Ends with this process, however that ends. */
export function tied(child) {
	children.push(child);
	return child;
}

/** Resident memory of a process in bytes. */
export const residentBytes = (pid) => 1024 * Number(readFileSync(`/proc/${pid}/status`, 'latin1').match(/VmRSS:\s+(\d+)/)[1]);

/** Processor time a process has used, in seconds. */
export function cpuSeconds(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) / 100;
}

export const percentile = (values, p) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * p) / 100))];

/** wrk's figures for a target: `url`; `body` makes it a POST of JSON, `posts` POSTs of forms, each sent once. */
export function load({ url, body, posts }, { seconds = 5, connections = 16 } = {}) {
	const script = join(folder, 'wrk.lua');
	const quoted = (text) => JSON.stringify(text).replaceAll('/', '\\/').replaceAll('\\/', '/');
	let requests = '';
	if (body) requests = `wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[${JSON.stringify(body)}]]\n`;
	if (posts) {
		requests = `local posts = {${posts.map((p) => `{${quoted(p.path)}, ${quoted(p.body)}, ${quoted(p.signature)}}`).join(',\n')}}
local at = 0
request = function()
	if at == #posts then wrk.thread:stop() else at = at + 1 end
	local post = posts[at]
	return wrk.format("POST", post[1], { ["Content-Type"] = "application/x-www-form-urlencoded", ["X-Twilio-Signature"] = post[3] }, post[2])
end
`;
	}
	writeFileSync(
		script,
		requests +
			`done = function(summary, latency, requests)
			 io.write(string.format("RESULT %d %f %f %f %d\\n", summary.requests, summary.requests / summary.duration * 1e6,
			   latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
			 end\n`,
	);
	const out = execFileSync('taskset', ['-c', '1', 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url], { encoding: 'utf8' });
	const [count, rate, p50, p99, errors] = out.match(/RESULT (\S+) (\S+) (\S+) (\S+) (\S+)/).slice(1).map(Number);
	return { requests: count, rate, p50, p99, errors };
}

/** The same, with the processor time that process `pid` needed for each request, in microseconds. */
export function loadOf(pid, target) {
	const before = cpuSeconds(pid);
	const result = load(target, { seconds: SECONDS });
	return { ...result, cpu: ((cpuSeconds(pid) - before) * 1e6) / result.requests };
}

export const shown = ({ rate, p50, p99, errors }) => `${rate.toFixed(0)}/s p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms${errors ? ` ERRORS ${errors}` : ''}`;

/** A platform on core 0 with canned vendors on core 1. */
export async function platform(more = {}) {
	const vendors = tied(spawn('taskset', ['-c', '1', process.execPath, join(root, 'tests/bench/vendors.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] }));
	const port = await new Promise((done) => vendors.stdout.once('data', (data) => done(Number(data))));
	const system = await System.start({ TWILIO_API_URL: `http://127.0.0.1:${port}`, ULTRAVOX_API_URL: `http://127.0.0.1:${port}/api`, TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: TOKEN, LOG_LEVEL: 'ERROR', ...more }, ['serve']);
	tied(system.servers.serve.child);
	execFileSync('taskset', ['-acp', '0', String(system.servers.serve.pid)]);
	return { system, vendors: `http://127.0.0.1:${port}`, stop: async () => (await system.stop(), vendors.kill()) };
}

/** The FastAPI peer on core 0, where the platform is too: only one of them works at a time. */
export async function startPeer(vendors, database) {
	const port = await freeTcpPort();
	const url = `http://127.0.0.1:${port}`;
	const child = tied(spawn('taskset', ['-c', '0', '/usr/bin/python3', '-m', 'uvicorn', '--app-dir', join(root, 'tests/bench/peer'), '--loop', 'uvloop', '--http', 'httptools', '--log-level', 'error', '--port', String(port), 'app:app'], {
		env: { PATH: process.env.PATH, PEER_DB: database, PEER_VENDORS: vendors, PEER_URL: url, PEER_TOKEN: TOKEN, PYTHONDONTWRITEBYTECODE: '1' },
		stdio: 'inherit',
	}));
	const api = `${url}/api/v1`;
	await until('the peer answers', async () => (await fetch(`${api}/calls/`)).ok);
	return { api, pid: child.pid, stop: () => child.kill('SIGKILL') };
}

export const initiation = { phone_number: '+15550100123' };

/** Place calls, a few at a time; answers the id of one of the last. */
export async function place(api, count) {
	let [left, id] = [count, null];
	const one = async () => {
		while (left-- > 0) {
			const answer = await fetch(`${api}/calls/initiate`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(initiation) });
			if (answer.status !== 201) throw new Error(`initiate answered ${answer.status}: ${await answer.text()}`);
			id = (await answer.json()).call_id;
		}
	};
	await Promise.all(Array.from({ length: 8 }, one));
	return id;
}

/** Place calls and wait until they are dialled; answers where their carrier would call back: {sid, url}. */
export async function dial(api, vendors, count) {
	const callbacks = async () => (await fetch(`${vendors}/callbacks`)).json();
	let dialled = [];
	await callbacks();
	await place(api, count);
	await until('every call is dialled', async () => (dialled = dialled.concat(await callbacks())).length >= count, 120);
	return dialled;
}

/** The carrier's word, signed, that a call now has `status`: {path, body, signature}. One number twice counts once. */
export function statusCallback({ sid, url }, status) {
	const params = { AccountSid: `AC${'0'.repeat(32)}`, CallSid: sid, CallStatus: status, Direction: 'outbound-api', From: '+15550100000', To: initiation.phone_number, SequenceNumber: String(1 + ['ringing', 'in-progress', 'completed'].indexOf(status)), Timestamp: new Date().toUTCString() };
	const text = Object.keys(params).sort().reduce((all, key) => all + key + params[key], url);
	return { path: url.slice(new URL(url).origin.length), body: new URLSearchParams(params).toString(), signature: createHmac('sha1', TOKEN).update(text).digest('base64') };
}
