/* /docs: the API to try out, as whoever is signed in at the dashboard, or with a token or key of one's own. */
import {h} from '../core/dom.js';
import {groups, load} from './contract.js';
import {inline, markdown} from './markdown.js';
import {begin, field, fold, members, parameters, pathText, side, verb} from './parts.js';
import {contentOf, resolve} from './contract.js';
import {setCredential} from './sending.js';
import {tryForm} from './try.js';

function explain(one) {
	const content = one.body && contentOf(one.body);
	return fold('What it takes and answers', () => [
		one.parameters.length && parameters(one.parameters),
		content && [h('h4', null, 'Body'), members(content.schema, {sent: true})],
		h('h4', null, 'Answers'),
		h('ul.answers', null, Object.entries(one.operation.responses).map(([status, response]) => {
			const answer = contentOf(response);
			return h('li', null, h('strong', null, status === 'default' ? 'other' : status), ' ', inline(resolve(response).description),
				status.startsWith('2') && answer?.type === 'application/json' && members(answer.schema));
		})),
	].flat().filter(Boolean));
}

function inside(one) {
	const permission = one.operation['x-permission'];
	return [
		...markdown(one.operation.description),
		permission && h('p.soft', null, 'Needs ', h('code', null, permission), '.'),
		one.tag === 'vendors' ? h('p.soft', null, 'Signed by the vendor: it cannot be tried from here.') : tryForm(one),
		explain(one),
	].filter(Boolean);
}

function operation(one) {
	const details = fold([verb(one), ' ', pathText(one), ' ', h('span.soft', null, one.operation.summary)], () => h('div.inside', null, inside(one)));
	details.id = one.id;
	details.classList.add('operation');
	return details;
}

function credentialForm() {
	const input = h('input', {type: 'password', autocomplete: 'off', spellcheck: 'false', oninput: () => setCredential(input.value.trim())});
	return h('form.panel', {onsubmit: (event) => event.preventDefault(), 'aria-label': 'Who asks'},
		field('Access token or API key', input, 'Kept on this page only. Empty: as you are signed in at the dashboard; where nobody signs in, nothing is needed.'));
}

/* A link to an operation opens it. */
function openLinked() {
	const linked = document.getElementById(location.hash.slice(1));
	if (!linked?.matches('details'))
		return;
	linked.hidden = false;
	linked.open = true;
	linked.scrollIntoView();
	linked.querySelector('summary').focus({preventScroll: true});
}

begin(async (main) => {
	const contract = await load();
	const all = groups({webhooks: false});
	const sections = all.map(({tag, operations}) => h('section.group', {'aria-label': tag.name},
		h('h2', null, tag.name), h('p.lead', null, inline(tag.description)), operations.map(operation)));
	main.append(h('header.intro', null, h('h1', null, `Try the ${contract.info.title} API`), h('p.lead', null, 'What is sent from here is done.')), credentialForm(), ...sections);

	function filter(left) {
		for (const section of sections) {
			const details = [...section.querySelectorAll('details.operation')];
			details.forEach((one) => { one.hidden = left !== null && !left.has(one.id); });
			section.hidden = details.every((one) => one.hidden);
		}
	}
	document.body.append(side(all, {title: 'Try the API', other: {href: '/redoc', text: 'Read'}, onFilter: filter}), main);
	main.classList.add('single');
	addEventListener('hashchange', openLinked);
	openLinked();
});
