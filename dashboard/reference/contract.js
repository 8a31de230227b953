/* /openapi.json as the pages about it need it: what a name stands for, what a schema says, an example of it. */
let contract = null;

export async function load() {
	const response = await fetch('/openapi.json');
	if (!response.ok)
		throw new Error(`/openapi.json: ${response.status}`);
	contract = await response.json();
	return contract;
}

/** What the node's $ref leads to, or the node. */
export function resolve(node) {
	if (!node?.$ref)
		return node;
	return resolve(node.$ref.slice(2).split('/')
		.reduce((at, name) => at[decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')], contract));
}

/** The schema's name, where it has one. */
export const nameOf = (schema) => (schema?.$ref?.startsWith('#/components/schemas/') ? schema.$ref.split('/').pop() : null);

/** A resolved schema without allOf, whose branches extend one another here. */
export function flatten(schema) {
	const plain = resolve(schema);
	if (!plain?.allOf)
		return plain;
	const {allOf, ...flat} = plain;
	for (const part of allOf.map(flatten)) {
		flat.type ??= part.type;
		flat.description ??= part.description;
		flat.properties = {...flat.properties, ...part.properties};
		flat.required = [...new Set([...(flat.required ?? []), ...(part.required ?? [])])];
	}
	return flat;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

function operationsOf(paths, isWebhook) {
	return Object.entries(paths).filter(([, item]) => !item['x-alias-of']).flatMap(([path, item]) =>
		methods.filter((method) => item[method]).map((method) => {
			const operation = item[method];
			return {
				id: operation.operationId, method, path, operation, isWebhook, tag: operation.tags[0],
				parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve),
				body: resolve(operation.requestBody),
			};
		}));
}

/** Routes by tag, in the order of the tags: [{tag, operations}]; webhooks are a group of their own. */
export function groups({webhooks = true} = {}) {
	const routes = operationsOf(contract.paths, false);
	const byTag = contract.tags.map((tag) => ({tag, operations: routes.filter((one) => one.tag === tag.name)}));
	if (webhooks)
		byTag.push({tag: {name: 'outgoing events', description: 'What is POSTed to the URLs of your webhook endpoints. Answer any 2xx within 10 seconds; an event may come more than once, with the same id.'},
			operations: operationsOf(contract.webhooks, true)});
	return byTag.filter((group) => group.operations.length);
}

/** {type, schema, examples: [{name, value}]} of a body or answer; null when it has none. */
export function contentOf(part) {
	const [type, content] = Object.entries(resolve(part)?.content ?? {})[0] ?? [];
	if (!type)
		return null;
	const examples = Object.entries(content.examples ?? {}).map(([name, {summary, value}]) => ({name: summary ?? name, value}));
	if (content.example !== undefined)
		examples.push({name: 'Example', value: content.example});
	if (!examples.length && type === 'application/json')
		examples.push({name: 'Example', value: exampleOf(content.schema)});
	return {type, schema: content.schema, examples};
}

/* ---- schemas in words ---- */

const isNull = (schema) => resolve(schema)?.type === 'null';

function plainType(schema) {
	const {type, const: constant, format, oneOf} = schema;
	if (constant !== undefined)
		return JSON.stringify(constant);
	if (oneOf)
		return oneOf.map(typeOf).join(' or ');
	const types = [type ?? 'anything'].flat();
	return types.map((one) => (one === 'array' ? `array of ${typeOf(schema.items)}` : one === 'string' && format ? format : one)).join(' or ');
}

/** In a few words: "string or null", "array of Turn". */
export function typeOf(schema) {
	const name = nameOf(schema);
	const resolved = flatten(schema ?? {});
	const hasMembers = resolved.properties || resolved.oneOf?.some((one) => flatten(one).properties);
	return name && hasMembers ? name : plainType(resolved);
}

/** The values there are, where they are few. */
export function valuesOf(schema) {
	const values = flatten(schema).enum?.filter((one) => one !== null) ?? [];
	return values.length > 1 ? `one of ${values.join(', ')}` : '';
}

/** What a value has to be besides: "1 to 200; 50 by default". */
export function boundsOf(schema) {
	const s = flatten(schema);
	const said = [valuesOf(schema)].filter(Boolean);
	if (s.minimum !== undefined || s.maximum !== undefined)
		said.push(s.maximum === undefined ? `at least ${s.minimum}` : s.minimum === undefined ? `at most ${s.maximum}` : `${s.minimum} to ${s.maximum}`);
	if (s.maxLength !== undefined)
		said.push(s.minLength ? `${s.minLength} to ${s.maxLength} characters` : `at most ${s.maxLength} characters`);
	if (s.maxItems !== undefined)
		said.push(`at most ${s.maxItems} of them`);
	if (s.pattern)
		said.push(`matches ${s.pattern}`);
	if (s.default !== undefined)
		said.push(`${JSON.stringify(s.default)} by default`);
	return said.join('; ');
}

/** The schema whose members are worth showing: of an array its items, of "X or null" X. */
export function membersOf(schema) {
	const flat = flatten(schema ?? {});
	if (flat.oneOf) {
		const real = flat.oneOf.filter((one) => !isNull(one));
		return real.length === 1 ? membersOf(real[0]) : real.some((one) => flatten(one).properties) ? flat : null;
	}
	if (flat.items)
		return membersOf(flat.items);
	if (flat.properties)
		return flat;
	return typeof flat.additionalProperties === 'object' ? membersOf(flat.additionalProperties) : null;
}

/* ---- examples ---- */

const texts = {'date-time': '2026-02-01T10:30:00.000000Z', date: '2026-02-01', uri: 'https://voice.example.com/'};

export function exampleOf(schema, depth = 0) {
	const s = flatten(schema ?? {});
	if (s.examples)
		return s.examples[0];
	if (s.const !== undefined)
		return s.const;
	if (s.enum)
		return s.enum[0];
	if (s.oneOf)
		return exampleOf(s.oneOf.find((one) => !isNull(one)), depth);
	const type = [s.type].flat().find((one) => one !== 'null');
	if (type === 'object')
		return depth > 6 ? {} : Object.fromEntries(Object.entries(s.properties ?? {}).map(([name, member]) => [name, exampleOf(member, depth + 1)]));
	if (type === 'array')
		return depth > 6 ? [] : [exampleOf(s.items, depth + 1)];
	if (type === 'boolean')
		return s.default ?? true;
	if (type === 'integer' || type === 'number')
		return s.default ?? s.minimum ?? 0;
	return s.default ?? texts[s.format] ?? '...';
}

/* ---- a request as a line for a shell ---- */

const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

/** values: by the parameter's name; credential: what -H shows, or null. */
export function curlOf(one, {values = {}, body = null, credential = null, origin = location.origin} = {}) {
	const {url, headers} = requestOf(one, values, origin);
	const parts = [`curl -s ${one.method === 'get' ? '' : `-X ${one.method.toUpperCase()} `}${quote(url)}`];
	if (credential)
		parts.push(`-H ${credential}`);
	for (const [name, value] of Object.entries(headers))
		parts.push(`-H ${quote(`${name}: ${value}`)}`);
	if (body !== null)
		parts.push("-H 'Content-Type: application/json'", `-d ${quote(body)}`);
	return parts.join(' \\\n     ');
}

/** Parameters put where they belong: {url, headers}. */
export function requestOf(one, values, origin = location.origin) {
	const query = new URLSearchParams();
	const headers = {};
	let {path} = one;
	for (const {name, in: where} of one.parameters) {
		const value = values[name] ?? '';
		if (where === 'path')
			path = path.replace(`{${name}}`, value === '' ? `{${name}}` : encodeURIComponent(value).replaceAll('%2B', '+'));
		else if (value !== '' && where === 'query')
			query.set(name, value);
		else if (value !== '' && where === 'header')
			headers[name] = value;
	}
	return {url: `${origin}${path}${[...query].length ? `?${query}` : ''}`, headers};
}
