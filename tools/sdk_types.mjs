// node tools/sdk_types.mjs [--check]: make the types and operations of sdk/js and sdk/python from sdk/openapi.yaml.
// --check writes nothing and fails when one of the files is not what would be made.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const { parse } = createRequire(join(root, 'tests/e2e/'))('yaml');
const contract = parse(readFileSync(join(root, 'sdk/openapi.yaml'), 'utf8'));

const resolve = (node) => (node?.$ref ? resolve(node.$ref.slice(2).split('/').reduce((at, name) => at[decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')], contract)) : node);
const nameOf = (schema) => (schema?.$ref?.startsWith('#/components/schemas/') ? schema.$ref.split('/').pop() : null);
const isBare = (schema) => ['string', 'integer'].includes(schema.type) && !schema.enum; /* a text or number with a description: no type of its own */

function flatten(schema) {
	const { allOf, ...flat } = resolve(schema);
	for (const part of (allOf ?? []).map(flatten)) {
		flat.type ??= part.type;
		flat.properties = { ...flat.properties, ...part.properties };
		flat.required = [...new Set([...(flat.required ?? []), ...(part.required ?? [])])];
	}
	return flat;
}

// ---- operations ----

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const capital = (name) => name[0].toUpperCase() + name.slice(1);

/** Everything a client can call, but WebSockets and what vendors call. */
const operations = Object.entries(contract.paths).filter(([, item]) => !item['x-alias-of']).flatMap(([path, item]) =>
	['get', 'post', 'put', 'patch', 'delete'].filter((method) => item[method] && item[method].tags[0] !== 'vendors' && !item[method]['x-websocket']).map((method) => {
		const operation = item[method];
		const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
		const request = resolve(operation.requestBody)?.content['application/json']?.schema;
		const status = Object.keys(operation.responses).find((one) => one.startsWith('2'));
		const [type, answer] = Object.entries(resolve(operation.responses[status]).content ?? {})[0] ?? [];
		const list = type === 'application/json' && flatten(answer.schema);
		const one = {
			id: operation.operationId, summary: operation.summary, method: method.toUpperCase(), path, body: request ? flatten(request) : null,
			inPath: parameters.filter((p) => p.in === 'path'), inQuery: parameters.filter((p) => p.in === 'query'),
			once: parameters.some((p) => p.name === 'Idempotency-Key'),
			answer: !type ? 'nothing' : type === 'application/json' ? 'json' : 'bytes', schema: answer?.schema,
			items: list?.properties?.next_cursor ? Object.keys(list.properties).find((name) => list.properties[name].type === 'array') : null,
		};
		const names = [...parameters.map((p) => p.name), ...Object.keys(one.body?.properties ?? {})];
		if (new Set(names).size !== names.length) throw new Error(`${one.id}: two arguments of one name: ${names}`);
		if (one.items) one.item = list.properties[one.items].items;
		return one;
	}));

/** Arguments: [{name, schema, required, description}]. */
const argumentsOf = (one) => [
	...[...one.inPath, ...one.inQuery].map((p) => ({ name: p.name, schema: p.schema, required: p.required, description: p.description })),
	...Object.entries(one.body?.properties ?? {}).map(([name, schema]) => ({ name, schema, required: one.body.required?.includes(name) })),
];
const allName = (one) => one.id.replace(/^list/, 'all');

// ---- JavaScript ----

const key = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));
const note = (text, indent) => (text ? `${indent}/** ${text.trim().replaceAll('\n', ' ').replaceAll('*/', '')} */\n` : '');

function ts(schema, indent = '') {
	const name = nameOf(schema);
	const s = flatten(schema ?? {});
	if (name && !isBare(s)) return name;
	if (s.const !== undefined) return JSON.stringify(s.const);
	if (s.enum) return s.enum.map((one) => JSON.stringify(one)).join(' | ');
	if (s.oneOf) return s.oneOf.map((one) => ts(one, indent)).join(' | ');
	const types = [s.type ?? 'unknown'].flat().map((type) => {
		if (type === 'array') return `Array<${ts(s.items, indent)}>`;
		if (type === 'object' && s.properties) return `{\n${members(s, `${indent}\t`)}${indent}}`;
		if (type === 'object') return `Record<string, ${typeof s.additionalProperties === 'object' ? ts(s.additionalProperties, indent) : 'unknown'}>`;
		return { integer: 'number', number: 'number', string: 'string', boolean: 'boolean', null: 'null' }[type] ?? 'unknown';
	});
	return types.join(' | ');
}

const members = (s, indent) => Object.entries(s.properties)
	.map(([name, one]) => `${note(one.description, indent)}${indent}${key(name)}${s.required?.includes(name) ? '' : '?'}: ${ts(one, indent)};\n`).join('');

const named = Object.entries(contract.components.schemas).filter(([, schema]) => !isBare(flatten(schema)));

function tsFile() {
	const out = ['// Made by tools/sdk_types.mjs from sdk/openapi.yaml. Do not edit.\n'];
	for (const [name, schema] of named) {
		const s = flatten(schema);
		out.push(note(s.description, ''), s.properties && s.type === 'object'
			? `export interface ${name} {\n${members(s, '\t')}}\n` : `export type ${name} = ${ts(schema)};\n`);
	}
	out.push('export interface CallOptions {\n\t/** Ends the request, and the waiting between tries. */\n\tsignal?: AbortSignal;\n\t/** Of operations that take one; made by itself otherwise. */\n\tidempotencyKey?: string;\n}\n');
	out.push('export interface Operations {\n');
	for (const one of operations) {
		const list = argumentsOf(one);
		const inner = list.map(({ name, schema, required, description }) => `${note(description ?? schema.description, '\t\t')}\t\t${key(name)}${required ? '' : '?'}: ${ts(schema, '\t\t')};\n`).join('');
		const args = list.length ? `args${list.some((arg) => arg.required) ? '' : '?'}: {\n${inner}\t}` : 'args?: Record<string, never>';
		const result = { json: () => ts(one.schema, '\t'), nothing: () => 'void', bytes: () => 'Response' }[one.answer]();
		out.push(`\t/** ${one.summary}. */\n\t${one.id}(${args}, options?: CallOptions): Promise<${result}>;\n`);
		if (one.items) out.push(`\t/** ${one.summary}: every one, page by page. */\n\t${allName(one)}(args?: Parameters<Operations['${one.id}']>[0], options?: CallOptions): AsyncGenerator<${ts(one.item, '\t')}, void>;\n`);
	}
	return `${out.join('')}}\n`;
}

function jsFile() {
	const rows = operations.map((one) => {
		const row = { method: one.method, path: one.path };
		if (one.inQuery.length) row.query = one.inQuery.map((p) => p.name);
		if (one.body) row.body = true;
		if (one.answer !== 'json') row.answer = one.answer;
		if (one.once) row.once = true;
		if (one.items) row.items = one.items;
		return `\t${one.id}: ${JSON.stringify(row)},\n`;
	});
	return `// Made by tools/sdk_types.mjs from sdk/openapi.yaml. Do not edit.\nexport const operations = {\n${rows.join('')}};\n`;
}

// ---- Python ----

const KEYWORDS = new Set(['from', 'in', 'is', 'not', 'and', 'or', 'if', 'for', 'class', 'def', 'with', 'as', 'import', 'pass', 'None', 'True', 'False', 'async']);
const literal = (value) => (value === null ? 'None' : typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value));

/** Types of Python; objects without a name are put into `made` under one made from where they are. */
function py(schema, at, made) {
	const name = nameOf(schema);
	const s = flatten(schema ?? {});
	if (name && !isBare(s)) return name;
	if (s.const !== undefined) return `Literal[${literal(s.const)}]`;
	if (s.enum) return `Literal[${s.enum.map(literal).join(', ')}]`;
	if (s.oneOf) return s.oneOf.map((one) => py(one, at, made)).join(' | ');
	return [s.type ?? 'unknown'].flat().map((type) => {
		if (type === 'array') return `list[${py(s.items, `${at}Item`, made)}]`;
		if (type === 'object' && s.properties) {
			made.push(pyClass(at, s, made));
			return at;
		}
		if (type === 'object') return `dict[str, ${typeof s.additionalProperties === 'object' ? py(s.additionalProperties, `${at}Value`, made) : 'Any'}]`;
		return { integer: 'int', number: 'float', string: 'str', boolean: 'bool', null: 'None' }[type] ?? 'Any';
	}).join(' | ');
}

const camel = (name) => name.split(/[_-]/).map(capital).join('');

/** Names that are no names in Python need the functional form, whose types are texts. */
function pyClass(name, s, made) {
	const rows = Object.entries(s.properties).map(([member, one]) => {
		const type = py(one, `${name}${camel(member)}`, made);
		return [member, s.required?.includes(member) ? type : `NotRequired[${type}]`];
	});
	if (rows.some(([member]) => KEYWORDS.has(member)))
		return `${name} = TypedDict("${name}", {\n${rows.map(([member, type]) => `    "${member}": ${JSON.stringify(type).replaceAll('\\"', "'")},\n`).join('')}})\n`;
	return `class ${name}(TypedDict):\n${rows.map(([member, type]) => `    ${member}: ${type}\n`).join('') || '    pass\n'}`;
}

function pyFile() {
	const head = '"""Made by tools/sdk_types.mjs from sdk/openapi.yaml. Do not edit."""\n\nfrom __future__ import annotations\n\nfrom typing import Any, Iterator, Literal, NotRequired, Required, TypedDict, Union, Unpack\n';
	const classes = [];
	const aliases = [];
	const methods = [];
	const rows = [];
	for (const [name, schema] of named) {
		const s = flatten(schema);
		const made = [];
		if (s.type === 'object' && s.properties) classes.push(...[pyClass(name, s, made)].flatMap((own) => [...made, own]));
		else {
			const type = s.oneOf ? `Union[${s.oneOf.map((one) => JSON.stringify(py(one, name, made))).join(', ')}]` : py({ ...s, $ref: undefined }, name, made);
			classes.push(...made);
			aliases.push(`${name} = ${type}\n`);
		}
	}
	for (const one of operations) {
		const list = argumentsOf(one);
		const made = [];
		const args = `${capital(one.id)}Args`;
		const fields = list.map(({ name, schema, required }) => {
			const type = py(schema, `${capital(one.id)}${camel(name)}`, made);
			return `    ${KEYWORDS.has(name) ? `${name}_` : name}: ${required ? `Required[${type}]` : type}\n`;
		});
		const result = one.answer === 'json' ? py(one.schema, `${capital(one.id)}Answer`, made) : one.answer === 'nothing' ? 'None' : 'bytes';
		const own = list.length ? `, **args: Unpack[${args}]` : '';
		const pass = list.length ? ', dict(args)' : ', {}';
		const once = one.once ? ', idempotency_key: str | None = None' : '';
		classes.push(...made);
		if (list.length) classes.push(`class ${args}(TypedDict, total=False):\n${fields.join('')}`);
		methods.push(`    def ${snake(one.id)}(self${once}${own}) -> ${result}:\n        """${one.summary}."""\n        return self._call("${one.id}"${pass}${one.once ? ', idempotency_key' : ''})\n`);
		if (one.items)
			methods.push(`    def ${snake(allName(one))}(self${own}) -> Iterator[${py(one.item, `${capital(one.id)}Item`, made)}]:\n        """${one.summary}: every one, page by page."""\n        return self._each("${one.id}"${pass})\n`);
		const row = [literal(one.method), literal(one.path), `[${one.inQuery.map((p) => literal(p.name)).join(', ')}]`, literal(Boolean(one.body)), literal(one.answer), literal(one.once), literal(one.items)];
		rows.push(`    "${one.id}": (${row.join(', ')}),\n`);
	}
	return `${head}\n${classes.join('\n\n')}\n\n${aliases.join('')}
# method, path, query, has a body, answer, takes an Idempotency-Key, member of a page
OPERATIONS: dict[str, tuple[str, str, list[str], bool, str, bool, str | None]] = {
${rows.join('')}}


class Operations:
    """Every operation, as a method; see Client."""

    def _call(self, operation: str, args: dict[str, Any], idempotency_key: str | None = None) -> Any:
        raise NotImplementedError

    def _each(self, operation: str, args: dict[str, Any]) -> Iterator[Any]:
        raise NotImplementedError

${methods.join('\n')}`;
}

// ---- writing, or comparing ----

const files = { 'sdk/js/types.d.ts': tsFile(), 'sdk/js/operations.js': jsFile(), 'sdk/python/voiceai/contract.py': pyFile() };
const check = process.argv.includes('--check');
for (const [file, text] of Object.entries(files)) {
	let now = '';
	try { now = readFileSync(join(root, file), 'utf8'); } catch { /* not made yet */ }
	if (now === text) continue;
	if (check) {
		console.error(`${file} is not what sdk/openapi.yaml makes: run make sdk`);
		process.exitCode = 1;
	} else {
		writeFileSync(join(root, file), text);
	}
}
