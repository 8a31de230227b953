// Peers without manners: bytes on a TCP connection, frames on a WebSocket and datagrams exactly as a
// test wants them, which well-behaved clients would never send.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

/** Send `bytes` and collect what comes until the peer closes, the answer is complete or `ms` are over. */
export function exchange(port, bytes, { ms = 3000, end = false } = {}) {
	return new Promise((done) => {
		const socket = connect(port, '127.0.0.1');
		let text = '', closed = false;
		const finish = () => {
			clearTimeout(late);
			socket.destroy();
			done({ text, closed, status: Number(text.match(/^HTTP\/1\.1 (\d{3})/)?.[1] ?? 0) });
		};
		const late = setTimeout(finish, ms);
		socket.on('connect', () => (end ? socket.end(bytes) : socket.write(bytes)));
		socket.on('data', (data) => {
			text += data.toString('latin1');
			const [head, body = ''] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
			const length = head.match(/content-length: *(\d+)/i);
			if (text.includes('\r\n\r\n') && length && body.length >= Number(length[1])) finish();
		});
		socket.on('error', () => {});
		socket.on('close', () => {
			closed = true;
			finish();
		});
	});
}

export const post = (path, body, type = 'application/json', more = '') =>
	Buffer.concat([
		Buffer.from(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n`),
		Buffer.from(body),
	]);

/** One WebSocket frame (RFC 6455, 5.2), masked as a client must, unless told otherwise. */
export function frame(opcode, payload = '', { fin = true, masked = true, length, rsv = 0 } = {}) {
	const data = Buffer.from(payload);
	const size = length ?? data.length;
	const bit = masked ? 0x80 : 0;
	const head =
		size < 126 ? Buffer.from([0, bit | size]) : size < 65536 ? Buffer.from([0, bit | 126, size >> 8, size & 255]) : Buffer.alloc(10);
	if (size >= 65536) {
		head[1] = bit | 127;
		head.writeBigUInt64BE(BigInt(size), 2);
	}
	head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
	if (!masked) return Buffer.concat([head, data]);
	const mask = randomBytes(4);
	return Buffer.concat([head, mask, data.map((byte, i) => byte ^ mask[i % 4])]);
}

export class Socket {
	/** Connect and shake hands. `status` is 101 when it became a socket. `headers` replace ours. */
	static open(port, path, headers = {}) {
		const self = new Socket();
		const key = randomBytes(16).toString('base64');
		const all = {
			Host: `127.0.0.1:${port}`, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key, ...headers,
		};
		self.socket = connect(port, '127.0.0.1');
		self.text = '';
		self.received = Buffer.alloc(0);
		self.messages = [];
		self.accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
		self.closed = new Promise((done) => self.socket.on('close', done));
		self.socket.on('error', () => {});
		return new Promise((done) => {
			const late = setTimeout(() => done(self), 4000);
			self.socket.on('data', (data) => {
				self.received = Buffer.concat([self.received, data]);
				if (self.status === undefined) {
					const at = self.received.indexOf('\r\n\r\n');
					if (at < 0) return;
					self.text = self.received.subarray(0, at).toString('latin1');
					self.status = Number(self.text.split(' ')[1]);
					self.received = self.received.subarray(at + 4);
					clearTimeout(late);
					done(self);
				}
				self.parse();
			});
			self.closed.then(() => {
				clearTimeout(late);
				self.status ??= 0;
				done(self);
			});
			self.socket.write(
				`GET ${path} HTTP/1.1\r\n${Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
			);
		});
	}

	parse() {
		for (;;) {
			const { received } = this;
			if (this.status !== 101 || received.length < 2) return;
			let size = received[1] & 127, at = 2;
			if (size === 126) [size, at] = [received.length >= 4 ? received.readUInt16BE(2) : Infinity, 4];
			else if (size === 127) [size, at] = [received.length >= 10 ? Number(received.readBigUInt64BE(2)) : Infinity, 10];
			if (received.length < at + size) return;
			const payload = received.subarray(at, at + size);
			const opcode = received[0] & 15;
			if (opcode === 8) this.code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
			else this.messages.push({ opcode, payload: Buffer.from(payload) });
			this.received = received.subarray(at + size);
		}
	}

	send(...frames) {
		for (const bytes of frames) if (!this.socket.destroyed) this.socket.write(bytes);
	}

	/** The close code, once the peer has closed; undefined when it did not in `ms`. */
	async end(ms = 3000) {
		let timer;
		const late = new Promise((done) => (timer = setTimeout(done, ms)));
		await Promise.race([this.closed, late, (async () => {
			while (this.code === undefined && !this.socket.destroyed) await new Promise((done) => setTimeout(done, 20));
		})()]);
		clearTimeout(timer);
		return this.code ?? (this.socket.destroyed ? 1006 : undefined);
	}

	destroy() {
		this.socket.destroy();
	}
}

/** The data connection's headers (Ultravox signs its call id and the time). */
export function dataHeaders(secret, callId, time = new Date().toISOString()) {
	return {
		'X-Ultravox-Call-ID': callId,
		'X-Ultravox-Signature-Timestamp': time,
		'X-Ultravox-Signature': createHmac('sha256', secret).update(callId + time).digest('hex'),
	};
}

export function twilioSignature(token, url, params = {}) {
	const text = Object.keys(params).sort().reduce((all, name) => all + name + params[name], url);
	return createHmac('sha1', token).update(text).digest('base64');
}

/** A UDP socket that remembers what came back. */
export async function udp() {
	const socket = createSocket('udp4');
	const answers = [];
	socket.on('message', (data) => answers.push(data.toString('latin1')));
	await new Promise((done) => socket.bind(0, '127.0.0.1', done));
	return {
		port: socket.address().port,
		answers,
		send: (port, data) => new Promise((done) => socket.send(data, port, '127.0.0.1', done)),
		close: () => socket.close(),
	};
}
