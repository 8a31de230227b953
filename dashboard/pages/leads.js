/* Leads: what visitors of web sites sent with a form, who was called back, and all of it as a file. */
import * as api from '../core/api.js';
import {h, newId} from '../core/dom.js';
import {dayStart, dayText, full, phone, when} from '../core/format.js';
import {subscribe} from '../core/live.js';
import {may} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {badge} from '../ui/badge.js';
import {confirm, dialog} from '../ui/dialog.js';
import {icon} from '../ui/icon.js';
import {facts, page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toast, toastError} from '../ui/toast.js';

const typingMs = 300;
const states = ['none', 'pending', 'placed', 'refused'];

/** The address's filters as the API takes them. */
function filters(query) {
	const number = query.get('phone')?.replaceAll(/[^+\d]/g, '');
	return {
		email: query.get('email')?.trim(), phone: number && (number.startsWith('+') ? number : `+${number}`), call_back_state: query.get('call_back_state'),
		from: query.get('from') && dayStart(query.get('from')).toISOString(),
		to: query.get('to') && dayStart(query.get('to'), 1).toISOString(),
	};
}

function field(label, control) {
	control.id = newId('filter');
	return h('div.filter', {}, h('label', {for: control.id}, label), control);
}

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
	let typing = null;
	const controls = {
		email: h('input', {type: 'search', name: 'email', autocomplete: 'off'}),
		phone: h('input', {type: 'tel', name: 'phone', autocomplete: 'off', placeholder: '+15550100123'}),
		call_back_state: h('select', {name: 'call_back_state'}, h('option', {value: ''}, t('calls.any')), states.map((value) => h('option', {value}, name('leadCall', value)))),
		from: h('input', {type: 'date', name: 'from'}),
		to: h('input', {type: 'date', name: 'to'}),
	};
	const bar = h('form.filters', {role: 'search', 'aria-label': t('calls.filters'), onsubmit: (event) => event.preventDefault()},
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

	const fill = () => {
		for (const [key, control] of Object.entries(controls))
			if (control !== document.activeElement || !control.value)
				control.value = now.get(key) ?? '';
	};
	bar.addEventListener('input', (event) => {
		clearTimeout(typing);
		const set = () => setQuery({[event.target.name]: event.target.value});
		typing = setTimeout(set, event.target.matches('select,[type=date]') ? 0 : typingMs);
	});
	onQuery((fresh) => {
		now = fresh;
		fill();
		list.reload();
	});
	fill();
	const unsubscribe = subscribe((event) => event.type === 'lead.created' && list.reload());
	signal.addEventListener('abort', () => { clearTimeout(typing); unsubscribe(); });

	const save = async (event) => {
		const button = event.currentTarget;
		button.disabled = true;
		try {
			const response = await api.request('GET', '/leads/export.csv', {query: filters(now), signal});
			const url = URL.createObjectURL(await response.blob());
			h('a', {href: url, download: `leads-${dayText(new Date())}.csv`}).click();
			URL.revokeObjectURL(url);
			toast(t('calls.exported'));
		} catch (error) {
			toastError(error);
		}
		button.disabled = false;
	};
	return page(t('leads.title'), {lead: t('leads.lead'), actions: [
		h('button', {type: 'button', onclick: save}, icon('download'), t('calls.export')),
		h('button', {type: 'button', onclick: () => list.reload()}, icon('refresh'), t('calls.refresh')),
	]}, bar, list);
}
