// Protects: the first call. A fresh voiceai calls a phone that speaks; every word crosses SIP/RTP as
// sound; the appointment is booked, summarised and recorded, and everything ends in time: at Ctrl-C in any
// moment, when a port is taken, and when `up` itself is killed.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Process, makeSettings, until } from './system.mjs';

const folders = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

async function start(args, more = {}) {
	const settings = await makeSettings(more);
	folders.push(settings.HOME);
	return Object.assign(new Process(settings, args), { settings });
}

/** Pids of every process that runs with this DATA_DIR, zombies apart. */
function processesOf({ settings }) {
	return readdirSync('/proc').filter((pid) => {
		if (!/^\d+$/.test(pid)) return false;
		try {
			return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`DATA_DIR=${settings.DATA_DIR}`);
		} catch {
			return false;
		}
	});
}

const printed = (demo, pattern, seconds = 40) =>
	until(`${pattern} is printed`, () => {
		if (!demo.running) throw new Error(demo.stdout + demo.stderr);
		return pattern.test(demo.stdout);
	}, seconds);

/** As a terminal does it: every process of the demo gets the signal at once. */
function interruptAll(demo) {
	for (const pid of processesOf(demo)) {
		try {
			process.kill(Number(pid), 'SIGINT');
		} catch (error) {
			if (error.code !== 'ESRCH') throw error; // it went between the look and the signal
		}
	}
}

async function assertEndsInTime(demo, code) {
	// What is under way may take 2 s to finish; then it is killed. end() kills what is there after 6.
	const result = await demo.end(6);
	assert.deepEqual(result, { code, signal: null }, demo.stdout + demo.stderr);
	assert.deepEqual(processesOf(demo), []);
}

// Each has a whole voiceai of its own.
describe('the demo', { concurrency: 2 }, () => {
	test('the demo call books an appointment', { timeout: 180000 }, async () => {
		const demo = await start(['up', '--demo', '--once']);
		const { code } = await demo.end(170);

		assert.equal(code, 0, demo.stdout + demo.stderr);
		assert.match(demo.stdout, /^agent {3}\S/m);
		assert.match(demo.stdout, /^caller {2}.*\bthree PM$/im); /* at once, or when what was misheard is put right */
		assert.match(demo.stdout, /goal reached: yes/);
		assert.match(demo.stdout, /^summary.*\n {2}Daniel booked an appointment for Thursday, .* at 3 p\.m\./m);
		assert.match(demo.stdout, /^sentiment: positive$/m);
		assert.match(demo.stdout, /times per turn/);
		assert.match(demo.stdout, /^recording: http:\S+\/api\/v1\/calls\/\S+\/recording$/m);
		assert.deepEqual(processesOf(demo), []);
	});

	for (const [moment, pattern, more] of [
		['while it starts', /^starting/m],
		['while it rings', /^ringing/m, { CALLEE_SCRIPT: 'tests/data/callee/ring.json', SIP_TRUNK_URI: 'sip:127.0.0.1:9' }],
		['while it talks', /^agent/m],
	]) {
		test(`Ctrl-C ${moment} ends everything within three seconds`, { timeout: 60000 }, async () => {
			const demo = await start(['up', '--demo'], more);
			await printed(demo, pattern);
			interruptAll(demo);
			await assertEndsInTime(demo, 0);
		});
	}

	test('with a Twilio account the demo says why it cannot be', { timeout: 60000 }, async () => {
		const demo = await start(['up', '--demo'], { TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: '1'.repeat(32) });
		const { code } = await demo.end(20);
		assert.equal(code, 2, demo.stdout + demo.stderr);
		assert.match(demo.stderr, /^voiceai up: --demo calls a phone on this machine[^\n]*TWILIO_ACCOUNT_SID/);
	});

	test('Ctrl-C of a demo that was to reach its goal is a failure', { timeout: 60000 }, async () => {
		const demo = await start(['up', '--demo', '--once']);
		await printed(demo, /^agent/m);
		demo.kill('SIGINT');
		await assertEndsInTime(demo, 1);
	});

	test('after the call it serves on, says what to do next, and ends at Ctrl-C', { timeout: 180000 }, async () => {
		const demo = await start(['up', '--demo'], { CALLEE_SCRIPT: 'tests/data/callee/hang_up.json' });
		await printed(demo, /Ctrl-C ends everything/, 60);
		assert.match(demo.stdout, /open the page\s+http:\/\/127\.0\.0\.1:\d+\//);
		assert.equal((await fetch(`http://127.0.0.1:${demo.settings.PORT}/`)).status, 200);
		interruptAll(demo);
		await assertEndsInTime(demo, 0);
	});

	test('kill -9 of `up` leaves no process behind', { timeout: 60000 }, async () => {
		const demo = await start(['up', '--demo']);
		await printed(demo, /^agent/m);
		assert.ok(processesOf(demo).length >= 5);
		demo.kill('SIGKILL');
		await demo.exited;
		await until('every process is gone', () => processesOf(demo).length === 0, 5);
	});

	test('a server that dies comes back, with growing delays, and calls go on', { timeout: 120000 }, async () => {
		const up = await start(['up'], { CALLEE_SIP_PORT: '9' });
		const api = `http://127.0.0.1:${up.settings.PORT}`;
		const engine = () => processesOf(up).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('\0engine\0'));
		await until('it is ready', () => /voiceai is ready/.test(up.stderr), 30);
		const deaths = () => [...up.stderr.matchAll(/"event":"server_died".*"server":"engine".*"signal":9,"restart_in_ms":(\d+)/g)].map((m) => Number(m[1]));
		const others = processesOf(up).filter((pid) => pid !== engine());
		for (let i = 1; i <= 3; i++) {
			process.kill(Number(await until('the engine runs', engine)), 'SIGKILL');
			await until('its death is told', () => deaths().length === i, 5);
		}
		assert.deepEqual(deaths(), [250, 500, 1000]);
		await until('the engine answers again', async () => (await fetch(`http://127.0.0.1:${up.settings.ENGINE_PORT}/ready`)).status === 200, 30);
		for (const pid of others) assert.ok(processesOf(up).includes(pid), 'the others did not die with it');
		const response = await fetch(`${api}/api/v1/calls/initiate`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"phone_number": "+15550100123"}' });
		assert.equal(response.status, 201, await response.text());
		up.kill('SIGINT');
		await assertEndsInTime(up, 0);
	});

	for (const [setting, isUdp] of [['PORT', false], ['CARRIER_PORT', false], ['ENGINE_PORT', false], ['SIP_PORT', true], ['CALLEE_SIP_PORT', true]]) {
		test(`a taken ${setting} is named, and nothing is left running`, { timeout: 60000 }, async () => {
			const other = isUdp ? createSocket('udp4') : createServer();
			await new Promise((done) => (isUdp ? other.bind(0, '127.0.0.1', done) : other.listen(0, '127.0.0.1', done)));
			const { port } = other.address();
			const demo = await start(['up', '--demo', '--once'], { [setting]: String(port) });
			const { code } = await demo.end(20);
			assert.equal(code, 1);
			assert.match(demo.stderr, new RegExp(`^voiceai up: [^\\n]*\\b${setting}\\b[^\\n]*\\b${port}\\b[^\\n]*in use`, 'm'));
			await pause(100);
			assert.deepEqual(processesOf(demo), []);
			other.close();
		});
	}
});
