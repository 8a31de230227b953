/* Who changed what, newest first; the filters are the address. */
import * as api from '../core/api.js';
import {h, newId} from '../core/dom.js';
import {dayStart, full, moment} from '../core/format.js';
import {may} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';

const filtersOf = (query) => ({action: query.get('action'), object_kind: query.get('object_kind'), object_id: query.get('object_id'), actor_id: query.get('actor_id'),
	from: query.get('from') && dayStart(query.get('from')).toISOString(), to: query.get('to') && dayStart(query.get('to'), 1).toISOString()});

const detailOf = (row) => (Object.keys(row.detail ?? {}).length ? h('details', {}, h('summary', {}, t('audit.detail')), h('pre', {tabindex: '0'}, JSON.stringify(row.detail, null, 2))) : '');

export default async function audit({query, signal, setQuery, onQuery}) {
	let now = query;
	const people = new Map(may('users:read') ? (await api.all('/users', 'users').catch(() => [])).map((user) => [user.id, user.name || user.email]) : []);
	const inputs = ['action', 'object_kind', 'object_id', 'from', 'to'].map((key) =>
		h('input', {name: key, id: newId(key), type: ['from', 'to'].includes(key) ? 'date' : 'search', autocomplete: 'off', value: now.get(key) ?? ''}));
	const bar = h('form.filters', {role: 'search', 'aria-label': t('calls.filters'), onsubmit: (event) => event.preventDefault(), onchange: (event) => setQuery({[event.target.name]: event.target.value})},
		inputs.map((input) => h('div.filter', {}, h('label', {for: input.id}, t(`audit.${input.name}`)), input)));
	const list = table({label: t('audit.title'), signal, empty: empty(t('audit.none')),
		columns: [
			{title: t('audit.action'), cell: (row) => h('strong', {}, name('action', row.action))},
			{title: t('audit.actor'), cell: (row) => people.get(row.actor_id) ?? (row.actor_kind === 'user' && row.actor_id ? h('code', {}, row.actor_id.slice(0, 8)) : name('actor', row.actor_kind))},
			{title: t('audit.object'), priority: 2, cell: (row) => h('span.cut', {title: row.object_id}, `${row.object_kind ?? ''} ${row.object_id ?? ''}`)},
			{title: t('audit.remote'), priority: 3, cell: (row) => row.remote ?? ''},
			{title: t('audit.what'), priority: 3, cell: detailOf},
			{title: t('call.time'), priority: 2, align: 'end', cell: (row) => h('time.nowrap', {datetime: row.at, title: full(row.at)}, moment(row.at))},
		],
		load: async (cursor) => {
			const answer = await api.get('/audit', {...filtersOf(now), limit: 50, cursor}, signal);
			return {rows: answer.entries, next: answer.next_cursor};
		}});
	onQuery((fresh) => {
		now = fresh;
		list.reload();
	});
	return page(t('audit.title'), {lead: t('audit.lead')}, bar, list);
}
