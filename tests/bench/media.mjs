// Sound: what a bridged call costs the carrier and how long it takes through it, turns, and barge-in.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Carrier, Phone } from '../e2e/carrier_harness.mjs';
import { sipp, speechFile } from '../scenario/phone.mjs';
import { Process, System, freeUdpPort, isTerminal, makeSettings, root, until } from '../scenario/system.mjs';
import { cpuSeconds, line, percentile, residentBytes } from './harness.mjs';

const { WebSocketServer } = createRequire(join(root, 'tests/e2e/package.json'))('ws');
const FRAME_MS = 20;
const SILENCE = 0xff;
/** Whether a payload of mu-law is more than the noise of coding. */
const isLoud = (payload) => payload.some((byte) => (byte & 0x7f) < 0x60);

/** Call `send(i)` every 20 ms, without drifting, until it answers false. */
async function pace(send) {
	const start = performance.now();
	for (let i = 0; send(i) !== false; i++) await pause(Math.max(0, start + (i + 1) * FRAME_MS - performance.now()));
}

/** What a call bridged to the engine costs the carrier. */
export async function carrier() {
	const calls = Number(process.env.BENCH_BRIDGED ?? 40);
	const trunk = await freeUdpPort();
	const system = await System.start({ SIP_TRUNK_URI: `sip:127.0.0.1:${trunk}`, LOG_LEVEL: 'ERROR' });
	const phones = await sipp('callees', { port: trunk, calls, words: { talk_ms: 25000, audio_file: speechFile([30000]) }, seconds: 90 });
	const { carrier } = system.servers;
	const idle = residentBytes(carrier.pid);
	const ids = [];
	for (let i = 0; i < calls; i++) ids.push((await system.post('/calls/initiate', { phone_number: `+1555020${String(i * 10).padStart(4, '0')}` })).body.call_id);
	for (const id of ids) await system.call(id, 'talking', (c) => c.status === 'IN_PROGRESS' || isTerminal(c), 30);
	await pause(3000);
	const [cpu, at] = [cpuSeconds(carrier.pid), performance.now()];
	await pause(10000);
	const used = (cpuSeconds(carrier.pid) - cpu) / ((performance.now() - at) / 1000);
	const active = (await system.get('/calls/active/list')).body.calls.filter((c) => c.status === 'IN_PROGRESS').length;
	line(`carrier, per bridged call (${active} at once)`, `${((100 * used) / active).toFixed(2)} % of a core`, '<= 0.5 %');
	line('carrier memory per call', `${((residentBytes(carrier.pid) - idle) / active / 1e6).toFixed(2)} MB`, '<= 0.5 MB');
	await phones.stop();
	await system.stop();
}

/** From the caller's last sound to the agent's first, in demo calls. */
export async function turns() {
	const first = [];
	for (let i = 0; i < Number(process.env.BENCH_DEMOS ?? 3); i++) {
		const demo = new Process(await makeSettings(), ['up', '--demo', '--once']);
		await demo.end(170);
		for (const row of demo.stdout.matchAll(/^ +\d+ +(\d+) ms +(\d+) ms +(\d+) ms +(\d+) ms$/gm)) first.push(Number(row[4]));
	}
	if (!first.length) throw new Error('the demo call printed no times');
	line(`caller's last sound to first agent audio (${first.length} turns)`, `p50 ${percentile(first, 50)} p95 ${percentile(first, 95)} ms`, 'p50 <= 500, p95 <= 800 ms');
}

/**
 * How long sound is under way through the carrier: marked frames from the phone to a media stream's server and
 * back. The phone's frames are silence but for one in 25; so are the server's.
 */
export async function delay() {
	const marks = Number(process.env.BENCH_MARKS ?? 100);
	const carrier = await Carrier.start({ LOG_LEVEL: 'ERROR' });
	const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
	await new Promise((done) => server.once('listening', done));
	const [inward, outward] = [[], []];
	let [stream, sent, back] = [null, 0, 0];
	server.on('connection', (socket) =>
		socket.on('message', (text) => {
			const message = JSON.parse(text);
			if (message.event === 'start') stream = { socket, sid: message.streamSid };
			if (message.event !== 'media' || !sent || !isLoud(Buffer.from(message.media.payload, 'base64'))) return;
			inward.push(performance.now() - sent);
			sent = 0;
		}),
	);
	carrier.customer.pages['/voice'] = `<Response><Connect><Stream url="ws://127.0.0.1:${server.address().port}/media"/></Connect></Response>`;
	const phone = await carrier.phone('answer');
	phone.socket.on('message', (packet) => {
		if (!back || !isLoud(packet.subarray(12))) return;
		outward.push(performance.now() - back);
		back = 0;
	});
	const { sid } = await carrier.create();
	await until('the stream starts', () => stream);
	await phone.talking();
	await pace((i) => {
		const marked = i >= 50 && i % 25 === 0;
		if (marked) sent = performance.now();
		phone.send(0, Buffer.alloc(160, marked ? 0x20 : SILENCE));
		if (i >= 50 && i % 25 === 12) {
			back = performance.now();
			stream.socket.send(JSON.stringify({ event: 'media', streamSid: stream.sid, media: { payload: Buffer.alloc(160, 0x20).toString('base64') } }));
		}
		return Math.min(inward.length, outward.length) < marks && i < 50 + 30 * marks;
	});
	const told = (values) => `p50 ${percentile(values, 50).toFixed(1)} p99 ${percentile(values, 99).toFixed(1)} ms`;
	line(`added delay, phone to media stream (${inward.length} frames)`, told(inward), 'p99 <= 20 ms, one packet');
	line(`added delay, media stream to phone (${outward.length} frames)`, told(outward), 'p99 <= 20 ms, one packet');
	await carrier.client.calls(sid).update({ status: 'completed' });
	await phone.end();
	server.close();
	await carrier.stop();
}

/** What somebody says, as mu-law, from the first sound on. */
function words(text) {
	const sound = readFileSync(speechFile([text]));
	return sound.subarray(sound.findIndex((byte) => (byte & 0x7f) < 0x50));
}

/** From the caller's first sound over the agent's words to the last sound of these on the wire. */
export async function barge_in() {
	const times = Number(process.env.BENCH_BARGE_INS ?? 10);
	const port = await freeUdpPort();
	const system = await System.start({ SIP_TRUNK_URI: `sip:127.0.0.1:${port}`, LOG_LEVEL: 'ERROR' });
	const caller = words('Wait a moment, please.');
	const took = [];
	const phone = await Phone.start('answer', { port });
	let [spoken, lastLoud] = [null, 0];
	phone.socket.on('message', (packet) => isLoud(packet.subarray(12)) && (lastLoud = performance.now()));
	const { call_id: id } = (await system.post('/calls/initiate', { phone_number: '+15550100001', agent: 'survey' })).body;
	const quiet = (ms) => until('the agent is quiet', () => lastLoud && performance.now() - lastLoud > ms, 40);
	await phone.talking();
	let done = false;
	const sending = pace((i) => {
		const frame = spoken?.subarray(spoken.at, spoken.at + 160);
		if (frame?.length === 160) phone.send(0, frame), (spoken.at += 160);
		else phone.send(0, Buffer.alloc(160, SILENCE)), (spoken = null);
		return !done;
	});
	while (took.length < times && !isTerminal((await system.get(`/calls/${id}`)).body)) {
		await quiet(700);
		const said = await system.post(`/calls/${id}/say`, { text: 'This is a rather long announcement, which goes on and on about nothing in particular, so that there is time enough to speak over it, again and again, until it ends.' });
		if (said.status !== 202) continue;
		const asked = performance.now();
		await until('the agent speaks', () => lastLoud > asked, 10);
		await pause(1000 + 20 * Math.random());
		const start = performance.now();
		spoken = Object.assign(Buffer.from(caller), { at: 0 });
		// What is on the wire after a gap of 300 ms is another turn.
		await until('the agent stops', () => performance.now() - lastLoud > 300, 10);
		took.push(lastLoud - start);
	}
	done = true;
	await sending;
	line(`barge-in: first sound over the agent to silence (${took.length} times)`, `p50 ${percentile(took, 50).toFixed(0)} max ${Math.max(...took).toFixed(0)} ms`, '<= 150 ms');
	await system.post(`/calls/${id}/end`);
	await phone.end();
	await system.stop();
}
