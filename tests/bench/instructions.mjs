#!/usr/bin/env node
// Instructions that the platform needs for a request, in user space, counted by callgrind: the same however
// busy the machine is.   tests/bench/instructions.mjs [sqlite|postgres] [health|get|list|analytics|status|initiate...]
//
// The binary is build/release/voiceai. Prints a line each, and where the profile lies: callgrind_annotate FILE.
import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const [store = 'sqlite', ...only] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'voiceai-instructions-'));
const wrapper = join(folder, 'voiceai');
const binary = process.env.VOICEAI ?? join(root, 'build/release/voiceai');
copyFileSync(join(dirname(binary), 'openapi.json'), join(folder, 'openapi.json')); // tests look for it beside the binary
writeFileSync(wrapper, `#!/bin/sh\nexec valgrind -q --tool=callgrind --instr-atstart=no --callgrind-out-file=${folder}/out ${binary} "$@"\n`);
chmodSync(wrapper, 0o700);
process.env.VOICEAI = wrapper;
const { Postgres } = await import('../servers/postgres.mjs');
const { System, until } = await import('../scenario/system.mjs');

const TOKEN = 'a token of the bench';
const vendors = spawn(process.execPath, [join(root, 'tests/bench/vendors.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
const vendorsUrl = `http://127.0.0.1:${await new Promise((done) => vendors.stdout.once('data', (data) => done(Number(data))))}`;
const postgres = store === 'postgres' ? await Postgres.start() : null;
const system = await System.start({
	TWILIO_API_URL: vendorsUrl,
	ULTRAVOX_API_URL: `${vendorsUrl}/api`,
	TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
	TWILIO_AUTH_TOKEN: TOKEN,
	LOG_LEVEL: 'ERROR',
	...(postgres ? { DATABASE_URL: postgres.createDatabase('ours') } : {}),
}, ['serve']);
const { pid } = system.servers.serve;
const port = Number(system.settings.PORT);

/** One connection that is kept: `ask` sends a text and answers {status, body}. */
const client = await new Promise((done) => {
	const socket = connect(port, '127.0.0.1');
	let [data, answer] = [Buffer.alloc(0), null];
	socket.setNoDelay(true);
	socket.on('data', (chunk) => {
		data = Buffer.concat([data, chunk]);
		const end = data.indexOf('\r\n\r\n') + 4;
		if (end < 4) return;
		const head = data.toString('latin1', 0, end);
		const length = end + Number(head.match(/content-length: (\d+)/i)?.[1] ?? 0);
		if (data.length < length) return;
		const body = data.toString('utf8', end, length);
		data = data.subarray(length);
		answer({ status: Number(head.slice(9, 12)), body });
	});
	socket.once('connect', () => done({ ask: (text) => new Promise((take) => ((answer = take), socket.write(text))), end: () => socket.destroy() }));
});

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
const post = (path, type, body, headers = '') => `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: ${type}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const initiation = post('/api/v1/calls/initiate', 'application/json', JSON.stringify({ phone_number: '+15550100123' }));

async function ask(text, status = 200) {
	const answer = await client.ask(text);
	if (answer.status !== status) throw new Error(`${answer.status}: ${answer.body}`);
	return answer.body;
}

const callbacks = async () => (await fetch(`${vendorsUrl}/callbacks`)).json();

/** Wait until `count` calls more have been dialled; answers where their vendor would call back. */
async function dialled(count) {
	let all = [];
	await until('every call is dialled', async () => (all = all.concat(await callbacks())).length >= count, 300);
	await pause(500);
	return all;
}

async function place(count) {
	let id;
	for (let i = 0; i < count; i++) id = JSON.parse(await ask(initiation, 201)).call_id;
	return id;
}

const control = (...words) => execFileSync('callgrind_control', [...words, String(pid)], { stdio: 'ignore' });

/** What is done besides the request itself, and the functions that do it. */
const extras = {
	sealing: ['vault_seal', 'vault_open_text'],
	metrics: ['metric_add', 'metric_set', 'metric_observe'],
	tracing: ['span_root', 'span_child', 'span_current', 'span_enter', 'span_leave', 'span_end', 'span_str', 'span_int', 'trace_is_on'],
};

/** Instructions in these functions and what they call. */
function sum(profile, functions) {
	const rows = profile.matchAll(/^ *([0-9,]+) \(.*?\) +\S*?:(\w+)(?:'\d+)? \[/gm);
	return [...rows].reduce((all, [, count, name]) => all + (functions.includes(name) ? Number(count.replaceAll(',', '')) : 0), 0);
}

/** `count` times `request`, after some that are not counted; `after` is counted too. */
async function measure(name, count, request, after = async () => {}) {
	const warm = 20;
	for (let i = 0; i < warm; i++) await request(i);
	await after(warm);
	control('-i', 'on');
	control('-z');
	for (let i = 0; i < count; i++) await request(warm + i);
	await after(count);
	const before = readdirSync(folder);
	control('-d', name);
	control('-i', 'off');
	const file = join(folder, await until('the profile', () => readdirSync(folder).find((file) => !before.includes(file))));
	const total = await until('its total', () => readFileSync(file, 'latin1').match(/^totals: (\d+)/m));
	const profile = execFileSync('callgrind_annotate', ['--inclusive=yes', '--auto=no', '--threshold=100', file], { encoding: 'utf8', maxBuffer: 1 << 28 });
	const shares = Object.entries(extras).map(([what, functions]) => `${what} ${((100 * sum(profile, functions)) / Number(total[1])).toFixed(1)} %`);
	console.log(`${store.padEnd(9)} ${name.padEnd(10)} ${(Number(total[1]) / count / 1000).toFixed(1).padStart(8)} thousand instructions a request; ${shares.join(', ')}   ${file}`);
}

const id = await place(200);
await dialled(200);
const parts = {
	health: () => measure('health', 500, () => ask(get('/health'))),
	get: () => measure('get', 1000, () => ask(get(`/api/v1/calls/${id}`))),
	list: () => measure('list', 200, () => ask(get('/api/v1/calls?limit=50'))),
	analytics: () => measure('analytics', 200, () => ask(get('/api/v1/calls/dashboard/analytics'))),
	async status() {
		await place(140);
		const posts = ['ringing', 'in-progress', 'completed'].map((status, i) => (call) => {
			const params = { AccountSid: `AC${'0'.repeat(32)}`, CallSid: call.sid, CallStatus: status, Direction: 'outbound-api', From: '+15550100000', To: '+15550100123', SequenceNumber: String(i + 1), Timestamp: new Date().toUTCString() };
			const text = Object.keys(params).sort().reduce((all, key) => all + key + params[key], call.url);
			return post(call.url.slice(new URL(call.url).origin.length), 'application/x-www-form-urlencoded', new URLSearchParams(params).toString(), `X-Twilio-Signature: ${createHmac('sha1', TOKEN).update(text).digest('base64')}\r\n`);
		});
		const calls = await dialled(140);
		// Every call rings, is answered and ends; the warm-up has other calls.
		const order = [...calls.slice(0, 20).map((call) => posts[0](call)), ...posts.flatMap((of) => calls.slice(20).map((call) => of(call)))];
		await measure('status', 360, (i) => ask(order[i], 204), () => pause(1000));
	},
	initiate: () => measure('initiate', 200, () => ask(initiation, 201), dialled),
};
for (const [name, part] of Object.entries(parts)) if (!only.length || only.includes(name)) await part();
client.end();
await system.stop();
vendors.kill();
await postgres?.stop();
