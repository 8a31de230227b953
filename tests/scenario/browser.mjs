// The sound of a page: somebody who talks to an agent from a browser, and somebody who listens in.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import WebSocket from '../e2e/node_modules/ws/wrapper.mjs';

export const RATE = 16000;
const FRAME = (RATE / 50) * 2;

/** What espeak-ng says at 16 kHz, after `before` ms of silence. */
function speech(text) {
	const wav = execFileSync('espeak-ng', ['-v', 'en-us', '-s', '150', '--stdout', text]);
	const rate = wav.readUInt32LE(24);
	const data = wav.subarray(wav.indexOf('data') + 8);
	const out = Buffer.alloc(Math.floor(((data.length / 2) * RATE) / rate) * 2);
	for (let i = 0; i < out.length / 2; i++) {
		const at = (i * rate) / RATE;
		const [a, b] = [Math.floor(at), Math.min(Math.floor(at) + 1, data.length / 2 - 1)];
		out.writeInt16LE(Math.round(data.readInt16LE(2 * a) * (1 - (at - a)) + data.readInt16LE(2 * b) * (at - a)), 2 * i);
	}
	return out;
}

/** A page: sends a frame each 20 ms, of what is to be said or silence. */
export function talk(api, agent) {
	const socket = new WebSocket(`${api.replace('http', 'ws')}/talk${agent ? `?agent=${agent}` : ''}`);
	const page = { socket, header: null, heardBytes: 0, loudest: 0, clears: 0, states: [], code: null, microphone: Buffer.alloc(0) };
	page.say = (text) => (page.microphone = speech(text));
	socket.on('message', (data, binary) => {
		if (binary) {
			page.heardBytes += data.length;
			for (let i = 0; i + 1 < data.length; i += 2) page.loudest = Math.max(page.loudest, Math.abs(data.readInt16LE(i)));
			return;
		}
		const message = JSON.parse(data);
		if (message.type === 'talking') page.header = message;
		if (message.type === 'clear') page.clears++;
		if (message.type === 'state') page.states.push(message.state);
	});
	const clock = setInterval(() => {
		const frame = Buffer.alloc(FRAME);
		page.microphone.copy(frame, 0, 0, FRAME);
		page.microphone = page.microphone.subarray(FRAME);
		if (socket.readyState === 1) socket.send(frame);
	}, 20);
	socket.on('close', (code) => {
		clearInterval(clock);
		page.code = code;
	});
	socket.on('error', () => {});
	return page;
}

/** A listener that keeps how loud each channel was. */
export function listen(api, call) {
	const socket = new WebSocket(`${api.replace('http', 'ws')}/calls/${call}/listen`);
	const listener = { socket, header: null, frames: 0, peaks: [0, 0], code: null };
	socket.on('message', (data, binary) => {
		if (!binary) {
			listener.header = JSON.parse(data);
			return;
		}
		assert.equal(data.length, 640);
		listener.frames++;
		for (let i = 0; i < data.length / 2; i++) listener.peaks[i % 2] = Math.max(listener.peaks[i % 2], Math.abs(data.readInt16LE(2 * i)));
	});
	socket.on('close', (code) => (listener.code = code));
	socket.on('error', () => {});
	return listener;
}
