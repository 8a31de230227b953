/*
 * A client of the voiceai API, for browsers and Node: every operation of sdk/openapi.yaml is a method that
 * takes one object of arguments and answers what the server answered.
 */
import { operations } from './operations.js';

const MAX_WAIT_S = 60;

/** An answer that is no 2xx. `code` is one of the contract's. */
export class ApiError extends Error {
	constructor(status, { code = 'unknown', message = `The server answered ${status}.`, field } = {}) {
		super(message);
		Object.assign(this, { name: 'ApiError', status, code, field });
	}
}

/** The live socket was closed for good: 4401, sign in; 4010, `since` is of another database, load the lists again. */
export class LiveError extends Error {
	constructor(code, reason) {
		super(`The live socket was closed: ${code} ${reason}`);
		Object.assign(this, { name: 'LiveError', code });
	}
}

function pause(seconds, signal) {
	return new Promise((done, fail) => {
		const stop = () => {
			clearTimeout(timer);
			fail(signal.reason);
		};
		const timer = setTimeout(() => {
			signal?.removeEventListener('abort', stop);
			done();
		}, seconds * 1000);
		if (signal?.aborted) stop();
		else signal?.addEventListener('abort', stop, { once: true });
	});
}

/** Half a second, doubling, a quarter more or less at random. */
const backOff = (tries) => Math.min(0.5 * 2 ** tries, 10) * (0.75 + Math.random() / 2);

export class Client {
	/**
	 * url: of the platform; token: an access token or API key, or a function that gives one (a promise of one is
	 * fine), null in single-user mode; retries: how often a request is sent again.
	 */
	constructor({ url = 'http://127.0.0.1:8000', token = null, retries = 4, fetch = globalThis.fetch, WebSocket = globalThis.WebSocket } = {}) {
		Object.assign(this, { url: url.replace(/\/$/, ''), token, retries, WebSocket });
		this.fetch = (...args) => fetch(...args);
	}

	async #headers() {
		const token = typeof this.token === 'function' ? await this.token() : this.token;
		return token ? { authorization: `Bearer ${token}` } : {};
	}

	/* Seconds to wait before it is sent again, or null. What may have been done already is sent again only when that does no harm. */
	#wait(response, harmless, tries) {
		if (tries >= this.retries) return null;
		const asked = Number(response?.headers.get('retry-after') ?? NaN);
		if (response && [429, 503].includes(response.status) && asked <= MAX_WAIT_S) return asked;
		return harmless && (!response || response.status >= 500) ? backOff(tries) : null;
	}

	/** One request, sent again as the server asks. Answers a 2xx response or throws. */
	async request(method, path, { query = {}, body, headers = {}, signal, once = false } = {}) {
		const url = new URL(this.url + path);
		for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null) url.searchParams.set(name, value);
		const harmless = once || method === 'GET';
		for (let tries = 0; ; tries++) {
			let response = null;
			let failure = null;
			try {
				response = await this.fetch(url, {
					method, signal,
					headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(await this.#headers()), ...headers },
					body: body === undefined ? undefined : JSON.stringify(body),
				});
			} catch (error) {
				failure = error;
			}
			if (response?.ok) return response;
			const wait = signal?.aborted ? null : this.#wait(response, harmless, tries);
			if (wait === null) {
				if (failure) throw failure;
				throw new ApiError(response.status, (await response.json().catch(() => ({}))).error);
			}
			await response?.body?.cancel();
			await pause(wait, signal);
		}
	}

	/* The arguments put where they belong. */
	async #call({ method, path, query = [], body, answer = 'json', once }, args, { signal, idempotencyKey } = {}) {
		const rest = { ...args };
		const take = (name) => {
			const value = rest[name];
			delete rest[name];
			return value;
		};
		const target = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(take(name)));
		const asked = Object.fromEntries(query.map((name) => [name, take(name)]));
		const response = await this.request(method, target, {
			query: asked, signal, once, body: body ? rest : undefined,
			headers: once ? { 'idempotency-key': idempotencyKey ?? crypto.randomUUID() } : {},
		});
		if (answer === 'bytes') return response;
		return answer === 'json' ? response.json() : void (await response.body?.cancel());
	}

	static {
		for (const [name, operation] of Object.entries(operations)) {
			this.prototype[name] = function (args = {}, options) {
				return this.#call(operation, args, options);
			};
			if (!operation.items) continue;
			this.prototype[name.replace(/^list/, 'all')] = async function* (args = {}, options) {
				let cursor = args.cursor;
				do {
					const page = await this.#call(operation, { ...args, cursor }, options);
					yield* page[operation.items];
					cursor = page.next_cursor;
				} while (cursor);
			};
		}
	}

	/**
	 * What happens, as it happens: an async iterator of live events. A lost connection comes back by itself with
	 * the last number seen, so that nothing durable is missed and nothing comes twice.
	 */
	async *watch({ since, call_id: callId, signal } = {}) {
		let last = since;
		for (let tries = 0; ; tries++) {
			const socket = await this.#open(last, callId, signal);
			try {
				for await (const event of received(socket, signal)) {
					tries = 0;
					last = event.seq;
					yield event;
				}
			} finally {
				socket.close();
			}
			if (signal?.aborted) return;
			await pause(backOff(tries), signal).catch(() => {});
			if (signal?.aborted) return;
		}
	}

	async #open(since, callId, signal) {
		/* A ticket that nobody used does no harm: asked for again as if it were read, while the server is being started. */
		const { method, path } = operations.createTicket;
		const { ticket } = await (await this.request(method, path, { signal, once: true })).json();
		const url = new URL(`${this.url.replace(/^http/, 'ws')}/api/v1/live`);
		url.searchParams.set('ticket', ticket);
		if (since !== undefined) url.searchParams.set('since', since);
		if (callId !== undefined) url.searchParams.set('call_id', callId);
		return new this.WebSocket(url);
	}
}

/* The events of one connection until it ends. Throws LiveError where coming back is no use. */
async function* received(socket, signal) {
	const waiting = [];
	let wake = () => {};
	let end = null;
	const finish = (how) => {
		end ??= how;
		wake();
	};
	const stop = () => finish({ code: 1000 });
	socket.addEventListener('message', ({ data }) => {
		waiting.push(JSON.parse(data));
		wake();
	});
	socket.addEventListener('close', ({ code, reason }) => finish({ code, reason }));
	socket.addEventListener('error', () => {});
	signal?.addEventListener('abort', stop, { once: true });
	try {
		for (;;) {
			while (waiting.length && !signal?.aborted) yield waiting.shift();
			if (end || signal?.aborted) break;
			await new Promise((done) => { wake = done; });
		}
	} finally {
		signal?.removeEventListener('abort', stop);
	}
	if (end && [4401, 4010].includes(end.code)) throw new LiveError(end.code, end.reason);
}

const hexBytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

/**
 * The event of an outgoing webhook. headers: of the request, an object or Headers; body: as it came, a string or
 * bytes. Throws when it is not signed with the secret, or older than `tolerance` seconds.
 */
export async function verifyWebhook(headers, body, secret, { tolerance = 300, now = Date.now() / 1000 } = {}) {
	const get = (name) => (typeof headers.get === 'function' ? headers.get(name) : headers[name]) ?? '';
	const parts = get('voiceai-signature').split(',').map((part) => part.split('='));
	const timestamp = parts.find(([name]) => name === 't')?.[1] ?? '';
	const encoder = new TextEncoder();
	const bytes = typeof body === 'string' ? encoder.encode(body) : new Uint8Array(body);
	const head = encoder.encode(`${timestamp}.${get('voiceai-event-id')}.`);
	const signed = new Uint8Array(head.length + bytes.length);
	signed.set(head);
	signed.set(bytes, head.length);
	const key = await crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
	let fits = false;
	for (const [name, hex] of parts)
		if (name === 'v1' && /^[0-9a-f]{64}$/.test(hex)) fits = (await crypto.subtle.verify('HMAC', key, hexBytes(hex), signed)) || fits;
	if (!fits) throw new Error('The webhook is not signed with this secret.');
	if (Math.abs(now - Number(timestamp)) > tolerance) throw new Error('The webhook is too old.');
	return JSON.parse(new TextDecoder().decode(bytes));
}
