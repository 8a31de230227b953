// Stand-ins for the vendors' clouds, speaking their real wire: Twilio's REST API and signed webhooks,
// Ultravox's REST API, signed webhooks and data connection, OpenAI's chat completions. They do nothing
// by themselves: a test says when the phone rings. They share no code with what they test.
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { createServer, request } from 'node:http';

const hex = (bytes) => randomBytes(bytes).toString('hex');
const rfc2822 = (date = new Date()) => date.toUTCString().replace('GMT', '+0000');

function listen(handle) {
	return new Promise((done) => {
		const server = createServer(async (req, res) => {
			const chunks = [];
			for await (const chunk of req) chunks.push(chunk);
			try {
				await handle(req, res, Buffer.concat(chunks));
			} catch (error) {
				res.writeHead(500).end(String(error.stack));
			}
		});
		server.listen(0, '127.0.0.1', () => done(server));
	});
}

class Mock {
	async listen() {
		this.requests = [];
		this.server = await listen(async (req, res, body) => {
			const entry = { method: req.method, url: req.url, headers: req.headers, body: body.toString() };
			this.requests.push(entry);
			this.handle(entry, res);
		});
		this.url = `http://127.0.0.1:${this.server.address().port}`;
		return this;
	}

	close() {
		this.server.closeAllConnections?.();
		return new Promise((done) => this.server.close(done));
	}

	json(res, status, body, headers = {}) {
		res.writeHead(status, { 'Content-Type': 'application/json', ...headers });
		res.end(body === undefined ? '' : JSON.stringify(body));
	}
}

// ---------------------------------------------------------------------------------------------

export class Twilio extends Mock {
	sid = `AC${hex(16)}`;
	token = hex(16);
	calls = [];
	recordings = [];
	voices = [];
	/** Where the sound of every voice lies; not here, as with the vendor. */
	previewAt = '';
	/** Set to answer creates otherwise: (params, res, make) => void. */
	onCreate = null;

	handle({ method, url, headers, body }, res) {
		const { pathname, searchParams } = new URL(url, this.url);
		const base = `/2010-04-01/Accounts/${this.sid}`;
		const expected = `Basic ${Buffer.from(`${this.sid}:${this.token}`).toString('base64')}`;
		if (headers.authorization !== expected) return this.fail(res, 401, 20003, 'Authenticate');
		const form = new URLSearchParams(body);
		if (pathname === `${base}/Calls.json` && method === 'POST') return this.create(form, res);
		if (pathname === `${base}/Calls.json`) return this.list(searchParams, res);
		let match = pathname.match(/\/Calls\/(CA[0-9a-f]{32})\.json$/);
		if (match) {
			const call = this.calls.find((c) => c.sid === match[1]);
			if (!call) return this.fail(res, 404, 20404, 'The requested resource was not found');
			if (method === 'POST') return this.update(call, form, res);
			return this.json(res, 200, this.view(call));
		}
		match = pathname.match(/\/Calls\/(CA[0-9a-f]{32})\/Recordings\.json$/);
		if (match && method === 'POST') {
			const recording = { sid: `RE${hex(16)}`, call_sid: match[1], params: form };
			this.recordings.push(recording);
			return this.json(res, 201, { sid: recording.sid, call_sid: match[1], status: 'in-progress' });
		}
		match = pathname.match(/\/Recordings\/(RE[0-9a-f]{32})\.wav$/);
		if (match) return res.writeHead(200, { 'Content-Type': 'audio/x-wav' }).end(this.wav());
		return this.fail(res, 404, 20404, 'The requested resource was not found');
	}

	fail(res, status, code, message) {
		this.json(res, status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
	}

	/** Bytes of sound in a recording; their values say where they stand. */
	soundBytes = 3200;

	wav() {
		const data = Buffer.alloc(44 + this.soundBytes);
		for (let i = 44; i < data.length; i += 4) data.writeUInt32LE(i >>> 2, i <= data.length - 4 ? i : data.length - 4);
		data.write('RIFF', 0);
		data.writeUInt32LE(data.length - 8, 4);
		data.write('WAVEfmt ', 8);
		return data;
	}

	make(params) {
		const call = {
			sid: `CA${hex(16)}`, params, to: params.get('To'), from: params.get('From'), status: 'queued',
			direction: 'outbound-api', created: new Date(), sequence: 0, events: params.getAll('StatusCallbackEvent'),
		};
		this.calls.push(call);
		return call;
	}

	create(params, res) {
		if (this.onCreate) return this.onCreate(params, res, () => this.make(params));
		this.json(res, 201, this.view(this.make(params)));
	}

	list(query, res) {
		const calls = this.calls.filter((c) => (!query.get('To') || c.to === query.get('To')) && (!query.get('From') || c.from === query.get('From')));
		this.json(res, 200, { calls: calls.map((c) => this.view(c)), page: 0, page_size: 50, next_page_uri: null });
	}

	update(call, form, res) {
		call.updates = [...(call.updates ?? []), Object.fromEntries(form)];
		if (['completed', 'failed', 'busy', 'no-answer', 'canceled'].includes(call.status))
			return this.fail(res, 400, 21220, 'Call is not in-progress. Cannot redirect.');
		if (form.get('Status') === 'completed') call.status = call.status === 'in-progress' ? 'completed' : 'canceled';
		if (form.get('Status') === 'canceled' && call.status !== 'in-progress') call.status = 'canceled';
		if (call.status !== 'in-progress') call.ended = new Date();
		this.json(res, 200, this.view(call));
	}

	view(call) {
		return {
			sid: call.sid, account_sid: this.sid, to: call.to, from: call.from, status: call.status, direction: call.direction,
			duration: call.status === 'completed' ? '5' : null, start_time: call.started ? rfc2822(call.started) : null,
			end_time: call.ended ? rfc2822(call.ended) : null, date_created: rfc2822(call.created), date_updated: rfc2822(),
			price: call.price ?? null, price_unit: call.priceUnit ?? 'USD', answered_by: null, queue_time: '0', api_version: '2010-04-01',
		};
	}

	/** An inbound call, before its webhook. */
	inbound(from, to) {
		const call = { sid: `CA${hex(16)}`, to, from, status: 'ringing', direction: 'inbound', created: new Date(), sequence: 0 };
		this.calls.push(call);
		return call;
	}

	sign(url, params) {
		const text = Object.keys(params).sort().reduce((all, key) => all + key + params[key], url);
		return createHmac('sha1', this.token).update(text).digest('base64');
	}

	/** POST a signed webhook; answers {status, body}. */
	async post(url, params, signature = this.sign(url, params)) {
		const response = await fetch(url, {
			method: 'POST',
			headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Twilio-Signature': signature },
			body: new URLSearchParams(params).toString(),
		});
		return { status: response.status, body: await response.text(), type: response.headers.get('content-type') };
	}

	voiceParams(call, status) {
		return { CallSid: call.sid, AccountSid: this.sid, From: call.from, To: call.to, CallStatus: status, ApiVersion: '2010-04-01', Direction: call.direction, FromZip: '' };
	}

	/** The TwiML fetch after the answer. */
	connect(call, url = call.params.get('Url')) {
		call.status = 'in-progress';
		call.started = new Date();
		return this.post(url, this.voiceParams(call, 'in-progress'));
	}

	statusParams(call, status, more = {}) {
		return { ...this.voiceParams(call, status), Timestamp: rfc2822(), CallbackSource: 'call-progress-events', SequenceNumber: String(call.sequence++), ...more };
	}

	/** A status callback with the next sequence number. */
	status(call, status, more = {}, url = call.params.get('StatusCallback')) {
		call.status = status === 'initiated' ? 'queued' : status;
		if (!['queued', 'ringing', 'in-progress'].includes(call.status)) call.ended = new Date();
		return this.post(url, this.statusParams(call, status, more));
	}

	recording(call, url = call.params.get('RecordingStatusCallback')) {
		const sid = `RE${hex(16)}`;
		return this.post(url, {
			AccountSid: this.sid, CallSid: call.sid, RecordingSid: sid, RecordingStatus: 'completed', RecordingDuration: '5', RecordingChannels: '2',
			RecordingUrl: `${this.url}/2010-04-01/Accounts/${this.sid}/Recordings/${sid}`, RecordingSource: 'OutboundAPI',
		});
	}
}

// ---------------------------------------------------------------------------------------------

/** A WebSocket client with headers of its own, text frames only (RFC 6455). */
export function openSocket(url, headers) {
	const { hostname, port, pathname, search } = new URL(url);
	return new Promise((done, fail) => {
		const req = request({
			hostname, port, path: pathname + search,
			headers: { ...headers, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64') },
		});
		req.once('error', fail);
		req.once('response', (res) => done({ status: res.statusCode }));
		req.once('upgrade', (res, socket, head) => {
			let closed;
			const ws = {
				status: 101,
				closed: new Promise((end) => (closed = end)),
				send(value) {
					const data = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
					const mask = randomBytes(4);
					const head = data.length < 126 ? Buffer.from([0x81, 0x80 | data.length]) : Buffer.from([0x81, 0xfe, data.length >> 8, data.length & 255]);
					socket.write(Buffer.concat([head, mask, data.map((byte, i) => byte ^ mask[i & 3])]));
				},
				close: () => socket.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])),
			};
			const read = (data) => data.length && (data[0] & 15) === 8 && closed(data.length > 3 ? data.readUInt16BE(2) : 1005);
			read(head);
			socket.on('data', read);
			socket.on('close', () => closed(1006));
			socket.on('error', () => closed(1006));
			done(ws);
		});
		req.end();
	});
}

export class Ultravox extends Mock {
	key = `${hex(4)}.${hex(16)}`;
	calls = [];
	/** Set to answer creates otherwise: (body, res, make) => void. */
	onCreate = null;

	handle({ method, url, headers, body }, res) {
		const { pathname } = new URL(url, this.url);
		if (headers['x-api-key'] !== this.key) return this.json(res, 403, { detail: 'Forbidden' });
		if (pathname === '/api/calls' && method === 'POST') {
			const params = JSON.parse(body);
			if (this.onCreate) return this.onCreate(params, res, () => this.make(params));
			return this.json(res, 201, this.view(this.make(params)));
		}
		if (pathname === '/api/calls') return this.json(res, 200, { next: null, previous: null, results: this.calls.map((call) => this.view(call)), total: this.calls.length });
		if (pathname === '/api/voices') return this.json(res, 200, { next: null, previous: null, results: this.voices, total: this.voices.length });
		if (/^\/api\/voices\/[^/]+\/preview$/.test(pathname)) return res.writeHead(302, { Location: this.previewAt }).end();
		const [, id, tail] = pathname.match(/^\/api\/calls\/([^/]+)\/?(.*)$/) ?? [];
		const call = this.calls.find((c) => c.callId === id);
		if (!call) return this.json(res, 404, { detail: 'Not found.' });
		if (!tail) return this.json(res, 200, this.view(call));
		if (tail === 'messages') return this.json(res, 200, { next: null, previous: null, results: call.messages, total: call.messages.length });
		if (tail === 'send_data_message') {
			call.sent.push(JSON.parse(body));
			return call.joined && !call.ended ? res.writeHead(204).end() : this.json(res, 422, { detail: 'Call is not active.' });
		}
		return this.json(res, 404, { detail: 'Not found.' });
	}

	make(params) {
		const callId = randomUUID();
		const call = { callId, params, created: new Date(), joined: null, ended: null, endReason: null, messages: [], sent: [], joinUrl: `ws://127.0.0.1:1/calls/${callId}/twilio/${hex(8)}` };
		this.calls.push(call);
		return call;
	}

	view(call) {
		return {
			callId: call.callId, created: call.created.toISOString(), joined: call.joined?.toISOString() ?? null, ended: call.ended?.toISOString() ?? null,
			endReason: call.endReason, joinUrl: call.joinUrl, billedDuration: call.billedDuration ?? null, metadata: call.params.metadata, maxDuration: call.params.maxDuration,
		};
	}

	/** The session of one of our calls. */
	of(callId) {
		return this.calls.filter((c) => c.params.metadata.call_id === callId).at(-1);
	}

	async webhook(call, event, { secret, time = new Date().toISOString(), body } = {}) {
		const target = call.params.callbacks[event.replace('call.', '')] ?? call.params.callbacks.ended;
		const text = body ?? JSON.stringify({ event, call: this.view(call) });
		const digest = createHmac('sha256', secret ?? target.secrets[0]).update(text).update(time).digest('hex');
		const response = await fetch(target.url, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json', 'X-Ultravox-Webhook-Timestamp': time, 'X-Ultravox-Webhook-Signature': `${'0'.repeat(64)}, ${digest}` },
			body: text,
		});
		return { status: response.status, body: await response.text() };
	}

	joined(call) {
		call.joined ??= new Date();
		return this.webhook(call, 'call.joined');
	}

	ended(call, endReason) {
		call.ended ??= new Date();
		call.endReason ??= endReason;
		return this.webhook(call, 'call.ended');
	}

	/** Dial the data connection, signed with the shared secret (or another). */
	dial(call, { secret = call.params.sharedSecrets[0], time = new Date().toISOString(), callId = call.callId } = {}) {
		return openSocket(call.params.dataConnection.websocketUrl, {
			'X-Ultravox-Call-ID': callId,
			'X-Ultravox-Signature-Timestamp': time,
			'X-Ultravox-Signature': createHmac('sha256', secret).update(callId + time).digest('hex'),
		});
	}
}

// ---------------------------------------------------------------------------------------------

export class OpenAI extends Mock {
	key = `sk-${hex(16)}`;
	models = ['gpt-4o-mini'];
	/** Answers to come, each {status, body, headers}; an analysis of the mock's own when empty. */
	answers = [];

	static completion(message, finish_reason = 'stop') {
		return {
			status: 200,
			body: { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-4o-mini-2024-07-18', choices: [{ index: 0, finish_reason, message: { role: 'assistant', content: null, refusal: null, ...message } }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
		};
	}

	static analysis = {
		summary: 'The caller asked for an appointment. It was booked.', key_topics: ['appointment'], action_items: ['Agent: send a confirmation'],
		conversation_highlights: ['user: Tomorrow at ten.'], sentiment: 'positive',
	};

	handle({ url, headers }, res) {
		if (headers.authorization !== `Bearer ${this.key}`)
			return this.json(res, 401, { error: { message: 'Incorrect API key', type: 'invalid_request_error', param: null, code: 'invalid_api_key' } });
		if (url === '/v1/models') return this.json(res, 200, { object: 'list', data: this.models.map((id) => ({ id, object: 'model', created: 1, owned_by: 'openai' })) });
		if (url !== '/v1/chat/completions') return this.json(res, 404, { error: { message: 'no', type: 'invalid_request_error', param: null, code: null } });
		const { status, body, headers: more } = this.answers.shift() ?? OpenAI.completion({ content: JSON.stringify(OpenAI.analysis) });
		this.json(res, status, body, more);
	}
}
