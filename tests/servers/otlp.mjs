// A collector of a test's own: takes OTLP over HTTP as JSON and holds every request against
// OpenTelemetry's own protocol definition, as its JavaScript exporters carry it.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';

const require = createRequire(new URL('../e2e/package.json', import.meta.url));
const { opentelemetry } = require('@opentelemetry/otlp-proto-exporter-base/build/src/generated/root');
const Request = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

const IDS = ['traceId', 'spanId', 'parentSpanId'];
const HEX = { traceId: /^[0-9a-f]{32}$/, spanId: /^[0-9a-f]{16}$/, parentSpanId: /^[0-9a-f]{16}$/ };

/** The same with ids in base64: OTLP's JSON has them in hex, other JSON of protobuf does not. */
function standardJson(value, key) {
	if (Array.isArray(value)) return value.map((item) => standardJson(item));
	if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, standardJson(item, name)]));
	if (!IDS.includes(key)) return value;
	if (!HEX[key].test(value)) throw new Error(`${key} is "${value}"`);
	return Buffer.from(value, 'hex').toString('base64');
}

/** Whatever the definition does not know, or has otherwise, is lost on the way through it. */
function check(body) {
	const sent = standardJson(body);
	const message = Request.fromObject(sent);
	const problem = Request.verify(message);
	if (problem) throw new Error(problem);
	const read = Request.toObject(Request.decode(Request.encode(message).finish()), { longs: String, bytes: String, enums: Number, arrays: false });
	const plain = (value) => JSON.parse(JSON.stringify(value, (key, item) => (Array.isArray(item) && !item.length ? undefined : item)));
	if (!isDeepStrictEqual(plain(read), plain(sent))) throw new Error(`not as defined: ${JSON.stringify(sent)}\n${JSON.stringify(read)}`);
}

const attributes = (list = []) => Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));

export class Collector {
	spans = [];
	problems = [];
	requests = [];
	/** Answered instead of 200. */
	status = 200;

	async listen() {
		this.server = createServer(async (req, res) => {
			const chunks = [];
			for await (const chunk of req) chunks.push(chunk);
			this.requests.push({ method: req.method, url: req.url, headers: req.headers });
			if (this.status === 200) this.take(req, Buffer.concat(chunks).toString());
			res.writeHead(this.status, { 'Content-Type': 'application/json' }).end('{}');
		});
		await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
		this.url = `http://127.0.0.1:${this.server.address().port}`;
		return this;
	}

	take(req, text) {
		try {
			if (req.method !== 'POST' || req.url !== '/v1/traces' || req.headers['content-type'] !== 'application/json') throw new Error(`${req.method} ${req.url}`);
			const body = JSON.parse(text);
			check(body);
			for (const { resource, scopeSpans } of body.resourceSpans)
				for (const { spans } of scopeSpans)
					for (const span of spans) this.spans.push({ ...span, attributes: attributes(span.attributes), resource: attributes(resource.attributes) });
		} catch (error) {
			this.problems.push(error.message);
		}
	}

	/** The spans of a trace. */
	trace(traceId) {
		return this.spans.filter((span) => span.traceId === traceId);
	}

	close() {
		this.server.closeAllConnections?.();
		return new Promise((done) => this.server.close(done));
	}
}
