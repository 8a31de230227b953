/* The history: every call there was, by words, state, way, agent, number and days, which are in the address. */
import * as api from '../core/api.js';
import {sentiments, statuses} from '../core/calls.js';
import {h, newId} from '../core/dom.js';
import {dayText} from '../core/format.js';
import {may} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {choice, exportButton, field, filterBar, numberOf, period} from '../ui/filter_bar.js';
import {icon} from '../ui/icon.js';
import {page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {callTable} from './call_table.js';

/** The address's filters as the API takes them. */
export const filters = (query) => ({
	text: query.get('text'), status: query.get('status'), sentiment: query.get('sentiment'), direction: query.get('direction'), agent: query.get('agent'),
	number: numberOf(query.get('number')), scheduled: query.get('scheduled'), ...period(query),
});

function today(plus) {
	const date = new Date();
	return dayText(new Date(date.getFullYear(), date.getMonth(), date.getDate() + plus));
}

const periods = {
	today: () => ({from: today(0), to: today(0)}),
	yesterday: () => ({from: today(-1), to: today(-1)}),
	week: () => ({from: today(-6), to: today(0)}),
	all: () => ({from: null, to: null}),
};

export default function calls({query, signal, setQuery, onQuery}) {
	const agents = h('datalist', {id: newId('agents')});
	const controls = {
		text: h('input', {type: 'search', name: 'text', placeholder: t('calls.searchHint')}),
		status: choice('status', t('calls.any'), statuses, (value) => name('status', value)),
		direction: choice('direction', t('calls.any'), ['INBOUND', 'OUTBOUND'], (value) => name('direction', value)),
		sentiment: choice('sentiment', t('calls.any'), sentiments, (value) => name('sentiment', value)),
		agent: h('input', {name: 'agent', list: agents.id, autocomplete: 'off'}),
		number: h('input', {name: 'number', type: 'tel', autocomplete: 'off', placeholder: '+15550100123'}),
		from: h('input', {type: 'date', name: 'from'}),
		to: h('input', {type: 'date', name: 'to'}),
	};
	const isOpen = Object.keys(controls).some((key) => key !== 'text' && query.get(key));
	const more = h('button.filters-more.link', {type: 'button', 'aria-expanded': String(isOpen), onclick: () => more.setAttribute('aria-expanded', String(more.getAttribute('aria-expanded') === 'false'))}, t('calls.filters'));
	const chips = h('div.chips.periods', {role: 'group', 'aria-label': t('calls.period')}, Object.entries(periods).map(([key, range]) =>
		h('button.chip', {type: 'button', 'data-period': key, onclick: () => setQuery(range())}, t(`calls.period.${key}`))));
	const bar = filterBar({controls, setQuery, signal},
		field(t('calls.search'), controls.text), more, field(t('call.status'), controls.status), field(t('call.sentiment'), controls.sentiment), field(t('call.direction'), controls.direction),
		field(t('call.agent'), controls.agent), field(t('call.number'), controls.number), field(t('calls.from'), controls.from),
		field(t('calls.to'), controls.to), chips, agents);
	const clear = h('button.link.clear', {type: 'button', onclick: () => setQuery(Object.fromEntries(Object.keys(controls).map((key) => [key, null])))},
		t('calls.clear'));

	let now = query;
	const list = callTable({signal, label: t('calls.title'), query: () => filters(now),
		empty: h('div', {id: 'history-none'}, empty(t('calls.none'), t('calls.noneText')))});
	list.id = 'history';

	const show = () => {
		bar.show(now);
		for (const chip of chips.children) {
			const {from, to} = periods[chip.dataset.period]();
			chip.setAttribute('aria-pressed', String((now.get('from') ?? null) === from && (now.get('to') ?? null) === to));
		}
		clear.hidden = !Object.keys(controls).some((key) => now.get(key));
	};
	onQuery((fresh) => {
		now = fresh;
		show();
		list.reload();
	});
	show();
	api.get('/agents', {limit: 200}, signal).then(({agents: all}) =>
		agents.append(...all.map((agent) => h('option', {value: agent.name})))).catch(() => {});

	return page(t('calls.title'), {actions: [
		exportButton({path: '/calls/export.csv', name: 'calls', query: () => filters(now), signal}),
		h('button', {type: 'button', onclick: () => list.reload()}, icon('refresh'), t('calls.refresh')),
		may('calls:write') && h('a.button.primary', {href: '/new'}, icon('plus'), t('nav.new')),
	]}, bar, clear, list);
}
