// The vendors' machine-readable contracts as validators. They lie outside the repository: CONTRACTS_DIR says
// where (twilio_api_v2010.json, ultravox_openapi.yaml, ultravox_realtime_asyncapi.json, openai_openapi.json).
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

const folder = process.env.CONTRACTS_DIR;

/** For node:test's `skip`: false, or why not. */
export const skip = folder ? false : 'CONTRACTS_DIR is not set: the folder with the vendors’ contracts';

const RFC_2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d \+0000$/;

const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/**
 * A schema of OpenAPI 3.0 as one of JSON Schema 2020-12: `nullable` becomes a type. `closed`: an object whose
 * members are listed has no others.
 */
export function translate(node, { closed = false } = {}) {
	if (Array.isArray(node)) return node.map((entry) => translate(entry, { closed }));
	if (node === null || typeof node !== 'object') return node;
	const { nullable, example, exclusiveMinimum, exclusiveMaximum, ...rest } = node;
	const out = {};
	for (const [key, value] of Object.entries(rest)) {
		if (key === 'properties') {
			out[key] = Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, translate(schema, { closed })]));
		} else {
			out[key] = key === 'enum' || key === 'default' || key === 'const' ? value : translate(value, { closed });
		}
	}
	if (typeof exclusiveMinimum === 'number') out.exclusiveMinimum = exclusiveMinimum;
	if (typeof exclusiveMaximum === 'number') out.exclusiveMaximum = exclusiveMaximum;
	if (closed && out.properties && out.additionalProperties === undefined) out.additionalProperties = false;
	if (nullable !== true) return out;
	return { anyOf: [out, { type: 'null' }] };
}

/** One vendor's document. */
export class Contract {
	constructor(name, file, { closed = false, formats = {} } = {}) {
		const text = readFileSync(join(folder, file), 'utf8');
		this.document = file.endsWith('.yaml') ? parse(text) : JSON.parse(text);
		this.closed = closed;
		this.name = name;
		this.formats = formats;
		this.compiled = new Map();
	}

	/** Before the first validation: members that our side documents and theirs does not know. */
	extend(schema, properties) {
		Object.assign(this.document.components.schemas[schema].properties, properties);
	}

	get ajv() {
		if (this.engine) return this.engine;
		this.engine = new Ajv2020({ strict: false, allErrors: true, logger: false });
		addFormats(this.engine);
		for (const format of ['double', 'float', 'enum', 'int32', 'int64', 'uint32', 'binary', 'ipv4-cidr', 'uri-map', 'currency', 'endpoint',
			'phone-number', 'http-method', 'twiml', 'unixtime', 'decimal', 'byte'])
			if (!(format in this.engine.formats)) this.engine.addFormat(format, true);
		this.engine.addFormat('date-time-rfc-2822', RFC_2822);
		for (const [format, rule] of Object.entries(this.formats)) this.engine.addFormat(format, rule);
		this.engine.addSchema({ $id: this.name, components: { schemas: translate(this.document.components.schemas, { closed: this.closed }) } });
		return this.engine;
	}

	/** What is wrong with `value` by a schema of the document (its name, or the schema itself): a list of sentences. */
	problems(schema, value) {
		const key = typeof schema === 'string' ? schema : JSON.stringify(schema);
		if (!this.compiled.has(key)) {
			const { ajv } = this;
			const from = JSON.stringify(typeof schema === 'string' ? { $ref: `#/components/schemas/${schema}` } : translate(schema, { closed: this.closed }));
			this.compiled.set(key, ajv.compile(JSON.parse(from.replaceAll('"$ref":"#/', `"$ref":"${this.name}#/`))));
		}
		const validate = this.compiled.get(key);
		if (validate(value)) return [];
		return validate.errors.map((error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`);
	}

	schema(name) {
		return this.document.components.schemas[name];
	}

	/** The operation a request is for: {operation, template, parameters}; undefined when the vendor has none such. */
	operation(method, path) {
		const literals = (template) => template.replace(/\{\w+\}/g, '').length;
		const fits = Object.entries(this.document.paths)
			.filter(([template, item]) => item[method.toLowerCase()] && pattern(template).test(path))
			.sort(([a], [b]) => literals(b) - literals(a));
		if (fits.length === 0) return undefined;
		const [template, item] = fits[0];
		const operation = item[method.toLowerCase()];
		return { template, operation, parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])] };
	}

	/** What is wrong with the answer to a request. */
	answerProblems(method, path, status, body) {
		const found = this.operation(method, path);
		if (!found) return [`${method} ${path}: no such operation`];
		const answer = found.operation.responses[status];
		if (!answer) return [`${method} ${found.template}: no answer ${status}`];
		const schema = answer.content?.['application/json']?.schema;
		return schema ? this.problems(schema, body) : [];
	}

	/** What is wrong with a recorded request: path, query, form or JSON. */
	requestProblems({ method, path, query, headers, body }) {
		const found = this.operation(method, path);
		if (!found) return [`${method} ${path}: no such operation`];
		const values = pattern(found.template).exec(path);
		const problems = [];
		const names = [...found.template.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
		names.forEach((name, i) => {
			const parameter = found.parameters.find((entry) => entry.in === 'path' && entry.name === name);
			if (parameter) problems.push(...this.textProblems(parameter.schema, [decodeURIComponent(values[i + 1])], `path ${name}`));
		});
		const known = found.parameters.filter((entry) => entry.in === 'query');
		problems.push(...this.fieldProblems(query, Object.fromEntries(known.map((entry) => [entry.name, entry.schema])), 'query'));
		const content = found.operation.requestBody?.content;
		const [type] = (headers['content-type'] ?? '').split(';');
		if (!content) {
			if (body) problems.push('a body where none belongs');
		} else if (!content[type]) {
			problems.push(`content type ${type}, not one of ${Object.keys(content)}`);
		} else if (type === 'application/x-www-form-urlencoded') {
			const { schema } = content[type];
			const fields = new URLSearchParams(body);
			problems.push(...this.fieldProblems(fields, schema.properties, 'form'));
			for (const name of schema.required ?? []) if (!fields.has(name)) problems.push(`form ${name}: missing`);
		} else {
			problems.push(...this.problems(content[type].schema, JSON.parse(body)));
		}
		return problems.map((problem) => `${method} ${found.template}: ${problem}`);
	}

	fieldProblems(fields, schemas, where) {
		const problems = [];
		for (const name of new Set(fields.keys())) {
			if (!schemas[name]) problems.push(`${where} ${name}: unknown`);
			else problems.push(...this.textProblems(schemas[name], fields.getAll(name), `${where} ${name}`));
		}
		return problems;
	}

	/** Text of a form or URL as the schema's type; an array is a name repeated, a map is name+suffix (not used by us). */
	textProblems(schema, texts, where) {
		const resolved = schema.$ref ? this.schema(schema.$ref.split('/').pop()) : schema;
		const one = (text, type) => {
			if (type === 'integer' || type === 'number') return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
			return type === 'boolean' && /^(true|false)$/.test(text) ? text === 'true' : text;
		};
		if (resolved.type !== 'array' && texts.length > 1) return [`${where}: given ${texts.length} times`];
		const value = resolved.type === 'array' ? texts : one(texts[0], resolved.type);
		return this.problems(schema, value).map((problem) => `${where} ${JSON.stringify(value)}: ${problem}`);
	}
}

function pattern(template) {
	const escaped = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
	return new RegExp(`^${escaped.replace(/\{\w+\}/g, '([^/]+?)')}$`);
}

/** Members the vendor lists and an answer of ours lacks. */
export function missing(schema, value) {
	return list(Object.keys(schema.properties)).filter((name) => !(name in value));
}

/**
 * A proxy that remembers what passes: requests of one of our servers to a vendor's twin. `lose` names a path whose
 * next answer gets lost.
 */
export class Recorder {
	static async start(target) {
		const recorder = new Recorder();
		recorder.target = target;
		recorder.requests = [];
		recorder.server = createServer((request, response) => recorder.pass(request, response));
		await new Promise((done) => recorder.server.listen(0, '127.0.0.1', done));
		recorder.url = `http://127.0.0.1:${recorder.server.address().port}`;
		return recorder;
	}

	async pass(request, response) {
		const chunks = [];
		for await (const chunk of request) chunks.push(chunk);
		const body = Buffer.concat(chunks);
		const url = new URL(request.url, this.url);
		const entry = { method: request.method, path: url.pathname, query: url.searchParams, headers: request.headers, body: body.toString() };
		this.requests.push(entry);
		const { host, ...headers } = request.headers;
		const onward = httpRequest(new URL(request.url, this.target()), { method: request.method, headers }, (answer) => {
			entry.status = answer.statusCode;
			if (this.lose?.test(url.pathname)) {
				this.lose = undefined;
				answer.resume();
				request.socket.destroy();
				return;
			}
			response.writeHead(answer.statusCode, answer.headers);
			answer.pipe(response);
		});
		onward.on('error', () => response.writeHead(502).end());
		onward.end(body);
	}

	of(method, path) {
		return this.requests.filter((entry) => entry.method === method && path.test(entry.path));
	}

	stop() {
		this.server.closeAllConnections();
		return new Promise((done) => this.server.close(done));
	}
}
