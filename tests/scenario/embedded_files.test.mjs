// Protects: what the embedded carrier and engine keep for themselves in DATA_DIR: open to its owner only, sealed, gone once it
// has had its time or the platform has it.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { after, test } from 'node:test';
import { sipp, speechFile } from './phone.mjs';
import { System, freeUdpPort, isTerminal, until } from './system.mjs';

const systems = [];
after(async () => {
	const ends = (await Promise.all(systems.map((system) => system.stop()))).flat();
	for (const end of ends) if (end) assert.equal(end.code, 0, 'servers end cleanly');
});

async function start(settings, names) {
	const system = await System.start(settings, names);
	systems.push(system);
	return system;
}

const HOUR_US = 3600e6;
const write = (path, content, hours = 0) => {
	writeFileSync(path, content);
	const at = Date.now() / 1000 - hours * 3600;
	utimesSync(path, at, at);
};
const filesOf = (folder) =>
	readdirSync(folder, { recursive: true })
		.map((name) => join(folder, name))
		.filter((path) => statSync(path).isFile());

/** One that was made at the first start. */
const secretOf = ({ settings }, name) => new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(join(settings.DATA_DIR, 'secrets.env'), 'utf8'))[1];

const sidOf = (kind, digit) => kind + digit.repeat(32);

/** A line of the carrier's journal: a call that was over `hours` ago. */
const carrierCall = (digit, hours) => {
	const at = Date.now() * 1000 - hours * HOUR_US;
	return JSON.stringify({
		sid: sidOf('CA', digit), state: 4, inbound: false, to: `+1555060000${digit}`, from: '+15550100000', created_us: at - 9e6, updated_us: at, ended_us: at,
		sequence: 3, recordings: [{ sid: sidOf('RE', digit), status: 'completed', channels: 2, started_us: at - 5e6, updated_us: at, duration_s: 5 }],
	});
};

test('the carrier keeps calls and recordings for their time only', async () => {
	const system = await start({ EMBEDDED_KEEP_HOURS: '10' }, []);
	const folder = join(system.settings.DATA_DIR, 'carrier');
	mkdirSync(join(folder, 'recordings'), { recursive: true });
	writeFileSync(join(folder, 'calls.jsonl'), [carrierCall('1', 11), carrierCall('2', 9)].map((line) => `${line}\n`).join(''));
	const recording = (digit) => join(folder, 'recordings', `${sidOf('RE', digit)}.wav`);
	write(recording('1'), 'RIFF', 11);
	write(recording('2'), 'RIFF', 9);
	write(recording('3'), 'RIFF', 11); // of a call that had to make room
	system.launch('carrier');
	await system.ready('carrier');
	await until('the old files are gone, the young one is sealed', () => readdirSync(join(folder, 'recordings')).join() === `${sidOf('RE', '2')}.wav.sealed`);

	const [account, token] = ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN'].map((name) => secretOf(system, name));
	const status = async (digit) =>
		(await fetch(`${system.url('carrier')}/2010-04-01/Accounts/${account}/Calls/${sidOf('CA', digit)}.json`, {
			headers: { Authorization: `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}` },
		})).status;
	assert.deepEqual([await status('1'), await status('2')], [404, 200]);
	assert.ok(!readFileSync(join(folder, 'calls.jsonl'), 'utf8').includes('+15550600001'));
});

test('the engine keeps calls and recordings for their time only', async () => {
	const system = await start({ EMBEDDED_KEEP_HOURS: '10' }, []);
	const folder = join(system.settings.DATA_DIR, 'engine');
	for (const name of ['calls', 'recordings']) mkdirSync(join(folder, name), { recursive: true });
	const id = (digit) => `01a3185c-57d0-7001-a974-85000000000${digit}`;
	const path = (kind, digit) => join(folder, kind, id(digit) + (kind === 'calls' ? '.json' : '.wav'));
	for (const [digit, hours] of [['1', 11], ['2', 9]]) {
		const at = new Date(Date.now() - hours * 3600e3).toISOString();
		write(path('calls', digit), JSON.stringify({
			call: { callId: id(digit), created: at, joined: at, ended: at, systemPrompt: 'You sell marzipan.' }, messages: [{ role: 'MESSAGE_ROLE_USER', text: 'marzipan' }],
			secrets: {}, request: {},
		}));
		write(path('recordings', digit), 'RIFF', hours);
	}
	write(path('recordings', '3'), 'RIFF', 11);
	system.launch('engine');
	await system.ready('engine');
	await until('the old files are gone, the young one is sealed', () => !existsSync(path('calls', '1')) && readdirSync(join(folder, 'recordings')).join() === `${id('2')}.wav.sealed`);

	const key = secretOf(system, 'ULTRAVOX_API_KEY');
	const get = (tail) => fetch(`${system.url('engine')}/api/calls/${tail}`, { headers: { 'X-API-Key': key } });
	assert.deepEqual([(await get(id('1'))).status, (await get(id('2'))).status], [404, 200]);
	// What was plain is sealed since the start, and can still be had.
	assert.ok(!readFileSync(path('calls', '2'), 'latin1').includes('marzipan'));
	assert.equal((await (await get(`${id('2')}/messages`)).json()).results[0].text, 'marzipan');
});

test('a call leaves nothing readable, and no recording once the platform has it', async () => {
	const NUMBER = '+15550301230';
	const trunk = await freeUdpPort();
	const system = await start({ SIP_TRUNK_URI: `sip:127.0.0.1:${trunk}` });
	const phones = await sipp('callees', { port: trunk, words: { talk_ms: 10000, audio_file: speechFile([1000, 'yes', 1000]) }, seconds: 60 });
	systems.push(phones);
	const { body } = await system.post('/calls/initiate', { phone_number: NUMBER, system_prompt: 'You sell marzipan.' });
	const call = await system.call(body.call_id, 'recorded', (c) => isTerminal(c) && c.recording?.status === 'available' && c.transcript.length);
	const words = call.transcript.map((turn) => turn.text).filter((text) => text.length > 8);
	assert.ok(words.length, JSON.stringify(call.transcript));

	const recordings = join(system.settings.DATA_DIR, 'carrier', 'recordings');
	await until('the carrier has deleted its recording', () => readdirSync(recordings).length === 0);
	const wav = await (await fetch(`${system.api}/calls/${body.call_id}/recording`)).arrayBuffer();
	assert.equal(wav.byteLength, call.recording.size_bytes);
	const session = call.ultravox_call_id;
	await until("the engine's is sealed", () => readdirSync(join(system.settings.DATA_DIR, 'engine', 'recordings')).join() === `${session}.wav.sealed`);
	const own = await fetch(`${system.url('engine')}/api/calls/${session}/recording`, { headers: { 'X-API-Key': secretOf(system, 'ULTRAVOX_API_KEY') } });
	assert.equal(Buffer.from(await own.arrayBuffer()).toString('latin1', 8, 16), 'WAVEfmt ');
	const files = ['carrier', 'engine'].flatMap((name) => filesOf(join(system.settings.DATA_DIR, name)));
	assert.ok(files.some((path) => path.endsWith('calls.jsonl')) && files.some((path) => path.includes(`${sep}calls${sep}`)), files.join(' '));
	for (const path of files) {
		const text = readFileSync(path, 'latin1');
		for (const word of [NUMBER, NUMBER.slice(1), 'marzipan', 'WAVEfmt', ...words]) assert.ok(!text.includes(word), `${path} holds ${word}`);
		assert.equal(statSync(path).mode & 0o777, 0o600, path);
		assert.equal(statSync(dirname(path)).mode & 0o777, 0o700, path);
	}
});
