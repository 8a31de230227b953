// A whole voiceai of a test's own: free ports, a data folder under the system's temporary one, and
// processes that are ended by their ids. Scenario tests drive the built binary through this.
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sharedPostgres } from '../servers/postgres.mjs';

export const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
export const binary = process.env.VOICEAI ?? join(root, 'build/release/voiceai');

// Test files run side by side, each in a slot with ports of its own, below those that the system hands
// out to clients: nobody takes a port between the look and the use.
const slot = Number(process.env.TEST_SLOT ?? 0) % 5;
const [FIRST_PORT, PORTS, FIRST_RTP, RTP_PORTS] = [10000 + 2000 * slot, 2000, 20000 + 2500 * slot, 2500];
let turn = Math.floor(Math.random() * PORTS);

/** Whether `bind(port, done, fail)` gets the next port of our slot; tried until one is free. */
async function freePort(bind) {
	for (let i = 0; i < 200; i++) {
		const port = FIRST_PORT + (turn++ % PORTS);
		if (await new Promise((done) => bind(port, () => done(true), () => done(false)))) return port;
	}
	throw new Error(`no free port from ${FIRST_PORT} on`);
}

export const freeTcpPort = () =>
	freePort((port, done, fail) => {
		const server = createServer();
		server.once('error', fail);
		server.listen(port, '127.0.0.1', () => server.close(done));
	});

export const freeUdpPort = () =>
	freePort((port, done, fail) => {
		const socket = createSocket('udp4');
		socket.once('error', fail);
		socket.bind(port, '127.0.0.1', () => socket.close(done));
	});

let rtpTurn = Math.floor((Math.random() * RTP_PORTS) / 500);

/** The first of five hundred ports for RTP, other ones at each call. */
export const freeRtpPorts = () => FIRST_RTP + 500 * (rtpTurn++ % (RTP_PORTS / 500));

const platforms = new Set(); // their ports
const plainFetch = globalThis.fetch;

/** Whatever a test fetches from a platform is compared with sdk/openapi.yaml. */
globalThis.fetch = async (resource, options = {}) => {
	const response = await plainFetch(resource, options);
	const url = String(resource?.url ?? resource);
	if (platforms.has(new URL(url).port)) {
		const { checkAnswer } = await import('../e2e/platform_contract.mjs');
		await checkAnswer(response, { method: options.method ?? 'GET', url, body: options.body });
	}
	return response;
};

/** Ask until `probe` returns something truthy; fail with `what` when `seconds` are over. */
export async function until(what, probe, seconds = 20) {
	const end = Date.now() + seconds * 1000;
	let last;
	for (;;) {
		try {
			const value = await probe();
			if (value) return value;
		} catch (error) {
			last = error;
		}
		if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}${last ? ` (${last.message})` : ''}`);
		await pause(50);
	}
}

/** Settings for one voiceai of its own. `more` overrides. */
export async function makeSettings(more = {}) {
	const folder = mkdtempSync(join(tmpdir(), 'voiceai-test-'));
	const rtp = freeRtpPorts();
	const settings = {
		PATH: process.env.PATH,
		HOME: folder,
		ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '',
		LSAN_OPTIONS: process.env.LSAN_OPTIONS ?? '',
		UBSAN_OPTIONS: process.env.UBSAN_OPTIONS ?? '',
		DATA_DIR: join(folder, 'data'),
		PORT: String(await freeTcpPort()),
		CARRIER_PORT: String(await freeTcpPort()),
		ENGINE_PORT: String(await freeTcpPort()),
		SIP_PORT: String(await freeUdpPort()),
		CALLEE_SIP_PORT: String(await freeUdpPort()),
		RTP_PORT_MIN: String(rtp),
		RTP_PORT_MAX: String(rtp + 498),
		CARRIER_CALLS_PER_SECOND: '0',
		...more,
	};
	platforms.add(settings.PORT);
	return settings;
}

const processes = [];

/** SQL of ours that a database cannot make sense of is a bug, even where the test goes on well. */
function checkStatements() {
	const wrong = processes.flatMap(({ stderr }) => stderr.split('\n').filter((line) => line.includes('"event":"statement_failed"') && line.includes('"error":"Invalid argument"')));
	if (wrong.length) throw new Error(`a database refused what it was sent:\n${wrong.slice(0, 5).join('\n')}`);
}

if (process.env.NODE_TEST_CONTEXT) (await import('node:test')).after(checkStatements);

/** One process of voiceai. `stdout` and `stderr` collect what it printed. */
export class Process {
	constructor(settings, args, { print = false } = {}) {
		this.args = args;
		this.stdout = '';
		this.stderr = '';
		this.child = spawn(binary, args, { cwd: root, env: settings, stdio: ['ignore', 'pipe', 'pipe'] });
		this.child.stdout.on('data', (data) => (this.stdout += data));
		this.child.stderr.on('data', (data) => (this.stderr += data));
		processes.push(this);
		if (print) this.child.stderr.pipe(process.stderr);
		this.exited = new Promise((done) => this.child.once('exit', (code, signal) => done({ code, signal })));
	}

	get pid() {
		return this.child.pid;
	}

	get running() {
		return this.child.exitCode === null && this.child.signalCode === null;
	}

	kill(signal = 'SIGTERM') {
		if (this.running) this.child.kill(signal);
	}

	/** Wait for the exit; SIGKILL when it takes longer than `seconds`. */
	async end(seconds = 10) {
		const late = setTimeout(() => this.kill('SIGKILL'), seconds * 1000);
		const result = await this.exited;
		clearTimeout(late);
		return result;
	}

	async stop(seconds = 5) {
		this.kill('SIGTERM');
		return this.end(seconds);
	}
}

/**
 * The servers of one voiceai, each a process of its own so that a test can kill one. The store is SQLite,
 * or PostgreSQL when TEST_STORE says so.
 */
export class System {
	static async start(more = {}, names = ['carrier', 'engine', 'serve']) {
		const system = new System();
		if (process.env.TEST_STORE === 'postgresql' && !more.DATABASE_URL) {
			system.postgres = await sharedPostgres();
			more = { ...more, DATABASE_URL: system.postgres.createDatabase() };
		}
		system.settings = await makeSettings(more);
		system.servers = {};
		try {
			for (const name of names) system.launch(name);
			for (const name of names) await system.ready(name);
		} catch (error) {
			const logs = system.logs();
			await system.stop();
			throw new Error(`${error.message}\n${logs}`);
		}
		return system;
	}

	get api() {
		return `http://127.0.0.1:${this.settings.PORT}/api/v1`;
	}

	launch(name, args = []) {
		this.servers[name] = new Process(this.settings, [name, ...args]);
		return this.servers[name];
	}

	url(name) {
		const port = { serve: 'PORT', carrier: 'CARRIER_PORT', engine: 'ENGINE_PORT' }[name];
		return `http://127.0.0.1:${this.settings[port]}`;
	}

	async ready(name) {
		const server = this.servers[name];
		await until(`${name} is ready`, async () => !server.running || (await fetch(`${this.url(name)}/ready`)).status === 200);
		if (!server.running) throw new Error(`${name} died: ${server.stderr.slice(-2000)}`);
	}

	/** Run SQL behind the servers' backs; answers what it selects, as text. */
	sql(text) {
		const { DATABASE_URL, DATA_DIR } = this.settings;
		return DATABASE_URL ? execFileSync('psql', ['-qAtc', text, DATABASE_URL], { encoding: 'utf8' }) : execFileSync('sqlite3', ['-cmd', '.timeout 5000', join(DATA_DIR, 'voiceai.db'), text], { encoding: 'utf8' });
	}

	async get(path) {
		const response = await fetch(this.api + path);
		return { status: response.status, body: await response.json() };
	}

	async post(path, body, headers = {}) {
		const response = await fetch(this.api + path, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json', ...headers },
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		return { status: response.status, body: await response.json() };
	}

	/** The call once `accept` is true of it. */
	async call(id, what, accept, seconds = 60) {
		let last;
		try {
			return await until(`call is ${what}`, async () => {
				last = (await this.get(`/calls/${id}`)).body;
				return accept(last) && last;
			}, seconds);
		} catch (error) {
			throw new Error(`${error.message}\n${JSON.stringify(last)}\n${this.logs()}`);
		}
	}

	logs() {
		return Object.entries(this.servers)
			.map(([name, server]) => `--- ${name}\n${server.stderr.slice(-4000)}`)
			.join('\n');
	}

	async stop() {
		const results = await Promise.all(Object.values(this.servers ?? {}).map((server) => server.stop()));
		rmSync(this.settings.HOME, { recursive: true, force: true });
		await this.postgres?.stop();
		return results;
	}
}

export const isTerminal = (call) => ['COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY'].includes(call.status);
