// Real SIP phones for tests: sipp with a scenario, and speech for it to play.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeTcpPort, freeUdpPort, root } from './system.mjs';

/** Signed 16-bit sample to mu-law (ITU-T G.711). */
function muLaw(sample) {
	const sign = sample < 0 ? 0x80 : 0;
	const magnitude = Math.min(Math.abs(sample), 32635) + 132;
	const exponent = 31 - Math.clz32(magnitude) - 7;
	return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

/** What espeak-ng says, as samples at 8 kHz. */
function speak(text) {
	const wav = execFileSync('espeak-ng', ['-v', 'en-us', '-s', '150', '--stdout', text]);
	const rate = wav.readUInt32LE(24);
	const data = wav.subarray(wav.indexOf('data') + 8);
	const count = Math.floor(((data.length / 2) * 8000) / rate);
	const samples = new Int16Array(count);
	for (let i = 0; i < count; i++) {
		// Average what falls into one output sample: enough of a low-pass for a test phone.
		const from = Math.floor((i * rate) / 8000);
		const to = Math.max(from + 1, Math.floor(((i + 1) * rate) / 8000));
		let sum = 0;
		for (let k = from; k < to; k++) sum += 2 * k + 1 < data.length ? data.readInt16LE(2 * k) : 0;
		samples[i] = sum / (to - from);
	}
	return samples;
}

/** A file of mu-law audio: `parts` are sentences, and numbers of milliseconds of silence. */
export function speechFile(parts) {
	const file = join(mkdtempSync(join(tmpdir(), 'voiceai-speech-')), 'speech.ul');
	const chunks = parts.map((part) =>
		typeof part === 'number' ? Buffer.alloc(8 * part, 0xff) : Buffer.from(Array.from(speak(part), muLaw)),
	);
	writeFileSync(file, Buffer.concat(chunks));
	return file;
}

/**
 * Run sipp with tests/data/sipp/NAME.xml, `[word]`s of `words` replaced. Ends by itself after `calls`
 * calls; `stop()` ends it before.
 */
export async function sipp(name, { target, words = {}, calls = 1, port, args = [], seconds = 60 } = {}) {
	const folder = mkdtempSync(join(tmpdir(), 'voiceai-sipp-'));
	let text = readFileSync(join(root, 'tests/data/sipp', `${name}.xml`), 'utf8');
	for (const [word, value] of Object.entries(words)) text = text.replaceAll(`[${word}]`, String(value));
	writeFileSync(join(folder, 'scenario.xml'), text);
	const rtp = 50000 + 2 * Math.floor(Math.random() * 5000);
	port ??= await freeUdpPort();
	const child = spawn('sipp', [
		...(target ? [target] : []), '-sf', join(folder, 'scenario.xml'), '-m', String(calls), '-i', '127.0.0.1', '-p', String(port),
		'-mi', '127.0.0.1', '-mp', String(rtp), '-cp', String(await freeTcpPort()), '-nostdin', '-timeout', `${seconds}s`, '-timeout_error',
		'-trace_err', '-error_file', join(folder, 'errors.log'), ...args,
	], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '';
	child.stdout.on('data', (data) => (output += data));
	child.stderr.on('data', (data) => (output += data));
	const exited = new Promise((done) => child.once('exit', (code) => done(code)));
	return {
		port,
		exited,
		output: () => output,
		stop: async () => {
			if (child.exitCode === null) child.kill('SIGKILL');
			await exited;
		},
	};
}
