// What the carrier's tests have in common: a carrier of their own, the official client of the API,
// the customer's web server, and telephones (sipp for SIP, a UDP socket for the audio).
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { System, freeTcpPort, freeUdpPort, root, until } from '../scenario/system.mjs';

const require = createRequire(import.meta.url);
export const twilio = require('twilio');

export { until };
export const number = '+15550100000';

/** A carrier, and everything that speaks with it. */
export class Carrier {
	static async start(more = {}) {
		const carrier = new Carrier();
		carrier.phonePort = await freeUdpPort();
		carrier.customer = await Customer.start();
		carrier.system = await System.start(
			{
				SIP_TRUNK_URI: `sip:127.0.0.1:${carrier.phonePort}`,
				CARRIER_VOICE_URL: carrier.customer.url('/voice'),
				CARRIER_STATUS_URL: carrier.customer.url('/status'),
				RECORD_CALLS: 'false',
				...more,
			},
			['carrier'],
		);
		const secrets = readFileSync(join(carrier.system.settings.DATA_DIR, 'secrets.env'), 'utf8');
		const secret = (name) => secrets.match(new RegExp(`^${name}=(.*)$`, 'm'))[1];
		carrier.sid = secret('TWILIO_ACCOUNT_SID');
		carrier.token = secret('TWILIO_AUTH_TOKEN');
		carrier.customer.token = carrier.token;
		carrier.url = carrier.system.url('carrier');
		carrier.client = carrier.clientWith(carrier.sid, carrier.token);
		return carrier;
	}

	/** The vendor's own client, sent to our address instead of theirs. */
	clientWith(sid, token) {
		const base = this.url;
		class Here extends twilio.RequestClient {
			request(options) {
				return super.request({ ...options, uri: options.uri.replace('https://api.twilio.com', base) });
			}
		}
		return twilio(sid, token, { httpClient: new Here() });
	}

	api(path) {
		return `${this.url}/2010-04-01/Accounts/${this.sid}${path}`;
	}

	get authorization() {
		return { Authorization: 'Basic ' + Buffer.from(`${this.sid}:${this.token}`).toString('base64') };
	}

	create(more = {}) {
		return this.client.calls.create({
			to: '+15550100001',
			from: number,
			url: this.customer.url('/voice'),
			statusCallback: this.customer.url('/status'),
			statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
			...more,
		});
	}

	async ended(sid, seconds = 20) {
		let call;
		await until(`${sid} has ended`, async () => {
			call = await this.client.calls(sid).fetch();
			return ['completed', 'busy', 'failed', 'no-answer', 'canceled'].includes(call.status);
		}, seconds);
		return call;
	}

	/** Status callbacks of a call, once `count` have come. */
	async statuses(sid, count) {
		const mine = () => this.customer.at('/status').filter((request) => request.params.CallSid === sid);
		await until(`${count} status callbacks`, () => mine().length >= count);
		return mine().map((request) => request.params);
	}

	/** A telephone that waits for calls at the trunk. */
	phone(scenario, words = {}) {
		return Phone.start(scenario, { port: this.phonePort, words });
	}

	/** A telephone that calls the carrier. */
	caller(scenario, words = {}) {
		return Phone.start(scenario, {
			target: `127.0.0.1:${this.system.settings.SIP_PORT}`,
			words: { CALLED: number, CALLER: '+15550100009', ...words },
		});
	}

	async stop() {
		const [exit] = await this.system.stop();
		await this.customer.stop();
		return exit;
	}
}

/** The customer's web server: answers with `pages[path]`, remembers and checks what it is asked. */
export class Customer {
	static start() {
		const customer = new Customer();
		customer.requests = [];
		customer.pages = {};
		customer.server = createServer((request, response) => customer.answer(request, response));
		return new Promise((done) => customer.server.listen(0, '127.0.0.1', () => done(customer)));
	}

	get port() {
		return this.server.address().port;
	}

	url(path) {
		return `http://127.0.0.1:${this.port}${path}`;
	}

	at(path) {
		return this.requests.filter((request) => request.path === path);
	}

	async answer(request, response) {
		let body = '';
		for await (const chunk of request) body += chunk;
		const form = new URLSearchParams(body);
		const url = new URL(request.url, this.url('/'));
		const params = Object.fromEntries(request.method === 'GET' ? url.searchParams : form);
		this.requests.push({
			path: url.pathname,
			method: request.method,
			headers: request.headers,
			params,
			valid: twilio.validateRequest(
				this.token,
				request.headers['x-twilio-signature'] ?? '',
				this.url(request.url),
				Object.fromEntries(form),
			),
		});
		const page = this.pages[url.pathname];
		const answer = typeof page === 'function' ? await page(params, request) : page;
		const { status = 200, type = 'text/xml', body: text = '', headers = {} } =
			typeof answer === 'string' || Buffer.isBuffer(answer) ? { body: answer } : (answer ?? {});
		response.writeHead(status, { 'Content-Type': type, ...headers });
		response.end(text);
	}

	stop() {
		this.server.closeAllConnections();
		return new Promise((done) => this.server.close(done));
	}
}

/** One telephone: sipp speaks SIP, this object sends and hears RTP (PCMU, RFC 4733). */
export class Phone {
	static async start(scenario, { port, target, words = {} }) {
		const phone = new Phone();
		phone.socket = createSocket('udp4');
		await new Promise((done) => phone.socket.bind(0, '127.0.0.1', done));
		phone.heard = []; // payloads of audio
		phone.events = []; // digits
		phone.echo = false;
		phone.socket.on('message', (packet, peer) => phone.receive(packet, peer));
		phone.sequence = 1;
		phone.timestamp = 0;
		phone.folder = mkdtempSync(join(tmpdir(), 'voiceai-sipp-'));
		let text = readFileSync(join(root, 'tests/e2e/sipp', `${scenario}.xml`), 'utf8');
		for (const [word, value] of Object.entries({ MEDIA_PORT: phone.socket.address().port, ...words }))
			text = text.replaceAll(`{${word}}`, String(value));
		writeFileSync(join(phone.folder, 'scenario.xml'), text);
		phone.child = spawn('sipp', [
			...(target ? [target] : []), '-sf', join(phone.folder, 'scenario.xml'), '-m', '1', '-i', '127.0.0.1',
			'-p', String(port ?? (await freeUdpPort())), '-cp', String(await freeTcpPort()), '-nostdin',
			'-timeout', '60s', '-timeout_error', '-trace_err', '-error_file', join(phone.folder, 'errors.log'),
		], { cwd: phone.folder, stdio: 'ignore' });
		phone.exited = new Promise((done) => phone.child.once('exit', done));
		return phone;
	}

	receive(packet, peer) {
		this.peer = peer;
		const type = packet[1] & 0x7f;
		if (type === 0) this.heard.push(packet.subarray(12));
		if (type === 101 && packet[1] & 0x80) this.events.push('0123456789*#ABCD'[packet[12]]);
		if (type === 0 && this.echo) this.send(0, packet.subarray(12));
	}

	send(type, payload, { marker = false, timestamp = this.timestamp } = {}) {
		const header = Buffer.alloc(12);
		header[0] = 0x80;
		header[1] = type | (marker ? 0x80 : 0);
		header.writeUInt16BE(this.sequence++ & 0xffff, 2);
		header.writeUInt32BE(timestamp, 4);
		header.writeUInt32BE(0x1234, 8);
		if (type === 0) this.timestamp += payload.length;
		this.socket.send(Buffer.concat([header, payload]), this.peer.port, this.peer.address);
	}

	/** Frames of `payload` bytes, 20 ms apart, for `ms`. */
	async speak(byte, ms) {
		for (let sent = 0; sent < ms; sent += 20) {
			this.send(0, Buffer.alloc(160, byte));
			await new Promise((done) => setTimeout(done, 20));
		}
	}

	/** Press keys, as RFC 4733 has it: updates, then three ends. */
	async press(digits) {
		for (const digit of digits) {
			const timestamp = this.timestamp;
			for (let packet = 0; packet < 8; packet++) {
				const payload = Buffer.from(['0123456789*#ABCD'.indexOf(digit), (packet >= 5 ? 0x80 : 0) | 10, 0, 0]);
				payload.writeUInt16BE(160 * Math.min(packet + 1, 6), 2);
				this.send(101, payload, { marker: packet === 0, timestamp });
				await new Promise((done) => setTimeout(done, 20));
			}
			this.timestamp += 160 * 12;
			await new Promise((done) => setTimeout(done, 80));
		}
	}

	/** Whether a payload byte other than silence has been heard. */
	get heardSound() {
		return this.heard.some((payload) => payload.some((byte) => byte !== 0xff && byte !== 0x7f));
	}

	async talking() {
		await until('the phone hears audio', () => this.heard.length > 0);
	}

	/** The exit code of its scenario: 0 when everything happened as written. */
	async end() {
		const late = setTimeout(() => this.child.kill('SIGKILL'), 30000);
		const code = await this.exited;
		clearTimeout(late);
		this.socket.close();
		let errors = '';
		try {
			errors = readFileSync(join(this.folder, 'errors.log'), 'utf8');
		} catch {}
		rmSync(this.folder, { recursive: true, force: true });
		return code === 0 ? 0 : `${code} ${errors}`;
	}
}
