/* What both pages are made of: the side with its search, schemas as lists of members, code to copy. */
import {h, newId} from '../core/dom.js';
import {boundsOf, flatten, membersOf, nameOf, resolve, typeOf, valuesOf} from './contract.js';
import {inline} from './markdown.js';

export const verb = (one) => h('span.verb', {'data-verb': one.isWebhook ? 'event' : one.method}, one.isWebhook ? 'event' : one.method.toUpperCase());

/** The path, which may be broken after a slash. */
export const pathText = (one) => h('code.path', null, one.path.split(/(?<=\/)/).flatMap((part) => [part, h('wbr')]));

/* ---- the side ---- */

const matches = (one, words) => {
	const text = `${one.path} ${one.id} ${one.method} ${one.tag} ${one.operation.summary} ${one.operation.description ?? ''}`.toLowerCase();
	return words.every((word) => text.includes(word));
};

/**
 * A search field and links to all operations. onFilter is told which ones are left: a Set, or null for all.
 */
export function side(groups, {title, other, onFilter}) {
	document.title = title;
	const count = h('p.away', {role: 'status'});
	const none = h('p.soft.none', {hidden: true}, 'Nothing is called that.');
	const search = h('input', {type: 'search', placeholder: 'Search', 'aria-label': 'Search operations', 'aria-keyshortcuts': '/', autocomplete: 'off'});
	const lists = groups.map(({tag, operations}) => ({
		operations,
		element: h('section', null, h('h2', null, tag.name), h('ul', null, operations.map((one) =>
			h('li', {'data-id': one.id}, h('a', {href: `#${one.id}`}, verb(one), h('span', null, one.operation.summary)))))),
	}));

	function filter() {
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const left = new Set();
		for (const {operations, element} of lists) {
			const kept = operations.filter((one) => matches(one, words));
			kept.forEach((one) => left.add(one.id));
			element.hidden = !kept.length;
			for (const item of element.querySelectorAll('li'))
				item.hidden = !kept.some((one) => one.id === item.dataset.id);
		}
		none.hidden = left.size > 0;
		count.textContent = words.length ? `${left.size} found` : '';
		onFilter?.(words.length ? left : null);
	}

	search.addEventListener('input', filter);
	document.addEventListener('keydown', (event) => {
		if (event.key !== '/' || event.target.closest('input, textarea, select') || event.ctrlKey || event.metaKey)
			return;
		event.preventDefault();
		search.focus();
	});
	return h('nav.side', {'aria-label': 'Operations'},
		h('div.side-head', null, h('strong', null, title), h('span', null, h('a', {href: other.href}, other.text), ' ', h('a', {href: '/openapi.json'}, 'JSON'), ' ', h('a', {href: '/'}, 'Dashboard')), search, count),
		none, lists.map(({element}) => element));
}

/** Marks the link of the section that is being read. */
export function followReading(nav, sections) {
	const seen = new Set();
	const observer = new IntersectionObserver((entries) => {
		for (const {target, isIntersecting} of entries)
			seen[isIntersecting ? 'add' : 'delete'](target);
		const first = sections.find((section) => seen.has(section));
		if (!first)
			return;
		nav.querySelector('[aria-current]')?.removeAttribute('aria-current');
		const link = nav.querySelector(`a[href="#${first.id}"]`);
		link?.setAttribute('aria-current', 'true');
		link?.scrollIntoView({block: 'nearest'});
	}, {rootMargin: '-72px 0px -60% 0px'});
	sections.forEach((section) => observer.observe(section));
}

/* ---- schemas ---- */

/* Of what is sent it matters what is required and how long it may be; of what comes, what may be absent. */
function presence(required, sent) {
	if (required === sent)
		return sent ? h('span.required', null, 'required') : h('span.type', null, 'may be absent');
	return null;
}

function member(name, schema, {required, sent}) {
	const resolved = resolve(schema);
	const inner = membersOf(schema);
	const description = schema.description ?? resolved?.description ?? flatten(schema)?.description;
	const bounds = sent ? boundsOf(schema) : valuesOf(schema);
	return h('div.member', null,
		h('dt', null, h('code', null, name), h('span.type', null, typeOf(schema)), presence(required, sent)),
		h('dd', null,
			description && h('p', null, inline(description.trim())),
			bounds && h('p.soft', null, bounds),
			inner && fold(nameOf(schema) ?? 'members', () => members(inner, {sent}))));
}

/** Opened by the reader, and made only then. */
export function fold(title, make, {open = false} = {}) {
	const details = h('details', {open}, h('summary', null, title));
	const fill = () => details.childElementCount === 1 && details.append(...[make()].flat());
	if (open)
		fill();
	details.addEventListener('toggle', () => details.open && fill());
	return details;
}

export function members(schema, {sent = false} = {}) {
	const inner = membersOf(schema);
	if (!inner)
		return h('p.soft', null, typeOf(schema));
	if (inner.oneOf)
		return h('div.choices', null, inner.oneOf.map((one) => {
			const flat = flatten(one);
			return fold(flat.properties?.type?.const ?? nameOf(one) ?? typeOf(one), () => [flat.description && h('p', null, inline(flat.description)), members(one, {sent})].filter(Boolean));
		}));
	return h('dl.members', null, Object.entries(inner.properties).map(([name, one]) => member(name, one, {required: Boolean(inner.required?.includes(name)), sent})));
}

export function parameters(list) {
	return h('dl.members', null, list.map((one) => member(one.name, {...resolve(one.schema), description: one.description ?? resolve(one.schema).description}, {required: Boolean(one.required), sent: true})));
}

/* ---- code ---- */

export function code(text, label) {
	const pre = h('pre', {tabindex: '0', role: 'group', 'aria-label': label}, h('code', null, text));
	const button = h('button.quiet', {type: 'button'}, 'Copy');
	button.addEventListener('click', async () => {
		await navigator.clipboard?.writeText(pre.textContent).catch(() => {});
		button.textContent = 'Copied';
		setTimeout(() => { button.textContent = 'Copy'; }, 1500);
	});
	return h('figure.code', null, h('figcaption', null, h('span', null, label), button), pre);
}

export const pretty = (value) => JSON.stringify(value, null, 2);

/** A label above what it is for. */
export function field(label, input, hint) {
	const id = newId('field');
	input.id = id;
	return h('div.field', null, h('label', {for: id}, label), input, hint && h('p.hint', null, hint));
}

/** The page, once the contract is there; what is wrong otherwise. */
export async function begin(make) {
	const main = h('main', {id: 'main', tabindex: '-1'});
	document.body.append(h('a.skip', {href: '#main'}, 'Skip to the content'));
	try {
		await make(main);
	} catch (error) {
		document.body.append(main);
		main.append(h('h1', null, 'This cannot be shown'), h('p', null, error.message));
		return;
	}
	if (location.hash.length > 1)
		document.getElementById(location.hash.slice(1))?.scrollIntoView();
}
