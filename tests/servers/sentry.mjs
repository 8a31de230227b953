// A Sentry of a test's own: takes envelopes where the cloud would stand, over HTTP or TLS, and reads them with
// the parser of Sentry's own JavaScript SDK. What its ingest refuses is refused here too.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(new URL('../e2e/package.json', import.meta.url));
const { parseEnvelope } = require('@sentry/core');

const LEVELS = ['fatal', 'error', 'warning', 'info', 'debug'];
const HEX = /^[0-9a-f]{32}$/;

const claim = (right, what) => {
	if (!right) throw new Error(what);
};

/** What the documented event payload asks for. */
function checkEvent(event, header) {
	claim(HEX.test(event.event_id) && event.event_id === header.event_id, `event_id ${event.event_id}`);
	claim(LEVELS.includes(event.level), `level ${event.level}`);
	claim(!Number.isNaN(Date.parse(event.timestamp)), `timestamp ${event.timestamp}`);
	claim(['c', 'native'].includes(event.platform), `platform ${event.platform}`);
	claim(/^[^\n/]{1,200}$/.test(event.release), `release ${event.release}`);
	claim(/^[^\s/]{1,64}$/.test(event.environment), `environment ${event.environment}`);
	for (const [key, value] of Object.entries(event.tags ?? {})) claim(/^[\w.:-]{1,200}$/.test(key) && typeof value === 'string' && value.length <= 200 && !value.includes('\n'), `tag ${key}=${value}`);
	if (event.contexts?.trace) claim(HEX.test(event.contexts.trace.trace_id) && /^[0-9a-f]{16}$/.test(event.contexts.trace.span_id), `trace ${JSON.stringify(event.contexts.trace)}`);
	for (const { debug_id: id, image_addr: address, type } of event.debug_meta?.images ?? []) claim(type === 'elf' && /^0x[0-9a-f]+$/.test(address) && (id === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)), `image ${id} ${address}`);
}

export class Sentry {
	key = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';
	events = [];
	/** Reasons to how many, as told by client reports. */
	discarded = {};
	problems = [];
	requests = 0;
	/** Answered instead of 200, and what is answered with it. */
	status = 200;
	/** Requests are taken, and never answered. */
	silent = false;
	headers = {};

	/** tls: the folder to make a certificate in. */
	async listen({ tls } = {}) {
		const options = tls ? this.certify(tls) : {};
		this.server = (tls ? createTlsServer : createServer)(options, async (req, res) => {
			const chunks = [];
			for await (const chunk of req) chunks.push(chunk);
			this.requests++;
			if (this.silent) return;
			const status = this.status === 200 ? this.take(req, Buffer.concat(chunks)) : this.status;
			res.writeHead(status, { 'Content-Type': 'application/json', ...this.headers }).end('{}');
		});
		this.server.on('tlsClientError', () => {});
		await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
		this.dsn = `${tls ? 'https' : 'http'}://${this.key}@127.0.0.1:${this.server.address().port}/42`;
		return this;
	}

	certify(folder) {
		const [cert, key] = [join(folder, 'sentry.crt'), join(folder, 'sentry.key')];
		execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'pipe' });
		this.certificate = cert;
		return { cert: readFileSync(cert), key: readFileSync(key) };
	}

	take(req, body) {
		if (req.method !== 'POST' || req.url !== '/api/42/envelope/') return 404;
		const auth = req.headers['x-sentry-auth'] ?? '';
		if (!/^Sentry /.test(auth) || !auth.includes(`sentry_key=${this.key}`)) return 403;
		try {
			claim(/sentry_version=7\b/.test(auth) && /sentry_client=voiceai\/\d/.test(auth), auth);
			claim(req.headers['content-type'] === 'application/x-sentry-envelope', req.headers['content-type']);
			const [header, items] = parseEnvelope(new Uint8Array(body));
			claim(Math.abs(Date.parse(header.sent_at) - Date.now()) < 60000, `sent_at ${header.sent_at}`);
			claim(items.filter(([{ type }]) => type === 'event').length <= 1, 'more than one event');
			for (const [item, payload] of items) this.takeItem(header, item, payload instanceof Uint8Array ? JSON.parse(Buffer.from(payload)) : payload);
			return 200;
		} catch (error) {
			this.problems.push(`${error.message}: ${body.toString().slice(0, 400)}`);
			return 400;
		}
	}

	takeItem(header, item, payload) {
		if (item.type === 'event') {
			checkEvent(payload, header);
			this.events.push(payload);
		} else {
			claim(item.type === 'client_report', `item ${item.type}`);
			for (const { reason, category, quantity } of payload.discarded_events) {
				claim(category === 'error' && quantity > 0, `${reason} ${category} ${quantity}`);
				this.discarded[reason] = (this.discarded[reason] ?? 0) + quantity;
			}
		}
	}

	close() {
		this.server.closeAllConnections?.();
		return new Promise((done) => this.server.close(done));
	}
}
