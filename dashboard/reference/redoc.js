/* /redoc: the API to read. On the left what there is, in the middle what it means, on the right how it looks. */
import {h} from '../core/dom.js';
import {contentOf, curlOf, groups, load, resolve} from './contract.js';
import {inline, markdown} from './markdown.js';
import {begin, code, fold, followReading, members, parameters, pathText, pretty, side, verb} from './parts.js';

const credential = '"Authorization: Bearer $TOKEN"';

function whoMay(one) {
	const permission = one.operation['x-permission'];
	if (permission)
		return h('p.soft', null, 'Needs ', h('code', null, permission), '.');
	const schemes = (one.operation.security ?? []).flatMap((entry) => Object.keys(entry));
	if (one.isWebhook)
		return null;
	return h('p.soft', null, schemes.length ? inline(`Shown by ${schemes.map((name) => `\`${name}\``).join(' or ')}.`) : 'Needs nothing.');
}

function answer(status, response) {
	const {description, headers, content: _, ...more} = resolve(response);
	const content = contentOf(response);
	const codes = status === 'default' ? null : more['x-codes'];
	const title = [h('strong', {'data-status': status[0]}, status === 'default' ? 'other' : status), ' ', ...inline(description)];
	const said = () => [
		codes && h('p', null, 'Codes: ', codes.flatMap((name, i) => [i ? ', ' : '', h('code', null, name)])),
		headers && h('p.soft', null, 'Headers: ', Object.entries(headers).flatMap(([name, header], i) => [i ? ', ' : '', h('code', {title: resolve(header).description}, name)])),
		content && h('p.soft', null, content.type),
		content && content.type === 'application/json' && members(content.schema),
	].filter(Boolean);
	return fold(title, said, {open: status.startsWith('2') && Boolean(content)});
}

const part = (title, ...content) => [h('h4', null, title), ...content.flat()];

function words(one) {
	const {operation, body} = one;
	const kinds = [['path', 'In the path'], ['query', 'In the query'], ['header', 'Headers']];
	const content = body && contentOf(body);
	const socket = operation['x-websocket'];
	return h('div.words', null,
		h('h3', null, h('a', {href: `#${one.id}`}, operation.summary)),
		h('p.route', null, verb(one), ' ', pathText(one)),
		markdown(operation.description),
		whoMay(one),
		kinds.flatMap(([where, title]) => {
			const list = one.parameters.filter((parameter) => parameter.in === where);
			return list.length ? part(title, parameters(list)) : [];
		}),
		content ? part(`Body${body.required ? '' : ' (may be left out)'}`, content.type === 'application/json' ? members(content.schema, {sent: !one.isWebhook}) : h('p.soft', null, content.type, fold('fields', () => members(content.schema, {sent: true})))) : [],
		socket ? part('What comes', members(socket.receive)) : [],
		one.isWebhook ? [] : part('Answers', Object.entries(operation.responses).map(([status, response]) => answer(status, response))));
}

function looks(one) {
	const {operation, body} = one;
	const sent = body ? contentOf(body) : null;
	const shown = [];
	if (one.isWebhook) {
		shown.push(code(pretty(sent.examples[0].value), 'Body'));
		return h('div.looks', null, shown);
	}
	const values = Object.fromEntries(one.parameters.filter((parameter) => parameter.in === 'path').map(({name, example}) => [name, example ?? '']));
	const open = operation.security && !operation['x-permission'];
	const examples = sent?.type === 'application/json' ? sent.examples : [{name: 'Request', value: null}];
	for (const {name, value} of examples)
		shown.push(code(curlOf(one, {values, body: value === null ? null : pretty(value), credential: open ? null : credential}), examples.length > 1 ? name : 'Request'));
	for (const [status, response] of Object.entries(operation.responses)) {
		const content = status.startsWith('2') ? contentOf(response) : null;
		if (content?.examples.length)
			shown.push(code(pretty(content.examples[0].value), `Answer ${status}`));
	}
	return h('div.looks', null, shown);
}

begin(async (main) => {
	const contract = await load();
	const all = groups();
	const operations = [];
	main.append(h('header.intro', null, h('h1', null, `${contract.info.title} API`), markdown(contract.info.description)));
	for (const {tag, operations: list} of all) {
		main.append(h('section.group', null, h('h2', {id: `tag-${tag.name.replaceAll(' ', '-')}`}, tag.name), h('p.lead', null, inline(tag.description))));
		for (const one of list) {
			const section = h('article.operation', {id: one.id, 'aria-label': one.operation.summary}, words(one), looks(one));
			operations.push(section);
			main.append(section);
		}
	}
	const nav = side(all, {title: 'API reference', other: {href: '/docs', text: 'Try it'}});
	document.body.append(nav, main);
	followReading(nav, operations);
});
