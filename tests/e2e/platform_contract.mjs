// sdk/openapi.yaml as a judge of what goes over the wire: answers of the platform, what it was asked when it
// agreed, live events and outgoing webhooks. Objects of ours have no members that the contract does not list.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/* As the build made it of the YAML: read in a tenth of the time, by every test that speaks to the platform. */
const binary = process.env.VOICEAI ?? fileURLToPath(new URL('../../build/release/voiceai', import.meta.url));
export const document = JSON.parse(readFileSync(join(dirname(binary), 'openapi.json'), 'utf8'));

/** What `$ref` of `node` leads to, or the node. */
export function resolve(node) {
	if (!node?.$ref) return node;
	return resolve(node.$ref.slice(2).split('/').reduce((at, name) => at[decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')], document));
}

/** A schema without allOf, which only extends objects here. */
export function flatten(schema) {
	if (!schema?.allOf) return schema;
	const { allOf, ...flat } = schema;
	for (const part of allOf.map((branch) => flatten(resolve(branch)))) {
		flat.type ??= part.type;
		flat.properties = { ...flat.properties, ...part.properties };
		flat.required = [...new Set([...(flat.required ?? []), ...(part.required ?? [])])];
		if (part.additionalProperties !== undefined) flat.additionalProperties ??= part.additionalProperties;
	}
	return flat;
}

/** The same schema, with closed objects, for ajv. */
function close(node) {
	if (Array.isArray(node)) return node.map(close);
	if (node === null || typeof node !== 'object') return node;
	const out = Object.fromEntries(Object.entries(flatten(node)).map(([key, value]) => [key, close(value)]));
	if (out.properties) out.additionalProperties ??= false;
	if (out.discriminator) delete out.discriminator.mapping;
	return out;
}

const ajv = new Ajv2020({ strict: false, allErrors: true, discriminator: true, logger: false });
addFormats(ajv);
ajv.addSchema({ $id: 'contract', components: { schemas: close(document.components.schemas) } });
const compiled = new Map();

/** What is wrong with `value`, a list of sentences. `schema`: an object of the document. */
export function problems(schema, value) {
	if (!compiled.has(schema)) {
		const text = JSON.stringify(close(schema)).replaceAll('"$ref":"#/', '"$ref":"contract#/');
		compiled.set(schema, ajv.compile(JSON.parse(text)));
	}
	const validate = compiled.get(schema);
	if (validate(value)) return [];
	return validate.errors.map((error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`);
}

// ---- routes ----

const literals = (template) => template.replace(/\{\w+\}/g, '').length;
const routes = Object.entries(document.paths)
	.map(([template, item]) => ({ template, item: resolve(item), pattern: new RegExp(`^${template.replace(/\{\w+\}/g, '([^/]+)')}$`) }))
	.sort((a, b) => literals(b.template) - literals(a.template));

/** {template, item, operation} of a request; undefined when there is no such route. */
export function find(method, path) {
	const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
	for (const { template, item, pattern } of routes) if (item[verb] && pattern.test(path)) return { template, item, operation: item[verb] };
	return undefined;
}

const general = document.components.responses.Error;

/** The answer of the contract that a status is, with the error codes it may carry. */
function answerOf(operation, status) {
	const listed = resolve(operation.responses[status]);
	if (listed) return { answer: listed, codes: [...(listed['x-codes'] ?? []), ...general['x-codes']] };
	return general['x-statuses'].includes(status) ? { answer: general, codes: general['x-codes'] } : undefined;
}

function errorProblems(codes, status, headers, body) {
	const found = problems(document.components.schemas.Error, body);
	const code = body?.error?.code;
	if (!found.length && !codes.includes(code)) found.push(`the error ${code} is not listed for ${status}`);
	if ((status === 429 || code === 'overloaded') && !['cap_reached'].includes(code) && !headers.get('retry-after')) found.push('no Retry-After');
	return found;
}

function contentProblems(content, headers, text, validate) {
	const [type] = (headers.get('content-type') ?? '').split(';');
	if (!content) return text ? [`a body where there is none: ${text.slice(0, 200)}`] : [];
	if (!content[type]) return [`content type "${type}", not ${Object.keys(content)}`];
	if (type !== 'application/json' || text === undefined) return [];
	return validate(content[type].schema, JSON.parse(text));
}

/** Texts of a URL as what the schema says they are. */
function textProblems(schema, text, where) {
	const { type } = resolve(schema);
	const value = (type === 'integer' || type === 'number') && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
	return problems(schema, value).map((problem) => `${where}: ${problem}`);
}

/** What the platform agreed to, though the contract says it does not. */
function requestProblems({ item, operation }, url, request) {
	const found = [];
	const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
	for (const [name, text] of url.searchParams) {
		const parameter = parameters.find((one) => one.in === 'query' && one.name === name);
		if (!parameter) found.push(`?${name} is taken, and not in the contract`);
		else if (text) found.push(...textProblems(parameter.schema, text, `?${name}=${text}`));
	}
	const content = resolve(operation.requestBody)?.content?.['application/json'];
	if (content && typeof request.body === 'string' && request.body)
		found.push(...problems(content.schema, JSON.parse(request.body)).map((problem) => `the body was taken: ${problem}`));
	return found;
}

/**
 * What is wrong with an answer: a list of sentences. `headers` has get(); `text` is undefined when it was not read;
 * `request`: {body}, of what was sent, as far as it is known.
 */
export function exchangeProblems({ method, url, status, headers, text, request = {} }) {
	const at = new URL(url);
	if (method === 'OPTIONS') return [];
	const route = find(method, at.pathname);
	const said = [];
	if (!route) {
		/* What is not there may say so. The files of the page are no part of the API. */
		if (!at.pathname.startsWith('/api/') || status === 404 || status === 405) return [];
		if (!general['x-statuses'].includes(status)) return [`${method} ${at.pathname}: ${status} from a route that the contract does not have`];
		return [];
	}
	const found = answerOf(route.operation, status);
	if (!found) {
		said.push(`the status is not in the contract: ${text?.slice(0, 300)}`);
	} else {
		said.push(...contentProblems(found.answer.content, headers, method === 'HEAD' ? undefined : text, (schema, body) =>
			found.answer['x-codes'] ? errorProblems(found.codes, status, headers, body) : problems(schema, body)));
		if (status < 300) said.push(...requestProblems(route, at, request));
	}
	return said.map((problem) => `${method} ${route.template} ${status}: ${problem}`);
}

const complain = (found, value) => {
	if (found.length) throw new Error(`sdk/openapi.yaml and the platform do not agree:\n  ${found.join('\n  ')}\n  ${JSON.stringify(value)?.slice(0, 2000)}`);
};

const judged = new Map(); // of what was asked, the answer that was found good last: who waits asks often

/** Throws when the answer to a fetch() is not as the contract has it; `request`: its {method, url, body}. */
export async function checkAnswer(response, request) {
	const [type] = (response.headers.get('content-type') ?? '').split(';');
	const text = !type || type === 'application/json' ? await response.clone().text() : undefined;
	const asked = `${response.status} ${request.method} ${request.url} ${request.body}`;
	if (text && judged.get(asked) === text) return;
	complain(exchangeProblems({ ...request, request, status: response.status, headers: response.headers, text }), text);
	judged.set(asked, text);
}

export function checkLiveEvent(event) {
	complain(problems(document.components.schemas.LiveEvent, event), event);
}

/** The parsed body of an outgoing webhook, and its headers (lower-case names). */
export function checkWebhook(event, headers) {
	const found = problems(document.components.schemas.WebhookEvent, event);
	const operation = document.webhooks[event.type]?.post;
	if (!operation) found.push(`there is no webhook ${event.type}`);
	for (const parameter of (operation?.parameters ?? []).map(resolve)) {
		const text = headers[parameter.name.toLowerCase()];
		if (text === undefined) found.push(`no header ${parameter.name}`);
		else found.push(...textProblems(parameter.schema, text, parameter.name));
	}
	complain(found, event);
}

/** Judges what a page of a browser (Playwright) exchanges with the platform; problems go to `complaints`. */
export function watchPage(page, complaints) {
	page.on('response', async (response) => {
		const request = response.request();
		const text = await response.text().catch(() => undefined);
		const headers = new Headers(response.headers());
		const json = headers.get('content-type')?.startsWith('application/json') || text === '';
		complaints.push(...exchangeProblems({ method: request.method(), url: response.url(), status: response.status(), headers, text: json ? text : undefined, request: { body: request.postData() } }));
	});
	page.on('websocket', (socket) => new URL(socket.url()).pathname.endsWith('/live') && socket.on('framereceived', ({ payload }) => {
		complaints.push(...problems(document.components.schemas.LiveEvent, JSON.parse(payload)));
	}));
}
