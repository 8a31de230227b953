// Real SIP phones for tests: sipp with a scenario, baresip by remote control, and speech for them to play.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeRtpPorts, freeTcpPort, freeUdpPort, root, until } from './system.mjs';

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
	const rtp = freeRtpPorts();
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

/** Speech as a WAV file, 16 bit mono at 8 kHz; `parts` as for speechFile(). */
export function speechWav(parts) {
	const file = join(mkdtempSync(join(tmpdir(), 'voiceai-speech-')), 'speech.wav');
	const audio = Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.alloc(16 * part) : Buffer.from(speak(part).buffer))));
	const header = Buffer.alloc(44);
	header.write('RIFF', 0);
	header.writeUInt32LE(36 + audio.length, 4);
	header.write('WAVEfmt ', 8);
	header.writeUInt32LE(16, 16);
	header.writeUInt16LE(1, 20); // PCM
	header.writeUInt16LE(1, 22); // mono
	header.writeUInt32LE(8000, 24);
	header.writeUInt32LE(16000, 28);
	header.writeUInt16LE(2, 32);
	header.writeUInt16LE(16, 34);
	header.write('data', 36);
	header.writeUInt32LE(audio.length, 40);
	writeFileSync(file, Buffer.concat([header, audio]));
	return file;
}

/** A baresip without screen or sound card whose microphone is a WAV file, driven over TCP. */
export async function baresip({ user, microphone }) {
	const folder = mkdtempSync(join(tmpdir(), 'voiceai-baresip-'));
	const sip = await freeUdpPort();
	await freeTcpPort(); // the next one, which baresip takes for TLS
	const [control, rtp] = [await freeTcpPort(), freeRtpPorts()];
	const modules = process.env.BARESIP_MODULES ?? '/usr/lib/baresip/modules';
	writeFileSync(join(folder, 'accounts'), `<sip:${user}@127.0.0.1:${sip}>;regint=0;audio_codecs=pcmu,pcma\n`);
	writeFileSync(join(folder, 'contacts'), '');
	writeFileSync(join(folder, 'config'), [
		'poll_method epoll', `sip_listen 127.0.0.1:${sip}`, 'net_interface 127.0.0.1', `rtp_ports ${rtp}-${rtp + 498}`,
		`audio_source aufile,${microphone}`, 'audio_player aubridge,nowhere', 'audio_alert aubridge,nowhere', 'ausrc_srate 8000',
		'auplay_srate 8000', 'ausrc_channels 1', 'auplay_channels 1', 'ausrc_format s16', 'auplay_format s16',
		`module_path ${modules}`, 'module g711.so', 'module aufile.so', 'module aubridge.so', 'module_tmp account.so',
		'module_app menu.so', 'module_app ctrl_tcp.so', `ctrl_tcp_listen 127.0.0.1:${control}`, '',
	].join('\n'));
	const child = spawn('baresip', ['-f', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '';
	let events = '';
	child.stdout.on('data', (data) => (output += data));
	child.stderr.on('data', (data) => (output += data));
	const exited = new Promise((done) => child.once('exit', done));
	const socket = await until('baresip can be controlled', () => new Promise((done, fail) => {
		const opened = connect(control, '127.0.0.1', () => done(opened));
		opened.once('error', fail);
	})).catch((error) => {
		child.kill('SIGKILL');
		throw new Error(`${error.message}\n${output}`);
	});
	socket.on('data', (data) => (events += data));
	socket.on('error', () => {});
	return {
		/** `dial sip:...`, `hangup`, `sndcode 5`... */
		command(name, params = '') {
			const text = JSON.stringify({ command: name, params });
			socket.write(`${Buffer.byteLength(text)}:${text},`);
		},
		/** Wait for an event by its type: CALL_ESTABLISHED, CALL_CLOSED... */
		event: (type, seconds) => until(`baresip says ${type}`, () => events.includes(`"${type}"`), seconds),
		output: () => `${output}\n${events}`,
		async stop() {
			socket.destroy();
			if (child.exitCode === null) child.kill('SIGKILL');
			await exited;
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
