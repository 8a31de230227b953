/* Leads: what visitors of web sites sent with a form, who was called back, and all of it as a file. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {full, phone, when} from '../core/format.js';
import {subscribe} from '../core/live.js';
import {may} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {badge} from '../ui/badge.js';
import {confirm, dialog} from '../ui/dialog.js';
import {choice, exportButton, field, filterBar, numberOf, period} from '../ui/filter_bar.js';
import {icon} from '../ui/icon.js';
import {facts, page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toastError} from '../ui/toast.js';

const states = ['none', 'pending', 'placed', 'refused'];

/** The address's filters as the API takes them. */
const filters = (query) => ({email: query.get('email')?.trim(), phone: numberOf(query.get('phone')), call_back_state: query.get('call_back_state'), ...period(query)});

const callOf = (lead) => (lead.call_id ? h('a', {href: `/calls/${encodeURIComponent(lead.call_id)}`}, t('lead.call')) : null);

/** Everything about one; resolves with whether it was deleted. */
function show(lead) {
	return dialog(lead.name, (close) => [
		facts([[t('lead.email'), h('a', {href: `mailto:${encodeURIComponent(lead.email).replace('%40', '@')}`}, lead.email)], [t('lead.phone'), lead.phone && h('a', {href: `tel:${lead.phone}`}, phone(lead.phone))],
			[t('lead.company'), lead.company], [t('call.time'), full(lead.created_at)], [t('lead.origin'), lead.origin], [t('lead.consent'), t(lead.consent ? 'yes' : 'no')],
			[t('lead.callBack'), badge('leadCall', lead.call_back_state)], [t('lead.reason'), lead.call_back_detail], [t('lead.calledBy'), callOf(lead)], [t('lead.repeats'), lead.repeats || null]]),
		lead.message && h('section', {'aria-label': t('lead.message')}, h('h3', {}, t('lead.message')), h('p.lead-message', {}, lead.message)),
		h('div.actions', {},
			may('leads:write') && h('button.danger', {type: 'button', onclick: async () => {
				if (!await confirm(t('lead.deleteTitle', {name: lead.name}), t('lead.deleteText'), t('lead.delete')))
					return;
				try {
					await api.remove(`/leads/${encodeURIComponent(lead.lead_id)}`);
					close(true);
				} catch (error) {
					toastError(error);
				}
			}}, t('lead.delete'))),
	]);
}

export default function leads({query, signal, setQuery, onQuery}) {
	let now = query;
	const controls = {
		email: h('input', {type: 'search', name: 'email', autocomplete: 'off'}),
		phone: h('input', {type: 'tel', name: 'phone', autocomplete: 'off', placeholder: '+15550100123'}),
		call_back_state: choice('call_back_state', t('calls.any'), states, (value) => name('leadCall', value)),
		from: h('input', {type: 'date', name: 'from'}),
		to: h('input', {type: 'date', name: 'to'}),
	};
	const bar = filterBar({controls, setQuery, signal},
		field(t('lead.email'), controls.email), field(t('lead.phone'), controls.phone), field(t('lead.callBack'), controls.call_back_state),
		field(t('calls.from'), controls.from), field(t('calls.to'), controls.to));
	const list = table({label: t('leads.title'), signal, key: (row) => row.lead_id, empty: empty(t('leads.none'), t('leads.noneText')),
		columns: [
			{title: t('lead.name'), cell: (row) => h('button.link', {type: 'button', onclick: async () => await show(row) && list.reload()}, row.name)},
			{title: t('lead.email'), cell: (row) => h('span.cut', {title: row.email}, row.email)},
			{title: t('lead.phone'), priority: 2, cell: (row) => (row.phone ? h('span.number', {}, phone(row.phone)) : '')},
			{title: t('lead.company'), priority: 3, cell: (row) => h('span.cut', {title: row.company}, row.company ?? '')},
			{title: t('lead.callBack'), priority: 2, cell: (row) => [badge('leadCall', row.call_back_state), ' ', callOf(row)]},
			{title: t('call.time'), priority: 2, align: 'end', cell: (row) => h('span.nowrap', {title: full(row.created_at)}, when(row.created_at))},
		],
		load: async (cursor) => {
			const answer = await api.get('/leads', {...filters(now), limit: 50, cursor}, signal);
			return {rows: answer.leads, next: answer.next_cursor};
		}});
	list.id = 'leads';

	onQuery((fresh) => {
		now = fresh;
		bar.show(now);
		list.reload();
	});
	bar.show(now);
	const unsubscribe = subscribe((event) => event.type === 'lead.created' && list.reload());
	signal.addEventListener('abort', unsubscribe);

	return page(t('leads.title'), {lead: t('leads.lead'), actions: [
		exportButton({path: '/leads/export.csv', name: 'leads', query: () => filters(now), signal}),
		h('button', {type: 'button', onclick: () => list.reload()}, icon('refresh'), t('calls.refresh')),
	]}, bar, list);
}
