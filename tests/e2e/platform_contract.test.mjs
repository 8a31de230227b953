// Protects sdk/openapi.yaml as a document: it is valid OpenAPI 3.1, its names lead somewhere and are used, its
// examples are what it says they are, and the judge that the other tests ask does see what is wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { checkLiveEvent, checkWebhook, document, exchangeProblems, problems, resolve } from './platform_contract.mjs';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];
const operations = [...Object.entries(document.paths), ...Object.entries(document.webhooks)]
	.flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => ({ at: `${method} ${path}`, item, operation: item[method] })));

test('it is valid OpenAPI 3.1', async () => {
	const { valid, errors } = await new Validator().validate(structuredClone(document));
	assert.ok(valid, JSON.stringify(errors, null, 1));
});

test('every name leads somewhere, and every component is used', () => {
	const used = new Set();
	JSON.stringify(document, (key, value) => {
		if (key !== '$ref' && !(typeof value === 'string' && value.startsWith('#/'))) return value;
		assert.ok(resolve({ $ref: value }), value);
		used.add(value);
		return value;
	});
	for (const [kind, parts] of Object.entries(document.components)) {
		if (kind === 'securitySchemes') continue;
		for (const name of Object.keys(parts)) assert.ok(used.has(`#/components/${kind}/${name}`), `${kind}/${name} is not used`);
	}
});

test('operations have a name of their own, a summary, a tag that is explained, and say what they answer', () => {
	const tags = document.tags.map(({ name }) => name);
	const names = operations.map(({ operation }) => operation.operationId);
	assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
	for (const { at, operation } of operations) {
		assert.match(operation.operationId ?? '', /^[a-z][A-Za-z]+$/, at);
		assert.ok(operation.summary && !operation.summary.endsWith('.'), at);
		assert.ok(operation.tags.length === 1 && tags.includes(operation.tags[0]), at);
		assert.ok(operation.responses.default && Object.keys(operation.responses).some((status) => /^[12]/.test(status)), at);
	}
});

test('paths name their parameters', () => {
	for (const [path, item] of Object.entries(document.paths)) {
		const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
		const said = (resolve(item).parameters ?? []).map(resolve).filter((one) => one.in === 'path').map((one) => one.name);
		assert.deepEqual(said, named, path);
	}
});

test('bodies that JSON has have an example, and examples are as their schemas say', () => {
	for (const { at, operation } of operations) {
		const content = resolve(operation.requestBody)?.content?.['application/json'];
		if (!content || operation.tags[0] === 'vendors' || at.startsWith('post call.') || document.webhooks[at.split(' ')[1]]) continue;
		const examples = content.example ? [content.example] : Object.values(content.examples ?? {}).map(({ value }) => value);
		assert.ok(examples.length, `${at} has no example`);
		for (const example of examples) assert.deepEqual(problems(content.schema, example), [], at);
	}
});

test('the judge sees a wrong status, a wrong type, a member too many, an unlisted error and a foreign parameter', () => {
	const headers = new Headers({ 'content-type': 'application/json' });
	const judge = (method, path, status, body, request) => exchangeProblems({ method, url: `http://x/api/v1${path}`, status, headers, text: JSON.stringify(body), request });
	const days = { words_days: 1, recordings_days: 1, calls_days: 1 };
	assert.deepEqual(judge('GET', '/retention', 200, days), []);
	assert.match(judge('GET', '/retention', 201, days)[0], /status is not in the contract/);
	assert.match(judge('GET', '/retention', 200, { ...days, calls_days: '1' })[0], /must be integer/);
	assert.match(judge('GET', '/retention', 200, { ...days, more: 1 })[0], /must NOT have additional properties/);
	assert.match(judge('GET', '/retention?x=1', 200, days)[0], /\?x is taken/);
	assert.match(judge('PUT', '/retention', 200, days, { body: '{"words_days": 1}' })[0], /the body was taken/);
	assert.match(judge('GET', '/calls/1', 404, { error: { code: 'agent_not_found', message: 'x' } })[0], /agent_not_found is not listed/);
	assert.match(judge('GET', '/calls', 429, { error: { code: 'rate_limited', message: 'x' } })[0], /no Retry-After/);
	assert.match(judge('GET', '/nothing', 200, {})[0], /does not have/);
	assert.throws(() => checkLiveEvent({ seq: 1, at: '2026-02-01T10:30:00.000000Z', type: 'counters', call_id: null, data: {} }), /active_calls/);
	assert.throws(() => checkWebhook({ id: 'x', type: 'webhook.test', created_at: '2026-02-01T10:30:00.000000Z', tenant_id: 'default', call_id: null, data: { message: 'x' } }, {}), /no header Voiceai-Event-Id/);
});
